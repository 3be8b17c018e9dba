"""The tray program on a real small desktop: icon, click, menu, second start, toast, popup, end."""

from __future__ import annotations

import contextlib
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert

from tests.desktop.conftest import StartProgram
from tests.desktop.rig import RunningProgram, SmallDesktop, wait_until
from tests.desktop.toasts import watch_toasts
from tray_agent.downloads.library import Library
from tray_agent.downloads.model import DownloadState, Version
from tray_agent.store.database import open_database
from tray_agent.store.tables import download

pytestmark = [pytest.mark.desktop, pytest.mark.xdist_group("desktop")]

SECONDS_TO_QUIT = 2.0
POPUP = "Meldung"


def offer_download(data: Path, element: str = "update", title: str = "Update vitomed", version: str = "2.70.001") -> None:
    """Puts a downloaded element into the database and its file into the folder, as a run of the Download-Service leaves them."""
    place = Library(data / "downloads").place(element, Version.parse(version), f"{element}-{version}.exe")
    place.parent.mkdir(parents=True)
    place.write_bytes(bytes(1000))
    database = open_database(f"sqlite:///{(data / 'vitoclient.db').as_posix()}")
    with database.begin() as connection:
        connection.execute(
            insert(download).values(
                element=element, version=version, title=title, released="2026-11-20", notes="", kind="exe", restart=True, needs="",
                target=f"{element}-{version}.exe", file_name=f"{element}-{version}.exe", size=1000, state=DownloadState.OFFERED.value,
                changed_at=datetime.now(UTC), changed_by="test", scope="workstation", software="",
            )
        )  # fmt: skip
    database.dispose()


def end(program: RunningProgram) -> None:
    program.terminate()
    assert program.ended() == 0, program.said


def middle_of_toast(desktop: SmallDesktop) -> tuple[int, int] | None:
    toasts = desktop.find(Class="Dunst")
    with contextlib.suppress(KeyError):  # it may go while one looks
        return desktop.place(toasts[0]).middle if toasts else None
    return None


def test_icon_appears_and_sigterm_ends_it(desktop: SmallDesktop, start: StartProgram) -> None:
    program = start(desktop)
    icon = desktop.tray_icon()
    assert icon.width >= 16

    began = time.monotonic()
    program.terminate()

    assert program.ended() == 0, program.said
    assert time.monotonic() - began < SECONDS_TO_QUIT
    wait_until(lambda: not desktop.tray_icons(), "the icon to go")


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_other_signals_end_it_too(desktop: SmallDesktop, start: StartProgram, name: str) -> None:
    program = start(desktop)
    desktop.tray_icon()
    program.process.send_signal(getattr(signal, name))
    assert program.ended() == 0, program.said


def test_click_opens_the_overview(desktop: SmallDesktop, start: StartProgram) -> None:
    program = start(desktop)
    desktop.click_tray_icon(lambda: desktop.find(Name="Start"), "the start page")
    desktop.keys("Escape")
    desktop.gone("Start")
    end(program)


