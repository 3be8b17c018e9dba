"""What is told about a chosen row: a title and paragraphs, plain text from wherever it came, shown without mark-up of its own."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from PyQt6.QtWidgets import QTextBrowser, QWidget

from tray_agent.tray.in_windows import in_windows


class Details(QTextBrowser):
    """The pane below a table.

    Args:
        name: the accessible name.
        parent: the widget it stands in.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)

    def tell(self, title: str, paragraphs: Iterable[str]) -> None:
        """Shows a title and paragraphs; line breaks stay, nothing is taken for mark-up."""
        told = "".join(f"<p>{escape(in_windows(part)).replace(chr(10), '<br>')}</p>" for part in paragraphs)
        self.setHtml(f"<p><b>{escape(title)}</b></p>{told}")
