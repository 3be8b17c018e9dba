"""Picks what works on this system, each when it is asked for: the other system's libraries are not there to be imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tray_agent.downloads.model import Starter
from tray_agent.i18n import _
from tray_agent.platforms.errors import NotSupportedHereError

if TYPE_CHECKING:
    from tray_agent.platforms.autostart import Autostart
    from tray_agent.platforms.service import Services
    from tray_agent.platforms.service_secrets import ServiceSecrets
    from tray_agent.platforms.shutdown import ProgramEnd
    from tray_agent.platforms.signature import SignatureReader

SERVICE_NAME = "vitoclient-Services"


def autostart() -> Autostart:
    """Returns what starts the tray program of this installation at login."""
    from tray_agent.config.machine import APPLICATION
    from tray_agent.platforms.programs import tray_program

    if sys.platform == "win32":
        from tray_agent.platforms.autostart_windows import RunKeyAutostart

        return RunKeyAutostart(tray_program(), APPLICATION)
    from tray_agent.platforms.autostart_linux import XdgAutostart

    return XdgAutostart(tray_program(), APPLICATION)


def services(name: str = SERVICE_NAME) -> Services:
    """Returns this system's services.

    Raises:
        NotSupportedHereError: the system has neither Windows services nor systemd.
    """
    if sys.platform == "win32":
        from tray_agent.platforms.service_windows import WindowsServices

        return WindowsServices(name)
    from tray_agent.platforms.service_linux import SystemdServices, has_systemd

    if not has_systemd():
        raise NotSupportedHereError(
            _("Kein systemd"),
            _("Dieses System kennt keine Dienste von systemd; der Agent kann hier nicht als Dienst laufen."),
            _("«vitoclient agent» durch den Dienstverwalter dieses Systems starten lassen."),
        )
    return SystemdServices(name)


def service_secrets(config: Path) -> ServiceSecrets:
    """Returns where the passwords of the service are.

    Args:
        config: the configuration file of the service; on Windows the passwords lie beside it.
    """
    if sys.platform == "win32":
        from tray_agent.platforms.service_secrets_windows import ProtectedFile

        return ProtectedFile(config.with_name("service-secrets.bin"), SERVICE_NAME)
    from tray_agent.platforms.service_secrets import SECRETS, EnvironmentFile

    return EnvironmentFile(SECRETS)


def run_as_service(work: Callable[[ProgramEnd], None], name: str = SERVICE_NAME) -> None:
    """Runs the agent as the service that the system has started; returns when the service was stopped.

    On Linux systemd sends SIGTERM. On Windows the service control manager must have started this process.

    Args:
        work: runs the agent until ``ProgramEnd.stop`` is set, and closes everything before it returns.
        name: the service's name.

    Raises:
        PlatformError: on Windows, when a person started it instead.
    """
    if sys.platform == "win32":
        from tray_agent.platforms.service_host_windows import host_on_windows

        host_on_windows(work, name)
        return
    with stop_when_ending() as end:
        work(end)


@contextmanager
def stop_when_ending(end: ProgramEnd | None = None) -> Iterator[ProgramEnd]:
    """Within the block, every way of ending this process sets ``ProgramEnd.stop``; at its end ``finished`` is set.

    Enter it on the main thread. Do the work, the closing of the database included, within the block: Windows, which waits
    for ``finished``, ends the process by force as soon as it is set.
    """
    from tray_agent.platforms.shutdown import ProgramEnd

    if sys.platform == "win32":
        from tray_agent.platforms.shutdown_windows import listening
    else:
        from tray_agent.platforms.shutdown import listening
    end = end or ProgramEnd()
    with listening(end):
        try:
            yield end
        finally:
            end.finished.set()


def signature_reader() -> SignatureReader:
    """Returns what reads who signed a program."""
    if sys.platform == "win32":
        from tray_agent.platforms.signature_windows import WindowsSignatures

        return WindowsSignatures()
    from tray_agent.platforms.signature import NoSignatures

    return NoSignatures()


def starter() -> Starter:
    """Returns what starts an installer, or shows a file, as the system does for a person."""
    if sys.platform == "win32":
        from tray_agent.platforms.starter_windows import WindowsStarter

        return WindowsStarter()
    from tray_agent.platforms.starter_linux import LinuxStarter

    return LinuxStarter()
