"""Sets whose owner, or mirror, says something else than before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.story import Person, Village, git

if TYPE_CHECKING:
    from pathlib import Path


def gone_from(repository: Path, label: str, version: str) -> None:
    """Take a version away, objects and all."""
    git(repository, "update-ref", "-d", f"refs/atoms/{label}/{version}")
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    git(repository, "reflog", "expire", "--expire=now", "--all")
    git(repository, "gc", "-q", "--prune=now")


def named_otherwise(repository: Path, label: str, version: str) -> tuple[str, str]:
    """Let a version name another commit; returns the old one and the new one."""
    ref = f"refs/atoms/{label}/{version}"
    was, now = git(repository, "rev-parse", ref), git(repository, "rev-parse", "refs/ekala/init")
    git(repository, "update-ref", ref, now)
    return was, now


def changed_copy(village: Village, root: Path, label: str, version: str) -> Village:
    """Return a copy of a village where a version has another content."""
    made = _without(village, root, label, version)
    made.write(f"{label}/word", "something else\n")
    made.release(Person(root / "owner"), label)
    return made


def moved_copy(village: Village, root: Path, label: str, version: str) -> Village:
    """Return a copy of a village where a version was published again from a later commit."""
    made = _without(village, root, label, version)
    made.write("README", "unrelated\n")
    made.release(Person(root / "owner"), label)
    return made


def _without(village: Village, root: Path, label: str, version: str) -> Village:
    made = Village.copied(village, root)
    for repository in (made.server, made.mono):
        git(repository, "update-ref", "-d", f"refs/atoms/{label}/{version}")
    return made
