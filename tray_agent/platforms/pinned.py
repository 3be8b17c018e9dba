"""Folders that others may write to: nothing that somebody planted there is followed.

Who may write to a shared folder may put a symbolic link, a junction or a hard link where a file of ours will stand, at any moment, and
have us overwrite, empty or remove what only we may write. So folders are held while they are worked in, and files are opened as
what they are.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tray_agent.platforms.files import extended

PLANTED = frozenset({errno.ELOOP, errno.EMLINK})
"""The errors for what is refused here: a link in the way, a file with a second name."""


def is_planted(error: OSError) -> bool:
    """Returns whether an error means that a link stands where a file or folder of ours should."""
    return error.errno in PLANTED


@contextmanager
def pinned(folder: Path, below: Path | None = None, *, make: bool = False) -> Iterator[Path]:
    """Holds a folder, and gives a path to it that nobody can turn within the block, whatever is renamed or linked meanwhile.

    Args:
        folder: which.
        below: a folder above it, which is trusted as it is; every one between the two must be a folder itself, no link. None: ``folder``.
        make: whether to make what is missing.

    Raises:
        OSError: ``ELOOP`` where a link or junction is in the way; else what the system says.
    """
    trusted = folder if below is None else below
    if make:
        Path(extended(trusted)).mkdir(parents=True, exist_ok=True)
    with ExitStack() as holding:
        yield _pin(holding, trusted, folder.relative_to(trusted).parts, make=make)


def open_plain(file: Path, *, write: bool = False) -> int:
    """Opens a file for reading, or for reading and writing (made where it is missing), and returns its descriptor; never through a link.

    Raises:
        OSError: ``ELOOP`` where a link or anything but a file stands there, ``EMLINK`` where it is to be written and has a second name.
    """
    descriptor = _open(file, write=write)
    try:
        _check(os.fstat(descriptor), file, write=write)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check(found: os.stat_result, file: Path, *, write: bool) -> None:
    is_link = bool(getattr(found, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_REPARSE_POINT)
    if is_link or not stat.S_ISREG(found.st_mode):
        raise _planted(errno.ELOOP, file)
    if write and found.st_nlink > 1:
        raise _planted(errno.EMLINK, file)


def _planted(number: int, path: Path | str) -> OSError:
    return OSError(number, os.strerror(number), str(path))


if sys.platform == "win32":
    import msvcrt

    import pywintypes
    import win32con
    import win32file

    _NOT_THROUGH_LINKS = 0x0020_0000
    """FILE_FLAG_OPEN_REPARSE_POINT"""

    def _pin(holding: ExitStack, trusted: Path, parts: tuple[str, ...], *, make: bool) -> Path:
        # Held without sharing the right to remove or rename: so it stays what it is. While a file of ours lies in it, it can't become a
        # junction either, for Windows wants an empty folder for that.
        folder = trusted
        for part in parts:
            folder /= part
            if make:
                with suppress(FileExistsError):
                    os.mkdir(extended(folder))  # noqa: PTH102 - extended
            handle = _handle(folder, win32con.GENERIC_READ, win32con.OPEN_EXISTING, win32con.FILE_FLAG_BACKUP_SEMANTICS)
            holding.callback(handle.Close)
            attributes = win32file.GetFileInformationByHandle(int(handle))[0]
            if attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT:
                raise _planted(errno.ELOOP, folder)
            if not attributes & stat.FILE_ATTRIBUTE_DIRECTORY:
                raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
        return folder

    def _open(file: Path, *, write: bool) -> int:
        access = win32con.GENERIC_READ | (win32con.GENERIC_WRITE if write else 0)
        handle = _handle(file, access, win32con.OPEN_ALWAYS if write else win32con.OPEN_EXISTING, 0)
        return msvcrt.open_osfhandle(int(handle.Detach()), os.O_BINARY | (os.O_RDWR if write else os.O_RDONLY))

    def _handle(path: Path, access: int, disposition: int, flags: int) -> pywintypes.HANDLEType:
        shared = win32con.FILE_SHARE_READ | win32con.FILE_SHARE_WRITE
        try:
            return win32file.CreateFile(extended(path), access, shared, None, disposition, flags | _NOT_THROUGH_LINKS, None)
        except pywintypes.error as error:
            raise OSError(None, error.strerror, str(path), error.winerror) from error

else:

    def _pin(holding: ExitStack, trusted: Path, parts: tuple[str, ...], *, make: bool) -> Path:
        descriptor = os.open(trusted, os.O_RDONLY | os.O_DIRECTORY)
        holding.callback(os.close, descriptor)
        for part in parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=descriptor)
            descriptor = _folder_in(descriptor, part)
            holding.callback(os.close, descriptor)
        return Path(f"/proc/self/fd/{descriptor}")  # the folder itself, whatever its name leads to by now

    def _folder_in(parent: int, name: str) -> int:
        try:
            return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=parent)
        except NotADirectoryError as error:
            if stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                raise _planted(errno.ELOOP, name) from error
            raise

    def _open(file: Path, *, write: bool) -> int:
        # Not blocking: what was planted may be a pipe that nobody writes to.
        flags = (os.O_RDWR | os.O_CREAT if write else os.O_RDONLY) | os.O_NOFOLLOW | os.O_NONBLOCK
        return os.open(file, flags, 0o666)
