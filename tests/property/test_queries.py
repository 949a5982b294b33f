"""Laws of queries: what a comparison says leads from one side to the other; ranks are orders."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.atom import TreeEntry
from eka.git import ChangeKind, compare_trees, count_lines, patch_lines
from eka.workflow.manifest_changes import manifest_changes
from eka.workflow.ranking import Entry, fold, rank, words_of
from tests.fakes.trees import FakeTrees
from tests.strategies import file_names, labels, tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import ObjectId, TomlValue
    from eka.git import Change

Files: TypeAlias = "dict[tuple[str, ...], tuple[str, bytes]]"
DIRECTORY = "40000"
MODES = ["100644", "100755", "120000"]


def store(trees: FakeTrees, files: Mapping[tuple[str, ...], tuple[str, bytes]]) -> ObjectId:
    entries: list[TreeEntry] = []
    below: dict[str, Files] = {}
    for (name, *rest), (mode, data) in files.items():
        if rest:
            below.setdefault(name, {})[tuple(rest)] = (mode, data)
        else:
            entries.append(TreeEntry(mode, name.encode(), trees.add_blob(data)))
    entries += [
        TreeEntry(DIRECTORY, name.encode(), store(trees, inner)) for name, inner in below.items()
    ]
    return trees.add_tree(entries)


@st.composite
def files(draw: st.DrawFn) -> Files:
    """Few names and few contents, so that two of them have much in common."""
    path = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple)
    leaf = st.tuples(st.sampled_from(MODES), st.sampled_from([b"", b"1", b"2"]))
    found = draw(st.dictionaries(path, leaf, max_size=8))
    folders = {path[:length] for path in found for length in range(1, len(path))}
    return {path: leaf for path, leaf in found.items() if path not in folders}


def applied(files: Files, changes: tuple[Change, ...], trees: FakeTrees) -> Files:
    """Do to ``files`` what the changes say."""
    result = dict(files)
    for change in changes:
        if change.old is not None:
            del result[tuple(change.old.path.decode().split("/"))]
    for change in changes:
        if change.new is not None:
            place = tuple(change.new.path.decode().split("/"))
            result[place] = (change.new.mode, trees.blob(change.new.oid))
    return result


@pytest.mark.spec("diff-paths")
@given(files(), files())
def test_doing_what_a_comparison_says_makes_the_new_side_of_the_old(
    old: Files, new: Files
) -> None:
    trees = FakeTrees()
    sides = (store(trees, old), trees), (store(trees, new), trees)

    changes = compare_trees(*sides)

    assert applied(old, changes, trees) == new
    paths = [change.path for change in changes]
    assert paths == sorted(paths)
    assert bool(changes) == (old != new)


@pytest.mark.spec("diff-renames")
@given(files(), files())
def test_each_path_takes_part_in_one_change_and_no_rename_is_missed(
    old: Files, new: Files
) -> None:
    trees = FakeTrees()

    changes = compare_trees((store(trees, old), trees), (store(trees, new), trees))

    for side in ("old", "new"):
        places = [leaf.path for each in changes if (leaf := getattr(each, side)) is not None]
        assert len(places) == len(set(places))
    came = {(c.new.oid, c.new.mode == MODES[2]) for c in changes if c.new and not c.old}
    went = {(c.old.oid, c.old.mode == MODES[2]) for c in changes if c.old and not c.new}
    assert came.isdisjoint(went)
    for change in changes:
        if change.kind is ChangeKind.RENAMED:
            assert change.old is not None
            assert change.new is not None
            assert change.old.oid == change.new.oid


LINES = st.lists(st.sampled_from([b"", b"a", b"b", b"c"]), max_size=12).map(b"\n".join)


@pytest.mark.spec("diff-lines")
@given(LINES, LINES)
def test_a_patch_holds_the_lines_that_are_counted(old: bytes, new: bytes) -> None:
    counts = count_lines(old, new)

    lines = list(patch_lines(old, new))

    assert sum(line.startswith("+") for line in lines) == counts.added
    assert sum(line.startswith("-") for line in lines) == counts.removed
    assert len(new.splitlines()) - len(old.splitlines()) == counts.added - counts.removed
    assert (old == new) == (not lines)


VALUES = st.recursive(
    st.one_of(st.integers(0, 2), st.booleans(), st.sampled_from(["", "x"])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=6,
)
TABLES = st.dictionaries(st.sampled_from(["a", "b", "deps"]), VALUES, max_size=3)


@pytest.mark.spec("diff-manifest")
@given(TABLES, TABLES)
def test_manifests_differ_one_way_as_they_differ_the_other(
    old: dict[str, TomlValue], new: dict[str, TomlValue]
) -> None:
    there, back = manifest_changes(old, new), manifest_changes(new, old)

    assert [(each.key, each.old, each.new) for each in there.fields] == [
        (each.key, each.new, each.old) for each in back.fields
    ]
    assert not manifest_changes(old, old)
    assert bool(there) == bool(back)


ENTRIES = st.builds(
    Entry,
    label=labels().map(lambda label: label.text),
    tags=st.lists(tags().map(lambda tag: tag.text), max_size=3).map(tuple),
    description=st.text("abcxyz \u00df\u0130", max_size=20),
)


@pytest.mark.spec("search-words")
@pytest.mark.spec("search-rank")
@given(ENTRIES, st.data())
def test_a_part_of_what_an_atom_says_finds_it_in_any_case(
    entry: Entry, data: st.DataObject
) -> None:
    text = data.draw(st.sampled_from([entry.label, *entry.tags, entry.description]))
    start = data.draw(st.integers(0, len(text)))
    words = fold(text)[start : start + data.draw(st.integers(1, 8))]

    found = rank(entry, words_of(words.upper()))

    assert found is not None or not words_of(words) or fold(words.upper()) != fold(words)


@pytest.mark.spec("search-rank")
@given(ENTRIES, st.lists(st.text("abcxyz", min_size=1, max_size=3), min_size=1, max_size=4))
def test_the_order_of_words_does_not_matter(entry: Entry, words: list[str]) -> None:
    shuffled = random.Random(0).sample(words, len(words))

    assert rank(entry, words_of(" ".join(words))) == rank(entry, words_of(" ".join(shuffled)))


@given(file_names())
def test_folding_is_done_once(name: str) -> None:
    assert fold(fold(name)) == fold(name)
