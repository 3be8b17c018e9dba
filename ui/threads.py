"""The rule that windows live on the GUI thread, as an assertion."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication, QThread

from tray_agent.errors import BugError


def assert_gui_thread() -> None:
    """Makes sure that the caller runs on the GUI thread.

    Raises:
        BugError: it does not, or there is no application.
    """
    application = QCoreApplication.instance()
    if application is None or QThread.currentThread() is not application.thread():
        raise BugError("a window was touched outside the GUI thread")
