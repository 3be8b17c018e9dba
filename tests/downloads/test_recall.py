"""What the vendor called back, and what he marks as urgent; and lists of targets that are large, too large, or known already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from tuf.api.metadata import TargetFile

from tests.downloads.forging import newest, resign
from tests.downloads.test_service import agent, service, site
from tests.downloads.vendor import publish_version
from tests.downloads.workstation import Practice, TrialContext
from tests.support.portal import FaultyPortal, FaultyPortalHandler
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock, SystemClock
from tray_agent.demo.portal import DemoPortal
from tray_agent.demo.portal_server import Request
from tray_agent.downloads.catalogue import RefusedTarget, read_targets
from tray_agent.downloads.errors import InstallRefusedError, PortalUntrustedError
from tray_agent.downloads.model import DownloadState, ElementVersion, Recall
from tray_agent.downloads.portal import Portal, PortalLimits
from tray_agent.downloads.service import DownloadService
from tray_agent.downloads.words import word_of
from tray_agent.job_kinds import JobKey
from tray_agent.protocol.model import Level
from tray_agent.tray.notices import NewDownload
from ui.models.downloads import can_run, details_of, hint_of

__all__ = ["agent", "service", "site"]

RECALL = {"reason": "Falsche Beträge in der Fakturierung", "date": "2026-11-24"}


def say(demo: DemoPortal, now: datetime, version: str, **said: Any) -> None:
    """Has the vendor sign something more of a version of the update."""
    targets = newest(demo.repository, "targets").signed
    (target,) = (one for one in targets.targets.values() if one.custom["element"] == "update" and one.custom["version"] == version)
    target.custom.update(said)
    resign(demo, now, targets)


def test_a_recall_is_told_once_with_its_reason_and_nothing_of_it_is_offered(
    practice: Practice, demo: DemoPortal, clock: ManualClock
) -> None:
    practice.subscribe("update")
    practice.run()
    say(demo, clock.now(), "2.69.001", recalled=RECALL)
    practice.run()
    told = [row for row in practice.context.activities if row.reason in ("recalled", "withdrawn")]
    assert [(row.reason, row.level) for row in told] == [("recalled", Level.ERROR)]
    assert told[0].sentence.startswith("Update vitomed 2.69.001 ist vom Hersteller zurückgerufen seit 24.11.2026: Falsche Beträge")
    assert practice.states()["update 2.69.001"] == "superseded"
    practice.run(TrialContext())
    assert "recalled" not in practice.context.reasons


@pytest.mark.parametrize("state", [DownloadState.INSTALLED, DownloadState.STARTED])
def test_who_has_installed_it_is_told_too(practice: Practice, demo: DemoPortal, clock: ManualClock, state: DownloadState) -> None:
    practice.subscribe("update")
    practice.run()
    practice.hand_over("update", "2.69.001", state)
    say(demo, clock.now(), "2.69.001", recalled=RECALL)
    practice.run()
    assert practice.context.reasons.count("recalled") == 1


def test_a_newer_release_alone_alarms_nobody(practice: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    practice.subscribe("update")
    practice.run()
    publish_version(demo, "update", "2.70.000", 1024, clock.now())
    targets = newest(demo.repository, "targets").signed
    targets.targets = {path: one for path, one in targets.targets.items() if one.custom["version"] != "2.69.001"}
    resign(demo, clock.now(), targets)
    practice.run()
    assert [row.level for row in practice.context.activities] == [Level.INFO]
    assert practice.states() == {"update 2.70.000": "offered", "update 2.69.001": "superseded"}


def test_a_recall_that_is_described_wrongly_is_not_offered_either(practice: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    say(demo, clock.now(), "2.69.001", recalled={"reason": ""})
    catalogue = practice.portal.refresh()
    assert [str(version.version) for version in catalogue.elements["update"]] == ["2.68.014", "2.68.009"]
    assert len(catalogue.refusals) == 1


@pytest.fixture
def downloaded(agent: Agent, service: DownloadService, site: tuple[DemoPortal, FaultyPortal]) -> DownloadService:
    service.subscribe("tarif", "x")
    service.subscribe("update", "x")
    service.set_active(active=True, by="x")
    agent.jobs.run_now(JobKey.DOWNLOAD)
    return service


def test_a_recall_is_a_state_of_its_own_and_refused_right_before_the_start(
    downloaded: DownloadService, site: tuple[DemoPortal, FaultyPortal]
) -> None:
    assert len(downloaded.waiting()) == 2
    say(site[0], SystemClock().now(), "2.69.001", recalled=RECALL)
    assert len(downloaded.waiting()) == 2  # nobody has asked the portal since
    with pytest.raises(InstallRefusedError, match="zurückgerufen"):
        downloaded.install("update", by="x")
    assert [row.signed.element for row in downloaded.waiting()] == ["tarif"]
    row = next(row for row in downloaded.downloads() if row.signed.element == "update")
    assert (word_of(row), row.recall) == ("zurückgerufen", Recall(RECALL["reason"], date(2026, 11, 24)))
    assert (can_run(row), hint_of(row)) == (False, "nicht installieren")
    assert RECALL["reason"] in details_of(row)[1][0]
    site[1].stop()
    with pytest.raises(InstallRefusedError, match="zurückgerufen"):  # what is known holds while the portal is away
        downloaded.install("update", by="x")


def test_what_was_called_back_stays_so_however_long_the_portal_is_away(
    downloaded: DownloadService, site: tuple[DemoPortal, FaultyPortal]
) -> None:
    say(site[0], SystemClock().now(), "2.69.001", recalled=RECALL)
    downloaded.portal()
    portal = downloaded._parts.portal
    portal._clock = ManualClock(SystemClock().now() + timedelta(days=400))  # all that it said has expired
    portal._read = None  # another process, on another day
    site[1].stop()
    assert portal.known() is None
    assert [row.signed.element for row in downloaded.waiting()] == ["tarif"]
    with pytest.raises(InstallRefusedError, match="zurückgerufen"):
        downloaded.install("update", "2.69.001", by="x")
    assert portal.known() is None, "nothing is offered on its word"


def test_what_is_urgent_comes_first(downloaded: DownloadService, site: tuple[DemoPortal, FaultyPortal]) -> None:
    assert [row.signed.element for row in downloaded.waiting()] == ["tarif", "update"]
    say(site[0], SystemClock().now(), "2.69.001", critical=True)
    downloaded.portal()
    assert [(row.signed.element, row.critical) for row in downloaded.waiting()] == [("update", True), ("tarif", False)]
    assert NewDownload("update", "Update", "2.69.001", critical=True).name == "Update 2.69.001 (dringend)"


# Bounds


def test_a_list_above_the_limit_is_refused_whatever_length_is_signed(portal: Portal, server: FaultyPortal, demo: DemoPortal) -> None:
    sent = [0]

    def endless(handler: FaultyPortalHandler, request: Request) -> bool:
        if "targets.json" not in request.path:
            return False
        handler.send_head(200, 10**9)
        for _piece in range(1000):
            handler.wfile.write(bytes(64 * 1024))
            sent[0] += 64 * 1024
        return True

    targets = newest(demo.repository, "targets").signed
    resign(demo, portal._clock.now(), targets, length=10**9)
    portal._limits = PortalLimits(metadata_bytes=1_000_000)
    server.fault = endless
    with pytest.raises(PortalUntrustedError, match="als angenommen werden"):
        portal.refresh()
    assert sent[0] < 10_000_000


def test_a_list_is_verified_once_for_each_published_state(
    portal: Portal, demo: DemoPortal, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []

    def read_counted(targets: Mapping[str, TargetFile]) -> tuple[list[ElementVersion], list[RefusedTarget]]:
        read.append(len(targets))
        return read_targets(targets)

    monkeypatch.setattr("tray_agent.downloads.portal.read_targets", read_counted)
    first = portal.refresh()
    for _view in range(5):
        known = portal.known()
        assert known is not None
        assert (known.elements, known.offline) == (first.elements, True)
    assert portal.refresh().elements is first.elements
    assert len(read) == 1
    say(demo, clock.now(), "2.69.001", critical=True)
    assert portal.refresh().elements["update"][0].critical
    assert len(read) == 2


def test_what_was_verified_once_still_expires(portal: Portal, clock: ManualClock) -> None:
    portal.refresh()
    assert portal.known() is not None
    clock.advance(timedelta(days=400))
    assert portal.known() is None
