"""The calendar files of an appointment that is moved: one entry in the patient's calendar, at the time told last."""

from __future__ import annotations

from datetime import timedelta

import icalendar
import pytest

from tests.messages.world import TOMORROW_NINE, ZURICH, World
from tray_agent.messages.model import MessageKind, MessageState


@pytest.fixture
def mailed(world: World) -> World:
    world.change_patient(email="anna@example.ch", preferred_channel="email")
    world.book_appointment()
    return world


def tell(world: World) -> None:
    world.clock.advance(timedelta(minutes=1))
    world.prepare()
    world.send()


def entries_of(world: World) -> list[icalendar.Event]:
    calendars = [icalendar.Calendar.from_ical((mail.calendar or b"").decode()) for mail in world.mails.taken]
    return [event for calendar in calendars for event in calendar.walk("VEVENT") if isinstance(event, icalendar.Event)]


def test_each_notice_replaces_the_entry_before(mailed: World) -> None:
    starts = [TOMORROW_NINE + timedelta(hours=hours) for hours in (0, 3, 1)]
    for starts_at in starts:
        mailed.change_appointment(starts_at=starts_at)
        tell(mailed)
    assert [message.kind for message in mailed.messages()] == [MessageKind.REMINDER, MessageKind.MOVED, MessageKind.MOVED]
    events = entries_of(mailed)
    assert [event.start for event in events] == [starts_at.replace(tzinfo=ZURICH) for starts_at in starts]
    assert len({event["UID"] for event in events}) == 1
    assert [event.sequence - events[0].sequence for event in events] == [0, 1, 2]
    assert "nicht mehr" in mailed.mails.taken[1].text
    assert "24.11.2026, 12:00" in mailed.mails.taken[2].text


def test_what_went_by_another_way_or_never_arrived_counts_too(mailed: World) -> None:
    tell(mailed)
    for hours, channel in ((3, "sms"), (1, "email")):
        mailed.change_patient(preferred_channel=channel)
        mailed.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=hours))
        tell(mailed)
    first, last = entries_of(mailed)
    assert last.sequence - first.sequence == 2

    mailed.force(mailed.messages()[1].id, state=MessageState.FAILED)
    mailed.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=5))
    tell(mailed)
    assert entries_of(mailed)[-1].sequence - first.sequence == 3


def test_a_message_handed_over_again_has_the_same_file(mailed: World) -> None:
    tell(mailed)
    mailed.force(mailed.only().id, state=MessageState.PREPARED)
    mailed.send()
    first, again = (mail.calendar for mail in mailed.mails.taken)
    assert first == again


def test_what_never_left_does_not_count(mailed: World) -> None:
    mailed.prepare()
    mailed.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=2))
    mailed.prepare()
    assert len(mailed.messages()) == 2
    reminded = len(mailed.mails.taken)
    mailed.send()
    (event,) = entries_of(mailed)[reminded:]
    other = World(mailed.database, mailed.clock)
    other.force_empty()
    other.change_patient(email="anna@example.ch", preferred_channel="email")
    other.book_appointment("A1", TOMORROW_NINE + timedelta(hours=2))
    other.prepare()
    other.send()
    (fresh,) = entries_of(other)
    assert (fresh["UID"], fresh.sequence) == (event["UID"], event.sequence)
