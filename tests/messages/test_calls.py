"""The call list as its window uses it: ticks that are taken back exactly, two workstations at once, notes, calls in vain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import event, select

from tests.messages.test_service import doubtful
from tests.messages.world import ANNA, TOMORROW_NINE, World, treatment
from tray_agent.errors import KnownError, UnavailableError
from tray_agent.jobs.outlook import Outlook
from tray_agent.messages.model import MessageState
from tray_agent.messages.outbox.model import LONGEST_NOTE, CallEntry
from tray_agent.messages.service import CallChangedError
from tray_agent.messages.words import done_words, unreached_words, why_words
from tray_agent.practice.model import Patient
from tray_agent.store.state import read_state
from tray_agent.store.tables import message

WHO = "anna@EMPFANG1"


def rows(world: World) -> list[dict[str, Any]]:
    """Returns the whole table, but for what counts changes."""
    with world.database.read() as connection:
        found = connection.execute(select(message).order_by(message.c.id)).mappings().all()
    return [{name: value for name, value in row.items() if name != "version"} for row in found]


def landline(world: World) -> None:
    world.change_patient(mobile=None, phone="044 262 11 22")
    world.book_appointment(doctor="Dr. Meier")
    world.prepare()


def never_sent(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.outlook = Outlook()


def in_doubt(world: World) -> None:
    doubtful(world)
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=1)))


def failed(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.send()
    world.force(world.only().id, state="failed", reason="not_delivered", reason_code="107", sentence="Nicht zugestellt.")


def told_another_time(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.send()
    world.force(world.only().id, state="delivered")
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=2))


def told_another_patient(world: World) -> None:
    world.practice.put(replace(ANNA, id="P2", last_name="Zwei"), treatment("P2"))
    told_another_time(world)
    world.change_appointment(starts_at=TOMORROW_NINE, patient_id="P2")


def told_and_absent(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.send()
    world.practice.remove_appointment("A1")
    world.clock.set(world.parts.instant(TOMORROW_NINE - timedelta(hours=1)))


def missed_and_moved(world: World) -> None:
    failed(world)
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=2))


SCENES = (landline, never_sent, in_doubt, failed, told_another_time, told_another_patient, told_and_absent, missed_and_moved)


def only_open(world: World) -> CallEntry:
    (entry,) = world.service.calls().open
    return entry


@pytest.mark.parametrize("scene", SCENES)
def test_a_tick_is_taken_back_exactly(every_world: World, scene: Callable[[World], None]) -> None:
    world = every_world
    scene(world)
    before, listed = rows(world), only_open(world)
    ticked = world.service.tick(listed, WHO)
    (done,) = world.service.calls().done_today
    assert world.service.calls().open == []
    assert (done.message.id, done.message.patient_name, done.message.appointment_at) == (
        listed.message.id, listed.message.patient_name, listed.message.appointment_at,
    )  # fmt: skip
    assert (ticked.is_done, done_words(ticked.message, world.parts.zone, world.clock.now()).partition(",")[0]) == (
        True,
        "erledigt von anna",
    )
    back = world.service.untick(done)
    assert (back.is_done, back.message.ticked_at, rows(world)) == (False, None, before)
    assert (only_open(world).sentence, world.service.calls().done) == (listed.sentence, [])
    world.service.tick(only_open(world), WHO)
    assert world.service.calls().open == []


def test_what_is_sent_after_all_goes_out_once(every_world: World) -> None:
    world = every_world
    never_sent(world)
    world.service.untick(world.service.tick(only_open(world), WHO))
    world.send()
    assert (world.states(), len(world.gateway.taken)) == (["submitted"], 1)
    world.prepare()
    world.send()
    assert len(world.gateway.taken) == 1


def test_a_doubt_is_asked_about_again_and_never_sent_by_that(world: World) -> None:
    in_doubt(world)
    world.service.untick(world.service.tick(only_open(world), WHO))
    assert world.states() == ["in_doubt"]
    world.follow_up()
    assert world.states()[0] in ("in_doubt", "submitted", "prepared")


def test_what_somebody_else_says_by_now_is_not_sent_a_second_time(world: World) -> None:
    never_sent(world)
    ticked = world.service.tick(only_open(world), WHO)
    world.practice.put(replace(ANNA, id="P2"), treatment("P2"))
    world.book_appointment("A2", TOMORROW_NINE, "P2")
    world.prepare()
    assert world.states() == ["cancelled", "prepared"]
    with pytest.raises(CallChangedError, match="verändert"):
        world.service.untick(ticked)
    assert world.states() == ["cancelled", "prepared"]


def test_what_changed_since_is_not_taken_back(world: World) -> None:
    landline(world)
    ticked = world.service.tick(only_open(world), WHO)
    world.force(1, handled_by="beat@PC2")
    before = rows(world)
    with pytest.raises(CallChangedError):
        world.service.untick(ticked)
    assert rows(world) == before


def test_what_was_noted_of_a_patient_does_not_pass_to_another_who_has_the_appointment_now(world: World) -> None:
    landline(world)
    world.service.note(world.service.not_reached(only_open(world), WHO), "ruft zurück", WHO)
    world.practice.put(replace(ANNA, id="P2", last_name="Zwei"), treatment("P2"))
    world.change_appointment(patient_id="P2")
    world.prepare()
    one = world.only()
    assert (one.patient_id, one.note, one.noted_by, one.unreached, one.unreached_by) == ("P2", None, None, 0, None)


def test_a_delivery_told_meanwhile_does_not_keep_a_tick_from_being_taken_back(world: World) -> None:
    told_another_time(world)
    world.force(1, state="submitted")
    ticked = world.service.tick(only_open(world), WHO)
    world.force(1, state="delivered", version=99)
    world.service.untick(ticked)
    assert ([one.id for one in world.messages()], world.messages()[0].state) == ([1], MessageState.DELIVERED)


def test_who_is_second_is_told_by_whom(every_world: World) -> None:
    world = every_world
    for scene in (landline, told_another_time):
        world.force_empty()
        scene(world)
        seen = only_open(world)
        world.service.tick(seen, "beat@PRAXIS2")
        with pytest.raises(CallChangedError, match=r"Muster Anna: erledigt von beat, \d\d:\d\d\."):
            world.service.tick(seen, WHO)
        assert {one.handled_by for one in world.messages() if one.handled_by} == {"beat@PRAXIS2"}
        world.change_patient(mobile=ANNA.mobile)


def test_two_workstations_at_the_same_moment(every_world: World) -> None:
    world = every_world
    told_another_time(world)
    seen, barrier, said = only_open(world), Barrier(2), []

    def tick(who: str) -> None:
        barrier.wait(30)
        try:
            world.service.tick(seen, who)
            said.append(f"{who} ticked")
        except CallChangedError as error:
            said.append(str(error.message))

    threads = [Thread(target=tick, args=(who,)) for who in ("anna@PC1", "beat@PC2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    winner = next(one.partition(" ")[0] for one in said if one.endswith("ticked"))
    (loser,) = [one for one in said if not one.endswith("ticked")]
    assert f"erledigt von {winner.partition('@')[0]}" in loser
    assert [one.handled_by for one in world.messages()] == [None, winner]
    world.service.untick(world.service.calls().done[0])
    assert len(world.messages()) == 1


class Ended(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("scene", [landline, never_sent, told_another_time, told_and_absent, missed_and_moved])
@pytest.mark.parametrize("back", [False, True])
def test_ended_at_any_statement_it_is_done_whole_or_not_at_all(world: World, scene: Callable[[World], None], back: bool) -> None:
    scene(world)
    open_rows, listed = _same(world), only_open(world)
    ticked = world.service.tick(listed, WHO)
    untouched, after = (_same(world), open_rows) if back else (open_rows, _same(world))
    if not back:
        world.service.untick(ticked)
    seen = []
    for place in range(1, 100):
        ended = _ended_at(world, place, lambda: world.service.untick(ticked) if back else world.service.tick(listed, WHO))
        seen.append(_same(world))
        if not ended or seen[-1] != untouched:
            break
    assert len(seen) > 4
    assert seen[:-1] == [untouched] * (len(seen) - 1)
    assert seen[-1] == after


def _same(world: World) -> list[dict[str, Any]]:
    """Returns the table without the rows' own numbers: an entry made beside is another row each time."""
    return [{name: value for name, value in row.items() if name not in ("id", "ticked_over")} for row in rows(world)]


