"""The program ``eka-store``: reads the words, opens the store, shows answer or error."""

from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.program import leave, open_missing_streams
from eka.store_cli.console import Console
from eka.store_cli.errors import StoreBug, StoreInterrupted, SystemRefusal
from eka.store_cli.operations import perform
from eka.store_cli.place import Place
from eka.store_cli.words import parser

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

BROKEN_PIPE = 141  # 128 + SIGPIPE, what a shell reports for a program that SIGPIPE ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``eka-store`` with ``argv`` (default: the program's own); return its exit status."""
    words = sys.argv[1:] if argv is None else list(argv)
    open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter must not turn an answer into a failure.
            stream.reconfigure(errors="backslashreplace")
    console = Console(sys.stdin.buffer, sys.stdout, sys.stderr)
    # A polite end ends like Ctrl-C: builds are stopped, scratch space is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    status = int(Exit.OK)
    try:
        status = dispatch(words, os.environ, console)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_output()
        return BROKEN_PIPE
    except OSError as error:
        _forget_output()
        if not status:  # else the error was told
            why = error.strerror or str(error)
            sys.stderr.write(f"error[store-system]: the answer cannot be written: {why}\n")
        return status or Exit.FAILED
    return status if argv is not None else leave(status)


def _forget_output() -> None:
    """Let Python's own flush of standard output, at the end, not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def dispatch(words: Sequence[str], environment: Mapping[str, str], console: Console) -> int:
    """Run the command that ``words`` name; every error ends here, as an exit status."""
    console.as_json = "--json" in words  # even when the words are wrong
    try:
        return _run(words, environment, console)
    except BrokenPipeError:
        raise
    except EkaError as error:
        return console.complain(error, cause=error if console.verbosity > 1 else None)
    except KeyboardInterrupt:
        return console.complain(StoreInterrupted())
    except SystemExit as end:  # argparse, after --help or --version
        return end.code if isinstance(end.code, int) else 0
    except OSError as error:
        return console.complain(SystemRefusal(error), cause=error)
    except Exception as error:  # noqa: BLE001 - the one place that turns bugs into an exit status
        return console.complain(StoreBug(error), cause=error)


def _run(words: Sequence[str], environment: Mapping[str, str], console: Console) -> int:
    arguments = parser(words).parse_args(words)
    told = getattr(arguments, "verbose", 0)
    # Who reads JSON is told by it; sentences beside it only on demand.
    console.verbosity = -1 if "quiet" in arguments or (console.as_json and not told) else told
    place = Place(store_directory(arguments, environment), environment)
    return perform(arguments, place, console)


def store_directory(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Path:
    """Return the directory of the store: ``--store``, the environment, or the user's data."""
    chosen = getattr(arguments, "store", "") or environment.get("EKA_STORE_DIR", "")
    if chosen:
        return Path(chosen).absolute()
    base = environment.get("XDG_DATA_HOME", "")
    home = Path(environment.get("HOME") or Path.home())
    data = Path(base) if base.startswith("/") else home / ".local" / "share"
    return data / "eka" / "store"
