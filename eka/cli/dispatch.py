"""From words to an exit status: find the command, call it, show its answer or its error."""

from __future__ import annotations

import io
import os
from contextlib import ExitStack
from importlib import import_module

from eka.checking import TYPE_CHECKING
from eka.cli.errors import (
    Bug,
    DirectoryNotFound,
    Interrupted,
    OutOfMemory,
    SystemRefused,
    UnknownCommand,
    UsageFailed,
)
from eka.cli.frame import Frame
from eka.cli.plain import plain_call
from eka.cli.screen import Screen
from eka.cli.table import COMMANDS, VALUED_OPTIONS
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TextIO

    from eka.cli.call import Call
    from eka.cli.head_start import HeadStart
    from eka.cli.reply import Reply


def dispatch(
    words: Sequence[str],
    environment: Mapping[str, str],
    stdout: TextIO,
    stderr: TextIO,
    head_start: HeadStart | None = None,
) -> int:
    """Run the command that ``words`` name and return the exit status.

    Every error ends here: the world's are shown, any other is reported as a bug.
    """
    for stream in (stdout, stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter must not turn an answer into a failure.
            stream.reconfigure(errors="backslashreplace")
    screen = Screen.guessed(words, environment, stdout, stderr)
    try:
        return _run(words, environment, screen, head_start)
    except BrokenPipeError:
        raise
    except EkaError as error:
        return screen.complain(error)
    except KeyboardInterrupt:
        return screen.complain(Interrupted())
    except MemoryError:
        return screen.complain(OutOfMemory())
    except OSError as error:
        return screen.complain(SystemRefused(error), cause=error)
    except Exception as error:  # noqa: BLE001 (the one place that turns bugs into an exit status)
        return screen.complain(Bug(error), cause=error)


def _run(
    words: Sequence[str],
    environment: Mapping[str, str],
    screen: Screen,
    head_start: HeadStart | None,
) -> int:
    name, rest = _named(words)
    call: Call | int | None = plain_call(name, rest)
    if call is None:
        from eka.cli.arguments import parse  # noqa: PLC0415 (typer takes long to load)

        call = parse(name, load_command(name), rest)
    if isinstance(call, int):
        return call
    screen.learn(call.globals)
    with ExitStack() as cleanup:
        cleanup.callback(screen.progress.close)
        if head_start is not None:
            cleanup.enter_context(head_start)
        frame = _frame(call, environment, screen, cleanup, head_start)
        if head_start is not None:
            import_module("eka.cli.wiring")  # half of what is still to be loaded
            head_start.advance()
        command = load_command(name)
        reply = command(frame, **call.options)
    screen.show(name, reply)
    return reply.status


def _named(words: Sequence[str]) -> tuple[str, list[str]]:
    """Return the command's name and its words; options before the name become options of it."""
    at = 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in VALUED_OPTIONS else 1
    if at >= len(words):
        raise UsageFailed("", f"{words[-1]} alone says nothing to do")
    name = words[at]
    if name not in COMMANDS:
        from difflib import get_close_matches  # noqa: PLC0415 (only after a mistake)

        raise UnknownCommand(name, "".join(get_close_matches(name, COMMANDS, n=1)))
    return name, [*words[:at], *words[at + 1 :]]


def load_command(name: str) -> Callable[..., Reply]:
    """Return the function of the command ``name``."""
    module, _, function = COMMANDS[name][0].partition(":")
    command: Callable[..., Reply] = getattr(import_module(module), function)
    return command


def _frame(
    call: Call,
    environment: Mapping[str, str],
    screen: Screen,
    cleanup: ExitStack,
    head_start: HeadStart | None,
) -> Frame:
    from eka.cli.settings import load_settings  # noqa: PLC0415 (--help needs none)

    place = _working_directory(call.globals.directory)
    settings = load_settings(environment, place)
    if head_start is not None:
        head_start.advance()
    return Frame(
        place=place,
        environment=environment,
        settings=settings,
        head_start=head_start,
        progress=screen.progress,
        verbosity=screen.verbosity,
        as_json=screen.as_json,
        cleanup=cleanup,
    )


def _working_directory(told: str) -> str:
    """Return where -C leads, as an absolute path without needless parts, as pathlib writes it."""
    # Loading pathlib takes a tenth of the time of the shortest command.
    place = os.path.join(os.getcwd(), told)  # noqa: PTH118, PTH109
    if not os.path.isdir(place):  # noqa: PTH112
        raise DirectoryNotFound(place)
    parts = [part for part in place.split("/") if part not in {"", "."}]
    return "/" + "/".join(parts)
