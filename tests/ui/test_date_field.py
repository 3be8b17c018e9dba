"""A date is typed as people write it."""

from __future__ import annotations

from datetime import date

import pytest
from PyQt6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import press, type_text
from ui.look.scale import u
from ui.widgets.date_field import DateField

BEFORE = date(2026, 11, 23)


def opened(qtbot: QtBot) -> DateField:
    """Returns a field in which the keyboard stands as after Tab: in the day."""
    field = DateField(BEFORE)
    qtbot.addWidget(field)
    field.show()
    field.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(field.hasFocus)
    return field


@pytest.mark.parametrize("typed", ["05.06.2025", "5.6.2025", "05062025", "05/06/2025", "05,06,2025", "5 6 2025"])
def test_a_date_is_typed_with_its_dots_or_without(qtbot: QtBot, typed: str) -> None:
    field = opened(qtbot)
    type_text(field, typed)
    assert field.date().toPyDate() == date(2025, 6, 5)


def test_a_dot_leads_to_the_next_part(qtbot: QtBot) -> None:
    field = opened(qtbot)
    type_text(field, ".12")
    assert field.date().toPyDate() == date(2026, 12, 23)
    type_text(field, ".")
    type_text(field, "2027.")
    assert field.date().toPyDate() == date(2027, 12, 23)


def test_arrows_still_count(qtbot: QtBot) -> None:
    field = opened(qtbot)
    press(field, Qt.Key.Key_Up)
    assert field.date().toPyDate() == date(2026, 11, 24)


def test_a_whole_date_has_its_room_beside_the_arrow(qtbot: QtBot) -> None:
    field = opened(qtbot)
    field.resize(field.sizeHint())
    line = field.lineEdit()
    assert line is not None
    assert line.width() > field.fontMetrics().horizontalAdvance("30.09.2026") + u(8)
    assert field.minimumSizeHint().width() == field.sizeHint().width()
