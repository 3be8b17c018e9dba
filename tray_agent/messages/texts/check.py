"""What is wrong with a template or makes it costly: pure, quick enough for every key press, each finding with its place."""

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
from tray_agent.messages.texts.rendering import (
    OF_MOVES,
    UNSEEN,
    Literal,
    MessageValues,
    Placeholder,
    PracticeWords,
    Wrong,
    fill,
    parse,
    placeholders_for,
    render_sms,
    without_unseen,
)
from tray_agent.messages.texts.segments import CostlyCharacter, CostReason, split
from tray_agent.messages.texts.templates import Template

MOST_SUBJECT = 200
"""Characters of a subject; mail programs show fewer."""


class TemplateSeverity(StrEnum):
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
    COSTLY = "dear_character"
    NO_TIME = "reminder_without_time"
    NO_FORMER_TIME = "notice_without_former_time"
    GAP = "gap_in_sentence"


_WARNINGS = frozenset({FindingCode.BRACKETS, FindingCode.COSTLY, FindingCode.NO_TIME, FindingCode.NO_FORMER_TIME, FindingCode.GAP})
"""What somebody may mean just so; everything else would reach patients as nonsense, or not at all."""


class TemplateField(StrEnum):
    """Which part of a template a finding is about."""

    TEXT = "text"
    SUBJECT = "subject"


@dataclass(frozen=True, slots=True)
class TemplateFinding:
    """Something wrong with a template, or costly.

    Attributes:
        position, length: where it stands in the field, in characters; the whole field for findings about all of it.
        sentence: what it means and what to do, in the language in force.
        suggestion: what could stand there instead (``{Vorname}``), or None.
    """

    code: FindingCode
    field: TemplateField
    position: int
    length: int
    sentence: str
    suggestion: str | None = None

    @property
    def severity(self) -> TemplateSeverity:
        """Returns whether it forbids saving."""
        return TemplateSeverity.WARNING if self.code in _WARNINGS else TemplateSeverity.ERROR


SAMPLE: Final = MessageValues(
    first_name="Elisabeth",
    last_name="Zimmermann",
    salutation="Frau",
    starts_at=datetime(2026, 12, 24, 10, 15),  # noqa: DTZ001 - wall-clock time of the practice
    former_at=datetime(2026, 12, 23, 9, 30),  # noqa: DTZ001 - likewise
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
        former_at=SAMPLE.former_at,
        doctor="Dr. med. Elisabeth Hofstetter-Brunner",
        mandant="Dr. med. Elisabeth Hofstetter-Brunner",
        practice="Gemeinschaftspraxis am Bahnhofplatz",
        phone="+41 44 123 45 67",
        link="https://www.gemeinschaftspraxis-am-bahnhofplatz.ch",
    )


def check_template(template: Template, most_segments: int, words: PracticeWords | None = None) -> tuple[TemplateFinding, ...]:
    """Returns what is wrong with a template or makes it costly, errors and warnings, by field and position.

    Args:
        template: as a person wrote it, or as it is stored.
        most_segments: how many an SMS may have.
        words: how the practice names itself; what it does not say may be missing in texts.
    """
    kind, text = template.key.kind, template.text
    findings = [*_errors(template), *_check_time(kind, text)]
    for field, content in _fields(template):
        findings += [*_check_brackets(kind, field, content), *_check_gaps(field, content, words or PracticeWords())]
    if template.key.channel is Channel.EMAIL:
        findings += _check_subject(template.subject)
    else:
        findings += [*_check_costly(text), *_check_length(template.key.language, text, most_segments)]
    return tuple(sorted(findings, key=lambda finding: (finding.field is TemplateField.TEXT, finding.position, finding.severity)))


def is_usable(template: Template) -> bool:
    """Returns whether a text may be sent at all: no wrong placeholder, no lost brace, not empty."""
    return next(_errors(template), None) is None


def _fields(template: Template) -> list[tuple[TemplateField, str]]:
    text = (TemplateField.TEXT, template.text)
    return [text, (TemplateField.SUBJECT, template.subject)] if template.key.channel is Channel.EMAIL else [text]


