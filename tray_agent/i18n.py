"""One mechanism of translation for the engine and the dialogs: gettext catalogues, dates and numbers by Babel.

The source language of all texts is German in Swiss spelling: the user's specification is German, its labels are
the field's words, and so German can never be incomplete. English, French and Italian are translations
(``assets/locale``, see decision record 0006). Texts are marked as literals and formatted after translation::

    _("{count} Erinnerungen nicht versendet").format(count=3)

What is stored and read later, perhaps by somebody who reads another language, is a ``Text``: a ``str`` in the language in
force that remembers which text it is and with which values. ``store_text`` keeps that, ``shown_text`` says it again in the
reader's language (decision record 0016).
"""

from __future__ import annotations

import gettext as _gettext
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Self

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


class Text(str):
    """A text for people in the language in force that remembers how it was made.

    It is a ``str`` wherever one is wanted. ``format`` keeps the memory; any other change (a slice, an f-string, ``join``) gives a
    plain ``str`` that nobody can translate any more: put sentences together with ``join_texts`` instead. Qt's variants (a model's
    ``data``, an argument on D-Bus) take it for an object of ours and show nothing: give them ``str(text)``.

    Attributes:
        made_of: how it was made, as values that JSON can hold: ``["text", id]``, ``["plural", one, many, number]``,
            ``["context", context, id]``, ``["number", "12.5"]``, ``["list", [part, …]]`` or ``["join", separator, [part, …]]``,
            followed by the values of its placeholders where there are some. Parts and values are texts or plain ``str`` and ``int``.
    """

    __slots__ = ("made_of",)

    made_of: list[Any]

    @classmethod
    def of(cls, said: str, *made_of: object) -> Self:
        """Returns a text with its memory."""
        text = cls(said)
        text.made_of = list(made_of)
        return text

    def format(self, *args: object, **values: object) -> Text:
        """Returns the text with its placeholders filled in; the values are remembered."""
        return Text.of(super().format(*args, **values), *self.made_of, {name: _made_of(value) for name, value in values.items()})


def _(text: str) -> str:
    """Returns ``text`` in the language in force."""
    return Text.of(_Current.translations.gettext(text), "text", text)


def ngettext(one: str, many: str, number: int) -> str:
    """Returns the form of a text that fits ``number``, in the language in force."""
    return Text.of(_Current.translations.ngettext(one, many, number), "plural", one, many, number)


def pgettext(context: str, text: str) -> str:
    """Returns ``text`` as it is said in ``context``, in the language in force."""
    return Text.of(_Current.translations.pgettext(context, text), "context", context, text)


def join_texts(*parts: str, separator: str = " ") -> str:
    """Returns sentences as one text, the empty ones left out; a single one as it is."""
    said = [part for part in parts if part]
    if len(said) < 2:
        return said[0] if said else ""
    return Text.of(separator.join(said), "join", separator, [_made_of(part) for part in said])


def store_text(text: str) -> str | None:
    """Returns how a text was made, as the store keeps it beside the text itself; None where nobody knows."""
    return json.dumps(text.made_of, ensure_ascii=False, separators=(",", ":")) if isinstance(text, Text) else None


def shown_text(said: str, stored: str | None) -> str:
    """Returns a stored text in the language in force.

    Args:
        said: the text in the language of whoever wrote it; shown where nothing else is known, as in rows of older versions.
        stored: what ``store_text`` gave for it, or None.
    """
    try:
        made_of = json.loads(stored or "null")
        return _made(made_of) if isinstance(made_of, list) else said
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):  # a newer version wrote it
        return said


def _made_of(value: object) -> object:
    if isinstance(value, Text):
        return value.made_of
    return value if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _made(made_of: object) -> str:
    """Makes a text, a part or a value again, in the language in force."""
    if not isinstance(made_of, list):
        return str(made_of)
    kind, *rest = made_of
    make, number = _MAKERS[kind]
    text = make(*rest[:number])
    return text.format(**{name: _made(value) for name, value in rest[number].items()}) if len(rest) > number else text


