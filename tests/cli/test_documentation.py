"""``docs/commands.md`` is true: every command with ``--json`` stands there with the keys that it really writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import update

from tray_agent.agent import Agent
from tray_agent.cli import run
from tray_agent.cli.commands import build
from tray_agent.config.machine import load_machine
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import AgentKind, Lack, LackKind, Report
from tray_agent.jobs.presence import Presences
from tray_agent.store.tables import agent_presence

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
SPEC = '{"freq_type": 4, "active_start_date": 20260101, "active_start_time": 213000}'
ROWS = dict(re.findall(r"^\| (`.+?`) \| (.+) \|$", PAGE, re.MULTILINE))


def documented(command: str) -> set[str]:
    """Returns the names in the row of a command, with those of a run or a message where the row speaks of one."""
    row = next(text for commands, text in ROWS.items() if f"`{command}`" in commands)
    names = set(re.findall(r"`(\w+)`", row))
    for word in ("run", "message"):
        if re.search(rf"\b{word}s?\b", re.sub(r"`.*?`", "", row)):
            listed = re.search(rf"^A \*{word}\* is (.+?)\.$", PAGE, re.MULTILINE | re.DOTALL)
            assert listed is not None
            names |= set(re.findall(r"`(\w+)`", listed[1]))
    return names


def commands_with_json(command: Any, path: str = "") -> Iterator[str]:
    if any("--json" in parameter.opts for parameter in command.params):
        yield path
    for name, each in getattr(command, "commands", {}).items():
        yield from commands_with_json(each, f"{path} {name}".strip())


def test_every_command_with_json_is_documented() -> None:
    told = {name for commands in ROWS for name in re.findall(r"`([^`]+)`", commands)}
    told |= {f"templates {name}" for name in told}
    assert set(commands_with_json(typer.main.get_command(build()))) <= told


@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("schedule next", ["--spec", SPEC, "--tz", "Europe/Zurich"]),
        ("schedule check", ["--spec", f'{{"send_messages": {SPEC}}}', "--tz", "Europe/Zurich"]),
        ("jobs", []),
        ("jobs schedule", ["send_messages", "--spec", SPEC]),
        ("history", []),
        ("activity", []),
        ("messages outbox", []),
        ("messages calls", []),
        ("templates list", []),
        ("doctor", []),
    ],
)
def test_the_keys_are_those_that_are_documented(capsys: pytest.CaptureFixture[str], command: str, more: list[str]) -> None:
    run([*command.split(), *more, "--json"])
    value = json.loads(capsys.readouterr().out)
    first = value[0] if isinstance(value, list) else value
    assert set(first) <= documented(command)
    for within in first.values():
        if isinstance(within, list) and within and isinstance(within[0], dict):
            assert set(within[0]) <= documented(command)


def test_a_run_has_the_keys_that_are_documented(capsys: pytest.CaptureFixture[str]) -> None:
    run(["settings", "set", "SMSService.TerminerinnerungSenden", "Ja"])
    capsys.readouterr()
    assert run(["jobs", "run", "update_status", "--dry-run", "--json"]) in (0, 1)
    assert set(json.loads(capsys.readouterr().out)) == documented("jobs run") - {"level", "item"}


def test_a_workstation_has_the_keys_that_are_documented_and_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    lack = Lack(LackKind.PASSWORD, "das SMS-Passwort von M1 fehlt")
    report = Report("anna", AgentKind.SERVICE, {JobKey.SEND_MESSAGES: [lack]}, {"gateway/M1": False}, "2.68.1")
    with Agent(load_machine(), workstation="LABOR") as agent:
        Presences(agent.store, "x", "LABOR", agent.clock, report=lambda: report).tell(timedelta(seconds=3))
    assert run(["workstations", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert set(told) | {"kind", "sentence", "tried_anyway"} == documented("workstations")
    assert told["lacks"] == {"send_messages": [{"kind": "password", "sentence": lack.sentence, "tried_anyway": False}]}
    assert (told["workstation"], told["here"], told["is_there"], told["kind"]) == ("LABOR", False, True, "service")
    assert run(["settings", "set", "SMSService.TerminerinnerungSenden", "Ja"]) == 0
    assert run(["workstations"]) == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("LABOR", "anna", "Dienst", "2.68.1", "jetzt", "Mitteilungen senden: das SMS-Passwort von M1 fehlt"))
    with Agent(load_machine(), workstation="ALT") as agent, agent.store.begin() as connection:  # what it tells can't be read here
        connection.execute(update(agent_presence).values(workstation="ALT", report="{}"))
    assert run(["workstations"]) == 0
    assert "nicht bekannt" in capsys.readouterr().out
    with Agent(load_machine(), workstation="LABOR") as agent:
        Presences(agent.store, "y", "LABOR", agent.clock, report=lambda: report).tell(timedelta(seconds=3))
    assert run(["doctor"]) == 1
    assert "LABOR kann nicht alles. Mitteilungen senden: das SMS-Passwort von M1 fehlt." in capsys.readouterr().out
