"""The words that the command line's library would say in English, said in the language of the user: help pages, and wrong use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


def translate_help(command: Any) -> None:  # noqa: ANN401 - the library's classes of commands have no public name
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
        known = {"Options": _("Optionen"), "Commands": _("Befehle"), "Arguments": _("Angaben")}
        super().write_heading(known.get(heading, heading))

    def write_dl(self, rows: Iterable[Sequence[str]], *places: Any, **more: Any) -> None:  # noqa: ANN401
        """Writes a list of options, arguments or commands."""
        super().write_dl([(_KIND.sub(_kind, _SEVERAL.sub(r"<\1>", name)), _help_text(text)) for name, text in rows], *places, **more)


class _Context(typer.Context):
    formatter_class = _HelpFormatter


def _kind(found: re.Match[str]) -> str:
    """Returns what kind of value an option takes."""
    if found[1] == "str":
        return _("<Text>")
    if found[1] in ("path", "file", "directory"):
        return _("<Pfad>")
    if found[1].startswith("%"):
        return _("<Datum>")
    return _("<Zahl>")


def _help_text(text: str) -> str:
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


def usage_sentence(error: Any) -> str:  # noqa: ANN401 - the library's error classes have no public name
    """Returns what is wrong with the command that was typed, and where help is.

    Args:
        error: what typer raised for wrong use.
    """
    tell = _TELLERS.get(type(error).__name__, _other)
    command = error.ctx.command_path if error.ctx is not None else "vitoclient"
    help_there = _("Hilfe: «{command} --help».").format(command=command)
    return f"{tell(error)} {help_there}"


def _no_such_option(error: Any) -> str:  # noqa: ANN401
    sentence = _("Die Option {name} gibt es nicht.").format(name=error.option_name)
    return sentence + _similar(error.possibilities or ())


def _missing(error: Any) -> str:  # noqa: ANN401
    return _("Es fehlt: {name}.").format(name=_name_of(error) or _("eine Angabe"))


def _bad_parameter(error: Any) -> str:  # noqa: ANN401
    why, name = _full_stop(_mismatch(error)), _name_of(error)
    return _("Der Wert für {name} passt nicht: {why}").format(name=name, why=why) if name else why


def _bad_option_usage(error: Any) -> str:  # noqa: ANN401
    if "does not take" in error.message:
        return _("Die Option {name} hat keinen Wert.").format(name=error.option_name)
    return _("Nach {name} fehlt der Wert.").format(name=error.option_name)


def _mismatch(error: Any) -> str:  # noqa: ANN401
    """Returns why a value does not fit: by the code of the library that checks values, else in the words of who refused it."""
    found = getattr(error.__cause__, "errors", None)
    mistake = next(iter(found()), None) if callable(found) else None
    tell = _MISMATCHES.get(mistake["type"]) if mistake else None
    return _translated(str(error.message)) if mistake is None or tell is None else tell(mistake.get("ctx", {}))


def _translated(text: str) -> str:
    """Returns a sentence of the library about choices and dates in the user's language; every other one as it is."""
    choices = re.fullmatch(r".*is not one of (.+?)\.?", text, re.DOTALL)
    if choices:
        return _("Es gibt: {choices}.").format(choices=", ".join(re.findall(r"'([^']*)'", choices[1])))
    if "does not match the format" in text:
        return _("Es braucht ein Datum, das es gibt, wie 2026-11-24.")
    return text.removeprefix("Value error, ")


def _name_of(error: Any) -> str:  # noqa: ANN401
    """Returns what the person typed or should have typed: "--count", "JOB"; "" where nobody knows."""
    hint, parameter = error.param_hint, error.param
    if hint:
        return hint if isinstance(hint, str) else " / ".join(hint)
    if parameter is None:
        return ""
    options = [word for word in parameter.opts if word.startswith("-")]
    return options[0] if options else str(parameter.metavar or parameter.name).upper()


def _other(error: Any) -> str:  # noqa: ANN401
    unknown = re.fullmatch(r"No such command '([^']*)'\.?(.*)", error.message, re.DOTALL)
    if unknown:
        sentence = _("Den Befehl «{name}» gibt es nicht.").format(name=unknown[1])
        return sentence + _similar(re.findall(r"'([^']+)'", unknown[2]))
    extra = re.fullmatch(r"Got unexpected extra argument(?:s|\(s\))? \((.*)\)", error.message)
    if extra:
        return _("Zu viel angegeben: {words}.").format(words=extra[1])
    if error.message == "Missing command.":
        return _("Es fehlt der Befehl.")
    return _full_stop(error.message)


def _similar(names: Iterable[str]) -> str:
    near = ", ".join(names)
    return " " + _("Ähnlich: {names}.").format(names=near) if near else ""


def _full_stop(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


_TELLERS: dict[str, Callable[[Any], str]] = {
    "NoSuchOption": _no_such_option,
    "MissingParameter": _missing,
    "BadParameter": _bad_parameter,
    "BadOptionUsage": _bad_option_usage,
}

_MISMATCHES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), lambda _bounds: _("Es braucht eine ganze Zahl.")),
    "int_parsing_size": lambda _bounds: _("Die Zahl ist zu gross."),
    **dict.fromkeys(("float_parsing", "float_type", "finite_number"), lambda _bounds: _("Es braucht eine Zahl.")),
    "greater_than_equal": lambda bounds: _("Es braucht mindestens {least}.").format(least=bounds["ge"]),
    "less_than_equal": lambda bounds: _("Es darf höchstens {most} sein.").format(most=bounds["le"]),
}
