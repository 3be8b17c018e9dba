"""The window *Einrichten*: edited values are tried before they are saved, passwords never land in the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

import psutil
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QCheckBox, QComboBox, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from tests.support.wine import tells_no_names
from tests.ui.keyboard import turn_wheel
from tray_agent.agent import Agent
from tray_agent.config.machine import DownloadSection, GatewayAccount, GatewaySection, Machine, PortalSection, UiSection, load_machine
from tray_agent.config.reading import plain_table
from tray_agent.config.secrets import MemorySecrets
from tray_agent.demo.world import DemoWorld
from tray_agent.doctor import CheckVerdict, Subject
from tray_agent.downloads.installation import names_of
from tray_agent.errors import ConfigurationError, KnownError
from tray_agent.store.configuration import ConfigurationStore
from tray_agent.tray.model import AgentFacts, Restart, tray_state
from ui.background import Background
from ui.dialogs.setup import SetupDialog, SqlServerDialog, _Known
from ui.look.apply import Theme, current_look
from ui.look.tokens import DARK, LIGHT, tokens
from ui.models.setup import PAGES, AutostartStatus, Kind, SetupModel, save, try_out
from ui.windows import DialogContext, Remembered, Windows


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "config.toml"
    file.write_text("# von Hand\n[mail]\nhost = 'alt'\n", encoding="utf-8")
    monkeypatch.setenv("VITOCLIENT_CONFIG", str(file))
    return file


@pytest.fixture
def dialog(qtbot: QtBot, context: DialogContext, file: Path) -> SetupDialog:
    dialog = SetupDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: context.background.idle)
    return dialog


def field(dialog: SetupDialog, name: str) -> QLineEdit:
    found = dialog.findChild(QLineEdit, name)
    assert isinstance(found, QLineEdit)
    return found


def button(dialog: SetupDialog, text: str) -> QPushButton:
    return next(found for found in dialog.findChildren(QPushButton) if found.text() == text)


def described(dialog: SetupDialog, row: int) -> str:
    item = dialog.steps.item(row)
    assert item is not None
    return str(item.data(Qt.ItemDataRole.AccessibleDescriptionRole))


def test_every_subject_of_the_examination_has_a_page() -> None:
    assert {subject for page in PAGES for subject in page.subjects} == set(Subject)


def test_an_emptied_field_goes_back_to_its_default() -> None:
    model = SetupModel(Machine())
    model.edit(("mail", "host"), "mail.example")
    model.edit(("mail", "port"), " 465 ")
    assert model.changes == {("mail", "host"): "mail.example", ("mail", "port"): 465}
    model.edit(("mail", "host"), "")
    model.edit(("mail", "port"), "587")
    assert not model.has_changes


def test_an_account_without_a_user_is_taken_out_whole() -> None:
    model = SetupModel(Machine(gateway=GatewaySection(accounts={"M1": GatewayAccount(user="meier", originator="Meier")})))
    model.edit(("gateway", "accounts", "M1", "user"), "")
    assert model.changes == {("gateway", "accounts", "M1"): None}


def test_every_value_of_an_installation_has_a_field() -> None:
    places = {field.place for page in PAGES for field in page.fields if field.kind is not Kind.SECRET}
    known = {(section, key) for section, values in plain_table(Machine()).items() for key in values}
    by_hand = {
        ("machine", "data_folder"), ("practice", "timezone"), ("practice", "region"), ("gateway", "kind"), ("gateway", "folder"),
        ("gateway", "accounts"), ("mail", "senders"),
    }  # fmt: skip
    assert known - by_hand <= places


@pytest.mark.parametrize(("place", "changes"), [(("gateway", "address"), True), (("mail", "user"), True), (("practice", "name"), False)])
def test_what_was_refused_may_be_taken_after_a_changed_password_or_account_only(place: tuple[str, ...], changes: bool) -> None:
    edited = SetupModel(Machine())
    edited.edit(place, "neu")
    assert edited.changes_account is changes
    assert not edited.needs_restart
    edited.edit_secret("mail", "neu")
    assert edited.changes_account
    assert not edited.needs_restart
    edited.edit_secret("store", "neu")
    assert edited.needs_restart


def test_a_switched_off_notice_is_written_and_its_default_is_taken_out() -> None:
    model = SetupModel(Machine(ui=UiSection(toasts=False)))
    assert model.is_on(("ui", "popup"))
    assert not model.is_on(("ui", "toasts"))
    model.edit_flag(("ui", "popup"), on=False)
    model.edit_flag(("ui", "toasts"), on=True)
    assert not model.is_on(("ui", "popup"))
    assert model.changes == {("ui", "popup"): False, ("ui", "toasts"): True}
    model.edit_flag(("ui", "popup"), on=True)
    model.edit_flag(("ui", "toasts"), on=False)
    assert not model.has_changes


class NotedAutostart:
    """An entry that is noted, beside one for all persons or not."""

    def __init__(self, *, own: bool = False, for_all: bool = False) -> None:
        self.own, self.for_all = own, for_all

    def is_enabled(self) -> bool:
        return self.own

    def is_enabled_for_all(self) -> bool:
        return self.for_all

    def enable(self) -> None:
        self.own = True

    def disable(self) -> None:
        self.own = False


def test_the_start_at_login_is_the_systems_and_needs_no_restart(
    qtbot: QtBot, context: DialogContext, file: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry, before = NotedAutostart(), file.read_text(encoding="utf-8")
    monkeypatch.setattr("ui.dialogs.setup.autostart", lambda: entry)
    for wanted in (True, False):
        dialog = SetupDialog(context)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitUntil(lambda: context.background.idle)
        box = dialog.findChild(QCheckBox, "autostart")
        assert isinstance(box, QCheckBox)
        assert (box.isEnabled(), box.isChecked()) == (True, not wanted)
        box.setChecked(wanted)
        assert entry.own is not wanted
        dialog.save_and_close()
        qtbot.waitUntil(partial(lambda entry, wanted: entry.own is wanted, entry, wanted))
        qtbot.waitUntil(lambda: context.background.idle)
    assert file.read_text(encoding="utf-8") == before
    assert told == []


@pytest.mark.parametrize(("own", "changeable"), [(False, False), (True, True)])
def test_the_start_for_all_is_shown_and_not_changed(
    qtbot: QtBot, context: DialogContext, file: Path, monkeypatch: pytest.MonkeyPatch, own: bool, changeable: bool
) -> None:
    monkeypatch.setattr("ui.dialogs.setup.autostart", lambda: NotedAutostart(own=own, for_all=True))
    dialog = SetupDialog(context)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: context.background.idle)
    box = dialog.findChild(QCheckBox, "autostart")
    assert isinstance(box, QCheckBox)
    assert (box.isChecked(), box.isEnabled()) == (True, changeable)
    assert ("alle Personen" in box.toolTip()) is not changeable


def test_publishers_program_and_notices_are_set_in_the_window(qtbot: QtBot, dialog: SetupDialog, file: Path, told: list[str]) -> None:
    field(dialog, "portal.publishers").setText("Vitodata AG; HCI Solutions AG")
    field(dialog, "download.practice_program").setText(r"C:\vitomed\vitomed.exe")
    popup = dialog.findChild(QCheckBox, "ui.popup")
    assert isinstance(popup, QCheckBox)
    popup.click()
    dialog.save_and_close()
    qtbot.waitUntil(lambda: bool(told))
    saved = load_machine(file)
    assert names_of(saved.portal.publishers) == ("Vitodata AG", "HCI Solutions AG")
    assert saved.download.practice_program == r"C:\vitomed\vitomed.exe"
    assert (saved.ui.popup, saved.ui.toasts) == (False, True)


def test_a_chosen_look_holds_as_soon_as_it_is_saved_and_needs_no_restart(
    qtbot: QtBot, dialog: SetupDialog, file: Path, told: list[str]
) -> None:
    look = current_look()
    assert look is not None
    choice = dialog.findChild(QComboBox, "ui.theme")
    assert choice is not None
    try:
        choice.setCurrentIndex(choice.findData("dark"))
        assert tokens() is LIGHT  # nothing is written yet
        dialog.save_and_close()
        qtbot.waitUntil(lambda: not dialog.isVisible())
        assert tokens() is DARK
    finally:
        look.choose(Theme.LIGHT)
    assert told == []
    assert load_machine(file).ui.theme == "dark"


@pytest.mark.parametrize("process", ["", "no-such-program.exe"])
def test_a_practice_software_that_does_not_run_is_told(agent: Agent, process: str) -> None:
    findings = try_out(agent, Machine(ui=UiSection(practice_process=process)), {}, (Subject.SOFTWARE,))
    assert findings[0].verdict is CheckVerdict.NOTICE
    assert process or "ui.practice_process" in findings[0].advice


@pytest.mark.skipif(tells_no_names(), reason="Wine tells no names of processes; on the list for a real Windows")
def test_a_practice_software_that_runs_is_found(agent: Agent) -> None:
    findings = try_out(agent, Machine(ui=UiSection(practice_process=psutil.Process().name())), {}, (Subject.SOFTWARE,))
    assert findings[0].verdict is CheckVerdict.GOOD


def test_the_program_file_of_the_practice_software_is_tried(agent: Agent, tmp_path: Path) -> None:
    missing = Machine(download=DownloadSection(practice_program=str(tmp_path / "vitomed.exe")))
    assert try_out(agent, missing, {}, (Subject.SOFTWARE,))[1].verdict is CheckVerdict.FAULT
    (tmp_path / "vitomed.exe").touch()  # no program: it has no version
    found = try_out(agent, missing, {}, (Subject.SOFTWARE,))[1]
    assert found.verdict is (CheckVerdict.FAULT if sys.platform == "win32" else CheckVerdict.NOTICE)
    unset = try_out(agent, Machine(), {}, (Subject.SOFTWARE,))[1]
    assert (unset.verdict, "download.practice_program" in unset.advice) == (CheckVerdict.NOTICE, True)


def test_who_may_have_signed_an_installer_is_told(agent: Agent) -> None:
    folder, named = try_out(
        agent, Machine(portal=PortalSection(address="https://127.0.0.1:9/", publishers="A; B")), {}, (Subject.DOWNLOADS,)
    )
    assert folder.verdict is CheckVerdict.GOOD
    assert "«A» oder «B»" in named.sentence
    (_folder, anybody) = try_out(agent, Machine(portal=PortalSection(address="https://127.0.0.1:9/")), {}, (Subject.DOWNLOADS,))
    assert anybody.verdict is CheckVerdict.GOOD
    assert "Online-Portal" in anybody.sentence


def test_advice_names_the_window_first_and_the_key_for_the_administrator_after_it(agent: Agent) -> None:
    (unset,) = try_out(agent, Machine(), {}, (Subject.PORTAL,))
    assert unset.advice.index("Einrichten | Online-Portal") < unset.advice.index("portal.address")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns what boxes with a single button told."""
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "exec", lambda box: told.append(f"{box.text()} {box.informativeText()}"))
    return told


