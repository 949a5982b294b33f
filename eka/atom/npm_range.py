"""The ranges of npm that mean the same as a requirement; others are refused.

npm reads a bare ``1.2.3`` as that version alone where Cargo reads it as ``^1.2.3``, so that no
range is taken over as it stands.
"""

from __future__ import annotations

import re

from eka.atom.requirement import Requirement
from eka.errors import EkaError, Exit

_SHOWN_CHARACTERS = 80
_NUMBER = r"(?:0|[1-9][0-9]{0,15})"
_RANGE = re.compile(
    rf"(?P<operator>[=^~]?)v?(?P<numbers>{_NUMBER}(?:\.{_NUMBER}){{0,2}})"
    r"(?P<wild>(?:\.[xX*]){0,2})(?P<pre>-[0-9A-Za-z.-]{1,128})?",
    re.ASCII,
)
_ANY = frozenset({"", "*", "x", "X", "latest"})
_PARTS = 3


class UnsupportedRange(EkaError):
    """A range of npm that has no counterpart here."""

    code = "unsupported-range"
    exit_status = Exit.USAGE

    def __init__(self, text: str) -> None:
        super().__init__(
            what="this range of npm versions is not supported",
            where=repr(text[:_SHOWN_CHARACTERS]),
            why="one version, `^`, `~`, `1.x` and `*` are; comparisons and alternatives are not",
            fix='write for example "^1.2.3", or the version itself',
        )
        self.text = text


def npm_requirement(text: str) -> Requirement:
    """Return the requirement that means what a range of npm means.

    Raises:
        UnsupportedRange: it is no range, or none that a requirement can say.

    Source: atom-spec/direct.md [npm-range].
    """
    if text.strip() in _ANY:
        return Requirement("*")
    match = _RANGE.fullmatch(text.strip())
    if match is None:
        raise UnsupportedRange(text)
    operator, numbers = match["operator"], match["numbers"]
    count = numbers.count(".") + 1
    is_partial = count < _PARTS
    has_room = count + len(match["wild"]) // 2 <= _PARTS
    if not has_room or (match["pre"] and (is_partial or match["wild"])):
        raise UnsupportedRange(text)
    # In ranges such as `1.2` and `1.2.x` the operators `=` and none mean the numbers written.
    sign = operator if operator in {"^", "~"} else "="
    try:
        return Requirement(f"{sign}{numbers}{match['pre'] or ''}")
    except EkaError as error:
        raise UnsupportedRange(text) from error
