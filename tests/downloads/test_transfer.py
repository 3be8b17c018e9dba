"""Transfers against honest and hostile servers: a genuine file in its place, or one clear line and the old state intact."""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.portal import FaultyPortal, FaultyPortalHandler, PortalFault
from tray_agent.clock import Clock, ManualClock, SystemClock
from tray_agent.demo.portal_server import Request, etag_of
from tray_agent.downloads import transfer as transfer_module
from tray_agent.downloads.errors import TransferError, TransferFault
from tray_agent.downloads.partial import NOTE, PART, taken
from tray_agent.downloads.progress import DownloadProgress
from tray_agent.downloads.transfer import RateLimit, Transfer, TransferCancelledError, TransferLimits, Wanted
from tray_agent.web.client import Patience, Web

KB = 1024
SIZE = 40 * KB
CONTENT = hashlib.shake_128(b"a file of the vendor").digest(SIZE)
HASHES = (("sha256", hashlib.sha256(CONTENT).hexdigest()), ("sha512", hashlib.sha512(CONTENT).hexdigest()))
PATH = "/file.bin"
LIMITS = TransferLimits(reserve=0, attempts=3)


@dataclass
class Place:
    """A server with one file, and where that file shall go."""

    server: FaultyPortal
    destination: Path
    clock: Clock

    def wanted(self) -> Wanted:
        return Wanted(self.server.address + PATH, "Update 2.69.001", SIZE, HASHES, self.destination)

    def fetch(self, limits: TransferLimits = LIMITS, patience: float = 5.0, cancelled: threading.Event | None = None) -> None:
        web = Web(Patience(connect=5, read=patience))
        try:
            Transfer(web, self.clock, limits).fetch(self.wanted(), cancelled)
        finally:
            web.close()

    def fail(self, limits: TransferLimits = LIMITS, patience: float = 5.0) -> TransferError:
        """Fetches, and checks that the old state stayed and that there is one clear line."""
        old = self.destination.read_bytes() if self.destination.exists() else None
        with pytest.raises(TransferError) as caught:
            self.fetch(limits, patience)
        assert (self.destination.read_bytes() if self.destination.exists() else None) == old
        error = caught.value
        assert error.title == "Update 2.69.001 nicht heruntergeladen"
        assert "\n" not in str(error)
        assert error.message.endswith(".")
        assert "{" not in str(error)
        assert error.code == error.fault.value
        return error

    @property
    def left(self) -> set[str]:
        """The names in the destination's folder."""
        return {file.name for file in self.destination.parent.iterdir()} if self.destination.parent.exists() else set()

    @property
    def asked(self) -> list[int]:
        """The first byte of every request."""
        return [request.start for request in self.server.requests]

    def is_here(self) -> bool:
        return self.left == {self.destination.name} and self.destination.read_bytes() == CONTENT


@pytest.fixture
def served(tmp_path: Path) -> Iterator[FaultyPortal]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "file.bin").write_bytes(CONTENT)
    with FaultyPortal(folder) as server:
        yield server


@pytest.fixture
def place(served: FaultyPortal, tmp_path: Path, clock: ManualClock) -> Place:
    return Place(served, tmp_path / "downloads" / "update" / "2.69.001" / "file.bin", clock)


@pytest.fixture
def old(place: Place) -> bytes:
    """Puts an older, wrong file into the destination's place."""
    place.destination.parent.mkdir(parents=True)
    place.destination.write_bytes(b"what was there before")
    return b"what was there before"


# Faults


def cut(stop: int, *, ignore_range: bool = False, once: bool = False) -> PortalFault:
    """Breaks every answer off at a byte of the file."""
    times = iter([True]) if once else iter(lambda: True, False)

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        if not next(times, False) or (request.start >= stop and not ignore_range):
            return False
        start = 0 if ignore_range else request.start
        tag = etag_of(handler.portal.folder / "file.bin")
        handler.send_head(206 if start else 200, SIZE - start, {"ETag": tag} | content_range(start))
        handler.count(request.path, start, stop)
        handler.wfile.write(CONTENT[start:stop])
        handler.close_connection = True
        return True

    return fault


def content_range(start: int) -> dict[str, str]:
    return {"Content-Range": f"bytes {start}-{SIZE - 1}/{SIZE}"} if start else {}


