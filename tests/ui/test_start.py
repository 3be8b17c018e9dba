"""The start page: every number against a query of its own and against the list that it opens; its states; what a refresh leaves alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot
from sqlalchemy import func, insert, select, text

from tests.ui.keyboard import press
from tests.ui.walk import clipped_texts
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.settings import REMINDERS_ON
from tray_agent.errors import KnownError
from tray_agent.job_kinds import JobKey, Service
from tray_agent.jobs.abilities import Lack, LackKind, Report
from tray_agent.jobs.model import Pause, PauseScope
from tray_agent.jobs.presence import Presences
from tray_agent.messages.outbox.model import OutboxFilter
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.model import Activity, Level
from tray_agent.start_page import Previewed, StartFacts, change_number, day_span, read_start
from tray_agent.store.database import Database
from tray_agent.store.tables import covered_day, credit_balance, message
from tray_agent.tray.model import (
    Action,
    AgentFacts,
    CheckNow,
    Concern,
    ConcernKind,
    DialogName,
    NextRun,
    OpenDialog,
    Resume,
    tray_state,
)
from ui.dialogs.info import InfoDialog
from ui.dialogs.outbox import OutboxDialog
from ui.dialogs.start import StartDialog
from ui.models.rail import rail
from ui.models.start import Content, Mood, Number, StartView, Way, scale_top, start_view, without_addresses
from ui.windows import DialogContext, Windows

ZONE = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
FACTS = AgentFacts(now=NOW, next_run=NextRun("Mitteilungen senden", NOW + timedelta(minutes=10)))
CALLS = Concern(
    "3 Patienten anders zu erinnern.", DialogName.CALLS, "Ihre Erinnerung kam nicht an.", ConcernKind.CALLS, 3, "3 Patienten anrufen"
)
TROUBLE = Concern("Mitteilungen senden: seit 08:36 nicht möglich.", DialogName.JOBS, "SMS-Gateway antwortet nicht.", ConcernKind.TROUBLE)
PAUSE = Pause(PauseScope.SENDING, NOW - timedelta(hours=1), None, "anna@EMPFANG")


def sent(number: int, at: datetime, state: str, **values: Any) -> dict[str, Any]:
    """Returns a message that was handed over at a time."""
    return {
        "reference": f"R{number}", "unique_key": f"k/{number}", "kind": "reminder", "state": state, "channel": "sms", "patient_id": "P1",
        "patient_name": "Muster Anna", "patient_sort": "muster", "patient_find": "muster", "subject": "", "text": "", "segments": 1,
        "cost": Decimal(1), "reason": "", "sentence": "", "appointment_at": at + timedelta(days=1), "next_at": at,
        "expires_at": at + timedelta(days=1), "token": 1, "version": 1, "attempts": 1, "prepared_at": at, "submitted_at": at,
        "times_asked": 0, "status_checks": 0, "reason_code": "", "standing": "", "mandant_id": "M1",
    } | values  # fmt: skip


@pytest.fixture
def filled(agent: Agent, clock: ManualClock) -> Agent:
    """Gives an agent whose outbox holds messages of today, of the last weeks, and of tomorrow's appointments."""
    now = clock.now()
    states = ("delivered", "delivered", "submitted", "buffered", "failed", "unknown")
    rows = [sent(number, now - timedelta(minutes=number), states[number % 6]) for number in range(25)]
    rows += [sent(100 + n, now - timedelta(days=n), states[n % 6], handled_at=now if n % 4 else None) for n in range(1, 40)]
    rows += [sent(200 + n, now, "prepared", submitted_at=None, appointment_at=now + timedelta(days=1, minutes=n)) for n in range(7)]
    rows += [
        sent(300 + n, now, state, submitted_at=None, reason=reason, channel=None, appointment_at=now + timedelta(days=1))
        for n, (state, reason) in enumerate([("error", "no_contact")] * 2 + [("cancelled", "provisional"), ("error", "licence_missing")])
    ]
    agent.store._server_clock = clock
    agent.settings.save({REMINDERS_ON: True}, "Anna")
    with agent.store.begin() as connection:
        connection.execute(insert(message), rows)
        connection.execute(insert(covered_day).values(job="prepare_reminders", day="2026-11-24", searched_at=now))
        connection.execute(insert(credit_balance).values(mandant_id="M1", measured_at=now, balance=Decimal(43)))
    return agent


