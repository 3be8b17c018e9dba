"""The window *Protokoll Auftragsverlauf*: one row per run and per skipped time, sortable by every title."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from PyQt6.QtCore import Qt, QTimer
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from tray_agent.i18n import _, ngettext, pgettext
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.protocol.model import ActivityFilter, ActivityRow, Run, RunOrder
from tray_agent.protocol.titles import level_title, state_title, trigger_title
from ui.models.csv_export import write_csv
from ui.models.job_history import (
    HistoryFilter,
    csv_row,
    csv_titles,
    details,
    nothing_logged_sentence,
    state_choices,
    success_sentence,
    time_text,
)
from ui.widgets.day_jump import DayJump, go_to_day
from ui.widgets.dialog import GRID, Dialog
from ui.widgets.icons import LEVEL_ICONS, RUN_ICONS, Status
from ui.widgets.notes import Note
from ui.widgets.paged_list import PagedModel, PageRequest
from ui.widgets.period_fields import PeriodFields
from ui.widgets.tables import Column, ListModel, TableState, TableView

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from tray_agent.agent import Agent
    from tray_agent.store.pages import Page
    from ui.windows import DialogContext

_MOST_LINES = 500
"""So many lines of a run's activities are shown; the rest stands in *Aktivitäten/Fehler*."""

_SETTLE = 150
"""Milliseconds without another choice until the activities of a run are read."""


def open_dialog(context: DialogContext) -> Dialog:
    """Makes the window, for the job whose key is the subject, or for all."""
    return JobHistoryDialog(context)


