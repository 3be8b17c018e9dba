"""Hands the due messages to the gateways: the job ``send_messages``.

The order of things, for which decision record 0002 has the reasons:

1. what is in doubt is settled by asking, before anything else;
2. the due messages are read in chunks and checked against the practice's data as it is now (``recheck``);
3. the intent to send is committed: one transaction renews the lease and moves the message ``prepared → sending``;
4. only when that COMMIT was acknowledged does the message leave, within seconds or not at all (``lanes``);
5. what became of it is committed together with the next intents.

One thread does all that concerns the database; the lanes' workers only hand over. A crash leaves the few messages whose
intent was committed in ``sending``: they are in doubt, and step 1 of a later run settles them.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from queue import Empty, SimpleQueue

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from tray_agent.config.settings import CHECK_CREDITS, MAIL_AT_ONCE
from tray_agent.errors import BugError, KnownError, UnavailableError
from tray_agent.i18n import _, format_time, ngettext
from tray_agent.jobs.contract import JobContext, JobResult, LeaseLostError
from tray_agent.messages.gateways.contract import AccountFault, AccountStopped, InDoubt, NotNow
from tray_agent.messages.gateways.errors import GatewayAccountError
from tray_agent.messages.model import Channel, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Change
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.work.credits import accounts_of, ask_balances, keep_balance
from tray_agent.messages.work.doubt import Settling
from tray_agent.messages.work.lanes import MAIL, Departure, Event, Lane, MailWay, MissingWay, Opened, Returned, SmsWay, Stop
from tray_agent.messages.work.outcomes import GATEWAY_TROUBLE, STOPPED, Noted, note, pause_after
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.prepare import is_revivable
from tray_agent.messages.work.recheck import Checked, Moved, Ready, change_of, check
from tray_agent.messages.work.send_report import Left, ended, held_up, is_problem, low_credits, reasons_told, run_sentence
from tray_agent.messages.work.server_time import ServerTime
from tray_agent.messages.work.tally import Tally
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.faults import is_duplicate_key
from tray_agent.store.tables import message as table

SLICE = 1.0
"""Seconds after which a waiting run looks whether it shall stop."""

MOST_WAITING = 20_000
"""Messages held in memory, however many are due."""


def send_messages(parts: MessageParts, context: JobContext) -> JobResult:
    """Hands over what is due, and waits a while for what was put off or is in doubt.

    Raises:
        DatabaseUnavailableError, PracticeDataError: nothing more was sent; what was handed over is asked about later.
        RunCancelledError: after the answers to what was on its way were written.
        LeaseLostError: at once; nothing more was written.
    """
    sending = Sending(parts, context)
    if context.dry_run:
        return sending.rehearse()
    try:
        sending.run()
    except LeaseLostError:
        raise
    except BaseException:
        sending.write_last_answers()
        raise
    finally:
        sending.close()
    return sending.result()


class Sending:
    """One run of sending. Used by one thread.

    Args:
        parts: what to work with.
        context: of the run.
    """

    def __init__(self, parts: MessageParts, context: JobContext) -> None:
        self._parts = parts
        self._context = context
        self._quiet_known: tuple[datetime | None, str] = (None, "")
        self._read_settings()
        self._tally = Tally()
        self._settling = Settling(parts, context, self._tally)
        self._events: SimpleQueue[Event] = SimpleQueue()
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._kept: dict[int, str] = {}
        self._put_off: dict[int, tuple[Lane, str]] = {}
        self._asked: set[str] = set()
        self._unwritten: list[Returned] = []
        self._last_id = 0
        self._all_read = False
        self._time = ServerTime(parts)
        self._round_began = self._time.now
        self._ends_at = self._time.now + (parts.rules.patience_by_hand if context.by_hand else parts.rules.patience)

    def _read_settings(self) -> None:
        """Reads the switches: who turns one off means what is still waiting, too."""
        self._settings = self._parts.settings()
        self._quiet = QuietHours.from_settings(self._settings, self._parts.canton)
        self._quiet_known = (None, "")

    def run(self) -> None:
        """Settles and sends, again and again while something is due before the run's patience ends."""
        while True:
            self._settling.run()
            self._send_due()
            next_at = self._next_due()
            if next_at is None or next_at > self._ends_at:
                return
            self._wait_until(next_at)

    def close(self) -> None:
        """Ends the lanes: what has not left stays back."""
        for lane in self._lanes.values():
            lane.keep_back()
        for lane in self._lanes.values():
            lane.close()

    def write_last_answers(self) -> None:
        """Keeps back what has not left, waits for the answers to what has, and writes them if that is still possible."""
        self.close()
        try:
            self._write([*self._unwritten, *self._collect(wait=False)], [])
        except (KnownError, LeaseLostError, DBAPIError):
            return  # unwritten answers leave their messages in sending: in doubt, to be settled by asking

    def result(self) -> JobResult:
        """Tells once what holds accounts up, warns of low credits, and returns what the run did."""
        self._ask_what_is_left()
        lanes, put_off = self._lanes.values(), self._still_put_off()
        problems = list(held_up(self._parts, lanes, put_off))
        activities = [*problems, *low_credits(self._parts, self._settings, self._asked, self._time.now)]
        if activities:
            self._context.log(*activities)
        self._tally.problems += len(problems)
        self._tally.skipped.update(Counter(self._kept.values()))
        return self._tally.result(run_sentence(self._parts, self._tally, self._left(reasons_told(lanes, put_off))))

    def _left(self, why: Sequence[str]) -> Left:
        with self._parts.database.read() as connection:
            prepared = entries.count(connection, [MessageState.PREPARED])
            return Left(prepared, entries.count(connection, [MessageState.SENDING, MessageState.IN_DOUBT]), why)

    def _still_put_off(self) -> Counter[tuple[Lane, str]]:
        """Returns by lane and reason how many messages were put off, have not left since, and are not kept for another reason."""
        with self._parts.database.read() as connection:
            messages = entries.read_messages(connection, self._put_off)
        waits = (MessageState.PREPARED, MessageState.IN_DOUBT)
        return Counter(self._put_off[one.id] for one in messages if one.state in waits and one.id not in self._kept)

    def rehearse(self) -> JobResult:
        """Returns what a run would do now; changes nothing, asks no gateway."""
        while messages := self._read_chunk():
            checked = check(self._parts, self._settings, messages, self._time.now)
            self._tally.counts["would_send"] += len(checked.ready)
            self._tally.counts["would_render_anew"] += len(checked.changes) + len(checked.moved)
            for _message, change in (*checked.endings, *checked.kept):
                self._tally.skipped[str(change.values["reason"])] += 1
        number = self._tally.counts["would_send"]
        return self._tally.result(
            ngettext("{number} Mitteilung würde gesendet.", "{number} Mitteilungen würden gesendet.", number).format(number=number)
        )

    # One round: everything that is due now

    def _send_due(self) -> None:
        self._last_id, self._all_read = 0, False
        self._time.read()
        self._round_began = self._time.now
        for lane in self._lanes.values():
            lane.resume(self._time.now)
        while True:
            self._context.checkpoint()
            self._time.guess()
            self._feed()
            starts = self._choose()
            returned = self._collect(wait=not starts and any(lane.busy for lane in self._lanes.values()))
            if starts or returned:
                self._write(returned, starts)
            elif self._all_read and not any(lane.busy or lane.can_go_on for lane in self._lanes.values()):
                return

    def _feed(self) -> None:
        """Reads and checks the next messages as soon as one lane could take more."""
        if self._all_read or sum(len(lane.waiting) for lane in self._lanes.values()) > MOST_WAITING:
            return
        lanes = self._lanes.values()
        if any(lane.is_hungry for lane in lanes) or not any(lane.can_go_on or lane.busy for lane in lanes):
            messages = self._read_chunk()
            if messages:
                self._take_in(messages)

    def _read_chunk(self) -> list[OutboxMessage]:
        with self._parts.database.read() as connection:
            messages = entries.due_messages(connection, [MessageState.PREPARED], self._time.now, self._last_id, self._parts.rules.chunk)
        self._all_read = len(messages) < self._parts.rules.chunk
        self._last_id = messages[-1].id if messages else self._last_id
        return messages

    def _take_in(self, messages: Sequence[OutboxMessage]) -> None:
        """Checks messages against the practice as it is now, writes what changed, and queues what may leave."""
        checked_at = self._parts.clock.monotonic()
        self._time.read()
        self._read_settings()
        checked = check(self._parts, self._settings, messages, self._time.now)
        self._parts.reached("checked")
        unchanged = self._write_checked(checked)
        for moved in checked.moved:
            self._move(moved)
        held: dict[Lane, list[Ready]] = {}
        for ready in checked.ready:
            if ready.message.id in unchanged:
                continue
            lane = self._lane_of(ready.message)
            if lane.stop_of(ready.message) is None:
                lane.waiting.append((ready, checked_at))
            else:
                held.setdefault(lane, []).append(ready)
        for lane, readies in held.items():
            self._hold(lane, readies)

    def _write_checked(self, checked: Checked) -> set[int]:
        """Writes what a check found; returns the numbers of the messages whose new content could not be written."""
        changes = checked.changes
        if not (changes or checked.endings or checked.kept):
            return set()

        def work(connection: Connection) -> tuple[set[int], list[tuple[OutboxMessage, Change]]]:
            self._context.fence(connection)
            now = self._parts.database.now(connection)
            rendered = {change.message_id for change in entries.apply_all(connection, changes.values(), now)}
            over = [(message, change) for message, change in checked.endings if entries.apply(connection, change, now)]
            for message, change in checked.kept:
                if message.reason != change.values["reason"]:
                    entries.apply(connection, change, now)
            if over:
                self._context.log(*(ended(self._parts, *pair) for pair in over), connection=connection)
            return changes.keys() - rendered, over

        unwritten, over = self._parts.database.transact(work)
        for _message, change in over:
            self._tally.counts["cancelled" if change.step is Step.CANCEL else "errors"] += 1
            self._tally.problems += is_problem(change)
        self._kept.update({message.id: str(change.values["reason"]) for message, change in checked.kept})
        return unwritten

    def _move(self, moved: Moved) -> None:
        """Cancels the message of the former start and puts one for the new start in its place, both or neither."""

        def work(connection: Connection) -> None:
            self._context.fence(connection)
            now = self._parts.database.now(connection)
            if not entries.apply(connection, moved.ending, now):
                return
            if moved.known is None:
                entries.insert_drafts(connection, [moved.draft], now)
            elif is_revivable(moved.known):
                entries.revive(connection, moved.known, moved.draft, now)

        try:
            self._parts.database.transact(work)
        except IntegrityError as error:
            if not is_duplicate_key(error):
                raise
            return  # somebody prepared the new start just now; the next check cancels this message
        self._tally.counts["moved"] += 1
        if moved.known is None:
            self._all_read = False  # the new message has the greatest number of all
        else:
            self._take_in(self._still_prepared([moved.known.id]))

    # Lanes

    def _lane_of(self, message: OutboxMessage) -> Lane:
        way, name = "mail", MAIL
        try:
            if message.channel is Channel.SMS:
                way, name = "sms", self._parts.sms.account(message.mandant_id or "")
            if (way, name) not in self._lanes:
                self._lanes[way, name] = self._new_lane(name, message)
        except KnownError as error:
            way, name = "missing", f"{message.mandant_id}"  # an account may be called like a Mandant
            if (way, name) not in self._lanes:
                self._lanes[way, name] = Lane(self._parts, name, MissingWay(error), 1, self._events)
        return self._lanes[way, name]

    def _new_lane(self, name: str, message: OutboxMessage) -> Lane:
        if message.channel is Channel.SMS:
            gateway = self._parts.sms[message.mandant_id or ""]
            way = SmsWay(self._parts, gateway, ask_balance=self._settings.yes(CHECK_CREDITS))
            return Lane(self._parts, name, way, gateway.most_at_once, self._events)
        if self._parts.mail is None:
            raise BugError("an e-mail was found right, and there is no way for it")
        return Lane(self._parts, name, MailWay(self._parts, self._parts.mail), self._parts.rules.mails_at_once, self._events)

    def _hold(self, lane: Lane, readies: Sequence[Ready]) -> None:
        """Notes why messages that a stop concerns stay; they stay prepared."""
        stopped = [(ready.message, stop) for ready in readies if (stop := lane.stop_of(ready.message))]
        lane.held.update({message.id: stop for message, stop in stopped})
        self._kept.update({message.id: stop.reason for message, stop in stopped})
        untold = [(message, stop) for message, stop in stopped if message.reason != stop.reason]
        changes = [change_of(message, Step.POSTPONE, reason=stop.reason, sentence=stop.sentence) for message, stop in untold]

        def work(connection: Connection) -> None:
            self._context.fence(connection)
            entries.apply_all(connection, changes, self._parts.database.now(connection))

        if changes:
            self._parts.database.transact(work)

    def _stop(self, lane: Lane, stop: Stop) -> None:
        self._hold(lane, lane.put_stop(stop))

    def _pause(self, lane: Lane, reason: str, sentence: str) -> None:
        lane.pauses += 1
        self._stop(lane, Stop(reason, sentence, retry_at=self._time.now + pause_after(self._parts, lane.pauses)))

    # Intents

    def _choose(self) -> list[tuple[Lane, Ready]]:
        starts: list[tuple[Lane, Ready]] = []
        for lane in list(self._lanes.values()):
            self._hold_while_quiet(lane)
            if lane.waiting:
                lane.open()
            for _place in range(lane.room):
                ready = self._next_of(lane)
                if ready is None:
                    break
                starts.append((lane, ready))
        return starts

    def _next_of(self, lane: Lane) -> Ready | None:
        """Returns the next message of a lane that may leave now; what was checked too long ago is checked again first."""
        if not lane.can_go_on:
            return None
        ready, checked_at = lane.waiting[0]
        if (
            self._parts.clock.monotonic() - checked_at > self._parts.rules.fresh.total_seconds()
            or self._time.now >= ready.message.expires_at
        ):
            self._check_again(lane)
            return None
        if lane.budget is not None and ready.message.cost > lane.budget:
            self._stop(lane, _credits_used_up(lane))
            return None
        if lane.budget is not None:
            lane.budget -= ready.message.cost
        lane.waiting.popleft()
        return ready

    def _check_again(self, lane: Lane) -> None:
        numbers = [lane.waiting.popleft()[0].message.id for _place in range(min(len(lane.waiting), self._parts.rules.chunk))]
        self._take_in(self._still_prepared(numbers))

    def _still_prepared(self, numbers: Sequence[int]) -> list[OutboxMessage]:
        with self._parts.database.read() as connection:
            return [message for message in entries.read_messages(connection, numbers) if message.state is MessageState.PREPARED]

    def _hold_while_quiet(self, lane: Lane) -> None:
        if not lane.can_go_on or (lane.is_mail and self._settings.yes(MAIL_AT_ONCE)):
            return
        said = self._quiet_reason()
        if said:
            until = self._quiet.next_allowed(self._time.now, self._parts.zone)
            self._stop(lane, Stop("quiet_hours", said, retry_at=until, ordinary=True))

    def _quiet_reason(self) -> str:
        minute = self._time.now.replace(second=0, microsecond=0)
        if self._quiet_known[0] != minute:
            self._quiet_known = (minute, self._quiet.reason(self._parts.local(self._time.now)))
        return self._quiet_known[1]

    def _write(self, returned: Sequence[Returned], starts: Sequence[tuple[Lane, Ready]]) -> None:
        """Commits what became of departures and the next intents, and lets these leave: only after the COMMIT."""
        self._unwritten = list(returned)

        def work(connection: Connection) -> tuple[list[Noted], list[tuple[Lane, Departure]], bool]:
            self._context.fence(connection)
            now = self._parts.database.now(connection)
            noted = [self._note(connection, one, now) for one in returned]
            activities = [one.activity for one in noted if one.activity]
            if activities:
                self._context.log(*activities, connection=connection)
            slept = now - self._time.now > self._parts.rules.fresh
            taken = [(lane, self._take(connection, lane, ready, now)) for lane, ready in ([] if slept else starts)]
            self._parts.reached("before_commit")
            return noted, [(lane, departure) for lane, departure in taken if departure], slept

        noted, leaving, slept = self._parts.database.transact(work)
        self._unwritten = []
        self._parts.reached("after_commit")
        for lane, departure in leaving:
            self._kept.pop(departure.message.id, None)
            lane.depart(departure)
        for one, what in zip(returned, noted, strict=True):
            self._tally.counts[what.counted] += 1
            self._tally.problems += what.problem
            if what.counted == "put_off" and isinstance(one.outcome, NotNow | InDoubt):
                self._put_off[one.departure.message.id] = (one.lane, one.outcome.sentence)
            self._learn(one)
        if slept:
            self._put_back(starts)
        self._context.progress(self._tally.counts["sent"], None, _("Mitteilungen senden"))

    def _put_back(self, starts: Sequence[tuple[Lane, Ready]]) -> None:
        """Checks everything again that was checked before the machine slept: the monotonic clock may have stood still meanwhile."""
        numbers = [ready.message.id for _lane, ready in starts]
        for lane, ready in starts:
            lane.budget = None if lane.budget is None else lane.budget + ready.message.cost
        for lane in self._lanes.values():
            numbers += [ready.message.id for ready, _checked_at in lane.waiting]
            lane.waiting.clear()
        chunk = self._parts.rules.chunk
        for begin in range(0, len(numbers), chunk):
            self._take_in(self._still_prepared(numbers[begin : begin + chunk]))

    def _take(self, connection: Connection, lane: Lane, ready: Ready, now: datetime) -> Departure | None:
        """Writes the intent to send a message; None if it is another's, or changed, since it was read."""
        message, rules, clock = ready.message, self._parts.rules, self._parts.clock
        values = {
            "run_id": self._context.run_id,
            "token": self._context.token,
            "sending_at": now,
            "attempts": message.attempts + 1,
            "account": lane.name[:200],
            "next_at": now + rules.settles_after(message.channel),
        }
        if now >= message.expires_at or not entries.apply(connection, change_of(message, Step.TAKE, **values), now):
            return None
        taken = replace(
            message,
            state=MessageState.SENDING,
            version=message.version + 1,
            attempts=message.attempts + 1,
            token=self._context.token,
            sending_at=now,
        )
        leaves_until = clock.now() + min(rules.leave_within, message.expires_at - now)
        return Departure(ready, taken, leaves_until, clock.monotonic() + rules.leave_within.total_seconds())

    def _note(self, connection: Connection, returned: Returned, now: datetime) -> Noted:
        noted = note(self._parts, returned.departure.message, returned.outcome, now)
        if entries.apply(connection, noted.change, now):
            return noted
        return self._note_late(connection, returned, noted, now)

    def _note_late(self, connection: Connection, returned: Returned, noted: Noted, now: datetime) -> Noted:
        """Somebody put the message in doubt before its answer came: that the gateway took it counts all the same."""
        current = entries.read_message(connection, returned.departure.message.id)
        if noted.change.step is not Step.ACCEPT or current is None or current.state is not MessageState.IN_DOUBT:
            return Noted(noted.change, "settled_elsewhere")
        happened = entries.apply(connection, Change.of(current, Step.ACCEPT, Actor.SENDING, **noted.change.values), now)
        return noted if happened else Noted(noted.change, "settled_elsewhere")

    def _learn(self, returned: Returned) -> None:
        """Draws the conclusions for the lane: an account or a sender that is refused, a gateway that does not answer."""
        lane, outcome, message = returned.lane, returned.outcome, returned.departure.message
        lane.on_the_way -= 1
        if isinstance(outcome, AccountStopped):
            whose = message.mandant_id if outcome.fault is AccountFault.ORIGINATOR else None
            self._stop(lane, Stop(STOPPED[outcome.fault], outcome.sentence, mandant_id=whose))
        elif isinstance(outcome, NotNow | InDoubt):
            lane.troubles += 1
            if lane.troubles >= 2 * lane.at_once:
                self._pause(lane, GATEWAY_TROUBLE, outcome.sentence)
        elif outcome is not None:
            lane.troubles = 0
        stop = lane.stop_of(message)
        if stop is not None and (outcome is None or isinstance(outcome, AccountStopped)):
            lane.held[message.id] = stop
            self._kept[message.id] = stop.reason
        if lane.budget is not None and (outcome is None or isinstance(outcome, NotNow | AccountStopped)):
            lane.budget += message.cost

    # Events

    def _collect(self, *, wait: bool) -> list[Returned]:
        """Returns what came back meanwhile; waits a moment for the first where nothing else is to be done."""
        returned: list[Returned] = []
        while True:
            try:
                event = self._events.get(wait and not returned, SLICE)
            except Empty:
                return returned
            if isinstance(event, Opened):
                self._open(event)
                wait = False
            else:
                returned.append(event)

    def _open(self, opened: Opened) -> None:
        lane, problem = opened.lane, opened.problem
        lane.was_opened(opened)
        if isinstance(problem, GatewayAccountError):
            self._stop(lane, Stop(STOPPED[problem.fault], str(problem)))
        elif isinstance(problem, UnavailableError):
            self._pause(lane, problem.code, str(problem))
        elif problem is not None:
            self._stop(lane, Stop(problem.code, str(problem)))
        if opened.balance is not None:
            self._keep_balance(lane, opened.balance)

    def _keep_balance(self, lane: Lane, balance: Decimal) -> None:
        self._asked.add(lane.name)
        accounts = [account for account in accounts_of(self._parts.sms) if account.name == lane.name]

        def work(connection: Connection) -> None:
            for account in accounts:
                keep_balance(connection, account, balance, self._parts.database.now(connection))

        self._parts.database.transact(work)

    def _ask_what_is_left(self) -> None:
        """Asks the accounts that paid for something again: the balance from before would warn a run too late."""
        able = {lane.name for lane in self._lanes.values() if lane.stop is None} & self._asked
        if able and self._tally.counts["sent"]:
            ask_balances(self._parts, able)

    # Time

    def _next_due(self) -> datetime | None:
        """Returns when something will be due that can be done in this run, or None."""
        with self._parts.database.read() as connection:
            put_off = entries.next_due(connection, [MessageState.PREPARED], table.c.next_at > self._round_began)
        held = [lane.stop.retry_at for lane in self._lanes.values() if lane.stop and lane.held]
        return min((at for at in (self._settling.next_due(), put_off, *held) if at is not None), default=None)

    def _wait_until(self, instant: datetime) -> None:
        self._time.read()
        instant = max(instant, self._time.now + timedelta(seconds=SLICE))
        waits = _("wartet bis {time}").format(time=format_time(self._parts.local(instant)))
        self._context.progress(self._tally.counts["sent"], None, waits)
        while self._time.now < instant:
            self._context.checkpoint()
            self._parts.clock.wait(threading.Event(), min(SLICE, (instant - self._time.now).total_seconds()))
            self._time.read()


def _credits_used_up(lane: Lane) -> Stop:
    said = _("Das Guthaben des Kontos {name} ist aufgebraucht. Guthaben aufladen, dann wird beim nächsten Lauf gesendet.")
    return Stop(STOPPED[AccountFault.CREDITS], said.format(name=lane.name), finishes=True)
