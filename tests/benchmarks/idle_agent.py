"""An idle agent with all five jobs planned, for a minute.

A process of its own runs the real scheduler on an embedded database with five enabled jobs, none due. Measured after a
quiet start: CPU seconds and wake-ups (voluntary context switches) in 60 seconds. The floor is a process that only waits.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.benchmarks.row import Row

SECONDS = 60
_QUIET_START = 8

_AGENT = """
import sys, threading
from datetime import date, time
from tray_agent.agent import Agent
from tray_agent.config.machine import Machine, StoreSection
from tray_agent.jobs.model import JobChange
from tray_agent.schedules.schedule import Frequency, Schedule
from tray_agent.store.migrate import upgrade

agent = Agent(Machine(store=StoreSection(url=sys.argv[1])))
upgrade(agent.store_unchecked)
overview = agent.jobs.overview()
plan = Schedule(Frequency.DAILY, 1, date(2030, 1, 5), time(3))
agent.jobs.save([JobChange(one.key, plan, one.version) for one in overview], "benchmark")
agent.scheduler.start()
print("ready", flush=True)
threading.Event().wait()
"""

_WAITS = "import threading; print('ready', flush=True); threading.Event().wait()"


def run() -> list[Row]:
    """Measures both processes side by side."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{(Path(folder) / 'idle.db').as_posix()}"
        agent, waits = _started(_AGENT, url), _started(_WAITS, "")
        try:
            time.sleep(_QUIET_START)
            before = [_spent(process) for process in (agent, waits)]
            time.sleep(SECONDS)
            after = [_spent(process) for process in (agent, waits)]
        finally:
            for process in (agent, waits):
                process.kill()
                process.communicate()
    cpu, wakes = after[0][0] - before[0][0], after[0][1] - before[0][1]
    floor_cpu, floor_wakes = after[1][0] - before[1][0], after[1][1] - before[1][1]
    return [
        Row(
            f"idle agent, five jobs, {SECONDS} s: CPU", f"{cpu:.3f} s", "a process that waits", f"{floor_cpu:.3f} s",
            goal="≤ 0.02 s", met=cpu <= 0.02,
        ),
        Row(f"idle agent, five jobs, {SECONDS} s: wake-ups", f"{wakes}", "a process that waits", f"{floor_wakes}"),
    ]  # fmt: skip


def _started(code: str, url: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def _spent(process: subprocess.Popen[str]) -> tuple[float, int]:
    """Returns CPU seconds (the kernel's own count, in nanoseconds where it gives one) and voluntary context switches."""
    found = psutil.Process(process.pid)
    switches = sum(_switches(process.pid, thread.id) for thread in found.threads())
    return _cpu(found), switches


def _cpu(process: psutil.Process) -> float:
    folder = Path(f"/proc/{process.pid}/task")
    if folder.exists():
        return sum(int((task / "schedstat").read_text().split()[0]) for task in folder.iterdir()) / 1e9
    times = process.cpu_times()
    return float(times.user + times.system)


def _switches(process_id: int, thread_id: int) -> int:
    status = Path(f"/proc/{process_id}/task/{thread_id}/status")
    if not status.exists():
        return 0
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("voluntary_ctxt_switches"))
