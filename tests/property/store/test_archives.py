"""Archives of images say the same to Python's tarfile, whatever is in them."""

from __future__ import annotations

import io
import tarfile

from hypothesis import given
from hypothesis import strategies as st

from eka.store import DirNode, FileNode, LinkNode, NodePath, StorePath
from eka.store.image.archive import BLOCK_BYTES, END, Entry, EntryKind, header
from eka.store.image.layers import popularity, split
from eka.store.image.stream import store_layer

NAME = st.binary(min_size=1, max_size=260).filter(
    lambda name: not set(name) & {0, ord("/")} and name not in {b".", b".."}
)
TARGET = st.binary(min_size=1, max_size=300).filter(lambda target: 0 not in target)
BASE = b"0" * 32 + b"-x"


@given(
    st.dictionaries(NAME, st.binary(max_size=1500) | TARGET.map(lambda each: (each,))), st.data()
)
def test_what_is_written_is_read(
    files: dict[bytes, bytes | tuple[bytes]], data: st.DataObject
) -> None:
    below: NodePath = (data.draw(NAME),) if data.draw(st.booleans()) else ()
    nodes: list[DirNode | FileNode | LinkNode] = [DirNode(())]
    nodes += [DirNode(below)] if below else []
    for name, content in sorted(files.items()):
        path = (*below, name)
        if isinstance(content, bytes):
            executable = len(content) % 2 == 0
            nodes.append(FileNode(path, executable, (content[:7], content[7:]), len(content)))
        else:
            nodes.append(LinkNode(path, content[0]))

    written = b"".join(store_layer([(BASE, nodes)]))

    assert written.endswith(END)
    assert len(written) % BLOCK_BYTES == 0
    with tarfile.open(fileobj=io.BytesIO(written), mode="r:") as archive:
        members = archive.getmembers()[2:]
        read = [archive.extractfile(each) if each.isreg() else None for each in members]
        contents = [None if each is None else each.read() for each in read]
    for node, member, found in zip(nodes, members, contents, strict=True):
        name = b"/".join([b"eka/store", BASE, *node.path])
        assert member.name.encode("utf-8", "surrogateescape") == name
        assert (member.uid, member.gid, member.uname, member.gname) == (0, 0, "root", "root")
        assert member.mtime == 1
        if isinstance(node, FileNode):
            assert found == b"".join(node.chunks)
            assert member.mode == (0o555 if node.executable else 0o444)
        elif isinstance(node, LinkNode):
            assert member.issym()
            assert member.linkname.encode("utf-8", "surrogateescape") == node.target
        else:
            assert member.isdir()


@given(st.integers(0, 1 << 50))
def test_any_size_is_read_back(size: int) -> None:
    block = header(Entry(b"file", EntryKind.FILE, 0o444, size))

    with tarfile.open(fileobj=io.BytesIO(block), mode="r:") as archive:
        member = archive.next()

    assert member is not None
    assert member.size == size


@given(
    st.integers(1, 12).flatmap(
        lambda count: st.tuples(
            st.just(count),
            st.frozensets(
                st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)), max_size=30
            ),
            st.integers(1, 14),
        )
    )
)
def test_layers_hold_every_path_once_the_most_needed_first(
    drawn: tuple[int, frozenset[tuple[int, int]], int],
) -> None:
    count, edges, most = drawn
    paths = [StorePath(f"{number:032}", "x") for number in range(count)]
    references = {
        path: [paths[below] for above, below in sorted(edges) if above == number]
        for number, path in enumerate(paths)
    }

    layers = split(references, most)
    popular = popularity(references)

    assert sorted(path for layer in layers for path in layer) == paths
    assert len(layers) == min(count, most)
    assert all(len(layer) == 1 for layer in layers[:-1])
    firsts = [popular[layer[0]] for layer in layers[:-1]]
    assert firsts == sorted(firsts, reverse=True)
    for path in paths:
        needing = {each for each in paths if path in _reached(references, each)} - {path}
        assert popular[path] == len(needing)


def _reached(references: dict[StorePath, list[StorePath]], start: StorePath) -> set[StorePath]:
    found: set[StorePath] = set()
    pending = [*references[start]]
    while pending:
        path = pending.pop()
        if path not in found:
            found.add(path)
            pending += references[path]
    return found
