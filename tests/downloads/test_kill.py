"""Killed at random bytes, again and again: every file ends byte-identical, nothing is offered that was not verified."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from socket import SO_SNDBUF, SOL_SOCKET

import pytest

from tests.downloads.workstation import is_listed
from tests.support.portal import FaultyPortal, FaultyPortalHandler
from tray_agent.demo.portal import DemoElement, DemoPortal, make_portal
from tray_agent.demo.portal_server import Request
from tray_agent.downloads.download_rows import DownloadRows, Subscriptions
from tray_agent.downloads.library import Library
from tray_agent.downloads.model import Download, DownloadState
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PIECE = 16 * 1024
SIZE = 1_500_000
MOST_AT_ONCE = 128 * 1024
"""More than a process gets with one read, its receive buffer being small."""
ROOT = Path(__file__).resolve().parents[2]


class Trial:
    """One portal with several elements, and a workstation whose process is killed.

    A process is killed at a random byte, but not before every file that it began to fetch got on by more than one piece:
    only so can it be asked that no byte is fetched more than twice.
    """

    def __init__(self, folder: Path, seed: int, elements: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.demo: DemoPortal = make_portal(folder / "portal", NOW, tuple(_element(number, self.random) for number in range(elements)))
        self.server = FaultyPortal(self.demo.repository, fault=self._watch, piece=PIECE)
        self.url = f"sqlite:///{(folder / 'vitoclient.db').as_posix()}"
        self.library = Library(folder / "downloads")
        self.kills = 0
        self._kill_at: int | None = None
        self._sent = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._journal = folder / "none"
        self._prepare(elements)

    def run(self) -> None:
        """Kills the process until a run has ended well, and looks at the whole state after every kill."""
        with self.server:
            while self._run_once():
                self.kills += 1
                self.check_nothing_false_is_offered()

    def check_nothing_false_is_offered(self) -> None:
        """Checks that whatever stands in its place is genuine, and that what is offered stands in its place."""
        for download in self._rows():
            place = self.library.place_of(download.signed)
            assert not place.exists() or place.read_bytes() == self.original(download.signed.element), f"{place} is wrong"
            assert download.state is not DownloadState.OFFERED or place.exists(), f"{place} is offered and not here"

    def check_the_end(self) -> None:
        rows = self._rows()
        assert {row.state for row in rows} == {DownloadState.OFFERED}
        files = {file for file in self.library.folder.rglob("*") if is_listed(file)}
        assert files == {self.library.place_of(row.signed) for row in rows}
        fetched, stored = self._journalled("fetched", self._journals()), self._journalled("stored", self._journals())
        assert set(fetched) == {row.signed.file_name for row in rows}
        for name, ranges in fetched.items():
            assert _most_often(ranges) <= 2, f"a byte of {name} was fetched {_most_often(ranges)} times"
            assert _most_often(stored[name]) == 1, f"a byte of {name} was stored {_most_often(stored[name])} times"

    def original(self, element: str) -> bytes:
        return (self.demo.source / f"{element}-1.0.000.zip").read_bytes()

    def _run_once(self) -> bool:
        """Runs the process, to be killed after some random bytes more; returns whether it was killed."""
        self._kill_at = self._sent + self.random.randint(600_000, 1_500_000)
        self._journal = self.folder / f"{self.kills}.journal"
        arguments = (self.server.address, str(self.demo.root_file), str(self.folder), self.url, str(self._journal))
        command = [sys.executable, "-m", "tests.downloads.kill_child", *arguments]
        with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as process:
            self._process = process
            code = process.wait(60)
        with self._lock:
            killed, self._kill_at = self._kill_at is None, None
        assert killed or code == 0
        return killed

    def _watch(self, handler: FaultyPortalHandler, request: Request) -> bool:
        handler.connection.setsockopt(SOL_SOCKET, SO_SNDBUF, PIECE)
        count = handler.count

        def count_and_kill(path: str, start: int, stop: int) -> None:
            count(path, start, stop)
            self._note(stop - start)

        handler.count = count_and_kill  # type: ignore[method-assign] # of this connection only
        return False

    def _note(self, sent: int) -> None:
        with self._lock:
            self._sent += sent
            due = self._kill_at is not None and self._sent >= self._kill_at
            if due and self._process is not None and self._got_on():
                self._kill_at = None
                self._process.kill()

    def _got_on(self) -> bool:
        """Returns whether every file that this process began to fetch is here or got on by more than one piece."""
        stored = self._journalled("stored", [self._journal])
        names = set(self._journalled("fetched", [self._journal]))
        here = {file.name for file in self.library.folder.rglob("*.zip")}
        return all(name in here or sum(stop - start for start, stop in stored.get(name, [])) >= MOST_AT_ONCE for name in names)

    def _journals(self) -> list[Path]:
        return list(self.folder.glob("*.journal"))

    def _journalled(self, word: str, journals: list[Path]) -> dict[str, list[tuple[int, int]]]:
        ranges: dict[str, list[tuple[int, int]]] = {}
        for line in [line for file in journals if file.exists() for line in file.read_text().splitlines()]:
            kind, name, start, stop = line.split()
            if kind == word:
                ranges.setdefault(name, []).append((int(start), int(stop)))
        return ranges

    def _prepare(self, elements: int) -> None:
        with self._database() as database:
            upgrade(database)
            for number in range(elements):
                Subscriptions(database).add(f"element-{number}", f"Element {number}", None, "Anna")

    def _rows(self) -> list[Download]:
        with self._database() as database:
            return list(DownloadRows(database, "PC1").all())

    def _database(self) -> _Opened:
        return _Opened(self.url)


class _Opened:
    def __init__(self, url: str) -> None:
        self._database = open_database(url)

    def __enter__(self) -> Database:
        return self._database

    def __exit__(self, *_error: object) -> None:
        self._database.dispose()


def _element(number: int, chance: random.Random) -> DemoElement:
    return DemoElement(f"element-{number}", f"Element {number}", "Programm", "zip", (("1.0.000", chance.randint(SIZE // 3, SIZE)),))


def _most_often(ranges: list[tuple[int, int]]) -> int:
    """Returns how often the byte was sent that was sent most often."""
    edges = sorted([(start, 1) for start, _stop in ranges] + [(stop, -1) for _start, stop in ranges], key=lambda edge: (edge[0], edge[1]))
    depth = most = 0
    for _place, step in edges:
        depth += step
        most = max(most, depth)
    return most


def trials(folder: Path, rounds: int, elements: int) -> Iterator[Trial]:
    for seed in range(rounds):
        yield Trial(folder / str(seed), seed, elements)


@pytest.mark.timeout(120)
def test_a_process_that_is_killed_at_random_bytes(tmp_path: Path) -> None:
    for trial in trials(tmp_path, rounds=1, elements=2):
        trial.run()
        trial.check_the_end()
        assert trial.kills >= 1


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.skipif(os.environ.get("VITOCLIENT_SOAK") != "1", reason="make soak runs it")
def test_two_hundred_downloads_killed_at_random_bytes(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    kills = 0
    for trial in trials(tmp_path, rounds=20, elements=10):
        trial.run()
        trial.check_the_end()
        kills += trial.kills
    record_property("kills", kills)
    assert kills >= 200