def in_language(language: str, text: str) -> str:
    """Returns a text marked by ``N_`` in one of ``LANGUAGES``, whatever language is in force: for what a patient reads."""
    return _load(language).gettext(text)


def N_(text: str) -> str:
    """Marks a text for translation where it is declared and translated later by ``_``."""
    return text


class WordedEnum(StrEnum):
    """Stable words for data and programs, each declared with its German source text: ``LATE = "late", N_("verspätet")``.

    Attributes:
        source_text: the source text; ``text`` is in the language in force.
    """

    source_text: str

    def __new__(cls, word: str, source_text: str = "") -> Self:
        """Returns a member; its value is the word. The default is for type checkers: a member is found by its word alone."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.source_text = source_text
        return member

    @property
    def text(self) -> str:
        """Returns its text in the language in force."""
        return _(self.source_text)


_WRITTEN = {
    **dict.fromkeys(("de", "d", "ger", "deu", "gsw", "deutsch", "german", "allemand", "tedesco"), "de"),
    **dict.fromkeys(("fr", "f", "fre", "fra", "français", "francais", "französisch", "french", "francese"), "fr"),
    **dict.fromkeys(("it", "i", "ita", "italiano", "italienisch", "italian", "italien"), "it"),
    **dict.fromkeys(("en", "e", "eng", "english", "englisch", "anglais", "inglese"), "en"),
}


@lru_cache(maxsize=256)
def normal_language(written: str | None) -> str | None:
    """Returns ``de``, ``fr``, ``it`` or ``en`` for a language as practices write it (``D``, ``de-CH``, ``Français``), else None."""
    words = re.split(r"[-_.\s]", unicodedata.normalize("NFC", written or "").strip().casefold(), maxsplit=1)
    return _WRITTEN.get(words[0])


@cache
def locale_of(language: str) -> Locale:
    """Returns Babel's locale of a language as it is spoken in Switzerland."""
    from babel import Locale

    return Locale.parse(f"{language}_CH" if language in ("de", "fr", "it", "en") else language)


def format_date(value: date) -> str:
    """Returns a date as the practice writes it: 22.11.2026."""
    return value.strftime("%d.%m.%Y")


def format_long_date(value: date) -> str:
    """Returns a date with its weekday and month in words, in the language in force: Montag, 23. November 2026."""
    from babel.dates import format_date as written

    text = str(written(value, "full", locale_of(_Current.language)))
    return text[:1].upper() + text[1:]


def format_time(value: time | datetime) -> str:
    """Returns a time of day as the practice writes it: 10:10. An aware datetime must be in the practice's zone."""
    return value.strftime("%H:%M")


def format_datetime(value: datetime) -> str:
    """Returns a local date and time as the practice writes it: 22.11.2026 10:10; the value is already local."""
    return value.strftime("%d.%m.%Y %H:%M")


def format_number(value: Decimal | float) -> str:
    """Returns a number with the separators of the language in force (1’234.5)."""
    from babel.numbers import format_decimal

    return Text.of(format_decimal(value, locale=locale_of(_Current.language)), "number", str(value))


def join_words(words: Sequence[str]) -> str:
    """Returns words as a list in a sentence: "Montag, Mittwoch und Freitag"."""
    from babel.lists import format_list

    return Text.of(format_list(words, locale=locale_of(_Current.language)), "list", [_made_of(word) for word in words]) if words else ""


_MAKERS: Mapping[str, tuple[Callable[..., str], int]] = {
    "text": (_, 1),
    "plural": (ngettext, 3),
    "context": (pgettext, 2),
    "number": (lambda value: format_number(Decimal(value)), 1),
    "list": (lambda parts: join_words([_made(part) for part in parts]), 1),
    "join": (lambda separator, parts: join_texts(*(_made(part) for part in parts), separator=separator), 2),
}
"""How each kind of text is made again, and from how many values."""
