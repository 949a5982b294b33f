"""The program ``eka``: answers ``--version`` and ``--help`` at once, dispatches all else.

Nothing but the standard library's smallest parts may be imported here at the top: the shortest
commands are used in prompts and scripts, and a test counts what they load.
"""

from __future__ import annotations

import gc
import os
import sys

import eka
from eka.cli.table import COMMANDS, GLOBAL_OPTIONS

TYPE_CHECKING = False  # as typing's, without loading it
if TYPE_CHECKING:
    from typing import TextIO

BROKEN_PIPE = 141  # 128 + SIGPIPE, what a shell reports for a program that SIGPIPE ended
INTERRUPTED = 130  # Exit.INTERRUPTED, without loading its module
FAILED = 1  # Exit.FAILED
_QUESTIONS = {"list", "versions"}  # commands that can have a head start
_YOUNG_OBJECTS = 50_000  # before the first look for garbage; Python's own number is 700
_STREAMS = ("stdin", "stdout", "stderr")
# Modules that may have something left to do when Python ends.
_TIDYING = {"asyncio", "concurrent.futures", "coverage", "logging", "multiprocessing", "tempfile"}


def main(argv: list[str] | None = None) -> int:
    """Run ``eka`` with ``argv`` (default: the program's own) and return its exit status."""
    if argv is None and sys.getfilesystemencoding() != "utf-8":
        _start_again_in_utf8()
    if argv is None:
        _open_missing_streams()
    words = sys.argv[1:] if argv is None else argv
    collect_seldom()
    try:
        status = _answer(words)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away, as `head` does: nothing to say and nobody to say it to. Python
        # flushes standard output once more on its way out; that must not fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except KeyboardInterrupt:  # while still loading; later ones are told properly
        return INTERRUPTED
    except (OSError, ImportError) as error:  # not even the words for errors could be loaded
        sys.stderr.write(f"error[system]: eka cannot read its own files: {error}\n")
        return FAILED
    if argv is None and _TIDYING.isdisjoint(sys.modules):
        sys.stderr.flush()
        os._exit(status)  # taking the interpreter apart takes longer than a short command
    return status


def collect_seldom() -> None:
    """Look for garbage seldom: loading and solving make many objects, hardly any of it garbage.

    A long run still collects it.
    """
    gc.set_threshold(_YOUNG_OBJECTS, 20, 20)


def _open_missing_streams() -> None:
    """Open what the program was started without: a file could get the number of standard error."""
    streams: dict[str, TextIO | None] = {name: getattr(sys, name) for name in _STREAMS}
    for number, (name, stream) in enumerate(streams.items()):
        if stream is None:
            handle = os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            os.set_inheritable(handle, True)  # noqa: FBT003 - as children expect of streams
            mode = "w" if number else "r"
            setattr(sys, name, os.fdopen(handle, mode, encoding="utf-8", closefd=False))


def _start_again_in_utf8() -> None:
    """Replace this process: labels and paths are UTF-8, whatever the locale says of file names."""
    arguments = [sys.executable, "-X", "utf8", *sys.orig_argv[1:]]
    os.execv(sys.executable, arguments)  # noqa: S606 - nothing of it comes from elsewhere


def _answer(words: list[str]) -> int:
    first = words[0] if words else "--help"
    if first in ("--version", "-V"):
        as_json = "--json" in words
        told = f'{{"schema": "eka.version/1", "version": "{eka.__version__}"}}'
        sys.stdout.write(f"{told if as_json else f'eka {eka.__version__}'}\n")
        return 0
    if first in ("--help", "-h", "help"):
        if len(words) <= 1:
            sys.stdout.write(overview())
            return 0
        words = [words[1], "--help"]
    import signal  # noqa: PLC0415 (as below)

    head_start = None
    if first in _QUESTIONS:
        from eka.cli.head_start import begin  # noqa: PLC0415 (as below)

        head_start = begin(words, os.environ)
    from eka.cli.dispatch import dispatch  # noqa: PLC0415 (costs more than --version may)

    # A polite end ends like Ctrl-C: children are stopped, locks let go, temporary files removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return dispatch(words, os.environ, sys.stdout, sys.stderr, head_start)


def overview() -> str:
    """Return what ``eka --help`` prints."""
    commands = "".join(f"  {name:<12}{line}\n" for name, (_, line) in COMMANDS.items())
    options = "".join(f"  {option:<22}{line}\n" for option, line in GLOBAL_OPTIONS)
    return (
        "eka: atoms, versioned slices of git repositories: publish, lock, verify, build\n\n"
        "Usage: eka [OPTIONS] COMMAND [ARGUMENTS]\n\n"
        f"Commands:\n{commands}\n"
        f"Options of every command:\n{options}\n"
        "eka COMMAND --help tells more; every error has a page in docs/errors.\n"
    )
