"""The states of a downloaded version, and which may follow which."""

from __future__ import annotations

from enum import StrEnum


class DownloadState(StrEnum):
    """What became of one version of an element (practice-wide)."""

    NEW = "new"
    """Seen on the portal and wanted; not complete here yet."""

    OFFERED = "offered"
    """Downloaded and verified; waits for a person."""

    STARTED = "started"
    """A person started the installation, or was shown the file; how it ended is unknown."""

    INSTALLED = "installed"
    """The installation ended with success."""

    SUPERSEDED = "superseded"
    """A newer version took its place."""


_EVER = {DownloadState.STARTED, DownloadState.INSTALLED}
_MAY_FOLLOW = {
    DownloadState.NEW: {DownloadState.OFFERED, DownloadState.SUPERSEDED},
    DownloadState.OFFERED: {DownloadState.NEW, DownloadState.SUPERSEDED, *_EVER},
    DownloadState.STARTED: {DownloadState.NEW, DownloadState.OFFERED, DownloadState.SUPERSEDED, *_EVER},
    DownloadState.INSTALLED: {DownloadState.NEW, DownloadState.SUPERSEDED, *_EVER},
    DownloadState.SUPERSEDED: {DownloadState.NEW, *_EVER},
}


def may_follow(state: DownloadState, following: DownloadState) -> bool:
    """Returns whether ``following`` may come after ``state``.

    ``NEW`` again: the file vanished or changed, or the vendor signed another file under the same version.
    ``OFFERED`` after ``STARTED``: the person closed the installer, or it failed. ``STARTED`` after ``SUPERSEDED``: a person may go back
    to an older version that was kept.
    """
    return following in _MAY_FOLLOW[state]


def predecessors(state: DownloadState) -> frozenset[DownloadState]:
    """Returns the states after which ``state`` may come."""
    return frozenset(before for before in DownloadState if may_follow(before, state))
