"""Who would get what, when, on which way, from which Mandant, at what cost, and who would not and why; writes nothing.

The preview decides with the same code as preparing (``eligibility``), reads the same practice and the same outbox, and
renders the same texts; it asks no gateway. Used by ``vitoclient messages preview`` and by the dialog *Vorschau*.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tray_agent.config.settings import CHECK_CREDITS, Settings
from tray_agent.errors import InputError
from tray_agent.i18n import _, format_date
from tray_agent.job_kinds import JobKey
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.rules.eligibility import Circumstances, Eligible, NotEligible, RuleSettings, SearchWindow
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.texts.rendering import Placeholder
from tray_agent.messages.work.comparing import Comparing
from tray_agent.messages.work.coverage import Coverage
from tray_agent.messages.work.credits import credits_of
from tray_agent.messages.work.deciding import Decided, Deciding, Drafting, SaidWords, former_of
from tray_agent.messages.work.parts import MessageParts
from tray_agent.practice.model import name_of

if TYPE_CHECKING:
    from tray_agent.jobs.service import Jobs

FURTHEST = timedelta(days=731)
"""So far ahead a day may be looked at; no practice plans further, and the calendar ends somewhere."""

SendingTime = Callable[[MessageKind, datetime], "datetime | None"]
"""Returns when what is prepared from an instant on would be sent (aware), or None where no run is planned."""


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """One patient or appointment.

    Attributes:
        starts_at: of the appointment, local wall clock, naive; None for greetings.
        mandant_id, mandant: who is or would be charged; None and "" where nobody was found.
        channel, recipient, language, text, subject: of a message that would be sent; None or "" otherwise.
        segments, cost: of an SMS, in credits; 0 otherwise.
        missing: placeholders of the text that had no value and were left out.
        gaps: those of them that are missed in their sentence ("Termin bei am 30.11.").
        moved: whether the appointment was reminded before, at another start.
        former: the start that the patient was told last, where the message replaces it: local wall clock, naive.
        reason: why no message is sent, or None where one is.
        sentence, advice: the reason in words, in the language in force; "" where a message is sent.
        entry: whether the outbox gets an entry with an error, so that the practice reminds by other means.
    """

    kind: MessageKind
    patient_id: str
    patient: str
    appointment_id: str | None = None
    starts_at: datetime | None = None
    mandant_id: str | None = None
    mandant: str = ""
    channel: Channel | None = None
    recipient: str | None = None
    language: str | None = None
    subject: str = ""
    text: str = ""
    segments: int = 0
    cost: Decimal = Decimal(0)
    missing: tuple[Placeholder, ...] = ()
    gaps: tuple[Placeholder, ...] = ()
    moved: bool = False
    former: datetime | None = None
    reason: Reason | None = None
    sentence: str = ""
    advice: str = ""
    entry: bool = False

    @property
    def is_sent(self) -> bool:
        """Returns whether a message would be sent."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class PreviewMandant:
    """What one Mandant would be charged.

    Attributes:
        messages: how many, on all channels.
        cost: in credits.
        balance: as last told by the gateway; None where it never told, or where ``CreditBestandPrüfen`` stands on Nein.
        has_account: whether there is an account at the SMS gateway for this Mandant.
    """

    mandant_id: str
    name: str
    messages: int
    cost: Decimal
    balance: Decimal | None
    has_account: bool

    @property
    def is_enough(self) -> bool:
        """Returns whether the balance covers the cost; an unknown balance does, sending asks again."""
        return self.cost == 0 or (self.has_account and (self.balance is None or self.balance >= self.cost))


@dataclass(frozen=True, slots=True)
class Preview:
    """What preparing would find on a day.

    Attributes:
        day: the practice's date on which the job would run.
        window: the days searched for appointments; None for greetings.
        made_up: further days that are searched, because the planned times that would have done it were missed, in order.
        switched_on: whether the switch of this kind stands on Ja; decided is as if it did.
        sent_at: when the messages would be sent (aware), or None where no run is planned.
        lines: by start (reminders) or by id (greetings).
    """

    kind: MessageKind
    day: date
    window: SearchWindow | None
    switched_on: bool
    sent_at: datetime | None
    lines: Sequence[PreviewLine]
    mandants: Sequence[PreviewMandant]
    made_up: Sequence[date] = ()

    @property
    def messages(self) -> Sequence[PreviewLine]:
        """Returns those who would get a message."""
        return [line for line in self.lines if line.is_sent]

    @property
    def others(self) -> Sequence[PreviewLine]:
        """Returns those who would not."""
        return [line for line in self.lines if not line.is_sent]

    @property
    def reasons(self) -> Mapping[Reason, int]:
        """Returns how many are not sent, by reason, the most frequent first."""
        return dict(Counter(line.reason for line in self.lines if line.reason is not None).most_common())

    @property
    def cost(self) -> Decimal:
        """Returns the cost of all messages, in credits."""
        return sum((line.cost for line in self.lines), Decimal(0))


