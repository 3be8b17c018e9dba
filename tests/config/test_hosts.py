"""A password goes to the server for which a person entered it on this computer, whatever a row of the store names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import GatewayAccount, GatewaySection, Machine, MachineSection, MailSection, StoreSection
from tray_agent.config.reading import Place
from tray_agent.config.secrets import MemorySecrets
from tray_agent.doctor import CheckVerdict, Subject, examine
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import AgentKind, Lack, LackKind, Report
from tray_agent.jobs.presence import Presences
from tray_agent.messages.gateways.contract import GatewayAccountError, GatewayMissingError
from tray_agent.store.configuration import ConfigurationStore
from tray_agent.store.database import Database

MACHINE = Machine(
    gateway=GatewaySection(accounts={"M1": GatewayAccount(user="meier"), "M2": GatewayAccount(user="huber")}, originator="Praxis"),
    mail=MailSection(host="mail.example", user="praxis", sender="praxis@example.ch"),
)
SECRETS = {"mail": "m", "gateway/M1": "g"}


class Workstations:
    """The agents of workstations on one store."""

    def __init__(self, folder: Path, clock: ManualClock) -> None:
        self.folder, self.clock = folder, clock

    def agent(self, name: str, machine: Machine = MACHINE, **secrets: str) -> Agent:
        own = MachineSection(data_folder=str(self.folder / name))
        store = StoreSection(url=f"sqlite:///{(self.folder / 'vitoclient.db').as_posix()}")
        kept = MemorySecrets(**(secrets or SECRETS))
        return Agent(replace(machine, machine=own, store=store), secrets=kept, clock=self.clock, workstation=name)


@pytest.fixture
def workstations(sqlite_database: Database, tmp_path: Path, clock: ManualClock) -> Workstations:
    sqlite_database.dispose()
    return Workstations(tmp_path, clock)


@pytest.fixture
def agent(workstations: Workstations) -> Iterator[Agent]:
    with workstations.agent("PC1") as agent:
        agent.look_at_configuration()
        yield agent


def rewrite(agent: Agent, place: Place, value: object) -> None:
    """Writes a row as somebody who can write into the store, and has the agent look."""
    ConfigurationStore(agent.store).save({place: value}, "somebody", lambda _rows: None)
    agent.look_at_configuration()


def lacks(agent: Agent) -> list[Lack]:
    return [lack for lack in agent.abilities.lacks(JobKey.SEND_MESSAGES) if lack.kind in (LackKind.PASSWORD, LackKind.HOST)]


@pytest.mark.parametrize(("place", "value", "secret"), [
    (("mail", "host"), "mail.evil.example", "mail"),
    (("mail", "port"), 2525, "mail"),
    (("mail", "security"), "none", "mail"),
    (("gateway", "address"), "https://json.aspsms.com@evil.example/", "gateway/M1"),
    (("gateway", "address"), "http://json.aspsms.com/", "gateway/M1"),
    (("gateway", "address"), "https://json.aspsms.com:8443/", "gateway/M1"),
])  # fmt: skip
def test_a_server_that_a_row_names_gets_no_password_before_a_person_here_confirmed_it(
    agent: Agent, place: Place, value: object, secret: str
) -> None:
    assert lacks(agent) == [Lack(LackKind.PASSWORD, "das SMS-Passwort von Mandant M2 fehlt", tried_anyway=True)]
    rewrite(agent, place, value)
    assert agent.secrets.get(secret) is None
    assert agent.abilities.secrets()[secret] is False
    (lack,) = [lack for lack in lacks(agent) if lack.kind is LackKind.HOST]
    assert "an diesem Arbeitsplatz noch nicht bestätigt" in lack.sentence
    assert ("Mailserver" in lack.sentence) is (place[0] == "mail")
    ((name, (_former, host)),) = agent.in_force.unconfirmed().items()
    assert name == secret
    agent.confirm_hosts({name: host})
    assert agent.secrets.get(secret) == SECRETS[secret]
    assert not any(lack.kind is LackKind.HOST for lack in lacks(agent))


def test_the_user_and_the_account_may_change(agent: Agent) -> None:
    rewrite(agent, ("mail", "user"), "anders")
    rewrite(agent, ("gateway", "accounts", "M1", "user"), "anders")
    rewrite(agent, ("mail", "host"), "MAIL.example")
    assert (agent.secrets.get("mail"), agent.secrets.get("gateway/M1")) == ("m", "g")


def test_a_password_that_is_entered_anew_is_meant_for_the_server_of_now(agent: Agent) -> None:
    rewrite(agent, ("mail", "host"), "mail.neu.example")
    agent.secrets.set("mail", "neu")
    assert agent.secrets.get("mail") == "neu"
    assert agent.in_force.unconfirmed() == {}


def test_who_configures_another_server_here_means_it_and_another_workstation_asks(agent: Agent, workstations: Workstations) -> None:
    with workstations.agent("PC2") as other:
        other.look_at_configuration()
        assert other.secrets.get("mail") == "m"
        agent.configure({("mail", "host"): "mail.neu.example"})
        other.look_at_configuration()
        assert (agent.secrets.get("mail"), other.secrets.get("mail")) == ("m", None)


def test_who_changes_the_port_has_not_confirmed_a_server_that_somebody_else_named(agent: Agent) -> None:
    rewrite(agent, ("mail", "host"), "mail.evil.example")
    agent.configure({("mail", "port"): 465})
    assert agent.secrets.get("mail") is None


def test_what_was_confirmed_holds_after_a_restart_and_the_former_server_not_any_more(agent: Agent, workstations: Workstations) -> None:
    rewrite(agent, ("mail", "host"), "mail.neu.example")
    agent.confirm_hosts({"mail": agent.in_force.unconfirmed()["mail"][1]})
    with workstations.agent("PC1") as again:
        again.look_at_configuration()
        assert again.secrets.get("mail") == "m"
        rewrite(again, ("mail", "host"), "mail.example")
        assert again.secrets.get("mail") is None


def test_a_password_is_meant_for_the_server_of_this_computers_own_file(agent: Agent, workstations: Workstations) -> None:
    own = replace(MACHINE, mail=replace(MACHINE.mail, host="mail.hier.example"))
    with workstations.agent("PC3", own) as other:
        other.look_at_configuration()
        assert other.secrets.get("mail") is None
        assert other.in_force.unconfirmed() == {"mail": ("mail.hier.example:587 (starttls)", "mail.example:587 (starttls)")}


def test_a_new_computers_password_is_meant_for_the_first_server_that_gets_it(agent: Agent, workstations: Workstations) -> None:
    with workstations.agent("PC4", Machine()) as fresh:
        fresh.look_at_configuration()
        assert fresh.secrets.get("mail") == "m"
        rewrite(fresh, ("mail", "host"), "mail.evil.example")
        assert fresh.secrets.get("mail") is None


def test_a_service_is_told_its_server_with_its_password(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    rewrite(agent, ("mail", "host"), "mail.neu.example")
    monkeypatch.setenv("VITOCLIENT_SECRET_HOST_MAIL", "mail.neu.example:587 (starttls)")
    assert agent.secrets.get("mail") == "m"
    monkeypatch.setenv("VITOCLIENT_SECRET_HOST_MAIL", "mail.example:587 (starttls)")
    assert agent.secrets.get("mail") is None


def test_gateways_of_a_former_configuration_get_no_password_by_what_holds_now(agent: Agent) -> None:
    rewrite(agent, ("gateway", "address"), "https://evil.example/")
    evil = agent.sms_gateways
    rewrite(agent, ("gateway", "address"), "https://json.aspsms.com/")
    assert agent.secrets.get("gateway/M1") == "g"
    with pytest.raises(GatewayMissingError, match="Passwort"):
        _ = evil["M1"]


def test_a_mail_server_without_a_password_is_not_even_connected(agent: Agent) -> None:
    rewrite(agent, ("mail", "host"), "127.0.0.1")
    with pytest.raises(GatewayAccountError, match="kein Passwort"):
        agent.mail_gateway.check()


def test_a_gateway_that_writes_files_needs_none(agent: Agent) -> None:
    rewrite(agent, ("gateway", "address"), "https://evil.example/")
    rewrite(agent, ("gateway", "kind"), "file")
    assert [lack for lack in lacks(agent) if "SMS" in lack.sentence] == []
    assert agent.sms_gateways["M1"] is not None


def test_a_file_that_can_not_be_read_confirms_nothing_else(agent: Agent, tmp_path: Path) -> None:
    (tmp_path / "PC1").mkdir(exist_ok=True)
    (tmp_path / "PC1" / "confirmed-hosts.json").write_text("kaputt", encoding="utf-8")
    assert agent.secrets.get("mail") == "m"
    rewrite(agent, ("mail", "host"), "mail.evil.example")
    assert agent.secrets.get("mail") is None


def test_doctor_names_the_servers_here_and_the_other_workstations_that_lack_a_password(agent: Agent, clock: ManualClock) -> None:
    report = Report("anna", AgentKind.TRAY, secrets={"mail": False, "gateway/M1": True})
    Presences(agent.store, "other", "PC-EMPFANG", clock, report=lambda: report).tell(clock.now() - clock.now())
    rewrite(agent, ("mail", "host"), "mail.neu.example")
    elsewhere, here = examine(agent, Subject.MAIL)
    assert elsewhere.verdict is CheckVerdict.NOTICE
    assert "PC-EMPFANG (angemeldet: anna)" in elsewhere.sentence
    assert "mail.example:587 (starttls)" in here.sentence
    assert "mail.neu.example:587 (starttls)" in here.sentence
    assert here.verdict is CheckVerdict.FAULT
    assert "config confirm" in here.advice
    assert not any("PC-EMPFANG" in found.sentence for found in examine(agent, Subject.GATEWAY))
