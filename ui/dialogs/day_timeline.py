"""The time line of a day, painted: a lane for each job, what is planned and what happened, the quiet hours, the present."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QBrush, QColor, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from tray_agent.i18n import _, format_time
from tray_agent.job_kinds import JobKey, job_title
from tray_agent.jobs.owed import Trouble
from tray_agent.protocol.model import RunState
from tray_agent.schedules.day_plan import DayPlan, PlannedRun
from ui.look.drawing import BUTTON_RADIUS, kept, rounded, stroke
from ui.look.icons import Status, paint_icon, paint_status
from ui.look.scale import Type, font, u
from ui.look.tokens import Tokens, tokens
from ui.models.day_timeline import DayFacts, Mark, MarkKind, day_title, describe_day, mark_tooltip, marks_of
from ui.widgets.icons import RUN_ICONS
from ui.widgets.painted import Painted

_SCALE, _LANE, _LEAST_LANE = 26, 30, 20
"""Heights of the scale, of a lane, and of a lane where there is little room; all sizes go through ``u``."""

_AFTER_NAME, _PICTURE, _REACH, _GAP = 16, 16, 9, 5
_PILL_HEIGHT, _PILL_SIDE = 22, 8
_WIDTH, _LEAST_WIDTH = 900, 480

_CROWDED, _FEW = 18, 8
"""A lane in which most marks are closer shows strokes instead of rings, unless there are only a few."""

_MOST_DISTANCES = 24
"""So many distances that are too small are marked; a set that has more is told in words."""

_TIMES = 4
"""A lane with fewer marks has their times written beside them."""

_JUST_NOW = timedelta(minutes=90)
"""What happened so lately has its time at the left, so that the present stays free."""

_HOUR = timedelta(hours=1)
_STEPS = (2, 3, 4, 6, 12)
"""Hours from one figure of the scale to the next; the first that leaves room is taken."""


def run_status(state: RunState, trouble: Trouble = Trouble.NONE) -> Status:
    """Returns the picture of what a run came to; one that is tried again because something is in the way is no success.

    Args:
        state: of the run.
        trouble: whether something is in the way, and whether that lasts so long that the practice was told.
    """
    if state is RunState.RUNNING:
        return RUN_ICONS[state]
    return {Trouble.UNTOLD: Status.WARNING, Trouble.TOLD: Status.ERROR}.get(trouble, RUN_ICONS[state])


class DayTimeline(Painted):
    """What one day holds. Left and right arrow ask for the day before and after, Home for today.

    Attributes:
        day_asked: how many days forward (or back) a person wants to go; 0: to today.
        plan: the day as planned; None: not known yet.
        marks: what stands on it.
    """

    day_asked = pyqtSignal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_("Tagesplan"), parent)
        self.plan: DayPlan | None = None
        self.marks: tuple[Mark, ...] = ()
        self._facts = DayFacts()
        self._now: datetime | None = None
        self.setMouseTracking(True)

    def show_plan(self, plan: DayPlan, now: datetime | None = None, facts: DayFacts | None = None) -> None:
        """Shows a day; ``now`` (local, aware) is drawn as a line where it lies on it."""
        self.plan, self._facts = plan, facts or DayFacts()
        self.setAccessibleName(_("Tagesplan {day}").format(day=day_title(plan)))
        self.show_now(now)

    def show_now(self, now: datetime | None) -> None:
        """Moves the line of the present; a try that is over by then is none to come."""
        self._now = now
        if self.plan is not None:
            self.marks = marks_of(self.plan, self._facts, now)
            self.setAccessibleDescription(describe_day(self.plan, self.marks))
        self.update()

    def sizeHint(self) -> QSize:
        """Returns room for the lanes at this font."""
        return QSize(u(_WIDTH), u(_SCALE) + len(JobKey) * u(_LANE))

    def minimumSizeHint(self) -> QSize:
        """Returns the least room in which names and a day can be told apart."""
        return QSize(u(_LEAST_WIDTH), u(_SCALE) + len(JobKey) * u(_LEAST_LANE))

    # Geometry

    @property
    def _area(self) -> QRectF:
        """Returns the lanes: right of the names, below the scale."""
        metrics = self.fontMetrics()
        widest = max(metrics.horizontalAdvance(job_title(job)) for job in JobKey)
        left = min(widest, self.width() * 0.4) + u(_AFTER_NAME)
        right = metrics.horizontalAdvance("24") / 2 + 1
        return QRectF(left, u(_SCALE), max(1.0, self.width() - left - right), max(1.0, self.height() - u(_SCALE)))

    @property
    def _lane(self) -> float:
        return self._area.height() / len(JobKey)

    def _x(self, plan: DayPlan, at: datetime) -> float:
        # by timestamps: two instants of one zone are subtracted as wall clocks, an hour off on the day the clocks change
        part = (at.timestamp() - plan.start.timestamp()) / (plan.end.timestamp() - plan.start.timestamp())
        return self._area.left() + self._area.width() * min(1.0, max(0.0, part))

    def _y(self, job: JobKey) -> float:
        return self._area.top() + self._lane * (list(JobKey).index(job) + 0.5)

    @property
    def now_here(self) -> datetime | None:
        """Returns the present where it is part of the day shown, or None."""
        plan, now = self.plan, self._now
        return now if plan and now and plan.start.timestamp() <= now.timestamp() < plan.end.timestamp() else None

    # Painting

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paints the day."""
        del event
        painter = QPainter(self)
        colours = tokens()
        if self.plan is not None:
            self._paint_quiet(painter, self.plan, colours)
            self._paint_scale(painter, self.plan, colours)
        self._paint_lanes(painter, colours)
        if self.plan is not None:
            self._paint_quiet_words(painter, self.plan, colours)
            self._paint_now(painter, self.plan, colours)
            self._paint_distances(painter, self.plan, colours)
            for job in JobKey:
                self._paint_marks(painter, self.plan, job, colours)
        painter.end()

    def _paint_quiet(self, painter: QPainter, plan: DayPlan, colours: Tokens) -> None:
        area = self._area
        for interval in plan.quiet:
            left, right = self._x(plan, interval.start), self._x(plan, interval.end)
            ground = QRectF(left, area.top(), right - left, area.height())
            painter.fillRect(ground, colours.quiet_ground)
            if colours.high_contrast:  # the ground is that of the window then
                painter.fillRect(ground, QBrush(colours.line, Qt.BrushStyle.BDiagPattern))

    def _paint_quiet_words(self, painter: QPainter, plan: DayPlan, colours: Tokens) -> None:
        """Writes what the quiet ground is into the first lane that is free there."""
        words, area = _("Ruhezeit"), self._area
        painter.setFont(font(Type.SECOND))
        painter.setPen(colours.soft)
        needed = QFontMetricsF(painter.font()).horizontalAdvance(words) + 2 * u(_GAP)
        for interval in plan.quiet:
            left, right = self._x(plan, interval.start), self._x(plan, interval.end)
            middle = (left + right) / 2
            taken = {mark.job for mark in self.marks if abs(self._x(plan, mark.at) - middle) < needed / 2 + 4 * u(_REACH)}
            lane = next((place for place, job in enumerate(JobKey) if job not in taken), None)
            if right - left >= needed and lane is not None:
                room = QRectF(middle - needed / 2, area.top() + lane * self._lane + 1, needed, self._lane - 1)
                if colours.high_contrast:
                    painter.fillRect(room, colours.base)
                painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), words)

    def _paint_scale(self, painter: QPainter, plan: DayPlan, colours: Tokens) -> None:
        area, pill = self._area, self._pill
        painter.setFont(font(Type.SECOND))
        width = 2 * QFontMetricsF(painter.font()).horizontalAdvance("00")
        for at, label in self._hours(plan):
            x = self._x(plan, at)
            if not colours.high_contrast:  # there a line is as strong as words
                painter.fillRect(QRectF(round(x), area.top(), 1, area.height()), colours.line)
            words = QRectF(x - width / 2, 0, width, u(_PILL_HEIGHT))
            if pill is None or not pill.adjusted(-u(_GAP), 0, u(_GAP), 0).intersects(words.adjusted(width / 4, 0, -width / 4, 0)):
                painter.setPen(colours.soft)
                painter.drawText(words, int(Qt.AlignmentFlag.AlignCenter), label)

    def _hours(self, plan: DayPlan) -> Iterator[tuple[datetime, str]]:
        """Gives the local hours that have room for their figure, and the end of the day as 24."""
        room = 2 * self.fontMetrics().horizontalAdvance("00")
        step = next((step for step in _STEPS if self._area.width() * step / 24 >= room), 12)
        at = plan.start.timestamp()
        while at < plan.end.timestamp():
            local = datetime.fromtimestamp(at, plan.start.tzinfo)
            if local.hour % step == 0 and local.minute == 0:
                yield local, f"{local.hour:02}"
            at += _HOUR.total_seconds()
        yield plan.end, "24"

    def _paint_lanes(self, painter: QPainter, colours: Tokens) -> None:
        metrics, area, lane = self.fontMetrics(), self._area, self._lane
        off = {mark.job for mark in self.marks if mark.kind is MarkKind.OFF}
        painter.setFont(self.font())
        for place, job in enumerate(JobKey):
            top = area.top() + place * lane
            room = QRectF(0, top, area.left() - u(_AFTER_NAME), lane)
            words = metrics.elidedText(job_title(job), Qt.TextElideMode.ElideRight, int(room.width()) + 1)
            painter.setPen(colours.soft if job in off else colours.text)
            painter.drawText(room.adjusted(0, 0, 2, 0), int(Qt.AlignmentFlag.AlignVCenter), words)
            if place:
                painter.fillRect(QRectF(0, round(top), area.right(), 1), colours.line)

    @property
    def _pill(self) -> QRectF | None:
        """Returns where the present's time is written, None where it lies on another day."""
        plan, now = self.plan, self.now_here
        if plan is None or now is None:
            return None
        width = QFontMetricsF(font(Type.SMALL, strong=True)).horizontalAdvance(format_time(now)) + 2 * u(_PILL_SIDE)
        left = min(self._x(plan, now) - width / 2, self.width() - width)
        return QRectF(max(0.0, left), 0, width, u(_PILL_HEIGHT))

    def _paint_now(self, painter: QPainter, plan: DayPlan, colours: Tokens) -> None:
        pill, now = self._pill, self.now_here
        if pill is None or now is None:
            return
        painter.fillRect(QRectF(round(self._x(plan, now)) - 1, pill.bottom(), 2, self._area.bottom() - pill.bottom()), colours.text)
        rounded(painter, pill, u(BUTTON_RADIUS), ground=colours.text)
        painter.setFont(font(Type.SMALL, strong=True))
        painter.setPen(colours.base)
        painter.drawText(pill, int(Qt.AlignmentFlag.AlignCenter), format_time(now))

    def _paint_distances(self, painter: QPainter, plan: DayPlan, colours: Tokens) -> None:
        for pair in plan.too_close[:_MOST_DISTANCES]:
            first = QPointF(self._x(plan, pair.first.at), self._y(pair.first.job))
            second = QPointF(self._x(plan, pair.second.at), self._y(pair.second.job))
            stroke(painter, (first, second), colours.warning_shape, 2)
            middle = (first + second) / 2
            if abs(first.y() - second.y()) > self._lane * 1.5:  # the middle would hide another job's run
                middle = first + (second - first) / 4
            side = u(_PICTURE)
            # at the other side than the times
            left = middle.x() + u(_GAP) if self._is_just_past(pair.first.at) else middle.x() - u(_GAP) - side
            paint_status(painter, QRectF(left, middle.y() - side / 2, side, side), Status.WARNING)

    def _placed(self, plan: DayPlan, job: JobKey) -> list[tuple[Mark, float]]:
        """Returns the marks of a lane with their places; the next try hides neither the present nor what it is of."""
        placed = [(mark, self._x(plan, mark.at)) for mark in self.marks if mark.job is job and mark.kind is not MarkKind.NEXT_TRY]
        for mark in self.marks:
            if mark.job is job and mark.kind is MarkKind.NEXT_TRY:
                x = self._x(plan, mark.at)
                before = [at + 2 * u(_REACH) for _mark, at in placed if at <= x]
                now = self.now_here
                after_now = [self._x(plan, now) + u(_REACH) + u(_GAP)] if now is not None and now <= mark.at else []
                placed.append((mark, max((x, *before, *after_now))))
        return placed

    def _paint_marks(self, painter: QPainter, plan: DayPlan, job: JobKey, colours: Tokens) -> None:
        placed = self._placed(plan, job)
        fixed = [x for mark, x in placed if mark.kind is not MarkKind.NEXT_TRY]
        close = sum(after - before < u(_CROWDED) for before, after in pairwise(fixed))
        crowded = len(fixed) >= _FEW and 2 * close > len(fixed)
        for mark, x in sorted(placed, key=lambda found: found[0].run is not None):  # what happened hides what is planned, not else
            at = QPointF(x, self._y(job))
            if crowded and not _stands_out(mark):
                self._paint_stroke(painter, mark, at, colours)
            else:
                self._paint_mark(painter, mark, at, colours)
        self._write_times(painter, plan, placed, colours, all_of_them=len(fixed) < _TIMES)

    def _paint_stroke(self, painter: QPainter, mark: Mark, at: QPointF, colours: Tokens) -> None:
        loud = mark.planned is not None and mark.planned.quiet
        half = u(3) if loud else u(6)
        colour = colours.warning_shape if loud else colours.accent if self._comes(mark) else colours.soft
        stroke(painter, (at - QPointF(0, half), at + QPointF(0, half)), colour, 2)

    def _paint_mark(self, painter: QPainter, mark: Mark, at: QPointF, colours: Tokens) -> None:
        half = u(_PICTURE) / 2
        square = QRectF(at.x() - half, at.y() - half, 2 * half, 2 * half)
        if mark.kind is MarkKind.NEXT_TRY:
            painter.fillRect(square, colours.base)
            paint_icon(painter, square.adjusted(1, 1, -1, -1), "refresh", colours.text)
        elif mark.run is not None:
            paint_status(painter, square, run_status(mark.run.state, mark.trouble))
        else:
            loud = mark.planned is not None and mark.planned.quiet and mark.kind is MarkKind.PLANNED
            colour = colours.warning_shape if loud else colours.accent if self._comes(mark) else colours.soft
            _paint_ring(painter, at, u(6), colour, colours.base, dashed=mark.kind is MarkKind.OFF)
            if loud:
                stroke(painter, (at + QPointF(-half, half) * 0.55, at + QPointF(half, -half) * 0.55), colour, 2)

    def _comes(self, mark: Mark) -> bool:
        """Returns whether a mark is of what will happen: it is planned, and its time is not past."""
        return mark.kind is MarkKind.PLANNED and (self._now is None or mark.at.timestamp() >= self._now.timestamp())

    def _write_times(
        self, painter: QPainter, plan: DayPlan, placed: Sequence[tuple[Mark, float]], colours: Tokens, *, all_of_them: bool
    ) -> None:
        """Writes the times beside the marks of a lane where nothing else stands; of many marks only that of the next try."""
        taken = [(x - u(_REACH), x + u(_REACH)) for _mark, x in placed]
        if self.now_here is not None:
            line = self._x(plan, self.now_here)
            taken.append((line - 2, line + 3))
        painter.setFont(font(Type.SECOND))
        for mark, x in placed:
            if not all_of_them and mark.kind is not MarkKind.NEXT_TRY:
                continue
            words = format_time(mark.at)
            width = QFontMetricsF(painter.font()).horizontalAdvance(words)
            left = self._free_place(x, width, taken, before=self._is_just_past(mark.at))
            if left is not None:
                taken.append((left, left + width))
                painter.setPen(colours.text if self._comes(mark) or _stands_out(mark) else colours.soft)
                room = QRectF(left, self._y(mark.job) - self._lane / 2 + 1, width + 2, self._lane - 1)
                if colours.high_contrast:
                    painter.fillRect(room, colours.base)
                painter.drawText(room, _MIDDLE, words)

    def _is_just_past(self, at: datetime) -> bool:
        now = self.now_here
        return now is not None and 0 <= now.timestamp() - at.timestamp() <= _JUST_NOW.total_seconds()

    def _free_place(self, x: float, width: float, taken: Sequence[tuple[float, float]], *, before: bool) -> float | None:
        """Returns where words beside a mark begin, at the wanted side or else at the other; None: there is no room."""
        away, area = u(_REACH) + u(_GAP) - 2, self._area
        sides = (x - away - width, x + away)
        for left in sides if before else reversed(sides):
            inside = left >= area.left() and left + width <= self.width()
            if inside and not any(left < end and start < left + width for start, end in taken):
                return left
        return None

    # Mouse and keyboard

    def mark_at(self, point: QPointF) -> Mark | None:
        """Returns the mark under a point, the nearest where several lie close."""
        plan = self.plan
        if plan is None:
            return None
        near = [
            (mark, abs(x - point.x()))
            for job in JobKey
            if abs(self._y(job) - point.y()) <= self._lane / 2
            for mark, x in self._placed(plan, job)
            if abs(x - point.x()) <= u(_REACH)
        ]
        return min(near, key=lambda found: found[1])[0] if near else None

    def place_of(self, run: PlannedRun | Mark) -> QPointF:
        """Returns where a run of the plan or a mark is painted."""
        return QPointF() if self.plan is None else QPointF(self._x(self.plan, run.at), self._y(run.job))

    def tooltip_at(self, point: QPointF) -> str:
        """Returns what is told of a point: the mark there, or the quiet hours; "" else."""
        mark, plan = self.mark_at(point), self.plan
        if plan is None:
            return ""
        if mark is not None:
            return mark_tooltip(mark, plan.too_close)
        if not self._area.contains(point):
            return ""
        quiet = (one for one in plan.quiet if self._x(plan, one.start) <= point.x() <= self._x(plan, one.end))
        return next((interval.reason for interval in quiet), "")

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Goes to another day."""
        days = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: 0}
        if event is not None and event.key() in days:
            self.day_asked.emit(days[Qt.Key(event.key())])
            event.accept()
            return
        super().keyPressEvent(event)


_MIDDLE = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)


def _stands_out(mark: Mark) -> bool:
    """Returns whether a mark is shown as a picture also where many stand close: trouble, and what comes again."""
    if mark.run is not None:
        return run_status(mark.run.state, mark.trouble) in (Status.ERROR, Status.WARNING)
    return mark.kind is MarkKind.NEXT_TRY


def _paint_ring(painter: QPainter, at: QPointF, radius: float, colour: QColor, ground: QColor, *, dashed: bool) -> None:
    with kept(painter):
        pen = QPen(colour, 1.5 if dashed else 2)
        if dashed:
            pen.setDashPattern([2, 1.6])
        painter.setPen(pen)
        painter.setBrush(ground)
        painter.drawEllipse(at, radius, radius)
