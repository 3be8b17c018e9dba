"""The window *Info…*."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.jobs.engine import as_another_file
from tests.support.refusing import Refusing
from tray_agent import __version__
from tray_agent.agent import Agent
from tray_agent.config.settings import REMINDERS_ON
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import AgentKind, Lack, LackKind, Report
from tray_agent.jobs.model import Presence
from tray_agent.jobs.presence import Presences
from tray_agent.practice.model import Mandant
from tray_agent.tray.model import Restart
from ui.dialogs.info import InfoDialog
from ui.models.info import Workstation, as_lines, database_words, facts_of, licences, workstation_of
from ui.windows import DialogContext

TODAY = date(2026, 11, 23)


def test_licences_are_told_with_their_end() -> None:
    mandants = (
        Mandant("1", "B", licence_number="X1", licence_valid_until=date(2026, 11, 22)),
        Mandant("2", "A", licence_number="X2", licence_valid_until=TODAY),
        Mandant("3", "C"),
        Mandant("4", "D", licence_number="X4"),
    )
    assert licences(mandants, TODAY).splitlines() == [
        "A: X2, gültig bis 23.11.2026",
        "B: X1, abgelaufen am 22.11.2026",
        "C: keine Lizenznummer",
        "D: X4",
    ]
    assert licences((), TODAY) == "keine Mandanten"


def test_a_workstation_is_told_with_what_it_lacks_of_what_the_practice_uses() -> None:
    seen = datetime(2026, 11, 23, 9, tzinfo=UTC)
    lack, portal = Lack(LackKind.PASSWORD, "das SMS-Passwort von M1 fehlt"), Lack(LackKind.PORTAL, "kein Portal")
    lacks = {JobKey.SEND_MESSAGES: [lack], JobKey.UPDATE_STATUS: [lack], JobKey.DOWNLOAD: [portal]}
    report = Report("anna", AgentKind.SERVICE, lacks, software="2.68.1")
    there = Presence("a", "PC1", "1.0", seen, seen, scheduling=True, report=report)
    gone = Presence("b", "PC2", "0.9", seen, seen, scheduling=False, is_there=False)
    used, zone = (JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS), ZoneInfo("Europe/Zurich")
    assert workstation_of(there, "pc1", used, zone) == Workstation(
        "PC1 (dieser)", "anna", "1.0", "Dienst", "2.68.1",
        ("Mitteilungen senden, Status aktualisieren: das SMS-Passwort von M1 fehlt",), "jetzt", is_there=True,
    )  # fmt: skip
    assert workstation_of(gone, "PC1", used, zone) == Workstation(
        "PC2", "", "0.9", "", "", ("nicht bekannt",), "23.11.2026 10:00", is_there=False
    )  # fmt: skip


def test_a_store_that_takes_nothing_is_told_beside_its_address(agent: Agent) -> None:
    def told() -> str:
        return next(fact.value for fact in facts_of(agent) if fact.label == "Datenbank")

    assert told() == database_words(agent.machine.store_url)
    Refusing(agent.store, Refusing.ONLY_READABLE)
    assert "\nDatenbank nur lesbar: Die Datenbank ist nur lesbar" in told()


def test_store_of_another_computer_is_asked_about_here(
    context: DialogContext, qtbot: QtBot, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    Presences(agent.store, "x", "ALT", agent.clock).tell(timedelta(0))
    as_another_file(agent.store)
    dialog = InfoDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: "ALT" in dialog.banner.text)
    answers = iter([False, True])
    monkeypatch.setattr(dialog, "ask", lambda *_words: next(answers))
    dialog._adopting.click()
    assert agent.jobs.presences.strangers()
    dialog._adopting.click()
    qtbot.waitUntil(lambda: dialog.banner.text == "Dieser Computer sendet wieder.")
    assert not agent.jobs.presences.strangers()
    assert not dialog._adopting.isVisible()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:////srv/vitoclient/vitoclient.db", "SQLite-Datei /srv/vitoclient/vitoclient.db"),
        ("sqlite:///C:/Praxis/Daten%20neu/vitoclient.db", "SQLite-Datei C:/Praxis/Daten neu/vitoclient.db"),
        ("mssql+pyodbc://agent:geheim@SRV1:1433/vitomed?driver=ODBC+Driver+18", "vitomed auf SRV1:1433 (SQL Server)"),
        ("mssql+pyodbc://SRV1%5CPRAXIS/vitomed?trusted_connection=yes", "vitomed auf SRV1\\PRAXIS (SQL Server)"),
        ("postgresql+psycopg://agent:ge%40heim@db.local/praxis", "praxis auf db.local (PostgreSQL)"),
        ("mssql+pyodbc:///?odbc_connect=DRIVER%3DX%3BPWD%3Dgeheim", "mssql+pyodbc:///"),
    ],
)
def test_a_database_is_told_as_one_says_it_and_never_its_password(url: str, words: str) -> None:
    assert database_words(url) == words


def test_the_window_shows_what_it_can_and_says_what_it_can_not(qtbot: QtBot, context: DialogContext) -> None:
    dialog = InfoDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: bool(dialog.facts))
    told = {fact.label: fact.value for fact in dialog.facts}
    assert __version__ in told["Programm"]
    assert told["Lizenzen"]  # the practice's views are not there: the fault's title
    next(button for button in dialog.findChildren(QPushButton) if "kopieren" in button.text()).click()
    clipboard = QGuiApplication.clipboard()
    assert clipboard is not None
    assert f"Programm: vitoclient-Services {__version__}" in clipboard.text()


def test_workstations_stand_in_the_window_and_the_chosen_one_says_what_it_lacks(qtbot: QtBot, context: DialogContext, agent: Agent) -> None:
    agent.settings.save({REMINDERS_ON: True}, changed_by="test")
    lacks = {JobKey.SEND_MESSAGES: [Lack(LackKind.PASSWORD, "das SMS-Passwort von M1 fehlt")]}
    Presences(agent.store, "x", "LABOR", agent.clock, report=lambda: Report("mpa", AgentKind.TRAY, lacks)).tell(timedelta(0))
    dialog = InfoDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: bool(dialog.fleet.rows))
    assert dialog._unable.text() == "LABOR kann nicht:\nMitteilungen senden: das SMS-Passwort von M1 fehlt"
    assert not dialog._restart.isVisible()
    assert as_lines(dialog.fleet.rows).startswith("LABOR, mpa, ")


def test_a_program_older_than_the_store_is_told_and_may_be_started_anew(qtbot: QtBot, context: DialogContext, agent: Agent) -> None:
    assert agent.jobs.overview()
    with agent.store.begin() as connection:
        connection.exec_driver_sql("UPDATE schema_version SET version_num = '9999'")
    context.windows.state.can_restart = True
    dialog = InfoDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(dialog._restart.isVisible)
    assert "aktualisieren" in dialog.banner.text
    with qtbot.waitSignal(context.windows.state.chosen) as chosen:
        dialog._restart.click()
    assert chosen.args == [Restart()]
