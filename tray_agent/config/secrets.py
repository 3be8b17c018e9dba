"""Secrets: in the system's keyring; on machines without one, in an environment variable named on purpose.

The name of a secret is ``gateway/MANDANT``, ``mail``, ``store`` or ``practice`` (the databases' passwords). Its
environment variable is ``VITOCLIENT_SECRET_`` and the name in capitals with ``_`` for everything that is no letter
or digit: ``VITOCLIENT_SECRET_GATEWAY_M1``. The variable wins, so that a headless machine needs no keyring.
"""

from __future__ import annotations

import os
import re
from typing import Protocol

from tray_agent.errors import ConfigurationError
from tray_agent.i18n import _

SERVICE = "vitoclient-Services"


class Secrets(Protocol):
    """Where passwords are."""

    def get(self, name: str) -> str | None:
        """Returns a secret, or None where there is none."""
        ...

    def set(self, name: str, value: str) -> None:
        """Keeps a secret.

        Raises:
            ConfigurationError: this machine has no keyring.
        """
        ...


class MemorySecrets:
    """Secrets of one process: the test double, also used by the demo, which invents its passwords."""

    def __init__(self, **values: str) -> None:
        self._values = dict(values)

    def get(self, name: str) -> str | None:
        """Returns a secret, or None."""
        return self._values.get(name)

    def set(self, name: str, value: str) -> None:
        """Keeps a secret until the process ends."""
        self._values[name] = value


class SystemSecrets:
    """The environment first, then the system's keyring."""

    def get(self, name: str) -> str | None:
        """Returns a secret, or None where neither the environment nor the keyring has it."""
        from_environment = os.environ.get(variable_of(name))
        if from_environment is not None:
            return from_environment
        import keyring
        from keyring.errors import KeyringError

        try:
            return keyring.get_password(SERVICE, name)
        except (KeyringError, RuntimeError, OSError):
            return None

    def set(self, name: str, value: str) -> None:
        """Keeps a secret in the keyring.

        Raises:
            ConfigurationError: this machine has no keyring.
        """
        import keyring
        from keyring.errors import KeyringError

        try:
            keyring.set_password(SERVICE, name, value)
        except (KeyringError, RuntimeError, OSError) as error:
            raise ConfigurationError(
                _("Kein Schlüsselbund"),
                _("Auf diesem Gerät gibt es keinen Schlüsselbund; das Passwort wurde nicht gespeichert."),
                _("Umgebungsvariable {name} setzen.").format(name=variable_of(name)),
                item=name,
            ) from error


def variable_of(name: str) -> str:
    """Returns the environment variable that may hold a secret."""
    return "VITOCLIENT_SECRET_" + re.sub(r"[^A-Z0-9]", "_", name.upper())
