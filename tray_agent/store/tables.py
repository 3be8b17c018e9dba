"""All tables of the agent; ``metadata`` holds them all, with names for every constraint. The schema is filled in at run time.

Instants that are compared with the server's clock are milliseconds since 1970 UTC (``_ms``); what people read is
``UtcDateTime``. Rows of the logs carry no foreign keys: they outlive what they speak of, and are pruned in any order.
Ids of the practice (patient, appointment, Mandant) are NVARCHAR: they are the practice software's words, not ours.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    UniqueConstraint,
)

from tray_agent.store.types import Credits, UtcDateTime, human_text, key_text, long_text, sort_text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# The practice-wide switches (Schalter)

setting = Table(
    "setting",
    metadata,
    # Sections and keys are stored lower-cased, so that the collation of the database does not matter.
    Column("section", key_text(60), primary_key=True),
    Column("name", human_text(80), primary_key=True),
    Column("value", long_text(), nullable=False),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", human_text(120), nullable=False),
)

# Jobs: schedules, locks, runs, the activity log, pauses, and who is there

job = Table(
    "job",
    metadata,
    Column("key", key_text(40), primary_key=True),
    # The columns of sysschedules, with their codes.
    Column("enabled", Boolean, nullable=False),
    Column("freq_type", Integer, nullable=False),
    Column("freq_interval", Integer, nullable=False),
    Column("freq_subday_type", Integer, nullable=False),
    Column("freq_subday_interval", Integer, nullable=False),
    Column("freq_relative_interval", Integer, nullable=False),
    Column("freq_recurrence_factor", Integer, nullable=False),
    Column("active_start_date", Integer, nullable=False),
    Column("active_end_date", Integer, nullable=False),
    Column("active_start_time", Integer, nullable=False),
    Column("active_end_time", Integer, nullable=False),
    # Planned times count only after this instant: a schedule says nothing of the time before it was saved.
    Column("effective_from", UtcDateTime(), nullable=False),
    # Grows with every change; every change compares it.
    Column("version", Integer, nullable=False),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", human_text(120), nullable=False),
)
"""The five jobs and their schedules; the rows are made with the table."""

job_lock = Table(
    "job_lock",
    metadata,
    Column("job", key_text(40), primary_key=True),
    # The fence: grows by one with every claim, takeover and sweep. Who holds an older one changes nothing any more.
    Column("token", BigInteger, nullable=False),
    # The run that holds the lock, 0: none.
    Column("run_id", Integer, nullable=False),
    # The process that holds it, "": none.
    Column("owner", key_text(40), nullable=False),
    # By the server's clock; 0: free.
    Column("held_until_ms", BigInteger, nullable=False),
    # The run that somebody asked to stop, 0: none.
    Column("cancel_run_id", Integer, nullable=False),
    # Every planned time up to here has its row in the history. Not derived from the history, which is pruned.
    Column("settled_until", UtcDateTime(), nullable=False),
    # The planned time whose work is not done (record 0018), NULL: none.
    Column("owed_at", UtcDateTime()),
    # When its next attempt may begin; NULL: only after something changed.
    Column("next_attempt_at", UtcDateTime()),
    # Why it is owed, a stable word, "": nothing is owed; and since when.
    Column("owed_reason", key_text(40), nullable=False),
    Column("owed_since", UtcDateTime()),
    # Attempts one after the other that brought nothing; the pause before the next grows with them.
    Column("in_vain", Integer, nullable=False),
    # 0: it is owed as it should be; 1: something is in the way; 2: that, and the practice was told.
    Column("trouble", SmallInteger, nullable=False),
)
"""One row a job: no job runs twice at a time, the lease of the run that holds the row, and what is owed. The only place of both."""

job_run = Table(
    "job_run",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job", key_text(40), nullable=False),
    # The planned time in whole seconds; of a run by hand the second in which it was asked for.
    Column("due_at", UtcDateTime(), nullable=False),
    Column("trigger", key_text(12), nullable=False),
    Column("state", key_text(12), nullable=False),
    Column("token", BigInteger, nullable=False),
    # Of its planned time: 1, more where an earlier one left something undone.
    Column("attempt", Integer, nullable=False),
    # How often another computer went on with it.
    Column("takeovers", Integer, nullable=False),
    # 1: a later attempt stands for this one, in which nothing changed.
    Column("folded", SmallInteger, nullable=False),
    Column("workstation", human_text(120), nullable=False),
    Column("started_at", UtcDateTime()),
    Column("finished_at", UtcDateTime()),
    # Counts and skipped as JSON, "" until there is a result.
    Column("result", long_text(), nullable=False),
    Column("problems", Integer, nullable=False),
    # A stable word for what was skipped, failed or cancelled; "" else.
    Column("reason", key_text(40), nullable=False),
    Column("sentence", long_text(), nullable=False),
    # How the sentence was made, so that every reader has it in his own language (record 0016); NULL: nobody knows.
    Column("sentence_source", long_text()),
    UniqueConstraint("job", "due_at", "attempt"),
    # The history by planned time (under every filter that has no index of its own), by trigger, a period, pruning.
    Index("ix_job_run_due_at", "due_at", "id", "trigger", "folded"),
    # Filter and order by status and by workstation; the columns behind the number let other filters be told without the row.
    Index("ix_job_run_state", "state", "due_at", "id", "job", "workstation", "trigger", "folded"),
    Index("ix_job_run_workstation", "workstation", "due_at", "id", "job", "state", "trigger", "folded"),
    # The orders by start and by end, under a filter, too: it is tested on the way. (The filter and order by job: the unique key.)
    Index("ix_job_run_started_at", "started_at", "due_at", "id", "job", "state", "workstation", "folded"),
    Index("ix_job_run_finished_at", "finished_at", "due_at", "id", "job", "state", "workstation", "folded"),
    # The attempts that are not shown, under any filter: they are counted apart.
    Index("ix_job_run_folded", "folded", "job", "due_at", "state", "workstation", "trigger"),
)
"""The history (Auftragsverlauf): one row per attempt of a planned time, and per run by hand."""

activity = Table(
    "activity",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime(), nullable=False),
    Column("service", key_text(12), nullable=False),
    Column("level", key_text(8), nullable=False),
    Column("reason", key_text(40), nullable=False),
    Column("sentence", long_text(), nullable=False),
    # How the sentence was made, so that every reader has it in his own language (record 0016); NULL: nobody knows.
    Column("sentence_source", long_text()),
    # "" where it is about nothing in particular.
    Column("item", human_text(200), nullable=False),
    Column("patient_id", human_text(100)),
    Column("appointment_at", UtcDateTime()),
    Column("workstation", human_text(120), nullable=False),
    # The run it belongs to, 0: none.
    Column("run_id", Integer, nullable=False),
    # 1: "Alle löschen" took it off the list, at that time; it stays stored.
    Column("hidden", SmallInteger, nullable=False),
    Column("hidden_at", UtcDateTime()),
    # What a row is found by: the find_key of its sentence and item.
    Column("find_text", long_text(), nullable=False),
    # A period, whose rows are then told by their numbers; pruning.
    Index("ix_activity_at", "at", "id"),
    # The rows of a run, of an element or message.
    Index("ix_activity_run_id", "run_id", "id"),
    Index("ix_activity_item", "item", "id"),
    # A tab by time; the columns behind the number let reason and workstation be filtered and sorted without the rows.
    Index("ix_activity_list", "hidden", "service", "id", "level", "reason", "workstation"),
    # A tab's errors and warnings: filter and order by level, and the numbers in brackets.
    Index("ix_activity_level", "hidden", "service", "level", "id"),
)
"""The activity log: one row per thing done or refused."""

job_pause = Table(
    "job_pause",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    # "sending" or "everything".
    Column("scope", key_text(12), nullable=False),
    Column("from_at", UtcDateTime(), nullable=False),
    # Null: until somebody resumes.
    Column("until_at", UtcDateTime()),
    Column("paused_by", human_text(120), nullable=False),
)
"""The pauses of the whole practice; ended ones stay until they are pruned, for they explain skipped times."""

agent_presence = Table(
    "agent_presence",
    metadata,
    # The process; new with every start.
    Column("owner", key_text(40), primary_key=True),
    Column("workstation", human_text(120), nullable=False),
    Column("version", key_text(20), nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("seen_ms", BigInteger, nullable=False),
    # This machine's clock minus the server's.
    Column("clock_difference_ms", BigInteger, nullable=False),
    # 1 while its scheduler runs, 0 when it has gone.
    Column("scheduling", SmallInteger, nullable=False),
    # Of an embedded store: which file it was to this agent; a copy is another one. "": a server's store.
    Column("store_file", key_text(60), nullable=False),
    # What it tells of itself, as JSON (tray_agent.jobs.abilities.Report); NULL: a program that told nothing yet.
    Column("report", long_text()),
)
"""The agents that are there: who is on, since when, how wrong its clock is, what it lacks."""

configuration = Table(
    "configuration",
    metadata,
    # Of the configuration: "practice", "gateway", "mail", "ui" (the name of the practice software alone).
    Column("section", key_text(20), primary_key=True),
    # As JSON, in the form in which a file would hold it.
    Column("content", long_text(), nullable=False),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", human_text(120), nullable=False),
)
"""What the practice has configured, once for all workstations; without passwords."""

# Messages: text templates, outbox, credits

message_template = Table(
    "message_template",
    metadata,
    Column("kind", key_text(12), primary_key=True),
    Column("channel", key_text(8), primary_key=True),
    Column("language", key_text(10), primary_key=True),
    Column("subject", human_text(300), nullable=False),
    Column("text", long_text(), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", human_text(120), nullable=False),
)
"""The practice's own text templates; without a row the product's template is used, a disabled one is used by nobody."""

message = Table(
    "message",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    # Our own identity at the gateway (ASPSMS: TRN; e-mail: Message-ID), derived from unique_key, the same for every attempt. As
    # different as the keys, which are UNIQUE; an index of its own over 100 random bits would cost more than all others together.
    Column("reference", key_text(24), nullable=False),
    # Carries the promise: reminder/START/APPOINTMENT or birthday/YEAR/PATIENT (see tray_agent.messages.outbox.keys).
    Column("unique_key", key_text(160), nullable=False),
    Column("kind", key_text(12), nullable=False),
    Column("channel", key_text(8)),
    Column("state", key_text(12), nullable=False),
    Column("patient_id", human_text(100), nullable=False),
    Column("patient_name", human_text(200), nullable=False),
    Column("mandant_id", human_text(100)),
    Column("appointment_id", human_text(100)),
    Column("recipient", human_text(254)),
    Column("language", key_text(10)),
    Column("subject", human_text(300), nullable=False),
    Column("text", long_text(), nullable=False),
    Column("segments", Integer, nullable=False),
    Column("cost", Credits(), nullable=False),
    # Why the message is where it is: a stable word, and the sentence for people.
    Column("reason", key_text(40), nullable=False),
    Column("sentence", long_text(), nullable=False),
    Column("appointment_at", UtcDateTime()),
    # When the next step is due: the next attempt (prepared), question (sending, in_doubt) or status inquiry (submitted, buffered).
    Column("next_at", UtcDateTime(), nullable=False),
    # From here on it is never sent: the start of the appointment, or the end of the birthday.
    Column("expires_at", UtcDateTime(), nullable=False),
    # The run that took it for sending, and its fence.
    Column("run_id", Integer),
    Column("token", BigInteger, nullable=False),
    # Grows with every change; every change compares it.
    Column("version", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("prepared_at", UtcDateTime(), nullable=False),
    Column("sending_at", UtcDateTime()),
    Column("submitted_at", UtcDateTime()),
    Column("final_at", UtcDateTime()),
    # A message in doubt: how often and since when the gateway said that it does not know the reference.
    Column("times_asked", Integer, nullable=False),
    Column("first_asked_at", UtcDateTime()),
    Column("last_asked_at", UtcDateTime()),
    # Delivery: inquiries so far, the newest notification and its code.
    Column("status_checks", Integer, nullable=False),
    Column("notified_at", UtcDateTime()),
    Column("reason_code", key_text(16), nullable=False),
    # Who decided a doubt, cancelled it, or ticked it off the call list.
    Column("handled_by", human_text(120)),
    Column("handled_at", UtcDateTime()),
    # The gateway's account that it was handed to: only there it can be asked about.
    Column("account", human_text(200)),
    # By what the patient's name is sorted and found (tray_agent.search_keys).
    Column("patient_sort", sort_text(200), nullable=False),
    Column("patient_find", sort_text(200), nullable=False),
    # How the sentence was made, so that every reader has it in his own language (record 0016); NULL: nobody knows.
    Column("sentence_source", long_text()),
    # What the last comparison with the agenda found, "": as it was told (record 0019); and since when.
    Column("standing", key_text(12), nullable=False),
    Column("standing_since", UtcDateTime()),
    # The doctor that the text names; NULL where it names none.
    Column("doctor", human_text(200)),
    # The key of the message that says the same words to the same number: this one is not sent.
    Column("said_by", key_text(160)),
    # Ticked off the call list: when and by whom, and what that replaced and wrote beside (JSON), so that it can be taken back exactly.
    # NULL: nobody did, or it was taken back. With the note, this is about a patient and goes where his name goes.
    Column("ticked_at", UtcDateTime()),
    Column("ticked_by", human_text(120)),
    Column("ticked_over", long_text()),
    # How often somebody called in vain, and the last time.
    Column("unreached", Integer, nullable=False),
    Column("unreached_at", UtcDateTime()),
    Column("unreached_by", human_text(120)),
    # What somebody noted on the call list; NULL: nothing.
    Column("note", human_text(500)),
    Column("noted_at", UtcDateTime()),
    Column("noted_by", human_text(120)),
    UniqueConstraint("unique_key"),
    # What is due, read on by number, and the outbox under the filters of state and kind.
    Index("ix_message_state", "state", "id", "next_at", "kind"),
    # The order by patient and the search for one; the columns behind the number let it be told without the row who is found.
    Index("ix_message_patient", "patient_sort", "id", "patient_find", "patient_id", "state", "kind"),
    # The orders by preparing and by appointment, under a filter, too: it is tested on the way.
    Index("ix_message_prepared_at", "prepared_at", "id", "state", "kind"),
    Index("ix_message_appointment_at", "appointment_at", "id", "state", "kind"),
    # What preparing must know of an appointment and of a patient.
    Index("ix_message_appointment_id", "appointment_id"),
    Index("ix_message_patient_id", "patient_id"),
)
"""The outbox (Versand-Queue): one row for every message, kept after it is final."""

covered_day = Table(
    "covered_day",
    metadata,
    Column("job", key_text(40), primary_key=True),
    # ISO date, by the practice's calendar.
    Column("day", key_text(10), primary_key=True),
    # The newest planned time whose run searched it.
    Column("searched_at", UtcDateTime(), nullable=False),
)
"""The days that a successful run of a preparing job searched."""

question = Table(
    "question",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("kind", key_text(20), nullable=False),
    # What makes it another question than one of the same kind before.
    Column("subject", key_text(120), nullable=False),
    Column("asked_at", UtcDateTime(), nullable=False),
    Column("sentence", long_text(), nullable=False),
    # How the sentence was made, so that every reader has it in his own language (record 0016); NULL: nobody knows.
    Column("sentence_source", long_text()),
    # What it is about, as JSON: for whoever asked.
    Column("about", long_text(), nullable=False),
    # A stable word, "": nobody answered.
    Column("answer", key_text(20), nullable=False),
    Column("answered_by", human_text(120)),
    Column("answered_at", UtcDateTime()),
    UniqueConstraint("kind", "subject"),
)
"""What a person has to decide, once for the practice."""

practice_view = Table(
    "practice_view",
    metadata,
    Column("name", key_text(40), primary_key=True),
    # When it last held rows, to the day.
    Column("filled_at", UtcDateTime(), nullable=False),
    # Since when it was found empty without a person's word that it is right; NULL: it holds rows.
    Column("empty_since", UtcDateTime()),
)
"""The views of the practice's data that held rows: one that holds none any more is a fault, not a fact."""

