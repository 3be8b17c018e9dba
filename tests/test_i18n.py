"""Texts that remember how they were made, and are said again in another language."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator

import pytest

from tray_agent.i18n import Text, _, format_number, join_texts, join_words, ngettext, set_language, shown_text, store_text


@pytest.fixture(autouse=True)
def german() -> Iterator[None]:
    set_language("de")
    yield
    set_language("de")


def _why() -> str:
    return _("Beim Patienten ist ein Sterbedatum erfasst.")


TEXTS: list[Callable[[], str]] = [
    _why,
    lambda: _("{what}: {said}").format(what="Muster Anna", said=_why()),
    lambda: ngettext("{number} Mitteilung gesendet.", "{number} Mitteilungen gesendet.", 1).format(number=1),
    lambda: ngettext("{number} Mitteilung gesendet.", "{number} Mitteilungen gesendet.", 7).format(number=7),
    lambda: join_texts(_why(), "", _("Erfolg")),
    lambda: join_words([_("Montag"), _("Mittwoch"), _("Freitag")]),
    lambda: format_number(12345.5),
    lambda: _("{what}: {said}").format(what=join_words(["Anna", _("Montag")]), said=format_number(2000)),
]


@pytest.mark.parametrize("language", ["fr", "it", "en"])
@pytest.mark.parametrize("make", TEXTS)
def test_a_stored_text_is_shown_in_the_readers_language(make: Callable[[], str], language: str) -> None:
    written = make()
    kept = store_text(written)
    set_language(language)
    assert shown_text(written, kept) == make()


def test_a_text_is_a_string_in_the_language_in_force() -> None:
    set_language("fr")
    assert isinstance(_("Erfolg"), str)
    assert _("Erfolg") == str(_("Erfolg")) != "Erfolg"


def test_a_text_keeps_its_memory_when_it_is_copied_or_pickled() -> None:
    written = TEXTS[1]()
    assert isinstance(written, Text)
    for same in (copy.copy(written), copy.deepcopy(written), pickle.loads(pickle.dumps(written))):  # noqa: S301 - our own bytes
        assert store_text(same) == store_text(written)


def test_braces_in_a_value_are_no_placeholders_when_the_text_is_made_again() -> None:
    written = _("{what}: {said}").format(what="{0} {nobody}", said="{}")
    assert shown_text("", store_text(written)) == written


def test_what_is_no_text_is_stored_without_a_memory() -> None:
    assert store_text("Server: 550 user unknown") is None
    assert shown_text("Server: 550 user unknown", None) == "Server: 550 user unknown"


@pytest.mark.parametrize("kept", ["{", "[]", '["colour","blue"]', '["text"]', '["text","{who}",{"number":1}]', "7", '"x"'])
def test_a_memory_that_cant_be_read_leaves_the_text_as_it_was_written(kept: str) -> None:
    assert shown_text("Wie geschrieben.", kept) == "Wie geschrieben."


def test_no_parts_give_an_empty_text_and_one_part_itself() -> None:
    assert join_texts() == join_texts("", "") == ""
    assert store_text(join_texts("", _why())) == store_text(_why())
