"""The judge: reads the agenda, what the world took, and what people could see; knows nothing of the product's own words.

Each rule is a pure function from a record to violations. What a patient was told is read from the text that arrived.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import takewhile

from tests.simulation.agenda import ZURICH, Agenda, Person, Visit, is_working_day
from tests.simulation.product import BOOKED_AFTERWARDS, GONE, PREPARED_AT, PREPARING, QUIET, SENT_AT, Taken
from tests.simulation.record import Record
from tests.simulation.troubles import at
from tests.support.plain_texts import Words, words_of

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


A_RUN = timedelta(minutes=10)
"""No run of preparing takes longer."""

BELIEVED = timedelta(minutes=30)
"""So long after it was first missed a visit that is missing is believed to be deleted, and the log says so."""

LAST_HOURS = timedelta(hours=2)
"""So long before it begins a visit that is missing is on the call list."""

AT_ONCE = timedelta(hours=1)
"""What says the same so shortly after each other says it twice."""


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
    """What arrived, as its reader understands it; what names no appointment is a greeting."""

    taken: Taken
    person: Person
    words: Words

    @property
    def start(self) -> datetime | None:
        return self.words.start

    @property
    def at(self) -> datetime:
        return self.taken.at


class Evidence:
    """A record, read once for all rules."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.agenda = record.agenda

    @cached_property
    def told(self) -> list[Told]:
        people = {person.address: person for person in self.agenda.people()}
        return [Told(one, people[one.recipient], words_of(one.text)) for one in self.record.taken]

    @cached_property
    def reminders(self) -> Mapping[tuple[str, datetime], list[Taken]]:
        """Returns by person and start what told it."""
        found: dict[tuple[str, datetime], list[Taken]] = defaultdict(list)
        for one in self.told:
            if one.start is not None:
                found[one.person.id, one.start].append(one.taken)
        return found

    @cached_property
    def words(self) -> Mapping[tuple[str, str], list[Told]]:
        """Returns by person and visit what somebody was told about it, at any of its starts, in the order of time.

        What is known never to have arrived told nothing.
        """
        starts: dict[tuple[str, datetime], str] = {}
        for visit_id in self.agenda.visit_ids:
            for _since, one in self.agenda.visit_history(visit_id):
                starts[one.person, one.start] = visit_id
        found: dict[tuple[str, str], list[Told]] = defaultdict(list)
        for told in self.told:
            if told.start is not None and told.taken.failed_at is None and (about := starts.get((told.person.id, told.start))):
                found[told.person.id, about].append(told)
        return found

    @cached_property
    def told_people(self) -> Mapping[str, set[str]]:
        """Returns by visit who was told anything about it."""
        found: dict[str, set[str]] = defaultdict(set)
        for person_id, visit_id in self.words:
            found[visit_id].add(person_id)
        return found

    def last_word(self, person_id: str, visit_id: str, before: datetime) -> Told | None:
        """Returns what somebody was told last about a visit before an instant."""
        return next((one for one in reversed(self.words.get((person_id, visit_id), ())) if one.at < before), None)

    @cached_property
    def glances(self) -> Mapping[str, list[datetime]]:
        """Returns by visit when somebody saw it on the call list, or in a question that was to be decided."""
        found: dict[str, list[datetime]] = defaultdict(list)
        for glance in self.record.glances:
            for visit_id, _start in glance.listed:
                found[visit_id].append(glance.at)
        for asked in self.record.asked:
            for visit_id in asked.about:
                found[visit_id].append(asked.at)
        return found

    @cached_property
    def rows(self) -> Mapping[tuple[str, datetime], list[datetime]]:
        """Returns by person and start when the activity log said that it is not true any more."""
        found: dict[tuple[str, datetime], list[datetime]] = defaultdict(list)
        for notice in self.record.notices:
            if notice.reason in GONE:
                found[notice.person, notice.start].append(notice.at)
        return found

    def could_look(self, since: datetime, until: datetime) -> bool:
        """Returns whether somebody could look at the call list at all between two instants."""
        return any(since <= glance.at <= until for glance in self.record.glances)

    def could_know(self, since: datetime, until: datetime, person: Person) -> bool:
        """Returns whether somebody who looked could know between two instants that no message puts something right in time.

        Where a message was still planned when somebody looked last, it had to leave, if nothing stood in its way.
        """
        looks = [glance.at for glance in self.record.glances if since <= glance.at <= until]
        if not looks:
            return False
        day = looks[-1].astimezone(ZURICH).date()
        planned = next(instant for instant in (at(day, SENT_AT), at(day + timedelta(days=1), SENT_AT)) if instant > looks[-1])
        if planned > until:
            return True
        allowed = self.record.hindrances.next_free(planned, PROMPT[person.channel], person.way)
        return allowed is not None and allowed <= until

    def was_listed(self, visit: Visit) -> bool:
        """Returns whether a visit stood on the call list while somebody could still call."""
        return self.was_seen(visit.id, self.record.starts, visit.at - CALLABLE)

    def was_seen(self, visit_id: str, since: datetime, until: datetime) -> bool:
        """Returns whether a visit was seen on the call list, or in a question, between two instants."""
        return any(since <= seen <= until for seen in self.glances.get(visit_id, ()))

    def was_compared(self, visit_id: str, since: datetime, until: datetime) -> bool:
        """Returns whether a run of preparing that saw the visit's row, or saw that it is gone, succeeded between two instants."""
        return any(
            run.succeeded and run.job == PREPARING and since <= run.at <= until and not self.was_hidden(visit_id, run.at - A_RUN, run.at)
            for run in self.record.runs
        )

    def was_hidden(self, visit_id: str, since: datetime, until: datetime) -> bool:
        return any(outage.hides(visit_id, since, until) for outage in self.record.outages)

    def was_lost(self, at: datetime) -> bool:
        """Returns whether the store forgot what was sent at an instant, because it was put back: only the gateway knows of it."""
        return any(back.copied <= at <= back.at for back in self.record.put_back)

    def owed(self) -> Iterator[tuple[Visit, Person, datetime]]:
        """Gives the visits that the practice may rely on: with the person, and the instant at which sending was planned.

        They stood as they are when their day was prepared, and until they began; their person can be written to, is alive and wants it.
        Where each patient is reminded once a day: the first of the day, from the next preparing on after it became that.
        """
        for visit in self.ended():
            since = self.stands_since(visit)
            day = visit.start.date() - timedelta(days=1)
            if since > at(day, PREPARED_AT) or at(day, PREPARED_AT) < self.record.starts:
                continue
            first_since = self._first_since(visit) if self.record.one_per_day else since
            if first_since is None:
                continue
            while at(day, PREPARED_AT) < first_since + UNDER_WAY:
                day += timedelta(days=1)
            prepared, planned = at(day, PREPARED_AT), at(day, SENT_AT)
            hidden = [one for one in self.record.outages if one.missing is not None and one.hides(visit.id, prepared, planned + A_RUN)]
            if planned < visit.at and not any(one.hides(visit.id, prepared, prepared + A_RUN / 2) for one in hidden):
                yield visit, self.agenda.person(visit.person), max([planned, *(one.ends for one in hidden)])

    def ended(self) -> Iterator[Visit]:
        """Gives the visits that took place, as they were then: those of people who are alive and want messages."""
        for visit_id in self.agenda.visit_ids:
            last = self.agenda.visit(visit_id)
            if last is None or last.at >= self.record.ends or not last.stands:
                continue
            person = self.agenda.person(last.person, last.at)
            if not (person.dead or person.opted_out):
                yield last

    def stands_since(self, visit: Visit) -> datetime:
        """Returns since when a visit stands for the same person at the same start."""
        return _since(self.agenda, visit, lambda one: one.stands and (one.person, one.start) == (visit.person, visit.start))

    def with_this_doctor_since(self, visit: Visit) -> datetime:
        return _since(self.agenda, visit, lambda one: one.doctor == visit.doctor)

    def _first_since(self, visit: Visit) -> datetime | None:
        """Returns since when a visit is the first of its person's on its day; None: it is not."""
        since = self.stands_since(visit)
        for other_id in self.agenda.ever_of(visit.person):
            for _begin, end, one in self.agenda.spans(other_id):
                is_that_day = one.person == visit.person and one.stands and one.start.date() == visit.start.date()
                if is_that_day and one.start < visit.start and other_id != visit.id:
                    if end >= min(one.at, visit.at):
                        return None
                    since = max(since, end)
        return since


