"""The window *Einrichten*: the connections of this machine, each with *Prüfen*."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMessageBox,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tray_agent.config.machine import Machine, config_file
from tray_agent.config.write import preview_machine, save_machine
from tray_agent.doctor import CheckResult, CheckVerdict, Subject
from tray_agent.errors import InputError, KnownError
from tray_agent.i18n import _
from tray_agent.platforms.this_system import autostart
from tray_agent.tray.model import Restart
from ui.models.setup import AutostartStatus, Kind, SetupField, SetupModel, SetupPage, SetupStep, make_tables, try_out, views_sql
from ui.widgets.controls import FocusedWheel, allow
from ui.widgets.dialog import GRID, Dialog, Form, quiet_label
from ui.widgets.icons import Status, program_icon, status_icon
from ui.widgets.message_box import make_readable
from ui.widgets.notes import Note

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from ui.windows import AgentState, DialogContext

_ICONS = {CheckVerdict.GOOD: Status.SUCCESS, CheckVerdict.NOTICE: Status.WARNING, CheckVerdict.FAULT: Status.ERROR}
_ORDER = (CheckVerdict.GOOD, CheckVerdict.NOTICE, CheckVerdict.FAULT)


def open_dialog(context: DialogContext) -> Dialog:
    """Makes the window."""
    return SetupDialog(context)


class SetupDialog(Dialog):
    """A page for each connection; *Prüfen* tries what stands in the fields, *Speichern* writes it."""

    NAME = "setup"
    SIZE = (860, 620)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Einrichten"))
        self.model = SetupModel(context.agent.machine)
        self.steps = QListWidget(self)
        self.steps.setAccessibleName(_("Verbindungen"))
        line = self.fontMetrics().lineSpacing()
        self.steps.setIconSize(QSize(line, line))
        self.pages = QStackedWidget(self)
        self._results: list[QVBoxLayout] = []
        parts = QSplitter(Qt.Orientation.Horizontal, self)
        parts.setChildrenCollapsible(False)
        parts.addWidget(self.steps)
        parts.addWidget(self.pages)
        parts.setStretchFactor(1, 1)
        parts.setSizes([180, 640])
        self.body.addWidget(parts, 1)
        self.steps.currentRowChanged.connect(self.pages.setCurrentIndex)
        self._save = self.main_action(_("Sp&eichern"), self.save_and_close)
        self.close_action()
        self.side_action(_("Alles p&rüfen"), self.check_all)
        self._fill()
        self.run(lambda: _known(context.agent), self._show_known)

    # The pages

    def _fill(self) -> None:
        row = max(0, self.steps.currentRow())
        self.steps.clear()
        self._results.clear()
        while self.pages.count():
            old = self.pages.widget(0)
            if old is not None:
                self.pages.removeWidget(old)
                old.setParent(None)  # its fields must not be found any more
                old.deleteLater()
        for page, fields in self.model.pages():
            step = QListWidgetItem(status_icon(Status.WAITING), _(page.title), self.steps)
            step.setSizeHint(QSize(0, self.fontMetrics().height() + 12))
            self.pages.addWidget(self._page(page, fields))
        self.steps.setCurrentRow(row)
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
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(GRID, 0, GRID, 0)
        column.setSpacing(2 * GRID)
        column.addWidget(quiet_label(_(page.explanation)))
        form = Form()
        for field in fields:
            refusal = self.model.autostart_refusal if field.kind is Kind.AUTOSTART else ""
            form.add(_(field.label), self._editor(field), refusal or (_(field.explanation) if field.explanation else ""))
        column.addLayout(form)
        column.addLayout(self._actions(page, self.pages.count()))
        results = QVBoxLayout()
        self._results.append(results)
        column.addLayout(results)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(content)
        FocusedWheel(content)
        return area

    def _actions(self, page: SetupPage, place: int) -> QHBoxLayout:
        check = QPushButton(_("&Prüfen"), self)
        check.setAccessibleName(_("{page} prüfen").format(page=_(page.title)))
        check.clicked.connect(lambda _checked: self.check(place, page.subjects))
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(check)
        if page.step is not None:
            step = QPushButton(_(page.step.value), self)
            action = {SetupStep.MAKE_TABLES: lambda: self.ask_tables(place), SetupStep.WRITE_VIEWS: self.ask_views_file}[page.step]
            step.clicked.connect(lambda _checked: action())
            row.addWidget(step)
        row.addStretch(1)
        return row

    def _editor(self, field: SetupField) -> QWidget:
        if field.kind is Kind.CHOICE:
            return self._choice(field)
        if field.kind in (Kind.YES_NO, Kind.AUTOSTART):
            return self._yes_no(field)
        line = QLineEdit(self.model.value(field.place) if field.kind is not Kind.SECRET else "")
        line.setObjectName(".".join(field.place))
        line.setAccessibleName(_(field.label).replace("&", ""))
        if field.kind is Kind.SECRET:
            line.setEchoMode(QLineEdit.EchoMode.Password)
            line.setPlaceholderText(self.model.secret_told(field.place[0]))
            line.setText(self.model.secrets.get(field.place[0], ""))
            line.textEdited.connect(lambda text: self._edit_secret(field.place[0], text))
            return line
        line.textChanged.connect(lambda text: self._edit(field, text))
        if field.kind in (Kind.FILE, Kind.FOLDER, Kind.DATABASE):
            return self._with_button(line, field)
        return line

    def _with_button(self, line: QLineEdit, field: SetupField) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(line, 1)
        button = QPushButton(_("SQL-Server …") if field.kind is Kind.DATABASE else _("Wählen …"), holder)
        button.clicked.connect(lambda _checked: self._choose(line, field))
        row.addWidget(button)
        holder.setFocusProxy(line)
        return holder

    def _choose(self, line: QLineEdit, field: SetupField) -> None:
        if field.kind is Kind.DATABASE:
            chosen = ask_sql_server(self)
        elif field.kind is Kind.FOLDER:
            chosen = QFileDialog.getExistingDirectory(self, _("Ordner wählen"), line.text())
        else:
            chosen = QFileDialog.getOpenFileName(self, _("Datei wählen"), line.text(), _(field.files))[0]
        if chosen:
            line.setText(chosen)

    def _choice(self, field: SetupField) -> QWidget:
        box = QComboBox()
        box.setObjectName(".".join(field.place))
        for value, label in field.choices:
            box.addItem(_(label), value)
        box.setCurrentIndex(max(0, box.findData(self.model.value(field.place))))
        box.currentIndexChanged.connect(lambda index: self._edit(field, str(box.itemData(index))))
        return box

    def _yes_no(self, field: SetupField) -> QWidget:
        box = QCheckBox(_("Ja"))
        box.setObjectName(".".join(field.place))
        box.setAccessibleName(_(field.label).replace("&", ""))
        box.setMinimumHeight(QLineEdit().sizeHint().height())  # so that its word stands on the line of its label
        if field.kind is Kind.AUTOSTART:
            box.setChecked(self.model.starts_at_login)
            refusal = self.model.autostart_refusal
            allow(box, possible=not refusal, otherwise=refusal)
        else:
            box.setChecked(self.model.is_on(field.place))
        box.toggled.connect(lambda on: self._edit_flag(field, on))
        return box

    def _show_known(self, known: _Known) -> None:
        self.model.mandants, self.model.kept, self.model.autostart = known.mandants, known.passwords, known.autostart
        self._fill_again()

    def _edit(self, field: SetupField, text: str) -> None:
        self.model.edit(field.place, text)
        self._changed()

    def _edit_flag(self, field: SetupField, on: bool) -> None:
        if field.kind is Kind.AUTOSTART:
            self.model.edit_autostart(on)
        else:
            self.model.edit_flag(field.place, on)
        self._changed()

    def _edit_secret(self, name: str, text: str) -> None:
        self.model.edit_secret(name, text)
        self._changed()

    def _changed(self) -> None:
        allow(self._save, possible=self.model.has_changes, otherwise=_("Es ist nichts geändert."))

    # Trying out

    def check(self, place: int, subjects: tuple[Subject, ...]) -> None:
        """Tries what stands in the fields of a page, without saving it."""
        agent, changes, secrets = self.context.agent, self.model.changes, self.model.secrets

        def work() -> tuple[CheckResult, ...]:
            return try_out(agent, preview_machine(config_file(), changes), secrets, subjects)

        self.run(work, lambda findings: self._checked(place, findings), busy=_("Wird geprüft …"))

    def ask_tables(self, place: int) -> None:
        """Makes the agent's tables in the database that stands in the fields, after a question."""
        agent, changes, secrets = self.context.agent, self.model.changes, self.model.secrets

        def work() -> tuple[CheckResult, ...]:
            return make_tables(agent, preview_machine(config_file(), changes), secrets)

        said = _("Die Anmeldung muss Tabellen anlegen dürfen. Vorhandene Daten bleiben erhalten.")
        if self.ask(_("Die Tabellen des Agenten anlegen oder aktualisieren?"), said, _("&Anlegen")):
            self.run(work, lambda findings: self._checked(place, findings), busy=_("Tabellen werden angelegt …"))

    def ask_views_file(self) -> None:
        """Asks where to, and writes the SQL of the five views."""
        name, _kind = QFileDialog.getSaveFileName(self, _("SQL der Sichten speichern"), "vitoclient-views.sql", _("SQL-Datei (*.sql)"))
        if name:
            self.write_views(Path(name))

    def write_views(self, file: Path) -> None:
        """Writes the SQL from which somebody makes the five views."""
        agent, changes, secrets = self.context.agent, self.model.changes, self.model.secrets

        def work() -> None:
            _write(file, views_sql(agent, preview_machine(config_file(), changes), secrets))

        def written(_nothing: None) -> None:
            said = _("{file} an die Praxissoftware anpassen und in deren Datenbank ausführen, danach «Prüfen».").format(file=file)
            self.banner.say(_("SQL gespeichert"), said, Status.SUCCESS)

        self.run(work, written, busy=_("Wird gespeichert …"))

    def check_all(self) -> None:
        """Tries all pages, one after the other."""
        for place, (page, _fields) in enumerate(self.model.pages()):
            self.check(place, page.subjects)

    def _checked(self, place: int, findings: tuple[CheckResult, ...]) -> None:
        results = self._results[place]
        while results.count():
            old = results.takeAt(0)
            widget = old.widget() if old is not None else None
            if widget is not None:
                widget.deleteLater()
        for finding in findings:
            note = Note(self, _ICONS[finding.verdict])
            note.say(" ".join(part for part in (finding.sentence, finding.advice) if part))
            results.addWidget(note)
        worst = max((finding.verdict for finding in findings), key=_ORDER.index, default=CheckVerdict.GOOD)
        item = self.steps.item(place)
        if item is not None:
            item.setIcon(status_icon(_ICONS[worst]))
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, " ".join(finding.sentence for finding in findings))

    # Saving

    def has_unsaved_changes(self) -> bool:
        """Returns whether a connection was changed."""
        return self.model.has_changes

    def save(self, then: Callable[[], None]) -> None:
        """Writes the configuration and keeps the passwords; connections are made with them at the next start."""
        agent, changes, secrets, model = self.context.agent, self.model.changes, self.model.secrets, self.model
        starts, needs_restart = model.autostart_change, model.needs_restart

        def work() -> Machine:
            if starts is not None:
                entry = autostart()
                entry.enable() if starts else entry.disable()
            for name, value in secrets.items():
                agent.secrets.set(name, value)
            return save_machine(config_file(), changes) if needs_restart else model.machine

        state, title = self.context.windows.state, self.windowTitle()

        def saved(machine: Machine) -> None:
            model.saved(machine)
            then()
            if needs_restart and ask_restart(state, title):
                state.chosen.emit(Restart())

        self.run(work, saved, busy=_("Wird gespeichert …"))


