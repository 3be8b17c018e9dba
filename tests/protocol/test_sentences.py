"""What the history says of a time at which nothing ran: a sentence for each reason, in every language."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.jobs.engine import NOW, ZURICH
from tray_agent import i18n
from tray_agent.errors import KnownError
from tray_agent.job_kinds import JobKey, job_kind, job_title
from tray_agent.protocol.model import RunReason
from tray_agent.protocol.sentences import (
    cancelled_sentence,
    died_sentence,
    fault_sentence,
    folded_sentence,
    quit_sentence,
    skipped_sentence,
)

WHY = {
    RunReason.SWITCH_OFF: "stand der Schalter SMSService.Probe auf Nein",
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


def test_what_becomes_of_the_rest_is_told_as_it_is() -> None:
    assert quit_sentence() == "Abgebrochen, weil das Programm beendet wurde. Der Rest wird von selbst nachgeholt."
    assert died_sentence("PC1", owed=False).endswith("Der Rest kommt beim nächsten geplanten Lauf an die Reihe.")


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_every_reason_has_its_own_whole_sentence_in_every_language(language: str) -> None:
    i18n.set_language(language)
    said = [skipped_sentence(reason, NOW, ZURICH, "SMSService.Probe") for reason in WHY]
    assert len(set(said)) == len(WHY)
    assert all(sentence.endswith(".") and not re.search(r"[{}]", sentence) for sentence in said)


def test_very_many_missed_times_are_told_in_one_sentence() -> None:
    assert folded_sentence(1200, NOW, NOW, ZURICH).startswith("1200 geplante Zeiten vom 23.11.2026 10:00")


def test_the_words_of_an_error_that_ended_a_run_can_be_told_in_another_language() -> None:
    error = KnownError(i18n._("Auftrag läuft bereits"), i18n._("Warten, bis der Lauf beendet ist."))
    sentence = str(error)
    i18n.set_language("en")
    assert (
        i18n.shown_text(sentence, i18n.store_text(sentence))
        == f"{i18n._('Auftrag läuft bereits')}: {i18n._('Warten, bis der Lauf beendet ist.')}"
    )
    assert not i18n.shown_text(sentence, i18n.store_text(sentence)).startswith("Auftrag")


@pytest.mark.parametrize("sentence", [
    lambda: skipped_sentence(RunReason.SWITCH_OFF, NOW, ZURICH, job_kind(JobKey.SEND_MESSAGES).switch_names),
    lambda: folded_sentence(1200, NOW, NOW, ZURICH),
    lambda: died_sentence("PC1"),
    lambda: quit_sentence(owed=False),
    cancelled_sentence,
    lambda: fault_sentence(job_title(JobKey.DOWNLOAD)),
])  # fmt: skip
def test_what_is_stored_of_runs_remembers_how_it_was_made(sentence: Callable[[], str]) -> None:
    german = sentence()
    i18n.set_language("en")
    assert i18n.shown_text(german, i18n.store_text(german)) == sentence() != german
