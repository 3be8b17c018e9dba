"""Runs a claimed job: heartbeat, safe points, fence, and an ending in the history, however it ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError

from tray_agent.clock import Clock
from tray_agent.errors import KnownError
from tray_agent.job_kinds import JobKey, job_kind, job_title
from tray_agent.jobs.abilities import Turn
from tray_agent.jobs.claims import Claim, Claims, Ending
from tray_agent.jobs.contract import LeaseLostError, RunCancelledError, Surroundings
from tray_agent.jobs.errors import is_fault, is_temporary, trace_of
from tray_agent.jobs.events import Event, Listener, RunFinished, RunLogged, RunLost, RunProgressed, RunStarted
from tray_agent.jobs.owed import Owed, Rest, Trouble
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.history import History
from tray_agent.protocol.model import Activity, Level, Run, RunReason, RunState, RunTrigger
from tray_agent.protocol.sentences import (
    cancelled_sentence,
    fault_sentence,
    good_again_sentence,
    held_sentence,
    lasting_sentence,
    left_to_others_sentence,
    paused_sentence,
    quit_sentence,
)
from tray_agent.store.faults import explained

if TYPE_CHECKING:
    from sqlalchemy import Connection

logger = logging.getLogger(__name__)
T = TypeVar("T")

GOOD_AGAIN = "good_again"
"""The reason of the row in the activity log that says that lasting trouble is over."""

_PROGRESS_EVERY = 0.25
"""Seconds between two told steps of a run's progress."""


class RunContext:
    """What a running job is given: the implementation of ``JobContext`` over a claim."""

    dry_run = False

    def __init__(self, claim: Claim, claims: Claims, log: ActivityLog, clock: Clock, tell: Listener) -> None:
        self.run_id = claim.run_id
        self.job = claim.job
        self.due_at = claim.due_at
        self.by_hand = claim.trigger is RunTrigger.BY_HAND
        self.attempt = claim.attempt
        self.token = claim.token
        self._claim = claim
        self._claims = claims
        self._log = log
        self._clock = clock
        self._tell = tell
        self._renewed = (claim.renewed_ms, clock.monotonic())
        self._progress_at = float("-inf")
        self._lost = False
        self.stopping = threading.Event()
        self.quitting = False

    def checkpoint(self) -> None:
        """Ends the run here if it was asked to stop, or if its lease is known to be lost or has run out unrenewed."""
        if self._lost or self._since_renewal() > self._claims.lease.total_seconds():
            self._lost = True
            raise LeaseLostError
        if self.stopping.is_set():
            raise RunCancelledError

    def fence(self, connection: Connection) -> None:
        """Renews the lease within the caller's transaction.

        Raises:
            LeaseLostError: the lease is another's; the transaction must be rolled back.
        """
        server_ms, _at = self._renewed  # reckoned on from the last heartbeat: saves a question to the server for every message
        try:
            self._claims.fence(connection, self._claim, server_ms + int(self._since_renewal() * 1000))
        except LeaseLostError:
            self._lost = True
            raise

    def log(self, *activities: Activity, connection: Connection | None = None) -> None:
        """Writes to the activity log, within the caller's transaction where one is given."""
        self._log.write(activities, run_id=self.run_id, connection=connection)
        self._tell(RunLogged(self.run_id, self.job, activities))

    def progress(self, done: int, total: int | None, what: str = "") -> None:
        """Tells how far the run is, at most four times a second and at the end."""
        now = self._clock.monotonic()
        if now - self._progress_at >= _PROGRESS_EVERY or done == total:
            self._progress_at = now
            self._tell(RunProgressed(self.run_id, self.job, done, total, what))

    def heartbeat(self) -> None:
        """Renews the lease and hears whether somebody asked the run to stop; a database that is away is tried again later."""
        try:
            before = self._clock.monotonic()
            server_ms, asked = self._claims.renew(self._claim)
        except LeaseLostError:
            self._lost = True
        except Exception as error:  # noqa: BLE001 - the next heartbeat may get through; else the lease runs out
            if is_fault(error):
                _log_fault(self.job, error)
            else:
                logger.warning("%s: the lease could not be renewed, the database is away", self.job.value)
        else:
            self._renewed = (server_ms, before)
            if asked:
                self.stopping.set()

    def _since_renewal(self) -> float:
        return self._clock.monotonic() - self._renewed[1]