def test_saving_writes_the_file_and_keeps_the_password_elsewhere(qtbot: QtBot, dialog: SetupDialog, file: Path, told: list[str]) -> None:
    agent = dialog.context.agent
    field(dialog, "mail.host").setText("neu")
    field(dialog, "download.folder").setText("D:/Downloads")
    field(dialog, "mail").textEdited.emit("geheim")
    dialog.save_and_close()
    qtbot.waitUntil(lambda: bool(told))
    assert not dialog.isVisible()
    assert "nach dem nächsten Start" in told[0]  # of the folder
    assert "neu starten" not in told[0]  # nobody could do it here
    said = file.read_text(encoding="utf-8")
    assert "# von Hand" in said
    assert "neu" not in said
    assert load_machine(file).download.folder == "D:/Downloads"
    assert agent.in_force.rows()["mail"] == {"host": "neu"}
    assert "geheim" not in str(agent.in_force.rows())
    assert agent.configuration.mail.host == "neu"
    assert agent.secrets.get("mail") == "geheim"
    assert dialog.context.windows.state.account_changed


def test_what_is_the_practices_holds_at_once(qtbot: QtBot, dialog: SetupDialog, told: list[str]) -> None:
    agent = dialog.context.agent
    before = agent.messages
    field(dialog, "mail.host").setText("neu")
    field(dialog, "practice.name").setText("Praxis am Bahnhof")
    dialog.save_and_close()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    assert told == []
    assert not dialog.context.windows.state.account_changed  # it was tried at once
    assert agent.messages is not before
    assert agent.messages.parts.words.name == "Praxis am Bahnhof"
    assert agent.in_force.unconfirmed() == {}


