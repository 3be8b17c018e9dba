"""Reads frozen dataclasses from plain tables (TOML, environment) and names the place of the first fault.

The dataclasses say everything: the types of the values, their defaults, their names in the file (``named``), how they are spelt
(``spelt``) and what a value must fulfil (``checked``, ``entered``). Unknown keys are faults. Numbers and yes/no values may also be
written as text, because an environment variable holds nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

from tray_agent.i18n import _

Place = tuple[str, ...]
Table = Mapping[str, Any]
Section = TypeVar("Section")

_NAME = "name"
_CHECK = "check"
_ENTRY = "entry"
_SPELT = "spelt"
_WORDS = dict.fromkeys(("1", "true", "t", "yes", "y", "on"), True) | dict.fromkeys(("0", "false", "f", "no", "n", "off"), False)


class MisfitError(ValueError):
    """A value or a key that does not fit.

    Attributes:
        place: where, from the outermost table inwards.
        why: what is wrong; never the value itself, which may be a secret in the wrong place.
    """

    def __init__(self, place: Place, why: str) -> None:
        self.place = place
        self.why = why
        super().__init__(f"{'.'.join(place)}: {why}")


class _Entry(NamedTuple):
    """A field with its type."""

    field: Field[Any]
    hint: Any


def named(name: str) -> dict[str, Any]:
    """Returns the metadata of a field that has another name in the file."""
    return {_NAME: name}


def checked(check: Callable[[Any], str]) -> dict[str, Any]:
    """Returns the metadata of a field whose values are checked: the check returns what is wrong, or ""."""
    return {_CHECK: check}


def entered(check: Callable[[Any], str]) -> dict[str, Any]:
    """Returns the metadata of a field that is checked where somebody enters a value; what stands there already is read all the same.

    A wrong address spoils one way, which says so itself; a configuration that can't be read would spoil everything.
    """
    return {_ENTRY: check}


def spelt(form: Callable[[Any], Any]) -> dict[str, Any]:
    """Returns the metadata of a field whose values are taken in one way of writing them, before they are checked: "ch" is "CH"."""
    return {_SPELT: form}


def between(least: int, most: int) -> dict[str, Any]:
    """Returns the metadata of a number with bounds."""

    def check(value: int) -> str:
        return "" if least <= value <= most else _("erlaubt ist eine Zahl von {least} bis {most}").format(least=least, most=most)

    return checked(check)


def read_section(kind: type[Section], table: Table, place: Place = ()) -> Section:
    """Returns a dataclass read from a table.

    Raises:
        MisfitError: a key is unknown or lacks, or a value does not fit.
    """
    known = _entries(kind)
    for key in table:
        if key not in known:
            raise MisfitError((*place, key), _("diesen Schlüssel gibt es nicht"))
    values: dict[str, Any] = {}
    for key, entry in known.items():
        if key in table:
            values[entry.field.name] = _checked_value(entry, table[key], (*place, key))
        elif entry.field.default is MISSING and entry.field.default_factory is MISSING:
            raise MisfitError((*place, key), _("diese Angabe fehlt"))
    return kind(**values)


def plain_table(section: object) -> dict[str, Any]:
    """Returns a dataclass as the table that it could be read from; None has no word in TOML and is left out."""
    values = {key: getattr(section, entry.field.name) for key, entry in _entries(type(section)).items()}
    return {key: _plain(value) for key, value in values.items() if value is not None}


def keys_of(kind: type) -> frozenset[str]:
    """Returns the names of a dataclass's fields in the file."""
    return frozenset(_entries(kind))


def known_part(kind: type, table: Table) -> dict[str, Any]:
    """Returns a table without the keys that are unknown here: another version of the program may have written them."""
    return {key: _known(entry.hint, table[key]) for key, entry in _entries(kind).items() if key in table}


