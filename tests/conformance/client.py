#!/usr/bin/env python3
"""The client-under-test of the public tuf-conformance suite, on the program's own portal and transfer.

Implements the suite's CLIENT-CLI: ``init``, ``refresh`` and ``download``; exit code 0 for success, 1 for anything else::

    tests/conformance/client.py --metadata-dir DIR init ROOT
    tests/conformance/client.py --metadata-dir DIR --metadata-url URL refresh
    tests/conformance/client.py --metadata-dir DIR --metadata-url URL --target-name NAME --target-dir DIR --target-base-url URL download
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tray_agent.clock import SystemClock
from tray_agent.downloads.portal import Portal
from tray_agent.downloads.transfer import Transfer, TransferLimits, Wanted
from tray_agent.downloads.web import Web
from tray_agent.errors import KnownError


def main(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code."""
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
    portal = _portal(given, web)
    target = portal.find(given.target_name)
    if target is None:
        sys.stderr.write(f"no target {given.target_name}\n")
        return 1
    hashes = tuple(target.hashes.items())
    address = portal.address_of_target(given.target_name, hashes[0][1])
    destination = given.target_dir / quote(given.target_name, safe="")
    Transfer(web, SystemClock(), TransferLimits(reserve=0, attempts=1)).fetch(
        Wanted(address, given.target_name, target.length, hashes, destination)
    )
    return 0


def _portal(given: argparse.Namespace, web: Web) -> Portal:
    return Portal("", None, given.metadata_dir, web, metadata_address=given.metadata_url, targets_address=given.target_base_url)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="client")
    parser.add_argument("--metadata-dir", type=Path, required=True)
    parser.add_argument("--metadata-url")
    parser.add_argument("--target-name")
    parser.add_argument("--target-dir", type=Path)
    parser.add_argument("--target-base-url")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init").add_argument("trusted_root", type=Path)
    commands.add_parser("refresh")
    commands.add_parser("download")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
