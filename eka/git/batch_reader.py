"""Reads objects of a local repository through one ``git cat-file``: any object format."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.git.object_batches import parse_batch
from eka.git.repository_errors import ObjectUnavailable
from eka.git.tree_objects import MalformedTree, parse_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Self

    from eka.atom import ObjectId, TreeEntry
    from eka.git.runner import GitRunner

MAX_OBJECT_BYTES = 512 * 1024 * 1024
_MAX_ANSWER_BYTES = 1 << 62  # a conversation: each object has its own limit
_PRELOADED_BYTES = 64 * 1024 * 1024
_PRELOADED_OBJECT_BYTES = 1024 * 1024
_TREE_ESTIMATE_BYTES = 1024
_LINE_END = b"\n"
_HEADER_FIELDS = 3  # id, kind, size


class BatchReader:
    """A `TreeReader` over a repository; used in a ``with`` block, by one thread at a time."""

    def __init__(self, runner: GitRunner, git_dir: Path, env: Mapping[str, str]) -> None:
        self._runner = runner
        self._git_dir = git_dir
        self._env = env
        self._child = runner.popen(
            ["cat-file", "--batch-command"],
            git_dir=git_dir,
            env=env,
            max_output=_MAX_ANSWER_BYTES,
        )
        self._buffer = bytearray()
        self._sizes: dict[ObjectId, int] = {}
        self._preloaded: dict[ObjectId, tuple[str, bytes]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()

    def know_sizes(self, sizes: Iterable[tuple[ObjectId, int]]) -> None:
        """Take over blob sizes that a tree listing has told already."""
        self._sizes.update(sizes)

    def preload(self, oids: Iterable[ObjectId]) -> None:
        """Read many small objects at once, in place of those preloaded before.

        What does not fit, is large or is missing is left to be read when it is asked for.
        """
        wanted: list[ObjectId] = []
        left_bytes = _PRELOADED_BYTES
        for oid in dict.fromkeys(oids):
            size_bytes = self._sizes.get(oid, _TREE_ESTIMATE_BYTES)
            if size_bytes <= min(left_bytes, _PRELOADED_OBJECT_BYTES):
                wanted.append(oid)
                left_bytes -= size_bytes
        self._preloaded = {}
        if not wanted:
            return
        finished = self._runner.execute(
            ["cat-file", "--batch"],
            git_dir=self._git_dir,
            env=self._env,
            stdin="".join(f"{oid.hex}\n" for oid in wanted).encode(),
            max_output=2 * _PRELOADED_BYTES,
        )
        if finished.status == 0:  # else reading one by one will tell which it was
            self._preloaded = {
                oid: (kind, body) for oid, kind, body in parse_batch(wanted, finished.stdout)
            }

    def tree(self, oid: ObjectId) -> Sequence[TreeEntry]:
        """Return the entries of a tree, in stored order."""
        try:
            return parse_tree(self._contents(oid, "tree"), len(oid.raw))
        except MalformedTree as error:
            raise ObjectUnavailable(oid.hex, str(error)) from error

    def blob(self, oid: ObjectId) -> bytes:
        """Return the bytes of a blob."""
        return self._contents(oid, "blob")

    def commit(self, oid: ObjectId) -> bytes:
        """Return the raw body of a commit."""
        return self._contents(oid, "commit")

    def size(self, oid: ObjectId) -> int:
        """Return the size of a blob in bytes without reading it."""
        if oid not in self._sizes:
            self._child.write(f"info {oid.hex}\n".encode())
            self._sizes[oid] = self._header(oid, "blob")
        return self._sizes[oid]

    def _contents(self, oid: ObjectId, kind: str) -> bytes:
        found = self._preloaded.get(oid)
        if found is not None and found[0] == kind:
            return found[1]
        self._child.write(f"contents {oid.hex}\n".encode())
        size_bytes = self._header(oid, kind)
        body = self._take(size_bytes + 1)
        return body[:size_bytes]

    def _header(self, oid: ObjectId, kind: str) -> int:
        """Read ``<oid> <kind> <size>``; raises ObjectUnavailable when it is something else."""
        fields = self._take_line().split()
        if len(fields) != _HEADER_FIELDS or fields[1] != kind:
            raise ObjectUnavailable(oid.hex)
        size_bytes = int(fields[2])
        if size_bytes > MAX_OBJECT_BYTES:
            raise ObjectUnavailable(oid.hex, f"it is larger than {MAX_OBJECT_BYTES} bytes")
        return size_bytes

    def _take_line(self) -> str:
        while (end := self._buffer.find(_LINE_END)) < 0:
            self._fill()
        return self._take(end + 1).decode("ascii", errors="replace")

    def _take(self, size_bytes: int) -> bytes:
        while len(self._buffer) < size_bytes:
            self._fill()
        taken = bytes(self._buffer[:size_bytes])
        del self._buffer[:size_bytes]
        return taken

    def _fill(self) -> None:
        chunk = self._child.read()
        if not chunk:
            raise ObjectUnavailable("", self._child.stderr.decode(errors="replace"))
        self._buffer += chunk
