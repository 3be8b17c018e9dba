"""The tray program against a bare PyQt6 tray program, windows, and tables of a million rows.

The program is set up as in a practice: accounts at portal, gateway and mail server, an embedded database, schedules running.
Both programs run from compiled code, as installed programs do. Resident memory is what the system counts as present (RSS),
pages shared with other programs included; private memory is what would be free if the program ended (USS).
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.row import Row
from tests.desktop.rig import SmallDesktop, run_program, small_desktop, wait_until

STARTS = 7
IDLE_SECONDS = float(os.environ.get("VITOCLIENT_IDLE_SECONDS", "60"))
ROWS = 1_000_000
MEBIBYTE = 1024 * 1024

BARE = """
import signal, sys
from typing import Any

from PyQt6.QtGui import QColor, QIcon, QPixmap
from PyQt6.QtWidgets import QApplication, QMenu, QSystemTrayIcon
signal.signal(signal.SIGTERM, signal.SIG_DFL)
application = QApplication(sys.argv)
picture = QPixmap(32, 32)
picture.fill(QColor("teal"))
icon = QSystemTrayIcon(QIcon(picture))
menu = QMenu()
menu.addAction("Quit", application.quit)
icon.setContextMenu(menu)
icon.show()
application.exec()
"""


def run() -> list[Row]:
    """Measures on a small desktop of its own, and the windows without a screen."""
    with tempfile.TemporaryDirectory() as folder, small_desktop() as desktop, _compiled_code(Path(folder)):
        data = Path(folder)
        _prepare(data)
        _compile(desktop, data)
        started = _started(desktop, data)
        return [*started, *_at_rest(desktop, data), *_windows()]


@contextmanager
def _compiled_code(folder: Path) -> Iterator[None]:
    """Lets the programs started meanwhile keep their compiled code in a folder, whatever this environment says of it."""
    before = dict(os.environ)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _prepare(data: Path) -> None:
    from tray_agent.agent import Agent
    from tray_agent.config.machine import Machine, MachineSection
    from tray_agent.config.secrets import MemorySecrets
    from tray_agent.demo.practice import make_demo_practice
    from tray_agent.store.migrate import upgrade

    with Agent(Machine(machine=MachineSection(data_folder=str(data))), secrets=MemorySecrets()) as agent:
        upgrade(agent.store_unchecked)
        make_demo_practice(agent.practice_database, agent.clock.now().astimezone(agent.zone).date())


@contextmanager
def _bare(desktop: SmallDesktop) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", BARE], env=desktop.environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def _ours(desktop: SmallDesktop, data: Path) -> Iterator[subprocess.Popen[bytes]]:
    root = data / "root.json"
    root.write_text("{}", encoding="utf-8")
    program = run_program(
        desktop, data,
        VITOCLIENT_PORTAL__ADDRESS="https://127.0.0.1:9/", VITOCLIENT_PORTAL__ROOT=str(root),
        VITOCLIENT_GATEWAY__ACCOUNTS__1__USER="praxis",
        VITOCLIENT_MAIL__HOST="127.0.0.1", VITOCLIENT_MAIL__SENDER="praxis@example.ch",
    )  # fmt: skip
    try:
        yield program.process
    finally:
        program.terminate()
        program.ended()


def _compile(desktop: SmallDesktop, data: Path) -> None:
    """Starts both programs once, until they have imported all they need."""
    with _ours(desktop, data) as ours, _bare(desktop):
        wait_until(lambda: len(desktop.tray_icons()) == 2, "both icons")
        _until_idle(psutil.Process(ours.pid))


def _started(desktop: SmallDesktop, data: Path) -> list[Row]:
    """Start to visible tray: from the start of the process to a window of its own in the panel."""
    own, floor = (
        statistics.median([_time_to_icon(desktop, start) for _number in range(STARTS)])
        for start in (lambda: _ours(desktop, data), lambda: _bare(desktop))
    )
    met = own <= 0.4 and own <= 3 * floor
    return [Row("start to visible tray", f"{own:.2f} s", "bare PyQt6 tray", f"{floor:.2f} s", own / floor, "≤ 0.4 s and ≤ 3×", met)]


def _time_to_icon(desktop: SmallDesktop, start: Callable[[], AbstractContextManager[object]]) -> float:
    """Returns the seconds from the start of a program to its icon, seen by a question to the panel every few milliseconds."""
    with desktop.panel() as icons:
        wait_until(lambda: not icons(), "an empty tray")
        began = time.perf_counter()
        with start():
            while not icons():
                time.sleep(0.005)
            return time.perf_counter() - began


def _at_rest(desktop: SmallDesktop, data: Path) -> list[Row]:
    """Memory and processor time of the idle program, schedules running, against the bare one in the same minute."""
    with _ours(desktop, data) as ours, _bare(desktop) as bare:
        wait_until(lambda: len(desktop.tray_icons()) == 2, "both icons")
        programs = [psutil.Process(ours.pid), psutil.Process(bare.pid)]
        _until_idle(programs[0])
        before = [_processor(program) for program in programs]
        time.sleep(IDLE_SECONDS)
        used = [_processor(program) - old for program, old in zip(programs, before, strict=True)]
        memory = [program.memory_info().rss / MEBIBYTE for program in programs]
        private = [program.memory_full_info().uss / MEBIBYTE for program in programs]
    return [
        Row(
            "resident memory at rest", f"{memory[0]:.0f} MiB", "bare PyQt6 tray", f"{memory[1]:.0f} MiB", memory[0] / memory[1],
            "≤ 75 MiB and ≤ 1.3×", memory[0] <= 75 and memory[0] <= 1.3 * memory[1],
        ),
        Row("private memory at rest", f"{private[0]:.0f} MiB", "bare PyQt6 tray", f"{private[1]:.0f} MiB", private[0] / private[1]),
        Row(
            f"processor time in {IDLE_SECONDS:.0f} s at rest", f"{used[0]:.2f} s", "bare PyQt6 tray", f"{used[1]:.2f} s",
            used[0] / max(used[1], 0.01), "≤ 0.02 s", round(used[0], 2) <= 0.02,
        ),
    ]  # fmt: skip


def _processor(program: psutil.Process) -> float:
    times = program.cpu_times()
    return times.user + times.system


def _until_idle(program: psutil.Process) -> None:
    """Waits until a program has used no processor time for three seconds."""

    def quiet() -> bool:
        before = _processor(program)
        time.sleep(3)
        return _processor(program) - before < 0.02

    wait_until(quiet, "the program to come to rest", 120)


def _windows() -> list[Row]:
    """Opening of windows and tables of a million rows, in a process of its own without a screen."""
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-m", "tests.benchmarks.desktop"], env=environment, capture_output=True, text=True, check=True)
    rows = []
    for line in done.stdout.splitlines():
        name, milliseconds = line.rsplit(" ", 1)
        value = float(milliseconds)
        rows.append(Row(name, f"{value:.0f} ms", "the goal", "150 ms", value / 150, "< 150 ms", value < 150))
    return rows


def _milliseconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def _measure_windows() -> None:
    """Prints one line per figure: its name and milliseconds."""
    import pkgutil

    import ui.dialogs
    from tools.screenshots import SCENES, Stage, demo_agent
    from ui.background import Background
    from ui.shell.application import create_application
    from ui.windows import Remembered, Windows

    application = create_application([sys.argv[0]])
    there = {module.name for module in pkgutil.iter_modules(ui.dialogs.__path__)}
    with demo_agent() as agent, tempfile.TemporaryDirectory() as folder:
        background = Background(lambda error: print(error, file=sys.stderr))
        windows = Windows(agent, background, Remembered(Path(folder) / "windows.ini"))
        stage = Stage(agent, windows, background)
        for scene in (scene for scene in SCENES if scene.dialog.value in there):
            times = []
            for _ in range(4):  # the first also imports the module and is not counted

                def show(scene: object = scene) -> None:
                    windows.open(scene.dialog, scene.subject)  # type: ignore[attr-defined]  # bound early for the loop
                    application.processEvents()

                times.append(_milliseconds(show))
                stage.settle()
                windows.close_all()
            print(f"open the window {scene.name} {statistics.median(times[1:]):.1f}")
        _measure_rows(stage)
        background.stop()


def _measure_rows(stage: object) -> None:
    """Measures a table of a million rows whose source is an SQLite table with indexes, as the engine's are."""
    import sqlite3
    from dataclasses import dataclass
    from threading import Lock

    from PyQt6.QtCore import Qt
    from PyQt6.QtWidgets import QApplication

    from tools.screenshots import Stage
    from tray_agent.store.pages import Page
    from ui.widgets.paged_list import PagedModel, PageRequest
    from ui.widgets.table_models import Column
    from ui.widgets.tables import TableView

    assert isinstance(stage, Stage)

    @dataclass(frozen=True)
    class Entry:
        number: int
        name: str

    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.execute("CREATE TABLE entry (number INTEGER PRIMARY KEY, name TEXT)")
    database.executemany("INSERT INTO entry VALUES (?, ?)", ((n, f"Name {n * 7919 % ROWS:07}") for n in range(ROWS)))
    database.execute("CREATE INDEX by_name ON entry (name)")
    lock = Lock()

    def fetch(request: PageRequest) -> Page[Entry]:
        order = f"{request.sort or 'number'} {'DESC' if request.descending else 'ASC'}"
        with lock:
            rows = database.execute(f"SELECT number, name FROM entry ORDER BY {order} LIMIT ? OFFSET ?", (request.limit, request.offset))  # noqa: S608 - words of our own
            return Page(tuple(Entry(*row) for row in rows), request.offset, ROWS)

    columns = (
        Column[Entry]("Nummer", lambda entry: str(entry.number), sort="number"),
        Column[Entry]("Name", lambda entry: entry.name, sort="name"),
    )
    model = PagedModel(columns, fetch, stage.background)
    view = TableView[Any]("Eine Million Zeilen", "")
    view.resize(700, 600)

    def loaded() -> None:
        while not stage.background.idle:
            QApplication.processEvents()
        view.grab()

    def open_table() -> None:
        view.setModel(model)
        view.show()
        model.reload()
        loaded()

    def scroll(row: int) -> None:
        view.scrollTo(model.index(row, 0))
        view.grab()
        loaded()

    def sort(column: int) -> None:
        model.sort(column, Qt.SortOrder.DescendingOrder)
        loaded()

    print(f"{ROWS:,} rows: open {_milliseconds(open_table):.1f}".replace(",", "’"))
    print(f"{ROWS:,} rows: scroll to the middle {_milliseconds(lambda: scroll(ROWS // 2)):.1f}".replace(",", "’"))
    print(f"{ROWS:,} rows: scroll to the end {_milliseconds(lambda: scroll(ROWS - 1)):.1f}".replace(",", "’"))
    print(f"{ROWS:,} rows: sort {_milliseconds(lambda: sort(1)):.1f}".replace(",", "’"))


if __name__ == "__main__":
    _measure_windows()
