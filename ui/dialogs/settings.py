"""The window *Schalter*."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtWidgets import QDialogButtonBox, QLineEdit, QVBoxLayout, QWidget

from tray_agent.config.settings import Setting, Value
from tray_agent.i18n import _
from tray_agent.job_kinds import JobKey, job_kind
from ui.dialogs.switch_rows import Fold, SwitchRow
from ui.look.icons import Status
from ui.look.scale import Type, u
from ui.models.settings import PLACES, SettingsModel, SwitchPlace, fold_text, is_found
from ui.widgets.card import Card
from ui.widgets.controls import allow
from ui.widgets.dialog import Dialog
from ui.widgets.layout import GRID, column, held, row, scrolling
from ui.widgets.message_box import offer_to_send
from ui.widgets.notes import Note, plain_label, soft_label
from ui.widgets.place_list import PlaceList
from ui.widgets.search_line import SearchLine, searching

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.schedules.order_check import OrderFinding
    from ui.windows import DialogContext

_NEAR = 24
"""So far below the top a section counts as the one that is read."""


class SettingsDialog(Dialog):
    """All switches as questions; *Speichern* writes what was changed, *Verwerfen* forgets it."""

    SIZE = (960, 660)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Schalter"))
        self.model: SettingsModel | None = None
        self.sections: list[Section] = []
        self.search = self._search_line()
        self.places = PlaceList(_("Bereiche"), self)
        self._hints = Note(self, Status.WARNING)
        self._nothing = Nothing(self)
        self._checking = False
        self._checked: dict[Setting, Value] | None = None
        self._area = scrolling()
        self._area.setAccessibleName(_("Alle Schalter"))
        self._lay_out_content()
        self._leave = self._button(_("Schliessen"), QDialogButtonBox.ButtonRole.RejectRole, self.leave)
        self._save = self.main_action(_("&Speichern"), self.save_and_close)
        allow(self._save, possible=False, reason=_("Es ist nichts geändert."))
        self.run(lambda: _load(context.agent), self._show, busy=_("Schalter werden gelesen …"))

    def _search_line(self) -> QLineEdit:
        made = searching(SearchLine(self), _("Schalter suchen"))
        made.setAccessibleName(_("Schalter suchen"))
        made.textChanged.connect(lambda _words: self._filter())
        return made

    def _lay_out_content(self) -> None:
        for place in PLACES:
            self.places.add(_(place.title), place.picture)
        self.places.setCurrentRow(0)
        self.places.currentRowChanged.connect(self._go_to)
        whole = soft_label(_("Gilt für alle Arbeitsplätze der Praxis."), wrap=True)
        self.search.setFixedWidth(self.places.width())
        whole.setFixedWidth(self.places.width())
        left = held(column(self.heading, self.search, (self.places, 1), whole))
        self.body.addLayout(row(left, (column(self._area, self._nothing, self._hints), 1), spacing=2 * GRID), 1)
        if (bar := self._area.verticalScrollBar()) is not None:
            bar.valueChanged.connect(lambda _value: self._follow())

    # Showing

    def _show(self, model: SettingsModel) -> None:
        self.model = model
        page = QWidget()
        self.sections = [Section(place, model, self._changed) for place in PLACES]
        page.setLayout(column(*self.sections, None, spacing=2 * GRID, margins=(0, 0, 4, 0)))
        self._area.setWidget(page)
        if not page.isAncestorOf(self.focusWidget()):
            self.search.setFocus()
        self._filter()
        self._changed()

    def _filter(self) -> None:
        """Shows what has the words of the search; the rest comes back when they are gone."""
        words = self.search.text().strip()
        for place, section in enumerate(self.sections):
            section.filter(words)
            self.places.allow(place, possible=not section.isHidden())
        found = any(not section.isHidden() for section in self.sections)
        self._area.setVisible(found or not self.sections)
        self._nothing.say(words if self.sections and not found else "")

    def _go_to(self, place: int) -> None:
        page, bar = self._area.widget(), self._area.verticalScrollBar()
        if page is None or bar is None or not 0 <= place < len(self.sections):
            return
        with QSignalBlocker(bar):  # the chosen place stays chosen, also where it can't come to the top
            bar.setValue(self.sections[place].y())
        # what the blocked signal would have told the area
        page.move(page.x(), -bar.value())

    def _follow(self) -> None:
        """Marks the place that is read, as the page is scrolled."""
        bar = self._area.verticalScrollBar()
        if bar is None:
            return
        seen = [place for place, section in enumerate(self.sections) if not section.isHidden()]
        reached = [place for place in seen if self.sections[place].y() <= bar.value() + u(_NEAR)]
        if bar.value() == bar.maximum() and self.places.currentRow() in seen[len(reached) :]:
            return
        if reached:
            with QSignalBlocker(self.places):
                self.places.setCurrentRow(reached[-1])

    def _changed(self) -> None:
        if self.model is not None:
            self._hints.say("\n".join(self.model.hints()))
            changed, faulty = len(self.model.changes), bool(self.model.faults)
            why = _("Zuerst die Hinweise bei den Feldern beachten.") if faulty else _("Es ist nichts geändert.")
            allow(self._save, possible=bool(changed) and not faulty, reason=why)
            self._leave.setText(_("&Verwerfen") if self.model.has_changes else _("Schliessen"))
            self.tell_unsaved(changed)
            self._check_plan(self.model)

    def _check_plan(self, model: SettingsModel) -> None:
        """Has the plan looked at with the switches as edited, one question at a time: on which days would nobody be reminded?"""
        asked, agent = model.plan_switches, self.context.agent
        if self._checking or asked == self._checked:
            return

        def checked(findings: Sequence[OrderFinding]) -> None:
            self._checking, self._checked = False, asked
            model.gaps = tuple(finding.sentence for finding in findings)
            self._changed()

        self._checking = True
        self.run(lambda: agent.gaps(changes=asked), checked, failed=lambda _error: checked(()))

    # Leaving

    def has_unsaved_changes(self) -> bool:
        """Returns whether a switch was changed."""
        return self.model is not None and self.model.has_changes

    def leave(self) -> None:
        """Closes the window and forgets what was changed, as the button says; Escape and the window's cross ask first."""
        self._settled = True
        self.reject()

    def save(self, then: Callable[[], None]) -> None:
        """Writes the changed switches, all or none."""
        model, agent = self.model, self.context.agent
        if model is None or model.faults:
            return
        changes = model.changes

        def saved(_nothing: None) -> None:
            model.saved()
            if any(changes.get(setting) for setting in job_kind(JobKey.SEND_MESSAGES).switches):
                offer_to_send(self.context.windows)
            then()

        self.run(
            lambda: agent.save_switches(changes),
            saved,
            busy=_("Schalter werden gespeichert …"),
        )


