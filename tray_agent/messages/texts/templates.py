"""The texts of messages: one for each kind, channel and language; the product's own and those of the practice.

``TemplateService`` is what dialogs and command line use. ``TemplateBook`` is one moment's set of templates, immutable,
for the preparing of messages: load it once a run.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

from tray_agent.errors import InputError
from tray_agent.i18n import _
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.texts.check import SAMPLE, Field, Finding, FindingCode, Severity, check_template, is_usable
from tray_agent.messages.texts.rendering import (
    MessageValues,
    PracticeWords,
    Rendered,
    normal_language,
    render_mail,
    render_sms,
    values_for,
    without_unseen,
)
from tray_agent.practice.model import Mandant
from tray_agent.resources import assets_folder

if TYPE_CHECKING:
    from tray_agent.config.settings import Settings
    from tray_agent.messages.texts.examples import Example
    from tray_agent.messages.texts.store import TemplateStore
    from tray_agent.practice.model import PracticeSource
    from tray_agent.store.database import Database

TEMPLATE_LANGUAGES = ("de", "fr", "it", "en")
"""The languages that have templates, in the order in which dialogs show them."""


@dataclass(frozen=True, slots=True)
class TemplateKey:
    """What a template is for.

    Attributes:
        language: one of ``TEMPLATE_LANGUAGES``.
    """

    kind: MessageKind
    channel: Channel
    language: str

    def __str__(self) -> str:
        """Returns the key as the command line writes it: ``reminder/sms/de``."""
        return f"{self.kind}/{self.channel}/{self.language}"


TEMPLATE_KEYS = tuple(TemplateKey(*each) for each in product(MessageKind, Channel, TEMPLATE_LANGUAGES))
"""All keys, in the order in which dialogs show them."""


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders; nothing is checked yet.

    Attributes:
        text: with placeholders in braces; ``{{`` and ``}}`` stand for the braces themselves.
        subject: of an e-mail, with placeholders; "" for SMS.
    """

    key: TemplateKey
    text: str
    subject: str = ""


class Origin(StrEnum):
    """Where a template comes from."""

    DEFAULT = "default"
    OWN = "own"
    DISABLED = "disabled"
    """Switched off by the practice: messages are sent in the fallback language or not at all."""


@dataclass(frozen=True, slots=True)
class TemplateEntry:
    """A template with its origin.

    Attributes:
        template: the practice's own, or the product's; for ``DISABLED`` the text that would be used.
        changed_at: aware, UTC; None for ``DEFAULT``.
        changed_by: the person and workstation; "" for ``DEFAULT``.
    """

    template: Template
    origin: Origin
    changed_at: datetime | None = None
    changed_by: str = ""


class TemplateRefusedError(InputError):
    """A template was not saved; ``findings`` says where and why."""

    code = "template_refused"

    def __init__(self, title: str, message: str, advice: str, *, item: str, findings: tuple[Finding, ...]) -> None:
        super().__init__(title, message, advice, item=item)
        self.findings = findings


@dataclass(frozen=True)
class TemplateBook:
    """The templates at one moment.

    Attributes:
        templates: those in use, by key; disabled ones, and own ones that can't be used any more, are left out.
        fallback_language: for patients whose language has none.
        plain_characters: whether values are written in plain characters where that keeps an SMS in GSM 03.38 (Šarić → Saric).
    """

    templates: Mapping[TemplateKey, Template]
    fallback_language: str = "de"
    plain_characters: bool = True

    def choose(self, kind: MessageKind, channel: Channel, language: str | None) -> Template | None:
        """Returns the template for a patient's language as the practice wrote it, else the fallback language's, else None."""
        for each in (normal_language(language), self.fallback_language):
            template = self.templates.get(TemplateKey(kind, channel, each)) if each else None
            if template is not None:
                return template
        return None

    def render(self, template: Template, values: MessageValues) -> Rendered:
        """Returns the text for one patient; dates and salutation in the template's language."""
        language = template.key.language
        if template.key.channel is Channel.SMS:
            return render_sms(template.text, language, values, plain_characters=self.plain_characters)
        return render_mail(template.subject, template.text, language, values)


