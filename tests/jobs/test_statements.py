"""Every statement of jobs as each database gets it: compiled for SQL Server and looked at, planned through an index on the others."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Connection, Select, event, text
from sqlalchemy.dialects import mssql
from sqlalchemy.schema import CreateIndex, CreateTable

from tests.jobs.engine import NOW, Engine, daily, job
from tests.protocol.test_history import ACTIVITY_FILTERS, RUN_FILTERS, fill_activities, fill_runs
from tray_agent.clock import ManualClock
from tray_agent.job_kinds import JobKey, Service
from tray_agent.jobs.model import PauseScope
from tray_agent.protocol.model import Activity, ActivityOrder, Level, RunOrder
from tray_agent.store.database import Database
from tray_agent.store.tables import activity, agent_presence, job_lock, job_pause, job_run
from tray_agent.store.tables import job as job_table

DOWNLOAD = JobKey.DOWNLOAD


@contextmanager
def statements(database: Database) -> Iterator[list[ClauseElement]]:
    """Gives all statements that are executed within the block."""
    heard: list[ClauseElement] = []

    def listen(_connection: Connection, element: Any, _many: Any, values: dict[str, Any], _options: Any) -> None:
        if isinstance(element, ClauseElement):
            heard.append(element.params(values) if isinstance(element, Select) else element)

    event.listen(database.engine, "before_execute", listen)
    try:
        yield heard
    finally:
        event.remove(database.engine, "before_execute", listen)


def use_everything(engine: Engine, clock: ManualClock) -> None:
    """Lets the engine do all that it can, so that all its statements are heard."""
    engine.offered = [job(DOWNLOAD), job(JobKey.SEND_MESSAGES)]
    engine.plan(DOWNLOAD, daily((NOW + timedelta(hours=2)).time()))
    clock.advance(timedelta(days=3))
    engine.settle(run=False)
    clock.advance(timedelta(minutes=5))
    engine.settle()
    run = engine.jobs.run_now(JobKey.SEND_MESSAGES)
    engine.jobs.cancel(run.run_id)
    claim = engine.jobs.claims.claim(JobKey.UPDATE_STATUS, NOW, engine.launched[0].trigger)
    engine.jobs.claims.hand_over(claim, "x")  # type: ignore[arg-type]  # nobody else is there
    engine.jobs.pause(PauseScope.SENDING, None, "Anna")
    engine.jobs.resume()
    engine.jobs.presences.tell(timedelta(0))
    engine.jobs.presences.there()
    engine.jobs.presences.leave()
    engine.jobs.presences.prove_writable()
    clock.set(clock.now() - timedelta(days=2))
    assert engine.jobs.put_clock_right()
    clock.advance(timedelta(days=2))
    engine.jobs.overview()
    engine.jobs.log.write([Activity(Service.SMS, Level.ERROR, "x", "y")])
    engine.jobs.log.counts()
    engine.jobs.log.hide(Service.SMS, 10**6)
    engine.jobs.history.prune(NOW)
    engine.jobs.log.prune(NOW + timedelta(days=9))
    for filter_by, order in itertools.product(RUN_FILTERS, RunOrder):
        page = engine.jobs.history.page(filter_by, order, size=2)
        engine.jobs.history.page(filter_by, order, size=2, offset=page.total - 1 if page.total else 0)
        engine.jobs.history.page(filter_by, order, size=2, at=page.rows[0].run_id if page.rows else 0)
        list(engine.jobs.history.all_runs(filter_by, order))
    for wanted, column in itertools.product(ACTIVITY_FILTERS, ActivityOrder):
        engine.jobs.log.page(wanted, column, size=2)
        engine.jobs.log.page(wanted, column, size=2, at=1)
    engine.jobs.history.page(at=NOW)
    engine.jobs.log.page(at=NOW)


def test_all_statements_compile_for_sql_server(sqlite_database: Database, clock: ManualClock) -> None:
    engine = Engine(sqlite_database, clock)
    with statements(sqlite_database) as heard:
        use_everything(engine, clock)
    dialect = mssql.dialect(deprecate_large_types=True)  # type: ignore[no-untyped-call]
    compiled = {str(element.compile(dialect=dialect)) for element in heard}
    assert len(compiled) > 80
    for statement in compiled:
        assert " LIMIT " not in statement
        assert "RETURNING" not in statement
        assert "NULLS " not in statement
        assert "ON CONFLICT" not in statement
        assert not ("ORDER BY" in statement.split(") AS ")[0] and "TOP" not in statement and "UNION" in statement), statement
        assert statement.count("UNION ALL") < 20
        assert not re.search(r"\b(TRUE|FALSE|true|false)\b", statement), statement


def test_all_tables_compile_for_sql_server() -> None:
    dialect = mssql.dialect(deprecate_large_types=True)  # type: ignore[no-untyped-call]
    for table in (job_table, job_lock, job_run, activity, job_pause, agent_presence):
        made = str(CreateTable(table).compile(dialect=dialect))
        assert "DATETIME2" in made or "DATETIME" not in made
        assert "NTEXT" not in made
        assert "NVARCHAR" in made or table is job_lock
        for index in table.indexes:
            assert str(CreateIndex(index).compile(dialect=dialect)).startswith("CREATE INDEX")
            assert sum(_bytes_of(column) for column in index.columns) <= 1700  # SQL Server's bound for a key


def _bytes_of(column: Any) -> int:
    length = getattr(column.type, "length", None)
    return 8 if length is None else length * 2


@pytest.fixture
def filled(clocked_database: Database, clock: ManualClock) -> Database:
    fill_runs(clocked_database, 2000)
    fill_activities(clocked_database, clock, 30)
    log = [Activity(service, level, "sent", "x", "7") for service in Service for level in Level]
    Engine(clocked_database, clock).jobs.log.write(log * 200)
    with clocked_database.engine.connect() as connection:
        connection.execute(text("UPDATE STATISTICS activity" if clocked_database.dialect == "mssql" else "ANALYZE"))
        connection.commit()
    return clocked_database


def test_the_lists_by_time_are_read_through_an_index_and_nothing_is_sorted(filled: Database, clock: ManualClock) -> None:
    if filled.dialect == "mssql":
        pytest.skip("plans are looked at on the other two")
    engine = Engine(filled, clock)
    with statements(filled) as heard:
        for filter_by in RUN_FILTERS:
            engine.jobs.history.page(filter_by, size=20)
        engine.jobs.history.page(order=RunOrder.JOB, size=20)
        engine.jobs.history.last_runs()
        for wanted in ACTIVITY_FILTERS:
            if wanted.service is not None and not wanted.text:
                engine.jobs.log.page(wanted, size=20)
    pages = [element for element in heard if "ORDER BY" in str(element) and "LIMIT" in str(element)]
    assert len(pages) >= 10
    with filled.engine.connect() as connection:
        if filled.dialect == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
            connection.execute(text("SET enable_sort = off"))
        for statement in pages:
            _assert_indexed(connection, statement)


def _assert_indexed(connection: Connection, statement: ClauseElement) -> None:
    compiled = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + compiled.replace("%", "%%")))
    assert "Seq Scan" not in plan, plan
    assert "Sort Key" not in plan or "Presorted Key" in plan, plan  # equal times, of which there are few
    assert "TEMP B-TREE" not in plan, f"{compiled}\n{plan}"
    assert not re.search(r"SCAN (job_run|activity)\b(?!.*USING (COVERING )?INDEX)", plan), f"{compiled}\n{plan}"
