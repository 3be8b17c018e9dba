"""The window *Downloads…*: what is here, what is ticked, what a row says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tray_agent.downloads.catalogue import FileKind
from tray_agent.downloads.errors import InstallRefusedError
from tray_agent.downloads.install import InstallOutcome, InstallResult
from tray_agent.downloads.progress import Progress
from tray_agent.downloads.service import DownloadRow
from tray_agent.downloads.sizes import format_size, format_time_left
from tray_agent.downloads.states import DownloadState
from tray_agent.errors import KnownError
from tray_agent.i18n import N_, _, format_date, ngettext

_STATES = {
    DownloadState.NEW: N_("wird heruntergeladen"),
    DownloadState.OFFERED: N_("bereit"),
    DownloadState.STARTED: N_("gestartet"),
    DownloadState.INSTALLED: N_("installiert"),
    DownloadState.SUPERSEDED: N_("ersetzt"),
}

_STATE_SENTENCES = {
    DownloadState.NEW: N_("Wird heruntergeladen und geprüft, sobald der Auftrag läuft."),
    DownloadState.OFFERED: N_("Heruntergeladen und geprüft; wartet darauf, dass jemand die Installation startet."),
    DownloadState.STARTED: N_("Die Installation wurde gestartet oder die Datei angezeigt."),
    DownloadState.INSTALLED: N_("Die Installation wurde mit Erfolg beendet."),
    DownloadState.SUPERSEDED: N_("Durch eine neuere Version ersetzt oder vom Hersteller zurückgezogen."),
}

Key = tuple[str, str]
"""Element and version."""

HandedOver = tuple[DownloadRow, InstallResult | KnownError]
"""A row, and what its hand-over came to."""


def key_of(row: DownloadRow) -> Key:
    """Returns what identifies a row."""
    return row.element, row.version


def state_word(row: DownloadRow) -> str:
    """Returns the word for a row's state."""
    return _("Datei fehlt") if is_missing(row) else _(_STATES[row.state])


def state_sentence(row: DownloadRow) -> str:
    """Returns a row's state as a sentence."""
    if is_missing(row):
        return _("Die Datei ist nicht mehr im Download-Ordner; beim nächsten Lauf wird sie neu geholt.")
    said = _(_STATE_SENTENCES[row.state])
    if row.state is DownloadState.OFFERED and row.exit_code:
        said += " " + _("Der letzte Versuch endete ohne Erfolg (Code {code}).").format(code=row.exit_code)
    return said if row.present or row.state is DownloadState.NEW else said + " " + _("Ihre Datei ist nicht mehr im Download-Ordner.")


def is_missing(row: DownloadRow) -> bool:
    """Returns whether the file should be here and is not: what is installed or was replaced may be cleared away."""
    return row.state in (DownloadState.OFFERED, DownloadState.STARTED) and not row.present


def can_run(row: DownloadRow) -> bool:
    """Returns whether a row can be ticked and run."""
    return row.state is not DownloadState.NEW and row.present


def hint_of(row: DownloadRow) -> str:
    """Returns what the column *Hinweis* says."""
    if row.restart:
        return _("vitomed danach neu starten")
    return _("Datei wird angezeigt") if row.kind is FileKind.FILE else ""


@dataclass(frozen=True, slots=True)
class Details:
    """What stands below the table about the chosen row: a title and paragraphs."""

    title: str
    paragraphs: tuple[str, ...]


def details_of(row: DownloadRow) -> Details:
    """Returns what is told about a row."""
    needs = _("Nötig ist vitomed {version} oder neuer.").format(version=row.needs) if row.needs else ""
    restart = _("Für die Installation muss vitomed geschlossen und danach neu gestartet werden.") if row.restart else ""
    file = _("Datei: {name}, {size}, erschienen am {date}.").format(
        name=row.file_name, size=format_size(row.size), date=format_date(row.released)
    )
    title = _("{title}, Version {version}").format(title=row.title, version=row.version)
    return Details(title, tuple(part for part in (state_sentence(row), row.notes, restart, needs, file) if part))


class DownloadsModel:
    """The rows and which of them are ticked; ticks stay when the rows are read anew."""

    def __init__(self) -> None:
        self.rows: tuple[DownloadRow, ...] = ()
        self._ticked: set[Key] = set()

    def show(self, rows: Sequence[DownloadRow]) -> None:
        """Takes the rows as they are now. At the first time nothing is ticked: a person chooses."""
        self.rows = tuple(rows)
        self._ticked &= {key_of(row) for row in rows if can_run(row)}

    def tick(self, row: DownloadRow, on: bool) -> None:
        """Ticks or unticks a row that can be run."""
        if on and can_run(row):
            self._ticked.add(key_of(row))
        else:
            self._ticked.discard(key_of(row))

    def is_ticked(self, row: DownloadRow) -> bool | None:
        """Returns whether a row is ticked; None where it can't be run."""
        return key_of(row) in self._ticked if can_run(row) else None

    @property
    def chosen(self) -> tuple[DownloadRow, ...]:
        """Returns the ticked rows, in the order shown."""
        return tuple(row for row in self.rows if key_of(row) in self._ticked)

    @property
    def headline(self) -> str:
        """Returns what a person should know first."""
        waiting = sum(row.state is DownloadState.OFFERED and row.present for row in self.rows)
        if not waiting:
            return _("Keine neuen Downloads.")
        said = ngettext(
            "{number} neuer Download ist bereit: ankreuzen und «Ausführen» klicken.",
            "{number} neue Downloads sind bereit: ankreuzen und «Ausführen» klicken.",
            waiting,
        )
        return said.format(number=waiting)


def hand_over_each(rows: Iterable[DownloadRow], install: Callable[[str, str], InstallResult]) -> list[HandedOver]:
    """Hands rows over one after the other. One that is refused does not stop the others; where nothing can be noted, it ends.

    Args:
        rows: what a person chose.
        install: the engine's hand-over of one element and version.

    Raises:
        KnownError: of the only row, or of the first where nothing was started yet.
    """
    ended: list[HandedOver] = []
    for row in rows:
        try:
            ended.append((row, install(*key_of(row))))
        except InstallRefusedError as error:
            ended.append((row, error))
        except KnownError as error:
            ended.append((row, error))
            break
    if len(ended) == 1 and isinstance(ended[0][1], KnownError):
        raise ended[0][1]
    return ended


def outcome_sentences(ended: Iterable[InstallResult | KnownError]) -> tuple[str, bool]:
    """Returns what the hand-overs came to, one sentence a line, and whether all went well."""
    results = tuple(ended)
    lines = [str(result) if isinstance(result, KnownError) else result.sentence for result in results]
    if any(isinstance(result, InstallResult) and result.restart_practice_software for result in results):
        lines.append(_("Bitte vitomed auf allen Arbeitsplätzen schliessen und neu starten."))
    return "\n".join(lines), all(went_well(result) for result in results)


def went_well(ended: InstallResult | KnownError) -> bool:
    """Returns whether a hand-over came to what the person wanted."""
    return isinstance(ended, InstallResult) and ended.outcome not in (InstallOutcome.FAILED, InstallOutcome.CANCELLED)


def progress_text(progress: Progress) -> str:
    """Returns how far the transfers are: "3.1 MB von 30 MB, 2.4 MB/s, noch 12 Sek."."""
    parts = [_("{done} von {total}").format(done=format_size(progress.done), total=format_size(progress.total))]
    if progress.rate:
        parts.append(_("{size}/s").format(size=format_size(round(progress.rate))))
    left = format_time_left(progress.seconds_left)
    return ", ".join([*parts, left] if left else parts)
