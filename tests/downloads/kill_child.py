"""The program that is killed: one run of the job in a process of its own.

Arguments: address, root, folder, database, journal. The journal gets a line for every piece that was fetched and another
once it is stored, written without a buffer, so that it outlives the kill.
"""

from __future__ import annotations

import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

from urllib3.connection import HTTPConnection

from tests.downloads.workstation import Practice
from tray_agent.clock import ManualClock
from tray_agent.downloads.partial import PartialFile
from tray_agent.downloads.portal import Portal, metadata_folder
from tray_agent.store.database import open_database
from tray_agent.web.client import Web


def main(address: str, root_file: str, folder: str, database_url: str, journal: str) -> None:
    keep_journal(Path(journal))
    # Small buffers: what is on its way in the network when a process is killed is lost, and must stay little.
    HTTPConnection.default_socket_options = [*HTTPConnection.default_socket_options, (socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)]
    clock = ManualClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    root, web = Path(root_file).read_bytes(), Web()
    portal = Portal(address, root, metadata_folder(Path(folder) / "data", root), web, clock)
    practice = Practice(Path(folder) / "downloads", open_database(database_url, clock=clock), portal, web, clock)
    result = practice.run()
    web.close()
    practice.database.dispose()
    sys.exit(result.problems)


def keep_journal(file: Path) -> None:
    journal = file.open("ab", buffering=0)
    append = PartialFile.append

    def append_and_tell(partial: PartialFile, piece: memoryview) -> None:
        name, start = partial.destination.name, partial.length
        journal.write(f"fetched {name} {start} {start + len(piece)}\n".encode())
        append(partial, piece)
        journal.write(f"stored {name} {start} {start + len(piece)}\n".encode())

    PartialFile.append = append_and_tell  # type: ignore[assignment,method-assign] # in this process only


if __name__ == "__main__":
    main(*sys.argv[1:])
