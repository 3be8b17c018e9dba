"""Brings one file here: streamed, resumed after any break, hashed while it passes, renamed when it is genuine.

Nothing a server does can put a wrong file into its place or a byte outside the destination's folder. Every refusal is
one ``TransferError``; what was there before stays.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

from tray_agent.clock import Clock
from tray_agent.downloads.errors import TransferError, TransferFault, is_full
from tray_agent.downloads.model import Hashes
from tray_agent.downloads.partial import PartialFile, file_time, is_genuine, taken
from tray_agent.downloads.progress import DownloadProgress
from tray_agent.downloads.words import rate_and_duration
from tray_agent.platforms.files import free_bytes
from tray_agent.platforms.locks import LockedError
from tray_agent.web.causes import Cause, Why, is_page
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
        is_document: whether it is no installer: it is marked as one from the internet. A verified installer is not, for people would
            learn to click the warning away.
        below: the folder above it that is trusted as it is; between the two no link is followed. None: the destination's own folder.
    """

    address: str
    title: str
    size: int
    hashes: Hashes
    destination: Path
    below: Path | None = None
    is_document: bool = False


@dataclass(frozen=True, slots=True)
class TransferLimits:
    """What a transfer may cost.

    Attributes:
        most_bytes: of one file, or None.
        reserve: bytes that must stay free on the drive.
        attempts: how many times in a row it may break off with little progress.
        progress: what counts as progress, in bytes.
        horizon: seconds from now on after which it must not end, at the rate of the server; None: it may take as long as it takes.
        restarts: how often it may begin again with nothing.
        pause: seconds before the second attempt; doubled for every further one.
        slow_seconds, slow_bytes: fewer bytes than these in so many seconds of waiting are a stall.
    """

    most_bytes: int | None = None
    reserve: int = 64 * 1024 * 1024
    attempts: int = 5
    progress: int = 1024 * 1024
    restarts: int = 1
    horizon: float | None = None
    pause: float = 1.0
    slow_seconds: float = 60.0
    slow_bytes: int = 16 * 1024


