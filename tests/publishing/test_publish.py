"""The vendor's side: what is described is signed and served, what a client would refuse is not published."""

from __future__ import annotations

import stat
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from tuf.api.metadata import Metadata, Root, Targets, Timestamp

from publishing.errors import PublishError
from publishing.publish import publish, refresh, rotate
from publishing.signing_keys import SigningKeys
from tests.downloads.conftest import ELEMENTS
from tests.downloads.forging import newest
from tests.downloads.vendor import publish_version
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import DemoPortal, make_portal
from tray_agent.downloads.errors import PortalUntrustedError
from tray_agent.downloads.model import Scope
from tray_agent.downloads.portal import Portal


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


def test_what_an_installation_counts_for_is_signed(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    edit(demo, 'title = "Tarif"', 'title = "Tarif"\nscope = "workstation"')
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert portal.refresh().elements["tarif"][0].scope is Scope.WORKSTATION
    edit(demo, 'scope = "workstation"', 'scope = "user"')
    with pytest.raises(PublishError, match="scope"):
        publish(demo.source, demo.repository, demo.keys, clock.now())


def test_a_portal_that_is_there_is_only_signed_anew(demo: DemoPortal, clock: ManualClock) -> None:
    before = state(demo)
    clock.advance(timedelta(days=1))
    make_portal(demo.folder, clock.now(), ELEMENTS)
    assert {path for path, content in state(demo).items() if before.get(path) != content} == {"metadata/timestamp.json"}


def test_files_are_named_by_their_hash_and_kept_for_running_downloads(demo: DemoPortal, clock: ManualClock) -> None:
    before = files_of(demo)
    (demo.source / "tarif-1.4.002.zip").write_bytes(b"corrected")
    with pytest.raises(PublishError, match=r"Version 1\.4\.002 von «Tarif» wurde schon mit einem anderen Inhalt"):
        publish(demo.source, demo.repository, demo.keys, clock.now())
    assert files_of(demo) == before
    publish(demo.source, demo.repository, demo.keys, clock.now(), replace=True)
    assert before < files_of(demo)


def test_a_withdrawn_version_does_not_come_back_with_another_content(demo: DemoPortal, clock: ManualClock) -> None:
    file, described = demo.source / "portal.toml", (demo.source / "portal.toml").read_text(encoding="utf-8")
    file.write_text(described[: described.index("[[element]]")], encoding="utf-8")
    assert publish(demo.source, demo.repository, demo.keys, clock.now()).versions == 0
    file.write_text(described, encoding="utf-8")
    (demo.source / "tarif-1.4.002.zip").write_bytes(b"other")
    with pytest.raises(PublishError, match="Tarif"):
        publish(demo.source, demo.repository, demo.keys, clock.now())


def test_roles_expire_as_described(demo: DemoPortal, clock: ManualClock) -> None:
    edit(demo, "areas =", "lifetimes = {root = 400, targets = 100, snapshot = 20, timestamp = 3}\nareas =")
    publish(demo.source, demo.repository, demo.keys, clock.now())
    timestamp = Metadata[Timestamp].from_file(str(demo.repository / "metadata" / "timestamp.json")).signed
    assert timestamp.expires - clock.now() == timedelta(days=3)
    assert newest(demo.repository, "snapshot").signed.expires - clock.now() == timedelta(days=20)
    assert newest(demo.repository, "targets").signed.expires - clock.now() == timedelta(days=100)
    clock.advance(timedelta(days=1))
    assert dict(refresh(demo.repository, demo.keys, clock.now()).expiries)["timestamp"] - clock.now() == timedelta(days=3)


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
        content = file.read_bytes()
        demo.keys.make(role)
        assert file.read_bytes() == content
    assert not any("keys" in path or path.endswith(".pem") for path in state(demo))


def test_keys_are_encrypted_with_the_passphrase(tmp_path: Path) -> None:
    made = SigningKeys(tmp_path / "keys", "geheim").make("root")[0]
    assert b"ENCRYPTED" in (tmp_path / "keys" / "root.pem").read_bytes()
    assert SigningKeys(tmp_path / "keys", "geheim").of("root")[0].public_key == made.public_key
    for wrong in ("anders", None):
        with pytest.raises(PublishError, match="Passphrase fehlt oder passt nicht"):
            SigningKeys(tmp_path / "keys", wrong).of("root")


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


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("areas =", 'colour = "blue"\nareas =', "colour: diese Angabe gibt es nicht"),
        ("restart = true", 'restart = "ja"', "element 1, version 1, restart: weder true noch false"),
        ('title = "Tarif"\n', "", "element 2, title: fehlt"),
        ('version = "2.68.014"', "version = 2.68", "element 1, version 2, version: kein Text in Anführungszeichen"),
        ("areas =", "areas = [\nareas =", "Zeile"),
        ('file = "update-2.69.001.msi"', 'file = "update-2.69.001.msi.bat"', "nicht erlaubt (Endung)"),
        ('key = "update"', 'key = "Update"', "Feld «element»"),
    ],
)
def test_what_is_wrong_with_the_description_is_said_in_words(demo: DemoPortal, clock: ManualClock, old: str, new: str, said: str) -> None:
    (demo.source / "update-2.69.001.msi.bat").write_bytes(b"x")
    edit(demo, old, new)
    with pytest.raises(PublishError) as caught:
        publish(demo.source, demo.repository, demo.keys, clock.now())
    assert said in caught.value.message


