"""The strict rule for names that come from the portal: nothing outside the download folder is ever written.

A name is accepted only if it means the same plain file on Windows, on a share and on Linux: ASCII letters, digits,
``.``, ``_`` and ``-``; no separators, no drive or stream (``:``), no device names (``CON``, ``COM1`` …, also with an
extension), no leading or trailing dot, a bounded length; and an extension that hides nothing (``bill.pdf.exe``).

Source: «Naming Files, Paths, and Namespaces» of the Windows documentation.
"""

from __future__ import annotations

import re

from tray_agent.downloads.model import FileKind
from tray_agent.i18n import N_

LONGEST_NAME = 100
LONGEST_TARGET = 255

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_FOLDER = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", re.ASCII)
_EXTENSION = re.compile(r"[A-Za-z0-9]{1,8}", re.ASCII)
_LIKE_AN_EXTENSION = re.compile(r"[A-Za-z][A-Za-z0-9]{0,4}", re.ASCII)

_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"} | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)

_KINDS = {"msi": FileKind.MSI, "exe": FileKind.EXE}

_NEVER_TEXT = (
    "appref-ms application bat chm cmd com cpl dll gadget hta inf ini jar jnlp job js jse lnk mht mhtml msc msh msp mst pif ps1 psm1 "
    "reg scf scr sct settingcontent-ms shb sys url vb vbe vbs vhd vhdx website ws wsc wsf wsh xll part resume new tmp crdownload"
)
_NEVER = frozenset(_NEVER_TEXT.split())
"""Extensions that Windows runs or opens with more rights than a document, and those of our own partial files."""


class UnsafeNameError(ValueError):
    """A name that is refused; its text says why, in a word or two to be translated."""


def check_element_key(key: str) -> str:
    """Returns an element's key: 1 to 64 of ``a-z 0-9 -``, no device name; it also names the element's folder.

    Raises:
        UnsafeNameError: it is something else.
    """
    if not _KEY.fullmatch(key):
        raise UnsafeNameError(N_("Zeichen oder Länge"))
    if key in _DEVICES:
        raise UnsafeNameError(N_("Gerätename von Windows"))
    return key


def check_file_name(name: str) -> FileKind:
    """Returns how a file of this name is started.

    Raises:
        UnsafeNameError: the name breaks the rule of this module.
    """
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise UnsafeNameError(N_("Zeichen oder Länge"))
    # Windows sees a device in the part before the first dot, whatever follows: «con.zip» and «aux.2.zip» are none of ours.
    stem, *middle, extension = name.lower().split(".") if "." in name else (name.lower(), "")
    if stem in _DEVICES:
        raise UnsafeNameError(N_("Gerätename von Windows"))
    if not _EXTENSION.fullmatch(extension) or extension in _NEVER:
        raise UnsafeNameError(N_("Endung"))
    if any(not part or _LIKE_AN_EXTENSION.fullmatch(part) for part in middle):
        raise UnsafeNameError(N_("versteckte Endung"))
    return _KINDS.get(extension, FileKind.FILE)


def file_name_of(target: str) -> str:
    """Returns the file name at the end of a target's path.

    Raises:
        UnsafeNameError: the path is absolute, climbs, is too long, or holds anything but plain names.
    """
    if len(target) > LONGEST_TARGET:
        raise UnsafeNameError(N_("Länge"))
    *folders, name = target.split("/")
    if not all(_FOLDER.fullmatch(folder) and not folder.endswith(".") for folder in folders):
        raise UnsafeNameError(N_("Pfad"))
    check_file_name(name)
    return name
