"""``vitoclient autostart``: whether the tray program starts when this person logs in."""

from __future__ import annotations

from typing import Annotated

import typer

from tray_agent.cli.downloads import Switch
from tray_agent.cli.frame import AsJson, print_json
from tray_agent.i18n import _
from tray_agent.platforms.this_system import autostart as autostart_here


def autostart(
    switch: Annotated[
        Switch | None, typer.Argument(metavar=_("STELLUNG"), help=_("on oder off; ohne Angabe wird nur gezeigt, was gilt."))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Shows, or changes first, the entry of the person who runs this."""
    entry = autostart_here()
    for_all = entry.is_enabled_for_all()
    # Where everybody's entry starts it already, one more would start it twice, and the second start shows a window.
    if switch is Switch.ON and not for_all:
        entry.enable()
    elif switch is Switch.OFF:
        entry.disable()
    own, for_all = entry.is_enabled(), entry.is_enabled_for_all()
    if as_json:
        print_json({"own": own, "for_all": for_all})
        return
    print(_("Beim Anmelden starten: {answer}").format(answer=_("Ja") if own or for_all else _("Nein")))
    if for_all:
        print(_("Das gilt für alle Personen dieses Geräts und ist hier nicht zu ändern: das Installationsprogramm hat es so eingerichtet."))
