"""The agent: builds the parts from the machine's configuration, each when first asked for.

This is the composition root of the engine. The command line, the headless agent and the desktop program all build
one ``Agent`` and use its parts; nobody else puts parts together.
"""

from __future__ import annotations

import getpass
import socket
from contextlib import ExitStack, suppress
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tray_agent.clock import Clock, SystemClock
from tray_agent.config.machine import Machine
from tray_agent.config.secrets import Secrets, SystemSecrets
from tray_agent.errors import ConfigurationError, KnownError
from tray_agent.in_force import ConfigurationInForce, made_for_configuration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    from tray_agent.abilities import Abilities
    from tray_agent.config.settings import PracticeIds, Setting, Value
    from tray_agent.config.write import Changes
    from tray_agent.downloads.service import DownloadService
    from tray_agent.job_kinds import JobKey
    from tray_agent.jobs.contract import JobContext, JobResult, JobWork, JobWorks
    from tray_agent.jobs.events import Event, Events
    from tray_agent.jobs.outlook import Outlook
    from tray_agent.jobs.scheduler import Scheduler
    from tray_agent.jobs.service import Jobs
    from tray_agent.messages.gateways.contract import MailGateway
    from tray_agent.messages.gateways.registry import SmsGateways
    from tray_agent.messages.guards.questions import Question, QuestionService
    from tray_agent.messages.mail_sign_in import MailSignIn
    from tray_agent.messages.outbox.model import Waiting
    from tray_agent.messages.service import MessageService
    from tray_agent.messages.texts.service import TemplateService
    from tray_agent.messages.texts.templates import TemplateBook
    from tray_agent.messages.work.preview import PreviewService
    from tray_agent.practice.model import PracticeSource
    from tray_agent.schedules.order_check import OrderFinding
    from tray_agent.schedules.schedule import Schedule
    from tray_agent.store.database import Database
    from tray_agent.store.private import PrivateStore
    from tray_agent.store.settings import SettingStore
    from tray_agent.store.state import SeenStores


