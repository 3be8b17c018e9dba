"""One practice from its first morning to its last evening, by one seed."""

from __future__ import annotations

import random as machine_random
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from random import Random

from tests.simulation.agenda import (
    CLOSES,
    OPENS,
    ZURICH,
    Agenda,
    Person,
    Visit,
    a_day,
    a_person,
    is_working_day,
    is_working_hour,
    moved,
)
from tests.simulation.life import DAYS_AHEAD, Life, of_data_and_computers
from tests.simulation.product import (
    ACCOUNTS,
    NEWER,
    OLDER,
    QUIET,
    SENDING,
    SENT_AT,
    STEPS,
    Asked,
    Programme,
    Ran,
    SurgeryData,
    Surroundings,
    Wires,
    World,
    bring_up,
    forget_file,
    new_store,
    notices_since,
    product_in_strands,
    unable_told,
)
from tests.simulation.record import Glance, Outage, PutBack, Record
from tests.simulation.strands import Timetable
from tests.simulation.troubles import Kind, Trouble, at, bad_hours
from tests.support.store_copies import Copy, copy_of, put_back
from tray_agent.errors import KnownError
from tray_agent.job_kinds import JobKey
from tray_agent.messages.guards.questions import Answer, Question, QuestionKind
from tray_agent.practice.views import APPOINTMENTS, VIEWS

FIRST_DAYS = (date(2026, 10, 19), date(2026, 11, 23), date(2027, 1, 11), date(2027, 3, 22))
"""Mondays; on the Sunday after the first and the last the clocks change."""

REMINDERS, BIRTHDAYS = "SMSService.TerminerinnerungSenden", "SMSService.GeburtstagsglückwünscheSenden"
ONE_PER_DAY = "SMSService.EineErinnerungProTag"
COMPUTERS = ("EMPFANG", "SPRECH1", "SPRECH2")
"""The first is always on, the others in opening hours."""

PEOPLE, VISITS_A_DAY = 400, 40
GLANCE = timedelta(minutes=30)
COPIES, BETWEEN_RESTORES = 3, 30
"""A copy of the store is made every night, and kept for so many nights; so many days lie between two times at which one is put back."""
NEEDS_PEOPLE = frozenset(
    {
        Kind.SWITCH_OFF, Kind.PAUSE, Kind.PAUSE_TODAY, Kind.SCHEDULE_SAVED, Kind.LOG_OFF, Kind.PASSWORD_REFUSED, Kind.CREDITS_GONE,
        Kind.MAIL_REFUSED,
    }
)  # fmt: skip
"""What does not happen on a weekend, or would not end on it."""


Script = Callable[[int, date], Iterable[Trouble]]
"""The troubles of a day that somebody wrote, rather than the seed."""


def nothing_else(_number: int, _day: date) -> Iterable[Trouble]:
    """Gives no trouble beside those that the seed draws."""
    return ()


