"""Counts what a run did and collects what it has to tell; many messages with one reason are told once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from tray_agent.job_kinds import Service
from tray_agent.jobs.contract import JobResult
from tray_agent.messages.model import MessageKind
from tray_agent.protocol.model import Activity, Level


@dataclass(slots=True)
class Tally:
    """The counts of one run; not thread-safe."""

    counts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    problems: int = 0

    def result(self, sentence: str) -> JobResult:
        """Returns the run's result."""
        return JobResult(dict(self.counts), dict(self.skipped), self.problems, sentence)


def told(
    level: Level,
    reason: str,
    sentence: str,
    *,
    item: str | None = None,
    patient_id: str | None = None,
    appointment_at: datetime | None = None,
) -> Activity:
    """Returns a row of the activity log's tab of messages."""
    return Activity(Service.SMS, level, reason, sentence, item, patient_id, appointment_at)


def is_reminder(kind: MessageKind) -> bool:
    """Returns whether a message is a reminder, which the practice must give otherwise when it fails."""
    return kind is MessageKind.REMINDER
