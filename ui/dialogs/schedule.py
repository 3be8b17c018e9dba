"""The window *Zeitplan*: Häufigkeit, Häufigkeit pro Tag, period, and what that means."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

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
    QScrollArea,
    QSpinBox,
    QTimeEdit,
    QVBoxLayout,
    QWidget,
)

from tray_agent.i18n import _
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.schedules.schedule import Schedule, Subday
from ui.models.schedule import (
    POSITION_TITLES,
    RELATIVE_DAY_TITLES,
    REPEAT_TITLES,
    WEEKDAY_TITLES,
    Draft,
    Field,
    Repeat,
    ScheduleModel,
    ScheduleSubject,
)
from ui.widgets.date_field import DateField
from ui.widgets.dialog import GRID, Dialog, Form
from ui.widgets.focused_wheel import FocusedWheel
from ui.widgets.notes import Note
from ui.widgets.reasons import allow

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.errors import KnownError
    from tray_agent.jobs.model import JobOverview
    from ui.windows import DialogContext

_MOST_REPEATED = 999
_MOST_EVERY = 1439


def open_dialog(context: DialogContext) -> Dialog:
    """Makes the window: for a schedule of *Aufträge verwalten*, or for a job by itself (its key; by default the first)."""
    return ScheduleDialog(context)


class ScheduleDialog(Dialog):
    """One job's schedule. *Speichern* hands it to *Aufträge verwalten*, or writes it where that window did not open this one."""

    NAME = "schedule"
    SIZE = (620, 640)

    def __init__(self, context: DialogContext) -> None:
        subject = context.subject
        self._subject = subject if isinstance(subject, ScheduleSubject) else None
        self.job = self._subject.job if self._subject else JobKey(subject) if isinstance(subject, str) else JobKey.DOWNLOAD
        super().__init__(context, _("Zeitplan: {job}").format(job=job_title(self.job)))
        self.model: ScheduleModel | None = None
        self._version = 0
        self._filling = False
        self._notes: dict[Field, Note] = {}
        self._make_fields()
        self._lay_out_fields()
        self._save = self.main_action(_("&Speichern"), self.save_and_close)
        self._save.setEnabled(False)
        self.close_action()
        self._begin(context.agent)

    def _begin(self, agent: Agent) -> None:
        if self._subject is not None:
            self._show(self._subject.schedule)
        else:
            self.run(lambda: _load(agent, self.job), self._loaded, busy=_("Zeitplan wird gelesen …"))

    def _loaded(self, row: JobOverview) -> None:
        self._version = row.version
        self._show(row.schedule)

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
        self.at = _time("at", _("Uhrzeit"))
        self.several = _radio("several", _("&Mehrmals"))
        self.every = _spin("every", _("Alle wie viele Minuten oder Stunden"), 1, _MOST_EVERY)
        self.unit = _combo("unit", _("Minuten oder Stunden"), {Subday.MINUTES: _("Minuten"), Subday.HOURS: _("Stunden")})
        self.window_start = _time("window-start", _("Von"))
        self.window_end = _time("window-end", _("Bis"))
        self.start = _date("start", _("Startdatum"))
        self.end = _date("end", _("Enddatum"))
        self.endless = _check("endless", _("&Kein Enddatum"), _("Kein Enddatum"))
        self.summary = QLabel()
        self.summary.setObjectName("summary")
        self.next_runs = QLabel()
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
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setAccessibleName(_("Zeitplan"))
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(page)
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
        self._notes[Field.REPEATED] = self._frequency.add(_("&Wiederholt"), _row(self.repeated))
        days = _row(*self.weekdays.values(), spacing=2 * GRID)
        self._notes[Field.WEEKDAYS] = self._frequency.add(_("Wochen&tage"), days)
        self._notes[Field.MONTHLY] = self._frequency.add(_("Ta&g"), self._monthly())
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
        self._notes |= {place: Note() for place in (Field.TIME, Field.EVERY, Field.WINDOW)}
        self._day_words = at, every, since = QLabel(_("um")), QLabel(_("alle")), QLabel(_("von"))
        self._several_fields = (
            _row(every, self.every, self.unit),
            _row(since, self.window_start, QLabel(_("bis")), self.window_end),
        )
        rows = (_row(at, self.at), self._notes[Field.TIME])
        for place, field in enumerate(
            (*rows, self._several_fields[0], self._notes[Field.EVERY], self._several_fields[1], self._notes[Field.WINDOW])
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
        self._notes[Field.START] = self._period.add(_("Startdat&um"), _row(self.start))
        self._notes[Field.END] = self._period.add(_("En&ddatum"), _row(self.end, self.endless, spacing=2 * GRID))
        return group

    def _meaning_group(self) -> QGroupBox:
        group = QGroupBox(_("Das bedeutet"))
        column = QVBoxLayout(group)
        column.setSpacing(GRID)
        for label, name in ((self.summary, _("Zeitplan in einem Satz")), (self.next_runs, _("Die nächsten Läufe"))):
            label.setAccessibleName(name)
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            column.addWidget(label)
        font = self.summary.font()
        font.setBold(True)
        self.summary.setFont(font)
        return group

    # Showing and editing

    def _show(self, schedule: Schedule) -> None:
        machine, clock = self.context.agent.machine, self.context.agent.clock
        first = self.model is None
        self.model = ScheduleModel(job_title(self.job), schedule, machine.zone, clock.now())
        self._filling = True
        self._fill(self.model.draft)
        self._filling = False
        if first:
            self._connect()
        self._changed()
        self.repeat.setFocus()

    def _fill(self, draft: Draft) -> None:
        _choose(self.repeat, draft.repeat)
        for day, box in self.weekdays.items():
            box.setChecked(bool(draft.weekdays & day))
        (self.by_position if draft.by_position else self.by_day).setChecked(True)
        self.day_of_month.setValue(draft.day_of_month)
        _choose(self.position, draft.position)
        _choose(self.relative_day, draft.relative_day)
        (self.several if draft.several else self.once).setChecked(True)
        self.every.setValue(draft.every)
        _choose(self.unit, draft.unit)
        for edit, of_day in ((self.at, draft.at), (self.window_start, draft.window_start), (self.window_end, draft.window_end)):
            edit.setDisplayFormat("HH:mm:ss" if of_day.second else "HH:mm")
            edit.setTime(QTime(of_day.hour, of_day.minute, of_day.second))
        self.start.setDate(QDate(draft.start.year, draft.start.month, draft.start.day))
        self.end.setDate(QDate(draft.end.year, draft.end.month, draft.end.day))
        self.endless.setChecked(draft.endless)
        self._show_repeated(draft)

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
        if self.model is None or self._filling:
            return
        self.model.edit(**values)
        if "repeat" in values:
            self._show_repeated(self.model.draft)
        self._changed()

    def _changed(self) -> None:
        model = self.model
        if model is None:
            return
        self._show_parts(model.draft)
        mistakes = model.mistakes
        for place, note in self._notes.items():
            note.say(mistakes.get(place, ""))
        self.summary.setText(model.summary)
        self.next_runs.setText(_next_text(model))
        self.next_runs.setVisible(bool(self.next_runs.text()))
        allow(self._save, possible=not mistakes, otherwise=_("Zuerst die Hinweise bei den Feldern beachten."))
        if self._subject is not None:
            self._subject.preview(model.schedule)

    def _show_parts(self, draft: Draft) -> None:
        """Shows the fields that the chosen kind uses, and lets those be edited that count."""
        once = draft.repeat is Repeat.ONCE
        for row, visible in ((1, not once), (2, draft.repeat is Repeat.WEEKLY), (3, draft.repeat is Repeat.MONTHLY)):
            self._frequency.setRowVisible(row, visible)
        self._period.setRowVisible(1, not once)
        several = draft.several and not once
        self.several.setEnabled(not once)
        self.at.setEnabled(not several)
        for fields in self._several_fields:
            fields.setEnabled(several)
        self._filling = True
        (self.several if several else self.once).setChecked(True)
        self._filling = False
        self.end.setEnabled(not draft.endless)
        self.day_of_month.setEnabled(not draft.by_position)
        self.position.setEnabled(draft.by_position)
        self.relative_day.setEnabled(draft.by_position)

    def _show_repeated(self, draft: Draft) -> None:
        words = {
            Repeat.DAILY: (draft.days, _("jeden Tag"), _("alle {number} Tage")),
            Repeat.WEEKLY: (draft.weeks, _("jede Woche"), _("alle {number} Wochen")),
            Repeat.MONTHLY: (draft.months, _("jeden Monat"), _("alle {number} Monate")),
        }.get(draft.repeat)
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
        return self.model is not None and self.model.has_changes

    def save(self, then: Callable[[], None]) -> None:
        """Hands the schedule to *Aufträge verwalten*, or writes it."""
        schedule = self.model.schedule if self.model else None
        if schedule is None:
            return
        if self._subject is not None:
            self._subject.take(schedule)
            then()
            return
        agent, job, version = self.context.agent, self.job, self._version
        self.run(
            lambda: _write(agent, job, schedule, version),
            lambda _nothing: then(),
            busy=_("Zeitplan wird gespeichert …"),
            failed=self._not_saved,
        )

    def _not_saved(self, error: KnownError) -> None:
        """Shows why; what somebody else saved in between is read and shown."""
        from tray_agent.jobs.errors import ChangedElsewhereError

        self.show_error(error)
        if isinstance(error, ChangedElsewhereError):
            agent, job = self.context.agent, self.job
            self.run(lambda: _load(agent, job), self._loaded)

    def done(self, result: int) -> None:
        """Ends the window; what was only tried is forgotten."""
        if self._subject is not None:
            self._subject.preview(None)
        super().done(result)


def _next_text(model: ScheduleModel) -> str:
    lines = model.next_lines
    if not model.next_runs():
        return "\n".join(lines)
    return "\n".join((_("Die nächsten Läufe:"), *lines))


def _load(agent: Agent, job: JobKey) -> JobOverview:
    return next(row for row in agent.jobs.overview() if row.key is job)


def _write(agent: Agent, job: JobKey, schedule: Schedule, version: int) -> None:
    from tray_agent.jobs.model import JobChange

    agent.jobs.save([JobChange(job, schedule, version)], agent.person)


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


def _combo(name: str, label: str, choices: dict[Any, str]) -> QComboBox:
    box = QComboBox()
    box.setObjectName(name)
    box.setAccessibleName(label)
    for value, title in choices.items():
        box.addItem(title, value)
    return box


def _choose(box: QComboBox, value: object) -> None:
    box.setCurrentIndex(next((place for place in range(box.count()) if box.itemData(place) == value), 0))


def _spin(name: str, label: str, least: int, most: int) -> QSpinBox:
    box = QSpinBox()
    box.setObjectName(name)
    box.setAccessibleName(label)
    box.setRange(least, most)
    return box


def _time(name: str, label: str) -> QTimeEdit:
    edit = QTimeEdit()
    edit.setObjectName(name)
    edit.setAccessibleName(label)
    return edit


def _date(name: str, label: str) -> DateField:
    edit = DateField()
    edit.setObjectName(name)
    edit.setAccessibleName(label)
    return edit


def _check(name: str, text: str, label: str) -> QCheckBox:
    box = QCheckBox(text)
    box.setObjectName(name)
    box.setAccessibleName(label)
    box.setToolTip(label if label != text.replace("&", "") else "")
    return box


def _radio(name: str, text: str, label: str = "") -> QRadioButton:
    radio = QRadioButton(text)
    radio.setObjectName(name)
    radio.setAccessibleName(label or text.replace("&", ""))
    return radio
