"""A lane is one account's way out: its connections side by side, its messages waiting, its credits, its stop.

Lanes know nothing of the database. A lane hands a message over only while it is open, and only within the time for which
its intent holds; what it does not hand over comes back as certainly not sent. One slow answer, one dead number, one
refused account or one Mandant's refused sender holds up nothing but itself.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from queue import SimpleQueue
from typing import Protocol

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.messages.gateways.calendar_file import CalendarEntry, calendar_file, calendar_summary
from tray_agent.messages.gateways.contract import (
    AccountFault,
    AccountStopped,
    InDoubt,
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
    """What became of a departure; ``too_late()`` where we kept it back ourselves, for whatever reason."""

    lane: Lane
    departure: Departure
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Opened:
    """A lane knows its balance (None: it has none, or it is not asked), or why it can't be used now."""

    lane: Lane
    balance: Decimal | None = None
    problem: KnownError | None = None


Event = Returned | Opened


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a lane, or one Mandant's messages in it, are not sent any more.

    Attributes:
        reason: a stable word.
        sentence: what happened, and what to do, for people.
        retry_at: when the lane may be tried again; None: not in this run.
        ordinary: whether it is as it should be (quiet hours).
        finishes: whether messages whose intent is committed may still leave; their credits are set aside.
        mandant_id: whose sender is refused; None: it concerns the whole lane.
    """

    reason: str
    sentence: str
    retry_at: datetime | None = None
    ordinary: bool = False
    finishes: bool = False
    mandant_id: str | None = None


class Way(Protocol):
    """How a lane hands over."""

    def pack(self, ready: Ready, may_leave: Callable[[], bool]) -> Callable[[], Outcome]:
        """Returns what hands a message over and may block; nothing leaves before it is called, nor when ``may_leave`` says no."""
        ...

    def balance(self) -> Decimal | None:
        """Returns the credits of the account; None where it has none, or the practice does not want them checked.

        Raises:
            KnownError: no usable answer, or the account is refused.
        """
        ...


class SmsWay:
    """SMS through one account."""

    def __init__(self, parts: MessageParts, gateway: SmsGateway, *, ask_balance: bool) -> None:
        self._parts = parts
        self._gateway = gateway
        self._ask_balance = ask_balance

    def pack(self, ready: Ready, may_leave: Callable[[], bool]) -> Callable[[], Outcome]:
        """Returns what hands an SMS over."""
        message = ready.message
        originator = self._parts.sms.originator(message.mandant_id or "")
        return partial(self._gateway.submit, OutgoingSms(message.reference, message.recipient or "", originator, message.text, may_leave))

    def balance(self) -> Decimal | None:
        """Returns the credits of the account, if the practice wants them checked."""
        return self._gateway.balance() if self._ask_balance and self._gateway.capabilities.has_balance else None


class MailWay:
    """E-mail, with a calendar file for reminders."""

    def __init__(self, parts: MessageParts, gateway: MailGateway) -> None:
        self._parts = parts
        self._gateway = gateway

    def pack(self, ready: Ready, may_leave: Callable[[], bool]) -> Callable[[], Outcome]:
        """Returns what hands an e-mail over."""
        message = ready.message
        sender = self._parts.mail_identity(message.mandant_id or "")
        mail = OutgoingMail(
            message.reference,
            message.recipient or "",
            sender.address,
            sender.name,
            message.subject,
            message.text,
            self._calendar(ready),
            may_leave,
        )
        return partial(self._gateway.submit, mail)

    def balance(self) -> Decimal | None:
        """Returns None: an e-mail costs nothing."""
        return None

    def _calendar(self, ready: Ready) -> bytes | None:
        appointment = ready.appointment
        if appointment is None:
            return None
        entry = CalendarEntry(
            uid=f"{reference_of('appointment/' + appointment.id)}@vitoclient",
            starts_at=appointment.starts_at,
            zone=self._parts.zone,
            summary=calendar_summary(ready.message.language or "de", self._parts.words.name),
            issued_at=ready.message.prepared_at,
            ends_at=appointment.ends_at,
            location=self._parts.words.name,
        )
        return calendar_file(entry)


class MissingWay:
    """The way of a Mandant that has no account, or whose account can't be used here."""

    def __init__(self, error: KnownError) -> None:
        self._error = error

    def pack(self, ready: Ready, may_leave: Callable[[], bool]) -> Callable[[], Outcome]:
        """Never called: a lane that can't be opened lets nothing leave."""
        raise self._error

    def balance(self) -> Decimal | None:
        """Says why there is no way.

        Raises:
            KnownError: always.
        """
        raise self._error


