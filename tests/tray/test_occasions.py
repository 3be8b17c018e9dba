"""Occasions: user switch from session events, start of the practice software from the list of processes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wine import tells_no_names
from tray_agent.tray.occasions import Occasion, PracticeStart, SessionEvent, SystemProcesses, UserSwitch

E = SessionEvent


def occasions(*events: SessionEvent) -> list[Occasion | None]:
    switch = UserSwitch()
    return [switch.happened(event) for event in events]


def test_lock_and_unlock_by_the_same_person_is_no_occasion() -> None:
    assert occasions(E.LOCKED, E.UNLOCKED) == [None, None]


def test_back_after_another_person() -> None:
    assert occasions(E.LEFT, E.BACK) == [None, Occasion.USER_SWITCH]


def test_back_but_still_locked_waits_for_the_unlock() -> None:
    assert occasions(E.LOCKED, E.LEFT, E.BACK, E.UNLOCKED) == [None, None, None, Occasion.USER_SWITCH]


def test_unlocked_before_it_is_in_front() -> None:
    assert occasions(E.LEFT, E.LOCKED, E.UNLOCKED, E.BACK) == [None, None, None, Occasion.USER_SWITCH]


def test_sleep_is_no_user_switch() -> None:
    assert occasions(E.SLEEPING, E.WOKE, E.ENDING) == [None, None, None]


@given(st.lists(st.sampled_from(SessionEvent), max_size=30))
def test_never_more_occasions_than_departures(events: list[SessionEvent]) -> None:
    told = [occasion for occasion in occasions(*events) if occasion]
    assert len(told) <= events.count(E.LEFT)


class FakeProcesses(SystemProcesses):
    """A list of processes that a test changes; notes which were looked at."""

    def __init__(self, **running: int) -> None:
        self.running: dict[int, tuple[str, float]] = {number: (name, 1.0) for name, number in running.items()}
        self.looked_at: list[int] = []

    def pids(self) -> frozenset[int]:
        return frozenset(self.running)

    def describe(self, pid: int) -> tuple[str, float] | None:
        self.looked_at.append(pid)
        return self.running.get(pid)


def test_what_ran_before_is_no_start() -> None:
    processes = FakeProcesses()
    processes.running[7] = ("vitomed.exe", 1.0)
    watch = PracticeStart(processes, lambda: "vitomed.exe")
    assert not watch.look()
    assert processes.looked_at == []


@pytest.mark.parametrize("named", ["vitomed", "VITOMED.EXE", r"C:\Program Files\vitomed\vitomed.exe", '"vitomed.exe" '])
def test_practice_software_is_known_however_somebody_wrote_its_name(named: str) -> None:
    processes = FakeProcesses()
    watch = PracticeStart(processes, lambda: named)
    processes.running[7] = ("vitomed.exe", 1.0)
    processes.running[8] = ("vitomed-help.exe", 1.0)
    assert watch.look()


def test_start_is_noticed_once_whatever_the_letters() -> None:
    processes = FakeProcesses()
    watch = PracticeStart(processes, lambda: "vitomed.exe")
    processes.running[7] = ("VitoMed.EXE", 2.0)
    processes.running[8] = ("notepad.exe", 2.0)
    assert watch.look()
    assert not watch.look()
    assert not watch.look()
    assert sorted(processes.looked_at) == [7, 7, 8, 8]


def test_same_number_later_is_another_start() -> None:
    processes = FakeProcesses()
    watch = PracticeStart(processes, lambda: "vitomed.exe")
    for born in (1.0, 2.0):
        processes.running[7] = ("vitomed.exe", born)
        assert watch.look()
        assert not watch.look()
        del processes.running[7]
        assert not watch.look()


def test_program_that_is_loaded_after_the_first_look_is_noticed() -> None:
    processes = FakeProcesses()
    watch = PracticeStart(processes, lambda: "vitomed.exe")
    processes.running[7] = ("sh", 2.0)
    assert not watch.look()
    processes.running[7] = ("vitomed.exe", 2.0)
    assert watch.look()


def test_process_that_is_gone_again_is_no_start() -> None:
    processes = FakeProcesses()
    watch = PracticeStart(processes, lambda: "vitomed.exe")
    processes.running[7] = ("vitomed.exe", 2.0)
    processes.describe = lambda _pid: None  # type: ignore[method-assign, assignment]  # it ended between the two questions
    assert not watch.look()


@pytest.mark.skipif(tells_no_names(), reason="Wine tells no names of other processes; on the list for a real Windows")
def test_real_processes() -> None:
    processes = SystemProcesses()
    described = processes.describe(os.getpid())
    assert os.getpid() in processes.pids()
    assert described is not None
    watch = PracticeStart(processes, lambda: described[0])
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        child_name = processes.describe(child.pid)
        assert child_name is not None
        started = watch.look() or watch.look()
        child.communicate(b"\n")
    assert started == (child_name[0].casefold() == described[0].casefold())
    if sys.platform != "win32":  # Windows knows a process as long as somebody, here the test, holds a handle on it
        assert processes.describe(child.pid) is None
