"""The agent as a service: it runs the jobs whoever is logged in, beside the tray programs.

A workstation may be off at 10:00; the practice's server is not. The claim protocol of the jobs makes sure that of all
agents on one database exactly one runs each planned run, so a service needs no arrangement with the tray programs, as
long as it works on the same database.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tray_agent.i18n import _
from tray_agent.platforms.errors import PlatformError

if TYPE_CHECKING:
    from tray_agent.config.machine import Machine


class ServiceState(StrEnum):
    """Whether the service runs."""

    NOT_INSTALLED = "not_installed"
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FAILED = "failed"
    """It ended with an error (Linux: systemd's state ``failed``)."""


@dataclass(frozen=True)
class ServicePlan:
    """What is to run as a service.

    Attributes:
        command: the program, an absolute path, and its arguments.
        account: the account that it runs under; None: one of its own, made by the system, without a password and
            with no more rights than it needs (Windows: a virtual account; Linux: a dynamic user).
        password: of ``account``, where Windows needs one.
        writable: folders outside the service's own that it must write to; Linux closes all others to it.
    """

    command: tuple[str, ...]
    account: str | None = None
    password: str | None = None
    writable: tuple[Path, ...] = ()


@dataclass(frozen=True)
class ServiceStatus:
    """What the system knows of the service.

    Attributes:
        state: whether it runs.
        account: the account that it runs under; "" where there is no service.
        command: what it runs, as the system writes it; "" where there is no service.
        starts_at_boot: whether it starts with the machine.
    """

    state: ServiceState
    account: str = ""
    command: str = ""
    starts_at_boot: bool = False


class Services(Protocol):
    """This system's services, seen by the one that is ours."""

    def status(self) -> ServiceStatus:
        """Returns what the system knows of the service; asks for no rights."""
        ...

    def install(self, plan: ServicePlan) -> None:
        """Makes the service, to be started with the machine; one that is there already gets the new command and account.

        Raises:
            RightsMissingError: this account may not make services.
            PlatformError: the system refuses (an unknown account, a wrong password).
        """
        ...

    def start(self) -> None:
        """Starts it and waits until it runs; does nothing where it runs.

        Raises:
            RightsMissingError, PlatformError: as ``install``; also when it ends at once.
        """
        ...

    def stop(self) -> None:
        """Stops it and waits until it has ended its work; does nothing where it does not run.

        Raises:
            RightsMissingError, PlatformError: as ``install``.
        """
        ...

    def remove(self) -> None:
        """Stops and removes it; data and configuration stay. Does nothing where there is none.

        Raises:
            RightsMissingError, PlatformError: as ``install``.
        """
        ...


def has_password(account: str) -> bool:
    """Returns whether a Windows account is one with a password: neither one of Windows' own nor a managed one (``NAME$``)."""
    upper = account.upper()
    own = upper == "LOCALSYSTEM" or upper.startswith(("NT SERVICE\\", "NT AUTHORITY\\"))
    return not own and not account.endswith("$")


def folders_of(machine: Machine) -> tuple[Path, ...]:
    """Returns the folders that a configuration names for the agent to write to."""
    named = (machine.machine.data_folder, machine.download.folder, machine.gateway.folder)
    return tuple(dict.fromkeys(Path(folder) for folder in named if folder))


def check_serviceable(machine: Machine, config: Path) -> None:
    """Makes sure that a service with this configuration would work on the same database as the tray programs.

    Args:
        machine: the configuration that the service would read.
        config: its file.

    Raises:
        PlatformError: the store is the embedded file of one user. The service would have a file of its own and prepare
            and send everything a second time.
    """
    if machine.store.url:
        return
    raise PlatformError(
        _("Dienst nicht eingerichtet"),
        _(
            "In {file} steht keine gemeinsame Datenbank ([store] url). Der Dienst würde eine eigene Datenbank führen, "
            "und Patienten bekämen Mitteilungen doppelt."
        ).format(file=config),
        _("In dieser Datei die Datenbank der Praxis eintragen und den Dienst erneut einrichten."),
        item=str(config),
    )
