"""A desktop per worker; a folder with a database for every test."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.desktop.rig import RunningProgram, SmallDesktop, missing, run_program, small_desktop
from tray_agent.agent import Agent
from tray_agent.config.machine import Machine, MachineSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.store.migrate import upgrade

if sys.platform != "linux":
    collect_ignore_glob = ["test_*.py"]

StartProgram = Callable[..., RunningProgram]


@pytest.fixture(scope="session")
def desktop() -> Iterator[SmallDesktop]:
    """Gives a desktop with a panel."""
    lacking = missing()
    if lacking:
        pytest.fail(f"this machine lacks {', '.join(lacking)}")
    with small_desktop() as desktop:
        yield desktop


@pytest.fixture
def bare_desktop() -> Iterator[SmallDesktop]:
    """Gives a desktop without a tray host, as stock GNOME is."""
    with small_desktop(with_tray=False) as desktop:
        yield desktop


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Returns a data folder with an empty database."""
    folder = tmp_path / "data"
    folder.mkdir()
    with Agent(Machine(machine=MachineSection(data_folder=str(folder))), secrets=MemorySecrets()) as agent:
        upgrade(agent.store_unchecked)
    return folder


@pytest.fixture
def start(data: Path) -> Iterator[StartProgram]:
    """Gives what starts the program on a desktop; whatever still runs at the end is ended."""
    running: list[RunningProgram] = []

    def begin(desktop: SmallDesktop, **settings: str) -> RunningProgram:
        program = run_program(desktop, data, **settings)
        running.append(program)
        return program

    yield begin
    for program in running:
        if program.process.poll() is None:
            program.process.kill()
    for program in running:
        program.cleared_away()
