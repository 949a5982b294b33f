"""What an explanation says, as values: for the lines of a terminal and for programs alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import Requirement
    from eka.errors import Span
    from eka.resolve.model import Cause, Request, Wanted

LINE_COLUMNS = 92
"""Of a line of an explanation; a terminal of 100 columns shows it with its margin."""

_PLACE_COLUMN = 64
"""A place stands no further to the right, unless its sentence is longer."""

Kind = Literal["requires", "unmet", "unusable", "single"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One fact that an explanation rests on, of one version of an atom or of the project.

    Attributes:
        owner: Whose fact it is; None: the project's.
        kind: A requirement; one that no version meets; a version that cannot be used; a version
            that must be the only one of its atom.
        wanted: The requirement line, for the first two.
        cause: Why nothing meets the line, or why the version cannot be used.
        reason: The same in words.
    """

    owner: Request | None
    kind: Kind
    wanted: Wanted | None = None
    cause: Cause | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A line of an explanation: facts, one with its place if it has one here, or a conclusion."""

    text: str
    place: Span | None = None
    is_conclusion: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A change of one line of the project that works, as the solver found out.

    ``requirement`` None: it works without the line.
    """

    wanted: Wanted
    requirement: Requirement | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why nothing fits.

    ``is_minimal``: without any one leaf, the others could be met.
    """

    sentences: tuple[Sentence, ...]
    leaves: tuple[Leaf, ...]
    is_minimal: bool


def place_text(span: Span, root: str = "") -> str:
    """Return ``atom.toml:12`` for the manifest ``root``, ``lib/atom.toml:3`` for another."""
    parts = span.file.replace("\\", "/").split("/")
    shown = parts[-1] if span.file == root or len(parts) == 1 else "/".join(parts[-2:])
    return f"{shown}:{span.line}"


def aligned(sentences: Sequence[Sentence]) -> list[str]:
    """Return sentences as lines, their places in a column."""
    shown = [sentence.text for sentence in sentences if sentence.place]
    width = min(max(map(len, shown), default=0), _PLACE_COLUMN)
    return [
        f"{each.text:<{width}}  {place_text(each.place)}" if each.place else each.text
        for each in sentences
    ]
