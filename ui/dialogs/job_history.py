"""The window *Protokoll Auftragsverlauf*: one row per attempt and per skipped time, sortable by every title."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QCheckBox, QComboBox

from tray_agent.i18n import _, ngettext, pgettext
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.protocol.model import ActivityFilter, ActivityRow, Run, RunOrder
from tray_agent.protocol.titles import cause_of, level_title, state_title
from ui.look.icons import Status
from ui.look.scale import u
from ui.models.csv_export import write_csv
from ui.models.job_history import (
    HistoryFilter,
    csv_row,
    csv_titles,
    details,
    nothing_logged_sentence,
    remedy_of,
    short_text,
    state_choices,
    success_sentence,
)
from ui.widgets.card import GAP, card_around
from ui.widgets.controls import allow, file_to_write, once_after
from ui.widgets.day_jump import DayJump
from ui.widgets.details import Details
from ui.widgets.dialog import Dialog
from ui.widgets.icons import LEVEL_ICONS, RUN_ICONS
from ui.widgets.layout import button, column, field_label, fill_choice, held, row, splitter
from ui.widgets.notes import Note
from ui.widgets.paged_list import PagedModel, PageRequest
from ui.widgets.period_fields import PeriodFields
from ui.widgets.table_models import Column, ListModel, time_column
from ui.widgets.tables import TableView

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, tzinfo

    from tray_agent.agent import Agent
    from tray_agent.jobs.owed import Owed
    from tray_agent.store.pages import Page
    from ui.windows import DialogContext

_MOST_LINES = 500
"""So many lines of a run's activities are shown; the rest stands in *Aktivitäten/Fehler*."""

_SETTLE = 150
"""Milliseconds without another choice until the activities of a run are read."""


