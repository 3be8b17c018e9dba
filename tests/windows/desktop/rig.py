"""Wine's own desktop with a taskbar, driven from outside as a person would: mouse, keyboard, eyes."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZE = (1200, 860)
SECONDS = 120.0
"""How long a condition is waited for at the most; two busy cores make Wine slow."""

TASKBAR_HEIGHT = 21
MENU = "#32768"
QUIT, JOBS = 13, 136
"""Entries of the icon's menu: pixels of their middles above its lower end, in the font that tools/windows/look.py sets."""
PROBE = Path(__file__).with_name("probe.py")
PROJECT = Path(__file__).resolve().parents[3]


def wait_until(condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """Waits until a condition gives something true, and returns that."""
    pause, until = threading.Event(), time.monotonic() + seconds
    while time.monotonic() < until:
        result = condition()
        if result:
            return result
        pause.wait(0.1)
    raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")


@dataclass(frozen=True)
class Window:
    """A window of Windows; places in pixels from the upper left of Wine's desktop."""

    title: str
    kind: str
    process: int
    left: int
    top: int
    right: int
    bottom: int

    @property
    def middle(self) -> tuple[int, int]:
        """Returns the point in its middle."""
        return (self.left + self.right) // 2, (self.top + self.bottom) // 2


class WineDesktop:
    """Wine's desktop on the screen of ``DISPLAY``, in the Windows of ``WINEPREFIX``; both are made by ``tools/windows/desktop.sh``.

    Args:
        folder: for logs and the probe's address.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[subprocess.Popen[bytes]] = []
        self._connection: socket.socket | None = None

    @property
    def data(self) -> Path:
        """Returns the data folder of the program, seen from outside."""
        return Path(os.environ["WINEPREFIX"]) / "drive_c/users" / os.environ["USER"] / "AppData/Local/vitoclient-Services"

    def start(self) -> None:
        """Starts window manager, desktop and probe, and waits for the taskbar."""
        self._launch("openbox", "--sm-disable")
        address = self._folder / "probe"
        self.program("probe", str(PROBE), "Z:" + str(address))
        wait_until(address.exists, "the probe")
        self._connection = socket.create_connection(("127.0.0.1", int(address.read_text(encoding="ascii"))), timeout=SECONDS)
        wait_until(lambda: self.find(kind="Shell_TrayWnd"), "the taskbar")

    @property
    def origin(self) -> tuple[int, int]:
        """Returns where Wine's desktop begins on the screen; the window manager may have moved it."""
        number = wait_until(lambda: self._x("search", "--onlyvisible", "--name", "Wine desktop").split(), "Wine's desktop")[0]
        said = subprocess.run(["xwininfo", "-id", number], capture_output=True, text=True, timeout=SECONDS, check=True).stdout
        left, top = (int(line.rsplit(":", 1)[1]) for line in said.splitlines() if "Absolute upper-left" in line)
        return left, top

    def program(self, log: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Starts Python in Wine's desktop with arguments; what it says goes into a log, through a pipe."""
        python = os.environ["WINDOWS_PYTHON"]
        desktop = f"/desktop=shell,{SIZE[0]}x{SIZE[1]}"
        line = 'log=$1; shift; exec wine explorer "$@" 2>&1 | cat >"$log"'
        return self._launch("bash", "-c", line, "bash", str(self._folder / f"{log}.log"), desktop, python, *arguments)

    def said(self) -> str:
        """Returns what the programs said so far."""
        return "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in sorted(self._folder.glob("*.log")))

    def stop(self) -> None:
        """Ends what was started here; Wine itself is ended by the script."""
        if self._connection is not None:
            self._connection.close()
        for process in reversed(self._running):
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)

    # What one sees

    def windows(self, line: bytes = b"windows") -> list[Window]:
        """Returns the visible windows."""
        assert self._connection is not None
        self._connection.sendall(line + b"\n")
        answer = b""
        while not answer.endswith(b"\n"):
            answer += self._connection.recv(65536)
        return [Window(one["title"], one["kind"], one["process"], *one["place"]) for one in json.loads(answer)]

    def find(self, title: str = "", kind: str = "") -> list[Window]:
        """Returns the visible windows whose title holds one text and whose class another."""
        return [window for window in self.windows() if title in window.title and kind in window.kind]

    def window(self, title: str = "", kind: str = "") -> Window:
        """Waits for a visible window."""
        found: list[Window] = wait_until(
            lambda: self.find(title, kind), f"a window {title or kind!r}; there are {[(w.title, w.kind) for w in self.windows()]}"
        )
        return found[0]

    def painted(self, title: str) -> Window:
        """Waits for a window of ours and its content."""

        def seen() -> Window | None:
            found = self.find(title, "Qt")
            return found[0] if found and len(self._colours(found[0].left + 20, found[0].top + 40, 300, 100)) > 8 else None

        shown: Window = wait_until(seen, f"the content of the window {title!r}")
        return shown

    def gone(self, title: str = "", kind: str = "") -> None:
        """Waits until there is no such window."""
        wait_until(lambda: not self.find(title, kind), f"the end of the window {title or kind!r}")

    def has_icon(self) -> bool:
        """Returns whether the right end of the taskbar shows something."""
        return len(self._colours(SIZE[0] - 20, SIZE[1] - TASKBAR_HEIGHT + 2, 18, TASKBAR_HEIGHT - 4)) > 3

    def picture(self, name: str, *, save: bool = True) -> Path:
        """Takes a picture of the desktop: into docs/screenshots/windows where asked, else among the logs."""
        folder = PROJECT / "docs/screenshots/windows" if save and os.environ.get("SCREENSHOTS") else self._folder
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"{name}.png"
        left, top = self.origin
        crop = f"{SIZE[0]}x{SIZE[1]}+{left}+{top}"
        subprocess.run(["import", "-window", "root", "-crop", crop, "+repage", "-colors", "256", str(file)], check=True, timeout=SECONDS)
        return file

    # What one does

    @property
    def icon(self) -> tuple[int, int]:
        """Returns the point of the one icon in the taskbar."""
        return SIZE[0] - 11, SIZE[1] - TASKBAR_HEIGHT // 2

    def point_at(self, x: int, y: int) -> None:
        """Moves the mouse."""
        left, top = self.origin
        self._x("mousemove", str(left + x), str(top + y))

    def click(self, point: tuple[int, int], button: int = 1) -> None:
        """Clicks at a point of Wine's desktop."""
        self.point_at(*point)
        self._x("click", str(button))

    def click_balloon(self) -> None:
        """Tells the icon that its balloon was clicked, as Windows does; Wine shows balloons but tells nobody of clicks."""
        self.windows(b"balloon")

    def keys(self, *keys: str) -> None:
        """Presses keys."""
        self._focus()
        self._x("key", "--clearmodifiers", *keys)

    def type(self, text: str) -> None:
        """Types a text."""
        self._focus()
        self._x("type", "--clearmodifiers", text)

    def choose(self, from_the_end: int) -> None:
        """Opens the icon's menu and clicks an entry.

        Args:
            from_the_end: how many pixels its middle is above the menu's lower end.
        """
        self.click(self.icon, button=3)
        menu = self.window(kind=MENU)
        self.click(((menu.left + menu.right) // 2, menu.bottom - from_the_end))
        self.gone(kind=MENU)

    def _focus(self) -> None:
        """Gives Wine's desktop the keyboard, where the window manager did not."""
        number = self._x("search", "--onlyvisible", "--name", "Wine desktop").split()[0]
        if self._x("getwindowfocus").strip() != number:
            self._x("windowfocus", "--sync", number)

    def _x(self, *arguments: str) -> str:
        done = subprocess.run(["xdotool", *arguments], capture_output=True, text=True, timeout=SECONDS, check=False)
        return done.stdout if done.returncode == 0 else ""

    def _colours(self, x: int, y: int, width: int, height: int) -> set[str]:
        left, top = self.origin
        crop = f"{width}x{height}+{left + x}+{top + y}"
        shown = subprocess.run(
            ["import", "-window", "root", "-crop", crop, "+repage", "txt:-"], capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return {line.split("#", 1)[1].split()[0] for line in shown.stdout.splitlines() if "#" in line[1:]}

    def _launch(self, *command: str) -> subprocess.Popen[bytes]:
        log = (self._folder / f"{uuid.uuid4().hex}.out").open("wb")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("WIN_PD_", "XDG_", "QT_", "VITOCLIENT_"))}
        environment = kept | {"PYTHONPATH": "Z:" + str(PROJECT).replace("/", "\\"), "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=PROJECT)
        log.close()
        self._running.append(process)
        return process
