"""The texts of messages: one for each kind, channel and language; the product's own and those of the practice.

``TemplateService`` is what dialogs, command line and the preparing of messages use. ``TemplateBook`` is one moment's
set of templates, immutable: load it once a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from tray_agent.errors import InputError
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.rendering import Finding, MessageValues, Rendered

if TYPE_CHECKING:
    from tray_agent.config.settings import Settings
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
        templates: those in use, by key; disabled ones are left out.
        fallback_language: for patients whose language has none.
        plain_characters: whether an SMS is written in plain characters where that keeps it in GSM 03.38 (Šarić → Saric).
    """

    templates: Mapping[TemplateKey, Template]
    fallback_language: str = "de"
    plain_characters: bool = True

    def choose(self, kind: MessageKind, channel: Channel, language: str | None) -> Template | None:
        """Returns the template for a patient's language as the practice wrote it, else the fallback language's, else None."""
        raise NotImplementedError

    def render(self, template: Template, values: MessageValues) -> Rendered:
        """Returns the text for one patient; dates and salutation in the template's language."""
        raise NotImplementedError


class TemplateService:
    """Lists, checks, shows and saves templates.

    Args:
        database: the agent's own database.
        settings: gives the switches as they are now (``HöchstensSegmente``, ``Ersatzsprache``).

    Raises (all calls that read or write):
        DatabaseUnavailableError: no connection.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        raise NotImplementedError

    def list(self) -> tuple[TemplateEntry, ...]:
        """Returns all templates: kinds, channels, languages, in the order in which dialogs show them."""
        raise NotImplementedError

    def load(self, key: TemplateKey) -> TemplateEntry:
        """Returns the template of this key."""
        raise NotImplementedError

    def book(self) -> TemplateBook:
        """Returns the templates in use now."""
        raise NotImplementedError

    def check(self, template: Template) -> tuple[Finding, ...]:
        """Returns what is wrong or dear about a template, in order; pure, for every key press."""
        raise NotImplementedError

    def preview(self, template: Template, values: MessageValues | None = None) -> Rendered:
        """Returns how the text would look, for these values or for an invented patient; wrong placeholders stay as they are."""
        raise NotImplementedError

    def save(self, template: Template, changed_by: str) -> tuple[Finding, ...]:
        """Saves the practice's own template and returns what was found and does not forbid it.

        Raises:
            TemplateRefusedError: something in it is wrong; nothing was saved.
            DatabaseUnavailableError, OutcomeUnknownError: nothing, or perhaps all, was saved.
        """
        raise NotImplementedError

    def reset(self, key: TemplateKey) -> TemplateEntry:
        """Goes back to the product's own text and returns it."""
        raise NotImplementedError

    def disable(self, key: TemplateKey, changed_by: str) -> TemplateEntry:
        """Switches a template off: nothing is sent in this language any more, the fallback language's text instead."""
        raise NotImplementedError
