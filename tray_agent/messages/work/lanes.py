"""All lanes of a run: which message goes where, what keeps messages back, and what comes back from the workers.

Used by the one thread that does all database work; the lanes themselves know nothing of the database (``lane``).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue

from tray_agent.errors import BugError, KnownError, UnavailableError
from tray_agent.messages.gateways.contract import AccountFault, DeliveryReport, GatewayAccountError
from tray_agent.messages.guards.old_store import StoreGuard, known_before, unreadable_before
from tray_agent.messages.model import Channel
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.work.asking import unreadable_sentence
from tray_agent.messages.work.credits import accounts_of, keep_balances
from tray_agent.messages.work.lane import MAIL, Asked, Event, Lane, Opened, Returned, Stop, Way, mail_way, missing_way, sms_way
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.recheck import Ready
from tray_agent.messages.work.steps import MessageRun, MessageStep

SLICE = 1.0
"""Seconds after which a waiting run looks whether it shall stop."""

READ_AGAIN = 5.0
"""Seconds after which the database's clock is read again; in between the machine's monotonic clock is believed."""

LONGEST_LOOK = timedelta(minutes=1)
"""A run looks at the time every few seconds; where it did not for longer than this, its machine slept."""

JITTER = 0.2
"""The share by which a pause is varied, so that many messages and many computers do not come back at once."""

STOPPED = {
    AccountFault.AUTHORISATION: OutboxReason.ACCOUNT_REFUSED,
    AccountFault.CREDITS: OutboxReason.NO_CREDITS,
    AccountFault.ORIGINATOR: OutboxReason.ORIGINATOR_REFUSED,
    AccountFault.HELD_UP: OutboxReason.HELD_UP,
}
"""The reason of what stays because of an account's fault."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Why a message stays prepared: by a lane's stop, or by itself (``lane`` and ``stop`` are None).

    ``told`` says whether an earlier run told this reason already.
    """

    reason: str
    lane: Lane | None = None
    stop: Stop | None = None
    told: bool = False


@dataclass(frozen=True, slots=True)
class PutOff:
    """Which lane did not take a message now, and why; ``told`` as of ``Kept``."""

    lane: Lane
    sentence: str
    told: bool = False


class ServerTime:
    """The time of the database server: all workstations have the same, and none of them may be wrong.

    Attributes:
        now: aware, UTC; as of the last ``read`` or ``guess``.
        awake: how much of it passed since the beginning while this machine was awake. The monotonic clock doesn't say: on some machines it
            goes on while they sleep.
    """

    def __init__(self, parts: MessageParts) -> None:
        self._parts = parts
        self.now = datetime.max.replace(tzinfo=UTC)
        self.awake = timedelta()
        self.read()

    def read(self) -> datetime:
        """Asks the database and returns the time."""
        with self._parts.database.read() as connection:
            self._go_on(self._parts.database.now(connection))
        self._read_at = self._last_guess = self._parts.clock.monotonic()
        return self.now

    def guess(self) -> None:
        """Lets the time go on by the monotonic clock, because a run looks at it hundreds of times a second; asks again now and then."""
        monotonic = self._parts.clock.monotonic()
        if monotonic - self._read_at > READ_AGAIN:
            self.read()
            return
        self._go_on(self.now + timedelta(seconds=monotonic - self._last_guess))
        self._last_guess = monotonic

    def _go_on(self, now: datetime) -> None:
        passed = now - self.now
        if timedelta() < passed <= LONGEST_LOOK:
            self.awake += passed
        self.now = now


class Lanes:
    """The lanes of one run, each made for the first message that goes through it.

    Args:
        run: of sending.
        time: as the run knows it.
        guard: says what it means that the gateway knows what it was not given.

    Attributes:
        kept: by number, why a message that this run looked at stays prepared.
        put_off: by number, why a message was put off; it may have left since.
        asked: the names of the accounts that told their balance in this run.
    """

    def __init__(self, run: MessageRun, time: ServerTime, guard: StoreGuard) -> None:
        self._run = run
        self._parts = run.parts
        self._time = time
        self._guard = guard
        self._halted: Stop | None = None
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._lanes: dict[tuple[str, str], Lane] = {}
        self.kept: dict[int, Kept] = {}
        self.put_off: dict[int, PutOff] = {}
        self.asked: set[str] = set()

    def __iter__(self) -> Iterator[Lane]:
        return iter(list(self._lanes.values()))

    @property
    def busy(self) -> bool:
        """Returns whether an event of any lane is still to come."""
        return any(lane.busy for lane in self)

    def of(self, message: OutboxMessage, *, ask_balance: bool) -> Lane:
        """Returns the lane of a message, whose account may be missing."""
        kind, name = "mail", MAIL
        try:
            if message.channel is Channel.SMS:
                kind, name = "sms", self._parts.sms.account(message.mandant_id or "")
            if (kind, name) not in self._lanes:
                self._open(kind, name, self._way_of(message, ask_balance=ask_balance))
        except KnownError as error:
            kind, name = "missing", f"{message.mandant_id}"  # an account may be called like a Mandant
            if (kind, name) not in self._lanes:
                self._open(kind, name, missing_way(error))
        return self._lanes[kind, name]

    def _open(self, kind: str, name: str, way: Way) -> None:
        self._lanes[kind, name] = lane = Lane(self._parts, name, way, self._events)
        lane.stop = self._halted

    def _way_of(self, message: OutboxMessage, *, ask_balance: bool) -> Way:
        if message.channel is Channel.SMS:
            return sms_way(self._parts, self._parts.sms[message.mandant_id or ""], ask_balance=ask_balance)
        if self._parts.mail is None:
            raise BugError("an e-mail was found right, and there is no way for it")
        return mail_way(self._parts, self._parts.mail)

    def resume(self, now: datetime) -> None:
        """Opens lanes again whose pause is over; what it kept back is looked at anew."""
        for lane in self:
            if lane.resume(now):
                self.kept = {number: kept for number, kept in self.kept.items() if kept.lane is not lane or _is_of_mandant(kept)}

    def next_retry(self) -> datetime | None:
        """Returns when the first lane that keeps something back may be tried again, or None."""
        holding = {kept.lane.stop for kept in self.kept.values() if kept.lane and kept.lane.stop}
        return min((stop.retry_at for stop in holding if stop.retry_at), default=None)

    # What keeps messages back

    def hold(self, lane: Lane, readies: Sequence[Ready]) -> None:
        """Notes why messages that a stop concerns stay; they stay prepared."""
        stopped = [(ready.message, stop) for ready in readies if (stop := lane.stop_of(ready.message))]
        for message, stop in stopped:
            self.keep(lane, message, stop)
        self._run.write(
            [
                MessageStep.of(message, Step.POSTPONE, Actor.SENDING, {"reason": stop.reason, "sentence": stop.sentence})
                for message, stop in stopped
                if message.reason != stop.reason  # a run that waits looks at what it keeps again and again
            ]
        )

    def keep(self, lane: Lane, message: OutboxMessage, stop: Stop) -> None:
        """Remembers that a stop keeps a message back."""
        before = self.kept.get(message.id)
        told = before.told if before is not None and before.reason == stop.reason else message.reason == stop.reason
        self.kept[message.id] = Kept(stop.reason, lane, stop, told)

    def stop(self, lane: Lane, stop: Stop) -> None:
        """Stops a lane, or one Mandant's messages in it."""
        self.hold(lane, lane.put_stop(stop))

    def note_put_off(self, lane: Lane, message: OutboxMessage, reason: str, sentence: str) -> None:
        """Remembers that a message, as it was before, was put off."""
        before = self.put_off.get(message.id)
        told = message.reason == reason if before is None else before.told
        self.put_off[message.id] = PutOff(lane, sentence, told)

    def keep_stopped(self, message: OutboxMessage, *, ask_balance: bool) -> None:
        """Stops the lane of a message that an earlier run found refused, so that nothing tries it anew."""
        if message.channel is Channel.EMAIL and self._parts.mail is None:
            return
        of_mandant = message.reason == OutboxReason.ORIGINATOR_REFUSED
        stop = Stop(message.reason, message.sentence, until_changed=True, mandant_id=message.mandant_id if of_mandant else None)
        self.stop(self.of(message, ask_balance=ask_balance), stop)

    def pause(self, lane: Lane, reason: str, sentence: str) -> None:
        """Stops a lane for a while, each time longer."""
        lane.pauses += 1
        self.stop(lane, Stop(reason, sentence, retry_at=self._time.now + pause_after(self._parts, lane.pauses)))

    def halt(self, stop: Stop) -> None:
        """Stops all lanes for the whole run, also those that are made later; what is on its way is finished."""
        self._halted = self._halted or stop
        for lane in self:
            lane.end_pause()
            self.stop(lane, stop)

    def close(self) -> None:
        """Ends the lanes: what has not left stays back, the answers to what has are waited for."""
        for lane in self:  # all first: none may go on while another's answers are waited for
            lane.keep_back()
        for lane in self:
            lane.close()

    # What comes back

    def collect(self, *, wait: bool) -> list[Returned]:
        """Returns what came back meanwhile; waits a moment for the first where nothing else is to be done."""
        returned: list[Returned] = []
        while True:
            try:
                event = self._events.get(wait and not returned, SLICE)
            except Empty:
                return returned
            if isinstance(event, Returned):
                returned.append(event)
                continue
            wait = False
            if isinstance(event, Opened):
                self._opened(event)
            else:
                self._asked(event)

    def _opened(self, opened: Opened) -> None:
        lane = opened.lane
        lane.was_opened(opened)
        self._stop_for(lane, opened.problem)
        if opened.balance is not None:
            self.asked.add(lane.name)
            accounts = [account for account in accounts_of(self._parts.sms) if account.name == lane.name]
            keep_balances(self._parts, dict.fromkeys(accounts, opened.balance))

    def _stop_for(self, lane: Lane, problem: KnownError | None) -> None:
        """Stops a lane whose gateway could not be asked: for a while, or until a person acts."""
        if isinstance(problem, GatewayAccountError):
            self.stop(lane, stop_of_account(problem.fault, str(problem)))
        elif isinstance(problem, UnavailableError):
            self.pause(lane, problem.code, str(problem))
        elif problem is not None:
            self.stop(lane, Stop(problem.code, str(problem)))

    def _asked(self, asked: Asked) -> None:
        asked.lane.was_asked(asked)
        self._stop_for(asked.lane, asked.problem)
        self.take_known(asked.lane)
        known = [message for reference, message in asked.messages.items() if _is_known(asked.reports.get(reference))]
        stop = self._guard.known(known) if known else None
        if stop is not None:
            self.halt(stop)

    def take_known(self, lane: Lane) -> None:
        """Takes what waits and the gateway knows already as handed over; what it says unreadably of a message is asked again later."""
        steps = []
        for ready, report in lane.withdraw():
            if report.is_known:
                steps.append(known_before(self._parts, ready.message, self._time.now))
            else:
                steps.append(unreadable_before(self._parts, ready.message, self._time.now))
                lane.ask_again(ready.message.reference)
                self.note_put_off(lane, ready.message, OutboxReason.STATUS_UNREADABLE, unreadable_sentence())
        self._run.write(steps, before_commit="before_known_commit")


def stop_of_account(fault: AccountFault, sentence: str, mandant_id: str | None = None) -> Stop:
    """Returns what an account's fault means for its lane; credits and limits are tried again, a refusal waits for a person."""
    until_changed = fault in (AccountFault.AUTHORISATION, AccountFault.ORIGINATOR)
    return Stop(STOPPED[fault].value, sentence, until_changed=until_changed, mandant_id=mandant_id)


def _is_known(report: DeliveryReport | None) -> bool:
    return report is not None and report.is_known


def _is_of_mandant(kept: Kept) -> bool:
    """Returns whether a Mandant's refused sender keeps a message back: that stays so when the lane's pause is over."""
    return kept.stop is not None and kept.stop.mandant_id is not None


def pause_after(parts: MessageParts, attempts: int, asked_for: float | None = None) -> timedelta:
    """Returns how long to wait after "not now", varied; as long as the gateway asked for, if that is longer."""
    steps = parts.rules.back_off
    pause = steps[min(max(attempts, 1), len(steps)) - 1] * random.uniform(1 - JITTER, 1 + JITTER)
    return max(pause, timedelta(seconds=asked_for or 0.0))
