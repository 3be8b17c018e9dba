"""How far something is, with a button that ends it before; seen only while it goes on."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtWidgets import QProgressBar, QWidget

from tray_agent.i18n import _
from ui.look.scale import Type
from ui.widgets.layout import button, row
from ui.widgets.notes import soft_label

_WHOLE, _PERCENT = 1000, 100


class ProgressLine(QWidget):
    """A bar with words above it, what is done of it in percent, and a button.

    Args:
        name: the accessible name of the bar.
        cancel: the words of the button.
        on_cancel: what it does.
    """

    def __init__(self, name: str, cancel: str, on_cancel: Callable[[], object]) -> None:
        super().__init__()
        self.bar = QProgressBar()
        self.bar.setAccessibleName(name)
        self.cancel = button(cancel, on_cancel)
        self._share = soft_label(size=Type.TEXT)
        self.setLayout(row((self.bar, 1), self._share, self.cancel, spacing=12, margins=(0, 0, 0, 0)))
        self.hide()

    def tell(self, words: str, part: float | None = None) -> None:
        """Shows what goes on, and which part of it is done (0 to 1), where that is known."""
        self.bar.setRange(0, 0 if part is None else _WHOLE)
        self.bar.setValue(int(_WHOLE * (part or 0)))
        self.bar.setFormat(words.replace("%", "%%"))
        self.bar.setAccessibleDescription(words)
        self._share.setText("" if part is None else _("{share} %").format(share=int(_PERCENT * part)))
        self.show()
