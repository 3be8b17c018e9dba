"""What preparing, sending and tracking work with: put together once by the composition root, or by a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tray_agent.clock import Clock
from tray_agent.config.settings import Settings
from tray_agent.errors import KnownError
from tray_agent.jobs.outlook import Outlook
from tray_agent.messages.model import Channel, MessageState
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.store.private import PrivateStore
from tray_agent.store.state import SeenStores

if TYPE_CHECKING:
    from tray_agent.config.machine import MailSection
    from tray_agent.job_kinds import JobKey
    from tray_agent.messages.gateways.contract import MailGateway
    from tray_agent.messages.gateways.registry import SmsGateways
    from tray_agent.messages.outbox.model import OutboxMessage
    from tray_agent.messages.rules.eligibility import Circumstances
    from tray_agent.messages.texts.rendering import PracticeWords
    from tray_agent.messages.texts.templates import TemplateBook
    from tray_agent.practice.model import PracticeSource
    from tray_agent.store.database import Database


@dataclass(frozen=True, slots=True)
class MailIdentity:
    """How one Mandant's e-mails are signed."""

    address: str
    name: str = ""

    @classmethod
    def of(cls, mail: MailSection, mandant_id: str) -> MailIdentity:
        """Returns what a machine's configuration says of it: the Mandant's own sender, else the practice's."""
        own = mail.senders.get(mandant_id)
        return cls(own.address, own.name or mail.sender_name) if own else cls(mail.sender, mail.sender_name)


@dataclass(frozen=True, slots=True)
class SendingRules:
    """The times and numbers of sending; the defaults are those of the product, tests and trials shorten them.

    Attributes:
        chunk: how many messages are checked against the practice's data at once.
        ahead: how many intents are committed ahead of each connection, so that none waits for a COMMIT.
        fresh: a check against the practice's data is repeated when it is older than this at the intent.
        leave_within: a message whose intent was committed leaves within this time, or not at all.
        mail_leave_within: the same for an e-mail: a slow server takes as long until it is ready for the text; far below ``mail_under_way``.
        under_way: so long after the intent a request could still reach the gateway; before, nobody is asked.
        mail_under_way: the same for an e-mail, whose exchange has many steps, each with a time-out.
        ask_every, times: a gateway is believed that it never got a message after it said so this often, this far apart
            (ASPSMS: "not known" also means "not yet submitted"; three times within 15 minutes).
        back_off: pauses after "not now", the last one again and again; each varied by up to a fifth.
        patience: so long a run waits for what was put off or is in doubt, before it leaves it to the next attempt: long enough to settle a
            doubt, and below the quarter of an hour after which trouble is told.
        patience_by_hand: the same where a person began the run and waits for its result.
        give_up: after this time an answer about a message in doubt is of no use any more.
        track: so long a submitted message is followed up (seven days).
        inquiry: how many references are asked about in one request.
        most_requests: so many requests of one account a run that updates the status makes at the most; the rest is for the next run.
        unasked: fewer messages than so many, and up to three times as many as usual, leave without a person being asked.
        request_every: so long the next run waits for each request of one account: with ``most_requests`` that is twelve an hour.
    """

    chunk: int = 100
    ahead: int = 3
    fresh: timedelta = timedelta(minutes=1)
    leave_within: timedelta = timedelta(seconds=20)
    mail_leave_within: timedelta = timedelta(minutes=2)
    under_way: timedelta = timedelta(minutes=2)
    mail_under_way: timedelta = timedelta(minutes=15)
    ask_every: timedelta = timedelta(minutes=5)
    times: int = 3
    back_off: tuple[timedelta, ...] = (timedelta(seconds=30), timedelta(minutes=2), timedelta(minutes=5))
    patience: timedelta = timedelta(minutes=14)
    patience_by_hand: timedelta = timedelta(seconds=10)
    give_up: timedelta = timedelta(days=7)
    track: timedelta = timedelta(days=7)
    inquiry: int = 200
    most_requests: int = 3
    unasked: int = 100
    request_every: timedelta = timedelta(minutes=6)

    def leaves_within(self, channel: Channel | None) -> timedelta:
        """Returns how long after its intent a message may still leave."""
        return self.mail_leave_within if channel is Channel.EMAIL else self.leave_within

    def settles_after(self, channel: Channel | None) -> timedelta:
        """Returns how long after its intent a message could still be under way."""
        return self.mail_under_way if channel is Channel.EMAIL else self.under_way


@lru_cache(maxsize=2048)
def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    # Kept, because many appointments begin at the same time. UTC, because Python finds no two times of different zones equal in the
    # hour that is repeated in autumn.
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


