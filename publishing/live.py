"""The published portal as practices see it: what counts is what is served, not a copy of it that somebody keeps.

A copy may be old: releases are made elsewhere, a timer refreshes on the web server, a folder is put back from a backup. What
is signed with a number that practices know already is refused by them until the numbers have caught up.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, Targets, Timestamp

from publishing.errors import PublishError, refused
from publishing.signed_metadata import Numbers
from tray_agent.clock import Clock, SystemClock
from tray_agent.downloads.portal import PortalLimits
from tray_agent.i18n import _
from tray_agent.platforms import files
from tray_agent.web.causes import Cause, Why, is_page
from tray_agent.web.client import Web, WebError

_PIECE = 64 * 1024
_LIMITS = PortalLimits()

S = TypeVar("S", Root, Targets, Snapshot, Timestamp)


@dataclass(frozen=True, slots=True)
class _Served:
    """What the portal serves, verified from the first root on; expired or not, for what has expired must be signed anew.

    Attributes:
        numbers: the number of each role's metadata.
        content: every file of it, by its name.
    """

    numbers: Numbers
    content: dict[str, bytes]


class LivePortal:
    """A portal at its address.

    Args:
        address: where ``metadata`` and ``targets`` are served.
        web: the way to it.
        clock: by which waiting for one file ends, however slowly it drips.

    Attributes:
        dropped: the number of a list of files that was signed in the local copy and never served, and that ``take_over`` replaced
            because another was served under its number, or with keys that it does not know; None where there was none.
    """

    def __init__(self, address: str, web: Web, clock: Clock | None = None) -> None:
        self.dropped: int | None = None
        self._clock = clock or SystemClock()
        self._address = address.rstrip("/")
        self._web = web

    def take_over(self, metadata: Path) -> Numbers:
        """Brings what practices see into a local copy's folder ``metadata``, where that is behind; returns the live numbers.

        A local copy that is ahead (published here, not copied to the web server yet, or the server shows an old state out of a
        cache) stays as it is; but not where somebody else published meanwhile: what is served counts, recalls above all.

        Raises:
            PublishError: the portal does not answer; it is another portal than the local copy; what it serves is not signed by
                its own roots. Nothing was changed.
        """
        first = metadata / "1.root.json"
        served = self._read(first.read_bytes() if first.exists() else None)
        if served is None:
            return {}
        self._check_roots(metadata, served)
        ours = _numbers_of(metadata)
        follows = _follows(metadata, served)
        if follows and _order(ours) > _order(served.numbers):
            return served.numbers
        listed = f"{ours['targets']}.targets.json"
        is_served = ours["targets"] < served.numbers["targets"] or (metadata / listed).read_bytes() == served.content.get(listed)
        self.dropped = None if is_served or follows else ours["targets"]
        for name, content in served.content.items():  # the timestamp comes last: it is what makes the others count
            if not (metadata / name).exists() or (metadata / name).read_bytes() != content:
                metadata.mkdir(parents=True, exist_ok=True)
                files.write_whole(metadata / name, content)
        # The timestamp's file has no number in its name: that of ours, which may have been served, is written down nowhere any more.
        return {**served.numbers, "timestamp": max(served.numbers["timestamp"], ours["timestamp"])}

    def _check_roots(self, metadata: Path, served: _Served) -> None:
        for name, content in served.content.items():
            if name.endswith(".root.json") and (metadata / name).exists() and (metadata / name).read_bytes() != content:
                raise refused(str(metadata / name), _("{file} ist im veröffentlichten Portal eine andere Datei.").format(file=name))

    def _read(self, first: bytes | None) -> _Served | None:
        """Returns what is served; None where nothing is."""
        content: dict[str, bytes] = {}
        served_first = self._fetch("1.root.json")
        if served_first is None and self._fetch("timestamp.json") is None:
            return None
        if first is None or (served_first is not None and served_first != first):
            raise PublishError(
                _("Zweites Portal"),
                _("Unter {address} steht schon ein Portal, und dieser Ordner gehört nicht dazu; ein zweites lehnen die Praxen ab.").format(
                    address=self._address
                ),
                _("Den Ordner (--to) prüfen. Ist er verloren: die Datei 1.root.json der Praxen in seinen Unterordner metadata legen."),
                item=self._address,
            )
        root = self._verified(first, "root", None, Root)
        content["1.root.json"] = first
        while (following := self._fetch(f"{root.version + 1}.root.json")) is not None:
            number = root.version + 1
            root = self._verified(following, "root", root, Root)
            self._verified(following, "root", root, Root)  # by the keys that the root before it names, and by its own
            if root.version != number:
                raise self._untrusted()
            content[f"{number}.root.json"] = following
        stamp = self._needed("timestamp.json")
        timestamp = self._verified(stamp, "timestamp", root, Timestamp)
        snapshot_name = f"{timestamp.snapshot_meta.version}.snapshot.json"
        snapshot, snapshot_file = self._named(snapshot_name, "snapshot", root, timestamp.snapshot_meta, Snapshot)
        targets_name = f"{snapshot.meta['targets.json'].version}.targets.json"
        targets, targets_file = self._named(targets_name, "targets", root, snapshot.meta["targets.json"], Targets)
        content |= {targets_name: targets_file, snapshot_name: snapshot_file, "timestamp.json": stamp}
        numbers = {"timestamp": timestamp.version, "snapshot": snapshot.version, "targets": targets.version}
        return _Served(numbers, content)

    def _named(self, name: str, role: str, root: Root, meta: MetaFile, kind: type[S]) -> tuple[S, bytes]:
        """Returns metadata that others name, with its file: as they say, and signed as the root asks."""
        content = self._needed(name)
        for algorithm, digest in (meta.hashes or {}).items():
            if hashlib.new(algorithm, content).hexdigest() != digest:
                raise self._untrusted()
        return self._verified(content, role, root, kind), content

    def _verified(self, content: bytes, role: str, by: Root | None, kind: type[S]) -> S:
        """Returns signed metadata whose signatures ``by`` asks for; None: its own."""
        try:
            metadata = cast("Metadata[S]", Metadata.from_bytes(content))
            if not isinstance(metadata.signed, kind):
                raise self._untrusted()
            verifier = by if by is not None else metadata.signed
            if not isinstance(verifier, Root):
                raise self._untrusted()
            verifier.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
        except (RepositoryError, ValueError) as error:
            raise self._untrusted() from error
        return metadata.signed

    def _needed(self, name: str) -> bytes:
        content = self._fetch(name)
        if content is None:
            raise self._untrusted()
        return content

    def _fetch(self, name: str) -> bytes | None:
        """Returns a file of ``metadata``; None where the server has none."""
        url = f"{self._address}/metadata/{name}"
        deadline = self._clock.monotonic() + _LIMITS.metadata_seconds
        try:
            with self._web.get(url) as response:
                if response.status in (403, 404, 410):  # some servers say "forbidden" of what is not there
                    return None
                if response.status != 200:
                    raise self._silent(_("{address} meldet einen Fehler ({status}).").format(address=url, status=response.status))
                if is_page(response.header("Content-Type")):
                    raise self._silent(Why(Cause.SIGN_IN_PAGE, url).sentence)
                content = bytearray()
                while piece := response.read(_PIECE):
                    content += piece
                    if len(content) > _LIMITS.metadata_bytes:
                        raise self._untrusted()
                    if self._clock.monotonic() > deadline:
                        raise self._silent(_("{address} antwortet zu langsam.").format(address=url))
                return bytes(content)
        except WebError as error:
            broken = _("{address} antwortet nicht ({why}).").format(address=url, why=error)
            raise self._silent(error.why.sentence if error.why else broken) from error

    def _silent(self, why: str) -> PublishError:
        return PublishError(
            _("Veröffentlichtes Portal nicht erreichbar"),
            _("{why} Ohne den Stand, den die Praxen sehen, wurde nichts unterschrieben.").format(why=why),
            _("Adresse und Netz prüfen. Nur wenn dieser Ordner sicher der neueste Stand ist: --without-live."),
            item=self._address,
        )

    def _untrusted(self) -> PublishError:
        return PublishError(
            _("Veröffentlichtes Portal nicht in Ordnung"),
            _("Was unter {address} steht, ist unvollständig oder nicht mit den Schlüsseln dieses Portals unterschrieben.").format(
                address=self._address
            ),
            _("Prüfen, ob jemand den Webserver verändert hat; danach den ganzen Ordner neu kopieren, mit --without-live."),
            item=self._address,
        )


def _follows(metadata: Path, served: _Served) -> bool:
    """Returns whether a local copy knows what is served: all its roots, and no other list of files under the same number."""
    for name, content in served.content.items():
        local = metadata / name
        if name.endswith(".root.json") and not local.exists():
            return False
        if name.endswith(".targets.json") and local.exists() and local.read_bytes() != content:
            return False
    return True


def _order(numbers: Numbers) -> tuple[int, int, int]:
    """Returns what says which of two states is the later one: timestamps are signed anew by a timer that may know no newer list."""
    return numbers["targets"], numbers["snapshot"], numbers["timestamp"]


def _numbers_of(metadata: Path) -> Numbers:
    """Returns the numbers of what counts in a local copy; all 0 where it is not whole."""
    try:
        timestamp = cast("Metadata[Timestamp]", Metadata.from_bytes((metadata / "timestamp.json").read_bytes())).signed
        name = f"{timestamp.snapshot_meta.version}.snapshot.json"
        snapshot = cast("Metadata[Snapshot]", Metadata.from_bytes((metadata / name).read_bytes())).signed
        number = snapshot.meta["targets.json"].version
        Metadata.from_bytes((metadata / f"{number}.targets.json").read_bytes())
    except (OSError, RepositoryError):
        return {"timestamp": 0, "snapshot": 0, "targets": 0}
    return {"timestamp": timestamp.version, "snapshot": snapshot.version, "targets": number}
