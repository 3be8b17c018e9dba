"""The fields of a period: a preset, and from and to where a person wants other days."""

from __future__ import annotations

from datetime import date

from PyQt6.QtCore import QDate, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QLabel, QWidget

from tray_agent.i18n import _
from ui.models.period import Period, Preset, period_of
from ui.widgets.date_field import DateField
from ui.widgets.layout import choose, fill_choice, row
from ui.widgets.notes import Note


class PeriodFields(QWidget):
    """Lets a person choose a period.

    Attributes:
        changed: another period was chosen.

    Args:
        today: the practice's day.
        preset: the one to begin with.
    """

    changed = pyqtSignal()

    def __init__(self, today: date, preset: Preset = Preset.WEEK, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._today = today
        self.preset = QComboBox()
        self.preset.setAccessibleName(_("Zeitraum"))
        self.first, self.last = DateField(), DateField()
        self.first.setAccessibleName(_("Von"))
        self.last.setAccessibleName(_("Bis"))
        self._between = QLabel(_("bis"))
        self.setLayout(row(self.preset, self.first, self._between, self.last, margins=(0, 0, 0, 0)))
        self.setFocusProxy(self.preset)
        fill_choice(self.preset, ((_(one.value), one) for one in Preset), self._chosen, preset)
        self._show_days()
        self.first.dateChanged.connect(lambda _day: self.changed.emit())
        self.last.dateChanged.connect(lambda _day: self.changed.emit())

    @property
    def period(self) -> Period:
        """Returns the period chosen; it may be impossible (from after to)."""
        preset = self.preset.currentData()
        if preset is not Preset.OWN:
            return period_of(preset, self._today)
        return Period(self.first.date().toPyDate(), self.last.date().toPyDate())

    def choose(self, preset: Preset) -> None:
        """Chooses a preset."""
        choose(self.preset, preset)
        self._show_days()

    def tell_impossible(self, note: Note) -> bool:
        """Says beside the fields where they make no period; returns whether they make one."""
        possible = self.period.is_possible
        note.say("" if possible else _("Das erste Datum liegt nach dem letzten: so gibt es keinen Zeitraum."))
        return possible

    def _chosen(self) -> None:
        self._show_days()
        self.changed.emit()

    def _show_days(self) -> None:
        preset = self.preset.currentData()
        own = preset is Preset.OWN
        for widget in (self.first, self._between, self.last):
            widget.setVisible(own)
        days = period_of(preset, self._today)
        if days.first is None or days.last is None:
            return
        for edit, day in ((self.first, days.first), (self.last, days.last)):
            edit.blockSignals(True)
            edit.setDate(QDate(day.year, day.month, day.day))
            edit.blockSignals(False)