def view_of(facts: StartFacts | None, agent: AgentFacts = FACTS, tomorrow: Previewed | KnownError | None = None) -> StartView:
    return start_view(tray_state(agent), facts, tomorrow, "Praxis am Bellevue", ZONE)


def content_of(facts: StartFacts, agent: AgentFacts = FACTS, tomorrow: Previewed | None = None) -> Content:
    content = view_of(facts, agent, tomorrow).content
    assert content is not None
    return content


def numbers_of(content: Content) -> Iterator[tuple[int, OpenDialog]]:
    """Gives every number of the page that counts rows of the outbox, with what it opens."""
    numbers: Sequence[Number] = [*content.today, *([content.tomorrow.number] if content.tomorrow.number else [])]
    ways: Sequence[Way] = [*content.tomorrow.reasons, *content.month.sums]
    for value, action in [*((one.value, one.action) for one in numbers), *((way.text.split()[0], way.action) for way in ways)]:
        assert isinstance(action, OpenDialog)
        yield int(value), action
    for bar in content.month.bars:
        yield -1, bar.action  # a bar tells a day: its rows are tried below


def test_every_number_of_the_outbox_is_that_of_the_list_it_opens(filled: Agent) -> None:
    facts = read_start(filled)
    tried = 0
    for value, action in numbers_of(content_of(facts)):
        assert action.dialog is DialogName.OUTBOX
        assert isinstance(action.shows, OutboxFilter)
        total = filled.messages.page(action.shows, limit=1000).total
        if value >= 0:
            assert total == value, action
            tried += 1
    assert tried >= 12
    for bar, day in zip(content_of(facts).month.bars, facts.days, strict=True):
        assert isinstance(bar.action.shows, OutboxFilter)
        assert filled.messages.page(bar.action.shows, limit=1000).total == day.number


@pytest.mark.parametrize(
    ("place", "condition"),
    [
        (0, "state in ('submitted', 'buffered', 'delivered', 'failed', 'unknown')"),
        (1, "state = 'delivered'"),
        (2, "state in ('submitted', 'buffered')"),
        (3, "state in ('failed', 'unknown')"),
    ],
)
def test_todays_numbers_are_those_of_a_query_of_its_own(filled: Agent, place: int, condition: str) -> None:
    today = "submitted_at >= '2026-11-22 23:00:00' and submitted_at < '2026-11-23 23:00:00'"
    with filled.store.read() as connection:
        wanted = connection.execute(select(func.count()).select_from(message).where(text(today), text(condition))).scalar_one()
    number = content_of(read_start(filled)).today[place]
    assert number.value == str(wanted)
    assert wanted > 0


def test_today_adds_up_and_what_did_not_arrive_is_red_and_leads_to_the_call_list(filled: Agent) -> None:
    sent_, arrived, under_way, missed = content_of(read_start(filled)).today
    assert int(sent_.value) == int(arrived.value) + int(under_way.value) + int(missed.value)
    assert [one.word for one in (sent_, arrived, under_way, missed)] == ["gesendet", "zugestellt", "unterwegs", "nicht angekommen"]
    assert (missed.mood, missed.leads_to) == (Mood.TROUBLE, OpenDialog(DialogName.CALLS))
    assert arrived.name == f"{arrived.value} zugestellt"


def test_tomorrow_comes_from_the_outbox_once_it_is_prepared_with_a_link_for_each_reason(filled: Agent) -> None:
    tomorrow = content_of(read_start(filled)).tomorrow
    assert tomorrow.number is not None
    assert tomorrow.others == "4 nicht:"
    assert [way.text for way in tomorrow.reasons] == ["2 ohne Nummer", "1 provisorisch", "1 aus anderem Grund"]
    assert tomorrow.hint == "Termine am Di 24.11."


