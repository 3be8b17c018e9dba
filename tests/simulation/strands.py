"""Strands: what would be threads of many computers, each going on only when it is its turn by the seed.

A run of a job waits deep inside the product's code, so each needs a stack of its own, and Python keeps stacks in threads. But these
threads never run side by side: one baton goes from the timetable to a strand and back, so that nothing is decided by the machine.
Time moves only in the timetable; what is due at the same instant is put in order by the seed.
"""

from __future__ import annotations

import heapq
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, datetime, timedelta
from queue import Empty, SimpleQueue
from random import Random
from types import ModuleType, TracebackType
from typing import Any, ClassVar, ParamSpec, Self, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class KilledError(BaseException):
    """The computer on which this ran was switched off: nothing it would still do may reach the world."""


class Place:
    """Where strands run: one start of the program on one computer, which may sleep and dies once.

    Args:
        computer: its name.
        number: of the start.

    Attributes:
        offline: whether its cable is out.
    """

    def __init__(self, timetable: Timetable, computer: str, number: int, *, counts_sleep: bool = True) -> None:
        self.computer, self.name = computer, f"{computer} {number}"
        self.dead = self.offline = False
        self.strands: set[Strand] = set()
        self._timetable = timetable
        self._counts_sleep = counts_sleep
        self._slept_since: datetime | None = None
        self._slept = timedelta(0)
        self._frozen: list[tuple[Strand, int]] = []

    @property
    def asleep(self) -> bool:
        return self._slept_since is not None

    @property
    def uncounted(self) -> timedelta:
        """Returns the time asleep that this computer's monotonic clock does not know (Linux; Windows counts it)."""
        if self._counts_sleep:
            return timedelta(0)
        return self._slept + (self._timetable.now - self._slept_since if self._slept_since else timedelta(0))

    def alive(self) -> None:
        """Ends the strand that asks where its computer is off."""
        if self.dead:
            raise KilledError

    def sleep(self) -> None:
        if not self.asleep:
            self._slept_since = self._timetable.now

    def wake(self) -> None:
        if self._slept_since is not None:
            self._slept += self._timetable.now - self._slept_since
            self._slept_since = None
            frozen, self._frozen = self._frozen, []
            for strand, turn in frozen:
                self._timetable.at(self._timetable.now, lambda strand=strand, turn=turn: strand.go_on(turn))  # type: ignore[misc]

    def freeze(self, strand: Strand, turn: int) -> None:
        """Keeps a turn for the time when this computer is awake again."""
        self._frozen.append((strand, turn))

    def kill(self) -> None:
        """Switches off: every strand ends where it stands. To be called by the timetable, not by a strand."""
        self.dead, self._slept_since = True, None
        for strand in sorted(self.strands, key=lambda strand: strand.number):
            strand.go_on(strand.turn)


def _taken_lock() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


class _Stack:
    """A thread that lends its stack to one strand after the other: most strands are short, and a new thread costs more than they do."""

    _idle: ClassVar[list[_Stack]] = []

    def __init__(self) -> None:
        self._work: Callable[[], object] = lambda: None
        self._wanted = _taken_lock()
        threading.Thread(target=self._lend, name="strand", daemon=True).start()

    @classmethod
    def begin(cls, work: Callable[[Callable[[], None]], object]) -> None:
        """Begins work, which is given what gives the stack back: to be called before anybody else goes on."""
        stack = cls._idle.pop() if cls._idle else cls()
        stack._work = lambda: Context().run(work, lambda: cls._idle.append(stack))
        stack._wanted.release()

    def _lend(self) -> None:
        while True:
            self._wanted.acquire()
            self._work()


