"""Rules of the house that no tool knows: Swiss spelling, complete translations, a quick start."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tools.translations import LANGUAGES, ROOT, collected, load, missing


def test_swiss_spelling_knows_no_sharp_s() -> None:
    assert [message.id for message in collected() if "ß" in "".join(message.id)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_has_other_placeholders_than_its_source(language: str) -> None:
    faulty = [
        (message.id, message.string) for message in load(language) if message.id and message.string and not _same_placeholders(message)
    ]
    assert faulty == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    assert [message.id for message in missing(language)] == []


def test_no_text_hides_in_a_formatted_string() -> None:
    hidden = re.compile(r"""\bf"[^"\n]*\b(_|ngettext|pgettext)\('""")
    files = [file for package in ("tray_agent", "ui", "publishing") for file in (ROOT / package).rglob("*.py")]
    assert [file.name for file in files if hidden.search(file.read_text(encoding="utf-8"))] == []


def test_all_texts_are_found_by_the_extraction() -> None:
    assert len(list(collected())) > 100


@pytest.mark.parametrize("slow", ["sqlalchemy", "httpx", "tuf", "alembic", "PyQt6", "babel", "keyring", "phonenumbers", "holidays"])
def test_the_command_line_starts_without_its_slow_libraries(slow: str) -> None:
    code = f"import sys; from tray_agent.cli import run; run(['--version']); sys.exit({slow!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, stdout=subprocess.DEVNULL).returncode == 0


def _same_placeholders(message: object) -> bool:
    import string

    def names(text: str) -> set[str]:
        return {name for _literal, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}

    sources = message.id if isinstance(message.id, (tuple, list)) else [message.id]  # type: ignore[attr-defined]
    translations = message.string if isinstance(message.string, (tuple, list)) else [message.string]  # type: ignore[attr-defined]
    wanted = set().union(*(names(source) for source in sources))
    return all(names(translation) <= wanted for translation in translations)
