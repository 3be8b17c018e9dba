"""The signed portal on loopback that the tests of downloads have, too."""

from __future__ import annotations

from tests.downloads.conftest import demo, portal, server, web

__all__ = ["demo", "portal", "server", "web"]
