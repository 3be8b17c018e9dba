"""The window *Protokoll Aktivitäten/Fehler*: tabs, filters, printing, deleting, the call list, the doubtful."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtPdf import QPdfDocument
from PyQt6.QtPrintSupport import QPrintDialog, QPrinter, QPrintPreviewDialog
from PyQt6.QtWidgets import QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from tests.messages.world import ANNA, TOMORROW_NINE, World, treatment
from tests.support.accessibility import clashing_mnemonics, unnamed_widgets
from tests.ui.jobs_world import Yes
from tests.ui.keyboard import choose_days, press, type_text
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import PracticeSection
from tray_agent.errors import UnavailableError
from tray_agent.job_kinds import Service
from tray_agent.jobs.outlook import Outlook
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.model import DoubtDecision
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.model import Activity, Level
from ui.dialogs.activity import ActivityDialog
from ui.dialogs.activity_pages import LogPage
from ui.models.activity import LogFilter
from ui.models.period import Period
from ui.models.print_outs import PrintOut, activity_list, letters
from ui.widgets.printing import preview, print_with_dialog, write_pdf
from ui.windows import DialogContext


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
    return [str(page.list.index(row, 2).data()) for row in range(page.list.rowCount())]


@pytest.mark.usefixtures("log", "practice")
def test_it_opens_where_something_is_wrong(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    assert [dialog.tabs.tabText(place) for place in range(5)] == [
        "Downloads (0)", "SMS (1)", "Agent (0)", "Anders zu erinnern (0)", "In der Schwebe (0)",
    ]  # fmt: skip
    assert dialog.tabs.currentWidget() is dialog.logs[Service.SMS]
    assert sentences(sms(qtbot, dialog)) == ["Rossi Beat: gesendet.", "Meier Hans: spät gesendet.", "Müller Anna: keine Mobilnummer."]


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
        "Fehler, 23.11.2026 10:00 auf EMPFANG1", "Müller Anna: keine Mobilnummer.", "Patient: P1", "Betrifft: Mitteilung 12",
    ]  # fmt: skip


@pytest.mark.usefixtures("practice")
def test_a_long_sentence_is_told_to_its_end(qtbot: QtBot, context: DialogContext, agent: Agent) -> None:
    ActivityLog(agent.store, "EMPFANG1").write([Activity(Service.SMS, Level.ERROR, "no_credits", "Guthaben aufladen. " * 120, item="12")])
    dialog = opened(qtbot, context)
    page = sms(qtbot, dialog)
    qtbot.waitUntil(lambda: page.details.toPlainText().endswith("Betrifft: Mitteilung 12"))
    document, bar, viewport = page.details.document(), page.details.verticalScrollBar(), page.details.viewport()
    assert document is not None
    assert bar is not None
    assert viewport is not None
    assert bar.maximum() > 0
    assert document.size().height() <= viewport.height() + bar.maximum() + 1


@pytest.mark.usefixtures("log", "practice")
def test_every_title_of_the_log_sorts(qtbot: QtBot, context: DialogContext) -> None:
    dialog = opened(qtbot, context)
    page = sms(qtbot, dialog)
    page.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
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
    dialog.tabs.setCurrentWidget(dialog.calls)
    assert not dialog.delete_button.isEnabled()
    dialog.delete_all()
    assert not dialog.is_busy


def missed(world: World, number: int = 2) -> None:
    """Lets the practice prepare reminders that can't be sent: no mobile number, no e-mail."""
    for place in range(number):
        patient = replace(ANNA, id=f"N{place}", first_name="Anna", last_name=f"Muster{place}", mobile=None, phone=f"044 262 11 2{place}")
        world.practice.put(patient)
        world.book_appointment(f"A{place}", TOMORROW_NINE + timedelta(hours=place), patient.id)
    world.prepare()


