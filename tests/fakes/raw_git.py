"""A bare git repository written byte by byte: it can hold what git itself would never write."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from eka.atom import (
    AtomCommit,
    CommitFormat,
    ContentHash,
    Label,
    ObjectId,
    Version,
    content_hash,
    object_id,
)
from eka.errors import EkaError
from eka.git.objects import PygitReader

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PERSON = b"Evil <evil@example.org> 0 +0000"
CLAIMED = ContentHash("0" * 64)
Entry = tuple[bytes, bytes, ObjectId]  # mode, name, object


class RawRepository:
    """A set whose atoms are whatever a test wants them to be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for name in ("objects", "refs"):
            (path / name).mkdir(parents=True)
        (path / "HEAD").write_text("ref: refs/heads/main\n")
        (path / "config").write_text(
            "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[http]\n\treceivepack = true\n"
        )
        self.readme = self.blob(b"a set\n")
        self.genesis = self.commit(self.tree((b"100644", b"README", self.readme)))
        self.ref("refs/ekala/init", self.genesis)
        self.ref("refs/heads/main", self.genesis)

    def put(self, kind: str, body: bytes) -> ObjectId:
        """Write an object; return its id."""
        oid = object_id(kind, body, "sha1")
        path = self.path / "objects" / oid.hex[:2] / oid.hex[2:]
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(zlib.compress(b"%s %d\0" % (kind.encode(), len(body)) + body, 1))
        return oid

    def blob(self, data: bytes) -> ObjectId:
        """Write a blob."""
        return self.put("blob", data)

    def tree(self, *entries: Entry) -> ObjectId:
        """Write a tree with the entries in just this order."""
        body = b"".join(b"%b %b\0%b" % (mode, name, oid.raw) for mode, name, oid in entries)
        return self.put("tree", body)

    def commit(self, tree: ObjectId, *parents: ObjectId) -> ObjectId:
        """Write a source commit."""
        lines = [f"tree {tree.hex}", *(f"parent {parent.hex}" for parent in parents)]
        head = "\n".join(lines).encode()
        return self.put("commit", head + b"\nauthor %b\ncommitter %b\n\nwork\n" % (PERSON, PERSON))

    def ref(self, name: str, oid: ObjectId) -> None:
        """Write a ref."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{oid.hex}\n")

    def manifest(self, label: str, version: str = "1.0.0", more: str = "") -> Entry:
        """Write a manifest; return it as an entry of a tree."""
        text = f'[package]\nlabel = "{label}"\nversion = "{version}"\n{more}'
        return b"100644", b"atom.toml", self.blob(text.encode())

    def file(self, name: str, text: str | bytes = "x") -> Entry:
        """Write a file; return it as an entry of a tree."""
        return (
            b"100644",
            name.encode(),
            self.blob(text.encode() if isinstance(text, str) else text),
        )

    def atom(self, label: str, *entries: Entry, version: str = "1.0.0") -> AtomCommit:
        """Return the honest commit of an atom with a tree of any kind, from a source commit."""
        tree = self.tree(*entries)
        return self.atom_of_tree(label, tree, entries, version=version)

    def atom_of_tree(
        self, label: str, tree: ObjectId, entries: Sequence[Entry] = (), *, version: str = "1.0.0"
    ) -> AtomCommit:
        """Return the honest commit of an atom whose tree is there already."""
        origin = self.commit(self.tree((b"40000", label.encode(), tree)), self.genesis)
        manifests = [oid for _, name, oid in entries if name == b"atom.toml"]
        try:
            content = content_hash(tree, PygitReader(self.path))
        except EkaError:  # no such tree has one; claim anything
            content = None
        return AtomCommit(
            format=CommitFormat.V2,
            tree=tree,
            origin=origin,
            label=Label(label),
            version=Version.parse(version),
            path=label,
            manifest=manifests[0] if manifests else self.readme,
            content=content or CLAIMED,
        )

    def publish(self, commit: AtomCommit) -> ObjectId:
        """Write the commit of an atom and its refs."""
        return self.publish_as(
            f"{commit.label.text}/{commit.version.text}", commit.origin, commit.encode()
        )

    def publish_as(self, name: str, origin: ObjectId, body: bytes) -> ObjectId:
        """Write a commit with a body of any kind, and refs as if it were the atom ``name``."""
        rev = self.put("commit", body)
        self.ref(f"refs/atoms/{name}", rev)
        self.ref(f"refs/ekala/origins/{origin.hex}", origin)
        return rev
