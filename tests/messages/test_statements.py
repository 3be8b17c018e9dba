"""The statements of the outbox as SQL Server gets them: compiled and looked at, where no such server is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.dialects import mssql
from sqlalchemy.sql.elements import ClauseElement

from tests.messages.world import ANNA, TOMORROW_NINE, World, treatment
from tray_agent.config import settings as switches
from tray_agent.messages.outbox.model import OutboxFilter, OutboxOrder

SQL_SERVER = mssql.dialect()  # type: ignore[no-untyped-call]

QUIETLY = {
    "next_at", "reason", "sentence", "sentence_source", "standing", "standing_since", "ticked_over", "unreached", "unreached_at",
    "unreached_by", "note", "noted_at", "noted_by",
}  # fmt: skip
"""What is written beside a message's state: nobody's step is disturbed by it."""


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """Collects everything that is said to the database, as SQL Server would get it."""
    said: list[str] = []

    def note(_connection: Connection, clause: object, *_rest: object) -> None:
        if isinstance(clause, ClauseElement):
            said.append(str(clause.compile(dialect=SQL_SERVER)))

    event.listen(world.database.engine, "before_execute", note)
    yield said
    event.remove(world.database.engine, "before_execute", note)


@pytest.fixture
def said(world: World) -> list[str]:
    """Returns the statements of a whole day."""
    world.values[switches.ONE_PER_DAY] = True
    with statements(world) as found:
        world.book_appointment()
        world.prepare()
        world.change_patient(last_name="Neu")
        world.send()
        world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1))
        world.prepare()
        world.greet()
        world.send()
        world.follow_up()
        world.service.page(OutboxFilter(patient="Anna"), OutboxOrder.PATIENT, offset=1, limit=5)
        world.service.call_list()
        world.practice.put(replace(ANNA, id="P7", mobile=None, phone="044 262 11 22"), treatment("P7"))
        world.book_appointment("A7", TOMORROW_NINE, "P7")
        world.prepare()
        calls = world.service.calls().open
        assert calls
        for entry in calls:
            noted = world.service.note(world.service.not_reached(entry, "anna@PC1"), "ruft zurück", "anna@PC1")
            world.service.untick(world.service.tick(noted, "anna@PC1"))
        world.service.in_doubt()
        world.service.credits()
        return found


def test_every_statement_can_be_said_to_sql_server(said: list[str]) -> None:
    assert len(said) > 20


def test_none_relies_on_what_only_others_can(said: list[str]) -> None:
    for statement in said:
        for word in (" LIMIT ", "ON CONFLICT", "RETURNING", "NULLS ", "FOR UPDATE", " ILIKE "):
            assert word not in statement.upper(), statement


def test_a_page_is_ordered_before_it_is_cut(said: list[str]) -> None:
    cut = [statement for statement in said if "OFFSET" in statement or "ROW_NUMBER" in statement]
    assert cut
    assert all("ORDER BY" in statement for statement in cut)


def test_every_change_of_a_state_compares_state_and_version(said: list[str]) -> None:
    changes = [statement.partition(" WHERE ") for statement in said if statement.startswith("UPDATE message")]
    assert any("state=" in what for what, _where, _condition in changes)
    for what, _where, condition in changes:
        if "state=" in what or "version=" in what:
            assert all(f"message.{column}" in condition for column in ("id", "state", "version")), what
        else:
            written = {column.partition("=")[0] for column in what.removeprefix("UPDATE message SET ").split(", ")}
            assert written <= QUIETLY, what
