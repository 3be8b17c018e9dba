"""Keys by which names and texts are found and sorted as people write them; made in Python, so that every database agrees."""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´`", "'"))

_LETTERS = str.maketrans({"ø": "o", "œ": "oe", "æ": "ae", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"})
"""Small letters that Unicode does not take for a plain letter with an accent."""

_BETWEEN_WORDS = re.compile(r"[\s\-‐‑‒–—]+")

_PARTICLES = frozenset(
    (
        *("af", "al", "av", "d", "da", "dal", "dall", "dalla", "de", "degli", "dei", "del", "dell", "della", "den", "der", "des", "di"),
        *("do", "dos", "du", "el", "l", "la", "las", "le", "les", "los", "ten", "ter", "van", "vom", "von", "y", "zu", "zum", "zur"),
    )
)
"""Words of a name by which nobody looks for it in a list."""


def find_key(text: str) -> str:
    """Returns what a text is found by: small letters without accents and apostrophes, its words apart by one space."""
    return " ".join(find_words(text))


def find_words(text: str) -> list[str]:
    """Returns the words of a text as ``find_key`` holds them; of what a person types, each must be found."""
    return [word for word in _BETWEEN_WORDS.split(_plain(text).replace("'", "")) if word]


def sort_key(name: str) -> str:
    """Returns what a name is sorted by: as ``find_key``, without its particles (de, d', von, van der …) unless it has no other word."""
    words = _BETWEEN_WORDS.split(_plain(name))
    words = [_without_article(word) for word in words] if any("'" in word for word in words) else words
    weighty = [word for word in words if word and word not in _PARTICLES]
    return " ".join(weighty or [word for word in words if word])


def _plain(text: str) -> str:
    if text.isascii():  # most are, and every row written pays for this
        return text.lower().replace("`", "'")
    apart = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter)).translate(_LETTERS)


def _without_article(word: str) -> str:
    """Returns the word behind an article that an apostrophe joins to it (l'Épine), the apostrophes of all others left out (O'Neill)."""
    article, _apostrophe, rest = word.partition("'")
    return (rest if rest and article in _PARTICLES else word).replace("'", "")
