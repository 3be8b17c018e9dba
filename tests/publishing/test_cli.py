"""The vendor's command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from publishing.cli import run
from tests.downloads.conftest import ELEMENTS
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import make_portal

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def vitoclient_publish(capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs a command and returns exit code, output and errors."""

    def command(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = run(arguments)
        return code, *capfd.readouterr()

    return command


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("publish", "missing", "--keys", "keys"), 2, "portal.toml"),
        (("refresh", "missing", "--keys", "keys"), 2, "noch kein Portal"),
        (("refresh", "missing", "--keys", "missing/keys"), 2, "Schlüssel"),
        (("publish", "missing"), 2, "--keys"),
        (("list",), 2, "list"),
    ],
)
def test_wrong_use_is_one_line(vitoclient_publish: Command, arguments: tuple[str, ...], code: int, words: str) -> None:
    returned, out, error = vitoclient_publish(*arguments)
    assert (returned, out) == (code, "")
    assert error.startswith("vitoclient-publish: ")
    assert words in error
    assert error.count("\n") == 1


def test_the_help_names_the_commands(vitoclient_publish: Command) -> None:
    code, out, error = vitoclient_publish()
    assert (code, error) == (0, "")
    assert "Aufruf: vitoclient-publish" in out
    assert all(command in out for command in ("publish", "refresh", "rotate"))


def test_the_vendors_commands(vitoclient_publish: Command, tmp_path: Path, clock: ManualClock) -> None:
    source = make_portal(tmp_path / "vendor", clock.now(), ELEMENTS).source
    code, out, _error = vitoclient_publish("publish", str(source), "--keys", str(tmp_path / "keys"), "--to", str(tmp_path / "www"))
    assert code == 0
    assert "5 Dateien veröffentlicht, Stand 1." in out
    assert "«vitoclient-publish refresh»" in out
    assert str(tmp_path / "www" / "metadata" / "1.root.json") in out
    assert vitoclient_publish("refresh", str(tmp_path / "www"), "--keys", str(tmp_path / "keys"))[0] == 0
    rotate = ("rotate", str(tmp_path / "www"), "root", "--keys", str(tmp_path / "keys"))
    code, out, _error = vitoclient_publish(*rotate, "--count", "2", "--threshold", "2")
    assert code == 0
    assert "«root» sind ersetzt" in out
    assert out.count("Gültig bis") == 4
    code, _out, error = vitoclient_publish(*rotate, "--count", "1", "--threshold", "2")
    assert code == 2
    assert "Von 1 Schlüsseln können nicht 2 unterschreiben müssen" in error
    (source / "tarif-1.4.002.zip").write_bytes(b"other")
    publish = ("publish", str(source), "--keys", str(tmp_path / "keys"), "--to", str(tmp_path / "www"))
    assert "neue Nummer" in vitoclient_publish(*publish)[2]
    assert vitoclient_publish(*publish, "--replace")[0] == 0
