"""A chart of days: a bar for each, stacked of what arrived, whom somebody called, and what is still open."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QBrush, QColor, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from tray_agent.i18n import _, format_number
from ui.look.scale import Type, font, u
from ui.look.tokens import Tokens, tokens
from ui.widgets.painted import Painted

if TYPE_CHECKING:
    from ui.models.start import Bar, Month

_LABELS = 3
"""So many days before today are named below the bars."""

_LINES_FOR_MIDDLE = 2.2
"""The scale's middle is named where the chart is so many lines high."""

_SHARE = 0.66
"""How much of a day's room its bar takes."""


class DayBars(Painted):
    """Shows the days of a ``Month``; arrow keys go from day to day, Enter and a click open the day's rows.

    Args:
        opens: called with the day that is to be opened.
    """

    def __init__(self, opens: Callable[[Bar], object], parent: QWidget | None = None) -> None:
        super().__init__(_("Letzte 30 Tage"), parent)
        self._opens = opens
        self._month: Month | None = None
        self._day: int | None = None
        self._height = 104
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_month(self, month: Month) -> None:
        """Shows other numbers; the chosen day stays."""
        self._month = month
        self.setAccessibleDescription(month.description)
        self.update()

    def set_plot(self, height: int) -> None:
        """Sets how high the bars may be, to go through ``u``."""
        self._height = height
        self.updateGeometry()
        self.update()

    @property
    def bars(self) -> tuple[Bar, ...]:
        """Returns the days, today last."""
        return self._month.bars if self._month else ()

    def sizeHint(self) -> QSize:
        """Returns the room of bars and dates."""
        return QSize(u(320), u(self._height) + self._line + u(10))

    def minimumSizeHint(self) -> QSize:
        """Returns the least room."""
        return QSize(u(180), u(self._height) + self._line + u(10))

    @property
    def _line(self) -> int:
        return QFontMetrics(font(Type.SMALL)).height()

    @property
    def _plot(self) -> QRectF:
        top = self._month.top if self._month else 2
        left = QFontMetrics(font(Type.SMALL)).horizontalAdvance(format_number(top)) + u(8)
        return QRectF(left, u(6), self.width() - left, self.height() - self._line - u(10))

    def area_of(self, place: int) -> QRectF:
        """Returns the room of a day, from the top of the scale to its foot."""
        plot = self._plot
        each = plot.width() / max(1, len(self.bars))
        return QRectF(plot.left() + each * place, plot.top(), each, plot.height())

    # Painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the scale, the bars and their dates."""
        super().paintEvent(event)
        if self._month is None:
            return
        now, plot = tokens(), self._plot
        painter = QPainter(self)
        painter.setFont(font(Type.SMALL))
        self._paint_scale(painter, now, plot, self._month.top)
        for place, bar in enumerate(self.bars):
            self._paint_bar(painter, now, self.area_of(place), bar, chosen=place == self._day)
        self._paint_dates(painter, now, plot)
        painter.end()

    def _paint_scale(self, painter: QPainter, now: Tokens, plot: QRectF, top: int) -> None:
        shown = (0, top // 2, top) if plot.height() >= _LINES_FOR_MIDDLE * self._line else (0, top)
        for value in shown:
            y = plot.bottom() - plot.height() * value / top
            painter.fillRect(QRectF(plot.left(), round(y), plot.width(), 1), now.line)
            painter.setPen(now.soft)
            figure = QRectF(0, y - self._line / 2, plot.left() - u(8), self._line)
            painter.drawText(figure, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), format_number(value))

    def _paint_bar(self, painter: QPainter, now: Tokens, area: QRectF, bar: Bar, *, chosen: bool) -> None:
        if chosen:
            painter.fillRect(area, now.hover)
        top = self._month.top if self._month else 2
        width = max(2.0, round(area.width() * _SHARE))
        left, foot = round(area.center().x() - width / 2), area.bottom()
        arrived = now.accent if bar.is_today else now.text if now.high_contrast else now.bar
        parts = ((bar.arrived, _full(arrived)), (bar.called, _called(now)), (bar.open, _open(now)))
        for number, paint in parts:
            if not number:
                continue
            height = max(2.0, round(area.height() * number / top))
            paint(painter, QRectF(left, foot - height, width, height))
            foot -= height + 1

    def _paint_dates(self, painter: QPainter, now: Tokens, plot: QRectF) -> None:
        step = max(1, len(self.bars) // _LABELS)
        for place in (*range(0, len(self.bars) - step // 2, step), len(self.bars) - 1):
            bar, area = self.bars[place], self.area_of(place)
            width = painter.fontMetrics().horizontalAdvance(bar.label)
            left = min(max(0.0, area.center().x() - width / 2), self.width() - width)
            painter.setPen(now.text if bar.is_today else now.soft)
            painter.drawText(QPointF(left, plot.bottom() + u(4) + painter.fontMetrics().ascent()), bar.label)

    # Choosing a day

    def _day_at(self, point: QPointF) -> int | None:
        return next((place for place in range(len(self.bars)) if self.area_of(place).contains(point)), None)

    def _choose(self, day: int | None) -> None:
        if day == self._day:
            return
        self._day = day
        self.setCursor(Qt.CursorShape.ArrowCursor if day is None else Qt.CursorShape.PointingHandCursor)
        description = self._month.description if self._month else ""
        self.setAccessibleDescription(description if day is None else self.bars[day].sentence)
        self.update()

    def tooltip_at(self, point: QPointF) -> str:
        """Returns what is told of the day at a point, or ""."""
        day = self._day_at(point)
        return "" if day is None else self.bars[day].sentence

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Follows the mouse from day to day."""
        if event is not None:
            self._choose(self._day_at(event.position()))

    def leaveEvent(self, event: QEvent | None) -> None:
        """Lets go of the day."""
        super().leaveEvent(event)
        self._choose(None)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Opens the rows of the day under the mouse."""
        day = self._day_at(event.position()) if event is not None else None
        if day is not None:
            self._opens(self.bars[day])

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Goes from day to day; Enter and Space open the day's rows."""
        if event is None or not self.bars:
            return
        last = len(self.bars) - 1
        at = last if self._day is None else self._day
        moves = {
            Qt.Key.Key_Left: at - 1 if self._day is not None else last,
            Qt.Key.Key_Right: at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if event.key() in moves:
            self._choose(min(last, max(0, moves[Qt.Key(event.key())])))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._day is not None:
            self._opens(self.bars[self._day])
        else:
            super().keyPressEvent(event)


Paint = Callable[[QPainter, QRectF], None]


def _full(colour: QColor) -> Paint:
    return lambda painter, area: painter.fillRect(area, colour)


def _called(now: Tokens) -> Paint:
    return _outlined(now.text) if now.high_contrast else _full(now.bar_strong)


def _open(now: Tokens) -> Paint:
    if not now.high_contrast:
        return _full(now.warning_shape)
    return lambda painter, area: painter.fillRect(area, QBrush(now.text, Qt.BrushStyle.Dense5Pattern))


def _outlined(colour: QColor) -> Paint:
    def paint(painter: QPainter, area: QRectF) -> None:
        painter.setPen(QPen(colour, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))

    return paint


class Swatch(QWidget):
    """The mark of one of the chart's parts, for its legend."""

    def __init__(self, part: str) -> None:
        super().__init__()
        self._part = part
        self.setFixedSize(u(10), u(10))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the mark as the bars are painted."""
        super().paintEvent(event)
        now = tokens()
        paints = {"arrived": _full(now.text if now.high_contrast else now.bar), "called": _called(now), "open": _open(now)}
        painter = QPainter(self)
        paints[self._part](painter, QRectF(self.rect()))
        painter.end()
