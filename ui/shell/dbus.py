"""A precaution for everything that listens on D-Bus from Python.

Qt's D-Bus thread is told of the end of a listener while the ending thread waits for it. Does Python's garbage collection
end the listener, then the waiting thread holds the interpreter, which the D-Bus thread wants: both wait for ever.
"""

from __future__ import annotations

from PyQt6.QtCore import QObject

_LISTENERS: list[QObject] = []


def keep_listener(listener: QObject) -> None:
    """Keeps a listener until the process ends, so that Python never destroys it. There are a handful in all."""
    _LISTENERS.append(listener)
