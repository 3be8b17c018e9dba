"""Signing in at a mail server with a token instead of a password (XOAUTH2), for whatever speaks to it: sending and reading alike.

What renews the token is kept as a secret of this computer's user, written before the access it gave is used: whoever is killed between
the two has lost nothing but an access. One renews at a time, across threads and programs of this computer, because a server may count what
was used as used. Other computers have their own.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tray_agent.clock import Clock
from tray_agent.config.hosts import MAIL_TOKEN
from tray_agent.config.machine import MailSection
from tray_agent.config.secrets import Secrets
from tray_agent.errors import ConfigurationError, KnownError
from tray_agent.file_faults import why_of
from tray_agent.i18n import N_, _
from tray_agent.platforms.locks import LockedError, locked
from tray_agent.web.device_sign_in import DeviceSignIn, SignInError, SignInFault, Tokens

log = logging.getLogger(__name__)

LIFE = timedelta(days=90)
"""What is unused for so long is over (Microsoft, "Refresh tokens in the Microsoft identity platform")."""

TOLD_BEFORE = timedelta(days=14)
_MARGIN = timedelta(minutes=5)
"""An access that ends sooner is renewed: a batch is to get through with it."""

_PART = 1000
"""Characters of a secret: the keyring of Windows holds 1280, and such tokens are longer."""

_SCOPES = (
    "offline_access",
    "https://outlook.office.com/SMTP.Send",
    "https://outlook.office.com/IMAP.AccessAsUser.All",
)
_SENTENCES = {
    SignInFault.PENDING: N_("Der Code wurde noch nicht eingegeben."),
    SignInFault.SLOWER: N_("Der Code wurde noch nicht eingegeben."),
    SignInFault.DECLINED: N_("Die Anmeldung wurde abgelehnt."),
    SignInFault.EXPIRED: N_("Die Anmeldung ist abgelaufen, oder sie wurde aufgehoben."),
    SignInFault.REFUSED: N_("Microsoft lässt dieses Programm nicht zu (Client-ID, Mandanten-ID oder Berechtigungen)."),
    SignInFault.UNREACHABLE: N_("Die Anmeldung bei Microsoft ist zur Zeit nicht erreichbar."),
}


class MailSignInError(KnownError):
    """No access to the mail server.

    Attributes:
        passes: whether it is worth another try later without a person.
    """

    code = "mail_sign_in"

    def __init__(self, sentence: str, *, passes: bool = False) -> None:
        advice = "" if passes else _("Mit «vitoclient config mail-sign-in» an diesem Arbeitsplatz neu anmelden.")
        super().__init__(_("Anmeldung am Mailserver"), sentence, advice)
        self.passes = passes


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept between two starts.

    Attributes:
        renewed: when it was last renewed; aware.
        client: for which program at the identity server it was given.
    """

    renewal: str = field(repr=False)
    obtained: datetime
    renewed: datetime
    client: str


def microsoft(section: MailSection, clock: Clock) -> DeviceSignIn:
    """Returns Microsoft's identity server; its host stands here, so that no row of the store can send a token elsewhere."""
    base = f"https://login.microsoftonline.com/{section.tenant or 'organizations'}/oauth2/v2.0/"
    return DeviceSignIn(base, section.client_id, _SCOPES, clock)


def xoauth2(user: str, access: str) -> str:
    """Returns what XOAUTH2 shows to a mail server, not yet in base64 (SMTP, IMAP)."""
    return f"user={user}\x01auth=Bearer {access}\x01\x01"


