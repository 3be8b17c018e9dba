"""What the hand-over to an installer asks of the system, and how it may end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from tray_agent.downloads.catalogue import FileKind


class Starter(Protocol):
    """Starts files as the system does for a person; elevation is the system's business."""

    def start(self, file: Path, kind: FileKind) -> int | None:
        """Starts an installer and waits for its end.

        Args:
            file: a verified file in the download folder.
            kind: ``MSI`` (through msiexec) or ``EXE``.

        Returns:
            The exit code, or None where the system does not tell.

        Raises:
            OSError: it could not be started (no such kind of program here, a person declined the elevation).
        """
        ...

    def show(self, file: Path) -> None:
        """Shows a file, or a folder, in the system's file window.

        Raises:
            OSError: there is nothing to show it with.
        """
        ...


class InstallOutcome(StrEnum):
    """How a hand-over ended."""

    INSTALLED = "installed"
    RESTART_NEEDED = "restart_needed"
    """Installed; Windows must be restarted (msiexec 3010, 1641)."""

    SHOWN = "shown"
    """A file that is no installer was shown."""

    STARTED = "started"
    """Started; the system does not tell how it ended."""

    CANCELLED = "cancelled"
    """The person closed the installer (msiexec 1602) or declined the elevation."""

    FAILED = "failed"
    """The installer ended with an error."""


@dataclass(frozen=True, slots=True)
class InstallResult:
    """What became of a hand-over.

    Attributes:
        element, version, title: what was handed over.
        outcome: how it ended.
        exit_code: the installer's, or None.
        publisher: who signed the file, or "".
        restart_practice_software: whether to tell that the practice software must be closed and started again.
        sentence: all this in words for people.
    """

    element: str
    version: str
    title: str
    outcome: InstallOutcome
    exit_code: int | None
    publisher: str
    restart_practice_software: bool
    sentence: str
