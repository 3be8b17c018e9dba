"""Signing in at a mail server with a token, against an identity server and a mail server on loopback."""

from __future__ import annotations

import base64
import json
import logging
import smtplib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult

from tests.messages.gateways.test_smtp import MAIL
from tests.support.identity_server import CLIENT, IdentityServer
from tray_agent.agent import Agent
from tray_agent.clock import ManualClock
from tray_agent.config.hosts import MAIL_TOKEN, ConfirmedHosts, GuardedSecrets, host_of, secrets_of
from tray_agent.config.machine import Machine, MachineSection, MailSection, StoreSection
from tray_agent.config.secrets import MemorySecrets
from tray_agent.demo.mail_server import DemoMailServer, MailHandler, converse
from tray_agent.doctor import _end_of_sign_in
from tray_agent.errors import ConfigurationError
from tray_agent.job_kinds import JobKey
from tray_agent.messages.gateways.contract import Accepted, AccountStopped, NotNow
from tray_agent.messages.gateways.smtp import SmtpGateway, _why_no_connection
from tray_agent.messages.mail_sign_in import _SCOPES, LIFE, MailSignIn, MailSignInError, microsoft
from tray_agent.platforms.locks import locked
from tray_agent.web.device_sign_in import DeviceSignIn, SignInError, SignInFault

USER = "praxis@example.ch"
MAIL_SECTION = MailSection(
    host="127.0.0.1", security="none", user=USER, sender=USER, sign_in="microsoft", client_id=CLIENT
)  # fmt: skip


class KeyringOfWindows(MemorySecrets):
    """Holds as little in one place as the keyring of Windows does; a kill may come before any writing."""

    def __init__(self) -> None:
        super().__init__()
        self.writings_left = 1_000

    def set(self, name: str, value: str) -> None:
        assert len(value) <= 1280
        if self.writings_left == 0:
            raise KeyboardInterrupt
        self.writings_left -= 1
        super().set(name, value)


class TokenHandler(MailHandler):
    """Takes XOAUTH2, and tells a wrong token why before it says no, as Microsoft does."""

    def __init__(self, mail_server: TokenMailServer) -> None:
        super().__init__(mail_server)
        self._tokens = mail_server

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        user, bearer, _end, _empty = base64.b64decode(args[1]).decode().split("\x01")
        if self._tokens.identity.takes(user.removeprefix("user="), bearer.removeprefix("auth=Bearer ")):
            return AuthResult(success=True)
        answer = await server.challenge_auth('{"status":"401","schemes":"Bearer"}')
        self._tokens.answers.append(answer)
        return AuthResult(success=False, handled=False)


class TokenMailServer(DemoMailServer):
    def __init__(self, identity: IdentityServer, clock: ManualClock) -> None:
        super().__init__({USER: "no password is taken"}, clock=clock)
        self.identity = identity
        self.answers: list[object] = []

    def conversation(self) -> Any:
        return converse(self, TokenHandler(self))


@pytest.fixture
def identity(clock: ManualClock) -> Iterator[IdentityServer]:
    with IdentityServer(clock) as server:
        yield server


@pytest.fixture
def keyring() -> KeyringOfWindows:
    return KeyringOfWindows()


MakeSignIn = Callable[[], MailSignIn]


@pytest.fixture
def make(identity: IdentityServer, keyring: KeyringOfWindows, clock: ManualClock, tmp_path: Path) -> MakeSignIn:
    """Makes what one program of this computer has; all of them share the keyring."""
    return lambda: MailSignIn(MAIL_SECTION, keyring, server_of(identity, clock), clock, tmp_path)


@pytest.fixture
def signed_in(identity: IdentityServer, clock: ManualClock, make: MakeSignIn) -> MailSignIn:
    sign_in = make()
    enter(sign_in, identity, clock)
    return sign_in


def server_of(identity: IdentityServer, clock: ManualClock) -> DeviceSignIn:
    return DeviceSignIn(identity.base, CLIENT, _SCOPES, clock)


def enter(sign_in: MailSignIn, identity: IdentityServer, clock: ManualClock, after: int = 0) -> list[tuple[str, str, datetime]]:
    """Signs in; the person enters the code after so many questions."""
    shown: list[tuple[str, str, datetime]] = []
    asked = 0

    def wait(seconds: float) -> None:
        nonlocal asked
        clock.advance(timedelta(seconds=seconds))
        asked += 1
        identity.entered = asked > after

    sign_in.sign_in(lambda *what: shown.append(what), wait)
    return shown


