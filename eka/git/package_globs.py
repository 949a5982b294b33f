"""The patterns of ``[set] packages``: which directories of a commit are atoms; pure.

``*`` and ``?`` stay within one directory name, ``**`` stands for any number of directories,
``[abc]`` is one of some characters. Names that start with a dot are like any other.

Source: atom-spec/publishing.md [discover-patterns].
"""

from __future__ import annotations

from fnmatch import fnmatchcase

_MAGIC = frozenset("*?[")
_ANY_RUN = "**"


def is_pattern(text: str) -> bool:
    """Return whether ``text`` may stand for several directories."""
    return not _MAGIC.isdisjoint(text)


def matches(pattern: str, directory: str) -> bool:
    """Return whether a directory (from the top; ``.`` is the top) is named by ``pattern``."""
    if not is_pattern(pattern):
        return pattern.rstrip("/") == directory
    if directory == ".":
        return pattern == _ANY_RUN
    names = directory.split("/")
    # How many of the names the parts so far may stand for; no pattern makes this slow.
    reached = {0}
    parts = pattern.strip("/").split("/")
    for position, part in enumerate(parts):
        if part == _ANY_RUN:  # at the end: all that lies below, not the directory itself
            is_last = position == len(parts) - 1
            reached = set(range(min(reached) + is_last, len(names) + 1))
        else:
            reached = {
                at + 1 for at in reached if at < len(names) and fnmatchcase(names[at], part)
            }
        if not reached:
            return False
    return len(names) in reached


package_matches = matches  # the name by which other packages know it
