"""Hypothesis strategies for the values of the atom format: valid by construction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from eka.atom import (
    AtomCommit,
    CommitFormat,
    ContentHash,
    Genesis,
    Label,
    ObjectId,
    Requirement,
    Tag,
    TreeEntry,
    Version,
)
from tests.fakes.trees import FakeTrees

if TYPE_CHECKING:
    from collections.abc import Mapping

HEX = "0123456789abcdef"
# Letters of several scripts, all of them alike in NFKC and in no need of reordering.
LETTERS = "abcxyzABZéßλЖжאبあ中한"
DIGITS = "019"
MAX_NUMBER = 2**64 - 1


@st.composite
def labels(draw: st.DrawFn) -> Label:
    """Labels of 1 to 121 bytes, ASCII ones more often than others."""
    letters = draw(st.sampled_from(["abcxyzABZ", LETTERS]))
    start = draw(st.sampled_from(letters))
    return Label(start + draw(st.text(letters + DIGITS + "-_", max_size=40)))


@st.composite
def tags(draw: st.DrawFn) -> Tag:
    """Tags, with dots and colons between labels."""
    parts = draw(st.lists(labels(), min_size=1, max_size=3))
    text = draw(st.sampled_from(".:")).join(part.text for part in parts)
    return Tag(text if len(text.encode()) <= 128 else parts[0].text)


def numbers() -> st.SearchStrategy[int]:
    """Numbers of a version, small ones more often than others."""
    return st.one_of(st.integers(0, 3), st.integers(0, 200), st.integers(0, MAX_NUMBER))


def prereleases() -> st.SearchStrategy[tuple[str, ...]]:
    """Pre-release identifiers; none in half of the cases."""
    words = st.sampled_from(["a", "b", "rc", "alpha", "x-1", "-", "0a", "Z", "lock2"])
    identifiers = st.one_of(st.integers(0, 12).map(str), words)
    return st.one_of(st.just(()), st.lists(identifiers, min_size=1, max_size=4).map(tuple))


def versions() -> st.SearchStrategy[Version]:
    """Versions of every kind."""
    return st.builds(Version, numbers(), numbers(), numbers(), prereleases())


def near_versions() -> st.SearchStrategy[Version]:
    """Versions close to each other, so that comparisons come out both ways."""
    number = st.integers(0, 3)
    identifiers = st.sampled_from([(), (), ("0",), ("a",), ("a", "1"), ("a", "10"), ("b",)])
    return st.builds(Version, number, number, number, identifiers)


@st.composite
def comparator_texts(draw: st.DrawFn) -> str:
    """One comparator of a requirement, close to `near_versions`."""
    operator = draw(st.sampled_from(["", "^", "~", "=", ">", ">=", "<", "<=", "^ ", ">= "]))
    core = draw(near_versions())
    forms = [
        f"{core.major}",
        f"{core.major}.{core.minor}",
        f"{core.major}.{core.minor}.{core.patch}",
        core.text,
        f"{core.text}+build.01",
        f"{core.major}.*",
        f"{core.major}.x.X",
        f"{core.major}.{core.minor}.x",
    ]
    return operator + draw(st.sampled_from(forms))


def requirements() -> st.SearchStrategy[Requirement]:
    """Requirements of up to four comparators, or `*`."""
    several = st.lists(comparator_texts(), min_size=1, max_size=4).map(", ".join)
    return st.one_of(st.just("*"), several).map(Requirement)


def object_ids(algorithm: str = "sha1") -> st.SearchStrategy[ObjectId]:
    """Ids of git objects in one hash function."""
    digits = {"sha1": 40, "sha256": 64}[algorithm]
    return st.text(HEX, min_size=digits, max_size=digits).map(ObjectId)


def geneses() -> st.SearchStrategy[Genesis]:
    """Root commits of sets, in either hash function."""
    return st.one_of(object_ids(), object_ids("sha256")).map(Genesis)


def content_hashes() -> st.SearchStrategy[ContentHash]:
    """Content hashes."""
    return st.text(HEX, min_size=64, max_size=64).map(ContentHash)


def directories() -> st.SearchStrategy[str]:
    """Directories of atoms in their source commit."""
    name = st.text("ab é中-_ \\", min_size=1, max_size=8)
    return st.one_of(st.just("."), st.lists(name, min_size=1, max_size=4).map("/".join))


@st.composite
def atom_commits(draw: st.DrawFn) -> AtomCommit:
    """Atom commits of every format and hash function."""
    commit_format = draw(st.sampled_from(CommitFormat))
    oids = object_ids(draw(st.sampled_from(["sha1", "sha256"])))
    is_current = commit_format is CommitFormat.V2
    return AtomCommit(
        format=commit_format,
        tree=draw(oids),
        origin=draw(oids),
        label=draw(labels()),
        version=draw(versions()),
        path=None if commit_format is CommitFormat.PRE1 else draw(directories()),
        manifest=draw(oids) if is_current else None,
        content=draw(content_hashes()) if is_current else None,
    )


def file_names() -> st.SearchStrategy[str]:
    """Names that an atom may hold, and that differ in more than case."""
    return st.text("abc01é中.-_ ", min_size=1, max_size=6).filter(lambda name: name.strip(" ."))


def file_trees() -> st.SearchStrategy[Mapping[str, bytes]]:
    """Files by path, three directories deep at the most, none of which is also a directory."""
    paths = st.lists(file_names(), min_size=1, max_size=3).map(tuple)
    return st.dictionaries(paths, st.binary(max_size=40), max_size=8).map(_without_conflicts)


def _without_conflicts(files: dict[tuple[str, ...], bytes]) -> dict[str, bytes]:
    folders = {path[:length] for path in files for length in range(1, len(path))}
    return {"/".join(path): data for path, data in files.items() if path not in folders}


@st.composite
def hostile_trees(draw: st.DrawFn) -> tuple[FakeTrees, ObjectId]:
    """Trees of any modes and names whatever, each object's id being git's."""
    trees = FakeTrees()
    leaf = trees.add_blob(draw(st.binary(max_size=20)))
    known = [(mode, leaf) for mode in ("100644", "100755", "120000", "160000", "100664", "")]
    root = trees.add_tree([])
    for _ in range(draw(st.integers(1, 6))):
        shapes = draw(st.lists(st.tuples(st.sampled_from(known), st.binary(max_size=4))))
        root = trees.add_tree([TreeEntry(mode, name, oid) for (mode, oid), name in shapes])
        known.append(("40000", root))
    return trees, root
