"""The vendor's signing keys: one Ed25519 key a role, each a PEM file of its own, so that they can be kept apart."""

from __future__ import annotations

import os
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

from tray_agent.downloads.errors import PublishError
from tray_agent.i18n import _


class SigningKeys:
    """A folder with ``root.pem``, ``targets.pem``, ``snapshot.pem`` and ``timestamp.pem``, or some of them.

    Args:
        folder: where they are; never inside the published repository.
        passphrase: encrypts new keys and opens encrypted ones; None: they are not encrypted.
    """

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        self._folder = folder
        self._passphrase = passphrase.encode() if passphrase else None

    def has(self, role: str) -> bool:
        """Returns whether the key of a role is here."""
        return self._file(role).exists()

    def make(self, role: str) -> CryptoSigner:
        """Makes a new key for a role, readable only by its owner; refuses to overwrite one.

        Raises:
            PublishError: the file is there already or can't be written.
        """
        key = Ed25519PrivateKey.generate()
        encryption = BestAvailableEncryption(self._passphrase) if self._passphrase else NoEncryption()
        content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(self._file(role), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(content)
        except OSError as error:
            raise _unusable(self._file(role), str(error)) from error
        return CryptoSigner(key)

    def load(self, role: str) -> CryptoSigner:
        """Returns the key of a role.

        Raises:
            PublishError: it is not here, is something else, or does not open with the passphrase.
        """
        try:
            key = load_pem_private_key(self._file(role).read_bytes(), self._passphrase)
        except (OSError, ValueError, TypeError) as error:
            raise _unusable(self._file(role), str(error)) from error
        if not isinstance(key, Ed25519PrivateKey):
            raise _unusable(self._file(role), type(key).__name__)
        return CryptoSigner(key)

    def _file(self, role: str) -> Path:
        return self._folder / f"{role}.pem"


def _unusable(file: Path, why: str) -> PublishError:
    return PublishError(
        _("Schlüssel nicht verwendbar"),
        _("{file} kann nicht verwendet werden ({why}); nichts wurde veröffentlicht.").format(file=file, why=why),
        _("Den richtigen Schlüsselordner angeben, oder die Passphrase in VITOCLIENT_SECRET_PORTAL_KEYS."),
        item=str(file),
    )
