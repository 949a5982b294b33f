"""The cache outlives killed writers, races and damage."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from eka.atom import AtomCommit, ObjectId, SourceUrl, content_hash
from eka.errors import EkaError
from eka.git import GitRunner, ObjectCache
from eka.git.cache_lock import exclusive, sweep
from eka.git.objects import PygitReader
from tests.fakes.git_set import GitSet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENSURE = """
import os, sys
from pathlib import Path
from eka.atom import ObjectId, SourceUrl
from eka.git import GitRunner, ObjectCache
home, cache, source, *revs = sys.argv[1:]
runner = GitRunner("git", dict(os.environ), Path(home))
print("begin", flush=True)
ObjectCache(Path(cache), runner).ensure(
    SourceUrl("file", None, source), [ObjectId(rev) for rev in revs]
)
print("done", flush=True)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def source(tmp_path: Path) -> GitSet:
    return GitSet(tmp_path / "set")


@pytest.fixture
def url(source: GitSet) -> SourceUrl:
    return SourceUrl("file", None, str(source.path))


@pytest.fixture
def cache(tmp_path: Path, home: Path) -> ObjectCache:
    return ObjectCache(tmp_path / "objects.git", GitRunner("git", dict(os.environ), home))


def start(
    home: Path, cache: ObjectCache, source: GitSet, revs: list[ObjectId]
) -> subprocess.Popen[str]:
    """Start another process that fills the cache."""
    words = [str(home), str(cache.git_dir), str(source.path), *(rev.hex for rev in revs)]
    return subprocess.Popen(
        [sys.executable, "-c", ENSURE, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def assert_sound(git_dir: Path) -> None:
    command = ["git", f"--git-dir={git_dir}", "fsck", "--strict", "--full"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def leftovers(git_dir: Path) -> list[str]:
    return [
        str(path.relative_to(git_dir))
        for path in git_dir.rglob("*")
        if path.suffix == ".lock" or path.name.startswith("tmp_")
    ]


def test_many_writers_at_once_lose_nothing(home: Path, cache: ObjectCache, source: GitSet) -> None:
    revs = [source.publish("zlib", f"1.0.{number}") for number in range(6)]

    writers = [start(home, cache, source, revs[number : number + 3]) for number in range(4)]
    ends = [writer.communicate(timeout=120) for writer in writers]

    assert [writer.returncode for writer in writers] == [0] * 4, ends
    assert cache.has(revs) == set(revs)
    assert_sound(cache.git_dir)
    assert leftovers(cache.git_dir) == []


def test_after_a_kill_at_any_time_the_next_run_succeeds(
    home: Path,
    cache: ObjectCache,
    source: GitSet,
    url: SourceUrl,
    rounds: Callable[[int, int], int],
) -> None:
    revs = [
        source.publish("zlib", f"1.0.{n}", {"big": os.urandom(40_000).hex()}) for n in range(5)
    ]
    chance = random.Random(7)

    for _ in range(rounds(6, 60)):
        writer = start(home, cache, source, revs)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(chance.uniform(0, 0.06))
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()

        cache.ensure(url, revs)

        assert cache.has(revs) == set(revs)
        assert_sound(cache.git_dir)
        assert leftovers(cache.git_dir) == []
        cache.discard()


def test_a_git_that_a_killed_eka_left_disturbs_no_new_cache(
    cache: ObjectCache, source: GitSet, url: SourceUrl
) -> None:
    half = cache.git_dir.with_name(f"{cache.git_dir.name}.new")
    # What `git init` does to the directory it was given, again and again.
    script = f"while :; do mkdir -p {half}; : >{half}/config.lock; echo; done"
    revs = [source.publish("zlib", "1.0.0")]
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as left:
        try:
            assert left.stdout is not None
            left.stdout.readline()
            reading = threading.Thread(target=left.stdout.read)
            reading.start()

            for _ in range(8):
                shutil.rmtree(cache.git_dir, ignore_errors=True)
                cache.ensure(url, revs)
        finally:
            left.kill()
        reading.join()

    assert cache.has(revs) == set(revs)
    assert_sound(cache.git_dir)


def test_a_git_that_outlives_a_killed_eka_keeps_the_lock(
    tmp_path: Path, home: Path, source: GitSet
) -> None:
    rev = source.publish("zlib", "1.0.0")
    # A git that is slow to index, as with a large pack on a slow disk.
    slow = tmp_path / "slow-git"
    slow.write_text(
        "#!/bin/sh\n"
        'for word; do [ "$word" = index-pack ] && echo "$$" >"$0.pid" && sleep 2; done\n'
        'exec git "$@"\n'
    )
    slow.chmod(0o755)
    cache = ObjectCache(tmp_path / "objects.git", GitRunner(str(slow), dict(os.environ), home))
    words = [str(home), str(cache.git_dir), str(source.path), rev.hex]
    writer = subprocess.Popen(
        [sys.executable, "-c", ENSURE.replace('"git"', repr(str(slow))), *words],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
    )
    pid_file = tmp_path / "slow-git.pid"
    deadline = time.monotonic() + 30
    while not pid_file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    writer.kill()
    writer.wait()

    began = time.monotonic()
    with exclusive(cache.git_dir):
        waited_s = time.monotonic() - began

    assert waited_s > 0.5


def test_locks_of_killed_writers_are_swept(
    source: GitSet, url: SourceUrl, cache: ObjectCache
) -> None:
    old, new = source.publish("zlib", "1.0.0"), source.publish("zlib", "2.0.0")
    cache.ensure(url, [old])
    for name in (
        f"refs/eka/keep/{new.hex}.lock",
        "packed-refs.lock",
        "HEAD.lock",
        "objects/pack/tmp_pack_abc",
        "objects/tmp_objdir-incoming-x/pack/tmp_idx_y",
    ):
        path = cache.git_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")

    cache.ensure(url, [new])

    assert cache.has([old, new]) == {old, new}
    assert leftovers(cache.git_dir) == []


def test_sweeping_counts_what_it_removed(tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text("")
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "keep.pack").write_text("")

    assert (sweep(tmp_path), sweep(tmp_path)) == (1, 0)
    assert (tmp_path / "objects" / "keep.pack").exists()


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "half": lambda data: data[: len(data) // 2],
    "noise": lambda data: bytes(byte ^ 0x55 for byte in data),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_r07_whatever_file_is_damaged_the_cache_heals_or_says_so(
    damage: str, tmp_path: Path, home: Path, source: GitSet, url: SourceUrl
) -> None:
    revs = [source.publish("zlib", "1.0.0"), source.publish("zlib", "2.0.0")]
    git_dir = tmp_path / "objects.git"
    runner = GitRunner("git", dict(os.environ), home)
    ObjectCache(git_dir, runner).ensure(url, revs[:1])
    names = sorted(str(path.relative_to(git_dir)) for path in git_dir.rglob("*") if path.is_file())
    assert len(names) > 4

    for name in names:
        ObjectCache(git_dir, runner).discard()
        ObjectCache(git_dir, runner).ensure(url, revs[:1])
        victim = git_dir / name
        victim.chmod(0o600)
        victim.write_bytes(DAMAGES[damage](victim.read_bytes()))

        outcome = in_another_process(git_dir, home, source.path, [rev.hex for rev in revs])

        assert outcome in ("read", "object-damaged"), (name, outcome)


def in_another_process(git_dir: Path, home: Path, source: Path, revs: list[str]) -> str:
    """Fetch and read all atoms, as a new run of the program would."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_fetch_and_read, (git_dir, home, source, revs))


def _fetch_and_read(git_dir: Path, home: Path, source: Path, revs: list[str]) -> str:
    cache = ObjectCache(git_dir, GitRunner("git", dict(os.environ), home))
    oids = [ObjectId(rev) for rev in revs]
    try:
        cache.ensure(SourceUrl("file", None, str(source)), oids)
        reader = PygitReader(git_dir)
        for oid in oids:
            commit = AtomCommit.decode(reader.commit(oid))
            assert content_hash(commit.tree, reader) == commit.content
    except EkaError as error:
        return error.code
    return "read"
