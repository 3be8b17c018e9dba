"""The words of downloads: states, sizes and durations as people read them, the same in windows and on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tray_agent.downloads.lockout import line_text
from tray_agent.downloads.model import DownloadState
from tray_agent.i18n import N_, _, format_date, format_datetime, format_number, format_time, ngettext

if TYPE_CHECKING:
    from datetime import datetime

    from tray_agent.downloads.lockout import LeftBehind
    from tray_agent.downloads.model import DownloadRow, Recall
    from tray_agent.downloads.progress import Progress

_STATES = {
    DownloadState.NEW: N_("wird heruntergeladen"),
    DownloadState.OFFERED: N_("bereit"),
    DownloadState.STARTED: N_("gestartet"),
    DownloadState.INSTALLED: N_("installiert"),
    DownloadState.SUPERSEDED: N_("ersetzt"),
}


def recall_sentence(recall: Recall, name: str) -> str:
    """Returns that a version was called back, since when and why, with the vendor's own words at the end."""
    return _("{name} ist vom Hersteller zurückgerufen seit {date}: {reason}").format(
        name=name, date=format_date(recall.day), reason=recall.reason if recall.reason.endswith((".", "!", "?")) else f"{recall.reason}."
    )


def word_of(row: DownloadRow) -> str:
    """Returns the word for a row of the window *Downloads…*."""
    if row.recall is not None:
        return _("zurückgerufen")
    return state_word(DownloadState.NEW if row.is_coming else row.state, file_is_missing=row.is_missing)


def state_word(state: DownloadState | None, *, file_is_missing: bool = False) -> str:
    """Returns the word for what became of a version; "" for one that was never wanted.

    Args:
        state: its state, or None.
        file_is_missing: whether its file should be in this workstation's download folder and is not.
    """
    if file_is_missing:
        return _("Datei fehlt")
    return _(_STATES[state]) if state else ""


def left_behind_sentence(left: LeftBehind, now: datetime) -> str:
    """Returns what a workstation is told that has not followed an update.

    Args:
        left: who works with what, since when.
        now: the present instant, in the practice's time zone.
    """
    follow = _("dieser Arbeitsplatz bleibt ausgesperrt, bis das Update auch hier installiert ist")
    words = {"workstation": left.workstation, "version": line_text(left.line), "follow": follow}
    if left.since is None:
        return _("{workstation} arbeitet mit {version}; {follow}.").format(**words)
    since = left.since.astimezone(now.tzinfo)
    if since.date() == now.date():
        return _("{workstation} arbeitet seit {time} mit {version}; {follow}.").format(**words, time=format_time(since))
    return _("{workstation} arbeitet seit {date} mit {version}; {follow}.").format(**words, date=format_datetime(since))


def format_size(count: int) -> str:
    """Returns a number of bytes in decimal units, as the file window shows it: 31.5 MB."""
    for words, factor in ((_("{size} GB"), 1_000_000_000), (_("{size} MB"), 1_000_000), (_("{size} KB"), 1_000)):
        if count >= factor:
            return words.format(size=format_number(round(count / factor, 1 if count < 100 * factor else 0)))
    return _("{count} Bytes").format(count=count)


def format_time_left(seconds: float | None) -> str:
    """Returns the time left: "noch 3 Min.", "noch 20 Sek.", or "" where it is unknown."""
    if seconds is None:
        return ""
    if seconds >= 3600:
        return _("noch {hours} Std. {minutes} Min.").format(hours=int(seconds // 3600), minutes=int(seconds % 3600 // 60))
    if seconds >= 90:
        return _("noch {minutes} Min.").format(minutes=round(seconds / 60))
    return _("noch {seconds} Sek.").format(seconds=max(1, round(seconds)))


def rate_and_duration(rate: float, seconds: float) -> str:
    """Returns how fast something is and how long it would take: "3 KB/s, noch 44 Stunden"."""
    hours = round(seconds / 3600)
    if hours >= 48:
        duration = _("noch {days} Tage").format(days=format_number(round(hours / 24)))
    else:
        duration = ngettext("noch {hours} Stunde", "noch {hours} Stunden", max(1, hours)).format(hours=max(1, hours))
    return ", ".join((_("{size}/s").format(size=format_size(round(rate))), duration))


def progress_text(progress: Progress) -> str:
    """Returns how far the transfers are: "3.1 MB von 30 MB, 2.4 MB/s, noch 12 Sek."."""
    parts = [_("{done} von {total}").format(done=format_size(progress.done), total=format_size(progress.total))]
    if progress.rate:
        parts.append(_("{size}/s").format(size=format_size(round(progress.rate))))
    return ", ".join(part for part in (*parts, format_time_left(progress.seconds_left)) if part)
