"""The window *Versand-Queue*: every message with its state and the reason for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSplitter

from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_number, ngettext
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.model import DoubtDecision, OutboxFilter, OutboxMessage, OutboxOrder
from tray_agent.messages.words import kind_title
from ui.models.activity import verdict_question
from ui.models.outbox import (
    CAN_BE_CANCELLED,
    VIEWS,
    can_be_decided,
    cancel_question,
    channel_word,
    details_of,
    filter_of,
    local,
    state_word,
    why_empty,
)
from ui.widgets.controls import allow, by_key, search_by_key
from ui.widgets.dialog import GRID, Dialog
from ui.widgets.icons import Status
from ui.widgets.notes import Details
from ui.widgets.paged_list import PagedModel, PageRequest
from ui.widgets.tables import Align, Column, TableView

if TYPE_CHECKING:
    from tray_agent.store.pages import Page
    from ui.windows import DialogContext

_ICONS = {
    MessageState.PREPARED: Status.WAITING,
    MessageState.SENDING: Status.RUNNING,
    MessageState.SUBMITTED: Status.RUNNING,
    MessageState.BUFFERED: Status.WAITING,
    MessageState.DELIVERED: Status.SUCCESS,
    MessageState.FAILED: Status.ERROR,
    MessageState.UNKNOWN: Status.DOUBT,
    MessageState.ERROR: Status.ERROR,
    MessageState.CANCELLED: Status.CANCELLED,
    MessageState.IN_DOUBT: Status.DOUBT,
}


def open_dialog(context: DialogContext) -> Dialog:
    """Makes the window."""
    return OutboxDialog(context)


class OutboxDialog(Dialog):
    """A list of any length, filtered and sorted by the database; *Stornieren* for what was not sent yet."""

    NAME = "outbox"
    SIZE = (1184, 640)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Versand-Queue"))
        self._zone = context.agent.machine.zone
        self.view = QComboBox(self)
        self.kind = QComboBox(self)
        self.patient = QLineEdit(self)
        self.count = QLabel(self)
        self.list = PagedModel(self._columns(), self._fetch, context.background, self, OutboxFilter(), key=lambda row: row.id)
        self.list.failed.connect(self.show_error)
        self.table = TableView(_("Mitteilungen"), why_empty(OutboxFilter()))
        self.details = Details(_("Einzelheiten zur gewählten Mitteilung"), self)
        self._lay_out_content()
        self.main_action(_("Schl&iessen"), self.reject)
        self._cancel = self.side_action(_("&Stornieren …"), self.cancel_chosen)
        self.sent_button = self.side_action(_("&Wurde gesendet …"), lambda: self.decide(DoubtDecision.SENT))
        self.again_button = self.side_action(_("&Erneut senden …"), lambda: self.decide(DoubtDecision.AGAIN))
        for button in (self.sent_button, self.again_button):
            button.hide()
        self.side_action(_("&Aktualisieren"), self.refresh, QKeySequence.StandardKey.Refresh)
        self.table.offer(self._cancel, self.sent_button, self.again_button)
        by_key(self.table, QKeySequence.StandardKey.Delete, self.cancel_chosen, within=True)
        self._show_details()
        self.list.reload()

    def _lay_out_content(self) -> None:
        self.body.addLayout(self._filters())
        self.table.setModel(self.list)
        self.table.enable_sorting(0, Qt.SortOrder.DescendingOrder)
        self.remember_columns(self.table, widths=(64, 170, 170, 60, 170, 124, 124))
        parts = QSplitter(Qt.Orientation.Vertical, self)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.table)
        parts.addWidget(self.details)
        parts.setStretchFactor(0, 3)
        parts.setStretchFactor(1, 1)
        self.body.addWidget(parts, 1)
        self.body.addWidget(self.count)
        self.setTabOrder(self.table, self.details)
        self.list.modelReset.connect(self._counted)
        self.list.dataChanged.connect(lambda *_cells: self._show_details())
        chosen = self.table.selectionModel()
        if chosen is not None:
            chosen.currentRowChanged.connect(lambda _now, _before: self._show_details())

    def _filters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        for view in VIEWS:
            self.view.addItem(_(view.title), view)
        self.kind.addItem(_("Alle Arten"), None)
        for kind in MessageKind:
            self.kind.addItem(kind_title(kind), kind)
        self.patient.setPlaceholderText(_("Name oder Nummer des Patienten"))
        self.patient.setClearButtonEnabled(True)
        search_by_key(self.patient)
        for text, field in ((_("A&nzeigen:"), self.view), (_("A&rt:"), self.kind), (_("&Patient:"), self.patient)):
            label = QLabel(text, self)
            label.setBuddy(field)
            field.setAccessibleName(text.replace("&", "").rstrip(":"))
            row.addWidget(label)
            row.addWidget(field, 1 if field is self.patient else 0)
        self.view.currentIndexChanged.connect(lambda _index: self._filter())
        self.kind.currentIndexChanged.connect(lambda _index: self._filter())
        self.patient.textChanged.connect(lambda _text: self._filter())
        return row

    def _columns(self) -> tuple[Column[OutboxMessage], ...]:
        return (
            Column(_("Nr."), lambda row: str(row.id), align=Align.RIGHT, sort=OutboxOrder.NUMBER.value),
            Column(_("Patient"), lambda row: row.patient_name, sort=OutboxOrder.PATIENT.value),
            Column(_("Art"), lambda row: kind_title(row.kind)),
            Column(_("Kanal"), channel_word),
            Column(_("Zustand"), state_word, sort=OutboxOrder.STATE.value, status=lambda row: _ICONS[row.state]),
            Column(_("Termin"), lambda row: local(row.appointment_at, self._zone), sort=OutboxOrder.APPOINTMENT.value),
            Column(_("Aufbereitet"), lambda row: local(row.prepared_at, self._zone), sort=OutboxOrder.PREPARED.value),
            Column(_("Grund"), lambda row: row.sentence, tooltip=lambda row: row.sentence),
        )

    def _fetch(self, request: PageRequest) -> Page[OutboxMessage]:
        return self.context.agent.messages.page(
            cast("OutboxFilter", request.filter),
            OutboxOrder(request.sort or OutboxOrder.NUMBER),
            descending=request.descending or not request.sort,
            offset=request.offset,
            limit=request.limit,
            at=cast("int | None", request.at),
        )

    def refresh(self) -> None:
        """Reads the list anew; what was told before is over."""
        self.clear_error()
        self.list.reload()

    def _filter(self) -> None:
        wanted = filter_of(self.view.currentData(), self.kind.currentData(), self.patient.text())
        self.table.empty_text = why_empty(wanted)
        self.list.set_filter(wanted)

    def _counted(self) -> None:
        total = self.list.rowCount()
        self.count.setText(ngettext("{number} Mitteilung", "{number} Mitteilungen", total).format(number=format_number(total)))
        if total and not self.table.currentIndex().isValid():
            self.table.choose_first()
        self._show_details()

    @property
    def current(self) -> OutboxMessage | None:
        """Returns the chosen message."""
        index = self.table.currentIndex()
        return self.list.row_at(index.row()) if index.isValid() else None

    def _show_details(self) -> None:
        message = self.current
        possible = message is not None and message.state in CAN_BE_CANCELLED
        allow(self._cancel, possible=possible, otherwise=_("Nur eine Mitteilung, die noch nicht gesendet wurde, lässt sich stornieren."))
        for button in (self.sent_button, self.again_button):
            button.setVisible(can_be_decided(message))
        if message is None:
            self.details.clear()
            return
        self.details.tell(*details_of(message, self._zone))

    def cancel_chosen(self) -> None:
        """Cancels the chosen message, after a question."""
        message, agent = self.current, self.context.agent
        if message is None or message.state not in CAN_BE_CANCELLED:
            return
        if self.ask(*cancel_question((message,)), _("&Stornieren")):
            who = agent.person
            self.run(lambda: agent.messages.cancel([message.id], who), self._cancelled, busy=_("Wird storniert …"))

    def decide(self, verdict: DoubtDecision) -> None:
        """Settles the chosen message in doubt, after a question."""
        message, agent = self.current, self.context.agent
        if message is None or not can_be_decided(message):
            return
        yes = _("&Wurde gesendet") if verdict is DoubtDecision.SENT else _("&Erneut senden")
        if self.ask(*verdict_question(message, verdict), yes):
            number, who = message.id, agent.person
            self.run(
                lambda: agent.messages.decide(number, verdict, who), self._decided, busy=_("Wird gespeichert …"), failed=self._not_decided
            )

    def _decided(self, message: OutboxMessage) -> None:
        self.banner.say(_("Entschieden"), f"{message.patient_name}: {message.sentence}", Status.SUCCESS)
        self.list.reload()

    def _not_decided(self, error: KnownError) -> None:
        self.show_error(error)
        self.list.reload()

    def _cancelled(self, number: int) -> None:
        if not number:
            self.banner.say(_("Nicht storniert"), _("Die Mitteilung ist inzwischen unterwegs oder schon gesendet."), Status.WARNING)
        self.list.reload()
