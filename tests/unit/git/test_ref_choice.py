"""Which commit a name or a requirement leads to."""

from __future__ import annotations

import pytest

from eka.atom import GitSource, Label, ObjectId, Requirement, Version
from eka.git import ListedRefs, RefMissing, TagsDisagree, named_commit, wanted_prefixes
from eka.git.ref_choice import tag_version

NAME, URL = Label("src"), "https://example.org/a.git"


def oid(letter: str) -> ObjectId:
    return ObjectId(letter * 40)


def listed(refs: dict[str, str], **peeled: str) -> ListedRefs:
    """Return listed refs; the values are letters of ids."""
    return ListedRefs(
        {name: oid(letter) for name, letter in refs.items()},
        0,
        2,
        peeled={name.replace("__", "/"): oid(letter) for name, letter in peeled.items()},
    )


def by_version(requirement: str, *, prefix: str = "") -> GitSource:
    return GitSource(NAME, URL, version=Requirement(requirement), tag_prefix=prefix)


@pytest.mark.spec("git-resolve")
@pytest.mark.parametrize(
    ("source", "prefixes"),
    [
        (GitSource(NAME, URL, branch="main"), ("refs/heads/main",)),
        (GitSource(NAME, URL, tag="v1"), ("refs/tags/v1",)),
        (by_version("^1"), ("refs/tags/",)),
        (by_version("^1", prefix="x-"), ("refs/tags/x-",)),
    ],
)
def test_only_what_can_matter_is_asked_for(source: GitSource, prefixes: tuple[str, ...]) -> None:
    assert wanted_prefixes(source) == prefixes


@pytest.mark.spec("git-resolve")
def test_a_branch_is_one_ref_and_not_those_that_begin_like_it() -> None:
    refs = listed({"refs/heads/main": "a", "refs/heads/main2": "b"})

    found = named_commit(GitSource(NAME, URL, branch="main"), refs)

    assert (found.ref, found.rev, found.version) == ("refs/heads/main", oid("a"), None)


@pytest.mark.spec("git-resolve")
def test_an_annotated_tag_means_its_commit() -> None:
    refs = listed({"refs/tags/v1": "a"}, refs__tags__v1="b")

    assert named_commit(GitSource(NAME, URL, tag="v1"), refs).rev == oid("b")
    assert named_commit(by_version("^1"), refs).rev == oid("b")


@pytest.mark.spec("git-resolve")
@pytest.mark.parametrize(
    ("tag", "version", "is_exact"),
    [
        ("1.2.3", "1.2.3", True), ("v1.2.3", "1.2.3", True), ("v1.2", "1.2.0", False),
        ("7", "7.0.0", False), ("v1.2.3-rc.1", "1.2.3-rc.1", True),
    ],
)  # fmt: skip
def test_tags_are_named_after_versions(tag: str, version: str, *, is_exact: bool) -> None:
    assert tag_version(tag) == (Version.parse(version), is_exact)


@pytest.mark.spec("git-resolve")
@pytest.mark.parametrize(
    "tag", ["", "v", "release", "1.2.3.4", "01.2.3", "1.2.3+build", "x1.2.3", "1.2.3-", "9" * 40]
)
def test_other_tags_are_of_no_version(tag: str) -> None:
    assert tag_version(tag) is None


@pytest.mark.spec("git-resolve")
def test_the_highest_version_that_fits_is_taken() -> None:
    refs = listed({
        "refs/tags/v1.2.0": "a", "refs/tags/1.10.0": "b", "refs/tags/v1.9": "c",
        "refs/tags/v2.0.0": "d", "refs/tags/v1.11.0-rc.1": "e", "refs/tags/nightly": "f",
    })  # fmt: skip

    found = named_commit(by_version("^1.2"), refs)

    assert (found.ref, found.version) == ("refs/tags/1.10.0", Version(1, 10, 0))


@pytest.mark.spec("git-resolve")
def test_a_prefix_tells_the_tags_of_one_project_from_those_of_another() -> None:
    refs = listed({"refs/tags/x-1.0.0": "a", "refs/tags/x-v1.1.0": "b", "refs/tags/y-1.2.0": "c"})

    assert named_commit(by_version("*", prefix="x-"), refs).ref == "refs/tags/x-v1.1.0"


@pytest.mark.spec("git-resolve")
def test_a_tag_that_names_all_numbers_counts_before_one_that_does_not() -> None:
    refs = listed({"refs/tags/v1.2": "a", "refs/tags/v1.2.0": "b"})

    assert named_commit(by_version("^1"), refs).rev == oid("b")


@pytest.mark.spec("git-resolve")
def test_two_tags_of_one_version_may_mean_the_same_commit_only() -> None:
    same = listed({"refs/tags/1.2.0": "a", "refs/tags/v1.2.0": "c"})
    peeled = ListedRefs(same.refs, 0, 2, peeled={"refs/tags/v1.2.0": oid("a")})
    differ = listed({"refs/tags/1.2.0": "a", "refs/tags/v1.2.0": "b"})

    assert named_commit(by_version("^1"), peeled).ref == "refs/tags/1.2.0"
    with pytest.raises(TagsDisagree) as caught:
        named_commit(by_version("^1"), differ)
    assert caught.value.tags == ("1.2.0", "v1.2.0")


@pytest.mark.spec("git-resolve")
@pytest.mark.parametrize(
    ("source", "known"),
    [
        (GitSource(NAME, URL, tag="v1.2"), ("v1.2.3",)),
        (GitSource(NAME, URL, branch="trunk"), ("main", "v1.2.3")),
        (by_version("^2"), ("1.2.3",)),
        (by_version("^2", prefix="x-"), ()),
    ],
)
def test_what_is_not_there_is_not_found_and_what_is_is_named(
    source: GitSource, known: tuple[str, ...]
) -> None:
    refs = listed({"refs/heads/main": "a", "refs/tags/v1.2.3": "b", "HEAD": "a"})

    with pytest.raises(RefMissing) as caught:
        named_commit(source, refs)

    assert caught.value.known == known
    assert caught.value.where == URL
