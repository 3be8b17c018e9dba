"""A row that may be there already, and that two make at once."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, Insert, Table, insert, select
from sqlalchemy.exc import IntegrityError

from tests.store.test_database import ROW
from tray_agent.config import settings as switches
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.texts.service import TemplateService
from tray_agent.messages.texts.templates import Template, TemplateKey
from tray_agent.store import rows
from tray_agent.store.database import Database, open_database
from tray_agent.store.rows import put_row
from tray_agent.store.settings import SettingStore
from tray_agent.store.tables import setting

KEY = {name: ROW[name] for name in ("section", "name")}
VALUES = {name: value for name, value in ROW.items() if name not in KEY}


def values_of(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(select(setting.c.value)).scalars().all())


def test_a_row_is_made_once_and_then_changed(database: Database) -> None:
    for value in ("eins", "zwei"):
        database.transact(lambda connection, value=value: put_row(connection, setting, KEY, VALUES | {"value": value}))  # type: ignore[misc] # bound early
    assert values_of(database) == ["zwei"]


@pytest.fixture
def hurried(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Returns a database in which another workstation makes each row right before us, once."""
    if database.dialect == "sqlite":
        pytest.skip("one at a time writes")
    made: set[str] = set()

    def ours(table: Table) -> Any:
        statement = insert(table)
        values = statement.values

        def first_the_other(row: dict[str, Any]) -> Insert:
            if table.name not in made:
                made.add(table.name)
                other = open_database(database.engine.url)
                with other.begin() as connection:
                    connection.execute(insert(table).values(row))
                other.dispose()
            return values(row)

        monkeypatch.setattr(statement, "values", first_the_other, raising=False)
        return statement

    monkeypatch.setattr(rows, "insert", ours)
    return database


def put(connection: Connection) -> None:
    put_row(connection, setting, KEY, VALUES)


def test_who_makes_a_row_second_is_told(hurried: Database) -> None:
    with pytest.raises(IntegrityError):
        hurried.transact(put)


def test_who_asked_to_begin_again_changes_the_row_instead(hurried: Database) -> None:
    hurried.transact(put, again_on_duplicate=True)
    assert values_of(hurried) == [ROW["value"]]


def test_two_workstations_that_save_the_same_switch_at_once_both_succeed(hurried: Database) -> None:
    store = SettingStore(hurried)
    store.save({switches.REMINDERS_ON: True}, "Anna@PC1")
    assert store.load().yes(switches.REMINDERS_ON)


def test_two_workstations_that_save_the_same_template_at_once_both_succeed(hurried: Database) -> None:
    key = TemplateKey(MessageKind.REMINDER, Channel.SMS, "de")
    templates = TemplateService(hurried, lambda: switches.Settings({}))
    templates.save(Template(key, "Termin {Datum}"), "Anna")
    assert templates.load(key).template.text == "Termin {Datum}"
