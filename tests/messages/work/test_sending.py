"""Sending: every condition that can change is checked again, and nothing leaves that should not (domain, section 4)."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import ANNA, MEIER, TOMORROW_NINE, World, begin_again, treatment
from tray_agent.clock import ManualClock
from tray_agent.config import settings as switches
from tray_agent.jobs.contract import LeaseLostError, RunCancelledError
from tray_agent.messages.gateways.contract import (
    Accepted,
    AccountFault,
    AccountStopped,
    Capabilities,
    InDoubt,
    NotNow,
    Outcome,
    OutgoingSms,
    Refused,
)
from tray_agent.messages.model import Channel, MessageState
from tray_agent.messages.work.send import send_messages
from tray_agent.practice.model import AppointmentStatus, Patient
from tray_agent.protocol.model import Level
from tray_agent.store.database import Database


@pytest.fixture
def prepared(world: World) -> World:
    """Returns the world with one reminder prepared for tomorrow at 9."""
    world.book_appointment()
    world.prepare()
    assert world.states() == ["prepared"]
    return world


def sent_texts(world: World) -> list[str]:
    return [message.text for message in world.gateway.taken]


def test_a_reminder_is_sent_once_on_every_engine(every_world: World) -> None:
    world = every_world
    world.book_appointment()
    world.prepare()
    assert world.send().counts == {"sent": 1}
    assert world.send().counts == {}
    world.prepare()
    assert world.send().counts == {}
    assert len(world.gateway.taken) == 1
    assert world.states() == ["submitted"]
    assert world.gateway.taken[0].reference == world.only().reference
    assert "24.11.2026, 09:00" in sent_texts(world)[0]


def test_the_intent_is_committed_before_the_message_leaves(prepared: World) -> None:
    seen: list[str] = []

    def look(_message: OutgoingSms) -> Outcome | None:
        seen.append(prepared.only().state.value)
        return None

    prepared.gateway.answer = look
    prepared.send()
    assert seen == ["sending"]


# What changed between preparing and sending


def test_nobody_is_reminded_after_their_death(prepared: World) -> None:
    prepared.change_patient(death_date=date(2026, 11, 22))
    prepared.send()
    assert not prepared.gateway.taken
    assert (prepared.only().state, prepared.only().reason) == (MessageState.CANCELLED, "deceased")


@pytest.mark.parametrize("status", [status for status in AppointmentStatus if status is not AppointmentStatus.DEFINITE])
def test_only_a_definite_appointment_is_reminded_at_the_moment_of_sending(prepared: World, status: AppointmentStatus) -> None:
    prepared.change_appointment(status=status)
    prepared.send()
    assert not prepared.gateway.taken
    assert prepared.only().state is MessageState.CANCELLED


def test_a_deleted_appointment_is_not_reminded(prepared: World) -> None:
    prepared.practice.remove_appointment("A1")
    prepared.send()
    assert not prepared.gateway.taken
    assert prepared.only().reason == "appointment_missing"


def test_a_deleted_patient_is_not_reminded(prepared: World) -> None:
    prepared.practice.remove_patient("P1")
    prepared.send()
    assert not prepared.gateway.taken
    assert prepared.only().reason == "patient_missing"


def test_who_opted_out_meanwhile_gets_nothing(prepared: World) -> None:
    prepared.change_patient(opted_out=True)
    prepared.send()
    assert not prepared.gateway.taken
    assert (prepared.only().state, prepared.only().reason) == (MessageState.CANCELLED, "opted_out")


def test_a_moved_appointment_is_rendered_anew_under_its_new_key(prepared: World) -> None:
    old = prepared.only()
    prepared.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=2, minutes=15))
    prepared.send()
    assert len(prepared.gateway.taken) == 1
    assert "11:15" in sent_texts(prepared)[0]
    first, second = prepared.messages()
    assert (first.state, first.reason, second.state) == (MessageState.CANCELLED, "moved", MessageState.SUBMITTED)
    assert second.reference != old.reference == first.reference
    prepared.prepare()
    prepared.send()
    assert len(prepared.gateway.taken) == 1


def test_an_appointment_moved_to_a_later_week_is_left_to_its_own_time(prepared: World) -> None:
    prepared.change_appointment(starts_at=TOMORROW_NINE + timedelta(days=14))
    prepared.send()
    assert not prepared.gateway.taken
    assert (prepared.only().state, prepared.only().reason) == (MessageState.CANCELLED, "moved_away")
    prepared.clock.advance(timedelta(days=14))
    prepared.prepare()
    prepared.send()
    assert len(prepared.gateway.taken) == 1


def test_an_appointment_moved_and_moved_back_is_reminded_once(prepared: World) -> None:
    prepared.change_appointment(starts_at=TOMORROW_NINE + timedelta(days=14))
    prepared.send()
    prepared.change_appointment(starts_at=TOMORROW_NINE)
    prepared.prepare()
    prepared.send()
    prepared.send()
    assert [message.state.value for message in prepared.messages()] == ["submitted"]
    assert len(prepared.gateway.taken) == 1


def test_a_moved_appointment_that_was_prepared_anew_meanwhile_is_sent_once(prepared: World) -> None:
    prepared.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1))
    prepared.prepare()
    assert prepared.states() == ["prepared", "prepared"]
    prepared.send()
    assert len(prepared.gateway.taken) == 1
    assert "10:00" in sent_texts(prepared)[0]


def test_an_appointment_moved_to_a_start_that_was_cancelled_before_revives_that_message(world: World) -> None:
    world.book_appointment("A1", TOMORROW_NINE + timedelta(hours=1))
    world.prepare()
    world.force(world.only().id, state="cancelled", reason="provisional")
    world.change_appointment(starts_at=TOMORROW_NINE)
    world.prepare()
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1))
    world.send()
    assert world.states() == ["submitted", "cancelled"]
    assert ["10:00" in text for text in sent_texts(world)] == [True]


def test_an_appointment_moved_after_its_reminder_gets_a_notice_that_names_both_times(prepared: World) -> None:
    prepared.send()
    prepared.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1))
    prepared.prepare()
    prepared.send()
    assert [("09:00" in text, "10:00" in text) for text in sent_texts(prepared)] == [(True, False), (True, True)]
    assert "nicht mehr am 24.11.2026, 09:00 Uhr" in sent_texts(prepared)[1]


def test_an_appointment_moved_after_its_reminder_gets_none_where_the_switch_says_so(prepared: World) -> None:
    prepared.values[switches.REPEAT_MOVED] = False
    prepared.send()
    prepared.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=1))
    assert prepared.prepare().skipped == {"moved_not_repeated": 1}
    prepared.send()
    assert len(prepared.gateway.taken) == 1


def test_a_changed_number_is_used(prepared: World) -> None:
    prepared.change_patient(mobile="078 765 43 21")
    prepared.send()
    assert [message.recipient for message in prepared.gateway.taken] == ["+41787654321"]
    assert prepared.only().recipient == "+41787654321"


def test_a_patient_without_a_contact_any_more_is_on_the_call_list(prepared: World) -> None:
    prepared.change_patient(mobile=None)
    prepared.send()
    assert not prepared.gateway.taken
    assert (prepared.only().state, prepared.only().reason) == (MessageState.ERROR, "no_contact")
    assert [entry.message.id for entry in prepared.service.call_list()] == [prepared.only().id]


def test_a_patient_who_prefers_e_mail_now_gets_an_e_mail(prepared: World) -> None:
    prepared.change_patient(email="anna@example.ch", preferred_channel="email")
    prepared.send()
    assert not prepared.gateway.taken
    (mail,) = prepared.mails.taken
    assert (mail.recipient, prepared.only().channel) == ("anna@example.ch", Channel.EMAIL)
    assert mail.calendar is not None
    assert b"20261124T080000Z" in mail.calendar


def test_a_corrected_name_stands_in_the_text(prepared: World) -> None:
    prepared.change_patient(last_name="Müller")
    prepared.send()
    assert "Anna Müller" in sent_texts(prepared)[0]
    assert prepared.only().text == sent_texts(prepared)[0]


def test_another_mandant_is_charged_once_a_later_treatment_says_so(prepared: World) -> None:
    other = MemorySmsGateway()
    prepared.sms["M2"] = other
    prepared.practice.put(replace(MEIER, id="M2", name="Dr. Huber"), treatment("P1", "M2", date(2026, 11, 23)))
    prepared.send()
    assert (len(prepared.gateway.taken), len(other.taken)) == (0, 1)


def test_nothing_is_charged_to_a_mandant_whose_licence_ended(prepared: World) -> None:
    prepared.practice.put(replace(MEIER, licence_valid_until=date(2026, 11, 22)))
    prepared.send()
    assert not prepared.gateway.taken
    assert (prepared.only().state, prepared.only().reason) == (MessageState.ERROR, "licence_expired")


def test_without_a_text_any_more_nothing_is_sent(prepared: World) -> None:
    prepared.book = replace(prepared.book, templates={})
    prepared.send()
    assert not prepared.gateway.taken
    assert prepared.only().reason == "no_template"


def test_a_switch_turned_off_keeps_the_messages_and_turned_on_again_sends_them(prepared: World) -> None:
    prepared.values[switches.REMINDERS_ON] = False
    assert prepared.send().skipped == {"switched_off": 1}
    assert prepared.only().state is MessageState.PREPARED
    prepared.values[switches.REMINDERS_ON] = True
    prepared.send()
    assert prepared.states() == ["submitted"]


def test_what_was_kept_back_by_a_switch_is_not_sent_after_the_appointment_began(prepared: World) -> None:
    prepared.values[switches.REMINDERS_ON] = False
    prepared.clock.advance(timedelta(days=2))
    prepared.send()
    assert prepared.states() == ["error"]


def test_a_cancelled_reminder_is_sent_when_the_appointment_is_definite_again(prepared: World) -> None:
    prepared.change_appointment(status=AppointmentStatus.PROVISIONAL)
    prepared.send()
    prepared.prepare()
    assert prepared.states() == ["cancelled"]
    prepared.change_appointment(status=AppointmentStatus.DEFINITE)
    prepared.prepare()
    prepared.send()
    assert (prepared.states(), len(prepared.gateway.taken)) == (["submitted"], 1)


# Time


def test_nothing_is_sent_once_the_appointment_began_and_the_practice_is_told(prepared: World) -> None:
    prepared.clock.set(datetime(2026, 11, 24, 8, 0, tzinfo=UTC))
    prepared.send()
    assert not prepared.gateway.taken
    assert (prepared.only().state, prepared.only().reason) == (MessageState.ERROR, "not_in_time")
    assert [activity.level for activity in prepared.activities] == [Level.ERROR]


def test_a_message_whose_appointment_begins_while_it_waits_does_not_leave(world: World) -> None:
    world.add_patients(40)
    for number in range(40):
        world.change_appointment(f"a-Q{number}", starts_at=TOMORROW_NINE)
    world.prepare()
    begins = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
    world.clock.set(begins - timedelta(seconds=1))
    left_at: list[datetime] = []

    def take_time(_message: OutgoingSms) -> None:
        left_at.append(world.clock.now())
        world.clock.advance(timedelta(seconds=0.5))

    world.gateway.answer = take_time
    world.send()
    assert len(left_at) <= 3 + world.gateway.capabilities.most_at_once  # at most what all workers had begun already
    assert Counter(world.states()) == {"submitted": len(left_at), "error": 40 - len(left_at)}


class OneConnection(MemorySmsGateway):
    capabilities = Capabilities(most_at_once=1)


@pytest.mark.parametrize("number", [3, 12])  # all have their intents at once; some still wait for theirs
def test_a_message_whose_appointment_begins_while_another_is_handed_over_does_not_leave(world: World, number: int) -> None:
    world.sms["M1"] = gateway = OneConnection()
    world.add_patients(number)
    for index in range(number):
        world.change_appointment(f"a-Q{index}", starts_at=TOMORROW_NINE)
    world.prepare()
    world.clock.set(datetime(2026, 11, 24, 8, 0, tzinfo=UTC) - timedelta(seconds=1))
    gateway.answer = lambda _message: world.clock.advance(timedelta(seconds=2))  # less than an intent holds
    world.send()
    assert len(gateway.taken) == 1
    assert Counter(world.states()) == {"submitted": 1, "error": number - 1}
    assert {message.reason for message in world.messages() if message.state is MessageState.ERROR} == {"not_in_time"}


def test_no_sms_in_quiet_hours(prepared: World) -> None:
    prepared.clock.set(datetime(2026, 11, 23, 21, 0, tzinfo=UTC))
    assert prepared.send().skipped == {"quiet_hours": 1}
    assert not prepared.gateway.taken
    assert prepared.states() == ["prepared"]


def test_a_run_shortly_before_the_quiet_hours_end_waits_for_their_end(prepared: World) -> None:
    prepared.clock.set(datetime(2026, 11, 24, 6, 50, tzinfo=UTC))
    prepared.send()
    assert prepared.states() == ["submitted"]
    assert (prepared.only().submitted_at or prepared.clock.now()) >= datetime(2026, 11, 24, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(("at_once", "sent"), [(True, 1), (False, 0)])
def test_e_mails_leave_in_quiet_hours_only_where_the_switch_says_so(prepared: World, at_once: bool, sent: int) -> None:
    prepared.values[switches.MAIL_AT_ONCE] = at_once
    prepared.change_patient(mobile=None, email="anna@example.ch")
    prepared.clock.set(datetime(2026, 11, 23, 21, 0, tzinfo=UTC))
    prepared.send()
    assert len(prepared.mails.taken) == sent


def test_a_greeting_that_did_not_leave_on_the_birthday_is_never_sent(world: World) -> None:
    world.greet()
    world.clock.advance(timedelta(days=1))
    world.send()
    assert not world.gateway.taken
    assert (world.only().state, world.only().reason) == (MessageState.CANCELLED, "birthday_over")


def test_a_greeting_is_sent_once_a_year(world: World) -> None:
    for _hour in range(3):
        world.greet()
        world.send()
    assert len(world.gateway.taken) == 1
    world.clock.advance(timedelta(days=365))
    world.greet()
    world.send()
    assert len(world.gateway.taken) == 2


# What the gateway says


def test_a_refused_number_holds_nobody_up_and_is_not_tried_again(world: World) -> None:
    world.add_patients(20)
    world.prepare()
    bad = world.messages()[3].recipient
    world.gateway.answer = lambda message: Refused("bad_number", "Die Nummer ist ungültig.") if message.recipient == bad else None
    result = world.send()
    assert result.counts == {"sent": 19, "refused": 1}
    assert Counter(world.states()) == {"submitted": 19, "error": 1}
    world.prepare()
    assert world.send().counts == {}


def test_a_refused_number_that_was_corrected_is_tried_again(prepared: World) -> None:
    prepared.gateway.answer = lambda _message: Refused("bad_number", "Die Nummer ist ungültig.")
    prepared.send()
    prepared.gateway.answer = None
    assert prepared.prepare().skipped == {"already_failed": 1}
    prepared.change_patient(mobile="078 765 43 21")
    prepared.prepare()
    prepared.send()
    assert prepared.states() == ["submitted"]


def test_not_now_is_tried_again_in_the_same_run_after_a_pause(prepared: World) -> None:
    answers: list[Outcome | None] = [NotNow("busy", "Überlastet.", retry_after=60.0), None]
    prepared.gateway.answer = lambda _message: answers.pop(0)
    began = prepared.clock.now()
    result = prepared.send()
    assert result.counts == {"put_off": 1, "sent": 1}
    assert prepared.clock.now() - began >= timedelta(seconds=60)
    assert prepared.only().attempts == 2


def while_waiting(world: World, change: Callable[[], None]) -> None:
    """Puts every message off, and lets something happen while the run waits to try again."""
    world.gateway.answer = lambda _message: NotNow("busy", "Überlastet.", retry_after=60.0)
    wait = world.clock.wait

    def changed(event: threading.Event, seconds: float) -> bool:
        world.gateway.answer = None
        change()
        return wait(event, seconds)

    world.clock.wait = changed  # type: ignore[method-assign]


def test_a_switch_that_is_turned_off_while_a_run_waits_keeps_what_is_left(prepared: World) -> None:
    while_waiting(prepared, lambda: prepared.values.update({switches.REMINDERS_ON: False}))
    result = prepared.send()
    assert sent_texts(prepared) == []
    assert (prepared.states(), result.skipped) == (["prepared"], {"switched_off": 1})


def test_quiet_hours_that_are_set_while_a_run_waits_hold(prepared: World) -> None:
    while_waiting(prepared, lambda: prepared.values.update({switches.QUIET_FROM: "10:01", switches.QUIET_UNTIL: "08:00"}))
    prepared.send()
    assert sent_texts(prepared) == []
    assert (prepared.states(), prepared.only().reason) == (["prepared"], "quiet_hours")


def test_what_the_practices_data_forbid_only_because_they_are_wrong_is_a_warning(prepared: World) -> None:
    prepared.practice.remove_patient("P1")
    assert prepared.send().problems == 1
    assert (prepared.activities[-1].level, prepared.activities[-1].reason) == (Level.WARNING, "patient_missing")


def test_not_now_for_ever_leaves_the_message_prepared_for_the_next_run(prepared: World) -> None:
    prepared.gateway.answer = lambda _message: NotNow("refused", "Keine Verbindung.")
    began = prepared.clock.now()
    prepared.send()
    assert prepared.states() == ["prepared"]
    assert prepared.clock.now() - began <= prepared.rules.patience + timedelta(minutes=1)
    prepared.gateway.answer = None
    prepared.clock.advance(timedelta(minutes=30))
    prepared.send()
    assert prepared.states() == ["submitted"]


@pytest.mark.parametrize("fault", list(AccountFault))
def test_a_refused_account_stops_its_batch_keeps_its_messages_and_is_told_once(world: World, fault: AccountFault) -> None:
    world.add_patients(100)
    world.prepare()
    asked: list[OutgoingSms] = []

    def refuse(message: OutgoingSms) -> Outcome:
        asked.append(message)
        return AccountStopped(fault, "Das Konto wurde abgelehnt.")

    world.gateway.answer = refuse
    result = world.send()
    assert set(world.states()) == {"prepared"}
    assert len(asked) <= 3 * world.gateway.capabilities.most_at_once
    assert sum(result.skipped.values()) >= 100 - 3 * world.gateway.capabilities.most_at_once
    assert len([activity for activity in world.activities if activity.level is Level.ERROR]) == 1
    world.gateway.answer = None
    assert world.send().counts["sent"] == 100


def test_one_accounts_trouble_does_not_touch_another(world: World) -> None:
    world.practice.put(replace(MEIER, id="M2"))
    other = MemorySmsGateway()
    world.sms["M2"] = other
    world.add_patients(40)
    world.add_patients(40, mandant="M2", prefix="R")
    world.prepare()
    world.gateway.answer = lambda _message: AccountStopped(AccountFault.AUTHORISATION, "Passwort falsch.")
    world.send()
    assert (len(world.gateway.taken), len(other.taken)) == (0, 40)


def test_a_slow_answer_holds_nobody_up(world: World) -> None:
    world.add_patients(60)
    world.prepare()
    others = threading.Event()
    slow = world.messages()[0].recipient

    def wait(message: OutgoingSms) -> Outcome | None:
        if message.recipient == slow:
            assert others.wait(30)
        elif len(world.gateway.taken) >= 58:
            others.set()
        return None

    world.gateway.answer = wait
    world.send()
    assert set(world.states()) == {"submitted"}


def test_a_mandant_without_an_account_keeps_its_messages(prepared: World) -> None:
    gateway = prepared.sms.gateways.pop("M1")
    prepared.sms["M9"] = gateway
    result = prepared.send()
    assert prepared.states() == ["prepared"]
    assert result.problems == 1
    assert "Dr. Meier" in prepared.activities[-1].sentence


def test_a_patient_whose_data_break_a_text_does_not_stop_the_batch(world: World) -> None:
    world.add_patients(10)
    world.practice.put(Patient("Q3", "", "", mobile="079 200 00 03"))
    world.prepare()
    world.send()
    assert world.states().count("submitted") == 10


ANSWERS = st.sampled_from(["taken", "refused", "not now", "stopped", "doubt, taken", "doubt, not taken"])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.lists(ANSWERS, max_size=12), number=st.integers(1, 6))
def test_whatever_the_gateway_answers_nobody_gets_a_message_twice_and_none_is_lost(
    sqlite_database: Database, clock: ManualClock, answers: list[str], number: int
) -> None:
    world = begin_again(sqlite_database, clock)
    world.add_patients(number)
    world.prepare()
    gateway = MemorySmsGateway()
    world.sms["M1"] = gateway
    waiting, refused = list(answers), set[str]()
    lock = threading.Lock()

    def answer(message: OutgoingSms) -> Outcome | None:
        with lock:
            said = waiting.pop() if waiting else "taken"
        if said in ("taken", "doubt, taken"):
            gateway.take(message)
        if said == "refused":
            refused.add(message.reference)
        return _OUTCOMES[said]

    gateway.answer = answer
    for _run in range(2 + len(answers)):  # each answer spoils one run at the most
        world.send()
        clock.advance(timedelta(minutes=5))
    taken = Counter(message.reference for message in gateway.taken)
    assert set(taken.values()) <= {1}
    by_state = {message.reference: message.state for message in world.messages()}
    assert {reference for reference, state in by_state.items() if state is MessageState.SUBMITTED} == set(taken)
    assert {reference for reference, state in by_state.items() if state is MessageState.ERROR} == refused
    assert set(taken) | refused == set(by_state)


_OUTCOMES: dict[str, Outcome] = {
    "taken": Accepted(),
    "refused": Refused("bad_number", "Die Nummer ist ungültig."),
    "not now": NotNow("busy", "Überlastet."),
    "stopped": AccountStopped(AccountFault.CREDITS, "Guthaben aufgebraucht."),
    "doubt, taken": InDoubt("Keine Antwort."),
    "doubt, not taken": InDoubt("Keine Antwort."),
}


# Credits


def test_the_batch_stops_before_the_balance_is_overdrawn(world: World) -> None:
    world.add_patients(50)
    world.prepare()
    world.gateway.set_balance(Decimal(20))
    result = world.send()
    assert len(world.gateway.taken) == 20
    assert Counter(world.states()) == {"submitted": 20, "prepared": 30}
    assert result.skipped == {"no_credits": 30}
    assert {message.reason for message in world.messages() if message.state is MessageState.PREPARED} == {"no_credits"}
    world.gateway.set_balance(Decimal(100))
    world.send()
    assert len({message.reference for message in world.gateway.taken}) == len(world.gateway.taken) == 50


def test_without_the_check_the_gateway_itself_says_that_the_credits_are_used_up(world: World) -> None:
    world.values[switches.CHECK_CREDITS] = False
    world.add_patients(30)
    world.prepare()
    world.gateway.set_balance(Decimal(10))
    world.send()
    assert (len(world.gateway.taken), world.states().count("prepared")) == (10, 20)


# The run itself


def test_a_run_that_lost_its_lease_sends_nothing_more(prepared: World) -> None:
    context = prepared.context()
    context.lost = True
    with pytest.raises(LeaseLostError):
        send_messages(prepared.parts, context)
    assert not prepared.gateway.taken
    assert prepared.states() == ["prepared"]


def test_a_lease_lost_at_the_intent_lets_nothing_leave(prepared: World, monkeypatch: pytest.MonkeyPatch) -> None:
    context = prepared.context()
    monkeypatch.setattr(context, "checkpoint", lambda: None)  # only the fence in the database tells
    prepared.steps = _Steps("checked", lambda: setattr(context, "lost", True))
    with pytest.raises(LeaseLostError):
        send_messages(prepared.parts, context)
    assert not prepared.gateway.taken
    assert prepared.states() == ["prepared"]


def test_a_run_that_lost_its_lease_does_not_write_why_messages_stay(prepared: World, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared.clock.set(datetime(2026, 11, 23, 21, 0, tzinfo=UTC))  # quiet hours: nothing is written but the reason
    before, context = prepared.only(), prepared.context()
    monkeypatch.setattr(context, "checkpoint", lambda: None)  # only the fence in the database tells
    prepared.steps = _Steps("checked", lambda: setattr(context, "lost", True))
    with pytest.raises(LeaseLostError):
        send_messages(prepared.parts, context)
    assert prepared.only() == before


def test_a_run_that_ends_after_its_intent_leaves_a_doubt_that_is_asked_about_later(prepared: World) -> None:
    def end() -> None:
        raise LeaseLostError

    prepared.steps = _Steps("after_commit", end)
    with pytest.raises(LeaseLostError):
        prepared.send()
    message = prepared.only()
    assert message.state is MessageState.SENDING
    assert message.sending_at is not None
    assert message.next_at - message.sending_at == prepared.rules.under_way
    assert not prepared.gateway.taken


def test_a_cancelled_run_writes_what_became_of_its_messages(world: World) -> None:
    world.add_patients(200)
    world.prepare()
    context = world.context()

    def cancel(_message: OutgoingSms) -> None:
        context.cancelled = True

    world.gateway.answer = cancel
    with pytest.raises(RunCancelledError):
        send_messages(world.parts, context)
    assert set(world.states()) == {"submitted", "prepared"}
    assert world.states().count("submitted") == len(world.gateway.taken)


def test_a_dry_run_tells_and_changes_nothing(prepared: World) -> None:
    before = prepared.messages()
    assert prepared.send(dry_run=True).counts["would_send"] == 1
    assert prepared.messages() == before
    assert not prepared.gateway.taken
    assert not prepared.activities


def test_a_message_waiting_too_long_is_checked_again_before_it_leaves(world: World) -> None:
    world.add_patients(60)
    world.prepare()
    last = world.messages()[-1].patient_id

    def die_meanwhile(_message: OutgoingSms) -> None:
        if not world.practice.patients([last])[last].death_date:
            world.practice.put(replace(ANNA, id=last, death_date=date(2026, 11, 23)))
            world.clock.advance(timedelta(minutes=2))

    world.gateway.answer = die_meanwhile
    world.send()
    reasons = {message.patient_id: message.reason for message in world.messages()}
    assert reasons[last] == "deceased"
    assert len(world.gateway.taken) == 59


def test_a_machine_that_slept_between_check_and_intent_sends_nothing_at_night(world: World) -> None:
    """The monotonic clock of some systems stands still meanwhile; the database's does not."""
    world.add_patients(5)
    world.prepare()
    night = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    world.steps = _Steps("checked", lambda: world.clock.set(night))
    result = world.send()
    assert not world.gateway.taken
    assert result.skipped == {"quiet_hours": 5}
    assert set(world.states()) == {"prepared"}


