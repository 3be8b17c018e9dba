"""A practice's own texts for trials: what a message tells can be read from what arrived."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.texts.templates import Template, TemplateBook, TemplateKey

_START, _FORMER = "{Datum}, {Uhrzeit} Uhr", "{DatumBisher}, {UhrzeitBisher} Uhr"
_TEXTS = {
    MessageKind.REMINDER: f"Termin {_START} bei {{Arzt}}.",
    MessageKind.MOVED: f"Statt {_FORMER}: Termin {_START} bei {{Arzt}}.",
    MessageKind.BIRTHDAY: "Alles Gute, {Vorname}.",
}
_TIME = re.compile(r"(\d{2})\.(\d{2})\.(\d{4}), (\d{2}):(\d{2}) Uhr")
_DOCTOR = re.compile(r"bei (Dr\. \w+)")


@dataclass(frozen=True, slots=True)
class Words:
    """What a text says.

    Attributes:
        start: of the appointment, by the practice's wall clock; None: it names none.
        former: the time that it says is replaced; None: it says nothing of another.
        doctor: "" where it names nobody.
    """

    start: datetime | None
    former: datetime | None
    doctor: str


@cache
def plain_texts() -> TemplateBook:
    """Returns the texts, in German for everybody."""
    keys = [TemplateKey(kind, channel, "de") for kind in _TEXTS for channel in Channel]
    return TemplateBook({key: Template(key, _TEXTS[key.kind], "" if key.channel is Channel.SMS else "Praxis") for key in keys})


def words_of(text: str) -> Words:
    """Returns what one of these texts says: the former time stands before the new one."""
    times = [_time_of(found) for found in _TIME.finditer(text)]
    doctor = _DOCTOR.search(text)
    return Words(times[-1] if times else None, times[0] if len(times) > 1 else None, doctor.group(1) if doctor else "")


def _time_of(found: re.Match[str]) -> datetime:
    day, month, year, hour, minute = (int(part) for part in found.groups())
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the practice's wall clock
