"""The window *Versand-Queue*: every message with its state and the reason for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QComboBox

from tray_agent.i18n import _, format_number, ngettext
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.model import DoubtDecision, OutboxFilter, OutboxMessage, OutboxOrder
from tray_agent.messages.words import kind_title, state_title
from ui.dialogs.doubt import decide
from ui.look.icons import Status
from ui.look.scale import Type
from ui.models.outbox import (
    CAN_BE_CANCELLED,
    VIEWS,
    can_be_decided,
    cancel_question,
    channel_word,
    details_of,
    filter_of,
    not_sent,
    view_of,
    why_empty,
)
from ui.widgets.controls import allow, by_key
from ui.widgets.details import Details
from ui.widgets.dialog import Dialog
from ui.widgets.layout import button, fill_choice, splitter
from ui.widgets.notes import soft_label
from ui.widgets.paged_list import PagedModel, PageRequest
from ui.widgets.search_line import patient_line
from ui.widgets.table_models import Align, Column, time_column
from ui.widgets.tables import TableView
from ui.widgets.view_tabs import ViewTabs, tabbed_card

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


class OutboxDialog(Dialog):
    """A list of any length, filtered and sorted by the database; *Stornieren* for what was not sent yet."""

    SIZE = (1232, 660)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Versand-Queue"))
        self._zone = context.agent.zone
        self.patient = patient_line(self)
        self.kind = QComboBox(self)
        self.view = ViewTabs(_("Anzeigen"), self)
        self.count = soft_label(size=Type.TEXT)
        self.list = PagedModel(self._columns(), self._fetch, context.background, self, OutboxFilter(), key=lambda row: row.id)
        self.list.failed.connect(self.show_error)
        self.table = TableView[OutboxMessage](_("Mitteilungen"), why_empty(OutboxFilter()))
        self._cancel = button(_("&Stornieren …"), self.cancel_chosen)
        self.sent_button = button(_("&Wurde gesendet …"), lambda: self.decide(DoubtDecision.SENT))
        self.again_button = button(_("&Erneut senden …"), lambda: self.decide(DoubtDecision.AGAIN))
        acts = (self._cancel, self.sent_button, self.again_button)
        self.details = Details(_("Einzelheiten zur gewählten Mitteilung"), *acts, parent=self)
        self._lay_out_content()
        self.main_action(_("Schl&iessen"), self.reject)
        self.sent_button.hide()
        self.again_button.hide()
        self.side_action(_("&Aktualisieren"), self.refresh, QKeySequence.StandardKey.Refresh, picture="refresh")
        self.table.offer(*acts)
        by_key(self.table, QKeySequence.StandardKey.Delete, self.cancel_chosen, within=True)
        self.table.setFocus()
        self._show_details()
        self.list.reload()

    def _lay_out_content(self) -> None:
        self.heading.say(_("Jede Mitteilung, ihr Zustand und der Grund dafür."))
        self.view.fill(((_(view.title), view) for view in VIEWS), self._filter)
        kinds = ((kind_title(kind), kind) for kind in MessageKind)
        fill_choice(self.kind, ((_("Alle Arten"), None), *kinds), self._filter)
        self.kind.setAccessibleName(_("Art"))
        self.patient.setAccessibleName(_("Patient"))
        self.patient.textChanged.connect(lambda _text: self._filter())
        self.heading.add(self.patient, self.kind)
        self.table.present(self.list, self._show_details, sort=0, order=Qt.SortOrder.DescendingOrder)
        self.remember_columns(self.table, widths=(56, 150, 140, 60, 150, 124, 124))
        card = tabbed_card(self.view, self.table, self.count)
        self.body.addWidget(splitter(Qt.Orientation.Vertical, card, self.details, stretch=(1, 0)), 1)
        self.list.modelReset.connect(self._count)

    def _columns(self) -> tuple[Column[OutboxMessage], ...]:
        return (
            Column(_("Nr."), lambda row: str(row.id), align=Align.RIGHT, sort=OutboxOrder.NUMBER.value, soft=True),
            Column(_("Patient"), lambda row: row.patient_name, sort=OutboxOrder.PATIENT.value, strong=True),
            Column(_("Art"), lambda row: kind_title(row.kind)),
            Column(_("Kanal"), channel_word),
            Column(
                _("Zustand"),
                lambda row: state_title(row.state),
                sort=OutboxOrder.STATE.value,
                status=lambda row: _ICONS[row.state],
                acts=True,
            ),
            time_column(_("Termin"), lambda row: row.appointment_at, self._zone, OutboxOrder.APPOINTMENT.value),
            replace(time_column(_("Aufbereitet"), lambda row: row.prepared_at, self._zone, OutboxOrder.PREPARED.value), soft=True),
            Column(_("Grund"), lambda row: row.sentence, tooltip=lambda row: row.sentence, soft=True),
        )

    def _fetch(self, request: PageRequest) -> Page[OutboxMessage]:
        order, descending = request.order(OutboxOrder.NUMBER)
        wanted, at = cast("OutboxFilter", request.filter), cast("int | None", request.at)
        return self.context.agent.messages.page(wanted, order, descending=descending, offset=request.offset, limit=request.limit, at=at)

    def refresh(self) -> None:
        """Reads the list anew; what was told before is over."""
        self.clear_error()
        self.list.reload()

    def show_only(self, which: object) -> None:
        """Shows exactly the rows that another window counted, in a tab of their own; the others lead back to all."""
        if not isinstance(which, OutboxFilter):
            return
        with QSignalBlocker(self.view), QSignalBlocker(self.kind), QSignalBlocker(self.patient):
            view = view_of(which, self._zone)
            self.view.offer_first(view.title, view)
            self.kind.setCurrentIndex(0)
            self.patient.clear()
        self._filter()

    def _filter(self) -> None:
        wanted = filter_of(self.view.chosen, self.kind.currentData(), self.patient.text())
        self.table.empty_text = why_empty(wanted)
        self.list.set_filter(wanted)

    def _count(self) -> None:
        total = self.list.rowCount()
        self.count.setText(ngettext("{number} Mitteilung", "{number} Mitteilungen", total).format(number=format_number(total)))

    def _show_details(self) -> None:
        message = self.table.current
        possible = message is not None and message.state in CAN_BE_CANCELLED
        allow(self._cancel, possible=possible, reason=_("Nur eine Mitteilung, die noch nicht gesendet wurde, lässt sich stornieren."))
        in_doubt = can_be_decided(message)
        self._cancel.setVisible(not in_doubt)
        for one in (self.sent_button, self.again_button):
            one.setVisible(in_doubt)
        if message is None:
            self.details.tell()
        else:
            self.details.tell(*details_of(message, self._zone), _ICONS[message.state])

    def cancel_chosen(self) -> None:
        """Cancels the chosen message, after a question."""
        message, agent = self.table.current, self.context.agent
        if message is None or message.state not in CAN_BE_CANCELLED:
            return
        if self.ask(*cancel_question((message,)), _("&Stornieren")):
            self.run(
                lambda: agent.messages.cancel([message.id], agent.person),
                lambda number: self._cancelled(message, number),
                busy=_("Wird storniert …"),
            )

    def decide(self, decision: DoubtDecision) -> None:
        """Settles the chosen message in doubt, after a question."""
        message = self.table.current
        if message is not None and can_be_decided(message):
            yes = _("&Wurde gesendet") if decision is DoubtDecision.SENT else _("&Erneut senden")
            decide(self, message, decision, yes, self.list.reload)

    def _cancelled(self, message: OutboxMessage, number: int) -> None:
        if number:
            self.banner.say(_("Storniert"), not_sent(message, self._zone), Status.SUCCESS)
        else:
            self.banner.say(_("Nicht storniert"), _("Die Mitteilung ist inzwischen unterwegs oder schon gesendet."), Status.WARNING)
        self.list.reload()
