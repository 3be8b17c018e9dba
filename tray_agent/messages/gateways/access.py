"""What every gateway is given, and how numbers and addresses stand in its log: only enough of them to recognise them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tray_agent.clock import Clock


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


def masked_number(number: str) -> str:
    """Returns a telephone number with all but the prefix and the last two digits hidden: ``+4179*****67``."""
    if len(number) <= 7:
        return "*" * len(number)
    return number[:5] + "*" * (len(number) - 7) + number[-2:]


def masked_address(address: str) -> str:
    """Returns an e-mail address with its local part hidden but for the first letter: ``a***@bluewin.ch``."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"
