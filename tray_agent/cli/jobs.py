"""``vitoclient jobs``: the five jobs, their schedules, and running them by hand."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from tray_agent.cli.ending import one_line
from tray_agent.cli.frame import AsJson, agent_here, local_text, picked, print_json, print_rows
from tray_agent.cli.schedule import finding_as_json, read_spec, tell_ignored
from tray_agent.errors import ConfigurationError, InputError, KnownError
from tray_agent.i18n import _

if TYPE_CHECKING:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from tray_agent.agent import Agent
    from tray_agent.job_kinds import JobKey
    from tray_agent.jobs.events import Event, Listener
    from tray_agent.jobs.model import JobOverview
    from tray_agent.protocol.model import Activity, Run
    from tray_agent.schedules.order_check import OrderFinding
    from tray_agent.schedules.schedule import Schedule

_Job = Annotated[
    str, typer.Argument(metavar="JOB", help=_("download, prepare_reminders, prepare_birthdays, send_messages, update_status."))
]


_SHOW_AFTER = 1.0
"""Seconds after which a run shows how far it is."""


def group() -> typer.Typer:
    """Returns the commands of ``vitoclient jobs``."""
    app = typer.Typer(help=_("Die Aufträge: Zeitpläne, aktivieren, jetzt ausführen."))
    app.callback(invoke_without_command=True)(_list)
    app.command("enable", help=_("Einen Auftrag aktivieren."))(_enable)
    app.command("disable", help=_("Einen Auftrag deaktivieren."))(_disable)
    app.command("schedule", help=_("Den Zeitplan eines Auftrags ersetzen."))(_schedule)
    app.command("run", help=_("Einen Auftrag jetzt ausführen."))(_run)
    app.command(
        "cancel", help=_("Einen Auftrag abbrechen, der läuft oder auf einen weiteren Versuch wartet; auch auf einem anderen Arbeitsplatz.")
    )(_cancel)
    app.command("pause", help=_("Aufträge der ganzen Praxis anhalten, nur das Senden oder alles."))(_pause)
    app.command("resume", help=_("Angehaltene Aufträge fortsetzen."))(_resume)
    return app


def job_named(name: str) -> JobKey:
    """Returns the job of that name.

    Raises:
        UnknownJobError: there is no such job; the message names the five.
    """
    from tray_agent.job_kinds import JobKey
    from tray_agent.jobs.errors import UnknownJobError

    wanted = name.strip().lower().replace("-", "_")
    if wanted in set(JobKey):
        return JobKey(wanted)
    raise UnknownJobError(
        _("Auftrag unbekannt"),
        _("Den Auftrag «{name}» gibt es nicht.").format(name=name),
        _("Aufträge: {jobs}.").format(jobs=", ".join(JobKey)),
        item=name,
    )


def run_as_json(run: Run) -> dict[str, object]:
    """Returns a row of the history for ``--json``; instants in UTC."""
    names = "id=run_id job due_at trigger status=state workstation started_at finished_at attempt takeovers folded counts skipped"
    return picked(run, f"{names} problems reason sentence")


def _list(context: typer.Context, as_json: AsJson = False) -> None:
    if context.invoked_subcommand is not None:
        return
    with agent_here() as agent:
        jobs, pause = agent.jobs.overview(), agent.jobs.paused()
        if as_json:
            paused = picked(pause, "scope until by=paused_by") if pause else None
            print_json({"jobs": [_as_json(one) for one in jobs], "paused": paused})
            return
        _print_table(jobs, agent.zone, agent.clock.now())
        if pause:
            until = local_text(pause.until, agent.zone) or _("auf Weiteres")
            print(_("Angehalten bis {until} von {person}.").format(until=until, person=pause.paused_by))


def _as_json(one: JobOverview) -> dict[str, object]:
    return {
        **picked(one, "key title enabled switched_on switch=switch_name"),
        "schedule": None if one.mistake else one.schedule.as_columns(),
        **picked(one, "mistake next_at"),
        "last_run": run_as_json(one.last_run) if one.last_run else None,
        "running": run_as_json(one.running) if one.running else None,
        "owed": picked(one.owed, "due_at attempts next_at reason since") | {"waits": one.waits, "why": one.why} if one.owed else None,
    }


def _print_table(jobs: Sequence[JobOverview], zone: ZoneInfo, now: datetime) -> None:
    from tray_agent.protocol.model import RunState
    from tray_agent.protocol.titles import state_title
    from tray_agent.schedules.summary import summarize

    def cells(one: JobOverview) -> tuple[str, ...]:
        run = one.running or one.last_run
        last = f"{local_text(run.due_at, zone)} {state_title(run.state)} ({run.workstation})" if run else ""
        if waiting := one.waiting_text(zone, now):
            last = f"{last}\n{state_title(RunState.RUNNING)}, {waiting}" if one.waits else f"{last}\n{waiting}"
        last = "\n".join(filter(None, (last, one.why)))
        enabled, switched_on = (_("Ja") if yes else _("Nein") for yes in (one.enabled, one.switched_on))
        schedule = one.mistake or summarize(one.schedule)
        return f"{one.title}\n{one.key.value}", enabled, switched_on, schedule, local_text(one.next_at, zone), last

    headings = (_("Auftrag"), _("Aktiviert"), _("Schalter"), _("Zeitplan"), _("Nächster Lauf"), _("Letzter Lauf"))
    print_rows(headings, map(cells, jobs))


def _enable(job: _Job, as_json: AsJson = False) -> None:
    _set_enabled(job, enabled=True, as_json=as_json)


def _disable(job: _Job, as_json: AsJson = False) -> None:
    _set_enabled(job, enabled=False, as_json=as_json)


def _set_enabled(job: str, *, enabled: bool, as_json: bool) -> None:
    key = job_named(job)
    with agent_here() as agent:
        overview = _overview(agent, key)
        if overview.mistake and enabled:  # the schedule shown instead is a proposal: nobody has agreed to it
            raise InputError(
                _("Zeitplan nicht verwendbar"),
                _("Der Zeitplan von «{job}» in der Datenbank kann nicht verwendet werden. {mistake}").format(
                    job=overview.title, mistake=overview.mistake
                ),
                _("Zuerst einen neuen speichern: «vitoclient jobs schedule {key} --spec …».").format(key=overview.key.value),
                item=overview.key.value,
            )
        _save(agent, overview, replace(overview.schedule, enabled=enabled), as_json=as_json)


def _schedule(
    job: _Job,
    spec: Annotated[
        str, typer.Option("--spec", help=_("Der Zeitplan als JSON mit den Spalten von sysschedules; @DATEI oder - (Eingabe)."))
    ],
    as_json: AsJson = False,
) -> None:
    from tray_agent.schedules.schedule import Schedule

    key, columns = job_named(job), read_spec(spec)
    with agent_here() as agent:
        overview = _overview(agent, key)
        today = agent.clock.now().astimezone(agent.zone).date()
        schedule = Schedule.from_columns({"enabled": int(overview.enabled)} | columns, default_start=today)
        tell_ignored(columns)
        _save(agent, overview, schedule, as_json=as_json)


def _overview(agent: Agent, key: JobKey) -> JobOverview:
    return next(one for one in agent.jobs.overview() if one.key is key)


def _save(agent: Agent, overview: JobOverview, schedule: Schedule, *, as_json: bool) -> None:
    from tray_agent.job_kinds import JobKey
    from tray_agent.jobs.model import JobChange

    change = JobChange(overview.key, schedule, overview.version)
    agent.jobs.save([change], agent.person)
    saved, findings = _overview(agent, overview.key), _findings(agent)
    if as_json:
        print_json({"job": _as_json(saved), "findings": [finding_as_json(finding) for finding in findings]})
    else:
        _print_saved(saved, findings, agent.zone)
        if overview.key is JobKey.SEND_MESSAGES:
            tell_waiting(agent)


def _findings(agent: Agent) -> Sequence[OrderFinding]:
    """Returns what is wrong with the schedules as they are saved; a configuration that hinders the check is told beside."""
    try:
        return agent.jobs.check()
    except ConfigurationError as error:
        print(_("Achtung: {finding}").format(finding=one_line(str(error))), file=sys.stderr)
        return ()


def tell_waiting(agent: Agent) -> None:
    """Says what waits for sending, and how it is sent now, where sending does not run any more today by itself."""
    from tray_agent.messages.words import waiting_words

    try:
        waiting = agent.waiting_to_send()
    except KnownError:  # what was asked for is done; doctor tells what is wrong
        return
    if waiting is not None:
        print(_("{waiting}. Jetzt senden: «vitoclient jobs run send_messages».").format(waiting=waiting_words(waiting)))


def _print_saved(saved: JobOverview, findings: Sequence[OrderFinding], zone: ZoneInfo) -> None:
    from tray_agent.schedules.summary import summarize

    print(f"{saved.title}: {summarize(saved.schedule)}")
    if not saved.enabled:
        print(_("Der Auftrag ist nicht aktiviert."))
    elif not saved.switched_on:
        print(_("Achtung: Der Schalter {switch} steht auf Nein; so wird der Auftrag nicht ausgeführt.").format(switch=saved.switch_name))
    if saved.next_at:
        print(_("Nächster Lauf: {time}").format(time=local_text(saved.next_at, zone)))
    for finding in findings:
        print(_("Achtung: {finding}").format(finding=finding.sentence))


def _run(
    job: _Job,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Nur zeigen, was geschähe; nichts verändern."))] = False,
    as_json: AsJson = False,
) -> None:
    from tray_agent.jobs.events import RunLogged
    from tray_agent.protocol.model import RunState

    key = job_named(job)
    would_do: list[Activity] = []
    with agent_here() as agent, _progress(quiet=as_json) as show:

        def listen(event: Event) -> None:
            if isinstance(event, RunLogged):
                would_do.extend(event.activities)
            show(event)

        run = agent.jobs.run_now(key, dry_run=dry_run, listener=listen)
    if as_json:
        activities = [picked(one, "level reason sentence item") for one in would_do]
        print_json(run_as_json(run) | {"dry_run": dry_run, "activities": activities})
    else:
        _print_run(run, would_do if dry_run else [])
    if run.state is not RunState.SUCCEEDED:
        raise typer.Exit(1)


def _cancel(job: _Job) -> None:
    from tray_agent.job_kinds import job_title

    key = job_named(job)
    with agent_here() as agent:
        running = _overview(agent, key).running
        if running is None and agent.jobs.abandon(key, agent.person):
            print(_("{job} wird nicht weiter versucht, bis zum nächsten geplanten Lauf.").format(job=job_title(key)))
            return
        if running is None or not agent.jobs.cancel(running.run_id):
            print(_("{job} läuft gerade nicht.").format(job=job_title(key)))
            return
    text = _("{job} wird auf {workstation} abgebrochen: an der nächsten sicheren Stelle, innert einer halben Minute.")
    print(text.format(job=job_title(key), workstation=running.workstation))


def _print_run(run: Run, would_do: Sequence[Activity]) -> None:
    from tray_agent.job_kinds import job_title
    from tray_agent.protocol.titles import state_title

    for activity in would_do:
        print(f"- {activity.sentence}")
    print(f"{job_title(run.job)}: {state_title(run.state)}. {run.sentence}".strip())


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Listener]:
    """Gives what shows a run's progress: a bar on a terminal once the run takes longer than a second, nothing else."""
    if quiet or not sys.stderr.isatty():
        yield lambda _event: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from tray_agent.jobs.events import RunProgressed

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bars = Progress(*columns, console=Console(stderr=True), transient=True)  # the error stream: the output stays clean
    begun = time.monotonic()

    def show(event: Event) -> None:
        if not isinstance(event, RunProgressed) or time.monotonic() - begun < _SHOW_AFTER:
            return
        if not bars.task_ids:
            bars.start()
            bars.add_task("")
        bars.update(bars.task_ids[0], completed=event.done, total=event.total, description=event.what)

    try:
        yield show
    finally:
        if bars.task_ids:
            bars.stop()


def _pause(
    everything: Annotated[bool, typer.Option("--everything", help=_("Alle Aufträge; sonst nur, was etwas versendet."))] = False,
    until: Annotated[str, typer.Option("--until", help=_("Bis zu diesem Zeitpunkt; sonst bis «resume»."))] = "",
) -> None:
    from tray_agent.cli.schedule import read_instant
    from tray_agent.jobs.model import PauseScope

    with agent_here() as agent:
        end = read_instant(until, agent.zone) if until else None
        scope = PauseScope.EVERYTHING if everything else PauseScope.SENDING
        agent.jobs.pause(scope, end, agent.person)
        print(_("Alle Aufträge der Praxis sind angehalten.") if everything else _("Das Senden ist für die ganze Praxis angehalten."))
        if end is not None:
            print(_("Am {time} geht es von selbst weiter.").format(time=local_text(end, agent.zone)))


def _resume() -> None:
    with agent_here() as agent:
        if agent.jobs.paused() is None:
            print(_("Es ist nichts angehalten."))
            return
        agent.jobs.resume()
        print(_("Die Aufträge laufen wieder nach Plan; die letzte verpasste Zeit wird nachgeholt."))
        tell_waiting(agent)
