"""Standard output and error: data on the one, talk on the other, never mixed."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.progress import open_progress
from eka.cli.text import written
from eka.text import discreet, safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from eka.cli.call import Globals
    from eka.cli.progress import OpenProgress
    from eka.cli.reply import Json, Reply
    from eka.errors import EkaError


class Screen:
    """Knows how one run of the program talks: colours, quiet, verbose, JSON."""

    def __init__(self, environment: Mapping[str, str], stdout: TextIO, stderr: TextIO) -> None:
        self._environment = environment
        self._stdout = stdout
        self._stderr = stderr
        self._when = "auto"
        self.as_json = False
        self.verbosity = 0
        self._progress: OpenProgress | None = None

    @classmethod
    def guessed(
        cls,
        words: Sequence[str],
        environment: Mapping[str, str],
        stdout: TextIO,
        stderr: TextIO,
    ) -> Screen:
        """Return a screen for mistakes made before the words are understood."""
        screen = cls(environment, stdout, stderr)
        own = words[: words.index("--")] if "--" in words else words
        screen.as_json = "--json" in own
        screen.verbosity = 1 if "-v" in own else 0
        return screen

    def learn(self, told: Globals) -> None:
        """Talk as the user asked."""
        self.as_json = told.json
        self.verbosity = -1 if told.quiet else told.verbose
        self._when = told.color

    @property
    def progress(self) -> OpenProgress:
        """Shows what is going on; made when first asked for."""
        if self._progress is None:
            self._progress = open_progress(
                self._stderr,
                shown=self.verbosity >= 0 and not self.as_json,
                moving=self._stderr.isatty() and self._environment.get("TERM") != "dumb",
                colour=self._colours(self._stderr),
            )
        return self._progress

    def show(self, name: str, reply: Reply) -> None:
        """Print the answer of the command ``name``."""
        if reply.has_printed:
            return
        if self.as_json:
            self._print_json({"schema": f"eka.{name}/1", **reply.document})
            return
        lines = written(reply.body, colour=self._colours(self._stdout))
        # In one piece: a list of a repository may have a hundred thousand lines.
        self._stdout.write("".join(f"{line}\n" for line in lines))
        self._stdout.flush()

    def complain(self, error: EkaError, *, cause: BaseException | None = None) -> int:
        """Print an error, the whole story of its ``cause`` with -v, and return the exit status."""
        from eka.cli.render import (  # noqa: PLC0415 (most commands succeed)
            error_document,
            error_lines,
            exit_status,
        )

        if cause is not None and self.verbosity > 0:
            import traceback  # noqa: PLC0415 (only for bugs)

            told = "".join(traceback.format_exception(cause))
            self._stderr.write(safe(discreet(told)))
        if self.as_json:
            self._print_json(error_document(error))
        else:
            for line in written(error_lines(error), colour=self._colours(self._stderr)):
                self._stderr.write(f"{line}\n")
            self._stderr.flush()
        return int(exit_status(error))

    def _print_json(self, document: Mapping[str, Json]) -> None:
        import json  # noqa: PLC0415 (people read no JSON)

        # ASCII only: what could steer a terminal is written as an escape.
        self._stdout.write(json.dumps(document, indent=2) + "\n")
        self._stdout.flush()

    def _colours(self, stream: TextIO) -> bool:
        if self._when != "auto":
            return self._when == "always"
        if self._environment.get("NO_COLOR"):
            return False
        if self._environment.get("FORCE_COLOR") or self._environment.get("CLICOLOR_FORCE"):
            return True
        return stream.isatty() and self._environment.get("TERM") != "dumb"
