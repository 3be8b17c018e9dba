"""The fields of a period: a preset, and from and to where a person wants other days."""

from __future__ import annotations

from datetime import date

from PyQt6.QtCore import QDate, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from tray_agent.i18n import _
from ui.models.period import PRESET_TITLES, Period, Preset, period_of
from ui.widgets.date_field import DateField


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
        for one, title in PRESET_TITLES.items():
            self.preset.addItem(_(title), one)
        self.first, self.last = _day(_("Von")), _day(_("Bis"))
        self._between = QLabel(_("bis"))
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        for widget in (self.preset, self.first, self._between, self.last):
            line.addWidget(widget)
        self.setFocusProxy(self.preset)
        self.choose(preset)
        self.preset.currentIndexChanged.connect(lambda _index: self._chosen())
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
        self.preset.setCurrentIndex(self.preset.findData(preset))
        self._show_days()

    def choose_days(self, first: date, last: date) -> None:
        """Chooses days of one's own."""
        self.choose(Preset.OWN)
        self.first.setDate(QDate(first.year, first.month, first.day))
        self.last.setDate(QDate(last.year, last.month, last.day))

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


def _day(name: str) -> DateField:
    edit = DateField()
    edit.setAccessibleName(name)
    return edit