class MailSignIn:
    """Gives the access to the mail server, renewed as needed. Threads share it.

    Args:
        section: of the mail server; ``client_id`` and ``tenant`` say to whom what is kept belongs.
        secrets: where it is kept; gives nothing for a server that was not confirmed.
        server: the identity server.
        folder: has the lock of this computer's programs.
    """

    def __init__(self, section: MailSection, secrets: Secrets, server: DeviceSignIn, clock: Clock, folder: Path) -> None:
        self._client = _client_of(section)
        self._secrets = secrets
        self._server = server
        self._clock = clock
        self._lock_file = folder / "mail-token.lock"
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    def sign_in(self, show: Callable[[str, str, datetime], None], wait: Callable[[float], object]) -> None:
        """Signs in with a person's help, and keeps what it gave.

        Args:
            show: gets the code, the address where to enter it, and until when (aware).
            wait: waits for so many seconds.

        Raises:
            MailSignInError: the person declined or was too late, the server refuses, or there is nowhere to keep it.
        """
        try:
            code = self._server.begin()
            show(code.user_code, code.address, code.until)
            while True:
                wait(code.pause.total_seconds())
                try:
                    tokens = self._server.ask(code)
                    break
                except SignInError as error:
                    waits = (SignInFault.PENDING, SignInFault.SLOWER, SignInFault.UNREACHABLE)
                    if error.fault not in waits or self._clock.now() >= code.until:
                        raise
                    code = code.slower() if error.fault is SignInFault.SLOWER else code
        except SignInError as error:
            raise _as_known(error) from error
        if not tokens.renewal:
            raise MailSignInError(_(_SENTENCES[SignInFault.REFUSED]))
        with self._alone():
            now = self._clock.now()
            self._keep(_Kept(tokens.renewal, now, now, self._client))
            self._tokens = tokens

    def access(self) -> str:
        """Returns what the mail server takes now.

        Raises:
            MailSignInError: nobody has signed in here, it is over, or it can't be renewed or kept now.
        """
        with self._lock:
            if (fresh := self._fresh()) and self._kept():
                return fresh  # nothing is renewed, so no other program need stand back
        with self._alone():
            kept = self._kept()
            if kept is None:
                raise MailSignInError(_("Hier ist niemand am Mailserver angemeldet, oder der Mailserver ist nicht bestätigt."))
            if fresh := self._fresh():  # another thread was here before
                return fresh
            self._tokens = self._renewed(kept)
            return self._tokens.access

    def forget(self) -> None:
        """Has the next access renewed: the mail server refused this one."""
        with self._lock:
            self._tokens = None

    def ends_at(self) -> datetime | None:
        """Returns when it is over if it is not used before (aware); None where nobody is signed in here."""
        return _end_of(self._kept())

    def _fresh(self) -> str:
        """Returns the access that is here, where it lasts for a while; else ""."""
        return self._tokens.access if self._tokens and self._tokens.until - self._clock.now() > _MARGIN else ""

    def _renewed(self, kept: _Kept) -> Tokens:
        try:
            tokens = self._server.renew(kept.renewal)
        except SignInError as error:
            log.warning("mail: the sign-in could not be renewed (%s)", error)
            raise _as_known(error) from error
        now = self._clock.now()
        self._keep(_Kept(tokens.renewal or kept.renewal, kept.obtained, now, kept.client))
        return tokens

    def _alone(self) -> _Alone:
        return _Alone(self._lock, self._lock_file)

    def _kept(self) -> _Kept | None:
        return _read(self._secrets, self._client)

    def _keep(self, kept: _Kept) -> None:
        try:
            self._write(kept)
        except ConfigurationError as error:
            raise MailSignInError(_("Die Anmeldung kann hier nicht gespeichert werden: {why}").format(why=error.message)) from error

    def _write(self, kept: _Kept) -> None:
        """Writes the parts beside the former ones, then the head that names them: a kill between leaves the former whole."""
        try:
            former = json.loads(self._secrets.get(MAIL_TOKEN) or "null")["generation"]
        except (ValueError, KeyError, TypeError):
            former = 1
        generation = 0 if former == 1 else 1
        parts = [kept.renewal[at : at + _PART] for at in range(0, len(kept.renewal), _PART)]
        for number, part in enumerate(parts):
            self._secrets.set(_part(generation, number), part)
        head = {"generation": generation, "parts": len(parts), "client": kept.client}
        times = {"obtained": kept.obtained.isoformat(), "renewed": kept.renewed.isoformat()}
        self._secrets.set(MAIL_TOKEN, json.dumps({**head, **times}))


def signed_in_until(section: MailSection, secrets: Secrets) -> datetime | None:
    """Returns as ``MailSignIn.ends_at``, by a look that asks no server."""
    return _end_of(_read(secrets, _client_of(section)))


def _end_of(kept: _Kept | None) -> datetime | None:
    return kept.renewed + LIFE if kept else None


def _client_of(section: MailSection) -> str:
    return f"{section.tenant or 'organizations'}/{section.client_id}"


def _read(secrets: Secrets, client: str) -> _Kept | None:
    """Returns what is kept; None where there is nothing, nothing whole, or what was given for another client."""
    try:
        head = json.loads(secrets.get(MAIL_TOKEN) or "null")
        parts = [secrets.get(_part(head["generation"], number)) for number in range(head["parts"])]
        obtained, renewed = (datetime.fromisoformat(head[key]) for key in ("obtained", "renewed"))
        kept = _Kept("".join(part or "" for part in parts), obtained, renewed, head["client"])
    except (ValueError, KeyError, TypeError):
        return None
    return kept if parts and all(parts) and kept.client == client else None


class _Alone:
    """Holds the lock of this program's threads, and that of this computer's programs."""

    def __init__(self, lock: threading.Lock, file: Path) -> None:
        self._lock = lock
        self._file = file

    def __enter__(self) -> None:
        self._lock.acquire()
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._held = locked(self._file)
            self._held.__enter__()
        except LockedError as error:
            self._lock.release()
            raise MailSignInError(_("Ein anderes Programm dieses Computers erneuert eben die Anmeldung."), passes=True) from error
        except OSError as error:
            self._lock.release()
            text = _("Die Anmeldung kann nicht erneuert werden, weil sich {file} nicht öffnen lässt: {why}.")
            raise MailSignInError(text.format(file=self._file, why=why_of(error))) from error

    def __exit__(self, *_error: object) -> None:
        try:
            self._held.__exit__(None, None, None)
        finally:
            self._lock.release()


def _part(generation: int, number: int) -> str:
    return f"{MAIL_TOKEN}/{generation}/{number}"


def _as_known(error: SignInError) -> MailSignInError:
    return MailSignInError(_(_SENTENCES[error.fault]), passes=error.fault is SignInFault.UNREACHABLE)
