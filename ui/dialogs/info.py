"""The window *Info…*."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QWidget

from tray_agent.errors import KnownError
from tray_agent.i18n import _
from tray_agent.tray.model import DialogName
from ui.models.info import Fact, as_text, facts_of, strangers_of
from ui.widgets.dialog import Dialog, with_colon
from ui.widgets.icons import Status, program_icon
from ui.widgets.layout import GRID, button, row, scrolling
from ui.widgets.notes import plain_label
from ui.windows import DialogContext

ICON = 48


class InfoDialog(Dialog):
    """Version, database and licences; from here to the portal and the downloads, as in the practice software."""

    SIZE = (640, 420)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Info"))
        self.facts: tuple[Fact, ...] = ()
        page = QWidget(self)
        self._form = QFormLayout(page)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setHorizontalSpacing(2 * GRID)
        self._form.setVerticalSpacing(GRID)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.body.addLayout(self._head())
        self.body.addWidget(scrolling(page), 1)
        self.body.addLayout(self._ways())
        self.main_action(_("&OK"), self.accept)
        self.side_action(_("Angaben &kopieren"), self._copy)
        self._adopting = self.side_action(_("&Nur noch dieser Computer…"), self._adopt)
        self._adopting.hide()
        self.run(lambda: facts_of(context.agent), self._show)
        self.run(lambda: strangers_of(context.agent), self._ask_about)

    def _head(self) -> QHBoxLayout:
        picture = QLabel(self)
        picture.setPixmap(program_icon().pixmap(ICON, ICON))
        name = QLabel(_("<b>vitoclient-Services</b><br>Downloads, Terminerinnerungen und Geburtstagsglückwünsche für die Praxis."), self)
        name.setTextFormat(Qt.TextFormat.RichText)
        name.setWordWrap(True)
        return row(picture, (name, 1), spacing=2 * GRID)

    def _ways(self) -> QHBoxLayout:
        windows = self.context.windows
        portal = button(_("Online-&Portal"), lambda: windows.open(DialogName.PORTAL), self)
        return row(portal, button(_("&Download-Liste aufrufen"), lambda: windows.open(DialogName.DOWNLOADS), self), None, spacing=-1)

    def _show(self, facts: tuple[Fact, ...]) -> None:
        self.facts = facts
        for fact in facts:
            value = plain_label(fact.value)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
            value.setAccessibleName(fact.label)
            label = QLabel(with_colon(fact.label), self)
            label.setAlignment(Qt.AlignmentFlag.AlignTop)
            self._form.addRow(label, value)

    def _ask_about(self, error: KnownError | None) -> None:
        """Shows that this store may belong to another computer, too, and how one answers."""
        self._adopting.setVisible(error is not None)
        if error is not None:
            self.banner.say(error.title, error.message, Status.WARNING)

    def _adopt(self) -> None:
        question = _("Arbeitet nur noch dieser Computer mit dieser Datenbank?")
        consequence = _(
            "Läuft der Agent auf dem anderen Computer weiter, erhält jeder Patient alles doppelt. "
            "Dort zuerst den Agenten beenden und entfernen."
        )
        if self.ask(question, consequence, _("&Ja, nur noch dieser")):
            self.run(self.context.agent.jobs.adopt_store, lambda _nothing: self._adopted())

    def _adopted(self) -> None:
        self._adopting.hide()
        self.banner.say("", _("Dieser Computer sendet wieder."), Status.INFO)

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(as_text(self.facts))
            self.banner.say("", _("Die Angaben sind in der Zwischenablage, zum Beispiel für eine E-Mail an den Support."), Status.INFO)
