"""A double of what starts and shows files."""

from __future__ import annotations

from pathlib import Path

from tray_agent.downloads.model import FileKind


class TrialStarter:
    """Starts nothing: remembers, and ends as it was told."""

    def __init__(self, exit_code: int | None = 0, error: OSError | None = None) -> None:
        self.exit_code = exit_code
        self.error = error
        self.started: list[tuple[str, FileKind]] = []
        self.shown: list[str] = []

    def start(self, file: Path, kind: FileKind) -> int | None:
        if self.error:
            raise self.error
        self.started.append((file.name, kind))
        return self.exit_code

    def show(self, file: Path) -> None:
        if self.error:
            raise self.error
        self.shown.append(file.name)
