"""The signed metadata of a published portal: what counts now is read, what comes next is signed with the keys that are here.

Every step leaves a portal that clients accept: new metadata appears under a new name, and counts only when the file that
names it, last of all the timestamp, is replaced.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar, cast

from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, MetaFile, Root, Signer, Snapshot, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from publishing.description import Lifetimes
from publishing.errors import PublishError, refused
from publishing.signing_keys import SigningKeys
from tray_agent.i18n import N_, _
from tray_agent.platforms import files


class Role(StrEnum):
    """Whose keys sign what."""

    ROOT = "root"
    TARGETS = "targets"
    SNAPSHOT = "snapshot"
    TIMESTAMP = "timestamp"


ROLES = tuple(role.value for role in Role)

Numbers = Mapping[str, int]
"""The number of each role's metadata; a role that is not named has none."""

_LOST_ROOT = N_(
    "Der Schlüssel «root» fehlt ({needed} müssen unterschreiben, {here} sind da). Nur er kann andere Schlüssel ersetzen und den"
    " Vertrauensanker verlängern. Ist er verloren, braucht es ein neues Portal, dessen Vertrauensanker jede Praxis von Hand erhält."
)

S = TypeVar("S", Root, Targets, Snapshot, Timestamp)


class SignedMetadata:
    """The folder ``metadata`` of one repository.

    Args:
        folder: where it is; may not exist yet.
        keys: the signing keys.
        now: the present instant, aware.
        lifetimes: how long what is signed stays valid.
        known: numbers that practices may know from elsewhere: what is signed gets higher ones.
    """

    def __init__(self, folder: Path, keys: SigningKeys, now: datetime, lifetimes: Lifetimes, known: Numbers | None = None) -> None:
        self.folder = folder
        self.now = now.astimezone(UTC).replace(microsecond=0)
        self.lifetimes = lifetimes
        self._keys = keys
        self._known = known or {}
        self.root = read_newest_root(folder)
        self._written_root = self.root
        self._retiring: dict[str, tuple[Signer, ...]] = {}

    # What counts now

    @property
    def timestamp(self) -> Timestamp | None:
        """Returns the timestamp that clients see, or None before the first publication."""
        return _read(self.folder / "timestamp.json", Timestamp)

    @property
    def snapshot(self) -> Snapshot | None:
        """Returns the snapshot that the timestamp names."""
        return _read_snapshot(self.folder)

    @property
    def targets(self) -> Targets | None:
        """Returns the list of files that the snapshot names."""
        return read_targets_list(self.folder)

    def numbers(self, ahead: int = 0) -> Numbers:
        """Returns the highest number of each role but the root, ``ahead`` further."""
        return {role: self._newest(role) + ahead for role in ROLES[1:]}

    # Keys

    def is_due(self, role: str, *naming: str) -> bool:
        """Returns whether half of the lifetime of a role's metadata is over and it can be signed anew, with those that name it.

        Raises:
            PublishError: it has expired, so that clients refuse it, and the keys are not here.
        """
        signed: Root | Targets | Snapshot | None = getattr(self, role)
        if signed is None or not self.is_ending(role):
            return False
        if signed.expires <= self.now:
            self._require_of_the_expired(role, *naming)
        root = self._known_root()
        return all(_reaches(self._keys.of(name), root, name) for name in (role, *naming))

    def is_ending(self, role: str) -> bool:
        """Returns whether less than half of the lifetime of a role's metadata is left."""
        signed: Root | Targets | Snapshot | Timestamp | None = getattr(self, role)
        return signed is not None and signed.expires - self.now < self.lifetimes.of(role) / 2

    def _require_of_the_expired(self, role: str, *naming: str) -> None:
        try:
            self.require([role, *naming])
        except PublishError as error:
            raise PublishError(
                _("Portal abgelaufen"),
                _("Die Angaben «{role}» sind abgelaufen: Die Praxen lehnen das Portal ab, bis sie neu unterschrieben sind. {why}").format(
                    role=role, why=error.message
                ),
                _("Den fehlenden Schlüssel in den Schlüsselordner legen und den Befehl wiederholen."),
                item=role,
            ) from error

    def require(self, roles: Iterable[str]) -> None:
        """Checks that enough keys of these roles are here.

        Raises:
            PublishError: they are not.
        """
        for role in roles:
            if self.root is not None:
                _check_enough(self._keys.of(role), self.root, role)

    def lost(self) -> list[str]:
        """Returns the roles, the root excepted, of which no key that counts is here."""
        root = self.root
        return [role for role in ROLES[1:] if root is not None and not any(_belongs(signer, root, role) for signer in self._keys.of(role))]

    def make_root(self) -> None:
        """Makes the first root, with one new key for every role that has none here."""
        root = Root(version=1, consistent_snapshot=True)
        for role in ROLES:
            for signer in self._keys.of(role) or self._keys.make(role):
                root.add_key(signer.public_key, role)
        self.root = root
        self._write(root, "root", self._keys.of("root"))

    def replace_keys(self, role: str, count: int = 1, threshold: int = 1) -> None:
        """Gives a role new keys in the next root, which is not written yet; old ones that are here sign once more beside them.

        Clients that know the old root and clients that know the new one both accept what is written until ``write_root``.
        """
        root = self._next_root()
        self._retiring[role] = tuple(signer for signer in self._keys.of(role) if _belongs(signer, root, role))
        for keyid in list(root.roles[role].keyids):
            root.revoke_key(keyid, role)
        for signer in self._keys.make(role, count):
            root.add_key(signer.public_key, role)
        root.roles[role].threshold = threshold

    # Writing

    def write_root(self) -> None:
        """Writes the next root: signed as it asks for itself, and as the one before it asks for; puts replaced keys aside.

        Raises:
            PublishError: too few keys of the root are here.
        """
        root, old = self._next_root(), self._written_root
        signers = self._keys.of("root")
        for asking in (old, root):
            if asking is not None:
                _check_enough(signers, asking, "root")
        self._write(root, "root", [signer for signer in signers if old is not None and _belongs(signer, old, "root")])
        self._written_root = root
        for role, retiring in self._retiring.items():
            self._keys.retire(role, [signer.public_key.keyid for signer in retiring])

    def write_targets(self, targets: Targets) -> None:
        """Writes a list of files as the next one, with a snapshot and a timestamp that name it."""
        targets.version = self._newest("targets") + 1
        self.write_snapshot(self._write(targets, "targets"))

    def write_snapshot(self, targets: MetaFile) -> None:
        """Writes a snapshot that names a list of files, and a timestamp that names the snapshot."""
        snapshot = Snapshot(self._newest("snapshot") + 1, meta={"targets.json": targets})
        self._write_timestamp(self._write(snapshot, "snapshot"))

    def sign_again(self, role: str) -> None:
        """Signs what a role signs once more as it is, with all that names it; nothing for the root, which ``write_root`` signs."""
        timestamp, snapshot, targets = self.timestamp, self.snapshot, self.targets
        if role == "targets" and targets is not None:
            self.write_targets(targets)
        elif role == "snapshot" and snapshot is not None:
            self.write_snapshot(snapshot.meta["targets.json"])
        elif role == "timestamp" and timestamp is not None:
            self._write_timestamp(timestamp.snapshot_meta)

    def _write_timestamp(self, snapshot: MetaFile) -> None:
        self._write(Timestamp(self._newest("timestamp") + 1, snapshot_meta=snapshot), "timestamp")

    def _write(self, signed: S, role: str, also: Iterable[Signer] = ()) -> MetaFile:
        """Signs metadata with its role's keys and others, writes it, and returns how others refer to it."""
        self.require([role])
        root = self._known_root()
        own: list[Signer] = [signer for signer in self._keys.of(role) if _belongs(signer, root, role)]
        signed.expires = self.now + self.lifetimes.of(role)
        metadata = Metadata(signed)
        for signer in (*own, *self._retiring.get(role, ()), *also):
            metadata.sign(signer, append=True)
        content = metadata.to_bytes(JSONSerializer(compact=True))
        self.folder.mkdir(parents=True, exist_ok=True)
        files.write_whole(self._file(role, signed.version), content)
        return MetaFile(signed.version, len(content), {"sha256": hashlib.sha256(content).hexdigest()})

    def _known_root(self) -> Root:
        if self.root is None:
            raise refused(str(self.folder), _("Hier ist noch kein Portal veröffentlicht."))
        return self.root

    def _next_root(self) -> Root:
        """Returns the root that is being prepared: a copy of the written one, one version further."""
        root = self._known_root()
        if root is self._written_root:
            self.root = root = Root.from_dict(root.to_dict())  # a copy: the written one still says who must sign
            root.version += 1
        return root

    def _file(self, role: str, version: int) -> Path:
        return self.folder / ("timestamp.json" if role == "timestamp" else f"{version}.{role}.json")

    def _newest(self, role: str) -> int:
        """Returns the highest number of a role's metadata that was ever written or is known, whether it counts now or not; 0 for none."""
        names = [file.name.partition(".")[0] for file in self.folder.glob(f"*.{role}.json")]
        numbers = [int(name) for name in names if name.isdigit()]
        stamp = self.timestamp if role == "timestamp" else None  # the one file that has no number in its name
        return max([*numbers, stamp.version if stamp else 0, self._known.get(role, 0)])


