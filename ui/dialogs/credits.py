"""The window *Credits*."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QComboBox

from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_number, ngettext
from tray_agent.messages.outbox.model import AccountCredits
from ui.dialogs.balance_chart import BalanceChart
from ui.look.icons import Status
from ui.look.scale import u
from ui.models.credits import (
    PERIODS,
    CreditState,
    advice,
    balance_text,
    chart_of,
    days_text,
    not_answered,
    state_of,
    state_word,
    use_text,
    worst,
)
from ui.widgets.card import Card, card_around
from ui.widgets.dialog import Dialog
from ui.widgets.layout import BETWEEN_CARDS, fill_choice
from ui.widgets.notes import Note, soft_label
from ui.widgets.table_models import Align, Column, ListModel, time_column
from ui.widgets.tables import TableView
from ui.windows import DialogContext

_ICONS = {
    CreditState.GOOD: Status.SUCCESS,
    CreditState.SOON: Status.WARNING,
    CreditState.LOW: Status.WARNING,
    CreditState.EMPTY: Status.ERROR,
    CreditState.UNKNOWN: Status.DOUBT,
}

_FEWEST_ROWS, _MOST_ROWS = 2, 5


class CreditsDialog(Dialog):
    """The accounts, the balance of the chosen one over time, and *Jetzt abfragen*."""

    SIZE = (1120, 640)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Credits"))
        self._read_at: datetime | None = None
        self.list = ListModel(self._columns(), parent=self, key=lambda account: account.mandants)
        self.table = TableView[AccountCredits](
            _("Guthaben je Mandant"),
            _("Es ist kein SMS-Konto eingerichtet. Unter «Einrichten» lässt sich für jeden Mandanten eines eintragen."),
            self,
        )
        self.card = Card(_("Verlauf"), " ")
        self.period = QComboBox()
        self.chart = BalanceChart()
        self._advice = Note(status=Status.WARNING)
        self._description = soft_label(wrap=True)
        self._lay_out_content()
        self.main_action(_("Schl&iessen"), self.reject)
        self.side_action(_("&Jetzt abfragen"), self.ask_now, QKeySequence.StandardKey.Refresh, picture="refresh")
        self.table.setFocus()
        self.load()

    def _columns(self) -> tuple[Column[AccountCredits], ...]:
        zone = self.context.agent.zone
        return (
            Column(_("Mandant"), lambda row: row.name, tooltip=lambda row: row.name, strong=True),
            Column(_("Zustand"), state_word, status=lambda row: _ICONS[state_of(row)], acts=True),
            Column(_("Guthaben"), balance_text, align=Align.RIGHT, key=lambda row: row.balance if row.balance is not None else -1),
            Column(_("Mindestbestand"), lambda row: format_number(row.minimum), align=Align.RIGHT, key=lambda row: row.minimum),
            Column(_("Verbrauch pro Tag"), use_text, align=Align.RIGHT, key=lambda row: row.use_per_day or 0),
            Column(_("Reicht noch"), days_text, align=Align.RIGHT, key=lambda row: -1 if row.days_left is None else row.days_left),
            replace(time_column(_("Stand vom"), lambda row: row.measured_at, zone, nothing="–"), soft=True),
        )

    def _lay_out_content(self) -> None:
        self.heading.say(_("Wie viel jeder Mandant noch hat, und wie lange es reicht."))
        self.table.present(self.list, self._show_account)
        self.remember_columns(self.table, widths=(190, 200, 96, 130, 160, 130))
        periods = ((ngettext("Letzter {days} Tag", "Letzte {days} Tage", days).format(days=days), days) for days in PERIODS)
        fill_choice(self.period, periods, self.load, PERIODS[1])
        self.period.setAccessibleName(_("Zeitraum des Verlaufs"))
        self.card.head.addWidget(self.period)
        self.card.body.addWidget(self._advice)
        self.card.body.addWidget(self.chart, 1)
        self.card.body.addWidget(self._description)
        self.body.setSpacing(u(BETWEEN_CARDS))
        self.body.addWidget(card_around(self.table))
        self.body.addWidget(self.card, 1)
        self._fit_table()

    def _fit_table(self) -> None:
        """Gives the table the room of its rows; more than a few scroll."""
        rows, titles = self.table.verticalHeader(), self.table.titles
        if rows is not None:
            shown = min(max(_FEWEST_ROWS, self.list.rowCount()), _MOST_ROWS)
            self.table.setFixedHeight(titles.sizeHint().height() + shown * rows.defaultSectionSize())

    # Reading and asking

    def load(self) -> None:
        """Reads the balances as last told; asks no gateway."""
        agent, days = self.context.agent, self.days
        self.run(lambda: (agent.messages.credits(days), agent.clock.now()), lambda read: self._show(*read), failed=self.list.fail)

    def ask_now(self) -> None:
        """Asks the gateways for the balances."""
        agent, days = self.context.agent, self.days

        def work() -> tuple[Sequence[AccountCredits], datetime, str]:
            before = agent.messages.credits(0)
            agent.messages.refresh_credits()
            accounts = agent.messages.credits(days)
            return accounts, agent.clock.now(), not_answered(before, accounts)

        self.run(work, lambda answer: self._asked(*answer), busy=_("Guthaben werden abgefragt …"), failed=self._not_asked)

    @property
    def days(self) -> int:
        """Returns how many days the chart shows."""
        return int(self.period.currentData())

    def _asked(self, accounts: Sequence[AccountCredits], now: datetime, silent: str) -> None:
        self._show(accounts, now)
        if silent:
            self.banner.say(_("Nicht alle Guthaben abgefragt"), silent, Status.WARNING)

    def _not_asked(self, error: KnownError) -> None:
        self.show_error(error)
        self.load()

    def _show(self, accounts: Sequence[AccountCredits], now: datetime) -> None:
        self._read_at = now
        first = not self.list.rowCount()
        self.list.show(accounts)
        self._fit_table()
        if first and accounts:
            self.table.selectRow(worst(accounts))
        self._show_account()

    def _show_account(self) -> None:
        account = self.table.current
        if account is None or self._read_at is None:
            self.chart.show_chart(None)
            self._description.clear()
            self._advice.say("")
            self.card.hint.clear()
            return
        self.card.hint.setText(account.name)
        self._advice.say(advice(account), _ICONS[state_of(account)])
        chart = chart_of(account, self._read_at, self.days, self.context.agent.zone)
        self.chart.show_chart(chart)
        self._description.setText(chart.description)
