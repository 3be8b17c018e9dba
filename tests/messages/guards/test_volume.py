"""The brake on volume: what is usual, what is held, what is asked, and what each answer does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from tests.messages.world import ANNA, TODAY, TOMORROW_NINE, World, treatment
from tray_agent.config.settings import OFFSET_SEARCH, OFFSET_START
from tray_agent.messages.guards import volume
from tray_agent.messages.guards.questions import Answer, Question, QuestionService
from tray_agent.messages.guards.volume import Usual, Volume, usual_of
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Draft
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.messages.work.parts import SendingRules
from tray_agent.protocol.model import Level

MONDAY = date(2026, 11, 23)


def days(*numbers: int, until: date = MONDAY, every: int = 1) -> dict[date, int]:
    """Returns a history that ends the day before ``until``."""
    return {until - timedelta(days=every * (len(numbers) - place)): number for place, number in enumerate(numbers)}


WEEKS = {day: 40 for week in range(1, 9) for weekday in range(5) if (day := MONDAY - timedelta(days=7 * week) + timedelta(days=weekday))}


@pytest.mark.parametrize(("history", "confirmed", "appointment_days", "usual"), [
    ({}, 0, 1, Usual(33, 1, is_known=False)),
    ({}, 0, 70, Usual(33, 1, is_known=False)),
    ({}, 400, 1, Usual(400, 1)),
    (days(30), 0, 1, Usual(30, 1)),
    (days(*[40] * 40), 0, 1, Usual(40, 1)),
    (days(*[40] * 40), 0, 70, Usual(40, 1)),  # a window of a hundred days is one day's work
    (days(*[40] * 40), 200, 1, Usual(200, 1)),
    (days(*[40] * 39, 4000), 0, 1, Usual(40, 1)),  # one day that went wrong is not usual
    (days(*[40] * 35, *[120] * 5), 0, 1, Usual(120, 1)),  # a busy day a week is
    (days(*[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]), 0, 1, Usual(8, 1)),
    (WEEKS, 0, 1, Usual(40, 1)),
    (WEEKS, 0, 2, Usual(40, 2)),  # from Friday on the computer was off
    (WEEKS, 0, 70, Usual(40, 3)),
    (days(*[40] * 40, until=MONDAY - timedelta(days=30)), 0, 70, Usual(40, 7)),  # away for a month
    (days(*[200] * 8, every=7), 0, 5, Usual(200, 1)),  # who sends once a week sends a week's work
    (days(*[200] * 8, every=7, until=MONDAY - timedelta(days=7)), 0, 5, Usual(200, 2)),
    ({MONDAY: 5000, MONDAY - timedelta(days=1): 40}, 0, 1, Usual(40, 1)),  # today is not its own measure
])  # fmt: skip
def test_what_is_usual(history: Mapping[date, int], confirmed: int, appointment_days: int, usual: Usual) -> None:
    assert usual_of(history, confirmed, MONDAY, appointment_days) == usual


@pytest.mark.parametrize(("usual", "number", "asks"), [
    (Usual(0, 1), 99, False), (Usual(0, 1), 100, True),
    (Usual(40, 1), 120, False), (Usual(40, 1), 121, True),
    (Usual(20, 1), 99, False), (Usual(20, 1), 100, True), (Usual(33, 1), 100, True), (Usual(34, 1), 100, False),
    (Usual(40, 3), 360, False), (Usual(40, 3), 361, True), (Usual(500, 1), 1500, False),
])  # fmt: skip
def test_what_is_far_more(usual: Usual, number: int, asks: bool) -> None:
    assert usual.is_exceeded_by(number, 100) is asks


@pytest.fixture
def world(world: World) -> World:
    """Returns a practice with the product's own rules: other tests send hundreds at once."""
    world.rules = SendingRules()
    return world


@pytest.fixture
def every_world(every_world: World) -> World:
    every_world.rules = SendingRules()
    return every_world


def past(world: World, numbers: Mapping[date, int], kind: MessageKind = MessageKind.REMINDER) -> None:
    """Puts messages into the outbox that were prepared on these days, and delivered."""
    for day, number in numbers.items():
        at = datetime.combine(day, time(9), UTC)
        drafts = [
            Draft(
                kind=kind, unique_key=f"{kind.value}/{day:%Y%m%d}t0900/old{place}", patient_id="old", patient_name="Alt", next_at=at,
                expires_at=at + timedelta(days=1), state=MessageState.DELIVERED,
                appointment_at=at + timedelta(days=1) if kind.is_of_appointment else None,
            )
            for place in range(number)
        ]  # fmt: skip
        with world.database.begin() as connection:
            entries.insert_drafts(connection, drafts, at)


