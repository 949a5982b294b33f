"""Laws of edits: what is wanted is said, and all else keeps every byte."""

from __future__ import annotations

import tomllib
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eka.atom import Label, parse_manifest
from eka.atom.edit import add_dependency, add_direct, add_package
from eka.atom.edit_remove import remove_dependency, remove_direct
from eka.atom.toml_edit import EditFailed, set_value
from eka.atom.toml_remove import remove_key
from tests.strategies import labels
from tests.vectors import FIXTURES

GOOD = [
    path.read_text(encoding="utf-8")
    for path in [
        *sorted((FIXTURES / "manifest/golden").glob("*.toml")),
        *sorted((FIXTURES / "demo").rglob("atom.toml")),
    ]
]
NOISE = ["", "\n", "# noise\n", "  # indented noise ]}\n", "\n\n"]


@st.composite
def manifests(draw: st.DrawFn) -> str:
    """Good manifests with noise between their lines, and either kind of line end."""
    lines = draw(st.sampled_from(GOOD)).splitlines(keepends=True)
    noisy = [line + (draw(st.sampled_from(NOISE)) if _may_end(line) else "") for line in lines]
    text = "".join(noisy)
    text = text.rstrip("\n") if draw(st.booleans()) else text
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def _may_end(line: str) -> bool:
    """Whether a comment may follow a line: it is certainly not inside a multi-line string."""
    return line.startswith(("[", "label", "version", "toolchain")) and "= [" not in line


def without_added_lines(old: str, new: str) -> bool:
    """Whether ``old`` is ``new`` without some of its lines."""
    remaining = iter(new.splitlines())
    return all(any(line == candidate for candidate in remaining) for line in old.splitlines())


@pytest.mark.spec("manifest-edit")
@given(manifests(), labels(), st.sampled_from(["new", "größer", "a.b"]))
def test_a_dependency_on_a_new_set_only_adds_lines(text: str, label: Label, set_name: str) -> None:
    edited = add_dependency(
        text, set_name=set_name, urls=["https://a.org/x"], label=label, requirement="^1"
    )

    found = parse_manifest(edited.encode(), "atom.toml")
    assert (set_name, label) in {(each.set_name, each.label) for each in found.dependencies}
    assert without_added_lines(text, edited) or "{" in text
    assert ("\r\n" in text) == ("\r\n" in edited)
    assert "\n" not in edited.replace("\r\n", "") or "\r\n" not in text


@pytest.mark.spec("manifest-edit")
@given(manifests(), labels())
def test_an_edit_repeated_changes_nothing(text: str, label: Label) -> None:
    once = add_dependency(text, set_name="new", urls=None, label=label, requirement="*")

    assert add_dependency(once, set_name="new", urls=None, label=label, requirement="*") == once


@pytest.mark.spec("manifest-edit")
@given(manifests(), labels())
def test_a_direct_source_says_what_was_wanted(text: str, label: Label) -> None:
    edited = add_direct(text, "git", label, {"url": "https://a.org/x", "depth": 1})

    old, new = tomllib.loads(text), tomllib.loads(edited)
    new["deps"]["direct"]["git"].pop(label.text)
    assert pruned(new) == pruned(old)


def pruned(data: dict[str, Any]) -> dict[str, Any]:
    """Return tables without the empty ones among them."""
    tables = {
        key: cast("dict[str, Any]", each) for key, each in data.items() if type(each) is dict
    }
    full = {**data, **{key: pruned(table) for key, table in tables.items()}}
    return {key: each for key, each in full.items() if each != {}}


@given(
    st.lists(st.text("abc/*é'\"\\ \t", min_size=1, max_size=8), max_size=5, unique=True),
    st.sampled_from(
        ["[set]\npackages = [{}]\n", "set.packages = [{}]\n", "set = {{ packages = [{}] }}"]
    ),
    st.sampled_from([", ", ",", " , "]),
    st.text("xyz", min_size=1, max_size=3),
)
def test_a_directory_joins_any_array(
    known: list[str], form: str, separator: str, path: str
) -> None:
    quoted = separator.join(f'"{_escaped(each)}"' for each in known)

    edited = add_package(form.format(quoted), path)

    assert tomllib.loads(edited)["set"]["packages"] == [*known, path]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t")


