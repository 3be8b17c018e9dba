"""The window *Textvorlagen*: what a person writes, what is wrong or costly about it, what a patient would read and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from tray_agent.i18n import N_, _, format_datetime, join_words, ngettext
from tray_agent.messages.model import MessageKind
from tray_agent.messages.texts.check import SAMPLE, FindingCode, TemplateField, TemplateFinding, TemplateSeverity, longest_sample
from tray_agent.messages.texts.examples import Example
from tray_agent.messages.texts.rendering import MessageValues, Placeholder, Rendered, Slot, parse, placeholders_for, render_sms
from tray_agent.messages.texts.segments import EXTENSION, Encoding, Segments
from tray_agent.messages.texts.templates import Origin, Template, TemplateEntry, TemplateKey
from tray_agent.messages.words import channel_title, kind_title
from tray_agent.practice.model import Patient, name_of
from ui.models.credits import segments_text
from ui.models.words import language_name, local_text

Check = Callable[[Template], tuple[TemplateFinding, ...]]
Render = Callable[[Template, MessageValues | None], Rendered]

_ORIGINS = {Origin.DEFAULT: N_("Vorgabe"), Origin.OWN: N_("eigene"), Origin.DISABLED: N_("nicht verwendet")}


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a field that is marked.

    Attributes:
        start, length: in UTF-16 units, as editors count.
        severity: None for a placeholder that is right.
    """

    start: int
    length: int
    severity: TemplateSeverity | None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class FoundLine:
    """One line of what was found: the same finding at several places stands once.

    Attributes:
        finding: the first of them.
        count: at how many places.
    """

    finding: TemplateFinding
    count: int

    @property
    def text(self) -> str:
        """Returns the sentence, with the number of places where there are several."""
        if self.count == 1:
            return self.finding.sentence
        return _("{sentence} ({count}-mal)").format(sentence=self.finding.sentence, count=self.count)


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom the preview is: what is chosen, and the values (None: the invented patient)."""

    label: str
    values: MessageValues | None


class TemplatesModel:
    """The templates and the one that is edited. Nothing is written before it is saved.

    Args:
        entries: all templates as they are stored.
        check: returns what is wrong or costly; called on every change.
        render: returns the text for a patient; called on every change.
        most_segments: how many segments an SMS may have.
    """

    def __init__(self, entries: Sequence[TemplateEntry], check: Check, render: Render, most_segments: int) -> None:
        self._check = check
        self._render = render
        self.most_segments = most_segments
        self.entries = tuple(entries)
        self.draft = self.entries[0].template
        self.findings = check(self.draft)

    # Which one

    @property
    def key(self) -> TemplateKey:
        """Returns which template is edited."""
        return self.draft.key

    @property
    def entry(self) -> TemplateEntry:
        """Returns the edited template as it is stored."""
        return next(entry for entry in self.entries if entry.template.key == self.key)

    @property
    def place(self) -> int:
        """Returns the edited template's place in the list."""
        return self.entries.index(self.entry)

    def choose(self, key: TemplateKey) -> None:
        """Edits another template; what was not saved is lost."""
        self.draft = next(entry.template for entry in self.entries if entry.template.key == key)
        self._changed()

    def stored(self, entries: Sequence[TemplateEntry]) -> None:
        """Takes the templates as they are stored now, and goes on with the edited one as stored."""
        self.entries = tuple(entries)
        self.choose(self.key)

    # Editing

    def edit(self, *, text: str | None = None, subject: str | None = None) -> None:
        """Takes what a person wrote."""
        draft = self.draft if text is None else replace(self.draft, text=text)
        self.draft = draft if subject is None else replace(draft, subject=subject)
        self._changed()

    def simplified(self) -> str:
        """Returns the text with its costly characters written plainly, where there is a plain way."""
        return self.replaced(*(finding for finding in self.findings if finding.code is FindingCode.COSTLY))

    def replaced(self, *findings: TemplateFinding) -> str:
        """Returns the field of the findings (all of one field) with what they suggest."""
        text = self.draft.subject if findings and findings[0].field is TemplateField.SUBJECT else self.draft.text
        for finding in sorted(findings, key=lambda one: one.position, reverse=True):
            if finding.suggestion is not None:
                text = text[: finding.position] + finding.suggestion + text[finding.position + finding.length :]
        return text

    @property
    def can_simplify(self) -> bool:
        """Returns whether there is a costly character with a plain one in its place."""
        return any(finding.code is FindingCode.COSTLY and finding.suggestion is not None for finding in self.findings)

    @property
    def has_changes(self) -> bool:
        """Returns whether leaving the template would lose something."""
        return self.draft != self.entry.template

    @property
    def can_save(self) -> bool:
        """Returns whether saving would change something: saving a template that is not used puts it into use again."""
        return self.has_changes or self.entry.origin is Origin.DISABLED

    @property
    def placeholders(self) -> tuple[Placeholder, ...]:
        """Returns the placeholders that the edited text may use."""
        return placeholders_for(self.key.kind)

    def _changed(self) -> None:
        self.findings = self._check(self.draft)

    # What is told

    def found_lines(self) -> tuple[FoundLine, ...]:
        """Returns what was found, errors first, each sentence once, several costly characters in one sentence."""
        first: dict[tuple[TemplateField, str], TemplateFinding] = {}
        counts: dict[tuple[TemplateField, str], int] = {}
        costly = self._costly_line()
        others = [finding for finding in self.findings if costly is None or finding.code is not FindingCode.COSTLY]
        for finding in sorted(others, key=lambda one: one.severity is not TemplateSeverity.ERROR):
            same = (finding.field, finding.sentence)
            first.setdefault(same, finding)
            counts[same] = counts.get(same, 0) + 1
        lines = tuple(FoundLine(finding, counts[same]) for same, finding in first.items())
        return lines if costly is None else (*lines, costly)

    def _costly_line(self) -> FoundLine | None:
        """Returns one line for several different costly characters, or None where there are not several."""
        costly = [finding for finding in self.findings if finding.code is FindingCode.COSTLY]
        characters = list(dict.fromkeys(self.draft.text[one.position :][: one.length] for one in costly))
        if len(characters) < 2:
            return None
        named = " ".join(_("«{character}»").format(character=character) for character in characters)
        if all(character[0] in EXTENSION for character in characters):
            sentence = _("{characters} zählen in einer SMS doppelt.")
        else:
            sentence = _("{characters} gibt es im SMS-Alphabet nicht: Die ganze SMS hat nur noch 70 statt 160 Zeichen.")
        return FoundLine(replace(costly[0], sentence=sentence.format(characters=named), suggestion=None), 1)

    def marks(self, field: TemplateField) -> tuple[Mark, ...]:
        """Returns what is marked in a field: right placeholders, and findings that are about a place."""
        text = self.draft.text if field is TemplateField.TEXT else self.draft.subject
        slots = [part for part in parse(text).parts if isinstance(part, Slot)]
        right = [_mark(text, slot.position, len(slot.placeholder.written), None, slot.placeholder.text) for slot in slots]
        places = [one for one in self.findings if one.field is field and has_place(one)]
        return (*right, *(_mark(text, one.position, one.length, one.severity, one.sentence) for one in places))

    def rendered(self, reader: Reader) -> Rendered:
        """Returns what a patient would read."""
        return self._render(self.draft, reader.values)

    def counted(self, rendered: Rendered) -> str:
        """Returns length, segments and cost of a rendered text."""
        if rendered.segments is None:
            return _("E-Mail: kostet keine Credits.")
        return f"{_segments_and_room(rendered.segments, rendered)} {self._longest_text()}"

    def _longest_text(self) -> str:
        key = self.key
        segments = render_sms(self.draft.text, key.language, longest_sample(key.language), plain_characters=False).segments
        count = segments.count if segments else 0
        sentence = ngettext(
            "Mit langen Namen: {count} Segment (erlaubt: {most}).", "Mit langen Namen: {count} Segmente (erlaubt: {most}).", count
        )
        return sentence.format(count=count, most=self.most_segments)


