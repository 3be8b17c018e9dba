"""What a run of sending tells the practice: what holds accounts up, credits that run low, the run in a sentence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from tray_agent.config.settings import Settings
from tray_agent.i18n import _, format_datetime, join_texts, join_words, ngettext
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.contract import JobResult
from tray_agent.jobs.owed import Rest, is_same_day
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.words import with_subject
from tray_agent.messages.work.credits import accounts_of, ask_balances, credits_of, low_activity
from tray_agent.messages.work.lane import Lane, Stop
from tray_agent.messages.work.lanes import Kept, Lanes, PutOff
from tray_agent.messages.work.left import Left, Planned
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import Counted, MessageRun, activity
from tray_agent.protocol.model import Activity, Level

FOLLOWED_AFTER = timedelta(minutes=5)
"""So long after it was handed over a gateway is first asked what became of an SMS."""

SOON = timedelta(minutes=15)
"""An attempt within this time is told without the hour: the engine may make it earlier or later by minutes."""

Delayed: TypeAlias = Mapping[tuple[Lane, str], Sequence[PutOff]]
"""By lane and reason, the messages that the gateway did not take now, so that they stay for a later run."""


def report(run: MessageRun, lanes: Lanes, settings: Settings, left: Left, now: datetime) -> JobResult:
    """Tells once what holds accounts up, warns of low credits, and returns what the run did."""
    _ask_what_is_left(run, lanes)
    put_off = _put_off(run, lanes)
    stops = _stops(lanes)
    activities = [*_held_up(run.parts, put_off, stops), *_unexplained(left)]
    if activities or run.tally.counts[Counted.SENT]:  # an attempt that found nothing new says nothing again
        activities += _low_credits(run.parts, settings, lanes, now)
    if activities:
        run.context.log(*activities)
    run.tally.problems += len(put_off) + len(stops) + (left.unexplained > 0)
    run.tally.skipped.update(kept.reason for kept in lanes.kept.values())
    by_themselves = dict.fromkeys(kept.reason for kept in lanes.kept.values() if kept.stop is None)
    why = [
        *(sentence for _lane, sentence in put_off),
        *(kept.stop.sentence for kept in lanes.kept.values() if kept.stop),
        *(join_texts(Reason(reason).sentence, Reason(reason).advice) for reason in by_themselves),
        *left.why,
    ]
    result = run.tally.result(_sentence(run, left, list(dict.fromkeys(why)), now))  # each once; quiet hours too
    makes_due = {JobKey.UPDATE_STATUS: now + FOLLOWED_AFTER} if _handed_over(run) else {}
    return replace(result, rest=left.rest, makes_due=makes_due)


def _handed_over(run: MessageRun) -> bool:
    """Returns whether an SMS was handed over of which nobody asked yet what became of it; also by a run that told nothing any more."""
    with run.parts.database.read() as connection:
        mandants = entries.never_followed(connection)
    return any(run.parts.sms_can_be_asked(one) for one in mandants)


def _ask_what_is_left(run: MessageRun, lanes: Lanes) -> None:
    """Asks the accounts that paid for something again: the balance from before would warn a run too late."""
    able = {lane.name for lane in lanes if lane.stop is None} & lanes.asked
    if able and run.tally.counts[Counted.SENT]:
        ask_balances(run.parts, able)


def _put_off(run: MessageRun, lanes: Lanes) -> Delayed:
    """Returns what was put off, has not left since, and is not kept for another reason."""
    with run.parts.database.read() as connection:
        messages = entries.read_messages(connection, lanes.put_off)
    waits = (MessageState.PREPARED, MessageState.IN_DOUBT)
    delayed: dict[tuple[Lane, str], list[PutOff]] = defaultdict(list)
    for one in messages:
        if one.state in waits and one.id not in lanes.kept:
            put_off = lanes.put_off[one.id]
            delayed[put_off.lane, put_off.sentence].append(put_off)
    return delayed


def _stops(lanes: Lanes) -> Mapping[tuple[Lane, Stop], Sequence[Kept]]:
    """Returns what is kept by each stop that somebody should know."""
    stops: dict[tuple[Lane, Stop], list[Kept]] = defaultdict(list)
    for kept in lanes.kept.values():
        if kept.lane is not None and kept.stop is not None and not kept.stop.ordinary:
            stops[kept.lane, kept.stop].append(kept)
    return stops


def _held_up(parts: MessageParts, put_off: Delayed, stops: Mapping[tuple[Lane, Stop], Sequence[Kept]]) -> Iterator[Activity]:
    """Gives one row for each reason that somebody should know, for which a lane or one Mandant in it keeps messages.

    What an earlier run told is not told again by each further attempt.
    """
    for (lane, sentence), delayed in put_off.items():
        if all(one.told for one in delayed):
            continue
        number = len(delayed)
        number_kept = ngettext("{number} Mitteilung aufgeschoben", "{number} Mitteilungen aufgeschoben", number).format(number=number)
        about = join_texts(number_kept, f"({_whose(parts, lane)})")
        yield activity(Level.WARNING, OutboxReason.PUT_OFF, with_subject(about, sentence), lane.name)
    for (held_by, stop), kept in stops.items():
        if all(one.told for one in kept):
            continue
        number = len(kept)
        number_kept = ngettext("{number} Mitteilung nicht versendet", "{number} Mitteilungen nicht versendet", number).format(number=number)
        # A refused sender says itself whose it is.
        about = number_kept if stop.mandant_id else join_texts(number_kept, f"({_whose(parts, held_by)})")
        yield activity(Level.ERROR, stop.reason, with_subject(about, stop.sentence), stop.mandant_id or held_by.name)


def _unexplained(left: Left) -> Iterator[Activity]:
    if left.unexplained:
        yield activity(Level.ERROR, OutboxReason.UNEXPLAINED, _unexplained_sentence(left.unexplained))


def _unexplained_sentence(number: int) -> str:
    sentence = ngettext("{number} Mitteilung blieb ohne Grund liegen.", "{number} Mitteilungen blieben ohne Grund liegen.", number)
    return sentence.format(number=number)


def _low_credits(parts: MessageParts, settings: Settings, lanes: Lanes, now: datetime) -> list[Activity]:
    """Returns one row for each account below the minimum, of those that were asked in this run."""
    if not lanes.asked:
        return []
    with parts.database.read() as connection:
        accounts = credits_of(connection, parts, settings, now, timedelta())
    keepers = {account.keeper for account in accounts_of(parts.sms) if account.name in lanes.asked}
    return [low_activity(account) for account in accounts if account.below_minimum and account.mandants[0] in keepers]


def _sentence(run: MessageRun, left: Left, why: Sequence[str], now: datetime) -> str:
    """Returns the run in a few sentences: what was sent, what is left and why, when it is tried again, for whom that is too late."""
    counts = run.tally.counts
    sent, moved, cancelled = counts[Counted.SENT], counts[Counted.MOVED], counts[Counted.CANCELLED]
    failed, known = counts[Counted.ERRORS] + counts[Counted.REFUSED], counts[Counted.KNOWN_BEFORE]
    numbers = (
        (sent, ngettext("{number} Mitteilung gesendet.", "{number} Mitteilungen gesendet.", sent)),
        (known, ngettext("{number} hatte das SMS-Gateway schon.", "{number} hatte das SMS-Gateway schon.", known)),
        (moved, ngettext("{number} auf den neuen Termin umgeschrieben.", "{number} auf neue Termine umgeschrieben.", moved)),
        (cancelled, ngettext("{number} storniert, da hinfällig.", "{number} storniert, da hinfällig.", cancelled)),
        (failed, ngettext("{number} Patient ist anderweitig zu erinnern.", "{number} Patienten sind anderweitig zu erinnern.", failed)),
        (left.prepared, ngettext("{number} bleibt vorbereitet.", "{number} bleiben vorbereitet.", left.prepared)),
        (
            left.doubtful,
            ngettext(
                "Bei {number} ist noch unklar, ob sie gesendet wurde.",
                "Bei {number} ist noch unklar, ob sie gesendet wurden.",
                left.doubtful,
            ),
        ),
    )
    sentences = [sentence.format(number=number) for number, sentence in numbers if number]
    if not sentences:
        return _("Es war nichts zu senden.")
    if left.unexplained:
        sentences.append(_unexplained_sentence(left.unexplained))
    if left.for_a_person:
        sentences.append(_("Bitte unter «Aktivitäten/Fehler | In der Schwebe» entscheiden, was gesendet wurde."))
    if left.rest:
        sentences += [_why(why), _next_try(run, left.rest, left.planned, now), _too_late(left.rest, left.planned, run.parts)]
    return join_texts("" if sent else _("Keine Mitteilung gesendet."), *sentences)


def _why(why: Sequence[str]) -> str:
    if len(why) > 1:
        return _("Die Gründe stehen unter «Aktivitäten/Fehler».")
    return _("Grund: {why}").format(why=why[0]) if why else ""


def _next_try(run: MessageRun, rest: Rest, planned: Planned, now: datetime) -> str:
    """Returns when what is left is tried again; a run by hand leaves it to the plan, or to the attempt that its job owes from now on."""
    parts, at = run.parts, rest.not_before
    if rest.ordinary and rest.reason == Reason.SWITCHED_OFF:  # nobody waits for that
        return ""
    if planned.known and planned.at is None and run.context.by_hand:
        return no_schedule()
    if run.context.by_hand and planned.at is not None and is_same_day(planned.at, now, parts.zone):
        at = max(at or planned.at, planned.at)
    elif rest.after_change:
        at = at or planned.at
        if at is None:
            return _("Der nächste Versuch folgt, sobald etwas geändert wurde.")
        return _("Der nächste Versuch folgt, sobald etwas geändert wurde, spätestens {when}.").format(when=_when(parts, at))
    if at is None or at - now <= SOON:
        return _("Der nächste Versuch folgt in wenigen Minuten.")
    return _("Nächster Versuch: {when}.").format(when=_when(parts, at))


def _too_late(rest: Rest, planned: Planned, parts: MessageParts) -> str:
    number = rest.at_risk
    if not number:
        return ""
    if rest.ordinary and rest.not_before:
        return ngettext("Für {number} Termin ist das zu spät.", "Für {number} Termine ist das zu spät.", number).format(number=number)
    if planned.at is None:
        sentence = ngettext("Das betrifft {number} Termin.", "Das betrifft {number} Termine.", number)
        return sentence.format(number=number)
    sentence = ngettext(
        "{number} Termin liegt vor dem nächsten geplanten Senden ({when}).",
        "{number} Termine liegen vor dem nächsten geplanten Senden ({when}).",
        number,
    )
    return sentence.format(number=number, when=_when(parts, planned.at))


def _when(parts: MessageParts, at: datetime) -> str:
    return format_datetime(parts.local(at))


def no_schedule() -> str:
    """Returns what it means that sending is not planned."""
    return _("«Mitteilungen senden» hat keinen Zeitplan, der noch läuft: Zeitplan anlegen oder den Auftrag von Hand ausführen.")


def _whose(parts: MessageParts, lane: Lane) -> str:
    """Returns the names of the Mandants whose messages go through a lane."""
    if lane.is_mail:
        return _("E-Mail")
    names = {mandant.id: mandant.name for mandant in parts.practice.mandants().values()}
    charged = [one for account in accounts_of(parts.sms) if account.name == lane.name for one in account.mandants]
    return join_words([names.get(one, one) for one in charged or [lane.name]])
