"""The vendor's side: what is described is signed and served, what a client would refuse is not published."""

from __future__ import annotations

import stat
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root, Targets, Timestamp

from tests.downloads.conftest import ELEMENTS
from tests.downloads.forging import newest
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import DemoPortal, make_portal, publish_version
from tray_agent.downloads.errors import PublishError
from tray_agent.downloads.portal import Portal
from tray_agent.downloads.publish import publish, refresh
from tray_agent.downloads.signing_keys import SigningKeys


def state(demo: DemoPortal) -> dict[str, bytes]:
    """Returns everything that a client could see."""
    return {file.relative_to(demo.repository).as_posix(): file.read_bytes() for file in demo.repository.rglob("*") if file.is_file()}


def files_of(demo: DemoPortal) -> set[str]:
    """Returns the files that are offered; their hashes are in their names."""
    return {path for path in state(demo) if path.startswith("targets/")}


def edit(demo: DemoPortal, old: str, new: str) -> None:
    file = demo.source / "portal.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_same_files_are_made_every_time(tmp_path: Path, clock: ManualClock) -> None:
    one, other = make_portal(tmp_path / "1", clock.now(), ELEMENTS), make_portal(tmp_path / "2", clock.now(), ELEMENTS)
    assert sorted(path for path in state(one) if path.startswith("targets/")) == sorted(
        path for path in state(other) if path.startswith("targets/")
    )


def test_a_portal_that_is_there_is_only_signed_anew(demo: DemoPortal, clock: ManualClock) -> None:
    before = state(demo)
    clock.advance(timedelta(days=1))
    make_portal(demo.folder, clock.now(), ELEMENTS)
    assert {path for path, content in state(demo).items() if before.get(path) != content} == {"metadata/timestamp.json"}


def test_files_are_named_by_their_hash_and_kept_for_running_downloads(demo: DemoPortal, clock: ManualClock) -> None:
    before = files_of(demo)
    (demo.source / "tarif-1.4.002.zip").write_bytes(b"corrected")
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert before < files_of(demo)


def test_roles_expire_as_described(demo: DemoPortal, clock: ManualClock) -> None:
    edit(demo, "areas =", "lifetimes = {root = 400, targets = 100, snapshot = 20, timestamp = 3}\nareas =")
    publish(demo.source, demo.repository, demo.keys, clock.now())
    timestamp = Metadata[Timestamp].from_file(str(demo.repository / "metadata" / "timestamp.json")).signed
    assert timestamp.expires - clock.now() == timedelta(days=3)
    assert newest(demo.repository, "snapshot").signed.expires - clock.now() == timedelta(days=20)
    assert newest(demo.repository, "targets").signed.expires - clock.now() == timedelta(days=100)
    clock.advance(timedelta(days=1))
    assert refresh(demo.repository, demo.keys, clock.now()).expires - clock.now() == timedelta(days=3)


