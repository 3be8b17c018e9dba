"""The tray program over an engine double: state, actions, occasions, start that fails, end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from threading import Event

import pytest
from PyQt6 import sip
from PyQt6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from tray_agent.errors import DatabaseUnavailableError, KnownError
from tray_agent.jobs.model import PauseScope
from tray_agent.messages.outbox.model import AccountCredits
from tray_agent.store.schema_version import ProgramOutdatedError
from tray_agent.tray.contract import Toast
from tray_agent.tray.engine import AgentEngine, Check
from tray_agent.tray.full_screen import FullScreen
from tray_agent.tray.model import (
    AgentFacts,
    CheckNow,
    DialogName,
    Lasting,
    Look,
    OpenDialog,
    PauseJobs,
    PauseLength,
    PendingQuestion,
    Quit,
    Restart,
    Resume,
    TrayState,
)
from tray_agent.tray.notices import NewDownload, NoticeFacts, NoticeKind
from tray_agent.tray.occasions import Occasion, OnSessionEvent, SessionEvent
from ui.background import Background
from ui.shell.popup import Popups
from ui.shell.program import Desktop, Program
from ui.widgets.dialog import Dialog
from ui.windows import DialogContext, Windows

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NOTICES = NoticeFacts(new_downloads=(NewDownload("update", "Update vitomed", "2.70.001"),))


class FakeTray:
    def __init__(self) -> None:
        self.states: list[TrayState] = []

    def show(self, state: TrayState) -> None:
        self.states.append(state)

    def stop(self) -> None: ...


class FakeToaster:
    def __init__(self) -> None:
        self.toasts: list[Toast] = []
        self.stopped = False

    def show(self, toast: Toast) -> bool:
        self.toasts.append(toast)
        return True

    def stop(self) -> None:
        self.stopped = True


class FakeSession:
    def __init__(self) -> None:
        self.tell: OnSessionEvent = lambda _event: None
        self.stopped = False

    def start(self, on_event: OnSessionEvent) -> None:
        self.tell = on_event

    def stop(self) -> None:
        self.stopped = True


class Screen(FullScreen):
    """A screen that a full-screen program may fill."""

    def __init__(self) -> None:
        self.full = False

    def active(self) -> bool:
        return self.full


class MemoryEngine(AgentEngine):
    """An engine that holds what a test gives it, and notes what was asked."""

    def __init__(self, facts: AgentFacts, notices: NoticeFacts | None = None) -> None:
        self.shown = facts
        self.notices = notices or NoticeFacts()
        self.asked: list[str] = []
        self.check = Check(())
        self.outcome: tuple[str, ...] = ()
        self.start_error: KnownError | None = None
        self.notice_error: KnownError | None = None
        self.stopping = threading.Event()
        self._on_change: Callable[[], None] = lambda: None

    def start(self, on_change: Callable[[], None]) -> None:
        self.asked.append("start")
        self._on_change = on_change
        if self.start_error:
            raise self.start_error

    def change(self, facts: AgentFacts) -> None:
        self.shown = facts
        self._on_change()

    def facts(self) -> AgentFacts:
        return self.shown

    def notice_facts(self) -> NoticeFacts:
        if self.notice_error:
            raise self.notice_error
        return self.notices

    def pause(self, scope: PauseScope, length: PauseLength) -> None:
        self.asked.append(f"pause {scope.value} {length.value}")

    def resume(self) -> None:
        self.asked.append("resume")

    def check_now(self) -> Check:
        self.asked.append("check")
        return self.check

    def results_of(self, check: Check) -> tuple[str, ...]:
        return self.outcome

    def woke(self) -> None:
        self.asked.append("woke")

    def stop(self, *, changed: bool = False) -> None:
        self.asked.append("stop changed" if changed else "stop")
        self.stopping.set()


class Rig:
    """A program with doubles all around it."""

    def __init__(self, windows: Windows, background: Background, engine: MemoryEngine) -> None:
        self.engine, self.windows, self.background = engine, windows, background
        self.tray, self.toaster, self.session = FakeTray(), FakeToaster(), FakeSession()
        self.opened: list[DialogName] = []
        self.screen = Screen()
        self.popups = Popups(self.opened.append, self.screen)
        windows.factories = lambda _name: lambda context: Dialog(context, "Fenster")
        desktop = Desktop(self.tray, self.toaster, self.popups, self.session)
        self.program = Program(engine, windows, desktop, background, lambda: NOW)
        self.ended: list[bool] = []

    @property
    def state(self) -> TrayState:
        return self.tray.states[-1]


@pytest.fixture
def engine() -> MemoryEngine:
    return MemoryEngine(AgentFacts(now=NOW))


@pytest.fixture
def rig(qtbot: QtBot, windows: Windows, background: Background, engine: MemoryEngine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    rig = Rig(windows, background, engine)
    monkeypatch.setattr(QApplication, "quit", lambda *_application: rig.ended.append(True))
    yield rig
    rig.popups.stop()
    sip.delete(rig.program)  # its timers must not end the program of a later test


def settled(qtbot: QtBot, rig: Rig) -> None:
    qtbot.waitUntil(lambda: rig.background.idle)


def test_start_shows_the_facts(qtbot: QtBot, rig: Rig) -> None:
    rig.engine.shown = AgentFacts(now=NOW, new_downloads=2)
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.tray.states))
    assert (rig.state.look, rig.state.number) == (Look.NEW_DOWNLOADS, 2)
    assert rig.windows.state.current == rig.state


def test_lasting_trouble_is_told_once_and_that_it_is_over(qtbot: QtBot, rig: Rig) -> None:
    rig.program.begin()
    settled(qtbot, rig)
    trouble = AgentFacts(
        now=NOW, lasting=(Lasting("send_messages", NOW, "Mitteilungen senden: seit 10:10 nicht möglich.", "Gateway weg."),)
    )
    for _attempt in range(3):
        rig.engine.change(replace(trouble, running="Mitteilungen senden" if _attempt else ""))
        qtbot.waitUntil(lambda: bool(rig.toaster.toasts))
        settled(qtbot, rig)
    (toast,) = rig.toaster.toasts
    assert (toast.title, toast.action) == ("Zur Zeit nicht möglich", OpenDialog(DialogName.JOBS))
    rig.engine.change(AgentFacts(now=NOW, good_again=("Mitteilungen senden: geht wieder.",)))
    qtbot.waitUntil(lambda: len(rig.toaster.toasts) == 2)
    assert (rig.toaster.toasts[1].title, rig.toaster.toasts[1].body) == ("Geht wieder", "Mitteilungen senden: geht wieder.")


def test_that_this_program_is_older_than_the_store_is_told_once_and_again_to_the_next_person(qtbot: QtBot, rig: Rig) -> None:
    error = ProgramOutdatedError()
    rig.program.begin()
    settled(qtbot, rig)
    for attempt in range(3):
        rig.engine.change(AgentFacts(now=NOW, database_away=True, database_fault=error, running=str(attempt)))
        qtbot.waitUntil(lambda: bool(rig.toaster.toasts))
        settled(qtbot, rig)
    (toast,) = rig.toaster.toasts
    assert (toast.title, toast.action) == ("Datenbank neuer als das Programm", OpenDialog(DialogName.INFO))
    assert rig.state.word == "Datenbank neuer als das Programm"
    rig.engine.notice_error = error
    rig.program.occasion(Occasion.USER_SWITCH)
    qtbot.waitUntil(lambda: len(rig.toaster.toasts) == 2)


def wait_for(qtbot: QtBot, rig: Rig, toasts: int, *, asks: bool) -> None:
    qtbot.waitUntil(lambda: len(rig.toaster.toasts) == toasts)
    settled(qtbot, rig)
    qtbot.waitUntil(lambda: ("Fragen…" in [item.label for item in rig.state.menu]) is asks)


def test_a_question_is_told_once_when_it_is_asked_and_the_next_one_too(qtbot: QtBot, rig: Rig) -> None:
    rig.program.begin()
    settled(qtbot, rig)
    first, second = PendingQuestion(7, "20 Termine fehlen."), PendingQuestion(8, "Die Sicht ist leer.")
    for questions, toasts in (((first,), 1), ((first,), 1), ((second, first), 2), ((second,), 2), ((), 2)):
        rig.engine.change(AgentFacts(now=NOW, questions=questions, running="Mitteilungen senden" if toasts == 1 else ""))
        wait_for(qtbot, rig, toasts, asks=bool(questions))
    assert [(toast.title, toast.body, toast.action) for toast in rig.toaster.toasts] == [
        ("Bitte entscheiden", asked.sentence, OpenDialog(DialogName.QUESTIONS)) for asked in (first, second)
    ]
    assert rig.popups.shown is not None
    assert [notice.kind for notice in rig.popups.shown.notices] == [NoticeKind.QUESTION]


def test_a_password_that_was_changed_is_handed_to_the_end_of_the_engine(qtbot: QtBot, rig: Rig) -> None:
    rig.windows.state.account_changed = True
    rig.program.quit(restart=True)
    qtbot.waitUntil(lambda: "stop changed" in rig.engine.asked)


def test_windows_have_a_state_and_the_whole_menu_while_the_engine_still_waits_for_its_database(
    qtbot: QtBot, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Event()
    monkeypatch.setattr(rig.engine, "start", lambda _on_change: answer.wait(30))
    rig.program.begin()
    state = rig.windows.state.current
    assert state is not None
    assert (state.word, state.lines[-1]) == ("Wird gestartet …", "Wird gestartet …")
    assert Quit() in [item.action for item in state.menu]
    answer.set()
    qtbot.waitUntil(lambda: bool(rig.tray.states))


def test_change_of_the_engine_reaches_the_tray(qtbot: QtBot, rig: Rig) -> None:
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.tray.states))
    rig.engine.change(AgentFacts(now=NOW, database_away=True))
    qtbot.waitUntil(lambda: rig.state.look is Look.DATABASE_AWAY)


@pytest.mark.parametrize(
    ("error", "look"),
    [
        (DatabaseUnavailableError("Datenbank nicht erreichbar", "Sie antwortet nicht."), Look.DATABASE_AWAY),
        (KnownError("Datenbank nicht eingerichtet", "Die Tabellen fehlen."), Look.ATTENTION),
    ],
)
def test_start_that_fails_is_told_and_tried_again(qtbot: QtBot, rig: Rig, error: KnownError, look: Look) -> None:
    rig.engine.start_error = error
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.tray.states))
    assert rig.state.look is look
    assert rig.toaster.toasts == []

    rig.engine.start_error = None
    rig.program._start_again.setInterval(1)
    rig.program._start_again.start()
    qtbot.waitUntil(lambda: rig.state.look is Look.OK)
    assert rig.engine.asked.count("start") == 2


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        (PauseJobs(PauseScope.SENDING, PauseLength.HOUR), "pause sending hour"),
        (PauseJobs(PauseScope.EVERYTHING, PauseLength.UNTIL_RESUMED), "pause everything until_resumed"),
        (Resume(), "resume"),
        (CheckNow(), "check"),
    ],
)
def test_actions_reach_the_engine(qtbot: QtBot, rig: Rig, action: PauseJobs | Resume | CheckNow, asked: str) -> None:
    rig.program.do(action)
    qtbot.waitUntil(lambda: rig.engine.asked == [asked])
    settled(qtbot, rig)


def test_who_asks_for_a_check_is_told_what_it_came_to(qtbot: QtBot, rig: Rig) -> None:
    rig.engine.check = Check((7,))
    rig.engine.outcome = ("Keine neue Version.", "Keine Mitteilung war zu erfragen.")
    rig.program.do(CheckNow())
    qtbot.waitUntil(lambda: rig.popups.shown is not None)
    assert shown_kinds(rig) == [NoticeKind.CHECKED]
    (toast,) = rig.toaster.toasts
    assert (toast.title, toast.body) == ("Prüfung beendet", "Keine neue Version.\nKeine Mitteilung war zu erfragen.")
    assert toast.action == OpenDialog(DialogName.JOB_HISTORY)


def test_what_could_not_be_checked_is_told(qtbot: QtBot, rig: Rig) -> None:
    rig.engine.check = Check((), ("Download-Service: ist ausgeschaltet.",))
    rig.program.do(CheckNow())
    qtbot.waitUntil(lambda: bool(rig.program._errors))
    (box,) = rig.program._errors
    assert box.text() == "Nicht alles wird geprüft"
    assert box.informativeText() == "Download-Service: ist ausgeschaltet."
    box.close()


def test_window_chosen_in_the_overview_opens(qtbot: QtBot, rig: Rig) -> None:
    rig.windows.state.chosen.emit(OpenDialog(DialogName.CREDITS))
    qtbot.waitUntil(lambda: len(rig.windows.opened) == 1)


def test_login_tells_by_toast_and_popup(qtbot: QtBot, rig: Rig) -> None:
    rig.engine.notices = NOTICES
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.toaster.toasts))
    assert rig.toaster.toasts[0].title == "Neue Downloads vorhanden"
    assert rig.popups.shown is not None


def test_start_of_the_practice_software_right_after_tells_nothing_twice(qtbot: QtBot, rig: Rig) -> None:
    rig.engine.notices = NOTICES
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.toaster.toasts))
    rig.program.occasion(Occasion.PRACTICE_STARTED)
    settled(qtbot, rig)
    assert len(rig.toaster.toasts) == 1


def shown_kinds(rig: Rig) -> list[NoticeKind]:
    return [notice.kind for notice in rig.popups.shown.notices] if rig.popups.shown else []


def test_popup_after_a_full_screen_program_says_what_is_true_by_then(qtbot: QtBot, rig: Rig) -> None:
    low = (AccountCredits(("M1",), "Dr. Meier", Decimal(3), None, 50, days_left=1),)
    rig.screen.full = True
    rig.engine.notices = replace(NOTICES, low_credits=low)
    rig.program.begin()
    qtbot.waitUntil(lambda: rig.popups.waiting)
    rig.engine.notices = NoticeFacts(low_credits=low)  # somebody installed the download meanwhile
    rig.screen.full = False
    rig.popups.look()
    qtbot.waitUntil(lambda: rig.popups.shown is not None)
    assert shown_kinds(rig) == [NoticeKind.LOW_CREDITS]


def test_after_a_full_screen_program_nothing_is_said_of_what_has_been_settled(qtbot: QtBot, rig: Rig) -> None:
    rig.screen.full = True
    rig.engine.notices = NOTICES
    rig.program.begin()
    qtbot.waitUntil(lambda: rig.popups.waiting)
    rig.engine.notices = NoticeFacts()
    rig.screen.full = False
    rig.popups.look()
    settled(qtbot, rig)
    QApplication.processEvents()
    assert rig.popups.shown is None
    assert not rig.popups.waiting


def test_popup_waits_on_while_nobody_can_tell_what_is_true(qtbot: QtBot, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> NoticeFacts:
        raise DatabaseUnavailableError("Datenbank nicht erreichbar", "Sie antwortet nicht.")

    rig.screen.full = True
    rig.engine.notices = NOTICES
    rig.program.begin()
    qtbot.waitUntil(lambda: rig.popups.waiting)
    rig.screen.full = False
    with monkeypatch.context() as patch:
        patch.setattr(rig.engine, "notice_facts", away)
        rig.popups.look()
        settled(qtbot, rig)
        qtbot.waitUntil(lambda: rig.popups.waiting)
    rig.popups.look()
    qtbot.waitUntil(lambda: rig.popups.shown is not None)
    assert shown_kinds(rig) == [NoticeKind.NEW_DOWNLOADS]


def test_another_person_is_told(qtbot: QtBot, rig: Rig) -> None:
    rig.engine.notices = NOTICES
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.toaster.toasts))
    for event in (SessionEvent.LOCKED, SessionEvent.LEFT, SessionEvent.BACK, SessionEvent.UNLOCKED):
        rig.session.tell(event)
    qtbot.waitUntil(lambda: len(rig.toaster.toasts) == 2)


def test_waking_has_the_plan_looked_at(qtbot: QtBot, rig: Rig) -> None:
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.tray.states))
    rig.session.tell(SessionEvent.WOKE)
    qtbot.waitUntil(lambda: "woke" in rig.engine.asked)


def test_low_credits_open_the_credits(qtbot: QtBot, rig: Rig) -> None:
    rig.engine.notices = NoticeFacts(low_credits=(AccountCredits(("M1",), "Dr. Meier", Decimal(3), None, 50, days_left=1),))
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.toaster.toasts))
    assert rig.toaster.toasts[0].action == OpenDialog(DialogName.CREDITS)


def test_quit_stops_the_engine_before_qt(qtbot: QtBot, rig: Rig) -> None:
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.tray.states))
    rig.program.do(OpenDialog(DialogName.CREDITS))
    qtbot.waitUntil(lambda: bool(rig.windows.opened))
    rig.program.quit()
    qtbot.waitUntil(lambda: bool(rig.ended))
    assert rig.engine.asked[-1] == "stop"
    assert rig.session.stopped
    assert rig.toaster.stopped
    assert rig.windows.opened == ()


def test_quit_waits_for_an_engine_that_hangs_only_so_long(qtbot: QtBot, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = Event()
    monkeypatch.setattr(rig.engine, "stop", lambda: go_on.wait(10))
    rig.program.quit()
    qtbot.waitUntil(lambda: bool(rig.ended), timeout=1900)
    go_on.set()


def test_log_off_ends_the_program(qtbot: QtBot, rig: Rig) -> None:
    rig.program.begin()
    rig.session.tell(SessionEvent.ENDING)
    qtbot.waitUntil(lambda: bool(rig.ended))


class Changed(Dialog):
    """A window with unsaved changes that its person does not want to lose."""

    def has_unsaved_changes(self) -> bool:
        return True


def test_quit_from_the_menu_asks_for_unsaved_changes(qtbot: QtBot, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    from PyQt6.QtWidgets import QMessageBox

    def make(context: DialogContext) -> QDialog:
        return Changed(context, "Fenster")

    rig.windows.factories = lambda _name: make
    rig.windows.open(DialogName.SETTINGS)
    monkeypatch.setattr(Dialog, "ask_unsaved", lambda _dialog: QMessageBox.StandardButton.Cancel)
    rig.program.do(Quit())
    settled(qtbot, rig)
    QApplication.processEvents()
    assert rig.ended == []
    assert len(rig.windows.opened) == 1


def test_restart_ends_the_program_in_order_and_says_that_it_shall_begin_anew(qtbot: QtBot, rig: Rig) -> None:
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.tray.states))
    rig.program.do(Restart())
    qtbot.waitUntil(lambda: bool(rig.ended))
    assert rig.program.restarting
    assert rig.engine.asked[-1] == "stop"


def test_who_logs_off_during_a_restart_wants_no_new_start(qtbot: QtBot, rig: Rig) -> None:
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.tray.states))
    rig.program.quit(restart=True)
    rig.program.quit()
    assert not rig.program.restarting
    qtbot.waitUntil(lambda: bool(rig.ended))


def test_same_error_is_shown_once(qtbot: QtBot, rig: Rig) -> None:
    error = KnownError("Datenbank nicht erreichbar", "Sie antwortet nicht.", "Netzwerk prüfen.")
    rig.program.show_error(error)
    rig.program.show_error(error)
    assert len(rig.program._errors) == 1
    rig.program._errors[0].close()


def test_default_action_follows_the_state(qtbot: QtBot, rig: Rig) -> None:
    rig.program.begin()
    qtbot.waitUntil(lambda: bool(rig.tray.states))
    rig.engine.change(replace(rig.engine.shown, new_downloads=1))
    qtbot.waitUntil(lambda: rig.state.default_action == OpenDialog(DialogName.DOWNLOADS))
