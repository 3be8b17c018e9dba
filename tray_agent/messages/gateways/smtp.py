"""E-mail by SMTP: encrypted unless switched off on purpose, the same Message-ID for every attempt.

The steps are taken one by one, because each proves something else: until the text itself goes out, a broken connection
means "certainly not taken"; from then on until the server's answer it means "in doubt" (RFC 5321, 4.2.5 and 6.1).
"""

from __future__ import annotations

import logging
import re
import smtplib
import ssl
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import format_datetime
from pathlib import Path

from tray_agent.clock import Clock
from tray_agent.config.machine import MailSection
from tray_agent.config.mail_providers import provider_of
from tray_agent.errors import ConfigurationError, KnownError
from tray_agent.i18n import _, join_texts
from tray_agent.messages.gateways.contract import (
    Accepted,
    AccountFault,
    AccountStopped,
    Capabilities,
    GatewayAccountError,
    GatewayUnavailableError,
    InDoubt,
    NotNow,
    Outcome,
    OutgoingMail,
    Refused,
    masked_address,
    too_late,
)
from tray_agent.messages.gateways.mail_faults import MailStep, cause_of, outcome_of, why_no_login
from tray_agent.messages.mail_sign_in import MailSignIn, MailSignInError, xoauth2
from tray_agent.web.system_network import is_this_machine, trusted_certificates

log = logging.getLogger(__name__)

IDLE_SECONDS = 60.0
"""How long a connection is kept for the next message; longer than the first pause after "not now"."""

MOST_IDLE = 4
"""How many connections are kept."""

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f\ud800-\udfff]{1,64}@[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f\ud800-\udfff]{1,255}")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_HELLO = "[127.0.0.1]"
"""How we greet: neither this computer's name, which is nobody's business, nor a slow question to a name server for it."""

_BROKEN = (smtplib.SMTPServerDisconnected, OSError, UnicodeError, smtplib.SMTPResponseException)


class _NoConnectionError(Exception):
    """No usable connection; ``outcome`` says what that means for the message, which certainly was not taken."""

    def __init__(self, outcome: NotNow | AccountStopped) -> None:
        super().__init__(type(outcome).__name__)
        self.outcome = outcome


class _HangsUpError(Exception):
    """The server ends the connection (421): whatever else it says on it means nothing."""


@dataclass(slots=True)
class _Line:
    """A connection that is logged in, and since when it is idle (monotonic seconds)."""

    smtp: smtplib.SMTP
    idle_since: float = 0.0
    used_before: bool = False


