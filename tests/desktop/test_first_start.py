"""The very first start on a machine: *Einrichten* opens by itself, what is saved there holds from the next start on."""

from __future__ import annotations

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


def _end(program: RunningProgram) -> None:
    program.terminate()
    assert program.ended() == 0, program.said
    program.cleared_away()


def test_setting_up_begins_by_itself_and_holds_from_the_next_start(
    desktop: SmallDesktop, home: Path, start_as_new_user: StartAsNewUser
) -> None:
    file = home / ".config" / APPLICATION / "config.toml"
    address = f"sqlite:///{(home / 'praxis.db').as_posix()}"
    program = start_as_new_user()
    desktop.window_in_front(TITLE)
    desktop.tray_icon()

    desktop.keys("alt+a")  # Adresse
    desktop.type(address)
    desktop.keys("alt+e")  # Speichern
    wait_until(file.exists, f"the configuration to be saved; it said {program.said!r}")

    def acknowledged() -> bool:  # that it holds from the next start on
        desktop.keys("Return")
        return not desktop.find(Name=TITLE)

    wait_until(acknowledged, "the windows to close")
    assert tomllib.loads(file.read_text(encoding="utf-8")) == {"store": {"url": address}}
    assert not (home / "praxis.db").exists()
    _end(program)

    program = start_as_new_user()
    wait_until((home / "praxis.db").exists, "the database at the saved address")
    desktop.tray_icon()
    assert program.start_again() == 0
    desktop.window("Übersicht")
    assert not desktop.find(Name=TITLE)
    _end(program)


def test_who_gives_up_is_asked_again_at_the_next_start(desktop: SmallDesktop, home: Path, start_as_new_user: StartAsNewUser) -> None:
    for _attempt in range(2):
        program = start_as_new_user()
        desktop.window_in_front(TITLE)
        desktop.keys("Escape")
        desktop.gone(TITLE)
        desktop.tray_icon()
        _end(program)
    assert not list(home.rglob("config.toml"))
