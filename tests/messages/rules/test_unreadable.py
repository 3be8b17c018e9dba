"""What can't be read, or only by a person: not sent, and on the list where the appointment should be reminded (domain, section 4)."""

# ruff: noqa: DTZ001, DTZ901 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.messages.scenes import NOW, TOMORROW, Scene
from tray_agent.messages.model import MessageKind
from tray_agent.messages.rules.eligibility import Decision, Eligible, NotEligible, decide_reminder, recheck_reminder
from tray_agent.messages.rules.reasons import Reason, Weight
from tray_agent.practice.model import AppointmentStatus, VisitReason, said_name

REMINDER, BIRTHDAY = MessageKind.REMINDER, MessageKind.BIRTHDAY
MIDNIGHT = datetime.combine(TOMORROW, time.min)


def told(decision: Decision) -> tuple[Reason | None, bool]:
    """Returns why nothing is sent, and whether that is an entry of the outbox."""
    return (decision.reason, decision.entry) if isinstance(decision, NotEligible) else (None, False)


def unreadable(*columns: str) -> dict[str, Any]:
    return {"unreadable": frozenset(columns)}


PATIENTS = [
    ({"preferred_channel": "Brief", **unreadable("preferred_channel")}, Reason.WISH_UNKNOWN),
    ({"preferred_channel": "Post"}, Reason.WISH_UNKNOWN),
    (unreadable("preferred_channel"), Reason.WISH_UNKNOWN),
    (unreadable("opted_out"), Reason.DATA_UNREADABLE),
    (unreadable("mobile"), Reason.DATA_UNREADABLE),
    (unreadable("phone"), Reason.DATA_UNREADABLE),
    (unreadable("email"), Reason.DATA_UNREADABLE),
    (unreadable("id"), Reason.DATA_UNREADABLE),
    ({"last_name": "Sie wünscht ausdrücklich keinen Anruf vor neun Uhr morgens und auch sonst nichts"}, Reason.DATA_UNREADABLE),
]
APPOINTMENTS = [
    (unreadable("starts_at"), Reason.START_UNREADABLE),
    ({"starts_at": MIDNIGHT, **unreadable("starts_at")}, Reason.START_UNREADABLE),
    ({"starts_at": MIDNIGHT}, Reason.NO_TIME_OF_DAY),
    ({"visit_reason_id": "9"}, Reason.VISIT_REASON_UNKNOWN),
    ({"visit_reason_id": "3"}, Reason.VISIT_REASON_UNKNOWN),
    (unreadable("visit_reason_id"), Reason.DATA_UNREADABLE),
    (unreadable("id"), Reason.DATA_UNREADABLE),
]
REASONS = {
    "1": VisitReason("1", "Kontrolle"),
    "2": VisitReason("2", "Telefon", remind=False),
    "3": VisitReason("3", "?", remind=False, unreadable=frozenset({"remind"})),
}


def scene_of(patient: dict[str, Any] | None = None, appointment: dict[str, Any] | None = None) -> Scene:
    return Scene(visit_reasons=REASONS).with_patient(**patient or {}).with_appointment(**appointment or {})


@pytest.mark.parametrize(("patient", "reason"), PATIENTS)
def test_what_cant_be_read_of_a_patient_is_an_entry_for_a_reminder_and_none_for_a_greeting(patient: dict[str, Any], reason: Reason) -> None:
    assert told(scene_of(patient).decide(REMINDER)) == (reason, True)
    assert told(scene_of(patient).decide(BIRTHDAY)) == (reason, False)
    assert reason.weight is not Weight.ORDINARY


@pytest.mark.parametrize(("appointment", "reason"), APPOINTMENTS)
def test_what_cant_be_read_of_an_appointment_is_an_entry(appointment: dict[str, Any], reason: Reason) -> None:
    assert told(scene_of(None, appointment).decide(REMINDER)) == (reason, True)


NOBODY_CALLS = [
    ({"death_date": date(2026, 11, 1)}, {}, Reason.DECEASED),
    ({"last_name": "Müller †"}, {}, Reason.DECEASED_BY_NAME),
    ({"opted_out": True}, {}, Reason.OPTED_OUT),
    ({}, {"status": AppointmentStatus.CANCELLED}, Reason.APPOINTMENT_CANCELLED),
    ({}, {"status": AppointmentStatus.PROVISIONAL}, Reason.PROVISIONAL),
    ({}, {"starts_at": NOW}, Reason.APPOINTMENT_BEGUN),
    ({}, {"starts_at": TOMORROW + timedelta(days=1)}, Reason.OUTSIDE_WINDOW),
    ({}, {"visit_reason_id": "2"}, Reason.VISIT_REASON),
]


