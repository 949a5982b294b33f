"""The program ``eka``: answers ``--version`` and ``--help`` at once, dispatches all else.

Nothing but the standard library's smallest parts may be imported here at the top: the shortest
commands are used in prompts and scripts, and a test counts what they load.
"""

from __future__ import annotations

import os
import sys

import eka
from eka.cli.table import COMMANDS, GLOBAL_OPTIONS
from eka.program import collect_seldom, leave, open_missing_streams

BROKEN_PIPE = 141  # 128 + SIGPIPE, what a shell reports for a program that SIGPIPE ended
INTERRUPTED = 130  # Exit.INTERRUPTED, without loading its module
FAILED = 1  # Exit.FAILED
_QUESTIONS = {"list", "versions"}  # commands that can have a head start


def main(argv: list[str] | None = None) -> int:
    """Run ``eka`` with ``argv`` (default: the program's own) and return its exit status."""
    if argv is None and sys.getfilesystemencoding() != "utf-8":
        _start_again_in_utf8()
    if argv is None:
        open_missing_streams()
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
    return status if argv is not None else leave(status)


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
