"""Starting the tray program when the user logs in: the person's own entry, and the one that the installer made for everybody."""

from __future__ import annotations

from typing import Protocol


class Autostart(Protocol):
    """Whether the tray program starts with the user's session. Only the person's own entry is ever changed."""

    def is_enabled(self) -> bool:
        """Returns whether the person's own entry starts it at the next login, with the command of this installation."""
        ...

    def is_enabled_for_all(self) -> bool:
        """Returns whether an entry for all persons of this machine starts it; its command does not matter."""
        ...

    def enable(self) -> None:
        """Makes it start at the person's login from now on; corrects the command of an older installation.

        Raises:
            PlatformError: the operating system refuses.
        """
        ...

    def disable(self) -> None:
        """Takes the person's own entry away; does nothing where there is none.

        Raises:
            PlatformError: the operating system refuses.
        """
        ...
