"""The judge: reads the agenda, what the world took, and what people could see; knows nothing of the product's own words.

Each rule is a pure function from a record to violations. What a patient was told is read from the text that arrived.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from tests.simulation.agenda import ZURICH, Person, Visit, is_working_day
from tests.simulation.product import PREPARED_AT, QUIET, SENT_AT, Reminder, Taken
from tests.simulation.record import Record
from tests.simulation.troubles import at

PROMPT = {"sms": timedelta(minutes=60), "email": timedelta(minutes=150)}
"""After so long without any hindrance whatever was prepared must have left: the longest pause between two attempts, the asking about
what was in doubt (three times in fifteen minutes, the first after two), and a run's own patience lie within it. Of an e-mail in doubt
somebody must decide, a quarter of an hour later at the earliest; somebody looks about every hour."""

FOLLOWED = timedelta(minutes=90)
"""So long after its failure, and without any hindrance, a failed delivery must be known: it is asked about every hour."""

CALLABLE = timedelta(minutes=20)
"""A call must be possible at the latest so long before the appointment."""

UNDER_WAY = timedelta(seconds=90)
"""What changed in the practice so shortly before a message left may be unknown to it (checked within a minute, handed over within 20 s)."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise.

    Attributes:
        at: the simulated time at which it is seen.
    """

    rule: str
    seed: int
    at: datetime
    sentence: str

    def __str__(self) -> str:
        return f"[{self.rule}] seed {self.seed}, {self.at.astimezone(ZURICH):%a %d.%m.%Y %H:%M:%S}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Told:
    """What arrived, as its reader understands it.

    Attributes:
        start: the appointment that it names, in the practice's wall clock; None: it is a greeting.
    """

    taken: Taken
    person: Person
    start: datetime | None


class Evidence:
    """A record, read once for all rules."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.agenda = record.agenda

    @cached_property
    def told(self) -> list[Told]:
        people = {person.address: person for person in self.agenda.people()}
        return [Told(one, people[one.recipient], _start_named(one.text)) for one in self.record.taken]

    @cached_property
    def reminders(self) -> Mapping[tuple[str, datetime], list[Taken]]:
        """Returns by person and start what told it."""
        found: dict[tuple[str, datetime], list[Taken]] = defaultdict(list)
        for one in self.told:
            if one.start is not None:
                found[one.person.id, one.start].append(one.taken)
        return found

    @cached_property
    def glances(self) -> Mapping[Reminder, list[datetime]]:
        """Returns by visit and start when somebody saw it on the call list."""
        found: dict[Reminder, list[datetime]] = defaultdict(list)
        for glance in self.record.glances:
            for reminder in glance.listed:
                found[reminder].append(glance.at)
        return found

    def could_look(self, since: datetime, until: datetime) -> bool:
        """Returns whether somebody could look at the call list at all between two instants."""
        return any(since <= glance.at <= until for glance in self.record.glances)

    def was_listed(self, visit: Visit) -> bool:
        """Returns whether a visit stood on the call list while somebody could still call."""
        return any(seen <= visit.at - CALLABLE for seen in self.glances.get((visit.id, visit.start), ()))

    def owed(self) -> Iterator[tuple[Visit, Person, datetime]]:
        """Gives the visits that the practice may rely on: with the person, and the instant at which sending was planned.

        They stood as they are when their day was prepared, and until they began; their person can be written to, is alive and wants it.
        """
        for visit in self.agenda.visits():
            day = visit.start.date()
            prepared = at(day - timedelta(days=1), PREPARED_AT)
            then = self.agenda.visit(visit.id, prepared)
            lies_within = self.record.starts <= prepared and visit.at < self.record.ends
            if not lies_within or then != visit or visit.cancelled or self._changed_between(visit, prepared):
                continue
            person = self.agenda.person(visit.person)
            if not (person.dead or person.opted_out):
                yield visit, person, at(day - timedelta(days=1), SENT_AT)

    def _changed_between(self, visit: Visit, since: datetime) -> bool:
        return any(since < noted < visit.at for noted, _visit in self.agenda.visit_history(visit.id))


def _start_named(text: str) -> datetime | None:
    found = re.search(r"(\d{2})\.(\d{2})\.(\d{4}), (\d{2}):(\d{2}) Uhr", text)
    if found is None:
        return None
    day, month, year, hour, minute = (int(part) for part in found.groups())
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - the practice's wall clock


def never_twice(evidence: Evidence) -> Iterator[Violation]:
    """Nobody is told the same appointment and start twice, nor greeted twice in a year."""
    seen: dict[tuple[str, datetime | int], Taken] = {}
    for one in evidence.told:
        key = one.person.id, one.start or one.taken.at.astimezone(ZURICH).year
        if key in seen:
            what = f"the appointment of {one.start:%d.%m. %H:%M}" if one.start else "the birthday"
            first = seen[key].at.astimezone(ZURICH)
            yield _violation(
                "never twice", evidence, one.taken.at, f"{_name(one.person)} was told {what} again, first at {first:%d.%m. %H:%M:%S}"
            )
        seen.setdefault(key, one.taken)


def never_at_night(evidence: Evidence) -> Iterator[Violation]:
    """Nothing leaves in the practice's quiet hours."""
    for one in evidence.told:
        clock = one.taken.at.astimezone(ZURICH).time()
        if clock >= QUIET[0] or clock < QUIET[1]:
            yield _violation("never at night", evidence, one.taken.at, f"{_name(one.person)} got an {one.taken.channel} in the quiet hours")


