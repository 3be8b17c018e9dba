"""The house form of small messages and questions: what it is about in bold, what follows in lines that are easy to read."""

from __future__ import annotations

from PyQt6.QtGui import QFontMetrics, QIcon
from PyQt6.QtWidgets import QLabel, QMessageBox

CHARACTERS = 56
"""The width of the lines, in average characters; what is shorter stays narrower."""


def make_readable(box: QMessageBox) -> None:
    """Sets a message whose texts and buttons are complete: its first text in bold, both in lines of up to ``CHARACTERS``.

    A message without buttons gets *OK*. No button has an icon, as nowhere else in the program.
    """
    if not box.buttons():
        box.addButton(QMessageBox.StandardButton.Ok)
    for button in box.buttons():
        button.setIcon(QIcon())
    for name, bold in (("qt_msgbox_label", True), ("qt_msgbox_informativelabel", False)):
        label = box.findChild(QLabel, name)
        if label is None:  # the system shows the message by itself
            continue
        font = label.font()
        font.setBold(bold)
        label.setFont(font)
        metrics = QFontMetrics(font)
        longest = max(metrics.horizontalAdvance(line) for line in label.text().splitlines() or [""])
        label.setMinimumWidth(min(longest + metrics.averageCharWidth(), CHARACTERS * metrics.averageCharWidth()))
