"""The outbox as people see it: pages, the call list, cancelling, the four jobs and their switches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.messages.world import ANNA, TOMORROW_NINE, ZURICH, World, treatment
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config import settings as switches
from tray_agent.config.machine import GatewayAccount, GatewaySection, Machine, MailSection, MailSender, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.config.settings import Setting
from tray_agent.i18n import set_language
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import JobChange
from tray_agent.jobs.outlook import Outlook
from tray_agent.jobs.owed import Owed, Trouble
from tray_agent.jobs.plan import owed_columns
from tray_agent.messages.gateways.contract import DeliveryReport, DeliveryStatus, InDoubt
from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox.model import DoubtDecision, OutboxFilter, OutboxOrder
from tray_agent.messages.rules.in_time import hours_ahead
from tray_agent.messages.service import MessageMissingError
from tray_agent.practice.model import AppointmentStatus
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import job_lock, message


@pytest.fixture
def full(every_world: World) -> World:
    """Returns a world with messages of several kinds, channels and states, on every engine."""
    world = every_world
    for number, name in enumerate(["Zurbriggen", "Äbi", "Mustermann"]):
        world.practice.put(replace(ANNA, id=f"P{number + 2}", last_name=name), treatment(f"P{number + 2}"))
        world.book_appointment(f"A{number}", TOMORROW_NINE + timedelta(hours=number), f"P{number + 2}")
    world.practice.put(replace(ANNA, id="P9", last_name="Post", mobile=None, email="post@example.ch"), treatment("P9"))
    world.book_appointment("A9", TOMORROW_NINE, "P9")
    world.prepare()
    world.clock.advance(timedelta(hours=1))
    world.greet()
    return world


def test_a_page_is_a_part_of_what_the_filter_finds(full: World) -> None:
    page = full.service.page(order=OutboxOrder.NUMBER, descending=False, offset=2, limit=2)
    assert [message.id for message in page.rows] == [3, 4]
    assert (page.total, page.offset) == (len(full.messages()), 2)
    assert full.service.page(offset=100).rows == ()


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (OutboxFilter(), 9),
        (OutboxFilter(kinds=frozenset({MessageKind.REMINDER})), 4),
        (OutboxFilter(states=frozenset({MessageState.CANCELLED})), 0),
        (OutboxFilter(patient="zurbr"), 2),
        (OutboxFilter(patient="ÄBI anna"), 2),
        (OutboxFilter(patient="abi"), 2),
        (OutboxFilter(patient="abi zurbriggen"), 0),
        (OutboxFilter(kinds=frozenset({MessageKind.REMINDER}), patient="Abi"), 1),
        (OutboxFilter(patient="P9"), 2),
        (OutboxFilter(patient="%"), 0),
    ],
)
def test_filters(full: World, which: OutboxFilter, found: int) -> None:
    assert full.service.page(which).total == found


@pytest.mark.parametrize("order", list(OutboxOrder))
def test_every_order_gives_every_message_once_page_by_page(full: World, order: OutboxOrder) -> None:
    whole = [message.id for message in full.service.page(order=order, limit=100).rows]
    assert sorted(whole) == sorted(message.id for message in full.messages())
    for place, number in enumerate(whole):
        page = full.service.page(order=order, limit=4, at=number)
        assert (page.place, page.rows[place - page.offset].id) == (place, number)
    for size in (2, 4):
        pages = [full.service.page(order=order, offset=offset, limit=size).rows for offset in range(0, len(whole) + size, size)]
        assert [message.id for page in pages for message in page] == whole


def test_outbox_is_read_in_the_readers_language(every_world: World) -> None:
    every_world.book_appointment()
    every_world.prepare()
    number = every_world.only().id
    every_world.service.cancel([number], "Anna")
    german = every_world.service.message(number).sentence
    assert german
    set_language("fr")
    french = every_world.service.message(number).sentence
    assert french != german
    assert every_world.service.page().rows[0].sentence == french
    with every_world.database.read() as connection:
        stored = connection.execute(select(message)).mappings().one()
    assert stored["sentence"] == german
    assert stored["sentence_source"].startswith("[")


def test_one_message_by_its_number(full: World) -> None:
    assert full.service.message(1).id == 1
    with pytest.raises(MessageMissingError):
        full.service.message(4711)


def test_the_call_list_holds_what_can_still_be_done_the_earliest_first(world: World) -> None:
    for number, hour in enumerate([5, 1, 3]):
        world.practice.put(replace(ANNA, id=f"N{number}", mobile=None, phone="044 262 11 22"), treatment(f"N{number}"))
        world.book_appointment(f"A{number}", TOMORROW_NINE + timedelta(hours=hour), f"N{number}")
    world.prepare()
    entries = world.service.call_list()
    assert [entry.message.patient_id for entry in entries] == ["N1", "N2", "N0"]
    assert [(entry.phones, entry.sent) for entry in entries[:1]] == [(("044 262 11 22",), False)]
    assert "Festnetz" in entries[0].sentence
    world.clock.set(world.parts.instant(TOMORROW_NINE + timedelta(hours=4)))
    assert [entry.message.patient_id for entry in world.service.call_list()] == ["N0"]
    assert len(world.service.call_list(since=world.parts.instant(TOMORROW_NINE))) == 3


@pytest.mark.parametrize(
    "happens",
    [
        lambda world: world.change_appointment(status=AppointmentStatus.CANCELLED),
        lambda world: world.change_appointment(status=AppointmentStatus.PROVISIONAL),
        lambda world: world.change_appointment(starts_at=TOMORROW_NINE + timedelta(days=1)),
        lambda world: world.change_appointment(patient_id="P2"),
        lambda world: world.change_patient(death_date=date(2026, 11, 20)),
        lambda world: world.change_patient(opted_out=True),
    ],
    ids=["cancelled", "provisional", "moved", "another's", "died", "opted out"],
)
@pytest.mark.parametrize("left", [True, False])
def test_nobody_is_asked_to_call_about_what_no_longer_applies(world: World, happens: Callable[[World], None], left: bool) -> None:
    world.change_patient(mobile=ANNA.mobile if left else None)
    world.book_appointment()
    world.prepare()
    world.send()
    if left:
        world.force(world.only().id, state="failed")
    assert [entry.sent for entry in world.service.call_list()] == [left]
    world.next_telling = world.clock.now() + timedelta(days=1)
    happens(world)
    assert world.service.call_list() == []


def test_what_the_practice_does_not_know_any_more_stays_on_the_call_list(world: World) -> None:
    world.change_patient(mobile=None)
    world.book_appointment()
    world.prepare()
    world.practice.remove_patient("P1")
    assert len(world.service.call_list()) == 1
    world.practice.remove_appointment("A1")
    assert len(world.service.call_list()) == 1


def test_an_appointment_whose_state_can_not_be_read_stays_on_the_call_list(world: World) -> None:
    world.change_patient(mobile=None)
    world.book_appointment()
    world.prepare()
    world.change_appointment(status=AppointmentStatus.UNKNOWN, unreadable=frozenset({"status"}))
    assert len(world.service.call_list()) == 1


# Too late is said now


def listed(world: World) -> list[tuple[str, str]]:
    return [(entry.message.state.value, entry.sentence) for entry in world.service.call_list()]


TOO_LATE = "Nächster Versuch 24.11.2026 10:10, zu spät für diesen Termin."


def test_what_leaves_too_late_by_what_is_planned_is_on_the_call_list_now(every_world: World) -> None:
    world = every_world
    for number, start in enumerate([(8, 30), (10, 29), (10, 30), (14, 0)]):
        world.practice.put(replace(ANNA, id=f"N{number}"), treatment(f"N{number}"))
        world.book_appointment(f"A{number}", TOMORROW_NINE.replace(hour=start[0], minute=start[1]), f"N{number}")
    world.prepare()
    assert listed(world) == []  # sending comes in ten minutes
    world.outlook = Outlook(world.parts.instant(TOMORROW_NINE.replace(hour=10, minute=10)))
    assert listed(world) == [("prepared", TOO_LATE)] * 2
    world.force(1, reason="gateway_trouble", sentence="Das Gateway antwortet nicht.")
    assert listed(world)[0] == ("prepared", f"{TOO_LATE} Das Gateway antwortet nicht.")
    world.outlook = Outlook()
    assert listed(world)[1:] == [("prepared", "Wird zur Zeit nicht von selbst gesendet.")] * 3
    world.change_appointment("A0", status=AppointmentStatus.CANCELLED)
    assert [entry.message.appointment_id for entry in world.service.call_list()] == ["A1", "A2", "A3"]


def test_trouble_that_lasts_asks_to_call_while_it_is_still_tried(world: World) -> None:
    for number, start in enumerate([(8, 30), (9, 30)]):
        world.practice.put(replace(ANNA, id=f"N{number}"), treatment(f"N{number}"))
        world.book_appointment(f"A{number}", TOMORROW_NINE.replace(hour=start[0], minute=start[1]), f"N{number}")
    world.prepare()
    world.clock.set(world.parts.instant(TOMORROW_NINE.replace(day=23, hour=16, minute=32)))
    world.outlook = Outlook(world.clock.now() + timedelta(minutes=15))
    assert listed(world) == []
    world.outlook = replace(world.outlook, held_up=True)
    assert listed(world) == [("prepared", "Nächster Versuch 16:47.")]
    world.clock.advance(timedelta(hours=1))
    assert len(listed(world)) == 2


def test_what_was_not_sent_before_its_appointment_stays_until_it_is_ticked_off(every_world: World) -> None:
    world = every_world
    world.book_appointment()
    world.prepare()
    world.outlook = Outlook(world.parts.instant(TOMORROW_NINE + timedelta(hours=1)))
    world.clock.set(world.parts.instant(TOMORROW_NINE + timedelta(minutes=1)))
    assert listed(world) == [("prepared", "Der Termin hat begonnen, bevor die Erinnerung versendet werden konnte.")]
    world.clock.advance(timedelta(hours=1))
    world.send()
    assert (world.only().reason, world.gateway.taken) == ("not_in_time", [])
    world.clock.advance(timedelta(days=3))
    assert [state for state, _why in listed(world)] == ["error"]
    assert world.service.tick_off([world.only().id], "Frau Keller") == 1
    assert listed(world) == []


def test_what_failed_otherwise_is_of_no_use_once_the_appointment_has_begun(world: World) -> None:
    world.change_patient(mobile=None)
    world.book_appointment()
    world.prepare()
    assert [state for state, _why in listed(world)] == ["error"]
    world.clock.set(world.parts.instant(TOMORROW_NINE + timedelta(minutes=1)))
    assert listed(world) == []


def doubtful(world: World) -> None:
    world.rules = replace(world.rules, patience=timedelta(0))
    world.gateway.answer = lambda _message: InDoubt("Keine Antwort.")
    world.book_appointment()
    world.prepare()
    world.send()
    world.gateway.answer = None


def test_what_is_in_doubt_shortly_before_its_appointment_is_on_the_call_list_in_its_own_words(every_world: World) -> None:
    world = every_world
    doubtful(world)
    assert listed(world) == []
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=1, minutes=1)))
    ((state, why),) = listed(world)
    assert (state, why) == ("in_doubt", "Keine Antwort.")
    world.clock.set(world.parts.instant(TOMORROW_NINE + timedelta(minutes=1)))
    assert listed(world) == []


def test_ticking_off_keeps_what_was_not_sent_from_being_sent(every_world: World) -> None:
    world = every_world
    world.book_appointment()
    world.prepare()
    world.outlook = Outlook()
    assert world.service.tick_off([world.only().id], "Frau Keller") == 1
    assert (world.states(), listed(world)) == (["cancelled"], [])
    world.prepare()
    world.send()
    assert (world.states(), world.gateway.taken) == (["cancelled"], [])


def test_ticking_off_a_doubt_keeps_it_from_being_sent_again(every_world: World) -> None:
    world = every_world
    doubtful(world)
    assert world.service.tick_off([world.only().id], "Frau Keller") == 1
    assert (world.states(), listed(world)) == (["unknown"], [])
    for _run in range(4):
        world.clock.advance(timedelta(minutes=6))
        world.follow_up()
        world.send()
    assert (world.states(), world.gateway.taken) == (["unknown"], [])


def test_who_was_called_because_of_a_missing_number_is_not_reminded_by_sms_as_well(world: World) -> None:
    world.change_patient(mobile=None)
    world.book_appointment()
    world.prepare()
    world.service.tick_off([world.only().id], "Frau Keller")
    world.change_patient(mobile=ANNA.mobile)
    world.prepare()
    world.send()
    assert (world.states(), world.gateway.taken) == (["error"], [])


def test_what_fails_after_a_person_decided_a_doubt_is_on_the_call_list(world: World) -> None:
    doubtful(world)
    world.service.decide(world.only().id, DoubtDecision.SENT, "Frau Keller")
    world.gateway.report(DeliveryReport(world.only().reference, DeliveryStatus.FAILED, reason="Absent subscriber"))
    world.follow_up()
    assert [state for state, _why in listed(world)] == ["failed"]


def test_a_person_decides_only_what_the_program_does_not_settle(world: World) -> None:
    doubtful(world)
    assert (len(world.service.in_doubt()), world.service.to_decide()) == (1, [])
    world.force(world.only().id, reason="other_account")
    assert len(world.service.to_decide()) == 1
    world.force(world.only().id, reason="in_doubt", channel="email")
    assert len(world.service.to_decide()) == 1


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-23 09:00", "2026-11-23 11:00"),
        ("2026-11-23 06:00", "2026-11-23 10:00"),
        ("2026-11-23 16:00", "2026-11-23 18:00"),
        ("2026-11-23 16:32", "2026-11-24 08:32"),
        ("2026-11-23 22:00", "2026-11-24 10:00"),
        ("2026-11-27 17:00", "2026-11-30 09:00"),  # a Friday
        ("2026-11-28 12:00", "2026-11-30 10:00"),
        ("2026-12-24 17:30", "2026-12-28 09:30"),  # Christmas on a Friday
    ],
)
def test_who_is_to_be_called_now_has_two_hours_of_work_left(now: str, until: str) -> None:
    begin = datetime.fromisoformat(now).replace(tzinfo=ZURICH)
    assert hours_ahead(begin, ZURICH, lambda day: day == date(2026, 12, 25)) == datetime.fromisoformat(until).replace(tzinfo=ZURICH)


def test_a_failed_greeting_is_no_reason_to_call(world: World) -> None:
    world.greet()
    world.send()
    world.force(world.only().id, state="failed")
    assert world.service.call_list() == []


def test_what_a_person_cancels_is_neither_sent_nor_prepared_again(full: World) -> None:
    numbers = [message.id for message in full.messages()]
    assert full.service.cancel([*numbers, 4711], "Frau Keller") == len(numbers)
    assert full.service.cancel(numbers, "Frau Keller") == 0
    full.prepare()
    full.greet()
    full.send()
    assert set(full.states()) == {"cancelled"}
    assert "Frau Keller" in full.messages()[0].sentence


# The composition


@pytest.fixture
def agent(tmp_path: Path, clock: ManualClock) -> Iterator[Agent]:
    """Returns an agent with an empty outbox and two ways out."""
    machine = Machine(
        store=StoreSection(url=f"sqlite:///{(tmp_path / 'store.db').as_posix()}"),
        gateway=GatewaySection(kind="file", accounts={"M1": GatewayAccount(user="meier")}, folder=str(tmp_path)),
        mail=MailSection(
            host="127.0.0.1", port=25, security="none", sender="praxis@example.ch", sender_name="Praxis",
            senders={"M2": MailSender(address="huber@example.ch")},
        ),
    )  # fmt: skip
    with Agent(machine, secrets=MemorySecrets(), clock=clock, workstation="EMPFANG") as built:
        upgrade(built.store_unchecked)
        yield built


@pytest.mark.parametrize(
    ("on", "runs"),
    [
        ([], set()),
        ([switches.REMINDERS_ON], {JobKey.PREPARE_REMINDERS, JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS}),
        ([switches.BIRTHDAYS_ON], {JobKey.PREPARE_BIRTHDAYS, JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS}),
        ([switches.REMINDERS_ON, switches.BIRTHDAYS_ON], set(JobKey) - {JobKey.DOWNLOAD}),
    ],
)
def test_the_switches_must_stand_on_ja_else_the_jobs_are_not_run(agent: Agent, on: list[Setting], runs: set[JobKey]) -> None:
    agent.settings.save(dict.fromkeys(on, True), "test")
    assert {key for key in agent.job_works if agent.is_switched_on(key)} == runs


def test_the_next_sending_is_the_planned_one_of_the_job_if_it_is_enabled(agent: Agent) -> None:
    (sending,) = [job for job in agent.jobs.overview() if job.key is JobKey.SEND_MESSAGES]
    assert agent.messages.parts.next_sending() is None
    agent.jobs.save([JobChange(sending.key, replace(sending.schedule, enabled=True), sending.version)], "test")
    (enabled,) = [job for job in agent.jobs.overview() if job.key is JobKey.SEND_MESSAGES]
    assert agent.messages.parts.next_sending() == enabled.next_at is not None


def test_what_a_person_makes_due_is_owed_today_and_what_was_in_the_way_is_tried_now(agent: Agent, clock: ManualClock) -> None:
    agent.settings.save({switches.REMINDERS_ON: True}, "test")
    parts = agent.messages.parts
    assert parts.outlook() == Outlook()  # not enabled
    parts.make_sending_due()
    assert parts.outlook() == Outlook()
    (sending,) = [job for job in agent.jobs.overview() if job.key is JobKey.SEND_MESSAGES]
    planned = replace(sending.schedule, enabled=True, start_time=time(9, 30))  # passed today
    agent.jobs.save([JobChange(sending.key, planned, sending.version)], "test")
    assert parts.outlook().at == parts.instant(TOMORROW_NINE + timedelta(minutes=30))
    parts.make_sending_due()
    assert parts.outlook().at == clock.now()
    later = owed_columns(Owed(clock.now(), clock.now() + timedelta(minutes=9), "gateway", clock.now(), 3, Trouble.TOLD))
    with agent.store.begin() as connection:
        connection.execute(update(job_lock).where(job_lock.c.job == sending.key.value).values(later))
    assert parts.outlook() == Outlook(clock.now() + timedelta(minutes=9), held_up=True)
    parts.try_sending(False)
    assert parts.outlook() == Outlook(clock.now(), held_up=True)
    agent.settings.save({switches.REMINDERS_ON: False}, "test")
    assert parts.outlook() == Outlook()


def test_the_parts_come_from_the_configuration(agent: Agent) -> None:
    parts = agent.messages.parts
    assert parts.channels() == frozenset(Channel)
    assert parts.mail_identity("M1").address == "praxis@example.ch"
    assert (parts.mail_identity("M2").address, parts.mail_identity("M2").name) == ("huber@example.ch", "Praxis")
    assert parts.sms.account("M1") == "meier"
