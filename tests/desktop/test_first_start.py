"""The very first start on a machine: *Einrichten* opens by itself, what is saved there holds after a restart, offered at once."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.desktop.rig import RunningProgram, SmallDesktop, wait_until
from tray_agent.config.machine import APPLICATION

pytestmark = [pytest.mark.desktop, pytest.mark.xdist_group("desktop")]

TITLE = "Einrichten"
SMALL = 600
StartAsNewUser = Callable[[], RunningProgram]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Returns the empty home folder of somebody who never had the program."""
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def start_as_new_user(desktop: SmallDesktop, home: Path) -> Iterator[StartAsNewUser]:
    """Gives what starts the program without a word of configuration; whatever still runs at the end is ended."""
    running: list[RunningProgram] = []
    runtime = tempfile.mkdtemp(prefix="r", dir=desktop.folder)  # short: the socket's path has a bound
    environment = desktop.environment | {"HOME": str(home), "XDG_RUNTIME_DIR": runtime}

    def begin() -> RunningProgram:
        output = home / "output.txt"
        with output.open("wb") as stream:
            process = subprocess.Popen([sys.executable, "-m", "tray_agent", "run"], env=environment, stdout=stream, stderr=stream)
        running.append(RunningProgram(desktop, process, environment, output))
        return running[-1]

    yield begin
    for program in running:
        program.cleared_away()


def _save_address(desktop: SmallDesktop, program: RunningProgram, home: Path, address: str) -> None:
    """Enters an address in *Einrichten* and saves it; then a window asks whether to start anew."""
    desktop.window_in_front(TITLE)
    desktop.tray_icon()
    desktop.keys("alt+a")  # Adresse
    desktop.type(address)
    desktop.keys("alt+e")  # Speichern
    file = home / ".config" / APPLICATION / "config.toml"
    wait_until(file.exists, f"the configuration to be saved; it said {program.said!r}")
    assert tomllib.loads(file.read_text(encoding="utf-8")) == {"store": {"url": address}}
    wait_until(lambda: _question(desktop), "the question whether to start anew")


def _question(desktop: SmallDesktop) -> bool:
    """Returns whether the question is there, a small window with the same title, and the window that it came from is gone."""
    with contextlib.suppress(KeyError):  # it may go while one looks
        return [desktop.place(number).width < SMALL for number in desktop.find(Name=TITLE)] == [True]
    return False


def _gone_after(desktop: SmallDesktop, key: str) -> None:
    """Presses a key until no window of *Einrichten* is there any more."""

    def pressed() -> bool:
        desktop.keys(key)
        return not desktop.find(Name=TITLE)

    wait_until(pressed, "the windows to close")


def _end(program: RunningProgram) -> None:
    program.terminate()
    assert program.ended() == 0, program.said
    program.cleared_away()


def test_setting_up_begins_by_itself_and_holds_from_the_next_start(
    desktop: SmallDesktop, home: Path, start_as_new_user: StartAsNewUser
) -> None:
    program = start_as_new_user()
    _save_address(desktop, program, home, f"sqlite:///{(home / 'praxis.db').as_posix()}")
    _gone_after(desktop, "Escape")  # Später
    assert not (home / "praxis.db").exists()
    _end(program)

    program = start_as_new_user()
    wait_until((home / "praxis.db").exists, "the database at the saved address")
    desktop.tray_icon()
    assert program.start_again() == 0
    desktop.window("Start")
    assert not desktop.find(Name=TITLE)
    _end(program)


def test_restart_puts_what_was_saved_in_force_at_once(desktop: SmallDesktop, home: Path, start_as_new_user: StartAsNewUser) -> None:
    program = start_as_new_user()
    _save_address(desktop, program, home, f"sqlite:///{(home / 'praxis.db').as_posix()}")
    _gone_after(desktop, "Return")  # Jetzt neu starten
    assert program.ended() == 0, program.said

    wait_until((home / "praxis.db").exists, "the database at the saved address")
    successor = wait_until(lambda: program.holder, "the new program to take the place of the old one")
    assert successor != program.process.pid
    wait_until(lambda: len(desktop.tray_icons()) == 1, "one icon")
    assert program.start_again() == 0  # it is heard by the new one
    desktop.window("Start")
    os.kill(successor, signal.SIGTERM)
    program.cleared_away()
    wait_until(lambda: program.holder is None, "the end of the new program")


def test_who_gives_up_is_asked_again_at_the_next_start(desktop: SmallDesktop, home: Path, start_as_new_user: StartAsNewUser) -> None:
    for _attempt in range(2):
        program = start_as_new_user()
        desktop.window_in_front(TITLE)
        desktop.keys("Escape")
        desktop.gone(TITLE)
        desktop.tray_icon()
        _end(program)
    assert not list(home.rglob("config.toml"))
