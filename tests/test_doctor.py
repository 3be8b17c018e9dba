"""What ``doctor`` says of the store: that it can be read proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, func, select, text
from sqlalchemy.engine import make_url

from tests.conftest import make_database
from tests.messages.memory_gateways import MemorySmsGateway
from tests.messages.world import Accounts
from tests.support.refusing import Refusing
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.machine import GatewayAccount, GatewaySection, Machine, PracticeSection, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.config.settings import REMINDERS_ON
from tray_agent.doctor import CheckVerdict, Subject, examine
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.model import JobChange
from tray_agent.messages.gateways.contract import GatewayTime, GatewayUnavailableError
from tray_agent.schedules.codes import Frequency
from tray_agent.schedules.schedule import Schedule
from tray_agent.store.database import Database
from tray_agent.store.schema_version import NEWEST, current_revision
from tray_agent.store.tables import agent_presence


@pytest.fixture
def agent(sqlite_database: Database, tmp_path: Path) -> Iterator[Agent]:
    machine = Machine(store=StoreSection(url=f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}"))
    with Agent(machine, secrets=MemorySecrets()) as agent:
        yield agent


def test_a_store_is_good_that_takes_a_row_and_gives_it_back(agent: Agent) -> None:
    (found,) = examine(agent, Subject.STORE)
    assert found.verdict is CheckVerdict.GOOD
    with agent.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(agent_presence)).scalar() == 0


def test_of_an_embedded_store_that_is_not_made_yet_everything_is_said_and_nothing_is_made(tmp_path: Path) -> None:
    server = PracticeSection(url="postgresql+psycopg://127.0.0.1:9/praxis")
    machine = Machine(store=StoreSection(url=f"sqlite:///{(tmp_path / 'new.db').as_posix()}"), practice=server)
    with Agent(machine, secrets=MemorySecrets(), workstation="PC1") as agent:
        new, private, *others = examine(agent, Subject.STORE, Subject.PLAN, Subject.WORKSTATIONS, Subject.GATEWAY, Subject.MAIL)
        assert new.verdict is CheckVerdict.NOTICE
        assert "legt sie beim ersten Start an" in new.sentence
        assert private.verdict is CheckVerdict.FAULT
        assert private.sentence.startswith("Die Praxisdaten liegen auf einem Server")
        assert {found.verdict for found in others} == {CheckVerdict.NOTICE}
        assert current_revision(agent.store_unchecked) is None
        assert current_revision(agent.store) == NEWEST


def test_a_store_that_can_only_be_read_is_a_fault(agent: Agent) -> None:
    Refusing(agent.store, Refusing.ONLY_READABLE)
    (found,) = examine(agent, Subject.STORE)
    assert found.verdict is CheckVerdict.FAULT
    assert found.sentence.startswith("Die Datenbank ist nur lesbar; sie nimmt keine Änderungen an.")


def test_the_plan_is_good_where_its_jobs_fit_and_told_where_none_is_enabled_or_days_are_left_out(agent: Agent) -> None:
    (nothing,) = examine(agent, Subject.PLAN)
    assert (nothing.verdict, "Kein Auftrag ist aktiviert" in nothing.sentence) == (CheckVerdict.NOTICE, True)
    _plan(agent, DAILY)
    (good,) = examine(agent, Subject.PLAN)
    assert (good.verdict, good.sentence) == (CheckVerdict.GOOD, "Die Zeitpläne passen zusammen.")
    agent.save_switches({REMINDERS_ON: True})
    _plan(agent, replace(DAILY, frequency=Frequency.WEEKLY, interval=62, recurrence=1))
    (told,) = examine(agent, Subject.PLAN)
    assert (told.verdict, "an diesen Tagen: Montag." in told.sentence) == (CheckVerdict.NOTICE, True)


DAILY = Schedule(Frequency.DAILY, 1, date(2026, 1, 1), time(10))


def _plan(agent: Agent, schedule: Schedule) -> None:
    """Plans what belongs to the reminders, ten minutes after each other."""
    jobs = (JobKey.PREPARE_REMINDERS, JobKey.SEND_MESSAGES, JobKey.UPDATE_STATUS)
    plan = agent.jobs.plans.load().jobs
    times = {job: replace(schedule, start_time=time(10, 10 * place)) for place, job in enumerate(jobs)}
    agent.jobs.save([JobChange(job, at, plan[job].version) for job, at in times.items()], "Test")


# The clock


class Timed(MemorySmsGateway):
    """A gateway that tells the time when it is asked, or is away."""

    def __init__(self, clock: ManualClock, ahead: timedelta, *, away: bool = False) -> None:
        super().__init__()
        self._clock, self._ahead, self._away = clock, ahead, away

    def balance(self) -> Decimal:
        if self._away:
            raise GatewayUnavailableError("SMS-Gateway antwortet nicht", "", "")
        self.told_time = GatewayTime(self._clock.now() + self._ahead, self._clock.monotonic())
        return super().balance()


def clock_of(folder: Path, clock: ManualClock, *gateways: MemorySmsGateway) -> tuple[CheckVerdict, str]:
    """Returns what is said of the clock of a computer with an embedded store and these gateways."""
    accounts = {f"M{place}": GatewayAccount(user=f"account{place}") for place in range(len(gateways))}
    machine = Machine(
        store=StoreSection(url=f"sqlite:///{(folder / 'vitoclient.db').as_posix()}"), gateway=GatewaySection(accounts=accounts)
    )
    with Agent(machine, secrets=MemorySecrets(), clock=clock) as agent:
        agent.__dict__["sms_gateways"] = Accounts({f"M{place}": gateway for place, gateway in enumerate(gateways)})
        (found,) = examine(agent, Subject.CLOCK)
    return found.verdict, found.sentence


def test_a_clock_is_not_compared_with_itself(sqlite_database: Database, tmp_path: Path, clock: ManualClock) -> None:
    for gateways in ((), (MemorySmsGateway(),), (Timed(clock, timedelta(), away=True),)):
        verdict, sentence = clock_of(tmp_path, clock, *gateways)
        assert (verdict, "ist nicht bekannt" in sentence) == (CheckVerdict.NOTICE, True)


@pytest.mark.parametrize(("ahead", "verdict", "seconds"), [
    (timedelta(seconds=20), CheckVerdict.GOOD, "(-20 s)"), (timedelta(minutes=-10), CheckVerdict.FAULT, "600 Sekunden"),
    (timedelta(days=1), CheckVerdict.FAULT, "-86400 Sekunden"),
])  # fmt: skip
def test_a_clock_is_compared_with_a_gateway_that_answers(
    sqlite_database: Database, tmp_path: Path, clock: ManualClock, ahead: timedelta, verdict: CheckVerdict, seconds: str
) -> None:
    found, sentence = clock_of(tmp_path, clock, Timed(clock, timedelta(), away=True), Timed(clock, ahead))
    assert found is verdict
    assert seconds in sentence
    assert "SMS-Gateway" in sentence


@pytest.mark.parametrize("minutes", [0, 5])
def test_a_clock_is_compared_with_the_server_of_the_store(database_url: str, clock: ManualClock, minutes: int) -> None:
    if database_url.startswith("sqlite"):
        pytest.skip("an embedded store has no clock of its own")
    with Agent(Machine(store=StoreSection(url=database_url)), secrets=MemorySecrets(), clock=clock) as agent:
        with agent.store_unchecked.read() as connection:
            clock.set(agent.store_unchecked.now(connection) + timedelta(minutes=minutes))
        (found,) = examine(agent, Subject.CLOCK)
    assert found.verdict is (CheckVerdict.NOTICE if minutes else CheckVerdict.GOOD)
    assert "Datenbank" in found.sentence


# A server


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[tuple[Agent, Engine, str]]:
    """Gives an agent on a PostgreSQL store whose login has the rights on rows, the administrator, and the login."""
    for url in make_database("postgresql", tmp_path, migrated=True):
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        login = f"agent_{make_url(url).database}"
        with admin.connect() as connection:
            for statement in (
                f"CREATE ROLE {login} LOGIN",
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {login}",
                f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {login}",
            ):
                connection.execute(text(statement))
        own = make_url(url).set(username=login).render_as_string(hide_password=False)
        machine = Machine(store=StoreSection(url=own, table_schema=None))
        with Agent(machine, secrets=MemorySecrets()) as agent:
            yield agent, admin, login
        with admin.connect() as connection:
            connection.execute(text(f"DROP OWNED BY {login}"))
            connection.execute(text(f"DROP ROLE {login}"))
        admin.dispose()


def test_of_a_server_its_version_is_said_and_that_no_right_lacks(limited: tuple[Agent, Engine, str]) -> None:
    server, good = examine(limited[0], Subject.STORE)
    assert server.sentence.startswith("Datenbankserver: PostgreSQL ")
    assert good.sentence.startswith("Die Datenbank des Agenten ist da, nimmt Änderungen an")


@pytest.mark.parametrize(
    ("taken", "told"),
    [
        ("INSERT ON message", "fehlt ein Recht: INSERT auf public.message."),
        ("SELECT ON activity", "fehlt ein Recht: SELECT auf public.activity."),
        ("USAGE ON SEQUENCE message_id_seq", 'USAGE auf "public"."message_id_seq"'),
    ],
)
def test_a_right_that_lacks_is_told_with_the_statement_that_gives_it(limited: tuple[Agent, Engine, str], taken: str, told: str) -> None:
    agent, admin, login = limited
    with admin.connect() as connection:
        connection.execute(text(f"REVOKE {taken} FROM {login}"))
    findings = list(examine(agent, Subject.STORE))
    (found,) = [one for one in findings if one.verdict is CheckVerdict.FAULT]
    assert told in found.sentence
    with admin.connect() as connection:
        connection.execute(text(found.advice.partition("führt aus: ")[2]))
    assert all(one.verdict is CheckVerdict.GOOD for one in examine(agent, Subject.STORE))


def test_without_any_right_doctor_goes_on_to_its_end(limited: tuple[Agent, Engine, str]) -> None:
    agent, admin, login = limited
    with admin.connect() as connection:
        connection.execute(text(f"DROP OWNED BY {login}"))
    findings = list(examine(agent))
    assert {found.subject for found in findings} == set(Subject)
    assert any("fehlt das Recht" in found.sentence for found in findings if found.subject is Subject.STORE)
