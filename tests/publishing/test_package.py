"""The vendor's tool is a package of its own: the practice's program runs without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

WITHOUT = "import sys; sys.modules['publishing'] = None; from tray_agent.cli import run; sys.exit(run({arguments!r}))"


def without_the_vendors_tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = WITHOUT.format(arguments=arguments)
    return subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, encoding="utf-8")


def test_the_demo_says_in_one_line_what_it_needs(tmp_path: Path) -> None:
    ended = without_the_vendors_tool("demo", "--headless", "--dir", str(tmp_path / "demo"))
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert "vitoclient-publishing installieren" in ended.stderr


def test_the_practices_commands_do_without_it() -> None:
    assert without_the_vendors_tool("portal", "--help").returncode == 0
    assert without_the_vendors_tool("downloads", "--help").returncode == 0
