"""Which of many commits descend from one: all told in a single walk of git's."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from eka.atom import ObjectId
    from eka.git.runner import GitRunner

_MOST_BYTES = 1024 * 1024 * 1024  # about ten million commits
_FEW = 2


def descendants(
    runner: GitRunner, git_dir: Path, ancestor: ObjectId, commits: Collection[ObjectId]
) -> set[ObjectId]:
    """Return those of ``commits`` that are ``ancestor`` or descend from it.

    All of them, and their ancestors as far as there are any, must be in the repository.
    O(history) however many commits are asked about.
    """
    if len(commits) <= _FEW:
        return {each for each in commits if _descends(runner, git_dir, ancestor, each)}
    starts = "".join(f"{oid.hex}\n" for oid in commits)
    listed = runner.run(
        ["rev-list", "--topo-order", "--reverse", "--parents", "--stdin"],
        git_dir=git_dir,
        stdin=starts.encode(),
        max_output=_MOST_BYTES,
    )
    found = walk(ancestor.hex.encode(), listed.split(b"\n"))
    return {oid for oid in commits if oid.hex.encode() in found}


def walk(ancestor: bytes, lines: Iterable[bytes]) -> set[bytes]:
    """Return ``ancestor`` and its descendants; each line: a commit, then its parents.

    A commit's line stands behind those of its parents.
    """
    found = {ancestor}
    for line in lines:
        commit, _, parents = line.partition(b" ")
        if not found.isdisjoint(parents.split()):
            found.add(commit)
    return found


def _descends(runner: GitRunner, git_dir: Path, ancestor: ObjectId, commit: ObjectId) -> bool:
    test = ["merge-base", "--is-ancestor", ancestor.hex, commit.hex]
    return runner.execute(test, git_dir=git_dir).status == 0
