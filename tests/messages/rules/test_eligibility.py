"""Who gets a message: every condition true and false, alone and in pairs, and every sentence of the specification."""

# ruff: noqa: DTZ001 - times of appointments are wall-clock times of the practice, naive

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.messages.scenes import MOBILE, NOW, TOMORROW, Scene, mandants, templates
from tray_agent.config import settings as switches
from tray_agent.config.settings import Setting, Settings, Value
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.rules.eligibility import (
    BirthdayKey,
    Candidate,
    Decision,
    Earlier,
    EarlierReminder,
    Eligible,
    NotEligible,
    NoticeKey,
    PreparingBatch,
    ReminderKey,
    RuleSettings,
    birthdays_greeted_on,
)
from tray_agent.messages.rules.reasons import Reason, Weight
from tray_agent.practice.model import AppointmentStatus, VisitReason

REMINDER, BIRTHDAY = MessageKind.REMINDER, MessageKind.BIRTHDAY


@dataclass(frozen=True)
class Breaker:
    """One condition made false.

    Attributes:
        part: what it changes; two breakers of one part can't be combined.
        entry: whether a reminder that fails for it gets an entry with an error.
    """

    reason: Reason
    part: str
    change: Callable[[Scene], Scene]
    kinds: tuple[MessageKind, ...] = (REMINDER, BIRTHDAY)
    entry: bool = False


def _expired(scene: Scene) -> Scene:
    return scene.with_mandant("M1", licence_valid_until=date(2026, 11, 22))


def _unreadable(scene: Scene, column: str) -> frozenset[str]:
    assert scene.appointment is not None
    return scene.appointment.unreadable | {column}


ONLY_REMINDER, ONLY_BIRTHDAY = (REMINDER,), (BIRTHDAY,)

BREAKERS = (
    Breaker(Reason.SWITCHED_OFF, "switch", lambda s: s.with_settings(reminders_on=False, birthdays_on=False)),
    Breaker(Reason.DECEASED, "death", lambda s: s.with_patient(death_date=date(2026, 11, 1))),
    Breaker(Reason.DECEASED, "death", lambda s: s.with_patient(unreadable=frozenset({"death_date"}))),
    Breaker(Reason.DECEASED_BY_NAME, "name", lambda s: s.with_patient(last_name="Müller (verstorben)")),
    Breaker(Reason.OPTED_OUT, "wish", lambda s: s.with_patient(opted_out=True)),
    Breaker(Reason.PROVISIONAL, "status", lambda s: s.with_appointment(status=AppointmentStatus.PROVISIONAL), ONLY_REMINDER),
    Breaker(Reason.APPOINTMENT_CANCELLED, "status", lambda s: s.with_appointment(status=AppointmentStatus.CANCELLED), ONLY_REMINDER),
    Breaker(Reason.APPOINTMENT_OVER, "status", lambda s: s.with_appointment(status=AppointmentStatus.MISSED), ONLY_REMINDER),
    Breaker(Reason.APPOINTMENT_OVER, "status", lambda s: s.with_appointment(status=AppointmentStatus.DONE), ONLY_REMINDER),
    Breaker(Reason.STATUS_UNKNOWN, "status", lambda s: s.with_appointment(status=AppointmentStatus.UNKNOWN), ONLY_REMINDER),
    Breaker(
        Reason.START_UNKNOWN, "start", lambda s: s.with_appointment(starts_at=datetime.min, unreadable=_unreadable(s, "starts_at")),  # noqa: DTZ901
        ONLY_REMINDER,
    ),
    Breaker(Reason.APPOINTMENT_BEGUN, "start", lambda s: s.with_appointment(starts_at=NOW), ONLY_REMINDER),
    Breaker(Reason.OUTSIDE_WINDOW, "start", lambda s: s.with_appointment(starts_at=TOMORROW + timedelta(days=1)), ONLY_REMINDER),
    Breaker(Reason.VISIT_REASON, "reasons", lambda s: s.with_settings(visit_reasons=frozenset({"9"})), ONLY_REMINDER),
    Breaker(Reason.NO_BIRTHDAY, "birth", lambda s: s.with_patient(birth_date=date(1980, 11, 24)), ONLY_BIRTHDAY),
    Breaker(Reason.ALREADY_REMINDED, "earlier", lambda s: s.reminded(TOMORROW), ONLY_REMINDER),
    Breaker(
        Reason.MOVED_NOT_REPEATED, "earlier", lambda s: s.told(NOW).with_settings(repeat_moved=False), ONLY_REMINDER
    ),
    Breaker(
        Reason.ANOTHER_THAT_DAY, "earlier", lambda s: s.reminded(TOMORROW, "A2").with_settings(one_per_day=True), ONLY_REMINDER
    ),
    Breaker(Reason.ALREADY_GREETED, "earlier", lambda s: s.but(earlier=Earlier(frozenset({BirthdayKey("P1", 2026)}))), ONLY_BIRTHDAY),
    Breaker(
        Reason.DATA_UNREADABLE, "reasons", lambda s: s.with_appointment(unreadable=_unreadable(s, "visit_reason_id")), ONLY_REMINDER,
        entry=True,
    ),
    Breaker(Reason.WISH_UNKNOWN, "channel", lambda s: s.with_patient(preferred_channel="Brief"), entry=True),
    Breaker(Reason.DATA_UNREADABLE, "death", lambda s: s.with_patient(unreadable=frozenset({"opted_out"})), entry=True),
    Breaker(Reason.NO_CONTACT, "contact", lambda s: s.with_patient(mobile=None), entry=True),
    Breaker(Reason.LANDLINE_ONLY, "contact", lambda s: s.with_patient(mobile="044 321 00 00"), entry=True),
    Breaker(Reason.CONTACT_INVALID, "contact", lambda s: s.with_patient(mobile="079 12"), entry=True),
    Breaker(Reason.CHANNEL_NOT_SET_UP, "channels", lambda s: s.but(channels=frozenset({Channel.EMAIL})), entry=True),
    Breaker(Reason.NO_MANDANT, "mandant", lambda s: s.but(treatment_mandant=None).with_settings(default_mandant=""), entry=True),
    Breaker(Reason.MANDANT_UNKNOWN, "mandant", lambda s: s.but(treatment_mandant="M9"), entry=True),
    Breaker(Reason.LICENCE_MISSING, "mandant", lambda s: s.with_mandant("M1", licence_number=" "), entry=True),
    Breaker(Reason.LICENCE_MALFORMED, "mandant", lambda s: s.with_mandant("M1", licence_number="VSM100"), entry=True),
    Breaker(Reason.LICENCE_NOT_YET_VALID, "mandant", lambda s: s.with_mandant("M1", licence_valid_from=date(2026, 11, 24)), entry=True),
    Breaker(Reason.LICENCE_EXPIRED, "mandant", _expired, entry=True),
    Breaker(Reason.DATA_UNREADABLE, "mandant", lambda s: s.with_mandant("M1", unreadable=frozenset({"licence_valid_until"})), entry=True),
    Breaker(Reason.NO_TEMPLATE, "templates", lambda s: s.but(templates=templates(languages=())), entry=True),
    Breaker(Reason.NO_CREDITS, "credits", lambda s: s.but(credits={"M1": Decimal(0)})),
)  # fmt: skip
"""Every condition made false, in the documented order of the reasons."""

