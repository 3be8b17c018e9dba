"""The client workflow of the TUF specification (5.3 to 5.7) on the program's own portal, through the suite's command line."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import DelegatedRole, Metadata, MetaFile, Timestamp

from tests.conformance import client
from tests.downloads.tuf_simulator import Simulator
from tests.support.portal import FaultyPortal, FaultyPortalHandler
from tray_agent.demo.portal_server import Request


def links_can_be_read() -> bool:
    """Returns whether a link that this system makes can be read again (Wine makes links and can't)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "below").mkdir()
        (folder / "below" / "file").write_text("x")
        try:
            (folder / "link").symlink_to(Path("below") / "file")
        except OSError:
            return True  # the library makes a hard link then
        return (folder / "link").exists()


pytestmark = pytest.mark.skipif(not links_can_be_read(), reason="this system can't read the links that it makes")


class Client:
    """Runs the client's commands against a simulator."""

    def __init__(self, folder: Path, repository: Simulator) -> None:
        self.repository = repository
        self.metadata = folder / "metadata"
        self.artifacts = folder / "artifacts"
        (folder / "served").mkdir()
        self.server = FaultyPortal(folder / "served", fault=repository.answer)
        self.root = folder / "root.json"
        self.root.write_bytes(repository.first_root)

    def init(self) -> int:
        return client.main(["--metadata-dir", str(self.metadata), "init", str(self.root)])

    def refresh(self) -> int:
        self.repository.asked.clear()
        return client.main(self.options("refresh"))

    def download(self, *targets: str) -> int:
        self.repository.asked.clear()
        return client.main(self.options("download", *targets))

    def options(self, command: str, *targets: str) -> list[str]:
        options = ["--metadata-dir", str(self.metadata), "--metadata-url", f"{self.server.address}/metadata/"]
        for target in targets:
            options += ["--target-name", target]
        if targets:
            options += ["--target-dir", str(self.artifacts), "--target-base-url", f"{self.server.address}/targets/"]
        return [*options, command]

    def version(self, role: str) -> int:
        """Returns the version of a role that the client trusts."""
        return int(Metadata.from_file(str(self.metadata / f"{role}.json")).signed.version)

    def versions(self) -> dict[str, int]:
        return {role: self.version(role) for role in ("root", "timestamp", "snapshot", "targets")}

    def trusted(self) -> dict[str, int]:
        """Returns the version of every role for which the client keeps metadata."""
        return {file.stem: self.version(file.stem) for file in self.metadata.glob("*.json")}

    def contents(self) -> list[bytes]:
        return [file.read_bytes() for file in sorted(self.artifacts.rglob("*"), key=lambda file: file.stat().st_mtime_ns) if file.is_file()]


@pytest.fixture(params=[True, False], ids=["consistent", "plain"])
def repository(request: pytest.FixtureRequest) -> Simulator:
    return Simulator(consistent=request.param)


@pytest.fixture
def trial(tmp_path: Path, repository: Simulator) -> Iterator[Client]:
    made = Client(tmp_path, repository)
    with made.server:
        yield made


@pytest.fixture
def ready(trial: Client) -> Client:
    """A client that has refreshed once."""
    assert trial.init() == 0
    assert trial.refresh() == 0
    return trial


# 5.1 to 5.6: the order of the steps


def test_the_first_refresh_asks_in_order(ready: Client, repository: Simulator) -> None:
    prefix = "1." if repository.root.consistent_snapshot else ""
    assert repository.asked == ["2.root.json", "timestamp.json", f"{prefix}snapshot.json", f"{prefix}targets.json"]
    assert ready.versions() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_a_refresh_without_news_asks_for_root_and_timestamp_only(ready: Client, repository: Simulator) -> None:
    assert ready.refresh() == 0
    assert repository.asked == ["2.root.json", "timestamp.json"]


def test_a_download_refreshes_by_itself(trial: Client) -> None:
    trial.init()
    assert trial.download("nothing") == 1
    assert trial.versions() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_unknown_fields_are_kept_and_count_for_signatures(ready: Client, repository: Simulator) -> None:
    repository.root.unrecognized_fields["colour"] = {"a": [1, None, "é"]}
    repository.root.roles["snapshot"].unrecognized_fields["shape"] = "round"
    repository.keys["snapshot"][0].public_key.unrecognized_fields["keyid_hash_algorithms"] = ["md5"]
    repository.publish("root")
    assert ready.refresh() == 0
    assert ready.version("root") == 2


def test_the_command_line_runs_as_a_program_from_any_folder(ready: Client, tmp_path: Path) -> None:
    program = [sys.executable, client.__file__]
    assert subprocess.run([*program, *ready.options("refresh")], check=False, cwd=tmp_path).returncode == 0
    assert subprocess.run([*program, *ready.options("download", "nothing")], check=False, capture_output=True, cwd=tmp_path).returncode == 1


@pytest.mark.skipif(not (client.ROOT / ".venv").exists() or sys.platform == "win32", reason="only in the project's own environment")
def test_the_program_finds_the_projects_environment(ready: Client, tmp_path: Path) -> None:
    stranger = subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "stranger"], check=True)
    assert stranger.returncode == 0
    program = [str(tmp_path / "stranger" / "bin" / "python"), client.__file__]
    assert subprocess.run([*program, *ready.options("refresh")], check=False, cwd=tmp_path).returncode == 0


