"""Real git is the judge of our trees, commits, names and refs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from eka.atom import (
    AtomCommit,
    CommitFormat,
    ObjectId,
    TreeEntry,
    TreePolicyViolation,
    Version,
    check_tree,
    content_hash,
)
from eka.errors import EkaError
from tests.fakes.trees import FakeTrees
from tests.vectors import load

if TYPE_CHECKING:
    from pathlib import Path

FILES: dict[str, bytes | str] = {
    "atom.toml": b'[package]\nlabel = "a"\n',
    "a/x": b"1",
    "a.b": b"2",
    "a0": b"3",
    "a-/y": b"4",
    "bin/run*": b"#!/bin/sh\n",
    "bin/deep/er/f": b"\0\xff" * 1000,
    "link": "bin/run",
    "bin/up": "../atom.toml",
    "é/中": b"5",
    "with space": b"",
}


@dataclass(frozen=True)
class Repository:
    """A git repository that reads objects through `git cat-file`."""

    path: Path
    algorithm: str

    def git(self, *args: str, stdin: bytes = b"", expected: int = 0) -> bytes:
        """Run git, return what it prints."""
        done = subprocess.run(
            ["git", "-C", str(self.path), *args], input=stdin, capture_output=True, check=False
        )
        assert done.returncode == expected, done.stderr
        return done.stdout

    def write(self, kind: str, body: bytes) -> ObjectId:
        """Write an object, however wrong; return its id."""
        args = ("hash-object", "-t", kind, "-w", "--literally", "--stdin")
        return ObjectId(self.git(*args, stdin=body).decode().strip())

    def tree(self, oid: ObjectId) -> list[TreeEntry]:
        """Return the entries of a tree."""
        raw = self.git("cat-file", "tree", oid.hex)
        id_bytes, entries = len(oid.raw), list[TreeEntry]()
        while raw:
            mode, _, rest = raw.partition(b" ")
            name, _, rest = rest.partition(b"\0")
            found = ObjectId.from_raw(rest[:id_bytes])
            entries.append(TreeEntry(mode.decode(), name, found))
            raw = rest[id_bytes:]
        return entries

    def blob(self, oid: ObjectId) -> bytes:
        """Return the bytes of a blob."""
        return self.git("cat-file", "blob", oid.hex)

    def size(self, oid: ObjectId) -> int:
        """Return the size of an object."""
        return int(self.git("cat-file", "-s", oid.hex))


@pytest.fixture(params=["sha1", "sha256"])
def repository(tmp_path: Path, request: pytest.FixtureRequest) -> Repository:
    algorithm: str = request.param
    created = Repository(tmp_path / "repository", algorithm)
    created.path.mkdir()
    created.git("init", "-q", f"--object-format={algorithm}")
    return created


def write_files(root: Path) -> None:
    """Write FILES below ``root``."""
    for name, content in FILES.items():
        path = root / name.removesuffix("*")
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            path.symlink_to(content)
        else:
            path.write_bytes(content)
            path.chmod(0o755 if name.endswith("*") else 0o644)


def digest_of_path(path: Path) -> tuple[bytes, bytes]:
    """Return mode and content digest of what lies at a path."""
    if path.is_symlink():
        return b"120000", blake3(bytes(path.readlink())).digest()
    if path.is_file():
        mode = b"100755" if path.stat().st_mode & 0o100 else b"100644"
        return mode, blake3(path.read_bytes()).digest()
    rows: dict[bytes, bytes] = {}
    for child in path.iterdir():
        if child.name != ".git":
            mode, digest = digest_of_path(child)
            name = child.name.encode()
            rows[name + b"/" * (mode == b"40000")] = mode + b" " + name + b"\0" + digest
    return b"40000", blake3(b"".join(rows[name] for name in sorted(rows))).digest()


def commit_of(repository: Repository, tree: ObjectId) -> AtomCommit:
    """Return an atom commit of format 2 for a tree."""
    return AtomCommit.decode(
        b"\n".join(
            [
                f"tree {tree.hex}".encode(),
                b"author  <> 0 +0000",
                b"committer  <> 0 +0000",
                f"origin {tree.hex}".encode(),
                "path pkgs/é".encode(),
                f"manifest {tree.hex}".encode(),
                f"blake3 {content_hash(tree, repository).hex}".encode(),
                b"format 2",
                b"",
                "publish(ひらがな): 1.0.0-rc.1".encode(),
            ]
        )
    )


@pytest.mark.spec("object-id-computed", "content-order", "content-hash")
def test_git_s_trees_have_the_ids_and_content_we_compute(repository: Repository) -> None:
    write_files(repository.path)
    repository.git("add", "-A")
    root = ObjectId(repository.git("write-tree").decode().strip())
    trees = FakeTrees(repository.algorithm)

    rebuilt = trees.add_files(FILES)

    assert rebuilt == root
    assert list(trees.tree(root)) == repository.tree(root)
    assert content_hash(root, repository) == content_hash(root, trees)
    assert content_hash(root, repository).raw == digest_of_path(repository.path)[1]
    assert check_tree(root, repository) == check_tree(root, trees)


@pytest.mark.spec("commit-bytes", "object-id-computed")
def test_git_gives_our_commits_the_id_we_compute_and_finds_no_fault(
    repository: Repository,
) -> None:
    tree = repository.write("tree", b"")
    current = commit_of(repository, tree)
    commits = [
        current,
        replace(current, format=CommitFormat.PRE1, path=None, manifest=None, content=None),
        replace(current, format=CommitFormat.PRE1_0, manifest=None, content=None),
        replace(current, format=CommitFormat.V1, manifest=None, content=None),
    ]

    written = [repository.write("commit", commit.encode()) for commit in commits]

    assert written == [commit.id() for commit in commits]
    for oid in written:
        repository.git("fsck", "--strict", "--no-dangling", oid.hex)
        assert repository.git("log", "--format=%P%an%ae%at", oid.hex).strip() == b"0"


@pytest.mark.spec("tree-name-dot-git", "tree-name-form", "tree-order", "tree-name-unique")
@pytest.mark.spec("tree-modes")
def test_what_git_s_own_check_refuses_we_refuse(repository: Repository) -> None:
    blob, nothing = repository.write("blob", b""), repository.write("tree", b"")
    disguises = [
        ".git",
        ".GIT",
        "git~1",
        ".git.",
        ".git ",
        ".git::$INDEX_ALLOCATION",
        ".g\u200cit",
    ]
    rows = [[("100644", name)] for name in [*disguises, ".", "..", "a/b", "../x", ""]]
    rows += [
        [("100644", "b"), ("100644", "a")],
        [("100644", "a"), ("100644", "a")],
        [("100644", "a"), ("40000", "a")],
        [("100664", "a")],
        [("0100644", "a")],
    ]
    bodies = [
        b"".join(
            f"{mode} {name}\0".encode() + (nothing if mode == "40000" else blob).raw
            for mode, name in row
        )
        for row in rows
    ]
    trees = [repository.write("tree", body) for body in bodies]

    judged = subprocess.run(
        ["git", "-C", str(repository.path), "fsck", "--strict", "--no-dangling"],
        capture_output=True,
        check=False,
        text=True,
    )

    for tree in trees:
        assert f"in tree {tree.hex}" in judged.stderr, repository.tree(tree)
        with pytest.raises(EkaError):
            check_tree(tree, repository)


@pytest.mark.spec("tree-entries", "tree-cost")
def test_a_bomb_of_ten_objects_is_refused_without_unfolding_it(repository: Repository) -> None:
    oid, mode = repository.write("blob", b"x"), "100644"
    for _ in range(10):
        body = b"".join(f"{mode} {number}\0".encode() + oid.raw for number in range(10))
        oid, mode = repository.write("tree", body), "40000"

    with pytest.raises(TreePolicyViolation) as caught:
        check_tree(oid, repository)

    assert "entries" in caught.value.why


@pytest.mark.spec("version-ref")
def test_git_accepts_the_ref_of_every_version(tmp_path: Path) -> None:
    vectors = load("version/versions.json")
    versions = [Version.parse(text) for text in vectors["ordered"] + vectors["valid_only"]]

    for version in versions:
        name = f"refs/atoms/zlib/{version.text}"
        subprocess.run(["git", "check-ref-format", name], check=True, cwd=tmp_path)


@pytest.mark.spec("version-ref")
def test_git_refuses_the_ref_of_the_one_kind_of_version_we_add_to_its_rules(
    tmp_path: Path,
) -> None:
    name = "refs/atoms/zlib/1.0.0-rc.lock"

    done = subprocess.run(["git", "check-ref-format", name], check=False, cwd=tmp_path)

    assert done.returncode == 1
