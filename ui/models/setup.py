"""The window *Einrichten*: the connections of this machine as a person edits and tries them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tray_agent.config.machine import Machine, in_force, is_practices, practices_part, value_at
from tray_agent.config.reading import places_of, plain_table
from tray_agent.config.secrets import Secrets
from tray_agent.config.write import Changes, changed_table, preview_machine, save_machine
from tray_agent.doctor import CheckResult, Subject, examine
from tray_agent.errors import KnownError
from tray_agent.i18n import N_, _
from ui.models.words import LANGUAGE_NAMES

if TYPE_CHECKING:
    from tray_agent.agent import Agent

Place = tuple[str, ...]


class Kind(StrEnum):
    """How a field is edited."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    SECRET = "secret"  # noqa: S105 - the name of a kind of field
    """A password: never shown, kept in the keyring."""

    DATABASE = "database"
    """A database's address, with help to put one for SQL Server together."""

    FILE = "file"
    FOLDER = "folder"
    YES_NO = "yes_no"
    AUTOSTART = "autostart"
    """Whether the program starts at login: an entry of the system, not of the configuration."""


@dataclass(frozen=True, slots=True)
class SetupField:
    """One field of the window.

    Attributes:
        place: of the value in the configuration; of a secret its name, as one word.
        label, explanation: source texts.
        choices: value and label (source text) of each choice.
        group: whose it is, where there is one for each: translated, or "".
        files: which files can be chosen, as a file dialog writes it (source text).
        wide: whether it takes the room of two fields.
    """

    place: Place
    label: str
    kind: Kind = Kind.TEXT
    explanation: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    files: str = N_("Alle Dateien (*)")
    group: str = ""
    wide: bool = False


class SetupStep(Enum):
    """What a page can do besides *Prüfen*; the value is its label, a source text."""

    MAKE_TABLES = N_("&Tabellen anlegen …")
    WRITE_VIEWS = N_("S&QL der Sichten …")


@dataclass(frozen=True, slots=True)
class SetupPage:
    """One page: fields, and what *Prüfen* examines.

    Attributes:
        title, explanation: source texts.
        picture: its line picture.
        step: what it can do besides, or None.
    """

    title: str
    picture: str
    explanation: str
    subjects: tuple[Subject, ...]
    fields: tuple[SetupField, ...]
    step: SetupStep | None = None


_THEMES = (("system", N_("wie das System")), ("light", N_("hell")), ("dark", N_("dunkel")))
THEME: Place = ("ui", "theme")
"""Where the choice of light or dark stands: it is in force as soon as it is saved."""

_SECURITY = (("starttls", N_("STARTTLS")), ("tls", N_("TLS")), ("none", N_("unverschlüsselt (nur im eigenen Netz)")))

_SIGN_IN = (("password", N_("mit Passwort")), ("microsoft", N_("bei Microsoft 365")))

