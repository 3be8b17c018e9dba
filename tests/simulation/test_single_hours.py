"""One bad hour with the plan of the specification and patients of tomorrow: what it may cost is nobody."""

from __future__ import annotations

import pytest

from tests.simulation.hours import HOURS, hour
from tests.simulation.play import judged, played

pytestmark = [pytest.mark.xdist_group("simulation"), pytest.mark.timeout(300)]

SEED, DAYS = 34, 3


@pytest.mark.parametrize("name", HOURS)
def test_a_bad_hour_costs_nobody_a_reminder_in_silence(name: str) -> None:
    record = played(SEED, DAYS, bad=False, also=hour(name))
    assert any(what.startswith("0: ") for _at, who, what in record.story if who == "TROUBLE")
    assert [str(found) for found in judged(SEED, DAYS, bad=False, also=hour(name))] == []
    assert len(record.taken) > 60
