"""The portal's client: what is not signed, expired, older or mixed is refused, and what was confirmed stays in force."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from publishing.publish import refresh
from tests.downloads.conftest import ELEMENTS
from tests.downloads.forging import add_target, newest, resign
from tests.downloads.vendor import publish_version
from tests.support.portal import FaultyPortal, FaultyPortalHandler
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import DOCUMENTS, DemoPortal, make_portal
from tray_agent.demo.portal_server import Request
from tray_agent.downloads.catalogue import HISTORY, NEW_DOWNLOADS, Catalogue, RefusalReason
from tray_agent.downloads.errors import PortalUnavailableError, PortalUntrustedError
from tray_agent.downloads.portal import Portal, PortalLimits, metadata_folder
from tray_agent.downloads.portal_view import PortalArea, PortalRow, arrange
from tray_agent.errors import KnownError
from tray_agent.platforms.locks import locked
from tray_agent.web.client import Web

Spoil = Callable[[DemoPortal, Path, ManualClock], None]


def make(demo: DemoPortal, address: str, folder: Path, web: Web, clock: ManualClock, limits: PortalLimits | None = None) -> Portal:
    root = demo.root_file.read_bytes()
    return Portal(address, root, metadata_folder(folder, root), web, clock, limits)


def areas_of(catalogue: Catalogue) -> tuple[PortalArea, ...]:
    """Returns what the window shows of a catalogue while nothing is subscribed."""
    rows = [PortalRow(version, subscribed=False, state=None) for version in catalogue.versions.values()]
    return arrange(rows, catalogue.areas)


def test_areas_headings_and_rows_are_read(portal: Portal, clock: ManualClock) -> None:
    catalogue = portal.refresh()
    areas = areas_of(catalogue)
    assert [area.title for area in areas] == [NEW_DOWNLOADS, HISTORY]
    assert [(heading.title, [str(row.signed.version) for row in heading.rows]) for heading in areas[0].headings] == [
        ("Anleitungen", ["1.0.000"]),
        ("Programm", ["2.69.001"]),
        ("Tarife", ["1.4.002"]),
    ]
    update = catalogue.elements["update"][0]
    assert (update.title, update.kind, update.restart, update.file_name) == ("Update vitomed", "msi", True, "update-2.69.001.msi")
    assert str(catalogue.elements["handbuch"][0].needs) == "2.69.000"
    assert {key: (versions[0].scope.value, str(versions[0].software or "")) for key, versions in catalogue.elements.items()} == {
        "update": ("workstation", "2.69.001"), "tarif": ("practice", ""), "handbuch": ("practice", ""),
    }  # fmt: skip
    assert (catalogue.offline, catalogue.checked_at, catalogue.refusals) == (False, clock.now(), ())


def test_the_demo_has_areas_a_history_and_a_dozen_elements(tmp_path: Path, web: Web, clock: ManualClock) -> None:
    demo = make_portal(tmp_path / "demo", clock.now())
    with FaultyPortal(demo.repository) as server:
        catalogue = make(demo, server.address, tmp_path / "data", web, clock).refresh()
    assert [area.title for area in areas_of(catalogue)] == [NEW_DOWNLOADS, DOCUMENTS, HISTORY]
    assert len(catalogue.elements) >= 12
    sizes = [version.size for versions in catalogue.elements.values() for version in versions]
    assert (min(sizes), max(sizes)) == (10 * 1024, 30 * 1024 * 1024)


def test_newer_publications_are_seen(portal: Portal, demo: DemoPortal, clock: ManualClock) -> None:
    assert portal.refresh().number == 1
    publish_version(demo, "handbuch", "1.0.001", 100, clock.now())
    catalogue = portal.refresh()
    assert (catalogue.number, str(catalogue.elements["handbuch"][0].version)) == (2, "1.0.001")


def test_the_last_confirmed_state_is_known_without_the_portal(portal: Portal, server: FaultyPortal, clock: ManualClock) -> None:
    assert portal.known() is None
    confirmed = portal.refresh()
    at = clock.now()
    clock.advance(timedelta(hours=1))
    server.stop()
    with pytest.raises(PortalUnavailableError) as caught:
        portal.refresh()
    assert "antwortet nicht" in caught.value.message
    known = portal.known()
    assert known is not None
    assert (known.elements, known.offline, known.checked_at) == (confirmed.elements, True, at)


def test_what_has_expired_is_not_known_any_more(portal: Portal, clock: ManualClock) -> None:
    portal.refresh()
    clock.advance(timedelta(days=8))
    assert portal.known() is None


# What can't be trusted


def expire(demo: DemoPortal, other: Path, clock: ManualClock) -> None:
    clock.advance(timedelta(days=8))


def roll_back(demo: DemoPortal, other: Path, clock: ManualClock) -> None:
    """Serves what was published before, with signatures that are still valid."""
    for file in (demo.repository / "metadata").iterdir():
        file.unlink()
    shutil.copytree(other, demo.repository / "metadata", dirs_exist_ok=True)


def sign_with_other_keys(demo: DemoPortal, other: Path, clock: ManualClock) -> None:
    """Serves a repository that somebody else signed with keys of his own."""
    forged = make_portal(other.parent / "forged", clock.now() + timedelta(days=1), ELEMENTS)
    for _time in range(3):
        refresh(forged.repository, forged.keys, clock.now())
    shutil.copytree(forged.repository / "metadata", demo.repository / "metadata", dirs_exist_ok=True)


def mix(demo: DemoPortal, other: Path, clock: ManualClock) -> None:
    """Serves the newest timestamp with another state's snapshot."""
    add_target(demo, "x/1.0.0/x.zip", {}, clock.now())
    folder = demo.repository / "metadata"
    number = newest(demo.repository, "snapshot").signed.version
    shutil.copy(folder / "1.snapshot.json", folder / f"{number}.snapshot.json")


