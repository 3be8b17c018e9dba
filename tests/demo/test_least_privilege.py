"""The whole chain with exactly the rights that ``vitoclient db grants`` prints, and what is said where one of them lacks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL

from tests.conftest import make_database
from tray_agent.cli import run
from tray_agent.demo.practice import make_demo_practice
from tray_agent.demo.report import run_demo
from tray_agent.demo.world import ZONE, DemoWorld
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.events import Listener
from tray_agent.store.database import Database, open_database, to_ms
from tray_agent.store.migrate import upgrade


def deaf(_job: JobKey) -> Listener:
    return lambda _event: None


class ServerWorld(DemoWorld):
    """The demo, whose store and practice are one database on a server, entered by a login with the printed rights alone."""

    def __init__(self, folder: Path, admin: Engine, login: str) -> None:
        super().__init__(folder)
        self._admin, self._login = admin, login
        own = open_database(admin.url)
        self.planted = make_demo_practice(own, self.clock.now().astimezone(ZONE).date())
        own.dispose()

    def _values(self) -> dict[str, Any]:
        url = self._admin.url.set(username=self._login).render_as_string(hide_password=False)
        values = super()._values()
        values["practice"]["url"] = url
        return values | {"store": {"url": url, "schema": "vitoclient"}}


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Engine]:
    for url in make_database("postgresql", tmp_path):
        made = create_engine(url, isolation_level="AUTOCOMMIT")
        yield made
        with made.connect() as connection:
            for login in logins(made.url):
                connection.execute(text(f"DROP OWNED BY {login} CASCADE"))
                connection.execute(text(f"DROP ROLE {login}"))
        made.dispose()


def logins(url: URL) -> tuple[str, str]:
    return f"agent_{url.database}", f"upgrade_{url.database}"


@pytest.fixture
def world(tmp_path: Path, admin: Engine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[ServerWorld]:
    """Gives the demo after an administrator ran what was printed, and ``db upgrade`` ran as the login for it."""
    agent, upgrader = logins(admin.url)
    with admin.connect() as connection:
        for login in (agent, upgrader):
            connection.execute(text(f"CREATE ROLE {login} LOGIN"))
    made = ServerWorld(tmp_path / "demo", admin, agent)
    monkeypatch.setattr("tray_agent.demo.practice.find_demo_practice", lambda _database: made.planted)  # a table of the demo alone
    monkeypatch.setattr(Database, "now_ms", lambda _database, _connection: to_ms(made.clock.now()))  # else nothing is sent at night
    asking, url = tmp_path / "asking.toml", admin.url.set(username=agent).render_as_string(hide_password=False)
    asking.write_text(f'[store]\nurl = "{url}"\n', encoding="utf-8")
    monkeypatch.setenv("VITOCLIENT_CONFIG", str(asking))
    assert run(["db", "grants", "--login", agent, "--upgrade-login", upgrader, "--schema", "vitoclient"]) == 0
    with admin.connect() as connection:
        connection.execute(text(capsys.readouterr().out.replace(":", "\\:")))
    tables = open_database(admin.url.set(username=upgrader), schema="vitoclient")
    upgrade(tables)
    tables.dispose()
    with made:
        monkeypatch.setenv("VITOCLIENT_CONFIG", str(made.configuration))
        yield made


def test_the_chain_does_with_the_printed_rights(world: ServerWorld) -> None:
    report = run_demo(world, deaf)
    assert report.good
    assert [run.job for run in report.runs] == list(JobKey)
    assert report.sent > 100


@pytest.mark.parametrize("taken", ["INSERT ON vitoclient.message", "SELECT ON vitoclient.message"])
def test_a_right_that_lacks_is_told_by_runs_and_commands_and_is_no_fault_of_the_program(
    world: ServerWorld, admin: Engine, taken: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with admin.connect() as connection:
        connection.execute(text(f"REVOKE {taken} FROM {logins(admin.url)[0]}"))
    told = ""
    for command in (["jobs", "run", "prepare_reminders"], ["messages", "outbox"], ["messages", "preview"], ["jobs", "list"], ["doctor"]):
        run(command)
        out = capsys.readouterr()
        told += out.out + out.err
    assert "Programmfehler" not in told
    assert "permission denied for table message" in told
    assert f"fehlt ein Recht: {taken.partition(' ')[0]} auf vitoclient.message." in " ".join(told.split())
