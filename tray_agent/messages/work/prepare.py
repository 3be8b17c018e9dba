"""Puts a message into the outbox for everybody who is to get one: the jobs ``prepare_reminders`` and ``prepare_birthdays``.

Candidates are streamed from the practice in chunks; what belongs to them is looked up in sets; each is decided purely;
a chunk is written in one transaction with the fence. UNIQUE keys have the last word: whatever else happens, there is one
message per appointment and start, and one per patient and year.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from tray_agent.i18n import _, format_datetime, join_texts, ngettext
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.jobs.owed import Rest, is_same_day
from tray_agent.messages.guards.absent import frees_others, settle_absent
from tray_agent.messages.guards.private import ask_about_private
from tray_agent.messages.guards.views import check_views
from tray_agent.messages.model import MessageState, Standing
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Draft, Known
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.messages.outbox.states import Actor
from tray_agent.messages.rules.eligibility import WRONGLY_INFORMED, NotEligible
from tray_agent.messages.rules.reasons import Reason, Weight
from tray_agent.messages.words import made_up_words, with_subject
from tray_agent.messages.work.comparing import Comparing
from tray_agent.messages.work.coverage import Coverage, MissedGreetings, cover
from tray_agent.messages.work.deciding import Decided, Deciding, Drafting, SaidWords
from tray_agent.messages.work.left import Planned
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.send_report import SOON, no_schedule
from tray_agent.messages.work.steps import Counted, MessageRun, activity, activity_about
from tray_agent.practice.model import name_of
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.faults import is_duplicate_key

Noted: TypeAlias = Mapping[Standing, Sequence[Known]]
"""The messages that stand otherwise to the agenda than before, by how they stand now."""

_OF_ONE = frozenset({Reason.DECEASED_BY_NAME, Reason.START_UNKNOWN, Reason.STATUS_UNKNOWN})
"""What is to be corrected of one patient or appointment alone, so that somebody must know which."""

NAMED = 10
"""So many patients are named in one sentence."""

Entry: TypeAlias = tuple[Known | None, Draft]
"""What is written: a new message, or a new content of one that is known and never left."""


def prepare_reminders(parts: MessageParts, context: JobContext) -> JobResult:
    """Prepares a reminder for every eligible appointment of the search window that the planned time had, and a notice for moved ones.

    Then everything that patients were told about appointments ahead is compared with the agenda.

    A planned time that is caught up later, on the next day even, looks for what it would have looked for; what has begun meanwhile gets
    nothing.

    Raises:
        DatabaseUnavailableError, PracticeDataError: what was written so far stays and is right; the next run goes on.
        RunCancelledError, LeaseLostError: as the context says.
    """
    preparing = _Preparing(MessageRun(parts, context))
    preparing.prepare(Deciding.reminders)
    preparing.compare()
    return preparing.result()


def prepare_birthdays(parts: MessageParts, context: JobContext) -> JobResult:
    """Prepares a greeting for every eligible patient whose birthday is today.

    Raises:
        DatabaseUnavailableError, PracticeDataError: what was written so far stays and is right; the next run goes on.
        RunCancelledError, LeaseLostError: as the context says.
    """
    preparing = _Preparing(MessageRun(parts, context))
    preparing.prepare(Deciding.greetings)
    return preparing.result()


class _Preparing:
    """One run: decides, renders, writes, counts."""

    def __init__(self, run: MessageRun) -> None:
        check_views(run)
        ask_about_private(run)  # it holds sending up: asked early, it can be answered in time
        self._run = run
        self._parts, self._context, self._tally = run.parts, run.context, run.tally
        with self._parts.database.read() as connection:
            now = self._parts.database.now(connection)
            self._newest = entries.newest_number(connection)
        around = self._parts.circumstances(now, self._parts.settings())
        self._coverage = Coverage.read(self._parts.database, self._context.job)
        around = replace(around, planned_on=self._parts.local(self._context.due_at).date())
        self._greets = self._context.job is JobKey.PREPARE_BIRTHDAYS
        self._around = around if self._greets else self._coverage.widened(self._parts, around, self._context.due_at)
        self._drafting = Drafting(self._parts, self._around, now)
        self._missed = MissedGreetings()
        self._to_correct: Counter[tuple[Reason, str]] = Counter()
        self._whose: dict[tuple[Reason, str], list[str]] = {}
        self._planned = Planned.read(self._parts)
        self._begins: Counter[datetime] = Counter()
        self._said = SaidWords(self._drafting)
        self._done = 0
        self._look_again: datetime | None = None

    def prepare(self, candidates: Callable[[Deciding], Iterator[list[Decided]]]) -> None:
        """Decides and writes everybody who is to get a message."""
        for decided in candidates(Deciding(self._drafting, writes=not self._context.dry_run)):
            self._take(decided, {})

    def compare(self) -> None:
        """Compares what patients were told with the agenda, and writes what makes both agree."""
        absent: list[int] = []
        for compared in Comparing(self._drafting, writes=not self._context.dry_run, newest=self._newest).compared():
            self._take(compared.decided, compared.noted)
            absent += compared.absent
        settled = settle_absent(self._run, frozenset(absent), Actor.PREPARING)
        with self._parts.database.read() as connection:
            frees = frees_others(connection, self._parts.settings(), settled.deleted)
        self._look_again = self._drafting.now if frees else settled.look_again  # for whom they stood is decided anew at once

    def _take(self, decided: Sequence[Decided], noted: Noted) -> None:
        self._context.checkpoint()
        written = [entry for one in decided if (entry := self._entry_of(one))]
        if not self._context.dry_run:
            self._write(written, noted)
            self._said.written()
        self._done += len(decided)
        self._context.progress(self._done, None, _("Termine und Geburtstage prüfen"))

    def result(self) -> JobResult:
        """Tells what is to be corrected, and returns what the run did."""
        if self._to_correct and not self._context.dry_run:
            self._context.log(*self._corrections())
        if self._greets:
            self._missed = self._coverage.missed_greetings(self._drafting, self._context.due_at)
        if not self._context.dry_run:
            self._cover()
        result = self._tally.result(self._sentence())
        prepared = self._tally.counts[Counted.PREPARED]
        is_due = prepared > 0 and not self._context.dry_run
        rest = None
        if self._look_again is not None:  # not found once: half an hour later it is known whether that is true, and of whom that frees
            rest = Rest(Reason.APPOINTMENT_MISSING.value, not_before=self._look_again, progressed=True, ordinary=True)
        return replace(result, rest=rest, makes_due={JobKey.SEND_MESSAGES: self._drafting.now} if is_due else {})

    def _cover(self) -> None:
        """Notes which days this run has searched, and tells who was not greeted: in one transaction, so that it is told once."""
        around, due_at = self._around, self._context.due_at
        if not (around.settings.birthdays_on if self._greets else around.settings.reminders_on):  # turned off meanwhile: nobody was found
            return
        days = {around.today} if self._greets else {*around.window.days, *around.made_up}

        def work(connection: Connection) -> None:
            self._context.fence(connection)
            cover(connection, self._context.job, days, due_at, around.today)
            if self._missed.sentence:
                self._context.log(activity(Level.WARNING, Reason.BIRTHDAY_OVER, self._missed.sentence), connection=connection)

        self._parts.database.transact(work)

    def _entry_of(self, one: Decided) -> Entry | None:
        """Counts a decision and returns what is written for it, or None."""
        decision = one.decision
        if isinstance(decision, NotEligible):
            draft = self._refused(one, decision)
        elif one.was_refused:
            self._tally.skipped[OutboxReason.ALREADY_FAILED.value] += 1
            draft = None
        else:
            draft = self._said_once(one, self._drafting.draft(decision, one.patient, one.appointment))
        if draft is None:
            return None
        if draft.said_by is None:
            self._tally.counts[_counted(draft)] += 1
        if draft.state is MessageState.PREPARED and draft.appointment_at is not None:
            self._begins[draft.appointment_at] += 1
        return one.known, draft

    def _refused(self, one: Decided, decision: NotEligible) -> Draft | None:
        if decision.is_problem and one.stands_there:
            self._tally.skipped[OutboxReason.ALREADY_FAILED.value] += 1
            return None
        self._tally.skipped[decision.reason.value] += 1
        self._tally.problems += decision.is_problem
        if decision.reason.weight is Weight.TO_FIX:
            kind = decision.reason, decision.mandant_id or ""
            self._to_correct[kind] += 1
            if decision.reason in _OF_ONE and not decision.entry:
                self._whose.setdefault(kind, []).append(name_of(one.patient, one.patient_id))
        return self._failed(one, decision) if decision.entry else None

    def _failed(self, one: Decided, decision: NotEligible) -> Draft:
        begins = self._drafting.begin_of(one.appointment)
        return Draft(
            kind=decision.kind,
            unique_key=one.key,
            patient_id=one.patient_id,
            patient_name=name_of(one.patient, one.patient_id),
            next_at=self._drafting.now,
            expires_at=begins or self._drafting.end_of_day(),
            state=MessageState.ERROR,
            mandant_id=decision.mandant_id,
            appointment_id=one.appointment.id if one.appointment else None,
            reason=decision.reason.value,
            sentence=decision.explanation,
            appointment_at=begins,
            doctor=(one.appointment.doctor or None) if one.appointment and decision.reason in WRONGLY_INFORMED else None,
        )

    def _said_once(self, one: Decided, draft: Draft) -> Draft | None:
        """Returns a draft, or an entry in its place where the same words go to the same number; None where that entry stands there."""
        said_by = self._said.by(draft)
        if said_by is None:
            return draft
        reason = Reason.SAME_WORDS
        self._tally.skipped[reason.value] += 1
        same = replace(draft, state=MessageState.CANCELLED, reason=reason.value, sentence=reason.sentence, said_by=said_by)
        return same if one.known is None else None

    def _write(self, written: Sequence[Entry], noted: Noted) -> None:
        """Writes a chunk in one transaction; where a key exists by now, one by one: whoever is there already stays."""
        if not (written or noted) or self._transact(written, noted):
            return
        for entry in written:
            if not self._transact([entry], {}) and entry[1].said_by is None:  # counted when it was decided
                self._tally.counts[_counted(entry[1])] -= 1
                self._tally.skipped[Reason.ALREADY_REMINDED.value] += 1
        self._transact([], noted)

    def _transact(self, written: Sequence[Entry], noted: Noted) -> bool:
        """Writes all or nothing; returns False, and writes nothing, where somebody else wrote one of the keys meanwhile."""

        def work(connection: Connection) -> None:
            self._context.fence(connection)
            now = self._parts.database.now(connection)
            new = [draft for known, draft in written if known is None]
            entries.insert_drafts(connection, new, now)
            revived = [draft for known, draft in written if known is not None and entries.revive(connection, known, draft, now)]
            failures = [self._failure(draft) for draft in (*new, *revived) if _is_to_be_called(draft)]
            failures += self._note(connection, noted, now)
            if failures:
                self._context.log(*failures, connection=connection)

        try:
            self._parts.database.transact(work)
        except IntegrityError as error:
            if not is_duplicate_key(error):
                raise
            return False
        return True

    def _note(self, connection: Connection, noted: Noted, now: datetime) -> list[Activity]:
        """Writes how messages stand to the agenda; returns what is to be said of what patients were told and is not true any more."""
        rows = []
        for standing, known in noted.items():
            entries.note_standing(connection, [one.id for one in known], standing, now)
            sentence = self._untrue(standing)
            if sentence:
                told = entries.read_messages(connection, [one.id for one in known if one.told_at])
                level = Level.WARNING if standing is Standing.MOVED else Level.INFO
                rows += [activity_about(self._parts, level, OutboxReason.CANCELLED_AFTER, one, sentence) for one in told]
        return rows

    def _untrue(self, standing: Standing) -> str:
        """Returns what is said of a reminder that is not true any more, where no message puts it right; "" elsewhere."""
        if standing is Standing.CANCELLED:
            return _("Der Termin wurde nach der Erinnerung abgesagt; dem Patienten wird nichts gesendet.")
        if standing is Standing.REASSIGNED:
            return _("Der Termin wurde nach der Erinnerung einem anderen Patienten gegeben; dem erinnerten wird nichts gesendet.")
        if standing is Standing.MOVED and not self._around.settings.repeat_moved:
            return _(
                "Der Termin wurde nach der Erinnerung verschoben; weil VerschobeneErneutErinnern auf Nein steht, wird nichts gesendet."
            )
        return ""

    def _failure(self, draft: Draft) -> Activity:
        sentence = _("keine Erinnerung möglich. {why}").format(why=draft.sentence)
        return activity_about(self._parts, Level.ERROR, draft.reason, draft, sentence)

    def _corrections(self) -> Iterator[Activity]:
        """Tells what the practice can correct, once per reason and Mandant."""
        for (reason, mandant_id), number in self._to_correct.items():
            mandant = self._around.mandants.get(mandant_id)
            whose = mandant.name if mandant else mandant_id
            about = ngettext("{number} Mitteilung nicht aufbereitet", "{number} Mitteilungen nicht aufbereitet", number).format(
                number=number
            )
            why = join_texts(reason.sentence, self._named(self._whose.get((reason, mandant_id), ())), reason.advice)
            sentence = with_subject(join_texts(about, f"({whose})" if whose else ""), why)
            yield activity(Level.ERROR, reason.value, sentence, mandant_id or None)

    def _named(self, names: Sequence[str]) -> str:
        """Returns of whom a correction speaks, as no entry of the outbox does; "" where one does."""
        listed = ", ".join(names[:NAMED])
        more = len(names) - NAMED
        if more > 0:
            return ngettext("Betroffen: {names} und {number} weiterer.", "Betroffen: {names} und {number} weitere.", more).format(
                names=listed, number=more
            )
        return _("Betroffen: {names}.").format(names=listed) if names else ""

    def _sentence(self) -> str:
        prepared, errors = self._tally.counts[Counted.PREPARED], self._tally.counts[Counted.ERRORS]
        failed = ngettext("{number} Patient ist anderweitig zu erinnern.", "{number} Patienten sind anderweitig zu erinnern.", errors)
        done = ngettext("{number} Mitteilung aufbereitet.", "{number} Mitteilungen aufbereitet.", prepared).format(number=prepared)
        return join_texts(
            done if prepared else _("Keine neue Mitteilung aufbereitet."),
            self._when_sent() if prepared and not self._context.dry_run else "",
            failed.format(number=errors) if errors else "",
            made_up_words(sorted(self._around.made_up)),
            self._booked_afterwards(),
            self._missed.sentence,
        )

    def _booked_afterwards(self) -> str:
        number = self._tally.skipped[Reason.BOOKED_AFTERWARDS]
        text = ngettext(
            "{number} Termin wurde erst gebucht oder definitiv, nachdem sein Tag aufbereitet war; er wird nicht erinnert.",
            "{number} Termine wurden erst gebucht oder definitiv, nachdem ihr Tag aufbereitet war; sie werden nicht erinnert.",
            number,
        )
        return text.format(number=number) if number else ""

    def _when_sent(self) -> str:
        """Returns when what was prepared is sent, where it can be told, and for how many that is too late."""
        planned, now = self._planned, self._drafting.now
        if not planned.known:
            return ""
        if planned.at is None:
            return no_schedule()
        if is_same_day(planned.at, now, self._parts.zone):
            return self._sent_at(planned.at)
        at = self._parts.outlook().at  # the last planned time of today gets another attempt
        if at is None:
            return _("Von selbst wird nichts gesendet: «Mitteilungen senden» ist angehalten oder ausgeschaltet.")
        return _("Gesendet wird gleich.") if at - now < SOON else self._sent_at(at)

    def _sent_at(self, at: datetime) -> str:
        late = sum(number for begins, number in self._begins.items() if begins <= at)
        too_late = ngettext("Für {number} Termin ist das zu spät.", "Für {number} Termine ist das zu spät.", late).format(number=late)
        when = _("Gesendet wird am {when}.").format(when=format_datetime(self._parts.local(at)))
        return join_texts(when, too_late if late else "")


def _counted(draft: Draft) -> Counted:
    return Counted.PREPARED if draft.state is MessageState.PREPARED else Counted.ERRORS


def _is_to_be_called(draft: Draft) -> bool:
    return draft.state is MessageState.ERROR and Reason(draft.reason).weight is Weight.CALL_OR_WRITE
