"""What differs between two files, line by line, as git sees it.

pygit2 (libgit2) carries git's own comparison, so the counts are those of ``git diff --numstat``.

Source: atom-spec/queries.md [diff-lines].
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pygit2 import Patch

LOOKED_AT_BYTES = 8000  # git calls a file binary that has a zero byte among its first 8000
CONTEXT_LINES = 3
_NO_END = frozenset("<>=")  # how libgit2 marks "no newline at end of file"


@dataclass(frozen=True, slots=True)
class LineCounts:
    """How many lines came and went."""

    added: int
    removed: int


def is_binary(data: bytes) -> bool:
    """Return whether lines of this file mean nothing."""
    return b"\0" in data[:LOOKED_AT_BYTES]


def count_lines(old: bytes, new: bytes) -> LineCounts:
    """Return how many lines have to be added and removed to make ``new`` of ``old``."""
    if old == new:
        return LineCounts(0, 0)
    _, added, removed = _patch(old, new).line_stats
    return LineCounts(added, removed)


def patch_lines(old: bytes, new: bytes) -> Iterator[str]:
    r"""Yield the hunks of a unified diff as lines of text without their ends.

    Bytes that are not UTF-8 are written as ``\xff``; the text is foreign and not safe yet.
    """
    for hunk in _patch(old, new).hunks:
        before = _extent(hunk.old_start, hunk.old_lines)
        yield f"@@ -{before} +{_extent(hunk.new_start, hunk.new_lines)} @@"
        for line in hunk.lines:
            text = line.raw_content.decode(errors="backslashreplace").removesuffix("\n")
            if line.origin in _NO_END:
                yield "\\ No newline at end of file"
            else:
                yield f"{line.origin}{text}"


def _extent(start: int, lines: int) -> str:
    return str(start) if lines == 1 else f"{start},{lines}"


def _patch(old: bytes, new: bytes) -> Patch:
    from pygit2 import Patch as Compared  # noqa: PLC0415 - costs 100 ms
    from pygit2.enums import DiffOption  # noqa: PLC0415 - the same

    return Compared.create_from(old, new, flag=DiffOption.FORCE_TEXT, context_lines=CONTEXT_LINES)
