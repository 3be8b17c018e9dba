"""The hand-over to an installer: never automatic; verified again, signature checked, started because a person said so."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tray_agent.downloads import report
from tray_agent.downloads.download_rows import DownloadRows
from tray_agent.downloads.errors import InstallRefusedError
from tray_agent.downloads.library import Library
from tray_agent.downloads.model import (
    Download,
    DownloadState,
    ElementVersion,
    FileKind,
    InstallOutcome,
    InstallResult,
    Recall,
    Scope,
    Starter,
    Version,
)
from tray_agent.downloads.partial import file_time, taken
from tray_agent.downloads.words import recall_sentence
from tray_agent.file_faults import why_of
from tray_agent.i18n import N_, _, join_texts
from tray_agent.platforms.files import held
from tray_agent.platforms.locks import LockedError, locked
from tray_agent.platforms.private_folder import private_folder
from tray_agent.platforms.signature import Signature, SignatureReader, SignatureState
from tray_agent.protocol.model import Activity

_EXIT_CODES = {
    None: InstallOutcome.STARTED,
    0: InstallOutcome.INSTALLED,
    3010: InstallOutcome.RESTART_NEEDED,  # msiexec's, and of programs (.exe) that install with it, as 1641
    1641: InstallOutcome.RESTART_NEEDED,
    1602: InstallOutcome.CANCELLED,  # msiexec: the person closed it
    1223: InstallOutcome.CANCELLED,  # the shell: the person declined the elevation
}
"""Source: Windows' system error codes; any other number of a ``.exe`` is the vendor's own."""

_MSI_BUSY = 1618

BETWEEN_NAMES = ";"
"""What stands between several names in the configuration."""

_SIGNATURE_REFUSALS = {
    SignatureState.BROKEN: N_("Windows erklärt die Unterschrift der Datei für ungültig (Herausgeber: {publisher})."),
    SignatureState.UNTRUSTED: N_("Windows erklärt die Unterschrift der Datei für ungültig (Herausgeber: {publisher})."),
    SignatureState.UNSIGNED: N_("Die Datei ist von keinem Herausgeber unterschrieben; erwartet wird {expected}."),
    SignatureState.VALID: N_("Die Datei ist von {publisher} unterschrieben; erwartet wird {expected}."),
}
"""A wrong signature always stops an installation; a missing one, or another publisher, where somebody said who it must be."""


@dataclass(frozen=True, slots=True)
class Installation:
    """Hands downloads over to their installers and notes what became of it.

    Attributes:
        rows: where states are.
        library: where files are.
        starter: starts and shows files on this system.
        signatures: reads who signed a file on this system.
        log: writes rows to the activity log.
        private: where fresh folders are made from which installers start: one beside which nobody else can put anything.
        publishers: who may have signed an installer, as the configuration here says; empty: what the portal prescribes holds alone.
        practice_version: asked for the version of the practice software here; None where it is not known.
        recall_now: asked whether the vendor has called a version back, right before it is handed over.
    """

    rows: DownloadRows
    library: Library
    starter: Starter
    signatures: SignatureReader
    log: Callable[[Sequence[Activity]], None]
    private: Path
    publishers: tuple[str, ...] = ()
    practice_version: Callable[[], Version | None] = lambda: None
    recall_now: Callable[[ElementVersion], Recall | None] = lambda _version: None

    def hand_over(self, download: Download, by: str, *, despite_recall: bool = False) -> InstallResult:
        """Verifies a file again, checks who signed it, starts it, waits for its end, and notes how it ended.

        An installer starts from a copy in a fresh folder that only this user may write to: what else lies in the download folder, which
        others may write to, is none of its business (Windows looks for libraries beside a program first). On Windows the copy is held
        all the while. Other files are shown in the download folder, whatever they are: nothing opens them.

        Args:
            download: a version that is here.
            by: the person and workstation, for the record.
            despite_recall: whether a person wants it although the vendor called it back.

        Raises:
            InstallRefusedError: nothing was started: the file is missing, changed, not signed as it must be, or needs a newer
                version of the practice software.
        """
        try:
            self._check_practice_software(download)
            if not despite_recall:
                self._check_recall(download)
            if download.signed.kind is FileKind.FILE:
                with self._held(download):
                    self._check(download)
                    return self._show(download, by)
            with self._only_one(download), self._copied(download) as copy:
                return self._start(download, copy, self._check_signature(download, copy), by)
        except InstallRefusedError as error:
            self.log([report.failed(download.signed, error)])
            raise

    def _check_recall(self, download: Download) -> None:
        recall = self.recall_now(download.signed)
        if recall is not None:
            raise self._refused(
                download,
                recall_sentence(recall, download.signed.name),
                _("Diese Version nicht installieren, auch nicht von Hand; auf eine neue warten oder den Hersteller fragen."),
            )

    def _check_practice_software(self, download: Download) -> None:
        installed, needed = self.practice_version(), download.signed.needs
        if needed is not None and installed is not None and installed < needed:
            raise self._refused(
                download,
                _("Nötig ist vitomed {needed} oder neuer; auf diesem Arbeitsplatz ist {installed}.").format(
                    needed=needed, installed=installed
                ),
                _("Zuerst vitomed aktualisieren, danach diesen Download erneut ausführen."),
            )

    @contextmanager
    def _held(self, download: Download) -> Iterator[None]:
        if download.state is DownloadState.NEW:
            raise self._refused(download, _("Die Datei ist noch nicht heruntergeladen."))
        with ExitStack() as holding:
            with self._reading(download):
                holding.enter_context(held(self.library.place_of(download.signed)))
            yield

    @contextmanager
    def _reading(self, download: Download) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            raise self._refused(download, _("Die Datei fehlt im Download-Ordner dieses Arbeitsplatzes.")) from error
        except OSError as error:
            raise self._refused(
                download,
                _("Die Datei kann nicht gelesen werden ({why}).").format(why=why_of(error)),
                _("Verbindung zum Download-Ordner und Rechte prüfen, dann erneut ausführen."),
            ) from error

    @contextmanager
    def _only_one(self, download: Download) -> Iterator[None]:
        """Keeps an installation from being started again while it runs: here, and where it counts for all in their shared folder."""
        signed = download.signed
        with ExitStack() as holding:
            try:
                with self._reading(download):
                    self.private.mkdir(parents=True, exist_ok=True)
                    holding.enter_context(locked(self.private / f"{signed.element}.lock"))
                    if signed.scope is Scope.PRACTICE:
                        with suppress(PermissionError):  # who may only read that folder can't be told of
                            holding.enter_context(taken(self.library.place_of(signed), signed.size, signed.hashes, self.library.folder))
            except LockedError as error:
                raise self._refused(
                    download,
                    _("Die Installation ist schon gestartet und noch nicht zu Ende."),
                    _("Sie zu Ende führen oder abbrechen, dann erneut ausführen."),
                ) from error
            yield

    @contextmanager
    def _copied(self, download: Download) -> Iterator[Path]:
        """Gives a verified copy where nobody else can exchange it, or put anything beside it."""
        with ExitStack() as holding:
            holding.enter_context(self._held(download))  # before it is checked: nobody is blamed who did not change it
            self._check(download)
            with self._reading(download):
                copy = holding.enter_context(private_folder(self.private)) / download.signed.file_name
                genuine = self.library.copy(download.signed, copy)
                if genuine:
                    holding.enter_context(held(copy))
            if not genuine:
                raise self._changed(download)
            yield copy

    def _check(self, download: Download) -> None:
        with self._reading(download):
            genuine = self.library.verify(download.signed)
            if file_time(self.library.place_of(download.signed)) is None:
                raise FileNotFoundError
        if not genuine:
            if download.should_be_here:  # it is brought again by itself; the other workstations' files are none of its business
                self.rows.database.transact(lambda connection: self.rows.note_file(connection, download.signed, None))
            raise self._changed(download)

    def _changed(self, download: Download) -> InstallRefusedError:
        return self._refused(download, _("Die Datei ist nicht mehr die, die heruntergeladen wurde."))

    def _check_signature(self, download: Download, copy: Path) -> Signature:
        try:
            signature = self.signatures.read(copy)
        except OSError as error:
            raise self._refused(download, _("Die Unterschrift der Datei kann nicht gelesen werden ({why}).").format(why=error)) from error
        why = objection(signature, download.signed.publisher, self.publishers)
        if why:
            raise self._refused(
                download,
                why,
                _("Die Datei nicht von Hand starten. Internetverbindung prüfen, es noch einmal versuchen, dann den Hersteller fragen."),
            )
        return signature

    def _show(self, download: Download, by: str) -> InstallResult:
        try:
            self.starter.show(self.library.place_of(download.signed))
        except OSError as error:
            raise self._not_started(download, error) from error
        return self._note(download, InstallOutcome.SHOWN, None, Signature(SignatureState.NOT_CHECKED), by)

    def _start(self, download: Download, copy: Path, signature: Signature, by: str) -> InstallResult:
        # Noted before it is started: were it noted after, a power cut in between would let others be offered what runs here already.
        # What is installed stays so, whatever becomes of another attempt, and however this one ends.
        if not (self._is_still(download) if _is_installed(download) else self._move(download, DownloadState.STARTED, None, by)):
            raise self._refused(download, _("Die Datei ist noch nicht heruntergeladen."))
        try:
            exit_code = self.starter.start(copy, download.signed.kind)
        except OSError as error:
            if _EXIT_CODES.get(getattr(error, "winerror", None)) is InstallOutcome.CANCELLED:
                return self._note(download, InstallOutcome.CANCELLED, None, signature, by)
            if not _is_installed(download):
                self._move(download, *_as_before(download), by)  # it never ran: it waits as before
            raise self._not_started(download, error) from error
        return self._note(download, outcome_of(exit_code), exit_code, signature, by)

    def _note(self, download: Download, outcome: InstallOutcome, exit_code: int | None, signature: Signature, by: str) -> InstallResult:
        if outcome.went_well or not _is_installed(download):
            self._move(download, _installed_after(download, outcome), exit_code, by)
        signed = download.signed
        restart = signed.restart and outcome.went_well
        sentence = _sentence(download, outcome, exit_code, signature)
        if restart:
            sentence = join_texts(sentence, _("vitomed muss geschlossen und neu gestartet werden, damit die Änderung wirkt."))
        self.log([report.handed_over(signed, outcome, sentence)])
        publisher = signature.publisher or ""
        return InstallResult(signed.element, str(signed.version), signed.title, outcome, exit_code, publisher, restart, sentence)

    def _move(self, download: Download, installed: DownloadState | None, exit_code: int | None, by: str) -> bool:
        note = partial(self.rows.hand_over, version=download.signed, installed=installed, by=by, exit_code=exit_code)
        return self.rows.database.transact(note)

    def _is_still(self, download: Download) -> bool:
        return self.rows.database.transact(partial(self.rows.is_still, version=download.signed))

    def _refused(self, download: Download, why: str, advice: str = "") -> InstallRefusedError:
        return InstallRefusedError(
            _("{name} nicht gestartet").format(name=download.signed.name),
            _("{why} Es wurde nichts installiert.").format(why=why),
            advice or _fetched_anew(download),
            item=download.signed.element,
        )

    def _not_started(self, download: Download, error: OSError) -> InstallRefusedError:
        return self._refused(
            download,
            _("Dieses Gerät kann die Datei nicht starten oder anzeigen ({why}).").format(why=why_of(error)),
            _("Die Datei an einem Windows-Arbeitsplatz ausführen; sie liegt in {folder}.").format(
                folder=self.library.place_of(download.signed).parent
            ),
        )


def _fetched_anew(download: Download) -> str:
    """Returns how a genuine file is had again: what is installed or was replaced is not fetched a second time."""
    if download.state in (DownloadState.INSTALLED, DownloadState.SUPERSEDED):
        return _("Diese Version wird nicht von selbst neu geholt. Unter «Downloads…» «Noch einmal herunterladen» wählen.")
    return _("Sie wird von selbst neu geholt und geprüft; «Noch einmal herunterladen» unter «Downloads…» holt sie sofort.")


def _as_before(download: Download) -> tuple[DownloadState | None, int | None]:
    """Returns what was known of a version's installation on this workstation before it was handed over, and its exit code."""
    return (download.here.installed, download.here.exit_code) if download.here else (None, None)


