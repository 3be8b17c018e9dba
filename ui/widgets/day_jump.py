"""*Gehe zu Datum …*: leads to a day in a list by time, however long the list is."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QDateEdit, QDialog, QDialogButtonBox, QPushButton, QWidget

from tray_agent.i18n import _
from tray_agent.schedules.wall_clock import first_instant
from ui.models.period import Preset
from ui.widgets.controls import by_key
from ui.widgets.date_field import DateField
from ui.widgets.fields import Fields
from ui.widgets.layout import GRID, column
from ui.widgets.paged_list import PagedModel
from ui.widgets.period_fields import PeriodFields
from ui.widgets.table_models import Row
from ui.widgets.tables import TableView

_TIME = 0
"""The column by whose time one goes to a day."""

_KEY = QKeySequence("Ctrl+G")

_WIDTH = 400
"""Pixels, so that the title has room beside the program's name."""


class DayJump(QPushButton):
    """The button; it asks for a day and leads there.

    Attributes:
        chosen: carries the ``date``.

    Args:
        today: the day proposed at first; later the one chosen last.
    """

    chosen = pyqtSignal(object)

    def __init__(self, today: date, parent: QWidget | None = None) -> None:
        super().__init__(_("&Gehe zu Datum …"), parent)
        self.day = today
        self.setAutoDefault(False)
        self.setToolTip(by_key(self, _KEY, self.click))
        self.clicked.connect(lambda _checked: self._ask())

    def lead(self, model: PagedModel[Row], table: TableView[Row], period: PeriodFields, zone: tzinfo) -> None:
        """Leads to days in a list by time, whose rows are filtered by a period; ``zone`` is the practice's.

        May be called for several lists of which one is seen at a time.
        """
        self.chosen.connect(lambda day: go_to_day(day, zone, model, table, period) if table.isVisible() else None)
        model.went.connect(table.show_row)

    def _ask(self) -> None:
        question = DayQuestion(self.day, self.window())
        if question.exec() == QDialog.DialogCode.Accepted:
            self.day = question.day
            self.chosen.emit(self.day)


class DayQuestion(QDialog):
    """Asks for a day, by keys or in a calendar."""

    def __init__(self, day: date, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Gehe zu Datum"))
        self.setMinimumWidth(_WIDTH)
        self.field = DateField(day)
        form = Fields()
        form.add(_("&Datum"), self.field, _("Der jüngste Eintrag dieses Tages wird gezeigt, oder der nächstältere."), wide=True)
        buttons = QDialogButtonBox(self)
        go = buttons.addButton(_("&Anzeigen"), QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(_("Abbrechen"), QDialogButtonBox.ButtonRole.RejectRole)
        if go is not None:
            go.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.setLayout(column(form, buttons, spacing=2 * GRID, margins=(2 * GRID,) * 4))
        self.field.setSelectedSection(QDateEdit.Section.DaySection)

    @property
    def day(self) -> date:
        """Returns the day as it stands in the field."""
        return self.field.date().toPyDate()


def go_to_day(day: date, zone: tzinfo, model: PagedModel[Row], table: TableView[Row], period: PeriodFields) -> None:
    """Goes to the newest row of a day or, where it has none, to the next older one.

    The list is put into the order by time, the newest first, and a period that leaves the day out is widened to all days.
    """
    chosen = period.period
    if (chosen.first and day < chosen.first) or (chosen.last and day > chosen.last):
        period.choose(Preset.ALL)
        period.changed.emit()
    titles = table.titles
    if (titles.sortIndicatorSection(), titles.sortIndicatorOrder()) != (_TIME, Qt.SortOrder.DescendingOrder):
        table.sortByColumn(_TIME, Qt.SortOrder.DescendingOrder)
    model.go_to(first_instant(datetime.combine(day + timedelta(days=1), time()), zone))
    table.setFocus()
