"""The window *Downloads…*: what was downloaded, and the one place from which a person installs it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from PyQt6.QtCore import QModelIndex, Qt
from PyQt6.QtGui import QKeySequence
from PyQt6.QtWidgets import QWidget

from tray_agent.downloads.model import DownloadState
from tray_agent.downloads.progress import DownloadProgress, Progress
from tray_agent.downloads.words import format_size, progress_text, word_of
from tray_agent.errors import KnownError
from tray_agent.i18n import _, format_date, format_datetime
from tray_agent.job_kinds import JobKey
from tray_agent.protocol.titles import state_title
from ui.look.icons import Status
from ui.look.scale import u
from ui.models.downloads import (
    DownloadsModel,
    can_fetch,
    can_run,
    details_of,
    file_words,
    hand_over_each,
    hint_of,
    key_of,
    locked_out_text,
    outcome_sentences,
    state_sentence,
    went_well,
)
from ui.widgets.card import card_around
from ui.widgets.controls import allow
from ui.widgets.details import Details
from ui.widgets.dialog import Dialog
from ui.widgets.icons import RUN_ICONS, STATE_ICONS
from ui.widgets.layout import BETWEEN_CARDS, button, held, row, splitter
from ui.widgets.progress_line import ProgressLine
from ui.widgets.table_models import Align, Column, ListModel
from ui.widgets.tables import TableView

if TYPE_CHECKING:
    from tray_agent.agent import Agent
    from tray_agent.downloads.lockout import LockedOut
    from tray_agent.downloads.model import DownloadRow
    from tray_agent.downloads.workstations import Place
    from tray_agent.protocol.model import Run
    from ui.models.downloads import HandedOver
    from ui.windows import DialogContext


DETAIL_LINES = 8
"""Lines of text for which the card below the table has room at first."""


class DownloadsDialog(Dialog):
    """A row for each version; *Ausführen* starts the ticked ones, a double click one of them."""

    SIZE = (1120, 660)

    def __init__(self, context: DialogContext) -> None:
        super().__init__(context, _("Downloads"))
        self.model = DownloadsModel(context.agent.workstation)
        self._stop_following: Callable[[], None] = lambda: None
        self.table: TableView[DownloadRow] = TableView(
            _("Heruntergeladene Elemente"),
            _("Noch ist nichts heruntergeladen. Im Online-Portal ein Element mit «Automatisch herunterladen» abonnieren; "
              "der Auftrag Download-Service holt es dann von selbst."),
        )  # fmt: skip
        self.list = ListModel(
            self._columns(), on_check=self._tick, parent=self, key=lambda row: (row.download.signed.element, row.download.signed.version)
        )
        self._again = button(_("&Noch einmal herunterladen"), self.fetch_again, picture="download")
        self.details = Details(_("Einzelheiten zum gewählten Element"), self._again, lines=DETAIL_LINES, narrow=True)
        self.places: TableView[Place] = TableView(_("Arbeitsplätze"), _("Ein Element wählen: hier steht, auf welchem Arbeitsplatz es ist."))
        self.places_list = ListModel(self._place_columns(), parent=self, key=lambda place: place.workstation)
        self._checking = ""
        """What is told while the portal is asked; "": it is not."""
        self.transfer = ProgressLine(_("Übertragung"), _("&Herunterladen abbrechen"), self.cancel_transfer)
        self._lay_out_content()
        self._run = self.main_action(_("&Ausführen"), self.run_chosen, picture="player-play")
        self.close_action(_("S&chliessen"))
        self.side_action(_("&Ordner anzeigen"), lambda: self.run(lambda: context.agent.downloads.open_folder(), lambda _nothing: None))
        self._check = self.side_action(_("Jetzt &prüfen"), self.check_now, QKeySequence.StandardKey.Refresh, picture="refresh")
        self.table.offer(self._again)
        order: tuple[QWidget, ...] = (self.table, self.details.words, self._again, self.places, self.transfer.cancel)
        for before, after in pairwise(order):
            self.setTabOrder(before, after)
        self.table.setFocus()
        self.table.doubleClicked.connect(self._double_clicked)
        self._changed()
        self.reload(first=True)

    def _lay_out_content(self) -> None:
        self.table.present(self.list, self._show_details)
        self.places.present(self.places_list)
        self.remember_columns(self.table, widths=(210, 100, 120, 90, 84))
        self.remember_columns(self.places, "places", widths=(120, 150, 110, 120))
        self._places_card = card_around(self.places)
        self._places_card.hide()
        self._below = row((self.details, 2), (self._places_card, 3), spacing=BETWEEN_CARDS)
        self.body.setSpacing(u(BETWEEN_CARDS))
        self.body.addWidget(splitter(Qt.Orientation.Vertical, card_around(self.table), held(self._below), stretch=(1, 0)), 1)
        self.body.addWidget(self.transfer)

    def _columns(self) -> tuple[Column[DownloadRow], ...]:
        return (
            Column(_("Element"), _title, checked=self.model.is_ticked, tooltip=_title, strong=True),
            Column(_("Version"), lambda row: str(row.signed.version)),
            Column(
                _("Zustand"),
                word_of,
                status=_status_of,
                tooltip=self._state_tooltip,
                acts=True,
            ),
            Column(_("Datum"), lambda row: format_date(row.signed.released), key=lambda row: row.signed.released),
            Column(_("Grösse"), lambda row: format_size(row.signed.size), align=Align.RIGHT, key=lambda row: row.signed.size),
            Column(_("Hinweis"), hint_of, soft=True),
        )

    def _place_columns(self) -> tuple[Column[Place], ...]:
        zone = self.context.agent.zone

        def file(place: Place) -> str:
            row = self.table.current
            return file_words(place, row, zone) if row else ""

        def when(place: Place) -> str:
            return format_datetime(place.installed.changed_at.astimezone(zone)) if place.installed else ""

        return (
            Column(
                _("Arbeitsplatz"),
                lambda place: _("{name} (hier)").format(name=place.workstation) if place.is_here else place.workstation,
                tooltip=lambda place: place.workstation,
                strong=True,
            ),
            Column(_("Datei"), file, tooltip=file),
            Column(_("Installation"), lambda place: place.result, tooltip=lambda place: place.result),
            Column(_("Wann"), when, soft=True),
            Column(_("Durch"), lambda place: place.installed.changed_by if place.installed else "", soft=True),
        )

    def _state_tooltip(self, row: DownloadRow) -> str:
        when = format_datetime(row.download.changed_at.astimezone(self.context.agent.zone))
        return "\n".join((state_sentence(row), _("{when} durch {who}").format(when=when, who=row.download.changed_by)))

    # Reading

    def reload(self, *, first: bool = False) -> None:
        """Reads the rows anew; ticks stay."""
        agent = self.context.agent
        if first:
            self.list.wait()
        self.run(lambda: (agent.downloads.downloads(), agent.downloads.workstations()), self._show, failed=self._not_read)
        if first:
            self.run(lambda: agent.downloads.progress, self._follow)

    def _not_read(self, error: KnownError) -> None:
        if self.model.rows:
            self.show_error(error)
        else:
            self.list.fail(error)

    def _show(self, read: tuple[tuple[DownloadRow, ...], tuple[str, ...]]) -> None:
        rows, self.model.names = read
        self.model.show(rows)
        self._places_card.setVisible(self.model.has_others)
        self._below.activate()  # the columns are made as wide as their card is now
        self.list.show(rows)
        self.heading.say(self.model.headline)
        self._changed()
        self._show_details()

    def _tick(self, row: DownloadRow, on: bool) -> None:
        self.model.tick(row, on)
        self.list.show(self.model.rows)
        self._changed()

    def _changed(self) -> None:
        allow(self._run, possible=bool(self.model.ticked), reason=_("Zuerst mindestens ein Element ankreuzen."))

    def _show_details(self) -> None:
        row = self.table.current
        if row is None:
            self.details.tell()
        else:
            self.details.tell(*details_of(row), _status_of(row))
        self.places_list.show(self.model.places(row) if row else ())
        allow(self._again, possible=can_fetch(row), reason=_("Zuerst ein Element wählen, das schon heruntergeladen wurde."))

    # Installing

    def run_chosen(self) -> None:
        """Hands the ticked rows over to their installers, one after the other."""
        self._install(self.model.ticked)

    def _double_clicked(self, index: QModelIndex) -> None:
        row = self.list.row_at(index.row())
        if row is not None and can_run(row) and not self.is_busy:
            self._install((row,))

    def _install(self, rows: tuple[DownloadRow, ...]) -> None:
        """Tells first whom the chosen ones lock out; a person may still leave it."""
        if not rows:
            return
        downloads = self.context.agent.downloads
        self.run(
            lambda: [downloads.locked_out(*key_of(row)) for row in rows],
            lambda found: self._install_where_agreed(rows, found),
            busy=_("Die anderen Arbeitsplätze werden angesehen …"),
        )

    def _install_where_agreed(self, rows: tuple[DownloadRow, ...], found: list[LockedOut | None]) -> None:
        told = locked_out_text(found)
        if told is None or self.ask(*told, _("&Ausführen")):
            self._hand_over(rows, locks_out=told is not None)

    def _hand_over(self, rows: tuple[DownloadRow, ...], *, locks_out: bool) -> None:
        agent = self.context.agent
        by = agent.person
        self.run(
            lambda: hand_over_each(rows, lambda element, version: agent.downloads.install(element, version, by=by)),
            lambda ended: self._handed_over(ended, locks_out=locks_out),
            busy=_("Wird geprüft und gestartet …"),
            then=self.reload,
        )

    def _handed_over(self, ended: list[HandedOver], *, locks_out: bool) -> None:
        """Tells what became of each; what did not go well stays ticked."""
        sentences, good = outcome_sentences((result for _row, result in ended), locks_out=locks_out)
        title = _("Ausgeführt") if good else _("Nicht alles wurde installiert")
        self.banner.say(title, sentences, Status.SUCCESS if good else Status.WARNING)
        for handed, result in ended:
            if went_well(result):
                self.model.tick(handed, on=False)

    # Asking the portal

    def fetch_again(self) -> None:
        """Brings the file of the chosen row here once more."""
        row, agent = self.table.current, self.context.agent
        if row is None or self._checking:
            return
        self._begin_check(_("Die Datei wird geholt …"))
        self.run(lambda: agent.downloads.fetch(*key_of(row)), self._fetched, then=self._end_check)

    def _fetched(self, sentence: str) -> None:
        self.banner.say(_("Noch einmal herunterladen"), sentence, Status.SUCCESS)

    def check_now(self) -> None:
        """Runs the job *Download-Service* now; what it came to is told when it has ended."""
        if self._checking:
            return
        agent = self.context.agent
        self._begin_check(_("Portal wird geprüft …"))
        self.run(lambda: agent.jobs.run_now(JobKey.DOWNLOAD), self._checked, then=self._end_check)

    def _begin_check(self, told: str) -> None:
        self._checking = told
        self._check.setEnabled(False)
        self._again.setEnabled(False)
        self.clear_error()
        self._show_waiting()

    def _show_waiting(self) -> None:
        self.transfer.cancel.setEnabled(True)
        self.transfer.tell(self._checking)

    def _checked(self, run: Run) -> None:
        self.banner.say(state_title(run.state), run.sentence, RUN_ICONS[run.state])

    def _end_check(self) -> None:
        self._checking = ""
        self._check.setEnabled(True)
        self._show_details()
        self.transfer.hide()
        self.reload()

    def cancel_transfer(self) -> None:
        """Asks the run that transfers to stop; what is there of a file is kept for the next time."""
        agent = self.context.agent
        self.transfer.cancel.setEnabled(False)
        self.run(lambda: _stop(agent), lambda _asked: None)

    # Progress

    def _follow(self, progress: DownloadProgress) -> None:
        self._stop_following = progress.listen(lambda: self.context.background.post(lambda: self._progressed(progress.snapshot())))
        self._progressed(progress.snapshot())

    def _progressed(self, now: Progress) -> None:
        under_way = now.total > 0 and now.done < now.total
        if not under_way:
            self._transferred()
        else:
            if self.transfer.isHidden():
                self.transfer.cancel.setEnabled(True)
            self.transfer.tell(progress_text(now), now.done / now.total)

    def _transferred(self) -> None:
        if self._checking:
            self._show_waiting()
        elif not self.transfer.isHidden():
            self.transfer.hide()
            self.reload()

    def done(self, result: int) -> None:
        """Ends the window; stops listening to the transfers."""
        self._stop_following()
        self._stop_following = lambda: None
        super().done(result)


def _title(row: DownloadRow) -> str:
    return row.signed.title


def _status_of(row: DownloadRow) -> Status:
    if row.recall is not None:
        return Status.ERROR
    if row.is_missing:
        return Status.WARNING
    return STATE_ICONS[DownloadState.NEW if row.is_coming else row.state]


def _stop(agent: Agent) -> None:
    agent.downloads.stop_fetching()
    running = next(job.running for job in agent.jobs.overview() if job.key is JobKey.DOWNLOAD)
    if running is not None:
        agent.jobs.cancel(running.run_id)