class PreviewService:
    """Previews what the next days would bring. Calls block on databases: never on the GUI thread.

    Args:
        parts: what preparing works with.
        sending_time: tells when prepared messages would be sent; by default nobody knows.
    """

    def __init__(self, parts: MessageParts, sending_time: SendingTime = lambda _kind, _instant: None) -> None:
        self._parts = parts
        self._sending_time = sending_time

    def preview(self, kind: MessageKind, day: date | None = None) -> Preview:
        """Returns what preparing would find on ``day``; writes nothing and asks no gateway.

        Today that is what a run at this moment would find: the days of missed planned times are searched, and who was booked for a
        day that was searched before is told. Of a later day it is what the plan says.

        Args:
            kind: one of ``PREVIEWED_KINDS``.
            day: the practice's date of the run; today by default.

        Raises:
            InputError: the day is over, or further away than ``FURTHEST``.
            DatabaseUnavailableError, PracticeDataError: the practice or the outbox can't be read.
        """
        with self._parts.database.read() as connection:
            now = self._parts.database.now(connection)  # the clock of the jobs, not this computer's
        instant = self._instant_of(day, now)
        settings = self._parts.settings()
        around = self._around(instant, settings)
        reminders = kind is MessageKind.REMINDER
        if reminders and instant == now:
            around = Coverage.read(self._parts.database, JobKey.PREPARE_REMINDERS).widened(self._parts, around, now)
        drafting = Drafting(self._parts, around, instant)
        deciding = Deciding(drafting, writes=False)
        chunks = deciding.reminders() if reminders else deciding.greetings()
        said = SaidWords(drafting)
        lines = [_line(drafting, one, said) for decided in chunks for one in decided]
        if reminders and day in (None, around.today):  # what differs from what was told is decided by how it is now
            compared = Comparing(drafting, writes=False).compared()
            lines += [_line(drafting, one, said) for found in compared for one in found.decided]
        rules = RuleSettings.of(settings)
        return Preview(
            kind=kind,
            day=around.today,
            window=around.window if reminders else None,
            switched_on=rules.reminders_on if reminders else rules.birthdays_on,
            sent_at=self._sending_time(kind, instant),
            lines=tuple(lines),
            mandants=tuple(self._charged(lines, around)),
            made_up=sorted(around.made_up),
        )

    def _instant_of(self, day: date | None, now: datetime) -> datetime:
        today = self._parts.local(now).date()
        if day is None or day == today:
            return now
        if day > today + FURTHEST:
            raise InputError(
                _("Tag zu weit entfernt"),
                _("Der {day} liegt mehr als zwei Jahre in der Zukunft.").format(day=format_date(day)),
                _("Einen früheren Tag angeben."),
            )
        if day < today:
            raise InputError(
                _("Tag ist vorbei"),
                _("Der {day} ist vorbei; eine Vorschau gibt es nur für heute und später.").format(day=format_date(day)),
                _("«vitoclient history» zeigt, was gesendet wurde."),
            )
        return self._parts.instant(datetime.combine(day, time.min))

    def _around(self, instant: datetime, settings: Settings) -> Circumstances:
        """Returns the circumstances of preparing, as if the switches stood on Ja, with the balances last told where they are checked."""
        around = self._parts.circumstances(instant, settings)
        on = replace(around.settings, reminders_on=True, birthdays_on=True)
        if not settings.yes(CHECK_CREDITS):
            return replace(around, settings=on)
        with self._parts.database.read() as connection:
            accounts = credits_of(connection, self._parts, settings, instant, timedelta(0))
        balances = {one: account.balance for account in accounts for one in account.mandants if account.balance is not None}
        return replace(around, settings=on, credits=balances)

    def _charged(self, lines: Sequence[PreviewLine], around: Circumstances) -> Iterator[PreviewMandant]:
        sent = [line for line in lines if line.is_sent]
        accounts = set(self._parts.sms)
        for mandant_id in sorted({line.mandant_id for line in sent if line.mandant_id}):
            own = [line for line in sent if line.mandant_id == mandant_id]
            name = around.mandants[mandant_id].name
            cost = sum((line.cost for line in own), Decimal(0))
            yield PreviewMandant(mandant_id, name, len(own), cost, around.credits.get(mandant_id), mandant_id in accounts)


_RENDERED = ("channel", "recipient", "language", "subject", "text", "segments", "cost")


def _line(drafting: Drafting, one: Decided, said: SaidWords) -> PreviewLine:
    decision, appointment = one.decision, one.appointment
    if one.was_refused and isinstance(decision, Eligible):
        decision = decision.refused(Reason.RECIPIENT_REFUSED)
    mandant = drafting.around.mandants.get(decision.mandant_id or "")
    line = PreviewLine(
        kind=decision.kind,
        patient_id=one.patient_id,
        patient=name_of(one.patient, one.patient_id),
        appointment_id=appointment.id if appointment else None,
        starts_at=appointment.starts_at if appointment and appointment.is_dated else None,
        mandant_id=decision.mandant_id,
        mandant=mandant.name if mandant else "",
        former=former_of(decision),
    )
    if isinstance(decision, NotEligible):
        advice = decision.reason.advice
        return replace(line, reason=decision.reason, sentence=decision.sentence, advice=advice, entry=decision.entry)
    draft, rendered = drafting.draft(decision, one.patient, appointment), drafting.rendered(decision, one.patient, appointment)
    if said.by(draft) is not None:
        return replace(line, reason=Reason.SAME_WORDS, sentence=Reason.SAME_WORDS.sentence)
    written = {name: getattr(draft, name) for name in _RENDERED}
    return replace(line, moved=decision.moved, missing=rendered.missing, gaps=rendered.gaps, **written)


def sending_time_of(jobs: Jobs, zone: ZoneInfo) -> SendingTime:
    """Returns when messages would be sent, from the schedules: the first sending after the next preparing."""
    from tray_agent.schedules.planned_times import next_after

    preparing = {MessageKind.REMINDER: JobKey.PREPARE_REMINDERS, MessageKind.BIRTHDAY: JobKey.PREPARE_BIRTHDAYS}

    def sending_time(kind: MessageKind, instant: datetime) -> datetime | None:
        schedules = {row.key: row.schedule for row in jobs.overview()}
        prepared = next_after(schedules[preparing[kind]], zone, instant)
        return next_after(schedules[JobKey.SEND_MESSAGES], zone, prepared) if prepared else None

    return sending_time