def test_the_store_is_read_in_one_transaction(filled: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    read_start(filled)
    opened: list[Database] = []
    connect = Database._connect

    def counted(database: Database) -> Any:
        opened.append(database)
        return connect(database)

    monkeypatch.setattr(Database, "_connect", counted)
    read_start(filled)
    assert opened == [filled.store]


def test_ready_workstations_are_those_that_the_window_info_shows_without_a_lack(qtbot: QtBot, filled: Agent, windows: Windows) -> None:
    lack = Lack(LackKind.PASSWORD, "das SMS-Passwort fehlt")
    reports = {"PC1": Report("anna"), "PC2": Report("beat", lacks={JobKey.SEND_MESSAGES: [lack]}), "PC3": Report("carla")}
    for name, report in reports.items():
        there = Presences(filled.store, f"o-{name}", name, filled.clock, report=lambda report=report: report)  # type: ignore[misc]
        there.tell(timedelta())
    there.leave()
    side = content_of(read_start(filled)).side[2]
    assert (side.number.text, side.number.action) == ("1 von 3 bereit", OpenDialog(DialogName.INFO))
    assert side.text == "nicht bereit: PC2, PC3"
    info = windows.open(DialogName.INFO)
    assert isinstance(info, InfoDialog)
    from ui.models.info import fleet_of

    rows = fleet_of(filled).rows
    assert (sum(row.is_there and not row.unable for row in rows), len(rows)) == (1, 3)


def test_the_balance_is_the_last_measured_with_its_time(filled: Agent) -> None:
    from tray_agent.messages.work.credits import Account, kept_credits
    from tray_agent.store.settings import read_settings

    with filled.store.read() as connection:
        accounts = kept_credits(connection, [Account("konto", ("M1",))], {}, read_settings(connection), filled.clock.now())
    side = content_of(replace(read_start(filled), accounts=accounts)).side[0]
    assert side.number.text == "43 Credits"
    assert "Stand 10:00" in side.text
    assert side.mood is Mood.WARNING
    assert content_of(read_start(filled)).side[0].number.action == OpenDialog(DialogName.SETUP)  # no account is set up here


# The lists that open


def test_a_click_on_a_number_opens_the_outbox_with_exactly_its_rows(qtbot: QtBot, filled: Agent, windows: Windows) -> None:
    dialog = shown(qtbot, windows)
    arrived = dialog.today.cells[1]
    arrived.link.click()
    outbox = next(window for window in windows.opened if isinstance(window, OutboxDialog))
    qtbot.waitUntil(lambda: windows.background.idle and outbox.list.rowCount() == int(arrived.link.text()), timeout=20_000)
    everything = dialog.today.cells[0]
    everything.link.click()  # the same window shows others then
    qtbot.waitUntil(lambda: windows.background.idle and outbox.list.rowCount() == int(everything.link.text()), timeout=20_000)
    assert len([window for window in windows.opened if isinstance(window, OutboxDialog)]) == 1


def test_enter_on_a_day_of_the_chart_opens_that_days_rows(qtbot: QtBot, filled: Agent, windows: Windows) -> None:
    dialog = shown(qtbot, windows)
    chart = dialog.month.chart
    chart.setFocus()
    press(chart, Qt.Key.Key_Left)
    assert chart.accessibleDescription() == chart.bars[-1].sentence
    press(chart, Qt.Key.Key_Return)
    outbox = next(window for window in windows.opened if isinstance(window, OutboxDialog))
    day = read_start(filled).days[-1]
    qtbot.waitUntil(lambda: windows.background.idle and outbox.list.rowCount() == day.number, timeout=20_000)
    assert chart.tooltip_at(QPointF(chart.area_of(29).center())) == chart.bars[-1].sentence


# States


def test_what_is_to_be_done_comes_first_three_at_the_most_and_the_first_is_the_main_button(
    qtbot: QtBot, filled: Agent, windows: Windows
) -> None:
    others = tuple(Concern(f"Frage {number}.", DialogName.QUESTIONS, kind=ConcernKind.QUESTION, number=1) for number in range(3))
    dialog = shown(qtbot, windows, replace(FACTS, concerns=(CALLS, *others, TROUBLE)))
    assert dialog.head.title.text() == "5 Dinge sind zu erledigen"
    assert [one.text() for one in dialog.remedies] == ["Anrufliste öffnen", "Jetzt entscheiden", "Jetzt entscheiden"]
    assert [one.isDefault() for one in dialog.remedies] == [True, False, False]
    dialog._show_all()
    assert len(dialog.remedies) == 5
    chosen: list[Action] = []
    windows.state.chosen.connect(chosen.append)
    dialog.remedies[4].click()
    assert chosen == [CheckNow()]


def test_a_pause_says_who_where_and_what_waits_and_its_button_ends_it(qtbot: QtBot, filled: Agent, windows: Windows) -> None:
    dialog = shown(qtbot, windows, replace(FACTS, pause=PAUSE))
    (row,) = dialog.to_do.rows
    assert "Pausiert von anna auf EMPFANG, heute um 09:00." in row.message
    assert "7 Erinnerungen für morgen warten." in row.message
    assert "warten" in dialog.tomorrow.sentence.text()
    chosen: list[Action] = []
    windows.state.chosen.connect(chosen.append)
    press(dialog, Qt.Key.Key_Return)
    assert chosen == [Resume()]


def test_where_nothing_is_set_up_there_is_one_way_on_and_what_cant_work_is_grey(qtbot: QtBot, agent: Agent, windows: Windows) -> None:
    dialog = shown(qtbot, windows, AgentFacts(now=NOW, is_set_up=False))
    assert dialog.first_steps.isVisible()
    assert not dialog.today.isVisible()
    assert dialog.first_steps.start.isDefault()
    grey = [entry.entry.label for entry in dialog.rail.entries if not entry.isEnabled()]
    assert grey == ["Anrufliste", "Vorschau", "Versand-Queue", "Credits", "Aufträge verwalten", "Schalter", "Textvorlagen"]


def test_a_database_that_is_away_leaves_no_stale_number(qtbot: QtBot, filled: Agent, windows: Windows) -> None:
    dialog = shown(qtbot, windows)
    assert dialog.today.isVisible()
    windows.state.show(tray_state(AgentFacts(now=NOW, database_away=True)))
    assert not dialog.today.isVisible()
    assert dialog.head.title.text() == "Datenbank nicht erreichbar"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Der Server sms.example.ch:443 antwortet nicht. Später wird es versucht.", "Später wird es versucht."),
        ("Fehler 0x80072EE7 bei https://portal.example.ch/x. Das Netzwerk prüfen.", "Das Netzwerk prüfen."),
        ("Die Datei C:\\Daten\\x ist voll. Platz schaffen.", "Platz schaffen."),
        ("Nächster Versuch um 10:37, es geht nichts verloren.", "Nächster Versuch um 10:37, es geht nichts verloren."),
        ("10.0.0.7 antwortet nicht.", ""),
    ],
)
def test_a_banner_tells_no_address_and_no_code(said: str, told: str) -> None:
    assert without_addresses(said) == told


