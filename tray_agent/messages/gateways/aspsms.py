"""ASPSMS, a Swiss SMS gateway with prepaid credits, through its JSON interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tray_agent.messages.gateways.contract import DeliveryReport, OutgoingSms, Outcome
from tray_agent.messages.gateways.registry import GatewayAccess


class AspsmsGateway:
    """One account at ASPSMS. Connections are kept alive and bounded by ``most_at_once``; threads share it.

    Args:
        access: account, password and base address.
        seconds: how long an answer may take.
    """

    most_at_once = 8

    def __init__(self, access: GatewayAccess, seconds: float = 30.0) -> None:
        raise NotImplementedError

    def balance(self) -> Decimal:
        """Returns the credits of the account.

        Raises:
            GatewayUnavailableError: no usable answer.
            GatewayAccountError: the account was refused.
        """
        raise NotImplementedError

    def submit(self, message: OutgoingSms) -> Outcome:
        """Hands a message over; never raises: what is not certain is ``InDoubt``."""
        raise NotImplementedError

    def inquire(self, references: Sequence[str]) -> Mapping[str, DeliveryReport]:
        """Returns the newest notification of each reference that the gateway knows; others are left out.

        A reference that the gateway answers with -1 (not yet submitted) comes as ``NOT_SUBMITTED``.

        Raises:
            GatewayUnavailableError: no usable answer.
            GatewayAccountError: the account was refused.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Closes the connections."""
        raise NotImplementedError
