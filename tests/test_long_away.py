"""A practice whose one computer was off for six weeks: what is told when it comes back, what is sent, and what is not any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path

import pytest

from tests.jobs.engine import ZURICH, daily, done, every
from tests.jobs.test_scheduler import wait_for_runs
from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import ANNA, MEIER, Accounts, treatment
from tests.practice.memory_source import MemoryPracticeSource
from tray_agent.abilities import Abilities
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import GatewayAccount, GatewaySection, Machine, MachineSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.config.settings import BIRTHDAYS_ON, DEFAULT_MANDANT, DOWNLOAD_ACTIVE, REMINDERS_ON
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import Lack
from tray_agent.jobs.contract import JobWorks
from tray_agent.jobs.model import JobChange
from tray_agent.jobs.settlement import UNATTENDED
from tray_agent.practice.model import Appointment, AppointmentStatus
from tray_agent.protocol.model import ActivityFilter, Level
from tray_agent.tray.engine import AgentEngine

LEFT, BACK = datetime(2026, 11, 23, 10, 5, tzinfo=ZURICH), datetime(2027, 1, 4, 8, 30, tzinfo=ZURICH)
"""It is switched off between preparing and sending of a Monday, and comes back on one six weeks later."""

PLAN = {
    JobKey.DOWNLOAD: every(10),
    JobKey.PREPARE_BIRTHDAYS: daily(time(9, 50)),
    JobKey.PREPARE_REMINDERS: daily(time(10)),
    JobKey.SEND_MESSAGES: daily(time(10, 10)),
    JobKey.UPDATE_STATUS: daily(time(10, 20)),
}
DAYS = 60


class LacksNothing(Abilities):
    """Of a computer that reads the practice's data, which are no database here, and needs no portal."""

    def _practice(self) -> Iterator[Lack]:
        return iter(())

    def _downloads(self) -> Iterator[Lack]:
        return iter(())


class Reception(Agent):
    """The one computer of a practice: each day somebody comes at 14:00, and somebody has their birthday."""

    def __init__(self, folder: Path, clock: ManualClock, gateway: MemorySmsGateway) -> None:
        accounts = {MEIER.id: GatewayAccount(user="praxis", originator="Praxis")}
        machine = Machine(machine=MachineSection(data_folder=str(folder)), gateway=GatewaySection(accounts=accounts))
        super().__init__(machine, secrets=MemorySecrets(**{"gateway/M1": "geheim"}), clock=clock, workstation="EMPFANG")
        self._gateway, self._manual = gateway, clock

    @cached_property
    def practice(self) -> MemoryPracticeSource:
        found = MemoryPracticeSource([MEIER])
        for number in range(DAYS):
            day, patient = LEFT.date() + timedelta(days=number), f"P{number}"
            born = date(1980, day.month, day.day)
            found.put(replace(ANNA, id=patient, mobile=f"079 200 10 {number:02}", birth_date=born), treatment(patient))
            found.put(Appointment(f"A{number}", patient, datetime.combine(day, time(14)), AppointmentStatus.DEFINITE))
        return found

    @cached_property
    def sms_gateways(self) -> Accounts:
        return Accounts({MEIER.id: self._gateway})

    @cached_property
    def abilities(self) -> Abilities:
        return LacksNothing(self.in_force, self.clock, lambda: self.store, lambda: self.practice_database)

    @property
    def job_works(self) -> JobWorks:
        return {**super().job_works, JobKey.DOWNLOAD: done}

    def live_until(self, until: datetime) -> None:
        """Looks at the plan every five minutes."""
        self.jobs.runner._beating = False  # the clock of the tests moves when it is waited for
        while self._manual.now() <= until:
            self.scheduler.look()
            wait_for_runs(self.scheduler)
            self._manual.advance(timedelta(minutes=5))


@pytest.fixture
def gateway() -> MemorySmsGateway:
    return MemorySmsGateway()


@pytest.fixture
def back(tmp_path: Path, gateway: MemorySmsGateway) -> Iterator[Reception]:
    """Gives the computer at 10:30 on the day on which it came back."""
    clock = ManualClock(LEFT - timedelta(minutes=35))
    with Reception(tmp_path, clock, gateway) as agent:
        agent.settings.save({DOWNLOAD_ACTIVE: True, REMINDERS_ON: True, BIRTHDAYS_ON: True, DEFAULT_MANDANT: MEIER.id}, "Anna")
        version = agent.jobs.plans.load().jobs
        agent.jobs.save([JobChange(job, schedule, version[job].version) for job, schedule in PLAN.items()], "Anna")
        agent.live_until(LEFT)
        agent.jobs.presences.leave()
    assert gateway.taken == []
    clock.set(BACK)
    with Reception(tmp_path, clock, gateway) as agent:
        agent.live_until(BACK + timedelta(hours=2))
        yield agent


def test_who_comes_back_after_six_weeks_tells_what_was_missed_and_goes_on_with_today(back: Reception, gateway: MemorySmsGateway) -> None:
    told = [row for row in back.jobs.log.page(size=100).rows if row.at >= BACK]
    times = {row.item: row.sentence.split(": ", 1)[1] for row in told if row.reason == UNATTENDED}
    missed = "Zu {} geplanten Zeiten, die erste am {}, die letzte {}, war kein Arbeitsplatz eingeschaltet; {}"
    now, later = "um 08:30 nachgeholt.", "es wird nachgeholt, sobald es möglich ist."
    assert times == {
        "Download-Service": missed.format(6038, "23.11.2026 10:10", "um 08:20", "der nächste geplante Lauf steht dafür."),
        "Geburtstagsglückwünsche aufbereiten": missed.format(41, "24.11.2026 09:50", "am 03.01.2027 09:50", now),
        "Terminerinnerungen aufbereiten": missed.format(41, "24.11.2026 10:00", "am 03.01.2027 10:00", now),
        "Mitteilungen senden": missed.format(42, "23.11.2026 10:10", "am 03.01.2027 10:10", later),
        "Status aktualisieren": missed.format(42, "23.11.2026 10:20", "am 03.01.2027 10:20", later),
    }
    assert sum(row.reason == UNATTENDED for row in told) == len(PLAN), "each once"
    (birthdays,) = [row.sentence for row in told if row.reason == "birthday_over" and row.level is Level.WARNING]
    assert "Vom 04.12.2026 bis 03.01.2027 wurde nicht gratuliert (31 Patienten)" in birthdays
    assert "Schon seit dem 24.11.2026 wurde nicht gratuliert" in birthdays
    said = [sms.text for sms in gateway.taken]
    assert sum("04.01.2027, 14:00" in text for text in said) == 1, "today's appointment, whose day was missed"
    assert sum("05.01.2027, 14:00" in text for text in said) == 1
    assert sum("gratulieren" in text for text in said) == 1, "of today"
    assert len(said) == 3


def test_what_was_prepared_before_six_weeks_is_not_sent_and_told(back: Reception) -> None:
    (late,) = back.jobs.log.page(ActivityFilter(level=Level.ERROR)).rows
    assert late.reason == "not_in_time"
    assert "24.11.2026 14:00" in late.sentence
    assert [concern.sentence for concern in AgentEngine(back).facts().concerns] == ["1 Fehler im Protokoll."]
    assert back.messages.call_list() == [], "the appointment was six weeks ago"
    assert back.messages.waiting(None).number == 0
