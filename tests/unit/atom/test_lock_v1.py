"""Locks of version 1; the vectors are in tests/conformance."""

from __future__ import annotations

import pytest

from eka.atom import Genesis, Label, ObjectId, Version
from eka.atom.lock_v1 import LockV1Atom, LockV1Direct, read_lock_v1
from eka.errors import Problems
from tests.vectors import FIXTURES

FULL = (FIXTURES / "lockfile/v1/golden/full.toml").read_bytes()
LANG = Genesis(ObjectId("2" * 40))


@pytest.mark.spec("lock-v1")
def test_everything_in_a_lock_is_read() -> None:
    lock = read_lock_v1(FULL, "atom.lock")

    assert lock.sets[0].tag == "lang"
    assert lock.sets[0].mirrors == ("https://git.example.org/lang", "::")
    assert lock.locker is not None
    assert lock.locker.label == Label("locker")
    assert lock.compose is not None
    assert (lock.compose.use, lock.compose.entry) == ("atom", "src")
    assert lock.compose.atom is not None
    assert lock.compose.atom.mirror == "https://git.example.org/lang"
    direct = [each for each in lock.deps if isinstance(each, LockV1Direct)]
    assert [each.kind for each in direct] == ["nix+git", "nix+tar", "nix", "nix+src"]
    assert direct[0].version == "24.11"
    assert direct[1].hash is not None


@pytest.mark.spec("lock-v1")
def test_ids_are_reported_not_believed() -> None:
    lock = read_lock_v1(FULL, "atom.lock")

    atoms = [each for each in lock.deps if isinstance(each, LockV1Atom)]

    assert [(each.label.text, each.has_right_id) for each in atoms] == [
        ("hosts", False),
        ("near", True),
    ]


@pytest.mark.spec("lock-v1")
def test_versions_found_elsewhere_are_preferred() -> None:
    lock = read_lock_v1(FULL, "atom.lock")

    assert lock.preferred == {(LANG, Label("hosts")): Version(0, 1, 1)}


def test_all_problems_are_reported() -> None:
    with pytest.raises(Problems) as caught:
        read_lock_v1(b'version = 1\nx = 1\n[[deps]]\ntype = "atom"\nlabel = 1\n', "atom.lock")

    assert [problem.code for problem in caught.value.problems] == [
        "unknown-key",
        "missing-key",
        "missing-key",
        "missing-key",
        "wrong-type",
    ]
