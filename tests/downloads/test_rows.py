"""Rows and subscriptions on every engine: changed by compare-and-set, seen by all workstations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.downloads.test_rules import offered
from tray_agent.clock import ManualClock
from tray_agent.downloads.download_rows import DownloadRows, Subscriptions
from tray_agent.downloads.model import Download, DownloadState, ElementVersion, OnWorkstation, Scope, Version
from tray_agent.store.database import Database


@pytest.fixture
def rows(clocked_database: Database) -> DownloadRows:
    return DownloadRows(clocked_database, "PC1")


@pytest.fixture
def store(clocked_database: Database) -> Database:
    return clocked_database


VERSION = replace(
    offered("update", "2.69.001"),
    title="Mise à jour «Été» 🩺", scope=Scope.PRACTICE, software=Version(2, 69, 1),
    notes="Zeile 1\nZeile 2", size=5_000_000_000, restart=True, needs=Version(2, 68, 0),
    hashes=(("sha256", "a" * 64), ("sha512", "b" * 128)),
)  # fmt: skip


def want(store: Database, rows: DownloadRows, *versions: ElementVersion) -> None:
    for version in versions:
        store.transact(lambda connection, version=version: rows.want(connection, version))  # type: ignore[misc] # bound early


def offer(store: Database, rows: DownloadRows, version: ElementVersion) -> bool:
    return store.transact(lambda connection: rows.offer(connection, version, 77))


def hand_over(store: Database, rows: DownloadRows, download: Download, installed: DownloadState | None) -> bool:
    return store.transact(lambda connection: rows.hand_over(connection, download.signed, installed, "Anna", 0))


def states(rows: DownloadRows) -> dict[str, str]:
    return {str(row.signed.version): row.state.value for row in rows.all()}


def test_a_row_comes_back_as_it_was_signed(store: Database, rows: DownloadRows, clock: ManualClock) -> None:
    want(store, rows, VERSION)
    assert offer(store, rows, VERSION)
    (row,) = rows.all()
    for name in (
        "element",
        "version",
        "title",
        "notes",
        "size",
        "restart",
        "needs",
        "kind",
        "scope",
        "software",
        "released",
        "hashes",
        "target",
        "file_name",
    ):
        assert getattr(row.signed, name) == getattr(VERSION, name), name
    assert (row.state, row.for_all, row.changed_by) == (DownloadState.OFFERED, DownloadState.OFFERED, "PC1")
    assert row.here == OnWorkstation("PC1", 77, clock.now(), None, None, clock.now(), "PC1")


def test_offering_supersedes_what_is_older_but_not_what_is_installed(store: Database, rows: DownloadRows) -> None:
    versions = [offered("update", f"2.69.00{revision}") for revision in (1, 2, 3)]
    want(store, rows, *versions)
    for version in versions[:2]:
        offer(store, rows, version)
    installed = next(row for row in rows.all() if str(row.signed.version) == "2.69.001")
    assert hand_over(store, rows, installed, DownloadState.INSTALLED)
    offer(store, rows, versions[2])
    assert states(rows) == {"2.69.003": "offered", "2.69.002": "superseded", "2.69.001": "installed"}


def test_installing_supersedes_all_that_is_older(store: Database, rows: DownloadRows) -> None:
    versions = [offered("update", "2.69.001"), offered("update", "2.69.002"), offered("tarif", "1.0.000")]
    want(store, rows, *versions)
    for version in versions:
        offer(store, rows, version)
    newest = next(row for row in rows.all() if str(row.signed.version) == "2.69.002")
    assert hand_over(store, rows, newest, DownloadState.INSTALLED)
    assert states(rows) == {"1.0.000": "offered", "2.69.002": "installed", "2.69.001": "superseded"}


def test_what_one_workstation_installs_waits_on_the_others(store: Database, rows: DownloadRows) -> None:
    other = DownloadRows(store, "PC2")
    older, newer = offered("update", "2.69.001"), offered("update", "2.69.002")
    want(store, rows, older)
    offer(store, rows, older)
    assert hand_over(store, other, other.all()[0], DownloadState.INSTALLED)
    want(store, rows, newer)
    offer(store, rows, newer)
    assert hand_over(store, rows, rows.all()[0], DownloadState.INSTALLED)
    assert states(rows) == {"2.69.002": "installed", "2.69.001": "superseded"}
    assert states(other) == {"2.69.002": "offered", "2.69.001": "installed"}
    assert states(DownloadRows(store, "PC3")) == {"2.69.002": "offered", "2.69.001": "superseded"}
    (first, _second) = other.all()
    assert [(place.workstation, place.installed) for place in first.everywhere] == [("PC1", DownloadState.INSTALLED)]


def test_what_counts_for_the_practice_is_installed_for_all(store: Database, rows: DownloadRows) -> None:
    version = replace(offered("tarif", "1.0.000"), scope=Scope.PRACTICE)
    want(store, rows, version)
    offer(store, rows, version)
    hand_over(store, rows, rows.all()[0], DownloadState.INSTALLED)
    (seen,) = DownloadRows(store, "PC2").all()
    assert (seen.state, seen.changed_by, seen.should_be_here) == (DownloadState.INSTALLED, "Anna", False)


def test_who_goes_back_to_an_older_version_wanted_that(store: Database, rows: DownloadRows, clock: ManualClock) -> None:
    versions = [offered("update", "2.69.001"), offered("update", "2.69.002")]
    want(store, rows, *versions)
    for version in versions:
        offer(store, rows, version)
    newer, older = rows.all()
    hand_over(store, rows, newer, DownloadState.INSTALLED)
    assert states(rows)["2.69.001"] == "superseded"
    clock.advance(timedelta(minutes=1))
    hand_over(store, rows, older, DownloadState.INSTALLED)
    assert states(rows) == {"2.69.002": "installed", "2.69.001": "installed"}


def test_what_is_known_of_a_file_is_each_workstations_own(store: Database, rows: DownloadRows) -> None:
    other = DownloadRows(store, "PC2")
    want(store, rows, VERSION)
    offer(store, rows, VERSION)
    assert store.transact(lambda connection: other.note_file(connection, VERSION, 88))
    assert store.transact(lambda connection: rows.note_file(connection, VERSION, None))
    (seen,) = other.all()
    assert [(place.workstation, place.file_time) for place in seen.everywhere] == [("PC2", 88), ("PC1", None)]
    assert (seen.was_here, rows.all()[0].was_here) == (True, False)


def test_another_file_under_the_same_version_is_on_no_workstation(store: Database, rows: DownloadRows) -> None:
    other = DownloadRows(store, "PC2")
    want(store, rows, VERSION)
    offer(store, rows, VERSION)
    hand_over(store, other, other.all()[0], DownloadState.INSTALLED)
    want(store, rows, VERSION)  # the same file once more: what was installed is
    assert states(other) == {"2.69.001": "installed"}
    corrected = replace(VERSION, hashes=(("sha256", "c" * 64),))
    want(store, rows, corrected)
    assert (states(other), other.all()[0].everywhere) == ({"2.69.001": "new"}, ())
    assert not store.transact(lambda connection: other.note_file(connection, VERSION, 88))
    assert not hand_over(store, other, replace(other.all()[0], signed=VERSION), DownloadState.INSTALLED)


def test_what_the_practice_has_forgotten_is_left_over_on_the_others(store: Database, rows: DownloadRows) -> None:
    other = DownloadRows(store, "PC2")
    want(store, rows, VERSION)
    offer(store, rows, VERSION)
    store.transact(lambda connection: other.note_file(connection, VERSION, 88))
    assert other.left_over() == ()
    store.transact(lambda connection: rows.remove(connection, VERSION))
    assert (rows.left_over(), other.left_over()) == ((), (VERSION.key,))
    store.transact(lambda connection: other.forget_here(connection, VERSION.key))
    assert other.left_over() == ()


def test_what_is_not_offered_cannot_be_started(store: Database, rows: DownloadRows) -> None:
    want(store, rows, VERSION)
    (row,) = rows.all()
    assert not hand_over(store, rows, row, DownloadState.STARTED)
    assert states(rows) == {"2.69.001": "new"}


def test_what_was_taken_back_meanwhile_is_not_offered(store: Database, rows: DownloadRows) -> None:
    assert not offer(store, rows, VERSION)
    want(store, rows, VERSION)
    assert offer(store, rows, VERSION)
    assert not offer(store, rows, VERSION)


def test_wanting_again_takes_over_what_is_signed_now(store: Database, rows: DownloadRows) -> None:
    want(store, rows, VERSION)
    offer(store, rows, VERSION)
    want(store, rows, replace(VERSION, hashes=(("sha256", "c" * 64),), size=7))
    (row,) = rows.all()
    assert (row.state, row.signed.hashes, row.signed.size, row.verified_at) == (DownloadState.NEW, (("sha256", "c" * 64),), 7, None)


def test_a_removed_row_leaves_nothing(store: Database, rows: DownloadRows) -> None:
    want(store, rows, VERSION)
    store.transact(lambda connection: rows.remove(connection, VERSION))
    assert rows.all() == ()


def test_versions_are_sorted_by_number(store: Database, rows: DownloadRows) -> None:
    want(store, rows, *(offered("update", version) for version in ("2.69.009", "2.69.010", "10.0.000", "2.100.000")))
    assert [str(row.signed.version) for row in rows.all()] == ["10.0.000", "2.100.000", "2.69.010", "2.69.009"]


def test_a_failed_change_leaves_everything(store: Database, rows: DownloadRows) -> None:
    want(store, rows, VERSION)

    def fail(connection: object) -> None:
        rows.offer(connection, VERSION, 1)  # type: ignore[arg-type] # a connection
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.transact(fail)
    assert states(rows) == {"2.69.001": "new"}


def test_subscriptions_are_practice_wide_and_kept_once(store: Database, clock: ManualClock) -> None:
    mine, other = Subscriptions(store), Subscriptions(store)
    assert mine.add("update", "Update «Été»", Version(2, 69, 1), "Anna@PC1")
    assert not other.add("update", "Anders", None, "Beat@PC2")
    (found,) = other.all()
    assert (found.element, found.title, found.baseline, found.subscribed_at, found.subscribed_by) == (
        "update", "Update «Été»", Version(2, 69, 1), clock.now(), "Anna@PC1",
    )  # fmt: skip
    assert other.remove("update")
    assert not mine.remove("update")
    assert mine.all() == ()
