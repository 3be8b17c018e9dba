"""The popup of the seed: *Neue Downloads vorhanden*, with links that work; small, at the lower right, never in the way.

It does not take the keyboard, goes away by itself (not while the mouse rests on it), and waits while a full-screen
program runs. What it says also stands in the tray's menu and in the windows: it is never the only way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QEvent, QPoint, Qt, QTimer
from PyQt6.QtGui import QEnterEvent, QGuiApplication
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QWidget

from tray_agent.i18n import _
from tray_agent.tray.full_screen import FullScreen
from tray_agent.tray.model import PRODUCT, DialogName
from tray_agent.tray.notices import Notice, NoticeKind
from ui.look.icons import Status, status_icon
from ui.widgets.icons import program_icon
from ui.widgets.layout import column, row

MILLISECONDS_SHOWN = 20_000
MILLISECONDS_BETWEEN_LOOKS = 15_000
"""How often a waiting popup looks whether the full-screen program has ended."""

WIDTH = 360
MARGIN = 16

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


class Popup(QFrame):
    """The window of one occasion's notices.

    Args:
        notices: what it says, in its order.
        on_link: called with the window that a clicked link opens.

    Attributes:
        notices: what it says.
    """

    def __init__(self, notices: Sequence[Notice], on_link: Callable[[DialogName], None]) -> None:
        flags = Qt.WindowType
        super().__init__(None, flags.Tool | flags.FramelessWindowHint | flags.WindowStaysOnTopHint | flags.WindowDoesNotAcceptFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setObjectName("popup")
        self.setWindowTitle(_("Meldung"))  # Qt adds the program's name
        self.setAccessibleName(_("{product}: Meldung").format(product=PRODUCT))
        self.setFixedWidth(WIDTH)
        self.notices = tuple(notices)
        self._on_link = on_link
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close)
        parts = (self._part(notice) for notice in notices)
        self.setLayout(column(self._head(), *parts, spacing=12, margins=(16, 12, 12, 16)))

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
        icon = QLabel()
        icon.setPixmap(program_icon().pixmap(20, 20))
        name = QLabel(PRODUCT)
        close = QToolButton()
        close.setText("✕")
        close.setAutoRaise(True)
        close.setAccessibleName(_("Meldung schliessen"))
        close.setToolTip(_("Schliessen"))
        close.clicked.connect(self.close)
        return row(icon, (name, 1), close)

    def _part(self, notice: Notice) -> QHBoxLayout:
        from html import escape  # late, like below: its table of entities is held by a program that shows nothing

        icon = QLabel()
        icon.setPixmap(status_icon(_ICONS[notice.kind]).pixmap(20, 20))
        title = QLabel(f"<b>{escape(notice.title)}</b>")
        title.setWordWrap(True)
        lines = [QLabel(sentence) for sentence in notice.sentences]
        for line in lines:
            line.setTextFormat(Qt.TextFormat.PlainText)
            line.setWordWrap(True)
        words = column(title, *lines, self._link(notice), spacing=4)
        return row((icon, Qt.AlignmentFlag.AlignTop), (words, 1), spacing=12)

    def _link(self, notice: Notice) -> QLabel:
        from html import escape

        link = QLabel(f'<a href="#{notice.opens.value}">{escape(notice.link)}</a>')
        link.setObjectName(f"link-{notice.opens.value}")
        link.setAccessibleName(notice.link)
        link.setTextInteractionFlags(Qt.TextInteractionFlag.LinksAccessibleByMouse)
        link.linkActivated.connect(lambda _target: self._follow(notice.opens))
        return link

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
        self.waiting = False
        self.shown: Popup | None = None
        self._look = QTimer(self)
        self._look.setInterval(MILLISECONDS_BETWEEN_LOOKS)
        self._look.timeout.connect(self.look)

    def on_free(self, call: Callable[[], None]) -> None:
        """Calls ``call`` when the full-screen program has ended during which there was something to tell."""
        self._on_free = call

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
        popup = self.shown = Popup(notices, self._on_link)
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


def _merged(before: tuple[Notice, ...], after: tuple[Notice, ...]) -> tuple[Notice, ...]:
    """Returns notices, one of each kind, the newer one, in the order of the kinds."""
    by_kind = {notice.kind: notice for notice in (*before, *after)}
    return tuple(by_kind[kind] for kind in NoticeKind if kind in by_kind)
