"""A lane is one account's way out: its connections side by side, its messages waiting, its credits, its stop.

Lanes know nothing of the database. A lane hands a message over only while it is open, and only within the time for which
its intent holds; what it does not hand over comes back as certainly not sent. One slow answer, one dead number, one
refused account or one Mandant's refused sender holds up nothing but itself.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from queue import SimpleQueue
from typing import NoReturn

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.messages.gateways.calendar_file import CalendarEntry, calendar_file, calendar_summary
from tray_agent.messages.gateways.contract import (
    AccountFault,
    AccountStopped,
    DeliveryReport,
    DeliveryStatus,
    InDoubt,
    KeptBack,
    MailGateway,
    NotNow,
    Outcome,
    OutgoingMail,
    OutgoingSms,
    SmsGateway,
    too_late,
)
from tray_agent.messages.outbox.keys import reference_of
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.recheck import Ready

_log = logging.getLogger(__name__)

MAIL = "e-mail"
"""The name of the lane of e-mails."""


@dataclass(frozen=True, slots=True)
class Departure:
    """A message whose intent is committed.

    Attributes:
        ready: with the message as it stands in the outbox since, in state *sending*.
        leaves_until: by the machine's clock; later it does not leave.
        leaves_within: the same by the monotonic clock: neither a clock set back nor a sleeping machine prolongs it.
    """

    ready: Ready
    leaves_until: datetime
    leaves_within: float

    @property
    def message(self) -> OutboxMessage:
        """Returns the message that leaves."""
        return self.ready.message


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of a departure; ``KeptBack`` where we kept it back ourselves, for whatever reason."""

    lane: Lane
    departure: Departure
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Opened:
    """A lane knows its balance (None: it has none, or it is not asked), or why it can't be used now."""

    lane: Lane
    balance: Decimal | None = None
    problem: KnownError | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What the gateway knows of messages that wait, or why it could not be asked.

    Attributes:
        lane: whose messages.
        messages: by reference, those that were asked about.
        reports: by reference, what the gateway said; what it does not know is left out.
    """

    lane: Lane
    messages: Mapping[str, OutboxMessage]
    reports: Mapping[str, DeliveryReport] = field(default_factory=dict)
    problem: KnownError | None = None


Event = Returned | Opened | Asked


def need_of(message: OutboxMessage) -> tuple[datetime, int]:
    """Returns by what messages leave: what must arrive soonest first, then as they were prepared."""
    return message.expires_at, message.id


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a lane, or one Mandant's messages in it, are not sent any more.

    Attributes:
        reason: a stable word.
        sentence: what happened, and what to do, for people.
        retry_at: when the lane may be tried again; None: not in this run.
        ordinary: whether it is as it should be (quiet hours).
        finishes: whether messages whose intent is committed may still leave; their credits are set aside.
        until_changed: whether trying again is of no use, or does harm, before a person acted: a refused password locks the account.
        mandant_id: whose sender is refused; None: it concerns the whole lane.
    """

    reason: str
    sentence: str
    retry_at: datetime | None = None
    ordinary: bool = False
    finishes: bool = False
    until_changed: bool = False
    mandant_id: str | None = None


MayLeave = Callable[[], bool]
Ask = Callable[[Sequence[str]], Mapping[str, DeliveryReport]]


@dataclass(frozen=True, slots=True)
class Way:
    """How a lane hands over.

    Attributes:
        pack: returns what hands a message over and may block; nothing leaves before that is called, nor when it may not leave any more.
        open: makes sure that the account can be used now, or raises a ``KnownError``: no intent is committed before. Returns its credits;
            None where it has none, or the practice does not want them checked.
        at_once: how many messages may be handed over side by side.
        ahead: how many intents may be committed for each of them.
        is_mail: whether it is e-mail, which wakes nobody.
        ask: asks which references are known, and may block; None where nobody can be asked.
    """

    pack: Callable[[Ready, MayLeave], Callable[[], Outcome]]
    open: Callable[[], Decimal | None]
    at_once: int
    ahead: int = 1
    is_mail: bool = False
    ask: Ask | None = None


