"""The system's way to the network: its proxy, its login at the proxy, and the certificates that it trusts.

Built on urllib3 (decision record 0014); imported late, for it takes its time.
"""

from __future__ import annotations

import sys
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

if TYPE_CHECKING:
    import ssl

    from urllib3 import PoolManager


def proxy_for(url: str) -> str | None:
    """Returns the system's proxy for an address (environment, Windows' or macOS's settings), or None for a direct way.

    What is on this machine is never asked for through a proxy.
    """
    parts = urlsplit(url)
    if not parts.hostname or is_this_machine(parts.hostname) or proxy_bypass(parts.hostname):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if not proxy or "://" in proxy else f"http://{proxy}"


def automatic_configuration() -> bool:
    """Returns whether a script tells Windows' programs their proxy (PAC, or found by itself): that is not read here."""
    if sys.platform != "win32":
        return False
    import winreg

    settings = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, settings) as key:
            return bool(winreg.QueryValueEx(key, "AutoConfigURL")[0])
    except OSError:
        return False


def is_this_machine(host: str) -> bool:
    """Returns whether a name or address means the machine that asks, without looking the name up."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def pools_through(proxy: str | None, connection: type | None = None, **options: Any) -> PoolManager:  # noqa: ANN401 - as urllib3 takes them
    """Returns pools of connections that believe the system's certificates and go through a proxy, or directly where it is None.

    Args:
        proxy: the proxy's address, with the login that it asks for.
        connection: stands before urllib3's own classes of connections, over HTTP and over TLS alike.
        options: as urllib3 takes them.

    Raises:
        ValueError: nothing can go through such a proxy.
    """
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager
    from urllib3.connection import HTTPConnection, HTTPSConnection

    options["ssl_context"] = trusted_certificates()
    first = (connection,) if connection else ()
    pools = ProxyManager(proxy, proxy_headers=_login(proxy), **options) if proxy else PoolManager(**options)
    pools.pool_classes_by_scheme = {
        "http": type("PlainPool", (HTTPConnectionPool,), {"ConnectionCls": type("Plain", (*first, HTTPConnection), {})}),
        "https": type("TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": type("Tls", (*first, HTTPSConnection), {})}),
    }
    return pools


def trusted_certificates() -> ssl.SSLContext:
    """Returns how servers are believed: by the certificates that this system trusts, also those that a practice added."""
    import ssl

    import truststore

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _login(proxy: str) -> dict[str, str]:
    """Returns the header with name and password that stand in a proxy's address; nothing where there are none."""
    from urllib3.util import make_headers

    parts = urlsplit(proxy)
    if parts.username is None:
        return {}
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {name: str(value) for name, value in make_headers(proxy_basic_auth=login).items()}
