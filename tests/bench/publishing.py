"""Publishing ten thousand atoms, and one atom where a hundred thousand are already.

Each beside git doing as much of the same as it can. Its push of ten thousand refs over HTTP takes
minutes: it is measured when ``EKA_BENCH_LONG`` is set, a smaller number otherwise.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eka.atom import (
    Aliases,
    AtomCommit,
    CommitFormat,
    ContentHash,
    Label,
    ObjectId,
    SourceUrl,
    Version,
    parse_source_url,
)
from eka.git import GitRunner
from eka.git.pack import build_pack
from eka.git.receive_pack_client import ReceivePackClient
from tests.bench.ratio import Comparison, compare
from tests.bench.stage import EKA, PERSON, Stage, git, wall_s
from tests.servers.apache import serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.servers.apache import Apache

MANY = 10_000
FEW = 3000
REFS = 100_000
LONG = "EKA_BENCH_LONG"
KIB = 1024


def measure() -> Iterator[Comparison]:
    """Yield one comparison for each part of a publish, then for whole commands."""
    for measured in (_objects, _push, _whole, _one_among_many):
        # Thousands of refs are thousands of files: a disk that others use would be what counts.
        memory = Path("/dev/shm") if measured is _push else None
        directory = memory if memory is not None and memory.is_dir() else None
        with tempfile.TemporaryDirectory(prefix="eka-bench-", dir=directory) as scratch:
            yield from measured(Path(scratch))


def _objects(home: Path) -> Iterator[Comparison]:
    """Commits of ten thousand atoms whose trees are there, with one ref at most."""
    world = _World(home, MANY)
    script = home / "script"
    script.write_bytes(b"".join(map(_fast_import, world.commits)))

    def ours() -> float:
        repository = world.copied()
        started = time.perf_counter()
        bodies = [("commit", commit.encode()) for commit in world.commits]
        pack = build_pack(bodies, "sha1", is_compressed=False)
        _run(repository, ["index-pack", "--stdin", "--strict"], pack)
        return time.perf_counter() - started

    def theirs() -> float:
        repository = world.copied()
        started = time.perf_counter()
        _run(repository, ["fast-import", "--quiet"], script.read_bytes())
        return time.perf_counter() - started

    name = f"objects of {MANY} atoms / git fast-import"
    yield compare(name, ours, theirs, rounds=9, at_most=1 / 3)


def _push(home: Path) -> Iterator[Comparison]:
    """One push that creates many refs over HTTP."""
    world = _World(home, MANY)
    plan = [(FEW, 3, 1 / 10)]
    if os.environ.get(LONG):
        plan.append((MANY, 1, 1 / 30))
    with serve(home) as apache:
        for number, rounds, goal in plan:
            client = world.with_refs(number)
            received, sent = _bytes(apache)
            _pushed(world, apache, number)
            name = f"push of {number} refs, http ({_traffic(apache, received, sent)})"
            yield compare(
                f"{name} / git push --atomic",
                partial(_pushed, world, apache, number),
                partial(_git_pushed, world, apache, client),
                rounds=rounds,
                at_most=goal,
            )
        if not os.environ.get(LONG):
            took_s = sorted(_pushed(world, apache, MANY) for _ in range(3))[1]
            print(f"  push of {MANY} refs, http: {took_s:.2f} s; beside git's with {LONG}=1")


def _pushed(world: _World, apache: Apache, number: int) -> float:
    """Push in our own request, from ready commits, as a publish does."""
    world.renewed()
    url = SourceUrl("http", "127.0.0.1", "/server.git", port=apache.port)
    runner = GitRunner("git", {**os.environ, **PERSON}, world.home)
    refs = dict(list(world.refs.items())[:number])
    started = time.perf_counter()
    objects = [("commit", commit.encode()) for commit in world.commits[:number]]
    report = ReceivePackClient(runner, url, "sha1", _silent).push(refs, objects)
    took_s = time.perf_counter() - started
    assert report is not None
    assert len(report.created) == number
    return took_s


def _silent(_: int, __: int) -> None:
    """Listen to nothing."""


def _git_pushed(world: _World, apache: Apache, client: Path) -> float:
    world.renewed()
    refspec = "refs/atoms/*:refs/atoms/*"
    url = f"{apache.url}/server.git"
    return wall_s(["git", "push", "-q", "--atomic", url, refspec], cwd=client)


def _whole(home: Path) -> Iterator[Comparison]:
    """The whole command, against git making plain commits and refs of the same and pushing."""
    world = _World(home, MANY)
    mono = world.checked_out()
    peaks = [0]

    def ours() -> float:
        world.renewed()
        shutil.rmtree(mono / ".git")
        shutil.copytree(world.pristine, mono / ".git")
        took_s, peak_kib = _measured([str(EKA), "publish", "--all"], mono, home)
        peaks[0] = max(peaks[0], peak_kib)
        return took_s

    script = b"".join(map(_fast_import, world.commits))

    def theirs() -> float:
        world.renewed()
        client = world.copied()
        started = time.perf_counter()
        _run(client, ["fast-import", "--quiet"], script)
        lines = "".join(f"create {name} {oid.hex}\n" for name, oid in world.imported.items())
        git(client, "update-ref", "--stdin", stdin=lines)
        git(
            client, "push", "-q", "--atomic", f"file://{world.server}", "refs/atoms/*:refs/atoms/*"
        )
        return time.perf_counter() - started

    result = compare("", ours, theirs, rounds=3)
    name = f"eka publish --all, {MANY} atoms (peak {peaks[0] // KIB} MiB) / fast-import + push"
    yield Comparison(name, result.ratio, result.ours_s, result.theirs_s, result.rounds)


def _one_among_many(home: Path) -> Iterator[Comparison]:
    """One more version, and a new label, where there are a hundred thousand refs."""
    world = _World(home, 2)
    world.crowd(REFS)
    mono = world.checked_out()
    with serve(home) as apache:
        for way, url in (("file", f"file://{world.server}"), ("http", f"{apache.url}/server.git")):
            git(mono, "config", "remote.origin.url", url)
            for label, what in (("a0", "one version more"), ("", "one label more")):
                one = _One(world, mono, url, label)
                received, sent = _bytes(apache)
                one.ours()
                shown = f" ({_traffic(apache, received, sent)})" if way == "http" else ""
                yield compare(
                    f"{what} among {REFS} refs, {way}{shown} / git push of one ref",
                    one.ours,
                    one.theirs,
                    rounds=5,
                    at_most=1.0,
                )
            alone = _One(world, mono, url, "a0")
            yield compare(
                f"the push alone, in process, {way} / git push of one ref",
                alone.push,
                alone.theirs,
                rounds=5,
                at_most=1.0,
            )


class _One:
    """Publishes one atom again and again; a label that is empty stands for a new one each time."""

    _number = 0

    def __init__(self, world: _World, mono: Path, url: str, label: str) -> None:
        self._world, self._mono, self._url, self._label = world, mono, url, label

    def _next(self) -> str:
        """Commit a new version to publish; return its label."""
        _One._number += 1
        label = self._label or f"new{_One._number}"
        text = f'[package]\nlabel = "{label}"\nversion = "2.{_One._number}.0"\n'
        (self._mono / "a0" / "atom.toml").write_text(text)
        git(self._mono, "commit", "-qam", "More")
        git(self._mono, "push", "-q", str(self._world.server), "HEAD:main")
        return label

    def ours(self) -> float:
        label = self._next()
        return _measured([str(EKA), "publish", label], self._mono, self._world.home)[0]

    def push(self) -> float:
        """Push a ready commit."""
        label = self._next()
        tree = ObjectId(git(self._mono, "rev-parse", "HEAD:a0"))
        body = _COMMIT.format(tree=tree.hex, message=label).encode()
        runner = GitRunner("git", {**os.environ, **PERSON}, self._world.home)
        url = parse_source_url(self._url, Aliases({}))
        started = time.perf_counter()
        client = ReceivePackClient(runner, url, "sha1", _silent)
        ref = f"refs/atoms/{label}/2.{_One._number}.0"
        report = client.push({ref: _id_of(body)}, [("commit", body)])
        took_s = time.perf_counter() - started
        assert report is not None
        assert len(report.created) == 1
        return took_s

    def theirs(self) -> float:
        label = self._next()
        commit = git(self._mono, "commit-tree", "-m", label, "HEAD:a0")
        ref = f"{commit}:refs/atoms/{label}/2.{_One._number}.0"
        return wall_s(["git", "push", "-q", "--atomic", self._url, ref], cwd=self._mono)


class _World:
    """A monorepo of many small atoms, as a packed repository and the server's copy of it."""

    def __init__(self, home: Path, atoms: int) -> None:
        self.home = home
        self.pristine = home / "pristine.git"
        self.server = home / "server.git"
        git(home, "init", "-q", "--bare", "-b", "main", str(self.pristine))
        for key in ("gc.auto", "fetch.unpackLimit"):
            git(self.pristine, "config", key, "0")
        _run(self.pristine, ["fast-import", "--quiet"], _sources(atoms))
        self._source = ObjectId(git(self.pristine, "rev-parse", "main"))
        self.commits = self._commits()
        names = (f"refs/atoms/{each.label.text}/1.0.0" for each in self.commits)
        self.refs = {name: each.id() for name, each in zip(names, self.commits, strict=True)}
        ids = map(_imported_id, self.commits)
        self.imported = dict(zip(self.refs, ids, strict=True))
        self._server_copy = home / "server-copy.git"
        shutil.copytree(self.pristine, self._server_copy)
        git(self._server_copy, "config", "receive.autogc", "false")
        self.renewed()

    def _commits(self) -> Sequence[AtomCommit]:
        """Return the commits of all atoms; what they claim of their content is made up."""
        lines = git(self.pristine, "ls-tree", "-d", "main").splitlines()
        found = ((line.split()[2], line.split("\t")[1]) for line in lines)
        return [
            AtomCommit(
                format=CommitFormat.V2,
                tree=ObjectId(tree),
                origin=self._source,
                label=Label(path),
                version=Version.parse("1.0.0"),
                path=path,
                manifest=ObjectId(tree),
                content=ContentHash(hashlib.sha256(path.encode()).hexdigest()),
            )
            for tree, path in found
        ]

    def renewed(self) -> None:
        """Let the server be as it was before any push."""
        shutil.rmtree(self.server, ignore_errors=True)
        shutil.copytree(self._server_copy, self.server)
        for path in (self.server, *self.server.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)  # the web server is another user

    def copied(self) -> Path:
        """Return a fresh copy of the repository."""
        copy = self.home / "copy.git"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(self.pristine, copy)
        return copy

    def with_refs(self, number: int) -> Path:
        """Return a copy of the repository with the first atoms published in it."""
        client = self.home / f"client-{number}.git"
        shutil.copytree(self.pristine, client)
        bodies = [("commit", commit.encode()) for commit in self.commits[:number]]
        _run(client, ["index-pack", "--stdin"], build_pack(bodies, "sha1"))
        _write_packed_refs(client, dict(list(self.refs.items())[:number]))
        return client

    def crowd(self, number: int) -> None:
        """Give the server's copy very many versions, each a commit of its own."""
        tree = git(self.pristine, "rev-parse", "main:a1")
        refs: dict[str, ObjectId] = {}
        bodies: list[tuple[str, bytes]] = []
        for count in range(number):
            label, version = f"label-{count // 10}", f"1.{count % 10}.0"
            body = _COMMIT.format(tree=tree, message=f"publish({label}): {version}").encode()
            bodies.append(("commit", body))
            refs[f"refs/atoms/{label}/{version}"] = _id_of(body)
        _run(self._server_copy, ["index-pack", "--stdin"], build_pack(bodies, "sha1"))
        init = git(self.pristine, "rev-list", "--max-parents=0", "main")
        refs |= {"refs/ekala/init": ObjectId(init), "refs/heads/main": self._source}
        _write_packed_refs(self._server_copy, refs)
        self.renewed()

    def checked_out(self) -> Path:
        """Return a working tree of it, with the server as its remote, which eka knows."""
        mono = self.home / "mono"
        git(self.pristine, "config", "core.bare", "false")
        mono.mkdir()
        shutil.copytree(self.pristine, mono / ".git")
        git(mono, "reset", "-q", "--hard", "main")
        git(mono, "remote", "add", "origin", f"file://{self.server}")
        stage = Stage(self.home)
        stage.eka(mono, "init")
        for name in ("config", "index"):
            shutil.copy(mono / ".git" / name, self.pristine / name)
        shutil.copytree(mono / ".git" / "refs", self.pristine / "refs", dirs_exist_ok=True)
        return mono


