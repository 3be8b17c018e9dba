"""The balance of an account over time, painted: a line with its points, the scale, the line of the minimum."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PyQt6.QtWidgets import QWidget

from tray_agent.i18n import _
from ui.look.scale import Type, font, u
from ui.look.tokens import Tokens, tokens
from ui.models.credits import Chart, ChartPoint
from ui.widgets.painted import Painted

_GAP, _NEAR, _DOT = 8, 8, 3
"""The room beside words; so far beside a point its tooltip is still shown; half a dot. To go through ``u``."""

_MOST_DOTS = 120
"""A line with more points has no dots."""


class BalanceChart(Painted):
    """Shows a ``Chart``; tells it in words to those who can't see it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Verlauf des Guthabens"), parent)
        self.chart: Chart | None = None
        self.setFont(font(Type.SMALL))

    def show_chart(self, chart: Chart | None) -> None:
        """Shows a chart, or nothing."""
        self.chart = chart
        self.setAccessibleDescription(chart.description if chart else "")
        self.update()

    def sizeHint(self) -> QSize:
        """Returns room for the scale and a line that can be followed."""
        return QSize(40 * self.unit, 14 * self.unit)

    def minimumSizeHint(self) -> QSize:
        """Returns the least room in which the scale can be read."""
        return QSize(24 * self.unit, 7 * self.unit)

    # Geometry

    @property
    def _area(self) -> QRectF:
        """Returns where the line is painted: right of the figures, above the dates."""
        labels = [tick.label for tick in self.chart.across] if self.chart else []
        figures = max((self.fontMetrics().horizontalAdvance(label) for label in labels), default=0) + 2 * u(_GAP)
        right = self.fontMetrics().horizontalAdvance("00.00.0000") / 2 + u(_GAP)
        left = max(figures, right)
        return QRectF(left, 2 * self.unit, max(1.0, self.width() - left - right), max(1.0, self.height() - 3.8 * self.unit))

    def place_of(self, point: ChartPoint) -> QPointF:
        """Returns where a point is painted."""
        return self._place(point.x, point.y)

    def _place(self, x: float, y: float) -> QPointF:
        area = self._area
        return QPointF(area.left() + x * area.width(), area.bottom() - y * area.height())

    def tooltip_at(self, point: QPointF) -> str:
        """Returns what is told of the nearest point, or "" where none is near."""
        near = [one for one in (self.chart.points if self.chart else ()) if abs(self.place_of(one).x() - point.x()) <= u(_NEAR)]
        return min(near, key=lambda one: abs(self.place_of(one).x() - point.x())).sentence if near else ""

    # Painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the chart."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), self.palette().base())
        if self.chart is not None:
            colours = tokens()
            self._paint_scale(painter, self.chart, colours)
            self._paint_minimum(painter, self.chart, colours)
            self._paint_line(painter, self.chart, colours)
        self.paint_focus(painter)
        painter.end()

    def _paint_scale(self, painter: QPainter, chart: Chart, colours: Tokens) -> None:
        text, faint, unit = colours.soft, colours.line, self.unit
        painter.setPen(text)
        painter.drawText(QRectF(0, 0, self.width(), 1.4 * unit), int(Qt.AlignmentFlag.AlignVCenter), _("Credits"))
        for tick in chart.across:
            place = self._place(0, tick.place)
            painter.setPen(QPen(faint, 1))
            painter.drawLine(place, self._place(1, tick.place))
            painter.setPen(text)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, place.y() - unit, place.x() - u(_GAP), 2 * unit), int(flags), tick.label)
        for tick in chart.down:
            place = self._place(tick.place, 0)
            painter.setPen(QPen(faint, 1))
            painter.drawLine(place, place + QPointF(0, unit * 0.3))
            painter.setPen(text)
            painter.drawText(
                QRectF(place.x() - 5 * unit, place.y() + unit * 0.4, 10 * unit, unit * 1.2), int(Qt.AlignmentFlag.AlignCenter), tick.label
            )

    def _paint_minimum(self, painter: QPainter, chart: Chart, colours: Tokens) -> None:
        if chart.minimum is None:
            return
        painter.setPen(QPen(colours.warning_shape, u(1.5), Qt.PenStyle.DashLine))
        left, right = self._place(0, chart.minimum), self._place(1, chart.minimum)
        painter.drawLine(left, right)
        painter.setPen(colours.warning)
        room = QRectF(left.x() + u(_GAP), left.y() - self.unit * 1.3, right.x() - left.x(), self.unit * 1.2)
        painter.drawText(room, 0, chart.minimum_label)

    def _paint_line(self, painter: QPainter, chart: Chart, colours: Tokens) -> None:
        places = [self.place_of(point) for point in chart.points]
        painter.setPen(QPen(colours.accent, u(2)))
        painter.drawPolyline(QPolygonF(places))
        if len(places) <= _MOST_DOTS:
            painter.setBrush(colours.accent)
            painter.setPen(Qt.PenStyle.NoPen)
            for place in places:
                painter.drawEllipse(place, u(_DOT), u(_DOT))
