"""Sizes and durations as people read them."""

from __future__ import annotations

from tray_agent.i18n import _, format_number


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
