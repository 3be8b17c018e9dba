"""The passwords of the service: its account has no keyring that a person could fill, so they lie in a protected file.

Linux: an environment file that only root may read; systemd gives its values to the service. Windows: a file encrypted
for this machine (DPAPI) that only administrators, the system and the service's account may read.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Protocol

from tray_agent.config.secrets import variable_of
from tray_agent.errors import InputError
from tray_agent.i18n import _
from tray_agent.platforms.errors import RightsMissingError
from tray_agent.platforms.service import SERVICE_NAME

_LINE = re.compile(r'^(VITOCLIENT_SECRET_[A-Z0-9_]+)="((?:[^"\\]|\\.)*)"$')


class ServiceSecrets(Protocol):
    """Where the passwords of the service are."""

    def set(self, name: str, value: str) -> None:
        """Keeps a password for the service, which reads it at its next start.

        Args:
            name: as in ``tray_agent.config.secrets``: ``gateway/MANDANT``, ``mail``, ``store``, ``practice``.
            value: the password; "" takes it away.

        Raises:
            RightsMissingError: this account may not write there.
            InputError: the value can't be a password (line breaks).
        """
        ...

    def variables(self) -> frozenset[str]:
        """Returns the environment variables that are kept; never their values.

        Raises:
            RightsMissingError: this account may not read there.
        """
        ...

    def into_environment(self) -> None:
        """Puts the passwords into this process's environment, where the secrets are looked up first."""
        ...


def service_secrets(config: Path, *, service: str = SERVICE_NAME) -> ServiceSecrets:
    """Returns where the passwords of the service are.

    Args:
        config: the configuration file of the service; on Windows the passwords lie beside it.
        service: the service's name; its account may read them.
    """
    if sys.platform == "win32":
        from tray_agent.platforms.service_secrets_windows import ProtectedFile

        return ProtectedFile(config.with_name("service-secrets.bin"), service)
    from tray_agent.platforms.service_linux import SECRETS

    return EnvironmentFile(SECRETS)


class EnvironmentFile:
    """A file as systemd's ``EnvironmentFile=`` reads it, for its owner's eyes only."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def set(self, name: str, value: str) -> None:
        """Keeps a password, or takes it away.

        Raises:
            RightsMissingError: not root.
            InputError: the value has a line break.
        """
        values = self._read() | {variable_of(name): check_password(name, value)}
        lines = [f'{key}="{_escaped(kept)}"\n' for key, kept in sorted(values.items()) if kept]
        try:
            self._file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            beside = self._file.with_suffix(".new")
            beside.unlink(missing_ok=True)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as out:
                out.writelines(lines)
                out.flush()
                os.fsync(descriptor)
            beside.replace(self._file)
        except PermissionError as error:
            raise no_rights(self._file) from error

    def variables(self) -> frozenset[str]:
        """Returns the names of the variables in the file.

        Raises:
            RightsMissingError: not root.
        """
        return frozenset(self._read())

    def into_environment(self) -> None:
        """Does nothing: systemd has done it before the service started."""

    def _read(self) -> dict[str, str]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        except PermissionError as error:
            raise no_rights(self._file) from error
        return {match[1]: re.sub(r"\\(.)", r"\1", match[2]) for line in lines if (match := _LINE.match(line))}


def check_password(name: str, value: str) -> str:
    """Returns ``value``.

    Raises:
        InputError: it has a line break or another control character.
    """
    if any(ord(sign) < 32 for sign in value):
        raise InputError(
            _("Passwort nicht gespeichert"),
            _("Das Passwort «{name}» enthält einen Zeilenumbruch oder ein Steuerzeichen.").format(name=name),
            _("Das Passwort ohne solche Zeichen eingeben."),
            item=name,
        )
    return value


def no_rights(file: Path) -> RightsMissingError:
    """Returns the error of an account that may not read or write the passwords."""
    return RightsMissingError(
        _("Rechte fehlen"),
        _("{file} darf nur der Administrator lesen und schreiben.").format(file=file),
        _("Den Befehl als Administrator (Linux: mit «sudo») wiederholen."),
        item=str(file),
    )


def _escaped(value: str) -> str:
    return re.sub(r'(["\\$`])', r"\\\1", value)
