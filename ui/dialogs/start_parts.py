"""What the start page is made of: its head, numbers that open their rows, the cards of today, tomorrow, the last days and the side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtWidgets import QLabel, QLayout, QLayoutItem, QWidget

from tray_agent.i18n import _
from tray_agent.tray.model import Action
from ui.look.icons import Status
from ui.look.scale import Type, u
from ui.models.start import Bar, DayRun, Head, Month, Mood, Number, Side, Tomorrow, Way
from ui.widgets.card import Card, line
from ui.widgets.day_bars import DayBars, Swatch
from ui.widgets.layout import button, clear, column, held, row
from ui.widgets.links import Link
from ui.widgets.notes import plain_label, plain_words, soft_label
from ui.widgets.picture import Picture

Choose = Callable[[Action], object]

STATUS: dict[Mood, Status] = {
    Mood.GOOD: Status.SUCCESS,
    Mood.NEWS: Status.INFO,
    Mood.WARNING: Status.WARNING,
    Mood.DOUBT: Status.DOUBT,
    Mood.TROUBLE: Status.ERROR,
    Mood.PAUSED: Status.PAUSED,
    Mood.WAITING: Status.WAITING,
}
"""The picture of each mood; nothing set up is a line picture."""


class Page(QWidget):
    """What scrolls: as wide as its words need, and as high as they are at that width."""

    def minimumSizeHint(self) -> QSize:
        """Returns the least width alone: Qt would add the heights that wrapped words have where they are narrowest."""
        return QSize(super().minimumSizeHint().width(), 0)

    def lay_out_anew(self) -> None:
        """Has all heights asked for again: layouts within layouts keep those that wrapped words had at another width."""
        for inner in self.findChildren(QLayout):
            inner.invalidate()
        for card in self.findChildren(QWidget):
            card.updateGeometry()


class PageHead(QWidget):
    """The state as a picture and in words, whose and when, and *Jetzt prüfen*."""

    def __init__(self, check: Callable[[], object]) -> None:
        super().__init__()
        self._picture = Picture(Status.WAITING, 32)
        self.title = plain_label(size=Type.TITLE, bold=True)
        self._line = soft_label(size=Type.TEXT, wrap=True)
        self.check = button(_("Jetzt &prüfen"), check, self, picture="refresh")
        self.check.setAccessibleName(_("Jetzt prüfen"))
        words = column(self.title, self._line, spacing=0)
        self.setLayout(row(self._picture, (words, 1), self.check, spacing=14, margins=(0, 0, 0, 0)))

    def tell(self, head: Head) -> None:
        """Tells a state."""
        self._picture.show_picture(STATUS.get(head.mood, "circle-dashed"))
        self.title.setText(head.title)
        self._line.setText(head.line)


class NumberCell(QWidget):
    """A big number that opens its rows, and below it what is counted; the word may lead elsewhere."""

    def __init__(self, choose: Choose) -> None:
        super().__init__()
        self._choose = choose
        self._number = Number("", "", None)
        self.link = Link("0", self._open, size=Type.BIG, strong=True, colour="text")
        self._picture = Picture("", 14)
        self._word = soft_label(size=Type.TEXT)
        self.onward = Link("", self._lead, leads_on=True)
        self.onward.hide()
        left = Qt.AlignmentFlag.AlignLeft
        self._word.setMinimumHeight(self.onward.sizeHint().height())  # the words of all numbers stand on one line
        words = held(row(self._picture, self._word, self.onward, spacing=6))
        self.setLayout(column((self.link, left), (words, left), spacing=0, margins=(0, 0, 0, 0)))

    def tell(self, number: Number) -> None:
        """Tells another number."""
        self._number = number
        self.link.setText(number.value)
        self.link.setAccessibleName(number.name)
        self.link.colour = "error" if number.mood is Mood.TROUBLE else "text"
        self.link.setEnabled(number.action is not None)
        self._picture.show_picture(STATUS[number.mood] if number.mood else "")
        self._word.setText(number.word)
        self._word.setVisible(number.leads_to is None)
        self.onward.setText(number.word)
        self.onward.setVisible(number.leads_to is not None)
        self.link.updateGeometry()
        self.link.update()

    def _open(self) -> None:
        if self._number.action is not None:
            self._choose(self._number.action)

    def _lead(self) -> None:
        if self._number.leads_to is not None:
            self._choose(self._number.leads_to)


class TodayCard(Card):
    """*Heute*: sent = arrived + on the way + not arrived, always in this order."""

    def __init__(self, choose: Choose) -> None:
        super().__init__(_("Heute"), " ")
        self.cells = tuple(NumberCell(choose) for _number in range(4))
        self.body.setSpacing(u(2))
        first, *others = self.cells
        spread = row(first, spacing=5)
        for cell in others:
            spread.addStretch(1)
            spread.addWidget(cell)
        self.body.addLayout(spread)

    def tell(self, hint: str, numbers: Sequence[Number]) -> None:
        """Tells other numbers."""
        self.hint.setText(hint)
        for cell, number in zip(self.cells, numbers, strict=True):
            cell.tell(number)


class Ways(QWidget):
    """Words that open something, one behind the other, in as many lines as they need."""

    def __init__(self, choose: Choose, gap: int = 14) -> None:
        super().__init__()
        self._choose = choose
        self._shown: tuple[object, ...] = ()
        self._flow = Flow(u(gap), u(2))
        self.setLayout(self._flow)

    def show_ways(self, ways: Sequence[Way], before: str = "") -> None:
        """Shows other words; the same stay as they are, with what has the keyboard."""
        if (before, *ways) == self._shown:
            return
        self._shown = (before, *ways)
        clear(self._flow)
        if before:
            self._flow.addWidget(plain_words(before))
        for way in ways:
            self._flow.addWidget(Link(way.text, lambda action=way.action: self._choose(action)))  # type: ignore[misc]
        for label in self.findChildren(QLabel):
            label.setMinimumHeight(Link("", lambda: None).sizeHint().height())
        self.updateGeometry()

    @property
    def links(self) -> list[Link]:
        """Returns the links."""
        return [link for link in self.findChildren(Link) if link.isVisibleTo(self)]


class TomorrowCard(Card):
    """*Morgen*: how many are reminded, when, and who is not."""

    def __init__(self, choose: Choose) -> None:
        super().__init__(_("Morgen"), " ")
        self._choose = choose
        self._action: Action | None = None
        self.link = Link("", self._open, size=Type.BIG, strong=True, colour="text")
        self.sentence = plain_words("", wrap=True)
        self.reasons = Ways(choose)
        self.body.setSpacing(u(4))
        self.body.addLayout(row(self.link, (self.sentence, 1), spacing=14))
        self.body.addWidget(self.reasons)
        self.reasons.hide()

    def tell(self, tomorrow: Tomorrow) -> None:
        """Tells other numbers."""
        number = tomorrow.number
        self.hint.setText(tomorrow.hint)
        self._action = number.action if number else None
        self.link.setText(number.value if number else "")
        self.link.setVisible(number is not None)
        self.link.setAccessibleName(number.name if number else "")
        self.link.updateGeometry()
        self.sentence.setText(tomorrow.sentence)
        self.reasons.show_ways(tomorrow.reasons, tomorrow.others)
        self.reasons.setVisible(bool(tomorrow.reasons))

    def _open(self) -> None:
        if self._action is not None:
            self._choose(self._action)


class MonthCard(Card):
    """*Letzte 30 Tage*: the sums, and the days as bars."""

    def __init__(self, choose: Choose) -> None:
        super().__init__(_("Letzte 30 Tage"))
        self.head.setSpacing(u(8))
        for part, word in (("arrived", _("zugestellt")), ("called", _("angerufen")), ("open", _("noch offen"))):
            self.head.addSpacing(u(6))
            self.head.addWidget(Swatch(part))
            self.head.addWidget(soft_label(word, size=Type.SMALL))
        self.sums = Ways(choose, 16)
        self.chart = DayBars(lambda bar: _open_day(bar, choose))
        self.body.setSpacing(u(6))
        self.body.addWidget(self.sums)
        self.body.addWidget(self.chart)

    def tell(self, month: Month, *, plot: int, with_sums: bool) -> None:
        """Tells other numbers, in as much room as there is."""
        self.sums.show_ways(month.sums)
        self.sums.setVisible(with_sums)
        self.chart.set_plot(plot)
        self.chart.show_month(month)


def _open_day(bar: Bar, choose: Choose) -> None:
    choose(bar.action)


class SideRow(QWidget):
    """A row of the right column: picture and word, the number as a link at the right, half a sentence below."""

    def __init__(self, choose: Choose) -> None:
        super().__init__()
        self._choose = choose
        self._way: Way | None = None
        self._icon, self._word = Picture("coins", 18), plain_words("")
        self._mood = Picture("", 16)
        self.link = Link("", self._open, strong=True)
        self._text = soft_label(wrap=True)
        upper = row(self._word, None, self._mood, self.link, spacing=8)
        self.setLayout(
            row((self._icon, Qt.AlignmentFlag.AlignTop), (column(upper, self._text, spacing=1), 1), spacing=12, margins=(0, 0, 0, 0))
        )

    def tell(self, side: Side) -> None:
        """Tells another number."""
        self._way = side.number
        self._icon.show_picture(side.icon)
        self._word.setText(side.word)
        self._mood.show_picture(STATUS[side.mood] if side.mood else "")
        self.link.setText(side.number.text)
        self.link.setAccessibleName(f"{side.word}: {side.number.text}")
        self.link.colour = "warning" if side.mood else "link"
        self.link.updateGeometry()
        self._text.setText(side.text)
        self._text.setVisible(bool(side.text))

    def _open(self) -> None:
        if self._way is not None:
            self._choose(self._way.action)


class SideCard(Card):
    """Credits, downloads, workstations."""

    def __init__(self, choose: Choose) -> None:
        super().__init__()
        self._choose = choose
        self.rows: list[SideRow] = []
        self.body.setSpacing(u(8))

    def tell(self, sides: Sequence[Side]) -> None:
        """Tells other numbers."""
        while len(self.rows) < len(sides):
            if self.rows:
                self.body.addWidget(line())
            self.rows.append(SideRow(self._choose))
            self.body.addWidget(self.rows[-1])
        for one, side in zip(self.rows, sides, strict=True):
            one.tell(side)


class DayCard(Card):
    """*Tagesablauf*: what ran today, and what is to come."""

    def __init__(self) -> None:
        super().__init__(_("Tagesablauf"))
        self._runs: tuple[DayRun, ...] | None = None
        self._lines = column(spacing=8)
        self.body.addLayout(self._lines)
        self.body.addStretch(1)

    def tell(self, runs: tuple[DayRun, ...]) -> None:
        """Tells other runs."""
        if runs == self._runs:
            return
        self._runs = runs
        clear(self._lines)
        for one in runs:
            self._lines.addWidget(_run_line(one))
        if not runs:
            self._lines.addWidget(soft_label(_("Heute läuft nichts mehr von selbst."), size=Type.TEXT, wrap=True))


def _run_line(run: DayRun) -> QWidget:
    time = soft_label(run.time, size=Type.TEXT) if run.done else plain_words(run.time, strong=True)
    time.setMinimumWidth(u(38))
    picture = Picture(Status.ERROR, 16) if run.failed else Picture("check", 16, "ok") if run.done else Picture("clock", 16)
    holder = QWidget()
    holder.setAccessibleName(f"{run.time} {run.text}")
    holder.setLayout(row(time, picture, (plain_words(run.text, wrap=True), 1), spacing=9, margins=(0, 0, 0, 0)))
    return holder


class FirstStepsCard(Card):
    """What is said where nothing is set up yet: one way on."""

    def __init__(self, set_up: Callable[[], object], downloads_only: Callable[[], object]) -> None:
        super().__init__()
        title = plain_words(_("In wenigen Schritten zur ersten Erinnerung"), size=Type.CARD, strong=True)
        text = soft_label(
            _(
                "«Einrichten» verbindet die Praxisdaten und das SMS-Konto; jede Seite lässt sich gleich prüfen. Bis Sie unter «Schalter»"
                " und «Aufträge verwalten» etwas einschalten, bekommt kein Patient etwas."
            ),
            size=Type.TEXT,
            wrap=True,
        )
        text.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        text.setFixedWidth(u(420))
        text.setMinimumHeight(text.heightForWidth(u(420)))
        self.start = button(_("Jetzt ein&richten"), set_up)
        self.start.setMinimumWidth(u(180))
        self.downloads = Link(_("Nur Updates herunterladen, nichts senden"), downloads_only, leads_on=True)
        middle = Qt.AlignmentFlag.AlignHCenter
        self.body.setContentsMargins(u(32), u(24), u(32), u(24))
        self.body.addStretch(1)
        for part in (Picture("calendar-check", 56, "accent"), title, text, self.start):
            self.body.addWidget(part, 0, middle)
        self.body.addStretch(1)
        self.body.addWidget(line())
        self.body.addWidget(self.downloads)


class Flow(QLayout):
    """Lays out widgets as words are: beside each other, and on the next line where there is no room."""

    def __init__(self, gap: int, line_gap: int) -> None:
        super().__init__()
        self._items: list[QLayoutItem] = []
        self._gap, self._line_gap = gap, line_gap
        self.setContentsMargins(0, 0, 0, 0)

    def addItem(self, item: QLayoutItem | None) -> None:
        """Takes an item."""
        if item is not None:
            self._items.append(item)

    def count(self) -> int:
        """Returns how many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Returns one."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Gives one away."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        """Returns that it needs more height where there is less width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Returns the height for a width."""
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, area: QRect) -> None:
        """Places the widgets."""
        super().setGeometry(area)
        self._place(area, move=True)

    def sizeHint(self) -> QSize:
        """Returns the size of one line."""
        widths = [item.sizeHint().width() for item in self._items]
        height = max((item.sizeHint().height() for item in self._items), default=0)
        return QSize(sum(widths) + self._gap * max(0, len(widths) - 1), height)

    def minimumSize(self) -> QSize:
        """Returns the size of the widest alone."""
        return QSize(max((item.sizeHint().width() for item in self._items), default=0), self.sizeHint().height())

    def _place(self, area: QRect, *, move: bool) -> int:
        x, y, height = area.left(), area.top(), 0
        for item in self._items:
            size = item.sizeHint()
            if x > area.left() and x + size.width() > area.right() + 1:
                x, y, height = area.left(), y + height + self._line_gap, 0
            if move:
                item.setGeometry(QRect(x, y, size.width(), size.height()))
            x += size.width() + self._gap
            height = max(height, size.height())
        return y + height - area.top()