def freeze_targets(demo: DemoPortal, other: Path, clock: ManualClock) -> None:
    """Serves the newest snapshot with an older list of targets under the newest name."""
    add_target(demo, "x/1.0.0/x.zip", {}, clock.now())
    folder = demo.repository / "metadata"
    number = newest(demo.repository, "targets").signed.version
    shutil.copy(folder / "1.targets.json", folder / f"{number}.targets.json")


def change_a_byte(demo: DemoPortal, other: Path, clock: ManualClock) -> None:
    add_target(demo, "x/1.0.0/x.zip", {}, clock.now())
    file = demo.repository / "metadata" / f"{newest(demo.repository, 'targets').signed.version}.targets.json"
    file.write_bytes(file.read_bytes().replace(b"Update vitomed", b"Update vitomeD"))


def no_json(demo: DemoPortal, other: Path, clock: ManualClock) -> None:
    (demo.repository / "metadata" / "timestamp.json").write_bytes(b"<html>Bitte anmelden</html>")


def deep_json(demo: DemoPortal, other: Path, clock: ManualClock) -> None:
    (demo.repository / "metadata" / "timestamp.json").write_bytes(b"[" * 8000)


def far_too_long(demo: DemoPortal, other: Path, clock: ManualClock) -> None:
    (demo.repository / "metadata" / "timestamp.json").write_bytes(b" " * 1_000_000)


def sign_targets_with_the_timestamps_key(demo: DemoPortal, other: Path, clock: ManualClock) -> None:
    """The key on the web server was stolen: it must not be enough to offer a file."""
    keys = demo.folder / "keys"
    targets = (keys / "targets.pem").read_bytes()
    (keys / "targets.pem").write_bytes((keys / "timestamp.pem").read_bytes())
    resign(demo, clock.now(), newest(demo.repository, "targets").signed)
    (keys / "targets.pem").write_bytes(targets)