_COMMIT = "tree {tree}\nauthor  <> 0 +0000\ncommitter  <> 0 +0000\n\n{message}"
_IDENTITY = "A <a@b> 0 +0000"


def _sources(atoms: int) -> bytes:
    """Return what makes git import a monorepo."""
    lines = [f"commit refs/heads/main\ncommitter {_IDENTITY}\ndata 4\nAll\n"]
    files = {"ekala.toml": '[set]\npackages = ["a*"]\n'}
    for number in range(atoms):
        manifest = f'[package]\nlabel = "a{number}"\nversion = "1.0.0"\n'
        files[f"a{number}/atom.toml"] = manifest
        files[f"a{number}/src/main"] = f"{number}\n" * 100
    for path, text in files.items():
        lines.append(f"M 100644 inline {path}\ndata {len(text)}\n{text}\n")
    return "".join(lines).encode()


def _body_for_git(commit: AtomCommit) -> tuple[bytes, bytes]:
    """Return the message under which git makes a commit of the same size, and the tree."""
    head, _, message = commit.encode().partition(b"\n\n")
    extra = head.split(b"\n", 3)[3]
    return extra + b"\n\n" + message, commit.tree.hex.encode()


def _fast_import(commit: AtomCommit) -> bytes:
    """Return what makes git import a commit like ``commit``: what git cannot write is message."""
    message, tree = _body_for_git(commit)
    identity = _IDENTITY.encode()
    return (
        b"reset refs/heads/imported\ncommit refs/heads/imported\n"
        b"author %b\ncommitter %b\ndata %d\n%b\nM 040000 %b \n\n"
        % (identity, identity, len(message), message, tree)
    )


