"""The window *Einrichten*: the connections of this machine, each with *Prüfen*."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import Qt
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
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from tray_agent.config.machine import config_file
from tray_agent.config.write import preview_machine, save_machine
from tray_agent.doctor import Finding, Subject, Verdict
from tray_agent.errors import KnownError
from tray_agent.i18n import _
from ui.dialog import GRID, Dialog, Form, quiet_label
from ui.icons import Status, status_icon
from ui.models.setup import Field, Kind, Page, SetupModel, try_out
from ui.notes import Note

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from ui.windows import DialogContext

_ICONS = {Verdict.GOOD: Status.SUCCESS, Verdict.NOTICE: Status.WARNING, Verdict.FAULT: Status.ERROR}
_ORDER = (Verdict.GOOD, Verdict.NOTICE, Verdict.FAULT)


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
        self.run(lambda: _mandants(context.agent), self._show_accounts)

    # The pages

    def _fill(self) -> None:
        row = max(0, self.steps.currentRow())
        self.steps.clear()
        self._results.clear()
        while self.pages.count():
            old = self.pages.widget(0)
            if old is not None:
                self.pages.removeWidget(old)
                old.deleteLater()
        for page, fields in self.model.pages():
            QListWidgetItem(status_icon(Status.WAITING), _(page.title), self.steps)
            self.pages.addWidget(self._page(page, fields))
        self.steps.setCurrentRow(row)
        self._changed()

    def _page(self, page: Page, fields: tuple[Field, ...]) -> QWidget:
        content = QWidget()
        column = QVBoxLayout(content)
        column.setSpacing(2 * GRID)
        column.addWidget(quiet_label(_(page.explanation)))
        form = Form()
        for field in fields:
            form.add(_(field.label), self._editor(field), _(field.explanation) if field.explanation else "")
        column.addLayout(form)
        check = QPushButton(_("&Prüfen"), content)
        check.setAccessibleName(_("{page} prüfen").format(page=_(page.title)))
        place = self.pages.count()
        check.clicked.connect(lambda _checked: self.check(place, page.subjects))
        column.addWidget(check, 0, Qt.AlignmentFlag.AlignLeft)
        results = QVBoxLayout()
        self._results.append(results)
        column.addLayout(results)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setAccessibleName(_(page.title))
        area.setWidget(content)
        return area

    def _editor(self, field: Field) -> QWidget:
        if field.kind is Kind.CHOICE:
            return self._choice(field)
        line = QLineEdit(self.model.value(field.place) if field.kind is not Kind.SECRET else "")
        line.setObjectName(".".join(field.place))
        line.setAccessibleName(_(field.label).replace("&", ""))
        if field.kind is Kind.SECRET:
            line.setEchoMode(QLineEdit.EchoMode.Password)
            line.setPlaceholderText(_("unverändert lassen: leer"))
            line.textEdited.connect(lambda text: self._edit_secret(field.place[0], text))
            return line
        line.textChanged.connect(lambda text: self._edit(field, text))
        if field.kind in (Kind.FILE, Kind.FOLDER, Kind.DATABASE):
            return self._with_button(line, field.kind)
        return line

    def _with_button(self, line: QLineEdit, kind: Kind) -> QWidget:
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(line, 1)
        button = QPushButton(_("SQL-Server …") if kind is Kind.DATABASE else _("Wählen …"), holder)
        button.clicked.connect(lambda _checked: self._choose(line, kind))
        row.addWidget(button)
        holder.setFocusProxy(line)
        return holder

    def _choose(self, line: QLineEdit, kind: Kind) -> None:
        if kind is Kind.DATABASE:
            chosen = ask_sql_server(self)
        elif kind is Kind.FOLDER:
            chosen = QFileDialog.getExistingDirectory(self, _("Ordner wählen"), line.text())
        else:
            chosen = QFileDialog.getOpenFileName(self, _("Datei wählen"), line.text(), _("Wurzelzertifikat (*.json);;Alle Dateien (*)"))[0]
        if chosen:
            line.setText(chosen)

    def _choice(self, field: Field) -> QWidget:
        box = QComboBox()
        box.setObjectName(".".join(field.place))
        for value, label in field.choices:
            box.addItem(_(label), value)
        box.setCurrentIndex(max(0, box.findData(self.model.value(field.place))))
        box.currentIndexChanged.connect(lambda index: self._edit(field, str(box.itemData(index))))
        return box

    def _show_accounts(self, mandants: dict[str, str]) -> None:
        self.model.mandants = mandants
        if mandants and not self.model.has_changes:
            self._fill()

    def _edit(self, field: Field, text: str) -> None:
        self.model.edit(field.place, text)
        self._changed()

    def _edit_secret(self, name: str, text: str) -> None:
        self.model.edit_secret(name, text)
        self._changed()

    def _changed(self) -> None:
        self._save.setEnabled(self.model.has_changes)

    # Trying out

    def check(self, place: int, subjects: tuple[Subject, ...]) -> None:
        """Tries what stands in the fields of a page, without saving it."""
        agent, changes, secrets = self.context.agent, self.model.changes, self.model.secrets

        def work() -> tuple[Finding, ...]:
            return try_out(agent, preview_machine(config_file(), changes), secrets, subjects)

        self.run(work, lambda findings: self._checked(place, findings), busy=_("Wird geprüft …"))

    def check_all(self) -> None:
        """Tries all pages, one after the other."""
        for place, (page, _fields) in enumerate(self.model.pages()):
            self.check(place, page.subjects)

    def _checked(self, place: int, findings: tuple[Finding, ...]) -> None:
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
        worst = max((finding.verdict for finding in findings), key=_ORDER.index, default=Verdict.GOOD)
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

        def work() -> None:
            model.saved(save_machine(config_file(), changes))
            for name, value in secrets.items():
                agent.secrets.set(name, value)

        self.run(work, lambda _nothing: then(), busy=_("Wird gespeichert …"))


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
        from tray_agent.platforms.odbc import Encryption, SqlServerAddress, sql_server_url

        blindly = self.blindly.isChecked()
        server = SqlServerAddress(
            host=self.host.text().strip(),
            database=self.database.text().strip(),
            user=self.user.text().strip() or None,
            encryption=Encryption.CERTIFICATE_TRUSTED_BLINDLY if blindly else Encryption.CERTIFICATE_CHECKED,
        )
        return str(sql_server_url(server))


def _mandants(agent: Agent) -> dict[str, str]:
    try:
        return {mandant.id: mandant.name for mandant in agent.practice.mandants().values()}
    except KnownError:  # not set up yet: the accounts of the configuration are shown
        return {}
