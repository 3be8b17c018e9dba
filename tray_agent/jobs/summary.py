"""A schedule as one sentence that a practice understands."""

from __future__ import annotations

from tray_agent.jobs.schedule import Schedule


def summarize(schedule: Schedule) -> str:
    """Returns what a schedule says as one sentence in the language in force: "Täglich um 10:00 ab 23.11.2026.".

    It describes the plan; whether the job is enabled is said elsewhere.
    """
    raise NotImplementedError
