"""The buttons *Drucken*, *Seitenansicht* and *PDF* of a window with a list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QFileDialog, QPushButton

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from ui.models.print_outs import PrintOut
from ui.widgets.dialog import Dialog
from ui.widgets.icons import Status
from ui.widgets.printing import preview, print_with_dialog, write_pdf


class PrintActions:
    """Adds the three buttons to a window and does what they say.

    Args:
        dialog: the window.
        list_now: returns, when a button is pressed, what makes the document; that is then called in a worker.

    Attributes:
        buttons: the three.
    """

    def __init__(self, dialog: Dialog, list_now: Callable[[], Callable[[], PrintOut]]) -> None:
        self._dialog = dialog
        self._list_now = list_now
        self.buttons: tuple[QPushButton, ...] = (
            dialog.side_action(_("&Drucken"), self.print_list, QKeySequence.StandardKey.Print),
            dialog.side_action(_("Seitenansich&t"), self.preview_list),
            dialog.side_action(_("PD&F …"), self.save_pdf),
        )

    def print_list(self) -> None:
        """Prints the list with the system's print dialog."""
        self._make(lambda printed: _ignore(print_with_dialog(printed, self._dialog)))

    def preview_list(self) -> None:
        """Shows the pages of the list."""
        self._make(lambda printed: preview(printed, self._dialog))

    def save_pdf(self) -> None:
        """Asks for a file and writes the list into it."""
        self._make(self._ask_file)

    def _ask_file(self, printed: PrintOut) -> None:
        suggested = str(Path.home() / f"{printed.title.replace('/', '-').replace(':', '')}.pdf")
        chosen, _kind = QFileDialog.getSaveFileName(self._dialog, _("Als PDF speichern"), suggested, _("PDF-Datei (*.pdf)"))
        if chosen:
            self.write_pdf(printed, Path(chosen))

    def write_pdf(self, printed: PrintOut, file: Path) -> None:
        """Writes a document into a file and says so."""
        try:
            write_pdf(printed, file)
        except KnownError as error:
            self._dialog.show_error(error)
            return
        self._dialog.banner.say(_("PDF gespeichert"), _("Die Liste steht in {file}.").format(file=file), Status.SUCCESS)

    def _make(self, done: Callable[[PrintOut], None]) -> None:
        self._dialog.run(self._list_now(), done, busy=_("Wird vorbereitet …"))


def _ignore(_result: object) -> None:
    """Ends a chain whose result nobody needs."""
