"""Keeps the catalogues of translations: collects the texts of the source, merges them, compiles, and checks.

usage: python -m tools.translations update | compile | check | missing LANGUAGE | take LANGUAGE FILE

``missing`` prints what a translator still has to do as JSON lines ``{"id": …, "text": …}`` (a list of two texts for
singular and plural); ``take`` merges such lines, with the translated texts, into the catalogue.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "assets" / "locale"
LANGUAGES = ("en", "fr", "it")
METHODS = [("**.py", "python")]
KEYWORDS: dict[str, Any] = {"_": None, "N_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


def catalogue_file(language: str) -> Path:
    """Returns the catalogue of a language."""
    return LOCALE / language / "LC_MESSAGES" / "vitoclient.po"


def collected() -> Catalog:
    """Returns all texts marked in the source, with the files (not the lines: they would change with every edit)."""
    catalogue = Catalog(project="vitoclient-Services", fuzzy=False)
    for package in ("tray_agent", "ui", "publishing"):
        found = extract_from_dir(ROOT / package, METHODS, keywords=KEYWORDS, comment_tags=("Translators:",))
        for name, _line, message, comments, context in found:
            catalogue.add(message, locations=[(f"{package}/{Path(name).as_posix()}", 0)], auto_comments=comments, context=context)
    return catalogue


def load(language: str) -> Catalog:
    """Returns the catalogue of a language, empty where there is none yet."""
    file = catalogue_file(language)
    if not file.exists():
        return Catalog(locale=language, project="vitoclient-Services", fuzzy=False)
    with file.open("rb") as readable:
        return read_po(readable, locale=language)


def update() -> None:
    """Merges the source's texts into every catalogue; nothing is guessed, what is gone is dropped."""
    template = collected()
    for language in LANGUAGES:
        catalogue = load(language)
        catalogue.update(template, no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        store(language, catalogue)


def compile_all() -> None:
    """Compiles every catalogue."""
    for language in LANGUAGES:
        if catalogue_file(language).exists():
            with catalogue_file(language).with_suffix(".mo").open("wb") as writable:
                write_mo(writable, load(language))


def missing(language: str) -> Iterator[Message]:
    """Yields the texts of the source without a translation."""
    catalogue = load(language)
    for message in collected():
        if message.id:
            key = message.id if isinstance(message.id, str) else message.id[0]
            translated = catalogue.get(key, message.context)
            if translated is None or not _is_complete(translated):
                yield message


def _is_complete(message: Message) -> bool:
    translated = bool(message.string) if isinstance(message.string, str) else all(message.string or ("",))
    return translated and not message.fuzzy  # what is fuzzy, as after a text got a plural, is not compiled


def check() -> int:
    """Prints how many texts lack a translation, and the placeholders that differ; returns 1 where any do."""
    wrong = 0
    for language in LANGUAGES:
        lacking = list(missing(language))
        faults = [(message, error) for message, errors in load(language).check() for error in errors]
        print(f"{language}: {len(lacking)} without a translation, {len(faults)} faulty")
        for message in lacking[:10]:
            print(f"  {message.id!r}")
        for message, error in faults[:10]:
            print(f"  {message.id!r}: {error}")
        wrong += len(lacking) + len(faults)
    return 1 if wrong else 0


def print_missing(language: str) -> None:
    """Prints the texts without a translation, one JSON object a line."""
    for message in missing(language):
        text = message.id if isinstance(message.id, str) else list(message.id)
        key = {"id": text, "text": ""} | ({"context": message.context} if message.context else {})
        print(json.dumps(key, ensure_ascii=False))


def take(language: str, file: Path) -> int:
    """Merges translated lines into the catalogue; returns 1 where a line names no text of the source."""
    catalogue, unknown = load(language), 0
    catalogue.update(collected(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    for line in file.read_text(encoding="utf-8").splitlines():
        given = json.loads(line) if line.strip() else None
        if not given or not given["text"]:
            continue
        key = given["id"] if isinstance(given["id"], str) else given["id"][0]
        message = catalogue.get(key, given.get("context"))
        if message is None:
            print(f"not in the source: {key!r}")
            unknown += 1
        else:
            message.flags.discard("fuzzy")
            message.string = given["text"] if isinstance(given["text"], str) else tuple(given["text"])
    store(language, catalogue)
    return 1 if unknown else 0


def store(language: str, catalogue: Catalog) -> None:
    """Writes a catalogue, sorted, without line numbers."""
    file = catalogue_file(language)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as writable:
        write_po(writable, catalogue, width=140, sort_output=True, omit_header=False, include_lineno=False)


def main(arguments: list[str]) -> int:
    """Runs one of the three commands."""
    match arguments:
        case ["update"]:
            update()
        case ["compile"]:
            compile_all()
        case ["check"]:
            return check()
        case ["missing", language]:
            print_missing(language)
        case ["take", language, file]:
            return take(language, Path(file))
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
