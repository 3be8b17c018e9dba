"""Wrong use of the command line, told in the language of the user instead of the library's English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tray_agent.i18n import _


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
    said = _("Die Option {name} gibt es nicht.").format(name=error.option_name)
    return said + _similar(error.possibilities or ())


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


def _translated(said: str) -> str:
    """Returns a sentence of the library about choices and dates in the user's language; every other one as it is."""
    choices = re.fullmatch(r".*is not one of (.+?)\.?", said, re.DOTALL)
    if choices:
        return _("Es gibt: {choices}.").format(choices=", ".join(re.findall(r"'([^']*)'", choices[1])))
    if "does not match the format" in said:
        return _("Es braucht ein Datum, das es gibt, wie 2026-11-24.")
    return said.removeprefix("Value error, ")


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
        said = _("Den Befehl «{name}» gibt es nicht.").format(name=unknown[1])
        return said + _similar(re.findall(r"'([^']+)'", unknown[2]))
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
