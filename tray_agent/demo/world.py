"""The demo's world in one folder: practice, portal, gateway and mail server on loopback, and a configuration that names them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from zoneinfo import ZoneInfo

import tomlkit

from tray_agent.agent import Agent
from tray_agent.clock import Clock, ShiftedClock, SystemClock
from tray_agent.config import settings as switches
from tray_agent.config.hosts import host_of, secrets_of
from tray_agent.config.machine import load_machine
from tray_agent.config.secrets import MemorySecrets
from tray_agent.errors import InputError
from tray_agent.i18n import _
from tray_agent.platforms.files import write_whole

if TYPE_CHECKING:
    from tray_agent.demo.practice import DemoPractice

ZONE = ZoneInfo("Europe/Zurich")
OPENING = time(8, 30)
CLOSING = time(18, 0)
USUAL_HOUR = time(10, 0)
"""Outside these hours the demo's clock is set to 10:00, so that it can send at any time of the real day."""

ACCOUNTS = {"M1": "meier", "M2": "huber"}
"""The Mandants with an account at the gateway; their passwords are invented for the demo."""

OPENING_BALANCE = Decimal(160)

_MARK = "demo.json"


class DemoWorld:
    """Everything that the demo needs, in one folder; a context manager that starts and stops the servers.

    Attributes:
        agent: built from the configuration that was written, with the demo's clock.
        practice: what the practice holds.
        again: whether the folder was there already.

    Args:
        folder: made when it is missing; one that holds other things is refused.
        clock: the real clock; the demo's runs as fast, at a time of the day at which a practice is open.

    Raises:
        InputError: the folder holds something that is not a demo.
    """

    agent: Agent
    practice: DemoPractice

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.folder = folder.resolve()
        self.again = (self.folder / _MARK).exists()
        if not self.again and self.folder.exists() and any(self.folder.iterdir()):
            raise _not_empty(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.clock = _open_hours(clock or SystemClock(), self._last_instant())
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        """Makes what is missing and starts the servers."""
        try:
            self._start_servers()
            self._write_configuration()
            self.agent = self._closing.enter_context(self._build_agent())
            self._fill()
        except BaseException:
            self._closing.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Notes the demo's time for the next run on this folder and stops the servers."""
        self._write_mark()
        self._closing.close()

    @property
    def configuration(self) -> Path:
        """Returns the configuration file; ``VITOCLIENT_CONFIG`` may name it for other commands."""
        return self.folder / "config.toml"

    def taken_twice(self) -> int:
        """Returns how many messages the loopback gateway ever took more than once, by our reference."""
        references = [message.reference for message in self.gateway.accepted()]
        return len(references) - len(set(references))

    def taken(self) -> int:
        """Returns how many messages the loopback servers took: SMS ever, e-mails since this start."""
        return len(self.gateway.accepted()) + len(self.mail.accepted())

    def balances(self) -> Mapping[str, Decimal]:
        """Returns the credits of each Mandant's account, as the gateway keeps them."""
        return {mandant: self.gateway.credits(user) for mandant, user in ACCOUNTS.items()}

    def _start_servers(self) -> None:
        from tray_agent.demo.gateway_server import GatewayServer
        from tray_agent.demo.mail_server import DemoMailServer
        from tray_agent.demo.portal import make_portal
        from tray_agent.demo.portal_server import PortalServer

        self.portal = make_portal(self.folder / "portal", self.clock.now())
        self._portal_server = self._closing.enter_context(PortalServer(self.portal.repository))
        self.gateway = self._closing.enter_context(
            GatewayServer(
                {user: _password(user) for user in ACCOUNTS.values()},
                balance=OPENING_BALANCE,
                state=self.folder / "gateway.db",
                latency=0.01,
                clock=self.clock,
            )
        )
        self.mail = self._closing.enter_context(
            DemoMailServer({"praxis": _password("praxis")}, security="starttls", folder=self.folder / "mail", clock=self.clock)
        )

    def _write_configuration(self) -> None:
        write_whole(self.configuration, tomlkit.dumps(self._values()).encode())

    def _values(self) -> dict[str, Any]:
        """Returns this computer's part; the practice's is taken over from it into a new store, and put right in one that was there."""
        accounts = {mandant: {"user": user, "originator": "Praxis Demo"} for mandant, user in ACCOUNTS.items()}
        return {
            "machine": {"data_folder": str(self.folder)},
            "practice": {
                "url": f"sqlite:///{(self.folder / 'practice.db').as_posix()}",
                "timezone": str(ZONE),
                "name": "Praxis am Bellevue",
                "phone": "044 262 11 22",
            },
            "store": {"url": f"sqlite:///{(self.folder / 'vitoclient.db').as_posix()}"},
            "portal": {"address": self._portal_server.address, "root": str(self.portal.root_file)},
            "gateway": {"address": self.gateway.address, "originator": "Praxis Demo", "accounts": accounts},
            "mail": {
                "host": self.mail.host,
                "port": self.mail.port,
                "security": "starttls",
                "certificate": str(self.mail.certificate),
                "user": "praxis",
                "sender": "praxis@bellevue.example",
                "sender_name": "Praxis am Bellevue",
            },
            "download": {"folder": str(self.folder / "downloads")},
        }

    def _build_agent(self) -> Agent:
        secrets = MemorySecrets()
        for mandant, user in ACCOUNTS.items():
            secrets.set(f"gateway/{mandant}", _password(user))
        secrets.set("mail", _password("praxis"))
        return Agent(load_machine(self.configuration), secrets=secrets, clock=self.clock)

    def _fill(self) -> None:
        from tray_agent.demo.practice import DEFAULT_MANDANT, find_demo_practice, make_demo_practice
        from tray_agent.store.database import open_database
        from tray_agent.store.migrate import upgrade

        upgrade(self.agent.store_unchecked)
        own = open_database(self.agent.machine.practice_url)  # the demo stands for the practice software, too: it alone writes there
        found = find_demo_practice(own)
        self.practice = found or make_demo_practice(own, self.clock.now().astimezone(ZONE).date())
        own.dispose()
        self._configure()
        if not self.again:
            on = dict.fromkeys((switches.DOWNLOAD_ACTIVE, switches.REMINDERS_ON, switches.BIRTHDAYS_ON), True)
            self.agent.settings.save({**on, switches.DEFAULT_MANDANT: DEFAULT_MANDANT}, changed_by="demo")
        self._write_mark()

    def _configure(self) -> None:
        """Tells the practice where the demo's servers listen this time, and that they are meant."""
        agent = self.agent
        agent.look_at_configuration()
        gateway, mail = agent.machine.gateway, agent.machine.mail
        agent.configure({("gateway", "address"): gateway.address, ("mail", "host"): mail.host, ("mail", "port"): mail.port})
        agent.confirm_hosts({name: host_of(agent.configuration, name) for name in secrets_of(agent.configuration)})

    def _last_instant(self) -> datetime | None:
        try:
            return datetime.fromisoformat(json.loads((self.folder / _MARK).read_text(encoding="utf-8"))["last"])
        except (OSError, ValueError, KeyError):
            return None

    def _write_mark(self) -> None:
        write_whole(self.folder / _MARK, json.dumps({"last": self.clock.now().isoformat()}).encode())


def default_folder() -> Path:
    """Returns where the demo lives where no folder is named: beside the real data, never in it."""
    from tray_agent.config.machine import data_folder

    return data_folder().with_name("vitoclient-Services demo")


def remove(folder: Path) -> None:
    """Removes a demo's folder.

    Raises:
        InputError: the folder holds something that is not a demo.
    """
    if folder.exists() and not (folder / _MARK).exists():
        raise _not_empty(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _open_hours(clock: Clock, last: datetime | None) -> Clock:
    """Returns a clock that stands within opening hours and not before ``last``."""
    now = clock.now()
    local = now.astimezone(ZONE)
    wanted = now if OPENING <= local.time() < CLOSING else datetime.combine(local.date(), USUAL_HOUR, ZONE)
    if last is not None and last >= wanted:
        wanted = last + timedelta(seconds=1)
    return clock if wanted == now else ShiftedClock(clock, wanted - now)


def _password(user: str) -> str:
    return f"demo-{user}"


def _not_empty(folder: Path) -> InputError:
    return InputError(
        _("Ordner nicht leer"),
        _("{folder} enthält schon etwas, das keine Demo ist; es wurde nichts verändert.").format(folder=folder),
        _("Mit --dir einen anderen Ordner angeben."),
        item=str(folder),
    )
