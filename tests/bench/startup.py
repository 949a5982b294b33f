"""What a command costs before it does anything, in processor time of a bare Python."""

from __future__ import annotations

import compileall
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import eka
from tests.bench.ratio import Comparison, compare, cpu_s
from tests.bench.stage import EKA, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

BARE = (str(EKA.with_name("python")), "-c", "pass")
# words -> goal, times a bare Python
GOALS = {
    ("--version",): 3.0,
    ("--help",): 8.0,
    ("publsh",): 8.0,
    ("versions", "--help"): 8.0,
    ("versions", "no-such-alias:x::y"): 8.0,
}


def measure() -> Iterator[Comparison]:
    """Yield one comparison per command line."""
    # An installed program has its bytecode; a fresh checkout may not, or not be allowed to.
    compileall.compile_dir(Path(eka.__file__).parent, quiet=1)
    bare = partial(cpu_s, BARE)
    for words, goal in GOALS.items():
        name = f"eka {' '.join(words)} / python -c pass"
        yield compare(name, partial(cpu_s, (str(EKA), *words)), bare, at_most=goal)
    with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
        # With the git processes it starts.
        bare_repository = Stage(Path(scratch)).many_refs(10, 10)
        command = (str(EKA), "versions", f"file://{bare_repository}::label-5")
        yield compare("eka versions / python -c pass", partial(cpu_s, command), bare, at_most=6.0)