PAGES = (
    SetupPage(
        N_("Datenbank"),
        "database",
        N_("Wo der Agent seine Aufträge, Mitteilungen und Protokolle führt. Leer heisst: eine eigene Datei auf diesem Arbeitsplatz. "
           "Arbeiten mehrere Arbeitsplätze zusammen, müssen alle dieselbe SQL-Server-Datenbank verwenden."),
        (Subject.STORE, Subject.CLOCK, Subject.PLAN, Subject.WORKSTATIONS),
        (
            SetupField(("store", "url"), N_("&Adresse"), Kind.DATABASE),
            SetupField(("store", "schema"), N_("&Schema"), explanation=N_("Das eigene Schema des Agenten auf dem SQL-Server.")),
            SetupField(("store",), N_("Pass&wort"), Kind.SECRET),
        ),
        SetupStep.MAKE_TABLES,
    ),
    SetupPage(
        N_("Praxisdaten"),
        "users",
        N_("Die Daten der Praxissoftware; der Agent liest sie nur. Leer heisst: dieselbe Datenbank."),
        (Subject.PRACTICE,),
        (
            SetupField(("practice", "url"), N_("&Adresse"), Kind.DATABASE),
            SetupField(("practice", "schema"), N_("&Schema der Sichten")),
            SetupField(("practice",), N_("Pass&wort"), Kind.SECRET),
            SetupField(("practice", "name"), N_("&Name der Praxis"), explanation=N_("Für {Praxis} in den Textvorlagen.")),
            SetupField(("practice", "phone"), N_("&Telefon"), explanation=N_("Für {Telefon} in den Textvorlagen.")),
            SetupField(("practice", "link"), N_("We&badresse"), explanation=N_("Für {Link} in den Textvorlagen.")),
            SetupField(("practice", "canton"), N_("&Kanton"), explanation=N_("Dessen Feiertage gelten, zum Beispiel ZH.")),
        ),
        SetupStep.WRITE_VIEWS,
    ),
    SetupPage(
        N_("Online-Portal"),
        "world",
        N_("Woher der Download-Service Elemente holt. Das Wurzelzertifikat kam mit der Installation."),
        (Subject.PORTAL, Subject.DOWNLOADS),
        (
            SetupField(("portal", "address"), N_("&Adresse"), wide=True),
            SetupField(("portal", "root"), N_("&Wurzelzertifikat"), Kind.FILE, files=N_("Wurzelzertifikat (*.json);;Alle Dateien (*)")),
            SetupField(("portal", "publishers"), N_("&Herausgeber"),
                  explanation=N_("Nur von ihnen unterschriebene Installationsprogramme werden gestartet; mehrere mit «;» trennen. "
                                 "Leer heisst: was das Online-Portal vorschreibt."), wide=True),
            SetupField(("download", "folder"), N_("&Download-Ordner"), Kind.FOLDER,
                  N_("Ein gemeinsamer Ordner auf dem Server dient allen Arbeitsplätzen.")),
        ),
    ),
    SetupPage(
        N_("SMS"),
        "message",
        N_("Das Konto jedes Mandanten beim SMS-Anbieter. Ohne Konto werden für diesen Mandanten keine SMS gesendet."),
        (Subject.GATEWAY,),
        (
            SetupField(("gateway", "address"), N_("&Adresse des Anbieters")),
            SetupField(("gateway", "originator"), N_("A&bsender"),
                  explanation=N_("Höchstens 11 Buchstaben und Ziffern, oder eine bestätigte Nummer.")),
        ),
    ),
    SetupPage(
        N_("E-Mail"),
        "mail",
        N_("Über welchen Mailserver E-Mails gesendet werden."),
        (Subject.MAIL,),
        (
            SetupField(("mail", "host"), N_("Mail&server")),
            SetupField(("mail", "port"), N_("An&schluss"), Kind.NUMBER),
            SetupField(("mail", "security"), N_("&Verschlüsselung"), Kind.CHOICE, choices=_SECURITY),
            SetupField(("mail", "user"), N_("&Benutzer")),
            SetupField(("mail",), N_("Pass&wort"), Kind.SECRET),
            SetupField(("mail", "sign_in"), N_("An&meldung"), Kind.CHOICE, choices=_SIGN_IN),
            SetupField(("mail", "client_id"), N_("&Client-ID"),
                  explanation=N_("Nur für Microsoft 365; beide gibt dessen Administrator an.")),
            SetupField(("mail", "tenant"), N_("&ID der Praxis"),
                  explanation=N_("Danach an jedem Arbeitsplatz, der sendet: «vitoclient config mail-sign-in».")),
            SetupField(("mail", "certificate"), N_("&Zertifikat"), Kind.FILE, N_("Nur für einen Mailserver mit eigenem Zertifikat."),
                  files=N_("Zertifikat (*.pem *.crt *.cer);;Alle Dateien (*)")),
            SetupField(("mail", "sender"), N_("&Absenderadresse")),
            SetupField(("mail", "sender_name"), N_("Absender&name")),
        ),
    ),
    SetupPage(
        N_("Praxissoftware"),
        "device-desktop",
        N_("Woran der Agent die Praxissoftware auf diesem Arbeitsplatz erkennt."),
        (Subject.SOFTWARE,),
        (
            SetupField(("ui", "practice_process"), N_("Programm&name"),
                  explanation=N_("Beim Start dieses Programms erscheinen Hinweise, zum Beispiel vitomed.exe."), wide=True),
            SetupField(("download", "practice_program"), N_("Programm&datei"), Kind.FILE,
                  N_("Ihre Version wird mit der verglichen, die ein Download voraussetzt."),
                  files=N_("Programme (*.exe);;Alle Dateien (*)")),
        ),
    ),
    SetupPage(
        N_("Anzeige"),
        "eye",
        N_("Wie das Programm auf diesem Arbeitsplatz erscheint."),
        (Subject.CONFIGURATION,),
        (
            SetupField(("ui", "language"), N_("&Sprache"), Kind.CHOICE, N_("Gilt nach dem nächsten Start."), tuple(LANGUAGE_NAMES.items())),
            SetupField(THEME, N_("A&ussehen"), Kind.CHOICE, N_("Gilt, sobald es gespeichert ist."), _THEMES),
            SetupField(("autostart",), N_("Beim Anmelden s&tarten"), Kind.AUTOSTART,
                  N_("Gilt für Sie, wenn Sie sich an diesem Gerät anmelden.")),
            SetupField(("ui", "popup"), N_("Hinweis&fenster"), Kind.YES_NO,
                  N_("Hinweise bei Anmeldung, Start der Praxissoftware und Benutzerwechsel als kleines Fenster mit Links.")),
            SetupField(("ui", "toasts"), N_("&Benachrichtigungen"), Kind.YES_NO,
                  N_("Dieselben Hinweise als Benachrichtigung des Systems.")),
        ),
    ),
)  # fmt: skip
"""The pages, in the order of a first set-up."""

