"""The window *Downloads…*: ticks, running, what is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from tests.ui.jobs_world import give_jobs
from tests.ui.keyboard import press
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.downloads.errors import InstallRefusedError
from tray_agent.downloads.lockout import LockedOut
from tray_agent.downloads.model import (
    Download,
    DownloadRow,
    DownloadState,
    ElementVersion,
    FileKind,
    InstallOutcome,
    InstallResult,
    OnWorkstation,
    Version,
)
from tray_agent.downloads.progress import DownloadProgress, Progress
from tray_agent.downloads.words import progress_text, word_of
from tray_agent.errors import DatabaseUnavailableError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult
from ui.dialogs.downloads import DownloadsDialog
from ui.models.downloads import DownloadsModel, can_run, details_of, hint_of, outcome_sentences, state_sentence
from ui.windows import DialogContext

SINCE = datetime(2026, 11, 23, 9, tzinfo=UTC)
UPDATE = DownloadRow(
    Download(
        ElementVersion(
            element="vitomed-update",
            title="Update vitomed",
            version=Version(2, 69, 1),
            released=date(2026, 11, 20),
            size=31_457_280,
            notes="Schnellere <Suche>.",
            kind=FileKind.MSI,
            restart=True,
            needs=Version(2, 68, 0),
            target="vitomed-update/2.69.001/vitomed-update-2.69.001.msi",
            file_name="vitomed-update-2.69.001.msi",
            hashes=(("sha256", "0" * 64),),
        ),
        for_all=DownloadState.OFFERED,
        moved_at=datetime(2026, 11, 23, 9, tzinfo=UTC),
        moved_by="PC1",
        here=OnWorkstation(
            "EMPFANG1", 1, datetime(2026, 11, 23, 9, tzinfo=UTC), None, None, datetime(2026, 11, 23, 9, tzinfo=UTC), "EMPFANG1"
        ),
    ),
    present=True,
    kept=False,
)


def changed(
    row: DownloadRow,
    *,
    present: bool = True,
    state: DownloadState | None = None,
    signed: Mapping[str, Any] = MappingProxyType({}),
    **here: Any,
) -> DownloadRow:
    """Returns a row with other values: of what the vendor signed, its state, and what is known of it on this workstation."""
    known = row.download.here
    assert known is not None
    if state in (DownloadState.STARTED, DownloadState.INSTALLED):
        here["installed"] = state
    for_all = state if state and "installed" not in here else DownloadState.OFFERED
    download = replace(row.download, signed=replace(row.signed, **signed), for_all=for_all, here=replace(known, **here))
    return replace(row, download=download, present=present)


TARIFF = changed(
    UPDATE,
    signed={
        "element": "tarif", "title": "Tarif", "version": Version(1, 4, 2), "kind": FileKind.FILE, "restart": False, "needs": None,
        "file_name": "tarif.zip",
    },
)  # fmt: skip
COMING = changed(UPDATE, signed={"element": "coming", "title": "Kommt"}, state=DownloadState.NEW, present=False)
GONE = changed(UPDATE, signed={"element": "gone", "title": "Weg"}, present=False)


def state_of(row: DownloadRow) -> str:
    return word_of(row)


def result(row: DownloadRow, outcome: InstallOutcome = InstallOutcome.INSTALLED) -> InstallResult:
    signed = row.signed
    return InstallResult(
        signed.element, str(signed.version), signed.title, outcome, 0, "", signed.restart, f"{signed.title} ist installiert."
    )


class Service:
    """The engine's side, as the window sees it."""

    def __init__(self, clock: ManualClock) -> None:
        self.progress = DownloadProgress(clock)
        self.rows: tuple[DownloadRow, ...] = (UPDATE, TARIFF, COMING)
        self.installed: list[tuple[str, str | None]] = []
        self.refuse: bool | str = False
        self.away: set[str] = set()
        self.names: tuple[str, ...] = ("EMPFANG1",)
        self.locks_out: LockedOut | None = None
        self.fetched: list[tuple[str, str | None]] = []
        self.stopped = 0

    def workstations(self) -> tuple[str, ...]:
        return self.names

    def locked_out(self, element: str, version: str | None = None) -> LockedOut | None:
        return self.locks_out if element == "vitomed-update" else None

    def fetch(self, element: str, version: str | None = None) -> str:
        self.fetched.append((element, version))
        return f"{element} ist da und geprüft."

    def stop_fetching(self) -> None:
        self.stopped += 1

    def downloads(self) -> tuple[DownloadRow, ...]:
        return self.rows

    def install(self, element: str, version: str | None = None, *, by: str) -> InstallResult:
        if self.refuse is True or self.refuse == element:
            raise InstallRefusedError("Datei verändert", "Die Datei wurde verändert und nicht gestartet.", "Neu herunterladen.")
        if element in self.away:
            raise DatabaseUnavailableError("Datenbank weg", "Die Datenbank antwortet nicht.")
        self.installed.append((element, version))
        return result(next(row for row in self.rows if row.signed.element == element))


