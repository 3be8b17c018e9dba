"""A store that was put back to an older state, a copy, a second one beside another: nobody gets a message twice, and a person decides."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.messages.memory_gateways import MemoryMailGateway, MemorySmsGateway
from tests.messages.world import ANNA, MEIER, TOMORROW_NINE, World, treatment
from tests.practice.memory_source import MemoryPracticeSource
from tests.support.store_copies import copy_of, put_back
from tray_agent.clock import ManualClock
from tray_agent.messages.gateways.contract import (
    AccountFault,
    DeliveryReport,
    DeliveryStatus,
    GatewayAccountError,
    GatewayUnavailableError,
    NotNow,
    Outcome,
    OutgoingSms,
)
from tray_agent.messages.guards import old_store
from tray_agent.messages.guards.questions import Answer, Question, QuestionKind, QuestionService, questions_of
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox.model import DoubtDecision
from tray_agent.messages.rules.licence import with_check_digits
from tray_agent.store.database import Database
from tray_agent.store.state import Place, SeenStores, StoreState, read_state


def questions(world: World) -> list[Question]:
    with world.database.read() as connection:
        return questions_of(connection, unanswered=True)


def answer(world: World) -> None:
    """Lets a person say that sending may go on, a while later."""
    world.clock.advance(timedelta(minutes=5))
    service = QuestionService(world.database, lambda _rows, _connection: None)
    for question in service.open():
        service.answer(question.id, Answer.GO_ON, "anna@EMPFANG")


def generation(world: World) -> int:
    with world.database.read() as connection:
        return read_state(connection).generation


def forget(world: World) -> None:
    """Takes the file of this workstation away, as when the whole PC was put back."""
    world.seen = SeenStores()


def references(world: World) -> list[str]:
    return [sms.reference for sms in world.gateway.taken]


@pytest.fixture
def prepared(every_world: World) -> World:
    """Returns a practice with five reminders by SMS and one by e-mail, prepared, on every engine."""
    every_world.add_patients(5)
    every_world.practice.put(replace(ANNA, mobile="", email="anna@example.ch"))
    every_world.book_appointment()
    every_world.prepare()
    assert every_world.states() == ["prepared"] * 6
    return every_world


class Ears(MemorySmsGateway):
    """Notes what it was asked about, and may not be able to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Sequence[str]] = []
        self.error: Exception | None = None

    def inquire(self, references: Sequence[str]) -> Any:
        self.asked.append(tuple(references))
        if self.error is not None:
            raise self.error
        return super().inquire(references)


# (a) The gateway is asked before anything is handed over


def test_every_message_is_asked_about_before_it_is_handed_over_and_once(world: World) -> None:
    world.sms["M1"] = ears = Ears()
    handed_over: list[str] = []

    def note(message: OutgoingSms) -> Outcome | None:
        assert any(message.reference in asked for asked in ears.asked)
        handed_over.append(message.reference)
        is_tenth = len(handed_over) % 10 == 0 and handed_over.count(message.reference) == 1
        return NotNow("busy", "Später.", retry_after=1) if is_tenth else None

    ears.answer = note
    world.add_patients(230)
    world.prepare()
    world.send()
    assert world.states() == ["submitted"] * 230
    assert sorted(reference for asked in ears.asked for reference in asked) == sorted(set(handed_over))
    assert max(map(len, ears.asked)) <= world.rules.inquiry


def test_what_the_gateway_knows_is_taken_as_sent_and_told_and_sending_stops_for_all_ways(prepared: World) -> None:
    saved = copy_of(prepared.database.engine)
    prepared.send()
    assert len(prepared.gateway.taken) == 5
    put_back(prepared.database.engine, saved)
    forget(prepared)
    prepared.activities.clear()
    result = prepared.send()
    assert len(prepared.gateway.taken) == len(set(references(prepared))) == 5
    assert len(prepared.mails.taken) == 1  # nobody can be asked about it: it waits for what the gateway says of the first SMS
    assert result.counts["known_before"] == 5
    assert result.rest is not None
    assert result.rest.reason == "question"
    assert prepared.reasons().count("known_before") == 5
    assert [question.kind for question in questions(prepared)] == [QuestionKind.RESTORED]
    (e_mail,) = [message for message in prepared.messages() if message.state is MessageState.PREPARED]
    assert (e_mail.reason, e_mail.recipient) == ("question", "anna@example.ch")


