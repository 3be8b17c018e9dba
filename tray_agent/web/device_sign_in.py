"""Signing in at an identity server by a code on a second device (RFC 8628), and renewing what it gave (RFC 6749, section 6).

oauthlib builds the bodies and reads the answers; urllib3 posts them, by the system's certificates and proxy. No token is in an error,
a log or the representation of a value.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tray_agent.clock import Clock
from tray_agent.web.system_network import pools_through, proxy_for

_SECONDS = 20.0
_LARGEST = 65_536
_SLOWER = timedelta(seconds=5)
"""By how much the pause grows where the server asks for it (RFC 8628, 3.5)."""


class SignInFault(StrEnum):
    """Why there is no token."""

    PENDING = "pending"
    """The person has not entered the code yet."""

    SLOWER = "slower"
    """As pending, and we asked too often."""

    DECLINED = "declined"
    EXPIRED = "expired"
    """The code, or what a token is renewed with, is over, used already or taken back."""

    REFUSED = "refused"
    """The server does not know the client, or grants less than was asked for."""

    UNREACHABLE = "unreachable"


_FAULTS = {
    "authorization_pending": SignInFault.PENDING,
    "slow_down": SignInFault.SLOWER,
    "access_denied": SignInFault.DECLINED,
    "authorization_declined": SignInFault.DECLINED,
    "expired_token": SignInFault.EXPIRED,
    "invalid_grant": SignInFault.EXPIRED,
    "interaction_required": SignInFault.EXPIRED,
    "temporarily_unavailable": SignInFault.UNREACHABLE,
    "server_error": SignInFault.UNREACHABLE,
}


class SignInError(Exception):
    """No token; the text is the server's word for it (``invalid_grant``) or the kind of a fault, never a token."""

    def __init__(self, fault: SignInFault, word: str) -> None:
        super().__init__(word)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """What a person enters, and where.

    Attributes:
        until: aware; afterwards the code is worth nothing.
        pause: between two questions whether it was entered.
    """

    user_code: str
    address: str
    until: datetime
    pause: timedelta
    device_code: str = field(repr=False)

    def slower(self) -> DeviceCode:
        """Returns the same code with the longer pause that the server asks for."""
        return DeviceCode(self.user_code, self.address, self.until, self.pause + _SLOWER, self.device_code)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What signing in gives.

    Attributes:
        access: shown to the mail server.
        until: aware; afterwards ``access`` is worth nothing.
        renewal: what the next tokens are had with; "" where the server gave no new one.
    """

    access: str = field(repr=False)
    until: datetime
    renewal: str = field(repr=False)


class DeviceSignIn:
    """An identity server, and this program as its client.

    Args:
        base: where its two addresses are, ``https://host/tenant/oauth2/v2.0/``.
        client: the program's id at that server.
        scopes: what is asked for; ``offline_access`` is what lets it be renewed and is not among those granted.
    """

    def __init__(self, base: str, client: str, scopes: Sequence[str], clock: Clock) -> None:
        self._base = base
        self._client = client
        self._scopes = tuple(scopes)
        self._clock = clock

    def begin(self) -> DeviceCode:
        """Returns a code for a person to enter.

        Raises:
            SignInError: there is none.
        """
        from urllib.parse import urlencode

        said = self._post("devicecode", urlencode({"client_id": self._client, "scope": " ".join(self._scopes)}))
        try:
            address = said.get("verification_uri") or said["verification_url"]
            until = self._clock.now() + timedelta(seconds=int(said["expires_in"]))
            pause = timedelta(seconds=max(1, int(said.get("interval", 5))))
            return DeviceCode(str(said["user_code"]), str(address), until, pause, str(said["device_code"]))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise SignInError(SignInFault.REFUSED, "unreadable answer") from error

    def ask(self, code: DeviceCode) -> Tokens:
        """Asks once whether the person has entered the code.

        Raises:
            SignInError: not yet (``PENDING``, ``SLOWER``), or never.
        """
        from oauthlib.oauth2 import DeviceClient

        client = DeviceClient(self._client)
        return self._tokens(client.prepare_request_body(code.device_code, include_client_id=True))

    def renew(self, renewal: str) -> Tokens:
        """Returns new tokens; the server may count ``renewal`` as used from now on.

        Raises:
            SignInError: there are none.
        """
        from oauthlib.oauth2 import DeviceClient

        client = DeviceClient(self._client)
        return self._tokens(client.prepare_refresh_body(refresh_token=renewal, scope=list(self._scopes), client_id=self._client))

    def _tokens(self, body: str) -> Tokens:
        asked = self._clock.now()
        said = self._post("token", body)
        try:
            until = asked + timedelta(seconds=int(said["expires_in"]))
            tokens = Tokens(str(said["access_token"]), until, str(said.get("refresh_token") or ""))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise SignInError(SignInFault.REFUSED, "unreadable answer") from error
        self._check_scopes(said)
        return tokens

    def _check_scopes(self, said: dict[str, Any]) -> None:
        """A server that says nothing of it granted what was asked for (RFC 6749, 5.1)."""
        if "scope" not in said:
            return
        granted = {word.casefold() for word in str(said["scope"]).split()}
        if missing := [word for word in self._scopes if word != "offline_access" and word.casefold() not in granted]:
            raise SignInError(SignInFault.REFUSED, f"scope {missing[0]}")

    def _post(self, call: str, body: str) -> dict[str, Any]:
        status, content = self._answer(call, body)
        try:
            said = json.loads(content)
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise SignInError(SignInFault.UNREACHABLE if status >= 500 or status == 429 else SignInFault.REFUSED, f"status {status}")
        if status != 200 or "error" in said:
            word = str(said.get("error") or f"status {status}")[:60]
            fault = SignInFault.UNREACHABLE if status >= 500 or status == 429 else SignInFault.REFUSED
            raise SignInError(_FAULTS.get(word, fault), word)
        return said

    def _answer(self, call: str, body: str) -> tuple[int, bytes]:
        from urllib3.exceptions import HTTPError

        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        address = self._base + call
        try:
            with pools_through(proxy_for(address), timeout=_SECONDS) as pools:
                response = pools.request(
                    "POST", address, body=body.encode(), headers=headers, retries=False, redirect=False, preload_content=False
                )
                content = response.read(_LARGEST)
                response.close()
                return response.status, content
        except (HTTPError, OSError, ValueError) as error:
            # without what urllib3 says: it quotes addresses and headers, and the cause must hold no body
            raise SignInError(SignInFault.UNREACHABLE, type(error).__name__) from None
