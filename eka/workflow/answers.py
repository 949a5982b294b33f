"""Who answered for which source, when, and what was odd about it: for notes and documents."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.atom import SourceUrl
    from eka.workflow.first_seen import Sighting


@dataclass(frozen=True, slots=True)
class Moved:
    """A version that names another commit than what was seen first."""

    label: str
    version: str
    expected: Sighting
    found: str


@dataclass(frozen=True, slots=True)
class Gone:
    """A version that was seen once and is not listed any more."""

    label: str
    version: str
    seen: Sighting
    is_newest: bool


@dataclass(slots=True)
class Answer:
    """What one source, or a mirror in its place, answered in this run."""

    source: str
    by: str  # public URL of whoever listed the versions
    at_s: int  # when; of several times the oldest
    is_remembered: bool  # it was not asked now
    protocol: int = 2  # of git; below 2 the source lists every ref, whatever it is asked
    moved: list[Moved] = field(default_factory=list[Moved])
    gone: list[Gone] = field(default_factory=list[Gone])


@dataclass(slots=True)
class Answers:
    """The answers of one run of the program."""

    all: list[Answer] = field(default_factory=list[Answer])
    _down: set[SourceUrl] = field(default_factory=set["SourceUrl"])

    def add(self, answer: Answer) -> bool:
        """Take an answer and return whether it is a new one; those of one kind become one."""
        for known in self.all:
            if (known.source, known.by, known.is_remembered) == (
                answer.source,
                answer.by,
                answer.is_remembered,
            ):
                known.at_s = min(known.at_s, answer.at_s)
                known.protocol = min(known.protocol, answer.protocol)
                known.moved += [each for each in answer.moved if each not in known.moved]
                known.gone += [each for each in answer.gone if each not in known.gone]
                return False
        self.all.append(answer)
        return True

    def is_down(self, url: SourceUrl) -> bool:
        """Return whether a source did not answer before in this run."""
        return url in self._down

    def mark_down(self, url: SourceUrl) -> None:
        """Remember that a source does not answer: waiting for it again would be in vain."""
        self._down.add(url)

    def in_order(self, urls: Iterable[SourceUrl]) -> Sequence[SourceUrl]:
        """Return ``urls`` as they are to be asked: those that do not answer last."""
        return sorted(urls, key=self.is_down)
