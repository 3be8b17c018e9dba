"""Ending in time."""

from __future__ import annotations

import signal
import sys
import threading

import pytest

from tray_agent.platforms.shutdown import ProgramEnd, StopReason
from tray_agent.platforms.this_system import stop_when_ending


def test_the_first_reason_counts() -> None:
    end = ProgramEnd()
    end.ask(StopReason.LOGOFF)
    end.ask(StopReason.ASKED)
    assert end.reason is StopReason.LOGOFF
    assert end.stop.is_set()


def test_whoever_ends_the_program_waits_for_its_end() -> None:
    end = ProgramEnd()

    def work() -> None:
        end.stop.wait(10)
        end.finished.set()

    worker = threading.Thread(target=work)
    worker.start()
    assert end.ask_and_wait(StopReason.SHUTDOWN, 10)
    worker.join()


def test_a_program_that_does_not_end_is_waited_for_only_so_long() -> None:
    assert not ProgramEnd().ask_and_wait(StopReason.SHUTDOWN, 0)


def test_the_end_of_the_block_is_told_even_after_a_fault() -> None:
    end = ProgramEnd()
    with pytest.raises(ValueError, match="a fault"), stop_when_ending(end):
        raise ValueError("a fault")
    assert end.finished.is_set()


if sys.platform != "win32":

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_signals_ask_for_the_end_within_the_block_only(number: signal.Signals) -> None:
        before = signal.getsignal(number)
        with stop_when_ending() as end:
            signal.raise_signal(number)
            assert end.stop.wait(10)
            assert end.reason is StopReason.ASKED
        assert signal.getsignal(number) is before
