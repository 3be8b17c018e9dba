"""What the Download-Service of a workstation works with: made when it is first asked for."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tray_agent.clock import Clock
from tray_agent.config.machine import Machine
from tray_agent.config.settings import MOST_SIZE, RATE_OFFICE, Settings
from tray_agent.downloads.download_rows import DownloadRows, Subscriptions
from tray_agent.downloads.library import Library
from tray_agent.downloads.model import Version
from tray_agent.downloads.progress import DownloadProgress
from tray_agent.downloads.turn import Turn
from tray_agent.errors import ConfigurationError, KnownError
from tray_agent.file_faults import why_of
from tray_agent.i18n import N_, _
from tray_agent.platforms.this_system import starter
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.store.database import Database
from tray_agent.store.settings import SettingStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from sqlalchemy import Connection

    from tray_agent.downloads.installation import Installation
    from tray_agent.downloads.model import ElementVersion, Recall, Starter
    from tray_agent.downloads.portal import Portal
    from tray_agent.downloads.transfer import Transfer
    from tray_agent.protocol.model import Activity
    from tray_agent.web.client import Web


class DownloadParts:
    """The parts of the Download-Service of one machine. What a program at rest does not need is imported when it is asked for.

    Attributes:
        rows, subscriptions: what the whole practice shares, as the given ``database`` and ``settings`` are.
        library: the download folder of this workstation.
        progress: what is being transferred now, by this process.
        turn: whose turn it is to transfer in this process.
        closing: what is to be ended with the agent.

    Args:
        machine: the configuration of this machine.
        database: the agent's own database.
        settings: the practice-wide switches.
        clock: the clock.
        workstation: this computer's name, for the record.
        closing: what is to be ended with the agent.
        zone: the practice's time zone, as it is configured now.
        software: what each known workstation told of its practice software last, "": nothing.
        after_next: the planned time of the job after the next one (aware); None: there is none.
    """

    def __init__(
        self,
        machine: Machine,
        database: Database,
        settings: SettingStore,
        clock: Clock,
        workstation: str,
        closing: ExitStack,
        zone: Callable[[], ZoneInfo],
        software: Callable[[], Mapping[str, str]] = dict,
        *,
        after_next: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        self.database = database
        self.settings = settings
        self.clock = clock
        self.workstation = workstation
        self.rows = DownloadRows(database, workstation)
        self.subscriptions = Subscriptions(database)
        self.library = Library(machine.download_folder)
        self.progress = DownloadProgress(clock)
        self.turn = Turn()
        self._machine = machine
        self._log = ActivityLog(database, workstation)
        self.closing = closing
        self._zone = zone
        self.software = software
        self._after_next = after_next

    @cached_property
    def _web(self) -> Web:
        from tray_agent.web.client import Web

        web = Web()
        self.closing.callback(web.close)
        return web

    @cached_property
    def portal(self) -> Portal:
        """The portal of the configuration.

        Raises:
            ConfigurationError: none is set up, or its address or trusted root can't be used.
        """
        from tray_agent.downloads.portal import Portal, metadata_folder

        section = self._machine.portal
        if not section.address or not section.root:
            raise ConfigurationError(
                _("Kein Portal eingerichtet"),
                _("In der Konfiguration fehlt die Adresse des Online-Portals oder sein Vertrauensanker (root)."),
                _("Unter «Einrichten | Online-Portal» beides eintragen; es kommt vom Hersteller (in der Konfiguration: portal)."),
                item="portal",
            )
        root = _read_root(Path(section.root))
        _check_address(section.address)
        return Portal(section.address, root, metadata_folder(self._machine.data_folder, root), self._web, self.clock)

    @property
    def starter(self) -> Starter:
        """What starts and shows files on this system."""
        return starter()

    def installation(self) -> Installation:
        """Returns what hands downloads over to their installers on this system."""
        from tray_agent.downloads.installation import Installation, names_of
        from tray_agent.platforms.this_system import signature_reader

        publishers = names_of(self._machine.portal.publishers)
        return Installation(
            self.rows, self.library, starter(), signature_reader(), self._log.write,
            self._machine.data_folder / "starting", publishers, self.practice_version, self.recall_now,
        )  # fmt: skip

    def recall_now(self, version: ElementVersion) -> Recall | None:
        """Returns whether the vendor called a version back: asks the portal, or takes what it confirmed last where it can't be asked.

        That may have expired: what was called back once is not started because the portal has been away for a week.
        """
        try:
            portal = self.portal
        except ConfigurationError:
            return None
        try:
            catalogue = portal.refresh()
        except KnownError:
            known = portal.known(also_expired=True)
            if known is None:
                return None
            catalogue = known
        found = catalogue.recalled.get(version.key)
        return found.recall if found else None

    def practice_version(self) -> Version | None:
        """Returns the version of the practice software on this workstation, or None where it is not known."""
        from tray_agent.platforms.programs import program_version

        program = self._machine.download.practice_program
        numbers = program_version(Path(program)) if program else None
        return Version(*numbers) if numbers else None

    def tell(self, activities: Sequence[Activity], connection: Connection | None = None) -> None:
        """Writes to the activity log, within the caller's transaction where one is given."""
        self._log.write(activities, connection=connection)

    def seconds_to_spare(self) -> float | None:
        """Returns how long a planned transfer may take: until the planned time after the next one; None: as long as it takes."""
        after_next = self._after_next()
        return (after_next - self.clock.now()).total_seconds() if after_next else None

    def transfer(self, settings: Settings, horizon: float | None = None) -> Transfer:
        """Returns what brings the files of one run, under the switches of its beginning.

        Args:
            settings: the switches.
            horizon: seconds after which a transfer must not end, at the rate of the portal; None: it may take as long as it takes.
        """
        from tray_agent.downloads.transfer import RateLimit, Transfer, TransferLimits, office_rate

        limits = TransferLimits(most_bytes=settings.number(MOST_SIZE) * 1_000_000, horizon=horizon)
        rate = RateLimit(self.clock, lambda: office_rate(self.clock, self._zone(), settings.number(RATE_OFFICE)))
        return Transfer(self._web, self.clock, limits, rate, self.progress)


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if usable:
        return
    raise ConfigurationError(
        _("Adresse des Portals nicht brauchbar"),
        _("«{address}» ist keine Adresse, unter der ein Portal antworten kann; nichts wurde gesucht.").format(address=address),
        _("Unter «Einrichten | Online-Portal» die Adresse berichtigen; sie beginnt mit https:// (in der Konfiguration: portal.address)."),
        item="portal.address",
    )


_ROOT_MISSING = (
    N_("Vertrauensanker des Portals fehlt"),
    N_("{file} kann nicht gelesen werden ({why}); ohne diese Datei ist keinem Download zu trauen."),
)
_ROOT_UNUSABLE = (
    N_("Vertrauensanker des Portals unbrauchbar"),
    N_("{file} ist kein unterschriebener Vertrauensanker; ohne ihn ist keinem Download zu trauen."),
)


def _read_root(file: Path) -> bytes:
    from tray_agent.downloads.portal import is_root

    try:
        root = file.read_bytes()
    except OSError as error:
        raise _without_root(file, _ROOT_MISSING, why_of(error)) from error
    if not is_root(root):
        raise _without_root(file, _ROOT_UNUSABLE)
    return root


def _without_root(file: Path, fault: tuple[str, str], why: str = "") -> ConfigurationError:
    title, message = fault
    return ConfigurationError(
        _(title),
        _(message).format(file=file, why=why),
        _("Die Datei vom Hersteller beziehen und unter «Einrichten | Online-Portal» angeben (in der Konfiguration: portal.root)."),
        item=str(file),
    )
