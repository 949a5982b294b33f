"""A tree as a stream of nodes: how every tree enters and leaves the store."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeAlias

# Names from the root down; () is the root itself.
NodePath: TypeAlias = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class FileNode:
    """A regular file; ``chunks`` are read once, before the next node is asked for."""

    path: NodePath
    executable: bool
    chunks: Iterable[bytes]
    size_bytes: int | None = None
    """What ``chunks`` should come to, where whoever made the node knows; to be checked."""


@dataclass(frozen=True, slots=True)
class LinkNode:
    """A symbolic link."""

    path: NodePath
    target: bytes


@dataclass(frozen=True, slots=True)
class DirNode:
    """A directory; it comes before everything in it."""

    path: NodePath


Node: TypeAlias = FileNode | LinkNode | DirNode
