"""All that the command line and the dialogs ask of jobs, in one place; plain values in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tray_agent.jobs.contract import JobKey, JobSet, Service
from tray_agent.jobs.events import Listener
from tray_agent.jobs.model import (
    ActivityFilter,
    ActivityOrder,
    ActivityRow,
    JobChange,
    JobOverview,
    Page,
    Pause,
    PauseScope,
    Presence,
    Run,
    RunFilter,
    RunOrder,
    ServiceCounts,
)
from tray_agent.jobs.order_check import Finding

PAGE = 200
"""How many rows a page has unless told otherwise."""


class Jobs:
    """The jobs of the practice: what they are, when they run, what they did.

    All methods read or write the database and may take as long as it does; call them from a worker, never from a
    window's thread. All raise ``DatabaseUnavailableError`` where there is no connection.
    """

    def overview(self) -> tuple[JobOverview, ...]:
        """Returns the five jobs in the order of a day."""
        raise NotImplementedError

    def check(self, changes: Sequence[JobChange] = ()) -> tuple[Finding, ...]:
        """Returns what would be wrong with the set of schedules if ``changes`` were saved; changes nothing."""
        raise NotImplementedError

    def save(self, changes: Sequence[JobChange], changed_by: str) -> None:
        """Saves all changes or none; planned times count from now on.

        Args:
            changes: the jobs that were changed, each with the version of the overview it was made from.
            changed_by: the person and workstation, for the record.

        Raises:
            ChangedElsewhereError: somebody saved one of these jobs in between; nothing was saved.
            OutcomeUnknownError: the connection was lost while saving; read the overview again.
        """
        raise NotImplementedError

    def run_now(self, key: JobKey, *, dry_run: bool = False, listener: Listener | None = None) -> Run:
        """Runs a job now, in the caller's thread, and returns its row of the history when it has ended, well or not.

        A dry run changes nothing and leaves no row; the returned ``Run`` then has the number 0.

        Args:
            key: which job; it need not be enabled.
            dry_run: only tell what would be done.
            listener: hears the events of this run only (its progress).

        Raises:
            JobBusyError: it runs already, here or on another computer.
            JobSwitchedOffError: its switch stands on Nein.
            JobsPausedError: the practice paused it.
            JobNotOfferedError: there is no work for it in this program.
        """
        raise NotImplementedError

    def start_now(self, key: JobKey, *, dry_run: bool = False) -> int:
        """Begins a run in a thread of its own and returns its number (0 for a dry run); its events go to the subscribers.

        Raises:
            JobBusyError, JobSwitchedOffError, JobsPausedError, JobNotOfferedError: as ``run_now``.
        """
        raise NotImplementedError

    def cancel(self, run_id: int) -> bool:
        """Asks a run to stop at its next safe point, on whatever computer it goes (there within half a minute).

        Returns:
            False where the run has ended already.
        """
        raise NotImplementedError

    def run(self, run_id: int) -> Run | None:
        """Returns a row of the history, or None where it is not there (any more)."""
        raise NotImplementedError

    def history(
        self,
        filter_by: RunFilter = RunFilter(),  # noqa: B008 - immutable
        order: RunOrder = RunOrder.DUE_AT,
        *,
        descending: bool = True,
        page: str | None = None,
        size: int = PAGE,
    ) -> Page[Run]:
        """Returns a page of the history; ``page`` is the ``next_page`` of the one before, under the same filter and order."""
        raise NotImplementedError

    def activities(
        self,
        filter_by: ActivityFilter = ActivityFilter(),  # noqa: B008 - immutable
        order: ActivityOrder = ActivityOrder.TIME,
        *,
        descending: bool = True,
        page: str | None = None,
        size: int = PAGE,
    ) -> Page[ActivityRow]:
        """Returns a page of the activity log; ``page`` as for ``history``."""
        raise NotImplementedError

    def all_activities(
        self,
        filter_by: ActivityFilter = ActivityFilter(),  # noqa: B008 - immutable
        order: ActivityOrder = ActivityOrder.TIME,
        *,
        descending: bool = True,
    ) -> Iterator[ActivityRow]:
        """Gives the whole list page by page, for printing and export; holds no transaction open in between."""
        raise NotImplementedError

    def activity_counts(self) -> Mapping[Service, ServiceCounts]:
        """Returns the errors and warnings on the list of each tab (the number in brackets)."""
        raise NotImplementedError

    def hide_activities(self, service: Service, seen_id: int) -> int:
        """Takes the rows of a tab up to ``seen_id`` off the list ("Alle löschen") and returns how many; they stay stored.

        Args:
            service: the tab.
            seen_id: the greatest number among the rows that the person saw; what came later stays on the list.
        """
        raise NotImplementedError

    def pause(self, scope: PauseScope, until: datetime | None, paused_by: str) -> Pause:
        """Holds jobs back on all computers of the practice, until an instant (aware) or until ``resume``."""
        raise NotImplementedError

    def resume(self) -> None:
        """Ends the pause; the latest missed time of each job is caught up where window and quiet hours allow."""
        raise NotImplementedError

    def paused(self) -> Pause | None:
        """Returns the pause in force, or None."""
        raise NotImplementedError

    def presences(self) -> tuple[Presence, ...]:
        """Returns the agents that are on, the longest-running first."""
        raise NotImplementedError

    def clock_difference(self) -> timedelta:
        """Returns this computer's clock minus the server's, to about the time of a round trip (for ``doctor``)."""
        raise NotImplementedError

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls ``listener`` with every event of this process from now on (see ``events``); returns what ends that."""
        raise NotImplementedError

    @property
    def definitions(self) -> JobSet:
        """Returns the jobs that this program offers."""
        raise NotImplementedError
