"""The window *Info…*."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QWidget

from tray_agent.i18n import _
from tray_agent.tray.model import DialogName
from ui.models.info import Fact, as_text, facts_of
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
        self.run(lambda: facts_of(context.agent), self._show)

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

    def _copy(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard is not None:
            clipboard.setText(as_text(self.facts))
            self.banner.say("", _("Die Angaben sind in der Zwischenablage, zum Beispiel für eine E-Mail an den Support."), Status.INFO)