def test_a_person_is_shown_the_code_and_it_is_asked_until_it_was_entered(
    identity: IdentityServer, make: MakeSignIn, clock: ManualClock
) -> None:
    began = clock.now()
    shown = enter(make(), identity, clock, after=2)
    assert shown == [("ABCD-1234", "https://microsoft.com/devicelogin", began + timedelta(minutes=15))]
    assert clock.now() - began == timedelta(seconds=15)
    assert make().access() == "secret-access-2"


def test_who_asks_too_often_asks_less_often_from_then_on(identity: IdentityServer, make: MakeSignIn, clock: ManualClock) -> None:
    identity.next_errors = [(400, "slow_down"), (503, "temporarily_unavailable"), (400, "authorization_pending")]
    began = clock.now()
    enter(make(), identity, clock)
    assert clock.now() - began == timedelta(seconds=5 + 10 + 10 + 10)


@pytest.mark.parametrize(("error", "sentence"), [
    ("access_denied", "Die Anmeldung wurde abgelehnt."),
    ("expired_token", "Die Anmeldung ist abgelaufen, oder sie wurde aufgehoben."),
    ("unauthorized_client", "Microsoft lässt dieses Programm nicht zu (Client-ID, Mandanten-ID oder Berechtigungen)."),
])  # fmt: skip
def test_a_sign_in_that_fails_says_why_and_keeps_nothing(
    identity: IdentityServer, make: MakeSignIn, clock: ManualClock, keyring: KeyringOfWindows, error: str, sentence: str
) -> None:
    identity.next_errors = [(400, error)]
    with pytest.raises(MailSignInError) as told:
        enter(make(), identity, clock)
    assert told.value.message == sentence
    assert keyring.get(MAIL_TOKEN) is None


def test_a_code_that_nobody_enters_ends(identity: IdentityServer, make: MakeSignIn, clock: ManualClock) -> None:
    with pytest.raises(MailSignInError):
        enter(make(), identity, clock, after=1_000)


def test_less_than_what_was_asked_for_is_no_sign_in(identity: IdentityServer, make: MakeSignIn, clock: ManualClock) -> None:
    identity.leaves_out = "https://outlook.office.com/SMTP.Send"
    with pytest.raises(MailSignInError, match="Berechtigungen"):
        enter(make(), identity, clock)


def test_an_access_is_used_while_it_lasts_and_renewed_before_it_ends(
    identity: IdentityServer, signed_in: MailSignIn, clock: ManualClock
) -> None:
    assert [signed_in.access() for _time in range(3)] == ["secret-access-1"] * 3
    clock.advance(timedelta(minutes=56))
    assert signed_in.access() == "secret-access-2"
    assert identity.renewals == 1


def test_a_renewal_that_was_used_is_refused_by_the_server_of_these_tests(identity: IdentityServer, clock: ManualClock) -> None:
    server, identity.entered = server_of(identity, clock), True
    first = server.ask(server.begin())
    server.renew(first.renewal)
    with pytest.raises(SignInError) as refused:
        server.renew(first.renewal)
    assert refused.value.fault is SignInFault.EXPIRED


def test_another_program_goes_on_with_what_the_first_had_renewed(signed_in: MailSignIn, make: MakeSignIn, clock: ManualClock) -> None:
    other = make()
    for _turn in range(3):
        clock.advance(timedelta(hours=2))
        assert other.access() != signed_in.access()  # each renews with what the other one has kept


