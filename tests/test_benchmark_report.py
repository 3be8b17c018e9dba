"""The report of the benchmarks keeps the tables of those that did not run."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest

from tests.benchmarks.__main__ import Benchmark, benchmark_names, main, section, write_report
from tests.benchmarks.row import Row, show_seconds

WHEN = datetime(2026, 11, 23, 10, tzinfo=UTC)


def body(name: str, measured: str) -> dict[str, str]:
    rows = [Row("a|b", measured, "floor", "1 µs", 2.0, "< 5 µs", True), Row("c", "9 µs", goal="< 5 µs", met=False)]
    return {name: section(Benchmark(name, f"Title of {name}", ModuleType(name)), rows, WHEN)}


def test_only_the_new_tables_are_replaced(tmp_path: Path) -> None:
    report = tmp_path / "docs" / "benchmarks.md"
    write_report(body("one", "1 µs") | body("two", "2 µs"), report)
    before = report.read_text("utf-8")
    write_report(body("two", "3 µs"), report)
    after = report.read_text("utf-8")
    assert after == before.replace("| 2 µs |", "| 3 µs |")
    assert after.count("## Title of") == 2
    assert "| a\\|b | 1 µs | 1 µs (floor) | 2 | < 5 µs | yes |" in after
    assert "**no**" in after


def test_the_benchmarks_are_found_and_a_wrong_name_is_refused() -> None:
    assert "schedules" in benchmark_names()
    assert not {"row", "__main__"} & set(benchmark_names())
    with pytest.raises(SystemExit):
        main(["no_such_benchmark"])


@pytest.mark.parametrize(("seconds", "shown"), [(3.2e-6, "3.2 µs"), (0.0451, "45.1 ms"), (1.2, "1.2 s"), (5e-8, "50 ns"), (250.0, "250 s")])
def test_durations_for_people(seconds: float, shown: str) -> None:
    assert show_seconds(seconds) == shown
