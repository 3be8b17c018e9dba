"""The start page: what needs a decision, today, tomorrow, the last days, and every way into the program; the main window without a tray."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QShowEvent
from PyQt6.QtWidgets import QPushButton, QWidget

from tray_agent.errors import KnownError
from tray_agent.i18n import _, ngettext
from tray_agent.tray.model import Action, AgentFacts, CheckNow, DialogName, OpenDialog, TrayState, tray_state
from ui.dialogs.start_parts import STATUS, DayCard, FirstStepsCard, MonthCard, Page, PageHead, SideCard, TodayCard, TomorrowCard
from ui.look.scale import u
from ui.models.rail import rail
from ui.models.start import MOST_BANNERS, Content, StartView, ToDo, start_view
from ui.widgets.banner import BannerRow, Banners
from ui.widgets.controls import once_after
from ui.widgets.day_bars import DayBars
from ui.widgets.dialog import Dialog
from ui.widgets.layout import button, column, row, scrolling
from ui.widgets.links import Link
from ui.widgets.mnemonics import mnemonic_of
from ui.widgets.rail import Rail

if TYPE_CHECKING:
    from tray_agent.start_page import Previewed, StartFacts
    from ui.windows import DialogContext

SIDE_WIDTH = 244
"""Of the right column, at the least."""

_PLOTS = (104, 77, 44)
"""How high the bars may be without a banner, with one, and with more: all fits the height of the window."""


class StartDialog(Dialog):
    """The rail and the page. It shows what was read last until it is read anew; what is shown stays where it is."""

    SIZE = (920, 640)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Start"))
        self.heading.hide()
        self.buttons.hide()
        self._state = context.windows.state.current or _starting(context)
        self._facts: StartFacts | None = None
        self._tomorrow: Previewed | KnownError | None = None
        self._reading = self._again = self._looking = self._all_banners = self._is_fitted = False
        self._told: tuple[ToDo, ...] | None = None
        self.head = PageHead(lambda: self.choose(CheckNow()))
        self.rail = Rail(self.choose, taken="".join(mnemonic_of(self.head.check.text())))
        self.to_do = Banners()
        self.today, self.tomorrow, self.month = TodayCard(self.choose), TomorrowCard(self.choose), MonthCard(self.choose)
        self.side, self.day = SideCard(self.choose), DayCard()
        self.first_steps = FirstStepsCard(
            lambda: self.choose(OpenDialog(DialogName.SETUP)), lambda: self.choose(OpenDialog(DialogName.PORTAL))
        )
        self._fit_soon = once_after(0, self._fit_width, self)
        self._lay_out()
        context.windows.state.changed.connect(self.show_state)
        self.show_state(self._state)

    def _lay_out(self) -> None:
        outer = self.layout()
        if outer is not None:
            outer.setContentsMargins(0, 0, 0, 0)
            outer.setSpacing(0)
        left = column(self.today, self.tomorrow, self.month, spacing=12)
        right = column(self.side, (self.day, 1), spacing=12)
        right.addStrut(u(SIDE_WIDTH))
        self._columns = QWidget()
        self._columns.setLayout(row((left, 1), right, spacing=12, margins=(0, 0, 0, 0)))
        page = Page()
        page.setLayout(column(self.head, self.to_do, self._columns, (self.first_steps, 100), None, spacing=12, margins=(16, 16, 20, 16)))
        self._page = scrolling(page)
        entries = scrolling(self.rail)
        entries.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._entries = entries
        self.body.addLayout(row(entries, (self._page, 1), spacing=0))

    def showEvent(self, event: QShowEvent | None) -> None:
        """Makes the window as wide as its words need."""
        super().showEvent(event)
        self._fit_width()
        self._order_keys()

    def _fit_width(self) -> None:
        """Makes the window as wide as the words of its language need, as far as the screen goes."""
        page, screen, bar = self._page.widget(), self.screen(), self._page.verticalScrollBar()
        if not isinstance(page, Page) or screen is None or bar is None:
            return
        page.lay_out_anew()
        needed = self._entries.width() + page.minimumSizeHint().width() + bar.sizeHint().width()
        if self.width() < needed:
            self.resize(min(needed, screen.availableGeometry().width()), self.height())

    def _order_keys(self) -> None:
        """Lets Tab go as one reads: down the rail, then over the page; what is made anew would stand at the end."""
        parts = (self.rail, self.head, self.to_do, self.today, self.tomorrow, self.month, self.side, self.first_steps)
        reached = [one for part in parts for one in part.findChildren(QWidget) if isinstance(one, QPushButton | DayBars)]
        for before, after in pairwise(reached):
            QWidget.setTabOrder(before, after)

    # Reading

    def choose(self, action: Action) -> None:
        """Does what a person chose, as if in the tray's menu."""
        if isinstance(action, OpenDialog):
            self.context.windows.open(action.dialog, shows=action.shows)
        else:
            self.context.windows.state.chosen.emit(action)

    def show_state(self, state: TrayState) -> None:
        """Shows the state of the tray, and reads anew what else may be another now."""
        self._state = state
        self._show()
        self.reload()

    def reload(self) -> None:
        """Reads the page anew."""
        if self._reading:
            self._again = True
            return
        from tray_agent.start_page import read_start

        agent = self.context.agent
        self._reading = True
        self.run(lambda: read_start(agent), self._read, failed=self._failed)

    def _read(self, facts: StartFacts) -> None:
        self._reading = False
        self.clear_error()
        if self._facts is not None and self._facts.now.date() != facts.now.date():
            self._tomorrow = None  # that was another day's
        self._facts = facts
        self._show()
        self._look_at_tomorrow(facts)
        self._read_again()

    def _failed(self, error: KnownError) -> None:
        self._reading = False
        if not self._state.facts.database_away:  # else the page says so
            self.show_error(error)
        self._read_again()

    def _read_again(self) -> None:
        if self._again:
            self._again = False
            self.reload()

    def _look_at_tomorrow(self, facts: StartFacts) -> None:
        """Asks for the preview, which takes longer, where nobody has prepared tomorrow yet."""
        if facts.is_prepared or self._looking or not self._state.facts.is_set_up:
            return
        from tray_agent.start_page import preview_tomorrow

        agent, day = self.context.agent, facts.tomorrow.when.since.date()
        self._looking = True
        self.run(lambda: preview_tomorrow(agent, day), self._looked, failed=self._looked)

    def _looked(self, found: Previewed | KnownError) -> None:
        self._looking = False
        self._tomorrow = found
        self._show()

    # Showing

    def _show(self) -> None:
        configuration = self.context.agent.configuration
        view = start_view(self._state, self._facts, self._tomorrow, configuration.practice.name, self.context.agent.zone)
        self.rail.show_groups(rail(self._state.facts))
        self._entries.setFixedWidth(self.rail.minimumWidth())
        self.head.tell(view.head)
        self.head.check.setVisible(not view.is_empty)
        self._show_banners(view)
        self.first_steps.setVisible(view.is_empty)
        self._columns.setVisible(view.content is not None and not view.is_empty)
        self.first_steps.start.setDefault(view.is_empty)
        content = view.content
        if content is not None and not view.is_empty:
            self._show_content(content, min(len(view.banners), MOST_BANNERS))
        self._order_keys()

    def _show_content(self, content: Content, rows: int) -> None:
        self.today.tell(content.today_hint, content.today)
        self.tomorrow.tell(content.tomorrow)
        self.month.tell(content.month, plot=_PLOTS[min(rows, len(_PLOTS) - 1)], with_sums=rows < 2)
        self.side.tell(content.side)
        self.day.tell(content.runs)
        if not self._is_fitted and self.isVisible():
            self._is_fitted = True
            self._fit_soon.start()  # when the words have their sizes

    def _show_banners(self, view: StartView) -> None:
        """Shows what is to be done; where there is as much of it as before, with the same buttons, these stay as they are."""
        before, self._told = self._told, view.banners
        if view.banners == before:
            return
        shown = view.banners if self._all_banners else view.banners[:MOST_BANNERS]
        rest = len(view.banners) - len(shown)
        if (
            before is not None
            and len(before) == len(view.banners)
            and [one.text() for one in self.remedies] == [one.label for one in shown]
        ):
            for row_, one in zip(self.to_do.rows, shown, strict=True):
                row_.say(STATUS[one.mood], one.title, one.text)
            self.to_do.update()
            return
        self.to_do.show_rows([self._banner(place, one) for place, one in enumerate(shown)])
        if rest and shown:
            text = ngettext("{number} weitere", "{number} weitere", rest).format(number=rest)
            self.to_do.rows[-1].words.addLayout(row(Link(text, self._show_all, leads_on=True), None))

    def _banner(self, place: int, one: ToDo) -> BannerRow:
        remedy = button(one.label, lambda: self._cure(place))
        remedy.setObjectName("remedy")
        remedy.setAutoDefault(False)
        remedy.setDefault(place == 0)
        return BannerRow(STATUS[one.mood], one.title, one.text, remedy)

    def _cure(self, place: int) -> None:
        if self._told is not None and place < len(self._told):
            self.choose(self._told[place].action)

    def _show_all(self) -> None:
        self._all_banners, told, self._told = True, self._told, None
        if told is not None:
            self._show()

    @property
    def remedies(self) -> list[QPushButton]:
        """Returns the buttons that cure, the gravest first."""
        return [one for shown in self.to_do.rows for one in shown.findChildren(QPushButton, "remedy")]


def _starting(context: DialogContext) -> TrayState:
    return tray_state(AgentFacts(now=context.agent.clock.now().astimezone(context.agent.zone), starting=True))
