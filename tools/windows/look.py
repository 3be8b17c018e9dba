"""Runs in Windows, once: registers the fonts of its font folder and shows windows in those of Windows 10.

Segoe UI may not be passed on; Open Sans, by the same designer and a little wider, stands in for it, and Liberation for
Arial, Times New Roman and Courier New, whose widths it has. So a window looks, and its texts fit, nearly as on Windows.
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import ctypes
import os
import winreg
from ctypes.wintypes import BYTE, LONG, UINT, WCHAR
from pathlib import Path

REPLACEMENTS = {
    "Segoe UI": "Open Sans",
    "Segoe UI Semibold": "Open Sans Semibold",
    "Arial": "Liberation Sans",
    "Times New Roman": "Liberation Serif",
    "Courier New": "Liberation Mono",
    "Consolas": "Liberation Mono",
}
UI_FONT = "Segoe UI"
UI_HEIGHT = -12
"""Pixels of 9 points on a screen of 96 dots per inch: Windows 10's."""

_GET, _SET, _KEEP = 0x29, 0x2A, 0x1  # SPI_GETNONCLIENTMETRICS, SPI_SETNONCLIENTMETRICS, SPIF_UPDATEINIFILE


class Font(ctypes.Structure):
    """LOGFONTW."""

    _fields_ = (
        *((name, LONG) for name in ("height", "width", "escapement", "orientation", "weight")),
        *((name, BYTE) for name in ("italic", "underline", "strike", "charset", "out", "clip", "quality", "pitch")),
        ("face", WCHAR * 32),
    )


class Metrics(ctypes.Structure):
    """NONCLIENTMETRICSW."""

    _fields_ = (
        ("size", UINT),
        *((name, LONG) for name in ("border", "scroll_width", "scroll_height", "caption_width", "caption_height")),
        ("caption", Font),
        *((name, LONG) for name in ("small_caption_width", "small_caption_height")),
        ("small_caption", Font),
        *((name, LONG) for name in ("menu_width", "menu_height")),
        ("menu", Font),
        ("status", Font),
        ("message", Font),
        ("padding", LONG),
    )


def main() -> None:
    """Registers the fonts, sets their replacements and the fonts of titles, menus, notices and dialogs."""
    fonts = Path(os.environ["SYSTEMROOT"]) / "Fonts"
    with winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, r"Software\Microsoft\Windows NT\CurrentVersion\Fonts") as key:
        for file in fonts.glob("*.ttf"):
            winreg.SetValueEx(key, f"{file.stem} (TrueType)", 0, winreg.REG_SZ, file.name)
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, r"Software\Wine\Fonts\Replacements") as key:
        for name, stand_in in REPLACEMENTS.items():
            winreg.SetValueEx(key, name, 0, winreg.REG_SZ, stand_in)
    set_window_fonts()


def set_window_fonts() -> None:
    """Sets the font of titles, menus, notices and dialogs."""
    metrics = Metrics(size=ctypes.sizeof(Metrics))
    change = ctypes.WinDLL("user32", use_last_error=True).SystemParametersInfoW
    if not change(_GET, metrics.size, ctypes.byref(metrics), 0):
        raise ctypes.WinError(ctypes.get_last_error())
    for font in (metrics.caption, metrics.small_caption, metrics.menu, metrics.status, metrics.message):
        font.face, font.height, font.weight = UI_FONT, UI_HEIGHT, 400
    if not change(_SET, metrics.size, ctypes.byref(metrics), _KEEP):
        raise ctypes.WinError(ctypes.get_last_error())


if __name__ == "__main__":
    main()