store_state = Table(
    "store_state",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    # The store's own, random; a copy has the same.
    Column("number", key_text(40), nullable=False),
    # Grows with every run that sends and every person's decision; a store below what a workstation saw was put back.
    Column("generation", BigInteger, nullable=False),
    # The server and database that it was last used on: for people, and as a key to compare.
    Column("place", human_text(300), nullable=False),
    Column("place_key", key_text(64), nullable=False),
)
"""One row: which store this is, and how far it has come."""

credit_balance = Table(
    "credit_balance",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("mandant_id", human_text(100), nullable=False),
    Column("measured_at", UtcDateTime(), nullable=False),
    Column("balance", Credits(), nullable=False),
    Index("ix_credit_balance_mandant_id", "mandant_id", "measured_at"),
)
"""The credits of each Mandant's account over time, as the gateway told them."""

# Downloads: subscriptions, downloaded versions with their hashes, refused targets

subscription = Table(
    "subscription",
    metadata,
    Column("element", key_text(64), primary_key=True),
    Column("title", human_text(200), nullable=False),
    # The newest version when it was subscribed: the line to stay on until something is installed. Empty: none.
    Column("baseline", key_text(24), nullable=False),
    Column("subscribed_at", UtcDateTime(), nullable=False),
    Column("subscribed_by", human_text(120), nullable=False),
)