class Simulation:
    """A practice and its world.

    Args:
        seed: decides everything.
        folder: for the store; better in memory.
        bad: whether there are bad hours at all.
        without: numbers of troubles that are left out, to find out which of them matter.
        also: gives further troubles of a day, by its number from 0 on and its date.
        lively: whether the agenda lives as that of a real practice: booked for weeks, and changed all day; the views lose rows at times,
            the computers are off for days, and the store is put back once in a month.
    """

    def __init__(
        self, seed: int, folder: Path, *, bad: bool = True, without: Collection[int] = (), also: Script = nothing_else, lively: bool = False
    ) -> None:
        self.random = Random(seed)
        self.first = self.random.choice(FIRST_DAYS)
        start = at(self.first, time(6, 30))
        self.record = Record(seed, start, start)
        self._bad, self._without, self._troubles, self._also = bad, without, 0, also
        self._timetable = Timetable(start, seed)
        self._wires = Wires(requests=self.record.requests, inquiries=self.record.inquiries)
        self._world = World(self._timetable, seed, timedelta(hours=self.random.uniform(1, 6)))
        self._surgery = SurgeryData(self._wires)
        engine = new_store(folder / "store.db")
        self._around = Surroundings(
            self._timetable, engine, self._world, self._surgery, self._wires, seed, folder,
            self._tell, self._changed, self._ran, self._began, self._stopped,
        )  # fmt: skip
        self._names = COMPUTERS[: self.random.choice((1, 2, 2, 3))]
        self._counts_sleep = {name: self.random.random() < 0.7 for name in self._names}
        self._wanted: set[str] = set()
        self._programmes: dict[str, Programme] = {}
        self._starts = Counter[str]()
        self._standing = Counter[str]()
        self._nobody_on = False
        self._able: set[str] = set()
        self._nudging: set[str] = set()
        self._visit_number = 0
        self._day = self.first
        self._lively = Random(f"{seed} lively") if lively else None
        self._life: Life | None = None
        self._all_off = 0
        self._copies: deque[tuple[datetime, Copy]] = deque(maxlen=COPIES)
        self._noticed = 0
        self._waits_for_answer = self._is_asked = False
        self._has_other_version: dict[str, datetime] = {}
        self._has_said_so: set[str] = set()
        self._since: dict[str, datetime] = {}
        """Since when each computer that is on can or can't send, as it does now."""

    @property
    def agenda(self) -> Agenda:
        return self.record.agenda

    @property
    def now(self) -> datetime:
        return self._timetable.now

    def run(self, days: int, stop: Callable[[Record], bool] = lambda _record: False) -> Record:
        """Lives through calendar days; ``stop`` looks at the record after each and may end it."""
        state = machine_random.getstate()
        machine_random.seed(self.record.seed)
        with ExitStack() as closing:
            closing.callback(machine_random.setstate, state)
            closing.callback(self._around.engine.dispose)
            closing.enter_context(self._world.server)
            closing.enter_context(product_in_strands(self._timetable, self._wires))
            closing.callback(self._switch_everything_off)
            self._open(days)
            for number in range(days):
                self._live(self.first + timedelta(days=number))
                self._read_notices()
                self.record.ends = self.now
                self.record.told_unable = unable_told(self._around.engine)
                self.record.taken = self._world.taken()
                if stop(self.record):
                    break
        return self.record

    def _open(self, days: int) -> None:
        """Fills the practice, switches the first computer on, and has somebody set the plan."""
        self._write(*(a_person(number, self.random) for number in range(PEOPLE)))
        if self._lively is not None:
            self.record.one_per_day = self._lively.random() < 0.4
            self._life = Life(
                self.agenda, self._lively, lambda: self.now, self._write, self._timetable.at, twice_a_day=self.record.one_per_day
            )  # fmt: skip
        for number in range(0 if self._life else days + 2):
            day = self.first + timedelta(days=number)
            if is_working_day(day):
                self._write(*a_day(self.agenda, day, VISITS_A_DAY, self.random))
        self.record.hindrances.begin(self.now, "night")
        self.record.hindrances.begin(self.now, "email: nobody there to decide")
        self._want(COMPUTERS[0])
        somebody = self._programmes[COMPUTERS[0]]
        somebody.switch(REMINDERS, on=True)
        somebody.switch(BIRTHDAYS, on=True)
        if self.record.one_per_day:
            somebody.switch(ONE_PER_DAY, on=True)
        somebody.plan_everything()

    def _live(self, day: date) -> None:
        self._day = day
        self._at(day, QUIET[1], lambda: self.record.hindrances.end(self.now, "night"))
        self._at(day, QUIET[0], lambda: self.record.hindrances.begin(self.now, "night"))
        self._copies.append((self.now, copy_of(self._around.engine)))
        if self._life is not None and self._lively is not None:
            self._life.book_until(day + timedelta(days=DAYS_AHEAD), day, VISITS_A_DAY)
            self._expect_of_data_and_computers(day, self._lively)
        if is_working_day(day):
            self._open_hours(day)
        if self._bad:
            self._expect(day)
        for trouble in self._also((day - self.first).days, day):
            self._timetable.at(trouble.begins, partial(self._begin, trouble, 0))
        self._timetable.run_until(at(day + timedelta(days=1), time(0)))

    def _expect(self, day: date) -> None:
        """Draws the day's troubles, each with a number of its own; they depend on nothing but the seed and the day."""
        for trouble in bad_hours(day, list(self._names), Random(f"{self.record.seed} {day}")):
            if is_working_day(day) or trouble.kind not in NEEDS_PEOPLE:
                self._troubles += 1
                if self._troubles not in self._without:
                    begin = partial(self._begin, trouble, self._troubles)
                    self._timetable.at(trouble.begins, begin)

        for trouble in self._versions(day):
            self._timetable.at(trouble.begins, partial(self._begin, trouble, -1))

        lacking = Random(f"{self.record.seed} {day} lacking")
        if is_working_day(day) and lacking.random() < 0.25:
            for name in self._names if lacking.random() < 0.3 else [lacking.choice(self._names)]:
                begins = at(day, time(lacking.choice((9, 9, 10, 11)), lacking.randrange(60)))
                ends = begins + timedelta(minutes=lacking.uniform(5, 150))
                self._timetable.at(begins, partial(self._begin, Trouble(Kind.LACKS, begins, ends, name), -1))

    def _versions(self, day: date) -> Iterator[Trouble]:
        """Gives what happens where one computer gets a new version of the program: the others follow, in the same hour or next morning."""
        random = Random(f"{self.record.seed} {day} version")
        if not is_working_day(day) or len(self._names) < 2 or random.random() > 0.1:
            return
        begins = at(day, time(random.choice((8, 9, 10, 10, 14)), random.randrange(60)))
        first, tables_follow = random.choice(self._names), random.random() < 0.3
        for name in [first] if tables_follow else [name for name in self._names if name != first]:
            ends = begins + timedelta(minutes=random.choice((5, 60, 24 * 60)) * random.uniform(0.5, 1))
            yield Trouble(Kind.OTHER_VERSION, begins, ends, name, 1.0 if tables_follow else 0.0)

    def _expect_of_data_and_computers(self, day: date, random: Random) -> None:
        drawn = list(of_data_and_computers(day, random))
        number = (day - self.first).days
        if number % BETWEEN_RESTORES == BETWEEN_RESTORES // 3:
            drawn.append(Trouble(Kind.PUT_BACK, at(day, time(random.choice((6, 7, 9, 12)))), at(day, time(23)), "", random.random()))
        for trouble in drawn:
            self._troubles += 1
            if self._troubles not in self._without:
                self._timetable.at(trouble.begins, partial(self._begin, trouble, self._troubles))

    def _open_hours(self, day: date) -> None:
        self._at(day, time(9), lambda: self.record.hindrances.end(self.now, "email: nobody there to decide"))
        self._at(day, time(17, 50), lambda: self.record.hindrances.begin(self.now, "email: nobody there to decide"))
        for name in self._names[1:]:
            self._timetable.at(at(day, time(7, 30)) + self._minutes(0, 30), lambda name=name: self._want(name))  # type: ignore[misc]
            self._timetable.at(at(day, time(18, 15)) + self._minutes(0, 30), lambda name=name: self._unwant(name))  # type: ignore[misc]
        glance = at(day, time(8, 0)) + timedelta(minutes=2)
        while glance < at(day, time(18, 0)):
            self._timetable.at(glance, self._glance)
            glance += GLANCE
        for hour in range(9, 18):
            self._timetable.at(at(day, time(hour)) + self._minutes(0, 50), self._decide)
        for what in self._life.of_day(day) if self._life else self._usual(day):
            self._timetable.at(*what)

    # Ordinary life

    def _usual(self, day: date) -> Iterator[tuple[datetime, Callable[[], None]]]:
        """Gives what happens in the agenda on a working day: some of it between preparing and sending."""
        between = at(day, time(10, 1)), at(day, time(10, 9))
        all_day = at(day, time(8, 0)), at(day, time(17, 30))
        tomorrow, soon = day + timedelta(days=1), (day, day + timedelta(days=1))
        yield self._within(*between), lambda: self._cancel([tomorrow])
        yield self._within(*between), lambda: self._opt_out([tomorrow])
        yield self._within(*between), lambda: self._die([tomorrow])
        yield self._within(*between), lambda: self._move([tomorrow])
        yield self._within(*all_day), lambda: self._cancel(list(soon))
        if self.random.random() < 0.5:
            yield self._within(*all_day), lambda: self._move(list(soon))
        for _number in range(3):
            yield self._within(*all_day), lambda: self._book(day + timedelta(days=self.random.randint(1, 5)))

    def _some_visit(self, days: list[date]) -> Visit | None:
        found = [visit for visit in self.agenda.visits() if visit.start.date() in days and visit.at > self.now and not visit.cancelled]
        return self.random.choice(found) if found else None

    def _cancel(self, days: list[date]) -> None:
        if visit := self._some_visit(days):
            self._write(replace(visit, cancelled=True))

    def _move(self, days: list[date]) -> None:
        if visit := self._some_visit(days):
            self._write(moved(visit, timedelta(minutes=5 * self.random.randint(6, 30) * self.random.choice((-1, 1)))))

    def _opt_out(self, days: list[date]) -> None:
        if visit := self._some_visit(days):
            self._write(replace(self.agenda.person(visit.person), opted_out=True))

    def _die(self, days: list[date]) -> None:
        if visit := self._some_visit(days):
            self._write(replace(self.agenda.person(visit.person), dead=True))

    def _book(self, day: date) -> None:
        busy = {visit.person for visit in self.agenda.visits() if visit.start.date() == day}
        free = [person.id for person in self.agenda.people() if person.id not in busy and not person.dead]
        if is_working_day(day) and free:
            self._visit_number += 1
            start = datetime.combine(day, time(8, 30)) + timedelta(minutes=5 * self.random.randint(0, 108))
            self._write(Visit(f"n-{self._visit_number}", self.random.choice(free), start))

    def _write(self, *changed: Person | Visit) -> None:
        """Writes into the practice software; it is true from now on."""
        self.agenda.note(self.now, *changed)
        self._surgery.show(*changed)
        if len(changed) == 1:
            self._tell("practice", str(changed[0]))

    # What people do

    def _somebody(self) -> Programme | None:
        """Returns the computer at which somebody sits."""
        return next((programme for programme in self._programmes.values() if programme.is_on), None)

    def _person(self, what: str, act: Callable[[Programme], object], then: Callable[[], None] = lambda: None) -> None:
        """Has somebody do something at a computer, again after some minutes where it does not work; in the evening, the next morning."""
        opens = _next_open(self.now)
        if opens > self.now:
            self._timetable.at(opens + self._minutes(1, 15), lambda: self._person(what, act, then))
            return
        somebody, failed = self._somebody(), ""
        if somebody is None:
            failed = "no computer is on"
        else:
            try:
                act(somebody)
            except KnownError as error:
                failed = error.title
        self._tell("person", f"{what}{': ' + failed if failed else ''}")
        if failed:
            self._timetable.after(self.random.uniform(120, 400), lambda: self._person(what, act, then))
            return
        then()
        self._changed()

    def _glance(self) -> None:
        somebody = self._somebody()
        if somebody is not None and is_working_hour(self.now) and not self._wires.practice_away:  # that is told elsewhere
            try:
                self.record.glances.append(Glance(self.now, somebody.call_list()))
                self._read_questions(somebody)
            except KnownError:
                return

    def _read_questions(self, somebody: Programme) -> None:
        """Has somebody read what is to be decided, and decide it within the hour."""
        for question, about in somebody.questions():
            if not any(one.subject == question.subject and one.kind == question.kind.value for one in self.record.asked):
                self._tell("QUESTION", f"{question.kind.value} {question.subject}: {question.sentence} {len(about)} appointments")
                self._timetable.after(60 * self.random.uniform(1, 50), partial(self._answer, question, about))
            self.record.asked.append(Asked(self.now, question.kind.value, question.subject, about))

    def _answer(self, question: Question, about: Collection[str]) -> None:
        """Has somebody answer by what is true."""
        answer = self._true_answer(question, about)
        if answer is not None:
            then = self._goes_on if question.kind is QuestionKind.RESTORED else lambda: None
            self._person(f"answers {answer.value} to {question.subject}", lambda somebody: somebody.answer(question.id, answer), then)

    def _ran(self, run: Ran) -> None:
        """Notes a run; while sending waits for an answer nothing can leave: somebody may be asked on a Sunday."""
        self.record.runs.append(run)
        if run.job == SENDING and run.waits is not self._is_asked:
            self._is_asked = run.waits
            (self.record.hindrances.begin if run.waits else self.record.hindrances.end)(self.now, "a question")

    def _true_answer(self, question: Question, about: Collection[str]) -> Answer | None:
        match question.kind:
            case QuestionKind.ABSENT:
                gone = all(visit.deleted for visit_id in about if (visit := self.agenda.visit(visit_id)))
                return Answer.DELETED if gone else Answer.FAULT
            case QuestionKind.VOLUME:
                return Answer.SEND
            case QuestionKind.VIEW:
                return None  # it is never right that a view is empty
            case QuestionKind.RESTORED | QuestionKind.PLACE | QuestionKind.PRIVATE:
                return Answer.GO_ON

    def _read_notices(self) -> None:
        self._noticed, notices = notices_since(self._around.engine, self._noticed)
        self.record.notices += notices

    def _decide(self) -> None:
        somebody = self._somebody()
        if somebody is not None:
            try:
                if decided := somebody.decide_doubts():
                    self._tell("person", f"decides about {decided} e-mails in doubt")
                    self._changed()
            except KnownError:
                return

    # Computers

    def _want(self, name: str) -> None:
        self._wanted.add(name)
        self._switch_on(name)

    def _unwant(self, name: str) -> None:
        self._wanted.discard(name)
        self._switch_off(name, "switched off in the evening")

    def _switch_on(self, name: str) -> None:
        if name in self._wanted and name not in self._programmes and not self._all_off:
            self._starts[name] += 1
            self._programmes[name] = programme = Programme(
                name, self._starts[name], self._around, counts_sleep=self._counts_sleep[name]
            )  # fmt: skip
            programme.on_doom = lambda: self._switch_off(name, "is off")
            self._tell(name, "switched on")
            self._computers_changed()

    def _switch_off(self, name: str, why: str) -> None:
        programme = self._programmes.pop(name, None)
        if programme is not None:
            running = programme.running
            programme.place.kill()
            programme.close()
            self._tell(name, f"{why}{' in the middle of a run' if running else ''}")
            self._computers_changed()
            self._timetable.after(92, self._changed)  # whatever it held is free then

    def _switch_everything_off(self, why: str = "the simulation ends") -> None:
        for name in list(self._programmes):
            self._switch_off(name, why)

    def _computers_changed(self) -> None:
        """Notes which computers are able to send, and whether none is."""
        able = [name for name, programme in self._programmes.items() if programme.is_on and name not in self._wires.lacking]
        for name in self._names:
            if (name in able) is not (name in self._able):
                self._since[name] = self.now
        self._able = set(able)
        nobody = not able
        if nobody is not self._nobody_on:
            self._nobody_on = nobody
            (self.record.hindrances.begin if nobody else self.record.hindrances.end)(self.now, "all computers off")

    def _changed(self) -> None:
        """Lets every computer look at the plan soon, as it does every half minute."""
        for name in self._programmes:
            if name not in self._nudging:
                self._nudging.add(name)
                self._timetable.after(self._timetable.random.uniform(1, 30), lambda name=name: self._nudge(name))  # type: ignore[misc]

    def _nudge(self, name: str) -> None:
        self._nudging.discard(name)
        if name in self._programmes:
            self._programmes[name].nudge()

    def _began(self, name: str, job: JobKey) -> None:
        """Notes a run that is begun where it can't be done, though another computer can, each for a while."""
        lately = self.now - timedelta(minutes=2)
        others = [other for other in self._able if self._since.get(other, self.record.starts) < lately]
        if job is JobKey.SEND_MESSAGES and name in self._wires.lacking and self._since.get(name, self.now) < lately and others:
            self.record.begun_unable.append((self.now, name, others[0]))

        if self._has_other_version.get(name, self.now) < self.now - timedelta(
            seconds=5
        ):  # what was claimed before begins, and ends at once
            self.record.begun_outdated.append((self.now, name))

    def _stopped(self, name: str) -> None:
        """Notes that a computer says that its program has another version than the tables."""
        if name not in self._has_said_so:
            self._tell(name, "says that its program has another version than the tables")
        self._has_said_so.add(name)

    # Bad hours

    def _begin(self, trouble: Trouble, number: int) -> None:
        self._tell("TROUBLE", f"{number}: {trouble}")
        _BEGIN[trouble.kind](self, trouble)

    @contextmanager
    def _during(self, trouble: Trouble, hindrance: str, end: Callable[[], None] = lambda: None) -> Iterator[None]:
        """Counts a trouble among those that stand and ends it in time; the last of its kind ends it for all."""
        key = f"{trouble.kind} {trouble.where}"
        self._standing[key] += 1
        if hindrance:
            self.record.hindrances.begin(self.now, hindrance)
        yield

        def over() -> None:
            self._standing[key] -= 1
            if not self._standing[key]:
                end()
            if hindrance:
                self.record.hindrances.end(self.now, hindrance)
            self._tell("TROUBLE", f"{trouble.kind.value} {trouble.where} is over")
            self._changed()

        self._timetable.at(trouble.ends, over)

    def _gateway_away(self, trouble: Trouble) -> None:
        with self._during(trouble, "sms: gateway away", lambda: setattr(self._wires, "gateway_away", False)):
            self._wires.gateway_away = True

    def _gateway_faulty(self, trouble: Trouble) -> None:
        with self._during(trouble, "sms: gateway faulty", lambda: self._world.fail_at_random(0, 1)):
            self._world.fail_at_random(0.1 + 0.9 * trouble.detail, self.random.randrange(1000))

    def _gateway_slow(self, trouble: Trouble) -> None:
        usual = Wires().answers
        with self._during(trouble, "", lambda: setattr(self._wires, "answers", usual)):
            self._wires.answers = (2.0, 4.0 + 24.0 * trouble.detail)

    def _password_refused(self, trouble: Trouble) -> None:
        account, hindrance = ACCOUNTS[trouble.where], f"sms {trouble.where}: refused"

        def then() -> None:
            self.record.hindrances.end(self.now, hindrance)

        def again() -> None:
            self._wires.refused.discard(account)
            act: Callable[[Programme], object] = Programme.send_by_hand if trouble.detail < 0.5 else Programme.ask_credits
            self._timetable.after(60, lambda: self._person("the account is unlocked", act, then))

        with self._during(trouble, "", again):
            self._wires.refused.add(account)
            if self._standing[f"{trouble.kind} {trouble.where}"] == 1:
                self.record.hindrances.begin(self.now, hindrance)

    def _credits_gone(self, trouble: Trouble) -> None:
        hindrance = f"sms {trouble.where}: no credits"

        def then() -> None:
            self.record.hindrances.end(self.now, hindrance)

        def top_up() -> None:
            self._world.set_credits(trouble.where, 100_000)
            self._timetable.after(60, lambda: self._person("tops up and looks at the credits", Programme.ask_credits, then))

        with self._during(trouble, "", top_up):
            self._world.set_credits(trouble.where, int(trouble.detail * 20))
            if self._standing[f"{trouble.kind} {trouble.where}"] == 1:
                self.record.hindrances.begin(self.now, hindrance)

    def _mail_away(self, trouble: Trouble) -> None:
        with self._during(trouble, "email: server away", lambda: setattr(self._wires, "mail_away", False)):
            self._wires.mail_away = True

    def _mail_refused(self, trouble: Trouble) -> None:
        def then() -> None:
            self.record.hindrances.end(self.now, "email: refused")

        def again() -> None:
            self._wires.mail_refused = False
            self._timetable.after(60, lambda: self._person("the mail account is unlocked", Programme.send_by_hand, then))

        with self._during(trouble, "", again):
            self._wires.mail_refused = True
            if self._standing[f"{trouble.kind} {trouble.where}"] == 1:
                self.record.hindrances.begin(self.now, "email: refused")

    def _mail_breaks(self, trouble: Trouble) -> None:
        with self._during(trouble, "email: breaks off", lambda: setattr(self._wires, "mail_breaks", 0.0)):
            self._wires.mail_breaks = trouble.detail

    def _store_away(self, trouble: Trouble) -> None:
        if trouble.detail > 0.7:
            self._wires.lose_commits += 1
            return
        with self._during(trouble, "store away", lambda: setattr(self._wires, "store_away", False)):
            self._wires.store_away = True

    def _practice_away(self, trouble: Trouble) -> None:
        with self._during(trouble, "practice's data away", lambda: setattr(self._wires, "practice_away", False)):
            self._wires.practice_away = True

    def _sleep(self, trouble: Trouble) -> None:
        programme = self._programmes.get(trouble.where)
        if programme is None or not programme.is_on:
            return

        def wake() -> None:
            programme.place.wake()
            self._computers_changed()
            self._tell(trouble.where, "awake again")
            self._changed()

        programme.place.sleep()
        self._computers_changed()
        self._timetable.at(trouble.ends, wake)

    def _offline(self, trouble: Trouble) -> None:
        programme = self._programmes.get(trouble.where)
        if programme is None or programme.place.offline:
            return

        def over() -> None:
            programme.place.offline = False
            self._computers_changed()
            self._tell(trouble.where, "has a network again")
            self._changed()

        programme.place.offline = True
        self._computers_changed()
        self._timetable.at(trouble.ends, over)

    def _power_off(self, trouble: Trouble) -> None:
        self._switch_off(trouble.where, "power failure")
        self._timetable.at(trouble.ends, lambda: self._switch_on(trouble.where))

    def _power_off_at_step(self, trouble: Trouble) -> None:
        step, most = list(STEPS.items())[int(trouble.detail * 1000) % len(STEPS)]
        nth = 1 + int(trouble.detail * 10_000) % most
        lasts = (trouble.ends - trouble.begins).total_seconds()
        for name, programme in self._programmes.items():

            def dies(name: str = name) -> None:
                for other in self._programmes.values():
                    other.doomed = None
                self._switch_off(name, "power failure")
                self._timetable.after(lasts, lambda: self._switch_on(name))

            programme.doomed, programme.on_doom = (step, nth), dies

    def _log_off(self, trouble: Trouble) -> None:
        programme = self._programmes.get(trouble.where)
        if programme is not None and programme.is_on:
            programme.log_off()
            self._computers_changed()
            self._timetable.after(self.random.uniform(3, 20), lambda: self._off_after_log_off(programme))
            self._timetable.at(trouble.ends, lambda: self._switch_on(trouble.where))

    def _off_after_log_off(self, programme: Programme) -> None:
        if self._programmes.get(programme.name) is programme:
            self._switch_off(programme.name, "logged off")

    def _switch(self, trouble: Trouble) -> None:
        name = REMINDERS

        def off_again() -> None:
            self.record.hindrances.begin(self.now, "switch off")
            self._timetable.at(max(trouble.ends, self.now), on)

        def on() -> None:
            then = lambda: self.record.hindrances.end(self.now, "switch off")  # noqa: E731
            self._person("switch on", lambda somebody: somebody.switch(name, on=True), then)

        self._person("switch off", lambda somebody: somebody.switch(name, on=False), off_again)

    def _pause(self, trouble: Trouble) -> None:
        until = trouble.ends if trouble.kind is Kind.PAUSE else at(self._day + timedelta(days=1), time(0))
        everything = trouble.detail < 0.5

        def then() -> None:
            self.record.hindrances.begin(self.now, "pause")
            self._timetable.at(until, over)

        def over() -> None:
            self.record.hindrances.end(self.now, "pause")
            self._changed()

        def act(somebody: Programme) -> None:
            if until > self.now:
                somebody.pause(everything=everything, until=until)

        self._person(f"pause of {'everything' if everything else 'sending'} until {until.astimezone(ZURICH):%H:%M}", act, then)

    def _schedule_saved(self, trouble: Trouble) -> None:
        new = (time(10, 3), time(10, 8), SENT_AT, time(10, 12))[int(trouble.detail * 4)]
        self._person(f"saves sending at {new:%H:%M}", lambda somebody: somebody.plan_sending(new))

    def _views_empty(self, trouble: Trouble) -> None:
        views = frozenset(VIEWS if trouble.detail < 0.5 else {APPOINTMENTS})
        with self._during(trouble, "views empty", lambda: setattr(self._wires, "empty_views", frozenset())):
            self._wires.empty_views |= views
        self.record.outages.append(Outage(self.now, trouble.ends, None))

    def _view_lacks(self, trouble: Trouble) -> None:
        """Lets twenty appointments of one of the next days vanish for a while."""
        ahead = [visit for visit in self.agenda.visits() if visit.at > self.now and not visit.deleted]
        ahead.sort(key=lambda visit: visit.start)
        first = int(trouble.detail * 80)
        missing = frozenset(visit.id for visit in ahead[first : first + 20])
        with self._during(trouble, "", lambda: setattr(self._wires, "missing", frozenset())):
            self._wires.missing |= missing
        self.record.outages.append(Outage(self.now, trouble.ends, missing))

    def _lacks(self, trouble: Trouble) -> None:
        """Lets a computer lose its passwords: a new profile, a keyring that does not open."""

        def found() -> None:
            self._wires.lacking.discard(trouble.where)
            self._computers_changed()
            if trouble.where in self._programmes:
                self._programmes[trouble.where].find_passwords()

        with self._during(trouble, "", found):
            self._wires.lacking.add(trouble.where)
            self._computers_changed()
            self._changed()

    def _other_version(self, trouble: Trouble) -> None:
        """Lets a computer have an older program than the tables, which were just brought up, or a newer one."""
        name, is_newer = trouble.where, trouble.detail > 0.5

        def followed() -> None:
            self._wires.versions.pop(name, None)
            self._has_other_version.pop(name, None)
            if is_newer:
                bring_up(self._around.engine)
            if name in self._programmes:
                self._switch_off(name, "is updated")
            self._switch_on(name)

        def look() -> None:
            programme = self._programmes.get(name)
            could = programme is beginning and programme is not None and not (programme.place.asleep or programme.place.offline)
            if could and name in self._wires.versions and not (self._wires.store_away or was_away) and name not in self._has_said_so:
                self.record.silent_outdated.append((self.now, name))

        beginning, was_away = self._programmes.get(name), self._wires.store_away
        with self._during(trouble, "", followed):
            if not is_newer and self._wires.versions.get(name) is None:
                bring_up(self._around.engine)
            self._wires.versions[name] = NEWER if is_newer else OLDER
            self._has_other_version[name] = self.now
            self._has_said_so.discard(name)
            self._computers_changed()
            self._changed()
        self._timetable.after(120, look)

    def _everything_off(self, trouble: Trouble) -> None:
        def over() -> None:
            self._all_off -= 1
            for name in COMPUTERS:
                self._switch_on(name)

        self._all_off += 1
        self._switch_everything_off("is off")
        self._timetable.at(trouble.ends, over)

    def _put_back(self, trouble: Trouble) -> None:
        """Puts a copy of one of the last mornings in the store's place; what lies on the computers themselves stays."""
        copied, copy = self._copies[-1 - min(int(trouble.detail * COPIES), len(self._copies) - 1)]
        self._read_notices()
        self._all_off += 1
        self._switch_everything_off("is off: the store is put back")
        put_back(self._around.engine, copy)
        forget_file(self._around.engine)
        self.record.put_back.append(PutBack(copied, self.now))
        self._tell("TROUBLE", f"the store is as it was at {copied.astimezone(ZURICH):%a %d.%m. %H:%M}")
        self._noticed = notices_since(self._around.engine, 0)[0]
        self.record.hindrances.begin(self.now, "store put back")
        self._timetable.after(300, self._on_after_put_back)
        self._waits_for_answer = True
        planned = at(_next_open(self.now + timedelta(minutes=5)).astimezone(ZURICH).date(), SENT_AT)
        self._timetable.at(planned + timedelta(minutes=40), self._goes_on_unasked)

    def _goes_on(self) -> None:
        """Notes that nothing stands in the way any more after the store was put back."""
        if self._waits_for_answer:
            self._waits_for_answer = False
            self.record.hindrances.end(self.now, "store put back")

    def _goes_on_unasked(self) -> None:
        """The store that was put back had not missed anything."""
        if not any(one.kind == QuestionKind.RESTORED.value and one.at >= self.record.put_back[-1].at for one in self.record.asked):
            self._goes_on()

    def _on_after_put_back(self) -> None:
        self._all_off -= 1
        for name in COMPUTERS:
            self._switch_on(name)

    # Small things

    def _tell(self, who: str, what: str) -> None:
        self.record.story.append((self.now, who, what))

    def _at(self, day: date, clock: time, do: Callable[[], None]) -> None:
        self._timetable.at(at(day, clock), do)

    def _minutes(self, least: float, most: float) -> timedelta:
        return timedelta(minutes=self.random.uniform(least, most))

    def _within(self, begin: datetime, end: datetime) -> datetime:
        return begin + (end - begin) * self.random.random()


