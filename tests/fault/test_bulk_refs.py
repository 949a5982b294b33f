"""Very many refs are written without waiting for each; what a power cut leaves of them heals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.git import locked
from eka.git.local_refs import LOCK_NAME
from tests.fakes.monorepo import pushed_set, run

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import ObjectId
    from tests.fakes.monorepo import Monorepo

MANY = 300


def refs_of(mono: Monorepo, count: int) -> dict[str, ObjectId]:
    """Return refs to write: all lead to HEAD."""
    head = mono.repository.resolve("HEAD")
    return {f"refs/atoms/x{number}/1.0.0": head for number in range(count)}


def test_very_many_refs_are_written_in_one_transaction(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")

    with locked(mono.repository) as refs:
        refs.write(refs_of(mono, MANY))

    assert len(mono.refs()) == MANY
    assert (mono.path / ".git" / LOCK_NAME).read_bytes() == b""


@pytest.mark.spec("publish-heals")
@pytest.mark.parametrize("content", [b"", b"\0" * 41], ids=["empty", "zeros"])
def test_refs_whose_content_never_reached_the_disk_are_written_anew(
    tmp_path: Path, content: bytes
) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    published = mono.publish()
    before = mono.refs()
    torn = [atom.ref for atom in published.atoms]
    for name in torn:
        (mono.path / ".git" / name).write_bytes(content)
    (mono.path / ".git" / LOCK_NAME).write_text("".join(f"{name}\n" for name in torn))

    again = mono.publish()

    assert again.new == ()
    assert mono.refs() == before
    assert run(mono.path, "fsck", "--strict", "--no-dangling") == ""


def test_other_files_of_the_repository_are_left_alone(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    top = mono.path / ".git"
    kept = [top / "description", top / "refs" / "heads" / "torn", mono.path / "empty"]
    for path in kept:
        path.write_bytes(b"")
    names = ["description", "refs/heads/torn", "refs/atoms/../../../empty", "refs/atoms/alpha"]
    (top / LOCK_NAME).write_text("".join(f"{name}\n" for name in names))

    with locked(mono.repository):
        pass

    assert all(path.exists() for path in kept)
