"""The window *Vorschau*."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QDate, QSignalBlocker, Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QComboBox

from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_date
from tray_agent.messages.model import PREVIEWED_KINDS, MessageKind
from tray_agent.messages.words import kind_title
from ui.look.icons import Status
from ui.look.scale import Type, u
from ui.models.csv_export import write_csv
from ui.models.preview import (
    FURTHEST_AHEAD,
    VIEWS,
    Outcome,
    PreviewShows,
    PreviewView,
    appointment_text,
    channel_text,
    charges,
    cost_text,
    details_of,
    first_day,
    lines_shown,
    outcome_of,
    outcome_word,
    summary,
    table_row,
    table_titles,
    text_or_reason,
    warnings,
)
from ui.models.print_outs import PrintOut, preview_list
from ui.widgets.banner import BannerRow, Banners
from ui.widgets.controls import allow, file_to_write
from ui.widgets.date_field import DateField
from ui.widgets.details import Details
from ui.widgets.dialog import Dialog
from ui.widgets.layout import BETWEEN_CARDS, column, fill_choice, held, row, splitter
from ui.widgets.notes import plain_label, soft_label
from ui.widgets.printing import PrintActions
from ui.widgets.search_line import patient_line
from ui.widgets.table_models import Align, Column, ListModel
from ui.widgets.tables import TableView
from ui.widgets.view_tabs import ViewTabs, tabbed_card

if TYPE_CHECKING:
    from tray_agent.messages.work.preview import Preview, PreviewLine
    from ui.background import Task
    from ui.windows import DialogContext

_ICONS = {
    Outcome.SENT: Status.SUCCESS,
    Outcome.ORDINARY: Status.SKIPPED,
    Outcome.UNREACHABLE: Status.WARNING,
    Outcome.TO_CORRECT: Status.ERROR,
}

_APPOINTMENT = 0
"""The column of the appointment, which a greeting has not."""


class PreviewDialog(Dialog):
    """What preparing would find on a day; writes nothing and asks no gateway."""

    SIZE = (1200, 680)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Vorschau"))
        self.preview: Preview | None = None
        self._looking: Task | None = None
        self._today = context.agent.clock.now().astimezone(context.agent.zone).date()
        self.patient = patient_line(self)
        self.kind = QComboBox(self)
        self.day = DateField(parent=self)
        self.summary = plain_label()
        self._charges = soft_label(size=Type.TEXT, wrap=True)
        self._warnings = Banners(self)
        self.view = ViewTabs(_("Anzeigen"), self)
        self.list = ListModel(self._columns(), parent=self, key=lambda line: (line.patient_id, line.appointment_id))
        self.table: TableView[PreviewLine] = TableView(_("Patienten"), "", self)
        self.details = Details(_("Einzelheiten zur gewählten Zeile"), parent=self)
        self._lay_out_content()
        self.main_action(_("Schl&iessen"), self.reject)
        self.printing = PrintActions(self, self._list_now, (_("Als &CSV speichern …"), self.ask_file))
        self.side_action(_("A&ktualisieren"), self.look, QKeySequence.StandardKey.Refresh, picture="refresh")
        self._can_be_taken(False)
        self.table.setFocus()
        self._start()

    # Making

    def _columns(self) -> tuple[Column[PreviewLine], ...]:
        return (
            Column(_("Termin"), appointment_text, key=lambda row: (row.starts_at is not None, row.starts_at)),
            Column(_("Patient"), lambda row: row.patient, strong=True),
            Column(_("Ergebnis"), outcome_word, tooltip=outcome_word, status=lambda row: _ICONS[outcome_of(row)], acts=True),
            Column(_("Kanal"), channel_text),
            Column(_("Empfänger"), lambda row: row.recipient or "–", tooltip=lambda row: row.recipient or ""),
            Column(_("Mandant"), lambda row: row.mandant or "–", tooltip=lambda row: row.mandant, soft=True),
            Column(_("Credits"), cost_text, align=Align.RIGHT, key=lambda row: row.cost if row.is_sent else -1),
            Column(_("Text oder Grund"), text_or_reason, tooltip=lambda row: row.text or row.sentence, soft=True),
        )

    def show_only(self, which: object) -> None:
        """Shows exactly the lines that another window counted, of the run that it looked at; the other tabs lead back to all."""
        if not isinstance(which, PreviewShows):
            return
        with QSignalBlocker(self.kind), QSignalBlocker(self.day), QSignalBlocker(self.view), QSignalBlocker(self.patient):
            self.view.offer_first(which.title, PreviewView(which.title, frozenset(), which))
            self.kind.setCurrentIndex(self.kind.findData(which.kind))
            self.day.setDate(_qdate(which.run_on))
            self.patient.clear()
        self.look()

    def _lay_out_content(self) -> None:
        self.heading.say(_("Was das Aufbereiten fände. Geschrieben und gesendet wird nichts."))
        fill_choice(self.kind, ((kind_title(kind), kind) for kind in PREVIEWED_KINDS), self.look)
        self.kind.setAccessibleName(_("Art"))
        self.view.fill(((_(view.title), view) for view in VIEWS), self._show_lines)
        self.day.setDateRange(_qdate(self._today), _qdate(self._today + FURTHEST_AHEAD))
        self.day.setDate(_qdate(self._today))
        self.day.dateChanged.connect(lambda _day: self.look())
        self.patient.setAccessibleName(_("Patient"))
        self.patient.textChanged.connect(lambda _text: self._show_lines())
        self.heading.add(self.patient, self.kind, held(row((_("Auf&bereitet am:"), self.day))))
        self.table.present(self.list, self._show_details)
        self.remember_columns(self.table, widths=(124, 160, 204, 60, 128, 160, 56))
        self.body.setSpacing(u(BETWEEN_CARDS))
        self.body.addLayout(column(self.summary, self._charges, spacing=2))
        self.body.addWidget(self._warnings)
        card = tabbed_card(self.view, self.table)
        self.body.addWidget(splitter(Qt.Orientation.Vertical, card, self.details, stretch=(1, 0)), 1)

    # Looking

    def _start(self) -> None:
        """Looks at the day of the next planned run, which is what people want to know first."""
        agent, kind = self.context.agent, MessageKind(self.kind.currentData())
        zone = agent.zone
        self.summary.setText(_("Die Vorschau wird zusammengestellt …"))
        self._looking = self.run(lambda: first_day(kind, agent.jobs.overview(), self._today, zone), self._start_on, failed=self._failed)

    def _start_on(self, day: date) -> None:
        self.day.blockSignals(True)
        self.day.setDate(_qdate(day))
        self.day.blockSignals(False)
        self.look()

    def look(self) -> None:
        """Asks the engine for the chosen day; an older question under way is dropped."""
        if self._looking is not None:
            self._looking.cancel()
        agent, kind, day = self.context.agent, MessageKind(self.kind.currentData()), self.day.date().toPyDate()
        self.clear_error()
        self._can_be_taken(False)
        self.table.empty_text = _("Wird geladen …")
        self.summary.setText(_("Die Vorschau für den {day} wird zusammengestellt …").format(day=format_date(day)))
        self._looking = self.run(lambda: agent.preview.preview(kind, day), self._show, failed=self._failed)

    def _failed(self, error: KnownError) -> None:
        self.preview = None
        self.summary.setText(_("Es gibt keine Vorschau."))
        self._warnings.show_rows(())
        self._charges.hide()
        self.view.forget_numbers()
        self.list.fail(error)
        self.show_error(error)

    def _show(self, preview: Preview) -> None:
        self.preview = preview
        self.table.setColumnHidden(_APPOINTMENT, preview.kind is MessageKind.BIRTHDAY)
        self.summary.setText(summary(preview, self.context.agent.zone))
        self._warnings.show_rows([BannerRow(Status.WARNING, text=sentence) for sentence in warnings(preview)])
        self._charges.setText(charges(preview.mandants))
        self._charges.setVisible(bool(preview.mandants))
        self._fit_to_screen()  # warnings need room that the window had not when it was shown
        self._show_lines()

    def _show_lines(self) -> None:
        preview = self.preview
        if preview is None:
            return
        patient = self.patient.text()
        lines = lines_shown(preview, self.view.chosen, patient)
        self.view.tell_numbers(lambda view: len(lines_shown(preview, view, patient)))
        self.table.empty_text = self._why_empty(preview)
        self.list.show(lines)
        self._can_be_taken(bool(lines))

    def _can_be_taken(self, there_are_lines: bool) -> None:
        for button in self.printing.buttons:
            allow(button, possible=there_are_lines, reason=_("Die Vorschau hat keine Zeilen."))

    def _why_empty(self, preview: Preview) -> str:
        if preview.lines:
            return _("Keine Zeile passt zu Register und Suche.")
        if preview.kind is MessageKind.BIRTHDAY:
            return _("An diesem Tag hat niemand Geburtstag.")
        return _("In diesem Zeitraum gibt es keine Termine.")

    def _show_details(self) -> None:
        line = self.table.current
        if line is None:
            self.details.tell()
        else:
            self.details.tell(*details_of(line), _ICONS[outcome_of(line)])

    # Printing and export

    def _list_now(self) -> Callable[[], PrintOut]:
        preview, lines = self.preview, self.list.rows
        zone, clock = self.context.agent.zone, self.context.agent.clock
        heading = summary(preview, zone) if preview is not None else ""
        warning_texts = warnings(preview) if preview is not None else ()
        return lambda: preview_list(heading, warning_texts, lines, zone, clock.now())

    def ask_file(self) -> None:
        """Asks where to, and writes the lines shown."""
        suggested = _("Vorschau {day}.csv").format(day=self.day.date().toPyDate().isoformat())
        file = file_to_write(self, _("Als CSV speichern"), suggested, _("CSV-Dateien (*.csv)"))
        if file:
            self.export(file)

    def export(self, file: Path) -> None:
        """Writes the lines shown to a file that a spreadsheet opens."""
        rows = [table_row(line) for line in self.list.rows]
        self.run(lambda: write_csv(file, table_titles(), rows), lambda _number: self._exported(file), busy=_("Wird gespeichert …"))

    def _exported(self, file: Path) -> None:
        sentence = _("{file} enthält Patientendaten; nur so lange aufbewahren wie nötig.").format(file=file)
        self.banner.say(_("Gespeichert"), sentence, Status.SUCCESS)


def _qdate(day: date) -> QDate:
    return QDate(day.year, day.month, day.day)
