"""The window *Vorschau*: who would get what on a day, who would not and why, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tray_agent.i18n import N_, _, format_date, format_datetime, format_number, join_words, ngettext
from tray_agent.job_kinds import JobKey
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.rules.reasons import Weight
from tray_agent.messages.words import channel_title, gaps_sentence, kind_title, made_up_words, new_time_words
from ui.models.credits import credits_text, segments_text
from ui.models.templates import missing_text

if TYPE_CHECKING:
    from tray_agent.jobs.model import JobOverview
    from tray_agent.messages.work.preview import Preview, PreviewLine, PreviewMandant


class Outcome(Enum):
    """What would become of a patient's message; the values are the words, source texts."""

    SENT = N_("würde gesendet")
    ORDINARY = N_("nicht vorgesehen")
    UNREACHABLE = N_("nicht erreichbar")
    TO_CORRECT = N_("zu beheben")


_OF_WEIGHT = {
    Weight.ORDINARY: Outcome.ORDINARY,
    Weight.CALL_OR_WRITE: Outcome.UNREACHABLE,
    Weight.TO_FIX: Outcome.TO_CORRECT,
}


@dataclass(frozen=True, slots=True)
class PreviewShows:
    """What another window wants to see: the run of a date, and of what it finds those of one day of appointments.

    Attributes:
        run_on: the practice's date of the run.
        day: of the appointments.
        reasons: those who get no message for one of these reasons, by their codes; None: those who get one.
    """

    kind: MessageKind
    run_on: date
    day: date
    reasons: frozenset[str] | None = None

    @property
    def title(self) -> str:
        """Returns the name of the choice that shows this."""
        text = _("Erhalten eine Mitteilung, Termine am {day}") if self.reasons is None else _("Erhalten keine, Termine am {day}")
        return text.format(day=format_date(self.day))

    def holds(self, line: PreviewLine) -> bool:
        """Returns whether a line is among them."""
        if line.starts_at is None or line.starts_at.date() != self.day:
            return False
        return line.is_sent if self.reasons is None else line.reason is not None and line.reason.value in self.reasons


@dataclass(frozen=True, slots=True)
class PreviewView:
    """One choice of the filter *Anzeigen*: its name (a source text) and what it shows; none: all."""

    title: str
    outcomes: frozenset[Outcome]
    only: PreviewShows | None = None


VIEWS = (
    PreviewView(N_("Alle"), frozenset()),
    PreviewView(N_("Erhalten eine Mitteilung"), frozenset({Outcome.SENT})),
    PreviewView(N_("Erhalten keine Mitteilung"), frozenset(Outcome) - {Outcome.SENT}),
    PreviewView(N_("Nicht erreichbar oder zu beheben"), frozenset({Outcome.UNREACHABLE, Outcome.TO_CORRECT})),
)
"""The choices of the filter, in the order shown."""


def outcome_of(line: PreviewLine) -> Outcome:
    """Returns what would become of a line's message."""
    return Outcome.SENT if line.reason is None else _OF_WEIGHT[line.reason.weight]


def outcome_word(line: PreviewLine) -> str:
    """Returns the word for what would become of a line's message; of one that tells a new time, which one it replaces."""
    return new_time_words(line.former) if line.is_sent and line.former else _(outcome_of(line).value)


def lines_shown(preview: Preview, view: PreviewView, patient: str) -> tuple[PreviewLine, ...]:
    """Returns the lines that a view shows of the patients whose name holds ``patient``, or whose number it is."""
    wanted = patient.strip().casefold()
    return tuple(
        line
        for line in preview.lines
        if (not view.outcomes or outcome_of(line) in view.outcomes)
        and (view.only is None or view.only.holds(line))
        and (wanted in line.patient.casefold() or wanted == line.patient_id.casefold())
    )


# Cells


def appointment_text(line: PreviewLine) -> str:
    """Returns the appointment's start, or a dash."""
    return format_datetime(line.starts_at) if line.starts_at else "–"


