"""What is known about a published atom after checking it: levels, and how each stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from eka.checking import TYPE_CHECKING, Protocol
from eka.errors import EkaError, Exit, raise_problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.atom import (
        AtomCommit,
        AtomId,
        ContentHash,
        Genesis,
        Label,
        ObjectId,
        TreeSummary,
        Version,
    )
    from eka.git.object_port import ObjectReader
    from eka.git.source_tree import SourceTrees


class Level(StrEnum):
    """What is proved, each on its own."""

    BYTES = "bytes"
    """The commit is an atom commit, byte for byte, and the one that ref and lock name."""
    MANIFEST = "manifest"
    """The manifest in the tree names this label and version."""
    SUBTREE = "subtree"
    """The tree is a directory of the source commit."""
    ANCESTRY = "ancestry"
    """The source commit descends from the set's genesis."""
    CONTENT = "content"
    """The content hash is the one that commit and lock name."""
    SIGNATURE = "signature"
    """Those whom the person trusts have signed it; judged by `eka.workflow`."""


class Status(StrEnum):
    """How a level stands."""

    OK = "ok"
    FAILED = "failed"
    UNAVAILABLE = "unavailable"
    """What it needs cannot be reached; nothing is proved either way."""
    ABSENT = "absent"
    """Nobody claimed anything that could be checked."""


class Lineage(Enum):
    """How a genesis and a source commit are related."""

    ANCESTOR = auto()
    STRANGER = auto()
    NOT_A_ROOT = auto()
    SHALLOW = auto()
    """The source's history ends before it was decided."""


class History(Protocol):
    """Port: reaches the source commits of a set."""

    def prepare(self, origins: Iterable[ObjectId]) -> None:
        """Bring many source commits within reach at once; some may stay out of it."""
        ...

    def reader(self, origin: ObjectId) -> ObjectReader:
        """Return a reader of the commit ``origin`` and all of its trees."""
        ...

    def trees(self, origin: ObjectId) -> SourceTrees:
        """Return where to find trees below the commit ``origin``."""
        ...

    def lineage(self, origin: ObjectId, genesis: Genesis) -> Lineage:
        """Return how ``genesis`` and ``origin`` are related."""
        ...

    def between(self, old: ObjectId, new: ObjectId) -> Sequence[ObjectId]:
        """Return the commits that ``new`` has and ``old`` has not, newest first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAtom:
    """What a ref and a lockfile say about an atom; absent parts are not compared."""

    label: Label
    version: Version
    genesis: Genesis | None = None
    id: AtomId | None = None
    rev: ObjectId | None = None
    tree: ObjectId | None = None
    content: ContentHash | None = None


@dataclass(frozen=True, slots=True)
class LevelReport:
    """How one level stands, and why."""

    level: Level
    status: Status
    expected: str = ""
    found: str = ""
    note: str = ""


class ProvenanceMismatch(EkaError):
    """A published atom is not what its ref, its lock or its source commit says."""

    code = "provenance-mismatch"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str, report: LevelReport) -> None:
        super().__init__(
            what=f"the atom is not what it claims to be ({report.level})",
            where=where,
            why=report.note or f"expected {report.expected}, found {report.found}",
            fix="do not build it; ask its publisher for a new version",
        )
        self.level = report.level
        self.expected, self.found = report.expected, report.found


@dataclass(frozen=True, slots=True, kw_only=True)
class AtomReport:
    """All that was found out about one published atom."""

    rev: ObjectId
    expected: ExpectedAtom
    levels: tuple[LevelReport, ...]
    commit: AtomCommit | None = None
    manifest: ObjectId | None = None
    content: ContentHash | None = None
    summary: TreeSummary | None = None

    @property
    def is_sound(self) -> bool:
        """Whether no level failed."""
        return all(report.status is not Status.FAILED for report in self.levels)

    @property
    def is_proved(self) -> bool:
        """Whether no level failed and none was unavailable."""
        return all(report.status in (Status.OK, Status.ABSENT) for report in self.levels)

    def level(self, level: Level) -> LevelReport:
        """Return the report of one level."""
        return next(report for report in self.levels if report.level is level)

    def raise_failures(self) -> None:
        """Raise a ProvenanceMismatch for each failed level (`Problems` for several)."""
        where = f"{self.expected.label.text}@{self.expected.version.text} ({self.rev.hex})"
        raise_problems(
            [
                ProvenanceMismatch(where, report)
                for report in self.levels
                if report.status is Status.FAILED
            ],
            what=f"{where} is not what it claims to be",
        )
