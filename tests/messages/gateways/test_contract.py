"""What every SMS gateway must do, so that the sending can rely on any of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import pytest

from tests.messages.gateways.conftest import Trial, sms
from tray_agent.messages.gateways.contract import Accepted, AccountFault, AccountStopped, DeliveryStatus, Refused, too_late


def test_takes_a_message_once(trial: Trial) -> None:
    assert trial.gateway.submit(sms("m1")) == Accepted()
    assert trial.taken() == ["m1"]


def test_knows_what_it_took_and_leaves_out_what_it_did_not(trial: Trial) -> None:
    trial.gateway.submit(sms("m1"))

    reports = trial.gateway.inquire(["m1", "m2"])

    assert set(reports) == {"m1"}
    assert reports["m1"].reference == "m1"
    assert reports["m1"].status is DeliveryStatus.DELIVERED


def test_times_of_reports_have_a_zone(trial: Trial) -> None:
    trial.gateway.submit(sms("m1"))
    notified_at = trial.gateway.inquire(["m1"])["m1"].notified_at
    assert notified_at is None or notified_at.tzinfo is not None


def test_is_asked_about_nothing(trial: Trial) -> None:
    assert trial.gateway.inquire([]) == {}


def test_is_asked_about_many(trial: Trial) -> None:
    for number in range(3):
        trial.gateway.submit(sms(f"m{number}"))
    reports = trial.gateway.inquire([f"m{number}" for number in range(450)])
    assert set(reports) == {"m0", "m1", "m2"}


@pytest.mark.parametrize(
    "text", ["Grüezi Frau Müller", "Rendez-vous: ç ’ … “", "Hallo 😀", "{} [] ~ | € \\ ^", "Zeile 1\nZeile 2", "x" * 700]
)
def test_takes_every_text(trial: Trial, text: str) -> None:
    assert trial.gateway.submit(sms("m1", text=text)) == Accepted()
    assert "m1" in trial.gateway.inquire(["m1"])


def test_many_threads_submit_at_once(trial: Trial) -> None:
    with ThreadPoolExecutor(trial.gateway.capabilities.most_at_once) as pool:
        outcomes = list(pool.map(lambda number: trial.gateway.submit(sms(f"m{number}")), range(60)))
    assert outcomes == [Accepted()] * 60
    assert sorted(trial.taken()) == sorted(f"m{number}" for number in range(60))


def test_has_a_balance(trial: Trial) -> None:
    before = trial.gateway.balance()
    trial.gateway.submit(sms("m1", text="x" * 161))
    after = trial.gateway.balance()
    assert isinstance(before, Decimal)
    assert before - after == (Decimal(2) if trial.set_balance else Decimal(0))


@pytest.mark.parametrize("trial", ["memory", "loopback"], indirect=True)
def test_stops_the_account_without_credits_and_takes_nothing(trial: Trial) -> None:
    assert trial.set_balance is not None
    trial.set_balance(Decimal(1))
    outcome = trial.gateway.submit(sms("m1", text="x" * 161))
    assert isinstance(outcome, AccountStopped)
    assert outcome.fault is AccountFault.CREDITS
    assert trial.taken() == []
    assert trial.gateway.submit(sms("m2")) == Accepted()


def test_can_be_closed_twice_and_used_again(trial: Trial) -> None:
    trial.gateway.close()
    trial.gateway.close()
    assert trial.gateway.submit(sms("m1")) == Accepted()


def test_takes_nothing_that_may_no_longer_leave(trial: Trial) -> None:
    assert trial.gateway.submit(replace(sms("m1"), may_leave=lambda: False)) == too_late()
    assert trial.taken() == []
    assert trial.gateway.submit(replace(sms("m2"), may_leave=lambda: True)) == Accepted()
    assert trial.taken() == ["m2"]


def test_does_not_take_a_message_without_text(trial: Trial) -> None:
    assert isinstance(trial.gateway.submit(sms("m1", text="  ")), Refused)
    assert trial.taken() == []
