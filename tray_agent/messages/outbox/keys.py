"""The keys that carry the promises: one reminder per appointment and start, one notice per move, one greeting per patient and year.

The time stands first: messages are prepared in its order, so that their keys come into the index one after the other.
An id of the practice may be anything: what is not plain lower-case ASCII is hashed, so that no collation of any
database takes two different ids for one (SQL Server ignores case and trailing blanks).
"""

from __future__ import annotations

import re
from base64 import b32encode
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

_PLAIN = re.compile(r"[0-9a-z._-]{1,64}")


def reminder_key(appointment_id: str, starts_at: datetime) -> str:
    """Returns the key of a reminder.

    Args:
        appointment_id: as the practice writes it.
        starts_at: local wall-clock time, naive; a move by less than a minute is none.
    """
    return f"reminder/{_written(starts_at)}/{_plain(appointment_id)}"


def moved_key(appointment_id: str, starts_at: datetime, former: datetime) -> str:
    """Returns the key of the notice that an appointment has another time than its patient was told last.

    Args:
        appointment_id: as the practice writes it.
        starts_at: the time that is true now: local wall-clock time, naive, as the other.
        former: the time that the patient was told.
    """
    return f"moved/{_written(starts_at)}/{_written(former)}/{_plain(appointment_id)}"


def call_key(key: str) -> str:
    """Returns the key of the entry that asks to call a patient who was told something else than a reminder's key says."""
    return f"{key}/call"


def is_call_key(unique_key: str) -> bool:
    """Returns whether a key is that of an entry that asks to call: it holds back no reminder."""
    return unique_key.startswith("reminder/") and unique_key.count("/") == 3  # an id holds none


def start_in(unique_key: str) -> datetime:
    """Returns the start that a reminder or a notice tells: local wall-clock time, naive, whole minutes.

    Raises:
        ValueError: it is the key of neither.
    """
    kind, _slash, rest = unique_key.partition("/")
    if kind not in ("reminder", "moved"):
        raise ValueError(unique_key)
    return _time_in(rest.partition("/"))


def former_in(unique_key: str) -> datetime | None:
    """Returns the former time that a notice replaces, as ``start_in`` does; None for the key of anything else.

    Raises:
        ValueError: it begins like a notice's key and is none.
    """
    kind, _slash, rest = unique_key.partition("/")
    return _time_in(rest.partition("/")[2].partition("/")) if kind == "moved" else None


@lru_cache(maxsize=1024)  # many appointments begin at the same time
def _written(wall: datetime) -> str:
    """Returns a wall-clock time as keys hold it: ``20261124t0915``."""
    return wall.isoformat("t", "minutes").replace("-", "").replace(":", "")


def _time_in(parted: tuple[str, str, str]) -> datetime:
    written, slash, _rest = parted
    if not slash or len(written) != 13:
        raise ValueError("/".join(parted))
    return datetime.fromisoformat(written)


def year_in(unique_key: str) -> int:
    """Returns the year that a greeting's key names.

    Raises:
        ValueError: it is no greeting's key.
    """
    kind, _slash, rest = unique_key.partition("/")
    if kind != "birthday":
        raise ValueError(unique_key)
    return int(rest.partition("/")[0])


def birthday_key(patient_id: str, year: int) -> str:
    """Returns the key of a birthday greeting: the year is that in which it is greeted."""
    return f"birthday/{year}/{_plain(patient_id)}"


def reference_of(unique_key: str, licence: str = "") -> str:
    """Returns a message's own identity at the gateway: 20 characters a-z and 2-7, the same wherever it is computed.

    Derived from the key, so that a message prepared anew from a restored database is still known at the gateway, and from the practice's
    data, so that two practices on one account never meet. 100 bits: two messages never share one.

    Args:
        unique_key: of the message.
        licence: the licence number of the Mandant that is charged, as the practice writes it; "" where nobody is.
    """
    compact = _compact(licence)
    return b32encode(sha256(f"{compact}/{unique_key}".encode() if compact else unique_key.encode()).digest()[:15]).decode().lower()[:20]


@lru_cache(maxsize=64)  # a practice has few Mandanten and many messages
def _compact(licence: str) -> str:
    return "".join(character for character in licence.casefold() if character.isalnum())


def _plain(practice_id: str) -> str:
    if _PLAIN.fullmatch(practice_id):
        return practice_id
    return "~" + sha256(practice_id.encode()).hexdigest()[:40]
