"""The prepaid credits: kept over time, how long they last at the present use, and when to warn."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, func, insert, select

from tray_agent.config.settings import CHECK_CREDITS, LEAST_CREDITS, Settings
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_number, join_words, ngettext
from tray_agent.messages.model import Channel
from tray_agent.messages.outbox.model import AccountCredits, BalancePoint
from tray_agent.messages.work.parts import MessageParts, SmsAccounts
from tray_agent.messages.work.tally import told
from tray_agent.practice.model import Mandant
from tray_agent.protocol.model import Activity, Level
from tray_agent.store.tables import credit_balance, message

USE_OVER = timedelta(days=30)
"""The present use is what was sent in this time."""

SHORTEST_USE = timedelta(days=1)
"""What was sent for the first time a moment ago counts as a day's use."""

LOW = "credits_low"
"""The reason under which the activity log tells of a balance below the minimum."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account at the gateway and the Mandants it is charged for; the first stands for it in the table of balances."""

    name: str
    mandants: tuple[str, ...]

    @property
    def keeper(self) -> str:
        """Returns the Mandant under whose id balances are kept."""
        return self.mandants[0]


def accounts_of(sms: SmsAccounts) -> tuple[Account, ...]:
    """Returns the accounts of the configuration, each with its Mandants in order."""
    mandants: dict[str, list[str]] = {}
    for mandant_id in sorted(sms):
        mandants.setdefault(sms.account(mandant_id), []).append(mandant_id)
    return tuple(Account(name, tuple(ids)) for name, ids in mandants.items())


def keep_balance(connection: Connection, account: Account, balance: Decimal, now: datetime) -> None:
    """Keeps a balance that a gateway told, in the caller's transaction."""
    connection.execute(insert(credit_balance).values(mandant_id=account.keeper, measured_at=now, balance=balance))


def ask_balances(parts: MessageParts, names: Container[str] | None = None) -> Mapping[Account, KnownError]:
    """Asks the gateways, keeps what they tell, and returns by account why one told nothing.

    Args:
        parts: what to work with.
        names: only the accounts of these names; None: all.

    Raises:
        DatabaseUnavailableError: no connection to the store.
    """
    errors: dict[Account, KnownError] = {}
    for account in accounts_of(parts.sms):
        if names is not None and account.name not in names:
            continue
        try:
            balance = parts.sms[account.keeper].balance()
        except KnownError as error:
            errors[account] = error
            continue
        _keep_now(parts, account, balance)
    return errors


def _keep_now(parts: MessageParts, account: Account, balance: Decimal) -> None:
    parts.database.transact(lambda connection: keep_balance(connection, account, balance, parts.database.now(connection)))


def credits_of(connection: Connection, parts: MessageParts, settings: Settings, now: datetime, history: timedelta) -> list[AccountCredits]:
    """Returns the credits of all accounts as last told, with the history of the given time before ``now``."""
    mandants = parts.practice.mandants()
    return [_judged(_read(connection, account, mandants, now, history), settings) for account in accounts_of(parts.sms)]


def low_activity(account: AccountCredits) -> Activity:
    """Returns the row of the activity log that tells of a balance below the minimum."""
    return told(Level.WARNING, LOW, low_sentence(account), item=account.mandants[0])


def low_sentence(account: AccountCredits) -> str:
    """Returns what a balance below the minimum means and what to do, in the language in force."""
    said = _("Guthaben {name}: noch {balance} Credits (Mindestbestand {minimum}).").format(
        name=account.name, balance=format_number(account.balance or Decimal(0)), minimum=format_number(account.minimum)
    )
    if account.balance is not None and account.balance <= 0:
        return f"{said} " + _("Es werden keine SMS mehr versendet, bis das Guthaben aufgeladen ist.")
    return f"{said} {_lasts(account.days_left)}" + _("Guthaben aufladen, sonst werden keine SMS mehr versendet.")


def _lasts(days: int | None) -> str:
    if days is None:
        return ""
    if days == 0:
        return _("Das reicht voraussichtlich nicht einmal mehr für einen Tag.") + " "
    return ngettext("Das reicht noch für etwa {days} Tag.", "Das reicht noch für etwa {days} Tage.", days).format(days=days) + " "


def _read(connection: Connection, account: Account, mandants: Mapping[str, Mandant], now: datetime, history: timedelta) -> AccountCredits:
    rows = connection.execute(
        select(credit_balance.c.measured_at, credit_balance.c.balance)
        .where(credit_balance.c.mandant_id == account.keeper, credit_balance.c.measured_at > now - history)
        .order_by(credit_balance.c.measured_at, credit_balance.c.id)
    )
    points = tuple(BalancePoint(row.measured_at, row.balance) for row in rows)
    newest = points[-1] if points else _newest(connection, account)
    use = _use_per_day(connection, account, now)
    balance = newest.balance if newest else None
    return AccountCredits(
        mandants=account.mandants,
        name=join_words([mandants[one].name if one in mandants else one for one in account.mandants]),
        balance=balance,
        measured_at=newest.measured_at if newest else None,
        minimum=0,
        use_per_day=use,
        days_left=int(max(balance, Decimal(0)) / use) if use and balance is not None else None,
        history=points,
    )


def _judged(account: AccountCredits, settings: Settings) -> AccountCredits:
    minimum = settings.number(LEAST_CREDITS)
    below = settings.yes(CHECK_CREDITS) and account.balance is not None and account.balance < minimum
    return replace(account, minimum=minimum, below_minimum=below)


def _newest(connection: Connection, account: Account) -> BalancePoint | None:
    row = connection.execute(
        select(credit_balance.c.measured_at, credit_balance.c.balance)
        .where(credit_balance.c.mandant_id == account.keeper)
        .order_by(credit_balance.c.measured_at.desc(), credit_balance.c.id.desc())
        .limit(1)
    ).first()
    return BalancePoint(row.measured_at, row.balance) if row else None


def _use_per_day(connection: Connection, account: Account, now: datetime) -> Decimal | None:
    """Returns what the account's messages cost a day; counted from what was sent, so that no top-up hides it."""
    used, first = connection.execute(
        select(func.sum(message.c.cost), func.min(message.c.submitted_at)).where(
            message.c.channel == Channel.SMS.value,
            message.c.mandant_id.in_(account.mandants),
            message.c.submitted_at > now - USE_OVER,
        )
    ).one()
    if not used or first is None:
        return None
    days = Decimal(max(now - first, SHORTEST_USE) / timedelta(days=1))
    return Decimal(used / days).quantize(Decimal("0.01"))
