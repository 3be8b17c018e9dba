"""The icons before the states of downloads and runs."""

from __future__ import annotations

from collections.abc import Mapping

from tray_agent.downloads.model import DownloadState
from tray_agent.protocol.model import RunState
from ui.widgets.icons import Status

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