def test_a_description_may_begin_with_a_byte_order_mark(demo: DemoPortal, clock: ManualClock) -> None:
    file = demo.source / "portal.toml"
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    assert publish(demo.source, demo.repository, demo.keys, clock.now()).number == 2


def test_a_missing_root_key_is_told(demo: DemoPortal, clock: ManualClock) -> None:
    (demo.folder / "keys" / "root.pem").unlink()
    (demo.folder / "keys" / "targets.pem").unlink()
    with pytest.raises(PublishError, match=r"«root» fehlt .* neues Portal"):
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


# Keys that change: seen by a practice that knows only the first root


@pytest.mark.parametrize("role", ["root", "targets", "snapshot", "timestamp"])
def test_new_keys_are_followed_from_the_first_root(demo: DemoPortal, portal: Portal, clock: ManualClock, role: str) -> None:
    assert portal.refresh().number == 1
    before = newest(demo.repository, "root").signed.roles[role].keyids
    for number in (2, 3):
        rotate(demo.repository, demo.keys, role, clock.now())
        assert newest(demo.repository, "root").signed.version == number
        assert len(portal.refresh().elements) == 3
    publish_version(demo, "tarif", "1.4.003", 100, clock.now())
    assert str(portal.refresh().elements["tarif"][0].version) == "1.4.003"
    after = newest(demo.repository, "root").signed.roles[role].keyids
    assert len(after) == 1
    assert after != before
    assert len(list((demo.folder / "keys").glob(f"{role}-*.pem.retired"))) == 2


def test_the_roots_new_key_is_vouched_for_by_the_old_one(demo: DemoPortal, clock: ManualClock) -> None:
    rotate(demo.repository, demo.keys, "root", clock.now())
    old, new = (Metadata[Root].from_file(str(demo.repository / "metadata" / f"{number}.root.json")) for number in (1, 2))
    assert set(new.signatures) == {*old.signed.roles["root"].keyids, *new.signed.roles["root"].keyids}


def test_between_the_writing_of_new_metadata_and_of_its_root_both_old_and_new_clients_go_on(
    demo: DemoPortal, portal: Portal, clock: ManualClock
) -> None:
    """A client that comes before the new root is there meets metadata that the old key has signed too."""
    rotate(demo.repository, demo.keys, "timestamp", clock.now())
    root = demo.repository / "metadata" / "2.root.json"
    content = root.read_bytes()
    root.unlink()
    assert len(portal.refresh().elements) == 3
    root.write_bytes(content)
    assert len(portal.refresh().elements) == 3