@pytest.fixture
def service(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Service:
    service = Service(clock)
    monkeypatch.setattr(Agent, "downloads", property(lambda _agent: service))
    return service


@pytest.fixture
def dialog(qtbot: QtBot, context: DialogContext, service: Service) -> DownloadsDialog:
    dialog = DownloadsDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: dialog.list.rowCount() == len(service.rows))
    return dialog


def button(dialog: DownloadsDialog, text: str) -> QPushButton:
    return next(found for found in dialog.findChildren(QPushButton) if found.text().replace("&", "") == text)


def tick(dialog: DownloadsDialog, row: int) -> None:
    dialog.list.setData(dialog.list.index(row, 0), Qt.CheckState.Checked.value, Qt.ItemDataRole.CheckStateRole)


def test_only_what_is_here_can_be_ticked() -> None:
    assert [can_run(row) for row in (UPDATE, COMING, GONE)] == [True, False, False]
    model = DownloadsModel()
    model.show((UPDATE, COMING, GONE))
    for row in model.rows:
        model.tick(row, on=True)
    assert model.ticked == (UPDATE,)
    assert [model.is_ticked(row) for row in model.rows] == [True, None, None]


def test_ticks_stay_when_the_rows_are_read_anew_and_go_with_the_file() -> None:
    model = DownloadsModel()
    model.show((UPDATE, TARIFF))
    model.tick(UPDATE, on=True)
    model.show((TARIFF, UPDATE))
    assert model.ticked == (UPDATE,)
    model.show((TARIFF, replace(UPDATE, present=False)))
    assert not model.ticked


def test_rows_say_what_they_are() -> None:
    assert [state_of(row) for row in (UPDATE, COMING, GONE)] == ["bereit", "wird heruntergeladen", "Datei fehlt"]
    assert [hint_of(row) for row in (UPDATE, TARIFF)] == ["vitomed danach neu starten", "Datei wird angezeigt"]
    title, paragraphs = details_of(UPDATE)
    assert title == "Update vitomed, Version 2.69.001"
    assert "Nötig ist vitomed 2.68.000 oder neuer." in paragraphs
    assert any("geschlossen" in paragraph for paragraph in paragraphs)


@pytest.mark.parametrize(
    ("waiting", "said"), [((), "Keine neuen"), ((UPDATE,), "1 neuer Download ist"), ((UPDATE, TARIFF), "2 neue Downloads sind")]
)
def test_the_headline_counts(waiting: tuple[DownloadRow, ...], said: str) -> None:
    model = DownloadsModel()
    model.show((*waiting, COMING))
    assert model.headline.startswith(said)


def test_the_restart_of_the_practice_software_is_told_once() -> None:
    said, good = outcome_sentences([result(UPDATE), result(UPDATE, InstallOutcome.FAILED), result(TARIFF)])
    assert not good
    assert said.count("neu starten") == 1


def test_progress_is_told_with_rate_and_time_left() -> None:
    assert progress_text(Progress(done=3_100_000, total=30_000_000, rate=2_400_000.0, seconds_left=11.2)) == (
        "3.1 MB von 30 MB, 2.4 MB/s, noch 11 Sek."
    )


def test_running_starts_the_ticked_ones_and_tells_about_the_restart(qtbot: QtBot, dialog: DownloadsDialog, service: Service) -> None:
    assert not button(dialog, "Ausführen").isEnabled()
    tick(dialog, 0)
    tick(dialog, 1)
    button(dialog, "Ausführen").click()
    qtbot.waitUntil(lambda: "neu starten" in dialog.banner.text)
    assert service.installed == [("vitomed-update", "2.69.001"), ("tarif", "1.4.002")]
    assert not dialog.model.ticked


def test_a_double_click_starts_one(qtbot: QtBot, dialog: DownloadsDialog, service: Service) -> None:
    dialog.table.doubleClicked.emit(dialog.list.index(1, 2))
    qtbot.waitUntil(lambda: service.installed == [("tarif", "1.4.002")])
    dialog.table.doubleClicked.emit(dialog.list.index(2, 0))  # not here yet
    qtbot.waitUntil(lambda: not dialog.is_busy)
    assert len(service.installed) == 1


def test_space_ticks_and_enter_runs(qtbot: QtBot, dialog: DownloadsDialog, service: Service) -> None:
    dialog.table.selectRow(0)
    press(dialog.table, Qt.Key.Key_Space)
    assert dialog.model.ticked == (UPDATE,)
    press(dialog, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: service.installed == [("vitomed-update", "2.69.001")])


