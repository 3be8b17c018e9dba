"""The window *Zeitplan*: Häufigkeit, Häufigkeit pro Tag, period, and what that means."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar, cast

from PyQt6.QtCore import QDate, Qt, QTime
from PyQt6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QRadioButton,
    QSpinBox,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from tray_agent.i18n import _
from tray_agent.job_kinds import job_title
from tray_agent.schedules.codes import Subday
from ui.models.schedule import (
    POSITION_TITLES,
    RELATIVE_DAY_TITLES,
    REPEAT_TITLES,
    WEEKDAY_TITLES,
    NotePlace,
    Repeat,
    ScheduleFields,
    ScheduleModel,
    ScheduleSubject,
)
from ui.widgets.controls import FocusedWheel, allow
from ui.widgets.date_field import DateField
from ui.widgets.dialog import GRID, Dialog, Form, scrolling
from ui.widgets.notes import Note, plain_label

if TYPE_CHECKING:
    from ui.windows import DialogContext

AnyWidget = TypeVar("AnyWidget", bound=QWidget)

_MOST_REPEATED = 999
_MOST_EVERY = 1439


def open_dialog(context: DialogContext) -> Dialog:
    """Makes the window, for the ``ScheduleSubject`` of *Aufträge verwalten*."""
    return ScheduleDialog(context, cast("ScheduleSubject", context.subject))


class ScheduleDialog(Dialog):
    """One job's schedule. *Speichern* hands it to *Aufträge verwalten*, which writes it when it is saved itself."""

    NAME = "schedule"
    SIZE = (620, 640)

    def __init__(self, context: DialogContext, subject: ScheduleSubject) -> None:
        super().__init__(context, _("Zeitplan: {job}").format(job=job_title(subject.job)))
        self._subject = subject
        self.model = ScheduleModel(subject.schedule, context.agent.machine.zone, context.agent.clock.now())
        self._filling = False
        self._notes: dict[NotePlace, Note] = {}
        self._make_fields()
        self._lay_out_fields()
        self._save = self.main_action(_("&Speichern"), self.save_and_close)
        self.close_action()
        self._fill(self.model.fields)
        self._connect()
        self._changed()
        self.repeat.setFocus()

    # Fields

    def _make_fields(self) -> None:
        self.repeat = _combo("repeat", _("Ausgeführt"), {kind: _(title) for kind, title in REPEAT_TITLES.items()})
        self.repeated = _spin("repeated", _("Wiederholt"), 1, _MOST_REPEATED)
        self.weekdays = {day: _check(f"weekday-{int(day)}", _(short), _(long)) for day, (short, long) in WEEKDAY_TITLES.items()}
        self.by_day = _radio("by-day", _("Am"), _("Am Tag des Monats"))
        self.day_of_month = _spin("day-of-month", _("Tag des Monats"), 1, 31)
        self.by_position = _radio("by-position", _("Am"), _("Am soundsovielten Tag einer Art"))
        self.position = _combo("position", _("Der wievielte"), {place: _(title) for place, title in POSITION_TITLES.items()})
        self.relative_day = _combo("relative-day", _("Art des Tages"), {day: _(title) for day, title in RELATIVE_DAY_TITLES.items()})
        self.once = _radio("once", _("&Einmalig"))
        self.at = _named(QTimeEdit(), "at", _("Uhrzeit"))
        self.several = _radio("several", _("&Mehrmals"))
        self.every = _spin("every", _("Alle wie viele Minuten oder Stunden"), 1, _MOST_EVERY)
        self.unit = _combo("unit", _("Minuten oder Stunden"), {Subday.MINUTES: _("Minuten"), Subday.HOURS: _("Stunden")})
        self.window_start = _named(QTimeEdit(), "window-start", _("Von"))
        self.window_end = _named(QTimeEdit(), "window-end", _("Bis"))
        self.start = _named(DateField(), "start", _("Startdatum"))
        self.end = _named(DateField(), "end", _("Enddatum"))
        self.endless = _check("endless", _("&Kein Enddatum"), _("Kein Enddatum"))
        self.summary = plain_label(bold=True)
        self.summary.setObjectName("summary")
        self.next_runs = plain_label()
        self.next_runs.setObjectName("next-runs")

    def _lay_out_fields(self) -> None:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * GRID)
        for group in (self._frequency_group(), self._day_group(), self._period_group(), self._meaning_group()):
            column.addWidget(group)
        column.addStretch(1)
        self._align()
        area = scrolling(page)
        area.setAccessibleName(_("Zeitplan"))
        FocusedWheel(page)
        self.body.addWidget(area, 1)

    def _align(self) -> None:
        """Has the fields of all groups begin at one line."""
        starts: list[QWidget] = [self.once, self.several]
        for form in (self._frequency, self._period):
            labels = (form.itemAt(row, Form.ItemRole.LabelRole) for row in range(form.rowCount()))
            starts += [label for item in labels if item is not None and (label := item.widget()) is not None]
        width = max(start.sizeHint().width() for start in starts)
        for start in starts:
            start.setMinimumWidth(width)
        for column in ((self.repeat, self.repeated), self._day_words):
            widest = max(20 * GRID if field is self.repeat else field.sizeHint().width() for field in column)
            for field in column:
                field.setMinimumWidth(widest)

    def _frequency_group(self) -> QGroupBox:
        group = QGroupBox(_("Häufigkeit"))
        self._frequency = Form(group)
        self._frequency.add(_("&Ausgeführt"), _row(self.repeat))
        self._notes[NotePlace.REPEATED] = self._frequency.add(_("&Wiederholt"), _row(self.repeated))
        days = _row(*self.weekdays.values(), spacing=2 * GRID)
        self._notes[NotePlace.WEEKDAYS] = self._frequency.add(_("Wochen&tage"), days)
        self._notes[NotePlace.MONTHLY] = self._frequency.add(_("Ta&g"), self._monthly())
        return group

    def _monthly(self) -> QWidget:
        by_day = _row(self.by_day, self.day_of_month, QLabel(_("des Monats")))
        by_position = _row(self.by_position, self.position, self.relative_day, QLabel(_("des Monats")))
        self._monthly_choice = _exclusive(self.by_day, self.by_position)
        both = QWidget()
        column = QVBoxLayout(both)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(by_day)
        column.addWidget(by_position)
        both.setFocusProxy(self.by_day)
        return both

    def _day_group(self) -> QGroupBox:
        group = QGroupBox(_("Häufigkeit pro Tag"))
        grid = QGridLayout(group)
        grid.setHorizontalSpacing(2 * GRID)
        grid.setVerticalSpacing(GRID)
        self._day_choice = _exclusive(self.once, self.several)
        self._notes |= {place: Note() for place in (NotePlace.TIME, NotePlace.EVERY, NotePlace.WINDOW)}
        self._day_words = at, every, since = QLabel(_("um")), QLabel(_("alle")), QLabel(_("von"))
        self._several_fields = (
            _row(every, self.every, self.unit),
            _row(since, self.window_start, QLabel(_("bis")), self.window_end),
        )
        rows = (_row(at, self.at), self._notes[NotePlace.TIME])
        for place, field in enumerate(
            (*rows, self._several_fields[0], self._notes[NotePlace.EVERY], self._several_fields[1], self._notes[NotePlace.WINDOW])
        ):
            grid.addWidget(field, place, 1)
        grid.addWidget(self.once, 0, 0)
        grid.addWidget(self.several, 2, 0)
        for before, after in pairwise((self.once, self.at, self.several, self.every, self.unit, self.window_start, self.window_end)):
            self.setTabOrder(before, after)
        grid.setColumnStretch(1, 1)
        return group

    def _period_group(self) -> QGroupBox:
        group = QGroupBox(_("Dauer"))
        self._period = Form(group)
        self._notes[NotePlace.START] = self._period.add(_("Startdat&um"), _row(self.start))
        self._notes[NotePlace.END] = self._period.add(_("En&ddatum"), _row(self.end, self.endless, spacing=2 * GRID))
        return group

    def _meaning_group(self) -> QGroupBox:
        group = QGroupBox(_("Das bedeutet"))
        column = QVBoxLayout(group)
        column.setSpacing(GRID)
        for label, name in ((self.summary, _("Zeitplan in einem Satz")), (self.next_runs, _("Die nächsten Läufe"))):
            label.setAccessibleName(name)
            column.addWidget(label)
        return group

    # Showing and editing

    def _fill(self, fields: ScheduleFields) -> None:
        _choose(self.repeat, fields.repeat)
        for day, box in self.weekdays.items():
            box.setChecked(bool(fields.weekdays & day))
        (self.by_position if fields.by_position else self.by_day).setChecked(True)
        self.day_of_month.setValue(fields.day_of_month)
        _choose(self.position, fields.position)
        _choose(self.relative_day, fields.relative_day)
        (self.several if fields.several else self.once).setChecked(True)
        self.every.setValue(fields.every)
        _choose(self.unit, fields.unit)
        for edit, of_day in ((self.at, fields.at), (self.window_start, fields.window_start), (self.window_end, fields.window_end)):
            edit.setDisplayFormat("HH:mm:ss" if of_day.second else "HH:mm")
            edit.setTime(QTime(of_day.hour, of_day.minute, of_day.second))
        self.start.setDate(QDate(fields.start.year, fields.start.month, fields.start.day))
        self.end.setDate(QDate(fields.end.year, fields.end.month, fields.end.day))
        self.endless.setChecked(fields.endless)
        self._show_repeated(fields)

    def _connect(self) -> None:
        edits: tuple[tuple[Any, Callable[[Any], dict[str, object]]], ...] = (
            (self.repeat.currentIndexChanged, lambda _index: {"repeat": self.repeat.currentData()}),
            (self.repeated.valueChanged, self._repeated_values),
            *((box.toggled, self._weekday_values) for box in self.weekdays.values()),
            (self.by_position.toggled, lambda on: {"by_position": on}),
            (self.day_of_month.valueChanged, lambda number: {"day_of_month": number}),
            (self.position.currentIndexChanged, lambda _index: {"position": self.position.currentData()}),
            (self.relative_day.currentIndexChanged, lambda _index: {"relative_day": self.relative_day.currentData()}),
            (self.several.toggled, lambda on: {"several": on}),
            (self.at.timeChanged, lambda at: {"at": at.toPyTime()}),
            (self.every.valueChanged, lambda number: {"every": number}),
            (self.unit.currentIndexChanged, lambda _index: {"unit": self.unit.currentData()}),
            (self.window_start.timeChanged, lambda at: {"window_start": at.toPyTime()}),
            (self.window_end.timeChanged, lambda at: {"window_end": at.toPyTime()}),
            (self.start.dateChanged, lambda day: {"start": day.toPyDate()}),
            (self.end.dateChanged, lambda day: {"end": day.toPyDate()}),
            (self.endless.toggled, lambda on: {"endless": on}),
        )
        for signal, values in edits:
            signal.connect(lambda value, values=values: self._edit(values(value)))

    def _edit(self, values: dict[str, object]) -> None:
        # fields that the window sets by itself are no edits
        if self._filling:
            return
        self.model.edit(**values)
        if "repeat" in values:
            self._show_repeated(self.model.fields)
        self._changed()

    def _changed(self) -> None:
        model = self.model
        self._show_parts(model.fields)
        for place, note in self._notes.items():
            note.say(model.mistakes.get(place, ""))
        self.summary.setText(model.summary)
        self.next_runs.setText("\n".join(model.next_lines))
        self.next_runs.setVisible(bool(model.next_lines))
        allow(self._save, possible=not model.mistakes, otherwise=_("Zuerst die Hinweise bei den Feldern beachten."))
        self._subject.preview(model.schedule)

    def _show_parts(self, fields: ScheduleFields) -> None:
        """Shows the fields that the chosen kind uses, and lets those be edited that count."""
        once = fields.repeat is Repeat.ONCE
        for place, visible in ((1, not once), (2, fields.repeat is Repeat.WEEKLY), (3, fields.repeat is Repeat.MONTHLY)):
            self._frequency.setRowVisible(place, visible)
        self._period.setRowVisible(1, not once)
        several = fields.several and not once
        self.several.setEnabled(not once)
        self.at.setEnabled(not several)
        for row in self._several_fields:
            row.setEnabled(several)
        self._filling = True
        (self.several if several else self.once).setChecked(True)
        self._filling = False
        self.end.setEnabled(not fields.endless)
        self.day_of_month.setEnabled(not fields.by_position)
        self.position.setEnabled(fields.by_position)
        self.relative_day.setEnabled(fields.by_position)

    def _show_repeated(self, fields: ScheduleFields) -> None:
        words = {
            Repeat.DAILY: (fields.days, _("jeden Tag"), _("alle {number} Tage")),
            Repeat.WEEKLY: (fields.weeks, _("jede Woche"), _("alle {number} Wochen")),
            Repeat.MONTHLY: (fields.months, _("jeden Monat"), _("alle {number} Monate")),
        }.get(fields.repeat)
        if words is None:
            return
        number, each, every = words
        before, _number, after = every.partition("{number}")
        self._filling = True
        self.repeated.setSpecialValueText(each)
        self.repeated.setPrefix(before)
        self.repeated.setSuffix(after)
        self.repeated.setValue(number)
        self._filling = False

    def _repeated_values(self, number: int) -> dict[str, object]:
        return {{Repeat.WEEKLY: "weeks", Repeat.MONTHLY: "months"}.get(self.repeat.currentData(), "days"): number}

    def _weekday_values(self, _on: bool) -> dict[str, object]:
        return {"weekdays": sum(int(day) for day, box in self.weekdays.items() if box.isChecked())}

    # Saving

    def has_unsaved_changes(self) -> bool:
        """Returns whether the schedule means something else than at the beginning."""
        return self.model.has_changes

    def save(self, then: Callable[[], None]) -> None:
        """Hands the schedule to *Aufträge verwalten*."""
        if self.model.schedule is not None:
            self._subject.take(self.model.schedule)
            then()

    def done(self, result: int) -> None:
        """Ends the window; what was only tried is forgotten."""
        self._subject.preview(None)
        super().done(result)


