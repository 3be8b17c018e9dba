"""The windows of jobs and protocols: opening each, and 200,000 rows of history and of activity opened, scrolled, sorted.

Opening counts from the click until the window is painted, at its first time with all that it has to import; the rows count
until they are shown. The floor is an empty window of the same base, opened in the same run.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.logs import EVERY, ROWS, START
from tests.benchmarks.row import Row, show_seconds
from tray_agent.job_kinds import Service

GOAL = 0.15
AGAIN = 5
PAGES = 20
SECONDS_TO_WAIT = 60.0


def run() -> list[Row]:
    """Measures without a screen, on SQLite."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder, _bench(Path(folder)) as bench:
        return [*bench.openings(), *bench.long_lists()]


class _Bench:
    """A program with an agent on a store that holds 200,000 rows of each list."""

    def __init__(self, application: Any, agent: Any, folder: Path) -> None:
        from ui.background import Background
        from ui.windows import Remembered, Windows

        self._application = application
        self._agent = agent
        self._background = Background(_fail)
        self._windows = Windows(agent, self._background, Remembered(folder / "windows.ini"))

    def openings(self) -> Iterator[Row]:
        """Gives what opening each window takes, at its first time and again."""
        from tests.support.subjects import subject_of
        from tray_agent.tray.model import DialogName

        floor = min(self._open_empty() for _number in range(AGAIN))
        for name in (DialogName.JOBS, DialogName.SCHEDULE, DialogName.JOB_HISTORY, DialogName.ACTIVITY):
            subject = subject_of(name, self._agent)
            first = self._open(name, subject)
            again = min(self._open(name, subject) for _number in range(AGAIN))
            yield _row(f"{name.value}: opened for the first time", first, floor)
            yield _row(f"{name.value}: opened again", again, floor)

    def long_lists(self) -> Iterator[Row]:
        """Gives what 200,000 rows take until they are shown, others further down, the end, a day, and others after a click on a title."""
        from tray_agent.tray.model import DialogName

        history: Any = self._windows.open(DialogName.JOB_HISTORY)
        history.period.preset.setCurrentIndex(4)
        yield from self._list("history", history.table, history.list)
        history.done(0)
        activity: Any = self._windows.open(DialogName.ACTIVITY)
        page = activity.logs[Service.SMS]
        self._settle()
        activity.tabs.setCurrentWidget(page)
        yield from self._list("activity", page.table, page.list)
        activity.done(0)
        self._settle()

    def _list(self, name: str, table: Any, model: Any) -> Iterator[Row]:
        from PyQt6.QtCore import Qt

        self._settle()
        yield _row(f"{name}: 200,000 rows, read anew", self._until_shown(model, model.reload))
        rows = range(1000, model.rowCount(), model.rowCount() // PAGES)
        slowest = max(self._scroll(table, model, row) for row in rows)
        yield _row(f"{name}: 200,000 rows, the slowest of {len(rows)} places scrolled to", slowest)
        model.reload()
        self._settle()
        yield _row(f"{name}: 200,000 rows, the last one", self._scroll(table, model, model.rowCount() - 1))
        table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
        self._settle()
        first, last = START + (ROWS - 1) * timedelta(seconds=EVERY), START + timedelta(seconds=EVERY * ROWS // 5)  # older ones are hidden
        places = [last + (first - last) * tenths / 10 for tenths in range(1, 10)]
        slowest = max(self._go_to(table, model, place) for place in places)
        yield _row(f"{name}: 200,000 rows, the slowest of {len(places)} days gone to", slowest)
        orders = (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder)
        sorts = [(place, order) for place in range(len(model.columns)) for order in orders]
        slowest = max(self._until_shown(model, partial(table.sortByColumn, *sort)) for sort in sorts)
        yield _row(f"{name}: 200,000 rows, the slowest title to sort by", slowest)

    def _scroll(self, table: Any, model: Any, row: int) -> float:
        """Returns how long it takes until the rows around one far away are there and painted."""
        began = time.perf_counter()
        table.scrollTo(model.index(row, 0))
        table.viewport().repaint()
        self._wait(lambda: model.loaded_at(row) is not None)
        table.viewport().repaint()
        took = time.perf_counter() - began
        self._settle()
        return took

    def _go_to(self, table: Any, model: Any, place: Any) -> float:
        """Returns how long it takes until the rows of an instant in the middle are there and painted."""
        shown: list[int] = []
        connection = model.went.connect(shown.append)
        began = time.perf_counter()
        model.go_to(place)
        self._wait(lambda: bool(shown))
        table.viewport().repaint()
        took = time.perf_counter() - began
        model.went.disconnect(connection)
        self._settle()
        chosen = _instant(model.row_at(table.currentIndex().row()))
        assert chosen < place, (chosen, place)
        return took

    def _until_shown(self, model: Any, act: Callable[[], object]) -> float:
        shown: list[float] = []
        connection = model.modelReset.connect(lambda: shown.append(time.perf_counter()))
        began = time.perf_counter()
        act()
        self._wait(lambda: bool(shown))
        model.modelReset.disconnect(connection)
        self._settle()
        return shown[0] - began

    def _open(self, name: Any, subject: object) -> float:
        began = time.perf_counter()
        dialog = self._windows.open(name, subject)
        self._application.processEvents()
        dialog.repaint()
        took = time.perf_counter() - began
        self._settle()
        dialog.done(0)
        self._settle()
        return took

    def _open_empty(self) -> float:
        from ui.widgets.dialog import Dialog
        from ui.windows import DialogContext, to_front

        windows = self._windows
        began = time.perf_counter()
        dialog = Dialog(DialogContext(windows.agent, self._background, windows, windows.remembered), "Leer")
        to_front(dialog)
        self._application.processEvents()
        dialog.repaint()
        took = time.perf_counter() - began
        dialog.done(0)
        return took

    def _settle(self) -> None:
        until = time.perf_counter() + 0.2  # timers of the windows, then what they ask for
        self._wait(lambda: time.perf_counter() > until and self._background.idle)

    def _wait(self, until: Callable[[], bool]) -> None:
        latest = time.perf_counter() + SECONDS_TO_WAIT
        while not until():
            if time.perf_counter() > latest:
                raise TimeoutError
            self._application.processEvents()
            time.sleep(0.0005)


@contextmanager
def _bench(folder: Path) -> Iterator[_Bench]:
    from tests.benchmarks.logs import _activity_row, _analyze, _fill, _run_row
    from tray_agent.agent import Agent
    from tray_agent.config.machine import Machine, MachineSection
    from tray_agent.config.secrets import MemorySecrets
    from tray_agent.demo.practice import make_demo_practice
    from tray_agent.store.migrate import upgrade
    from tray_agent.store.tables import activity, job_run
    from ui.shell.application import create_application

    application = create_application(["benchmark"])
    with Agent(Machine(machine=MachineSection(data_folder=str(folder))), secrets=MemorySecrets()) as agent:
        upgrade(agent.store_unchecked)
        make_demo_practice(agent.practice_database, agent.clock.now().astimezone(agent.zone).date())
        _fill(agent.store, job_run, _run_row)
        _fill(agent.store, activity, _activity_row)
        _analyze(agent.store)
        bench = _Bench(application, agent, folder)
        yield bench
        bench._background.stop()


def _instant(row: Any) -> Any:
    """Returns the time of a run or of an activity."""
    return row.due_at if hasattr(row, "due_at") else row.at


def _row(name: str, seconds: float, floor: float | None = None) -> Row:
    goal = f"< {show_seconds(GOAL)}"
    if floor is None:
        return Row(name, show_seconds(seconds), goal=goal, met=seconds < GOAL)
    return Row(name, show_seconds(seconds), "an empty window", show_seconds(floor), seconds / floor, goal, seconds < GOAL)


def _fail(error: object) -> None:
    raise AssertionError(error)
