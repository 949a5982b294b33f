"""How two outcomes of one action differ, for people to look at."""

from __future__ import annotations

import os
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice

from eka.checking import TYPE_CHECKING
from eka.hashing import new_hasher
from eka.store import DirNode, FileNode, LinkNode, Store, StorePath, read_tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from eka.store import Node, NodePath

MAX_ENTRIES = 12  # files and links told, of those that differ
MAX_DIFF_LINES = 16  # of each text
MAX_LINE_CHARACTERS = 160
MAX_TEXT_BYTES = 1 << 16  # larger files are not shown as text
_SHOWN_BYTES = 16  # from the first that differs
_BLANK = b"0" * 32
_READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two trees."""

    first: str  # path of the first entry that differs, ``.`` for the tree itself
    lines: tuple[str, ...]  # for people; foreign text, as it is


@dataclass(frozen=True, slots=True)
class _Shape:
    kind: str
    value: str  # what must be equal
    told: str


def compared(store: Store, one: StorePath, other: StorePath) -> Difference:
    """Tell how two paths differ; that each mentions itself by its own name does not count.

    Source: atom-spec/build.md [build-difference].
    """
    mine, theirs = _shapes(store, one), _shapes(store, other)
    differ = [
        path for path in sorted(mine.keys() | theirs.keys()) if mine.get(path) != theirs.get(path)
    ]
    lines: list[str] = []
    for path in differ[:MAX_ENTRIES]:
        lines += _told(_text(path), mine.get(path), theirs.get(path))
        if _is_file(mine.get(path)) and _is_file(theirs.get(path)):
            lines += _inside(_File.of(store, one, path), _File.of(store, other, path))
    if len(differ) > MAX_ENTRIES:
        lines.append(f"and {len(differ) - MAX_ENTRIES} more")
    return Difference(_text(differ[0]) if differ else ".", tuple(lines))


def _shapes(store: Store, path: StorePath) -> dict[NodePath, _Shape]:
    own = path.digest32.encode()
    return {node.path: _shape(node, own) for node in read_tree(store.physical(path))}


def _shape(node: Node, own: bytes) -> _Shape:
    match node:
        case DirNode():
            return _Shape("directory", "", "a directory")
        case LinkNode(_, target):
            text = target.replace(own, _BLANK).decode("utf-8", "backslashreplace")
            return _Shape("link", text, f"a link to {text}")
        case FileNode(_, executable, chunks):
            hasher, size = new_hasher(), 0
            for chunk in _blanked(chunks, own):
                hasher.update(chunk)
                size += len(chunk)
            kind = "an executable file" if executable else "a file"
            value = f"{executable} {hasher.digest().hex()}"
            return _Shape("file", value, f"{kind} of {size} {'byte' if size == 1 else 'bytes'}")


def _is_file(shape: _Shape | None) -> bool:
    return shape is not None and shape.kind == "file"


def _told(name: str, mine: _Shape | None, theirs: _Shape | None) -> list[str]:
    if mine is None or theirs is None:
        which, shape = ("second", theirs) if mine is None else ("first", mine)
        return [f"{name}: only in the {which}, {shape.told if shape else ''}"]
    if mine.told == theirs.told:
        return [f"{name}: {mine.told} each"]
    return [f"{name}: {mine.told}, then {theirs.told}"]


@dataclass(frozen=True, slots=True)
class _File:
    """The content of a file, its tree's own name blanked."""

    place: Path
    own: bytes

    @classmethod
    def of(cls, store: Store, path: StorePath, below: NodePath) -> _File:
        place = store.physical(path).joinpath(*map(os.fsdecode, below))
        return cls(place, path.digest32.encode())

    def chunks(self) -> Iterator[bytes]:
        with self.place.open("rb") as file:
            yield from _blanked(iter(lambda: file.read(_READ_BYTES), b""), self.own)

    def text(self) -> list[str] | None:
        """Return the lines of a small text; None for anything else."""
        if self.place.stat().st_size > MAX_TEXT_BYTES:
            return None
        data = b"".join(self.chunks())
        try:
            return None if b"\0" in data else data.decode().splitlines()
        except UnicodeDecodeError:
            return None


def _inside(mine: _File, theirs: _File) -> list[str]:
    """Return lines on where the content of two files differs; none if only their modes do."""
    before, after = mine.text(), theirs.text()
    if before is not None and after is not None:
        found = list(islice(unified_diff(before, after, lineterm="", n=1), 2, MAX_DIFF_LINES + 3))
        shown = [f"  {line[:MAX_LINE_CHARACTERS]}" for line in found[:MAX_DIFF_LINES]]
        return [*shown, "  ..."] if len(found) > MAX_DIFF_LINES else shown
    at, first, second = _first_byte(mine, theirs)
    if at < 0:
        return []
    shown = [each.hex(" ") or "the end" for each in (first, second)]
    return [f"  from byte {at}: {shown[0]}, then {shown[1]}"]


def _first_byte(mine: _File, theirs: _File) -> tuple[int, bytes, bytes]:
    """Return where two files differ first (-1: nowhere), and some bytes of both from there."""
    at = 0
    one, other = b"", b""
    ones, others = mine.chunks(), theirs.chunks()
    while True:
        while len(one) < _SHOWN_BYTES and (more := next(ones, b"")):
            one += more
        while len(other) < _SHOWN_BYTES and (more := next(others, b"")):
            other += more
        if not one and not other:
            return -1, b"", b""
        common = min(len(one), len(other))
        ours, its = one[:common], other[:common]
        same = common if ours == its else len(os.path.commonprefix([ours, its]))
        if same < common or not common:
            return at + same, one[same:][:_SHOWN_BYTES], other[same:][:_SHOWN_BYTES]
        at, one, other = at + common, one[common:], other[common:]


def _blanked(chunks: Iterable[bytes], own: bytes) -> Iterator[bytes]:
    tail = b""
    for chunk in chunks:
        data = (tail + chunk).replace(own, _BLANK)
        keep = len(data) - len(own) + 1
        if keep > 0:
            yield data[:keep]
            tail = data[keep:]
        else:
            tail = data
    yield tail


def _text(path: NodePath) -> str:
    return "/".join(part.decode("utf-8", "backslashreplace") for part in path) or "."
