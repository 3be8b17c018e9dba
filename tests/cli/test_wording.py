"""Help and wrong use speak the language of the user: none of the library's own English is left."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import typer

from tray_agent.cli import run
from tray_agent.cli.commands import build
from tray_agent.cli.frame import print_json, utc_text
from tray_agent.cli.wording import translate_help, usage_sentence

ENGLISH = re.compile(r"Usage|Options:|Commands:|Arguments:|Show this|required|default:|range>|<str>|<int>|COMMAND|\[OPTIONS\]|\[ARGS\]")
ENGLISH_MISTAKES = re.compile(r"Option '|Input should|Missing|argument|Invalid|No such|valid integer|Error", re.IGNORECASE)


def help_pages(command: Any, path: str = "vitoclient", parent: Any = None) -> Iterator[tuple[str, str]]:
    """Gives the path and the help of a command and of all below it."""
    context = command.context_class(command, info_name=path.rsplit(" ", 1)[-1], parent=parent)
    yield path, command.get_help(context)
    for name, each in getattr(command, "commands", {}).items():
        yield from help_pages(each, f"{path} {name}", context)


def test_no_help_page_speaks_the_librarys_english() -> None:
    command = typer.main.get_command(build())
    translate_help(command)
    pages = dict(help_pages(command))
    assert len(pages) > 40
    for path, page in pages.items():
        assert ENGLISH.search(page) is None, page
        assert page.startswith(f"Aufruf: {path}")
        assert "Diese Hilfe anzeigen." in page
        assert "..." not in page
        assert re.search(r"\{|list\[|%Y", page) is None, page
        assert re.search(r"^  [a-z_]+ <", page, re.MULTILINE) is None, page


@pytest.mark.parametrize(
    ("language", "usage", "options"),
    [("de", "Aufruf:", "Optionen:"), ("en", "Usage:", "Options:"), ("fr", "Utilisation", "Options"), ("it", "Uso:", "Opzioni:")],
)
def test_help_is_there_in_every_language(
    language: str, usage: str, options: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITOCLIENT_UI__LANGUAGE", language)
    assert run(["schedule", "next", "--help"]) == 0
    page = capsys.readouterr().out
    assert page.startswith(usage)
    assert options in page


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["schedule", "next", "--spec"], "Nach --spec fehlt der Wert."),
        (["schedule", "next", "--json=1"], "Die Option --json hat keinen Wert."),
        (["schedule", "next"], "Es fehlt: --spec."),
        (["schedule", "next", "--spec", "{}", "--count", "x"], "Der Wert für --count passt nicht: Es braucht eine ganze Zahl."),
        (["schedule", "next", "--spec", "{}", "--count", "1.5"], "Der Wert für --count passt nicht: Es braucht eine ganze Zahl."),
        (["history", "--count", "0"], "Der Wert für --count passt nicht: Es braucht mindestens 1."),
        (["history", "--count", "100001"], "Der Wert für --count passt nicht: Es darf höchstens 100000 sein."),
        (["activity", "--run", "9" * 30], "Der Wert für --run passt nicht: Es darf höchstens 2147483647 sein."),
        (["jobs", "run"], "Es fehlt: JOB."),
        (["jobs", "run", "download", "more"], "Zu viel angegeben: more."),
        (["jobs", "rnu"], "Den Befehl «rnu» gibt es nicht. Ähnlich: run."),
        (["history", "--statsu", "x"], "Die Option --statsu gibt es nicht. Ähnlich: --status."),
    ],
)
def test_wrong_use_is_told_in_one_line_of_german(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"vitoclient: {told}")
    assert len(err.splitlines()) == 1
    assert ENGLISH_MISTAKES.search(err.split("Hilfe:")[0].replace("--", "")) is None


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (typer.BadParameter("Das geht nicht", param_hint="--area"), "Der Wert für --area passt nicht: Das geht nicht."),
        (typer.BadParameter("Das geht nicht", param_hint=["-a", "--area"]), "Der Wert für -a / --area passt nicht: Das geht nicht."),
        (typer.BadParameter("Das geht nicht."), "Das geht nicht."),
    ],
)
def test_who_refuses_a_value_is_heard(error: Exception, told: str) -> None:
    assert usage_sentence(error) == f"{told} Hilfe: «vitoclient --help»."


def test_bounds_are_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)

    @app.command()
    def one(
        most: int = typer.Option(..., max=3), least: float = typer.Option(1.5, min=1), both: int = typer.Option(2, min=-1, max=4)
    ) -> None: ...

    command = typer.main.get_command(app)
    translate_help(command)
    command.main(["--help"], prog_name="one", standalone_mode=False)
    page = capsys.readouterr().out
    for said in ("--most <Zahl>", "[höchstens 3; nötig]", "[sonst: 1.5; mindestens 1]", "[sonst: 2; -1 bis 4]"):
        assert said in page


def test_instants_are_written_the_same_everywhere(capsys: pytest.CaptureFixture[str]) -> None:
    instant = datetime.fromisoformat("2026-03-29T10:00:00.25+02:00")
    print_json({"at": instant, "day": date(2026, 3, 29)})
    assert json.loads(capsys.readouterr().out) == {"at": "2026-03-29T08:00:00Z", "day": "2026-03-29"}
    assert utc_text(instant.astimezone(UTC)) == "2026-03-29T08:00:00Z"
    assert utc_text(None) is None
    with pytest.raises(ValueError, match="naive"):
        utc_text(instant.replace(tzinfo=None))
