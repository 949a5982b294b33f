"""Real atoms in real repositories: listed, fetched, verified; and every way to cheat found out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from eka.atom import (
    Aliases,
    AtomCommit,
    CommitFormat,
    Genesis,
    Label,
    ObjectId,
    SourceUrl,
    TreePolicyViolation,
    Version,
    atom_id,
    parse_source_url,
)
from eka.git import (
    AtomReport,
    ExpectedAtom,
    GitRunner,
    Level,
    ObjectCache,
    Status,
    Transport,
    VersionIndex,
    verify_atom,
)
from eka.git.history import SourceHistory
from eka.git.objects import PygitReader
from tests.servers.git_http import serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_set import GitSet

ZLIB, ONE = Label("zlib"), Version.parse("1.3.1")
NO_ALIASES = Aliases()


class Consumer:
    """Somebody who lists, fetches and verifies."""

    def __init__(self, directory: Path, url: SourceUrl, runner: GitRunner) -> None:
        self.url = url
        self.index = VersionIndex(Transport(runner, timeout_s=60))
        self.cache = ObjectCache(directory / "objects.git", runner, timeout_s=60)
        self.history = SourceHistory(directory / "history", url, runner, timeout_s=60)

    def verify(self, expected: ExpectedAtom | None = None) -> AtomReport:
        """Verify what the ref of zlib 1.3.1 names now, or what the lock pins."""
        listing = self.index.versions(self.url, [ZLIB])
        expected = expected or ExpectedAtom(label=ZLIB, version=ONE, genesis=listing.genesis)
        rev = listing[ZLIB][ONE]
        self.cache.ensure(self.url, [rev])
        reader = PygitReader(self.cache.git_dir)
        return verify_atom(rev, expected=expected, reader=reader, history=self.history)


@pytest.fixture
def consumer(tmp_path: Path, url: SourceUrl, runner: GitRunner) -> Consumer:
    return Consumer(tmp_path / "consumer", url, runner)


@pytest.fixture
def atom(source: GitSet) -> AtomCommit:
    """zlib 1.3.1, published honestly."""
    commit = source.atom("zlib", "1.3.1", "pkgs/zlib", {"main.c": "int main;\n", "x/y": "z\n"})
    source.point(commit)
    return commit


def lock_of(source: GitSet, atom: AtomCommit) -> ExpectedAtom:
    """What a lock that was written at first use pins."""
    return ExpectedAtom(
        label=ZLIB,
        version=ONE,
        genesis=source.genesis,
        id=atom_id(source.genesis, ZLIB),
        rev=atom.id(),
        tree=atom.tree,
        content=atom.content,
    )


def failed(report: AtomReport) -> list[str]:
    return [one.level.value for one in report.levels if one.status is Status.FAILED]


@pytest.mark.parametrize("way", ["file", "http"])
def test_an_honest_atom_is_proved(
    way: str, source: GitSet, atom: AtomCommit, consumer: Consumer
) -> None:
    lock = lock_of(source, atom)

    if way == "http":
        with serve(source.path.parent) as server:
            consumer.url = parse_source_url(f"{server.url}/set", NO_ALIASES)
            report = consumer.verify(lock)
    else:
        report = consumer.verify(lock)

    assert report.is_proved
    assert report.commit == atom
    assert all(one.status is Status.OK for one in report.levels)


def test_an_atom_of_an_older_format_is_proved(
    source: GitSet, atom: AtomCommit, consumer: Consumer
) -> None:
    source.point(replace(atom, format=CommitFormat.PRE1, path=None, manifest=None, content=None))

    report = consumer.verify()

    assert failed(report) == []
    assert report.level(Level.SUBTREE).status is Status.OK
    assert report.content == atom.content


@pytest.mark.parametrize("how", ["fast-forward", "force", "delete-and-create"])
def test_a_version_that_was_moved_does_not_pass_the_lock(
    how: str, source: GitSet, atom: AtomCommit, consumer: Consumer
) -> None:
    lock = lock_of(source, atom)
    assert consumer.verify(lock).is_proved
    ref = "refs/atoms/zlib/1.3.1"

    if how == "fast-forward":
        child = source.git("commit-tree", "-p", atom.id().hex, "-m", "x", atom.tree.hex)
        source.git("update-ref", ref, child)
        moved = ObjectId(child)
        reader = PygitReader(source.git_dir)
        report = verify_atom(moved, expected=lock, reader=reader)
    else:
        if how == "delete-and-create":
            source.git("update-ref", "-d", ref)
        source.point(source.atom("zlib", "1.3.1", "pkgs/zlib", {"main.c": "int evil;\n"}))
        report = consumer.verify(lock)

    assert "bytes" in failed(report)
    assert report.rev != atom.id()


def test_another_atom_at_the_ref_is_not_the_version(source: GitSet, consumer: Consumer) -> None:
    lua = source.publish("lua", "5.4.6")
    source.git("update-ref", "refs/atoms/zlib/1.3.1", lua.hex)

    assert failed(consumer.verify()) == ["bytes", "manifest"]


def test_a_tree_that_no_source_commit_holds_is_found_out(
    source: GitSet, atom: AtomCommit, consumer: Consumer
) -> None:
    other = source.atom("zlib", "1.3.1", "elsewhere", {"main.c": "int evil;\n"})
    source.point(replace(other, path="pkgs/zlib", origin=atom.origin))

    assert failed(consumer.verify()) == ["subtree"]


def test_a_source_commit_of_another_history_is_found_out(
    source: GitSet, atom: AtomCommit, consumer: Consumer
) -> None:
    stranger = ObjectId(source.git("commit-tree", "-m", "x", f"{atom.origin.hex}^{{tree}}"))
    source.point(replace(atom, origin=stranger))

    assert failed(consumer.verify()) == ["ancestry"]


def test_a_fork_has_the_same_genesis_and_its_atoms_their_own_origin(
    source: GitSet, atom: AtomCommit, consumer: Consumer
) -> None:
    report = consumer.verify(replace(lock_of(source, atom), genesis=Genesis(atom.origin)))

    assert failed(report) == ["bytes", "ancestry"]


def test_lying_headers_are_found_out(source: GitSet, atom: AtomCommit, consumer: Consumer) -> None:
    assert atom.content is not None
    lie = replace(atom.content, hex="0" * 64)
    source.point(replace(atom, manifest=atom.origin, content=lie))

    assert failed(consumer.verify()) == ["manifest", "content"]


def test_a_withdrawn_source_commit_proves_nothing_either_way(
    source: GitSet, atom: AtomCommit, tmp_path: Path, runner: GitRunner
) -> None:
    mirror = tmp_path / "mirror.git"
    source.git(
        "clone", "-q", "--bare", "--no-local", "--single-branch", str(source.path), str(mirror)
    )
    git_dir = f"--git-dir={mirror}"
    source.git(git_dir, "fetch", "-q", str(source.path), "refs/atoms/*:refs/atoms/*")
    source.git(git_dir, "update-ref", "-d", "refs/heads/main")
    source.git(git_dir, "reflog", "expire", "--expire=now", "--all")
    source.git(git_dir, "gc", "-q", "--prune=now")
    consumer = Consumer(tmp_path / "consumer", SourceUrl("file", None, str(mirror)), runner)

    report = consumer.verify(lock_of(source, atom))

    assert failed(report) == []
    assert report.level(Level.SUBTREE).status is Status.UNAVAILABLE
    assert report.level(Level.ANCESTRY).status is Status.UNAVAILABLE
    assert report.level(Level.CONTENT).status is Status.OK


@pytest.mark.spec("policy-first")
@pytest.mark.parametrize(
    ("mode", "target"), [("120000", b"/etc/passwd"), ("120000", b"../../x"), ("160000", b"")]
)
def test_a_tree_that_fsck_lets_through_and_the_policy_does_not_is_refused(
    mode: str, target: bytes, source: GitSet, atom: AtomCommit, consumer: Consumer
) -> None:
    oid = source.write("blob", target) if target else atom.origin
    entries = source.git("ls-tree", atom.tree.hex)
    kind = "blob" if target else "commit"
    tree = source.git("mktree", stdin=f"{entries}\n{mode} {kind} {oid.hex}\tzz\n".encode())
    source.point(replace(atom, tree=ObjectId(tree)))

    with pytest.raises(TreePolicyViolation) as caught:
        consumer.verify()

    assert caught.value.exit_status == 5
