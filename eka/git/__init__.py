"""Git as storage and transport: refs, remotes, objects, provenance."""

from __future__ import annotations

from eka.git.process import ChildProcess, OutputTooLarge, ProgramMissing, Spawn, TimedOut
from eka.git.runner import Finished, GitFailed, GitRunner, RunOptions
from eka.git.safe import safe_line, safe_text

__all__ = [
    "ChildProcess",
    "Finished",
    "GitFailed",
    "GitRunner",
    "OutputTooLarge",
    "ProgramMissing",
    "RunOptions",
    "Spawn",
    "TimedOut",
    "safe_line",
    "safe_text",
]
