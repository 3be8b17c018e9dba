"""The facade of dialogs and command line, and the command line itself."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from publishing.publish import publish
from tests.downloads.conftest import ELEMENTS
from tests.downloads.trial_starter import TrialStarter
from tests.downloads.vendor import publish_version
from tests.support.portal import FaultyPortal
from tests.support.signatures import KnownSignatures
from tray_agent.agent import Agent
from tray_agent.cli import run
from tray_agent.clock import SystemClock
from tray_agent.config.machine import load_machine
from tray_agent.demo.portal import DemoPortal, make_portal
from tray_agent.doctor import CheckVerdict, Subject, examine
from tray_agent.downloads.download_rows import DownloadRows
from tray_agent.downloads.errors import InstallRefusedError, PortalUnavailableError
from tray_agent.downloads.model import DownloadState
from tray_agent.downloads.portal_view import PortalRow
from tray_agent.downloads.service import DownloadService
from tray_agent.errors import ConfigurationError, InputError, KnownError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import PauseScope
from tray_agent.store.migrate import upgrade
from tray_agent.tray.engine import AgentEngine

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[DemoPortal, FaultyPortal]]:
    """Serves a portal signed now, and configures this machine for it."""
    demo = make_portal(tmp_path / "portal", SystemClock().now(), ELEMENTS)
    with FaultyPortal(demo.repository) as server:
        monkeypatch.setenv("VITOCLIENT_PORTAL__ADDRESS", server.address)
        monkeypatch.setenv("VITOCLIENT_PORTAL__ROOT", str(demo.root_file))
        monkeypatch.setenv("VITOCLIENT_STORE__URL", f"sqlite:///{(tmp_path / 'store.db').as_posix()}")
        monkeypatch.setenv("VITOCLIENT_DOWNLOAD__FOLDER", str(tmp_path / "downloads"))
        yield demo, server


@pytest.fixture
def agent(site: tuple[DemoPortal, FaultyPortal]) -> Iterator[Agent]:
    with Agent(load_machine(), workstation="PC1") as made:
        upgrade(made.store_unchecked)
        yield made


@pytest.fixture
def service(agent: Agent) -> DownloadService:
    return agent.downloads


@pytest.fixture
def vitoclient(agent: Agent, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command and returns exit code, output and errors."""

    def command(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(arguments)
        return code, *capfd.readouterr()

    return command


def rows(service: DownloadService) -> list[PortalRow]:
    return [row for area in service.portal().areas for heading in area.headings for row in heading.rows]


def test_the_portal_shows_ticks_and_states(agent: Agent, service: DownloadService) -> None:
    service.subscribe("update", "Anna")
    service.set_active(True, "Anna")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    view = service.portal()
    assert (view.active, view.offline, view.refused, [area.is_new for area in view.areas]) == (True, False, 0, [True, False])
    ticks = {(row.signed.element, str(row.signed.version)): (row.subscribed, row.state) for row in rows(service)}
    assert ticks["update", "2.69.001"] == (True, DownloadState.OFFERED)
    assert ticks["update", "2.68.014"] == (True, None)
    assert ticks["tarif", "1.4.002"] == (False, None)


def test_what_is_not_offered_any_more_can_be_unsubscribed(
    service: DownloadService, site: tuple[DemoPortal, FaultyPortal], vitoclient: Command
) -> None:
    service.subscribe("tarif", "Anna")
    file = site[0].source / "portal.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('key = "tarif"', 'key = "anderes"'), encoding="utf-8")
    publish(site[0].source, site[0].repository, site[0].keys, SystemClock().now())
    last = service.portal().areas[-1]
    assert (last.title, last.is_new) == ("Abonniert, aber nicht mehr angeboten", False)
    (row,) = last.headings[0].rows
    assert (row.signed.element, row.signed.title, str(row.signed.version), row.subscribed, row.state) == (
        "tarif",
        "Tarif",
        "1.4.002",
        True,
        None,
    )
    assert "nicht mehr angeboten" in vitoclient("portal", "list")[1]
    assert service.unsubscribe("tarif")
    assert "Abonniert" not in [area.title for area in service.portal().areas][-1]


def test_the_portal_that_is_away_is_shown_as_it_was(service: DownloadService, site: tuple[DemoPortal, FaultyPortal]) -> None:
    confirmed = service.portal()
    site[1].stop()
    view = service.portal()
    assert (view.offline, view.areas, view.checked_at) == (True, confirmed.areas, confirmed.checked_at)
    assert service.portal(refresh=False).areas == confirmed.areas


def test_the_portal_that_was_never_there_is_told(service: DownloadService, site: tuple[DemoPortal, FaultyPortal]) -> None:
    site[1].stop()
    with pytest.raises(PortalUnavailableError):
        service.portal()


def test_a_machine_without_a_portal_is_told(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VITOCLIENT_PORTAL__ROOT")
    with Agent(load_machine()) as other, pytest.raises(ConfigurationError, match="Vertrauensanker"):
        other.downloads.portal()
    monkeypatch.setenv("VITOCLIENT_PORTAL__ROOT", "missing.json")
    with Agent(load_machine()) as other, pytest.raises(ConfigurationError, match=r"missing\.json"):
        other.downloads.portal()


@pytest.mark.parametrize(
    "address", ["portal.example", "file:///srv/portal", "http://", "http://[::1", "http://host:99999/", "ftp://portal.example/"]
)
def test_an_address_that_is_none_is_a_fault_of_the_configuration(agent: Agent, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("VITOCLIENT_PORTAL__ADDRESS", address)
    with Agent(load_machine()) as other, pytest.raises(ConfigurationError) as caught:
        other.downloads.portal()
    assert address in caught.value.message


@pytest.mark.parametrize("spoil", ["garbage", "unsigned", "targets"])
def test_a_root_that_is_none_is_a_fault_of_the_configuration(
    agent: Agent, site: tuple[DemoPortal, FaultyPortal], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spoil: str
) -> None:
    signed = site[0].root_file.read_bytes()
    contents = {
        "garbage": b"<html>404</html>",
        "unsigned": signed.replace(b'"version":1', b'"version":2'),
        "targets": (site[0].repository / "metadata" / "1.targets.json").read_bytes(),
    }
    assert contents[spoil] != signed
    (tmp_path / "root.json").write_bytes(contents[spoil])
    monkeypatch.setenv("VITOCLIENT_PORTAL__ROOT", str(tmp_path / "root.json"))
    with Agent(load_machine()) as other, pytest.raises(ConfigurationError, match="kein unterschriebener Vertrauensanker"):
        other.downloads.portal()


def test_what_was_replaced_or_withdrawn_is_started_only_by_its_version(
    agent: Agent, service: DownloadService, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter = TrialStarter()
    monkeypatch.setattr("tray_agent.downloads.parts.starter", lambda: starter)
    service.subscribe("update", "Anna")
    service.set_active(True, "Anna")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    kept = DownloadRows(agent.store, "PC1")
    download = kept.all()[0]
    agent.store.transact(lambda connection: kept.withdraw(connection, download.signed))
    with pytest.raises(InputError, match="nichts wurde gestartet"):
        service.install("update", by="Anna")
    assert starter.started == []
    service.install("update", "2.69.001", by="Anna")
    assert len(starter.started) == 1


def test_what_is_not_offered_cannot_be_subscribed(service: DownloadService) -> None:
    with pytest.raises(InputError, match="nix"):
        service.subscribe("nix", "Anna")
    assert not service.unsubscribe("nix")


def test_an_element_that_is_newer_than_what_is_known_can_be_subscribed(
    service: DownloadService, site: tuple[DemoPortal, FaultyPortal]
) -> None:
    service.portal()
    demo = site[0]
    text = (demo.source / "portal.toml").read_text(encoding="utf-8").replace('key = "tarif"', 'key = "neu"')
    (demo.source / "portal.toml").write_text(text, encoding="utf-8")
    publish_version(demo, "neu", "2.0.000", 10, SystemClock().now())
    service.subscribe("neu", "Anna")
    assert {row.signed.element for row in rows(service) if row.subscribed} == {"neu"}


def test_each_agent_brings_what_is_offered_into_its_own_folder(
    agent: Agent, service: DownloadService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service.subscribe("update", "Anna")
    service.set_active(True, "Anna")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    monkeypatch.setenv("VITOCLIENT_DOWNLOAD__FOLDER", str(tmp_path / "folder of PC2"))
    monkeypatch.setattr("tray_agent.jobs.scheduler.network_ready", lambda: True)
    with Agent(load_machine(), workstation="PC2") as other:
        assert other.downloads.waiting() == ()
        agent.jobs.pause(PauseScope.EVERYTHING, None, "Anna")
        other._bring_downloads()
        assert other.downloads.waiting() == ()
        agent.jobs.resume()
        service.set_active(False, "Anna")
        other._bring_downloads()
        assert other.downloads.waiting() == ()
        service.set_active(True, "Anna")
        other._bring_downloads()
        (row,) = other.downloads.waiting()
        assert (row.signed.element, row.download.here and row.download.here.workstation) == ("update", "PC2")
        (told,) = other.jobs.log.page().rows[:1]
        assert (told.reason, told.workstation) == ("downloaded", "PC2")


def test_who_installs_first_leaves_the_others_told_until_they_follow(agent: Agent, service: DownloadService) -> None:
    service.subscribe("update", "Anna")
    service.set_active(True, "Anna")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    signed = service.downloads()[0].signed
    own, elsewhere = DownloadRows(agent.store, "PC1"), DownloadRows(agent.store, "LABOR")
    engine = AgentEngine(agent)
    assert engine.notice_facts().left_behind == ""
    agent.store.transact(lambda connection: elsewhere.hand_over(connection, signed, DownloadState.INSTALLED, "beat@LABOR", 0))
    facts = engine.notice_facts()
    assert facts.left_behind.startswith("LABOR arbeitet seit ")
    assert [download.element for download in facts.new_downloads] == ["update"]
    agent.jobs.presences.tell(timedelta())
    behind, _number = examine(agent, Subject.WORKSTATIONS)
    assert (behind.verdict, behind.sentence) == (CheckVerdict.FAULT, facts.left_behind)
    agent.store.transact(lambda connection: own.hand_over(connection, signed, DownloadState.INSTALLED, "anna@PC1", 0))
    facts = engine.notice_facts()
    assert (facts.left_behind, facts.new_downloads) == ("", ())


def test_what_waits_for_a_person_comes_first(agent: Agent, service: DownloadService, site: tuple[DemoPortal, FaultyPortal]) -> None:
    service.subscribe("update", "Anna")
    service.subscribe("handbuch", "Anna")
    service.set_active(True, "Anna")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    publish_version(site[0], "update", "2.70.000", 100, SystemClock().now())
    agent.jobs.run_now(JobKey.DOWNLOAD)
    listed = [(row.signed.title, str(row.signed.version), row.state, row.present, row.kept) for row in service.downloads()]
    assert listed == [
        ("Handbuch", "1.0.000", DownloadState.OFFERED, True, False),
        ("Update vitomed", "2.70.000", DownloadState.OFFERED, True, False),
        ("Update vitomed", "2.69.001", DownloadState.SUPERSEDED, True, True),
    ]
    assert [str(row.signed.version) for row in service.waiting()] == ["1.0.000", "2.70.000"]
    assert str(service.downloads()[0].signed.needs) == "2.69.000"


def test_what_is_not_here_is_not_announced(agent: Agent, service: DownloadService) -> None:
    service.subscribe("update", "Anna")
    service.set_active(True, "Anna")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    (row,) = service.waiting()
    next(service.folder().rglob(row.signed.file_name)).unlink()
    assert service.waiting() == ()
    assert [(row.state, row.present) for row in service.downloads()] == [(DownloadState.OFFERED, False)]


def test_verifying_reads_the_file(agent: Agent, service: DownloadService) -> None:
    service.subscribe("handbuch", "Anna")
    service.set_active(True, "Anna")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    assert service.verify("handbuch", "1.0.0")
    next(service.folder().rglob("*.txt")).write_text("anders")
    assert not service.verify("handbuch", "1.0.0")
    assert not service.downloads()[0].present
    with pytest.raises(InputError):
        service.verify("handbuch", "9.9.9")


@pytest.mark.usefixtures("site")
def test_what_the_configuration_expects_stands_before_every_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VITOCLIENT_PORTAL__PUBLISHERS", "Hersteller AG; Andere AG")
    monkeypatch.setenv("VITOCLIENT_DOWNLOAD__PRACTICE_PROGRAM", str(tmp_path / "vitomed.exe"))
    monkeypatch.setattr("tray_agent.platforms.this_system.signature_reader", KnownSignatures)
    monkeypatch.setattr("tray_agent.platforms.programs.program_version", lambda file: (2, 68, 14) if file.name == "vitomed.exe" else None)
    with Agent(load_machine(), workstation="PC1") as agent:
        upgrade(agent.store_unchecked)
        agent.downloads.subscribe("update", "Anna")
        agent.downloads.subscribe("handbuch", "Anna")
        agent.downloads.set_active(True, "Anna")
        agent.jobs.run_now(JobKey.DOWNLOAD)
        with pytest.raises(InstallRefusedError, match="erwartet wird Hersteller AG / Andere AG"):
            agent.downloads.install("update", by="Anna")
        with pytest.raises(InstallRefusedError, match=r"auf diesem Arbeitsplatz ist 2\.68\.014"):
            agent.downloads.install("handbuch", by="Anna")


@pytest.mark.usefixtures("site")
def test_a_folder_of_ones_own_beside_a_store_of_all_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITOCLIENT_STORE__URL", "postgresql+psycopg://praxis/agent")
    monkeypatch.setenv("VITOCLIENT_DOWNLOAD__FOLDER", "")
    with Agent(load_machine(), workstation="PC1") as agent:
        assert {finding.verdict for finding in examine(agent, Subject.DOWNLOADS)} == {CheckVerdict.GOOD}


def test_a_service_that_is_off_does_not_run(agent: Agent) -> None:
    with pytest.raises(KnownError, match="Schalter"):
        agent.jobs.run_now(JobKey.DOWNLOAD)


# The command line


def test_the_whole_way_on_the_command_line(vitoclient: Command) -> None:
    assert "update" in vitoclient("portal", "list")[1]
    code, out, error = vitoclient("subscribe", "update")
    assert (code, error) == (0, "")
    assert out.splitlines()[0] == "update wird automatisch heruntergeladen."
    assert "«vitoclient download-service on»" in out.splitlines()[1]
    assert vitoclient("download-service", "on")[:2] == (0, "Der Download-Service ist eingeschaltet.\n")
    code, out, error = vitoclient("downloads", "run")
    assert (code, error) == (0, "")
    assert out == "Downloads: 1 heruntergeladen und geprüft.\nBereit zur Installation: Update vitomed 2.69.001\n"
    assert "bereit" in vitoclient("downloads", "list")[1]
    assert vitoclient("unsubscribe", "update")[1] == "update wird nicht mehr automatisch heruntergeladen.\n"
    assert vitoclient("unsubscribe", "update")[1] == "update war nicht abonniert.\n"
    assert vitoclient("download-service", "off")[0] == 0


def test_what_is_where(agent: Agent, service: DownloadService, vitoclient: Command) -> None:
    service.subscribe("update", "Anna")
    service.set_active(True, "Anna")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    here = socket.gethostname()
    signed = service.downloads()[0].signed
    other = DownloadRows(agent.store, "LABOR")
    agent.store.transact(lambda connection: other.hand_over(connection, signed, DownloadState.INSTALLED, "beat@LABOR", 0))
    found = {row["workstation"]: row for row in json.loads(vitoclient("downloads", "list", "--workstations", "--json")[1])}
    assert {name: (row["here"], row["file"], row["installed"]) for name, row in found.items()} == {
        here: (True, False, None), "PC1": (False, True, None), "LABOR": (False, False, "installed"),
    }  # fmt: skip
    assert (found["LABOR"]["installed_version"], found["LABOR"]["changed_by"]) == ("2.69.001", "beat@LABOR")
    said = vitoclient("downloads", "list", "--workstations")[1]
    assert f"{here} (hier)" in said
    assert "2.69.001 installiert" in said


def test_a_file_is_had_once_more(agent: Agent, service: DownloadService, vitoclient: Command) -> None:
    service.subscribe("handbuch", "Anna")
    service.set_active(True, "Anna")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    file = next(service.folder().rglob("*.txt"))
    file.unlink()
    assert vitoclient("downloads", "fetch", "handbuch", "1.0.0")[:2] == (0, "Handbuch 1.0.000 ist da und geprüft (3.1 KB).\n")
    assert file.exists()
    assert vitoclient("downloads", "fetch", "nix")[0] == 2


def test_whom_an_update_locks_out_is_said_before(
    agent: Agent, service: DownloadService, vitoclient: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    starter = TrialStarter()
    monkeypatch.setattr("tray_agent.downloads.parts.starter", lambda: starter)
    monkeypatch.setattr(Agent, "_software_elsewhere", lambda _agent: {"LABOR": "2.68.14", "ARZT": ""})
    service.subscribe("update", "Anna")
    service.set_active(True, "Anna")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    said = "1 Arbeitsplatz meldet 2.68 und bleibt ausgesperrt, bis er folgt; von 1 ist nichts bekannt."
    for answer, arguments, started in (("n", (), 0), ("", (), 0), ("j", (), 1), ("", ("--yes",), 2)):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{answer}\n"))
        code, _out, error = vitoclient("downloads", "install", "update", *arguments)
        assert (code == 0, len(starter.started)) == (bool(started), started)
        assert (said in error) == (started < 2)  # who has installed it follows nobody any more


def test_json_is_json(vitoclient: Command) -> None:
    vitoclient("subscribe", "handbuch")
    vitoclient("download-service", "on")
    ran = json.loads(vitoclient("downloads", "run", "--json")[1])
    assert (ran["status"], ran["counts"]["downloaded"]) == ("succeeded", 1)
    assert [row["state"] for row in json.loads(vitoclient("downloads", "list", "--json")[1])] == ["offered"]
    view = json.loads(vitoclient("portal", "list", "--area", "download-history", "--json")[1])
    assert [area["title"] for area in view["areas"]] == ["Download-History"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("portal", "list", "--area", "nix"), 2, "nix"),
        (("subscribe", "nix"), 2, "nix"),
        (("subscribe",), 2, "Es fehlt"),
        (("downloads", "install", "nix"), 2, "Kein Download"),
        (("download-service", "vielleicht"), 2, "off"),
        (("portal", "publish", "missing", "--keys", "keys"), 2, "publish"),
    ],
)
def test_wrong_use_is_one_line(vitoclient: Command, arguments: tuple[str, ...], code: int, words: str) -> None:
    returned, out, error = vitoclient(*arguments)
    assert (returned, out) == (code, "")
    assert words in error
    assert error.count("\n") == 1


def test_a_portal_that_is_away_is_one_line(vitoclient: Command, site: tuple[DemoPortal, FaultyPortal]) -> None:
    site[1].stop()
    code, out, error = vitoclient("portal", "list")
    assert (code, out, error.count("\n")) == (1, "", 1)
    assert "Internetverbindung prüfen" in error


def test_a_failed_run_ends_with_one(vitoclient: Command, site: tuple[DemoPortal, FaultyPortal]) -> None:
    vitoclient("subscribe", "update")
    vitoclient("download-service", "on")
    site[1].stop()
    assert vitoclient("downloads", "run")[0] == 1


def test_a_portal_that_was_not_asked_is_not_said_to_be_silent(service: DownloadService, site: tuple[DemoPortal, FaultyPortal]) -> None:
    assert not service.portal().offline
    service.subscribe("tarif", "x")
    assert not service.portal(refresh=False).offline
    site[1].stop()
    assert not service.portal(refresh=False).offline
    assert service.portal().offline
    assert service.portal(refresh=False).offline  # it did not answer when it was asked last
