"""What an explanation says, as values: for the lines of a terminal and for programs alike."""

from __future__ import annotations

from typing import Literal

from eka.checking import TYPE_CHECKING
from eka.errors import Span
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom import Requirement, Version
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
    is_new: bool = False  # the line at this place is the one being added


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Another requirement for one line of the project, and the version that is selected then.

    Both None: the line is left out.
    """

    wanted: Wanted
    requirement: Requirement | None
    selected: Version | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Changes of lines of the project that together work, as the solver found out."""

    changes: tuple[Relaxed, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why nothing fits.

    ``is_minimal``: without any one leaf, the others could be met.
    """

    sentences: tuple[Sentence, ...]
    leaves: tuple[Leaf, ...]
    is_minimal: bool

    @property
    def root(self) -> str:
        """The manifest of the project; "" if no line of it counts."""
        for leaf in self.leaves:
            if leaf.owner is None and leaf.wanted and isinstance(leaf.wanted.origin, Span):
                return leaf.wanted.origin.file
        return ""


def here(wanted: Wanted) -> Span | None:
    """Return where a line of a file here is; what is published is named by its version."""
    span = wanted.origin
    return span if isinstance(span, Span) and "@" not in span.file.rpartition("/")[0] else None


def place_text(span: Span, root: str) -> str:
    """Return ``atom.toml:12`` for the manifest ``root``, ``lib/atom.toml:3`` for another."""
    parts = span.file.split("/")
    shown = parts[-1] if span.file == root else "/".join(parts[-2:])
    return f"{shown}:{span.line}"


def aligned(explanation: Explanation) -> list[str]:
    """Return the sentences of an explanation as lines, their places in a column."""
    return [f"{text}{place}" for text, place in in_columns(explanation)]


def in_columns(explanation: Explanation) -> list[tuple[str, str]]:
    """Return text and place of each sentence, padded to stand below each other."""
    sentences = explanation.sentences
    width = max((len(each.text) for each in sentences if each.place), default=0)
    lines: list[tuple[str, str]] = []
    for each in sentences:
        if each.place is None:
            lines.append((each.text, ""))
        else:
            place = place_text(each.place, explanation.root)
            text = f"{each.text:<{min(width, _PLACE_COLUMN)}}  "
            lines.append((text, f"{place} (new)" if each.is_new else place))
    return lines