def test_as_long_as_nobody_answers_nothing_leaves_and_it_is_asked_and_told_once(prepared: World) -> None:
    saved = copy_of(prepared.database.engine)
    prepared.send()
    put_back(prepared.database.engine, saved)
    forget(prepared)
    prepared.send()
    prepared.book_appointment("late", TOMORROW_NINE + timedelta(hours=1), "Q1")
    prepared.prepare()
    prepared.activities.clear()
    for _attempt in range(3):
        prepared.clock.advance(timedelta(minutes=15))
        prepared.send(by_hand=True)
    assert len(prepared.gateway.taken) == 5
    assert len(questions(prepared)) == 1
    assert prepared.reasons().count("question") <= 1  # of the appointment that came since


def test_after_the_answer_known_ones_are_passed_over_and_the_rest_is_sent(prepared: World) -> None:
    saved = copy_of(prepared.database.engine)
    prepared.send()
    put_back(prepared.database.engine, saved)
    forget(prepared)
    prepared.add_patients(3, prefix="R")
    prepared.prepare()
    prepared.send()
    answer(prepared)
    prepared.send(by_hand=True)
    assert sorted(references(prepared)) == sorted(set(references(prepared)))
    assert len(prepared.gateway.taken) == 8
    assert questions(prepared) == []


def test_known_ones_found_later_by_preparing_ask_no_second_question_but_a_second_store_does(prepared: World) -> None:
    prepared.send()
    taken = list(prepared.gateway.taken)
    prepared.force_empty()
    forget(prepared)
    prepared.prepare()
    prepared.send()
    answer(prepared)
    for days, asked in ((1, 0), (8, 1)):
        prepared.clock.advance(timedelta(days=days) - timedelta(minutes=5))
        tomorrow = TOMORROW_NINE + (prepared.clock.now().date() - date(2026, 11, 23)) * 1
        prepared.book_appointment(f"again{days}", tomorrow, "Q1")
        prepared.prepare()
        waiting = next(message for message in prepared.messages() if message.appointment_id == f"again{days}")
        prepared.gateway.take(OutgoingSms(waiting.reference, "+41791234567", "Praxis", "Ein anderer war schneller."))
        prepared.send(by_hand=True)
        assert len(questions(prepared)) == asked, days
    assert len(prepared.gateway.taken) == len(taken) + 2


def test_an_inquiry_that_fails_lets_nothing_leave_and_is_tried_again(world: World) -> None:
    world.sms["M1"] = ears = Ears()
    world.add_patients(3)
    world.prepare()
    ears.error = GatewayUnavailableError("Keine Antwort", "Das Gateway antwortet nicht.")
    result = world.send(by_hand=True)
    assert (ears.taken, world.states()) == ([], ["prepared"] * 3)
    assert result.rest is not None
    assert result.rest.reason == "gateway_unavailable"
    ears.error = None
    world.clock.advance(timedelta(minutes=15))
    world.send()
    assert len(ears.taken) == 3


def test_an_account_that_is_refused_is_asked_once(world: World) -> None:
    world.sms["M1"] = ears = Ears()
    world.add_patients(230)
    world.prepare()
    ears.error = GatewayAccountError("Abgelehnt", "Passwort falsch.", "", item="M1", fault=AccountFault.AUTHORISATION)
    result = world.send()
    assert (ears.taken, len(ears.asked)) == ([], 1)
    assert result.rest is not None
    assert result.rest.after_change


def test_what_the_gateway_says_unreadably_is_not_sent_and_asked_about_again(world: World) -> None:
    world.add_patients(2)
    world.prepare()
    first, second = world.messages()
    world.gateway.report(DeliveryReport(first.reference, DeliveryStatus.UNREADABLE))
    world.send(by_hand=True)
    assert references(world) == [second.reference]
    assert world.messages()[0].reason == "status_unreadable"
    world.gateway.report(DeliveryReport(first.reference, DeliveryStatus.NOT_SUBMITTED))
    world.clock.advance(timedelta(minutes=10))
    world.send(by_hand=True)
    assert sorted(references(world)) == sorted([first.reference, second.reference])


