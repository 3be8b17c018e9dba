"""The help of all commands in the language of the user: the words that the library itself would say in English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import typer

from tray_agent.i18n import _

_Formatter: Any = typer.Context.formatter_class
"""The library's formatter; it has no public name of its own."""

_NOTE = re.compile(r"(?:^|  )\[([^\[\]]*)\]$")
"""What the library appends to an option's help: "  [default: 5; 1<=x<=100; required]"."""

_KIND = re.compile(r"<(str|int|float|int range|float range|path|file|directory|%Y-%m-%d)>")
_SEVERAL = re.compile(r"<list\[([^\[\]]*)\]>")
_NEEDED = re.compile(r"\{([^{}]*)\}")


def speak(command: Any) -> None:  # noqa: ANN401 - the library's classes of commands have no public name
    """Makes a command and all below it show their help in the language in force, with whole sentences for each command.

    Args:
        command: what ``typer.main.get_command`` returns.
    """
    for each in _with_all_below(command):
        each.context_class = _Context
        each.options_metavar = _("[OPTIONEN]")
        each.short_help = each.help
        if hasattr(each, "subcommand_metavar"):
            each.subcommand_metavar = _("BEFEHL …")


def _with_all_below(command: Any) -> Iterator[Any]:  # noqa: ANN401
    yield command
    for each in getattr(command, "commands", {}).values():
        yield from _with_all_below(each)


class _HelpFormatter(_Formatter):  # type: ignore[misc]  # known at run time only
    """Writes help pages: usage, headings and lists."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Writes the line that tells how a command is called."""
        super().write_usage(prog, _NEEDED.sub(r"\1", args), _("Aufruf: ") if prefix is None else prefix)

    def write_heading(self, heading: str) -> None:
        """Writes the heading of a list."""
        super().write_heading(_headings().get(heading, heading))

    def write_dl(self, rows: Iterable[Sequence[str]], *places: Any, **more: Any) -> None:  # noqa: ANN401
        """Writes a list of options, arguments or commands."""
        super().write_dl([(_KIND.sub(_kind, _SEVERAL.sub(r"<\1>", name)), _told(text)) for name, text in rows], *places, **more)


class _Context(typer.Context):
    formatter_class = _HelpFormatter


def _headings() -> dict[str, str]:
    return {"Options": _("Optionen"), "Commands": _("Befehle"), "Arguments": _("Angaben")}


def _kind(found: re.Match[str]) -> str:
    """Returns what kind of value an option takes."""
    if found[1] == "str":
        return _("<Text>")
    if found[1] in ("path", "file", "directory"):
        return _("<Pfad>")
    if found[1].startswith("%"):
        return _("<Datum>")
    return _("<Zahl>")


def _told(text: str) -> str:
    """Returns the help of an option: the library's own option, and what it appends, in the language in force."""
    if text == "Show this message and exit.":
        return _("Diese Hilfe anzeigen.")
    note = _NOTE.search(text)
    return text if note is None else f"{text[: note.start()]}  [{'; '.join(map(_note, note[1].split('; ')))}]".strip()


def _note(part: str) -> str:
    if part == "required":
        return _("nötig")
    name, colon, value = part.partition(": ")
    if colon and name == "default":
        return _("sonst: {value}").format(value=value)
    return _range(part)


def _range(part: str) -> str:
    """Returns the bounds of a number: "1 bis 100", "mindestens 1"; anything else as it is."""
    found = re.fullmatch(r"(?:(?P<least>-?[\d.]+)<=)?x(?:<=(?P<most>-?[\d.]+))?|x>=(?P<bound>-?[\d.]+)", part)
    if found is None:
        return part
    if found["bound"]:
        return _("mindestens {least}").format(least=found["bound"])
    if not found["least"]:
        return _("höchstens {most}").format(most=found["most"])
    return _("{least} bis {most}").format(least=found["least"], most=found["most"])