def test_menu_opens_and_quits(desktop: SmallDesktop, start: StartProgram) -> None:
    program = start(desktop)
    desktop.tray_icon()
    before = set(desktop.find(Class="vitoclient-Services|python"))
    opened = desktop.click_tray_icon(lambda: set(desktop.find(Class="vitoclient-Services|python")) - before, "the menu", button=3)
    menu = desktop.place(opened.pop())

    def choose_last() -> bool:
        desktop.click(menu.x + menu.width // 2, menu.y + menu.height - 12)  # Beenden
        return program.process.poll() is not None

    wait_until(choose_last, "the end")
    assert program.ended() == 0, program.said


def test_second_start_shows_the_first(desktop: SmallDesktop, start: StartProgram) -> None:
    program = start(desktop)
    desktop.tray_icon()

    assert program.start_again() == 0
    desktop.window("Start")
    assert program.start_again() == 0

    assert len(desktop.find(Name="Start")) == 1
    assert len(desktop.tray_icons()) == 1
    end(program)


def test_without_a_tray_the_second_start_opens_the_main_window(bare_desktop: SmallDesktop, start: StartProgram) -> None:
    program = start(bare_desktop)
    program.listening()
    assert program.start_again() == 0
    bare_desktop.window("Start")
    end(program)


def test_panel_that_comes_later_gets_the_icon(bare_desktop: SmallDesktop, start: StartProgram) -> None:
    program = start(bare_desktop)
    program.listening()
    assert program.start_again() == 0
    bare_desktop.start_panel()
    bare_desktop.tray_icon()
    end(program)


def test_new_downloads_are_told_at_login_by_toast_and_popup(desktop: SmallDesktop, start: StartProgram, data: Path) -> None:
    offer_download(data)
    with watch_toasts(desktop.bus) as toasts:
        program = start(desktop)
        toast = toasts.next()
    assert toast.signature == "susssasa{sv}i"
    assert (toast.program, toast.title, toast.body) == ("vitoclient-Services", "Neue Downloads vorhanden", "Update vitomed 2.70.001")
    assert toast.actions == ("default", "Download-Liste öffnen")
    desktop.window(POPUP)
    end(program)


def test_link_of_the_popup_opens_the_list(desktop: SmallDesktop, start: StartProgram, data: Path) -> None:
    offer_download(data)
    program = start(desktop, VITOCLIENT_UI__TOASTS="false")
    popup = desktop.window(POPUP)
    link = (popup.x + 110, popup.y + popup.height - 66)  # above its foot
    desktop.click_until(lambda: link if desktop.find(Name="Meldung") else None, lambda: desktop.find(Name="Downloads"), "the list")
    desktop.gone(POPUP)
    end(program)


def test_clicked_toast_opens_the_list(desktop: SmallDesktop, start: StartProgram, data: Path) -> None:
    offer_download(data)
    program = start(desktop, VITOCLIENT_UI__POPUP="false")
    wait_until(lambda: desktop.find(Class="Dunst"), "the toast")
    desktop.click_until(lambda: middle_of_toast(desktop), lambda: desktop.find(Name="Downloads"), "the list")
    end(program)


def test_popup_does_not_take_the_keyboard(desktop: SmallDesktop, start: StartProgram, data: Path) -> None:
    offer_download(data)
    typing = start(desktop, VITOCLIENT_UI__POPUP="false", VITOCLIENT_UI__TOASTS="false")
    typing.listening()
    assert typing.start_again() == 0, typing.said
    window = desktop.window_in_front("Start")

    program = start(desktop, VITOCLIENT_UI__TOASTS="false")
    desktop.window(POPUP)

    assert desktop.active_window() == window.window
    end(program)
    end(typing)


def test_popup_and_toasts_can_be_switched_off(desktop: SmallDesktop, start: StartProgram, data: Path) -> None:
    offer_download(data)
    program = start(desktop, VITOCLIENT_UI__TOASTS="false", VITOCLIENT_UI__POPUP="false")
    desktop.click_tray_icon(lambda: desktop.find(Name="Downloads|Start"), "a window")
    assert not desktop.find(Name=POPUP)
    end(program)


def test_unreadable_configuration_is_told_in_a_window(desktop: SmallDesktop, start: StartProgram) -> None:
    program = start(desktop, VITOCLIENT_UI__LANGUAGE="klingon")
    window = desktop.window_in_front("Konfiguration nicht lesbar")
    assert window.width > 200
    assert "Konfiguration nicht lesbar — vitoclient-Services" in desktop.names()  # the program's name once
    desktop.ask("xdotool", "windowminimize", "--sync", str(window.window))
    assert program.start_again() == 0  # it is heard, and shown why no other window opens
    desktop.window_in_front("Konfiguration nicht lesbar")
    desktop.keys("Escape")
    assert program.ended() == 2
    assert "Konfiguration nicht lesbar" in program.said
