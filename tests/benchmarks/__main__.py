"""Runs the benchmarks and keeps their tables in ``docs/benchmarks.md``: ``python -m tests.benchmarks [NAME …]``.

A benchmark is a module of this folder with ``run() -> list[Row]``; its docstring's first line is the title of its table.
Where only some are run, the tables of the others stay as they are.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import platform
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

from tests.benchmarks.row import Row

REPORT = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
NOT_BENCHMARKS = frozenset({"__main__", "outbox_practice", "row"})
HEAD = """# Benchmarks

Made by `python -m tests.benchmarks`. Figures of one machine mean little; the ratio to the floor, which is measured in the
same run, means more. Each table tells when and where it was measured.
"""
_SECTION = re.compile(r"<!-- begin (?P<name>\w+) -->\n(?P<body>.*?)<!-- end (?P=name) -->\n", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module that measures something."""

    name: str
    title: str
    module: ModuleType

    def run(self) -> list[Row]:
        """Returns the measured rows."""
        rows: list[Row] = self.module.run()
        return rows


def benchmark_names() -> list[str]:
    """Returns the names of all benchmarks: the modules of this folder."""
    folder = str(Path(__file__).parent)
    return sorted(module.name for module in pkgutil.iter_modules([folder]) if module.name not in NOT_BENCHMARKS)


def load(name: str) -> Benchmark:
    """Returns one benchmark; only what is run gets imported."""
    module = importlib.import_module(f"tests.benchmarks.{name}")
    return Benchmark(name, _title(module), module)


def section(benchmark: Benchmark, rows: list[Row], when: datetime) -> str:
    """Returns the Markdown of one benchmark."""
    machine = f"{os.cpu_count()} cores · {platform.system()} {platform.machine()}"
    lines = [
        f"## {benchmark.title}",
        "",
        f"{when:%Y-%m-%d %H:%M} UTC · {machine} · {platform.python_implementation()} {platform.python_version()}",
        "",
        "| what | measured | floor | ratio | goal | met |",
        "| --- | ---: | --- | ---: | --- | --- |",
        *(f"| {' | '.join(_escape(cell) for cell in _cells(row))} |" for row in rows),
        "",
    ]
    return "\n".join(lines)


def write_report(sections: dict[str, str], report: Path) -> None:
    """Writes the report with the new sections in the place of the old ones; sections of other benchmarks stay."""
    old = {found["name"]: found["body"] for found in _SECTION.finditer(report.read_text("utf-8"))} if report.exists() else {}
    merged = old | sections
    body = "\n".join(f"<!-- begin {name} -->\n{merged[name]}<!-- end {name} -->\n" for name in sorted(merged))
    report.parent.mkdir(parents=True, exist_ok=True)
    report.write_text(f"{HEAD}\n{body}", "utf-8", newline="\n")


def main(arguments: list[str]) -> int:
    """Runs the named benchmarks (all by default); returns 1 if a goal was missed, so that a script notices."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    known = benchmark_names()
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--report", type=Path, default=REPORT, help="the Markdown file")
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(known)):
        parser.error(f"unknown: {', '.join(unknown)}; there are: {', '.join(known)}")
    met = True
    for benchmark in map(load, options.names or known):
        rows = benchmark.run()
        _print(benchmark, rows)
        write_report({benchmark.name: section(benchmark, rows, datetime.now(UTC))}, options.report)
        met = met and all(row.met is not False for row in rows)
    return 0 if met else 1


def _print(benchmark: Benchmark, rows: list[Row]) -> None:
    table = Table(title=benchmark.title, title_justify="left")
    for heading in ("what", "measured", "floor", "ratio", "goal", "met"):
        table.add_column(heading, justify="right" if heading in ("measured", "ratio") else "left")
    for row in rows:
        table.add_row(*_cells(row))
    Console(highlight=False, width=None if sys.stdout.isatty() else 160).print(table)


def _cells(row: Row) -> tuple[str, ...]:
    floor = f"{row.floor} ({row.floor_name})" if row.floor_name else row.floor
    ratio = f"{row.ratio:.3g}" if row.ratio is not None else ""
    met = {True: "yes", False: "**no**", None: ""}[row.met]
    return (row.name, row.measured, floor, ratio, row.goal, met)


def _title(module: ModuleType) -> str:
    return (module.__doc__ or module.__name__).strip().splitlines()[0].rstrip(".")


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
