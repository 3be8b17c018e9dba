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
from tray_agent.protocol import activity_pages
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
    claim = engine.parts.claims.claim(JobKey.UPDATE_STATUS, NOW, engine.launched[0].trigger)
    engine.parts.claims.hand_over(claim, "x")  # type: ignore[arg-type]  # nobody else is there
    engine.jobs.pause(PauseScope.SENDING, None, "Anna")
    engine.jobs.resume()
    engine.parts.presences.tell(timedelta(0))
    engine.jobs.presences()
    engine.parts.presences.leave()
    engine.jobs.overview()
    engine.parts.log.write([Activity(Service.SMS, Level.ERROR, "x", "y")])
    engine.jobs.activity_counts()
    engine.jobs.hide_activities(Service.SMS, 10**6)
    engine.parts.history.prune(NOW)
    engine.parts.log.prune(NOW + timedelta(days=9))
    for filter_by, order in itertools.product(RUN_FILTERS, RunOrder):
        page = engine.jobs.history(filter_by, order, size=2)
        engine.jobs.history(filter_by, order, size=2, page=page.next_page)
    for wanted, column in itertools.product(ACTIVITY_FILTERS, ActivityOrder):
        engine.jobs.activities(wanted, column, size=2)


def test_all_statements_compile_for_sql_server(sqlite_database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_pages, "FEW", 0)  # sorted, as a few are anyway, and through the indexes
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
    Engine(clocked_database, clock).parts.log.write(log * 200)
    with clocked_database.engine.connect() as connection:
        connection.execute(text("UPDATE STATISTICS activity" if clocked_database.dialect == "mssql" else "ANALYZE"))
        connection.commit()
    return clocked_database


def test_every_page_is_read_through_an_index(filled: Database, clock: ManualClock) -> None:
    if filled.dialect == "mssql":
        pytest.skip("plans are looked at on the other two")
    engine = Engine(filled, clock)
    with statements(filled) as heard:
        for filter_by, order in itertools.product(RUN_FILTERS, RunOrder):
            engine.jobs.history(filter_by, order, size=20)
        for wanted, column in itertools.product(ACTIVITY_FILTERS, ActivityOrder):
            engine.jobs.activities(wanted, column, size=20)
    pages = [element for element in heard if "job_run" in str(element) or "activity" in str(element)]
    assert len(pages) > 80
    with filled.engine.connect() as connection:
        if filled.dialect == "postgresql":
            connection.execute(text("SET enable_seqscan = off"))
        for statement in pages:
            _assert_indexed(connection, statement)


def _assert_indexed(connection: Connection, statement: ClauseElement) -> None:
    compiled = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    explain = "EXPLAIN QUERY PLAN " if connection.dialect.name == "sqlite" else "EXPLAIN "
    plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(explain + compiled.replace("%", "%%")))
    assert "Seq Scan on job_run" not in plan, plan
    assert "Seq Scan on activity" not in plan, plan
    for line in plan.splitlines():
        if "TEMP B-TREE" not in plan and "ORDER BY activity.id" in compiled:
            continue  # the table's own order, from one end until the page is full
        scanned = re.match(r"SCAN (job_run|activity)\b(?!.*USING (COVERING )?INDEX)", line.strip())
        assert scanned is None, f"{compiled}\n{plan}"
