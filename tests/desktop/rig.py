"""A small real desktop for tests: a screen, a window manager, a panel with a tray, a notification service, a session bus.

Everything has a home and a run-time folder of its own. Nothing here sleeps for a time: it waits for conditions.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAMS = ("Xvfb", "dbus-daemon", "openbox", "trayer", "dunst", "xdotool", "import")
SCREEN = (1280, 800)
SECONDS = 60.0
"""How long a condition is waited for at the most: so long that a busy machine makes no test fail."""

SECONDS_TO_COME_UP = 25.0
"""How long a program of the desktop may take until it is there."""

ATTEMPTS = 3
"""How many desktops are begun until one is complete."""

SECONDS_FOR_ANSWER = 10.0
"""How long a short program may take."""

SECONDS_FOR_CLICK = 5.0
"""After this a click is done again: a panel moves its icons while they come, and a click beside one is lost."""

_DUNST = """
[global]
    width = 340
    origin = top-right
    offset = 16x16
    mouse_left_click = do_action, close_current
    idle_threshold = 0
"""


def missing() -> list[str]:
    """Returns the programs that this rig needs and this machine lacks."""
    return [program for program in PROGRAMS if shutil.which(program) is None]


def wait_until(condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """Waits until a condition gives something true, and returns that."""
    pause = threading.Event()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        result = condition()
        if result:
            return result
        pause.wait(0.02)
    raise AssertionError(f"waited {seconds:.0f} s in vain: {what}")


@dataclass(frozen=True)
class Place:
    """A window: its number and where it is, in pixels from the upper left of the screen."""

    window: int
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[int, int]:
        """Returns the point in its middle."""
        return self.x + self.width // 2, self.y + self.height // 2


@dataclass
class SmallDesktop:
    """The desktop; start it with ``small_desktop``."""

    folder: Path
    with_tray: bool = True
    display: str = ""
    bus: str = ""
    _running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """Returns the environment of programs on this desktop."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("VITOCLIENT_", "XDG_", "QT_", "DBUS_"))}
        return kept | {
            "HOME": str(self.folder / "home"),
            "XDG_RUNTIME_DIR": str(self.folder / "run"),
            "DISPLAY": self.display,
            "DBUS_SESSION_BUS_ADDRESS": self.bus,
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.folder}/no-system-bus",
            "QT_QPA_PLATFORM": "xcb",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "LC_ALL": "C.UTF-8",
        }

    def start(self) -> None:
        """Starts screen, bus, window manager, panel and notification service, and waits until each is there."""
        (self.folder / "home" / ".config" / "dunst").mkdir(parents=True)
        (self.folder / "home" / ".config" / "dunst" / "dunstrc").write_text(_DUNST)
        (self.folder / "run").mkdir(mode=0o700)
        self._start_screen()
        self._start_bus()
        self.launch("openbox", "--sm-disable")
        wait_until(lambda: self.ask("xdotool", "get_num_desktops").strip().isdigit(), "the window manager", SECONDS_TO_COME_UP)
        self.launch("dunst", "-conf", str(self.folder / "home" / ".config" / "dunst" / "dunstrc"))
        if self.with_tray:
            self.start_panel()

    def start_panel(self) -> None:
        """Starts the panel with the tray."""
        self.launch("trayer", "--edge", "bottom", "--align", "right", "--widthtype", "request", "--height", "26", "--expand", "true")
        wait_until(lambda: self.find(Class="trayer"), "the panel", SECONDS_TO_COME_UP)

    def stop(self) -> None:
        """Ends all that was started, the last first."""
        for process in reversed(self._running):
            process.terminate()
        for process in reversed(self._running):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            if process.poll() is None:
                process.kill()
                process.wait()

    def launch(self, *command: str, **more: str) -> subprocess.Popen[bytes]:
        """Starts a program on this desktop; it is ended with the desktop."""
        log = (self.folder / f"{Path(command[0]).name}.log").open("ab")
        process = subprocess.Popen(command, env=self.environment | more, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        log.close()
        self._running.append(process)
        return process

    def ask(self, *command: str) -> str:
        """Returns what a short program prints; "" where it failed, or hung because a window manager holds the screen."""
        try:
            done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=SECONDS_FOR_ANSWER, check=False)
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout if done.returncode == 0 else ""

    # What one sees

    def find(self, **by: str) -> list[int]:
        """Returns the visible windows with a name or class (``Name=…``, ``Class=…``; a regular expression)."""
        ((kind, pattern),) = by.items()
        found = self.ask("xdotool", "search", "--onlyvisible", f"--{kind.lower()}", pattern)
        return [int(line) for line in found.split()]

    def window(self, name: str) -> Place:
        """Waits for a visible window with this name and returns it."""
        number = wait_until(lambda: self.find(Name=name), f"a window {name!r}; there are {self.names()}")[-1]
        return self.place(number)

    def window_in_front(self, name: str) -> Place:
        """Waits until a window with this name has the keyboard and returns it."""
        window = self.window(name)
        wait_until(lambda: self.active_window() == window.window, f"{name!r} in front; there are {self.names()}")
        return window

    def active_window(self) -> int | None:
        """Returns the window that has the keyboard."""
        number = self.ask("xdotool", "getactivewindow").strip()
        return int(number) if number else None

    def gone(self, name: str) -> None:
        """Waits until no window has this name."""
        wait_until(lambda: not self.find(Name=name), f"the end of the window {name!r}")

    def names(self) -> list[str]:
        """Returns the names of the visible windows."""
        return sorted({self.ask("xdotool", "getwindowname", str(number)).strip() for number in self.find(Name=".+")})

    def place(self, number: int) -> Place:
        """Returns where a window is."""
        lines = self.ask("xdotool", "getwindowgeometry", "--shell", str(number)).splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return Place(number, int(values["X"]), int(values["Y"]), int(values["WIDTH"]), int(values["HEIGHT"]))

    def tray_icons(self) -> list[Place]:
        """Returns the icons in the panel."""
        with self.panel() as icons:
            return icons()

    @contextlib.contextmanager
    def panel(self) -> Iterator[Callable[[], list[Place]]]:
        """Gives a quick question for the icons in the panel."""
        from Xlib.display import Display

        display = Display(self.display)
        panels = [display.create_resource_object("window", number) for number in self.find(Class="trayer")]
        try:
            yield lambda: [icon for panel in panels for icon in _icons_below(panel)]
        finally:
            display.close()

    def tray_icon(self) -> Place:
        """Waits for the one icon in the panel."""
        icon: Place = wait_until(self.tray_icons, "an icon in the tray")[0]
        return icon

    def picture(self, file: Path, window: str = "root") -> Path:
        """Writes a picture of the screen."""
        file.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["import", "-window", window, str(file)], env=self.environment, check=True, timeout=SECONDS)
        return file

    # What one does

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Clicks at a point of the screen."""
        self.ask("xdotool", "mousemove", str(x), str(y), "click", str(button))

    def click_until(self, where: Callable[[], tuple[int, int] | None], until: Callable[[], Any], what: str, button: int = 1) -> Any:
        """Clicks until a condition gives something true, and returns that.

        Args:
            where: the point as it is by now, or None where there is nothing to click any more.
            until: the condition.
            what: its name, for the message of a failed test.
            button: 1 left, 3 right.
        """
        for _attempt in range(int(SECONDS / SECONDS_FOR_CLICK)):
            point = where()
            if point is not None:
                self.click(*point, button=button)
            with contextlib.suppress(AssertionError):
                return wait_until(until, what, SECONDS_FOR_CLICK)
        raise AssertionError(f"clicked {SECONDS:.0f} s in vain: {what}")

    def click_tray_icon(self, until: Callable[[], Any], what: str, button: int = 1) -> Any:
        """Clicks the one icon in the panel, wherever it is by now, until a condition gives something true, and returns that."""
        return self.click_until(lambda: self.tray_icon().middle, until, what, button)

    def keys(self, *keys: str) -> None:
        """Presses keys (``Return``, ``Escape``, ``alt+s``)."""
        self.ask("xdotool", "key", "--clearmodifiers", *keys)

    def type(self, text: str) -> None:
        """Types a text."""
        self.ask("xdotool", "type", text)

    def _start_screen(self) -> None:
        reading, writing = os.pipe()
        size = f"{SCREEN[0]}x{SCREEN[1]}x24"
        screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"],
            pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(writing)
        self._running.append(screen)
        with os.fdopen(reading) as answer:
            self.display = f":{int(answer.readline())}"

    def _start_bus(self) -> None:
        bus = subprocess.Popen(
            ["dbus-daemon", "--session", "--nofork", "--print-address"],
            env=self.environment | {"DBUS_SESSION_BUS_ADDRESS": ""}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._running.append(bus)
        assert bus.stdout is not None
        with bus.stdout:
            self.bus = bus.stdout.readline().decode().strip()


def _icons_below(window: Any) -> list[Place]:
    """Returns the windows of other programs that a panel holds: those that talk XEmbed."""
    from Xlib.error import BadDrawable, BadWindow

    embedded = window.display.get_atom("_XEMBED_INFO")
    found = []
    for child in window.query_tree().children:
        with contextlib.suppress(BadWindow, BadDrawable):  # it may go while one looks
            if child.get_full_property(embedded, 0) is not None:
                geometry = child.get_geometry()
                corner = child.translate_coords(geometry.root, 0, 0)
                found.append(Place(child.id, -corner.x, -corner.y, geometry.width, geometry.height))
            else:
                found += _icons_below(child)
    return found


@contextlib.contextmanager
def small_desktop(*, with_tray: bool = True) -> Iterator[SmallDesktop]:
    """Gives a running desktop and ends it."""
    with contextlib.ExitStack() as closing:
        yield _started(with_tray, closing)


def _started(with_tray: bool, closing: contextlib.ExitStack) -> SmallDesktop:
    """Returns a desktop all of whose programs have come up; now and then one of them does not, then another desktop is begun."""
    for _attempt in range(ATTEMPTS - 1):
        desktop = _begun(with_tray, closing)
        with contextlib.suppress(AssertionError):
            desktop.start()
            return desktop
    desktop = _begun(with_tray, closing)
    desktop.start()
    return desktop


def _begun(with_tray: bool, closing: contextlib.ExitStack) -> SmallDesktop:
    folder = closing.enter_context(tempfile.TemporaryDirectory(prefix="vitoclient-desktop-"))
    desktop = SmallDesktop(Path(folder), with_tray)
    closing.callback(desktop.stop)
    return desktop


@dataclass
class RunningProgram:
    """The tray program on a desktop."""

    desktop: SmallDesktop
    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]
    output: Path

    def terminate(self) -> None:
        """Asks it to end by SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def ended(self, seconds: float = SECONDS) -> int:
        """Waits for its end and returns its exit code."""
        return self.process.wait(seconds)

    def listening(self) -> None:
        """Waits until it hears later starts."""
        folder = Path(self.environment["XDG_RUNTIME_DIR"])
        wait_until(lambda: any(folder.glob("vitoclient-*.socket")), f"the program to listen; it said {self.said!r}")

    @property
    def holder(self) -> int | None:
        """Returns the number of the process that has the place of the one program here, or None."""
        for lock in Path(self.environment["XDG_RUNTIME_DIR"]).glob("vitoclient-*.lock"):
            with contextlib.suppress(OSError, ValueError):
                return int(lock.read_text(encoding="utf-8").splitlines()[0])
        return None

    def cleared_away(self) -> None:
        """Ends it where it still runs, and waits until its icon is out of the panel: the next program's must not be taken for it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        wait_until(lambda: not self.desktop.tray_icons(), "the icon to go")

    def start_again(self) -> int:
        """Starts the program a second time and returns the exit code of that."""
        command = [sys.executable, "-m", "tray_agent", "run"]
        return subprocess.run(command, env=dict(self.environment), timeout=SECONDS, check=False).returncode

    @property
    def said(self) -> str:
        """Returns what it printed; for messages of failed tests."""
        return self.output.read_text(encoding="utf-8", errors="replace")


def run_program(desktop: SmallDesktop, folder: Path, **settings: str) -> RunningProgram:
    """Starts the tray program with a data folder of its own.

    Args:
        desktop: where it appears.
        folder: its configuration and data.
        settings: further environment variables of the configuration (``VITOCLIENT_UI__LANGUAGE="fr"``).
    """
    runtime = Path(tempfile.mkdtemp(prefix="r", dir=desktop.folder))  # short: the socket's path has a bound
    own = {"VITOCLIENT_MACHINE__DATA_FOLDER": str(folder), "XDG_RUNTIME_DIR": str(runtime)}
    environment = desktop.environment | own | settings
    output = folder / "output.txt"
    with output.open("wb") as stream:
        process = subprocess.Popen([sys.executable, "-m", "tray_agent", "run"], env=environment, stdout=stream, stderr=stream)
    return RunningProgram(desktop, process, environment, output)
