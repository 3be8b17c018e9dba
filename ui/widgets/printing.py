"""Printing: the system's print dialog, a preview, and PDF; all three print the same document."""

from __future__ import annotations

from pathlib import Path

from PyQt6.QtCore import QMarginsF
from PyQt6.QtGui import QGuiApplication, QPagedPaintDevice, QPageLayout, QPageSize, QPdfWriter, QTextDocument
from PyQt6.QtWidgets import QWidget

from tray_agent import __version__
from tray_agent.errors import UnavailableError
from tray_agent.i18n import _
from tray_agent.tray.model import PRODUCT
from ui.models.print_outs import PrintOut

_EDGE, _INCH = 20.0, 25.4
"""Millimetres: the edge of a page, and an inch."""

_DOTS = 96.0
"""Per inch, where there is no screen to ask; a document lays itself out in the screen's."""

_MARGIN = 0.0
"""Millimetres: a text document leaves two centimetres by itself and numbers its pages there."""


def print_with_dialog(printed: PrintOut, parent: QWidget) -> bool:
    """Asks for a printer with the system's own dialog and prints; returns whether anything was printed."""
    from PyQt6.QtPrintSupport import QPrintDialog, QPrinter

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setDocName(printed.title)
    printer.setPageLayout(_layout())
    dialog = QPrintDialog(printer, parent)
    dialog.setWindowTitle(_("Drucken"))
    if dialog.exec() != QPrintDialog.DialogCode.Accepted:
        return False
    _print(printed, printer)
    return True


def preview(printed: PrintOut, parent: QWidget) -> None:
    """Shows the pages as they would be printed; from there they can be printed, too."""
    from PyQt6.QtPrintSupport import QPrinter, QPrintPreviewDialog

    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setDocName(printed.title)
    printer.setPageLayout(_layout())
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


def _layout() -> QPageLayout:
    margins = QMarginsF(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
    return QPageLayout(QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)
