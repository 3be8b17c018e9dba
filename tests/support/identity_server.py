"""An identity server on loopback: codes for a second device, tokens, scopes, ends, and each renewal used once."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any, Self
from urllib.parse import parse_qs

from tray_agent.clock import Clock
from tray_agent.demo.loopback import LoopbackListener, LoopbackServer

CLIENT = "11111111-2222-3333-4444-555555555555"
CODE_LIVES = timedelta(minutes=15)
ACCESS_LIVES = timedelta(hours=1)
RENEWAL_LIVES = timedelta(days=90)
_DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class IdentityServer(LoopbackServer):
    """The server in a thread of this process.

    Attributes:
        entered: whether the person has entered the code.
        next_errors: what the next questions at ``token`` are answered with instead.
        leaves_out: a scope that is not granted.
        renewals: how often a token was renewed.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.entered = False
        self.next_errors: list[tuple[int, str]] = []
        self.leaves_out = ""
        self.renewals = 0
        self.given = 0
        self._scopes = ""
        self._code_until: datetime | None = None
        self._access: dict[str, datetime] = {}
        self._renewal: dict[str, datetime] = {}

    def start(self) -> Self:
        self._listener = LoopbackListener(_handler(self))
        self._listener.begin()
        return self

    def stop(self) -> None:
        self._listener.end(5)

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._listener.server_address[1]}/organizations/oauth2/v2.0/"

    def takes(self, user: str, access: str) -> bool:
        """Returns whether a mail server that trusts this one lets somebody in."""
        with self._lock:
            until = self._access.get(access)
            return user == "praxis@example.ch" and until is not None and self._clock.now() < until

    def take_back(self) -> None:
        """Everything that was given is worth nothing any more."""
        with self._lock:
            self._access.clear()
            self._renewal.clear()

    def answer(self, call: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        with self._lock:
            if form.get("client_id") != CLIENT:
                return 400, {"error": "unauthorized_client"}
            if call == "devicecode":
                self._scopes, self._code_until = form["scope"], self._clock.now() + CODE_LIVES
                return 200, {
                    "device_code": "device-secret", "user_code": "ABCD-1234", "verification_uri": "https://microsoft.com/devicelogin",
                    "expires_in": int(CODE_LIVES.total_seconds()), "interval": 5,
                }  # fmt: skip
            if self.next_errors:
                status, error = self.next_errors.pop(0)
                return status, {"error": error, "error_description": "words"}
            return self._token(form)

    def _token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if form["grant_type"] == _DEVICE_GRANT:
            if self._code_until is None or self._clock.now() >= self._code_until or form["device_code"] != "device-secret":
                return 400, {"error": "expired_token"}
            return self._tokens() if self.entered else (400, {"error": "authorization_pending"})
        until = self._renewal.pop(form["refresh_token"], None)  # used once
        if until is None or self._clock.now() >= until:
            return 400, {"error": "invalid_grant"}
        self.renewals += 1
        return self._tokens()

    def _tokens(self) -> tuple[int, dict[str, Any]]:
        self.given += 1
        access, renewal = f"secret-access-{self.given}", f"secret-renewal-{self.given}-" + "r" * 1500
        self._access[access] = self._clock.now() + ACCESS_LIVES
        self._renewal[renewal] = self._clock.now() + RENEWAL_LIVES
        scopes = " ".join(word for word in self._scopes.split() if word not in ("offline_access", self.leaves_out))
        lives = int(ACCESS_LIVES.total_seconds())
        return 200, {"token_type": "Bearer", "scope": scopes, "expires_in": lives, "access_token": access, "refresh_token": renewal}


def _handler(server: IdentityServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, said = server.answer(self.path.rpartition("/")[2], {key: values[0] for key, values in parse_qs(body).items()})
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None: ...

    return Handler
