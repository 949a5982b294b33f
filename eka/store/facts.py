"""What a store tells of itself and of its paths."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from eka.store.path import StorePath
    from eka.store.write import Written


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a store is."""

    root: Path
    logical: str
    schema_version: int
    paths: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Staged:
    """A tree that is checked and written, but not valid yet."""

    path: StorePath
    place: Path  # below the scratch space of the store
    written: Written
    references: tuple[StorePath, ...]


@dataclass(frozen=True, slots=True)
class PathInfo:
    """What is known of one path."""

    path: StorePath
    kind: str
    content: str  # 64 hex digits
    size_bytes: int
    references: tuple[StorePath, ...]
    registered: int  # seconds since 1970