@cache
def default_templates() -> Mapping[TemplateKey, Template]:
    """Returns the product's own texts (``assets/templates``), by key."""
    texts = {language: _read(language) for language in TEMPLATE_LANGUAGES}
    return {key: _default(key, texts[key.language][key.kind.value][key.channel.value]) for key in TEMPLATE_KEYS}


def default_book() -> TemplateBook:
    """Returns a book of the product's own texts alone."""
    return TemplateBook(default_templates())


def _read(language: str) -> dict[str, Any]:
    return tomllib.loads((assets_folder() / "templates" / f"{language}.toml").read_text(encoding="utf-8"))


def _default(key: TemplateKey, said: Mapping[str, str]) -> Template:
    return Template(key, said["text"].strip(), said.get("subject", ""))


class TemplateService:
    """Lists, checks, shows and saves templates.

    Args:
        database: the agent's own database.
        settings: gives the switches as they are now (``HöchstensSegmente``, ``Ersatzsprache``, ``SchlichteZeichen``).
        practice: gives the practice's data for previews with a real patient; without it there are none.
        words: how the practice names itself in previews.

    Raises (all calls that read or write):
        DatabaseUnavailableError: no connection.
    """

    def __init__(
        self,
        database: Database,
        settings: Callable[[], Settings],
        practice: Callable[[], PracticeSource] | None = None,
        words: PracticeWords | None = None,
    ) -> None:
        from tray_agent.messages.texts.store import TemplateStore

        self._store: TemplateStore = TemplateStore(database)
        self._settings = settings
        self._practice = practice
        self._practice_words = words or PracticeWords()
        self._switches: Settings | None = None

    def list(self) -> tuple[TemplateEntry, ...]:
        """Returns all templates: kinds, channels, languages, in the order in which dialogs show them."""
        self._switches = self._settings()
        saved = self._store.load()
        return tuple(_entry(key, saved) for key in TEMPLATE_KEYS)

    def load(self, key: TemplateKey) -> TemplateEntry:
        """Returns the template of this key."""
        return _entry(key, self._store.load())

    def book(self) -> TemplateBook:
        """Returns the templates in use now."""
        from tray_agent.config.settings import FALLBACK_LANGUAGE, PLAIN_CHARACTERS

        entries = self.list()
        switches = self._now()
        used = {entry.template.key: entry.template for entry in entries if entry.origin is not Origin.DISABLED and _usable(entry.template)}
        language = normal_language(switches.text(FALLBACK_LANGUAGE)) or "de"
        return TemplateBook(used, language, switches.yes(PLAIN_CHARACTERS))

    def check(self, template: Template) -> tuple[Finding, ...]:
        """Returns what is wrong or dear about a template, in order; after the first call without I/O, for every key press."""
        key = template.key
        return check_template(key.kind, key.channel, key.language, template.text, template.subject, self.most_segments)

    def preview(self, template: Template, values: MessageValues | None = None) -> Rendered:
        """Returns how the text would look, for these values or for an invented patient; wrong placeholders stay as they are."""
        from tray_agent.config.settings import PLAIN_CHARACTERS

        book = TemplateBook({}, plain_characters=self._now().yes(PLAIN_CHARACTERS))
        return book.render(template, values or SAMPLE)

    def values_of(self, patient_id: str) -> MessageValues:
        """Returns what a text can say about a real patient, with an invented time, for ``preview``.

        Raises:
            InputError: there is no such patient.
            DatabaseUnavailableError, PracticeDataError: the practice's data can't be read.
        """
        from tray_agent.config.settings import DEFAULT_MANDANT

        source = self._practice() if self._practice else None
        patient = source.patients([patient_id]).get(patient_id) if source else None
        if source is None or patient is None:
            raise InputError(
                _("Patient nicht gefunden"),
                _("Den Patienten {id} gibt es in den Praxisdaten nicht.").format(id=patient_id),
                _("Eine Patientennummer aus der Praxissoftware angeben."),
                item=patient_id,
            )
        charged = source.last_mandants([patient_id]).get(patient_id) or self._now().text(DEFAULT_MANDANT)
        mandant = source.mandants().get(charged) or Mandant(charged, "")
        values = values_for(patient, mandant, self._practice_words)
        return replace(values, starts_at=SAMPLE.starts_at, doctor=mandant.name)

    def examples(self, kind: MessageKind, first: datetime, most: int = 100) -> tuple[Example, ...]:
        """Returns real patients with their next appointments or birthdays, for ``preview``; without the practice's data none.

        Args:
            kind: reminders show appointments, greetings birthdays.
            first: from when on, local wall clock of the practice, naive.
            most: how many at the most.

        Raises:
            DatabaseUnavailableError, PracticeDataError: the practice's data can't be read.
        """
        from tray_agent.config.settings import DEFAULT_MANDANT
        from tray_agent.messages.texts.examples import ExampleSearch

        if self._practice is None:
            return ()
        return ExampleSearch(self._practice(), self._practice_words, self._now().text(DEFAULT_MANDANT)).find(kind, first, most)

    @property
    def most_segments(self) -> int:
        """Returns how many segments an SMS may have, as of the last ``list`` or ``save``."""
        from tray_agent.config.settings import MOST_SEGMENTS

        return self._now().number(MOST_SEGMENTS)

    def save(self, template: Template, changed_by: str) -> tuple[Finding, ...]:
        """Saves the practice's own template and returns what was found and does not forbid it.

        Raises:
            TemplateRefusedError: something in it is wrong; nothing was saved.
            DatabaseUnavailableError, OutcomeUnknownError: nothing, or perhaps all, was saved.
        """
        self._switches = self._settings()
        tidy = _tidy(template)
        findings = self.check(tidy)
        wrong = tuple(finding for finding in findings if finding.severity is Severity.ERROR)
        if wrong:
            raise _refused(tidy.key, wrong)
        self._store.save(TemplateEntry(tidy, Origin.OWN, changed_by=changed_by))
        return findings

    def reset(self, key: TemplateKey) -> TemplateEntry:
        """Goes back to the product's own text and returns it."""
        self._store.remove(key)
        return self.load(key)

    def disable(self, key: TemplateKey, changed_by: str) -> TemplateEntry:
        """Switches a template off: nothing is sent in this language any more, the fallback language's text instead.

        The text stays; saving it again switches it on.
        """
        entry = self.load(key)
        self._store.save(replace(entry, origin=Origin.DISABLED, changed_by=changed_by))
        return self.load(key)

    def _now(self) -> Settings:
        if self._switches is None:
            self._switches = self._settings()
        return self._switches