def test_two_practices_on_one_account_never_meet(world: World, tmp_path: Path, clock: ManualClock) -> None:
    world.book_appointment()
    world.prepare()
    world.send()
    other = other_world(world, clock, tmp_path, licence=with_check_digits("7602000"))
    other.book_appointment()
    other.prepare()
    result = other.send()
    assert len(set(references(world))) == len(references(world)) == 2
    assert (result.counts, other.states(), questions(other)) == ({"sent": 1}, ["submitted"], [])


def test_a_greeting_never_taken_is_not_found_by_the_other_practices_reference(world: World, tmp_path: Path, clock: ManualClock) -> None:
    other = other_world(world, clock, tmp_path, licence=with_check_digits("7602000"))
    other.greet()
    other.send()
    world.greet()
    (greeting,) = world.messages()
    world.gateway.answer = lambda _message: NotNow("busy", "Später.")
    world.send(by_hand=True)
    assert world.gateway.inquire([greeting.reference]) == {}
    assert world.only().state is MessageState.PREPARED


def test_two_stores_of_one_practice_meet_and_the_second_stops(world: World, tmp_path: Path, clock: ManualClock) -> None:
    world.add_patients(5)
    world.prepare()
    world.send()
    second = other_world(world, clock, tmp_path, licence=MEIER.licence_number)
    second.add_patients(5)
    second.prepare()
    assert second.send().counts == {"known_before": 5}
    assert len(world.gateway.taken) == 5
    assert len(questions(second)) == 1


def other_world(world: World, clock: ManualClock, folder: Path, *, licence: str | None) -> World:
    """Returns a second practice, or a second store of the first, on the same account."""
    import shutil

    from tests.conftest import _migrated_file
    from tray_agent.store.database import open_database

    shutil.copyfile(_migrated_file(), folder / "second.db")
    database = open_database(f"sqlite:///{(folder / 'second.db').as_posix()}", clock=clock)
    practice = MemoryPracticeSource([replace(MEIER, licence_number=licence)], [ANNA], [treatment("P1")])
    return World(database, clock, practice, sms=world.sms, mail=MemoryMailGateway())


# (b) A workstation saw the store farther


def test_a_store_put_back_is_noticed_before_anything_is_handed_over(prepared: World) -> None:
    saved = copy_of(prepared.database.engine)
    prepared.send()
    sent, mails = len(prepared.gateway.taken), len(prepared.mails.taken)
    put_back(prepared.database.engine, saved)
    prepared.clock.advance(timedelta(hours=1))
    result = prepared.send()
    (question,) = questions(prepared)
    assert (len(prepared.gateway.taken), len(prepared.mails.taken)) == (sent, mails)
    assert "Was seit 23.11.2026 10:00" in question.sentence
    assert result.rest is not None
    assert result.rest.reason == "question"


def test_a_store_put_back_by_a_day_is_noticed_though_it_prepares_anew(prepared: World) -> None:
    saved = copy_of(prepared.database.engine)
    prepared.send()
    prepared.clock.advance(timedelta(days=1))
    prepared.book_appointment("next", TOMORROW_NINE + timedelta(days=1), "Q2")
    prepared.prepare()
    prepared.send()
    put_back(prepared.database.engine, saved)
    prepared.clock.advance(timedelta(minutes=30))
    prepared.prepare()
    taken = len(prepared.gateway.taken)
    prepared.send()
    assert len(prepared.gateway.taken) == taken
    answer(prepared)
    prepared.send(by_hand=True)
    assert len(prepared.gateway.taken) == len(set(references(prepared))) == taken
    assert questions(prepared) == []


