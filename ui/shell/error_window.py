"""An error that is not about an open window: one small window with what happened, what it means, what to do."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMessageBox

from tray_agent.errors import KnownError
from tray_agent.logs import report
from tray_agent.tray.in_windows import in_windows
from ui.widgets.icons import program_icon
from ui.widgets.message_box import make_readable


def error_window(error: KnownError) -> QMessageBox:
    """Returns a window that tells an error; the caller shows it and keeps it. It does not stop the rest of the program."""
    box = QMessageBox(QMessageBox.Icon.Warning, error.title, error.title)  # Qt adds the program's name to every title
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setInformativeText("\n\n".join(in_windows(part) for part in (error.message, error.advice) if part))
    make_readable(box)
    if error.__cause__ is not None:
        box.setDetailedText(report(error))
    box.setWindowIcon(program_icon())
    box.setWindowModality(Qt.WindowModality.NonModal)
    box.setAccessibleName(error.title)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    return box
