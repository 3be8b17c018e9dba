"""Looks at a served portal as a practice does, and says until when practices accept it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from tuf.api.metadata import Metadata, Signed, Targets

from publishing.description import Lifetimes
from publishing.signed_metadata import ROLES
from tray_agent.clock import Clock
from tray_agent.downloads.catalogue import PORTAL_FIELD
from tray_agent.downloads.model import ElementVersion
from tray_agent.downloads.portal import Portal
from tray_agent.i18n import _
from tray_agent.web.client import Web, WebError

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Health:
    """How a served portal is.

    Attributes:
        number: of the signed list of files.
        versions: how many files are offered.
        expiries: every role with the instant at which practices refuse it: aware, UTC.
        ending: the roles of which less than half of the lifetime is left.
        faults: what is wrong with files, and what practices don't offer, a sentence each.
    """

    number: int
    versions: int
    expiries: tuple[tuple[str, datetime], ...]
    ending: tuple[str, ...]
    faults: tuple[str, ...]


def check(address: str, root: bytes, web: Web, clock: Clock, *, whole: bool = False) -> Health:
    """Asks a portal as a practice that knows only ``root``, and for each of its files.

    Args:
        address: where ``metadata`` and ``targets`` are served.
        root: what practices were given.
        web: the way to it.
        clock: by which expiry is judged.
        whole: whether the files are fetched and their hashes compared, instead of their sizes asked for.

    Raises:
        PortalUnavailableError: the portal does not answer.
        PortalUntrustedError: practices refuse what it says.
    """
    with TemporaryDirectory(prefix="vitoclient-publish-") as folder:
        portal = Portal(address, root, Path(folder), web, clock)
        catalogue = portal.refresh()
        signed = {role: _signed(Path(folder), role) for role in ROLES}
        field = cast("Targets", signed["targets"]).unrecognized_fields.get(PORTAL_FIELD, {})
        lifetimes = Lifetimes.model_validate(field.get("lifetimes", {}))
        offered = [*catalogue.versions.values()]
        refused = tuple(refusal.sentence for refusal in catalogue.refusals)
        faults = refused + tuple(_faults(portal, web, offered, whole=whole))
    now = clock.now()
    ending = tuple(role for role in ROLES if signed[role].expires - now < lifetimes.of(role) / 2)
    return Health(catalogue.number, len(offered), tuple((role, signed[role].expires) for role in ROLES), ending, faults)


def _signed(folder: Path, role: str) -> Signed:
    """Returns what was verified; of the root, to which ``root.json`` may be a link that not every Windows makes, the newest."""
    roots = (folder / "root_history").glob("*.root.json")
    newest = max(roots, key=lambda file: int(file.name.partition(".")[0]))
    signed: Signed = Metadata.from_file(str(newest if role == "root" else folder / f"{role}.json")).signed
    return signed


def _faults(portal: Portal, web: Web, versions: list[ElementVersion], *, whole: bool) -> Iterator[str]:
    for version in versions:
        hashes: Mapping[str, str] = dict(version.hashes)
        algorithm, digest = next(iter(hashes.items()))
        try:
            fault = _fault_of(web, portal.address_of(version.target, digest), version.size, algorithm, digest, whole=whole)
        except WebError as error:
            fault = error.why.sentence if error.why else str(error)
        if fault:
            yield _("{target}: {fault}").format(target=version.target, fault=fault)


def _fault_of(web: Web, address: str, size: int, algorithm: str, digest: str, *, whole: bool) -> str:
    with web.get(address) as response:
        if response.status != 200:
            return _("der Webserver antwortet mit {status}").format(status=response.status)
        told = response.header("Content-Length")
        if not whole:
            return "" if told in (None, str(size)) else _("{told} Bytes statt {size}").format(told=told, size=size)
        hashing = hashlib.new(algorithm)
        while piece := response.read(_PIECE):
            hashing.update(piece)
    return "" if hashing.hexdigest() == digest else _("der Inhalt ist nicht der unterschriebene")
