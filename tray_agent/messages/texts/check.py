"""What is wrong or dear about a template: pure, quick enough for every key press, each finding with its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Final

from tray_agent.i18n import _
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.texts.rendering import Literal, MessageValues, Placeholder, Wrong, fill, parse, placeholders_for, render_sms
from tray_agent.messages.texts.segments import DearCharacter, Dearness, count_segments, split

MOST_SUBJECT = 200
"""Characters of a subject; mail programs show fewer."""


class Severity(StrEnum):
    """Whether a finding forbids saving."""

    ERROR = "error"
    WARNING = "warning"


class FindingCode(StrEnum):
    """What was found in a template; stable words for JSON and tests."""

    UNKNOWN = "unknown_placeholder"
    NOT_HERE = "placeholder_of_another_kind"
    MEDICAL = "medical"
    BRACE = "single_brace"
    DOUBLED = "doubled_braces"
    BRACKETS = "other_brackets"
    EMPTY = "empty"
    LINE_BREAK = "line_break_in_subject"
    TOO_LONG = "too_long"
    DEAR = "dear_character"
    NO_TIME = "reminder_without_time"


class Field(StrEnum):
    """Which part of a template a finding is about."""

    TEXT = "text"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong or dear in a template.

    Attributes:
        position, length: where it stands in the field, in characters; the whole field for findings about all of it.
        sentence: what it means and what to do, in the language in force.
        suggestion: what could stand there instead (``{Vorname}``), or None.
    """

    code: FindingCode
    severity: Severity
    field: Field
    position: int
    length: int
    sentence: str
    suggestion: str | None = None


SAMPLE: Final = MessageValues(
    first_name="Elisabeth",
    last_name="Zimmermann",
    salutation="Frau",
    starts_at=datetime(2026, 12, 24, 10, 15),  # noqa: DTZ001 - wall-clock time of the practice
    doctor="Dr. med. Hofstetter",
    mandant="Dr. med. Hofstetter",
    practice="Praxis am Bahnhof",
    phone="044 123 45 67",
    link="https://praxis-am-bahnhof.ch",
)
"""An invented patient for previews, with values of a usual length."""


@cache
def longest_sample(language: str) -> MessageValues:
    """Returns an invented patient with the longest values that are realistic, in this language."""
    samples = [_sample_on(date(2026, 9, 1) + timedelta(days=number)) for number in range(30)]
    return max(samples, key=lambda sample: len(render_sms("{Wochentag}{DatumLang}", language, sample, plain_characters=False).text))


def _sample_on(day: date) -> MessageValues:
    return MessageValues(
        first_name="Maria Magdalena",
        last_name="Zimmermann-Oberholzer",
        salutation="Frau",
        starts_at=datetime(day.year, day.month, day.day, 10, 15),  # noqa: DTZ001 - wall-clock time of the practice
        doctor="Dr. med. Elisabeth Hofstetter-Brunner",
        mandant="Dr. med. Elisabeth Hofstetter-Brunner",
        practice="Gemeinschaftspraxis am Bahnhofplatz",
        phone="+41 44 123 45 67",
        link="https://www.gemeinschaftspraxis-am-bahnhofplatz.ch",
    )


def check_template(kind: MessageKind, channel: Channel, language: str, text: str, subject: str, most_segments: int) -> tuple[Finding, ...]:
    """Returns what is wrong or dear about a template, errors and warnings, by field and position."""
    findings = [*_check_field(kind, Field.TEXT, text), *_check_brackets(kind, Field.TEXT, text), *_check_time(kind, text)]
    if channel is Channel.EMAIL:
        of_subject = (*_check_field(kind, Field.SUBJECT, subject), *_check_brackets(kind, Field.SUBJECT, subject))
        findings += [*of_subject, *_check_subject(subject)]
    else:
        findings += [*_check_dear(text), *_check_length(language, text, most_segments)]
    return tuple(sorted(findings, key=lambda finding: (finding.field is Field.TEXT, finding.position, finding.severity)))


