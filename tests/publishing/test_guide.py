"""The vendor's guide is followed as it is written, and a year of such a portal: no practice ever refuses it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from publishing.live import LivePortal
from publishing.publish import publish, refresh, restored, rotate
from publishing.signing_keys import SigningKeys
from tests.downloads.vendor import publish_version
from tray_agent.clock import ManualClock, SystemClock
from tray_agent.demo.portal import DemoPortal
from tray_agent.demo.portal_server import PortalServer
from tray_agent.downloads.portal import Portal
from tray_agent.web.client import Web

DOCS = Path(__file__).parents[2] / "docs"
GUIDE = (DOCS / "portal.md").read_text(encoding="utf-8")
PROMISED = "https://portal.example.ch"


def blocks(heading: str) -> Iterator[str]:
    section = GUIDE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    yield from re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL)


@pytest.mark.skipif(sys.platform == "win32", reason="the blocks are for a POSIX shell")
@pytest.mark.parametrize(
    ("heading", "count"), [("Step by step: all keys in one place", 6), ("Step by step: the timestamp's key on the web server", 4)]
)
def test_the_guide_is_followed_block_by_block(tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch, heading: str, count: int) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    (tmp_path / "work" / "www").mkdir(parents=True)
    followed, portal = 0, None
    with PortalServer(tmp_path / "work" / "www") as server:
        for block in blocks(heading):
            script = block.replace(PROMISED, server.address)
            ended = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script], check=False, capture_output=True, text=True, cwd=tmp_path / "work"
            )
            assert ended.returncode == 0, f"{block}\n{ended.stdout}{ended.stderr}"
            if portal is None:
                root = (tmp_path / "work" / "www" / "metadata" / "1.root.json").read_bytes()
                portal = Portal(server.address, root, tmp_path / "practice", web, SystemClock())
            assert portal.refresh().number, block
            followed += 1
    assert followed == count


def test_a_year_of_a_portal_that_is_refreshed_on_the_web_server(
    demo: DemoPortal, portal: Portal, server: PortalServer, web: Web, clock: ManualClock, tmp_path: Path
) -> None:
    """Refreshes on the server with the timestamp's key, releases and new keys from a copy that is behind, one backup put back."""
    served, office = demo.repository, DemoPortal(tmp_path / "office")
    shutil.copytree(demo.folder, office.folder)
    at_the_server = tmp_path / "server keys"
    at_the_server.mkdir()

    def upload() -> None:
        shutil.copytree(office.repository, served, dirs_exist_ok=True)
        for key in at_the_server.iterdir():
            key.unlink()
        for key in (office.folder / "keys").glob("timestamp*.pem"):
            shutil.copyfile(key, at_the_server / key.name)

    upload()
    live = LivePortal(server.address, web)
    for day in range(3, 366, 3):
        clock.advance(timedelta(days=3))
        refresh(served, SigningKeys(at_the_server), clock.now())
        known = live.take_over(office.repository / "metadata")
        if day % 21 == 0:
            publish_version(office, "tarif", f"1.5.{day:03}", 500, clock.now(), known)
            upload()
        if day in (60, 150, 240, 330):
            role = ("timestamp", "snapshot", "targets", "root")[(60, 150, 240, 330).index(day)]
            rotate(office.repository, office.keys, role, clock.now(), known=live.take_over(office.repository / "metadata"))
            upload()
        if day == 180:
            shutil.copytree(office.repository, tmp_path / "backup")
        if day == 192:
            shutil.rmtree(served / "metadata")
            shutil.copytree(tmp_path / "backup" / "metadata", served / "metadata")
            restored(served, office.keys, clock.now(), 1000)
        assert portal.refresh().elements, day
    assert (
        publish(office.source, office.repository, office.keys, clock.now(), known=live.take_over(office.repository / "metadata")).number
        > 1000
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_understands_the_samples(tmp_path: Path) -> None:
    for name in ("vitoclient-refresh.service", "vitoclient-refresh.timer"):
        text = (DOCS / "samples" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE), encoding="utf-8")
    ended = subprocess.run(
        ["systemd-analyze", "verify", *map(str, sorted(tmp_path.iterdir()))], check=False, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("name", ["web.config", "vitoclient-refresh.xml"])
def test_the_samples_for_windows_are_whole(name: str) -> None:
    assert len(ET.fromstring((DOCS / "samples" / name).read_bytes()))  # noqa: S314 - our own file
