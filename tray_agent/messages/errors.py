"""What can go wrong for a person who works with the outbox."""

from __future__ import annotations

from tray_agent.errors import InputError, KnownError


class MessageMissingError(InputError):
    """There is no message with this number."""

    code = "message_missing"


class NotInDoubtError(KnownError):
    """A message was to be decided that is not (any more) in doubt."""

    code = "not_in_doubt"


class StillUnderWayError(KnownError):
    """A message in doubt can't be sent again yet: the first request could still be under way."""

    code = "still_under_way"