def test_another_store_gets_what_holds_here_where_nothing_is_configured_there(context: DialogContext, file: Path, tmp_path: Path) -> None:
    context.agent.configure({("practice", "phone"): "044 123 45 67"})
    url = f"sqlite:///{(tmp_path / 'neu.db').as_posix()}"
    saved = save(context.agent, file, {("store", "url"): url, ("practice", "name"): "Praxis am Bahnhof"}, {})
    assert (saved.practice.name, saved.practice.phone) == ("Praxis am Bahnhof", "044 123 45 67")
    with Agent(load_machine(file), secrets=MemorySecrets()) as moved:
        assert moved.in_force.rows()["practice"] == {"name": "Praxis am Bahnhof", "phone": "044 123 45 67"}
        assert moved.configuration.practice.name == "Praxis am Bahnhof"
    away = save(context.agent, file, {("store", "url"): f"sqlite:///{file.as_posix()}/x.db", ("practice", "name"): "Praxis am See"}, {})
    assert away.practice.name == "Praxis am See"
    assert load_machine(file).practice.name == "Praxis am See"  # for the first start there


@pytest.mark.parametrize("now", [True, False])
def test_restart_is_offered_and_done_only_when_somebody_wants_it(
    qtbot: QtBot, dialog: SetupDialog, file: Path, monkeypatch: pytest.MonkeyPatch, now: bool
) -> None:
    asked: list[str] = []
    chosen: list[object] = []

    def answer(box: QMessageBox) -> None:
        asked.append(box.informativeText())
        button = next(one for one in box.buttons() if one.text() == ("&Jetzt neu starten" if now else "&Später"))
        button.click()

    monkeypatch.setattr(QMessageBox, "exec", answer)
    state = dialog.context.windows.state
    state.can_restart = True
    state.show(tray_state(AgentFacts(now=datetime(2026, 11, 23, 9, 0, tzinfo=UTC), running="Mitteilungen senden")))
    state.chosen.connect(chosen.append)
    field(dialog, "portal.address").setText("https://portal.example/")
    dialog.save_and_close()
    qtbot.waitUntil(lambda: bool(asked))
    assert "«Mitteilungen senden»" in asked[0]
    assert chosen == ([Restart()] if now else [])


