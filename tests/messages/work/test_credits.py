"""The credits: asked before a batch, kept over time, warned of before they run out."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import World
from tray_agent.config import settings as switches
from tray_agent.errors import UnavailableError
from tray_agent.messages.gateways.contract import GatewayUnavailableError
from tray_agent.messages.outbox.model import AccountCredits
from tray_agent.messages.work.credits import low_sentence
from tray_agent.protocol.model import Level


def test_the_balance_is_kept_over_time_on_every_engine(every_world: World) -> None:
    world = every_world
    for balance in ("120.5", "119", "80.25"):
        world.gateway.set_balance(Decimal(balance))
        world.service.refresh_credits()
        world.clock.advance(timedelta(days=1))
    (account,) = world.service.credits()
    assert [point.balance for point in account.history] == [Decimal("120.5"), Decimal(119), Decimal("80.25")]
    assert (account.balance, account.name, account.mandants) == (Decimal("80.25"), "Dr. Meier", ("M1",))
    (short,) = world.service.credits(history_days=1)
    assert (short.balance, len(short.history)) == (Decimal("80.25"), 0)


def test_below_the_minimum_a_run_warns_with_the_days_left_at_the_present_use(world: World) -> None:
    world.add_patients(40)
    world.prepare()
    world.gateway.set_balance(Decimal(85))
    world.send()
    world.clock.advance(timedelta(days=4))
    world.service.refresh_credits()
    (account,) = world.service.low_credits()
    assert (account.balance, account.minimum, account.use_per_day, account.days_left) == (Decimal(45), 50, Decimal(10), 4)


def test_the_warning_is_told_once_a_run_and_counts_what_the_run_spent(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.gateway.set_balance(Decimal(50))
    world.send()
    (warning,) = [activity for activity in world.activities if activity.level is Level.WARNING]
    assert warning.reason == "credits_low"
    assert "49" in warning.sentence
    assert world.service.credits()[0].balance == Decimal(49)


@pytest.mark.parametrize(
    ("balance", "days", "said"),
    [
        (43, None, "noch 43 Credits (Mindestbestand 50). Guthaben aufladen, sonst"),
        (43, 0, "nicht einmal mehr für einen Tag. Guthaben aufladen, sonst"), (43, 1, "noch für etwa 1 Tag. Guthaben"),
        (43, 4, "noch für etwa 4 Tage. Guthaben"), (0, 0, "(Mindestbestand 50). Es werden keine SMS mehr versendet, bis"),
        (-3, None, "Es werden keine SMS mehr versendet, bis"),
    ],
)  # fmt: skip
def test_the_warning_says_how_long_it_lasts(balance: int, days: int | None, said: str) -> None:
    account = AccountCredits(("M1",), "Dr. Meier", Decimal(balance), None, 50, days_left=days, below_minimum=True)
    assert said in low_sentence(account)


@pytest.mark.parametrize(("check", "minimum", "low"), [(True, 50, 1), (True, 49, 0), (True, 0, 0), (False, 50, 0)])
def test_the_switches_decide_when_to_warn(world: World, check: bool, minimum: int, low: int) -> None:
    world.values |= {switches.CHECK_CREDITS: check, switches.LEAST_CREDITS: minimum}
    world.gateway.set_balance(Decimal(49))
    world.service.refresh_credits()
    assert len(world.service.low_credits()) == low


def test_before_the_first_answer_nothing_is_known_and_nobody_is_warned(world: World) -> None:
    (account,) = world.service.credits()
    assert (account.balance, account.days_left, account.below_minimum) == (None, None, False)


class Silent(MemorySmsGateway):
    """Never tells its balance."""

    def balance(self) -> Decimal:
        raise GatewayUnavailableError("Keine Antwort", "Das Gateway antwortet nicht.")


def test_an_account_that_answers_lets_sending_go_on_and_a_top_up_ends_its_warning(every_world: World) -> None:
    world = every_world
    world.gateway.set_balance(Decimal(0))
    world.service.refresh_credits()
    assert (world.hastened, len(world.service.low_credits())) == (1, 1)
    world.gateway.set_balance(Decimal(500))
    world.service.refresh_credits()
    assert (world.hastened, len(world.service.low_credits())) == (2, 0)
    for mandant in world.sms:
        world.sms[mandant] = Silent()
    with pytest.raises(UnavailableError):
        world.service.refresh_credits()
    assert world.hastened == 2


def test_a_gateway_that_does_not_answer_leaves_what_is_known(world: World) -> None:
    world.service.refresh_credits()
    world.sms["M1"] = Silent()
    with pytest.raises(UnavailableError):
        world.service.refresh_credits()
    assert world.service.credits()[0].balance == Decimal(1000)
    world.sms["M2"] = MemorySmsGateway(Decimal(7))
    silent, told = world.service.refresh_credits()
    assert (silent.balance, told.balance) == (Decimal(1000), Decimal(7))
    assert "Das Gateway antwortet nicht." in silent.problem
    assert told.problem == ""
    assert [account.problem for account in world.service.credits()] == ["", ""]


def test_without_a_balance_nothing_is_sent_and_it_is_tried_again_in_the_same_run(world: World) -> None:
    asked: list[int] = []

    class Late(MemorySmsGateway):
        def balance(self) -> Decimal:
            asked.append(1)
            if len(asked) < 3:
                raise GatewayUnavailableError("Keine Antwort", "Das Gateway antwortet nicht.")
            return super().balance()

    world.sms["M1"] = Late()
    world.book_appointment()
    world.prepare()
    began = world.clock.now()
    world.send()
    assert world.states() == ["submitted"]
    assert world.clock.now() - began >= timedelta(seconds=60)
