"""The demo itself: subscribes to three elements, runs the five jobs in their order, and reports for people and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tray_agent.demo.world import DemoWorld
from tray_agent.downloads.words import format_size
from tray_agent.i18n import _, format_datetime, format_number, ngettext
from tray_agent.job_kinds import JobKey

if TYPE_CHECKING:
    from rich.console import Console

    from tray_agent.agent import Agent
    from tray_agent.downloads.model import ElementVersion
    from tray_agent.jobs.events import Listener
    from tray_agent.protocol.model import Run

SUBSCRIBED = ("vitomed-update", "tarif-tardoc", "medikamente")
"""The elements that the demo's practice subscribes to."""

_Table = tuple[str, Sequence[str], Sequence[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo did.

    Attributes:
        world: where it did it.
        started: the demo's time at the start (aware).
        runs: the five runs, in their order.
        outbox: how many messages are in each state, of all runs on this folder.
        credits: of each Mandant before and after the jobs.
        downloads: what is in the download folder, and whether it has the length and hashes of the signed catalogue, checked after the run.
        sent: how many messages the gateways took in this run.
        taken_twice: how many messages the loopback gateways took more than once, ever.
    """

    world: DemoWorld
    started: datetime
    runs: Sequence[Run]
    outbox: Mapping[str, int]
    credits: Mapping[str, tuple[Decimal, Decimal]]
    downloads: Sequence[tuple[ElementVersion, bool]]
    sent: int
    taken_twice: int

    @property
    def skipped(self) -> Mapping[str, int]:
        """Returns how many patients and appointments got nothing, by reason code, in this run."""
        total: Counter[str] = Counter()
        for run in self.runs:
            total.update(run.skipped)
        return dict(total)

    @property
    def good(self) -> bool:
        """Returns whether no job failed, nothing is in doubt, nothing was taken twice, and every download is genuine."""
        ran = all(run.state.value == "succeeded" for run in self.runs)
        return ran and not self.outbox.get("in_doubt") and not self.taken_twice and all(genuine for _signed, genuine in self.downloads)


def run_demo(world: DemoWorld, listener: Callable[[JobKey], Listener]) -> DemoReport:
    """Runs the five jobs as the scheduler would (claim, run, history row, activity log) and returns what they did.

    Args:
        world: started.
        listener: gives what hears of a job's progress.
    """
    agent, started = world.agent, world.clock.now()
    for element in SUBSCRIBED:
        agent.downloads.subscribe(element, by="demo")
    before, taken = world.balances(), world.taken()
    runs = [agent.jobs.run_now(job, listener=listener(job)) for job in JobKey]
    after = world.balances()
    changes = {mandant: (before[mandant], after[mandant]) for mandant in before}
    sent = world.taken() - taken
    return DemoReport(world, started, runs, _outbox(agent), changes, _downloads(agent), sent, world.taken_twice())


def _outbox(agent: Agent) -> Mapping[str, int]:
    from tray_agent.messages.model import MessageState
    from tray_agent.messages.outbox.model import OutboxFilter

    totals = {state: agent.messages.page(OutboxFilter(states=frozenset({state})), limit=1).total for state in MessageState}
    return {state.value: number for state, number in totals.items() if number}


def _downloads(agent: Agent) -> Sequence[tuple[ElementVersion, bool]]:
    from tray_agent.downloads.model import DownloadState

    here = [row.signed for row in agent.downloads.downloads() if row.state is not DownloadState.NEW]
    return [(signed, agent.downloads.verify(signed.element, str(signed.version))) for signed in here]


def as_json(report: DemoReport) -> dict[str, Any]:
    """Returns the report in the shape that programs read; instants are aware, credits are numbers."""
    return {
        "jobs": [
            {"job": run.job, "status": run.state, "started_at": run.started_at, "finished_at": run.finished_at, "counts": dict(run.counts)}
            for run in report.runs
        ],
        "outbox": report.outbox,
        "skipped": report.skipped,
        "credits": {mandant: {"before": float(before), "after": float(after)} for mandant, (before, after) in report.credits.items()},
        "downloads": [
            {"element": signed.element, "version": signed.version, "bytes": signed.size, "verified": genuine}
            for signed, genuine in report.downloads
        ],
        "sent": report.sent,
        "taken_twice": report.taken_twice,
        "folder": str(report.world.folder),
    }


def print_report(report: DemoReport, console: Console, titles: Mapping[str, str], states: Mapping[str, str]) -> None:
    """Prints the report for people.

    Args:
        report: what the demo did.
        console: where to.
        titles: the jobs' names, by key.
        states: the words for the states of runs and messages, by code.
    """
    from rich.table import Table

    console.print()
    for title, columns, rows in _tables(report, titles, states):
        table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for column in columns:
            table.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left")
        for row in rows:
            table.add_row(*row)
        if rows:
            console.print(table)
            console.print()
    for sentence in conclusions(report):
        console.print(sentence)


def _tables(report: DemoReport, titles: Mapping[str, str], states: Mapping[str, str]) -> Iterator[_Table]:
    """Yields title, columns (``>`` before one of numbers) and rows of each table."""
    runs = [(titles[run.job], states[run.state], _seconds(run), run.sentence) for run in report.runs]
    yield _("Aufträge"), (_("Auftrag"), _("Status"), ">" + _("Dauer"), _("Ergebnis")), runs
    count = ">" + _("Anzahl")
    yield _("Nicht aufbereitet oder nicht gesendet"), (count, _("Grund")), _counted(report.skipped, _reasons())
    yield _("Versand-Queue"), (count, _("Zustand")), _counted(report.outbox, states)
    names = report.world.practice.mandants
    changes = [(names[mandant], format_number(before), format_number(after)) for mandant, (before, after) in report.credits.items()]
    yield _("Credits"), (_("Mandant"), ">" + _("vorher"), ">" + _("nachher")), changes
    checks = {True: _("verifiziert"), False: _("NICHT VERIFIZIERT")}
    downloads = [(signed.title, str(signed.version), format_size(signed.size), checks[genuine]) for signed, genuine in report.downloads]
    yield _("Downloads"), (_("Element"), _("Version"), ">" + _("Grösse"), _("Prüfung")), downloads


def _seconds(run: Run) -> str:
    return f"{run.duration.total_seconds():.1f} s" if run.duration is not None else "–"


def _counted(numbers: Mapping[str, int], words: Mapping[str, str]) -> Sequence[Sequence[str]]:
    return [(str(number), words.get(code, code)) for code, number in sorted(numbers.items(), key=lambda item: -item[1])]


def _reasons() -> Mapping[str, str]:
    from tray_agent.messages.outbox.model import OutboxReason
    from tray_agent.messages.rules.reasons import Reason

    others = {
        OutboxReason.ALREADY_FAILED.value: _("Der Patient ist schon als anders zu erinnern vermerkt."),
        "up_to_date": _("Das Element ist schon in der neusten Version heruntergeladen."),
        "installed": _("Das Element ist schon in der neusten Version installiert."),
    }
    return {reason.value: reason.sentence for reason in Reason} | others


def conclusions(report: DemoReport) -> Iterator[str]:
    """Yields what the report comes to, sentence by sentence."""
    if report.world.again and not report.sent:
        yield _("Zweiter Lauf im selben Ordner: es wurde nichts noch einmal gesendet.")
    else:
        yield ngettext("{number} Mitteilung wurde gesendet.", "{number} Mitteilungen wurden gesendet.", report.sent).format(
            number=report.sent
        )
    if report.taken_twice:
        yield _("FEHLER: {number} Mitteilungen kamen beim Gateway doppelt an.").format(number=report.taken_twice)
    else:
        yield _("Beim Gateway kam keine Mitteilung doppelt an.")
    doubtful = report.outbox.get("in_doubt", 0)
    if doubtful:
        yield _("{number} Mitteilungen sind in der Schwebe.").format(number=doubtful)
    yield _("Alles liegt in {folder}.").format(folder=report.world.folder)


def heading(report: DemoReport, zone: ZoneInfo) -> str:
    """Returns the first sentence: how large the practice is and what time it is there."""
    return _("Demopraxis mit {patients} Patienten und {appointments} Terminen; es ist {now}.").format(
        patients=format_number(report.world.practice.patients),
        appointments=format_number(report.world.practice.appointments),
        now=format_datetime(report.started.astimezone(zone)),
    )
