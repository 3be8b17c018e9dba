"""The window *Protokoll Aktivitäten/Fehler*: what really happened, and what needs a person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QTabWidget, QWidget

from tray_agent.errors import DatabaseUnavailableError, KnownError
from tray_agent.i18n import _, ngettext
from tray_agent.job_kinds import Service
from tray_agent.messages.outbox.model import CallEntry, DoubtDecision, OutboxMessage
from tray_agent.protocol.model import ServiceCounts
from tray_agent.protocol.titles import service_title
from ui.dialogs.activity_pages import CallListPage, DoubtPage, LogPage
from ui.dialogs.doubt import decide
from ui.look.icons import Status, status_icon
from ui.models.activity import tab_title
from ui.models.print_outs import PrintOut, letters
from ui.widgets.controls import allow, by_key
from ui.widgets.dialog import Dialog
from ui.widgets.printing import PrintActions, preview

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from ui.windows import DialogContext


@dataclass(frozen=True, slots=True)
class _Read:
    """What the tabs' titles and the two lists of messages show; ``error`` where the lists of messages could not be had."""

    counts: Mapping[Service, ServiceCounts]
    seen: Mapping[Service, int]
    calls: Sequence[CallEntry] = ()
    doubtful: Sequence[OutboxMessage] = ()
    error: KnownError | None = None


class ActivityDialog(Dialog):
    """A tab for each service with its number of errors, one for those to be reminded otherwise, one for what is in doubt."""

    SIZE = (1048, 640)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Protokoll Aktivitäten/Fehler"))
        self.tabs = QTabWidget(self)
        self.tabs.setAccessibleName(_("Register"))
        self.logs = {service: LogPage(context, service) for service in Service}
        self.calls = CallListPage(context, self.tick_off, self.print_letters)
        self.doubtful = DoubtPage(context, self.decide)
        for service, page in self.logs.items():
            page.failed.connect(self.show_error)
            self.tabs.addTab(page, tab_title(service, {}))
            self.remember_columns(page.table, service.value, widths=(130, 130, 400, 140))
        self.tabs.addTab(self.calls, _("Anders zu erinnern"))
        self.tabs.addTab(self.doubtful, _("In der Schwebe"))
        self.remember_columns(self.calls.table, "calls", widths=(72, 130, 160, 180, 160))
        self.remember_columns(self.doubtful.table, "doubtful", widths=(160, 190, 136, 130, 130))
        self.body.addWidget(self.tabs, 1)
        self.printing = PrintActions(self, self._list_now)
        by_key(self, QKeySequence.StandardKey.Refresh, self.refresh)
        self.delete_button = self.side_action(_("Alle &löschen"), self.delete_all)
        self.main_action(_("&OK"), self.reject)
        self._begun: set[Service] = set()
        self._settled_tab = False
        self.tabs.currentChanged.connect(lambda _place: self._turned())
        self._turned()
        self.reload()

    # Reading

    def reload(self) -> None:
        """Reads the numbers and the lists of messages anew."""
        agent = self.context.agent
        self.run(lambda: _read(agent), self._show)

    def refresh(self) -> None:
        """Reads everything anew because a person asks for it; what was told before is over."""
        self.clear_error()
        page = self.tabs.currentWidget()
        if isinstance(page, LogPage):
            page.refilter()
        self.reload()

    def _show(self, read: _Read) -> None:
        for service, page in self.logs.items():
            page.seen_id = read.seen.get(service, 0)
            errors = read.counts.get(service, ServiceCounts()).errors
            self._title(page, tab_title(service, read.counts), Status.ERROR if errors else Status.SUCCESS)
        self.calls.show_entries(read.calls)
        self.doubtful.show_messages(read.doubtful)
        for place, title, number in (
            (self.calls, _("Anders zu erinnern ({number})"), len(read.calls)),
            (self.doubtful, _("In der Schwebe ({number})"), len(read.doubtful)),
        ):
            self._title(place, title.format(number=number), Status.WARNING if number else Status.SUCCESS)
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
        elif read.calls:
            self.tabs.setCurrentWidget(self.calls)
        else:
            with_errors = (page for service, page in self.logs.items() if read.counts.get(service, ServiceCounts()).errors)
            self.tabs.setCurrentWidget(next(with_errors, self.logs[Service.DOWNLOADS]))

    def _title(self, page: QWidget, title: str, status: Status) -> None:
        self.tabs.setTabText(self.tabs.indexOf(page), title)
        self.tabs.setTabIcon(self.tabs.indexOf(page), status_icon(status))

    def _turned(self) -> None:
        page = self.tabs.currentWidget()
        reason = _("Löschen lassen sich nur die Protokolle der Dienste. Diese Liste wird kürzer, wenn Sie abhaken oder entscheiden.")
        allow(self.delete_button, possible=isinstance(page, LogPage), reason=reason)
        if isinstance(page, LogPage) and page.service not in self._begun:
            self._begun.add(page.service)
            page.begin()

    # Printing

    def _list_now(self) -> Callable[[], PrintOut]:
        """Returns what makes the list of the open tab for the printer."""
        return cast("LogPage | CallListPage | DoubtPage", self.tabs.currentWidget()).print_out()

    def print_letters(self) -> None:
        """Prints a letter for each ticked patient, or for all where none is ticked."""
        agent, model, zone = self.context.agent, self.calls.model, self.calls.zone
        entries = model.ticked or model.rows

        def work() -> PrintOut:
            patients = agent.practice.patients({entry.message.patient_id for entry in entries})
            return letters(entries, patients, agent.configuration.practice, zone, agent.clock.now())

        self.run(work, lambda printed: preview(printed, self), busy=_("Briefe werden vorbereitet …"))

    # Deleting, ticking off, deciding

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

    def tick_off(self) -> None:
        """Takes the ticked patients off the list, after a question."""
        ids, agent = [entry.message.id for entry in self.calls.model.ticked], self.context.agent
        question = ngettext("{number} Patient wurde anders erinnert?", "{number} Patienten wurden anders erinnert?", len(ids))
        consequence = _("Abgehakte Patienten verschwinden aus dieser Liste und werden nicht mehr erinnert.")
        if ids and self.ask(question.format(number=len(ids)), consequence, _("&Abhaken")):
            self.run(lambda: agent.messages.tick_off(ids, agent.person), lambda _number: self.reload(), busy=_("Wird abgehakt …"))

    def decide(self, decision: DoubtDecision) -> None:
        """Settles the chosen message in doubt, after a question."""
        message = self.doubtful.table.current
        if message is not None:
            yes = _("&Wurde gesendet") if decision is DoubtDecision.SENT else _("Erneut &senden")
            decide(self, message, decision, yes, self.reload)


def _read(agent: Agent) -> _Read:
    counts = agent.jobs.log.counts()
    seen = {service: agent.jobs.log.newest_id(service) for service in Service}
    try:
        return _Read(counts, seen, agent.messages.call_list(), agent.messages.in_doubt())
    except DatabaseUnavailableError:
        raise
    except KnownError as error:  # the practice's data or the gateway's configuration must not hide the logs
        return _Read(counts, seen, error=error)