@pytest.mark.parametrize(("patient", "appointment", "reason"), NOBODY_CALLS)
def test_who_is_not_to_be_reminded_at_all_gets_no_entry_however_much_is_unreadable(
    patient: dict[str, Any], appointment: dict[str, Any], reason: Reason
) -> None:
    of_patient = {**patient, **unreadable("preferred_channel", "mobile")}
    assert told(scene_of(of_patient, {**appointment, **unreadable("starts_at")}).decide(REMINDER)) == (reason, False)


@pytest.mark.parametrize(
    ("patient", "appointment"), [*((patient, {}) for patient, _reason in PATIENTS), *(({}, values) for values, _reason in APPOINTMENTS)]
)
def test_who_was_reminded_already_gets_no_entry(patient: dict[str, Any], appointment: dict[str, Any]) -> None:
    scene = scene_of(patient, appointment)
    assert scene.appointment is not None
    assert told(scene.reminded(scene.appointment.starts_at).decide(REMINDER)) == (Reason.ALREADY_REMINDED, False)


def test_a_patient_who_is_missing_is_an_entry_only_where_the_appointment_should_be_reminded() -> None:
    assert told(Scene(patient=None).decide(REMINDER)) == (Reason.PATIENT_MISSING, True)
    assert told(Scene(patient=None).decide(BIRTHDAY)) == (Reason.PATIENT_MISSING, False)
    for values in (
        {"status": AppointmentStatus.CANCELLED},
        {"starts_at": NOW},
        {"starts_at": TOMORROW + timedelta(days=1)},
        {"patient_id": ""},
    ):
        assert told(Scene(patient=None).with_appointment(**values).decide(REMINDER)) == (Reason.PATIENT_MISSING, False)
    assert told(Scene(patient=None).reminded(TOMORROW).decide(REMINDER)) == (Reason.PATIENT_MISSING, False)


def test_a_start_of_which_not_even_the_day_is_known_is_told_without_an_entry() -> None:
    unknown = {"starts_at": datetime.min, **unreadable("starts_at")}
    assert told(scene_of(None, unknown).decide(REMINDER)) == (Reason.START_UNKNOWN, False)
    cancelled = {**unknown, "status": AppointmentStatus.CANCELLED}
    assert told(scene_of(None, cancelled).decide(REMINDER)) == (Reason.APPOINTMENT_CANCELLED, False)


def test_an_appointment_of_today_without_a_time_may_still_come() -> None:
    today = scene_of(None, {"starts_at": datetime.combine(NOW, time.min)}).with_settings(offset_start_days=0)
    assert told(today.decide(REMINDER)) == (Reason.NO_TIME_OF_DAY, True)
    yesterday = today.with_appointment(starts_at=datetime.combine(NOW - timedelta(days=1), time.min))
    assert told(yesterday.decide(REMINDER)) == (Reason.APPOINTMENT_BEGUN, False)


@pytest.mark.parametrize(
    ("starts_at", "reason"),
    [
        (datetime(2027, 3, 28, 1, 59), None), (datetime(2027, 3, 28, 2, 0), Reason.NO_SUCH_TIME),
        (datetime(2027, 3, 28, 2, 30), Reason.NO_SUCH_TIME), (datetime(2027, 3, 28, 2, 59), Reason.NO_SUCH_TIME),
        (datetime(2027, 3, 28, 3, 0), None), (datetime(2027, 10, 31, 2, 30), None), (datetime(2027, 7, 1, 2, 30), None),
    ],
)  # fmt: skip
def test_a_time_that_the_clocks_leave_out_in_spring_is_told(starts_at: datetime, reason: Reason | None) -> None:
    scene = Scene().with_appointment(starts_at=starts_at).but(now=starts_at - timedelta(days=1))
    around = replace(scene.around, zone=ZoneInfo("Europe/Zurich"))
    assert told(decide_reminder(scene.candidate, around)) == (reason, reason is not None)


@pytest.mark.parametrize(
    ("known", "chosen", "reason_id", "reason"),
    [
        (True, (), None, None), (True, (), "1", None), (True, (), "9", Reason.VISIT_REASON_UNKNOWN), (False, (), "9", None),
        (False, (), None, None), (True, ("1",), "9", Reason.VISIT_REASON), (True, ("9",), "9", Reason.VISIT_REASON_UNKNOWN),
        (False, ("9",), "9", None), (True, ("1",), None, Reason.VISIT_REASON), (True, (), "2", Reason.VISIT_REASON),
    ],
)  # fmt: skip
def test_an_unknown_visit_reason_is_an_id_that_is_missing_in_a_view_that_is_not_empty(
    known: bool, chosen: tuple[str, ...], reason_id: str | None, reason: Reason | None
) -> None:
    scene = Scene(visit_reasons=REASONS if known else {}).with_settings(visit_reasons=frozenset(chosen))
    assert told(scene.with_appointment(visit_reason_id=reason_id).decide(REMINDER))[0] is reason


