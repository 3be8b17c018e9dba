"""How an SMS is split and what it costs: GSM 03.38 with its extension table, UCS-2, segments.

Pure and quick enough to run on every key press. Sources: 3GPP TS 23.038 (alphabets, escape), 3GPP TS 23.040 (a header
of 6 octets in each segment of a longer text).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet of GSM 03.38, without the escape: one septet each."""

EXTENSION: Final = "\f^{}\\[~]|€"
"""The extension table: an escape and a character, two septets each."""


class Encoding(StrEnum):
    """How a text travels."""

    GSM = "gsm"
    """GSM 03.38: 160 septets, or 153 a segment."""

    UCS2 = "ucs2"
    """UCS-2 (UTF-16): 70 code units, or 67 a segment."""

    @property
    def alone(self) -> int:
        """Returns how many units a text of one segment holds."""
        return 160 if self is Encoding.GSM else 70

    @property
    def each(self) -> int:
        """Returns how many units each segment of a longer text holds."""
        return 153 if self is Encoding.GSM else 67


class CostReason(StrEnum):
    """Why a character makes a text cost more."""

    UNICODE = "unicode"
    """It is not in GSM 03.38: the whole text travels as UCS-2, with less than half the room."""

    DOUBLE = "double"
    """It is in the extension table and counts double."""


@dataclass(frozen=True, slots=True)
class CostlyCharacter:
    """A character that makes a text cost more.

    Attributes:
        position: its index in the text.
        character: what stands there (with its combining marks).
        plain: what could stand there instead ("" to leave it out), or None where nothing plain says the same.
    """

    position: int
    character: str
    reason: CostReason
    plain: str | None


@dataclass(frozen=True, slots=True)
class Segments:
    """How a text is split.

    Attributes:
        encoding: the alphabet the whole text travels in.
        units: septets (GSM) or UTF-16 code units (UCS-2) of the whole text, escapes included.
        texts: the text of each segment; joined they are the text. An empty text has none.
        remaining: units left in the last segment.
    """

    encoding: Encoding
    units: int
    texts: tuple[str, ...]
    remaining: int

    @property
    def count(self) -> int:
        """Returns the number of segments, which is what the gateway charges for each recipient."""
        return len(self.texts)

    @property
    def costly(self) -> tuple[CostlyCharacter, ...]:
        """Returns the characters that make the text cost more, in order."""
        text = "".join(self.texts)
        if self.encoding is Encoding.GSM:
            return tuple(
                CostlyCharacter(found.start(), found.group(), CostReason.DOUBLE, _PLAIN_DOUBLE.get(found.group()))
                for found in _EXTENDED.finditer(text)
            )
        return tuple(
            CostlyCharacter(found.start(), found.group(), CostReason.UNICODE, _plain_of(found.group()))
            for found in _UNICODE_CLUSTER.finditer(text)
        )


_OUTSIDE = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")
_EXTENDED = re.compile(f"[{re.escape(EXTENSION)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_MARKS = "\u0300-\u036f\ufe0e\ufe0f"
_UNICODE_CLUSTER = re.compile(f".[{_MARKS}]+|{_OUTSIDE.pattern}", re.DOTALL)

_SAME_IN_PLAIN: Final = {
    **dict.fromkeys("’‘‚‛′´`ʼ‹›", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−•·", "-"),
    **dict.fromkeys("\t\u00a0\u2007\u2009\u202f", " "),
    **dict.fromkeys("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufe0e\ufe0f\ufeff", ""),
    "\u2028": "\n", "\u2029": "\n",
    "…": "...", "⁄": "/", "×": "x", "÷": ":", "©": "(c)", "®": "(R)", "→": "->", "←": "<-", "≤": "<=", "≥": ">=",
    "ẞ": "SS", "Œ": "OE", "œ": "oe", "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th",
    "Ħ": "H", "ħ": "h", "ı": "i", "ĸ": "k", "Ŋ": "N", "ŋ": "n", "Ŧ": "T", "ŧ": "t", "Ə": "E", "ə": "e",
}  # fmt: skip

_PLAIN_DOUBLE: Final = {"[": "(", "]": ")", "{": "(", "}": ")", "|": "/", "\\": "/", "~": "-", "^": "", "\f": "\n"}
_PICTURES = ("So", "Sk", "Cs", "Co")


def split(text: str) -> Segments:
    """Returns how ``text`` is split; an escape sequence or a surrogate pair is never torn apart."""
    encoding = Encoding.GSM if _OUTSIDE.search(text) is None else Encoding.UCS2
    units = _units(text, encoding)
    if units <= encoding.alone:
        return Segments(encoding, units, (text,) if text else (), encoding.alone - units)
    texts = _cut(text, encoding, units)
    return Segments(encoding, units, texts, encoding.each - _units(texts[-1], encoding))


def plain(text: str) -> str:
    """Returns ``text`` with every character outside GSM 03.38 replaced by a plain one where there is one (’ “ – … ê)."""
    return _UNICODE_CLUSTER.sub(lambda found: _plain_or_same(found.group()), text)


def _units(text: str, encoding: Encoding) -> int:
    wide = _EXTENDED if encoding is Encoding.GSM else _ASTRAL
    return len(text) + len(wide.findall(text))


def _cut(text: str, encoding: Encoding, units: int) -> tuple[str, ...]:
    """Returns the texts of the segments: each filled as far as whole characters fit."""
    each = encoding.each
    if units == len(text):
        return tuple(text[start : start + each] for start in range(0, len(text), each))
    wide = EXTENSION if encoding is Encoding.GSM else None
    texts, start, used = [], 0, 0
    for position, character in enumerate(text):
        width = 2 if (character in wide if wide else character > "\uffff") else 1
        if used + width > each:
            texts.append(text[start:position])
            start, used = position, 0
        used += width
    return (*texts, text[start:])


def _plain_or_same(cluster: str) -> str:
    simpler = _plain_of(cluster)
    return cluster if simpler is None else simpler


@lru_cache(maxsize=2048)
def _plain_of(cluster: str) -> str | None:
    """Returns what stands for a character with its marks in GSM 03.38, or None; pictures are left out."""
    composed = unicodedata.normalize("NFC", cluster)
    if _OUTSIDE.search(composed) is None:
        return composed
    decomposed = unicodedata.normalize("NFKD", cluster)
    simpler = "".join(_SAME_IN_PLAIN.get(letter, letter) for letter in decomposed if not unicodedata.combining(letter))
    simpler = _SAME_IN_PLAIN.get(cluster, simpler)
    if _OUTSIDE.search(simpler) is None:
        return simpler
    is_picture = cluster[0] > "\xff" and unicodedata.category(cluster[0]) in _PICTURES
    return "" if is_picture else None