def say(status: int, body: bytes = b"", headers: dict[str, str] | None = None, *, length: int | None = None) -> PortalFault:
    """Answers every request with the same."""

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        handler.send_head(status, len(body) if length is None else length, (headers or {}) | {"Connection": "close"})
        handler.wfile.write(body)
        handler.close_connection = True
        return True

    return fault


def first(fault: PortalFault) -> PortalFault:
    """Applies a fault to the first request only."""
    times = iter([True])
    return lambda handler, request: next(times, False) and fault(handler, request)


def resumed(fault: PortalFault) -> PortalFault:
    """Breaks the first answer off in the middle, and applies a fault to what asks for the rest."""
    begin = cut(20 * KB, once=True)
    return lambda handler, request: begin(handler, request) or fault(handler, request)


# Honest servers


def test_a_file_arrives_whole(place: Place) -> None:
    place.fetch()
    assert place.is_here()
    assert place.asked == [0]


def test_an_older_file_in_the_place_is_replaced(place: Place, old: bytes) -> None:
    place.fetch()
    assert place.is_here()


def test_a_genuine_file_is_not_fetched_again(place: Place) -> None:
    place.fetch()
    place.fetch()
    assert place.asked == [0]


def test_an_empty_file_arrives(place: Place) -> None:
    (place.server.folder / "file.bin").write_bytes(b"")
    wanted = replace(place.wanted(), size=0, hashes=(("sha256", hashlib.sha256(b"").hexdigest()),))
    Transfer(Web(), place.clock, LIMITS).fetch(wanted)
    assert place.destination.read_bytes() == b""
    assert place.left == {"file.bin"}


@pytest.mark.parametrize("stop", range(KB, SIZE, KB))
def test_a_connection_that_breaks_off_is_resumed_without_a_byte_twice(place: Place, stop: int) -> None:
    place.server.fault = cut(stop, once=True)
    place.fetch()
    assert place.is_here()
    assert place.asked == [0, stop]
    assert place.server.bytes_of(PATH) == SIZE


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(1, SIZE - 1), min_size=1, max_size=6, unique=True))
def test_breaking_off_anywhere_again_and_again_costs_no_byte_twice(place: Place, stops: list[int]) -> None:
    place.destination.unlink(missing_ok=True)
    place.server.sent.clear()
    faults = [cut(stop) for stop in sorted(stops)]

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        return next((True for each in faults if each(handler, request)), False)

    place.server.fault = fault
    place.fetch(TransferLimits(reserve=0, attempts=10))
    assert place.is_here()
    assert place.server.bytes_of(PATH) == SIZE


def test_a_later_transfer_goes_on_where_an_earlier_one_gave_up(place: Place) -> None:
    fault = first(say(503))
    place.server.fault = lambda handler, request: (
        cut(30 * KB, once=True)(handler, request) if not request.start else say(503)(handler, request)
    )
    assert place.fail().fault is TransferFault.REFUSED
    assert place.left == {"file.bin" + PART, "file.bin" + NOTE}
    place.server.fault = fault
    place.fetch()
    assert place.is_here()
    assert place.server.bytes_of(PATH) == SIZE


def test_a_server_that_is_busy_for_a_moment_is_asked_again(place: Place, clock: ManualClock) -> None:
    place.server.fault = first(say(503))
    before = clock.now()
    place.fetch()
    assert place.is_here()
    assert (clock.now() - before).total_seconds() == 1.0


def test_servers_behind_one_name_with_an_etag_each_bring_the_file(place: Place) -> None:
    """Only who is asked for no certain state of the file goes on: half of all requests would begin anew, and none ever end."""
    tags = iter(range(1000))

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        tag = f'"{next(tags)}"'
        whole = "if-range" in request.headers and request.headers["if-range"] != tag
        start = 0 if whole else request.start
        handler.send_head(206 if start else 200, SIZE - start, {"ETag": tag} | content_range(start))
        handler.wfile.write(CONTENT[start : start + 10 * KB])
        handler.close_connection = True
        return True

    place.server.fault = fault
    place.fetch(replace(LIMITS, attempts=10))
    assert place.is_here()
    assert place.asked == [0, 10 * KB, 20 * KB, 30 * KB]


