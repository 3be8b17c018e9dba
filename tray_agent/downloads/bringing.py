"""Brings what the practice is offered to this workstation's folder, without a run of the job (decision record 0020).

Every agent looks regularly: a run is claimed once for the whole practice, but a local folder is each workstation's own, and a file may
vanish or be damaged on one of them alone. On a shared folder there is nothing to bring; the file is verified once, and noted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tray_agent.downloads import report
from tray_agent.downloads.errors import TransferError, TransferFault
from tray_agent.downloads.keeping import Keeper, Transfers
from tray_agent.downloads.model import DownloadState, ElementVersion, VersionKey
from tray_agent.downloads.report import Happened, activity_of
from tray_agent.errors import KnownError
from tray_agent.protocol.model import Activity, Level

if TYPE_CHECKING:
    from tray_agent.downloads.catalogue import Catalogue
    from tray_agent.downloads.parts import DownloadParts

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=1)
"""Pauses before what failed is tried again: doubled each time."""

_ASK_AGAIN = 10.0
"""Seconds after which it is asked again whether files may be brought, while they are on their way."""

_SECONDS_TO_STOP = 2.0


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why something could not be brought, how often in vain, and until when it rests, by the monotonic clock."""

    code: str
    in_vain: int
    rests_until: float


class Bringer:
    """The regular look of one workstation at its folder. Its calls last as long as the transfers do: never on the GUI thread.

    Args:
        parts: the Download-Service of this workstation.
    """

    def __init__(self, parts: DownloadParts) -> None:
        self._parts = parts
        self._keeper = Keeper(parts, self._tell_once, parts.database.transact)
        self._troubles: dict[VersionKey | None, _Trouble] = {}
        """By version; None: what all ask for, the portal and the folder."""
        self._told: set[Activity] = set()
        self._told_now: set[Activity] = set()
        self._rests_until = 0.0
        self._ending = threading.Event()

    def look(self, may: Callable[[], bool], has_network: Callable[[], bool] = lambda: True) -> None:
        """Brings what is offered and not here; tells each fault once. Returns at once where files are being brought already.

        Args:
            may: whether files may be brought now (switch on, nothing paused); asked again and again.
            has_network: whether this computer has a network; without one nothing is tried.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        with self._parts.turn.if_free() as free:
            if not free or not may():
                return
            self._told_now = set()
            self._keeper.clear_left_over()
            downloads = self._parts.rows.all()
            missing = [one.signed for one in downloads if one.should_be_here and self._keeper.is_missing(one)]
            self._told &= self._told_now  # what was wrong and is not any more may be told again
            self._forget_troubles({version.key for version in missing})
            due = [version for version in missing if self._is_due(version.key)]
            if due and self._is_due(None) and self._now() >= self._rests_until and has_network():
                self._bring(due, may)
            if any(one.for_all is DownloadState.SUPERSEDED and one.was_here for one in downloads):
                self._keeper.prune(self._parts.settings.load(), for_all=False)

    def rest(self) -> None:
        """Leaves off bringing files for a while: a person said so. What is here of them stays."""
        self._rests_until = self._now() + LONGEST_PAUSE.total_seconds()

    def stop(self) -> None:
        """Ends what is on its way, and waits a moment for that; nothing is brought any more."""
        self._ending.set()
        with self._parts.turn.taken(_SECONDS_TO_STOP):
            pass

    def _bring(self, due: Sequence[ElementVersion], may: Callable[[], bool]) -> None:
        """Brings versions from the portal: only what it signs now, whatever stands in the store."""
        try:
            self._parts.library.open()
            catalogue = self._parts.portal.refresh()
        except KnownError as error:
            self._failed(None, error)
            return
        self._troubles.pop(None, None)
        self._parts.progress.begin()
        with Transfers(self._parts, self._parts.transfer(self._parts.settings.load())) as transfers:
            for version in self._still_signed(due, catalogue):
                transfers.begin(version)
            asked = self._now()
            while transfers.running:
                for fetching, outcome in transfers.ended():
                    self._end(fetching.version, outcome)
                is_time = self._now() - asked >= _ASK_AGAIN
                asked = self._now() if is_time else asked
                if self._must_stop() or (is_time and not may()):
                    break
            left = transfers.running
        for fetching in left:
            self._parts.progress.drop(fetching.version.name)

    def _must_stop(self) -> bool:
        return self._ending.is_set() or self._parts.turn.is_asked_for or self._now() < self._rests_until

    def _still_signed(self, due: Sequence[ElementVersion], catalogue: Catalogue) -> Iterable[ElementVersion]:
        on_portal = catalogue.versions
        for version in due:
            now = on_portal.get(version.key)
            if now is not None and now.is_same_file(version):
                yield version
            else:  # the next run of the job takes it back
                self._failed(version.key, None)

    def _end(self, version: ElementVersion, outcome: int | KnownError | None) -> None:
        if isinstance(outcome, KnownError):
            self._failed(version.key, outcome, version)
        elif outcome is not None:
            self._troubles.pop(version.key, None)
            self._parts.database.transact(partial(self._arrived, version=version, file_time=outcome))

    def _arrived(self, connection: Connection, version: ElementVersion, file_time: int) -> None:
        if self._keeper.arrived(connection, version, file_time):
            self._parts.tell([activity_of(Happened.DOWNLOADED, version)], connection)

    def _failed(self, key: VersionKey | None, error: KnownError | None, version: ElementVersion | None = None) -> None:
        """Notes that something could not be brought, and tells each cause once."""
        before = self._troubles.get(key)
        in_vain = before.in_vain + 1 if before else 1
        pause = min(FIRST_PAUSE * 2 ** min(in_vain - 1, 10), LONGEST_PAUSE)
        self._troubles[key] = _Trouble(error.code if error else "", in_vain, self._now() + pause.total_seconds())
        is_news = error is not None and (before is None or before.code != error.code)
        # What another workstation or program is bringing into the same folder now will simply be there.
        if error is not None and is_news and not (isinstance(error, TransferError) and error.fault is TransferFault.BUSY):
            self._parts.tell([report.not_brought(error, version)])

    def _forget_troubles(self, missing: set[VersionKey]) -> None:
        self._troubles = {key: trouble for key, trouble in self._troubles.items() if key is None or key in missing}

    def _is_due(self, key: VersionKey | None) -> bool:
        trouble = self._troubles.get(key)
        return trouble is None or self._now() >= trouble.rests_until

    def _tell_once(self, activity: Activity) -> None:
        """Tells what is found at every look once, for as long as it is so."""
        self._told_now.add(activity)
        if activity not in self._told or activity.level is Level.INFO:
            self._told.add(activity)
            self._parts.tell([activity])

    def _now(self) -> float:
        return self._parts.clock.monotonic()
