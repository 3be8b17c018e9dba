"""The window *Vorschau*: who would get what, who would not and why; nothing is written."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import pytest
from PyQt6.QtCore import QDate
from pytestqt.qtbot import QtBot

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import ANNA, MEIER, TOMORROW_NINE, Accounts, treatment
from tests.practice.memory_source import MemoryPracticeSource
from tray_agent.agent import Agent
from tray_agent.config.settings import REMINDERS_ON
from tray_agent.errors import DatabaseUnavailableError, KnownError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import JobChange
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.rules.eligibility import SearchWindow
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.texts.rendering import Placeholder
from tray_agent.messages.work.preview import Preview, PreviewLine, PreviewMandant
from tray_agent.practice.model import Appointment, AppointmentStatus
from tray_agent.store.tables import message
from ui.dialogs.preview import PreviewDialog
from ui.models.csv_export import write_csv
from ui.models.preview import (
    VIEWS,
    Outcome,
    charges,
    details_of,
    first_day,
    lines_shown,
    outcome_of,
    outcome_word,
    summary,
    table_row,
    table_titles,
    text_or_reason,
    warnings,
)
from ui.models.print_outs import PrintOut
from ui.windows import DialogContext

ZURICH = ZoneInfo("Europe/Zurich")
DAY = date(2026, 11, 23)


def sent(patient: str = "Muster Anna", channel: Channel = Channel.SMS, **values: object) -> PreviewLine:
    cost = Decimal(1) if channel is Channel.SMS else Decimal(0)
    line = PreviewLine(
        MessageKind.REMINDER, "P1", patient, "A1", TOMORROW_NINE, "M1", "Dr. Meier", channel, "+41791234567", "de",
        "", "Ihr Termin:\n24.11.2026", 1, cost,
    )  # fmt: skip
    return replace(line, **values)  # type: ignore[arg-type]  # the fields of the dataclass


def refused(reason: Reason, patient: str = "Frei Beat") -> PreviewLine:
    return PreviewLine(MessageKind.REMINDER, "P2", patient, "A2", TOMORROW_NINE, reason=reason, sentence=reason.sentence, entry=True)


def preview(*lines: PreviewLine, **values: object) -> Preview:
    sent_at = datetime(2026, 11, 23, 9, 10, tzinfo=UTC)
    found = Preview(MessageKind.REMINDER, DAY, SearchWindow(date(2026, 11, 24), date(2026, 11, 24)), True, sent_at, lines, ())
    return replace(found, **values)  # type: ignore[arg-type]  # the fields of the dataclass


def charged(**values: object) -> PreviewMandant:
    return replace(PreviewMandant("M1", "Dr. Meier", 1, Decimal(1), Decimal(148), True), **values)  # type: ignore[arg-type]


# The view model


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        (Reason.DECEASED, Outcome.ORDINARY),
        (Reason.NO_CONTACT, Outcome.UNREACHABLE),
        (Reason.LICENCE_EXPIRED, Outcome.TO_CORRECT),
    ],
)
def test_what_becomes_of_a_line(reason: Reason, outcome: Outcome) -> None:
    assert outcome_of(refused(reason)) is outcome
    assert outcome_of(sent()) is Outcome.SENT


def test_the_filters_part_the_lines() -> None:
    found = preview(sent(), refused(Reason.DECEASED), refused(Reason.NO_CONTACT), refused(Reason.LICENCE_EXPIRED))
    everything, messages, others, to_do = (lines_shown(found, view, "") for view in VIEWS)
    assert everything == found.lines
    assert messages + others == everything
    assert [line.reason for line in to_do] == [Reason.NO_CONTACT, Reason.LICENCE_EXPIRED]


def test_a_patient_is_found_by_part_of_the_name_or_by_number() -> None:
    found = preview(sent(), refused(Reason.DECEASED))
    assert lines_shown(found, VIEWS[0], " must ") == (found.lines[0],)
    assert lines_shown(found, VIEWS[0], "P2") == (found.lines[1],)
    assert lines_shown(found, VIEWS[0], "p") == ()


def test_the_summary_counts_ways_cost_and_those_left_out() -> None:
    found = preview(sent(), sent(), sent(channel=Channel.EMAIL), refused(Reason.DECEASED))
    assert summary(found, ZURICH) == (
        "Terminerinnerungen für Termine am 24.11.2026: 2 SMS und 1 E-Mail, Kosten 2 Credits. "
        "1 erhält keine Mitteilung. Versand am 23.11.2026 10:10."
    )


def test_the_summary_names_the_days_that_are_made_up_for() -> None:
    found = preview(sent(), made_up=[date(2026, 11, 22), DAY])
    assert summary(found, ZURICH) == (
        "Terminerinnerungen für Termine am 24.11.2026: 1 SMS, Kosten 1 Credit. Auch für Termine am 22.11.2026 und 23.11.2026: Die Läufe "
        "dafür fanden nicht statt. Alle erhalten eine Mitteilung. Versand am 23.11.2026 10:10."
    )


def test_the_summary_of_nothing_and_of_greetings() -> None:
    nothing = preview(refused(Reason.DECEASED), window=SearchWindow(date(2026, 11, 24), date(2026, 11, 26)))
    assert summary(nothing, ZURICH) == (
        "Terminerinnerungen für Termine vom 24.11.2026 bis 26.11.2026: Es würde nichts gesendet. 1 erhält keine Mitteilung."
    )
    greeting = preview(sent(starts_at=None), kind=MessageKind.BIRTHDAY, window=None, sent_at=None)
    assert summary(greeting, ZURICH) == "Geburtstagsglückwünsche am 23.11.2026: 1 SMS, Kosten 1 Credit. Alle erhalten eine Mitteilung."


def test_warnings_say_what_keeps_messages_from_going_out() -> None:
    poor = charged(balance=Decimal(1), cost=Decimal(12))
    found = preview(sent(), switched_on=False, sent_at=None, mandants=(charged(), poor, charged(name="Dr. Huber", has_account=False)))
    switch, plan, credit, account = warnings(found)
    assert switch.startswith("Der Schalter TerminerinnerungSenden steht auf Nein")
    assert plan.startswith("Es ist kein Versand geplant.")
    assert credit == "Dr. Meier: Das Guthaben von 1 Credit reicht nicht für 12 Credits. Guthaben aufladen."
    assert account == "Dr. Huber: Für diesen Mandanten ist kein SMS-Konto eingerichtet."
    assert warnings(preview(sent(), mandants=(charged(),))) == ()


def test_charges_are_told_by_mandant() -> None:
    assert charges((charged(), charged(name="Dr. Huber", messages=2, cost=Decimal(2), balance=None))) == (
        "Dr. Meier: 1 Mitteilung, 1 Credit (Guthaben 148). Dr. Huber: 2 Mitteilungen, 2 Credits."
    )


def test_details_say_the_text_or_the_reason_and_what_to_do() -> None:
    title, paragraphs = details_of(sent(segments=2, cost=Decimal(2)))
    assert title == "Terminerinnerung an Muster Anna"
    assert paragraphs == ("SMS an +41791234567, Mandant Dr. Meier. 2 SMS-Segmente, 2 Credits.", "Ihr Termin:\n24.11.2026")
    assert text_or_reason(sent()) == "Ihr Termin: 24.11.2026"
    assert details_of(refused(Reason.NO_CONTACT))[1][-1] == "In der Versand-Queue steht dazu ein Eintrag mit diesem Fehler."


def test_a_notice_says_which_time_it_replaces() -> None:
    former = datetime(2026, 11, 23, 16, 30)  # noqa: DTZ001 - wall-clock time
    line = sent(kind=MessageKind.MOVED, moved=True, former=former)
    assert outcome_word(line) == "Neue Zeit (bisher 23.11. 16:30)"
    assert (outcome_word(sent()), outcome_of(line)) == ("würde gesendet", Outcome.SENT)
    title, paragraphs = details_of(line)
    assert title == "Terminverschiebung an Muster Anna"
    assert paragraphs[1] == "Der Termin wurde verschoben; dem Patienten mitgeteilt ist bisher 23.11.2026 16:30."
    failed = replace(refused(Reason.NO_CONTACT), former=former)
    assert outcome_word(failed) == "nicht erreichbar"
    assert details_of(failed)[1][-1] == paragraphs[1]
    assert dict(zip(table_titles(), table_row(line), strict=True))["Ergebnis"] == "Neue Zeit (bisher 23.11. 16:30)"


def test_a_value_that_is_missed_in_its_sentence_is_a_warning() -> None:
    missed = sent(missing=(Placeholder.LINK, Placeholder.DOCTOR), gaps=(Placeholder.DOCTOR,))
    left_out = sent(missing=(Placeholder.LINK,))
    assert warnings(preview(missed, missed, left_out)) == (
        "In 2 Texten fehlt mitten im Satz ein Wert ({Arzt}): die Textvorlage oder die Angabe berichtigen.",
    )
    assert warnings(preview(left_out)) == ()
    assert details_of(missed)[1][1] == "In 1 Text fehlt mitten im Satz ein Wert ({Arzt}): die Textvorlage oder die Angabe berichtigen."
    assert details_of(left_out)[1][1] == "Ohne Angabe, darum weggelassen: {Link}."


def test_no_cell_of_a_file_is_taken_for_a_formula(tmp_path: Path) -> None:
    file = tmp_path / "Vorschau.csv"
    write_csv(file, table_titles(), [table_row(sent("=HYPERLINK(1)"))])
    with file.open(encoding="utf-8-sig", newline="") as readable:
        titles, row = csv.reader(readable, delimiter=";")
    assert len(titles) == len(row)
    assert row[1] == "'=HYPERLINK(1)"
    assert row[5] == "'+41791234567"
    assert row[9] == "Ihr Termin:\n24.11.2026"


# The window


@pytest.fixture
def practice(agent: Agent) -> MemoryPracticeSource:
    """Returns two appointments tomorrow: one to be reminded, one cancelled."""
    beat = replace(ANNA, id="P2", first_name="Beat", last_name="Frei")
    booked = [
        Appointment("A1", "P1", TOMORROW_NINE, AppointmentStatus.DEFINITE),
        Appointment("A2", "P2", TOMORROW_NINE, AppointmentStatus.CANCELLED),
    ]
    practice = MemoryPracticeSource([MEIER], [ANNA, beat], [treatment("P1")], booked)
    agent.__dict__["practice"] = practice
    agent.__dict__["sms_gateways"] = Accounts({"M1": MemorySmsGateway(balance=Decimal(40))})
    agent.settings.save({REMINDERS_ON: True}, changed_by="test")
    return practice


@pytest.fixture
def dialog(qtbot: QtBot, context: DialogContext, practice: MemoryPracticeSource) -> PreviewDialog:
    dialog = PreviewDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    settle(qtbot, dialog)
    show_day(qtbot, dialog, DAY)
    return dialog


def settle(qtbot: QtBot, dialog: PreviewDialog) -> None:
    qtbot.waitUntil(lambda: dialog.context.background.idle)


def show_day(qtbot: QtBot, dialog: PreviewDialog, day: date) -> None:
    dialog.day.setDate(QDate(day.year, day.month, day.day))
    settle(qtbot, dialog)


def cells(dialog: PreviewDialog, row: int) -> list[str]:
    return [dialog.list.index(row, column).data() for column in range(dialog.list.columnCount())]


def test_who_gets_what_and_who_not(dialog: PreviewDialog, agent: Agent) -> None:
    assert cells(dialog, 0)[:7] == ["24.11.2026 09:00", "Muster Anna", "würde gesendet", "SMS", "+41791234567", "Dr. Meier", "1"]
    assert cells(dialog, 1)[1:4] == ["Frei Beat", "nicht vorgesehen", "–"]
    assert cells(dialog, 1)[7] == "Der Termin ist abgesagt."
    assert dialog.summary.text().startswith("Terminerinnerungen für Termine am 24.11.2026: 1 SMS, Kosten 1 Credit.")
    assert "Guten Tag Anna Muster" in dialog.details.toPlainText()
    with agent.store.read() as connection:
        assert connection.execute(message.select()).all() == []


def test_filter_and_search(dialog: PreviewDialog) -> None:
    dialog.view.setCurrentIndex(2)
    assert [row.patient for row in dialog.list.rows] == ["Frei Beat"]
    dialog.patient.setText("Anna")
    assert dialog.table.message == "Keine Zeile passt zu Register und Suche."
    assert not any(button.isEnabled() for button in dialog.printing.buttons)


def test_one_chooses_what_a_job_prepares(dialog: PreviewDialog) -> None:
    """Notices of another time are among the reminders."""
    assert [dialog.kind.itemText(row) for row in range(dialog.kind.count())] == ["Terminerinnerung", "Geburtstagsglückwunsch"]


def test_greetings_have_no_appointment(qtbot: QtBot, dialog: PreviewDialog) -> None:
    dialog.kind.setCurrentIndex(1)
    settle(qtbot, dialog)
    assert dialog.table.isColumnHidden(0)
    assert [row.patient for row in dialog.list.rows] == ["Muster Anna", "Frei Beat"]
    assert "GeburtstagsglückwünscheSenden steht auf Nein" in next(row.message for row in dialog._warnings.rows)


def test_a_day_without_anybody_says_so(qtbot: QtBot, dialog: PreviewDialog) -> None:
    show_day(qtbot, dialog, date(2026, 12, 1))
    assert dialog.table.message == "In diesem Zeitraum gibt es keine Termine."
    assert dialog.details.toPlainText() == ""


def test_the_first_day_is_that_of_the_next_planned_run_else_tomorrow(agent: Agent) -> None:
    assert first_day(MessageKind.REMINDER, agent.jobs.overview(), DAY, ZURICH) == date(2026, 11, 24)
    row = next(row for row in agent.jobs.overview() if row.key is JobKey.PREPARE_REMINDERS)
    late = replace(row.schedule, enabled=True, start_date=date(2026, 12, 5))
    agent.jobs.save([JobChange(row.key, late, row.version)], changed_by="test")
    assert first_day(MessageKind.REMINDER, agent.jobs.overview(), DAY, ZURICH) >= date(2026, 12, 5)


def test_the_practice_away_is_told_and_mended_by_looking_again(
    qtbot: QtBot, dialog: PreviewDialog, practice: MemoryPracticeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: object) -> None:
        raise DatabaseUnavailableError("Datenbank nicht erreichbar", "SRV1 antwortet nicht.", "Netzwerk prüfen.")

    with monkeypatch.context() as patch:
        patch.setattr(practice, "mandants", away)
        dialog.look()
        settle(qtbot, dialog)
    assert "SRV1 antwortet nicht." in dialog.banner.text
    assert dialog.list.rowCount() == 0
    dialog.look()
    settle(qtbot, dialog)
    assert dialog.banner.text == ""
    assert dialog.list.rowCount() == 2


def test_the_lines_shown_are_written_for_a_spreadsheet(qtbot: QtBot, dialog: PreviewDialog, tmp_path: Path) -> None:
    dialog.view.setCurrentIndex(1)
    file = tmp_path / "Vorschau.csv"
    dialog.export(file)
    settle(qtbot, dialog)
    with file.open(encoding="utf-8-sig", newline="") as readable:
        titles, row = csv.reader(readable, delimiter=";")
    assert dict(zip(titles, row, strict=True))["Empfänger"] == "'+41791234567"
    assert "Patientendaten" in dialog.banner.text
    dialog.export(tmp_path)
    settle(qtbot, dialog)
    assert "konnte nicht geschrieben werden" in dialog.banner.text


def test_the_lines_shown_are_printed(qtbot: QtBot, dialog: PreviewDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[PrintOut] = []
    monkeypatch.setattr("ui.widgets.printing.print_with_dialog", lambda document, _parent: printed.append(document))
    dialog.view.setCurrentIndex(1)
    dialog.printing.print_list()
    settle(qtbot, dialog)
    (document,) = printed
    assert document.html.count("<tr>") == 1 + dialog.list.rowCount()
    assert dialog.summary.text() in document.html
    assert "+41791234567" in document.html


def test_nothing_is_printed_while_there_is_nothing(qtbot: QtBot, dialog: PreviewDialog) -> None:
    assert all(button.isEnabled() for button in dialog.printing.buttons)
    dialog.look()
    assert not any(button.isEnabled() for button in dialog.printing.buttons)
    settle(qtbot, dialog)
    dialog.patient.setText("gibt es nicht")
    assert not any(button.isEnabled() for button in dialog.printing.buttons)


def test_closing_while_the_preview_is_made_is_quiet(
    qtbot: QtBot, dialog: PreviewDialog, errors: list[KnownError], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Event()
    monkeypatch.setattr(type(dialog.context.agent.preview), "preview", lambda *_values: answer.wait(30))
    dialog.look()
    dialog.reject()
    answer.set()
    settle(qtbot, dialog)
    assert not dialog.isVisible()
    assert errors == []
