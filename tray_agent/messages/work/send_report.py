"""What a run of sending tells the practice: what holds accounts up, credits that run low, the run in a sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tray_agent.config.settings import Settings
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_datetime, join_words, ngettext
from tray_agent.messages.outbox.entries import Change
from tray_agent.messages.outbox.model import OutboxMessage
from tray_agent.messages.outbox.states import Step
from tray_agent.messages.rules.reasons import Reason, Weight
from tray_agent.messages.words import said_of
from tray_agent.messages.work.credits import accounts_of, credits_of, low_activity
from tray_agent.messages.work.lanes import Lane
from tray_agent.messages.work.outcomes import row
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.tally import Tally, told
from tray_agent.protocol.model import Activity, Level

PUT_OFF = "put_off"
"""The reason under which the activity log tells of what the gateway did not take now."""


def held_up(parts: MessageParts, lanes: Iterable[Lane], put_off: Mapping[tuple[Lane, str], int]) -> Iterator[Activity]:
    """Gives one row for each reason that somebody should know, for which a lane or one Mandant in it keeps messages.

    Args:
        parts: what to work with.
        lanes: of the run.
        put_off: by lane and reason, how many messages the gateway did not take now, so that they stay for a later run.
    """
    for (lane, sentence), number in put_off.items():
        said = ngettext("{number} Mitteilung aufgeschoben", "{number} Mitteilungen aufgeschoben", number).format(number=number)
        yield told(Level.WARNING, PUT_OFF, said_of(f"{said} ({_whose(parts, lane)})", sentence), item=lane.name)
    for lane in lanes:
        for stop, number in Counter(lane.held.values()).items():
            if stop.ordinary:
                continue
            said = ngettext("{number} Mitteilung nicht versendet", "{number} Mitteilungen nicht versendet", number).format(number=number)
            about = said if stop.mandant_id else f"{said} ({_whose(parts, lane)})"  # a refused sender says itself whose it is
            yield told(Level.ERROR, stop.reason, said_of(about, stop.sentence), item=stop.mandant_id or lane.name)


def reasons_told(lanes: Iterable[Lane], put_off: Iterable[tuple[Lane, str]]) -> list[str]:
    """Returns what keeps messages back, each sentence once; quiet hours too."""
    stops = (stop.sentence for lane in lanes for stop in lane.held.values())
    return list(dict.fromkeys([*(sentence for _lane, sentence in put_off), *stops]))


def low_credits(parts: MessageParts, settings: Settings, asked: Collection[str], now: datetime) -> list[Activity]:
    """Returns one row for each account below the minimum, of those that were asked in this run."""
    if not asked:
        return []
    with parts.database.read() as connection:
        accounts = credits_of(connection, parts, settings, now, timedelta())
    keepers = {account.keeper for account in accounts_of(parts.sms) if account.name in asked}
    return [low_activity(account) for account in accounts if account.below_minimum and account.mandants[0] in keepers]


def ended(parts: MessageParts, message: OutboxMessage, change: Change) -> Activity:
    """Returns the row about a message that no longer applies, or can't be sent any more; a warning where the practice can mend why."""
    rejected, reason = change.step is Step.REJECT, str(change.values["reason"])
    said = _("nicht gesendet.") if rejected else _("storniert, nichts gesendet.")
    ended_as = Level.ERROR if rejected else Level.WARNING if is_problem(change) else Level.INFO
    return row(parts, ended_as, reason, message, f"{said} {change.values['sentence']}")


def is_problem(change: Change) -> bool:
    """Returns whether somebody should look at why a message ended: it can't be sent, or the practice's data are to be mended."""
    return change.step is Step.REJECT or change.values["reason"] in _TO_MEND


_TO_MEND = frozenset(reason.value for reason in Reason if reason.weight is Weight.TO_FIX)


@dataclass(frozen=True, slots=True)
class Left:
    """What a run leaves behind.

    Attributes:
        prepared: messages that stay prepared.
        doubtful: messages of which nobody knows yet whether they left.
        why: sentences about what kept messages back, each once.
    """

    prepared: int
    doubtful: int
    why: Sequence[str] = ()


def run_sentence(parts: MessageParts, tally: Tally, left: Left) -> str:
    """Returns the run in a few sentences: what was sent, what became of the others, what is still to come and when."""
    counts = tally.counts
    sent, moved, cancelled, failed = counts["sent"], counts["moved"], counts["cancelled"], counts["errors"] + counts["refused"]
    told_of = (
        (sent, ngettext("{number} Mitteilung gesendet.", "{number} Mitteilungen gesendet.", sent)),
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
    said = [sentence.format(number=number) for number, sentence in told_of if number]
    if not said:
        return _("Es war nichts zu senden.")
    if left.prepared or left.doubtful:
        said += [*_why(left), *_next_try(parts)]
    return " ".join(said if sent else [_("Keine Mitteilung gesendet."), *said])


def _why(left: Left) -> Iterator[str]:
    if len(left.why) > 1:
        yield _("Die Gründe stehen unter «Aktivitäten/Fehler».")
    elif left.why:
        yield _("Grund: {why}").format(why=left.why[0])


def _next_try(parts: MessageParts) -> Iterator[str]:
    try:
        next_at = parts.next_sending()
    except KnownError:  # what was sent counts; when it goes on can be looked up later
        return
    if next_at is None:
        yield _("«Mitteilungen senden» hat keinen Zeitplan, der noch läuft: Zeitplan anlegen oder den Auftrag von Hand ausführen.")
    else:
        yield _("Nächster Versuch: {when}.").format(when=format_datetime(parts.local(next_at)))


def _whose(parts: MessageParts, lane: Lane) -> str:
    """Returns the names of the Mandants whose messages go through a lane."""
    if lane.is_mail:
        return _("E-Mail")
    names = {mandant.id: mandant.name for mandant in parts.practice.mandants().values()}
    charged = [one for account in accounts_of(parts.sms) if account.name == lane.name for one in account.mandants]
    return join_words([names.get(one, one) for one in charged or [lane.name]])