download = Table(
    "download",
    metadata,
    Column("element", key_text(64), primary_key=True),
    Column("version", key_text(24), primary_key=True),
    Column("title", human_text(200), nullable=False),
    Column("released", key_text(10), nullable=False),
    Column("notes", long_text(), nullable=False),
    Column("kind", key_text(8), nullable=False),
    Column("restart", Boolean(create_constraint=False), nullable=False),
    Column("needs", key_text(24), nullable=False),
    Column("publisher", human_text(120), nullable=False, default=""),
    Column("target", key_text(255), nullable=False),
    Column("file_name", key_text(120), nullable=False),
    Column("size", BigInteger(), nullable=False),
    Column("state", key_text(16), nullable=False),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", human_text(120), nullable=False),
    # "workstation": each installs it; "practice": one installation counts for all.
    Column("scope", key_text(12), nullable=False),
    # The version of the practice software that it installs. Empty: it leaves that as it is.
    Column("software", key_text(24), nullable=False),
)
"""The versions that the practice wants, has, or had; what is on which workstation stands in ``workstation_download``."""

workstation_download = Table(
    "workstation_download",
    metadata,
    Column("element", key_text(64), primary_key=True),
    Column("version", key_text(24), primary_key=True),
    Column("workstation", human_text(120), primary_key=True),
    # Of the file there when it was last verified, in nanoseconds; a difference asks for a new verification. NULL: no file is known there.
    Column("file_time", BigInteger(), nullable=True),
    Column("verified_at", UtcDateTime(), nullable=True),
    # "", "started", "installed".
    Column("installed", key_text(12), nullable=False),
    # Windows' codes are unsigned: 3221225477 for a crash.
    Column("exit_code", BigInteger(), nullable=True),
    Column("changed_at", UtcDateTime(), nullable=False),
    Column("changed_by", human_text(120), nullable=False),
)
"""Which version's file is on which workstation, and what became of it there."""

download_hash = Table(
    "download_hash",
    metadata,
    Column("element", key_text(64), primary_key=True),
    Column("version", key_text(24), primary_key=True),
    Column("algorithm", key_text(16), primary_key=True),
    Column("digest", key_text(128), nullable=False),
    ForeignKeyConstraint(["element", "version"], ["download.element", "download.version"], ondelete="CASCADE"),
)

refused_target = Table(
    "refused_target",
    metadata,
    # SHA-256 of path and reason: what is known to be refused is told once, not at every run.
    Column("fingerprint", key_text(64), primary_key=True),
    Column("first_seen", UtcDateTime(), nullable=False),
)
