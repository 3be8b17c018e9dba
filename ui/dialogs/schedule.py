"""The window *Zeitplan*: Häufigkeit, Häufigkeit pro Tag, period, and what that means."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, TypeVar, cast

from PyQt6.QtCore import QDate, Qt, QTime
from PyQt6.QtWidgets import (
    QAbstractButton,
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QGridLayout,
    QLabel,
    QRadioButton,
    QSpinBox,
    QTimeEdit,
    QWidget,
)

from tray_agent.i18n import _
from tray_agent.job_kinds import job_title
from tray_agent.jobs.owed import RetryPolicy
from tray_agent.schedules.codes import Subday
from ui.look.icons import Status
from ui.look.scale import Type, font, u
from ui.look.style import WRONG
from ui.models.schedule import (
    POSITION_TITLES,
    RELATIVE_DAY_TITLES,
    WEEKDAY_TITLES,
    NotePlace,
    Repeat,
    ScheduleFields,
    ScheduleModel,
    ScheduleSubject,
)
from ui.widgets.card import GAP, Card, line
from ui.widgets.controls import allow
from ui.widgets.date_field import DateField
from ui.widgets.dialog import Dialog
from ui.widgets.layout import GRID, choose, column, field_label, fill_choice, held, row, scrolling
from ui.widgets.notes import Note, plain_label, soft_label
from ui.windows import DialogContext

AnyWidget = TypeVar("AnyWidget", bound=QWidget)

_CHOICE_WIDTH, _UNIT_WIDTH = 170, 112

_MOST_REPEATED = 999
_MOST_EVERY = 1439


class ScheduleDialog(Dialog):
    """One job's schedule. *Speichern* hands it to *Aufträge verwalten*, which writes it when it is saved itself."""

    SIZE = (980, 580)

    def __init__(self, context: DialogContext) -> None:
        subject = cast("ScheduleSubject", context.subject)
        super().__init__(context, _("Zeitplan: {job}").format(job=job_title(subject.job)))
        self._subject = subject
        self.model = ScheduleModel(subject.schedule, context.agent.zone, context.agent.clock.now())
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
        self.repeat = _combo("repeat", _("Ausgeführt"), {kind: _(kind.value) for kind in Repeat})
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
        self.never = Note(status=Status.WARNING)
        self.retries = soft_label(wrap=True)
        self.retries.setObjectName("retries")
        self.retries.setAccessibleName(_("Weitere Versuche"))
        self.retries.setText(RetryPolicy().in_words())

    def _lay_out_fields(self) -> None:
        self._parts: dict[NotePlace, QWidget] = {}
        when, meaning = (self._frequency_card(), self._day_card()), (self._period_card(), self._meaning_card())
        page = held(row(*((column(*cards, None, spacing=GAP), 1) for cards in (when, meaning)), spacing=GAP))
        self._align()
        area = scrolling(page)
        area.setAccessibleName(_("Zeitplan"))
        self.body.addWidget(area, 1)
        for before, after in pairwise((self.once, self.at, self.several, self.every, self.unit, self.window_start, self.window_end)):
            self.setTabOrder(before, after)

    def _align(self) -> None:
        """Has the fields that belong together begin at one line, and be as wide."""
        for fields in ((self.once, self.several), self._day_words):
            widest = max(field.sizeHint().width() for field in fields)
            for field in fields:
                field.setMinimumWidth(widest)
        self.repeat.setMinimumWidth(u(_CHOICE_WIDTH))
        self.unit.setMinimumWidth(u(_UNIT_WIDTH))
        self.repeated.setMinimumWidth(u(_CHOICE_WIDTH))

    def _part(self, place: NotePlace, label: str, field: QWidget) -> QWidget:
        """Returns a field with its label above and its note below, to be shown or hidden as one."""
        self._notes[place] = note = Note()
        self._parts[place] = part = _labelled(label, field, note)
        return part

    def _frequency_card(self) -> Card:
        card = Card(_("Häufigkeit"))
        often = (_labelled(_("&Ausgeführt"), self.repeat), self._part(NotePlace.REPEATED, _("&Wiederholt"), self.repeated))
        days = _row(*self.weekdays.values(), spacing=2 * GRID)
        card.body.addLayout(row(*((part, Qt.AlignmentFlag.AlignTop) for part in often), None, spacing=2 * GRID))
        card.body.addWidget(self._part(NotePlace.WEEKDAYS, _("Wochen&tage"), days))
        card.body.addWidget(self._part(NotePlace.MONTHLY, _("Ta&g"), self._monthly()))
        return card

    def _monthly(self) -> QWidget:
        by_day = _row(self.by_day, self.day_of_month, QLabel(_("des Monats")))
        by_position = _row(self.by_position, self.position, self.relative_day, QLabel(_("des Monats")))
        self._monthly_choice = _exclusive(self.by_day, self.by_position)
        both = held(column(by_day, by_position))
        both.setFocusProxy(self.by_day)
        return both

    def _day_card(self) -> Card:
        card = Card(_("Häufigkeit pro Tag"))
        grid = QGridLayout()
        grid.setHorizontalSpacing(u(2 * GRID))
        grid.setVerticalSpacing(u(GRID))
        self._day_choice = _exclusive(self.once, self.several)
        self._notes |= {place: Note() for place in (NotePlace.TIME, NotePlace.EVERY, NotePlace.WINDOW)}
        self._day_words = at, every, since = QLabel(_("um")), QLabel(_("alle")), QLabel(_("von"))
        self._several_fields = (
            _row(every, self.every, self.unit),
            _row(since, self.window_start, QLabel(_("bis")), self.window_end),
        )
        times, window = self._several_fields
        fields = ((_row(at, self.at), NotePlace.TIME), (times, NotePlace.EVERY), (window, NotePlace.WINDOW))
        for place, (field, note) in enumerate(fields):
            grid.addLayout(column(field, self._notes[note], spacing=4), place, 1)
        grid.addWidget(self.once, 0, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(self.several, 1, 0, Qt.AlignmentFlag.AlignTop)
        for radio in (self.once, self.several):
            radio.setMinimumHeight(self.at.sizeHint().height())  # so that its word stands on the line of its field
        grid.setColumnStretch(1, 1)
        card.body.addLayout(grid)
        return card

    def _period_card(self) -> Card:
        card = Card(_("Dauer"))
        top = Qt.AlignmentFlag.AlignTop
        start = self._part(NotePlace.START, _("Startdat&um"), self.start)
        end = self._part(NotePlace.END, _("En&ddatum"), _row(self.end, self.endless, spacing=2 * GRID))
        card.body.addLayout(row((start, top), (end, top), None, spacing=2 * GRID))
        return card

    def _meaning_card(self) -> Card:
        card = Card(_("Das bedeutet"))
        self.summary.setAccessibleName(_("Zeitplan in einem Satz"))
        self.next_runs.setAccessibleName(_("Die nächsten Läufe"))
        self._next_title = soft_label(_("Die nächsten Läufe"))
        card.body.addWidget(self.summary)
        card.body.addLayout(column(self._next_title, self.next_runs, self.never, spacing=4))
        card.body.addWidget(line())
        card.body.addWidget(self.retries)
        return card

    # Showing and editing

    @property
    def _by_name(self) -> dict[str, QWidget]:
        """Returns the fields that show and edit what the ``ScheduleFields`` of the same name hold."""
        return {
            "repeat": self.repeat, "by_position": self.by_position, "day_of_month": self.day_of_month, "position": self.position,
            "relative_day": self.relative_day, "several": self.several, "at": self.at, "every": self.every, "unit": self.unit,
            "window_start": self.window_start, "window_end": self.window_end, "start": self.start, "end": self.end, "endless": self.endless,
        }  # fmt: skip

    def _fill(self, fields: ScheduleFields) -> None:
        for name, widget in self._by_name.items():
            show_value(widget, getattr(fields, name))
        for day, box in self.weekdays.items():
            box.setChecked(bool(fields.weekdays & day))
        self.by_day.setChecked(not fields.by_position)
        self.once.setChecked(not fields.several)
        self._show_repeated(fields)

    def _connect(self) -> None:
        for name, widget in self._by_name.items():
            on_edit(widget, partial(self._edit_one, name))
        self.repeated.valueChanged.connect(lambda number: self._edit(self._repeated_values(number)))
        for box in self.weekdays.values():
            box.toggled.connect(lambda _on: self._edit(self._weekday_values()))

    def _edit_one(self, name: str, value: object) -> None:
        self._edit({name: value})

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
            for field in self._fields_of(place):
                field.setProperty(WRONG, place in model.mistakes)
                field.update()
        self.summary.setText(model.summary)
        self.next_runs.setText("\n".join(model.next_lines))
        for shown in (self._next_title, self.next_runs):
            shown.setVisible(bool(model.next_lines))
        self.never.say(model.never)
        allow(self._save, possible=not model.mistakes, reason=_("Zuerst die Hinweise bei den Feldern beachten."))
        self._subject.preview(model.schedule)

    def _fields_of(self, place: NotePlace) -> tuple[QWidget, ...]:
        """Returns the fields that a note is about."""
        return {
            NotePlace.REPEATED: (self.repeated,),
            NotePlace.MONTHLY: (self.position, self.relative_day) if self.model.fields.by_position else (self.day_of_month,),
            NotePlace.TIME: (self.at,),
            NotePlace.EVERY: (self.every,),
            NotePlace.WINDOW: (self.window_start, self.window_end),
            NotePlace.START: (self.start,),
            NotePlace.END: (self.end,),
        }.get(place, ())

    def _show_parts(self, fields: ScheduleFields) -> None:
        """Shows the fields that the chosen kind uses, and lets those be edited that count."""
        once = fields.repeat is Repeat.ONCE
        for place, visible in (
            (NotePlace.REPEATED, not once),
            (NotePlace.WEEKDAYS, fields.repeat is Repeat.WEEKLY),
            (NotePlace.MONTHLY, fields.repeat is Repeat.MONTHLY),
            (NotePlace.END, not once),
        ):
            self._parts[place].setVisible(visible)
        several = fields.several and not once
        self.several.setEnabled(not once)
        self.at.setEnabled(not several)
        for fields_of_several in self._several_fields:
            fields_of_several.setEnabled(several)
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

    def _weekday_values(self) -> dict[str, object]:
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


def _labelled(label: str, field: QWidget, *below: QWidget) -> QWidget:
    """Returns a field with its label above it and what stands below it; the label's key leads to what takes the keyboard."""
    named = field.accessibleName()
    title = field_label(label, field.focusProxy() or field)
    title.setFont(font(Type.TEXT, strong=True))
    if named:
        field.setAccessibleName(named)
    return held(column(title, field, *below, spacing=4))


def _row(*widgets: QWidget, spacing: int = GRID) -> QWidget:
    """Returns widgets side by side, as one field of a form; the first that takes the keyboard stands for it."""
    row_of_fields = held(row(*widgets, None, spacing=spacing))
    first = next((widget for widget in widgets if widget.focusPolicy() is not Qt.FocusPolicy.NoFocus), None)
    if first is not None:
        row_of_fields.setFocusProxy(first)  # its policy is that of the first from now on: setting one here would take it from the field
    return row_of_fields


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
    return fill_choice(_named(QComboBox(), name, label), ((title, value) for value, title in choices.items()))


def show_value(field: QWidget, value: Any) -> None:  # noqa: ANN401 - each field has a type of its own
    """Shows a value in a field."""
    match field:
        case QComboBox():
            choose(field, value)
        case QSpinBox():
            field.setValue(value)
        case QAbstractButton():
            field.setChecked(value)
        case QTimeEdit():
            field.setDisplayFormat("HH:mm:ss" if value.second else "HH:mm")
            field.setTime(QTime(value.hour, value.minute, value.second))
        case DateField():
            field.setDate(QDate(value.year, value.month, value.day))


def on_edit(field: QWidget, call: Callable[[Any], object]) -> None:
    """Calls ``call`` with the value that a field holds from now on."""
    match field:
        case QComboBox():
            field.currentIndexChanged.connect(lambda _index: call(field.currentData()))
        case QSpinBox():
            field.valueChanged.connect(call)
        case QAbstractButton():
            field.toggled.connect(call)
        case QTimeEdit():
            field.timeChanged.connect(lambda at: call(at.toPyTime()))
        case DateField():
            field.dateChanged.connect(lambda day: call(day.toPyDate()))


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
