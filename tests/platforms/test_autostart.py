"""The XDG autostart file of a person, and those of the system beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tray_agent.platforms.autostart_linux import XdgAutostart, exec_line
from tray_agent.platforms.errors import PlatformError

COMMAND = ("/opt/vitoclient services/vitoclient-tray", "run")


@pytest.fixture
def autostart(tmp_path: Path) -> XdgAutostart:
    return XdgAutostart(COMMAND, "vitoclient-Services", tmp_path / "autostart")


def test_it_is_off_until_enabled_and_again_after_disabling(autostart: XdgAutostart) -> None:
    assert not autostart.is_enabled()
    autostart.enable()
    autostart.enable()
    assert autostart.is_enabled()
    autostart.disable()
    autostart.disable()
    assert not autostart.is_enabled()


@pytest.mark.parametrize(("content", "seen"), [("", True), ("Hidden=true\n", False)])
def test_a_file_of_the_system_is_seen_until_the_persons_own_replaces_it(
    autostart: XdgAutostart, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, seen: bool
) -> None:
    folder = tmp_path / "system" / "autostart"
    folder.mkdir(parents=True)
    file = folder / "vitoclient-services.desktop"
    file.write_text(f"[Desktop Entry]\nType=Application\nExec=/usr/bin/vitoclient-tray\n{content}", encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_DIRS", f"{tmp_path / 'none'}{os.pathsep}{tmp_path / 'system'}")
    assert autostart.is_enabled_for_all() is seen
    assert not autostart.is_enabled()
    autostart.enable()
    assert not autostart.is_enabled_for_all()
    autostart.disable()
    assert file.exists()


def test_the_file_is_an_entry_that_desktops_read(tmp_path: Path) -> None:
    entry = XdgAutostart(COMMAND, "vitoclient-Services", tmp_path)
    entry.enable()
    assert entry.file.name == "vitoclient-services.desktop"
    lines = entry.file.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "[Desktop Entry]"
    assert 'Exec="/opt/vitoclient services/vitoclient-tray" run' in lines
    assert "Type=Application" in lines


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (("/usr/bin/vitoclient-tray",), "/usr/bin/vitoclient-tray"),
        (("/home/Jörg Müller/tray", "run"), '"/home/Jörg Müller/tray" run'),
        (("/a/100%/b",), "/a/100%%/b"),
        (("/a/$HOME/b",), '"/a/\\\\$HOME/b"'),
        (("/a", ""), '/a ""'),
        (("/a", 'say "x"'), '/a "say \\\\"x\\\\""'),
    ],
)
def test_arguments_are_quoted_as_the_specification_asks(command: tuple[str, ...], line: str) -> None:
    assert exec_line(command) == line


def test_the_command_of_an_older_installation_does_not_count(tmp_path: Path) -> None:
    XdgAutostart(("/old/vitoclient-tray",), "vitoclient-Services", tmp_path).enable()
    entry = XdgAutostart(COMMAND, "vitoclient-Services", tmp_path)
    assert not entry.is_enabled()
    entry.enable()
    assert entry.is_enabled()


def test_an_entry_that_the_person_hid_in_the_desktop_is_off(tmp_path: Path) -> None:
    entry = XdgAutostart(COMMAND, "vitoclient-Services", tmp_path)
    entry.enable()
    with entry.file.open("a", encoding="utf-8") as out:
        out.write("Hidden=true\n")
    assert not entry.is_enabled()


def test_a_damaged_file_counts_as_off(tmp_path: Path) -> None:
    entry = XdgAutostart(COMMAND, "vitoclient-Services", tmp_path)
    entry.file.write_bytes(b"\xff\xfe[[[")
    assert not entry.is_enabled()


def test_a_folder_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "autostart").write_text("a file in the way", encoding="utf-8")
    with pytest.raises(PlatformError, match="Autostart nicht geändert"):
        XdgAutostart(COMMAND, "vitoclient-Services", tmp_path / "autostart").enable()
