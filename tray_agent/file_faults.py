"""Why a file or folder can't be used, in the language of the user instead of the system's English."""

from __future__ import annotations

import errno

from tray_agent.i18n import N_, _

_WHY = {
    errno.ENOENT: N_("Datei oder Ordner fehlt"),
    errno.ENOTDIR: N_("ein Teil des Pfades ist kein Ordner"),
    errno.EISDIR: N_("das ist ein Ordner"),
    errno.EEXIST: N_("gibt es schon"),
    errno.EACCES: N_("keine Berechtigung"),
    errno.EPERM: N_("keine Berechtigung"),
    errno.EROFS: N_("nur lesbar"),
    errno.ENOSPC: N_("kein Platz mehr"),
    errno.ENAMETOOLONG: N_("der Name ist zu lang"),
    errno.ENOEXEC: N_("hier gibt es kein Programm dafür"),
    errno.ELOOP: N_("an dieser Stelle liegt eine Verknüpfung auf etwas anderes"),
    errno.EMLINK: N_("die Datei hat noch einen zweiten Namen (harte Verknüpfung)"),
    errno.EIO: N_("das Gerät meldet einen Fehler"),
}


def why_of(error: OSError) -> str:
    """Returns why, in some words without a full stop ("keine Berechtigung"); what is rare in the system's own words."""
    known = _WHY.get(error.errno or 0)
    return _(known) if known else error.strerror or type(error).__name__
