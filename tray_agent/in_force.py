"""The configuration in force on this computer: read from the store, saved there, and the parts made of it (decision record 0020)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from tray_agent.config.hosts import ConfirmedHosts, GuardedSecrets, host_of, secrets_of
from tray_agent.config.machine import Machine, in_force, is_practices, to_take_over
from tray_agent.errors import ConfigurationError, KnownError

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tray_agent.config.secrets import Secrets
    from tray_agent.config.write import Changes
    from tray_agent.store.configuration import Rows
    from tray_agent.store.database import Database

Part = TypeVar("Part")

_log = logging.getLogger(__name__)


class ConfigurationChange(Protocol):
    """What hears of a change."""

    def __call__(self, *, made_anew: bool) -> None:
        """Hears that something changed; ``made_anew``: parts are made anew from now on, else it only can't be used, or can again."""
        ...


class ConfigurationInForce:
    """What holds on this computer: environment before what the practice has configured, that before the defaults; and what is its own.

    Threads may ask at once.

    Args:
        own: this computer's configuration; what it says of the practice's holds until the practice has configured something, and is taken
            over then.
        secrets: where passwords are.
        workstation: this computer's name.
        person: gives who acts here, for the record.
        store: gives the agent's own database.
        changed: hears that something else holds.
        on_trial: whether all of ``own`` holds as it is, and its servers get their passwords: a person at this computer tries it out.

    Attributes:
        machine: what holds, as it was read last; before it was ever read what is this computer's own.
        secrets: the passwords, given out only for the servers for which they are meant.
        parts: what was made of it (``made_for_configuration``).
        taken_over: what was said of the practice's configuration where this agent took it over from its own; else "".
        misfit: why what the practice has configured can't be used here, as it was read last; None: it can.
    """

    def __init__(
        self, own: Machine, secrets: Secrets, workstation: str, person: Callable[[], str], store: Callable[[], Database],
        changed: ConfigurationChange, *, on_trial: bool = False,
    ) -> None:  # fmt: skip
        self.machine = own
        self._own = own
        self._workstation, self._person, self._store, self._changed = workstation, person, store, changed
        self._is_read = self._on_trial = on_trial
        hosts = ConfirmedHosts(own.data_folder / "confirmed-hosts.json", own)
        self._guarded = GuardedSecrets(secrets, hosts, lambda: self.machine)
        self.secrets: Secrets = secrets if on_trial else self._guarded
        self.parts: dict[object, Any] = {}
        self.taken_over = ""
        self.misfit: ConfigurationError | None = None
        self._rows: Rows | None = None
        self._refused: frozenset[str] = frozenset()
        self._reading = threading.RLock()

    def rows(self) -> Rows:
        """Returns what the practice has configured, as it stands in the store.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError, ConfigurationError: it can't be read.
        """
        from tray_agent.store.configuration import ConfigurationStore

        return ConfigurationStore(self._store()).load()

    def look(self, database: Database | None = None) -> None:
        """Reads it anew; where it changed, here or elsewhere, parts that are asked for from now on keep to it.

        What this computer says of the practice's is taken over where the practice has configured nothing yet.

        Args:
            database: the agent's own, where it is being opened just now.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError: the store can't be used.
            ConfigurationError: what the practice has configured does not fit; what held before still does.
        """
        if self._on_trial:
            return
        before = self.misfit
        try:
            self._read(database or self._store())
            self.misfit = None
        except ConfigurationError as error:
            self.misfit = error
            raise
        finally:
            if str(before) != str(self.misfit):
                if self.misfit:
                    _log.warning("the practice's configuration can't be used: %s", self.misfit.item)
                self._changed(made_anew=False)

    def known(self) -> Machine:
        """Returns what holds for a part that is made of it; without the store this computer's own.

        Raises:
            ConfigurationError: what the practice has configured does not fit.
        """
        if not self._is_read:
            try:
                self.look()
            except ConfigurationError:
                raise
            except KnownError:  # away: whatever needs the store says so itself
                pass
        return self.machine

    def save(self, changes: Changes) -> None:
        """Writes what the practice configures, for all workstations. Whoever does it means the passwords here for the servers it names.

        Args:
            changes: new values by place, all of them the practice's; None takes a key, or a whole table, out.

        Raises:
            SchemaOutdatedError, DatabaseUnavailableError, OutcomeUnknownError: as ``ConfigurationStore.save``.
            InputError: there is no such key, or a value does not fit; nothing was saved.
        """
        from tray_agent.config.reading import MisfitError, read_value
        from tray_agent.errors import InputError
        from tray_agent.i18n import _
        from tray_agent.store.configuration import ConfigurationStore

        def refused(sentence: str, item: str | None) -> InputError:
            return InputError(_("Nicht gespeichert"), sentence, _("«vitoclient config show» zeigt alle Angaben."), item=item)

        assert all(map(is_practices, changes))  # noqa: S101 - whoever calls has told them apart
        try:
            changes = {place: None if value is None else read_value(Machine, place, value) for place, value in changes.items()}
        except MisfitError as error:
            raise refused(f"{error}.", ".".join(error.place)) from error
        with suppress(ConfigurationError):  # what stands there now may be what is put right
            self.look()
        before, after = self.machine, self.machine

        def check(rows: Rows) -> None:
            nonlocal after
            try:
                after = in_force(self._own, rows)
            except ConfigurationError as error:  # as a whole it can't be read: an account without its user
                raise refused(error.message, error.item) from error

        ConfigurationStore(self._store()).save(changes, self._person(), check)
        hosts = {name: host_of(after, name) for name in secrets_of(after)}
        self.confirm({name: host for name, host in hosts.items() if host != host_of(before, name) and self._is_meant(name, changes)})
        self.look()

    def confirm(self, hosts: Mapping[str, str]) -> None:
        """Notes for which servers passwords are meant, by the name of the password as ``host_of`` writes the server."""
        self._guarded.hosts.note(hosts)

    def unconfirmed(self) -> Mapping[str, tuple[str, str]]:
        """Returns, by the name of a password that is here but not for the server of the configuration, the former server and that one.

        Asks the keyring.
        """
        if self._on_trial:
            return {}
        machine = self.machine
        secrets = self._guarded.of(machine)
        return {name: (former, host_of(machine, name)) for name in secrets_of(machine) if (former := secrets.unconfirmed(name))}

    def secrets_for(self, machine: Machine) -> Secrets:
        """Returns the passwords for a part that keeps to one configuration, though another may be in force meanwhile."""
        return self.secrets if self._on_trial else self._guarded.of(machine)

    def make_anew(self) -> None:
        """Has the parts made anew that are asked for from now on."""
        with self._reading:
            self.parts = {}

    def _read(self, database: Database) -> None:
        from tray_agent.store.configuration import ConfigurationStore

        with self._reading:
            store = ConfigurationStore(database)
            rows = store.load()
            if not rows and (said := to_take_over(self._own)):
                self._take_over(database, said)
                rows = store.load()  # perhaps of another workstation, which was faster
            # Without a row, a machine that has nothing to say keeps to its environment and the defaults.
            found = in_force(self._own, rows) if self._rows != rows else self.machine
            refused = self._guarded.of(found).refused()
            if self._is_read and (found, refused) == (self.machine, self._refused):
                return
            self.machine, self._rows, self._refused = found, rows, refused
            self._is_read, self.parts = True, {}
        self._changed(made_anew=True)

    def _take_over(self, database: Database, said: Rows) -> None:
        from tray_agent.i18n import _
        from tray_agent.job_kinds import Service
        from tray_agent.protocol.activity_log import ActivityLog
        from tray_agent.protocol.model import Activity, Level
        from tray_agent.store.configuration import ConfigurationStore

        text = _(
            "Die Konfiguration der Praxis wurde von {workstation} übernommen und gilt jetzt für alle Arbeitsplätze: {sections}. "
            "Was in deren Dateien dazu steht, gilt nicht mehr."
        )
        sentence = text.format(workstation=self._workstation, sections=", ".join(f"[{section}]" for section in said))
        log = ActivityLog(database, self._workstation)

        def tell(connection: Connection) -> None:
            log.write([Activity(Service.AGENT, Level.INFO, "configuration", sentence)], connection=connection)

        if ConfigurationStore(database).take_over(said, self._person(), tell):
            self.taken_over = sentence

    def _is_meant(self, secret: str, changes: Changes) -> bool:
        """Returns whether who makes these changes knows the server that gets a password: it was confirmed before, or is named now."""
        return secret not in self._refused or (("gateway", "address") if secret.startswith("gateway/") else ("mail", "host")) in changes


class HasConfiguration(Protocol):
    """Whose parts are made of the configuration in force."""

    @property
    def in_force(self) -> ConfigurationInForce:
        """The configuration."""
        ...


class made_for_configuration(Generic[Part]):  # noqa: N801 - used like ``cached_property``
    """A part that is made once for each configuration: where that changes the next who asks gets another one.

    Who holds the former part goes on with it, and it is closed with the agent.
    """

    def __init__(self, make: Callable[[Any], Part]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, holder: HasConfiguration, _kind: type | None = None) -> Part:
        """Returns the part of the configuration in force."""
        made = holder.in_force.parts  # of now: a part that is ready after a change must not stand for the new configuration
        if self not in made:
            made[self] = self._make(holder)
        part: Part = made[self]
        return part