def _errors(template: Template) -> Iterator[TemplateFinding]:
    """Finds what forbids the use of a text, whatever the switches say; so its length does not count here."""
    for field, content in _fields(template):
        yield from _check_field(template.key.kind, field, content)


def _check_field(kind: MessageKind, field: TemplateField, text: str) -> Iterator[TemplateFinding]:
    if not text.strip():
        sentence = _("Der Text ist leer.") if field is TemplateField.TEXT else _("Der Betreff ist leer.")
        yield TemplateFinding(FindingCode.EMPTY, field, 0, len(text), sentence)
    elif field is TemplateField.TEXT and not _says_something(text):
        sentence = _("Sind die Angaben in den Platzhaltern leer, so ist es der ganze Text; bitte auch etwas Festes schreiben.")
        yield TemplateFinding(FindingCode.EMPTY, field, 0, len(text), sentence)
    yield from _check_doubled(kind, field, text)
    for part in parse(text).parts:
        if isinstance(part, Wrong):
            yield _wrong(kind, field, part) if len(part.text) > 1 else _lost_brace(kind, field, text, part)
        elif not isinstance(part, Literal) and part.placeholder not in placeholders_for(kind):
            if part.placeholder in OF_MOVES:
                sentence = _("{placeholder} gibt es nur in Terminverschiebungen; sonst gibt es keine bisherige Zeit.")
            else:
                sentence = _("{placeholder} gibt es nur in Texten zu einem Termin; ein Geburtstagsglückwunsch hat keinen.")
            written = part.placeholder.written
            yield TemplateFinding(FindingCode.NOT_HERE, field, part.position, len(written), sentence.format(placeholder=written))


_ALWAYS_THERE: Final = frozenset({Placeholder.WEEKDAY, Placeholder.DATE, Placeholder.LONG_DATE, Placeholder.TIME, *OF_MOVES})
"""Placeholders that have a value in every message that may name them."""


def _says_something(text: str) -> bool:
    """Returns whether a text says something to everybody, be every other value missing: no gateway takes an empty message."""
    parsed = parse(text)
    return bool(fill(parsed, {each: "-" if each in _ALWAYS_THERE else "" for each in parsed.placeholders}))


_DOUBLED: Final = re.compile(r"(?<!\{)\{\{\s*([^{}]*?)\s*\}\}(?!\})")
_OPENED: Final = re.compile(r"\{[^\S\n]*(\w+)")
_CLOSED: Final = re.compile(r"(\w+)[^\S\n]*\}\Z")
_OTHER_BRACKETS: Final = re.compile(r"\[(\w+)\]|<(\w+)>|%(\w+)%|\$(\w+)|｛(\w+)｝")


def _check_doubled(kind: MessageKind, field: TemplateField, text: str) -> Iterator[TemplateFinding]:
    """Finds placeholders in double braces, as other programs write them: patients would read the word itself."""
    for found in _DOUBLED.finditer(text):
        meant = nearest_placeholder(found[1], kind, alike=0.8)
        if meant is not None:
            sentence = _("{doubled} stünde als {literal} in der Mitteilung. Gemeint ist wohl {nearest}.").format(
                doubled=found[0], literal=found[0][1:-1], nearest=meant.written
            )
            yield TemplateFinding(FindingCode.DOUBLED, field, found.start(), len(found[0]), sentence, meant.written)


def _check_brackets(kind: MessageKind, field: TemplateField, text: str) -> Iterator[TemplateFinding]:
    """Finds placeholders in brackets of other programs; a warning, because somebody may mean just that."""
    allowed = {each.value.casefold(): each for each in placeholders_for(kind)}
    for found in _OTHER_BRACKETS.finditer(text):
        meant = allowed.get(next(word for word in found.groups() if word).casefold())
        if meant is not None:
            sentence = _("{written} bleibt so im Text stehen. Platzhalter stehen in geschweiften Klammern: {nearest}.").format(
                written=found[0], nearest=meant.written
            )
            yield TemplateFinding(FindingCode.BRACKETS, field, found.start(), len(found[0]), sentence, meant.written)


