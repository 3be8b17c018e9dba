"""What a workstation lacks to do the jobs, looked at on a real agent: practice's data, passwords, channels, folder, clock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import make_database
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import (
    DownloadSection,
    GatewayAccount,
    GatewaySection,
    Machine,
    MachineSection,
    MailSection,
    PortalSection,
    PracticeSection,
    StoreSection,
)
from tray_agent.config.secrets import MemorySecrets
from tray_agent.demo.practice_tables import create_practice
from tray_agent.job_kinds import JobKey
from tray_agent.store.migrate import upgrade

M1, M2 = GatewayAccount(user="konto1"), GatewayAccount(user="konto2")
SECRETS = {"gateway/M1": "geheim", "gateway/M2": "geheim", "mail": "geheim"}


PRACTICE, CHANNEL, CLOCK = ("practice", True), ("channel", False), ("clock", True)
MISSING, ONE_MISSING = ("password", False), ("password", True)


def agent_of(url: str, tmp_path: Path, clock: ManualClock, *, has_practice: bool = True, **sections: Any) -> Iterator[Agent]:
    machine = Machine(store=StoreSection(url=url), download=DownloadSection(folder=str(tmp_path / "downloads")))
    secrets = sections.pop("secrets", SECRETS)
    assert isinstance(secrets, dict)
    with Agent(replace(machine, **sections), secrets=MemorySecrets(**secrets), clock=clock, workstation="PC1") as agent:
        upgrade(agent.store_unchecked)
        if has_practice:
            create_practice(agent.store)
        yield agent


def lacks(agent: Agent, job: JobKey) -> list[tuple[str, bool]]:
    return [(lack.kind.value, lack.tried_anyway) for lack in agent.abilities.lacks(job)]


SMS, MAIL = {"accounts": {"M1": M1}}, {"host": "mail.example.ch", "user": "praxis", "sender": "a@example.ch"}
CASES = [
    ("nothing set up", {}, {}, SECRETS, [CHANNEL]),
    ("SMS", SMS, {}, SECRETS, []),
    ("mail", {}, MAIL, SECRETS, []),
    ("mail without a login", {}, {"host": "mail.example.ch"}, {}, []),
    ("SMS without its password", SMS, {}, {}, [MISSING]),
    ("mail without its password", {}, MAIL, {}, [MISSING]),
    ("one of two accounts", {"accounts": {"M1": M1, "M2": M2}}, {}, {"gateway/M2": "geheim"}, [ONE_MISSING]),
    ("neither of two accounts", {"accounts": {"M1": M1, "M2": M2}}, {}, {}, [MISSING, MISSING]),
    ("SMS there, mail without its password", SMS, MAIL, {"gateway/M1": "geheim"}, [ONE_MISSING]),
    ("SMS without, mail needs none", SMS, {"host": "mail.example.ch"}, {}, [ONE_MISSING]),
    ("a gateway without passwords", {"kind": "file", "accounts": {"M1": M1}}, {}, {}, []),
    ("an empty password", SMS, {}, {"gateway/M1": ""}, [MISSING]),
]


@pytest.mark.parametrize(("gateway", "mail", "secrets", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_lacking_to_send(
    gateway: dict[str, Any],
    mail: dict[str, Any],
    secrets: dict[str, str],
    expected: list[tuple[str, bool]],
    tmp_path: Path,
    clock: ManualClock,
) -> None:
    url = f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
    sections: dict[str, Any] = {"gateway": GatewaySection(**gateway), "mail": MailSection(**mail), "secrets": secrets}
    for agent in agent_of(url, tmp_path, clock, **sections):
        assert lacks(agent, JobKey.SEND_MESSAGES) == expected
        assert lacks(agent, JobKey.UPDATE_STATUS) == [lack for lack in expected if lack != CHANNEL]
        assert lacks(agent, JobKey.PREPARE_REMINDERS) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_practice_data_that_do_not_answer_are_lacking_and_tried_anyway(kind: str, tmp_path: Path, clock: ManualClock) -> None:
    for url in make_database(kind, tmp_path):
        for agent in agent_of(url, tmp_path, clock, has_practice=False, mail=MailSection(host="mail.example.ch")):
            assert lacks(agent, JobKey.PREPARE_BIRTHDAYS) == [PRACTICE]
            assert PRACTICE in lacks(agent, JobKey.SEND_MESSAGES)
            create_practice(agent.store)
            assert lacks(agent, JobKey.PREPARE_BIRTHDAYS) == [PRACTICE]
            clock.advance(timedelta(minutes=1))
            assert lacks(agent, JobKey.PREPARE_BIRTHDAYS) == []


def test_the_practices_driver_or_password_is_named(tmp_path: Path, clock: ManualClock) -> None:
    url = f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
    for agent in agent_of(url, tmp_path, clock, practice=PracticeSection(url=f"sqlite:///{(tmp_path / 'away.db').as_posix()}")):
        (lack,) = agent.abilities.lacks(JobKey.PREPARE_REMINDERS)
        assert "nicht lesbar" in lack.sentence


def test_a_clock_that_is_wrong_by_the_servers_lets_another_go_first(tmp_path: Path, clock: ManualClock) -> None:
    for url in make_database("postgresql", tmp_path):
        for agent in agent_of(url, tmp_path, clock, mail=MailSection(host="mail.example.ch")):  # the tests' clock is days away
            assert lacks(agent, JobKey.SEND_MESSAGES) == [CLOCK]
            clock.set(datetime.now(UTC) + timedelta(minutes=4))
            agent.abilities.forget()
            assert lacks(agent, JobKey.SEND_MESSAGES) == []


def test_downloads_need_a_portal_and_a_folder(tmp_path: Path, clock: ManualClock) -> None:
    url = f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
    for agent in agent_of(url, tmp_path, clock):
        assert lacks(agent, JobKey.DOWNLOAD) == [("portal", False)]
    portal = PortalSection(address="https://portal.example.ch", root="root.json")
    for agent in agent_of(url, tmp_path, clock, has_practice=False, portal=portal):
        assert lacks(agent, JobKey.DOWNLOAD) == []
    (tmp_path / "file").write_text("kein Ordner")
    blocked = DownloadSection(folder=str(tmp_path / "file" / "downloads"))
    for agent in agent_of(url, tmp_path, clock, has_practice=False, portal=portal, download=blocked):
        assert lacks(agent, JobKey.DOWNLOAD) == [("folder", False)]


def test_a_name_that_is_too_long_for_the_store_is_the_same_everywhere(tmp_path: Path, clock: ManualClock) -> None:
    machine = Machine(machine=MachineSection(data_folder=str(tmp_path)))
    with Agent(machine, secrets=MemorySecrets(), clock=clock, workstation="X" * 200) as agent:
        agent.jobs.presences.tell(timedelta(0))
        assert [one.workstation for one in agent.jobs.presences.known()] == [agent.workstation]


def test_the_report_tells_who_and_what(tmp_path: Path, clock: ManualClock) -> None:
    url = f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
    gateway = GatewaySection(accounts={"M1": M1, "M2": M2})
    for agent in agent_of(url, tmp_path, clock, gateway=gateway, secrets={"gateway/M2": "geheim"}):
        agent.jobs.presences.tell(timedelta(0))
        (presence,) = agent.jobs.presences.there()
        assert presence.report is not None
        assert presence.report.secrets == {"gateway/M1": False, "gateway/M2": True}
        assert [lack.sentence for lack in presence.report.lacks[JobKey.SEND_MESSAGES]] == ["das SMS-Passwort von Mandant M1 fehlt"]
        assert "geheim" not in repr(presence)
