"""A small signed portal on loopback, and the parts of the Download-Service around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.downloads.workstation import Practice
from tests.support.portal import FaultyPortal
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import DemoElement, DemoPortal, make_portal
from tray_agent.downloads.portal import Portal, metadata_folder
from tray_agent.store.database import Database
from tray_agent.web.client import Patience, Web

KB = 1024
ELEMENTS = (
    DemoElement(
        "update",
        "Update vitomed",
        "Programm",
        "msi",
        (("2.69.001", 40 * KB), ("2.68.014", 20 * KB), ("2.68.009", 10 * KB)),
        restart=True,
        is_software=True,
    ),
    DemoElement("tarif", "Tarif", "Tarife", "zip", (("1.4.002", 30 * KB),), notes="Neu."),
    DemoElement("handbuch", "Handbuch", "Anleitungen", "txt", (("1.0.000", 3 * KB),), needs="2.69.000"),
)


@pytest.fixture
def demo(tmp_path: Path, clock: ManualClock) -> DemoPortal:
    """Returns a signed portal with three small elements."""
    return make_portal(tmp_path / "portal", clock.now(), ELEMENTS)


@pytest.fixture
def server(demo: DemoPortal) -> Iterator[FaultyPortal]:
    """Serves the portal on loopback."""
    with FaultyPortal(demo.repository) as running:
        yield running


@pytest.fixture
def web() -> Iterator[Web]:
    """Returns a way to the network that loses patience soon."""
    made = Web(Patience(connect=5, read=5))
    yield made
    made.close()


@pytest.fixture
def portal(demo: DemoPortal, server: FaultyPortal, web: Web, clock: ManualClock, tmp_path: Path) -> Portal:
    """Returns the client's side of the portal."""
    root = demo.root_file.read_bytes()
    return Portal(server.address, root, metadata_folder(tmp_path / "data", root), web, clock)


@pytest.fixture
def practice(tmp_path: Path, sqlite_database: Database, portal: Portal, web: Web, clock: ManualClock) -> Practice:
    """Returns the Download-Service of a workstation with an empty folder and no subscriptions."""
    return Practice(tmp_path / "downloads", sqlite_database, portal, web, clock)