def places_of(table: Table) -> Iterator[Place]:
    """Gives the places of the single values of tables within tables."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from ((key, *place) for place in places_of(value))
        else:
            yield (key,)


def read_value(kind: type, place: Place, value: object) -> object:
    """Returns a value that somebody enters as a file would hold it, read as the field at its place reads it: "465" is a number there.

    Raises:
        MisfitError: there is no such key, or the value does not fit.
    """
    hint: Any = kind
    entry: _Entry | None = None
    for depth, key in enumerate(place):
        if is_dataclass(hint) and isinstance(hint, type):
            entry = _entries(hint).get(key)
            if entry is None:
                raise MisfitError(place[: depth + 1], _("diesen Schlüssel gibt es nicht"))
            hint = entry.hint
        elif get_origin(hint) is dict:
            entry, hint = None, get_args(hint)[1]
        else:
            raise MisfitError(place[: depth + 1], _("diesen Schlüssel gibt es nicht"))
    read = _checked_value(entry, value, place) if entry else _value(hint, value, place)
    check = entry.field.metadata.get(_ENTRY) if entry else None
    if why := check(read) if check else "":
        raise MisfitError(place, why)
    return _plain(read)


def laid_over(kind: type, table: Table, variables: Mapping[Place, str]) -> dict[str, Any]:
    """Returns a table with the texts of environment variables laid over it.

    A variable that names a whole table holds it as JSON. Keys of sections are read in any case. Free keys (Mandants) are
    taken as the table writes them, where it has them: Windows knows only capitals in the names of variables.

    Args:
        kind: the dataclass that will be read.
        table: the values without the environment.
        variables: texts by place, in the case in which the variables are written.

    Raises:
        MisfitError: a variable that names a table holds no JSON.
    """
    result: Any = dict(table)
    for place in sorted(variables, key=len):
        try:
            result = _laid(result, kind, place, variables[place])
        except json.JSONDecodeError as error:
            raise MisfitError(tuple(part.lower() for part in place), _("hier wird eine Tabelle in JSON erwartet")) from error
    return dict(result)


def _entries(kind: type) -> dict[str, _Entry]:
    """Returns the fields of a dataclass by their names in the file."""
    hints = get_type_hints(kind)
    assert is_dataclass(kind)  # noqa: S101 - for the type checker: sections are
    return {field.metadata.get(_NAME, field.name): _Entry(field, hints[field.name]) for field in fields(kind)}


def _checked_value(entry: _Entry, value: object, place: Place) -> object:
    read = _value(entry.hint, value, place)
    form = entry.field.metadata.get(_SPELT)
    read = form(read) if form else read
    check = entry.field.metadata.get(_CHECK)
    why = check(read) if check else ""
    if why:
        raise MisfitError(place, why)
    return read


def _value(hint: Any, value: object, place: Place) -> object:  # noqa: ANN401 - a type, or what typing makes of one
    if _is_table(hint):
        if not isinstance(value, Mapping):
            raise MisfitError(place, _("hier wird eine Tabelle erwartet"))
        if isinstance(hint, type) and is_dataclass(hint):
            return read_section(hint, value, place)
        return {key: _value(get_args(hint)[1], one, (*place, key)) for key, one in value.items()}
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise MisfitError(place, _("erlaubt ist {choices}").format(choices=", ".join(map(str, get_args(hint)))))
    elif hint is bool:
        value = _WORDS.get(str(value).lower())
        if value is None:
            raise MisfitError(place, _("erlaubt ist true oder false"))
    elif hint is int:
        return _number(value, place)
    elif not isinstance(value, str):
        raise MisfitError(place, _("hier wird ein Text erwartet"))
    return value


def _number(value: object, place: Place) -> int:
    try:
        if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool) and value == int(value)):
            return int(value)
    except (ValueError, OverflowError):
        pass
    raise MisfitError(place, _("hier wird eine ganze Zahl erwartet"))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return plain_table(value) if is_dataclass(value) else value


def _known(hint: Any, value: object) -> object:  # noqa: ANN401 - as above
    if not isinstance(value, Mapping):
        return value
    if isinstance(hint, type) and is_dataclass(hint):
        return known_part(hint, value)
    return {key: _known(get_args(hint)[1], one) for key, one in value.items()} if get_origin(hint) is dict else value


def _laid(value: object, hint: Any, place: Place, text: str) -> object:  # noqa: ANN401 - as above
    """Returns a value with the text of one variable laid over it at a place within."""
    if not place:
        return _merged(value, json.loads(text)) if _is_table(hint) else text
    table = dict(value) if isinstance(value, Mapping) else {}
    key = place[0].lower() if is_dataclass(hint) else next((key for key in table if key.lower() == place[0].lower()), place[0])
    table[key] = _laid(table.get(key), _inner(hint, key), place[1:], text)
    return table


def _merged(value: object, over: object) -> object:
    if not isinstance(value, Mapping) or not isinstance(over, Mapping):
        return over
    return {**value, **{key: _merged(value.get(key), one) for key, one in over.items()}}


def _is_table(hint: object) -> bool:
    return is_dataclass(hint) or get_origin(hint) is dict


def _inner(hint: Any, key: str) -> object:  # noqa: ANN401 - as above
    """Returns the type of the value under a key; None where there is no such key, which reading tells then."""
    if is_dataclass(hint):
        entry = _entries(hint).get(key) if isinstance(hint, type) else None
        return entry.hint if entry else None
    return get_args(hint)[1] if get_origin(hint) is dict else None
