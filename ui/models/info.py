"""The window *Info…*: version, database, licences, and the workstations of the practice."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from tray_agent import PROGRAM_NAME, __version__
from tray_agent.config.machine import without_password
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_date, format_datetime
from tray_agent.job_kinds import JobKey
from tray_agent.jobs.abilities import kind_word, lacks_lines
from tray_agent.jobs.errors import StoreCopiedError
from tray_agent.jobs.model import Presence
from tray_agent.practice.model import Mandant

if TYPE_CHECKING:
    from tray_agent.agent import Agent


@dataclass(frozen=True, slots=True)
class Fact:
    """A line of the window: what, and how it stands."""

    label: str
    value: str


def facts_of(agent: Agent) -> tuple[Fact, ...]:
    """Returns the lines of the window; what can't be read now says so. Takes database calls: never on the GUI thread."""
    today = agent.clock.now().astimezone(agent.zone).date()
    return (
        Fact(_("Programm"), f"{PROGRAM_NAME} {__version__}"),
        Fact(_("Dieser Arbeitsplatz"), agent.workstation),
        Fact(_("Datenbank"), "\n".join(filter(None, (database_words(agent.machine.store_url), _fault_of_store(agent))))),
        Fact(_("Praxisdaten"), database_words(agent.machine.practice_url)),
        Fact(_("Online-Portal"), agent.machine.portal.address or _("nicht eingerichtet")),
        Fact(_("Download-Ordner"), str(agent.machine.download_folder)),
        Fact(_("Lizenzen"), _or_error(lambda: licences(tuple(agent.practice.mandants().values()), today))),
    )


def _fault_of_store(agent: Agent) -> str:
    """Returns why the agent's database can't be used, or ""."""
    try:
        agent.jobs.presences.prove_writable()
    except KnownError as error:
        return str(error)
    return ""


def strangers_of(agent: Agent) -> KnownError | None:
    """Returns why nothing is sent from here: this embedded store comes from another computer that may go on with it; None: it does not."""
    try:
        agent.jobs.presences.check_own()
    except StoreCopiedError as error:
        return error
    except KnownError:
        return None
    return None


_SERVERS = {"mssql": "SQL Server", "postgresql": "PostgreSQL"}


def database_words(url: str) -> str:
    """Returns where a database is, as one says it; without its password. An address of another kind stands without its options."""
    parts = urlsplit(url)
    kind = parts.scheme.partition("+")[0]
    if kind == "sqlite" and parts.path.strip("/"):
        return _("SQLite-Datei {file}").format(file=unquote(parts.path.removeprefix("/")))
    name = unquote(parts.path.strip("/"))
    if kind in _SERVERS and name and parts.hostname:
        place = parts.netloc.rpartition("@")[2]
        return _("{database} auf {server} ({product})").format(database=name, server=unquote(place), product=_SERVERS[kind])
    return without_password(url)


def licences(mandants: Sequence[Mandant], today: date) -> str:
    """Returns the Mandants with their licence numbers, a line each; one that is over says so."""
    return "\n".join(_licence(mandant, today) for mandant in sorted(mandants, key=lambda mandant: mandant.name)) or _("keine Mandanten")


def _licence(mandant: Mandant, today: date) -> str:
    if not mandant.licence_number:
        return _("{name}: keine Lizenznummer").format(name=mandant.name)
    if mandant.licence_valid_until is None:
        return _("{name}: {number}").format(name=mandant.name, number=mandant.licence_number)
    over = mandant.licence_valid_until < today
    sentence = _("{name}: {number}, abgelaufen am {date}") if over else _("{name}: {number}, gültig bis {date}")
    return sentence.format(name=mandant.name, number=mandant.licence_number, date=format_date(mandant.licence_valid_until))


@dataclass(frozen=True, slots=True)
class Workstation:
    """A row of *Arbeitsplätze*.

    Attributes:
        name: with "(dieser)" where it is the asking one.
        kind, user, software: as it tells; "" where it tells nothing.
        unable: what it can't do of what the practice uses, and why, a line each.
        seen: when it was last there, in words.
        is_there: whether it is there now.
    """

    name: str
    user: str
    version: str
    kind: str
    software: str
    unable: tuple[str, ...]
    seen: str
    is_there: bool


@dataclass(frozen=True, slots=True)
class Fleet:
    """The workstations, or why they can't be read; and why this program must not work with the store any more, if that is so."""

    rows: tuple[Workstation, ...]
    error: KnownError | None = None
    outdated: KnownError | None = None


def fleet_of(agent: Agent) -> Fleet:
    """Returns the workstations of the practice, those that went included. Takes database calls: never on the GUI thread."""
    try:
        known, used = agent.jobs.presences.known(), agent.jobs.used()
        agent.jobs.plans.load()  # tables of a newer program are told, whatever could be read of them
    except KnownError as error:
        return Fleet((), error, error if error.code == "program_outdated" else None)
    return Fleet(tuple(workstation_of(one, agent.workstation, used, agent.zone) for one in known))


def workstation_of(one: Presence, here: str, used: Collection[JobKey], zone: ZoneInfo) -> Workstation:
    """Returns a row.

    Args:
        one: what the store knows of it.
        here: the name of this workstation.
        used: the jobs that the practice uses.
        zone: the practice's time zone.
    """
    name = _("{workstation} (dieser)").format(workstation=one.workstation) if one.workstation.lower() == here.lower() else one.workstation
    seen = _("jetzt") if one.is_there else format_datetime(one.seen_at.astimezone(zone))
    if one.report is None:
        return Workstation(name, "", one.version, "", "", (_("nicht bekannt"),), seen, one.is_there)
    report = one.report
    unable = lacks_lines(report.lacks, used)
    return Workstation(name, report.user, one.version, kind_word(report.kind), report.software, unable, seen, one.is_there)


def as_lines(rows: Sequence[Workstation]) -> str:
    """Returns the workstations as a text to copy, a line each."""
    return "\n".join(
        ", ".join(filter(None, (row.name, row.user, row.version, row.kind, row.software, row.seen, *row.unable))) for row in rows
    )


def _or_error(read: Callable[[], str]) -> str:
    try:
        return read()
    except KnownError as error:
        return error.title


def as_text(facts: Sequence[Fact]) -> str:
    """Returns the lines as a text to copy."""
    return "\n".join(f"{fact.label}: {fact.value.replace(chr(10), '; ')}" for fact in facts)
