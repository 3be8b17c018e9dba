"""The watch over all statements of the tests finds what SQL Server would refuse; no test fails where it is blind."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import String, case, exists, func, insert, literal, select, tuple_

from tests.store.test_database import ROW
from tests.support import portability
from tray_agent.store.database import Database
from tray_agent.store.tables import job_run, setting

DUE, STATE = job_run.c.due_at, job_run.c.state


@pytest.mark.parametrize(
    "statement",
    [
        select(job_run).offset(3),
        select(job_run).order_by(DUE.desc().nulls_last()),
        select(job_run.c.id).where(tuple_(DUE, STATE).in_([(1, "x")])),
        select(func.count()).group_by(case((STATE == "failed", 1), else_=0)),
        select((STATE == "failed").label("failed")),
        select(exists().where(job_run.c.id == 1)),
        select(~exists().where(job_run.c.id == 1)),
        select((STATE == "failed") & DUE.is_not(None)),
        select(func.substr(STATE, 2)),
        select(func.strftime("%d", DUE)),
        select(literal("a").op("||")(STATE)),
        select(job_run.c.id).where(STATE.is_distinct_from("x")).where(STATE.regexp_match("x")),
    ],
)
def test_what_sql_server_does_not_understand_is_found(statement: Any) -> None:
    assert portability.refusals(statement)


@pytest.mark.parametrize(
    "statement",
    [
        select(job_run).order_by(DUE).offset(3).limit(2),
        select(func.count()).where(STATE.in_(["a", "b"])).group_by(job_run.c.job, STATE),
        select(job_run.c.id).where(exists().where(setting.c.name == STATE)).order_by(case((DUE.is_(None), 1), else_=0)),
        select(job_run.c.trigger, func.min(DUE)).group_by(job_run.c.trigger).having(func.count() > 1),
        insert(setting),
    ],
)
def test_what_it_understands_is_let_pass(statement: Any) -> None:
    assert portability.refusals(statement) == []


def test_a_statement_while_rows_are_still_to_be_read_is_found(sqlite_database: Database) -> None:
    with sqlite_database.begin() as connection:
        connection.execute(insert(setting), [ROW, ROW | {"name": "b"}])
        for row in connection.execute(select(setting.c.name)):
            connection.execute(select(setting.c.value).where(setting.c.name == row.name)).scalar_one()
    assert ["still to be read" in found for found in portability.take_faults()] == [True]


def test_so_is_the_servers_clock(sqlite_database: Database) -> None:
    with sqlite_database.begin() as connection:
        connection.execute(insert(setting), [ROW])
        rows = connection.execute(select(setting.c.name))
        sqlite_database.now(connection)
        assert len(rows.all()) == 1
        sqlite_database.now(connection)
    assert len(portability.take_faults()) == 1


def test_a_statement_of_a_test_is_heard(sqlite_database: Database) -> None:
    with sqlite_database.read() as connection:
        connection.execute(select((setting.c.name == "x").label("is_x"))).all()
    assert ["a condition as a value" in found for found in portability.take_faults()] == [True]


def test_so_is_an_umlaut_that_is_bound_as_varchar(sqlite_database: Database) -> None:
    for value in (literal("Büro", String()), literal("Buero", String()), literal("Büro", setting.c.changed_by.type), "Büro"):
        with sqlite_database.read() as connection:
            connection.execute(select(setting).where(setting.c.changed_by == value)).all()
            connection.execute(select(setting).where(setting.c.changed_by.in_(["a", "Büro"]))).all()
    assert ["bound as VARCHAR" in found for found in portability.take_faults()] == [True]
