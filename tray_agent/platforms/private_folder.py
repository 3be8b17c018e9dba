"""A fresh folder that only this user may write to: what starts there finds nothing beside it that anybody else put there."""

from __future__ import annotations

import shutil
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tray_agent.platforms.files import extended
from tray_agent.platforms.pinned import pinned

_PREFIX = "start-"
_LEFT_BEHIND = 24 * 3600
"""Seconds after which a folder is taken for one that a killed process left behind; one that is in use can't be removed on Windows."""


@contextmanager
def private_folder(base: Path) -> Iterator[Path]:
    """Makes an empty folder that only this user (and the system's administrators) may write to, and removes it in the end.

    It is held: nobody can exchange it, or a folder above it up to ``base``, within the block.

    Args:
        base: where such folders are made; it is made where it is missing.

    Raises:
        OSError: it can't be made, or a link stands in the way.
    """
    Path(extended(base)).mkdir(parents=True, exist_ok=True)
    _clear(base)
    folder = base / f"{_PREFIX}{uuid.uuid4().hex}"
    _make(folder)
    try:
        with pinned(folder, base.parent) as held:
            yield held
    finally:
        shutil.rmtree(extended(folder), ignore_errors=True)


def _clear(base: Path) -> None:
    """Removes what killed processes left behind."""
    for folder in base.glob(f"{_PREFIX}*"):
        if time.time() - folder.lstat().st_mtime > _LEFT_BEHIND:
            shutil.rmtree(extended(folder), ignore_errors=True)


if sys.platform == "win32":
    import pywintypes
    import win32api
    import win32con
    import win32file
    import win32security

    def _make(folder: Path) -> None:
        try:
            win32file.CreateDirectory(extended(folder), _only_this_user())
        except pywintypes.error as error:
            raise OSError(None, error.strerror, str(folder), error.winerror) from error

    def _only_this_user() -> Any:  # noqa: ANN401 - a type without a name
        """Returns the rights: this user, the system and administrators all, nobody else any; nothing comes from the folder above."""
        token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32con.TOKEN_QUERY)
        user = win32security.ConvertSidToStringSid(win32security.GetTokenInformation(token, win32security.TokenUser)[0])
        rights = "".join(f"(A;OICI;FA;;;{who})" for who in (user, "SY", "BA"))
        attributes = pywintypes.SECURITY_ATTRIBUTES()
        attributes.SECURITY_DESCRIPTOR = win32security.ConvertStringSecurityDescriptorToSecurityDescriptor(
            f"D:P{rights}", win32security.SDDL_REVISION_1
        )
        return attributes

else:

    def _make(folder: Path) -> None:
        folder.mkdir(mode=0o700)