def _next_open(instant: datetime) -> datetime:
    """Returns when somebody is there: now, or the next working morning."""
    local = instant.astimezone(ZURICH)
    day = local.date()
    if is_working_day(day) and OPENS <= local.time() < CLOSES:
        return instant
    if local.time() >= OPENS or not is_working_day(day):
        day += timedelta(days=1)
    while not is_working_day(day):
        day += timedelta(days=1)
    return at(day, OPENS)


_BEGIN: dict[Kind, Callable[[Simulation, Trouble], None]] = {
    Kind.GATEWAY_AWAY: Simulation._gateway_away,
    Kind.GATEWAY_FAULTY: Simulation._gateway_faulty,
    Kind.GATEWAY_SLOW: Simulation._gateway_slow,
    Kind.PASSWORD_REFUSED: Simulation._password_refused,
    Kind.CREDITS_GONE: Simulation._credits_gone,
    Kind.MAIL_AWAY: Simulation._mail_away,
    Kind.MAIL_REFUSED: Simulation._mail_refused,
    Kind.MAIL_BREAKS: Simulation._mail_breaks,
    Kind.STORE_AWAY: Simulation._store_away,
    Kind.PRACTICE_AWAY: Simulation._practice_away,
    Kind.SLEEP: Simulation._sleep,
    Kind.OFFLINE: Simulation._offline,
    Kind.POWER_OFF: Simulation._power_off,
    Kind.POWER_OFF_AT_STEP: Simulation._power_off_at_step,
    Kind.LOG_OFF: Simulation._log_off,
    Kind.SWITCH_OFF: Simulation._switch,
    Kind.PAUSE: Simulation._pause,
    Kind.PAUSE_TODAY: Simulation._pause,
    Kind.SCHEDULE_SAVED: Simulation._schedule_saved,
    Kind.VIEWS_EMPTY: Simulation._views_empty,
    Kind.VIEW_LACKS: Simulation._view_lacks,
    Kind.LACKS: Simulation._lacks,
    Kind.OTHER_VERSION: Simulation._other_version,
    Kind.ALL_OFF: Simulation._everything_off,
    Kind.PUT_BACK: Simulation._put_back,
}
