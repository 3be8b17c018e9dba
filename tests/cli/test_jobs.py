"""``vitoclient jobs``, ``history`` and ``activity`` as a person uses them, on an embedded database of their own."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from tests.jobs.engine import as_another_file
from tray_agent.agent import Agent
from tray_agent.cli import run
from tray_agent.config.machine import load_machine
from tray_agent.errors import ConfigurationError
from tray_agent.job_kinds import JobKey, Service
from tray_agent.jobs.claims import Claim, Ending
from tray_agent.jobs.owed import Rest
from tray_agent.jobs.service import Jobs
from tray_agent.protocol.model import Activity, Level, RunOrder, RunReason, RunState, RunTrigger
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import job

EVERY_HOUR = json.dumps(
    {
        "freq_type": 4,
        "freq_interval": 1,
        "freq_subday_type": 8,
        "freq_subday_interval": 1,
        "active_start_time": 80000,
        "active_end_time": 180000,
    }
)


@pytest.fixture(autouse=True)
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITOCLIENT_STORE__URL", f"sqlite:///{(tmp_path / 'store.db').as_posix()}")
    with Agent(load_machine()) as agent:
        upgrade(agent.store_unchecked)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = run(arguments)
    out, err = capsys.readouterr()
    return code, out, err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    code, out, err = said(capsys, *arguments, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


def test_the_five_jobs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    jobs = as_json(capsys, "jobs")["jobs"]
    assert [one["key"] for one in jobs] == [key.value for key in JobKey]
    assert not any(one["enabled"] or one["switched_on"] or one["next_at"] for one in jobs)
    code, out, _err = said(capsys, "jobs")
    assert code == 0
    assert "Download" in out


def test_enabling_tells_the_next_run_the_switch_and_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = said(capsys, "jobs", "enable", "send_messages")
    assert code == 0
    assert "Nächster Lauf: " in out
    assert "steht auf Nein" in out
    assert "Status aktualisieren" in out
    saved = as_json(capsys, "jobs", "disable", "send-messages")
    assert saved["job"]["enabled"] is False
    assert saved["job"]["next_at"] is None


def test_a_schedule_is_replaced_and_stays_enabled_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    as_json(capsys, "jobs", "enable", "download")
    saved = as_json(capsys, "jobs", "schedule", "download", "--spec", EVERY_HOUR)
    assert (saved["job"]["schedule"]["freq_subday_type"], saved["job"]["enabled"]) == (8, True)
    code, out, err = said(capsys, "jobs", "schedule", "download", "--spec", '{"freq_type": 99}')
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_the_further_attempts_of_sql_server_agent_are_read_and_not_used(capsys: pytest.CaptureFixture[str]) -> None:
    spec = json.dumps(json.loads(EVERY_HOUR) | {"retry_attempts": 3, "retry_interval": 10})
    code, out, err = said(capsys, "jobs", "schedule", "download", "--spec", spec, "--json")
    assert code == 0
    assert "retry_attempts" not in json.loads(out)["job"]["schedule"]
    assert err == (
        "Nicht übernommen: retry_attempts, retry_interval. Was nicht fertig wird, wird nach 2 Minuten wieder versucht, dann in wachsenden "
        "Abständen bis alle 15 Minuten, bis alles erledigt ist oder die nächste geplante Zeit kommt.\n"
    )
    assert said(capsys, "schedule", "next", "--spec", spec)[2] == err


@pytest.mark.parametrize("arguments", [("run", "x"), ("enable", "x"), ("schedule", "x", "--spec", EVERY_HOUR)])
def test_an_unknown_job_is_one_line_that_names_the_five(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, out, err = said(capsys, "jobs", *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert all(key.value in err for key in JobKey)


def test_a_job_whose_switch_is_off_does_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "jobs", "run", "update_status")
    assert (code, out) == (1, "")
    assert "Schalter SMSService.TerminerinnerungSenden" in err
    assert as_json(capsys, "history") == {"runs": []}


def test_a_run_by_hand_stands_in_the_history_and_a_dry_one_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "settings", "set", "SMSService.TerminerinnerungSenden", "Ja")
    assert as_json(capsys, "jobs", "run", "update_status", "--dry-run")["dry_run"] is True
    assert as_json(capsys, "history")["runs"] == []
    ran = as_json(capsys, "jobs", "run", "update_status")
    assert (ran["status"], ran["trigger"]) == ("succeeded", "by_hand")
    (row,) = as_json(capsys, "history")["runs"]
    assert row["id"] == ran["id"]
    assert as_json(capsys, "jobs")["jobs"][4]["last_run"]["id"] == ran["id"]


def test_a_schedule_written_past_the_program_is_told_and_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    with Agent(load_machine()) as agent, agent.store.begin() as connection:
        connection.execute(update(job).where(job.c.key == "download").values(freq_type=64))
    broken = as_json(capsys, "jobs")["jobs"][0]
    assert (broken["enabled"], broken["schedule"]) == (False, None)
    assert broken["mistake"] == "Aufträge, die beim Start des SQL-Server-Agents oder im Leerlauf laufen, gibt es hier nicht."
    assert "im Leerlauf laufen" in " ".join(said(capsys, "jobs")[1].split())
    code, _out, err = said(capsys, "jobs", "enable", "download")
    assert code == 2
    assert "vitoclient jobs schedule download --spec" in err
    assert as_json(capsys, "jobs", "schedule", "download", "--spec", EVERY_HOUR)["job"]["mistake"] == ""
    assert said(capsys, "jobs", "enable", "download")[0] == 0


def test_what_was_saved_is_told_though_the_check_can_not_be_made(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_jobs: Jobs) -> None:
        raise ConfigurationError("Kanton unbekannt", "Einen Kanton XX gibt es nicht.", "Kanton prüfen.")

    monkeypatch.setattr(Jobs, "check", fails)
    code, out, err = said(capsys, "jobs", "enable", "send_messages")
    assert code == 0
    assert "Nächster Lauf: " in out
    assert err.startswith("Achtung: Kanton unbekannt: ")
    assert len(err.splitlines()) == 1


def test_what_does_not_run_can_not_be_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "jobs", "cancel", "download") == (0, "Download-Service läuft gerade nicht.\n", "")


def test_a_run_of_another_computer_is_cancelled(capsys: pytest.CaptureFixture[str]) -> None:
    with Agent(load_machine()) as agent:
        claims = agent.jobs.claims
        claim = claims.claim(JobKey.DOWNLOAD, agent.clock.now().replace(microsecond=0), RunTrigger.SCHEDULE)
        assert isinstance(claim, Claim)
        code, out, _err = said(capsys, "jobs", "cancel", "download")
        assert (code, claims.renew(claim)[1]) == (0, True)
    assert out.startswith("Download-Service wird auf ")


def test_resuming_what_is_not_paused_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys, "jobs", "resume")[1] == "Es ist nichts angehalten.\n"
    assert "Am 01.01.2999 08:00 geht es von selbst weiter." in said(capsys, "jobs", "pause", "--until", "2999-01-01T08:00")[1]
    assert said(capsys, "jobs", "resume")[1].startswith("Die Aufträge laufen wieder nach Plan")


def test_a_pause_holds_back_sending_and_says_who_paused(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "settings", "set", "SMSService.TerminerinnerungSenden", "Ja")
    code, out, _err = said(capsys, "jobs", "pause")
    assert code == 0
    assert "ganze Praxis" in out
    assert as_json(capsys, "jobs")["paused"]["scope"] == "sending"
    code, _out, err = said(capsys, "jobs", "run", "send_messages")
    assert code == 1
    assert "angehalten" in err
    assert said(capsys, "jobs", "run", "update_status")[0] == 0
    said(capsys, "jobs", "resume")
    assert as_json(capsys, "jobs")["paused"] is None


def fill() -> None:
    with Agent(load_machine(), workstation="Empfang [1]") as agent:
        jobs = agent.jobs
        now = agent.clock.now().replace(microsecond=0)
        skips = [(now - timedelta(days=day), RunReason.MISSED, f"Tag {day}") for day in range(5, 0, -1)]
        jobs.claims.record_skipped(JobKey.DOWNLOAD, skips)
        jobs.claims.claim(JobKey.SEND_MESSAGES, now, RunTrigger.BY_HAND)
        jobs.log.write([Activity(Service.SMS, Level.ERROR, "no_contact", "Keine Mobilnummer [Zoë]", "7")], run_id=6)
        jobs.log.write([Activity(Service.DOWNLOADS, Level.INFO, "downloaded", "Geladen")])


def test_the_history_is_filtered(capsys: pytest.CaptureFixture[str]) -> None:
    fill()
    runs = as_json(capsys, "history")["runs"]
    assert len(runs) == 6
    assert len(as_json(capsys, "history", "--count", "2")["runs"]) == 2
    assert len(as_json(capsys, "history", "--job", "download", "--status", "skipped")["runs"]) == 5
    assert len(as_json(capsys, "history", "--status", "running")["runs"]) == 1
    third = runs[3]["due_at"]
    assert [run["due_at"] for run in as_json(capsys, "history", "--from", third)["runs"]] == [run["due_at"] for run in runs[:4]]
    assert [run["due_at"] for run in as_json(capsys, "history", "--to", third)["runs"]] == [run["due_at"] for run in runs[4:]]
    day = datetime.fromisoformat(third).astimezone(ZoneInfo("Europe/Zurich")).date().isoformat()
    assert third in [run["due_at"] for run in as_json(capsys, "history", "--from", day, "--to", day)["runs"]]
    assert len(as_json(capsys, "history", "--status", "Übersprungen")["runs"]) == 5
    assert len(as_json(capsys, "history", "--to", "9999-12-31")["runs"]) == 6
    assert as_json(capsys, "history", "--to", "2000-01-01")["runs"] == []
    code, out, _err = said(capsys, "history")
    assert code == 0
    assert "Empfang" in out


def try_in_vain(times: int, rest: Rest | None = None) -> datetime:
    """Lets sending be tried so many times, none of which brought anything; returns its planned time."""
    with Agent(load_machine()) as agent:
        claims, due_at = agent.jobs.claims, agent.clock.now().replace(microsecond=0)
        for number in range(times):
            claim = claims.claim(JobKey.SEND_MESSAGES, due_at, RunTrigger.RETRY if number else RunTrigger.SCHEDULE, owed=number > 0)
            assert isinstance(claim, Claim)
            claims.finish(claim, Ending(RunState.SUCCEEDED, sentence="Gateway weg.", rest=rest or Rest("gateway", number=3)))
    return due_at


def test_each_attempt_has_its_entry_though_the_last_stands_for_those_in_vain(capsys: pytest.CaptureFixture[str]) -> None:
    try_in_vain(3)
    (shown,) = as_json(capsys, "history")["runs"]
    assert (shown["attempt"], shown["takeovers"], shown["folded"], shown["trigger"]) == (3, 0, False, "retry")
    assert [(run["attempt"], run["folded"]) for run in as_json(capsys, "history", "--all")["runs"]] == [(3, False), (2, True), (1, True)]
    assert "3. Versuch" in said(capsys, "history")[1]


def test_what_waits_for_a_further_attempt_is_told_and_ended_by_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "jobs", "enable", "send_messages")
    try_in_vain(2)
    assert as_json(capsys, "jobs")["jobs"][3]["owed"] is None  # its switch is off: nothing is tried
    said(capsys, "settings", "set", "SMSService.TerminerinnerungSenden", "Ja")
    sending = as_json(capsys, "jobs")["jobs"][3]
    assert (sending["owed"]["attempts"], sending["owed"]["reason"], sending["owed"]["waits"]) == (2, "gateway", True)
    assert "läuft, wartet auf Versuch 3" in " ".join(said(capsys, "jobs")[1].replace("│", " ").split())
    ended = "Mitteilungen senden wird nicht weiter versucht, bis zum nächsten geplanten Lauf.\n"
    assert said(capsys, "jobs", "cancel", "send_messages")[1] == ended
    assert as_json(capsys, "jobs")["jobs"][3]["owed"] is None
    assert said(capsys, "jobs", "cancel", "send_messages")[1] == "Mitteilungen senden läuft gerade nicht.\n"
    assert as_json(capsys, "activity", "--reason", "abandoned")["activities"] != []


def test_the_history_is_sorted_by_any_column(capsys: pytest.CaptureFixture[str]) -> None:
    fill()
    for order in RunOrder:
        down = as_json(capsys, "history", "--sort", order.value)["runs"]
        up = as_json(capsys, "history", "--sort", order.value, "--ascending")["runs"]
        assert {run["id"] for run in down} == {run["id"] for run in up}
        assert len(down) == len(up) == 6
    started = as_json(capsys, "history", "--sort", "started_at", "--count", "1")["runs"]
    assert [run["status"] for run in started] == ["running"]
    computer = started[0]["workstation"]
    assert {run["workstation"] for run in as_json(capsys, "history", "--workstation", computer)["runs"]} == {computer}
    assert as_json(capsys, "history", "--workstation", "nirgends")["runs"] == []


def test_the_activity_log_is_filtered(capsys: pytest.CaptureFixture[str]) -> None:
    fill()
    assert len(as_json(capsys, "activity")["activities"]) == 2
    assert len(as_json(capsys, "activity", "--text", "MOBILNUMMER [zoë")["activities"]) == 1
    assert as_json(capsys, "activity", "--text", "nirgends")["activities"] == []
    (row,) = as_json(capsys, "activity", "--service", "sms", "--level", "error", "--reason", "no_contact", "--run", "6")["activities"]
    assert (row["item"], row["sentence"]) == ("7", "Keine Mobilnummer [Zoë]")
    code, out, _err = said(capsys, "activity")
    assert code == 0
    assert "[Zoë]" in out


@pytest.mark.parametrize("arguments", [
    ("history", "--status", "x"), ("history", "--from", "gestern"), ("history", "--job", "x"), ("activity", "--level", "x"),
    ("activity", "--service", "x"), ("history", "--count", "0"), ("history", "--sort", "x"), ("history", "--from", "2026-02-30"),
    ("history", "--from", "2026-12-01", "--to", "2026-11-01"), ("jobs", "pause", "--until", "2020-01-01"),
])  # fmt: skip
def test_a_wrong_filter_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...]) -> None:
    code, out, err = said(capsys, *arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_a_store_of_another_computer_is_adopted_by_a_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITOCLIENT_MAIL__HOST", "127.0.0.1")  # so that this computer could send
    with Agent(load_machine(), workstation="ALT") as agent:
        agent.jobs.presences.tell(timedelta(0))
        as_another_file(agent.store)
    code, _out, err = said(capsys, "settings", "set", "SMSService.TerminerinnerungSenden", "Ja")
    assert (code, err) == (0, "")
    code, out, err = said(capsys, "jobs", "run", "send_messages")
    assert code == 1
    assert "der Agent auf ALT" in out + err
    code, out, _err = said(capsys, "db", "adopt")
    assert (code, out.splitlines()) == (0, ["Bestätigt: ALT arbeitet nicht mehr mit dieser Datenbank. Dieser Computer sendet."])
    _code, out, err = said(capsys, "jobs", "run", "send_messages")
    assert "der Agent auf ALT" not in out + err
    assert said(capsys, "db", "adopt")[1].startswith("Kein anderer Computer")


WORKDAYS = json.dumps({"freq_type": 8, "freq_interval": 62, "active_start_time": 100000})
MONDAYS = "Kein geplanter Lauf von «Terminerinnerungen aufbereiten» sucht nach Terminen an diesen Tagen: Montag."


def test_a_plan_that_reminds_of_no_monday_is_told_wherever_it_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    """Schedule, switch, doctor: one check, one sentence; and the switch that it names mends it."""
    as_json(capsys, "jobs", "enable", "prepare_reminders")
    saved = as_json(capsys, "jobs", "schedule", "prepare_reminders", "--spec", WORKDAYS)
    assert "not_covered" not in [finding["kind"] for finding in saved["findings"]]  # the switch stands on Nein: nobody is reminded anyway
    assert MONDAYS in said(capsys, "settings", "set", "SMSService.TerminerinnerungSenden", "Ja")[1]
    assert MONDAYS in said(capsys, "jobs", "enable", "prepare_reminders")[1]
    assert MONDAYS in said(capsys, "doctor")[1]
    out = said(capsys, "settings", "set", "SMSService.OffsetSuchTage", "2")[1]
    assert "Abhilfe: OffsetSuchTage auf 3 stellen oder" in out
    assert MONDAYS not in said(capsys, "settings", "set", "SMSService.OffsetSuchTage", "3")[1]
    assert MONDAYS not in said(capsys, "doctor")[1]
