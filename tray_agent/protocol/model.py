"""What runs and activities are: the values of the history and the activity log, and how lists of them are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tray_agent.i18n import N_, WordedEnum
from tray_agent.job_kinds import JobKey, Service


class Level(WordedEnum):
    """How grave an activity is; ``ERROR`` counts in the number in brackets of its tab."""

    INFO = "info", N_("Information")
    WARNING = "warning", N_("Warnung")
    ERROR = "error", N_("Fehler")


@dataclass(frozen=True, slots=True)
class Activity:
    """One thing done or refused: a row of the activity log.

    Attributes:
        service: the tab it stands in.
        level: how grave it is.
        reason: a stable code (``sent``, ``no_contact``, ``hash_mismatch`` …), for filters and JSON.
        sentence: what happened, in the language of the practice; may name the patient, never a secret.
        item: the element, or the message's number as text, or None.
        patient_id: the patient it is about, or None.
        appointment_at: the start of the appointment it is about (aware), or None.
    """

    service: Service
    level: Level
    reason: str
    sentence: str
    item: str | None = None
    patient_id: str | None = None
    appointment_at: datetime | None = None


class RunState(WordedEnum):
    """The column *Status* of the history."""

    RUNNING = "running", N_("läuft")
    """läuft."""

    SUCCEEDED = "succeeded", N_("Erfolg")
    """Erfolg: the job could run; what it really did stands in the activity log (seed)."""

    FAILED = "failed", N_("Fehler")
    """Fehler."""

    SKIPPED = "skipped", N_("übersprungen")
    """übersprungen: a planned time at which nothing ran, with the reason."""

    CANCELLED = "cancelled", N_("abgebrochen")
    """abgebrochen: asked to stop, and stopped at a safe point."""

    DIED = "died", N_("abgestürzt")
    """abgestürzt: its computer vanished in the middle; nobody finished it."""


class RunTrigger(WordedEnum):
    """Why a run was begun."""

    SCHEDULE = "schedule", N_("Zeitplan")
    CATCH_UP = "catch_up", N_("nachgeholt")
    RETRY = "retry", N_("weiterer Versuch")
    """An earlier attempt of the planned time left something undone."""

    BY_HAND = "by_hand", N_("von Hand")


class RunReason(StrEnum):
    """Why a planned time was skipped, or a run ended otherwise than with success."""

    SWITCH_OFF = "switch_off"
    MISSED = "missed"
    """No agent was there (all computers off, asleep), and a later time is caught up."""

    DATABASE_AWAY = "database_away"
    PAUSED = "paused"
    QUIET_HOURS = "quiet_hours"
    OUTSIDE_WINDOW = "outside_window"
    STILL_RUNNING = "still_running"
    """The run before had not ended when the next time came."""

    OTHER_FIRST = "other_first"
    """A job that belongs before this one has not ended."""

    SCHEDULE_CHANGED = "schedule_changed"
    """The schedule was saved or the job disabled before the time was caught up."""

    NOT_YET = "not_yet"
    """It is owed, and the next attempt comes later."""

    NOT_ABLE = "not_able"
    """No workstation that is there can do it: each lacks something."""

    OTHERS_ABLE = "others_able"
    """This workstation lacks something, another that is there does not."""

    DIED = "died"
    CANCELLED = "cancelled"
    FAULT = "fault"
    """A fault of the program; the traceback is in the log file."""


GIVEN_BACK = (RunReason.CANCELLED, RunReason.PAUSED, RunReason.OTHERS_ABLE)
"""Why a program gives a run back that has not ended: it quits, the practice paused the job, or another workstation can do it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One row of the history.

    Attributes:
        run_id: its number.
        job: which job.
        due_at: the planned time: aware, UTC, whole seconds; of a run by hand the second in which it was asked for.
        trigger: why it was begun.
        state: how it stands; a run whose lease ended is told as ``DIED``, swept or not.
        workstation: the computer it ran on, or that recorded the skipped time.
        started_at, finished_at: aware, UTC; None where it did not start or end.
        attempt: which attempt of its planned time it is: 1, more where an earlier one left something undone.
        takeovers: how often another computer went on with it.
        folded: whether a later attempt stands for it, because nothing changed in it.
        counts, skipped: what was done and not done, by stable words (see ``JobResult``).
        problems: how many things failed that somebody should look at.
        reason: a ``RunReason`` or an error's code; "" for success.
        sentence: the run in one sentence that a practice understands.
    """

    run_id: int
    job: JobKey
    due_at: datetime
    trigger: RunTrigger
    state: RunState
    workstation: str
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int
    counts: Mapping[str, int]
    skipped: Mapping[str, int]
    problems: int
    reason: str
    sentence: str
    takeovers: int = 0
    folded: bool = False

    @property
    def duration(self) -> timedelta | None:
        """Returns how long it took, or None while it runs or where it never started."""
        return self.finished_at - self.started_at if self.started_at and self.finished_at else None


class RunOrder(StrEnum):
    """The columns by which the history sorts; within equal values the newest planned time is first.

    By start and by end, runs that did not start or end (skipped times) stand behind all others, whatever the direction; by
    planned time, start and end, what breaks ties goes in the direction of the order.
    """

    DUE_AT = "due_at"
    STARTED_AT = "started_at"
    FINISHED_AT = "finished_at"
    JOB = "job"
    STATE = "state"
    TRIGGER = "trigger"
    WORKSTATION = "workstation"


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs the history shows; None: no limit.

    Attributes:
        since: planned at or after this instant (aware).
        until: planned before this instant (aware).
        workstation: the computer it ran on, by its whole name.
        folded: also the attempts that a later one of the same planned time stands for, because nothing changed in them.
    """

    since: datetime | None = None
    until: datetime | None = None
    job: JobKey | None = None
    state: RunState | None = None
    workstation: str | None = None
    folded: bool = False


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One row of the activity log.

    Attributes:
        activity_id: its number; later rows have greater ones.
        at: when it was written: aware, UTC, the server's clock.
        item: the element, or the message's number, or None.
        run_id: the run it belongs to, or None.
        hidden: whether "Alle löschen" took it off the list.
    """

    activity_id: int
    at: datetime
    service: Service
    level: Level
    reason: str
    sentence: str
    item: str | None
    patient_id: str | None
    appointment_at: datetime | None
    workstation: str
    run_id: int | None
    hidden: bool


class ActivityOrder(StrEnum):
    """The columns by which the activity log sorts; within equal values the newest is first."""

    TIME = "time"
    LEVEL = "level"
    REASON = "reason"
    ITEM = "item"
    WORKSTATION = "workstation"


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """Which activities the log shows; None: no limit.

    Attributes:
        since: at or after this instant (aware).
        until: before this instant (aware).
        hidden: also what "Alle löschen" took off the list.
        text: words that stand, all of them, in the sentence or the item; letters count as the same whether large, small or with accents.
    """

    service: Service | None = None
    level: Level | None = None
    reason: str | None = None
    item: str | None = None
    run_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    hidden: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class ServiceCounts:
    """The numbers of one tab of the activity log: what stands on the list, not what was taken off it."""

    errors: int = 0
    warnings: int = 0
