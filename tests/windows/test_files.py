"""Files held open by others, long paths, names with umlauts."""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import win32con
import win32file

from tray_agent.clock import ManualClock
from tray_agent.platforms import files
from tray_agent.platforms.errors import FileBusyError


class HeldOpen:
    """Another program's handle on a file, without sharing."""

    def __init__(self, file: Path) -> None:
        self._handle: Any = win32file.CreateFile(str(file), win32con.GENERIC_READ, 0, None, win32con.OPEN_EXISTING, 0, None)

    def release(self) -> None:
        win32file.CloseHandle(self._handle)


class ClockThatReleases(ManualClock):
    """Lets the other program close the file while somebody waits for it."""

    def __init__(self, held: HeldOpen) -> None:
        super().__init__(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
        self._held: HeldOpen | None = held

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if self._held is not None:
            self._held.release()
            self._held = None
        return super().wait(event, seconds)


def test_replacing_waits_for_the_other_program(tmp_path: Path) -> None:
    target = tmp_path / "Größe.txt"
    target.write_bytes(b"old")
    clock = ClockThatReleases(HeldOpen(target))
    files.write_whole(target, b"new", clock=clock)
    assert target.read_bytes() == b"new"
    assert clock.monotonic() == files.PAUSES[0]


def test_a_file_that_stays_held_is_told_and_left_as_it_is(tmp_path: Path, clock: ManualClock) -> None:
    target = tmp_path / "held.txt"
    target.write_bytes(b"old")
    held = HeldOpen(target)
    with pytest.raises(FileBusyError, match="Datei in Gebrauch"):
        files.write_whole(target, b"new", clock=clock)
    held.release()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]
    assert clock.monotonic() == pytest.approx(sum(files.PAUSES))


def test_removing_waits_too(tmp_path: Path) -> None:
    target = tmp_path / "held.txt"
    target.write_bytes(b"x")
    files.remove(target, clock=ClockThatReleases(HeldOpen(target)))
    assert not target.exists()


def test_paths_longer_than_260_characters_work(tmp_path: Path) -> None:
    folder = tmp_path
    for _part in range(4):
        folder /= "Übermässig lang " + "x" * 70
    Path(files.extended(folder)).mkdir(parents=True)
    target = folder / "Datei.txt"
    assert len(str(target)) > 300
    files.write_whole(target, b"1")
    files.write_whole(target, b"2")
    assert Path(files.extended(target)).read_bytes() == b"2"
    files.remove(target)
    assert not Path(files.extended(target)).exists()


def test_the_free_space_of_the_drive_is_known(tmp_path: Path) -> None:
    assert files.free_bytes(tmp_path / "not" / "there") > 1_000_000


def test_readers_that_share_nothing_never_lose_or_tear_a_file(tmp_path: Path) -> None:
    """Another program looks at the file again and again, as a virus scanner does: each write succeeds, each look is whole."""
    target = tmp_path / "Zähler ä.txt"
    files.write_whole(target, b"0" * 4096)
    seen: list[bytes] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            try:
                held = HeldOpen(target)
            except win32file.error:  # just then it is replaced
                continue
            seen.append(win32file.ReadFile(held._handle, 8192)[1])
            held.release()
            stop.wait(0.001)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        for number in range(1, 40):
            files.write_whole(target, str(number % 10).encode() * 4096)
    finally:
        stop.set()
        reader.join()
    assert target.read_bytes() == b"9" * 4096
    assert all(len(content) == 4096 and len(set(content)) == 1 for content in seen)
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", ["Bericht (1).txt", "ÄÖÜ äöü é ß €.txt", "100 %.txt", "a&b^c.txt", "日本.txt", "e\u0301.txt", "😀.txt"])
def test_names_that_people_give_files_work(tmp_path: Path, name: str) -> None:
    target = tmp_path / "Jörg Müller" / name
    target.parent.mkdir()
    files.write_whole(target, name.encode())
    assert [file.name for file in target.parent.iterdir()] == [name]
    files.remove(target)
    assert list(target.parent.iterdir()) == []
