"""Lists as CSV files that a Swiss Excel opens by a double click: UTF-8 with BOM, semicolons, CRLF."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from tray_agent.errors import UnavailableError
from tray_agent.i18n import _

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so would be computed by a spreadsheet; a text from outside must never be."""


def write_csv(file: Path, titles: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """Writes a list to a file, all or nothing, and returns the number of rows.

    Raises:
        UnavailableError: the file can't be written.
    """
    # all or nothing: who opens the file never sees half a list
    partial = file.with_name(f"{file.name}.part")
    try:
        with partial.open("w", encoding="utf-8-sig", newline="") as opened:
            writer = csv.writer(opened, delimiter=";", lineterminator="\r\n")
            writer.writerow(titles)
            number = 0
            for number, row in enumerate(rows, start=1):  # noqa: B007 - the last number counts
                writer.writerow([_harmless(cell) for cell in row])
        partial.replace(file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise UnavailableError(
            _("Datei nicht geschrieben"),
            _("{file} konnte nicht geschrieben werden.").format(file=file),
            _("Ist die Datei in Excel geöffnet, sie dort schliessen; sonst einen anderen Ordner wählen."),
            item=str(file),
        ) from error
    return number


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