GATEWAY_PAGE = 3


def account_fields(mandant: str, name: str) -> tuple[SetupField, ...]:
    """Returns the fields of one Mandant's account at the gateway."""
    return (
        SetupField(("gateway", "accounts", mandant, "user"), N_("Benutzer"), group=name),
        SetupField((f"gateway/{mandant}",), N_("Passwort"), Kind.SECRET, group=name),
        SetupField(("gateway", "accounts", mandant, "originator"), N_("Absender"), group=name),
    )


@dataclass(frozen=True, slots=True)
class AutostartStatus:
    """What starts the program at login.

    Attributes:
        own: the person's own entry does.
        for_all: an entry for all persons of this machine does, which only its administrator changes.
    """

    own: bool = False
    for_all: bool = False


@dataclass
class SetupModel:
    """What a person edited; nothing is written before ``changes``, ``secrets`` and ``autostart_change`` are saved.

    Attributes:
        machine: the configuration as it is.
        mandants: names by id, for the accounts.
        kept: the names of the passwords that are stored already.
        unconfirmed: by the name of a password that is stored, but not for the server that is configured now, the former server.
        autostart: what starts the program at login as it is; None until it is read.
    """

    machine: Machine
    mandants: Mapping[str, str] = field(default_factory=dict)
    kept: frozenset[str] = frozenset()
    unconfirmed: Mapping[str, str] = field(default_factory=dict)
    autostart: AutostartStatus | None = None
    autostart_change: bool | None = None
    """What the person's own entry shall be from now on, or None where it stays."""

    _edited: dict[Place, Any] = field(default_factory=dict)
    _secrets: dict[str, str] = field(default_factory=dict)

    def pages(self) -> Iterator[tuple[SetupPage, tuple[SetupField, ...]]]:
        """Yields the pages with their fields; *SMS* has those of every Mandant."""
        for number, page in enumerate(PAGES):
            extra = self._accounts() if number == GATEWAY_PAGE else ()
            yield page, (*page.fields, *extra)

    def _accounts(self) -> tuple[SetupField, ...]:
        known = {**{key: key for key in self.machine.gateway.accounts}, **self.mandants}
        return tuple(found for key, name in sorted(known.items()) for found in account_fields(key, name))

    def value(self, place: Place) -> str:
        """Returns a value as edited, as text."""
        if place in self._edited:
            return str(self._edited[place] or "")
        return _stored(self.machine, place)

    def edit(self, place: Place, text: str) -> None:
        """Takes what a person entered; an emptied field takes the key out, so that its default holds."""
        value = text.strip()
        if value == _stored(self.machine, place):
            self._edited.pop(place, None)
        else:
            self._edited[place] = (int(value) if place == ("mail", "port") and value.isdigit() else value) or None

    def is_on(self, place: Place) -> bool:
        """Returns a yes/no value as edited."""
        return bool(self._edited[place]) if place in self._edited else _stored(self.machine, place) == str(True)

    def edit_flag(self, place: Place, on: bool) -> None:
        """Takes a yes/no value that a person chose."""
        if (_stored(self.machine, place) == str(True)) == on:
            self._edited.pop(place, None)
        else:
            self._edited[place] = on

    def edit_autostart(self, on: bool) -> None:
        """Takes whether the program shall start when this person logs in."""
        self.autostart_change = None if self.autostart is not None and self.autostart.own == on else on

    @property
    def starts_at_login(self) -> bool:
        """Returns whether the program starts at login, as edited."""
        status = self.autostart or AutostartStatus()
        return status.for_all or (status.own if self.autostart_change is None else self.autostart_change)

    @property
    def autostart_refusal(self) -> str:
        """Returns why the person can't change that here, or ""."""
        if self.autostart is None:
            return _("Wird gelesen …")
        # An own entry beside that of all would start the program twice at each login, and the second start shows a window.
        if self.autostart.for_all and not self.autostart.own:
            return _("Startet für alle Personen dieses Geräts: das Installationsprogramm hat es so eingerichtet.")
        return ""

    def edit_secret(self, name: str, text: str) -> None:
        """Takes a new password; an emptied field leaves the stored one."""
        if text:
            self._secrets[name] = text
        else:
            self._secrets.pop(name, None)

    def secret_hint(self, name: str) -> str:
        """Returns what an empty password field says: whether there is one already."""
        if name in self.unconfirmed:
            return _("gespeichert für {host}; für den neuen Server noch einmal eingeben").format(host=self.unconfirmed[name])
        return _("gespeichert; leer lassen ändert nichts") if name in self.kept else _("keines gespeichert")

    @property
    def changes(self) -> Changes:
        """Returns what is to be written into the configuration; an account without a user is taken out whole."""
        changes = dict(self._edited)
        for place in [place for place in changes if len(place) == 4 and place[:2] == ("gateway", "accounts")]:
            account = place[:3]
            if not self.value((*account, "user")):
                changes.pop(place)
                changes[account] = None
        return changes

    @property
    def secrets(self) -> Mapping[str, str]:
        """Returns the new passwords by name."""
        return dict(self._secrets)

    @property
    def number_of_changes(self) -> int:
        """Returns how many values were changed."""
        return len(self._edited) + len(self._secrets) + (self.autostart_change is not None)

    @property
    def has_changes(self) -> bool:
        """Returns whether closing would lose something."""
        return self.number_of_changes > 0

    @property
    def needs_restart(self) -> bool:
        """Returns whether what was changed is in force only after a restart: what is this machine's own, and the databases' passwords."""
        own = self._edited.keys() - {THEME}
        return not all(map(is_practices, own)) or not self._secrets.keys().isdisjoint(("store", "practice"))

    @property
    def changes_account(self) -> bool:
        """Returns whether a password or an account was changed: what was refused before may be taken then."""
        return bool(self._secrets) or any(place[0] in ("gateway", "mail") for place in self._edited)

    def saved(self, machine: Machine) -> None:
        """Takes the edited values as the stored ones."""
        self.machine = machine
        if self.autostart is not None and self.autostart_change is not None:
            self.autostart = replace(self.autostart, own=self.autostart_change)
        self.autostart_change = None
        self._edited.clear()
        self._secrets.clear()


