"""The job: what is subscribed arrives by itself, verified, and waits for a person."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from publishing.publish import publish, refresh
from tests.downloads.conftest import KB
from tests.downloads.forging import add_target
from tests.downloads.vendor import publish_version
from tests.downloads.workstation import Practice, TrialContext
from tests.support.portal import FaultyPortal, FaultyPortalHandler
from tray_agent.clock import ManualClock
from tray_agent.config.settings import KEEP_MINOR, KEEP_VERSIONS
from tray_agent.demo.portal import DemoPortal
from tray_agent.demo.portal_server import Request
from tray_agent.downloads.errors import FolderUnavailableError, PortalUnavailableError
from tray_agent.downloads.keeping import PARALLEL
from tray_agent.downloads.model import DownloadState, Version
from tray_agent.downloads.partial import taken
from tray_agent.downloads.transfer import TransferLimits
from tray_agent.jobs.contract import LeaseLostError, RunCancelledError
from tray_agent.jobs.owed import Rest
from tray_agent.platforms.files import mark_as_downloaded
from tray_agent.protocol.model import Level

UPDATE = "update/2.69.001/update-2.69.001.msi"
TARIF = "tarif/1.4.002/tarif-1.4.002.zip"


def test_brings_the_newest_version_of_what_is_subscribed(practice: Practice, demo: DemoPortal) -> None:
    practice.subscribe("update", "tarif")
    result = practice.run()
    assert (result.counts["downloaded"], result.problems) == (2, 0)
    assert result.sentence == "Downloads: 2 heruntergeladen und geprüft."
    assert practice.files() == {UPDATE, TARIF}
    assert (practice.library.folder / UPDATE).read_bytes() == (demo.source / "update-2.69.001.msi").read_bytes()
    assert practice.states() == {"update 2.69.001": "offered", "tarif 1.4.002": "offered"}
    assert sorted(practice.context.reasons) == ["downloaded", "downloaded"]


def test_a_second_run_fetches_nothing(practice: Practice, server: FaultyPortal) -> None:
    practice.subscribe("update")
    practice.run()
    before = len(server.sent)
    result = practice.run()
    assert result.skipped == {"up_to_date": 1}
    assert result.sentence == "Das abonnierte Element ist auf dem neuesten Stand."
    assert [path for path in list(server.sent)[before:] if "targets/" in path and ".json" not in path] == []


def test_nothing_subscribed_is_nothing_done(practice: Practice) -> None:
    assert practice.run().sentence == "Kein Element ist abonniert."
    assert practice.files() == set()


def test_a_dry_run_tells_and_changes_nothing(practice: Practice) -> None:
    practice.subscribe("update")
    result = practice.run(TrialContext(dry_run=True))
    assert result.counts == {"would_download": 1}
    assert (practice.files(), practice.states(), practice.context.activities) == (set(), {}, [])


def test_a_newer_version_takes_the_place_of_the_offered_one(practice: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    practice.subscribe("update")
    practice.run()
    publish_version(demo, "update", "2.69.002", 50 * KB, clock.now())
    practice.run()
    assert practice.states() == {"update 2.69.002": "offered", "update 2.69.001": "superseded"}
    assert len(practice.files()) == 2


def test_older_versions_are_kept_as_the_switch_says(practice: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    practice.subscribe("update")
    for revision in range(2, 6):
        publish_version(demo, "update", f"2.69.00{revision}", 5 * KB, clock.now())
        practice.run()
    assert practice.states() == {"update 2.69.005": "offered", "update 2.69.004": "superseded"}
    practice.switches[KEEP_VERSIONS] = 1
    practice.run()
    assert practice.files() == {"update/2.69.005/update-2.69.005.msi"}


def test_what_waits_stays_although_newer_versions_were_withdrawn(practice: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    practice.subscribe("update")
    described = (demo.source / "portal.toml").read_text(encoding="utf-8")
    for revision in range(2, 5):
        publish_version(demo, "update", f"2.69.00{revision}", 5 * KB, clock.now())
        practice.run()
    (demo.source / "portal.toml").write_text(described, encoding="utf-8")
    publish_again_from_source(demo, clock)
    for _time in range(2):
        practice.run()
        assert practice.states()["update 2.69.001"] == "offered"
        assert "update/2.69.001/update-2.69.001.msi" in practice.files()
    assert practice.run().counts == {}


def test_what_the_vendor_says_anew_of_the_same_file_is_taken_over(
    practice: Practice, demo: DemoPortal, server: FaultyPortal, clock: ManualClock
) -> None:
    practice.subscribe("update", "tarif")
    practice.run()
    text = (demo.source / "portal.toml").read_text(encoding="utf-8")
    for old, new in (
        ('title = "Tarif"', 'title = "Tarif 2026"\npublisher = "Hersteller AG"'),
        ('notes = "Neu."', 'notes = "Nicht vor dem 1.12."\nneeds = "2.69.000"'),
        ("restart = true", "restart = false"),
    ):
        assert old in text
        text = text.replace(old, new)
    (demo.source / "portal.toml").write_text(text, encoding="utf-8")
    publish_again_from_source(demo, clock)
    asked = len(server.requests)
    assert practice.run().counts == {}
    tariff, update = practice.download("tarif", "1.4.002").signed, practice.download("update", "2.69.001").signed
    assert (tariff.title, tariff.publisher, tariff.notes, str(tariff.needs)) == (
        "Tarif 2026", "Hersteller AG", "Nicht vor dem 1.12.", "2.69.000",
    )  # fmt: skip
    assert not update.restart
    assert set(practice.states().values()) == {"offered"}
    assert not [request for request in server.requests[asked:] if request.path.startswith("/targets/")]


@pytest.mark.parametrize(("keep", "expected"), [(True, "2.68.015"), (False, "2.69.001")])
def test_an_installation_stays_on_its_line_where_the_practice_wishes_so(
    practice: Practice, demo: DemoPortal, clock: ManualClock, keep: bool, expected: str
) -> None:
    publish_version(demo, "update", "2.68.015", 5 * KB, clock.now())
    practice.subscriptions.add("update", "Update", Version.parse("2.68.014"), "Anna")
    practice.switches[KEEP_MINOR] = keep
    practice.run()
    assert practice.states() == {f"update {expected}": "offered"}


def test_a_line_without_versions_is_told(practice: Practice) -> None:
    practice.subscriptions.add("update", "Update", Version.parse("2.70.001"), "Anna")
    practice.switches[KEEP_MINOR] = True
    assert practice.run().skipped == {"other_line": 1}


def test_an_element_that_left_the_portal_is_told(practice: Practice) -> None:
    practice.subscriptions.add("weg", "Weg", None, "Anna")
    result = practice.run()
    assert result.skipped == {"not_on_portal": 1}
    assert "nicht auf dem Portal" in result.sentence
    assert [(row.level, row.reason, row.item) for row in practice.context.activities] == [(Level.WARNING, "not_on_portal", "weg")]
    assert "«Weg»" in practice.context.activities[0].sentence
    practice.run()
    assert practice.context.activities == []


@pytest.mark.parametrize("damage", ["vanished", "changed", "same length and time"])
def test_a_file_that_vanished_or_changed_is_fetched_again(practice: Practice, clock: ManualClock, damage: str) -> None:
    practice.subscribe("tarif")
    practice.run()
    file = practice.library.folder / TARIF
    genuine, state = file.read_bytes(), file.stat()
    if damage == "vanished":
        file.unlink()
    else:
        file.write_bytes(genuine[:-1] + bytes([genuine[-1] ^ 1]))
    if damage == "same length and time":  # noticed by the weekly look at the whole content
        os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))
        assert practice.run().skipped == {"up_to_date": 1}
        clock.advance(timedelta(days=7))
        publish_again(practice, clock)
    practice.run()
    assert file.read_bytes() == genuine
    assert practice.context.reasons == ["file_missing" if damage == "vanished" else "file_changed", "downloaded"]
    assert practice.states() == {"tarif 1.4.002": "offered"}


def publish_again(practice: Practice, clock: ManualClock) -> None:
    """Signs the timestamp anew: a week later it would have expired."""
    demo = DemoPortal(practice.library.folder.parent / "portal")
    refresh(demo.repository, demo.keys, clock.now())


def test_the_vendor_signs_another_file_under_the_same_version(practice: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    practice.subscribe("tarif")
    practice.run()
    (demo.source / "tarif-1.4.002.zip").write_bytes(b"corrected")
    publish_again_from_source(demo, clock)
    practice.run()
    assert (practice.library.folder / TARIF).read_bytes() == b"corrected"
    assert practice.states() == {"tarif 1.4.002": "offered"}


def publish_again_from_source(demo: DemoPortal, clock: ManualClock) -> None:
    publish(demo.source, demo.repository, demo.keys, clock.now(), replace=True)


def test_a_withdrawn_version_is_not_offered_any_more(practice: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    practice.subscribe("update")
    practice.run()
    description = demo.source / "portal.toml"
    text = description.read_text(encoding="utf-8")
    start = text.index("[[element.version]]")
    description.write_text(text[:start] + text[text.index("[[element.version]]", start + 1) :], encoding="utf-8")
    publish_again_from_source(demo, clock)
    result = practice.run()
    assert result.counts["withdrawn"] == 1
    assert practice.states() == {"update 2.69.001": "superseded", "update 2.68.014": "offered"}
    assert "withdrawn" in practice.context.reasons


def test_what_is_installed_is_left_alone(practice: Practice) -> None:
    practice.subscribe("tarif")
    practice.run()
    practice.hand_over("tarif", "1.4.002", DownloadState.INSTALLED)
    (practice.library.folder / TARIF).unlink()
    assert practice.run().skipped == {"installed": 1}
    assert practice.states() == {"tarif 1.4.002": "installed"}


def test_one_failure_does_not_stop_the_others(practice: Practice, server: FaultyPortal) -> None:
    def refuse_tarif(handler: FaultyPortalHandler, request: Request) -> bool:
        if "tarif" in request.path:
            handler.refuse(403)
        return "tarif" in request.path

    practice.subscribe("update", "tarif", "handbuch")
    server.fault = refuse_tarif
    result = practice.run()
    assert (result.counts["downloaded"], result.counts["failed"], result.problems) == (2, 1, 1)
    errors = [activity for activity in practice.context.activities if activity.level is Level.ERROR]
    assert [(error.item, error.reason) for error in errors] == [("tarif", "http_error")]
    assert "Das Portal liefert die Datei nicht (Antwort 403)." in errors[0].sentence
    assert practice.states()["tarif 1.4.002"] == "new"
    assert result.rest == Rest("http_error", number=1, progressed=True)
    again = practice.run(TrialContext(attempt=2))
    assert (again.problems, again.rest, practice.context.reasons) == (
        1,
        Rest("http_error", number=1),
        [],
    )  # told once, not at every attempt
    server.fault = None
    last = practice.run()
    assert (last.counts["downloaded"], last.rest) == (1, None)


def test_a_version_superseded_on_its_way_is_dropped(practice: Practice, demo: DemoPortal, server: FaultyPortal, clock: ManualClock) -> None:
    practice.subscribe("update")
    published = threading.Event()

    def publish_in_the_middle(handler: FaultyPortalHandler, request: Request) -> bool:
        if "update-2.69.001" not in request.path or published.is_set():
            return False
        publish_version(demo, "update", "2.69.002", 5 * KB, clock.now())
        clock.advance(timedelta(minutes=6))
        published.set()
        return False

    server.fault = publish_in_the_middle
    result = practice.run()
    assert result.counts["superseded"] == 1
    assert practice.states() == {"update 2.69.002": "offered"}
    assert practice.files() == {"update/2.69.002/update-2.69.002.msi"}
    assert practice.context.reasons == ["superseded", "downloaded"]


def test_a_cancelled_run_keeps_what_is_here_and_the_next_goes_on(practice: Practice, server: FaultyPortal) -> None:
    practice.subscribe("update")
    reached, go_on = threading.Event(), threading.Event()

    def pause_in_the_middle(handler: FaultyPortalHandler, request: Request) -> bool:
        file = handler.file_of(request.path)
        if file is None or "update" not in request.path or reached.is_set():
            return False
        handler.send_head(200, file.stat().st_size, {"ETag": '"x"'})
        handler.wfile.write(file.read_bytes()[: 20 * KB])
        handler.count(request.path, 0, 20 * KB)
        reached.set()
        go_on.wait(10)
        return True

    def cancel() -> None:
        if reached.is_set() and any(practice.library.folder.rglob("*.part")):
            raise RunCancelledError

    server.fault = pause_in_the_middle
    with pytest.raises(RunCancelledError):
        practice.run(TrialContext(at_checkpoint=cancel))
    go_on.set()
    assert practice.states() == {"update 2.69.001": "new"}
    assert any(name.endswith(".part") for name in practice.files())
    server.fault = None
    practice.run()
    assert practice.files() == {UPDATE}


def test_nothing_is_offered_without_the_lease(practice: Practice) -> None:
    practice.subscribe("tarif")
    calls = iter(range(100))

    def lose_after_the_row_is_made() -> None:
        if next(calls) >= 2:
            raise LeaseLostError

    with pytest.raises(LeaseLostError):
        practice.run(TrialContext(at_fence=lose_after_the_row_is_made))
    assert practice.states() == {"tarif 1.4.002": "new"}


def test_a_portal_that_is_away_ends_the_run_and_changes_nothing(practice: Practice, server: FaultyPortal) -> None:
    practice.subscribe("tarif")
    practice.run()
    server.stop()
    with pytest.raises(PortalUnavailableError, match="nicht erreichbar"):
        practice.run()
    assert practice.states() == {"tarif 1.4.002": "offered"}


def test_a_folder_that_is_away_ends_the_run_and_changes_nothing(practice: Practice) -> None:
    practice.subscribe("tarif")
    practice.run()
    practice.library.folder.rename(practice.library.folder.with_name("away"))
    practice.library.folder.write_bytes(b"a share that does not answer")
    with pytest.raises(FolderUnavailableError, match="nicht erreichbar"):
        practice.run()
    assert (practice.states(), practice.context.activities) == ({"tarif 1.4.002": "offered"}, [])


def test_leftovers_of_versions_that_nobody_wants_are_removed(practice: Practice) -> None:
    practice.subscribe("tarif")
    folder = practice.library.folder / "update" / "2.60.000"
    folder.mkdir(parents=True)
    (folder / "update-2.60.000.msi.part").write_bytes(b"half")
    (folder / "update-2.60.000.msi.resume").write_bytes(b"{}")
    practice.run()
    assert practice.files() == {TARIF}
    assert not folder.exists()


@pytest.mark.parametrize(
    "place",
    [
        "Ferien/2025/film.mkv.part",
        "update/Notizen/update-2.60.000.msi.part",
        "update/2.60.000/a b.zip.part",
        "update/2.60.0/update.zip.resume",
    ],
)
def test_files_of_other_programs_are_left_alone(practice: Practice, place: str) -> None:
    file = practice.library.folder / place
    file.parent.mkdir(parents=True)
    file.write_bytes(b"mine")
    practice.subscribe("tarif")
    practice.run()
    assert practice.files() == {TARIF, place}


@pytest.mark.parametrize("reason", ["unsubscribed", "newer"])
def test_what_was_not_finished_and_is_wanted_no_more_is_forgotten(
    practice: Practice, demo: DemoPortal, server: FaultyPortal, clock: ManualClock, reason: str
) -> None:
    def refuse(handler: FaultyPortalHandler, request: Request) -> bool:
        if request.path.startswith("/targets/"):
            handler.refuse(404)
        return request.path.startswith("/targets/")

    practice.subscribe("tarif")
    server.fault = refuse
    practice.run()
    assert practice.states() == {"tarif 1.4.002": "new"}
    if reason == "unsubscribed":
        practice.subscriptions.remove("tarif")
    else:
        publish_version(demo, "tarif", "1.4.003", 100, clock.now())
    practice.run()
    assert practice.states() == ({} if reason == "unsubscribed" else {"tarif 1.4.003": "new"})
    assert practice.files() == set()


def test_unsubscribing_leaves_what_is_offered(practice: Practice) -> None:
    practice.subscribe("tarif")
    practice.run()
    practice.subscriptions.remove("tarif")
    practice.run()
    assert practice.states() == {"tarif 1.4.002": "offered"}
    assert len(practice.files()) == 1


def test_refused_rows_are_told_once(practice: Practice, demo: DemoPortal, clock: ManualClock) -> None:
    add_target(demo, "schlecht/1.0.0/bill.pdf.exe", {"element": "schlecht"}, clock.now())
    practice.subscribe("tarif")
    assert practice.run().skipped == {"refused": 1}
    assert practice.context.reasons == ["wrong_field", "downloaded"]
    practice.run()
    assert practice.context.reasons == []


def test_a_file_above_the_limit_is_not_fetched(practice: Practice, server: FaultyPortal) -> None:
    practice.subscribe("update")
    practice.limits = TransferLimits(reserve=0, most_bytes=30 * KB)
    result = practice.run()
    assert practice.context.reasons == ["too_large"]
    assert result.rest is None  # another attempt would meet the same
    assert not any("update" in path for path in server.sent)


def test_only_some_files_are_on_their_way_at_once(practice: Practice, demo: DemoPortal, server: FaultyPortal, clock: ManualClock) -> None:
    for number in range(6):
        target = {"element": f"e{number}", "title": "E", "area": "A", "heading": "H", "version": "1.0.0", "released": "2026-11-01"}
        content = bytes(KB)
        add_target(demo, f"e{number}/1.0.0/e.zip", target, clock.now(), content=content)
        digest = hashlib.sha256(content).hexdigest()
        (demo.repository / "targets" / f"e{number}" / "1.0.0").mkdir(parents=True)
        (demo.repository / "targets" / f"e{number}" / "1.0.0" / f"{digest}.e.zip").write_bytes(content)
    lock, now, most = threading.Lock(), 0, 0

    def count(handler: FaultyPortalHandler, request: Request) -> bool:
        nonlocal now, most
        file = handler.file_of(request.path)
        if file is None or not request.path.startswith("/targets/"):
            return False
        with lock:
            now += 1
            most = max(most, now)
        handler.send_file(file, request)
        with lock:
            now -= 1
        return True

    server.fault = count
    practice.subscribe(*(f"e{number}" for number in range(6)))
    assert practice.run().counts["downloaded"] == 6
    assert 1 <= most <= PARALLEL


@pytest.mark.parametrize("shared", [True, False])
def test_one_downloads_and_all_see_it(practice: Practice, server: FaultyPortal, tmp_path: Path, shared: bool) -> None:
    folder = practice.library.folder if shared else tmp_path / "folder of the other"
    other = Practice(folder, practice.database, practice.portal, practice.web, practice.clock, "PC2")
    practice.subscribe("tarif")
    practice.run()
    assert other.states() == {"tarif 1.4.002": "offered"}
    assert other.library.is_present(other.download("tarif", "1.4.002").signed) == shared
    fetched = server.bytes_of(next(path for path in server.sent if "tarif" in path))
    other.run()
    assert other.files() == {TARIF}
    assert server.bytes_of(next(path for path in server.sent if "tarif" in path)) == fetched * (1 if shared else 2)
    assert practice.run().skipped == {"up_to_date": 1}


def test_another_workstation_that_is_still_fetching_is_left_in_peace(practice: Practice) -> None:
    practice.subscribe("tarif")
    version = practice.portal.refresh().elements["tarif"][0]
    with taken(practice.library.place_of(version), version.size, version.hashes):
        result = practice.run()
    assert (result.counts["failed"], practice.context.reasons) == (1, ["busy"])
    assert practice.run().counts["downloaded"] == 1


def test_a_run_ends_after_two_hours_and_leaves_the_part_to_the_next(practice: Practice, server: FaultyPortal, clock: ManualClock) -> None:
    released = threading.Event()

    def send_half(handler: FaultyPortalHandler, request: Request) -> bool:
        if not request.path.endswith(".msi"):
            return False
        handler.send_head(200, 40 * KB)
        handler.wfile.write(bytes(20 * KB))
        released.wait(20)
        return True

    def pass_two_hours() -> None:
        if any(part.stat().st_size == 20 * KB for part in practice.library.folder.rglob("*.part")):
            clock.advance(timedelta(hours=2))

    practice.subscribe("update")
    server.fault = send_half
    result = practice.run(TrialContext(at_checkpoint=pass_two_hours))
    released.set()
    assert result.rest is not None
    assert result.rest.reason == "run_over"
    assert practice.files() == {f"{UPDATE}.part", f"{UPDATE}.resume"}
    (told,) = practice.context.activities
    assert told.level is Level.WARNING
    assert "nach 2 Stunden" in told.sentence
    assert practice.states() == {"update 2.69.001": "new"}


def test_documents_and_archives_are_marked_as_downloaded_and_installers_are_not(
    practice: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    marked: list[str] = []
    monkeypatch.setattr("tray_agent.downloads.partial.files.mark_as_downloaded", lambda file: marked.append(file.name))
    practice.subscribe("update", "tarif", "handbuch")
    practice.run()
    assert sorted(marked) == ["handbuch-1.0.000.txt.part", "tarif-1.4.002.zip.part"]
    monkeypatch.undo()
    for name in practice.files():  # what is marked is still what was signed, also for the next look
        assert (practice.library.folder / name).is_file()
    assert practice.run().skipped == {"up_to_date": 3}


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows keeps such marks")
def test_a_mark_of_the_web_is_a_stream_beside_the_content(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(b"content")
    mark_as_downloaded(file)
    assert "ZoneId=3" in Path(f"{file}:Zone.Identifier").read_text(encoding="ascii")
    assert file.read_bytes() == b"content"
