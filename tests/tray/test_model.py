"""What the tray shows: every state, the menu, the default action, the words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_agent.errors import KnownError
from tray_agent.jobs.model import Pause, PauseScope
from tray_agent.tray.contract import TOOLTIP_UNITS, fitted
from tray_agent.tray.model import (
    AgentFacts,
    CheckNow,
    Concern,
    ConcernKind,
    DialogName,
    Idle,
    Look,
    MenuItem,
    NextRun,
    OpenDialog,
    PauseJobs,
    PauseLength,
    Quit,
    Resume,
    concern_of,
    pause_end,
    tray_state,
)

ZONE = ZoneInfo("Europe/Zurich")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZONE)
FACTS = AgentFacts(now=NOW, next_run=NextRun("Mitteilungen senden", NOW + timedelta(minutes=10)))
CONCERN = Concern("2 Mitteilungen in der Schwebe: bitte entscheiden.", DialogName.ACTIVITY)
NEW = "heruntergeladen und geprüft. Doppelklick: Download-Liste."
PAUSE = Pause(PauseScope.SENDING, NOW, NOW + timedelta(hours=1), "Anna")


def labels(items: tuple[MenuItem, ...]) -> list[str]:
    return [item.label or "-" for item in items]


@pytest.mark.parametrize(
    ("facts", "look", "number"),
    [
        (FACTS, Look.OK, 0),
        (replace(FACTS, new_downloads=3), Look.NEW_DOWNLOADS, 3),
        (replace(FACTS, pause=PAUSE), Look.PAUSED, 0),
        (replace(FACTS, new_downloads=3, pause=PAUSE), Look.PAUSED, 0),
        (replace(FACTS, new_downloads=3, pause=PAUSE, concerns=(CONCERN,)), Look.ATTENTION, 0),
        (replace(FACTS, concerns=(CONCERN,), database_away=True), Look.DATABASE_AWAY, 0),
    ],
)
def test_gravest_state_is_shown(facts: AgentFacts, look: Look, number: int) -> None:
    state = tray_state(facts)
    assert (state.look, state.number) == (look, number)


def test_a_database_that_is_away_says_what_it_means_and_what_to_do() -> None:
    meaning, advice = tray_state(replace(FACTS, database_away=True)).details
    assert "nichts gesendet" in meaning
    assert "von selbst weiter" in meaning
    assert "Server" in advice


@pytest.mark.parametrize(
    ("facts", "word"),
    [
        (FACTS, "Alles in Ordnung"),
        (replace(FACTS, next_run=None, running="Download-Service"), "Alles in Ordnung"),
        (replace(FACTS, next_run=None), "Nichts geplant"),
        (AgentFacts(now=NOW, starting=True), "Wird gestartet …"),
        (replace(FACTS, new_downloads=1), "Neue Downloads vorhanden"),
        (replace(FACTS, new_downloads=1, pause=PAUSE), "Pausiert"),
        (replace(FACTS, concerns=(CONCERN,)), "Braucht Ihre Aufmerksamkeit"),
        (replace(FACTS, database_away=True), "Datenbank nicht erreichbar"),
    ],
)
def test_nothing_is_called_in_order_that_is_not(facts: AgentFacts, word: str) -> None:
    assert tray_state(facts).word == word


@pytest.mark.parametrize(
    ("facts", "opens"),
    [
        (replace(FACTS, new_downloads=1, concerns=(CONCERN,)), DialogName.DOWNLOADS),
        (replace(FACTS, concerns=(CONCERN,)), DialogName.START),
        (FACTS, DialogName.START),
        (replace(FACTS, new_downloads=1, database_away=True), DialogName.START),
    ],
)
def test_double_click_opens_the_new_downloads_and_else_the_start_page(facts: AgentFacts, opens: DialogName) -> None:
    state = tray_state(facts)
    assert state.default_action == OpenDialog(opens)
    assert [item.action for item in state.menu if item.default] == [OpenDialog(opens)]


@pytest.mark.parametrize(
    ("facts", "tooltip"),
    [
        (replace(FACTS, starting=True), "vitoclient-Services\nWird gestartet …"),
        (FACTS, "vitoclient-Services\nAlles läuft. Doppelklick: Start.\nNächster Lauf: 10:10, Mitteilungen senden"),
        (
            replace(FACTS, next_run=NextRun("Download-Service", NOW + timedelta(days=1))),
            "vitoclient-Services\nAlles läuft. Doppelklick: Start.\nNächster Lauf: morgen 10:00, Download-Service",
        ),
        (
            replace(FACTS, next_run=NextRun("Download-Service", NOW + timedelta(days=2))),
            "vitoclient-Services\nAlles läuft. Doppelklick: Start.\nNächster Lauf: 25.11.2026 10:00, Download-Service",
        ),
        (replace(FACTS, next_run=None), "vitoclient-Services\nKein Auftrag ist aktiviert."),
        (
            replace(FACTS, running="Mitteilungen senden"),
            "vitoclient-Services\nAlles läuft. Doppelklick: Start.\nLäuft: Mitteilungen senden",
        ),
        (replace(FACTS, pause=PAUSE), "vitoclient-Services\nSenden pausiert bis 11:00.\nNächster Lauf: 10:10, Mitteilungen senden"),
        (
            replace(FACTS, next_run=None, pause=Pause(PauseScope.EVERYTHING, NOW, None, "Anna")),
            "vitoclient-Services\nAlles pausiert, bis Sie fortsetzen.",
        ),
        (
            replace(FACTS, pause=PAUSE, new_downloads=2, running="Download-Service"),
            f"vitoclient-Services\nSenden pausiert bis 11:00.\n2 {NEW}\nLäuft: Download-Service",
        ),
        (
            replace(FACTS, next_run=None, idle=Idle.SWITCHED_OFF),
            "vitoclient-Services\nKein Lauf geplant: Die Schalter der aktivierten Aufträge stehen auf Nein.",
        ),
        (replace(FACTS, next_run=None, idle=Idle.NOTHING_LEFT), "vitoclient-Services\nKein Lauf ist geplant."),
        (replace(FACTS, database_away=True), "vitoclient-Services\nDatenbank nicht erreichbar: nichts wird gesendet."),
        (
            replace(FACTS, new_downloads=1, concerns=(CONCERN,)),
            f"vitoclient-Services\n1 {NEW}\n{CONCERN.sentence}\nNächster Lauf: 10:10, Mitteilungen senden",
        ),
    ],
)
def test_tooltip(facts: AgentFacts, tooltip: str) -> None:
    assert tray_state(facts).tooltip == tooltip


def test_menu_in_the_order_of_the_specification() -> None:
    assert labels(tray_state(FACTS).menu) == [
        "Start", "Anrufliste", "Download-Liste…", "Aufträge verwalten…", "Aktivitäten/Fehler…", "Weitere Fenster", "-", "Jetzt prüfen",
        "Pausieren", "-", "Beenden",
    ]  # fmt: skip


def test_the_menu_counts_who_is_to_be_called_and_what_is_new_and_leads_to_every_window() -> None:
    calls = Concern("3 Patienten anders zu erinnern.", DialogName.CALLS, kind=ConcernKind.CALLS, number=3)
    menu = tray_state(replace(FACTS, new_downloads=2, concerns=(calls,))).menu
    assert labels(menu)[1:3] == ["Anrufliste (3)", "Download-Liste… (2)"]
    every = [item for entry in menu for item in (entry, *entry.children)]
    opened = {item.action.dialog for item in every if isinstance(item.action, OpenDialog)}
    assert opened == set(DialogName) - {DialogName.QUESTIONS, DialogName.SCHEDULE, DialogName.JOB_HISTORY}  # asked for elsewhere


def test_pause_menu_offers_both_scopes_and_all_lengths() -> None:
    pause = next(item for item in tray_state(FACTS).menu if item.label == "Pausieren")
    offered = {entry.action for below in pause.children for entry in below.children}
    assert offered == {PauseJobs(scope, length) for scope in PauseScope for length in PauseLength}


def test_while_paused_the_menu_offers_to_resume_and_another_pause() -> None:
    menu = tray_state(replace(FACTS, pause=PAUSE)).menu
    assert Resume() in [item.action for item in menu]
    assert "Pausieren" not in labels(menu)
    longer = next(item for item in menu if item.label == "Pause ändern")  # else one would have to send first to pause longer
    offered = {entry.action for below in longer.children for entry in below.children}
    assert PauseJobs(PauseScope.EVERYTHING, PauseLength.UNTIL_RESUMED) in offered


def test_check_and_quit_are_always_there() -> None:
    for facts in (FACTS, replace(FACTS, database_away=True), replace(FACTS, starting=True)):
        actions = [item.action for item in tray_state(facts).menu]
        assert CheckNow() in actions
        assert actions[-1] == Quit()


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        (NOW, datetime(2026, 11, 24, tzinfo=ZONE)),
        (datetime(2026, 3, 28, 23, 30, tzinfo=ZONE), datetime(2026, 3, 29, tzinfo=ZONE)),
        (datetime(2026, 12, 31, 12, tzinfo=ZONE), datetime(2027, 1, 1, tzinfo=ZONE)),
    ],
)
def test_pause_of_today_ends_at_midnight_in_the_practice(now: datetime, midnight: datetime) -> None:
    assert pause_end(PauseLength.TODAY, now) == midnight


def test_pause_of_an_hour_is_an_hour_even_when_the_clocks_change() -> None:
    before = datetime(2026, 10, 25, 2, 30, tzinfo=ZONE)
    end = pause_end(PauseLength.HOUR, before)
    assert end is not None
    assert end.timestamp() - before.timestamp() == 3600
    assert pause_end(PauseLength.UNTIL_RESUMED, NOW) is None


def test_details_say_what_to_do_where_the_tooltip_has_no_room() -> None:
    concern = concern_of(KnownError("Praxisdaten nicht lesbar", "Die Sicht fehlt.", "Sichten anlegen."), DialogName.SETUP)
    state = tray_state(replace(FACTS, concerns=(concern,)))
    assert "Praxisdaten nicht lesbar." in state.lines
    assert "Praxisdaten nicht lesbar. Die Sicht fehlt. Sichten anlegen." in state.details


@given(
    downloads=st.integers(0, 200),
    away=st.booleans(),
    concerns=st.integers(0, 3),
    paused=st.booleans(),
    running=st.booleans(),
)
def test_every_state_has_one_default_a_tooltip_and_a_number_only_for_downloads(
    downloads: int, away: bool, concerns: int, paused: bool, running: bool
) -> None:
    facts = AgentFacts(
        NOW, database_away=away, new_downloads=downloads, concerns=(CONCERN,) * concerns, pause=PAUSE if paused else None,
        running="Download-Service" if running else "",
    )  # fmt: skip
    state = tray_state(facts)
    assert sum(item.default for item in state.menu) == 1
    assert state.tooltip.startswith("vitoclient-Services\n")
    assert (state.number > 0) == (state.look is Look.NEW_DOWNLOADS)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_short_tooltip_keeps_what_comes_next_and_tells_how_much_it_left_out() -> None:
    many = tuple(Concern(f"Meldung {number}: hier braucht es jemanden, der entscheidet.", DialogName.ACTIVITY) for number in range(4))
    state = tray_state(replace(FACTS, pause=PAUSE, new_downloads=3, concerns=many))
    assert units(state.tooltip) > TOOLTIP_UNITS
    assert fitted(state.lines, TOOLTIP_UNITS).splitlines() == [
        "vitoclient-Services",
        "Senden pausiert bis 11:00.",
        "und 5 weitere Meldungen",
        "Nächster Lauf: 10:10, Mitteilungen senden",
    ]
    assert fitted(tray_state(FACTS).lines, TOOLTIP_UNITS) == tray_state(FACTS).tooltip


def test_short_tooltip_gives_up_the_next_run_before_the_pause() -> None:
    long_name = NextRun("Geburtstagsglückwünsche aufbereiten (jeden Werktag)", NOW + timedelta(days=3))
    state = tray_state(replace(FACTS, pause=replace(PAUSE, until=NOW + timedelta(days=2)), new_downloads=3, next_run=long_name))
    assert fitted(state.lines, 120).splitlines() == [
        "vitoclient-Services",
        "Senden pausiert bis 25.11.2026 10:00.",
        "3 heruntergeladen und geprüft. Doppelklick: Download-Liste.",
    ]


@given(st.lists(st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=90), min_size=2, max_size=6), st.integers(20, 127))
def test_no_tooltip_is_too_long(lines: list[str], room: int) -> None:
    assert units(fitted(lines, room)) <= room
