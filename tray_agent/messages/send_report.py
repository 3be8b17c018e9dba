"""What a run of sending tells the practice: what holds accounts up, credits that run low, the run in a sentence."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from tray_agent.config.settings import Settings
from tray_agent.i18n import _, join_words, ngettext
from tray_agent.jobs.contract import Activity, Level
from tray_agent.messages.credits import accounts_of, credits_of, low_activity
from tray_agent.messages.entries import OutboxMessage
from tray_agent.messages.lanes import MAIL, Lane
from tray_agent.messages.outbox import Change
from tray_agent.messages.outcomes import row
from tray_agent.messages.parts import MessageParts
from tray_agent.messages.states import Step
from tray_agent.messages.tally import Tally, told


def held_up(parts: MessageParts, lanes: Iterable[Lane]) -> Iterator[Activity]:
    """Gives one row for each lane that keeps messages for a reason that somebody should know."""
    for lane in lanes:
        if lane.stop is None or not lane.held or lane.stop.ordinary:
            continue
        number = len(lane.held)
        said = ngettext("{number} Mitteilung nicht versendet", "{number} Mitteilungen nicht versendet", number).format(number=number)
        yield told(Level.ERROR, lane.stop.reason, f"{said} ({_whose(parts, lane)}): {lane.stop.sentence}", item=lane.name)


def low_credits(parts: MessageParts, settings: Settings, asked: Collection[str], now: datetime) -> list[Activity]:
    """Returns one row for each account below the minimum, of those that were asked in this run."""
    if not asked:
        return []
    with parts.database.read() as connection:
        accounts = credits_of(connection, parts, settings, now, timedelta())
    keepers = {account.keeper for account in accounts_of(parts.sms) if account.name in asked}
    return [low_activity(account) for account in accounts if account.below_minimum and account.mandants[0] in keepers]


def ended(parts: MessageParts, message: OutboxMessage, change: Change) -> Activity:
    """Returns the row about a message that no longer applies, or can't be sent any more."""
    rejected = change.step is Step.REJECT
    said = _("nicht gesendet.") if rejected else _("storniert, nichts gesendet.")
    sentence = f"{said} {change.values['sentence']}"
    return row(parts, Level.ERROR if rejected else Level.INFO, str(change.values["reason"]), message, sentence)


def run_sentence(tally: Tally, kept: int) -> str:
    """Returns the run in a sentence or two."""
    sent = tally.counts["sent"]
    said = ngettext("{number} Mitteilung gesendet.", "{number} Mitteilungen gesendet.", sent).format(number=sent)
    if not kept:
        return said
    stays = ngettext("{number} Mitteilung bleibt vorbereitet.", "{number} Mitteilungen bleiben vorbereitet.", kept).format(number=kept)
    return f"{said} {stays}"


def _whose(parts: MessageParts, lane: Lane) -> str:
    """Returns the names of the Mandants whose messages go through a lane."""
    if lane.name == MAIL:
        return _("E-Mail")
    names = {mandant.id: mandant.name for mandant in parts.practice.mandants().values()}
    charged = [one for account in accounts_of(parts.sms) if account.name == lane.name for one in account.mandants]
    return join_words([names.get(one, one) for one in charged or [lane.name]])
