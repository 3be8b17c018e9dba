"""Fetches one source distribution from the index that pip is configured for, without running anything of it.

``pip download`` would run the package's setup.py to learn its dependencies. This asks the same index for its list of
files (PEP 691), takes the one whose published digest is the expected one, and checks the digest of what came.

usage: fetch_sdist.py PROJECT SHA256 TARGET
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import Request, urlopen

from pip._internal.models.index import PyPI  # pip's own default index; it has no public name

_LIST = "application/vnd.pypi.simple.v1+json"


def main(project: str, digest: str, target: Path) -> int:
    """Fetches the file with ``digest`` to ``target``; returns the exit code."""
    index = f"{configured_index().rstrip('/')}/{project}/"
    files = json.loads(get(index, accept=_LIST))["files"]
    for file in files:
        if file.get("hashes", {}).get("sha256") == digest:
            content = get(urljoin(index, file["url"]))
            if hashlib.sha256(content).hexdigest() != digest:
                print(f"{file['filename']}: what came has another digest", file=sys.stderr)
                return 1
            target.write_bytes(content)
            return 0
    print(f"{project}: the index offers no file with the digest {digest}", file=sys.stderr)
    return 1


def configured_index() -> str:
    """Returns pip's index: the environment's, the configuration files', or pip's default."""
    named = os.environ.get("PIP_INDEX_URL")
    if named:
        return named
    asked = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], check=False, capture_output=True, text=True)
    return asked.stdout.strip() or PyPI.simple_url


def get(address: str, accept: str = "*/*") -> bytes:
    """Returns what the index answers."""
    with urlopen(Request(address, headers={"Accept": accept}), timeout=300) as answer:  # noqa: S310 - pip's own index
        return bytes(answer.read())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], Path(sys.argv[3])))
