"""The vendor's signing keys: Ed25519 keys, each a PEM file of its own, so that they can be kept apart."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from itertools import chain, count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from securesystemslib.signer import CryptoSigner

from publishing.errors import PublishError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _
from tray_agent.platforms import files

RETIRED = ".retired"
"""What the name of a key's file ends with when the key counts no more."""


class SigningKeys:
    """A folder with ``root.pem``, ``targets.pem``, ``snapshot.pem`` and ``timestamp.pem``, or some of them.

    A role with several keys has ``ROLE.pem``, ``ROLE-2.pem``, ``ROLE-3.pem`` ….

    Args:
        folder: where they are; never inside the published repository.
        passphrase: encrypts new keys and opens encrypted ones; None: they are not encrypted.
    """

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        self._folder = folder
        self._passphrase = passphrase.encode() if passphrase else None

    def has(self, role: str) -> bool:
        """Returns whether any key of a role is here."""
        return bool(self._files(role))

    def of(self, role: str) -> tuple[CryptoSigner, ...]:
        """Returns the keys of a role that are here.

        Raises:
            PublishError: one of them is something else, or does not open with the passphrase.
        """
        return tuple(self._load(file) for file in self._files(role))

    def make(self, role: str, number: int = 1) -> tuple[CryptoSigner, ...]:
        """Makes new keys for a role beside those that are here, readable only by their owner.

        Raises:
            PublishError: a file can't be written.
        """
        return tuple(self._make(self._free_file(role)) for _key in range(number))

    def retire(self, role: str, keyids: Collection[str]) -> None:
        """Puts the role's keys with these identifiers aside: their files get another name, nothing is lost.

        Raises:
            PublishError: a file can't be renamed.
        """
        for file in self._files(role):
            if self._load(file).public_key.keyid in keyids:
                try:
                    files.replace(file, file.with_name(f"{file.stem}-{self._load(file).public_key.keyid[:8]}.pem{RETIRED}"))
                except OSError as error:
                    raise _unusable(file, why_of(error)) from error

    def listed(self, role: str) -> Iterator[tuple[Path, str]]:
        """Yields the files of a role's keys that are here, each with the identifier that the root names it by.

        Raises:
            PublishError: one of them is something else, or does not open with the passphrase.
        """
        for file in self._files(role):
            yield file, self._load(file).public_key.keyid

    def _files(self, role: str) -> list[Path]:
        return sorted(file for pattern in (f"{role}.pem", f"{role}-*.pem") for file in self._folder.glob(pattern))

    def _free_file(self, role: str) -> Path:
        names = chain([role], (f"{role}-{number}" for number in count(2)))
        return next(file for name in names if not (file := self._folder / f"{name}.pem").exists())

    def _make(self, file: Path) -> CryptoSigner:
        key = Ed25519PrivateKey.generate()
        encryption = BestAvailableEncryption(self._passphrase) if self._passphrase else NoEncryption()
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        beside = file.with_name(f"{file.name}.new")  # whole under its name or not there: an empty key would stop every command
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.unlink(missing_ok=True)
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(content)
                files.sync_file(out.fileno())
            files.replace(beside, file)
        except OSError as error:
            raise _unusable(file, why_of(error)) from error
        return CryptoSigner(key)

    def _load(self, file: Path) -> CryptoSigner:
        try:
            content = file.read_bytes()
            if not content:
                raise _unusable(file, _("die Datei ist leer; sie kann gelöscht werden, ein Schlüssel war nie darin"))
            key = load_pem_private_key(content, self._passphrase)
        except OSError as error:
            raise _unusable(file, why_of(error)) from error
        except (ValueError, TypeError) as error:
            raise _unusable(file, _("die Passphrase fehlt oder passt nicht, oder es ist kein Schlüssel")) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise _unusable(file, _("es ist kein Ed25519-Schlüssel"))
        return CryptoSigner(key)


def _unusable(file: Path, why: str) -> PublishError:
    return PublishError(
        _("Schlüssel nicht verwendbar"),
        _("{file} kann nicht verwendet werden ({why}); nichts wurde veröffentlicht.").format(file=file, why=why),
        _("Den richtigen Schlüsselordner angeben, oder die Passphrase in VITOCLIENT_SECRET_PORTAL_KEYS."),
        item=str(file),
    )
