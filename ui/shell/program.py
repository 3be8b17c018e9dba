"""The tray program: brings tray, notices, popups and windows together over one engine; everything here is on the GUI thread."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QTimer, pyqtSignal
from PyQt6.QtWidgets import QApplication, QMessageBox

from tray_agent.errors import DatabaseFaultError, DatabaseUnavailableError, KnownError
from tray_agent.i18n import _
from tray_agent.tray.contract import Toaster, Tray
from tray_agent.tray.model import (
    Action,
    AgentFacts,
    CheckNow,
    DialogName,
    OpenDialog,
    PauseJobs,
    PauseLength,
    Quit,
    Restart,
    Resume,
    TrayState,
    concern_of,
    pause_end,
    tray_state,
)
from tray_agent.tray.notices import NoticeMemory, good_again, lasting_trouble, notices, outcome, outdated, to_decide, toast_of
from tray_agent.tray.occasions import Occasion, PracticeStart, SessionEvent, SessionEvents, UserSwitch
from ui.background import Background
from ui.shell.popup import Popups
from ui.widgets.controls import once_after
from ui.widgets.message_box import error_window, offer_to_send
from ui.windows import Windows

if TYPE_CHECKING:
    from tray_agent.tray.engine import AgentEngine, Check
    from tray_agent.tray.notices import Notice, NoticeFacts

MILLISECONDS_BETWEEN_PROCESS_LOOKS = 2_000
MILLISECONDS_BEFORE_FACTS = 200
"""Changes that come together are read together."""

MILLISECONDS_BETWEEN_FACTS = 300_000
"""What other workstations did is seen after this time at the latest."""

MILLISECONDS_BETWEEN_LOOKS = 10_000
"""How often it is asked, while a window is open, whether another workstation did something."""

MILLISECONDS_BETWEEN_STARTS = 30_000
"""How soon the start of the engine is tried again."""

MILLISECONDS_FOR_ENGINE = 1_100
"""How long the end of the program waits for the engine, which gives a run a second to reach a safe point."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Desktop:
    """The adapters to this desktop.

    Attributes:
        tray: the icon.
        toaster: toasts, or None where they are switched off.
        popups: the popup, or None where it is switched off.
        session: the events of this user's session.
    """

    tray: Tray
    toaster: Toaster | None
    popups: Popups | None
    session: SessionEvents