def test_e_mails_of_the_lost_span_are_a_persons_decision_also_those_prepared_afterwards(prepared: World) -> None:
    saved = copy_of(prepared.database.engine)
    prepared.send()
    assert len(prepared.mails.taken) == 1
    put_back(prepared.database.engine, saved)
    prepared.clock.advance(timedelta(hours=1))
    prepared.send()
    answer(prepared)
    berta = replace(ANNA, id="P2", first_name="Berta", mobile="", email="berta@example.ch")
    prepared.practice.put(berta)
    prepared.practice.put(treatment("P2"))
    prepared.book_appointment("tomorrow", TOMORROW_NINE, "P2")
    prepared.prepare()
    prepared.send(by_hand=True)
    doubtful = [message for message in prepared.service.to_decide() if message.reason == "lost_span"]
    assert [message.recipient for message in doubtful] == ["anna@example.ch", "berta@example.ch"]
    assert len(prepared.mails.taken) == 1
    prepared.service.decide(doubtful[0].id, DoubtDecision.SENT, "anna@EMPFANG")
    prepared.service.decide(doubtful[1].id, DoubtDecision.AGAIN, "anna@EMPFANG")
    prepared.send(by_hand=True)
    assert [mail.recipient for mail in prepared.mails.taken] == ["anna@example.ch", "berta@example.ch"]
    prepared.clock.advance(timedelta(days=1))
    prepared.book_appointment("day after", TOMORROW_NINE + timedelta(days=1), "P2")
    prepared.prepare()
    prepared.send(by_hand=True)
    assert len(prepared.mails.taken) == 3


def test_a_persons_decision_that_was_lost_is_noticed_too(prepared: World) -> None:
    prepared.send()
    berta = replace(ANNA, id="P2", first_name="Berta", mobile="", email="berta@example.ch")
    prepared.practice.put(berta)
    prepared.practice.put(treatment("P2"))
    prepared.book_appointment("tomorrow", TOMORROW_NINE, "P2")
    prepared.prepare()
    saved = copy_of(prepared.database.engine)
    (waiting,) = [message for message in prepared.messages() if message.state is MessageState.PREPARED]
    prepared.service.cancel([waiting.id], "anna@EMPFANG")
    see(prepared, prepared.seen)
    put_back(prepared.database.engine, saved)
    prepared.send()
    assert len(prepared.mails.taken) == 1
    assert len(questions(prepared)) == 1


def see(world: World, seen: SeenStores) -> None:
    """Notes how far the store has come, as an agent does that tells once a minute that it is there."""
    with world.database.read() as connection:
        seen.note(read_state(connection), world.database.now(connection))


def test_two_workstations_notice_it_each_and_after_one_answer_nobody_asks_again(prepared: World) -> None:
    here, there = prepared.seen, SeenStores()
    saved = copy_of(prepared.database.engine)
    prepared.send()
    for _day in range(3):
        prepared.clock.advance(timedelta(days=1))
        prepared.book_appointment(f"d{_day}", TOMORROW_NINE + timedelta(days=_day + 1), "Q2")
        prepared.prepare()
        prepared.seen = there
        prepared.send()
    assert there.of(state(prepared).number)[-1].generation > here.of(state(prepared).number)[-1].generation
    put_back(prepared.database.engine, saved)
    prepared.clock.advance(timedelta(minutes=1))
    prepared.seen = here
    prepared.send()
    assert len(questions(prepared)) == 1
    prepared.seen = SeenStores()  # a third one that saw nothing holds still all the same
    prepared.send()
    answer(prepared)
    for place, seen in enumerate((here, there, here, there)):
        prepared.seen = seen
        prepared.clock.advance(timedelta(minutes=15))
        prepared.book_appointment(f"e{place}", TOMORROW_NINE + timedelta(days=3, hours=1 + place), "Q3")
        prepared.prepare()
        prepared.send(by_hand=True)
        assert questions(prepared) == []
    assert generation(prepared) > there.of(state(prepared).number)[-2].generation