class SmtpGateway:
    """A way for e-mail. Threads share it; each message has a connection to itself, which is kept for the next one.

    Args:
        server: where e-mails are handed in. ``security`` "none" sends in the clear, and a password only to a server on this machine.
        password: of ``server.user``; never shown. None: there is none on this computer, or none for this server; then nothing connects.
        sign_in: gives a token to log in with instead of the password.
        clock: gives the Date header and measures how long a connection was idle.
        seconds: how long an answer may take.

    Raises:
        ConfigurationError: no host, no such file of certificates, or a password would go over the network in the clear.
    """

    capabilities = Capabilities(most_at_once=4, can_be_asked=False, has_balance=False)

    def __init__(
        self, server: MailSection, password: str | None, clock: Clock, seconds: float = 30.0, sign_in: MailSignIn | None = None
    ) -> None:
        _check(server)
        self._server = server
        self._password = password
        self._sign_in = sign_in
        self._clock = clock
        self._seconds = seconds
        self._idle: list[_Line] = []
        self._lock = threading.Lock()

    def submit(self, message: OutgoingMail) -> Outcome:
        """Hands a message over; never raises: what is not certain is ``InDoubt``."""
        content = _content(message, self._clock.now())
        if not isinstance(content, bytes):
            return content
        outcome = self._submit(message, content)
        log.info("e-mail %s to %s: %s", message.reference, masked_address(message.recipient), type(outcome).__name__)
        return outcome

    def check(self) -> None:
        """Connects and logs in as for a message, and sends nothing.

        Raises:
            GatewayUnavailableError: no connection.
            GatewayAccountError: encryption or login is refused.
        """
        try:
            self._keep(self._line())
        except _NoConnectionError as error:
            raise _as_error(error.outcome, self._server.host) from error

    def close(self) -> None:
        """Closes the connections that are kept; may be used again afterwards."""
        with self._lock:
            idle, self._idle = self._idle, []
        for line in idle:
            _hang_up(line.smtp)

    def _submit(self, message: OutgoingMail, content: bytes) -> Outcome:
        while True:
            try:
                line = self._line()
            except _NoConnectionError as error:
                return error.outcome
            if not message.may_leave():  # with a slow server the time is over by now, but the next message finds the connection ready
                self._keep(line)
                return too_late()
            outcome = self._over(line, message, content)
            if outcome is not None:
                return outcome
            # A connection kept from before had died meanwhile, and nothing was handed over: the next one may be alive.

    def _over(self, line: _Line, message: OutgoingMail, content: bytes) -> Outcome | None:
        """Hands a message over on one connection; None where a kept connection was dead before the text went out."""
        try:
            refused = _envelope(line.smtp, message, self._server.host)
        except _BROKEN as error:
            line.smtp.close()
            log.warning("SMTP: broken off before the text (%s)", type(error).__name__)
            broken = NotNow("broken", _("Die Verbindung zum Mailserver brach ab, bevor die Mitteilung übergeben war."))
            return None if line.used_before else broken
        except _HangsUpError:  # after so many messages, or so long: a new connection is taken, as from a server that just closes it
            line.smtp.close()
            return None if line.used_before else _later(421)
        if refused is not None:
            self._reset(line)
            return refused
        if not message.may_leave():
            line.smtp.close()  # after DATA only the text or the end of the connection may follow
            return too_late()
        outcome = _text(line.smtp, message, content, self._server.host)
        if isinstance(outcome, InDoubt):
            line.smtp.close()
        else:
            self._keep(line)
        return outcome

    def _line(self) -> _Line:
        """Returns a kept connection, or a new one.

        Raises:
            _NoConnectionError: there is none.
        """
        while True:
            with self._lock:
                line = self._idle.pop() if self._idle else None
            if self._password is None:
                without = _("Für den Mailserver {host} ist an diesem Arbeitsplatz kein Passwort gespeichert oder keines bestätigt.")
                raise _NoConnectionError(_stopped(without, self._server.host))
            if line is None:
                return _Line(_connect(self._server, self._sign_in or self._password, self._seconds))
            if self._clock.monotonic() - line.idle_since <= IDLE_SECONDS:
                return line
            _hang_up(line.smtp)

    def _keep(self, line: _Line) -> None:
        line.idle_since, line.used_before = self._clock.monotonic(), True
        with self._lock:
            if len(self._idle) < MOST_IDLE:
                self._idle.append(line)
                return
        _hang_up(line.smtp)

    def _reset(self, line: _Line) -> None:
        try:
            line.smtp.rset()
        except _BROKEN:
            line.smtp.close()
        else:
            self._keep(line)


def _check(server: MailSection) -> None:
    if not server.host:
        raise ConfigurationError(
            _("Kein Mailserver"),
            _("Es ist kein Mailserver eingetragen; es werden keine E-Mails gesendet."),
            _("Unter «Einrichten | E-Mail» den Mailserver eintragen (in der Konfiguration: mail.host)."),
        )
    if server.certificate and not Path(server.certificate).is_file():
        raise ConfigurationError(
            _("Zertifikat des Mailservers fehlt"),
            _("Die Datei {file} mit dem Zertifikat gibt es nicht; es werden keine E-Mails gesendet.").format(file=server.certificate),
            _("Unter «Einrichten | E-Mail» das Zertifikat berichtigen (in der Konfiguration: mail.certificate)."),
            item=server.certificate,
        )
    if server.security == "none" and server.user and not is_this_machine(server.host):
        raise ConfigurationError(
            _("Mailserver ohne Verschlüsselung"),
            _("Das Passwort für {host} würde offen übertragen; es werden keine E-Mails gesendet.").format(host=server.host),
            _("Unter «Einrichten | E-Mail» als Verschlüsselung STARTTLS oder TLS wählen (in der Konfiguration: mail.security)."),
            item=server.host,
        )


