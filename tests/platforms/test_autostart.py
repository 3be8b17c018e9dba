"""The XDG autostart file, and what every autostart promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from tray_agent.platforms.autostart import Autostart, MemoryAutostart
from tray_agent.platforms.autostart_linux import XdgAutostart, exec_line
from tray_agent.platforms.errors import PlatformError

COMMAND = ("/opt/vitoclient services/vitoclient-tray", "run")


@pytest.fixture(params=["file", "memory"])
def autostart(request: pytest.FixtureRequest, tmp_path: Path) -> Autostart:
    return XdgAutostart(COMMAND, "vitoclient-Services", tmp_path / "autostart") if request.param == "file" else MemoryAutostart()


def test_it_is_off_until_enabled_and_again_after_disabling(autostart: Autostart) -> None:
    assert not autostart.is_enabled()
    autostart.enable()
    autostart.enable()
    assert autostart.is_enabled()
    autostart.disable()
    autostart.disable()
    assert not autostart.is_enabled()


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