def test_a_new_store_in_the_place_of_another_asks_first_also_where_only_e_mails_are_sent(
    world: World, tmp_path: Path, clock: ManualClock
) -> None:
    world.practice.put(replace(ANNA, mobile="", email="anna@example.ch"))
    world.book_appointment()
    world.prepare()
    world.send()
    fresh = other_world(world, clock, tmp_path, licence=MEIER.licence_number)
    fresh.seen, fresh.mail = world.seen, world.mail
    fresh.practice.put(replace(ANNA, mobile="", email="anna@example.ch"))
    fresh.book_appointment()
    fresh.prepare()
    fresh.send()
    assert (len(world.mails.taken), [question.kind for question in questions(fresh)]) == (1, [QuestionKind.RESTORED])
    answer(fresh)
    fresh.send(by_hand=True)
    assert len(world.mails.taken) == 1
    assert [message.reason for message in fresh.service.to_decide()] == ["lost_span"]


def state(world: World) -> StoreState:
    with world.database.read() as connection:
        return read_state(connection)


def test_a_second_restore_asks_again(prepared: World) -> None:
    saved = copy_of(prepared.database.engine)
    for run in range(4):  # so that it is far below what was seen, also after the answer
        prepared.add_patients(1, prefix=f"X{run}")
        prepared.prepare()
        prepared.send()
    put_back(prepared.database.engine, saved)
    prepared.clock.advance(timedelta(hours=1))
    prepared.send()
    answer(prepared)
    again = copy_of(prepared.database.engine)
    prepared.add_patients(1, prefix="S")
    prepared.prepare()
    prepared.send(by_hand=True)
    put_back(prepared.database.engine, again)
    prepared.clock.advance(timedelta(hours=1))
    prepared.add_patients(1, prefix="U")
    prepared.prepare()
    taken = len(prepared.gateway.taken)
    prepared.send(by_hand=True)
    assert (len(questions(prepared)), len(prepared.gateway.taken)) == (1, taken)


def test_a_run_counts_once_before_its_first_intent_and_one_that_sends_nothing_does_not(world: World) -> None:
    world.send()
    assert generation(world) == 0
    world.add_patients(60)
    world.prepare()
    world.steps.clear()
    world.send()
    assert generation(world) == 1
    order = [step for step in world.steps if step in ("before_generation_commit", "after_generation_noted", "before_leaving")]
    assert order[:3] == ["before_generation_commit", "after_generation_noted", "before_leaving"]
    assert order.count("before_generation_commit") == 1


# Where it stops in between


class Stopped(Exception):  # noqa: N818 - stands for a process that ends
    """The process ends here."""


STEPS = (
    "before_generation_commit", "before_generation_noted", "after_generation_noted", "before_known_commit", "before_commit", "after_commit",
)  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("restored", [False, True])
def test_whatever_step_a_run_ends_at_nobody_gets_a_second_message_and_the_file_is_never_ahead(
    world: World, step: str, restored: bool
) -> None:
    world.add_patients(5)
    world.prepare()
    saved = copy_of(world.database.engine)
    if restored:
        world.send()
        put_back(world.database.engine, saved)
        world.clock.advance(timedelta(minutes=1))
        if step == "before_known_commit":
            forget(world)
        else:
            world.send()
            answer(world)
            world.add_patients(2, prefix="R")
            world.prepare()
    before = [one.generation for one in world.seen.of(state(world).number)]

    def end_at(reached: str) -> None:
        if reached == step:
            raise Stopped

    hooks = world.steps
    world.steps = Hook(end_at)  # type: ignore[assignment]
    ended = False
    try:
        world.send(by_hand=True)
    except Stopped:
        ended = True
    world.steps = hooks
    if ended:
        after = [one.generation for one in world.seen.of(state(world).number)]
        assert after == before or after[-1] <= generation(world)
    for _attempt in range(6):
        world.clock.advance(timedelta(minutes=5))
        world.send(by_hand=True)
        if questions(world):
            answer(world)
    assert len(references(world)) == len(set(references(world)))
    assert set(world.states()) == {"submitted"}


class Hook:
    """Stands for the list of steps."""

    def __init__(self, reached: Callable[[str], None]) -> None:
        self.append = reached


# What a workstation keeps


