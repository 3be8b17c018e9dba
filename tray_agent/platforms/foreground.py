"""Who may come to the front: Windows lets only the program that a person works with give the front away.

A later start of the program is what the person just clicked, so it has that right, and the first program, which is to
show its window, has it not. The later start passes it on before it asks.
"""

from __future__ import annotations

import sys
from typing import Protocol


class Foreground(Protocol):
    """This desktop's rule who may come to the front."""

    def allow(self, process: int | None) -> bool:
        """Passes on the right to come to the front, which this process has, to another.

        Args:
            process: the other's number; None: to whichever asks next.

        Returns:
            Whether the desktop passed it on. Where it did not, the other's button in the taskbar flashes instead.
        """
        ...

    def take(self, window: int) -> bool:
        """Brings a window of this process to the front and gives it the keyboard.

        Args:
            window: its handle (Qt: ``winId``).

        Returns:
            Whether it is in front now.
        """
        ...


class AnyoneMay:
    """A desktop without such a rule: Qt alone brings windows to the front."""

    def allow(self, process: int | None) -> bool:
        """Returns True: nothing is to be passed on."""
        return True

    def take(self, window: int) -> bool:
        """Returns False: nothing was done."""
        return False


def foreground() -> Foreground:
    """Returns this system's rule."""
    if sys.platform == "win32":
        from tray_agent.platforms.foreground_windows import WindowsForeground

        return WindowsForeground()
    return AnyoneMay()
