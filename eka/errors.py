"""The one error family of eka: what happened, where, why, and how to fix it.

Every error a user can meet is a subclass of `EkaError`, one class per fact, with a stable ``code``
(a page in ``docs/errors/``) and an exit status. Any other exception is a bug in eka.
"""

from __future__ import annotations

from enum import IntEnum

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from typing import Any, ClassVar, Self


class Exit(IntEnum):
    """Exit statuses of every program of eka; ``docs/cli.md`` documents each."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NETWORK = 4
    INTEGRITY = 5
    CONFLICT = 6
    BUG = 70
    BUILD_FAILED = 100
    BUILD_TIMEOUT = 101
    HASH_MISMATCH = 102
    NONDETERMINISTIC = 104
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a text file; line and column count from 1, ``length`` in characters."""

    file: str
    line: int
    column: int
    length: int
    text: str  # the whole line, without its end


class EkaError(Exception):
    """Base of all errors that are the world's fault, not ours."""

    code: ClassVar[str] = "failed"
    exit_status: ClassVar[Exit] = Exit.FAILED

    def __init__(
        self, *, what: str, where: str = "", why: str = "", fix: str = "", span: Span | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.fix = fix
        self.span = span
        self.details: tuple[str, ...] = ()  # foreign lines worth reading, such as the end of a log

    def __str__(self) -> str:
        parts = [self.what, *(part for part in (self.where, self.why) if part)]
        return ": ".join(parts)

    def at(self, span: Span) -> Self:
        """Attach the place in a text file that this error speaks of; returns the same error."""
        self.span = span
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # Subclasses take their own arguments; without this they could not cross a process border.
        return _rebuild, (type(self), self.args, self.__dict__.copy())


def _rebuild(kind: type[EkaError], args: tuple[object, ...], state: dict[str, object]) -> EkaError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class Problems(EkaError):
    """Several problems found in one pass; reported together."""

    code = "problems"

    def __init__(self, problems: list[EkaError], *, what: str = "") -> None:
        count = len(problems)
        super().__init__(what=what or f"{count} problem{'s' if count != 1 else ''} found")
        self.problems = tuple(problems)

    @property
    def worst(self) -> int:
        """The exit status of the whole: the largest of its parts."""
        return max((problem.exit_status for problem in self.problems), default=self.exit_status)


def raise_problems(problems: list[EkaError], *, what: str = "") -> None:
    """Raise nothing, the one problem itself, or all of them as `Problems`."""
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise Problems(problems, what=what)
