"""Whether this computer has a network."""

from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from tray_agent.jobs.scheduler import network_ready


@pytest.mark.parametrize(("interfaces", "ready"), [
    ({}, False),
    ({"lo": (True, ["127.0.0.1", "::1"])}, False),
    ({"lo": (True, ["127.0.0.1"]), "eth0": (False, ["192.168.1.20"])}, False),
    ({"eth0": (True, ["169.254.7.7", "fe80::1%eth0", "00:11:22:33:44:55"])}, False),
    ({"eth0": (True, ["00:11:22:33:44:55", "192.168.1.20"])}, True),
    ({"wlan0": (True, ["2a02:1205::7"])}, True),
])  # fmt: skip
def test_a_network_is_an_address_beyond_the_own_cable(
    monkeypatch: pytest.MonkeyPatch, interfaces: dict[str, tuple[bool, list[str]]], ready: bool
) -> None:
    states = {name: SimpleNamespace(isup=up) for name, (up, _addresses) in interfaces.items()}
    addresses = {name: [SimpleNamespace(address=one) for one in found] for name, (_up, found) in interfaces.items()}
    monkeypatch.setattr(psutil, "net_if_stats", lambda: states)
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: addresses)
    assert network_ready() is ready


def test_the_real_question_has_an_answer() -> None:
    assert network_ready() in (True, False)