def test_a_suite_that_is_given_the_programs_path_runs_without_this_projects_settings(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--entrypoint', required=True)")
    (tmp_path / "test_suite.py").write_text(
        "import sys\n"
        "def test_settings(pytestconfig):\n"
        "    assert pytestconfig.getini('filterwarnings') == []\n"
        "    assert 'tests.conftest' not in sys.modules\n"
    )
    suite = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_suite.py", "--entrypoint", client.__file__]
    ended = subprocess.run(suite, check=False, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_metadata_is_kept_byte_by_byte(ready: Client, repository: Simulator) -> None:
    repository.update("targets")
    repository.served["timestamp.json"] += b" "
    assert ready.refresh() == 0
    prefix = "2." if repository.root.consistent_snapshot else ""
    served = {
        "root": "1.root.json",
        "timestamp": "timestamp.json",
        "snapshot": f"{prefix}snapshot.json",
        "targets": f"{prefix}targets.json",
    }
    for role, name in served.items():
        assert (ready.metadata / f"{role}.json").read_bytes() == repository.served[name]


TRUSTED = {
    "root": {},
    "timestamp": {"root": 2},
    "snapshot": {"root": 2, "timestamp": 2},
    "targets": {"root": 2, "timestamp": 2, "snapshot": 2},
}
"""What a client that begins with the second state trusts when a role of it fails: the roles before."""


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
@pytest.mark.parametrize("fault", ["unsigned", "missing", "another type", "another version", "no json"])
def test_what_comes_before_a_role_that_fails_is_kept(trial: Client, repository: Simulator, role: str, fault: str) -> None:
    if fault == "unsigned":
        repository.keys[role] = []
    repository.publish("root")
    repository.update("targets")
    name = role if role == "timestamp" or not repository.root.consistent_snapshot else f"2.{role}"
    if fault == "missing":
        del repository.served[f"{name}.json"]
    if fault == "another type":
        repository.keys["root"] = repository.keys[role]
        repository.served[f"{name}.json"] = repository.sign("root")
    if fault == "another version" and role != "timestamp":
        repository.signed[role].version = 7
        repository.served[f"{name}.json"] = repository.sign(role)
    if fault == "another version" and role == "timestamp":
        repository.served["timestamp.json"] = repository.sign(role).replace(b'"version": 2', b'"version": 3')
    if fault == "no json":
        repository.served[f"{name}.json"] = b"<html>"
    trial.init()
    assert trial.refresh() == 1
    assert trial.trusted() == TRUSTED[role]


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_a_hash_that_another_role_names_wrongly_is_refused(trial: Client, repository: Simulator, role: str) -> None:
    repository.hashes = True
    repository.update("targets")
    trial.init()
    assert trial.refresh() == 0
    repository.publish("targets")
    repository.snapshot.meta["targets.json"] = repository._described("targets")
    if role == "targets":
        repository.snapshot.meta["targets.json"].hashes = {"sha256": "0" * 64}
    repository.publish("snapshot")
    repository.timestamp.snapshot_meta = repository._described("snapshot")
    if role == "snapshot":
        repository.timestamp.snapshot_meta.hashes = {"sha256": "0" * 64}
    repository.publish("timestamp")
    assert trial.refresh() == 1
    assert trial.versions() == {"root": 1, "timestamp": 3, "snapshot": 3 if role == "targets" else 2, "targets": 2}


# 5.3: root


def spoil_version(root: dict[str, dict[str, object]]) -> None:
    del root["signed"]["version"]


def spoil_signature(root: dict[str, list[dict[str, str]]]) -> None:
    root["signatures"][0]["sig"] = "0" * 128


def spoil_type(root: dict[str, dict[str, object]]) -> None:
    root["signed"]["_type"] = "targets"


@pytest.mark.parametrize("spoil", [spoil_version, spoil_signature, spoil_type])
def test_a_wrong_first_root_is_refused_before_anything_is_asked(
    trial: Client, repository: Simulator, spoil: Callable[[object], None]
) -> None:
    content = json.loads(repository.first_root)
    spoil(content)
    trial.root.write_text(json.dumps(content))
    trial.init()
    assert trial.refresh() == 1
    assert repository.asked == []


def test_a_root_may_have_expired_when_a_newer_one_is_there(trial: Client, repository: Simulator) -> None:
    repository.root.expires -= timedelta(days=60)
    repository.publish("root", bump=False)
    trial.root.write_bytes(repository.first_root)
    repository.root.expires += timedelta(days=60)
    repository.publish("root")
    trial.init()
    assert trial.refresh() == 0
    assert trial.version("root") == 2


def test_many_roots_are_followed_one_by_one(ready: Client, repository: Simulator) -> None:
    for _time in range(20):
        repository.rotate("root")
        repository.publish("root")
        repository.keys["root"] = repository.keys["root"][:1]
    assert ready.refresh() == 0
    assert ready.version("root") == 21


def unsigned_by_old(repository: Simulator) -> None:
    repository.rotate("root")
    repository.keys["root"] = repository.keys["root"][:1]


def unsigned_by_new(repository: Simulator) -> None:
    repository.rotate("root")
    repository.keys["root"] = repository.keys["root"][1:]


def below_the_threshold(repository: Simulator) -> None:
    repository.rotate("root", threshold=3)
    repository.keys["root"] = [*repository.keys["root"][:2], repository.keys["root"][-1]]


def one_key_twice(repository: Simulator) -> None:
    """A threshold of two is not met by one key that signs twice."""
    repository.root.roles["root"].threshold = 2
    repository.keys["root"] *= 2


def version_left_out(repository: Simulator) -> None:
    repository.root.version += 1
    repository.publish("root")
    repository.served["2.root.json"] = repository.served.pop("3.root.json")
    repository.root.version = 1


def older_root(repository: Simulator) -> None:
    repository.served["2.root.json"] = repository.served["1.root.json"]
    repository.signed.pop("root")


@pytest.mark.parametrize("spoil", [unsigned_by_old, unsigned_by_new, below_the_threshold, one_key_twice])
def test_a_root_without_enough_signatures_is_refused(ready: Client, repository: Simulator, spoil: Callable[[Simulator], None]) -> None:
    spoil(repository)
    repository.publish("root")
    assert ready.refresh() == 1
    assert ready.version("root") == 1


@pytest.mark.parametrize("spoil", [version_left_out, older_root])
def test_a_root_of_another_version_is_refused(ready: Client, repository: Simulator, spoil: Callable[[Simulator], None]) -> None:
    spoil(repository)
    assert ready.refresh() == 1
    assert ready.version("root") == 1


def test_a_root_with_a_higher_threshold_is_followed(ready: Client, repository: Simulator) -> None:
    repository.rotate("root", threshold=3)
    repository.publish("root")
    assert ready.refresh() == 0


# Rotated keys of the other roles (5.3.11: fast-forward recovery)


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_role_signed_by_a_revoked_key_is_refused(ready: Client, repository: Simulator, role: str) -> None:
    old = repository.keys[role]
    repository.rotate(role)
    repository.keys[role] = old
    repository.publish("root")
    repository.update("targets")
    assert ready.refresh() == 1
    assert ready.version("targets") == 1


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_role_signed_by_its_new_key_is_accepted(ready: Client, repository: Simulator, role: str) -> None:
    repository.rotate(role)
    repository.publish("root")
    repository.update("targets")
    assert ready.refresh() == 0
    assert ready.versions() == {"root": 2, "timestamp": 2, "snapshot": 2, "targets": 2}


@pytest.mark.parametrize("role", ["timestamp", "snapshot"])
def test_a_version_that_was_driven_too_high_is_recovered_by_new_keys(ready: Client, repository: Simulator, role: str) -> None:
    repository.signed[role].version = 99_998
    repository.update()
    assert ready.refresh() == 0
    repository.rotate("timestamp")
    repository.rotate("snapshot")
    repository.publish("root")
    repository.timestamp.version = repository.snapshot.version = 1
    repository.update()
    assert ready.refresh() == 0
    assert (ready.version("timestamp"), ready.version("snapshot")) == (2, 2)


# 5.4 to 5.6: rollback, mix-and-match, freeze


def test_a_timestamp_of_the_same_version_is_not_taken_over(ready: Client, repository: Simulator) -> None:
    repository.timestamp.snapshot_meta.version = 100
    repository.publish("timestamp", bump=False)
    ready.refresh()
    kept = Metadata[Timestamp].from_file(str(ready.metadata / "timestamp.json"))
    assert kept.signed.snapshot_meta.version == 1


def test_an_older_timestamp_is_refused(ready: Client, repository: Simulator) -> None:
    old = repository.served["timestamp.json"]
    repository.update()
    assert ready.refresh() == 0
    repository.served["timestamp.json"] = old
    assert ready.refresh() == 1
    assert ready.version("timestamp") == 2


def test_a_timestamp_that_names_an_older_snapshot_is_refused(ready: Client, repository: Simulator) -> None:
    repository.update()
    assert ready.refresh() == 0
    repository.timestamp.snapshot_meta = MetaFile(1)
    repository.publish("timestamp")
    assert ready.refresh() == 1
    assert ready.version("timestamp") == 2


def test_a_snapshot_that_names_older_targets_is_refused(ready: Client, repository: Simulator) -> None:
    repository.update("targets")
    assert ready.refresh() == 0
    repository.targets.version = 1
    repository.update()
    assert ready.refresh() == 1
    assert (ready.version("snapshot"), ready.version("targets")) == (2, 2)


def test_a_snapshot_that_forgets_targets_is_refused(ready: Client, repository: Simulator) -> None:
    repository.delegate("targets", DelegatedRole("extra", [], 1, False, ["*"]))
    repository.update("targets")
    assert ready.refresh() == 0
    del repository.snapshot.meta["extra.json"]
    repository.publish("snapshot")
    repository.timestamp.snapshot_meta = MetaFile(repository.snapshot.version)
    repository.publish("timestamp")
    assert ready.refresh() == 1
    assert ready.version("snapshot") == 2


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_another_version_than_the_named_one_is_refused(ready: Client, repository: Simulator, role: str) -> None:
    before = ready.version(role)
    repository.update("targets")
    prefix = "2." if repository.root.consistent_snapshot else ""
    repository.signed[role].version = 7
    repository.served[f"{prefix}{role}.json"] = repository.sign(role)
    assert ready.refresh() == 1
    assert ready.version(role) == before


@pytest.mark.parametrize("role", ["snapshot", "targets"])
def test_content_with_another_hash_than_the_named_one_is_refused(ready: Client, repository: Simulator, role: str) -> None:
    repository.hashes = True
    repository.update("targets")
    assert ready.refresh() == 0
    repository.update("targets")
    name = f"{repository.signed[role].version}.{role}.json" if repository.root.consistent_snapshot else f"{role}.json"
    repository.served[name] = repository.served[name] + b" "
    assert ready.refresh() == 1
    assert ready.version(role) == 2


@pytest.mark.parametrize("role", ["root", "timestamp", "snapshot", "targets"])
def test_what_has_expired_is_refused(ready: Client, repository: Simulator, role: str) -> None:
    repository.signed[role].expires -= timedelta(days=60)
    repository.publish("root")
    repository.update("targets")
    assert ready.refresh() == 1
    if role != "root":
        assert ready.version("targets") == 1


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_what_is_not_signed_by_its_role_is_refused(ready: Client, repository: Simulator, role: str) -> None:
    repository.keys[role] = [CryptoSigner.generate_ed25519()]
    repository.update("targets")
    assert ready.refresh() == 1
    assert ready.version(role) == 1


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_role_below_its_threshold_is_refused(ready: Client, repository: Simulator, role: str) -> None:
    repository.rotate(role, threshold=2)
    repository.keys[role] = repository.keys[role][:1]
    repository.publish("root")
    repository.update("targets")
    assert ready.refresh() == 1


@pytest.mark.parametrize("scheme", ["rsassa-pss-sha256", "rsa-pkcs1v15-sha256", "ecdsa", "ed25519"])
def test_every_kind_of_key_is_understood(ready: Client, repository: Simulator, scheme: str) -> None:
    key = (
        CryptoSigner.generate_ed25519() if scheme == "ed25519"
        else CryptoSigner.generate_ecdsa() if scheme == "ecdsa"
        else CryptoSigner.generate_rsa(scheme=scheme)
    )  # fmt: skip
    repository.rotate("targets")
    repository.root.add_key(key.public_key, "targets")
    repository.keys["targets"] = [key]
    repository.publish("root")
    repository.update("targets")
    assert ready.refresh() == 0
    repository.update("targets")
    name = "3.targets.json" if repository.root.consistent_snapshot else "targets.json"
    spoilt = json.loads(repository.served[name])
    spoilt["signatures"][0]["sig"] = json.loads(repository.sign("snapshot"))["signatures"][0]["sig"]
    repository.served[name] = json.dumps(spoilt).encode()
    assert ready.refresh() == 1
    assert ready.version("targets") == 2


@dataclass(frozen=True)
class Signing:
    """Which of ten keys a role has, how many of them must sign, and which sign."""

    keys: tuple[int, ...]
    threshold: int
    by: tuple[int, ...]
    good: bool = True


SIGNINGS = {
    "another key": Signing((2,), 1, (2,)),
    "signatures of strangers do no harm": Signing((1,), 1, (3, 1, 4)),
    "only strangers sign": Signing((2,), 1, (1, 3, 4), good=False),
    "three of five": Signing((0, 1, 2, 3, 4), 3, (4, 0, 2)),
    "three of five, another three": Signing((0, 1, 2, 3, 4), 3, (1, 2, 3)),
    "two of three needed": Signing((0, 1, 3, 4, 5), 3, (0, 4), good=False),
    "two and a stranger": Signing((0, 1, 3, 4, 5), 3, (0, 2, 4), good=False),
    "one of two, twice": Signing((0, 1), 2, (0, 0), good=False),
}


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
@pytest.mark.parametrize("name", SIGNINGS)
def test_the_threshold_of_a_role_is_kept(ready: Client, repository: Simulator, role: str, name: str) -> None:
    case, keys = SIGNINGS[name], [CryptoSigner.generate_ed25519() for _key in range(6)]
    for keyid in list(repository.root.roles[role].keyids):
        repository.root.revoke_key(keyid, role)
    for number in case.keys:
        repository.root.add_key(keys[number].public_key, role)
    repository.root.roles[role].threshold = case.threshold
    repository.keys[role] = [keys[number] for number in case.by]
    repository.publish("root")
    repository.update("targets")
    assert (ready.refresh() == 0) == case.good
    assert ready.version("root") == 2


def test_a_key_that_the_root_names_and_does_not_hold_counts_for_nothing(ready: Client, repository: Simulator) -> None:
    repository.root.roles["snapshot"].keyids.append("0" * 64)
    repository.root.roles["snapshot"].threshold = 2
    repository.publish("root")
    repository.update("targets")
    assert ready.refresh() == 1
    assert (ready.version("root"), ready.version("snapshot")) == (2, 1)


def test_local_metadata_that_has_expired_still_guards_against_rollback(ready: Client, repository: Simulator) -> None:
    repository.timestamp.expires -= timedelta(days=29)
    repository.update()
    old = repository.served["timestamp.json"]
    assert ready.refresh() == 0
    repository.timestamp.expires = repository.expires
    repository.update("targets")
    with time_machine.travel(repository.expires - timedelta(days=10), tick=False):
        assert ready.refresh() == 0
        assert ready.versions() == {"root": 1, "timestamp": 3, "snapshot": 3, "targets": 2}
        repository.served["timestamp.json"] = old
        assert ready.refresh() == 1
    assert ready.version("timestamp") == 3


def test_the_metadata_folder_holds_roles_only_under_the_name_of_roles(ready: Client) -> None:
    assert {file.stem for file in ready.metadata.glob("*.json")} == {"root", "timestamp", "snapshot", "targets"}


def test_a_second_initialisation_begins_anew(ready: Client, repository: Simulator) -> None:
    repository.publish("root")
    assert ready.refresh() == 0
    assert ready.init() == 0
    assert ready.version("root") == 1
    assert ready.refresh() == 0
    assert ready.version("root") == 2


def test_damaged_local_metadata_is_fetched_again(ready: Client) -> None:
    for role in ("timestamp", "snapshot", "targets"):
        (ready.metadata / f"{role}.json").write_bytes(b"damaged")
    assert ready.refresh() == 0
    assert ready.versions() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


# 5.6.7: delegations


def names(asked: list[str]) -> list[str]:
    """Returns the delegated roles that were asked for, in order."""
    top = ("root.json", "timestamp.json", "snapshot.json", "targets.json")
    return [name.removesuffix(".json").removeprefix("1.") for name in asked if name.endswith(".json") and not name.endswith(top)]


GRAPHS: dict[str, tuple[list[tuple[str, str, bool, list[str]]], list[str]]] = {
    "one after the other": ([("targets", "A", False, ["*"]), ("targets", "B", False, ["*"])], ["A", "B"]),
    "depth first": ([("targets", "A", False, ["*"]), ("A", "C", False, ["*"]), ("targets", "B", False, ["*"])], ["A", "C", "B"]),
    "a circle ends": ([("targets", "A", False, ["*"]), ("A", "B", False, ["*"]), ("B", "A", False, ["*"])], ["A", "B"]),
    "a third by two ways": (
        [("targets", "A", False, ["*"]), ("targets", "B", False, ["*"]), ("B", "C", False, ["*"]), ("A", "C", False, ["*"])],
        ["A", "C", "B"],
    ),
    "not by the whole chain": ([("targets", "A", False, ["folder/*"]), ("A", "C", False, ["*"]), ("targets", "B", False, ["*"])], ["B"]),
    "terminating": ([("targets", "A", True, ["*"]), ("targets", "B", False, ["*"])], ["A"]),
    "terminating below": ([("targets", "A", False, ["*"]), ("A", "C", True, ["*"]), ("targets", "B", False, ["*"])], ["A", "C"]),
    "only what matches": ([("targets", "A", False, ["other*"]), ("targets", "B", False, ["file?.txt"])], ["B"]),
    "a star is one folder": ([("targets", "A", False, ["*/*"]), ("targets", "B", False, ["*.txt"])], ["B"]),
}


@pytest.mark.parametrize("graph", GRAPHS)
def test_delegations_are_walked_in_order(ready: Client, repository: Simulator, graph: str) -> None:
    edges, expected = GRAPHS[graph]
    for delegator, role, terminating, paths in edges:
        repository.delegate(delegator, DelegatedRole(role, [], 1, terminating, paths))
    for delegator in {edge[0] for edge in edges if edge[0] != "targets"}:
        repository.publish(delegator, bump=False)
    repository.update("targets")
    assert ready.download("file1.txt") == 1
    assert names(repository.asked) == expected


def test_a_delegated_file_arrives(ready: Client, repository: Simulator) -> None:
    repository.delegate("targets", DelegatedRole("drugs", [], 1, False, ["drugs/*"]))
    repository.add_artifact("drugs/list.zip", b"content", "drugs")
    repository.publish("drugs", bump=False)
    repository.update("targets")
    assert ready.download("drugs/list.zip") == 0
    assert ready.contents() == [b"content"]


def test_a_delegation_does_not_reach_beyond_its_paths(ready: Client, repository: Simulator) -> None:
    repository.delegate("targets", DelegatedRole("drugs", [], 1, False, ["drugs/*"]))
    repository.add_artifact("update.exe", b"evil", "drugs")
    repository.publish("drugs", bump=False)
    repository.update("targets")
    assert ready.download("update.exe") == 1
    assert ready.contents() == []


@pytest.mark.parametrize("fault", ["expired", "unsigned", "missing"])
def test_a_delegated_role_that_cannot_be_trusted_is_refused(ready: Client, repository: Simulator, fault: str) -> None:
    extra = repository.delegate("targets", DelegatedRole("extra", [], 1, False, ["*"]))
    repository.add_artifact("file.txt", b"content", "extra")
    if fault == "expired":
        extra.expires -= timedelta(days=60)
    if fault == "unsigned":
        repository.keys["extra"] = [CryptoSigner.generate_ed25519()]
    repository.publish("extra", bump=False)
    repository.update("targets")
    if fault == "missing":
        repository.served = {name: content for name, content in repository.served.items() if "extra" not in name}
    assert ready.download("file.txt") == 1
    assert ready.contents() == []


def test_a_role_that_two_delegate_to_is_verified_for_each_of_them(ready: Client, repository: Simulator) -> None:
    """One client, two look-ups: what holds on the way over A must not count on the way over B."""
    for name in ("A", "B"):
        repository.delegate("targets", DelegatedRole(name, [], 1, False, [f"{name}/*"]))
    repository.delegate("A", DelegatedRole("shared", [], 1, False, ["A/*"]))
    strangers = repository.keys["shared"]
    repository.keys["shared"] = [CryptoSigner.generate_ed25519()]
    repository.delegate("B", DelegatedRole("shared", [], 1, False, ["B/*"]))
    repository.keys["shared"] = strangers
    for path in ("A/file.txt", "B/file.txt"):
        repository.add_artifact(path, path.encode(), "shared")
    for role in ("shared", "A", "B"):
        repository.publish(role, bump=False)
    repository.update("targets")
    assert ready.download("A/file.txt", "B/file.txt") == 1
    assert ready.contents() == [b"A/file.txt"]
    assert ready.download("B/file.txt") == 1
    assert ready.contents() == [b"A/file.txt"]


def test_a_delegated_role_that_has_expired_here_is_renewed_or_refused(ready: Client, repository: Simulator) -> None:
    extra = repository.delegate("targets", DelegatedRole("extra", [], 1, False, ["*"]))
    extra.expires = repository.expires - timedelta(days=23)
    repository.add_artifact("first.txt", b"first", "extra")
    repository.add_artifact("second.txt", b"second", "extra")
    repository.publish("extra", bump=False)
    repository.update("targets")
    assert ready.download("first.txt") == 0
    with time_machine.travel(repository.expires - timedelta(days=12), tick=False):
        assert ready.download("second.txt") == 1
        assert ready.contents() == [b"first"]
        extra.expires = repository.expires - timedelta(days=9)
        repository.update("extra")
        assert ready.download("second.txt") == 0
    assert ready.contents() == [b"first", b"second"]


@pytest.mark.parametrize("role", ["?", "#", "/delegated", "../delegated", "a b", "é"])
def test_unusual_names_of_roles_are_quoted(ready: Client, repository: Simulator, role: str) -> None:
    repository.delegate("targets", DelegatedRole(role, [], 1, False, ["*"]))
    repository.update("targets")
    outside = {file for file in ready.metadata.parent.iterdir() if file.is_file()}
    assert ready.download("nothing") == 1
    assert len(names(repository.asked)) == 1
    assert {file for file in ready.metadata.parent.iterdir() if file.is_file()} == outside


# 5.7: files


@pytest.mark.parametrize("path", ["file.txt", "a/b/c/file.txt", "with space.txt", "é.txt", "a+b.txt", "q?x#y.txt", "100%.txt"])
def test_a_file_arrives_whatever_its_name(ready: Client, repository: Simulator, path: str) -> None:
    repository.add_artifact(path, b"content")
    repository.update("targets")
    assert ready.download(path) == 0
    assert ready.contents() == [b"content"]
    assert {file.parent for file in ready.artifacts.rglob("*")} == {ready.artifacts}


@pytest.mark.parametrize("path", ["a+b=c;d,e.txt", "(a)@b:c!$&'*~.txt", "a%20b.txt"])
def test_a_path_that_is_an_address_is_asked_for_as_it_stands(ready: Client, repository: Simulator, path: str) -> None:
    asked = []
    repository.add_artifact(path, b"content")
    repository.update("targets")

    def listen(handler: FaultyPortalHandler, request: Request) -> bool:
        asked.append(handler.path)
        return repository.answer(handler, request)

    ready.server.fault = listen
    ready.download(path)
    assert asked[-1].endswith(path)


@pytest.mark.parametrize("hashes", [{"sha512"}, {"sha256", "sha512"}, {"unheard-of"}, {"sha256", "unheard-of"}])
def test_every_hash_of_a_file_counts(ready: Client, repository: Simulator, hashes: set[str]) -> None:
    repository.add_artifact("file.txt", b"content")
    known = {name: hashlib.new(name, b"content").hexdigest() for name in sorted(hashes & {"sha256", "sha512"})}
    good = known | dict.fromkeys(hashes - set(known), "0" * 64)
    repository.targets.targets["file.txt"].hashes = good | ({"sha512": "0" * 128} if len(known) == 2 else {})
    repository.update("targets")
    assert ready.download("file.txt") == (0 if hashes == {"sha512"} else 1)
    assert ready.contents() == ([b"content"] if hashes == {"sha512"} else [])
    repository.targets.targets["file.txt"].hashes = good
    repository.update("targets")
    assert ready.download("file.txt") == (1 if "unheard-of" in hashes else 0)


def test_a_file_that_is_here_is_not_fetched_again(ready: Client, repository: Simulator) -> None:
    repository.add_artifact("file.txt", b"content")
    repository.update("targets")
    assert ready.download("file.txt") == 0
    assert ready.download("file.txt") == 0
    assert [asked for asked in repository.asked if asked.startswith("file.txt")] == []


def test_a_substituted_file_is_refused_and_the_genuine_one_stays(ready: Client, repository: Simulator) -> None:
    repository.add_artifact("file.txt", b"content")
    repository.add_artifact("other.txt", b"other")
    repository.update("targets")
    assert ready.download("file.txt") == 0
    repository.artifacts = dict.fromkeys(repository.artifacts, b"malice!")
    ready.download("file.txt")
    assert ready.download("other.txt") == 1
    assert ready.contents() == [b"content"]


def test_a_changed_file_takes_the_place_of_the_old_one(ready: Client, repository: Simulator) -> None:
    for content in (b"first", b"second, longer", b"3"):
        repository.add_artifact("file.txt", content)
        repository.update("targets")
        assert ready.download("file.txt") == 0
        assert ready.contents() == [content]
        repository.artifacts["file.txt"] = b"malice"
        repository.update("targets")
        ready.download("file.txt")
        assert ready.contents() == [content]


def test_the_metadata_folder_can_be_moved(ready: Client, tmp_path: Path) -> None:
    shutil.move(ready.metadata, tmp_path / "elsewhere")
    ready.metadata = tmp_path / "elsewhere"
    assert ready.refresh() == 0