UNTRUSTED: dict[str, tuple[Spoil, str]] = {
    "expired": (expire, "abgelaufen"),
    "rolled back": (roll_back, "älteren Stand"),
    "wrong keys": (sign_with_other_keys, "nicht vom Hersteller unterschrieben"),
    "mixed": (mix, "älteren Stand"),
    "frozen targets": (freeze_targets, "älteren Stand"),
    "changed": (change_a_byte, "nicht vom Hersteller unterschrieben"),
    "stolen timestamp key": (sign_targets_with_the_timestamps_key, "nicht vom Hersteller unterschrieben"),
    "no json": (no_json, "unlesbar"),
    "deep json": (deep_json, "unlesbar"),
    "far too long": (far_too_long, "passen nicht zueinander"),
}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_what_cannot_be_trusted_changes_nothing(
    portal: Portal, demo: DemoPortal, server: FaultyPortal, clock: ManualClock, tmp_path: Path, name: str
) -> None:
    spoil, words = UNTRUSTED[name]
    before = tmp_path / "before"
    shutil.copytree(demo.repository / "metadata", before)
    publish_version(demo, "handbuch", "1.0.001", 100, clock.now())
    confirmed = portal.refresh()
    spoil(demo, before, clock)
    with pytest.raises(PortalUntrustedError) as caught:
        portal.refresh()
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    known = portal.known()
    if name != "expired":
        assert known is not None
        assert (known.elements, known.number) == (confirmed.elements, confirmed.number)


def test_a_first_contact_with_wrong_keys_is_refused(demo: DemoPortal, tmp_path: Path, web: Web, clock: ManualClock) -> None:
    other = make_portal(tmp_path / "other", clock.now(), ELEMENTS)
    with FaultyPortal(other.repository) as server, pytest.raises(PortalUntrustedError):
        make(demo, server.address, tmp_path / "data", web, clock).refresh()


def test_a_root_that_is_no_root_is_told(tmp_path: Path, web: Web, clock: ManualClock) -> None:
    with pytest.raises(PortalUntrustedError):
        Portal("http://127.0.0.1:9", b"{}", tmp_path / "data", web, clock).refresh()


def test_a_rotated_key_is_followed(portal: Portal, demo: DemoPortal, clock: ManualClock) -> None:
    portal.refresh()
    (demo.folder / "keys" / "targets.pem").unlink()
    publish_version(demo, "handbuch", "1.0.001", 100, clock.now())
    assert (demo.repository / "metadata" / "2.root.json").exists()
    assert str(portal.refresh().elements["handbuch"][0].version) == "1.0.001"


# A portal that does not answer as it should


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
def test_an_error_of_the_server_is_told(portal: Portal, server: FaultyPortal, status: int) -> None:
    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        if "timestamp" in request.path:
            handler.refuse(status)
        return "timestamp" in request.path

    server.fault = fault
    with pytest.raises(PortalUnavailableError) as caught:
        portal.refresh()
    assert f"({status})" in caught.value.message


@pytest.mark.parametrize("hiccup", ["503", "429", "broken off"])
@pytest.mark.parametrize("part", ["timestamp", "snapshot", "targets"])
def test_a_hiccup_of_the_server_is_got_over_once(portal: Portal, server: FaultyPortal, part: str, hiccup: str) -> None:
    failed: list[str] = []

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        if not request.path.endswith(f"{part}.json") or failed:
            return False
        failed.append(request.path)
        if hiccup == "broken off":
            handler.close_connection = True
        else:
            handler.refuse(int(hiccup))
        return True

    server.fault = fault
    assert portal.refresh().number == 1
    assert len(failed) == 1


@pytest.mark.parametrize("answer", [404, 503])
def test_nobody_is_asked_again_and_again(portal: Portal, server: FaultyPortal, clock: ManualClock, answer: int) -> None:
    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        if "timestamp" in request.path:
            handler.refuse(answer)
        return "timestamp" in request.path

    server.fault = fault
    before = clock.monotonic()
    with pytest.raises(PortalUnavailableError):
        portal.refresh()
    assert sum("timestamp" in request.path for request in server.requests) == {404: 1, 503: 2}[answer]
    assert clock.monotonic() - before <= 2


