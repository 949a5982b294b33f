"""Publish, versions, lock and verify as whole processes, against raw git doing the same job."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.ratio import Comparison, compare
from tests.bench.stage import Stage, git, wall_s

if TYPE_CHECKING:
    from collections.abc import Iterator

ATOMS = 100
LABELS, VERSIONS_EACH = 1000, 10


def measure() -> Iterator[Comparison]:
    """Yield one comparison per user story."""
    with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
        stage = Stage(Path(scratch))
        yield _versions(stage)
        mono = stage.monorepo(ATOMS)
        yield _publish(stage, mono)
        stage.publish(mono)
        app = stage.project(ATOMS)
        yield _lock(stage, app)
        yield _verify(stage, app)


def _versions(stage: Stage) -> Comparison:
    """One label of many, its server filtering; git downloads the names of all."""
    bare = stage.many_refs(LABELS, VERSIONS_EACH)
    ours = ["versions", f"file://{bare}::label-500"]
    theirs = ["git", "ls-remote", f"file://{bare}", "refs/atoms/label-500/*"]
    name = f"eka versions / git ls-remote, {LABELS * VERSIONS_EACH} refs"
    return compare(name, partial(stage.eka, stage.home, *ours), partial(wall_s, theirs))


def _publish(stage: Stage, mono: Path) -> Comparison:
    """Commits, pack, refs and push of a whole set; git makes a commit per process."""

    def emptied() -> Path:
        bare = stage.home / "empty.git"
        shutil.rmtree(bare, ignore_errors=True)
        git(stage.home, "clone", "-q", "--bare", str(mono), str(bare))
        git(mono, "config", "remote.origin.url", str(bare))
        for ref in git(mono, "for-each-ref", "--format=%(refname)", "refs/atoms").split():
            git(mono, "update-ref", "-d", ref)
        return bare

    def ours() -> float:
        emptied()
        return stage.eka(mono, "publish", "--all")

    def theirs() -> float:
        bare = emptied()
        script = (
            'for d in a*; do c=$(git commit-tree -m "$d" "HEAD:$d"); '
            'printf "create refs/atoms/%s/1.0.0 %s\\n" "$d" "$c"; done'
            " | git update-ref --stdin;"
            f' git push -q --atomic {bare} "refs/atoms/*:refs/atoms/*"'
        )
        return wall_s(["sh", "-ec", script], cwd=mono)

    name = f"eka publish / git commit-tree + push, {ATOMS} atoms"
    found = compare(name, ours, theirs, rounds=7)
    emptied()
    return found


def _lock(stage: Stage, app: Path) -> Comparison:
    """Resolve and check with an empty cache; git only fetches the same atoms."""

    def ours() -> float:
        stage.forget()
        (app / "atom.lock").unlink(missing_ok=True)
        return stage.eka(app, "lock")

    name = f"eka lock, cold / git fetch, {ATOMS} atoms"
    return compare(name, ours, partial(_fetched, stage), rounds=7)


def _verify(stage: Stage, app: Path) -> Comparison:
    """Prove five levels of each atom; git fetches the same and checks its objects."""

    def ours() -> float:
        stage.forget()
        return stage.eka(app, "verify")

    def theirs() -> float:
        return _fetched(stage) + wall_s(["git", "fsck", "--strict"], cwd=stage.home / "copy.git")

    name = f"eka verify, cold / git fetch + fsck, {ATOMS} atoms"
    return compare(name, ours, theirs, rounds=7)


def _fetched(stage: Stage) -> float:
    copy = stage.home / "copy.git"
    shutil.rmtree(copy, ignore_errors=True)
    git(stage.home, "init", "-q", "--bare", str(copy))
    oids = git(stage.server, "for-each-ref", "--format=%(objectname)", "refs/atoms")
    # fmt: off
    command = [
        "git", "-c", "fetch.fsckObjects=true", "fetch", "-q", "--stdin", f"file://{stage.server}",
    ]
    # fmt: on
    return wall_s(command, cwd=copy, stdin=oids)