def _lost_brace(kind: MessageKind, field: TemplateField, text: str, part: Wrong) -> TemplateFinding:
    """Tells of a brace without its partner: beside a placeholder's word the partner is missing, else the brace itself was meant."""
    beside = _OPENED.match(text, part.position) if part.text == "{" else _CLOSED.search(text, 0, part.position + 1)
    meant = nearest_placeholder(beside[1], kind, alike=0.8) if beside else None
    if beside is not None and meant is not None:
        sentence = _("Bei {written} fehlt die zweite geschweifte Klammer. Gemeint ist wohl {nearest}.")
        meaning = sentence.format(written=beside[0], nearest=meant.written)
        return TemplateFinding(FindingCode.BRACE, field, beside.start(), len(beside[0]), meaning, meant.written)
    sentence = _("Eine einzelne geschweifte Klammer; für die Klammer selbst {double} schreiben.").format(double=part.text * 2)
    return TemplateFinding(FindingCode.BRACE, field, part.position, 1, sentence, part.text * 2)


def _wrong(kind: MessageKind, field: TemplateField, part: Wrong) -> TemplateFinding:
    word = part.text[1:-1].strip().casefold()
    if any(word.startswith(medical) for medical in _MEDICAL):
        sentence = _("{placeholder}: Medizinisches gehört nicht in eine Mitteilung, die andere mitlesen können.")
        return TemplateFinding(FindingCode.MEDICAL, field, part.position, len(part.text), sentence.format(placeholder=part.text))
    nearest = nearest_placeholder(part.text[1:-1], kind)
    written = nearest.written if nearest else None
    sentence = (
        _("{placeholder} gibt es nicht. Gemeint ist wohl {nearest}.") if nearest else _("{placeholder} gibt es nicht. Es gibt: {all}.")
    )
    known = ", ".join(each.written for each in placeholders_for(kind))
    meaning = sentence.format(placeholder=part.text, nearest=written, all=known)
    return TemplateFinding(FindingCode.UNKNOWN, field, part.position, len(part.text), meaning, written)


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
    "altesdatum": Placeholder.FORMER_DATE, "datumalt": Placeholder.FORMER_DATE, "bisherigesdatum": Placeholder.FORMER_DATE,
    "formerdate": Placeholder.FORMER_DATE, "anciennedate": Placeholder.FORMER_DATE, "vecchiadata": Placeholder.FORMER_DATE,
    "altezeit": Placeholder.FORMER_TIME, "uhrzeitalt": Placeholder.FORMER_TIME, "bisherigezeit": Placeholder.FORMER_TIME,
    "formertime": Placeholder.FORMER_TIME, "ancienneheure": Placeholder.FORMER_TIME, "vecchiaora": Placeholder.FORMER_TIME,
}  # fmt: skip


def _check_time(kind: MessageKind, text: str) -> Iterator[TemplateFinding]:
    named = parse(text).placeholders
    dated = {Placeholder.DATE, Placeholder.LONG_DATE, Placeholder.WEEKDAY}.intersection(named)
    if kind.is_of_appointment and text.strip() and not (dated and Placeholder.TIME in named):
        sentence = _("Der Text nennt nicht Tag und Zeit des Termins ({Datum}, {Uhrzeit}).")
        yield TemplateFinding(FindingCode.NO_TIME, TemplateField.TEXT, 0, len(text), sentence)
    if kind is MessageKind.MOVED and text.strip() and not set(OF_MOVES).issubset(named):
        sentence = _("Der Text nennt nicht die bisherige Zeit, die er ersetzt ({DatumBisher}, {UhrzeitBisher}).")
        yield TemplateFinding(FindingCode.NO_FORMER_TIME, TemplateField.TEXT, 0, len(text), sentence)