KINDS = (REMINDER, BIRTHDAY)
"""What is decided; a notice is what a reminder turns into where its patient was told another time."""

CASES = [(kind, breaker) for kind in KINDS for breaker in BREAKERS if kind in breaker.kinds]
PAIRS = [
    (kind, one, other) for kind in KINDS for one, other in combinations(BREAKERS, 2)
    if kind in one.kinds and kind in other.kinds and one.part != other.part
]  # fmt: skip


def reason_of(decision: Decision) -> Reason | None:
    return decision.reason if isinstance(decision, NotEligible) else None


def due(scene: Scene, kind: MessageKind) -> Eligible:
    decision = scene.decide(kind)
    assert isinstance(decision, Eligible), decision
    return decision


def refused(scene: Scene, kind: MessageKind) -> NotEligible:
    decision = scene.decide(kind)
    assert isinstance(decision, NotEligible), decision
    return decision


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_is_due_when_every_condition_holds(kind: MessageKind) -> None:
    decision = due(Scene(), kind)
    assert (decision.patient_id, decision.mandant_id, decision.channel, decision.recipient) == ("P1", "M1", Channel.SMS, MOBILE)
    assert decision.language == "de"
    assert decision.key == (ReminderKey("A1", TOMORROW) if kind is REMINDER else BirthdayKey("P1", 2026))


@pytest.mark.parametrize(("kind", "breaker"), CASES, ids=lambda value: str(getattr(value, "reason", value)))
def test_each_condition_alone_prevents_the_message(kind: MessageKind, breaker: Breaker) -> None:
    decision = refused(breaker.change(Scene()), kind)
    assert decision.reason is breaker.reason
    assert decision.entry is (breaker.entry and kind is REMINDER)


def test_two_failing_conditions_tell_the_first_in_the_documented_order() -> None:
    """All pairs, in either order of making them false: never a message, and always the same reason."""
    for kind, one, other in PAIRS:
        scenes = (other.change(one.change(Scene())), one.change(other.change(Scene())))
        assert [reason_of(scene.decide(kind)) for scene in scenes] == [one.reason, one.reason], (kind, one, other)
    assert len(PAIRS) > 450


