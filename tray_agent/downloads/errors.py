"""What can go wrong with portal, transfer and installation, and can be mended by the user or the environment."""

from __future__ import annotations

from enum import StrEnum

from tray_agent.errors import KnownError, UnavailableError


class PortalUnavailableError(UnavailableError):
    """The portal does not answer, or answers with an error; later it may."""

    code = "portal_unavailable"


class PortalUntrustedError(KnownError):
    """What the portal sent is not what the vendor signed: wrong keys, expired, older than known, mixed."""

    code = "portal_untrusted"


class FolderUnavailableError(UnavailableError):
    """The download folder can't be reached; later it may."""

    code = "folder_unavailable"


class TransferFault(StrEnum):
    """Why a file could not be transferred."""

    UNREACHABLE = "unreachable"
    REFUSED = "http_error"
    REDIRECT = "redirect"
    STALLED = "stalled"
    BROKEN_OFF = "broken_off"
    LENGTH = "wrong_length"
    TOO_LONG = "too_long"
    RANGE = "wrong_range"
    HASH = "hash_mismatch"
    SPACE = "no_space"
    TOO_LARGE = "too_large"
    BUSY = "busy"
    FILE = "file_error"


class TransferError(KnownError):
    """A file could not be transferred; what was there before is still there."""

    code = "transfer"

    def __init__(self, fault: TransferFault, title: str, message: str, advice: str = "", *, item: str | None = None) -> None:
        super().__init__(title, message, advice, item=item)
        self.fault = fault
        self.code = fault.value


class InstallRefusedError(KnownError):
    """A download was not started: it is missing, changed, or not signed as it must be."""

    code = "install_refused"


class PublishError(KnownError):
    """A repository can't be built from this description, or its keys are missing."""

    code = "publish"
    exit_code = 2
