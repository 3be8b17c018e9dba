"""The names of states in the users' words."""

from __future__ import annotations

from tray_agent.downloads.states import DownloadState
from tray_agent.i18n import _


def state_title(state: DownloadState) -> str:
    """Returns the name of a download's state."""
    return {
        DownloadState.NEW: _("Wird geholt"),
        DownloadState.OFFERED: _("Bereit"),
        DownloadState.STARTED: _("Gestartet"),
        DownloadState.INSTALLED: _("Installiert"),
        DownloadState.SUPERSEDED: _("Ersetzt"),
    }[state]