DEAD = [
    "Müller †", "† Müller", "Müller (†)", "Müller†2024", "✝ Müller", "Müller, verstorben", "Müller (verstorben 3.4.2024)",
    "MÜLLER VERSTORBEN",
    "verstorben", "Müller gestorben", "Müller-verstorben", "Müller décédé", "Müller, décédée", "Müller de\u0301ce\u0301de\u0301",
    "Rossi deceduto",
    "Rossi (deceduta)", "Smith deceased", "Müller verst.", "Müller (verst. 2024)", "Müller sel.", "Müller (tot)", "Müller [selig]",
    "Smith (RIP)",
    "Müller (+)", "Dupont défunt", "Rossi defunta", "Müller verstorben_2024",
]  # fmt: skip
LIVING = [
    "Verst", "Todt", "Selig", "Gestorbenek", "Decedo", "Decedova", "Verstorbener", "Sterben", "Mort", "Tot", "Morto", "Dead", "Rip",
    "Müller-Tot",
    "Sel", "Gest", "Décédéon", "D'Angelo", "Müller (Tochter)", "von der Mühll", "Anna + Beat", "Müller*", "Christ", "Kreuz", "Unverstorben",
]  # fmt: skip


@pytest.mark.parametrize("kind", [REMINDER, BIRTHDAY])
@pytest.mark.parametrize("field", ["first_name", "last_name", "salutation"])
@pytest.mark.parametrize("name", DEAD)
def test_a_death_that_is_known_as_a_remark_beside_the_name_is_not_sent_and_to_be_checked(name: str, field: str, kind: MessageKind) -> None:
    assert told(Scene().with_patient(**{field: name}).decide(kind)) == (Reason.DECEASED_BY_NAME, False)
    assert Reason.DECEASED_BY_NAME.weight is Weight.TO_FIX
    assert "prüfen" in Reason.DECEASED_BY_NAME.advice


@pytest.mark.parametrize("name", LIVING)
def test_a_name_that_only_sounds_like_it_is_a_name(name: str) -> None:
    assert told(Scene().with_patient(last_name=name).decide(REMINDER)) == (None, False)


def test_a_remark_that_comes_after_preparing_is_found_before_sending() -> None:
    scene = Scene()
    key = scene.key(REMINDER)
    decision = recheck_reminder(key, scene.with_patient(last_name="Müller, verstorben").candidate, scene.around)  # type: ignore[arg-type]
    assert told(decision) == (Reason.DECEASED_BY_NAME, False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Müller", "Müller"), ("", ""),
        ("Maria da Conceição Fernandes de Oliveira Santos", "Maria da Conceição Fernandes de Oliveira Santos"),
        ("Anna\nbitte nur Tochter anrufen", "Anna"), ("Müller, " + "bitte immer zuerst der Tochter anrufen, sie ist dement " * 3, "Müller"),
        ("Müller (" + "x" * 80 + ")", "Müller"), ("Müller; " + "x" * 80, "Müller"), ("x" * 60, "x" * 60), ("x" * 61, None),
        ("bitte immer zuerst der Tochter anrufen weil sie sonst nichts hört und versteht", None), ("\nnur Tochter", None),
        ("(" + "x" * 80 + ")", None),
    ],
)  # fmt: skip
def test_a_name_that_is_a_memo_is_said_up_to_its_first_sign_or_not_at_all(name: str, said: str | None) -> None:
    assert said_name(name) == said


def test_no_sms_at_one_number_is_no_sms_at_the_other_either_but_an_e_mail() -> None:
    """Who wants no SMS wants none at his second number."""
    scene = Scene().with_patient(mobile="keine SMS", phone="079 123 45 67")
    decision = scene.decide(REMINDER)
    assert told(decision) == (Reason.CONTACT_INVALID, True)
    assert isinstance(decision, NotEligible)
    assert "SMS sind nicht erwünscht" in decision.detail
    by_mail = scene.with_patient(email="anna@example.com").decide(REMINDER)
    assert isinstance(by_mail, Eligible)
    assert by_mail.recipient == "anna@example.com"
    other = Scene().with_patient(mobile="079 765 43 21 (veraltet)", phone="079 123 45 67").decide(REMINDER)
    assert isinstance(other, Eligible), "an old number says nothing of the other"
