"""The time line of a day, painted: a lane for each job, the quiet hours hatched, distances that are too small marked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QBrush, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QWidget

from tray_agent.i18n import _, format_time
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.schedules.day_plan import DayPlan, PlannedRun
from ui.look.tokens import Tokens, tokens
from ui.models.day_timeline import day_title, describe_day, run_tooltip
from ui.widgets.painted import Painted

_GAP = 8
_MOST_DOTS = 60
"""A lane with more runs shows strokes instead of dots."""

_NEAR = 6
"""So many pixels beside a run still show its tooltip."""

_SCALE, _LEAST_LANE, _LEGEND = 1.4, 1.5, 1.8
"""Heights of the scale, of a lane at the least, and of the legend, in heights of a line of text."""

_HOUR = timedelta(hours=1)
_STEPS = (1, 2, 3, 4, 6, 12)
"""Hours from one figure of the scale to the next; the first that leaves room is taken."""


class DayTimeline(Painted):
    """The planned runs of one day. Left and right arrow ask for the day before and after, Home for today.

    Attributes:
        day_asked: how many days forward (or back) a person wants to go; 0: to today.
    """

    day_asked = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Tagesplan"), parent)
        self.plan: DayPlan | None = None
        self._now: datetime | None = None
        self.setMouseTracking(True)

    def show_plan(self, plan: DayPlan, now: datetime | None = None) -> None:
        """Shows a day; ``now`` (local, aware) is drawn as a line where it lies on it."""
        self.plan, self._now = plan, now
        self.setAccessibleName(_("Tagesplan {day}").format(day=day_title(plan)))
        self.setAccessibleDescription(describe_day(plan))
        self.update()

    def sizeHint(self) -> QSize:
        """Returns room for the lanes at this font."""
        return QSize(60 * self.unit, self._height(2.0))

    def minimumSizeHint(self) -> QSize:
        """Returns the least room in which names and a day can be told apart."""
        return QSize(30 * self.unit, self._height(_LEAST_LANE))

    # Geometry

    def _height(self, lane: float) -> int:
        return int(self.unit * (_SCALE + lane * len(JobKey) + _LEGEND)) + 1

    @property
    def _area(self) -> QRectF:
        """Returns the lanes: right of the names, below the scale, above the legend."""
        widest = max(self.fontMetrics().horizontalAdvance(job_title(job)) for job in JobKey)
        left = min(widest, self.width() * 0.4) + 2 * _GAP
        right = self.fontMetrics().horizontalAdvance("24:00") / 2 + _GAP
        height = self.height() - self.unit * (_SCALE + _LEGEND)
        return QRectF(left, self.unit * _SCALE, max(1.0, self.width() - left - right), max(height, self.unit * _LEAST_LANE * len(JobKey)))

    def _x(self, plan: DayPlan, at: datetime) -> float:
        # by timestamps: two instants of one zone are subtracted as wall clocks, an hour off on the day the clocks change
        part = (at.timestamp() - plan.start.timestamp()) / (plan.end.timestamp() - plan.start.timestamp())
        return self._area.left() + self._area.width() * min(1.0, max(0.0, part))

    def _y(self, job: JobKey) -> float:
        lane = self._area.height() / len(JobKey)
        return self._area.top() + lane * (list(JobKey).index(job) + 0.5)

    # Painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the day."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = tokens()
        painter.fillRect(self._area, self.palette().base())
        if self.plan is not None:
            self._paint_quiet(painter, self.plan, colours)
            self._paint_scale(painter, self.plan, colours)
        self._paint_lanes(painter, colours)
        if self.plan is not None:
            self._paint_now(painter, self.plan, colours)
            self._paint_distances(painter, self.plan, colours)
            self._paint_runs(painter, self.plan, colours)
        self._paint_legend(painter, colours)
        self.paint_focus(painter)
        painter.end()

    def _paint_quiet(self, painter: QPainter, plan: DayPlan, colours: Tokens) -> None:
        for interval in plan.quiet:
            left, right = self._x(plan, interval.start), self._x(plan, interval.end)
            painter.fillRect(QRectF(left, self._area.top(), right - left, self._area.height()), _hatching(colours))

    def _paint_scale(self, painter: QPainter, plan: DayPlan, colours: Tokens) -> None:
        painter.setPen(colours.text)
        for at, label in self._marks(plan):
            x = self._x(plan, at)
            painter.setPen(QPen(colours.edge, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, self._area.top()), QPointF(x, self._area.bottom()))
            painter.setPen(colours.text)
            width = 4 * self.unit
            painter.drawText(QRectF(x - width / 2, 0, width, self._area.top() - 4), int(Qt.AlignmentFlag.AlignCenter), label)

    def _marks(self, plan: DayPlan) -> Iterator[tuple[datetime, str]]:
        """Gives the local hours that have room for their figure, and the end of the day as 24:00."""
        room = self.fontMetrics().horizontalAdvance("00:00") + 2 * _GAP
        step = next((step for step in _STEPS if self._area.width() * step / 24 >= room), 12)
        at = plan.start.timestamp()
        while at < plan.end.timestamp():
            local = datetime.fromtimestamp(at, plan.start.tzinfo)
            if local.hour % step == 0 and local.minute == 0:
                yield local, format_time(local)
            at += _HOUR.total_seconds()
        yield plan.end, "24:00"

    def _paint_lanes(self, painter: QPainter, colours: Tokens) -> None:
        metrics, area = self.fontMetrics(), self._area
        lane = area.height() / len(JobKey)
        for place, job in enumerate(JobKey):
            top = area.top() + place * lane
            painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
            words = metrics.elidedText(job_title(job), Qt.TextElideMode.ElideRight, int(area.left() - 2 * _GAP))
            painter.drawText(QRectF(_GAP, top, area.left() - 2 * _GAP, lane), int(Qt.AlignmentFlag.AlignVCenter), words)
            painter.setPen(QPen(colours.edge, 1))
            painter.drawLine(QPointF(area.left(), top + lane / 2), QPointF(area.right(), top + lane / 2))
        painter.setPen(QPen(colours.edge, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area)

    @property
    def _now_here(self) -> datetime | None:
        """Returns the present where it is part of the day shown, or None."""
        plan, now = self.plan, self._now
        return now if plan and now and plan.start.timestamp() <= now.timestamp() < plan.end.timestamp() else None

    def _paint_now(self, painter: QPainter, plan: DayPlan, colours: Tokens) -> None:
        if self._now_here is None:
            return
        x = self._x(plan, self._now_here)
        painter.setPen(QPen(colours.text, 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, self._area.top()), QPointF(x, self._area.bottom()))

    def _paint_distances(self, painter: QPainter, plan: DayPlan, colours: Tokens) -> None:
        painter.setPen(QPen(colours.warning_shape, 2))
        for pair in plan.too_close[: 2 * _MOST_DOTS]:
            first = QPointF(self._x(plan, pair.first.at), self._y(pair.first.job))
            second = QPointF(self._x(plan, pair.second.at), self._y(pair.second.job))
            painter.setPen(QPen(colours.warning_shape, 2))
            painter.drawLine(first, second)
            middle = (first + second) / 2
            if abs(first.y() - second.y()) > self._area.height() / len(JobKey) * 1.5:  # the middle would hide another job's run
                middle = first + (second - first) / 4
            _paint_warning(painter, middle + QPointF(self.unit * 0.9, 0), self.unit, colours)

    def _paint_runs(self, painter: QPainter, plan: DayPlan, colours: Tokens) -> None:
        for job in JobKey:
            runs = [run for run in plan.runs if run.job is job]
            for run in runs:
                self._paint_run(painter, plan, run, colours, stroke=len(runs) > _MOST_DOTS)

    def _paint_run(self, painter: QPainter, plan: DayPlan, run: PlannedRun, colours: Tokens, *, stroke: bool) -> None:
        at, size = QPointF(self._x(plan, run.at), self._y(run.job)), self.unit * 0.4
        if stroke:
            painter.setPen(QPen(colours.warning_shape if run.quiet else colours.accent, 1.5))
            half = size / 2 if run.quiet else size
            painter.drawLine(at - QPointF(0, half), at + QPointF(0, half))
            return
        if run.quiet:
            _paint_quiet_run(painter, at, size, self.palette().base(), colours)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.accent)
        painter.drawEllipse(at, size, size)

    def _paint_legend(self, painter: QPainter, colours: Tokens) -> None:
        unit, x = self.unit, self._area.left()
        y = self._area.bottom() + unit * 0.9
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colours.accent)
        painter.drawEllipse(QPointF(x + unit / 2, y), unit * 0.4, unit * 0.4)
        x = self._legend_words(painter, x + unit * 1.4, y, _("geplant"))
        painter.fillRect(QRectF(x, y - unit * 0.4, unit * 1.4, unit * 0.8), self.palette().base())
        painter.fillRect(QRectF(x, y - unit * 0.4, unit * 1.4, unit * 0.8), _hatching(colours))
        x = self._legend_words(painter, x + unit * 1.8, y, _("Ruhezeit"))
        _paint_quiet_run(painter, QPointF(x + unit / 2, y), unit * 0.4, self.palette().base(), colours)
        x = self._legend_words(painter, x + unit * 1.4, y, _("Senden in der Ruhezeit"))
        _paint_warning(painter, QPointF(x + unit / 2, y), unit, colours)
        x = self._legend_words(painter, x + unit * 1.4, y, _("weniger als 5 Minuten"))
        if self._now_here is not None:
            painter.setPen(QPen(colours.text, 1.5, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x + unit / 2, y - unit * 0.6), QPointF(x + unit / 2, y + unit * 0.6))
            self._legend_words(painter, x + unit * 1.4, y, _("jetzt"))

    def _legend_words(self, painter: QPainter, x: float, y: float, words: str) -> float:
        """Writes words and returns where the next entry begins."""
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        width = self.fontMetrics().horizontalAdvance(words)
        painter.drawText(QRectF(x, y - self.unit, width + 4, 2 * self.unit), int(Qt.AlignmentFlag.AlignVCenter), words)
        return x + width + 2 * _GAP

    # Mouse and keyboard

    def run_at(self, point: QPointF) -> PlannedRun | None:
        """Returns the run under a point, the nearest where several lie close."""
        if self.plan is None:
            return None
        lane = self._area.height() / len(JobKey) / 2
        plan = self.plan
        near = [run for run in plan.runs if abs(self._y(run.job) - point.y()) <= lane and abs(self._x(plan, run.at) - point.x()) <= _NEAR]
        return min(near, key=lambda run: abs(self._x(plan, run.at) - point.x()), default=None)

    def place_of(self, run: PlannedRun) -> QPointF:
        """Returns where a run of the plan is painted."""
        return QPointF() if self.plan is None else QPointF(self._x(self.plan, run.at), self._y(run.job))

    def tooltip_at(self, point: QPointF) -> str:
        """Returns what is told of a point: the run there, or the quiet hours; "" else."""
        run = self.run_at(point)
        if self.plan is None:
            return ""
        if run is not None:
            return run_tooltip(run, self.plan.too_close)
        if not self._area.contains(point):
            return ""
        quiet = (one for one in self.plan.quiet if self._x(self.plan, one.start) <= point.x() <= self._x(self.plan, one.end))
        return next((interval.reason for interval in quiet), "")

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Goes to another day."""
        days = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: 0}
        if event is not None and event.key() in days:
            self.day_asked.emit(days[Qt.Key(event.key())])
            event.accept()
            return
        super().keyPressEvent(event)


def _hatching(colours: Tokens) -> QBrush:
    return QBrush(colours.edge, Qt.BrushStyle.BDiagPattern)


def _paint_quiet_run(painter: QPainter, at: QPointF, size: float, ground: QBrush, colours: Tokens) -> None:
    """Paints a run that would send in the quiet hours: a ring with a stroke through it."""
    painter.setPen(QPen(colours.warning_shape, 2))
    painter.setBrush(ground)
    painter.drawEllipse(at, size, size)
    painter.drawLine(at + QPointF(-size, size) * 0.7, at + QPointF(size, -size) * 0.7)


def _paint_warning(painter: QPainter, at: QPointF, unit: float, colours: Tokens) -> None:
    """Paints a triangle with an exclamation mark."""
    half = unit * 0.5
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.warning_shape)
    painter.drawPolygon(QPolygonF([at + QPointF(0, -half), at + QPointF(half, half * 0.8), at + QPointF(-half, half * 0.8)]))
    painter.setPen(QPen(colours.base, 1.4))
    painter.drawLine(at + QPointF(0, -half * 0.35), at + QPointF(0, half * 0.2))
    painter.drawPoint(at + QPointF(0, half * 0.55))
