"""The systemd unit: its text, and the order of what systemctl is asked."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tray_agent.config.machine import DownloadSection, GatewaySection, Machine
from tray_agent.platforms.errors import PlatformError, RightsMissingError
from tray_agent.platforms.service import ServicePlan, ServiceState, folders_of
from tray_agent.platforms.service_linux import SystemdServices, unit_text

PLAN = ServicePlan(("/opt/vitoclient services/bin/vitoclient", "service", "run", "--config", "/etc/100%/ü.toml"))


class Systemctl:
    """Notes what is asked, and answers as told."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.answers: dict[str, tuple[int, str]] = {}

    def __call__(self, arguments: Sequence[str]) -> tuple[int, str]:
        self.asked.append(tuple(arguments))
        return self.answers.get(arguments[0], (0, ""))


@pytest.fixture
def systemctl() -> Systemctl:
    return Systemctl()


@pytest.fixture
def services(tmp_path: Path, systemctl: Systemctl) -> SystemdServices:
    return SystemdServices("vitoclient-Services", tmp_path, systemctl)


def test_installing_writes_the_unit_and_enables_it(services: SystemdServices, systemctl: Systemctl, tmp_path: Path) -> None:
    services.install(PLAN)
    services.start()
    assert (tmp_path / "vitoclient-services.service").read_text(encoding="utf-8") == unit_text(PLAN)
    assert systemctl.asked == [
        ("daemon-reload",),
        ("enable", "vitoclient-services.service"),
        ("restart", "vitoclient-services.service"),
    ]


def test_removing_stops_disables_and_forgets(services: SystemdServices, systemctl: Systemctl, tmp_path: Path) -> None:
    services.install(PLAN)
    systemctl.asked.clear()
    services.remove()
    services.remove()
    assert systemctl.asked == [("disable", "--now", "vitoclient-services.service"), ("daemon-reload",)]
    assert list(tmp_path.iterdir()) == []


def test_an_account_of_its_own_is_the_default() -> None:
    assert "DynamicUser=yes" in unit_text(PLAN)
    named = unit_text(ServicePlan(PLAN.command, account="praxis"))
    assert "User=praxis" in named
    assert "DynamicUser" not in named


def test_signs_that_systemd_reads_are_doubled() -> None:
    assert '"--config" "/etc/100%%/ü.toml"' in unit_text(PLAN)
    assert '"/opt/vitoclient services/bin/vitoclient" "service"' in unit_text(PLAN)


def test_the_status_is_what_systemd_says(services: SystemdServices, systemctl: Systemctl) -> None:
    assert services.status().state is ServiceState.NOT_INSTALLED
    services.install(PLAN)
    systemctl.answers = {"is-active": (0, "active\n"), "is-enabled": (0, "enabled\n")}
    status = services.status()
    assert (status.state, status.starts_at_boot, status.account) == (ServiceState.RUNNING, True, "vitoclient-services")
    systemctl.answers = {"is-active": (3, "failed\n"), "is-enabled": (1, "disabled\n")}
    assert (services.status().state, services.status().starts_at_boot) == (ServiceState.FAILED, False)


def test_missing_rights_are_told(services: SystemdServices, systemctl: Systemctl) -> None:
    systemctl.answers = {"enable": (1, "Failed to enable unit: Access denied")}
    with pytest.raises(RightsMissingError, match="sudo"):
        services.install(PLAN)


def test_what_systemd_says_is_passed_on(services: SystemdServices, systemctl: Systemctl) -> None:
    systemctl.answers = {"restart": (1, "Job failed")}
    with pytest.raises(PlatformError, match="Job failed"):
        services.start()


needs_systemd = pytest.mark.skipif(sys.platform == "win32" or shutil.which("systemd-analyze") is None, reason="no systemd on this machine")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """Gives a unit file with everything in it that is hard to quote."""
    plan = ServicePlan((shutil.which("true") or "", "--config", "/a b/ü$.toml"), writable=(Path("/srv/Freigabe ä $x 100%"), Path("/srv/b")))
    file = tmp_path / "vitoclient-services.service"
    file.write_text(unit_text(plan), encoding="utf-8")
    return file


def analyze(*arguments: str) -> str:
    """Returns what systemd-analyze says."""
    done = subprocess.run(["systemd-analyze", *arguments], check=False, capture_output=True, text=True)
    return done.stdout + done.stderr


@needs_systemd
def test_systemd_finds_no_fault_in_the_unit(unit: Path) -> None:
    assert "vitoclient-services.service" not in analyze("verify", "--man=no", str(unit))


@needs_systemd
def test_a_fault_in_a_unit_would_be_found(unit: Path) -> None:
    unit.write_text(unit.read_text(encoding="utf-8").replace("RestrictRealtime=yes", "RestrictRealtime=perhaps"), encoding="utf-8")
    assert "vitoclient-services.service" in analyze("verify", "--man=no", str(unit))


@needs_systemd
def test_what_the_agent_does_not_need_is_closed_to_it(unit: Path) -> None:
    """systemd's own measure of exposure, 0 to 10; without protection a service has 9.6."""
    said = analyze("security", "--offline=true", "--no-pager", str(unit))
    exposure = float(said.rsplit("exposure level for", 1)[1].split(":")[1].split()[0])
    assert exposure <= 2.5


def test_folders_that_the_configuration_names_stay_open(unit: Path) -> None:
    lines = unit.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("ReadWritePaths")] == [
        'ReadWritePaths="-/srv/Freigabe ä $x 100%%"',
        'ReadWritePaths="-/srv/b"',
    ]


def test_the_folders_are_those_of_the_configuration() -> None:
    machine = Machine(download=DownloadSection(folder="/srv/downloads"), gateway=GatewaySection(folder="/srv/downloads"))
    assert folders_of(machine) == (Path("/srv/downloads"),)
    assert folders_of(Machine()) == ()
