"""Brings one file here: streamed, resumed after any break, hashed while it passes, renamed when it is genuine.

Nothing a server does can put a wrong file into its place or a byte outside the destination's folder. Every refusal is
one ``TransferError``; what was there before stays.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from tray_agent.clock import Clock
from tray_agent.downloads.errors import TransferError, TransferFault
from tray_agent.downloads.model import Hashes
from tray_agent.downloads.partial import PartialFile, file_time, is_genuine, taken
from tray_agent.downloads.progress import DownloadProgress
from tray_agent.platforms.files import free_bytes
from tray_agent.platforms.locks import LockedError
from tray_agent.web.client import Response, Web, WebError, WebFault

PIECE = 1024 * 1024
"""Bytes that are read at once at the most."""

OFFICE_FROM = time(7, 0)
OFFICE_UNTIL = time(19, 0)

WAIT = 0.25
"""Seconds that a transfer waits at once: a server that can send nothing for long cuts the connection."""

_LEAST = 1024
"""Bytes that are read at once at the least, however low the limit."""

_FAULTS = {WebFault.REDIRECT: TransferFault.REDIRECT, WebFault.STALLED: TransferFault.STALLED}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)", re.ASCII)


class TransferCancelledError(Exception):
    """The transfer was asked to stop; what is here stays for the next time. Not an error."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file to bring here.

    Attributes:
        address: where it is served.
        title: element and version, for people.
        size: bytes, as signed.
        hashes: as signed, at least one.
        destination: where it shall be; made by ``Library``, never from a server's words.
    """

    address: str
    title: str
    size: int
    hashes: Hashes
    destination: Path


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """What a transfer may cost.

    Attributes:
        most_bytes: of one file, or None.
        reserve: bytes that must stay free on the drive.
        attempts: how many times in a row it may break off with little progress.
        progress: what counts as progress, in bytes.
        restarts: how often it may begin again with nothing.
        pause: seconds before the second attempt; doubled for every further one.
        slow_seconds, slow_bytes: fewer bytes than these in so many seconds of waiting are a stall.
    """

    most_bytes: int | None = None
    reserve: int = 64 * 1024 * 1024
    attempts: int = 5
    progress: int = 1024 * 1024
    restarts: int = 1
    pause: float = 1.0
    slow_seconds: float = 60.0
    slow_bytes: int = 16 * 1024


class _BrokenOffError(Exception):
    """An attempt ended before the file's end; another one may go on."""

    def __init__(self, fault: TransferFault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault


class Transfer:
    """Brings files here; one object for all files of a run, safe from several threads."""

    def __init__(
        self,
        web: Web,
        clock: Clock,
        limits: TransferLimits | None = None,
        rate: RateLimit | None = None,
        progress: DownloadProgress | None = None,
    ) -> None:
        self._web = web
        self._clock = clock
        self._limits = limits or TransferLimits()
        self._rate = rate or RateLimit(clock)
        self._progress = progress or DownloadProgress(clock)

    def fetch(self, wanted: Wanted, cancelled: threading.Event | None = None) -> int:
        """Brings a file to its destination; at once where the genuine file is there already.

        Returns:
            The file's modification time when its bytes were checked, in nanoseconds: while it is the same, nobody has changed them.

        Raises:
            TransferError: it can't be had; the destination is as it was.
            TransferCancelledError: ``cancelled`` was set.
        """
        stop = cancelled or threading.Event()
        if self._limits.most_bytes is not None and wanted.size > self._limits.most_bytes:
            raise TransferError(TransferFault.TOO_LARGE, wanted.title, self._limits.most_bytes)
        try:
            with taken(wanted.destination, wanted.size, wanted.hashes) as partial:
                return self._fetch(partial, _Course(wanted, stop))
        except LockedError as error:
            raise TransferError(TransferFault.BUSY, wanted.title) from error
        except OSError as error:
            raise TransferError.of_system(error, wanted.title) from error

    def abort(self) -> None:
        """Ends the waiting of all transfers for their servers at once."""
        self._web.abort()

    def _fetch(self, partial: PartialFile, course: _Course) -> int:
        wanted = course.wanted
        here_since = file_time(wanted.destination)  # before it is read: who writes while it is read changes the time
        if here_since is not None and is_genuine(wanted.destination, wanted.size, wanted.hashes, course.beat):
            partial.discard()
            return here_since
        partial.take_up(course.beat)
        # Asked for only now: what is here already needs no more space.
        self._check_space(partial, wanted)
        resumed = partial.length > 0
        self._complete(partial, course)
        if not partial.is_genuine() and resumed:  # what an earlier transfer left may have been damaged since
            partial.restart(None)
            self._complete(partial, course)
        if not partial.is_genuine():
            partial.discard()
            raise TransferError(TransferFault.HASH, wanted.title)
        finished = partial.finish()
        self._progress.report(wanted.title, wanted.size, wanted.size)
        return finished

    def _check_space(self, partial: PartialFile, wanted: Wanted) -> None:
        missing = wanted.size - partial.length + self._limits.reserve - free_bytes(wanted.destination.parent)
        if missing > 0:
            raise TransferError(TransferFault.SPACE, wanted.title, missing)

    def _complete(self, partial: PartialFile, course: _Course) -> None:
        """Fetches until all bytes are here; gives up after several attempts that brought little."""
        failed = 0
        while not partial.complete:
            before = partial.length
            try:
                self._attempt(partial, course)
            except _BrokenOffError as error:
                failed = 1 if partial.length - before >= self._limits.progress else failed + 1
                if failed >= self._limits.attempts:
                    raise TransferError(error.fault, course.wanted.title, str(error)) from error
                self._clock.wait(course.cancelled, self._limits.pause * 2 ** (failed - 1))
                course.beat()

    def _attempt(self, partial: PartialFile, course: _Course) -> None:
        headers = {}
        if partial.length:
            headers["Range"] = f"bytes={partial.length}-"
            if partial.validator:
                headers["If-Range"] = partial.validator
        try:
            with self._web.get(course.wanted.address, headers) as response:
                self._begin(response, partial, course)
                self._stream(response, partial, course)
        except WebError as error:
            fault = _FAULTS.get(error.fault, TransferFault.UNREACHABLE)
            if error.fault in (WebFault.REDIRECT, WebFault.CERTIFICATE):  # another attempt would end in the same way
                raise TransferError(fault, course.wanted.title, str(error)) from error
            raise _BrokenOffError(fault, str(error)) from error

    def _begin(self, response: Response, partial: PartialFile, course: _Course) -> None:
        """Settles with the server where the bytes of its answer belong."""
        if response.status == 206:
            self._check_range(response, partial, course.wanted)
        elif response.status == 200:
            self._begin_anew(response, partial, course.wanted)
        elif response.status == 416 and partial.length:  # the server's file is shorter than what is here: another one
            self._restart(partial, None, course.wanted)
            raise _BrokenOffError(TransferFault.RANGE, "416")
        elif response.status in (408, 425, 429) or response.status >= 500:
            raise _BrokenOffError(TransferFault.REFUSED, str(response.status))
        else:
            raise TransferError(TransferFault.REFUSED, course.wanted.title, str(response.status))

    def _begin_anew(self, response: Response, partial: PartialFile, wanted: Wanted) -> None:
        """Takes the whole file: nothing was here, the server knows no ranges, or it has another file now."""
        length = response.header("Content-Length")
        if length is not None and length != str(wanted.size):
            raise TransferError(TransferFault.LENGTH, wanted.title, length[:20])
        self._restart(partial, _validator_of(response), wanted)

    def _restart(self, partial: PartialFile, validator: str | None, wanted: Wanted) -> None:
        partial.restart(validator)
        if partial.restarts > self._limits.restarts:
            raise TransferError(TransferFault.BROKEN_OFF, wanted.title)

    def _check_range(self, response: Response, partial: PartialFile, wanted: Wanted) -> None:
        match = _CONTENT_RANGE.fullmatch(response.header("Content-Range") or "")
        expected = (str(partial.length), str(wanted.size - 1))
        if not partial.length or match is None or match.groups()[:2] != expected or match[3] not in (str(wanted.size), "*"):
            partial.discard()
            raise TransferError(TransferFault.RANGE, wanted.title)

    def _stream(self, response: Response, partial: PartialFile, course: _Course) -> None:
        pace = _Pace(self._clock, self._limits)
        room = memoryview(bytearray(min(PIECE, partial.total)))
        while not partial.complete:
            most = self._rate.piece(min(len(room), partial.total - partial.length))
            count = pace.timed(response.read_into, room[:most])
            course.beat()
            if not count:
                raise _BrokenOffError(TransferFault.BROKEN_OFF, f"{partial.length}/{partial.total}")
            partial.append(room[:count])
            self._progress.report(course.wanted.title, partial.length, partial.total, count)
            self._rate.take(count, course.cancelled)
            # Looked at after the piece is kept, so that the next attempt goes on behind it.
            if pace.is_stalled(count):
                raise TransferError(TransferFault.STALLED, course.wanted.title)
        self._check_end(response, partial, course.wanted)

    def _check_end(self, response: Response, partial: PartialFile, wanted: Wanted) -> None:
        """A body without a length may go on behind the signed end: then it is not the signed file."""
        if response.header("Content-Length") is not None:
            return
        try:
            more = response.read(1)
        except WebError:
            return
        if more:
            partial.discard()
            raise TransferError(TransferFault.TOO_LONG, wanted.title)


@dataclass(frozen=True, slots=True)
class _Course:
    """One file on its way and the wish to stop it."""

    wanted: Wanted
    cancelled: threading.Event

    def beat(self) -> None:
        if self.cancelled.is_set():
            raise TransferCancelledError


class _Pace:
    """Notices a server that drips: measured over the time spent waiting for it, not over our own rate limit."""

    def __init__(self, clock: Clock, limits: TransferLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._waited = 0.0
        self._came = 0

    def timed(self, read: Callable[[memoryview], int], room: memoryview) -> int:
        before = self._clock.monotonic()
        try:
            return read(room)
        finally:
            self._waited += self._clock.monotonic() - before

    def is_stalled(self, came: int) -> bool:
        self._came += came
        if self._waited < self._limits.slow_seconds:
            return False
        slow = self._came < self._limits.slow_bytes
        self._waited, self._came = 0.0, 0
        return slow


def _validator_of(response: Response) -> str | None:
    """Returns what names this state of the file for ``If-Range``: a strong ETag, else the date (RFC 9110, 13.1.5)."""
    tag = response.header("ETag")
    if tag and not tag.startswith("W/"):
        return tag
    return response.header("Last-Modified")


class RateLimit:
    """Makes transfers wait so that together they stay below a rate.

    Args:
        clock: the clock.
        bytes_per_second: the limit of now, or None for none; asked for every piece.
    """

    def __init__(self, clock: Clock, bytes_per_second: Callable[[], float | None] = lambda: None) -> None:
        self._clock = clock
        self._limit = bytes_per_second
        self._lock = threading.Lock()
        self._free_at = 0.0

    def piece(self, most: int) -> int:
        """Returns how many bytes to read at once, ``most`` at the most: less where a limit would make the wait after them long."""
        limit = self._limit()
        return most if not limit else min(most, max(_LEAST, int(limit * WAIT)))

    def take(self, count: int, cancelled: threading.Event) -> None:
        """Waits as long as ``count`` more bytes ask for; shorter when ``cancelled`` is set."""
        limit = self._limit()
        if not limit:
            return
        with self._lock:
            now = self._clock.monotonic()
            self._free_at = max(self._free_at, now) + count / limit  # a pause earns no credit: no burst follows a silence
            pause = self._free_at - now
        self._clock.wait(cancelled, pause)


def office_rate(clock: Clock, zone: ZoneInfo, kilobytes: int) -> float | None:
    """Returns the limit of now in bytes a second: ``kilobytes`` × 1000 between 07.00 and 19.00 in the practice, else None.

    Args:
        clock: the clock.
        zone: the practice's time zone.
        kilobytes: the switch ``BandbreiteBürozeit``; 0 means no limit.
    """
    local = clock.now().astimezone(zone).time()
    return kilobytes * 1000.0 if kilobytes and OFFICE_FROM <= local < OFFICE_UNTIL else None
