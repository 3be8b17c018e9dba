"""Starting an installer, or showing a file, as the system does for a person."""

from __future__ import annotations

import sys

from tray_agent.downloads.model import Starter


def starter() -> Starter:
    """Returns this system's starter."""
    if sys.platform == "win32":
        from tray_agent.platforms.starter_windows import WindowsStarter

        return WindowsStarter()
    from tray_agent.platforms.starter_linux import LinuxStarter

    return LinuxStarter()
