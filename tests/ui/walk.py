"""What the walks through all windows look for: text that does not fit, windows that do not fit a small screen."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PyQt6.QtWidgets import QAbstractButton, QGroupBox, QLabel, QWidget

from tray_agent import i18n

GROWTH = 0.4
"""How much longer other languages may be than German."""

SMALL_SCREEN = (1280, 720)


class LongerWords(gettext.NullTranslations):
    """A language that says everything with 40 % more letters; places for values and mnemonics stay."""

    def gettext(self, message: str) -> str:
        return longer(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return longer(msgid1 if n == 1 else msgid2)

    def pgettext(self, context: str, message: str) -> str:
        return longer(message)


def longer(text: str) -> str:
    """Returns a text with 40 % more letters, in words as long as German ones."""
    letters = len(re.sub(r"\{[^}]*\}|&", "", text))
    more = max(1, round(letters * GROWTH))
    words = "äöüäöüä öüäöüäöüä " * (more // 18 + 1)
    return text + words[:more].rstrip() if more < 4 else f"{text} {words[: more - 1].strip()}"


@contextmanager
def longer_language(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lets all texts grow within the block."""
    with monkeypatch.context() as patch:
        patch.setattr(i18n._Current, "translations", LongerWords())
        yield


def clipped_texts(window: QWidget) -> list[str]:
    """Returns the visible texts of labels, buttons and group titles that have less room than they need."""
    return [
        f"{type(widget).__name__} {_text(widget)!r}: {widget.width()}x{widget.height()}"
        for widget in window.findChildren(QWidget)
        if widget.isVisible() and _text(widget) and _is_clipped(widget)
    ]


def _text(widget: QWidget) -> str:
    if isinstance(widget, QGroupBox):
        return widget.title()
    return widget.text() if isinstance(widget, QLabel | QAbstractButton) else ""


def _is_clipped(widget: QWidget) -> bool:
    if isinstance(widget, QLabel) and widget.wordWrap():
        return widget.heightForWidth(widget.width()) > widget.height() + 1
    if isinstance(widget, QGroupBox):
        return widget.fontMetrics().horizontalAdvance(widget.title()) > widget.width()
    hint = widget.sizeHint()
    return hint.width() > widget.width() + 1 or hint.height() > widget.height() + 1
