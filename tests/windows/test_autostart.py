"""The Run key of the user."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import uuid
import winreg
from collections.abc import Iterator

import pytest

from tray_agent.platforms.autostart_windows import APPROVED_KEY, RUN_KEY, RunKeyAutostart
from tray_agent.platforms.this_system import autostart

COMMAND = (r"C:\Users\Jörg Müller\vitoclient\vitoclient-tray.exe", "--quiet")


@pytest.fixture
def entry() -> Iterator[RunKeyAutostart]:
    made = RunKeyAutostart(COMMAND, f"vitoclient-test-{uuid.uuid4().hex}")
    yield made
    made.disable()


def value_of(entry: RunKeyAutostart) -> str:
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
        return str(winreg.QueryValueEx(key, entry._name)[0])


def test_the_program_is_quoted_because_its_path_may_have_a_blank(entry: RunKeyAutostart) -> None:
    entry.enable()
    assert value_of(entry) == r'"C:\Users\Jörg Müller\vitoclient\vitoclient-tray.exe" --quiet'
    assert entry.is_enabled()


def test_disabling_removes_the_value_and_may_be_repeated(entry: RunKeyAutostart) -> None:
    entry.enable()
    entry.disable()
    entry.disable()
    assert not entry.is_enabled()
    with pytest.raises(FileNotFoundError):
        value_of(entry)


def test_the_command_of_an_older_installation_does_not_count(entry: RunKeyAutostart) -> None:
    RunKeyAutostart((r"C:\old\vitoclient-tray.exe",), entry._name).enable()
    assert not entry.is_enabled()
    entry.enable()
    assert entry.is_enabled()


def test_what_the_task_manager_switched_off_is_off_until_enabled_again(entry: RunKeyAutostart) -> None:
    entry.enable()
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, APPROVED_KEY, 0, winreg.KEY_SET_VALUE) as key:
        winreg.SetValueEx(key, entry._name, 0, winreg.REG_BINARY, bytes([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    assert not entry.is_enabled()
    entry.enable()
    assert entry.is_enabled()


def test_the_installers_entry_for_all_is_seen_and_left_alone(entry: RunKeyAutostart) -> None:
    assert not entry.is_enabled_for_all()
    machine = winreg.HKEY_LOCAL_MACHINE
    with winreg.CreateKeyEx(machine, RUN_KEY, 0, winreg.KEY_SET_VALUE) as key:
        winreg.SetValueEx(key, entry._name, 0, winreg.REG_SZ, r'"C:\Program Files\vitoclient-Services\vitoclient-tray.exe"')
        try:
            assert entry.is_enabled_for_all()
            assert not entry.is_enabled()
            entry.enable()
            entry.disable()
            assert entry.is_enabled_for_all()
            with winreg.CreateKeyEx(machine, APPROVED_KEY, 0, winreg.KEY_SET_VALUE) as approved:
                winreg.SetValueEx(approved, entry._name, 0, winreg.REG_BINARY, bytes([3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
                assert not entry.is_enabled_for_all()
                winreg.DeleteValue(approved, entry._name)
        finally:
            winreg.DeleteValue(key, entry._name)


def test_this_system_has_the_run_key() -> None:
    assert isinstance(autostart(), RunKeyAutostart)