def _is_installed(download: Download) -> bool:
    return download.here is not None and download.here.installed is DownloadState.INSTALLED


def _installed_after(download: Download, outcome: InstallOutcome) -> DownloadState | None:
    """Returns what is known of an installation after an outcome: what was not installed waits for a person as before."""
    before, _code = _as_before(download)
    if outcome is InstallOutcome.FAILED and before is DownloadState.STARTED:
        return None
    if not outcome.went_well:
        return before
    return DownloadState.INSTALLED if outcome in (InstallOutcome.INSTALLED, InstallOutcome.RESTART_NEEDED) else DownloadState.STARTED


def outcome_of(exit_code: int | None) -> InstallOutcome:
    """Returns what an installer's exit code means; None: the system does not tell it."""
    return _EXIT_CODES.get(exit_code, InstallOutcome.FAILED)


_SENTENCES = {
    InstallOutcome.INSTALLED: N_("{name} wurde installiert."),
    InstallOutcome.RESTART_NEEDED: N_("{name} wurde installiert; Windows muss neu gestartet werden."),
    InstallOutcome.SHOWN: N_("Die Dateien von {name} werden angezeigt."),
    InstallOutcome.STARTED: N_("Die Installation von {name} wurde gestartet; wie sie endete, teilt Windows nicht mit."),
    InstallOutcome.CANCELLED: N_("Die Installation von {name} wurde abgebrochen; sie kann jederzeit neu gestartet werden."),
    InstallOutcome.FAILED: N_(
        "Die Installation von {name} ist fehlgeschlagen (Code {code}). Bitte erneut versuchen oder den Hersteller fragen."
    ),
}


