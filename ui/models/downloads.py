"""The window *Downloads…*: what is here, what is ticked, what a row says."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tray_agent.downloads.errors import InstallRefusedError
from tray_agent.downloads.model import DownloadState, FileKind, InstallResult
from tray_agent.downloads.service import DownloadRow
from tray_agent.downloads.words import format_size
from tray_agent.errors import KnownError
from tray_agent.i18n import N_, _, format_date, join_texts, ngettext
from ui.models.ticked_rows import TickedRows

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
    return row.signed.element, str(row.signed.version)


def state_sentence(row: DownloadRow) -> str:
    """Returns a row's state as a sentence."""
    if row.is_missing:
        return _("Die Datei ist nicht mehr im Download-Ordner; beim nächsten Lauf wird sie neu geholt.")
    code, failed, cleared = row.download.exit_code, "", ""
    if row.state is DownloadState.OFFERED and code:
        failed = _("Der letzte Versuch endete ohne Erfolg (Code {code}).").format(code=code)
    if not row.present and row.state is not DownloadState.NEW:
        cleared = _("Ihre Datei ist nicht mehr im Download-Ordner.")
    return join_texts(_(_STATE_SENTENCES[row.state]), failed, cleared)


def can_run(row: DownloadRow) -> bool:
    """Returns whether a row can be ticked and run."""
    return row.state is not DownloadState.NEW and row.present


def hint_of(row: DownloadRow) -> str:
    """Returns what the column *Hinweis* says."""
    if row.signed.restart:
        return _("vitomed danach neu starten")
    return _("Datei wird angezeigt") if row.signed.kind is FileKind.FILE else ""


def details_of(row: DownloadRow) -> tuple[str, tuple[str, ...]]:
    """Returns the title and the paragraphs that are told about a row below the table."""
    signed = row.signed
    needs = _("Nötig ist vitomed {version} oder neuer.").format(version=signed.needs) if signed.needs else ""
    restart = _("Für die Installation muss vitomed geschlossen und danach neu gestartet werden.") if signed.restart else ""
    file = _("Datei: {name}, {size}, erschienen am {date}.").format(
        name=signed.file_name, size=format_size(signed.size), date=format_date(signed.released)
    )
    title = _("{title}, Version {version}").format(title=signed.title, version=signed.version)
    return title, tuple(part for part in (state_sentence(row), signed.notes, restart, needs, file) if part)


class DownloadsModel(TickedRows[DownloadRow]):
    """The rows and which of them are ticked to be run."""

    def __init__(self) -> None:
        super().__init__(key_of, can_run)

    @property
    def headline(self) -> str:
        """Returns what a person should know first."""
        waiting = sum(row.state is DownloadState.OFFERED and row.present for row in self.rows)
        if not waiting:
            return _("Keine neuen Downloads.")
        sentence = ngettext(
            "{number} neuer Download ist bereit: ankreuzen und «Ausführen» klicken.",
            "{number} neue Downloads sind bereit: ankreuzen und «Ausführen» klicken.",
            waiting,
        )
        return sentence.format(number=waiting)


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
    return isinstance(ended, InstallResult) and ended.outcome.went_well