def test_a_refusal_is_shown_and_nothing_is_installed(qtbot: QtBot, dialog: DownloadsDialog, service: Service) -> None:
    service.refuse = True
    tick(dialog, 0)
    dialog.run_chosen()
    qtbot.waitUntil(lambda: "verändert" in dialog.banner.text)
    assert service.installed == []
    assert dialog.model.ticked == (UPDATE,)


@pytest.mark.parametrize("refused", ["vitomed-update", "tarif"])
def test_one_that_is_refused_does_not_stop_the_other(qtbot: QtBot, dialog: DownloadsDialog, service: Service, refused: str) -> None:
    service.refuse = refused
    tick(dialog, 0)
    tick(dialog, 1)
    dialog.run_chosen()
    qtbot.waitUntil(lambda: "verändert" in dialog.banner.text)
    other, title = {"tarif": ("vitomed-update", "Update vitomed"), "vitomed-update": ("tarif", "Tarif")}[refused]
    assert [element for element, _version in service.installed] == [other]
    assert f"{title} ist installiert." in dialog.banner.text
    assert ("neu starten" in dialog.banner.text) == (refused == "tarif")
    assert [row.signed.element for row in dialog.model.ticked] == [refused]


def test_what_is_started_is_told_although_nothing_can_be_noted_then(qtbot: QtBot, dialog: DownloadsDialog, service: Service) -> None:
    service.away = {"tarif"}
    tick(dialog, 0)
    tick(dialog, 1)
    dialog.run_chosen()
    qtbot.waitUntil(lambda: "Datenbank weg" in dialog.banner.text)
    assert "Update vitomed ist installiert." in dialog.banner.text


def test_a_double_click_leaves_the_other_ticks(qtbot: QtBot, dialog: DownloadsDialog, service: Service) -> None:
    tick(dialog, 0)
    dialog.table.doubleClicked.emit(dialog.list.index(1, 2))
    qtbot.waitUntil(lambda: service.installed == [("tarif", "1.4.002")] and not dialog.is_busy)
    assert dialog.model.ticked == (UPDATE,)


def test_a_download_whose_installation_failed_waits_and_says_so() -> None:
    assert state_sentence(changed(UPDATE, exit_code=1603)).endswith("Der letzte Versuch endete ohne Erfolg (Code 1603).")
    assert "Versuch" not in state_sentence(UPDATE)


def test_no_renewal_is_promised_of_what_was_cleared_away() -> None:
    for state in (DownloadState.INSTALLED, DownloadState.SUPERSEDED):
        cleared = changed(GONE, present=False, state=state)
        assert state_of(cleared) != "Datei fehlt"
        assert "neu geholt" not in state_sentence(cleared)
        assert "nicht mehr im Download-Ordner" in state_sentence(cleared)
    assert "neu geholt" in state_sentence(GONE)


