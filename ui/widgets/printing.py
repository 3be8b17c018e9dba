"""Printing: the buttons and the menu of a list, the system's print dialog, a preview, and PDF; all print the same document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QMarginsF
from PyQt6.QtGui import QGuiApplication, QKeySequence, QPagedPaintDevice, QPageLayout, QPageSize, QPdfWriter, QTextDocument
from PyQt6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from tray_agent import __version__
from tray_agent.errors import KnownError, UnavailableError
from tray_agent.i18n import _
from tray_agent.tray.model import PRODUCT
from ui.look.icons import Status
from ui.models.print_outs import PrintOut
from ui.widgets.dialog import Dialog

if TYPE_CHECKING:
    from PyQt6.QtPrintSupport import QPrinter

_EDGE, _INCH = 20.0, 25.4
"""Millimetres: the edge of a page, and an inch."""

_DOTS = 96.0
"""Per inch, where there is no screen to ask; a document lays itself out in the screen's."""

_MARGIN = 0.0
"""Millimetres: a text document leaves two centimetres by itself and numbers its pages there."""


def print_with_dialog(printed: PrintOut, parent: QWidget) -> bool:
    """Asks for a printer with the system's own dialog and prints; returns whether anything was printed."""
    from PyQt6.QtPrintSupport import QPrintDialog

    printer = _printer(printed)
    dialog = QPrintDialog(printer, parent)
    dialog.setWindowTitle(_("Drucken"))
    if dialog.exec() != QPrintDialog.DialogCode.Accepted:
        return False
    _print(printed, printer)
    return True


def preview(printed: PrintOut, parent: QWidget) -> None:
    """Shows the pages as they would be printed; from there they can be printed, too."""
    from PyQt6.QtPrintSupport import QPrintPreviewDialog

    printer = _printer(printed)  # the dialog does not keep it
    dialog = QPrintPreviewDialog(printer, parent)
    dialog.setWindowTitle(_("Seitenansicht: {title}").format(title=printed.title))
    dialog.paintRequested.connect(lambda target: _print(printed, target))
    dialog.exec()


def write_pdf(printed: PrintOut, file: Path) -> None:
    """Writes the document as PDF.

    Raises:
        UnavailableError: the file can't be written.
    """
    try:
        # tried first: QPdfWriter tells nobody that it can't write
        file.open("ab").close()
    except OSError as error:
        raise UnavailableError(
            _("PDF nicht geschrieben"),
            _("{file} konnte nicht geschrieben werden.").format(file=file),
            _("Ist die Datei geöffnet, sie schliessen; sonst einen anderen Ordner wählen."),
            item=str(file),
        ) from error
    writer = QPdfWriter(str(file))
    writer.setTitle(printed.title)
    writer.setCreator(f"{PRODUCT} {__version__}")
    writer.setPageLayout(_layout())
    _print(printed, writer)


def document_of(printed: PrintOut) -> QTextDocument:
    """Returns the document that is printed."""
    document = QTextDocument()
    document.setHtml(printed.html)
    return document


def _print(printed: PrintOut, target: QPagedPaintDevice) -> None:
    """Prints a document; Qt numbers the pages of one that knows no pages of its own."""
    document = document_of(printed)
    if not printed.numbered:
        screen = QGuiApplication.primaryScreen()
        dots = screen.logicalDotsPerInch() if screen is not None else _DOTS
        document.setDocumentMargin(_EDGE * dots / _INCH)
        document.setPageSize(QPageSize(QPageSize.PageSizeId.A4).size(QPageSize.Unit.Inch) * dots)
    document.print(target)


def _printer(printed: PrintOut) -> QPrinter:
    from PyQt6.QtPrintSupport import QPrinter

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setDocName(printed.title)
    printer.setPageLayout(_layout())
    return printer


def _layout() -> QPageLayout:
    margins = QMarginsF(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
    return QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)


class Printing:
    """Prints the list of a window, shows its pages, writes it as PDF.

    Args:
        dialog: the window.
        list_now: returns, when it is asked for, what makes the document; that is then called in a worker.
    """

    def __init__(self, dialog: Dialog, list_now: Callable[[], Callable[[], PrintOut]]) -> None:
        self._dialog = dialog
        self._list_now = list_now

    def print_list(self) -> None:
        """Prints the list with the system's print dialog."""
        self._make(lambda printed: print_with_dialog(printed, self._dialog))

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

    def _make(self, done: Callable[[PrintOut], object]) -> None:
        self._dialog.run(self._list_now(), done, busy=_("Wird vorbereitet …"))


class PrintActions(Printing):
    """Adds to a window the button that prints, and one whose menu holds what else a list is put out as.

    Args:
        dialog: the window.
        list_now: returns, when it is asked for, what makes the document; that is then called in a worker.
        further: entries of the menu beside page view and PDF: their words, and what they do.

    Attributes:
        buttons: the two.
        menu: of the second one.
    """

    def __init__(self, dialog: Dialog, list_now: Callable[[], Callable[[], PrintOut]], *further: tuple[str, Callable[[], object]]) -> None:
        super().__init__(dialog, list_now)
        printing = dialog.side_action(_("&Drucken"), self.print_list, QKeySequence.StandardKey.Print, picture="printer")
        more = dialog.side_action(_("PDF und &mehr"), lambda: None, picture="file-type-pdf")
        self.menu = QMenu(more)
        entries = ((_("Seitenansich&t"), self.preview_list), (_("PD&F …"), self.save_pdf), *further)
        for words, action in entries:
            if (entry := self.menu.addAction(words)) is not None:
                entry.triggered.connect(lambda _checked, action=action: action())
        more.setMenu(self.menu)
        self.buttons: tuple[QPushButton, ...] = (printing, more)
