"""Whatever happens to an agenda, in whatever order: what leaves is true and said once, and every entry can be ticked off."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from tests.messages.world import ANNA, World, begin_again, treatment
from tray_agent.config import settings as switches
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus, Outcome, OutgoingSms
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.keys import start_in
from tray_agent.practice.model import Appointment, AppointmentStatus

STEPS = 22
IDS = ("A1", "a2", "Ärzt 3", "4")
PATIENTS = ("P1", "P2", "P3")
DAYS_AHEAD = (0, 1, 1, 1, 2, 2, 3, 9)


class Walk:
    """A practice in which anything happens at random; ``faults`` are what must not be.

    Args:
        world: with an empty outbox.
        seed: of what happens.
    """

    def __init__(self, world: World, seed: int) -> None:
        self._draw, self._world = random.Random(seed), world
        self._gone: dict[str, Appointment] = {}
        self._told: dict[str, tuple[str, datetime, MessageKind]] = {}
        self.faults: list[str] = []
        world.values[switches.ONE_PER_DAY] = self._draw.random() < 0.4
        world.values[switches.OFFSET_SEARCH] = self._draw.choice([1, 1, 3])
        world.practice.put(replace(ANNA, id="P2", first_name="Beat", mobile="078 111 22 33"), treatment("P2"))
        world.practice.put(replace(ANNA, id="P3"), treatment("P3"))  # one person recorded twice
        world.gateway.answer = self._judge

    def go(self) -> None:
        """Takes all steps, with runs and their judgement between them."""
        happenings = (
            self._book, self._move, self._move, self._nudge, self._give, self._status, self._delete, self._put_back, self._doctor,
            self._number, self._cancel, self._fail, self._wait, self._wait,
        )  # fmt: skip
        for _step in range(STEPS):
            self._draw.choice(happenings)()
            if self._draw.random() < 0.4:
                self._run()
        self._run()

    # What happens in the practice

    def _start(self) -> datetime:
        today = self._world.parts.local(self._world.clock.now()).date()
        return datetime.combine(today + timedelta(days=self._draw.choice(DAYS_AHEAD)), time(self._draw.choice([8, 9, 11, 15]), 30))

    def _one(self) -> str | None:
        there = sorted(self._world.practice.appointments(IDS))
        return self._draw.choice(there) if there else None

    def _change(self, **values: object) -> None:
        if (one := self._one()) is not None:
            self._world.change_appointment(one, **values)

    def _book(self) -> None:
        free = sorted(set(IDS) - self._world.practice.appointments(IDS).keys() - self._gone.keys())
        if free:
            self._world.book_appointment(self._draw.choice(free), self._start(), self._draw.choice(PATIENTS))

    def _move(self) -> None:
        self._change(starts_at=self._start())

    def _nudge(self) -> None:
        if (one := self._one()) is not None:
            starts_at = self._world.practice.appointments([one])[one].starts_at
            self._world.change_appointment(one, starts_at=starts_at + timedelta(hours=self._draw.choice([-1, 1, 2])))

    def _give(self) -> None:
        self._change(patient_id=self._draw.choice(PATIENTS))

    def _status(self) -> None:
        definite, cancelled = AppointmentStatus.DEFINITE, AppointmentStatus.CANCELLED
        self._change(status=self._draw.choice([definite, definite, cancelled, AppointmentStatus.PROVISIONAL]))

    def _doctor(self) -> None:
        self._change(doctor=self._draw.choice([None, "Dr. Meier", "Dr. Keller"]))

    def _delete(self) -> None:
        if (one := self._one()) is not None:
            self._gone |= self._world.practice.appointments([one])
            self._world.practice.remove_appointment(one)

    def _put_back(self) -> None:
        for one in self._gone.values():
            self._world.practice.put(one)
        self._gone.clear()

    def _number(self) -> None:
        patient = self._draw.choice(PATIENTS)
        mobile = self._draw.choice([None, "079 123 45 67", "076 222 33 44", "044 262 11 22"])
        self._world.practice.put(replace(self._world.practice.patients([patient])[patient], mobile=mobile))

    def _cancel(self) -> None:
        prepared = [one.id for one in self._world.messages() if one.state is MessageState.PREPARED]
        self._world.service.cancel(prepared[:1], "anna")

    def _fail(self) -> None:
        for one in self._world.messages():
            if one.state is MessageState.SUBMITTED and one.appointment_id and self._draw.random() < 0.3:
                self._world.gateway.report(DeliveryReport(one.reference, DeliveryStatus.FAILED))
                self._told.pop(one.appointment_id, None)
        self._wait(timedelta(minutes=6))
        self._world.follow_up()

    def _wait(self, span: timedelta | None = None) -> None:
        minutes = self._draw.choice([10, 35, 180, 24 * 60, 48 * 60])
        self._world.clock.advance(span or timedelta(minutes=minutes))

    # What the program does, and what must be true of it

    def _judge(self, sms: OutgoingSms) -> Outcome | None:
        (one,) = [found for found in self._world.messages() if found.reference == sms.reference]
        appointment = self._world.practice.appointments([one.appointment_id or ""]).get(one.appointment_id or "")
        starts_at, now = start_in(one.unique_key), self._world.parts.local(self._world.clock.now()).replace(tzinfo=None)
        true = (one.patient_id, starts_at, AppointmentStatus.DEFINITE)
        if appointment is None or (appointment.patient_id, appointment.starts_at, appointment.status) != true or starts_at <= now:
            self.faults.append(f"{one.unique_key} was sent, and it is {appointment}")
        patient, start, kind = self._told.get(one.appointment_id or "", ("", starts_at, one.kind))
        early_notice = kind is MessageKind.MOVED and one.kind is MessageKind.REMINDER
        if (patient, start) == true[:2] and not early_notice:
            self.faults.append(f"{one.unique_key} was told before")
        self._told[one.appointment_id or ""] = (one.patient_id, starts_at, one.kind)
        return None

    def _run(self) -> None:
        world = self._world
        for _round in range(5):
            rest = world.prepare().rest
            freed = "prepare_reminders" in world.send().makes_due
            at_once = rest is not None and rest.not_before is not None and rest.not_before <= world.clock.now()
            if not (freed or at_once):
                break
        else:
            self.faults.append("a run makes the next one due without end")
        before = [(one.id, one.version, one.standing, one.state) for one in world.messages()]
        world.prepare()
        if before != [(one.id, one.version, one.standing, one.state) for one in world.messages()]:
            self.faults.append("a second run wrote something")
        asked = Counter(entry.message.appointment_id for entry in world.service.call_list())
        self.faults += [f"{number} entries ask to call because of {one}" for one, number in asked.items() if number > 1]
        if self._draw.random() < 0.5:
            self._tick_off()

    def _tick_off(self) -> None:
        entries = self._world.service.call_list()
        if not entries:
            return
        one = self._draw.choice(entries).message
        if not self._world.service.tick_off([one.id], "anna"):
            self.faults.append(f"{one.unique_key} can't be ticked off")
        if one.id in {entry.message.id for entry in self._world.service.call_list()}:
            self.faults.append(f"{one.unique_key} is on the list after it was ticked off")
        self._told.pop(one.appointment_id or "", None)


@pytest.mark.parametrize("first", range(0, 12, 3))
def test_what_leaves_is_true_and_said_once_whatever_happens(world: World, first: int) -> None:
    for seed in range(first, first + 3):
        fresh = begin_again(world.database, world.clock)
        walk = Walk(fresh, seed)
        walk.go()
        assert walk.faults == [], seed
