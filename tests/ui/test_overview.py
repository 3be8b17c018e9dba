"""*Übersicht* grows with what it has to say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pytestqt.qtbot import QtBot

from tests.ui.walk import clipped_texts
from tray_agent.tray.model import AgentFacts, tray_state
from ui.dialogs.overview import OverviewDialog
from ui.windows import DialogContext

WORDS = "Praxisdaten nicht lesbar. Die Sicht kann nicht gelesen werden. Bis das behoben ist, wird nichts vorbereitet. "


@pytest.mark.parametrize("sentences", [1, 4, 8])
def test_a_state_that_gets_longer_while_the_window_is_open_clips_nothing(qtbot: QtBot, context: DialogContext, sentences: int) -> None:
    quiet = tray_state(AgentFacts(now=datetime(2026, 11, 23, 9, 0, tzinfo=UTC)))
    dialog = OverviewDialog(context)
    qtbot.addWidget(dialog)
    dialog.show_state(quiet)
    dialog.show()
    qtbot.waitExposed(dialog)
    dialog.show_state(replace(quiet, details=(WORDS * sentences, *quiet.details)))
    qtbot.waitUntil(lambda: clipped_texts(dialog) == [])


@pytest.mark.parametrize("sentences", [1, 4, 8])
def test_a_long_state_that_is_there_from_the_beginning_clips_nothing(qtbot: QtBot, context: DialogContext, sentences: int) -> None:
    quiet = tray_state(AgentFacts(now=datetime(2026, 11, 23, 9, 0, tzinfo=UTC)))
    context.windows.state.show(replace(quiet, details=(WORDS * sentences, *quiet.details)))
    dialog = OverviewDialog(context)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    qtbot.waitUntil(lambda: clipped_texts(dialog) == [])
