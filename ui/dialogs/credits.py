"""The window *Credits*."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QComboBox, QHBoxLayout, QLabel

from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_number, ngettext
from tray_agent.messages.outbox.model import AccountCredits
from ui.dialogs.balance_chart import BalanceChart
from ui.models.credits import (
    PERIODS,
    CreditState,
    advice,
    balance_text,
    chart_of,
    days_text,
    measured_text,
    not_answered,
    state_of,
    state_word,
    use_text,
)
from ui.widgets.dialog import GRID, Dialog
from ui.widgets.icons import Status
from ui.widgets.notes import Note
from ui.widgets.tables import Align, Column, ListModel, TableView

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from ui.windows import DialogContext

_ICONS = {
    CreditState.GOOD: Status.SUCCESS,
    CreditState.SOON: Status.WARNING,
    CreditState.LOW: Status.WARNING,
    CreditState.EMPTY: Status.ERROR,
    CreditState.UNKNOWN: Status.DOUBT,
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read: the accounts with their history, and when (aware)."""

    accounts: Sequence[AccountCredits]
    now: datetime


def open_dialog(context: DialogContext) -> Dialog:
    """Makes the window."""
    return CreditsDialog(context)


class CreditsDialog(Dialog):
    """The accounts, the balance of the chosen one over time, and *Jetzt abfragen*."""

    NAME = "credits"
    SIZE = (1008, 608)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Credits"))
        self.loaded: Loaded | None = None
        self.list = ListModel(self._columns(), parent=self, key=lambda account: account.mandants)
        self.table = TableView(
            _("Guthaben je Mandant"),
            _("Es ist kein SMS-Konto eingerichtet. Unter «Einrichten» lässt sich für jeden Mandanten eines eintragen."),
            self,
        )
        self.period = QComboBox(self)
        self.chart = BalanceChart(self)
        self._advice = Note(self, Status.WARNING)
        self._told = QLabel(self)
        self._told.setWordWrap(True)
        self._lay_out_content()
        self.main_action(_("Schl&iessen"), self.reject)
        self.side_action(_("&Jetzt abfragen"), self.ask_now, QKeySequence.StandardKey.Refresh)
        self.load()

    def _columns(self) -> tuple[Column[AccountCredits], ...]:
        zone = self.context.agent.machine.zone
        return (
            Column(_("Mandant"), lambda row: row.name, tooltip=lambda row: row.name),
            Column(_("Zustand"), state_word, status=lambda row: _ICONS[state_of(row)]),
            Column(_("Guthaben"), balance_text, align=Align.RIGHT, key=lambda row: row.balance if row.balance is not None else -1),
            Column(_("Mindestbestand"), lambda row: format_number(row.minimum), align=Align.RIGHT, key=lambda row: row.minimum),
            Column(_("Verbrauch pro Tag"), use_text, align=Align.RIGHT, key=lambda row: row.use_per_day or 0),
            Column(_("Reicht noch"), days_text, align=Align.RIGHT, key=lambda row: -1 if row.days_left is None else row.days_left),
            Column(_("Stand vom"), lambda row: measured_text(row, zone), key=lambda row: str(row.measured_at or "")),
        )

    def _lay_out_content(self) -> None:
        self.table.setModel(self.list)
        self.table.enable_sorting()
        self.table.setMaximumHeight(7 * (self.fontMetrics().height() + 12))
        self.remember_columns(self.table, widths=(184, 176, 84, 120, 160, 124))
        for days in PERIODS:
            self.period.addItem(ngettext("Letzter {days} Tag", "Letzte {days} Tage", days).format(days=days), days)
        self.period.setCurrentIndex(1)
        self.period.currentIndexChanged.connect(lambda _index: self.load())
        label = QLabel(_("&Verlauf:"), self)
        label.setBuddy(self.period)
        self.period.setAccessibleName(_("Zeitraum des Verlaufs"))
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(label)
        row.addWidget(self.period)
        row.addStretch(1)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self._advice)
        self.body.addLayout(row)
        self.body.addWidget(self.chart, 3)
        self.body.addWidget(self._told)
        chosen = self.table.selectionModel()
        if chosen is not None:
            chosen.currentRowChanged.connect(lambda _now, _before: self._show_account())

    # Reading and asking

    def load(self) -> None:
        """Reads the balances as last told; asks no gateway."""
        agent, days = self.context.agent, self.days
        self.run(lambda: _read(agent, days), self._show, failed=self.list.fail)

    def ask_now(self) -> None:
        """Asks the gateways for the balances."""
        agent, days = self.context.agent, self.days

        def work() -> tuple[Loaded, str]:
            before = agent.messages.credits(0)
            agent.messages.refresh_credits()
            loaded = _read(agent, days)
            return loaded, not_answered(before, loaded.accounts)

        self.run(work, self._asked, busy=_("Guthaben werden abgefragt …"), failed=self._not_asked)

    @property
    def days(self) -> int:
        """Returns how many days the chart shows."""
        return int(self.period.currentData())

    def _asked(self, answer: tuple[Loaded, str]) -> None:
        loaded, silent = answer
        self._show(loaded)
        if silent:
            self.banner.say(_("Nicht alle Guthaben abgefragt"), silent, Status.WARNING)

    def _not_asked(self, error: KnownError) -> None:
        self.show_error(error)
        self.load()

    def _show(self, loaded: Loaded) -> None:
        self.loaded = loaded
        place = max(0, self.table.currentIndex().row())
        self.list.show(loaded.accounts)
        if loaded.accounts:
            self.table.selectRow(min(place, len(loaded.accounts) - 1))
        sentences = [sentence for account in loaded.accounts if (sentence := advice(account))]
        self._advice.say("\n".join(sentences))
        self._show_account()

    def _show_account(self) -> None:
        account = self.list.row_at(self.table.currentIndex().row())
        if account is None or self.loaded is None:
            self.chart.show_chart(None)
            self._told.clear()
            return
        chart = chart_of(account, self.loaded.now, self.days, self.context.agent.machine.zone)
        self.chart.show_chart(chart)
        self._told.setText(chart.description)


def _read(agent: Agent, days: int) -> Loaded:
    return Loaded(agent.messages.credits(days), agent.clock.now())
