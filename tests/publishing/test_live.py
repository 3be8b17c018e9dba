"""What counts is what practices see: a copy that is behind, elsewhere or put back never makes a portal that they refuse."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from publishing.errors import PublishError
from publishing.live import LivePortal
from publishing.publish import Publication, publish, recall, refresh, restored, rotate
from publishing.signed_metadata import Numbers
from publishing.signing_keys import SigningKeys
from tests.downloads.vendor import publish_version
from tests.support.portal import FaultyPortal, FaultyPortalHandler
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import DemoPortal, write_file
from tray_agent.demo.portal_server import Request
from tray_agent.downloads.errors import PortalUntrustedError
from tray_agent.downloads.model import Version
from tray_agent.downloads.portal import Portal
from tray_agent.web.client import Web

RECALLED = ("tarif", Version.parse("1.4.002"))


class Office:
    """A second place at which the vendor works: its own copy of the portal, the same keys."""

    def __init__(self, demo: DemoPortal, folder: Path, live: LivePortal) -> None:
        self.demo = demo
        self.repository = folder / "repository"
        self.live = live
        shutil.copytree(demo.repository, self.repository)

    def known(self) -> Numbers:
        return self.live.take_over(self.repository / "metadata")

    def publish(self, clock: ManualClock, *, looks: bool = True) -> Publication:
        known = self.known() if looks else None
        return publish(self.demo.source, self.repository, self.demo.keys, clock.now(), known=known)

    def upload(self) -> None:
        """Copies everything over what is served, the timestamp included."""
        shutil.copytree(self.repository, self.demo.repository, dirs_exist_ok=True)


@pytest.fixture
def live(server: FaultyPortal, web: Web) -> LivePortal:
    return LivePortal(server.address, web)


@pytest.fixture
def office(demo: DemoPortal, live: LivePortal, tmp_path: Path) -> Office:
    return Office(demo, tmp_path / "office", live)


def refreshed_daily(demo: DemoPortal, clock: ManualClock, days: int) -> None:
    for _day in range(days):
        clock.advance(timedelta(days=1))
        refresh(demo.repository, demo.keys, clock.now())


def test_a_release_made_elsewhere_is_accepted_after_weeks_of_refreshing_on_the_server(
    demo: DemoPortal, portal: Portal, office: Office, clock: ManualClock
) -> None:
    refreshed_daily(demo, clock, 19)
    portal.refresh()
    write_file(demo.source, "tarif", "1.4.003", "zip", 1000)
    office.publish(clock)
    office.upload()
    assert portal.refresh().number == 2


def test_without_the_look_practices_would_refuse_it(demo: DemoPortal, portal: Portal, office: Office, clock: ManualClock) -> None:
    refreshed_daily(demo, clock, 19)
    portal.refresh()
    office.publish(clock, looks=False)
    office.upload()
    with pytest.raises(PortalUntrustedError, match="älteren Stand"):
        portal.refresh()


def test_a_copy_that_is_behind_refreshes_what_practices_see(demo: DemoPortal, portal: Portal, office: Office, clock: ManualClock) -> None:
    publish_version(demo, "tarif", "1.4.003", 1000, clock.now())
    assert portal.refresh().number == 2
    refresh(office.repository, demo.keys, clock.now(), known=office.known())
    office.upload()
    assert portal.refresh().number == 2
    assert [str(version.version) for version in portal.refresh().elements["tarif"]] == ["1.4.003", "1.4.002"]


def test_the_same_number_given_twice_is_the_served_one(demo: DemoPortal, portal: Portal, office: Office, clock: ManualClock) -> None:
    write_file(demo.source, "tarif", "1.4.009", "zip", 900)
    office.publish(clock)  # number 2 here, never copied to the server
    publish_version(demo, "tarif", "1.4.003", 1000, clock.now())  # number 2 there
    portal.refresh()
    assert office.publish(clock).number == 3
    assert office.live.dropped == 2
    office.upload()
    assert portal.refresh().number == 3


def test_an_old_timestamp_out_of_a_cache_takes_no_number_back(demo: DemoPortal, portal: Portal, office: Office, clock: ManualClock) -> None:
    stamp = demo.repository / "metadata" / "timestamp.json"
    old = stamp.read_bytes()
    for _day in range(20):  # past half of the snapshot's lifetime: it is signed anew, too
        clock.advance(timedelta(days=1))
        refresh(office.repository, demo.keys, clock.now(), known=office.known())
        office.upload()
    portal.refresh()
    stamp.write_bytes(old)
    refresh(office.repository, demo.keys, clock.now(), known=office.known())
    office.upload()
    assert portal.refresh().number == 1


def test_a_timestamp_that_was_replaced_by_the_served_one_keeps_its_number(demo: DemoPortal, office: Office, clock: ManualClock) -> None:
    for _day in range(3):
        refresh(office.repository, demo.keys, clock.now())
    publish_version(demo, "tarif", "1.4.003", 1000, clock.now())
    assert office.known() == {"timestamp": 4, "snapshot": 2, "targets": 2}


def test_a_recall_made_elsewhere_outlives_releases_that_were_never_copied(
    demo: DemoPortal, portal: Portal, office: Office, clock: ManualClock
) -> None:
    office.publish(clock)
    office.publish(clock, looks=False)  # number 3 here; the server has number 2, another one, with a recall
    recall(demo.repository, demo.keys, RECALLED, "Falsche Preise.", clock.now())
    assert office.publish(clock).number == 4
    assert office.live.dropped == 3
    office.upload()
    assert RECALLED in portal.refresh().recalled


def test_a_list_that_was_signed_with_a_replaced_key_is_not_kept(
    demo: DemoPortal, portal: Portal, office: Office, clock: ManualClock
) -> None:
    office.publish(clock)
    rotate(demo.repository, demo.keys, "snapshot", clock.now())
    refresh(office.repository, demo.keys, clock.now(), known=office.known())
    office.upload()
    assert portal.refresh().elements


def test_what_is_not_copied_to_the_server_yet_stays(demo: DemoPortal, portal: Portal, office: Office, clock: ManualClock) -> None:
    office.publish(clock)
    publication = refresh(office.repository, demo.keys, clock.now(), known=office.known())
    assert publication.number == 2
    office.upload()
    assert portal.refresh().number == 2


def test_new_keys_made_elsewhere_are_followed(demo: DemoPortal, portal: Portal, office: Office, clock: ManualClock) -> None:
    rotate(demo.repository, demo.keys, "timestamp", clock.now())
    office.known()
    rotate(demo.repository, demo.keys, "targets", clock.now())
    portal.refresh()
    office.publish(clock)
    assert office.live.dropped is None  # what was signed here was served
    office.upload()
    assert portal.refresh().number == 3


def test_two_different_roots_of_one_number_are_refused(demo: DemoPortal, office: Office, clock: ManualClock, tmp_path: Path) -> None:
    keys = tmp_path / "other keys"
    shutil.copytree(demo.folder / "keys", keys)
    rotate(office.repository, SigningKeys(keys), "snapshot", clock.now())
    rotate(demo.repository, demo.keys, "snapshot", clock.now())
    with pytest.raises(PublishError, match=r"2\.root\.json"):
        office.known()


def test_an_expired_portal_can_still_be_looked_at(demo: DemoPortal, portal: Portal, office: Office, clock: ManualClock) -> None:
    refreshed_daily(demo, clock, 3)
    clock.advance(timedelta(days=100))
    refresh(office.repository, demo.keys, clock.now(), known=office.known())
    office.upload()
    assert portal.refresh().elements


def test_an_empty_folder_is_no_second_portal(live: LivePortal, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="schon ein Portal"):
        live.take_over(tmp_path / "typo" / "metadata")
    assert not (tmp_path / "typo").exists()


def test_a_lost_folder_is_taken_over_from_the_first_root_alone(
    demo: DemoPortal, portal: Portal, live: LivePortal, clock: ManualClock, tmp_path: Path
) -> None:
    refreshed_daily(demo, clock, 4)
    portal.refresh()
    again = tmp_path / "again" / "metadata"
    again.mkdir(parents=True)
    shutil.copyfile(demo.root_file, again / "1.root.json")
    known = live.take_over(again)
    assert known == {"timestamp": 5, "snapshot": 1, "targets": 1}
    publish(demo.source, tmp_path / "again", demo.keys, clock.now(), known=known)
    shutil.copytree(tmp_path / "again", demo.repository, dirs_exist_ok=True)
    assert portal.refresh().number == 2


def test_a_server_put_back_from_a_backup_is_accepted_again(demo: DemoPortal, portal: Portal, clock: ManualClock, tmp_path: Path) -> None:
    shutil.copytree(demo.repository, tmp_path / "backup")
    refreshed_daily(demo, clock, 30)
    publish_version(demo, "tarif", "1.4.003", 1000, clock.now())
    portal.refresh()
    shutil.rmtree(demo.repository)
    shutil.copytree(tmp_path / "backup", demo.repository)
    refresh(demo.repository, demo.keys, clock.now())
    with pytest.raises(PortalUntrustedError):
        portal.refresh()
    restored(demo.repository, demo.keys, clock.now(), 1000)
    assert portal.refresh().number == 1002


@pytest.mark.parametrize(
    ("path", "answer"),
    [
        ("/metadata/timestamp.json", b'{"signed": {}}'),
        ("/metadata/1.snapshot.json", b"{}"),
        ("/metadata/1.targets.json", b""),
        ("/metadata/1.targets.json", None),
    ],
)
def test_what_is_not_signed_is_not_taken_over(server: FaultyPortal, office: Office, path: str, answer: bytes | None) -> None:
    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        if request.path != path:
            return False
        if answer is None:
            handler.refuse(404)
        else:
            handler.send_head(200, len(answer))
            handler.wfile.write(answer)
        return True

    before = {file.name: file.read_bytes() for file in (office.repository / "metadata").iterdir()}
    server.fault = fault
    with pytest.raises(PublishError, match="nicht mit den Schlüsseln"):
        office.known()
    assert {file.name: file.read_bytes() for file in (office.repository / "metadata").iterdir()} == before


def test_a_portal_that_does_not_answer_is_told_and_nothing_signed(server: FaultyPortal, office: Office) -> None:
    server.stop()
    with pytest.raises(PublishError, match="antwortet nicht"):
        office.known()


def test_a_page_in_the_portals_place_is_no_broken_portal(server: FaultyPortal, office: Office) -> None:
    def page(handler: FaultyPortalHandler, _request: Request) -> bool:
        handler.send_head(200, 6, {"Content-Type": "text/html"})
        handler.wfile.write(b"<html>")
        return True

    server.fault = page
    with pytest.raises(PublishError, match="Anmeldung am Netz"):
        office.known()


def test_a_server_that_drips_holds_nobody_up(server: FaultyPortal, office: Office, clock: ManualClock, web: Web) -> None:
    def drip(handler: FaultyPortalHandler, request: Request) -> bool:
        if not request.path.endswith("timestamp.json"):
            return False
        handler.send_head(200, 1000)
        for _byte in range(10):
            clock.advance(timedelta(seconds=15))
            handler.wfile.write(b" ")
        return True

    server.fault = drip
    with pytest.raises(PublishError, match="zu langsam"):
        LivePortal(server.address, web, clock).take_over(office.repository / "metadata")


def test_nothing_served_yet_is_no_obstacle(demo: DemoPortal, live: LivePortal, tmp_path: Path) -> None:
    shutil.move(demo.repository, tmp_path / "not copied yet")
    assert live.take_over(tmp_path / "not copied yet" / "metadata") == {}
