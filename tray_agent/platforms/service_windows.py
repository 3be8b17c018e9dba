"""The agent as a Windows service, through the service control manager."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pywintypes
import win32con
import win32security
import win32service
import winerror

from tray_agent.clock import Clock, SystemClock
from tray_agent.i18n import _
from tray_agent.platforms.errors import PlatformError, RightsMissingError
from tray_agent.platforms.programs import quoted
from tray_agent.platforms.service import ServicePlan, ServiceState, ServiceStatus, has_password

DISPLAY_NAME = "vitoclient-Services"

_DESCRIPTION = "Führt die Aufträge der Praxis aus: Downloads, Terminerinnerungen, Geburtstagsglückwünsche."
_STATES = {
    win32service.SERVICE_STOPPED: ServiceState.STOPPED,
    win32service.SERVICE_START_PENDING: ServiceState.STARTING,
    win32service.SERVICE_RUNNING: ServiceState.RUNNING,
    win32service.SERVICE_STOP_PENDING: ServiceState.STOPPING,
}
_log = logging.getLogger(__name__)
_RESTART_AFTER_MS = 30_000
_FORGET_FAILURES_AFTER_S = 86_400
_STEP_SECONDS = 0.25
_WAIT_SECONDS = 60.0
"""As long as the service itself says that its end may take (``service_host_windows``)."""


class WindowsServices:
    """The service control manager, seen by the one service that is ours.

    Args:
        name: the service's name.
        clock: times the waiting for a change of state.
    """

    def __init__(self, name: str, clock: Clock | None = None) -> None:
        self._name = name
        self._clock = clock or SystemClock()

    def status(self) -> ServiceStatus:
        """Returns what the service control manager knows."""
        rights = win32service.SERVICE_QUERY_STATUS | win32service.SERVICE_QUERY_CONFIG
        with _as_known_errors(), _manager(win32service.SC_MANAGER_CONNECT) as manager, _service(manager, self._name, rights) as service:
            if service is None:
                return ServiceStatus(ServiceState.NOT_INSTALLED)
            config: Any = win32service.QueryServiceConfig(service)
            state = _STATES.get(win32service.QueryServiceStatus(service)[1], ServiceState.RUNNING)
            account, command, start_type = config[7], config[3], config[1]  # the order of QUERY_SERVICE_CONFIG
            return ServiceStatus(state, account or "LocalSystem", command, start_type == win32service.SERVICE_AUTO_START)

    def install(self, plan: ServicePlan) -> None:
        """Makes the service, or gives one that is there the new command and account.

        Raises:
            RightsMissingError: not started as administrator.
            PlatformError: Windows refuses (an unknown account, a wrong password).
        """
        account = plan.account or f"NT SERVICE\\{self._name}"
        rights = win32service.SC_MANAGER_CONNECT | win32service.SC_MANAGER_CREATE_SERVICE
        with _as_known_errors(), _manager(rights) as manager:
            if plan.account and has_password(plan.account):
                _allow_logon_as_service(plan.account)
            with _service(manager, self._name, win32service.SERVICE_ALL_ACCESS) as service:
                if service is None:
                    self._create(manager, plan, account)
                else:
                    _change(service, plan, account)

    def start(self) -> None:
        """Starts the service and waits until it runs.

        Raises:
            RightsMissingError, PlatformError: as ``install``; also when it ends at once.
        """
        rights = win32service.SERVICE_START | win32service.SERVICE_QUERY_STATUS
        with _as_known_errors(), _manager(win32service.SC_MANAGER_CONNECT) as manager, _service(manager, self._name, rights) as service:
            if service is None:
                raise _not_there()
            if win32service.QueryServiceStatus(service)[1] == win32service.SERVICE_STOPPED:
                win32service.StartService(service, None)
            self._wait(service, ServiceState.RUNNING)

    def stop(self) -> None:
        """Stops the service and waits until it has ended.

        Raises:
            RightsMissingError, PlatformError: as ``install``.
        """
        rights = win32service.SERVICE_STOP | win32service.SERVICE_QUERY_STATUS
        with _as_known_errors(), _manager(win32service.SC_MANAGER_CONNECT) as manager, _service(manager, self._name, rights) as service:
            if service is not None:
                self._stop(service)

    def remove(self) -> None:
        """Stops and removes the service.

        Raises:
            RightsMissingError, PlatformError: as ``install``.
        """
        rights = win32service.SERVICE_STOP | win32service.SERVICE_QUERY_STATUS | win32con.DELETE
        with _as_known_errors(), _manager(win32service.SC_MANAGER_CONNECT) as manager, _service(manager, self._name, rights) as service:
            if service is not None:
                self._stop(service)
                win32service.DeleteService(service)

    def _create(self, manager: Any, plan: ServicePlan, account: str) -> None:  # noqa: ANN401 - pywin32's handle
        service = win32service.CreateService(
            manager,
            self._name,
            DISPLAY_NAME,
            win32service.SERVICE_ALL_ACCESS,
            win32service.SERVICE_WIN32_OWN_PROCESS,
            win32service.SERVICE_AUTO_START,
            win32service.SERVICE_ERROR_NORMAL,
            quoted(plan.command),
            None,
            False,
            None,
            account,
            plan.password,
        )
        try:
            _describe(service)
        finally:
            win32service.CloseServiceHandle(service)

    def _stop(self, service: Any) -> None:  # noqa: ANN401 - pywin32's handle
        if win32service.QueryServiceStatus(service)[1] == win32service.SERVICE_STOPPED:
            return
        win32service.ControlService(service, win32service.SERVICE_CONTROL_STOP)
        self._wait(service, ServiceState.STOPPED)

    def _wait(self, service: Any, wanted: ServiceState) -> None:  # noqa: ANN401 - pywin32's handle
        until = self._clock.monotonic() + _WAIT_SECONDS
        while True:
            status = win32service.QueryServiceStatus(service)
            state = _STATES.get(status[1])
            if state is wanted:
                return
            # stopped while "running" was wanted: it ended at once, and waiting longer would not help
            if state is ServiceState.STOPPED or self._clock.monotonic() > until:
                raise _ended_at_once(exit_code=status[3])
            self._clock.wait(threading.Event(), _STEP_SECONDS)


def _change(service: Any, plan: ServicePlan, account: str) -> None:  # noqa: ANN401 - pywin32's handle
    win32service.ChangeServiceConfig(
        service,
        win32service.SERVICE_NO_CHANGE,
        win32service.SERVICE_AUTO_START,
        win32service.SERVICE_NO_CHANGE,
        quoted(plan.command),
        None,
        False,
        None,
        account,
        plan.password,
        DISPLAY_NAME,
    )
    _describe(service)


def _describe(service: Any) -> None:  # noqa: ANN401 - pywin32's handle
    """Says what the service is, starts it after the others at boot, and again 30 s after a failure."""
    again = (win32service.SC_ACTION_RESTART, _RESTART_AFTER_MS)
    _set(service, win32service.SERVICE_CONFIG_DESCRIPTION, _DESCRIPTION)
    _set(
        service,
        win32service.SERVICE_CONFIG_FAILURE_ACTIONS,
        {"ResetPeriod": _FORGET_FAILURES_AFTER_S, "RebootMsg": "", "Command": "", "Actions": [again, again, again]},
    )
    _set(service, win32service.SERVICE_CONFIG_FAILURE_ACTIONS_FLAG, True)
    _set(service, win32service.SERVICE_CONFIG_DELAYED_AUTO_START_INFO, True)


def _set(service: Any, level: int, value: Any) -> None:  # noqa: ANN401 - pywin32's handle, and one type for each level
    """Sets one of the details, without which the service runs too; a Windows that does not know it goes without."""
    try:
        win32service.ChangeServiceConfig2(service, level, value)
    except pywintypes.error as error:
        if error.winerror != winerror.ERROR_INVALID_LEVEL:
            raise
        _log.info("this Windows does not know level %d of a service's configuration", level)


def _allow_logon_as_service(account: str) -> None:
    """Gives an account the right that Windows' own dialog of services gives: to log on as a service."""
    sid = win32security.LookupAccountName("", account.removeprefix(".\\"))[0]  # ".\NAME" is known to services only
    policy: Any = win32security.LsaOpenPolicy("", win32security.POLICY_CREATE_ACCOUNT | win32security.POLICY_LOOKUP_NAMES)
    try:
        win32security.LsaAddAccountRights(policy, sid, ("SeServiceLogonRight",))
    finally:
        win32security.LsaClose(policy)


