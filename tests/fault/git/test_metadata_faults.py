"""Metadata outlives killed writers and races, as the cache of whole atoms does."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from eka.atom import ObjectId, SourceUrl
from eka.git import GitRunner, ObjectCache
from tests.fakes.git_set import GitSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAN = """
import os, sys
from pathlib import Path
from eka.atom import ObjectId, SourceUrl
from eka.git import GitRunner, ObjectCache
home, cache, source, *revs = sys.argv[1:]
runner = GitRunner("git", dict(os.environ), Path(home))
print("begin", flush=True)
wanted = [ObjectId(rev) for rev in revs]
found = ObjectCache(Path(cache), runner).metadata(SourceUrl("file", None, source), wanted)
assert found.keys() == set(wanted)
"""


@pytest.fixture
def cache(tmp_path: Path) -> ObjectCache:
    home = tmp_path / "home"
    home.mkdir()
    return ObjectCache(
        tmp_path / "cache" / "objects.git", GitRunner("git", dict(os.environ), home)
    )


@pytest.fixture
def source(tmp_path: Path) -> GitSet:
    made = GitSet(tmp_path / "set")
    made.git("config", "uploadpack.allowFilter", "true")
    return made


def start(cache: ObjectCache, source: GitSet, revs: list[ObjectId]) -> subprocess.Popen[str]:
    """Start another process that plans."""
    home = cache.git_dir.parent.parent / "home"
    words = [str(home), str(cache.git_dir), str(source.path), *(rev.hex for rev in revs)]
    return subprocess.Popen(
        [sys.executable, "-c", PLAN, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_many_who_plan_at_once_lose_nothing(cache: ObjectCache, source: GitSet) -> None:
    revs = [source.publish("zlib", f"1.0.{number}") for number in range(5)]

    writers = [start(cache, source, revs[number : number + 2]) for number in range(4)]
    ends = [writer.communicate(timeout=120) for writer in writers]

    assert [writer.returncode for writer in writers] == [0] * 4, ends
    assert cache.known_metadata(revs).keys() == set(revs)
    assert cache.has(revs) == frozenset()


def test_after_a_kill_at_any_time_planning_succeeds(
    cache: ObjectCache, source: GitSet, rounds: Callable[[int, int], int]
) -> None:
    revs = [source.publish("zlib", f"1.0.{number}") for number in range(4)]
    url = SourceUrl("file", None, str(source.path))
    git_dir = cache.git_dir.with_name("metadata.git")
    chance = random.Random(11)

    for _ in range(rounds(4, 60)):
        writer = start(cache, source, revs)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(chance.uniform(0, 0.08))
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()

        found = cache.metadata(url, revs)

        assert found.keys() == set(revs)
        assert list(git_dir.rglob("tmp_*")) == []
        cache.discard()
