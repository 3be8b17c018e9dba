"""The program of the version before, at work on a store that is brought to a newer version under its feet; run by its own code.

Prints "ready" when a run goes on, waits for a line, then tries everything that it could do to the store, and prints what became of each.
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tray_agent.clock import SystemClock
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.claims import Claim
from tray_agent.jobs.contract import JobContext, JobResult, Surroundings
from tray_agent.jobs.events import Events
from tray_agent.jobs.scheduler import Scheduler
from tray_agent.jobs.service import Jobs
from tray_agent.protocol.model import RunTrigger
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.database import open_database
from tray_agent.store.migrate import upgrade

ZONE = ZoneInfo("Europe/Zurich")
SENDING = JobKey.SEND_MESSAGES


def main(url: str) -> None:
    """Plays it."""
    database = open_database(url)
    upgrade(database)
    found: dict[str, str] = {}
    begun, migrated = threading.Event(), threading.Event()

    def work(context: JobContext) -> JobResult:
        begun.set()
        migrated.wait()

        def intent() -> None:
            with database.begin() as connection:
                context.fence(connection)

        found["intent"] = _tried(intent)
        return JobResult(sentence="Gesendet.")

    clock, events = SystemClock(), Events()
    quiet = QuietHours(time(0), time(0))
    around = Surroundings("PC1", ZONE, clock, events, lambda: {SENDING: work}, lambda _key: True, lambda: quiet, lambda: 400)
    jobs = Jobs(database, around)
    scheduler = Scheduler(lambda: jobs, events, clock, ZONE)
    scheduler.look()
    now = datetime.now(UTC).replace(microsecond=0)
    claim = jobs.claims.claim(SENDING, now, RunTrigger.SCHEDULE)
    assert isinstance(claim, Claim)
    thread = threading.Thread(target=jobs.runner.run, args=(claim,), daemon=True)
    thread.start()
    begun.wait()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    jobs.runner.quit(0)  # else it tries to write its ending for a minute and a half
    migrated.set()
    thread.join()
    found["claim"] = _tried(lambda: _given(jobs.claims.claim(SENDING, now - timedelta(seconds=5), RunTrigger.SCHEDULE)))
    found["take over"] = _tried(lambda: _given(jobs.claims.take_over(SENDING)))
    found["by hand"] = _tried(lambda: jobs.run_now(SENDING))
    scheduler.look()
    found["look"] = "refused" if scheduler.trouble else "done"
    sys.stdout.write(json.dumps(found))


def _given(claim: object) -> None:
    if not isinstance(claim, Claim):
        raise TypeError("no claim")


def _tried(work: Callable[[], object]) -> str:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - whatever keeps it from writing
        return f"refused: {type(error).__name__}"
    return "done"


if __name__ == "__main__":
    main(sys.argv[1])
