"""The gateways by kind: a second one is one class and one line here (or one call of ``register``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tray_agent.clock import Clock
from tray_agent.config.machine import GatewaySection
from tray_agent.config.secrets import Secrets
from tray_agent.messages.gateways.contract import SmsGateway


@dataclass(frozen=True, slots=True)
class GatewayAccess:
    """What a gateway needs to know to speak for one account.

    Attributes:
        account: the user name at the gateway; messages of one account share credits and limits.
        password: "" where the kind needs none; never shown.
        address: the gateway's base address.
        folder: where a gateway without a network writes.
    """

    account: str
    password: str = field(repr=False)
    address: str
    folder: Path
    clock: Clock


def register(kind: str, make: Callable[[GatewayAccess], SmsGateway], *, needs_password: bool = True) -> None:
    """Makes a kind of gateway known under the word that stands in the configuration."""
    raise NotImplementedError


class SmsGateways(Mapping[str, SmsGateway]):
    """The SMS gateways by Mandant id, opened when first asked for; Mandants with one account share one gateway.

    Iterating gives the Mandants that have an account in the configuration.
    """

    def __init__(self, section: GatewaySection, secrets: Secrets, clock: Clock, data_folder: Path) -> None:
        raise NotImplementedError

    def __getitem__(self, mandant_id: str) -> SmsGateway:
        """Returns the gateway that is charged for a Mandant; threads may ask at once.

        Raises:
            GatewayMissingError: no account, no password, or an unknown kind.
        """
        raise NotImplementedError

    def __iter__(self) -> Iterator[str]:
        """Iterates over the Mandants with an account."""
        raise NotImplementedError

    def __len__(self) -> int:
        """Returns the number of Mandants with an account."""
        raise NotImplementedError

    def account(self, mandant_id: str) -> str:
        """Returns the name of the account that is charged for a Mandant: the key for credits and batches.

        Raises:
            GatewayMissingError: no account.
        """
        raise NotImplementedError

    def originator(self, mandant_id: str) -> str:
        """Returns the originator of a Mandant's messages: the account's, else the gateway's.

        Raises:
            GatewayMissingError: no account, or no originator at all.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Closes all connections."""
        raise NotImplementedError
