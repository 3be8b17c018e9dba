"""The passwords of the Windows service: encrypted for this machine, readable for few."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import json
import os
from pathlib import Path
from typing import Any

import ntsecuritycon
import pywintypes
import win32crypt
import win32security

from tray_agent.config.secrets import variable_of
from tray_agent.platforms.files import write_whole
from tray_agent.platforms.service_secrets import check_password, no_rights

_FOR_THIS_MACHINE = 0x4  # CRYPTPROTECT_LOCAL_MACHINE
_WITHOUT_ASKING = 0x1  # CRYPTPROTECT_UI_FORBIDDEN
_PURPOSE = b"vitoclient-Services service secrets"
_SYSTEM = "S-1-5-18"
_ADMINISTRATORS = "S-1-5-32-544"


class ProtectedFile:
    """A file encrypted by DPAPI for this machine; its access list names who may open it at all.

    Args:
        file: where it is.
        service: the service whose account may read it.
    """

    def __init__(self, file: Path, service: str) -> None:
        self._file = file
        self._service = service

    def set(self, name: str, value: str) -> None:
        """Keeps a password, or takes it away.

        Raises:
            RightsMissingError: not an administrator.
            InputError: the value has a line break.
        """
        values = self._read() | {variable_of(name): check_password(name, value)}
        kept = json.dumps({key: password for key, password in values.items() if password})
        sealed = win32crypt.CryptProtectData(kept.encode(), None, _PURPOSE, None, None, _FOR_THIS_MACHINE | _WITHOUT_ASKING)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if not self._file.exists():
                self._file.touch()
                self._restrict()
            write_whole(self._file, sealed)
            self._restrict()
        except PermissionError as error:
            raise no_rights(self._file) from error

    def variables(self) -> frozenset[str]:
        """Returns the names of the variables that are kept.

        Raises:
            RightsMissingError: not an administrator.
        """
        return frozenset(self._read())

    def into_environment(self) -> None:
        """Puts the passwords into this process's environment."""
        os.environ.update(self._read())

    def _read(self) -> dict[str, str]:
        try:
            sealed = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        except PermissionError as error:
            raise no_rights(self._file) from error
        if not sealed:
            return {}
        opened = win32crypt.CryptUnprotectData(sealed, _PURPOSE, None, None, _WITHOUT_ASKING)[1]
        return {str(key): str(value) for key, value in json.loads(opened).items()}

    def _restrict(self) -> None:
        """Lets administrators, the system and the service's account open the file, nobody else; inherits nothing."""
        allowed = win32security.ACL()
        for sid in (_SYSTEM, _ADMINISTRATORS):
            allowed.AddAccessAllowedAce(win32security.ACL_REVISION, ntsecuritycon.FILE_ALL_ACCESS, win32security.ConvertStringSidToSid(sid))
        account = _service_account(self._service)
        if account is not None:
            allowed.AddAccessAllowedAce(win32security.ACL_REVISION, ntsecuritycon.FILE_GENERIC_READ, account)
        win32security.SetNamedSecurityInfo(
            str(self._file),
            win32security.SE_FILE_OBJECT,
            win32security.DACL_SECURITY_INFORMATION | win32security.PROTECTED_DACL_SECURITY_INFORMATION,
            None,
            None,
            allowed,
            None,
        )


def _service_account(service: str) -> Any:  # noqa: ANN401 - pywin32's SID
    """Returns the account that the service runs under: the one it was made with, else the virtual one of its name."""
    from tray_agent.platforms.service import ServiceState
    from tray_agent.platforms.service_windows import WindowsServices

    status = WindowsServices(service).status()
    account = f"NT SERVICE\\{service}" if status.state is ServiceState.NOT_INSTALLED else status.account
    try:
        found: Any = win32security.LookupAccountName("", account)[0]
    except pywintypes.error:  # the virtual account is there only with its service
        return None
    return found