def is_usable(kind: MessageKind, channel: Channel, text: str, subject: str) -> bool:
    """Returns whether a text may be sent at all: no wrong placeholder, no lost brace, not empty."""
    fields = [(Field.TEXT, text), (Field.SUBJECT, subject)] if channel is Channel.EMAIL else [(Field.TEXT, text)]
    return not any(True for field, content in fields for _finding in _check_field(kind, field, content))


def _check_field(kind: MessageKind, field: Field, text: str) -> Iterator[Finding]:
    """Finds what forbids the use of a text: every finding is an error."""
    if not text.strip():
        yield Finding(
            FindingCode.EMPTY,
            Severity.ERROR,
            field,
            0,
            len(text),
            _("Der Text ist leer.") if field is Field.TEXT else _("Der Betreff ist leer."),
        )
    elif field is Field.TEXT and not _says_something(text):
        sentence = _("Sind die Angaben in den Platzhaltern leer, so ist es der ganze Text; bitte auch etwas Festes schreiben.")
        yield Finding(FindingCode.EMPTY, Severity.ERROR, field, 0, len(text), sentence)
    yield from _check_doubled(kind, field, text)
    for part in parse(text).parts:
        if isinstance(part, Wrong):
            yield _wrong(kind, field, part) if len(part.text) > 1 else _lost_brace(kind, field, text, part)
        elif not isinstance(part, Literal) and part.placeholder not in placeholders_for(kind):
            sentence = _("{placeholder} gibt es nur in Terminerinnerungen; ein Geburtstagsglückwunsch hat keinen Termin.")
            written = part.placeholder.written
            yield Finding(FindingCode.NOT_HERE, Severity.ERROR, field, part.position, len(written), sentence.format(placeholder=written))


_ALWAYS_THERE: Final = frozenset({Placeholder.WEEKDAY, Placeholder.DATE, Placeholder.LONG_DATE, Placeholder.TIME})
"""Placeholders that have a value in every message that may name them."""


def _says_something(text: str) -> bool:
    """Returns whether a text says something to everybody, be every other value missing: no gateway takes an empty message."""
    parsed = parse(text)
    return bool(fill(parsed, {each: "-" if each in _ALWAYS_THERE else "" for each in parsed.placeholders}))


_DOUBLED: Final = re.compile(r"(?<!\{)\{\{\s*([^{}]*?)\s*\}\}(?!\})")
_OPENED: Final = re.compile(r"\{[^\S\n]*(\w+)")
_CLOSED: Final = re.compile(r"(\w+)[^\S\n]*\}\Z")
_OTHER_BRACKETS: Final = re.compile(r"\[(\w+)\]|<(\w+)>|%(\w+)%|\$(\w+)|｛(\w+)｝")


def _check_doubled(kind: MessageKind, field: Field, text: str) -> Iterator[Finding]:
    """Finds placeholders in double braces, as other programs write them: patients would read the word itself."""
    for found in _DOUBLED.finditer(text):
        meant = nearest_placeholder(found[1], kind, alike=0.8)
        if meant is not None:
            sentence = _("{doubled} stünde als {literal} in der Mitteilung. Gemeint ist wohl {nearest}.").format(
                doubled=found[0], literal=found[0][1:-1], nearest=meant.written
            )
            yield Finding(FindingCode.DOUBLED, Severity.ERROR, field, found.start(), len(found[0]), sentence, meant.written)


def _check_brackets(kind: MessageKind, field: Field, text: str) -> Iterator[Finding]:
    """Finds placeholders in brackets of other programs; a warning, because somebody may mean just that."""
    allowed = {each.value.casefold(): each for each in placeholders_for(kind)}
    for found in _OTHER_BRACKETS.finditer(text):
        meant = allowed.get(next(word for word in found.groups() if word).casefold())
        if meant is not None:
            sentence = _("{written} bleibt so im Text stehen. Platzhalter stehen in geschweiften Klammern: {nearest}.").format(
                written=found[0], nearest=meant.written
            )
            yield Finding(FindingCode.BRACKETS, Severity.WARNING, field, found.start(), len(found[0]), sentence, meant.written)


