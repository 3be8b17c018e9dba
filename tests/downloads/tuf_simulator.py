"""A TUF repository in memory whose every part can be spoilt: signed, versioned, served on loopback."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp
from tuf.api.serialization.json import JSONSerializer

from tests.support.portal import FaultyPortalHandler
from tray_agent.demo.portal_server import Request

TOP = ("root", "timestamp", "snapshot", "targets")


class Simulator:
    """The repository: change ``root``, ``timestamp`` … and ``publish`` what shall be seen.

    Attributes:
        signed: the present metadata of every role.
        keys: the signers of every role.
        served: what is on the server, by the name that is asked for.
        asked: what was asked for, as role or target and version or hash.
        hashes: whether snapshot and timestamp carry lengths and hashes.
    """

    def __init__(self, *, consistent: bool = True) -> None:
        self.expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
        self.root = Root(expires=self.expires, consistent_snapshot=consistent)
        self.timestamp = Timestamp(expires=self.expires)
        self.snapshot = Snapshot(expires=self.expires)
        self.targets = Targets(expires=self.expires)
        self.signed: dict[str, Any] = {"root": self.root, "timestamp": self.timestamp, "snapshot": self.snapshot, "targets": self.targets}
        self.keys: dict[str, list[CryptoSigner]] = {}
        self.served: dict[str, bytes] = {}
        self.artifacts: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.hashes = False
        for role in TOP:
            self.keys[role] = [CryptoSigner.generate_ed25519()]
            self.root.add_key(self.keys[role][0].public_key, role)
        self.publish("root", bump=False)
        self.publish("targets", bump=False)
        self.update(bump=False)

    @property
    def first_root(self) -> bytes:
        """The root that came with the installation."""
        return self.served["1.root.json"]

    def publish(self, role: str, *, bump: bool = True) -> None:
        """Signs a role with all its keys and serves it."""
        signed = self.signed[role]
        signed.version += bump
        content = self.sign(role)
        name = quote(role, safe="")
        if role == "timestamp":
            self.served["timestamp.json"] = content
        elif role == "root" or self.root.consistent_snapshot:
            self.served[f"{signed.version}.{name}.json"] = content
        else:
            self.served[f"{name}.json"] = content

    def sign(self, role: str) -> bytes:
        """Returns a role's metadata, signed by all its keys."""
        metadata = Metadata(self.signed[role])
        for key in self.keys[role]:
            metadata.sign(key, append=True)
        return metadata.to_bytes(JSONSerializer())

    def update(self, *roles: str, bump: bool = True) -> None:
        """Publishes these roles, and a snapshot and a timestamp that name the present state of all."""
        for role in roles:
            self.publish(role, bump=bump)
        for role in self.signed:
            if role not in ("root", "timestamp", "snapshot"):
                self.snapshot.meta[f"{role}.json"] = self._described(role)
        self.publish("snapshot", bump=bump)
        self.timestamp.snapshot_meta = self._described("snapshot")
        self.publish("timestamp", bump=bump)

    def add_artifact(self, path: str, content: bytes, role: str = "targets") -> None:
        """Offers a file; its role is to be published afterwards."""
        self.signed[role].targets[path] = TargetFile.from_data(path, content, ["sha256"])
        self.artifacts[path] = content

    def delegate(self, delegator: str, role: DelegatedRole) -> Targets:
        """Adds a delegation with one key, and an empty list of targets for it."""
        parent: Targets = self.signed[delegator]
        if parent.delegations is None:
            parent.delegations = Delegations({}, roles={})
        assert parent.delegations.roles is not None
        parent.delegations.roles[role.name] = role
        if role.name not in self.signed:
            self.signed[role.name] = Targets(expires=self.expires)
            self.keys[role.name] = [CryptoSigner.generate_ed25519()]
            self.publish(role.name, bump=False)
        parent.add_key(self.keys[role.name][0].public_key, role.name)
        made: Targets = self.signed[role.name]
        return made

    def rotate(self, role: str, *, threshold: int = 1) -> None:
        """Gives a role new keys in the root, which is not published yet; the old root keys still sign the next root."""
        old = self.keys[role] if role == "root" else []
        new = [CryptoSigner.generate_ed25519() for _key in range(threshold)]
        for keyid in list(self.root.roles[role].keyids):
            self.root.revoke_key(keyid, role)
        for key in new:
            self.root.add_key(key.public_key, role)
        self.root.roles[role].threshold = threshold
        self.keys[role] = [*new, *old]

    def answer(self, handler: FaultyPortalHandler, request: Request) -> bool:
        """Answers a request out of memory; stands before the folder of a ``FaultyPortal``."""
        path = urlsplit(handler.path).path.lstrip("/")
        content = self._metadata(path.removeprefix("metadata/")) if path.startswith("metadata/") else self._artifact(request.path)
        if content is None:
            handler.refuse(404)
        else:
            handler.send_head(200, len(content))
            handler.wfile.write(content)
        return True

    def _metadata(self, name: str) -> bytes | None:
        self.asked.append(name)
        return self.served.get(name)

    def _artifact(self, path: str) -> bytes | None:
        folder, _separator, name = path.removeprefix("/targets/").rpartition("/")
        digest = None
        if self.root.consistent_snapshot:
            digest, _dot, name = name.partition(".")
        target = f"{folder}/{name}" if folder else name
        self.asked.append(f"{target} {digest}")
        return self.artifacts.get(target)

    def _described(self, role: str) -> MetaFile:
        version = self.signed[role].version
        if not self.hashes:
            return MetaFile(version)
        name = quote(role, safe="")
        content = self.served[f"{version}.{name}.json" if self.root.consistent_snapshot else f"{name}.json"]
        return MetaFile(version, len(content), {"sha256": hashlib.sha256(content).hexdigest()})
