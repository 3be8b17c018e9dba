"""Engine calls outside the GUI thread, their results on it. No dialog ever waits for a database or a network."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import TypeVar

from PyQt6 import sip
from PyQt6.QtCore import QCoreApplication, QObject, QThread, pyqtSignal

from tray_agent.errors import BugError, KnownError
from tray_agent.i18n import _

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class Task:
    """One call in the background, as the caller on the GUI thread and the worker see it.

    Args:
        owner: the window that wants the result; when it is gone, the result is dropped.

    Attributes:
        cancelled: whether nobody wants the result any more; safe from any thread.
    """

    def __init__(self, owner: QObject | None) -> None:
        self._owner = owner
        self.cancelled = Event()

    def cancel(self) -> None:
        """Drops the result."""
        self.cancelled.set()

    @property
    def wanted(self) -> bool:
        """Returns whether somebody still waits for the result. GUI thread only."""
        return not self.cancelled.is_set() and (self._owner is None or not sip.isdeleted(self._owner))


class Background(QObject):
    """Runs engine calls in worker threads and delivers their results on the GUI thread, in a window's own time.

    A result is dropped when its task was cancelled or its owner is gone. A ``KnownError`` goes to ``failed``; a bug is
    logged with its traceback and goes there too, as an error with words for people, so that no window stays busy.

    Args:
        on_error: what shows an error where a call gave no ``failed``.
        workers: how many calls run at once.
    """

    _arrived = pyqtSignal(object)

    def __init__(self, on_error: Callable[[KnownError], None], workers: int = 4) -> None:
        super().__init__()
        assert_gui_thread()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="vitoclient-work")
        self._on_error = on_error
        # emitted in a worker, the signal is queued to the thread of this object: the GUI thread
        self._arrived.connect(self._deliver)
        self._open: set[Task] = set()
        self._stopped = False

    @property
    def idle(self) -> bool:
        """Returns whether no call is under way; for tests that wait."""
        return not self._open

    def run(
        self,
        work: Callable[[], Result],
        done: Callable[[Result], object],
        *,
        failed: Callable[[KnownError], None] | None = None,
        owner: QObject | None = None,
    ) -> Task:
        """Runs ``work`` in a worker thread, then ``done`` with its result, or ``failed``, on the GUI thread.

        Args:
            work: engine calls only; must not touch a widget.
            done: gets the result.
            failed: gets the error; by default it is shown in an error dialog.
            owner: the window that wants the result.
        """
        assert_gui_thread()
        task = Task(owner)
        if self._stopped:  # a window's timer may still fire at the end of the program
            task.cancel()
            return task
        self._open.add(task)
        self._pool.submit(self._work, task, work, done, failed or self._on_error)
        return task

    def post(self, call: Callable[[], object]) -> None:
        """Runs ``call`` on the GUI thread, from any thread; after the end of the program it does nothing."""
        try:
            self._arrived.emit(call)
        except RuntimeError:  # the Qt object is gone: the program ends
            _log.debug("a result came after the end")

    def stop(self) -> None:
        """Drops what waits and all results; does not wait for what runs."""
        self._stopped = True
        for task in self._open:
            task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _work(self, task: Task, work: Callable[[], Result], done: Callable[[Result], object], failed: Callable[[KnownError], None]) -> None:
        def conclude(call: Callable[[], object]) -> None:
            self.post(lambda: self._conclude(task, call))

        if task.cancelled.is_set():
            conclude(lambda: None)
            return
        try:
            result = work()
        except KnownError as error:
            # the name in "except … as" is gone when the lambda runs
            known = error
            conclude(lambda: failed(known))
        except Exception:  # noqa: BLE001 - a fault of the engine must not end a worker unseen
            _log.exception("a call in the background failed")
            conclude(lambda: failed(unexpected()))
        else:
            conclude(lambda: done(result))

    def _conclude(self, task: Task, call: Callable[[], object]) -> None:
        self._open.discard(task)
        if task.wanted:
            call()

    def _deliver(self, call: Callable[[], object]) -> None:
        call()


def unexpected() -> KnownError:
    """Returns what people are told of a fault of the program; its traceback is in the log."""
    return KnownError(
        _("Unerwarteter Fehler"),
        _("Ein Schritt ist wegen eines Programmfehlers nicht gelungen. Der Agent arbeitet weiter."),
        _("Bitte noch einmal versuchen; bleibt der Fehler, den Bericht aus dem Fenster Info an den Support senden."),
    )


def assert_gui_thread() -> None:
    """Makes sure that the caller runs on the GUI thread.

    Raises:
        BugError: it does not, or there is no application.
    """
    application = QCoreApplication.instance()
    if application is None or QThread.currentThread() is not application.thread():
        raise BugError("a window was touched outside the GUI thread")
