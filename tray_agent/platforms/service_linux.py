"""The agent as a systemd unit."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from tray_agent.i18n import _
from tray_agent.platforms.errors import PlatformError, RightsMissingError
from tray_agent.platforms.files import write_whole
from tray_agent.platforms.service import ServicePlan, ServiceState, ServiceStatus
from tray_agent.platforms.service_secrets import SECRETS

UNITS = Path("/etc/systemd/system")

_STATES = {
    "active": ServiceState.RUNNING,
    "reloading": ServiceState.RUNNING,
    "activating": ServiceState.STARTING,
    "deactivating": ServiceState.STOPPING,
    "inactive": ServiceState.STOPPED,
    "failed": ServiceState.FAILED,
}


Ask = Callable[[Sequence[str]], tuple[int, str]]
"""Runs ``systemctl`` with arguments; returns its exit code and its words."""


def has_systemd() -> bool:
    """Returns whether systemd runs this machine (``sd_booted(3)``)."""
    return Path("/run/systemd/system").is_dir()


class SystemdServices:
    """A unit file and ``systemctl``.

    Args:
        name: the service's name; the unit's is the same in lower case.
        folder: where unit files are.
        ask: runs systemctl; the real one by default.
    """

    def __init__(self, name: str, folder: Path = UNITS, ask: Ask | None = None) -> None:
        self._unit = f"{name.lower()}.service"
        self._file = folder / self._unit
        self._ask = ask or _systemctl

    def status(self) -> ServiceStatus:
        """Returns what the unit file and systemd say."""
        if not self._file.is_file():
            return ServiceStatus(ServiceState.NOT_INSTALLED)
        unit = dict(line.split("=", 1) for line in self._file.read_text(encoding="utf-8").splitlines() if "=" in line)
        active = self._ask(["is-active", self._unit])[1].strip()
        return ServiceStatus(
            _STATES.get(active, ServiceState.STOPPED),
            unit.get("User", ""),
            unit.get("ExecStart", ""),
            self._ask(["is-enabled", self._unit])[1].strip() == "enabled",
        )

    def install(self, plan: ServicePlan) -> None:
        """Writes the unit and enables it.

        Raises:
            RightsMissingError: not root.
            PlatformError: systemd refuses.
        """
        try:
            write_whole(self._file, unit_text(plan).encode())
        except PermissionError as error:
            raise _no_rights() from error
        self._do("daemon-reload")
        self._do("enable", self._unit)

    def start(self) -> None:
        """Starts the unit; one that runs is started again, so that it has the new command.

        Raises:
            RightsMissingError, PlatformError: as ``install``.
        """
        self._do("restart", self._unit)

    def stop(self) -> None:
        """Stops the unit.

        Raises:
            RightsMissingError, PlatformError: as ``install``.
        """
        if self._file.is_file():
            self._do("stop", self._unit)

    def remove(self) -> None:
        """Stops, disables and removes the unit.

        Raises:
            RightsMissingError, PlatformError: as ``install``.
        """
        if not self._file.is_file():
            return
        self._do("disable", "--now", self._unit)
        try:
            self._file.unlink()
        except PermissionError as error:
            raise _no_rights() from error
        self._do("daemon-reload")

    def _do(self, *arguments: str) -> None:
        code, words = self._ask(arguments)
        if code == 0:
            return
        # its exit code is the same for missing rights as for other faults; systemd's words are English in every language
        if "authentication required" in words.lower() or "access denied" in words.lower():
            raise _no_rights()
        raise PlatformError(
            _("systemd lehnt ab"),
            _("systemctl {arguments}: {said}").format(arguments=" ".join(arguments), said=words.strip() or code),
            _("«journalctl --unit {unit}» zeigt den Grund.").format(unit=self._unit),
            item=self._unit,
        )


def unit_text(plan: ServicePlan) -> str:
    """Returns the unit file of the service (systemd.unit(5), systemd.service(5), systemd.exec(5)).

    What the agent needs is open to it: the network, name services, its own state, the folders that the plan names. What
    it does not need is closed: privileges, devices, the kernel, other processes, namespaces, files of others. Memory
    that is written and run stays allowed: database drivers make their call-backs in it.
    """
    writable = "".join("ReadWritePaths=" + _word("-" + folder.as_posix(), dollar="$") + "\n" for folder in plan.writable)
    account = f"User={plan.account}" if plan.account else "DynamicUser=yes\nUser=vitoclient-services"
    return f"""[Unit]
Description=vitoclient-Services: Downloads, Terminerinnerungen, Geburtstagsglückwünsche
Wants=network-online.target
After=network-online.target

[Service]
Type=exec
ExecStart={" ".join(_word(word) for word in plan.command)}
{account}
StateDirectory=vitoclient-services
Environment=XDG_DATA_HOME=/var/lib/vitoclient-services
EnvironmentFile=-{SECRETS}
Restart=on-failure
RestartSec=30
TimeoutStopSec=60
UMask=0077
NoNewPrivileges=yes
CapabilityBoundingSet=
PrivateTmp=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectHome=read-only
{writable}ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def _word(word: str, dollar: str = "$$") -> str:
    """Quotes a word: always in double quotes, ``%`` doubled, and ``$`` where variables are read (``ExecStart``)."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", dollar)
    return f'"{escaped}"'


def _systemctl(arguments: Sequence[str]) -> tuple[int, str]:
    program = shutil.which("systemctl")
    if program is None:
        return 127, "systemctl"
    done = subprocess.run(  # noqa: S603 - the system's own program, arguments of ours
        [program, "--no-ask-password", *arguments], check=False, capture_output=True, text=True, encoding="utf-8", errors="replace"
    )
    return done.returncode, done.stdout if done.returncode == 0 else done.stdout + done.stderr


def _no_rights() -> RightsMissingError:
    return RightsMissingError(
        _("Rechte fehlen"),
        _("Einen Dienst darf nur der Systemverwalter (root) einrichten, starten, anhalten oder entfernen."),
        _("Den Befehl mit «sudo» wiederholen."),
    )
