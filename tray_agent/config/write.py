"""Writes this machine's configuration: only what changed, comments stay, never half a file, never a wrong one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tray_agent.config.machine import Machine, load_machine
from tray_agent.config.toml_file import TomlFaultError, parsed
from tray_agent.errors import ConfigurationError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _

Changes = Mapping[tuple[str, ...], Any]
"""New values by their place: ``("gateway", "accounts", "M1", "user")``. None takes a key, or a whole table, out."""


def save_machine(file: Path, changes: Changes) -> Machine:
    """Writes changes into the configuration file and returns the configuration as it is then read.

    The new text is first written beside the file and read from there; only a configuration that can be read replaces the old one.

    Args:
        file: the TOML file; made with its folder where it is missing.
        changes: what is to be changed; everything else stays, comments too.

    Raises:
        ConfigurationError: a value does not fit, or the file can't be written; the old file is untouched.
    """
    partial = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(_changed(file, changes).encode())
        machine = load_machine(partial, called=file)
        os.replace(partial, file)  # noqa: PTH105 - in one step, also over an existing file on Windows
    except OSError as error:
        raise ConfigurationError(
            _("Konfiguration nicht gespeichert"),
            _("{file} kann nicht geschrieben werden ({why}); die bisherige Konfiguration gilt weiter.").format(
                file=file, why=why_of(error)
            ),
            _("Schreibrechte des Ordners prüfen."),
            item=str(file),
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return machine


def preview_machine(file: Path, changes: Changes) -> Machine:
    """Returns the configuration as it would be read with these changes; writes nothing into its folder.

    Raises:
        ConfigurationError: a value does not fit, or the file can't be read.
    """
    with tempfile.TemporaryDirectory(prefix="vitoclient-") as folder:
        trial = Path(folder) / "config.toml"
        trial.write_bytes(_changed(file, changes).encode())
        return load_machine(trial, called=file)


def changed_table(tables: Mapping[str, Any], changes: Changes) -> dict[str, Any]:
    """Returns plain tables with changes; what is not changed stays as it is."""
    result: dict[str, Any] = dict(tables)
    for (key, *inner), value in changes.items():
        if inner:
            within = result.get(key)
            result[key] = changed_table(within if isinstance(within, Mapping) else {}, {tuple(inner): value})
        elif value is None:
            result.pop(key, None)
        else:
            result[key] = value
    return result


def _changed(file: Path, changes: Changes) -> str:
    """Returns the file's text with the changes.

    Raises:
        ConfigurationError: the file is there and can't be read as TOML.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        data = file.read_bytes() if file.exists() else b""
        parsed(data)
        document = tomlkit.parse(data.decode("utf-8-sig"))
    except (TomlFaultError, TOMLKitError) as fault:
        raise ConfigurationError(
            _("Konfiguration nicht lesbar"),
            _("{file} ist keine gültige TOML-Datei: {why}. Sie wurde nicht verändert.").format(file=file, why=fault),
            _("Datei in einem Editor berichtigen."),
            item=str(file),
        ) from fault
    for place, value in changes.items():
        _set(document, place, value)
    return tomlkit.dumps(document)


def _set(table: Any, place: tuple[str, ...], value: Any) -> None:  # noqa: ANN401 - TOML tables and values
    import tomlkit

    *parents, key = place
    for parent in parents:
        if parent not in table:
            if value is None:
                return
            table[parent] = tomlkit.table()
        table = table[parent]
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value
