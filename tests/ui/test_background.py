"""Work in the background: results on the GUI thread, errors as words, nothing after a cancel."""

from __future__ import annotations

import threading

import pytest
from PyQt6.QtCore import QObject
from pytestqt.qtbot import QtBot

from tray_agent.errors import BugError, KnownError
from ui.background import Background


def test_result_arrives_on_the_gui_thread(qtbot: QtBot, background: Background) -> None:
    seen: list[tuple[int, int]] = []
    background.run(threading.get_ident, lambda worker: seen.append((worker, threading.get_ident())))

    qtbot.waitUntil(lambda: bool(seen))

    worker, gui = seen[0]
    assert gui == threading.get_ident()
    assert worker != gui


def test_known_error_goes_to_failed(qtbot: QtBot, background: Background) -> None:
    def work() -> None:
        raise KnownError("Titel", "Was geschah.")

    failed: list[KnownError] = []
    background.run(work, lambda _result: pytest.fail("no result"), failed=failed.append)

    qtbot.waitUntil(lambda: bool(failed))
    assert failed[0].title == "Titel"


def test_known_error_without_failed_is_shown(qtbot: QtBot, background: Background, errors: list[KnownError]) -> None:
    def work() -> None:
        raise KnownError("Titel", "Was geschah.")

    background.run(work, lambda _result: pytest.fail("no result"))

    qtbot.waitUntil(lambda: bool(errors))


def test_bug_is_told_in_words_and_logged(qtbot: QtBot, background: Background, caplog: pytest.LogCaptureFixture) -> None:
    def work() -> None:
        raise BugError("a state that must not be")

    failed: list[KnownError] = []
    background.run(work, lambda _result: pytest.fail("no result"), failed=failed.append)

    qtbot.waitUntil(lambda: bool(failed))
    assert "must not be" not in str(failed[0])
    assert "must not be" in caplog.text


def test_cancelled_work_delivers_nothing(qtbot: QtBot, background: Background) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait(10)

    task = background.run(work, lambda _result: pytest.fail("cancelled"))
    assert begun.wait(10)
    task.cancel()
    go_on.set()

    qtbot.waitUntil(lambda: background.idle)


def test_result_of_a_window_that_is_gone_is_dropped(qtbot: QtBot, background: Background) -> None:
    go_on = threading.Event()
    owner = QObject()
    background.run(lambda: go_on.wait(10), lambda _result: pytest.fail("its window is gone"), owner=owner)
    from PyQt6 import sip

    sip.delete(owner)
    go_on.set()

    qtbot.waitUntil(lambda: background.idle)


def test_what_is_posted_meanwhile_arrives_before_the_result(qtbot: QtBot, background: Background) -> None:
    seen: list[object] = []

    def work() -> str:
        background.post(lambda: seen.append(1))
        background.post(lambda: seen.append(2))
        return "done"

    background.run(work, seen.append)

    qtbot.waitUntil(lambda: background.idle)
    assert seen == [1, 2, "done"]


def test_after_the_end_a_call_is_dropped(qtbot: QtBot, background: Background) -> None:
    background.stop()
    task = background.run(lambda: 1, lambda _result: None)
    assert task.cancelled.is_set()
    assert background.idle
