"""Telephone numbers and e-mail addresses as people type them, and licence numbers."""

from __future__ import annotations

import string
from datetime import date

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_agent.messages.rules import contacts
from tray_agent.messages.rules.contacts import NumberKind, PhoneFault, PhoneNumber, UnusablePhone, read_address, read_phone
from tray_agent.messages.rules.licence import is_well_formed, licence_fault, with_check_digits
from tray_agent.messages.rules.reasons import Reason
from tray_agent.practice.model import Mandant

MOBILE = "+41791234567"


@pytest.mark.parametrize(
    "typed",
    [
        "079 123 45 67", "0791234567", "079/123 45 67", "079-123-45-67", "079.123.45.67", "(079) 123 45 67", "079 1234567", "79 123 45 67",
        "+41 79 123 45 67", "+41791234567", "+41 (0)79 123 45 67", "+41 (0) 79 123 45 67", "+41 0 79 123 45 67", "+41-79-123-45-67",
        "0041 79 123 45 67", "0041791234567", "0041 (0)79 123 45 67", "00 41 79 123 45 67", "41 79 123 45 67",
        "Natel 079 123 45 67", "079 123 45 67 (Tochter)", "079 123 45 67 P", "Tel. 079 123 45 67", "079 123 45 67 privat",
        "079 123 45 67 / 044 321 00 00", "044 321 00 00 od. 079 123 45 67", "079 123 45 67, 079 123 45 67",
        "\u00a0079\u2009123 45 67\u200b", "079–123–45–67", "０７９ １２３ ４５ ６７", "079\t123 45 67",
        "No. 079 123 45 67", "N° 079 123 45 67", "no 079 123 45 67", "079 123 45 67\r\n", "079 123 45 67\r\n(Mutter)",
        "044 321 00 00\n079 123 45 67", "+41 079 123 45 67", "++41 79 123 45 67", "tel:+41791234567",
        "\u202d079 123 45 67\u202c", "\ud800079 123 45 67\0",
        "079/123’45’67", "079'123'45'67", "079´123´45´67", "079·123·45·67", "079′123′45′67", "079‘123‘45‘67", "079ʼ123ʼ45ʼ67",
        "079`123`45`67",
        "079•123•45•67", "079*123*45*67", "079″123″45″67", "+41 79’123’45’67", "'079 123 45 67'", "079 123 45 67 Frau D’Angelo",
        "079 123 45 67 nicht anrufen, nur SMS", "nur SMS, nicht anrufen: 079 123 45 67", "079 123 45 67 (nur SMS)",
        "nicht anrufen nur SMS 079 123 45 67", "079 123 45 67 keine Anrufe, nur per SMS bitte", "079 123 45 67 keine Anrufe, SMS ok",
        "ne pas appeler, SMS seulement 079 123 45 67", "079 123 45 67 non chiamare, solo SMS", "do not call, text only 079 123 45 67",
        "079 123 45 67 SMS only", "079 123 45 67 nur Natel", "079 123 45 67 (SMS)", "Handy 079 123 45 67", "cellulare 079 123 45 67",
        "Tel. 079 123 45 67, Fax 044 321 00 00", "Fax: 044 321 00 00 / 079 123 45 67",
    ],
)  # fmt: skip
def test_one_number_however_people_type_it(typed: str) -> None:
    assert read_phone(typed) == PhoneNumber(MOBILE, NumberKind.MOBILE, "CH")


@pytest.mark.parametrize(
    ("typed", "e164", "country"),
    [
        ("+49 151 23456789", "+4915123456789", "DE"), ("0049 151 23456789", "+4915123456789", "DE"),
        ("0033 6 12 34 56 78", "+33612345678", "FR"),
        ("+39 347 123 4567", "+393471234567", "IT"), ("0043 664 1234567", "+436641234567", "AT"),
        ("+423 661 12 34 56", "+423661123456", "LI"),
        ("+44 7400 123456", "+447400123456", "GB"),
    ],
)  # fmt: skip
def test_foreign_mobile_numbers(typed: str, e164: str, country: str) -> None:
    assert read_phone(typed) == PhoneNumber(e164, NumberKind.MOBILE, country)


@pytest.mark.parametrize("typed", ["+1 212 555 0100", "001 650 253 0000"])
def test_where_the_plan_does_not_tell_a_number_may_get_an_sms(typed: str) -> None:
    read = read_phone(typed)
    assert isinstance(read, PhoneNumber)
    assert read.kind is NumberKind.MOBILE_OR_LANDLINE
    assert read.kind.takes_sms


