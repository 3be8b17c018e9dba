"""Length and hashes of files against the signed metadata."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from io import RawIOBase
from pathlib import Path

from tray_agent.downloads.model import Hashes
from tray_agent.platforms.files import extended

BLOCK = 1024 * 1024


class Checksums:
    """Computes every hash that the signed metadata names, while the bytes pass by."""

    def __init__(self, expected: Hashes) -> None:
        self._expected = expected
        self._running = [hashlib.new(algorithm) for algorithm, _digest in expected]
        self.length = 0

    def update(self, piece: bytes | memoryview) -> None:
        """Takes the next bytes."""
        self.length += len(piece)
        for running in self._running:
            running.update(piece)

    def read(self, opened: RawIOBase, beat: Callable[[], None]) -> None:
        """Takes what an open file holds from here on; ``beat`` is called after every megabyte and may raise to stop."""
        room = memoryview(bytearray(BLOCK))
        while count := opened.readinto(room):
            self.update(room[:count])
            beat()

    def match(self) -> bool:
        """Returns whether every hash of what passed by is the expected one; False where there is none to compare."""
        pairs = zip(self._expected, self._running, strict=True)
        return bool(self._expected) and all(hmac.compare_digest(digest.lower(), running.hexdigest()) for (_name, digest), running in pairs)


def is_genuine(file: Path, size: int, hashes: Hashes, beat: Callable[[], None] = lambda: None) -> bool:
    """Returns whether a file is there, has exactly this length, and every hash matches.

    Args:
        file: the file; one that is missing is not genuine.
        size: bytes.
        hashes: as signed.
        beat: called after every megabyte; may raise to stop.

    Raises:
        OSError: the file is there and can't be read.
    """
    try:
        with Path(extended(file)).open("rb", buffering=0) as opened:
            if opened.seek(0, 2) != size:  # of the open file, not of its name: that may be another one by now
                return False
            opened.seek(0)
            checksums = Checksums(hashes)
            checksums.read(opened, beat)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    return checksums.length == size and checksums.match()


def file_time(file: Path) -> int | None:
    """Returns when a file was last modified, in nanoseconds; None where there is none."""
    try:
        return Path(extended(file)).stat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return None
