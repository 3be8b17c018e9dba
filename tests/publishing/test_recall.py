"""What the vendor calls back stays called back until he takes it back."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from publishing.errors import PublishError
from publishing.live import LivePortal
from publishing.publish import publish, recall, refresh
from tests.publishing.test_publish import edit
from tests.support.portal import FaultyPortal
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import DemoPortal
from tray_agent.downloads.model import Recall, Version
from tray_agent.downloads.portal import Portal
from tray_agent.web.client import Web

KEY = ("tarif", Version.parse("1.4.002"))
REASON = "Falsche Preise im Kapitel 3."


def test_a_recall_is_signed_with_its_reason_and_day(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    recall(demo.repository, demo.keys, KEY, REASON, clock.now())
    catalogue = portal.refresh()
    assert catalogue.recalled[KEY].recall == Recall(REASON, date(2026, 11, 23))
    assert "tarif" not in catalogue.elements


def test_it_stays_called_back_when_it_is_published_again(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    recall(demo.repository, demo.keys, KEY, REASON, clock.now())
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert KEY in portal.refresh().recalled


def test_it_stays_called_back_when_it_is_not_described_any_more(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    recall(demo.repository, demo.keys, KEY, REASON, clock.now())
    edit(demo, 'version = "1.4.002"', 'version = "1.4.003"')
    publish(demo.source, demo.repository, demo.keys, clock.now())
    catalogue = portal.refresh()
    assert KEY in catalogue.recalled
    assert [str(version.version) for version in catalogue.elements["tarif"]] == ["1.4.003"]


def test_it_stays_called_back_when_its_file_gets_another_name(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    recall(demo.repository, demo.keys, KEY, REASON, clock.now())
    (demo.source / "tarif-1.4.002.zip").rename(demo.source / "tarif.zip")
    edit(demo, "tarif-1.4.002.zip", "tarif.zip")
    publish(demo.source, demo.repository, demo.keys, clock.now())
    catalogue = portal.refresh()
    assert catalogue.recalled[KEY].target == "tarif/1.4.002/tarif.zip"
    assert (catalogue.refusals, "tarif" in catalogue.elements) == ((), False)


@pytest.mark.parametrize("missing", ["timestamp.json", "*.snapshot.json", "2.targets.json", "*.root.json"])
def test_a_folder_that_lost_a_part_forgets_no_recall(
    demo: DemoPortal, portal: Portal, server: FaultyPortal, web: Web, clock: ManualClock, tmp_path: Path, missing: str
) -> None:
    recall(demo.repository, demo.keys, KEY, REASON, clock.now())
    portal.refresh()
    shutil.copytree(demo.repository, tmp_path / "half")
    for file in (tmp_path / "half" / "metadata").glob(missing):
        file.unlink()
    with pytest.raises(PublishError, match="fehlt; was ohne diese Datei"):
        publish(demo.source, tmp_path / "half", demo.keys, clock.now())
    with pytest.raises(PublishError, match="fehlt; was ohne diese Datei"):
        refresh(tmp_path / "half", demo.keys, clock.now())
    if "root" in missing:
        return  # nothing says then that it is the portal that is served
    known = LivePortal(server.address, web).take_over(tmp_path / "half" / "metadata")
    publish(demo.source, tmp_path / "half", demo.keys, clock.now(), known=known)
    shutil.copytree(tmp_path / "half", demo.repository, dirs_exist_ok=True)
    assert KEY in portal.refresh().recalled


def test_the_vendor_takes_it_back(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    recall(demo.repository, demo.keys, KEY, REASON, clock.now())
    recall(demo.repository, demo.keys, KEY, None, clock.now())
    publish(demo.source, demo.repository, demo.keys, clock.now())
    catalogue = portal.refresh()
    assert KEY not in catalogue.recalled
    assert KEY in catalogue.versions


@pytest.mark.parametrize(("version", "reason", "said"), [("9.9.999", REASON, "nicht veröffentlicht"), ("1.4.002", " ", "recalled")])
def test_what_practices_could_not_read_is_not_signed(
    demo: DemoPortal, portal: Portal, clock: ManualClock, version: str, reason: str, said: str
) -> None:
    with pytest.raises(PublishError, match=said):
        recall(demo.repository, demo.keys, ("tarif", Version.parse(version)), reason, clock.now())
    assert portal.refresh().number == 1


def test_an_urgent_version_is_marked(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    edit(demo, 'version = "1.4.002"', 'version = "1.4.002"\ncritical = true')
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert portal.refresh().elements["tarif"][0].critical
