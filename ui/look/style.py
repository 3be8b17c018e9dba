"""The program's style: *Fusion* with our own buttons, fields, boxes to tick, lists, tabs and bars, drawn from the tokens.

*Fusion* ignores most roles of the palette and takes its frames from others, so what must be seen is drawn here. Everything reads
the tokens while it paints: a window that is open follows another look at once. There is no style sheet anywhere: one on a window
would take the header and the buttons away from a style of our own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from PyQt6 import sip
from PyQt6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QFontMetrics, QIcon, QPainter, QPalette, QPixmap
from PyQt6.QtWidgets import (
    QPlainTextEdit,
    QProxyStyle,
    QStyle,
    QStyleHintReturn,
    QStyleOption,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QStyleOptionComplex,
    QStyleOptionFrame,
    QStyleOptionHeader,
    QStyleOptionMenuItem,
    QStyleOptionProgressBar,
    QStyleOptionSlider,
    QStyleOptionSpinBox,
    QStyleOptionTab,
    QStyleOptionViewItem,
    QTabWidget,
    QWidget,
)

from ui.look.drawing import BUTTON_RADIUS, CARD_RADIUS, chevron, horizontal_line, rounded, stroke, tick
from ui.look.scale import Type, font, u
from ui.look.tokens import tokens

_Control, _Primitive, _Complex = QStyle.ControlElement, QStyle.PrimitiveElement, QStyle.ComplexControl
_State, _Contents, _Metric, _Sub = QStyle.StateFlag, QStyle.ContentsType, QStyle.PixelMetric, QStyle.SubControl

WRONG = "vitoclientWrong"
"""The property of a field whose input is wrong: it gets the frame of trouble."""

QUIET = "vitoclientQuiet"
"""The property of a button that only opens something: no ground and no frame until the mouse is over it."""

_BUTTON_HEIGHT, _BUTTON_WIDTH, _BUTTON_SIDE, _FIELD_HEIGHT = 32, 88, 13, 32
_ICON, _ICON_GAP, _BOX, _ARROW = 18, 8, 18, 9
_TAB_HEIGHT, _TAB_SIDE, _TAB_LINE = 40, 12, 3
_HEADER_HEIGHT, _CELL = 34, 12
_SCROLL, _SLIDER, _SLIDER_MIN = 12, 6, 32
_PROGRESS, _MENU_SIDE = 4, 4

Option = TypeVar("Option", bound=QStyleOption)


def as_kind(option: QStyleOption, kind: type[Option]) -> Option:
    """Returns an option as what it is.

    PyQt keeps the wrapper of an option as long as the collector pleases, and gives it again for the next option at the same
    address, whose class may be another.
    """
    if type(option) is kind:
        return option
    address: Any = sip.unwrapinstance(option)  # type: ignore[func-returns-value]  # the stub knows no result
    return cast("Option", sip.wrapinstance(address, cast("Any", kind)))


class CalmStyle(QProxyStyle):
    """The style of every window, in light and dark; not in Windows' high contrast, where the system draws."""

    def __init__(self) -> None:
        super().__init__("Fusion")
        self._controls: dict[QStyle.ControlElement, Callable[[QStyleOption, QPainter, QWidget | None], None]] = {
            _Control.CE_PushButtonBevel: _button_panel,  # without *Fusion*'s arrow of a menu beside ours
            _Control.CE_PushButtonLabel: _button_label,
            _Control.CE_HeaderSection: _header_section,
            _Control.CE_HeaderLabel: _header_label,
            _Control.CE_HeaderEmptyArea: _header_section,
            _Control.CE_TabBarTabShape: _tab_shape,
            _Control.CE_TabBarTabLabel: _tab_label,
            _Control.CE_ProgressBarGroove: _progress_groove,
            _Control.CE_ProgressBarContents: _progress_contents,
            _Control.CE_ProgressBarLabel: _progress_label,
        }
        self._primitives: dict[QStyle.PrimitiveElement, Callable[[QStyleOption, QPainter, QWidget | None], None]] = {
            _Primitive.PE_PanelButtonCommand: _button_panel,
            _Primitive.PE_FrameDefaultButton: _nothing,
            _Primitive.PE_FrameFocusRect: _nothing,  # the ring of the window shows where the keyboard is
            _Primitive.PE_IndicatorCheckBox: _check_box,
            _Primitive.PE_IndicatorItemViewItemCheck: _check_box,
            _Primitive.PE_IndicatorRadioButton: _radio_button,
            _Primitive.PE_PanelLineEdit: _line_edit,
            _Primitive.PE_FrameLineEdit: _field_frame,
            _Primitive.PE_IndicatorHeaderArrow: _header_arrow,
            _Primitive.PE_IndicatorTabTearLeft: _nothing,
            _Primitive.PE_IndicatorTabTearRight: _nothing,
            _Primitive.PE_FrameTabWidget: _tab_page,
            _Primitive.PE_FrameTabBarBase: _tab_base,
            _Primitive.PE_PanelItemViewItem: _item_ground,
            _Primitive.PE_PanelItemViewRow: _nothing,
            _Primitive.PE_Frame: _frame,
            _Primitive.PE_FrameMenu: _tip_or_menu_frame,
            _Primitive.PE_PanelTipLabel: _tip,
        }
        self._complex: dict[QStyle.ComplexControl, Callable[[CalmStyle, QStyleOptionComplex, QPainter, QWidget | None], None]] = {
            _Complex.CC_ComboBox: _combo_box,
            _Complex.CC_SpinBox: _spin_box,
            _Complex.CC_ScrollBar: _scroll_bar,
        }

    # Drawing

    def drawControl(
        self, element: QStyle.ControlElement, option: QStyleOption | None, painter: QPainter | None, widget: QWidget | None = None
    ) -> None:
        """Draws what is ours, and has *Fusion* draw the rest."""
        if option is None or painter is None:
            return
        if element is _Control.CE_MenuItem:
            _menu_item(self, option, painter, widget)
            return
        drawn = self._controls.get(element)
        if drawn is None:
            super().drawControl(element, option, painter, widget)
        else:
            drawn(option, painter, widget)

    def draw_fusion_menu_item(self, option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
        """Draws an entry of a menu as *Fusion* does."""
        super().drawControl(_Control.CE_MenuItem, option, painter, widget)

    def drawPrimitive(
        self, element: QStyle.PrimitiveElement, option: QStyleOption | None, painter: QPainter | None, widget: QWidget | None = None
    ) -> None:
        """Draws what is ours, and has *Fusion* draw the rest."""
        if option is None or painter is None:
            return
        drawn = self._primitives.get(element)
        if drawn is None:
            super().drawPrimitive(element, option, painter, widget)
        else:
            drawn(option, painter, widget)

    def drawComplexControl(
        self,
        control: QStyle.ComplexControl,
        option: QStyleOptionComplex | None,
        painter: QPainter | None,
        widget: QWidget | None = None,
    ) -> None:
        """Draws what is ours, and has *Fusion* draw the rest."""
        if option is None or painter is None:
            return
        drawn = self._complex.get(control)
        if drawn is None:
            super().drawComplexControl(control, option, painter, widget)
        else:
            drawn(self, option, painter, widget)

    def generatedIconPixmap(self, mode: QIcon.Mode, pixmap: QPixmap, option: QStyleOption | None) -> QPixmap:
        """Leaves the pictures of a chosen row as they are: tinted, nobody tells green from blue."""
        return pixmap if mode is QIcon.Mode.Selected else super().generatedIconPixmap(mode, pixmap, option)

    # Sizes

    def pixelMetric(self, metric: QStyle.PixelMetric, option: QStyleOption | None = None, widget: QWidget | None = None) -> int:
        """Returns our sizes, and *Fusion*'s for the rest."""
        found = _METRICS.get(metric)
        return u(found) if found is not None else super().pixelMetric(metric, option, widget)

    def styleHint(
        self,
        hint: QStyle.StyleHint,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
        returnData: QStyleHintReturn | None = None,  # noqa: N803 - Qt's name
    ) -> int:
        """Returns what differs from *Fusion*: nothing moves, lists to choose from open below their field."""
        found = _HINTS.get(hint)
        return found if found is not None else super().styleHint(hint, option, widget, returnData)

    def sizeFromContents(self, kind: QStyle.ContentsType, option: QStyleOption | None, size: QSize, widget: QWidget | None = None) -> QSize:
        """Returns how large a button, field or entry is."""
        usual = super().sizeFromContents(kind, option, size, widget)
        sized = _SIZES.get(kind)
        return usual if sized is None or option is None else sized(option, size, usual, widget)

    def subControlRect(
        self, control: QStyle.ComplexControl, option: QStyleOptionComplex | None, part: QStyle.SubControl, widget: QWidget | None = None
    ) -> QRect:
        """Returns where the parts of a field with arrows and of a scroll bar are."""
        if option is not None and control is _Complex.CC_ScrollBar:
            return _scroll_part(as_kind(option, QStyleOptionSlider), part)
        if option is not None and control is _Complex.CC_ComboBox and part is _Sub.SC_ComboBoxEditField:
            area = option.rect
            return area.adjusted(u(8), u(2), -u(26), -u(2))
        if option is not None and control is _Complex.CC_SpinBox and part in _SPIN_PARTS:
            return _spin_part(option.rect, part)
        return super().subControlRect(control, option, part, widget)

    def subElementRect(self, element: QStyle.SubElement, option: QStyleOption | None, widget: QWidget | None = None) -> QRect:
        """Returns where parts of a line of text and of a bar are."""
        if option is not None and element is QStyle.SubElement.SE_LineEditContents:
            usual = super().subElementRect(element, option, widget)
            return usual.adjusted(u(5), 0, -u(3), 0)
        if option is not None and element in _WHOLE_BAR:
            return option.rect
        usual = super().subElementRect(element, option, widget)
        if element is QStyle.SubElement.SE_TabWidgetTabBar:
            return usual.translated(u(8), u(2))
        if element is QStyle.SubElement.SE_TabWidgetTabContents and isinstance(widget, QTabWidget):
            top = u(2) + u(_TAB_HEIGHT) + 1
            return widget.rect().adjusted(1, top, -1, -u(6))
        return usual


_METRICS = {
    _Metric.PM_IndicatorWidth: _BOX,
    _Metric.PM_IndicatorHeight: _BOX,
    _Metric.PM_ExclusiveIndicatorWidth: _BOX,
    _Metric.PM_ExclusiveIndicatorHeight: _BOX,
    _Metric.PM_CheckBoxLabelSpacing: 8,
    _Metric.PM_RadioButtonLabelSpacing: 8,
    _Metric.PM_ButtonIconSize: _ICON,
    _Metric.PM_SmallIconSize: 16,
    _Metric.PM_ListViewIconSize: 16,
    _Metric.PM_TabBarTabShiftHorizontal: 0,
    _Metric.PM_TabBarTabShiftVertical: 0,
    _Metric.PM_TabBarTabOverlap: 0,
    _Metric.PM_ButtonShiftHorizontal: 0,
    _Metric.PM_ButtonShiftVertical: 0,
    _Metric.PM_ScrollBarExtent: _SCROLL,
    _Metric.PM_ScrollBarSliderMin: _SLIDER_MIN,
    _Metric.PM_ScrollView_ScrollBarSpacing: 0,
}

_MAIN_LAST = 3
"""What Qt calls ``QDialogButtonBox.GnomeLayout``, as a style hint."""

_HINTS: Mapping[QStyle.StyleHint, int] = {
    QStyle.StyleHint.SH_Widget_Animation_Duration: 0,
    QStyle.StyleHint.SH_ComboBox_Popup: 0,
    QStyle.StyleHint.SH_DialogButtonBox_ButtonsHaveIcons: 0,
    QStyle.StyleHint.SH_DialogButtonLayout: _MAIN_LAST,  # the main button is the last, on every system
    QStyle.StyleHint.SH_ItemView_ShowDecorationSelected: 1,
    QStyle.StyleHint.SH_EtchDisabledText: 0,
    QStyle.StyleHint.SH_ScrollBar_LeftClickAbsolutePosition: 0,
}


def _field_size(option: QStyleOption, size: QSize, usual: QSize, widget: QWidget | None) -> QSize:
    del option, widget
    return QSize(usual.width() + u(8), max(u(_FIELD_HEIGHT), size.height() + u(8)))


def _spin_size(option: QStyleOption, size: QSize, usual: QSize, widget: QWidget | None) -> QSize:
    del option, widget
    return QSize(usual.width() + u(14), max(u(_FIELD_HEIGHT), size.height()))


def _title_size(option: QStyleOption, size: QSize, usual: QSize, widget: QWidget | None) -> QSize:
    del option, size, widget
    return QSize(usual.width() + u(16), max(u(_HEADER_HEIGHT), usual.height()))


def _bar_size(option: QStyleOption, size: QSize, usual: QSize, widget: QWidget | None) -> QSize:
    del option, usual, widget
    return QSize(size.width(), QFontMetrics(font()).height() + u(_PROGRESS + 4))


def _entry_size(option: QStyleOption, size: QSize, usual: QSize, widget: QWidget | None) -> QSize:
    del size, widget
    is_line = as_kind(option, QStyleOptionMenuItem).menuItemType is QStyleOptionMenuItem.MenuItemType.Separator
    return QSize(usual.width() + u(2 * _MENU_SIDE), usual.height() + (0 if is_line else u(8)))


_SPIN_PARTS = frozenset({_Sub.SC_SpinBoxUp, _Sub.SC_SpinBoxDown, _Sub.SC_SpinBoxEditField})


def _spin_part(whole: QRect, part: QStyle.SubControl) -> QRect:
    arrows = QRect(whole.right() - u(24), whole.top() + 2, u(22), whole.height() - 4)
    if part is _Sub.SC_SpinBoxEditField:
        return whole.adjusted(u(3), 2, -u(26), -2)
    half = arrows.height() // 2
    return arrows.adjusted(0, u(3), 0, -half) if part is _Sub.SC_SpinBoxUp else arrows.adjusted(0, half, 0, -u(3))


_WHOLE_BAR = frozenset(
    {QStyle.SubElement.SE_ProgressBarGroove, QStyle.SubElement.SE_ProgressBarContents, QStyle.SubElement.SE_ProgressBarLabel}
)


def _nothing(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    """Draws nothing."""


def _is(option: QStyleOption, flag: QStyle.StateFlag) -> bool:
    return bool(option.state & flag)


# Buttons


def is_main(option: QStyleOptionButton) -> bool:
    """Returns whether a button is the one that Enter presses."""
    return bool(option.features & QStyleOptionButton.ButtonFeature.DefaultButton)


def _is_quiet(option: QStyleOptionButton, widget: QWidget | None) -> bool:
    flat = bool(option.features & QStyleOptionButton.ButtonFeature.Flat)
    return flat or (widget is not None and bool(widget.property(QUIET)))


_A_BUTTON = cast("int", QStyleOption.OptionType.SO_Button.value)


def _button_panel(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    if option.type != _A_BUTTON:  # an arrow at the end of tabs that need more room
        rounded(painter, option.rect, u(BUTTON_RADIUS), ground=tokens().button, frame=tokens().line)
        return
    button, now = as_kind(option, QStyleOptionButton), tokens()
    enabled, over = _is(option, _State.State_Enabled), _is(option, _State.State_MouseOver)
    down = _is(option, _State.State_Sunken) or _is(option, _State.State_On)
    radius = u(BUTTON_RADIUS)
    if _is_quiet(button, widget):
        if enabled and (over or down):
            rounded(painter, option.rect, radius, ground=now.pressed if down else now.hover)
        return
    if is_main(button) and enabled:
        ground = now.accent_hover if over or down else now.accent
        rounded(painter, option.rect, radius, ground=ground, frame=now.text if now.high_contrast else None)
        return
    ground = now.alternate if not enabled else now.pressed if down else now.hover if over else now.button
    rounded(painter, option.rect, radius, ground=ground, frame=now.button_frame if enabled else now.line)


def _button_label(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    button, now = as_kind(option, QStyleOptionButton), tokens()
    enabled, main = _is(option, _State.State_Enabled), is_main(button) and not _is_quiet(button, widget)
    written = font(strong=is_main(button)) if widget is None or main else widget.font()
    area, words = button.rect, button.text
    if button.features & QStyleOptionButton.ButtonFeature.HasMenu:
        arrow = QRect(area.right() - u(24), area.top(), u(16), area.height())
        chevron(painter, arrow, Qt.ArrowType.DownArrow, now.soft if enabled else now.disabled, u(_ARROW))
        area = area.adjusted(0, 0, -u(18), 0)
    metrics = QFontMetrics(written)
    width = metrics.size(Qt.TextFlag.TextShowMnemonic, words).width()
    side = min(button.iconSize.width(), u(_ICON)) if not button.icon.isNull() else 0
    gap = u(_ICON_GAP) if side and words else 0
    left = area.left() + max(0, (area.width() - side - gap - width) // 2)
    if side:
        mode = QIcon.Mode.Disabled if not enabled else QIcon.Mode.Selected if main else QIcon.Mode.Normal
        button.icon.paint(painter, QRect(left, area.center().y() - side // 2, side, side), Qt.AlignmentFlag.AlignCenter, mode)
    colour = now.disabled if not enabled else now.on_accent if main else button.palette.color(QPalette.ColorRole.ButtonText)
    painter.save()
    painter.setFont(written)
    painter.setPen(colour)
    room = QRect(left + side + gap, area.top(), area.right() - left - side - gap + 1, area.height())
    painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextShowMnemonic), words)
    painter.restore()


def _button_size(plain: QStyleOption, size: QSize, usual: QSize, widget: QWidget | None) -> QSize:
    del size, usual
    option = as_kind(plain, QStyleOptionButton)
    written = font(strong=True) if is_main(option) or widget is None else widget.font()
    # a button that becomes the main one must not need more room then
    width = max(QFontMetrics(one).size(Qt.TextFlag.TextShowMnemonic, option.text).width() for one in (written, font(strong=True)))
    if not option.icon.isNull():
        width += u(_ICON) + (u(_ICON_GAP) if option.text else 0)
    if option.features & QStyleOptionButton.ButtonFeature.HasMenu:
        width += u(18)
    least = u(_BUTTON_WIDTH) if option.text and not _is_quiet(option, widget) else u(_BUTTON_HEIGHT)
    return QSize(max(least, width + 2 * u(_BUTTON_SIDE)), max(u(_BUTTON_HEIGHT), QFontMetrics(written).height() + u(12)))


# What can be ticked


def _check_box(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    now, enabled = tokens(), _is(option, _State.State_Enabled)
    side = min(option.rect.width(), option.rect.height())
    box = QRectF(QStyle.alignedRect(Qt.LayoutDirection.LeftToRight, Qt.AlignmentFlag.AlignCenter, QSize(side, side), option.rect))
    over = _is(option, _State.State_MouseOver) and enabled
    if _is(option, _State.State_On) or _is(option, _State.State_NoChange):
        ground = now.accent_hover if over else now.accent if enabled else now.disabled
        rounded(painter, box, u(BUTTON_RADIUS), ground=ground, frame=now.text if now.high_contrast else None)
        mark = now.on_accent if enabled else now.base
        if _is(option, _State.State_On):
            tick(painter, box, mark)
        else:
            middle = box.center()
            stroke(painter, (middle - QPointF(side / 4, 0), middle + QPointF(side / 4, 0)), mark, side / 9)
        return
    frame = now.accent if over else now.edge if enabled else now.line
    rounded(painter, box, u(BUTTON_RADIUS), ground=now.base if enabled else now.window, frame=frame)


def _radio_button(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    now, enabled = tokens(), _is(option, _State.State_Enabled)
    over = _is(option, _State.State_MouseOver) and enabled
    box = QRectF(option.rect)
    if _is(option, _State.State_On):
        ground = now.accent_hover if over else now.accent if enabled else now.disabled
        rounded(painter, box, box.width() / 2, ground=ground, frame=now.text if now.high_contrast else None)
        inner = box.width() * 0.31
        rounded(painter, box.adjusted(inner, inner, -inner, -inner), box.width(), ground=now.on_accent if enabled else now.base)
        return
    frame = now.accent if over else now.edge if enabled else now.line
    rounded(painter, box, box.width() / 2, ground=now.base if enabled else now.window, frame=frame)


# Fields


def _line_edit(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    if as_kind(option, QStyleOptionFrame).lineWidth > 0:
        _field(option, painter, widget)


def _field_frame(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    _field(option, painter, widget, with_ground=False)


def _field(option: QStyleOption, painter: QPainter, widget: QWidget | None, *, with_ground: bool = True) -> None:
    now, enabled = tokens(), _is(option, _State.State_Enabled)
    frame, width = now.edge if enabled else now.line, 1
    if widget is not None and widget.property(WRONG):
        frame, width = now.error, 2
    elif _is(option, _State.State_HasFocus):
        frame, width = now.accent, 2
    ground = (now.base if enabled else now.window) if with_ground else None
    rounded(painter, option.rect, u(BUTTON_RADIUS), ground=ground, frame=frame, width=width)


def _combo_box(style: CalmStyle, option: QStyleOptionComplex, painter: QPainter, widget: QWidget | None) -> None:
    del style
    now, box = tokens(), as_kind(option, QStyleOptionComboBox)
    _field(box, painter, widget)
    area = QRect(box.rect.right() - u(24), box.rect.top(), u(16), box.rect.height())
    colour = now.soft if _is(box, _State.State_Enabled) else now.disabled
    chevron(painter, area, Qt.ArrowType.DownArrow, colour, u(_ARROW))


def _spin_box(style: CalmStyle, option: QStyleOptionComplex, painter: QPainter, widget: QWidget | None) -> None:
    now, box = tokens(), as_kind(option, QStyleOptionSpinBox)
    _field(box, painter, widget)
    if not box.subControls & (_Sub.SC_SpinBoxUp | _Sub.SC_SpinBoxDown):
        return
    enabled = _is(box, _State.State_Enabled)
    for part, direction in ((_Sub.SC_SpinBoxUp, Qt.ArrowType.UpArrow), (_Sub.SC_SpinBoxDown, Qt.ArrowType.DownArrow)):
        area = style.subControlRect(_Complex.CC_SpinBox, box, part, widget)
        over = enabled and bool(box.activeSubControls & part) and _is(box, _State.State_MouseOver)
        colour = now.disabled if not enabled else now.text if over else now.soft
        chevron(painter, area, direction, colour, u(_ARROW))


# Bars


def _scroll_part(bar: QStyleOptionSlider, part: QStyle.SubControl) -> QRect:
    """Returns where a part of a scroll bar is: a slider in a groove, no arrows."""
    whole, flat = bar.rect, bar.orientation is Qt.Orientation.Horizontal
    length = whole.width() if flat else whole.height()
    span = bar.maximum - bar.minimum
    size = length if span <= 0 else max(min(u(_SLIDER_MIN), length), length * bar.pageStep // max(1, span + bar.pageStep))
    start = QStyle.sliderPositionFromValue(bar.minimum, bar.maximum, bar.sliderPosition, length - size, bar.upsideDown)
    pieces = {
        _Sub.SC_ScrollBarGroove: (0, length),
        _Sub.SC_ScrollBarSlider: (start, size),
        _Sub.SC_ScrollBarSubPage: (0, start),
        _Sub.SC_ScrollBarAddPage: (start + size, length - start - size),
    }
    if part not in pieces:
        return QRect()
    begin, long = pieces[part]
    if flat:
        return QRect(whole.left() + begin, whole.top(), long, whole.height())
    return QRect(whole.left(), whole.top() + begin, whole.width(), long)


def _scroll_bar(style: CalmStyle, option: QStyleOptionComplex, painter: QPainter, widget: QWidget | None) -> None:
    del style, widget
    now, bar = tokens(), as_kind(option, QStyleOptionSlider)
    if bar.maximum <= bar.minimum:
        return
    slider = QRectF(_scroll_part(bar, _Sub.SC_ScrollBarSlider))
    held = _is(bar, _State.State_Sunken) or (_is(bar, _State.State_MouseOver) and bool(bar.activeSubControls & _Sub.SC_ScrollBarSlider))
    thick = u(_SLIDER)
    if bar.orientation is Qt.Orientation.Horizontal:
        slider = QRectF(slider.left() + 2, slider.center().y() - thick / 2, slider.width() - 4, thick)
    else:
        slider = QRectF(slider.center().x() - thick / 2, slider.top() + 2, thick, slider.height() - 4)
    rounded(painter, slider, thick / 2, ground=now.edge if held or now.high_contrast else now.button_frame)


def _progress_line(option: QStyleOption) -> QRect:
    area = option.rect
    return QRect(area.left(), area.bottom() - u(_PROGRESS) + 1, area.width(), u(_PROGRESS))


def _progress_groove(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    rounded(painter, _progress_line(option), u(_PROGRESS) / 2, ground=tokens().line)


def _progress_contents(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    bar, now, line = as_kind(option, QStyleOptionProgressBar), tokens(), _progress_line(option)
    span = bar.maximum - bar.minimum
    if span > 0:
        width = line.width() * (bar.progress - bar.minimum) // span
        rounded(painter, QRect(line.left(), line.top(), max(0, width), line.height()), u(_PROGRESS) / 2, ground=now.accent)
        return
    step = u(32)  # nobody knows how much there is to do: nothing moves, the bar is broken
    for left in range(line.left(), line.right(), 2 * step):
        piece = QRect(left, line.top(), min(step, line.right() - left + 1), line.height())
        rounded(painter, piece, u(_PROGRESS) / 2, ground=now.accent)


def _progress_label(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    bar, now = as_kind(option, QStyleOptionProgressBar), tokens()
    if not bar.textVisible:
        return
    area = bar.rect.adjusted(0, 0, 0, -u(_PROGRESS + 4))
    painter.save()
    painter.setPen(now.text)
    painter.drawText(area, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), bar.text)
    painter.restore()


# Lists


def _header_section(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    now, area = tokens(), option.rect
    painter.fillRect(area, now.hover if _is(option, _State.State_MouseOver) and _is(option, _State.State_Enabled) else now.base)
    horizontal_line(painter, area.left(), area.bottom(), area.width(), now.line)


def _header_label(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    header, now = as_kind(option, QStyleOptionHeader), tokens()
    painter.save()
    painter.setFont(font(Type.HINT))
    painter.setPen(now.soft)
    arrow = u(14) if header.sortIndicator is not QStyleOptionHeader.SortIndicator.None_ else 0
    area = header.rect.adjusted(u(_CELL) - 2, 0, 2 - u(_CELL) - arrow, 0)
    words = QFontMetrics(painter.font()).elidedText(header.text, Qt.TextElideMode.ElideRight, area.width())
    painter.drawText(area, int(header.textAlignment | Qt.AlignmentFlag.AlignVCenter), words)
    painter.restore()


def _header_arrow(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    header = as_kind(option, QStyleOptionHeader)
    if header.sortIndicator is QStyleOptionHeader.SortIndicator.None_:
        return
    up = header.sortIndicator is QStyleOptionHeader.SortIndicator.SortUp  # Qt's names are those of what points up in a list
    chevron(painter, header.rect, Qt.ArrowType.UpArrow if up else Qt.ArrowType.DownArrow, tokens().soft, u(_ARROW))


def _item_ground(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    item, now = as_kind(option, QStyleOptionViewItem), tokens()
    if _is(item, _State.State_Selected):
        painter.fillRect(item.rect, now.chosen)
    elif _is(item, _State.State_MouseOver) and _is(item, _State.State_Enabled):
        painter.fillRect(item.rect, now.hover)


# Tabs


def _tab_size(option: QStyleOption, size: QSize, usual: QSize, widget: QWidget | None) -> QSize:
    del size, usual, widget
    tab = as_kind(option, QStyleOptionTab)
    width = QFontMetrics(font()).size(Qt.TextFlag.TextShowMnemonic, tab.text).width() + 2 * u(_TAB_SIDE)
    if not tab.icon.isNull():
        width += u(16) + u(_ICON_GAP)
    return QSize(width, u(_TAB_HEIGHT))


def _tab_shape(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    tab, now, area = as_kind(option, QStyleOptionTab), tokens(), option.rect
    if _is(tab, _State.State_Selected):
        line = QRect(area.left() + u(4), area.bottom() - u(_TAB_LINE) + 1, area.width() - 2 * u(4), u(_TAB_LINE))
        painter.fillRect(line, now.accent)
    elif _is(tab, _State.State_MouseOver) and _is(tab, _State.State_Enabled):
        rounded(painter, area.adjusted(0, u(4), 0, -u(6)), u(BUTTON_RADIUS), ground=now.hover)


def _tab_label(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    tab, now = as_kind(option, QStyleOptionTab), tokens()
    area = tab.rect.adjusted(u(_TAB_SIDE), 0, -u(_TAB_SIDE), 0)
    painter.save()
    if not tab.icon.isNull():
        side = u(16)
        tab.icon.paint(painter, QRect(area.left(), area.center().y() - side // 2, side, side))
        area.setLeft(area.left() + side + u(_ICON_GAP))
    painter.setPen(now.text if _is(tab, _State.State_Enabled) else now.disabled)
    painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextShowMnemonic), tab.text)
    painter.restore()


def _tab_page(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    """Draws a card around tabs and page."""
    now, area = tokens(), widget.rect() if isinstance(widget, QTabWidget) else option.rect
    rounded(painter, area, u(CARD_RADIUS), ground=now.base, frame=now.line)
    horizontal_line(painter, area.left() + 1, area.top() + u(2) + u(_TAB_HEIGHT), area.width() - 2, now.line)


def _tab_base(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    area = option.rect
    horizontal_line(painter, area.left(), area.bottom(), area.width(), tokens().line)


# Menus, frames, tips


def _menu_item(style: CalmStyle, option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    if _is(option, _State.State_Selected) and _is(option, _State.State_Enabled):
        box = option.rect.adjusted(u(_MENU_SIDE), 1, -u(_MENU_SIDE), -1)
        rounded(painter, box, u(BUTTON_RADIUS), ground=tokens().chosen)
    plain = QStyleOptionMenuItem(as_kind(option, QStyleOptionMenuItem))
    plain.state &= ~_State.State_Selected
    style.draw_fusion_menu_item(plain, painter, widget)


def _frame(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    """Draws the frame of a list or text; one to write in has that of a field."""
    if isinstance(widget, QPlainTextEdit) and not widget.isReadOnly():
        _field_frame(option, painter, widget)
        return
    now = tokens()
    focused = _is(option, _State.State_HasFocus) and now.high_contrast
    painter.save()
    painter.setPen(now.accent if focused else now.line)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5))
    painter.restore()


def _tip_or_menu_frame(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    del widget
    painter.save()
    painter.setPen(tokens().line)
    painter.drawRect(QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5))
    painter.restore()


def _tip(option: QStyleOption, painter: QPainter, widget: QWidget | None) -> None:
    painter.fillRect(option.rect, tokens().base)
    _tip_or_menu_frame(option, painter, widget)


_SIZES: dict[QStyle.ContentsType, Callable[[QStyleOption, QSize, QSize, QWidget | None], QSize]] = {
    _Contents.CT_PushButton: _button_size,
    _Contents.CT_LineEdit: _field_size,
    _Contents.CT_ComboBox: _field_size,
    _Contents.CT_SpinBox: _spin_size,
    _Contents.CT_HeaderSection: _title_size,
    _Contents.CT_TabBarTab: _tab_size,
    _Contents.CT_ProgressBar: _bar_size,
    _Contents.CT_MenuItem: _entry_size,
}
