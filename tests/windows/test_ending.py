"""The whole agent at the end of the session: it hears of it, closes its database and is gone before Windows ends it by force."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import win32con
import win32gui
import win32process

from tray_agent.platforms.hidden_window import TITLE
from tray_agent.platforms.programs import without_console

SECONDS_OF_WINDOWS = 5.0
"""What Windows leaves a program between the message and its end by force; measured from the message to the answer."""

LOGOFF = -0x80000000
AT_ONCE = 0


def windows_of(process: int) -> list[int]:
    """Returns the agent's hidden windows."""
    handles: list[int] = []
    win32gui.EnumWindows(lambda handle, found: found.append(handle), handles)
    return [
        handle
        for handle in handles
        if win32gui.GetWindowText(handle) == TITLE and win32process.GetWindowThreadProcessId(handle)[1] == process
    ]


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Gives an agent without a window, running, on a database of its own."""
    config = tmp_path / "Konfiguration Müller.toml"
    store, folder = (tmp_path / "Praxis ä.db").as_posix(), (tmp_path / "Daten").as_posix()
    config.write_text(f'[machine]\ndata_folder = "{folder}"\n[store]\nurl = "sqlite:///{store}"\n', encoding="utf-8")
    environment = {**os.environ, "VITOCLIENT_CONFIG": str(config)}
    command = [sys.executable, "-m", "tray_agent"]
    subprocess.run([*command, "db", "upgrade"], check=True, capture_output=True, env=environment, creationflags=without_console())
    running = subprocess.Popen(
        [*command, "agent"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, creationflags=without_console()
    )
    yield running
    if running.poll() is None:
        running.kill()
    running.communicate()


def window_of(running: subprocess.Popen[bytes]) -> int:
    """Waits for the agent's window."""
    pause, until = threading.Event(), time.monotonic() + 100
    while time.monotonic() < until and running.poll() is None:
        found = windows_of(running.pid)
        if found:
            return found[0]
        pause.wait(0.2)
    raise AssertionError("the agent has no window")


@pytest.mark.parametrize("why", [AT_ONCE, LOGOFF])
def test_the_agent_ends_in_order_at_log_off_and_shutdown(agent: subprocess.Popen[bytes], why: int) -> None:
    window = window_of(agent)
    assert win32gui.SendMessage(window, win32con.WM_QUERYENDSESSION, 0, why) == 1
    assert agent.poll() is None
    began = time.monotonic()
    win32gui.SendMessage(window, win32con.WM_ENDSESSION, 1, why)
    assert time.monotonic() - began < SECONDS_OF_WINDOWS
    assert agent.wait(60) == 0


def test_a_session_that_goes_on_after_all_leaves_the_agent_running(agent: subprocess.Popen[bytes]) -> None:
    window = window_of(agent)
    win32gui.SendMessage(window, win32con.WM_QUERYENDSESSION, 0, 0)
    win32gui.SendMessage(window, win32con.WM_ENDSESSION, 0, 0)
    assert agent.poll() is None
    assert windows_of(agent.pid) == [window]
