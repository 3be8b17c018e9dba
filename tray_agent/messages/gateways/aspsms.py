"""ASPSMS, a Swiss SMS gateway with prepaid credits, through its JSON interface.

What an answer proves decides everything here. The gateway answers 200 with a ``StatusCode`` whether it took the message
or not; only such an answer says what happened. Once the request went out, everything else (no answer, an answer that is
cut off or no JSON, any 5xx) leaves the message in doubt, because the machines in front of the gateway answer in its name
without knowing. Decision record 0011 has the table and the reasons.
"""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tray_agent.i18n import _
from tray_agent.messages.gateways.aspsms_reasons import MEMORY_FULL, NOT_REACHED_OR_FULL, REASONS, UNKNOWN_SUBSCRIBER
from tray_agent.messages.gateways.contract import (
    Accepted,
    AccountFault,
    AccountStopped,
    Capabilities,
    DeliveryReport,
    DeliveryStatus,
    GatewayAccess,
    GatewayAccountError,
    GatewayMissingError,
    GatewayTime,
    GatewayUnavailableError,
    InDoubt,
    KeptBack,
    NotNow,
    Outcome,
    OutgoingSms,
    Refused,
    masked_number,
    too_late,
)
from tray_agent.web.system_network import is_this_machine

if TYPE_CHECKING:
    from tray_agent.web.posting import Posting, Reply

log = logging.getLogger(__name__)

REFERENCES_AT_ONCE = 200
"""How many references one inquiry asks for."""

FURTHER_QUESTIONS = 40
"""So often one inquiry asks again by halves to find out whom a line without a reference is about; one line needs 16 at the most."""

LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes; a longer answer counts as unreadable."""

NOT_TAKEN = frozenset({404, 405, 407, 411, 413, 414, 415, 421, 426, 429, 431, 451})
"""Statuses by which whoever answers says that it turned the request away before anything was done (RFC 9110, RFC 6585).

403 is not among them: a filter that dislikes the gateway's *answer* gives it too."""

_REFERENCE = re.compile(r"[A-Za-z0-9_.\-]{1,100}")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_RECIPIENT = re.compile(r"\+[1-9][0-9]{6,14}")
_AMOUNT = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,9})?")
_GROUPING = re.compile(r"(?<=[0-9])['’](?=[0-9]{3}(?![0-9]))")
_STATUS = {"-1": DeliveryStatus.NOT_SUBMITTED, "0": DeliveryStatus.DELIVERED, "1": DeliveryStatus.BUFFERED, "2": DeliveryStatus.FAILED}
_FINALITY = (DeliveryStatus.NOT_SUBMITTED, DeliveryStatus.BUFFERED, DeliveryStatus.FAILED, DeliveryStatus.DELIVERED)
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _GatewayAnswer:
    """The gateway's own answer."""

    content: Mapping[str, Any]

    @property
    def code(self) -> str:
        return _text(self.content.get("StatusCode"))

    @property
    def info(self) -> str:
        return _text(self.content.get("StatusInfo"))