def sms_way(parts: MessageParts, gateway: SmsGateway, *, ask_balance: bool) -> Way:
    """Returns the way of SMS through one account."""

    def pack(ready: Ready, may_leave: MayLeave) -> Callable[[], Outcome]:
        message = ready.message
        originator = parts.sms.originator(message.mandant_id or "")
        return partial(gateway.submit, OutgoingSms(message.reference, message.recipient or "", originator, message.text, may_leave))

    can = gateway.capabilities
    balance = gateway.balance if ask_balance and can.has_balance else lambda: None
    return Way(pack, balance, can.most_at_once, parts.rules.ahead, ask=gateway.inquire if can.can_be_asked else None)


def mail_way(parts: MessageParts, gateway: MailGateway) -> Way:
    """Returns the way of e-mail, with a calendar file for reminders."""

    def pack(ready: Ready, may_leave: MayLeave) -> Callable[[], Outcome]:
        message, sender = ready.message, parts.mail_identity(ready.message.mandant_id or "")
        to, calendar, dated_at = message.recipient or "", _calendar(parts, ready, sender.address), message.prepared_at
        mail = OutgoingMail(
            message.reference, to, sender.address, sender.name, message.subject, message.text, calendar, may_leave, dated_at
        )
        return partial(gateway.submit, mail)

    # None ahead: behind two exchanges with a slow server an intent would be too old.
    return Way(pack, gateway.check, gateway.capabilities.most_at_once, is_mail=True)


def missing_way(error: KnownError) -> Way:
    """Returns the way of a Mandant that has no account, or whose account can't be used here: it says so when it is opened."""

    def refuse(*_message: object) -> NoReturn:
        raise error

    return Way(refuse, refuse, at_once=1)


def _calendar(parts: MessageParts, ready: Ready, organizer: str) -> bytes | None:
    appointment = ready.appointment
    if appointment is None:
        return None
    entry = CalendarEntry(
        uid=f"{reference_of('appointment/' + appointment.id)}@vitoclient",
        starts_at=appointment.starts_at,
        zone=parts.zone,
        summary=calendar_summary(ready.message.language or "de", parts.words.name),
        issued_at=ready.message.prepared_at,
        sequence=ready.sequence,
        ends_at=appointment.ends_at,
        location=parts.words.name,
        organizer=organizer,
    )
    return calendar_file(entry)