def _row(*widgets: QWidget, spacing: int = GRID) -> QWidget:
    """Returns widgets side by side, as one field of a form; the first that takes the keyboard stands for it."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for widget in widgets:
        layout.addWidget(widget)
    layout.addStretch(1)
    first = next((widget for widget in widgets if widget.focusPolicy() is not Qt.FocusPolicy.NoFocus), None)
    if first is not None:
        row.setFocusProxy(first)  # its policy is that of the first from now on: setting one here would take it from the field
    return row


def _exclusive(*radios: QRadioButton) -> QButtonGroup:
    group = QButtonGroup()
    for radio in radios:
        group.addButton(radio)
    return group


def _named(widget: AnyWidget, name: str, label: str) -> AnyWidget:
    widget.setObjectName(name)
    widget.setAccessibleName(label)
    return widget


def _combo(name: str, label: str, choices: dict[Any, str]) -> QComboBox:
    box = _named(QComboBox(), name, label)
    for value, title in choices.items():
        box.addItem(title, value)
    return box


def _choose(box: QComboBox, value: object) -> None:
    box.setCurrentIndex(next((place for place in range(box.count()) if box.itemData(place) == value), 0))


def _spin(name: str, label: str, least: int, most: int) -> QSpinBox:
    box = _named(QSpinBox(), name, label)
    box.setRange(least, most)
    return box


def _check(name: str, text: str, label: str) -> QCheckBox:
    box = _named(QCheckBox(text), name, label)
    box.setToolTip(label if label != text.replace("&", "") else "")
    return box


def _radio(name: str, text: str, label: str = "") -> QRadioButton:
    return _named(QRadioButton(text), name, label or text.replace("&", ""))
