"""A store of the version before is migrated with its rows: quickly, on every engine, and nothing that was written is lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, SmallInteger, Table, func, insert, select, text
from sqlalchemy.types import TypeEngine

from tests.conftest import ENGINES, make_database
from tray_agent.downloads.download_rows import DownloadRows
from tray_agent.job_kinds import JobKey, Service
from tray_agent.jobs.plan import PlanStore
from tray_agent.messages.outbox import listing
from tray_agent.messages.outbox.model import OutboxFilter, OutboxOrder
from tray_agent.protocol.activity_log import ActivityLog
from tray_agent.protocol.history import History
from tray_agent.protocol.model import ActivityFilter, ActivityOrder, RunFilter, RunOrder, RunState
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.schema_version import NEWEST, current_revision
from tray_agent.store.tables import activity, agent_presence, download, job_lock, job_run, message

ROWS = 20_000
AT = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
NAMES = ("Zoë Steiner", "Jean-Luc de l'Épine", "Ärni Žofie")


@pytest.fixture(params=ENGINES)
def landed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Gives a store as the version before left it, with rows in every list that are older still."""
    for url in make_database(request.param, tmp_path):
        database = open_database(url)
        upgrade(database, to="0004")
        _fill(database)
        upgrade(database, to="0005")
        yield database
        database.dispose()


def _fill(database: Database) -> None:
    for declared, row in ((message, _message), (activity, _activity), (job_run, _run)):
        types = {column.name: column.type for column in declared.c} | {"late": SmallInteger()}
        before = Table(declared.name, MetaData(), *(Column(name, types[name]) for name in row(0)))
        with database.begin() as connection:
            connection.execute(insert(before), [row(number) for number in range(ROWS)])


def _message(number: int) -> dict[str, object]:
    at = AT + timedelta(seconds=number)
    return {
        "reference": f"R{number}", "unique_key": f"reminder/2026-11-24T10:00/{number}", "kind": "reminder", "state": "delivered",
        "patient_id": str(number), "patient_name": NAMES[number % 3], "subject": "", "text": "Guten Tag", "segments": 1, "cost": Decimal(1),
        "reason": "", "sentence": "Zugestellt.", "next_at": at, "expires_at": at, "token": 1, "version": 3, "attempts": 1,
        "prepared_at": at, "times_asked": 0, "status_checks": 1, "reason_code": "",
    }  # fmt: skip


def _activity(number: int) -> dict[str, object]:
    return {
        "at": AT + timedelta(seconds=number), "service": "sms", "level": "info", "reason": "sent", "item": str(number),
        "sentence": f"{NAMES[number % 3]}: gesendet.", "workstation": "PC1", "run_id": 1, "hidden": 0,
    }  # fmt: skip


def _run(number: int) -> dict[str, object]:
    at = AT + timedelta(seconds=number)
    return {
        "job": "send_messages", "due_at": at, "trigger": "schedule", "state": "succeeded", "token": 1, "attempt": (0, 1, 3)[number % 3],
        "workstation": "PC1",
        "started_at": at, "finished_at": at, "result": "", "problems": 0, "reason": "", "sentence": "1 gesendet.", "late": 0,
    }  # fmt: skip


