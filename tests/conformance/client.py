#!/usr/bin/env python3
"""The client-under-test of the public tuf-conformance suite, on the program's own portal and transfer.

Implements the suite's CLIENT-CLI: ``init``, ``refresh`` and ``download``; exit code 0 for success, 1 for anything else. Runs
from any folder and with any Python: it starts itself again in the environment of this project where there is one::

    tests/conformance/client.py --metadata-dir DIR init ROOT
    tests/conformance/client.py --metadata-dir DIR --metadata-url URL refresh
    tests/conformance/client.py --metadata-dir DIR --metadata-url URL --target-name NAME --target-dir DIR --target-base-url URL download

``--target-name`` may be given several times: the files are looked up and fetched one after the other, by one client.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[2]

if TYPE_CHECKING:
    from tray_agent.downloads.portal import Portal
    from tray_agent.web.client import Web


def main(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code."""
    from tray_agent.errors import KnownError
    from tray_agent.web.client import Web

    given = _parser().parse_args(arguments)
    web = Web()
    try:
        if given.command == "init":
            given.metadata_dir.mkdir(parents=True, exist_ok=True)
            (given.metadata_dir / "root.json").unlink(missing_ok=True)
            shutil.copyfile(given.trusted_root, given.metadata_dir / "root.json")
        elif given.command == "refresh":
            _portal(given, web).refresh()
        else:
            return _download(given, web)
    except (KnownError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        web.close()
    return 0


def _download(given: argparse.Namespace, web: Web) -> int:
    from tray_agent.clock import SystemClock
    from tray_agent.downloads.catalogue import DIGEST_LENGTHS
    from tray_agent.downloads.transfer import Transfer, TransferLimits, Wanted

    portal = _portal(given, web)
    transfer = Transfer(web, SystemClock(), TransferLimits(reserve=0, attempts=1))
    with portal._asking() as reader:
        for name in given.target_name:
            target = reader.get_targetinfo(name)
            portal._names_by_hash = reader.names_by_hash
            if target is None or not set(target.hashes) <= set(DIGEST_LENGTHS):
                sys.stderr.write(f"no target {name}, or none that can be checked\n")
                return 1
            hashes = tuple(target.hashes.items())
            address = portal.address_of(name, hashes[0][1])
            transfer.fetch(Wanted(address, name, target.length, hashes, given.target_dir / quote(name, safe="")))
    return 0


def _portal(given: argparse.Namespace, web: Web) -> Portal:
    from tray_agent.downloads.portal import Portal

    portal = Portal("", None, given.metadata_dir, web)
    portal._metadata_address = given.metadata_url  # the suite has folders of its own for the two
    portal._targets_address = (given.target_base_url or "").rstrip("/")
    return portal


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="client")
    parser.add_argument("--metadata-dir", type=Path, required=True)
    parser.add_argument("--metadata-url")
    parser.add_argument("--target-name", action="append", default=[])
    parser.add_argument("--target-dir", type=Path)
    parser.add_argument("--target-base-url")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init").add_argument("trusted_root", type=Path)
    commands.add_parser("refresh")
    commands.add_parser("download")
    return parser


def _project_python() -> Path | None:
    """Returns the interpreter of the project's environment, or None where there is none or it runs already."""
    environment = ROOT / ".venv"
    program = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    return program if program.exists() and Path(sys.prefix).resolve() != environment.resolve() else None


if __name__ == "__main__":
    if another := _project_python():
        sys.exit(subprocess.call([another, __file__, *sys.argv[1:]]))
    sys.path.insert(0, str(ROOT))
    sys.exit(main(sys.argv[1:]))