class JobHistoryDialog(Dialog):
    """The history: a period, filters, and below the list what a run did."""

    SIZE = (1180, 680)

    def __init__(self, context: DialogContext) -> None:
        job = JobKey(context.subject) if isinstance(context.subject, str) else None
        title = _("Protokoll Auftragsverlauf")
        super().__init__(context, f"{title}: {job_title(job)}" if job else title)
        self.heading.say(success_sentence())
        self.body.setSpacing(u(GAP))
        self.zone = context.agent.zone
        self._owed: Mapping[JobKey, Owed] = {}
        self._make_filters(job)
        self._make_table()
        self.day_jump.lead(self.list, self.table, self.period, self.zone)
        self._make_details()
        self._settle = once_after(_SETTLE, self._read_activities, self)
        self.main_action(_("S&chliessen"), self.reject)
        self.side_action(_("&Exportieren …"), self.export, picture="file-spreadsheet")
        self.side_action(_("A&ktualisieren"), self.reload, QKeySequence.StandardKey.Refresh, picture="refresh")
        self._read_beside()
        self.table.setFocus()

    # Widgets

    def _make_filters(self, job: JobKey | None) -> None:
        today = self.context.agent.clock.now().astimezone(self.zone).date()
        every = (pgettext("filter", "alle"), None)
        self.period = PeriodFields(today)
        self.job = fill_choice(QComboBox(), (every, *((job_title(key), key) for key in JobKey)), self._filter, job)
        self.state = fill_choice(QComboBox(), (every, *((title, state) for state, title in state_choices().items())), self._filter)
        self.workstation = fill_choice(QComboBox(), (every,), self._filter)
        self.folded = QCheckBox(_("Auch &Versuche ohne Ergebnis"))
        self.folded.setToolTip(_("Zeigt auch die Versuche, in denen sich nichts änderte; sonst steht der letzte für sie."))
        self.folded.setMinimumHeight(self.job.sizeHint().height())  # so that its words stand on the line of the fields
        self.folded.toggled.connect(self._filter)
        self.day_jump = DayJump(today)
        self.period_note = Note(self)
        fields = (
            (_("&Zeitraum"), self.period),
            (_("A&uftrag"), self.job),
            (_("&Status"), self.state),
            (_("Arbeits&platz"), self.workstation),
        )
        columns = (column(field_label(label, field), field, spacing=4) for label, field in fields)
        bottom = Qt.AlignmentFlag.AlignBottom
        self.body.addLayout(row(*columns, (self.folded, bottom), None, (self.day_jump, bottom)))
        self.body.addWidget(self.period_note)
        self.period.changed.connect(self._filter)

    def _make_table(self) -> None:
        self.table = TableView[Run](_("Auftragsverlauf"), _("In diesem Zeitraum ist kein Lauf verzeichnet, oder die Filter verbergen ihn."))
        agent, zone = self.context.agent, self.zone
        self.list = PagedModel(
            _columns(zone), lambda request: _fetch(agent, zone, request), self.context.background, self, self.filter,
            key=lambda run: run.run_id,
        )  # fmt: skip
        self.list.failed.connect(self.show_error)
        self.table.present(self.list, self._chosen, sort=0, order=Qt.SortOrder.DescendingOrder)
        self.list.modelReset.connect(self._read_activities)
        self.remember_columns(self.table, widths=(130, 230, 110, 90, 110, 80, 80))

    def _make_details(self) -> None:
        self.remedy = button(_("Aktivitäten/Fehler"), self._open_remedy)
        self.details = Details(_("Einzelheiten zum gewählten Lauf"), self.remedy)
        self.activities = TableView[ActivityRow](_("Aktivitäten des Laufs"), nothing_logged_sentence(chosen=False))
        self.lines = ListModel(self._activity_columns(), parent=self, key=lambda row: row.activity_id)
        self.activities.setModel(self.lines)
        self.remember_columns(self.activities, "activities", widths=(70, 120))
        below = held(row((self.details, 1), (card_around(self.activities), 1), spacing=GAP))
        self.body.addWidget(splitter(Qt.Orientation.Vertical, card_around(self.table), below, stretch=(3, 2)), 1)

    def _activity_columns(self) -> tuple[Column[ActivityRow], ...]:
        def time_of(row: ActivityRow) -> str:
            run = self.table.current
            return short_text(row.at, run, self.zone) if run is not None else ""

        return (
            Column(_("Zeit"), time_of),
            Column(_("Stufe"), lambda row: level_title(row.level), status=lambda row: LEVEL_ICONS[row.level]),
            Column(_("Was geschah"), lambda row: row.sentence, tooltip=lambda row: row.sentence),
        )

    # The list

    @property
    def filter(self) -> HistoryFilter:
        """Returns what is chosen."""
        job, state, workstation = (box.currentData() for box in (self.job, self.state, self.workstation))
        return HistoryFilter(self.period.period, job, state, workstation, self.folded.isChecked())

    def reload(self) -> None:
        """Reads the list anew; what was told before is over."""
        self.clear_error()
        self._read_beside()
        self.list.reload()

    def _read_beside(self) -> None:
        """Reads the computers to filter by, and what is owed; where that fails, the list says so already."""
        agent = self.context.agent
        self.run(lambda: agent.jobs.history.workstations(), self._show_workstations, failed=lambda _error: None)
        self.run(lambda: agent.jobs.owed(), self._show_owed, failed=lambda _error: None)

    def _filter(self) -> None:
        if self.period.tell_impossible(self.period_note):
            self.list.set_filter(self.filter)

    def _show_workstations(self, names: tuple[str, ...]) -> None:
        for name in names:
            if self.workstation.findData(name) < 0:
                self.workstation.addItem(name, name)

    def _show_owed(self, owed: Mapping[JobKey, Owed]) -> None:
        self._owed = owed
        self._show_details()

    # The chosen run

    def _show_details(self) -> None:
        run = self.table.current
        allow(self.remedy, possible=run is not None, reason=nothing_logged_sentence(chosen=False))
        if run is None:
            self.details.tell()
            return
        title, *sentences = details(run, self.zone, self._owed.get(run.job)).splitlines()
        self.details.tell(title, sentences, RUN_ICONS[run.state])
        self.remedy.setText(remedy_of(run).words)

    def _open_remedy(self) -> None:
        if (run := self.table.current) is not None:
            self.context.windows.open(remedy_of(run).opens)

    def _chosen(self) -> None:
        self._show_details()
        run = self.table.current
        self.activities.empty_text = nothing_logged_sentence(chosen=run is not None)
        self.lines.show(())
        if run is not None:  # until they are read, nobody knows whether there are any
            self.lines.wait()
            self._settle.start()

    def _read_activities(self) -> None:
        self._settle.stop()
        run, agent = self.table.current, self.context.agent
        if run is None:
            return
        wanted = ActivityFilter(run_id=run.run_id, hidden=True)
        self.run(
            lambda: agent.jobs.log.page(wanted, descending=False, size=_MOST_LINES).rows,
            lambda rows: self._show_activities(run.run_id, rows),
        )

    def _show_activities(self, run_id: int, rows: tuple[ActivityRow, ...]) -> None:
        if (run := self.table.current) is not None and run.run_id == run_id:
            self.lines.show(rows)

    # Export

    def export(self) -> None:
        """Asks for a file and writes the whole list, as it is filtered and sorted, into it."""
        chosen = file_to_write(self, _("Auftragsverlauf exportieren"), Path.home() / _("Auftragsverlauf.csv"), _("CSV-Datei (*.csv)"))
        if chosen:
            self.export_to(chosen)

    def export_to(self, file: Path) -> None:
        """Writes the whole list into a file, each attempt included."""
        agent, zone, request, wanted = self.context.agent, self.zone, self.list.request, self.filter
        order, descending = request.order(RunOrder.DUE_AT)

        def work() -> int:
            every = replace(wanted.asked(zone), folded=True)  # the file holds an entry for each run
            runs = agent.jobs.history.all_runs(every, order, descending=descending)
            return write_csv(file, csv_titles(), (csv_row(run, zone) for run in runs))

        self.run(work, lambda number: self._exported(file, number), busy=_("Wird exportiert …"))

    def _exported(self, file: Path, number: int) -> None:
        sentence = ngettext("{number} Zeile steht in {file}.", "{number} Zeilen stehen in {file}.", number)
        self.banner.say(_("Exportiert"), sentence.format(number=number, file=file), Status.SUCCESS)


