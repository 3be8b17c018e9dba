"""What dialogs, the command line and the composition root use of the outbox: lists, decisions, credits, the four jobs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tray_agent.jobs.contract import JobDefinition
from tray_agent.messages.entries import AccountCredits, CallEntry, OutboxFilter, OutboxMessage, OutboxOrder, OutboxPage, Verdict

if TYPE_CHECKING:
    from tray_agent.agent import Agent


class MessageService:
    """The outbox as people see and change it. Calls block on the database: never on the GUI thread.

    Raises (all calls):
        DatabaseUnavailableError: no connection.
    """

    def page(
        self,
        which: OutboxFilter = OutboxFilter(),  # noqa: B008 - immutable
        order: OutboxOrder = OutboxOrder.PREPARED,
        *,
        descending: bool = True,
        offset: int = 0,
        limit: int = 100,
    ) -> OutboxPage:
        """Returns a part of the outbox."""
        raise NotImplementedError

    def message(self, message_id: int) -> OutboxMessage:
        """Returns one message.

        Raises:
            MessageMissingError: there is no message with this number.
        """
        raise NotImplementedError

    def call_list(self, since: datetime | None = None) -> Sequence[CallEntry]:
        """Returns the reminders that did not reach their patient and that nobody has ticked off, the earliest appointment first.

        Args:
            since: only appointments from here on (aware); by default those that have not begun yet.
        """
        raise NotImplementedError

    def tick_off(self, message_ids: Collection[int], who: str) -> int:
        """Takes messages off the call list; returns how many were on it."""
        raise NotImplementedError

    def in_doubt(self) -> Sequence[OutboxMessage]:
        """Returns the messages of which nobody knows yet whether they left, the oldest first."""
        raise NotImplementedError

    def decide(self, message_id: int, verdict: Verdict, who: str) -> OutboxMessage:
        """Settles a message in doubt by a person's word, writes it to the activity log, and returns the message.

        Args:
            message_id: its number.
            verdict: what the person says.
            who: the person and workstation, for the record.

        Raises:
            MessageMissingError: there is no message with this number.
            NotInDoubtError: it is not (any more) in doubt; nothing was changed.
            StillUnderWayError: the request could still be under way; «erneut senden» is possible a few minutes later.
        """
        raise NotImplementedError

    def cancel(self, message_ids: Collection[int], who: str) -> int:
        """Cancels messages that were not sent yet; they are not prepared again. Returns how many were cancelled."""
        raise NotImplementedError

    def credits(self, history_days: int = 90) -> Sequence[AccountCredits]:
        """Returns the credits of all accounts as last told, with their history; asks no gateway."""
        raise NotImplementedError

    def refresh_credits(self) -> Sequence[AccountCredits]:
        """Asks the gateways for the balances, keeps them, and returns all accounts; takes seconds.

        Raises:
            UnavailableError, KnownError: no gateway could be asked; with several accounts those that answered are kept.
        """
        raise NotImplementedError

    def low_credits(self) -> Sequence[AccountCredits]:
        """Returns the accounts below the minimum, for the notice at start, login and user switch; asks no gateway."""
        raise NotImplementedError


def job_definitions(agent: Agent) -> tuple[JobDefinition, ...]:
    """Returns the four jobs of the SMS-Service with their switches, for the runner."""
    raise NotImplementedError
