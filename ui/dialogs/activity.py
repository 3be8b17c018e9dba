"""The window *Protokoll Aktivitäten/Fehler*: what really happened, and what needs a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QStackedWidget, QTabWidget, QWidget

from tray_agent.errors import DatabaseUnavailableError, KnownError
from tray_agent.i18n import _, ngettext
from tray_agent.job_kinds import Service
from tray_agent.messages.outbox.model import DoubtDecision, OutboxMessage
from tray_agent.protocol.model import ActivityFilter, Level, ServiceCounts
from tray_agent.protocol.titles import service_title
from ui.dialogs.activity_pages import DoubtPage, LogPage, LogTools
from ui.dialogs.doubt import decide
from ui.look.icons import Status
from ui.models.activity import tab_title
from ui.models.print_outs import PrintOut
from ui.widgets.controls import allow, by_key
from ui.widgets.dialog import Dialog
from ui.widgets.layout import held, row, splitter
from ui.widgets.printing import PrintActions

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from ui.windows import DialogContext


@dataclass(frozen=True, slots=True)
class _Read:
    """What the tabs' titles and the list of messages show; ``error`` where that list could not be had.

    Attributes:
        errors: the number of the newest error of each service that has one.
    """

    counts: Mapping[Service, ServiceCounts]
    seen: Mapping[Service, int]
    errors: Mapping[Service, int]
    doubtful: Sequence[OutboxMessage] = ()
    error: KnownError | None = None


class ActivityDialog(Dialog):
    """A tab for each service with its number of errors, one for what is in doubt."""

    SIZE = (1232, 660)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Protokoll Aktivitäten/Fehler"))
        self.heading.say(_("Was der Agent getan hat und was nicht gelungen ist."))
        self.tools = LogTools(context.agent.clock.now().astimezone(context.agent.zone).date(), self)
        self.tools.changed.connect(self._refilter)
        self.heading.add(*self.tools.fields)
        self.tabs = QTabWidget(self)
        self.tabs.setAccessibleName(_("Register"))
        self.tabs.setCornerWidget(held(row(self.tools.day_jump), (0, 0, 8, 0)))
        self._below = QStackedWidget(self)
        self.logs = {service: LogPage(context, service, self.tools) for service in Service}
        self.doubtful = DoubtPage(context, self.decide)
        for service, page in self.logs.items():
            page.failed.connect(self.show_error)
            self.tabs.addTab(page, tab_title(service, {}))
            self.remember_columns(page.table, service.value, widths=(84, 64, 116, 130, 120))
        self.tabs.addTab(self.doubtful, _("In der Schwebe"))
        self.remember_columns(self.doubtful.table, "doubtful", widths=(160, 190, 136, 130, 130))
        for details in (*(page.details for page in self.logs.values()), self.doubtful.details):
            self._below.addWidget(details)
        self.body.addWidget(self.tools.note)
        self.body.addWidget(splitter(Qt.Orientation.Vertical, self.tabs, self._below, stretch=(1, 0)), 1)
        self.printing = PrintActions(self, self._list_now)
        by_key(self, QKeySequence.StandardKey.Refresh, self.refresh)
        self.delete_button = self.side_action(_("Alle &löschen"), self.delete_all, picture="trash")
        self.main_action(_("&OK"), self.reject)
        self._begun: set[Service] = set()
        self._settled_tab = False
        self.tabs.currentChanged.connect(lambda _place: self._turned())
        self._turned()
        self.reload()

    # Reading

    def reload(self) -> None:
        """Reads the numbers and the list of messages anew."""
        agent = self.context.agent
        self.run(lambda: _read(agent), self._show)

    def refresh(self) -> None:
        """Reads everything anew because a person asks for it; what was told before is over."""
        self.clear_error()
        self._refilter()
        self.reload()

    def _refilter(self) -> None:
        page = self.tabs.currentWidget()
        if isinstance(page, LogPage):
            page.refilter()

    def _show(self, read: _Read) -> None:
        for service, page in self.logs.items():
            page.seen_id = read.seen.get(service, 0)
            self._title(page, tab_title(service, read.counts))
        self.doubtful.show_messages(read.doubtful)
        number = len(read.doubtful)
        title = _("In der Schwebe ({number})").format(number=number)
        self._title(self.doubtful, title)
        if read.error is not None:
            self.show_error(read.error)
        self._show_what_needs_somebody(read)

    def _show_what_needs_somebody(self, read: _Read) -> None:
        """Turns, once, to the first tab that needs a decision, unless somebody has turned one already."""
        if self._settled_tab:
            return
        self._settled_tab = True
        if read.doubtful:
            self.tabs.setCurrentWidget(self.doubtful)
            self.doubtful.table.setFocus()
        else:
            service = next(iter(read.errors), Service.DOWNLOADS)
            if service in read.errors:
                self.logs[service].choose_error(read.errors[service])
            self.tabs.setCurrentWidget(self.logs[service])
            self.logs[service].table.setFocus()

    def _title(self, page: QWidget, title: str) -> None:
        self.tabs.setTabText(self.tabs.indexOf(page), title)

    def _turned(self) -> None:
        page = self.tabs.currentWidget()
        reason = _("Löschen lassen sich nur die Protokolle der Dienste. Diese Liste wird kürzer, wenn Sie entscheiden.")
        allow(self.delete_button, possible=isinstance(page, LogPage), reason=reason)
        for field in (*self.tools.fields, self.tools.day_jump):
            field.setEnabled(isinstance(page, LogPage))
        if not isinstance(page, LogPage | DoubtPage):
            return
        self._below.setCurrentWidget(page.details)
        if isinstance(page, LogPage) and page.service in self._begun:
            page.refilter()
        elif isinstance(page, LogPage):
            self._begun.add(page.service)
            page.refilter()
            page.begin()

    # Printing

    def _list_now(self) -> Callable[[], PrintOut]:
        """Returns what makes the list of the open tab for the printer."""
        return cast("LogPage | DoubtPage", self.tabs.currentWidget()).print_out()

    # Deleting, deciding

    def delete_all(self) -> None:
        """Takes what was seen of the open tab off the list, after a question."""
        page = self.tabs.currentWidget()
        if not isinstance(page, LogPage):
            return
        question = _("Alle Einträge im Register «{tab}» löschen?").format(tab=service_title(page.service))
        consequence = _("Sie verschwinden bei allen Arbeitsplätzen aus dieser Liste. Was erst seit dem Öffnen dazukam, bleibt.")
        filtered = _("Auch was der Filter gerade verbirgt, wird gelöscht.")
        if self.ask(question, f"{consequence} {filtered}" if page.filter.hides_something else consequence, _("&Löschen")):
            agent, service, seen = self.context.agent, page.service, page.seen_id
            self.run(lambda: agent.jobs.log.hide(service, seen), lambda number: self._deleted(page, number), busy=_("Wird gelöscht …"))

    def _deleted(self, page: LogPage, number: int) -> None:
        sentence = ngettext("{number} Eintrag wurde gelöscht.", "{number} Einträge wurden gelöscht.", number).format(number=number)
        self.banner.say(_("Gelöscht"), sentence, Status.SUCCESS)
        page.list.reload()
        self.reload()

    def decide(self, decision: DoubtDecision) -> None:
        """Settles the chosen message in doubt, after a question."""
        message = self.doubtful.table.current
        if message is not None:
            yes = _("&Wurde gesendet") if decision is DoubtDecision.SENT else _("Erneut &senden")
            decide(self, message, decision, yes, self.reload)


def _read(agent: Agent) -> _Read:
    counts = agent.jobs.log.counts()
    seen = {service: agent.jobs.log.newest_id(service) for service in Service}
    errors = {service: _newest_error(agent, service) for service in Service if counts.get(service, ServiceCounts()).errors}
    found = {service: number for service, number in errors.items() if number is not None}
    try:
        return _Read(counts, seen, found, agent.messages.in_doubt())
    except DatabaseUnavailableError:
        raise
    except KnownError as error:  # the practice's data or the gateway's configuration must not hide the logs
        return _Read(counts, seen, found, error=error)


def _newest_error(agent: Agent, service: Service) -> int | None:
    rows = agent.jobs.log.page(ActivityFilter(service=service, level=Level.ERROR), size=1).rows
    return rows[0].activity_id if rows else None
