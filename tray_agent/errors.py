"""The two families of errors, readable at the top of one file.

``KnownError`` is what the user or the environment can mend: it carries a title, what happened and what it
means, what to do now, and the item it is about. The same object is shown in a dialog, printed by the command
line and written to the activity log.

``BugError`` (and every other exception) is ours: logged with a traceback, one clear notice, the agent goes on.

An area's own errors stand in its own ``errors.py`` and derive from the classes here.
"""

from __future__ import annotations

from tray_agent.i18n import join_texts


class KnownError(Exception):
    """Something that the user or the environment can mend.

    Attributes:
        title: a few words, without a full stop ("Datenbank nicht erreichbar").
        message: what happened and what it means for the practice; whole sentences.
        advice: what to do now; whole sentences, or "" where nothing can be done.
        item: what it is about (an element, a message's number, a file), or None.
        code: a stable word for logs, JSON and tests; a class attribute.
        exit_code: what the command line returns; a class attribute.

    All texts are already in the language of the user interface and hold no secret.
    """

    code = "error"
    exit_code = 1

    def __init__(self, title: str, message: str, advice: str = "", *, item: str | None = None) -> None:
        super().__init__(message)
        self.title = title
        self.message = message
        self.advice = advice
        self.item = item

    def __str__(self) -> str:
        """Returns the error as one line: title, message and advice."""
        return join_texts(self.title, join_texts(self.message, self.advice), separator=": ")


class InputError(KnownError):
    """What a person or a file gave can't be used; nothing was changed."""

    code = "input"
    exit_code = 2


class ConfigurationError(InputError):
    """The configuration of this machine can't be read or lacks something."""

    code = "configuration"


class UnavailableError(KnownError):
    """Something outside (database, portal, gateway, mail server, file) does not answer now; later it may."""

    code = "unavailable"


class DatabaseUnavailableError(UnavailableError):
    """The database does not answer, refuses the login, or lost the connection."""

    code = "database_unavailable"


class DatabaseRefusedError(DatabaseUnavailableError):
    """There is no connection to the database and it is known why: login, certificate, driver, name … A person mends most of it.

    Args:
        code: which of these, for logs, JSON and tests.
    """

    code = "database_refused"

    def __init__(self, title: str, message: str, advice: str, *, code: str, item: str | None = None) -> None:
        super().__init__(title, message, advice, item=item)
        self.code = code


class DatabaseBusyError(UnavailableError):
    """Others held the database busy for so long that a step was given up; nothing was changed."""

    code = "database_busy"


class DatabaseFaultError(UnavailableError):
    """The database answers and refuses a step: it is only readable, full, lacks a right …; nothing was changed.

    Args:
        code: which of these, for logs, JSON and tests.
    """

    code = "database_other"

    def __init__(self, title: str, message: str, advice: str, *, code: str) -> None:
        super().__init__(title, message, advice)
        self.code = code


class OutcomeUnknownError(UnavailableError):
    """The connection was lost at COMMIT: it is unknown whether the change is in the database. Read again by key."""

    code = "outcome_unknown"


class BugError(Exception):
    """A fault of the program itself: a state that must not be."""
