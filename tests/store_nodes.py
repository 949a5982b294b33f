"""Trees for tests of the store, written as nested values, and their digest computed independently.

``b"text"`` is a file, ``("x", b"text")`` an executable file, ``("l", b"target")`` a link, a
mapping of names a directory.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeAlias

from blake3 import blake3

from eka.store import DirNode, FileNode, LinkNode, Node, NodePath

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

Shape: TypeAlias = "bytes | tuple[str, bytes] | Mapping[bytes, Shape]"

SAMPLE: Shape = {
    b"bin": {b"run": ("x", b"#!/bin/sh\n"), b"link": ("l", b"../lib/a.c")},
    b"lib": {b"a.c": b"int a;\n", b"a": {}, b"a-b": b""},
    b"empty": {},
    b"caf\xe9": b"not UTF-8",
}


def nodes(shape: Shape, path: NodePath = ()) -> Iterator[Node]:
    """Yield the nodes of a tree, parents first."""
    if isinstance(shape, bytes):
        yield FileNode(path, executable=False, chunks=(shape,))
    elif not isinstance(shape, tuple):
        yield DirNode(path)
        for name, child in shape.items():
            yield from nodes(child, (*path, name))
    elif shape[0] == "x":
        half = len(shape[1]) // 2
        yield FileNode(path, executable=True, chunks=(shape[1][:half], shape[1][half:]))
    else:
        yield LinkNode(path, shape[1])


def shape_of(stream: Iterable[Node]) -> Shape:
    """Return the tree of a stream; each chunk is read when its node passes."""
    found: dict[NodePath, Shape] = {}
    directories: dict[NodePath, dict[bytes, Shape]] = {}
    for node in stream:
        shape: Shape
        if isinstance(node, DirNode):
            shape = directories[node.path] = {}
        elif isinstance(node, LinkNode):
            shape = ("l", node.target)
        else:
            data = b"".join(node.chunks)
            shape = ("x", data) if node.executable else data
        if node.path:
            directories[node.path[:-1]][node.path[-1]] = shape
        else:
            found[()] = shape
    return found[()]


def write(shape: Shape, path: Path) -> None:
    """Put a tree on the file system."""
    _write(shape, os.fsencode(path))


def _write(shape: Shape, path: bytes) -> None:
    if isinstance(shape, bytes) or (isinstance(shape, tuple) and shape[0] == "x"):
        data = shape if isinstance(shape, bytes) else shape[1]
        with open(path, "wb") as file:  # noqa: PTH123 - the path need not be text
            file.write(data)
        os.chmod(path, 0o644 if isinstance(shape, bytes) else 0o755)  # noqa: PTH101
    elif isinstance(shape, tuple):
        os.symlink(shape[1], path)  # noqa: PTH211
    else:
        os.mkdir(path)  # noqa: PTH102
        for name, child in shape.items():
            _write(child, path + b"/" + name)


def content(shape: Shape) -> str:
    """Return the content digest of a tree, computed by other means than eka's."""
    return _digest(shape)[1].hex()


def _digest(shape: Shape) -> tuple[str, bytes]:
    if isinstance(shape, bytes):
        return "100644", blake3(shape).digest()
    if isinstance(shape, tuple):
        return "100755" if shape[0] == "x" else "120000", blake3(shape[1]).digest()
    rows: list[tuple[bytes, bytes]] = []
    for name, child in shape.items():
        mode, digest = _digest(child)
        order = name + b"/" if mode == "40000" else name
        rows.append((order, mode.encode() + b" " + name + b"\0" + digest))
    return "40000", blake3(b"".join(row for _, row in sorted(rows))).digest()
