"""A served portal is looked at as a practice does, and what ends is told in time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from publishing.check import Health, check
from publishing.publish import refresh
from tests.downloads.forging import newest, resign
from tests.support.portal import FaultyPortal
from tray_agent.clock import ManualClock
from tray_agent.demo.portal import DemoPortal
from tray_agent.downloads.errors import PortalUntrustedError
from tray_agent.web.client import Web


def health(demo: DemoPortal, server: FaultyPortal, web: Web, clock: ManualClock, *, whole: bool = False) -> Health:
    return check(server.address, demo.root_file.read_bytes(), web, clock, whole=whole)


def test_a_portal_in_order_says_until_when(demo: DemoPortal, server: FaultyPortal, web: Web, clock: ManualClock) -> None:
    found = health(demo, server, web, clock, whole=True)
    assert (found.number, found.versions, found.ending, found.faults) == (1, 5, (), ())
    assert dict(found.expiries)["timestamp"] == clock.now() + timedelta(days=7)
    assert dict(found.expiries)["root"] == newest(demo.repository, "root").signed.expires


def test_what_ends_within_half_its_life_is_named(demo: DemoPortal, server: FaultyPortal, web: Web, clock: ManualClock) -> None:
    clock.advance(timedelta(days=4))
    assert health(demo, server, web, clock).ending == ("timestamp",)
    clock.advance(timedelta(days=4))
    with pytest.raises(PortalUntrustedError, match="abgelaufen"):
        health(demo, server, web, clock)


def test_a_refresh_without_the_other_keys_says_what_ends(demo: DemoPortal, server: FaultyPortal, web: Web, clock: ManualClock) -> None:
    for role in ("root", "targets", "snapshot"):
        (demo.folder / "keys" / f"{role}.pem").unlink()
    ending = []
    for _day in range(29):
        clock.advance(timedelta(days=1))
        ending.append(refresh(demo.repository, demo.keys, clock.now()).ending)
    assert ending[14] == ()
    assert set(ending[15:]) == {("snapshot",)}
    assert health(demo, server, web, clock).ending == ("snapshot",)


@pytest.mark.parametrize(
    ("content", "whole", "said"),
    [
        (None, False, "404"),
        (b"short", False, "Bytes statt"),
        (b"\n" * 3 * 1024, True, "nicht der unterschriebene"),
        (b"short", True, "Inhalt"),
    ],
    ids=["missing", "short", "changed", "short whole"],
)
def test_a_file_that_is_not_as_signed_is_named(
    demo: DemoPortal, server: FaultyPortal, web: Web, clock: ManualClock, content: bytes | None, whole: bool, said: str
) -> None:
    file = next((demo.repository / "targets" / "handbuch").rglob("*.txt"))
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content[: file.stat().st_size] if said.startswith("nicht") else content)
    (fault,) = health(demo, server, web, clock, whole=whole).faults
    assert "handbuch" in fault
    assert said in fault


def test_what_practices_do_not_offer_is_named(demo: DemoPortal, server: FaultyPortal, web: Web, clock: ManualClock) -> None:
    targets = newest(demo.repository, "targets").signed
    next(one for one in targets.targets.values() if one.custom["element"] == "tarif").custom["released"] = "soon"
    resign(demo, clock.now(), targets)
    (fault,) = health(demo, server, web, clock).faults
    assert "wird nicht angeboten" in fault
    assert "tarif" in fault
