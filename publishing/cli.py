"""``vitoclient-publish``: the vendor's command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tray_agent.cli.ending import ended

PROGRAM = "vitoclient-publish"


def main() -> None:
    """Runs the program with the process's arguments and ends the process with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code; never raises, never shows a traceback for a known error."""

    def work() -> int:
        # Imported only now that the language is set: the helps of options are translated while the commands are imported.
        from publishing.commands import build
        from tray_agent.cli.parsing import run_command

        return run_command(PROGRAM, build(), arguments)

    return ended(work, PROGRAM)