class Agent:
    """The parts of the program on one machine. Building it costs nothing; parts are imported and made when used.

    Args:
        machine: the configuration of this machine; what it says of the practice's holds until the practice has configured something,
            and is taken over then (decision record 0020).
        secrets: where passwords are; the system's keyring by default.
        clock: the clock; the machine's by default.
        workstation: this computer's name in the history; its host name by default.
        on_trial: whether all of ``machine`` holds as it is, and its servers get their passwords: a person at this computer tries it out.

    Attributes:
        machine: what is this machine's own: where store and folders are, whom it trusts, its language.
    """

    def __init__(
        self,
        machine: Machine,
        *,
        secrets: Secrets | None = None,
        clock: Clock | None = None,
        workstation: str | None = None,
        on_trial: bool = False,
    ) -> None:
        self.machine = machine
        self._kept_secrets = secrets or SystemSecrets()
        self._on_trial = on_trial
        self.clock: Clock = clock or SystemClock()
        self.workstation = (workstation or socket.gethostname())[:120]  # as much as the store takes: one name, wherever it is compared
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        """Returns itself; at the end of the block everything that was opened is closed."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Closes what was opened, the last first."""
        self.close()

    def close(self) -> None:
        """Closes what was opened, the last first; may be called twice."""
        self._closing.close()

    @cached_property
    def person(self) -> str:
        """Who acts at this workstation, as records name them: "anna@EMPFANG"."""
        return f"{getpass.getuser()}@{self.workstation}"

    @cached_property
    def store(self) -> Database:
        """The agent's own database, its tables checked; in an embedded file they are made, or brought up after a copy of the file.

        Raises:
            SchemaOutdatedError: on a server the tables are missing or older than this program.
            ProgramOutdatedError: the tables are newer than this program.
            BackupFailedError: the copy of an embedded store could not be written.
            DatabaseUnavailableError: no connection.
        """
        from tray_agent.store.schema_version import NEWEST, check_schema, current_revision

        database = self.store_unchecked
        if database.dialect == "sqlite" and (found := current_revision(database)) != NEWEST:
            from tray_agent.store.migrate import upgrade

            upgrade(database, copy_stamp=self.clock.now().astimezone() if found else None)
        check_schema(database)
        with suppress(KnownError):  # whoever needs it is told; the store is there
            self.in_force.look(database)
        return database

    @cached_property
    def store_unchecked(self) -> Database:
        """The agent's own database, whatever tables it has; for ``db upgrade`` and ``doctor``."""
        return self._open(self.machine.store_url, "store", self.machine.store.table_schema)

    # The configuration

    @cached_property
    def in_force(self) -> ConfigurationInForce:
        """What holds here of what the practice and this computer have configured."""
        own = (self.machine, self._kept_secrets, self.workstation, lambda: self.person)
        return ConfigurationInForce(*own, lambda: self.store, self._configuration_changed, on_trial=self._on_trial)

    @property
    def configuration(self) -> Machine:
        """What holds here, as it was read last: without a question to the store, and so safe on the GUI thread."""
        return self.in_force.machine

    @property
    def zone(self) -> ZoneInfo:
        """The practice's time zone, as ``configuration``."""
        return self.in_force.machine.zone

    @cached_property
    def secrets(self) -> Secrets:
        """The passwords, given out only for the servers for which they are meant."""
        return self.in_force.secrets

    def look_at_configuration(self) -> None:
        """Reads the configuration anew; where it changed, here or elsewhere, parts that are asked for from now on keep to it.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError: as ``store``.
            ConfigurationError: what the practice has configured does not fit; what held before still does.
        """
        self.in_force.look()

    def _configuration_changed(self, *, made_anew: bool) -> None:
        """Has looked at anew what is lacking, and tells where parts are made anew from now on."""
        if "abilities" in self.__dict__:
            self.abilities.forget()
        if made_anew and "job_events" in self.__dict__:
            from tray_agent.jobs.events import ConfigurationChanged

            self.job_events.tell(ConfigurationChanged())

    def configure(self, changes: Changes) -> None:
        """Writes what the practice configures, for all workstations, and has tried what a changed server or account held back.

        Args:
            changes: as of ``ConfigurationInForce.save``.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError, OutcomeUnknownError, InputError: as ``ConfigurationInForce.save``.
        """
        self.in_force.save(changes)
        if any(place[0] in ("gateway", "mail") for place in changes):
            self.try_refused()

    def confirm_hosts(self, hosts: Mapping[str, str]) -> None:
        """Notes a person's word for which servers passwords are meant, by the name of the password as ``host_of`` writes the server."""
        self.in_force.confirm(hosts)
        with suppress(KnownError):  # it is noted; the next look finds it anyway
            self.look_at_configuration()
            self.try_refused()

    def take_new_passwords(self) -> None:
        """Has parts made anew that hold passwords, and what was refused tried again; those of the databases hold after the next start."""
        self.in_force.make_anew()
        self.abilities.forget()
        with suppress(KnownError):
            self.try_refused()

    def try_refused(self) -> None:
        """Has tried now what waits because an account, a password or a server was refused: it was changed.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError: as ``store``.
        """
        from tray_agent.store.connecting import try_all_again

        try_all_again()
        with suppress(ConfigurationError):  # of a mail server that can't be used
            self.messages.try_refused()
        self.jobs.try_again(changed=True)

    @cached_property
    def seen_stores(self) -> SeenStores:
        """How far this computer saw its store, kept outside of it."""
        from tray_agent.store.state import SeenStores

        return SeenStores(self.machine.data_folder / "seen-stores.json", self.clock)

    @cached_property
    def settings(self) -> SettingStore:
        """The practice-wide switches."""
        from tray_agent.store.settings import SettingStore

        return SettingStore(self.store)

    def save_switches(self, values: Mapping[Setting, Value]) -> None:
        """Writes switches for the whole practice, and tries at once what one of them held back.

        Raises:
            DatabaseUnavailableError, OutcomeUnknownError: as ``SettingStore.save``.
        """
        from tray_agent.errors import KnownError

        self.settings.save(values, changed_by=self.person)
        with suppress(KnownError):  # they are saved; what was held back is looked at again in a while anyway
            self.jobs.try_again(changed=True)

    @made_for_configuration
    def messages(self) -> MessageService:
        """The outbox, credits, and what the four jobs of the SMS-Service work with.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError: as ``store``.
            ConfigurationError: the mail server of the configuration can't be used.
        """
        from tray_agent.job_kinds import JobKey
        from tray_agent.messages.outbox.model import OutboxReason
        from tray_agent.messages.service import MessageService
        from tray_agent.messages.texts.rendering import PracticeWords
        from tray_agent.messages.work.parts import MailIdentity, MessageParts
        from tray_agent.protocol.activity_log import ActivityLog

        def templates() -> TemplateBook:
            return self.templates.book()  # imported for the first message: a program at rest needs no texts

        database, machine = self.store, self.in_force.known()
        parts = MessageParts(
            database=database,
            settings=self.settings.load,
            practice=self.practice,
            templates=templates,
            sms=self.sms_gateways,
            mail=self.mail_gateway if machine.mail.host else None,
            mail_identity=lambda mandant_id: MailIdentity.of(machine.mail, mandant_id),
            clock=self.clock,
            zone=machine.zone,
            words=PracticeWords.of(machine.practice),
            region=machine.practice.region,
            canton=machine.practice.canton,
            next_sending=lambda: self._next_run(JobKey.SEND_MESSAGES),
            next_telling=self._next_telling,
            outlook=self._sending_outlook,
            planned_days=self._planned_days,
            make_sending_due=lambda: self.jobs.make_due(JobKey.SEND_MESSAGES, OutboxReason.DECIDED),
            try_sending=self._try_sending,
            seen=self.seen_stores,
            private=self.private_store,
        )
        log = ActivityLog(self.store, self.workstation)
        return MessageService(parts, lambda rows, connection: log.write(rows, connection=connection))

    @property
    def private_store(self) -> PrivateStore | None:
        """Why this store may be one of several, each of which would send everything; None: nothing says so."""
        from tray_agent.store.private import private_store

        return private_store(self.machine.store_url, self.machine.practice_url, self.workstation)

    def _try_sending(self, changed: bool) -> None:
        """Lets sending be tried now; where somebody changed something also the asking what became of what was sent."""
        from tray_agent.job_kinds import JobKey

        self.jobs.try_again([JobKey.SEND_MESSAGES, *([JobKey.UPDATE_STATUS] if changed else [])], changed=changed)

    def _next_run(self, key: JobKey) -> datetime | None:
        from tray_agent.schedules.planned_times import next_after

        plan = self.jobs.plans.load()
        return next_after(plan.jobs[key].schedule, self.zone, plan.now)

    def _next_telling(self) -> datetime | None:
        """Returns when the next run of preparing leads to messages: it makes sending due, which waits for a planned time that is left."""
        from tray_agent.job_kinds import JobKey
        from tray_agent.schedules.planned_times import next_after

        zone, prepares = self.zone, self._next_run(JobKey.PREPARE_REMINDERS)
        sends = next_after(self.jobs.plans.load().jobs[JobKey.SEND_MESSAGES].schedule, zone, prepares) if prepares else None
        is_left = sends and prepares and sends.astimezone(zone).date() == prepares.astimezone(zone).date()
        return sends if is_left else prepares

    @cached_property
    def questions(self) -> QuestionService:
        """What a person has to decide. An answer lets what waited for it be tried now.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError: as ``store``.
        """
        from tray_agent.messages.guards.questions import QuestionService
        from tray_agent.protocol.activity_log import ActivityLog

        log = ActivityLog(self.store, self.workstation)
        return QuestionService(self.store, lambda rows, connection: log.write(rows, connection=connection), self._answered)

    def _answered(self, question: Question) -> None:
        from tray_agent.errors import KnownError
        from tray_agent.job_kinds import JobKey
        from tray_agent.messages.guards.questions import CONCERNS_PREPARING
        from tray_agent.messages.outbox.model import OutboxReason

        preparing = (JobKey.PREPARE_REMINDERS, JobKey.PREPARE_BIRTHDAYS)
        waiting = (*(preparing if question.kind in CONCERNS_PREPARING else ()), JobKey.SEND_MESSAGES)
        with suppress(KnownError):  # the answer is written; what waits for it is tried in a while anyway
            self.jobs.try_again(waiting, changed=True)
            for job in waiting:
                self.jobs.make_due(job, OutboxReason.QUESTION)

    def _sending_outlook(self) -> Outlook:
        """Returns when sending runs next by what is planned."""
        from tray_agent.job_kinds import JobKey
        from tray_agent.jobs.outlook import Outlook, outlook_of

        if not self.is_switched_on(JobKey.SEND_MESSAGES):
            return Outlook()
        return outlook_of(self.jobs.plans.load(), JobKey.SEND_MESSAGES, self.zone, self.jobs.around.quiet())

    def _planned_days(self, job: JobKey, after: datetime, until: datetime) -> Iterable[date]:
        """Gives the days on which a job has a planned time between two instants, by its schedule as it is now."""
        from tray_agent.schedules.planned_times import days_between

        return days_between(self.jobs.plans.load().jobs[job].schedule, self.zone, after, until)

    def gaps(
        self, schedules: Mapping[JobKey, Schedule] | None = None, changes: Mapping[Setting, Value] | None = None
    ) -> Sequence[OrderFinding]:
        """Returns what is to be told of days on which no planned run reminds of an appointment, or greets. Asks the databases.

        Args:
            schedules: of all jobs; by default those that are saved.
            changes: switches that are not saved yet.

        Raises:
            DatabaseUnavailableError: no connection to the agent's own database; the practice's may be away.
        """
        from tray_agent.config.settings import Settings
        from tray_agent.job_kinds import JobKey
        from tray_agent.messages.rules.eligibility import RuleSettings
        from tray_agent.messages.rules.gaps import find_greeting_gaps
        from tray_agent.messages.work.coverage import gaps_of

        plan = self.jobs.plans.load()
        planned = schedules or {key: job.schedule for key, job in plan.jobs.items()}
        settings = RuleSettings.of(Settings({**self.settings.load().values, **(changes or {})}))
        reminders = gaps_of(self.store, lambda: self.practice, planned[JobKey.PREPARE_REMINDERS], settings, self.zone)
        greetings = find_greeting_gaps(planned[JobKey.PREPARE_BIRTHDAYS], settings, self.zone, plan.now)
        return (*self._private_finding(schedules), *reminders, *greetings)

    def _private_finding(self, schedules: Mapping[JobKey, Schedule] | None) -> Iterator[OrderFinding]:
        """Gives that nothing is sent from here until a person has decided, where sending is enabled and the store may be one of several."""
        from tray_agent.i18n import join_texts
        from tray_agent.job_kinds import JobKey
        from tray_agent.messages.guards.private import decision_about
        from tray_agent.schedules.order_check import OrderFinding, OrderFindingKind

        sending, private = JobKey.SEND_MESSAGES, self.private_store
        if private is None or decision_about(self.store, private):
            return
        schedule = schedules[sending] if schedules else self.jobs.plans.load().jobs[sending].schedule
        if schedule.enabled:
            yield OrderFinding(OrderFindingKind.PRIVATE_STORE, (sending,), (), join_texts(private.sentence, private.advice))

    def waiting_to_send(self) -> Waiting | None:
        """Returns the messages that wait though sending may run and will not any more today by itself; None where none do.

        Whoever saved a schedule, turned a switch on or ended a pause may want to send them now. Asks the database.
        """
        from tray_agent.job_kinds import JobKey
        from tray_agent.schedules.planned_times import next_after

        sending = JobKey.SEND_MESSAGES
        if not self.jobs.rests_today(sending):
            return None
        plan = self.jobs.plans.load()
        waiting = self.messages.waiting(next_after(plan.jobs[sending].schedule, self.zone, plan.now))
        return waiting if waiting.number else None

    @made_for_configuration
    def preview(self) -> PreviewService:
        """What the next preparing would find; writes nothing.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError, ConfigurationError: as ``messages``.
        """
        from tray_agent.messages.work.preview import PreviewService, sending_time_of

        return PreviewService(self.messages.parts, sending_time_of(self.jobs, self.zone))

    @cached_property
    def downloads(self) -> DownloadService:
        """The Download-Service: portal, subscriptions, downloads, installation.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError: as ``store``.
        """
        from tray_agent.downloads.parts import DownloadParts
        from tray_agent.downloads.service import DownloadService

        parts = DownloadParts(
            self.machine, self.store, self.settings, self.clock, self.workstation, self._closing,
            lambda: self.zone, self._software_elsewhere, after_next=self._downloading_after_next,
        )  # fmt: skip
        return DownloadService(parts)

    def _downloading_after_next(self) -> datetime | None:
        """Returns the planned time of the Download-Service after its next one."""
        from tray_agent.job_kinds import JobKey
        from tray_agent.schedules.planned_times import next_after

        plan = self.jobs.plans.load()
        schedule = plan.jobs[JobKey.DOWNLOAD].schedule
        following = next_after(schedule, self.zone, plan.now)
        return next_after(schedule, self.zone, following) if following else None

    def _software_elsewhere(self) -> Mapping[str, str]:
        """Returns the version of the practice software by workstation, as each told last; "" where one told none."""
        known = self.jobs.presences.known()
        told = {one.workstation: one.report.software for one in known if one.report and one.report.software}
        return {one.workstation: "" for one in known} | told

    def _bring_downloads(self) -> None:
        """Brings what the practice is offered into this workstation's folder, while the Download-Service is on and not paused."""
        from tray_agent.job_kinds import JobKey
        from tray_agent.jobs.scheduler import network_ready

        def may() -> bool:
            return self.is_switched_on(JobKey.DOWNLOAD) and not self.jobs.is_held_back(JobKey.DOWNLOAD)

        if self.is_switched_on(JobKey.DOWNLOAD):
            self.downloads.bring(may, network_ready)

    @property
    def job_works(self) -> JobWorks:
        """What the runs of the jobs do. Makes no connection yet.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError: as ``store``.
        """
        from tray_agent.job_kinds import JobKey

        return {key: self._work_of(key) for key in JobKey}

    def _work_of(self, key: JobKey) -> JobWork:
        from tray_agent.job_kinds import JobKey
        from tray_agent.messages.service import message_work

        if key is JobKey.DOWNLOAD:
            return self.downloads.work
        work = message_work(lambda: self.messages.parts, key)

        def begin(context: JobContext) -> JobResult:
            self.look_at_configuration()  # what the practice has configured now holds for this run, to its end
            if key is JobKey.SEND_MESSAGES:
                self.jobs.presences.check_own()  # a store that was copied while the old computer goes on would send everything twice
            return work(context)

        return begin

    def is_switched_on(self, key: JobKey) -> bool:
        """Returns whether a switch that turns a job on stands on Ja now."""
        from tray_agent.job_kinds import job_kind

        return job_kind(key).is_switched_on(self.settings.load())

    @cached_property
    def job_events(self) -> Events:
        """Where runs, the plan and the state of the database are told; there even while the database is away."""
        from tray_agent.jobs.events import Events

        return Events()

    @cached_property
    def jobs(self) -> Jobs:
        """The five jobs: schedules, runs, history, activity log.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError: as ``store``.
        """
        from tray_agent.config.settings import KEEP_LOG_DAYS
        from tray_agent.jobs.contract import Surroundings
        from tray_agent.jobs.service import Jobs
        from tray_agent.schedules.quiet_hours import QuietHours

        around = Surroundings(
            workstation=self.workstation,
            zone_now=lambda: self.zone,
            clock=self.clock,
            events=self.job_events,
            works=lambda: self.job_works,
            switched_on=self.is_switched_on,
            quiet=lambda: QuietHours.from_settings(self.settings.load(), self.configuration.practice.canton),
            keep_days=lambda: self.settings.load().number(KEEP_LOG_DAYS),
            gaps=self.gaps,
            seen=self.seen_stores,
            lacks=self.abilities.lacks,
            forget_lacks=self.abilities.forget,
            report=self.abilities.report,
            look_at_configuration=self.look_at_configuration,
        )
        self.job_events.subscribe(self._write_through)
        return Jobs(self.store, around, nudge=self._nudge_scheduler)

    @cached_property
    def abilities(self) -> Abilities:
        """What this workstation lacks to do the jobs."""
        from tray_agent.abilities import Abilities

        asked = (lambda: self.store, lambda: self.practice_database)
        return Abilities(self.in_force, self.clock, *asked)

    def _write_through(self, event: Event) -> None:
        """Brings what a run wrote into the file of an embedded store: a copy of the file alone must not be an old state."""
        from tray_agent.jobs.events import RunFinished

        if isinstance(event, RunFinished):
            self.store.write_through()

    @cached_property
    def scheduler(self) -> Scheduler:
        """Runs the jobs at their times once it is started; needs no database to be built or started."""
        from tray_agent.jobs.scheduler import Scheduler, network_ready

        return Scheduler(lambda: self.jobs, self.job_events, self.clock, network_ready, chore=self._bring_downloads)

    def _nudge_scheduler(self) -> None:
        """Has the plan looked at now where a scheduler runs here; a command does not build one for it."""
        if "scheduler" in self.__dict__:
            self.scheduler.look_soon()

    @cached_property
    def practice(self) -> PracticeSource:
        """The practice's own data, read-only; connects when first asked.

        Raises:
            ConfigurationError: the address of the practice's database can't be read.
        """
        from tray_agent.practice.sql_source import SqlPracticeSource

        return SqlPracticeSource(self.practice_database, self.machine.practice.view_schema)

    @cached_property
    def practice_database(self) -> Database:
        """The practice's database, never written; its password is the secret ``practice``, or the store's where both are one."""
        secret = "practice" if self.machine.practice.url else "store"
        return self._open(self.machine.practice_url, secret, None, guest=True)

    def practice_ids(self) -> PracticeIds | None:
        """Returns the Mandanten and visit reasons that there are, or None where the practice's data can't be read.

        Then any id is taken, and whoever sets one is told that nobody checked it: the switches are also set before the connection to
        the practice's data works. Asks the database: never on the GUI thread.
        """
        from tray_agent.config.settings import PracticeIds
        from tray_agent.errors import KnownError

        try:
            return PracticeIds(
                {mandant.id: mandant.name for mandant in self.practice.mandants().values()},
                {reason.id: reason.name for reason in self.practice.visit_reasons().values()},
            )
        except KnownError:
            return None

    @made_for_configuration
    def templates(self) -> TemplateService:
        """The texts of messages (Textvorlagen)."""
        from tray_agent.messages.texts.rendering import PracticeWords
        from tray_agent.messages.texts.service import TemplateService

        return TemplateService(self.store, self.settings.load, lambda: self.practice, PracticeWords.of(self.in_force.known().practice))

    @made_for_configuration
    def sms_gateways(self) -> SmsGateways:
        """The SMS gateways by Mandant id, each opened when first asked for."""
        from tray_agent.messages.gateways.registry import SmsGateways

        machine = self.in_force.known()
        gateways = SmsGateways(machine.gateway, self.in_force.secrets_for(machine), self.clock, machine.data_folder)
        self._closing.callback(gateways.close)
        return gateways

    @made_for_configuration
    def mail_gateway(self) -> MailGateway:
        """The way for e-mail.

        Raises:
            ConfigurationError: no mail server in the configuration, or one that would get a password in the clear.
        """
        from tray_agent.messages.gateways.smtp import SmtpGateway

        machine = self.in_force.known()
        password = self.in_force.secrets_for(machine).get("mail") if machine.mail.user and machine.mail.sign_in == "password" else ""
        sign_in = self.mail_sign_in if machine.mail.user and machine.mail.sign_in == "microsoft" else None
        gateway = SmtpGateway(machine.mail, password, self.clock, sign_in=sign_in)
        self._closing.callback(gateway.close)
        return gateway

    @made_for_configuration
    def mail_sign_in(self) -> MailSignIn:
        """The token that mail servers of Microsoft 365 take instead of a password."""
        from tray_agent.messages.mail_sign_in import MailSignIn, microsoft

        machine = self.in_force.known()
        secrets = self.in_force.secrets_for(machine)
        return MailSignIn(machine.mail, secrets, microsoft(machine.mail, self.clock), self.clock, machine.data_folder)

    def _open(self, url: str, secret: str, schema: str | None, *, guest: bool = False) -> Database:
        """Opens a database with its password from the secrets. An embedded one has this machine's clock."""
        from tray_agent.store.database import open_database, with_password

        complete = with_password(url, lambda: self.secrets.get(secret))
        clock = self.clock if complete.get_backend_name() == "sqlite" else None
        database = open_database(complete, schema=schema, clock=clock, guest=guest)
        self._closing.callback(database.dispose)
        return database
