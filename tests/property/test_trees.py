"""Properties of the content hash and of the tree policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from eka.atom import TreeLimits, TreeSummary, check_tree, content_hash
from eka.atom.link_policy import LinkWalk
from eka.errors import EkaError
from tests.fakes.trees import FakeTrees
from tests.strategies import file_trees, hostile_trees

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import ObjectId


def digest_of_files(files: Mapping[str, bytes]) -> bytes:
    """Compute a content hash from paths, without objects or git's ids."""
    folders: dict[str, dict[str, bytes]] = {}
    rows: list[tuple[bytes, bytes]] = []
    for path, data in files.items():
        head, slash, rest = path.partition("/")
        if slash:
            folders.setdefault(head, {})[rest] = data
        else:
            name = head.encode()
            rows.append((name, b"100644 " + name + b"\0" + blake3(data).digest()))
    for head, inside in folders.items():
        name = head.encode()
        rows.append((name + b"/", b"40000 " + name + b"\0" + digest_of_files(inside)))
    return blake3(b"".join(row for _, row in sorted(rows))).digest()


@pytest.mark.spec("content-directory", "content-order")
@given(file_trees())
def test_the_content_hash_is_a_function_of_paths_and_bytes(files: Mapping[str, bytes]) -> None:
    trees = FakeTrees()

    found = content_hash(trees.add_files(files), trees)

    assert found.raw == digest_of_files(files)


@given(file_trees())
def test_a_tree_of_plain_files_is_sound(files: Mapping[str, bytes]) -> None:
    trees = FakeTrees()

    summary = check_tree(trees.add_files(files), trees)

    folders = {path.rsplit("/", n)[0] for path in files for n in range(1, path.count("/") + 1)}
    assert summary == TreeSummary(
        entries=len(files) + len(folders),
        size_bytes=sum(map(len, files.values())),
        depth=max((path.count("/") + 1 for path in files), default=0),
    )


@given(hostile_trees())
def test_any_tree_is_sound_or_an_error_of_ours(case: tuple[FakeTrees, ObjectId]) -> None:
    trees, root = case

    try:
        summary = check_tree(root, trees)
    except EkaError:
        return

    assert content_hash(root, trees).raw
    assert summary.depth <= summary.entries


@given(hostile_trees(), st.integers(0, 30), st.integers(0, 60), st.integers(0, 4))
def test_no_sound_tree_passes_a_limit(
    case: tuple[FakeTrees, ObjectId], entries: int, size_bytes: int, depth: int
) -> None:
    trees, root = case

    try:
        summary = check_tree(
            root, trees, limits=TreeLimits(entries=entries, size_bytes=size_bytes, depth=depth)
        )
    except EkaError:
        return

    assert summary.entries <= entries
    assert summary.size_bytes <= size_bytes
    assert summary.depth <= depth


paths = st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map("/".join)
targets = st.lists(st.sampled_from(["a", "b", "..", ".."]), min_size=1, max_size=5).map("/".join)


@pytest.mark.spec("tree-link-inside")
@given(st.dictionaries(paths, targets, max_size=5))
def test_a_link_that_is_accepted_leads_to_no_place_outside(links: dict[str, str]) -> None:
    links = {path: to for path, to in links.items() if not has_link_above(path, links)}
    walk = LinkWalk()
    for path, target in links.items():
        walk.add(path.encode(), target.encode())

    refused = {path.decode() for path, _ in walk.faults()}

    assert refused == {path for path in links if escapes(path, links)}


def has_link_above(path: str, links: dict[str, str]) -> bool:
    """Whether a directory of ``path`` is itself a link, which no tree can hold."""
    parts = path.split("/")
    return any("/".join(parts[:length]) in links for length in range(1, len(parts)))


def escapes(path: str, links: dict[str, str]) -> bool:
    """Decide by rewriting the whole path: replace its first link until there is none."""
    ahead = path.split("/")
    for _ in range(42):
        done: list[str] = []
        while ahead:
            step = ahead.pop(0)
            if step == ".." and not done:
                return True
            if step == "..":
                done.pop()
            else:
                done.append(step)
            if "/".join(done) in links and step != "..":
                ahead = [*done[:-1], *links["/".join(done)].split("/"), *ahead]
                break
        else:
            return False
    return False
