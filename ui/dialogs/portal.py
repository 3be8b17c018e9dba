"""The window *Online-Portal*: what the vendor offers, and what the practice subscribed to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QFrame, QMenu, QMenuBar, QTreeWidgetItem

from tray_agent.downloads.portal_view import PortalArea, PortalHeading, PortalRow, PortalView
from tray_agent.downloads.words import format_size, state_word
from tray_agent.i18n import _, format_date, format_datetime
from tray_agent.tray.model import DialogName
from ui.dialogs.portal_tree import PortalTree
from ui.look.icons import Status, status_icon
from ui.models.portal import PortalModel, details_of
from ui.widgets.card import card_around
from ui.widgets.details import Details
from ui.widgets.dialog import Dialog
from ui.widgets.icons import STATE_ICONS
from ui.widgets.layout import splitter
from ui.widgets.search_line import SearchLine, among_tools, searching
from ui.widgets.table_models import Align

if TYPE_CHECKING:
    from tray_agent.downloads.service import DownloadService
    from ui.windows import DialogContext

_ROW = Qt.ItemDataRole.UserRole

SIZE, AUTOMATIC, HERE = 3, 4, 5
"""The columns *Grösse*, *Automatisch* and *Hier*."""


class PortalDialog(Dialog):
    """Areas as a tree; headings can't be chosen; the context menus are those of the specification."""

    SIZE = (900, 640)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Online-Portal"))
        self.model: PortalModel | None = None
        self._by = context.agent.person
        self._add_menu_bar()
        self.search = searching(SearchLine(self), _("Element suchen"))
        self.search.setAccessibleName(_("Element suchen"))
        self.search.textChanged.connect(self._search)
        self.search.returnPressed.connect(lambda: self.tree.setFocus(Qt.FocusReason.ShortcutFocusReason))
        self.tree = self._make_tree()
        self.details = Details(_("Einzelheiten zum gewählten Element"), parent=self)
        self.tree.setFrameShape(QFrame.Shape.NoFrame)
        self.heading.add(among_tools(self.search))
        self.body.addWidget(splitter(Qt.Orientation.Vertical, card_around(self.tree), self.details, stretch=(1, 0)), 1)
        self.main_action(_("Download-&Liste"), lambda: context.windows.open(DialogName.DOWNLOADS), picture="download")
        self.close_action(_("S&chliessen"))
        self.side_action(_("&Aktualisieren"), self.load, QKeySequence.StandardKey.Refresh, picture="refresh")
        self.tree.setFocus()
        self.load()

    def _add_menu_bar(self) -> None:
        bar = QMenuBar(self)
        file = bar.addMenu(_("&Datei"))
        layout = self.layout()
        if file is None or layout is None:
            return
        self._menu_action(file, _("&Aktualisieren"), self.load)
        file.addSeparator()
        self._menu_action(file, _("&Beenden"), self.reject).setShortcut(QKeySequence("Ctrl+Q"))
        layout.setMenuBar(bar)

    def _menu_action(self, menu: QMenu, text: str, call: Callable[[], object]) -> QAction:
        action = QAction(text, menu)
        action.triggered.connect(lambda _checked: call())
        menu.addAction(action)
        return action

    def _make_tree(self) -> PortalTree:
        tree = PortalTree(self)
        tree.setAccessibleName(_("Bereiche und Elemente"))
        tree.setHeaderLabels([_("Element"), _("Version"), _("Datum"), _("Grösse"), _("Automatisch"), _("Hier")])
        titles = tree.headerItem()
        if titles is not None:
            titles.setTextAlignment(SIZE, Align.RIGHT.value)
        self.remember_columns(tree, "tree")
        tree.menu_asked.connect(self._show_menu)
        tree.currentItemChanged.connect(lambda now, _before: self._show_details(now))
        tree.itemChanged.connect(self._ticked)
        return tree

    # Reading

    def load(self) -> None:
        """Asks the portal, or shows the last confirmed state where it does not answer."""
        agent = self.context.agent
        self.run(lambda: agent.downloads.portal(), self._show, busy=_("Das Online-Portal wird gefragt …"))

    def _show(self, view: PortalView) -> None:
        self.model = PortalModel(view)
        self.model.search(self.search.text())
        if view.offline and view.checked_at is not None:
            checked = format_datetime(view.checked_at.astimezone(self.context.agent.zone))
            self.banner.say(_("Das Online-Portal antwortet nicht"), self.model.offline_sentence(checked), Status.WARNING)
        elif view.refused:
            sentence = _("{number} Einträge sind fehlerhaft beschrieben und werden nicht angeboten; siehe Aktivitäten/Fehler.")
            self.banner.say(_("Nicht alles kann angeboten werden"), sentence.format(number=view.refused), Status.WARNING)
        else:
            self.clear_error()
        with self.tree.kept():
            self._fill()

    def _search(self, text: str) -> None:
        if self.model is not None:
            self.model.search(text)
            self._fill()

    def _fill(self) -> None:
        if self.model is None:
            return
        chosen = self.current_row
        self.tree.blockSignals(True)
        self.tree.clear()
        for area in self.model.areas:
            self._add_area(area, opened=area.is_new or bool(self.search.text()))
        self.tree.blockSignals(False)
        self.tree.message = "" if self.model.found else self.model.empty_sentence
        self.heading.say(self.model.status)
        self._choose(chosen)
        self._show_details(self.tree.currentItem())
        self.tree.widths.fit()

    def _add_area(self, area: PortalArea, *, opened: bool) -> None:
        item = QTreeWidgetItem(self.tree, [area.title])
        item.setData(0, _ROW, area)
        font = item.font(0)
        font.setBold(True)
        item.setFont(0, font)
        for heading in area.headings:
            self._add_heading(item, heading)
        item.setExpanded(opened)

    def _add_heading(self, parent: QTreeWidgetItem, heading: PortalHeading) -> None:
        item = QTreeWidgetItem(parent, [heading.title])
        item.setFlags(Qt.ItemFlag.ItemIsEnabled)  # a heading is no element: it can't be chosen (seed)
        item.setExpanded(True)
        for row in heading.rows:
            self._add_row(item, row)

    def _add_row(self, parent: QTreeWidgetItem, row: PortalRow) -> None:
        signed = row.signed
        words = [signed.title, str(signed.version), format_date(signed.released), format_size(signed.size), "", state_word(row.state)]
        item = QTreeWidgetItem(parent, words)
        item.setData(0, _ROW, row)
        item.setTextAlignment(SIZE, Align.RIGHT.value)
        if row.state is not None:
            item.setIcon(HERE, status_icon(STATE_ICONS[row.state]))
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(AUTOMATIC, Qt.CheckState.Checked if row.subscribed else Qt.CheckState.Unchecked)
        item.setToolTip(AUTOMATIC, _("Automatisch herunterladen"))

    def _choose(self, row: PortalRow | None) -> None:
        for item in self._row_items():
            found = item.data(0, _ROW)
            if row is None or found.signed.key == row.signed.key:
                self.tree.setCurrentItem(item)
                return

    def _row_items(self) -> list[QTreeWidgetItem]:
        found = self.tree.findItems("*", Qt.MatchFlag.MatchWildcard | Qt.MatchFlag.MatchRecursive)
        return [item for item in found if isinstance(item.data(0, _ROW), PortalRow)]

    @property
    def current_row(self) -> PortalRow | None:
        """Returns the chosen element's row."""
        item = self.tree.currentItem()
        row = item.data(0, _ROW) if item is not None else None
        return row if isinstance(row, PortalRow) else None

    def _show_details(self, item: QTreeWidgetItem | None) -> None:
        row = item.data(0, _ROW) if item is not None else None
        if isinstance(row, PortalRow):
            self.details.tell(*details_of(row))
        else:
            self.details.tell()

    # Changing

    def menu_for(self, item: QTreeWidgetItem | None) -> QMenu | None:
        """Returns the context menu of an area or a row, or None where there is none (a heading, another area)."""
        subject = item.data(0, _ROW) if item is not None else None
        if self.model is None:
            return None
        if isinstance(subject, PortalRow):
            return self._row_menu(subject)
        activatable = self.model.can_activate(subject) if isinstance(subject, PortalArea) else None
        if activatable is None:
            return None
        menu = QMenu(self)
        self._menu_action(menu, _("Download-Service aktivieren"), self.activate).setEnabled(activatable)
        return menu

    def _row_menu(self, row: PortalRow) -> QMenu:
        menu = QMenu(self)
        action = self._menu_action(menu, _("Automatisch herunterladen"), lambda: self.subscribe(row.signed.element, not row.subscribed))
        action.setCheckable(True)
        action.setChecked(row.subscribed)
        return menu

    def _show_menu(self, item: QTreeWidgetItem, place: QPoint) -> None:
        menu = self.menu_for(item)
        if menu is not None:
            menu.popup(place)

    def _ticked(self, item: QTreeWidgetItem, column: int) -> None:
        row = item.data(0, _ROW)
        if column == AUTOMATIC and isinstance(row, PortalRow):
            self.subscribe(row.signed.element, item.checkState(AUTOMATIC) is Qt.CheckState.Checked)

    def subscribe(self, element: str, on: bool) -> None:
        """Subscribes to an element, or ends that; told at once, shown when it is stored."""

        def change(downloads: DownloadService) -> None:
            if on:
                downloads.subscribe(element, self._by)
            else:
                downloads.unsubscribe(element)

        self._change(change, self._show, _("Abonnement wird gespeichert …"))

    def activate(self) -> None:
        """Puts the switch ``DownloadService.Aktiv`` on Ja."""
        self._change(
            lambda downloads: downloads.set_active(active=True, by=self._by), self._activated, _("Download-Service wird aktiviert …")
        )

    def _change(self, change: Callable[[DownloadService], None], done: Callable[[PortalView], None], busy: str) -> None:
        """Changes something and shows the portal as it is then, without asking it."""
        agent = self.context.agent

        def work() -> PortalView:
            change(agent.downloads)
            return agent.downloads.portal(refresh=False)

        self.run(work, done, busy=busy)

    def _activated(self, view: PortalView) -> None:
        self._show(view)
        sentence = _("Damit er läuft, muss in «Aufträge verwalten» der Auftrag Download-Service aktiviert sein und einen Zeitplan haben.")
        self.banner.say(_("Der Download-Service ist aktiv"), sentence, Status.INFO)
