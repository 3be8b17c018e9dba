"""The demo's online portal: a real signed repository with areas, headings, a history and a dozen elements.

It is the one place of the practice's program that uses the vendor's tool, which need not be installed; imported when a demo begins.

Raises:
    InputError: on import, where the vendor's tool is not installed.
"""

from __future__ import annotations

import random
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from tray_agent.downloads.catalogue import HISTORY, NEW_DOWNLOADS
from tray_agent.errors import InputError
from tray_agent.i18n import _

try:
    from publishing.description import FILE_NAME
    from publishing.publish import publish, refresh
    from publishing.signing_keys import SigningKeys
except ModuleNotFoundError as error:  # a practice's program does without what can sign a portal
    raise InputError(
        _("Demo nicht möglich"),
        _("Das Online-Portal der Demo wird mit dem Werkzeug des Herstellers gemacht, und das ist hier nicht installiert."),
        _("vitoclient-publishing installieren (im Quelltext: «py -m pip install .[demo] ./publishing»), dann «vitoclient demo»."),
    ) from error

DOCUMENTS = "Anleitungen und Formulare"

_KB = 1024
_MB = 1024 * _KB


@dataclass(frozen=True, slots=True)
class DemoElement:
    """An element of the demo: its versions, the newest first, and the size of each file.

    ``is_software``: its versions are those of the practice software.
    """

    key: str
    title: str
    heading: str
    suffix: str
    versions: tuple[tuple[str, int], ...]
    notes: str = ""
    area: str = NEW_DOWNLOADS
    restart: bool = False
    needs: str | None = None
    scope: str | None = None
    is_software: bool = False


ELEMENTS = (
    DemoElement(
        "vitomed-update", "Update vitomed", "Programm", "msi",
        (("2.69.001", 30 * _MB), ("2.68.014", 3 * _MB), ("2.68.009", 2 * _MB)),
        "Neue Druckvorlagen für Rezepte.\nSchnellere Suche in der Agenda.", restart=True, is_software=True,
    ),
    DemoElement(
        "vitoclient-services", "vitoclient-Services", "Programm", "exe", (("1.4.002", 4 * _MB), ("1.4.001", _MB)),
        "Protokolle lassen sich drucken.", needs="2.68.000",
    ),
    DemoElement("labor-anbindung", "Laboranbindung", "Programm", "msi", (("3.2.000", 2 * _MB),), restart=True, needs="2.69.000"),
    DemoElement(
        "tarif-tardoc", "Tarif TARDOC", "Tarife", "zip", (("1.4.002", 900 * _KB), ("1.4.001", 850 * _KB)),
        "Gültig ab 1. Januar.",
    ),
    DemoElement("tarif-pauschalen", "Ambulante Pauschalen", "Tarife", "zip", (("1.1.003", 600 * _KB),)),
    DemoElement("analysenliste", "Analysenliste", "Tarife", "zip", (("2026.7.001", 220 * _KB), ("2026.1.001", 210 * _KB))),
    DemoElement("migel", "Mittel- und Gegenständeliste", "Tarife", "zip", (("2026.10.001", 160 * _KB),)),
    DemoElement(
        "medikamente", "Medikamentenstamm", "Stammdaten", "zip",
        (("2026.11.003", 6 * _MB), ("2026.11.002", 500 * _KB), ("2026.10.004", 400 * _KB)),
        "Preise und Packungen, Stand Monatsmitte.",
    ),
    DemoElement("versicherer", "Krankenversicherer", "Stammdaten", "zip", (("2026.9.001", 80 * _KB),)),
    DemoElement("diagnosen", "Diagnosen ICD-10", "Stammdaten", "zip", (("2026.1.000", 1200 * _KB),)),
    DemoElement("ortschaften", "Postleitzahlen und Orte", "Stammdaten", "csv", (("2026.8.001", 40 * _KB),)),
    DemoElement("handbuch", "Handbuch Download-Service", "Anleitungen", "txt", (("1.4.000", 10 * _KB),), area=DOCUMENTS),
    DemoElement(
        "formulare", "Formularvorlagen", "Formulare", "zip", (("4.0.002", 300 * _KB), ("4.0.001", 290 * _KB)),
        area=DOCUMENTS, scope="workstation",
    ),
)  # fmt: skip
"""What the demo's portal offers."""


