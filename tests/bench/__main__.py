"""Measures: ``python -m tests.bench [--large] [NAME...]``; without names everything.

A benchmark is a module of this folder with a function ``measure()`` that yields comparisons.
``--large`` (or ``EKA_BENCH_LARGE=1``) adds repositories of a million refs, which take a minute to
make and some gigabytes of memory.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.bench.ratio import Amount, Comparison, NotRun

FOLDER = Path(__file__).resolve().parent
LARGE = "--large"
TOOLS = {"__main__", "ratio", "stage"}


def main(names: list[str]) -> int:
    """Run the benchmarks ``names``; return 1 when one misses its goal."""
    if LARGE in names:
        os.environ["EKA_BENCH_LARGE"] = "1"
        names = [name for name in names if name != LARGE]
    known = sorted({path.stem for path in FOLDER.glob("*.py")} - TOOLS)
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    missed = 0
    for name in names or known:
        print(f"{name}:", flush=True)
        for result in measured(name):
            print(f"  {result}", flush=True)
            missed += not result.is_met
    return 1 if missed else 0


def measured(name: str) -> Iterable[Comparison | Amount | NotRun]:
    """Return the comparisons of one benchmark as they come."""
    module = import_module(f"tests.bench.{name}")
    results: Iterable[Comparison | Amount | NotRun] = module.measure()
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
