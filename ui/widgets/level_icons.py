"""The icons before the levels of the activity log."""

from __future__ import annotations

from collections.abc import Mapping

from tray_agent.protocol.model import Level
from ui.widgets.icons import Status

LEVEL_ICONS: Mapping[Level, Status] = {Level.INFO: Status.INFO, Level.WARNING: Status.WARNING, Level.ERROR: Status.ERROR}
"""The icon of each level."""