def _since(agenda: Agenda, visit: Visit, holds: Callable[[Visit], bool]) -> datetime:
    """Returns from which instant on something holds of a visit without a break until the end of its history."""
    history = agenda.visit_history(visit.id)
    return min((noted for noted, _one in takewhile(lambda one: holds(one[1]), reversed(history))), default=history[-1][0])


def never_twice(evidence: Evidence) -> Iterator[Violation]:
    """Nobody is reminded of the same appointment and start twice, nor told the same change twice, nor both at once; nor greeted twice."""
    seen: dict[tuple[str, datetime | int, datetime | None], Taken] = {}
    latest: dict[tuple[str, datetime | int], Taken] = {}
    for one in evidence.told:
        what = one.person.id, one.start or one.at.astimezone(ZURICH).year
        before = seen.get((*what, one.words.former)) or (latest[what] if what in latest and one.at - latest[what].at < AT_ONCE else None)
        if before is not None:
            named = f"the appointment of {one.start:%d.%m. %H:%M}" if one.start else "the birthday"
            first = before.at.astimezone(ZURICH)
            said = f"{_name(one.person)} was told {named} again, first at {first:%d.%m. %H:%M:%S}"
            yield _violation("never twice", evidence, one.at, said)
        seen.setdefault((*what, one.words.former), one.taken)
        latest[what] = one.taken


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
        if not any(visit.start == one.start and visit.stands for visit in [*known, *now]):
            yield _violation(
                "never of nothing", evidence, one.taken.at, f"{_name(one.person)} was told {one.start:%d.%m. %H:%M}, where there is nothing"
            )
        elif one.start.replace(tzinfo=ZURICH) < one.taken.at:
            yield _violation(
                "never of nothing", evidence, one.taken.at, f"{_name(one.person)} was told {one.start:%d.%m. %H:%M}, which had begun"
            )


