"""Reads many small objects at once, through ``git cat-file``; needs no library."""

from __future__ import annotations

import hashlib

from eka.checking import TYPE_CHECKING
from eka.git.failures import ObjectDamaged
from eka.git.process import OutputTooLarge

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from eka.atom import ObjectId
    from eka.git.runner import GitRunner

_HEADER_FIELDS = 3  # id, kind, size
_MAX_BATCH_BYTES = 64 * 1024 * 1024


def read_headers(
    runner: GitRunner, git_dir: Path, oids: Collection[ObjectId]
) -> dict[ObjectId, tuple[str, int]]:
    """Return kind and size in bytes of those of ``oids`` that are in a repository."""
    wanted = list(oids)
    answer = _ask(runner, git_dir, "--batch-check", wanted)
    found: dict[ObjectId, tuple[str, int]] = {}
    for oid, line in zip(
        wanted, answer.decode("ascii", errors="replace").split("\n"), strict=False
    ):
        fields = line.split(" ")
        if len(fields) == _HEADER_FIELDS:
            found[oid] = fields[1], int(fields[2])
    return found


def read_objects(
    runner: GitRunner, git_dir: Path, oids: Collection[ObjectId], kind: str, most_bytes: int
) -> dict[ObjectId, bytes]:
    """Return the objects of a kind that are in a repository and not too large, by id.

    Raises:
        ObjectDamaged: a body is not what its id says.
        GitFailed: git cannot read the repository.
    """
    wanted = list(oids)
    if not wanted:
        return {}
    bodies: dict[ObjectId, bytes] = {}
    try:
        bodies.update(_read(runner, git_dir, wanted, kind, most_bytes))
    except OutputTooLarge:
        # Somebody names what is no commit or manifest: look at the sizes first.
        headers = read_headers(runner, git_dir, wanted)
        sizes = {oid: headers[oid][1] for oid in wanted if headers.get(oid, ("", 0))[0] == kind}
        for batch in _batches({oid: size for oid, size in sizes.items() if size <= most_bytes}):
            bodies.update(_read(runner, git_dir, batch, kind, most_bytes))
    for oid, body in bodies.items():
        state = hashlib.new(oid.algorithm, b"%b %d\0" % (kind.encode(), len(body)))
        state.update(body)
        if state.hexdigest() != oid.hex:
            raise ObjectDamaged(oid, str(git_dir), "its bytes are not those of its id")
    return bodies


def parse_batch(oids: Sequence[ObjectId], output: bytes) -> Iterator[tuple[ObjectId, str, bytes]]:
    """Yield the objects that ``git cat-file --batch`` wrote for ``oids``, not the missing ones."""
    position = 0
    for oid in oids:
        end = output.index(b"\n", position)
        fields = output[position:end].split(b" ")
        position = end + 1
        if len(fields) == _HEADER_FIELDS:
            end = position + int(fields[2])
            yield oid, fields[1].decode("ascii", errors="replace"), output[position:end]
            position = end + 1


def _read(
    runner: GitRunner, git_dir: Path, oids: Sequence[ObjectId], kind: str, most_bytes: int
) -> Iterator[tuple[ObjectId, bytes]]:
    output = _ask(runner, git_dir, "--batch", oids)
    return (
        (oid, body)
        for oid, found, body in parse_batch(oids, output)
        if found == kind and len(body) <= most_bytes
    )


def _batches(sizes: dict[ObjectId, int]) -> Iterator[Sequence[ObjectId]]:
    batch: list[ObjectId] = []
    batch_bytes = 0
    for oid, size in sizes.items():
        if batch and batch_bytes + size > _MAX_BATCH_BYTES // 2:
            yield batch
            batch, batch_bytes = [], 0
        batch.append(oid)
        batch_bytes += size
    if batch:
        yield batch


def _ask(runner: GitRunner, git_dir: Path, how: str, oids: Collection[ObjectId]) -> bytes:
    names = "".join([f"{oid.hex}\n" for oid in oids])
    return runner.run(
        ["cat-file", how, "--buffer"],
        git_dir=git_dir,
        stdin=names.encode(),
        max_output=_MAX_BATCH_BYTES,
    )
