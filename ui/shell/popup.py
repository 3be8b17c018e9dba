"""The popup of the seed: *Neue Downloads vorhanden*, with links that work; small, at the lower right, never in the way.

It does not take the keyboard, goes away by itself (not while the mouse rests on it), and waits while a full-screen
program runs. What it says also stands in the tray's menu and in the windows: it is never the only way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from PyQt6.QtCore import QEvent, QPoint, QSize, Qt, QTimer
from PyQt6.QtGui import QEnterEvent, QGuiApplication, QPainter, QPaintEvent
from PyQt6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from tray_agent.i18n import _, ngettext
from tray_agent.tray.full_screen import FullScreen
from tray_agent.tray.model import PRODUCT, DialogName
from tray_agent.tray.notices import Notice, NoticeKind, entries, in_order
from ui.look.icons import Status, icon
from ui.look.scale import Type, u
from ui.look.tokens import tokens
from ui.widgets.card import line
from ui.widgets.icons import program_icon
from ui.widgets.layout import button, column, held, row
from ui.widgets.links import Link
from ui.widgets.notes import plain_label, soft_label
from ui.widgets.picture import Picture

MILLISECONDS_SHOWN = 20_000
MILLISECONDS_BETWEEN_LOOKS = 15_000
"""How often a waiting popup looks whether the full-screen program has ended."""

WIDTH = 380
MARGIN = 16

_SIDE = 16
"""The room at the sides of what the popup says."""

_ICONS = {
    NoticeKind.OUTDATED: Status.ERROR,
    NoticeKind.QUESTION: Status.DOUBT,
    NoticeKind.LASTING_TROUBLE: Status.ERROR,
    NoticeKind.GOOD_AGAIN: Status.SUCCESS,
    NoticeKind.CHECKED: Status.INFO,
    NoticeKind.LEFT_BEHIND: Status.WARNING,
    NoticeKind.NEW_DOWNLOADS: Status.DOWNLOAD,
    NoticeKind.LOW_CREDITS: Status.WARNING,
    NoticeKind.FAILED_REMINDERS: Status.ERROR,
}


class Popup(QWidget):
    """The window of one occasion's notices: the gravest first, each with one link, at most three.

    Args:
        notices: what it says.
        on_link: called with the window that a clicked link opens.
        on_quiet: called when a person wants no more of it today.

    Attributes:
        notices: what it says, in its order.
    """

    def __init__(
        self, notices: Sequence[Notice], on_link: Callable[[DialogName], None], on_quiet: Callable[[], object] = lambda: None
    ) -> None:
        flags = Qt.WindowType
        super().__init__(None, flags.Tool | flags.FramelessWindowHint | flags.WindowStaysOnTopHint | flags.WindowDoesNotAcceptFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("popup")
        self.setWindowTitle(_("Meldung"))  # Qt adds the program's name
        self.setAccessibleName(_("{product}: Meldung").format(product=PRODUCT))
        self.setFixedWidth(u(WIDTH))
        self.notices = in_order(notices)
        self._on_link = on_link
        self._on_quiet = on_quiet
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close)
        shown, rest = entries(self.notices)
        parts: list[QWidget] = [held(self._head(), (_SIDE, 8, 8, 8))]
        for notice in shown:
            parts += [line(), held(self._part(notice), (_SIDE, 12, _SIDE, 12))]
        parts += [line(), held(self._foot(rest), (_SIDE, 10, _SIDE, 12))]
        self.setLayout(column(*parts, spacing=0, margins=(1, 1, 1, 1)))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the ground and a fine frame."""
        super().paintEvent(event)
        now, painter = tokens(), QPainter(self)
        painter.fillRect(self.rect(), now.edge)
        painter.fillRect(self.rect().adjusted(1, 1, -1, -1), now.base)
        painter.end()

    def appear(self) -> None:
        """Shows the popup at the lower right of the main screen, for its time."""
        self._fit()
        screen = QGuiApplication.primaryScreen()
        if screen is not None:
            area = screen.availableGeometry()
            self.move(area.bottomRight() - QPoint(self.width() + MARGIN, self.height() + MARGIN))
        self.show()
        self._timer.start(MILLISECONDS_SHOWN)

    def _fit(self) -> None:
        """Makes the popup exactly as high as its words need at its width."""
        layout = self.layout()
        # Qt gives a window whose labels wrap the height for a width of its own choice
        self.ensurePolished()
        if layout is not None:
            layout.activate()
            self.setFixedHeight(layout.totalHeightForWidth(self.width()))

    def _head(self) -> QHBoxLayout:
        close = QToolButton()
        close.setIcon(icon("x", "text"))
        close.setIconSize(QSize(u(16), u(16)))
        close.setAutoRaise(True)
        close.setAccessibleName(_("Meldung schliessen"))
        close.setToolTip(_("Schliessen"))
        close.clicked.connect(self.close)
        return row(Picture(program_icon(), 18), (soft_label(PRODUCT), 1), close)

    def _part(self, notice: Notice) -> QHBoxLayout:
        title = plain_label(notice.title, bold=True)
        said = [soft_label(_kept_together(sentence), size=Type.TEXT, wrap=True) for sentence in notice.sentences]
        words = column(title, *said, row(self._link(notice), None), spacing=2)
        return row((Picture(_ICONS[notice.kind], 20), Qt.AlignmentFlag.AlignTop), (words, 1), spacing=14)

    def _link(self, notice: Notice) -> Link:
        link = Link(notice.link, lambda: self._follow(notice.opens), strong=True, leads_on=True)
        link.setObjectName(f"link-{notice.opens.value}")
        return link

    def _foot(self, rest: int) -> QHBoxLayout:
        quiet = Link(_("Heute nicht mehr zeigen"), self._be_quiet)
        quiet.setObjectName("quiet")
        words: list[QWidget] = [quiet]
        if rest:
            text = ngettext("{number} weitere", "{number} weitere", rest).format(number=rest)
            words.append(Link(text, lambda: self._follow(DialogName.START), leads_on=True))
        return row(*words, None, button(_("Schliessen"), self.close))

    def _be_quiet(self) -> None:
        self._on_quiet()
        self.close()

    def _follow(self, name: DialogName) -> None:
        self._on_link(name)
        self.close()

    def enterEvent(self, event: QEnterEvent | None) -> None:
        """Stays while somebody reads."""
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent | None) -> None:
        """Goes away some time after somebody read."""
        self._timer.start(MILLISECONDS_SHOWN // 2)
        super().leaveEvent(event)


class Popups(QWidget):
    """Shows one popup at a time, none over a full-screen program; a new one says, too, what the one before still said.

    What there was to tell during a full-screen program is not kept: it may be untrue by its end, and is asked for anew then.

    Args:
        on_link: called with the window that a clicked link opens.
        screen: tells whether a full-screen program runs.

    Attributes:
        shown: the popup on the screen, or None.
        waiting: whether something is to be told when the full-screen program has ended.
    """

    def __init__(self, on_link: Callable[[DialogName], None], screen: FullScreen) -> None:
        super().__init__()
        self._on_link = on_link
        self._screen = screen
        self._on_free: Callable[[], None] = lambda: None
        self._on_quiet: Callable[[], None] = lambda: None
        self.waiting = False
        self.shown: Popup | None = None
        self._look = QTimer(self)
        self._look.setInterval(MILLISECONDS_BETWEEN_LOOKS)
        self._look.timeout.connect(self.look)

    def on_free(self, call: Callable[[], None]) -> None:
        """Calls ``call`` when the full-screen program has ended during which there was something to tell."""
        self._on_free = call

    def on_quiet(self, call: Callable[[], None]) -> None:
        """Calls ``call`` when a person wants to see no more of it today."""
        self._on_quiet = call

    def show_notices(self, notices: tuple[Notice, ...]) -> None:
        """Shows notices now; during a full-screen program it waits instead. The newest of a kind replaces the older."""
        if not notices:
            return
        if self._screen.active():
            self.wait()
            return
        if self.shown is not None:
            notices = _merged(self.shown.notices, notices)
            self.shown.close()
        popup = self.shown = Popup(notices, self._on_link, self._on_quiet)
        popup.destroyed.connect(lambda: self._gone(popup))
        popup.appear()

    def wait(self) -> None:
        """Waits until no full-screen program runs."""
        self.waiting = True
        self._look.start()

    def look(self) -> None:
        """Tells that the screen is free, unless a full-screen program runs."""
        if self.waiting and not self._screen.active():
            self.waiting = False
            self._look.stop()
            self._on_free()

    def stop(self) -> None:
        """Takes the popup away; nothing waits any more."""
        self._look.stop()
        self.waiting = False
        if self.shown is not None:
            self.shown.close()

    def _gone(self, popup: Popup) -> None:
        if self.shown is popup:
            self.shown = None


def _kept_together(sentence: str) -> str:
    """Returns a sentence in which no line begins with a number that belongs to the word before it."""
    return re.sub(r" (?=\d)", "\N{NO-BREAK SPACE}", sentence)


def _merged(before: tuple[Notice, ...], after: tuple[Notice, ...]) -> tuple[Notice, ...]:
    """Returns notices, one of each kind, the newer one, in the order of the kinds."""
    by_kind = {notice.kind: notice for notice in (*before, *after)}
    return in_order(by_kind.values())
