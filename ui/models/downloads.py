"""The window *Downloads…*: what is here, what is ticked, what a row says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from zoneinfo import ZoneInfo

from tray_agent.downloads.errors import InstallRefusedError
from tray_agent.downloads.lockout import LockedOut
from tray_agent.downloads.model import DownloadRow, DownloadState, FileKind, InstallResult
from tray_agent.downloads.words import format_size, recall_sentence
from tray_agent.downloads.workstations import Place, places_of
from tray_agent.errors import KnownError
from tray_agent.i18n import N_, _, format_date, join_texts, ngettext
from ui.models.ticked_rows import TickedRows

_STATE_SENTENCES = {
    DownloadState.NEW: N_("Wird von selbst heruntergeladen und geprüft."),
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
    if row.recall is not None:
        return recall_sentence(row.recall, row.signed.name)
    if row.is_missing:
        return _("Die Datei ist nicht mehr im Download-Ordner; sie wird von selbst neu geholt.")
    if row.is_coming and row.state is not DownloadState.NEW:
        names = [place.workstation for place in row.download.elsewhere if place.file_time is not None]
        there = _("Auf {workstation} ist die Datei da.").format(workstation=", ".join(names)) if names else ""
        return join_texts(there, _("Auf diesen Arbeitsplatz kommt sie von selbst."))
    code, failed, cleared = row.download.exit_code, "", ""
    if row.state is DownloadState.OFFERED and code:
        failed = _("Der letzte Versuch endete ohne Erfolg (Code {code}).").format(code=code)
    if not row.present and row.state is not DownloadState.NEW:
        cleared = _("Ihre Datei ist nicht mehr im Download-Ordner.")
    return join_texts(_(_STATE_SENTENCES[row.state]), failed, cleared)


def can_fetch(row: DownloadRow | None) -> bool:
    """Returns whether a row's file can be had once more."""
    return row is not None and row.state is not DownloadState.NEW


def file_words(place: Place, row: DownloadRow, zone: ZoneInfo) -> str:
    """Returns what is told of a version's file on a workstation; of this one, it was looked at now."""
    if place.is_here and not row.present:
        return _("fehlt") if row.is_missing else ""
    verified_at = place.file.verified_at if place.file else None
    if not place.has_file or verified_at is None:
        return _("da") if place.is_here and row.present else ""
    return _("da, geprüft {date}").format(date=format_date(verified_at.astimezone(zone).date()))


def can_run(row: DownloadRow) -> bool:
    """Returns whether a row can be ticked and run."""
    return row.state is not DownloadState.NEW and row.present and row.recall is None


def hint_of(row: DownloadRow) -> str:
    """Returns what the column *Hinweis* says."""
    if row.recall is not None:
        return _("nicht installieren")
    urgent = _("dringend") if row.critical and row.state is DownloadState.OFFERED else ""
    shown = _("Datei wird angezeigt") if row.signed.kind is FileKind.FILE else ""
    return join_texts(urgent, _("vitomed danach neu starten") if row.signed.restart else shown, separator=", ")


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
    """The rows and which of them are ticked to be run.

    Args:
        own: the name of this workstation.

    Attributes:
        names: the workstations whose agents are known.
    """

    def __init__(self, own: str = "") -> None:
        super().__init__(key_of, can_run)
        self.names: tuple[str, ...] = ()
        self._own = own

    def places(self, row: DownloadRow) -> tuple[Place, ...]:
        """Returns what is known of a row's version on each workstation, this one first."""
        return places_of(row.download, [one.download for one in self.rows], self.names, self._own)

    @property
    def has_others(self) -> bool:
        """Returns whether any other workstation is known."""
        return any(len(self.places(row)) > 1 for row in self.rows)

    @property
    def headline(self) -> str:
        """Returns what a person should know first."""
        waiting = sum(row.state is DownloadState.OFFERED and can_run(row) for row in self.rows)
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


def outcome_sentences(ended: Iterable[InstallResult | KnownError], *, locks_out: bool = False) -> tuple[str, bool]:
    """Returns what the hand-overs came to, one sentence a line, and whether all went well.

    Args:
        ended: what each came to.
        locks_out: whether one of them locks other workstations out.
    """
    results = tuple(ended)
    lines = [str(result) if isinstance(result, KnownError) else result.sentence for result in results]
    if any(isinstance(result, InstallResult) and result.restart_practice_software for result in results):
        lines.append(_("Bitte vitomed auf allen Arbeitsplätzen schliessen und neu starten."))
    if locks_out and any(map(went_well, results)):
        lines.append(_("Die anderen Arbeitsplätze bleiben ausgesperrt, bis das Update auch dort installiert ist."))
    return "\n".join(lines), all(went_well(result) for result in results)


def locked_out_text(found: Iterable[LockedOut | None]) -> tuple[str, str] | None:
    """Returns the question before chosen downloads are started that lock others out, and whom they do; None: nobody."""
    told = [one for one in found if one is not None]
    if not told:
        return None
    question = _("Ausführen und andere Arbeitsplätze aussperren?")
    return question, "\n".join(line for one in told for line in (one.sentence, one.names))


def went_well(ended: InstallResult | KnownError) -> bool:
    """Returns whether a hand-over came to what the person wanted."""
    return isinstance(ended, InstallResult) and ended.outcome.went_well
