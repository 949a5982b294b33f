"""Two manifests as TOML has them, and what differs."""

from __future__ import annotations

import pytest

from eka.atom import read_toml
from eka.workflow.manifest_changes import (
    DependencyChange,
    FieldChange,
    ManifestChanges,
    dotted,
    manifest_changes,
)


def changes(old: str, new: str) -> ManifestChanges:
    return manifest_changes(
        read_toml(old.encode(), "old").data, read_toml(new.encode(), "new").data
    )


def dependency(
    set_name: str, label: str, old: str | None, new: str | None, *, dev: bool = False
) -> DependencyChange:
    return DependencyChange(set_name, label, dev, old, new)


@pytest.mark.spec("diff-manifest")
def test_fields_are_added_removed_and_changed() -> None:
    old = 'a.b = 1\na.gone = [1, 2]\n[build]\nscript = "x"\n'
    new = 'a.b = 2\n[build]\nscript = "x"\nenv = { X = "1" }\n'

    found = changes(old, new)

    assert found.fields == (
        FieldChange(("a", "b"), 1, 2),
        FieldChange(("a", "gone"), [1, 2], None),
        FieldChange(("build", "env", "X"), None, "1"),
    )
    assert found.dependencies == ()


@pytest.mark.spec("diff-manifest")
def test_dependencies_are_told_as_such() -> None:
    old = '[deps.from.core]\nzlib = "^1"\ngone = "*"\n[deps.dev.from.core]\ntest = "^1"\n'
    new = '[deps.from.core]\nzlib = "^2"\n[deps.from.x]\nnew = "1"\n[deps.dev.from.core]\n'

    found = changes(old, new)

    assert found.fields == ()
    assert found.dependencies == (
        dependency("core", "test", "^1", None, dev=True),
        dependency("core", "gone", "*", None),
        dependency("core", "zlib", "^1", "^2"),
        dependency("x", "new", None, "1"),
    )


@pytest.mark.spec("diff-manifest")
def test_writing_the_same_in_another_way_is_no_change() -> None:
    old = 'package = { label = "x", tags = ["a"] }\n'
    new = "# a word\n[package]\ntags = [\n  'a',\n]\nlabel = \"x\"\n"

    assert not changes(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x = 1", "x = true"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = '1'"),
        ("x = [1]", "x = [true]"),
        ("x = {}", "x = []"),
        ("x = 2020-01-01", "x = '2020-01-02'"),
    ],
)
def test_values_of_other_types_are_other_values(old: str, new: str) -> None:
    assert len(changes(old, new).fields) == 1


@pytest.mark.spec("diff-manifest")
def test_an_empty_table_counts_where_the_other_side_has_none() -> None:
    assert changes("", "[build]\n").fields == (FieldChange(("build",), None, {}),)
    assert changes("[build]\nx = 1\n", "[build]\n").fields == (
        FieldChange(("build", "x"), 1, None),
    )


def test_keys_are_shown_as_toml_writes_them() -> None:
    assert dotted(("a", "b-c", "d e", "\u00e9", "")) == 'a.b-c."d e"."\u00e9".""'
