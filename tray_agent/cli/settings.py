"""``vitoclient settings``: the practice-wide switches (Schalter)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tray_agent.cli.frame import AsJson, agent_here, print_json, print_rows
from tray_agent.cli.jobs import tell_waiting
from tray_agent.config.settings import (
    OFFSET_SEARCH,
    OFFSET_START,
    REMINDERS_ON,
    SETTINGS,
    Type,
    find_setting,
    parse_value,
    show_value,
    unit_text,
)
from tray_agent.i18n import _
from tray_agent.job_kinds import JobKey, job_kind

if TYPE_CHECKING:
    from tray_agent.config.settings import Setting, Settings


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient settings``."""
    app = typer.Typer(help=_("Die Schalter der Praxis."))
    app.callback(invoke_without_command=True)(_list)
    negative = {"ignore_unknown_options": True}  # "-1" is a value that is told to be too small, no option
    app.command("set", help=_("Einen Schalter setzen: SMSService.TerminerinnerungSenden Ja."), context_settings=negative)(_set)
    return app


def _list(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is not None:
        return
    with agent_here() as agent:
        settings = agent.settings.load()
    if as_json:
        print_json({setting.address: settings.values[setting] for setting in SETTINGS})
    else:
        _print_table(settings)


def _print_table(settings: Settings) -> None:
    def cells(setting: Setting) -> tuple[str, ...]:
        value = settings.values[setting]
        unit = unit_text(setting, value) if isinstance(value, int) else ""
        return setting.address, f"{show_value(setting, value)} {unit}".strip(), _(setting.explanation)

    print_rows((_("Schalter"), _("Wert"), _("Wirkung")), map(cells, SETTINGS))


def _set(
    address: Annotated[str, typer.Argument(metavar=_("SCHALTER"), help=_("Der Schalter, wie ihn die Liste nennt."))],
    value: Annotated[
        str,
        typer.Argument(metavar=_("WERT"), help=_("Ja oder Nein, eine Zahl, eine Uhrzeit, eine Sprache, ein Mandant oder Besuchsgründe.")),
    ],
) -> None:
    setting = find_setting(address)
    with agent_here() as agent:
        names_practice = setting.type in (Type.MANDANT, Type.VISIT_REASONS) and bool(value.strip())
        known = agent.practice_ids() if names_practice else None
        parsed = parse_value(setting, value, known)
        agent.save_switches({setting: parsed})
        print(_("{name} = {value}").format(name=setting.address, value=show_value(setting, parsed)))
        if setting in (OFFSET_START, OFFSET_SEARCH, REMINDERS_ON):
            for finding in agent.gaps():
                print(_("Achtung: {finding}").format(finding=finding.sentence))
        if parsed and setting in job_kind(JobKey.SEND_MESSAGES).switches:
            tell_waiting(agent)
    if names_practice and known is None:
        text = _("Achtung: Die Praxisdaten sind im Moment nicht lesbar; ob es «{value}» dort gibt, wurde nicht geprüft.")
        print(text.format(value=parsed), file=sys.stderr)
