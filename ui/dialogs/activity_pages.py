"""The tabs of *Protokoll Aktivitäten/Fehler*: the logs of the services, the doubtful."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING, cast

from PyQt6.QtCore import QObject, Qt, pyqtSignal
from PyQt6.QtWidgets import QComboBox, QWidget

from tray_agent.i18n import _, format_time
from tray_agent.job_kinds import Service
from tray_agent.messages.outbox.model import DoubtDecision, OutboxMessage, OutboxReason
from tray_agent.protocol.model import ActivityOrder, ActivityRow, Level
from tray_agent.protocol.titles import level_title, service_title
from ui.look.icons import Status, icon
from ui.look.scale import Type
from ui.look.style import QUIET
from ui.models.activity import (
    MOST_PRINTED,
    LogFilter,
    about_text,
    day_text,
    details,
    kind_text,
    remedy_of,
)
from ui.models.outbox import details_of
from ui.models.period import Preset
from ui.models.print_outs import PrintOut, activity_list, doubt_list
from ui.widgets.card import line
from ui.widgets.controls import allow, once_after
from ui.widgets.day_jump import DayJump
from ui.widgets.details import Details
from ui.widgets.icons import LEVEL_ICONS
from ui.widgets.layout import button, column, fill_choice, held
from ui.widgets.notes import Note, soft_label
from ui.widgets.paged_list import PagedModel, PageRequest
from ui.widgets.period_fields import PeriodFields
from ui.widgets.search_line import SearchLine, among_tools, searching
from ui.widgets.table_models import Column, ListModel, time_column
from ui.widgets.tables import TableView

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from tray_agent.agent import Agent
    from tray_agent.store.pages import Page
    from ui.windows import DialogContext

_TYPING = 300
"""Milliseconds without another key until a text is looked for."""


class LogTools(QObject):
    """What all logs are filtered by; it stands at the window's head.

    Attributes:
        changed: something else is chosen.
        note: says where the days chosen make no period.
        day_jump: leads to a day in the log that is seen.
    """

    changed = pyqtSignal()

    def __init__(self, today: date, parent: QWidget) -> None:
        super().__init__(parent)
        levels = ((level_title(level), level) for level in (Level.ERROR, Level.WARNING, Level.INFO))
        self._typing = once_after(_TYPING, self._chosen, self)
        self.text = among_tools(searching(SearchLine(parent), _("Suchen: Text, Patient, Grund …")))
        self.text.setAccessibleName(_("Suchen nach Text, Patient oder Grund"))
        self.level = fill_choice(QComboBox(parent), ((_("alle Stufen"), None), *levels), self._chosen)
        self.level.setAccessibleName(_("Stufe"))
        self.period = PeriodFields(today, Preset.ALL, parent)
        self.note = Note(parent)
        self.day_jump = DayJump(today, parent)
        self.day_jump.setIcon(icon("calendar-event"))
        self.day_jump.setProperty(QUIET, True)
        self.period.changed.connect(self._chosen)
        self.text.textChanged.connect(lambda _text: self._typing.start())
        self.text.returnPressed.connect(self._chosen)

    @property
    def fields(self) -> tuple[QWidget, ...]:
        """Returns the fields, from left to right."""
        return self.text, self.level, self.period

    def filter(self, service: Service) -> LogFilter:
        """Returns what is chosen, for one log."""
        return LogFilter(service, self.level.currentData(), self.text.text(), self.period.period)

    def tell_impossible(self) -> bool:
        """Says where the days make no period; returns whether they make one."""
        self._typing.stop()
        return self.period.tell_impossible(self.note)

    def _chosen(self) -> None:
        self._typing.stop()
        self.changed.emit()


class LogPage(QWidget):
    """One service's log: the list, and the card that tells of the chosen row.

    Args:
        context: of the window.
        service: whose.
        tools: what it is filtered by.

    Attributes:
        seen_id: the greatest number among the rows when the list was read: "Alle löschen" reaches up to there.
        failed: with the error, when further rows could not be read.
        details: the card; the window puts it below.
        remedy: the button in it that helps.
    """

    failed = pyqtSignal(object)

    def __init__(self, context: DialogContext, service: Service, tools: LogTools) -> None:
        super().__init__()
        self.service = service
        self.context = context
        self.zone = context.agent.zone
        self.seen_id = 0
        self.tools = tools
        self.text, self.level, self.period, self.period_note = tools.text, tools.level, tools.period, tools.note
        self._error: int | None = None
        self._make_list()
        self.day_jump = tools.day_jump
        self.day_jump.lead(self.list, self.table, self.period, self.zone)
        self.remedy = button(_("A&nrufliste"), self._follow)
        self.remedy.hide()
        self.details = Details(_("Einzelheiten zum gewählten Eintrag"), self.remedy, lines=4)
        self.setLayout(column(self.table, margins=(0, 0, 0, 0)))

    def _today(self) -> date:
        return self.context.agent.clock.now().astimezone(self.zone).date()

    def _make_list(self) -> None:
        name = _("Aktivitäten: {title}").format(title=service_title(self.service))
        self.table = TableView[ActivityRow](name, _("Hier steht nichts: Es gab keine Aktivitäten, oder der Filter verbirgt sie."))
        agent, zone = self.context.agent, self.zone
        self.list = PagedModel(
            _log_columns(zone, self._today), lambda request: _fetch(agent, zone, request), self.context.background, self, self.filter,
            key=lambda row: row.activity_id,
        )  # fmt: skip
        self.table.present(self.list, self._show_details, sort=None)
        self.list.failed.connect(self.failed)
        self.list.modelReset.connect(self._choose_error)
        self.table.doubleClicked.connect(lambda _place: self._double_clicked())

    def begin(self) -> None:
        """Reads the list for the first time."""
        self.table.enable_sorting(0, Qt.SortOrder.DescendingOrder)

    @property
    def filter(self) -> LogFilter:
        """Returns what is chosen."""
        return self.tools.filter(self.service)

    def refilter(self) -> None:
        """Reads the list under what is chosen now."""
        if self.tools.tell_impossible():
            self.list.set_filter(self.filter)

    def choose_error(self, number: int) -> None:
        """Chooses the row with a number as soon as the list is there, wherever it stands."""
        self._error = number
        self._choose_error()

    def _choose_error(self) -> None:
        number, place = self._error, self.list.place_of(self._error) if self._error is not None else -1
        if number is None or not self.list.rowCount():
            return
        self._error = None
        if place < 0:
            self.list.go_to(number)
            return
        self.table.setCurrentIndex(self.list.index(place, 0))
        self.table.scrollTo(self.list.index(place, 0))

    def _show_details(self) -> None:
        row = self.table.current
        if row is None:
            self.details.tell()
        else:
            self.details.tell(*details(row, self.zone), LEVEL_ICONS[row.level])
        found = remedy_of(row) if row is not None else None
        self.remedy.setVisible(found is not None)
        if found is not None:
            self.remedy.setText(found[0])

    def _double_clicked(self) -> None:
        """Opens the questions by a double click on a row that asks to decide something."""
        row = self.table.current
        if row is not None and row.reason == OutboxReason.QUESTION:
            self._follow()

    def _follow(self) -> None:
        """Opens the window in which a person does something about the chosen row."""
        row = self.table.current
        found = remedy_of(row) if row is not None else None
        if found is not None:
            self.context.windows.open(found[1])

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
        self.sent_button = button(_("&Wurde gesendet"), lambda: decide(DoubtDecision.SENT))
        self.again_button = button(_("Erneut &senden"), lambda: decide(DoubtDecision.AGAIN))
        acts = (self.sent_button, self.again_button)
        self.details = Details(_("Einzelheiten zur gewählten Zeile"), *acts, lines=4)
        self.table.present(self.list, self._show_details)
        self.table.offer(*acts)
        about = _(
            "Bei diesen Mitteilungen blieb die Antwort aus: Es ist unklar, ob sie gesendet wurden. Bei SMS fragt das Programm von selbst "
            "nach, über E-Mails entscheidet eine Person. Ohne Antwort oder Entscheid wird keine noch einmal gesendet."
        )
        words = held(column(soft_label(about, size=Type.TEXT, wrap=True)), (12, 10, 12, 10))
        self.setLayout(column(words, line(), (self.table, 1), spacing=0, margins=(0, 0, 0, 0)))
        self.show_messages(())

    def _show_details(self) -> None:
        message = self.table.current
        if message is None:
            self.details.tell()
        else:
            self.details.tell(*details_of(message, self.zone), Status.DOUBT)

    def _columns(self) -> tuple[Column[OutboxMessage], ...]:
        return (
            Column(_("Patient"), lambda message: message.patient_name, status=lambda _message: Status.DOUBT, strong=True),
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


def _log_columns(zone: tzinfo, today: Callable[[], date]) -> tuple[Column[ActivityRow], ...]:
    return (
        Column(_("Datum"), lambda row: day_text(row.at.astimezone(zone).date(), today()), sort=ActivityOrder.TIME, soft=True, once=True),
        Column(_("Zeit"), lambda row: format_time(row.at.astimezone(zone)), sort=ActivityOrder.TIME),
        Column(
            _("Stufe"),
            lambda row: level_title(row.level),
            sort=ActivityOrder.LEVEL,
            status=lambda row: LEVEL_ICONS[row.level],
            acts=True,
        ),
        Column(_("Betrifft"), about_text, sort=ActivityOrder.ITEM, soft=True),
        Column(_("Arbeitsplatz"), lambda row: row.workstation, sort=ActivityOrder.WORKSTATION, soft=True),
        Column(
            _("Was geschah"),
            lambda row: row.sentence,
            sort=ActivityOrder.REASON,
            tooltip=lambda row: row.sentence,
            strong=lambda row: row.level is Level.ERROR,
        ),
    )


def _fetch(agent: Agent, zone: tzinfo, request: PageRequest) -> Page[ActivityRow]:
    wanted, at = cast("LogFilter", request.filter).asked(zone), cast("int | datetime | None", request.at)
    order, descending = request.order(ActivityOrder.TIME)
    return agent.jobs.log.page(wanted, order, descending=descending, offset=request.offset, size=request.limit, at=at)
