"""Locks read by pattern say what locks read as TOML say, or are left to that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import LockNotCanonical, encode_lock, lockfile, parse_lock
from eka.atom.lock_fast import read_fast
from eka.errors import EkaError
from tests.vectors import FIXTURES

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import Lock, LockedDirect

GOLDEN = sorted((FIXTURES / "lockfile/golden").glob("*.toml"))
PLAIN = [file for file in GOLDEN if b"[[direct]]" not in file.read_bytes()]
FILES = [*GOLDEN, *sorted((FIXTURES / "lockfile/violations").glob("*.toml"))]


def no_direct(_text: str) -> tuple[LockedDirect, ...]:
    raise AssertionError


def nothing(_text: str, _read_direct: object) -> None:
    """Read no lock at all."""


def told(data: bytes) -> tuple[Lock | None, tuple[str, str, str]]:
    """Return the lock, or what is said of it."""
    try:
        return parse_lock(data, "atom.lock"), ("", "", "")
    except EkaError as error:
        return None, (error.code, error.where, error.why)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_both_readers_say_the_same(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = told(file.read_bytes())

    monkeypatch.setattr(lockfile, "read_fast", nothing)

    assert told(file.read_bytes()) == fast


@pytest.mark.parametrize("file", PLAIN, ids=lambda file: file.stem)
def test_a_lock_in_its_legal_form_is_not_read_as_toml(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = file.read_bytes()
    monkeypatch.setattr(lockfile, "read_toml", no_direct)

    lock = parse_lock(data, "atom.lock")

    assert encode_lock(lock) == data


@pytest.mark.parametrize("change", [
    (b"version = 2", b"version = 3"),
    (b"requires = ", b"requires  = "),
    (b"[[atom]]", b"[[atim]]"),
    (b'label = "', b'label = "-'),
    (b'label = "', b'label = "\xff'),
    (b'label = "', b'label = "\x07'),
    (b'label = "', b'label = "\\u0041'),
])  # fmt: skip
def test_other_forms_are_left_to_toml(change: tuple[bytes, bytes]) -> None:
    data = (FIXTURES / "lockfile/golden/accepted.toml").read_bytes()

    changed = data.replace(*change, 1)

    assert changed != data
    assert read_fast(data.decode(), no_direct) is not None
    assert read_fast(changed.decode(errors="replace"), no_direct) is None
    with pytest.raises(EkaError):
        parse_lock(changed, "atom.lock")


def test_broken_direct_sources_are_left_to_toml() -> None:
    data = (FIXTURES / "lockfile/golden/full.toml").read_bytes()

    _, (code, _, _) = told(data + b"[")

    assert code == "invalid-toml"


def test_what_stands_behind_the_end_is_seen() -> None:
    data = (FIXTURES / "lockfile/golden/minimal.toml").read_bytes()

    with pytest.raises(LockNotCanonical):
        parse_lock(data + b"\n", "atom.lock")


def test_a_lock_that_is_too_large_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    data = (FIXTURES / "lockfile/golden/minimal.toml").read_bytes()
    monkeypatch.setattr(lockfile, "MAX_LOCK_BYTES", len(data) - 1)

    _, (code, _, _) = told(data)

    assert code == "invalid-toml"