def test_rows_of_the_version_before_are_migrated_within_seconds(landed: Database) -> None:
    began = time.perf_counter()
    upgrade(landed)
    took = time.perf_counter() - began
    assert current_revision(landed) == NEWEST
    assert took < 60
    log, history = ActivityLog(landed, "PC1"), History(landed)
    found = log.page(ActivityFilter(service=Service.SMS, text="LEPINE gesendet"), ActivityOrder.TIME, size=1)
    assert (found.total, found.rows[0].sentence) == (ROWS // 3 + 1, "Jean-Luc de l'Épine: gesendet.")
    runs = history.page(RunFilter(state=RunState.SUCCEEDED), RunOrder.DUE_AT, size=1)
    assert (runs.total, runs.rows[0].sentence) == (ROWS, "1 gesendet.")
    assert runs.rows[0].due_at == AT + timedelta(seconds=ROWS - 1)
    with landed.read() as connection:
        page = listing.page(connection, OutboxFilter(patient="zofie"), OutboxOrder.PATIENT, descending=False, offset=0, limit=1)
        assert (page.total, page.rows[0].patient_name, page.rows[0].sentence) == (ROWS // 3, "Ärni Žofie", "Zugestellt.")
        first = listing.page(connection, OutboxFilter(), OutboxOrder.PATIENT, descending=False, offset=ROWS - 1, limit=1)
        assert (first.total, first.rows[0].patient_name) == (ROWS, "Zoë Steiner")
        assert "late" not in connection.execute(text("SELECT * FROM job_run WHERE id = 1")).mappings().one()
    _assert_first_attempts(landed)


def _assert_first_attempts(landed: Database) -> None:
    """Every run of the version before is a first attempt, of which nothing is owed; how often it was taken over stands beside."""
    with landed.read() as connection:
        columns = (job_run.c.attempt, job_run.c.takeovers, job_run.c.folded)
        rows = connection.execute(select(*columns, func.count()).group_by(*columns)).all()
        owed = connection.execute(select(func.count()).select_from(job_lock).where(job_lock.c.owed_at.is_not(None))).scalar()
        files = set(connection.execute(select(agent_presence.c.store_file)).scalars())
    assert sorted(tuple(row) for row in rows) == [(1, 0, 0, ROWS - ROWS // 3), (1, 2, 0, ROWS // 3)]
    assert (owed, files) == (0, set())
    assert len(PlanStore(landed).load().jobs) == len(JobKey)


@pytest.fixture(params=ENGINES)
def before_workstations(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Gives a store as the version before left it, with downloads in every state."""
    for url in make_database(request.param, tmp_path):
        database = open_database(url)
        upgrade(database, to="0007")
        with database.begin() as connection:
            before = Table("download", MetaData(), *(Column(name, _type(name)) for name in _download("2.69.001", "new", "PC1")))
            connection.execute(insert(before), [_download(*row) for row in DOWNLOADS])
        yield database
        database.dispose()


DOWNLOADS = (
    ("2.70.001", "new", "PC2"),
    ("2.69.002", "offered", "PC2"),
    ("2.69.001", "installed", "anna@PC1"),
    ("2.68.014", "superseded", "anna@PC1"),
)


def _type(name: str) -> TypeEngine[Any]:
    known = {"file_time": BigInteger(), "exit_code": BigInteger(), "verified_at": download.c.changed_at.type}
    return known[name] if name in known else download.c[name].type


def _download(version: str, state: str, by: str) -> dict[str, object]:
    return {
        "element": "update", "version": version, "title": "Update", "released": "2026-11-01", "notes": "", "kind": "msi", "restart": True,
        "needs": "", "publisher": "", "target": f"update/{version}/u.msi", "file_name": "u.msi", "size": 1, "state": state,
        "file_time": None if state == "new" else 77, "verified_at": None if state == "new" else AT, "exit_code": None,
        "changed_at": AT, "changed_by": by,
    }  # fmt: skip


def test_what_was_installed_belongs_to_the_workstation_where_it_was(before_workstations: Database) -> None:
    upgrade(before_workstations)
    seen = {name: DownloadRows(before_workstations, name).all() for name in ("PC1", "PC2", "PC3")}
    states = {name: [row.state.value for row in rows] for name, rows in seen.items()}
    assert states == {
        "PC1": ["new", "offered", "installed", "superseded"],
        "PC2": ["new", "offered", "superseded", "superseded"],
        "PC3": ["new", "offered", "superseded", "superseded"],
    }
    assert [[place.workstation for place in row.everywhere] for row in seen["PC3"]] == [[], ["PC2"], ["PC1"], ["PC1"]]
    installed = seen["PC1"][2].here
    assert installed is not None
    assert (installed.file_time, installed.verified_at, installed.changed_by) == (77, AT, "anna@PC1")


HANDLED = {
    0: ("delivered", ""), 1: ("error", "landline_only"), 2: ("cancelled", "reminded_otherwise"), 3: ("cancelled", "by_person"),
    4: ("submitted", "decided"), 5: ("unknown", "reminded_otherwise"),
}  # fmt: skip
"""What somebody said of each of six messages in turn; 1, 2 and 5 were ticked off the call list."""


@pytest.fixture(params=ENGINES)
def before_calls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Gives a store as the version before left it, with messages of which somebody said something."""
    for url in make_database(request.param, tmp_path):
        database = open_database(url)
        upgrade(database, to="0008")
        before = Table("message", MetaData(), *(Column(name, message.c[name].type) for name in _handled(0)))
        with database.begin() as connection:
            connection.execute(insert(before), [_handled(number) for number in range(ROWS)])
        yield database
        database.dispose()


def _handled(number: int) -> dict[str, object]:
    state, reason = HANDLED[number % len(HANDLED)]
    row = _message(number) | {"state": state, "reason": reason, "handled_by": "anna@PC1", "handled_at": AT, "appointment_at": AT}
    return row | {"patient_sort": "STEINER", "patient_find": "STEINER", "standing": ""}


def test_what_was_ticked_off_stays_so_and_nothing_else_becomes_a_tick(before_calls: Database) -> None:
    began = time.perf_counter()
    upgrade(before_calls)
    took = time.perf_counter() - began
    with before_calls.read() as connection:
        ticked = listing.ticked(connection, AT, AT)
        columns = (message.c.unreached, message.c.note, message.c.ticked_over)
        others = connection.execute(select(*columns, func.count()).group_by(*columns)).all()
    assert took < 30
    assert {one.id % len(HANDLED) for one in ticked} == {2, 3, 0}  # numbers begin with 1
    assert (len(ticked), {(one.ticked_at, one.ticked_by) for one in ticked}) == (ROWS // 2, {(AT, "anna@PC1")})
    assert [tuple(row) for row in others] == [(0, None, None, ROWS)]
