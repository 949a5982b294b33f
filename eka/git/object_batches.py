"""Reads many small objects at once, through ``git cat-file``; needs no library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import ObjectId, object_id
from eka.git.failures import ObjectDamaged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from eka.git.runner import GitRunner

_HEADER_FIELDS = 3  # id, kind, size
_MAX_BATCH_BYTES = 64 * 1024 * 1024


def read_headers(
    runner: GitRunner, git_dir: Path, oids: Iterable[ObjectId]
) -> dict[ObjectId, tuple[str, int]]:
    """Return kind and size in bytes of those of ``oids`` that are in a repository."""
    answer = _ask(runner, git_dir, "--batch-check", oids)
    found: dict[ObjectId, tuple[str, int]] = {}
    for line in answer.decode("ascii", errors="replace").split("\n"):
        fields = line.split(" ")
        if len(fields) == _HEADER_FIELDS:
            found[ObjectId(fields[0])] = fields[1], int(fields[2])
    return found


def read_objects(
    runner: GitRunner, git_dir: Path, oids: Iterable[ObjectId], kind: str, most_bytes: int
) -> dict[ObjectId, bytes]:
    """Return the objects of a kind that are in a repository and not too large, by id.

    Raises:
        ObjectDamaged: a body is not what its id says.
        GitFailed: git cannot read the repository.
    """
    headers = read_headers(runner, git_dir, oids)
    sizes = {oid: size for oid, (found, size) in headers.items() if found == kind}
    bodies: dict[ObjectId, bytes] = {}
    for batch in _batches({oid: size for oid, size in sizes.items() if size <= most_bytes}):
        output = _ask(runner, git_dir, "--batch", batch, 2 * _MAX_BATCH_BYTES)
        bodies.update((oid, body) for oid, found, body in parse_batch(output) if found == kind)
    for oid, body in bodies.items():
        if object_id(kind, body, oid.algorithm) != oid:
            raise ObjectDamaged(oid, str(git_dir), "its bytes are not those of its id")
    return bodies


def parse_batch(output: bytes) -> list[tuple[ObjectId, str, bytes]]:
    """Return the objects that ``git cat-file --batch`` wrote, without the missing ones."""
    found: list[tuple[ObjectId, str, bytes]] = []
    position = 0
    while position < len(output):
        end = output.index(b"\n", position)
        fields = output[position:end].decode("ascii", errors="replace").split()
        position = end + 1
        if len(fields) == _HEADER_FIELDS:
            end = position + int(fields[2])
            found.append((ObjectId(fields[0]), fields[1], output[position:end]))
            position = end + 1
    return found


def _batches(sizes: dict[ObjectId, int]) -> Iterable[Sequence[ObjectId]]:
    batch: list[ObjectId] = []
    batch_bytes = 0
    for oid, size in sizes.items():
        if batch and batch_bytes + size > _MAX_BATCH_BYTES:
            yield batch
            batch, batch_bytes = [], 0
        batch.append(oid)
        batch_bytes += size
    if batch:
        yield batch


def _ask(
    runner: GitRunner,
    git_dir: Path,
    how: str,
    oids: Iterable[ObjectId],
    max_output: int = _MAX_BATCH_BYTES,
) -> bytes:
    names = "".join(f"{oid.hex}\n" for oid in oids)
    return runner.run(
        ["cat-file", how, "--buffer"], git_dir=git_dir, stdin=names.encode(), max_output=max_output
    )