def _lost_brace(kind: MessageKind, field: Field, text: str, part: Wrong) -> Finding:
    """Tells of a brace without its partner: beside a placeholder's word the partner is missing, else the brace itself was meant."""
    beside = _OPENED.match(text, part.position) if part.text == "{" else _CLOSED.search(text, 0, part.position + 1)
    meant = nearest_placeholder(beside[1], kind, alike=0.8) if beside else None
    if beside is not None and meant is not None:
        sentence = _("Bei {written} fehlt die zweite geschweifte Klammer. Gemeint ist wohl {nearest}.")
        told = sentence.format(written=beside[0], nearest=meant.written)
        return Finding(FindingCode.BRACE, Severity.ERROR, field, beside.start(), len(beside[0]), told, meant.written)
    sentence = _("Eine einzelne geschweifte Klammer; für die Klammer selbst {double} schreiben.").format(double=part.text * 2)
    return Finding(FindingCode.BRACE, Severity.ERROR, field, part.position, 1, sentence, part.text * 2)


def _wrong(kind: MessageKind, field: Field, part: Wrong) -> Finding:
    place = (field, part.position, len(part.text))
    word = part.text[1:-1].strip().casefold()
    if any(word.startswith(medical) for medical in _MEDICAL):
        sentence = _("{placeholder}: Medizinisches gehört nicht in eine Mitteilung, die andere mitlesen können.")
        return Finding(FindingCode.MEDICAL, Severity.ERROR, *place, sentence.format(placeholder=part.text))
    nearest = nearest_placeholder(part.text[1:-1], kind)
    sentence = (
        _("{placeholder} gibt es nicht. Gemeint ist wohl {nearest}.") if nearest else _("{placeholder} gibt es nicht. Es gibt: {all}.")
    )
    known = ", ".join(each.written for each in placeholders_for(kind))
    told = sentence.format(placeholder=part.text, nearest=nearest.written if nearest else "", all=known)
    return Finding(FindingCode.UNKNOWN, Severity.ERROR, *place, told, nearest.written if nearest else None)


def nearest_placeholder(word: str, kind: MessageKind, alike: float = 0.6) -> Placeholder | None:
    """Returns the placeholder that was probably meant, or None where none is ``alike`` enough (0 to 1)."""
    allowed = placeholders_for(kind)
    names = {each.value.casefold(): each for each in allowed}
    names.update({synonym: each for synonym, each in _SYNONYMS.items() if each in allowed})
    close = difflib.get_close_matches(word.strip().casefold(), names, n=1, cutoff=alike)
    return names[close[0]] if close else None


_MEDICAL: Final = (
    "diagnos", "besuchsgrund", "grund", "behandlung", "therapie", "befund", "labor", "medikament", "krank", "untersuch", "leistung",
    "eingriff", "impfung", "motif", "motivo", "reason", "traitement", "treatment",
)  # fmt: skip
"""Beginnings of words that people might take for placeholders and that would tell something medical."""

_SYNONYMS: Final = {
    "name": Placeholder.LAST_NAME, "familienname": Placeholder.LAST_NAME, "lastname": Placeholder.LAST_NAME, "nom": Placeholder.LAST_NAME,
    "cognome": Placeholder.LAST_NAME, "firstname": Placeholder.FIRST_NAME, "prénom": Placeholder.FIRST_NAME, "nome": Placeholder.FIRST_NAME,
    "titel": Placeholder.SALUTATION, "salutation": Placeholder.SALUTATION, "date": Placeholder.DATE, "data": Placeholder.DATE,
    "tag": Placeholder.WEEKDAY, "weekday": Placeholder.WEEKDAY, "jour": Placeholder.WEEKDAY, "giorno": Placeholder.WEEKDAY,
    "zeit": Placeholder.TIME, "time": Placeholder.TIME, "heure": Placeholder.TIME, "ora": Placeholder.TIME, "termin": Placeholder.DATE,
    "ärztin": Placeholder.DOCTOR, "doktor": Placeholder.DOCTOR, "doctor": Placeholder.DOCTOR, "médecin": Placeholder.DOCTOR,
    "medico": Placeholder.DOCTOR, "practice": Placeholder.PRACTICE, "cabinet": Placeholder.PRACTICE, "studio": Placeholder.PRACTICE,
    "tel": Placeholder.PHONE, "telefonnummer": Placeholder.PHONE, "phone": Placeholder.PHONE, "téléphone": Placeholder.PHONE,
    "url": Placeholder.LINK, "webseite": Placeholder.LINK, "website": Placeholder.LINK, "homepage": Placeholder.LINK,
}  # fmt: skip