def read_newest_root(folder: Path) -> Root | None:
    """Returns the newest root in a folder ``metadata``; None where there is none.

    Raises:
        PublishError: it can't be read.
    """
    names = [file.name.partition(".")[0] for file in folder.glob("*.root.json")]
    newest = max((int(name) for name in names if name.isdigit()), default=0)
    return _read(folder / f"{newest}.root.json", Root)


def read_targets_list(folder: Path) -> Targets | None:
    """Returns the list of files that clients see, found by way of timestamp and snapshot; None where there is none.

    Raises:
        PublishError: it can't be read, or a part of the portal is missing: what would be published over it begins its numbers anew and
            knows of no recall, and practices refuse it.
    """
    snapshot = _read_snapshot(folder)
    return _needed(folder / f"{snapshot.meta['targets.json'].version}.targets.json", Targets) if snapshot else None


def _read_snapshot(folder: Path) -> Snapshot | None:
    file = folder / "timestamp.json"
    timestamp = _read(file, Timestamp)
    if timestamp is None:
        # Root and one list without it are a first publication that was ended half-way; a second list was named by one.
        if len([*folder.glob("*.root.json")]) > 1 or len([*folder.glob("*.targets.json")]) > 1:
            raise _incomplete(file)
        return None
    if not any(folder.glob("*.root.json")):
        raise _incomplete(folder / "1.root.json")
    return _needed(folder / f"{timestamp.snapshot_meta.version}.snapshot.json", Snapshot)


