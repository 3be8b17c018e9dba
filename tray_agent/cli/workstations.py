"""``vitoclient workstations``: the agents of the practice, and what each can't do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tray_agent.cli.frame import AsJson, agent_here, local_text, picked, print_json, print_rows
from tray_agent.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tray_agent.job_kinds import JobKey
    from tray_agent.jobs.abilities import Lacks
    from tray_agent.jobs.model import Presence


def workstations(as_json: AsJson = False) -> None:
    """Lists the workstations that are on, and those that were lately."""
    with agent_here() as agent:
        from tray_agent.jobs.abilities import kind_word, lacks_lines

        known, used = agent.jobs.presences.known(), agent.jobs.used()
        if as_json:
            print_json([_as_json(one, agent.workstation) for one in known])
            return
        if not known:
            print(_("Noch auf keinem Arbeitsplatz ist der Agent gelaufen."))
            return

        def cells(one: Presence) -> tuple[str, ...]:
            report, is_here = one.report, one.workstation.lower() == agent.workstation.lower()
            name = _("{workstation} (dieser)").format(workstation=one.workstation) if is_here else one.workstation
            user, kind, software = (report.user, kind_word(report.kind), report.software) if report else ("", "", "")
            unable = "\n".join(lacks_lines(report.lacks, used)) if report else _("nicht bekannt")
            seen = _("jetzt") if one.is_there else local_text(one.seen_at, agent.zone)
            return name, user, one.version, kind, software, seen, unable

        headings = (
            _("Arbeitsplatz"), _("Benutzer"), _("Version"), _("Art"), _("Praxissoftware"), _("Zuletzt gesehen"), _("Kann nicht"),
        )  # fmt: skip
        print_rows(headings, map(cells, known))


def _as_json(one: Presence, here: str) -> dict[str, object]:
    report = one.report
    return {
        "workstation": one.workstation,
        "here": one.workstation.lower() == here.lower(),
        **picked(one, "is_there version started_at seen_at"),
        "clock_difference_seconds": one.clock_difference.total_seconds(),
        **(picked(report, "user kind software secrets") if report else dict.fromkeys(("user", "kind", "software", "secrets"))),
        "lacks": _lacks_as_json(report.lacks) if report else None,
    }


def _lacks_as_json(lacks: Mapping[JobKey, Lacks]) -> dict[str, object]:
    return {job.value: [picked(lack, "kind sentence tried_anyway") for lack in each] for job, each in lacks.items() if each}
