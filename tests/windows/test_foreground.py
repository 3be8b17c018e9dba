"""Windows really brought to the front, before those of another program."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import win32con
import win32gui

from tray_agent.platforms.foreground import Foreground
from tray_agent.platforms.programs import without_console

OTHER_PROGRAM = """
import sys, win32con, win32gui
style = win32con.WS_OVERLAPPEDWINDOW | win32con.WS_VISIBLE
window = win32gui.CreateWindow("STATIC", "another program", style, 50, 50, 200, 100, 0, 0, 0, None)
win32gui.SetForegroundWindow(window)
print(win32gui.GetForegroundWindow() == window, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def window() -> Iterator[int]:
    style = win32con.WS_OVERLAPPEDWINDOW | win32con.WS_VISIBLE
    make: Any = win32gui.CreateWindow
    made = make("STATIC", "ours", style, 10, 10, 200, 100, 0, 0, 0, None)
    yield int(made)
    win32gui.DestroyWindow(made)


def test_a_window_comes_before_that_of_another_program(window: int) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        creationflags=without_console(),
        env={name: value for name, value in os.environ.items() if name != "PYTHONHOME"},
    )
    assert other.stdout is not None
    try:
        assert other.stdout.readline().strip() == b"True"
        assert win32gui.GetForegroundWindow() != window
        assert Foreground().take(window)
        assert win32gui.GetForegroundWindow() == window
    finally:
        other.communicate(b"\n", timeout=60)


def test_a_window_that_is_gone_does_not_come() -> None:
    assert not Foreground().take(0x7FFFFFF0)


@pytest.mark.parametrize("process", [None, os.getpid()], ids=["anyone", "one"])
def test_the_right_is_passed_on(process: int | None) -> None:
    assert Foreground().allow(process)
