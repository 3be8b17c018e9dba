"""The preview and the preparing of one moment agree, whatever stands in the outbox and however the practice's data changed."""

# ruff: noqa: DTZ001 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.messages.world import ANNA, MEIER, World, begin_again, treatment
from tray_agent.clock import ManualClock
from tray_agent.config import settings as switches
from tray_agent.config.settings import Setting, Value
from tray_agent.messages.gateways.contract import OutgoingSms, Refused
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.work.preview import PreviewService
from tray_agent.practice.model import Appointment, AppointmentStatus
from tray_agent.store.database import Database

PATIENTS, APPOINTMENTS = 4, 7

contacts = st.sampled_from(
    (
        {"mobile": "079 123 45 67"}, {}, {"mobile": "079 765 43 21"}, {"mobile": "044 262 11 22"}, {"mobile": None}, {"mobile": "079 12"},
        {"mobile": None, "email": "anna@example.ch"}, {"email": "anna@example.ch", "preferred_channel": "email"},
        {"death_date": date(2026, 1, 1)}, {"opted_out": True},
    )
)  # fmt: skip
patients = st.lists(contacts, min_size=PATIENTS, max_size=PATIENTS)
appointments = st.lists(
    st.tuples(
        st.sampled_from([14, 15, 22, 23, 24, 37, 38, 47, 48, 62, -3, 0, 2]).map(
            lambda hours: datetime(2026, 11, 23, 10) + timedelta(hours=hours)
        ),
        st.sampled_from([AppointmentStatus.DEFINITE] * 5 + list(AppointmentStatus)),
    ),
    min_size=APPOINTMENTS,
    max_size=APPOINTMENTS,
)


@dataclass(frozen=True)
class Story:
    """What happened before the preview is asked for."""

    owners: list[int]
    before: tuple[list[dict[str, Any]], list[tuple[datetime, AppointmentStatus]]]
    after: tuple[list[dict[str, Any]], list[tuple[datetime, AppointmentStatus]]] | None
    switches: Mapping[Setting, Value]
    refused: bool
    sent: bool
    cancelled: bool
    unlicensed: bool
    hours: int


stories = st.builds(
    Story,
    owners=st.lists(st.sampled_from([0, 0, 1, 1, 2, 3, PATIENTS]), min_size=APPOINTMENTS, max_size=APPOINTMENTS),
    before=st.tuples(patients, appointments),
    after=st.none() | st.tuples(patients, appointments),
    switches=st.fixed_dictionaries(
        {
            switches.ONE_PER_DAY: st.booleans(), switches.REPEAT_MOVED: st.booleans(),
            switches.OFFSET_START: st.sampled_from([1, 1, 0, 2]), switches.OFFSET_SEARCH: st.sampled_from([1, 2, 3]),
        }
    ),
    refused=st.booleans(), sent=st.booleans(), cancelled=st.booleans(), unlicensed=st.booleans(), hours=st.sampled_from([0, 0, 1, 5, 24]),
)  # fmt: skip


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=stories)
def test_preparing_does_what_the_preview_of_the_same_moment_told(sqlite_database: Database, clock: ManualClock, story: Story) -> None:
    world = begin_again(sqlite_database, clock)
    _tell(world, clock, story)
    for kind, prepare in ((MessageKind.REMINDER, world.prepare), (MessageKind.BIRTHDAY, world.greet)):
        told = PreviewService(world.parts).preview(kind)
        changed = _changed_by(world, prepare)
        assert {(m.patient_id, m.appointment_id, m.channel, m.recipient, m.text, m.cost) for m in changed if _is(m, "prepared")} == {
            (line.patient_id, line.appointment_id, line.channel, line.recipient, line.text, line.cost) for line in told.messages
        }
        errors = {(m.patient_id, m.appointment_id) for m in world.messages() if _is(m, "error")}
        expected = {(line.patient_id, line.appointment_id) for line in told.others if line.entry}
        assert {(m.patient_id, m.appointment_id) for m in changed if _is(m, "error")} <= expected <= errors
        assert _changed_by(world, prepare) == [], "a second run found something to do"


def _tell(world: World, clock: ManualClock, story: Story) -> None:
    world.values |= {switches.QUIET_FROM: "00:00", switches.QUIET_UNTIL: "00:00", **story.switches}
    _put(world, story.owners, *story.before)
    if story.refused:
        world.gateway.answer = _refuse_one
    world.prepare()
    world.greet()
    if story.sent:
        world.send()
    if story.cancelled:
        world.service.cancel([message.id for message in world.messages()[:1]], "anna")
    clock.set(clock.now() + timedelta(hours=story.hours))
    if story.after is not None:
        _put(world, story.owners, *story.after)
    if story.unlicensed:
        world.practice.put(replace(MEIER, licence_number=None))


def _refuse_one(message: OutgoingSms) -> Refused | None:
    return Refused("recipient", "nein") if message.recipient.endswith("67") else None


def _put(world: World, owners: list[int], people: list[dict[str, Any]], starts: list[tuple[datetime, AppointmentStatus]]) -> None:
    for number, values in enumerate(people):
        world.practice.put(replace(ANNA, id=f"P{number}", **values), treatment(f"P{number}"))
    for number, (owner, (starts_at, status)) in enumerate(zip(owners, starts, strict=True)):
        world.practice.put(Appointment(f"A{number}", f"P{owner}", starts_at, status))


def _changed_by(world: World, run: Callable[[], object]) -> list[OutboxMessage]:
    before = {message.id: message.version for message in world.messages()}
    run()
    return [message for message in world.messages() if before.get(message.id) != message.version]


def _is(message: OutboxMessage, state: str) -> bool:
    return message.state is MessageState(state)
