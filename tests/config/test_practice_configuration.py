"""What the practice has configured: kept once, taken over from a file, seen by all workstations without a restart."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, update

from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import (
    OF_THE_PRACTICE,
    GatewayAccount,
    GatewaySection,
    Machine,
    MachineSection,
    MailSection,
    Origin,
    PracticeSection,
    StoreSection,
    in_force,
    load_machine,
    origin_of,
)
from tray_agent.config.secrets import MemorySecrets
from tray_agent.config.write import Changes
from tray_agent.doctor import CheckVerdict, Subject, examine
from tray_agent.errors import ConfigurationError, InputError
from tray_agent.job_kinds import JobKey, Service
from tray_agent.jobs.abilities import LackKind
from tray_agent.jobs.contract import JobResult
from tray_agent.jobs.events import ConfigurationChanged, Event
from tray_agent.messages.work.parts import MessageParts
from tray_agent.protocol.model import ActivityFilter
from tray_agent.store.configuration import ConfigurationStore
from tray_agent.store.database import Database
from tray_agent.store.tables import configuration

Opened = Callable[..., Agent]


@pytest.fixture
def opened(sqlite_database: Database, tmp_path: Path, clock: ManualClock) -> Opened:
    """Returns what starts the agent of a workstation on the one store, with the passwords of the mail server and of M1."""
    sqlite_database.dispose()
    store = f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}"

    def start(name: str, machine: Machine | None = None, **sections: object) -> Agent:
        given = {"store": StoreSection(url=store), "machine": MachineSection(data_folder=str(tmp_path / name)), **sections}
        secrets = MemorySecrets(**{"mail": "m", "gateway/M1": "g"})
        return Agent(machine or Machine(**given), secrets=secrets, clock=clock, workstation=name)  # type: ignore[arg-type]

    return start


MAIL = MailSection(host="mail.example", user="praxis", sender="praxis@example.ch")
GATEWAY = GatewaySection(accounts={"M1": GatewayAccount(user="meier")}, originator="Praxis")


# Taking over


def landed_file(folder: Path) -> Path:
    """Writes the file of the version before, with an embedded store."""
    text = Path(__file__).with_name("landed.toml").read_text(encoding="utf-8")
    text = re.sub(r'url = "mssql[^"]*"', 'url = ""', text).replace('data_folder = ""', f'data_folder = "{folder.as_posix()}"')
    file = folder / "config.toml"
    file.write_text(text.replace('timezone = "Europe/Zurich"', 'timezone = "Europe/Berlin"'), encoding="utf-8")
    return file


def test_the_file_of_the_version_before_is_taken_over_once_and_told(tmp_path: Path) -> None:
    file = landed_file(tmp_path)
    with Agent(load_machine(file), secrets=MemorySecrets(), workstation="PC1") as agent:
        before = agent.machine
        agent.look_at_configuration()
        rows = agent.in_force.rows()
        assert set(rows) == set(OF_THE_PRACTICE)
        assert all(set(row) <= OF_THE_PRACTICE[section] for section, row in rows.items())
        assert (agent.configuration.practice, agent.configuration.mail) == (before.practice, before.mail)
        assert (agent.configuration.gateway, agent.configuration.ui) == (before.gateway, before.ui)
        assert str(agent.zone) == "Europe/Berlin"
        (told,) = agent.jobs.log.page(ActivityFilter(Service.AGENT)).rows
        assert "PC1" in told.sentence
        assert "[practice], [gateway], [mail], [ui]" in told.sentence
        assert agent.in_force.taken_over == told.sentence
    with Agent(load_machine(file), secrets=MemorySecrets(), workstation="PC1") as again:
        again.look_at_configuration()
        assert again.in_force.taken_over == ""
        assert len(again.jobs.log.page(ActivityFilter(Service.AGENT)).rows) == 1


def test_the_environment_is_not_taken_over_but_completes_what_the_file_begins(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    store = f"url = '{(tmp_path / 'vitoclient.db').as_posix()}'".replace("'", "'sqlite:///", 1)
    file.write_text(f"[store]\n{store}\n[mail]\nhost = 'mail.example'\n[practice]\nname = 'Praxis'\n", encoding="utf-8")
    monkeypatch.setenv("VITOCLIENT_MAIL__HOST", "mail.hier.example")
    monkeypatch.setenv("VITOCLIENT_PRACTICE__CANTON", "BE")
    with opened("PC1", load_machine(file)) as agent:
        agent.look_at_configuration()
        rows = agent.in_force.rows()
        assert (rows["mail"], rows["practice"]) == ({"host": "mail.example"}, {"name": "Praxis"})
        assert (agent.configuration.mail.host, agent.configuration.practice.canton) == ("mail.hier.example", "BE")
        origins = {key: origin_of(tuple(key.split(".")), agent.machine, rows) for key in ORIGINS}
    assert origins == ORIGINS


ORIGINS = {
    "mail.host": Origin.ENVIRONMENT,
    "practice.canton": Origin.ENVIRONMENT,
    "practice.name": Origin.PRACTICE,
    "practice.phone": Origin.DEFAULT,
    "store.url": Origin.COMPUTER,
    "ui.language": Origin.DEFAULT,
    "ui.theme": Origin.DEFAULT,
}


def test_a_file_that_only_the_environment_completes_is_taken_over_with_it(
    tmp_path: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "config.toml"
    store = f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}"
    file.write_text(f"[store]\nurl = '{store}'\n[gateway.accounts.M1]\noriginator = 'Praxis'\n", encoding="utf-8")
    monkeypatch.setenv("VITOCLIENT_GATEWAY__ACCOUNTS__M1__USER", "meier")
    with opened("PC1", load_machine(file)) as agent:
        agent.look_at_configuration()
    monkeypatch.delenv("VITOCLIENT_GATEWAY__ACCOUNTS__M1__USER")
    with opened("PC2") as other:
        other.look_at_configuration()
        assert other.configuration.gateway.accounts == {"M1": GatewayAccount(user="meier", originator="Praxis")}


def test_a_second_workstations_file_does_not_count_any_more_and_doctor_names_what_differs(opened: Opened) -> None:
    with opened("PC1", mail=MAIL) as first, opened("PC2", mail=MailSection(host="alt.example", user="praxis"), gateway=GATEWAY) as second:
        first.look_at_configuration()
        second.look_at_configuration()
        assert second.in_force.taken_over == ""
        assert (second.configuration.mail.host, second.configuration.gateway.accounts) == ("mail.example", {})
        stale = next(found for found in examine(second, Subject.CONFIGURATION) if "nicht mehr gilt" in found.sentence)
        assert "gateway.accounts.M1.user, gateway.originator, mail.host" in ", ".join(
            sorted(re.findall(r"[a-z_]+\.[\w.]*\w", stale.sentence))
        )
        assert not any("nicht mehr gilt" in found.sentence for found in examine(first, Subject.CONFIGURATION))


def test_of_two_that_take_over_at_once_one_wins_whole(database: Database) -> None:
    files = [{"mail": {"host": "eins"}}, {"practice": {"name": "zwei"}}]
    begin, taken = threading.Barrier(2), dict[int, bool]()

    def take(number: int) -> None:
        begin.wait(10)
        taken[number] = ConfigurationStore(database).take_over(files[number], f"PC{number}", lambda _connection: None)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken.values()) == [False, True]
    (winner,) = [number for number, won in taken.items() if won]
    assert {section: row for section, row in ConfigurationStore(database).load().items() if row} == files[winner]


# Writing


def test_unknown_keys_of_another_version_are_left_alone_and_kept(opened: Opened) -> None:
    with opened("PC1", mail=MAIL) as agent:
        agent.look_at_configuration()
        store = ConfigurationStore(agent.store)
        newer: Changes = {
            ("mail", "oauth"): {"tenant": "x"},
            ("gateway", "accounts"): {"M1": {"user": "meier", "region": 7}},
            ("sms2", "key"): "y",
        }
        store.save(newer, "newer", lambda _rows: None)
        of_the_future = {"section": "sms3", "content": "[1]", "changed_at": agent.clock.now(), "changed_by": "newer"}
        with agent.store.begin() as connection:
            connection.execute(insert(configuration).values(of_the_future))
        agent.look_at_configuration()
        assert agent.configuration.gateway.accounts == {"M1": GatewayAccount(user="meier")}
        agent.configure({("mail", "port"): "465", ("gateway", "accounts", "M1", "originator"): "Praxis"})
        rows = store.load()
    assert (rows["mail"]["oauth"], rows["mail"]["port"]) == ({"tenant": "x"}, 465)
    assert rows["gateway"]["accounts"]["M1"] == {"user": "meier", "region": 7, "originator": "Praxis"}
    assert rows["sms2"] == {"key": "y"}


def test_two_that_change_one_section_at_once_lose_nothing(database: Database) -> None:
    store, other = ConfigurationStore(database), ConfigurationStore(database)
    store.save({("mail", "host"): "mail.example"}, "PC1", lambda _rows: None)
    interfered: list[threading.Thread] = []

    def interfere(_rows: object) -> None:
        if not interfered:
            thread = threading.Thread(target=other.save, args=({("mail", "user"): "praxis"}, "PC2", lambda _rows: None))
            interfered.append(thread)
            thread.start()
            thread.join(1 if database.dialect == "sqlite" else 10)  # an embedded store lets one writer in after the other

    store.save({("mail", "port"): 465}, "PC1", interfere)
    interfered[0].join(30)
    assert store.load()["mail"] == {"host": "mail.example", "user": "praxis", "port": 465}


@pytest.mark.parametrize(("place", "value", "said"), [
    (("mail", "port"), "viele", "mail.port"), (("mail", "hsot"), "x", "mail.hsot"), (("practice", "timezone"), "Mars/Olympus", "Mars"),
    (("gateway", "accounts", "M2", "originator"), "x", "gateway.accounts.M2.user"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_and_nothing_is_written(opened: Opened, place: tuple[str, ...], value: str, said: str) -> None:
    with opened("PC1", mail=MAIL, gateway=GATEWAY) as agent:
        agent.look_at_configuration()
        before = agent.in_force.rows()
        if place == ("mail", "hsot"):
            with pytest.raises(AssertionError):
                agent.configure({place: value})
        else:
            with pytest.raises(InputError, match=re.escape(said)):
                agent.configure({place: value})
        assert agent.in_force.rows() == before


def test_what_can_not_be_read_is_told_and_can_be_put_right(opened: Opened) -> None:
    with opened("PC1", practice=PracticeSection(name="Praxis", timezone="Europe/Berlin")) as agent:
        agent.look_at_configuration()
        ConfigurationStore(agent.store).save({("practice", "timezone"): "Mars/Olympus"}, "PC9", lambda _rows: None)
        with pytest.raises(ConfigurationError, match="Mars/Olympus"):
            agent.look_at_configuration()
        assert str(agent.zone) == "Europe/Berlin"  # what held before still does
        with opened("PC2") as fresh, pytest.raises(ConfigurationError, match="Mars/Olympus"):
            _ = fresh.messages
        agent.configure({("practice", "timezone"): "Europe/Zurich"})
        assert str(agent.zone) == "Europe/Zurich"
        with agent.store.begin() as connection:
            connection.execute(update(configuration).where(configuration.c.section == "mail").values(content="kaputt"))
        with pytest.raises(ConfigurationError, match="mail"):
            agent.look_at_configuration()


def test_where_it_can_not_be_read_the_agent_stays_and_what_nobody_can_do_is_told(opened: Opened, clock: ManualClock) -> None:
    with opened("PC1", gateway=GATEWAY, mail=MAIL) as agent, opened("PC2") as other:
        agent.scheduler.look()
        assert agent.abilities.lacks(JobKey.PREPARE_REMINDERS) == other.abilities.lacks(JobKey.PREPARE_REMINDERS)
        ConfigurationStore(agent.store).save({("practice", "timezone"): "Mars/Olympus"}, "PC9", lambda _rows: None)
        for _minute in range(10):
            clock.advance(timedelta(minutes=1))
            agent.scheduler.look()
        assert agent.scheduler.trouble is None
        assert [one.workstation for one in other.jobs.presences.there()] == ["PC1"]
        for job in (JobKey.PREPARE_REMINDERS, JobKey.PREPARE_BIRTHDAYS, JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS):
            (lack,) = [lack for lack in agent.abilities.lacks(job) if lack.kind is LackKind.CONFIGURATION]
            assert "practice.timezone" in lack.sentence
            assert not lack.tried_anyway
        told = other.jobs.presences.there()[0].report
        assert told
        assert told.lacks[JobKey.SEND_MESSAGES][0].kind is LackKind.CONFIGURATION
        agent.configure({("practice", "timezone"): "Europe/Zurich"})
        assert LackKind.CONFIGURATION not in [lack.kind for lack in agent.abilities.lacks(JobKey.SEND_MESSAGES)]


# Seeing each other's changes


def test_a_change_is_seen_by_another_workstation_without_a_restart(opened: Opened) -> None:
    heard: list[Event] = []
    with opened("PC1", gateway=GATEWAY) as first, opened("PC2") as second:
        first.look_at_configuration()
        second.scheduler.look()
        jobs, parts, gateways = second.jobs, second.messages.parts, second.sms_gateways
        assert second.templates is second.templates
        second.job_events.subscribe(heard.append)
        assert jobs.around.zone == jobs.claims._zone_now() == ZoneInfo("Europe/Zurich")
        first.configure({("practice", "timezone"): "Europe/Athens", ("practice", "canton"): "GE", ("gateway", "originator"): "Neu"})
        second.scheduler.look()
        assert [type(event) for event in heard].count(ConfigurationChanged) == 1
        assert second.jobs is jobs
        assert jobs.around.zone == jobs.claims._zone_now() == second.zone == ZoneInfo("Europe/Athens")
        assert (second.messages.parts.zone, second.messages.parts.canton) == (ZoneInfo("Europe/Athens"), "GE")
        assert (second.sms_gateways.originator("M1"), gateways.originator("M1")) == ("Neu", "Praxis")
        assert parts.zone == ZoneInfo("Europe/Zurich")  # who holds the former parts goes on with them
        assert parts.sms is gateways
        heard.clear()
        second.scheduler.look()
        assert not any(isinstance(event, ConfigurationChanged) for event in heard)


def test_a_run_begins_with_what_holds_now(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    def work(parts: MessageParts, _context: object) -> JobResult:
        begun.append(str(parts.zone))
        return JobResult()

    monkeypatch.setattr("tray_agent.messages.service._work_of", lambda _key: work)
    with opened("PC1", mail=MAIL) as first, opened("PC2") as second:
        second.look_at_configuration()
        assert second.configuration.mail.host == ""
        first.configure({("practice", "timezone"): "Europe/Athens"})
        second.job_works[JobKey.UPDATE_STATUS](None)  # type: ignore[arg-type]
    assert begun == ["Europe/Athens"]


def test_what_is_lacking_is_looked_at_anew_after_a_change(opened: Opened) -> None:
    with opened("PC1", mail=MAIL) as first, opened("PC2") as second:
        assert [lack.kind for lack in second.abilities.lacks(JobKey.SEND_MESSAGES) if lack.kind is LackKind.CHANNEL]
        first.look_at_configuration()
        second.scheduler.look()
        assert not [lack.kind for lack in second.abilities.lacks(JobKey.SEND_MESSAGES) if lack.kind is LackKind.CHANNEL]


def test_without_the_store_a_machines_own_values_hold(tmp_path: Path) -> None:
    away = f"sqlite:///{tmp_path.as_posix()}/nirgends.txt/x.db"
    (tmp_path / "nirgends.txt").write_text("", encoding="utf-8")
    machine = Machine(store=StoreSection(url=away), practice=PracticeSection(timezone="Europe/Athens"), gateway=GATEWAY)
    with Agent(machine, secrets=MemorySecrets()) as agent:
        assert str(agent.zone) == "Europe/Athens"
        assert list(agent.sms_gateways) == ["M1"]


def test_the_machines_own_values_never_come_from_a_row() -> None:
    own = Machine(store=StoreSection(url="sqlite:///x.db", table_schema=None))
    rows = {
        section: {"url": "böse", "folder": "/etc", "certificate": "/x", "address": "https://neu/"} for section in ("practice", "gateway")
    }
    rows |= {"mail": {"certificate": "/x"}, "portal": {"address": "https://böse/"}, "store": {"url": "böse"}, "ui": {"language": "xx"}}
    holds = in_force(own, rows)
    assert (holds.practice.url, holds.gateway.folder, holds.mail.certificate) == ("", "", "")
    assert (holds.portal, holds.store, holds.ui.language) == (own.portal, own.store, "de")
    assert holds.gateway.address == "https://neu/"


def test_what_a_row_holds_is_what_a_file_would(opened: Opened) -> None:
    with opened("PC1", mail=MAIL) as agent:
        agent.look_at_configuration()
        with agent.store.read() as connection:
            found = connection.execute(configuration.select().where(configuration.c.section == "mail")).one()
    assert json.loads(found.content) == {"host": "mail.example", "user": "praxis", "sender": "praxis@example.ch"}
    assert found.changed_by.endswith("@PC1")


def test_a_restart_of_the_clock_changes_nothing(opened: Opened, clock: ManualClock) -> None:
    with opened("PC1", mail=MAIL) as agent:
        agent.look_at_configuration()
        made = agent.in_force.parts
        clock.advance(timedelta(hours=1))
        agent.look_at_configuration()
        assert agent.in_force.parts is made


def test_doctor_says_that_it_took_over(opened: Opened) -> None:
    with opened("PC1", mail=MAIL) as agent:
        told = [found for found in examine(agent, Subject.CONFIGURATION) if "übernommen" in found.sentence]
    assert [found.verdict for found in told] == [CheckVerdict.NOTICE]