def test_a_password_that_cannot_be_kept_stays_in_the_window(
    qtbot: QtBot, dialog: SetupDialog, file: Path, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_values: str) -> None:
        raise ConfigurationError("Kein Schlüsselbund", "Passwörter können hier nicht gespeichert werden.")

    field(dialog, "mail.host").setText("neu")
    field(dialog, "portal.address").setText("https://neu.example/")
    field(dialog, "mail").textEdited.emit("geheim")
    with monkeypatch.context() as patch:
        patch.setattr(type(dialog.context.agent.secrets), "set", refuse)
        dialog.save_and_close()
        qtbot.waitUntil(lambda: "Kein Schlüsselbund" in dialog.banner.text)
    assert dialog.isVisible()
    assert dialog.has_unsaved_changes()
    assert "neu" not in file.read_text(encoding="utf-8")
    dialog.save_and_close()
    qtbot.waitUntil(lambda: bool(told))
    assert dialog.context.agent.secrets.get("mail") == "geheim"
    assert dialog.context.agent.configuration.mail.host == "neu"


def test_a_wrong_value_is_told_and_nothing_is_saved(qtbot: QtBot, dialog: SetupDialog, file: Path) -> None:
    field(dialog, "mail.port").setText("viele")
    dialog.save_and_close()
    qtbot.waitUntil(lambda: "mail.port" in dialog.banner.text)
    assert dialog.isVisible()
    assert "alt" in file.read_text(encoding="utf-8")


