"""A bar on the terminal for the transfers: appears only for what takes longer."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from tray_agent.downloads.progress import DownloadProgress
from tray_agent.downloads.words import progress_text

_BEAT = 0.2


class TransferBar:
    """Shows a ``DownloadProgress`` until the end of a ``with`` block.

    Args:
        progress: what to show.
        after: seconds before the bar appears.
    """

    def __init__(self, progress: DownloadProgress, after: float) -> None:
        self._progress = progress
        self._after = after
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, name="progress-bar", daemon=True)

    def __enter__(self) -> Self:
        """Begins to watch."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Takes the bar away."""
        self._ended.set()
        self._thread.join()

    def _show(self) -> None:
        if self._ended.wait(self._after):
            return
        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[amount]}"))
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            bar = bars.add_task("", total=None, amount="")
            while not self._ended.wait(_BEAT):
                now = self._progress.snapshot()
                names = ", ".join(file.title for file in now.files if file.done < file.total)
                bars.update(bar, completed=now.done, total=now.total or None, description=escape(names), amount=progress_text(now))
