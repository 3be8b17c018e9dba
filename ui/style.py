"""Qt's *Fusion* with what it lacks for weak eyes: frames of checkboxes and radio buttons that are seen, icons that keep their colours."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPalette, QPen, QPixmap
from PyQt6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QWidget

from ui.contrast import mixed

_BOXES = frozenset({QStyle.PrimitiveElement.PE_IndicatorCheckBox, QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck})
_ROUND = QStyle.PrimitiveElement.PE_IndicatorRadioButton
_STRONG, _WEAK = 0.6, 0.25
"""The share of the text's colour in a frame: of one that can be ticked, and of one that can't now."""


class ReadableStyle(QProxyStyle):
    """*Fusion*, in light and dark."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self, element: QStyle.PrimitiveElement, option: QStyleOption | None, painter: QPainter | None, widget: QWidget | None = None
    ) -> None:
        """Draws as *Fusion* does, and then the frame of a checkbox or radio button so that it stands out from its ground."""
        super().drawPrimitive(element, option, painter, widget)
        if option is None or painter is None or not (element in _BOXES or element is _ROUND):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(frame_colour(option), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        area = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5)
        if element is _ROUND:
            painter.drawEllipse(area)
        else:
            painter.drawRoundedRect(area, 1.5, 1.5)
        painter.restore()

    def generatedIconPixmap(self, mode: QIcon.Mode, pixmap: QPixmap, option: QStyleOption | None) -> QPixmap:
        """Leaves the icons of a chosen row as they are: tinted, nobody tells green from blue."""
        return pixmap if mode is QIcon.Mode.Selected else super().generatedIconPixmap(mode, pixmap, option)


def frame_colour(option: QStyleOption) -> QColor:
    """Returns the colour of the frame of a checkbox or radio button."""
    enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
    text, ground = option.palette.color(QPalette.ColorRole.Text), option.palette.color(QPalette.ColorRole.Base)
    return mixed(text, ground, _STRONG if enabled else _WEAK)
