"""The procedures of the manual page about jobs and protocols, step by step, on the real windows; the steps are its words."""

from __future__ import annotations

from datetime import time

import pytest
from PyQt6.QtCore import Qt, QTime
from PyQt6.QtWidgets import QApplication, QDialogButtonBox, QMenu, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from tests.ui.jobs_world import Yes, choose_from_menu, click, click_checkbox, give_jobs, gone, menu_titles, open_jobs, settled
from tests.ui.keyboard import ask_for_menu
from tray_agent.agent import Agent
from tray_agent.job_kinds import JobKey, Service
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.model import Activity, Level
from tray_agent.schedules.codes import Frequency, Subday
from tray_agent.tray.model import DialogName
from ui.dialogs.activity import ActivityDialog
from ui.dialogs.job_history import JobHistoryDialog
from ui.dialogs.jobs import JobsDialog
from ui.dialogs.schedule import ScheduleDialog
from ui.models.schedule import Repeat
from ui.widgets.dialog import Dialog
from ui.windows import Windows


@pytest.fixture
def jobs(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> JobsDialog:
    """1. and 2.: the window with the list of the jobs."""
    give_jobs(agent, monkeypatch)
    return open_jobs(qtbot, windows)


def right_click(dialog: JobsDialog, key: JobKey) -> QMenu:
    """Opens the context menu of a job's row, as Qt does after a right click on it."""
    ask_for_menu(dialog.table, dialog.list.index(list(JobKey).index(key), 1))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def open_schedule(dialog: JobsDialog, windows: Windows, key: JobKey) -> ScheduleDialog:
    """Opens the window *Zeitplan* from the context menu."""
    choose_from_menu(right_click(dialog, key), "Zeitplan")
    return next(window for window in windows.opened if isinstance(window, ScheduleDialog))


def click_button(dialog: Dialog, text: str) -> None:
    """Clicks a button by its words."""
    button = next(button for button in dialog.findChildren(QPushButton) if button.text().replace("&", "") == text)
    assert button.isEnabled(), text
    click(button)


def choose_daily_once(dialog: ScheduleDialog, at: time) -> None:
    """Steps 5 and 6: täglich, einmalig at a time."""
    dialog.repeat.setCurrentIndex(dialog.repeat.findData(Repeat.DAILY))
    dialog.repeated.setValue(1)
    dialog.once.click()
    dialog.at.setTime(QTime(at.hour, at.minute))


def test_sms_service_auftraege_verwalten(qtbot: QtBot, jobs: JobsDialog, agent: Agent, windows: Windows) -> None:
    """SMS-Service - SQL-Server-Aufträge verwalten."""
    plan = {
        JobKey.PREPARE_REMINDERS: time(10, 0),
        JobKey.PREPARE_BIRTHDAYS: time(10, 0),
        JobKey.SEND_MESSAGES: time(10, 10),
        JobKey.UPDATE_STATUS: time(10, 20),
    }
    # 3. Aktivieren Sie die gewünschten Checkboxen in der Spalte Aktiviert.
    for key in plan:
        click_checkbox(jobs, key)
    for key, at in plan.items():
        # 4. Rechtsklicken Sie einen Auftrag und wählen Sie Zeitplan im Kontextmenü. Ein weiteres Fenster wird geöffnet.
        schedule = open_schedule(jobs, windows, key)
        # 5. Wählen Sie im Bereich Häufigkeit, wie oft der Auftrag Ausgeführt und Wiederholt werden soll
        # 6. Wählen Sie im Bereich Häufigkeit pro Tag, ob der Auftrag Einmalig (mit Uhrzeit) ...
        choose_daily_once(schedule, at)
        assert schedule.summary.text().startswith(f"Täglich um {at:%H:%M}")
        # 7. Klicken Sie Speichern, um das Zeitplan-Fenster zu schliessen.
        click_button(schedule, "Speichern")
        assert gone(schedule)
        # 8. Wiederholen Sie die Schritte 4 bis 7 für weitere Aufträge.
    qtbot.waitUntil(lambda: settled(jobs))
    assert jobs.model.hints == ()
    assert jobs.model.good_news == "Die Zeitpläne passen zusammen."
    # 9. Klicken Sie Speichern, um das Aufträge-Fenster zu schliessen.
    assert not any(row.enabled for row in agent.jobs.overview())
    click_button(jobs, "Speichern")
    qtbot.waitUntil(lambda: gone(jobs))
    stored = {row.key: row.schedule for row in agent.jobs.overview() if row.enabled}
    assert {key: schedule.start_time for key, schedule in stored.items()} == plan
    assert all(schedule.frequency is Frequency.DAILY and schedule.interval == 1 for schedule in stored.values())


def test_a_wrong_order_is_told_before_it_is_saved(qtbot: QtBot, jobs: JobsDialog, windows: Windows) -> None:
    """Egal, ob Sie Einmalig oder Mehrmals wählen, die Zeitpläne müssen in folgender Reihenfolge ausgeführt werden."""
    for key, at in ((JobKey.PREPARE_REMINDERS, time(10, 0)), (JobKey.SEND_MESSAGES, time(10, 3)), (JobKey.UPDATE_STATUS, time(9, 0))):
        click_checkbox(jobs, key)
        schedule = open_schedule(jobs, windows, key)
        choose_daily_once(schedule, at)
        click_button(schedule, "Speichern")
    qtbot.waitUntil(lambda: settled(jobs) and len(jobs.model.hints) == 2)
    assert "Dazwischen liegen weniger als 5 Minuten" in jobs.model.hints[0]
    assert "«Status aktualisieren» am gleichen Tag zuletzt schon um 09:00" in jobs.model.hints[1]


def test_download_service_auftraege_verwalten(qtbot: QtBot, jobs: JobsDialog, agent: Agent, windows: Windows) -> None:
    """Download-Service - SQL-Server-Aufträge verwalten."""
    # 3. Für den Download-Service ist nur der gleichnamige Auftrag notwendig; aktivieren Sie dessen Checkbox in der Spalte Aktiviert.
    click_checkbox(jobs, JobKey.DOWNLOAD)
    # 4. Rechtsklicken Sie diesen Auftrag und wählen Sie Zeitplan im Kontextmenü. Ein weiteres Fenster wird geöffnet.
    schedule = open_schedule(jobs, windows, JobKey.DOWNLOAD)
    assert schedule.windowTitle() == "Zeitplan: Download-Service"
    # 5. Wählen Sie im Bereich Häufigkeit, wie oft der Auftrag Ausgeführt und Wiederholt werden soll.
    schedule.repeat.setCurrentIndex(schedule.repeat.findData(Repeat.DAILY))
    # 6. Mehrmals (alle N Stunden/Minuten) ... innerhalb welcher Zeitspanne (z.B. 08.00 - 18.00 Uhr)
    schedule.several.click()
    schedule.every.setValue(2)
    schedule.unit.setCurrentIndex(schedule.unit.findText("Stunden"))
    schedule.window_start.setTime(QTime(8, 0))
    schedule.window_end.setTime(QTime(18, 0))
    # 7. Klicken Sie Speichern, um das Zeitplan-Fenster zu schliessen.
    click_button(schedule, "Speichern")
    assert gone(schedule)
    # 8. Klicken Sie Speichern, um das Aufträge-Fenster zu schliessen.
    click_button(jobs, "Speichern")
    qtbot.waitUntil(lambda: gone(jobs))
    row = next(row for row in agent.jobs.overview() if row.key is JobKey.DOWNLOAD)
    assert (row.enabled, row.schedule.subday, row.schedule.subday_interval) == (True, Subday.HOURS, 2)
    assert (row.schedule.start_time, row.schedule.end_time) == (time(8), time(18))
    assert [row.key for row in agent.jobs.overview() if row.enabled] == [JobKey.DOWNLOAD]


def test_protokoll_auftragsverlauf_anzeigen(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """Download- und SMS-Service - Protokoll "Auftragsverlauf" anzeigen."""

    def work(context: JobContext) -> JobResult:
        if len(agent.jobs.history.page().rows) == 2:
            raise RuntimeError("a fault of the job")
        return JobResult(sentence="2 Mitteilungen gesendet.")

    give_jobs(agent, monkeypatch, work=work)
    agent.jobs.run_now(JobKey.SEND_MESSAGES)
    agent.jobs.run_now(JobKey.SEND_MESSAGES)
    agent.jobs.run_now(JobKey.UPDATE_STATUS)
    jobs = open_jobs(qtbot, windows)
    # 3. Rechtsklicken Sie den gewünschten Auftrag und wählen Sie Protokoll Auftragsverlauf im Kontextmenü.
    menu = right_click(jobs, JobKey.SEND_MESSAGES)
    assert menu_titles(menu) == ["Zeitplan", "Protokoll Auftragsverlauf", "Jetzt ausführen"]
    choose_from_menu(menu, "Protokoll Auftragsverlauf")
    history = next(window for window in windows.opened if isinstance(window, JobHistoryDialog))
    qtbot.waitUntil(lambda: history.list.rowCount() == 2)
    # In der Spalte Status sehen Sie, ob der Auftrag mit Erfolg oder mit Fehler abgeschlossen wurde.
    titles = [column.title for column in history.list.columns]
    status = titles.index("Status")
    assert sorted(shown(history, status)) == ["Erfolg", "Fehler"]
    assert all(history.list.index(row, status).data(Qt.ItemDataRole.DecorationRole) is not None for row in (0, 1))
    # Diese Liste können Sie sortieren, indem Sie einen Spaltentitel klicken.
    click_title(history, status)
    qtbot.waitUntil(lambda: shown(history, status) == ["Erfolg", "Fehler"])
    click_title(history, status)
    qtbot.waitUntil(lambda: shown(history, status) == ["Fehler", "Erfolg"])
    # Der Status Erfolg eines Auftrages zeigt, dass er im SQL-Server ausgeführt werden konnte ...
    assert "nicht, dass" in history.heading._sentence.text()
    # 4. Klicken Sie Schliessen, um das Fenster zu verlassen.
    click_button(history, "Schliessen")
    assert gone(history)


def shown(history: JobHistoryDialog, column: int) -> list[str]:
    return [str(history.list.index(row, column).data()) for row in range(history.list.rowCount())]


def click_title(history: JobHistoryDialog, column: int) -> None:
    header = history.table.horizontalHeader()
    assert header is not None
    viewport = header.viewport()
    assert viewport is not None
    point = viewport.rect().center()
    point.setX(header.sectionViewportPosition(column) + header.sectionSize(column) // 2)
    click(viewport, point)


def test_protokoll_aktivitaeten_fehler_anzeigen(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    """Download- und SMS-Service - Protokoll "Aktivitäten/Fehler" anzeigen."""
    ActivityLog(agent.store, "EMPFANG1").write(
        [
            Activity(Service.DOWNLOADS, Level.ERROR, "hash_mismatch", "Der Download war beschädigt.", item="vitomed-update"),
            Activity(Service.SMS, Level.ERROR, "no_contact", "Müller Anna: keine Mobilnummer.", item="12"),
            Activity(Service.SMS, Level.ERROR, "no_credits", "Meier Hans: Guthaben aufgebraucht.", item="13"),
            Activity(Service.SMS, Level.INFO, "sent", "Rossi Beat: gesendet.", item="14"),
        ]
    )
    window = windows.open(DialogName.ACTIVITY)
    assert isinstance(window, ActivityDialog)
    # 3. Ein separates Fenster zeigt die fehlerhaften Downloads und/oder SMS-Aufträge in verschiedenen Registern
    #    (in Klammern jeweils die Anzahl Fehler)
    qtbot.waitUntil(lambda: window.tabs.tabText(1) == "SMS (2)")
    assert [window.tabs.tabText(place) for place in range(3)] == ["Downloads (1)", "SMS (2)", "Agent (0)"]
    window.tabs.setCurrentIndex(1)
    sms = window.logs[Service.SMS]
    qtbot.waitUntil(lambda: sms.list.rowCount() == 3)
    # mit der Schaltfläche ... Drucken geben Sie die Liste auf Papier aus;
    printed: list[str] = []
    monkeypatch.setattr("ui.widgets.printing.print_with_dialog", lambda out, _parent: printed.append(out.html))
    click_button(window, "Drucken")
    qtbot.waitUntil(lambda: len(printed) == 1 and not window.is_busy)
    assert "Müller Anna" in printed[0]
    assert "beschädigt" not in printed[0]
    # Alle löschen entfernen Sie die Liste;
    asked = Yes()
    monkeypatch.setattr(window, "ask", asked)
    click_button(window, "Alle löschen")
    qtbot.waitUntil(lambda: sms.list.rowCount() == 0 and window.tabs.tabText(1) == "SMS (0)")
    assert asked.questions == ["Alle Einträge im Register «SMS» löschen?"]
    assert window.tabs.tabText(0) == "Downloads (1)"
    # OK schliessen Sie das Fenster, ohne eine Aktivität auszulösen.
    before = agent.jobs.log.page().rows
    click_button(window, "OK")
    assert gone(window)
    assert agent.jobs.log.page().rows == before


def test_the_buttons_are_the_manual_pages(qtbot: QtBot, windows: Windows, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    give_jobs(agent, monkeypatch)
    jobs = open_jobs(qtbot, windows)
    activity = windows.open(DialogName.ACTIVITY)
    history = windows.open(DialogName.JOB_HISTORY)
    assert isinstance(activity, Dialog)
    assert isinstance(history, Dialog)
    assert {"Speichern", "Abbrechen"} <= words(jobs)
    assert {"Drucken", "Alle löschen", "OK"} <= words(activity)
    assert {"Schliessen"} <= words(history)


def words(dialog: Dialog) -> set[str]:
    boxes = dialog.findChildren(QDialogButtonBox)
    return {button.text().replace("&", "") for box in boxes for button in box.buttons()}


def test_an_unsaved_schedule_is_asked_for(qtbot: QtBot, jobs: JobsDialog, windows: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    schedule = open_schedule(jobs, windows, JobKey.DOWNLOAD)
    schedule.at.setTime(QTime(4, 0))
    monkeypatch.setattr(schedule, "ask_unsaved", lambda: QMessageBox.StandardButton.Discard)
    click_button(schedule, "Abbrechen")
    assert gone(schedule)
    assert not jobs.has_unsaved_changes()