def save(agent: Agent, file: Path, changes: Changes, secrets: Mapping[str, str]) -> Machine:
    """Writes what is this machine's own into its file, what is the practice's into the store, and keeps the passwords.

    Where another store was chosen that can't be used yet, what is the practice's goes into the file, too: it is taken over there with the
    first start, where the practice has configured nothing yet.

    Returns:
        The configuration as it holds then.

    Raises:
        ConfigurationError, InputError: a value does not fit, or the file or a password can't be written.
        KnownError: the store of this program can't be used; what is this machine's own was saved.
    """
    wanted = preview(agent, file, changes)  # what does not fit is refused before anything is written
    for name, value in secrets.items():
        agent.secrets.set(name, value)
    ours = {place: value for place, value in changes.items() if is_practices(place)}
    machine = save_machine(file, {place: value for place, value in changes.items() if place not in ours})
    if not _STORE.isdisjoint(changes):
        return _saved_elsewhere(agent, wanted, file, ours)
    if ours:
        agent.configure(ours)
    if secrets:
        agent.take_new_passwords()
    return _with_practices(machine, agent)


_STORE = {("store", "url"), ("store", "schema")}


def _saved_elsewhere(agent: Agent, wanted: Machine, file: Path, ours: Changes) -> Machine:
    """Writes what is the practice's into another store, into which what holds here moves where nothing is configured there."""
    from tray_agent.agent import Agent as Other

    if not ours and not _has_configured(agent):
        return wanted  # nothing is to move: the other store is opened, or made, with the next start
    with Other(wanted, secrets=agent.secrets, clock=agent.clock, workstation=agent.workstation) as other:
        try:
            other.look_at_configuration()
            other.configure(ours)
        except KnownError:
            said = practices_part(wanted.in_file)
            save_machine(file, {place: value_at(said, place) for place in places_of(said)})
        return other.configuration


