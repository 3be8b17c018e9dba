"""The configuration: a TOML file for what is this machine's, the store for what is the practice's (decision record 0020).

Every value of either can be overridden by ``VITOCLIENT_SECTION__KEY``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs

from tray_agent.config.reading import (
    MisfitError,
    Place,
    Table,
    between,
    checked,
    entered,
    keys_of,
    known_part,
    laid_over,
    named,
    plain_table,
    read_section,
    spelt,
)
from tray_agent.config.toml_file import TomlFaultError, parsed
from tray_agent.errors import ConfigurationError
from tray_agent.file_faults import why_of
from tray_agent.i18n import _

APPLICATION = "vitoclient-Services"
CONFIG_FILE_VARIABLE = "VITOCLIENT_CONFIG"

_PREFIX = "VITOCLIENT_"
_SECRET_PREFIX = "VITOCLIENT_SECRET_"  # noqa: S105 - the beginning of names, not a secret


def data_folder() -> Path:
    """Returns this user's data folder (not roaming on Windows); it may not exist yet."""
    return Path(platformdirs.user_data_dir(APPLICATION, appauthor=False))


def config_file() -> Path:
    """Returns the configuration file: ``VITOCLIENT_CONFIG``, else the user's, else the machine's, else the user's to be made."""
    named = os.environ.get(CONFIG_FILE_VARIABLE)
    if named:
        return Path(named)
    own = Path(platformdirs.user_config_dir(APPLICATION, appauthor=False)) / "config.toml"
    shared = shared_config_file()
    return shared if shared.exists() and not own.exists() else own


def shared_config_file() -> Path:
    """Returns the configuration file of this machine, which a service can read."""
    return Path(platformdirs.site_config_dir(APPLICATION, appauthor=False)) / "config.toml"


def is_unconfigured() -> bool:
    """Returns whether nobody has set this machine up yet: no file, and no value in the environment."""
    return not config_file().exists() and not _variables()


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _("die Zeitzone {zone} ist unbekannt").format(zone=value)
    return ""


_DEFAULT_REGION = "CH"

_CANTONS = (
    "AG", "AI", "AR", "BE", "BL", "BS", "FR", "GE", "GL", "GR", "JU", "LU", "NE", "NW", "OW", "SG", "SH", "SO", "SZ", "TG", "TI", "UR",
    "VD", "VS", "ZG", "ZH", "Stadt Zurich",
)  # fmt: skip
"""Whose holidays are known: those of the library ``holidays``, which is too large to be loaded at every start."""


def _spelt_region(value: str) -> str:
    return value.strip().upper()


def _known_region(value: str) -> str:
    if value == _DEFAULT_REGION:  # of nearly everybody; the library is large
        return ""
    from phonenumbers import SUPPORTED_REGIONS

    return "" if value in SUPPORTED_REGIONS else _("erlaubt ist das Länderkürzel mit zwei Buchstaben, zum Beispiel CH oder LI")


def _spelt_canton(value: str) -> str:
    word = value.strip()
    return next((canton for canton in _CANTONS if canton.casefold() == word.casefold()), word)


def _known_canton(value: str) -> str:
    known = value in _CANTONS or not value
    return "" if known else _("erlaubt ist {choices}").format(choices=", ".join(_CANTONS))


_HOST = re.compile(r"\w([\w.-]*\w)?")
"""The name of a server, also in a house's own network, or an address of four numbers."""


def _host(value: str) -> str:
    usable = not value or _HOST.fullmatch(value) or _is_ip(value)
    return "" if usable else _("hier wird der Name eines Servers erwartet, zum Beispiel mail.praxis.ch")


def _is_ip(value: str) -> bool:
    from ipaddress import ip_address

    try:
        return bool(ip_address(value))
    except ValueError:
        return False