def no_silence(evidence: Evidence) -> Iterator[Violation]:
    """Every appointment that stood when its day was prepared is told then, as soon as the world allowed; or is on the call list.

    That it was told long before, because it was moved to there, is no reminder; of what the store forgot nobody knows when it was said.
    """
    for visit, person, planned in evidence.owed():
        reminded = evidence.reminders.get((person.id, visit.start), ())
        earliest = at(visit.start.date() - timedelta(days=1), QUIET[1])
        told = [one for one in reminded if one.at < visit.at and (earliest <= one.at or evidence.was_lost(one.at))]
        allowed = evidence.record.hindrances.next_free(planned, PROMPT[person.channel], person.way)
        late = allowed is not None and allowed < visit.at and (not told or told[0].at > allowed)
        if (told and not late) or evidence.was_seen(visit.id, earliest, visit.at - CALLABLE):
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


def nobody_comes_in_vain(evidence: Evidence) -> Iterator[Violation]:
    """Who comes when told to is expected, or the practice knew in time: from the call list, of what is gone from the log."""
    for (person_id, visit_id), words in evidence.words.items():
        for told in {word.start: word for word in words}.values():
            comes = _instant(told.start)
            before = comes - timedelta(seconds=1)
            person = evidence.agenda.person(person_id, before)
            visit = evidence.agenda.visit(visit_id, before)
            if comes >= evidence.record.ends or person.dead or person.opted_out or visit is None or evidence.was_lost(told.at):
                continue
            believes = evidence.last_word(person_id, visit_id, comes)
            if believes is None or believes.start != told.start or _is_as_told(visit, told):
                continue
            is_moved = visit.stands and visit.person == person_id
            expected = _is_as_told if is_moved else _is_still_expected
            since = max(_ended_at(evidence, visit_id, told, before, expected), believes.at) + UNDER_WAY
            if is_moved and visit.at < comes:
                continue  # whoever misses it is another rule's
            if evidence.was_seen(visit_id, since - UNDER_WAY, comes - CALLABLE):
                continue
            if is_moved:
                is_broken = evidence.could_know(since, comes - CALLABLE, person)
                what = f"the appointment is at {visit.start:%d.%m. %H:%M}"
            else:
                rows = evidence.rows.get((person_id, told.start), ()) if told.start else ()
                is_broken = _could_be_told(evidence, visit, since, comes) and not any(row >= since - UNDER_WAY for row in rows)
                what = f"the appointment is gone: {visit}"
            if is_broken:
                changed = (since - UNDER_WAY).astimezone(ZURICH)
                said = f"{_name(person)} was last told {told.start:%d.%m. %H:%M}; {what}, since {changed:%d.%m. %H:%M:%S}"
                yield _violation("nobody comes in vain", evidence, comes, said)


def last_word_is_true(evidence: Evidence) -> Iterator[Violation]:
    """What somebody was told last about a visit that takes place is when and with whom it is, or it was on the call list in time.

    Who comes too early, because it was moved to later, hears it then; that he comes in vain is another rule's.
    """
    for visit in evidence.ended():
        told = evidence.last_word(visit.person, visit.id, visit.at)
        others = evidence.told_people.get(visit.id, set()) - {visit.person}
        if not is_working_day(visit.start.date()) or (told is None and not others):
            continue
        if told is not None and told.start == visit.start and told.words.doctor in ("", visit.doctor):
            continue
        if told is not None and told.start is not None and told.start < visit.start:
            continue
        right_start = told is not None and told.start == visit.start
        if right_start and told is not None and evidence.was_lost(told.at):
            continue  # who knows of it from the gateway does not know which doctor it named
        if told is None and any(evidence.was_lost(word.at) for one in others for word in evidence.words[one, visit.id]):
            continue  # nor to whom it went
        since = evidence.with_this_doctor_since(visit) if right_start else evidence.stands_since(visit)
        deadline = visit.at - CALLABLE
        person = evidence.agenda.person(visit.person)
        if evidence.was_seen(visit.id, since, deadline) or not evidence.could_know(since + UNDER_WAY, deadline, person):
            continue
        last = f"was last told {told.start:%d.%m. %H:%M} with {told.words.doctor}" if told else f"was told nothing, but {sorted(others)}"
        is_so = f"the appointment is at {visit.start:%d.%m. %H:%M} with {visit.doctor} since {since.astimezone(ZURICH):%d.%m. %H:%M:%S}"
        yield _violation("last word is true", evidence, visit.at, f"{_name(person)} {last}; {is_so}")


