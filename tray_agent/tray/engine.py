"""What the tray asks of this machine's agent: facts, notices, pause, check, start and stop.

All calls may take as long as the database does: never on the GUI thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from tray_agent.errors import DatabaseFaultError, DatabaseRefusedError, DatabaseUnavailableError, KnownError
from tray_agent.i18n import _, ngettext
from tray_agent.jobs.model import PauseScope
from tray_agent.jobs.owed import Trouble
from tray_agent.store.schema_version import SchemaOutdatedError
from tray_agent.tray.model import (
    AgentFacts,
    Concern,
    ConcernKind,
    DialogName,
    Idle,
    Lasting,
    NextRun,
    PauseLength,
    PendingQuestion,
    concern_of,
    lasting_line,
    pause_end,
    questions_line,
    short_time,
)
from tray_agent.tray.notices import NewDownload, NoticeFacts, balance_sentence, calls_title, lasts_title

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from tray_agent.agent import Agent
    from tray_agent.job_kinds import JobKey
    from tray_agent.jobs.events import Event
    from tray_agent.jobs.model import JobOverview, Pause
    from tray_agent.jobs.owed import Owed
    from tray_agent.messages.outbox.model import AccountCredits, CallEntry

SECONDS_FOR_RUNS = 1.0
"""How long the end of the program waits for running jobs to reach a safe point."""

MOST_KEPT = 20
"""The results of so many runs by hand are kept for who asks."""

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Check:
    """What became of *Jetzt prüfen*.

    Attributes:
        runs: the numbers of the runs that have begun.
        refused: sentences about what was not possible.
    """

    runs: tuple[int, ...]
    refused: tuple[str, ...] = ()


class AgentEngine:
    """The engine of one machine's agent."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self._on_change: Callable[[], None] = lambda: None
        self._unsubscribe: Callable[[], None] = lambda: None
        self._scheduling = False
        self._stopped = False
        self._starting = threading.Lock()
        self._checked: dict[int, str] = {}
        self._lasting: Mapping[JobKey, datetime] = {}
        """The jobs that were in trouble for long when the facts were read last, and since when."""
        self._ended = threading.Condition()

    @property
    def _zone(self) -> ZoneInfo:
        return self.agent.zone

    def start(self, on_change: Callable[[], None]) -> None:
        """Starts the schedules; after a stop it starts nothing any more.

        Args:
            on_change: called, in any thread, when the facts may be others.

        Raises:
            KnownError: it can't be started now (tables missing, database away); called again, what lacked is asked anew.
        """
        self._on_change = on_change
        with self._starting:
            if self._stopped:
                return
            if not self._scheduling:
                self._unsubscribe = self.agent.job_events.subscribe(self._happened)
                self.agent.scheduler.start()
                self._scheduling = True
        self.agent.jobs.overview()

    def facts(self) -> AgentFacts:
        """Returns what the tray must know; a database that is away, or takes no changes, is a fact, not an error."""
        now = self._now()
        try:
            facts = self._facts(now)
        except (DatabaseFaultError, DatabaseRefusedError, SchemaOutdatedError) as error:
            return AgentFacts(now=now, database_away=True, database_fault=error)
        except DatabaseUnavailableError:
            return AgentFacts(now=now, database_away=True)
        trouble = self.agent.scheduler.trouble
        # One that does not answer is asked anew by the facts themselves; of one that can be read, only who writes knows more.
        if trouble is None or isinstance(trouble, DatabaseUnavailableError):
            return facts
        return replace(facts, database_away=True, database_fault=trouble)

    def notice_facts(self) -> NoticeFacts:
        """Returns what notices are made from; what one part can't tell now is left out.

        Raises:
            DatabaseUnavailableError: no connection.
        """
        from tray_agent.downloads.words import left_behind_sentence

        now = self._now()
        waiting, _fault = self._ask(lambda agent: agent.downloads.waiting())
        low, _fault = self._ask(lambda agent: agent.messages.low_credits())
        failed, _fault = self._ask(lambda _agent: self._failed_today())
        behind, _fault = self._ask(lambda agent: filter(None, [agent.downloads.left_behind()]))
        return NoticeFacts(
            new_downloads=tuple(
                NewDownload(row.signed.element, row.signed.title, str(row.signed.version), row.critical) for row in waiting
            ),
            low_credits=low,
            failed_reminders=failed,
            lasting=self._lasting_troubles(self.agent.jobs.overview()),
            questions=self._questions(),
            left_behind=next((left_behind_sentence(one, now) for one in behind), ""),
        )

    def change_number(self) -> object:
        """Returns what is another whenever anybody of the practice did something; cheap.

        Raises:
            KnownError: it can't be read now.
        """
        from tray_agent.start_page import change_number

        return change_number(self.agent)

    def pause(self, scope: PauseScope, length: PauseLength) -> None:
        """Pauses the practice's agents.

        Raises:
            KnownError: it could not be written.
        """
        self.agent.jobs.pause(scope, pause_end(length, self._now()), self.agent.person)
        self._on_change()

    def resume(self) -> None:
        """Ends the pause.

        Raises:
            KnownError: it could not be written.
        """
        self.agent.jobs.resume()
        self._on_change()

    def check_now(self) -> Check:
        """Runs the Download-Service and asks for the state of messages, now; what waits for its next attempt is tried now, too."""
        from tray_agent.job_kinds import JobKey, job_kind
        from tray_agent.store.connecting import try_all_again

        try_all_again()
        begun = [self._begin(job) for job in JobKey if job_kind(job).runs_on_check]
        self.agent.jobs.try_again()
        self._on_change()
        runs = tuple(one for one in begun if isinstance(one, int))
        return Check(runs, tuple(one for one in begun if isinstance(one, str)))

    def results_of(self, check: Check) -> tuple[str, ...]:
        """Waits for the runs of a check and returns their results, a sentence each; less where the program ends before.

        An engine that was not started hears of none.
        """
        with self._ended:
            self._ended.wait_for(lambda: self._stopped or not self._scheduling or self._checked.keys() >= set(check.runs))
            sentences = [self._checked.pop(run, "") for run in check.runs]
        return tuple(filter(None, sentences))

    def woke(self) -> None:
        """Looks at the planned times now: the computer slept and may have missed some."""
        self.agent.scheduler.look_soon()

    def stop(self, *, changed: bool = False) -> None:
        """Stops the schedules; asks running jobs to end at their next safe point and waits for them a second at the most.

        Args:
            changed: whether passwords or accounts were changed that are in force at the next start: what waits for that is tried then.
        """
        with self._starting, self._ended:
            self._stopped = True
            self._ended.notify_all()
        self._unsubscribe()
        if self._scheduling:
            self.agent.scheduler.stop(SECONDS_FOR_RUNS)
        if changed:  # not before: until here the old ones are in force, and accounts get locked
            self.agent.try_refused()

    def _begin(self, job: JobKey) -> int | str:
        """Returns the number of the run, or why it could not begin."""
        try:
            return self.agent.jobs.start_now(job)
        except DatabaseUnavailableError:
            raise
        except KnownError as error:
            return str(error)

    def _happened(self, event: Event) -> None:
        from tray_agent.jobs.events import RunFinished, RunLogged, RunLost, RunProgressed
        from tray_agent.protocol.model import RunTrigger

        if isinstance(event, RunFinished) and event.run.trigger is RunTrigger.BY_HAND:
            self._note(event.run.run_id, event.run.sentence)
        elif isinstance(event, RunLost):
            self._note(event.run_id, "")
        if not isinstance(event, RunProgressed | RunLogged):
            self._on_change()

    def _note(self, run: int, sentence: str) -> None:
        """Keeps the result of a run for who waits for it; of many that nobody waits for, the newest."""
        with self._ended:
            self._checked[run] = sentence
            while len(self._checked) > MOST_KEPT:
                del self._checked[next(iter(self._checked))]
            self._ended.notify_all()

    def _facts(self, now: datetime) -> AgentFacts:
        overview = self.agent.jobs.overview()
        pause = self.agent.jobs.paused()
        free = [job for job in overview if job.switched_on and not _is_held(job, pause)]
        planned = [(job.next_at, job.title) for job in free if job.next_at is not None]
        soonest = min(planned, default=None)
        waiting, download_fault = self._ask(lambda agent: agent.downloads.waiting())
        lasting, questions = self._lasting_troubles(overview), self._questions()
        concerns = (*_to_decide(questions), *_faults(download_fault), *map(_in_the_way, lasting), *self._concerns(now))
        return AgentFacts(
            now=now,
            new_downloads=len(waiting),
            concerns=tuple(sorted(concerns, key=lambda concern: list(ConcernKind).index(concern.kind))),
            pause=pause,
            next_run=NextRun(soonest[1], soonest[0].astimezone(self._zone)) if soonest else None,
            idle=_idle(overview),
            running=next((job.title for job in overview if job.running), ""),
            waiting=next(self._waits(overview), ""),
            lasting=lasting,
            good_again=tuple(self._good_again(lasting)),
            questions=questions,
            download_titles=tuple(row.signed.title for row in waiting),
            is_set_up=any(job.enabled or job.switched_on or job.last_run or job.running for job in overview),
        )

    def _questions(self) -> tuple[PendingQuestion, ...]:
        """Returns what a person has to decide, the newest first."""
        found, _fault = self._ask(lambda agent: agent.questions.open())
        return tuple(PendingQuestion(question.id, question.sentence) for question in found)

    def _lasting_troubles(self, overview: Sequence[JobOverview]) -> tuple[Lasting, ...]:
        """Returns the jobs that something has been in the way of so long that the practice was told."""
        return tuple(_lasting(job, job.owed, self._zone, self._now()) for job in overview if job.owed and job.owed.trouble is Trouble.TOLD)

    def _waits(self, overview: Sequence[JobOverview]) -> Iterator[str]:
        """Gives the jobs that wait for their next attempt, a sentence each; not those whose trouble lasts: they are told anyway."""
        for job in overview:
            if job.waits and job.owed and job.owed.trouble is not Trouble.TOLD:
                waiting = job.waiting_text(self._zone, self._now())
                yield _("{job}: {what}.").format(job=job.title, what=waiting)

    def _good_again(self, lasting: Sequence[Lasting]) -> Iterator[str]:
        """Gives what the activity log says of the jobs whose trouble ended well since the facts were read last.

        It may also have ended otherwise: by a person's word, or because the job was turned off.
        """
        from tray_agent.job_kinds import JobKey

        before, self._lasting = self._lasting, {JobKey(one.job): one.since for one in lasting}
        for job, since in before.items():
            if job not in self._lasting and (sentence := self._said_good_again(job, since)):
                yield sentence

    def _said_good_again(self, job: JobKey, since: datetime) -> str:
        from tray_agent.job_kinds import job_kind
        from tray_agent.jobs.runner import GOOD_AGAIN
        from tray_agent.protocol.model import ActivityFilter

        rows = self.agent.jobs.log.page(ActivityFilter(job_kind(job).service, reason=GOOD_AGAIN, since=since), size=MOST_KEPT).rows
        runs = ((row, self.agent.jobs.history.run(row.run_id)) for row in rows if row.run_id)
        return next((row.sentence for row, run in runs if run and run.job is job), "")

    def _concerns(self, now: datetime) -> tuple[Concern, ...]:
        doubtful, doubt_fault = self._ask(lambda agent: agent.messages.to_decide())
        to_call, call_fault = self._ask(lambda agent: agent.messages.call_list())
        low, credit_fault = self._ask(lambda agent: agent.messages.low_credits())
        errors = sum(counts.errors for counts in self.agent.jobs.log.counts().values())
        found = (_in_doubt(len(doubtful)), _calls(to_call, self._zone, now), _low_credits(low), _errors(errors))
        concerns = tuple(concern for concern in found if concern is not None)
        if not self._sends():
            return concerns
        return (*self._copied(), *concerns, *_faults(doubt_fault, call_fault, credit_fault))

    def _copied(self) -> tuple[Concern, ...]:
        """Returns the question that a store from another computer asks before anything is sent."""
        from tray_agent.jobs.errors import StoreCopiedError

        try:
            self.agent.jobs.presences.check_own()
        except StoreCopiedError as error:
            return (replace(concern_of(error, DialogName.INFO), kind=ConcernKind.COPIED),)
        return ()

    def _sends(self) -> bool:
        """Returns whether the SMS-Service is used: without it nobody needs what only it needs, the practice's data for one."""
        from tray_agent.config.settings import BIRTHDAYS_ON, REMINDERS_ON

        switches = self.agent.settings.load()
        return switches.yes(REMINDERS_ON) or switches.yes(BIRTHDAYS_ON)

    def _failed_today(self) -> tuple[str, ...]:
        """Returns the reminders that failed today, and those that are at risk now, whenever they were prepared."""
        today = self._now().date()
        return tuple(
            str(entry.message.id)
            for entry in self.agent.messages.call_list()
            if (entry.message.final_at or self._now()).astimezone(self._zone).date() == today
        )

    def _ask(self, question: Callable[[Agent], Iterable[Answer]]) -> tuple[tuple[Answer, ...], KnownError | None]:
        """Asks one part; a fault of it must not hide what the others tell. A database that is away is everybody's fault."""
        try:
            return tuple(question(self.agent)), None
        except DatabaseUnavailableError:
            raise
        except KnownError as error:
            _log.info("%s", error.title)
            return (), error

    def _now(self) -> datetime:
        return self.agent.clock.now().astimezone(self._zone)


