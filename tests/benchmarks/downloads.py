"""Downloads: a large file, memory, the catalogue, verification, many small files."""

from __future__ import annotations

import gc
import hashlib
import http.client
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from tests.benchmarks.row import Row, show_seconds
from tests.support.portal import FaultyPortal
from tray_agent.clock import SystemClock
from tray_agent.demo.portal import DemoElement, DemoPortal, make_portal
from tray_agent.downloads.model import Hashes
from tray_agent.downloads.partial import is_genuine
from tray_agent.downloads.portal import Portal, metadata_folder
from tray_agent.downloads.transfer import Transfer, Wanted
from tray_agent.web.client import Web

LARGE = 512 * 1024 * 1024
SMALL = 10 * 1024
FILES = 1000
MANY = 5000
MOST_MEMORY = 150
"""MiB that a process may have at the most that reads a list of ``MANY`` files."""

ROUNDS = 5
BLOCK = 1024 * 1024
MEBIBYTE = 1024 * 1024


def run() -> list[Row]:
    """Measures everything and returns the rows."""
    with tempfile.TemporaryDirectory(prefix="vitoclient-bench-") as name:
        folder = Path(name)
        catalogues = (row for files in (FILES, MANY) for row in _catalogue(folder / f"many-{files}", files))
        return [*_large_file(folder), *catalogues, *_small_files(folder / "small")]


# A large file


