"""The pure rules: versions, names, states, which version is wanted, the rate in office hours, words."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PureWindowsPath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_agent.clock import ManualClock
from tray_agent.downloads.catalogue import Catalogue, elements_of, read_area_order
from tray_agent.downloads.choice import NotFetched, choose
from tray_agent.downloads.library import Library
from tray_agent.downloads.model import DownloadState, ElementVersion, FileKind, Subscription, Version, predecessors
from tray_agent.downloads.names import UnsafeNameError, check_element_key, check_file_name, file_name_of
from tray_agent.downloads.portal_view import PortalRow, arrange
from tray_agent.downloads.progress import DownloadProgress
from tray_agent.downloads.transfer import RateLimit, office_rate
from tray_agent.downloads.words import format_size, format_time_left

NUMBERS = st.integers(0, 999_999)
VERSIONS = st.builds(Version, NUMBERS, NUMBERS, NUMBERS)

# Versions


@given(VERSIONS)
def test_a_version_is_read_as_it_is_written(version: Version) -> None:
    assert Version.parse(str(version)) == version


@given(VERSIONS, VERSIONS)
def test_versions_are_compared_by_number(one: Version, other: Version) -> None:
    assert (one < other) == ((one.major, one.minor, one.revision) < (other.major, other.minor, other.revision))


def test_versions_as_the_vendor_writes_them() -> None:
    assert str(Version.parse("2.69.001")) == "2.69.001"
    assert Version.parse("2.69.1") == Version.parse("2.69.001")
    assert Version.parse("2.69.010") > Version.parse("2.69.9")
    assert Version.parse("2.100.000") > Version.parse("2.69.999")
    assert Version.parse("2.69.001") < Version.parse("2.70.1")
    assert Version.parse("2.9.0") < Version.parse("2.10.0")
    assert Version.parse("10.0.0") > Version.parse("9.999.999")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "2.69",
        "2.69.001.4",
        "2.69.x",
        "v2.69.001",
        " 2.69.001",
        "2.69.001\n",
        "2.-69.1",
        "1234567.0.0",
        "２.６９.００１",
        "2.69.001b",
        "2.69.001-beta",
        "2.70.1+1",
        "2.69.001 ",
    ],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is the message
        Version.parse(text)


# Names


@given(st.text(max_size=130))
def test_whatever_name_is_accepted_stays_one_plain_file_everywhere(name: str) -> None:
    try:
        check_file_name(name)
    except UnsafeNameError:
        return
    windows = PureWindowsPath("C:/downloads") / name
    assert windows.parent == PureWindowsPath("C:/downloads")
    assert not windows.is_reserved()
    assert (Path("/downloads") / name).parent == Path("/downloads")
    assert name.isascii()
    assert len(name) <= 100
    assert name == name.strip(". ")


@given(st.text(alphabet='abc./\\:*?"<>|%~ -_\0é', max_size=40))
def test_whatever_target_is_accepted_never_leaves_the_folder(target: str) -> None:
    try:
        name = file_name_of(target)
    except UnsafeNameError:
        return
    assert ".." not in target.split("/")
    assert not target.startswith("/")
    place = Library(Path("/downloads")).place("update", Version(1, 0, 0), name)
    assert place.parent == Path("/downloads/update/1.0.000")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("vitomed-2.69.001.msi", FileKind.MSI),
        ("SETUP.EXE", FileKind.EXE),
        ("tarif.zip", FileKind.FILE),
        ("Liste_2026.csv", FileKind.FILE),
        ("a.pdf", FileKind.FILE),
    ],
)
def test_the_kind_follows_from_the_name(name: str, kind: FileKind) -> None:
    assert check_file_name(name) is kind


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "noextension", ".hidden", "a.", "a.zip.", "a.zip ", " a.zip", "a..zip", "~a.zip", "-rf.zip", "a.toolongext"),
        *("a/b.zip", "a\\b.zip", "C:a.zip", "a.zip:x", "a?.zip", "a|b.zip", "%41.zip", "a\0.zip", "ä.zip", "a\u202egpj.exe"),
        *(
            "con.zip",
            "NUL.exe",
            "com1.zip",
            "LPT9.msi",
            "aux.2.zip",
            "CON.txt",
            "COM\u00b9.txt",
            "com\u00b2.zip",
            "conin$.zip",
            "prn.",
            "a" * 97 + ".zip",
        ),
        *(
            "a.zip\n",
            "a\tb.zip",
            "re\u0301sume\u0301.pdf",
            "r\u00e9sum\u00e9.pdf",
            "a.zip::$DATA",
            "a\u200b.zip",
            "\uff41.zip",
            "a.exe.",
            "a.exe  ",
            "\u0430.exe",
        ),
        *("a.pdf.exe", "a.docx.zip", "a.bat", "a.LNK", "a.ps1", "a.scr", "a.part", "a.resume", "a.new"),
    ],
)
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(UnsafeNameError):
        check_file_name(name)


@pytest.mark.parametrize("key", ["", "A", "a_b", "-a", "a-", "..", "con", "com1", "a" * 65, "a.b", "ä", "a/b"])
def test_keys_that_are_refused(key: str) -> None:
    with pytest.raises(UnsafeNameError):
        check_element_key(key)


# States


def test_every_state_can_be_reached_and_left() -> None:
    for state in DownloadState:
        assert predecessors(state)
        assert any(state in predecessors(following) for following in DownloadState)


def test_nothing_is_started_before_it_was_offered() -> None:
    assert DownloadState.NEW not in predecessors(DownloadState.STARTED) | predecessors(DownloadState.INSTALLED)
    assert predecessors(DownloadState.OFFERED) == {DownloadState.NEW, DownloadState.OFFERED, DownloadState.STARTED} - {
        DownloadState.OFFERED
    }


# What is wanted


def offered(element: str, version: str, area: str = "Neue Downloads", heading: str = "Programm", title: str = "Update") -> ElementVersion:
    return ElementVersion(
        element, Version.parse(version), title, date(2026, 11, 1), "", FileKind.MSI, False, None,
        f"{element}/{version}/x.msi", "x.msi", 1, (("sha256", "0" * 64),), "", area, heading,
    )  # fmt: skip


def subscription(baseline: str | None) -> Subscription:
    return Subscription("update", "Update", Version.parse(baseline) if baseline else None, datetime(2026, 11, 1, tzinfo=UTC), "Anna")


@given(st.lists(VERSIONS, min_size=1, max_size=8, unique=True), st.booleans(), st.data())
def test_the_newest_of_the_line_is_wanted(versions: list[Version], keep: bool, data: st.DataObject) -> None:
    baseline = data.draw(st.sampled_from(versions))
    catalogue = Catalogue(elements_of([offered("update", str(version)) for version in versions]))
    (choice,) = choose(catalogue, [subscription(str(baseline))], [], keep_line=keep)
    assert choice.version is not None
    assert choice.version.version == max(version for version in versions if not keep or version.line == baseline.line)


def test_without_anything_to_stay_on_the_newest_is_wanted() -> None:
    catalogue = Catalogue(elements_of([offered("update", "3.0.000"), offered("update", "2.0.000")]))
    (choice,) = choose(catalogue, [subscription(None)], [], keep_line=True)
    assert choice.version is not None
    assert str(choice.version.version) == "3.0.000"


def test_what_the_portal_does_not_have_is_not_wanted() -> None:
    assert choose(Catalogue({}), [subscription("1.0.0")], [], keep_line=False)[0].reason is NotFetched.NOT_ON_PORTAL


def test_areas_stand_in_the_order_of_the_portal_then_new_first_and_history_last() -> None:
    places = ("Download-History", "Anderes", "Neue Downloads", "Zuerst")
    rows = [PortalRow(offered("a", "1.0.0", area), subscribed=False, state=None) for area in places]
    assert [area.title for area in arrange(rows, ["Zuerst"])] == ["Zuerst", "Neue Downloads", "Anderes", "Download-History"]


@pytest.mark.parametrize("field", [None, 7, [], {}, {"areas": 3}, {"areas": [1]}])
def test_a_wrong_order_of_areas_is_no_order(field: object) -> None:
    assert read_area_order(field) == ()


# Rate and progress

ZURICH = ZoneInfo("Europe/Zurich")


@pytest.mark.parametrize(
    ("local", "limit"),
    [((6, 59, 59), None), ((7, 0, 0), 500_000.0), ((18, 59, 59), 500_000.0), ((19, 0, 0), None)],
)
def test_the_rate_is_limited_in_office_hours(local: tuple[int, int, int], limit: float | None) -> None:
    clock = ManualClock(datetime(2026, 7, 1, *local, tzinfo=ZURICH))
    assert office_rate(clock, ZURICH, 500) == limit
    assert office_rate(clock, ZURICH, 0) is None


def test_all_files_together_stay_below_the_rate(clock: ManualClock) -> None:
    rate = RateLimit(clock, lambda: 1000.0)
    before, never = clock.monotonic(), threading.Event()
    for _piece in range(10):
        rate.take(500, never)
        rate.take(500, never)
    assert clock.monotonic() - before == pytest.approx(10.0)


def test_no_limit_costs_no_time(clock: ManualClock) -> None:
    RateLimit(clock).take(10**12, threading.Event())
    assert clock.monotonic() == 0


def test_rate_and_time_left_follow_from_the_last_seconds(clock: ManualClock) -> None:
    progress = DownloadProgress(clock)
    told: list[float] = []
    end = progress.listen(lambda: told.append(progress.snapshot().rate))
    for second in range(11):
        progress.report("a", second * 100, 2000, 100 if second else 0)
        clock.advance(timedelta(seconds=1))
    now = progress.snapshot()
    assert (now.done, now.total, now.rate, now.seconds_left) == (1000, 2000, 100.0, 10.0)
    assert len(told) == 11
    end()
    progress.drop("a")
    assert (progress.snapshot().total, len(told)) == (0, 11)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 Bytes"), (999, "999 Bytes"), (10_240, "10.2 KB"), (31_457_280, "31.5 MB"), (512 << 20, "537 MB"), (4 << 30, "4.3 GB")],
)
def test_sizes_are_written_as_people_read_them(count: int, text: str) -> None:
    assert format_size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0.2, "noch 1 Sek."), (89, "noch 89 Sek."), (180, "noch 3 Min."), (5400, "noch 1 Std. 30 Min.")]
)
def test_the_time_left_is_written_as_people_read_it(seconds: float | None, text: str) -> None:
    assert format_time_left(seconds) == text


@pytest.mark.parametrize(
    ("limit", "most", "piece"),
    [(None, 1 << 20, 1 << 20), (0, 1 << 20, 1 << 20), (400_000, 1 << 20, 100_000), (400_000, 500, 500), (100, 1 << 20, 1024)],
)
def test_a_limited_transfer_never_waits_for_long_at_once(clock: ManualClock, limit: float | None, most: int, piece: int) -> None:
    assert RateLimit(clock, lambda: limit).piece(most) == piece
