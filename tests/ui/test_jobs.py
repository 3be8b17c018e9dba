"""The window *Aufträge verwalten*: rows, context menu, hints while editing, running now, saving and leaving."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from PyQt6.QtCore import Qt, QTime
from PyQt6.QtWidgets import QApplication, QMenu, QMessageBox
from pytestqt.qtbot import QtBot
from sqlalchemy import update

from tests.support.accessibility import clashing_mnemonics, unnamed_widgets
from tests.ui.jobs_world import Yes, choose, choose_from_menu, click_checkbox, give_jobs, gone, menu_titles, open_jobs, settled
from tests.ui.keyboard import ask_for_menu, press
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.settings import QUIET_UNTIL, REMINDERS_ON
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.claims import Claim
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.model import JobChange, PauseScope
from tray_agent.jobs.owed import Owed, Rest, Trouble
from tray_agent.protocol.model import Run, RunState, RunTrigger
from tray_agent.schedules.codes import Frequency, Weekdays
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.tables import job
from tray_agent.tray.model import DialogName
from ui.dialogs.job_history import JobHistoryDialog
from ui.dialogs.jobs import JobsDialog
from ui.dialogs.schedule import ScheduleDialog
from ui.look.icons import Status
from ui.models.day_timeline import MarkKind
from ui.models.jobs import JobsModel, who_runs_them
from ui.models.schedule import ScheduleSubject
from ui.widgets.dialog import Dialog
from ui.windows import Windows

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SEND, UPDATE, PREPARE = JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS, JobKey.PREPARE_REMINDERS


@pytest.fixture
def dialog(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> JobsDialog:
    give_jobs(agent, monkeypatch)
    return open_jobs(qtbot, windows)


def stored(agent: Agent, key: JobKey) -> Schedule:
    return next(row.schedule for row in agent.jobs.overview() if row.key is key)


def test_a_row_says_schedule_next_run_and_result(dialog: JobsDialog) -> None:
    row = dialog.model.row(SEND)
    assert dialog.model.schedule_text(row) == "Täglich um 10:10"
    assert dialog.model.next_text(row) == "nicht aktiviert"
    assert dialog.model.result_text(row) == "noch nie gelaufen"
    assert [column.title for column in dialog.list.columns] == ["Aktiviert", "Auftrag", "Nächster Lauf", "Letztes Ergebnis"]
    heard = dialog.list.index(list(JobKey).index(SEND), 1).data(Qt.ItemDataRole.AccessibleTextRole)
    assert heard == "Mitteilungen senden, Täglich um 10:10"


def test_nothing_is_written_before_saving(qtbot: QtBot, dialog: JobsDialog, agent: Agent) -> None:
    before = agent.jobs.overview()
    click_checkbox(dialog, SEND)
    assert dialog.model.row(SEND).enabled
    assert dialog.model.next_text(dialog.model.row(SEND)) == "heute 10:10"
    assert agent.jobs.overview() == before
    dialog.save_and_close()
    qtbot.waitUntil(lambda: gone(dialog))
    assert [row.key for row in agent.jobs.overview() if row.enabled] == [SEND]


def test_a_tick_taken_back_is_no_change(qtbot: QtBot, dialog: JobsDialog) -> None:
    click_checkbox(dialog, SEND)
    assert dialog.has_unsaved_changes()
    assert (dialog._unsaved.isVisible(), dialog._unsaved.text()) == (True, "1 Änderung")
    click_checkbox(dialog, SEND)
    assert not dialog.has_unsaved_changes()
    assert not dialog._unsaved.isVisible()


def test_leaving_asks_and_then_writes_nothing(qtbot: QtBot, dialog: JobsDialog, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    click_checkbox(dialog, SEND)
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: QMessageBox.StandardButton.Cancel)
    press(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: QMessageBox.StandardButton.Discard)
    press(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert not any(row.enabled for row in agent.jobs.overview())


def test_the_space_bar_ticks_the_chosen_job(dialog: JobsDialog) -> None:
    choose(dialog, UPDATE)
    press(dialog.table, Qt.Key.Key_Space)
    assert dialog.model.row(UPDATE).enabled


def test_all_rows_are_seen_without_scrolling(dialog: JobsDialog) -> None:
    up_and_down = dialog.table.verticalScrollBar()
    assert up_and_down is not None
    assert up_and_down.maximum() == 0


def waiting(dialog: JobsDialog, owed: Owed | None, key: JobKey = SEND) -> tuple[str, str]:
    """Returns what the columns of the last result and the next run say where something is owed."""
    model = JobsModel(dialog.zone)
    jobs = [replace(row.stored, owed=owed) if row.key is key else row.stored for row in dialog.model.rows]
    model.show(jobs, START)
    return model.result_text(model.row(key)), model.next_text(model.row(key))


def test_a_job_that_waits_says_when_it_is_tried_again(dialog: JobsDialog) -> None:
    owed = Owed(START, START + timedelta(minutes=12), "gateway", START, trouble=Trouble.UNTOLD, attempts=2)
    assert waiting(dialog, owed) == ("nächster Versuch 10:12", "nicht aktiviert")
    tomorrow = replace(owed, next_at=START + timedelta(hours=22))
    assert waiting(dialog, tomorrow)[0] == "nächster Versuch morgen 08:00"
    assert waiting(dialog, replace(owed, next_at=None))[0] == "wartet, bis der Grund behoben ist"
    assert waiting(dialog, replace(owed, next_at=START))[0] == "wartet auf Versuch 3"


def test_what_only_takes_time_is_told_calmly(dialog: JobsDialog) -> None:
    owed = Owed(START, START + timedelta(minutes=80), "open", START, attempts=2)
    assert waiting(dialog, owed, UPDATE)[0] == "fragt um 11:20 wieder nach"
    assert waiting(dialog, owed)[0] == "geht um 11:20 weiter"
    assert waiting(dialog, replace(owed, next_at=None))[0] == "noch nie gelaufen"


def result_of(dialog: JobsDialog, run: Run, days: int = 0) -> str:
    model = JobsModel(dialog.zone)
    model.show([replace(row.stored, last_run=run) for row in dialog.model.rows], START + timedelta(days=days))
    return model.result_text(model.row(SEND))


def test_a_result_is_told_in_one_line(dialog: JobsDialog) -> None:
    run = Run(
        1, SEND, START, RunTrigger.SCHEDULE, RunState.SUCCEEDED, "LABOR", START, START, 1, {}, {}, 0, "", "34 gesendet. 8 warten.",
    )  # fmt: skip
    assert result_of(dialog, run) == "heute 10:00: 34 gesendet. 8 warten"
    assert result_of(dialog, run, days=1) == "gestern 10:00: 34 gesendet. 8 warten"
    assert result_of(dialog, run, days=2) == "23.11.2026 10:00: 34 gesendet. 8 warten"
    assert result_of(dialog, replace(run, state=RunState.FAILED)) == "heute 10:00, Fehler: 34 gesendet. 8 warten"
    assert result_of(dialog, replace(run, sentence="")) == "heute 10:00: Erfolg"
    assert result_of(dialog, replace(run, state=RunState.RUNNING, sentence="")) == "läuft seit 10:00"


def test_who_runs_the_jobs() -> None:
    assert who_runs_them(()) == ""
    assert who_runs_them(("EMPFANG1", "EMPFANG1")) == "EMPFANG1 führt die Aufträge aus."
    assert who_runs_them(("LABOR", "EMPFANG1")) == "Jeden Auftrag führt einer der 2 Arbeitsplätze aus, die an sind."


def test_trouble_is_told_by_its_picture(dialog: JobsDialog) -> None:
    column = dialog.list.columns[3]
    assert column.status is not None
    row = dialog.model.row(SEND)
    run = Run(1, SEND, START, RunTrigger.SCHEDULE, RunState.SUCCEEDED, "LABOR", START, START, 1, {}, {}, 0, "", "Gateway weg.")
    for trouble, status in ((Trouble.NONE, Status.SUCCESS), (Trouble.UNTOLD, Status.WARNING), (Trouble.TOLD, Status.ERROR)):
        stored = replace(row.stored, last_run=run, owed=Owed(START, None, "gateway", START, trouble=trouble, attempts=1))
        assert column.status(replace(row, stored=stored)) is status


def test_what_happened_stands_on_the_day(qtbot: QtBot, dialog: JobsDialog, agent: Agent) -> None:
    agent.jobs.run_now(UPDATE)
    qtbot.waitUntil(lambda: settled(dialog) and any(mark.run is not None for mark in dialog.timeline.marks))
    assert [mark.job for mark in dialog.timeline.marks if mark.kind is MarkKind.HAPPENED] == [UPDATE]
    assert {mark.job for mark in dialog.timeline.marks if mark.kind is MarkKind.OFF} == set(JobKey)
    dialog.go(1)
    qtbot.waitUntil(lambda: settled(dialog) and not any(mark.run for mark in dialog.timeline.marks))


def test_the_line_of_the_present_moves_on(dialog: JobsDialog, clock: ManualClock) -> None:
    clock.advance(timedelta(minutes=7))
    dialog._tick.timeout.emit()
    assert dialog.timeline.now_here == clock.now()


def test_a_person_ends_what_is_tried_again(
    qtbot: QtBot, windows: Windows, agent: Agent, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_jobs(agent, monkeypatch, work=lambda _context: JobResult(sentence="Gateway weg.", rest=Rest("gateway", number=3)))
    agent.jobs.save([JobChange(SEND, replace(stored(agent, SEND), enabled=True), 1)], "Test")
    clock.set(START + timedelta(minutes=10))
    claims: list[Claim] = []
    agent.jobs.settlement.settle(claims.append)
    agent.jobs.runner.run(claims[0])
    dialog, yes = open_jobs(qtbot, windows), Yes()
    monkeypatch.setattr(dialog, "ask", yes)
    choose(dialog, UPDATE)
    assert dialog.abandon_button.isHidden()
    choose(dialog, SEND)
    assert not dialog.abandon_button.isHidden()
    assert dialog.model.result_text(dialog.model.row(SEND)) == "heute 10:10: Gateway weg, nächster Versuch 10:12"
    assert dialog.model.result_details(dialog.model.row(SEND)) == "Erfolg, 23.11.2026 10:10 auf EMPFANG1\nGateway weg."
    dialog.abandon_button.click()
    qtbot.waitUntil(lambda: settled(dialog) and dialog.abandon_button.isHidden())
    assert yes.questions == ["Mitteilungen senden: nicht weiter versuchen?"]
    assert agent.jobs.owed() == {}
    assert dialog.model.result_text(dialog.model.row(SEND)) == "heute 10:10: Gateway weg"


def test_the_context_menu_has_exactly_three_entries(dialog: JobsDialog) -> None:
    assert menu_titles(dialog.context_menu()) == ["Zeitplan", "Protokoll Auftragsverlauf", "Jetzt ausführen"]


def test_a_right_click_opens_the_menu_of_the_row_under_the_mouse(qtbot: QtBot, dialog: JobsDialog) -> None:
    ask_for_menu(dialog.table, dialog.list.index(list(JobKey).index(SEND), 1))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert dialog.table.current is not None
    assert dialog.table.current.key is SEND
    menu.close()


def test_the_menu_key_opens_the_menu_of_the_chosen_row(dialog: JobsDialog) -> None:
    choose(dialog, UPDATE)
    ask_for_menu(dialog.table)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert dialog.table.current is not None
    assert dialog.table.current.key is UPDATE
    menu.close()


def test_the_order_is_checked_while_one_edits(qtbot: QtBot, dialog: JobsDialog) -> None:
    assert "Kein Auftrag ist aktiviert" in dialog.model.good_news
    click_checkbox(dialog, PREPARE)
    qtbot.waitUntil(lambda: settled(dialog) and bool(dialog.model.hints))
    assert any("«Mitteilungen senden» ist nicht aktiviert" in hint for hint in dialog.model.hints)
    click_checkbox(dialog, SEND)
    click_checkbox(dialog, UPDATE)
    qtbot.waitUntil(lambda: settled(dialog) and not dialog.model.hints)
    assert dialog.model.good_news == "Die Zeitpläne passen zusammen."


def test_quiet_hours_are_warned_of(qtbot: QtBot, dialog: JobsDialog, agent: Agent) -> None:
    agent.settings.save({QUIET_UNTIL: "11:00"}, changed_by="test")
    click_checkbox(dialog, SEND)
    qtbot.waitUntil(lambda: settled(dialog) and any("Ruhezeit" in hint for hint in dialog.model.hints))
    assert dialog.model.row(SEND).warnings
    assert dialog.timeline.plan is not None
    assert [run.quiet for run in dialog.timeline.plan.runs] == [True]


def test_a_switch_that_stands_on_nein_is_told(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    give_jobs(agent, monkeypatch, off=(SEND,))
    dialog = open_jobs(qtbot, windows)
    click_checkbox(dialog, SEND)
    assert dialog.model.hints[0] == (
        "«Mitteilungen senden» ist aktiviert, wird aber nicht ausgeführt: "
        "Der Schalter SMSService.TerminerinnerungSenden oder SMSService.GeburtstagsglückwünscheSenden steht auf Nein."
    )


def test_a_pause_is_told(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    give_jobs(agent, monkeypatch)
    agent.jobs.pause(PauseScope.SENDING, None, "Anna")
    dialog = open_jobs(qtbot, windows)
    assert dialog.model.hints == ("Anna hat das Senden angehalten, bis jemand im Menü des Symbols «Fortsetzen» wählt.",)


def test_the_day_changes_while_a_schedule_is_edited(qtbot: QtBot, dialog: JobsDialog, agent: Agent) -> None:
    click_checkbox(dialog, SEND)
    choose(dialog, SEND)
    dialog.open_schedule()
    schedule = dialog._schedules[SEND]
    assert isinstance(schedule, ScheduleDialog)
    schedule.at.setTime(QTime(14, 45))
    qtbot.waitUntil(lambda: settled(dialog) and planned(dialog) == ["14:45"])
    schedule.reject()
    qtbot.waitUntil(lambda: settled(dialog) and planned(dialog) == ["10:10"])
    assert dialog.has_unsaved_changes()


def planned(dialog: JobsDialog) -> list[str]:
    assert dialog.timeline.plan is not None
    return [f"{run.at:%H:%M}" for run in dialog.timeline.plan.runs]


def test_the_schedule_comes_back_and_is_saved_here(qtbot: QtBot, dialog: JobsDialog, agent: Agent, windows: Windows) -> None:
    before = stored(agent, SEND)
    choose(dialog, SEND)
    dialog.open_schedule()
    schedule = dialog._schedules[SEND]
    assert isinstance(schedule, ScheduleDialog)
    schedule.at.setTime(QTime(10, 30))
    schedule.save_and_close()
    assert not schedule.isVisible()
    assert dialog.model.schedule(SEND).start_time == time(10, 30)
    assert stored(agent, SEND) == before
    dialog.save_and_close()
    qtbot.waitUntil(lambda: gone(dialog))
    assert stored(agent, SEND) == dialog.model.schedule(SEND)


def test_the_schedule_of_a_job_opens_once(dialog: JobsDialog, windows: Windows) -> None:
    choose(dialog, SEND)
    dialog.open_schedule()
    dialog.open_schedule()
    assert sum(isinstance(window, ScheduleDialog) for window in windows.opened) == 1


def test_leaving_leaves_through_the_open_schedule(qtbot: QtBot, dialog: JobsDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(dialog, SEND)
    dialog.open_schedule()
    schedule = dialog._schedules[SEND]
    assert isinstance(schedule, ScheduleDialog)
    schedule.at.setTime(QTime(14, 45))
    monkeypatch.setattr(schedule, "ask_unsaved", lambda: QMessageBox.StandardButton.Cancel)
    dialog.reject()
    assert dialog.isVisible()
    assert schedule.isVisible()
    monkeypatch.setattr(schedule, "ask_unsaved", lambda: QMessageBox.StandardButton.Save)
    monkeypatch.setattr(dialog, "ask_unsaved", lambda: QMessageBox.StandardButton.Cancel)
    dialog.reject()
    assert dialog.isVisible()
    assert dialog.model.schedule(SEND).start_time == time(14, 45)


def test_what_somebody_else_saved_is_not_overwritten(qtbot: QtBot, dialog: JobsDialog, agent: Agent) -> None:
    click_checkbox(dialog, SEND)
    qtbot.waitUntil(lambda: settled(dialog))
    row = next(row for row in agent.jobs.overview() if row.key is SEND)
    agent.jobs.save([JobChange(SEND, replace(row.schedule, start_time=time(16)), row.version)], "Labor")
    dialog.save_and_close()
    qtbot.waitUntil(lambda: "inzwischen geändert" in dialog.banner.text and settled(dialog))
    assert dialog.isVisible()
    qtbot.waitUntil(lambda: dialog.model.schedule(SEND).start_time == time(16))
    assert not dialog.has_unsaved_changes()
    assert not dialog.model.row(SEND).enabled


def test_what_changes_elsewhere_is_shown_and_edits_stay(qtbot: QtBot, dialog: JobsDialog, agent: Agent) -> None:
    click_checkbox(dialog, UPDATE)
    row = next(row for row in agent.jobs.overview() if row.key is SEND)
    agent.jobs.save([JobChange(SEND, replace(row.schedule, start_time=time(16)), row.version)], "Labor")
    dialog.reload()
    qtbot.waitUntil(lambda: dialog.model.schedule(SEND).start_time == time(16))
    assert dialog.model.row(UPDATE).enabled


def test_what_runs_meanwhile_is_shown(qtbot: QtBot, dialog: JobsDialog, agent: Agent) -> None:
    listening = len(agent.job_events._listeners)
    agent.jobs.run_now(UPDATE)
    qtbot.waitUntil(lambda: dialog.model.result_text(dialog.model.row(UPDATE)).startswith("heute 10:"))
    dialog.done(0)
    agent.jobs.run_now(SEND)
    assert len(agent.job_events._listeners) == listening - 1  # the dialog's own; the agent itself goes on listening


def test_running_now_shows_progress_and_the_result(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()

    def work(context: JobContext) -> JobResult:
        context.progress(3, 12, "Müller Anna")
        goes_on.wait(30)
        return JobResult(counts={"sent": 12}, sentence="12 Mitteilungen gesendet.")

    give_jobs(agent, monkeypatch, work=work)
    monkeypatch.setattr(Dialog, "ask", Yes())
    dialog = open_jobs(qtbot, windows)
    choose(dialog, SEND)
    dialog.run_button.click()
    qtbot.waitUntil(lambda: dialog.run_bar.bar.maximum() > 0)
    assert dialog.run_bar.isVisible()
    assert dialog.run_bar.bar.format() == "Mitteilungen senden: Müller Anna"
    assert not dialog.run_button.isEnabled()
    assert not dialog.context_menu().actions()[2].isEnabled()
    goes_on.set()
    qtbot.waitUntil(lambda: not dialog.run_bar.isVisible() and settled(dialog))
    assert dialog.banner.text == "Mitteilungen senden: Erfolg 12 Mitteilungen gesendet."
    assert dialog.model.result_text(dialog.model.row(SEND)).startswith("heute 10:")
    assert dialog.model.row(SEND).shown_run is not None


def test_sending_by_hand_is_asked_for_and_nothing_else(
    qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[JobKey] = []

    def work(context: JobContext) -> JobResult:
        ran.append(context.job)
        return JobResult(counts={}, sentence="Erledigt.")

    give_jobs(agent, monkeypatch, work=work)
    questions: list[str] = []

    def refuse(_dialog: Dialog, question: str, _consequence: str, _yes: str) -> bool:
        questions.append(question)
        return False

    monkeypatch.setattr(Dialog, "ask", refuse)
    dialog = open_jobs(qtbot, windows)
    for key in JobKey:
        choose(dialog, key)
        dialog.run_now()
        qtbot.waitUntil(lambda: not dialog.run_bar.isVisible() and settled(dialog), timeout=20_000)
    assert ran == [key for key in JobKey if key is not SEND]
    assert questions == ["Alle aufbereiteten Mitteilungen jetzt senden?"]


def test_a_run_can_be_cancelled(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    began, asked = threading.Event(), threading.Event()

    def work(context: JobContext) -> JobResult:
        began.set()
        asked.wait(30)
        context.checkpoint()
        raise AssertionError("the run was not stopped")

    give_jobs(agent, monkeypatch, work=work)
    monkeypatch.setattr(Dialog, "ask", Yes())
    dialog = open_jobs(qtbot, windows)
    choose(dialog, SEND)
    choose_from_menu(dialog.context_menu(), "Jetzt ausführen")
    qtbot.waitUntil(lambda: began.is_set() and dialog.run_bar.cancel.isEnabled())
    dialog.run_bar.cancel.click()
    qtbot.waitUntil(lambda: agent.jobs.runner.cancel(dialog._run_id))
    asked.set()
    qtbot.waitUntil(lambda: not dialog.run_bar.isVisible() and settled(dialog))
    assert dialog.banner.text.startswith("Mitteilungen senden: abgebrochen")
    run = dialog.model.row(SEND).shown_run
    assert run is not None
    assert run.state is RunState.CANCELLED


def test_a_run_that_is_refused_says_why(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    give_jobs(agent, monkeypatch, off=(SEND,))
    monkeypatch.setattr(Dialog, "ask", Yes())
    dialog = open_jobs(qtbot, windows)
    choose(dialog, SEND)
    dialog.run_now()
    qtbot.waitUntil(lambda: "Auftrag ausgeschaltet" in dialog.banner.text and dialog.run_button.isEnabled())
    assert not dialog.run_bar.isVisible()


def test_the_day_is_chosen_by_arrows(qtbot: QtBot, dialog: JobsDialog) -> None:
    assert dialog.day_label.text() == "Montag, 23. November 2026"
    assert not dialog.today.isVisible()
    press(dialog.timeline, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: dialog.day_label.text() == "Dienstag, 24. November 2026")
    assert dialog.today.isVisible()
    press(dialog.timeline, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: dialog.day_label.text() == "Montag, 23. November 2026")
    press(dialog.timeline, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: dialog.day_label.text() == "Sonntag, 22. November 2026")


def test_the_history_of_the_chosen_job_opens(dialog: JobsDialog, windows: Windows) -> None:
    choose(dialog, SEND)
    choose_from_menu(dialog.context_menu(), "Protokoll Auftragsverlauf")
    history = next(window for window in windows.opened if isinstance(window, JobHistoryDialog))
    assert history.job.currentData() is SEND or history.job.currentData() == SEND


def test_the_window_can_be_heard_and_worked_by_keys(dialog: JobsDialog) -> None:
    assert unnamed_widgets(dialog) == []
    assert clashing_mnemonics(dialog) == []


def test_windows_about_one_job_of_two_openings_are_not_the_same(agent: Agent) -> None:
    schedule = agent.jobs.overview()[0].schedule

    def ignore(_schedule: object) -> None: ...

    first = ScheduleSubject(SEND, schedule, ignore, ignore, window=1)
    assert first == ScheduleSubject(SEND, replace(schedule, enabled=True), ignore, ignore, window=1)
    assert first != ScheduleSubject(SEND, schedule, ignore, ignore, window=2)


def test_without_the_engine_the_model_is_empty() -> None:
    empty = JobsModel(UTC)
    assert empty.rows == ()
    assert empty.hints == ()
    assert empty.good_news == ""
    assert not empty.has_changes


def test_a_pause_with_an_end_tells_it(agent: Agent, clock: ManualClock) -> None:
    edited = JobsModel(agent.zone)
    until = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    edited.show(agent.jobs.overview(), clock.now(), agent.jobs.pause(PauseScope.EVERYTHING, until, "Anna"))
    assert edited.hints == ("Anna hat alle Aufträge bis 23.11.2026 11:00 angehalten.",)


def test_a_schedule_that_has_ended_never_runs_again(agent: Agent, clock: ManualClock) -> None:
    edited = JobsModel(agent.zone)
    edited.show(agent.jobs.overview(), clock.now() + timedelta(days=400))
    edited.enable(SEND, on=True)
    edited.set_schedule(SEND, replace(edited.schedule(SEND), start_date=date(2026, 1, 1), end_date=date(2026, 2, 1)))
    assert edited.next_text(edited.row(SEND)) == "nie mehr"


def test_the_window_is_found_by_its_name(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    give_jobs(agent, monkeypatch)
    assert windows.open(DialogName.JOBS) is windows.open(DialogName.JOBS)


def test_a_schedule_that_is_none_is_told_and_can_be_replaced_even_by_the_one_proposed(agent: Agent) -> None:
    with agent.store.begin() as connection:
        connection.execute(update(job).where(job.c.key == SEND.value).values(freq_interval=0))
    model = JobsModel(agent.zone)
    model.show(agent.jobs.overview(), agent.clock.now())
    (hint,) = model.hints
    assert "«" not in hint
    assert hint.startswith("Mitteilungen senden: Der Zeitplan in der Datenbank kann nicht verwendet werden; so läuft der Auftrag nie.")
    model.set_schedule(SEND, model.schedule(SEND))
    assert (model.hints, model.has_changes) == ((), True)
    agent.jobs.save(model.changes, "Anna")
    assert [row.mistake for row in agent.jobs.overview() if row.key is SEND] == [""]


def test_days_that_no_run_searches_are_told_while_a_schedule_is_edited(qtbot: QtBot, dialog: JobsDialog, agent: Agent) -> None:
    agent.save_switches({REMINDERS_ON: True})
    dialog.model.enable(PREPARE, on=True)
    workdays = Schedule(Frequency.WEEKLY, Weekdays(62), date(2026, 1, 5), time(10), recurrence=1)
    dialog.model.try_schedule(PREPARE, workdays)
    dialog._changed()
    qtbot.waitUntil(lambda: settled(dialog) and any("an diesen Tagen: Montag." in hint for hint in dialog.model.hints))
    assert dialog.model.row(PREPARE).needs_a_look
    dialog.model.try_schedule(PREPARE, None)
    dialog._changed()
    qtbot.waitUntil(lambda: settled(dialog) and not any("Montag" in hint for hint in dialog.model.hints))
