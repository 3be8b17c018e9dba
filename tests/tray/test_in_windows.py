"""Advice in windows names windows; every command that the engine's sentences name has one."""

from __future__ import annotations

import re

import pytest

from tools.translations import catalogue_file, collected, load
from tray_agent.errors import KnownError
from tray_agent.i18n import LANGUAGES, set_language
from tray_agent.tray.in_windows import PLACES, in_windows
from tray_agent.tray.model import DialogName, concern_of

CONSOLE_ONLY = ("tray_agent/cli/", "tray_agent/platforms/", "tray_agent/demo/")
"""What these say never reaches a window."""

FOR_THE_DATABASE_SERVER = {"vitoclient db grants"}
"""What these print is for whoever looks after the database server, who works at a console: no window does the same."""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("«vitoclient doctor» prüft.", "«Einrichten | Alles prüfen» prüft."),
        ("“vitoclient db upgrade” first", "“Einrichten | Datenbank | Tabellen anlegen” first"),
        ("« vitoclient history » montre", "« Versand-Queue » montre"),
        ("«vitoclient agent» starten", "«vitoclient agent» starten"),
        ("Der vitoclient läuft.", "Der vitoclient läuft."),
        ("", ""),
    ],
)
def test_a_window_stands_for_a_command(said: str, shown: str) -> None:
    assert in_windows(said) == shown


def test_every_command_in_a_sentence_of_the_engine_has_its_window() -> None:
    told = {
        command
        for message in collected()
        if message.id and not all(file.startswith(CONSOLE_ONLY) for file, _line in message.locations)
        for command in re.findall(r"«(vitoclient [a-z ]+)»", str(message.id))
    }
    assert told, "the engine names commands"
    assert told - FOR_THE_DATABASE_SERVER <= set(PLACES)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "de"])
def test_every_translation_is_understood_too(language: str) -> None:
    assert catalogue_file(language).exists()
    for message in load(language):
        commands = re.findall(r"vitoclient (?:doctor|db upgrade|db views|history|settings)(?=\s?[»”])", str(message.string))
        if message.id and commands and all(f"vitoclient {word}" not in CONSOLE_ONLY for word in commands):
            set_language(language)
            try:
                assert not set(commands) & set(re.findall("|".join(PLACES), in_windows(str(message.string))))
            finally:
                set_language("de")


def test_what_the_tray_tells_of_an_error_names_windows() -> None:
    error = KnownError("Praxisdaten nicht lesbar", "Die Sicht fehlt.", "«vitoclient doctor» prüft die Sichten.")
    assert concern_of(error, DialogName.SETUP).detail == "Die Sicht fehlt. «Einrichten | Alles prüfen» prüft die Sichten."
