"""The system's way to the network: which proxy is asked, and how one logs in there."""

from __future__ import annotations

import base64

import pytest
from urllib3 import PoolManager, ProxyManager

from tray_agent.web.system_network import is_this_machine, pools_through, proxy_for


@pytest.mark.parametrize(
    ("address", "proxy"),
    [
        ("http://portal.example/x", "http://proxy.example:3128"),
        ("https://portal.example/x", "http://secure.example:3129"),
        ("https://intern.example/x", None),
        ("http://localhost:8080/x", None),
        ("http://127.0.0.9/x", None),
        ("http://[::1]/x", None),
        ("nonsense", None),
    ],
)
def test_which_proxy_is_asked(monkeypatch: pytest.MonkeyPatch, address: str, proxy: str | None) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("https_proxy", "secure.example:3129")
    monkeypatch.setenv("no_proxy", "intern.example")
    assert proxy_for(address) == proxy


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "::1"])
def test_the_machine_that_asks(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["", "localhost.example", "127.0.0.1.example", "192.168.1.1", "praxis-server"])
def test_another_machine(host: str) -> None:
    assert not is_this_machine(host)


def pools(proxy: str | None) -> PoolManager:
    return pools_through(proxy)


def test_a_login_may_hold_any_sign() -> None:
    manager = pools("http://PRAXIS%5Cempfang:ge%40heim%3A@proxy.example:3128")
    assert isinstance(manager, ProxyManager)
    assert manager.proxy_headers["proxy-authorization"] == "Basic " + base64.b64encode(b"PRAXIS\\empfang:ge@heim:").decode()


def test_without_a_login_none_is_sent() -> None:
    manager = pools("http://proxy.example:3128")
    assert isinstance(manager, ProxyManager)
    assert not manager.proxy_headers
    assert pools(None).proxy is None


def test_a_proxy_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="fax"):
        pools("fax://proxy.example")
