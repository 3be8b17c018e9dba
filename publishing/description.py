"""``portal.toml``: the vendor's small description of what a portal offers (see ``docs/portal.md``)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from publishing.errors import PublishError
from publishing.installers import read_installer
from tray_agent.config.toml_file import parsed
from tray_agent.file_faults import why_of
from tray_agent.i18n import N_, _

FILE_NAME = "portal.toml"


_FAULTS = {
    "missing": N_("fehlt"),
    "extra_forbidden": N_("diese Angabe gibt es nicht"),
    "string_type": N_("kein Text in Anführungszeichen"),
    "bool_type": N_("weder true noch false"),
    "int_type": N_("keine ganze Zahl"),
    "date_type": N_("kein Datum (JJJJ-MM-TT, ohne Anführungszeichen)"),
    "list_type": N_("keine Liste"),
}


class _DescriptionPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Lifetimes(_DescriptionPart):
    """How many days the signed metadata stays valid; what expires must be signed anew before."""

    root: int = Field(default=365, ge=1, le=3650)
    targets: int = Field(default=180, ge=1, le=3650)
    snapshot: int = Field(default=30, ge=1, le=3650)
    timestamp: int = Field(default=7, ge=1, le=3650)

    def of(self, role: str) -> timedelta:
        """Returns the lifetime of a role's metadata."""
        return timedelta(days=getattr(self, role))


class VersionEntry(_DescriptionPart):
    """One file of an element; ``file`` is relative to the folder of the description. Without ``version``: the installer's own."""

    version: str | None = None
    file: str
    area: str
    released: date
    notes: str = ""
    restart: bool = False
    critical: bool = False
    needs: str | None = None
    software: str | None = None


class ElementEntry(_DescriptionPart):
    """An element with its versions."""

    key: str
    title: str
    heading: str
    publisher: str | None = None
    scope: str | None = None
    version: list[VersionEntry]


class Description(_DescriptionPart):
    """The whole description."""

    areas: list[str] = []
    live: str | None = None
    lifetimes: Lifetimes = Lifetimes()
    element: list[ElementEntry] = []

    def rows(self, folder: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Yields for every version its file, its target path, and the custom metadata to sign; what is not said is read from installers.

        Args:
            folder: of the description.

        Raises:
            PublishError: a version is neither said nor in the file.
        """
        for element in self.element:
            for entry in element.version:
                told = _completed(entry, folder / entry.file) if entry.version is None else entry
                target = f"{element.key}/{told.version}/{PurePosixPath(entry.file).name}"
                yield entry.file, target, _custom(element, told)


def _completed(entry: VersionEntry, file: Path) -> VersionEntry:
    """Returns an entry with the version that its installer says."""
    version = read_installer(file).version
    if version is None:
        raise PublishError(
            _("Version nicht angegeben"),
            _("{file} sagt nicht, welche Version es ist.").format(file=file.name),
            _("In {description} «version» angeben.").format(description=FILE_NAME),
            item=str(file),
        )
    return entry.model_copy(update={"version": version})


def read_description(folder: Path) -> Description:
    """Reads the description in ``folder``.

    Raises:
        PublishError: there is none, or it is wrong; the first fault is named.
    """
    file = folder / FILE_NAME
    try:
        return Description.model_validate(parsed(file.read_bytes()))
    except (OSError, ValueError) as error:
        why = _first_fault(error) if isinstance(error, ValidationError) else why_of(error) if isinstance(error, OSError) else str(error)
        raise PublishError(
            _("Beschreibung nicht lesbar"),
            _("{file} kann nicht verwendet werden: {why}.").format(file=file, why=why.rstrip(".")),
            _("Beschreibung berichtigen; docs/portal.md erklärt sie."),
            item=str(file),
        ) from error


def _first_fault(error: ValidationError) -> str:
    """Returns where the first fault is, counted from 1, and what it is: "element 1, version 2, released: kein Datum"."""
    first = error.errors()[0]
    where = "".join(f" {part + 1}" if isinstance(part, int) else f", {part}" for part in first["loc"]).removeprefix(", ")
    known = _FAULTS.get(first["type"].partition("_from_")[0])
    return f"{where}: {_(known) if known else first['msg']}"


def _custom(element: ElementEntry, entry: VersionEntry) -> dict[str, Any]:
    """Returns what is signed of a version beside its file: all that the two entries say, without what they leave out."""
    written = element.model_dump(exclude={"version"}) | entry.model_dump(mode="json", exclude={"file"})
    written["element"] = written.pop("key")
    return {name: value for name, value in written.items() if value or name in ("notes", "restart")}
