"""The ``Run`` keys: what Windows starts at login. The user's own (HKEY_CURRENT_USER) needs no rights.

The installer writes the same name into the user's key, or into the machine's (HKEY_LOCAL_MACHINE) where it installs for
all; that one only an administrator may change.
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import winreg

from tray_agent.i18n import _
from tray_agent.platforms.errors import PlatformError
from tray_agent.platforms.programs import quoted

RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED_KEY = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
"""Where the Task Manager notes that a user switched an entry off: a value whose first byte is odd."""


class RunKeyAutostart:
    """A value below the user's ``Run`` key, its path quoted.

    Args:
        command: the program and its arguments.
        name: the value's name.
    """

    def __init__(self, command: tuple[str, ...], name: str) -> None:
        self._command = quoted(command)
        self._name = name

    def is_enabled(self) -> bool:
        """Returns whether the value holds this command and the user did not switch it off in the Task Manager."""
        return _read(winreg.HKEY_CURRENT_USER, RUN_KEY, self._name) == self._command and not self._is_switched_off(winreg.HKEY_CURRENT_USER)

    def is_enabled_for_all(self) -> bool:
        """Returns whether the machine's key has the value and nobody switched it off in the Task Manager."""
        root = winreg.HKEY_LOCAL_MACHINE
        return _read(root, RUN_KEY, self._name) is not None and not self._is_switched_off(root)

    def enable(self) -> None:
        """Writes the value, and takes back what the Task Manager noted.

        Raises:
            PlatformError: a policy forbids it.
        """
        try:
            with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, RUN_KEY, 0, winreg.KEY_SET_VALUE) as key:
                winreg.SetValueEx(key, self._name, 0, winreg.REG_SZ, self._command)
            _delete(APPROVED_KEY, self._name)  # else the Task Manager's "off" would outlast our "on"
        except OSError as error:
            raise _refused(error) from error

    def disable(self) -> None:
        """Removes the value.

        Raises:
            PlatformError: a policy forbids it.
        """
        try:
            _delete(RUN_KEY, self._name)
        except OSError as error:
            raise _refused(error) from error

    def _is_switched_off(self, root: int) -> bool:
        noted = _read(root, APPROVED_KEY, self._name)
        return isinstance(noted, bytes) and len(noted) > 0 and noted[0] % 2 == 1


def _read(root: int, key_path: str, name: str) -> object:
    try:
        with winreg.OpenKey(root, key_path) as key:
            return winreg.QueryValueEx(key, name)[0]
    except FileNotFoundError:
        return None


def _delete(key_path: str, name: str) -> None:
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key_path, 0, winreg.KEY_SET_VALUE) as key:
            winreg.DeleteValue(key, name)
    except FileNotFoundError:
        return


def _refused(error: OSError) -> PlatformError:
    return PlatformError(
        _("Autostart nicht geändert"),
        _("Windows lässt den Eintrag im Autostart nicht ändern: {why}.").format(why=error.strerror),
        _("Den Systemadministrator fragen, ob eine Richtlinie das verbietet."),
        item=RUN_KEY,
    )