def pieces(of: int, status: int = 206) -> PortalFault:
    """Answers what asks for the rest with so many bytes of it."""

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        start = request.start
        stop = min(start + of, SIZE)
        handler.send_head(status, stop - start, {"Content-Range": f"bytes {start}-{stop - 1}/{SIZE}"})
        handler.wfile.write(CONTENT[start:stop])
        return True

    return resumed(fault)


@pytest.mark.parametrize("status", [206, 200])
def test_an_answer_may_bring_a_part_of_what_was_asked_for(place: Place, status: int, clock: ManualClock) -> None:
    place.server.fault = pieces(2 * KB, status)
    before = clock.monotonic()
    place.fetch()
    assert place.is_here()
    assert place.asked == [0, *range(20 * KB, 40 * KB, 2 * KB)]
    assert clock.monotonic() - before == LIMITS.pause  # after the break; parts need none


def test_parts_that_bring_next_to_nothing_are_given_up(place: Place, old: bytes) -> None:
    place.server.fault = pieces(1)
    assert place.fail().fault is TransferFault.BROKEN_OFF
    assert len(place.asked) == LIMITS.attempts


def test_a_server_that_calls_the_rest_the_whole_is_believed_where_it_says_that_it_is_the_rest(place: Place) -> None:
    def say_whole(handler: FaultyPortalHandler, request: Request) -> bool:
        return say(200, CONTENT[request.start :], content_range(request.start))(handler, request)

    place.server.fault = resumed(say_whole)
    place.fetch()
    assert place.is_here()
    assert place.asked == [0, 20 * KB]


def dripping(bytes_a_minute: int, clock: ManualClock) -> PortalFault:
    """Sends so many bytes a minute, by the clock of the tests."""

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        start = request.start
        handler.send_head(206 if start else 200, bytes_a_minute, {"Content-Range": f"bytes {start}-{start + bytes_a_minute - 1}/{SIZE}"})
        clock.advance(timedelta(minutes=1))
        handler.wfile.write(CONTENT[start : start + bytes_a_minute])
        return True

    return resumed(fault)


def test_what_would_end_too_late_at_its_rate_is_put_off_and_stays(place: Place, old: bytes, clock: ManualClock) -> None:
    place.server.fault = dripping(KB, clock)
    slow = replace(LIMITS, slow_bytes=1, horizon=10 * 60.0)
    error = place.fail(slow)
    assert error.fault is TransferFault.PUT_OFF
    assert not error.fault.passes
    assert place.destination.with_name("file.bin" + PART).read_bytes() == CONTENT[: 22 * KB]
    place.fetch(replace(slow, horizon=60 * 60.0))
    assert place.is_here()


def test_a_redirect_within_the_same_host_is_followed(place: Place) -> None:
    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        if request.path != PATH:
            handler.send_file(place.server.folder / "file.bin", request)
        else:
            handler.refuse(302, {"Location": "/elsewhere.bin"})
        return True

    place.server.fault = fault
    place.fetch()
    assert place.is_here()


# Hostile servers


@pytest.mark.parametrize("stop", range(KB, SIZE, 3 * KB))
def test_a_server_that_always_breaks_off_and_ignores_ranges(place: Place, old: bytes, stop: int) -> None:
    place.server.fault = cut(stop, ignore_range=True)
    assert place.fail().fault is TransferFault.BROKEN_OFF
    assert len(place.asked) <= 3


def test_a_server_that_ignores_ranges_sends_the_whole_once_more(place: Place) -> None:
    place.server.fault = resumed(say(200, CONTENT))
    place.fetch()
    assert place.is_here()


@pytest.mark.parametrize("stop", range(KB, SIZE, 3 * KB))
def test_a_server_that_always_breaks_off_at_the_same_byte(place: Place, old: bytes, stop: int) -> None:
    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        nothing_more = say(206, b"", content_range(request.start), length=SIZE - request.start)
        return (nothing_more if request.start else cut(stop))(handler, request)

    place.server.fault = fault
    assert place.fail().fault is TransferFault.BROKEN_OFF
    assert len(place.asked) <= 4


WRONG = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]


def chunked_without_end(handler: FaultyPortalHandler, request: Request) -> bool:
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    try:
        for _piece in range(1000):
            handler.wfile.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
            handler.count(request.path, 0, 0x10000)
    finally:
        handler.close_connection = True
    return True