@given(
    manifests(),
    st.lists(
        st.sampled_from(["package", "deps", "from", "build", "x y", "é", "sets", "label"]),
        min_size=1,
        max_size=4,
    ),
)
def test_any_key_is_set_or_the_edit_refused(text: str, keys: list[str]) -> None:
    try:
        edited = set_value(text, tuple(keys), "value")
    except EditFailed:
        return

    found: Any = tomllib.loads(edited)
    for key in keys:
        found = found[key]
    assert found == "value"


@pytest.mark.spec("change-remove")
@given(manifests(), st.data())
def test_a_dependency_that_goes_leaves_all_others(text: str, data: st.DataObject) -> None:
    old = parse_manifest(text.encode(), "atom.toml")
    lines = [(each, False) for each in old.dependencies]
    lines += [(each, True) for each in old.dev_dependencies]
    if not lines:
        return
    line, dev = data.draw(st.sampled_from(lines))

    removal = remove_dependency(text, line, dev=dev)

    document = tomllib.loads(removal.text)
    new = parse_manifest(_without_recipe(document, removal.text), "atom.toml")
    left = [(each, False) for each in new.dependencies]
    left += [(each, True) for each in new.dev_dependencies]
    assert left == [each for each in lines if each != (line, dev)]
    assert set(new.package.sets) == set(old.package.sets) - set(removal.sets)
    assert without_added_lines(removal.text, text) or "{" in text
    assert comments(removal.text) == comments(text)


def comments(text: str) -> int:
    """Return how many lines are noise."""
    return sum(line.lstrip().startswith("#") and "noise" in line for line in text.splitlines())


def _without_recipe(document: dict[str, Any], text: str) -> bytes:
    """Return a text whose recipe names nothing that may have been removed."""
    return remove_key(text, ("build",)).encode() if "build" in document else text.encode()


@pytest.mark.spec("change-remove")
@given(text=manifests(), label=labels(), dev=st.booleans())
def test_what_was_added_is_removed_again(text: str, label: Label, *, dev: bool) -> None:
    added = add_dependency(
        text, set_name="new", urls=["https://a.org/x"], label=label, requirement="^1", dev=dev
    )
    found = parse_manifest(added.encode(), "atom.toml")
    lines = found.dev_dependencies if dev else found.dependencies
    line = next(each for each in lines if each.set_name == "new")

    removal = remove_dependency(added, line, dev=dev)

    if removal.commented:
        assert "noise" in text
    else:
        assert removal.text.split() == text.split()


@pytest.mark.spec("change-remove")
@given(manifests(), labels())
def test_a_direct_source_that_was_added_is_removed_again(text: str, label: Label) -> None:
    added = add_direct(text, "git", label, {"url": "https://a.org/x", "depth": 1})

    removal = remove_direct(added, "git", label)

    assert pruned(tomllib.loads(removal.text)) == pruned(tomllib.loads(text))
    if not removal.commented:
        assert removal.text.split() == text.split()


@given(manifests(), st.data())
def test_any_key_is_removed_or_the_edit_refused(text: str, data: st.DataObject) -> None:
    document: Any = tomllib.loads(text)
    keys: list[str] = []
    while type(document) is dict and document and (not keys or data.draw(st.booleans())):
        table = cast("dict[str, Any]", document)
        keys.append(data.draw(st.sampled_from(sorted(table))))
        document = table[keys[-1]]

    try:
        edited = remove_key(text, tuple(keys))
    except EditFailed:
        return

    found: Any = tomllib.loads(edited)
    for key in keys[:-1]:
        found = found.get(key, {})
    assert keys[-1] not in found
