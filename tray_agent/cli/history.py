"""``vitoclient history`` and ``vitoclient activity``: what ran, what it did, and what did not run and why."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from tray_agent.cli.frame import AsJson, agent_here, local_text, picked, print_json, print_rows
from tray_agent.cli.jobs import job_named, run_as_json
from tray_agent.cli.schedule import read_instant
from tray_agent.errors import InputError
from tray_agent.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import StrEnum
    from typing import TypeVar
    from zoneinfo import ZoneInfo

    from tray_agent.protocol.model import ActivityRow, Run

    Choice = TypeVar("Choice", bound=StrEnum)

_From = Annotated[str, typer.Option("--from", help=_("Ab diesem Tag oder Zeitpunkt (2026-11-23 oder 2026-11-23T10:00)."))]
_To = Annotated[str, typer.Option("--to", help=_("Bis und mit diesem Tag, oder vor diesem Zeitpunkt."))]
_Count = Annotated[int, typer.Option("--count", min=1, max=100_000, help=_("So viele Zeilen höchstens."))]


def add_commands(app: typer.Typer) -> None:
    """Adds ``history`` and ``activity`` to the application."""
    app.command("history", help=_("Protokoll «Auftragsverlauf»: jeder Lauf und jede übersprungene Zeit."))(_history)
    app.command("activity", help=_("Protokoll «Aktivitäten/Fehler»: was wirklich getan oder abgelehnt wurde."))(_activity)


def _history(
    *,
    since: _From = "",
    until: _To = "",
    job: Annotated[str, typer.Option("--job", help=_("Nur dieser Auftrag."))] = "",
    status: Annotated[str, typer.Option("--status", help=_("Nur running, succeeded, failed, skipped, cancelled oder died."))] = "",
    workstation: Annotated[str, typer.Option("--workstation", help=_("Nur dieser Arbeitsplatz, mit seinem ganzen Namen."))] = "",
    sort: Annotated[
        str,
        typer.Option("--sort", help=_("Reihenfolge: due_at, started_at, finished_at, job, state, trigger oder workstation.")),
    ] = "due_at",
    ascending: Annotated[bool, typer.Option("--ascending", help=_("Aufsteigend statt absteigend."))] = False,
    every: Annotated[bool, typer.Option("--all", help=_("Auch jeden Versuch, in dem sich nichts änderte."))] = False,
    count: _Count = 50,
    as_json: AsJson = False,
) -> None:
    from tray_agent.protocol.model import RunFilter, RunOrder, RunState
    from tray_agent.protocol.titles import state_title

    key = job_named(job) if job else None
    state, order = _chosen(RunState, status, "--status", state_title), _chosen(RunOrder, sort, "--sort") or RunOrder.DUE_AT
    with agent_here() as agent:
        zone = agent.zone
        begin, end = _period(since, until, zone)
        wanted = RunFilter(begin, end, key, state, workstation or None, folded=every)
        runs = list(agent.jobs.history.page(wanted, order, descending=not ascending, size=count).rows)
    if as_json:
        print_json({"runs": [run_as_json(run) for run in runs]})
    else:
        _print_runs(runs, zone)


def _print_runs(runs: Sequence[Run], zone: ZoneInfo) -> None:
    from tray_agent.job_kinds import job_title
    from tray_agent.protocol.titles import cause_of, state_title

    if not runs:
        print(_("Kein Lauf in diesem Zeitraum."))
        return

    def cells(run: Run) -> tuple[str, ...]:
        what = (job_title(run.job), state_title(run.state), cause_of(run), run.workstation)
        return local_text(run.due_at, zone), *what, local_text(run.finished_at, zone), run.sentence

    headings = (_("Geplant"), _("Auftrag"), _("Status"), _("Auslöser"), _("Arbeitsplatz"), _("Beendet"), _("Was geschah"))
    print_rows(headings, map(cells, runs))


def _activity(
    *,
    since: _From = "",
    until: _To = "",
    service: Annotated[str, typer.Option("--service", help=_("Nur downloads, sms oder agent."))] = "",
    level: Annotated[str, typer.Option("--level", help=_("Nur info, warning oder error."))] = "",
    reason: Annotated[str, typer.Option("--reason", help=_("Nur dieser Grund, zum Beispiel no_contact."))] = "",
    run: Annotated[int, typer.Option("--run", min=0, max=2**31 - 1, help=_("Nur dieser Lauf (die Nummer aus «history --json»)."))] = 0,
    hidden: Annotated[bool, typer.Option("--hidden", help=_("Auch, was mit «Alle löschen» ausgeblendet wurde."))] = False,
    text: Annotated[str, typer.Option("--text", help=_("Nur, wo dieser Text im Satz oder im Element vorkommt."))] = "",
    count: _Count = 50,
    as_json: AsJson = False,
) -> None:
    from tray_agent.job_kinds import Service
    from tray_agent.protocol.model import ActivityFilter, Level

    tab, grave = _chosen(Service, service, "--service"), _chosen(Level, level, "--level")
    with agent_here() as agent:
        zone = agent.zone
        begin, end = _period(since, until, zone)
        wanted = ActivityFilter(
            service=tab, level=grave, reason=reason or None, run_id=run or None, since=begin, until=end, hidden=hidden, text=text
        )
        rows = agent.jobs.log.page(wanted, size=count).rows
    if as_json:
        names = "id=activity_id at service level reason sentence item patient_id appointment_at workstation run_id hidden"
        print_json({"activities": [picked(row, names) for row in rows]})
    else:
        _print_activities(rows, zone)


def _print_activities(rows: Sequence[ActivityRow], zone: ZoneInfo) -> None:
    from tray_agent.protocol.titles import level_title, service_title

    if not rows:
        print(_("Keine Aktivitäten in diesem Zeitraum."))
        return
    print_rows(
        (_("Zeit"), _("Dienst"), _("Stufe"), _("Arbeitsplatz"), _("Was geschah")),
        ((local_text(row.at, zone), service_title(row.service), level_title(row.level), row.workstation, row.sentence) for row in rows),
    )


def _period(since: str, until: str, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """Returns a period as instants: a day at the end is included whole.

    Raises:
        InputError: one of them is no day and no time, or the end comes before the beginning.
    """
    begin = read_instant(since, zone) if since else None
    end = _end(until, zone) if until else None
    if begin is not None and end is not None and end <= begin:
        text = _("Von {since} bis {until}: das Ende liegt vor dem Beginn.").format(since=since, until=until)
        raise InputError(_("Zeitraum nicht möglich"), text, _("Beginn und Ende berichtigen."))
    return begin, end


def _end(text: str, zone: ZoneInfo) -> datetime | None:
    """Returns the instant before which rows are asked for: a day counts to its end; None: no end."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return read_instant(text, zone)
    return None if day == date.max else read_instant((day + timedelta(days=1)).isoformat(), zone)


def _chosen(kind: type[Choice], text: str, option: str, title: Callable[[Choice], str] = str) -> Choice | None:
    """Returns the member of that value or of that title ("failed", "Fehler"), or None for "".

    Raises:
        InputError: there is none; the message names all.
    """
    if not text:
        return None
    named = {title(member).lower(): member for member in kind} | {member.value: member for member in kind}
    found = named.get(text.strip().lower())
    if found is not None:
        return found
    raise InputError(
        _("Auswahl unbekannt"),
        _("«{said}» passt nicht zu {option}.").format(said=text, option=option),
        _("Erlaubt sind: {names}.").format(names=", ".join(kind)),
        item=text,
    )
