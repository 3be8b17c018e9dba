"""What can be wrong with the practice's data as a whole."""

from __future__ import annotations

from tray_agent.errors import KnownError
from tray_agent.i18n import _


class PracticeDataError(KnownError):
    """A view of the practice is missing, lacks a column, or can't be read; nothing is prepared or sent from it."""

    code = "practice_data"


def view_unreadable(view: str, why: str) -> PracticeDataError:
    """Returns the error that says that a view can't be read.

    Args:
        view: the view's name.
        why: what the database said, on one line, without data of patients.
    """
    return PracticeDataError(
        _("Praxisdaten nicht lesbar"),
        _("Die Sicht {view} kann nicht gelesen werden: {why}. Bis das behoben ist, wird nichts vorbereitet.").format(view=view, why=why),
        _("«vitoclient doctor» prüft die Sichten; «vitoclient db views» zeigt, wie sie aussehen müssen."),
        item=view,
    )
