"""One bad hour with the plan of the specification and patients of tomorrow: what it may cost is nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.simulation.hours import HOURS, hour
from tests.simulation.play import judged, played
from tests.simulation.product import SENT_AT
from tests.simulation.troubles import at

pytestmark = [pytest.mark.xdist_group("simulation"), pytest.mark.timeout(300)]

SEED, DAYS = 34, 3


def test_what_no_computer_can_do_is_told_within_minutes() -> None:
    record = played(SEED, DAYS, bad=False, also=hour("no computer has its passwords before noon"))
    planned = at(record.starts.date() + timedelta(days=1), SENT_AT)
    assert any(timedelta(minutes=2) <= told - planned <= timedelta(minutes=5) for told in record.told_unable)
    assert len(record.told_unable) <= 2  # sending, and the question what became of what was sent


@pytest.mark.parametrize("name", HOURS)
def test_a_bad_hour_costs_nobody_a_reminder_in_silence(name: str) -> None:
    record = played(SEED, DAYS, bad=False, also=hour(name))
    assert any(what.startswith("0: ") for _at, who, what in record.story if who == "TROUBLE")
    assert [str(found) for found in judged(SEED, DAYS, bad=False, also=hour(name))] == []
    assert len(record.taken) > 60