def test_every_reason_of_the_decision_is_tried() -> None:
    only_at_sending = {Reason.MOVED_AWAY, Reason.MOVED_BACK, Reason.BIRTHDAY_OVER, Reason.APPOINTMENT_DELETED}
    without_a_subject = {Reason.PATIENT_MISSING, Reason.APPOINTMENT_MISSING}
    of_one_appointment = {Reason.START_UNREADABLE, Reason.NO_TIME_OF_DAY, Reason.NO_SUCH_TIME, Reason.VISIT_REASON_UNKNOWN}
    from_the_outbox = {
        Reason.RECIPIENT_REFUSED, Reason.TOLD_ANOTHER_TIME, Reason.TOLD_ANOTHER_PATIENT, Reason.TOLD_ANOTHER_DOCTOR, Reason.SAME_WORDS,
        Reason.BOOKED_AFTERWARDS,
    }  # fmt: skip
    elsewhere = only_at_sending | without_a_subject | of_one_appointment | from_the_outbox
    assert {breaker.reason for breaker in BREAKERS} == set(Reason) - elsewhere


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence_and_what_to_mend_has_advice(reason: Reason) -> None:
    assert reason.sentence.endswith(".")
    assert "ß" not in reason.sentence + reason.advice
    assert bool(reason.advice) or reason.weight is Weight.ORDINARY


# The conditions for birthday greetings and reminders, sentence by sentence.


@pytest.mark.parametrize("kind", KINDS)
def test_der_patient_hat_mindestens_eine_behandlung(kind: MessageKind) -> None:
    """«Der Patient, welcher eine SMS erhalten soll, hat mindestens eine Behandlung»"""
    assert due(Scene(treatment_mandant="M1"), kind).mandant_id == "M1"
    nobody = Scene(treatment_mandant=None).with_settings(default_mandant="")
    assert refused(nobody, kind).reason is Reason.NO_MANDANT


@pytest.mark.parametrize("kind", KINDS)
def test_der_mandant_der_letzten_behandlungseroeffnung_wird_belastet(kind: MessageKind) -> None:
    """«Falls Behandlungen von mehreren Mandanten existieren, wird der Mandant der letzten Behandlungseröffnung belastet»

    Which treatment was opened last is read by the practice's source (contract tests); its Mandant wins over the default.
    """
    assert due(Scene(treatment_mandant="M3").with_settings(default_mandant="M2"), kind).mandant_id == "M3"


@pytest.mark.parametrize("kind", KINDS)
def test_ohne_behandlung_der_mandant_aus_defaultsmsmandant(kind: MessageKind) -> None:
    """«Hat der Patient noch keine Behandlung, wird der Mandant aus dem Schalter DefaultSMSMandant übernommen.»"""
    assert due(Scene(treatment_mandant=None).with_settings(default_mandant="M2"), kind).mandant_id == "M2"
    assert refused(Scene(treatment_mandant=None).with_settings(default_mandant="gone"), kind).reason is Reason.MANDANT_UNKNOWN


@pytest.mark.parametrize("kind", KINDS)
def test_der_default_gilt_nicht_fuer_eine_behandlung_ohne_bekannten_mandanten(kind: MessageKind) -> None:
    assert refused(Scene(treatment_mandant=""), kind).reason is Reason.MANDANT_UNKNOWN
    assert refused(Scene(treatment_mandant="M9"), kind).reason is Reason.MANDANT_UNKNOWN


@pytest.mark.parametrize("kind", KINDS)
def test_der_mandant_besitzt_eine_gueltige_lizenznummer(kind: MessageKind) -> None:
    """«Der Mandant besitzt eine gültige Lizenznummer.» Both ends of its validity are inclusive."""
    valid = {"licence_valid_from": date(2026, 11, 23), "licence_valid_until": date(2026, 11, 23)}
    due(Scene().with_mandant("M1", **valid), kind)
    due(Scene().with_mandant("M2", licence_number=None), kind)  # another Mandant's licence does not matter
    assert refused(Scene().with_mandant("M1", licence_number=None), kind).reason is Reason.LICENCE_MISSING
    assert refused(Scene().with_mandant("M1", licence_number="VSM199"), kind).reason is Reason.LICENCE_MALFORMED
    assert refused(_expired(Scene()), kind).reason is Reason.LICENCE_EXPIRED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("death", [date(1999, 1, 1), date(2026, 11, 23), date(2126, 1, 1), date(9999, 12, 31)])
