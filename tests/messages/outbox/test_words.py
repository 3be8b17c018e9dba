"""What the log says of a message, as each language sets it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tray_agent.i18n import set_language
from tray_agent.messages.words import with_subject


@pytest.fixture
def french() -> Iterator[None]:
    """Speaks French for a while."""
    set_language("fr")
    yield
    set_language("de")


def test_a_colon_follows_at_once_in_german() -> None:
    assert with_subject("Muster Anna", "gesendet.") == "Muster Anna: gesendet."


@pytest.mark.usefixtures("french")
def test_a_colon_stands_off_in_french() -> None:
    assert with_subject("Muster Anna", "envoyé.") == "Muster Anna\N{NO-BREAK SPACE}: envoyé."
