"""The whole chain: a demo practice, real servers on loopback, the five jobs through claim, run, history and activity log."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tray_agent.cli import run
from tray_agent.clock import ManualClock
from tray_agent.demo.practice import AwkwardCase
from tray_agent.demo.report import run_demo
from tray_agent.demo.world import DemoWorld
from tray_agent.errors import InputError
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.events import Listener
from tray_agent.messages.model import MessageKind, MessageState
from tray_agent.messages.outbox.model import OutboxFilter


def deaf(_job: JobKey) -> Listener:
    return lambda _event: None


def test_every_awkward_case_ends_as_it_must(tmp_path: Path) -> None:
    with DemoWorld(tmp_path / "demo") as world:
        report = run_demo(world, deaf)
        page = world.agent.messages.page(OutboxFilter(), limit=5000)
        planted = world.practice.planted
    assert report.good
    assert [run.job for run in report.runs] == list(JobKey)
    sent = {
        (message.kind, message.patient_id, message.appointment_id): message
        for message in page.rows
        if message.state not in (MessageState.ERROR, MessageState.CANCELLED, MessageState.PREPARED)
    }
    for case in planted:
        key = (case.kind, case.patient_id, case.appointment_id)
        if case.reason is not None:
            assert key not in sent, case
        else:
            assert (sent[key].mandant_id, sent[key].channel) == (case.mandant_id, case.channel), case
    counted = Counter(case.case for case in planted)
    assert all(counted[case] >= 3 for case in AwkwardCase if case is not AwkwardCase.LEAP_DAY)


def test_what_the_gateway_got_is_what_the_outbox_says(tmp_path: Path) -> None:
    with DemoWorld(tmp_path / "demo") as world:
        report = run_demo(world, deaf)
        taken = {message.reference for message in world.gateway.accepted()}
        mails = world.mail.accepted()
        page = world.agent.messages.page(OutboxFilter(), limit=5000)
    by_sms = {message.reference for message in page.rows if message.submitted_at and message.channel and message.channel.value == "sms"}
    assert taken == by_sms
    assert len(taken) + len(mails) == report.sent > 100
    spent = sum(before - after for before, after in report.credits.values())
    assert spent == sum(message.cost for message in page.rows if message.submitted_at)


def test_a_second_run_on_the_same_folder_sends_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["demo", "--dir", str(tmp_path / "demo"), "--json"]
    assert run(arguments) == 0
    first = json.loads(capsys.readouterr().out)
    assert run(arguments) == 0
    second = json.loads(capsys.readouterr().out)
    assert first["sent"] > 0
    assert second["sent"] == second["taken_twice"] == 0
    assert first["outbox"].keys() == second["outbox"].keys()
    assert {change["before"] == change["after"] for change in second["credits"].values()} == {True}
    assert [job["job"] for job in first["jobs"]] == [job.value for job in JobKey]
    assert {job["status"] for job in first["jobs"] + second["jobs"]} == {"succeeded"}
    assert len(first["downloads"]) == 3
    assert all(found["verified"] and found["bytes"] > 0 for found in first["downloads"])


def test_the_report_for_people_gives_the_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "--dir", str(tmp_path / "demo"), "--headless"]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Beim Patienten ist ein Sterbedatum erfasst." in said
    assert "verifiziert" in said
    assert "Beim Gateway kam keine Mitteilung doppelt an." in said
    assert run(["demo", "--dir", str(tmp_path / "demo"), "--headless"]) == 0
    again = " ".join(capsys.readouterr().out.split())
    assert "nichts noch einmal gesendet" in again
    assert "already_failed" not in again  # every reason is told in words
    assert "Medikamentenstamm 2026.11.003 6.3 MB verifiziert" in again  # sizes as the windows tell them


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError):
        DemoWorld(tmp_path)
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["letter.txt"]


def test_at_night_the_demo_plays_by_day(tmp_path: Path, clock: ManualClock) -> None:
    clock.set(clock.now().replace(hour=2))
    with DemoWorld(tmp_path / "demo", clock) as world:
        assert world.clock.now().hour == 9  # 10:00 in Zurich
        reminders = world.agent.messages.page(OutboxFilter(kinds=frozenset({MessageKind.REMINDER})))
    assert reminders.total == 0