@pytest.mark.parametrize(("highest", "top"), [(0, 2), (2, 2), (3, 4), (7, 20), (52, 60), (61, 200), (401, 600)])
def test_the_scale_ends_at_a_round_number_above_the_highest_bar(highest: int, top: int) -> None:
    assert scale_top(highest) == top


def test_the_rail_tells_what_waits_what_is_new_and_what_runs_low() -> None:
    low = Concern("x", DialogName.CREDITS, kind=ConcernKind.CREDITS, number=1)
    errors = Concern("x", DialogName.ACTIVITY, kind=ConcernKind.ERRORS, number=120)
    groups = rail(replace(FACTS, new_downloads=2, concerns=(CALLS, low, errors)))
    pills = {entry.label: entry.pill.text for group in groups for entry in group if entry.pill}
    assert pills == {"Anrufliste": "3", "Download-Liste": "2", "Credits": "!", "Aktivitäten/Fehler": "99+"}
    assert [entry.label for entry in groups[-1]] == ["Pausieren", "Info", "Beenden"]
    assert [entry.label for entry in rail(replace(FACTS, pause=PAUSE))[-1]] == ["Fortsetzen", "Info", "Beenden"]


# What stays where it is


def test_a_refresh_leaves_the_keyboard_where_it_is_and_follows_what_happened(qtbot: QtBot, filled: Agent, windows: Windows) -> None:
    dialog = shown(qtbot, windows, replace(FACTS, concerns=(CALLS, TROUBLE)))
    before = {widget: widget.geometry() for widget in (dialog.today, dialog.tomorrow, dialog.month, dialog.side)}
    second = dialog.remedies[1]
    second.setFocus()
    with filled.store.begin() as connection:
        connection.execute(insert(message), [sent(900, filled.clock.now(), "delivered")])
    arrived = int(dialog.today.cells[1].link.text())
    windows.state.show(tray_state(replace(FACTS, concerns=(replace(CALLS, number=4, title="4 Patienten anrufen"), TROUBLE))))
    qtbot.waitUntil(lambda: dialog.today.cells[1].link.text() == str(arrived + 1), timeout=20_000)
    assert dialog.focusWidget() is second
    assert {widget: widget.geometry() for widget in before} == before


