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

from tray_agent.platforms.pinned import open_plain

_FAR = 0x7FFF_0000
"""Where the locked byte is: behind the end of every such file, and within what Windows' C library can lock."""


class LockedError(Exception):
    """Another process or workstation holds the lock."""


@contextmanager
def locked(file: Path) -> Iterator[IO[bytes]]:
    """Opens a file for reading and writing, made where missing, and holds its lock to the end of the block.

    The file may be removed within the block; whoever comes then locks a new one.

    Raises:
        LockedError: another holds it.
        OSError: the file can't be opened, or a link stands in its place.
    """
    while True:
        # The file may be removed between opening and locking; then what we hold is nobody else's, and we begin again.
        with _opened(file) as opened:
            _lock(opened)
            try:
                if _is_there(file, opened):
                    yield opened
                    return
            finally:
                _unlock(opened)


def _opened(file: Path) -> IO[bytes]:
    """Opens or makes a file with the rights that others here have: whoever shares the folder must be able to take the lock."""
    return os.fdopen(open_plain(file, write=True), "r+b", buffering=0)


def _is_there(file: Path, opened: IO[bytes]) -> bool:
    """Returns whether what we locked is still what others find under the name."""
    try:
        return os.path.samestat(file.stat(), os.fstat(opened.fileno()))
    except FileNotFoundError:
        return False


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