def test_a_machine_that_slept_checks_everything_again(world: World) -> None:
    world.add_patients(5)
    world.prepare()

    def sleep() -> None:
        world.clock.set(world.clock.now() + timedelta(hours=3))
        world.practice.put(replace(world.practice.patients(["Q2"])["Q2"], death_date=date(2026, 11, 23)))

    world.steps = _Steps("checked", sleep)
    world.send()
    assert Counter(world.states()) == {"submitted": 4, "cancelled": 1}
    assert {message.patient_id for message in world.messages() if message.reason == "deceased"} == {"Q2"}


def test_quiet_hours_that_begin_in_the_middle_of_a_batch_end_it(world: World) -> None:
    world.add_patients(60)
    world.prepare()
    begin = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)  # 20.00 in Zurich
    world.clock.set(begin - timedelta(seconds=10))
    left_at: list[datetime] = []

    def take_time(_message: OutgoingSms) -> None:
        left_at.append(world.clock.now())
        world.clock.advance(timedelta(seconds=1))

    world.gateway.answer = take_time
    world.rules = replace(world.rules, patience=timedelta(0))
    result = world.send()
    assert 0 < len(left_at) < 60
    assert max(left_at) < begin + timedelta(seconds=2 * world.gateway.capabilities.most_at_once)  # what had begun to leave already
    assert Counter(world.states()) == {"submitted": len(left_at), "prepared": 60 - len(left_at)}
    assert result.skipped == {"quiet_hours": 60 - len(left_at)}


