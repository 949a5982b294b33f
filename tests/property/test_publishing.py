"""Laws of refs, packs and package patterns."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.git import AtomRef, RefLayout, label_prefixes, parse_atom_ref
from eka.git.package_globs import matches
from eka.git.push_report import parse_push_report
from eka.git.status import (
    Deprecation,
    InvalidReason,
    VersionStatus,
    parse_status,
    read_status,
)
from tests.strategies import labels, versions

if TYPE_CHECKING:
    from eka.atom import Label, Version

NAMES = st.text("ab.-[]*?", min_size=1, max_size=6)
PATHS = st.lists(st.text("ab.-", min_size=1, max_size=4), min_size=1, max_size=5).map("/".join)


@pytest.mark.spec("ref-version-grammar")
@given(labels(), versions(), st.sampled_from(RefLayout))
def test_a_ref_name_tells_back_what_it_was_made_of(
    label: Label, version: Version, layout: RefLayout
) -> None:
    ref = AtomRef(label, version, layout)

    assert parse_atom_ref(ref.name) == ref
    assert ref.name.startswith(tuple(label_prefixes(label)))


@pytest.mark.spec("ref-version-grammar")
@given(st.text(max_size=60), st.sampled_from(["refs/atoms/", "refs/eka/atoms/", ""]))
def test_any_name_is_read_without_an_error_and_means_one_thing(tail: str, prefix: str) -> None:
    found = parse_atom_ref(prefix + tail)

    assert found is None or found.name == prefix + tail


@given(st.binary(max_size=200), st.binary(max_size=50))
def test_any_answer_to_a_push_is_read_without_an_error(stdout: bytes, stderr: bytes) -> None:
    report = parse_push_report(stdout, stderr)

    assert all(reason.isprintable() for _, reason in report.refused)


@pytest.mark.spec("discover-patterns")
@given(NAMES.filter(lambda text: text.count("*") < 4), st.text("ab.-[]", min_size=1, max_size=5))
def test_within_one_name_a_pattern_means_what_the_shell_means(pattern: str, name: str) -> None:
    if "**" in pattern or not set("*?[") & set(pattern):
        return
    if name == ".":
        return

    assert matches(f"d/{pattern}", f"d/{name}") == fnmatch.fnmatchcase(name, pattern)


@pytest.mark.spec("discover-patterns")
@given(PATHS, st.data())
def test_two_stars_stand_for_any_run_of_directories(path: str, data: st.DataObject) -> None:
    if path == ".":  # the top, which has no name a pattern could spell
        return
    parts = path.split("/")
    start = data.draw(st.integers(0, len(parts) - 1))
    end = data.draw(st.integers(start, len(parts) - 1))

    pattern = "/".join([*parts[:start], "**", *parts[end:]])

    assert matches(pattern, path)


@pytest.mark.spec("status-canonical")
@given(st.text(max_size=30), st.text(max_size=30), st.one_of(st.none(), labels()))
def test_a_status_is_read_back_from_its_bytes(
    yanked: str, reason: str, replaced_by: Label | None
) -> None:
    try:
        status = VersionStatus(yanked, Deprecation(reason, replaced_by))
    except InvalidReason:
        return

    assert parse_status(status.encode()) == status


@pytest.mark.spec("status-unreadable")
@given(st.one_of(st.binary(max_size=200), st.text('{}[]"schemayanked:,/1. ').map(str.encode)))
def test_any_bytes_are_a_status_or_count_as_yanked(data: bytes) -> None:
    status = read_status(data)

    assert status.is_unreadable or status.encode() == data
    assert not status.is_unreadable or status.is_yanked
