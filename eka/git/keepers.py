"""Refs of eka's own that keep fetched objects alive, written many at a time.

``git update-ref`` makes a file for each new ref: thousands take seconds. In a repository that
only eka writes, under a lock, and whose refs never change their value, the list of packed refs
can be written directly.
"""

from __future__ import annotations

import os

from eka.atom import ObjectId
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eka.git.runner import GitRunner

KEEP_PREFIX = "refs/eka/keep/"
FEW = 50
_PACKED = "packed-refs"
# Says nothing about tags being peeled, so that git looks itself.
_HEADER = b"# pack-refs with: sorted \n"


def kept(runner: GitRunner, git_dir: Path, prefix: str) -> list[ObjectId]:
    """Return the objects that refs below ``prefix`` keep."""
    output = runner.run(["for-each-ref", "--format=%(objectname)", prefix], git_dir=git_dir)
    return [ObjectId(line) for line in output.decode().split()]


def keep(
    runner: GitRunner, git_dir: Path, oids: Sequence[ObjectId], prefix: str = KEEP_PREFIX
) -> None:
    """Keep each of ``oids`` by a ref named after it; the lock of ``git_dir`` must be held."""
    if not oids:
        return
    if len(oids) <= FEW or (git_dir / "reftable").exists():
        commands = "".join(f"update {prefix}{oid.hex} {oid.hex}\n" for oid in oids)
        runner.run(
            ["update-ref", "--no-deref", "--stdin"], git_dir=git_dir, stdin=commands.encode()
        )
        return
    added = {f"{oid.hex} {prefix}{oid.hex}".encode() for oid in oids}
    kept = {line for line in _lines(git_dir) if line[:1] not in (b"#", b"^")}
    lines = sorted(kept | added, key=lambda line: line.partition(b" ")[2])
    _replace(git_dir / _PACKED, _HEADER + b"".join(line + b"\n" for line in lines))


def _lines(git_dir: Path) -> list[bytes]:
    try:
        return (git_dir / _PACKED).read_bytes().splitlines()
    except FileNotFoundError:
        return []


def _replace(path: Path, data: bytes) -> None:
    """Put ``data`` in the place of ``path``, so that readers see the old or the new whole."""
    # git's own lock file: `sweep` removes it after a kill.
    half = path.with_name(path.name + ".lock")
    with half.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    half.replace(path)
