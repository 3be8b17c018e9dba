"""*Gehe zu Datum …*: a day in the middle of a long list is as near as its ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot
from sqlalchemy import insert

from tests.ui.keyboard import press, type_text
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.job_kinds import JobKey, Service
from tray_agent.protocol.model import Level, RunState, RunTrigger
from tray_agent.store.tables import activity, job_run
from tray_agent.tray.model import DialogName
from ui.dialogs.activity import ActivityDialog
from ui.dialogs.activity_pages import LogPage
from ui.dialogs.job_history import JobHistoryDialog
from ui.models.period import Preset
from ui.widgets.day_jump import DayJump, DayQuestion
from ui.windows import DialogContext

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
DAYS = 700
"""One run a day and no run on the days whose number ends in 9."""


@pytest.fixture
def years(agent: Agent, clock: ManualClock) -> None:
    """Gives two years of runs and of activities."""
    clock.set(NOW)
    days = [number for number in range(DAYS) if number % 10 != 9]
    runs = [
        {"job": JobKey.SEND_MESSAGES.value, "due_at": NOW - timedelta(days=number), "trigger": RunTrigger.SCHEDULE.value,
         "state": RunState.SUCCEEDED.value, "token": 1, "attempt": 1, "takeovers": 0, "folded": 0,
         "workstation": "EMPFANG1", "result": "", "problems": 0, "reason": "",
         "sentence": f"Tag {number}", "started_at": None, "finished_at": None}
        for number in days
    ]  # fmt: skip
    lines = [
        {"at": NOW - timedelta(days=number), "service": Service.SMS.value, "level": Level.INFO.value, "reason": "sent",
         "sentence": f"Tag {number}", "find_text": f"tag {number}", "item": "", "workstation": "EMPFANG1", "run_id": 0, "hidden": 0}
        for number in reversed(days)
    ]  # fmt: skip
    with agent.store.begin() as connection:
        connection.execute(insert(job_run), runs)
        connection.execute(insert(activity), lines)


@pytest.fixture
def choose(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Returns what answers the question for a day: by typing it and pressing Enter."""

    def choose(typed: str) -> None:
        def answer(question: QDialog) -> int:
            assert isinstance(question, DayQuestion)
            type_text(question.field, typed)
            question.done(QDialog.DialogCode.Accepted)
            return question.result()

        monkeypatch.setattr(QDialog, "exec", answer)

    return choose


def history(qtbot: QtBot, context: DialogContext) -> JobHistoryDialog:
    dialog = context.windows.open(DialogName.JOB_HISTORY)
    assert isinstance(dialog, JobHistoryDialog)
    qtbot.waitUntil(lambda: context.background.idle)
    return dialog


def log(qtbot: QtBot, context: DialogContext) -> LogPage:
    dialog = context.windows.open(DialogName.ACTIVITY)
    assert isinstance(dialog, ActivityDialog)
    qtbot.waitUntil(lambda: context.background.idle)  # it turns by itself to what needs somebody
    dialog.tabs.setCurrentWidget(dialog.logs[Service.SMS])
    qtbot.waitUntil(lambda: context.background.idle)
    return dialog.logs[Service.SMS]


def first_in_view(window: JobHistoryDialog | LogPage) -> str:
    row = window.list.row_at(window.table.rowAt(0))
    return row.sentence if row else ""


@pytest.mark.usefixtures("years")
@pytest.mark.parametrize(("typed", "number"), [("05.05.2026", 202), ("08.05.2026", 200), ("24.12.2025", 334), ("23.11.2026", 0)])
@pytest.mark.parametrize("open_one", [history, log])
def test_a_day_in_the_middle_is_shown_first(
    qtbot: QtBot,
    context: DialogContext,
    choose: Callable[[str], None],
    open_one: Callable[[QtBot, DialogContext], JobHistoryDialog | LogPage],
    typed: str,
    number: int,
) -> None:
    window = open_one(qtbot, context)
    choose(typed)
    window.table.setFocus()
    press(window.table, Qt.Key.Key_G, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: context.background.idle and first_in_view(window) == f"Tag {number}", timeout=20_000)
    chosen = window.list.row_at(window.table.currentIndex().row())
    assert chosen is not None
    assert chosen.sentence == f"Tag {number}"
    assert window.table.hasFocus() or window.table.isAncestorOf(window.focusWidget())
    assert window.period.preset.currentData() is (Preset.WEEK if open_one is history and number == 0 else Preset.ALL)


@pytest.mark.usefixtures("years")
def test_a_day_without_rows_leads_to_the_next_older_one(qtbot: QtBot, context: DialogContext, choose: Callable[[str], None]) -> None:
    window = history(qtbot, context)
    choose("07.11.2026")  # 16 days ago; the day 19 days ago has no run
    window.day_jump.click()
    qtbot.waitUntil(lambda: context.background.idle and first_in_view(window) == "Tag 16", timeout=20_000)
    choose("04.11.2026")
    window.day_jump.click()
    qtbot.waitUntil(lambda: context.background.idle and first_in_view(window) == "Tag 20", timeout=20_000)


@pytest.mark.usefixtures("years")
def test_a_day_before_all_rows_leads_to_the_oldest(qtbot: QtBot, context: DialogContext, choose: Callable[[str], None]) -> None:
    page = log(qtbot, context)
    choose("01.01.1999")
    page.day_jump.click()

    def oldest_is_chosen() -> bool:
        chosen = page.list.row_at(page.table.currentIndex().row())
        return chosen is not None and chosen.sentence == f"Tag {DAYS - 2}"

    qtbot.waitUntil(oldest_is_chosen, timeout=20_000)


@pytest.mark.usefixtures("years")
def test_another_order_gives_way_to_the_one_by_time(qtbot: QtBot, context: DialogContext, choose: Callable[[str], None]) -> None:
    window = history(qtbot, context)
    window.table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    choose("05.05.2026")
    window.day_jump.click()
    qtbot.waitUntil(lambda: context.background.idle and first_in_view(window) == "Tag 202", timeout=20_000)
    titles = window.table.horizontalHeader()
    assert titles is not None
    assert (titles.sortIndicatorSection(), titles.sortIndicatorOrder()) == (0, Qt.SortOrder.DescendingOrder)


@pytest.mark.usefixtures("years")
def test_filters_hold_after_the_jump(qtbot: QtBot, context: DialogContext, choose: Callable[[str], None]) -> None:
    page = log(qtbot, context)
    page.text.setText("Tag 3")
    page.refilter()
    qtbot.waitUntil(lambda: context.background.idle)
    choose("05.05.2026")
    page.day_jump.click()
    qtbot.waitUntil(lambda: context.background.idle and first_in_view(page) == "Tag 203", timeout=20_000)


def test_nothing_happens_where_no_day_is_chosen(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    button = DayJump(date(2026, 11, 23))
    qtbot.addWidget(button)
    monkeypatch.setattr(QDialog, "exec", lambda _question: QDialog.DialogCode.Rejected)
    with qtbot.assertNotEmitted(button.chosen):
        button.click()
    assert button.toolTip() == "Ctrl+G"
