"""Links that somebody puts into the shared download folder, at any moment: nothing of theirs is written, emptied or removed."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.downloads.workstation import Practice
from tests.support.portal import FaultyPortal
from tray_agent.clock import ManualClock
from tray_agent.downloads.errors import TransferError, TransferFault
from tray_agent.downloads.partial import NOTE, PART, taken
from tray_agent.downloads.transfer import Transfer, TransferCancelledError, TransferLimits, Wanted
from tray_agent.platforms.pinned import is_planted, open_plain
from tray_agent.web.client import Web

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="making links asks for rights there")

CONTENT = hashlib.shake_128(b"a file of the vendor").digest(8 * 1024)
HASHES = (("sha256", hashlib.sha256(CONTENT).hexdigest()),)
THEIRS = b"what only we may write"

_STEPS = frozenset({"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.listdir"})
_before_step: Callable[[], None] | None = None


def _hook(event: str, _arguments: tuple[object, ...]) -> None:
    if _before_step is not None and event in _STEPS:
        _before_step()


sys.addaudithook(_hook)


@contextmanager
def before_each_step(act: Callable[[int], None]) -> Iterator[None]:
    """Calls with the number of the step before each step that this thread asks the system for."""
    global _before_step  # noqa: PLW0603 - a hook of the interpreter can't be taken away again
    count, own, busy = iter(range(10_000)), threading.get_ident(), [False]

    def step() -> None:
        if threading.get_ident() == own and not busy[0]:
            busy[0] = True
            try:
                act(next(count))
            finally:
                busy[0] = False

    _before_step = step
    try:
        yield
    finally:
        _before_step = None


@contextmanager
def at_step(at: int, act: Callable[[], None]) -> Iterator[None]:
    """Acts before one of the steps."""
    with before_each_step(lambda number: act() if number == at else None):
        yield


class Shared:
    """A download folder that others may write to, and files of ours elsewhere that nobody may touch."""

    def __init__(self, folder: Path) -> None:
        self.downloads = folder / "downloads"
        self.destination = self.downloads / "update" / "2.69.001" / "file.bin"
        self.ours = folder / "ours"
        version = self.ours / "2.69.001"
        version.mkdir(parents=True)
        self.names = [version / name for name in ("file.bin", "file.bin" + PART, "file.bin" + NOTE)]
        for file in self.names:
            file.write_bytes(THEIRS)

    @property
    def is_untouched(self) -> bool:
        found = sorted(file for file in self.ours.rglob("*") if file.is_file())
        return found == sorted(self.names) and all(file.read_bytes() == THEIRS for file in found)

    def start_anew(self) -> None:
        if (self.downloads / "update").is_symlink():
            (self.downloads / "update").unlink()
        shutil.rmtree(self.downloads, ignore_errors=True)


def plant_file(suffix: str, link: Callable[[Path, Path], None]) -> Callable[[Shared], None]:
    def plant(shared: Shared) -> None:
        place = shared.destination.with_name("file.bin" + suffix)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        link(shared.ours / "2.69.001" / place.name, place)

    return plant


def plant_folder(depth: int) -> Callable[[Shared], None]:
    def plant(shared: Shared) -> None:
        place = shared.downloads / "update" if depth == 1 else shared.destination.parent
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.exists():
            place.rename(place.with_name("away"))
        place.symlink_to(shared.ours if depth == 1 else shared.ours / "2.69.001", target_is_directory=True)

    return plant


PLANTS = {
    "symbolic link for the partial file": plant_file(PART, lambda theirs, place: place.symlink_to(theirs)),
    "hard link for the partial file": plant_file(PART, os.link),
    "symbolic link for the note": plant_file(NOTE, lambda theirs, place: place.symlink_to(theirs)),
    "hard link for the note": plant_file(NOTE, os.link),
    "link for the element's folder": plant_folder(1),
    "link for the version's folder": plant_folder(2),
}


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(tmp_path)


@pytest.fixture
def fetch(shared: Shared, tmp_path: Path, web: Web, clock: ManualClock) -> Iterator[Callable[[], int]]:
    served = tmp_path / "served"
    served.mkdir()
    (served / "file.bin").write_bytes(CONTENT)
    with FaultyPortal(served) as server:
        wanted = Wanted(f"{server.address}/file.bin", "Update", len(CONTENT), HASHES, shared.destination, shared.downloads)
        yield lambda: Transfer(web, clock, TransferLimits(reserve=0, attempts=1)).fetch(wanted)


@pytest.mark.parametrize("plant", PLANTS)
def test_a_link_that_waits_in_the_folder_is_refused_with_a_sentence(shared: Shared, fetch: Callable[[], int], plant: str) -> None:
    PLANTS[plant](shared)
    with pytest.raises(TransferError) as caught:
        fetch()
    assert caught.value.fault is TransferFault.PLANTED
    assert "Verknüpfung" in caught.value.message
    assert shared.is_untouched


@pytest.mark.parametrize("plant", PLANTS)
def test_a_link_that_is_put_between_any_two_steps_leads_nowhere(shared: Shared, fetch: Callable[[], int], plant: str) -> None:
    steps = 0

    def count(number: int) -> None:
        nonlocal steps
        steps = number + 1

    with before_each_step(count):
        fetch()
    assert steps > 5
    for at in range(steps):
        shared.start_anew()
        with at_step(at, lambda: PLANTS[plant](shared)), suppress(TransferError):
            fetch()
        assert shared.is_untouched, f"before step {at}"


@pytest.mark.parametrize("plant", PLANTS)
def test_tidying_and_removing_lead_nowhere(shared: Shared, practice: Practice, plant: str) -> None:
    practice.subscribe("update")
    practice.run()
    (version,) = (download.signed for download in practice.rows.all())
    practice.library.folder = shared.downloads
    shared.destination = practice.library.place_of(version)
    shared.names = [file.rename(file.with_name(file.name.replace("file.bin", version.file_name))) for file in shared.names]
    plant_it = {
        "link for the element's folder": plant_folder(1),
        "link for the version's folder": plant_folder(2),
    }.get(plant)
    if plant_it is None:
        pytest.skip("removing a link removes no more than the link")
    plant_it(shared)
    practice.library.tidy(())
    for remove in (practice.library.remove, practice.library.remove_changed):
        with pytest.raises(OSError, match="symbolic") as caught:
            remove(version)
        assert is_planted(caught.value)
    with suppress(OSError):
        practice.library.remove_left_over(version.element, version.version)
    assert shared.is_untouched


def test_a_pipe_in_the_place_holds_nobody_up(tmp_path: Path) -> None:
    getattr(os, "mkfifo")(tmp_path / "pipe")  # noqa: B009 - Windows has none
    for write in (False, True):
        with pytest.raises(OSError, match="symbolic"):
            open_plain(tmp_path / "pipe", write=write)


def test_a_link_for_the_whole_download_folder_is_the_practices_own(shared: Shared, fetch: Callable[[], int], tmp_path: Path) -> None:
    (tmp_path / "large drive").mkdir()
    shared.downloads.symlink_to(tmp_path / "large drive", target_is_directory=True)
    fetch()
    assert shared.destination.read_bytes() == CONTENT


def test_a_cancelled_transfer_still_lets_go_of_the_folder(shared: Shared) -> None:
    with suppress(TransferCancelledError), taken(shared.destination, 1, HASHES, shared.downloads):
        raise TransferCancelledError
    assert not any(shared.destination.parent.iterdir())