@pytest.mark.parametrize(
    ("typed", "kind"),
    [
        ("044 321 00 00", NumberKind.LANDLINE), ("+41 (0)31 321 00 00", NumberKind.LANDLINE), ("+39 06 12345678", NumberKind.LANDLINE),
        ("0900 123 456", NumberKind.OTHER), ("0800 123 456", NumberKind.OTHER), ("058 123 45 67", NumberKind.OTHER),
        ("Fax: 044 321 00 00", NumberKind.LANDLINE),
        ("0860 79 123 45 67", NumberKind.OTHER), ("044 321 00 00 / 031 321 00 00", NumberKind.LANDLINE),
    ],
)  # fmt: skip
def test_what_is_no_mobile_number_takes_no_sms(typed: str, kind: NumberKind) -> None:
    read = read_phone(typed)
    assert isinstance(read, PhoneNumber)
    assert read.kind is kind
    assert not read.kind.takes_sms


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        (None, PhoneFault.EMPTY), ("", PhoneFault.EMPTY), (" \u200b ", PhoneFault.EMPTY),
        ("siehe Ehemann", PhoneFault.NO_NUMBER), ("---", PhoneFault.NO_NUMBER), ("079 123 45", PhoneFault.TOO_SHORT),
        ("112", PhoneFault.TOO_SHORT), ("bitte keine SMS " * 20, PhoneFault.NO_SMS),
        ("9" * 30, PhoneFault.TOO_LONG), ("1" * 200, PhoneFault.TOO_LONG),
        ("079 123 45 67 8", PhoneFault.NOT_ASSIGNED), ("070 123 45 67", PhoneFault.NOT_ASSIGNED),
        ("079 1x3 45 67", PhoneFault.LETTERS), ("079 MUSTER", PhoneFault.NOT_ASSIGNED),
        ("079 123 45 67 / 078 765 43 21", PhoneFault.SEVERAL), ("+41791234567;0781112233", PhoneFault.SEVERAL),
        ("079 123 45 67 (ab 18 Uhr)", PhoneFault.UNCLEAR_DIGITS), ("079 123 45 67 ext. 5", PhoneFault.UNCLEAR_DIGITS),
        ("079 123 45 67 ungültig", PhoneFault.CROSSED_OUT), ("alt: 079 123 45 67", PhoneFault.CROSSED_OUT),
        ("079 123 45 67\n078 765 43 21", PhoneFault.SEVERAL), ("079 123 45\n67", PhoneFault.UNCLEAR_DIGITS),
        ("O79 123 45 67", PhoneFault.LETTERS), ("079l234567", PhoneFault.LETTERS), ("147", PhoneFault.TOO_SHORT),
        ("079 123 45 67 (veraltet)", PhoneFault.CROSSED_OUT), ("079 123 45 67 gekündigt", PhoneFault.CROSSED_OUT),
        ("079 123 45 67 † 2024", PhoneFault.CROSSED_OUT), ("079 123 45 67 (verstorben)", PhoneFault.CROSSED_OUT),
        ("Ex-Mann 079 123 45 67", PhoneFault.CROSSED_OUT), ("n'est plus au 079 123 45 67", PhoneFault.CROSSED_OUT),
        ("no sms 079 123 45 67", PhoneFault.NO_SMS), ("079 123 45 67: no", PhoneFault.CROSSED_OUT),
        ("079 123 45 67 nicht anrufen", PhoneFault.CROSSED_OUT), ("ne pas appeler 079 123 45 67", PhoneFault.CROSSED_OUT),
        ("079 123 45 67 bitte nicht mehr", PhoneFault.CROSSED_OUT), ("079 123 45 67 unerwünscht", PhoneFault.CROSSED_OUT),
        ("079 123 45 67 stop", PhoneFault.CROSSED_OUT), ("079 123 45 67 mai", PhoneFault.CROSSED_OUT),
        ("📵 079 123 45 67", PhoneFault.CROSSED_OUT),
        ("079 123 45 67 nur SMS, alt", PhoneFault.CROSSED_OUT), ("079 123 45 67 don’t use", PhoneFault.CROSSED_OUT),
        ("079 123 45 67 SMS unerwünscht", PhoneFault.NO_SMS), ("079 123 45 67 SMS unerwu\u0308nscht", PhoneFault.NO_SMS),
        ("keine SMS 079 123 45 67", PhoneFault.NO_SMS), ("niente SMS 079 123 45 67", PhoneFault.NO_SMS),
        ("079 123 45 67 pas de SMS", PhoneFault.NO_SMS), ("079 123 45 67 nicht per SMS", PhoneFault.NO_SMS),
        ("079 123 45 67 SMS: nein", PhoneFault.NO_SMS), ("senza messaggi 079 123 45 67", PhoneFault.NO_SMS),
        ("keine SMS", PhoneFault.NO_SMS),
        ("079 123 45 67 keine Mitteilungen", PhoneFault.NO_SMS), ("n’envoyez pas de SMS 079 123 45 67", PhoneFault.NO_SMS),
        ("079 123 45 67?", PhoneFault.UNCLEAR_REMARK), ("079 123 45 67 ?", PhoneFault.UNCLEAR_REMARK),
        ("(?) 079 123 45 67", PhoneFault.UNCLEAR_REMARK),
        ("Fax 079 123 45 67", PhoneFault.UNCLEAR_REMARK), ("079 123 45 67 (Fax)", PhoneFault.UNCLEAR_REMARK),
        ("Telefax: 079 123 45 67", PhoneFault.UNCLEAR_REMARK), ("044 321 00 00 Fax 079 123 45 67", PhoneFault.UNCLEAR_REMARK),
        ("079 123 45 67 nur Festnetz", PhoneFault.UNCLEAR_REMARK), ("079 123 45 67 nur anrufen", PhoneFault.UNCLEAR_REMARK),
        ("079 123 45 67 nur WhatsApp", PhoneFault.UNCLEAR_REMARK), ("079 123 45 67 SMS nur im Notfall", PhoneFault.UNCLEAR_REMARK),
        ("solo chiamate 079 123 45 67", PhoneFault.UNCLEAR_REMARK), ("079 123 45 67 evtl. Tochter", PhoneFault.UNCLEAR_REMARK),
        ("📠 079 123 45 67", PhoneFault.UNCLEAR_REMARK), ("peut-être 079 123 45 67", PhoneFault.UNCLEAR_REMARK),
    ],
)  # fmt: skip
def test_what_cannot_be_used_has_a_clear_reason(typed: str | None, fault: PhoneFault) -> None:
    read = read_phone(typed)
    assert isinstance(read, UnusablePhone)
    assert read.fault is fault
    assert read.sentence.endswith(".")
    assert "{" not in read.sentence


