"""The tray program on Wine's taskbar: icon, tooltip, clicks, menu, balloon, popup, a dialog by mouse and keyboard, end."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from tests.desktop.test_tray import offer_download
from tests.windows.desktop.rig import JOBS, MENU, QUIT, WineDesktop, wait_until
from tray_agent.job_kinds import JobKey
from tray_agent.store.database import open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import job

pytestmark = [pytest.mark.windows, pytest.mark.timeout(300)]


def make_database(data: Path) -> str:
    """Makes the embedded database and returns its URL."""
    url = f"sqlite:///{(data / 'vitoclient.db').as_posix()}"
    database = open_database(url)
    upgrade(database)
    database.dispose()
    return url


def configure(data: Path, ui: str) -> None:
    with (data / "config.toml").open("a", encoding="utf-8") as out:
        out.write(f"[ui]\n{ui}\n")


def start(desktop: WineDesktop) -> None:
    desktop.program("tray", "-m", "tray_agent", "run")
    wait_until(desktop.has_icon, "the icon in the taskbar")


def test_the_icon_has_a_tooltip_and_a_menu_and_quits(desktop: WineDesktop, data: Path) -> None:
    make_database(data)
    start(desktop)
    desktop.point_at(*desktop.icon)
    tooltip = desktop.window(kind="tooltips_class32")
    assert tooltip.right > tooltip.left
    desktop.picture("tooltip")
    desktop.click(desktop.icon, button=3)
    desktop.window(kind=MENU)
    desktop.picture("tray-menu")
    desktop.click((200, 200))  # beside the menu: closes it
    desktop.gone(kind=MENU)
    desktop.choose(QUIT)
    wait_until(lambda: not desktop.has_icon(), "the icon to go")
    wait_until(lambda: not desktop.find(title="vitoclient"), "the program's windows to go")


def test_a_left_click_opens_the_window_and_escape_closes_it(desktop: WineDesktop, data: Path) -> None:
    make_database(data)
    start(desktop)
    desktop.click(desktop.icon)
    opened = desktop.painted("vitoclient")
    desktop.picture("dialog-after-click")
    desktop.click((opened.left + 100, opened.top + 12))
    desktop.keys("Escape")
    desktop.gone(opened.title, "Qt")


def test_a_balloon_tells_of_new_downloads_and_its_click_opens_the_list(desktop: WineDesktop, data: Path) -> None:
    make_database(data)
    offer_download(data)
    configure(data, "popup = false")
    desktop.point_at(200, 200)  # away from the icon, so that no tooltip is taken for the balloon
    start(desktop)
    balloon = desktop.window(kind="tooltips_class32")
    desktop.picture("balloon")
    assert balloon.right > 1000
    assert balloon.bottom > 600
    desktop.click_balloon()
    desktop.window("Downloads", "Qt")


def test_a_popup_tells_of_new_downloads_and_its_link_opens_the_list(desktop: WineDesktop, data: Path) -> None:
    make_database(data)
    offer_download(data)
    configure(data, "toasts = false")
    start(desktop)
    popup = desktop.painted("Meldung")
    desktop.picture("popup")
    desktop.click((popup.left + 110, popup.bottom - 79))  # above its foot
    desktop.window("Downloads", "Qt")
    desktop.gone("Meldung", "Qt")


def test_a_dialog_is_worked_by_mouse_and_keyboard(desktop: WineDesktop, data: Path) -> None:
    url = make_database(data)
    start(desktop)
    desktop.choose(JOBS)
    dialog = desktop.painted("Aufträge verwalten")
    desktop.picture("dialog-jobs")
    desktop.click((dialog.left + 42, dialog.top + 164))  # the box of the first job
    desktop.keys("alt+s")
    wait_until(lambda: download_is_on(url), "the job in the database")


def download_is_on(url: str) -> bool:
    database = open_database(url)
    try:
        with database.read() as connection:
            return bool(connection.execute(select(job.c.enabled).where(job.c.key == JobKey.DOWNLOAD.value)).scalar())
    finally:
        database.dispose()
