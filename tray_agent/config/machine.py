"""This machine's configuration: one TOML file, every value overridable by ``VITOCLIENT_SECTION__KEY``."""

from __future__ import annotations

import os
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from tray_agent.errors import ConfigurationError
from tray_agent.i18n import _

APPLICATION = "vitoclient-Services"
CONFIG_FILE_VARIABLE = "VITOCLIENT_CONFIG"


def data_folder() -> Path:
    """Returns this user's data folder (not roaming on Windows); it may not exist yet."""
    return Path(platformdirs.user_data_dir(APPLICATION, appauthor=False))


def config_file() -> Path:
    """Returns the configuration file: ``VITOCLIENT_CONFIG``, else the user's, else the machine's, else the user's to be made."""
    named = os.environ.get(CONFIG_FILE_VARIABLE)
    if named:
        return Path(named)
    own = Path(platformdirs.user_config_dir(APPLICATION, appauthor=False)) / "config.toml"
    shared = Path(platformdirs.site_config_dir(APPLICATION, appauthor=False)) / "config.toml"
    return shared if shared.exists() and not own.exists() else own


def is_unconfigured() -> bool:
    """Returns whether nobody has set this machine up yet: no file, and no value in the environment."""
    return not config_file().exists() and not any(name.startswith("VITOCLIENT_") and "__" in name for name in os.environ)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MachineSection(_Section):
    """This computer."""

    data_folder: str = ""
    """Where the agent keeps its own files; empty: the user's data folder."""


class PracticeSection(_Section):
    """Where and when the practice is."""

    url: str = ""
    """The practice's database (read-only login); empty: the same as the store."""

    view_schema: str | None = Field(default=None, alias="schema")
    """The schema of the five views, where they are not in the default one."""

    timezone: str = "Europe/Zurich"
    region: str = "CH"
    """The country of telephone numbers without a country code."""

    canton: str = "ZH"
    """Whose holidays count."""

    name: str = ""
    phone: str = ""
    link: str = ""
    """The practice's web address, for texts that name it."""

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(_("die Zeitzone {zone} ist unbekannt").format(zone=value)) from error
        return value


class StoreSection(_Section):
    """The agent's own database."""

    url: str = ""
    """Empty: the embedded SQLite file in the user's data folder."""

    table_schema: str | None = Field(default="vitoclient", alias="schema")
    """Of the agent's tables on a server; SQLite has none."""


class PortalSection(_Section):
    """The vendor's online portal."""

    address: str = ""
    root: str = ""
    """The trusted root (a file) that came with the installation."""


class GatewayAccount(_Section):
    """One Mandant's account at the gateway; the password is a secret (``gateway/MANDANT``)."""

    user: str
    originator: str = ""


class GatewaySection(_Section):
    """The SMS gateway."""

    kind: str = "aspsms"
    address: str = "https://json.aspsms.com/"
    originator: str = ""
    accounts: dict[str, GatewayAccount] = {}
    folder: str = ""
    """Of the file gateway (dry runs): where it writes what would have been sent."""


class MailSender(_Section):
    """How one Mandant's e-mails are signed."""

    address: str
    name: str = ""


class MailSection(_Section):
    """The mail server; the password is a secret (``mail``)."""

    host: str = ""
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    certificate: str = ""
    """A file of certificates (PEM) to trust instead of the system's: a mail server with a certificate of its own."""

    user: str = ""
    sender: str = ""
    sender_name: str = ""
    senders: dict[str, MailSender] = {}


class DownloadSection(_Section):
    """Where downloads go."""

    folder: str = ""
    """Empty: ``downloads`` in the user's data folder. A UNC path serves all workstations."""


class UiSection(_Section):
    """The dialogs."""

    language: Literal["de", "en", "fr", "it"] = "de"
    practice_process: str = "vitomed.exe"
    """The program whose start is an occasion for notices."""

    popup: bool = True
    """Whether notices also come as a small window of our own, with links."""

    toasts: bool = True
    """Whether notices also come as toasts of the system."""


class Machine(BaseSettings):
    """The configuration of this machine, immutable once read."""

    model_config = SettingsConfigDict(
        env_prefix="VITOCLIENT_", env_nested_delimiter="__", extra="forbid", frozen=True, populate_by_name=True
    )

    machine: MachineSection = MachineSection()
    practice: PracticeSection = PracticeSection()
    store: StoreSection = StoreSection()
    portal: PortalSection = PortalSection()
    gateway: GatewaySection = GatewaySection()
    mail: MailSection = MailSection()
    download: DownloadSection = DownloadSection()
    ui: UiSection = UiSection()

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


def load_machine(file: Path | None = None) -> Machine:
    """Reads the configuration: the environment before the file, the file before the defaults.

    Args:
        file: the TOML file; ``config_file()`` by default. One that is not there counts as empty, unless it was named.

    Raises:
        ConfigurationError: the file can't be read, or holds a wrong or unknown key; the first fault is named.
    """
    path = file or config_file()
    if not path.exists() and (file is not None or CONFIG_FILE_VARIABLE in os.environ):
        raise _unreadable(path, _("Die Datei gibt es nicht."))

    try:
        return _machine_from(path)()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _unreadable(path, f"{where}: {first['msg'].removeprefix('Value error, ')}.") from error
    except tomllib.TOMLDecodeError as error:
        raise _unreadable(path, f"{error}.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, f"{error}.") from error
    except ValueError as error:  # an environment variable that is no JSON where a table is asked for
        raise _unreadable(path, f"{error}.") from error


def _machine_from(path: Path) -> type[Machine]:
    class FromFile(Machine):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls, path))

    return FromFile


def _unreadable(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        _("Konfiguration nicht lesbar"),
        _("{file} kann nicht verwendet werden: {why}").format(file=path, why=why),
        _("Datei oder Umgebungsvariable VITOCLIENT_… berichtigen."),
        item=str(path),
    )


def without_password(url: str) -> str:
    """Returns a database URL that may be shown."""
    head, at, tail = url.rpartition("@")
    if not at:
        return url
    scheme, _sep, login = head.partition("://")
    return f"{scheme}://{login.split(':')[0]}@{tail}"
