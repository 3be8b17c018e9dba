"""What can go wrong when a portal is published, and can be mended by the vendor."""

from __future__ import annotations

from tray_agent.errors import KnownError
from tray_agent.i18n import _


class PublishError(KnownError):
    """A repository can't be built from this description, or its keys are missing."""

    code = "publish"
    exit_code = 2


def refused(item: str, why: str) -> PublishError:
    """Returns the error for what can't be published."""
    return PublishError(
        _("Portal nicht veröffentlicht"),
        _("{why} Für die Praxen hat sich nichts geändert.").format(why=why),
        _("Beschreibung, Dateien und Schlüssel prüfen; docs/portal.md erklärt sie."),
        item=item,
    )