class Program(QObject):
    """The running tray program.

    Args:
        engine: the engine.
        windows: the registry of windows.
        desktop: the adapters.
        background: runs engine calls.
        now: the present time in the practice's time zone.

    Attributes:
        ending: tells that the end has begun.
        restarting: whether the program shall be started anew after its end.
    """

    ending = pyqtSignal()

    def __init__(
        self, engine: AgentEngine, windows: Windows, desktop: Desktop, background: Background, now: Callable[[], datetime]
    ) -> None:
        super().__init__()
        self._engine = engine
        self._windows = windows
        self._desktop = desktop
        self._background = background
        self._now = now
        self._memory = NoticeMemory()
        self._switch = UserSwitch()
        self._practice: PracticeStart | None = None
        self._errors: list[QMessageBox] = []
        self._lasting: frozenset[tuple[str, datetime]] = frozenset()
        self._asked: frozenset[int] = frozenset()
        self.restarting = False
        self._started = self._quitting = self._outdated = False
        self._reading = self._again = False
        self._facts_soon = once_after(MILLISECONDS_BEFORE_FACTS, self._read_facts, self)
        self._facts_anyway = _timer(self, MILLISECONDS_BETWEEN_FACTS, self._read_facts)
        self._elsewhere = _timer(self, MILLISECONDS_BETWEEN_LOOKS, self._look_elsewhere)
        self._change_number: object = None
        self._start_again = once_after(MILLISECONDS_BETWEEN_STARTS, self._start_engine, self)
        self._look = _timer(self, MILLISECONDS_BETWEEN_PROCESS_LOOKS, self._look_for_practice)
        self._leave_anyway = once_after(MILLISECONDS_FOR_ENGINE, _leave, self)
        windows.state.chosen.connect(self.do)
        if desktop.popups is not None:
            desktop.popups.on_free(self._tell_anew)
            desktop.popups.on_quiet(self._be_quiet)

    def begin(self, practice_process: Callable[[], str] | None = None) -> None:
        """Starts the engine in the background and listens for occasions.

        Args:
            practice_process: gives the program whose start is an occasion, "" for none; None: it is not looked for.
        """
        self._windows.state.show(tray_state(AgentFacts(now=self._now(), starting=True)))
        self._start_engine()
        self._facts_anyway.start()
        self._elsewhere.start()
        self._desktop.session.start(lambda event: self._background.post(lambda: self._session_event(event)))
        if practice_process:
            self._background.run(lambda: _practice_start(practice_process), self._watch_practice, failed=_ignore)

    def do(self, action: Action) -> None:
        """Does what a person chose; safe from any thread."""
        self._background.post(lambda: self._do(action))

    def show_yourself(self) -> None:
        """Opens the start page: a later start of the program asked for it, perhaps because there is no tray."""
        self._windows.open(DialogName.START)

    def occasion(self, occasion: Occasion) -> None:
        """Shows what there is to tell on an occasion."""
        if self._started and not self._quitting:
            self._background.run(
                self._engine.notice_facts, lambda facts: self._tell(occasion, facts), failed=partial(self._unread, occasion)
            )
            self._changed()  # the icon must not say otherwise

    def quit(self, *, ask: bool = False, restart: bool = False) -> None:
        """Ends the program within two seconds: first the engine, then the windows, then Qt.

        Args:
            ask: whether windows with unsaved changes may ask first, and keep the program from ending.
            restart: whether it shall be started anew then.
        """
        if self._quitting:
            self.restarting = self.restarting and restart  # who logs off meanwhile wants no new start
            return
        if ask and not self._windows.close_asking():
            return
        self._quitting = True
        self.restarting = restart
        self.ending.emit()
        for timer in (self._facts_soon, self._facts_anyway, self._elsewhere, self._start_again, self._look):
            timer.stop()
        self._desktop.session.stop()
        self._windows.close_all()
        if self._desktop.popups is not None:
            self._desktop.popups.stop()
        if self._desktop.toaster is not None:
            self._desktop.toaster.stop()
        self._leave_anyway.start()
        changed = self._windows.state.account_changed
        self._background.run(lambda: self._engine.stop(changed=changed), lambda _nothing: _leave(), failed=lambda _error: _leave())

    # The engine

    def _start_engine(self) -> None:
        def start() -> None:
            if not self._quitting:  # a worker can come to it after the one that stops the engine
                self._engine.start(lambda: self._background.post(self._changed))

        self._background.run(start, self._engine_started, failed=self._not_started)

    def _engine_started(self, _nothing: None) -> None:
        self._started = True
        self._read_facts()
        self.occasion(Occasion.LOGIN)

    def _not_started(self, error: KnownError) -> None:
        _log.warning("the engine could not be started: %s", error.title)
        away = isinstance(error, DatabaseUnavailableError | DatabaseFaultError) or bool(outdated(error))
        fault = error if away and not isinstance(error, DatabaseUnavailableError) else None
        self._tell_outdated(fault)
        concerns = () if away else (concern_of(error, DialogName.SETUP),)
        self._show(AgentFacts(now=self._now(), database_away=away, database_fault=fault, concerns=concerns))
        if not self._quitting:
            self._start_again.start()

    def _changed(self) -> None:
        if not self._quitting and not self._facts_soon.isActive():
            self._facts_soon.start()

    def _read_facts(self) -> None:
        if self._quitting or not self._started:
            return
        if self._reading:
            self._again = True
            return
        self._reading = True
        self._background.run(self._engine.facts, self._facts_read, failed=self._facts_failed)

    def _look_elsewhere(self) -> None:
        """Asks, while somebody looks at a window, whether anybody of the practice did something, and reads the facts anew then."""
        if self._started and not self._quitting and not self._reading and any(window.isVisible() for window in self._windows.opened):
            self._background.run(self._engine.change_number, self._looked_elsewhere, failed=_ignore)

    def _looked_elsewhere(self, number: object) -> None:
        before, self._change_number = self._change_number, number
        if before not in (None, number):
            self._changed()

    def _facts_read(self, facts: AgentFacts) -> None:
        self._reading = False
        self._show(facts)
        self._tell_trouble(facts)
        if self._again:
            self._again = False
            self._changed()

    def _tell_trouble(self, facts: AgentFacts) -> None:
        """Tells once what is to be decided, that something has been in a job's way for long, and that it is over."""
        self._tell_outdated(facts.database_fault)
        if facts.database_away:  # nothing is known
            return
        asked = tuple(one for one in facts.questions if one.number not in self._asked)
        self._asked = frozenset(one.number for one in facts.questions)
        new = tuple(one for one in facts.lasting if (one.job, one.since) not in self._lasting)
        self._lasting = frozenset((one.job, one.since) for one in facts.lasting)
        now = datetime.now(UTC)
        found = self._memory.fresh(Occasion.TROUBLE, (*to_decide(asked), *lasting_trouble(new), *good_again(facts.good_again)), now)
        self._notify(found, lambda: self._memory.may_toast(now))

    def _tell_outdated(self, fault: KnownError | None) -> None:
        """Tells once that this program is older than the database, as long as it is."""
        found = () if self._outdated else outdated(fault)
        self._outdated = bool(outdated(fault))
        now = datetime.now(UTC)
        self._notify(self._memory.fresh(Occasion.TROUBLE, found, now), lambda: self._memory.may_toast(now))

    def _facts_failed(self, error: KnownError) -> None:
        self._reading = False
        self._show(AgentFacts(now=self._now(), concerns=(concern_of(error, DialogName.ACTIVITY),)))

    def _show(self, facts: AgentFacts) -> None:
        if self._quitting:
            return
        state: TrayState = tray_state(facts)
        self._desktop.tray.show(state)
        self._windows.state.show(state)

    # What people choose

    def _do(self, action: Action) -> None:
        if self._quitting:
            return
        match action:
            case OpenDialog(dialog, shows):
                self._windows.open(dialog, shows=shows)
            case PauseJobs(scope, length):
                self._background.run(lambda: self._engine.pause(scope, length), lambda _nothing: self._changed())
            case Resume():
                self._background.run(self._engine.resume, lambda _nothing: self._resumed())
            case CheckNow():
                self._background.run(self._engine.check_now, self._checked)
            case Restart():
                self.quit(ask=True, restart=True)
            case Quit():
                self.quit(ask=True)

    def _resumed(self) -> None:
        self._changed()
        if not self._quitting:
            offer_to_send(self._windows)

    def _checked(self, check: Check) -> None:
        if self._quitting:
            return
        if check.refused:
            self.show_error(KnownError(_("Nicht alles wird geprüft"), "\n".join(check.refused)))
        if check.runs:
            self._background.run(lambda: self._engine.results_of(check), self._answer, failed=_ignore)
        self._changed()

    def _answer(self, sentences: tuple[str, ...]) -> None:
        """Shows a person who asked for a check what came of it."""
        self._notify(outcome(sentences), lambda: True)

    def _notify(self, found: tuple[Notice, ...], may_toast: Callable[[], bool]) -> None:
        toast = toast_of(found)
        if toast is None or self._quitting:
            return
        if self._desktop.toaster is not None and may_toast():
            self._desktop.toaster.show(toast)
        if self._desktop.popups is not None:
            self._desktop.popups.show_notices(found)

    def show_error(self, error: KnownError) -> None:
        """Tells an error that is not about an open window; never two windows with the same title."""
        self._errors = [box for box in self._errors if _is_open(box)]
        if any(box.text() == error.title for box in self._errors):
            return
        box = error_window(error)
        self._errors.append(box)
        box.show()

    # Occasions

    def _be_quiet(self) -> None:
        until = pause_end(PauseLength.TODAY, self._now())
        if until is not None:
            self._memory.be_quiet(until)

    def _watch_practice(self, start: PracticeStart) -> None:
        self._practice = start
        if not self._quitting:
            self._look.start()

    def _look_for_practice(self) -> None:
        if self._practice is not None and self._practice.look():
            self.occasion(Occasion.PRACTICE_STARTED)

    def _session_event(self, event: SessionEvent) -> None:
        if event is SessionEvent.ENDING:
            self.quit()
        elif event is SessionEvent.WOKE and self._started:
            self._background.run(self._engine.woke, lambda _nothing: self._changed(), failed=_ignore)
        occasion = self._switch.happened(event)
        if occasion is not None:
            self.occasion(occasion)

    def _tell(self, occasion: Occasion, facts: NoticeFacts) -> None:
        now = datetime.now(UTC)
        self._notify(self._memory.fresh(occasion, notices(facts), now), lambda: self._memory.may_toast(now))

    def _unread(self, occasion: Occasion, error: KnownError) -> None:
        """Tells on an occasion at least that this program is older than the database; any other fault the tray's state tells."""
        _ignore(error)
        now = datetime.now(UTC)
        self._notify(self._memory.fresh(occasion, outdated(error), now), lambda: self._memory.may_toast(now))

    def _tell_anew(self) -> None:
        """Shows, after a full-screen program, what there is to tell by now; nothing that has been settled meanwhile."""
        if not self._quitting:
            self._background.run(self._engine.notice_facts, self._show_anew, failed=self._wait_on)
            self._changed()

    def _show_anew(self, facts: NoticeFacts) -> None:
        if self._quitting or self._desktop.popups is None:
            return
        found = notices(facts)
        self._memory.note(found, datetime.now(UTC))
        self._desktop.popups.show_notices(found)

    def _wait_on(self, error: KnownError) -> None:
        _ignore(error)
        if not self._quitting and self._desktop.popups is not None:
            self._desktop.popups.wait()


def _practice_start(program: Callable[[], str]) -> PracticeStart:
    from tray_agent.tray.occasions import SystemProcesses

    return PracticeStart(SystemProcesses(), program)


def _timer(owner: QObject, milliseconds: int, call: Callable[[], None]) -> QTimer:
    timer = once_after(milliseconds, call, owner)
    timer.setSingleShot(False)
    return timer


def _is_open(box: QMessageBox) -> bool:
    from PyQt6 import sip

    return not sip.isdeleted(box) and box.isVisible()


def _ignore(error: KnownError) -> None:
    """Keeps quiet about what the tray's state tells anyway."""
    _log.info("%s", error.title)


def _leave() -> None:
    QApplication.quit()
