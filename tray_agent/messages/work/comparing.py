"""Compares what patients were told with the agenda: the second half of every run that prepares reminders (decision record 0019).

Whoever was told is looked at until the appointment has begun, wherever it is now. What differs is noted on the message, and decided anew
where a message or a person can make it agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from tray_agent.messages.model import Standing
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Known
from tray_agent.messages.outbox.keys import start_in
from tray_agent.messages.rules.eligibility import Eligible
from tray_agent.messages.rules.truth import names_another_doctor, start_of, truth_of
from tray_agent.messages.work.deciding import Decided, Deciding, Drafting, is_revivable
from tray_agent.messages.work.steps import CHUNK
from tray_agent.practice.model import Appointment

GONE = frozenset({Standing.CANCELLED, Standing.MOVED, Standing.REASSIGNED, Standing.DELETED})
"""An appointment that is not as it was told is no reason any more to pass over another of that patient and day."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What the comparison of some messages found.

    Attributes:
        decided: what makes the agenda and what was told agree: a message, or an entry for a person.
        noted: the messages that stand otherwise to the agenda than the comparison before found, by how they stand now.
        absent: the numbers of the messages whose appointments were not found.
    """

    decided: Sequence[Decided]
    noted: Mapping[Standing, Sequence[Known]]
    absent: Sequence[int]


class Comparing:
    """Looks at every message whose appointment lies ahead by what its patient was told.

    Args:
        drafting: the moment.
        writes: whether what is decided is written before the next is decided.
        newest: the greatest number of a message that was there before the run; what it prepared itself is as the agenda says. None: all.
    """

    def __init__(self, drafting: Drafting, *, writes: bool, newest: int | None = None) -> None:
        self._newest = newest
        self._parts, self._around, self._now = drafting.parts, drafting.around, drafting.now
        # What was to be told once and was not, or is wrong by now, is decided whether or not its day is searched (still).
        days = (drafting.around.window.first - drafting.around.today).days
        early = {drafting.around.today + timedelta(days=ahead) for ahead in range(max(days, 0))}
        around = replace(drafting.around, made_up=drafting.around.made_up | early, passed=frozenset())
        self._deciding = Deciding(replace(drafting, around=around), writes=writes)
        self._freed: set[tuple[str, date]] = set()

    def compared(self) -> Iterator[Compared]:
        """Gives what was found, in chunks.

        Raises:
            DatabaseUnavailableError, PracticeDataError: the practice or the outbox can't be read.
        """
        for known in self._ahead():
            yield self._compare(known)
        if self._around.settings.one_per_day:
            yield from self._passed_over()

    def _ahead(self) -> Iterator[list[Known]]:
        after: tuple[datetime, int] | None = None
        since = self._now
        if self._around.settings.one_per_day:  # the first of today may be gone though its hour has come
            since = self._parts.instant(datetime.combine(self._around.today, time.min))
        while True:
            with self._parts.database.read() as connection:
                known = entries.known_ahead(connection, since, after, CHUNK, self._newest)
            if not known:
                return
            last = known[-1]
            after = (last.appointment_at or self._now, last.id)
            yield known

    def _compare(self, chunk: Sequence[Known]) -> Compared:
        found = self._parts.practice.appointments({one.appointment_id for one in chunk if one.appointment_id})
        noted: dict[Standing, list[Known]] = {}
        anew: dict[str, Appointment] = {}
        absent = []
        for one in chunk:
            appointment = found.get(one.appointment_id or "")
            truth = truth_of(start_in(one.unique_key), one.patient_id, appointment)
            believed = truth is Standing.ABSENT and one.standing is Standing.DELETED
            if (one.appointment_at or self._now) < self._now:  # nothing is told of it any more
                if truth in GONE or believed:
                    self._freed.add((one.patient_id, start_in(one.unique_key).date()))
                continue
            if truth is Standing.ABSENT:
                absent.append(one.id)
            if truth is not one.standing and not believed:
                noted.setdefault(truth, []).append(one)
            if truth in GONE or believed:
                self._freed.add((one.patient_id, start_in(one.unique_key).date()))
            if appointment is not None and self._asks_anew(one, truth, appointment):
                anew[appointment.id] = appointment
        return Compared(self._decided(anew.values()), noted, absent)

    def _asks_anew(self, known: Known, truth: Standing, appointment: Appointment) -> bool:
        """Returns whether what is known of an appointment is not, or perhaps not, what its patient has to know."""
        if self._around.is_searched(start_of(appointment).date()):
            return False  # decided with all others of its day
        if truth is Standing.AS_TOLD:
            another_doctor = names_another_doctor(known.doctor, appointment)
            return is_revivable(known, known.patient_id) or (another_doctor and known.told_at is not None)
        return truth in (Standing.MOVED, Standing.REASSIGNED)

    def _passed_over(self) -> Iterator[Compared]:
        """Decides the other appointments of patients whose first of the day is gone, which was the reason to pass them over."""
        patients = {patient for patient, _day in self._freed}
        for day in sorted({day for _patient, day in self._freed}):
            if day < self._around.today or self._around.is_searched(day):
                continue
            begin = datetime.combine(day, time.min)
            for appointments in self._parts.practice.appointments_between(begin, begin + timedelta(days=1)):
                others = [one for one in appointments if one.patient_id in patients and (one.patient_id, day) in self._freed]
                yield Compared(self._decided(others), {}, ())

    def _decided(self, appointments: Iterable[Appointment]) -> list[Decided]:
        ordered = sorted(appointments, key=lambda one: (one.starts_at, one.id))
        if not ordered:
            return []
        decided = self._deciding.of_appointments(ordered)
        return [one for one in decided if isinstance(one.decision, Eligible) or _asks_a_person(one)]


def _asks_a_person(one: Decided) -> bool:
    """Returns whether a decision is an entry that does not stand there yet."""
    return not isinstance(one.decision, Eligible) and one.decision.entry and not one.stands_there
