"""A view that became empty: nothing is prepared, sent or cancelled from it, it is asked about when that lasts, and all goes on then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.messages.world import ANNA, LONG_AGO, MEIER, OTHER, World, treatment
from tray_agent.jobs.contract import JobResult
from tray_agent.messages.guards.questions import Answer, QuestionKind, QuestionService
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.practice.model import Appointment, Mandant, Patient, Treatment, VisitReason
from tray_agent.practice.sql_source import PracticeDataError
from tray_agent.practice.views import APPOINTMENTS, MANDANTS, PATIENTS, TREATMENTS, VIEWS, VISIT_REASONS, PracticeView
from tray_agent.store.tables import practice_view

REASON = VisitReason("7", "Kontrolle")
RUNS: dict[str, Callable[[World], JobResult]] = {"prepare": World.prepare, "greet": World.greet, "send": World.send}
ROWS: dict[PracticeView, Mandant | Patient | Treatment | Appointment | VisitReason] = {
    MANDANTS: MEIER, PATIENTS: ANNA, TREATMENTS: treatment("P1"), APPOINTMENTS: LONG_AGO, VISIT_REASONS: REASON,
}  # fmt: skip


def busy(world: World) -> World:
    """Returns a practice whose views all hold rows, and that has prepared a reminder."""
    world.practice.put(REASON)
    world.book_appointment()
    world.prepare()
    assert world.states() == ["prepared"]
    return world


def ask_service(world: World) -> QuestionService:
    return QuestionService(world.database, lambda rows, _connection: world.activities.extend(rows))


def emptied(world: World, run: str) -> str:
    """Runs a job that finds a view emptied, and returns what it says."""
    with pytest.raises(PracticeDataError) as error:
        RUNS[run](world)
    return error.value.message


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_nothing_is_done_from_a_view_that_became_empty_and_all_goes_on_when_it_is_filled(
    world: World, view: PracticeView, run: str
) -> None:
    busy(world)
    world.practice.empty(view)
    told = emptied(world, run)
    assert told.startswith(f"Die Sicht {view.name} ist leer; am 23.11.2026 enthielt sie noch Daten.")
    assert (world.states(), len(world.gateway.taken)) == (["prepared"], 0)
    world.practice.put(MEIER, ANNA, treatment("P1"), REASON)
    world.book_appointment()
    RUNS[run](world)
    world.send()
    assert [one.recipient for one in world.gateway.taken if "Termin" in one.text] == ["+41791234567"]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_that_has_always_been_empty_is_no_fault(every_world: World, view: PracticeView) -> None:
    world = every_world
    world.practice.put(REASON)
    world.practice.empty(view)
    for run in RUNS.values():
        run(world)
    assert ask_service(world).open() == []


def test_a_dry_run_is_told_too_and_writes_nothing(world: World) -> None:
    busy(world)
    world.practice.empty(PATIENTS)
    for _attempt in range(3):
        with pytest.raises(PracticeDataError):
            world.prepare(dry_run=True)
        world.clock.advance(timedelta(hours=1))
    with world.database.read() as connection:
        assert set(connection.execute(select(practice_view.c.empty_since)).scalars()) == {None}


@pytest.mark.parametrize(("after", "asks"), [(timedelta(minutes=29), False), (timedelta(minutes=30), True), (timedelta(days=3), True)])
def test_it_is_asked_when_it_lasts_once(every_world: World, after: timedelta, asks: bool) -> None:
    world = busy(every_world)
    world.practice.empty(APPOINTMENTS, PATIENTS)
    emptied(world, "prepare")
    assert ask_service(world).open() == []
    world.clock.advance(after)
    for run in ("send", "prepare", "send"):
        emptied(world, run)
    asked = ask_service(world).open()
    assert sorted(one.subject for one in asked) == (
        ["vitoclient_appointments/2026-11-23", "vitoclient_patients/2026-11-23"] if asks else []
    )
    assert world.reasons().count(OutboxReason.QUESTION) == len(asked)


def test_a_person_may_say_that_it_is_right_of_one_view_and_the_other_still_holds(world: World) -> None:
    busy(world)
    world.practice.empty(VISIT_REASONS, TREATMENTS)
    emptied(world, "send")
    world.clock.advance(timedelta(minutes=31))
    emptied(world, "send")
    service = ask_service(world)
    by_view = {one.about["view"]: one for one in service.open()}
    service.answer(by_view[VISIT_REASONS.name].id, Answer.RIGHT, "anna@EMPFANG")
    assert TREATMENTS.name in emptied(world, "send")
    world.practice.put(treatment("P1"))
    world.send()
    assert world.states() == ["submitted"]
    assert service.open() == []
    world.send()  # and stays right


def test_filled_again_the_question_goes_and_the_next_time_it_is_asked_anew(world: World) -> None:
    busy(world)
    for day in range(2):
        world.practice.empty(PATIENTS)
        emptied(world, "send")
        world.clock.advance(timedelta(minutes=40))
        emptied(world, "send")
        (asked,) = ask_service(world).open()
        assert asked.kind is QuestionKind.VIEW
        world.practice.put(ANNA, OTHER)
        world.prepare()
        assert ask_service(world).open() == []
        if day == 0:
            world.clock.advance(timedelta(days=2))
            world.prepare()
    assert asked.subject == "vitoclient_patients/2026-11-25"


def test_that_it_holds_rows_is_noted_once_a_day(world: World) -> None:
    busy(world)

    def noted() -> set[object]:
        with world.database.read() as connection:
            return set(connection.execute(select(practice_view.c.filled_at)).scalars())

    first = noted()
    world.clock.advance(timedelta(hours=23))
    world.send()
    assert noted() == first
    world.clock.advance(timedelta(hours=1))
    world.send()
    assert noted() == {world.clock.now()}
