"""Versions as the vendor writes them, ``2.69.001``: major, minor, revision, compared by number."""

from __future__ import annotations

import re
from dataclasses import dataclass

_WRITTEN = re.compile(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version; ``2.69.010`` is newer than ``2.69.9``, whatever the number of digits.

    However it was written, it is shown in one way: ``2.69.1`` and ``2.69.001`` are the same version.
    """

    major: int
    minor: int
    revision: int

    @classmethod
    def parse(cls, text: str) -> Version:
        """Returns the version that a text writes.

        Raises:
            ValueError: the text is not three numbers separated by full stops, each of at most six digits.
        """
        match = _WRITTEN.fullmatch(text)
        if match is None:
            raise ValueError(text)
        return cls(*(int(number) for number in match.groups()))

    @property
    def line(self) -> tuple[int, int]:
        """Returns major and minor: what an installation stays on where the practice wishes so."""
        return (self.major, self.minor)

    def __str__(self) -> str:
        """Returns the version as the vendor writes it: the revision with three digits."""
        return f"{self.major}.{self.minor}.{self.revision:03}"
