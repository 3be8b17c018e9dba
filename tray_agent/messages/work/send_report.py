"""What a run of sending tells the practice: what holds accounts up, credits that run low, the run in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from tray_agent.config.settings import Settings
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_datetime, join_texts, join_words, ngettext
from tray_agent.jobs.contract import JobResult
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.messages.words import with_subject
from tray_agent.messages.work.credits import accounts_of, ask_balances, credits_of, low_activity
from tray_agent.messages.work.lane import Lane
from tray_agent.messages.work.lanes import Lanes
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import Counted, MessageRun, activity
from tray_agent.protocol.model import Activity, Level

PutOff: TypeAlias = Mapping[tuple[Lane, str], int]
"""By lane and reason, how many messages the gateway did not take now, so that they stay for a later run."""


def report(run: MessageRun, lanes: Lanes, settings: Settings, now: datetime) -> JobResult:
    """Tells once what holds accounts up, warns of low credits, and returns what the run did."""
    _ask_what_is_left(run, lanes)
    put_off = _put_off(run, lanes)
    problems = list(_held_up(run.parts, lanes, put_off))
    activities = [*problems, *_low_credits(run.parts, settings, lanes, now)]
    if activities:
        run.context.log(*activities)
    run.tally.problems += len(problems)
    run.tally.skipped.update(kept.reason for kept in lanes.kept.values())
    stops = (kept.stop.sentence for kept in lanes.kept.values() if kept.stop)
    why = list(dict.fromkeys([*(sentence for _lane, sentence in put_off), *stops]))  # each once; quiet hours too
    return run.tally.result(_sentence(run, why))


def _ask_what_is_left(run: MessageRun, lanes: Lanes) -> None:
    """Asks the accounts that paid for something again: the balance from before would warn a run too late."""
    able = {lane.name for lane in lanes if lane.stop is None} & lanes.asked
    if able and run.tally.counts[Counted.SENT]:
        ask_balances(run.parts, able)


def _put_off(run: MessageRun, lanes: Lanes) -> PutOff:
    """Counts what was put off, has not left since, and is not kept for another reason."""
    with run.parts.database.read() as connection:
        messages = entries.read_messages(connection, lanes.put_off)
    waits = (MessageState.PREPARED, MessageState.IN_DOUBT)
    return Counter(lanes.put_off[one.id] for one in messages if one.state in waits and one.id not in lanes.kept)


def _held_up(parts: MessageParts, lanes: Lanes, put_off: PutOff) -> Iterator[Activity]:
    """Gives one row for each reason that somebody should know, for which a lane or one Mandant in it keeps messages."""
    for (lane, sentence), number in put_off.items():
        number_kept = ngettext("{number} Mitteilung aufgeschoben", "{number} Mitteilungen aufgeschoben", number).format(number=number)
        about = join_texts(number_kept, f"({_whose(parts, lane)})")
        yield activity(Level.WARNING, OutboxReason.PUT_OFF, with_subject(about, sentence), lane.name)
    stops = Counter((kept.lane, kept.stop) for kept in lanes.kept.values())
    for (held_by, stop), number in stops.items():
        if held_by is None or stop is None or stop.ordinary:
            continue
        number_kept = ngettext("{number} Mitteilung nicht versendet", "{number} Mitteilungen nicht versendet", number).format(number=number)
        # A refused sender says itself whose it is.
        about = number_kept if stop.mandant_id else join_texts(number_kept, f"({_whose(parts, held_by)})")
        yield activity(Level.ERROR, stop.reason, with_subject(about, stop.sentence), stop.mandant_id or held_by.name)


def _low_credits(parts: MessageParts, settings: Settings, lanes: Lanes, now: datetime) -> list[Activity]:
    """Returns one row for each account below the minimum, of those that were asked in this run."""
    if not lanes.asked:
        return []
    with parts.database.read() as connection:
        accounts = credits_of(connection, parts, settings, now, timedelta())
    keepers = {account.keeper for account in accounts_of(parts.sms) if account.name in lanes.asked}
    return [low_activity(account) for account in accounts if account.below_minimum and account.mandants[0] in keepers]


def _sentence(run: MessageRun, why: Sequence[str]) -> str:
    """Returns the run in a few sentences: what was sent, what became of the others, what is still to come and when."""
    with run.parts.database.read() as connection:
        prepared = entries.count(connection, [MessageState.PREPARED])
        doubtful = entries.count(connection, [MessageState.SENDING, MessageState.IN_DOUBT])
    counts = run.tally.counts
    sent, moved, cancelled = counts[Counted.SENT], counts[Counted.MOVED], counts[Counted.CANCELLED]
    failed = counts[Counted.ERRORS] + counts[Counted.REFUSED]
    numbers = (
        (sent, ngettext("{number} Mitteilung gesendet.", "{number} Mitteilungen gesendet.", sent)),
        (moved, ngettext("{number} auf den neuen Termin umgeschrieben.", "{number} auf neue Termine umgeschrieben.", moved)),
        (cancelled, ngettext("{number} storniert, da hinfällig.", "{number} storniert, da hinfällig.", cancelled)),
        (failed, ngettext("{number} Patient ist anderweitig zu erinnern.", "{number} Patienten sind anderweitig zu erinnern.", failed)),
        (prepared, ngettext("{number} bleibt vorbereitet.", "{number} bleiben vorbereitet.", prepared)),
        (
            doubtful,
            ngettext(
                "Bei {number} ist noch unklar, ob sie gesendet wurde.", "Bei {number} ist noch unklar, ob sie gesendet wurden.", doubtful
            ),
        ),
    )
    sentences = [sentence.format(number=number) for number, sentence in numbers if number]
    if not sentences:
        return _("Es war nichts zu senden.")
    if prepared or doubtful:
        sentences += [_why(why), _next_try(run.parts)]
    return join_texts("" if sent else _("Keine Mitteilung gesendet."), *sentences)


def _why(why: Sequence[str]) -> str:
    if len(why) > 1:
        return _("Die Gründe stehen unter «Aktivitäten/Fehler».")
    return _("Grund: {why}").format(why=why[0]) if why else ""


def _next_try(parts: MessageParts) -> str:
    try:
        next_at = parts.next_sending()
    except KnownError:  # what was sent counts; when it goes on can be looked up later
        return ""
    if next_at is None:
        return _("«Mitteilungen senden» hat keinen Zeitplan, der noch läuft: Zeitplan anlegen oder den Auftrag von Hand ausführen.")
    return _("Nächster Versuch: {when}.").format(when=format_datetime(parts.local(next_at)))


def _whose(parts: MessageParts, lane: Lane) -> str:
    """Returns the names of the Mandants whose messages go through a lane."""
    if lane.is_mail:
        return _("E-Mail")
    names = {mandant.id: mandant.name for mandant in parts.practice.mandants().values()}
    charged = [one for account in accounts_of(parts.sms) if account.name == lane.name for one in account.mandants]
    return join_words([names.get(one, one) for one in charged or [lane.name]])
