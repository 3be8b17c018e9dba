"""Who the program is to Windows; its output in every code page; time zones; a person's name with a blank and umlauts."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import ctypes
import getpass
import json
import os
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tray_agent.config.machine import data_folder
from tray_agent.platforms.foreground import APP_USER_MODEL_ID, announce_identity
from tray_agent.platforms.programs import command_program, tray_program, without_console

CODE_PAGES = (437, 850, 1252, 65001)


def in_code_page(code_page: int, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    command = subprocess.list2cmdline([sys.executable, "-m", "tray_agent", *arguments])
    return subprocess.run(
        f'cmd /d /s /c "chcp {code_page} >nul & {command}"',
        check=False,
        capture_output=True,
        env={**os.environ, **(environment or {})},
        creationflags=without_console(),
        timeout=60,
    )


def test_windows_takes_the_programs_name() -> None:
    assert announce_identity()
    held = ctypes.c_wchar_p()
    if ctypes.windll.shell32.GetCurrentProcessExplicitAppUserModelID(ctypes.byref(held)) == 0:  # Wine takes it and forgets it
        assert held.value == APP_USER_MODEL_ID


def test_the_person_has_a_blank_and_umlauts_in_the_name() -> None:
    assert getpass.getuser() == "Jörg Müller"
    assert "Jörg Müller" in str(Path.home())


@pytest.mark.parametrize("code_page", CODE_PAGES)
def test_output_into_a_pipe_is_utf_8_in_every_code_page(code_page: int) -> None:
    assert in_code_page(code_page, "db", "upgrade").returncode == 0
    done = in_code_page(code_page, "settings", "--json")
    assert done.returncode == 0, done.stderr
    assert "SMSService.GeburtstagsglückwünscheSenden" in json.loads(done.stdout.decode("utf-8"))


@pytest.mark.parametrize("code_page", CODE_PAGES)
@pytest.mark.parametrize("encoding", ["cp437", "cp850", "cp1252"])
def test_signs_that_a_code_page_lacks_do_not_stop_a_command(code_page: int, encoding: str) -> None:
    done = in_code_page(code_page, "--help", environment={"PYTHONIOENCODING": encoding, "VITOCLIENT_UI__LANGUAGE": "fr"})
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr


def test_errors_are_one_line_with_umlauts() -> None:
    done = in_code_page(850, "settings", "set", "Größe", "1")
    lines = done.stderr.decode("utf-8").splitlines()
    assert (done.returncode, len(lines)) == (2, 1)
    assert "Größe" in lines[0]


def test_the_practices_time_zone_is_known_without_the_systems_help() -> None:
    assert ZoneInfo("Europe/Zurich").key == "Europe/Zurich"


def test_the_data_folder_is_local_and_made_on_demand() -> None:
    folder = data_folder()
    assert folder.name == "vitoclient-Services"
    assert folder.is_absolute()


def test_the_installed_programs_are_found() -> None:
    assert Path(command_program()[0]).name == "vitoclient.exe"
    assert Path(tray_program()[0]).name == "vitoclient-tray.exe"
    done = subprocess.run([*command_program(), "--version"], check=False, capture_output=True, creationflags=without_console(), timeout=60)
    assert done.stdout.startswith(b"vitoclient-Services ")


def test_no_console_flashes_up() -> None:
    seen = "import ctypes; print(ctypes.windll.kernel32.GetConsoleWindow())"
    done = subprocess.run([sys.executable, "-c", seen], check=True, capture_output=True, text=True, creationflags=without_console())
    assert done.stdout.strip() == "0"
