"""What a manifest says about choosing versions; the vectors are in tests/conformance."""

from __future__ import annotations

import pytest

from eka.atom import (
    AtomKey,
    Genesis,
    Label,
    Lock,
    LockedAtom,
    LockedSet,
    Manifest,
    ObjectId,
    Patch,
    PatchPublished,
    SingleAtom,
    Version,
    atom_id,
    check_foreign,
    encode_lock,
    lock_with_versions,
    parse_lock,
    parse_manifest,
    requirements_digest,
)

PACKAGE = """\
[package]
label = "tool"
version = "1.0.0"
[package.sets]
core = "https://git.example.org/core"
more = "https://git.example.org/more"
here = "::"
"""
DEPS = '[deps.from.core]\nzlib = "^1"\n'
CORE = Genesis(ObjectId("2" * 40))
OWN = Genesis(ObjectId("1" * 40))
# Of this manifest, when there was nothing to say of choosing: published locks hold such digests.
OLD = "2bae135f76d6d928d3c1401aceedda9281f50be434579a262e0d613228fb1326"


def manifest(text: str) -> Manifest:
    """Read a manifest."""
    return parse_manifest((PACKAGE + text).encode(), "atom.toml")


def locked(genesis: Genesis, label: str, *, patched: bool = False) -> LockedAtom:
    """Return a local atom of a lock."""
    key = AtomKey(genesis, Label(label), Version.parse("1.0.0"))
    return LockedAtom(key, atom_id(genesis, key.label), patched=patched)


@pytest.mark.spec("manifest-patch")
def test_a_patch_names_a_set_a_label_and_a_directory() -> None:
    text = '[patch.core]\nzlib = { path = "../zlib" }\n[patch.more]\nlua.path = "lua"\n'

    patches = manifest(text).patches

    assert patches == (
        Patch("core", Label("zlib"), "../zlib"),
        Patch("more", Label("lua"), "lua"),
    )
    assert patches[0].span is not None
    assert patches[0].span.line == 9


@pytest.mark.spec("manifest-resolution")
def test_single_atoms_are_named_by_set_and_label() -> None:
    found = manifest('[resolution]\nsingle = ["core::zlib", "here::util"]\n').single

    assert found == (SingleAtom("core", Label("zlib")), SingleAtom("here", Label("util")))
    assert [each.text for each in found] == ["core::zlib", "here::util"]


@pytest.mark.spec("lock-requirements")
def test_the_digest_is_that_of_before_where_nothing_is_said_of_choosing() -> None:
    plain = requirements_digest(manifest(DEPS))

    empty = requirements_digest(manifest(DEPS + "[resolution]\n[patch]\n"))

    assert empty == plain
    assert plain == OLD


@pytest.mark.spec("lock-requirements")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("", '[patch.core]\nzlib.path = "../zlib"\n'),
        ('[patch.core]\nzlib.path = "../zlib"\n', '[patch.core]\nzlib.path = "../other"\n'),
        ('[patch.core]\nzlib.path = "../zlib"\n', '[patch.more]\nzlib.path = "../zlib"\n'),
        ("", '[resolution]\nsingle = ["core::zlib"]\n'),
        ("", '[resolution]\nsingle = ["more::zlib"]\n'),
    ],
)
def test_the_digest_says_what_is_said_of_choosing(one: str, other: str) -> None:
    digests = {requirements_digest(manifest(DEPS + text)) for text in (one, other)}

    assert len(digests) == 2


@pytest.mark.spec("lock-requirements")
def test_the_order_of_single_atoms_does_not_matter() -> None:
    one = manifest('[resolution]\nsingle = ["core::a", "core::b"]\n')
    other = manifest('[resolution]\nsingle = ["core::b", "core::a"]\n')

    assert requirements_digest(one) == requirements_digest(other)


@pytest.mark.spec("manifest-patch-published")
def test_a_foreign_manifest_with_a_patch_is_refused() -> None:
    published = manifest('[patch.core]\nzlib.path = "../zlib"\n')

    with pytest.raises(PatchPublished) as caught:
        check_foreign(published)

    assert caught.value.code == "patch-published"
    assert caught.value.span is not None


def test_a_foreign_manifest_may_hold_what_its_author_alone_is_bound_by() -> None:
    check_foreign(manifest('[resolution]\nsingle = ["core::zlib"]\n'))


@pytest.mark.spec("lock-patched")
def test_a_lock_tells_patched_atoms_from_those_of_the_own_set() -> None:
    own, patched = locked(OWN, "util"), locked(CORE, "zlib", patched=True)
    lock = Lock(
        requirements="4" * 64,
        sets=(LockedSet(OWN, own=True), LockedSet(CORE, ("https://git.example.org/core",))),
        atoms=(own, patched),
        requires=(own.key, patched.key),
    )

    read = parse_lock(encode_lock(lock), "atom.lock")

    assert read == lock
    assert read.patched == (patched,)
    assert [atom.is_own for atom in read.atoms] == [True, False]


def test_a_patched_atom_does_not_follow_when_the_own_set_gets_new_versions() -> None:
    own, patched = locked(OWN, "util"), locked(CORE, "zlib", patched=True)
    lock = Lock(requirements="4" * 64, atoms=(own, patched), requires=(own.key, patched.key))

    new = lock_with_versions(lock, {Label("util"): Version.parse("2.0.0")}, "5" * 64)

    assert new is not None
    assert [atom.key.version.text for atom in new.atoms] == ["2.0.0", "1.0.0"]