@pytest.mark.parametrize("location", ["http://example.invalid/metadata/timestamp.json", "/metadata/timestamp.json", "ftp://127.0.0.1/x"])
def test_a_redirect_elsewhere_or_in_a_circle_is_not_followed(portal: Portal, server: FaultyPortal, location: str) -> None:
    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        if "timestamp" in request.path:
            handler.refuse(302, {"Location": location})
        return "timestamp" in request.path

    server.fault = fault
    with pytest.raises(PortalUnavailableError):
        portal.refresh()
    assert len(server.requests) <= 10


def test_metadata_that_drips_is_given_up(demo: DemoPortal, server: FaultyPortal, tmp_path: Path, web: Web, clock: ManualClock) -> None:
    released = threading.Event()

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        handler.send_head(200, 1000)
        for _byte in range(1000):
            handler.wfile.write(b" ")
            clock.advance(timedelta(seconds=1))
            if released.wait(0.001):
                break
        handler.close_connection = True
        return True

    server.fault = fault
    with pytest.raises(PortalUnavailableError):
        make(demo, server.address, tmp_path / "data", web, clock, PortalLimits(metadata_seconds=30)).refresh()
    released.set()


def test_two_programs_of_one_machine_take_turns(
    demo: DemoPortal, server: FaultyPortal, tmp_path: Path, web: Web, clock: ManualClock
) -> None:
    portal = make(demo, server.address, tmp_path / "data", web, clock)
    portal.refresh()
    lock = next((tmp_path / "data").rglob("lock"))
    with locked(lock), pytest.raises(PortalUnavailableError, match="anderen Programm"):
        portal.refresh()
    assert portal.refresh().number == 1


def test_a_folder_that_cannot_be_written_is_told(
    demo: DemoPortal, server: FaultyPortal, tmp_path: Path, web: Web, clock: ManualClock
) -> None:
    (tmp_path / "data").write_bytes(b"a file in the way")
    with pytest.raises(PortalUnavailableError, match="nicht gespeichert"):
        make(demo, server.address, tmp_path / "data", web, clock).refresh()


def test_a_damaged_cache_is_mended(portal: Portal, tmp_path: Path) -> None:
    portal.refresh()
    for file in (tmp_path / "data").rglob("*.json"):
        if file.name in ("timestamp.json", "snapshot.json", "targets.json"):
            file.write_bytes(b"damaged")
    assert portal.refresh().number == 1


# Rows that can't be read

