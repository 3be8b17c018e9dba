"""Placeholders: parsed, filled in, and never evaluated."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tray_agent.i18n import normal_language
from tray_agent.messages.model import MessageKind
from tray_agent.messages.texts.rendering import (
    Literal,
    MessageValues,
    Placeholder,
    PracticeWords,
    Slot,
    Wrong,
    fill,
    parse,
    placeholders_for,
    render_mail,
    render_sms,
    values_for,
)
from tray_agent.messages.texts.segments import Encoding
from tray_agent.practice.model import Appointment, AppointmentStatus, Mandant, Patient

ANNA = MessageValues(
    first_name="Anna",
    last_name="Müller",
    salutation="Frau",
    starts_at=datetime(2026, 11, 24, 8, 5),  # noqa: DTZ001 - wall-clock time
    former_at=datetime(2026, 11, 23, 16, 30),  # noqa: DTZ001 - wall-clock time
    doctor="Dr. Meier",
    mandant="Dr. Meier",
    practice="Praxis am See",
    phone="044 321 00 00",
    link="https://praxis.example",
)


def said(text: str, language: str = "de", values: MessageValues = ANNA, plain_characters: bool = False) -> str:
    return render_sms(text, language, values, plain_characters=plain_characters).text


# Languages and values


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", "Frau, Dienstag, 24.11.2026, 24. November 2026, 08:05"),
        ("fr", "Madame, mardi, 24.11.2026, 24 novembre 2026, 08:05"),
        ("it", "Signora, martedì, 24.11.2026, 24 novembre 2026, 08:05"),
        ("en", "Ms, Tuesday, 24.11.2026, 24 November 2026, 08:05"),
    ],
)
def test_dates_and_salutation_follow_the_language(language: str, expected: str) -> None:
    assert said("{Anrede}, {Wochentag}, {Datum}, {DatumLang}, {Uhrzeit}", language) == expected


@pytest.mark.parametrize("language", ["de", "fr", "it", "en"])
def test_a_notice_names_the_former_date_and_time_beside_the_new_ones(language: str) -> None:
    assert said("{Datum} {Uhrzeit}, {DatumBisher} {UhrzeitBisher}", language) == "24.11.2026 08:05, 23.11.2026 16:30"
    with pytest.raises(ValueError, match="without a zone"):
        said("{UhrzeitBisher}", values=replace(ANNA, former_at=datetime(2026, 11, 24, 8, 5, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("written", "language", "expected"),
    [("Herr", "fr", "Monsieur"), ("Herrn", "de", "Herr"), ("Mme", "de", "Frau"), ("Sig.ra", "en", "Ms"), ("Herr Dr.", "it", "Signor"),
     ("FRAU", "de", "Frau"), ("Familie", "de", ""), ("", "de", ""), (None, "de", ""), ("  ", "fr", "")],
)  # fmt: skip
def test_a_salutation_that_is_not_known_is_left_out_rather_than_wrong(written: str | None, language: str, expected: str) -> None:
    assert said("{Anrede}", language, replace(ANNA, salutation=written)) == expected


@pytest.mark.parametrize(
    "written",
    ["Herr und Frau", "Frau und Herr", "Herr/Frau", "Herr / Frau", "Hr. u. Fr.", "Hr.u.Fr.", "Herrn & Frau", "Herr Frau", "Herr+Frau",
     "Herr oder Frau", "Familie", "Familie Herr", "Fam.", "Eheleute", "Ehepaar", "Damen und Herren", "Herren", "Herr und Herr",
     "Herr und Kind", "Frau und Familie", "Herr/in", "Herr(in)", "Herr*in", "Herr:in", "Mme et M.", "M. et Mme", "Monsieur, Madame",
     "MM.", "Messieurs", "M.lle", "M^me", "Sig. e Sig.ra", "Signor/a", "Sig.na", "Signori", "Mr & Mrs", "Mr. and Mrs.", "Dr.", "Dr. med.",
     "Firma", "Kind", "-", "?", "m und w"],
)  # fmt: skip
def test_a_salutation_that_names_two_or_nobody_is_left_out(written: str) -> None:
    """ "Herr und Frau" is not "Herr Anna"."""
    for language in ("de", "fr", "it", "en"):
        assert said("Guten Tag {Anrede} {Vorname}", language, replace(ANNA, salutation=written)) == "Guten Tag Anna"


@pytest.mark.parametrize(
    ("written", "expected"),
    [("Frau Dr. med.", "Frau"), ("Frau Dr.med.", "Frau"), ("Frau Prof. Dr. med. et Dr. phil. nat.", "Frau"),
     ("Herr Dr. med. u. Dr. sc.", "Herr"),
     ("Frau (Dr.)", "Frau"), ("Frau, Dr.", "Frau"), ("Frau M. Müller", "Frau"), ("M. le Dr", "Herr"), ("M.me", "Frau"), ("Mme Dr", "Frau"),
     ("Sig.ra Dr.ssa", "Frau"), ("Sehr geehrte Frau", "Frau"), ("Liebe Frau", "Frau"), ("Fr.", "Frau"), ("Fra\u200bu", "Frau")],
)  # fmt: skip
def test_titles_and_initials_make_no_second_person(written: str, expected: str) -> None:
    assert said("{Anrede}", values=replace(ANNA, salutation=written)) == expected


def test_the_time_is_the_wall_clock_of_the_practice() -> None:
    # 02:30 on 25 October 2026 happens twice in Zurich; the wall clock says 02:30 both times.
    assert said("{Uhrzeit}", values=replace(ANNA, starts_at=datetime(2026, 10, 25, 2, 30))) == "02:30"  # noqa: DTZ001
    with pytest.raises(ValueError, match="without a zone"):
        said("{Uhrzeit}", values=replace(ANNA, starts_at=datetime(2026, 11, 24, 8, 5, tzinfo=UTC)))


def test_every_placeholder_has_a_value_and_an_explanation() -> None:
    for placeholder in Placeholder:
        assert said(placeholder.written)
        assert placeholder.text


def test_values_come_from_patient_mandant_practice_and_appointment() -> None:
    patient = Patient("p1", "Anna", "Müller", "Frau")
    mandant = Mandant("m1", "Dr. Meier", phone="044 111 11 11")
    appointment = Appointment("a1", "p1", datetime(2026, 11, 24, 8, 5), AppointmentStatus.DEFINITE, doctor="Dr. Keller")  # noqa: DTZ001

    alone = values_for(patient, mandant, PracticeWords())
    assert (alone.practice, alone.phone, alone.starts_at, alone.doctor) == ("Dr. Meier", "044 111 11 11", None, "")
    full = values_for(patient, mandant, PracticeWords("Praxis", "044 2", "https://x.ch"), appointment)
    assert (full.practice, full.phone, full.link, full.doctor, full.starts_at) == (
        "Praxis",
        "044 2",
        "https://x.ch",
        "Dr. Keller",
        ANNA.starts_at,
    )


def test_a_birthday_has_no_appointment_and_nothing_has_a_reason_of_visit() -> None:
    birthday = placeholders_for(MessageKind.BIRTHDAY)
    assert not {Placeholder.DATE, Placeholder.TIME, Placeholder.WEEKDAY, Placeholder.DOCTOR} & set(birthday)
    assert set(placeholders_for(MessageKind.MOVED)) == set(Placeholder)
    assert set(Placeholder) - set(placeholders_for(MessageKind.REMINDER)) == {Placeholder.FORMER_DATE, Placeholder.FORMER_TIME}
    assert not {Placeholder.FORMER_DATE, Placeholder.FORMER_TIME} & set(birthday)
    assert not any("grund" in each.value.casefold() for each in Placeholder)


# Missing values

MISSING = [
    ("Guten Tag {Anrede} {Nachname}", "Guten Tag Müller"),
    ("{Anrede} {Vorname}", "Anna"),
    ("Termin, {Anrede}, {Vorname}", "Termin, Anna"),
    ("Termin, {Anrede}.", "Termin."),
    ("Termin. {Anrede}. Bitte", "Termin. Bitte"),
    ("{Anrede}. Bitte", "Bitte"),
    ("({Anrede}, {Vorname})", "(Anna)"),
    ("am{Anrede}See", "amSee"),
    ("Tel.: {Anrede}, {Vorname}", "Tel.: Anna"),
    ("Termin {Anrede}!", "Termin!"),
    ("Termin ({Anrede})", "Termin ()"),
    ("Bitte melden. {Anrede}, {Vorname}", "Bitte melden. Anna"),
    ("Bitte melden. {Vorname}, {Anrede}", "Bitte melden. Anna"),
    ("{Anrede}, {Anrede}, {Anrede}", ""),
    ("{Vorname}{Anrede}{Nachname}", "AnnaMüller"),
    ("oben\n{Anrede}\nunten", "oben\nunten"),
    ("oben\n\n{Vorname}", "oben\n\nAnna"),
    ("{Anrede}\n{Vorname}", "Anna"),
    ("Liebe {Anrede} Müller", "Liebe Müller"),
]


@pytest.mark.parametrize(("text", "expected"), MISSING)
def test_missing_values_leave_no_gap(text: str, expected: str) -> None:
    assert said(text, values=replace(ANNA, salutation=None)) == expected


def test_missing_values_are_told() -> None:
    rendered = render_mail("{Anrede}", "{Vorname} {Telefon}", "de", replace(ANNA, salutation=None, phone=""))
    assert set(rendered.missing) == {Placeholder.SALUTATION, Placeholder.PHONE}
    assert render_sms("{Vorname}", "de", ANNA, plain_characters=False).missing == ()


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Termin bei {Arzt} am {Datum}", "Termin bei am 24.11.2026"),
        ("Termin bei {Arzt}, {Praxis}", "Termin bei, Praxis am See"),
        ("{Datum} bei {Arzt}", "24.11.2026 bei"),
        ("{Datum}. {Arzt} erwartet Sie", "24.11.2026. erwartet Sie"),
        ("Bei Dr. {Arzt} am {Datum}", "Bei Dr. am 24.11.2026"),
        ("Rendez-vous chez {Arzt}.", "Rendez-vous chez."),
        ("appuntamento da {Arzt} il {Datum}", "appuntamento da il 24.11.2026"),
        ("appointment with\u00a0{Arzt} on {Datum}", "appointment with on 24.11.2026"),
    ],
)
def test_a_value_that_is_missed_in_its_sentence_is_told(text: str, filled: str) -> None:
    rendered = render_sms(text, "de", replace(ANNA, doctor=""), plain_characters=False)
    assert (rendered.text, rendered.gaps) == (filled, (Placeholder.DOCTOR,))
    assert render_mail(text, "Text", "de", replace(ANNA, doctor="")).gaps == (Placeholder.DOCTOR,)
    assert render_mail("Betreff", text, "de", replace(ANNA, doctor="")).gaps == (Placeholder.DOCTOR,)
    assert render_sms(text, "de", ANNA, plain_characters=False).gaps == ()


@pytest.mark.parametrize(
    "text",
    ["{Datum}, {Arzt}, {Praxis}", "{Datum}\n{Arzt}\n{Praxis}", "Ihr Arzt: {Arzt}", "bei {Arzt} {Nachname}", "({Arzt})", "{Arzt}",
     "{Arzt} Bis bald"],
)  # fmt: skip
def test_a_value_that_is_set_apart_is_not_missed(text: str) -> None:
    rendered = render_sms(text, "de", replace(ANNA, doctor=""), plain_characters=False)
    assert (rendered.missing, rendered.gaps) == ((Placeholder.DOCTOR,), ())


words = st.sampled_from(["Termin", "melden.", "am", "Grüsse,", "ok?"])
slots = st.sampled_from([each.written for each in Placeholder])


@given(
    st.lists(words | slots, min_size=1, max_size=8).map(" ".join),
    st.sets(st.sampled_from(["salutation", "doctor", "practice", "phone", "link", "mandant"])),
)
def test_never_a_double_blank_whatever_is_missing(text: str, missing: set[str]) -> None:
    filled = said(text, values=replace(ANNA, **dict.fromkeys(missing, "")))  # type: ignore[arg-type] # names of str fields
    assert "  " not in filled
    assert " ," not in filled
    assert " ." not in filled
    assert filled == filled.strip()


@given(st.text(st.sampled_from("ab \n{}.,"), max_size=40))
def test_without_missing_values_the_text_stays_as_it_is(text: str) -> None:
    expected = text.replace("{{", "\x01").replace("}}", "\x02")
    if not re.search(r"[{}]", expected):
        lines = [line.rstrip() for line in expected.replace("\x01", "{").replace("\x02", "}").split("\n")]
        assert said(text) == "\n".join(lines).strip()


@pytest.mark.parametrize("name", ["Anna\nBcc: x", " Anna  Maria ", "A\u0308nna", "Anna\u2028Maria", "Anna\tMaria"])
def test_values_stay_on_one_line_without_double_blanks(name: str) -> None:
    filled = said("[{Vorname}]", values=replace(ANNA, first_name=name))
    assert "\n" not in filled
    assert "  " not in filled
    assert "\u2028" not in filled
    assert filled[1] != " "


@pytest.mark.parametrize(
    "name", ["An\0na", "\x1bAnna", "\u202eAnna", "An\u200bna", "\ufeffAnna", "An\xadna", "Anna\ud83d", " \u200b Anna \x00"]
)
def test_values_hold_nothing_that_cannot_be_seen(name: str) -> None:
    assert said("[{Vorname}]", values=replace(ANNA, first_name=name)) == "[Anna]"


def test_joiners_stay_in_names_and_emoji() -> None:
    assert said("{Vorname} {Nachname}", values=replace(ANNA, first_name="می\u200cترا", last_name="👩\u200d⚕️")) == "می\u200cترا 👩\u200d⚕️"


@pytest.mark.parametrize("name", ["\0", "\u200b\ufeff", " \ud800 "])
def test_a_value_of_nothing_that_can_be_seen_is_missing(name: str) -> None:
    assert said("Guten Tag {Vorname}, bis bald", values=replace(ANNA, first_name=name)) == "Guten Tag, bis bald"


def test_a_text_is_sent_in_composed_characters_without_what_cannot_be_seen() -> None:
    """A template that was written into the database by other means costs what it looks like."""
    written = "Gru\u0308sse\u200b aus Zu\u0308rich, {Vorname}"
    rendered = render_sms(written, "de", ANNA, plain_characters=False)
    assert rendered.text == "Grüsse aus Zürich, Anna"
    assert rendered.segments is not None
    assert rendered.segments.encoding is Encoding.GSM
    mail = render_mail(written, written, "de", ANNA)
    assert (mail.subject, mail.text) == (rendered.text, rendered.text)


# What people write is never evaluated


HOSTILE = [
    "{0}", "{}", "{Vorname.__class__}", "{Vorname!r}", "{Vorname:>99999999}", "{Vorname[0]}", "{self}",
     "%s %(Vorname)s", "$Vorname ${Vorname}", "{{Vorname}}", "{ Vorname }", "{Vorname\n}", "{{{Vorname}}}",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_is_evaluated(text: str) -> None:
    filled = said(text)
    if text == "{{Vorname}}":
        assert filled == "{Vorname}"
    elif text == "{{{Vorname}}}":
        assert filled == "{Anna}"
    elif text == "$Vorname ${Vorname}":
        assert filled == "$Vorname $Anna"
    else:
        assert filled == text


def test_a_value_is_not_parsed_again() -> None:
    assert said("{Vorname}", values=replace(ANNA, first_name="{Nachname} {0} {{")) == "{Nachname} {0} {{"


@given(st.text(st.sampled_from("{}abVorname.!:[]0 \n"), max_size=60))
@example("{{{}}}")
def test_any_text_is_parsed_and_rendered(text: str) -> None:
    parsed = parse(text)
    for part in parsed.parts:
        raw = text[part.position :]
        if isinstance(part, Slot):
            assert raw.startswith(part.placeholder.written)
        elif isinstance(part, Wrong):
            assert raw.startswith(part.text)
        else:
            assert isinstance(part, Literal)
            assert raw.startswith(part.text)
    assert isinstance(fill(parsed, dict.fromkeys(Placeholder, "x")), str)


def test_a_text_is_parsed_once() -> None:
    assert parse("Guten Tag {Vorname}") is parse("Guten Tag {Vorname}")


# Plain characters in SMS


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Šarić", "Saric"), ("François", "Francois"), ("D’Angelo", "D'Angelo"), ("Anna 🌸", "Anna"), ("Müller", "Müller")],
)
def test_names_are_written_plainly_where_that_makes_the_sms_cheap(name: str, expected: str) -> None:
    rendered = render_sms("Guten Tag {Nachname}", "de", replace(ANNA, last_name=name), plain_characters=True)
    assert rendered.text == f"Guten Tag {expected}"
    assert rendered.segments is not None
    assert rendered.segments.encoding is Encoding.GSM


@pytest.mark.parametrize(("text", "name"), [("Guten Tag {Nachname}", "Жуков Šarić"), ("Grüsse – {Nachname}", "Šarić")])
def test_names_keep_their_characters_where_the_sms_is_dear_anyway(text: str, name: str) -> None:
    assert name in said(text, values=replace(ANNA, last_name=name), plain_characters=True)


def test_names_keep_their_characters_where_the_practice_wants_it_and_in_e_mails() -> None:
    values = replace(ANNA, last_name="Šarić")
    assert said("{Nachname}", values=values) == "Šarić"
    assert render_mail("{Nachname}", "{Nachname}", "de", values).text == "Šarić"


# Subjects


def test_a_subject_has_one_line() -> None:
    rendered = render_mail("Termin  {Vorname}\n{Nachname}", "Text", "de", ANNA)
    assert rendered.subject == "Termin Anna Müller"
    assert rendered.segments is None


# Languages


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("de", "de"), ("DE", "de"), ("de-CH", "de"), ("de_CH.UTF-8", "de"), ("D", "de"), ("Deutsch", "de"), (" deutsch ", "de"),
        ("f", "fr"), ("Français", "fr"), ("französisch", "fr"), ("i", "it"), ("italiano", "it"), ("E", "en"), ("English", "en"),
        ("rm", None), ("tr", None), ("", None), (None, None), ("-", None),
    ],
)  # fmt: skip
def test_languages_as_practices_write_them(written: str | None, expected: str | None) -> None:
    assert normal_language(written) == expected
