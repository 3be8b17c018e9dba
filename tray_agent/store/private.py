"""A store that only this computer or user works with, though the practice's data lie on a server: others may have one of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from tray_agent.i18n import _, join_texts


@dataclass(frozen=True, slots=True)
class PrivateStore:
    """A store that others may have one beside.

    Attributes:
        subject: what it is the store of: a person's word counts for this workstation alone.
        sentence: what is the matter, and what it may lead to.
    """

    subject: str
    sentence: str

    @property
    def advice(self) -> str:
        """Returns what to do."""
        return _(
            "Unter «Einrichten | Datenbank» die Datenbank auf dem Server wählen (in der Konfiguration: store.url), oder, wenn nur von hier "
            "gesendet wird, es unter «Fragen» bestätigen."
        )


def private_store(store: str, practice: str, workstation: str, home: Path | None = None) -> PrivateStore | None:
    """Returns why a store may be one of several; None: the practice's data lie on this computer, too, or the store on a server.

    Args:
        store: the address of the store.
        practice: the address of the practice's data.
        workstation: this computer's name.
        home: where this user's own files are; None: where the system says.
    """
    try:
        own, data = make_url(store), make_url(practice)
    except ArgumentError:  # it is told where it is opened
        return None
    if own.get_backend_name() != "sqlite" or data.get_backend_name() == "sqlite" or not own.database:
        return None
    file = Path(own.database)
    text = _(
        "Die Praxisdaten liegen auf einem Server, die Datenbank des Agenten aber in der Datei {file}. Hat ein anderer Arbeitsplatz oder "
        "Benutzer eine eigene, erhält jeder Patient alles doppelt; bis jemand entscheidet, wird von hier nichts gesendet."
    ).format(file=file)
    return PrivateStore(workstation[:120].lower(), join_texts(text, _whose(file, home or Path.home())))


def _whose(file: Path, home: Path) -> str:
    if not file.is_absolute():
        return _("Der Pfad ist zudem unvollständig: Je nachdem, wo das Programm gestartet wird, ist es eine andere Datei.")
    if file.is_relative_to(home):
        return _("Sie liegt zudem im Profil des angemeldeten Benutzers; jeder andere Benutzer dieses Computers hat eine eigene.")
    return ""
