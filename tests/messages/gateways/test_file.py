"""The file gateway: whole lines, several writers, disks that are full."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.messages.gateways.conftest import sms
from tray_agent.clock import ManualClock
from tray_agent.messages.gateways import file as module
from tray_agent.messages.gateways.contract import Accepted, GatewayUnavailableError, InDoubt, NotNow
from tray_agent.messages.gateways.file import FileSmsGateway
from tray_agent.platforms.locks import LockedError

WRITER = """
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tray_agent.clock import SystemClock
from tray_agent.messages.gateways.contract import Accepted, OutgoingSms
from tray_agent.messages.gateways.file import FileSmsGateway
gateway = FileSmsGateway(Path(sys.argv[1]), "praxis", SystemClock())
for number in range(50):
    assert gateway.submit(OutgoingSms(f"{sys.argv[2]}-{number}", "+41791234567", "Praxis", "x" * 500)) == Accepted()
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ausgang" / "sms.jsonl"


@pytest.fixture
def gateway(file: Path, clock: ManualClock) -> FileSmsGateway:
    return FileSmsGateway(file, "praxis", clock)


def test_a_line_holds_the_whole_message(gateway: FileSmsGateway, file: Path) -> None:
    gateway.submit(sms("m1", text="Grüezi\n«Anna»"))
    assert json.loads(file.read_text("utf-8")) == {
        "at": "2026-11-23T09:00:00+00:00",
        "account": "praxis",
        "reference": "m1",
        "recipient": "+41791234567",
        "originator": "Praxis",
        "text": "Grüezi\n«Anna»",
    }


def test_another_process_reads_what_was_written(gateway: FileSmsGateway, file: Path, clock: ManualClock) -> None:
    gateway.submit(sms("m1"))
    assert set(FileSmsGateway(file, "praxis", clock).inquire(["m1", "m2"])) == {"m1"}


def test_several_processes_write_whole_lines(file: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(file), f"w{number}"]) for number in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert {line["reference"] for line in lines} == {f"w{writer}-{number}" for writer in range(3) for number in range(50)}
    assert len(lines) == 150


def test_half_a_line_of_a_crash_counts_as_not_written(gateway: FileSmsGateway, file: Path) -> None:
    gateway.submit(sms("m1"))
    with file.open("ab") as opened:
        opened.write(b'{"reference": "m2", "text": "abgebro')
    assert gateway.submit(sms("m3")) == Accepted()
    assert set(gateway.inquire(["m1", "m2", "m3"])) == {"m1", "m3"}


def test_a_file_that_can_not_be_opened_is_not_now(gateway: FileSmsGateway, file: Path) -> None:
    file.mkdir(parents=True)
    assert isinstance(gateway.submit(sms()), NotNow)
    with pytest.raises(GatewayUnavailableError):
        gateway.inquire(["m1"])


def test_who_finds_the_file_locked_waits_for_it(gateway: FileSmsGateway, file: Path, clock: ManualClock) -> None:
    file.parent.mkdir()
    with module._only_one(file.with_suffix(".lock"), clock):
        began = clock.monotonic()
        assert isinstance(gateway.submit(sms("m1")), NotNow)
        assert module.LOCK_SECONDS <= clock.monotonic() - began < module.LOCK_SECONDS + 1
    assert gateway.submit(sms("m1")) == Accepted()
    assert len(file.read_text("utf-8").splitlines()) == 1


def test_a_lock_that_comes_free_is_taken_at_once(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[float] = []

    @contextmanager
    def taken_later(_file: Path) -> Iterator[None]:
        tries.append(clock.monotonic())
        if len(tries) < 4:
            raise LockedError
        yield

    monkeypatch.setattr(module, "locked", taken_later)
    with module._only_one(tmp_path / "sms.lock", clock):
        assert len(tries) == 4
        assert clock.monotonic() < 1


class Disk:
    """A file on a disk with little room."""

    def __init__(self, room: int, *, breaks: bool = False) -> None:
        self.content = b"{}\n"
        self._room = room
        self._breaks = breaks

    def seek(self, _offset: int, _whence: int = 0) -> int:
        return len(self.content)

    def read(self, _size: int) -> bytes:
        return self.content[-1:]

    def write(self, line: bytes) -> int:
        self.content += line[: self._room]
        if self._breaks:
            raise OSError(28, "No space left on device")
        return min(len(line), self._room)

    def truncate(self, size: int) -> None:
        self.content = self.content[:size]

    def fileno(self) -> int:
        return 0


def test_a_full_disk_leaves_no_half_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _file: None)
    full = Disk(5)
    assert isinstance(module._append(full, b'{"reference": "m1"}\n'), NotNow)  # type: ignore[arg-type] # a double
    assert full.content == b"{}\n"
    assert isinstance(module._append(Disk(5, breaks=True), b'{"reference": "m1"}\n'), InDoubt)  # type: ignore[arg-type] # a double
