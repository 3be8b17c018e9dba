"""Which picture stands for what: the program, the tray's states, levels, runs, downloads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from PyQt6.QtGui import QIcon, QPixmap

from tray_agent.downloads.model import DownloadState
from tray_agent.protocol.model import Level, RunState
from tray_agent.resources import assets_folder
from tray_agent.tray.icons import ICON_SIZES, cell_index, sheet_file
from tray_agent.tray.model import Look
from ui.look.icons import Status


@cache
def program_icon() -> QIcon:
    """Returns the program's icon."""
    return QIcon(str(assets_folder() / "icons" / "vitoclient.png"))


@cache
def _strip(size: int) -> QPixmap:
    return QPixmap(str(sheet_file(size)))


def tray_icon(look: Look, number: int) -> QIcon:
    """Returns the tray's icon for a state, in all prepared sizes.

    Args:
        look: the state.
        number: of new downloads, for ``NEW_DOWNLOADS``.
    """
    icon = QIcon()
    for size in ICON_SIZES:
        icon.addPixmap(_strip(size).copy(cell_index(look, number) * size, 0, size, size))
    return icon


LEVEL_ICONS: Mapping[Level, Status] = {Level.INFO: Status.INFO, Level.WARNING: Status.WARNING, Level.ERROR: Status.ERROR}
"""The icon of each level."""


STATE_ICONS: Mapping[DownloadState, Status] = {
    DownloadState.NEW: Status.WAITING,
    DownloadState.OFFERED: Status.DOWNLOAD,
    DownloadState.STARTED: Status.RUNNING,
    DownloadState.INSTALLED: Status.SUCCESS,
    DownloadState.SUPERSEDED: Status.SKIPPED,
}
"""The icon of what became of a download."""

RUN_ICONS: Mapping[RunState, Status] = {
    RunState.RUNNING: Status.RUNNING,
    RunState.SUCCEEDED: Status.SUCCESS,
    RunState.FAILED: Status.ERROR,
    RunState.SKIPPED: Status.SKIPPED,
    RunState.CANCELLED: Status.CANCELLED,
    RunState.DIED: Status.ERROR,
}
"""The icon of a run's state."""
