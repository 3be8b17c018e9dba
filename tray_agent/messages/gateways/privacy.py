"""What of a message may stand in a log: never its text, and of a number or address only enough to recognise it."""

from __future__ import annotations


def masked_number(number: str) -> str:
    """Returns a telephone number with all but the prefix and the last two digits hidden: ``+4179*****67``."""
    if len(number) <= 7:
        return "*" * len(number)
    return number[:5] + "*" * (len(number) - 7) + number[-2:]


def masked_address(address: str) -> str:
    """Returns an e-mail address with its local part hidden but for the first letter: ``a***@bluewin.ch``."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
