"""What the history says of a time at which nothing ran: a sentence for each reason, in every language."""

from __future__ import annotations

import re

import pytest

from tests.jobs.engine import NOW, ZURICH
from tray_agent import i18n
from tray_agent.protocol.model import RunReason
from tray_agent.protocol.sentences import folded_sentence, skipped_sentence

WHY = {
    RunReason.SWITCH_OFF: "Schalter SMSService.Probe steht auf Nein",
    RunReason.MISSED: "kein Arbeitsplatz bereit",
    RunReason.DATABASE_AWAY: "Datenbank nicht erreichbar",
    RunReason.PAUSED: "angehalten",
    RunReason.STILL_RUNNING: "noch vom letzten Mal",
    RunReason.OTHER_FIRST: "ein Auftrag, der vorher an der Reihe ist",
    RunReason.SCHEDULE_CHANGED: "Zeitplan wurde vorher geändert",
}


@pytest.mark.parametrize("reason", WHY)
def test_a_skipped_time_says_why(reason: RunReason) -> None:
    said = skipped_sentence(reason, NOW, ZURICH, "SMSService.Probe")
    assert WHY[reason] in said
    assert said.startswith("Nicht ")


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_reason_has_its_own_whole_sentence_in_every_language(language: str) -> None:
    i18n.set_language(language)
    said = [skipped_sentence(reason, NOW, ZURICH, "SMSService.Probe") for reason in WHY]
    assert len(set(said)) == len(WHY)
    assert all(sentence.endswith(".") and not re.search(r"[{}]", sentence) for sentence in said)


def test_very_many_missed_times_are_told_in_one_sentence() -> None:
    assert folded_sentence(1200, NOW, NOW, ZURICH).startswith("1200 geplante Zeiten vom 23.11.2026 10:00")
