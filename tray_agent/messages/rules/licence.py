"""The licence number of a Mandant: present, well-formed, within its validity.

Source: seed, "Der Mandant besitzt eine gültige Lizenznummer". The form is letters and digits that end in two check
digits after ISO 7064 MOD 97-10 (as IBAN and many licence schemes use it), read by python-stdnum.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from tray_agent.messages.rules.reasons import Reason
from tray_agent.practice.model import Mandant

_SEPARATORS = re.compile(r"[\s.\-/’']+")
_LEAST_LENGTH = 5
"""Three characters and the two check digits; anything shorter is no number but a slip."""


def licence_fault(mandant: Mandant, day: date) -> Reason | None:
    """Returns why a Mandant's licence is not valid on ``day`` (the practice's date), or None where it is.

    Both ends of the validity are inclusive; an unreadable date of validity is never valid.
    """
    if not (mandant.licence_number or "").strip():
        return Reason.LICENCE_MISSING
    if not is_well_formed(mandant.licence_number or ""):
        return Reason.LICENCE_MALFORMED
    if mandant.unreadable & {"licence_number", "licence_valid_from", "licence_valid_until"}:
        return Reason.DATA_UNREADABLE
    if mandant.licence_valid_from is not None and day < mandant.licence_valid_from:
        return Reason.LICENCE_NOT_YET_VALID
    if mandant.licence_valid_until is not None and day > mandant.licence_valid_until:
        return Reason.LICENCE_EXPIRED
    return None


@lru_cache(maxsize=256)
def is_well_formed(number: str) -> bool:
    """Returns whether a licence number, written with or without separators, has right check digits (ISO 7064 MOD 97-10)."""
    from stdnum.iso7064 import mod_97_10

    compact = _SEPARATORS.sub("", number).upper()
    if len(compact) < _LEAST_LENGTH or not (compact.isascii() and compact.isalnum() and compact[-2:].isdigit()):
        return False
    return bool(mod_97_10.is_valid(compact))


def with_check_digits(body: str) -> str:
    """Returns a licence number made of ``body`` (letters and digits) and its two check digits."""
    from stdnum.iso7064 import mod_97_10

    compact = _SEPARATORS.sub("", body).upper()
    return compact + str(mod_97_10.calc_check_digits(compact))
