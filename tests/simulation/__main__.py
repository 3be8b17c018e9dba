"""Plays one seed and tells its story: ``python -m tests.simulation --seed 17 --days 10 [--trace]``."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import nullcontext

from tests.simulation.breaks import BREAKS
from tests.simulation.judge import judge
from tests.simulation.play import play


def main() -> int:
    """Plays the seed, prints what the judge found, and returns 1 where it found anything."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--trace", action="store_true", help="print what happened when")
    parser.add_argument("--calm", action="store_true", help="without bad hours")
    parser.add_argument("--lively", action="store_true", help="with an agenda that lives")
    parser.add_argument("--break", dest="broken", choices=sorted(BREAKS), help="with one of the product's conditions broken")
    parser.add_argument("--without", default="", metavar="N,N", help="leave these troubles out (their numbers are in the trace)")
    parser.add_argument("--about", default="", metavar="PERSON", help="print what was true, told and seen of one patient (p216)")
    given = parser.parse_args()
    without = [int(number) for number in given.without.split(",") if number]
    began = time.perf_counter()
    with BREAKS[given.broken].planted() if given.broken else nullcontext():
        record = play(given.seed, given.days, bad=not given.calm, without=without, lively=given.lively)
    lasted = time.perf_counter() - began
    if given.trace:
        print(*record.told(), sep="\n")  # noqa: T201 - this is what it is for
    if given.about:
        print(*record.about(given.about), sep="\n")  # noqa: T201 - this is what it is for
    violations = judge(record)
    for violation in violations:
        print(violation)  # noqa: T201 - this is what it is for
    speed = f"{given.days} days in {lasted:.1f} s ({given.days / lasted:.1f} a second)"
    asked = f"{len(record.requests) / given.days:.0f} requests to the SMS gateway a day, {len(record.inquiries) / given.days:.0f} inquiries"
    print(f"{speed}: {len(record.taken)} messages, {asked}, {len(violations)} violations")  # noqa: T201 - this is what it is for
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