def _has_configured(agent: Agent) -> bool:
    try:
        return bool(agent.in_force.rows())
    except KnownError:
        return False


def preview(agent: Agent, file: Path, changes: Changes) -> Machine:
    """Returns the configuration as it would hold with these changes; writes nothing.

    Raises:
        ConfigurationError: a value does not fit, or the file can't be read.
    """
    return _with_practices(
        preview_machine(file, {place: value for place, value in changes.items() if not is_practices(place)}), agent, changes
    )


def _with_practices(machine: Machine, agent: Agent, changes: Changes = {}) -> Machine:  # noqa: B006 - never changed
    """Returns a machine's own configuration with what is known here of the practice's, and with changes of it."""
    table = practices_part(plain_table(agent.configuration))
    return in_force(machine, changed_table(table, {place: value for place, value in changes.items() if is_practices(place)}))


class EditedSecrets:
    """The stored passwords with the edited ones before them; for a trial before saving."""

    def __init__(self, stored: Secrets, edited: Mapping[str, str]) -> None:
        self._stored = stored
        self._edited = edited

    def get(self, name: str) -> str | None:
        """Returns the edited password, else the stored one, else None."""
        return self._edited.get(name) or self._stored.get(name)

    def set(self, name: str, value: str) -> None:
        """Keeps a password where the stored ones are."""
        self._stored.set(name, value)


def try_out(agent: Agent, machine: Machine, edited: Mapping[str, str], subjects: tuple[Subject, ...]) -> tuple[CheckResult, ...]:
    """Examines an edited configuration without saving it. Takes seconds: never on the GUI thread."""
    with _trial(agent, machine, edited) as trial:
        return tuple(examine(trial, *subjects))


def make_tables(agent: Agent, machine: Machine, edited: Mapping[str, str]) -> tuple[CheckResult, ...]:
    """Makes the agent's tables in the edited database, or brings them to this version; returns how it stands then.

    Raises:
        DatabaseUnavailableError: no connection.
        KnownError: the login may not make tables.
    """
    from tray_agent.store.migrate import upgrade

    with _trial(agent, machine, edited) as trial:
        upgrade(trial.store_unchecked, copy_stamp=agent.clock.now().astimezone(machine.zone))
        return tuple(examine(trial, Subject.STORE))


def views_sql(agent: Agent, machine: Machine, edited: Mapping[str, str]) -> str:
    """Returns the SQL from which somebody makes the five views, for the edited database of the practice.

    Raises:
        KnownError: the address of that database can't be used.
    """
    from tray_agent.practice.views import Dialect, views_template

    with _trial(agent, machine, edited) as trial:
        dialect = Dialect(trial.practice_database.dialect)
    return views_template(dialect, machine.practice.view_schema or None)


def _trial(agent: Agent, machine: Machine, edited: Mapping[str, str]) -> Agent:
    from tray_agent.agent import Agent as Trial

    return Trial(machine, secrets=EditedSecrets(agent.secrets, edited), clock=agent.clock, workstation=agent.workstation, on_trial=True)


def _stored(machine: Machine, place: Place) -> str:
    found: Any = plain_table(machine)
    for part in place:
        found = found.get(part) if isinstance(found, dict) else None
    return "" if found is None or isinstance(found, dict) else str(found)
