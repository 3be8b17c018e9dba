"""The tray by pystray: on Windows its win32 backend, on Linux its appindicator backend. Its xorg backend is refused.

pystray's xorg backend has no menu, gets no clicks and deadlocks when the icon changes from another thread; Qt's own
tray takes its place wherever appindicator is missing.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from importlib import import_module, util
from pathlib import Path
from typing import Any

from tray_agent.tray.contract import BODY_UNITS, TITLE_UNITS, TOOLTIP_UNITS, OnAction, Toast, TrayRefusedError, clip, fitted
from tray_agent.tray.icons import icon_image
from tray_agent.tray.model import PRODUCT, MenuItem, TrayState

WM_RBUTTONUP = 0x0205
NIN_BALLOONUSERCLICK = 0x0405
SM_CXSMICON = 49
PANEL_PIXELS = 48
"""Of the icon handed to a Linux panel, which scales it itself."""

STOP_SECONDS = 1.0

_log = logging.getLogger(__name__)


def pystray_backend(platform: str = sys.platform) -> Any:  # noqa: ANN401 - pystray has no types
    """Returns pystray with the one backend that works on this platform.

    Raises:
        TrayRefusedError: pystray can't work here.
    """
    if platform != "win32" and util.find_spec("gi") is None:
        raise TrayRefusedError("no PyGObject")
    os.environ["PYSTRAY_BACKEND"] = "win32" if platform == "win32" else "appindicator"
    try:
        return import_module("pystray")
    except Exception as error:  # the backends raise what they like: no display, no typelib
        raise TrayRefusedError(f"pystray: {error!r}") from error


class PystrayTray:
    """A tray icon by pystray, and on Windows its toasts.

    Args:
        on_action: called in the icon's thread with what a person chose.
        platform: ``sys.platform``.
        pystray: the library, or a double of it.

    Raises:
        TrayRefusedError: pystray can't work here.
    """

    def __init__(self, on_action: OnAction, platform: str = sys.platform, pystray: Any = None) -> None:  # noqa: ANN401
        self._on_action = on_action
        self._windows = platform == "win32"
        self._pystray = pystray or pystray_backend(platform)
        self._icon: Any = None
        self._thread: threading.Thread | None = None
        self._state: TrayState | None = None
        self._toast: Toast | None = None
        self._lock = threading.Lock()
        self._menu_open = False

    def show(self, state: TrayState) -> None:
        """Shows a state; the first call makes the icon appear."""
        with self._lock:
            before, self._state = self._state, state
        if self._icon is None:
            self._appear(state)
            return
        if before is None or (before.look, before.number) != (state.look, state.number):
            self._icon.icon = self._picture(state)
        if before is None or before.tooltip != state.tooltip:
            self._icon.title = fitted(state.lines, TOOLTIP_UNITS)
        if before is None or before.menu != state.menu:
            self._update_menu()

    def stop(self) -> None:
        """Takes the icon away and waits for its thread."""
        if self._icon is None:
            return
        self._icon.stop()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(STOP_SECONDS)
        self._icon = None

    def toast(self, toast: Toast) -> bool:
        """Shows a toast of the icon (Windows); returns whether it was handed over. A failing system call is silent."""
        if self._icon is None or not self._windows:
            return False
        self._toast = toast
        self._icon.notify(clip(toast.body, BODY_UNITS), clip(toast.title, TITLE_UNITS))
        return True

    def _appear(self, state: TrayState) -> None:
        kind = windows_icon(self._pystray.Icon, self) if self._windows else self._pystray.Icon
        self._icon = kind(PRODUCT, self._picture(state), fitted(state.lines, TOOLTIP_UNITS), self._menu(state.menu))
        if self._windows:
            self._thread = threading.Thread(target=self._icon.run, name="tray", daemon=True)
            self._thread.start()
        else:
            self._icon.run_detached()

    def _picture(self, state: TrayState) -> Any:  # noqa: ANN401 - Pillow's image
        return icon_image(state.look, state.number, self._pixels())

    def _pixels(self) -> int:
        if sys.platform != "win32":
            return PANEL_PIXELS
        import ctypes

        return int(ctypes.windll.user32.GetSystemMetrics(SM_CXSMICON)) or 16

    # What the icon tells, in its own thread

    def clicked(self) -> None:
        """The icon was clicked: its default action."""
        with self._lock:
            state = self._state
        if state is not None:
            self._on_action(state.default_action)

    def toast_clicked(self) -> None:
        """The last toast was clicked."""
        toast, self._toast = self._toast, None
        if toast is not None:
            self._on_action(toast.action)

    def while_menu_open(self, show_menu: Callable[[], None]) -> None:
        """Shows the menu; a change of it meanwhile is drawn when it is closed."""
        self._menu_open = True
        try:
            show_menu()
        finally:
            self._menu_open = False
            self._update_menu()

    def _update_menu(self) -> None:
        with self._lock:
            state = self._state
        if state is not None and self._icon is not None and not self._menu_open:
            self._icon.menu = self._menu(state.menu)

    def _menu(self, items: tuple[MenuItem, ...]) -> Any:  # noqa: ANN401 - pystray's menu
        return self._pystray.Menu(*(self._entry(item) for item in items))

    def _entry(self, item: MenuItem) -> Any:  # noqa: ANN401 - pystray's entry
        if item.is_separator:
            return self._pystray.Menu.SEPARATOR
        if item.children:
            return self._pystray.MenuItem(item.label, self._menu(item.children))
        action = item.action
        return self._pystray.MenuItem(
            item.label,
            lambda _icon, _entry: self._on_action(action) if action is not None else None,
            default=item.default,
        )


class PystrayToaster:
    """Toasts of the tray's own icon (Windows)."""

    def __init__(self, tray: PystrayTray) -> None:
        self._tray = tray

    def show(self, toast: Toast) -> bool:
        """Shows a toast; returns whether it was handed over."""
        return self._tray.toast(toast)

    def stop(self) -> None:
        """Does nothing: the toast goes with the icon."""


def windows_icon(base: Any, tray: PystrayTray) -> Any:  # noqa: ANN401 - pystray has no types
    """Returns pystray's Windows icon with what it lacks: clicked toasts, a sharp picture, a menu that may change any time."""

    class WindowsIcon(base):  # type: ignore[misc]  # the base is pystray's, without types
        _icon_handle: Any = None

        def __call__(self) -> None:
            tray.clicked()

        def _on_notify(self, wparam: int, lparam: int) -> None:
            if lparam == NIN_BALLOONUSERCLICK:
                tray.toast_clicked()
            elif lparam == WM_RBUTTONUP:
                tray.while_menu_open(lambda: super(WindowsIcon, self)._on_notify(wparam, lparam))
            else:
                super()._on_notify(wparam, lparam)

        def _assert_icon_handle(self) -> None:
            if not self._icon_handle:
                self._icon_handle = _load_icon(self.icon) or None
            super()._assert_icon_handle()

    return WindowsIcon


def _load_icon(picture: Any) -> int:  # noqa: ANN401 - Pillow's image
    """Returns a Windows icon handle in exactly the picture's size, or 0; pystray's own loads 32 pixels and lets them shrink."""
    if sys.platform != "win32":
        return 0
    import ctypes
    import tempfile

    handle, name = tempfile.mkstemp(".ico")
    os.close(handle)
    try:
        picture.save(name, format="ICO", sizes=[picture.size])
        load = ctypes.windll.user32.LoadImageW
        load.restype = ctypes.c_void_p
        return int(load(None, name, 1, picture.width, picture.height, 0x10) or 0)
    finally:
        Path(name).unlink(missing_ok=True)