def _entry(key: TemplateKey, saved: Mapping[TemplateKey, TemplateEntry]) -> TemplateEntry:
    return saved.get(key) or TemplateEntry(default_templates()[key], Origin.DEFAULT)


def _usable(template: Template) -> bool:
    return is_usable(template.key.kind, template.key.channel, template.text, template.subject)


def _tidy(template: Template) -> Template:
    """Returns a template as it is kept: one kind of line end, composed characters, nothing that can't be seen, nothing at the ends."""
    text = without_unseen("\n".join(template.text.splitlines())).strip()
    subject = without_unseen(template.subject).strip() if template.key.channel is Channel.EMAIL else ""
    return replace(template, text=text, subject=subject)


def _refused(key: TemplateKey, findings: tuple[Finding, ...]) -> TemplateRefusedError:
    return TemplateRefusedError(
        _("Textvorlage nicht gespeichert"),
        " ".join(finding.sentence for finding in findings),
        _("Text berichtigen und erneut speichern; bis dahin gilt die bisherige Vorlage."),
        item=str(key),
        findings=findings,
    )


__all__ = [
    "TEMPLATE_KEYS",
    "TEMPLATE_LANGUAGES",
    "Field",
    "Finding",
    "FindingCode",
    "Origin",
    "Severity",
    "Template",
    "TemplateBook",
    "TemplateEntry",
    "TemplateKey",
    "TemplateRefusedError",
    "TemplateService",
    "default_book",
    "default_templates",
]
