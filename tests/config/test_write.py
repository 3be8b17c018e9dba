"""Writing the configuration: comments stay, a wrong value changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tray_agent.config.machine import load_machine
from tray_agent.config.write import preview_machine, save_machine
from tray_agent.errors import ConfigurationError

TEXT = '# Praxis\n[mail]\nhost = "alt"  # bis 2027\nport = 25\n\n[gateway.accounts.M1]\nuser = "meier"\n'


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(TEXT, encoding="utf-8")
    machine = save_machine(file, {("mail", "host"): "neu", ("gateway", "accounts", "M2", "user"): "über", ("mail", "port"): None})
    said = file.read_text(encoding="utf-8")
    assert "# Praxis" in said
    assert "# bis 2027" in said
    assert (machine.mail.host, machine.mail.port) == ("neu", 587)
    assert {key: account.user for key, account in machine.gateway.accounts.items()} == {"M1": "meier", "M2": "über"}
    assert load_machine(file) == machine


def test_a_new_file_is_made_with_its_folder(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.toml"
    assert save_machine(file, {("practice", "name"): "Praxis «Süd»"}).practice.name == "Praxis «Süd»"
    assert [found.name for found in file.parent.iterdir()] == ["config.toml"]


@pytest.mark.parametrize(
    "changes", [{("mail", "port"): 0}, {("mail", "hots"): "x"}, {("practice", "timezone"): "Mond"}, {("practice", "canton"): "Schweiz"}]
)  # fmt: skip
def test_a_wrong_value_leaves_the_file_as_it_was(tmp_path: Path, changes: dict[tuple[str, ...], object]) -> None:
    file = tmp_path / "config.toml"
    file.write_text(TEXT, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        save_machine(file, changes)
    assert file.read_text(encoding="utf-8") == TEXT
    assert [found.name for found in tmp_path.iterdir()] == ["config.toml"]


def test_a_file_that_is_no_toml_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="Zeile 1, Spalte 2"):
        save_machine(file, {("mail", "host"): "x"})
    assert file.read_text(encoding="utf-8") == "["


@pytest.mark.parametrize("write", [save_machine, preview_machine])
def test_an_error_names_the_file_that_somebody_knows(tmp_path: Path, write: Callable[..., object]) -> None:
    file = tmp_path / "config.toml"
    with pytest.raises(ConfigurationError) as raised:
        write(file, {("mail", "port"): 0})
    assert f"{file} kann nicht verwendet werden: mail.port" in raised.value.message