GOOD = {
    "element": "gut", "title": "Gut", "area": NEW_DOWNLOADS, "heading": "Programm", "version": "1.0.000", "released": "2026-11-01",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "changes", "reason"),
    [
        ("gut/1.0.0/../../../evil.zip", {}, RefusalReason.NAME),
        ("/etc/passwd.zip", {}, RefusalReason.NAME),
        ("gut/C:\\evil.zip", {}, RefusalReason.NAME),
        ("gut/con.zip", {}, RefusalReason.NAME),
        ("gut/evil.zip.", {}, RefusalReason.NAME),
        ("gut/evil.pdf.exe", {}, RefusalReason.NAME),
        ("gut/evil.bat", {}, RefusalReason.NAME),
        ("gut/evil.zip.part", {}, RefusalReason.NAME),
        ("gut/e\u202egpj.exe", {}, RefusalReason.NAME),
        ("gut/" + "a" * 101 + ".zip", {}, RefusalReason.NAME),
        ("gut/evil.zip:stream.exe", {}, RefusalReason.NAME),
        ("gut/good.zip", {"kind": "exe"}, RefusalReason.NAME),
        ("gut/good.exe", {"kind": "file"}, RefusalReason.NAME),
        ("gut/good.zip", {"element": "../x"}, RefusalReason.FIELD),
        ("gut/good.zip", {"element": "aux"}, RefusalReason.FIELD),
        ("gut/good.zip", {"element": "GUT"}, RefusalReason.FIELD),
        ("gut/good.zip", {"version": "1.0"}, RefusalReason.FIELD),
        ("gut/good.zip", {"version": 1}, RefusalReason.FIELD),
        ("gut/good.zip", {"version": "1.0.0/../.."}, RefusalReason.FIELD),
        ("gut/good.zip", {"released": "gestern"}, RefusalReason.FIELD),
        ("gut/good.zip", {"released": "2026-02-30"}, RefusalReason.FIELD),
        ("gut/good.zip", {"restart": "ja"}, RefusalReason.FIELD),
        ("gut/good.zip", {"title": ""}, RefusalReason.FIELD),
        ("gut/good.zip", {"title": "a\u202eb"}, RefusalReason.FIELD),
        ("gut/good.zip", {"notes": "a\0b"}, RefusalReason.FIELD),
        ("gut/good.zip", {"notes": "n" * 4001}, RefusalReason.FIELD),
        ("gut/good.zip", {"needs": "neu"}, RefusalReason.FIELD),
        ("gut/good.zip", {"kind": "pif"}, RefusalReason.FIELD),
        ("gut/good.zip", {"scope": "user"}, RefusalReason.FIELD),
        ("gut/good.zip", {"scope": True}, RefusalReason.FIELD),
        ("gut/good.msi", {"software": "2.69"}, RefusalReason.FIELD),
    ],
)
def test_a_wrong_row_is_refused_alone(
    portal: Portal, demo: DemoPortal, clock: ManualClock, path: str, changes: dict[str, object], reason: RefusalReason
) -> None:
    add_target(demo, path, GOOD | changes, clock.now())
    catalogue = portal.refresh()
    assert [refusal.reason for refusal in catalogue.refusals] == [reason]
    assert catalogue.refusals[0].sentence.isprintable()
    assert set(catalogue.elements) == {"update", "tarif", "handbuch"}


@pytest.mark.parametrize("custom", [None, [], "text", 7, {}, {"element": ["a"]}])
def test_a_row_without_a_description_is_refused_alone(portal: Portal, demo: DemoPortal, clock: ManualClock, custom: object) -> None:
    add_target(demo, "gut/good.zip", custom, clock.now())
    catalogue = portal.refresh()
    assert [refusal.reason for refusal in catalogue.refusals] == [RefusalReason.FIELD]


@pytest.mark.parametrize("hashes", [{"md5": "0" * 32}, {"sha256": "0" * 64, "blake3": "0" * 64}, {"sha256": "xyz"}, {"sha256": "0" * 63}])
def test_a_hash_that_cannot_be_checked_here_is_refused(
    portal: Portal, demo: DemoPortal, clock: ManualClock, hashes: dict[str, str]
) -> None:
    add_target(demo, "gut/good.zip", GOOD, clock.now(), hashes=hashes)
    assert [refusal.reason for refusal in portal.refresh().refusals] == [RefusalReason.HASH]


def test_two_files_of_one_version_are_both_refused(portal: Portal, demo: DemoPortal, clock: ManualClock) -> None:
    add_target(demo, "gut/good.zip", GOOD, clock.now())
    add_target(demo, "gut/other.zip", GOOD | {"version": "1.0.0"}, clock.now())
    catalogue = portal.refresh()
    assert [refusal.reason for refusal in catalogue.refusals] == [RefusalReason.DUPLICATE] * 2
    assert "gut" not in catalogue.elements


def test_unknown_fields_are_ignored(portal: Portal, demo: DemoPortal, clock: ManualClock) -> None:
    add_target(demo, "gut/good.zip", GOOD | {"colour": "blue", "x": {"y": []}}, clock.now())
    assert portal.refresh().elements["gut"][0].title == "Gut"


def test_every_error_is_one_that_people_can_read(portal: Portal, server: FaultyPortal) -> None:
    server.stop()
    with pytest.raises(KnownError) as caught:
        portal.refresh()
    assert caught.value.advice
    assert json.dumps(caught.value.code) == '"portal_unavailable"'
