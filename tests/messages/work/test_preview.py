"""The preview tells what preparing then does, and writes nothing."""

# ruff: noqa: DTZ001 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import insert

from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import ANNA, MEIER, TOMORROW_NINE, Accounts, World
from tray_agent.cli import run
from tray_agent.config import settings as switches
from tray_agent.demo.practice import DEFAULT_MANDANT, DemoPractice, make_demo_practice
from tray_agent.errors import InputError
from tray_agent.messages.model import PREVIEWED_KINDS, Channel, MessageKind
from tray_agent.messages.rules.reasons import Reason
from tray_agent.messages.texts.rendering import Placeholder
from tray_agent.messages.texts.templates import Template, TemplateKey
from tray_agent.messages.work.preview import Preview, PreviewService
from tray_agent.practice.model import AppointmentStatus
from tray_agent.practice.sql_source import SqlPracticeSource
from tray_agent.store.database import Database, open_database
from tray_agent.store.tables import credit_balance, metadata

REMINDER, BIRTHDAY = MessageKind.REMINDER, MessageKind.BIRTHDAY


def preview(world: World, kind: MessageKind = REMINDER, day: date | None = None) -> Preview:
    return PreviewService(world.parts).preview(kind, day)


def everything(database: Database) -> list[Any]:
    with database.read() as connection:
        return [connection.execute(table.select()).all() for table in metadata.sorted_tables]


@pytest.fixture
def demo_world(world: World, tmp_path: Path) -> Iterator[tuple[World, DemoPractice]]:
    """Gives the demo practice with everything but the outbox in memory."""
    practice = open_database(f"sqlite:///{(tmp_path / 'practice.db').as_posix()}")
    demo = make_demo_practice(practice, date(2026, 11, 23), patients=700)
    values = {**world.values, switches.DEFAULT_MANDANT: DEFAULT_MANDANT}
    sms = Accounts({"M1": MemorySmsGateway(), "M2": MemorySmsGateway()})
    yield replace(world, practice=cast("Any", SqlPracticeSource(practice)), values=values, sms=sms), demo
    practice.dispose()


def test_who_would_get_what_when_on_which_way_from_whom_at_what_cost(world: World) -> None:
    world.book_appointment()
    found = preview(world)
    [line] = found.messages
    assert (line.patient, line.channel, line.recipient) == ("Muster Anna", Channel.SMS, "+41791234567")
    assert (line.mandant_id, line.mandant, line.cost, line.segments) == ("M1", "Dr. Meier", Decimal(1), 1)
    assert line.starts_at == TOMORROW_NINE
    assert "09:00" in line.text
    assert found.window is not None
    assert (found.window.first, found.window.last) == (date(2026, 11, 24), date(2026, 11, 24))


def test_who_would_not_and_why(world: World) -> None:
    world.book_appointment()
    world.change_appointment(status=AppointmentStatus.CANCELLED)
    found = preview(world)
    assert not found.messages
    [line] = found.others
    assert (line.reason, line.sentence, line.entry) == (Reason.APPOINTMENT_CANCELLED, "Der Termin ist abgesagt.", False)
    assert found.reasons == {Reason.APPOINTMENT_CANCELLED: 1}


def test_birthdays_of_the_day(world: World) -> None:
    [line] = preview(world, BIRTHDAY).messages
    assert (line.patient_id, line.appointment_id, line.starts_at) == ("P1", None, None)
    assert "Geburtstag" in line.text
    assert preview(world, BIRTHDAY, date(2026, 11, 24)).lines == ()
    assert len(preview(world, BIRTHDAY, date(2027, 11, 23)).messages) == 1


def test_another_day_searches_its_own_window(world: World) -> None:
    world.book_appointment(starts_at=datetime(2026, 12, 2, 14))
    assert preview(world).lines == ()
    found = preview(world, REMINDER, date(2026, 12, 1))
    assert (found.day, len(found.messages)) == (date(2026, 12, 1), 1)


def test_a_day_that_is_over_is_refused(world: World) -> None:
    with pytest.raises(InputError, match="vorbei"):
        preview(world, REMINDER, date(2026, 11, 22))


@pytest.mark.parametrize("day", [date(2028, 11, 25), date.max])
def test_a_day_beyond_every_plan_is_refused(world: World, day: date) -> None:
    with pytest.raises(InputError, match="Zukunft"):
        preview(world, REMINDER, day)
    assert preview(world, REMINDER, date(2028, 11, 23)).lines == ()


@pytest.mark.parametrize("kind", PREVIEWED_KINDS)
def test_a_switch_on_nein_is_told_and_the_rest_is_shown_as_if(world: World, kind: MessageKind) -> None:
    world.book_appointment()
    assert preview(world, kind).switched_on
    world.values.clear()
    found = preview(world, kind)
    assert not found.switched_on
    assert len(found.messages) == 1


