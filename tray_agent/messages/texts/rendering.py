"""Placeholders: parsed once, filled in without ever evaluating what a person wrote.

The placeholders are the users' German words in every language. A text is cut into literals and slots; rendering only
joins strings, so that a text can reach no attribute and no format of any object.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from tray_agent.i18n import N_, WordedEnum, locale_of
from tray_agent.messages.model import MessageKind
from tray_agent.messages.texts.segments import Encoding, Segments, plain, split
from tray_agent.practice.model import said_name

if TYPE_CHECKING:
    from tray_agent.config.machine import PracticeSection
    from tray_agent.practice.model import Appointment, Mandant, Patient


LONGEST_SUBJECT = 300
"""Characters of a subject that the outbox keeps."""


class Placeholder(WordedEnum):
    """What a text may name; the value is the word between the braces, the text what it stands for."""

    SALUTATION = "Anrede", N_("Frau oder Herr, in der Sprache des Textes")
    FIRST_NAME = "Vorname", N_("Vorname des Patienten")
    LAST_NAME = "Nachname", N_("Nachname des Patienten")
    WEEKDAY = "Wochentag", N_("Wochentag des Termins, in der Sprache des Textes")
    DATE = "Datum", N_("Datum des Termins: 24.12.2026")
    LONG_DATE = "DatumLang", N_("Datum des Termins in Worten: 24. Dezember 2026")
    TIME = "Uhrzeit", N_("Uhrzeit des Termins: 10:15")
    FORMER_DATE = "DatumBisher", N_("Datum, das dem Patienten bisher mitgeteilt war: 23.12.2026")
    FORMER_TIME = "UhrzeitBisher", N_("Uhrzeit, die dem Patienten bisher mitgeteilt war: 09:30")
    DOCTOR = "Arzt", N_("Arzt des Termins")
    MANDANT = "Mandant", N_("Mandant, der die Mitteilung sendet")
    PRACTICE = "Praxis", N_("Name der Praxis")
    PHONE = "Telefon", N_("Telefonnummer der Praxis")
    LINK = "Link", N_("Webadresse der Praxis")

    @property
    def written(self) -> str:
        """Returns it as it stands in a text: ``{Vorname}``."""
        return f"{{{self.value}}}"


OF_APPOINTMENTS: Final = (Placeholder.WEEKDAY, Placeholder.DATE, Placeholder.LONG_DATE, Placeholder.TIME, Placeholder.DOCTOR)
"""Placeholders that only a message about an appointment has a value for."""

OF_MOVES: Final = (Placeholder.FORMER_DATE, Placeholder.FORMER_TIME)
"""Placeholders that only the notice of another time has a value for."""


def placeholders_for(kind: MessageKind) -> tuple[Placeholder, ...]:
    """Returns the placeholders that a text of this kind may use, in the order in which dialogs show them."""
    without = (() if kind.is_of_appointment else OF_APPOINTMENTS) + (() if kind is MessageKind.MOVED else OF_MOVES)
    return tuple(each for each in Placeholder if each not in without)


@dataclass(frozen=True, slots=True)
class MessageValues:
    """What a text can say about one patient; nothing medical is among it.

    Attributes:
        salutation: as the practice wrote it; translated when rendered, and left out where it names two, or neither Frau nor Herr.
        starts_at: the appointment's start, local wall-clock time of the practice, naive; None for birthdays.
        former_at: the start that the patient was told before, of the same kind; None where nothing is replaced.
        doctor, mandant, practice, phone, link: as they shall stand in the text; "" where unknown.
    """

    first_name: str
    last_name: str
    salutation: str | None = None
    starts_at: datetime | None = None
    former_at: datetime | None = None
    doctor: str = ""
    mandant: str = ""
    practice: str = ""
    phone: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class PracticeWords:
    """How the practice names itself in texts (this machine's configuration)."""

    name: str = ""
    phone: str = ""
    link: str = ""

    @classmethod
    def of(cls, practice: PracticeSection) -> PracticeWords:
        """Returns what a machine's configuration says of it."""
        return cls(practice.name, practice.phone, practice.link)


def values_for(
    patient: Patient, mandant: Mandant, practice: PracticeWords, appointment: Appointment | None = None, former_at: datetime | None = None
) -> MessageValues:
    """Returns what a text can say about a patient; the Mandant's name and phone stand in where the practice gave none."""
    return MessageValues(
        first_name=said_name(patient.first_name) or "",
        last_name=said_name(patient.last_name) or "",
        salutation=patient.salutation,
        starts_at=appointment.starts_at if appointment else None,
        former_at=former_at,
        doctor=(said_name(appointment.doctor or "") or "") if appointment else "",
        mandant=mandant.name,
        practice=practice.name or mandant.name,
        phone=practice.phone or mandant.phone or "",
        link=practice.link,
    )


@dataclass(frozen=True, slots=True)
class Literal:
    """Text as it stands in the template.

    Attributes:
        text: what is written, with ``{{`` and ``}}`` already made single.
        position: where it begins in the template.
    """

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a value."""

    placeholder: Placeholder
    position: int


@dataclass(frozen=True, slots=True)
class Wrong:
    """What looks like a placeholder and is none; stays in the text as it is.

    Attributes:
        text: the whole of it, braces included; a single brace for one without its partner.
    """

    text: str
    position: int


Part = Literal | Slot | Wrong


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where a sentence goes on as if nothing were missing: "Termin bei am 30.11.".

    Attributes:
        slot: whose value would be missed.
        before, after: the words around it; "" where there is none.
    """

    slot: Slot
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ParsedText:
    """A text cut into its parts.

    Attributes:
        lines: the parts of each line, in order.
        placeholders: what the text names, each once, in order.
        gaps: where a value that is missing would be missed.
    """

    lines: tuple[tuple[Part, ...], ...]
    placeholders: tuple[Placeholder, ...]
    gaps: tuple[Gap, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """Returns all parts in order."""
        return tuple(part for line in self.lines for part in line)


_PAUSES, _ENDS = ",;", ".!?)"
_TOKEN = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_BY_WORD: Final = {each.value: each for each in Placeholder}


@lru_cache(maxsize=256)
def parse(text: str) -> ParsedText:
    """Returns a text cut into its parts. Line ends of all systems count as one."""
    lines, position = [], 0
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        lines.append(tuple(_parts(line, position)))
        position += len(line) + 1
    named = (part.placeholder for line in lines for part in line if isinstance(part, Slot))
    gaps = (gap for line in lines for gap in _gaps_in(line))
    return ParsedText(tuple(lines), tuple(dict.fromkeys(named)), tuple(gaps))


def _parts(line: str, offset: int) -> list[Part]:
    parts: list[Part] = []
    done = 0
    for token in _TOKEN.finditer(line):
        if token.start() > done:
            parts.append(Literal(line[done : token.start()], offset + done))
        parts.append(_part(token.group(), offset + token.start()))
        done = token.end()
    if done < len(line):
        parts.append(Literal(line[done:], offset + done))
    return parts


def _part(token: str, position: int) -> Part:
    if token in ("{{", "}}"):
        return Literal(token[0], position)
    placeholder = _BY_WORD.get(token[1:-1])
    return Wrong(token, position) if placeholder is None else Slot(placeholder, position)


_WORD_BEFORE = re.compile(r"(\w+)[^\S\n]+\Z")
_WORD_AFTER = re.compile(r"[^\S\n]+(\w+)")
_SENTENCE_BEGINS = re.compile(r"(?:\A|[.!?])\s*\Z")
_LEADING_ON: Final = frozenset({
    "an", "am", "auf", "bei", "beim", "für", "im", "in", "mit", "nach", "unter", "vom", "von", "zu", "zum", "zur",
    "au", "aux", "avec", "chez", "dans", "de", "des", "du", "en", "par", "pour", "sous",
    "a", "al", "alla", "con", "da", "dal", "dalla", "del", "della", "di", "nel", "per", "presso",
    "at", "by", "for", "from", "of", "on", "to", "under", "with",
})  # fmt: skip
"""Words after which something must follow, in the four languages."""


def _gaps_in(line: tuple[Part, ...]) -> Iterator[Gap]:
    """Finds the slots between two words, at the beginning of a sentence that goes on, and behind a word that leads on to them."""
    for place, slot in enumerate(line):
        if not isinstance(slot, Slot) or (place and not isinstance(line[place - 1], Literal)):
            continue
        left = _text_of(line[:place][-1:])
        before, after = _WORD_BEFORE.search(left), _WORD_AFTER.match(_text_of(line[place + 1 :][:1]))
        goes_on = after is not None and (before is not None or (_SENTENCE_BEGINS.search(left) is not None and after[1][0].islower()))
        leads_on = before is not None and before[1].casefold() in _LEADING_ON and not _slot_follows(line[place + 1 :])
        if goes_on or leads_on:
            yield Gap(slot, before[1] if before else "", after[1] if after else "")


def _text_of(part: tuple[Part, ...]) -> str:
    return part[0].text if part and isinstance(part[0], Literal) else ""


def _slot_follows(rest: tuple[Part, ...]) -> bool:
    """Returns whether another value stands right behind, so that it takes the place of one that is missing."""
    between = _text_of(rest)
    return isinstance(next(iter(rest[1:] if between.isspace() else rest), None), Slot)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A text for one patient.

    Attributes:
        subject: of an e-mail; "" for SMS.
        segments: of an SMS; None for e-mail.
        missing: placeholders of the text that had no value and were left out.
        gaps: those of them that are missed: the sentence goes on as if nothing were missing.
    """

    text: str
    subject: str = ""
    segments: Segments | None = None
    missing: tuple[Placeholder, ...] = ()
    gaps: tuple[Placeholder, ...] = ()

    @property
    def segment_count(self) -> int:
        """Returns the segments of an SMS; 0 for an e-mail."""
        return self.segments.count if self.segments else 0

    @property
    def cost(self) -> Decimal:
        """Returns what the message will cost, in credits: one a segment; an e-mail costs none."""
        return _credits(self.segment_count)


@lru_cache(maxsize=64)
def _credits(segments: int) -> Decimal:
    return Decimal(segments)


def render_sms(text: str, language: str, values: MessageValues, *, plain_characters: bool) -> Rendered:
    """Returns an SMS for one patient.

    Args:
        text: with placeholders.
        language: of the text: dates and salutation follow it.
        values: what the text can say.
        plain_characters: values are written in plain characters where the whole then fits GSM 03.38 (Šarić → Saric).
    """
    parsed = parse(text)
    words = _words(parsed, language, values)
    segments = split(without_unseen(fill(parsed, words)))
    if plain_characters and segments.encoding is Encoding.UCS2:
        simpler = split(without_unseen(fill(parsed, {each: " ".join(plain(word).split()) for each, word in words.items()})))
        segments = simpler if simpler.encoding is Encoding.GSM else segments
    return Rendered("".join(segments.texts), segments=segments, missing=_missing(words), gaps=_gaps(parsed.gaps, words))


def render_mail(subject: str, text: str, language: str, values: MessageValues) -> Rendered:
    """Returns an e-mail for one patient; its subject has one line, as long as the outbox can keep."""
    head, body = parse(subject), parse(text)
    words = _words(body, language, values) | _words(head, language, values)
    written, about = without_unseen(fill(body, words)), without_unseen(fill(head, words))
    subject = " ".join(about.split())[:LONGEST_SUBJECT]
    return Rendered(written, subject, missing=_missing(words), gaps=_gaps(head.gaps + body.gaps, words))


def fill(parsed: ParsedText, words: Mapping[Placeholder, str]) -> str:
    """Returns a text with its values; what has none leaves neither a double blank, nor a lonely comma, nor an empty line."""
    lines = []
    for line in parsed.lines:
        filled = _fill_line(line, words)
        if filled or not any(isinstance(part, Slot) for part in line):
            lines.append(filled)
    return "\n".join(lines).strip()


def _fill_line(line: tuple[Part, ...], words: Mapping[Placeholder, str]) -> str:
    filled, gap = "", False
    for part in line:
        if isinstance(part, Slot):
            word = words[part.placeholder]
            gap = gap or not word
            filled += word
        elif gap:
            filled, gap = _close_gap(filled, part.text), False
        else:
            filled += part.text
    return filled.rstrip(_PAUSES + " ") if gap else filled.rstrip()


def _close_gap(left: str, right: str) -> str:
    """Returns two pieces joined where a value between them is missing."""
    before, after = left.rstrip(), right.lstrip()
    if not before:
        return after.lstrip(_PAUSES + _ENDS).lstrip()
    if after.startswith(tuple(_ENDS)):
        return before.rstrip(_PAUSES) + (after[1:] if before[-1] in _ENDS else after)
    if after.startswith(tuple(_PAUSES)):
        if before[-1] not in _PAUSES + _ENDS + ":(":
            return before + after
        after = after.lstrip(_PAUSES + " ")
    apart = (left, right) != (before, after) and before[-1] != "("
    return f"{before} {after}" if apart else before + after


def _missing(words: Mapping[Placeholder, str]) -> tuple[Placeholder, ...]:
    return tuple(placeholder for placeholder, word in words.items() if not word)


def _gaps(gaps: tuple[Gap, ...], words: Mapping[Placeholder, str]) -> tuple[Placeholder, ...]:
    return tuple(dict.fromkeys(gap.slot.placeholder for gap in gaps if not words[gap.slot.placeholder]))


def _words(parsed: ParsedText, language: str, values: MessageValues) -> dict[Placeholder, str]:
    return {placeholder: _WORDS[placeholder](values, language) for placeholder in parsed.placeholders}


UNSEEN: Final = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
"""Control characters, marks of the writing direction, what has no width, halves of characters.

The joiners stay (U+200C, U+200D): Persian names and compound emoji need them."""


def without_unseen(text: str) -> str:
    """Returns a text in composed characters without what nobody sees: it costs segments, or turns what follows around."""
    return unicodedata.normalize("NFC", text if text.isprintable() else UNSEEN.sub("", text))


@lru_cache(maxsize=4096)
def _clean(word: str) -> str:
    """Returns a value on one line, without double blanks, in composed characters, without what can't be seen."""
    return " ".join(without_unseen(word).split())


def _date_of(start: datetime | None, form: str, language: str) -> str:
    return _date(start.date(), form, language) if start else ""


def _time_of(start: datetime | None, language: str) -> str:
    if start is None:
        return ""
    if start.tzinfo is not None:
        raise ValueError("an appointment's time is the practice's wall-clock time, without a zone")
    return _time(start.time(), language)


@lru_cache(maxsize=4096)  # Babel takes most of the time of rendering, and a day has many appointments
def _date(value: date, form: str, language: str) -> str:
    from babel.dates import format_date

    return format_date(value, form, locale=locale_of(language))


@lru_cache(maxsize=4096)
def _time(value: time, language: str) -> str:
    from babel.dates import format_time

    return format_time(value, "short", locale=locale_of(language))


_WOMAN = {"de": "Frau", "fr": "Madame", "it": "Signora", "en": "Ms"}
_MAN = {"de": "Herr", "fr": "Monsieur", "it": "Signor", "en": "Mr"}
_SALUTATIONS: Final = {
    **dict.fromkeys(("frau", "fr", "madame", "mme", "m.me", "signora", "sig.ra", "mrs", "ms", "miss"), _WOMAN),
    **dict.fromkeys(("herr", "herrn", "hr", "monsieur", "m", "signor", "signore", "sig", "mr"), _MAN),
}
_SEVERAL: Final = frozenset({
    "familie", "fam", "eheleute", "ehepaar", "eltern", "geschwister", "damen", "herren", "famille", "époux",
    "mesdames", "mmes", "messieurs", "mm", "famiglia", "coniugi", "genitori", "signori", "family", "parents",
})  # fmt: skip
_JOINED = re.compile(r"[/&+,;:*_()]|\b(?:und|u|oder|et|ou|ed|and|or)\b|\b[eo]\b(?!\.)")
_SALUTATION_WORD = re.compile(r"[^\W\d_]+(?:[.^][^\W\d_]+)*\.?")


@lru_cache(maxsize=256)
def _salutation(written: str | None, language: str) -> str:
    """Returns the salutation in a language, or "" where what the practice wrote names two, or neither Frau nor Herr."""
    persons = [_SALUTATION_WORD.findall(part) for part in _JOINED.split(without_unseen(written or "").casefold())]
    # What is joined without a salutation of its own is somebody, too ("Herr und Kind"), unless it is a title ("Dr. med. et Dr. phil.").
    named = [form for words in persons if (form := _form_of(words)) is not None or not all(word.endswith(".") for word in words)]
    return (named[0] or {}).get(language, "") if len(named) == 1 else ""


def _form_of(words: list[str]) -> Mapping[str, str] | None:
    """Returns how one person is addressed: None for nobody, {} for several in one."""
    # A single letter that stands in front is Monsieur, else an initial.
    known = [_SALUTATIONS.get(plain) for place, word in enumerate(words) if (plain := word.rstrip(".")) != "m" or place == 0]
    named = {id(each): each for each in known if each}
    if len(named) > 1 or any(word.rstrip(".") in _SEVERAL for word in words):
        return {}
    return next(iter(named.values()), None)


_WORDS: Final[Mapping[Placeholder, Callable[[MessageValues, str], str]]] = {
    Placeholder.SALUTATION: lambda values, language: _salutation(values.salutation, language),
    Placeholder.FIRST_NAME: lambda values, _language: _clean(values.first_name),
    Placeholder.LAST_NAME: lambda values, _language: _clean(values.last_name),
    Placeholder.WEEKDAY: lambda values, language: _date_of(values.starts_at, "EEEE", language),
    Placeholder.DATE: lambda values, language: _date_of(values.starts_at, "dd.MM.yyyy", language),
    Placeholder.LONG_DATE: lambda values, language: _date_of(values.starts_at, "long", language),
    Placeholder.TIME: lambda values, language: _time_of(values.starts_at, language),
    Placeholder.FORMER_DATE: lambda values, language: _date_of(values.former_at, "dd.MM.yyyy", language),
    Placeholder.FORMER_TIME: lambda values, language: _time_of(values.former_at, language),
    Placeholder.DOCTOR: lambda values, _language: _clean(values.doctor),
    Placeholder.MANDANT: lambda values, _language: _clean(values.mandant),
    Placeholder.PRACTICE: lambda values, _language: _clean(values.practice),
    Placeholder.PHONE: lambda values, _language: _clean(values.phone),
    Placeholder.LINK: lambda values, _language: _clean(values.link),
}
