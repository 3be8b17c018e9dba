"""Wine's desktop for the tests; only ``tools/windows/desktop.sh`` runs them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.windows.desktop.rig import QUIT, WineDesktop, wait_until


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WineDesktop]:
    """Gives Wine's desktop with its taskbar."""
    desktop = WineDesktop(tmp_path_factory.mktemp("shell"))
    desktop.start()
    yield desktop
    desktop.stop()


@pytest.fixture
def data(shell: WineDesktop) -> Path:
    """Gives a data folder of the program with nothing but a configuration."""
    shutil.rmtree(shell.data, ignore_errors=True)
    shell.data.mkdir(parents=True)
    (shell.data / "config.toml").write_text('[practice]\nname = "Praxis Müller"\n', encoding="utf-8")
    return shell.data


@pytest.fixture
def desktop(shell: WineDesktop) -> Iterator[WineDesktop]:
    """Gives the desktop, and closes what a test left open by the icon's menu."""
    yield shell
    if shell.has_icon():
        shell.choose(QUIT)
        wait_until(lambda: not shell.has_icon(), f"the end of the program: {shell.said()}")
