"""The fall-back for toasts: plyer, which shows but can't tell of a click."""

from __future__ import annotations

import logging
import threading

from tray_agent.resources import assets_folder
from tray_agent.tray.contract import BODY_UNITS, TITLE_UNITS, Toast, clip
from tray_agent.tray.model import PRODUCT

SECONDS_SHOWN = 10

_log = logging.getLogger(__name__)


class PlyerToaster:
    """Toasts by plyer. Each is shown from a daemon thread: plyer's Windows side sleeps until the toast is gone."""

    def show(self, toast: Toast) -> bool:
        """Shows a toast; returns True, for a failure shows only later and is then logged."""
        threading.Thread(target=_notify, args=(toast,), name="toast", daemon=True).start()
        return True

    def stop(self) -> None:
        """Does nothing: the threads end with the process."""


def _notify(toast: Toast) -> None:
    try:
        from plyer import notification

        notification.notify(
            title=clip(toast.title, TITLE_UNITS),
            message=clip(toast.body, BODY_UNITS),
            app_name=PRODUCT,
            app_icon=str(assets_folder() / "icons" / "vitoclient.ico"),
            timeout=SECONDS_SHOWN,
        )
    except Exception:  # noqa: BLE001 - plyer raises whatever its platform raises
        _log.warning("no toast could be shown", exc_info=True)
