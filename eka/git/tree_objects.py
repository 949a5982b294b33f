"""Cuts raw tree objects into entries: the one place that knows how git writes a directory."""

from __future__ import annotations

import re

from eka.atom import ObjectId, TreeEntry

SHA1_BYTES = 20
_ENTRY = {
    size: re.compile(rb"([0-7]{1,7}) ([^\0]*)\0(.{%d})" % size, re.DOTALL)
    for size in (SHA1_BYTES, 32)
}


class MalformedTree(ValueError):
    """The bytes are no tree object; whoever read them knows which object it was."""

    def __init__(self) -> None:
        super().__init__("it is not a well-formed tree")


def parse_tree(body: bytes, id_bytes: int) -> list[TreeEntry]:
    """Return the entries of a raw tree object exactly as they are stored. O(len(body)).

    Args:
        body: The object without git's header.
        id_bytes: 20 (SHA-1) or 32 (SHA-256).

    Raises:
        MalformedTree: something else stands there.
    """
    # Matched one by one: a search would look for every next entry in the whole rest.
    match = _ENTRY[id_bytes].match
    entries: list[TreeEntry] = []
    end = 0
    while end < len(body):
        found = match(body, end)
        if found is None:
            raise MalformedTree
        mode, name, raw = found.groups()
        entries.append(TreeEntry(mode.decode(), name, ObjectId.from_raw(raw)))
        end = found.end()
    return entries
