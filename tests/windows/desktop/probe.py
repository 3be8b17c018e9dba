"""Runs in Windows beside the program and tells what windows there are: JSON lines over loopback.

usage: probe.py PORT-FILE
"""

from __future__ import annotations

import sys

if sys.platform != "win32":
    raise ImportError("only on Windows")

import json
import socketserver
from pathlib import Path

import win32con
import win32gui
import win32process

ICON_MESSAGE = win32con.WM_USER + 11
"""What pystray asks Windows to send for its icon."""

NIN_BALLOONUSERCLICK = win32con.WM_USER + 5


class Questions(socketserver.StreamRequestHandler):
    """Answers each line with the list of visible windows; the line ``balloon`` first tells the icon of a click on its balloon."""

    def handle(self) -> None:
        for line in self.rfile:
            if line.strip() == b"balloon":
                click_balloon()
            self.wfile.write(json.dumps(visible_windows()).encode() + b"\n")


def click_balloon() -> None:
    """Sends the icon what Windows sends when its balloon is clicked; Wine 8 shows the balloon and sends nothing."""
    handles: list[int] = []
    win32gui.EnumWindows(lambda handle, found: found.append(handle), handles)
    for handle in handles:
        if (win32gui.GetClassName(handle) or "").endswith("SystemTrayIcon"):
            win32gui.PostMessage(handle, ICON_MESSAGE, 0, NIN_BALLOONUSERCLICK)


def visible_windows() -> list[dict[str, object]]:
    """Returns title, class, process and place of every visible window."""
    handles: list[int] = []
    win32gui.EnumWindows(lambda handle, found: found.append(handle), handles)
    return [described(handle) for handle in handles if win32gui.IsWindow(handle) and win32gui.IsWindowVisible(handle)]


def described(handle: int) -> dict[str, object]:
    """Returns what is known of a window; its text is asked from the window, so that a tooltip's is there too."""
    left, top, right, bottom = win32gui.GetWindowRect(handle)
    return {
        "title": win32gui.GetWindowText(handle),
        "kind": win32gui.GetClassName(handle),
        "process": win32process.GetWindowThreadProcessId(handle)[1],
        "place": [left, top, right, bottom],
    }


if __name__ == "__main__":
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Questions) as server:
        beside = Path(sys.argv[1] + ".new")
        beside.write_text(str(server.server_address[1]), encoding="ascii")
        beside.rename(sys.argv[1])
        server.serve_forever()
