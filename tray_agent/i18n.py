"""One mechanism of translation for the engine and the dialogs: gettext catalogues, dates and numbers by Babel.

The source language of all texts is German in Swiss spelling: the user's specification is German, its labels are
the field's words, and so German can never be incomplete. English, French and Italian are translations
(``assets/locale``, see decision record 0006). Texts are marked as literals and formatted after translation::

    _("{count} Erinnerungen nicht versendet").format(count=3)
"""

from __future__ import annotations

import gettext as _gettext
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

from tray_agent.resources import assets_folder

if TYPE_CHECKING:
    from babel import Locale

LANGUAGES = ("de", "en", "fr", "it")
"""The languages of the user interface and of the default texts; the first is the source."""

DOMAIN = "vitoclient"


class _Current:
    """The language in force for the process; one place, set by the composition root."""

    language = "de"
    translations: _gettext.NullTranslations = _gettext.NullTranslations()


def set_language(language: str) -> None:
    """Sets the language of all texts for people from now on; an unknown one counts as German.

    Args:
        language: ``de``, ``en``, ``fr``, ``it``, or a locale such as ``fr_CH`` or ``it-CH.UTF-8``.
    """
    short = language.replace("-", "_").split("_")[0].split(".")[0].lower()
    _Current.language = short if short in LANGUAGES else "de"
    _Current.translations = _load(_Current.language)


def current_language() -> str:
    """Returns the language in force: one of ``LANGUAGES``."""
    return _Current.language


@cache
def _load(language: str) -> _gettext.NullTranslations:
    if language == "de":
        return _gettext.NullTranslations()
    return _gettext.translation(DOMAIN, assets_folder() / "locale", languages=[language], fallback=True)


def _(text: str) -> str:
    """Returns ``text`` in the language in force."""
    return _Current.translations.gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """Returns the form of a text that fits ``number``, in the language in force."""
    return _Current.translations.ngettext(one, many, number)


def pgettext(context: str, text: str) -> str:
    """Returns ``text`` as it is said in ``context``, in the language in force."""
    return _Current.translations.pgettext(context, text)


def in_language(language: str, text: str) -> str:
    """Returns a text marked by ``N_`` in one of ``LANGUAGES``, whatever language is in force: for what a patient reads."""
    return _load(language).gettext(text)


def N_(text: str) -> str:
    """Marks a text for translation where it is declared and translated later by ``_``."""
    return text


@cache
def locale_of(language: str) -> Locale:
    """Returns Babel's locale of a language as it is spoken in Switzerland."""
    from babel import Locale

    return Locale.parse(f"{language}_CH" if language in ("de", "fr", "it", "en") else language)


def format_date(value: date) -> str:
    """Returns a date as the practice writes it: 22.11.2026."""
    return value.strftime("%d.%m.%Y")


def format_time(value: time | datetime) -> str:
    """Returns a time of day as the practice writes it: 10:10. An aware datetime must be in the practice's zone."""
    return value.strftime("%H:%M")


def format_datetime(value: datetime) -> str:
    """Returns a local date and time as the practice writes it: 22.11.2026 10:10; the value is already local."""
    return value.strftime("%d.%m.%Y %H:%M")


def format_number(value: Decimal | float) -> str:
    """Returns a number with the separators of the language in force (1’234.5)."""
    from babel.numbers import format_decimal

    return format_decimal(value, locale=locale_of(_Current.language))


def join_words(words: list[str]) -> str:
    """Returns words as a list in a sentence: "Montag, Mittwoch und Freitag"."""
    from babel.lists import format_list

    return format_list(words, locale=locale_of(_Current.language)) if words else ""
