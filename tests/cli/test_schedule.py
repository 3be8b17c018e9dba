"""``vitoclient schedule``: the next planned times and the check, from JSON."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tray_agent.cli import run

DAILY = '{"freq_type": 4, "freq_interval": 1, "freq_subday_type": 1, "active_start_date": 20260101, "active_start_time": 100000}'
NEXT = ["schedule", "next", "--tz", "Europe/Zurich", "--after", "2026-03-28T12:00"]


def test_the_next_planned_times_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*NEXT, "--spec", DAILY, "--count", "2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "times": [
            {"local": "2026-03-29T10:00:00+02:00", "utc": "2026-03-29T08:00:00Z"},
            {"local": "2026-03-30T10:00:00+02:00", "utc": "2026-03-30T08:00:00Z"},
        ],
        "summary": "Täglich um 10:00, ab 01.01.2026.",
    }


def test_five_times_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*NEXT, "--spec", DAILY]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Täglich um 10:00, ab 01.01.2026."
    assert lines[1] == "29.03.2026 10:00 (+0200)"
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("after", "first"),
    [
        ("2026-03-29T10:00", "2026-03-30T08:00:00Z"),  # strictly after, wall clock of --tz
        ("2026-03-29T09:59:59", "2026-03-29T08:00:00Z"),
        ("2026-03-29T08:00:00Z", "2026-03-30T08:00:00Z"),
        ("2026-03-29T03:59-04:00", "2026-03-29T08:00:00Z"),
    ],
)
def test_after_is_strict(after: str, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schedule", "next", "--tz", "Europe/Zurich", "--spec", DAILY, "--after", after, "--count", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["times"][0]["utc"] == first


def test_the_specification_from_a_file_and_from_the_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "schedule.json"
    file.write_text(DAILY, "utf-8")
    assert run([*NEXT, "--spec", f"@{file}", "--json"]) == 0
    from_file = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO(DAILY))
    assert run([*NEXT, "--spec", "-", "--json"]) == 0
    assert capsys.readouterr().out == from_file


def test_a_schedule_without_start_date_counts_from_the_day_of_the_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*NEXT, "--spec", '{"freq_type": 4, "freq_interval": 2}', "--count", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["times"][0]["local"] == "2026-03-30T00:00:00+02:00"


@pytest.mark.parametrize("columns", ['{"freq_type": 1, "active_start_date": 20200101}', DAILY.replace("{", '{"enabled": 0, ')])
def test_a_schedule_that_never_runs_again(columns: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*NEXT, "--spec", columns, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["times"] == []
    assert run([*NEXT, "--spec", columns]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--spec", "täglich"], "JSON"),
        (["--spec", "[1]"], "JSON-Objekt"),
        (["--spec", "[" * 100_000], "JSON"),
        (["--spec", "@/gibt/es/nicht.json"], "/gibt/es/nicht.json"),
        (["--spec", '{"freq_type": 8, "freq_interval": 0, "active_start_date": 20260101}'], "kein Wochentag"),
        (["--spec", DAILY, "--tz", "Europe/Bern"], "Europe/Bern"),
        (["--spec", DAILY, "--tz", "../etc/passwd"], "../etc/passwd"),
        (["--spec", DAILY, "--after", "gestern"], "gestern"),
        (["--spec", DAILY, "--language", "xx"], "xx"),
        (["--spec", DAILY, "--count", "0"], "--count"),
    ],
)
def test_every_mistake_is_one_line(arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schedule", "next", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.splitlines()) == 1
    assert words in told.err


def test_the_check_of_a_set(capsys: pytest.CaptureFixture[str]) -> None:
    specification = json.dumps({"send_messages": json.loads(DAILY), "update_status": json.loads(DAILY)})
    arguments = ["schedule", "check", "--tz", "Europe/Zurich", "--after", "2026-11-23T12:00", "--spec", specification]
    assert run([*arguments, "--json"]) == 0
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert finding["kind"] == "too_close"
    assert finding["times"] == ["2026-11-23T10:00:00+01:00"] * 2
    assert run(arguments) == 0
    assert capsys.readouterr().out.strip() == finding["sentence"]


def test_a_set_that_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schedule", "check", "--tz", "Europe/Zurich", "--spec", '{"download": {"freq_type": 4}}']) == 0
    assert capsys.readouterr().out.strip() == "Die Zeitpläne passen zueinander."


@pytest.mark.parametrize(
    ("wrong", "told"),
    [('"backup": {"freq_type": 4}', "«backup»"), ('"send_messages": {"freq_type": 9}', "send_messages: Die Häufigkeit 9 gibt es nicht.")],
)
def test_a_set_with_something_wrong_names_it(capsys: pytest.CaptureFixture[str], wrong: str, told: str) -> None:
    spec = f'{{"download": {{"freq_type": 4}}, {wrong}}}'
    assert run(["schedule", "check", "--tz", "Europe/Zurich", "--spec", spec]) == 2
    assert told in capsys.readouterr().err


def test_the_question_needs_neither_database_nor_network() -> None:
    script = (
        "import sys; from tray_agent.cli import run; "
        f"code = run(['schedule', 'next', '--tz', 'Europe/Zurich', '--spec', {DAILY!r}, '--json']); "
        "slow = {'sqlalchemy', 'httpx', 'rich', 'babel', 'holidays', 'apscheduler', 'PyQt6'} & set(sys.modules); "
        "sys.exit(f'{code} {slow}' if code or slow else 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ('{"freq_type": 4, "freq_type": 8}', "«freq_type» steht zweimal im Zeitplan."),
        ('{"freq_type": 4,', "Der Zeitplan ist kein JSON (Zeile 1, Zeichen 17)."),
        pytest.param("[" * 100_000, "zu tief verschachtelt", id="too deep"),  # no name: Windows takes none of that length
        pytest.param('{"freq_type": ' + "9" * 5000 + "}", "eine Zahl ist zu lang", id="too many digits"),
        ("@", "Die Datei «» kann nicht gelesen werden"),
        ("@nowhere.json", "Die Datei nowhere.json kann nicht gelesen werden"),
        ('{"freq_type": 4.0}', "freq_type muss eine ganze Zahl sein."),
        ('{"freq_type": true}', "freq_type muss eine ganze Zahl sein."),
        ('{"freq_type": 1e400}', "freq_type muss eine ganze Zahl sein."),
        ('{"freq_type": -4}', "Die Häufigkeit -4 gibt es nicht."),
        ('{"freq_type": 4, "every": 1}', "«every» gibt es bei einem Zeitplan nicht."),
    ],
)
def test_a_specification_that_is_none_is_told_in_one_line(spec: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*NEXT, "--spec", spec, "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert told in err
    assert len(err.splitlines()) == 1


def test_an_input_that_is_no_text_is_told_in_one_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe{"), encoding="utf-8"))
    assert run([*NEXT, "--spec", "-"]) == 2
    assert "Die Eingabe kann nicht gelesen werden" in capsys.readouterr().err


@pytest.mark.parametrize("language", ["english", "x", "e", " "])
def test_a_language_without_texts_is_refused(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*NEXT, "--spec", DAILY, "--language", language]) == 2
    assert "Erlaubt sind: de, en, fr, it." in capsys.readouterr().err


WORKDAYS = '{"prepare_reminders": {"freq_type": 8, "freq_interval": 62, "active_start_time": 100000}, "send_messages": {"freq_type": 4}}'


@pytest.mark.parametrize(("offsets", "told"), [([], True), (["--offset-search", "3"], False), (["--offset-start", "0"], False)])
def test_the_check_tells_the_days_that_no_run_searches(capsys: pytest.CaptureFixture[str], offsets: list[str], told: bool) -> None:
    arguments = ["schedule", "check", "--tz", "Europe/Zurich", "--after", "2026-11-27T12:00", "--spec", WORKDAYS, *offsets, "--json"]
    assert run(arguments) == 0
    found = [finding for finding in json.loads(capsys.readouterr().out)["findings"] if finding["kind"] == "not_covered"]
    assert [(finding["jobs"], finding["times"]) for finding in found] == [(["prepare_reminders"], [])] * told
