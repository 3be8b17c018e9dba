"""The parts of the shell: popup, tray by Qt, crash window, single instance, signals, remembered windows."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from PyQt6 import sip
from PyQt6.QtCore import QEvent, QLocale, QObject, QPointF, Qt
from PyQt6.QtGui import QAction, QEnterEvent, QGuiApplication
from PyQt6.QtNetwork import QLocalSocket
from PyQt6.QtWidgets import QApplication, QLabel, QMenu, QPushButton, QSystemTrayIcon
from pytestqt.qtbot import QtBot

from tray_agent.desktop import SECONDS_AFTER_RESTART, Start, _restarted, _Watchdog
from tray_agent.errors import KnownError
from tray_agent.messages.outbox.model import AccountCredits
from tray_agent.platforms import programs
from tray_agent.platforms.foreground import Foreground
from tray_agent.tray.full_screen import FullScreen
from tray_agent.tray.model import Action, AgentFacts, DialogName, Lasting, OpenDialog, PendingQuestion, Quit, tray_state
from tray_agent.tray.notices import NewDownload, Notice, NoticeFacts, notices
from ui.shell import single_instance
from ui.shell.application import GarbageWatch, QtTranslations, SignalWatch
from ui.shell.crash import CrashReporter
from ui.shell.popup import Popup, Popups
from ui.shell.qt_tray import QtTray
from ui.shell.single_instance import SHOW, Place, SingleInstance
from ui.widgets.links import Link

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Screen(FullScreen):
    """A screen that a full-screen program may fill."""

    def __init__(self) -> None:
        self.full = False

    def active(self) -> bool:
        return self.full


def found(*versions: str) -> tuple[Notice, ...]:
    return notices(NoticeFacts(tuple(NewDownload("update", "Update vitomed", version) for version in versions)))


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def opened() -> list[DialogName]:
    return []


@pytest.fixture
def popups(qtbot: QtBot, screen: Screen, opened: list[DialogName]) -> Iterator[Popups]:
    popups = Popups(opened.append, screen)
    qtbot.addWidget(popups)
    yield popups
    popups.stop()


def test_link_opens_the_list_and_closes_the_popup(qtbot: QtBot, popups: Popups, opened: list[DialogName]) -> None:
    popups.show_notices(found("2.70.001"))
    popup = popups.shown
    assert popup is not None
    link = popup.findChild(Link, "link-downloads")
    assert link is not None
    link.click()
    assert opened == [DialogName.DOWNLOADS]
    qtbot.waitUntil(lambda: popups.shown is None)


def test_popup_stands_at_the_lower_right_and_takes_no_keyboard(qtbot: QtBot, popups: Popups) -> None:
    popups.show_notices(found("2.70.001"))
    popup, screen = popups.shown, QGuiApplication.primaryScreen()
    assert popup is not None
    assert screen is not None
    corner = screen.availableGeometry().bottomRight() - popup.geometry().bottomRight()
    assert 0 < corner.x() <= 24
    assert 0 < corner.y() <= 24
    assert popup.windowFlags() & Qt.WindowType.WindowDoesNotAcceptFocus
    assert popup.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)


def test_popup_goes_away_by_itself_but_not_while_somebody_reads(qtbot: QtBot, popups: Popups) -> None:
    popups.show_notices(found("2.70.001"))
    popup = popups.shown
    assert popup is not None
    popup.enterEvent(QEnterEvent(QPointF(), QPointF(), QPointF()))
    assert not popup._timer.isActive()
    popup.leaveEvent(None)
    assert popup._timer.isActive()
    popup._timer.start(1)
    qtbot.waitUntil(lambda: popups.shown is None)


def test_popup_waits_for_the_end_of_a_full_screen_program(qtbot: QtBot, popups: Popups, screen: Screen) -> None:
    freed: list[bool] = []
    popups.on_free(lambda: freed.append(True))
    screen.full = True
    popups.show_notices(found("1"))
    popups.show_notices(found("1", "2"))
    popups.look()
    assert popups.shown is None
    assert popups.waiting
    assert freed == []

    screen.full = False
    popups.look()
    popups.look()
    assert freed == [True]  # what there is to tell by now is asked for then
    assert not popups.waiting


def test_new_popup_replaces_the_old(qtbot: QtBot, popups: Popups) -> None:
    popups.show_notices(found("1"))
    first = popups.shown
    popups.show_notices(found("2"))
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert popups.shown is not None
    assert popups.shown is not first


def test_new_popup_says_too_what_the_one_before_still_said(qtbot: QtBot, popups: Popups, screen: Screen) -> None:
    low = notices(NoticeFacts(low_credits=(AccountCredits(("M1",), "Dr. Meier", Decimal(9), None, 50, days_left=0),)))
    failed = notices(NoticeFacts(failed_reminders=("12",)))
    popups.show_notices(failed)
    popups.show_notices(found("1"))
    popups.show_notices(found("2"))
    popups.show_notices(low)
    assert popups.shown is not None
    assert popups.shown.notices == (*failed, *low, *found("2"))
    popups.shown.close()
    qtbot.waitUntil(lambda: popups.shown is None)
    popups.show_notices(low)
    assert popups.shown is not None
    assert popups.shown.notices == low


def test_popup_shows_three_the_gravest_first_and_always_new_downloads_and_low_credits(qtbot: QtBot) -> None:
    low = AccountCredits(("M1",), "Dr. Meier", Decimal(9), None, 50, days_left=0)
    lasting = Lasting("send_messages", NOW, "Mitteilungen senden: seit 10:10 nicht möglich.")
    question = PendingQuestion(1, "Sind das nicht zu viele?")
    facts = NoticeFacts((NewDownload("u", "Update", "2"),), (low,), ("12", "13"), (lasting,), (question,))
    popup = Popup(notices(facts), lambda _name: None)
    qtbot.addWidget(popup)
    popup.appear()
    links = [link.objectName() for link in popup.findChildren(Link)]
    assert links == ["link-questions", "link-credits", "link-downloads", "quiet", ""]
    assert popup.findChildren(Link)[-1].text() == "2 weitere"
    said = [label.text() for label in popup.findChildren(QLabel)]
    assert "Mindestbestand\N{NO-BREAK SPACE}50." in said[said.index("Credits-Guthaben unter dem Mindestbestand") + 1]


def test_who_wants_no_more_of_it_today_is_left_alone_with_all_but_downloads_and_credits(qtbot: QtBot, popups: Popups) -> None:
    quiet: list[bool] = []
    popups.on_quiet(lambda: quiet.append(True))
    popups.show_notices(notices(NoticeFacts(failed_reminders=("12",))))
    assert popups.shown is not None
    link = popups.shown.findChild(Link, "quiet")
    assert link is not None
    link.click()
    assert quiet == [True]
    qtbot.waitUntil(lambda: popups.shown is None)


def test_popup_is_as_high_as_its_words(qtbot: QtBot) -> None:
    popup = Popup(found(*(str(number) for number in range(9))), lambda _name: None)
    qtbot.addWidget(popup)
    popup.appear()
    labels = [label for label in popup.findChildren(QLabel) if label.text()]
    assert all(label.height() >= label.heightForWidth(label.width()) for label in labels if label.wordWrap())


def test_qt_tray_shows_state_and_does_what_is_chosen(qtbot: QtBot) -> None:
    chosen: list[Action] = []
    tray = QtTray(chosen.append)
    tray.show(tray_state(AgentFacts(now=NOW)))
    icon = tray.findChild(QSystemTrayIcon)
    assert icon is not None
    first = icon.icon().cacheKey()
    tray.show(tray_state(AgentFacts(now=NOW, new_downloads=1)))
    assert icon.icon().cacheKey() != first
    assert "1 heruntergeladen und geprüft. Doppelklick: Download-Liste." in icon.toolTip()

    icon.activated.emit(QSystemTrayIcon.ActivationReason.Trigger)
    icon.activated.emit(QSystemTrayIcon.ActivationReason.MiddleClick)
    menu = icon.contextMenu()
    assert menu is not None
    entry(menu, "Beenden").trigger()
    assert chosen == [OpenDialog(DialogName.DOWNLOADS), Quit()]
    assert entry(menu, "Download-Liste… (1)").font().bold()
    tray.stop()


def entry(menu: QMenu, label: str) -> QAction:
    return next(action for action in menu.actions() if action.text() == label)


def test_fault_in_a_slot_is_told_once_and_the_program_goes_on(qtbot: QtBot) -> None:
    reporter = CrashReporter()
    try:
        for number in range(2):
            error = RuntimeError(f"fault {number} of 079 123 45 67")
            sys.excepthook(RuntimeError, error, None)
        window = reporter.window
        assert window is not None
        qtbot.addWidget(window)
        text = window.text.toPlainText()
        assert "fault 0" in text
        assert "fault 1" in text
        assert "123 45" not in text
        window.copy()
        clipboard = QGuiApplication.clipboard()
        assert clipboard is not None
        assert clipboard.text() == text
        assert [button.text() for button in window.findChildren(QPushButton)] == ["Bericht &kopieren", "&Schliessen"]
    finally:
        reporter.stop()


def test_fault_in_a_thread_is_told_too(qtbot: QtBot) -> None:
    reporter = CrashReporter()
    try:
        worker = threading.Thread(target=lambda: 1 / 0)
        worker.start()
        worker.join()
        qtbot.waitUntil(lambda: reporter.window is not None)
        assert reporter.window is not None
        qtbot.addWidget(reporter.window)
        assert "ZeroDivisionError" in reporter.window.text.toPlainText()
    finally:
        reporter.stop()


@pytest.mark.parametrize("length", [1, 60])
def test_second_instance_asks_the_first_to_show_itself(qtbot: QtBot, tmp_path: Path, length: int) -> None:
    folder = tmp_path / ("x" * length)  # a path that is too long for a socket must do as well
    folder.mkdir()
    first, second = SingleInstance("a", folder), SingleInstance("a", folder)
    asked: list[bool] = []
    assert first.acquire()
    first.on_show(lambda: asked.append(True))
    assert not second.acquire()

    answers: list[Place] = []
    later = threading.Thread(target=lambda: answers.append(SingleInstance("a", folder).acquire_or_show()))
    later.start()
    qtbot.waitUntil(lambda: bool(asked))
    qtbot.waitUntil(lambda: not later.is_alive())
    assert answers == [Place.SHOWN]

    first.release()
    assert second.acquire()
    second.release()


class NotedFront(Foreground):
    """Notes to whom the right to come to the front was passed on, and whether the other had been asked by then."""

    def __init__(self, asked: list[bool]) -> None:
        self._asked = asked
        self.passed_on: list[tuple[int | None, bool]] = []

    def allow(self, process: int | None) -> bool:
        self.passed_on.append((process, bool(self._asked)))
        return True

    def take(self, window: int) -> bool:
        return True


def test_a_later_start_passes_on_the_right_to_come_to_the_front_before_it_asks(qtbot: QtBot, tmp_path: Path) -> None:
    asked: list[bool] = []
    first, front = SingleInstance("a", tmp_path), NotedFront(asked)
    assert first.acquire()
    first.on_show(lambda: asked.append(True))
    answers: list[Place] = []
    later = threading.Thread(target=lambda: answers.append(SingleInstance("a", tmp_path, front).acquire_or_show()))
    later.start()
    qtbot.waitUntil(lambda: not later.is_alive(), timeout=30_000)
    first.release()
    assert answers == [Place.SHOWN]
    assert front.passed_on == [(os.getpid(), False)]


def test_a_start_that_asks_slowly_is_heard_whatever_is_collected_meanwhile(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance("a", tmp_path)
    asked: list[bool] = []
    assert first.acquire()
    first.on_show(lambda: asked.append(True))
    slow = QLocalSocket()
    slow.connectToServer(first.server_name)
    qtbot.waitUntil(lambda: bool(first.findChildren(QLocalSocket)))
    gc.collect()
    slow.write(SHOW)
    qtbot.waitUntil(lambda: bool(asked))
    first.release()


def test_programs_on_different_configurations_do_not_meet(qtbot: QtBot, tmp_path: Path) -> None:
    first, other = SingleInstance("a", tmp_path), SingleInstance("b", tmp_path)
    assert first.acquire()
    assert other.acquire()
    first.release()
    other.release()


def test_a_start_that_nobody_answers_says_so(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_instance, "SECONDS_TO_ANSWER", 0.2)
    first = SingleInstance("a", tmp_path)
    assert first.acquire()
    assert SingleInstance("a", tmp_path).acquire_or_show() is Place.UNHEARD  # this thread doesn't answer while it asks
    first.release()


def test_a_start_takes_the_place_of_a_first_that_ends(qtbot: QtBot, tmp_path: Path) -> None:
    first = SingleInstance("a", tmp_path)
    assert first.acquire()
    answers: list[Place] = []
    waiting = threading.Thread(target=lambda: answers.append(SingleInstance("a", tmp_path).acquire_or_show()))
    waiting.start()
    first.release()
    waiting.join(20)
    assert answers == [Place.FIRST]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals between processes")
def test_signal_wakes_the_loop(qtbot: QtBot) -> None:
    ended: list[bool] = []
    at_once: list[bool] = []
    watch = SignalWatch(lambda: ended.append(True), lambda: at_once.append(True))
    try:
        signal.raise_signal(signal.SIGTERM)
        assert at_once == [True], "the handler itself must not wait for Qt's loop"
        assert ended == []
        qtbot.waitUntil(lambda: ended == [True])
    finally:
        watch.stop()


def test_who_can_not_start_is_told_in_one_language_before_any_configuration_is_read(
    qtbot: QtBot, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    before, reporter = QLocale(), CrashReporter()
    reporter.stop()
    start = Start(application, SingleInstance("a", tmp_path), reporter, lambda: pytest.fail("nothing is built"))
    fault = KnownError("Konfiguration nicht lesbar", "Sie ist kein TOML.")
    fault.__cause__ = ValueError("Invalid value")
    start._refused(fault)
    box = start._box
    assert box is not None
    assert {button.text() for button in box.buttons()} == {"OK", "Details einblenden..."}
    assert "Konfiguration nicht lesbar" in capsys.readouterr().err
    start._tray.stop()
    start._background.stop()
    sip.delete(box)
    for translations in application.findChildren(QtTranslations):
        translations.load("en")
    QLocale.setDefault(before)


def test_a_program_that_was_started_anew_lets_no_worker_hold_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    monkeypatch.setattr(programs, "start_tray_program", lambda: done.append("started"))
    monkeypatch.setattr(_Watchdog, "start", lambda **how: done.append(how))
    assert _restarted() == 0
    assert done == ["started", {"seconds": SECONDS_AFTER_RESTART}]


def test_qt_speaks_the_language_in_force(qtbot: QtBot) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    before, translations = QLocale(), QtTranslations(application)
    for language, word in (("de", "Abbrechen"), ("fr", "Annuler"), ("it", "Annulla"), ("en", "Cancel")):
        translations.load(language)
        assert word in QApplication.translate("QPlatformTheme", "Cancel")
    translations.load("en")
    QLocale.setDefault(before)


def test_what_lies_in_circles_is_collected_on_the_gui_thread_alone(qtbot: QtBot) -> None:
    gone_on: list[threading.Thread] = []

    class Circle:
        def __init__(self) -> None:
            self.itself = self

        def __del__(self) -> None:
            gone_on.append(threading.current_thread())

    owner = QObject()
    garbage = GarbageWatch(owner)
    garbage.start()
    Circle()
    kept: list[list[int]] = []
    worker = threading.Thread(target=lambda: kept.extend([] for _ in range(100_000)))
    worker.start()
    worker.join()
    assert not gone_on
    garbage.look()
    assert gone_on == [threading.current_thread()]
    garbage.stop()
    assert gc.isenabled()
