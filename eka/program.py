"""How both programs begin and end; nothing but the smallest parts of Python may be loaded here."""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # as typing's, without loading it
if TYPE_CHECKING:
    from typing import TextIO

_YOUNG_OBJECTS = 50_000  # before the first look for garbage; Python's own number is 700
_STREAMS = ("stdin", "stdout", "stderr")
# Modules that may have something left to do when Python ends.
_TIDYING = {"asyncio", "concurrent.futures", "coverage", "logging", "multiprocessing", "tempfile"}


def collect_seldom() -> None:
    """Look for garbage seldom: loading and working make many objects, hardly any of it garbage.

    A long run still collects it.
    """
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)


def open_missing_streams() -> None:
    """Open what the program was started without: a file could get the number of standard error."""
    streams: dict[str, TextIO | None] = {name: getattr(sys, name) for name in _STREAMS}
    for number, (name, stream) in enumerate(streams.items()):
        if stream is None:
            handle = os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            os.set_inheritable(handle, True)  # noqa: FBT003 - as children expect of streams
            mode = "w" if number else "r"
            setattr(sys, name, os.fdopen(handle, mode, encoding="utf-8", closefd=False))


def leave(status: int) -> int:
    """End the process at once if nothing is left to do; else return the status it should end with.

    Standard output was flushed. Taking the interpreter apart takes longer than a short command.
    """
    if _TIDYING.isdisjoint(sys.modules):
        sys.stderr.flush()
        os._exit(status)
    return status