def _sentence(download: Download, outcome: InstallOutcome, exit_code: int | None, signature: Signature) -> str:
    name = download.signed.name
    if exit_code == _MSI_BUSY:
        return _("{name} wurde nicht installiert: Windows führt gerade eine andere Installation aus. Danach erneut versuchen.").format(
            name=name
        )
    ended = _(_SENTENCES[outcome]).format(name=name, code=exit_code)
    if signature.state is SignatureState.UNSIGNED:
        return join_texts(ended, _("Kein Herausgeber hat die Datei unterschrieben; ihre Herkunft bestätigt allein das Portal."))
    return join_texts(ended, _("Herausgeber: {publisher}.").format(publisher=signature.publisher) if signature.publisher else "")


def names_of(text: str) -> tuple[str, ...]:
    """Returns the publishers that the configuration names; empty: what the portal prescribes holds alone."""
    return tuple(name.strip() for name in text.split(BETWEEN_NAMES) if name.strip())


def objection(signature: Signature, named: str, accepted: Collection[str]) -> str:
    """Returns why a file must not be started, in words, or "".

    Args:
        signature: what the system says of the file.
        named: the publisher whom the portal's signed metadata names, or "".
        accepted: the publishers whom the practice's configuration names; empty: any.
    """
    expectations: tuple[Collection[str], ...] = ((named,) if named else (), accepted)
    unmet = [names for names in expectations if names and not _is_among(signature.publisher, names)]
    if signature.state is SignatureState.NOT_CHECKED:
        return ""
    if signature.state in (SignatureState.VALID, SignatureState.UNSIGNED) and not unmet:
        return ""
    expected = " / ".join(unmet[0]) if unmet else ""
    return _(_SIGNATURE_REFUSALS[signature.state]).format(publisher=signature.publisher or _("unbekannt"), expected=expected)


def _is_among(publisher: str | None, names: Collection[str]) -> bool:
    return publisher is not None and _plain(publisher) in map(_plain, names)


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())
