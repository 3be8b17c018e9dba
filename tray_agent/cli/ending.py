"""How every command ends: by its exit code, a known error in one line, a fault of the program in the log.

Exit codes: 0 done; 1 a known error, told in one line; 2 wrong use, wrong input or unreadable configuration, told in
one line; 3 a fault of the program, with the place of the log; 130 ended by Ctrl+C.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tray_agent.config.machine import load_machine
from tray_agent.errors import KnownError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _, set_language

_UNWRITTEN = frozenset({errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EBADF})
"""What the system says of an output, a file without a name here, that takes nothing more."""


def ended(work: Callable[[], int], program: str = "vitoclient") -> int:
    """Does a command's work in the language of the configuration and returns its exit code.

    Never raises, never shows a traceback for a known error; what is told begins with the program's name.
    """
    _speak_utf8()
    logging.getLogger().addHandler(logging.NullHandler())  # what libraries log belongs in a file, never between the lines for people
    set_language(_language())
    return _written(_code_of(work, program), program)


def _code_of(work: Callable[[], int], program: str) -> int:
    try:
        return work()
    except KnownError as error:
        return _complain(error, program)
    except BrokenPipeError:
        return 0  # the reader of our output went away (``vitoclient history | head``)
    except KeyboardInterrupt:
        print(_("Abgebrochen."), file=sys.stderr)
        return 130
    except OSError as error:
        return _complain(_unwritten(error), program) if error.errno in _UNWRITTEN and error.filename is None else _own_up(error, program)
    except Exception as error:  # noqa: BLE001 - the last resort: a fault of ours is logged, and told in one line
        return _own_up(error, program)


def _written(code: int, program: str) -> int:
    """Writes what is still to be put out, and returns the exit code: another one where that can't be written."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _silence()
    except OSError as error:
        _silence()
        return _complain(_unwritten(error), program)
    return code


def _unwritten(error: OSError) -> KnownError:
    return KnownError(
        _("Ausgabe unvollständig"),
        _("Was auszugeben war, kann nicht ganz geschrieben werden: {why}.").format(why=why_of(error)),
        _("Platz und Rechte am Ziel prüfen."),
    )


def one_line(text: str) -> str:
    """Returns a text without its line ends."""
    return " ".join(text.split())


def _complain(error: KnownError, program: str) -> int:
    """Prints a known error as one line and returns its exit code."""
    print(f"{program}: {one_line(str(error))}", file=sys.stderr)
    return error.exit_code


def _language() -> str:
    """Returns the language of the configuration; the default where that can't be read (it is told later)."""
    try:
        return load_machine().ui.language
    except KnownError:
        return "de"


def _own_up(error: Exception, program: str) -> int:
    """Writes a fault of the program to the log file and says so in one line."""
    import tempfile

    from tray_agent.logs import start_logging

    try:
        folder = load_machine().data_folder
    except KnownError:
        folder = Path(tempfile.gettempdir())
    file = start_logging(folder, "command")
    logging.getLogger(__name__).error("a command failed", exc_info=error)
    sentence = _("Programmfehler: der Befehl wurde abgebrochen. Einzelheiten für den Support stehen in {file}.").format(file=file)
    print(f"{program}: {sentence}", file=sys.stderr)
    return 3


def _speak_utf8() -> None:
    if sys.stdout is None:  # closed by who started us (``>&-``), or a program without a console
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = sys.stdout
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace") if stream.isatty() else reconfigure(encoding="utf-8", errors="replace")


def _silence() -> None:
    """Lets what could not be written vanish, so that the end of the process does not try, and complain, once more."""
    with suppress(OSError):  # an output without a file of the system's needs no silencing
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