def _ended_at(world: World, place: int, act: Callable[[], object]) -> bool:
    """Acts, and has the process end before its statement of that number; returns whether it came so far."""
    count = 0

    def before(*_what: object) -> None:
        nonlocal count
        count += 1
        if count == place:
            raise Ended

    event.listen(world.database.engine, "before_cursor_execute", before)
    try:
        act()
    except Ended:
        return True
    finally:
        event.remove(world.database.engine, "before_cursor_execute", before)
    return False


def test_a_note_stays_until_somebody_writes_another_who_knows_of_it(every_world: World) -> None:
    world = every_world
    landline(world)
    seen = only_open(world)
    noted = world.service.note(seen, " ruft zurück ", WHO)
    assert (noted.message.note, noted.message.noted_by, only_open(world).message.note) == ("ruft zurück", WHO, "ruft zurück")
    with pytest.raises(CallChangedError, match="von anna"):
        world.service.note(seen, "Band läuft", "beat@PC2")
    assert only_open(world).message.note == "ruft zurück"
    assert world.service.note(noted, "", "beat@PC2").message.note is None
    long = world.service.note(only_open(world), "x" * 900, WHO).message.note
    assert len(long or "") == LONGEST_NOTE


def test_calls_in_vain_are_counted_and_taken_back(every_world: World) -> None:
    world = every_world
    landline(world)
    seen = only_open(world)
    once = world.service.not_reached(seen, "beat@PC2")
    twice = world.service.not_reached(seen, WHO)  # who did not see the other's yet has called all the same
    words = unreached_words(twice.message, world.parts.zone, world.clock.now())
    assert (twice.message.unreached, words.partition(" von")[0]) == (2, "2-mal nicht erreicht, zuletzt")
    with pytest.raises(CallChangedError):
        world.service.take_unreached_back(seen, once)
    assert world.service.take_unreached_back(once, twice).message.unreached == 1
    assert only_open(world).message.unreached_by == "beat@PC2"
    world.service.tick(only_open(world), WHO)
    with pytest.raises(CallChangedError, match="erledigt von anna"):
        world.service.not_reached(seen, "beat@PC2")


