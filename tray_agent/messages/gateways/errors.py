"""The errors of gateways; what becomes of a message is no error but an ``Outcome``."""

from __future__ import annotations

from tray_agent.errors import ConfigurationError, KnownError, UnavailableError
from tray_agent.messages.gateways.contract import AccountFault


class GatewayAccountError(KnownError):
    """The gateway refused the account itself; nothing can be asked or sent until a person acts.

    Attributes:
        fault: what is wrong with the account.
    """

    code = "gateway_account"

    def __init__(self, title: str, message: str, advice: str, *, item: str, fault: AccountFault) -> None:
        super().__init__(title, message, advice, item=item)
        self.fault = fault


class GatewayUnavailableError(UnavailableError):
    """The gateway gave no usable answer."""

    code = "gateway_unavailable"


class GatewayMissingError(ConfigurationError):
    """The configuration names no account for a Mandant, no password, or a gateway that is unknown."""

    code = "gateway_missing"
