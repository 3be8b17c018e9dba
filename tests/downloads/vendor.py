"""What the vendor does while practices use the portal."""

from __future__ import annotations

from datetime import datetime

from publishing.description import read_description
from publishing.publish import Publication, publish
from publishing.signed_metadata import Numbers
from tray_agent.demo.portal import DemoPortal, write_description, write_file
from tray_agent.downloads.catalogue import HISTORY


def publish_version(portal: DemoPortal, key: str, version: str, size: int, now: datetime, known: Numbers | None = None) -> Publication:
    """Publishes one more version of an element as the newest; the one before moves to the history.

    Args:
        portal: a portal that ``make_portal`` made.
        key: the element.
        version: newer than all before.
        size: bytes of its file, about.
        now: the present instant, aware.
        known: the numbers that practices may know from elsewhere.
    """
    described = read_description(portal.source).model_dump(exclude_none=True)
    row = next(row for row in described["element"] if row["key"] == key)
    newest = row["version"][0]
    suffix = newest["file"].rpartition(".")[2]
    row["version"].insert(
        0, newest | {"version": version, "file": write_file(portal.source, key, version, suffix, size), "released": now.date()}
    )
    newest["area"] = HISTORY
    write_description(portal.source, described)
    return publish(portal.source, portal.repository, portal.keys, now, known=known)