def test_beim_patienten_ist_kein_sterbedatum_erfasst(kind: MessageKind, death: date) -> None:
    """«Beim Patienten ist kein Sterbedatum erfasst.» Any date, be it in the future."""
    assert refused(Scene().with_patient(death_date=death), kind).reason is Reason.DECEASED
    due(Scene().with_patient(death_date=None), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_mobiltelefonnummer_oder_e_mail_adresse_ist_hinterlegt(kind: MessageKind) -> None:
    """«Beim Patienten ist eine Mobiltelefonnummer oder E-Mail-Adresse hinterlegt»"""
    assert due(Scene().with_patient(mobile="079 123 45 67", email=None), kind).channel is Channel.SMS
    assert due(Scene().with_patient(mobile=None, email="anna@example.com"), kind).recipient == "anna@example.com"
    assert refused(Scene().with_patient(mobile=None, email=None), kind).reason is Reason.NO_CONTACT


@pytest.mark.parametrize("kind", KINDS)
def test_textvorlagen_sind_erstellt(kind: MessageKind) -> None:
    """«Textvorlagen sind erstellt.» For the kind, the channel and the patient's language, with a fallback language."""
    scene = Scene(templates=templates(languages=("de",)))
    assert due(scene.with_patient(language="de"), kind).language == "de"
    assert due(scene.with_patient(language="pt"), kind).language == "de"
    assert due(Scene().with_patient(language="fr"), kind).language == "fr"
    assert refused(scene.but(templates=templates(languages=("fr",))), kind).reason is Reason.NO_TEMPLATE
    assert refused(scene.but(templates=templates(channels=(Channel.EMAIL,))), kind).reason is Reason.NO_TEMPLATE


@pytest.mark.parametrize("kind", KINDS)
def test_credits_guthaben_ist_vorhanden(kind: MessageKind) -> None:
    """«Credits-Guthaben ist vorhanden.» Of the Mandant who is charged; e-mail costs none; not known is left to sending."""
    due(Scene(credits={"M1": Decimal("0.5"), "M2": Decimal(0)}), kind)
    due(Scene(credits={}), kind)
    due(Scene(credits={"M1": Decimal(0)}).with_patient(mobile=None, email="anna@example.com"), kind)
    assert refused(Scene(credits={"M1": Decimal(0)}), kind).reason is Reason.NO_CREDITS
    assert refused(Scene(credits={"M1": Decimal(-1)}), kind).reason is Reason.NO_CREDITS


@pytest.mark.parametrize("status", list(AppointmentStatus))
def test_der_terminstatus_ist_definitiv(status: AppointmentStatus) -> None:
    """«Der Terminstatus ist definitiv.»"""
    decision = Scene().with_appointment(status=status).decide(REMINDER)
    assert isinstance(decision, Eligible) is (status is AppointmentStatus.DEFINITE)


def test_fuer_diesen_termin_ist_noch_keine_erinnerung_gesendet_worden() -> None:
    """«Für diese Termin ist noch keine Erinnerung gesendet worden.»"""
    assert refused(Scene().reminded(TOMORROW), REMINDER).reason is Reason.ALREADY_REMINDED
    assert refused(Scene().reminded(TOMORROW, key_too=False), REMINDER).reason is Reason.ALREADY_REMINDED
    due(Scene().reminded(TOMORROW, "A2"), REMINDER)


@pytest.mark.parametrize(("kind", "entry"), [(REMINDER, True), (BIRTHDAY, False)])
@pytest.mark.parametrize("contact", [{}, {"mobile": " "}, {"phone": "044 321 00 00"}, {"mobile": "079"}, {"email": "anna@"}])
def test_ohne_mobiltelefonnummer_und_e_mail_adresse(kind: MessageKind, entry: bool, contact: dict[str, str]) -> None:
    """«bei Geburtstagsglückwünschen kein Eintrag in die Versand-Queue»; «bei Terminerinnerungen ein Eintrag mit Fehlermeldung»"""
    decision = refused(Scene().with_patient(**{"mobile": None, **contact}), kind)
    assert decision.entry is entry
    assert decision.reason.weight is Weight.CALL_OR_WRITE
    assert decision.is_problem


def test_die_schalter_muessen_auf_ja_stehen() -> None:
    """«Die Schalter TerminerinnerungSenden und/oder GeburtstagsglückwünscheSenden müssen auf Ja stehen»: each for its own kind."""
    only_reminders = Scene().with_settings(birthdays_on=False)
    due(only_reminders, REMINDER)
    assert refused(only_reminders, BIRTHDAY).reason is Reason.SWITCHED_OFF
    only_birthdays = Scene().with_settings(reminders_on=False)
    due(only_birthdays, BIRTHDAY)
    assert refused(only_birthdays, REMINDER).reason is Reason.SWITCHED_OFF


@pytest.mark.parametrize(
    ("start", "search", "first", "last"), [(1, 1, 24, 24), (0, 1, 23, 23), (2, 3, 25, 27), (1, 7, 24, 30)]
)  # fmt: skip
def test_offsetstarttage_und_offsetsuchtage(start: int, search: int, first: int, last: int) -> None:
    """«wie viele Tage nach dem aktuellen Tagesdatum und an wie vielen aufeinander folgenden Tagen nach Terminen gesucht»"""
    scene = Scene().with_settings(offset_start_days=start, search_days=search)
    window = scene.settings.window(NOW.date())
    assert (window.first, window.last) == (date(2026, 11, first), date(2026, 11, last))
    for day in range(24, 31):
        found = scene.with_appointment(starts_at=datetime(2026, 11, day, 23, 59)).decide(REMINDER)
        assert isinstance(found, Eligible) is (first <= day <= last)
    assert reason_of(scene.with_appointment(starts_at=window.begin + timedelta(minutes=1)).decide(REMINDER)) is (
        Reason.APPOINTMENT_BEGUN if start == 0 else None
    )
    assert reason_of(scene.with_appointment(starts_at=window.end).decide(REMINDER)) is Reason.OUTSIDE_WINDOW


# The details that real practices need.


def test_a_moved_appointment_is_reminded_anew_unless_the_switch_says_no() -> None:
    former = TOMORROW - timedelta(hours=1)
    moved = Scene().told(former)
    assert due(moved, REMINDER).moved
    assert (due(moved, REMINDER).kind, due(moved, REMINDER).key) == (MessageKind.MOVED, NoticeKey("A1", TOMORROW, former))
    assert refused(moved.with_settings(repeat_moved=False), REMINDER).reason is Reason.MOVED_NOT_REPEATED
    assert not due(Scene(), REMINDER).moved


LATER = TOMORROW + timedelta(hours=1)
MORNING, NOON = datetime(2026, 11, 22, 8, tzinfo=UTC), datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("reminders", "reason"),
    [
        ([(TOMORROW, "P1", MORNING)], Reason.ALREADY_REMINDED),
        ([(TOMORROW, "P1", None)], Reason.ALREADY_REMINDED),
        ([(TOMORROW, "P1", MORNING), (LATER, "P1", NOON)], None),
        ([(TOMORROW, "P1", NOON), (LATER, "P1", MORNING)], Reason.ALREADY_REMINDED),
        ([(TOMORROW, "P1", MORNING), (LATER, "P1", None)], Reason.ALREADY_REMINDED),
        ([(TOMORROW, "P1", None), (LATER, "P1", NOON)], None),
        ([(TOMORROW, "P2", MORNING)], Reason.TOLD_ANOTHER_PATIENT),
        ([(TOMORROW, "P2", MORNING), (LATER, "P1", NOON)], None),
    ],
)
def test_who_was_told_something_else_last_gets_a_notice_or_a_call(
    reminders: list[tuple[datetime, str, datetime | None]], reason: Reason | None
) -> None:
    known = frozenset(EarlierReminder(ReminderKey("A1", start), patient, left) for start, patient, left in reminders)
    scene = Scene(earlier=Earlier(frozenset({ReminderKey("A1", TOMORROW)}), known))
    if reason is None:
        assert due(scene, REMINDER).key == NoticeKey("A1", TOMORROW, LATER)
    else:
        assert (refused(scene, REMINDER).reason, refused(scene, REMINDER).entry) == (reason, reason is not Reason.ALREADY_REMINDED)


