"""Locks between processes and workstations: whoever holds the file's lock works, the others are told at once.

The system frees a lock when its process ends, however it ends. On Windows the lock is a byte range far behind the
file's end, which also holds over a share; elsewhere ``flock``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_FAR = 1 << 40


class LockedError(Exception):
    """Another process or workstation holds the lock."""


@contextmanager
def locked(file: Path) -> Iterator[IO[bytes]]:
    """Opens a file for reading and writing, made where missing, and holds its lock to the end of the block.

    Raises:
        LockedError: another holds it.
        OSError: the file can't be opened.
    """
    with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600), "r+b", buffering=0) as opened:
        _lock(opened)
        try:
            yield opened
        finally:
            _unlock(opened)


if sys.platform == "win32":
    import msvcrt

    def _lock(opened: IO[bytes]) -> None:
        opened.seek(_FAR)
        try:
            msvcrt.locking(opened.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise LockedError(opened.name) from error
        finally:
            opened.seek(0)

    def _unlock(opened: IO[bytes]) -> None:
        opened.seek(_FAR)
        msvcrt.locking(opened.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(opened: IO[bytes]) -> None:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockedError(opened.name) from error

    def _unlock(opened: IO[bytes]) -> None:
        fcntl.flock(opened, fcntl.LOCK_UN)