def _web_address(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in ("http", "https") and parts.port != 0 and bool(parts.hostname) and not _host(parts.hostname or "")
        usable = usable and parts.username is None and not re.search(r"\s", value)
    except ValueError:
        usable = False
    return "" if usable else _("hier wird eine Adresse erwartet, die mit https:// beginnt")


def _web_address_or_nothing(value: str) -> str:
    return _web_address(value) if value else ""


def _link(value: str) -> str:
    """Checks what texts name: people write their practice's address with and without https://."""
    return _web_address_or_nothing(value if "://" in value or not value else f"https://{value}")


_IDENTITY = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _identity(value: str) -> str:
    usable = not value or _IDENTITY.fullmatch(value)
    return "" if usable else _("hier wird eine Client-ID erwartet, zum Beispiel 00000000-0000-0000-0000-000000000000")


_TENANT = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def _tenant(value: str) -> str:
    """Checks what becomes a part of an address: no word of it may lead elsewhere."""
    usable = not value or _TENANT.fullmatch(value)
    return "" if usable else _("hier wird die ID oder die Domain der Praxis bei Microsoft 365 erwartet")


GATEWAY_KINDS = ("aspsms", "file")
"""The kinds of SMS gateways that there are (``messages.gateways.registry`` makes them)."""


def _gateway_kind(value: str) -> str:
    return "" if value in GATEWAY_KINDS else _("erlaubt ist {choices}").format(choices=", ".join(GATEWAY_KINDS))


@dataclass(frozen=True, kw_only=True)
class MachineSection:
    """This computer."""

    data_folder: str = ""
    """Where the agent keeps its own files; empty: the user's data folder."""


@dataclass(frozen=True, kw_only=True)
class PracticeSection:
    """Where and when the practice is."""

    url: str = ""
    """The practice's database (read-only login); empty: the same as the store."""

    view_schema: str | None = field(default=None, metadata=named("schema"))
    """The schema of the five views, where they are not in the default one."""

    timezone: str = field(default="Europe/Zurich", metadata=checked(_known_zone))
    region: str = field(default=_DEFAULT_REGION, metadata=spelt(_spelt_region) | checked(_known_region))
    """The country of telephone numbers without a country code (ISO code)."""

    canton: str = field(default="ZH", metadata=spelt(_spelt_canton) | checked(_known_canton))
    """Whose holidays count; empty: no holidays do."""

    name: str = ""
    phone: str = ""
    link: str = field(default="", metadata=entered(_link))
    """The practice's web address, for texts that name it."""


@dataclass(frozen=True, kw_only=True)
class StoreSection:
    """The agent's own database."""

    url: str = ""
    """Empty: the embedded SQLite file in the user's data folder."""

    table_schema: str | None = field(default="vitoclient", metadata=named("schema"))
    """Of the agent's tables on a server; SQLite has none."""


@dataclass(frozen=True, kw_only=True)
class PortalSection:
    """The vendor's online portal."""

    address: str = field(default="", metadata=entered(_web_address_or_nothing))
    root: str = ""
    """The trusted root (a file) that came with the installation."""

    publishers: str = ""
    """Who may have signed an installer (Authenticode), several with «;» between them; empty: what the portal prescribes holds alone."""


@dataclass(frozen=True, kw_only=True)
class GatewayAccount:
    """One Mandant's account at the gateway; the password is a secret (``gateway/MANDANT``)."""

    user: str
    originator: str = ""


@dataclass(frozen=True, kw_only=True)
class GatewaySection:
    """The SMS gateway."""

    kind: str = field(default="aspsms", metadata=entered(_gateway_kind))
    address: str = field(default="https://json.aspsms.com/", metadata=entered(_web_address))
    originator: str = ""
    accounts: dict[str, GatewayAccount] = field(default_factory=dict)
    folder: str = ""
    """Of the file gateway (dry runs): where it writes what would have been sent."""


@dataclass(frozen=True, kw_only=True)
class MailSender:
    """How one Mandant's e-mails are signed."""

    address: str
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class MailSection:
    """The mail server; the password is a secret (``mail``)."""

    host: str = field(default="", metadata=entered(_host))
    port: int = field(default=587, metadata=between(1, 65535))
    security: Literal["starttls", "tls", "none"] = "starttls"
    certificate: str = ""
    """A file of certificates (PEM) to trust instead of the system's: a mail server with a certificate of its own."""

    user: str = ""
    sign_in: Literal["password", "microsoft"] = "password"
    """With a password, or with a token of Microsoft 365, which takes passwords no more."""

    client_id: str = field(default="", metadata=spelt(str.strip) | entered(_identity))
    """This program's id in the practice's Microsoft 365, which its administrator has registered."""

    tenant: str = field(default="", metadata=spelt(str.strip) | entered(_tenant))
    """The practice's id or domain in Microsoft 365; empty: any organisation's."""

    sender: str = ""
    sender_name: str = ""
    senders: dict[str, MailSender] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DownloadSection:
    """Where downloads go."""

    folder: str = ""
    """Empty: ``downloads`` in the user's data folder. A UNC path serves all workstations."""

    practice_program: str = ""
    """The practice software's program file on this workstation: its version is compared with what a download needs."""


@dataclass(frozen=True, kw_only=True)
class UiSection:
    """The dialogs."""

    language: Literal["de", "en", "fr", "it"] = "de"
    theme: Literal["system", "light", "dark"] = "system"
    """Light or dark windows; by itself as the system has it."""

    practice_process: str = "vitomed.exe"
    """The program whose start is an occasion for notices."""

    popup: bool = True
    """Whether notices also come as a small window of our own, with links."""

    toasts: bool = True
    """Whether notices also come as toasts of the system."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A configuration, immutable once read: of this machine alone, or with what the practice has configured (``in_force``)."""

    machine: MachineSection = MachineSection()
    practice: PracticeSection = PracticeSection()
    store: StoreSection = StoreSection()
    portal: PortalSection = PortalSection()
    gateway: GatewaySection = GatewaySection()
    mail: MailSection = MailSection()
    download: DownloadSection = DownloadSection()
    ui: UiSection = UiSection()

    @cached_property
    def in_file(self) -> Mapping[str, Any]:
        """Returns the tables as the file has them, without the environment; of one that was read from no file what is no default."""
        return _beside_defaults(self)

    @property
    def zone(self) -> ZoneInfo:
        """Returns the practice's time zone."""
        return ZoneInfo(self.practice.timezone)

    @cached_property
    def data_folder(self) -> Path:
        """Returns where this machine keeps its own files."""
        return Path(self.machine.data_folder) if self.machine.data_folder else data_folder()

    @property
    def store_url(self) -> str:
        """Returns the URL of the agent's own database."""
        return self.store.url or "sqlite:///" + (self.data_folder / "vitoclient.db").as_posix()

    @property
    def practice_url(self) -> str:
        """Returns the URL of the practice's database."""
        return self.practice.url or self.store_url

    @property
    def download_folder(self) -> Path:
        """Returns the folder of finished downloads."""
        return Path(self.download.folder) if self.download.folder else self.data_folder / "downloads"


OF_THE_PRACTICE: Mapping[str, frozenset[str]] = {
    "practice": keys_of(PracticeSection) - {"url", "schema"},
    "gateway": keys_of(GatewaySection) - {"folder"},
    "mail": keys_of(MailSection) - {"certificate"},
    "ui": frozenset({"practice_process"}),
}
"""The sections and keys that are the practice's: they stand in the store, once for all workstations.

All else is the machine's: a path means something on one computer only, and whom a computer trusts is its own affair.
"""


class Origin(StrEnum):
    """Where a value that is in force comes from."""

    ENVIRONMENT = "environment"
    PRACTICE = "practice"
    COMPUTER = "computer"
    DEFAULT = "default"


def is_practices(place: Place) -> bool:
    """Returns whether a value is the practice's; its place in the case in which the file writes it."""
    return len(place) > 1 and place[1] in OF_THE_PRACTICE.get(place[0], ())


def practices_part(tables: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns what is the practice's of a configuration's tables; sections that say nothing of it are left out."""
    parts = {
        section: {key: value for key, value in tables[section].items() if key in keys}
        for section, keys in OF_THE_PRACTICE.items()
        if section in tables
    }
    return {section: part for section, part in parts.items() if part}


def to_take_over(own: Machine) -> dict[str, dict[str, Any]]:
    """Returns what a machine's file says of the practice's; with its environment where the file alone can't be read."""
    said = practices_part(own.in_file)
    try:
        read_section(Machine, said)
    except MisfitError:
        return practices_part(_beside_defaults(own))
    return said


def in_force(own: Machine, rows: Mapping[str, Table]) -> Machine:
    """Returns the configuration that holds here: the environment before what the practice has configured, that before the defaults.

    Args:
        own: this machine's; what it says of the practice's does not count.
        rows: what the practice has configured, by section; keys that this version does not know are left alone.

    Raises:
        ConfigurationError: a value does not fit.
    """
    try:
        read = read_section(Machine, known_part(Machine, laid_over(Machine, practices_part(rows), _practices_variables())))
    except MisfitError as error:
        raise ConfigurationError(
            _("Konfiguration der Praxis nicht lesbar"),
            _("Was für die Praxis eingestellt ist, kann nicht verwendet werden: {why}.").format(why=error),
            _("Mit «vitoclient config set» berichtigen."),
            item=".".join(error.place),
        ) from error
    sections: dict[str, Any] = {}
    for section, keys in OF_THE_PRACTICE.items():
        values = {key: getattr(getattr(read, section), key) for key in keys}
        sections[section] = replace(getattr(own, section), **values)
    return replace(own, **sections)


def origin_of(place: Place, own: Machine, rows: Mapping[str, Table]) -> Origin:
    """Returns where the value at a place comes from.

    Args:
        place: of a single value: ``("gateway", "accounts", "M1", "user")``.
        own: this machine's configuration.
        rows: what the practice has configured, by section.
    """
    variables = {at: os.environ[name] for at, name in _variables().items()}
    if _has(laid_over(Machine, {}, variables), place):
        return Origin.ENVIRONMENT
    if is_practices(place):
        return Origin.PRACTICE if _has(rows, place) else Origin.DEFAULT
    return Origin.COMPUTER if _has(own.in_file, place) else Origin.DEFAULT


def value_at(table: object, place: Place) -> object:
    """Returns the value at a place of tables; None where there is none."""
    for part in place:
        table = table.get(part) if isinstance(table, Mapping) else None
    return table


def _beside_defaults(machine: Machine) -> dict[str, dict[str, Any]]:
    own, defaults = plain_table(machine), plain_table(Machine())
    return {section: {key: value for key, value in own[section].items() if value != defaults[section].get(key)} for section in own}


def _has(table: object, place: Place) -> bool:
    """Returns whether there is a value at a place, its keys in any case: Windows writes the names of variables in capitals."""
    for part in place:
        if not isinstance(table, Mapping):
            return False
        folded = {str(key).lower(): value for key, value in table.items()}
        if part.lower() not in folded:
            return False
        table = folded[part.lower()]
    return True


def load_machine(file: Path | None = None, called: Path | None = None) -> Machine:
    """Reads this machine's configuration: the environment before the file, the file before the defaults.

    Args:
        file: the TOML file; ``config_file()`` by default. One that is not there counts as empty, unless it was named.
        called: the file whose name errors tell, where this one only stands in for it.

    Raises:
        ConfigurationError: the file can't be read, or holds a wrong or unknown key; the first fault is named.
    """
    path = file or config_file()
    name = str(called or path)
    if not path.exists() and (file is not None or CONFIG_FILE_VARIABLE in os.environ):
        raise _unreadable(name, _("Die Datei gibt es nicht."))

    try:
        table = parsed(path.read_bytes()) if path.exists() else {}
    except OSError as error:
        raise _unreadable(name, f"{why_of(error)}.") from error
    except TomlFaultError as fault:
        raise _unreadable(name, f"{fault}.") from fault

    variables = _variables()
    try:
        machine = read_section(Machine, laid_over(Machine, table, {place: os.environ[name] for place, name in variables.items()}))
    except MisfitError as error:
        raise _unreadable(_source(error.place, variables) or name, f"{error}.") from error
    vars(machine)["in_file"] = table  # before it is asked for: of what the environment says nobody else can be told
    return machine


def _variables() -> dict[Place, str]:
    """Returns the environment variables that hold values of the configuration, by the place of their value.

    A name without ``__`` means a whole section, or something else that begins like our variables.
    """
    sections = set(Machine.__dataclass_fields__)
    found: dict[Place, str] = {}
    for name in os.environ:
        if name.upper().startswith(_PREFIX) and not name.upper().startswith(_SECRET_PREFIX):
            place = tuple(name[len(_PREFIX) :].split("__"))
            if len(place) > 1 or place[0].lower() in sections:
                found[place] = name
    return found


def _practices_variables() -> dict[Place, str]:
    found = {}
    for place, name in _variables().items():
        section = place[0].lower()
        if section in OF_THE_PRACTICE and (len(place) == 1 or is_practices((section, place[1].lower()))):
            found[place] = os.environ[name]
    return found


def _source(place: Place, variables: Mapping[Place, str]) -> str | None:
    """Returns the environment variable that gave the value at a place, a table around it, or something in it; None where the file did."""
    fault = _folded(place)
    names = {_folded(known): name for known, name in variables.items()}
    around = [part for part in names if part == fault[: len(part)]]
    within = [part for part in names if fault == part[: len(fault)]]
    return names[max(around or within, key=len)] if around or within else None


def _folded(place: Place) -> Place:
    return tuple(part.lower() for part in place)


def _unreadable(source: str, why: str) -> ConfigurationError:
    return ConfigurationError(
        _("Konfiguration nicht lesbar"),
        _("{file} kann nicht verwendet werden: {why}").format(file=source, why=why),
        _("Datei oder Umgebungsvariable VITOCLIENT_… berichtigen."),
        item=source,
    )


def without_password(url: str) -> str:
    """Returns a database URL that may be shown: without what stands after "?", where a driver's settings hold a password, too."""
    head, at, tail = url.partition("?")[0].rpartition("@")
    if not at:
        return tail
    scheme, _sep, login = head.partition("://")
    return f"{scheme}://{login.split(':')[0]}@{tail}"
