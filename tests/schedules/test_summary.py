"""Every form of a schedule as a sentence."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given

from tests.schedules.schedule_strategies import schedules
from tray_agent.i18n import LANGUAGES, set_language
from tray_agent.schedules.schedule import Schedule
from tray_agent.schedules.summary import summarize, summarize_briefly

BASE = {"freq_type": 4, "active_start_date": 20261123, "active_start_time": 100000}
WINDOW = {"freq_subday_type": 4, "freq_subday_interval": 15, "active_end_time": 180000}


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({}, "Täglich um 10:00, ab 23.11.2026."),
        ({"active_start_time": 5}, "Täglich um 00:00:05, ab 23.11.2026."),
        ({"freq_interval": 3, "active_end_date": 20261231}, "Alle 3 Tage um 10:00, vom 23.11.2026 bis 31.12.2026."),
        ({"freq_type": 1}, "Einmalig am 23.11.2026 um 10:00."),
        ({"freq_type": 8, "freq_interval": 62}, "Wöchentlich von Montag bis Freitag um 10:00, ab 23.11.2026."),
        ({"freq_type": 8, "freq_interval": 127}, "Wöchentlich an allen Tagen um 10:00, ab 23.11.2026."),
        (
            {"freq_type": 8, "freq_interval": 1 + 2 + 8, "freq_recurrence_factor": 2},
            "Alle 2 Wochen am Montag, Mittwoch und Sonntag um 10:00, ab 23.11.2026.",
        ),
        ({"freq_type": 16, "freq_interval": 15}, "Monatlich am 15. Tag um 10:00, ab 23.11.2026."),
        (
            {"freq_type": 16, "freq_interval": 31, "freq_recurrence_factor": 3},
            "Alle 3 Monate am 31. Tag um 10:00, ab 23.11.2026. Monate ohne 31. Tag werden ausgelassen.",
        ),
        ({"freq_type": 32, "freq_interval": 2, "freq_relative_interval": 1}, "Monatlich am ersten Montag um 10:00, ab 23.11.2026."),
        ({"freq_type": 32, "freq_interval": 1, "freq_relative_interval": 16}, "Monatlich am letzten Sonntag um 10:00, ab 23.11.2026."),
        ({"freq_type": 32, "freq_interval": 9, "freq_relative_interval": 8}, "Monatlich am vierten Arbeitstag um 10:00, ab 23.11.2026."),
        (WINDOW, "Täglich alle 15 Minuten von 10:00 bis 18:00, ab 23.11.2026."),
        ({**WINDOW, "freq_subday_interval": 1}, "Täglich jede Minute von 10:00 bis 18:00, ab 23.11.2026."),
        ({**WINDOW, "freq_subday_type": 8, "freq_subday_interval": 1}, "Täglich jede Stunde von 10:00 bis 18:00, ab 23.11.2026."),
        (
            {**WINDOW, "freq_subday_type": 8, "freq_subday_interval": 2, "active_end_time": 20000},
            "Täglich alle 2 Stunden von 10:00 bis 02:00 des folgenden Tages, ab 23.11.2026.",
        ),
    ],
)
def test_the_sentence_of_each_form(columns: dict[str, object], sentence: str) -> None:
    assert summarize(Schedule.from_columns({**BASE, **columns})) == sentence


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"freq_type": 8, "freq_interval": 2}, "Toutes les semaines le lundi à 10:00, dès le 23.11.2026."),
        (
            {"freq_type": 8, "freq_interval": 1 + 2 + 8, "freq_recurrence_factor": 2},
            "Toutes les 2 semaines le lundi, le mercredi et le dimanche à 10:00, dès le 23.11.2026.",
        ),
        ({"freq_type": 16, "freq_interval": 1}, "Tous les mois le 1er à 10:00, dès le 23.11.2026."),
        ({"freq_type": 16, "freq_interval": 21}, "Tous les mois le 21 à 10:00, dès le 23.11.2026."),
        ({"freq_type": 32, "freq_interval": 2, "freq_relative_interval": 1}, "Tous les mois le premier lundi à 10:00, dès le 23.11.2026."),
    ],
)
def test_days_have_their_articles_in_french(columns: dict[str, object], sentence: str) -> None:
    try:
        set_language("fr")
        assert summarize(Schedule.from_columns({**BASE, **columns})) == sentence
    finally:
        set_language("de")


@given(schedules(2025, 2026))
def test_every_schedule_has_a_whole_sentence_in_every_language(schedule: Schedule) -> None:
    try:
        for language in LANGUAGES:
            set_language(language)
            said = summarize(schedule)
            assert said.endswith(".")
            assert "{" not in said
            assert "ß" not in said
            assert f"{schedule.start_time:%H:%M}" in said
    finally:
        set_language("de")


def test_not_enabled_is_said_elsewhere() -> None:
    assert summarize(Schedule.from_columns({**BASE, "enabled": 0})) == summarize(Schedule.from_columns(BASE))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({}, "Täglich um 10:00"),
        ({"active_start_date": 20261125}, "Täglich um 10:00, ab 25.11.2026"),
        ({"active_end_date": 20261231}, "Täglich um 10:00, vom 23.11.2026 bis 31.12.2026"),
        ({"freq_type": 16, "freq_interval": 31, "freq_recurrence_factor": 3}, "Alle 3 Monate am 31. Tag um 10:00"),
        ({"freq_type": 1}, "Einmalig am 23.11.2026 um 10:00"),
    ],
)
def test_a_list_says_it_in_a_few_words(columns: dict[str, object], words: str) -> None:
    assert summarize_briefly(Schedule.from_columns({**BASE, **columns}), date(2026, 11, 24)) == words
