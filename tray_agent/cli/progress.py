"""A bar on the terminal for the transfers: appears only for what takes longer."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from tray_agent.downloads.progress import DownloadProgress
from tray_agent.downloads.words import progress_text

_SHOW_AFTER = 1.0
"""Seconds after which the bar appears."""

_BEAT = 0.2


@contextmanager
def transfer_bar(progress: DownloadProgress) -> Iterator[None]:
    """Shows how far the transfers are until the end of the block, where the error stream is a terminal."""
    ended = threading.Event()
    shower = threading.Thread(target=_show, args=(progress, ended), name="progress-bar", daemon=True)
    if sys.stderr.isatty():
        shower.start()
    try:
        yield
    finally:
        ended.set()
        if shower.is_alive():
            shower.join()


def _show(progress: DownloadProgress, ended: threading.Event) -> None:
    if ended.wait(_SHOW_AFTER):
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[amount]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("", total=None, amount="")
        while not ended.wait(_BEAT):
            now = progress.snapshot()
            names = ", ".join(file.title for file in now.files if file.done < file.total)
            bars.update(bar, completed=now.done, total=now.total or None, description=escape(names), amount=progress_text(now))
