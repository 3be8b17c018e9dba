"""Who signed an installer: Authenticode, asked from Windows itself.

A signature says nothing about whether a program is wanted; it says who made it. The caller compares the publisher
with the one it expects.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Protocol


class SignatureState(Enum):
    """What is known of a file's signature."""

    VALID = "valid"
    """Signed, unchanged since, and by a publisher whom this machine trusts."""

    UNSIGNED = "unsigned"
    """Carries no signature."""

    BROKEN = "broken"
    """The file was changed after it was signed, or the signature is damaged."""

    UNTRUSTED = "untrusted"
    """Signed by somebody whom this machine does not trust, or whose certificate was revoked or has expired."""

    NOT_CHECKED = "not_checked"
    """This system can't check (only Windows knows Authenticode)."""


@dataclass(frozen=True)
class Signature:
    """A file's signature.

    Attributes:
        state: what the system says of it.
        publisher: the name in the signer's certificate (CN); None where there is none to read.
        status: the system's own number (HRESULT, unsigned) for the log; 0 for a valid one.
    """

    state: SignatureState
    publisher: str | None = None
    status: int = 0


class SignatureReader(Protocol):
    """Reads the signature of a file."""

    def read(self, file: Path) -> Signature:
        """Returns who signed a file and whether that holds.

        Raises:
            OSError: the file can't be read.
        """
        ...


class NoSignatures:
    """For systems that know no Authenticode: says so."""

    def read(self, file: Path) -> Signature:
        """Returns that nothing was checked."""
        return Signature(SignatureState.NOT_CHECKED)