@contextmanager
def _manager(rights: int) -> Iterator[Any]:
    manager = win32service.OpenSCManager(None, None, rights)
    try:
        yield manager
    finally:
        win32service.CloseServiceHandle(manager)


@contextmanager
def _service(manager: Any, name: str, rights: int) -> Iterator[Any]:  # noqa: ANN401 - pywin32's handle
    """Gives the service's handle, or None where there is no such service."""
    try:
        service = win32service.OpenService(manager, name, rights)
    except pywintypes.error as error:
        if error.winerror != winerror.ERROR_SERVICE_DOES_NOT_EXIST:
            raise
        yield None
        return
    try:
        yield service
    finally:
        win32service.CloseServiceHandle(service)


@contextmanager
def _as_known_errors() -> Iterator[None]:
    """Turns what Windows refuses into an error with a title and advice."""
    try:
        yield
    except pywintypes.error as error:
        if error.winerror == winerror.ERROR_ACCESS_DENIED:
            raise RightsMissingError(
                _("Rechte fehlen"),
                _("Einen Dienst darf nur ein Administrator einrichten, starten, anhalten oder entfernen."),
                _("Die Eingabeaufforderung «als Administrator» öffnen und den Befehl wiederholen."),
            ) from error
        raise PlatformError(
            _("Windows lehnt ab"),
            _("Der Dienst wurde nicht geändert: {why} (Fehler {number})").format(why=error.strerror, number=error.winerror),
            _("Konto und Passwort prüfen; die Ereignisanzeige nennt mehr."),
        ) from error


def _not_there() -> PlatformError:
    return PlatformError(
        _("Kein Dienst"), _("Der Dienst ist auf diesem Gerät nicht eingerichtet."), _("Mit «vitoclient service install» einrichten.")
    )


def _ended_at_once(exit_code: int) -> PlatformError:
    return PlatformError(
        _("Dienst läuft nicht"),
        _("Der Dienst hat den gewünschten Zustand nicht erreicht (Code {code}).").format(code=exit_code),
        _("«vitoclient doctor» mit der Konfiguration des Dienstes ausführen; die Ereignisanzeige nennt mehr."),
    )