def _large_file(folder: Path) -> list[Row]:
    file = folder / "large.bin"
    with file.open("wb") as out:
        for _block in range(LARGE // BLOCK):
            out.write(os.urandom(BLOCK))
    hashes = (("sha256", _digest(file)),)
    with _payload_server(file) as address:
        wanted = Wanted(address, "large", LARGE, hashes, folder / "ours" / "large.bin")
        ways: dict[str, Callable[[], None]] = {
            "ours": lambda: _fetch(wanted),
            "bare": lambda: _bare_loop(address, folder / "bare.bin", sync=True),
            "bare, not synced": lambda: _bare_loop(address, folder / "bare.bin", sync=False),
            "curl": lambda: _curl(address, folder / "curl.bin"),
        }
        times, work = _take_turns(ways, rounds=7)
        memory = _memory_above_idle(wanted)
    name = "512 MiB over loopback: fetched, hashed, synced, renamed"
    return [
        _median_speed(name, times, "bare", "bare read-hash-write-sync loop", 0.9),
        _median_speed(name, times, "bare, not synced", "the same loop, not synced: less work than ours", None),
        _median_speed(name, times, "curl", "curl (no hash, no sync)", None),
        _processor_time(work),
        Row("resident memory while downloading 512 MiB", f"{memory:.1f} MiB above idle", goal="< 20 MiB", met=memory < 20),
        _verification(file, hashes),
    ]


def _fetch(wanted: Wanted) -> None:
    wanted.destination.unlink(missing_ok=True)
    web = Web()
    Transfer(web, SystemClock()).fetch(wanted)
    web.close()


def _bare_loop(address: str, file: Path, *, sync: bool) -> None:
    """The least that any client must do: read, hash, write, and have it on the disk before it says so."""
    file.unlink(missing_ok=True)
    parts = urlsplit(address)
    digest = hashlib.sha256()
    with socket.create_connection((parts.hostname, parts.port)) as connection, file.open("wb", buffering=0) as out:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        room = memoryview(bytearray(BLOCK))
        while count := connection.recv_into(room):
            digest.update(room[:count])
            out.write(room[:count])
        if sync:
            os.fsync(out.fileno())


def _curl(address: str, file: Path) -> None:
    file.unlink(missing_ok=True)
    subprocess.run(["curl", "--silent", "--fail", "--output", str(file), address], check=True)


def _verification(file: Path, hashes: Hashes) -> Row:
    best = _best({"ours": lambda: _check(is_genuine(file, LARGE, hashes)), "hashlib": lambda: _check(bool(_digest(file)))})
    return _speed("verification of a stored file, 512 MiB", LARGE, best["ours"], "hashlib.file_digest", best["hashlib"], 0.9)


def _memory_above_idle(wanted: Wanted) -> float:
    """Returns how many MiB a process that only downloads needs at the most, above what it has before it begins."""
    command = [sys.executable, "-m", "tests.benchmarks.downloads", "memory", wanted.address, wanted.hashes[0][1], str(wanted.destination)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _measure_memory(address: str, digest: str, destination: str) -> None:
    """Runs in a process of its own: fetches once to have everything imported, then again while watching."""
    wanted = Wanted(address, "large", LARGE, (("sha256", digest),), Path(destination))
    process, ended, most = psutil.Process(), threading.Event(), 0
    web = Web()
    with web.get(address) as answer:  # what is imported and made for a first request belongs to the idle program
        answer.read(1)
    wanted.destination.unlink(missing_ok=True)
    gc.collect()
    idle = process.memory_info().rss

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.005):
            most = max(most, process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        Transfer(web, SystemClock()).fetch(wanted)
    finally:
        ended.set()
        watcher.join()
    print((most - idle) / MEBIBYTE)


# The catalogue


def _catalogue(folder: Path, files: int) -> list[Row]:
    elements = tuple(
        DemoElement(f"element-{number}", f"Element {number}", "Programm", "zip", (("1.0.000", 100),)) for number in range(files)
    )
    now = datetime.now(UTC)
    demo = make_portal(folder, now, elements)
    root = demo.root_file.read_bytes()
    with FaultyPortal(demo.repository) as server:
        first = _best({"first": lambda: _refresh(server, root, Path(tempfile.mkdtemp(dir=folder)), files)})["first"]
        data = folder / "data"
        again = _best({"again": lambda: _refresh(server, root, data, files)})["again"]
        bare = _best({"bare": lambda: _bare_catalogue(server, files)})["bare"]
        view, memory = _view_and_memory(server, demo, data)
    floor, goal = ("fetch the list and parse its JSON", show_seconds(bare)), f"< {files // FILES} s"
    return [
        Row(f"catalogue of {files} elements, first time", show_seconds(first), *floor, first / bare, goal, first < files / FILES),
        Row(f"catalogue of {files} elements, unchanged", show_seconds(again), *floor, again / bare, goal, again < files / FILES),
        Row(f"catalogue of {files} elements, another view of it", show_seconds(view), goal="< 10 ms", met=view < 0.01),
        Row(
            f"memory of a process that reads a catalogue of {files} elements",
            f"{memory:.0f} MiB at the most",
            goal=f"< {MOST_MEMORY} MiB",
            met=memory < MOST_MEMORY,
        ),
    ]


def _view_and_memory(server: FaultyPortal, demo: DemoPortal, data: Path) -> tuple[float, float]:
    """Returns the seconds of a second view, and the most MiB of a process that asks the portal twice and looks at it twice."""
    command = [sys.executable, "-m", "tests.benchmarks.downloads", "catalogue", server.address, str(demo.root_file), str(data / "own")]
    view, memory = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(view), float(memory)


def _measure_catalogue(address: str, root: str, data: str) -> None:
    """Runs in a process of its own."""
    if sys.platform == "win32":
        return  # it keeps no such count
    import resource

    trusted = Path(root).read_bytes()
    portal = Portal(address, trusted, metadata_folder(Path(data), trusted), Web())
    for _time in range(2):
        portal.refresh()
    portal.known()
    began = time.perf_counter()
    portal.known()
    print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _refresh(server: FaultyPortal, root: bytes, data: Path, files: int) -> None:
    web = Web()
    catalogue = Portal(server.address, root, metadata_folder(data, root), web).refresh()
    web.close()
    _check(len(catalogue.elements) == files)


def _bare_catalogue(server: FaultyPortal, files: int) -> None:
    import json

    parts = urlsplit(server.address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.request("GET", "/metadata/1.targets.json")
    _check(len(json.loads(connection.getresponse().read())["signed"]["targets"]) == files)
    connection.close()


# Many small files


def _small_files(folder: Path) -> list[Row]:
    served = folder / "served"
    served.mkdir(parents=True)
    content = os.urandom(SMALL)
    for number in range(FILES):
        (served / f"{number}.bin").write_bytes(content)
    hashes = (("sha256", hashlib.sha256(content).hexdigest()),)
    with FaultyPortal(served) as server:
        best = _best(
            {
                "ours": lambda: _fetch_many(server.address, hashes, folder / "ours"),
                "bare": lambda: _bare_many(server.address, folder / "bare"),
            },
            rounds=3,
        )
    floor = ("bare: one connection, hash, write, sync, rename", show_seconds(best["bare"]))
    return [Row(f"{FILES} files of 10 KiB, three at once", show_seconds(best["ours"]), *floor, best["ours"] / best["bare"])]


def _fetch_many(address: str, hashes: Hashes, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    web = Web()
    transfer = Transfer(web, SystemClock())
    with ThreadPoolExecutor(3) as pool:
        wanted = [Wanted(f"{address}/{number}.bin", str(number), SMALL, hashes, folder / f"{number}.bin") for number in range(FILES)]
        list(pool.map(transfer.fetch, wanted))
    web.close()
    _check(len(list(folder.iterdir())) == FILES)


def _bare_many(address: str, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    for number in range(FILES):
        connection.request("GET", f"/{number}.bin")
        content = connection.getresponse().read()
        hashlib.sha256(content).hexdigest()
        partial = folder / f"{number}.part"
        with partial.open("wb", buffering=0) as out:
            out.write(content)
            os.fsync(out.fileno())
        partial.replace(folder / f"{number}.bin")
    connection.close()


# What measuring needs


def _best(ways: dict[str, Callable[[], None]], rounds: int = ROUNDS) -> dict[str, float]:
    """Returns the best time of each way."""
    times, _work = _take_turns(ways, rounds)
    return {name: min(taken) for name, taken in times.items()}


def _take_turns(ways: dict[str, Callable[[], None]], rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Returns the times of each way, and the processor's time of this process for it.

    The ways take turns, so that a disturbed moment disturbs all.
    """
    times: dict[str, list[float]] = {name: [] for name in ways}
    work: dict[str, list[float]] = {name: [] for name in ways}
    for _number in range(rounds):
        for name, way in ways.items():
            if sys.platform != "win32":
                os.sync()
            began, worked = time.perf_counter(), time.process_time()
            way()
            times[name].append(time.perf_counter() - began)
            work[name].append(time.process_time() - worked)
    return times, work


def _processor_time(work: dict[str, list[float]]) -> Row:
    """Returns the row of what a large file costs: unlike the speed, it hardly depends on what else this machine does."""
    ours, bare = statistics.median(work["ours"]), statistics.median(work["bare"])
    name = "512 MiB over loopback, processor time of the client"
    return Row(name, show_seconds(ours), "bare read-hash-write-sync loop", show_seconds(bare), ours / bare, "< 1.11", ours / bare < 1 / 0.9)


def _median_speed(name: str, times: dict[str, list[float]], floor: str, floor_name: str, goal: float | None) -> Row:
    """Returns the row of a large file: of each way the median; the ratio is the median of the turns' ratios."""
    ours, bare = times["ours"], times[floor]
    ratio = statistics.median(other / own for own, other in zip(ours, bare, strict=True))
    wish = f"≥ {goal:.0%} of the floor's speed" if goal else ""
    speeds = _rate(LARGE, statistics.median(ours)), _rate(LARGE, statistics.median(bare))
    return Row(name, speeds[0], floor_name, speeds[1], ratio, wish, ratio >= goal if goal else None)


def _speed(name: str, size: int, ours: float, floor_name: str, floor: float, goal: float | None) -> Row:
    ratio = floor / ours
    wish = f"≥ {goal:.0%} of the floor's speed" if goal else ""
    return Row(name, _rate(size, ours), floor_name, _rate(size, floor), ratio, wish, ratio >= goal if goal else None)


def _rate(size: int, seconds: float) -> str:
    return f"{size / seconds / 1e6:.0f} MB/s"


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _check(good: bool) -> None:
    if not good:
        raise AssertionError


@contextmanager
def _payload_server(file: Path) -> Iterator[str]:
    """Serves one file from a process of its own, as fast as the kernel can."""
    command = [sys.executable, "-m", "tests.benchmarks.downloads", "serve", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.terminate()


def _serve(file: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        while True:
            connection, _peer = listening.accept()
            with connection, connection.makefile("rb") as asked, Path(file).open("rb") as payload:
                while asked.readline().strip():
                    pass
                length = Path(file).stat().st_size
                connection.sendall(f'HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nETag: "1"\r\nConnection: close\r\n\r\n'.encode())
                try:
                    connection.sendfile(payload)
                except OSError:
                    continue


if __name__ == "__main__":
    commands: dict[str, Callable[..., None]] = {"serve": _serve, "memory": _measure_memory, "catalogue": _measure_catalogue}
    commands[sys.argv[1]](*sys.argv[2:])
