"""Reads the configuration's file as TOML, and says in the language of the user what is wrong with it, and where."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from tray_agent.i18n import N_, _

_CLOSE_TEXT = N_("ein Text ist nicht mit Anführungszeichen geschlossen")
_BACKSLASH = N_("ein Backslash steht in doppelten Anführungszeichen; Windows-Pfade gehören in einfache, zum Beispiel 'C:\\Daten'")
_NO_ENTRY = N_("hier beginnt weder ein Schlüssel noch ein Abschnitt")
_TWICE = N_("dieser Schlüssel oder Abschnitt steht schon weiter oben")
_BRACKET = N_("eine Klammer ist nicht geschlossen")
_MEANINGS = (
    ("Invalid value", N_("hier fehlt ein gültiger Wert; Texte stehen in Anführungszeichen")),
    ("Expected '='", N_("nach dem Schlüssel fehlt «=»")),
    ("Expected ']", N_("der Name des Abschnitts ist nicht mit «]» geschlossen")),
    ("Expected newline", N_("nach dem Wert steht noch etwas; jede Angabe braucht eine eigene Zeile")),
    ("Illegal character '\\n'", _CLOSE_TEXT),
    *((begins, _NO_ENTRY) for begins in ("Invalid statement", "Invalid initial character")),
    *((begins, _CLOSE_TEXT) for begins in ("Unterminated string", "Expected '\"", 'Expected "')),
    *((begins, _BACKSLASH) for begins in ("Unescaped", "Invalid hex value", "Escaped character")),
    *((begins, _TWICE) for begins in ("Cannot overwrite", "Cannot declare", "Cannot redefine", "Cannot mutate", "Duplicate")),
    *((begins, _BRACKET) for begins in ("Unclosed array", "Unclosed inline table")),
)
"""How the library's words begin, and what they mean."""

_PLACE = re.compile(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$", re.DOTALL)


class TomlFaultError(ValueError):
    """What is wrong with a file's text, and where: some words without a full stop. The library's own are those of its cause."""


def parsed(data: bytes) -> dict[str, Any]:
    """Returns the table that a file holds.

    Args:
        data: the file; UTF-8, with a byte order mark or without.

    Raises:
        TomlFaultError: it is no UTF-8, or no TOML.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        why = _("die Datei ist nicht in UTF-8 gespeichert; im Editor die Kodierung UTF-8 wählen")
        raise _fault(why, _end_of(data[: error.start].decode("utf-8", errors="replace"))) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.match(str(error))
        words, line, column = found.groups() if found else (str(error), None, None)
        place = (int(line), int(column)) if line and column else _end_of(text)
        raise _fault(_meaning(words), place) from error


def _fault(why: str, place: tuple[int, int]) -> TomlFaultError:
    where = _("Zeile {line}, Spalte {column}").format(line=place[0], column=place[1])
    return TomlFaultError(f"{why} ({where})")


def _meaning(words: str) -> str:
    """Returns what the library's words mean; those that are not known as they are."""
    meaning = next((means for begins, means in _MEANINGS if words.startswith(begins)), None)
    return _(meaning) if meaning else _("das ist kein gültiges TOML") + f", «{words}»"


def _end_of(text: str) -> tuple[int, int]:
    """Returns line and column, counted from 1, of what would come after a text."""
    return text.count("\n") + 1, len(text.rpartition("\n")[2]) + 1
