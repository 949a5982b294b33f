"""Finds an atom's tree in the source commit it was published from; pure, over a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.atom import MANIFEST_NAME, ObjectId, object_id

if TYPE_CHECKING:
    from eka.atom import AtomCommit, TreeEntry, TreeReader

DIRECTORY_MODE = "40000"
_FILE_MODES = frozenset({"100644", "100755"})
_OLD_MANIFEST_SUFFIX = b".atom"
_MOST_TREES = 1_000_000


def commit_tree(body: bytes) -> ObjectId:
    """Return the tree that a commit, of anybody's making, names."""
    line = body.partition(b"\n")[0].decode("ascii", errors="replace")
    return ObjectId(line.removeprefix("tree "))


def commit_parents(body: bytes) -> list[ObjectId]:
    """Return the parents that a commit's own bytes name: no graft or shallow boundary counts."""
    head = body.partition(b"\n\n")[0].decode("ascii", errors="replace")
    return [
        ObjectId(line.removeprefix("parent "))
        for line in head.split("\n")
        if line.startswith("parent ")
    ]


def is_manifest(entry: TreeEntry, *, is_old: bool) -> bool:
    """Return whether an entry of an atom's root is its manifest; ``is_old``: of format 1."""
    if entry.mode not in _FILE_MODES:
        return False
    if is_old:
        return entry.name.endswith(_OLD_MANIFEST_SUFFIX)
    return entry.name == MANIFEST_NAME.encode()


def tree_at(source: TreeReader, root: ObjectId, path: str) -> ObjectId | None:
    """Return the tree at ``path`` (``.``: the root), None where there is none."""
    found = root
    for part in [] if path == "." else path.split("/"):
        matches = [
            entry
            for entry in source.tree(found)
            if entry.name == part.encode() and entry.mode == DIRECTORY_MODE
        ]
        if not matches:
            return None
        found = matches[0].oid
    return found


def holds_tree(source: TreeReader, root: ObjectId, wanted: ObjectId) -> bool:
    """Return whether ``wanted`` is ``root`` or stands below it; each tree is read once."""
    seen = {root}
    waiting = [root]
    while waiting and wanted not in seen:
        if len(seen) > _MOST_TREES:
            return False
        for entry in source.tree(waiting.pop()):
            if entry.mode == DIRECTORY_MODE and entry.oid not in seen:
                seen.add(entry.oid)
                waiting.append(entry.oid)
    return wanted in seen


def filtered_tree(
    commit: AtomCommit, reader: TreeReader, source: TreeReader, root: ObjectId
) -> ObjectId | None:
    """Build the tree of a format 1 atom again: its manifest ``x.atom`` and the directory ``x``.

    Source: atom-spec/provenance.md [subtree-format-1].
    """
    directory = tree_at(source, root, commit.path or ".")
    manifests = [e.name for e in reader.tree(commit.tree) if is_manifest(e, is_old=True)]
    if directory is None or len(manifests) != 1:
        return None
    wanted = {manifests[0], manifests[0].removesuffix(_OLD_MANIFEST_SUFFIX)}
    kept = [entry for entry in source.tree(directory) if entry.name in wanted]
    body = b"".join(b"%s %s\0%s" % (e.mode.encode(), e.name, e.oid.raw) for e in kept)
    return object_id("tree", body, commit.tree.algorithm)
