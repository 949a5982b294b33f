"""A reader outlives the cache it reads: the cache may be made anew under its feet."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from eka.atom import ObjectId
from eka.git import ObjectMissing
from eka.git.objects import PygitReader

if TYPE_CHECKING:
    from pathlib import Path


def git(where: Path, *words: str, data: bytes = b"") -> str:
    done = subprocess.run(["git", *words], cwd=where, input=data, check=True, capture_output=True)
    return done.stdout.decode().strip()


def filled(cache: Path, text: bytes, *, is_packed: bool) -> ObjectId:
    """Make a repository with one blob and return its id."""
    git(cache.parent, "init", "-q", "--bare", str(cache))
    oid = git(cache, "hash-object", "-w", "--stdin", data=text)
    if is_packed:
        git(cache, "pack-objects", "-q", "objects/pack/pack", data=f"{oid}\n".encode())
        git(cache, "prune-packed")
    return ObjectId(oid)


@pytest.mark.parametrize("was_packed", [False, True])
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_reader_finds_what_a_cache_made_anew_holds(
    tmp_path: Path, *, was_packed: bool, is_packed: bool
) -> None:
    cache = tmp_path / "objects.git"
    old = filled(cache, b"old", is_packed=was_packed)
    reader = PygitReader(cache)
    assert reader.blob(old) == b"old"

    shutil.rmtree(cache)
    new = filled(cache, b"new", is_packed=is_packed)

    assert reader.blob(new) == b"new"
    assert reader.header(new) == ("blob", 3)


def test_a_reader_made_before_the_cache_reads_it_later(tmp_path: Path) -> None:
    cache = tmp_path / "objects.git"
    reader = PygitReader(cache)
    absent = ObjectId("1" * 40)

    with pytest.raises(ObjectMissing):
        reader.blob(absent)
    new = filled(cache, b"new", is_packed=True)

    assert reader.blob(new) == b"new"
    assert not reader.has(absent)