NOTICE = NoticeKey("A1", TOMORROW, LATER)
FAR = TOMORROW + timedelta(days=9)


def told(*told_then: tuple[ReminderKey | NoticeKey, datetime | None], **of_each: Any) -> Earlier:
    """Returns what is known after these left at these times (None: they wait), all keys used up."""
    known = frozenset(EarlierReminder(key, "P1", left, **of_each) for key, left in told_then)
    return Earlier(frozenset(key for key, _left in told_then), known)


@pytest.mark.parametrize(
    ("start", "earlier", "expected"),
    [
        (FAR, told((ReminderKey("A1", TOMORROW), MORNING)), NoticeKey("A1", FAR, TOMORROW)),
        (FAR, told((ReminderKey("A1", NOW), MORNING)), Reason.OUTSIDE_WINDOW),
        (TOMORROW, told((ReminderKey("A1", NOW - timedelta(days=9)), MORNING)), NoticeKey("A1", TOMORROW, NOW - timedelta(days=9))),
        (NOW, told((ReminderKey("A1", TOMORROW), MORNING)), Reason.APPOINTMENT_BEGUN),
        (TOMORROW, told((ReminderKey("A1", LATER), MORNING), (NOTICE, None)), Reason.ALREADY_REMINDED),
        (TOMORROW, told((ReminderKey("A1", TOMORROW), MORNING - timedelta(hours=9)), (NoticeKey("A1", LATER, TOMORROW), MORNING)), NOTICE),
        (
            TOMORROW,
            told((NOTICE, MORNING), (NoticeKey("A1", LATER, TOMORROW), NOON), (ReminderKey("A1", LATER), MORNING - timedelta(days=1))),
            Reason.TOLD_ANOTHER_TIME,
        ),
        # A notice of long before leaves the reminder its own time; one that was made when its day was searched is the reminder, too.
        (TOMORROW, told((NOTICE, MORNING), prepared_on=date(2026, 11, 20)), ReminderKey("A1", TOMORROW)),
        (TOMORROW, told((NOTICE, MORNING), prepared_on=date(2026, 11, 23)), Reason.ALREADY_REMINDED),
        (TOMORROW, told((NOTICE, None), prepared_on=date(2026, 11, 23)), Reason.ALREADY_REMINDED),
    ],
)
def test_what_was_told_decides_between_reminder_notice_and_call(
    start: datetime, earlier: Earlier, expected: ReminderKey | NoticeKey | Reason
) -> None:
    found = Scene(earlier=earlier).with_appointment(starts_at=start).decide(REMINDER)
    assert (found.key if isinstance(found, Eligible) else found.reason) == expected
    assert isinstance(found, Eligible) or found.entry is (expected is Reason.TOLD_ANOTHER_TIME)