def without_length(handler: FaultyPortalHandler, request: Request) -> bool:
    handler.send_head(200, None)
    handler.wfile.write(CONTENT + b"and more")
    handler.close_connection = True
    return True


def wrong_at_any_time(handler: FaultyPortalHandler, request: Request) -> bool:
    """Sends wrong bytes, of the right length, for the rest and for the whole."""
    start = request.start
    return say(206 if start else 200, WRONG[: SIZE - start], content_range(start))(handler, request)


def never_satisfied(handler: FaultyPortalHandler, request: Request) -> bool:
    return (say(416) if request.start else cut(20 * KB))(handler, request)


def no_http(handler: FaultyPortalHandler, request: Request) -> bool:
    handler.wfile.write(b"SSH-2.0-nonsense\r\n\r\n")
    handler.close_connection = True
    return True


def rest(said: str | None) -> PortalFault:
    """Breaks off in the middle, and answers with the right rest under a wrong ``Content-Range``."""
    return resumed(say(206, CONTENT[20 * KB :], {"Content-Range": said} if said else None))


HOSTILE: dict[str, tuple[PortalFault, TransferFault]] = {
    "wrong bytes": (say(200, WRONG), TransferFault.HASH),
    "wrong bytes in the second half": (resumed(wrong_at_any_time), TransferFault.HASH),
    "another file": (say(200, b"<html>login</html>"), TransferFault.LENGTH),
    "a byte less": (say(200, CONTENT[:-1]), TransferFault.LENGTH),
    "a byte more": (say(200, CONTENT + b"x"), TransferFault.LENGTH),
    "a length that is no number": (say(200, CONTENT, {"Content-Length": "many"}), TransferFault.LENGTH),
    "compressed": (say(200, gzip.compress(CONTENT), {"Content-Encoding": "gzip"}), TransferFault.LENGTH),
    "a body without end": (chunked_without_end, TransferFault.TOO_LONG),
    "more than the signed length": (without_length, TransferFault.TOO_LONG),
    "resumes at another byte": (rest(f"bytes {KB}-{SIZE - 1}/{SIZE}"), TransferFault.RANGE),
    "resumes with another length": (rest(f"bytes {20 * KB}-{SIZE - 1}/{SIZE + 1}"), TransferFault.RANGE),
    "resumes without saying where": (rest(None), TransferFault.RANGE),
    "resumes with nonsense": (rest("bytes twenty-"), TransferFault.RANGE),
    "a part that nobody asked for": (say(206, CONTENT, {"Content-Range": f"bytes 0-{SIZE - 1}/{SIZE}"}), TransferFault.RANGE),
    "never satisfied": (never_satisfied, TransferFault.BROKEN_OFF),
    "not found": (say(404), TransferFault.REFUSED),
    "forbidden": (say(403), TransferFault.REFUSED),
    "gone": (say(410), TransferFault.REFUSED),
    "asks for a password": (say(401), TransferFault.REFUSED),
    "no content": (say(204), TransferFault.REFUSED),
    "fails": (say(500), TransferFault.REFUSED),
    "is busy": (say(503), TransferFault.REFUSED),
    "redirects in a circle": (say(302, headers={"Location": PATH}), TransferFault.REDIRECT),
    "redirects nowhere": (say(302), TransferFault.REDIRECT),
    "redirects to another host": (say(302, headers={"Location": "http://example.invalid/file.bin"}), TransferFault.REDIRECT),
    "redirects to a file": (say(301, headers={"Location": "file:///etc/passwd"}), TransferFault.REDIRECT),
    "speaks no HTTP": (no_http, TransferFault.UNREACHABLE),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_server_changes_nothing(place: Place, old: bytes, name: str) -> None:
    place.server.fault, expected = HOSTILE[name]
    assert place.fail().fault is expected
    assert len(place.asked) <= 8
    place.server.fault = None
    place.fetch()
    assert place.is_here()


def test_a_body_without_end_is_not_read_to_the_end(place: Place) -> None:
    place.server.fault = chunked_without_end
    place.fail()
    assert place.left == set()
    assert place.server.bytes_of(PATH) < 20_000_000


@pytest.mark.parametrize("at", [0, 10 * KB])
def test_a_server_that_stalls(place: Place, old: bytes, at: int) -> None:
    released = threading.Event()

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        if not request.start:
            handler.send_head(200, SIZE, {"ETag": '"1"'})
            handler.wfile.write(CONTENT[:at])
        released.wait(20)
        handler.close_connection = True
        return True

    place.server.fault = fault
    assert place.fail(patience=0.1).fault is TransferFault.STALLED
    released.set()
    place.server.fault = None
    place.fetch()
    assert place.is_here()


def test_a_server_that_drips(place: Place, old: bytes) -> None:
    released = threading.Event()

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        handler.send_head(200, SIZE)
        for byte in CONTENT:
            handler.wfile.write(bytes([byte]))
            if released.wait(0.01):
                break
        handler.close_connection = True
        return True

    place.server.fault = fault
    place.clock = SystemClock()
    assert place.fail(replace(LIMITS, slow_seconds=0.15, slow_bytes=4 * KB)).fault is TransferFault.STALLED
    released.set()


def test_a_file_that_changes_between_the_requests(place: Place, old: bytes) -> None:
    place.server.fault = cut(20 * KB, once=True)

    def change_then_serve(handler: FaultyPortalHandler, request: Request) -> bool:
        if cutting(handler, request):
            (place.server.folder / "file.bin").write_bytes(CONTENT[:-1] + bytes([CONTENT[-1] ^ 1]))
            return True
        return False

    cutting, place.server.fault = place.server.fault, change_then_serve
    assert place.fail().fault is TransferFault.HASH
    assert place.left == {"file.bin"}


def test_nobody_answers(place: Place, old: bytes) -> None:
    place.server.stop()
    assert place.fail().fault is TransferFault.UNREACHABLE


def test_a_name_that_does_not_exist(place: Place, clock: ManualClock) -> None:
    wanted = replace(place.wanted(), address="http://portal.invalid/file.bin")
    with pytest.raises(TransferError) as caught:
        Transfer(Web(), clock, LIMITS).fetch(wanted)
    assert caught.value.fault is TransferFault.UNREACHABLE


# This machine


def test_a_partial_file_that_was_damaged_is_fetched_anew(place: Place) -> None:
    place.server.fault = lambda handler, request: cut(20 * KB)(handler, request) if not request.start else say(404)(handler, request)
    place.fail()
    part = place.destination.with_name("file.bin" + PART)
    part.write_bytes(b"\0" * part.stat().st_size)
    place.server.fault = None
    place.fetch()
    assert place.is_here()
    assert place.asked[-2:] == [20 * KB, 0]


@pytest.mark.parametrize("note", [b"", b"null", b"{", b"[]", b'{"size": 1, "hashes": []}'])
def test_a_partial_file_without_its_note_is_not_believed(place: Place, note: bytes) -> None:
    place.destination.parent.mkdir(parents=True)
    place.destination.with_name("file.bin" + PART).write_bytes(b"of another file")
    place.destination.with_name("file.bin" + NOTE).write_bytes(note)
    place.fetch()
    assert place.is_here()
    assert place.asked == [0]


def test_the_partial_file_of_another_file_of_the_same_size_is_not_gone_on_with(place: Place) -> None:
    other = (("sha256", hashlib.sha256(bytes(SIZE)).hexdigest()), ("sha512", hashlib.sha512(bytes(SIZE)).hexdigest()))
    place.server.fault = cut(20 * KB, once=True)
    place.fail(TransferLimits(reserve=0, attempts=1))
    note = place.destination.with_name("file.bin" + NOTE)
    note.write_text(
        note.read_text(encoding="utf-8").replace(HASHES[0][1], other[0][1]).replace(HASHES[1][1], other[1][1]), encoding="utf-8"
    )
    place.fetch()
    assert place.is_here()
    assert place.asked == [0, 0]


def test_a_partial_file_that_is_too_long_is_not_believed(place: Place) -> None:
    place.server.fault = lambda handler, request: cut(20 * KB)(handler, request) if not request.start else say(404)(handler, request)
    place.fail()
    place.destination.with_name("file.bin" + PART).write_bytes(CONTENT + b"more")
    place.server.fault = None
    place.fetch()
    assert place.is_here()


def test_only_one_fetches_a_file(place: Place, old: bytes) -> None:
    with taken(place.destination, SIZE, HASHES):
        assert place.fail().fault is TransferFault.BUSY
    assert place.asked == []


@pytest.mark.skipif(sys.platform == "win32", reason="the folder's rights hold there")
def test_whoever_shares_the_folder_can_go_on(place: Place) -> None:
    place.server.fault = cut(20 * KB)
    before = os.umask(0o002)
    try:
        place.fail(replace(LIMITS, attempts=1))
    finally:
        os.umask(before)
    modes = {file.suffix: file.stat().st_mode & 0o777 for file in place.destination.parent.iterdir()}
    assert modes == {".part": 0o664, ".resume": 0o664}


def test_a_full_drive_is_told_before_anything_is_fetched(place: Place, old: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_module, "free_bytes", lambda folder: SIZE - 1)
    error = place.fail()
    assert error.fault is TransferFault.SPACE
    assert "fehlen 1 MB" in error.message
    assert place.asked == []


def test_a_drive_that_fills_up_on_the_way(place: Place, old: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: object, piece: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tray_agent.downloads.partial.PartialFile.append", full)
    assert place.fail().fault is TransferFault.SPACE


def test_what_is_missing_on_a_drive_that_filled_up_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [10**9]

    def fills_up(self: object, piece: bytes) -> None:
        free[0] = 0
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tray_agent.downloads.partial.PartialFile.append", fills_up)
    monkeypatch.setattr(transfer_module, "free_bytes", lambda folder: free[0])
    error = place.fail(replace(LIMITS, reserve=64 * 1024 * KB))
    assert "fehlen 68 MB" in error.message


def test_a_folder_that_cannot_be_made(place: Place) -> None:
    place.destination.parent.parent.parent.mkdir()
    place.destination.parent.parent.write_bytes(b"a file in the way")
    with pytest.raises(TransferError) as caught:
        place.fetch()
    assert caught.value.fault is TransferFault.FILE


def test_a_file_above_the_limit_is_not_asked_for(place: Place, old: bytes) -> None:
    assert place.fail(replace(LIMITS, most_bytes=SIZE - 1)).fault is TransferFault.TOO_LARGE
    assert place.asked == []


def test_a_transfer_that_is_stopped_keeps_what_is_here(place: Place) -> None:
    stop = threading.Event()

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        if not request.start:
            cut(20 * KB)(handler, request)
            stop.set()
        return not request.start

    place.server.fault = fault
    with pytest.raises(TransferCancelledError):
        place.fetch(cancelled=stop)
    place.fetch()
    assert place.is_here()


def test_waiting_for_a_silent_server_can_be_ended_from_outside(place: Place) -> None:
    asked, released, stop = threading.Event(), threading.Event(), threading.Event()

    def fault(handler: FaultyPortalHandler, request: Request) -> bool:
        handler.send_head(200, SIZE)
        asked.set()
        released.wait(20)
        return True

    place.server.fault = fault
    web, ended = Web(), list[BaseException]()

    def fetch() -> None:
        try:
            Transfer(web, place.clock, LIMITS).fetch(place.wanted(), stop)
        except TransferCancelledError as error:
            ended.append(error)

    thread = threading.Thread(target=fetch)
    thread.start()
    assert asked.wait(10)
    stop.set()
    for _try in range(100):
        web.abort()
        thread.join(0.05)
        if not thread.is_alive():
            break
    released.set()
    assert not thread.is_alive()
    assert len(ended) == 1
    place.server.fault = None
    Transfer(web, place.clock, LIMITS).fetch(place.wanted())
    assert place.is_here()
    web.close()


def test_progress_is_told_with_rate_and_time_left(place: Place) -> None:
    clock = ManualClock(SystemClock().now())
    progress = DownloadProgress(clock)
    seen = []
    progress.listen(lambda: seen.append(progress.snapshot()))
    place.server.piece = 10 * KB
    Transfer(Web(), clock, LIMITS, progress=progress).fetch(place.wanted())
    assert (seen[-1].done, seen[-1].total) == (SIZE, SIZE)
    assert seen[-1].files[0].title == "Update 2.69.001"
    assert [each.done for each in seen] == sorted(each.done for each in seen)


def test_the_rate_limit_slows_a_transfer_down(place: Place, clock: ManualClock) -> None:
    before = clock.monotonic()
    Transfer(Web(), clock, LIMITS, RateLimit(clock, lambda: 4096.0)).fetch(place.wanted())
    assert clock.monotonic() - before == pytest.approx(10.0)
    assert place.is_here()