@dataclass(frozen=True)
class MessageParts:
    """Everything that the four jobs need.

    Attributes:
        settings: gives the switches as they are now.
        templates: gives the texts as they are now.
        mail: the way for e-mail, or None where the practice has none.
        mail_identity: gives the sender of a Mandant's e-mails.
        zone: the practice's time zone.
        words: how the practice names itself in texts.
        region: the country of telephone numbers without a country code.
        canton: whose holidays are quiet.
        next_sending: gives the next planned time of sending (aware), or None where there is none.
        next_telling: gives when what the next planned run of preparing reminders finds is sent (aware), or None where there is none.
        outlook: gives what is to be expected of sending: when it runs next, owed attempts and what holds them back considered.
        planned_days: gives the practice's days on which a job has a planned time, by its schedule as it is now: after an instant, up to
            and including another (aware).
        make_sending_due: notes that a person made something due to be sent: it leaves today.
        try_sending: lets an attempt of sending that waits because something was in its way begin now, for it may be gone; True: also one
            that waits for a change.
        seen: how far this workstation saw the stores that it works with.
        private: why the store may be one of several, or None.
        reached: is told the name of every step of sending just before it; the crash trials end the process there.
    """

    database: Database
    settings: Callable[[], Settings]
    practice: PracticeSource
    templates: Callable[[], TemplateBook]
    sms: SmsGateways
    mail: MailGateway | None
    mail_identity: Callable[[str], MailIdentity]
    clock: Clock
    zone: ZoneInfo
    words: PracticeWords
    region: str = "CH"
    canton: str = "ZH"
    rules: SendingRules = field(default_factory=SendingRules)
    next_sending: Callable[[], datetime | None] = lambda: None
    next_telling: Callable[[], datetime | None] = lambda: None
    outlook: Callable[[], Outlook] = Outlook
    planned_days: Callable[[JobKey, datetime, datetime], Iterable[date]] = lambda _job, _after, _until: ()
    make_sending_due: Callable[[], None] = lambda: None
    try_sending: Callable[[bool], None] = lambda _changed: None
    seen: SeenStores = field(default_factory=SeenStores)
    private: PrivateStore | None = None
    reached: Callable[[str], None] = lambda _step: None

    def channels(self) -> frozenset[Channel]:
        """Returns the channels on which the practice can send at all."""
        has_sms, has_mail = len(self.sms) > 0, self.mail is not None
        return frozenset(channel for channel, there in ((Channel.SMS, has_sms), (Channel.EMAIL, has_mail)) if there)

    def local(self, instant: datetime) -> datetime:
        """Returns an aware instant as the practice's wall clock, naive."""
        return instant.astimezone(self.zone).replace(tzinfo=None)

    def instant(self, local: datetime) -> datetime:
        """Returns the practice's wall clock (naive) as an instant in UTC; of a repeated time the first."""
        return _instant(local, self.zone)

    def can_be_asked(self, message: OutboxMessage) -> bool:
        """Returns whether a gateway can tell what became of a message; of a missing account it is not known, so it is tried later."""
        if message.channel is Channel.EMAIL:
            return self.mail is not None and self.mail.capabilities.can_be_asked
        return self.sms_can_be_asked(message.mandant_id or "")

    def sms_can_be_asked(self, mandant_id: str) -> bool:
        """Returns whether the gateway of a Mandant's SMS can tell what became of them; of a missing account as for a message."""
        try:
            return self.sms[mandant_id].capabilities.can_be_asked
        except KnownError:
            return True

    def settles_itself(self, message: OutboxMessage) -> bool:
        """Returns whether the program itself goes on to settle a message that may have left; else a person decides."""
        if message.state is MessageState.SENDING:
            return True
        return message.reason != OutboxReason.OTHER_ACCOUNT and self.can_be_asked(message)

    def account_of(self, mandant_id: str | None) -> str:
        """Returns the SMS account that a Mandant's messages go through; the Mandant's id where none is known."""
        try:
            return self.sms.account(mandant_id or "")
        except KnownError:
            return mandant_id or ""

    def circumstances(self, now: datetime, settings: Settings) -> Circumstances:
        """Returns everything around the candidates at one moment; credits are not judged here: sending asks the gateway.

        Where no channel is set up yet, both count: what is prepared waits until one is.
        """
        from tray_agent.messages.rules.eligibility import Circumstances, RuleSettings

        return Circumstances(
            now=self.local(now),
            settings=RuleSettings.of(settings),
            mandants=self.practice.mandants(),
            templates=self.templates(),
            visit_reasons=self.practice.visit_reasons(),
            channels=self.channels() or frozenset(Channel),
            region=self.region,
            zone=self.zone,
        )
