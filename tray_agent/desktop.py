"""Starts the tray program: the one place where engine, adapters and windows are put together.

The icon comes first; configuration, database and schedules are read and imported in a worker while it is there already.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from PyQt6.QtWidgets import QApplication, QMessageBox

from tray_agent.errors import KnownError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _, current_language, set_language
from tray_agent.tray.contract import OnAction, Toaster, Tray, TrayRefusedError
from tray_agent.tray.model import Action, AgentFacts, DialogName, tray_state
from tray_agent.tray.occasions import SessionEvents
from ui.background import Background
from ui.look.apply import Theme, current_look
from ui.shell.application import GarbageWatch, QtTranslations, SignalWatch, create_application
from ui.shell.crash import CrashReporter
from ui.shell.single_instance import Place, SingleInstance
from ui.widgets.message_box import error_window

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.config.machine import UiSection
    from tray_agent.tray.engine import AgentEngine
    from ui.shell.program import Desktop, Program

SECONDS_TO_QUIT = 1.5
"""After this the process ends whatever still runs; what was not finished is settled at the next start.

Two seconds are promised; a busy machine needs the rest to hear the signal and to take the process away.
"""

SECONDS_AFTER_RESTART = 0.2
"""After this the process is gone in whose place a new one was started."""

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] = ()) -> int:
    """Runs the tray program of this machine's configuration until somebody ends it; returns the exit code of the process.

    Args:
        arguments: for Qt.
    """
    return _run(arguments, _agent_here, own_agent=True)


def run_desktop(agent: Agent) -> int:
    """Runs the tray program on an agent that the caller built and closes; returns when somebody ends it."""
    return _run((), lambda: agent, own_agent=False)


def _run(arguments: Sequence[str], make_agent: Callable[[], Agent], *, own_agent: bool) -> int:
    application = create_application([sys.argv[0], *arguments])
    with ExitStack() as closing:
        crashes = CrashReporter()
        closing.callback(crashes.stop)
        instance = SingleInstance(_configuration_name())
        place = instance.acquire_or_show()
        if place is not Place.FIRST:
            return 0 if place is Place.SHOWN else _tell_unheard(application)
        closing.callback(instance.release)
        start = Start(application, instance, crashes, make_agent)
        signals = SignalWatch(start.quit, at_once=_Watchdog.start)
        closing.callback(signals.stop)
        garbage = GarbageWatch(application)
        closing.callback(garbage.stop)
        garbage.start()
        start.begin()
        code = application.exec()
        start.finish(close_agent=own_agent)
    if not own_agent:
        _Watchdog.stop()
    if start.restarting:
        return _restarted()
    return code or start.exit_code


def _restarted() -> int:
    """Starts the program anew, now that this one has ended and let go of its place; returns the exit code."""
    from tray_agent.platforms.programs import start_tray_program

    _Watchdog.stop()
    try:
        start_tray_program()
    except OSError as fault:
        error = KnownError(
            _("Nicht neu gestartet"),
            _("Das Programm ist beendet, konnte aber nicht wieder starten ({why}).").format(why=why_of(fault)),
            _("Das Programm von Hand starten."),
        )
        error_window(error).exec()
        return error.exit_code
    _Watchdog.start(seconds=SECONDS_AFTER_RESTART)  # a worker that still waits for its database would hold this process
    return 0


def _tell_unheard(application: QApplication) -> int:
    """Tells that the program runs already but does not answer; returns the exit code."""
    error = KnownError(
        _("Programm antwortet nicht"),
        _("vitoclient-Services läuft schon, hat aber nicht geantwortet."),
        _("Einen Augenblick warten und noch einmal starten. Hilft das nicht, das laufende Programm im Task-Manager beenden."),
    )
    print(f"vitoclient: {error}", file=sys.stderr)  # noqa: T201 - started from a console, that is where one looks
    QtTranslations(application).load(current_language())
    error_window(error).exec()
    return error.exit_code


class Start:
    """The start of the program: the icon at once, the rest when the configuration is read.

    Args:
        application: Qt's.
        instance: carries "show yourself".
        crashes: catches faults.
        make_agent: gives the agent, in a worker thread.
    """

    def __init__(
        self, application: QApplication, instance: SingleInstance, crashes: CrashReporter, make_agent: Callable[[], Agent]
    ) -> None:
        self._application = application
        self._instance = instance
        self._crashes = crashes
        self._make_agent = make_agent
        self._background = Background(self._show_error)
        self._tray = choose_tray(self._chosen)
        self._waiting: list[Action | None] = []
        self._program: Program | None = None
        self._engine: AgentEngine | None = None
        self._box: QMessageBox | None = None
        self.exit_code = 0

    def begin(self) -> None:
        """Shows the icon, then reads the configuration in a worker."""
        self._tray.show(tray_state(AgentFacts(now=datetime.now(UTC), starting=True)))
        self._instance.on_show(lambda: self._act(None))
        self._background.run(partial(_build, self._make_agent, self._crashes), self._ready, failed=self._refused)

    def quit(self) -> None:
        """Ends the program, whatever it does now."""
        if self._program is not None:
            self._program.quit()
        else:
            _Watchdog.start()
            self._application.quit()

    @property
    def restarting(self) -> bool:
        """Returns whether the program shall be started anew after its end."""
        return self._program is not None and self._program.restarting

    def finish(self, *, close_agent: bool) -> None:
        """Takes the icon away and closes the database; after Qt's loop has ended."""
        _Watchdog.start()
        self._tray.stop()
        self._background.stop()
        if self._engine is not None and close_agent:
            self._engine.agent.close()

    def _ready(self, engine: AgentEngine) -> None:
        from tray_agent.config.machine import is_unconfigured
        from ui.shell.program import Program
        from ui.windows import Remembered, Windows

        self._engine, agent, machine = engine, engine.agent, engine.agent.machine
        set_language(machine.ui.language)
        QtTranslations(self._application).load(current_language())
        if (look := current_look()) is not None:
            look.choose(Theme(machine.ui.theme))
        windows = Windows(agent, self._background, Remembered(machine.data_folder / "windows.ini"))
        desktop = self._desktop(machine.ui)
        self._program = Program(engine, windows, desktop, self._background, lambda: agent.clock.now().astimezone(agent.zone))
        self._program.ending.connect(lambda: _Watchdog.start(lambda: self.restarting))
        windows.state.can_restart = self._make_agent is _agent_here
        self._program.begin(lambda: agent.configuration.ui.practice_process)
        if self._make_agent is _agent_here and is_unconfigured():
            windows.open(DialogName.SETUP)
        for action in self._waiting:
            self._act(action)

    def _desktop(self, ui: UiSection) -> Desktop:
        from tray_agent.tray.full_screen import FullScreen
        from tray_agent.tray.model import OpenDialog
        from ui.shell.popup import Popups
        from ui.shell.program import Desktop

        toaster = choose_toaster(self._tray, self._chosen) if ui.toasts else None
        popups = Popups(lambda name: self._chosen(OpenDialog(name)), FullScreen()) if ui.popup else None
        return Desktop(self._tray, toaster, popups, session_events())

    def _refused(self, error: KnownError) -> None:
        """Tells why the program can't start at all (unreadable configuration) and ends it when that was read."""
        self.exit_code = error.exit_code
        print(f"vitoclient: {error}", file=sys.stderr)  # noqa: T201 - started from a console, that is where one looks
        QtTranslations(self._application).load(current_language())
        box = error_window(error)
        box.finished.connect(self._application.quit)
        box.show()
        self._box = box

    def _chosen(self, action: Action) -> None:
        self._background.post(lambda: self._act(action))

    def _act(self, action: Action | None) -> None:
        """Does what a person chose; None: a second start asks the program to show itself."""
        from tray_agent.tray.model import Quit

        if self._program is not None:
            match action:
                case None:
                    self._program.show_yourself()
                case Quit():
                    self._program.quit(ask=True)
                case _:
                    self._program.do(action)
        elif action == Quit():
            self.quit()
        elif self._box is not None:
            from ui.windows import to_front

            to_front(self._box)
        else:
            self._waiting.append(action)

    def _show_error(self, error: KnownError) -> None:
        if self._program is not None:
            self._program.show_error(error)


