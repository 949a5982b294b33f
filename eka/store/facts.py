"""What a store tells of itself and of its paths."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from eka.store.path import StorePath


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """What a store is."""

    root: Path
    logical: str
    schema_version: int
    paths: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class PathInfo:
    """What is known of one path."""

    path: StorePath
    kind: str
    content: str  # 64 hex digits
    size_bytes: int
    references: tuple[StorePath, ...]
    registered: int  # seconds since 1970
