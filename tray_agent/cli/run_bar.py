"""The bar that shows how far a run is, once it takes longer than a moment."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from tray_agent.jobs.events import Event, RunProgressed


class RunBar:
    """Shows the progress of one run on the error stream, so that the output stays clean.

    Args:
        after: seconds from which on something is shown.
    """

    def __init__(self, after: float) -> None:
        self._after = after
        self._began = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(file=sys.stderr), transient=True)
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Returns itself; the bar goes away at the end of the block."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Takes the bar away."""
        if self._task is not None:
            self._progress.stop()

    def show(self, event: Event) -> None:
        """Shows a step of the run."""
        if not isinstance(event, RunProgressed) or time.monotonic() - self._began < self._after:
            return
        if self._task is None:
            self._progress.start()
            self._task = self._progress.add_task("", total=event.total)
        self._progress.update(self._task, completed=event.done, total=event.total, description=event.what)
