"""The demo practice: an invented Swiss practice with every awkward case that real practices have.

Everything is deterministic for a day, a seed and a size. What was planted on purpose is told in a typed summary
(``DemoPractice.planted``) with what must become of it, so that tests and the demo's report can check themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from random import Random
from typing import Any

from sqlalchemy import insert, select

from tray_agent.demo import practice_names as names
from tray_agent.demo import practice_tables as tables
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.rules.eligibility import birthdays_greeted_on
from tray_agent.messages.rules.licence import with_check_digits
from tray_agent.messages.rules.reasons import Reason
from tray_agent.store.database import Database

DEFAULT_MANDANT = "M1"
"""Who is charged for patients without a treatment, in the demo's switches."""

EXPIRED_MANDANT = "M3"
"""Whose licence has expired."""

SEED = 20261122
PATIENTS = 2000
EACH = 4
"""How often each awkward case is planted."""

WEEKS = 3
"""How many weeks of appointments lie before and after the demo's day."""


AwkwardCase = StrEnum(
    "AwkwardCase",
    "DECEASED DEATH_IN_FUTURE NO_CONTACT LANDLINE_ONLY FOREIGN_MOBILE UNUSABLE_NUMBER TWO_NUMBERS MOBILE_AS_PHONE FAMILY_NUMBER EMAIL_ONLY "
    "PREFERS_EMAIL NO_TREATMENT SEVERAL_MANDANTS EXPIRED_LICENCE PROVISIONAL CANCELLED STATUS_UNKNOWN MOVED TWO_THAT_DAY "
    "REASON_NOT_REMINDED OPTED_OUT LEAP_DAY LANGUAGE_WITHOUT_TEMPLATE UNUSUAL_NAME ORDINARY",
)
"""What real practices' data hold; ``ORDINARY`` are ordinary birthdays, planted so that there are enough of them."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One awkward case and what must become of it on the demo's day with the demo's switches.

    Attributes:
        patient_id: who.
        appointment_id: of a reminder; None for a birthday.
        reason: why no message is sent, or None where one is.
        mandant_id: who is charged, where a message is sent.
        channel: on which way, where a message is sent.
    """

    case: AwkwardCase
    kind: MessageKind
    patient_id: str
    appointment_id: str | None = None
    reason: Reason | None = None
    mandant_id: str = DEFAULT_MANDANT
    channel: Channel = Channel.SMS


@dataclass(frozen=True, slots=True)
class DemoPractice:
    """What was made.

    Attributes:
        today: the day around which the appointments lie.
        mandants: id and name.
        patients, appointments: how many there are, the planted ones included.
        planted: the awkward cases; reminders lie on the day after ``today``, birthdays on ``today``.
    """

    today: date
    seed: int
    mandants: Mapping[str, str]
    patients: int
    appointments: int
    planted: tuple[Planted, ...]


def make_demo_practice(database: Database, today: date, *, seed: int = SEED, patients: int = PATIENTS) -> DemoPractice:
    """Makes the tables, the views and the data of the demo practice in an empty database.

    Args:
        database: where; any of the three engines.
        today: the practice's date.
        seed: other seeds make other people.
        patients: how many, the planted ones included.
    """
    tables.create_practice(database)
    plan = _PracticePlan(today, seed)
    made = plan.fill(patients)
    with database.begin() as connection:
        for table, rows in plan.rows.items():
            connection.execute(insert(table), rows)
        connection.execute(insert(tables.demo_stand).values(heute=today, samen=seed, patienten=patients))
    return made


def find_demo_practice(database: Database) -> DemoPractice | None:
    """Returns the demo practice that is in a database already (as it was made), or None."""
    if not tables.has_practice(database):
        return None
    with database.read() as connection:
        stand = connection.execute(select(tables.demo_stand)).one_or_none()
    return _PracticePlan(stand.heute, stand.samen).fill(stand.patienten) if stand else None


Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Case:
    """How an awkward case differs from the ordinary.

    Attributes:
        reason: why no message is sent.
        patient: columns of the patient that differ.
        appointment: columns of the appointment that differ; where there are none, a birthday is planted as well.
        mandants: the Mandants of the treatments, the last opened last.
    """

    case: AwkwardCase
    reason: Reason | None = None
    patient: Callable[[_PracticePlan, int], Row] = lambda _plan, _number: {}
    appointment: Row = field(default_factory=dict)
    mandants: tuple[str, ...] = ("M1",)
    channel: Channel = Channel.SMS


