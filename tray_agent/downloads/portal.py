"""The client's side of the online portal: a TUF repository, trusted only through the root that came with the installation.

The workflow (root, timestamp, snapshot, targets; rollback, freeze and mix-and-match) is python-tuf's ``ngclient``. What
was confirmed last is kept on this machine and is shown, verified again, while the portal does not answer.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urlsplit

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    SlowRetrievalError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Root, Targets
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from tray_agent.clock import Clock, SystemClock
from tray_agent.downloads.catalogue import PORTAL_FIELD, Catalogue, elements_of, read_area_order, read_targets
from tray_agent.downloads.errors import PortalUnavailableError, PortalUntrustedError
from tray_agent.i18n import N_, _
from tray_agent.platforms import files
from tray_agent.platforms.locks import LockedError, locked
from tray_agent.web.causes import Cause, Why, is_page
from tray_agent.web.client import Response, Web, WebError, WebFault

_PIECE = 64 * 1024
_PAUSE = 1.0
_HICCUP_SECONDS = 5.0
"""What fails later than this is no hiccup, and nobody should wait for it twice."""

_CONFIRMED = "confirmed"
_CONFIRMED_AT = "confirmed_at"
_LITERAL = "/%:@!$&'()*+,;="
"""What stands for itself in the path of an address (RFC 3986, 3.3): a target's path is one already, by the specification."""


@dataclass(frozen=True, slots=True)
class PortalLimits:
    """What the portal may ask of this machine.

    Attributes:
        metadata_seconds: for one metadata file, however slowly it drips.
        lock_seconds: how long to wait for another process of this machine that asks the portal.
        metadata_bytes: of the largest metadata file (the list of targets), whatever the portal itself promises.
    """

    metadata_seconds: float = 60.0
    lock_seconds: float = 60.0
    metadata_bytes: int = 10_000_000


class _TooLargeError(DownloadError):
    """A metadata file is larger than may be."""


class _MetadataFetcher(FetcherInterface):
    """Fetches metadata for ``ngclient`` through our own ``Web``.

    A hiccup of the server is got over once: the next run may be tomorrow.
    """

    def __init__(self, web: Web, clock: Clock, limits: PortalLimits) -> None:
        self._web = web
        self._clock = clock
        self._seconds = limits.metadata_seconds
        self._most = limits.metadata_bytes

    def _fetch(self, url: str) -> Iterator[bytes]:
        began, begun = self._clock.monotonic(), False
        try:
            for piece in self._pieces(url, began + self._seconds):
                begun = True
                yield piece
        except DownloadError as error:
            if begun or not _is_hiccup(error) or self._clock.monotonic() - began > _HICCUP_SECONDS:
                raise
            self._clock.wait(threading.Event(), _PAUSE)
            yield from self._pieces(url, began + self._seconds)

    def _pieces(self, url: str, deadline: float) -> Iterator[bytes]:
        try:
            with self._web.get(url) as response:
                if response.status != 200:
                    raise DownloadHTTPError(f"{response.status} {url}", response.status)
                _refuse_page(response, url)
                count = 0
                while piece := response.read(_PIECE):
                    count += len(piece)
                    if count > self._most:  # the client itself believes whatever length who holds the snapshot's key has signed
                        raise _TooLargeError(url)
                    if self._clock.monotonic() > deadline:
                        raise SlowRetrievalError(url)
                    yield piece
        except WebError as error:
            raise DownloadError(str(error)) from error


def _refuse_page(response: Response, url: str) -> None:
    """Refuses a page for people: the sign-in to a network answers in the server's place."""
    if is_page(response.header("Content-Type")):
        raise WebError(WebFault.REFUSED, "page", Why(Cause.SIGN_IN_PAGE, url))


def _is_hiccup(error: DownloadError) -> bool:
    if isinstance(error, DownloadHTTPError):
        return error.status_code in (408, 425, 429) or error.status_code >= 500
    return isinstance(error.__cause__, WebError) and error.__cause__.fault is WebFault.UNREACHABLE