def test_a_lease_lost_in_the_middle_of_a_batch_sends_nobody_a_second_message(world: World) -> None:
    world.add_patients(60)
    world.prepare()
    context = world.context()
    taken: list[str] = []

    def note(message: OutgoingSms) -> None:
        taken.append(message.reference)

    def lose(message: OutgoingSms) -> None:
        note(message)
        context.lost = context.lost or len(taken) >= 10

    world.gateway.answer = lose
    with pytest.raises(LeaseLostError):
        send_messages(world.parts, context)
    world.gateway.answer = note
    world.clock.advance(world.rules.under_way)
    world.send()
    assert Counter(taken) == dict.fromkeys((message.reference for message in world.messages()), 1)
    assert set(world.states()) == {"submitted"}


def test_an_appointment_moved_twice_is_reminded_of_its_last_start_only(prepared: World) -> None:
    for hour in (10, 11):
        prepared.change_appointment(starts_at=datetime(2026, 11, 24, hour, 30))  # noqa: DTZ001 - local
        if hour == 10:
            prepared.prepare()
    prepared.send()
    (sent,) = prepared.gateway.taken
    assert "11:30" in sent.text
    assert Counter(prepared.states())["submitted"] == 1


def test_a_message_that_somebody_cancels_at_the_last_moment_does_not_leave(prepared: World) -> None:
    number = prepared.only().id
    prepared.steps = _Steps("checked", lambda: prepared.service.cancel([number], "Frau Keller"))
    prepared.send()
    assert not prepared.gateway.taken
    assert prepared.states() == ["cancelled"]
    prepared.prepare()
    prepared.send()
    assert prepared.states() == ["cancelled"]


