"""Whose fault a mail server's refusal is: real texts of well-known servers."""

from __future__ import annotations

import pytest

from tray_agent.i18n import set_language, shown_text, store_text
from tray_agent.messages.gateways.contract import AccountFault, AccountStopped, NotNow, Refused
from tray_agent.messages.gateways.mail_faults import MailCause, MailStep, cause_of, outcome_of

SENDER, RECIPIENT, HOST = "praxis@example.ch", "anna.mueller@example.com", "mail.example.ch"

TEXTS = [
    # Microsoft
    (MailStep.SENDER, "550 5.7.30 Basic authentication is not supported for Client Submission.", MailCause.BASIC_SIGN_IN),
    (
        MailStep.SENDER,
        "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant.",
        MailCause.BASIC_SIGN_IN,
    ),
    (MailStep.TEXT, "554 5.2.252 SendAsDenied; praxis@example.ch not allowed to send as info@example.ch", MailCause.SENDER),
    (MailStep.SENDER, "550 5.7.60 SMTP; Client does not have permissions to send as this sender", MailCause.SENDER),
    (MailStep.SENDER, "530 5.7.57 Client not authenticated to send mail", MailCause.LOGIN),
    (MailStep.RECIPIENT, "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", MailCause.RECIPIENT),
    (MailStep.RECIPIENT, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", MailCause.RECIPIENT),
    (MailStep.TEXT, "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP", MailCause.BLOCKED),
    (MailStep.RECIPIENT, "550 5.7.606 Access denied, banned sending IP [192.0.2.1]", MailCause.BLOCKED),
    (MailStep.TEXT, "550 5.7.23 The message was rejected because of Sender Policy Framework violation -> 550 5.7.23 SPF", MailCause.POLICY),
    (MailStep.TEXT, "550 5.7.509 Access denied, sending domain example.ch does not pass DMARC verification", MailCause.POLICY),
    (MailStep.TEXT, "550 5.7.233 Tenant exceeded external recipient rate limit", MailCause.QUOTA),
    (MailStep.RECIPIENT, "554 5.2.2 mailbox full", MailCause.MAILBOX_FULL),
    # Google
    (MailStep.TEXT, "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to", MailCause.QUOTA),
    (MailStep.RECIPIENT, "550-5.1.1 The email account that you tried to reach does not exist.", MailCause.RECIPIENT),
    (MailStep.SENDER, "534 5.7.9 Application-specific password required.", MailCause.APP_PASSWORD),
    (MailStep.SENDER, "530 5.7.0 Must issue a STARTTLS command first.", MailCause.ENCRYPTION),
    (MailStep.TEXT, "550-5.7.26 This mail has been blocked because the sender is unauthenticated.", MailCause.POLICY),
    (MailStep.TEXT, "550-5.7.1 [192.0.2.1] Our system has detected that this message is likely unsolicited mail.", MailCause.POLICY),
    (MailStep.TEXT, "550-5.7.25 The IP address sending this message does not have a PTR record setup", MailCause.POLICY),
    (MailStep.RECIPIENT, "552-5.2.2 The email account that you tried to reach is over quota.", MailCause.MAILBOX_FULL),
    # Postfix
    (
        MailStep.RECIPIENT,
        f"550 5.1.1 <{RECIPIENT}>: Recipient address rejected: User unknown in local table",
        MailCause.RECIPIENT,
    ),
    (MailStep.RECIPIENT, f"554 5.7.1 <{RECIPIENT}>: Relay access denied", MailCause.LOGIN),
    (MailStep.RECIPIENT, f"553 5.7.1 <{SENDER}>: Sender address rejected: not owned by user praxis", MailCause.SENDER),
    (MailStep.RECIPIENT, "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname", MailCause.GREETING),
    (MailStep.RECIPIENT, "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", MailCause.BLOCKED),
    (MailStep.DATA, "554 5.5.1 Error: no valid recipients", MailCause.UNCLEAR),
    (MailStep.SENDER, "552 5.3.4 Message size exceeds fixed limit", MailCause.SIZE),
    (MailStep.RECIPIENT, f"550 5.1.2 <{RECIPIENT}>: Recipient address rejected: Domain not found", MailCause.RECIPIENT),
    # Exim, cPanel
    (MailStep.RECIPIENT, "550 No such person at this address", MailCause.RECIPIENT),
    (MailStep.RECIPIENT, "550 Unrouteable address", MailCause.RECIPIENT),
    (MailStep.RECIPIENT, "550 Sender verify failed", MailCause.SENDER),
    (MailStep.TEXT, "550 Message rejected: this message scored 12.3 spam points.", MailCause.POLICY),
    (
        MailStep.RECIPIENT,
        "550 Domain example.ch has exceeded the max emails per hour (120/100) allowed.",
        MailCause.QUOTA,
    ),
    (MailStep.RECIPIENT, "550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)", MailCause.GREETING),
    # Sendmail, GMX, Yahoo, iCloud, Infomaniak, Hostpoint, Proofpoint, Mimecast, Barracuda
    (MailStep.RECIPIENT, "550 5.1.1 User unknown", MailCause.RECIPIENT),
    (MailStep.RECIPIENT, "550 Requested action not taken: mailbox unavailable", MailCause.RECIPIENT),
    (MailStep.SENDER, "554 5.7.0 Too many messages sent", MailCause.QUOTA),
    (MailStep.TEXT, "554 5.7.9 Message not accepted for policy reasons.", MailCause.POLICY),
    (MailStep.TEXT, "554 5.7.1 [CS01] Message rejected due to local policy. Please visit", MailCause.POLICY),
    (MailStep.SENDER, "550 5.7.1 Sending rate limit exceeded for user", MailCause.QUOTA),
    (MailStep.SENDER, "535 5.7.8 Error: authentication failed", MailCause.LOGIN),
    (MailStep.RECIPIENT, "554 Blocked - see https://support.proofpoint.com/dnsbl-lookup.cgi?ip=192.0.2.1", MailCause.BLOCKED),
    (MailStep.RECIPIENT, "550 Rejected by header based manually Blocked Senders", MailCause.BLOCKED),
    (MailStep.TEXT, "554 Denied by policy", MailCause.UNCLEAR),
    (MailStep.RECIPIENT, "550 permanent failure for one or more recipients", MailCause.UNCLEAR),
    (MailStep.TEXT, f"550 5.7.1 message to {RECIPIENT} refused", MailCause.UNCLEAR),
]


@pytest.mark.parametrize(("step", "text", "cause"), TEXTS)
def test_a_refusal_is_about(step: MailStep, text: str, cause: MailCause) -> None:
    code, words = int(text[:3]), text[4:]
    assert cause_of(step, code, words, SENDER, RECIPIENT) is cause


@pytest.mark.parametrize("cause", MailCause)
def test_only_what_is_surely_the_recipients_writes_somebody_off(cause: MailCause) -> None:
    outcome = outcome_of(cause, 550, "5.0.0 so says the server", SENDER, RECIPIENT, HOST)
    assert isinstance(outcome, Refused) == (cause in (MailCause.RECIPIENT, MailCause.MAILBOX_FULL))
    assert isinstance(outcome, NotNow) == (cause is MailCause.UNCLEAR)
    assert isinstance(outcome, AccountStopped | Refused | NotNow)
    assert "550 5.0.0 so says the server" in outcome.sentence


def test_a_limit_passes_by_itself_and_a_refused_login_does_not() -> None:
    quota = outcome_of(MailCause.QUOTA, 550, "x", SENDER, RECIPIENT, HOST)
    login = outcome_of(MailCause.LOGIN, 535, "x", SENDER, RECIPIENT, HOST)
    assert isinstance(quota, AccountStopped)
    assert isinstance(login, AccountStopped)
    assert (quota.fault, login.fault) == (AccountFault.HELD_UP, AccountFault.AUTHORISATION)


@pytest.mark.parametrize("cause", MailCause)
def test_the_servers_words_name_no_patient(cause: MailCause) -> None:
    outcome = outcome_of(cause, 554, "5.7.1 <Anna.Mueller@example.com>: Relay access denied", SENDER, RECIPIENT, HOST)
    assert isinstance(outcome, AccountStopped | Refused | NotNow)
    assert "mueller" not in outcome.sentence.casefold()
    assert "a***@example.com" in outcome.sentence


def test_the_sentence_is_kept_in_the_readers_language() -> None:
    outcome = outcome_of(MailCause.QUOTA, 550, "5.4.5 so says the server", SENDER, RECIPIENT, HOST)
    assert isinstance(outcome, AccountStopped)
    stored = store_text(outcome.sentence)
    set_language("fr")
    assert "limite d'e-mails envoyés" in shown_text(outcome.sentence, stored)
    assert "5.4.5 so says the server" in shown_text(outcome.sentence, stored)
