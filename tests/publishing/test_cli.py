"""The vendor's command line."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publishing.cli import run
from publishing.commands import LOCK
from publishing.signing_keys import SigningKeys
from tests.downloads.conftest import ELEMENTS
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import make_portal
from tray_agent.demo.portal_server import PortalServer
from tray_agent.platforms.locks import locked

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


def test_what_ends_is_said_loudly_and_by_the_exit_code(vitoclient_publish: Command, tmp_path: Path, clock: ManualClock) -> None:
    made = make_portal(tmp_path / "vendor", datetime.now(UTC) - timedelta(days=20), ELEMENTS)
    keys = tmp_path / "server keys"
    keys.mkdir()
    shutil.copyfile(made.folder / "keys" / "timestamp.pem", keys / "timestamp.pem")
    code, out, error = vitoclient_publish("refresh", str(made.repository), "--keys", str(keys))
    assert code == 3
    assert "5 Dateien veröffentlicht" in out
    assert "WARNUNG: «snapshot» läuft ab" in error
    make_portal(tmp_path / "late", datetime.now(UTC) - timedelta(days=40), ELEMENTS)
    code, out, error = vitoclient_publish("refresh", str(tmp_path / "late" / "repository"), "--keys", str(keys))
    assert (code, out) == (2, "")
    assert "Die Praxen lehnen das Portal ab" in error


def test_the_keys_that_count_are_listed(vitoclient_publish: Command, tmp_path: Path) -> None:
    made = make_portal(tmp_path / "vendor", datetime.now(UTC), ELEMENTS)
    SigningKeys(made.folder / "keys").make("targets")
    (made.folder / "keys" / "root.pem").unlink()
    code, out, _error = vitoclient_publish("keys", str(made.repository), "--keys", str(made.folder / "keys"))
    assert code == 0
    assert "root: 0 von 1 Schlüsseln hier, 1 müssen unterschreiben" in out
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert lines["targets.pem"].endswith("gilt")
    assert "gehört nicht zu diesem Portal" in lines["targets-2.pem"]


def test_a_typing_error_begins_no_second_portal(vitoclient_publish: Command, tmp_path: Path) -> None:
    made = make_portal(tmp_path / "vendor", datetime.now(UTC), ELEMENTS)
    publish = ("publish", str(made.source), "--keys", str(made.folder / "keys"), "--to", str(tmp_path / "typo"))
    code, _out, error = vitoclient_publish(*publish)
    assert code == 2
    assert "Noch kein Portal in diesem Ordner" in error
    assert not (tmp_path / "typo").exists()
    assert vitoclient_publish(*publish, "--new")[0] == 0


def test_a_version_is_called_back_by_a_command(vitoclient_publish: Command, tmp_path: Path) -> None:
    made = make_portal(tmp_path / "vendor", datetime.now(UTC), ELEMENTS)
    recall = ("recall", str(made.repository), "tarif", "1.4.002", "--keys", str(made.folder / "keys"))
    assert vitoclient_publish(*recall)[0] == 2
    code, out, _error = vitoclient_publish(*recall, "--reason", "Falsche Preise.")
    assert code == 0
    assert "tarif 1.4.002 ist zurückgerufen" in out
    assert "gilt wieder" in vitoclient_publish(*recall, "--undo")[1]
    assert "keine Version" in vitoclient_publish("recall", str(made.repository), "tarif", "neu", "--keys", "k", "--undo")[2]


def test_a_portal_that_does_not_answer_is_no_success(vitoclient_publish: Command, tmp_path: Path) -> None:
    made = make_portal(tmp_path / "vendor", datetime.now(UTC), ELEMENTS)
    keys = ("--keys", str(made.folder / "keys"))
    nobody = "http://127.0.0.1:1"
    code, _out, error = vitoclient_publish("check", nobody, "--root", str(made.root_file))
    assert code == 1
    assert "nicht erreichbar" in error
    code, _out, error = vitoclient_publish("refresh", str(made.repository), *keys, "--live", nobody)
    assert code == 2
    assert "--without-live" in error
    assert vitoclient_publish("check", nobody, "--root", str(tmp_path / "missing"))[0] == 2
    assert vitoclient_publish("restored", str(made.repository), *keys, "--ahead", "10")[0] == 0


def test_a_section_for_the_description_is_written(vitoclient_publish: Command, tmp_path: Path) -> None:
    (tmp_path / "tarif.zip").write_bytes(b"x")
    code, out, _error = vitoclient_publish("describe", str(tmp_path / "tarif.zip"))
    assert code == 0
    assert "[[element.version]]" in out
    assert 'file = "tarif.zip"' in out


@pytest.mark.parametrize(
    "command",
    [("publish", "SOURCE", "--to"), ("refresh",), ("recall", "tarif", "1.4.002", "--reason", "x"), ("rotate", "timestamp"), ("restored",)],
    ids=lambda command: command[0],
)
def test_two_commands_never_sign_one_portal_at_once(vitoclient_publish: Command, tmp_path: Path, command: tuple[str, ...]) -> None:
    made = make_portal(tmp_path / "vendor", datetime.now(UTC), ELEMENTS)
    name, *others = (str(made.source) if part == "SOURCE" else part for part in command)
    repository = str(made.repository)
    arguments = (name, *others, repository) if name == "publish" else (name, repository, *others)
    before = {file.name: file.read_bytes() for file in (made.repository / "metadata").iterdir()}
    with locked(made.repository / LOCK):
        code, out, error = vitoclient_publish(*arguments, "--keys", str(made.folder / "keys"))
    assert (code, out) == (2, "")
    assert "arbeitet gerade ein anderer Befehl" in error
    assert {file.name: file.read_bytes() for file in (made.repository / "metadata").iterdir()} == before
    assert vitoclient_publish(*arguments, "--keys", str(made.folder / "keys"))[0] == 0


@pytest.mark.parametrize("address", ["", "portal.example.ch", "ftp://portal.example.ch", "https://", "https://[::1"])
def test_what_is_no_address_is_not_asked(vitoclient_publish: Command, tmp_path: Path, address: str) -> None:
    made = make_portal(tmp_path / "vendor", datetime.now(UTC), ELEMENTS)
    before = (made.repository / "metadata" / "timestamp.json").read_bytes()
    for command in (
        ("refresh", str(made.repository), "--keys", str(made.folder / "keys"), "--live", address),
        ("publish", str(made.source), "--keys", str(made.folder / "keys"), "--live", address),
        ("check", address, "--root", str(made.root_file)),
    ):
        code, out, error = vitoclient_publish(*command)
        assert (code, out) == (2, "")
        assert "ist keine Adresse eines Portals" in error
    assert (made.repository / "metadata" / "timestamp.json").read_bytes() == before


def test_a_wrong_root_is_not_the_portals_fault(vitoclient_publish: Command, tmp_path: Path) -> None:
    made = make_portal(tmp_path / "vendor", datetime.now(UTC), ELEMENTS)
    code, out, error = vitoclient_publish("check", "http://127.0.0.1:1", "--root", str(made.source / "portal.toml"))
    assert (code, out) == (2, "")
    assert "kein unterschriebener Vertrauensanker" in error


def test_an_address_without_the_portal_that_is_here_is_told(vitoclient_publish: Command, tmp_path: Path) -> None:
    made = make_portal(tmp_path / "vendor", datetime.now(UTC), ELEMENTS)
    (tmp_path / "www").mkdir()
    with PortalServer(tmp_path / "www") as server:
        refresh = ("refresh", str(made.repository), "--keys", str(made.folder / "keys"), "--live", server.address)
        code, _out, error = vitoclient_publish(*refresh)
    assert code == 0
    assert "WARNUNG" in error
    assert "stimmt die Adresse nicht" in error
