"""The vectors of atom.lock, of version 2 and of version 1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eka.atom import encode_lock, lock_version, parse_lock
from eka.atom.lock_v1 import read_lock_v1
from eka.errors import EkaError
from tests.vectors import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

CLAUSES = (
    "lock-canonical", "lock-layout", "lock-values", "lock-order", "lock-fields", "lock-version",
    "lock-requirements", "lock-key", "lock-sets", "lock-urls", "lock-atom-id",
    "lock-atom-pins", "lock-closure", "lock-acyclic", "lock-unique", "lock-direct",
    "lock-accepted", "lock-patched", "lock-direct-declared", "lock-files", "lock-tree",
    "lock-credentials", "lock-foreign",
)  # fmt: skip


def vectors(folder: str) -> list[Any]:
    """Return the files of one folder of vectors."""
    paths = sorted((FIXTURES / "lockfile" / folder).glob("*.toml"))
    assert paths
    return [pytest.param(path, id=path.stem) for path in paths]


@pytest.mark.spec(*CLAUSES)
@pytest.mark.parametrize("path", vectors("golden"))
def test_a_good_lock_is_read_and_written_to_the_same_bytes(path: Path) -> None:
    data = path.read_bytes()

    lock = parse_lock(data, path.name)

    assert encode_lock(lock) == data
    assert lock_version(data, path.name) == 2


@pytest.mark.spec(*CLAUSES)
@pytest.mark.parametrize("path", vectors("violations"))
def test_a_bad_lock_is_refused_with_the_code_in_its_name(path: Path) -> None:
    with pytest.raises(EkaError) as caught:
        parse_lock(path.read_bytes(), path.name)

    assert caught.value.code == path.stem.partition("--")[0]
    assert "eka lock" in caught.value.fix or caught.value.code in {
        "credentials-in-url",
        "lock-too-new",
    }
    assert "s3cret" not in f"{caught.value} {caught.value.fix}"


@pytest.mark.spec("lock-v1")
@pytest.mark.parametrize("path", vectors("v1/golden"))
def test_a_lock_of_version_1_is_read(path: Path) -> None:
    data = path.read_bytes()

    read_lock_v1(data, path.name)

    assert lock_version(data, path.name) == 1


@pytest.mark.spec("lock-v1")
@pytest.mark.parametrize("path", vectors("v1/violations"))
def test_a_bad_lock_of_version_1_is_refused(path: Path) -> None:
    with pytest.raises(EkaError) as caught:
        read_lock_v1(path.read_bytes(), path.name)

    assert caught.value.code == path.stem.partition("--")[0]
