"""What the operating system can refuse, as errors that a person can mend."""

from __future__ import annotations

from tray_agent.errors import KnownError, UnavailableError


class PlatformError(KnownError):
    """The operating system refused something; nothing was changed."""

    code = "platform"


class RightsMissingError(PlatformError):
    """The account that runs the program may not do this."""

    code = "rights_missing"


class NotSupportedHereError(PlatformError):
    """This operating system or installation lacks what is needed."""

    code = "not_supported_here"


class FileBusyError(UnavailableError):
    """Another program holds a file open; later it may be free."""

    code = "file_busy"


class OdbcDriverMissingError(PlatformError):
    """No ODBC driver for SQL Server is installed on this machine."""

    code = "odbc_driver_missing"
