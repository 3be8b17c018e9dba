"""Puts the parts of the Download-Service together, each when first asked for; called by the agent."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tray_agent.clock import Clock
from tray_agent.config.machine import Machine
from tray_agent.config.settings import MOST_SIZE, RATE_OFFICE, Settings
from tray_agent.downloads.download_rows import DownloadRows
from tray_agent.downloads.library import Library
from tray_agent.downloads.model import Version
from tray_agent.downloads.parts import DownloadParts
from tray_agent.downloads.progress import DownloadProgress
from tray_agent.downloads.service import DownloadService
from tray_agent.downloads.subscriptions import Subscriptions
from tray_agent.errors import ConfigurationError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.platforms.this_system import starter
from tray_agent.store.database import Database
from tray_agent.store.settings import SettingStore

if TYPE_CHECKING:
    from tray_agent.downloads.installation import Installation
    from tray_agent.downloads.portal import Portal
    from tray_agent.downloads.transfer import Transfer
    from tray_agent.protocol.activity_log import ActivityLog
    from tray_agent.web.client import Web


class Downloads:
    """The Download-Service of this machine.

    Attributes:
        service: what dialogs and the command line use.

    Args:
        machine: the configuration of this machine.
        database: the agent's own database.
        settings: the practice-wide switches.
        log: the activity log.
        clock: the clock.
        workstation: this computer's name, for the record.
        closing: where connections are closed in the end.
    """

    def __init__(
        self,
        machine: Machine,
        database: Database,
        settings: SettingStore,
        log: ActivityLog,
        clock: Clock,
        workstation: str,
        closing: ExitStack,
    ) -> None:
        self._machine = machine
        self._log = log
        self._clock = clock
        self._closing = closing
        self._parts = DownloadParts(
            portal=lambda: self._portal,
            database=database,
            rows=DownloadRows(database),
            subscriptions=Subscriptions(database),
            settings=settings,
            library=Library(machine.download_folder),
            progress=DownloadProgress(clock),
            transfer=self._transfer,
            clock=clock,
            workstation=workstation,
        )
        self.service = DownloadService(self._parts, self._installation, starter)

    def work(self, context: JobContext) -> JobResult:
        """Does what a run of the job *Download-Service* does; what it works with is imported for the first one."""
        from tray_agent.downloads.job import run_once

        return run_once(self._parts, context)

    @cached_property
    def _web(self) -> Web:
        from tray_agent.web.client import Web

        web = Web()
        self._closing.callback(web.close)
        return web

    @cached_property
    def _portal(self) -> Portal:
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
        return Portal(_checked_address(section.address), root, metadata_folder(self._machine.data_folder, root), self._web, self._clock)

    def _installation(self) -> Installation:
        from tray_agent.downloads.installation import Expected, Installation
        from tray_agent.downloads.publisher import names_of
        from tray_agent.platforms.this_system import signature_reader

        expected = Expected(names_of(self._machine.portal.publishers), self._practice_version)
        parts = self._parts
        return Installation(parts.database, parts.rows, parts.library, starter(), signature_reader(), self._log.write, expected)

    def _practice_version(self) -> Version | None:
        from tray_agent.platforms.programs import program_version

        program = self._machine.download.practice_program
        numbers = program_version(Path(program)) if program else None
        return Version(*numbers) if numbers else None

    def _transfer(self, settings: Settings) -> Transfer:
        from tray_agent.downloads.rate import RateLimit, office_rate
        from tray_agent.downloads.transfer import Transfer, TransferLimits

        limits = TransferLimits(most_bytes=settings.number(MOST_SIZE) * 1_000_000)
        rate = RateLimit(self._clock, lambda: office_rate(self._clock, self._machine.zone, settings.number(RATE_OFFICE)))
        return Transfer(self._web, self._clock, limits, rate, self._parts.progress)


def _checked_address(address: str) -> str:
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if usable:
        return address
    raise ConfigurationError(
        _("Adresse des Portals nicht brauchbar"),
        _("«{address}» ist keine Adresse, unter der ein Portal antworten kann; nichts wurde gesucht.").format(address=address),
        _("Unter «Einrichten | Online-Portal» die Adresse berichtigen; sie beginnt mit https:// (in der Konfiguration: portal.address)."),
        item="portal.address",
    )


def _read_root(file: Path) -> bytes:
    from tray_agent.downloads.portal import is_root

    try:
        root = file.read_bytes()
    except OSError as error:
        missing = _("{file} kann nicht gelesen werden ({why}); ohne diese Datei ist keinem Download zu trauen.")
        raise _without_root(file, _("Vertrauensanker des Portals fehlt"), missing.format(file=file, why=why_of(error))) from error
    if is_root(root):
        return root
    unusable = _("{file} ist kein unterschriebener Vertrauensanker; ohne ihn ist keinem Download zu trauen.")
    raise _without_root(file, _("Vertrauensanker des Portals unbrauchbar"), unusable.format(file=file))


def _without_root(file: Path, title: str, message: str) -> ConfigurationError:
    return ConfigurationError(
        title,
        message,
        _("Die Datei vom Hersteller beziehen und unter «Einrichten | Online-Portal» angeben (in der Konfiguration: portal.root)."),
        item=str(file),
    )
