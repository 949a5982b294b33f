"""Sets with very many version refs, made in seconds: one pack and one file of packed refs."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
_COMMIT, _TREE = 1, 2  # kinds of objects in a pack
_HEADER = "# pack-refs with: peeled fully-peeled sorted \n"


@dataclass(frozen=True, slots=True)
class RefWorld:
    """A bare repository with ``labels`` times ``versions`` refs, each to a commit of its own."""

    path: Path
    labels: int
    versions: int

    @property
    def refs(self) -> int:
        """How many version refs there are."""
        return self.labels * self.versions

    def label(self, number: int) -> str:
        """Return the text of one label; they are spread over the whole set."""
        return f"label-{number * 7919 % self.labels}"


def make_ref_world(path: Path, labels: int, versions: int) -> RefWorld:
    """Make the repository at ``path``."""
    subprocess.run(["git", "init", "-q", "--bare", path], check=True)
    names = sorted(
        f"refs/atoms/label-{label}/1.{version}.0"
        for label in range(labels)
        for version in range(versions)
    )
    oids: list[str] = []
    subprocess.run(
        ["git", "index-pack", "--stdin"],
        input=b"".join(_pack(names, oids)),
        cwd=path,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    init = f"{oids[0]} refs/ekala/init\n"  # behind refs/atoms in the order of names
    lines = "".join(f"{oid} {name}\n" for oid, name in zip(oids, names, strict=True))
    (path / "packed-refs").write_text(_HEADER + lines + init)
    return RefWorld(path, labels, versions)


def _pack(names: Sequence[str], oids: list[str]) -> Iterator[bytes]:
    """Yield a pack with one commit for each name; their ids are added to ``oids``."""
    head = b"PACK" + struct.pack(">II", 2, len(names) + 1) + _packed(_TREE, b"")
    check = hashlib.sha1(head, usedforsecurity=False)
    yield head
    for name in names:
        body = f"tree {_EMPTY_TREE}\nauthor  <> 0 +0000\ncommitter  <> 0 +0000\n\n{name}".encode()
        whole = b"commit %d\0%b" % (len(body), body)
        oids.append(hashlib.sha1(whole, usedforsecurity=False).hexdigest())
        piece = _packed(_COMMIT, body)
        check.update(piece)
        yield piece
    yield check.digest()


def _packed(kind: int, body: bytes) -> bytes:
    size, byte = len(body) >> 4, kind << 4 | len(body) & 15
    head = bytearray()
    while size:
        head.append(byte | 0x80)
        size, byte = size >> 7, size & 0x7F
    head.append(byte)
    return bytes(head) + zlib.compress(body, 1)
