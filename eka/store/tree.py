"""The content digest of a tree of nodes, computed while they pass (atom-spec/store.md)."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.hashing import directory_digest
from eka.store.errors import UnsafeTree
from eka.store.path import NodeKind

if TYPE_CHECKING:
    from typing import Final

    from eka.store.nodes import NodePath

MAX_DEPTH = 128
MAX_NAME_BYTES = 255
# Of all names from the root down, with the slashes between them: wherever a store or a build lies,
# what is in a tree can be named to the system, which takes 4095 bytes.
MAX_PATH_BYTES = 3072
_FEW = MAX_PATH_BYTES // (MAX_NAME_BYTES + 1)  # names that cannot be too long together
MAX_TARGET_BYTES = 4095
FILE_MODE: Final = "100644"
EXECUTABLE_MODE: Final = "100755"
LINK_MODE: Final = "120000"
DIRECTORY_MODE: Final = "40000"
_KINDS = {
    FILE_MODE: NodeKind.FILE,
    EXECUTABLE_MODE: NodeKind.EXECUTABLE,
    LINK_MODE: NodeKind.LINK,
}


class TreeDigest:
    """Collects nodes, parents first, and gives the digest of the whole.

    It also keeps the laws of a tree: plain names, no name twice, every parent a directory.
    """

    def __init__(self) -> None:
        # Leaves hold (mode, digest); a directory is a key of _directories.
        self._directories: dict[NodePath, dict[bytes, tuple[str, bytes]]] = {}
        self._root: tuple[str, bytes] | None = None

    @property
    def directories(self) -> list[NodePath]:
        """Paths of the directories seen, parents first."""
        return list(self._directories)

    def enter(self, path: NodePath) -> None:
        """Take a directory."""
        self._claim(path, DIRECTORY_MODE, b"")
        self._directories[path] = {}

    def reserve(self, path: NodePath, mode: str) -> None:
        """Take the place of a leaf, before its bytes are looked at."""
        self._claim(path, mode, b"")

    def leaf(self, path: NodePath, mode: str, digest: bytes) -> None:
        """Set the digest of a leaf that was reserved; a later call replaces an earlier one."""
        if path:
            self._directories[path[:-1]][path[-1]] = (mode, digest)
        else:
            self._root = (mode, digest)

    def result(self) -> tuple[NodeKind, bytes]:
        """Return what the root is, and the content digest of the tree, 32 bytes."""
        if self._root is None:
            raise UnsafeTree("/", "the tree is empty; it has no root")
        if self._root[0] != DIRECTORY_MODE:
            return _KINDS[self._root[0]], self._root[1]
        digests: dict[NodePath, bytes] = {}
        for path in reversed(self._directories):
            entries = [
                (mode, name, digests.pop((*path, name)) if mode == DIRECTORY_MODE else digest)
                for name, (mode, digest) in self._directories[path].items()
            ]
            entries.sort(key=_git_order)
            digests[path] = directory_digest(entries)
        return NodeKind.DIRECTORY, digests[()]

    def _claim(self, path: NodePath, mode: str, digest: bytes) -> None:
        if not path:
            if self._root is not None:
                raise UnsafeTree("/", "the tree has two roots")
            self._root = (mode, digest)
            return
        name = path[-1]
        siblings = self._directories.get(path[:-1])
        if siblings is None:
            raise UnsafeTree(shown(path), "it does not come after a directory that holds it")
        check_name(path)
        if name in siblings:
            raise UnsafeTree(shown(path), "the name occurs twice in one directory")
        siblings[name] = (mode, digest)


def check_name(path: NodePath) -> None:
    """Refuse a last name that could leave its directory, or that no file system keeps."""
    name = path[-1]
    if name in {b"", b".", b".."} or b"/" in name or b"\0" in name:
        raise UnsafeTree(shown(path), f"{name!r} is not a file name")
    if len(name) > MAX_NAME_BYTES:
        raise UnsafeTree(shown(path), f"a name is longer than {MAX_NAME_BYTES} bytes")
    if len(path) > MAX_DEPTH:
        raise UnsafeTree(shown(path), f"nested deeper than {MAX_DEPTH} directories")
    if len(path) > _FEW and sum(map(len, path)) + len(path) - 1 > MAX_PATH_BYTES:
        raise UnsafeTree(shown(path), f"its names have more than {MAX_PATH_BYTES} bytes together")


def check_target(path: NodePath, target: bytes) -> None:
    """Refuse a link target no file system keeps; where it points is not the store's business."""
    if not 1 <= len(target) <= MAX_TARGET_BYTES or b"\0" in target:
        raise UnsafeTree(shown(path), "the target of the link is empty, too long or holds a NUL")


def shown(path: NodePath) -> str:
    """Return a path for messages; foreign bytes are escaped."""
    return b"/".join(path)[-200:].decode("utf-8", "backslashreplace") or "/"


def _git_order(entry: tuple[str, bytes, bytes]) -> bytes:
    # git sorts a directory as if its name ended in a slash
    return entry[1] + b"/" if entry[0] == DIRECTORY_MODE else entry[1]
