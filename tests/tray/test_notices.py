"""Notices: what is told on which occasion; never twice, never a flood."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_agent.messages.outbox.model import AccountCredits
from tray_agent.tray.contract import BODY_UNITS, TITLE_UNITS, clip
from tray_agent.tray.model import DialogName, Lasting, OpenDialog
from tray_agent.tray.notices import (
    MOST_TOASTS,
    SAME_CONTENT_PAUSE,
    TOAST_PERIOD,
    NewDownload,
    NoticeFacts,
    NoticeKind,
    NoticeMemory,
    good_again,
    lasting_trouble,
    notices,
    toast_of,
)
from tray_agent.tray.occasions import Occasion

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
UPDATE = NewDownload("update", "Update vitomed", "2.70.001")
TARIFF = NewDownload("tarif", "TARDOC", "1.4")
LOW = AccountCredits(("M1",), "Dr. Meier", Decimal(12), None, 50, days_left=3)
ALL = NoticeFacts((UPDATE, TARIFF), (LOW,), ("17", "18"))


def test_nothing_to_tell() -> None:
    assert notices(NoticeFacts()) == ()
    assert toast_of(()) is None


def test_each_kind_with_its_words_and_its_window() -> None:
    failed, credits_, downloads = notices(ALL)  # the gravest first
    assert (downloads.title, downloads.opens) == ("Neue Downloads vorhanden", DialogName.DOWNLOADS)
    assert downloads.sentences == ("Update vitomed 2.70.001", "TARDOC 1.4")
    assert credits_.opens is DialogName.CREDITS
    assert credits_.sentences == ("Dr. Meier: 12 Credits, Mindestbestand 50. Das reicht noch für etwa 3 Tage.",)
    assert (failed.title, failed.opens) == ("2 Patienten anrufen", DialogName.CALLS)
    assert failed.sentences == ("2 Terminerinnerungen kamen nicht an oder kämen zu spät; bitte auf anderem Weg erinnern.",)


def test_a_workstation_that_is_locked_out_is_told_at_each_occasion() -> None:
    told = "PC2 arbeitet seit 10:42 mit 2.69; dieser Arbeitsplatz bleibt ausgesperrt, bis das Update auch hier installiert ist."
    facts = NoticeFacts((UPDATE,), left_behind=told)
    first, second = notices(facts)
    assert (first.kind, first.sentences, first.opens) == (NoticeKind.LEFT_BEHIND, (told,), DialogName.DOWNLOADS)
    assert second.kind is NoticeKind.NEW_DOWNLOADS
    memory = NoticeMemory()
    assert memory.fresh(Occasion.LOGIN, (first,), NOW) == (first,)
    assert memory.fresh(Occasion.PRACTICE_STARTED, (first,), NOW + timedelta(minutes=1)) == ()
    assert memory.fresh(Occasion.LOGIN, (first,), NOW + timedelta(days=1)) == (first,)
    assert notices(NoticeFacts((UPDATE,))) == (second,)


def test_lasting_trouble_comes_first_and_what_is_over_is_told() -> None:
    lasting = Lasting("send_messages", NOW, "Mitteilungen senden: seit 10:10 nicht möglich.", "Der Gateway antwortet nicht.")
    first, *_others = notices(NoticeFacts((UPDATE,), lasting=(lasting,)))
    assert (first.kind, first.opens, first.summary) == (NoticeKind.LASTING_TROUBLE, DialogName.JOBS, lasting.sentence)
    assert first.sentences == ("Mitteilungen senden: seit 10:10 nicht möglich. Der Gateway antwortet nicht.",)
    (over,) = good_again(("Mitteilungen senden: geht wieder.",))
    assert (over.title, over.opens) == ("Geht wieder", DialogName.JOB_HISTORY)
    assert (lasting_trouble(()), good_again(())) == ((), ())


@pytest.mark.parametrize(
    ("account", "sentence"),
    [
        (
            AccountCredits(("M1",), "Dr. Meier", Decimal(1), None, 50, days_left=1),
            "Dr. Meier: 1 Credits, Mindestbestand 50. Das reicht noch für etwa 1 Tag.",
        ),
        (AccountCredits(("M1",), "Dr. Meier", Decimal(40), None, 50, days_left=None), "Dr. Meier: 40 Credits, Mindestbestand 50."),
        (
            AccountCredits(("M1",), "Dr. Meier", Decimal(0), None, 50, days_left=0),
            "Dr. Meier: 0 Credits, Mindestbestand 50. Es werden keine SMS mehr versendet, bis das Guthaben aufgeladen ist.",
        ),
        (
            AccountCredits(("M1",), "Dr. Meier", Decimal(9), None, 50, days_left=0),
            "Dr. Meier: 9 Credits, Mindestbestand 50. Das reicht voraussichtlich nicht einmal mehr für einen Tag.",
        ),
    ],
)
def test_credits_in_words(account: AccountCredits, sentence: str) -> None:
    assert notices(NoticeFacts(low_credits=(account,)))[0].sentences == (sentence,)


def test_many_downloads_are_not_all_named() -> None:
    many = tuple(NewDownload(f"e{n}", f"Element {n}", "1") for n in range(6))
    assert notices(NoticeFacts(many))[0].sentences == ("Element 0 1", "Element 1 1", "Element 2 1", "und 3 weitere")


def test_one_toast_for_all() -> None:
    toast = toast_of(notices(ALL))
    assert toast is not None
    assert toast.title == "vitoclient-Services: 3 Meldungen"
    assert toast.body.splitlines() == [
        "2 Terminerinnerungen kamen nicht an oder kämen zu spät; bitte auf anderem Weg erinnern.",
        "Credits-Guthaben unter dem Mindestbestand.",
        "2 neue Downloads vorhanden.",
    ]
    assert toast.action == OpenDialog(DialogName.CALLS)
    assert toast.action_label


def test_what_is_put_away_for_the_day_comes_again_tomorrow_and_for_another_person() -> None:
    memory, midnight = NoticeMemory(), NOW + timedelta(hours=14)
    memory.be_quiet(midnight)
    always = tuple(notice for notice in notices(ALL) if notice.kind is not NoticeKind.FAILED_REMINDERS)
    assert len(always) == 2
    assert memory.fresh(Occasion.LOGIN, notices(ALL), NOW) == always
    assert memory.fresh(Occasion.LOGIN, notices(ALL), NOW + timedelta(hours=2)) == always
    assert memory.fresh(Occasion.USER_SWITCH, notices(ALL), NOW + timedelta(hours=3)) == notices(ALL)
    memory.be_quiet(midnight)
    assert memory.fresh(Occasion.LOGIN, notices(ALL), midnight + timedelta(hours=8)) == notices(ALL)


@given(st.lists(st.text(min_size=1, max_size=200), min_size=1, max_size=5))
def test_toast_fits_windows(titles: list[str]) -> None:
    toast = toast_of(notices(NoticeFacts(tuple(NewDownload(title, title, "1") for title in titles))))
    assert toast is not None
    assert len(toast.title.encode("utf-16-le", "surrogatepass")) // 2 <= TITLE_UNITS
    assert len(toast.body.encode("utf-16-le", "surrogatepass")) // 2 <= BODY_UNITS


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(1, 80))
def test_clip_never_halves_a_character(text: str, units: int) -> None:
    clipped = clip(text, units)
    assert len(clipped.encode("utf-16-le")) // 2 <= units
    assert clipped == text or (clipped.endswith("…") and text.startswith(clipped[:-1].rstrip()))


def test_same_content_is_told_once_at_login_and_start() -> None:
    memory = NoticeMemory()
    found = notices(ALL)
    assert memory.fresh(Occasion.LOGIN, found, NOW) == found
    assert memory.fresh(Occasion.PRACTICE_STARTED, found, NOW + timedelta(minutes=1)) == ()


def test_same_content_is_told_again_at_a_later_start() -> None:
    memory = NoticeMemory()
    found = notices(ALL)
    memory.fresh(Occasion.LOGIN, found, NOW)
    assert memory.fresh(Occasion.PRACTICE_STARTED, found, NOW + SAME_CONTENT_PAUSE) == found


def test_another_person_is_told_at_once() -> None:
    memory = NoticeMemory()
    found = notices(ALL)
    memory.fresh(Occasion.LOGIN, found, NOW)
    assert memory.fresh(Occasion.USER_SWITCH, found, NOW + timedelta(minutes=1)) == found


def test_new_content_is_told_old_is_not() -> None:
    memory = NoticeMemory()
    memory.fresh(Occasion.LOGIN, notices(NoticeFacts((UPDATE,), (LOW,))), NOW)
    fresh = memory.fresh(Occasion.PRACTICE_STARTED, notices(NoticeFacts((UPDATE, TARIFF), (LOW,))), NOW + timedelta(minutes=1))
    assert [notice.kind for notice in fresh] == [NoticeKind.NEW_DOWNLOADS]


@given(st.lists(st.integers(0, 120), min_size=1, max_size=40))
def test_never_more_toasts_than_allowed(seconds: list[int]) -> None:
    memory = NoticeMemory()
    now, shown = NOW, []
    for gap in seconds:
        now += timedelta(seconds=gap)
        if memory.may_toast(now):
            shown.append(now)
    for first in shown:
        assert sum(first <= other < first + TOAST_PERIOD for other in shown) <= MOST_TOASTS
