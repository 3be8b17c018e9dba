"""The tabs of *Protokoll Aktivitäten/Fehler*: the logs of the services, the patients to be reminded otherwise, the doubtful."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, cast

from PyQt6.QtCore import Qt, QTimer, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from tray_agent.i18n import _
from tray_agent.job_kinds import Service
from tray_agent.messages.outbox.model import CallEntry, DoubtDecision, OutboxMessage
from tray_agent.protocol.model import ActivityOrder, ActivityRow, Level
from tray_agent.protocol.titles import level_title, service_title
from ui.models.activity import (
    MOST_PRINTED,
    CallListModel,
    LogFilter,
    about_text,
    appointment_text,
    details,
    kind_text,
    phones_text,
    sending_text,
    sent_text,
    time_text,
)
from ui.models.period import Preset
from ui.models.print_outs import PrintOut, activity_list, call_list, doubt_list
from ui.widgets.controls import allow, search_by_key
from ui.widgets.day_jump import DayJump, go_to_day
from ui.widgets.dialog import GRID, quiet_label
from ui.widgets.icons import LEVEL_ICONS, Status
from ui.widgets.notes import Details, Note
from ui.widgets.paged_list import PagedModel, PageRequest
from ui.widgets.period_fields import PeriodFields
from ui.widgets.search_line import SearchLine
from ui.widgets.tables import Column, ListModel, TableView

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from tray_agent.agent import Agent
    from tray_agent.store.pages import Page
    from ui.windows import DialogContext

DETAIL_LINES = 6
"""Lines of text for which the details below the log have room at first; more scroll."""

_TYPING = 300
"""Milliseconds without another key until a text is looked for."""


class LogPage(QWidget):
    """One service's log: filters, the list, and what is told of the chosen row.

    Attributes:
        seen_id: the greatest number among the rows when the list was read: "Alle löschen" reaches up to there.
        failed: with the error, when further rows could not be read.
    """

    failed = pyqtSignal(object)

    def __init__(self, context: DialogContext, service: Service) -> None:
        super().__init__()
        self.service = service
        self.context = context
        self.zone = context.agent.machine.zone
        self.seen_id = 0
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self.refilter)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID, GRID, GRID, GRID)
        column.setSpacing(GRID)
        column.addLayout(self._make_filters())
        column.addWidget(self.period_note)
        column.addWidget(self._make_list(), 1)

    def _make_filters(self) -> QHBoxLayout:
        self.level = QComboBox()
        self.level.setAccessibleName(_("Stufe"))
        self.level.addItem(_("alle Stufen"), None)
        for level in (Level.ERROR, Level.WARNING, Level.INFO):
            self.level.addItem(level_title(level), level)
        self.text = SearchLine()
        self.text.setAccessibleName(_("Suchen nach Text, Patient oder Grund"))
        self.text.setPlaceholderText(_("Suchen: Text, Patient, Grund …"))
        self.text.setClearButtonEnabled(True)
        search_by_key(self.text)
        today = self.context.agent.clock.now().astimezone(self.zone).date()
        self.period = PeriodFields(today, Preset.ALL)
        self.period_note = Note(self)
        self.day_jump = DayJump(today)
        self.day_jump.chosen.connect(lambda day: go_to_day(day, self.zone, self.list, self.table, self.period))
        line = QHBoxLayout()
        line.setSpacing(GRID)
        line.addWidget(self.level)
        line.addWidget(self.period)
        line.addWidget(self.text, 1)
        line.addWidget(self.day_jump)
        self.level.currentIndexChanged.connect(lambda _index: self.refilter())
        self.period.changed.connect(self.refilter)
        self.text.textChanged.connect(lambda _text: self._typing.start())
        self.text.returnPressed.connect(self.refilter)
        return line

    def _make_list(self) -> QSplitter:
        name = _("Aktivitäten: {title}").format(title=service_title(self.service))
        self.table = TableView(name, _("Hier steht nichts: Es gab keine Aktivitäten, oder der Filter verbirgt sie."))
        agent, zone = self.context.agent, self.zone
        self.list = PagedModel(
            _log_columns(zone), lambda request: _fetch(agent, zone, request), self.context.background, self, self.filter,
            key=lambda row: row.activity_id,
        )  # fmt: skip
        self.table.setModel(self.list)
        self.details = Details(_("Einzelheiten zum gewählten Eintrag"))
        self.details.setMinimumHeight(4 * self.fontMetrics().height())
        chosen = self.table.selectionModel()
        if chosen is not None:
            chosen.currentRowChanged.connect(lambda _now, _before: self._show_details())
        self.list.modelReset.connect(self._came)
        self.list.dataChanged.connect(lambda *_cells: self._show_details())
        self.list.failed.connect(self.failed)
        self.list.went.connect(self.table.show_row)
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.table)
        parts.addWidget(self.details)
        parts.setStretchFactor(0, 1)
        parts.setSizes((400, DETAIL_LINES * self.fontMetrics().height()))
        return parts

    def begin(self) -> None:
        """Reads the list for the first time."""
        self.table.enable_sorting(0, Qt.SortOrder.DescendingOrder)

    @property
    def filter(self) -> LogFilter:
        """Returns what is chosen."""
        return LogFilter(self.service, self.level.currentData(), self.text.text(), self.period.period)

    def refilter(self) -> None:
        """Reads the list under what is chosen now."""
        self._typing.stop()
        wanted = self.filter
        possible = wanted.period.is_possible
        self.period_note.say("" if possible else _("Das erste Datum liegt nach dem letzten: so gibt es keinen Zeitraum."))
        if possible:
            self.list.set_filter(wanted)

    def _came(self) -> None:
        if self.list.rowCount() and not self.table.currentIndex().isValid():
            self.table.choose_first()
        self._show_details()

    def _show_details(self) -> None:
        row = self.list.row_at(self.table.currentIndex().row())
        self.details.setPlainText(details(row, self.zone) if row else "")

    def print_out(self) -> Callable[[], PrintOut]:
        """Returns what makes the list for the printer, as it is filtered and sorted; to be called in a worker."""
        agent, zone, wanted, request = self.context.agent, self.zone, self.filter, self.list.request
        order, descending = _order(request)

        def work() -> PrintOut:
            rows = list(islice(agent.jobs.log.all_rows(wanted.asked(zone), order, descending=descending), MOST_PRINTED + 1))
            more = len(rows) > MOST_PRINTED
            return activity_list(service_title(wanted.service), rows[:MOST_PRINTED], zone, agent.clock.now(), more=more)

        return work


class CallListPage(QWidget):
    """The patients whose reminder did not reach them: to be called or written to, then ticked off.

    Args:
        context: of the window.
        tick_off: takes the ticked messages off the list.
        print_letters: prints letters to those of the list.
    """

    def __init__(self, context: DialogContext, tick_off: Callable[[], None], print_letters: Callable[[], None]) -> None:
        super().__init__()
        self.context = context
        self.zone = context.agent.machine.zone
        self.model = CallListModel()
        self.table = TableView(
            _("Anders zu erinnern"), _("Niemand ist anders zu erinnern: Jede Erinnerung kam an oder ist noch unterwegs.")
        )
        self.list = ListModel(self._columns(), on_check=self._tick, parent=self, key=lambda entry: entry.message.id)
        self.table.setModel(self.list)
        self.table.enable_sorting()
        self.tick_button = QPushButton(_("&Erledigte abhaken"))
        self.letters_button = QPushButton(_("&Briefe drucken"))
        self.tick_button.clicked.connect(lambda _checked: tick_off())
        self.letters_button.clicked.connect(lambda _checked: print_letters())
        said = _("Diese Patienten hat keine Erinnerung erreicht: anrufen oder schreiben, dann ankreuzen und abhaken.")
        addresses = _("Briefe: Die Praxisdaten enthalten keine Adressen. Unter dem Namen stehen zwei leere Linien für Strasse und Ort.")
        _stack(self, said, self.table, (self.tick_button, self.letters_button), addresses)
        self._changed()

    def _columns(self) -> tuple[Column[CallEntry], ...]:
        return (
            Column(_("Erledigt"), lambda _entry: "", checked=self.model.is_ticked, key=self.model.is_ticked),
            Column(
                _("Termin"), lambda entry: appointment_text(entry.message, self.zone), key=lambda entry: str(entry.message.appointment_at)
            ),
            Column(_("Patient"), lambda entry: entry.message.patient_name),
            Column(_("Telefon"), phones_text),
            Column(_("Mitteilung"), sent_text, status=lambda entry: Status.WARNING if entry.sent else Status.ERROR),
            Column(_("Warum"), lambda entry: entry.sentence, tooltip=lambda entry: entry.sentence),
        )

    def show_entries(self, entries: Sequence[CallEntry]) -> None:
        """Shows the list as it is now."""
        self.model.show(tuple(entries))
        self.list.show(self.model.entries)
        if entries and not self.table.currentIndex().isValid():
            self.table.choose_first()
        self._changed()

    def _tick(self, entry: CallEntry, on: bool) -> None:
        self.model.tick(entry, on)
        self.list.show(self.model.entries)
        self._changed()

    def _changed(self) -> None:
        allow(self.tick_button, possible=bool(self.model.ticked), otherwise=_("Zuerst die erledigten Patienten ankreuzen."))
        allow(self.letters_button, possible=bool(self.model.entries), otherwise=_("Niemand ist anders zu erinnern."))

    def print_out(self) -> Callable[[], PrintOut]:
        """Returns what makes the list for the printer."""
        entries, zone, clock = self.model.entries, self.zone, self.context.agent.clock
        return lambda: call_list(entries, zone, clock.now())


class DoubtPage(QWidget):
    """The messages of which nobody knows whether they left; a person decides.

    Args:
        context: of the window.
        decide: what a person decided of the chosen message.
    """

    def __init__(self, context: DialogContext, decide: Callable[[DoubtDecision], None]) -> None:
        super().__init__()
        self.context = context
        self.zone = context.agent.machine.zone
        self.table = TableView(
            _("Mitteilungen in der Schwebe"), _("Keine Mitteilung ist in der Schwebe: Von jeder ist bekannt, ob sie gesendet wurde.")
        )
        self.list = ListModel(self._columns(), parent=self, key=lambda message: message.id)
        self.table.setModel(self.list)
        self.table.enable_sorting()
        self.sent_button = QPushButton(_("&Wurde gesendet"))
        self.again_button = QPushButton(_("Erneut &senden"))
        self.sent_button.clicked.connect(lambda _checked: decide(DoubtDecision.SENT))
        self.again_button.clicked.connect(lambda _checked: decide(DoubtDecision.AGAIN))
        said = _(
            "Bei diesen Mitteilungen blieb die Antwort aus: Es ist unklar, ob sie gesendet wurden. "
            "Von selbst wird keine noch einmal gesendet."
        )
        _stack(self, said, self.table, (self.sent_button, self.again_button))
        self.show_messages(())

    def _columns(self) -> tuple[Column[OutboxMessage], ...]:
        return (
            Column(_("Patient"), lambda message: message.patient_name, status=lambda _message: Status.DOUBT),
            Column(_("Mitteilung"), kind_text),
            Column(_("An"), lambda message: message.recipient or ""),
            Column(_("Gesendet um"), lambda message: sending_text(message, self.zone), key=lambda message: str(message.sending_at)),
            Column(_("Termin"), lambda message: appointment_text(message, self.zone), key=lambda message: str(message.appointment_at)),
            Column(_("Was bekannt ist"), lambda message: message.sentence, tooltip=lambda message: message.sentence),
        )

    def show_messages(self, messages: Sequence[OutboxMessage]) -> None:
        """Shows the list as it is now."""
        self.list.show(tuple(messages))
        if messages and not self.table.currentIndex().isValid():
            self.table.choose_first()
        for button in (self.sent_button, self.again_button):
            allow(button, possible=bool(messages), otherwise=_("Keine Mitteilung ist in der Schwebe."))

    def print_out(self) -> Callable[[], PrintOut]:
        """Returns what makes the list for the printer, as it is sorted."""
        messages, zone, clock = self.list.rows, self.zone, self.context.agent.clock
        return lambda: doubt_list(messages, zone, clock.now())

    @property
    def current(self) -> OutboxMessage | None:
        """Returns the chosen message."""
        return self.list.row_at(self.table.currentIndex().row())


def _stack(page: QWidget, said: str, table: TableView, buttons: Sequence[QPushButton], hint: str = "") -> None:
    """Lays out a page: what it is, its table, the last column of the chosen row in full, its own actions, and a hint beside them."""
    words, chosen = QLabel(said), QLabel()
    for label in (words, chosen):
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
    chosen.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    chosen.setMinimumHeight(2 * page.fontMetrics().height())
    chosen.setAccessibleName(_("Einzelheiten zur gewählten Zeile"))

    model, selection = table.model(), table.selectionModel()
    if model is not None and selection is not None:
        last = model.columnCount() - 1
        selection.currentRowChanged.connect(lambda now, _before: chosen.setText(str(now.siblingAtColumn(last).data() or "")))
    table.offer(*buttons)
    line = QHBoxLayout()
    line.setSpacing(GRID)
    for button in buttons:
        line.addWidget(button)
    line.addWidget(quiet_label(hint), 1)
    column = QVBoxLayout(page)
    column.setContentsMargins(GRID, GRID, GRID, GRID)
    column.setSpacing(GRID)
    column.addWidget(words)
    column.addWidget(table, 1)
    column.addWidget(chosen)
    column.addLayout(line)


def _log_columns(zone: tzinfo) -> tuple[Column[ActivityRow], ...]:
    return (
        Column(_("Zeit"), lambda row: time_text(row, zone), sort=ActivityOrder.TIME),
        Column(_("Stufe"), lambda row: level_title(row.level), sort=ActivityOrder.LEVEL, status=lambda row: LEVEL_ICONS[row.level]),
        Column(_("Was geschah"), lambda row: row.sentence, sort=ActivityOrder.REASON, tooltip=lambda row: row.sentence),
        Column(_("Betrifft"), about_text, sort=ActivityOrder.ITEM),
        Column(_("Arbeitsplatz"), lambda row: row.workstation, sort=ActivityOrder.WORKSTATION),
    )


def _order(request: PageRequest) -> tuple[ActivityOrder, bool]:
    return (ActivityOrder(request.sort), request.descending) if request.sort else (ActivityOrder.TIME, True)


def _fetch(agent: Agent, zone: tzinfo, request: PageRequest) -> Page[ActivityRow]:
    wanted, at = cast("LogFilter", request.filter).asked(zone), cast("int | datetime | None", request.at)
    order, descending = _order(request)
    return agent.jobs.log.page(wanted, order, descending=descending, offset=request.offset, size=request.limit, at=at)
