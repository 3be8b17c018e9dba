"""Every workstation brings what is offered into its own folder: without a run, without touching the others, and tells each fault once."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from publishing.publish import publish
from tests.downloads.vendor import publish_version
from tests.downloads.workstation import Practice
from tests.support.portal import FaultyPortal, FaultyPortalHandler
from tray_agent.clock import ManualClock
from tray_agent.config.settings import KEEP_VERSIONS
from tray_agent.demo.portal import DemoPortal
from tray_agent.demo.portal_server import Request
from tray_agent.downloads.bringing import FIRST_PAUSE, LONGEST_PAUSE
from tray_agent.downloads.errors import TransferError
from tray_agent.downloads.fetching import fetch_again
from tray_agent.downloads.model import DownloadState
from tray_agent.downloads.partial import taken
from tray_agent.downloads.parts import DownloadParts
from tray_agent.errors import InputError
from tray_agent.protocol.model import Level

UPDATE = "update/2.69.001/update-2.69.001.msi"
TARIF = "tarif/1.4.002/tarif-1.4.002.zip"


@pytest.fixture
def other(practice: Practice, tmp_path: Path) -> Practice:
    """Returns another workstation of the same practice, with a folder of its own."""
    return Practice(tmp_path / "folder of PC2", practice.database, practice.portal, practice.web, practice.clock, "PC2")


@pytest.fixture
def sharing(practice: Practice) -> Practice:
    """Returns another workstation of the same practice, on the same folder."""
    return Practice(practice.library.folder, practice.database, practice.portal, practice.web, practice.clock, "PC2")


def sent(server: FaultyPortal, name: str) -> int:
    return sum(server.bytes_of(path) for path in server.sent if name in path)


def places(practice: Practice) -> dict[str, bool]:
    """Returns on which workstations files are known."""
    return {
        f"{place.workstation} {row.signed.element}": place.file_time is not None for row in practice.rows.all() for place in row.everywhere
    }


def test_what_another_brought_comes_here_by_itself(practice: Practice, other: Practice) -> None:
    practice.subscribe("update", "tarif")
    practice.run()
    assert other.look() == ["downloaded", "downloaded"]
    assert other.files() == practice.files() == {UPDATE, TARIF}
    assert other.states() == {"update 2.69.001": "offered", "tarif 1.4.002": "offered"}
    assert set(places(practice).values()) == {True}
    assert other.look() == []


def test_on_a_shared_folder_it_is_there_and_verified_once(practice: Practice, sharing: Practice, server: FaultyPortal) -> None:
    practice.subscribe("tarif")
    practice.run()
    before = sent(server, "tarif")
    assert sharing.look() == []
    assert places(practice) == {"PC1 tarif": True, "PC2 tarif": True}
    assert sent(server, "tarif") == before
    here = sharing.download("tarif", "1.4.002").here
    sharing.clock.advance(timedelta(hours=1))
    sharing.look()
    assert sharing.download("tarif", "1.4.002").here == here


def test_what_nobody_has_yet_is_left_to_the_job(practice: Practice, other: Practice) -> None:
    practice.subscribe("tarif")
    version = practice.portal.refresh().elements["tarif"][0]
    practice.database.transact(lambda connection: practice.rows.want(connection, version))
    assert other.look() == []
    assert other.files() == set()


@pytest.mark.parametrize("damage", ["vanished", "changed"])
def test_what_is_wrong_here_comes_again_and_the_others_do_not_notice(practice: Practice, other: Practice, damage: str) -> None:
    practice.subscribe("tarif")
    practice.run()
    other.look()
    file, seen = other.library.folder / TARIF, practice.download("tarif", "1.4.002").here
    genuine = file.read_bytes()
    file.unlink() if damage == "vanished" else file.write_bytes(b"another")
    assert other.look() == ["file_missing" if damage == "vanished" else "file_changed", "downloaded"]
    assert file.read_bytes() == genuine
    assert practice.download("tarif", "1.4.002").here == seen
    assert practice.states() == {"tarif 1.4.002": "offered"}


def test_what_is_installed_here_is_not_brought_and_waits_for_the_others(practice: Practice, other: Practice) -> None:
    practice.subscribe("update")
    practice.run()
    practice.hand_over("update", "2.69.001", DownloadState.INSTALLED, "Anna@PC1")
    assert practice.states() == {"update 2.69.001": "installed"}
    assert other.states() == {"update 2.69.001": "offered"}
    assert other.look() == ["downloaded"]
    (practice.library.folder / UPDATE).unlink()
    assert practice.look() == []
    assert practice.run().skipped == {"installed": 1}


def test_what_counts_for_the_practice_is_installed_for_all(practice: Practice, other: Practice) -> None:
    practice.subscribe("tarif")
    practice.run()
    practice.hand_over("tarif", "1.4.002", DownloadState.INSTALLED, "Anna@PC1")
    assert other.states() == {"tarif 1.4.002": "installed"}
    assert other.look() == []
    assert other.run().skipped == {"installed": 1}
    assert other.files() == set()


def test_nothing_is_brought_while_it_may_not(practice: Practice, other: Practice) -> None:
    practice.subscribe("tarif")
    practice.run()
    assert other.look(may=lambda: False) == []
    assert other.look(has_network=False) == []
    assert other.files() == set()


def test_a_switch_that_is_turned_off_stops_what_is_on_its_way(
    practice: Practice, other: Practice, server: FaultyPortal, clock: ManualClock
) -> None:
    practice.subscribe("tarif")
    practice.run()
    answers = iter([True, False])
    reached, go_on = threading.Event(), threading.Event()

    def pause(handler: FaultyPortalHandler, request: Request) -> bool:
        if "tarif" in request.path:
            clock.advance(timedelta(seconds=11))
            reached.set()
            go_on.wait(20)
        return False

    server.fault = pause
    try:
        assert other.look(may=lambda: next(answers)) == []
    finally:
        go_on.set()
    assert reached.is_set()
    assert other.states() == {"tarif 1.4.002": "offered"}
    assert TARIF not in other.files()


def test_a_fault_is_told_once_and_tried_again_with_growing_pauses(
    practice: Practice, other: Practice, server: FaultyPortal, clock: ManualClock
) -> None:
    def refuse(handler: FaultyPortalHandler, request: Request) -> bool:
        if "tarif" in request.path:
            handler.refuse(403)
        return "tarif" in request.path

    practice.subscribe("tarif", "update")
    practice.run()
    server.fault = refuse
    assert sorted(other.look()) == ["downloaded", "http_error"]
    assert [activity.level for activity in other.told if activity.reason == "http_error"] == [Level.WARNING]
    attempts = []
    for minute in range(1, 200):
        clock.advance(timedelta(minutes=1))
        before = len(server.requests)
        assert other.look() == []
        if any("tarif" in request.path for request in list(server.requests)[before:]):
            attempts.append(minute)
    pauses = [later - earlier for earlier, later in zip([0, *attempts], attempts, strict=False)]
    assert pauses == [2, 4, 8, 16, 32, 60, 60]
    server.fault = None
    clock.advance(LONGEST_PAUSE)
    assert other.look() == ["downloaded"]


def test_each_cause_is_told(practice: Practice, other: Practice, server: FaultyPortal, clock: ManualClock) -> None:
    practice.subscribe("tarif")
    practice.run()
    server.stop()
    assert other.look() == ["portal_unavailable"]
    clock.advance(FIRST_PAUSE)
    assert other.look() == []
    other.library.folder.rmdir()
    other.library.folder.write_bytes(b"a share that does not answer")
    clock.advance(2 * FIRST_PAUSE)
    assert other.look() == ["folder_unavailable"]
    clock.advance(4 * FIRST_PAUSE)
    assert other.look() == []


def test_what_stands_in_the_store_alone_is_not_fetched(practice: Practice, other: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    practice.subscribe("tarif")
    practice.run()
    (demo.source / "tarif-1.4.002.zip").write_bytes(b"another file is signed under this version now")
    publish(demo.source, demo.repository, demo.keys, clock.now(), replace=True)
    assert other.look() == []
    assert other.files() == set()


def test_another_that_is_bringing_it_into_the_same_folder_is_left_in_peace(
    practice: Practice, sharing: Practice, clock: ManualClock
) -> None:
    practice.subscribe("tarif")
    practice.run()
    (practice.library.folder / TARIF).unlink()
    signed = practice.download("tarif", "1.4.002").signed
    with taken(practice.library.place_of(signed), signed.size, signed.hashes):
        assert sharing.look() == []
    assert practice.look() == ["file_missing", "downloaded"]
    clock.advance(FIRST_PAUSE)
    assert sharing.look() == []
    assert practice.files() == {TARIF}


def test_two_on_a_shared_folder_at_once(practice: Practice, sharing: Practice) -> None:
    practice.subscribe("tarif", "update")
    practice.run()
    genuine = {name: (practice.library.folder / name).read_bytes() for name in practice.files()}
    for _time in range(3):
        for name in genuine:
            (practice.library.folder / name).write_bytes(b"damaged")
        looks = [threading.Thread(target=one.look) for one in (practice, sharing)]
        for look in looks:
            look.start()
        for look in looks:
            look.join(60)
        practice.clock.advance(LONGEST_PAUSE)
        practice.look()
        assert {name: (practice.library.folder / name).read_bytes() for name in practice.files()} == genuine


def test_a_run_goes_before_and_what_was_begun_is_kept(practice: Practice, other: Practice, server: FaultyPortal) -> None:
    practice.subscribe("update")
    practice.run()
    reached, go_on = threading.Event(), threading.Event()

    def pause_once(handler: FaultyPortalHandler, request: Request) -> bool:
        if "update" in request.path and not reached.is_set():
            reached.set()
            go_on.wait(20)
        return False

    server.fault = pause_once
    look = threading.Thread(target=other.look)
    look.start()
    assert reached.wait(20)
    run = threading.Thread(target=other.run)
    run.start()
    go_on.set()
    look.join(60)
    run.join(60)
    assert other.files() == {UPDATE}
    assert [reason for reason in other.context.reasons if reason != "downloaded"] == []


def test_older_versions_go_from_each_folder(practice: Practice, other: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    practice.switches[KEEP_VERSIONS] = other.switches[KEEP_VERSIONS] = 1
    practice.subscribe("update")
    practice.run()
    other.look()
    clock.advance(timedelta(minutes=1))
    publish_version(demo, "update", "2.69.002", 5000, clock.now())
    practice.run()
    other.look()
    newest = {"update/2.69.002/update-2.69.002.msi"}
    assert practice.files() == other.files() == newest
    assert places(practice) == {"PC1 update": True, "PC2 update": True}


def test_what_stands_beside_is_not_cleared_away(practice: Practice, other: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    test_older_versions_go_from_each_folder(practice, other, demo, clock)
    mine = other.library.folder / "update" / "2.69.001" / "Meine Notizen.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    other.look()
    assert mine.exists()


# Once more, because a person wants it


def again(practice: Practice, element: str, version: str) -> str:
    return fetch_again(cast("DownloadParts", practice), practice.download(element, version).signed, threading.Event())


@pytest.mark.parametrize("state", [DownloadState.INSTALLED, DownloadState.SUPERSEDED])
def test_also_what_is_installed_or_was_replaced(practice: Practice, demo: DemoPortal, clock: ManualClock, state: DownloadState) -> None:
    practice.subscribe("update")
    practice.run()
    if state is DownloadState.INSTALLED:
        practice.hand_over("update", "2.69.001", state)
    else:
        publish_version(demo, "update", "2.69.002", 5000, clock.now())
        practice.run()
    (practice.library.folder / UPDATE).unlink()
    clock.advance(timedelta(minutes=1))
    assert again(practice, "update", "2.69.001") == "Update vitomed 2.69.001 ist da und geprüft (41 KB)."
    assert UPDATE in practice.files()
    assert practice.download("update", "2.69.001").state is state
    practice.switches[KEEP_VERSIONS] = 1
    practice.run()
    assert UPDATE in practice.files()  # who brought it back wants to install it
    clock.advance(timedelta(days=8))
    practice.look()
    assert (UPDATE in practice.files()) == (state is DownloadState.INSTALLED)


def test_not_what_the_portal_does_not_offer_any_more(practice: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    practice.subscribe("tarif")
    practice.run()
    (demo.source / "tarif-1.4.002.zip").write_bytes(b"corrected")
    publish(demo.source, demo.repository, demo.keys, clock.now(), replace=True)
    with pytest.raises(InputError, match=r"bietet die Datei von Tarif 1\.4\.002 nicht mehr an"):
        again(practice, "tarif", "1.4.002")


def test_while_a_run_brings_files_a_person_is_told(practice: Practice) -> None:
    practice.subscribe("tarif")
    practice.run()
    with practice.turn.taken(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("tray_agent.downloads.fetching.SECONDS_TO_WAIT", 0)
        with pytest.raises(TransferError, match="gerade"):
            again(practice, "tarif", "1.4.002")
