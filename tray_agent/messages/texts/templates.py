"""The texts of messages: one for each kind, channel and language; the product's own and those of the practice.

``TemplateBook`` is one moment's set of templates, immutable, for the preparing of messages: load it once a run. Dialogs and
command line change templates through ``tray_agent.messages.texts.service``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import product
from typing import Any

from tray_agent.i18n import normal_language
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.texts.rendering import MessageValues, Rendered, render_mail, render_sms
from tray_agent.resources import assets_folder

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


def _default(key: TemplateKey, texts: Mapping[str, str]) -> Template:
    return Template(key, texts["text"].strip(), texts.get("subject", ""))