def test_nothing_is_cut_off_in_any_state(qtbot: QtBot, filled: Agent, windows: Windows) -> None:
    for facts in (FACTS, replace(FACTS, concerns=(CALLS, TROUBLE)), replace(FACTS, pause=PAUSE), AgentFacts(now=NOW, is_set_up=False)):
        dialog = shown(qtbot, windows, facts)

        def all_have_room(dialog: QWidget = dialog) -> None:
            assert clipped_texts(dialog) == []

        qtbot.waitUntil(all_have_room, timeout=10_000)


def insert_one(agent: Agent) -> None:
    with agent.store.begin() as connection:
        connection.execute(insert(message), [sent(901, agent.clock.now(), "delivered")])


DID: dict[str, Callable[[Agent], object]] = {
    "sent": insert_one,
    "decided": lambda agent: agent.messages.cancel([1], "Anna"),
    "paused": lambda agent: agent.jobs.pause(PauseScope.SENDING, None, "Anna"),
    "logged": lambda agent: ActivityLog(agent.store, "PC").write([Activity(Service.SMS, Level.ERROR, "x", "Fehler.")]),
    "switched": lambda agent: agent.settings.save({REMINDERS_ON: False}, "Anna"),
}


@pytest.mark.parametrize("what", sorted(DID))
def test_the_change_number_tells_what_another_workstation_did(filled: Agent, clock: ManualClock, what: str) -> None:
    if what == "decided":
        with filled.store.begin() as connection:
            connection.execute(message.update().where(message.c.id == 1).values(state="prepared"))
    before = change_number(filled)
    assert change_number(filled) == before
    clock.advance(timedelta(seconds=1))
    DID[what](filled)
    assert change_number(filled) != before


def test_log_that_is_cleared_elsewhere_is_a_change(filled: Agent) -> None:
    log = filled.jobs.log
    log.write([Activity(Service.SMS, Level.ERROR, "x", "Fehler.")])
    before = change_number(filled)
    log.hide(Service.SMS, log.newest_id(Service.SMS))
    assert change_number(filled) != before


def shown(qtbot: QtBot, windows: Windows, facts: AgentFacts = FACTS) -> StartDialog:
    """Opens the page and waits until it has read what it shows."""
    windows.state.show(tray_state(facts))
    dialog = windows.open(DialogName.START)
    assert isinstance(dialog, StartDialog)
    qtbot.waitUntil(lambda: windows.background.idle, timeout=20_000)
    places: list[list[object]] = []

    def is_laid_out() -> bool:
        """Returns whether what came last has its place: nothing moved since the look before."""
        places.append([widget.geometry() for widget in dialog.findChildren(QWidget)])
        return len(places) > 2 and places[-1] == places[-2] == places[-3]

    qtbot.waitUntil(is_laid_out, timeout=20_000)
    return dialog


def test_span_of_a_day_is_the_practices() -> None:
    assert day_span(NOW.date(), ZONE).since.astimezone(UTC) == datetime(2026, 11, 22, 23, 0, tzinfo=UTC)


def test_the_window_without_a_state_says_that_it_starts(qtbot: QtBot, context: DialogContext) -> None:
    dialog = StartDialog(context)
    qtbot.addWidget(dialog)
    assert dialog.head.title.text() == "Wird gestartet …"