def has_place(finding: TemplateFinding) -> bool:
    """Returns whether a finding is about a place in its field, and not about the whole of it."""
    whole = finding.code is FindingCode.TOO_LONG and finding.field is TemplateField.TEXT
    return finding.length > 0 and not whole and finding.code not in (FindingCode.EMPTY, FindingCode.NO_TIME, FindingCode.NO_FORMER_TIME)


def _mark(text: str, position: int, length: int, severity: TemplateSeverity | None, sentence: str) -> Mark:
    start = utf16_length(text[:position])
    return Mark(start, utf16_length(text[position : position + length]), severity, sentence)


def utf16_length(text: str) -> int:
    """Returns how many UTF-16 units a text has: what editors count, two for most pictures."""
    return len(text) + sum(character > "\uffff" for character in text)


def _segments_and_room(segments: Segments, rendered: Rendered) -> str:
    length = segments_text(segments.count, rendered.cost)
    room = ngettext("Noch {left} Zeichen frei.", "Noch {left} Zeichen frei.", segments.remaining).format(left=segments.remaining)
    special = _("Mit Sonderzeichen nur 70 statt 160 Zeichen.") if segments.encoding is Encoding.UCS2 else ""
    return f"{length} {room} {special}".strip()


# Words


def origin_word(entry: TemplateEntry) -> str:
    """Returns where a template comes from."""
    return _(_ORIGINS[entry.origin])


