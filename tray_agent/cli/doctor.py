"""``vitoclient doctor``: says in plain words what is missing on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from tray_agent.cli.frame import AsJson, agent_here, picked, print_json
from tray_agent.i18n import N_, _, join_texts

if TYPE_CHECKING:
    from tray_agent.doctor import CheckResult

_SIGNS = {"good": "✔", "notice": "!", "fault": "✘"}
_NAMES = {
    "configuration": N_("Konfiguration"),
    "store": N_("Datenbank"),
    "clock": N_("Uhr"),
    "plan": N_("Zeitpläne"),
    "workstations": N_("Arbeitsplätze"),
    "practice": N_("Praxisdaten"),
    "portal": N_("Online-Portal"),
    "downloads": N_("Download-Ordner"),
    "gateway": N_("SMS"),
    "mail": N_("E-Mail"),
    "software": N_("Praxissoftware"),
}


def doctor(as_json: AsJson = False) -> None:
    """Examines this machine; exit code 1 where anything is faulty."""
    from tray_agent.doctor import CheckVerdict, examine

    findings: list[CheckResult] = []
    with agent_here(with_store=False) as agent:
        for finding in examine(agent):
            findings.append(finding)
            if not as_json:
                sentence = join_texts(finding.sentence, finding.advice)
                print(f"{_SIGNS[finding.verdict]} {_(_NAMES[finding.subject]) + ':':<16} {sentence}")
    if as_json:
        print_json([picked(found, "subject verdict sentence advice") for found in findings])
    if any(found.verdict is CheckVerdict.FAULT for found in findings):
        raise typer.Exit(1)
