"""Wrong use of the command line, told in the language of the user instead of the library's English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
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
    return _("Es fehlt: {name}.").format(name=_name_of(error))


def _bad_parameter(error: Any) -> str:  # noqa: ANN401
    return _("Der Wert für {name} passt nicht: {why}").format(name=_name_of(error), why=_full_stop(error.message))


def _name_of(error: Any) -> str:  # noqa: ANN401
    parameter = error.param
    if parameter is None:
        return "?"
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
}
