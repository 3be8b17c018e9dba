"""Whom an update of the practice software locks out: only workstations on the same major.minor may use the installation. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tray_agent.downloads.model import Download, DownloadState, ElementVersion, OnWorkstation
from tray_agent.i18n import _, ngettext

Line = tuple[int, int]
"""Major and minor of the practice software."""

Fleet = Mapping[str, Line | None]
"""With what each known workstation works, as it told; None: it did not tell."""

_LINE = re.compile(r"(\d{1,6})\.(\d{1,6})(?:\.|$)", re.ASCII)


def line_of(text: str) -> Line | None:
    """Returns major and minor of a version as a workstation tells it, or None."""
    match = _LINE.match(text)
    return (int(match[1]), int(match[2])) if match else None


def line_text(line: Line) -> str:
    """Returns major and minor as the vendor writes them: 2.69."""
    return f"{line[0]}.{line[1]}"


@dataclass(frozen=True, slots=True)
class LockedOut:
    """Whom the installation of a version locks out, as far as it is known.

    Attributes:
        line: what it brings the installation to.
        behind: the workstations on another line, by name.
        unknown: the workstations of which nothing is known.
    """

    line: Line
    behind: Mapping[str, Line]
    unknown: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Returns what is known: "3 Arbeitsplätze melden 2.68 und bleiben ausgesperrt, bis sie folgen; von 2 ist nichts bekannt."."""
        return f"{'; '.join(self._parts())}."

    def _parts(self) -> Iterator[str]:
        for line, number in sorted(Counter(self.behind.values()).items()):
            yield ngettext(
                "{number} Arbeitsplatz meldet {version} und bleibt ausgesperrt, bis er folgt",
                "{number} Arbeitsplätze melden {version} und bleiben ausgesperrt, bis sie folgen",
                number,
            ).format(number=number, version=line_text(line))
        number = len(self.unknown)
        if number and self.behind:
            yield ngettext("von {number} ist nichts bekannt", "von {number} ist nichts bekannt", number).format(number=number)
        elif number:
            yield ngettext(
                "Von {number} anderen Arbeitsplatz ist nicht bekannt, mit welcher Version er arbeitet",
                "Von {number} anderen Arbeitsplätzen ist nicht bekannt, mit welcher Version sie arbeiten",
                number,
            ).format(number=number)

    @property
    def names(self) -> str:
        """Returns the workstations by name, and what follows for them."""
        names = [f"{name} ({line_text(line)})" for name, line in sorted(self.behind.items())]
        names += [_("{name} (nicht bekannt)").format(name=name) for name in self.unknown]
        return _("Danach arbeiten nur Arbeitsplätze mit {version}. Es betrifft: {names}.").format(
            version=line_text(self.line), names=", ".join(names)
        )


@dataclass(frozen=True, slots=True)
class LeftBehind:
    """That another workstation works with a newer line of the practice software than this one.

    Attributes:
        workstation: which.
        line: its line.
        since: when it was installed there (aware), or None where that is not known.
    """

    workstation: str
    line: Line
    since: datetime | None


def locked_out(version: ElementVersion, downloads: Iterable[Download], fleet: Fleet, own: str) -> LockedOut | None:
    """Returns whom the installation of a version locks out; None: nobody, or that has happened already.

    Args:
        version: what a person wants to install.
        downloads: all that are known.
        fleet: with what each workstation works, as it told.
        own: this workstation.
    """
    if version.software is None:
        return None
    line = version.software.line
    installed = _installed_lines(downloads)
    known = {**dict(fleet), **{name: found for name, found in installed.items() if fleet.get(name) is None}}
    # What was installed counts at once: a workstation tells its new version some minutes later.
    if line in known.values() or line in installed.values():
        return None
    others = {name: found for name, found in known.items() if name != own}
    behind = {name: found for name, found in others.items() if found is not None}
    unknown = tuple(sorted(name for name, found in others.items() if found is None))
    return LockedOut(line, behind, unknown) if others else None


def left_behind(downloads: Iterable[Download], fleet: Fleet, own: str, own_line: Line | None) -> LeftBehind | None:
    """Returns that another workstation works with a newer line than this one; None: none does, or this one has followed.

    Args:
        downloads: all that are known.
        fleet: with what each workstation works, as it told.
        own: this workstation.
        own_line: with what it works, or None: not known. Then only an update that waits here says that it has not followed.
    """
    known = tuple(downloads)
    line = own_line or _installed_lines(known).get(own)
    waiting = [one for one in known if line or one.state is DownloadState.OFFERED]
    found = [
        LeftBehind(place.workstation, reached, place.changed_at) for place, reached in _installations(waiting) if place.workstation != own
    ]
    if line:
        dated = {one.workstation for one in found}
        found += [LeftBehind(name, told, None) for name, told in fleet.items() if told and name != own and name not in dated]
    newer = [one for one in found if line is None or one.line > line]
    return min(newer, key=lambda one: ([-number for number in one.line], one.since is None, one.since or 0, one.workstation), default=None)


def _installed_lines(downloads: Iterable[Download]) -> dict[str, Line]:
    """Returns the line of the last installation on each workstation where one is known."""
    ordered = sorted(_installations(downloads), key=lambda found: found[0].changed_at)
    return {place.workstation: line for place, line in ordered}


def _installations(downloads: Iterable[Download]) -> Iterator[tuple[OnWorkstation, Line]]:
    for one in downloads:
        if one.signed.software is not None:
            line = one.signed.software.line
            yield from ((place, line) for place in one.everywhere if place.installed is DownloadState.INSTALLED)