def channel_text(line: PreviewLine) -> str:
    """Returns the way, or a dash where there is no message."""
    return channel_title(line.channel) if line.channel else "–"


def cost_text(line: PreviewLine) -> str:
    """Returns the cost in credits, or a dash where there is no message."""
    return format_number(line.cost) if line.is_sent else "–"


def text_or_reason(line: PreviewLine) -> str:
    """Returns the text on one line, or why there is none."""
    return " ".join(line.text.split()) if line.is_sent else line.sentence


def details_of(line: PreviewLine) -> tuple[str, tuple[str, ...]]:
    """Returns the title and the paragraphs that are told about a line."""
    title, moved = _("{kind} an {patient}").format(kind=kind_title(line.kind), patient=line.patient), _moved_sentence(line)
    if not line.is_sent:
        entry = _("In der Versand-Queue steht dazu ein Eintrag mit diesem Fehler.") if line.entry else ""
        return title, tuple(part for part in (line.sentence, line.advice, entry, moved) if part)
    way = _("{channel} an {recipient}, Mandant {mandant}").format(
        channel=channel_text(line), recipient=line.recipient, mandant=line.mandant or "–"
    )
    text = "\n\n".join(part for part in (line.subject, line.text) if part)
    cost = segments_text(line.segments, line.cost) if line.channel is Channel.SMS else ""
    return title, tuple(part for part in (f"{way}. {cost}".strip(), moved, _missing_sentence(line), text) if part)


def _moved_sentence(line: PreviewLine) -> str:
    if line.former is None:
        return ""
    sentence = _("Der Termin wurde verschoben; dem Patienten mitgeteilt ist bisher {former}.")
    return sentence.format(former=format_datetime(line.former))


def _missing_sentence(line: PreviewLine) -> str:
    return gaps_sentence([line.gaps]) or missing_text(line.missing)


# The whole


def summary(preview: Preview, zone: ZoneInfo) -> str:
    """Returns how many get what, at what cost, when, and how many do not."""
    sentences = (_sent_sentence(preview), made_up_words(preview.made_up), _others_sentence(preview), _when_sentence(preview, zone))
    return " ".join(sentence for sentence in sentences if sentence)


def _sent_sentence(preview: Preview) -> str:
    if not preview.messages:
        return _("{subject}: Es würde nichts gesendet.").format(subject=_subject(preview))
    ways = join_words([_way_text(preview, channel) for channel in Channel if _number(preview, channel)])
    return _("{subject}: {ways}, Kosten {cost}.").format(subject=_subject(preview), ways=ways, cost=credits_text(preview.cost))


def _subject(preview: Preview) -> str:
    if preview.window is None:
        return _("Geburtstagsglückwünsche am {day}").format(day=format_date(preview.day))
    first, last = preview.window.first, preview.window.last
    if first == last:
        return _("Terminerinnerungen für Termine am {day}").format(day=format_date(first))
    return _("Terminerinnerungen für Termine vom {first} bis {last}").format(first=format_date(first), last=format_date(last))


def _number(preview: Preview, channel: Channel) -> int:
    return sum(line.channel is channel for line in preview.messages)


def _way_text(preview: Preview, channel: Channel) -> str:
    number = _number(preview, channel)
    if channel is Channel.SMS:
        return ngettext("{number} SMS", "{number} SMS", number).format(number=format_number(number))
    return ngettext("{number} E-Mail", "{number} E-Mails", number).format(number=format_number(number))


def _others_sentence(preview: Preview) -> str:
    number = len(preview.others)
    if not number:
        return _("Alle erhalten eine Mitteilung.") if preview.messages else ""
    return ngettext("{number} erhält keine Mitteilung.", "{number} erhalten keine Mitteilung.", number).format(number=format_number(number))


def _when_sentence(preview: Preview, zone: ZoneInfo) -> str:
    if not preview.messages or preview.sent_at is None:
        return ""
    return _("Versand am {when}.").format(when=format_datetime(preview.sent_at.astimezone(zone)))


