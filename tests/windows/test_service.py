"""A real Windows service, made, started, stopped and removed through the service control manager."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tray_agent.config.secrets import SystemSecrets
from tray_agent.platforms.errors import PlatformError
from tray_agent.platforms.programs import without_console
from tray_agent.platforms.service import ServicePlan, ServiceState
from tray_agent.platforms.service_windows import WindowsServices
from tray_agent.platforms.this_system import service_secrets, services

PROGRAM = """
import pathlib, sys
sys.path.insert(0, {project!r})
from tray_agent.platforms.this_system import run_as_service

def work(end):
    note = pathlib.Path({note!r})
    note.write_text("running", encoding="utf-8")
    end.stop.wait(60)
    note.write_text(f"ended: {{end.reason}}", encoding="utf-8")

run_as_service(work, {name!r})
"""
PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def service() -> Iterator[WindowsServices]:
    made = WindowsServices(f"vitoclient-test-{uuid.uuid4().hex[:8]}")
    yield made
    made.remove()


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "Notiz.txt"


@pytest.fixture
def plan(tmp_path: Path, service: WindowsServices, note: Path) -> ServicePlan:
    program = tmp_path / "Dienst für Müller.py"
    program.write_text(PROGRAM.format(project=str(PROJECT), note=str(note), name=service._name), encoding="utf-8")
    return ServicePlan((sys.executable, str(program)), account="LocalSystem")


def test_a_service_is_made_runs_stops_and_goes(service: WindowsServices, plan: ServicePlan, note: Path) -> None:
    assert service.status().state is ServiceState.NOT_INSTALLED
    service.install(plan)
    status = service.status()
    assert (status.state, status.starts_at_boot) == (ServiceState.STOPPED, True)
    assert status.command.startswith(f'"{sys.executable}"')
    service.start()
    service.start()
    assert service.status().state is ServiceState.RUNNING
    service.stop()
    service.stop()
    assert service.status().state is ServiceState.STOPPED
    assert note.read_text(encoding="utf-8") == "ended: asked"
    service.remove()
    assert service.status().state is ServiceState.NOT_INSTALLED


def test_installing_again_gives_the_new_command(service: WindowsServices, plan: ServicePlan) -> None:
    service.install(ServicePlan((r"C:\old\vitoclient.exe",), account="LocalSystem"))
    service.install(plan)
    assert service.status().command.startswith(f'"{sys.executable}"')


def test_removing_what_is_not_there_is_no_fault(service: WindowsServices) -> None:
    service.remove()
    service.stop()


def test_starting_what_is_not_there_is_told(service: WindowsServices) -> None:
    with pytest.raises(PlatformError, match="nicht eingerichtet"):
        service.start()


def test_a_program_that_is_not_there_is_told(service: WindowsServices, tmp_path: Path) -> None:
    service.install(ServicePlan((str(tmp_path / "gone.exe"),), account="LocalSystem"))
    with pytest.raises(PlatformError):
        service.start()


def test_this_system_has_a_service_control_manager() -> None:
    assert isinstance(services(), WindowsServices)


def command(*arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tray_agent", "service", *arguments],
        check=False,
        capture_output=True,
        encoding="utf-8",
        input=typed,
        env={key: value for key, value in os.environ.items() if not key.startswith("WIN_PD_")},
        creationflags=without_console(),
        timeout=40,
    )


def test_the_agent_runs_as_a_service_and_writes_its_log(tmp_path: Path) -> None:
    """The whole way: command, configuration, service, agent, log; then stop and removal."""
    store = (tmp_path / "Praxis.db").as_posix()
    config = tmp_path / "Konfiguration Müller.toml"
    config.write_text(f'[store]\nurl = "sqlite:///{store}"\n', encoding="utf-8")
    try:
        done = command("install", "--config", str(config), "--account", "LocalSystem")
        assert done.returncode == 0, done.stderr
        status = json.loads(command("status", "--json").stdout)
        assert (status["state"], status["starts_at_boot"]) == ("running", True)
        assert str(config) in status["command"]
    finally:
        removed = command("remove")
    assert removed.returncode == 0, removed.stderr
    assert json.loads(command("status", "--json").stdout)["state"] == "not_installed"


def test_without_a_shared_database_the_service_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[practice]\nname = 'x'\n", encoding="utf-8")
    done = command("install", "--config", str(config))
    assert done.returncode == 1
    assert "doppelt" in done.stderr
    assert json.loads(command("status", "--json").stdout)["state"] == "not_installed"


def test_a_person_who_starts_the_service_program_is_told() -> None:
    done = command("run")
    assert done.returncode == 1
    assert "von Windows ausgeführt" in done.stderr


def test_passwords_of_the_service_are_encrypted_and_reach_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.toml"
    done = command("secret", "gateway/M1", "--config", str(config), typed="geheime Größe\n")
    assert done.returncode == 0, done.stderr
    kept = (tmp_path / "service-secrets.bin").read_bytes()
    assert b"geheime" not in kept
    secrets = service_secrets(config)
    monkeypatch.setenv("VITOCLIENT_SECRET_GATEWAY_M1", "")
    secrets.into_environment()
    assert SystemSecrets().get("gateway/M1") == "geheime Größe"
    secrets.set("gateway/M1", "")
    monkeypatch.delenv("VITOCLIENT_SECRET_GATEWAY_M1")
    secrets.into_environment()
    assert SystemSecrets().get("gateway/M1") is None