def reminders(world: World, number: int, first: int = 0, over_days: int = 1) -> None:
    """Prepares reminders of so many patients, over so many days from tomorrow on."""
    world.values[OFFSET_SEARCH] = over_days
    for place in range(first, first + number):
        world.practice.put(replace(ANNA, id=f"Q{place}", mobile=f"079 {200 + place // 10000} {place // 100 % 100:02} {place % 100:02}"))
        world.practice.put(treatment(f"Q{place}"))
        world.book_appointment(f"a-{place}", TOMORROW_NINE + timedelta(days=place % over_days, minutes=place % 400), f"Q{place}")
    world.prepare()


def desk(world: World) -> QuestionService:
    return QuestionService(world.database, lambda rows, _connection: world.activities.extend(rows))


def asked(world: World) -> Question:
    (question,) = desk(world).open()
    return question


def waiting(world: World) -> int:
    return world.states().count("prepared")


def said_about(question: Question) -> dict[str, Any]:
    return {name: value for name, value in question.about.items() if name != "until"}


@pytest.fixture(autouse=True)
def few_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a hundred be many at first: each costs a test time."""
    monkeypatch.setattr(volume, "AT_FIRST", 33)


def test_a_practice_at_its_first_day_is_asked_about_what_no_practice_sends(every_world: World) -> None:
    world = every_world
    reminders(world, 99)
    world.send()
    assert (waiting(world), desk(world).open()) == (0, [])
    world.clock.advance(timedelta(hours=1))
    reminders(world, 1, first=99)  # the hundredth of this day
    result = world.send()
    assert (waiting(world), len(world.gateway.taken)) == (1, 99)
    question = asked(world)
    assert question.sentence == (
        "Mitteilungen zu Terminen: 100 auf einmal. Wahrscheinliche Ursache: Es ist noch keine Erfahrung da, wie viele üblich sind."
    )
    assert said_about(question) == {"volume": "appointments", "number": 100, "days": 1}
    assert result.skipped == {OutboxReason.VOLUME: 1}
    assert result.rest is not None
    assert (result.rest.reason, result.rest.number) == ("volume", 1)
    assert "«Fragen…»" in result.sentence


def test_a_window_that_became_wide_waits_for_a_person_and_says_why(every_world: World) -> None:
    world = every_world
    past(world, {MONDAY - timedelta(days=day): 30 for day in range(1, 6)})
    reminders(world, 280, over_days=70)
    world.send()
    assert (waiting(world), world.gateway.taken) == (280, [])
    assert asked(world).sentence == (
        "Mitteilungen zu Terminen: 280 auf einmal, üblich sind an einem Tag höchstens 30. "
        "Wahrscheinliche Ursache: Der Schalter «OffsetSuchTage» steht auf 70."
    )
    errors = [row for row in world.activities if row.level is Level.ERROR]
    assert [(row.reason, "«Fragen…»" in row.sentence) for row in errors] == [(OutboxReason.QUESTION, True)]
    for _attempt in range(3):  # and is told once
        world.clock.advance(timedelta(minutes=15))
        world.send()
    assert [row.reason for row in world.activities if row.level is Level.ERROR] == [OutboxReason.QUESTION]
    assert {message.reason for message in world.messages() if message.state is MessageState.PREPARED} == {OutboxReason.VOLUME}


def test_the_answer_lets_it_leave_and_so_many_are_usual_from_then_on(every_world: World) -> None:
    world = every_world
    reminders(world, 150)
    world.send()
    desk(world).answer(asked(world).id, Answer.SEND, "anna@EMPFANG")
    world.send()
    assert (waiting(world), len(world.gateway.taken)) == (0, 150)
    world.gateway.set_balance(world.gateway.balance() + 10_000)
    world.clock.advance(timedelta(days=1))
    for place in range(450):
        world.practice.put(replace(ANNA, id=f"R{place}", mobile=f"078 200 {place // 100:02} {place % 100:02}"), treatment(f"R{place}"))
        world.book_appointment(f"b-{place}", TOMORROW_NINE + timedelta(days=1, minutes=place % 400), f"R{place}")
    world.prepare()
    world.send()
    assert (waiting(world), desk(world).open()) == (0, [])


def test_the_answer_no_cancels_what_was_asked_about_and_nothing_that_comes_later(every_world: World) -> None:
    world = every_world
    reminders(world, 120)
    world.send()
    desk(world).answer(asked(world).id, Answer.CANCEL, "anna@EMPFANG")
    world.clock.advance(timedelta(minutes=1))
    reminders(world, 20, first=120)
    world.send()
    cancelled = [message for message in world.messages() if message.state is MessageState.CANCELLED]
    assert {(one.reason, one.handled_by) for one in cancelled} == {(OutboxReason.BY_PERSON, "anna@EMPFANG")}
    assert (len(cancelled), len(world.gateway.taken), waiting(world)) == (120, 20, 0)
    assert any(row.sentence == "120 Mitteilungen storniert, weil anna@EMPFANG so entschieden hat." for row in world.activities)
    world.prepare()
    world.send()
    assert (len(world.gateway.taken), waiting(world)) == (20, 0)  # it is not prepared again


def test_another_batch_of_the_same_day_is_another_question(world: World) -> None:
    reminders(world, 120)
    world.send()
    desk(world).answer(asked(world).id, Answer.CANCEL, "anna@EMPFANG")
    world.send()
    world.clock.advance(timedelta(hours=1))
    reminders(world, 130, first=200)
    world.send()
    assert asked(world).subject == f"appointments/{TODAY}/2"
    assert waiting(world) == 130


def test_what_became_less_leaves_and_the_question_goes(world: World) -> None:
    past(world, {MONDAY - timedelta(days=day): 40 for day in range(1, 6)})
    reminders(world, 130)
    world.send()
    assert waiting(world) == 130
    numbers = [message.id for message in world.messages() if message.state is MessageState.PREPARED]
    for cancelled, left in ((20, 110), (89, 41), (90, 0)):  # less than three times as much is not enough: it is asked about already
        world.service.cancel(numbers[:cancelled], "anna@EMPFANG")
        world.send()
        assert (waiting(world), len(desk(world).open())) == (left, 1 if left else 0)
    assert len(world.gateway.taken) == 40


def test_of_the_next_day_it_is_asked_anew_and_the_old_question_goes(world: World) -> None:
    reminders(world, 120, over_days=3)
    world.send()
    first = asked(world)
    world.clock.advance(timedelta(days=1))
    reminders(world, 60, first=120, over_days=3)
    world.send()
    assert asked(world).subject == f"appointments/{TODAY + timedelta(days=1)}" != first.subject


def test_greetings_are_counted_apart(world: World) -> None:
    past(world, {MONDAY - timedelta(days=day): 3 for day in range(1, 6)}, MessageKind.BIRTHDAY)
    for place in range(120):
        world.practice.put(replace(ANNA, id=f"B{place}", mobile=f"077 200 {place // 100:02} {place % 100:02}"), treatment(f"B{place}"))
    reminders(world, 50)
    world.greet()
    world.send()
    sent = [message.kind for message in world.messages() if message.state is MessageState.SUBMITTED]
    assert set(sent) == {MessageKind.REMINDER}
    assert asked(world).sentence.startswith("Geburtstagsglückwünsche: 171 auf einmal, üblich sind an einem Tag höchstens 3. ")
    assert "Geburtsdatum" in asked(world).sentence


def test_while_it_waits_the_call_list_and_the_clock_of_too_late_go_on(world: World) -> None:
    reminders(world, 110)
    world.send()
    world.clock.advance(timedelta(days=1))
    world.send()
    late = [message for message in world.messages() if message.state is MessageState.ERROR]
    assert late
    assert {message.reason for message in late} == {OutboxReason.NOT_IN_TIME}
    assert len(world.gateway.taken) == 0


def test_e_mails_are_held_too(world: World) -> None:
    for place in range(100):
        world.practice.put(replace(ANNA, id=f"Q{place}", mobile=None, email=f"q{place}@example.ch"), treatment(f"Q{place}"))
        world.book_appointment(f"a-{place}", TOMORROW_NINE + timedelta(minutes=place), f"Q{place}")
    world.prepare()
    world.send()
    assert (waiting(world), world.mails.taken) == (100, [])


@pytest.mark.parametrize(("doubled", "start", "told"), [
    (True, 1, "Die Sicht der Termine enthält wohl doppelte Zeilen: sie betreffen nur 1 Patienten."),
    (False, 3, "Der Schalter «OffsetStartTage» steht auf 3, oder eine Sicht enthält fremde Daten."),
    (False, 1, "Eine Sicht enthält fremde oder doppelte Daten."),
])  # fmt: skip
def test_the_likely_cause(world: World, doubled: bool, start: int, told: str) -> None:
    past(world, {MONDAY - timedelta(days=1): 10})
    world.values[OFFSET_START] = start
    for place in range(100):
        patient = "P1" if doubled else f"Q{place}"
        world.practice.put(replace(ANNA, id=patient), treatment(patient))
        world.book_appointment(f"a-{place}", TOMORROW_NINE + timedelta(days=start - 1, minutes=place), patient)
    world.prepare()
    world.send()
    assert asked(world).sentence.endswith(f"Wahrscheinliche Ursache: {told}")


def test_a_dry_run_tells_and_asks_nothing(world: World) -> None:
    reminders(world, 100)
    result = world.send(dry_run=True)
    assert (result.counts["would_send"], result.skipped) == (0, {OutboxReason.VOLUME: 100})
    assert desk(world).open() == []


def test_every_kind_is_counted_somewhere() -> None:
    assert sorted(kind for volume in Volume for kind in volume.kinds) == sorted(kind.value for kind in MessageKind)
