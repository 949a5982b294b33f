"""What a lock file of Python's tools says, whichever tool wrote it, as one graph."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One file that installs a package."""

    file: str
    sha256: str
    url: str = ""  # empty: the index tells
    size: int | None = None  # bytes, where the lock file says it


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A package that is needed where a marker holds."""

    name: str  # in its normal form
    marker: str = ""
    extras: tuple[str, ...] = ()
    version: str = ""  # where it says which one of several


Edges: TypeAlias = tuple[Edge, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One locked version of a package."""

    name: str  # in its normal form
    version: str
    wheels: tuple[Wheel, ...] = ()
    edges: Edges = ()
    extras: Mapping[str, Edges] = field(default_factory=dict[str, Edges])
    index: str = ""  # its address; empty: the usual one
    requires_python: str = ""
    fault: str = ""  # why it cannot be pinned, known from the lock file alone


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignLock:
    """A whole lock file; ``roots`` are what the project itself needs.

    Formats that list packages with the condition of each, and not what needs what, become a
    graph in which the project needs all of them.
    """

    tool: str  # uv, poetry, pylock or pip
    packages: tuple[Package, ...]
    roots: Edges
    groups: Mapping[str, Edges] = field(default_factory=dict[str, Edges])
    extras: Mapping[str, Edges] = field(default_factory=dict[str, Edges])
    default_groups: tuple[str, ...] = ()  # taken when none is asked for
    requires_python: str = ""
    environments: tuple[str, ...] = ()  # markers; one of them must hold, if there are any