def test_programs_that_renew_at_once_lose_nothing(signed_in: MailSignIn, make: MakeSignIn) -> None:
    programs = [make() for _number in range(4)]
    results: list[str] = []

    def use(program: MailSignIn) -> None:
        try:
            results.append(program.access())
        except MailSignInError as error:
            results.append("later" if error.passes else "lost")

    threads = [threading.Thread(target=use, args=(program,)) for program in programs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(results) == 4
    assert "lost" not in results
    assert all(make().access() for _number in range(2))


def test_who_finds_another_renewing_tries_later(signed_in: MailSignIn, make: MakeSignIn, tmp_path: Path) -> None:
    with locked(tmp_path / "mail-token.lock"):
        with pytest.raises(MailSignInError) as told:
            make().access()
        assert told.value.passes
        assert signed_in.access() == "secret-access-1"  # has an access that lasts and waits for nobody


def test_a_lock_that_can_not_be_opened_is_told_as_that(signed_in: MailSignIn, make: MakeSignIn, tmp_path: Path) -> None:
    lock = tmp_path / "mail-token.lock"
    lock.unlink()
    lock.mkdir()
    other = make()
    with pytest.raises(MailSignInError, match="nicht öffnen lässt") as told:
        other.access()
    assert not told.value.passes
    assert not other._lock.locked()  # who comes next must not wait for ever


@pytest.mark.parametrize("writings", [0, 1, 2])
def test_a_kill_while_it_is_kept_leaves_the_former_one_whole(
    signed_in: MailSignIn, make: MakeSignIn, keyring: KeyringOfWindows, writings: int
) -> None:
    before = make()._kept()
    keyring.writings_left = writings
    with pytest.raises(KeyboardInterrupt):
        make().access()
    assert make()._kept() == before


def test_it_ends_ninety_days_after_its_last_use_and_says_so(
    identity: IdentityServer, signed_in: MailSignIn, make: MakeSignIn, clock: ManualClock
) -> None:
    clock.advance(timedelta(days=60))
    signed_in.access()
    assert signed_in.ends_at() == clock.now() + LIFE
    clock.advance(timedelta(days=91))
    with pytest.raises(MailSignInError, match="abgelaufen") as told:
        make().access()
    assert not told.value.passes


def test_what_was_given_for_another_program_is_not_used(
    identity: IdentityServer, signed_in: MailSignIn, keyring: KeyringOfWindows, clock: ManualClock, tmp_path: Path
) -> None:
    other = MailSignIn(replace(MAIL_SECTION, tenant="praxis.ch"), keyring, server_of(identity, clock), clock, tmp_path)
    with pytest.raises(MailSignInError, match="niemand"):
        other.access()
    assert identity.renewals == 0


def test_an_identity_server_that_is_away_passes(identity: IdentityServer, signed_in: MailSignIn, make: MakeSignIn) -> None:
    identity.next_errors = [(503, "")]
    with pytest.raises(MailSignInError) as told:
        make().access()
    assert told.value.passes
    identity.stop()
    with pytest.raises(MailSignInError) as told:
        make().access()
    assert told.value.passes


def test_a_tenant_can_not_lead_to_another_server(clock: ManualClock) -> None:
    assert microsoft(MAIL_SECTION, clock)._base == "https://login.microsoftonline.com/organizations/oauth2/v2.0/"


def test_another_mail_server_gets_no_token_before_a_person_confirmed_it(
    signed_in: MailSignIn, keyring: KeyringOfWindows, tmp_path: Path
) -> None:
    own = Machine(mail=MAIL_SECTION)
    hosts = ConfirmedHosts(tmp_path / "hosts.json", own)
    assert secrets_of(own) == (MAIL_TOKEN,)
    assert GuardedSecrets(keyring, hosts, lambda: own).get(MAIL_TOKEN)
    evil = replace(own, mail=replace(MAIL_SECTION, host="mail.evil.example"))
    guarded = GuardedSecrets(keyring, hosts, lambda: evil)
    assert guarded.get(MAIL_TOKEN) is None
    assert guarded.unconfirmed(MAIL_TOKEN) == host_of(own, MAIL_TOKEN)


@pytest.fixture
def gateway(identity: IdentityServer, signed_in: MailSignIn, clock: ManualClock) -> Iterator[tuple[SmtpGateway, TokenMailServer]]:
    with TokenMailServer(identity, clock) as server:
        gateway = SmtpGateway(replace(MAIL_SECTION, port=server.port), "", clock, 5.0, signed_in)
        yield gateway, server
        gateway.close()


def test_an_email_goes_out_with_a_token(gateway: tuple[SmtpGateway, TokenMailServer], clock: ManualClock) -> None:
    smtp, server = gateway
    assert isinstance(smtp.submit(MAIL), Accepted)
    clock.advance(timedelta(hours=3))
    assert isinstance(smtp.submit(MAIL), Accepted)
    assert len(server.accepted()) == 2
    assert server.identity.renewals == 1


def test_an_access_that_the_mail_server_refuses_stops_the_account_and_is_not_used_again(
    gateway: tuple[SmtpGateway, TokenMailServer], identity: IdentityServer
) -> None:
    smtp, server = gateway
    identity.take_back()
    refused = smtp.submit(MAIL)
    assert server.answers == [b""]  # to the reason in words nothing is answered, least of all the token once more
    assert isinstance(refused, AccountStopped)
    assert refused.sentence == "Der Mailserver 127.0.0.1 weist die Anmeldung von praxis@example.ch bei Microsoft 365 ab."
    again = smtp.submit(MAIL)
    assert isinstance(again, AccountStopped)
    assert again.sentence == "Die Anmeldung ist abgelaufen, oder sie wurde aufgehoben."


def test_an_identity_server_that_is_away_only_delays_the_email(
    gateway: tuple[SmtpGateway, TokenMailServer], identity: IdentityServer, clock: ManualClock
) -> None:
    smtp, server = gateway
    clock.advance(timedelta(hours=2))
    identity.next_errors = [(503, "server_error")]
    assert isinstance(smtp.submit(MAIL), NotNow)
    assert isinstance(smtp.submit(MAIL), Accepted)
    assert len(server.accepted()) == 1


def test_no_token_is_in_a_log_an_error_or_what_a_value_looks_like(
    gateway: tuple[SmtpGateway, TokenMailServer], identity: IdentityServer, signed_in: MailSignIn, make: MakeSignIn,
    caplog: pytest.LogCaptureFixture, clock: ManualClock,
) -> None:  # fmt: skip
    caplog.set_level(logging.DEBUG)
    smtp, _server = gateway
    said = [repr(smtp.submit(MAIL)), repr(signed_in._tokens), repr(signed_in._kept())]
    clock.advance(timedelta(hours=2))
    identity.next_errors = [(400, "invalid_grant")]
    said.append(repr(smtp.submit(MAIL)))
    identity.take_back()
    for fault in (lambda: make().access(), smtp.check):
        with pytest.raises(Exception) as told:  # noqa: PT011 - whatever comes must not hold one
            fault()
        said += [repr(told.value), str(told.value), repr(told.value.__cause__), json.dumps(str(told.getrepr(style="short")))]
    identity.stop()
    with pytest.raises(MailSignInError) as away:
        make().access()
    said += [repr(away.value.__cause__), str(away.value.__cause__), json.dumps(str(away.getrepr(style="short")))]
    said.append(caplog.text)
    assert any("sign-in could not be renewed" in text for text in said)
    assert not [text for text in said if "secret-" in text.replace("secret-access-{", "")]


def test_what_can_not_be_kept_is_told_and_not_used(signed_in: MailSignIn, make: MakeSignIn, keyring: KeyringOfWindows) -> None:
    def refuse(name: str, value: str) -> None:
        raise ConfigurationError("Kein Schlüsselbund", "Auf diesem Gerät gibt es keinen Schlüsselbund.")

    keyring.set = refuse  # type: ignore[method-assign]
    with pytest.raises(MailSignInError, match="nicht gespeichert") as told:
        make().access()
    assert not told.value.passes


@pytest.mark.parametrize(("host", "answer", "words"), [
    ("smtp.office365.com", (550, b"5.7.30 Basic authentication is not supported for Client Submission."), "nimmt keine Passwörter"),
    ("smtp.office365.com", (550, b"5.7.30 other words"), "nimmt keine Passwörter"),
    ("smtp.office365.com", (535, b"5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled"), "nimmt keine Passwörter"),
    ("smtp.gmail.com", (534, b"5.7.9 Application-specific password required."), "verlangt ein App-Passwort"),
    ("smtp.gmail.com", (535, b"5.7.8 Username and Password not accepted."), "weist Benutzer oder Passwort ab."),
    ("smtp.mail.hin.ch", (535, b"5.7.8 Error: authentication failed"), "mehr als 30 Tage nicht gebraucht"),
    ("mail.praxis.ch", (535, b"15.7.30 no"), "weist Benutzer oder Passwort ab."),
])  # fmt: skip
def test_a_refused_login_says_what_this_provider_wants(host: str, answer: tuple[int, bytes], words: str) -> None:
    outcome = _why_no_connection(smtplib.SMTPAuthenticationError(*answer), host)
    assert isinstance(outcome, AccountStopped)
    assert words in outcome.sentence
    assert host in outcome.sentence


@pytest.fixture
def agent(signed_in: MailSignIn, keyring: KeyringOfWindows, clock: ManualClock, tmp_path: Path) -> Iterator[Agent]:
    store = StoreSection(url=f"sqlite:///{(tmp_path / 'vitoclient.db').as_posix()}")
    machine = Machine(machine=MachineSection(data_folder=str(tmp_path)), store=store, mail=MAIL_SECTION)
    with Agent(machine, secrets=keyring, clock=clock, workstation="PC1") as agent:
        agent.look_at_configuration()
        yield agent


@pytest.mark.parametrize(("days", "is_told"), [(75, False), (76, True)])
def test_the_doctor_tells_the_end_fourteen_days_ahead(agent: Agent, clock: ManualClock, days: int, is_told: bool) -> None:
    clock.advance(timedelta(days=days))
    assert bool(list(_end_of_sign_in(agent))) is is_told


def test_a_computer_whose_sign_in_is_over_does_not_claim_what_it_cannot_do(agent: Agent, clock: ManualClock) -> None:
    assert agent.abilities.secrets() == {MAIL_TOKEN: True}
    clock.advance(LIFE)
    assert agent.abilities.secrets() == {MAIL_TOKEN: False}
    agent.abilities.forget()
    sentences = [lack.sentence for lack in agent.abilities.lacks(JobKey.SEND_MESSAGES)]
    assert "am Mailserver ist niemand angemeldet («vitoclient config mail-sign-in»)" in sentences
