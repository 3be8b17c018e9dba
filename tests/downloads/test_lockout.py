"""Whom an update of the practice software locks out, and who is told that it has not followed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.downloads.test_rules import offered
from tray_agent.downloads.lockout import Fleet, LeftBehind, left_behind, line_of, locked_out
from tray_agent.downloads.model import Download, DownloadState, OnWorkstation, Version
from tray_agent.downloads.words import left_behind_sentence

NOW = datetime(2026, 11, 23, 9, 42, tzinfo=UTC)
UPDATE = replace(offered("update", "2.69.001"), software=Version(2, 69, 1))


def installed(workstation: str, at: datetime = NOW, state: DownloadState | None = DownloadState.INSTALLED) -> OnWorkstation:
    return OnWorkstation(workstation, None, None, state, 0, at, f"anna@{workstation}")


def download(*elsewhere: OnWorkstation, here: OnWorkstation | None = None, version: str = "2.69.001") -> Download:
    signed = replace(UPDATE, version=Version.parse(version), software=Version.parse(version))
    return Download(signed, DownloadState.OFFERED, NOW, "PC1", here, elsewhere)


@pytest.mark.parametrize(
    ("told", "line"), [("2.68.14", (2, 68)), ("2.68", (2, 68)), ("2.68.14.3", (2, 68)), ("", None), ("neu", None), ("2", None)]
)
def test_what_a_workstation_tells(told: str, line: tuple[int, int] | None) -> None:
    assert line_of(told) == line


@pytest.mark.parametrize(
    ("fleet", "said"),
    [
        ({"PC1": (2, 68)}, None),
        ({"PC1": None, "PC2": (2, 68)}, "1 Arbeitsplatz meldet 2.68 und bleibt ausgesperrt, bis er folgt."),
        (
            {"PC1": None, "PC2": (2, 68), "PC3": (2, 68), "PC4": (2, 68), "PC5": None, "PC6": None},
            "3 Arbeitsplätze melden 2.68 und bleiben ausgesperrt, bis sie folgen; von 2 ist nichts bekannt.",
        ),
        (
            {"PC2": (2, 68), "PC3": (2, 67)},
            (
                "1 Arbeitsplatz meldet 2.67 und bleibt ausgesperrt, bis er folgt; "
                "1 Arbeitsplatz meldet 2.68 und bleibt ausgesperrt, bis er folgt."
            ),
        ),
        ({"PC2": None}, "Von 1 anderen Arbeitsplatz ist nicht bekannt, mit welcher Version er arbeitet."),
        ({"PC1": (2, 68), "PC2": (2, 68), "PC3": (2, 69)}, None),  # it has happened already: this one follows
    ],
)
def test_whom_an_update_locks_out(fleet: Fleet, said: str | None) -> None:
    found = locked_out(UPDATE, [download()], fleet, "PC1")
    assert (found.sentence if found else None) == said


def test_what_leaves_the_practice_software_as_it_is_locks_nobody_out() -> None:
    assert locked_out(replace(UPDATE, software=None), [], {"PC2": (2, 68)}, "PC1") is None


def test_what_was_installed_tells_of_a_workstation_that_does_not() -> None:
    assert locked_out(UPDATE, [download(installed("PC2"))], {"PC2": None, "PC3": (2, 68)}, "PC1") is None
    assert locked_out(UPDATE, [download(installed("PC2"))], {"PC2": (2, 68), "PC3": (2, 68)}, "PC1") is None  # told before it was installed
    older = download(installed("PC2"), version="2.68.001")
    found = locked_out(UPDATE, [older], {"PC2": None}, "PC1")
    assert found is not None
    assert found.behind == {"PC2": (2, 68)}


def test_a_workstation_that_has_not_followed_is_told_until_it_does() -> None:
    known = [download(installed("PC2"), installed("PC3", NOW + timedelta(hours=1)))]
    told = LeftBehind("PC2", (2, 69), NOW)
    assert left_behind(known, {}, "PC1", (2, 68)) == told
    assert left_behind(known, {}, "PC1", None) == told  # the update waits here
    assert left_behind(known, {}, "PC1", (2, 69)) is None
    assert left_behind(known, {}, "PC1", (2, 70)) is None
    followed = [download(installed("PC2"), here=installed("PC1"))]
    assert left_behind(followed, {}, "PC1", None) is None
    assert left_behind([download(installed("PC2", state=DownloadState.STARTED))], {}, "PC1", (2, 68)) is None


def test_what_is_only_reported_counts_where_this_one_knows_its_own() -> None:
    assert left_behind([], {"PC2": (2, 69)}, "PC1", (2, 68)) == LeftBehind("PC2", (2, 69), None)
    assert left_behind([], {"PC2": (2, 69)}, "PC1", None) is None
    assert left_behind([], {"PC2": (2, 68), "PC3": None}, "PC1", (2, 68)) is None


def test_the_words() -> None:
    follow = "dieser Arbeitsplatz bleibt ausgesperrt, bis das Update auch hier installiert ist."
    for since, now, words in (
        (NOW, NOW, "PC2 arbeitet seit 09:42 mit 2.69"),
        (NOW, NOW + timedelta(days=1), "PC2 arbeitet seit 23.11.2026 09:42 mit 2.69"),
        (None, NOW, "PC2 arbeitet mit 2.69"),
    ):
        assert left_behind_sentence(LeftBehind("PC2", (2, 69), since), now) == f"{words}; {follow}"
