"""Data on standard output, talk on standard error; JSON documents one per line."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Problems
from eka.text import safe, safe_line

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from typing import IO, TextIO

    from eka.moving import Moving

Document = dict[str, object]


class Console:
    """How one run of the program talks."""

    def __init__(self, stdin: IO[bytes], stdout: TextIO, stderr: TextIO) -> None:
        self.stdin = stdin
        self._stdout, self._stderr = stdout, stderr
        self.as_json = False
        self.verbosity = 0
        self._above: Callable[[str], None] | None = None  # writes above what moves

    @contextmanager
    def moving(self, environment: Mapping[str, str]) -> Generator[Moving | None, None, None]:
        """Show lines that move, where a person sees them; what is said meanwhile goes above.

        Yields:
            The display; None where there is none, and all is to be told in lines.
        """
        is_seen = self._stderr.isatty() and environment.get("TERM") != "dumb"
        if self.as_json or self.verbosity < 0 or not is_seen:
            yield None
            return
        from eka.moving import Moving  # noqa: PLC0415 - only a person at a terminal needs it

        display = Moving(self._stderr, colour=not environment.get("NO_COLOR"))
        self._above = display.line
        try:
            yield display
        finally:
            self._above = None
            display.close()

    @property
    def is_terminal(self) -> bool:
        """Whether results are read by a person, and not as JSON."""
        return not self.as_json and self._stdout.isatty()

    def document(self, schema: str, fields: Mapping[str, object]) -> None:
        """Print a JSON document, if JSON was asked for."""
        if self.as_json:
            self.line({"schema": f"eka-store.{schema}/1", **fields})

    def line(self, value: Mapping[str, object]) -> None:
        """Print one line of JSON; ASCII alone, so that no terminal can be steered."""
        self._stdout.write(f"{json.dumps(value)}\n")
        self._stdout.flush()

    def data(self, text: str) -> None:
        """Print a line of the result, if no JSON was asked for."""
        if not self.as_json:
            self._stdout.write(f"{safe_line(text)}\n")

    def flush(self) -> None:
        """Let what was printed be read, where more comes only later."""
        self._stdout.flush()

    def chunk(self, data: bytes) -> None:
        """Pass bytes of the result on: as they are, or as a line of JSON."""
        if self.as_json:
            text = base64.b64encode(data).decode()
            self.line({"schema": "eka-store.event/1", "event": "data", "base64": text})
        else:
            self._stdout.flush()
            raw = getattr(self._stdout, "buffer", None)
            if raw is None:  # no file below, as in tests
                self._stdout.write(data.decode("utf-8", "surrogateescape"))
            else:
                raw.write(data)
                raw.flush()

    def talk(self, text: str, *, verbosity: int = 0) -> None:
        """Say what happens, to people who want to know that much."""
        if self.verbosity >= verbosity and self._above is not None:
            self._above(text)
        elif self.verbosity >= verbosity:
            self._stderr.write(f"{safe_line(text)}\n")
            self._stderr.flush()

    def complain(self, error: EkaError, *, cause: BaseException | None = None) -> int:
        """Show an error; return the exit status it ends the program with."""
        if cause is not None and self.verbosity > 0:
            import traceback  # noqa: PLC0415 - costs start-up time

            self._stderr.write(safe("".join(traceback.format_exception(cause))))
        if self.as_json:
            self.line({"schema": "eka.error/1", "error": error_document(error)})
        else:
            for text in _lines(error):
                self._stderr.write(f"{safe_line(text)}\n")
        return _status(error)


def _status(error: EkaError) -> int:
    return int(error.worst if isinstance(error, Problems) else error.exit_status)


def _lines(error: EkaError) -> Iterator[str]:
    if isinstance(error, Problems):
        for problem in error.problems:
            yield from _lines(problem)
            yield ""
    yield f"error[{error.code}]: {error.what}"
    yield from (f"  | {line}" for line in error.details)
    for name, text in (("where", error.where), ("why", error.why), ("fix", error.fix)):
        if text:
            first, *more = text.split("\n")
            yield f"  {name}: {first}"
            yield from (f"    {line}" for line in more)


def error_document(error: EkaError) -> Document:
    """Return an error as JSON, the same for every way it is told."""
    found: Document = {
        "code": error.code,
        "what": error.what,
        "where": error.where,
        "why": error.why,
        "fix": error.fix,
        "span": None,  # nothing the store reads is text with lines
        "exit_status": _status(error),
    }
    if error.details:
        found["details"] = list(error.details)
    if isinstance(error, Problems):
        found["problems"] = [error_document(problem) for problem in error.problems]
    return found