class JobHistoryDialog(Dialog):
    """The history: a period, filters, and below the list what a run did."""

    NAME = "job_history"
    SIZE = (1180, 680)

    def __init__(self, context: DialogContext) -> None:
        job = JobKey(context.subject) if isinstance(context.subject, str) else None
        title = _("Protokoll Auftragsverlauf")
        super().__init__(context, f"{title}: {job_title(job)}" if job else title)
        self.zone = context.agent.machine.zone
        self._make_filters(job)
        self._make_table()
        self._make_details()
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE)
        self._settle.timeout.connect(self._read_activities)
        self.main_action(_("S&chliessen"), self.reject)
        self.side_action(_("&Exportieren …"), self.export)
        self.side_action(_("A&ktualisieren"), self.reload, QKeySequence.StandardKey.Refresh)
        self._read_workstations()
        self.table.setFocus()

    # Widgets

    def _make_filters(self, job: JobKey | None) -> None:
        self.period = PeriodFields(self.context.agent.clock.now().astimezone(self.zone).date())
        self.job = _choice(_("Auftrag"), {None: pgettext("filter", "alle"), **{key: job_title(key) for key in JobKey}}, job)
        self.state = _choice(_("Status"), {None: pgettext("filter", "alle"), **state_choices()})
        self.workstation = _choice(_("Arbeitsplatz"), {None: pgettext("filter", "alle")})
        self.period_note = Note(self)
        line = QHBoxLayout()
        line.setSpacing(GRID)
        fields = (
            (_("&Zeitraum"), self.period),
            (_("A&uftrag"), self.job),
            (_("&Status"), self.state),
            (_("Arbeits&platz"), self.workstation),
        )
        for label, field in fields:
            line.addLayout(_labelled(label, field))
        self.day_jump = DayJump(self.context.agent.clock.now().astimezone(self.zone).date())
        self.day_jump.chosen.connect(lambda day: go_to_day(day, self.zone, self.list, self.table, self.period))
        line.addStretch(1)
        line.addWidget(self.day_jump, 0, Qt.AlignmentFlag.AlignBottom)
        self.body.addLayout(line)
        self.body.addWidget(self.period_note)
        self.period.changed.connect(self._filter)
        for box in (self.job, self.state, self.workstation):
            box.currentIndexChanged.connect(lambda _index: self._filter())

    def _make_table(self) -> None:
        self.table = TableView(_("Auftragsverlauf"), _("In diesem Zeitraum ist kein Lauf verzeichnet, oder die Filter verbergen ihn."))
        agent, zone = self.context.agent, self.zone
        self.list = PagedModel(
            _columns(zone), lambda request: _fetch(agent, zone, request), self.context.background, self, self.filter,
            key=lambda run: run.run_id,
        )  # fmt: skip
        self.list.failed.connect(self.show_error)
        self.list.went.connect(self.table.show_row)
        self.table.setModel(self.list)
        self.table.enable_sorting(0, Qt.SortOrder.DescendingOrder)
        self.remember_columns(self.table, widths=(130, 230, 110, 90, 110, 130, 130))
        chosen = self.table.selectionModel()
        if chosen is not None:
            chosen.currentRowChanged.connect(lambda _now, _before: self._chosen())
        self.list.modelReset.connect(self._came)

    def _make_details(self) -> None:
        self.details = QLabel()
        self.details.setWordWrap(True)
        self.details.setTextFormat(Qt.TextFormat.PlainText)
        self.details.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.details.setAccessibleName(_("Einzelheiten zum gewählten Lauf"))
        self.activities = TableView(_("Aktivitäten des Laufs"), nothing_logged_sentence(chosen=False))
        self.lines = ListModel(_activity_columns(self.zone), parent=self, key=lambda row: row.activity_id)
        self.activities.setModel(self.lines)
        self.remember_columns(self.activities, "activities", widths=(130, 130))
        below = QWidget()
        column = QVBoxLayout(below)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(self.details)
        column.addWidget(self.activities, 1)
        parts = QSplitter(Qt.Orientation.Vertical, self)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.table)
        parts.addWidget(below)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 2)
        self.body.addWidget(parts, 1)
        self.meaning = Note(self, Status.INFO)
        self.meaning.say(success_sentence())
        self.body.addWidget(self.meaning)

    # The list

    @property
    def filter(self) -> HistoryFilter:
        """Returns what is chosen."""
        chosen = (box.currentData() for box in (self.job, self.state, self.workstation))
        return HistoryFilter(self.period.period, *chosen)

    def reload(self) -> None:
        """Reads the list anew; what was told before is over."""
        self.clear_error()
        self._read_workstations()
        self.list.reload()

    def _read_workstations(self) -> None:
        agent = self.context.agent
        self.run(lambda: agent.jobs.history.workstations(), self._show_workstations, failed=lambda _error: None)  # the list says so already

    def _filter(self) -> None:
        wanted = self.filter
        self.period_note.say("" if wanted.period.is_possible else _("Das erste Datum liegt nach dem letzten: so gibt es keinen Zeitraum."))
        if wanted.period.is_possible:
            self.list.set_filter(wanted)

    def _show_workstations(self, names: tuple[str, ...]) -> None:
        for name in names:
            if self.workstation.findData(name) < 0:
                self.workstation.addItem(name, name)

    def _came(self) -> None:
        if self.list.rowCount() and not self.table.currentIndex().isValid():
            self.table.choose_first()
        self._chosen()
        self._read_activities()

    # The chosen run

    @property
    def current(self) -> Run | None:
        """Returns the chosen run."""
        return self.list.row_at(self.table.currentIndex().row())

    def _chosen(self) -> None:
        run = self.current
        self.details.setText(details(run, self.zone) if run else "")
        self.activities.empty_text = nothing_logged_sentence(chosen=run is not None)
        self.lines.show(())
        if run is not None:  # until they are read, nobody knows whether there are any
            self.lines.state = TableState.LOADING
            self._settle.start()

    def _read_activities(self) -> None:
        self._settle.stop()
        run, agent = self.current, self.context.agent
        if run is None:
            return
        wanted = ActivityFilter(run_id=run.run_id, hidden=True)
        self.run(
            lambda: agent.jobs.log.page(wanted, descending=False, size=_MOST_LINES).rows,
            lambda rows: self._show_activities(run.run_id, rows),
        )

    def _show_activities(self, run_id: int, rows: tuple[ActivityRow, ...]) -> None:
        if self.current is not None and self.current.run_id == run_id:
            self.lines.show(rows)

    # Export

    def export(self) -> None:
        """Asks for a file and writes the whole list, as it is filtered and sorted, into it."""
        suggested = str(Path.home() / _("Auftragsverlauf.csv"))
        chosen, _kind = QFileDialog.getSaveFileName(self, _("Auftragsverlauf exportieren"), suggested, _("CSV-Datei (*.csv)"))
        if chosen:
            self.export_to(Path(chosen))

    def export_to(self, file: Path) -> None:
        """Writes the whole list into a file."""
        agent, zone, request, wanted = self.context.agent, self.zone, self.list.request, self.filter
        order, descending = _order(request)

        def work() -> int:
            runs = agent.jobs.history.all_runs(wanted.asked(zone), order, descending=descending)
            return write_csv(file, csv_titles(), (csv_row(run, zone) for run in runs))

        self.run(work, lambda number: self._exported(file, number), busy=_("Wird exportiert …"))

    def _exported(self, file: Path, number: int) -> None:
        said = ngettext("{number} Zeile steht in {file}.", "{number} Zeilen stehen in {file}.", number)
        self.banner.say(_("Exportiert"), said.format(number=number, file=file), Status.SUCCESS)


