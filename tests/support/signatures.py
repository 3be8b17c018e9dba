"""Signatures of files without Windows."""

from __future__ import annotations

from pathlib import Path

from tray_agent.platforms.signature import Signature, SignatureState


class KnownSignatures:
    """Signatures by file name; every other file is unsigned."""

    def __init__(self, **signatures: Signature) -> None:
        self._signatures = {name.replace("_", "."): signature for name, signature in signatures.items()}

    def read(self, file: Path) -> Signature:
        """Returns what was given for the file's name."""
        return self._signatures.get(file.name, Signature(SignatureState.UNSIGNED))
