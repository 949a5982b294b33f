"""Commands that do one thing each; tests put them into the command table."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from eka.cli.reply import Reply
from eka.cli.text import Line, bold
from eka.errors import EkaError, Exit, Problems, Span

if TYPE_CHECKING:
    from eka.cli.frame import Frame


class Broken(EkaError):
    """Something of a manifest is wrong."""

    code = "broken"
    exit_status = Exit.INTEGRITY


def echo(
    frame: Frame,
    words: Annotated[list[str] | None, typer.Argument(help="What to say.")] = None,
    *,
    loud: Annotated[bool, typer.Option(help="Say it in capitals.")] = False,
) -> Reply:
    """Say what was said.

    At length, if need be.

    Args:
        frame: Not for users.
        words: Not for users either.
        loud: Nor this.
    """
    frame.progress.step("echoing")
    frame.progress.note("it echoes")
    said = [word.upper() if loud else word for word in words or []]
    lines: list[Line] = [bold(word) for word in said]
    return Reply(
        document={"said": said, "directory": str(frame.directory), "verbosity": frame.verbosity},
        body=lines,
    )


def much(frame: Frame) -> Reply:
    """Say more than a pipe holds."""
    return Reply(body=["x" * 80] * 5000, status=frame.verbosity)


def pass_on(frame: Frame) -> Reply:
    """End as another program did, which printed itself."""
    return Reply(body=["never shown"], status=7 + frame.verbosity, has_printed=True)


def fail(frame: Frame) -> Reply:
    """Fail with one error."""
    raise Broken(
        what="a pin is wrong \x1b[2J",
        where=str(frame.directory),
        span=Span("atom.toml", 3, 1, 4, "zlib = 1"),
    )


def fail_twice(frame: Frame) -> Reply:
    """Fail with two errors."""
    where = str(frame.directory)
    raise Problems([Broken(what="one", where=where), EkaError(what="two")])


def be_refused(frame: Frame) -> Reply:
    """Do what the system does not allow."""
    missing = frame.path("missing")
    return Reply(body=[missing.read_text(encoding="utf-8")])


def be_buggy(frame: Frame) -> Reply:
    """Fail in a way nobody foresaw."""
    directories = [frame.directory]
    return Reply(document={"x": str(directories[1])})


def be_stopped(frame: Frame) -> Reply:
    """Get Ctrl-C."""
    frame.progress.step("waiting")
    raise KeyboardInterrupt


if __name__ == "__main__":  # a program with these commands, for tests of real pipes
    from eka.cli.main import main
    from eka.cli.table import COMMANDS

    COMMANDS["much"] = ("tests.fakes.commands:much", "")
    sys.exit(main())
