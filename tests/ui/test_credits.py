"""The window *Credits*: state as icon and word, days left, the chart and its words, asking the gateways."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PyQt6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import MEIER, Accounts
from tests.practice.memory_source import MemoryPracticeSource
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.settings import LEAST_CREDITS
from tray_agent.messages.gateways.contract import GatewayUnavailableError
from tray_agent.messages.outbox.model import AccountCredits, BalancePoint
from tray_agent.practice.model import Mandant
from ui.dialogs.balance_chart import BalanceChart
from ui.dialogs.credits import CreditsDialog
from ui.look.tokens import tokens
from ui.models.credits import (
    CreditState,
    advice,
    chart_of,
    credits_text,
    days_text,
    not_answered,
    state_of,
    state_word,
    use_text,
    worst,
)
from ui.models.words import local_text
from ui.windows import DialogContext

ZURICH = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HUBER = Mandant("M2", "Dr. Huber")


def account(balance: int | None = 132, **values: object) -> AccountCredits:
    known = AccountCredits(("M1",), "Dr. Meier", None if balance is None else Decimal(balance), NOW if balance is not None else None, 50)
    return replace(known, **values)  # type: ignore[arg-type]  # the fields of the dataclass


def history(*balances: int, days: int = 10) -> tuple[BalancePoint, ...]:
    """Returns balances a given number of days apart, the last one now."""
    return tuple(BalancePoint(NOW - timedelta(days=days * (len(balances) - 1 - n)), Decimal(value)) for n, value in enumerate(balances))


@pytest.mark.parametrize(
    ("known", "state", "word"),
    [
        (account(), CreditState.GOOD, "ausreichend"),
        (account(days_left=8), CreditState.GOOD, "ausreichend"),
        (account(days_left=7), CreditState.SOON, "bald aufgebraucht"),
        (account(40, below_minimum=True, days_left=3), CreditState.LOW, "unter Mindestbestand"),
        (account(0, below_minimum=True), CreditState.EMPTY, "aufgebraucht"),
        (account(-2), CreditState.EMPTY, "aufgebraucht"),
        (account(None), CreditState.UNKNOWN, "nie abgefragt"),
    ],
)
def test_how_an_account_stands(known: AccountCredits, state: CreditState, word: str) -> None:
    assert (state_of(known), state_word(known)) == (state, word)
    assert (advice(known) == "") == (state is CreditState.GOOD)


def test_the_account_that_needs_somebody_most_is_chosen_first() -> None:
    assert worst([account(), account(40, below_minimum=True), account(0), account(0)]) == 2
    assert worst([account(), account(None), account()]) == 1


def test_what_the_columns_say() -> None:
    known = account(days_left=12, use_per_day=Decimal("10.96"))
    assert (use_text(known), days_text(known), local_text(known.measured_at, ZURICH)) == ("11", "12 Tage", "23.11.2026 10:00")
    assert days_text(account(days_left=1)) == "1 Tag"
    assert days_text(account(days_left=0)) == "weniger als 1 Tag"
    assert (use_text(account()), days_text(account()), local_text(account(None).measured_at, ZURICH, "–")) == ("–", "–", "–")


@pytest.mark.parametrize(("amount", "told"), [("0", "0 Credits"), ("1", "1 Credit"), ("1.5", "1.5 Credits"), ("1200", "1’200 Credits")])
def test_credits_have_their_plural(amount: str, told: str) -> None:
    assert credits_text(Decimal(amount)) == told


def test_the_chart_has_scale_dates_minimum_and_words() -> None:
    chart = chart_of(account(history=history(320, 100, 132)), NOW, 90, ZURICH)
    assert [tick.label for tick in chart.across] == ["0", "100", "200", "300", "400"]
    assert [tick.label for tick in chart.down] == ["25.08.2026", "16.09.2026", "09.10.2026", "31.10.2026", "23.11.2026"]
    assert chart.minimum == pytest.approx(50 / 400)
    assert [point.x for point in chart.points] == pytest.approx([70 / 90, 80 / 90, 1.0])
    assert [point.y for point in chart.points] == pytest.approx([0.8, 0.25, 0.33])
    assert chart.description == (
        "Guthaben Dr. Meier, letzte 90 Tage: 320 Credits am 03.11.2026 10:00, 132 Credits am 23.11.2026 10:00; "
        "tiefster Stand 100 Credits am 13.11.2026 10:00; Mindestbestand 50."
    )


def test_a_chart_of_one_balance_or_none_says_so() -> None:
    assert chart_of(account(history=history(1)), NOW, 30, ZURICH).description == (
        "Guthaben Dr. Meier, letzte 30 Tage: 1 Credit am 23.11.2026 10:00; Mindestbestand 50."
    )
    empty = chart_of(account(), NOW, 30, ZURICH)
    assert (empty.points, empty.description) == ((), "Guthaben Dr. Meier, letzte 30 Tage: in dieser Zeit nie abgefragt.")


def test_a_servers_clock_ahead_of_ours_loses_no_balance() -> None:
    ahead = (BalancePoint(NOW + timedelta(minutes=5), Decimal(70)),)
    [point] = chart_of(account(history=ahead), NOW, 30, ZURICH).points
    assert point.x == 1.0


@given(st.lists(st.decimals(min_value=-50, max_value=10**7, places=2), max_size=20), st.integers(0, 10**6))
def test_every_point_and_line_lies_within_the_chart(balances: list[Decimal], minimum: int) -> None:
    points = tuple(BalancePoint(NOW - timedelta(days=number), balance) for number, balance in enumerate(balances))
    chart = chart_of(account(history=points, minimum=minimum), NOW, 30, ZURICH)
    assert all(0 <= point.x <= 1 and 0 <= point.y <= 1 for point in chart.points)
    assert chart.minimum is None or 0 <= chart.minimum < 1
    assert 2 <= len(chart.across) <= 7
    assert chart.across[0].place == 0
    assert chart.across[-1].place == 1


def test_who_did_not_answer_is_named() -> None:
    before = [account(), account(mandants=("M2",), name="Dr. Huber")]
    after = [account(measured_at=NOW + timedelta(minutes=1)), before[1]]
    assert not_answered(before, after) == "Keine Antwort für Dr. Huber; gezeigt wird der letzte bekannte Stand."
    assert not_answered(before, [after[0]]) == ""
    assert "Dr. Meier" in not_answered([], [account(None)])


# The window


@pytest.fixture
def gateways(agent: Agent, clock: ManualClock) -> Accounts:
    """Returns two accounts: Dr. Meier's and Dr. Huber's."""
    accounts = Accounts({"M1": MemorySmsGateway(balance=Decimal(40)), "M2": MemorySmsGateway(balance=Decimal(200))})
    agent.__dict__["practice"] = MemoryPracticeSource([MEIER, HUBER])
    agent.__dict__["sms_gateways"] = accounts
    agent.settings.save({LEAST_CREDITS: 50}, changed_by="test")
    return accounts


@pytest.fixture
def dialog(qtbot: QtBot, context: DialogContext, gateways: Accounts) -> CreditsDialog:
    dialog = CreditsDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: context.background.idle)
    return dialog


def cells(dialog: CreditsDialog, row: int) -> list[str]:
    return [dialog.list.index(row, column).data() for column in range(dialog.list.columnCount())]


def test_opening_asks_no_gateway(dialog: CreditsDialog) -> None:
    assert cells(dialog, 0) == ["Dr. Meier", "nie abgefragt", "–", "50", "–", "–", "–"]
    assert "noch nie abgefragt" in dialog._advice.text


def test_asking_now_shows_the_balances_and_what_to_do(qtbot: QtBot, dialog: CreditsDialog) -> None:
    dialog.ask_now()
    qtbot.waitUntil(lambda: not dialog.is_busy)
    assert cells(dialog, 0)[:3] == ["Dr. Meier", "unter Mindestbestand", "40"]
    assert cells(dialog, 1)[:3] == ["Dr. Huber", "ausreichend", "200"]
    assert dialog._advice.text.startswith("Dr. Meier: Das Guthaben liegt unter dem Mindestbestand.")
    assert dialog.chart.chart is not None
    assert dialog.chart.accessibleDescription() == dialog._description.text() != ""
    assert dialog.banner.text == ""


def test_another_account_has_its_own_chart(qtbot: QtBot, dialog: CreditsDialog) -> None:
    dialog.ask_now()
    qtbot.waitUntil(lambda: not dialog.is_busy)
    dialog.table.selectRow(1)
    assert "Dr. Huber" in dialog._description.text()
    dialog.period.setCurrentIndex(2)
    qtbot.waitUntil(lambda: dialog.context.background.idle)
    assert "Dr. Huber, letzte 365 Tage" in dialog._description.text()


def test_one_that_does_not_answer_is_told_beside_those_that_do(
    qtbot: QtBot, dialog: CreditsDialog, gateways: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways["M2"], "balance", _away)
    dialog.ask_now()
    qtbot.waitUntil(lambda: not dialog.is_busy)
    assert cells(dialog, 0)[2] == "40"
    assert "Keine Antwort für Dr. Huber" in dialog.banner.text


def test_when_none_answers_the_error_stands_in_the_window(
    qtbot: QtBot, dialog: CreditsDialog, gateways: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for gateway in gateways.values():
        monkeypatch.setattr(gateway, "balance", _away)
    dialog.ask_now()
    qtbot.waitUntil(lambda: not dialog.is_busy and dialog.context.background.idle)
    assert "Gateway nicht erreichbar" in dialog.banner.text
    assert dialog.list.rowCount() == 2


def test_without_an_account_the_table_says_where_to_enter_one(qtbot: QtBot, context: DialogContext) -> None:
    context.agent.__dict__["practice"] = MemoryPracticeSource([MEIER])
    dialog = CreditsDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: context.background.idle)
    assert dialog.table.message.startswith("Es ist kein SMS-Konto eingerichtet.")


def test_the_chart_tells_the_balance_under_the_mouse(qtbot: QtBot) -> None:
    widget = BalanceChart()
    qtbot.addWidget(widget)
    widget.resize(600, 300)
    widget.show_chart(chart_of(account(history=history(320, 100, 132)), NOW, 90, ZURICH))
    assert widget.chart is not None
    place = widget.place_of(widget.chart.points[1])
    assert widget.tooltip_at(place) == "100 Credits am 13.11.2026 10:00"
    assert widget.tooltip_at(QPointF(place.x() + 30, place.y())) == ""
    picture = widget.grab().toImage()
    assert picture.pixelColor(round(place.x()), round(place.y())).name() == tokens().accent.name()


def _away() -> Decimal:
    raise GatewayUnavailableError("Gateway nicht erreichbar", "Der SMS-Gateway antwortet nicht.", "Später noch einmal versuchen.")