def _as_error(outcome: NotNow | AccountStopped, host: str) -> KnownError:
    if isinstance(outcome, AccountStopped):
        advice = _("Unter «Einrichten | E-Mail» Benutzer, Passwort und Verschlüsselung prüfen.")
        return GatewayAccountError(_("Mailserver lehnt ab"), outcome.sentence, advice, item=host, fault=outcome.fault)
    advice = _("Adresse, Anschluss und Netzwerk prüfen; der Agent versucht es von selbst wieder.")
    return GatewayUnavailableError(_("Mailserver nicht erreichbar"), outcome.sentence, advice, item=host)


def _connect(server: MailSection, login: MailSignIn | str, seconds: float) -> smtplib.SMTP:
    """Returns a connection that is encrypted as asked for and logged in.

    Raises:
        _NoConnectionError: there is none.
    """
    smtp: smtplib.SMTP | None = None
    try:
        smtp = _opened(server, seconds)
        if server.security == "starttls":
            smtp.starttls(context=_trust(server))
        if server.user:
            _log_in(smtp, server, login)
        smtp.ehlo_or_helo_if_needed()
    except MailSignInError as error:
        if smtp is not None:
            smtp.close()
        log.warning("SMTP: no access (%s)", "passes" if error.passes else "a person must sign in")
        raise _NoConnectionError(NotNow("sign_in", error.message) if error.passes else _stopped(str(error.message), server.host)) from error
    except (OSError, smtplib.SMTPException, UnicodeError) as error:
        if smtp is not None:
            smtp.close()
        outcome = _why_no_connection(error, server.host)
        log.warning("SMTP: no connection (%s): %s", type(error).__name__, type(outcome).__name__)
        raise _NoConnectionError(outcome) from error
    return smtp


def _log_in(smtp: smtplib.SMTP, server: MailSection, login: MailSignIn | str) -> None:
    """Logs in with a password, or by XOAUTH2 with a token that is renewed where it must be.

    Raises:
        MailSignInError: there is no token, or the server takes none of it.
    """
    if isinstance(login, str):
        smtp.login(server.user, login)
        return
    smtp.ehlo_or_helo_if_needed()
    if "XOAUTH2" not in smtp.esmtp_features.get("auth", "").upper().split():
        raise smtplib.SMTPNotSupportedError("XOAUTH2")
    answer = xoauth2(server.user, login.access())
    try:
        # to the server's words on why it refuses, nothing is answered; then it says so for good
        smtp.auth("XOAUTH2", lambda challenge=None: "" if challenge else answer)
    except smtplib.SMTPAuthenticationError as error:
        if error.smtp_code < 500:
            raise
        login.forget()
        refused = _("Der Mailserver {host} weist die Anmeldung von {user} bei Microsoft 365 ab.")
        raise MailSignInError(refused.format(host=server.host, user=server.user)) from None


def _opened(server: MailSection, seconds: float) -> smtplib.SMTP:
    if server.security == "tls":
        return smtplib.SMTP_SSL(server.host, server.port, _HELLO, timeout=seconds, context=_trust(server))
    return smtplib.SMTP(server.host, server.port, _HELLO, timeout=seconds)


def _trust(server: MailSection) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.certificate) if server.certificate else trusted_certificates()


