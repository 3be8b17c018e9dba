"""The time line of a day: what stands where, what the mouse and a screen reader are told, colours that never tell alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from PyQt6.QtCore import QPointF, Qt
from PyQt6.QtGui import QColor, QImage, QPalette
from pytestqt.qtbot import QtBot

from tests.ui.keyboard import press
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.owed import Owed, Trouble
from tray_agent.protocol.model import Run, RunState, RunTrigger
from tray_agent.schedules.codes import Frequency, Subday
from tray_agent.schedules.day_plan import DayPlan, plan_day
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.schedules.schedule import Schedule
from ui.dialogs.day_timeline import DayTimeline, run_status
from ui.look.icons import Status
from ui.look.tokens import DARK, LIGHT, of_system, use
from ui.models.day_timeline import (
    DayFacts,
    Mark,
    MarkKind,
    day_title,
    describe_day,
    mark_tooltip,
    marks_of,
    run_tooltip,
)

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
        labels = [label for _at, label in timeline._hours(shown)]
        assert labels[0] == "00"
        assert labels[-1] == "24"


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
    assert timeline.mark_at(timeline._area.center()) is None
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


def test_the_present_is_told_by_its_time_on_its_own_day_only(timeline: DayTimeline) -> None:
    def scale(now: datetime) -> QImage:
        timeline.show_plan(CLOSE, now)
        return timeline.grab().toImage().copy(0, 0, timeline.width(), int(timeline._area.top()))

    here, elsewhere = (scale(datetime(2026, 11, day, 10, tzinfo=ZURICH)) for day in (23, 24))
    assert here != elsewhere
    assert elsewhere == scale(datetime(2026, 11, 22, 10, tzinfo=ZURICH))


def grey_difference(first: QImage, second: QImage) -> int:
    """Returns how many points differ even for somebody who sees no colours."""
    return sum(
        abs(QColor(first.pixel(x, y)).lightness() - QColor(second.pixel(x, y)).lightness()) > 40
        for x in range(0, first.width(), 2)
        for y in range(0, first.height(), 2)
    )


@pytest.fixture(params=[LIGHT, DARK], ids=["light", "dark"])
def in_both_looks(request: pytest.FixtureRequest) -> Iterator[None]:
    use(request.param)
    yield
    use(LIGHT)


@pytest.mark.usefixtures("in_both_looks")
def test_marks_are_told_apart_without_colour_in_light_and_dark(timeline: DayTimeline) -> None:
    far = plan(prepare_reminders=daily(time(10)), send_messages=daily(time(12)), update_status=daily(time(21)))
    near = painted(timeline, CLOSE)
    assert grey_difference(near, painted(timeline, far)) > 30
    assert grey_difference(painted(timeline, LOUD), painted(timeline, plan(download=daily(time(21))))) > 15


def test_a_lane_with_many_runs_is_painted_at_once(timeline: DayTimeline) -> None:
    busy = plan(update_status=every(1), send_messages=every(1), prepare_reminders=every(1))
    assert len(busy.too_close) > 1000
    timeline.show_plan(busy)
    assert not timeline.grab().isNull()


NOW = datetime(2026, 11, 23, 10, 24, tzinfo=ZURICH)
SENT, TOLD = (
    Run(number, JobKey.SEND_MESSAGES, at, RunTrigger.SCHEDULE, state, "LABOR", at, at, 1, {}, {}, 0, "", sentence)
    for number, at, state, sentence in (
        (1, datetime(2026, 11, 23, 8, 10, tzinfo=UTC), RunState.SUCCEEDED, "34 gesendet."),
        (2, datetime(2026, 11, 23, 9, 10, tzinfo=UTC), RunState.FAILED, "Gateway weg."),
    )
)
DAY = plan(prepare_reminders=daily(time(10)), send_messages=daily(time(10, 10)), update_status=daily(time(10, 40)))
OFF = plan(prepare_birthdays=daily(time(9, 50))).runs
OWED = Owed(TOLD.due_at, datetime(2026, 11, 23, 9, 25, tzinfo=UTC), "gateway", TOLD.due_at, trouble=Trouble.UNTOLD, attempts=1)
FACTS = DayFacts((TOLD,), OFF, {JobKey.SEND_MESSAGES: OWED})


def told(marks: tuple[Mark, ...]) -> list[tuple[str, str]]:
    return [(f"{mark.at:%H:%M}", mark.kind.name) for mark in marks]


def test_what_happened_stands_in_the_place_of_what_was_planned() -> None:
    assert told(marks_of(DAY, FACTS, NOW)) == [
        ("10:00", "PLANNED"), ("09:50", "OFF"), ("10:10", "HAPPENED"), ("10:25", "NEXT_TRY"), ("10:40", "PLANNED"),
    ]  # fmt: skip
    assert ("10:25", "NEXT_TRY") not in told(marks_of(DAY, FACTS, NOW.replace(minute=26)))
    by_hand = replace(SENT, due_at=datetime(2026, 11, 23, 8, 10, 7, tzinfo=UTC))
    assert ("10:10", "PLANNED") in told(marks_of(DAY, DayFacts([by_hand]), NOW))


def test_a_mark_tells_what_it_is() -> None:
    _planned, off, happened, next_try, _later = marks_of(DAY, FACTS, NOW)
    assert mark_tooltip(off, ()) == "09:50 Geburtstagsglückwünsche aufbereiten: nicht aktiviert"
    assert mark_tooltip(happened, ()) == "10:10 Mitteilungen senden: Fehler\nGateway weg."
    assert mark_tooltip(next_try, ()) == "10:25 Mitteilungen senden: nächster Versuch"


def test_a_screen_reader_hears_what_happened_and_what_comes(timeline: DayTimeline) -> None:
    timeline.show_plan(DAY, NOW, FACTS)
    assert timeline.accessibleDescription().endswith(
        "Geburtstagsglückwünsche aufbereiten ist nicht aktiviert. "
        "Mitteilungen senden um 10:10: Fehler. Mitteilungen senden: nächster Versuch um 10:25."
    )
    often = [replace(SENT, due_at=datetime(2026, 11, 23, hour, tzinfo=UTC)) for hour in range(8)]
    assert "Mitteilungen senden: 8 Läufe, zuletzt 08:00: Erfolg." in describe_day(DAY, marks_of(DAY, DayFacts(often), NOW))


def test_the_next_try_hides_neither_the_present_nor_what_it_is_of(timeline: DayTimeline) -> None:
    timeline.show_plan(DAY, NOW, FACTS)
    placed = timeline._placed(DAY, JobKey.SEND_MESSAGES)
    (_happened, first), (_try, second) = placed
    assert first < timeline._x(DAY, NOW) < second
    mark = timeline.mark_at(QPointF(second, timeline._y(JobKey.SEND_MESSAGES)))
    assert mark is not None
    assert mark.kind is MarkKind.NEXT_TRY


@pytest.mark.usefixtures("in_both_looks")
def test_planned_happened_and_off_are_told_apart_without_colour(timeline: DayTimeline) -> None:
    def picture(facts: DayFacts, shown: DayPlan = DAY) -> QImage:
        timeline.show_plan(shown, NOW, facts)
        return timeline.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)

    planned, happened = picture(DayFacts()), picture(DayFacts((TOLD,)))
    assert grey_difference(planned, happened) > 10
    assert grey_difference(happened, picture(DayFacts((replace(TOLD, state=RunState.SUCCEEDED),)))) > 3
    assert grey_difference(picture(DayFacts(off=OFF)), picture(DayFacts(), plan(prepare_birthdays=daily(time(9, 50))))) > 3


def test_quiet_hours_are_seen_in_high_contrast(timeline: DayTimeline) -> None:
    black = QPalette(QColor("black"), QColor("black"))
    black.setColor(QPalette.ColorRole.WindowText, QColor("white"))
    use(of_system(black))
    try:
        timeline.show_plan(DAY)
        quiet = timeline.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
        timeline.show_plan(plan_day({}, ZURICH, QuietHours(start=time(3), end=time(3)), MONDAY))
        loud = timeline.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    finally:
        use(LIGHT)
    assert grey_difference(quiet, loud) > 500


def test_trouble_is_no_success() -> None:
    assert run_status(RunState.SUCCEEDED) is Status.SUCCESS
    assert run_status(RunState.SUCCEEDED, Trouble.UNTOLD) is Status.WARNING
    assert run_status(RunState.SUCCEEDED, Trouble.TOLD) is Status.ERROR
    assert run_status(RunState.RUNNING, Trouble.TOLD) is Status.RUNNING
