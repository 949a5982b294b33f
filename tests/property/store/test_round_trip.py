"""Laws of the store that hold for every tree."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.store import Store, StorePath, read_tree
from eka.store.references import ReferenceScanner, rewrite
from tests.store_nodes import content, nodes, shape_of, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.store_nodes import Shape

OWN, OTHER = StorePath("o" * 32, "out"), StorePath("q" * 32, "out")
DEPS = [StorePath(letter * 32, "dep") for letter in "abc"]


def _is_name(name: bytes) -> bool:
    return name not in {b".", b".."} and not set(name) & {0, ord("/")}


NAMES = st.one_of(
    st.sampled_from([b"a", b"a-", b"a.b", b"a0", b"A", b"\xff", b" ", b"-", b"\n", b"...", b"~"]),
    st.binary(min_size=1, max_size=255).filter(_is_name),
)
LEAVES: st.SearchStrategy[Shape] = st.one_of(
    st.binary(max_size=300),
    st.tuples(st.just("x"), st.binary(max_size=50)),
    st.tuples(st.just("l"), st.binary(min_size=1, max_size=300).filter(lambda t: 0 not in t)),
)
TREES: st.SearchStrategy[Shape] = st.recursive(
    LEAVES,
    lambda child: st.dictionaries(NAMES, child, max_size=5),
    max_leaves=12,
)
# Bytes in which references, whole and broken, are likely.
PIECES = st.sampled_from(
    [b"/eka/store/", b"/eka/stor", b"o" * 32, b"a" * 32, b"0" * 32, b"q" * 31, b"x", b"/"]
    + [path.text.encode() for path in (OWN, OTHER, *DEPS)]
)
TEXTS = st.lists(PIECES, max_size=12).map(b"".join)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """One store for all examples; whatever they add stays valid."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as base,
        Store.open(Path(base) / "store", durable=False) as opened,
    ):
        yield opened


@given(TREES)
def test_a_stream_comes_back_and_has_the_digest_others_compute(store: Store, tree: Shape) -> None:
    path = store.add_tree("tree", nodes(tree))

    assert shape_of(read_tree(store.physical(path))) == tree
    assert store.path_info(path).content == content(tree)
    assert store.verify([path]) == []


@given(TREES)
def test_stream_and_file_system_give_the_same_path(store: Store, tree: Shape) -> None:
    with tempfile.TemporaryDirectory() as base:
        write(tree, Path(base) / "tree")

        assert store.add_path("tree", Path(base) / "tree") == store.add_tree("tree", nodes(tree))


@given(TREES, TREES)
def test_paths_are_equal_exactly_when_trees_are(store: Store, one: Shape, two: Shape) -> None:
    paths = [store.add_tree("tree", nodes(each)) for each in (one, two)]

    assert (paths[0] == paths[1]) == (one == two)


@given(TREES)
def test_an_output_without_mentions_is_a_tree_like_any_other(store: Store, tree: Shape) -> None:
    built = store.staging("out") / "tree"
    write(tree, built)
    placeholder = StorePath("p" * 32, "tree")

    output = store.register_output("tree", built, placeholder=placeholder, candidates=())

    assert output == store.add_tree("tree", nodes(tree))


@given(st.dictionaries(st.sampled_from([b"a", b"b", b"c-"]), TEXTS))
def test_where_an_output_was_built_does_not_matter(
    store: Store, texts: dict[bytes, bytes]
) -> None:
    paths: list[StorePath] = []
    for placeholder in (OWN, StorePath("r" * 32, "out")):
        built = store.staging("out") / "out"
        letters = placeholder.digest32.encode()
        prefix = b"/eka/store/"
        moved = {
            name: text.replace(prefix + b"o" * 32, prefix + letters)
            for name, text in texts.items()
        }
        write(moved, built)
        paths.append(store.register_output("out", built, placeholder=placeholder, candidates=()))

    assert paths[0] == paths[1]
    assert store.verify([paths[0]]) == []


@given(TEXTS, st.lists(st.integers(1, 60)))
def test_cutting_bytes_elsewhere_changes_nothing(text: bytes, sizes: list[int]) -> None:
    cuts: list[bytes] = []
    rest = text
    for size in sizes:
        cuts.append(rest[:size])
        rest = rest[size:]
    whole, parts = ReferenceScanner(OWN, DEPS), ReferenceScanner(OWN, DEPS)
    at, at_parts = list[int](), list[int]()

    blanked = b"".join(whole.blank([text], at))
    blanked_parts = b"".join(parts.blank([*cuts, rest], at_parts))

    assert (blanked, at, whole.found) == (blanked_parts, at_parts, parts.found)
    assert b"".join(rewrite([*cuts, rest], at, OWN.digest32)) == text
    assert set(whole.found) == {
        path for path in DEPS if f"/eka/store/{path.digest32}".encode() in text
    }