@pytest.mark.parametrize(("doctor", "now", "reason"), [
    ("Dr. Meier", "Dr. Keller", Reason.TOLD_ANOTHER_DOCTOR), ("Dr. Meier", "Dr. Meier", Reason.ALREADY_REMINDED),
    (None, "Dr. Keller", Reason.ALREADY_REMINDED), ("Dr. Meier", None, Reason.ALREADY_REMINDED),
])  # fmt: skip
def test_who_was_told_another_doctor_is_to_be_called(doctor: str | None, now: str | None, reason: Reason) -> None:
    scene = Scene(earlier=told((ReminderKey("A1", TOMORROW), MORNING), doctor=doctor)).with_appointment(doctor=now)
    assert refused(scene, REMINDER).reason is reason


def test_one_reminder_a_day_counts_only_what_still_stands() -> None:
    other = ReminderKey("A2", TOMORROW.replace(hour=8))
    for stands in (True, False):
        earlier = Earlier(frozenset({other}), frozenset({EarlierReminder(other, "P1", MORNING, stands=stands)}))
        found = Scene(earlier=earlier).with_settings(one_per_day=True).decide(REMINDER)
        assert reason_of(found) is (Reason.ANOTHER_THAT_DAY if stands else None)
    moved = Scene(earlier=told((ReminderKey("A1", LATER), MORNING), (other, MORNING))).with_settings(one_per_day=True)
    assert due(moved, REMINDER).key == NOTICE  # who was told another time is told the right one in any case


def test_a_move_by_seconds_is_none() -> None:
    scene = Scene().reminded(TOMORROW).with_appointment(starts_at=TOMORROW + timedelta(seconds=30))
    assert refused(scene, REMINDER).reason is Reason.ALREADY_REMINDED


def test_one_reminder_per_patient_and_day_is_optional_and_counts_other_appointments_only() -> None:
    other = Scene().reminded(TOMORROW.replace(hour=8), "A2")
    due(other, REMINDER)
    assert refused(other.with_settings(one_per_day=True), REMINDER).reason is Reason.ANOTHER_THAT_DAY
    due(Scene().with_settings(one_per_day=True).reminded(TOMORROW.replace(hour=8), "A2", "P2"), REMINDER)
    due(Scene().with_settings(one_per_day=True).reminded(NOW, "A2"), REMINDER)
    due(Scene().with_settings(one_per_day=True).reminded(TOMORROW.replace(hour=8), "A1"), REMINDER)


def test_with_one_per_day_a_batch_reminds_of_the_first_that_can_be_reminded() -> None:
    scene = Scene().with_settings(one_per_day=True)
    batch = PreparingBatch(scene.around)
    decisions = [
        batch.reminder(Candidate(
            scene.with_appointment(id=f"A{hour}", starts_at=TOMORROW.replace(hour=hour), status=status).appointment, scene.patient, "M1",
        ))
        for hour, status in ((8, AppointmentStatus.CANCELLED), (9, AppointmentStatus.DEFINITE), (10, AppointmentStatus.DEFINITE))
    ]  # fmt: skip
    assert [reason_of(decision) for decision in decisions] == [Reason.APPOINTMENT_CANCELLED, None, Reason.ANOTHER_THAT_DAY]


def test_without_one_per_day_each_appointment_gets_its_own_message() -> None:
    batch = PreparingBatch(Scene().around)
    scenes = [Scene().with_appointment(id=f"A{hour}", starts_at=TOMORROW.replace(hour=hour)) for hour in (8, 9)]
    assert all(isinstance(batch.reminder(scene.candidate), Eligible) for scene in scenes)


def test_a_batch_never_prepares_the_same_message_twice() -> None:
    batch = PreparingBatch(Scene().around)
    assert isinstance(batch.reminder(Scene().candidate), Eligible)
    assert reason_of(batch.reminder(Scene().candidate)) is Reason.ALREADY_REMINDED
    assert isinstance(batch.birthday(Scene().candidate), Eligible)
    assert reason_of(batch.birthday(Scene().candidate)) is Reason.ALREADY_GREETED


def test_a_batch_knows_what_the_outbox_knows() -> None:
    batch = PreparingBatch(Scene().around)
    assert reason_of(batch.reminder(Scene().candidate, Scene().reminded(TOMORROW).earlier)) is Reason.ALREADY_REMINDED
    assert reason_of(batch.birthday(Scene().candidate, Earlier(frozenset({BirthdayKey("P1", 2026)})))) is Reason.ALREADY_GREETED


