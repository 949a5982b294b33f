"""Reads git objects in this process; the only module that imports pygit2.

Import it where objects are read, not at the top of a command: pygit2 takes a tenth of a second.
Only the object database is opened, never the repository: no configuration is read, so it does
not matter who owns it, and no object is trusted before its id has been recomputed. That is done
here and not in libgit2, whose SHA-1 looks for collisions, as git did already when the object
arrived, and takes as long as all the rest.
"""

from __future__ import annotations

import hashlib
import re

import pygit2
from pygit2.enums import ObjectType, Option

from eka.atom import ObjectId, TreeEntry
from eka.checking import TYPE_CHECKING
from eka.git.failures import (
    ObjectDamaged,
    ObjectMissing,
    UnexpectedObject,
    UnsupportedObjectFormat,
)
from eka.git.safe import safe_line
from eka.git.tree_objects import MalformedTree, parse_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAX_TREE_BYTES = 32 * 1024 * 1024
MAX_COMMIT_BYTES = 1024 * 1024
MAX_BLOB_BYTES = 512 * 1024 * 1024
DIRECTORY_MODE = "40000"

pygit2.option(Option.ENABLE_STRICT_HASH_VERIFICATION, False)  # noqa: FBT003 - its only form

_KINDS = {
    int(ObjectType.COMMIT): "commit",
    int(ObjectType.TREE): "tree",
    int(ObjectType.BLOB): "blob",
    int(ObjectType.TAG): "tag",
}
_SHA1_DIGITS = 40
_MOST_HEADERS = 100_000
_LIMITS = {"commit": MAX_COMMIT_BYTES, "tag": MAX_COMMIT_BYTES, "tree": MAX_TREE_BYTES}
_SHA256 = re.compile(rb"^\s*objectformat\s*=\s*\"?sha256", re.IGNORECASE | re.MULTILINE)


class PygitReader:
    """Reads the objects of one local repository; an `eka.atom.TreeReader`."""

    def __init__(self, git_dir: Path) -> None:
        """Read the repository with this ``.git`` (or bare) directory, there already or not."""
        self._git_dir = git_dir
        self._where = str(git_dir)
        self._opened: pygit2.Odb | None = None
        self._headers: dict[ObjectId, tuple[str, int]] = {}

    def header(self, oid: ObjectId) -> tuple[str, int]:
        """Return kind (``commit`` ``tree`` ``blob`` ``tag``) and size in bytes; reads no body."""
        known = self._headers.get(oid)
        if known is not None:
            return known
        try:
            kind, size = self._odb(oid).read_header(self._name(oid))
        except KeyError as error:
            raise ObjectMissing(oid, self._where) from error
        except (pygit2.GitError, OSError) as error:
            raise ObjectDamaged(oid, self._where, safe_line(str(error))) from error
        if len(self._headers) > _MOST_HEADERS:
            self._headers.clear()
        found = self._headers[oid] = self._kind(oid, kind), size
        return found

    def read(self, oid: ObjectId) -> tuple[str, bytes]:
        """Return kind and body; raises UnexpectedObject for one that is too large."""
        kind, size = self.header(oid)
        limit = _LIMITS.get(kind, MAX_BLOB_BYTES)
        if size > limit:
            expected = f"a {kind} of at most {limit} bytes"
            raise UnexpectedObject(oid, expected=expected, found=f"{size} bytes")
        try:
            _, body = self._odb(oid).read(self._name(oid))
        except KeyError as error:
            raise ObjectMissing(oid, self._where) from error
        except (pygit2.GitError, OSError) as error:
            raise ObjectDamaged(oid, self._where, safe_line(str(error))) from error
        state = hashlib.sha1(b"%b %d\0" % (kind.encode(), len(body)), usedforsecurity=False)
        state.update(body)
        if state.hexdigest() != oid.hex:
            raise ObjectDamaged(oid, self._where, "its bytes are not those of its id")
        return kind, body

    def has(self, oid: ObjectId) -> bool:
        """Return whether the object is here."""
        try:
            return self._odb(oid).exists(self._name(oid))
        except ObjectMissing:
            return False

    def size(self, oid: ObjectId) -> int:
        """Return the size of a blob in bytes, without reading it."""
        kind, size = self.header(oid)
        if kind != "blob":
            raise UnexpectedObject(oid, expected="a blob", found=f"a {kind}")
        return size

    def blob(self, oid: ObjectId) -> bytes:
        """Return the bytes of a blob."""
        return self._body(oid, "blob")

    def commit(self, oid: ObjectId) -> bytes:
        """Return the body of a commit."""
        return self._body(oid, "commit")

    def tree(self, oid: ObjectId) -> Sequence[TreeEntry]:
        """Return the entries of a tree exactly as they are stored."""
        try:
            return parse_tree(self._body(oid, "tree"), len(oid.raw))
        except MalformedTree as error:
            raise ObjectDamaged(oid, self._where, str(error)) from error

    def find(self, tree: ObjectId, path: str) -> TreeEntry | None:
        """Return what stands at ``path`` below ``tree`` (``.``: the tree itself), or None."""
        found = TreeEntry(DIRECTORY_MODE, b"", tree)
        if path == ".":
            return found
        for part in path.split("/"):
            if found.mode != DIRECTORY_MODE:
                return None
            name = part.encode()
            matches = [entry for entry in self.tree(found.oid) if entry.name == name]
            if not matches:
                return None
            found = matches[0]
        return found

    def _body(self, oid: ObjectId, expected: str) -> bytes:
        kind, body = self.read(oid)
        if kind != expected:
            raise UnexpectedObject(oid, expected=f"a {expected}", found=f"a {kind}")
        return body

    def _odb(self, oid: ObjectId) -> pygit2.Odb:
        if self._opened is None:
            common = _common_dir(self._git_dir)
            if _SHA256.search(_read_config(common)):
                raise UnsupportedObjectFormat(self._where)
            if not (common / "objects").is_dir():
                raise ObjectMissing(oid, self._where)
            self._opened = pygit2.Odb(str(common / "objects"))
        return self._opened

    def _name(self, oid: ObjectId) -> str:
        if len(oid.hex) != _SHA1_DIGITS:
            raise UnsupportedObjectFormat(oid.hex)
        return oid.hex

    def _kind(self, oid: ObjectId, kind: int) -> str:
        found = _KINDS.get(int(kind))
        if found is None:
            raise ObjectDamaged(oid, self._where, f"unknown kind {kind}")
        return found


def _common_dir(git_dir: Path) -> Path:
    """Return where the objects are: a linked working tree keeps them elsewhere."""
    pointer = git_dir / "commondir"
    try:
        return git_dir / pointer.read_text().strip()
    except (FileNotFoundError, NotADirectoryError):
        return git_dir


def _read_config(common: Path) -> bytes:
    try:
        return (common / "config").read_bytes()
    except OSError:
        return b""