def _columns(zone: tzinfo) -> tuple[Column[Run], ...]:
    return (
        time_column(_("Geplant"), lambda run: run.due_at, zone, RunOrder.DUE_AT),
        Column(_("Auftrag"), lambda run: job_title(run.job), sort=RunOrder.JOB),
        Column(_("Status"), lambda run: state_title(run.state), sort=RunOrder.STATE, status=lambda run: RUN_ICONS[run.state], acts=True),
        Column(_("Auslöser"), cause_of, sort=RunOrder.TRIGGER),
        Column(_("Arbeitsplatz"), lambda run: run.workstation, sort=RunOrder.WORKSTATION),
        Column(_("Begonnen"), lambda run: short_text(run.started_at, run, zone), sort=RunOrder.STARTED_AT),
        Column(_("Beendet"), lambda run: short_text(run.finished_at, run, zone), sort=RunOrder.FINISHED_AT),
        Column(_("Was geschah"), lambda run: run.sentence, sort=RunOrder.STATE, tooltip=lambda run: run.sentence),
    )


def _fetch(agent: Agent, zone: tzinfo, request: PageRequest) -> Page[Run]:
    wanted, at = cast("HistoryFilter", request.filter).asked(zone), cast("int | datetime | None", request.at)
    order, descending = request.order(RunOrder.DUE_AT)
    return agent.jobs.history.page(wanted, order, descending=descending, offset=request.offset, size=request.limit, at=at)
