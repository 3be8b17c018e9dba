"""What one workstation writes in its language, every other reads in its own (decision record 0016)."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tests.jobs.engine import Engine, job
from tray_agent.clock import ManualClock
from tray_agent.i18n import _, set_language
from tray_agent.job_kinds import JobKey, Service
from tray_agent.jobs.contract import JobContext, JobResult
from tray_agent.protocol.model import Activity, ActivityFilter, Level
from tray_agent.store.database import Database
from tray_agent.store.tables import activity, job_run


def work(context: JobContext) -> JobResult:
    """Logs that the portal is away, as a job would, and ends with a sentence of the catalogue."""
    context.log(Activity(Service.SMS, Level.ERROR, "away", _("Das Portal {host} antwortet nicht.").format(host="SRV1")))
    return JobResult(sentence=_("Erneut senden, sagt {who}.").format(who="Anna"))


@pytest.fixture
def engine(database: Database, clock: ManualClock) -> Engine:
    """Gives an engine whose job has run on a German workstation."""
    engine = Engine(database, clock, offered=[job(JobKey.SEND_MESSAGES, work)])
    engine.jobs.run_now(JobKey.SEND_MESSAGES)
    return engine


@pytest.mark.parametrize("language", ["fr", "it", "en"])
def test_history_is_read_in_the_readers_language(engine: Engine, language: str) -> None:
    german = engine.jobs.history.page().rows[0].sentence
    assert german == "Erneut senden, sagt Anna."
    set_language(language)
    shown = engine.jobs.history.page().rows[0].sentence
    assert shown == _("Erneut senden, sagt {who}.").format(who="Anna")
    assert shown != german
    assert "Anna" in shown
    assert [run.sentence for run in engine.jobs.history.all_runs()] == [shown]
    assert engine.jobs.history.last_runs()[JobKey.SEND_MESSAGES].sentence == shown


def test_rows_without_a_source_keep_their_sentence(engine: Engine) -> None:
    with engine.database.begin() as connection:
        connection.execute(update(job_run).values(sentence_source=None))
        connection.execute(update(activity).values(sentence="Von früher.", sentence_source=None))
    set_language("fr")
    assert engine.jobs.history.page().rows[0].sentence == "Erneut senden, sagt Anna."
    assert engine.jobs.log.page(ActivityFilter(run_id=1)).rows[0].sentence == "Von früher."


def test_activity_log_is_found_in_the_writers_words_and_read_in_the_readers(engine: Engine) -> None:
    set_language("fr")
    (row,) = engine.jobs.log.page(ActivityFilter(text="portal srv1 antwortet")).rows
    assert row.sentence == _("Das Portal {host} antwortet nicht.").format(host="SRV1")
