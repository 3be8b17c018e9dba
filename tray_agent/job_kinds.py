"""The jobs of the practice (domain, section 3), each declared once as data; what a run does is registered in its area.

A new job is a member of ``JobKey`` and its declaration in ``job_kind``; the type checker then asks for its work
(``tray_agent.messages.service.message_work`` for what belongs to messages). Its rows in the store are made when they are first needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import IntEnum, StrEnum
from functools import cache

from tray_agent.config.settings import BIRTHDAYS_ON, DOWNLOAD_ACTIVE, REMINDERS_ON, Setting, Settings
from tray_agent.i18n import N_, _
from tray_agent.schedules.codes import Frequency
from tray_agent.schedules.schedule import Schedule


class JobKey(StrEnum):
    """The jobs, in the order in which they belong on a day."""

    DOWNLOAD = "download"
    PREPARE_REMINDERS = "prepare_reminders"
    PREPARE_BIRTHDAYS = "prepare_birthdays"
    SEND_MESSAGES = "send_messages"
    UPDATE_STATUS = "update_status"


class Service(StrEnum):
    """The tabs of the activity log."""

    DOWNLOADS = "downloads"
    SMS = "sms"
    AGENT = "agent"


class Stage(IntEnum):
    """The places in the order of a day (seed): a job waits for those of earlier stages. Jobs of one stage may start together."""

    PREPARE = 1
    SEND = 2
    FOLLOW = 3


@dataclass(frozen=True, slots=True)
class JobKind:
    """The declaration of one job.

    Attributes:
        title: its name in the users' words, a German source text for translation.
        service: the tab of the activity log in which its rows stand.
        switches: the switches that turn it on, any of them.
        start_time: when it runs unless somebody plans it otherwise, daily.
        stage: its place in the order of a day; None: it may run at any time.
        wakes_people: whether a run sends something to people: quiet hours and the pause of sending hold for it, and it is asked before
            it runs by hand.
        runs_on_check: whether *Jetzt prüfen* runs it.
        is_of_its_day: whether a run does the work of its planned time's day, so that one of another day leaves that undone.
    """

    title: str
    service: Service
    switches: tuple[Setting, ...]
    start_time: time
    stage: Stage | None = None
    wakes_people: bool = False
    runs_on_check: bool = False
    is_of_its_day: bool = False

    @property
    def switch_names(self) -> str:
        """Returns its switches in the users' words: "SMSService.A oder SMSService.B"."""
        names, *others = [setting.address for setting in self.switches]
        for other in others:
            names = _("{one} oder {other}").format(one=names, other=other)
        return names

    def is_switched_on(self, settings: Settings) -> bool:
        """Returns whether one of its switches stands on Ja."""
        return any(settings.yes(setting) for setting in self.switches)


_SMS_SERVICE = (REMINDERS_ON, BIRTHDAYS_ON)


@cache
def job_kind(job: JobKey) -> JobKind:
    """Returns the declaration of a job.

    The times are the seed's example (10.00, 10.10, 10.20); birthdays before it; downloads at lunch, when the workstations are on and idle.
    """
    # A match rather than a mapping: the type checker then says which job has no declaration.
    match job:
        case JobKey.DOWNLOAD:
            return JobKind(N_("Download-Service"), Service.DOWNLOADS, (DOWNLOAD_ACTIVE,), time(12, 30), runs_on_check=True)
        case JobKey.PREPARE_REMINDERS:
            title = N_("Terminerinnerungen aufbereiten")
            return JobKind(title, Service.SMS, (REMINDERS_ON,), time(10, 0), Stage.PREPARE, is_of_its_day=True)
        case JobKey.PREPARE_BIRTHDAYS:
            return JobKind(N_("Geburtstagsglückwünsche aufbereiten"), Service.SMS, (BIRTHDAYS_ON,), time(9, 50), Stage.PREPARE)
        case JobKey.SEND_MESSAGES:
            return JobKind(N_("Mitteilungen senden"), Service.SMS, _SMS_SERVICE, time(10, 10), Stage.SEND, wakes_people=True)
        case JobKey.UPDATE_STATUS:
            return JobKind(N_("Status aktualisieren"), Service.SMS, _SMS_SERVICE, time(10, 20), Stage.FOLLOW, runs_on_check=True)


def job_title(job: JobKey) -> str:
    """Returns a job's name in the language in force."""
    return _(job_kind(job).title)


def jobs_before(job: JobKey) -> tuple[JobKey, ...]:
    """Returns the jobs that belong before this one on a day."""
    stage = job_kind(job).stage
    return tuple(other for other in JobKey if stage and (earlier := job_kind(other).stage) and earlier < stage)


def default_schedules(start: date) -> dict[JobKey, Schedule]:
    """Returns a daily schedule for each job, not enabled, beginning on ``start`` (local)."""
    return {job: Schedule(Frequency.DAILY, 1, start, job_kind(job).start_time, enabled=False) for job in JobKey}
