"""Files replaced whole; the waiting for others, with errors as Windows gives them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tray_agent.clock import ManualClock
from tray_agent.platforms import files
from tray_agent.platforms.errors import FileBusyError


class SharingViolationError(OSError):
    """What Windows raises while another program holds a file open."""

    def __init__(self) -> None:
        super().__init__(13, "in use")
        self.winerror = 32


@pytest.fixture
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[OSError]:
    """Gives a list of errors, each raised once by the renaming of a file."""
    waiting: list[OSError] = []
    really = Path.replace

    def rename(source: Path, target: Path) -> Path:
        if waiting:
            raise waiting.pop(0)
        return really(source, target)

    monkeypatch.setattr(Path, "replace", rename)
    return waiting


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "Grüsse.txt"
    files.write_whole(target, b"old")
    files.write_whole(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_what_others_hold_open_is_tried_again(tmp_path: Path, clock: ManualClock, refusals: list[OSError]) -> None:
    refusals += [SharingViolationError(), SharingViolationError()]
    files.write_whole(tmp_path / "x", b"new", clock=clock)
    assert (tmp_path / "x").read_bytes() == b"new"
    assert clock.monotonic() == pytest.approx(sum(files.PAUSES[:2]))


def test_what_stays_held_is_told_and_the_old_content_stays(tmp_path: Path, clock: ManualClock, refusals: list[OSError]) -> None:
    target = tmp_path / "x"
    target.write_bytes(b"old")
    refusals += [SharingViolationError() for _pause in (*files.PAUSES, None)]
    with pytest.raises(FileBusyError) as told:
        files.write_whole(target, b"new", clock=clock)
    assert told.value.item == str(target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_other_faults_are_not_waited_for(tmp_path: Path, clock: ManualClock, refusals: list[OSError]) -> None:
    refusals.append(OSError(28, "no space left"))
    with pytest.raises(OSError, match="no space left"):
        files.write_whole(tmp_path / "x", b"new", clock=clock)
    assert clock.monotonic() == 0
    assert list(tmp_path.iterdir()) == []


def test_removing_what_is_not_there_is_no_fault(tmp_path: Path) -> None:
    files.remove(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("path", "extended"),
    [
        (r"C:\Users\Jörg Müller\a", r"\\?\C:\Users\Jörg Müller\a"),
        (r"\\server\Freigabe ä\a", r"\\?\UNC\server\Freigabe ä\a"),
        (r"\\?\C:\a", r"\\?\C:\a"),
        (r"\\?\UNC\server\share", r"\\?\UNC\server\share"),
        (r"\\.\pipe\a", r"\\.\pipe\a"),
    ],
)
def test_windows_paths_get_their_long_form(path: str, extended: str) -> None:
    assert files.extended_windows_path(path) == extended


def test_free_space_is_that_of_the_nearest_folder_that_exists(tmp_path: Path) -> None:
    assert files.free_bytes(tmp_path / "a" / "b") == pytest.approx(files.free_bytes(tmp_path), rel=0.1)
