"""The prepaid credits: kept over time, how long they last at the present use, and when to warn."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, func, insert, select

from tray_agent.config.settings import CHECK_CREDITS, LEAST_CREDITS, Settings
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_number, join_texts, join_words, ngettext
from tray_agent.messages.gateways.registry import SmsGateways
from tray_agent.messages.model import Channel
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.listing import ways_to_handed_over
from tray_agent.messages.outbox.model import AccountCredits, BalancePoint, OutboxReason, Span
from tray_agent.messages.work.parts import MessageParts
from tray_agent.messages.work.steps import activity
from tray_agent.practice.model import Mandant
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.tables import credit_balance, message

USE_OVER = timedelta(days=30)
"""The present use is what was sent in this time."""

SHORTEST_USE = timedelta(days=1)
"""What was sent for the first time a moment ago counts as a day's use."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account at the gateway and the Mandants it is charged for; the first stands for it in the table of balances."""

    name: str
    mandants: tuple[str, ...]

    @property
    def keeper(self) -> str:
        """Returns the Mandant under whose id balances are kept."""
        return self.mandants[0]


def accounts_of(sms: SmsGateways) -> tuple[Account, ...]:
    """Returns the accounts of the configuration, each with its Mandants in order."""
    mandants: dict[str, list[str]] = {}
    for mandant_id in sorted(sms):
        mandants.setdefault(sms.account(mandant_id), []).append(mandant_id)
    return tuple(Account(name, tuple(ids)) for name, ids in mandants.items())


def ask_balances(parts: MessageParts, names: Container[str] | None = None) -> Mapping[Account, KnownError]:
    """Asks the gateways, keeps what they tell, and returns by account why one told nothing.

    Args:
        parts: what to work with.
        names: only the accounts of these names; None: all.

    Raises:
        DatabaseUnavailableError: no connection to the store.
    """
    balances: dict[Account, Decimal] = {}
    errors: dict[Account, KnownError] = {}
    for account in accounts_of(parts.sms):
        if names is not None and account.name not in names:
            continue
        try:
            gateway = parts.sms[account.keeper]
            if gateway.capabilities.has_balance:
                balances[account] = gateway.balance()
        except KnownError as error:
            errors[account] = error
    keep_balances(parts, balances)
    return errors


def keep_balances(parts: MessageParts, balances: Mapping[Account, Decimal]) -> None:
    """Keeps balances that gateways told just now; what was refused to these accounts before is due: the password is right."""

    def work(connection: Connection) -> None:
        now = parts.database.now(connection)
        rows = [{"mandant_id": account.keeper, "measured_at": now, "balance": balance} for account, balance in balances.items()]
        connection.execute(insert(credit_balance), rows)
        mandants = [mandant for account in balances for mandant in account.mandants]
        entries.make_due(connection, [OutboxReason.ACCOUNT_REFUSED, OutboxReason.STATUS_UNAVAILABLE], now, mandants)

    if balances:
        parts.database.transact(work)


def credits_of(connection: Connection, parts: MessageParts, settings: Settings, now: datetime, history: timedelta) -> list[AccountCredits]:
    """Returns the credits of all accounts as last told, with the history of the given time before ``now``."""
    return kept_credits(connection, accounts_of(parts.sms), parts.practice.mandants(), settings, now, history)


def kept_credits(
    connection: Connection,
    accounts: Iterable[Account],
    mandants: Mapping[str, Mandant],
    settings: Settings,
    now: datetime,
    history: timedelta = timedelta(0),
) -> list[AccountCredits]:
    """Returns the same of these accounts; one whose Mandant is not among ``mandants`` is named by his id."""
    return [_read(connection, account, mandants, settings, now, history) for account in accounts]


def low_activity(account: AccountCredits) -> Activity:
    """Returns the row of the activity log that tells of a balance below the minimum."""
    return activity(Level.WARNING, OutboxReason.CREDITS_LOW, low_sentence(account), account.mandants[0])


def low_sentence(account: AccountCredits) -> str:
    """Returns what a balance below the minimum means and what to do, in the language in force."""
    sentence = _("Guthaben {name}: noch {balance} Credits (Mindestbestand {minimum}).").format(
        name=account.name, balance=format_number(account.balance or Decimal(0)), minimum=format_number(account.minimum)
    )
    if account.balance is not None and account.balance <= 0:
        return join_texts(sentence, _("Es werden keine SMS mehr versendet, bis das Guthaben aufgeladen ist."))
    return join_texts(sentence, _lasts(account.days_left), _("Guthaben aufladen, sonst werden keine SMS mehr versendet."))


def _lasts(days: int | None) -> str:
    if days is None:
        return ""
    if days == 0:
        return _("Das reicht voraussichtlich nicht einmal mehr für einen Tag.")
    return ngettext("Das reicht noch für etwa {days} Tag.", "Das reicht noch für etwa {days} Tage.", days).format(days=days)


def _read(
    connection: Connection, account: Account, mandants: Mapping[str, Mandant], settings: Settings, now: datetime, history: timedelta
) -> AccountCredits:
    points = select(credit_balance.c.measured_at, credit_balance.c.balance).where(credit_balance.c.mandant_id == account.keeper)
    at, number = credit_balance.c.measured_at, credit_balance.c.id
    newest = connection.execute(points.order_by(at.desc(), number.desc()).limit(1)).first()
    kept = connection.execute(points.where(at > now - history).order_by(at, number)).all() if history else ()
    use, balance, minimum = _use_per_day(connection, account, now), newest.balance if newest else None, settings.number(LEAST_CREDITS)
    return AccountCredits(
        mandants=account.mandants,
        name=join_words([mandants[one].name if one in mandants else one for one in account.mandants]),
        balance=balance,
        measured_at=newest.measured_at if newest else None,
        minimum=minimum,
        use_per_day=use,
        days_left=int(max(balance, Decimal(0)) / use) if use and balance is not None else None,
        below_minimum=settings.yes(CHECK_CREDITS) and balance is not None and balance < minimum,
        history=tuple(BalancePoint(row.measured_at, row.balance) for row in kept),
    )


def _use_per_day(connection: Connection, account: Account, now: datetime) -> Decimal | None:
    """Returns what the account's messages cost a day; counted from what was sent, so that no top-up hides it."""
    when, whose = Span(now - USE_OVER, now), (message.c.channel == Channel.SMS.value, message.c.mandant_id.in_(account.mandants))
    total, first = Decimal(0), None
    for way in ways_to_handed_over(when):
        used = select(func.sum(message.c.cost), func.min(message.c.submitted_at)).where(way, *whose, message.c.submitted_at > when.since)
        cost, earliest = connection.execute(used).one()
        total += cost or 0
        first = min((at for at in (first, earliest) if at), default=None)
    if not total or first is None:
        return None
    days = Decimal(max(now - first, SHORTEST_USE) / timedelta(days=1))
    return Decimal(total / days).quantize(Decimal("0.01"))
