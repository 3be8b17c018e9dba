"""What is wrong with a configuration's text is said in the language of the user, with line and column."""

from __future__ import annotations

import re
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_agent import i18n
from tray_agent.config.toml_file import TomlFaultError, parsed


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[ui]\nlanguage = \n",
            "hier fehlt ein gültiger Wert; Texte stehen in Anführungszeichen (Zeile 2, Spalte 12)",
        ),
        ("[ui]\nlanguage = de\n", "hier fehlt ein gültiger Wert; Texte stehen in Anführungszeichen (Zeile 2, Spalte 12)"),
        ("[ui]\nlanguage\n", "nach dem Schlüssel fehlt «=» (Zeile 2, Spalte 9)"),
        ("[ui\n", "der Name des Abschnitts ist nicht mit «]» geschlossen (Zeile 1, Spalte 4)"),
        ("a = 'x' b = 'y'", "nach dem Wert steht noch etwas; jede Angabe braucht eine eigene Zeile (Zeile 1, Spalte 9)"),
        ('[ui]\nname = "Praxis\n', "ein Text ist nicht mit Anführungszeichen geschlossen (Zeile 2, "),
        ('[download]\nfolder = "C:\\Users\\Anna"', "ein Backslash steht in doppelten Anführungszeichen; Windows-Pfade gehören in einfache"),
        ('[download]\nfolder = "D:\\Daten"', "ein Backslash steht in doppelten Anführungszeichen; Windows-Pfade gehören in einfache"),
        ("[mail]\nhost = 'a'\nhost = 'b'\n", "dieser Schlüssel oder Abschnitt steht schon weiter oben (Zeile 3, "),
        ("[mail]\n[ui]\n[mail]\n", "dieser Schlüssel oder Abschnitt steht schon weiter oben (Zeile 3, "),
        ("a = [1, 2", "eine Klammer ist nicht geschlossen (Zeile 1, Spalte 10)"),
        ("= 'x'", "hier beginnt weder ein Schlüssel noch ein Abschnitt (Zeile 1, Spalte 1)"),
    ],
)
def test_fault_is_said_with_its_place_and_the_words_of_the_library_stay_behind_it(text: str, said: str) -> None:
    with pytest.raises(TomlFaultError) as raised:
        parsed(text.encode())
    assert str(raised.value).startswith(said)
    assert isinstance(raised.value.__cause__, tomllib.TOMLDecodeError)  # what windows tell on demand
    line = re.findall(r"Zeile \d+", str(raised.value))
    assert len(line) == 1
    with pytest.raises(TomlFaultError, match=line[0]):
        parsed(text.replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    ("data", "place"),
    [("[ui]\nname = 'Zürich'".encode("latin-1"), "Zeile 2, Spalte 10"), ("[ui]".encode("utf-16"), "Zeile 1, Spalte 1")],
)
def test_another_encoding_is_told_with_the_first_character_that_shows_it(data: bytes, place: str) -> None:
    with pytest.raises(TomlFaultError, match=f"nicht in UTF-8 gespeichert.*{place}"):
        parsed(data)


def test_a_byte_order_mark_is_no_fault() -> None:
    assert parsed(b"\xef\xbb\xbf[ui]\nlanguage = 'fr'\n") == {"ui": {"language": "fr"}}


@pytest.mark.parametrize(("language", "words"), [("en", "line 1, column 5"), ("fr", "ligne 1, colonne 5"), ("it", "riga 1, colonna 5")])
def test_other_languages_say_it_in_their_own_words(language: str, words: str) -> None:
    i18n.set_language(language)
    with pytest.raises(TomlFaultError, match=f"(?i){words}"):
        parsed(b"a = ")


@given(st.text(max_size=40))
def test_whatever_is_no_toml_has_a_place(text: str) -> None:
    try:
        expected = tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError:
        with pytest.raises(TomlFaultError, match=r"Zeile \d+, Spalte \d+"):
            parsed(text.encode("utf-8"))
    else:
        assert parsed(text.encode("utf-8")) == expected
