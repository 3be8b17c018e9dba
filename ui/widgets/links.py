"""Words and numbers that open something: a button without a ground, underlined under the mouse."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PyQt6.QtWidgets import QPushButton, QSizePolicy, QWidget

from ui.look.drawing import chevron
from ui.look.scale import Type, font, u
from ui.look.tokens import tokens

_CHEVRON = 8


class Link(QPushButton):
    """A link; Space and Enter press it like a button.

    Args:
        text: what is read.
        action: what it does.
        name: the accessible name, where the words alone don't tell enough ("39 zugestellt").
        size: of its type.
        strong: whether it is written in *DemiBold*.
        colour: the token of its words.
        leads_on: whether an arrow follows the words.
        parent: the widget it stands in.
    """

    def __init__(
        self,
        text: str,
        action: Callable[[], object],
        *,
        name: str = "",
        size: Type = Type.TEXT,
        strong: bool = False,
        colour: str = "link",
        leads_on: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.colour = colour
        self._leads_on = leads_on
        self.setFont(font(size, strong=strong))
        self.setAccessibleName(name)
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda _checked: action())

    def sizeHint(self) -> QSize:
        """Returns the room of the words, and the arrow."""
        metrics = self.fontMetrics()
        words = metrics.size(Qt.TextFlag.TextShowMnemonic, self.text())
        return QSize(words.width() + 2 + (u(_CHEVRON) + u(6) if self._leads_on else 0), words.height() + u(4))

    def minimumSizeHint(self) -> QSize:
        """Returns the same: words of a link are not cut."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the words."""
        del event
        now = tokens()
        painter = QPainter(self)
        written = self.font()
        written.setUnderline(self.underMouse() and self.isEnabled())
        painter.setFont(written)
        colour = now.of(self.colour) if self.isEnabled() else now.disabled
        painter.setPen(colour)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextShowMnemonic
        painter.drawText(self.rect().adjusted(1, 0, 0, 0), int(flags), self.text())
        if self._leads_on:
            left = QFontMetrics(written).size(Qt.TextFlag.TextShowMnemonic, self.text()).width() + u(4)
            area = QRect(left, 0, u(_CHEVRON), self.height())
            chevron(painter, area, Qt.ArrowType.RightArrow, colour, u(_CHEVRON))
        painter.end()
