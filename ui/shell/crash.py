"""What happens on a fault of the program: it is logged, told once in a clear window, and the agent goes on.

Under PyQt6 an exception that nobody catches in a slot ends the process; so the hooks here come first of all.
"""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit

from tray_agent import logs
from tray_agent.i18n import _
from ui.look.icons import Status
from ui.look.scale import Type, u
from ui.widgets.card import card_around
from ui.widgets.focus_ring import FocusRing
from ui.widgets.icons import program_icon
from ui.widgets.layout import button, column, row
from ui.widgets.notes import plain_label, soft_label
from ui.widgets.picture import Picture

_PICTURE, _INSIDE = 32, 12

_log = logging.getLogger(__name__)


class CrashReporter(QObject):
    """Catches what nobody caught, in all threads.

    Args:
        file: the log file, whose last lines go into the report.
    """

    _happened = pyqtSignal(str)

    def __init__(self, file: Path | None = None) -> None:
        super().__init__()
        self._file = file
        self.window: CrashWindow | None = None
        self._happened.connect(self._show)
        self._hooks = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._caught
        threading.excepthook = self._caught_in_thread

    def stop(self) -> None:
        """Gives the hooks back."""
        sys.excepthook, threading.excepthook = self._hooks

    def log_to(self, file: Path) -> None:
        """Takes the last lines of this log file into reports from now on."""
        self._file = file

    def _caught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt | SystemExit):
            return
        _log.critical("a fault of the program", exc_info=(kind, error, trace))
        # through a signal: the fault may be of another thread, and windows belong to the GUI thread
        self._happened.emit(logs.report(error, self._file))

    def _caught_in_thread(self, caught: threading.ExceptHookArgs) -> None:
        if caught.exc_value is not None:
            self._caught(caught.exc_type, caught.exc_value, caught.exc_traceback)

    def _show(self, report: str) -> None:
        if self.window is not None and self.window.isVisible():
            self.window.add(report)
            return
        self.window = CrashWindow(report)
        self.window.show()


class CrashWindow(QDialog):
    """One clear window with a report to copy; further faults are added to it instead of opening more."""

    def __init__(self, report: str) -> None:
        super().__init__()
        self.setObjectName("crash")
        self.setWindowTitle(_("Programmfehler"))
        self.setWindowIcon(program_icon())
        explanation = soft_label(
            _(
                "In vitoclient-Services ist ein Programmfehler aufgetreten. Was schon versendet oder heruntergeladen wurde, "
                "ist gesichert; der Agent arbeitet weiter. Bitte senden Sie diesen Bericht an den Support. "
                "Er enthält keine Namen, Telefonnummern oder Passwörter."
            ),
            size=Type.TEXT,
            wrap=True,
        )
        title = plain_label(_("Programmfehler"), bold=True, size=Type.TITLE)
        self.text = QPlainTextEdit(report)
        self.text.setReadOnly(True)
        self.text.setTabChangesFocus(True)
        self.text.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        if (document := self.text.document()) is not None:
            document.setDocumentMargin(u(_INSIDE))
        self.text.setAccessibleName(_("Bericht"))
        buttons = QDialogButtonBox()
        copy = button(_("Bericht &kopieren"), self.copy, picture="copy")
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(button(_("&Schliessen"), self.reject), QDialogButtonBox.ButtonRole.RejectRole)
        copy.setDefault(True)
        words = row((Picture(Status.ERROR, _PICTURE), Qt.AlignmentFlag.AlignTop), (column(title, explanation, spacing=4), 1), spacing=16)
        self.setLayout(column(words, (card_around(self.text), 1), buttons, spacing=12, margins=(16, 16, 16, 16)))
        self.ring = FocusRing(self)
        self.resize(u(720), u(440))

    def add(self, report: str) -> None:
        """Adds another report below the first."""
        self.text.appendPlainText("\n\n" + report)

    def copy(self) -> None:
        """Copies the report."""
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(self.text.toPlainText())
