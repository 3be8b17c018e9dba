"""Templates: the product's own texts, checks with places, saving, falling back."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from tests.practice.memory_source import MemoryPracticeSource
from tray_agent.clock import ManualClock
from tray_agent.config.settings import DEFAULT_MANDANT, FALLBACK_LANGUAGE, MOST_SEGMENTS, PLAIN_CHARACTERS, Setting, Settings, Value
from tray_agent.errors import InputError
from tray_agent.messages.model import Channel, MessageKind
from tray_agent.messages.texts.check import (
    SAMPLE,
    FindingCode,
    TemplateField,
    TemplateSeverity,
    check_template,
    is_usable,
    longest_sample,
    nearest_placeholder,
)
from tray_agent.messages.texts.rendering import MessageValues, Placeholder, PracticeWords, placeholders_for
from tray_agent.messages.texts.segments import Encoding
from tray_agent.messages.texts.service import TemplateRefusedError, TemplateService, tidied
from tray_agent.messages.texts.templates import (
    TEMPLATE_KEYS,
    TEMPLATE_LANGUAGES,
    Origin,
    Template,
    TemplateKey,
    default_book,
    default_templates,
)
from tray_agent.practice.model import Mandant, Patient, Treatment
from tray_agent.store.database import Database
from tray_agent.store.tables import message_template

REMINDER_SMS = TemplateKey(MessageKind.REMINDER, Channel.SMS, "de")
REMINDER_MAIL = TemplateKey(MessageKind.REMINDER, Channel.EMAIL, "de")
MOVED_SMS = TemplateKey(MessageKind.MOVED, Channel.SMS, "de")
MOVED_MAIL = TemplateKey(MessageKind.MOVED, Channel.EMAIL, "de")
BIRTHDAY_SMS = TemplateKey(MessageKind.BIRTHDAY, Channel.SMS, "de")
GOOD = "Guten Tag {Vorname}, Termin am {Datum} um {Uhrzeit}."


@pytest.fixture
def switches() -> dict[Setting, Value]:
    return {}


@pytest.fixture
def service(database: Database, switches: dict[Setting, Value]) -> TemplateService:
    return TemplateService(database, lambda: Settings(dict(switches)))


@pytest.fixture
def embedded(sqlite_database: Database, switches: dict[Setting, Value]) -> TemplateService:
    return TemplateService(sqlite_database, lambda: Settings(dict(switches)))


def found(text: str, key: TemplateKey = REMINDER_SMS, subject: str = "", most: int = 3) -> list[tuple[FindingCode, int, int, str | None]]:
    findings = check_template(Template(key, text, subject), most)
    return [(each.code, each.position, each.length, each.suggestion) for each in findings]


# The product's own texts


def test_there_is_a_text_for_every_kind_channel_and_language() -> None:
    assert set(default_templates()) == set(TEMPLATE_KEYS)
    assert len(TEMPLATE_KEYS) == len(MessageKind) * len(Channel) * len(TEMPLATE_LANGUAGES) == 24
    assert list(dict.fromkeys(key.kind for key in TEMPLATE_KEYS)) == [MessageKind.REMINDER, MessageKind.MOVED, MessageKind.BIRTHDAY]


@pytest.mark.parametrize("key", TEMPLATE_KEYS, ids=str)
def test_the_own_texts_have_nothing_wrong_and_nothing_dear(key: TemplateKey) -> None:
    template = default_templates()[key]
    assert check_template(template, 2) == ()
    assert (template.subject == "") == (key.channel is Channel.SMS)


@pytest.mark.parametrize("key", [key for key in TEMPLATE_KEYS if key.channel is Channel.SMS], ids=str)
@pytest.mark.parametrize("day", range(1, 29))
def test_an_sms_is_one_segment_on_every_day_of_a_month(key: TemplateKey, day: int) -> None:
    for month in range(1, 13):
        starts_at = datetime(2026, month, day, 10, 15)  # noqa: DTZ001 - wall-clock time
        values = replace(SAMPLE, starts_at=starts_at, former_at=starts_at - timedelta(days=1))
        segments = default_book().render(default_templates()[key], values).segments
        assert segments is not None
        assert (segments.encoding, segments.count) == (Encoding.GSM, 1)


@pytest.mark.parametrize("key", TEMPLATE_KEYS, ids=str)
def test_the_own_texts_are_whole_whatever_is_missing(key: TemplateKey) -> None:
    bare = MessageValues("Anna", "Müller", starts_at=SAMPLE.starts_at, former_at=SAMPLE.former_at)
    rendered = default_book().render(default_templates()[key], bare)
    assert rendered.gaps == ()
    for text in (rendered.text, rendered.subject):
        assert "{" not in text
        assert "  " not in text
        assert ", ," not in text
        assert not text.endswith((",", ":"))
        assert "\n\n\n" not in text


@pytest.mark.parametrize("key", TEMPLATE_KEYS, ids=str)
def test_the_own_texts_use_no_sharp_s_and_name_the_times_of_their_kind(key: TemplateKey) -> None:
    template = default_templates()[key]
    assert "ß" not in template.text + template.subject
    assert ("{Uhrzeit}" in template.text) == key.kind.is_of_appointment
    assert ("{UhrzeitBisher}" in template.text) == (key.kind is MessageKind.MOVED)


@pytest.mark.parametrize("key", [key for key in TEMPLATE_KEYS if key.kind is MessageKind.MOVED], ids=str)
def test_a_notice_says_plainly_that_the_former_time_no_longer_holds(key: TemplateKey) -> None:
    """The new time stands in front: who reads the first line only comes at the right hour."""
    text = default_book().render(default_templates()[key], SAMPLE).text
    assert text.index("10:15") < text.index("09:30")
    no_longer = {"de": "nicht mehr", "fr": "plus", "it": "non", "en": "no longer"}[key.language]
    former = text.index("23.12.2026")
    assert no_longer in text[former - 20 : former + 60]


@pytest.mark.parametrize("key", [key for key in TEMPLATE_KEYS if key.channel is Channel.SMS], ids=str)
def test_an_sms_to_the_longest_names_keeps_within_two_segments_of_the_cheap_alphabet(key: TemplateKey) -> None:
    segments = default_book().render(default_templates()[key], longest_sample(key.language)).segments
    assert segments is not None
    assert segments.encoding is Encoding.GSM
    assert segments.count <= 2


def test_the_longest_sample_is_longer_in_every_value() -> None:
    for language in TEMPLATE_LANGUAGES:
        longest = longest_sample(language)
        for name in ("first_name", "last_name", "doctor", "practice", "phone", "link", "mandant"):
            assert len(getattr(longest, name)) > len(getattr(SAMPLE, name))


# What is found


def test_a_misspelt_placeholder_is_found_where_it_stands_and_the_right_one_is_named() -> None:
    assert found("Guten Tag {Vornamme}, {Datum} {Uhrzeit}") == [(FindingCode.UNKNOWN, 10, 10, "{Vorname}")]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("vorname", Placeholder.FIRST_NAME), ("Nachnahme", Placeholder.LAST_NAME), ("Uhrzeiten", Placeholder.TIME),
        ("Uhrzit", Placeholder.TIME),
        ("DATUM", Placeholder.DATE), ("Datum ", Placeholder.DATE), ("Aerzt", Placeholder.DOCTOR), ("Ärztin", Placeholder.DOCTOR),
        ("Telefonnr", Placeholder.PHONE), ("Name", Placeholder.LAST_NAME), ("Prénom", Placeholder.FIRST_NAME),
        ("FirstName", Placeholder.FIRST_NAME),
        ("Wochentage", Placeholder.WEEKDAY), ("Praxsi", Placeholder.PRACTICE), ("link", Placeholder.LINK), ("url", Placeholder.LINK),
        ("xyz", None), ("", None), ("0", None),
    ],
)  # fmt: skip
def test_the_nearest_placeholder(written: str, meant: Placeholder | None) -> None:
    assert nearest_placeholder(written, MessageKind.REMINDER) is meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [("Datumbisher", Placeholder.FORMER_DATE), ("DatumAlt", Placeholder.FORMER_DATE), ("altes Datum", Placeholder.FORMER_DATE),
     ("ancienne date", Placeholder.FORMER_DATE), ("UhrzeitBsher", Placeholder.FORMER_TIME), ("bisherige Zeit", Placeholder.FORMER_TIME),
     ("Alte Zeit", Placeholder.FORMER_TIME)],
)  # fmt: skip
def test_the_former_time_is_understood_in_a_notice_alone(written: str, meant: Placeholder) -> None:
    assert nearest_placeholder(written, MessageKind.MOVED) is meant
    assert nearest_placeholder(written, MessageKind.REMINDER) not in (Placeholder.FORMER_DATE, Placeholder.FORMER_TIME)


@given(st.sampled_from(list(Placeholder)), st.integers(0, 8), st.sampled_from("abxyz"), st.booleans())
def test_one_wrong_letter_is_always_understood(placeholder: Placeholder, position: int, letter: str, insert: bool) -> None:
    at = position % len(placeholder.value)
    written = placeholder.value[:at] + letter + placeholder.value[at + (0 if insert else 1) :]
    if len(placeholder.value) > 4 and written not in set(Placeholder):
        nearest = nearest_placeholder(written, MessageKind.MOVED)
        assert nearest is not None


def test_a_birthday_can_not_name_an_appointment() -> None:
    assert found("Alles Gute {Vorname}, bis {Datum}", BIRTHDAY_SMS) == [(FindingCode.NOT_HERE, 26, 7, None)]


@pytest.mark.parametrize("key", [REMINDER_SMS, BIRTHDAY_SMS], ids=str)
def test_only_a_notice_can_name_the_former_time(key: TemplateKey) -> None:
    findings = check_template(Template(key, "Nicht mehr {UhrzeitBisher}"), 3)
    (wrong,) = [finding for finding in findings if finding.severity is TemplateSeverity.ERROR]
    assert (wrong.code, wrong.position, wrong.length) == (FindingCode.NOT_HERE, 11, 15)
    assert "Terminverschiebungen" in wrong.sentence
    assert not is_usable(Template(key, "Nicht mehr {UhrzeitBisher}"))


@pytest.mark.parametrize("word", ["Diagnose", "Besuchsgrund", "behandlung", "Therapie", "Medikamente", "Laborbefund"])
def test_nothing_medical_can_be_named(word: str) -> None:
    assert [code for code, *_rest in found(f"{{{word}}} {{Datum}} {{Uhrzeit}}")] == [FindingCode.MEDICAL]


def test_a_lost_brace_is_found() -> None:
    assert found("{Datum} {Uhrzeit} { x") == [(FindingCode.BRACE, 18, 1, "{{")]
    assert found("{Datum} {Uhrzeit} } x") == [(FindingCode.BRACE, 18, 1, "}}")]
    assert [code for code, *_rest in found("{Datum} {Uhrzeit} {{ x }}")] == [FindingCode.COSTLY, FindingCode.COSTLY]


@pytest.mark.parametrize(
    ("text", "position", "length"),
    [
        ("{Vorname, bis bald", 0, 8),
        ("Guten Tag { vorname", 10, 9),
        ("Guten Tag Vorname}", 10, 8),
        ("Vornam }", 0, 8),
        ("{Vorname\n}", 0, 8),
    ],
)
def test_a_placeholder_that_lost_a_brace_gets_it_back_rather_than_a_brace_for_patients_to_read(
    text: str, position: int, length: int
) -> None:
    first = next(
        finding
        for finding in check_template(Template(REMINDER_SMS, f"{text} {{Datum}} {{Uhrzeit}}"), 3)
        if finding.severity is TemplateSeverity.ERROR
    )
    assert (first.code, first.position, first.length, first.suggestion) == (FindingCode.BRACE, position, length, "{Vorname}")
    assert "{Vorname}" in first.sentence


@pytest.mark.parametrize("written", ["{{Vorname}}", "{{ vorname }}", "{{Vornamme}}", "{{Name}}"])
def test_double_braces_around_a_placeholder_are_refused(written: str) -> None:
    """Other programs write them so; patients would read «{Vorname}»."""
    text = f"{{Datum}} {{Uhrzeit}} {written}"
    (error,) = [finding for finding in check_template(Template(REMINDER_SMS, text), 3) if finding.severity is TemplateSeverity.ERROR]
    right = "{Nachname}" if "Name" in written else "{Vorname}"
    assert (error.code, error.position, error.length, error.suggestion) == (FindingCode.DOUBLED, 18, len(written), right)


@pytest.mark.parametrize("written", ["{{x}}", "{{{Vorname}}}", "{{ }}", "{{}}", "{{Vorname", "{{oder so}}"])
def test_double_braces_around_something_else_are_braces(written: str) -> None:
    codes = {finding.code for finding in check_template(Template(REMINDER_SMS, f"{{Datum}} {{Uhrzeit}} {written}"), 3)}
    assert codes == {FindingCode.COSTLY}


@pytest.mark.parametrize("written", ["[Vorname]", "<vorname>", "%Vorname%", "$Vorname", "｛Vorname｝"])
def test_brackets_of_other_programs_are_a_warning(written: str) -> None:
    findings = check_template(Template(REMINDER_SMS, f"{{Datum}} {{Uhrzeit}} {written} (Telefon) [x] 5% $"), 3)
    (told,) = [finding for finding in findings if finding.code is FindingCode.BRACKETS]
    assert (told.severity, told.position, told.length, told.suggestion) == (TemplateSeverity.WARNING, 18, len(written), "{Vorname}")


def test_a_brace_that_stands_for_itself_is_replaced_whole() -> None:
    assert found("{Datum} {Uhrzeit} {{x}}") == [(FindingCode.COSTLY, 18, 2, "("), (FindingCode.COSTLY, 21, 2, ")")]


@pytest.mark.parametrize("text", ["", "  \n "])
def test_an_empty_text_is_found(text: str) -> None:
    assert [code for code, *_rest in found(text)] == [FindingCode.EMPTY]


@pytest.mark.parametrize("text", ["{Vorname}", "{Anrede} {Vorname},\n{Praxis}.", " {Link} "])
def test_a_text_that_may_become_empty_is_found(text: str) -> None:
    """A patient without a first name, a practice without a link: no gateway takes an empty message."""
    assert [code for code, *_rest in found(text, BIRTHDAY_SMS)] == [FindingCode.EMPTY]
    assert default_book().render(Template(BIRTHDAY_SMS, text), MessageValues("", "")).text == ""


@pytest.mark.parametrize("text", ["{Datum} {Uhrzeit}", "Bis bald, {Vorname} {Datum} {Uhrzeit}"])
def test_a_text_of_values_that_are_always_there_is_none_that_may_become_empty(text: str) -> None:
    assert found(text) == []


def test_a_reminder_without_a_time_is_a_warning() -> None:
    (finding,) = check_template(Template(REMINDER_SMS, "Sie haben bald einen Termin."), 3)
    assert (finding.code, finding.severity) == (FindingCode.NO_TIME, TemplateSeverity.WARNING)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Neu {Datum}, {Uhrzeit}, nicht mehr {DatumBisher}, {UhrzeitBisher}", []),
        ("Neu {Wochentag}, {Uhrzeit}, nicht mehr {DatumBisher}, {UhrzeitBisher}", []),
        ("Neu {Datum}, {Uhrzeit}", [FindingCode.NO_FORMER_TIME]),
        ("Neu {Datum}, {Uhrzeit}, nicht mehr {DatumBisher}", [FindingCode.NO_FORMER_TIME]),
        ("Neu {Datum}, {Uhrzeit}, nicht mehr {UhrzeitBisher}", [FindingCode.NO_FORMER_TIME]),
        ("Nicht mehr {DatumBisher}, {UhrzeitBisher}", [FindingCode.NO_TIME]),
        ("Ihr Termin ist verschoben.", [FindingCode.NO_TIME, FindingCode.NO_FORMER_TIME]),
    ],
)
@pytest.mark.parametrize("key", [MOVED_SMS, MOVED_MAIL], ids=str)
def test_a_notice_without_both_times_is_a_warning(key: TemplateKey, text: str, codes: list[FindingCode]) -> None:
    findings = check_template(Template(key, text, "Neue Zeit" if key is MOVED_MAIL else ""), 3)
    assert [finding.code for finding in findings] == codes
    assert {finding.severity for finding in findings} <= {TemplateSeverity.WARNING}


def test_a_value_that_may_be_missing_in_a_sentence_is_a_warning() -> None:
    text = "Termin bei {Arzt} am {Datum} um {Uhrzeit}. Fragen an {Telefon} oder {Link} bitte."
    findings = check_template(Template(REMINDER_MAIL, text, "Bei {Arzt}"), 3)
    assert [(each.code, each.field, each.position, each.length) for each in findings] == [
        (FindingCode.GAP, TemplateField.SUBJECT, 4, 6),
        (FindingCode.GAP, TemplateField.TEXT, 11, 6),
        (FindingCode.GAP, TemplateField.TEXT, 53, 9),
        (FindingCode.GAP, TemplateField.TEXT, 68, 6),
    ]
    assert "«bei am»" in findings[1].sentence
    assert {each.severity for each in findings} == {TemplateSeverity.WARNING}


def test_what_the_practice_says_of_itself_is_never_missing(sqlite_database: Database) -> None:
    text = "Termin {Datum} um {Uhrzeit}. Fragen an {Telefon} oder {Link} bitte."
    words = PracticeWords("Praxis", "044 111 11 11", "https://x.ch")
    assert TemplateService(sqlite_database, lambda: Settings({}), words=words).check(Template(REMINDER_SMS, text)) == ()
    without = TemplateService(sqlite_database, lambda: Settings({})).check(Template(REMINDER_SMS, text))
    assert [each.code for each in without] == [FindingCode.GAP, FindingCode.GAP]


@pytest.mark.parametrize(
    "text", ["Guten Tag {Anrede} {Nachname}, {Datum} {Uhrzeit}", "{Datum} {Uhrzeit}, {Arzt}, {Praxis}", "{Datum} {Uhrzeit}\n{Arzt}"]
)
def test_a_value_that_is_set_apart_is_no_finding(text: str) -> None:
    assert found(text) == []


DECOMPOSED = "Gru\u0308ezi, {Datum} {Uhrzeit}. Fu\u0308r Ru\u0308ckfragen: Zu\u0308rich"


def test_decomposed_letters_count_as_when_sent() -> None:
    """u + ¨, as some systems write ü: it is composed before it is kept and sent, so it costs nothing."""
    assert found(DECOMPOSED) == []
    assert found(DECOMPOSED + " x" * 50, most=1) == found(unicodedata.normalize("NFC", DECOMPOSED) + " x" * 50, most=1)
    assert found(f"{DECOMPOSED} [e\u0302]") == [(FindingCode.COSTLY, len(DECOMPOSED) + 2, 2, "e")]
    assert found(f"{DECOMPOSED} [x]") == [
        (FindingCode.COSTLY, len(DECOMPOSED) + 1, 1, "("),
        (FindingCode.COSTLY, len(DECOMPOSED) + 3, 1, ")"),
    ]


@given(st.text(st.sampled_from("aeuoc\u0308\u0302\u0327[– \u200b"), max_size=30).map(lambda written: f"{{Datum}} {{Uhrzeit}} x{written}"))
def test_a_text_costs_when_checked_what_it_costs_when_saved(text: str) -> None:
    checked = [(each.code, each.sentence) for each in check_template(Template(REMINDER_SMS, text), 3)]
    saved = [(each.code, each.sentence) for each in check_template(tidied(Template(REMINDER_SMS, text)), 3)]
    assert checked == saved


def test_dear_characters_are_found_with_a_plain_replacement() -> None:
    assert found("{Datum} {Uhrzeit} – „gut“ …") == [
        (FindingCode.COSTLY, 18, 1, "-"),
        (FindingCode.COSTLY, 20, 1, '"'),
        (FindingCode.COSTLY, 24, 1, '"'),
        (FindingCode.COSTLY, 26, 1, "..."),
    ]
    assert [code for code, *_rest in found("{Datum} {Uhrzeit} – „gut“", REMINDER_MAIL, "Termin")] == []


def test_an_sms_that_may_become_too_long_is_found() -> None:
    text = "{Datum} {Uhrzeit} " + "x" * 150
    assert [code for code, *_rest in found(text, most=1)] == [FindingCode.TOO_LONG]
    assert found(text, most=2) == []
    assert found(text, REMINDER_MAIL, "Termin", most=1) == []


def test_what_counts_are_the_longest_names_that_are_realistic() -> None:
    text = "Guten Tag {Vorname} {Nachname}, {Datum} {Uhrzeit} " + "x" * 100
    usual = default_book().render(Template(REMINDER_SMS, text), SAMPLE).segments
    assert usual is not None
    assert usual.count == 1
    assert [code for code, *_rest in found(text, most=1)] == [FindingCode.TOO_LONG]


def test_the_subject_is_checked_too() -> None:
    findings = check_template(Template(REMINDER_MAIL, GOOD, "Ihr {Termn}\nTermin"), 3)
    assert [(each.code, each.field, each.position) for each in findings] == [
        (FindingCode.UNKNOWN, TemplateField.SUBJECT, 4),
        (FindingCode.LINE_BREAK, TemplateField.SUBJECT, 11),
    ]
    assert [code for code, *_rest in found(GOOD, REMINDER_MAIL, "")] == [FindingCode.EMPTY]
    assert [code for code, *_rest in found(GOOD, REMINDER_MAIL, "x" * 201)] == [FindingCode.TOO_LONG]


@given(st.text(st.sampled_from("{}abVornameDatum \n’"), max_size=80))
def test_what_has_no_error_can_be_used_and_the_other_way_round(text: str) -> None:
    findings = check_template(Template(REMINDER_SMS, text), 10)
    structural = [each for each in findings if each.severity is TemplateSeverity.ERROR and each.code is not FindingCode.TOO_LONG]
    assert is_usable(Template(REMINDER_SMS, text)) == (not structural)
    for each in findings:
        assert 0 <= each.position <= len(text)
        assert each.position + each.length <= len(text)
        assert each.sentence


def test_checking_is_quick_enough_for_every_key_press() -> None:
    text = default_templates()[REMINDER_MAIL].text * 3
    began = time.perf_counter()
    for number in range(50):
        check_template(Template(REMINDER_SMS, f"{text}{number}"), 10)
    assert (time.perf_counter() - began) / 50 < 0.02


# Saving


def test_without_own_templates_the_products_are_in_use(service: TemplateService) -> None:
    entries = service.list()
    assert [entry.template.key for entry in entries] == list(TEMPLATE_KEYS)
    assert {entry.origin for entry in entries} == {Origin.DEFAULT}
    assert service.book().templates == default_templates()


def test_an_own_template_is_kept_with_who_and_when(service: TemplateService) -> None:
    before = datetime.now(UTC)
    assert service.save(Template(REMINDER_SMS, GOOD), "anna@pc1") == ()

    entry = service.load(REMINDER_SMS)
    assert entry.template == Template(REMINDER_SMS, GOOD)
    assert (entry.origin, entry.changed_by) == (Origin.OWN, "anna@pc1")
    assert entry.changed_at is not None
    assert abs((entry.changed_at - before).total_seconds()) < 60
    assert service.book().templates[REMINDER_SMS].text == GOOD
    assert service.load(REMINDER_MAIL).origin is Origin.DEFAULT


def test_saving_again_replaces(service: TemplateService) -> None:
    service.save(Template(REMINDER_SMS, GOOD), "anna")
    service.save(Template(REMINDER_SMS, GOOD + " Neu."), "beat")
    assert service.load(REMINDER_SMS).template.text == GOOD + " Neu."
    assert service.load(REMINDER_SMS).changed_by == "beat"


def test_long_and_strange_texts_come_back_as_they_were(service: TemplateService) -> None:
    text = "Grüezi «Ž» 😀 العربية {Datum} {Uhrzeit}\n\n" + "Zeile\n" * 2000 + "Ende"
    service.save(Template(REMINDER_MAIL, text, "Betreff 😀"), "anna")
    assert service.load(REMINDER_MAIL).template == Template(REMINDER_MAIL, text, "Betreff 😀")


@pytest.mark.parametrize("text", ["{Vornamme} {Datum} {Uhrzeit}", "{Datum} {Uhrzeit} {", "", "{Diagnose}"])
def test_a_wrong_template_is_refused_and_nothing_changes(embedded: TemplateService, text: str) -> None:
    embedded.save(Template(REMINDER_SMS, GOOD), "anna")
    with pytest.raises(TemplateRefusedError) as refused:
        embedded.save(Template(REMINDER_SMS, text), "beat")
    assert refused.value.item == "reminder/sms/de"
    assert refused.value.exit_code == 2
    assert embedded.load(REMINDER_SMS).template.text == GOOD


def test_the_refusal_names_the_right_placeholder(embedded: TemplateService) -> None:
    with pytest.raises(TemplateRefusedError, match=r"\{Vornamme\} gibt es nicht\. Gemeint ist wohl \{Vorname\}\."):
        embedded.save(Template(REMINDER_SMS, "{Vornamme} {Datum} {Uhrzeit}"), "anna")


def test_the_switch_decides_how_long_an_sms_may_be(embedded: TemplateService, switches: dict[Setting, Value]) -> None:
    long = Template(REMINDER_SMS, GOOD + "x" * 200)
    switches[MOST_SEGMENTS] = 1
    with pytest.raises(TemplateRefusedError):
        embedded.save(long, "anna")
    switches[MOST_SEGMENTS] = 2
    embedded.save(long, "anna")
    rendered = embedded.preview(long)
    assert rendered.segments is not None
    assert rendered.segments.count == 2
    assert rendered.text.endswith("x" * 200)


def test_a_template_is_tidied_when_saved(embedded: TemplateService) -> None:
    embedded.save(Template(REMINDER_SMS, f"\r\n{GOOD}\r\nGru\u0308sse \n\n", "kein Betreff"), "anna")
    assert embedded.load(REMINDER_SMS).template == Template(REMINDER_SMS, f"{GOOD}\nGrüsse", "")


def test_what_nobody_sees_is_not_saved(service: TemplateService) -> None:
    """A mark at the beginning of a file, NUL, no-width blanks, turned writing: they cost segments, and PostgreSQL takes no NUL."""
    unseen = "\ufeff\0\x1b\u200b\u202e\xad\ud83d"
    service.save(Template(REMINDER_MAIL, f"{unseen}{GOOD}{unseen}", f"Betreff{unseen}"), "anna")
    assert service.load(REMINDER_MAIL).template == Template(REMINDER_MAIL, GOOD, "Betreff")


def test_warnings_do_not_keep_from_saving(embedded: TemplateService) -> None:
    assert [each.code for each in embedded.save(Template(REMINDER_SMS, GOOD + " …"), "anna")] == [FindingCode.COSTLY]


def test_back_to_the_products_text(service: TemplateService) -> None:
    service.save(Template(REMINDER_SMS, GOOD), "anna")
    entry = service.reset(REMINDER_SMS)
    assert (entry.template, entry.origin) == (default_templates()[REMINDER_SMS], Origin.DEFAULT)
    assert service.reset(REMINDER_SMS).origin is Origin.DEFAULT


def test_a_template_can_be_switched_off_and_on_again(service: TemplateService) -> None:
    french = TemplateKey(MessageKind.REMINDER, Channel.SMS, "fr")
    service.save(Template(french, GOOD), "anna")
    assert service.disable(french, "beat").origin is Origin.DISABLED
    assert service.load(french).template.text == GOOD
    assert french not in service.book().templates
    service.save(service.load(french).template, "anna")
    assert service.load(french).origin is Origin.OWN


def test_a_notice_is_not_used_where_its_reminder_was_taken_out_of_use(service: TemplateService) -> None:
    """A practice that sends no SMS in Italian must not begin to, because a newer program has a text of its own for moved ones."""
    french, italian = (replace(REMINDER_SMS, language=language) for language in ("fr", "it"))
    service.disable(italian, "anna")
    service.save(Template(french, GOOD), "anna")
    moved = replace(italian, kind=MessageKind.MOVED)

    assert service.load(moved).origin is Origin.DISABLED
    assert service.load(moved).template == default_templates()[moved]
    assert [entry.template.key for entry in service.list() if entry.origin is Origin.DISABLED] == [italian, moved]
    chosen = service.book().choose(MessageKind.MOVED, Channel.SMS, "it")
    assert chosen is not None
    assert chosen.key.language == "de"
    # The reminder's own text, another way, another language and another kind are no reason.
    for key in (replace(french, kind=MessageKind.MOVED), replace(moved, channel=Channel.EMAIL), replace(moved, kind=MessageKind.BIRTHDAY)):
        assert service.load(key).origin is Origin.DEFAULT
        assert key in service.book().templates

    service.save(service.load(moved).template, "beat")
    assert service.load(moved).origin is Origin.OWN
    assert moved in service.book().templates
    service.disable(moved, "beat")
    service.reset(italian)
    assert service.load(moved).origin is Origin.DISABLED
    assert italian in service.book().templates


def test_where_all_reminders_by_sms_are_out_of_use_no_notice_goes_by_sms(service: TemplateService) -> None:
    for language in TEMPLATE_LANGUAGES:
        service.disable(replace(REMINDER_SMS, language=language), "anna")
    assert service.book().choose(MessageKind.MOVED, Channel.SMS, "de") is None
    assert service.book().choose(MessageKind.MOVED, Channel.EMAIL, "de") is not None


# Choosing


@pytest.mark.parametrize(
    ("language", "chosen"),
    [("de", "de"), ("FR", "fr"), ("it-CH", "it"), ("E", "en"), ("rm", "de"), ("tr", "de"), (None, "de"), ("", "de")],
)
def test_the_patients_language_else_the_fallback(language: str | None, chosen: str) -> None:
    template = default_book().choose(MessageKind.REMINDER, Channel.SMS, language)
    assert template is not None
    assert template.key.language == chosen


def test_the_fallback_language_is_a_switch(embedded: TemplateService, switches: dict[Setting, Value]) -> None:
    switches[FALLBACK_LANGUAGE] = "Français"
    template = embedded.book().choose(MessageKind.BIRTHDAY, Channel.EMAIL, "rm")
    assert template is not None
    assert template.key.language == "fr"


def test_without_a_template_in_both_languages_there_is_none(embedded: TemplateService) -> None:
    for language in ("it", "de"):
        embedded.disable(TemplateKey(MessageKind.REMINDER, Channel.SMS, language), "anna")
    book = embedded.book()
    assert book.choose(MessageKind.REMINDER, Channel.SMS, "it") is None
    assert book.choose(MessageKind.REMINDER, Channel.SMS, "fr") is not None
    assert book.choose(MessageKind.REMINDER, Channel.EMAIL, "it") is not None


def test_an_own_template_that_can_not_be_used_any_more_is_never_sent(embedded: TemplateService, sqlite_database: Database) -> None:
    embedded.save(Template(REMINDER_SMS, GOOD), "anna")
    with sqlite_database.begin() as connection:
        connection.execute(update(message_template).values(text="Guten Tag {AltesWort}"))
    assert embedded.load(REMINDER_SMS).template.text == "Guten Tag {AltesWort}"
    assert REMINDER_SMS not in embedded.book().templates


def test_plain_characters_are_a_switch(embedded: TemplateService, switches: dict[Setting, Value]) -> None:
    values = replace(SAMPLE, last_name="Šarić")
    template = Template(REMINDER_SMS, "{Nachname}")
    assert embedded.book().render(template, values).text == "Saric"
    switches[PLAIN_CHARACTERS] = False
    assert embedded.book().render(template, values).text == "Šarić"


def test_a_preview_shows_wrong_placeholders_as_they_are(embedded: TemplateService) -> None:
    assert embedded.preview(Template(REMINDER_SMS, "{Vorname} {Foo} {")).text == "Elisabeth {Foo} {"


def test_a_preview_with_a_patient(embedded: TemplateService) -> None:
    rendered = embedded.preview(Template(REMINDER_MAIL, "{Anrede} {Nachname}", "{Nachname}"), replace(SAMPLE, last_name="Šarić"))
    assert (rendered.subject, rendered.text) == ("Šarić", "Frau Šarić")


def test_a_preview_with_a_real_patient(sqlite_database: Database, switches: dict[Setting, Value]) -> None:
    source = MemoryPracticeSource(
        [Mandant("m1", "Dr. Meier", phone="044 111 11 11"), Mandant("m2", "Dr. Keller")],
        [Patient("p1", "Luca", "Šarić", "Herr"), Patient("p2", "Mia", "Kunz")],
        [Treatment("t1", "p1", "m1", date(2026, 1, 1))],
    )
    service = TemplateService(
        sqlite_database, lambda: Settings(dict(switches)), lambda: source, PracticeWords("Praxis", link="https://x.ch")
    )
    switches[DEFAULT_MANDANT] = "m2"
    notice = Template(MOVED_SMS, "{Nachname}: {Datum} {Uhrzeit}, nicht mehr {DatumBisher} {UhrzeitBisher}")
    assert service.preview(notice, service.values_of("p2")).text == "Kunz: 24.12.2026 10:15, nicht mehr 23.12.2026 09:30"
    template = Template(REMINDER_SMS, "{Anrede} {Nachname}: {Uhrzeit} {Arzt} {Praxis} {Telefon} {Link}")
    assert service.preview(template, service.values_of("p1")).text == "Herr Saric: 10:15 Dr. Meier Praxis 044 111 11 11 https://x.ch"
    assert service.preview(template, service.values_of("p2")).text == "Kunz: 10:15 Dr. Keller Praxis https://x.ch"
    with pytest.raises(InputError, match="p9"):
        service.values_of("p9")
    with pytest.raises(InputError):
        TemplateService(sqlite_database, lambda: Settings({})).values_of("p1")


def test_checking_reads_the_switches_once(sqlite_database: Database) -> None:
    read: list[int] = []

    def settings() -> Settings:
        read.append(1)
        return Settings({})

    service = TemplateService(sqlite_database, settings)
    for _ in range(10):
        service.check(Template(REMINDER_SMS, GOOD))
    assert len(read) == 1


# The cost of rendering


def test_rendering_is_cheap_enough_for_a_million_messages(clock: ManualClock) -> None:
    book = default_book()
    template = default_templates()[REMINDER_SMS]
    render: Callable[[], object] = lambda: book.render(template, SAMPLE)  # noqa: E731 - measured as it is called
    render()
    began = time.perf_counter()
    for _ in range(2000):
        render()
    assert (time.perf_counter() - began) / 2000 < 0.0005


def test_every_placeholder_is_used_by_some_text_of_the_product() -> None:
    texts = "".join(template.text + template.subject for template in default_templates().values())
    unused = {each for each in placeholders_for(MessageKind.MOVED) if each.written not in texts}
    assert unused == {Placeholder.MANDANT}
