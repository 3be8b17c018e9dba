"""Strips an unpacked Windows CPython to what is signed, and checks that the Python Software Foundation built it.

Every program and library must carry the foundation's signature, or Microsoft's where it is Microsoft's run-time; every
module must be listed in the signed catalogue of the standard library or have the digest of the official release.
Nothing of it is executed.

usage: check_python.py FOLDER
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

OSSLSIGNCODE = "/usr/bin/osslsigncode"
ROOTS = "/etc/ssl/certs/ca-certificates.crt"
PUBLISHER = "CN=Python Software Foundation"
MICROSOFT = "O=Microsoft Corporation"
MICROSOFT_FILES = ("vcruntime", "msvcp", "concrt", "vcomp", "vcamp", "vccorlib")
BINARIES = {".exe", ".dll", ".pyd"}

TESTS = ("Lib/lib2to3/tests", "Lib/unittest/test")
UNSIGNED = ("Scripts", "Tools", "tcl", "Lib/site-packages", "Lib/idlelib", "Lib/tkinter", "Lib/turtledemo", *TESTS)
"""What nobody signed, or what has a catalogue of its own; nothing here needs it."""

DIGESTS = {
    "Lib/xml/__init__.py": "8e7bc2b8a9974751e0bf0be8e8fd3c116fb0ed2ff2e372f693a7e3659a46f8dc",
    "Lib/ensurepip/_bundled/pip-24.0-py3-none-any.whl": "ba0d021a166865d2265246961bec0152ff124de910c5cc39f1156ce3fa7c69dc",
    "Lib/ensurepip/_bundled/setuptools-65.5.0-py3-none-any.whl": "f62ea9da9ed6289bfe868cd6845968a2c854d1427f8548d52cae02a42b4f0356",
}
"""Files that run and are in no catalogue, with the digests of the official releases (SHA-256)."""


def main(folder: Path) -> int:
    """Returns 0 if everything that is left is signed as expected, else tells what is not."""
    strip(folder)
    binaries = sorted(file for file in folder.rglob("*") if file.suffix.lower() in BINARIES)
    faults = [f"not signed as expected: {file}" for file in binaries if not is_signed(file)]
    faults += [f"not in the signed catalogue: {file}" for file in unlisted(folder)]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"{len(binaries)} programs and libraries signed; the standard library is as in its signed catalogue")
    return 1 if faults or not binaries else 0


def strip(folder: Path) -> None:
    """Removes what nobody signed, compiled modules above all: Python would run them in place of the signed sources."""
    for name in UNSIGNED:
        shutil.rmtree(folder / name, ignore_errors=True)
    for folder_of_compiled in [*folder.rglob("__pycache__")]:
        shutil.rmtree(folder_of_compiled)
    for compiled in [*folder.rglob("*.py[cow]"), *folder.rglob("*.pth")]:
        compiled.unlink()
    (folder / "Lib" / "site-packages").mkdir()


def is_signed(file: Path) -> bool:
    """Returns whether a program is signed by who should have signed it, and unchanged since."""
    code, said = verify(file)
    if code == 0 and PUBLISHER in said:
        return True
    # Debian does not trust Microsoft's roots: the name is read and the digest compared, the chain is not followed.
    is_microsofts = file.name.lower().startswith(MICROSOFT_FILES)
    return is_microsofts and MICROSOFT in said and "Calculated message digest" in said and "MISMATCH" not in said


def unlisted(folder: Path) -> list[Path]:
    """Returns the files of the standard library that run but are neither in the signed catalogue nor known by digest."""
    catalogue = folder / "DLLs" / "python_lib.cat"
    code, said = verify(catalogue)
    if code != 0 or PUBLISHER not in said:
        return [catalogue]
    listed = catalogue.read_bytes()
    files = [file for kind in ("*.py", "*.whl") for file in sorted(folder.rglob(kind))]
    return [file for file in files if not is_listed(file.read_bytes(), listed, DIGESTS.get(file.relative_to(folder).as_posix()))]


def is_listed(content: bytes, catalogue: bytes, expected: str | None) -> bool:
    """Returns whether a file is empty, has the expected digest, or is in the catalogue."""
    sha256 = hashlib.sha256(content)
    sha1 = hashlib.sha1(content)  # noqa: S324 - the catalogue is of that kind
    return not content or sha256.hexdigest() == expected or sha1.digest() in catalogue or sha256.digest() in catalogue


def verify(file: Path) -> tuple[int, str]:
    """Returns what osslsigncode says of a signed file."""
    done = subprocess.run(  # noqa: S603 - a checker of the system, with files of ours
        [OSSLSIGNCODE, "verify", *without_lists(), "-CAfile", ROOTS, "-TSA-CAfile", ROOTS, "-in", str(file)],
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
    )
    return done.returncode, done.stdout + done.stderr


@cache
def without_lists() -> tuple[str, ...]:
    """Returns the option that keeps osslsigncode from fetching lists of revoked certificates; older ones fetch none."""
    said = subprocess.run([OSSLSIGNCODE, "verify", "--help"], check=False, capture_output=True, text=True)  # noqa: S603 - as above
    return ("-ignore-crl",) if "-ignore-crl" in said.stdout + said.stderr else ()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
