"""Signs what the vendor's own tool refuses to sign, with the demo's keys: a portal that went wrong."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tuf.api.metadata import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp

from tray_agent.demo.portal import DemoPortal


def add_target(
    demo: DemoPortal, path: str, custom: Any, now: datetime, *, content: bytes = b"x", hashes: dict[str, str] | None = None
) -> None:
    """Adds one target as given, whatever is wrong with it, and signs targets, snapshot and timestamp."""
    targets = newest(demo.repository, "targets")
    target = TargetFile.from_data(path, content, ["sha256"])
    target.hashes = hashes or target.hashes
    target.unrecognized_fields["custom"] = custom
    targets.signed.targets[path] = target
    resign(demo, now, targets.signed)


def resign(demo: DemoPortal, now: datetime, targets: Targets, *, days: int = 5, length: int | None = None) -> None:
    """Signs these targets as the next version, with snapshot and timestamp; their ``length`` is promised where it is given."""
    folder = demo.repository / "metadata"
    expires = (now + timedelta(days=days)).replace(microsecond=0)
    targets.version += 1
    targets.expires = expires
    write(demo, "targets", Metadata(targets), folder / f"{targets.version}.targets.json")
    snapshot: Snapshot = newest(demo.repository, "snapshot").signed
    snapshot.version += 1
    snapshot.expires = expires
    snapshot.meta = {"targets.json": MetaFile(targets.version, length)}
    write(demo, "snapshot", Metadata(snapshot), folder / f"{snapshot.version}.snapshot.json")
    timestamp = Metadata[Timestamp].from_file(str(folder / "timestamp.json")).signed
    timestamp.version += 1
    timestamp.expires = expires
    timestamp.snapshot_meta = MetaFile(snapshot.version)
    write(demo, "timestamp", Metadata(timestamp), folder / "timestamp.json")


def newest(repository: Path, role: str) -> Any:
    """Returns the newest metadata of a role."""
    files = (repository / "metadata").glob(f"*.{role}.json")
    return Metadata.from_file(str(max(files, key=lambda file: int(file.name.partition(".")[0]))))


def write(demo: DemoPortal, role: str, metadata: Any, file: Path) -> None:
    """Signs metadata with a role's key and writes it."""
    metadata.signatures.clear()
    metadata.sign(demo.keys.of(role)[0])
    metadata.to_file(str(file))
