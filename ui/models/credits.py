"""The window *Credits*: how each account stands, how long it lasts, and its balance over time as a chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from zoneinfo import ZoneInfo

from tray_agent.i18n import N_, _, format_date, format_number, join_words, ngettext
from tray_agent.messages.outbox.model import AccountCredits, BalancePoint
from ui.models.words import local_text

FEW_DAYS = 7
"""A balance that lasts no longer is told before it is below the minimum."""

PERIODS = (30, 90, 365)
"""Days that the chart can show."""

_STEPS = (1, 2, 5)
_LINES = 5
"""About so many lines across the chart."""


class CreditState(Enum):
    """How an account stands; the values are the words, source texts."""

    GOOD = N_("ausreichend")
    SOON = N_("bald aufgebraucht")
    LOW = N_("unter Mindestbestand")
    EMPTY = N_("aufgebraucht")
    UNKNOWN = N_("nie abgefragt")


def credits_text(amount: Decimal) -> str:
    """Returns an amount with its unit: "1 Credit", "2.5 Credits"."""
    number = int(amount) if amount == int(amount) else 2
    return ngettext("{amount} Credit", "{amount} Credits", number).format(amount=format_number(amount))


def segments_text(number: int, cost: Decimal) -> str:
    """Returns of how many segments an SMS is, and what it costs."""
    sentence = ngettext("{number} SMS-Segment, {cost}.", "{number} SMS-Segmente, {cost}.", number)
    return sentence.format(number=number, cost=credits_text(cost))


def state_of(account: AccountCredits) -> CreditState:
    """Returns how an account stands, the worst first."""
    if account.balance is None:
        return CreditState.UNKNOWN
    if account.balance <= 0:
        return CreditState.EMPTY
    if account.below_minimum:
        return CreditState.LOW
    soon = account.days_left is not None and account.days_left <= FEW_DAYS
    return CreditState.SOON if soon else CreditState.GOOD


def state_word(account: AccountCredits) -> str:
    """Returns the word for how an account stands."""
    return _(state_of(account).value)


def balance_text(account: AccountCredits) -> str:
    """Returns the balance as people write it, or a dash."""
    return "–" if account.balance is None else format_number(account.balance)


def use_text(account: AccountCredits) -> str:
    """Returns the use per day, or a dash where there is too little to tell."""
    return "–" if account.use_per_day is None else format_number(account.use_per_day.quantize(Decimal("0.1")))


def days_text(account: AccountCredits) -> str:
    """Returns how long the balance lasts at the present use."""
    if account.days_left is None:
        return "–"
    if account.days_left == 0:
        return _("weniger als 1 Tag")
    return ngettext("{days} Tag", "{days} Tage", account.days_left).format(days=format_number(account.days_left))


_WORST_FIRST = (CreditState.EMPTY, CreditState.LOW, CreditState.SOON, CreditState.UNKNOWN, CreditState.GOOD)


def worst(accounts: Sequence[AccountCredits]) -> int:
    """Returns the place of the account that needs somebody most; the first of those that stand alike."""
    return min(range(len(accounts)), key=lambda place: _WORST_FIRST.index(state_of(accounts[place])))


def advice(account: AccountCredits) -> str:
    """Returns what an account's state means and what to do now."""
    match state_of(account):
        case CreditState.UNKNOWN:
            return _("{name}: Das Guthaben wurde noch nie abgefragt. «Jetzt abfragen» fragt den SMS-Gateway.").format(name=account.name)
        case CreditState.EMPTY:
            return _("{name}: Das Guthaben ist aufgebraucht, es werden keine SMS mehr versendet. Guthaben aufladen.").format(
                name=account.name
            )
        case CreditState.LOW:
            sentence = _(
                "{name}: Das Guthaben liegt unter dem Mindestbestand. Guthaben aufladen, sonst werden bald keine SMS mehr versendet."
            )
            return sentence.format(name=account.name)
        case CreditState.SOON:
            sentence = _("{name}: Bei gleichem Verbrauch reicht das Guthaben noch {days}. Guthaben aufladen.")
            return sentence.format(name=account.name, days=days_text(account))
        case CreditState.GOOD:
            return ""


