"""The window *Protokoll Aktivitäten/Fehler*: its tabs, what a row says, what is asked of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, tzinfo

from tray_agent.i18n import _, format_date
from tray_agent.job_kinds import Service
from tray_agent.messages.outbox.model import DoubtDecision, OutboxMessage, OutboxReason
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.words import channel_title, kind_title
from tray_agent.protocol.model import ActivityFilter, ActivityRow, Level, RunReason, ServiceCounts
from tray_agent.protocol.titles import level_title, service_title
from tray_agent.tray.model import DialogName
from ui.models.period import ALL_DAYS, Period
from ui.models.schedule import weekday_short
from ui.models.words import local_text

MOST_PRINTED = 2000
"""So many rows are printed at the most; a longer list is no use on paper."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What a person chose in a tab; None or "": everything."""

    service: Service
    level: Level | None = None
    text: str = ""
    period: Period = ALL_DAYS

    def asked(self, zone: tzinfo) -> ActivityFilter:
        """Returns the filter of the engine."""
        since, until = self.period.since(zone), self.period.until(zone)
        return ActivityFilter(service=self.service, level=self.level, text=self.text.strip(), since=since, until=until)

    @property
    def hides_something(self) -> bool:
        """Returns whether rows of the tab may be missing under it."""
        return bool(self.level or self.text.strip() or self.period != ALL_DAYS)


def tab_title(service: Service, counts: Mapping[Service, ServiceCounts]) -> str:
    """Returns a tab's title with the number of errors in brackets: "SMS (3)"."""
    return _("{title} ({number})").format(title=service_title(service), number=counts.get(service, ServiceCounts()).errors)


def about_text(row: ActivityRow) -> str:
    """Returns what a row is about: "vitomed-update", "Mitteilung 12"."""
    if row.item and row.service is Service.SMS and row.item.isdigit():
        return _("Mitteilung {number}").format(number=row.item)
    return row.item or ""


def day_text(day: date, today: date) -> str:
    """Returns a day as the log writes it once for all of its rows: "heute", "Fr 20.11.", "Fr 20.11.2025"."""
    if day == today:
        return _("heute")
    return f"{weekday_short(day)} {day:%d.%m.}" if day.year == today.year else f"{weekday_short(day)} {format_date(day)}"


def details(row: ActivityRow, zone: tzinfo) -> tuple[str, tuple[str, ...]]:
    """Returns what is told of a row below the list: a title, the sentence, and what it is about."""
    title = _("{level}, {time} auf {workstation}").format(
        level=level_title(row.level), time=local_text(row.at, zone), workstation=row.workstation
    )
    facts = [
        _("Termin: {time}").format(time=local_text(row.appointment_at, zone)) if row.appointment_at else "",
        _("Patient: {id}").format(id=row.patient_id) if row.patient_id else "",
        _("Betrifft: {item}").format(item=about_text(row)) if about_text(row) else "",
    ]
    return title, (row.sentence, *(["   ".join(told)] if (told := [fact for fact in facts if fact]) else ()))


_OF_CREDITS = frozenset({OutboxReason.NO_CREDITS.value, Reason.NO_CREDITS.value})
_OF_PLAN = frozenset(reason.value for reason in (RunReason.NOT_ABLE, RunReason.DIED))


def remedy_of(row: ActivityRow) -> tuple[str, DialogName] | None:
    """Returns where a person does something about a row, with the words of the button that leads there; None: nothing is to be done."""
    if row.level is Level.INFO:
        return None
    if row.reason == OutboxReason.QUESTION:
        return _("Fragen &beantworten"), DialogName.QUESTIONS
    if row.service is Service.DOWNLOADS:
        return _("Download-L&iste"), DialogName.DOWNLOADS
    if row.reason in _OF_CREDITS:
        return _("&Credits"), DialogName.CREDITS
    if row.patient_id is not None:
        return _("A&nrufliste"), DialogName.CALLS
    return (_("Aufträge &verwalten"), DialogName.JOBS) if row.reason in _OF_PLAN else None


def kind_text(message: OutboxMessage) -> str:
    """Returns what a message is and how it travels: "Terminerinnerung (SMS)"."""
    if message.channel is None:
        return kind_title(message.kind)
    return _("{kind} ({channel})").format(kind=kind_title(message.kind), channel=channel_title(message.channel))


def decision_question(message: OutboxMessage, decision: DoubtDecision) -> tuple[str, str]:
    """Returns what is asked before a decision about a message in doubt: a question, and what follows from it."""
    if decision is DoubtDecision.SENT:
        return (
            _("Wurde die Mitteilung an {patient} gesendet?").format(patient=message.patient_name),
            _("Sie wird dann nie mehr gesendet. War sie doch nicht angekommen, erfährt der Patient nichts."),
        )
    return (
        _("Die Mitteilung an {patient} erneut senden?").format(patient=message.patient_name),
        _("Wurde sie doch schon gesendet, erhält der Patient sie zweimal. Im Zweifel vorher nachfragen."),
    )
