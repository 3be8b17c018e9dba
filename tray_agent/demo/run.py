"""The demo itself: subscribes to three elements, runs the five jobs in their order, and reports what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from tray_agent.demo.report import CreditsChange, DemoReport, DownloadedElement
from tray_agent.demo.world import ACCOUNTS, DemoWorld
from tray_agent.i18n import _
from tray_agent.job_kinds import JobKey

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.downloads.model import ElementVersion
    from tray_agent.jobs.events import Listener
    from tray_agent.protocol.model import Run

SUBSCRIBED = ("vitomed-update", "tarif-tardoc", "medikamente")
"""The elements that the demo's practice subscribes to."""


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
    return DemoReport(
        folder=world.folder,
        clock=started,
        patients=world.practice.patients,
        appointments=world.practice.appointments,
        runs=runs,
        outbox=_outbox(agent),
        skipped=_skipped(runs),
        reasons=_reasons(),
        credits=_credits(world, before),
        downloads=_downloads(agent),
        sent=world.taken() - taken,
        taken_twice=world.taken_twice(),
        again=world.again,
    )


def _skipped(runs: list[Run]) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    for run in runs:
        total.update(run.skipped)
    return dict(total)


def _outbox(agent: Agent) -> Mapping[str, int]:
    from tray_agent.messages.model import MessageState
    from tray_agent.messages.outbox.model import OutboxFilter

    totals = {state: agent.messages.page(OutboxFilter(states=frozenset({state})), limit=1).total for state in MessageState}
    return {state.value: number for state, number in totals.items() if number}


def _reasons() -> Mapping[str, str]:
    from tray_agent.messages.outbox.model import OutboxReason
    from tray_agent.messages.rules.reasons import Reason

    others = {
        OutboxReason.ALREADY_FAILED.value: _("Der Patient ist schon als anders zu erinnern vermerkt."),
        "up_to_date": _("Das Element ist schon in der neusten Version heruntergeladen."),
        "installed": _("Das Element ist schon in der neusten Version installiert."),
    }
    return {reason.value: reason.sentence for reason in Reason} | others


def _credits(world: DemoWorld, before: Mapping[str, Decimal]) -> list[CreditsChange]:
    names, after = world.practice.mandants, world.balances()
    return [CreditsChange(mandant, names.get(mandant, mandant), before[mandant], after[mandant]) for mandant in ACCOUNTS]


def _downloads(agent: Agent) -> list[DownloadedElement]:
    from tray_agent.downloads.model import DownloadState

    service = agent.downloads
    here = [row.signed for row in service.downloads() if row.state is not DownloadState.NEW]
    return [_downloaded(signed, genuine=service.verify(signed.element, str(signed.version))) for signed in here]


def _downloaded(signed: ElementVersion, *, genuine: bool) -> DownloadedElement:
    return DownloadedElement(signed.element, signed.title, str(signed.version), signed.size, genuine)
