"""``vitoclient messages outbox|failed|calls|doubt|credits``."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from tests.cli.test_documentation import documented
from tests.cli.test_frame import said
from tray_agent.demo.practice_tables import create_practice
from tray_agent.messages.model import Channel, MessageKind, MessageState
from tray_agent.messages.outbox import entries
from tray_agent.messages.outbox.entries import Draft
from tray_agent.store.database import Database, open_database
from tray_agent.store.migrate import upgrade
from tray_agent.store.tables import activity, credit_balance, message

NOW = datetime.now(UTC)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Returns an outbox with one message of each interesting kind, named in the configuration."""
    url = f"sqlite:///{(tmp_path / 'store.db').as_posix()}"
    monkeypatch.setenv("VITOCLIENT_STORE__URL", url)
    monkeypatch.setenv("VITOCLIENT_GATEWAY__KIND", "file")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("VITOCLIENT_GATEWAY__ACCOUNTS", '{"M1": {"user": "meier"}}')
    database = open_database(url)
    upgrade(database)
    create_practice(database)
    with database.begin() as connection:
        entries.insert_drafts(connection, [_draft("1", Channel.SMS), _draft("2", Channel.EMAIL)], NOW)
        entries.insert_drafts(connection, [_draft("3", None, state=MessageState.ERROR, sentence="Keine Nummer.")], NOW)
        doubt = {"state": "in_doubt", "sending_at": NOW - timedelta(hours=1), "appointment_at": NOW + timedelta(days=20)}
        connection.execute(update(message).where(message.c.id == 2).values(**doubt))
        connection.execute(insert(credit_balance).values(mandant_id="M1", measured_at=NOW, balance=Decimal(12)))
    return database


def _draft(number: str, channel: Channel | None, state: MessageState = MessageState.PREPARED, sentence: str = "") -> Draft:
    return Draft(
        kind=MessageKind.REMINDER, unique_key=f"reminder/20991124t0900/{number}", patient_id=number, patient_name=f"Muster [{number}]",
        next_at=NOW, expires_at=NOW + timedelta(days=1), state=state, channel=channel, appointment_id=number,
        appointment_at=NOW + timedelta(days=1), sentence=sentence,
    )  # fmt: skip


@pytest.mark.usefixtures("store")
def test_what_waits_is_told_where_sending_does_not_run_any_more_today(capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "settings", "set", "SMSService.TerminerinnerungSenden", "Ja")
    first = '{"freq_type": 4, "freq_interval": 1, "active_start_date": %d, "active_start_time": %d}'
    far = first % (29991231, 100000)
    told = "1 Mitteilung wartet, 1 Termin liegt vor dem nächsten Senden. Jetzt senden: «vitoclient jobs run send_messages».\n"
    said(capsys, "jobs", "schedule", "send_messages", "--spec", far)
    assert said(capsys, "jobs", "enable", "send_messages")[1].endswith(told)
    assert said(capsys, "settings", "set", "SMSService.TerminerinnerungSenden", "Ja")[1].endswith(told)
    said(capsys, "jobs", "pause")
    assert said(capsys, "jobs", "resume")[1].endswith(told)
    assert told not in said(capsys, "settings", "set", "SMSService.TerminerinnerungSenden", "Nein")[1]


