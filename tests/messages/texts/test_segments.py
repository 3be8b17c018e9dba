"""Segments, checked against an oracle that is written differently: it encodes the text, septet by septet."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_agent.messages.texts.segments import BASIC, EXTENSION, CostlyCharacter, CostReason, Encoding, plain, split

# The table of 3GPP TS 23.038, 6.2.1, by rows of eight codes; 0x1B is the escape to the extension table.
DEFAULT_TABLE = [
    "@", "£", "$", "¥", "è", "é", "ù", "ì", "ò", "Ç", "\n", "Ø", "ø", "\r", "Å", "å",
    "Δ", "_", "Φ", "Γ", "Λ", "Ω", "Π", "Ψ", "Σ", "Θ", "Ξ", None, "Æ", "æ", "ß", "É",
    " ", "!", '"', "#", "¤", "%", "&", "'", "(", ")", "*", "+", ",", "-", ".", "/",
    "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", ":", ";", "<", "=", ">", "?",
    "¡", "A", "B", "C", "D", "E", "F", "G", "H", "I", "J", "K", "L", "M", "N", "O",
    "P", "Q", "R", "S", "T", "U", "V", "W", "X", "Y", "Z", "Ä", "Ö", "Ñ", "Ü", "§",
    "¿", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o",
    "p", "q", "r", "s", "t", "u", "v", "w", "x", "y", "z", "ä", "ö", "ñ", "ü", "à",
]  # fmt: skip
EXTENSION_TABLE = {"\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F, "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65}


def septets(text: str) -> list[int] | None:
    """Encodes in GSM 03.38, or returns None where a character is in neither table."""
    codes: list[int] = []
    for character in text:
        if character in EXTENSION_TABLE:
            codes += [0x1B, EXTENSION_TABLE[character]]
        elif character in DEFAULT_TABLE:
            codes.append(DEFAULT_TABLE.index(character))
        else:
            return None
    return codes


def cut(codes: list[int], alone: int, each: int, joined: range | None) -> list[int]:
    """Returns the lengths of the segments: as full as they go, never between a unit of ``joined`` and the next one."""
    if len(codes) <= alone:
        return [len(codes)] if codes else []
    lengths, start = [], 0
    while start < len(codes):
        end = min(start + each, len(codes))
        if end < len(codes) and joined is not None and codes[end - 1] in joined:
            end -= 1
        lengths.append(end - start)
        start = end
    return lengths


def oracle(text: str) -> tuple[Encoding, int, list[int]]:
    codes = septets(text)
    if codes is not None:
        return Encoding.GSM, len(codes), cut(codes, 160, 153, range(0x1B, 0x1C))
    raw = text.encode("utf-16-be", "surrogatepass")
    units = [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]
    # A lone high surrogate is one character, so joining it with what follows is no matter of ours: only real pairs join.
    pairs = [
        0 if not (0xD800 <= unit < 0xDC00 and at + 1 < len(units) and 0xDC00 <= units[at + 1] < 0xE000) else unit
        for at, unit in enumerate(units)
    ]
    return Encoding.UCS2, len(units), cut(pairs, 70, 67, range(0xD800, 0xDC00))


gsm = st.text(st.sampled_from(BASIC + EXTENSION))
mixed = st.text(st.sampled_from("abcäöü€[]{}ç’“😀👨‍👩‍👧Ж \n") | st.characters(exclude_categories=["Cs"]))
repeated = st.builds(lambda piece, times, tail: piece * times + tail, gsm | mixed, st.integers(0, 200), gsm | mixed)
texts = (gsm | mixed | repeated).map(lambda text: text[:1200])


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert set(BASIC) == {character for character in DEFAULT_TABLE if character is not None}
    assert len(BASIC) == 127
    assert set(EXTENSION) == set(EXTENSION_TABLE)


@given(texts)
def test_split_agrees_with_the_oracle(text: str) -> None:
    segments = split(text)
    encoding, units, lengths = oracle(text)
    assert (segments.encoding, segments.units) == (encoding, units)
    assert [
        len(septets(each) or []) if encoding is Encoding.GSM else len(each.encode("utf-16-be")) // 2 for each in segments.texts
    ] == lengths


@given(texts)
def test_nothing_is_lost_and_nothing_is_torn_apart(text: str) -> None:
    segments = split(text)
    assert "".join(segments.texts) == text
    for each in segments.texts:
        each.encode("utf-16")  # a torn surrogate pair can't be encoded


@given(texts)
def test_remaining_is_what_still_fits(text: str) -> None:
    segments = split(text)
    filler = "x" * segments.remaining
    assert split(text + filler).count == max(1, segments.count)
    assert split(text + filler + "x").count > segments.count or not text


@given(texts)
def test_plain_never_costs_more_than_the_original_in_the_alphabet(text: str) -> None:
    simpler = plain(text)
    assert plain(simpler) == simpler
    if split(text).encoding is Encoding.GSM:
        assert simpler == text
    unchangeable = [costly for costly in split(text).costly if costly.reason is CostReason.UNICODE and costly.plain is None]
    assert (split(simpler).encoding is Encoding.GSM) == (not unchangeable)


@given(texts)
def test_replacing_each_dear_character_is_what_plain_does(text: str) -> None:
    replaced, done = "", 0
    for costly in split(text).costly:
        if costly.reason is CostReason.UNICODE:
            assert text[costly.position : costly.position + len(costly.character)] == costly.character
            replaced += text[done : costly.position] + (costly.character if costly.plain is None else costly.plain)
            done = costly.position + len(costly.character)
    assert replaced + text[done:] == plain(text)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count", "remaining"),
    [
        ("", Encoding.GSM, 0, 0, 160),
        ("x" * 160, Encoding.GSM, 160, 1, 0),
        ("x" * 161, Encoding.GSM, 161, 2, 145),
        ("x" * 306, Encoding.GSM, 306, 2, 0),
        ("x" * 307, Encoding.GSM, 307, 3, 152),
        ("€" * 80, Encoding.GSM, 160, 1, 0),
        ("€" * 81, Encoding.GSM, 162, 2, 153 - 10),
        ("x" * 152 + "€" + "x" * 10, Encoding.GSM, 164, 2, 141),
        ("ç" + "x" * 69, Encoding.UCS2, 70, 1, 0),
        ("ç" + "x" * 70, Encoding.UCS2, 71, 2, 63),
        ("😀" * 35, Encoding.UCS2, 70, 1, 0),
        ("😀" * 36, Encoding.UCS2, 72, 2, 61),
        ("’", Encoding.UCS2, 1, 1, 69),
    ],
)
def test_the_bounds(text: str, encoding: Encoding, units: int, count: int, remaining: int) -> None:
    segments = split(text)
    assert (segments.encoding, segments.units, segments.count, segments.remaining) == (encoding, units, count, remaining)


def test_an_escape_moves_whole_into_the_next_segment() -> None:
    assert split("x" * 152 + "€" + "x" * 10).texts == ("x" * 152, "€" + "x" * 10)


def test_a_surrogate_pair_moves_whole_into_the_next_segment() -> None:
    assert split("ç" * 66 + "😀" + "x" * 10).texts == ("ç" * 66, "😀" + "x" * 10)


@pytest.mark.parametrize(
    ("costly", "simpler"),
    [
        ("’", "'"), ("‘", "'"), ("“", '"'), ("”", '"'), ("„", '"'), ("«", '"'), ("–", "-"), ("—", "-"), ("…", "..."), ("\u00a0", " "),
        ("ê", "e"), ("ç", "c"), ("À", "A"), ("È", "E"), ("û", "u"), ("ë", "e"), ("Š", "S"), ("ć", "c"), ("Ł", "L"), ("đ", "d"), ("œ", "oe"),
        ("ﬁ", "fi"), ("½", "1/2"), ("😀", ""), ("e\u0301", "é"), ("u\u0308", "ü"), ("a\u0302", "a"), ("\u200b", ""),
    ],
)  # fmt: skip
def test_a_plain_replacement_is_offered(costly: str, simpler: str) -> None:
    assert plain(f"a{costly}b") == f"a{simpler}b"
    assert split(f"xy{costly}z").costly == (CostlyCharacter(2, costly, CostReason.UNICODE, simpler),)


@pytest.mark.parametrize("foreign", ["Ж", "中", "م", "°"])
def test_what_has_no_plain_form_stays(foreign: str) -> None:
    assert plain(foreign) == foreign
    assert split(foreign).costly == (CostlyCharacter(0, foreign, CostReason.UNICODE, None),)


def test_a_character_of_the_extension_table_is_dear_where_it_counts_double() -> None:
    assert split("5 €").costly == (CostlyCharacter(2, "€", CostReason.DOUBLE, None),)
    assert split("[a]").costly == (CostlyCharacter(0, "[", CostReason.DOUBLE, "("), CostlyCharacter(2, "]", CostReason.DOUBLE, ")"))
    assert [costly.character for costly in split("€ ’").costly] == ["’"]


@pytest.mark.parametrize(("lone", "simpler"), [("\ud800", ""), ("a\ud83d", "a")])
def test_half_a_character_does_not_crash(lone: str, simpler: str) -> None:
    assert split(lone).count == 1
    assert plain(lone) == simpler


def test_counting_is_quick_enough_for_every_key_press() -> None:
    text = "Guten Tag Frau Müller, Ihr Termin ist am Donnerstag … " * 20
    began = time.perf_counter()
    for _ in range(100):
        split(text)
    assert (time.perf_counter() - began) / 100 < 0.005
