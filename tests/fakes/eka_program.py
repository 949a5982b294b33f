"""``eka`` in a process of its own that a test can hold back, and kill at one exact step.

``python -m tests.fakes.eka_program GO STEP WORDS...`` loads the program, waits for the file GO
(``-``: for nothing) and runs ``eka WORDS``. A *step* is a change of the file system or the start
of a program. With a number as STEP the process is killed just before that step; with a path it
writes there how many steps it took; ``-`` does neither.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from itertools import count
from pathlib import Path

from eka.cli.dispatch import dispatch

CHANGES = frozenset(
    {
        "fcntl.flock",
        "os.chmod",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.symlink",
        "os.truncate",
        "os.utime",
        "sqlite3.connect",
        "subprocess.Popen",
    }
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def watch(fatal: int | None) -> count[int]:
    """Count the steps of this process from now on; die before the one numbered ``fatal``."""
    steps = count()

    def take(event: str, arguments: tuple[object, ...]) -> None:
        flags = arguments[2] if event == "open" else 0
        is_change = event in CHANGES or (isinstance(flags, int) and flags & WRITING)
        if is_change and next(steps) == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(take)
    return steps


def main(go: str, step: str, *words: str) -> int:
    """Run the program once."""
    while go != "-" and not Path(go).exists():
        time.sleep(0.001)
    steps = watch(int(step) if step.isdecimal() else None)
    try:
        return dispatch(words, os.environ, sys.stdout, sys.stderr)
    finally:
        taken = next(steps)
        if not step.isdecimal() and step != "-":
            Path(step).write_text(str(taken), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
