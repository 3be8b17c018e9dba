"""The practice as it really is: people, visits, and what was true of them at every instant."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

ZURICH = ZoneInfo("Europe/Zurich")
FIRST_VISIT, LAST_VISIT = time(8, 30), time(17, 30)
OPENS, CLOSES = time(8, 0), time(18, 0)
LUNCH = (time(12, 0), time(13, 0))
DOCTORS = ("Dr. Meier", "Dr. Huber", "Dr. Frei")


@dataclass(frozen=True, slots=True)
class Person:
    """A patient.

    Attributes:
        mobile, email: as typed, "" for none; nobody shares them.
        mandant: who is charged.
        remark: what somebody wrote beside the name instead of the date of death.
    """

    id: str
    first: str
    last: str
    mobile: str
    email: str
    mandant: str
    born: date
    dead: bool = False
    opted_out: bool = False
    remark: str = ""

    def __str__(self) -> str:
        return f"{self.first} {self.last} ({self.id}){' has died' if self.dead else ''}{' wants no messages' if self.opted_out else ''}"

    @property
    def channel(self) -> str:
        return "sms" if self.mobile else "email"

    @property
    def way(self) -> str:
        """Returns the channel and the Mandant whose account pays."""
        return f"{self.channel} {self.mandant}"

    @property
    def address(self) -> str:
        """Returns where a message to this person arrives: as the networks write it."""
        return "+41" + self.mobile.replace(" ", "")[1:] if self.mobile else self.email


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment.

    Attributes:
        start: the practice's wall clock, naive.
        deleted: the practice software does not have it any more.
    """

    id: str
    person: str
    start: datetime
    cancelled: bool = False
    provisional: bool = False
    deleted: bool = False
    doctor: str = DOCTORS[0]

    def __str__(self) -> str:
        what = [name for name in ("cancelled", "provisional", "deleted") if getattr(self, name)]
        return ", ".join([f"visit {self.id} of {self.person} at {self.start:%d.%m. %H:%M} with {self.doctor}", *what])

    @property
    def stands(self) -> bool:
        """Returns whether somebody is expected."""
        return not (self.cancelled or self.provisional or self.deleted)

    @property
    def at(self) -> datetime:
        """Returns the start as an instant."""
        return self.start.replace(tzinfo=ZURICH).astimezone(UTC)


class Agenda:
    """Everybody and everything, with its history; nothing is ever deleted."""

    def __init__(self) -> None:
        self._people: dict[str, list[tuple[datetime, Person]]] = defaultdict(list)
        self._visits: dict[str, list[tuple[datetime, Visit]]] = defaultdict(list)
        self._of: dict[str, dict[str, None]] = defaultdict(dict)

    def note(self, now: datetime, *changed: Person | Visit) -> None:
        """Notes how somebody or something is from now on."""
        for one in changed:
            if isinstance(one, Person):
                self._people[one.id].append((now, one))
            else:
                self._visits[one.id].append((now, one))
                self._of[one.person][one.id] = None

    def people(self) -> list[Person]:
        return [history[-1][1] for history in self._people.values()]

    def visits(self) -> list[Visit]:
        return [history[-1][1] for history in self._visits.values()]

    @property
    def visit_ids(self) -> AbstractSet[str]:
        """Returns the ids of all visits that ever were."""
        return self._visits.keys()

    def person(self, person_id: str, at: datetime | None = None) -> Person:
        """Returns somebody as of an instant, now by default."""
        history = self._people[person_id]
        return history[-1][1] if at is None else history[max(_place(history, at), 0)][1]

    def visit(self, visit_id: str, at: datetime | None = None) -> Visit | None:
        """Returns a visit as of an instant, now by default; None before it was booked."""
        history = self._visits.get(visit_id, [])
        if not history:
            return None
        if at is None:
            return history[-1][1]
        place = _place(history, at)
        return history[place][1] if place >= 0 else None

    def visit_history(self, visit_id: str) -> list[tuple[datetime, Visit]]:
        return list(self._visits[visit_id])

    def spans(self, visit_id: str) -> list[tuple[datetime, datetime, Visit]]:
        """Returns how a visit was, with the instants from which and until which; the last until it began, or for ever."""
        history = self._visits[visit_id]
        ends = [since for since, _one in history[1:]] + [datetime.max.replace(tzinfo=UTC)]
        return [(since, end, one) for (since, one), end in zip(history, ends, strict=True)]

    def ever_of(self, person_id: str) -> list[str]:
        """Returns the ids of the visits that ever were somebody's."""
        return list(self._of[person_id])

    def of_person(self, person_id: str, at: datetime) -> list[Visit]:
        """Returns somebody's visits as of an instant, cancelled and deleted ones too."""
        known = (self.visit(visit_id, at) for visit_id in self._of[person_id])
        return [found for found in known if found and found.person == person_id]


def _place(history: list[tuple[datetime, Person]] | list[tuple[datetime, Visit]], at: datetime) -> int:
    return bisect_right([since for since, _one in history], at) - 1


def is_working_day(day: date) -> bool:
    return day.weekday() < 5


def is_working_hour(instant: datetime) -> bool:
    """Returns whether somebody sits at the telephone."""
    local = instant.astimezone(ZURICH)
    at = local.time()
    return is_working_day(local.date()) and OPENS <= at < CLOSES and not LUNCH[0] <= at < LUNCH[1]


_FIRST = ("Anna", "Beat", "Carla", "David", "Eva", "Franz", "Gina", "Hans", "Iris", "Jonas", "Karin", "Luca", "Mia", "Nora", "Otto", "Pia")
_LAST = ("Muster", "Keller", "Meier", "Huber", "Frei", "Graf", "Moser", "Suter", "Weber", "Baumann", "Gerber", "Widmer")


def a_person(number: int, random: Random) -> Person:
    """Returns a new person: of a hundred 85 by SMS, 11 by e-mail, 4 not at all."""
    way = random.random()
    return Person(
        id=f"p{number}",
        first=random.choice(_FIRST),
        last=random.choice(_LAST),
        mobile=f"079 {200 + number // 10_000} {number // 100 % 100:02} {number % 100:02}" if way < 0.85 else "",
        email=f"p{number}@patient.example" if 0.85 <= way < 0.96 else "",
        mandant="M1" if random.random() < 0.8 else "M2",
        born=date(random.randint(1930, 2015), random.randint(1, 12), random.randint(1, 28)),
    )


def a_day(agenda: Agenda, day: date, number: int, random: Random) -> list[Visit]:
    """Returns what is booked for a working day: nobody comes twice on it."""
    people = random.sample([person.id for person in agenda.people() if not person.dead], number)
    minutes = int((datetime.combine(day, LAST_VISIT) - datetime.combine(day, FIRST_VISIT)).total_seconds()) // 60
    starts = (datetime.combine(day, FIRST_VISIT) + timedelta(minutes=place * minutes // number // 5 * 5) for place in range(number))
    return [Visit(f"v-{day:%m%d}-{place}", person, start) for place, (person, start) in enumerate(zip(people, starts, strict=True))]


def moved(visit: Visit, by: timedelta) -> Visit:
    """Returns a visit at another time of its day, within opening hours."""
    day = visit.start.date()
    start = min(max(visit.start + by, datetime.combine(day, FIRST_VISIT)), datetime.combine(day, LAST_VISIT))
    return replace(visit, start=start)
