"""A text that remembers how it was made is a plain string where Qt wants a variant."""

from __future__ import annotations

from PyQt6.QtCore import Qt, QVariant
from pytestqt.qtbot import QtBot

from tray_agent.i18n import _
from ui.widgets.table_models import Column, ListModel


def test_a_table_shows_texts_that_remember_how_they_were_made(qtbot: QtBot) -> None:
    model = ListModel([Column[int](_("Status"), lambda _row: _("Erfolg"), tooltip=lambda _row: _("Fehler"))])
    model.show([1])
    cell, roles = model.index(0, 0), Qt.ItemDataRole
    shown = [model.data(cell, role) for role in (roles.DisplayRole, roles.AccessibleTextRole, roles.ToolTipRole)]
    shown.append(model.headerData(0, Qt.Orientation.Horizontal))
    assert [QVariant(text).typeName() for text in shown] == ["QString"] * 4
