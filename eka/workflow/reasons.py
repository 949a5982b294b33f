"""What is added to an explanation of why no versions were found: rules of the project itself."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import Problems
from eka.resolve import NoMatchingVersion, NoSuchPackage, Unsatisfiable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from eka.errors import EkaError
    from eka.resolve import ResolveKey


def add_reasons(
    error: EkaError, fixed: Callable[[ResolveKey], str], single: Callable[[ResolveKey], str]
) -> None:
    """Add to each explanation what the project says of the atoms it speaks of.

    Args:
        error: Why no versions were found; any other error stays as it is.
        fixed: Returns which directory fixes the version of an atom, else an empty text.
        single: Returns who allows one version of an atom only, else an empty text; it matters
            where several requirements do not go together.
    """
    for each in error.problems if isinstance(error, Problems) else (error,):
        keys = list(_keys(each))
        lines = [fixed(key) for key in keys]
        if isinstance(each, Unsatisfiable):
            lines += [single(key) for key in keys]
        each.why = "\n".join(filter(None, [each.why, *lines]))


def _keys(error: EkaError) -> Iterator[ResolveKey]:
    if isinstance(error, NoSuchPackage | NoMatchingVersion):
        yield error.wanted.key
    elif isinstance(error, Unsatisfiable):
        yield from dict.fromkeys(line.key for line in error.lines)
