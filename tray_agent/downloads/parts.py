"""What the Download-Service of a workstation works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tray_agent.clock import Clock
    from tray_agent.config.settings import Settings
    from tray_agent.downloads.download_rows import DownloadRows
    from tray_agent.downloads.library import Library
    from tray_agent.downloads.portal import Portal
    from tray_agent.downloads.progress import DownloadProgress
    from tray_agent.downloads.subscriptions import Subscriptions
    from tray_agent.downloads.transfer import Transfer
    from tray_agent.store.database import Database
    from tray_agent.store.settings import SettingStore


@dataclass(frozen=True, slots=True)
class DownloadParts:
    """The parts of the Download-Service; put together by ``assembly``.

    Attributes:
        portal: the portal of the configuration, asked for when it is needed: it may not be set up.
        database, rows, subscriptions, settings: what the whole practice shares.
        library: the download folder of this workstation.
        progress: what is being transferred now, by this process.
        transfer: makes what brings the files of one run, from the switches of its beginning.
        workstation: this computer's name, for the record.
    """

    portal: Callable[[], Portal]
    database: Database
    rows: DownloadRows
    subscriptions: Subscriptions
    settings: SettingStore
    library: Library
    progress: DownloadProgress
    transfer: Callable[[Settings], Transfer]
    clock: Clock
    workstation: str
