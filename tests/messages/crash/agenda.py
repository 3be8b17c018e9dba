"""The agenda of the crash matrix: a practice's own file, in which appointments are moved and vanish while agents send and die."""

from __future__ import annotations

import time as machine_time
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import delete, insert, select, update

from tests.messages.world import MEIER, ZURICH
from tray_agent.demo import practice_tables as tables
from tray_agent.store.database import open_database

PAUSES = (0.03, 0.12)
"""Seconds between two changes, and so long what vanished is away."""


class Agenda:
    """One appointment tomorrow for each of so many patients.

    Args:
        file: where it is kept.
        size: how many patients.
        seed: decides what changes.
    """

    def __init__(self, file: Path, size: int, seed: int) -> None:
        self.file = file
        self._database = open_database(f"sqlite:///{file.as_posix()}")
        self._random = Random(seed)
        self._moves = 0
        self._away: list[Mapping[str, Any]] = []
        self._next = machine_time.monotonic()
        tables.create_practice(self._database)
        nine = datetime.combine(datetime.now(ZURICH).date() + timedelta(days=1), time(9))
        with self._database.begin() as connection:
            connection.execute(insert(tables.mandant), [{"mandant_nr": MEIER.id, "name": MEIER.name, "lizenznummer": MEIER.licence_number}])
            connection.execute(insert(tables.patient), [_patient(number) for number in range(size)])
            connection.execute(insert(tables.behandlung), [_treatment(number) for number in range(size)])
            connection.execute(insert(tables.termin), [_appointment(number, nine) for number in range(size)])

    def live(self, moves: int) -> bool:
        """Lets something change, if it is time; returns whether an appointment was moved.

        Args:
            moves: at the most so many are moved in all; none: nothing changes.
        """
        if moves <= 0 or machine_time.monotonic() < self._next:
            return False
        self._next = machine_time.monotonic() + self._random.uniform(*PAUSES)
        if self._away:
            self.come_back()
        elif self._random.random() < 0.3:
            self._vanish()
        elif self._moves < moves:
            self._move()
            return True
        return False

    def has_moved(self, moves: int) -> bool:
        """Returns whether so many appointments were moved."""
        return self._moves >= moves

    def come_back(self) -> None:
        """Ends what vanished."""
        if self._away:
            with self._database.begin() as connection:
                connection.execute(insert(tables.termin), self._away)
            self._away = []

    def starts(self) -> Mapping[str, datetime]:
        """Returns by the recipient's number when each appointment is, by the practice's wall clock."""
        with self._database.read() as connection:
            rows = connection.execute(select(tables.termin.c.patient_nr, tables.termin.c.beginn)).all()
        return {f"+41{_natel(number)[1:].replace(' ', '')}": starts_at for number, starts_at in rows}

    def close(self) -> None:
        self._database.dispose()

    def _move(self) -> None:
        """Moves an appointment to a time that it never had: what was moved there and back twice is for a person."""
        starts = select(tables.termin.c.termin_nr, tables.termin.c.beginn)
        with self._database.begin() as connection:
            number, starts_at = self._random.choice(connection.execute(starts).all())
            self._moves += 1
            later = starts_at + timedelta(minutes=self._moves)
            connection.execute(update(tables.termin).where(tables.termin.c.termin_nr == number).values(beginn=later))

    def _vanish(self) -> None:
        """Lets a part of the view vanish for a moment, or all of it."""
        with self._database.begin() as connection:
            rows: list[Mapping[str, Any]] = [dict(row) for row in connection.execute(select(tables.termin)).mappings()]
            self._away = rows if self._random.random() < 0.5 else self._random.sample(rows, len(rows) // 2)
            numbers = [row["termin_nr"] for row in self._away]
            connection.execute(delete(tables.termin).where(tables.termin.c.termin_nr.in_(numbers)))


def _natel(number: int) -> str:
    return f"079 {200 + number // 10000} {number // 100 % 100:02} {number % 100:02}"


def _patient(number: int) -> Mapping[str, Any]:
    return {
        "patient_nr": number, "anrede": "Frau", "vorname": "Anna", "nachname": "Muster", "sprache": "de", "natel": _natel(number),
        "keine_mitteilungen": 0,
    }  # fmt: skip


def _treatment(number: int) -> Mapping[str, Any]:
    return {"behandlung_nr": number, "patient_nr": number, "mandant_nr": MEIER.id, "eroeffnet_am": date(2026, 1, 5)}


def _appointment(number: int, nine: datetime) -> Mapping[str, Any]:
    begins = nine + timedelta(minutes=number % 400)
    return {"termin_nr": number, "patient_nr": number, "beginn": begins, "status": "definitiv", "arzt": "Dr. Meier"}