class Section(QWidget):
    """A place of the window: its title, and a card with its rows.

    Args:
        place: which.
        model: takes what is entered.
        changed: called after every change.

    Attributes:
        rows: all of them, those included that are not seen.
        fold: unfolds what is seldom used; None where nothing is.
    """

    def __init__(self, place: SwitchPlace, model: SettingsModel, changed: Callable[[], object]) -> None:
        super().__init__()
        self.rows = [SwitchRow(entry, model, changed) for entry in place.entries]
        seldom = [one for one in self.rows if one.entry.seldom]
        self._found = set(self.rows)
        self._words = ""
        self.fold = Fold(fold_text(place)) if seldom else None
        if self.fold is not None:
            self.fold.setChecked(any(one.differs for one in seldom))  # what somebody has set is not hidden from who reads
            self.fold.toggled.connect(lambda _open: self._show_rows())
        often = [one for one in self.rows if one not in seldom]
        card = Card()
        card.setAccessibleName(_(place.title))
        _take_all(card.body, (*often, *((self.fold,) if self.fold else ()), *seldom))
        title = plain_label(_(place.title), bold=True, size=Type.CARD)
        self.setLayout(column(title, card, spacing=10, margins=(0, 0, 0, 0)))

    def filter(self, words: str) -> None:
        """Shows the rows that have the words, those that are folded away, too; without words all."""
        self._words = words
        self._found = {one for one in self.rows if is_found(one.entry, words)}
        self.setVisible(bool(self._found))
        self._show_rows()

    def _show_rows(self) -> None:
        is_open = bool(self._words) or (self.fold is not None and self.fold.isChecked())
        if self.fold is not None:
            self.fold.setVisible(not self._words)
        shown = [one for one in self.rows if one in self._found and (is_open or not one.entry.seldom)]
        for one in self.rows:
            one.setVisible(one in shown)
            one.divider.setVisible(one not in shown[:1])


def _take_all(body: QVBoxLayout, parts: Sequence[QWidget]) -> None:
    body.setContentsMargins(1, 1, 1, 1)
    body.setSpacing(0)
    for part in parts:
        body.addWidget(part)


class Nothing(QWidget):
    """What is seen where a search finds nothing; takes no room else."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = plain_label(bold=True, size=Type.CARD)
        hint = soft_label(_("Gesucht wird in den Fragen, den Erklärungen und den Namen der Schalter."), size=Type.TEXT, wrap=True)
        for label in (self._title, hint):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.setLayout(column(None, self._title, hint, None))
        self.hide()

    def say(self, words: str) -> None:
        """Tells that nothing has these words; "": takes no room."""
        self._title.setText(_("Kein Schalter enthält «{words}».").format(words=words))
        self.setVisible(bool(words))


def _load(agent: Agent) -> SettingsModel:
    return SettingsModel(agent.settings.load(), agent.practice_ids())
