"""Parses the listing of a commit's tree that ``git ls-tree -r -t -z -l`` prints; pure."""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import ObjectId


@dataclass(frozen=True, slots=True)
class TreeItem:
    """A directory, file, symlink or submodule of a commit."""

    mode: str
    kind: str
    """``tree``, ``blob`` or ``commit``."""
    oid: ObjectId
    size_bytes: int | None
    """Size of a blob; None for the others and for a blob that is not here."""
    path: bytes
    """Path from the top of the repository."""


def parse_tree_listing(listing: bytes) -> list[TreeItem]:
    """Return the items of a listing, in git's order."""
    return [_parse_item(line) for line in listing.split(b"\0") if line]


def _parse_item(line: bytes) -> TreeItem:
    head, _, path = line.partition(b"\t")
    mode, kind, oid, size = head.decode("ascii").split()
    return TreeItem(
        mode=mode.lstrip("0"),
        kind=kind,
        oid=ObjectId(oid),
        size_bytes=int(size) if size.isdecimal() else None,
        path=path,
    )
