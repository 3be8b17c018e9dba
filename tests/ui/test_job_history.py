"""The window *Protokoll Auftragsverlauf*: period and filters, sorting by titles, details, export for Excel."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from tests.support.accessibility import clashing_mnemonics, unnamed_widgets
from tests.ui.jobs_world import give_jobs
from tests.ui.keyboard import choose_days
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.errors import UnavailableError
from tray_agent.job_kinds import JobKey, Service
from tray_agent.jobs.claims import Claim
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.model import JobChange
from tray_agent.jobs.owed import Owed, Rest
from tray_agent.protocol.model import Activity, Level, Run, RunReason, RunState, RunTrigger
from tray_agent.schedules.codes import Frequency
from tray_agent.schedules.schedule import Schedule
from ui.dialogs.job_history import JobHistoryDialog
from ui.models.csv_export import write_csv
from ui.models.job_history import (
    HistoryFilter,
    attempts_text,
    csv_row,
    csv_titles,
    details,
    duration_text,
    remedy_of,
    short_text,
    success_sentence,
)
from ui.models.period import ALL_DAYS, Period, Preset, period_of
from ui.windows import DialogContext

ZURICH = ZoneInfo("Europe/Zurich")
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
RUN = Run(
    7, JobKey.SEND_MESSAGES, START, RunTrigger.BY_HAND, RunState.FAILED, "LABOR", START, START + timedelta(seconds=75), 1,
    {"sent": 1}, {}, 2, "no_credits", "Das Guthaben ist aufgebraucht.", 1,
)  # fmt: skip


def test_a_period_is_whole_days_of_the_practice() -> None:
    today = Period(date(2026, 10, 25), date(2026, 10, 25))
    since, until = today.since(ZURICH), today.until(ZURICH)
    assert since is not None
    assert until is not None
    assert until - since == timedelta(hours=25)
    assert ALL_DAYS.since(ZURICH) is None
    assert ALL_DAYS.until(ZURICH) is None


@pytest.mark.parametrize(
    ("preset", "first", "last"),
    [
        (Preset.TODAY, date(2026, 11, 23), date(2026, 11, 23)),
        (Preset.YESTERDAY, date(2026, 11, 22), date(2026, 11, 22)),
        (Preset.WEEK, date(2026, 11, 17), date(2026, 11, 23)),
        (Preset.MONTH, date(2026, 10, 25), date(2026, 11, 23)),
        (Preset.ALL, None, None),
    ],
)
def test_presets(preset: Preset, first: date | None, last: date | None) -> None:
    assert period_of(preset, date(2026, 11, 23)) == Period(first, last)


def test_a_period_may_be_impossible() -> None:
    assert not Period(date(2026, 2, 1), date(2026, 1, 1)).is_possible
    assert HistoryFilter().asked(ZURICH).since is None


def test_the_details_of_a_run() -> None:
    assert details(RUN, ZURICH).splitlines() == [
        "Mitteilungen senden, geplant 23.11.2026 10:00: Fehler (von Hand)",
        "Das Guthaben ist aufgebraucht.",
        "Begonnen 23.11.2026 10:00 auf LABOR, beendet 23.11.2026 10:01, Dauer 1 Min. 15 s.",
        "Im 2. Anlauf: Ein anderer Arbeitsplatz fiel vorher mittendrin aus.",
        "2 Probleme brauchen einen Blick.",
    ]
    waiting = replace(RUN, state=RunState.SKIPPED, started_at=None, finished_at=None, takeovers=0, problems=0, sentence="")
    assert details(waiting, ZURICH) == "Mitteilungen senden, geplant 23.11.2026 10:00: übersprungen (von Hand)"
    assert duration_text(waiting) == ""
    assert duration_text(replace(RUN, finished_at=START + timedelta(seconds=3.21))) == "3.2 s"


def test_the_details_tell_how_often_a_planned_time_was_tried() -> None:
    third = replace(RUN, trigger=RunTrigger.RETRY, attempt=3, takeovers=0, problems=0)
    owed = Owed(START, START + timedelta(minutes=17), "gateway", START, attempts=3)
    lines = details(third, ZURICH, owed).splitlines()
    assert lines[0] == "Mitteilungen senden, geplant 23.11.2026 10:00: Fehler (3. Versuch)"
    assert lines[-1] == "3 Versuche, zuletzt 10:00, nächster 10:17."
    assert details(third, ZURICH).splitlines()[-1] == "3 Versuche, zuletzt 10:00."
    assert attempts_text(third, ZURICH, replace(owed, attempts=4)) == "3 Versuche, zuletzt 10:00"
    assert attempts_text(third, ZURICH, replace(owed, next_at=START + timedelta(days=1))).endswith("nächster 24.11.2026 10:00")
    assert attempts_text(replace(third, folded=True), ZURICH, owed) == ""
    first = replace(third, trigger=RunTrigger.SCHEDULE, attempt=1)
    assert attempts_text(first, ZURICH) == ""
    assert attempts_text(first, ZURICH, replace(owed, attempts=1)) == "1 Versuch, zuletzt 10:00, nächster 10:17"
    assert attempts_text(replace(first, trigger=RunTrigger.BY_HAND), ZURICH, replace(owed, attempts=1)) == ""


def test_a_csv_file_opens_in_a_swiss_excel(tmp_path: Path) -> None:
    file = tmp_path / "verlauf.csv"
    run = replace(RUN, sentence='=HYPERLINK("http://x");"Böses"')
    assert write_csv(file, csv_titles(), [csv_row(run, ZURICH)]) == 1
    written = file.read_bytes()
    assert written.startswith(b"\xef\xbb\xbfGeplant;Auftrag;Status;")
    assert written.count(b"\r\n") == 2
    rows = list(csv.reader(written.decode("utf-8-sig").splitlines(), delimiter=";"))
    assert rows[1][:5] == ["23.11.2026 10:00", "Mitteilungen senden", "Fehler", "von Hand", "LABOR"]
    assert rows[1][-1].startswith("'=HYPERLINK")


def test_a_file_that_cant_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"konnte nicht geschrieben werden"):
        write_csv(tmp_path / "nirgends" / "verlauf.csv", (), [])
    assert list(tmp_path.glob("*.part")) == []


@pytest.fixture
def runs(agent: Agent, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives a history: three runs of two jobs, one failed, one of last month."""

    def work(context: JobContext) -> JobResult:
        context.log(Activity(Service.SMS, Level.ERROR, "no_contact", f"Patient von Lauf {context.run_id}"))
        if context.job is JobKey.UPDATE_STATUS:
            raise UnavailableError("Gateway antwortet nicht", "Der Gateway antwortet nicht.")
        return JobResult(sentence="2 Mitteilungen gesendet.")

    give_jobs(agent, monkeypatch, work=work)
    clock.set(START - timedelta(days=20))
    agent.jobs.run_now(JobKey.SEND_MESSAGES)
    clock.set(START)
    agent.jobs.run_now(JobKey.SEND_MESSAGES)
    clock.advance(timedelta(minutes=5))
    agent.jobs.run_now(JobKey.UPDATE_STATUS)


