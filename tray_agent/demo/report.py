"""What a demo did, as values: for people as a text, for programs as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tray_agent.downloads.words import format_size
from tray_agent.i18n import _, format_datetime, format_number, ngettext

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from tray_agent.protocol.model import Run


@dataclass(frozen=True, slots=True)
class CreditsChange:
    """The credits of one Mandant before and after the demo's jobs."""

    mandant_id: str
    name: str
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class DownloadedElement:
    """One element that is in the download folder.

    Attributes:
        size: bytes.
        verified: whether the file on the disk has the length and hashes of the signed catalogue, checked after the run.
    """

    element: str
    title: str
    version: str
    size: int
    verified: bool


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What the demo did.

    Attributes:
        folder: where everything is.
        clock: the demo's time at the start (aware, the practice's zone).
        patients, appointments: how large the practice is.
        runs: the five runs, in their order.
        outbox: how many messages are in each state, of all runs on this folder.
        skipped: how many patients and appointments got nothing, by reason code, in this run.
        reasons: the sentence for each reason code.
        credits, downloads: see there.
        sent: how many messages the gateways took in this run.
        taken_twice: how many messages the loopback gateways took more than once, ever.
        again: whether the folder was there already.
    """

    folder: Path
    clock: datetime
    patients: int
    appointments: int
    runs: Sequence[Run]
    outbox: Mapping[str, int]
    skipped: Mapping[str, int]
    reasons: Mapping[str, str]
    credits: Sequence[CreditsChange]
    downloads: Sequence[DownloadedElement]
    sent: int
    taken_twice: int
    again: bool

    @property
    def good(self) -> bool:
        """Returns whether no job failed, nothing is in doubt, nothing was taken twice, and every download is genuine."""
        ran = all(run.state.value == "succeeded" for run in self.runs)
        return ran and not self.outbox.get("in_doubt") and not self.taken_twice and all(found.verified for found in self.downloads)


def as_json(report: DemoReport) -> dict[str, Any]:
    """Returns the report in the shape that programs read; instants are aware, credits are numbers."""
    return {
        "jobs": [
            {
                "job": run.job.value,
                "status": run.state.value,
                "started_at": run.started_at,
                "finished_at": run.finished_at,
                "counts": dict(run.counts),
            }
            for run in report.runs
        ],
        "outbox": dict(report.outbox),
        "skipped": dict(report.skipped),
        "credits": {change.mandant_id: {"before": float(change.before), "after": float(change.after)} for change in report.credits},
        "downloads": [
            {"element": found.element, "version": found.version, "bytes": found.size, "verified": found.verified}
            for found in report.downloads
        ],
        "sent": report.sent,
        "taken_twice": report.taken_twice,
        "folder": str(report.folder),
    }


def print_report(report: DemoReport, console: Console, titles: Mapping[str, str], states: Mapping[str, str]) -> None:
    """Prints the report for people.

    Args:
        report: what the demo did.
        console: where to.
        titles: the jobs' names, by key.
        states: the words for the states of runs and messages, by code.
    """
    console.print()
    skipped = _counted(_("Nicht aufbereitet oder nicht gesendet"), _("Grund"), report.skipped, report.reasons)
    outbox = _counted(_("Versand-Queue"), _("Zustand"), report.outbox, states)
    for table in (_runs(report, titles, states), skipped, outbox, _credits(report), _downloads(report)):
        if table.row_count:
            console.print(table)
            console.print()
    for sentence in conclusions(report):
        console.print(sentence)


def conclusions(report: DemoReport) -> Iterator[str]:
    """Yields what the report comes to, sentence by sentence."""
    if report.again and not report.sent:
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
    yield _("Alles liegt in {folder}.").format(folder=report.folder)


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.lstrip(">"), justify="right" if column.startswith(">") else "left")
    return table


def _runs(report: DemoReport, titles: Mapping[str, str], states: Mapping[str, str]) -> Table:
    table = _table(_("Aufträge"), _("Auftrag"), _("Status"), ">" + _("Dauer"), _("Ergebnis"))
    for run in report.runs:
        seconds = f"{run.duration.total_seconds():.1f} s" if run.duration is not None else "–"
        table.add_row(titles.get(run.job.value, run.job.value), states.get(run.state.value, run.state.value), seconds, run.sentence)
    return table


def _counted(title: str, what: str, numbers: Mapping[str, int], words: Mapping[str, str]) -> Table:
    table = _table(title, ">" + _("Anzahl"), what)
    for code, number in sorted(numbers.items(), key=lambda item: -item[1]):
        table.add_row(str(number), words.get(code, code))
    return table


def _credits(report: DemoReport) -> Table:
    table = _table(_("Credits"), _("Mandant"), ">" + _("vorher"), ">" + _("nachher"))
    for change in report.credits:
        table.add_row(change.name, format_number(change.before), format_number(change.after))
    return table


def _downloads(report: DemoReport) -> Table:
    table = _table(_("Downloads"), _("Element"), _("Version"), ">" + _("Grösse"), _("Prüfung"))
    for found in report.downloads:
        checked = _("verifiziert") if found.verified else _("NICHT VERIFIZIERT")
        table.add_row(found.title, found.version, format_size(found.size), checked)
    return table


def heading(report: DemoReport, zone: ZoneInfo) -> str:
    """Returns the first sentence: how large the practice is and what time it is there."""
    return _("Demopraxis mit {patients} Patienten und {appointments} Terminen; es ist {now}.").format(
        patients=format_number(report.patients),
        appointments=format_number(report.appointments),
        now=format_datetime(report.clock.astimezone(zone)),
    )