def warnings(preview: Preview) -> tuple[str, ...]:
    """Returns what keeps messages from going out on that day, sentence by sentence."""
    return (
        *_switch_warning(preview),
        *_plan_warning(preview),
        *_gap_warning(preview),
        *(sentence for one in preview.mandants if (sentence := _charge_warning(one))),
    )


def _switch_warning(preview: Preview) -> Iterator[str]:
    if not preview.switched_on:
        name = "TerminerinnerungSenden" if preview.kind.is_of_appointment else "GeburtstagsglückwünscheSenden"
        yield _("Der Schalter {name} steht auf Nein: Es wird nichts aufbereitet. Gezeigt wird, wie es mit Ja wäre.").format(name=name)


def _plan_warning(preview: Preview) -> Iterator[str]:
    if preview.messages and preview.sent_at is None:
        yield _("Es ist kein Versand geplant. Unter «Aufträge verwalten» die Aufträge «aufbereiten» und «Mitteilungen senden» aktivieren.")


def _gap_warning(preview: Preview) -> Iterator[str]:
    if sentence := gaps_sentence([line.gaps for line in preview.messages]):
        yield sentence


def _charge_warning(charged: PreviewMandant) -> str:
    if charged.is_enough:
        return ""
    if not charged.has_account:
        return _("{name}: Für diesen Mandanten ist kein SMS-Konto eingerichtet.").format(name=charged.name)
    sentence = _("{name}: Das Guthaben von {balance} reicht nicht für {cost}. Guthaben aufladen.")
    return sentence.format(name=charged.name, balance=credits_text(charged.balance or Decimal(0)), cost=credits_text(charged.cost))


def charges(mandants: Sequence[PreviewMandant]) -> str:
    """Returns what each Mandant would pay: "Dr. Meier: 12 Mitteilungen, 11 Credits (Guthaben 148)."."""
    return " ".join(_charge(one) for one in mandants)


def _charge(charged: PreviewMandant) -> str:
    sentence = ngettext("{name}: {number} Mitteilung, {cost}", "{name}: {number} Mitteilungen, {cost}", charged.messages)
    text = sentence.format(name=charged.name, number=format_number(charged.messages), cost=credits_text(charged.cost))
    if charged.balance is None:
        return f"{text}."
    balance = _("Guthaben {balance}").format(balance=format_number(charged.balance))
    return f"{text} ({balance})."


def first_day(kind: MessageKind, jobs: Sequence[JobOverview], today: date, zone: ZoneInfo) -> date:
    """Returns the day that is shown first: of the next planned preparing, or tomorrow where none is planned."""
    job = JobKey.PREPARE_REMINDERS if kind.is_of_appointment else JobKey.PREPARE_BIRTHDAYS
    planned = [row.next_at.astimezone(zone).date() for row in jobs if row.key is job and row.next_at is not None]
    return min(planned, default=today + timedelta(days=1))


FURTHEST_AHEAD = timedelta(days=366)
"""How far ahead a preview can be asked for."""


# Export


def table_titles() -> tuple[str, ...]:
    """Returns the titles of the exported file."""
    return (
        _("Termin"), _("Patient"), _("Patientennummer"), _("Ergebnis"), _("Kanal"), _("Empfänger"), _("Mandant"), _("Credits"),
        _("Betreff"), _("Text"), _("Grund"), _("Was tun"),
    )  # fmt: skip


def table_row(line: PreviewLine) -> tuple[str, ...]:
    """Returns a line as a row of the exported file."""
    return (
        format_datetime(line.starts_at) if line.starts_at else "", line.patient, line.patient_id, outcome_word(line),
        channel_title(line.channel) if line.channel else "", line.recipient or "", line.mandant,
        format_number(line.cost) if line.is_sent else "", line.subject, line.text, line.sentence, line.advice,
    )  # fmt: skip