def test_numbers_without_a_country_code_belong_to_the_practices_country() -> None:
    assert read_phone("0151 23456789", "DE") == PhoneNumber("+4915123456789", NumberKind.MOBILE, "DE")
    assert read_phone("0664 1234567", "AT") == PhoneNumber("+436641234567", NumberKind.MOBILE, "AT")


DIGITS = st.tuples(st.sampled_from(["75", "76", "77", "78", "79"]), st.integers(2_000_000, 9_999_999)).map(
    lambda parts: f"{parts[0]}{parts[1]}"
)
PREFIXES = st.sampled_from(["0", "+41", "0041", "+41 ", "0041 ", "+41 (0)", "+41(0)", "0041 (0)"])
SEPARATORS = st.sampled_from(["", " ", "/", "-", ".", "  ", "\u00a0", *contacts._MARKS, "’ "])


@given(DIGITS, PREFIXES, st.lists(SEPARATORS, min_size=3, max_size=3))
def test_every_swiss_mobile_number_is_read_in_every_way_of_typing(digits: str, prefix: str, gaps: list[str]) -> None:
    parts = (digits[:2], digits[2:5], digits[5:7], digits[7:])
    typed = prefix + parts[0] + "".join(gap + part for gap, part in zip(gaps, parts[1:], strict=True))
    assert read_phone(typed) == PhoneNumber(f"+41{digits}", NumberKind.MOBILE, "CH")


@given(
    DIGITS,
    st.text(alphabet=string.ascii_letters + "äöüéè .,()", max_size=15),
    st.text(alphabet=string.ascii_letters + " .,()", max_size=15),
)
def test_words_around_a_number_never_make_it_another_number(digits: str, before: str, after: str) -> None:
    read = read_phone(f"{before} 0{digits} {after}")
    assert isinstance(read, UnusablePhone) or read.e164 == f"+41{digits}"


NEARLY = st.one_of(st.text(alphabet="0123456789", max_size=12), st.text(alphabet="0123456789'’´·′|_\" /.-", max_size=14))


@given(st.sampled_from(["CH", "DE", "AT", "FR", "LI", "IT", "US"]), PREFIXES, NEARLY, st.sampled_from(["", "0", "7", "79", "15", "6"]))
def test_the_quick_way_reads_what_the_library_reads(region: str, prefix: str, digits: str, first: str) -> None:
    typed = f"{prefix}{first}{digits}"
    quick = contacts._quick(typed, region)
    if quick is not None:
        assert quick == contacts._read(typed, region)


@given(DIGITS, st.sampled_from(["0", "+41", "0041"]), SEPARATORS)
def test_the_quick_way_is_taken_for_ordinary_numbers(digits: str, prefix: str, gap: str) -> None:
    if gap != "\u00a0":
        assert contacts._quick(f"{prefix}{digits[:2]}{gap}{digits[2:]}", "CH") == PhoneNumber(f"+41{digits}", NumberKind.MOBILE, "CH")


