"""The window *Einrichten*: the connections of this machine, each with *Prüfen*."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QStackedWidget,
    QWidget,
)

from tray_agent.config.machine import Machine, config_file
from tray_agent.doctor import CheckResult, CheckVerdict, Subject
from tray_agent.errors import InputError, KnownError
from tray_agent.i18n import _
from tray_agent.platforms.this_system import autostart
from tray_agent.tray.model import Restart
from ui.look.apply import Theme, current_look
from ui.look.icons import Status
from ui.look.scale import Type, u
from ui.models.setup import (
    THEME,
    AutostartStatus,
    Kind,
    SetupField,
    SetupModel,
    SetupPage,
    SetupStep,
    make_tables,
    preview,
    save,
    try_out,
    views_sql,
)
from ui.widgets.banner import BannerRow, Banners
from ui.widgets.card import Card
from ui.widgets.controls import allow, file_to_write, yes_no_box
from ui.widgets.dialog import Dialog
from ui.widgets.fields import Fields
from ui.widgets.focus_ring import FocusRing
from ui.widgets.icons import program_icon
from ui.widgets.layout import GRID, button, column, fill_choice, held, row, scrolling
from ui.widgets.message_box import answer_of
from ui.widgets.notes import Note, plain_label, soft_label
from ui.widgets.place_list import PlaceList

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from ui.windows import AgentState, DialogContext

_ICONS = {CheckVerdict.GOOD: Status.SUCCESS, CheckVerdict.NOTICE: Status.WARNING, CheckVerdict.FAULT: Status.ERROR}
Tried = TypeVar("Tried")

_WIDE = (Kind.DATABASE, Kind.FILE, Kind.FOLDER)
"""What needs the room of two fields: addresses and names of files."""

_ORDER = (CheckVerdict.GOOD, CheckVerdict.NOTICE, CheckVerdict.FAULT)


class SetupDialog(Dialog):
    """A page for each connection; *Prüfen* tries what stands in the fields, *Speichern* writes it."""

    SIZE = (960, 660)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Einrichten"))
        self.model = SetupModel(context.agent.configuration)
        self.steps = PlaceList(_("Verbindungen"), self)
        self.pages = QStackedWidget(self)
        self._results: list[Banners] = []
        left = held(column(self.heading, (self.steps, 1)))
        self.body.addLayout(row(left, (self.pages, 1), spacing=2 * GRID), 1)
        self.steps.currentRowChanged.connect(self.pages.setCurrentIndex)
        self._save = self.main_action(_("Sp&eichern"), self.save_and_close)
        self.close_action()
        self.side_action(_("Alles p&rüfen"), self.check_all)
        self._fill()
        self.run(lambda: _known(context.agent), self._show_known)

    # The pages

    def _fill(self) -> None:
        place = max(0, self.steps.currentRow())
        self.steps.clear()
        self._results.clear()
        while self.pages.count():
            old = self.pages.widget(0)
            if old is not None:
                self.pages.removeWidget(old)
                old.setParent(None)  # its fields must not be found any more
                old.deleteLater()
        for page, fields in self.model.pages():
            self.steps.add(_(page.title), page.picture)
            self.pages.addWidget(self._page(page, fields))
        self.steps.setCurrentRow(place)
        self.buttons_last()
        self._changed()

    def _fill_again(self) -> None:
        """Makes the pages anew; the keyboard and what was typed stay where they are."""
        before = self.focusWidget()
        name, cursor = (before.objectName(), before.cursorPosition()) if isinstance(before, QLineEdit) else ("", 0)
        self._fill()
        field = self.findChild(QLineEdit, name) if name else None
        if isinstance(field, QLineEdit):
            field.setFocus()
            field.setCursorPosition(cursor)

    def _page(self, page: SetupPage, fields: tuple[SetupField, ...]) -> QWidget:
        title = plain_label(_(page.title), bold=True, size=Type.CARD)
        cards = [self._card(group, tuple(of_one)) for group, of_one in groupby(fields, lambda field: field.group)]
        results = Banners()
        actions = self._actions(page, self.pages.count())
        self._results.append(results)
        words = column(title, soft_label(_(page.explanation), size=Type.TEXT, wrap=True), spacing=2)
        return scrolling(held(column(words, *cards, actions, results, None, spacing=12), (0, 0, 4, 0)))

    def _card(self, group: str, fields: tuple[SetupField, ...]) -> Card:
        card, shown = Card(group), Fields()
        for field in fields:
            refusal = self.model.autostart_refusal if field.kind is Kind.AUTOSTART else ""
            hint = refusal or (_(field.explanation) if field.explanation else "")
            shown.add(_(field.label), self._editor(field), hint, group=group, wide=field.wide or field.kind in _WIDE)
        card.body.addLayout(shown)
        return card

    def _actions(self, page: SetupPage, place: int) -> QHBoxLayout:
        check = button(_("&Prüfen"), lambda: self.check(place, page.subjects), self, picture="shield-check")
        check.setAccessibleName(_("{page} prüfen").format(page=_(page.title)))
        steps = {SetupStep.MAKE_TABLES: lambda: self.ask_tables(place), SetupStep.WRITE_VIEWS: self.ask_views_file}
        return row(check, *([button(_(page.step.value), steps[page.step], self)] if page.step else ()), None)

    def _editor(self, field: SetupField) -> QWidget:
        editor = self._maker(field)(field)
        (editor.focusProxy() or editor).setObjectName(".".join(field.place))
        return editor

    def _maker(self, field: SetupField) -> Callable[[SetupField], QWidget]:
        makers = {
            Kind.CHOICE: self._choice, Kind.YES_NO: self._yes_no, Kind.AUTOSTART: self._yes_no, Kind.SECRET: self._secret,
            Kind.FILE: self._with_button, Kind.FOLDER: self._with_button, Kind.DATABASE: self._with_button,
        }  # fmt: skip
        return makers.get(field.kind, self._line)

    def _line(self, field: SetupField) -> QLineEdit:
        line = QLineEdit(self.model.value(field.place))
        line.textChanged.connect(lambda text: self._edit(self.model.edit, field.place, text))
        return line

    def _secret(self, field: SetupField) -> QLineEdit:
        (name,) = field.place
        line = QLineEdit(self.model.secrets.get(name, ""))
        line.setEchoMode(QLineEdit.EchoMode.Password)
        line.setPlaceholderText(self.model.secret_hint(name))
        line.textEdited.connect(lambda text: self._edit(self.model.edit_secret, name, text))
        return line

    def _with_button(self, field: SetupField) -> QWidget:
        line = self._line(field)
        words = _("SQL-Server …") if field.kind is Kind.DATABASE else _("Wählen …")
        holder = held(row((line, 1), button(words, lambda: self._choose(line, field)), spacing=-1))
        holder.setFocusProxy(line)
        return holder

    def _choose(self, line: QLineEdit, field: SetupField) -> None:
        if field.kind is Kind.DATABASE:
            chosen = SqlServerDialog(self).ask()
        elif field.kind is Kind.FOLDER:
            chosen = QFileDialog.getExistingDirectory(self, _("Ordner wählen"), line.text())
        else:
            chosen = QFileDialog.getOpenFileName(self, _("Datei wählen"), line.text(), _(field.files))[0]
        if chosen:
            line.setText(chosen)

    def _choice(self, field: SetupField) -> QWidget:
        box, model = QComboBox(), self.model
        choices = ((_(label), value) for value, label in field.choices)
        return fill_choice(box, choices, lambda: self._edit(model.edit, field.place, str(box.currentData())), model.value(field.place))

    def _yes_no(self, field: SetupField) -> QWidget:
        model = self.model
        if field.kind is not Kind.AUTOSTART:
            return yes_no_box(model.is_on(field.place), lambda on: self._edit(model.edit_flag, field.place, on))
        box = yes_no_box(model.starts_at_login, lambda on: self._edit(model.edit_autostart, on))
        allow(box, possible=not model.autostart_refusal, reason=model.autostart_refusal)
        return box

    def _show_known(self, known: _Known) -> None:
        self.model.mandants, self.model.kept, self.model.autostart = known.mandants, known.passwords, known.autostart
        self.model.unconfirmed = known.unconfirmed
        self._fill_again()

    def _edit(self, edit: Callable[..., None], *values: object) -> None:
        edit(*values)
        self._changed()

    def _changed(self) -> None:
        allow(self._save, possible=self.model.has_changes, reason=_("Es ist nichts geändert."))
        self.tell_unsaved(self.model.number_of_changes)

    # Trying out

    def _try(self, attempt: Callable[[Agent, Machine, Mapping[str, str]], Tried], done: Callable[[Tried], object], busy: str) -> None:
        """Does something in the background with what stands in the fields, without saving it."""
        agent, changes, secrets = self.context.agent, self.model.changes, self.model.secrets
        self.run(lambda: attempt(agent, preview(agent, config_file(), changes), secrets), done, busy=busy)

    def check(self, place: int, subjects: tuple[Subject, ...]) -> None:
        """Tries what stands in the fields of a page, without saving it."""
        self._try(
            lambda agent, machine, secrets: try_out(agent, machine, secrets, subjects),
            lambda results: self._checked(place, results),
            _("Wird geprüft …"),
        )

    def ask_tables(self, place: int) -> None:
        """Makes the agent's tables in the database that stands in the fields, after a question."""
        consequence = _("Die Anmeldung muss Tabellen anlegen dürfen. Vorhandene Daten bleiben erhalten.")
        if self.ask(_("Die Tabellen des Agenten anlegen oder aktualisieren?"), consequence, _("&Anlegen")):
            self._try(make_tables, lambda results: self._checked(place, results), _("Tabellen werden angelegt …"))

    def ask_views_file(self) -> None:
        """Asks where to, and writes the SQL of the five views."""
        file = file_to_write(self, _("SQL der Sichten speichern"), "vitoclient-views.sql", _("SQL-Datei (*.sql)"))
        if file:
            self.write_views(file)

    def write_views(self, file: Path) -> None:
        """Writes the SQL from which somebody makes the five views."""

        def written(_nothing: None) -> None:
            sentence = _("{file} an die Praxissoftware anpassen und in deren Datenbank ausführen, danach «Prüfen».").format(file=file)
            self.banner.say(_("SQL gespeichert"), sentence, Status.SUCCESS)

        self._try(lambda *edited: _write(file, views_sql(*edited)), written, _("Wird gespeichert …"))

    def check_all(self) -> None:
        """Tries all pages, one after the other."""
        for place, (page, _fields) in enumerate(self.model.pages()):
            self.check(place, page.subjects)

    def _checked(self, place: int, findings: tuple[CheckResult, ...]) -> None:
        rows = [BannerRow(_ICONS[finding.verdict], finding.sentence, finding.advice) for finding in findings]
        self._results[place].show_rows(rows)
        worst = max((finding.verdict for finding in findings), key=_ORDER.index, default=CheckVerdict.GOOD)
        self.steps.mark(place, _ICONS[worst], " ".join(finding.sentence for finding in findings))

    # Saving

    def has_unsaved_changes(self) -> bool:
        """Returns whether a connection was changed."""
        return self.model.has_changes

    def save(self, then: Callable[[], None]) -> None:
        """Writes the configuration and keeps the passwords; databases are opened with them at the next start."""
        agent, changes, secrets, model = self.context.agent, self.model.changes, self.model.secrets, self.model
        starts, needs_restart, changes_account = model.autostart_change, model.needs_restart, model.changes_account

        def work() -> Machine:
            if starts is not None:
                entry = autostart()
                entry.enable() if starts else entry.disable()
            return save(agent, config_file(), changes, secrets) if changes or secrets else model.machine

        state, title = self.context.windows.state, self.windowTitle()

        def saved(machine: Machine) -> None:
            model.saved(machine)
            if THEME in changes and (look := current_look()) is not None:
                look.choose(Theme(machine.ui.theme))
            then()
            state.account_changed = state.account_changed or (changes_account and needs_restart)
            if needs_restart and ask_restart(state, title):
                state.chosen.emit(Restart())

        self.run(work, saved, busy=_("Wird gespeichert …"))