def test_a_year_of_refreshing_keeps_the_portal_alive(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    for _week in range(52):
        clock.advance(timedelta(days=6))
        refresh(demo.repository, demo.keys, clock.now())
        assert len(portal.refresh().elements) == 3


def test_the_timestamps_key_alone_is_enough_for_a_while(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    for role in ("root", "targets", "snapshot"):
        (demo.folder / "keys" / f"{role}.pem").unlink()
    for _time in range(4):
        clock.advance(timedelta(days=6))
        refresh(demo.repository, demo.keys, clock.now())
        assert portal.refresh().number == 1
    clock.advance(timedelta(days=6))
    with pytest.raises(PublishError, match="snapshot"):
        refresh(demo.repository, demo.keys, clock.now())


def test_a_root_that_ages_is_renewed(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    clock.advance(timedelta(days=200))
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert newest(demo.repository, "root").signed.version == 2
    assert portal.refresh().number == 2


def test_a_lost_key_is_replaced_by_the_roots_key(demo: DemoPortal, clock: ManualClock) -> None:
    old = Metadata[Root].from_file(str(demo.root_file)).signed.roles["targets"].keyids
    (demo.folder / "keys" / "targets.pem").unlink()
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert newest(demo.repository, "root").signed.roles["targets"].keyids != old


def test_keys_are_readable_by_their_owner_only_and_not_overwritten(demo: DemoPortal) -> None:
    for role in ("root", "targets", "snapshot", "timestamp"):
        file = demo.folder / "keys" / f"{role}.pem"
        assert sys.platform == "win32" or stat.S_IMODE(file.stat().st_mode) == 0o600
        with pytest.raises(PublishError):
            demo.keys.make(role)
    assert not any("keys" in path or path.endswith(".pem") for path in state(demo))


def test_keys_are_encrypted_with_the_passphrase(tmp_path: Path) -> None:
    made = SigningKeys(tmp_path / "keys", "geheim").make("root")
    assert b"ENCRYPTED" in (tmp_path / "keys" / "root.pem").read_bytes()
    assert SigningKeys(tmp_path / "keys", "geheim").load("root").public_key == made.public_key
    for wrong in ("anders", None):
        with pytest.raises(PublishError):
            SigningKeys(tmp_path / "keys", wrong).load("root")


WRONG = {
    "no toml": ("areas =", "areas ="),
    "unknown field": ("areas =", 'colour = "blue"\nareas ='),
    "no version": ('version = "2.69.001"', 'version = "neu"'),
    "no such file": ('file = "update-2.69.001.msi"', 'file = "missing.msi"'),
    "unsafe key": ('key = "update"', 'key = "../update"'),
    "twice": ('version = "2.68.014"', 'version = "2.69.001"'),
    "wrong type": ("restart = true", 'restart = "ja"'),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_client_would_refuse_is_not_published(demo: DemoPortal, clock: ManualClock, name: str) -> None:
    before = state(demo)
    if name == "no toml":
        (demo.source / "portal.toml").write_text("areas = [", encoding="utf-8")
    else:
        edit(demo, *WRONG[name])
    with pytest.raises(PublishError) as caught:
        publish(demo.source, demo.repository, demo.keys, clock.now())
    assert "\n" not in caught.value.title
    assert caught.value.advice
    assert state(demo) == before


def test_a_missing_root_key_is_told(demo: DemoPortal, clock: ManualClock) -> None:
    (demo.folder / "keys" / "root.pem").unlink()
    (demo.folder / "keys" / "targets.pem").unlink()
    with pytest.raises(PublishError, match=r"root\.pem"):
        publish(demo.source, demo.repository, demo.keys, clock.now())


def test_another_portals_keys_are_refused(demo: DemoPortal, tmp_path: Path, clock: ManualClock) -> None:
    other = make_portal(tmp_path / "other", clock.now(), ELEMENTS)
    before = state(demo)
    with pytest.raises(PublishError, match="gehört nicht zu diesem Portal"):
        publish(demo.source, demo.repository, other.keys, clock.now())
    assert {path for path in state(demo) if path.startswith("metadata/")} == {path for path in before if path.startswith("metadata/")}


def test_there_is_nothing_to_refresh_before_the_first_publication(tmp_path: Path, clock: ManualClock) -> None:
    with pytest.raises(PublishError, match="noch kein Portal"):
        refresh(tmp_path / "nothing", SigningKeys(tmp_path / "keys"), clock.now())


def test_a_newer_version_moves_the_older_one_to_the_history(demo: DemoPortal, clock: ManualClock) -> None:
    publish_version(demo, "handbuch", "1.0.001", 100, clock.now())
    targets: Targets = newest(demo.repository, "targets").signed
    areas = {
        target.custom["version"]: target.custom["area"] for target in targets.targets.values() if target.custom["element"] == "handbuch"
    }
    assert areas == {"1.0.001": "Neue Downloads", "1.0.000": "Download-History"}
