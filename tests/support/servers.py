"""The real PostgreSQL server of the tests: started once for all test processes, ended with the last of them."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path


@cache
def postgresql_url() -> str | None:
    """Returns the URL of a PostgreSQL server, starting one for this test process where none is named.

    ``VITOCLIENT_TEST_POSTGRESQL_URL`` names a server that runs already. Returns None on Windows.

    Raises:
        FileNotFoundError: PostgreSQL's programs are not installed; ``make test`` installs them.
    """
    named = os.environ.get("VITOCLIENT_TEST_POSTGRESQL_URL")
    if named or sys.platform == "win32":
        return named
    folder = Path(tempfile.mkdtemp(prefix="vitoclient-postgresql-"))
    programs = _programs()
    owner = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if _is_root() else []
    if owner:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"

    def run(*command: str | Path) -> None:
        subprocess.run([*owner, *command], check=True, stdout=subprocess.DEVNULL, cwd=folder)

    run(programs / "initdb", "-D", data, "-U", "vitoclient", "--auth=trust", "--encoding=UTF8", "-N", "--locale=C.UTF-8")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=200"
    run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")

    def stop() -> None:
        subprocess.run(
            [*owner, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, cwd="/"
        )
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return f"postgresql+psycopg://vitoclient@/postgres?host={folder}"


def _is_root() -> bool:
    return sys.platform != "win32" and os.geteuid() == 0


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    named = shutil.which("initdb")
    if named is None:
        raise FileNotFoundError("PostgreSQL's initdb")
    return Path(named).parent
