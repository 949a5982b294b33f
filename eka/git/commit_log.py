"""What source commits say and which of them touched an atom; over the history's port.

Source: atom-spec/queries.md [diff-commits].
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from eka.atom import ObjectId
from eka.checking import TYPE_CHECKING
from eka.git.source_tree import DIRECTORY_MODE, MOST_TREES, commit_parents, commit_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from eka.atom import AtomCommit
    from eka.git.object_port import ObjectReader
    from eka.git.provenance_report import History
    from eka.git.runner import GitRunner

MOST_COMMITS = 2000  # that are looked at between two versions
MOST_NAMES = 256  # in the path of an atom
MAX_TEXT_CHARACTERS = 500  # of an author or a subject
_AUTHOR = re.compile(rb"author (.*?) ?<[^<>\n]*> (-?[0-9]{1,18}) [+-][0-9]{4}")
_LATIN = re.compile(rb"^encoding (?:iso-8859-1|latin-?1)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CommitNote:
    """What a person wants to know of a source commit; foreign text, not safe yet."""

    oid: ObjectId
    author: str
    time_s: int | None
    """When its author says it was made, in seconds since 1970; None: unreadable."""
    subject: str


def read_note(oid: ObjectId, body: bytes) -> CommitNote:
    """Return what a commit, of anybody's making, says about itself."""
    head, _, message = body.partition(b"\n\n")
    encoding = "iso-8859-1" if _LATIN.search(head) else "utf-8"
    lines = (line for line in head.split(b"\n") if line.startswith(b"author "))
    match = _AUTHOR.fullmatch(next(lines, b""))
    paragraph = message.lstrip(b"\n").partition(b"\n\n")[0]
    return CommitNote(
        oid,
        _text(match[1], encoding) if match else "",
        int(match[2]) if match else None,
        _text(b" ".join(paragraph.split()), encoding),
    )


def _text(raw: bytes, encoding: str) -> str:
    return raw[: 4 * MAX_TEXT_CHARACTERS].decode(encoding, errors="replace")[:MAX_TEXT_CHARACTERS]


def commits_between(
    runner: GitRunner, git_dir: Path, old: ObjectId, new: ObjectId
) -> list[ObjectId]:
    """Return the commits that ``new`` has and ``old`` has not, newest first.

    At most one more than `MOST_COMMITS`. Both commits and all their ancestors must be there.
    """
    command = ["rev-list", "--topo-order", f"--max-count={MOST_COMMITS + 1}"]
    listed = runner.run([*command, new.hex, f"^{old.hex}"], git_dir=git_dir)
    return [ObjectId(line) for line in listed.decode().split()]


def touching(
    history: History, commits: Sequence[ObjectId], paths: Sequence[str]
) -> Iterator[CommitNote]:
    """Yield those of ``commits`` that have at one of ``paths`` what none of their parents has.

    Raises:
        EkaError: the source does not give the commits or their trees.
    """
    if not commits:
        return
    reader = history.reader(commits[0])
    parents = {oid: commit_parents(reader.commit(oid)) for oid in commits}
    around = {each for group in parents.values() for each in group}
    history.prepare([*commits, *sorted(around - set(commits))])
    seen: dict[ObjectId, tuple[ObjectId | None, ...]] = {}

    def at_paths(oid: ObjectId) -> tuple[ObjectId | None, ...]:
        if oid not in seen:
            trees = history.trees(oid)
            root = commit_tree(trees.reader.commit(oid))
            seen[oid] = tuple(trees.at(root, path) for path in paths)
        return seen[oid]

    nothing = (None,) * len(paths)
    for oid in commits:
        own = at_paths(oid)
        before = [at_paths(parent) for parent in parents[oid]] or [nothing]
        if own not in before:
            yield read_note(oid, reader.commit(oid))


def directory_of(commit: AtomCommit, reader: ObjectReader) -> str | None:
    """Return where an atom lay in its source commit, found by its tree if it does not say so.

    Args:
        commit: The atom.
        reader: Reads the source commit and all its trees.
    """
    if commit.path is not None:
        return commit.path
    root = commit_tree(reader.commit(commit.origin))
    # Where each tree was found first: names are joined for one of them alone, the path wanted.
    above: dict[ObjectId, tuple[ObjectId, bytes] | None] = {root: None}
    waiting = [root]
    while waiting and commit.tree not in above and len(above) <= MOST_TREES:
        tree = waiting.pop()
        for entry in reader.tree(tree):
            if entry.mode == DIRECTORY_MODE and entry.oid not in above:
                above[entry.oid] = tree, entry.name
                waiting.append(entry.oid)
    return _path_to(commit.tree, above) if commit.tree in above else None


def _path_to(
    tree: ObjectId, above: Mapping[ObjectId, tuple[ObjectId, bytes] | None]
) -> str | None:
    names: list[bytes] = []
    while (found := above[tree]) is not None:
        tree, name = found
        names.append(name)
        if len(names) > MOST_NAMES:
            return None
    return b"/".join(reversed(names)).decode(errors="replace") or "."
