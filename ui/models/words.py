"""Words that several windows share: an instant as the practice writes it, the names of the languages."""

from __future__ import annotations

from datetime import datetime, tzinfo

from tray_agent.i18n import N_, _, format_datetime

LANGUAGE_NAMES = {"de": N_("Deutsch"), "fr": N_("Französisch"), "it": N_("Italienisch"), "en": N_("Englisch")}
"""The languages of the product, source texts."""


def local_text(instant: datetime | None, zone: tzinfo, nothing: str = "") -> str:
    """Returns an instant (aware) as the practice reads it, or ``nothing`` where there is none."""
    return format_datetime(instant.astimezone(zone)) if instant else nothing


def language_name(language: str) -> str:
    """Returns a language's name."""
    return _(LANGUAGE_NAMES[language])