_CASES = (
    _Case(AwkwardCase.DECEASED, Reason.DECEASED, lambda plan, number: {"sterbedatum": plan.today - timedelta(days=3 + number)}),
    _Case(AwkwardCase.DEATH_IN_FUTURE, Reason.DECEASED, lambda plan, number: {"sterbedatum": plan.today + timedelta(days=300 + number)}),
    _Case(AwkwardCase.NO_CONTACT, Reason.NO_CONTACT, lambda _plan, number: {"natel": (None, "", "  ", None)[number % 4]}),
    _Case(AwkwardCase.LANDLINE_ONLY, Reason.LANDLINE_ONLY, lambda plan, _number: {"natel": None, "telefon": plan.landline()}),
    _Case(AwkwardCase.UNUSABLE_NUMBER, Reason.CONTACT_INVALID, lambda _plan, number: {"natel": names.UNUSABLE_NUMBERS[number % 4]}),
    _Case(AwkwardCase.FOREIGN_MOBILE, None, lambda _plan, number: {"natel": names.FOREIGN_MOBILES[number % 4]}),
    _Case(AwkwardCase.TWO_NUMBERS, None, lambda plan, _number: {"natel": f"{plan.mobile()} / {plan.landline()}"}),
    _Case(AwkwardCase.MOBILE_AS_PHONE, None, lambda plan, _number: {"natel": None, "telefon": plan.mobile()}),
    _Case(AwkwardCase.EMAIL_ONLY, None, lambda plan, number: {"natel": None, "email": plan.address(number)}, channel=Channel.EMAIL),
    _Case(
        AwkwardCase.PREFERS_EMAIL, None, lambda plan, number: {"email": plan.address(number), "versandweg": "email"}, channel=Channel.EMAIL
    ),
    _Case(AwkwardCase.OPTED_OUT, Reason.OPTED_OUT, lambda _plan, _number: {"keine_mitteilungen": 1}),
    _Case(AwkwardCase.NO_TREATMENT, mandants=()),
    _Case(AwkwardCase.SEVERAL_MANDANTS, mandants=("M1", EXPIRED_MANDANT, "M2")),
    _Case(AwkwardCase.EXPIRED_LICENCE, Reason.LICENCE_EXPIRED, mandants=("M1", EXPIRED_MANDANT)),
    _Case(AwkwardCase.LANGUAGE_WITHOUT_TEMPLATE, None, lambda _plan, number: {"sprache": ("pt", "sq", "rm", "ta")[number % 4]}),
    _Case(AwkwardCase.UNUSUAL_NAME, None, lambda _plan, number: names.unusual_name(number)),
    _Case(AwkwardCase.PROVISIONAL, Reason.PROVISIONAL, appointment={"status": "provisorisch"}),
    _Case(AwkwardCase.CANCELLED, Reason.APPOINTMENT_CANCELLED, appointment={"status": "abgesagt"}),
    _Case(AwkwardCase.STATUS_UNKNOWN, Reason.STATUS_UNKNOWN, appointment={"status": "reserviert (Tel.)"}),
    _Case(AwkwardCase.REASON_NOT_REMINDED, Reason.VISIT_REASON, appointment={"grund_nr": names.REASON_NOT_REMINDED}),
)


