"""Manifests of thousands of versions, one atom of a large repository, and proving a thousand.

Each beside git doing as much of the same as it can, over a real web server and from a directory;
the bytes that came in and the peak memory of both sides stand in the name of each result.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from eka.atom import Aliases, ObjectId, parse_source_url
from eka.git import GitRunner, ObjectCache
from tests.bench.ratio import Comparison, compare
from tests.bench.stage import PERSON, Stage, git
from tests.fakes.fetching_worlds import AtomSize, LargeRepository, ManyVersions, many_atoms
from tests.servers.apache import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.servers.apache import Apache

NUMBERS = (10, 100, 1000, 5000)
FILES = 20_000
ATOMS = 1000
KIB = 1024
# Runs a command from a small process: the memory of whoever forks counts as the child's.
_PROBE = """
import resource, subprocess, sys, time
started = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
seconds = time.perf_counter() - started
peak_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(done.returncode, seconds, peak_kib)
"""


def measure() -> Iterator[Comparison]:
    """Yield one comparison per number, way and user story."""
    with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
        yield from _manifests(Path(scratch))
    with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
        yield from _one_atom(Path(scratch))
    for size in (AtomSize("ordinary", 16, 8 * KIB), AtomSize("tiny", 2, 100)):
        with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch:
            yield from _thousand(Path(scratch), size)


def _manifests(home: Path) -> Iterator[Comparison]:
    """Commits and manifests of versions whose commits are known by id."""
    repository = home / "server" / "set.git"
    world = ManyVersions(repository, max(NUMBERS))
    git(repository, "config", "uploadpack.allowFilter", "true")
    local = f"file://{repository}"
    with serve(home / "server") as apache:
        url = f"{apache.url}/set.git"
        took_s: dict[int, float] = {}
        for number in NUMBERS:
            commits = world.commits[:number]
            shown = _received(apache, partial(_metadata, home, url, commits))
            theirs = _received(apache, partial(_git_fetch, home, url, commits))
            found = compare(
                f"manifests of {number} versions, http ({shown} / {theirs} KiB) / "
                "git fetch --stdin of the same ids",
                partial(_metadata, home, url, commits),
                partial(_git_fetch, home, url, commits),
                rounds=11,
                at_most=1.2 if number == max(NUMBERS) else None,
            )
            took_s[number] = found.ours_s
            yield found
        yield _linear(took_s)
        for way, at in (("http", url), ("file", local)):
            yield compare(
                f"manifests of {max(NUMBERS)} versions, {way} / git fetch --filter, then --stdin",
                partial(_metadata, home, at, world.commits),
                partial(_git_twice, home, at, world),
                rounds=11,
                at_most=1.2,
            )
        yield compare(
            "the same / git fetch --stdin, told the ids of the manifests beforehand",
            partial(_metadata, home, url, world.commits),
            partial(_git_fetch, home, url, world.manifests),
            rounds=11,
        )
        git(repository, "config", "uploadpack.allowFilter", "false")
        newest = world.commits[:64]
        yield compare(
            "64 candidates whole, http without filters / git fetch --stdin of the same ids",
            partial(_whole, home, url, newest),
            partial(_git_fetch, home, url, newest),
            rounds=11,
        )


def _received(apache: Apache, fetch: Callable[[], object]) -> int:
    """Return the KiB that one fetch receives, headers included."""
    before = apache.sent_bytes()
    fetch()
    return (apache.sent_bytes() - before) // KIB


def _git_twice(home: Path, url: str, world: ManyVersions) -> float:
    """Let git fetch the same objects: commits alone, then their manifests."""
    copy = home / "copy.git"
    shutil.rmtree(copy, ignore_errors=True)
    git(home, "init", "-q", "--bare", str(copy))
    git(copy, "config", "core.repositoryformatversion", "1")
    git(copy, "config", "extensions.partialClone", url)
    seconds = 0.0
    for words, oids in ((["--filter=tree:0"], world.commits), ([], world.manifests)):
        names = "".join(f"{oid.hex}\n" for oid in oids)
        command = ["git", "fetch", "-q", *words, "--stdin", url]
        seconds += _run(command, copy, stdin=names).seconds
    return seconds


def _linear(took_s: dict[int, float]) -> Comparison:
    """Compare how the time grows with how the number grows, where that is worst."""
    steps = list(pairwise(sorted(took_s)))
    growth = {(a, b): (took_s[b] / took_s[a]) / (b / a) for a, b in steps}
    few, many = max(growth, key=growth.__getitem__)
    name = f"times as long for {many} as for {few} / times as many"
    return Comparison(name, growth[few, many], took_s[many], took_s[few], 11, at_most=1.1)


def _one_atom(home: Path) -> Iterator[Comparison]:
    """One locked atom, against a clone of what it was published from, without history."""
    world = LargeRepository(home / "server" / "set.git", FILES)
    with serve(home / "server") as apache:
        url = f"{apache.url}/set.git"
        fetch, clone = partial(_whole, home, url, [world.atom]), partial(_clone, home, url)
        before = len(apache.requests())
        shown = _received(apache, fetch)
        requests = "+".join(each.method for each in apache.requests()[before:])
        yield compare(
            f"one atom of {FILES} files, http ({requests}, {shown} / {_received(apache, clone)} "
            "KiB) / git clone --depth 1",
            fetch,
            clone,
            rounds=5,
            at_most=1 / 20,
        )
        app = world.project(home / "app", url)
        _command(home, app, "lock")
        yield compare(
            "the same as a whole command: eka fetch / git clone --depth 1",
            lambda: _command(home, app, "fetch").seconds,
            clone,
            rounds=5,
        )


def _thousand(home: Path, size: AtomSize) -> Iterator[Comparison]:
    """Fetch a thousand atoms and prove every level of each, against ``git fetch`` and ``fsck``."""
    stage = Stage(home)
    many_atoms(stage, ATOMS, size)
    git(stage.server, "config", "uploadpack.allowFilter", "true")
    oids = git(stage.server, "for-each-ref", "--format=%(objectname)", "refs/atoms").split()
    with serve(home) as apache:
        for way, base in (("file", f"file://{home}"), ("http", apache.url)):
            url = f"{base}/server.git"
            sides = _Sides(partial(_verify, home, url), partial(_fetch_and_fsck, home, url, oids))
            goal = 2.0 if size.name == "ordinary" else None
            found = compare("", sides.ours, sides.theirs, rounds=5, at_most=goal)
            name = f"eka verify, {ATOMS} {size.name} atoms, {way}, peak {sides} / git fetch + fsck"
            yield replace(found, name=name)


@dataclass(slots=True)
class _Run:
    """How a process went."""

    seconds: float
    peak_kib: int
    """The largest process among it and its children."""


class _Sides:
    """Two ways to do one thing, and the highest memory of each."""

    def __init__(self, ours: Callable[[], _Run], theirs: Callable[[], _Run]) -> None:
        self._ways = ours, theirs
        self._peaks_kib = [0, 0]

    def ours(self) -> float:
        return self._seconds(0)

    def theirs(self) -> float:
        return self._seconds(1)

    def _seconds(self, side: int) -> float:
        run = self._ways[side]()
        self._peaks_kib[side] = max(self._peaks_kib[side], run.peak_kib)
        return run.seconds

    def __str__(self) -> str:
        return " / ".join(f"{peak // KIB} MiB" for peak in self._peaks_kib)


def _metadata(home: Path, url: str, commits: Sequence[ObjectId]) -> float:
    cache = _cache(home)
    started = time.perf_counter()
    found = cache.metadata(parse_source_url(url, Aliases()), commits)
    elapsed = time.perf_counter() - started
    _require(len(found) == len(commits))
    return elapsed


def _whole(home: Path, url: str, commits: Sequence[ObjectId]) -> float:
    cache = _cache(home)
    started = time.perf_counter()
    cache.ensure(parse_source_url(url, Aliases()), commits)
    return time.perf_counter() - started


def _cache(home: Path) -> ObjectCache:
    shutil.rmtree(home / "cache", ignore_errors=True)
    own = home / "own"
    own.mkdir(exist_ok=True)
    return ObjectCache(home / "cache" / "objects.git", GitRunner("git", dict(os.environ), own))


def _git_fetch(home: Path, url: str, oids: Sequence[ObjectId]) -> float:
    return _fetched(home, url, [oid.hex for oid in oids]).seconds


def _fetched(home: Path, url: str, oids: Sequence[str]) -> _Run:
    copy = home / "copy.git"
    shutil.rmtree(copy, ignore_errors=True)
    git(home, "init", "-q", "--bare", str(copy))
    command = ["git", "-c", "fetch.fsckObjects=true", "fetch", "-q", "--stdin", url]
    return _run(command, copy, stdin="".join(f"{oid}\n" for oid in oids))


def _fetch_and_fsck(home: Path, url: str, oids: Sequence[str]) -> _Run:
    fetch = _fetched(home, url, oids)
    fsck = _run(["git", "fsck", "--strict", "--no-dangling"], home / "copy.git")
    return _Run(fetch.seconds + fsck.seconds, max(fetch.peak_kib, fsck.peak_kib))


def _clone(home: Path, url: str) -> float:
    shutil.rmtree(home / "clone", ignore_errors=True)
    return _run(["git", "clone", "-q", "--depth", "1", url, str(home / "clone")], home).seconds


def _verify(home: Path, url: str) -> _Run:
    return _command(home, home, "verify", url)


def _command(home: Path, where: Path, *words: str) -> _Run:
    """Run eka with an empty cache."""
    shutil.rmtree(home / "cache", ignore_errors=True)
    return _run([str(Path(sys.executable).with_name("eka")), *words], where, home=home)


def _run(
    command: Sequence[str], where: Path, *, stdin: str = "", home: Path | None = None
) -> _Run:
    environment = {**os.environ, **PERSON}
    if home is not None:
        environment |= Stage(home).env
    done = subprocess.run(
        [sys.executable, "-c", _PROBE, *command],
        cwd=where,
        env=environment,
        input=stdin.encode(),
        capture_output=True,
        check=False,
    )
    status, seconds, peak_kib = done.stdout.split()[-3:]
    _require(status == b"0", f"{' '.join(command)}: {done.stderr.decode()}")
    return _Run(float(seconds), int(peak_kib))


def _require(is_true: bool, about: object = "") -> None:  # noqa: FBT001 - a condition
    if not is_true:
        message = f"this benchmark measured nothing: {about}"
        raise SystemExit(message)