def _needed(file: Path, kind: type[S]) -> S:
    found = _read(file, kind)
    if found is None:
        raise _incomplete(file)
    return found


def _incomplete(file: Path) -> PublishError:
    return PublishError(
        _("Portal unvollständig"),
        _("{file} fehlt; was ohne diese Datei unterschrieben wird, lehnen die Praxen ab. Nichts wurde veröffentlicht.").format(file=file),
        _("Den Ordner von dort holen, wo er vollständig ist, oder mit --live die Adresse angeben, unter der die Praxen ihn finden."),
        item=str(file),
    )


def _read(file: Path, kind: type[S]) -> S | None:
    try:
        signed = cast("Metadata[S]", Metadata.from_bytes(file.read_bytes())).signed
    except FileNotFoundError:
        return None
    except (RepositoryError, OSError) as error:
        raise refused(str(file), _("{file} ist nicht lesbar.").format(file=file)) from error
    if not isinstance(signed, kind):
        raise refused(str(file), _("{file} ist nicht lesbar.").format(file=file))
    return signed


def _belongs(signer: Signer, root: Root, role: str) -> bool:
    return signer.public_key.keyid in root.roles[role].keyids


def _reaches(signers: Sequence[Signer], root: Root, role: str) -> bool:
    return len({signer.public_key.keyid for signer in signers if _belongs(signer, root, role)}) >= root.roles[role].threshold


def _check_enough(signers: Sequence[Signer], root: Root, role: str) -> None:
    """Checks that as many keys as the root asks for are among these; says what it means if not."""
    if _reaches(signers, root, role):
        return
    here, needed = sum(_belongs(signer, root, role) for signer in signers), root.roles[role].threshold
    if signers and not here:
        raise refused(role, _("Der Schlüssel «{role}» gehört nicht zu diesem Portal.").format(role=role))
    why = _LOST_ROOT if role == "root" else N_("Für «{role}» fehlen Schlüssel: {needed} müssen unterschreiben, {here} sind da.")
    raise refused(role, _(why).format(role=role, needed=needed, here=here))
