"""Qt's *Fusion* with what it lacks for weak eyes: frames of checkboxes and radio buttons that are seen, icons that keep their colours."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPalette, QPen, QPixmap
from PyQt6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QStyleOptionComboBox, QStyleOptionComplex, QWidget

from ui.widgets.contrast import mixed

_BOXES = frozenset({QStyle.PrimitiveElement.PE_IndicatorCheckBox, QStyle.PrimitiveElement.PE_IndicatorItemViewItemCheck})
_ROUND = QStyle.PrimitiveElement.PE_IndicatorRadioButton
_LINE = QStyle.PrimitiveElement.PE_FrameLineEdit
_FIELDS = frozenset({QStyle.ComplexControl.CC_SpinBox, QStyle.ComplexControl.CC_ComboBox})
_STRONG, _WEAK, _FIELD = 0.6, 0.25, 0.45
"""The share of the text's colour in a frame: of a box that can be ticked, of one that can't now, of a field."""


class ReadableStyle(QProxyStyle):
    """*Fusion*, in light and dark."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self, element: QStyle.PrimitiveElement, option: QStyleOption | None, painter: QPainter | None, widget: QWidget | None = None
    ) -> None:
        """Draws as *Fusion* does, and then the frame of a checkbox, radio button or line so that it stands out from its ground."""
        super().drawPrimitive(element, option, painter, widget)
        if element is _LINE:
            _frame_field(option, painter)
        if option is not None and (element in _BOXES or element is _ROUND):
            _frame(option, painter, frame_colour(option), option.rect.height() / 2 if element is _ROUND else 1.5)

    def drawComplexControl(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex | None,
        painter: QPainter | None,
        widget: QWidget | None = None,
    ) -> None:
        """Draws as *Fusion* does, and then the frame of a field with arrows so that it stands out from its ground."""
        super().drawComplexControl(control, option, painter, widget)
        if control in _FIELDS:
            _frame_field(option, painter)

    def generatedIconPixmap(self, mode: QIcon.Mode, pixmap: QPixmap, option: QStyleOption | None) -> QPixmap:
        """Leaves the icons of a chosen row as they are: tinted, nobody tells green from blue."""
        return pixmap if mode is QIcon.Mode.Selected else super().generatedIconPixmap(mode, pixmap, option)


def frame_colour(option: QStyleOption) -> QColor:
    """Returns the colour of the frame of a checkbox or radio button."""
    enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
    text, ground = option.palette.color(QPalette.ColorRole.Text), option.palette.color(QPalette.ColorRole.Base)
    return mixed(text, ground, _STRONG if enabled else _WEAK)


def _frame_field(option: QStyleOption | None, painter: QPainter | None) -> None:
    """Draws the frame of a field; one to type in that has the keyboard keeps the frame that *Fusion* gives it."""
    typed_in = option is not None and not isinstance(option, QStyleOptionComboBox) and option.state & QStyle.StateFlag.State_HasFocus
    if option is not None and not typed_in:
        _frame(option, painter, field_colour(option), 2)


def _frame(option: QStyleOption, painter: QPainter | None, colour: QColor, radius: float) -> None:
    if painter is None:
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
    painter.restore()


def field_colour(option: QStyleOption) -> QColor:
    """Returns the colour of the frame of a field."""
    enabled = bool(option.state & QStyle.StateFlag.State_Enabled)
    text, ground = option.palette.color(QPalette.ColorRole.WindowText), option.palette.color(QPalette.ColorRole.Window)
    return mixed(text, ground, _FIELD if enabled else _WEAK)
