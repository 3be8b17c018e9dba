"""The window *Info…*."""

from __future__ import annotations

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QGuiApplication
from PyQt6.QtWidgets import QFormLayout, QHBoxLayout, QPushButton

from tray_agent.errors import KnownError
from tray_agent.i18n import _, join_texts
from tray_agent.tray.model import DialogName, Restart
from ui.look.icons import Status
from ui.look.scale import Type, font, u
from ui.models.info import Fact, Fleet, Workstation, as_lines, as_text, facts_of, fleet_of, strangers_of
from ui.widgets.card import Card, card_around, line
from ui.widgets.dialog import Dialog
from ui.widgets.icons import program_icon
from ui.widgets.layout import GRID, button, column, field_label, held, row, scrolling
from ui.widgets.notes import plain_label, soft_label
from ui.widgets.picture import Picture
from ui.widgets.table_models import Column, ListModel
from ui.widgets.tables import TableView
from ui.windows import DialogContext

ICON = 48


class InfoDialog(Dialog):
    """Version, database and licences; from here to the portal and the downloads, as in the practice software."""

    SIZE = (920, 680)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Info"))
        self.facts: tuple[Fact, ...] = ()
        self._form = QFormLayout()
        self._form.setHorizontalSpacing(u(3 * GRID))
        self._form.setVerticalSpacing(u(GRID // 2))
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.fleet = Fleet(())
        self.list = ListModel(self._columns(), parent=self, key=lambda row: (row.name, row.user, row.kind))
        self.table = TableView[Workstation](_("Arbeitsplätze"), _("Noch auf keinem Arbeitsplatz ist der Agent gelaufen."), self)
        self._unable = plain_label("")
        self._lay_out_content()
        self.main_action(_("&OK"), self.accept)
        self.side_action(_("Angaben &kopieren"), self._copy)
        self._adopting = self.side_action(_("&Nur noch dieser Computer…"), self._adopt)
        self._adopting.hide()
        self._restart = self.side_action(_("Programm neu &starten"), lambda: context.windows.state.chosen.emit(Restart()))
        self._restart.hide()
        self.run(lambda: facts_of(context.agent), self._show)
        self.run(lambda: fleet_of(context.agent), self._show_fleet)
        self.run(lambda: strangers_of(context.agent), self._ask_about)

    def _columns(self) -> tuple[Column[Workstation], ...]:
        return (
            Column(_("Arbeitsplatz"), lambda row: row.name, status=_status_of, strong=True),
            Column(_("Benutzer"), lambda row: row.user),
            Column(_("Version"), lambda row: row.version),
            Column(_("Art"), lambda row: row.kind),
            Column(_("Praxissoftware"), lambda row: row.software),
            Column(_("Zuletzt gesehen"), lambda row: row.seen),
            Column(_("Kann nicht"), lambda row: "; ".join(row.unable), tooltip=lambda row: "\n".join(row.unable)),
        )

    def _lay_out_content(self) -> None:
        facts = Card()
        facts.body.addLayout(self._head())
        facts.body.addWidget(line())
        facts.body.addWidget(scrolling(held(self._form)), 1)
        self.heading.add(*self._ways())
        self.table.present(self.list, self._show_unable)
        self.remember_columns(self.table, widths=(184, 88, 64, 112, 104, 128))
        title = field_label(_("&Arbeitsplätze"), self.table)
        title.setFont(font(Type.CARD, strong=True))
        for part, share in ((facts, 5), (title, 0), (card_around(self.table), 4), (self._unable, 0)):
            self.body.addWidget(part, share)

    def _show_fleet(self, fleet: Fleet) -> None:
        self.fleet = fleet
        if fleet.error is not None:
            self.list.fail(fleet.error)
        else:
            self.list.show(fleet.rows)
        self._restart.setVisible(fleet.outdated is not None and self.context.windows.state.can_restart)
        if fleet.outdated is not None:
            self.banner.say(fleet.outdated.title, join_texts(fleet.outdated.message, fleet.outdated.advice), Status.ERROR)

    def _show_unable(self) -> None:
        """Says of the chosen workstation in full what the column has no room for."""
        row = self.table.current
        heading = _("{workstation} kann nicht:").format(workstation=row.name) if row else ""
        self._unable.setText("\n".join((heading, *row.unable)) if row else "")
        self._unable.setVisible(bool(row and row.unable))

    def _head(self) -> QHBoxLayout:
        name = plain_label("vitoclient-Services", bold=True, size=Type.CARD)
        about = soft_label(_("Downloads, Terminerinnerungen und Geburtstagsglückwünsche für die Praxis."), wrap=True)
        return row(Picture(program_icon(), ICON), (column(name, about, spacing=0), 1), spacing=2 * GRID)

    def _ways(self) -> tuple[QPushButton, QPushButton]:
        windows = self.context.windows
        return (
            button(_("Online-&Portal"), lambda: windows.open(DialogName.PORTAL), self, picture="world"),
            button(_("&Download-Liste aufrufen"), lambda: windows.open(DialogName.DOWNLOADS), self, picture="download"),
        )

    def _show(self, facts: tuple[Fact, ...]) -> None:
        self.facts = facts
        for fact in facts:
            value = plain_label(fact.value)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard)
            value.setAccessibleName(fact.label)
            label = soft_label(_with_colon(fact.label), size=Type.TEXT)
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
            clipboard.setText("\n".join(filter(None, (as_text(self.facts), as_lines(self.fleet.rows)))))
            self.banner.say("", _("Die Angaben sind in der Zwischenablage, zum Beispiel für eine E-Mail an den Support."), Status.INFO)


def _status_of(row: Workstation) -> Status | None:
    if not row.is_there:
        return None
    return Status.WARNING if row.unable else Status.SUCCESS


def _with_colon(label: str) -> str:
    """Returns a label with its colon, as the language sets it."""
    return _("{label}:").format(label=label)
