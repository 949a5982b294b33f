"""Runs ``eka`` as a program of its own that may take only so much memory and time to think."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.story import Answer

if TYPE_CHECKING:
    from tests.story import Person

MEMORY_BYTES = 512 * 1024**2
THINKING_S = 10


def confined(
    person: Person,
    where: Path,
    *words: str,
    memory_bytes: int = MEMORY_BYTES,
    thinking_s: int = THINKING_S,
) -> Answer:
    """Run a command with ``--json``.

    Args:
        person: Who runs it.
        where: In which directory.
        words: The command.
        memory_bytes: Of address space, for eka and for each program it starts.
        thinking_s: Seconds of processor time, the same; whoever needs more is killed.
    """

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        resource.setrlimit(resource.RLIMIT_CPU, (thinking_s, thinking_s))

    done = subprocess.run(
        [str(Path(sys.executable).with_name("eka")), *words, "--json"],
        cwd=where,
        env=person.environment,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    return Answer(done.returncode, done.stdout, done.stderr)
