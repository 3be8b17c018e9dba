"""What the judge is given: the agenda, what the world took, what people could see, and when the world let anything through."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.simulation.agenda import ZURICH, Agenda
from tests.simulation.product import Asked, Notice, Ran, Reminder, Taken


@dataclass(frozen=True, slots=True)
class Glance:
    """The call list as somebody at the telephone saw it."""

    at: datetime
    listed: frozenset[Reminder]


@dataclass(frozen=True, slots=True)
class Outage:
    """A time in which the practice's views did not hold what is true.

    Attributes:
        missing: the appointments that the views lacked; None: they lacked all.
    """

    begins: datetime
    ends: datetime
    missing: frozenset[str] | None

    def hides(self, visit_id: str, since: datetime, until: datetime) -> bool:
        """Returns whether an appointment was missing at any time between two instants."""
        return self.begins < until and since < self.ends and (self.missing is None or visit_id in self.missing)


@dataclass(frozen=True, slots=True)
class PutBack:
    """That the store was put back.

    Attributes:
        copied: when the copy was made.
        at: when it took the store's place.
    """

    copied: datetime
    at: datetime


class Hindrances:
    """When something stood in the way of sending: nothing can be asked of the product while the world itself is not able."""

    def __init__(self) -> None:
        self._standing: dict[str, int] = defaultdict(int)
        self._changes: list[tuple[datetime, frozenset[str]]] = []

    def begin(self, now: datetime, what: str) -> None:
        self._standing[what] += 1
        self._note(now)

    def end(self, now: datetime, what: str) -> None:
        self._standing[what] -= 1
        self._note(now)

    def next_free(self, since: datetime, lasting: timedelta, way: str) -> datetime | None:
        """Returns the end of the first free time of this length from an instant on, or None where none is known.

        Args:
            since: from when on.
            lasting: how long nothing may stand in the way.
            way: the channel and the Mandant: "sms M1".
        """
        free_since: datetime | None = None
        begins = max(bisect_right([at for at, _what in self._changes], since) - 1, 0)
        for at, what in self._changes[begins:]:
            if free_since is not None and at - free_since >= lasting:
                return free_since + lasting
            hindered = any(_concerns(one, way) for one in what)
            free_since = None if hindered else (free_since or max(at, since))
        return free_since + lasting if free_since is not None else None

    def _note(self, now: datetime) -> None:
        self._changes.append((now, frozenset(what for what, count in self._standing.items() if count > 0)))


def _concerns(what: str, way: str) -> bool:
    """Returns whether a hindrance concerns a way: "sms M1: …" only that account, "sms: …" that channel, everything else all."""
    word, colon, _rest = what.partition(": ")
    return not colon or f"{way} ".startswith(f"{word} ")


@dataclass(slots=True)
class Record:
    """Everything about one simulated practice.

    Attributes:
        starts, ends: of the simulated time.
        one_per_day: whether the practice reminds each patient of the first appointment of a day only.
        glances: in the order of time; only in working hours, only where somebody could look.
        asked: what somebody was asked to decide, each time it was seen.
        notices: of the activity log, as far as they are about appointments.
        runs: in the order in which they ended.
        story: what happened, line by line.
        requests: what was asked of the SMS gateway: when, and by which account.
        inquiries: of these what asked about deliveries.
        begun_unable: when a computer without passwords began to send, which, and which other could have.
        told_unable: when it was told that no computer can do a job.
        begun_outdated: when a computer whose program has another version than the tables began a run, and which.
        silent_outdated: when a computer had not said for minutes that its program has another version, and which.
    """

    seed: int
    starts: datetime
    ends: datetime
    agenda: Agenda = field(default_factory=Agenda)
    taken: list[Taken] = field(default_factory=list)
    one_per_day: bool = False
    glances: list[Glance] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    runs: list[Ran] = field(default_factory=list)
    outages: list[Outage] = field(default_factory=list)
    put_back: list[PutBack] = field(default_factory=list)
    hindrances: Hindrances = field(default_factory=Hindrances)
    story: list[tuple[datetime, str, str]] = field(default_factory=list)
    requests: list[tuple[datetime, str]] = field(default_factory=list)
    inquiries: list[tuple[datetime, str]] = field(default_factory=list)
    begun_unable: list[tuple[datetime, str, str]] = field(default_factory=list)
    told_unable: list[datetime] = field(default_factory=list)
    begun_outdated: list[tuple[datetime, str]] = field(default_factory=list)
    silent_outdated: list[tuple[datetime, str]] = field(default_factory=list)

    def most_inquiries(self, within: timedelta) -> int:
        """Returns how often one account was asked about deliveries at the most in any time of this length."""
        most = 0
        for account in {account for _at, account in self.inquiries}:
            times = [at for at, of_account in self.inquiries if of_account == account]
            most = max([most, *(bisect_left(times, at + within) - number for number, at in enumerate(times))])
        return most

    def about(self, person_id: str) -> list[str]:
        """Returns what was true of somebody's visits, and what was told and seen of it, in lines."""
        person, visits = self.agenda.person(person_id), self.agenda.ever_of(person_id)
        lines = [(noted, "is true", str(one)) for visit in visits for noted, one in self.agenda.visit_history(visit)]
        lines += [(one.at, "was told", one.text) for one in self.taken if one.recipient == person.address]
        lines += [(one.at, "the log", f"{one.reason} {one.start:%d.%m. %H:%M}") for one in self.notices if one.person == person_id]
        for visit in visits:
            lines += [(one.at, "call list", str(start)) for one in self.glances for listed, start in one.listed if listed == visit]
            lines += [(one.at, "question", one.kind) for one in self.asked if visit in one.about]
        return _in_lines(sorted(lines))

    def told(self) -> list[str]:
        """Returns the story in lines, by the practice's clock."""
        return _in_lines(self.story)


def _in_lines(story: list[tuple[datetime, str, str]]) -> list[str]:
    return [f"{at.astimezone(ZURICH):%a %d.%m. %H:%M:%S}  {who:9} {what}" for at, who, what in story]
