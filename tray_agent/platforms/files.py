"""Files that other programs also use: replaced whole, kept safe from a power cut, found by long paths, held while they are used.

On Windows another program (virus scanner, backup, a second workstation on the share) may hold a file open for a
moment; whoever replaces or removes it meets "access denied" or "sharing violation", waits and tries again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from tray_agent.clock import Clock, SystemClock
from tray_agent.i18n import _
from tray_agent.platforms.errors import FileBusyError

PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between the attempts to replace a file that another program holds open: about 3 s in all."""

_BUSY = frozenset({5, 32, 33})
"""Windows: ERROR_ACCESS_DENIED (a reader without delete sharing), ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION."""


def is_busy(error: OSError) -> bool:
    """Returns whether an error means that another program holds the file open; never on Linux."""
    return getattr(error, "winerror", None) in _BUSY


def replace(source: Path, target: Path, *, clock: Clock | None = None) -> None:
    """Renames ``source`` to ``target``, which is replaced at once and whole; waits where the target is held open.

    Both must lie on one drive. The folder is synced where the system can.

    Raises:
        FileBusyError: still held open after about 3 s; both files are as they were.
        OSError: anything else that the system refuses.
    """
    _insist(lambda: Path(extended(source)).replace(extended(target)), target, clock)
    sync_folder(target.parent)


def remove(file: Path, *, clock: Clock | None = None) -> None:
    """Removes a file, if it is there; waits where it is held open.

    Raises:
        FileBusyError: still held open after about 3 s.
        OSError: anything else that the system refuses.
    """
    with contextlib.suppress(FileNotFoundError):
        _insist(lambda: Path(extended(file)).unlink(), file, clock)


def write_whole(target: Path, content: bytes, *, clock: Clock | None = None) -> None:
    """Writes a file so that a reader sees the old or the new content, also after a power cut.

    Raises:
        FileBusyError: held open by another program for about 3 s.
        OSError: anything else that the system refuses; the old content stays.
    """
    beside = target.with_name(f"{target.name}.{uuid.uuid4().hex[:8]}.new")
    try:
        with Path(extended(beside)).open("wb") as out:
            out.write(content)
            sync_file(out.fileno())
        replace(beside, target, clock=clock)
    finally:
        with contextlib.suppress(OSError):
            Path(extended(beside)).unlink(missing_ok=True)


def sync_file(descriptor: int) -> None:
    """Waits until what was written is on the disk; flush Python's own buffer first."""
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Waits until the names in a folder are on the disk, where the system can do that (not on Windows, not on shares)."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def extended(path: Path) -> str:
    r"""Returns a path that may be longer than 260 characters on Windows (``\\?\…``, ``\\?\UNC\…``); elsewhere as it is."""
    if sys.platform != "win32":
        return str(path)
    return extended_windows_path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links


def extended_windows_path(absolute: str) -> str:
    r"""Returns an absolute Windows path in its extended form.

    ``C:\a`` becomes ``\\?\C:\a``, ``\\server\share\a`` becomes ``\\?\UNC\server\share\a``; one that is extended
    already, or names a device (``\\.\…``), stays.
    """
    if absolute.startswith(("\\\\?\\", "\\\\.\\")):
        return absolute
    if absolute.startswith("\\\\"):
        return "\\\\?\\UNC\\" + absolute[2:]
    return "\\\\?\\" + absolute


@contextlib.contextmanager
def held(file: Path) -> Iterator[None]:
    """Keeps everybody from writing, replacing, renaming or removing a file within the block; reading and starting it is free.

    Only on Windows, there also on a share, for other computers too. Other systems can't: there the block just runs.

    Raises:
        OSError: the file is not there, or somebody has it open for writing.
    """
    if sys.platform != "win32":
        yield
        return
    import pywintypes
    import win32con
    import win32file

    try:
        handle = win32file.CreateFile(  # shared for reading alone: whoever wants to write or to remove it is refused
            extended(file), win32con.GENERIC_READ, win32con.FILE_SHARE_READ, None, win32con.OPEN_EXISTING, 0, None
        )
    except pywintypes.error as error:
        raise OSError(None, error.strerror, str(file), error.winerror) from error
    try:
        yield
    finally:
        handle.Close()


def mark_as_downloaded(file: Path) -> None:
    """Marks a file as one from the internet, as browsers do: Office then opens it without macros, Windows asks before it runs anything.

    Only on Windows, and only where the drive keeps such marks.
    """
    if sys.platform != "win32":
        return
    with contextlib.suppress(OSError):
        Path(f"{extended(file)}:Zone.Identifier").write_text("[ZoneTransfer]\r\nZoneId=3\r\n", encoding="ascii", newline="")


def free_bytes(folder: Path) -> int:
    """Returns how many bytes this account may still write below ``folder``, which need not exist yet.

    Raises:
        OSError: the drive or share does not answer.
    """
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _insist(act: Callable[[], object], target: Path, clock: Clock | None) -> None:
    for pause in (*PAUSES, None):
        try:
            act()
        except OSError as error:
            if not is_busy(error):
                raise
            if pause is None:
                raise FileBusyError(
                    _("Datei in Gebrauch"),
                    _("{file} konnte nicht ersetzt werden: von einem anderen Programm geöffnet oder schreibgeschützt.").format(file=target),
                    _("Programme schliessen, die diese Datei benützen; danach wird es wieder versucht."),
                    item=str(target),
                ) from error
            (clock or SystemClock()).wait(threading.Event(), pause)
        else:
            return
