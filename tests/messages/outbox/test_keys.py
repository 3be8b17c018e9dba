"""The keys that carry the promises."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_agent.messages.outbox.keys import birthday_key, former_in, moved_key, reference_of, reminder_key, start_in, year_in

starts = st.datetimes(datetime(2000, 1, 1), datetime(2199, 12, 31))  # noqa: DTZ001 - local
ids = st.text(min_size=1, max_size=200)


@given(ids, ids, starts)
def test_different_ids_have_different_keys_under_every_collation(one: str, other: str, start: datetime) -> None:
    first, second = reminder_key(one, start), reminder_key(other, start)
    assert (first == second) == (one == other)
    assert (first.casefold().rstrip() == second.casefold().rstrip()) == (one == other)


@given(ids, starts)
def test_a_key_is_short_plain_ascii_and_names_its_start(practice_id: str, start: datetime) -> None:
    key = reminder_key(practice_id, start)
    assert key.isascii()
    assert key == key.lower()
    assert len(key) <= 160
    assert start_in(key) == start.replace(second=0, microsecond=0)
    assert year_in(birthday_key(practice_id, start.year)) == start.year


@given(ids, starts)
def test_a_reference_is_safe_at_a_gateway(practice_id: str, start: datetime) -> None:
    reference = reference_of(reminder_key(practice_id, start))
    assert len(reference) == 20
    assert reference.isalnum()
    assert reference.isascii()
    assert reference != reference_of(birthday_key(practice_id, start.year))


def test_a_moved_appointment_has_a_key_of_its_own_and_the_same_start_the_same() -> None:
    nine, ten = datetime(2026, 11, 24, 9), datetime(2026, 11, 24, 10)  # noqa: DTZ001 - local
    assert reminder_key("a", nine) != reminder_key("a", ten)
    assert reminder_key("a", nine) == reminder_key("a", nine.replace(second=30))


@given(ids, starts, starts)
def test_the_key_of_a_notice_names_both_times(practice_id: str, start: datetime, former: datetime) -> None:
    key = moved_key(practice_id, start, former)
    assert start_in(key) == start.replace(second=0, microsecond=0)
    assert former_in(key) == former.replace(second=0, microsecond=0)


@pytest.mark.parametrize(
    "key", ["", "reminder/20261124t1010", "reminder/20261324t1010/a", "reminder/2026112at1010/a", "birthday/2026/a", "x"]
)
def test_what_is_no_key_of_an_appointment_names_no_start(key: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - what is wrong with it is told in several ways
        start_in(key)