def never_unwanted(evidence: Evidence) -> Iterator[Violation]:
    """Nothing goes to the dead or to who wants none."""
    for one in evidence.told:
        known = evidence.agenda.person(one.person.id, one.taken.at - UNDER_WAY)
        if known.dead or known.opted_out:
            why = "had died" if known.dead else "wanted no messages"
            yield _violation("never unwanted", evidence, one.taken.at, f"{_name(one.person)} got a message and {why}")


def never_of_nothing(evidence: Evidence) -> Iterator[Violation]:
    """Nobody is reminded of an appointment that was cancelled, had another start, or had begun when the message left."""
    for one in evidence.told:
        if one.start is None:
            continue
        known = evidence.agenda.of_person(one.person.id, one.taken.at - UNDER_WAY)
        now = evidence.agenda.of_person(one.person.id, one.taken.at)
        if not any(visit.start == one.start and not visit.cancelled for visit in [*known, *now]):
            yield _violation(
                "never of nothing", evidence, one.taken.at, f"{_name(one.person)} was told {one.start:%d.%m. %H:%M}, where there is nothing"
            )
        elif one.start.replace(tzinfo=ZURICH) < one.taken.at:
            yield _violation(
                "never of nothing", evidence, one.taken.at, f"{_name(one.person)} was told {one.start:%d.%m. %H:%M}, which had begun"
            )


def no_silence(evidence: Evidence) -> Iterator[Violation]:
    """Every appointment that stood when its day was prepared is told before it, as soon as the world allowed; or is on the call list."""
    for visit, person, planned in evidence.owed():
        told = [one for one in evidence.reminders.get((person.id, visit.start), ()) if one.at < visit.at]
        allowed = evidence.record.hindrances.next_free(planned, PROMPT[person.channel], person.way)
        late = allowed is not None and allowed < visit.at and (not told or told[0].at > allowed)
        if (told and not late) or evidence.was_listed(visit):
            continue
        if not late and not evidence.could_look(planned, visit.at - CALLABLE):
            continue  # nobody could have known
        what = f"was told only at {told[0].at.astimezone(ZURICH):%d.%m. %H:%M}" if told else "was told nothing"
        since = (
            f"nothing stood in the way for long enough before {allowed.astimezone(ZURICH):%d.%m. %H:%M}"
            if late and allowed
            else "it could not leave"
        )
        said = f"{_name(person)}, {visit.start:%d.%m. %H:%M} ({person.channel}), {what} and was never on the call list in time; {since}"
        yield _violation("no silence", evidence, visit.at, said)


def failures_are_known(evidence: Evidence) -> Iterator[Violation]:
    """A reminder that failed on its way is on the call list while somebody can still call."""
    for visit, person, _planned in evidence.owed():
        for one in evidence.reminders.get((person.id, visit.start), ()):
            if one.failed_at is None or one.at >= visit.at:
                continue
            known = evidence.record.hindrances.next_free(one.failed_at, FOLLOWED, person.way)
            if known is None or evidence.was_listed(visit) or not evidence.could_look(known, visit.at - CALLABLE):
                continue
            failed = one.failed_at.astimezone(ZURICH)
            what = f"the delivery failed at {failed:%d.%m. %H:%M}, and it was never on the call list in time"
            said = f"{_name(person)}, {visit.start:%d.%m. %H:%M}: {what}"
            yield _violation("failures are known", evidence, visit.at, said)


def last_word_is_true(evidence: Evidence) -> Iterator[Violation]:
    """What somebody was told last about a visit is where it is, or it was on the call list; where there was time to tell."""
    for visit in evidence.agenda.visits():
        if visit.at >= evidence.record.ends or not is_working_day(visit.start.date()):
            continue
        history = evidence.agenda.visit_history(visit.id)
        changed_at = history[-1][0]
        person = evidence.agenda.person(visit.person)
        starts = {known.start for _at, known in history}
        last = [(one.at, start) for start in starts for one in evidence.reminders.get((person.id, start), ()) if one.at < visit.at]
        had_time = evidence.record.hindrances.next_free(changed_at, PROMPT[person.channel], person.way)
        if not last or person.dead or person.opted_out or visit.cancelled or had_time is None or had_time > visit.at - CALLABLE:
            continue
        if max(last)[1] != visit.start and not evidence.was_listed(visit):
            said = f"{_name(person)} was last told {max(last)[1]:%d.%m. %H:%M}; the appointment is at {visit.start:%d.%m. %H:%M}"
            yield _violation("last word is true", evidence, visit.at, said)


Rule = Callable[[Evidence], Iterator[Violation]]

RULES: Mapping[str, Rule] = {
    "never twice": never_twice,
    "never at night": never_at_night,
    "never unwanted": never_unwanted,
    "never of nothing": never_of_nothing,
    "no silence": no_silence,
    "failures are known": failures_are_known,
    "last word is true": last_word_is_true,
}


def judge(record: Record) -> list[Violation]:
    """Returns every violation of every rule, in the order of the simulated time."""
    evidence = Evidence(record)
    return sorted((found for rule in RULES.values() for found in rule(evidence)), key=lambda found: found.at)


def _violation(rule: str, evidence: Evidence, when: datetime, sentence: str) -> Violation:
    return Violation(rule, evidence.record.seed, when, sentence)


def _name(person: Person) -> str:
    return f"{person.first} {person.last} ({person.id})"


__all__ = ["RULES", "Evidence", "Violation", "judge"]
