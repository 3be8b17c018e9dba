"""The time line of a day: what stands where, what the mouse and a screen reader are told, colours that never tell alone."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QImage, QPalette
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import press
from tray_agent.job_kinds import JobKey
from tray_agent.schedules.codes import Frequency, Subday
from tray_agent.schedules.day_plan import DayPlan, plan_day
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.schedules.schedule import Schedule
from ui.dialogs.day_timeline import DayTimeline
from ui.models.day_timeline import day_title, describe_day, run_tooltip

ZURICH = ZoneInfo("Europe/Zurich")
MONDAY = date(2026, 11, 23)


def daily(at: time) -> Schedule:
    return Schedule(Frequency.DAILY, 1, date(2026, 1, 1), at)


def every(minutes: int) -> Schedule:
    return Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(8), time(18), subday=Subday.MINUTES, subday_interval=minutes)


def plan(day: date = MONDAY, **schedules: Schedule) -> DayPlan:
    return plan_day({JobKey(key): schedule for key, schedule in schedules.items()}, ZURICH, QuietHours(), day)


CLOSE = plan(prepare_reminders=daily(time(10)), send_messages=daily(time(10, 3)), update_status=daily(time(21)))
LOUD = plan(send_messages=daily(time(21)))


@pytest.fixture
def timeline(qtbot: QtBot) -> DayTimeline:
    widget = DayTimeline()
    qtbot.addWidget(widget)
    widget.resize(900, widget.sizeHint().height())
    widget.show()
    return widget


def test_the_day_is_told_in_sentences() -> None:
    assert describe_day(CLOSE) == (
        "Terminerinnerungen aufbereiten: 10:00. Mitteilungen senden: 10:03. Status aktualisieren: 21:00. "
        "Ruhezeit von 00:00 bis 08:00. Ruhezeit von 20:00 bis 24:00. 1 Abstand ist kleiner als 5 Minuten."
    )
    assert "1 Lauf liegt in der Ruhezeit." in describe_day(LOUD)
    assert "Am Mo 23.11.2026 ist kein Auftrag geplant." in describe_day(plan())


def test_many_runs_are_told_by_their_number() -> None:
    assert "Status aktualisieren: 121 Läufe von 08:00 bis 18:00." in describe_day(plan(update_status=every(5)))


def test_a_run_tells_what_is_wrong_with_it() -> None:
    assert run_tooltip(CLOSE.runs[0], CLOSE.too_close) == (
        "10:00 Terminerinnerungen aufbereiten\nWeniger als 5 Minuten Abstand zu «Mitteilungen senden» um 10:03."
    )
    assert run_tooltip(LOUD.runs[0], ()) == "21:00 Mitteilungen senden\nIn der Ruhezeit: es wird erst danach gesendet."


def test_runs_stand_in_their_lane_in_the_order_of_time(timeline: DayTimeline) -> None:
    timeline.show_plan(CLOSE)
    first, second, third = (timeline.place_of(run) for run in CLOSE.runs)
    assert first.x() < second.x() < third.x()
    assert first.y() < second.y() < third.y()


def test_noon_stands_in_the_middle_of_days_of_any_length(timeline: DayTimeline) -> None:
    for day, share in ((MONDAY, 12 / 24), (date(2026, 3, 29), 11 / 23), (date(2026, 10, 25), 13 / 25)):
        shown = plan(day, download=daily(time(12)))
        timeline.show_plan(shown)
        area = timeline._area
        assert timeline.place_of(shown.runs[0]).x() == pytest.approx(area.left() + share * area.width(), abs=0.5)
        labels = [label for _at, label in timeline._marks(shown)]
        assert labels[0] == "00:00"
        assert labels[-1] == "24:00"


def test_the_mouse_is_told_of_runs_and_quiet_hours(timeline: DayTimeline) -> None:
    timeline.show_plan(CLOSE)
    run = CLOSE.runs[0]
    assert timeline.tooltip_at(timeline.place_of(run) + QPointF(3, 2)).startswith("10:00 Terminerinnerungen aufbereiten")
    night = QPointF(timeline._area.left() + 5, timeline._area.center().y())
    assert timeline.tooltip_at(night) == "In der Ruhezeit von 20:00 bis 08:00 werden keine SMS gesendet."
    assert timeline.tooltip_at(timeline._area.center()) == ""
    assert timeline.tooltip_at(QPointF(0, 0)) == ""


def test_without_a_plan_nothing_is_told(timeline: DayTimeline) -> None:
    assert timeline.tooltip_at(timeline._area.center()) == ""
    assert timeline.run_at(timeline._area.center()) is None
    assert not timeline.grab().isNull()


def test_a_screen_reader_hears_the_day(timeline: DayTimeline) -> None:
    timeline.show_plan(CLOSE)
    assert timeline.accessibleName() == f"Tagesplan {day_title(CLOSE)}"
    assert timeline.accessibleDescription() == describe_day(CLOSE)


def test_arrows_ask_for_another_day(qtbot: QtBot, timeline: DayTimeline) -> None:
    asked: list[int] = []
    timeline.day_asked.connect(asked.append)
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_A):
        press(timeline, key)
    assert asked == [-1, 1, 0]


def test_the_lanes_need_no_more_room_than_there_is(timeline: DayTimeline) -> None:
    timeline.resize(timeline.minimumSizeHint())
    assert timeline._area.bottom() <= timeline.height()
    assert timeline._area.width() > 100


def painted(timeline: DayTimeline, shown: DayPlan) -> QImage:
    timeline.show_plan(shown, datetime(2026, 11, 23, 10, tzinfo=ZURICH))
    return timeline.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def test_the_line_of_the_present_is_explained_where_it_stands(timeline: DayTimeline) -> None:
    def legend(now: datetime) -> QImage:
        timeline.show_plan(CLOSE, now)
        picture = timeline.grab().toImage()
        return picture.copy(0, picture.height() - 2 * timeline.fontMetrics().height(), picture.width(), 2 * timeline.fontMetrics().height())

    here, elsewhere = (legend(datetime(2026, 11, day, 10, tzinfo=ZURICH)) for day in (23, 24))
    assert here != elsewhere
    assert elsewhere == legend(datetime(2026, 11, 22, 10, tzinfo=ZURICH))


def grey_difference(first: QImage, second: QImage) -> int:
    """Returns how many points differ even for somebody who sees no colours."""
    return sum(
        abs(QColor(first.pixel(x, y)).lightness() - QColor(second.pixel(x, y)).lightness()) > 40
        for x in range(0, first.width(), 2)
        for y in range(0, first.height(), 2)
    )


@pytest.mark.parametrize("dark", [False, True])
def test_marks_are_told_apart_without_colour_in_light_and_dark(timeline: DayTimeline, *, dark: bool) -> None:
    if dark:
        palette = QPalette(QColor("#2b2b2b"), QColor("#2b2b2b"))
        palette.setColor(QPalette.ColorRole.Base, QColor("#1e1e1e"))
        for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText):
            palette.setColor(role, QColor("white"))
        timeline.setPalette(palette)
    far = plan(prepare_reminders=daily(time(10)), send_messages=daily(time(12)), update_status=daily(time(21)))
    near = painted(timeline, CLOSE)
    assert grey_difference(near, painted(timeline, far)) > 30
    assert grey_difference(painted(timeline, LOUD), painted(timeline, plan(download=daily(time(21))))) > 15


def test_a_lane_with_many_runs_is_painted_at_once(timeline: DayTimeline) -> None:
    busy = plan(update_status=every(1), send_messages=every(1), prepare_reminders=every(1))
    assert len(busy.too_close) > 1000
    timeline.show_plan(busy)
    assert not timeline.grab().isNull()
