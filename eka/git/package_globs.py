"""The patterns of ``[set] packages``: which directories of a commit are atoms; pure.

``*`` and ``?`` stay within one directory name, ``**`` stands for any number of directories,
``[abc]`` is one of some characters. Names that start with a dot are like any other.

Source: atom-spec/publishing.md [discover-patterns].
"""

from __future__ import annotations

import re
from functools import lru_cache

from eka.lazy import pattern

_MAGIC = pattern(r"[*?\[]")


def is_pattern(text: str) -> bool:
    """Return whether ``text`` may stand for several directories."""
    return _MAGIC.search(text) is not None


def matches(pattern: str, directory: str) -> bool:
    """Return whether a directory (from the top; ``.`` is the top) is named by ``pattern``."""
    if not is_pattern(pattern):
        return pattern.rstrip("/") == directory
    if directory == ".":
        return pattern == "**"
    return _compiled(pattern).fullmatch(directory) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = pattern.strip("/").split("/")
    expression = ""
    for position, part in enumerate(parts):
        is_last = position == len(parts) - 1
        if part == "**":
            expression += ".*" if is_last else "(?:[^/]+/)*"
        else:
            expression += _segment(part) + ("" if is_last else "/")
    return re.compile(expression, re.DOTALL)


def _segment(part: str) -> str:
    expression = ""
    position = 0
    while position < len(part):
        character = part[position]
        end = part.find("]", position + 2) if character == "[" else -1
        if end > 0:
            choices = part[position + 1 : end]
            negated = choices.startswith(("!", "^"))
            escaped = re.escape(choices[1:] if negated else choices).replace(r"\-", "-")
            expression += f"(?!/)[{'^' if negated else ''}{escaped}]"
            position = end
        else:
            expression += {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character))
        position += 1
    return expression