def _columns(zone: tzinfo) -> tuple[Column[Run], ...]:
    return (
        Column(_("Geplant"), lambda run: time_text(run.due_at, zone), sort=RunOrder.DUE_AT),
        Column(_("Auftrag"), lambda run: job_title(run.job), sort=RunOrder.JOB),
        Column(_("Status"), lambda run: state_title(run.state), sort=RunOrder.STATE, status=lambda run: RUN_ICONS[run.state]),
        Column(_("Auslöser"), lambda run: trigger_title(run.trigger), sort=RunOrder.TRIGGER),
        Column(_("Arbeitsplatz"), lambda run: run.workstation, sort=RunOrder.WORKSTATION),
        Column(_("Begonnen"), lambda run: time_text(run.started_at, zone), sort=RunOrder.STARTED_AT),
        Column(_("Beendet"), lambda run: time_text(run.finished_at, zone), sort=RunOrder.FINISHED_AT),
        Column(_("Was geschah"), lambda run: run.sentence, sort=RunOrder.STATE, tooltip=lambda run: run.sentence),
    )


def _activity_columns(zone: tzinfo) -> tuple[Column[ActivityRow], ...]:
    return (
        Column(_("Zeit"), lambda row: time_text(row.at, zone)),
        Column(_("Stufe"), lambda row: level_title(row.level), status=lambda row: LEVEL_ICONS[row.level]),
        Column(_("Was geschah"), lambda row: row.sentence, tooltip=lambda row: row.sentence),
    )


def _order(request: PageRequest) -> tuple[RunOrder, bool]:
    return (RunOrder(request.sort), request.descending) if request.sort else (RunOrder.DUE_AT, True)


def _fetch(agent: Agent, zone: tzinfo, request: PageRequest) -> Page[Run]:
    wanted, at = cast("HistoryFilter", request.filter).asked(zone), cast("int | datetime | None", request.at)
    order, descending = _order(request)
    return agent.jobs.history.page(wanted, order, descending=descending, offset=request.offset, size=request.limit, at=at)


def _choice(name: str, choices: Mapping[Any, str], chosen: object = None) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    for value, title in choices.items():
        box.addItem(title, value)
    box.setCurrentIndex(list(choices).index(chosen))
    return box


def _labelled(label: str, field: QWidget) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(4)
    title = QLabel(label)
    title.setBuddy(field)
    column.addWidget(title)
    column.addWidget(field)
    return column