class AspsmsGateway:
    """One account at ASPSMS. Connections are kept alive and bounded by ``capabilities``; threads share it.

    Args:
        access: account, password and base address.
        seconds: how long an answer may take.

    Raises:
        GatewayMissingError: the address is none, or would send the password in the clear.
    """

    capabilities = Capabilities(most_at_once=8)

    def __init__(self, access: GatewayAccess, seconds: float = 30.0) -> None:
        self._access = access
        self._base = _checked(access.address)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._made: Posting | None = None
        self.told_time: GatewayTime | None = None
        """What the ``Date`` of its last answer said; what a machine in front of it says does not count."""

    def balance(self) -> Decimal:
        """Returns the credits of the account.

        Raises:
            GatewayUnavailableError: no usable answer.
            GatewayAccountError: the account was refused.
        """
        answer = self._answer("CheckCredits", {})
        balance = _amount(answer.content.get("Credits")) if answer.code == "1" else None
        if balance is None:
            raise _unusable(self._base)
        return balance

    def submit(self, message: OutgoingSms) -> Outcome:
        """Hands a message over; never raises: what is not certain is ``InDoubt``."""
        refused = _refused_here(message)
        if refused is not None:
            return refused
        submission = {
            "Originator": message.originator,
            "Recipients": [f"{message.recipient}:{message.reference}"],
            "MessageText": message.text,
        }
        reply = self._ask("SendTextSMS", submission, message.may_leave)
        outcome = _outcome_of_code(reply.code) if isinstance(reply, _GatewayAnswer) else reply
        log.info("SMS %s to %s: %s", message.reference, masked_number(message.recipient), type(outcome).__name__)
        return outcome

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        """Returns the newest notification of each reference that the gateway knows; others are left out.

        A reference that the gateway answers with -1 (not yet submitted, rejected or unknown) comes as ``NOT_SUBMITTED``.
        One of which any line can't be read comes as ``UNREADABLE``: left out it would look like "unknown", and by an older
        line it might seem to have failed. Where a line does not tell whom it is about, halves are asked about until it does.

        Raises:
            GatewayUnavailableError: no usable answer.
            GatewayAccountError: the account was refused.
        """
        reports: dict[str, DeliveryReport] = {}
        asked = [reference for reference in dict.fromkeys(references) if _REFERENCE.fullmatch(reference)]
        further = iter(range(FURTHER_QUESTIONS // 2))
        for start in range(0, len(asked), REFERENCES_AT_ONCE):
            reports.update(self._reports(asked[start : start + REFERENCES_AT_ONCE], further))
        return reports

    def close(self) -> None:
        """Closes the connections; may be used again afterwards."""
        with self._lock:
            if self._made is not None:
                self._made.close()
                self._made = None

    def _reports(self, asked: Sequence[str], further: Iterator[int]) -> dict[str, DeliveryReport]:
        # A line that does not tell whom it is about may be about any of those asked: asking for fewer at once finds out whom it concerns.
        lines = self._notifications(asked)
        if all(_reference_of(line) for line in lines):
            return _newest(lines, frozenset(asked))
        if len(asked) > 1 and next(further, None) is not None:
            middle = len(asked) // 2
            return self._reports(asked[:middle], further) | self._reports(asked[middle:], further)
        return {reference: DeliveryReport(reference, DeliveryStatus.UNREADABLE) for reference in asked}

    def _notifications(self, asked: Sequence[str]) -> list[Mapping[str, Any]]:
        answer = self._answer("InquireDeliveryNotifications", {"TransactionReferenceNumbers": ";".join(asked)})
        notifications = answer.content.get("DeliveryNotifications")
        if answer.code not in ("0", "1") or (answer.code == "0" and answer.info.upper() != "OK") or not isinstance(notifications, list):
            raise _unusable(self._base)
        return [line if isinstance(line, dict) else {} for line in notifications]

    def _answer(self, call: str, fields: Mapping[str, object]) -> _GatewayAnswer:
        """Returns the gateway's own answer to a question.

        Raises:
            GatewayUnavailableError: no usable answer.
            GatewayAccountError: the account was refused.
        """
        reply = self._ask(call, fields)
        if isinstance(reply, AccountStopped) or (isinstance(reply, _GatewayAnswer) and reply.code == "3"):
            raise GatewayAccountError(
                _("SMS-Konto abgewiesen"),
                _("Das SMS-Gateway weist das Konto {account} ab; bis das behoben ist, werden keine SMS gesendet.").format(
                    account=self._access.account
                ),
                _("Unter «Einrichten | SMS» Benutzer und Passwort des SMS-Kontos prüfen."),
                item=self._access.account,
                fault=AccountFault.AUTHORISATION,
            )
        if not isinstance(reply, _GatewayAnswer):
            raise _unusable(self._base)
        return reply

    def _ask(
        self, call: str, fields: Mapping[str, object], may_leave: Callable[[], bool] | None = None
    ) -> _GatewayAnswer | NotNow | KeptBack | AccountStopped | InDoubt:
        """Returns the gateway's own answer, or what it means for a message that there is none."""
        from tray_agent.web.posting import NotConnectedError, TooLateError

        try:
            posting = self._posting()
            body = json.dumps({"UserName": self._access.account, "Password": self._access.password, **fields}, ensure_ascii=False).encode()
        except Exception:  # a proxy or certificates of the system that can't be used: nothing has left yet
            log.exception("%s: no client", call)
            return _unreachable()
        try:
            reply = posting.post(call, body, may_leave)
        except TooLateError:
            return too_late()
        except NotConnectedError as error:
            log.warning("%s: no connection (%s)", call, error)
            return _unreachable()
        except Exception as error:  # noqa: BLE001 - whatever broke off after the request may have gone out leaves it in doubt
            log.warning("%s: broken off (%s)", call, type(error).__name__)
            return _in_doubt()
        answer = _answer_in(reply.content) if reply.status == 200 else None
        if answer is None:
            log.warning("%s: HTTP %d without a usable answer", call, reply.status)
        else:
            self.told_time = _told_time(reply.date, self._access.clock.monotonic())
        return answer or self._without_answer(reply)

    def _without_answer(self, reply: Reply) -> NotNow | AccountStopped | InDoubt:
        """Returns what it means that somebody answered, but not with an answer of the gateway."""
        if reply.status == 401:  # a gateway, or one before it, asks for a log-in in HTTP's own way; a proxy would say 407
            return _login_refused()
        if reply.status in NOT_TAKEN:
            retry_after = _retry_after(reply.retry_after, self._access.clock.now())
            if reply.status == 429:
                return NotNow("too_many", _("Das SMS-Gateway ist überlastet; die Mitteilung wird später gesendet."), retry_after)
            sentence = _("Unter der Adresse des SMS-Gateways antwortet etwas anderes (HTTP {status}); Adresse und Proxy prüfen.")
            return NotNow("turned_away", sentence.format(status=reply.status), retry_after)
        if reply.status < 500:
            return _in_doubt()
        sentence = _("Das SMS-Gateway meldet eine Störung (HTTP {status}); die Mitteilung wird später gesendet, falls es sie nicht hat.")
        return InDoubt(sentence.format(status=reply.status), not_now=True)

    def _posting(self) -> Posting:
        from tray_agent.web.posting import Posting

        with self._lock:
            if self._made is None:
                self._made = Posting(self._base, self._seconds, self.capabilities.most_at_once, LARGEST_ANSWER, self._access.clock)
            return self._made


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
        safe = parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(parts.hostname or ""))
        usable = safe and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if usable:
        return address.rstrip("/") + "/"
    raise GatewayMissingError(
        _("Adresse des SMS-Gateways nicht brauchbar"),
        _("Die Adresse «{address}» beginnt nicht mit https://; das Passwort würde offen übertragen, darum wird nichts gesendet.").format(
            address=address
        ),
        _("Unter «Einrichten | SMS» die Adresse des Anbieters berichtigen (in der Konfiguration: gateway.address)."),
        item=address,
    )


def _refused_here(message: OutgoingSms) -> Refused | AccountStopped | None:
    """Returns why a message need not be handed over at all, or None."""
    if not _RECIPIENT.fullmatch(message.recipient):
        return Refused("recipient", _("Die Telefonnummer ist keine, an die das Gateway senden kann."))
    if not message.text.strip() or _HALF_CHARACTER.search(message.text):
        return Refused("text", _("Der Text ist leer oder enthält halbe Zeichen."))
    if not _REFERENCE.fullmatch(message.reference):
        return Refused("reference", _("Die Mitteilung hat keine brauchbare Kennung."))
    if not 1 <= len(message.originator) <= 16 or not message.originator.isascii():
        return _originator_refused()
    return None


def _outcome_of_code(code: str) -> Outcome:
    """Returns what a StatusCode means for one message; one that we don't know proves nothing."""
    if code == "1":
        return Accepted()
    if code == "3":
        return _login_refused()
    if code == "5":
        return AccountStopped(AccountFault.CREDITS, _("Das Guthaben des SMS-Kontos ist aufgebraucht."))
    if code in ("10", "30"):
        return _originator_refused()
    if code == "20":
        return Refused("recipient", _("Das SMS-Gateway weist die Telefonnummer ab."))
    return _in_doubt()


def _unreachable() -> NotNow:
    return NotNow("unreachable", _("Das SMS-Gateway ist nicht erreichbar; die Mitteilung wird später gesendet."))


def _login_refused() -> AccountStopped:
    return AccountStopped(AccountFault.AUTHORISATION, _("Das SMS-Gateway weist Benutzer oder Passwort des Kontos ab."))


def _originator_refused() -> AccountStopped:
    return AccountStopped(AccountFault.ORIGINATOR, _("Das SMS-Gateway lässt den Absender nicht zu (höchstens 11 Zeichen, freigeschaltet)."))


def _in_doubt() -> InDoubt:
    return InDoubt(_("Das SMS-Gateway hat nicht verständlich geantwortet; es wird nachgefragt, ob die Mitteilung gesendet wurde."))


def _unusable(address: str) -> GatewayUnavailableError:
    return GatewayUnavailableError(
        _("SMS-Gateway antwortet nicht"),
        _("Das SMS-Gateway {address} gibt keine brauchbare Antwort; Guthaben und Zustellung sind zur Zeit unbekannt.").format(
            address=urlsplit(address).netloc
        ),
        _("Internetverbindung prüfen; der Agent fragt von selbst wieder."),
        item=address,
    )


def _answer_in(content: bytes) -> _GatewayAnswer | None:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return _GatewayAnswer(answer) if isinstance(answer, dict) else None


def _newest(lines: Sequence[Mapping[str, Any]], asked: frozenset[str]) -> dict[str, DeliveryReport]:
    newest: dict[str, DeliveryReport] = {}
    for line in lines:
        report = _report(line)
        known = newest.get(report.reference)
        if report.reference in asked and (known is None or _age(known) <= _age(report)):
            newest[report.reference] = report
    return newest


def _reference_of(line: Mapping[str, Any]) -> str:
    return _text(line.get("TransactionReferenceNumber"))


def _report(line: Mapping[str, Any]) -> DeliveryReport:
    """Returns one notification.

    A status that is a number we don't know means that the gateway knows the message and is not done with it.
    """
    status = _text(line.get("DeliveryStatus"))
    if not re.fullmatch(r"-?[0-9]{1,4}", status):
        return DeliveryReport(_reference_of(line), DeliveryStatus.UNREADABLE)
    delivery = _STATUS.get(status, DeliveryStatus.BUFFERED)
    code = _text(line.get("Reasoncode"))[:10]
    return DeliveryReport(
        reference=_reference_of(line),
        status=delivery,
        notified_at=_instant(line.get("NotificationDate")) or _instant(line.get("SubmissionDate")),
        reason_code=code,
        reason=reason_in_words(code, delivery, _text(line.get("ReasoncodeDescription"))[:200]),
    )


def reason_in_words(code: str, status: DeliveryStatus, description: str) -> str:
    """Returns why a message was not (yet) delivered, without a full stop; "" where there is nothing to be said.

    Args:
        code: the gateway's ``Reasoncode``.
        status: what became of the message; code 108 means something else for a buffered and for a failed one.
        description: the gateway's own words, for codes that are unknown here.
    """
    if status is DeliveryStatus.DELIVERED or (code == UNKNOWN_SUBSCRIBER and status is not DeliveryStatus.FAILED):
        return ""
    if code == NOT_REACHED_OR_FULL and status is DeliveryStatus.BUFFERED:
        return _(MEMORY_FULL)
    return _(REASONS[code][0]) if code in REASONS else description


def _age(report: DeliveryReport) -> tuple[bool, datetime, int]:
    """Returns what tells newer from older; at the same instant the more final one counts, and what can't be read before all."""
    unreadable = report.status is DeliveryStatus.UNREADABLE
    return unreadable, report.notified_at or _LONG_AGO, -1 if unreadable else _FINALITY.index(report.status)


def _text(value: object) -> str:
    """Returns a value of an answer as text; all are strings, some clients have seen numbers."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _amount(value: object) -> Decimal | None:
    """Returns an amount of credits, or None where it is none; thousands may be set apart as in Switzerland (1'234.50)."""
    amount = _GROUPING.sub("", str(value) if isinstance(value, float) else _text(value))
    # Decimal would also take "NaN", "1e9" and blanks.
    return Decimal(amount) if _AMOUNT.fullmatch(amount) else None


def _instant(value: object) -> datetime | None:
    try:
        instant = datetime.fromisoformat(_text(value))
        return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _told_time(date: str | None, monotonic: float) -> GatewayTime | None:
    try:
        told = parsedate_to_datetime(date or "")
        return GatewayTime((told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC), monotonic)
    except (ValueError, TypeError, OverflowError):
        return None


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Returns the seconds of a Retry-After header (seconds or a date), between none and a day."""
    if not value:
        return None
    try:
        seconds = float(value) if value.isascii() and value.isdigit() else (parsedate_to_datetime(value) - now).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), 86_400.0)
