"""The XDG autostart file (Desktop Application Autostart Specification 0.5)."""

from __future__ import annotations

import configparser
import os
from pathlib import Path

import platformdirs

from tray_agent.i18n import _
from tray_agent.platforms.errors import PlatformError
from tray_agent.platforms.files import write_whole

_RESERVED = set(" \t\n\"'\\><~|&;$*?#()`")


class XdgAutostart:
    """A ``.desktop`` file in the user's autostart folder.

    Args:
        command: the program and its arguments.
        name: the entry's name, also the file's.
        folder: where the file goes; the user's autostart folder by default.
    """

    def __init__(self, command: tuple[str, ...], name: str, folder: Path | None = None) -> None:
        self._command = command
        self._name = name
        self.file = (folder or Path(platformdirs.user_config_dir()) / "autostart") / f"{name.lower()}.desktop"

    def is_enabled(self) -> bool:
        """Returns whether the file is there, names this command and is not hidden."""
        entry = _shown_entry(self.file)
        return entry is not None and entry.get("Exec") == exec_line(self._command)

    def is_enabled_for_all(self) -> bool:
        """Returns whether a file of the same name stands in an autostart folder of the system; the person's own replaces it."""
        if self.file.exists():
            return False
        folders = os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
        return any(_shown_entry(Path(folder) / "autostart" / self.file.name) for folder in folders.split(os.pathsep) if folder)

    def enable(self) -> None:
        """Writes the file.

        Raises:
            PlatformError: the folder can't be written.
        """
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.file, self._text().encode())
        except OSError as error:
            raise self._refused(error) from error

    def disable(self) -> None:
        """Removes the file.

        Raises:
            PlatformError: the folder can't be written.
        """
        try:
            self.file.unlink(missing_ok=True)
        except OSError as error:
            raise self._refused(error) from error

    def _text(self) -> str:
        return (
            "[Desktop Entry]\nType=Application\nVersion=1.0\n"
            f"Name={self._name}\nExec={exec_line(self._command)}\n"
            "Terminal=false\nX-GNOME-Autostart-enabled=true\n"
        )

    def _refused(self, error: OSError) -> PlatformError:
        return PlatformError(
            _("Autostart nicht geändert"),
            _("Die Datei {file} kann nicht geschrieben werden: {why}.").format(file=self.file, why=error.strerror),
            _("Rechte des Ordners prüfen."),
            item=str(self.file),
        )


def _shown_entry(file: Path) -> dict[str, str] | None:
    """Returns the values of an autostart file, or None where it is none or is hidden, which is how desktops switch it off."""
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys of desktop files tell capitals apart
    try:
        parser.read_string(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return None
    entry = dict(parser.items("Desktop Entry")) if parser.has_section("Desktop Entry") else {}
    return entry if entry and entry.get("Hidden", "false") != "true" else None


def exec_line(command: tuple[str, ...]) -> str:
    """Returns a command as the value of ``Exec`` (Desktop Entry Specification, "The Exec key")."""
    return " ".join(_exec_word(word) for word in command)


def _exec_word(word: str) -> str:
    """Quotes one argument: first by the rules of Exec, then by those of every string value; ``%`` is doubled."""
    word = word.replace("%", "%%")
    if word and not _RESERVED & set(word):
        return word
    for sign in '\\"`$':
        word = word.replace(sign, f"\\{sign}")
    return '"' + word.replace("\\", "\\\\") + '"'
