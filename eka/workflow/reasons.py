"""What is added to an explanation of why no versions were found: rules of the project itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.errors import Problems
from eka.resolve import NoMatchingVersion, NoSuchPackage, Unsatisfiable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eka.errors import EkaError
    from eka.resolve import ResolveKey


def add_reasons(error: EkaError, fixed: Callable[[ResolveKey], str]) -> None:
    """Add a line to each explanation for each of its atoms that ``fixed`` has something to say of.

    Args:
        error: Why no versions were found; any other error stays as it is.
        fixed: Returns what a project fixed about an atom, else an empty text.
    """
    for each in error.problems if isinstance(error, Problems) else (error,):
        lines = [said for key in _keys(each) if (said := fixed(key))]
        each.why = "\n".join([each.why, *lines])


def _keys(error: EkaError) -> Iterator[ResolveKey]:
    if isinstance(error, NoSuchPackage | NoMatchingVersion):
        yield error.wanted.key
    elif isinstance(error, Unsatisfiable):
        yield from dict.fromkeys(line.key for line in error.lines)