def not_answered(before: Sequence[AccountCredits], after: Sequence[AccountCredits]) -> str:
    """Returns which accounts told nothing when asked, or ""."""
    known = {account.mandants: account.measured_at for account in before}
    silent = [account.name for account in after if account.measured_at is None or account.measured_at == known.get(account.mandants)]
    if not silent:
        return ""
    return _("Keine Antwort für {names}; gezeigt wird der letzte bekannte Stand.").format(names=join_words(silent))


# The chart


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale: where, from 0 to 1 (left to right, bottom to top), and its figure."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A balance on the chart.

    Attributes:
        x, y: its place, from 0 to 1: left to right, bottom to top.
        sentence: what is said of it: "132 Credits am 23.11.2026 10:20".
    """

    x: float
    y: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The balance of an account over time, ready to be painted.

    Attributes:
        minimum: where the line of the minimum lies, 0 to 1, or None where none is set.
        description: the same in words.
    """

    points: tuple[ChartPoint, ...]
    across: tuple[Tick, ...]
    down: tuple[Tick, ...]
    minimum: float | None
    minimum_label: str
    description: str


def chart_of(account: AccountCredits, now: datetime, days: int, zone: ZoneInfo) -> Chart:
    """Returns the chart of the last days.

    Args:
        account: with its history.
        now: the right end, aware.
        days: from the left end to the right one.
        zone: of the dates.
    """
    start = now - timedelta(days=days)
    shown = [point for point in account.history if start <= point.measured_at]
    highest = max([Decimal(account.minimum), Decimal(1), *(point.balance for point in shown)])
    step = _step(highest)
    top = step * (int(highest / step) + 1)
    points = tuple(_point(point, start, days, top, zone) for point in shown)
    return Chart(
        points=points,
        across=tuple(Tick(float(value / top), format_number(value)) for value in (step * number for number in range(int(top / step) + 1))),
        down=tuple(_dates(start, days, zone)),
        minimum=float(account.minimum / top) if account.minimum else None,
        minimum_label=_minimum_text(account),
        description=_describe(account, shown, days, zone),
    )


def _step(highest: Decimal) -> Decimal:
    """Returns a round distance between lines: 1, 2 or 5 times a power of ten, whole credits."""
    power = Decimal(1)
    while True:
        for step in _STEPS:
            if highest / (step * power) <= _LINES:
                return step * power
        power *= 10


def _point(point: BalancePoint, start: datetime, days: int, top: Decimal, zone: ZoneInfo) -> ChartPoint:
    x = min(1.0, (point.measured_at - start) / timedelta(days=days))  # a server's clock may be ahead of this machine's
    return ChartPoint(x, float(max(point.balance, Decimal(0)) / top), _point_text(point, zone))


def _dates(start: datetime, days: int, zone: ZoneInfo) -> list[Tick]:
    """Returns five dates across the chart."""
    return [Tick(number / 4, format_date((start + timedelta(days=days) * number / 4).astimezone(zone).date())) for number in range(5)]


def _describe(account: AccountCredits, shown: Sequence[BalancePoint], days: int, zone: ZoneInfo) -> str:
    title = ngettext("Guthaben {name}, letzter {days} Tag:", "Guthaben {name}, letzte {days} Tage:", days).format(
        name=account.name, days=days
    )
    if not shown:
        return " ".join((title, _("in dieser Zeit nie abgefragt.")))
    first, last = shown[0], shown[-1]
    lowest = min(shown, key=lambda point: point.balance)
    if len(shown) == 1:
        return f"{title} {_point_text(last, zone)}; {_minimum_text(account)}."
    sentence = _("{first}, {last}; tiefster Stand {lowest}; {minimum}.")
    values = {"first": _point_text(first, zone), "last": _point_text(last, zone), "lowest": _point_text(lowest, zone)}
    return f"{title} {sentence.format(**values, minimum=_minimum_text(account))}"


def _minimum_text(account: AccountCredits) -> str:
    return _("Mindestbestand {minimum}").format(minimum=format_number(account.minimum))


def _point_text(point: BalancePoint, zone: ZoneInfo) -> str:
    return _("{balance} am {when}").format(when=local_text(point.measured_at, zone), balance=credits_text(point.balance))