def ask_restart(state: AgentState, title: str) -> bool:
    """Tells that what was saved is not in force yet, and returns whether the program shall be started anew for it now."""
    box = QMessageBox(QMessageBox.Icon.Information, title, _("Die Angaben sind gespeichert."))
    box.setWindowIcon(program_icon())
    told = [_("Sie gelten nach dem nächsten Start des Programms.")]
    now = None
    if state.can_restart:
        now = box.addButton(_("&Jetzt neu starten"), QMessageBox.ButtonRole.AcceptRole)
        later = box.addButton(_("&Später"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(now)
        box.setEscapeButton(later)
        if state.current is not None and state.current.running:
            told.append(_("Im Moment läuft «{job}».").format(job=state.current.running))
            told.append(_("Ein geplanter Lauf geht nach dem Neustart weiter; einen von Hand begonnenen müssen Sie noch einmal starten."))
    box.setInformativeText(" ".join(told))
    make_readable(box)
    box.exec()
    return now is not None and box.clickedButton() is now


def ask_sql_server(parent: QWidget) -> str:
    """Asks for a SQL Server's name, database and login and returns the address, or "" where the person gave up."""
    return SqlServerDialog(parent).ask()


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
        form = Form()
        form.add(_("&Server"), self.host, _("Zum Beispiel SERVER oder SERVER\\VITOMED."))
        form.add(_("&Datenbank"), self.database)
        form.add(_("&Benutzer"), self.user, _("Leer heisst: mit der Windows-Anmeldung."))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok)
        buttons.addButton(_("Abbrechen"), QDialogButtonBox.ButtonRole.RejectRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.blindly)
        column.addWidget(QLabel(_("Die Verbindung ist in jedem Fall verschlüsselt.")))
        column.addWidget(self._note)
        column.addWidget(buttons)
        self.resize(480, 0)

    def accept(self) -> None:
        """Closes the window when an address can be put together; tells why not otherwise."""
        try:
            self.address()
        except KnownError as error:
            self._note.say(f"{error.message} {error.advice}")
            return
        if not (self.host.text().strip() and self.database.text().strip()):
            self._note.say(_("Server und Datenbank müssen angegeben sein."))
            return
        super().accept()

    def ask(self) -> str:
        """Shows the window and returns the address, or ""."""
        return self.address() if self.exec() == QDialog.DialogCode.Accepted else ""

    def address(self) -> str:
        """Returns the address as entered.

        Raises:
            OdbcDriverMissingError: no ODBC driver for SQL Server is installed here.
        """
        from tray_agent.platforms.odbc import sql_server_url

        host, database, user = (field.text().strip() for field in (self.host, self.database, self.user))
        return str(sql_server_url(host, database, user=user or None, trusted_blindly=self.blindly.isChecked()))


@dataclass(frozen=True, slots=True)
class _Known:
    """What the pages show besides the configuration: names of Mandanten by id, names of the passwords there are, the autostart."""

    mandants: Mapping[str, str]
    passwords: frozenset[str]
    autostart: AutostartStatus


def _known(agent: Agent) -> _Known:
    try:
        mandants = {mandant.id: mandant.name for mandant in agent.practice.mandants().values()}
    except KnownError:  # not set up yet: the accounts of the configuration are shown
        mandants = {}
    model = SetupModel(agent.machine, mandants)
    names = {field.place[0] for _page, fields in model.pages() for field in fields if field.kind is Kind.SECRET}
    entry = autostart()
    status = AutostartStatus(entry.is_enabled(), entry.is_enabled_for_all())
    return _Known(mandants, frozenset(name for name in names if agent.secrets.get(name)), status)


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
