"""Locks of version 2; the vectors are in tests/conformance."""

from __future__ import annotations

from dataclasses import replace

import pytest

from eka.atom import (
    AtomKey,
    Genesis,
    InvalidAtomKey,
    InvalidLock,
    Label,
    Lock,
    LockCycle,
    LockedAtom,
    LockedDirect,
    LockedFile,
    LockedSet,
    LockNotCanonical,
    LockTooNew,
    ObjectId,
    Version,
    atom_id,
    encode_lock,
    lock_version,
    parse_lock,
)
from eka.atom.lock_errors import LockDangling
from tests.vectors import FIXTURES

OWN = Genesis(ObjectId("1" * 40))
EMPTY = Lock(requirements="4" * 64)
FULL = (FIXTURES / "lockfile/golden/full.toml").read_bytes()


def atom(label: str, *requires: AtomKey, version: str = "1.0.0") -> LockedAtom:
    """Return an atom of the own set."""
    key = AtomKey(OWN, Label(label), Version.parse(version))
    return LockedAtom(key, atom_id(OWN, key.label), requires=requires)


def lock_of(*atoms: LockedAtom) -> Lock:
    """Return a lock whose project requires the first atom."""
    return replace(EMPTY, sets=(LockedSet(OWN, own=True),), atoms=atoms, requires=(atoms[0].key,))


@pytest.mark.spec("lock-order", "lock-canonical")
def test_the_order_of_entries_does_not_matter_to_the_writer() -> None:
    lock = parse_lock(FULL, "atom.lock")

    shuffled = replace(
        lock,
        sets=lock.sets[::-1],
        atoms=tuple(replace(each, requires=each.requires[::-1]) for each in lock.atoms[::-1]),
        direct=lock.direct[::-1],
        requires=lock.requires[::-1],
    )

    assert encode_lock(shuffled) == FULL


def test_a_lock_is_read_into_values() -> None:
    lock = parse_lock(FULL, "atom.lock")

    assert [each.own for each in lock.sets] == [True, False, False]
    assert lock.atoms[0].key.text == f"{'1' * 40}::größe@0.1.0-a.2"
    assert lock.atoms[0].rev is None
    assert lock.atoms[1].content is not None
    assert lock.direct[0].owner is None
    assert lock.direct[2].system == "aarch64-linux"
    assert [len(each.files) for each in lock.direct] == [2, 1, 1, 1]


@pytest.mark.spec("lock-version")
def test_a_later_version_says_what_to_do() -> None:
    with pytest.raises(LockTooNew) as caught:
        parse_lock(b"version = 7\n", "atom.lock")

    assert caught.value.version == 7
    assert "newer" in caught.value.fix
    assert lock_version(b"version = 7\n", "atom.lock") == 7


@pytest.mark.spec("lock-canonical")
def test_the_first_line_that_differs_is_named() -> None:
    data = encode_lock(EMPTY).replace(b"version = 2", b"version  = 2")

    with pytest.raises(LockNotCanonical) as caught:
        parse_lock(data, "atom.lock")

    assert caught.value.line == 2
    assert caught.value.where == "atom.lock:2"
    assert caught.value.fix == "run eka lock"


def test_a_merge_conflict_is_called_one() -> None:
    data = b"<<<<<<< ours\nversion = 2\n"

    with pytest.raises(Exception, match="merge conflict"):
        parse_lock(data, "atom.lock")


def test_a_lock_has_a_size_limit_of_its_own() -> None:
    data = b"#" * (1024 * 1024) + b"\n" + encode_lock(EMPTY)

    with pytest.raises(LockNotCanonical):
        parse_lock(data, "atom.lock")


@pytest.mark.spec("lock-size")
def test_a_lock_beyond_the_limit_is_refused_unread() -> None:
    with pytest.raises(Exception, match="more than 67108864"):
        parse_lock(b"#" * (64 * 1024 * 1024 + 1), "atom.lock")


def test_the_writer_refuses_what_the_reader_would() -> None:
    first, second = atom("a"), atom("b")

    with pytest.raises(LockDangling):
        encode_lock(lock_of(replace(first, requires=(second.key,))))
    with pytest.raises(InvalidLock):
        encode_lock(replace(EMPTY, requirements="x"))


@pytest.mark.spec("lock-acyclic")
def test_a_cycle_is_printed_as_a_path() -> None:
    a, b, c = (AtomKey(OWN, Label(name), Version(1, 0, 0)) for name in "abc")
    lock = lock_of(atom("start", a), atom("a", b), atom("b", c), atom("c", a))

    with pytest.raises(LockCycle) as caught:
        encode_lock(lock)

    assert caught.value.why == " -> ".join(key.text for key in (a, b, c, a))


def test_a_diamond_is_no_cycle() -> None:
    bottom = atom("bottom")
    left, right = atom("left", bottom.key), atom("right", bottom.key)

    lock = lock_of(atom("top", left.key, right.key), left, right, bottom)

    assert parse_lock(encode_lock(lock), "atom.lock").requires == lock.requires


def test_a_deep_chain_needs_no_recursion() -> None:
    atoms = [atom("a0")]
    for index in range(1, 3000):
        atoms.append(atom(f"a{index}", atoms[-1].key))

    lock = lock_of(*reversed(atoms))

    assert len(parse_lock(encode_lock(lock), "atom.lock").atoms) == 3000


@pytest.mark.spec("lock-urls")
def test_a_lock_knows_whether_it_is_good_for_one_machine_only() -> None:
    local = (FIXTURES / "lockfile/golden/local.toml").read_bytes()

    assert parse_lock(local, "atom.lock").has_local_sources
    assert not parse_lock(FULL, "atom.lock").has_local_sources


@pytest.mark.spec("lock-key")
def test_a_key_is_written_and_read() -> None:
    key = atom("größe", version="1.0.0-rc.1").key

    assert AtomKey.parse(key.text) == key


@pytest.mark.spec("lock-key")
@pytest.mark.parametrize(
    "text",
    ["", "::", "x::a@1.0.0", f"{'1' * 40}::a@1", f"{'1' * 40}::ａ@1.0.0", f"{'1' * 40}:a@1.0.0"],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidAtomKey) as caught:
        AtomKey.parse(text)

    assert caught.value.raw == text


def test_a_file_lies_below_its_mirror_or_is_a_whole_url() -> None:
    below = LockedFile("http://deb.example/debian/", "pool/a.deb", "s", 1, "0" * 64)
    whole = LockedFile("https://a.org/x", "", "", 1, "0" * 64)

    assert below.download_url == "http://deb.example/debian/pool/a.deb"
    assert whole.download_url == "https://a.org/x"


def test_a_direct_source_can_be_handed_to_an_owner() -> None:
    owner = atom("a").key
    direct = LockedDirect(None, "url", "data", "", "0" * 64, ())

    assert direct.owned_by(owner) == replace(direct, owner=owner)
