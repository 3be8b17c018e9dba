"""The window *Anrufliste*: whom no message reaches in time; a tick saves at once, and is seen on all workstations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QKeyEvent, QKeySequence, QShowEvent
from PyQt6.QtWidgets import QMenu, QPushButton, QTabBar

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.messages.outbox.model import CallEntry, Calls
from tray_agent.tray.in_windows import in_windows
from ui.dialogs.call_card import SIGNS, CallCard
from ui.look.icons import Status
from ui.look.scale import Type, u
from ui.models.calls import Act, CallRow, CallsModel, CallTab
from ui.models.print_outs import PrintOut, call_list, letters
from ui.widgets.card import card_around
from ui.widgets.controls import by_key
from ui.widgets.dialog import Dialog
from ui.widgets.layout import button, column, row
from ui.widgets.printing import Printing, preview
from ui.widgets.search_line import SearchLine, searching
from ui.widgets.table_models import Column, ListModel
from ui.widgets.tables import TableView
from ui.widgets.undo_bar import UndoBar

if TYPE_CHECKING:
    from ui.windows import DialogContext

_SEARCH = 270


class CallsDialog(Dialog):
    """A table of two-line rows, at the right the chosen person, below what was done last and can be taken back."""

    SIZE = (1120, 640)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Anrufliste"))
        self.model = CallsModel(context.agent.zone)
        self._acts = 0
        self._acting: set[int] = set()
        self._note_failed = False
        self._told_unreadable = False
        self._printing = Printing(self, self._list_now)
        self._make_head()
        self._make_table()
        self.card = CallCard(self.done_or_open, self.not_reached)
        self.card.note.textEdited.connect(self._typed)
        self.card.note.saved.connect(self.save_note)
        self.undo_bar = UndoBar(_("Leertaste: erledigt. Enter: erledigt und weiter."))
        table = card_around(self.tabs, self.table)
        self.body.addLayout(column((row((table, 1), self.card, spacing=12), 1), self.undo_bar, spacing=12), 1)
        self.buttons.hide()
        self.table.offer(self.card.done_button, self.card.unreached_button, self.card.copy_link)
        by_key(self, QKeySequence.StandardKey.Refresh, self.refresh)
        context.windows.state.changed.connect(self._happened)
        self.list.wait()
        self._show()
        self.reload()

    # Widgets

    def _make_head(self) -> None:
        self.search = searching(SearchLine(self), _("Name, Geburtsdatum oder Nummer"))
        self.search.setAccessibleName(_("Suchen nach Name, Geburtsdatum oder Nummer"))
        self.search.setMinimumWidth(u(_SEARCH))
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(lambda: self.table.setFocus())
        self.print_button = button(_("&Drucken"), lambda: None, self, picture="printer")
        self.print_button.setMenu(self._make_menu())
        self.heading.add(self.search, self.print_button)

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        key = by_key(self, QKeySequence.StandardKey.Print, self._printing.print_list)
        lists = (
            (_("Liste &drucken …") + f"\t{key}", self._printing.print_list),
            (_("Seitenansich&t"), self._printing.preview_list),
            (_("Als PD&F speichern …"), self._printing.save_pdf),
        )
        written = ((_("Brief an die gewählte &Person"), self.print_letter), (_("&Briefe an alle offenen"), self.print_letters))
        for entries in (lists, written):
            menu.addSeparator()
            for text, action in entries:
                if (added := menu.addAction(text)) is not None:
                    added.triggered.connect(lambda _checked, action=action: action())
        return menu

    def _make_table(self) -> None:
        self.tabs = QTabBar(self)
        self.tabs.setExpanding(False)
        self.tabs.setAccessibleName(_("Register"))
        for _tab in CallTab:
            self.tabs.addTab("")
        self._show_titles()
        self.tabs.currentChanged.connect(self._turned)
        self.table = TableView[CallRow](_("Anrufliste"), "")
        self.list = ListModel(self._columns(), on_check=self._tick, parent=self, key=lambda row: row.key)
        self.table.present(self.list, self._show_chosen)
        self.remember_columns(self.table, widths=(44, 84, 190, 172, 240))

    def _columns(self) -> tuple[Column[CallRow], ...]:
        return (
            Column("", lambda _row: "", checked=lambda row: None if row.is_gone else row.entry.is_done, key=lambda row: row.is_done),
            Column(_("Termin"), lambda row: row.time, second=lambda row: row.day, strong=True, key=_by_start),
            Column(_("Patient"), lambda row: row.name, second=lambda row: row.born, strong=True, struck=lambda row: row.is_done),
            Column(
                _("Telefon"),
                lambda row: row.phone_words[0],
                second=lambda row: row.phone_words[1],
                size=lambda row: Type.NUMBER if row.phone else Type.TEXT,
                soft=lambda row: row.phone is None,
            ),
            Column(_("Grund"), lambda row: row.why[0], second=lambda row: row.why[1], status=lambda row: SIGNS[row.sign], tooltip=_told),
        )

    # Reading

    def reload(self, then: Callable[[], object] = lambda: None) -> None:
        """Reads the list anew; what is half typed, chosen and struck through stays."""
        agent, acts = self.context.agent, self._acts

        def take(calls: Calls) -> None:
            if acts == self._acts:
                self._take(calls)
            else:  # somebody did something here meanwhile, which was not read yet
                self.reload()

        self.run(lambda: agent.messages.calls(), take, failed=self._failed, then=then)

    def refresh(self) -> None:
        """Reads the list anew because a person asks for it; what was told before is over."""
        self.clear_error()
        self.reload()

    def _happened(self, _state: object) -> None:
        """Reads the list anew where something happened, here or at another workstation: the program looks while a window is open."""
        if self.isVisible():
            self.reload()

    def _take(self, calls: Calls) -> None:
        self.model.take(calls, self.context.agent.clock.now())
        if calls.problem is not None:
            self.banner.say(_("Praxisdaten nicht lesbar: nur Namen und Zeiten"), in_windows(str(calls.problem)), Status.WARNING)
        elif self._told_unreadable:  # that is over
            self.clear_error()
        self._told_unreadable = calls.problem is not None
        self._show()

    def _failed(self, error: KnownError) -> None:
        if self.model.calls is None:
            self.list.fail(error)
        self._told_unreadable = True
        self.show_error(error)

    def showEvent(self, event: QShowEvent | None) -> None:
        """Begins in the list, not in the search."""
        super().showEvent(event)
        self.table.setFocus()

    # Showing

    def _show(self) -> None:
        self.heading.say(self.model.heading)
        self._show_titles()
        title, sentence = self.model.empty
        self.table.when_empty(sentence, title, "circle-check" if self.model.is_all_done else "circle-dashed")
        self.list.show(self.model.rows)
        self._show_chosen()

    def _show_titles(self) -> None:
        titles = {CallTab.OPEN: _("Offen"), CallTab.TODAY: _("Heute erledigt"), CallTab.ALL: _("Alle")}
        for place, tab in enumerate(CallTab):
            number = self.model.count(tab)
            self.tabs.setTabText(place, titles[tab] if number is None else f"{titles[tab]}  {number}")

    def _show_chosen(self) -> None:
        chosen = self.table.current
        self.card.show_row(chosen, self.model.note_of(chosen) if chosen else "", can_choose=bool(self.list.rows))

    def _turned(self, place: int) -> None:
        self.save_note()
        self.model.open_tab(tuple(CallTab)[place])
        self._show()

    def _search(self, text: str) -> None:
        self.model.text = text
        self._show()

    # Acting

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Ticks off with Enter in the list and goes on to the next person; on one who is done it only goes on."""
        if event is None or event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
            return
        event.accept()
        focused = self.focusWidget()
        if isinstance(focused, QPushButton) and focused is not self.card.done_button:
            focused.click()
        elif focused in (self.table, self.card.done_button):
            self.done_and_next()

    def done_and_next(self) -> None:
        """Ticks the chosen person off, if he is not, and chooses the next who is open."""
        chosen = self.table.current
        if chosen is not None and not chosen.is_done:
            self._do(chosen, is_done=True)
        self._go_on()

    def _go_on(self) -> None:
        """Chooses the next open row below, without one the next above."""
        rows, here = self.list.rows, self.table.currentIndex().row()
        ahead = [place for place in (*range(here + 1, len(rows)), *range(here)) if not rows[place].is_done]
        if ahead:
            self.table.setCurrentIndex(self.list.index(ahead[0], max(0, self.table.currentIndex().column())))

    def done_or_open(self) -> None:
        """Ticks the chosen person off, or takes that back."""
        chosen = self.table.current
        if chosen is not None:
            self._do(chosen, is_done=not chosen.is_done)

    def _tick(self, row: CallRow, on: bool) -> None:
        self._do(row, is_done=on)

    def _do(self, row: CallRow, *, is_done: bool) -> None:
        agent, before = self.context.agent, row.entry
        if row.is_gone or before.is_done is is_done:
            return
        if is_done:
            self._act(row, lambda: agent.messages.tick(before, agent.person), _("{patient}: {done}."))
        else:
            self._act(row, lambda: agent.messages.untick(before), _("{patient}: wieder offen."))

    def not_reached(self) -> None:
        """Notes that the chosen person was called in vain."""
        chosen, agent = self.table.current, self.context.agent
        if chosen is not None and not chosen.is_done:
            self._act(chosen, lambda: agent.messages.not_reached(chosen.entry, agent.person), _("{patient}: {unreached}."))

    def _act(self, row: CallRow, work: Callable[[], CallEntry], words: str) -> None:
        """Does something about one person, once at a time, and offers to take it back."""
        if row.key in self._acting:
            return
        self._acting.add(row.key)
        self.clear_error()

        def done(after: CallEntry) -> None:
            self._put(after)
            now = self.model.row(row.key)
            if now is not None:
                said = words.format(patient=now.name, done=now.done, unreached=now.unreached)
                act = Act(row.entry, after, said)
                self.undo_bar.offer(said, lambda: self._take_back(act))

        self.run(work, done, failed=self._too_late, then=lambda: self._acting.discard(row.key))

    def _put(self, entry: CallEntry) -> None:
        self._acts += 1
        self.model.put(entry, self.context.agent.clock.now())
        self._show()

    def _take_back(self, act: Act) -> None:
        agent = self.context.agent

        def work() -> CallEntry:
            if act.is_call:
                return agent.messages.take_unreached_back(act.before, act.after)
            return agent.messages.untick(act.after) if act.is_tick else agent.messages.tick(act.after, agent.person)

        def done(entry: CallEntry) -> None:
            self._put(entry)
            self._choose(entry.message.id)

        self.run(work, done, failed=self._too_late)

    def _choose(self, number: int) -> None:
        place = self.list.place_of(number)
        if place >= 0:
            self.table.setCurrentIndex(self.list.index(place, max(0, self.table.currentIndex().column())))

    def _too_late(self, error: KnownError) -> None:
        self.undo_bar.clear()
        self.reload(then=lambda: self.show_error(error))

    # Notes

    def _typed(self, text: str) -> None:
        if self.card.row is not None:
            self.model.type_note(self.card.row, text)

    def save_note(self, then: Callable[[], object] = lambda: None) -> None:
        """Saves what is typed; where somebody else noted something meanwhile, it stays in the field and nothing is overwritten."""
        agent, typed = self.context.agent, dict(self.model.notes)
        if not typed:
            then()
            return
        entries = [(row.entry, text) for number, text in typed.items() if (row := self.model.row(number)) is not None]

        def work() -> Sequence[CallEntry]:
            return [agent.messages.note(entry, text, agent.person) for entry, text in entries]

        def done(noted: Sequence[CallEntry]) -> None:
            self._note_failed = False
            for entry in noted:
                number = entry.message.id
                if self.model.notes.get(number) == typed[number]:
                    del self.model.notes[number]
                row = self.model.row(number)
                self._put(replace(entry, is_done=row.entry.is_done if row else entry.is_done))  # he may have been ticked off meanwhile
            then()

        def failed(error: KnownError) -> None:
            self._note_failed = True
            self._too_late(error)

        self.run(work, done, failed=failed)

    # Printing

    def _list_now(self) -> Callable[[], PrintOut]:
        """Returns what makes the list of the open ones."""
        zone, clock = self.context.agent.zone, self.context.agent.clock
        entries = self.model.calls.open if self.model.calls else ()
        return lambda: call_list(entries, zone, clock.now())

    def print_letter(self) -> None:
        """Prints a letter to the chosen person."""
        chosen = self.table.current
        self._print_letters([chosen.entry] if chosen is not None else [])

    def print_letters(self) -> None:
        """Prints a letter to each who is still to be reminded."""
        self._print_letters(self.model.calls.open if self.model.calls else ())

    def _print_letters(self, entries: Sequence[CallEntry]) -> None:
        agent = self.context.agent

        def work() -> PrintOut:
            patients = agent.practice.patients({entry.message.patient_id for entry in entries})
            return letters(entries, patients, agent.configuration.practice, agent.zone, agent.clock.now())

        if entries:
            self.run(work, lambda printed: preview(printed, self), busy=_("Briefe werden vorbereitet …"))

    # Closing

    def has_unsaved_changes(self) -> bool:
        """Returns whether a note could not be saved."""
        return self._note_failed and bool(self.model.notes)

    def save(self, then: Callable[[], None]) -> None:
        """Saves the notes."""
        self.save_note(then)

    def reject(self) -> None:
        """Closes; what is half typed is saved first. Where that fails the window stays, and asks the next time."""
        close = super().reject
        if self.model.notes and not self._note_failed:
            self.save_note(close)
        else:
            close()


def _by_start(row: CallRow) -> str:
    return str(row.entry.message.appointment_at or "")


def _told(row: CallRow) -> str:
    return "\n".join(part for part in (row.entry.sentence, row.unreached, row.entry.message.note or "") if part)
