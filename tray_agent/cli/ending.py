"""How every command ends: by its exit code, a known error in one line, a fault of the program in the log.

Exit codes: 0 done; 1 a known error, told in one line; 2 wrong use, wrong input or unreadable configuration, told in
one line; 3 a fault of the program, with the place of the log.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable

from tray_agent.config.machine import load_machine
from tray_agent.errors import KnownError
from tray_agent.i18n import _, set_language


def ended(work: Callable[[], int]) -> int:
    """Does a command's work in the language of the configuration and returns its exit code.

    Never raises, never shows a traceback for a known error.
    """
    _speak_utf8()
    logging.getLogger().addHandler(logging.NullHandler())  # what libraries log belongs in a file, never between the lines for people
    set_language(_language())
    try:
        return work()
    except KnownError as error:
        return _complain(error)
    except BrokenPipeError:
        return _pipe_closed()
    except KeyboardInterrupt:
        print(_("Abgebrochen."), file=sys.stderr)
        return 130
    except Exception as error:  # noqa: BLE001 - the last resort: a fault of ours is logged, and told in one line
        return _own_up(error)


def one_line(text: str) -> str:
    """Returns a text without its line ends."""
    return " ".join(text.split())


def _complain(error: KnownError) -> int:
    """Prints a known error as one line and returns its exit code."""
    print(f"vitoclient: {one_line(str(error))}", file=sys.stderr)
    return error.exit_code


def _language() -> str:
    """Returns the language of the configuration; the default where that can't be read (it is told later)."""
    try:
        return load_machine().ui.language
    except KnownError:
        return "de"


def _own_up(error: Exception) -> int:
    """Writes a fault of the program to the log file and says so in one line."""
    import tempfile
    from pathlib import Path

    from tray_agent.logs import start_logging

    try:
        folder = load_machine().data_folder
    except KnownError:
        folder = Path(tempfile.gettempdir())
    file = start_logging(folder, "command")
    logging.getLogger(__name__).error("a command failed", exc_info=error)
    said = _("Programmfehler: der Befehl wurde abgebrochen. Einzelheiten für den Support stehen in {file}.").format(file=file)
    print(f"vitoclient: {said}", file=sys.stderr)
    return 3


def _speak_utf8() -> None:
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace") if stream.isatty() else reconfigure(encoding="utf-8", errors="replace")


def _pipe_closed() -> int:
    """Ends quietly when the reader of our output went away (``vitoclient history | head``)."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0
