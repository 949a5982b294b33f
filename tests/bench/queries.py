"""Version queries in repositories of many refs, against ``git ls-remote`` in the same run.

Over a real web server (Apache with ``git http-backend``) and over paths; whole cold processes,
and in process what a command with many labels does. With ``EKA_BENCH_LARGE=1`` also in a
repository of a million refs.
"""

from __future__ import annotations

import compileall
import os
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import eka
from eka.atom import Aliases, Label, SourceUrl, parse_source_url
from eka.git import GitRunner, Transport, VersionIndex
from tests.bench.ratio import Amount, Comparison, compare
from tests.bench.stage import EKA, PERSON, wall_s
from tests.fakes.ref_world import RefWorld, make_ref_world
from tests.servers.apache import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.servers.apache import Apache

SIZES = [(1000, 10), (10_000, 10)]  # labels, versions of each
LARGE = (10_000, 100)
MANY_LABELS = 300
# Whole process against `git ls-remote`, one label, by number of refs; 20 times faster is 0.05.
ONE_LABEL_GOALS = {10_000: 4.0, 1_000_000: 0.05}
MOST_BYTES = 10_000
ROUNDS = {10_000: 21, 100_000: 15, 1_000_000: 7}


def measure() -> Iterator[Comparison | Amount]:
    """Yield the comparisons of each repository, and of the smallest with the largest."""
    # An installed program has its bytecode; a fresh checkout may not.
    compileall.compile_dir(Path(eka.__file__).parent, quiet=1)
    sizes = [*SIZES, LARGE] if os.environ.get("EKA_BENCH_LARGE") else SIZES
    with tempfile.TemporaryDirectory(prefix="eka-bench-") as scratch, serve(Path(scratch)) as web:
        home = _Home(Path(scratch), web)
        worlds = [
            make_ref_world(Path(scratch) / f"refs{labels * versions}.git", labels, versions)
            for labels, versions in sizes
        ]
        for world in worlds:
            for url in home.urls(world):
                yield from _one_label(home, world, url)
                yield from _everything(home, world, url)
        for url in home.urls(worlds[0]):
            yield _flat(home, url, worlds)
        for url in home.urls(worlds[1]):
            yield _many_labels(home, worlds[1], url)


class _Home:
    """A scratch home, and the addresses of its repositories."""

    def __init__(self, path: Path, web: Apache) -> None:
        self.path = path
        self.web = web
        self._env = {
            "HOME": str(path),
            "XDG_CACHE_HOME": str(path / "cache"),
            "XDG_DATA_HOME": str(path / "data"),
            "XDG_STATE_HOME": str(path / "state"),
        }
        runner = GitRunner("git", {**os.environ, **PERSON, **self._env}, path)
        self.index = VersionIndex(Transport(runner))

    def urls(self, world: RefWorld) -> tuple[str, str]:
        return f"{self.web.url}/{world.path.name}", f"file://{world.path}"

    def eka(self, *words: str) -> float:
        """Run eka and return the seconds it took; what it remembers is forgotten first."""
        for directory in ("cache/eka/listings", "state"):
            for file in (self.path / directory).rglob("*.jsonl"):
                file.unlink()
        return wall_s([str(EKA), *words], cwd=self.path, env=self._env)

    def git(self, *words: str) -> float:
        return wall_s(["git", "ls-remote", *words], cwd=self.path, env=self._env)


def _source(url: str) -> SourceUrl:
    return parse_source_url(url, Aliases())


def _way(url: str, world: RefWorld) -> str:
    return f"{url.partition(':')[0]}, {world.refs} refs"


def _one_label(home: _Home, world: RefWorld, url: str) -> Iterator[Comparison | Amount]:
    label, rounds = world.label(5), ROUNDS[world.refs]
    theirs = partial(home.git, url, f"refs/atoms/{label}/*")
    ours = partial(home.eka, "versions", f"{url}::{label}")
    goal = ONE_LABEL_GOALS.get(world.refs)
    name = f"eka versions / git ls-remote, {_way(url, world)}"
    yield compare(name, ours, theirs, rounds=rounds, at_most=goal)
    asked = partial(home.index.versions, _source(url), [Label(label)])
    name = f"one label, in process / same, {_way(url, world)}"
    yield compare(name, partial(_seconds, asked), theirs, rounds=rounds)
    yield Amount(
        f"bytes received for one label, {_way(url, world)}", _received(home, url, label), "B",
        MOST_BYTES,
    )  # fmt: skip


def _received(home: _Home, url: str, label: str) -> int:
    """Return the bytes that came in: over http all that the server sent, headers included."""
    before = home.web.sent_bytes()
    listing = home.index.versions(_source(url), [Label(label)])
    return listing.received_bytes if url.startswith("file") else home.web.sent_bytes() - before


def _everything(home: _Home, world: RefWorld, url: str) -> Iterator[Comparison]:
    rounds = min(ROUNDS[world.refs], 11)
    goal = 1.0 if world.refs >= SIZES[1][0] * SIZES[1][1] else None
    ours = partial(_seconds, partial(home.index.all, _source(url)))
    name = f"all refs, in process / git ls-remote, {_way(url, world)}"
    yield compare(name, ours, partial(home.git, url), rounds=rounds, at_most=goal)
    # More than listing: the newest of each label is found, and everything remembered and checked.
    ours = partial(home.eka, "list", url)
    name = f"eka list / git ls-remote, {_way(url, world)}"
    yield compare(name, ours, partial(home.git, url), rounds=min(rounds, 5))


def _flat(home: _Home, url: str, worlds: list[RefWorld]) -> Comparison:
    """The same question in the largest and in the smallest repository."""
    small, large = worlds[0], worlds[-1]
    far = url.replace(small.path.name, large.path.name)
    ours = partial(home.eka, "versions", f"{far}::{large.label(5)}")
    theirs = partial(home.eka, "versions", f"{url}::{small.label(5)}")
    name = f"eka versions, {large.refs} / {small.refs} refs, {url.partition(':')[0]}"
    return compare(name, ours, theirs, rounds=15, at_most=1.5)


def _many_labels(home: _Home, world: RefWorld, url: str) -> Comparison:
    """All at once, and one after the other, both by eka in one process."""
    source = _source(url)
    labels = [Label(world.label(number)) for number in range(MANY_LABELS)]

    def one_by_one() -> float:
        # A sample of them: each takes the same time.
        times = [_seconds(partial(home.index.versions, source, [label])) for label in labels[:40]]
        return median(times) * MANY_LABELS

    ours = partial(_seconds, partial(home.index.versions, source, labels))
    name = f"{MANY_LABELS} labels, at once / one by one, {_way(url, world)}"
    return compare(name, ours, one_by_one, rounds=7, at_most=1 / 30)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
