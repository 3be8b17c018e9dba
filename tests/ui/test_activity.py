"""The window *Protokoll Aktivitäten/Fehler*: tabs, filters, printing, deleting, the doubtful."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtPdf import QPdfDocument
from PyQt6.QtPrintSupport import QPrintDialog, QPrinter, QPrintPreviewDialog
from PyQt6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from tests.messages.world import TOMORROW_NINE, World
from tests.support.accessibility import clashing_mnemonics, unnamed_widgets
from tests.ui.jobs_world import Yes
from tests.ui.keyboard import choose_days, press, type_text
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.errors import UnavailableError
from tray_agent.job_kinds import Service
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox.model import DoubtDecision, OutboxReason
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.model import Activity, ActivityRow, Level, RunReason
from tray_agent.tray.model import DialogName
from ui.dialogs.activity import ActivityDialog
from ui.dialogs.activity_pages import LogPage
from ui.models.activity import LogFilter, day_text, remedy_of
from ui.models.period import Period
from ui.models.print_outs import PrintOut, activity_list
from ui.widgets.printing import preview, print_with_dialog
from ui.windows import DialogContext

LEVEL, SENTENCE = 2, 5
"""Columns of a log."""


@pytest.fixture
def practice(agent: Agent, clock: ManualClock) -> World:
    """Gives the agent a small practice in memory, whose outbox is the agent's own."""
    world = World(agent.store, clock)
    agent.__dict__["messages"] = world.service
    agent.__dict__["practice"] = world.practice
    return world


@pytest.fixture
def log(agent: Agent) -> ActivityLog:
    """Gives a log with three rows of the SMS-Service and one of the Download-Service."""
    log = ActivityLog(agent.store, "EMPFANG1")
    log.write(
        [
            Activity(Service.DOWNLOADS, Level.WARNING, "slow", "Der Download dauerte lange.", item="vitomed-update"),
            Activity(Service.SMS, Level.ERROR, "no_contact", "Müller Anna: keine Mobilnummer.", item="12", patient_id="P1"),
            Activity(Service.SMS, Level.WARNING, "late", "Meier Hans: spät gesendet.", item="13"),
            Activity(Service.SMS, Level.INFO, "sent", "Rossi Beat: gesendet.", item="14"),
        ]
    )
    return log


def opened(qtbot: QtBot, context: DialogContext) -> ActivityDialog:
    dialog = ActivityDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    settle(qtbot, dialog)
    return dialog


def settle(qtbot: QtBot, dialog: ActivityDialog) -> None:
    qtbot.waitUntil(lambda: dialog.context.background.idle and not dialog.is_busy)


def sms(qtbot: QtBot, dialog: ActivityDialog) -> LogPage:
    dialog.tabs.setCurrentWidget(dialog.logs[Service.SMS])
    settle(qtbot, dialog)
    return dialog.logs[Service.SMS]


def sentences(page: LogPage) -> list[str]:
    return [str(page.list.index(row, SENTENCE).data()) for row in range(page.list.rowCount())]


