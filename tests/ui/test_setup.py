"""The window *Einrichten*: edited values are tried before they are saved, passwords never land in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from tray_agent.config.machine import GatewayAccount, GatewaySection, Machine, load_machine
from tray_agent.demo.world import DemoWorld
from tray_agent.doctor import Subject, Verdict
from ui.background import Background
from ui.dialogs.setup import SetupDialog, SqlServerDialog
from ui.models.setup import PAGES, SetupModel, try_out
from ui.remembered import Remembered
from ui.windows import DialogContext, Windows


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


def test_saving_writes_the_file_and_keeps_the_password_elsewhere(qtbot: QtBot, dialog: SetupDialog, file: Path) -> None:
    field(dialog, "mail.host").setText("neu")
    field(dialog, "mail").textEdited.emit("geheim")
    dialog.save_and_close()
    qtbot.waitUntil(lambda: not dialog.isVisible())
    said = file.read_text(encoding="utf-8")
    assert "# von Hand" in said
    assert "geheim" not in said
    assert load_machine(file).mail.host == "neu"
    assert dialog.context.agent.secrets.get("mail") == "geheim"


def test_a_wrong_value_is_told_and_nothing_is_saved(qtbot: QtBot, dialog: SetupDialog, file: Path) -> None:
    field(dialog, "mail.port").setText("viele")
    dialog.save_and_close()
    qtbot.waitUntil(lambda: "mail.port" in dialog.banner.text)
    assert dialog.isVisible()
    assert "alt" in file.read_text(encoding="utf-8")


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
    assert finding.verdict is Verdict.FAULT
    (wrong,) = try_out(world.agent, world.agent.machine, {"mail": "falsch"}, (Subject.MAIL,))
    assert wrong.verdict is Verdict.FAULT
    (good,) = try_out(world.agent, world.agent.machine, {}, (Subject.MAIL,))
    assert good.verdict is Verdict.GOOD


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
