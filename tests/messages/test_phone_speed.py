"""The quick way to read a usual Swiss mobile number gives the same answer as the numbering plans."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tray_agent.messages.phone import _USUAL_SWISS, _read, read_phone


@given(st.from_regex(_USUAL_SWISS, fullmatch=True))
def test_the_quick_way_and_the_numbering_plans_agree(typed: str) -> None:
    assert read_phone(typed, "CH") == _read(typed, "CH")
