"""Pictures drawn in the colours in force: line pictures of windows and actions, and the pictures of states.

The files are SVG with one colour each; here it is put in when they are painted, so that they stay sharp at every scale and follow a
change of the look. Line pictures: Tabler (``assets/icons/line``, MIT). State pictures: our own (``assets/icons/status``), each with
an outline of its own, so that nobody needs to tell their colours.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache

from PyQt6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

from tray_agent.resources import assets_folder
from ui.look.tokens import tokens


class Status(StrEnum):
    """The states that tables and banners show, always as picture **and** word; the value is the file in ``assets/icons/status``."""

    SUCCESS = "success"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    DOUBT = "doubt"
    DOWNLOAD = "download"


STATUS_COLOURS = {
    Status.SUCCESS: "ok",
    Status.ERROR: "error",
    Status.WARNING: "warning_shape",
    Status.DOUBT: "warning_shape",
    Status.INFO: "info",
    Status.DOWNLOAD: "info",
    Status.RUNNING: "accent",
    Status.WAITING: "soft",
    Status.PAUSED: "soft",
    Status.SKIPPED: "soft",
    Status.CANCELLED: "soft",
}
"""The token of each state's picture."""

STATUS_GROUNDS = {
    Status.ERROR: "error_ground",
    Status.WARNING: "warning_ground",
    Status.DOUBT: "warning_ground",
    Status.INFO: "info_ground",
    Status.DOWNLOAD: "info_ground",
    Status.SUCCESS: "ok_ground",
}
"""The tinted ground of a banner; states without one have the quiet ground."""

_STROKE, _THIN_STROKE, _STRONG = 'stroke-width="2"', 'stroke-width="1.75"', ("chevron", "check")


def icon(name: str, colour: str = "soft") -> QIcon:
    """Returns a line picture.

    Args:
        name: its file in ``assets/icons/line``, without its ending.
        colour: the token that it is drawn in; grey while it can't be used, and as the words on the main button.
    """
    return QIcon(_Engine(name, colour, is_status=False))


def status_icon(status: Status) -> QIcon:
    """Returns the picture of a state."""
    return QIcon(_Engine(status.value, STATUS_COLOURS[status], is_status=True))


def paint_icon(painter: QPainter, area: QRect | QRectF, name: str, colour: QColor) -> None:
    """Paints a line picture straight into a painter."""
    _line(name, colour.name()).render(painter, QRectF(area))


def paint_status(painter: QPainter, area: QRect | QRectF, status: Status) -> None:
    """Paints the picture of a state straight into a painter."""
    now = tokens()
    _state(status.value, now.of(STATUS_COLOURS[status]).name(), now.base.name()).render(painter, QRectF(area))


class _Engine(QIconEngine):
    """Draws one picture whenever it is asked for; Qt copies and owns it."""

    def __init__(self, name: str, colour: str, *, is_status: bool) -> None:
        super().__init__()
        self._name = name
        self._colour = colour
        self._is_status = is_status

    def paint(self, painter: QPainter | None, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Paints the picture in the colours in force; *Selected* are the words' colours on the main button."""
        del state
        if painter is None:
            return
        now = tokens()
        square = QRectF(rect)
        side = min(square.width(), square.height())
        area = QRectF(square.center().x() - side / 2, square.center().y() - side / 2, side, side)
        if self._is_status:
            outer = now.of("disabled" if mode is QIcon.Mode.Disabled else self._colour)
            _state(self._name, outer.name(), now.base.name()).render(painter, area)
            return
        names = {QIcon.Mode.Disabled: "disabled", QIcon.Mode.Selected: "on_accent"}
        _line(self._name, now.of(names.get(mode, self._colour)).name()).render(painter, area)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Returns the picture in a size."""
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        """Returns the picture in a size of the screen's units, of which each has ``scale`` pixels."""
        made = QPixmap(size * scale)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, made.rect(), mode, state)
        painter.end()
        made.setDevicePixelRatio(scale)
        return made

    def clone(self) -> QIconEngine:
        """Returns a copy."""
        return _Engine(self._name, self._colour, is_status=self._is_status)


@cache
def _line(name: str, colour: str) -> QSvgRenderer:
    text = (assets_folder() / "icons" / "line" / f"{name}.svg").read_text("utf-8")
    stroke = _STROKE if name.startswith(_STRONG) else _THIN_STROKE
    return _renderer(text.replace("currentColor", colour).replace(_STROKE, stroke))


@cache
def _state(name: str, colour: str, inner: str) -> QSvgRenderer:
    text = (assets_folder() / "icons" / "status" / f"{name}.svg").read_text("utf-8")
    outer = re.findall(r'fill="(#[0-9a-f]{6})"', text)[0]
    parts = {outer: colour, "#ffffff": inner, "#1f1300": inner}
    return _renderer(re.sub("|".join(parts), lambda found: parts[found.group()], text))


def _renderer(text: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(text.encode()))
