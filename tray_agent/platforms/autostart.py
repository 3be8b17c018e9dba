"""Starting the tray program when the user logs in; per user, never for the whole machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol

from tray_agent.config.machine import APPLICATION
from tray_agent.platforms.programs import tray_program


class Autostart(Protocol):
    """Whether the tray program starts with the user's session."""

    def is_enabled(self) -> bool:
        """Returns whether it starts at the next login, with the command of this installation."""
        ...

    def enable(self) -> None:
        """Makes it start at login from now on; corrects the command of an older installation.

        Raises:
            PlatformError: the operating system refuses.
        """
        ...

    def disable(self) -> None:
        """Keeps it from starting at login; does nothing where it does not start.

        Raises:
            PlatformError: the operating system refuses.
        """
        ...


class MemoryAutostart:
    """The test double: remembers."""

    def __init__(self, *, enabled: bool = False) -> None:
        self._enabled = enabled

    def is_enabled(self) -> bool:
        """Returns what was said last."""
        return self._enabled

    def enable(self) -> None:
        """Remembers that it starts."""
        self._enabled = True

    def disable(self) -> None:
        """Remembers that it does not start."""
        self._enabled = False


def autostart(command: tuple[str, ...] | None = None, *, name: str = APPLICATION) -> Autostart:
    """Returns this system's autostart.

    Args:
        command: what starts at login; the tray program of this installation by default.
        name: the entry's name.
    """
    command = command or tray_program()
    if sys.platform == "win32":
        from tray_agent.platforms.autostart_windows import RunKeyAutostart

        return RunKeyAutostart(command, name)
    from tray_agent.platforms.autostart_linux import XdgAutostart

    return XdgAutostart(command, name)


def autostart_folder() -> Path:
    """Returns the folder of the XDG autostart files of this user."""
    import platformdirs

    return Path(platformdirs.user_config_dir()) / "autostart"
