"""E-mail addresses: whether the form is right. No name server is asked."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=4096)
def read_address(typed: str | None) -> str | None:
    """Returns the address that a person typed, in its normal form; None where its form is wrong or nothing was typed.

    What has no width (a copied U+200B) is left out. Several addresses in one field are refused: which one is meant is
    unclear. The domain's name must be a real one (no ``localhost``, no bare word); special-use domains such as ``.test``
    are left to the mail server.
    """
    seen = "".join(character for character in typed or "" if unicodedata.category(character) != "Cf").strip()
    if not seen:
        return None
    from email_validator import EmailNotValidError, validate_email

    try:
        return validate_email(seen, check_deliverability=False, test_environment=True, strict=True).normalized
    except EmailNotValidError:
        return None
