"""No code for one system alone without a test that runs it there, or a reason: docs/windows-checklist.md lists both."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHECKLIST = ROOT / "docs" / "windows-checklist.md"
PACKAGES = ("tray_agent", "ui", "publishing")


@dataclass(frozen=True)
class Row:
    """A line of the list: patterns of files, tests that run them in Windows, steps for a real Windows."""

    files: tuple[str, ...]
    tests: tuple[str, ...]
    steps: tuple[int, ...]


def rows() -> list[Row]:
    """Returns the list."""
    table = CHECKLIST.read_text(encoding="utf-8").split("## Code for one system only")[1]
    lines = [line.split("|")[1:-1] for line in table.splitlines() if line.startswith("| `")]
    return [Row(quoted(code), quoted(tried), tuple(int(step) for step in re.findall(r"\brow (\d+)", tried))) for code, tried in lines]


def quoted(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`([^`]+)`", text))


def is_guarded(source: str) -> bool:
    """Returns whether a module asks which system it runs on."""
    asked = {"sys.platform", "os.name", "platform.system"}
    return any(isinstance(node, ast.Attribute) and ast.unparse(node) in asked for node in ast.walk(ast.parse(source)))


def guarded_files() -> list[Path]:
    """Returns the modules with code for one system only; those for Windows refuse to be imported elsewhere, so they ask."""
    files = [file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py"))]
    return [file for file in files if file.match("platforms/*_linux.py") or is_guarded(file.read_text(encoding="utf-8"))]


def test_the_search_finds_what_it_is_to_find() -> None:
    found = {file.relative_to(ROOT).as_posix() for file in guarded_files()}
    assert {"tray_agent/platforms/files.py", "tray_agent/platforms/signature_windows.py", "ui/shell/single_instance.py"} <= found
    assert not is_guarded("import sys\nprint(sys.argv)")


@pytest.mark.parametrize("file", [file.relative_to(ROOT).as_posix() for file in guarded_files()])
def test_code_for_one_system_is_tried_there_or_has_a_reason(file: str) -> None:
    covering = [row for row in rows() if any(Path(file).match(pattern) for pattern in row.files)]
    assert covering, f"{file} asks for the system; {CHECKLIST.name} says nothing of where that is tried"
    assert any(row.tests or row.steps for row in covering)


def test_every_line_of_the_list_names_files_tests_and_steps_that_exist() -> None:
    steps = {int(number) for number in re.findall(r"^\| (\d+) \|", CHECKLIST.read_text(encoding="utf-8"), re.MULTILINE)}
    for row in rows():
        assert all(list(ROOT.glob(pattern)) for pattern in row.files), row
        assert all((ROOT / test).exists() for test in row.tests), row
        assert set(row.steps) <= steps, row
