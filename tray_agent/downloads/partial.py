"""A file on its way: ``NAME.part`` with the bytes so far, ``NAME.resume`` with what is needed to go on, and the lock.

The order of the steps makes every moment safe to be killed in: the note is written only while the partial file is
empty, so that bytes never stand under the note of another file; the finished file appears by
renaming; the note is removed last. Whatever is left behind is used or removed by the next who takes the lock. A power
cut may lose the note: then the file is fetched from its beginning.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO, RawIOBase
from pathlib import Path
from typing import IO

from tray_agent.downloads.model import Hashes
from tray_agent.platforms import files
from tray_agent.platforms.locks import locked
from tray_agent.platforms.pinned import open_plain, pinned

PART = ".part"
NOTE = ".resume"
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
        with os.fdopen(open_plain(file), "rb", buffering=0) as opened:
            if opened.seek(0, 2) != size:  # of the open file, not of its name: that may be another one by now
                return False
            opened.seek(0)
            checksums = Checksums(hashes)
            checksums.read(opened, beat)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    return checksums.length == size and checksums.match()


def file_time(file: Path) -> int | None:
    """Returns when a file was last modified, in nanoseconds; None where there is none. Of a link it is the link's own time."""
    try:
        return Path(files.extended(file)).lstat().st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return None


class PartialFile:
    """The partial file of one destination, while its lock is held. Made by ``taken``."""

    def __init__(self, destination: Path, size: int, hashes: Hashes, note: IO[bytes]) -> None:
        self.destination = destination
        self.total = size
        self.restarts = 0
        self._hashes = hashes
        self._identity = {"size": size, "hashes": [list(pair) for pair in hashes]}
        self._note = note
        self._part = beside(destination, PART)
        self._out: FileIO | None = None
        self._checksums = Checksums(hashes)

    @property
    def length(self) -> int:
        """Returns how many bytes are here."""
        return self._checksums.length

    @property
    def complete(self) -> bool:
        """Returns whether all bytes are here."""
        return self.length == self.total

    def take_up(self, beat: Callable[[], None]) -> None:
        """Goes on where an earlier transfer of the same file ended; else begins with nothing.

        Args:
            beat: called after every megabyte that is read; may raise to stop.
        """
        if not self._is_noted() or not self._part.exists():
            self._empty()
            return
        self._checksums.read(self._open(), beat)
        if self.length > self.total:
            self._empty()

    def restart(self) -> None:
        """Begins again with nothing."""
        # Emptied first, noted then: bytes must never stand under the note of another file.
        if self.length:
            self.restarts += 1
        self._empty()
        self._write_note()

    def append(self, piece: memoryview) -> None:
        """Adds the next bytes."""
        out = self._open()
        rest = piece
        while rest:
            rest = rest[out.write(rest) :]
        self._checksums.update(piece)

    def is_genuine(self) -> bool:
        """Returns whether length and every hash are as signed."""
        return self.complete and self._checksums.match()

    def finish(self, *, mark: bool = False) -> int:
        """Puts the whole file in its place: synced, renamed, the note removed.

        Args:
            mark: whether to mark it as one from the internet, where the system does that.

        Returns:
            The modification time of the bytes that were hashed, in nanoseconds.
        """
        out = self._open()
        files.sync_file(out.fileno())
        hashed = os.fstat(out.fileno())
        self.close()
        if not os.path.samestat(hashed, self._part.lstat()):  # another file stands under the name by now: not what was hashed
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self._part))
        if mark:
            files.mark_as_downloaded(self._part)
        # Not before it is closed, for Windows may write the time only then; not after it is renamed, for then another may have written.
        file_time = self._part.stat().st_mtime_ns
        files.replace(self._part, self.destination)
        self._remove_note()
        return file_time

    def discard(self) -> None:
        """Removes the partial file and its note."""
        self.close()
        files.remove(self._part)
        self._checksums = Checksums(self._hashes)
        self._remove_note()

    def leave(self) -> None:
        """Closes the partial file; it stays for the next time if it holds anything."""
        self.close()
        if self.length == 0:
            self.discard()

    def close(self) -> None:
        """Closes the partial file; it stays."""
        if self._out is not None:
            self._out.close()
            self._out = None

    def _open(self) -> FileIO:
        if self._out is None:
            self._out = FileIO(open_plain(self._part, write=True), "r+b")  # unbuffered: after a kill, the file holds all that was counted
        return self._out

    def _empty(self) -> None:
        out = self._open()
        out.seek(0)
        out.truncate()
        self._checksums = Checksums(self._hashes)

    def _is_noted(self) -> bool:
        """Returns whether the note is of this file."""
        self._note.seek(0)
        try:
            note = json.loads(self._note.read() or b"null")
        except ValueError:
            return False
        return isinstance(note, dict) and {key: note.get(key) for key in self._identity} == self._identity

    def _write_note(self) -> None:
        self._note.seek(0)
        self._note.truncate()
        self._note.write(json.dumps(self._identity).encode())

    def _remove_note(self) -> None:
        self._note.seek(0)
        self._note.truncate()
        _remove_closed(self.destination)


@contextmanager
def taken(destination: Path, size: int, hashes: Hashes, below: Path | None = None) -> Iterator[PartialFile]:
    """Takes the lock of a destination and gives its partial file; one without a byte is not left behind.

    Args:
        destination: where the file shall be.
        size: bytes.
        hashes: as signed.
        below: the folder above it that is trusted as it is; between the two no link is followed. None: the destination's own folder.

    Raises:
        LockedError: another process or workstation is fetching the same file.
        OSError: the folder can't be written, or a link stands in the way (``is_planted``).
    """
    with pinned(destination.parent, below, make=True) as folder, _taken(folder / destination.name, size, hashes) as partial:
        yield partial


@contextmanager
def _taken(destination: Path, size: int, hashes: Hashes) -> Iterator[PartialFile]:
    try:
        with locked(beside(destination, NOTE)) as note:
            partial = PartialFile(destination, size, hashes, note)
            try:
                yield partial
            finally:
                partial.leave()
    finally:
        if sys.platform == "win32" and not beside(destination, PART).exists():
            _remove_closed(destination)


def beside(destination: Path, suffix: str) -> Path:
    """Returns the partial file or the note of a destination, by a path that may be long."""
    return Path(files.extended(destination.with_name(destination.name + suffix)))


def _remove_closed(destination: Path) -> None:
    """Removes the note. Windows refuses that while anybody has it open, and so protects the lock of another."""
    with suppress(PermissionError):
        beside(destination, NOTE).unlink(missing_ok=True)
