"""The few shapes that everything is drawn of: rounded grounds and frames, lines, chips. Sharp at every scale."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PyQt6.QtCore import QPointF, QRect, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen, QPolygonF

CARD_RADIUS, BUTTON_RADIUS, PILL_RADIUS = 8, 4, 10
"""Of cards and banners; of buttons, fields, chips and boxes to tick; of pills. To go through ``u``."""


@contextmanager
def kept(painter: QPainter) -> Iterator[QPainter]:
    """Gives a painter with smooth edges, and leaves it as it was."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    try:
        yield painter
    finally:
        painter.restore()


def rounded(
    painter: QPainter,
    area: QRect | QRectF,
    radius: float,
    *,
    ground: QColor | None = None,
    frame: QColor | None = None,
    width: float = 1,
    dashed: bool = False,
) -> None:
    """Paints a rounded ground, a frame inside the area, or both."""
    with kept(painter):
        half = width / 2 if frame is not None else 0
        if frame is None:
            painter.setPen(Qt.PenStyle.NoPen)
        else:
            painter.setPen(QPen(frame, width, Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine))
        if ground is None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
        else:
            painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(area).adjusted(half, half, -half, -half), radius, radius)


def horizontal_line(painter: QPainter, left: int, top: int, length: int, colour: QColor) -> None:
    """Paints a line one unit high."""
    painter.fillRect(QRect(left, top, length, 1), colour)


def stroke(painter: QPainter, points: tuple[QPointF, ...], colour: QColor, width: float) -> None:
    """Paints a line with round ends through points."""
    with kept(painter):
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(list(points)))


def chevron(painter: QPainter, area: QRect | QRectF, direction: Qt.ArrowType, colour: QColor, size: float) -> None:
    """Paints an arrow of two lines in the middle of an area; ``size`` is its width."""
    middle, half, quarter = QRectF(area).center(), size / 2, size / 4
    shapes = {
        Qt.ArrowType.DownArrow: ((-half, -quarter), (0, quarter), (half, -quarter)),
        Qt.ArrowType.UpArrow: ((-half, quarter), (0, -quarter), (half, quarter)),
        Qt.ArrowType.RightArrow: ((-quarter, -half), (quarter, 0), (-quarter, half)),
        Qt.ArrowType.LeftArrow: ((quarter, -half), (-quarter, 0), (quarter, half)),
    }
    stroke(painter, tuple(middle + QPointF(*point) for point in shapes[direction]), colour, max(1.4, size / 5))


def tick(painter: QPainter, area: QRect | QRectF, colour: QColor) -> None:
    """Paints a tick into a box."""
    box = QRectF(area)
    side = box.width()
    points = tuple(box.topLeft() + QPointF(x * side, y * side) for x, y in ((0.24, 0.52), (0.43, 0.71), (0.77, 0.32)))
    stroke(painter, points, colour, side / 9)
