"""Whose fault a mail server's refusal is: the recipient's only where that is certain; else nobody is written off for it.

What a refusal is about stands in its enhanced code (RFC 3463, RFC 7372, RFC 7505), in the step at which it is given, and in words that
servers have in common. The rules are data, in the order in which they are asked: what concerns more than one message comes before
what concerns one, since many servers name the recipient whatever they dislike. What no rule knows stays and is tried again later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, StrEnum

from tray_agent.i18n import N_, _, join_texts
from tray_agent.messages.gateways.contract import AccountFault, AccountStopped, NotNow, Outcome, Refused, masked_address


class MailStep(Enum):
    """At which step a server refuses."""

    LOGIN = "AUTH"
    SENDER = "MAIL"
    RECIPIENT = "RCPT"
    DATA = "DATA"
    TEXT = "text"


class MailCause(StrEnum):
    """What a refusal is about."""

    MAILBOX_FULL = "mailbox_full"
    RECIPIENT = "recipient"
    BASIC_SIGN_IN = "basic_sign_in"
    APP_PASSWORD = "app_password"  # noqa: S105 - no password, a kind of one
    ENCRYPTION = "encryption"
    LOGIN = "login"
    GREETING = "greeting"
    SENDER = "sender"
    QUOTA = "quota"
    BLOCKED = "blocked"
    POLICY = "policy"
    SIZE = "size"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule: it fits where code, enhanced code or one of the words does, at these steps.

    Attributes:
        names_nobody: whether it fits only where the recipient is not named.
    """

    cause: MailCause
    codes: tuple[int, ...] = ()
    enhanced: str = ""
    words: tuple[str, ...] = ()
    steps: tuple[MailStep, ...] = tuple(MailStep)
    names_nobody: bool = False

    def fits(self, step: MailStep, code: int, enhanced: str, said: str) -> bool:
        """Returns whether a reply is what the rule is about."""
        if step not in self.steps:
            return False
        if code in self.codes or (self.enhanced and re.fullmatch(self.enhanced, enhanced)):
            return True
        return any(re.search(words, said) for words in self.words)


_AT_RECIPIENT = (MailStep.RECIPIENT,)

