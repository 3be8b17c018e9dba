"""Intents: a message leaves only after the intent to send it was committed; what came back is committed with the next intents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from tray_agent.messages.guards.old_store import StoreGuard
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Change
from tray_agent.messages.outbox.states import Actor, Step
from tray_agent.messages.work.answers import apply_to_lane, note_answer
from tray_agent.messages.work.lane import Departure, Lane, Returned
from tray_agent.messages.work.lanes import Lanes, ServerTime
from tray_agent.messages.work.recheck import Ready
from tray_agent.messages.work.steps import MessageRun, MessageStep


class Intents:
    """Commits what a run is about to hand over, and what became of it.

    Args:
        run: of sending.
        lanes: through which messages leave and answers come back.
        time: as the run knows it.
        guard: counts the run before its first intent.

    Attributes:
        unwritten: answers whose transaction did not come through (yet).
    """

    def __init__(self, run: MessageRun, lanes: Lanes, time: ServerTime, guard: StoreGuard) -> None:
        self._run = run
        self._parts = run.parts
        self._lanes = lanes
        self._time = time
        self._guard = guard
        self.unwritten: list[Returned] = []

    def commit(self, returned: Sequence[Returned], starts: Sequence[tuple[Lane, Ready]]) -> bool:
        """Commits what became of departures and the next intents in one transaction, and only then lets these leave.

        Returns:
            False where the machine slept since the messages were checked: then none of ``starts`` left, and all must be checked again.
        """
        self.unwritten = list(returned)
        if starts:
            self._guard.begin()

        def work(connection: Connection) -> tuple[list[MessageStep], list[tuple[Lane, Departure]], bool]:
            self._run.context.fence(connection)
            now = self._parts.database.now(connection)
            steps = [note_answer(self._parts, connection, one.departure.message, one.outcome, now) for one in returned]
            self._run.log(connection, steps)
            # The monotonic clock of some systems stands still while a machine sleeps; the database server's does not.
            slept = now - self._time.now > self._parts.rules.fresh
            taken = [(lane, self._take(connection, lane, ready, now)) for lane, ready in ([] if slept else starts)]
            self._parts.reached("before_commit")
            return steps, [(lane, departure) for lane, departure in taken if departure], slept

        steps, leaving, slept = self._parts.database.transact(work)
        self.unwritten = []
        self._parts.reached("after_commit")
        for lane, departure in leaving:  # first of all: their time runs
            self._lanes.kept.pop(departure.message.id, None)
            lane.depart(departure)
        for one, step in zip(returned, steps, strict=True):
            self._run.tally.add(step)
            apply_to_lane(self._lanes, one, step)
        return not slept

    def _take(self, connection: Connection, lane: Lane, ready: Ready, now: datetime) -> Departure | None:
        """Writes the intent to send a message; None if it is another's, or changed, since it was read."""
        message, rules, clock, context = ready.message, self._parts.rules, self._parts.clock, self._run.context
        attempts = message.attempts + 1
        values = {
            "run_id": context.run_id,
            "token": context.token,
            "sending_at": now,
            "attempts": attempts,
            "account": lane.name[:200],
            "next_at": now + rules.settles_after(message.channel),
        }
        if now >= message.expires_at or not entries.apply(connection, Change.of(message, Step.TAKE, Actor.SENDING, **values), now):
            return None
        taken = replace(
            message, state=MessageState.SENDING, version=message.version + 1, attempts=attempts, token=context.token, sending_at=now
        )
        # Counted from the moment before the COMMIT, by both clocks: neither a slow COMMIT nor a sleeping machine makes the time longer.
        within = rules.leaves_within(message.channel)
        leaves_until = clock.now() + min(within, message.expires_at - now)
        return Departure(replace(ready, message=taken), leaves_until, clock.monotonic() + within.total_seconds())