def template_title(key: TemplateKey) -> str:
    """Returns which template it is: "Terminerinnerung, SMS, Deutsch"."""
    return ", ".join((kind_title(key.kind), channel_title(key.channel), language_name(key.language)))


def changed_text(entry: TemplateEntry, zone: ZoneInfo) -> str:
    """Returns who changed a template when, or what its origin means."""
    if entry.origin is Origin.DISABLED:
        return _("Diese Vorlage wird nicht verwendet: Gesendet wird in der Ersatzsprache. Speichern nimmt sie wieder in Gebrauch.")
    if entry.origin is Origin.DEFAULT or entry.changed_at is None:
        return _("Mitgelieferter Text; mit Speichern wird daraus ein eigener.")
    return _("Eigener Text, geändert am {when} von {who}.").format(when=local_text(entry.changed_at, zone), who=entry.changed_by or "–")


def missing_text(missing: Sequence[Placeholder]) -> str:
    """Returns which placeholders had no value, or ""."""
    if not missing:
        return ""
    names = join_words([placeholder.written for placeholder in missing])
    return _("Ohne Angabe, darum weggelassen: {names}.").format(names=names)


def readers(kind: MessageKind, language: str, examples: Sequence[Example]) -> tuple[Reader, ...]:
    """Returns for whom a preview can be: the invented patients first, then those of the practice."""
    invented = (
        Reader(_("Beispiel: {name}").format(name=_full_name(SAMPLE)), None),
        Reader(_("Lange Namen: {name}").format(name=_full_name(longest_sample(language))), longest_sample(language)),
    )
    return (*invented, *(example_reader(example) for example in examples))


def example_reader(example: Example) -> Reader:
    """Returns the preview for a patient of the practice."""
    if example.starts_at is None:
        return Reader(example.patient, example.values)
    return Reader(_("{patient}, {when}").format(patient=example.patient, when=format_datetime(example.starts_at)), example.values)


def patient_reader(patient_id: str, values: MessageValues) -> Reader:
    """Returns the preview for the patient of a number that a person gave."""
    name = name_of(Patient(patient_id, values.first_name, values.last_name), patient_id)
    return Reader(_("{name} (Nr. {id})").format(name=name, id=patient_id), values)


def _full_name(values: MessageValues) -> str:
    return f"{values.first_name} {values.last_name}"