def test_what_was_prepared_is_not_due_again(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.greet()
    assert preview(world).reasons == {Reason.ALREADY_REMINDED: 1}
    assert preview(world, BIRTHDAY).reasons == {Reason.ALREADY_GREETED: 1}


def test_a_moved_appointment_is_due_again(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.send()
    world.change_appointment(starts_at=TOMORROW_NINE + timedelta(hours=2))
    [line] = preview(world).messages
    assert (line.kind, line.moved, line.former) == (MessageKind.MOVED, True, TOMORROW_NINE)
    assert "11:00 Uhr, nicht mehr am 24.11.2026, 09:00 Uhr" in line.text
    assert preview(world).kind is REMINDER
    world.change_patient(mobile=None)
    [line] = preview(world).others
    assert (line.reason, line.former) == (Reason.NO_CONTACT, TOMORROW_NINE)
    world.change_patient(mobile=ANNA.mobile)
    world.values[switches.REPEAT_MOVED] = False
    assert preview(world).reasons == {Reason.MOVED_NOT_REPEATED: 1}


def test_what_is_missed_in_a_text_is_told_beside_what_was_left_out(world: World) -> None:
    """ "Termin bei am 24.11." is a fault; a link that the practice does not have is none."""
    key = TemplateKey(REMINDER, Channel.SMS, "de")
    text = "Termin bei {Arzt} am {Datum} um {Uhrzeit}. {Praxis} {Link}"
    world.book = replace(world.book, templates={key: Template(key, text)})
    world.book_appointment()
    [line] = preview(world).messages
    assert (line.missing, line.gaps) == ((Placeholder.DOCTOR, Placeholder.LINK), (Placeholder.DOCTOR,))
    assert "Termin bei am 24.11.2026" in line.text
    world.change_appointment(doctor="Dr. Meier")
    [line] = preview(world).messages
    assert (line.missing, line.gaps) == ((Placeholder.LINK,), ())


def test_one_per_day_counts_what_went_out(world: World) -> None:
    world.values[switches.ONE_PER_DAY] = True
    world.book_appointment()
    world.prepare()
    world.book_appointment("A2", TOMORROW_NINE + timedelta(hours=1))
    assert preview(world).reasons == {Reason.ALREADY_REMINDED: 1, Reason.ANOTHER_THAT_DAY: 1}


def test_a_number_that_the_gateway_refused_for_good_is_not_tried_again(world: World) -> None:
    world.book_appointment()
    world.prepare()
    world.force(world.only().id, state="error", attempts=1, reason="recipient")
    assert preview(world).reasons == {Reason.RECIPIENT_REFUSED: 1}
    world.change_patient(mobile="078 111 22 33")
    assert len(preview(world).messages) == 1


def test_the_cost_is_set_against_the_balance_last_told(world: World) -> None:
    world.book_appointment()
    world.book_appointment("A2", TOMORROW_NINE + timedelta(hours=1))
    [charged] = preview(world).mandants
    assert (charged.messages, charged.cost, charged.balance, charged.is_enough) == (2, Decimal(2), None, True)
    _tell_balance(world, Decimal(1))
    [charged] = preview(world).mandants
    assert (charged.balance, charged.is_enough) == (Decimal(1), False)
    assert preview(world).cost == 2


def test_an_empty_account_is_a_reason(world: World) -> None:
    world.book_appointment()
    _tell_balance(world, Decimal(0))
    found = preview(world)
    assert found.reasons == {Reason.NO_CREDITS: 1}
    world.change_patient(mobile=None, email="anna@example.com")
    [line] = preview(world).messages
    assert (line.channel, line.cost) == (Channel.EMAIL, Decimal(0))
    assert line.subject


def test_credits_that_are_not_checked_are_no_reason(world: World) -> None:
    """The switch CreditBestandPrüfen on Nein: the gateway itself decides when the message is sent."""
    world.book_appointment()
    _tell_balance(world, Decimal(0))
    world.values[switches.CHECK_CREDITS] = False
    found = preview(world)
    assert [line.patient_id for line in found.messages] == ["P1"]
    assert found.mandants[0].is_enough


def test_a_mandant_without_an_account_is_told(world: World) -> None:
    world.practice.put(replace(MEIER, id="M2"))
    world.practice.put(replace(ANNA, id="P2"))
    world.book_appointment("A2", patient_id="P2")
    world.values[switches.DEFAULT_MANDANT] = "M2"
    [charged] = preview(world).mandants
    assert (charged.mandant_id, charged.has_account, charged.is_enough) == ("M2", False, False)


def _tell_balance(world: World, balance: Decimal) -> None:
    with world.database.begin() as connection:
        values = {"mandant_id": "M1", "measured_at": datetime(2026, 11, 23, 8, tzinfo=UTC), "balance": balance}
        connection.execute(insert(credit_balance).values(values))


@pytest.mark.parametrize("kind", PREVIEWED_KINDS)
def test_preparing_does_what_the_preview_told(demo_world: tuple[World, DemoPractice], kind: MessageKind) -> None:
    """Every awkward case of the demo practice: same messages, same texts, same cost, same reasons."""
    world, _demo = demo_world
    told = preview(world, kind)
    result = world.prepare() if kind is REMINDER else world.greet()
    sent = [entry for entry in world.messages() if entry.state.value == "prepared"]
    assert {(line.patient_id, line.appointment_id, line.recipient, line.text, line.cost, line.mandant_id) for line in told.messages} == {
        (entry.patient_id, entry.appointment_id, entry.recipient, entry.text, entry.cost, entry.mandant_id) for entry in sent
    }
    assert len(sent) == len(told.messages) > 20
    assert result.skipped == {reason.value: count for reason, count in told.reasons.items()}
    errors = Counter(entry.reason for entry in world.messages() if entry.state.value == "error")
    assert errors == Counter(line.reason.value for line in told.others if line.entry and line.reason)
    assert bool(errors) is (kind is REMINDER)


def test_every_planted_case_is_in_the_preview_as_it_was_planted(demo_world: tuple[World, DemoPractice]) -> None:
    world, demo = demo_world
    reminders = {line.appointment_id: line for line in preview(world).lines}
    greetings = {line.patient_id: line for line in preview(world, BIRTHDAY).lines}
    for planted in demo.planted:
        line = reminders.get(planted.appointment_id) if planted.appointment_id else greetings.get(planted.patient_id)
        if planted.reason is Reason.NO_BIRTHDAY:
            assert line is None
        else:
            assert line is not None
            assert line.reason is planted.reason, planted


def test_the_preview_writes_nothing_and_asks_no_gateway(demo_world: tuple[World, DemoPractice]) -> None:
    world, _demo = demo_world
    world.prepare()
    before = everything(world.database)
    calls: list[str] = []
    world.sms["M1"] = _Watched(calls)
    for kind in PREVIEWED_KINDS:
        preview(world, kind)
        preview(world, kind, date(2026, 11, 24))
    assert everything(world.database) == before
    assert calls == []


class _Watched(MemorySmsGateway):
    def __init__(self, calls: list[str]) -> None:
        super().__init__()
        self.calls = calls

    def balance(self) -> Decimal:
        self.calls.append("balance")
        return super().balance()


def test_the_time_of_sending_is_asked_of_the_plan(world: World) -> None:
    sending = datetime(2026, 11, 23, 9, 10, tzinfo=UTC)
    service = PreviewService(world.parts, lambda kind, _instant: sending if kind is REMINDER else None)
    assert service.preview(REMINDER).sent_at == sending
    assert service.preview(BIRTHDAY).sent_at is None


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    practice = open_database(f"sqlite:///{(tmp_path / 'practice.db').as_posix()}")
    today = datetime.now(UTC).date()
    make_demo_practice(practice, today, patients=300)
    practice.dispose()
    monkeypatch.setenv("VITOCLIENT_PRACTICE__URL", f"sqlite:///{(tmp_path / 'practice.db').as_posix()}")
    monkeypatch.setenv("VITOCLIENT_PRACTICE__TIMEZONE", "UTC")
    monkeypatch.setenv("VITOCLIENT_STORE__URL", f"sqlite:///{(tmp_path / 'store.db').as_posix()}")
    monkeypatch.setenv("VITOCLIENT_GATEWAY__KIND", "file")
    monkeypatch.setenv("VITOCLIENT_GATEWAY__FOLDER", str(tmp_path / "sms"))
    monkeypatch.setenv("VITOCLIENT_GATEWAY__ACCOUNTS", json.dumps({"M1": {"user": "a"}, "M2": {"user": "b"}}))


@pytest.mark.usefixtures("configured")
def test_the_command_prints_who_and_who_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["messages", "preview", "--texts"]) == 0
    said = capsys.readouterr().out
    assert "Terminerinnerungen am" in said
    assert "Geburtstagsglückwünsche am" in said
    assert "steht auf Nein" in said
    assert "Sterbedatum" in said
    assert "Dr. med. Anna Meier" in said


@pytest.mark.usefixtures("configured")
def test_the_command_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    day = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    assert run(["messages", "preview", "--kind", "reminder", "--date", day, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["date"] == day
    [reminders] = found["previews"]
    assert (reminders["kind"], reminders["switched_on"]) == ("reminder", False)
    assert all({"former", "missing", "gaps"} <= set(line) for line in reminders["messages"])
    assert all({"reason", "sentence", "advice", "entry", "patient_id"} <= set(line) for line in reminders["not_sent"])
    assert reminders["messages"]
    assert all(message["cost"] >= 1 for message in reminders["messages"] if message["channel"] == "sms")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "letter"], "Es gibt: reminder, birthday."), (["--kind", "moved"], "Es gibt: reminder, birthday."),
        (["--date", "gestern"], "Es braucht ein Datum"),
        (["--date", "2026-02-30"], "Es braucht ein Datum, das es gibt"), (["--date", "2020-01-01"], "vorbei"),
        (["--date", "9999-12-31"], "Zukunft"), (["--what"], "--what"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("configured")
def test_wrong_use_is_one_line_and_exit_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["messages", "preview", *arguments]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert said in line
    assert "rror" not in line
