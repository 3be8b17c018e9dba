"""What happens in the agenda of a practice day by day, beside the appointments that are kept: drawn, and told by nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Protocol

from tests.simulation.agenda import DOCTORS, FIRST_VISIT, ZURICH, Agenda, Person, Visit, a_day, a_person, is_working_day
from tests.simulation.troubles import Kind, Trouble, at

DAYS_AHEAD = 28
"""So far ahead the working days are booked."""

REMARKS = ("†", "(verstorben)", "décédé")

Happening = tuple[datetime, Callable[[], None]]


class Writes(Protocol):
    """Writes into the practice software; it is true from now on."""

    def __call__(self, *changed: Person | Visit) -> None: ...


class Life:
    """The life of an agenda.

    Args:
        agenda: as it really is.
        random: decides what happens.
        now: returns the instant.
        write: writes into the practice software.
        later: has something done at an instant.
        twice_a_day: whether people come twice a day at times.
    """

    def __init__(
        self, agenda: Agenda, random: Random, now: Callable[[], datetime], write: Writes,
        later: Callable[[datetime, Callable[[], None]], None], *, twice_a_day: bool,
    ) -> None:  # fmt: skip
        self._agenda, self._random, self._now, self._write, self._later = agenda, random, now, write, later
        self._twice_a_day = twice_a_day
        self._number = 0
        self._people = len(agenda.people())
        self._booked_until: date | None = None

    def book_until(self, last: date, first: date, number: int) -> None:
        """Books the working days that are not booked yet."""
        day = self._booked_until + timedelta(days=1) if self._booked_until else first
        while day <= last:
            if is_working_day(day):
                self._write(*a_day(self._agenda, day, number, self._random))
            day += timedelta(days=1)
        self._booked_until = last

    def of_day(self, day: date) -> Iterator[Happening]:
        """Gives what happens on a working day."""
        for often, what in (*self._OFTEN, *(self._OFTEN_TWICE if self._twice_a_day else ())):
            times = int(often) + (self._random.random() < often % 1)
            for _number in range(times):
                yield self._some_time(day), lambda what=what: what(self)  # type: ignore[misc]

    # What happens

    def _cancel(self) -> None:
        if visit := self._some_visit(2):
            self._change(visit, cancelled=True)
            if self._chance(0.15):
                self._soon(lambda: self._again(visit, cancelled=False))

    def _move(self, by: int = 6, then: float = 0.4) -> None:
        """Moves an appointment within its day, or to another; of ten four are moved again, half of them back."""
        visit = self._some_visit(by)
        if visit is None or not self._move_to(visit, self._some_start(visit)):
            return
        if self._chance(then):
            former = visit.start
            if self._chance(0.5):
                self._soon(lambda: self._move_again(visit.id, former))
            else:
                self._soon(lambda: self._move_again(visit.id, None))

    def _move_far(self) -> None:
        """Moves an appointment of the next days beyond every window, and some of them back."""
        visit = self._some_visit(2)
        if visit is None:
            return
        far = self._working_day(self._day(), self._random.randint(2, 8))
        if self._move_to(visit, datetime.combine(far, visit.start.time())) and self._chance(0.4):
            self._soon(lambda: self._move_again(visit.id, visit.start))

    def _move_again(self, visit_id: str, former: datetime | None) -> None:
        visit = self._agenda.visit(visit_id)
        if visit is not None and visit.stands and visit.at > self._now():
            self._move_to(visit, former or self._some_start(visit))

    def _give_to_another(self) -> None:
        if (visit := self._some_visit(3)) and (person := self._somebody(visit.start.date())):
            self._change(visit, person=person)

    def _other_doctor(self) -> None:
        if visit := self._some_visit(3):
            self._change(visit, doctor=self._random.choice([one for one in DOCTORS if one != visit.doctor]))

    def _delete(self) -> None:
        if visit := self._some_visit(2):
            self._change(visit, deleted=True)

    def _delete_two(self) -> None:
        for _number in range(2):
            self._delete()

    def _delete_twenty(self) -> None:
        """Somebody copies the agenda wrongly: a morning is gone for good."""
        day = self._working_day(self._day(), self._random.randint(0, 2))
        ahead = [visit for visit in self._ahead() if visit.start.date() == day and visit.stands]
        self._write(*(replace(visit, deleted=True) for visit in ahead[:20]))

    def _die(self) -> None:
        if visit := self._some_visit(3):
            remark = self._random.choice(REMARKS) if self._chance(0.5) else ""
            self._write(replace(self._agenda.person(visit.person), dead=True, remark=remark))
            self._new_person()

    def _opt_out(self) -> None:
        if visit := self._some_visit(3):
            self._write(replace(self._agenda.person(visit.person), opted_out=True))
            self._new_person()

    def _book(self) -> None:
        """Books somebody: today, tomorrow, which may be prepared already, or later."""
        day = self._working_day(self._day(), self._random.choice((0, 1, 1, 1, 2, 3, 5, 8)))
        self._book_on(day, provisional=False)

    def _book_provisionally(self) -> None:
        visit = self._book_on(self._working_day(self._day(), self._random.randint(1, 5)), provisional=True)
        if visit is not None and self._chance(0.7):
            self._soon(lambda: self._again(visit, provisional=False))

    def _book_second(self) -> None:
        """Books somebody who comes that day anyway."""
        visit = self._some_visit(4)
        if visit is not None:
            hours = timedelta(hours=self._random.choice((-3, -2, 2, 3, 4)))
            self._book_at(visit.start + hours, visit.person, provisional=False)

    def _first_goes(self) -> None:
        """Cancels the first appointment of somebody who comes twice on a day, or moves it to another day."""
        of_day: dict[tuple[str, date], list[Visit]] = defaultdict(list)
        for visit in self._ahead():
            if visit.stands and visit.start.date() <= self._working_day(self._day(), 2):
                of_day[visit.person, visit.start.date()].append(visit)
        twice = [visits for visits in of_day.values() if len(visits) > 1]
        if not twice:
            return
        first = min(self._random.choice(twice), key=lambda visit: visit.start)
        if self._chance(0.5):
            self._change(first, cancelled=True)
        else:
            self._move_to(first, self._some_start_on(self._working_day(self._day(), self._random.randint(3, 6))))

    # Small things

    def _again(self, visit: Visit, **values: bool) -> None:
        """Makes an appointment definitive, or takes back that it was cancelled, if nothing else became of it."""
        known = self._agenda.visit(visit.id)
        if known is not None and known.at > self._now() and not known.deleted and self._is_free(known.person, known.start, known.id):
            self._change(known, **values)

    def _book_on(self, day: date, *, provisional: bool) -> Visit | None:
        person = self._somebody(day)
        return self._book_at(self._some_start_on(day), person, provisional=provisional) if person else None

    def _book_at(self, start: datetime, person: str, *, provisional: bool) -> Visit | None:
        self._number += 1
        visit = Visit(f"b-{self._number}", person, start, provisional=provisional, doctor=self._random.choice(DOCTORS))
        if visit.at <= self._now() or not self._is_free(person, start, visit.id):
            return None
        self._write(visit)
        return visit

    def _move_to(self, visit: Visit, start: datetime) -> bool:
        moved = replace(visit, start=start)
        if moved.at <= self._now() or start == visit.start or not self._is_free(visit.person, start, visit.id):
            return False
        self._write(moved)
        return True

    def _change(self, visit: Visit, **values: object) -> None:
        self._write(replace(visit, **values))  # type: ignore[arg-type]

    def _is_free(self, person: str, start: datetime, but: str) -> bool:
        """Returns whether somebody may come then: never had another appointment at that time, so that a text names one of them."""
        for visit_id in self._agenda.ever_of(person):
            starts = [one.start for _since, one in self._agenda.visit_history(visit_id) if one.person == person]
            if visit_id == but:
                continue
            if start in starts or (not self._twice_a_day and starts and starts[-1].date() == start.date()):
                return False
        return True

    def _some_start(self, visit: Visit) -> datetime:
        if self._chance(0.5):
            by = timedelta(minutes=5 * self._random.randint(6, 60) * self._random.choice((-1, 1)))
            start = visit.start + by
            earliest, latest = time(8, 30), time(17, 30)
            return start if earliest <= start.time() <= latest else self._some_start_on(visit.start.date())
        return self._some_start_on(self._working_day(self._day(), self._random.choice((0, 1, 1, 2, 3, 4, 6))))

    def _some_start_on(self, day: date) -> datetime:
        return datetime.combine(day, FIRST_VISIT) + timedelta(minutes=5 * self._random.randint(0, 108))

    def _somebody(self, day: date) -> str | None:
        """Returns somebody who does not come on a day yet."""
        people = [person for person in self._agenda.people() if not person.dead]
        for _try in range(20):
            person = self._random.choice(people)
            known = (self._agenda.visit(visit_id) for visit_id in self._agenda.ever_of(person.id))
            if not any(visit is not None and visit.start.date() == day for visit in known):
                return person.id
        return None

    def _some_visit(self, days: int) -> Visit | None:
        """Returns an appointment of one of the next working days: of the nearest ones most often."""
        day = self._working_day(self._day(), min(int(self._random.expovariate(1.0)), days))
        found = [visit for visit in self._ahead() if visit.start.date() == day and visit.stands]
        return self._random.choice(found) if found else None

    def _ahead(self) -> list[Visit]:
        return [visit for visit in self._agenda.visits() if visit.at > self._now()]

    def _new_person(self) -> None:
        self._write(a_person(self._people, self._random))
        self._people += 1

    def _day(self) -> date:
        return at_practice(self._now())

    def _working_day(self, day: date, after: int) -> date:
        """Returns the working day that comes so many working days after one."""
        while after > 0 or not is_working_day(day):
            day += timedelta(days=1)
            after -= is_working_day(day)
        return day

    def _soon(self, do: Callable[[], None]) -> None:
        """Has something done in some minutes, hours, or on another day, in working hours."""
        now = self._now()
        if self._chance(0.5):
            self._later(now + timedelta(minutes=self._random.uniform(3, 240)), do)
        else:
            self._later(self._some_time(self._working_day(at_practice(now), self._random.randint(1, 3))), do)

    def _some_time(self, day: date) -> datetime:
        """Returns a time of a day's working hours, of ten three of those around which is prepared and sent."""
        begin, end = (time(9, 45), time(10, 25)) if self._chance(0.3) else (time(8), time(17, 45))
        return at(day, begin) + (at(day, end) - at(day, begin)) * self._random.random()

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    _OFTEN: tuple[tuple[float, Callable[[Life], None]], ...] = (
        (3.0, _cancel),
        (5.0, _move),
        (2.0, _move_far),
        (1.0, _give_to_another),
        (1.0, _other_doctor),
        (0.5, _delete),
        (0.15, _delete_two),
        (0.04, _delete_twenty),
        (0.4, _die),
        (0.4, _opt_out),
        (6.0, _book),
        (1.5, _book_provisionally),
    )
    """How often on a working day, and what."""

    _OFTEN_TWICE: tuple[tuple[float, Callable[[Life], None]], ...] = ((4.0, _book_second), (2.0, _first_goes))
    """The same beside it where people come twice a day."""


def at_practice(now: datetime) -> date:
    """Returns the practice's date at an instant."""
    return now.astimezone(ZURICH).date()


def of_data_and_computers(day: date, random: Random) -> Iterator[Trouble]:
    """Gives what happens to the views and the computers from a day on, though nothing else goes wrong."""
    if is_working_day(day) and random.random() < 0.12:
        begins = at(day, time(9, 57)) + timedelta(minutes=random.uniform(0, 18))
        if random.random() < 0.3:
            begins = at(day, time(8)) + timedelta(minutes=random.uniform(0, 540))
        kind = random.choice((Kind.VIEWS_EMPTY, Kind.VIEW_LACKS))
        yield Trouble(kind, begins, begins + timedelta(minutes=random.choice((1, 5, 60))), "", random.random())
    if day.weekday() == 4 and random.random() < 0.5:
        yield Trouble(Kind.ALL_OFF, at(day, time(18, 30)), at(day + timedelta(days=3), time(7)) + timedelta(minutes=random.uniform(0, 90)))
    elif day.weekday() < 4 and random.random() < 0.08:
        back = day + timedelta(days=1)
        yield Trouble(Kind.ALL_OFF, at(day, time(7)), at(back, time(7)) + timedelta(minutes=random.uniform(0, 90)))
