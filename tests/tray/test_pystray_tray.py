"""The pystray adapter, run against a double of pystray that notes what it is told."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tray_agent.jobs.model import PauseScope
from tray_agent.tray import pystray_tray
from tray_agent.tray.contract import TOOLTIP_UNITS, Toast, TrayRefusedError
from tray_agent.tray.model import (
    Action,
    AgentFacts,
    CheckNow,
    Concern,
    DialogName,
    OpenDialog,
    PauseJobs,
    PauseLength,
    Quit,
    TrayState,
    tray_state,
)
from tray_agent.tray.pystray_tray import NIN_BALLOONUSERCLICK, WM_RBUTTONUP, PystrayToaster, PystrayTray, pystray_backend

WM_LBUTTONUP = 0x0202
FACTS = AgentFacts(now=datetime(2026, 11, 23, 9, 0, tzinfo=UTC))


class FakeEntry:
    def __init__(self, text: str, action: Any, default: bool = False) -> None:
        self.text, self.action, self.default = text, action, default


class FakeMenu:
    SEPARATOR = FakeEntry("-", None)

    def __init__(self, *items: FakeEntry) -> None:
        self.items = items


class FakeIcon:
    """As pystray's icon on Windows: its thread runs until it is stopped; handlers are called by hand."""

    def __init__(self, name: str, icon: Any, title: str, menu: FakeMenu) -> None:
        self.name, self.icon, self.title, self.menu = name, icon, title, menu
        self.notified: list[tuple[str, str]] = []
        self.stopped = threading.Event()
        self.detached = False
        self.during_menu: Callable[[], None] = lambda: None
        pystray_icons.append(self)

    def run(self) -> None:
        self.stopped.wait(10)

    def run_detached(self) -> None:
        self.detached = True

    def stop(self) -> None:
        self.stopped.set()

    def notify(self, message: str, title: str) -> None:
        self.notified.append((title, message))

    def _on_notify(self, wparam: int, lparam: int) -> None:
        if lparam == WM_LBUTTONUP:
            self()  # type: ignore[operator]  # the subclass can be called
        elif lparam == WM_RBUTTONUP:
            self.during_menu()


class FakePystray:
    Icon, Menu, MenuItem = FakeIcon, FakeMenu, FakeEntry


pystray_icons: list[FakeIcon] = []


@pytest.fixture(autouse=True)
def _fresh() -> None:
    pystray_icons.clear()


@pytest.fixture
def chosen() -> list[Action]:
    return []


@pytest.fixture
def tray(chosen: list[Action]) -> Any:
    tray = PystrayTray(chosen.append, "win32", FakePystray)
    tray.show(tray_state(FACTS))
    yield tray
    tray.stop()


def state(**changes: Any) -> TrayState:
    return tray_state(AgentFacts(now=FACTS.now, **changes))


def find(menu: FakeMenu, text: str) -> FakeEntry:
    return next(entry for entry in menu.items if entry.text == text)


def test_click_does_the_default_action(tray: PystrayTray, chosen: list[Action]) -> None:
    pystray_icons[0]._on_notify(0, WM_LBUTTONUP)
    tray.show(state(new_downloads=2))
    pystray_icons[0]._on_notify(0, WM_LBUTTONUP)
    assert chosen == [OpenDialog(DialogName.START), OpenDialog(DialogName.DOWNLOADS)]


def test_menu_entries_do_what_they_say(tray: PystrayTray, chosen: list[Action]) -> None:
    menu = pystray_icons[0].menu
    find(menu, "Jetzt prüfen").action(None, None)
    find(menu, "Beenden").action(None, None)
    assert chosen == [CheckNow(), Quit()]
    assert find(menu, "Start").default
    assert menu.items[6] is FakeMenu.SEPARATOR


def test_submenu(tray: PystrayTray, chosen: list[Action]) -> None:
    pause = find(pystray_icons[0].menu, "Pausieren").action
    find(find(pause, "Nur Senden").action, "1 Stunde").action(None, None)
    assert chosen == [PauseJobs(PauseScope.SENDING, PauseLength.HOUR)]


def test_only_what_changed_is_drawn(tray: PystrayTray) -> None:
    icon = pystray_icons[0]
    picture, menu = icon.icon, icon.menu
    tray.show(tray_state(FACTS))
    assert icon.icon is picture
    assert icon.menu is menu
    tray.show(state(new_downloads=2))
    assert icon.icon is not picture
    assert "2 heruntergeladen" in icon.title
    assert len(pystray_icons) == 1


def test_long_tooltip_is_clipped(tray: PystrayTray) -> None:
    tray.show(state(concerns=tuple(Concern("Ein langer Satz, der sich wiederholt.", DialogName.ACTIVITY) for _ in range(9))))
    assert len(pystray_icons[0].title) <= TOOLTIP_UNITS


def test_menu_that_changes_while_open_is_drawn_when_it_closes(tray: PystrayTray) -> None:
    icon = pystray_icons[0]
    before = icon.menu

    def change() -> None:
        tray.show(state(new_downloads=1))
        assert icon.menu is before

    icon.during_menu = change
    icon._on_notify(0, WM_RBUTTONUP)
    assert icon.menu is not before


def test_toast_and_its_click(tray: PystrayTray, chosen: list[Action]) -> None:
    toaster = PystrayToaster(tray)
    assert toaster.show(Toast("T" * 100, "B" * 400, OpenDialog(DialogName.CREDITS), "Credits anzeigen"))
    (title, body) = pystray_icons[0].notified[0]
    assert (len(title), len(body)) == (63, 255)
    pystray_icons[0]._on_notify(0, NIN_BALLOONUSERCLICK)
    pystray_icons[0]._on_notify(0, NIN_BALLOONUSERCLICK)
    assert chosen == [OpenDialog(DialogName.CREDITS)]
    toaster.stop()


def test_stop_ends_the_thread_and_can_be_repeated(chosen: list[Action]) -> None:
    tray = PystrayTray(chosen.append, "win32", FakePystray)
    tray.show(tray_state(FACTS))
    tray.stop()
    tray.stop()
    assert pystray_icons[0].stopped.is_set()
    assert not any(thread.name == "tray" for thread in threading.enumerate())
    assert not tray.toast(Toast("a", "b", Quit(), "c"))


def test_appindicator_runs_in_qts_loop(chosen: list[Action]) -> None:
    tray = PystrayTray(chosen.append, "linux", FakePystray)
    tray.show(tray_state(FACTS))
    assert pystray_icons[0].detached
    assert not tray.toast(Toast("a", "b", Quit(), "c"))
    tray.stop()


def test_xorg_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(TrayRefusedError, match="PyGObject"):
        pystray_backend("linux")


def test_backend_that_fails_in_its_own_way_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_name: str) -> Any:
        raise ValueError("Namespace AppIndicator3 not available")

    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    monkeypatch.setattr(pystray_tray, "import_module", fail)
    monkeypatch.setenv("PYSTRAY_BACKEND", "xorg")
    with pytest.raises(TrayRefusedError, match="AppIndicator3"):
        pystray_backend("linux")


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux")
def test_this_environment_never_gets_the_xorg_backend() -> None:
    import os

    try:
        pystray_backend()
    except TrayRefusedError:
        return
    assert os.environ["PYSTRAY_BACKEND"] == "appindicator"
