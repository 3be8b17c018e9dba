"""What becomes of a prepared message at the moment of sending, whatever changed since."""

# ruff: noqa: DTZ001 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.messages.scenes import NOW, TOMORROW, Scene, templates
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.rules.eligibility import (
    BirthdayKey,
    Decision,
    Earlier,
    Eligible,
    MessageKey,
    NotEligible,
    ReminderKey,
    recheck_birthday,
    recheck_reminder,
)
from tray_agent.messages.rules.reasons import Reason
from tray_agent.practice.model import AppointmentStatus

REMINDER, BIRTHDAY = KINDS = (MessageKind.REMINDER, MessageKind.BIRTHDAY)


KEY = ReminderKey("A1", TOMORROW)


def recheck(scene: Scene, kind: MessageKind = REMINDER, key: MessageKey | None = None) -> Decision:
    """Rechecks the message that the ordinary scene prepared, in the scene as it is now; its own entry is in the outbox."""
    prepared = key or Scene().key(kind)
    if isinstance(prepared, BirthdayKey):
        return recheck_birthday(prepared, scene.candidate, scene.around)
    own = scene.reminded(TOMORROW)
    return recheck_reminder(prepared, own.candidate, own.around, own.earlier)


def why_no_longer(found: Decision) -> Reason:
    assert isinstance(found, NotEligible), found
    assert not found.may_wait
    return found.reason


def why_waiting(found: Decision) -> Reason:
    assert isinstance(found, NotEligible), found
    assert found.may_wait
    return found.reason


def still_right(found: Decision, key: MessageKey = KEY) -> bool:
    return isinstance(found, Eligible) and found.key == key


@pytest.mark.parametrize("kind", KINDS)
def test_when_nothing_changed_the_text_is_sent_as_it_is(kind: MessageKind) -> None:
    assert recheck(Scene(), kind) == Scene().decide(kind)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s.with_patient(death_date=date(2026, 11, 22)), Reason.DECEASED),
        (lambda s: s.with_patient(opted_out=True), Reason.OPTED_OUT),
        (lambda s: s.with_mandant("M1", licence_valid_until=date(2026, 11, 22)), Reason.LICENCE_EXPIRED),
        (lambda s: s.with_patient(mobile=None), Reason.NO_CONTACT),
        (lambda s: s.but(templates=templates(languages=())), Reason.NO_TEMPLATE),
    ],
)
def test_what_no_longer_applies_is_never_sent(kind: MessageKind, change: Callable[[Scene], Scene], reason: Reason) -> None:
    assert why_no_longer(recheck(change(Scene()), kind)) is reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s.with_appointment(status=AppointmentStatus.CANCELLED), Reason.APPOINTMENT_CANCELLED),
        (lambda s: s.with_appointment(status=AppointmentStatus.PROVISIONAL), Reason.PROVISIONAL),
        (lambda s: s.with_appointment(status=AppointmentStatus.UNKNOWN), Reason.STATUS_UNKNOWN),
        (lambda s: s.but(now=TOMORROW), Reason.APPOINTMENT_BEGUN),
        (lambda s: s.but(now=TOMORROW + timedelta(days=3)), Reason.APPOINTMENT_BEGUN),
    ],
)
def test_what_no_longer_applies_to_the_appointment_is_never_sent(change: Callable[[Scene], Scene], reason: Reason) -> None:
    assert why_no_longer(recheck(change(Scene()))) is reason


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_found_waits_and_is_never_sent(kind: MessageKind) -> None:
    assert why_waiting(recheck(Scene().but(patient=None), kind)) is Reason.PATIENT_MISSING
    assert why_waiting(recheck(Scene().but(appointment=None))) is Reason.APPOINTMENT_MISSING


def test_a_reminder_whose_contact_is_gone_gets_an_entry_and_a_greeting_none() -> None:
    gone = Scene().with_patient(mobile=None)
    reminder, greeting = recheck(gone), recheck(gone, BIRTHDAY)
    assert isinstance(reminder, NotEligible)
    assert reminder.entry
    assert isinstance(greeting, NotEligible)
    assert not greeting.entry


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("change", "changed"),
    [
        (lambda s: s.with_patient(mobile="078 111 22 33"), {"recipient"}),
        (lambda s: s.with_patient(email="a@example.com", preferred_channel="email"), {"channel", "recipient"}),
        (lambda s: s.with_patient(language="fr"), {"language"}),
        (lambda s: s.but(treatment_mandant="M3"), {"mandant_id"}),
    ],
)
def test_what_changed_is_decided_as_it_is_now(kind: MessageKind, change: Callable[[Scene], Scene], changed: set[str]) -> None:
    before, found = Scene().decide(kind), recheck(change(Scene()), kind)
    assert isinstance(found, Eligible)
    names = ("kind", "key", "patient_id", "mandant_id", "channel", "recipient", "language")
    assert {name for name in names if getattr(found, name) != getattr(before, name)} == changed


def test_an_appointment_moved_within_its_day_is_due_under_another_key() -> None:
    found = recheck(Scene().with_appointment(starts_at=TOMORROW.replace(hour=15)))
    assert isinstance(found, Eligible)
    assert found.key == ReminderKey("A1", TOMORROW.replace(hour=15))


def test_an_appointment_moved_to_later_today_is_due_under_another_key() -> None:
    assert still_right(recheck(Scene().with_appointment(starts_at=NOW.replace(hour=16))), ReminderKey("A1", NOW.replace(hour=16)))


def test_an_appointment_moved_into_the_past_is_never_sent() -> None:
    assert why_no_longer(recheck(Scene().with_appointment(starts_at=NOW - timedelta(hours=1)))) is Reason.APPOINTMENT_BEGUN


