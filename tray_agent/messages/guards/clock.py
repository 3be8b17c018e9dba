"""Compares the clock that a run goes by with the gateway's, before a batch leaves: by a wrong clock a night would be a morning."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from sqlalchemy import select

from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_datetime, join_texts
from tray_agent.messages.outbox.model import OutboxReason
from tray_agent.messages.work.lane import Lane, Stop
from tray_agent.messages.work.lanes import Lanes
from tray_agent.messages.work.steps import MessageRun, activity
from tray_agent.protocol.model import Level
from tray_agent.schedules.quiet_hours import QuietHours
from tray_agent.store.tables import activity as log_table

TOLERATED = timedelta(minutes=5)
"""By so much the clocks may differ untold."""


class ClockCheck:
    """Looks at one lane after the other; what the gateway said before this run began does not count.

    Args:
        run: of sending.
    """

    def __init__(self, run: MessageRun) -> None:
        self._run = run
        self._parts = run.parts
        self._began = run.parts.clock.monotonic()
        self._told = False

    def look(self, lane: Lane, lanes: Lanes, quiet: QuietHours | None, now: datetime) -> None:
        """Stops a lane where the difference would decide what is right; else tells it, once a day.

        Args:
            lane: of an account, or of e-mails, which have no clock of their own: what any SMS gateway said counts for them.
            lanes: of the run.
            quiet: the quiet hours; None where they don't matter to this lane.
            now: by the clock that the run goes by (aware).
        """
        if lane.stop is not None or not lane.waiting:
            return
        theirs = self._theirs(lane)
        if theirs is None or abs(theirs - now) <= TOLERATED:
            return
        why = self._why(lane, quiet, now, theirs)
        if why:
            sentence = join_texts(self._what(now, theirs), why, _("Zeitsynchronisation prüfen."))
            lanes.stop(lane, Stop(OutboxReason.CLOCK.value, sentence))
        elif not self._told:
            self._told = True
            self._warn(now, theirs)

    def _theirs(self, lane: Lane) -> datetime | None:
        """Returns what the gateway's clock shows now, gone on by the monotonic clock: ours may have been set meanwhile."""
        if lane.is_mail:
            mandants: Iterable[str | None] = self._parts.sms
        else:
            mandants = [lane.waiting[0][0].message.mandant_id]
        for mandant in mandants:
            try:
                told = self._parts.sms[mandant or ""].told_time
            except KnownError:  # it has no account here
                continue
            if told is not None and told.heard_at >= self._began:
                return told.at(self._parts.clock.monotonic())
        return None

    def _why(self, lane: Lane, quiet: QuietHours | None, now: datetime, theirs: datetime) -> str:
        """Returns why nothing may be sent; "" where the difference changes nothing."""
        ours, others = self._parts.local(now), self._parts.local(theirs)
        if ours.date() != others.date():
            return _("Dort ist ein anderer Tag: Es wird nichts gesendet, bis die Uhr stimmt.")
        if quiet is not None and quiet.kind(ours) != quiet.kind(others):
            return _("Nach der einen Uhr ist Ruhezeit, nach der anderen nicht: Es wird nichts gesendet, bis die Uhr stimmt.")
        if theirs >= lane.waiting[0][0].message.expires_at:  # what must arrive soonest stands first
            return _("Ein Termin hat nach jener Uhr schon begonnen: Es wird nichts gesendet, bis die Uhr stimmt.")
        return ""

    def _what(self, now: datetime, theirs: datetime) -> str:
        ours, others = (format_datetime(self._parts.local(moment)) for moment in (now, theirs))
        if self._parts.database.dialect == "sqlite":
            return _("Die Uhr dieses Computers zeigt {ours}, jene des SMS-Gateways {theirs}.").format(ours=ours, theirs=others)
        return _("Die Uhr des Datenbankservers zeigt {ours}, jene des SMS-Gateways {theirs}.").format(ours=ours, theirs=others)

    def _warn(self, now: datetime, theirs: datetime) -> None:
        today = self._parts.instant(datetime.combine(self._parts.local(now).date(), time.min))
        said = select(log_table.c.id).where(log_table.c.at >= today, log_table.c.reason == OutboxReason.CLOCK.value).limit(1)
        with self._parts.database.read() as connection:
            is_said = connection.execute(said).first() is not None
        if not is_said:
            goes_on = _("Gesendet wird trotzdem, weil es im Moment nichts ändert. Zeitsynchronisation prüfen.")
            self._run.context.log(activity(Level.WARNING, OutboxReason.CLOCK, join_texts(self._what(now, theirs), goes_on)))