class _BrokenOffError(Exception):
    """An attempt ended before the file's end; another one may go on."""

    def __init__(self, fault: TransferFault, detail: str, why: Why | None = None) -> None:
        super().__init__(detail)
        self.fault = fault
        self.why = why


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
            with taken(wanted.destination, wanted.size, wanted.hashes, wanted.below) as partial:
                return self._fetch_or_tell(partial, _Course(wanted, stop, _Pace(self._clock, self._limits)))
        except LockedError as error:
            raise TransferError(TransferFault.BUSY, wanted.title) from error
        except OSError as error:
            raise TransferError.of_system(error, wanted.title) from error

    def abort(self) -> None:
        """Ends the waiting of all transfers for their servers at once."""
        self._web.abort()

    def _fetch_or_tell(self, partial: PartialFile, course: _Course) -> int:
        """Fetches; where the drive is full on the way, tells how much is missing for what is left of the file."""
        try:
            return self._fetch(partial, course)
        except OSError as error:
            if not is_full(error):
                raise
            # A quota has less room than the drive: then all that is left of the file is missing.
            left = partial.total - partial.length
            raise TransferError(TransferFault.SPACE, course.wanted.title, max(self._missing(partial, course.wanted), left, 1)) from error

    def _fetch(self, partial: PartialFile, course: _Course) -> int:
        wanted = course.wanted
        here_since = file_time(partial.destination)  # before it is read: who writes while it is read changes the time
        if here_since is not None and is_genuine(partial.destination, wanted.size, wanted.hashes, course.beat):
            partial.discard()
            return here_since
        partial.take_up(course.beat)
        # Asked for only now: what is here already needs no more space.
        self._check_space(partial, wanted)
        resumed = partial.length > 0
        self._complete(partial, course)
        if not partial.is_genuine() and resumed:  # what an earlier transfer left may have been damaged since
            partial.restart()
            self._complete(partial, course)
        if not partial.is_genuine():
            partial.discard()
            raise TransferError(TransferFault.HASH, wanted.title)
        finished = partial.finish(mark=wanted.is_document)
        self._progress.report(wanted.title, wanted.size, wanted.size)
        return finished

    def _check_space(self, partial: PartialFile, wanted: Wanted) -> None:
        missing = self._missing(partial, wanted)
        if missing > 0:
            raise TransferError(TransferFault.SPACE, wanted.title, missing)

    def _missing(self, partial: PartialFile, wanted: Wanted) -> int:
        return wanted.size - partial.length + self._limits.reserve - free_bytes(partial.destination.parent)

    def _complete(self, partial: PartialFile, course: _Course) -> None:
        """Fetches until all bytes are here; gives up after several attempts that brought little."""
        failed = 0
        while not partial.complete:
            before = partial.length
            try:
                self._attempt(partial, course)
                failed = 0
            except _BrokenOffError as error:
                failed = 1 if partial.length - before >= self._limits.progress else failed + 1
                if failed >= self._limits.attempts:
                    raise TransferError(error.fault, course.wanted.title, str(error), error.why) from error
                self._clock.wait(course.cancelled, self._limits.pause * 2 ** (failed - 1))
                course.beat()

    def _attempt(self, partial: PartialFile, course: _Course) -> None:
        # No If-Range: a file is named by its hash, and servers behind one name may each have an ETag of their own.
        headers = {"Range": f"bytes={partial.length}-"} if partial.length else {}
        try:
            with ExitStack() as answering:
                with course.pace.timed():
                    response = answering.enter_context(self._web.get(course.wanted.address, headers))
                self._stream(response, partial, course, self._begin(response, partial, course))
        except WebError as error:
            fault = _FAULTS.get(error.fault, TransferFault.UNREACHABLE)
            if error.fault in (WebFault.REDIRECT, WebFault.CERTIFICATE, WebFault.REFUSED):  # another attempt would end in the same way
                raise TransferError(fault, course.wanted.title, str(error), error.why) from error
            raise _BrokenOffError(fault, str(error), error.why) from error

    def _begin(self, response: Response, partial: PartialFile, course: _Course) -> int:
        """Settles with the server where the bytes of its answer belong; returns behind which byte of the file they end."""
        if response.status == 206:
            return self._checked_range(response, partial, course.wanted)
        if response.status == 200:
            rest = _end_of_rest(response, partial)  # some servers send the rest and call it the whole
            return rest or self._begin_anew(response, partial, course.wanted)
        if response.status == 416 and partial.length:  # the server's file is shorter than what is here: another one
            self._restart(partial, course.wanted)
            raise _BrokenOffError(TransferFault.RANGE, "416")
        if response.status in (408, 425, 429) or response.status >= 500:
            raise _BrokenOffError(TransferFault.REFUSED, str(response.status))
        raise TransferError(TransferFault.REFUSED, course.wanted.title, str(response.status))

    def _begin_anew(self, response: Response, partial: PartialFile, wanted: Wanted) -> int:
        """Takes the whole file: nothing was here, the server knows no ranges, or it has another file now."""
        length = response.header("Content-Length")
        if length is not None and length != str(wanted.size):
            if is_page(response.header("Content-Type")):
                raise TransferError(TransferFault.REDIRECT, wanted.title, "", Why(Cause.SIGN_IN_PAGE, wanted.address))
            raise TransferError(TransferFault.LENGTH, wanted.title, length[:20])
        self._restart(partial, wanted)
        return partial.total

    def _restart(self, partial: PartialFile, wanted: Wanted) -> None:
        partial.restart()
        if partial.restarts > self._limits.restarts:
            raise TransferError(TransferFault.BROKEN_OFF, wanted.title)

    def _checked_range(self, response: Response, partial: PartialFile, wanted: Wanted) -> int:
        end = _end_of_range(response, partial)
        if end is None:
            partial.discard()
            raise TransferError(TransferFault.RANGE, wanted.title)
        return end

    def _stream(self, response: Response, partial: PartialFile, course: _Course, end: int) -> None:
        pace, begun = course.pace, partial.length
        room = memoryview(bytearray(min(PIECE, partial.total)))
        while partial.length < end:
            most = self._rate.piece(min(len(room), end - partial.length))
            with pace.timed():
                count = response.read_into(room[:most])
            course.beat()
            if not count:
                raise _BrokenOffError(TransferFault.BROKEN_OFF, f"{partial.length}/{partial.total}")
            partial.append(room[:count])
            self._progress.report(course.wanted.title, partial.length, partial.total, count)
            self._rate.take(count, course.cancelled)
            # Looked at after the piece is kept, so that the next attempt goes on behind it.
            self._check_pace(pace, count, partial, course.wanted)
        if partial.complete:
            self._check_end(response, partial, course.wanted)
        elif partial.length - begun < _LEAST:  # parts so small never make a file
            raise _BrokenOffError(TransferFault.BROKEN_OFF, f"{partial.length}/{partial.total}")

    def _check_pace(self, pace: _Pace, came: int, partial: PartialFile, wanted: Wanted) -> None:
        rate = pace.rate_after(came)
        if rate is None:
            return
        if rate * self._limits.slow_seconds < self._limits.slow_bytes:
            raise TransferError(TransferFault.STALLED, wanted.title)
        seconds = (partial.total - partial.length) / rate
        if self._limits.horizon is not None and seconds > self._limits.horizon:
            raise TransferError(TransferFault.PUT_OFF, wanted.title, rate_and_duration(rate, seconds))

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
    pace: _Pace

    def beat(self) -> None:
        if self.cancelled.is_set():
            raise TransferCancelledError


class _Pace:
    """How fast a server is: measured over the time spent waiting for it, not over our own rate limit."""

    def __init__(self, clock: Clock, limits: TransferLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._waited = 0.0
        self._came = 0

    @contextmanager
    def timed(self) -> Iterator[None]:
        before = self._clock.monotonic()
        try:
            yield
        finally:
            self._waited += self._clock.monotonic() - before

    def rate_after(self, came: int) -> float | None:
        """Returns bytes a second after so many more came, each time that it was waited long enough for the server; else None."""
        self._came += came
        if self._waited < self._limits.slow_seconds:
            return None
        rate = self._came / self._waited
        self._waited, self._came = 0.0, 0
        return rate


def _end_of_range(response: Response, partial: PartialFile) -> int | None:
    """Returns behind which byte of the file an answer ends that goes on where we are; None where it does not.

    It may bring less than was asked for (RFC 9110, 15.3.7): then the next request asks for what follows.
    """
    match = _CONTENT_RANGE.fullmatch(response.header("Content-Range") or "")
    if not partial.length or match is None or match[3] not in (str(partial.total), "*"):
        return None
    start, last = int(match[1]), int(match[2])
    return last + 1 if start == partial.length <= last < partial.total else None


def _end_of_rest(response: Response, partial: PartialFile) -> int | None:
    """Returns behind which byte a 200 ends that says of itself that it is the rest of the file; None: it is the whole one."""
    end = _end_of_range(response, partial)
    is_rest = end is not None and response.header("Content-Length") in (None, str(end - partial.length))
    return end if is_rest else None


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
