"""Buttons that can't be pressed now say why, to whoever points at them and to screen readers."""

from __future__ import annotations

from PyQt6.QtWidgets import QAbstractButton

_OWN = "vitoclientToolTip"


def allow(button: QAbstractButton, *, possible: bool, otherwise: str) -> None:
    """Lets a button be pressed, or not.

    Args:
        button: which; its own tooltip comes back when it can be pressed again.
        possible: whether it can be pressed now.
        otherwise: a sentence that tells why not, and what to do.
    """
    if button.property(_OWN) is None:
        button.setProperty(_OWN, button.toolTip())
    button.setEnabled(possible)
    button.setToolTip(str(button.property(_OWN)) if possible else otherwise)
    button.setAccessibleDescription("" if possible else otherwise)