def test_checking_now_tells_what_the_run_came_to(
    qtbot: QtBot, dialog: DownloadsDialog, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    def work(_context: JobContext) -> JobResult:
        goes_on.wait(60)
        return JobResult(counts={}, sentence="Nichts Neues im Online-Portal.")

    give_jobs(agent, monkeypatch, work=work)
    press(dialog, Qt.Key.Key_F5)
    qtbot.waitUntil(dialog.transfer.isVisible)
    assert dialog.transfer.bar.format() == "Portal wird geprüft …"
    assert not button(dialog, "Jetzt prüfen").isEnabled()
    assert dialog.table.isEnabled()
    goes_on.set()
    qtbot.waitUntil(lambda: "Nichts Neues im Online-Portal." in dialog.banner.text, timeout=20_000)
    assert not dialog.transfer.isVisible()
    assert button(dialog, "Jetzt prüfen").isEnabled()


def test_a_transfer_can_be_cancelled(
    qtbot: QtBot, dialog: DownloadsDialog, agent: Agent, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(context: JobContext) -> JobResult:
        pause = threading.Event()
        for _attempt in range(3000):
            context.checkpoint()
            pause.wait(0.02)
        raise AssertionError("the run was not stopped")

    give_jobs(agent, monkeypatch, work=work)
    dialog.check_now()
    qtbot.waitUntil(lambda: any(job.running is not None for job in agent.jobs.overview()), timeout=20_000)
    dialog.transfer.cancel.click()
    qtbot.waitUntil(lambda: dialog.banner.text.startswith("abgebrochen"), timeout=20_000)
    assert service.stopped == 1
    assert not dialog.transfer.isVisible()


def test_a_check_that_is_refused_says_why(qtbot: QtBot, dialog: DownloadsDialog, agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    give_jobs(agent, monkeypatch, off=(JobKey.DOWNLOAD,))
    dialog.check_now()
    qtbot.waitUntil(lambda: "Auftrag ausgeschaltet" in dialog.banner.text, timeout=20_000)
    assert button(dialog, "Jetzt prüfen").isEnabled()


def test_what_the_portal_wrote_is_shown_as_text(qtbot: QtBot, dialog: DownloadsDialog) -> None:
    dialog.table.selectRow(0)
    assert "Schnellere <Suche>." in dialog.details.toPlainText()


# Other workstations

ELSEWHERE = OnWorkstation("LABOR", 7, SINCE, DownloadState.INSTALLED, 0, SINCE, "beat@LABOR")
SPREAD = replace(UPDATE, download=replace(UPDATE.download, elsewhere=(ELSEWHERE,)))


def test_what_another_brought_comes_here_and_is_not_said_to_be_gone() -> None:
    coming = replace(SPREAD, download=replace(SPREAD.download, here=None), present=False)
    assert state_of(coming) == "wird heruntergeladen"
    assert state_sentence(coming) == "Auf LABOR ist die Datei da. Auf diesen Arbeitsplatz kommt sie von selbst."
    assert not can_run(coming)


def shown(dialog: DownloadsDialog) -> list[list[str]]:
    model = dialog.places_list
    return [[str(model.index(row, column).data()) for column in range(len(model.columns))] for row in range(model.rowCount())]


def test_this_workstation_comes_first_then_the_others(qtbot: QtBot, dialog: DownloadsDialog, service: Service) -> None:
    assert not dialog.places.isVisible()
    service.rows, service.names = (SPREAD, TARIFF), ("EMPFANG1", "LABOR", "ARZT")
    dialog.reload()
    qtbot.waitUntil(dialog.places.isVisible)
    assert shown(dialog) == [
        ["EMPFANG1 (hier)", "da, geprüft 23.11.2026", "", "", ""],
        ["ARZT", "", "", "", ""],
        ["LABOR", "da, geprüft 23.11.2026", "2.69.001 installiert", "23.11.2026 10:00", "beat@LABOR"],
    ]
    dialog.table.selectRow(1)
    assert [row[2] for row in shown(dialog)] == ["", "", ""]


@pytest.mark.parametrize("agreed", [True, False])
def test_whom_an_update_locks_out_is_told_before(
    qtbot: QtBot, dialog: DownloadsDialog, service: Service, monkeypatch: pytest.MonkeyPatch, agreed: bool
) -> None:
    asked: list[tuple[str, str]] = []

    def ask(question: str, consequence: str, _yes: str) -> bool:
        asked.append((question, consequence))
        return agreed

    service.locks_out = LockedOut((2, 69), {"LABOR": (2, 68)}, ("ARZT",))
    monkeypatch.setattr(dialog, "ask", ask)
    tick(dialog, 0)
    tick(dialog, 1)
    dialog.run_chosen()
    qtbot.waitUntil(lambda: bool(asked) and not dialog.is_busy)
    assert asked == [
        (
            "Ausführen und andere Arbeitsplätze aussperren?",
            (
                "1 Arbeitsplatz meldet 2.68 und bleibt ausgesperrt, bis er folgt; von 1 ist nichts bekannt.\n"
                "Danach arbeiten nur Arbeitsplätze mit 2.69. Es betrifft: LABOR (2.68), ARZT (nicht bekannt)."
            ),
        )
    ]
    qtbot.waitUntil(lambda: bool(service.installed) == agreed)
    qtbot.waitUntil(lambda: ("bleiben ausgesperrt, bis das Update auch dort installiert ist" in dialog.banner.text) == agreed)
    assert len(dialog.model.ticked) == (0 if agreed else 2)


def test_a_file_is_had_once_more(qtbot: QtBot, dialog: DownloadsDialog, service: Service) -> None:
    dialog.table.selectRow(2)  # on its way
    assert not button(dialog, "Noch einmal herunterladen").isEnabled()
    dialog.table.selectRow(1)
    assert "&Noch einmal herunterladen" in [action.text() for action in dialog.table.context_menu().actions()]
    button(dialog, "Noch einmal herunterladen").click()
    qtbot.waitUntil(lambda: "tarif ist da und geprüft." in dialog.banner.text)
    assert service.fetched == [("tarif", "1.4.002")]


def test_a_transfer_is_followed_until_the_window_closes(qtbot: QtBot, dialog: DownloadsDialog, service: Service) -> None:
    qtbot.waitUntil(lambda: bool(service.progress._listeners))
    service.progress.report("Kommt", 1_000_000, 2_000_000, 1_000_000)
    qtbot.waitUntil(dialog.transfer.isVisible)
    assert "1 MB von 2 MB" in dialog.transfer.bar.format()
    service.progress.report("Kommt", 2_000_000, 2_000_000, 1_000_000)
    qtbot.waitUntil(lambda: not dialog.transfer.isVisible())
    forget: Callable[[], bool] = dialog.close
    forget()
    assert service.progress._listeners == []
