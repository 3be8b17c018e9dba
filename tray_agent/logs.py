"""The log file of this machine, without patients and secrets, and the report that a person may send to the support."""

from __future__ import annotations

import logging
import platform
import re
import sys
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path

from tray_agent import __version__

MOST_BYTES = 2_000_000
FILES_KEPT = 5
LINES_IN_REPORT = 60

_SECRETS = (
    (re.compile(r"\[parameters: .*?\]\s*$", re.MULTILINE | re.DOTALL), "[parameters: ***]"),  # of an SQL statement
    (re.compile(r"(://[^:/@\s]*):[^@/\s]*@"), r"\1:***@"),
    (re.compile(r"(?i)\b(pass(?:word|wort)?|pwd|secret|token|userkey|api[_-]?key)(['\"]?\s*[:=]\s*['\"]?)[^\s'\",;&]+"), r"\1\2***"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w"), "<e-mail>"),
    (re.compile(r"(?<![\w.:-])(?:\+|00)\d{2}[\s()/.-]*(?:\d[\s()/.-]*){8,10}(?!\w)"), "<phone> "),
    (re.compile(r"(?<![\w.:-])0\d{2}[\s/.-]?\d{3}[\s/.-]?\d{2}[\s/.-]?\d{2}(?!\w)"), "<phone>"),
)


def redact(text: str) -> str:
    """Returns a text without passwords, e-mail addresses and telephone numbers.

    A second line of defence: nothing of a patient is to be logged in the first place.
    """
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class RedactingFormatter(logging.Formatter):
    """Formats a record, traceback included, and takes out what must not be in a file."""

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line or lines of a record."""
        return redact(super().format(record))


def log_file(folder: Path, program: str) -> Path:
    """Returns where a program of ours writes its log; each has a file of its own, for only one may rotate it.

    Args:
        folder: this machine's data folder.
        program: ``tray``, ``agent`` or ``command``.
    """
    return folder / "logs" / f"{program}.log"


def start_logging(folder: Path, program: str, level: int = logging.INFO) -> Path:
    """Writes the log to its file from now on, and returns the file. Where it can't be written, the program goes on without.

    Args:
        folder: this machine's data folder.
        program: ``tray``, ``agent`` or ``command``.
        level: the least level that is written.
    """
    file = log_file(folder, program)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = RotatingFileHandler(file, maxBytes=MOST_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s %(threadName)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level)
    for chatty in ("urllib3", "apscheduler", "tuf", "PIL", "alembic"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    logging.getLogger(__name__).info("vitoclient-Services %s, %s, Python %s", __version__, platform.platform(), platform.python_version())
    return file


def report(error: BaseException | None, file: Path | None = None) -> str:
    """Returns a report for the support: versions, the fault with its traceback, the last lines of the log; redacted.

    Args:
        error: the fault, or None for a report without one.
        file: the log file, or None.
    """
    parts = [
        f"vitoclient-Services {__version__}",
        f"{platform.platform()}, Python {platform.python_version()} ({'packaged' if getattr(sys, 'frozen', False) else 'installed'})",
    ]
    if error is not None:
        parts += ["", "".join(traceback.format_exception(error)).rstrip().replace(str(Path.home()), "~")]
    last = _last_lines(file) if file is not None else ""
    if last:
        parts += ["", "Log:", last]
    return redact("\n".join(parts))


def _last_lines(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            stream.seek(0, 2)
            stream.seek(max(0, stream.tell() - 64_000))
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-LINES_IN_REPORT:])
