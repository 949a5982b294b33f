"""Store paths: names computed from what they hold (atom-spec/store.md [path-id])."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from eka.hashing import DIGEST_BYTES, base32hex, digest
from eka.store.errors import InvalidStoreName, InvalidStorePath
from eka.values import dataclass

LOGICAL_ROOT = "/eka/store"
DIGEST_LETTERS = 32
MAX_NAME_BYTES = 200
_ID_BYTES = 20
_DIGEST = re.compile(r"[0-9a-v]{32}")
_NAME = re.compile(r"[A-Za-z0-9+_?=-][A-Za-z0-9+._?=-]*")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9+._?=-]")


class NodeKind(StrEnum):
    """What the root of a store path is."""

    FILE = "file"
    EXECUTABLE = "executable"
    LINK = "link"
    DIRECTORY = "directory"


@dataclass(frozen=True, slots=True, order=True)
class StorePath:
    """Name of one immutable file, link or directory of the store."""

    digest32: str  # 32 letters of base32hex
    name: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.digest32):
            raise InvalidStorePath(self.base, f"not {DIGEST_LETTERS} letters of base32hex")
        check_name(self.name)

    @property
    def base(self) -> str:
        """The file name: ``<32 letters>-<name>``."""
        return f"{self.digest32}-{self.name}"

    @property
    def text(self) -> str:
        """The logical absolute path, the same for every store."""
        return f"{LOGICAL_ROOT}/{self.base}"

    @classmethod
    def parse(cls, text: str) -> StorePath:
        """Read ``/eka/store/<base>`` or ``<base>``; nothing below a store path is accepted."""
        base = text.removeprefix(f"{LOGICAL_ROOT}/")
        if "/" in base:
            raise InvalidStorePath(text, f"not directly below {LOGICAL_ROOT}")
        if base[DIGEST_LETTERS : DIGEST_LETTERS + 1] != "-":
            raise InvalidStorePath(text, "no dash after the digest")
        try:
            return cls(base[:DIGEST_LETTERS], base[DIGEST_LETTERS + 1 :])
        except (InvalidStoreName, InvalidStorePath) as error:
            raise InvalidStorePath(text, error.why) from error


def check_name(name: str) -> None:
    """Raise `InvalidStoreName` unless ``name`` may follow the digest (ASCII, 1..200 bytes)."""
    if not 1 <= len(name) <= MAX_NAME_BYTES:
        raise InvalidStoreName(name, f"not 1..{MAX_NAME_BYTES} characters long")
    if not _NAME.fullmatch(name):
        raise InvalidStoreName(name, "a character is not allowed in it")


def path_name(text: str) -> str:
    """Turn any text (a label may hold any letter) into a valid name; others become ``_``."""
    name = _NOT_IN_NAMES.sub("_", text)[:MAX_NAME_BYTES]
    if not name:
        return "_"
    return f"_{name[1:]}" if name.startswith(".") else name


def store_path(
    kind: NodeKind, content: bytes, name: str, *, self_positions: bytes = b""
) -> StorePath:
    """Return the one path that may hold this content under this name.

    Args:
        kind: What the root is; without it a file could equal a directory.
        content: 32 bytes content digest; of an output that mentions itself, the digest with
            every mention of its own digest zeroed.
        name: What follows the digest.
        self_positions: 32 bytes digest of where the mentions were, empty when there are none;
            without it an output could equal a tree with real zeros.

    Source: atom-spec/store.md [path-id], [path-self].
    """
    check_name(name)
    if len(content) != DIGEST_BYTES or len(self_positions) not in {0, DIGEST_BYTES}:
        msg = "content and self_positions are digests of 32 bytes"
        raise ValueError(msg)
    mark = b"self" if self_positions else b"plain"
    raw = b"\0".join((b"eka.path/1", kind.value.encode(), mark, content + self_positions))
    return StorePath(base32hex(digest(raw + name.encode())[:_ID_BYTES]), name)


@lru_cache(maxsize=8192)
def tree_path(content: str, name: str) -> StorePath:
    """Return the path of a directory with the content hash ``content`` (64 hex digits)."""
    return store_path(NodeKind.DIRECTORY, bytes.fromhex(content), name)
