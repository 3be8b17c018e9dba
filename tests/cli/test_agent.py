"""``vitoclient agent`` as a process of its own: what it says, how it ends, and what it does not hold in memory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.conftest import make_database
from tray_agent.agent import Agent
from tray_agent.cli.agent import run_agent_here
from tray_agent.errors import DatabaseUnavailableError
from tray_agent.jobs.events import DatabaseAway, DatabaseBack

SECONDS = 60

LOADED = """
import sys
from tray_agent import headless
headless.run_headless = lambda agent: print(*sorted({name.partition('.')[0] for name in sys.modules})) or 0
sys.argv = ['vitoclient', 'agent']
from tray_agent.cli import main
main()
"""


LOADED_BY_THE_SERVICE = """
import sys
from tray_agent import headless
headless.keep_running = lambda agent, ending: print(*sorted({name.partition('.')[0] for name in sys.modules}))
sys.argv = ['vitoclient', 'service', 'run', '--config', sys.argv[1]]
from tray_agent.cli import main
main()
"""


def _environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VITOCLIENT_")}
    return kept | {"VITOCLIENT_MACHINE__DATA_FOLDER": str(folder)} | more


def test_the_parser_of_the_command_line_is_not_loaded(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED], env=_environment(tmp_path), capture_output=True, text=True, timeout=SECONDS, check=True
    )
    loaded = set(done.stdout.split())
    assert "tray_agent" in loaded
    assert not loaded & {"typer", "rich", "pydantic"}


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows only the service control manager starts it")
def test_the_service_does_not_load_it_either(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", LOADED_BY_THE_SERVICE, str(file)],
        env=_environment(tmp_path), capture_output=True, text=True, timeout=SECONDS, check=True,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert "tray_agent" in loaded
    assert not loaded & {"typer", "rich", "pydantic"}


def test_it_says_that_the_database_is_away(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    error = DatabaseUnavailableError("Datenbank nicht erreichbar", "Die Datenbank antwortet\nnicht.")

    def run(agent: Agent) -> int:
        agent.job_events.tell(DatabaseAway(agent.clock.now(), error))
        agent.job_events.tell(DatabaseBack(agent.clock.now()))
        return 0

    monkeypatch.setattr("tray_agent.headless.run_headless", run)
    assert run_agent_here() == 0
    out, err = capsys.readouterr()
    assert err == "vitoclient: Datenbank nicht erreichbar: Die Datenbank antwortet nicht.\n"
    assert out.splitlines()[1:] == ["Die Datenbank kann wieder gelesen und geschrieben werden."]


def test_a_faulty_configuration_ends_it_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tray_agent", "agent"]
    environment = _environment(tmp_path, VITOCLIENT_MAIL__PORT="viele")
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("vitoclient: ")
    assert done.stderr.count("\n") == 1
    assert "VITOCLIENT_MAIL__PORT" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM; its ways to end are tested under tests/windows")
def test_it_runs_until_it_is_asked_to_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tray_agent", "agent"]
    with subprocess.Popen(command, env=_environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + SECONDS
        while not (tmp_path / "vitoclient.db").exists() and time.monotonic() < until:  # its schedules run from then on
            assert process.poll() is None, process.stderr
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        said, complaints = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, complaints
    assert "agent.log" in said
    assert "asked to end" in (tmp_path / "logs" / "agent.log").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM; its ways to end are tested under tests/windows")
def test_on_a_store_that_can_only_be_read_it_says_why_and_ends_well_when_asked(tmp_path: Path) -> None:
    for url in make_database("postgresql", tmp_path, migrated=True):
        read_only = make_url(url).update_query_dict({"options": "-c default_transaction_read_only=on"})
        environment = _environment(
            tmp_path, VITOCLIENT_STORE__URL=read_only.render_as_string(hide_password=False), VITOCLIENT_STORE__SCHEMA="public"
        )
        command = [sys.executable, "-m", "tray_agent", "agent"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            told = process.stderr.readline()
            process.send_signal(signal.SIGTERM)
            _said, complaints = process.communicate(timeout=SECONDS)
        assert told.startswith("vitoclient: Datenbank nur lesbar: Die Datenbank «")
        assert "ist nur lesbar; sie nimmt keine Änderungen an." in told
        assert (process.returncode, complaints) == (0, "")