def _to_decide(questions: Sequence[PendingQuestion]) -> tuple[Concern, ...]:
    if not questions:
        return ()
    number = len(questions)
    sentence = questions_line(number)
    return (Concern(sentence, DialogName.QUESTIONS, questions[0].sentence, ConcernKind.QUESTION, number),)


def _in_the_way(one: Lasting) -> Concern:
    return Concern(one.sentence, DialogName.JOBS, one.why, ConcernKind.TROUBLE)


def _in_doubt(number: int) -> Concern | None:
    if not number:
        return None
    text = ngettext(
        "{number} Mitteilung in der Schwebe: bitte entscheiden.", "{number} Mitteilungen in der Schwebe: bitte entscheiden.", number
    ).format(number=number)
    title = ngettext("{number} Mitteilung ist in der Schwebe", "{number} Mitteilungen sind in der Schwebe", number).format(number=number)
    why = _("Ob sie gesendet wurden, weiss niemand; bis jemand entscheidet, werden sie nicht noch einmal gesendet.")
    return Concern(text, DialogName.ACTIVITY, why, ConcernKind.DOUBT, number, title)


def _calls(entries: Sequence[CallEntry], zone: ZoneInfo, now: datetime) -> Concern | None:
    if not entries:
        return None
    number = len(entries)
    text = ngettext("{number} Patient anders zu erinnern.", "{number} Patienten anders zu erinnern.", number).format(number=number)
    said = ngettext("Seine Erinnerung kam nicht an oder käme zu spät.", "Ihre Erinnerung kam nicht an oder käme zu spät.", number)
    first = min((entry.message.appointment_at for entry in entries if entry.message.appointment_at), default=None)
    when = _("Erster Termin: {when}.").format(when=short_time(first.astimezone(zone), now)) if first else ""
    return Concern(text, DialogName.CALLS, f"{said} {when}".strip(), ConcernKind.CALLS, number, calls_title(number))