def test_the_call_list_is_ticked_off(qtbot: QtBot, context: DialogContext, practice: World, monkeypatch: pytest.MonkeyPatch) -> None:
    missed(practice)
    dialog = opened(qtbot, context)
    page = dialog.calls
    assert dialog.tabs.currentWidget() is page
    assert not page.tick_button.isEnabled()
    page.table.selectRow(1)
    press(page.table, Qt.Key.Key_Space)
    assert page.tick_button.isEnabled()
    asked = Yes()
    monkeypatch.setattr(dialog, "ask", asked)
    page.tick_button.click()
    settle(qtbot, dialog)
    qtbot.waitUntil(lambda: [entry.message.patient_name for entry in page.model.rows] == ["Anna Muster0"] or page.list.rowCount() == 1)
    assert asked.questions == ["1 Patient wurde anders erinnert?"]
    assert dialog.tabs.tabText(3) == "Anders zu erinnern (1)"
    handled = [message for message in practice.messages() if message.handled_at]
    assert len(handled) == 1
    assert handled[0].handled_by is not None
    assert handled[0].handled_by.endswith("@EMPFANG1")


def test_the_call_list_says_of_each_whether_it_was_sent_and_when_it_is_tried_again(
    qtbot: QtBot, context: DialogContext, practice: World
) -> None:
    missed(practice, 1)
    for place in (1, 2):
        practice.practice.put(replace(ANNA, id=f"W{place}", last_name=f"Wartet{place}"), treatment(f"W{place}"))
        practice.book_appointment(f"B{place}", TOMORROW_NINE + timedelta(minutes=10 * place), f"W{place}")
    practice.prepare()
    practice.force(2, state="in_doubt", sending_at=practice.clock.now(), reason="in_doubt", sentence="Keine Antwort.")
    practice.outlook = Outlook(practice.parts.instant(TOMORROW_NINE + timedelta(hours=1)))
    rows = opened(qtbot, context).calls.list
    assert [(rows.index(row, 4).data(), rows.index(row, 5).data().partition(".")[0]) for row in range(rows.rowCount())] == [
        ("nicht gesendet", "Beim Patienten ist nur eine Nummer hinterlegt, an die keine SMS geht (z"),
        ("unklar, ob gesendet", "Keine Antwort"),
        ("noch nicht gesendet", "Nächster Versuch 24"),
    ]


def test_ticks_stay_when_the_list_is_read_anew(qtbot: QtBot, context: DialogContext, practice: World) -> None:
    missed(practice)
    dialog = opened(qtbot, context)
    press(dialog.calls.table, Qt.Key.Key_Space)
    dialog.reload()
    settle(qtbot, dialog)
    assert len(dialog.calls.model.ticked) == 1


def test_the_call_list_on_paper_has_numbers_and_reasons(qtbot: QtBot, context: DialogContext, practice: World) -> None:
    missed(practice)
    dialog = opened(qtbot, context)
    html = dialog.calls.print_out()().html
    assert "044 262 11 20" in html
    assert "24.11.2026 09:00" in html
    assert html.count("☐") == 3


def test_letters_say_place_and_time_and_no_more(qtbot: QtBot, context: DialogContext, practice: World, clock: ManualClock) -> None:
    missed(practice)
    entries = practice.service.call_list()
    patients = practice.practice.patients({entry.message.patient_id for entry in entries})
    printed = letters(entries, patients, PracticeSection(name="Praxis am Bellevue", phone="044 262 11 22"), context.agent.zone, clock.now())
    assert printed.html.count("Gerne erinnern wir Sie an Ihren Termin am 24.11.2026 um") == 2
    assert printed.html.count("page-break-before") == 1
    assert "Frau Anna Muster0" in printed.html
    assert printed.html.count(". . . . . .") // 4 == 2 * 2  # two lines in each letter for street and town, which nobody knows here
    assert entries[0].sentence not in printed.html