def ask_restart(state: AgentState, title: str) -> bool:
    """Tells that what was saved is not in force yet, and returns whether the program shall be started anew for it now."""
    box = QMessageBox(QMessageBox.Icon.Information, title, _("Die Angaben sind gespeichert."))
    box.setWindowIcon(program_icon())
    sentences, words = [_("Sie gelten nach dem nächsten Start des Programms.")], list[str]()
    if state.can_restart:
        words = [_("&Jetzt neu starten"), _("&Später")]
        if state.current is not None and state.current.running:
            sentences += (
                _("Im Moment läuft «{job}».").format(job=state.current.running),
                _("Ein geplanter Lauf geht nach dem Neustart weiter; einen von Hand begonnenen müssen Sie noch einmal starten."),
            )
    return answer_of(box, " ".join(sentences), words, default=0) == 0


class SqlServerDialog(QDialog):
    """Puts the address of a SQL Server database together; no password: that is a field of its own."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("SQL-Server"))
        self.host = QLineEdit()
        self.database = QLineEdit()
        self.user = QLineEdit()
        self.blindly = QCheckBox(_("Zertifikat des Servers &nicht prüfen"))
        self._note = Note()
        fields = Fields()
        fields.add(_("&Server"), self.host, _("Zum Beispiel SERVER oder SERVER\\VITOMED."), wide=True)
        fields.add(_("&Datenbank"), self.database)
        fields.add(_("&Benutzer"), self.user, _("Leer heisst: mit der Windows-Anmeldung."))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok)
        buttons.addButton(_("Abbrechen"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        encrypted = soft_label(_("Die Verbindung ist in jedem Fall verschlüsselt."), wrap=True)
        card = Card()
        card.body.addLayout(fields)
        for part in (self.blindly, encrypted):
            card.body.addWidget(part)
        self.setLayout(column(plain_label(_("SQL-Server"), bold=True, size=Type.CARD), card, self._note, buttons, margins=(2 * GRID,) * 4))
        self.ring = FocusRing(self)
        self.resize(u(520), 0)

    def accept(self) -> None:
        """Closes the window when an address can be put together; tells why not otherwise."""
        try:
            self.address()
        except KnownError as error:
            self._note.say(f"{error.message} {error.advice}")
            return
        super().accept()

    def ask(self) -> str:
        """Shows the window and returns the address, or ""."""
        return self.address() if self.exec() == QDialog.DialogCode.Accepted else ""

    def address(self) -> str:
        """Returns the address as entered.

        Raises:
            InputError: server or database is missing, or can be none.
        """
        from tray_agent.store.address import DatabaseAddress, Encryption, ServerKind, url_of

        host, database, user = (field.text() for field in (self.host, self.database, self.user))
        encryption = Encryption.UNCHECKED if self.blindly.isChecked() else Encryption.CHECKED
        return url_of(DatabaseAddress(ServerKind.SQL_SERVER, host, database, user.strip(), encryption))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the pages show besides the configuration.

    Attributes:
        mandants: names by id.
        passwords: the names of those that are here.
        autostart: what starts the program at login.
        unconfirmed: by the name of a password that another server than the configured one may get, that server.
    """

    mandants: Mapping[str, str]
    passwords: frozenset[str]
    autostart: AutostartStatus
    unconfirmed: Mapping[str, str]


def _known(agent: Agent) -> _Known:
    try:
        mandants = {mandant.id: mandant.name for mandant in agent.practice.mandants().values()}
    except KnownError:  # not set up yet: the accounts of the configuration are shown
        mandants = {}
    model = SetupModel(agent.configuration, mandants)
    names = {field.place[0] for _page, fields in model.pages() for field in fields if field.kind is Kind.SECRET}
    unconfirmed = {name: former for name, (former, _host) in agent.in_force.unconfirmed().items()}
    entry = autostart()
    status = AutostartStatus(entry.is_enabled(), entry.is_enabled_for_all())
    return _Known(mandants, frozenset(name for name in names if agent.secrets.get(name)), status, unconfirmed)


def _write(file: Path, sql: str) -> None:
    """Writes SQL.

    Raises:
        InputError: the file can't be written.
    """
    try:
        file.write_text(sql, encoding="utf-8")
    except OSError as error:
        raise InputError(
            _("Nicht gespeichert"),
            _("{file} kann nicht geschrieben werden.").format(file=file),
            _("Datei schliessen, wenn sie offen ist, oder einen anderen Ordner wählen."),
            item=str(file),
        ) from error
