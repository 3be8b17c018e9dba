"""What the switches (Schalter) may name in the practice's data now; asked by the dialog and by the command line before they set one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tray_agent.config.settings import PracticeIds
from tray_agent.errors import KnownError

if TYPE_CHECKING:
    from tray_agent.agent import Agent


def practice_ids(agent: Agent) -> PracticeIds | None:
    """Returns the Mandanten and visit reasons that there are, or None where the practice's data can't be read.

    Then any id is taken, and whoever sets one is told that nobody checked it: the switches are also set before the connection to
    the practice's data works. Asks the database: never on the GUI thread.
    """
    try:
        return PracticeIds(
            {mandant.id: mandant.name for mandant in agent.practice.mandants().values()},
            {reason.id: reason.name for reason in agent.practice.visit_reasons().values()},
        )
    except KnownError:
        return None