def _check_time(kind: MessageKind, text: str) -> Iterator[Finding]:
    named = parse(text).placeholders
    dated = {Placeholder.DATE, Placeholder.LONG_DATE, Placeholder.WEEKDAY}.intersection(named)
    if kind is MessageKind.REMINDER and text.strip() and not (dated and Placeholder.TIME in named):
        sentence = _("Der Text nennt nicht Tag und Zeit des Termins ({Datum}, {Uhrzeit}).")
        yield Finding(FindingCode.NO_TIME, Severity.WARNING, Field.TEXT, 0, len(text), sentence)


def _check_subject(subject: str) -> Iterator[Finding]:
    if "\n" in subject or "\r" in subject:
        position = min(found for found in (subject.find("\n"), subject.find("\r")) if found >= 0)
        yield Finding(FindingCode.LINE_BREAK, Severity.ERROR, Field.SUBJECT, position, 1, _("Ein Betreff hat nur eine Zeile."), " ")
    if len(subject) > MOST_SUBJECT:
        sentence = _("Der Betreff ist zu lang; erlaubt sind {most} Zeichen.").format(most=MOST_SUBJECT)
        yield Finding(FindingCode.TOO_LONG, Severity.ERROR, Field.SUBJECT, MOST_SUBJECT, len(subject) - MOST_SUBJECT, sentence)


def _check_dear(text: str) -> Iterator[Finding]:
    """Finds the characters of the text itself that make an SMS dear; those of names can't be foreseen."""
    literals = [part for part in parse(text).parts if isinstance(part, Literal)]
    found = [(literal.position, dear) for literal in literals for dear in split(literal.text).dear]
    only_unicode = any(dear.dearness is Dearness.UNICODE for _position, dear in found)
    for position, dear in found:
        if dear.dearness is Dearness.UNICODE or not only_unicode:
            place = position + dear.position
            written = text[place : place + 2] if text[place : place + 2] in ("{{", "}}") else dear.character
            yield _dear_finding(place, written, dear)


def _dear_finding(position: int, written: str, dear: DearCharacter) -> Finding:
    if dear.dearness is Dearness.DOUBLE:
        sentence = _("«{character}» zählt in einer SMS doppelt.")
    elif dear.plain is None:
        sentence = _("«{character}» gibt es im SMS-Alphabet nicht: Die ganze SMS hat nur noch 70 statt 160 Zeichen.")
    elif dear.plain == "":
        sentence = _("«{character}» gibt es im SMS-Alphabet nicht: Die ganze SMS hat nur noch 70 statt 160 Zeichen. Besser weglassen.")
    else:
        sentence = _(
            "«{character}» gibt es im SMS-Alphabet nicht: Die ganze SMS hat nur noch 70 statt 160 Zeichen. Besser «{plain}» schreiben."
        )
    told = sentence.format(character=dear.character, plain=dear.plain)
    return Finding(FindingCode.DEAR, Severity.WARNING, Field.TEXT, position, len(written), told, dear.plain)


def _check_length(language: str, text: str, most_segments: int) -> Iterator[Finding]:
    count = count_segments(render_sms(text, language, longest_sample(language), plain_characters=False).text)
    if count > most_segments:
        sentence = _(
            "Mit langen Namen braucht die SMS {count} Segmente; erlaubt sind {most}. Bitte kürzen: Eine SMS wird nie abgeschnitten."
        )
        yield Finding(FindingCode.TOO_LONG, Severity.ERROR, Field.TEXT, 0, len(text), sentence.format(count=count, most=most_segments))
