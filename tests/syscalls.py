"""Runs ``eka`` under strace: it is killed at an exact system call, or the system refuses one.

A call is counted in each process by itself, as strace does.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from tests.kills import PATIENCE_S, ROOT, Ended

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.story import Person

# Everything that changes a file or a name.
CHANGES = (
    "write,pwrite64,writev,ftruncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,"
    "unlink,unlinkat,mkdir,mkdirat,rmdir,symlink,symlinkat,fchmod,chmod,utimensat"
)


def count(person: Person, where: Path, *words: str, calls: str, notes: Path) -> tuple[int, int]:
    """Run a command; return how many of the calls eka makes, and its busiest child."""
    ended = _run(person, where, words, ["-f", "-o", str(notes), "-e", f"trace={calls}"])
    assert ended.is_done, ended
    lines = [line.split(" ", 1)[0] for line in notes.read_text(errors="replace").splitlines()]
    found = Counter(lines)
    first = found.pop(lines[0], 0)
    return first, max(found.values(), default=0)


def kill_at(
    person: Person, where: Path, *words: str, calls: str, number: int, children: bool
) -> Ended:
    """Run a command; kill eka at its call ``number``, or each program that comes so far."""
    options = ["-f"] if children else []
    inject = f"inject={calls}:signal=KILL:when={number}"
    options += ["-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
    return _run(person, where, words, options)


def refuse(person: Person, where: Path, *words: str, calls: str, error: str, number: int) -> Ended:
    """Run a command whose calls fail from ``number`` on, in eka and in each of its children."""
    inject = f"inject={calls}:error={error}:when={number}+"
    options = ["-f", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
    return _run(person, where, words, options)


def _run(person: Person, where: Path, words: Sequence[str], options: Sequence[str]) -> Ended:
    program = str(Path(sys.executable).with_name("eka"))
    done = subprocess.run(
        ["strace", "-qq", *options, program, *words, "-C", str(where)],
        cwd=ROOT,
        env=person.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PATIENCE_S,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)
