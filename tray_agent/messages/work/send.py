"""Hands the due messages to the gateways: the job ``send_messages``.

The order of things, for which decision record 0002 has the reasons, and where each has its room (decision record 0017):

1. what is in doubt is settled by asking, before anything else (``doubt``);
2. the due messages are read in chunks, checked against the practice's data as it is now (``recheck``), and queued (here, ``lanes``);
   the gateway is asked whether it has them already, because the store may be older than it believes (``lane``, ``guards``);
3. the intent to send is committed: one transaction renews the lease and moves the message ``prepared → sending`` (``intents``);
4. only when that COMMIT was acknowledged does the message leave, within seconds or not at all (``lane``);
5. what became of it is committed together with the next intents (``answers``).

One thread does all that concerns the database; the lanes' workers only hand over. A crash leaves the few messages whose
intent was committed in ``sending``: they are in doubt, and step 1 of a later run settles them.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from tray_agent.config.settings import CHECK_CREDITS, MAIL_AT_ONCE, ONE_PER_DAY
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_time, ngettext
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult, LeaseLostError
from tray_agent.messages.gateways.contract import KeptBack
from tray_agent.messages.guards.absent import frees_others, settle_absent
from tray_agent.messages.guards.clock import ClockCheck
from tray_agent.messages.guards.old_store import StoreGuard
from tray_agent.messages.guards.views import check_views
from tray_agent.messages.guards.volume import VolumeBrake
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.model import OutboxMessage, OutboxReason
from tray_agent.messages.outbox.states import Actor
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.work.deciding import is_revivable
from tray_agent.messages.work.doubt import Settling
from tray_agent.messages.work.intents import Intents
from tray_agent.messages.work.lane import Lane, Returned, Stop, need_of
from tray_agent.messages.work.lanes import SLICE, Kept, Lanes, ServerTime
from tray_agent.messages.work.left import REFUSED, what_is_left
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.recheck import Checked, Moved, Ready, check
from tray_agent.messages.work.send_report import report
from tray_agent.messages.work.steps import Counted, MessageRun
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.faults import is_duplicate_key
from tray_agent.store.tables import message as table

MOST_WAITING = 20_000
"""Messages held in memory, however many are due."""


def send_messages(parts: MessageParts, context: JobContext) -> JobResult:
    """Hands over what is due, and waits a while for what was put off or is in doubt.

    Raises:
        DatabaseUnavailableError, PracticeDataError: nothing more was sent; what was handed over is asked about later.
        RunCancelledError: after the answers to what was on its way were written.
        LeaseLostError: at once; nothing more was written.
    """
    run = MessageRun(parts, context)
    check_views(run)
    if context.dry_run:
        return _rehearse(run)
    sending = Sending(run)
    try:
        sending.run()
    except LeaseLostError:  # another workstation goes on with these messages
        raise
    except BaseException:
        sending.write_last_answers()
        raise
    finally:
        sending.close()
    return sending.result()


class Sending:
    """One run of sending, round by round. Used by one thread.

    Args:
        run: of sending.
    """

    def __init__(self, run: MessageRun) -> None:
        self._run = run
        self._parts, self._context = run.parts, run.context
        self._read_settings()
        self._time = ServerTime(self._parts)
        self._guard = StoreGuard(run)
        self._lanes = Lanes(run, self._time, self._guard)
        self._intents = Intents(run, self._lanes, self._time, self._guard)
        self._settling = Settling(run)
        self._frees: set[JobKey] = set()
        self._brake = VolumeBrake(run)
        self._clock = ClockCheck(run)
        self._begin_reading()
        self._round_began = self._time.now
        self._patience = self._parts.rules.patience_by_hand if self._context.by_hand else self._parts.rules.patience

    def _read_settings(self) -> None:
        """Reads the switches: who turns one off means what is still waiting, too."""
        self._settings = self._parts.settings()
        self._quiet = QuietHours.from_settings(self._settings, self._parts.canton)
        self._quiet_known: tuple[datetime | None, str] = (None, "")

    def run(self) -> None:
        """Settles and sends, again and again while something is due before the run's patience ends.

        Patience is for short pauses and for doubts; what lasts longer is left to the next attempt. Time in which the machine slept is none.
        """
        stop = self._guard.look()
        if stop is not None:
            self._lanes.halt(stop)
        self._begin()
        while True:
            self._settling.run()
            self._send_due()
            next_at = self._next_due()
            if next_at is None or next_at > self._time.now + self._patience - self._time.awake:
                return
            self._wait_until(next_at)

    def _begin(self) -> None:
        """Takes back reasons that hold no more, and decides whether what was refused before is tried again.

        It is in a run by hand, and where nothing else is due: then this attempt was made for it, because something changed, or because
        its time came. Every other attempt leaves it alone: each further wrong password brings an account nearer to being locked.
        """
        now = self._time.now
        with self._parts.database.read() as connection:
            refused = entries.waiting_for(connection, REFUSED, now)
            states = [MessageState.PREPARED, MessageState.SENDING, MessageState.IN_DOUBT]
            due = entries.next_due(connection, states, table.c.reason != Reason.SWITCHED_OFF.value)
        tries = bool(refused) and (self._context.by_hand or due is None or due > now)
        quiet = bool(self._quiet_reason())

        def work(connection: Connection) -> None:
            self._context.fence(connection)
            if tries:
                entries.make_due(connection, REFUSED, now)
            if not quiet:
                entries.forget_reason(connection, OutboxReason.QUIET_HOURS, now)

        if tries or not quiet:
            self._parts.database.transact(work)
        for message in () if tries else refused:
            self._lanes.keep_stopped(message, ask_balance=self._settings.yes(CHECK_CREDITS))

    # One round: everything that is due now

    def _send_due(self) -> None:
        self._begin_reading()
        self._time.read()
        self._round_began = self._time.now
        self._lanes.resume(self._time.now)
        self._brake.look(self._settings, self._time.now)
        while True:
            self._context.checkpoint()
            self._time.guess()
            self._feed()
            starts = self._choose()
            returned = self._lanes.collect(wait=not starts and self._lanes.busy)
            if starts or returned:
                if not self._intents.commit(returned, starts):
                    self._put_back(starts)
                self._let_late_ones_again(returned)
                self._context.progress(self._run.tally.counts[Counted.SENT], None, _("Mitteilungen senden"))
            elif self._all_read and not any(lane.busy or lane.can_go_on for lane in self._lanes):
                return

    def _feed(self) -> None:
        """Reads and checks the next messages as soon as one lane could take more."""
        if self._all_read or sum(len(lane.waiting) for lane in self._lanes) > MOST_WAITING:
            return
        if any(lane.is_hungry for lane in self._lanes) or not any(lane.can_go_on or lane.busy for lane in self._lanes):
            messages = self._read_chunk()
            if messages:
                self._take_in(messages)

    def _begin_reading(self) -> None:
        self._order: deque[int] = deque()
        self._last_need: tuple[datetime, int] | None = None
        self._all_listed = self._all_read = False
        self._were_late: set[int] = set()

    def _read_chunk(self) -> list[OutboxMessage]:
        """Reads the next messages that are due, what must arrive soonest first.

        The order is read for many at once and the messages chunk by chunk: no index has to hold it, which each message would pay for.
        """
        with self._parts.database.read() as connection:
            if not self._order:
                found = entries.due_by_need(connection, self._time.now, self._last_need, MOST_WAITING)
                self._order.extend(number for _need, number in found)
                self._last_need = found[-1] if found else self._last_need
                self._all_listed = len(found) < MOST_WAITING
            numbers = [self._order.popleft() for _place in range(min(len(self._order), self._parts.rules.chunk))]
            messages = entries.read_messages(connection, numbers)
        self._all_read = self._all_listed and not self._order
        return _by_need(message for message in messages if message.state is MessageState.PREPARED)

    def _take_in(self, messages: Sequence[OutboxMessage]) -> None:
        """Checks messages against the practice as it is now, writes what changed, and queues what may leave."""
        checked_at = self._parts.clock.monotonic()  # before the check: what it reads is as old as its beginning
        self._time.read()
        self._read_settings()
        checked = check(self._parts, self._settings, messages, self._time.now)
        self._parts.reached("checked")
        unwritten = self._write_checked(checked)
        for moved in checked.moved:
            self._move(moved)
        lost = self._run.write(self._guard.in_lost_span(checked.ready, self._settings, self._time.now))
        unwritten |= {step.change.message_id for step in lost}
        held: dict[Lane, list[Ready]] = defaultdict(list)
        for ready in self._brake.let_through(checked.ready, self._lanes):
            if ready.message.id in unwritten:
                continue
            lane = self._lanes.of(ready.message, ask_balance=self._settings.yes(CHECK_CREDITS))
            if lane.stop_of(ready.message) is None:
                lane.take(ready, checked_at)
            else:
                held[lane].append(ready)
        for lane, readies in held.items():
            self._lanes.hold(lane, readies)
        for lane in self._lanes:  # what was checked again may be known since
            self._lanes.take_known(lane)

    def _write_checked(self, checked: Checked) -> set[int]:
        """Writes what a check found; returns the numbers of the messages whose new content could not be written."""
        happened = self._run.write([*checked.changes, *checked.endings, *checked.notes])
        self._note_freed(checked, {step.change.message_id for step in happened})
        self._lanes.kept |= {number: Kept(reason) for number, reason in checked.kept.items()}
        return {step.change.message_id for step in checked.changes} - {step.change.message_id for step in happened}

    def _note_freed(self, checked: Checked, happened: Collection[int]) -> None:
        """Makes preparing due where what is not told any more kept another message from being prepared."""
        self._free([message for message in checked.freed if message.id in happened])

    def _free(self, freed: Sequence[OutboxMessage]) -> None:
        if not freed:
            return
        with self._parts.database.read() as connection:
            frees = frees_others(connection, self._settings, freed)
        if frees:
            greetings = {message.kind is MessageKind.BIRTHDAY for message in freed}
            self._frees |= {JobKey.PREPARE_BIRTHDAYS if one else JobKey.PREPARE_REMINDERS for one in greetings}

    def _move(self, moved: Moved) -> None:
        """Cancels the message of the former start and puts one for the new start in its place, both or neither."""

        def work(connection: Connection) -> None:
            self._context.fence(connection)
            now = self._parts.database.now(connection)
            if not entries.apply(connection, moved.ending, now):
                return
            if moved.known is None:
                entries.insert_drafts(connection, [moved.draft], now)
            elif is_revivable(moved.known, moved.draft.patient_id):
                entries.revive(connection, moved.known, moved.draft, now)

        try:
            self._parts.database.transact(work)
        except IntegrityError as error:
            if not is_duplicate_key(error):
                raise
            return  # somebody prepared the new start just now; the next check cancels this message
        self._run.tally.counts[Counted.MOVED] += 1
        if self._settings.yes(ONE_PER_DAY):
            self._frees.add(JobKey.PREPARE_REMINDERS)
        if moved.known is None or is_revivable(moved.known, moved.draft.patient_id):  # else it stands in the order already
            with self._parts.database.read() as connection:
                written = entries.known_of_keys(connection, [moved.draft.unique_key])
            self._check_again([known.id for known in written])

    # What leaves next

    def _choose(self) -> list[tuple[Lane, Ready]]:
        """Returns the messages whose intents are to be committed now, at most as many of each lane as it has room for."""
        starts: list[tuple[Lane, Ready]] = []
        for lane in self._lanes:
            self._hold_while_quiet(lane)
            wakes = not (lane.is_mail and self._settings.yes(MAIL_AT_ONCE))
            self._clock.look(lane, self._lanes, self._quiet if wakes else None, self._time.now)
            if lane.waiting:
                lane.open()
            if lane.is_mail and any(other.asks for other in self._lanes):
                continue  # nobody can be asked about e-mails: what the gateway knows of the first SMS says whether this store is an old one
            for _place in range(lane.room):
                ready = self._next_of(lane)
                if ready is None:
                    break
                starts.append((lane, ready))
            lane.ask()
        return starts

    def _next_of(self, lane: Lane) -> Ready | None:
        """Returns the next message of a lane that may leave now; what was checked too long ago is checked again first."""
        if not lane.can_go_on:
            return None
        ready, checked_at = lane.waiting[0]
        too_old = self._parts.clock.monotonic() - checked_at > self._parts.rules.fresh.total_seconds()
        if too_old or self._time.now >= ready.message.expires_at:
            places = min(len(lane.waiting), self._parts.rules.chunk)
            self._check_again([lane.waiting.popleft()[0].message.id for _place in range(places)])
            return None
        if lane.budget is not None and ready.message.cost > lane.budget:
            self._lanes.stop(lane, _credits_used_up(lane))  # even if a cheaper one waits behind: the practice must fill the account
            return None
        if not lane.may_go(ready.message):  # the gateway is being asked whether it has it already
            return None
        if lane.budget is not None:
            lane.budget -= ready.message.cost
        lane.waiting.popleft()
        return ready

    def _hold_while_quiet(self, lane: Lane) -> None:
        # Also while nothing waits any more: what is on its way and has not left stays back, too.
        if lane.stop is not None or not (lane.waiting or lane.busy) or (lane.is_mail and self._settings.yes(MAIL_AT_ONCE)):
            return
        sentence = self._quiet_reason()
        if sentence:
            until = self._quiet.next_allowed(self._time.now, self._parts.zone)
            self._lanes.stop(lane, Stop(OutboxReason.QUIET_HOURS.value, sentence, retry_at=until, ordinary=True))

    def _quiet_reason(self) -> str:
        minute = self._time.now.replace(second=0, microsecond=0)
        if self._quiet_known[0] != minute:  # looked up once a minute: holidays cost more than all else that is done for a message
            self._quiet_known = (minute, self._quiet.reason(self._parts.local(self._time.now)))
        return self._quiet_known[1]

    def _put_back(self, starts: Sequence[tuple[Lane, Ready]]) -> None:
        """Checks everything again that was checked before the machine slept: the monotonic clock may have stood still meanwhile."""
        numbers = [ready.message.id for _lane, ready in starts]
        for lane, ready in starts:
            lane.budget = None if lane.budget is None else lane.budget + ready.message.cost
        for lane in self._lanes:
            numbers += [ready.message.id for ready, _checked_at in lane.waiting]
            lane.waiting.clear()
            lane.ask_again()
        self._check_again(numbers)

    def _let_late_ones_again(self, returned: Sequence[Returned]) -> None:
        """Checks again what stood too long behind a slow answer: it must arrive before those that wait. Once a round is enough."""
        late = [
            one.departure.message.id
            for one in returned
            if isinstance(one.outcome, KeptBack) and one.lane.stop_of(one.departure.message) is None
        ]
        again = [number for number in late if number not in self._were_late]
        self._were_late.update(again)
        self._check_again(again)

    def _check_again(self, numbers: Sequence[int]) -> None:
        chunk = self._parts.rules.chunk
        for begin in range(0, len(numbers), chunk):
            with self._parts.database.read() as connection:
                messages = entries.read_messages(connection, numbers[begin : begin + chunk])
            self._take_in(_by_need(message for message in messages if message.state is MessageState.PREPARED))

    # Between the rounds

    def _next_due(self) -> datetime | None:
        """Returns when something will be due that can be done in this run, or None."""
        with self._parts.database.read() as connection:
            # What was due when the round began and is still prepared stays for a reason that waiting does not change.
            put_off = entries.next_due(connection, [MessageState.PREPARED], table.c.next_at > self._round_began)
        due = (self._settling.next_due(), put_off, self._lanes.next_retry())
        return min((at for at in due if at is not None), default=None)

    def _wait_until(self, instant: datetime) -> None:
        self._time.read()
        instant = max(instant, self._time.now + timedelta(seconds=SLICE))
        waits = _("wartet bis {time}").format(time=format_time(self._parts.local(instant)))
        self._context.progress(self._run.tally.counts[Counted.SENT], None, waits)
        while self._time.now < instant:
            self._context.checkpoint()
            self._parts.clock.wait(threading.Event(), min(SLICE, (instant - self._time.now).total_seconds()))
            self._time.read()

    # The end

    def close(self) -> None:
        """Ends the lanes: what has not left stays back."""
        self._lanes.close()

    def write_last_answers(self) -> None:
        """Keeps back what has not left, waits for the answers to what has, and writes them if that is still possible."""
        self.close()
        try:
            self._intents.commit([*self._intents.unwritten, *self._lanes.collect(wait=False)], [])
        except (KnownError, LeaseLostError, DBAPIError):
            return  # unwritten answers leave their messages in sending: in doubt, to be settled by asking

    def result(self) -> JobResult:
        """Tells the practice what is to be known of the run, and returns what it did."""
        self._settle_absent()
        left = what_is_left(self._run, self._lanes, self._quiet, self._time.read(), self._round_began)
        result = report(self._run, self._lanes, self._settings, left, self._time.now)
        return replace(result, makes_due={**result.makes_due, **dict.fromkeys(self._frees, self._time.now)})

    def _settle_absent(self) -> None:
        absent = [number for number, kept in self._lanes.kept.items() if kept.reason == Reason.APPOINTMENT_MISSING]
        if absent:
            self._free(settle_absent(self._run, frozenset(absent), Actor.SENDING).deleted)


def _rehearse(run: MessageRun) -> JobResult:
    """Returns what a run would do now; changes nothing, asks no gateway."""
    settings, tally, brake = run.parts.settings(), run.tally, VolumeBrake(run)
    with run.parts.database.read() as connection:
        begun = run.parts.database.now(connection)
    brake.look(settings, begun)
    for messages, now in run.due([MessageState.PREPARED]):
        checked = check(run.parts, settings, messages, now)
        held = [stop.reason for ready in checked.ready if (stop := brake.stop_of(ready.message))]
        tally.skipped.update(held)
        tally.counts[Counted.WOULD_SEND] += len(checked.ready) - len(held)
        tally.counts[Counted.WOULD_RENDER_ANEW] += len(checked.changes) + len(checked.moved)
        tally.skipped.update(str(step.change.values["reason"]) for step in checked.endings)
        tally.skipped.update(checked.kept.values())
    number = tally.counts[Counted.WOULD_SEND]
    sentence = ngettext("{number} Mitteilung würde gesendet.", "{number} Mitteilungen würden gesendet.", number)
    return tally.result(sentence.format(number=number))


def _by_need(messages: Iterable[OutboxMessage]) -> list[OutboxMessage]:
    """Returns messages with those first that must arrive soonest."""
    return sorted(messages, key=need_of)


def _credits_used_up(lane: Lane) -> Stop:
    sentence = _("Das Guthaben des Kontos {name} ist aufgebraucht. Guthaben aufladen; gesendet wird, sobald es da ist.")
    return Stop(OutboxReason.NO_CREDITS.value, sentence.format(name=lane.name), finishes=True)
