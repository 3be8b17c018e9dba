"""The download folder: where each version has its place, and whether what lies there is still what was signed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from enum import Enum, auto
from pathlib import Path

from tray_agent.downloads.errors import FolderUnavailableError
from tray_agent.downloads.model import Download, ElementVersion, Version
from tray_agent.downloads.names import check_element_key, check_file_name
from tray_agent.downloads.partial import BLOCK, NOTE, PART, beside, file_time, is_genuine, taken
from tray_agent.file_faults import why_of
from tray_agent.i18n import _
from tray_agent.platforms import files
from tray_agent.platforms.locks import LockedError
from tray_agent.platforms.pinned import open_plain, pinned

VERIFY_AGAIN = timedelta(days=7)
"""An unchanged file is hashed again after this time even if size and time of modification are the same."""


class FileState(Enum):
    """What is in a version's place."""

    GENUINE = auto()
    MISSING = auto()
    CHANGED = auto()


class Library:
    """The download folder of this workstation, or the one that all workstations share.

    A version's place is ``ELEMENT/VERSION/FILE``: two versions never share a name, and a person finds them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, element: str, version: Version, file_name: str) -> Path:
        """Returns where a version's file belongs: always below the folder.

        Raises:
            UnsafeNameError: a name breaks the strict rule.
        """
        check_file_name(file_name)
        return self.folder / check_element_key(element) / str(version) / file_name

    def place_of(self, version: ElementVersion) -> Path:
        """Returns where the file of a version belongs."""
        return self.place(version.element, version.version, version.file_name)

    def open(self) -> None:
        """Makes the folder where it is missing.

        Raises:
            FolderUnavailableError: it can't be reached or made.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FolderUnavailableError(
                _("Download-Ordner nicht erreichbar"),
                _("Der Ordner {folder} kann nicht geöffnet werden ({why}); nichts wurde heruntergeladen.").format(
                    folder=self.folder, why=why_of(error)
                ),
                _("Verbindung zum Laufwerk und Rechte prüfen; der nächste Lauf versucht es von selbst wieder."),
                item=str(self.folder),
            ) from error

    def is_present(self, version: ElementVersion) -> bool:
        """Returns whether a file of the right length is there; does not verify it."""
        try:
            return _long(self.place_of(version)).stat().st_size == version.size
        except OSError:
            return False

    def verify(self, version: ElementVersion, beat: Callable[[], None] = lambda: None) -> bool:
        """Returns whether the file is there with its signed length and hashes; reads the whole of it.

        Raises:
            OSError: it is there and can't be read.
        """
        try:
            with self._held(self.place_of(version)) as place:
                return is_genuine(place, version.size, version.hashes, beat)
        except (FileNotFoundError, NotADirectoryError):
            return False

    def copy(self, version: ElementVersion, target: Path) -> bool:
        """Copies a version's file, and returns whether the copy has the signed length and hashes.

        Args:
            version: which.
            target: a file that is not there yet, where nobody else may write.

        Raises:
            OSError: the file can't be read, or the copy not be written.
        """
        with (
            self._held(self.place_of(version)) as place,
            os.fdopen(open_plain(place), "rb") as source,
            Path(files.extended(target)).open("xb") as out,
        ):
            shutil.copyfileobj(source, out, BLOCK)
        return is_genuine(target, version.size, version.hashes)

    def examine(self, download: Download, now: datetime, beat: Callable[[], None] = lambda: None) -> tuple[FileState, int | None]:
        """Returns what is in a version's place, and the file's time where it was hashed for that.

        A file whose size and time are those of the last verification is hashed again only every ``VERIFY_AGAIN``.

        Raises:
            OSError: the folder does not answer.
        """
        modified = file_time(self.place_of(download.signed))
        if modified is None:
            return FileState.MISSING, None
        known = download.here
        recent = known is not None and known.verified_at is not None and now - known.verified_at < VERIFY_AGAIN
        if known is not None and recent and modified == known.file_time and self.is_present(download.signed):
            return FileState.GENUINE, None
        if self.verify(download.signed, beat):
            return FileState.GENUINE, modified
        return FileState.CHANGED, None

    def remove(self, version: ElementVersion) -> None:
        """Removes a version's file with what a transfer left of it, and its folder where that is empty then.

        Raises:
            OSError: a file is held open or can't be removed.
        """
        place = self.place_of(version)
        with suppress(FileNotFoundError), self._held(place) as held:
            files.remove(held)
        self._remove_partial(place)
        _remove_empty_folders(place)

    def remove_changed(self, version: ElementVersion, beat: Callable[[], None] = lambda: None) -> None:
        """Removes a version's file where it is still another than was signed, and nobody is bringing the right one now.

        Raises:
            OSError: it can't be read, or removed.
        """
        place = self.place_of(version)
        with suppress(LockedError), taken(place, version.size, version.hashes, self.folder) as partial:
            if not is_genuine(partial.destination, version.size, version.hashes, beat):
                files.remove(partial.destination)

    def remove_left_over(self, element: str, version: Version) -> None:
        """Removes what stands where the files of a version stood of which nothing else is known any more.

        Raises:
            OSError: a file is held open or can't be removed.
        """
        folder = self.folder / check_element_key(element) / str(version)
        for place in [file for file in _long(folder).glob("*") if self._is_place(folder / file.name)]:
            with suppress(FileNotFoundError), self._held(folder / place.name) as held:
                files.remove(held)
            self._remove_partial(folder / place.name)
            _remove_empty_folders(folder / place.name)

    def tidy(self, wanted: Iterable[ElementVersion]) -> int:
        """Removes what ended transfers left behind, except of versions that are still wanted; returns how many files.

        Only what stands where one of our files would stand: other programs also have files that end like this.
        """
        keep = {self.place_of(version) for version in wanted}
        leftovers = ((file, suffix) for suffix in (PART, NOTE) for file in self.folder.glob(f"*/*/*{suffix}"))
        places = {file.with_name(file.name.removesuffix(suffix)) for file, suffix in leftovers}
        return sum(self._remove_partial(place) for place in places - keep if self._is_place(place))

    @contextmanager
    def _held(self, place: Path) -> Iterator[Path]:
        """Gives the path of a place in its folder, which is held; what leads out of the download folder is refused."""
        with pinned(place.parent, self.folder) as folder:
            yield folder / place.name

    def _is_place(self, file: Path) -> bool:
        element, version, name = file.relative_to(self.folder).parts
        try:
            return self.place(element, Version.parse(version), name) == file
        except ValueError:
            return False

    def _remove_partial(self, place: Path) -> bool:
        """Removes partial file and note of a place, unless another is using them."""
        if not any(beside(place, suffix).exists() for suffix in (PART, NOTE)):
            return False
        try:
            with taken(place, 0, (), self.folder) as partial:  # only for its lock: who is fetching this file now keeps its bytes
                partial.discard()
        except (LockedError, OSError):
            return False
        _remove_empty_folders(place)
        return True


def _remove_empty_folders(place: Path) -> None:
    for folder in (place.parent, place.parent.parent):
        with suppress(OSError):  # another version is there, or somebody is in the folder
            _long(folder).rmdir()


def _long(path: Path) -> Path:
    """Returns a path that may be longer than Windows' programs usually take."""
    return Path(files.extended(path))