def test_what_a_workstation_saw_is_on_the_disk_and_only_grows(tmp_path: Path, world: World) -> None:
    file = tmp_path / "data" / "seen.json"
    seen, at = SeenStores(file), world.clock.now()
    for number in (1, 3, 2):
        seen.note(StoreState("a", number, "", ""), at)
        SeenStores(file).note(StoreState("b", number, "", ""), at)
    assert [one.generation for one in SeenStores(file).of("a")] == [1, 3]
    assert [one.generation for one in SeenStores(file).of("b")] == [1, 3]
    assert SeenStores(file).of("c") == ()


def test_many_stores_and_steps_are_forgotten_the_oldest_first(tmp_path: Path, world: World) -> None:
    seen = SeenStores(tmp_path / "seen.json")
    for number in range(25):
        seen.note(StoreState(f"s{number}", 1, "", ""), world.clock.now())
    assert [bool(seen.of(f"s{number}")) for number in (0, 14, 15, 24)] == [False, False, True, True]


NO_FILES = (b"", b"{", b"[]", b"\xff\xfe", b'{"stores": 7}', b'{"stores": {"a": [["x", "y"]]}}', b'{"stores": {"a": [[1, "2026-11-23"]]}}')


@pytest.mark.parametrize("content", NO_FILES)
def test_a_file_that_is_none_counts_as_nothing_seen_and_is_written_anew(
    tmp_path: Path, world: World, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "seen.json"
    file.write_bytes(content)
    seen = SeenStores(file)
    assert seen.of("a") == ()
    assert "can't be read" in caplog.text
    seen.note(StoreState("a", 4, "", ""), world.clock.now())
    assert [one.generation for one in seen.of("a")] == [4]


def test_a_file_that_cant_be_written_is_told_once_and_the_work_goes_on(
    world: World, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "data").write_bytes(b"a file where a folder should be")
    world.seen = SeenStores(tmp_path / "data" / "seen.json")
    for day in range(2):
        world.add_patients(1, prefix=f"D{day}")
        world.prepare()
        world.send()
    assert len(world.gateway.taken) == 2
    assert caplog.text.count("can't be written") == 1


def test_many_processes_note_side_by_side_and_the_highest_stays(tmp_path: Path, world: World) -> None:
    file, at = tmp_path / "seen.json", world.clock.now()

    def note(of: int) -> None:
        for number in range(of, 60, 4):
            SeenStores(file).note(StoreState("a", number, "", ""), at)

    threads = [threading.Thread(target=note, args=(of,)) for of in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SeenStores(file).of("a")[-1].generation == 59


# (c) Another server, another database


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """Returns a list whose last place is where the store is."""
    here = [Place("vito (SRV1)", "k1")]
    monkeypatch.setattr(old_store, "place_of", lambda _database: here[-1])
    return here


def test_a_store_at_another_place_asks_once_and_the_place_is_noted_with_the_answer(prepared: World, places: list[Place]) -> None:
    prepared.send()
    assert (state(prepared).place, len(prepared.gateway.taken)) == ("vito (SRV1)", 5)
    places.append(Place("vito (TEST)", "k2"))
    prepared.add_patients(2, prefix="R")
    prepared.prepare()
    for _attempt in range(2):
        prepared.send(by_hand=True)
        assert len(prepared.gateway.taken) == 5
    (question,) = questions(prepared)
    assert question.kind is QuestionKind.PLACE
    assert "vito (SRV1)" in question.sentence
    assert "vito (TEST)" in question.sentence
    answer(prepared)
    prepared.send(by_hand=True)
    assert (state(prepared).place, len(prepared.gateway.taken), questions(prepared)) == ("vito (TEST)", 7, [])


def test_a_store_that_came_back_to_its_place_takes_the_question_back(prepared: World, places: list[Place]) -> None:
    prepared.send()
    places.append(Place("vito (TEST)", "k2"))
    prepared.send()
    assert questions(prepared)
    places.pop()
    prepared.send()
    assert questions(prepared) == []


def test_a_server_says_where_it_is_and_a_file_does_not(database: Database) -> None:
    from tray_agent.store.state import place_of

    place = place_of(database)
    if database.dialect == "sqlite":
        assert place is None
    else:
        assert place is not None
        assert len(place.key) == 64
        assert str(database.engine.url.database) in place.name
        assert place == place_of(database)