def test_a_letter_of_a_notice_says_which_time_no_longer_holds(
    qtbot: QtBot, context: DialogContext, practice: World, clock: ManualClock
) -> None:
    missed(practice)
    entry = practice.service.call_list()[0]

    def letter(key: str, state: MessageState) -> str:
        message = replace(
            entry.message, kind=MessageKind.MOVED if key.startswith("moved") else MessageKind.REMINDER, unique_key=key, state=state
        )
        sender = PracticeSection(name="Praxis", phone="")
        return letters([replace(entry, message=message)], {}, sender, context.agent.zone, clock.now()).html

    told = "Er findet neu am 24.11.2026 um 09:00 Uhr statt; der bisherige am {day} um {time} Uhr gilt nicht mehr."
    notice, reminder = "moved/20261124t0900/20261123t1630/a1", "reminder/20261123t1630/a1"
    for key, state in ((notice, MessageState.ERROR), (notice, MessageState.UNKNOWN), (reminder, MessageState.DELIVERED)):
        printed = letter(key, state)
        assert told.format(day="23.11.2026", time="16:30") in printed
        assert "<b>Terminverschiebung</b>" in printed
        assert "erinnern" not in printed
    # The notice arrived, and the appointment was moved once more: what it told is what no longer holds.
    assert told.format(day="25.11.2026", time="11:00") in letter("moved/20261125t1100/20261123t1630/a1", MessageState.DELIVERED)
    # Who was told nothing is reminded; who was told what is true, too.
    for key, state in ((reminder, MessageState.ERROR), ("reminder/20261124t0900/a1", MessageState.UNKNOWN)):
        assert "Gerne erinnern wir Sie an Ihren Termin am 24.11.2026 um 09:00 Uhr." in letter(key, state)


@pytest.mark.parametrize(
    ("written", "greeting"),
    [("FR", "Bonjour"), ("it-CH", "Buongiorno"), ("de", "Guten Tag"), ("Rätoromanisch", "Guten Tag"), (None, "Guten Tag")],
)
def test_a_letter_is_in_the_language_of_its_patient(
    qtbot: QtBot, context: DialogContext, practice: World, clock: ManualClock, written: str | None, greeting: str
) -> None:
    missed(practice)
    entry = practice.service.call_list()[0]
    patient = replace(practice.practice.patients({entry.message.patient_id})[entry.message.patient_id], language=written)
    printed = letters([entry], {patient.id: patient}, PracticeSection(name="Praxis", phone=""), context.agent.zone, clock.now())
    assert f"<p>{greeting}</p>" in printed.html
    assert "24.11.2026" in printed.html


def test_letters_are_shown_before_they_are_printed(
    qtbot: QtBot, context: DialogContext, practice: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    missed(practice)
    dialog = opened(qtbot, context)
    shown: list[PrintOut] = []
    monkeypatch.setattr("ui.dialogs.activity.preview", lambda printed, _parent: shown.append(printed))
    dialog.calls.letters_button.click()
    qtbot.waitUntil(lambda: len(shown) == 1)
    assert shown[0].html.count("Gerne erinnern wir Sie") == 2
    press(dialog.calls.table, Qt.Key.Key_Space)
    dialog.calls.letters_button.click()
    qtbot.waitUntil(lambda: len(shown) == 2)
    assert shown[1].html.count("Gerne erinnern wir Sie") == 1


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
    assert dialog.tabs.tabText(4) == "In der Schwebe (1)"
    asked = Yes()
    monkeypatch.setattr(dialog, "ask", asked)
    button = dialog.doubtful.sent_button if verdict is DoubtDecision.SENT else dialog.doubtful.again_button
    button.click()
    qtbot.waitUntil(lambda: dialog.tabs.tabText(4) == "In der Schwebe (0)")
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

    monkeypatch.setattr(type(practice.service), "call_list", away)
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


def test_a_letter_each_on_its_page(tmp_path: Path, practice: World, context: DialogContext, clock: ManualClock, qtbot: QtBot) -> None:
    missed(practice, 3)
    entries = practice.service.call_list()
    printed = letters(entries, {}, PracticeSection(name="Praxis am Bellevue", phone=""), context.agent.zone, clock.now())
    write_pdf(printed, tmp_path / "briefe.pdf")
    pages = pages_of(tmp_path / "briefe.pdf")
    assert len(pages) == 3
    assert all(page.startswith("Praxis am Bellevue") and page.count("Freundliche Grüsse") == 1 for page in pages)
    assert all(page.rstrip().endswith("Praxis am Bellevue") for page in pages)  # no number that would tell of other patients' letters


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
