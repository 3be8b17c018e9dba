"""For which server a password was entered on this computer: another one gets it only after a person here has confirmed it.

The practice's configuration stands in the store. Who can write a row there must not get to the passwords of each workstation by naming a
server of his own (decision record 0020). So each computer keeps for which server it gave a password out the first time, or for which a
person entered or confirmed it.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from tray_agent.config.machine import Machine, MailSection
from tray_agent.config.secrets import Secrets, variable_of
from tray_agent.platforms.errors import FileBusyError
from tray_agent.platforms.files import write_whole

_GATEWAY, _MAIL = "gateway/", "mail"
MAIL_TOKEN = "mail-token"  # noqa: S105 - the name of a secret
"""What renews the access to a mail server that takes tokens (``messages.mail_sign_in`` keeps it)."""

_log = logging.getLogger(__name__)


def host_of(machine: Machine, secret: str) -> str:
    """Returns which server gets a password, and how: what must be confirmed anew where it changes; "" where it is none of these.

    Args:
        machine: the configuration in force.
        secret: the name of a password: ``gateway/MANDANT``, ``mail``, ``mail-token``.
    """
    if secret.startswith(_GATEWAY):
        return machine.gateway.address
    mail = machine.mail
    return f"{mail.host.lower()}:{mail.port} ({mail.security})" if secret in (_MAIL, MAIL_TOKEN) and mail.host else ""


def secrets_of(machine: Machine) -> tuple[str, ...]:
    """Returns the names of the passwords that a configuration's servers ask for; one that writes files asks for none."""
    accounts = machine.gateway.accounts if machine.gateway.kind != "file" else ()
    mail = [mail_secret(machine.mail)] if machine.mail.host and machine.mail.user else []
    return (*(f"{_GATEWAY}{mandant}" for mandant in accounts), *mail)


def mail_secret(mail: MailSection) -> str:
    """Returns the name of the secret that the mail server asks for: the password's, or the token's. One is never sent as the other."""
    return MAIL_TOKEN if mail.sign_in == "microsoft" else _MAIL


class ConfirmedHosts:
    """The servers that may get this computer's passwords. Threads may ask at once.

    Where nothing was confirmed yet, those hold that this computer's own configuration names: they were in use before the practice's
    configuration moved to the store. ``VITOCLIENT_SECRET_HOST_…`` says it for a service, whose passwords an administrator enters.

    Args:
        file: where it is noted; made with its folder.
        own: this computer's own configuration.
    """

    def __init__(self, file: Path, own: Machine) -> None:
        self._file = file
        self._own = own
        self._lock = threading.Lock()

    def of(self, secret: str) -> str:
        """Returns the server for which a password is meant, as ``host_of`` writes it; "" where none is known yet."""
        from_environment = os.environ.get(variable_of(f"host/{secret}"))
        return from_environment or self.noted().get(secret) or self._configured(secret)

    def noted(self) -> Mapping[str, str]:
        """Returns what was noted, by the name of the password; nothing where the file can't be read."""
        try:
            found = json.loads(self._file.read_bytes())
            return {str(secret): str(host) for secret, host in found["hosts"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def note(self, hosts: Mapping[str, str]) -> None:
        """Notes the servers of passwords; what can't be written is told in the log, and asked again another time."""
        with self._lock:
            before = self.noted()
            after = {**before, **hosts}
            if after == before:
                return
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                write_whole(self._file, json.dumps({"hosts": after}, indent=1, sort_keys=True).encode())
            except (OSError, FileBusyError) as error:
                _log.warning("which servers get passwords could not be noted: %s", type(error).__name__)

    def _configured(self, secret: str) -> str:
        is_named = secret in (_MAIL, MAIL_TOKEN) or secret.removeprefix(_GATEWAY) in self._own.gateway.accounts
        return host_of(self._own, secret) if is_named else ""


class GuardedSecrets:
    """The passwords, of which those of a server are given out for the one for which they are meant.

    Args:
        secrets: where the passwords are.
        hosts: for which server each is meant.
        machine: gives the configuration in force.
    """

    def __init__(self, secrets: Secrets, hosts: ConfirmedHosts, machine: Callable[[], Machine]) -> None:
        self._secrets = secrets
        self.hosts = hosts
        self._machine = machine

    def of(self, machine: Machine) -> GuardedSecrets:
        """Returns the passwords for who keeps to one configuration, though another may be in force meanwhile."""
        return GuardedSecrets(self._secrets, self.hosts, lambda: machine)

    def get(self, name: str) -> str | None:
        """Returns a password, or None where there is none, or none for the server that the configuration names."""
        host, known = self._hosts_of(name)
        if known != host:
            return None
        value = self._secrets.get(name)
        if value and host:
            self.hosts.note({name: host})  # where nothing was known it is meant for the first that asks
        return value

    def set(self, name: str, value: str) -> None:
        """Keeps a password, for the server that the configuration names now.

        Raises:
            ConfigurationError: this machine has no keyring.
        """
        self._secrets.set(name, value)
        if host := host_of(self._machine(), name):
            self.hosts.note({name: host})

    def unconfirmed(self, name: str) -> str:
        """Returns the former server where there is a password, but not for the server that the configuration names; else ""."""
        host, known = self._hosts_of(name)
        return known if known != host and self._secrets.get(name) else ""

    def refused(self) -> frozenset[str]:
        """Returns the passwords that the configuration's servers get none of, whether they are here or not; asks no keyring."""
        pairs = {name: self._hosts_of(name) for name in secrets_of(self._machine())}
        return frozenset(name for name, (host, known) in pairs.items() if host != known)

    def _hosts_of(self, name: str) -> tuple[str, str]:
        """Returns the server that would get a password, and the one for which it is meant: the same where nothing is known yet."""
        host = host_of(self._machine(), name)
        return host, (self.hosts.of(name) if host else "") or host