def _imported_id(commit: AtomCommit) -> ObjectId:
    message, tree = _body_for_git(commit)
    identity = _IDENTITY.encode()
    return _id_of(b"tree %b\nauthor %b\ncommitter %b\n\n%b" % (tree, identity, identity, message))


def _id_of(body: bytes) -> ObjectId:
    return ObjectId(hashlib.sha1(b"commit %d\0" % len(body) + body).hexdigest())  # noqa: S324


def _write_packed_refs(repository: Path, refs: dict[str, ObjectId]) -> None:
    lines = sorted(f"{name} {oid.hex}" for name, oid in refs.items())
    text = "".join("{1} {0}\n".format(*line.split(" ")) for line in lines)
    (repository / "packed-refs").write_text("# pack-refs with: sorted \n" + text)


def _run(repository: Path, words: Sequence[str], stdin: bytes) -> None:
    subprocess.run(
        ["git", *words], cwd=repository, input=stdin, stdout=subprocess.DEVNULL, check=True
    )


def _measured(command: Sequence[str], where: Path, home: Path) -> tuple[float, int]:
    """Run a command that must succeed; return its seconds, and the largest process in KiB."""
    env = {**os.environ, **PERSON, "HOME": str(home)}
    started = time.perf_counter()
    child = subprocess.Popen(command, cwd=where, env=env, stdout=subprocess.DEVNULL, stderr=-1)
    assert child.stderr is not None
    complaint = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    took_s = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, complaint.decode()
    return took_s, usage.ru_maxrss


def _bytes(apache: Apache) -> tuple[int, int]:
    requests = apache.requests()
    return sum(r.sent_bytes for r in requests), sum(r.received_bytes for r in requests)


def _traffic(apache: Apache, received: int, sent: int) -> str:
    """Return how much came in and went out since, as one client saw it."""
    now_received, now_sent = _bytes(apache)
    return f"{(now_received - received) // KIB} KiB in, {(now_sent - sent) // KIB} KiB out"