class Lane:
    """One account's messages on their way out. Used by one thread; the workers only hand over.

    Args:
        parts: what to work with.
        name: the account.
        way: how it hands over.
        events: where the lane tells what happened.
    """

    def __init__(self, parts: MessageParts, name: str, way: Way, events: SimpleQueue[Event]) -> None:
        self.name = name
        self.is_mail = way.is_mail
        self.at_once = way.at_once
        self.waiting: deque[tuple[Ready, float]] = deque()
        self.on_the_way = 0
        self.budget: Decimal | None = None
        self.stop: Stop | None = None
        self._refused: dict[str | None, Stop] = {}
        self.troubles = 0
        self.pauses = 0
        self._parts = parts
        self._way = way
        self._events = events
        self._opening = False
        self._opened = False
        self._leaving = True
        self._unasked: dict[str, OutboxMessage] = {}
        self._asking: set[str] = set()
        self._answered: set[str] = set()
        self._held: dict[str, DeliveryReport] = {}
        self._workers = ThreadPoolExecutor(max_workers=way.at_once, thread_name_prefix="sending")

    @property
    def room(self) -> int:
        """Returns how many intents may be committed now, so that no connection waits for a COMMIT."""
        return self.at_once * self._way.ahead - self.on_the_way if self._opened and self.stop is None else 0

    @property
    def is_hungry(self) -> bool:
        """Returns whether it could soon take more than what waits."""
        # Twice what is under way: reading and checking a chunk takes about as long as handing that much over.
        return self.stop is None and len(self.waiting) < 2 * self.at_once * self._way.ahead

    @property
    def busy(self) -> bool:
        """Returns whether an event of this lane is still to come."""
        return self._opening or bool(self._asking) or self.on_the_way > 0

    def stop_of(self, message: OutboxMessage) -> Stop | None:
        """Returns what keeps a message back: the lane's stop, or that of its Mandant's sender."""
        return self.stop or self._refused.get(message.mandant_id)

    def put_stop(self, stop: Stop) -> list[Ready]:
        """Stops the lane, or one Mandant's messages in it, and returns those that waited; a lane that is stopped stays so."""
        if self.stop is not None:
            return []
        if stop.mandant_id is None:
            self.stop = stop
        else:
            self._refused.setdefault(stop.mandant_id, stop)
        kept_back = [ready for ready, _checked_at in self.waiting if self.stop_of(ready.message)]
        self.waiting = deque(place for place in self.waiting if not self.stop_of(place[0].message))
        return kept_back

    def take(self, ready: Ready, checked_at: float) -> None:
        """Lets one more message wait, before those that need not arrive as soon.

        Args:
            ready: the message.
            checked_at: when it was checked (monotonic seconds).
        """
        reference = ready.message.reference
        if self._way.ask is not None and reference not in self._answered and reference not in self._asking:
            self._unasked[reference] = ready.message
        if not self.waiting or need_of(self.waiting[-1][0].message) <= need_of(ready.message):
            self.waiting.append((ready, checked_at))
        else:  # checked again, or moved: seldom, and never many
            self.waiting.insert(
                bisect_right(self.waiting, need_of(ready.message), key=lambda place: need_of(place[0].message)), (ready, checked_at)
            )

    @property
    def can_go_on(self) -> bool:
        """Returns whether something waits that may leave."""
        return bool(self.waiting) and self.stop is None

    def open(self) -> None:
        """Asks for the balance, or makes a connection, before the first message of a batch; the answer comes as an event."""
        if not self._opened and not self._opening and self.stop is None:
            self._opening = True
            self._workers.submit(self._ask)

    def was_opened(self, opened: Opened) -> None:
        """Takes the balance, or the reason why the lane can't be used now."""
        self._opening = False
        self._opened = opened.problem is None
        self.budget = opened.balance

    def ask(self) -> None:
        """Asks the gateway about what waits and was not asked about in this run, in batches side by side; the answers come as events.

        The store may be older than it believes: what the gateway knows must not be handed over, whatever the store says.
        """
        if self._way.ask is None or not self._unasked or not self._opened or self.stop is not None:
            return
        references, size = list(self._unasked), self._parts.rules.inquiry
        for begin in range(0, len(references), size):
            batch = {reference: self._unasked[reference] for reference in references[begin : begin + size]}
            self._workers.submit(self._inquire, self._way.ask, batch).add_done_callback(_raise_bugs)
        self._asking.update(references)
        self._unasked.clear()

    def was_asked(self, asked: Asked) -> None:
        """Takes what the gateway said of messages; what it was not able to say is asked again."""
        self._asking.difference_update(asked.messages)
        if asked.problem is None:
            self._answered.update(asked.messages)
            said = asked.reports.items()
            self._held.update((one, report) for one, report in said if report.is_known or report.status is DeliveryStatus.UNREADABLE)

    def may_go(self, message: OutboxMessage) -> bool:
        """Returns whether the gateway was asked about a message, where it can be."""
        return self._way.ask is None or message.reference in self._answered

    @property
    def asks(self) -> bool:
        """Returns whether something waits and nobody knows yet what the gateway knows of this lane's messages."""
        return self._way.ask is not None and not self._answered and self.can_go_on

    def ask_again(self, reference: str | None = None) -> None:
        """Forgets what the gateway said of a reference, or of all."""
        forgotten = [reference] if reference else list(self._answered)
        for one in forgotten:
            self._answered.discard(one)
            self._held.pop(one, None)

    def withdraw(self) -> list[tuple[Ready, DeliveryReport]]:
        """Takes out what waits and must not leave, because the gateway knows it, or what it says can't be read; returns that."""
        found = [(ready, self._held[ready.message.reference]) for ready, _at in self.waiting if ready.message.reference in self._held]
        if found:
            self.waiting = deque(place for place in self.waiting if place[0].message.reference not in self._held)
        return found

    def depart(self, departure: Departure) -> None:
        """Hands a message over, side by side with others; the outcome comes as an event."""
        self.on_the_way += 1
        # A worker that failed without an event would leave the run waiting for it, and nobody would read its exception.
        future: Future[None] = self._workers.submit(self._hand_over, departure)
        future.add_done_callback(_raise_bugs)

    def close(self) -> None:
        """Keeps back what has not left, and waits for the answers to what has."""
        self._leaving = False
        self._workers.shutdown(wait=True)

    def keep_back(self) -> None:
        """Lets nothing leave any more; departures that have not left come back as too late."""
        self._leaving = False

    def end_pause(self) -> None:
        """Takes a pause away; what stops a lane for the whole run stays."""
        if self.stop is not None and self.stop.retry_at is not None:
            self.stop = None

    def resume(self, now: datetime) -> bool:
        """Forgets a pause that is over, so that the lane is opened again; returns whether one was."""
        if self.stop is None or self.stop.retry_at is None or now < self.stop.retry_at:
            return False
        self.stop, self._opened, self.troubles = None, False, 0
        self.ask_again()  # of a pause nobody knows what happened in it
        return True

    def _ask(self) -> None:
        try:
            self._events.put(Opened(self, self._way.open()))
        except KnownError as error:
            self._events.put(Opened(self, problem=error))
        except Exception:  # noqa: BLE001 - a fault of one lane must not end the others; logged
            _log.exception("opening %s failed", self.name)
            self._events.put(Opened(self, problem=_program_fault()))

    def _inquire(self, ask: Ask, messages: Mapping[str, OutboxMessage]) -> None:
        self._parts.reached("before_asking")
        try:
            asked = Asked(self, messages, ask(list(messages)))
        except KnownError as error:
            asked = Asked(self, messages, problem=error)
        except Exception:  # noqa: BLE001 - as for opening; logged
            _log.exception("asking %s failed", self.name)
            asked = Asked(self, messages, problem=_program_fault())
        self._parts.reached("after_asking")
        self._events.put(asked)

    def _hand_over(self, departure: Departure) -> None:
        self._parts.reached("before_leaving")
        tried = self._may_leave(departure)
        outcome = self._outcome(departure) if tried else too_late()
        if isinstance(outcome, KeptBack):
            outcome = self._why_kept_back(departure, outcome, tried=tried)
        if isinstance(outcome, AccountStopped) and outcome.fault is AccountFault.ORIGINATOR:
            whose = _("Absender von {mandant}: {why}").format(mandant=departure.ready.mandant_name, why=outcome.sentence)
            outcome = replace(outcome, sentence=whose)
        self._events.put(Returned(self, departure, outcome))

    def _why_kept_back(self, departure: Departure, late: KeptBack, *, tried: bool) -> KeptBack | NotNow:
        """Returns why a message did not leave; a gateway that was not ready in time is in trouble, as one that says so."""
        stop = self.stop_of(departure.message)
        if stop is not None:
            return KeptBack(stop.reason, stop.sentence)
        if not self._leaving:
            return KeptBack(OutboxReason.RUN_ENDED.value, _("Das Senden wurde beendet, bevor die Mitteilung an der Reihe war."))
        if tried and self._parts.clock.now() < departure.message.expires_at:
            why = _("Die Gegenstelle antwortet zu langsam, darum wurde nichts übergeben; die Mitteilung wird später gesendet.")
            return NotNow(OutboxReason.TOO_SLOW.value, why)
        return late

    def _outcome(self, departure: Departure) -> Outcome:
        try:
            leave = self._way.pack(departure.ready, partial(self._may_leave, departure))
        except KnownError as error:  # no usable originator: every message of this Mandant would meet the same
            return AccountStopped(AccountFault.ORIGINATOR, str(error))
        except Exception:  # noqa: BLE001 - a fault of one message must not end the others; logged
            _log.exception("packing message %s failed", departure.message.id)
            return NotNow(OutboxReason.PROGRAM_FAULT.value, _("Die Mitteilung konnte wegen eines Programmfehlers nicht übergeben werden."))
        try:
            outcome = leave()
        except Exception:  # noqa: BLE001 - whatever it was, the message may have left: it is in doubt; logged
            _log.exception("handing message %s over failed", departure.message.id)
            outcome = InDoubt(_("Beim Übergeben trat ein Programmfehler auf; die Mitteilung kann angekommen sein."))
        self._parts.reached("after_leaving")
        return outcome

    def _may_leave(self, departure: Departure) -> bool:
        clock = self._parts.clock
        # Both clocks: the wall clock may be set back, and the monotonic one stands still on some machines while they sleep.
        in_time = clock.now() < departure.leaves_until and clock.monotonic() < departure.leaves_within
        stop = self.stop_of(departure.message)
        return in_time and self._leaving and (stop is None or stop.finishes)


def _program_fault() -> KnownError:
    return KnownError(_("Fehler vor dem Senden"), _("Das Konto konnte wegen eines Programmfehlers nicht geprüft werden."))


def _raise_bugs(future: Future[None]) -> None:
    error = future.exception()
    if error is not None:
        _log.error("a worker of sending failed", exc_info=error)