def test_an_empty_password_field_says_whether_there_is_one(qtbot: QtBot, context: DialogContext, file: Path) -> None:
    context.agent.secrets.set("mail", "geheim")
    dialog = SetupDialog(context)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: field(dialog, "mail").placeholderText() == "gespeichert; leer lassen ändert nichts")
    assert field(dialog, "store").placeholderText() == "keines gespeichert"


def test_a_password_that_is_kept_for_another_server_says_so(qtbot: QtBot, context: DialogContext, file: Path) -> None:
    agent = context.agent
    agent.configure({("mail", "host"): "mail.example", ("mail", "user"): "praxis"})
    agent.secrets.set("mail", "geheim")
    ConfigurationStore(agent.store).save({("mail", "host"): "mail.neu.example"}, "PC9", lambda _rows: None)
    agent.look_at_configuration()
    dialog = SetupDialog(context)
    qtbot.addWidget(dialog)
    qtbot.waitUntil(lambda: field(dialog, "mail").placeholderText().startswith("gespeichert für mail.example:587"))
    field(dialog, "mail").textEdited.emit("geheim")
    dialog.save_and_close()
    qtbot.waitUntil(lambda: not dialog.isVisible() and dialog.context.background.idle)
    assert agent.secrets.get("mail") == "geheim"


