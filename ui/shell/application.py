"""The Qt application: style, scaling, Qt's own translations, an end by signal; faults go to one clear window."""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Callable

from PyQt6 import sip
from PyQt6.QtCore import QLibraryInfo, QLocale, QObject, QSocketNotifier, Qt, QTimer, QTranslator
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QApplication

from tray_agent import __version__
from tray_agent.platforms.foreground import DESKTOP_FILE_NAME, announce_identity
from tray_agent.tray.model import PRODUCT
from ui.look.apply import Look

MILLISECONDS_BETWEEN_COLLECTIONS = 5_000

_ENDING_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGBREAK") if hasattr(signal, name))

_log = logging.getLogger(__name__)


def create_application(arguments: list[str]) -> QApplication:
    """Makes the application object in the program's look; high-DPI scaling is Qt's default.

    Args:
        arguments: the program's, for Qt's own options.
    """
    announce_identity()
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    QApplication.setApplicationName(PRODUCT)
    QApplication.setApplicationVersion(__version__)
    QGuiApplication.setApplicationDisplayName(PRODUCT)
    QGuiApplication.setDesktopFileName(DESKTOP_FILE_NAME)
    application = QApplication(arguments)
    # the program lives in the tray; its windows come and go
    application.setQuitOnLastWindowClosed(False)
    Look(application)
    return application


class QtTranslations(QObject):
    """Qt's own texts (the buttons of a print dialog, the menus of an input line) in the language in force."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._application = application
        self._translator = QTranslator(self)

    def load(self, language: str) -> None:
        """Replaces Qt's texts by those of ``de``, ``en``, ``fr`` or ``it``."""
        self._application.removeTranslator(self._translator)
        locale = QLocale(f"{language}_CH")
        QLocale.setDefault(locale)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if self._translator.load(locale, "qtbase", "_", folder):
            self._application.installTranslator(self._translator)


class GarbageWatch(QObject):
    """Collects Python's cyclic garbage on the GUI thread alone, as long as it runs.

    Python collects wherever it happens to be: a worker that allocates a row may take a window apart that was let go of, while
    the GUI thread paints it, and the process dies within Qt. Reference counting goes on everywhere; only circles wait.

    Args:
        parent: what it lives with.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        """Takes collecting over from Python."""
        gc.disable()
        self._timer.start(MILLISECONDS_BETWEEN_COLLECTIONS)

    def stop(self) -> None:
        """Gives collecting back to Python."""
        self._timer.stop()
        gc.enable()

    def look(self) -> None:
        """Collects what Python's own thresholds call for; GUI thread only."""
        due = [generation for generation, limit in enumerate(gc.get_threshold()) if limit and gc.get_count()[generation] > limit]
        if due:
            gc.collect(max(due))


class SignalWatch(QObject):
    """Ends the program in order on SIGTERM, SIGINT and the like.

    Under Qt's loop a Python handler alone would never run; a socket that the signal writes to wakes the loop.

    Args:
        on_signal: called on the GUI thread.
        at_once: called within the signal's handler, however busy Qt's loop is; must be quick.
    """

    def __init__(self, on_signal: Callable[[], None], at_once: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self._on_signal = on_signal
        self._reading, self._writing = socket.socketpair()
        for end in (self._reading, self._writing):
            # set_wakeup_fd takes no other: a full socket must not hold the signal handler
            end.setblocking(False)
        self._before = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        self._handlers = {number: signal.signal(number, lambda _number, _frame: at_once()) for number in _ENDING_SIGNALS}
        self._notifier = QSocketNotifier(sip.voidptr(self._reading.fileno()), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._came)

    def stop(self) -> None:
        """Gives the signals back."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._reading.close()
        self._writing.close()

    def _came(self) -> None:
        numbers = b""
        with contextlib.suppress(OSError):
            numbers = self._reading.recv(64)
        if any(number in self._handlers for number in numbers):
            _log.info("asked to end by a signal")
            self._on_signal()