def test_the_outbox_as_a_table_and_as_json(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = said(capsys, "messages", "outbox")
    assert code == 0
    assert "Muster [1]" in out
    assert "3 von 3 Mitteilungen." in out
    _code, out, _err = said(capsys, "messages", "outbox", "--state", "prepared", "--json")
    listed = json.loads(out)
    assert (listed["total"], listed["messages"][0]["patient"]) == (1, "Muster [1]")


def test_the_outbox_by_kind(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    notice = replace(_draft("4", Channel.SMS), kind=MessageKind.MOVED, unique_key="moved/20991124t0900/20991123t0900/4")
    with store.begin() as connection:
        entries.insert_drafts(connection, [notice], NOW)
    _code, out, _err = said(capsys, "messages", "outbox", "--kind", "moved", "--json")
    assert [(found["kind"], found["patient"]) for found in json.loads(out)["messages"]] == [("moved", "Muster [4]")]
    _code, out, _err = said(capsys, "messages", "outbox", "--kind", "moved", "--kind", "reminder")
    assert "Terminverschiebung" in out
    assert "4 von 4 Mitteilungen." in out


def test_whom_to_call(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    _code, out, _err = said(capsys, "messages", "failed")
    assert "Keine Nummer." in out
    assert "noch nicht gesendet  Wird zur Zeit nicht von selbst gesendet." in out
    assert "2 Patienten" in out
    _code, out, _err = said(capsys, "messages", "failed", "--json")
    assert [(entry["patient_id"], entry["state"], entry["sent"]) for entry in json.loads(out)] == [
        ("1", "prepared", False), ("3", "error", False)
    ]  # fmt: skip
    assert "nicht von selbst gesendet" in json.loads(out)[0]["why"]


def test_the_call_list_and_what_people_do_on_it(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    out = said(capsys, "messages", "calls")[1]
    assert "Keine Nummer." not in out
    assert "nicht gesendet" in out
    assert "2 Patienten sind noch anzurufen." in out
    assert "Muster [3]: nicht erreicht von" in said(capsys, "messages", "calls", "unreached", "3")[1]
    assert said(capsys, "messages", "calls", "note", "3", "ruft zurück")[1] == "Muster [3]: ruft zurück\n"
    assert "Muster [3]: erledigt von" in said(capsys, "messages", "calls", "done", "3")[1]
    assert "ruft zurück" not in said(capsys, "messages", "calls")[1]
    assert "ruft zurück" in said(capsys, "messages", "calls", "--done")[1]
    listed = json.loads(said(capsys, "messages", "calls", "--all", "--json")[1])["calls"]
    assert [(one["id"], one["done"], one["unreached"], one["note"]) for one in listed] == [(1, False, 0, None), (3, True, 1, "ruft zurück")]
    assert said(capsys, "messages", "calls", "undo", "3")[1] == "Muster [3]: wieder offen.\n"
    listed = json.loads(said(capsys, "messages", "calls", "--json")[1])["calls"]
    assert len(listed) == 2
    assert set(listed[0]) <= documented("messages calls")


def test_who_is_not_on_the_call_list_is_told_in_one_line(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["done", "77"], ["undo", "77"], ["note", "77", "x"]):
        code, _out, err = said(capsys, "messages", "calls", *words)
        assert (code, len(err.splitlines())) == (2, 1)
        assert "77" in err


def test_a_doubt_is_decided_and_who_decided_is_kept(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    _code, out, _err = said(capsys, "messages", "doubt")
    assert "Muster [2]" in out
    code, out, _err = said(capsys, "messages", "doubt", "decide", "2", "sent")
    assert code == 0
    assert "Wurde gesendet" in out
    assert said(capsys, "messages", "doubt")[1].strip() == "Keine Mitteilung ist in der Schwebe."
    with store.read() as connection:
        assert [row.reason for row in connection.execute(activity.select())] == ["decided_sent"]


@pytest.mark.parametrize(("number", "code", "word"), [("1", 1, "nicht (mehr)"), ("77", 2, "gibt es nicht")])
def test_what_can_not_be_decided_is_one_line(
    store: Database, capsys: pytest.CaptureFixture[str], number: str, code: int, word: str
) -> None:
    found, _out, err = said(capsys, "messages", "doubt", "decide", number, "again")
    assert (found, len(err.splitlines())) == (code, 1)
    assert word in err


def test_the_credits_and_the_warning(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    _code, out, _err = said(capsys, "messages", "credits")
    assert "noch 12 Credits" in out
    _code, out, _err = said(capsys, "messages", "credits", "--json")
    (account,) = json.loads(out)
    assert (account["balance"], account["below_minimum"], len(account["history"])) == (12.0, True, 1)