class Lane:
    """One account's messages on their way out. Used by one thread; the workers only hand over.

    Args:
        parts: what to work with.
        name: the account.
        way: how it hands over.
        at_once: how many messages may be handed over side by side.
        events: where the lane tells what happened.
    """

    def __init__(self, parts: MessageParts, name: str, way: Way, at_once: int, events: SimpleQueue[Event]) -> None:
        self.name = name
        self.is_mail = isinstance(way, MailWay)
        self.at_once = at_once
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
        self._workers = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="sending")

    @property
    def room(self) -> int:
        """Returns how many intents may be committed now, so that no connection waits for a COMMIT."""
        return self.at_once * self._parts.rules.ahead - self.on_the_way if self._opened and self.stop is None else 0

    @property
    def is_hungry(self) -> bool:
        """Returns whether it could soon take more than what waits."""
        return self.stop is None and len(self.waiting) < 2 * self.at_once * self._parts.rules.ahead

    @property
    def busy(self) -> bool:
        """Returns whether an event of this lane is still to come."""
        return self._opening or self.on_the_way > 0

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

    @property
    def can_go_on(self) -> bool:
        """Returns whether something waits that may leave."""
        return bool(self.waiting) and self.stop is None

    def open(self) -> None:
        """Asks for the balance before the first message of a batch; the answer comes as an event."""
        if not self._opened and not self._opening and self.stop is None:
            self._opening = True
            self._workers.submit(self._ask)

    def was_opened(self, opened: Opened) -> None:
        """Takes the balance, or the reason why the lane can't be used now."""
        self._opening = False
        self._opened = opened.problem is None
        self.budget = opened.balance

    def depart(self, departure: Departure) -> None:
        """Hands a message over, side by side with others; the outcome comes as an event."""
        self.on_the_way += 1
        future: Future[None] = self._workers.submit(self._hand_over, departure)
        future.add_done_callback(_raise_bugs)

    def close(self) -> None:
        """Keeps back what has not left, and waits for the answers to what has."""
        self._leaving = False
        self._workers.shutdown(wait=True)

    def keep_back(self) -> None:
        """Lets nothing leave any more; departures that have not left come back without an outcome."""
        self._leaving = False

    def resume(self, now: datetime) -> bool:
        """Forgets a pause that is over, so that the lane is opened again; returns whether one was."""
        if self.stop is None or self.stop.retry_at is None or now < self.stop.retry_at:
            return False
        self.stop, self._opened, self.troubles = None, False, 0
        return True

    def _ask(self) -> None:
        try:
            self._events.put(Opened(self, self._way.balance()))
        except KnownError as error:
            self._events.put(Opened(self, problem=error))
        except Exception:  # noqa: BLE001 - a fault of one lane must not end the others; logged
            _log.exception("asking for the balance of %s failed", self.name)
            problem = KnownError(_("Fehler beim Abfragen des Guthabens"), _("Das Guthaben konnte nicht abgefragt werden."))
            self._events.put(Opened(self, problem=problem))

    def _hand_over(self, departure: Departure) -> None:
        self._parts.reached("before_leaving")
        outcome = self._outcome(departure) if self._may_leave(departure) else too_late()
        if isinstance(outcome, AccountStopped) and outcome.fault is AccountFault.ORIGINATOR:
            whose = _("Absender von {mandant}: {why}").format(mandant=departure.ready.mandant_name, why=outcome.sentence)
            outcome = replace(outcome, sentence=whose)
        self._events.put(Returned(self, departure, outcome))

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
        in_time = clock.now() < departure.leaves_until and clock.monotonic() < departure.leaves_within
        stop = self.stop_of(departure.message)
        return in_time and self._leaving and (stop is None or stop.finishes)


def _raise_bugs(future: Future[None]) -> None:
    error = future.exception()
    if error is not None:
        _log.error("a worker of sending failed", exc_info=error)