class _PracticePlan:
    """Makes the rows of all tables, one after the other, from one source of chance."""

    def __init__(self, today: date, seed: int) -> None:
        self.today: date = today
        self.rows: dict[Any, list[Row]] = {
            tables.mandant: _mandants(today),
            tables.besuchsgrund: names.visit_reasons(),
            tables.patient: [],
            tables.behandlung: [],
            tables.termin: [],
        }
        self._seed = seed
        self._random = Random(seed)
        self._planted: list[Planted] = []

    def fill(self, patients: int) -> DemoPractice:
        """Makes everything and returns the summary."""
        for case in _CASES:
            self._plant_case(case)
        self._plant_families()
        self._plant_moved()
        self._plant_two_that_day()
        self._plant_birthdays()
        self._add_ordinary(patients)
        return DemoPractice(
            today=self.today,
            seed=self._seed,
            mandants={row["mandant_nr"]: row["name"] for row in self.rows[tables.mandant]},
            patients=len(self.rows[tables.patient]),
            appointments=len(self.rows[tables.termin]),
            planted=tuple(self._planted),
        )

    def mobile(self) -> str:
        """Returns a Swiss mobile number as somebody might type it."""
        digits = f"{self._random.choice((76, 77, 78, 79))}{self._random.randrange(2_000_000, 9_999_999)}"
        return names.typed(digits, self._random)

    def landline(self) -> str:
        """Returns a Swiss landline number."""
        area = self._random.choice(("031", "032", "041", "043", "044", "052", "061", "071", "081", "091"))
        number = self._random.randrange(3_000_000, 8_999_999)
        return f"{area} {str(number)[:3]} {str(number)[3:5]} {str(number)[5:]}"

    def address(self, number: int) -> str:
        """Returns an e-mail address of nobody."""
        return f"{self._random.choice(('info', 'post', 'familie', 'ich'))}.{number}.{self._random.randrange(100, 999)}@example.com"

    def _plant_case(self, case: _Case) -> None:
        for number in range(EACH):
            self._plant(case, case.patient(self, number))
            if not case.appointment:
                born = {"geburtsdatum": self._born_today(number)}
                self._plant(case, case.patient(self, number) | born, MessageKind.BIRTHDAY)

    def _plant(self, case: _Case, patient: Row, kind: MessageKind = MessageKind.REMINDER) -> int:
        patient_id = self._patient(patient)
        self._treatments(patient_id, case.mandants)
        if kind is MessageKind.REMINDER:
            self._plant_appointment(case, patient_id, self._tomorrow())
        else:
            self._note(case, kind, patient_id, None)
        return patient_id

    def _plant_appointment(self, case: _Case, patient_id: int, starts_at: datetime) -> None:
        self._note(case, MessageKind.REMINDER, patient_id, str(self._appointment(patient_id, starts_at, case.appointment)))

    def _note(self, case: _Case, kind: MessageKind, patient_id: int, appointment_id: str | None) -> None:
        charged = case.mandants[-1] if case.mandants else DEFAULT_MANDANT
        self._planted.append(Planted(case.case, kind, str(patient_id), appointment_id, case.reason, charged, case.channel))

    def _plant_families(self) -> None:
        """Families of a parent and two children with one number: everybody gets a message of their own."""
        for _family in range(EACH):
            shared = {"natel": self.mobile(), "nachname": self._random.choice(names.LAST_NAMES)}
            for child in range(3):
                born = {"geburtsdatum": self._ordinary_birthday(2016 if child else 1986)}
                self._plant(_Case(AwkwardCase.FAMILY_NUMBER), shared | born)

    def _plant_moved(self) -> None:
        for _number in range(EACH):
            was = self._tomorrow() - timedelta(days=1, hours=2)
            self._plant(_Case(AwkwardCase.MOVED, appointment={"verschoben_von": was}), {})

    def _plant_two_that_day(self) -> None:
        case = _Case(AwkwardCase.TWO_THAT_DAY)
        for _number in range(EACH):
            self._plant_appointment(case, self._plant(case, {}), self._tomorrow(hour=16))

    def _plant_birthdays(self) -> None:
        for number in range(3 * EACH):
            self._plant(_Case(AwkwardCase.ORDINARY), {"geburtsdatum": self._born_today(number)}, MessageKind.BIRTHDAY)
        greeted = (2, 29) in birthdays_greeted_on(self.today)
        for year in (1948, 1960, 1972, 1996):
            case = _Case(AwkwardCase.LEAP_DAY, None if greeted else Reason.NO_BIRTHDAY)
            self._plant(case, {"geburtsdatum": date(year, 2, 29)}, MessageKind.BIRTHDAY)

    def _add_ordinary(self, patients: int) -> None:
        """Fills the practice up: the other patients, and appointments on the working days around today."""
        for _number in range(max(0, patients - len(self.rows[tables.patient]))):
            patient_id = self._patient(self._ordinary_contact())
            self._treatments(patient_id, self._random.choice((("M1",), ("M2",), ("M1",), ("M2", "M1"), ("M1", "M2"))))
        ordinary = [row["patient_nr"] for row in self.rows[tables.patient][-max(1, patients // 2) :]]
        for offset in range(-7 * WEEKS, 7 * WEEKS + 1):
            day = self.today + timedelta(days=offset)
            if day.weekday() < 5 or offset in (1, 2):
                self._add_day(day, ordinary)

    def _add_day(self, day: date, ordinary: Sequence[int]) -> None:
        for patient_id in self._random.sample(ordinary, min(55, len(ordinary))):
            minutes = 5 * self._random.randrange(12 * 8, 12 * 17)
            starts_at = datetime.combine(day, time()) + timedelta(minutes=minutes)
            self._appointment(patient_id, starts_at, {"status": self._status(day)})

    def _status(self, day: date) -> str:
        past = ("erledigt",) * 17 + ("nicht erschienen", "abgesagt", "abgesagt")
        future = ("definitiv",) * 17 + ("provisorisch", "provisorisch", "abgesagt")
        return self._random.choice(past if day < self.today else future)

    def _patient(self, differing: Row) -> int:
        number = 10_000 + len(self.rows[tables.patient])
        salutation, first_name = names.first_name(self._random)
        row = {
            "patient_nr": number,
            "anrede": salutation,
            "vorname": first_name,
            "nachname": self._random.choice(names.LAST_NAMES),
            "geburtsdatum": self._ordinary_birthday(self._random.randrange(1936, 2022)),
            "sterbedatum": None,
            "sprache": self._random.choice(names.LANGUAGES),
            "natel": self.mobile(),
            "telefon": None,
            "email": None,
            "versandweg": None,
            "keine_mitteilungen": 0,
        }
        self.rows[tables.patient].append(row | differing)
        return number

    def _ordinary_contact(self) -> Row:
        """Returns contacts as they are spread in a practice: most have a mobile number, some more than that."""
        contact: Row = {}
        if self._random.random() < 0.3:
            contact["telefon"] = self.landline()
        if self._random.random() < 0.35:
            contact["email"] = self.address(self._random.randrange(1000))
        if self._random.random() < 0.04:
            contact |= {"natel": None, "telefon": self.landline(), "email": None}
        return contact

    def _treatments(self, patient_id: int, mandants: Sequence[str]) -> None:
        opened = self.today - timedelta(days=self._random.randrange(400, 3000))
        for mandant_id in mandants:
            number = 50_000 + len(self.rows[tables.behandlung])
            row = {"behandlung_nr": number, "patient_nr": patient_id, "mandant_nr": mandant_id, "eroeffnet_am": opened}
            self.rows[tables.behandlung].append(row)
            opened += timedelta(days=self._random.randrange(0, 90))

    def _appointment(self, patient_id: int, starts_at: datetime, differing: Row) -> int:
        number = 100_000 + len(self.rows[tables.termin])
        row = {
            "termin_nr": number,
            "patient_nr": patient_id,
            "beginn": starts_at,
            "ende": starts_at + timedelta(minutes=self._random.choice((15, 20, 30, 45))),
            "status": "definitiv",
            "arzt": self._random.choice(names.DOCTORS),
            "grund_nr": self._random.choice((None, *names.REASONS_REMINDED)),
            "verschoben_von": None,
        }
        self.rows[tables.termin].append(row | differing)
        return number

    def _tomorrow(self, hour: int | None = None) -> datetime:
        """Returns a time on the day after today, within the practice's hours."""
        start = time(hour if hour is not None else self._random.randrange(8, 16), self._random.choice((0, 15, 30, 45)))
        return datetime.combine(self.today + timedelta(days=1), start)

    def _born_today(self, number: int) -> date:
        year = (1938, 1947, 1955, 1961, 1969, 1975, 1982, 1990, 1997, 2004, 2012, 2019)[number % 12]
        leap_day = (self.today.month, self.today.day) == (2, 29)
        return date(year - year % 4, 2, 29) if leap_day else self.today.replace(year=year)

    def _ordinary_birthday(self, year: int) -> date:
        """Returns a birthday that is neither today nor at the end of February: those are planted."""
        while True:
            born = date(year, 1, 1) + timedelta(days=self._random.randrange(365))
            if (born.month, born.day) not in {(self.today.month, self.today.day), (2, 28), (2, 29)}:
                return born


def _mandants(today: date) -> list[Row]:
    def row(number: str, name: str, licence: str, until: date | None) -> Row:
        return {
            "mandant_nr": number,
            "name": name,
            "telefon": "044 310 20 30",
            "email": f"{number.lower()}@example.com",
            "lizenznummer": with_check_digits(licence),
            "lizenz_von": date(2015, 1, 1),
            "lizenz_bis": until,
        }

    return [
        row(DEFAULT_MANDANT, "Dr. med. Anna Meier", "VS1001CH", None),
        row("M2", "Dr. med. Luca Bernasconi", "VS1002CH", today + timedelta(days=400)),
        row(EXPIRED_MANDANT, "Dr. med. Peter Frei", "VS1003CH", today - timedelta(days=40)),
    ]
