"""A practice on the day before twenty appointments, with its workstations, its gateway and its data, all of them real."""

from __future__ import annotations

import subprocess
import sys
import threading
import time as machine_time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from tests.hours.worker import ACCOUNT, PASSWORD, Orders, Workstation, folder_of
from tests.jobs.fleet.clock import FastClock
from tests.support.gateway import FaultyGateway
from tray_agent.config import settings as switches
from tray_agent.config.settings import Setting, Value
from tray_agent.demo import practice_tables as tables
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import JobChange
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox.model import OutboxFilter, OutboxMessage
from tray_agent.messages.rules.licence import with_check_digits
from tray_agent.practice.views import VIEWS, Dialect, view_statement
from tray_agent.protocol.model import Run, RunFilter
from tray_agent.store.database import open_database

ZURICH = ZoneInfo("Europe/Zurich")
TODAY = date(2026, 11, 24)
START = datetime(2026, 11, 24, 9, 59, 55, tzinfo=ZURICH)
"""What the practice's clock shows at the beginning: Tuesday, five seconds before the first job."""

PATIENTS = 20
PATIENCE = 90.0
"""Seconds of the machine after which what was waited for does not come any more."""


class PracticeDay:
    """A practice whose plan is: preparing at 10:00:00, sending some seconds later.

    Args:
        store: an empty database with the agent's tables.
        folder: for everything else.
        sends_after: seconds between preparing and sending.
    """

    def __init__(self, store: str, folder: Path, sends_after: int = 3) -> None:
        self._store, self._folder, self._sends_after = store, folder, sends_after
        self.practice_file = folder / "practice.db"
        self._fill_practice()
        self._begun = datetime.now(UTC)  # only now: the plan must be saved before its first time
        self.clock = FastClock(self._begun, START.astimezone(UTC), 1.0)
        self.gateway = FaultyGateway({ACCOUNT: PASSWORD}, balance=Decimal(1000), clock=self.clock).start()
        self._workers: dict[str, subprocess.Popen[str]] = {}
        self.office = Workstation(self._orders("Büro"))
        self._plan()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for name in list(self._workers):
            self.end(name, hard=True)
        self.office.close()
        self.gateway.close()

    def _orders(self, name: str) -> Orders:
        practice = f"sqlite:///{self.practice_file.as_posix()}"
        begun, start = self._begun.isoformat(), self.clock.start.isoformat()
        return Orders(name, self._store, practice, self.gateway.address, begun, start, folder_of(self._folder, name))

    def _fill_practice(self) -> None:
        database = open_database(f"sqlite:///{self.practice_file.as_posix()}")
        tables.create_practice(database)
        with database.begin() as connection:
            licence = with_check_digits("VS1001CH")
            row = {
                "mandant_nr": "M1",
                "name": "Dr. Meier",
                "telefon": "044 310 20 30",
                "lizenznummer": licence,
                "lizenz_von": date(2015, 1, 1),
            }
            connection.execute(insert(tables.mandant).values(row))
            for number in range(PATIENTS):
                begins = datetime.combine(TODAY + timedelta(days=1), time(8, 30) if number % 2 else time(14)) + timedelta(minutes=number)
                connection.execute(insert(tables.patient).values(
                    patient_nr=number, anrede="Frau", vorname="Anna", nachname=f"Muster{number}", geburtsdatum=date(1970, 1, 1),
                    sprache="deutsch", natel=f"079 555 {number:02} 00", keine_mitteilungen=0,
                ))  # fmt: skip
                connection.execute(insert(tables.behandlung).values(
                    behandlung_nr=number, patient_nr=number, mandant_nr="M1", eroeffnet_am=date(2020, 1, 1)
                ))  # fmt: skip
                connection.execute(insert(tables.termin).values(
                    termin_nr=number, patient_nr=number, beginn=begins, ende=begins + timedelta(minutes=15), status="definitiv"
                ))  # fmt: skip
        database.dispose()

    def _plan(self) -> None:
        values: dict[Setting, Value] = {switches.REMINDERS_ON: True, switches.DEFAULT_MANDANT: "M1"}
        self.office.settings.save(values, "Praxis")
        first = datetime.combine(TODAY, time(10))
        self.plan({JobKey.PREPARE_REMINDERS: first.time(), JobKey.SEND_MESSAGES: (first + timedelta(seconds=self._sends_after)).time()})

    def switch(self, *, on: bool) -> None:
        """Turns reminders on or off."""
        self.office.save_switches({switches.REMINDERS_ON: on})

    def plan(self, times: dict[JobKey, time]) -> None:
        """Enables jobs at these times of the day."""
        rows = {row.key: row for row in self.office.jobs.overview()}
        changes = [
            JobChange(key, replace(rows[key].schedule, start_date=TODAY, start_time=at, enabled=True), rows[key].version)
            for key, at in times.items()
        ]
        self.office.jobs.save(changes, "Praxis")

    def hide_data(self, *, away: bool) -> None:
        """Takes a view of the practice away, or puts it back."""
        database = open_database(f"sqlite:///{self.practice_file.as_posix()}")
        view = VIEWS[0]
        with database.begin() as connection:
            connection.exec_driver_sql(f"DROP VIEW {view.name}" if away else view_statement(view, Dialect.SQLITE))
        database.dispose()

    # Workstations

    def start(self, name: str) -> None:
        command = [sys.executable, "-m", "tests.hours.worker", self._orders(name).line()]
        worker = self._workers[name] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"

    def end(self, name: str, *, hard: bool = False) -> None:
        worker = self._workers.pop(name)
        assert worker.stdin is not None
        assert worker.stdout is not None
        if hard:
            worker.kill()
        worker.stdin.close()
        worker.wait(60)
        worker.stdout.close()

    # What is seen

    def messages(self, *states: MessageState) -> list[OutboxMessage]:
        return list(self.office.messages.page(OutboxFilter(states=frozenset(states)), limit=500).rows)

    def runs(self, job: JobKey) -> list[Run]:
        """Returns the runs of a job, the oldest first."""
        found = list(self.office.jobs.history.page(RunFilter(job=job, folded=True), size=500).rows)
        return sorted(found, key=lambda run: run.run_id)

    def told(self) -> Counter[str]:
        """Returns how often each number was sent something."""
        return Counter(sms.recipient for sms in self.gateway.accepted())

    def everybody_was_told_once(self) -> bool:
        told = self.told()
        assert set(told.values()) <= {1}, told
        return len(told) == PATIENTS

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Waits until something is so.

        Raises:
            AssertionError: it does not come.
        """
        end = machine_time.monotonic() + PATIENCE
        while not condition():
            if machine_time.monotonic() > end:
                runs = [f"{run.job} {run.attempt} {run.state} {run.reason} {run.sentence}" for key in JobKey for run in self.runs(key)][-8:]
                raise AssertionError(f"{what} does not come: {len(self.told())} told; {runs}")
            threading.Event().wait(0.1)
