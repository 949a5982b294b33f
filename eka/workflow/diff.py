"""``eka diff``: what differs between two versions: manifest, files, source commits.

Source: atom-spec/queries.md [diff-sides] and what follows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.git import ChangeKind, LineCounts, compare_trees, count_lines, is_binary, patch_lines
from eka.workflow.manifest_changes import ManifestChanges, manifest_changes
from eka.workflow.origin_commits import OriginCommits, origin_commits
from eka.workflow.progress import counted
from eka.workflow.sides import Side, open_sides

if TYPE_CHECKING:
    from eka.atom import TreeReader
    from eka.git import Change, Leaf
    from eka.workflow.services import Services

MAX_FILE_BYTES = 2 * 1024 * 1024  # of a file whose lines are counted
TOLD_EACH = 64  # files: showing progress must not cost more than the work
MAX_COMPARED_BYTES = 32 * 1024 * 1024  # of all of them together


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A path that differs.

    Attributes:
        change: The path, the modes.
        old_bytes: Its size before; None where it was not there.
        new_bytes: Its size now; None where it is not there.
        lines: How many came and went; None for a file whose lines were not compared.
        is_binary: Whether its lines mean nothing; else they were not compared for their size.
        patch: Hunks of a unified diff, when it was asked for.
    """

    change: Change
    old_bytes: int | None
    new_bytes: int | None
    lines: LineCounts | None
    is_binary: bool = False
    patch: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DiffReport:
    """All that differs between two sides."""

    old: Side
    new: Side
    manifest: ManifestChanges
    files: tuple[FileChange, ...]
    commits: OriginCommits

    @property
    def is_same(self) -> bool:
        """Whether both have the same files with the same bytes."""
        return self.old.tree == self.new.tree

    @property
    def lines(self) -> LineCounts:
        """How many lines came and went in all files together."""
        counts = [file.lines for file in self.files if file.lines is not None]
        return LineCounts(sum(c.added for c in counts), sum(c.removed for c in counts))


def diff(services: Services, words: tuple[str, ...], *, patch: bool = False) -> DiffReport:
    """Return what differs between two versions, or a version and the project here.

    Raises: as `open_sides`.
    """
    old, new = open_sides(services, words)
    changes = compare_trees((old.tree, old.trees), (new.tree, new.trees))
    services.progress.step(f"comparing {counted(len(changes), 'file')}")
    comparison = _Comparison(old.trees, new.trees, patch=patch)
    files: list[FileChange] = []
    for done, change in enumerate(changes):
        if done % TOLD_EACH == 0:
            services.progress.count("files", done, len(changes))
        files.append(comparison.compare(change))
    return DiffReport(
        old,
        new,
        manifest_changes(old.manifest, new.manifest),
        tuple(files),
        origin_commits(services, old, new),
    )


class _Comparison:
    """Compares file by file until so many bytes were read that the rest is only measured."""

    def __init__(self, old: TreeReader, new: TreeReader, *, patch: bool) -> None:
        self._old = old
        self._new = new
        self._patch = patch
        self._left_bytes = MAX_COMPARED_BYTES

    def compare(self, change: Change) -> FileChange:
        """Return sizes and lines of one path that differs."""
        sizes = _size(self._old, change.old), _size(self._new, change.new)
        lines: LineCounts | None = None
        patch: tuple[str, ...] = ()
        is_lineless = False
        if change.kind in (ChangeKind.MODE, ChangeKind.RENAMED):
            lines = LineCounts(0, 0)
        elif self._may_read(sizes):
            before, after = _bytes(self._old, change.old), _bytes(self._new, change.new)
            is_lineless = is_binary(before) or is_binary(after)
            if not is_lineless:
                lines = count_lines(before, after)
                patch = tuple(patch_lines(before, after)) if self._patch else ()
        return FileChange(
            change=change,
            old_bytes=sizes[0],
            new_bytes=sizes[1],
            lines=lines,
            is_binary=is_lineless,
            patch=patch,
        )

    def _may_read(self, sizes: tuple[int | None, int | None]) -> bool:
        known = [size for size in sizes if size is not None]
        if max(known) > MAX_FILE_BYTES or sum(known) > self._left_bytes:
            return False
        self._left_bytes -= sum(known)
        return True


def _size(trees: TreeReader, leaf: Leaf | None) -> int | None:
    return None if leaf is None else trees.size(leaf.oid)


def _bytes(trees: TreeReader, leaf: Leaf | None) -> bytes:
    return b"" if leaf is None else trees.blob(leaf.oid)
