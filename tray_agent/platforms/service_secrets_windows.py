"""The passwords of the Windows service: encrypted for this machine, readable for few."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ntsecuritycon
import pywintypes
import win32crypt
import win32security

from tray_agent.platforms.files import write_whole
from tray_agent.platforms.service import ServiceState
from tray_agent.platforms.service_secrets import ServiceSecrets
from tray_agent.platforms.service_windows import WindowsServices

_FOR_THIS_MACHINE = 0x4  # CRYPTPROTECT_LOCAL_MACHINE
_WITHOUT_ASKING = 0x1  # CRYPTPROTECT_UI_FORBIDDEN
_PURPOSE = b"vitoclient-Services service secrets"
_SYSTEM = "S-1-5-18"
_ADMINISTRATORS = "S-1-5-32-544"


class ProtectedFile(ServiceSecrets):
    """A file encrypted by DPAPI for this machine; its access list names who may open it at all.

    Args:
        file: where it is.
        service: the service whose account may read it.
    """

    def __init__(self, file: Path, service: str) -> None:
        super().__init__(file)
        self._service = service

    def _read(self) -> dict[str, str]:
        try:
            sealed = self._file.read_bytes()
        except FileNotFoundError:
            return {}
        if not sealed:  # made, but the process ended before it was filled
            return {}
        opened = win32crypt.CryptUnprotectData(sealed, _PURPOSE, None, None, _WITHOUT_ASKING)[1]
        return {str(key): str(value) for key, value in json.loads(opened).items()}

    def _write(self, values: Mapping[str, str]) -> None:
        # Encrypted for the machine, not for a person: the service's account must open what an administrator wrote.
        sealed = win32crypt.CryptProtectData(json.dumps(values).encode(), None, _PURPOSE, None, None, _FOR_THIS_MACHINE | _WITHOUT_ASKING)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        if not self._file.exists():  # closed to others before the first password is in it
            self._file.touch()
            self._restrict()
        write_whole(self._file, sealed)
        self._restrict()  # the new file took its access list from the folder

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
    status = WindowsServices(service).status()
    account = f"NT SERVICE\\{service}" if status.state is ServiceState.NOT_INSTALLED else status.account
    try:
        found: Any = win32security.LookupAccountName("", account)[0]
    except pywintypes.error:  # the virtual account is there only with its service
        return None
    return found