class DryContext:
    """What a job is given that must only tell what it would do: nothing is claimed, fenced or written."""

    dry_run = True
    by_hand = True
    run_id = 0
    attempt = 1
    token = 0

    def __init__(self, job: JobKey, due_at: datetime, tell: Listener) -> None:
        self.job = job
        self.due_at = due_at
        self._tell = tell

    def checkpoint(self) -> None:
        """Goes on: nothing is held that could be lost, and nobody can ask a dry run to stop."""

    def fence(self, connection: Connection) -> None:
        """Refuses: a dry run has nothing to write."""
        raise LeaseLostError

    def log(self, *activities: Activity, connection: Connection | None = None) -> None:
        """Tells what would be written to the activity log."""
        self._tell(RunLogged(0, self.job, activities))

    def progress(self, done: int, total: int | None, what: str = "") -> None:
        """Tells how far the run is."""
        self._tell(RunProgressed(0, self.job, done, total, what))


class Runner:
    """Runs jobs for one process.

    Args:
        claims: of this process.
        log: the activity log.
        history: the history.
        around: what the engine is given.
        workstation: this computer's name.
        paused: whether the practice holds a job back now.
        turn_of: whose turn a job is, by what the workstations lack.
        beating: whether runs renew their lease in a thread of their own (tests with a clock that stands do it by hand).
    """

    def __init__(
        self, claims: Claims, log: ActivityLog, history: History, around: Surroundings, workstation: str,
        paused: Callable[[JobKey], bool], turn_of: Callable[[JobKey], Turn] = lambda _job: Turn.OURS, *, beating: bool = True,
    ) -> None:  # fmt: skip
        self._turn_of = turn_of
        self._claims = claims
        self._log = log
        self._history = history
        self._around = around
        self._clock = around.clock
        self._workstation = workstation
        self._paused = paused
        self._beating = beating
        self._contexts: set[RunContext] = set()  # by themselves: a run that this process took over from itself stands here twice
        self._changed = threading.Condition()
        self._quitting = False

    def run(self, claim: Claim, listener: Listener | None = None) -> Run | None:
        """Runs a claimed job in the caller's thread; never raises for what the job does.

        Args:
            claim: the run, as ``Claims`` gave it.
            listener: hears this run's events besides the subscribers.

        Returns:
            The row of the history, or None where the lease was lost: then this process has changed nothing since.
        """
        tell = self._telling(listener)
        context = RunContext(claim, self._claims, self._log, self._clock, tell)
        with self._known(context):
            tell(RunStarted(claim.run_id, claim.job, claim.due_at, claim.trigger))
            finished = self._work(context, claim)
        run = _unless_away(claim.job, lambda: self._history.run(claim.run_id)) if finished else None
        tell(RunFinished(run) if run else RunLost(claim.run_id, claim.job))
        return run

    def run_dry(self, job: JobKey, due_at: datetime, listener: Listener | None = None) -> Run:
        """Runs a job that only tells what it would do; nothing is claimed or written.

        Returns:
            A row as the history would have it, with the number 0.
        """
        tell = self._telling(listener)
        started = self._clock.now()
        ending, _activities = self._outcome(DryContext(job, due_at, tell))
        run = Run(
            0, job, due_at, RunTrigger.BY_HAND, ending.state, self._workstation, started, self._clock.now(), 1,
            ending.counts, ending.skipped, ending.problems, ending.reason, ending.sentence,
        )  # fmt: skip
        tell(RunFinished(run))
        return run

    def _outcome(self, context: RunContext | DryContext) -> tuple[Ending, tuple[Activity, ...]]:
        """Does the job's work and returns how the run ends and what the activity log says of it.

        Raises:
            LeaseLostError, RunCancelledError: as the safe points do.
        """
        try:
            result = self._around.works()[context.job](context)
        except (LeaseLostError, RunCancelledError):
            raise
        except KnownError as error:
            rest = Rest(error.code) if is_temporary(error) else None
            return _failure(context, error.code, str(error), error.item, rest)
        except DBAPIError as error:
            if is_fault(error):
                _log_fault(context.job, error)
            told = explained(error)
            return _failure(context, told.code, str(told), rest=Rest(told.code))
        except Exception as error:  # noqa: BLE001 - whatever a job does, the agent goes on
            _log_fault(context.job, error)
            return _failure(context, RunReason.FAULT.value, fault_sentence(job_title(context.job)))
        ending = Ending(
            RunState.SUCCEEDED, result.rest.reason if result.rest else "", result.sentence, result.counts, result.skipped,
            result.problems, result.rest, result.makes_due,
        )  # fmt: skip
        return ending, ()

    def cancel(self, run_id: int) -> bool:
        """Asks a run of this process to stop at its next safe point; returns False where it is not one of this process."""
        with self._changed:
            meant = [context for context in self._contexts if context.run_id == run_id]
        for context in meant:
            context.stopping.set()
        return bool(meant)

    def quit(self, seconds: float) -> bool:
        """Asks all runs to stop, gives them back for other workstations, and waits for them.

        Args:
            seconds: how long to wait at the most, by the machine's clock.

        Returns:
            Whether all have ended. What has not keeps its lease until that runs out.
        """
        with self._changed:
            self._quitting = True
            self.give_back_all()
            return self._changed.wait_for(lambda: not self._contexts, timeout=seconds)

    def give_back_all(self) -> None:
        """Asks all runs to stop at their next safe point and gives them back for other workstations."""
        with self._changed:
            for context in self._contexts:
                context.quitting = True
                context.stopping.set()

    @property
    def running(self) -> frozenset[JobKey]:
        """Returns the jobs that run in this process."""
        with self._changed:
            return frozenset(context.job for context in self._contexts)

    def _work(self, context: RunContext, claim: Claim) -> bool:
        """Does the job's work and ends the run; returns False where the lease was lost."""
        activities: tuple[Activity, ...] = ()
        try:
            with self._heartbeat(context):
                context.checkpoint()
                if self._is_held_back(claim.job):  # the pause began when this computer had decided already
                    raise RunCancelledError  # noqa: TRY301 - it ends like one that was asked to stop
                ending, activities = self._outcome(context)
                if ending.state is RunState.FAILED and self._is_better_left(claim):
                    return self._give_back(claim, RunReason.OTHERS_ABLE)
        except LeaseLostError:
            return False
        except RunCancelledError:
            held_back = self._is_held_back(claim.job)
            if claim.trigger is not RunTrigger.BY_HAND and (context.quitting or held_back):
                return self._give_back(claim, RunReason.PAUSED if held_back else RunReason.CANCELLED)
            ending = _stopped(held_back=held_back, quitting=context.quitting)
        except (KeyboardInterrupt, SystemExit):
            self._end(claim, Ending(RunState.CANCELLED, RunReason.CANCELLED, cancelled_sentence(), by_person=True), ())
            raise
        return self._end(claim, ending, activities)

    def _end(self, claim: Claim, ending: Ending, activities: tuple[Activity, ...]) -> bool:
        """Writes the ending, trying again while the database is away; returns False where the lease was lost meanwhile."""

        def also(connection: Connection, before: Owed | None, after: Owed | None) -> None:
            told = self._trouble_told(claim.job, ending, before, after)
            self._log.write([*activities, *told], run_id=claim.run_id, connection=connection)

        # The work is done: its ending is worth waiting for, as long as nobody may take the run over.
        pause = 1.0
        while True:
            try:
                self._claims.finish(claim, ending, also)
            except LeaseLostError:
                return False
            except Exception as error:  # noqa: BLE001 - the run then ends with its lease
                if is_fault(error):
                    _log_fault(claim.job, error)
                if not is_temporary(error):
                    return False
                if self._quitting or pause > self._claims.lease.total_seconds():
                    return False
                self._clock.wait(threading.Event(), pause)
                pause *= 2
            else:
                return True

    def _trouble_told(self, job: JobKey, ending: Ending, before: Owed | None, after: Owed | None) -> Iterator[Activity]:
        """Gives what the activity log says when trouble has lasted, and when it is over."""
        was_told = before is not None and before.trouble is Trouble.TOLD
        is_told = after is not None and after.trouble is Trouble.TOLD
        service, title = job_kind(job).service, job_title(job)
        if is_told and after and not was_told:
            yield Activity(service, Level.ERROR, after.reason, lasting_sentence(title, after.since, self._around.zone, ending.sentence))
        elif was_told and before and not is_told and ending.state is RunState.SUCCEEDED:
            yield Activity(service, Level.INFO, GOOD_AGAIN, good_again_sentence(title, before.since, self._around.zone))

    def _is_held_back(self, job: JobKey) -> bool:
        """Returns whether the practice paused the job; a database that is away does not say so."""
        return _unless_away(job, lambda: self._paused(job)) or False

    def _is_better_left(self, claim: Claim) -> bool:
        """Returns whether a run that failed here can be done elsewhere: this workstation lacks something, another does not."""
        self._around.forget_lacks()
        by_itself = claim.trigger is not RunTrigger.BY_HAND
        return by_itself and _unless_away(claim.job, lambda: self._turn_of(claim.job)) is Turn.OTHERS

    def _give_back(self, claim: Claim, reason: RunReason) -> bool:
        def work() -> bool:
            try:
                self._claims.hand_over(claim, _GIVEN_BACK[reason](), reason)
            except LeaseLostError:
                return False
            return True

        return _unless_away(claim.job, work) or False  # the lease then ends by itself

    def _telling(self, listener: Listener | None) -> Listener:
        def tell(event: Event) -> None:
            self._around.events.tell(event)
            if listener is not None:
                listener(event)

        return tell

    @contextmanager
    def _known(self, context: RunContext) -> Iterator[None]:
        with self._changed:
            self._contexts.add(context)
            if self._quitting:
                context.quitting = True
                context.stopping.set()
        try:
            yield
        finally:
            with self._changed:
                self._contexts.remove(context)
                self._changed.notify_all()

    @contextmanager
    def _heartbeat(self, context: RunContext) -> Iterator[None]:
        if not self._beating:
            yield
            return
        ended = threading.Event()
        every = self._claims.lease.total_seconds() / 3

        def beat() -> None:
            while not self._clock.wait(ended, every):
                context.heartbeat()

        thread = threading.Thread(target=beat, name=f"heartbeat-{context.job.value}", daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


_GIVEN_BACK = {
    RunReason.PAUSED: held_sentence, RunReason.CANCELLED: quit_sentence, RunReason.OTHERS_ABLE: left_to_others_sentence,
}  # fmt: skip


def _log_fault(job: JobKey, error: Exception) -> None:
    logger.error("%s: a fault of the program\n%s", job.value, trace_of(error))


def _unless_away(job: JobKey, work: Callable[[], T]) -> T | None:
    """Returns what ``work`` gives, None where it fails: the run must come to an ending whatever happens."""
    try:
        return work()
    except Exception as error:  # noqa: BLE001 - see above
        if is_fault(error):
            _log_fault(job, error)
        return None


def _stopped(*, held_back: bool, quitting: bool) -> Ending:
    """Returns the ending of a run that reached a safe point after it was asked to stop, and does not go on by itself."""
    if held_back:
        return Ending(RunState.CANCELLED, RunReason.PAUSED, paused_sentence(), rest=Rest(RunReason.PAUSED, ordinary=True, untried=True))
    if quitting:
        return Ending(RunState.CANCELLED, RunReason.CANCELLED, quit_sentence(), rest=Rest(RunReason.CANCELLED, ordinary=True, untried=True))
    return Ending(RunState.CANCELLED, RunReason.CANCELLED, cancelled_sentence(), by_person=True)


def _failure(
    context: RunContext | DryContext, reason: str, sentence: str, item: str | None = None, rest: Rest | None = None
) -> tuple[Ending, tuple[Activity, ...]]:
    level = Level.WARNING if rest else Level.ERROR  # as long as it may pass by itself
    activity = Activity(job_kind(context.job).service, level, reason, sentence, item)
    is_told = rest is not None and context.attempt > 1  # the same again is told when it has lasted
    return Ending(RunState.FAILED, reason, sentence, problems=1, rest=rest), () if is_told else (activity,)
