"""What the four jobs have in common: the steps they take with messages, and the one way in which these are written, counted and told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection

from tray_agent.i18n import format_datetime
from tray_agent.job_kinds import Service
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Change, Draft
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.words import with_subject
from tray_agent.messages.work.parts import MessageParts
from tray_agent.protocol.model import Activity, Level

CHUNK = 1000
"""How many messages or candidates are read, judged and written at once."""


class Counted(StrEnum):
    """What a run counts; the values stand in the history and in what commands print."""

    PREPARED = "prepared"
    ERRORS = "errors"
    WOULD_SEND = "would_send"
    WOULD_RENDER_ANEW = "would_render_anew"
    CANCELLED = "cancelled"
    MOVED = "moved"
    SENT = "sent"
    REFUSED = "refused"
    PUT_OFF = "put_off"
    KEPT_BACK = "kept_back"
    IN_DOUBT = "in_doubt"
    SETTLED_ELSEWHERE = "settled_elsewhere"
    INTERRUPTED = "interrupted"
    ASKED = "asked"
    UNREADABLE = "unreadable"
    FOUND = "found"
    KNOWN_BEFORE = "known_before"
    NEVER_TAKEN = "never_taken"
    LEFT_TO_A_PERSON = "left_to_a_person"
    GIVEN_UP = "given_up"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    BUFFERED = "buffered"
    OPEN = "open"
    NOT_ASKED = "not_asked"


@dataclass(frozen=True, slots=True)
class MessageStep:
    """One step of one message.

    Attributes:
        change: what is written in the outbox.
        counted: how the run counts it, if it happens; None: not at all.
        activity: what the activity log tells of it, if it happens.
        problem: whether somebody should look at it.
    """

    change: Change
    counted: Counted | None = None
    activity: Activity | None = None
    problem: bool = False

    @classmethod
    def of(
        cls, message: OutboxMessage, step: Step, actor: Actor, values: Mapping[str, Any], counted: Counted | None = None,
        activity: Activity | None = None, *, problem: bool = False,
    ) -> MessageStep:  # fmt: skip
        """Returns a step of a message as it was read; ``values`` are further columns to write."""
        return cls(Change.of(message, step, actor, **values), counted, activity, problem)


@dataclass(slots=True)
class MessageTally:
    """The counts of one run; not thread-safe."""

    counts: Counter[Counted] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    problems: int = 0

    def add(self, step: MessageStep) -> None:
        """Counts a step that happened."""
        if step.counted:
            self.counts[step.counted] += 1
        self.problems += step.problem

    def result(self, sentence: str) -> JobResult:
        """Returns the run's result."""
        return JobResult({counted.value: number for counted, number in self.counts.items()}, dict(self.skipped), self.problems, sentence)


class MessageRun:
    """One run of one of the four jobs: what it works with, what it counts, how it reads and writes messages.

    Args:
        parts: what to work with.
        context: of the run.
    """

    def __init__(self, parts: MessageParts, context: JobContext) -> None:
        self.parts = parts
        self.context = context
        self.tally = MessageTally()

    def due(self, states: Collection[MessageState], *also: ColumnElement[bool]) -> Iterator[tuple[list[OutboxMessage], datetime]]:
        """Gives the messages in these states whose next step is due, in chunks by number, each with the time at which it was read.

        Raises:
            RunCancelledError, LeaseLostError: before a chunk is read.
        """
        last = 0
        while True:
            self.context.checkpoint()
            with self.parts.database.read() as connection:
                now = self.parts.database.now(connection)
                messages = entries.due_messages(connection, states, now, last, CHUNK, *also)
            if not messages:
                return
            last = messages[-1].id
            yield messages, now

    def write(self, steps: Sequence[MessageStep], before_commit: str = "") -> list[MessageStep]:
        """Carries steps out in a transaction of their own, counts those that happened and returns them.

        Args:
            steps: none: nothing is done.
            before_commit: what ``MessageParts.reached`` is told before the COMMIT.
        """

        def work(connection: Connection) -> list[MessageStep]:
            self.context.fence(connection)
            now = self.parts.database.now(connection)
            happened = [step for step in steps if entries.apply(connection, step.change, now)]
            self.log(connection, happened)
            if before_commit:
                self.parts.reached(before_commit)
            return happened

        happened = self.parts.database.transact(work) if steps else []
        for step in happened:  # only now: a transaction may be tried twice
            self.tally.add(step)
        return happened

    def log(self, connection: Connection, steps: Sequence[MessageStep]) -> None:
        """Writes what steps tell into the activity log, in the transaction that carries them out."""
        activities = [step.activity for step in steps if step.activity]
        if activities:
            self.context.log(*activities, connection=connection)


def activity(level: Level, reason: str, sentence: str, item: str | None = None) -> Activity:
    """Returns a row of the activity log's tab of messages."""
    return Activity(Service.SMS, level, str(reason), sentence, item)


def activity_about(parts: MessageParts, level: Level, reason: str, message: OutboxMessage | Draft, sentence: str) -> Activity:
    """Returns a row of the activity log about a message, which it names: "Muster Anna (24.11.2026 09:10): …"."""
    name, at = message.patient_name, message.appointment_at
    if at is not None:
        name = f"{name} ({format_datetime(parts.local(at))})"
    item = message.unique_key if isinstance(message, Draft) else str(message.id)  # a draft has no number yet
    return Activity(Service.SMS, level, str(reason), with_subject(name, sentence), item, message.patient_id, at)


def logged_step(
    parts: MessageParts, level: Level, message: OutboxMessage, step: Step, actor: Actor, counted: Counted, values: Mapping[str, Any],
    *, problem: bool = True,
) -> MessageStep:  # fmt: skip
    """Returns a step whose reason and sentence, which are among ``values``, the activity log tells too."""
    row = activity_about(parts, level, values["reason"], message, values["sentence"])
    return MessageStep.of(message, step, actor, values, counted, row, problem=problem)