def opened(qtbot: QtBot, context: DialogContext, subject: object = None) -> JobHistoryDialog:
    dialog = JobHistoryDialog(replace(context, subject=subject))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.context.background.idle)
    return dialog


def column(dialog: JobHistoryDialog, place: int) -> list[str]:
    return [str(dialog.list.index(row, place).data()) for row in range(dialog.list.rowCount())]


@pytest.mark.usefixtures("runs")
def test_it_begins_with_the_last_week_the_newest_first(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    assert column(dialog, 0) == ["23.11.2026 10:05", "23.11.2026 10:00"]
    assert column(dialog, 2) == ["Fehler", "Erfolg"]
    assert dialog.heading._sentence.text() == success_sentence()
    assert dialog.windowTitle() == "Protokoll Auftragsverlauf"


@pytest.mark.usefixtures("runs")
def test_the_history_of_one_job(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context, JobKey.UPDATE_STATUS)
    assert dialog.windowTitle() == "Protokoll Auftragsverlauf: Status aktualisieren"
    assert column(dialog, 1) == ["Status aktualisieren"]


@pytest.mark.usefixtures("runs")
def test_filters_narrow_the_list(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    dialog.period.choose(Preset.ALL)
    qtbot.waitUntil(lambda: dialog.list.rowCount() == 3)
    dialog.state.setCurrentIndex(dialog.state.findText("Fehler"))
    qtbot.waitUntil(lambda: column(dialog, 1) == ["Status aktualisieren"])
    dialog.state.setCurrentIndex(0)
    choose_days(dialog.period, date(2026, 11, 1), date(2026, 11, 10))
    qtbot.waitUntil(lambda: column(dialog, 0) == ["03.11.2026 10:00"])
    qtbot.waitUntil(lambda: dialog.workstation.findText("EMPFANG1") > 0)
    dialog.workstation.setCurrentIndex(dialog.workstation.findText("EMPFANG1"))
    qtbot.waitUntil(lambda: dialog.context.background.idle)
    assert column(dialog, 4) == ["EMPFANG1"]


@pytest.mark.usefixtures("runs")
def test_an_impossible_period_is_told_and_asks_nothing(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    choose_days(dialog.period, date(2026, 11, 10), date(2026, 11, 1))
    assert "so gibt es keinen Zeitraum" in dialog.period_note.text
    assert column(dialog, 0) == ["23.11.2026 10:05", "23.11.2026 10:00"]


@pytest.mark.usefixtures("runs")
def test_every_title_sorts(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    dialog.period.choose(Preset.ALL)
    qtbot.waitUntil(lambda: dialog.list.rowCount() == 3)
    for place, declared in enumerate(dialog.list.columns):
        assert declared.sort, declared.title
        orders = []
        for order in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
            dialog.table.sortByColumn(place, order)
            qtbot.waitUntil(lambda: dialog.context.background.idle)
            orders.append(column(dialog, place))
        assert sorted(orders[0]) == sorted(orders[1])
        if len(set(orders[0])) > 1:
            assert orders[0] != orders[1], declared.title


@pytest.mark.usefixtures("runs")
def test_the_chosen_run_shows_what_it_did(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    dialog.table.selectRow(1)
    run = dialog.table.current
    assert run is not None
    assert dialog.activities.message == "Wird geladen …"
    qtbot.waitUntil(lambda: [row.sentence for row in dialog.lines.rows] == [f"Patient von Lauf {run.run_id}"])
    assert "2 Mitteilungen gesendet." in dialog.details.toPlainText()


@pytest.mark.usefixtures("runs")
def test_the_whole_list_is_exported(qtbot: QtBot, context: DialogContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = opened(qtbot, context)
    file = tmp_path / "verlauf.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (str(file), ""))
    dialog.export()
    qtbot.waitUntil(lambda: "2 Zeilen stehen in" in dialog.banner.text)
    assert len(file.read_text(encoding="utf-8-sig").splitlines()) == 3


@pytest.fixture
def three_attempts(agent: Agent, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives a planned time that was tried three times in vain, and is owed still."""
    give_jobs(agent, monkeypatch, work=lambda _context: JobResult(sentence="Gateway weg.", rest=Rest("gateway", number=3)))
    daily = Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(10, 10))
    agent.jobs.save([JobChange(JobKey.SEND_MESSAGES, daily, 1)], "Test")
    claims: list[Claim] = []
    while clock.now() < START + timedelta(minutes=17):
        clock.advance(timedelta(minutes=1))
        agent.jobs.settlement.settle(claims.append)
        while claims:
            agent.jobs.runner.run(claims.pop())


@pytest.mark.usefixtures("three_attempts")
def test_attempts_in_which_nothing_changed_are_shown_when_asked_for_and_always_exported(
    qtbot: QtBot, context: DialogContext, tmp_path: Path
) -> None:
    dialog = opened(qtbot, context)
    assert column(dialog, 3) == ["3. Versuch"]
    dialog.table.selectRow(0)
    qtbot.waitUntil(lambda: dialog.details.toPlainText().endswith("3 Versuche, zuletzt 10:16, nächster 10:24."))
    dialog.folded.setChecked(True)
    qtbot.waitUntil(lambda: column(dialog, 3) == ["3. Versuch", "2. Versuch", "Zeitplan"])
    dialog.folded.setChecked(False)
    qtbot.waitUntil(lambda: column(dialog, 3) == ["3. Versuch"])
    dialog.export_to(tmp_path / "verlauf.csv")
    qtbot.waitUntil(lambda: "3 Zeilen stehen in" in dialog.banner.text)


def test_an_export_that_is_not_wanted_writes_nothing(qtbot: QtBot, context: DialogContext, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = opened(qtbot, context)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: ("", ""))
    dialog.export()
    assert not dialog.is_busy
    assert dialog.banner.text == ""


def test_an_empty_history_says_why(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    assert dialog.table.message == "In diesem Zeitraum ist kein Lauf verzeichnet, oder die Filter verbergen ihn."
    assert dialog.activities.message == "Kein Lauf ist gewählt."
    assert dialog.details.toPlainText() == ""
    assert not dialog.remedy.isEnabled()


def test_the_window_can_be_heard_and_worked_by_keys(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    assert unnamed_widgets(dialog) == []
    assert clashing_mnemonics(dialog) == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (RunReason.SWITCH_OFF, "Schalter"),
        (RunReason.SCHEDULE_CHANGED, "Aufträge verwalten"),
        (RunReason.NOT_ABLE, "Einrichten"),
        (RunReason.DIED, "Aktivitäten/Fehler"),
        ("", "Aktivitäten/Fehler"),
    ],
)
def test_a_run_leads_to_what_helps(reason: str, words: str) -> None:
    assert remedy_of(replace(RUN, reason=reason)).words == words


@pytest.mark.usefixtures("runs")
def test_the_button_of_the_chosen_run_opens_what_helps(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    assert dialog.remedy.isEnabled()
    dialog.remedy.click()
    assert [window.objectName() for window in context.windows.opened] == ["activity"]


def test_times_of_the_planned_day_stand_without_it() -> None:
    assert short_text(None, RUN, ZURICH) == ""
    assert short_text(RUN.finished_at, RUN, ZURICH) == "10:01"
    assert short_text(START + timedelta(days=1), RUN, ZURICH) == "24.11.2026 10:00"
