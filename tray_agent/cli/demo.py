"""``vitoclient demo``: the whole chain on a demo practice, with real servers on loopback."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tray_agent.cli.frame import console, print_json
from tray_agent.i18n import _

if TYPE_CHECKING:
    from tray_agent.demo.report import DemoReport
    from tray_agent.demo.world import DemoWorld
    from tray_agent.job_kinds import JobKey
    from tray_agent.jobs.events import Listener


def demo(
    folder: Annotated[Path | None, typer.Option("--dir", help=_("Ordner der Demo; er wird angelegt, wenn es ihn noch nicht gibt."))] = None,
    as_json: Annotated[bool, typer.Option("--json", help=_("Den Bericht als ein JSON-Objekt ausgeben."))] = False,
    headless: Annotated[bool, typer.Option("--headless", help=_("Nach dem Bericht enden, auch wenn es einen Bildschirm gibt."))] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help=_("Eine frühere Demo im selben Ordner zuerst löschen."))] = False,
) -> None:
    """Runs the demo; exit code 1 where a job failed, a message is in doubt or was taken twice."""
    from tray_agent.demo.world import DemoWorld, default_folder, remove

    where = folder or default_folder()
    if fresh:
        remove(where)
    with DemoWorld(where) as world:
        report = _with_progress(world, quiet=as_json)
        _tell(world, report, as_json=as_json)
        if _has_screen() and not headless and not as_json:
            _stay(world)
    if not report.good:
        raise typer.Exit(1)


def _with_progress(world: DemoWorld, *, quiet: bool) -> DemoReport:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from tray_agent.demo.report import run_demo
    from tray_agent.job_kinds import job_title
    from tray_agent.jobs.events import RunProgressed

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f}/{task.total}"), TimeElapsedColumn())
    hidden = quiet or not sys.stderr.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=hidden) as bars:

        def listener(job: JobKey) -> Listener:
            bar = bars.add_task(job_title(job), total=None)

            def hear(event: object) -> None:
                if isinstance(event, RunProgressed):
                    bars.update(bar, completed=event.done, total=event.total)

            return hear

        return run_demo(world, listener)


def _tell(world: DemoWorld, report: DemoReport, *, as_json: bool) -> None:
    from tray_agent.demo.report import as_json as to_json
    from tray_agent.demo.report import heading, print_report
    from tray_agent.demo.world import ZONE
    from tray_agent.job_kinds import JobKey, job_title

    if as_json:
        print_json(to_json(report))
        return
    print(heading(report, ZONE))
    print_report(report, console(), {job.value: job_title(job) for job in JobKey}, _states())


def _states() -> dict[str, str]:
    from tray_agent.messages import words
    from tray_agent.messages.model import MessageState
    from tray_agent.protocol import titles
    from tray_agent.protocol.model import RunState

    runs = {state.value: titles.state_title(state) for state in RunState}
    return runs | {state.value: words.state_title(state) for state in MessageState}


def _has_screen() -> bool:
    return sys.platform == "win32" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _stay(world: DemoWorld) -> None:
    from tray_agent.desktop import run_desktop

    print(_("Das Tray-Programm läuft mit diesen Daten weiter; «Beenden» im Menü schliesst es."))
    run_desktop(world.agent)
