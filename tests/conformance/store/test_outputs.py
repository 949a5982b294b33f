"""Outputs of builds: references, mentions of themselves, what builds leave lying."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from eka.store import MissingReferences, Store, StorePath, UnsafeTree, read_tree
from tests.store_nodes import content, nodes, shape_of, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.store_nodes import Shape

HERE = StorePath("p" * 32, "out")
THERE = StorePath("q" * 32, "out")


def build(store: Store, shape: Shape, at: StorePath = HERE, *inputs: StorePath) -> StorePath:
    """Leave ``shape`` where a build would, and register it."""
    built = store.staging("out") / "out"
    write(shape, built)
    return store.register_output("out", built, placeholder=at, candidates=inputs)


def mentioning(path: StorePath) -> Shape:
    text = path.text.encode()
    return {
        b"bin": {b"run": ("x", b"#!" + text + b"/bin/sh\n" + text + b"\n")},
        b"self": ("l", text + b"/bin"),
        b"plain": b"no path",
    }


@pytest.mark.spec("path-self")
def test_an_output_does_not_depend_on_where_it_was_built(store: Store) -> None:
    one = build(store, mentioning(HERE), HERE)
    two = build(store, mentioning(THERE), THERE)

    assert one == two
    assert shape_of(read_tree(store.physical(one))) == mentioning(one)
    assert store.path_info(one).content == content(mentioning(one))
    assert store.path_info(one).references == ()
    assert store.verify() == []


@pytest.mark.spec("path-self")
@pytest.mark.parametrize("kind", ["file", "executable", "link"])
def test_a_root_that_is_no_directory_may_mention_itself(store: Store, kind: str) -> None:
    shapes: dict[str, Callable[[StorePath], Shape]] = {
        "file": lambda path: path.text.encode(),
        "executable": lambda path: ("x", path.text.encode()),
        "link": lambda path: ("l", path.text.encode()),
    }

    path = build(store, shapes[kind](HERE))

    assert shape_of(read_tree(store.physical(path))) == shapes[kind](path)
    assert store.verify() == []


@pytest.mark.spec("path-self")
def test_real_zeros_are_not_a_mention(store: Store) -> None:
    zeros = StorePath("0" * 32, "out")

    mention, real = build(store, mentioning(HERE)), build(store, mentioning(zeros), HERE)

    assert mention != real
    assert shape_of(read_tree(store.physical(real))) == mentioning(zeros)


@pytest.mark.spec("path-self")
def test_hard_links_do_not_carry_a_rewritten_file_elsewhere(store: Store) -> None:
    built = store.staging("out") / "out"
    write({b"a": HERE.text.encode()}, built)
    (built / "b").hardlink_to(built / "a")
    outside = built.parent / "outside"
    outside.hardlink_to(built / "a")

    path = store.register_output("out", built, placeholder=HERE, candidates=())

    expected = path.text.encode()
    assert shape_of(read_tree(store.physical(path))) == {b"a": expected, b"b": expected}
    assert outside.read_text() == HERE.text


@pytest.mark.spec("reference-scan")
def test_references_are_those_candidates_that_occur(store: Store) -> None:
    used, linked, unused = (store.add_tree(name, nodes(b"x")) for name in ("a", "b", "c"))
    stranger = store.add_tree("d", nodes(b"x"))
    shape: Shape = {
        b"text": f"-L{used.text}/lib {stranger.text}".encode(),
        b"link": ("l", linked.text.encode()),
        b"bare": unused.digest32.encode(),
    }

    path = build(store, shape, HERE, used, linked, unused)

    assert store.path_info(path).references == tuple(sorted([used, linked]))
    assert store.closure([path]) == sorted([path, used, linked])
    assert store.path_info(used).references == ()


@pytest.mark.spec("reference-valid")
def test_an_output_does_not_refer_to_what_is_gone(store: Store) -> None:
    gone = StorePath("g" * 32, "gone")

    with pytest.raises(MissingReferences) as caught:
        build(store, gone.text.encode(), HERE, gone)

    assert caught.value.missing == (gone.text,)
    assert list(store.physical_root.iterdir()) == []


@pytest.mark.spec("reference-scan")
def test_a_source_that_turns_out_to_be_an_output_gains_its_references(store: Store) -> None:
    used = store.add_tree("a", nodes(b"x"))
    source = store.add_tree("out", nodes(used.text.encode()))

    output = build(store, used.text.encode(), HERE, used)

    assert output == source
    assert store.path_info(source).references == (used,)


@pytest.mark.spec("tree-normal")
def test_what_a_build_leaves_is_made_normal(store: Store) -> None:
    built = store.staging("out") / "out"
    write({b"d": {b"f": b"x", b"run": ("x", b"y")}, b"l": ("l", b"d")}, built)
    os.setxattr(built / "d" / "f", "user.note", b"x")
    (built / "d" / "f").chmod(0)
    (built / "d" / "run").chmod(0o6755)
    (built / "d").chmod(0o1700)

    path = store.physical(store.register_output("out", built, placeholder=HERE, candidates=()))

    assert os.listxattr(path / "d" / "f") == []
    assert stat.S_IMODE((path / "d" / "run").stat().st_mode) == 0o555
    assert store.verify() == []
    assert not built.exists()


@pytest.mark.spec("tree-normal")
def test_a_pipe_in_an_output_is_refused(store: Store) -> None:
    built = store.staging("out") / "out"
    built.mkdir()
    os.mkfifo(built / "pipe")

    with pytest.raises(UnsafeTree):
        store.register_output("out", built, placeholder=HERE, candidates=())

    assert store.info().paths == 0


def test_a_mention_cut_by_the_read_buffer_is_found(store: Store) -> None:
    used = store.add_tree("a", nodes(b"x"))
    around = (1 << 20) - 20
    shape: Shape = b"-" * around + HERE.text.encode() + b"-" * around + used.text.encode()

    path = build(store, shape, HERE, used)

    expected = b"-" * around + path.text.encode() + b"-" * around + used.text.encode()
    assert store.physical(path).read_bytes() == expected
    assert store.path_info(path).references == (used,)
    assert store.verify() == []


def test_scratch_space_can_be_thrown_away(store: Store) -> None:
    staged = store.staging("out")
    write({b"d": {b"f": b"x"}}, staged / "build")
    (staged / "build" / "d").chmod(0)

    store.discard(staged)

    assert not staged.exists()


def test_scratch_space_of_any_depth_can_be_thrown_away(store: Store, tmp_path: Path) -> None:
    staged = store.staging("out")
    here = os.getcwd()  # noqa: PTH109
    try:
        os.chdir(staged)
        for _ in range(2500):
            os.mkdir("d")  # noqa: PTH102
            os.chdir("d")
    finally:
        os.chdir(here)

    store.discard(staged)

    assert not staged.exists()
    assert tmp_path.exists()
