"""The window *Aufträge verwalten*: the five jobs, their schedules, and the day that follows from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from PyQt6 import sip
from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeySequence, QResizeEvent
from PyQt6.QtWidgets import QMenu, QPushButton

from tray_agent.i18n import _, format_long_date, ngettext
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.events import Event, PauseChanged, PlanChanged, RunFinished, RunProgressed, RunStarted
from tray_agent.jobs.model import JobOverview, Pause
from tray_agent.protocol.model import RunFilter
from tray_agent.protocol.titles import state_title
from tray_agent.schedules.day_plan import DayPlan, plan_day
from tray_agent.schedules.order_check import OrderFinding
from tray_agent.tray.model import DialogName
from ui.dialogs.day_timeline import DayTimeline, run_status
from ui.look.icons import Status
from ui.look.scale import u
from ui.look.style import QUIET
from ui.models.day_timeline import DayFacts
from ui.models.jobs import JobRow, JobsModel, abandon_question, run_question, who_runs_them
from ui.models.schedule import ScheduleSubject
from ui.widgets.card import GAP, Card, card_around
from ui.widgets.chip import Chip
from ui.widgets.controls import allow, by_key, once_after
from ui.widgets.dialog import Dialog
from ui.widgets.icons import RUN_ICONS
from ui.widgets.layout import GRID, button, clear, column, held, scrolling
from ui.widgets.links import Link
from ui.widgets.message_box import offer_to_send
from ui.widgets.notes import Note, plain_label
from ui.widgets.progress_line import ProgressLine
from ui.widgets.table_models import Column, ListModel
from ui.widgets.tables import TableView, on_choice

if TYPE_CHECKING:
    from PyQt6.QtWidgets import QDialog

    from tray_agent.agent import Agent
    from tray_agent.errors import KnownError
    from tray_agent.schedules.schedule import Schedule
    from ui.windows import DialogContext

_TICK = 20_000
"""Milliseconds until the line of the present is moved on."""

_MOST_RUNS = 2000
"""So many runs of a day are shown on the time line: of a job that runs every minute, and of the others."""

_ROW = 50

_HINTS_HEIGHT = 78
"""The room of hints at the most, in pixels to go through ``u``; beyond that they scroll."""


def _result_status(row: JobRow) -> Status:
    if row.shown_run is None:
        return Status.WAITING
    return run_status(row.shown_run.state, row.trouble)


class JobsDialog(Dialog):
    """The jobs with their checkboxes; *Speichern* writes what was ticked and scheduled, *Abbrechen* means it."""

    SIZE = (1120, 680)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Aufträge verwalten"))
        self.zone = context.agent.zone
        self.model = JobsModel(self.zone)
        self.day = context.agent.clock.now().astimezone(self.zone).date()
        self._schedules: dict[JobKey, QDialog] = {}
        self._checking = self._check_again = False
        self._run_id = 0
        self._shown_hints: list[tuple[str, Status]] = []
        self.body.setSpacing(u(GAP))
        self._make_actions()
        self._make_table()
        self.run_bar = ProgressLine(_("Fortschritt des Laufs"), _("&Lauf abbrechen"), self.cancel_run)
        self.body.addWidget(self.run_bar)
        self._make_hints()
        self._make_day()
        self.main_action(_("&Speichern"), self.save_and_close)
        self.close_action()
        by_key(self, QKeySequence.StandardKey.Refresh, self.refresh)
        on_choice(self.table, self._allow_actions)
        self._unsubscribe = context.agent.job_events.subscribe(self._heard)
        self._tick = once_after(_TICK, self._move_on, self)
        self._tick.setSingleShot(False)
        self._tick.start()
        self._allow_actions()
        self.reload(busy=_("Aufträge werden gelesen …"))

    # Widgets

    def _make_table(self) -> None:
        self.table = TableView[JobRow](_("Aufträge"), _("Es sind keine Aufträge eingerichtet."))
        self.list = ListModel(
            self._columns(),
            on_check=lambda row, on: self._edit(self.model.enable, row.key, on),
            parent=self,
            key=lambda row: row.stored.key,
        )
        self.table.setModel(self.list)
        self.table.menu_asked.connect(lambda place: self.context_menu().popup(place))
        self.table.doubleClicked.connect(lambda index: self.open_schedule() if index.column() else None)
        self.remember_columns(self.table, widths=(100, 276, 148))
        self.table.setFixedHeight(max(self.table.titles.sizeHint().height(), self.table.titles.minimumHeight()) + len(JobKey) * u(_ROW))
        rows = self.table.verticalHeader()
        if rows is not None:
            rows.setDefaultSectionSize(u(_ROW))
        self.body.addWidget(card_around(self.table))

    def _columns(self) -> tuple[Column[JobRow], ...]:
        model = self.model
        return (
            Column(_("Aktiviert"), lambda row: _("Ja") if row.enabled else _("Nein"), checked=lambda row: row.enabled),
            Column(
                _("Auftrag"),
                lambda row: row.title,
                second=model.schedule_text,
                strong=True,
            ),
            Column(
                _("Nächster Lauf"),
                model.next_text,
                soft=lambda row: row.next_at is None,
                status=lambda row: Status.WARNING if row.needs_a_look else None,
                tooltip=lambda row: "\n".join(row.warnings),
            ),
            Column(
                _("Letztes Ergebnis"),
                model.result_text,
                status=_result_status,
                soft=lambda row: row.shown_run is None,
                tooltip=model.result_details,
            ),
        )

    def _make_actions(self) -> None:
        self.schedule_button = button(_("&Zeitplan"), self.open_schedule, picture="calendar-clock")
        self.history_button = button(_("&Protokoll Auftragsverlauf"), self.open_history, picture="history")
        self.run_button = button(_("&Jetzt ausführen"), self.run_now, picture="player-play")
        self.abandon_button = button(_("&Nicht weiter versuchen"), self.abandon, picture="x")
        # what comes and goes stands first: so the others stay in their places
        self.heading.add(self.abandon_button, self.schedule_button, self.history_button, self.run_button)

    def _make_hints(self) -> None:
        self._hint_lines = column(spacing=4)
        self._hint_page = held(self._hint_lines)
        self._hint_area = scrolling(self._hint_page)
        self._hint_area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # more hints than there is room for are read by keys
        self._hint_area.setAccessibleName(_("Hinweise zu den Aufträgen"))
        self._hint_area.hide()

    def _make_day(self) -> None:
        card = Card(_("Tagesplan"))
        self.day_label = plain_label()
        self.day_label.setWordWrap(False)
        self.day_label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.today = Link(_("&Heute"), lambda: self.go(0))
        self.set_state = Chip(Status.SUCCESS, "")
        before, after = self._arrow("chevron-left", _("Vorheriger Tag"), -1), self._arrow("chevron-right", _("Nächster Tag"), 1)
        assert card.head is not None  # noqa: S101 - the card has a title
        for place, part in enumerate((before, self.day_label, after, self.today), start=1):
            card.head.insertWidget(place, part)
        card.head.addWidget(self.set_state)
        self.timeline = DayTimeline()
        self.timeline.day_asked.connect(self.go)
        card.body.setSpacing(u(GRID))
        card.body.addWidget(self._hint_area)
        card.body.addWidget(self.timeline, 1)
        self.body.addWidget(card, 1)

    def _arrow(self, picture: str, name: str, days: int) -> QPushButton:
        arrow = button("", lambda: self.go(days), picture=picture)
        arrow.setProperty(QUIET, True)
        arrow.setAccessibleName(name)
        arrow.setToolTip(name)
        return arrow

    # Reading and checking

    def reload(self, *, busy: str = "") -> None:
        """Reads the jobs anew; what was edited stays."""
        agent = self.context.agent
        if not self.model.rows:
            self.list.wait()
        self.run(
            lambda: (agent.jobs.overview(), agent.clock.now(), agent.jobs.paused(), _workstations(agent)),
            lambda read: self._show(*read),
            busy=busy,
            failed=self._not_read,
        )

    def refresh(self) -> None:
        """Reads the jobs anew because a person asks for it; what was told before is over."""
        self.clear_error()
        self.reload(busy=_("Aufträge werden gelesen …"))

    def _not_read(self, error: KnownError) -> None:
        if self.model.rows:
            self.show_error(error)
        else:
            self.list.fail(error)

    def _show(self, jobs: tuple[JobOverview, ...], now: datetime, pause: Pause | None, workstations: tuple[str, ...]) -> None:
        self.model.show(jobs, now, pause)
        self.heading.say(who_runs_them(workstations))
        self._changed()
        if not self.table.currentIndex().isValid():
            self.table.selectRow(0)
            self.table.setFocus()

    def _changed(self) -> None:
        """Shows what was edited and has the set checked anew."""
        self._show_rows()
        if self._checking:
            self._check_again = True
            return
        self._checking = True
        agent, model, day = self.context.agent, self.model, self.day
        changes, schedules = model.tried_changes, dict(model.tried_schedules)
        owed = {row.key: row.stored.owed for row in model.rows if row.stored.owed is not None}

        def check() -> tuple[tuple[OrderFinding, ...], DayPlan, DayFacts]:
            plan, off = _planned(agent, schedules, day)
            ran = agent.jobs.history.page(RunFilter(plan.start, plan.end), size=_MOST_RUNS).rows
            return agent.jobs.check(changes), plan, DayFacts(ran, off.runs, owed)

        self.run(check, lambda checked: self._checked(*checked), failed=self._check_failed)

    def _checked(self, findings: tuple[OrderFinding, ...], plan: DayPlan, facts: DayFacts) -> None:
        self._checking = False
        self.model.findings = findings
        self.timeline.show_plan(plan, self._now, facts)
        self.day_label.setText(format_long_date(plan.day))
        if self.today.hasFocus() and plan.day == self._now.date():
            self.timeline.setFocus()
        self.today.setVisible(plan.day != self._now.date())
        self._show_rows()
        if self._check_again:
            self._check_again = False
            self._changed()

    @property
    def _now(self) -> datetime:
        return self.context.agent.clock.now().astimezone(self.zone)

    def _move_on(self) -> None:
        self.timeline.show_now(self._now)

    def _check_failed(self, error: KnownError) -> None:
        self._checking = self._check_again = False
        self.show_error(error)

    def _show_rows(self) -> None:
        self.list.show(self.model.rows)
        self._allow_actions()
        self._show_hints()
        self.tell_unsaved(len(self.model.changes))

    def _allow_actions(self) -> None:
        read = bool(self.model.rows)
        unread = _("Die Aufträge sind noch nicht gelesen.")
        for needs_row in (self.schedule_button, self.history_button):
            allow(needs_row, possible=read, reason=unread)
        running = _("Zuerst den Lauf abwarten, der im Gang ist.")
        allow(self.run_button, possible=read and self.run_bar.isHidden(), reason=running if read else unread)
        chosen = self.table.current
        self.abandon_button.setVisible(chosen is not None and chosen.waits)

    def _show_hints(self) -> None:
        hints, good = self.model.hints, self.model.good_news
        self._tell_of_set(len(hints), good)
        shown = [(hint, Status.WARNING) for hint in hints] or [(good, Status.INFO)] * bool(good and not self.model.is_good)
        if shown == self._shown_hints:
            return
        self._shown_hints = shown
        clear(self._hint_lines)
        for hint, status in shown:
            note = Note(self._hint_page)
            note.say(hint, status)
            self._hint_lines.addWidget(note)
        self._hint_lines.addStretch(1)
        self._fit_hints()

    def _tell_of_set(self, hints: int, good: str) -> None:
        """Tells beside the day whether the schedules fit together, or how many hints there are."""
        if hints:
            words = ngettext("{number} Hinweis", "{number} Hinweise", hints).format(number=hints)
            self.set_state.tell(Status.WARNING, words, acts=True)
        else:
            self.set_state.tell(Status.SUCCESS, good)
        self.set_state.setVisible(bool(hints) or self.model.is_good)

    def _fit_hints(self) -> None:
        """Gives the hints the room they need, up to a part of the window; beyond that they scroll."""
        self._hint_area.setVisible(bool(self._shown_hints))
        needed = self._hint_lines.totalHeightForWidth(max(u(200), self.width() - u(8 * GRID)))
        self._hint_area.setFixedHeight(min(max(needed, 0), u(_HINTS_HEIGHT)))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Fits the hints to the new width."""
        super().resizeEvent(event)
        self._fit_hints()

    def go(self, days: int) -> None:
        """Shows the day before or after on the time line; 0: today."""
        self.day = self.day + timedelta(days=days) if days else self._now.date()
        self._changed()

    def _heard(self, event: Event) -> None:
        """Hears of runs and schedules in whatever thread they arise."""
        if isinstance(event, RunStarted | RunFinished | PlanChanged | PauseChanged):
            self._post(self.reload)

    def _post(self, call: Callable[[], None]) -> None:
        """Does something on the GUI thread, from any thread, unless the window is gone by then."""
        self.context.background.post(lambda: None if sip.isdeleted(self) else call())

    # Editing

    def _edit(self, edit: Callable[..., None], *values: object) -> None:
        edit(*values)
        self._changed()

    def context_menu(self) -> QMenu:
        """Returns the menu of the chosen row."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for title, action, possible in (
            (_("Zeitplan"), self.open_schedule, True),
            (_("Protokoll Auftragsverlauf"), self.open_history, True),
            (_("Jetzt ausführen"), self.run_now, self.run_bar.isHidden()),
        ):
            added = menu.addAction(title)
            if added is not None:
                added.setEnabled(possible)
                added.triggered.connect(lambda _checked, action=action: action())
        return menu

    def open_schedule(self) -> None:
        """Opens the window *Zeitplan* of the chosen row; what it saves comes back here."""
        row = self.table.current
        if row is None:
            return
        key, model = row.key, self.model
        take, preview = partial(self._edit, model.set_schedule, key), partial(self._edit, model.try_schedule, key)
        self._schedules[key] = self.context.windows.open(
            DialogName.SCHEDULE, ScheduleSubject(key, row.schedule, take, preview, window=id(self))
        )

    def open_history(self) -> None:
        """Opens the history of the chosen job."""
        if (row := self.table.current) is not None:
            self.context.windows.open(DialogName.JOB_HISTORY, row.key)

    # Running

    def run_now(self) -> None:
        """Runs the chosen job now; its progress and its result are shown here."""
        row, agent = self.table.current, self.context.agent
        if row is None or not self.run_bar.isHidden():
            return
        key, title = row.key, row.title
        question = run_question(key)
        if question is not None and not self.ask(*question):
            return
        self.clear_error()
        self._run_id = 0
        self._show_progress(title)
        self.run_bar.cancel.setEnabled(False)
        self._show_rows()
        self.run(
            lambda: agent.jobs.run_now(key, listener=lambda event: self._post(lambda: self._run_event(title, event))),
            lambda run: self.banner.say(
                _("{job}: {status}").format(job=title, status=state_title(run.state)), run.sentence, RUN_ICONS[run.state]
            ),
            then=self._run_ended,
        )

    def abandon(self) -> None:
        """Ends, after a question, what the chosen job would try again."""
        row, agent = self.table.current, self.context.agent
        if row is None or not row.waits or not self.ask(*abandon_question(row)):
            return
        self.clear_error()
        self.run(lambda: agent.jobs.abandon(row.key, agent.person), lambda _ended: self.reload())

    def _run_event(self, title: str, event: object) -> None:
        if isinstance(event, RunStarted):
            self._run_id = event.run_id
            self.run_bar.cancel.setEnabled(True)
        elif isinstance(event, RunProgressed):
            self._show_progress(title, event.what, event.done / event.total if event.total else None)

    def _show_progress(self, title: str, what: str = "", part: float | None = None) -> None:
        self.run_bar.tell(_("{job}: {what}").format(job=title, what=what) if what else _("{job} läuft …").format(job=title), part)

    def cancel_run(self) -> None:
        """Asks the run to stop at its next safe point."""
        agent, run_id = self.context.agent, self._run_id
        self.run_bar.cancel.setEnabled(False)
        self.run(lambda: agent.jobs.cancel(run_id), lambda _asked: None)

    def _run_ended(self) -> None:
        self.run_bar.hide()
        self.reload()

    # Saving and closing

    def has_unsaved_changes(self) -> bool:
        """Returns whether a job was ticked or scheduled otherwise."""
        return self.model.has_changes

    def save(self, then: Callable[[], None]) -> None:
        """Writes all changes or none."""
        if not self._close_schedules():
            return
        agent, changes, who = self.context.agent, self.model.changes, self.context.agent.person

        def saved(_nothing: None) -> None:
            if any(change.key is JobKey.SEND_MESSAGES for change in changes):
                offer_to_send(self.context.windows)
            then()

        self.run(lambda: agent.jobs.save(changes, who), saved, busy=_("Aufträge werden gespeichert …"), failed=self._not_saved)

    def _not_saved(self, error: KnownError) -> None:
        from tray_agent.jobs.errors import ChangedElsewhereError

        if isinstance(error, ChangedElsewhereError):
            self.model.forget_edits()
        self.show_error(error)
        self.reload()

    def reject(self) -> None:
        """Closes the window like Escape; first the schedules that are still open, each asking for itself."""
        if self._close_schedules():
            super().reject()

    def _close_schedules(self) -> bool:
        for dialog in list(self._schedules.values()):
            if not sip.isdeleted(dialog) and dialog.isVisible():
                dialog.raise_()
                dialog.reject()
                if not sip.isdeleted(dialog) and dialog.isVisible():
                    return False
        self._schedules.clear()
        return True

    def done(self, result: int) -> None:
        """Ends the window; stops listening to the engine and closes the schedules it opened."""
        self._unsubscribe()
        for dialog in self._schedules.values():
            if not sip.isdeleted(dialog):
                dialog.done(0)
        self._schedules.clear()
        super().done(result)


def _workstations(agent: Agent) -> tuple[str, ...]:
    return tuple(presence.workstation for presence in agent.jobs.presences.there())


def _planned(agent: Agent, schedules: dict[JobKey, Schedule], day: date) -> tuple[DayPlan, DayPlan]:
    """Returns what is planned on a day, and what would be of the jobs that are not enabled."""
    quiet = agent.jobs.around.quiet()
    off = {key: replace(schedule, enabled=True) for key, schedule in schedules.items() if not schedule.enabled}
    return plan_day(schedules, agent.zone, quiet, day), plan_day(off, agent.zone, quiet, day)