def _check_gaps(field: TemplateField, text: str, words: PracticeWords) -> Iterator[TemplateFinding]:
    """Finds values that may be missing where the sentence goes on as if they were there: "Termin bei am 30.11."."""
    may_be_missing = {Placeholder.SALUTATION: "", Placeholder.DOCTOR: "", Placeholder.PHONE: words.phone, Placeholder.LINK: words.link}
    for gap in parse(text).gaps:
        slot = gap.slot
        if not may_be_missing.get(slot.placeholder, "-").strip():
            left = " ".join(word for word in (gap.before, gap.after) if word)
            sentence = _(
                "Fehlt {placeholder}, so steht hier nur «{left}». Besser ohne Satz darum, nach einem Komma oder auf einer eigenen Zeile."
            )
            meaning = sentence.format(placeholder=slot.placeholder.written, left=left)
            yield TemplateFinding(FindingCode.GAP, field, slot.position, len(slot.placeholder.written), meaning)


def _check_subject(subject: str) -> Iterator[TemplateFinding]:
    if "\n" in subject or "\r" in subject:
        position = min(found for found in (subject.find("\n"), subject.find("\r")) if found >= 0)
        yield TemplateFinding(FindingCode.LINE_BREAK, TemplateField.SUBJECT, position, 1, _("Ein Betreff hat nur eine Zeile."), " ")
    if len(subject) > MOST_SUBJECT:
        sentence = _("Der Betreff ist zu lang; erlaubt sind {most} Zeichen.").format(most=MOST_SUBJECT)
        yield TemplateFinding(FindingCode.TOO_LONG, TemplateField.SUBJECT, MOST_SUBJECT, len(subject) - MOST_SUBJECT, sentence)


def _check_costly(text: str) -> Iterator[TemplateFinding]:
    """Finds the characters of the text itself that make an SMS costly; those of names can't be foreseen."""
    found = [costly for part in parse(text).parts if isinstance(part, Literal) for costly in _costly_in(part)]
    # Once a text travels as UCS-2, the extension table costs nothing more: then only what brought it there is of use.
    is_unicode = any(costly.reason is CostReason.UNICODE for _position, _length, costly in found)
    for position, length, costly in found:
        if costly.reason is CostReason.UNICODE or not is_unicode:
            yield _costly_finding(position, 2 if text[position : position + 2] in ("{{", "}}") else length, costly)


_LETTER = re.compile(rf".(?:[\u0300-\u036f\ufe0e\ufe0f]|{UNSEEN.pattern})*", re.DOTALL)


def _costly_in(literal: Literal) -> Iterator[tuple[int, int, CostlyCharacter]]:
    """Gives the costly characters with place and length as written; each as it will be sent: composed (u + ¨), and if it can be seen."""
    if split(literal.text).costly:
        for letter in _LETTER.finditer(literal.text):
            for costly in split(without_unseen(letter.group())).costly:
                yield literal.position + letter.start(), len(letter.group()), costly


def _costly_finding(position: int, length: int, costly: CostlyCharacter) -> TemplateFinding:
    if costly.reason is CostReason.DOUBLE:
        sentence = _("«{character}» zählt in einer SMS doppelt.")
    elif costly.plain is None:
        sentence = _("«{character}» gibt es im SMS-Alphabet nicht: Die ganze SMS hat nur noch 70 statt 160 Zeichen.")
    elif costly.plain == "":
        sentence = _("«{character}» gibt es im SMS-Alphabet nicht: Die ganze SMS hat nur noch 70 statt 160 Zeichen. Besser weglassen.")
    else:
        sentence = _(
            "«{character}» gibt es im SMS-Alphabet nicht: Die ganze SMS hat nur noch 70 statt 160 Zeichen. Besser «{plain}» schreiben."
        )
    written = sentence.format(character=costly.character, plain=costly.plain)
    return TemplateFinding(FindingCode.COSTLY, TemplateField.TEXT, position, length, written, costly.plain)


def _check_length(language: str, text: str, most_segments: int) -> Iterator[TemplateFinding]:
    count = render_sms(text, language, longest_sample(language), plain_characters=False).segment_count
    if count > most_segments:
        sentence = _(
            "Mit langen Namen braucht die SMS {count} Segmente; erlaubt sind {most}. Bitte kürzen: Eine SMS wird nie abgeschnitten."
        )
        yield TemplateFinding(FindingCode.TOO_LONG, TemplateField.TEXT, 0, len(text), sentence.format(count=count, most=most_segments))
