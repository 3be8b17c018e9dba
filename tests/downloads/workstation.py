"""The Download-Service of one workstation, put together for trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import cast

from sqlalchemy import Connection

from tray_agent.clock import ManualClock
from tray_agent.config.settings import Setting, Settings, Value
from tray_agent.downloads.bringing import Bringer
from tray_agent.downloads.download_rows import DownloadRows, Subscriptions
from tray_agent.downloads.job import run_once
from tray_agent.downloads.library import Library
from tray_agent.downloads.model import Download, DownloadState
from tray_agent.downloads.parts import DownloadParts
from tray_agent.downloads.portal import Portal
from tray_agent.downloads.progress import DownloadProgress
from tray_agent.downloads.transfer import Transfer, TransferLimits
from tray_agent.downloads.turn import Turn
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobResult
from tray_agent.protocol.model import Activity
from tray_agent.store.database import Database
from tray_agent.web.client import Web


def is_listed(path: Path) -> bool:
    """Returns whether this is a file that Windows lists: it hides the mark of the web, a stream of its file, which Wine keeps beside it."""
    return path.is_file() and ":" not in path.name


@dataclass
class TrialContext:
    """What a job is given, in memory: remembers what it was told."""

    run_id: int = 1
    job: JobKey = JobKey.DOWNLOAD
    due_at: datetime = datetime(2026, 11, 23, 9, 0)  # noqa: DTZ001 - not looked at
    by_hand: bool = False
    dry_run: bool = False
    attempt: int = 1
    token: int = 1
    activities: list[Activity] = field(default_factory=list)
    at_checkpoint: Callable[[], None] = lambda: None
    at_fence: Callable[[], None] = lambda: None

    def checkpoint(self) -> None:
        self.at_checkpoint()

    def fence(self, connection: Connection) -> None:
        self.at_fence()

    def log(self, *activities: Activity, connection: Connection | None = None) -> None:
        self.activities.extend(activities)

    def progress(self, done: int, total: int | None, what: str = "") -> None:
        pass

    @property
    def reasons(self) -> list[str]:
        return [activity.reason for activity in self.activities]


@dataclass
class TrialSwitches:
    """The practice's switches, in memory."""

    values: Mapping[Setting, Value]

    def load(self) -> Settings:
        return Settings(self.values)


class Practice:
    """The Download-Service of one workstation, put together for tests: stands in for its ``DownloadParts``."""

    def __init__(self, folder: Path, database: Database, portal: Portal, web: Web, clock: ManualClock, workstation: str = "PC1") -> None:
        self.workstation = workstation
        self.database = database
        self.portal = portal
        self.web = web
        self.clock = clock
        self.rows = DownloadRows(database, workstation)
        self.subscriptions = Subscriptions(database)
        self.library = Library(folder)
        self.progress = DownloadProgress(clock)
        self.turn = Turn()
        self.switches: dict[Setting, Value] = {}
        self.limits = TransferLimits(reserve=0)
        self.spare: float | None = None
        self.context = TrialContext()
        self.told: list[Activity] = []
        self.bringer = Bringer(cast("DownloadParts", self))

    def look(self, *, may: Callable[[], bool] = lambda: True, has_network: bool = True) -> list[str]:
        """Looks at the folder as every agent does, and returns the reasons of what was told."""
        before = len(self.told)
        self.bringer.look(may, lambda: has_network)
        return [activity.reason for activity in self.told[before:]]

    def tell(self, activities: Sequence[Activity], connection: Connection | None = None) -> None:
        self.told.extend(activities)

    def run(self, context: TrialContext | None = None) -> JobResult:
        """Runs the job once; what it logged is in ``context``."""
        self.context = context or TrialContext()
        return run_once(cast("DownloadParts", self), self.context)

    @property
    def settings(self) -> TrialSwitches:
        return TrialSwitches(self.switches)

    def seconds_to_spare(self) -> float | None:
        return self.spare

    def transfer(self, _settings: Settings, horizon: float | None = None) -> Transfer:
        return Transfer(self.web, self.clock, replace(self.limits, horizon=horizon), None, self.progress)

    def subscribe(self, *elements: str) -> None:
        catalogue = self.portal.refresh()
        for element in elements:
            newest = catalogue.elements[element][0]
            self.subscriptions.add(element, newest.title, newest.version, "Anna@PC1")

    def download(self, element: str, version: str) -> Download:
        return next(row for row in self.rows.all() if (row.signed.element, str(row.signed.version)) == (element, version))

    def hand_over(self, element: str, version: str, installed: DownloadState | None, by: str = "x") -> bool:
        """Notes what became of an installation here, as the hand-over does."""
        signed = self.download(element, version).signed
        return self.database.transact(lambda connection: self.rows.hand_over(connection, signed, installed, by))

    def withdraw(self, element: str, version: str) -> None:
        """Takes a version back for all, as a run does when the vendor has."""
        signed = self.download(element, version).signed
        self.database.transact(lambda connection: self.rows.withdraw(connection, signed))

    def states(self) -> Mapping[str, str]:
        return {f"{row.signed.element} {row.signed.version}": row.state.value for row in self.rows.all()}

    def files(self) -> set[str]:
        return {file.relative_to(self.library.folder).as_posix() for file in self.library.folder.rglob("*") if is_listed(file)}
