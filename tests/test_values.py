"""Values that are made by the thousand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tray_agent.values import value


@value(frozen=True, slots=True)
class Place:
    """A value of the tests."""

    name: str
    floor: int = 0


def test_values_are_equal_by_what_they_hold_and_can_be_counted_and_replaced() -> None:
    ground = Place("Praxis")
    assert replace(Place("Labor"), name="Praxis") == ground
    assert len({ground, Place("Praxis"), replace(ground, floor=1)}) == 2


def test_a_value_has_no_room_for_anything_else() -> None:
    with pytest.raises(AttributeError):
        setattr(Place("Praxis"), "doors", 2)  # noqa: B010 - the type checker would refuse it