_RULES = (
    _Rule(
        MailCause.BASIC_SIGN_IN,
        enhanced=r"5\.7\.(30|139)",
        words=(r"basic auth\w* (is )?(not supported|disabled)", r"smtpclientauthentication is disabled"),
    ),
    _Rule(MailCause.APP_PASSWORD, words=(r"application-specific password",)),
    _Rule(MailCause.APP_PASSWORD, steps=(MailStep.LOGIN,), enhanced=r"5\.7\.9"),  # elsewhere Yahoo's word for its policy
    _Rule(
        MailCause.ENCRYPTION,
        enhanced=r"5\.7\.1[01]",
        words=(r"must issue a starttls", r"starttls (is )?required", r"(encrypt\w*|tls) (is )?(required|needed)"),
    ),
    _Rule(
        MailCause.LOGIN,
        codes=(530, 534, 535, 538),
        enhanced=r"5\.7\.(57|8)",
        words=(
            r"\brelay(?!.recipient)",  # "relay recipient table" speaks of one recipient
            r"auth\w* (is )?(required|needed|first)",
            r"must (first )?authenticate",
            r"not (logged in|authenticated)",
            r"log ?in (first|required)",
            r"pop before smtp",
        ),
    ),
    _Rule(
        MailCause.GREETING,
        words=(r"\b(helo|ehlo)\b.*(reject|invalid|need|require|refus|not accept)", r"(reject\w*|invalid|bad) (helo|ehlo)"),
    ),
    _Rule(
        MailCause.MAILBOX_FULL,
        enhanced=r"5\.2\.2",
        words=(
            r"mailbox (is )?(full|over|exceeded)",
            r"mailbox.*(over|exceed\w*|out of).*(quota|storage|space)",
            r"(recipient|user|account)\S* (is |has )?(over|exceeded)( its| his| their)? (disk |storage |mailbox )?quota",
            r"quota exceeded for (mailbox|recipient)",
            r"postfach (ist )?voll",
        ),
    ),
    _Rule(MailCause.SIZE, enhanced=r"5\.3\.4|5\.2\.3", words=(r"(message|size).{0,20}(too (big|large)|exceeds)",)),
    _Rule(
        MailCause.QUOTA,
        enhanced=r"5\.4\.5|5\.7\.23\d|5\.2\.20",
        words=(
            r"(daily|hourly|sending|message|submission|outbound|rate|recipient|e?-?mail)s? (user )?(sending )?(limit|quota|rate)",
            r"(limit|quota).*(exceed|reach)",
            r"(exceed|reach)\w* .*(limit|quota|allowed|maximum)",
            r"too many (messages|mails|e-?mails|recipients|connections)",
            r"throttl",
            r"outgoing mail .*(suspend|disabl)",
        ),
    ),
    _Rule(
        MailCause.SENDER,
        enhanced=r"5\.1\.[78]|5\.7\.60|5\.2\.252",
        words=(
            r"send ?as ?denied",
            r"not owned by",
            r"not (allowed|permitted|authori[sz]ed) to send (as|from)",
            r"sender( verify| verification| address| domain)?:? .{0,20}?(fail|reject|refus|invalid|not (allowed|found|exist|permit))",
            r"(from|sender).*(not match|mismatch)",
            r"bad sender",
        ),
    ),
    _Rule(
        MailCause.POLICY,
        enhanced=r"5\.7\.2\d",
        words=(r"\bspf\b|\bdkim\b|dmarc", r"reverse dns|\bptr\b", r"unauthenticated|not pass authentication"),
    ),
    _Rule(
        MailCause.BLOCKED,
        enhanced=r"5\.7\.(5[01]\d|60[5-9]|6[1-4]\d|7[05]\d)",
        words=(
            r"block(ed|list)|black ?list|deny ?list",
            r"spamhaus|barracuda|spamcop|sorbs|uceprotect|\brbl\b|dnsbl",
            r"reputation|\bbanned\b|client host",
            r"listed (by|in|on|at)",
            r"(ip|host|address).*(abus|suspici)",
        ),
    ),
    _Rule(
        MailCause.POLICY,
        words=(
            r"\bspam\b|\bvirus\b|unsolicited|prohibited",
            r"content (is )?(reject|refus|not)",
            r"policy (violation|reason|restriction)",
        ),
    ),
    _Rule(MailCause.RECIPIENT, enhanced=r"5\.1\.(1|2|3|4|6|10)|5\.2\.1|5\.4\.4|5\.4\.310"),
    _Rule(MailCause.RECIPIENT, steps=_AT_RECIPIENT, enhanced=r"5\.4\.1"),  # Exchange: the domain has no such address
    _Rule(
        MailCause.RECIPIENT,
        steps=_AT_RECIPIENT,
        words=(
            r"user (is )?(unknown|not (found|known|exist)|doesn'?t exist|does not exist)",
            r"(unknown|invalid|non-?existent) (user|recipient|mailbox|local|account|address|person)",
            r"no such|no mailbox|unrouteable address|not our customer",
            r"(mailbox|account|address|recipient|user|domain).{0,40}(does not exist|doesn'?t exist|not exist|not found|unknown)",
            r"(mailbox|account|address|recipient|user).{0,40}(unavailable|disabled|inactive|no longer)",
            r"empf.nger (unbekannt|nicht)",
        ),
    ),
    _Rule(MailCause.POLICY, steps=(MailStep.SENDER, MailStep.DATA, MailStep.TEXT), enhanced=r"5\.7\.\d+", names_nobody=True),
    _Rule(MailCause.SENDER, steps=(MailStep.SENDER,), words=(r"",)),
)
"""What a refusal for good is about; the first rule that fits counts. A refusal of the sender's address is never the recipient's."""