@pytest.mark.parametrize(
    ("chosen", "marked", "reason_id", "is_due"),
    [
        (set(), {}, None, True),
        (set(), {"1": True}, "1", True),
        (set(), {"1": False}, "1", False),
        ({"1"}, {"1": True, "2": True}, "1", True),
        ({"1"}, {"1": True, "2": True}, "2", False),
        ({"1"}, {}, None, False),
        ({"1"}, {"1": False}, "1", False),
    ],
)
def test_only_chosen_visit_reasons(chosen: set[str], marked: dict[str, bool], reason_id: str | None, is_due: bool) -> None:
    reasons = {key: VisitReason(key, key, remind=remind) for key, remind in marked.items()}
    scene = Scene(visit_reasons=reasons).with_settings(visit_reasons=frozenset(chosen)).with_appointment(visit_reason_id=reason_id)
    assert reason_of(scene.decide(REMINDER)) is (None if is_due else Reason.VISIT_REASON)


@pytest.mark.parametrize(
    ("preferred", "mobile", "email", "channel"),
    [
        (None, "079 123 45 67", "a@example.com", Channel.SMS),
        ("sms", "079 123 45 67", "a@example.com", Channel.SMS),
        ("email", "079 123 45 67", "a@example.com", Channel.EMAIL),
        ("email", "079 123 45 67", None, Channel.SMS),
        ("email", "079 123 45 67", "a@@example", Channel.SMS),
        ("sms", None, "a@example.com", Channel.EMAIL),
        (None, "044 321 00 00", "a@example.com", Channel.EMAIL),
        (None, "079 12", "a@example.com", Channel.EMAIL),
    ],
)
def test_several_contacts(preferred: str | None, mobile: str | None, email: str | None, channel: Channel) -> None:
    """The preferred channel, else SMS first, else e-mail."""
    assert due(Scene().with_patient(preferred_channel=preferred, mobile=mobile, email=email), REMINDER).channel is channel


def test_a_mobile_number_in_the_other_field_is_used() -> None:
    assert due(Scene().with_patient(mobile="044 321 00 00", phone="0041 79 123 45 67"), REMINDER).recipient == MOBILE


def test_a_channel_that_the_practice_does_not_have_is_passed_over() -> None:
    scene = Scene(channels=frozenset({Channel.EMAIL})).with_patient(email="a@example.com")
    assert due(scene, REMINDER).channel is Channel.EMAIL
    assert refused(scene.with_patient(email=None), REMINDER).reason is Reason.CHANNEL_NOT_SET_UP


def test_children_and_families_share_a_number_and_each_gets_a_message() -> None:
    batch = PreparingBatch(Scene().with_settings(one_per_day=True).around)
    for child in ("P1", "P2", "P3"):
        scene = Scene().with_patient(id=child).with_appointment(id=f"A-{child}", patient_id=child)
        decision = batch.reminder(scene.candidate)
        assert isinstance(decision, Eligible)
        assert decision.recipient == MOBILE


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2026, 2, 28), {(2, 28), (2, 29)}),
        (date(2028, 2, 28), {(2, 28)}),
        (date(2028, 2, 29), {(2, 29)}),
        (date(2100, 2, 28), {(2, 28), (2, 29)}),
        (date(2000, 2, 28), {(2, 28)}),
        (date(2026, 3, 1), {(3, 1)}),
    ],
)
def test_birthdays_on_29_february(today: date, days: set[tuple[int, int]]) -> None:
    """«Birthdays on 29 February are greeted on 28 February in other years.»"""
    assert birthdays_greeted_on(today) == days


@given(st.dates(date(1920, 1, 1), date(2020, 12, 31)), st.integers(2021, 2039))
def test_everybody_is_greeted_on_exactly_one_day_of_every_year(born: date, year: int) -> None:
    first = date(year, 1, 1)
    scene = Scene().with_patient(birth_date=born)
    days = (first + timedelta(days=offset) for offset in range(366))
    greeted = [day for day in days if day.year == year and (born.month, born.day) in birthdays_greeted_on(day)]
    assert len(greeted) == 1
    decision = scene.but(now=datetime(year, greeted[0].month, greeted[0].day, 10)).decide(BIRTHDAY)
    assert isinstance(decision, Eligible)
    assert decision.key == BirthdayKey("P1", year)


def test_one_greeting_per_patient_and_year() -> None:
    greeted = Scene(earlier=Earlier(frozenset({BirthdayKey("P1", 2026)})))
    assert refused(greeted, BIRTHDAY).reason is Reason.ALREADY_GREETED
    due(greeted.but(now=NOW.replace(year=2027)), BIRTHDAY)
    due(greeted.with_patient(id="P2"), BIRTHDAY)


def test_a_placeholder_for_an_unknown_birth_date_is_not_greeted() -> None:
    scene = Scene(now=datetime(2026, 1, 1, 10)).with_patient(birth_date=date(1900, 1, 1))
    assert refused(scene, BIRTHDAY).reason is Reason.DATA_UNREADABLE
    assert refused(scene.with_patient(birth_date=None), BIRTHDAY).reason is Reason.NO_BIRTHDAY
    assert refused(scene.with_patient(birth_date=date(2026, 1, 1)), BIRTHDAY).reason is Reason.NO_BIRTHDAY
    unreadable = scene.with_patient(birth_date=None, unreadable=frozenset({"birth_date"}))
    assert refused(unreadable, BIRTHDAY).reason is Reason.DATA_UNREADABLE