class _ConfirmedMetadata(FetcherInterface):
    """Answers with what the portal confirmed last, so that ``ngclient`` verifies it again without the portal."""

    def __init__(self, kept: dict[str, str]) -> None:
        self._kept = kept

    def _fetch(self, url: str) -> Iterator[bytes]:
        name = url.rpartition("/")[2]
        if name not in self._kept:
            raise DownloadHTTPError(name, 404)
        yield self._kept[name].encode()


class _TrustedReader(Updater):
    """An ``Updater`` that judges expiry by the given time and shows the verified list of targets."""

    def judge_at(self, now: datetime) -> None:
        """Sets the time at which metadata must not have expired."""
        self._trusted_set.reference_time = now  # ngclient takes the computer's time; tests and the demo have clocks of their own

    @property
    def verified_targets(self) -> Targets:
        """Returns the top-level targets, after ``refresh``."""
        return self._trusted_set.targets

    @property
    def holds_until(self) -> datetime:
        """Returns when the first of what was verified expires, after ``refresh``."""
        trusted = self._trusted_set
        return min(signed.expires for signed in (trusted.root, trusted.timestamp, trusted.snapshot, trusted.targets))

    @property
    def names_by_hash(self) -> bool:
        """Returns whether files are served under names that begin with their hash (consistent snapshots)."""
        return self._trusted_set.root.consistent_snapshot is not False

    @property
    def confirmed_files(self) -> tuple[tuple[str, str], ...]:
        """Returns the verified files, by the names under which they are kept and served, after ``refresh``."""
        snapshot, targets = self._trusted_set.snapshot.version, self._trusted_set.targets.version
        served = (f"{snapshot}.snapshot.json", f"{targets}.targets.json") if self.names_by_hash else ("snapshot.json", "targets.json")
        return (("timestamp.json", "timestamp.json"), ("snapshot.json", served[0]), ("targets.json", served[1]))


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read of a verified list of targets.

    Attributes:
        stamp: of the file that keeps it: while that is the same, it need not be verified again.
        catalogue: what it says.
        until: when it expires.
        names_by_hash: whether files are served under names that begin with their hash.
    """

    stamp: tuple[int, int, int]
    catalogue: Catalogue
    until: datetime
    names_by_hash: bool


class Portal:
    """The online portal as this machine trusts it.

    Args:
        address: where ``metadata/`` and ``targets/`` are.
        root: the trusted root that came with the installation, as signed JSON; None: the one kept in ``folder``.
        folder: where this machine keeps confirmed metadata; one for each portal and root, see ``metadata_folder``.
        web: the way to it.
    """

    def __init__(
        self,
        address: str,
        root: bytes | None,
        folder: Path,
        web: Web,
        clock: Clock | None = None,
        limits: PortalLimits | None = None,
    ) -> None:
        self._metadata_address = f"{address.rstrip('/')}/metadata"
        self._targets_address = f"{address.rstrip('/')}/targets"
        self._root = root
        self._folder = folder
        self._web = web
        self._clock = clock or SystemClock()
        self._limits = limits or PortalLimits()
        self._names_by_hash = True
        self._read: _Read | None = None

    def refresh(self) -> Catalogue:
        """Asks the portal and returns what it offers now.

        Raises:
            PortalUnavailableError: no answer, or an error; nothing changed.
            PortalUntrustedError: the answer can't be trusted; what was confirmed before stays in force.
        """
        with self._asking() as reader:
            reader.refresh()
            now = self._clock.now()
            self._confirm(reader, now)
            return replace(self._read_now(reader), checked_at=now, offline=False)

    def known(self, *, also_expired: bool = False) -> Catalogue | None:
        """Returns what the portal confirmed last, verified again; None where nothing is known or it has expired.

        A refresh that failed half-way does not touch it. What this process has verified already is not verified another time.

        Args:
            also_expired: whether what has expired since is returned, too: nothing may be offered on its word, but a version that
                was called back stays so while the portal is away, however long that is.
        """
        try:
            checked_at = datetime.fromisoformat((self._folder / _CONFIRMED_AT).read_text())
            read = self._read
            if read is not None and read.stamp == self._stamp() and (also_expired or self._clock.now() < read.until):
                self._names_by_hash = read.names_by_hash
                return replace(read.catalogue, checked_at=checked_at, offline=True)
            kept = json.loads((self._folder / _CONFIRMED).read_bytes())
            # In a folder of its own: ngclient writes while it verifies, and must not touch what another program asks for now.
            with TemporaryDirectory(prefix="vitoclient-") as folder:
                reader = self._reader(_ConfirmedMetadata(kept), folder)
                if also_expired:
                    reader.judge_at(checked_at)
                reader.refresh()
                return replace(self._read_now(reader), checked_at=checked_at, offline=True)
        except (RepositoryError, DownloadError, OSError, ValueError, TypeError):
            return None

    def address_of(self, target: str, digest: str) -> str:
        """Returns where a target is served whose first hash is ``digest``; after ``refresh`` or ``known``."""
        folder, separator, name = target.rpartition("/")
        served = f"{folder}{separator}{digest}.{name}" if self._names_by_hash else target
        return f"{self._targets_address}/{quote(served, safe=_LITERAL)}"

    @contextmanager
    def _asking(self) -> Iterator[_TrustedReader]:
        with self._only_one(), _faults_in_words(self._metadata_address):
            yield self._reader(_MetadataFetcher(self._web, self._clock, self._limits))

    def _reader(self, fetcher: FetcherInterface, folder: str | None = None) -> _TrustedReader:
        config = UpdaterConfig(targets_max_length=self._limits.metadata_bytes)
        reader = _TrustedReader(folder or str(self._folder), self._metadata_address, fetcher=fetcher, config=config, bootstrap=self._root)
        reader.judge_at(self._clock.now())
        self._names_by_hash = reader.names_by_hash
        return reader

    def _confirm(self, reader: _TrustedReader, now: datetime) -> None:
        """Keeps what was confirmed as one file, replaced whole: ``ngclient``'s own files may be of different states."""
        kept = {file.name: file.read_text() for file in (self._folder / "root_history").glob("*.root.json")}
        for name, served in reader.confirmed_files:
            kept[served] = (self._folder / name).read_text()
        content = json.dumps(kept).encode()
        file = self._folder / _CONFIRMED
        if not file.exists() or file.read_bytes() != content:  # most looks bring nothing new: 20 MB need not be written then
            files.write_whole(file, content)
        files.write_whole(self._folder / _CONFIRMED_AT, now.isoformat().encode())

    def _read_now(self, reader: _TrustedReader) -> Catalogue:
        """Returns what was verified just now; what it says is read once for each published state, not for every look."""
        self._names_by_hash = reader.names_by_hash
        stamp, before = self._stamp(), self._read
        is_same = before is not None and before.stamp == stamp
        catalogue = before.catalogue if before is not None and is_same else _catalogue_of(reader.verified_targets)
        self._read = _Read(stamp, catalogue, reader.holds_until, reader.names_by_hash)
        return catalogue

    def _stamp(self) -> tuple[int, int, int]:
        found = (self._folder / _CONFIRMED).stat()
        return found.st_mtime_ns, found.st_size, found.st_ino

    @contextmanager
    def _only_one(self) -> Iterator[None]:
        """``ngclient`` wants its folder for itself; two processes of one machine take turns."""
        with _faults_in_words(self._metadata_address):
            self._folder.mkdir(parents=True, exist_ok=True)
        deadline = self._clock.monotonic() + self._limits.lock_seconds
        while True:
            try:
                with locked(self._folder / "lock"):
                    yield
                    return
            except LockedError as error:
                if self._clock.monotonic() >= deadline:
                    raise _unavailable(self._metadata_address, _BUSY) from error
                self._clock.wait(threading.Event(), 0.1)