def test_an_appointment_moved_beyond_the_window_is_left_to_its_own_time() -> None:
    assert why_no_longer(recheck(Scene().with_appointment(starts_at=TOMORROW + timedelta(days=7)))) is Reason.MOVED_AWAY


def test_a_moved_appointment_that_was_prepared_anew_is_not_sent_twice() -> None:
    moved = Scene().with_appointment(starts_at=TOMORROW.replace(hour=15)).reminded(TOMORROW.replace(hour=15))
    assert why_no_longer(recheck(moved)) is Reason.ALREADY_REMINDED


def test_a_moved_appointment_that_was_reminded_is_not_repeated_when_the_switch_was_turned_off_meanwhile() -> None:
    first = Scene().told(TOMORROW.replace(hour=8)).with_settings(repeat_moved=False)
    assert why_no_longer(recheck(first)) is Reason.MOVED_NOT_REPEATED


def test_a_moved_appointment_that_was_never_reminded_is_sent_even_if_moved_ones_are_not_repeated() -> None:
    moved = Scene().with_appointment(starts_at=TOMORROW.replace(hour=15)).with_settings(repeat_moved=False)
    assert still_right(recheck(moved), ReminderKey("A1", TOMORROW.replace(hour=15)))


def test_the_search_window_no_longer_counts_for_what_was_not_moved() -> None:
    """A message that had to wait a night is still due until its appointment begins."""
    assert still_right(recheck(Scene().but(now=TOMORROW - timedelta(minutes=1))))


def test_two_prepared_for_one_day_do_not_forbid_each_other() -> None:
    scene = Scene().with_settings(one_per_day=True).reminded(TOMORROW.replace(hour=8), "A2")
    assert still_right(recheck(scene))


def test_one_moved_into_a_day_with_a_reminder_gives_way() -> None:
    scene = Scene().with_settings(one_per_day=True, search_days=2).reminded(TOMORROW + timedelta(days=1, hours=-2), "A2")
    moved = scene.with_appointment(starts_at=TOMORROW + timedelta(days=1))
    assert why_no_longer(recheck(moved)) is Reason.ANOTHER_THAT_DAY
    assert still_right(recheck(moved.with_settings(one_per_day=False)), ReminderKey("A1", TOMORROW + timedelta(days=1)))


def test_an_appointment_that_was_given_to_another_patient_is_rendered_for_that_one() -> None:
    other = Scene().with_appointment(patient_id="P2").with_patient(id="P2", mobile="078 111 22 33")
    found = recheck(other)
    assert isinstance(found, Eligible)
    assert (found.key, found.patient_id, found.recipient) == (KEY, "P2", "+41781112233")
    first = Scene().with_appointment(patient_id="P2")
    assert why_waiting(recheck(first)) is Reason.PATIENT_MISSING


@pytest.mark.parametrize("kind", KINDS)
def test_a_switch_turned_off_keeps_the_message_for_later(kind: MessageKind) -> None:
    found = recheck(Scene().with_settings(reminders_on=False, birthdays_on=False), kind)
    assert isinstance(found, NotEligible)
    assert found.may_wait
    assert found.reason is Reason.SWITCHED_OFF


@pytest.mark.parametrize("kind", KINDS)
def test_missing_credits_keep_the_message_for_later(kind: MessageKind) -> None:
    found = recheck(Scene().but(credits={"M1": Decimal(0)}), kind)
    assert isinstance(found, NotEligible)
    assert found.may_wait
    assert found.reason is Reason.NO_CREDITS


def test_a_death_wins_over_missing_credits() -> None:
    """What is kept for later is asked again; what is over ends now."""
    scene = Scene().but(credits={"M1": Decimal(0)}).with_patient(death_date=date(2026, 11, 22))
    assert why_no_longer(recheck(scene)) is Reason.DECEASED


def test_a_greeting_is_never_sent_on_another_day() -> None:
    assert why_no_longer(recheck(Scene().but(now=NOW + timedelta(days=1)), BIRTHDAY)) is Reason.BIRTHDAY_OVER
    assert why_no_longer(recheck(Scene().but(now=NOW.replace(year=2027)), BIRTHDAY)) is Reason.BIRTHDAY_OVER


def test_a_corrected_birth_date_ends_the_greeting() -> None:
    assert why_no_longer(recheck(Scene().with_patient(birth_date=date(1980, 3, 1)), BIRTHDAY)) is Reason.BIRTHDAY_OVER


def test_a_greeting_of_29_february_is_sent_on_28_february() -> None:
    scene = Scene(now=datetime(2027, 2, 28, 10)).with_patient(birth_date=date(1980, 2, 29))
    assert still_right(recheck(scene, BIRTHDAY, scene.key(BIRTHDAY)), BirthdayKey("P1", 2027))
    late = scene.but(now=datetime(2027, 3, 1, 10))
    assert why_no_longer(recheck(late, BIRTHDAY, scene.key(BIRTHDAY))) is Reason.BIRTHDAY_OVER


def test_a_move_by_seconds_changes_nothing() -> None:
    assert still_right(recheck(Scene().with_appointment(starts_at=TOMORROW + timedelta(seconds=20))))


def test_without_its_own_entry_among_the_known_the_answer_is_the_same() -> None:
    scene = Scene()
    found = recheck_reminder(KEY, scene.candidate, scene.around, Earlier())
    assert still_right(found)


def test_a_mail_whose_patient_now_prefers_sms_changes_channel() -> None:
    found = recheck(Scene().with_patient(email="a@example.com"))
    assert isinstance(found, Eligible)
    assert found.channel is Channel.SMS