def test_an_unreadable_birth_date_does_not_prevent_a_reminder() -> None:
    due(Scene().with_patient(birth_date=None, unreadable=frozenset({"birth_date"})), REMINDER)


@pytest.mark.parametrize("kind", KINDS)
def test_opt_out_is_respected_for_both_kinds(kind: MessageKind) -> None:
    assert refused(Scene().with_patient(opted_out=True), kind).reason is Reason.OPTED_OUT


@pytest.mark.parametrize("kind", KINDS)
def test_a_patient_who_is_not_there_gets_nothing(kind: MessageKind) -> None:
    assert refused(Scene(patient=None), kind).reason is Reason.PATIENT_MISSING


def test_another_patients_data_are_never_used() -> None:
    assert refused(Scene().with_patient(id="P2"), REMINDER).reason is Reason.PATIENT_MISSING


def test_a_deleted_appointment_is_not_reminded() -> None:
    assert refused(Scene(appointment=None), REMINDER).reason is Reason.APPOINTMENT_MISSING


@pytest.mark.parametrize("column", ["id", "opted_out", "mobile", "phone", "email"])
def test_whatever_is_unreadable_about_a_patient_is_no_reason_to_send(column: str) -> None:
    assert refused(Scene().with_patient(unreadable=frozenset({column})), REMINDER).reason is Reason.DATA_UNREADABLE


@pytest.mark.parametrize("word", [None, "Brief"])
def test_a_wish_for_a_channel_that_we_do_not_know_is_respected_by_not_sending(word: str | None) -> None:
    decision = refused(Scene().with_patient(preferred_channel=word, unreadable=frozenset({"preferred_channel"})), REMINDER)
    assert decision.reason is Reason.WISH_UNKNOWN
    assert ("«Brief»" in decision.sentence) is (word is not None)


@pytest.mark.parametrize("column", ["id", "patient_id", "starts_at", "status"])
def test_whatever_is_unreadable_about_an_appointment_is_no_reason_to_send(column: str) -> None:
    assert refused(Scene().with_appointment(unreadable=frozenset({column})), REMINDER).reason in (
        Reason.DATA_UNREADABLE,
        Reason.START_UNREADABLE,
        Reason.STATUS_UNKNOWN,
    )


def test_a_mandant_with_contradictory_rows_is_not_charged() -> None:
    assert refused(Scene().with_mandant("M1", unreadable=frozenset({"id"})), REMINDER).reason is Reason.DATA_UNREADABLE


def test_the_sentence_names_what_is_wrong_with_the_contact() -> None:
    sentence = refused(Scene().with_patient(mobile="079 12", email="anna@"), REMINDER).sentence
    assert "«079 12» ist als Telefonnummer zu kurz." in sentence
    assert "«anna@» ist keine gültige E-Mail-Adresse." in sentence


def test_a_refused_message_names_key_patient_and_mandant_for_the_entry() -> None:
    decision = refused(Scene().with_patient(mobile=None), REMINDER)
    assert (decision.key, decision.patient_id, decision.mandant_id) == (ReminderKey("A1", TOMORROW), "P1", "M1")


def test_the_settings_are_taken_from_the_switches() -> None:
    assert RuleSettings.of(Settings({})) == RuleSettings()
    values: dict[Setting, Value] = {
        switches.REMINDERS_ON: True, switches.BIRTHDAYS_ON: True, switches.DEFAULT_MANDANT: " M1 ", switches.OFFSET_START: 2,
        switches.OFFSET_SEARCH: 3, switches.REPEAT_MOVED: False, switches.ONE_PER_DAY: True, switches.VISIT_REASONS: "1, 2",
    }  # fmt: skip
    assert RuleSettings.of(Settings(values)) == RuleSettings(True, True, "M1", 2, 3, False, True, frozenset({"1", "2"}))


def test_keys_are_those_of_the_outbox() -> None:
    assert ReminderKey("A1", TOMORROW).text != ReminderKey("A2", TOMORROW).text
    assert ReminderKey("17", TOMORROW).text == "reminder/20261124t1010/17"
    assert BirthdayKey("17", 2026).text == "birthday/2026/17"


@given(st.sets(st.sampled_from(BREAKERS), min_size=1), st.sampled_from(list(MessageKind)))
def test_whatever_fails_together_nothing_is_sent(breakers: set[Breaker], kind: MessageKind) -> None:
    scene = Scene()
    applied = [breaker for breaker in BREAKERS if breaker in breakers and kind in breaker.kinds]
    for breaker in applied:
        scene = breaker.change(scene)
    assert isinstance(scene.decide(kind), Eligible) is (not applied)


def test_mandants_of_the_scene_are_valid() -> None:
    assert all(isinstance(Scene(treatment_mandant=number).decide(REMINDER), Eligible) for number in mandants())