class Strand:
    """One line of work with a stack of its own.

    Attributes:
        turn: grows with every turn; a wake-up that was made for an earlier turn is void.
    """

    def __init__(self, timetable: Timetable, place: Place, name: str, work: Callable[[], object], number: int) -> None:
        self.place, self.name, self.number, self.turn = place, name, number, 0
        self.done = False
        self._timetable, self._work = timetable, work
        self._baton = _taken_lock()
        self._error: BaseException | None = None
        self._has_begun = False
        place.strands.add(self)

    def go_on(self, turn: int) -> None:
        """Gives this strand its turn and returns when it waits again or has ended; raises what it raised."""
        if self.done or turn != self.turn:
            return
        if self.place.asleep:
            self.place.freeze(self, turn)
            return
        self.turn += 1
        self._timetable.hand_over(self, self._baton.release if self._has_begun else self._begin)
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def wait_for_turn(self) -> None:
        """Gives the baton back until the next turn; called by the strand itself."""
        self._timetable.take_back()
        self._baton.acquire()
        self.place.alive()

    def _begin(self) -> None:
        self._has_begun = True
        _Stack.begin(self._run)

    def _run(self, give_back: Callable[[], None]) -> None:
        try:
            if not self.place.dead:
                self._work()
        except KilledError:
            pass
        except BaseException as error:  # noqa: BLE001 - told in the timetable's thread
            self._error = error
        self.done = True
        self.place.strands.discard(self)
        give_back()
        self._timetable.take_back()