def test_an_intent_that_waited_too_long_does_not_leave(prepared: World) -> None:
    prepared.steps = _Steps("after_commit", lambda: prepared.clock.advance(timedelta(minutes=1)))
    context = prepared.context()
    result = send_messages(prepared.parts, context)
    assert result.counts["kept_back"] >= 1


def test_an_answer_that_comes_after_somebody_put_the_message_in_doubt_counts(prepared: World) -> None:
    number = prepared.only().id

    def doubt(_message: OutgoingSms) -> Outcome:
        prepared.force(number, state="in_doubt", version=99)
        return Accepted()

    prepared.gateway.answer = doubt
    prepared.send()
    assert prepared.states() == ["submitted"]


def test_a_fault_of_the_program_while_handing_over_is_a_doubt(prepared: World) -> None:
    def fail(_message: OutgoingSms) -> Outcome:
        raise ZeroDivisionError

    prepared.gateway.answer = fail
    prepared.rules = replace(prepared.rules, patience=timedelta(0))
    prepared.send()
    assert prepared.states() == ["in_doubt"]


def test_many_doubts_in_a_row_pause_the_account(world: World) -> None:
    world.add_patients(300)
    world.prepare()
    world.rules = replace(world.rules, patience=timedelta(0))
    world.gateway.answer = lambda _message: InDoubt("Keine Antwort.")
    world.send()
    assert world.states().count("in_doubt") <= 6 * world.gateway.capabilities.most_at_once


class _Steps(list[str]):
    """Does something the first time a step is reached."""

    def __init__(self, step: str, do: object) -> None:
        super().__init__()
        self._step, self._do = step, do

    def append(self, step: str) -> None:
        super().append(step)
        if step == self._step and self.count(step) == 1 and callable(self._do):
            self._do()