def test_what_is_typed_while_the_practice_answers_stays(
    qtbot: QtBot, context: DialogContext, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Event()
    monkeypatch.setattr(
        "ui.dialogs.setup._known", lambda _agent: answer.wait(30) and _Known({"M1": "Dr. Meier"}, frozenset(), AutostartStatus(), {})
    )
    dialog = SetupDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.steps.setCurrentRow(4)
    host = field(dialog, "mail.host")
    host.setFocus()
    host.setText("mail.neu")
    host.setCursorPosition(4)
    field(dialog, "mail").textEdited.emit("geheim")
    answer.set()
    qtbot.waitUntil(lambda: dialog.findChild(QLineEdit, "gateway.accounts.M1.user") is not None)
    assert dialog.steps.currentRow() == 4
    assert field(dialog, "mail.host").text() == "mail.neu"
    assert field(dialog, "mail.host").cursorPosition() == 4
    assert field(dialog, "mail").text() == "geheim"
    assert dialog.model.secrets == {"mail": "geheim"}


def test_the_wheel_changes_no_choice_that_has_not_the_keyboard(qtbot: QtBot, dialog: SetupDialog) -> None:
    dialog.steps.setCurrentRow(4)
    security = dialog.findChild(QComboBox, "mail.security")
    assert isinstance(security, QComboBox)
    before = security.currentIndex()
    for _turn in range(3):
        turn_wheel(security)
    assert security.currentIndex() == before
    assert not dialog.has_unsaved_changes()
    security.setFocus()
    qtbot.waitUntil(security.hasFocus)
    turn_wheel(security)
    assert security.currentIndex() == before + 1


def test_tables_are_made_in_the_edited_database(qtbot: QtBot, dialog: SetupDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def agree(*words: str) -> bool:
        asked.append(" ".join(words))
        return True

    monkeypatch.setattr(dialog, "ask", agree)
    field(dialog, "store.url").setText(f"sqlite:///{(tmp_path / 'neu.db').as_posix()}")
    button(dialog, "&Tabellen anlegen …").click()
    qtbot.waitUntil(lambda: dialog.context.background.idle and not dialog.is_busy)
    assert "Daten bleiben erhalten" in asked[0]
    assert "neu.db" in described(dialog, 0)
    assert (tmp_path / "neu.db").exists()


def test_no_table_is_made_without_an_answer(qtbot: QtBot, dialog: SetupDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialog, "ask", lambda *_words: False)
    field(dialog, "store.url").setText(f"sqlite:///{(tmp_path / 'neu.db').as_posix()}")
    button(dialog, "&Tabellen anlegen …").click()
    assert dialog.context.background.idle
    assert not (tmp_path / "neu.db").exists()


def test_the_sql_of_the_views_is_written(qtbot: QtBot, dialog: SetupDialog, tmp_path: Path) -> None:
    file = tmp_path / "sichten.sql"
    dialog.write_views(file)
    qtbot.waitUntil(lambda: "SQL gespeichert" in dialog.banner.text)
    assert file.read_text(encoding="utf-8").count("CREATE VIEW") == 5


def test_sql_that_cannot_be_written_is_told(qtbot: QtBot, dialog: SetupDialog, tmp_path: Path) -> None:
    dialog.write_views(tmp_path / "gibt-es-nicht" / "sichten.sql")
    qtbot.waitUntil(lambda: "Nicht gespeichert" in dialog.banner.text)


def test_closing_while_a_connection_is_tried_is_quiet(
    qtbot: QtBot, dialog: SetupDialog, errors: list[KnownError], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = Event()
    monkeypatch.setattr("ui.dialogs.setup.try_out", lambda *_values: answer.wait(30) and ())
    dialog.check_all()
    assert dialog.is_busy
    dialog.reject()
    answer.set()
    qtbot.waitUntil(lambda: dialog.context.background.idle)
    assert not dialog.isVisible()
    assert errors == []


@pytest.fixture
def world(tmp_path: Path) -> Iterator[DemoWorld]:
    with DemoWorld(tmp_path / "demo") as world:
        yield world


def test_all_connections_of_the_demo_are_good(
    qtbot: QtBot, world: DemoWorld, background: Background, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITOCLIENT_CONFIG", str(world.configuration))
    windows = Windows(world.agent, background, Remembered(tmp_path / "windows.ini"))
    dialog = SetupDialog(DialogContext(world.agent, background, windows, windows.remembered))
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: background.idle)
    dialog.check_all()
    qtbot.waitUntil(lambda: background.idle, timeout=20000)
    items = [dialog.steps.item(row) for row in range(dialog.steps.count())]
    told = [str(item.data(Qt.ItemDataRole.AccessibleDescriptionRole)) for item in items if item is not None]
    assert all(told)
    assert any("Credits" in text for text in told)


def test_an_edited_connection_is_tried_without_saving(world: DemoWorld) -> None:
    broken = replace(world.agent.machine, mail=replace(world.agent.machine.mail, port=9))
    (finding,) = try_out(world.agent, broken, {}, (Subject.MAIL,))
    assert finding.verdict is CheckVerdict.FAULT
    (wrong,) = try_out(world.agent, world.agent.machine, {"mail": "falsch"}, (Subject.MAIL,))
    assert wrong.verdict is CheckVerdict.FAULT
    (good,) = try_out(world.agent, world.agent.machine, {}, (Subject.MAIL,))
    assert good.verdict is CheckVerdict.GOOD


def test_a_sender_and_an_originator_that_nobody_takes_are_found_before_anything_is_sent(world: DemoWorld) -> None:
    machine = world.agent.machine
    accounts = {one: replace(account, originator="Praxis am Bahnhof") for one, account in machine.gateway.accounts.items()}
    unsigned = replace(machine, mail=replace(machine.mail, sender="praxis"), gateway=replace(machine.gateway, accounts=accounts))
    findings = try_out(world.agent, unsigned, {}, (Subject.MAIL, Subject.GATEWAY))
    told = [finding.sentence for finding in findings if finding.verdict is CheckVerdict.FAULT]
    assert any("«praxis»" in sentence for sentence in told)
    assert any("«Praxis am Bahnhof»" in sentence for sentence in told)


def test_the_address_of_a_sql_server_is_put_together(qtbot: QtBot, dialog: SetupDialog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tray_agent.platforms.odbc.installed_drivers", lambda: ("ODBC Driver 18 for SQL Server",))
    asked = SqlServerDialog(dialog)
    qtbot.addWidget(asked)
    asked.host.setText("SERVER\\VITOMED")
    asked.database.setText("praxis")
    assert "Trusted_Connection=yes" in asked.address()
    assert "TrustServerCertificate=yes" not in asked.address()
    asked.user.setText("agent")
    asked.blindly.setChecked(True)
    assert "agent@" in asked.address()
    assert "TrustServerCertificate=yes" in asked.address()
