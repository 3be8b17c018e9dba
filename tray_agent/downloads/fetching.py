"""A person's wish to have one file here once more."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from tray_agent.downloads.errors import TransferError, TransferFault
from tray_agent.downloads.keeping import Keeper, wanted_of
from tray_agent.downloads.model import ElementVersion
from tray_agent.downloads.report import Happened, activity_of
from tray_agent.downloads.transfer import TransferCancelledError
from tray_agent.downloads.words import format_size
from tray_agent.errors import InputError
from tray_agent.i18n import _

if TYPE_CHECKING:
    from tray_agent.downloads.parts import DownloadParts

SECONDS_TO_WAIT = 10.0
"""So long a person waits for what is being brought by itself to make room."""


def fetch_again(parts: DownloadParts, version: ElementVersion, cancelled: threading.Event) -> str:
    """Brings a version's file here; see ``DownloadService.fetch``."""
    now = parts.portal.refresh().versions.get(version.key)
    if now is None or not now.is_same_file(version):
        raise InputError(
            _("Nicht mehr angeboten"),
            _("Das Portal bietet die Datei von {name} nicht mehr an; nichts wurde geholt.").format(name=version.name),
            _("Die neueste Version ausführen, oder den Hersteller fragen."),
            item=version.element,
        )
    parts.library.open()
    with parts.turn.taken(SECONDS_TO_WAIT) as had:
        if not had:
            raise TransferError(TransferFault.BUSY, version.name)
        parts.progress.begin()
        try:
            file_time = parts.transfer(parts.settings.load()).fetch(wanted_of(parts, version), cancelled)
        except TransferCancelledError:
            return _("Abgebrochen; was von {name} schon da ist, bleibt für das nächste Mal.").format(name=version.name)
        finally:
            parts.progress.drop(version.name)
        parts.database.transact(partial(_arrived, parts=parts, version=version, file_time=file_time))
    return _("{name} ist da und geprüft ({size}).").format(name=version.name, size=format_size(version.size))


def _arrived(connection: Connection, parts: DownloadParts, version: ElementVersion, file_time: int) -> None:
    keeper = Keeper(parts, lambda activity: parts.tell([activity]), parts.database.transact)
    if keeper.arrived(connection, version, file_time):
        parts.tell([activity_of(Happened.FETCHED_AGAIN, version)], connection)