def choose_tray(on_action: OnAction) -> Tray:
    """Returns the tray that works here: pystray's on Windows and where appindicator is, else Qt's own."""
    from tray_agent.tray.pystray_tray import PystrayTray

    try:
        return PystrayTray(on_action)
    except TrayRefusedError as refused:
        _log.info("Qt's own tray is used: %s", refused)
    from ui.shell.qt_tray import QtTray

    return QtTray(on_action)


def choose_toaster(tray: Tray, on_action: OnAction) -> Toaster:
    """Returns what shows toasts here: the icon itself on Windows, the session bus on Linux, else plyer."""
    from tray_agent.tray.plyer_toasts import PlyerToaster
    from tray_agent.tray.pystray_tray import PystrayToaster, PystrayTray

    if sys.platform == "win32":
        return PystrayToaster(tray) if isinstance(tray, PystrayTray) else PlyerToaster()
    from ui.shell.dbus_toasts import DBusToaster

    toaster = DBusToaster(on_action)
    return toaster if toaster.available else PlyerToaster()


def session_events() -> SessionEvents:
    """Returns the source of session events of this system."""
    if sys.platform == "win32":
        from tray_agent.platforms.session_windows import WindowsSessionEvents

        return WindowsSessionEvents()
    from ui.shell.session_linux import LogindSessionEvents

    return LogindSessionEvents()


def _build(make_agent: Callable[[], Agent], crashes: CrashReporter) -> AgentEngine:
    from tray_agent.jobs.abilities import AgentKind
    from tray_agent.logs import start_logging
    from tray_agent.tray.engine import AgentEngine

    agent = make_agent()
    agent.abilities.kind = AgentKind.TRAY
    crashes.log_to(start_logging(agent.machine.data_folder, "tray"))
    return AgentEngine(agent)


def _agent_here() -> Agent:
    from tray_agent.agent import Agent
    from tray_agent.config.machine import load_machine

    return Agent(load_machine())


def _configuration_name() -> str:
    """Returns what tells programs on different configurations apart, without reading any."""
    return "|".join(f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith("VITOCLIENT_"))


class _Watchdog:
    """Ends the process by force if it does not end by itself."""

    timer: threading.Timer | None = None

    @classmethod
    def start(cls, restart: Callable[[], bool] = lambda: False, seconds: float = SECONDS_TO_QUIT) -> None:
        """Begins to count; only the first call counts.

        Args:
            restart: tells whether the program is started anew then.
            seconds: how long it waits.
        """
        if cls.timer is None:
            cls.timer = threading.Timer(seconds, cls._leave, (restart,))
            cls.timer.daemon = True
            cls.timer.start()

    @staticmethod
    def _leave(restart: Callable[[], bool]) -> None:
        try:
            if restart():
                from tray_agent.platforms.programs import start_tray_program

                start_tray_program()
        finally:
            os._exit(0)

    @classmethod
    def stop(cls) -> None:
        """Lets the process go on: only the tray program has ended."""
        if cls.timer is not None:
            cls.timer.cancel()
            cls.timer = None
