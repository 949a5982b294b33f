"""Properties of the values of the atom format."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.atom import (
    AtomCommit,
    Genesis,
    InvalidLabel,
    InvalidTag,
    Label,
    NotAnAtomCommit,
    Tag,
    Version,
    atom_id,
    case_fold,
    path_fault,
    skeleton,
)
from tests.strategies import (
    atom_commits,
    directories,
    geneses,
    labels,
    near_versions,
    tags,
    versions,
)


@given(labels())
def test_a_label_is_kept_as_it_is(label: Label) -> None:
    assert Label.typed(label.text) == label
    assert Tag(label.text).text == label.text


@given(tags())
def test_a_tag_is_kept_as_it_is(tag: Tag) -> None:
    assert Tag.typed(tag.text) == tag


@given(st.text(max_size=8))
def test_any_text_is_a_label_or_an_error(text: str) -> None:
    try:
        label = Label.typed(text)
    except InvalidLabel:
        with pytest.raises(InvalidLabel):
            Label(text)
        return

    assert label.text == unicodedata.normalize("NFKC", text)
    assert 1 <= len(label.text.encode()) <= 128


@given(st.text(max_size=8))
def test_any_text_is_a_tag_or_an_error(text: str) -> None:
    try:
        tag = Tag.typed(text)
    except InvalidTag:
        return

    assert ".." not in tag.text


@pytest.mark.spec("label-case-fold")
@given(labels())
def test_folding_the_case_of_a_folded_label_changes_nothing(label: Label) -> None:
    folded = case_fold(label)

    assert case_fold(Label(folded)) == folded
    assert case_fold(Label.typed(label.text.swapcase())) == folded


@given(labels())
def test_a_skeleton_is_in_nfd(label: Label) -> None:
    assert unicodedata.is_normalized("NFD", skeleton(label))


@given(labels(), st.integers(0, 40))
def test_an_invisible_character_does_not_change_the_skeleton(label: Label, place: int) -> None:
    marked = label.text[: place + 1] + "\u034f" + label.text[place + 1 :]

    assert skeleton(Label(marked)) == skeleton(label)


@given(geneses(), labels(), labels())
def test_two_labels_of_a_set_have_two_identities(
    genesis: Genesis, one: Label, other: Label
) -> None:
    assert (atom_id(genesis, one) == atom_id(genesis, other)) == (one == other)


@pytest.mark.spec("version-grammar")
@given(versions())
def test_a_version_is_read_back_from_its_text(version: Version) -> None:
    assert Version.parse(version.text) == version


@pytest.mark.spec("version-order")
@given(st.lists(near_versions(), min_size=2, max_size=12))
def test_the_order_of_versions_is_total(found: list[Version]) -> None:
    ordered = sorted(found)

    for low, high in pairwise(ordered):
        assert low <= high
        assert (low == high) == (low.text == high.text) == (not low < high)
        assert (low < high) != (high <= low)


@pytest.mark.spec("version-order")
@given(near_versions())
def test_a_pre_release_comes_before_its_release(version: Version) -> None:
    release = Version(version.major, version.minor, version.patch)

    assert (version < release) == version.is_prerelease


@pytest.mark.spec("commit-canonical", "commit-bytes")
@given(atom_commits())
def test_a_commit_is_read_back_from_its_bytes(commit: AtomCommit) -> None:
    raw = commit.encode()

    assert AtomCommit.decode(raw) == commit
    assert AtomCommit.decode(raw).id() == commit.id()
    assert not raw.endswith(b"\n")


@pytest.mark.spec("commit-canonical")
@given(atom_commits(), st.integers(0, 600), st.binary(max_size=3))
def test_changed_bytes_are_other_parts_or_no_atom(
    commit: AtomCommit, place: int, patch: bytes
) -> None:
    raw = commit.encode()
    changed = raw[:place] + patch + raw[place + 1 :]

    try:
        found = AtomCommit.decode(changed)
    except NotAnAtomCommit:
        return

    assert found.encode() == changed
    assert (found == commit) == (changed == raw)


@pytest.mark.spec("commit-path")
@given(directories())
def test_a_plain_directory_has_no_fault(path: str) -> None:
    assert path_fault(path) == ""


@given(st.text(max_size=8))
def test_a_path_without_fault_can_be_written_in_a_header(path: str) -> None:
    if not path_fault(path):
        assert path.encode().decode() == path
        assert "\n" not in path
        assert ".." not in path.split("/")