@pytest.mark.usefixtures("log", "practice")
def test_it_opens_where_something_is_wrong(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    assert [dialog.tabs.tabText(place) for place in range(4)] == [
        "Downloads (0)", "SMS (1)", "Agent (0)", "In der Schwebe (0)",
    ]  # fmt: skip
    assert dialog.tabs.currentWidget() is dialog.logs[Service.SMS]
    assert sentences(sms(qtbot, dialog)) == ["Rossi Beat: gesendet.", "Meier Hans: spät gesendet.", "Müller Anna: keine Mobilnummer."]


@pytest.mark.usefixtures("log", "practice")
def test_it_opens_on_the_newest_error(qtbot: QtBot, context: DialogContext) -> None:
    page = sms(qtbot, opened(qtbot, context))
    assert page.table.current is not None
    assert page.table.current.sentence == "Müller Anna: keine Mobilnummer."
    assert page.table.hasFocus()


@pytest.mark.usefixtures("practice")
def test_it_opens_on_an_error_far_below(qtbot: QtBot, context: DialogContext, log: ActivityLog) -> None:
    log.write([Activity(Service.SMS, Level.INFO, "sent", f"Mitteilung {number}", item=str(number)) for number in range(400)])
    page = sms(qtbot, opened(qtbot, context))
    qtbot.waitUntil(lambda: page.table.current is not None and page.table.current.level is Level.ERROR)


@pytest.mark.usefixtures("log", "practice")
def test_one_search_serves_all_logs(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    page = sms(qtbot, dialog)
    type_text(page.text, "download")
    qtbot.waitUntil(lambda: page.list.rowCount() == 0)
    dialog.tabs.setCurrentWidget(dialog.logs[Service.DOWNLOADS])
    settle(qtbot, dialog)
    assert sentences(dialog.logs[Service.DOWNLOADS]) == ["Der Download dauerte lange."]
    dialog.tabs.setCurrentWidget(dialog.doubtful)
    assert not any(field.isEnabled() for field in dialog.tools.fields)


def test_a_day_is_written_once_for_all_of_its_rows() -> None:
    today = date(2026, 11, 23)
    days = (today, date(2026, 11, 20), date(2025, 11, 20))
    assert [day_text(day, today) for day in days] == ["heute", "Fr 20.11.", "Do 20.11.2025"]


@pytest.mark.parametrize(
    ("service", "level", "reason", "patient", "opens"),
    [
        (Service.SMS, Level.ERROR, OutboxReason.QUESTION, None, DialogName.QUESTIONS),
        (Service.SMS, Level.ERROR, OutboxReason.NO_CREDITS, "P1", DialogName.CREDITS),
        (Service.SMS, Level.ERROR, "no_contact", "P1", DialogName.CALLS),
        (Service.SMS, Level.INFO, "sent", "P1", None),
        (Service.SMS, Level.ERROR, RunReason.DIED, None, DialogName.JOBS),
        (Service.DOWNLOADS, Level.WARNING, "slow", None, DialogName.DOWNLOADS),
        (Service.AGENT, Level.WARNING, "anything", None, None),
    ],
)
def test_where_a_person_does_something_about_a_row(
    service: Service, level: Level, reason: str, patient: str | None, opens: DialogName | None
) -> None:
    at = datetime(2026, 11, 23, 10, tzinfo=UTC)
    row = ActivityRow(1, at, service, level, str(reason), "Satz.", None, patient, None, "PC", None, hidden=False)
    found = remedy_of(row)
    assert (found[1] if found else None) is opens


@pytest.mark.usefixtures("log", "practice")
def test_the_button_beside_the_chosen_row_opens_the_window(qtbot: QtBot, context: DialogContext, monkeypatch: pytest.MonkeyPatch) -> None:
    page = sms(qtbot, opened(qtbot, context))
    opened_windows: list[DialogName] = []
    monkeypatch.setattr(context.windows, "open", opened_windows.append)
    page.remedy.click()
    assert opened_windows == [DialogName.CALLS]
    page.table.selectRow(0)
    assert page.remedy.isHidden()


@pytest.mark.usefixtures("log", "practice")
def test_filters_narrow_a_tab(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    page = sms(qtbot, dialog)
    page.level.setCurrentIndex(page.level.findText("Fehler"))
    qtbot.waitUntil(lambda: sentences(page) == ["Müller Anna: keine Mobilnummer."])
    page.level.setCurrentIndex(0)
    type_text(page.text, "hans")
    qtbot.waitUntil(lambda: sentences(page) == ["Meier Hans: spät gesendet."])
    page.text.clear()
    choose_days(page.period, date(2026, 11, 1), date(2026, 11, 2))
    qtbot.waitUntil(lambda: page.list.rowCount() == 0)
    assert "der Filter verbirgt sie" in page.table.message
    choose_days(page.period, date(2026, 11, 2), date(2026, 11, 1))
    assert "so gibt es keinen Zeitraum" in page.period_note.text


@pytest.mark.usefixtures("log", "practice")
def test_enter_in_the_search_searches_and_does_not_close(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    page = sms(qtbot, dialog)
    page.text.setFocus()
    type_text(page.text, "rossi")
    press(page.text, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: sentences(page) == ["Rossi Beat: gesendet."])
    assert dialog.isVisible()


@pytest.mark.usefixtures("log", "practice")
def test_the_chosen_row_is_told_in_full(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    page = sms(qtbot, dialog)
    page.table.selectRow(2)
    assert page.details.toPlainText().splitlines() == [
        "Fehler, 23.11.2026 10:00 auf EMPFANG1", "Müller Anna: keine Mobilnummer.", "Patient: P1   Betrifft: Mitteilung 12",
    ]  # fmt: skip


@pytest.mark.usefixtures("practice")
def test_a_long_sentence_is_told_to_its_end(qtbot: QtBot, context: DialogContext, agent: Agent) -> None:
    ActivityLog(agent.store, "EMPFANG1").write([Activity(Service.SMS, Level.ERROR, "no_credits", "Guthaben aufladen. " * 120, item="12")])
    dialog = opened(qtbot, context)
    page = sms(qtbot, dialog)
    qtbot.waitUntil(lambda: page.details.toPlainText().endswith("Betrifft: Mitteilung 12"))
    document, bar, viewport = page.details.words.document(), page.details.words.verticalScrollBar(), page.details.words.viewport()
    assert document is not None
    assert bar is not None
    assert viewport is not None
    assert bar.maximum() > 0
    assert document.size().height() <= viewport.height() + bar.maximum() + 1


@pytest.mark.usefixtures("log", "practice")
def test_every_title_of_the_log_sorts(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    page = sms(qtbot, dialog)
    page.table.sortByColumn(LEVEL, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: sentences(page)[0] == "Müller Anna: keine Mobilnummer.")
    page.table.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    qtbot.waitUntil(lambda: sentences(page)[2] == "Rossi Beat: gesendet.")
    assert all(column.sort for column in page.list.columns)


@pytest.mark.usefixtures("practice")
def test_deleting_leaves_what_came_later(
    qtbot: QtBot, context: DialogContext, log: ActivityLog, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(qtbot, context)
    page = sms(qtbot, dialog)
    log.write([Activity(Service.SMS, Level.ERROR, "no_contact", "Später gekommen.")])
    asked = Yes()
    monkeypatch.setattr(dialog, "ask", asked)
    page.level.setCurrentIndex(1)
    settle(qtbot, dialog)
    dialog.delete_all()
    settle(qtbot, dialog)
    page.level.setCurrentIndex(0)
    qtbot.waitUntil(lambda: sentences(page) == ["Später gekommen."])
    assert asked.consequences[0].endswith("Auch was der Filter gerade verbirgt, wird gelöscht.")
    assert dialog.tabs.tabText(1) == "SMS (1)"
    assert "3 Einträge wurden gelöscht." in dialog.banner.text
    assert len(agent.jobs.log.page().rows) == 2


@pytest.mark.usefixtures("log", "practice")
def test_deleting_asks_first(qtbot: QtBot, context: DialogContext, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = opened(qtbot, context)
    sms(qtbot, dialog)
    monkeypatch.setattr(dialog, "ask", lambda *_words: False)
    dialog.delete_all()
    assert not dialog.is_busy
    assert len(agent.jobs.log.page().rows) == 4
    dialog.tabs.setCurrentWidget(dialog.doubtful)
    assert not dialog.delete_button.isEnabled()
    dialog.delete_all()
    assert not dialog.is_busy


@pytest.fixture
def doubtful(practice: World, clock: ManualClock) -> World:
    """Gives a practice with one message in doubt."""
    practice.book_appointment("A1", TOMORROW_NINE, "P1")
    practice.prepare()
    practice.force(practice.only().id, state="in_doubt", sending_at=clock.now() - timedelta(hours=1))
    return practice


@pytest.mark.parametrize(("verdict", "state"), [(DoubtDecision.SENT, MessageState.SUBMITTED), (DoubtDecision.AGAIN, MessageState.PREPARED)])
def test_a_message_in_doubt_is_decided(
    qtbot: QtBot, context: DialogContext, doubtful: World, monkeypatch: pytest.MonkeyPatch, verdict: DoubtDecision, state: MessageState
) -> None:
    dialog = opened(qtbot, context)
    assert dialog.tabs.currentWidget() is dialog.doubtful
    assert dialog.tabs.tabText(3) == "In der Schwebe (1)"
    asked = Yes()
    monkeypatch.setattr(dialog, "ask", asked)
    button = dialog.doubtful.sent_button if verdict is DoubtDecision.SENT else dialog.doubtful.again_button
    button.click()
    qtbot.waitUntil(lambda: dialog.tabs.tabText(3) == "In der Schwebe (0)")
    assert doubtful.only().state is state
    assert "Muster" in asked.questions[0]
    assert asked.consequences[0]
    assert not dialog.doubtful.sent_button.isEnabled()


@pytest.mark.usefixtures("doubtful")
def test_what_may_still_be_under_way_is_not_sent_again(
    qtbot: QtBot, context: DialogContext, doubtful: World, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    doubtful.force(doubtful.only().id, sending_at=clock.now())
    dialog = opened(qtbot, context)
    monkeypatch.setattr(dialog, "ask", lambda *_words: True)
    dialog.doubtful.again_button.click()
    qtbot.waitUntil(lambda: "könnte noch unterwegs sein" in dialog.banner.text)
    assert doubtful.only().state is MessageState.IN_DOUBT
    assert dialog.doubtful.again_button.isEnabled()


@pytest.mark.usefixtures("doubtful")
def test_nothing_is_decided_without_an_answer(
    qtbot: QtBot, context: DialogContext, doubtful: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = opened(qtbot, context)
    monkeypatch.setattr(QMessageBox, "exec", lambda _box: 0)
    dialog.doubtful.sent_button.click()
    assert doubtful.only().state is MessageState.IN_DOUBT


@pytest.mark.usefixtures("doubtful")
def test_the_doubtful_are_printed_to_be_asked_by_telephone(qtbot: QtBot, context: DialogContext, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = opened(qtbot, context)
    printed: list[PrintOut] = []
    monkeypatch.setattr("ui.widgets.printing.print_with_dialog", lambda document, _parent: printed.append(document))
    dialog.printing.print_list()
    qtbot.waitUntil(lambda: bool(printed))
    assert printed[0].title == "Mitteilungen in der Schwebe"
    assert "Muster" in printed[0].html
    assert "☐ ja" in printed[0].html


def test_the_logs_are_there_even_without_the_practice(
    qtbot: QtBot, context: DialogContext, log: ActivityLog, practice: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: object) -> None:
        raise UnavailableError("Praxisdaten nicht erreichbar", "Die Daten der Praxis antworten nicht.")

    monkeypatch.setattr(type(practice.service), "in_doubt", away)
    dialog = opened(qtbot, context)
    assert dialog.tabs.tabText(1) == "SMS (1)"
    assert "Praxisdaten nicht erreichbar" in dialog.banner.text


# Printing


def pages_of(file: Path) -> list[str]:
    """Returns the text of each page of a PDF."""
    document = QPdfDocument(None)
    document.load(str(file))
    return [document.getAllText(page).text() for page in range(document.pageCount())]


@pytest.mark.usefixtures("log", "practice")
def test_the_list_is_saved_as_pdf(qtbot: QtBot, context: DialogContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = opened(qtbot, context)
    page = sms(qtbot, dialog)
    page.level.setCurrentIndex(page.level.findText("Fehler"))
    settle(qtbot, dialog)
    file = tmp_path / "protokoll.pdf"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_arguments: (str(file), ""))
    dialog.printing.save_pdf()
    qtbot.waitUntil(lambda: "PDF gespeichert" in dialog.banner.text)
    text = " ".join(pages_of(file)[0].split())
    assert "Protokoll Aktivitäten/Fehler: SMS" in text
    assert "Müller Anna: keine Mobilnummer." in text
    assert "Rossi" not in text


def test_a_pdf_that_cant_be_written_is_told(qtbot: QtBot, context: DialogContext, practice: World, tmp_path: Path) -> None:
    dialog = opened(qtbot, context)
    dialog.printing.write_pdf(PrintOut("Liste", "<p>x</p>"), tmp_path / "nirgends" / "liste.pdf")
    assert "PDF nicht geschrieben" in dialog.banner.text


def test_a_list_that_goes_on_says_so(context: DialogContext) -> None:
    now = datetime(2026, 11, 23, 10, tzinfo=context.agent.zone)
    assert "die Liste geht weiter" in activity_list("SMS", (), context.agent.zone, now, more=True).html
    assert "die Liste geht weiter" not in activity_list("SMS", (), context.agent.zone, now, more=False).html


def test_printing_goes_through_the_systems_dialog(
    qtbot: QtBot, context: DialogContext, practice: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog, file = opened(qtbot, context), tmp_path / "gedruckt.pdf"

    def accept(asking: QPrintDialog) -> int:
        printer = asking.printer()
        assert printer is not None
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(str(file))
        return QPrintDialog.DialogCode.Accepted

    monkeypatch.setattr(QPrintDialog, "exec", accept)
    assert print_with_dialog(PrintOut("Liste", "<p>gedruckt</p>"), dialog)
    assert "gedruckt" in pages_of(file)[0]
    monkeypatch.setattr(QPrintDialog, "exec", lambda _asking: QPrintDialog.DialogCode.Rejected)
    assert not print_with_dialog(PrintOut("Liste", "<p>gedruckt</p>"), dialog)


def test_the_preview_paints_the_same_document(
    qtbot: QtBot, context: DialogContext, practice: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog, file = opened(qtbot, context), tmp_path / "ansicht.pdf"

    def look(window: QPrintPreviewDialog) -> int:
        printer = QPrinter()
        printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
        printer.setOutputFileName(str(file))
        window.paintRequested.emit(printer)
        return 0

    monkeypatch.setattr(QPrintPreviewDialog, "exec", look)
    preview(PrintOut("Liste", "<p>angesehen</p>"), dialog)
    assert "angesehen" in pages_of(file)[0]


@pytest.mark.usefixtures("practice")
def test_the_window_can_be_heard_and_worked_by_keys(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    for place in range(dialog.tabs.count()):
        dialog.tabs.setCurrentIndex(place)
        settle(qtbot, dialog)
        assert unnamed_widgets(dialog) == []
        assert clashing_mnemonics(dialog) == []


def test_a_filter_knows_whether_it_hides_something() -> None:
    assert not LogFilter(Service.SMS).hides_something
    for filtered in (
        LogFilter(Service.SMS, level=Level.ERROR),
        LogFilter(Service.SMS, text="a"),
        LogFilter(Service.SMS, period=Period(date(2026, 1, 1))),
    ):
        assert filtered.hides_something