def test_several_keys_must_sign_together(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    rotate(demo.repository, demo.keys, "root", clock.now(), count=3, threshold=2)
    rotate(demo.repository, demo.keys, "targets", clock.now(), count=2, threshold=2)
    assert len(portal.refresh().elements) == 3
    one, two, three = sorted((demo.folder / "keys").glob("root*.pem"))
    three.unlink()
    rotate(demo.repository, demo.keys, "timestamp", clock.now())
    assert len(portal.refresh().elements) == 3
    two.unlink()
    before = state(demo)
    with pytest.raises(PublishError, match="2 müssen unterschreiben, 1 sind da"):
        rotate(demo.repository, demo.keys, "timestamp", clock.now())
    max((demo.folder / "keys").glob("targets*.pem")).unlink()
    with pytest.raises(PublishError, match="Für «targets» fehlen Schlüssel: 2 müssen unterschreiben, 1 sind da"):
        publish_version(demo, "tarif", "1.4.003", 100, clock.now())
    assert state(demo) == before
    assert one.exists()


@pytest.mark.parametrize(("count", "threshold"), [(1, 2), (2, 3)])
def test_a_threshold_that_can_never_be_reached_is_refused(demo: DemoPortal, clock: ManualClock, count: int, threshold: int) -> None:
    before = state(demo)
    with pytest.raises(PublishError, match="unterschreiben"):
        rotate(demo.repository, demo.keys, "root", clock.now(), count=count, threshold=threshold)
    assert state(demo) == before


@pytest.mark.parametrize("lost", ["targets", "snapshot", "timestamp"])
def test_a_lost_key_is_replaced_and_the_practices_follow(demo: DemoPortal, portal: Portal, clock: ManualClock, lost: str) -> None:
    portal.refresh()
    (demo.folder / "keys" / f"{lost}.pem").unlink()
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert portal.refresh().number == 2


def test_all_lost_keys_are_replaced_in_one_root(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    for role in ("targets", "snapshot", "timestamp"):
        (demo.folder / "keys" / f"{role}.pem").unlink()
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert newest(demo.repository, "root").signed.version == 2
    assert len(portal.refresh().elements) == 3


@pytest.mark.parametrize("expired", ["root", "targets", "snapshot", "timestamp"])
def test_what_has_expired_is_signed_again_or_told(demo: DemoPortal, portal: Portal, clock: ManualClock, expired: str) -> None:
    days = {"root": 366, "targets": 181, "snapshot": 31, "timestamp": 8}[expired]
    edit(
        demo,
        "areas =",
        "lifetimes = {" + ", ".join(f"{role} = 3000" for role in ("root", "targets", "snapshot", "timestamp")) + "}\nareas =",
    )
    edit(demo, f"{expired} = 3000", f"{expired} = {days - 1}")
    publish(demo.source, demo.repository, demo.keys, clock.now())
    if expired == "root":
        rotate(demo.repository, demo.keys, "root", clock.now())
    clock.advance(timedelta(days=days))
    with pytest.raises(PortalUntrustedError):
        portal.refresh()
    key = demo.folder / "keys" / f"{expired}.pem"
    key = key if key.exists() else key.with_stem(f"{expired}-2")
    content = key.read_bytes()
    key.unlink()
    with pytest.raises(PublishError, match=expired):
        refresh(demo.repository, demo.keys, clock.now())
    key.write_bytes(content)
    assert dict(refresh(demo.repository, demo.keys, clock.now()).expiries)[expired] > clock.now()
    assert len(portal.refresh().elements) == 3


def test_a_publication_that_broke_off_does_not_count(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    timestamp = demo.repository / "metadata" / "timestamp.json"
    content = timestamp.read_bytes()
    publish_version(demo, "tarif", "1.4.003", 100, clock.now())
    timestamp.write_bytes(content)
    refresh(demo.repository, demo.keys, clock.now())
    assert str(portal.refresh().elements["tarif"][0].version) == "1.4.002"
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert str(portal.refresh().elements["tarif"][0].version) == "1.4.003"


def test_elements_come_and_go(demo: DemoPortal, portal: Portal, clock: ManualClock) -> None:
    file, described = demo.source / "portal.toml", (demo.source / "portal.toml").read_text(encoding="utf-8")
    head, *elements = described.split("[[element]]")
    file.write_text("[[element]]".join([head, *elements[:1]]), encoding="utf-8")
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert list(portal.refresh().elements) == ["update"]
    file.write_text(described, encoding="utf-8")
    publish(demo.source, demo.repository, demo.keys, clock.now())
    assert list(portal.refresh().elements) == ["handbuch", "tarif", "update"]
