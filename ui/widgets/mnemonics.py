"""Letters by which buttons are pressed: one each, as far as there are letters."""

from __future__ import annotations

import re
from collections.abc import Sequence


def mnemonic_of(text: str) -> list[str]:
    """Returns the mnemonic of a text as a list of one small letter, or none."""
    found = re.search(r"&(\w)", text.replace("&&", ""))
    return [found.group(1).lower()] if found else []


def with_mnemonics(labels: Sequence[str], taken: str = "") -> tuple[str, ...]:
    """Returns labels with a mnemonic each, as far as there are letters: the first letter of a word where it is free, else any.

    Args:
        labels: without mnemonics.
        taken: letters that others of the window use.
    """
    used, marked = set(taken.lower()), dict[str, str]()
    for label in sorted(labels, key=lambda label: len(set(label.lower()))):  # those with little to choose from first
        starts = [place for place, letter in enumerate(label) if letter.isalpha() and not label[max(0, place - 1) : place].isalpha()]
        others = [place for place, letter in enumerate(label) if letter.isalpha()]
        place = next((place for place in (*starts, *others) if label[place].lower() not in used), None)
        if place is not None:
            used.add(label[place].lower())
        marked[label] = label if place is None else f"{label[:place]}&{label[place:]}"
    return tuple(marked[label] for label in labels)
