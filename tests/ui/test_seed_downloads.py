"""The Download-Service as the specification describes it, step by step, on the demo's portal and real files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QMenu, QMenuBar, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from tests.downloads.trial_starter import TrialStarter
from tests.support.signatures import KnownSignatures
from tray_agent.demo.world import DemoWorld
from tray_agent.job_kinds import JobKey
from tray_agent.platforms.signature import Signature, SignatureState
from tray_agent.tray.model import DialogName
from ui.background import Background
from ui.dialogs.downloads import DownloadsDialog
from ui.dialogs.portal import PortalDialog
from ui.windows import Remembered, Windows


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DemoWorld]:
    with DemoWorld(tmp_path / "demo") as world:
        yield world


@pytest.fixture
def desk(world: DemoWorld, background: Background, tmp_path: Path) -> Iterator[Windows]:
    desk = Windows(world.agent, background, Remembered(tmp_path / "windows.ini"))
    yield desk
    desk.close_all()


def click(window: QWidget, text: str) -> None:
    button = next(found for found in window.findChildren(QPushButton) if found.text().replace("&", "") == text)
    assert button.isEnabled()
    button.click()


def choose(menu: QMenu | None, text: str) -> None:
    assert menu is not None
    action = next(found for found in menu.actions() if found.text().replace("&", "") == text)
    assert action.isEnabled()
    action.trigger()


def subscribe(qtbot: QtBot, desk: Windows, title: str) -> None:
    portal = desk.open(DialogName.PORTAL)
    assert isinstance(portal, PortalDialog)
    qtbot.waitUntil(lambda: portal.model is not None and not portal.is_busy, timeout=20000)
    row = portal.tree.findItems(title, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)[0]
    portal.tree.setCurrentItem(row)
    choose(portal.menu_for(row), "Automatisch herunterladen")
    qtbot.waitUntil(lambda: not portal.is_busy)
    portal.reject()


def test_element_abonnieren(qtbot: QtBot, world: DemoWorld, desk: Windows) -> None:
    world.agent.downloads.set_active(active=False, by="test")
    # 1. Wählen Sie ? | Info...  2. Klicken Sie Online-Portal. Die verschiedenen Bereiche werden angezeigt.
    info = desk.open(DialogName.INFO)
    click(info, "Online-Portal")
    portal = desk.open(DialogName.PORTAL)
    assert isinstance(portal, PortalDialog)
    qtbot.waitUntil(lambda: portal.model is not None and not portal.is_busy, timeout=20000)
    top = [portal.tree.topLevelItem(place) for place in range(portal.tree.topLevelItemCount())]
    titles = [item.text(0) for item in top if item is not None]
    assert {"Neue Downloads", "Download-History"} <= set(titles)
    # 3. Rechtsklicken Sie den Bereich Neue Downloads und wählen Sie Download-Service aktivieren.
    area = portal.tree.findItems("Neue Downloads", Qt.MatchFlag.MatchExactly)[0]
    choose(portal.menu_for(area), "Download-Service aktivieren")
    qtbot.waitUntil(lambda: not portal.is_busy)
    # (falls Sie diesen Service bereits aktiviert haben, ist die Funktion nicht anwählbar)
    menu = portal.menu_for(portal.tree.findItems("Neue Downloads", Qt.MatchFlag.MatchExactly)[0])
    assert menu is not None
    assert not menu.actions()[0].isEnabled()
    # 4. Markieren Sie die Zeile des zu abonnierenden Elementes (keine Überschrift) mittels Klick.
    row = portal.tree.findItems("Update vitomed", Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)[0]
    portal.tree.setCurrentItem(row)
    # 5. Rechtsklicken Sie die markierte Zeile und wählen Sie Automatisch herunterladen im Kontextmenü.
    choose(portal.menu_for(row), "Automatisch herunterladen")
    qtbot.waitUntil(lambda: not portal.is_busy)
    assert world.agent.downloads.is_active()
    assert "1 Element ist abonniert." in portal.heading.sentence
    # 6. Schliessen Sie das Online-Portal über Datei | Beenden und das Informationen-Fenster über OK.
    bar = portal.findChild(QMenuBar)
    assert bar is not None
    choose(bar.actions()[0].menu(), "Beenden")
    assert not portal.isVisible()
    click(info, "OK")
    assert not info.isVisible()


def test_element_installieren(qtbot: QtBot, world: DemoWorld, desk: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    starter = TrialStarter()
    monkeypatch.setattr("tray_agent.downloads.parts.starter", lambda: starter)
    signed = KnownSignatures(**{"vitomed-update-2_69_001_msi": Signature(SignatureState.VALID, "Hersteller AG")})
    monkeypatch.setattr("tray_agent.platforms.this_system.signature_reader", lambda: signed)
    subscribe(qtbot, desk, "Update vitomed")
    run = world.agent.jobs.run_now(JobKey.DOWNLOAD)
    assert run.counts["downloaded"] == 1
    # 1. … Das Fenster, welches diese Downloads enthält, können Sie auch so aufrufen: ? | Info, danach Download-Liste aufrufen.
    click(desk.open(DialogName.INFO), "Download-Liste aufrufen")
    window = desk.open(DialogName.DOWNLOADS)
    assert isinstance(window, DownloadsDialog)
    qtbot.waitUntil(lambda: window.list.rowCount() == 1)
    assert starter.started == []  # nothing installs by itself
    # 2. Aktivieren Sie im Fenster Downloads... die Checkbox des Elementes, welches Sie installieren möchten.
    window.list.setData(window.list.index(0, 0), Qt.CheckState.Checked.value, Qt.ItemDataRole.CheckStateRole)
    # 3. Klicken Sie Ausführen. … müssen Sie vitomed schliessen und erneut starten.
    click(window, "Ausführen")
    qtbot.waitUntil(lambda: not window.is_busy and window.banner.text != "")
    assert [name for name, _kind in starter.started] == ["vitomed-update-2.69.001.msi"]
    assert "vitomed auf allen Arbeitsplätzen schliessen und neu starten" in window.banner.text
