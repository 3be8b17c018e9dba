"""The process of a Windows service: connects to the service control manager and does what that asks."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import logging
from collections.abc import Callable
from typing import Any

import pywintypes
import servicemanager
import win32service
import win32serviceutil
import winerror

from tray_agent.i18n import _
from tray_agent.platforms.errors import PlatformError
from tray_agent.platforms.shutdown import ProgramEnd, StopReason

_STOP_HINT_MS = 60_000

_log = logging.getLogger(__name__)


def host_on_windows(work: Callable[[ProgramEnd], None], name: str) -> None:
    """Connects this process to the service control manager and returns when the service was stopped.

    Raises:
        PlatformError: the service control manager did not start this process.
    """
    servicemanager.Initialize(name, None)
    servicemanager.PrepareToHostSingle(service_class(work, name))
    connect: Any = servicemanager.StartServiceCtrlDispatcher  # pywin32's stub has no types here
    try:
        connect()
    except pywintypes.error as error:
        if error.winerror != winerror.ERROR_FAILED_SERVICE_CONTROLLER_CONNECT:
            raise
        raise PlatformError(
            _("Nicht als Dienst gestartet"),
            _("Dieser Befehl wird von Windows ausgeführt, wenn der Dienst startet."),
            _("Den Dienst mit «vitoclient service install» einrichten; ohne Dienst läuft der Agent mit «vitoclient agent»."),
        ) from error


def service_class(work: Callable[[ProgramEnd], None], name: str) -> type[Any]:
    """Returns the class that pywin32 makes one object of for the service."""

    class Host(win32serviceutil.ServiceFramework):
        _svc_name_ = name
        _svc_display_name_ = name

        def __init__(self, arguments: Any) -> None:  # noqa: ANN401 - pywin32's
            super().__init__(arguments)
            self._end = ProgramEnd()

        def SvcDoRun(self) -> None:
            """Works until the service is stopped; after a fault pywin32 tells Windows an exit code, and Windows starts it again."""
            try:
                work(self._end)
            except Exception:
                _log.exception("the service failed")
                raise
            finally:
                self._end.finished.set()

        def SvcStop(self) -> None:
            """Asks the work to end and says how long that may take."""
            self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING, _STOP_HINT_MS)
            self._end.ask(StopReason.ASKED)

        def SvcShutdown(self) -> None:
            """Asks the work to end because the machine goes down."""
            self._end.ask(StopReason.SHUTDOWN)

    return Host