@dataclass(frozen=True, slots=True)
class DemoPortal:
    """The demo's portal on disk.

    Attributes:
        folder: holds everything: ``source``, ``keys`` and ``repository``.
        repository: what a server serves.
        root_file: the trusted root for the configuration.
    """

    folder: Path

    @property
    def source(self) -> Path:
        """Returns the folder with the description and its files."""
        return self.folder / "source"

    @property
    def repository(self) -> Path:
        """Returns what a server serves."""
        return self.folder / "repository"

    @property
    def keys(self) -> SigningKeys:
        """Returns the demo's signing keys."""
        return SigningKeys(self.folder / "keys")

    @property
    def root_file(self) -> Path:
        """Returns the trusted root for the configuration."""
        return self.repository / "metadata" / "1.root.json"


def make_portal(folder: Path, now: datetime, elements: tuple[DemoElement, ...] = ELEMENTS) -> DemoPortal:
    """Makes and signs the demo's portal; one that is there already is only signed anew.

    The files are the same every time, the keys are not.

    Args:
        folder: where to make it.
        now: the present instant, aware.
        elements: what to offer.
    """
    portal = DemoPortal(folder)
    if portal.root_file.exists() and (portal.repository / "metadata" / "timestamp.json").exists():
        refresh(portal.repository, portal.keys, now)
        return portal
    portal.source.mkdir(parents=True, exist_ok=True)
    rows = [_describe(portal.source, element, now.date()) for element in elements]
    write_description(portal.source, {"areas": [NEW_DOWNLOADS, DOCUMENTS, HISTORY], "element": rows})
    publish(portal.source, portal.repository, portal.keys, now, first=True)  # a demo that was broken off before has keys already
    return portal


def _describe(source: Path, element: DemoElement, today: date) -> dict[str, Any]:
    versions = []
    for age, (version, size) in enumerate(element.versions):
        entry: dict[str, Any] = {
            "version": version,
            "file": write_file(source, element.key, version, element.suffix, size),
            "area": HISTORY if age else element.area,
            "released": today - timedelta(days=3 + 45 * age),
            "notes": "" if age else element.notes,
            "restart": element.restart,
        }
        more = {"needs": element.needs, "software": version if element.is_software else None}
        versions.append(entry | {name: value for name, value in more.items() if value})
    described = {"key": element.key, "title": element.title, "heading": element.heading, "scope": element.scope, "version": versions}
    return {name: value for name, value in described.items() if value}


def write_description(source: Path, description: dict[str, Any]) -> None:
    """Writes ``portal.toml``."""
    import tomlkit

    (source / FILE_NAME).write_text(tomlkit.dumps(description), encoding="utf-8")


def write_file(source: Path, key: str, version: str, suffix: str, size: int) -> str:
    """Writes the file of a version, about ``size`` bytes of it, and returns its name."""
    name = f"{key}-{version}.{suffix}"
    (source / name).write_bytes(_content(f"{key} {version}", suffix, size))
    return name


def _content(seed: str, suffix: str, size: int) -> bytes:
    """Returns the same bytes for the same seed: text for text files, a real archive for archives."""
    if suffix in ("txt", "csv"):
        line = f"{seed};vitoclient-Services;Demo\r\n".encode()
        return (line * (size // len(line) + 1))[:size]
    content = random.Random(seed).randbytes(size)
    if suffix != "zip":
        return content
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("daten.bin", (2026, 1, 1, 0, 0, 0)), content)
    return packed.getvalue()
