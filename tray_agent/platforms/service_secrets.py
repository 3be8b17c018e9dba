"""The passwords of the service: its account has no keyring that a person could fill, so they lie in a protected file.

Linux: an environment file that only root may read; systemd gives its values to the service. Windows: a file encrypted
for this machine (DPAPI) that only administrators, the system and the service's account may read.
"""

from __future__ import annotations

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tray_agent.config.secrets import variable_of
from tray_agent.errors import InputError
from tray_agent.i18n import _
from tray_agent.platforms.errors import RightsMissingError

SECRETS = Path("/etc/vitoclient-services/secrets.env")
"""Linux: the environment file; the systemd unit names it."""

_LINE = re.compile(r'^(VITOCLIENT_SECRET_[A-Z0-9_]+)="((?:[^"\\]|\\.)*)"$')


class ServiceSecrets(ABC):
    """Where the passwords of the service are.

    Args:
        file: the protected file.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def set(self, name: str, value: str) -> None:
        """Keeps a password for the service, which reads it at its next start.

        Args:
            name: as in ``tray_agent.config.secrets``: ``gateway/MANDANT``, ``mail``, ``store``, ``practice``.
            value: the password; "" takes it away.

        Raises:
            RightsMissingError: this account may not write there.
            InputError: the value can't be a password (line breaks).
        """
        if any(ord(sign) < 32 for sign in value):
            raise InputError(
                _("Passwort nicht gespeichert"),
                _("Das Passwort «{name}» enthält einen Zeilenumbruch oder ein Steuerzeichen.").format(name=name),
                _("Das Passwort ohne solche Zeichen eingeben."),
                item=name,
            )
        with self._rights_checked():
            values = self._read() | {variable_of(name): value}
            self._write({variable: password for variable, password in sorted(values.items()) if password})

    def into_environment(self) -> None:
        """Puts the passwords into this process's environment, where secrets are looked up first.

        Raises:
            RightsMissingError: this account may not read the file.
        """
        with self._rights_checked():
            os.environ.update(self._read())

    @abstractmethod
    def _read(self) -> dict[str, str]:
        """Returns the passwords by their environment variables."""

    @abstractmethod
    def _write(self, values: Mapping[str, str]) -> None:
        """Writes the passwords; nobody but those who may read them ever sees a part of them."""

    @contextmanager
    def _rights_checked(self) -> Iterator[None]:
        try:
            yield
        except PermissionError as error:
            raise RightsMissingError(
                _("Rechte fehlen"),
                _("{file} darf nur der Administrator lesen und schreiben.").format(file=self._file),
                _("Den Befehl als Administrator (Linux: mit «sudo») wiederholen."),
                item=str(self._file),
            ) from error


class EnvironmentFile(ServiceSecrets):
    """A file as systemd's ``EnvironmentFile=`` reads it, for its owner's eyes only."""

    def into_environment(self) -> None:
        """Does nothing: systemd has done it before the service started, whose account could not read the file."""

    def _read(self) -> dict[str, str]:
        try:
            lines = self._file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return {}
        return {match[1]: re.sub(r"\\(.)", r"\1", match[2]) for line in lines if (match := _LINE.match(line))}

    def _write(self, values: Mapping[str, str]) -> None:
        self._file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)  # private from its first byte on, so no write_whole()
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.writelines(f'{variable}="{_escaped(password)}"\n' for variable, password in values.items())
            out.flush()
            os.fsync(descriptor)
        beside.replace(self._file)


def _escaped(value: str) -> str:
    return re.sub(r'(["\\$`])', r"\\\1", value)