def _why_no_connection(error: Exception, host: str) -> NotNow | AccountStopped:
    """Returns what a failed connection means: a person must act, or the server is away for the moment."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _stopped(_("Der Mailserver {host} weist kein gültiges Zertifikat vor; es wird nichts gesendet."), host)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return _stopped(
            _("Der Mailserver {host} bietet die verlangte Verschlüsselung oder Anmeldung nicht an; so wird nichts gesendet."), host
        )
    if isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "UNEXPECTED_EOF_WHILE_READING"):
        return _stopped(
            _("Der Mailserver {host} spricht an diesem Anschluss kein TLS: STARTTLS wählen oder den Anschluss berichtigen."),
            host,
        )
    if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code >= 500:
        return _stopped(_why_no_login(error, host), host)
    if isinstance(error, UnicodeError):
        return _stopped(_("Der Mailserver {host} weist Benutzer oder Passwort ab."), host)
    return NotNow("unreachable", _("Der Mailserver {host} ist zur Zeit nicht erreichbar.").format(host=host))


def _why_no_login(error: smtplib.SMTPAuthenticationError, host: str) -> str:
    words = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else str(error.smtp_error)
    if wanted := why_no_login(words, host):
        return wanted
    refused = _("Der Mailserver {host} weist Benutzer oder Passwort ab.")
    provider = provider_of(host)
    return join_texts(refused, _(provider.told)) if provider and provider.key == "hin" else refused


def _stopped(sentence: str, host: str) -> AccountStopped:
    return AccountStopped(AccountFault.AUTHORISATION, sentence.format(host=host))


def _envelope(smtp: smtplib.SMTP, message: OutgoingMail, host: str) -> Outcome | None:
    """Goes through MAIL, RCPT and DATA; returns why it ends here, or None when the text may follow.

    What is too late already is not told to begin with DATA: after it only the end of the connection would be left.

    Raises:
        _HangsUpError: the server ends the connection.
    """
    options = ["SMTPUTF8"] if _needs_utf8(message) else []
    if options and not smtp.has_extn("smtputf8"):
        return Refused("recipient", _("Der Mailserver kann an diese E-Mail-Adresse nicht senden."))
    code, words = _reply(smtp.mail(_with_ascii_domain(message.sender), options))
    if code != 250:
        return _not_yet(code) if code < 500 else _refusal(MailStep.SENDER, code, words, message, host)
    code, words = _reply(smtp.rcpt(_with_ascii_domain(message.recipient)))
    if code not in (250, 251, 252):
        return _not_yet(code) if code < 500 else _refusal(MailStep.RECIPIENT, code, words, message, host)
    if not message.may_leave():
        return too_late()
    code, words = _reply(smtp.docmd("DATA"))
    if code != 354:
        return _not_yet(code) if code < 500 else _refusal(MailStep.DATA, code, words, message, host)
    return None


def _reply(reply: tuple[int, bytes]) -> tuple[int, str]:
    """Returns the code and the words of a reply.

    Raises:
        SMTPServerDisconnected: the reply is none: whatever follows on this connection would mean nothing.
    """
    code, words = reply
    if not 200 <= code < 600:
        raise smtplib.SMTPServerDisconnected("unreadable reply")
    return code, words.decode("utf-8", "replace")


def _refusal(step: MailStep, code: int, words: str, message: OutgoingMail, host: str) -> Outcome:
    """Returns what a refusal for good means for the message, and for those behind it."""
    sender, recipient = _with_ascii_domain(message.sender), _with_ascii_domain(message.recipient)
    cause = cause_of(step, code, words, sender, recipient)
    log.warning("SMTP: refused at %s with %d: %s", step.value, code, cause)
    return outcome_of(cause, code, words, message.sender, recipient, host)


def _text(smtp: smtplib.SMTP, message: OutgoingMail, content: bytes, host: str) -> Outcome:
    """Sends the text; whatever breaks from here on leaves the message in doubt."""
    try:
        # A line that begins with a dot would end the text: it is doubled (RFC 5321, 4.5.2).
        smtp.send(re.sub(rb"(?m)^\.", b"..", content) + b".\r\n")
        code, words = _reply(smtp.getreply())
    except (OSError, smtplib.SMTPException) as error:
        log.warning("SMTP: broken off after the text (%s)", type(error).__name__)
        return _in_doubt()
    if code == 250:
        return Accepted()
    if code < 400:
        return _in_doubt()
    return _later(code) if code < 500 else _refusal(MailStep.TEXT, code, words, message, host)


def _not_yet(code: int) -> NotNow:
    """Returns what "not now" before the text means for the message.

    Raises:
        _HangsUpError: it is said of the connection.
    """
    if code == 421:
        raise _HangsUpError
    return _later(code)


def _later(code: int) -> NotNow:
    return NotNow("later", _("Der Mailserver nimmt die Mitteilung zur Zeit nicht an ({code}).").format(code=code))


def _in_doubt() -> InDoubt:
    return InDoubt(_("Die Verbindung zum Mailserver brach nach der Übergabe ab; ob die E-Mail gesendet wurde, ist unbekannt."))


def _hang_up(smtp: smtplib.SMTP) -> None:
    try:
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()


def _content(message: OutgoingMail, now: datetime) -> bytes | Refused | AccountStopped:
    """Returns the message as it goes over the wire, with CRLF, the same for the same message and time; or why it never will.

    A sender that is no address stops the batch: every other message would meet the same, and none shall be lost to it.
    """
    if not is_address(message.recipient):
        return Refused("recipient", _("Die E-Mail-Adresse ist keine."))
    if not is_address(message.sender):
        sentence = _("Als Absender der E-Mails ist keine gültige Adresse eingetragen («{sender}»).").format(sender=message.sender)
        return AccountStopped(AccountFault.ORIGINATOR, sentence)
    if not message.text.strip() or _HALF_CHARACTER.search(message.text + message.subject + message.sender_name):
        return Refused("text", _("Der Text ist leer oder enthält halbe Zeichen."))
    mail = EmailMessage(policy=SMTPUTF8 if _needs_utf8(message) else SMTP)
    mail["From"] = _address(message.sender, _one_line(message.sender_name))
    mail["To"] = _address(message.recipient)
    mail["Subject"] = _one_line(message.subject)
    mail["Date"] = format_datetime((message.dated_at or now).astimezone(UTC))
    mail["Message-ID"] = message_id(message)
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "OOF, AutoReply"  # Exchange then writes no note of absence; reports of failures still come
    mail.set_content(message.text, charset="utf-8", cte="quoted-printable")
    if message.calendar is not None:
        mail.add_attachment(message.calendar, "text", "calendar", filename="termin.ics", params={"method": "PUBLISH", "charset": "utf-8"})
        mail.set_boundary(f"=_{_plain(message.reference)}")  # not drawn: the same message gives the same bytes
    return mail.as_bytes()


def _address(address: str, name: str = "") -> Address:
    local, _at, domain = _with_ascii_domain(address).rpartition("@")
    return Address(name, local, domain)


def message_id(message: OutgoingMail) -> str:
    """Returns the Message-ID: our reference at the sender's domain, the same for every attempt."""
    return f"<{_plain(message.reference)}@{_with_ascii_domain(message.sender).rpartition('@')[2]}>"


def _plain(reference: str) -> str:
    return re.sub(r"[^A-Za-z0-9._\-]", "-", reference)


def is_address(address: str) -> bool:
    """Returns whether a mail server can be told this address; names of a house's own network count too (praxis@praxis.local)."""
    if not _ADDRESS.fullmatch(address) or not all(address.rpartition("@")[2].split(".")):
        return False
    try:
        return bool(_with_ascii_domain(address))
    except UnicodeError:
        return False


def _needs_utf8(message: OutgoingMail) -> bool:
    return not (message.recipient.rpartition("@")[0] + message.sender.rpartition("@")[0]).isascii()


def _with_ascii_domain(address: str) -> str:
    """Returns an address with its domain as the mail servers know it (münchen.de → xn--mnchen-3ya.de).

    By IDNA 2008: Python's own codec knows the rules of 2003 and would write to strasse.de instead of straße.de.

    Raises:
        UnicodeError: the domain is none.
    """
    local, _at, domain = address.rpartition("@")
    if domain.isascii():
        return address
    import idna

    return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