class Timetable:
    """The only clock and the order of everything.

    Args:
        start: aware.
        seed: decides the order of what is due at the same instant.

    Attributes:
        current: the strand whose turn it is; None: the world itself.
    """

    def __init__(self, start: datetime, seed: int) -> None:
        self.now = start.astimezone(UTC)
        self.start = self.now
        self.random = Random(seed)
        self.current: Strand | None = None
        self._due: list[tuple[datetime, float, int, Callable[[], None]]] = []
        self._count = 0
        self._back = _taken_lock()

    def at(self, instant: datetime, do: Callable[[], None], *, first: bool = False) -> None:
        """Has something done at an instant (aware); ``first``: before everything else of that instant."""
        self._count += 1
        order = -1.0 if first else self.random.random()
        heapq.heappush(self._due, (max(instant.astimezone(UTC), self.now), order, self._count, do))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Has something done after a while."""
        self.at(self.now + timedelta(seconds=seconds), do)

    def spawn(self, place: Place, name: str, work: Callable[[], object]) -> Strand:
        """Begins a strand, as soon as it is its turn."""
        self._count += 1
        strand = Strand(self, place, name, work, self._count)
        self.at(self.now, lambda: strand.go_on(0))
        return strand

    def run_until(self, end: datetime) -> None:
        """Lets everything happen that is due before an instant (aware)."""
        end = end.astimezone(UTC)
        while self._due and self._due[0][0] < end:
            self.now, _order, _count, do = heapq.heappop(self._due)
            do()
        self.now = end

    def wait(self, seconds: float) -> None:
        """Lets time pass for the strand that calls; for the world itself none passes."""
        strand = self.current
        if strand is None:
            return
        strand.place.alive()
        turn = strand.turn
        self.after(max(seconds, 0.0), lambda: strand.go_on(turn))
        strand.wait_for_turn()

    def hand_over(self, strand: Strand, begin: Callable[[], None]) -> None:
        """Lets a strand run until it gives the baton back."""
        before, self.current = self.current, strand
        begin()
        self._back.acquire()
        self.current = before

    def take_back(self) -> None:
        """Ends the turn of a strand."""
        self._back.release()


class PlaceClock:
    """The clock of one computer: right, and its monotonic clock as its system has it."""

    def __init__(self, timetable: Timetable, place: Place | None = None) -> None:
        self._timetable, self._place = timetable, place

    def now(self) -> datetime:
        return self._timetable.now

    def monotonic(self) -> float:
        uncounted = self._place.uncounted if self._place else timedelta(0)
        return (self._timetable.now - self._timetable.start - uncounted).total_seconds()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if self._place:
            self._place.alive()
        if not event.is_set():
            self._timetable.wait(seconds)
        return event.is_set()


_timetables: list[Timetable] = []


def _here() -> tuple[Timetable, Strand]:
    timetable = _timetables[-1]
    assert timetable.current is not None, "only a strand begins further ones"
    timetable.current.place.alive()
    return timetable, timetable.current


class StrandThread:
    """Stands in for ``threading.Thread`` in the product: the same work as a strand of the same computer."""

    def __init__(self, target: Callable[..., object], args: tuple[object, ...] = (), name: str = "", daemon: bool = True) -> None:
        self._work = lambda: target(*args)
        self._name = name
        self._strand: Strand | None = None

    def start(self) -> None:
        timetable, mine = _here()
        self._strand = timetable.spawn(mine.place, self._name, self._work)

    def join(self, timeout: float | None = None) -> None:
        """Waits for the end; a strand that waits for an event looks at it at once."""
        strand = self._strand
        if strand is None or strand.done or strand.place.dead:
            return
        timetable, _mine = _here()
        turn = strand.turn
        timetable.at(timetable.now, lambda: strand.go_on(turn))
        while not strand.done:
            timetable.wait(0.01)

    def is_alive(self) -> bool:
        return self._strand is not None and not self._strand.done


class StrandPool:
    """Stands in for ``ThreadPoolExecutor`` in the product."""

    def __init__(self, max_workers: int = 8, thread_name_prefix: str = "") -> None:
        self._most, self._name = max_workers, thread_name_prefix
        self._waiting: deque[Callable[[], None]] = deque()
        self._active = 0

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def task() -> None:
            try:
                future.set_result(work(*args, **kwargs))
            except KilledError:
                raise
            except BaseException as error:  # noqa: BLE001 - as an executor does
                future.set_exception(error)

        self._waiting.append(task)
        self._start()
        return future

    def map(self, work: Callable[..., T], *values: Iterable[Any]) -> Iterator[T]:
        futures = [self.submit(work, *of_one) for of_one in zip(*values, strict=False)]
        self.shutdown()
        return iter([future.result() for future in futures])

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        timetable, _mine = _here()
        while wait and (self._active or self._waiting):
            timetable.wait(0.05)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.shutdown()

    def _start(self) -> None:
        timetable, mine = _here()
        while self._waiting and self._active < self._most:
            self._active += 1
            timetable.spawn(mine.place, self._name, self._work_off)

    def _work_off(self) -> None:
        try:
            while self._waiting:
                self._waiting.popleft()()
        finally:
            self._active -= 1


class StrandQueue:
    """Stands in for ``SimpleQueue`` in the product."""

    def __class_getitem__(cls, _item: object) -> type[StrandQueue]:
        return cls

    def __init__(self) -> None:
        self._items: deque[Any] = deque()
        self._waits: tuple[Strand, int] | None = None

    def put(self, item: Any) -> None:
        self._items.append(item)
        if self._waits is not None:
            strand, turn = self._waits
            timetable = _timetables[-1]
            timetable.at(timetable.now, lambda: strand.go_on(turn))

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        if not self._items and block:
            timetable, mine = _here()
            self._waits = (mine, mine.turn)
            try:
                timetable.wait(86400.0 if timeout is None else timeout)
            finally:
                self._waits = None
        if not self._items:
            raise Empty
        return self._items.popleft()


class _Threading(ModuleType):
    """The module ``threading`` with strands for threads."""

    Thread = StrandThread

    def __getattr__(self, name: str) -> Any:
        return getattr(threading, name)


@contextmanager
def strands_for_threads(timetable: Timetable, packages: tuple[str, ...]) -> Iterator[None]:
    """Puts strands in the place of threads, pools and queues in all loaded modules of these packages."""
    instead = {id(threading): _Threading("threading"), id(ThreadPoolExecutor): StrandPool, id(SimpleQueue): StrandQueue}
    modules = [module for name, module in list(sys.modules.items()) if name.startswith(packages)]
    changed = [(module, name, value) for module in modules for name, value in list(vars(module).items()) if id(value) in instead]
    for module, name, value in changed:
        setattr(module, name, instead[id(value)])
    _timetables.append(timetable)
    try:
        yield
    finally:
        _timetables.pop()
        for module, name, value in changed:
            setattr(module, name, value)
