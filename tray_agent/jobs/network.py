"""Whether this computer has a network: asked after it slept, before jobs go out into it."""

from __future__ import annotations

import ipaddress


def network_ready() -> bool:
    """Returns whether any interface besides the loopback is up and has an address that reaches beyond its own cable."""
    import psutil

    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    return any(_reaches_out(address.address) for name, found in psutil.net_if_addrs().items() if name in up for address in found)


def _reaches_out(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:  # the address of the network card itself
        return False
    return not (address.is_loopback or address.is_link_local or address.is_unspecified)