def _low_credits(low: Sequence[AccountCredits]) -> Concern | None:
    if not low:
        return None
    lowest = min(low, key=lambda account: account.balance or 0)
    return Concern(
        _("Credits-Guthaben unter dem Mindestbestand."),
        DialogName.CREDITS,
        " ".join(balance_sentence(account) for account in low),
        ConcernKind.CREDITS,
        len(low),
        lasts_title(lowest),
    )


def _errors(number: int) -> Concern | None:
    if not number:
        return None
    text = ngettext("{number} Fehler im Protokoll.", "{number} Fehler im Protokoll.", number).format(number=number)
    why = _("Was nicht gelang und was zu tun ist, steht im Protokoll; dort lässt es sich löschen, wenn es erledigt ist.")
    return Concern(text, DialogName.ACTIVITY, why, ConcernKind.ERRORS, number)


def _lasting(job: JobOverview, owed: Owed, zone: ZoneInfo, now: datetime) -> Lasting:
    since, next_at = owed.since.astimezone(zone), owed.next_at and owed.next_at.astimezone(zone)
    why = job.why or (job.last_run.sentence if job.last_run and job.last_run.reason else "")
    return Lasting(job.key.value, owed.since, lasting_line(job.title, since, next_at, now), why)


def _is_held(job: JobOverview, pause: Pause | None) -> bool:
    """Returns whether the pause holds back what is planned next of a job."""
    from tray_agent.job_kinds import job_kind

    if pause is None or (pause.until and job.next_at and pause.until <= job.next_at):
        return False
    return pause.scope is PauseScope.EVERYTHING or job_kind(job.key).wakes_people


def _idle(overview: Sequence[JobOverview]) -> Idle:
    """Returns why no run is planned, if none is."""
    enabled = [job for job in overview if job.enabled]
    if not enabled:
        return Idle.NONE_ENABLED
    return Idle.NOTHING_LEFT if any(job.switched_on for job in enabled) else Idle.SWITCHED_OFF


def _faults(*errors: KnownError | None) -> tuple[Concern, ...]:
    """Returns the faults as concerns, the same one once."""
    by_title = {error.title: error for error in errors if error is not None}
    return tuple(concern_of(error, DialogName.SETUP) for error in by_title.values())