def generation(world: World) -> int:
    with world.database.read() as connection:
        return read_state(connection).generation


def test_every_act_is_seen_at_other_workstations_by_the_number_of_the_store(world: World) -> None:
    landline(world)
    numbers = [generation(world)]
    acts: tuple[Callable[[], CallEntry], ...] = (
        lambda: world.service.note(only_open(world), "Band", WHO),
        lambda: world.service.not_reached(only_open(world), WHO),
        lambda: world.service.tick(only_open(world), WHO),
        lambda: world.service.untick(world.service.calls().done[0]),
    )
    for act in acts:
        act()
        numbers.append(generation(world))
    assert numbers == sorted(set(numbers))


def test_done_today_and_within_a_month(world: World) -> None:
    landline(world)
    world.service.tick(only_open(world), WHO)
    world.clock.advance(timedelta(days=1))
    calls = world.service.calls()
    assert (len(calls.done), calls.done_today) == (1, [])
    assert done_words(calls.done[0].message, world.parts.zone, world.clock.now()) == "erledigt von anna, 23.11. 10:00"
    world.clock.advance(timedelta(days=31))
    assert world.service.calls().done == []


def test_a_tick_of_the_version_before_can_not_be_taken_back(world: World) -> None:
    landline(world)
    ticked = world.service.tick(only_open(world), WHO)
    world.force(1, ticked_over=None)
    with pytest.raises(CallChangedError):
        world.service.untick(ticked)


# What is shown beside


def test_beside_name_and_reason_stands_what_the_practice_knows_and_nothing_of_it_is_stored(world: World) -> None:
    landline(world)
    world.change_patient(language="it")
    entry = only_open(world)
    assert (entry.birth_date, entry.doctor, entry.language, entry.phones, entry.is_known) == (
        date(1980, 11, 23), "Dr. Meier", "it", ("044 262 11 22",), True,
    )  # fmt: skip
    ticked = world.service.tick(entry, WHO)
    assert (ticked.birth_date, world.service.calls().done[0].birth_date) == (date(1980, 11, 23),) * 2
    stored = str(rows(world))
    for word in ("1980, 11, 23", "1980-11-23", "262 11 22"):
        assert word not in stored


@pytest.mark.parametrize("scene", [landline, never_sent, failed])
def test_names_and_times_stand_there_while_the_practice_can_not_be_read(
    world: World, scene: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene(world)

    def away(*_ids: object) -> dict[str, Patient]:
        raise UnavailableError("Praxisdaten nicht erreichbar", "Die Datenbank der Praxissoftware antwortet nicht.")

    monkeypatch.setattr(world.practice, "patients", away)
    monkeypatch.setattr(world.practice, "appointments", away)
    calls = world.service.calls()
    (entry,) = calls.open
    assert isinstance(calls.problem, KnownError)
    assert (entry.message.patient_name, entry.message.appointment_at) == ("Muster Anna", world.parts.instant(TOMORROW_NINE))
    assert (entry.is_known, entry.phones, entry.birth_date, entry.doctor) == (False, (), None, None)
    world.service.tick(entry, WHO)
    calls = world.service.calls()
    assert (calls.open, [one.message.patient_name for one in calls.done]) == ([], ["Muster Anna"])


@pytest.mark.parametrize(
    ("scene", "words"),
    [
        (landline, ("keine Mobilnummer", "Nur Festnetz hinterlegt")),
        (failed, ("nicht angekommen", "Telefon war ausgeschaltet")),
        (never_sent, ("noch nicht gesendet", "Wird zur Zeit nicht von selbst gesendet.")),
        (in_doubt, ("unklar, ob gesendet", "")),
        (told_another_time, ("andere Zeit mitgeteilt", "Der Termin wurde verschoben")),
        (told_and_absent, ("Termin nicht gefunden", "Termin in der Praxissoftware prüfen")),
    ],
)
def test_why_in_a_few_words(world: World, scene: Callable[[World], None], words: tuple[str, str]) -> None:
    scene(world)
    assert why_words(only_open(world)) == words