_STOPS = {
    MailCause.BASIC_SIGN_IN: (
        AccountFault.AUTHORISATION,
        N_(
            "Der Mailserver {host} nimmt keine Passwörter: In der Konfiguration mail.sign_in auf «microsoft» stellen und an diesem "
            "Arbeitsplatz mit «vitoclient config mail-sign-in» anmelden, oder den Administrator von Microsoft 365 fragen."
        ),
    ),
    MailCause.APP_PASSWORD: (
        AccountFault.AUTHORISATION,
        N_("Der Mailserver {host} verlangt ein App-Passwort: im Google-Konto eines erstellen und hier als Passwort eintragen."),
    ),
    MailCause.ENCRYPTION: (
        AccountFault.AUTHORISATION,
        N_("Der Mailserver verlangt Verschlüsselung: unter «Einrichten | E-Mail» STARTTLS oder TLS wählen."),
    ),
    MailCause.LOGIN: (AccountFault.AUTHORISATION, N_("Der Mailserver verlangt eine Anmeldung mit Benutzer und Passwort.")),
    MailCause.GREETING: (
        AccountFault.AUTHORISATION,
        N_("Der Mailserver nimmt nicht an, wie sich dieser Computer vorstellt (EHLO); den Betreiber des Mailservers fragen."),
    ),
    MailCause.SENDER: (
        AccountFault.ORIGINATOR,
        N_("Der Mailserver lässt den Absender {sender} nicht zu; Absender berichtigen oder beim Mailserver freischalten lassen."),
    ),
    MailCause.QUOTA: (
        AccountFault.HELD_UP,
        N_("Der Mailserver nimmt im Moment nichts mehr an, weil seine Grenze für gesendete E-Mails erreicht ist; es geht später weiter."),
    ),
    MailCause.BLOCKED: (
        AccountFault.HELD_UP,
        N_("Der Mailserver oder seine Adresse steht auf einer Sperrliste; den Betreiber des Mailservers benachrichtigen."),
    ),
    MailCause.POLICY: (
        AccountFault.HELD_UP,
        N_("Der Mailserver lässt E-Mails dieses Absenders nicht durch (SPF, DMARC oder Spamfilter); seinen Betreiber benachrichtigen."),
    ),
    MailCause.SIZE: (AccountFault.HELD_UP, N_("Der Mailserver nimmt so grosse E-Mails nicht an; seinen Betreiber fragen.")),
}

_REFUSALS = {
    MailCause.RECIPIENT: ("recipient", N_("Der Mailserver weist die E-Mail-Adresse ab.")),
    MailCause.MAILBOX_FULL: ("mailbox_full", N_("Das Postfach dieser E-Mail-Adresse ist voll.")),
}

_ENHANCED = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_LONGEST = 200


def cause_of(step: MailStep, code: int, words: str, sender: str, recipient: str) -> MailCause:
    """Returns what a refusal for good (5xx) is about.

    Args:
        step: at which it is given.
        code: the reply's code.
        words: the reply's words.
        sender: its address as the server was told it; a reply that names it alone is about it.
        recipient: the same.
    """
    said = words.casefold()
    found = _ENHANCED.search(said)
    enhanced = found[1] if found else ""
    names_recipient = bool(recipient) and recipient.casefold() in said
    for rule in _RULES:
        if rule.fits(step, code, enhanced, said) and not (rule.names_nobody and names_recipient):
            return rule.cause
    return MailCause.SENDER if sender and sender.casefold() in said and not names_recipient else MailCause.UNCLEAR


def outcome_of(cause: MailCause, code: int, words: str, sender: str, recipient: str, host: str) -> Outcome:
    """Returns what a refusal for good means: the server's own words stand in its sentence, for whoever has to ask its operator.

    The recipient's address is masked in them: the sentence of what stops a batch is shown on every workstation.
    """
    said = re.sub(re.escape(recipient), lambda _found: masked_address(recipient), " ".join(words.split()), flags=re.IGNORECASE)
    answer = _("Antwort des Mailservers: {code} {words}").format(code=code, words=said[:_LONGEST])
    if cause in _STOPS:
        fault, sentence = _STOPS[cause]
        return AccountStopped(fault, join_texts(_(sentence).format(sender=sender, host=host), answer))
    if cause in _REFUSALS:
        reason, sentence = _REFUSALS[cause]
        return Refused(reason, join_texts(_(sentence), answer))
    unclear = _("Der Mailserver weist die Mitteilung ab, ohne dass klar ist, weshalb; sie wird später nochmals versucht.")
    return NotNow("refused_unclear", join_texts(unclear, answer))


def why_no_login(words: str, host: str) -> str | None:
    """Returns what a server that refuses a log-in wants instead of a password, where its words say so."""
    cause = cause_of(MailStep.LOGIN, 535, words, "", "")
    return _(_STOPS[cause][1]).format(host=host) if cause in (MailCause.BASIC_SIGN_IN, MailCause.APP_PASSWORD) else None