def what_comes_late_is_counted(evidence: Evidence) -> Iterator[Violation]:
    """Who was booked after the day was prepared, and was told nothing, is counted by the next run of preparing."""
    for visit in evidence.ended():
        since = evidence.stands_since(visit)
        day = visit.start.date()
        prepared = at(day - timedelta(days=1), PREPARED_AT)
        person = evidence.agenda.person(visit.person)
        if since <= prepared + A_RUN or prepared < evidence.record.starts or evidence.told_people.get(visit.id):
            continue
        if any(notice.person == visit.person and notice.start == visit.start for notice in evidence.record.notices):
            continue
        if evidence.record.one_per_day or evidence.was_seen(visit.id, since, visit.at) or not (person.mobile or person.email):
            continue
        runs = [run for run in evidence.record.runs if run.job == PREPARING and run.succeeded and since + UNDER_WAY <= run.at < visit.at]
        seen = [run for run in runs if not evidence.was_hidden(visit.id, run.at - A_RUN, run.at)]
        if seen and not any(run.skipped.get(BOOKED_AFTERWARDS) for run in seen):
            booked = since.astimezone(ZURICH)
            said = f"{_name(person)}, {visit.start:%d.%m. %H:%M}, booked {booked:%d.%m. %H:%M}: told nothing, counted by no run"
            yield _violation("what comes late is counted", evidence, visit.at, said)


def who_can_not_leaves_it(evidence: Evidence) -> Iterator[Violation]:
    """A computer that lacks its passwords leaves sending to one that has them."""
    for begun, name, other in evidence.record.begun_unable:
        said = f"{name} began to send without its passwords, though {other} has them"
        yield _violation("who can not leaves it", evidence, begun, said)


def other_versions_stop(evidence: Evidence) -> Iterator[Violation]:
    """A computer whose program has another version than the tables begins nothing, and says so."""
    for begun, name in evidence.record.begun_outdated:
        yield _violation("other versions stop", evidence, begun, f"{name} began a run, and its program has another version than the tables")
    for since, name in evidence.record.silent_outdated:
        yield _violation("other versions stop", evidence, since, f"{name} did not say that its program has another version")


def _could_be_told(evidence: Evidence, visit: Visit, since: datetime, comes: datetime) -> bool:
    """Returns whether the log had to say that a visit is gone, or of one that is missing the call list in the last hours."""
    if not visit.deleted:
        return evidence.was_compared(visit.id, since, comes)
    looked = evidence.could_look(max(since, comes - LAST_HOURS), comes - CALLABLE)
    return looked or evidence.was_compared(visit.id, since, comes - BELIEVED - A_RUN)


def _is_as_told(visit: Visit, told: Told) -> bool:
    return visit.stands and visit.person == told.person.id and visit.start == told.start


def _is_still_expected(visit: Visit, told: Told) -> bool:
    return visit.stands and visit.person == told.person.id


def _ended_at(evidence: Evidence, visit_id: str, told: Told, until: datetime, holds: Callable[[Visit, Told], bool]) -> datetime:
    """Returns since when something of a visit and of what was told about it does not hold, where it does not at an instant."""
    since = until
    for begin, _end, one in reversed(evidence.agenda.spans(visit_id)):
        if begin <= until:
            if holds(one, told):
                break
            since = begin
    return since


def _instant(local: datetime | None) -> datetime:
    assert local is not None, "a greeting names no appointment"
    return local.replace(tzinfo=ZURICH).astimezone(UTC)


Rule = Callable[[Evidence], Iterator[Violation]]

RULES: Mapping[str, Rule] = {
    "never twice": never_twice,
    "never at night": never_at_night,
    "never unwanted": never_unwanted,
    "never of nothing": never_of_nothing,
    "no silence": no_silence,
    "failures are known": failures_are_known,
    "nobody comes in vain": nobody_comes_in_vain,
    "last word is true": last_word_is_true,
    "what comes late is counted": what_comes_late_is_counted,
    "who can not leaves it": who_can_not_leaves_it,
    "other versions stop": other_versions_stop,
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