def _catalogue_of(signed: Targets) -> Catalogue:
    versions, refusals = read_targets(signed.targets)
    areas = read_area_order(signed.unrecognized_fields.get(PORTAL_FIELD))
    offered = elements_of(version for version in versions if version.recall is None)
    recalled = {version.key: version for version in versions if version.recall is not None}
    return Catalogue(offered, areas, tuple(refusals), signed.version, recalled=recalled)


_BUSY = N_("Das Portal {host} wird auf diesem Gerät gerade von einem anderen Programm abgefragt.")

_UNTRUSTED = (
    (BadVersionNumberError, N_("Das Portal zeigt einen älteren Stand als den, der hier schon bestätigt wurde.")),
    (UnsignedMetadataError, N_("Die Angaben des Portals sind nicht vom Hersteller unterschrieben.")),
    ((LengthOrHashMismatchError, DownloadLengthMismatchError), N_("Die Angaben des Portals passen nicht zueinander.")),
    (RepositoryError, N_("Die Angaben des Portals sind unvollständig oder unlesbar.")),
)
"""What python-tuf's errors mean for a practice; the first that fits, for the last is the base of the others."""


@contextmanager
def _faults_in_words(address: str) -> Iterator[None]:
    """Turns python-tuf's errors into words.

    Raises:
        PortalUnavailableError: the portal does not answer, or this machine can't keep what it said.
        PortalUntrustedError: what it said is not what the vendor signed.
    """
    try:
        yield
    except ExpiredMetadataError as error:
        raise PortalUntrustedError(
            _("Angaben des Online-Portals abgelaufen"),
            _("Die unterschriebenen Angaben des Portals sind abgelaufen. Nichts davon wurde übernommen; was heruntergeladen ist, bleibt."),
            _("Datum und Uhrzeit dieses Geräts prüfen; stimmen sie, den Hersteller benachrichtigen."),
            item=_host_of(address),
        ) from error
    except (RepositoryError, DownloadLengthMismatchError) as error:
        why = next(words for kinds, words in _UNTRUSTED if isinstance(error, kinds))
        raise PortalUntrustedError(
            _("Online-Portal nicht vertrauenswürdig"),
            _("{what} Nichts davon wurde übernommen; was heruntergeladen ist, bleibt.").format(what=_(why)),
            _("Den Hersteller benachrichtigen, wenn es morgen noch so ist."),
            item=_host_of(address),
        ) from error
    except _TooLargeError as error:
        raise PortalUntrustedError(
            _("Angaben des Online-Portals zu gross"),
            _("Das Portal liefert mehr Angaben, als angenommen werden. Nichts davon wurde übernommen; was heruntergeladen ist, bleibt."),
            _("Den Hersteller benachrichtigen."),
            item=_host_of(address),
        ) from error
    except DownloadHTTPError as error:
        raise _unavailable(address, N_("Das Portal {host} meldet einen Fehler ({status})."), error.status_code) from error
    except DownloadError as error:
        reason = getattr(error.__cause__, "why", None)
        raise _unavailable(address, N_("Das Portal {host} antwortet nicht."), reason=reason) from error
    except OSError as error:
        raise _unavailable(address, N_("Die Angaben des Portals können auf diesem Gerät nicht gespeichert werden.")) from error


def _unavailable(address: str, what: str, status: int = 0, reason: Why | None = None) -> PortalUnavailableError:
    host = _host_of(address)
    return PortalUnavailableError(
        _("Online-Portal nicht erreichbar"),
        _("{what} Neue Versionen können im Moment nicht gesucht werden; was heruntergeladen ist, bleibt.").format(
            what=reason.sentence if reason else _(what).format(host=host, status=status)
        ),
        reason.advice if reason else _("Internetverbindung prüfen; der nächste Lauf versucht es von selbst wieder."),
        item=host,
    )


def _host_of(address: str) -> str:
    return urlsplit(address).hostname or address


def is_root(content: bytes) -> bool:
    """Returns whether this is a root that its own keys have signed; it may have expired, for a newer one may follow from it."""
    try:
        metadata = Metadata[Root].from_bytes(content)
        metadata.signed.verify_delegate("root", metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError, AttributeError):
        return False
    return metadata.signed.type == "root"


def metadata_folder(data_folder: Path, root: bytes) -> Path:
    """Returns where confirmed metadata is kept: one folder for each trusted root, whatever address serves it."""
    return data_folder / "portal" / hashlib.sha256(root).hexdigest()[:16]