@given(st.text(max_size=60))
def test_any_text_is_read_without_an_exception(typed: str) -> None:
    read = read_phone(typed)
    if isinstance(read, PhoneNumber):
        assert read.e164.startswith("+")
        assert phonenumbers.is_valid_number(phonenumbers.parse(read.e164))


@given(st.text(alphabet="0123456789+()/ -.", max_size=30))
def test_no_digit_is_ever_invented_or_dropped(typed: str) -> None:
    """What is read is what was typed, without the prefixes of country and trunk."""
    read = read_phone(typed)
    if isinstance(read, PhoneNumber):
        national = str(phonenumbers.parse(read.e164).national_number)
        assert national in "".join(character for character in typed if character.isdigit())


@given(st.text(alphabet="0123456789+()/ -.x#ab", max_size=40))
def test_reading_what_was_read_gives_the_same(typed: str) -> None:
    read = read_phone(typed)
    if isinstance(read, PhoneNumber):
        assert read_phone(read.e164) == read


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("anna@example.com", "anna@example.com"), (" anna@example.com ", "anna@example.com"),
        ("Anna.Müller@Example.COM", "Anna.Müller@example.com"),
        ("anna+arzt@example.com", "anna+arzt@example.com"), ("müller@bücher.example.com", "müller@bücher.example.com"),
        ("anna@straße.example.com", "anna@straße.example.com"), ("\ufeffanna@example.com\u200b", "anna@example.com"),
        ("anna@xn--mnchen-3ya.example.com", "anna@münchen.example.com"), ("o'neil@example.com", "o'neil@example.com"),
    ],
)  # fmt: skip
def test_addresses_of_right_form(typed: str, address: str) -> None:
    assert read_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        None, "", "  ", "anna", "anna@", "@example.com", "anna@example", "anna@localhost", "anna@@example.com", "anna@exa mple.com",
        "anna@example..com", ".anna@example.com", "anna@example.com; beat@example.com", "anna@example.com, beat@example.com",
        "Anna <anna@example.com>", "anna@[127.0.0.1]", "anna@example.com\nBcc: all@example.com", "x" * 300 + "@example.com", "keine",
        "x" * 65 + "@example.com", "anna@example.com.", "anna@example.com,", "mailto:anna@example.com", "anna(at)example.com",
        "an\ud800na@example.com",
        "anna @example.com", "anna@ex_ample.com", "anna@127.0.0.1", '"an na"@example.com',
    ],
)  # fmt: skip
def test_addresses_of_wrong_form(typed: str | None) -> None:
    assert read_address(typed) is None


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_none_without_an_exception(typed: str) -> None:
    read = read_address(typed)
    assert read is None or ("@" in read and not any(character in read for character in "\r\n ,;<>"))


BODIES = st.text(alphabet=string.ascii_uppercase + string.digits, min_size=3, max_size=20)


@given(BODIES)
def test_a_number_with_its_check_digits_is_well_formed(body: str) -> None:
    assert is_well_formed(with_check_digits(body))
    assert is_well_formed(with_check_digits(body).lower())
    assert is_well_formed(" ".join(with_check_digits(body)))


@given(BODIES, st.data())
def test_one_wrong_character_is_found(body: str, data: st.DataObject) -> None:
    """ISO 7064 MOD 97-10 finds every single wrong digit."""
    number = with_check_digits(body)
    places = [index for index, character in enumerate(number) if character.isdigit()]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([digit for digit in string.digits if digit != number[place]]))
    assert not is_well_formed(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize("number", ["", "  ", "12", "01", "VS1001CH", "VS1001CH6A", "VS1001CH61", "ÄÖ1001CH60", "¹²³⁴⁵", "VS_1001_60"])
def test_malformed_licence_numbers(number: str) -> None:
    assert not is_well_formed(number)


@pytest.mark.parametrize(
    ("first", "last", "day", "reason"),
    [
        (None, None, date(2026, 11, 23), None),
        (date(2026, 11, 23), date(2026, 11, 23), date(2026, 11, 23), None),
        (date(2026, 11, 24), None, date(2026, 11, 23), Reason.LICENCE_NOT_YET_VALID),
        (None, date(2026, 11, 22), date(2026, 11, 23), Reason.LICENCE_EXPIRED),
    ],
)
def test_the_validity_of_a_licence(first: date | None, last: date | None, day: date, reason: Reason | None) -> None:
    mandant = Mandant("M1", "Dr. Meier", licence_number=with_check_digits("VS1"), licence_valid_from=first, licence_valid_until=last)
    assert licence_fault(mandant, day) is reason
