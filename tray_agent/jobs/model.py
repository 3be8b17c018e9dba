"""The values of the list of jobs, of pauses and of who is there: what the engine keeps and the dialogs show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum

from tray_agent.i18n import _
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import Report
from tray_agent.jobs.owed import Owed, Trouble
from tray_agent.protocol.model import Run, RunReason
from tray_agent.protocol.sentences import time_text
from tray_agent.schedules.schedule import Schedule


class PauseScope(StrEnum):
    """What a pause holds back, on all computers of the practice."""

    SENDING = "sending"
    """The jobs that send something to people."""

    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause in force.

    Attributes:
        since: aware, UTC.
        until: aware, UTC; None: until somebody resumes.
        paused_by: person and computer.
    """

    scope: PauseScope
    since: datetime
    until: datetime | None
    paused_by: str


@dataclass(frozen=True, slots=True)
class JobOverview:
    """One row of *Aufträge verwalten*.

    Attributes:
        key, title: the job and its name in the users' words.
        schedule: its schedule; ``schedule.enabled`` is the column *Aktiviert*.
        version: to be handed back when saving.
        switched_on: whether its switch (Schalter) stands on Ja.
        switch_name: that switch.
        next_at: the next planned time (aware, UTC); None where it is not enabled or never runs again.
        last_run: the newest run that was not skipped, also one that was interrupted in the middle and goes on later, or None.
        running: the run that goes on now, or None.
        owed: the planned time whose work is not done and that is tried again, or None; None where the job may not run.
        changed_at, changed_by: the last change of the schedule.
        why: why no workstation can do what is owed, with each one's name and what it lacks; "": one can, or nothing is owed for that.
        mistake: why what stands in the database is no schedule, as a sentence; "": it is one. ``schedule`` is then the one proposed
            instead, not enabled, until somebody saves one.
    """

    key: JobKey
    title: str
    schedule: Schedule
    version: int
    switched_on: bool
    switch_name: str
    next_at: datetime | None
    last_run: Run | None
    running: Run | None
    owed: Owed | None
    changed_at: datetime
    changed_by: str
    mistake: str = ""
    why: str = ""

    @property
    def enabled(self) -> bool:
        """Returns the column *Aktiviert*."""
        return self.schedule.enabled

    @property
    def waits(self) -> bool:
        """Returns whether something is in the way of what is owed, and a further attempt comes: its state is then *läuft*."""
        return self.running is None and self.owed is not None and self.owed.trouble is not Trouble.NONE

    def waiting_text(self, zone: tzinfo, now: datetime) -> str:
        """Returns what the job waits for: "wartet auf Versuch 3 um 11:02", "fragt um 11:20 wieder nach"; "" where it does not wait.

        Args:
            zone: the practice's time zone.
            now: the present instant (aware).
        """
        if self.owed is None or self.running is not None:
            return ""
        at, number = self.owed.next_at, self.owed.attempts + 1
        when = time_text(at, zone, now) if at and at > now else ""
        if self.owed.reason == RunReason.NOT_ABLE:
            return _("wartet, bis ein Arbeitsplatz es kann")
        if self.waits and at is None:
            return _("wartet, bis der Grund behoben ist")
        if self.waits and not when:  # a pause or the quiet hours hold it back
            return _("wartet auf Versuch {number}").format(number=number)
        if self.waits:
            return _("wartet auf Versuch {number} {when}").format(number=number, when=when)
        if not when:
            return ""
        goes_on = _("fragt {when} wieder nach") if self.key is JobKey.UPDATE_STATUS else _("geht {when} weiter")
        return goes_on.format(when=when)


@dataclass(frozen=True, slots=True)
class JobChange:
    """What a person changed of a job: the whole new schedule (``enabled`` included) and the version it was made from."""

    key: JobKey
    schedule: Schedule
    version: int


@dataclass(frozen=True, slots=True)
class Presence:
    """One agent that is, or was, on.

    Attributes:
        owner: the process; new with every start.
        seen_at: when it last told that it is there: aware, UTC, the server's clock.
        scheduling: whether its scheduler runs (not only a command line).
        here: whether it is the asking process.
        is_there: whether it is on now: it did not quit, and told lately that it is there.
        clock_difference: its computer's clock minus the server's.
        report: what it tells of itself; None: nothing yet, or a program of another version.
    """

    owner: str
    workstation: str
    version: str
    started_at: datetime
    seen_at: datetime
    scheduling: bool
    here: bool = False
    is_there: bool = True
    clock_difference: timedelta = timedelta(0)
    report: Report | None = None
