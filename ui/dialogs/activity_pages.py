"""The tabs of *Protokoll Aktivitäten/Fehler*: the logs of the services, the doubtful."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, cast

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSplitter, QWidget

from tray_agent.i18n import _
from tray_agent.job_kinds import Service
from tray_agent.messages.outbox.model import DoubtDecision, OutboxMessage, OutboxReason
from tray_agent.protocol.model import ActivityOrder, ActivityRow, Level
from tray_agent.protocol.titles import level_title, service_title
from tray_agent.tray.model import DialogName
from ui.look.icons import Status
from ui.models.activity import (
    MOST_PRINTED,
    LogFilter,
    about_text,
    details,
    kind_text,
)
from ui.models.period import Preset
from ui.models.print_outs import PrintOut, activity_list, doubt_list
from ui.widgets.controls import allow, once_after
from ui.widgets.day_jump import DayJump
from ui.widgets.details import Details
from ui.widgets.icons import LEVEL_ICONS
from ui.widgets.layout import GRID, button, column, fill_choice, row, splitter
from ui.widgets.notes import Note, plain_label
from ui.widgets.paged_list import PagedModel, PageRequest
from ui.widgets.period_fields import PeriodFields
from ui.widgets.search_line import SearchLine, searching
from ui.widgets.tables import Column, ListModel, Row, TableView, on_choice, time_column

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
        self.zone = context.agent.zone
        self.seen_id = 0
        self._typing = once_after(_TYPING, self.refilter, self)
        margins = (GRID,) * 4
        self.setLayout(column(self._make_filters(), self.period_note, (self._make_list(), 1), margins=margins))

    def _make_filters(self) -> QHBoxLayout:
        levels = ((level_title(level), level) for level in (Level.ERROR, Level.WARNING, Level.INFO))
        self.level = fill_choice(QComboBox(), ((_("alle Stufen"), None), *levels), self.refilter)
        self.level.setAccessibleName(_("Stufe"))
        self.text = searching(SearchLine(), _("Suchen: Text, Patient, Grund …"))
        self.text.setAccessibleName(_("Suchen nach Text, Patient oder Grund"))
        today = self.context.agent.clock.now().astimezone(self.zone).date()
        self.period = PeriodFields(today, Preset.ALL)
        self.period_note = Note(self)
        self.day_jump = DayJump(today)
        self.period.changed.connect(self.refilter)
        self.text.textChanged.connect(lambda _text: self._typing.start())
        self.text.returnPressed.connect(self.refilter)
        return row(self.level, self.period, (self.text, 1), self.day_jump)

    def _make_list(self) -> QSplitter:
        name = _("Aktivitäten: {title}").format(title=service_title(self.service))
        self.table = TableView[ActivityRow](name, _("Hier steht nichts: Es gab keine Aktivitäten, oder der Filter verbirgt sie."))
        agent, zone = self.context.agent, self.zone
        self.list = PagedModel(
            _log_columns(zone), lambda request: _fetch(agent, zone, request), self.context.background, self, self.filter,
            key=lambda row: row.activity_id,
        )  # fmt: skip
        self.details = Details(_("Einzelheiten zum gewählten Eintrag"))
        self.details.setMinimumHeight(4 * self.fontMetrics().height())
        self.table.present(self.list, self._show_details, sort=None)
        self.list.failed.connect(self.failed)
        self.table.doubleClicked.connect(lambda _place: self._follow())
        self.day_jump.lead(self.list, self.table, self.period, self.zone)
        sizes = (400, DETAIL_LINES * self.fontMetrics().height())
        return splitter(Qt.Orientation.Vertical, self.table, self.details, stretch=(1, 0), sizes=sizes)

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
        if self.period.tell_impossible(self.period_note):
            self.list.set_filter(self.filter)

    def _show_details(self) -> None:
        row = self.table.current
        self.details.tell(*((lines[0], lines[1:]) if row and (lines := details(row, self.zone).splitlines()) else ()))

    def _follow(self) -> None:
        """Opens the questions by a double click on a row that asks to decide something."""
        chosen = self.table.current
        if chosen is not None and chosen.reason == OutboxReason.QUESTION:
            self.context.windows.open(DialogName.QUESTIONS)

    def print_out(self) -> Callable[[], PrintOut]:
        """Returns what makes the list for the printer, as it is filtered and sorted; to be called in a worker."""
        agent, zone, wanted, request = self.context.agent, self.zone, self.filter, self.list.request
        order, descending = request.order(ActivityOrder.TIME)

        def work() -> PrintOut:
            rows = list(islice(agent.jobs.log.all_rows(wanted.asked(zone), order, descending=descending), MOST_PRINTED + 1))
            more = len(rows) > MOST_PRINTED
            return activity_list(service_title(wanted.service), rows[:MOST_PRINTED], zone, agent.clock.now(), more=more)

        return work


class DoubtPage(QWidget):
    """The messages of which nobody knows whether they left; a person decides.

    Args:
        context: of the window.
        decide: what a person decided of the chosen message.
    """

    def __init__(self, context: DialogContext, decide: Callable[[DoubtDecision], None]) -> None:
        super().__init__()
        self.context = context
        self.zone = context.agent.zone
        self.table = TableView[OutboxMessage](
            _("Mitteilungen in der Schwebe"), _("Keine Mitteilung ist in der Schwebe: Von jeder ist bekannt, ob sie gesendet wurde.")
        )
        self.list = ListModel(self._columns(), parent=self, key=lambda message: message.id)
        self.table.present(self.list)
        self.sent_button = button(_("&Wurde gesendet"), lambda: decide(DoubtDecision.SENT))
        self.again_button = button(_("Erneut &senden"), lambda: decide(DoubtDecision.AGAIN))
        about = _(
            "Bei diesen Mitteilungen blieb die Antwort aus: Es ist unklar, ob sie gesendet wurden. Bei SMS fragt das Programm von selbst "
            "nach, über E-Mails entscheidet eine Person. Ohne Antwort oder Entscheid wird keine noch einmal gesendet."
        )
        _stack(self, about, self.table, (self.sent_button, self.again_button))
        self.show_messages(())

    def _columns(self) -> tuple[Column[OutboxMessage], ...]:
        return (
            Column(_("Patient"), lambda message: message.patient_name, status=lambda _message: Status.DOUBT),
            Column(_("Mitteilung"), kind_text),
            Column(_("An"), lambda message: message.recipient or ""),
            time_column(_("Gesendet um"), lambda message: message.sending_at, self.zone),
            time_column(_("Termin"), lambda message: message.appointment_at, self.zone),
            Column(_("Was bekannt ist"), lambda message: message.sentence, tooltip=lambda message: message.sentence),
        )

    def show_messages(self, messages: Sequence[OutboxMessage]) -> None:
        """Shows the list as it is now."""
        self.list.show(tuple(messages))
        for decision in (self.sent_button, self.again_button):
            allow(decision, possible=bool(messages), reason=_("Keine Mitteilung ist in der Schwebe."))

    def print_out(self) -> Callable[[], PrintOut]:
        """Returns what makes the list for the printer, as it is sorted."""
        messages, zone, clock = self.list.rows, self.zone, self.context.agent.clock
        return lambda: doubt_list(messages, zone, clock.now())


def _stack(page: QWidget, about: str, table: TableView[Row], buttons: Sequence[QPushButton]) -> None:
    """Lays out a page: what it is, its table, the last column of the chosen row in full, its own actions."""
    words, chosen = QLabel(about), plain_label()
    words.setWordWrap(True)
    chosen.setMinimumHeight(2 * page.fontMetrics().height())
    chosen.setAccessibleName(_("Einzelheiten zur gewählten Zeile"))

    def show_last() -> None:
        now, model = table.currentIndex(), table.model()
        chosen.setText(str(now.siblingAtColumn(model.columnCount() - 1).data() or "") if model is not None else "")

    on_choice(table, show_last)
    table.offer(*buttons)
    page.setLayout(column(words, (table, 1), chosen, row(*buttons, None), margins=(GRID,) * 4))


def _log_columns(zone: tzinfo) -> tuple[Column[ActivityRow], ...]:
    return (
        time_column(_("Zeit"), lambda row: row.at, zone, ActivityOrder.TIME),
        Column(_("Stufe"), lambda row: level_title(row.level), sort=ActivityOrder.LEVEL, status=lambda row: LEVEL_ICONS[row.level]),
        Column(_("Was geschah"), lambda row: row.sentence, sort=ActivityOrder.REASON, tooltip=lambda row: row.sentence),
        Column(_("Betrifft"), about_text, sort=ActivityOrder.ITEM),
        Column(_("Arbeitsplatz"), lambda row: row.workstation, sort=ActivityOrder.WORKSTATION),
    )


def _fetch(agent: Agent, zone: tzinfo, request: PageRequest) -> Page[ActivityRow]:
    wanted, at = cast("LogFilter", request.filter).asked(zone), cast("int | datetime | None", request.at)
    order, descending = request.order(ActivityOrder.TIME)
    return agent.jobs.log.page(wanted, order, descending=descending, offset=request.offset, size=request.limit, at=at)
