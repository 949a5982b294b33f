"""What eka tells of two trees, two files and two commits is what git tells of them."""

from __future__ import annotations

import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from eka.atom import object_id
from eka.git import ChangeKind, compare_trees, count_lines, is_binary, patch_lines, touching
from eka.git.history import SourceHistory
from eka.git.objects import PygitReader
from eka.workflow.working_tree import WorkingTree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.atom import ObjectId, SourceUrl
    from eka.git import Change, GitRunner, Leaf
    from tests.fakes.git_set import GitSet

WORDS = ["", "a", "b", "{", "}", "same", "x y", "\t", "\r", "\u00e9"]


class Author:
    """Writes and changes files at random, each with a line of its own."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.draw = random.Random(seed)
        self.number = 0

    def files(self) -> list[Path]:
        return sorted(
            each for each in self.folder.rglob("*") if not each.is_dir() or each.is_symlink()
        )

    def text(self, lines: int) -> bytes:
        self.number += 1
        parts = [f"unique {self.number}", *(self.draw.choice(WORDS) for _ in range(lines))]
        self.draw.shuffle(parts)
        end = self.draw.choice(["\n", "\n", ""])
        return ("\n".join(parts) + end).encode() + self.draw.choice(
            [b"", b"", b"", b"\0", b"\xff"]
        )

    def write(self) -> None:
        """Make a file, a program, or a link."""
        depth = self.draw.randrange(3)
        parent = self.folder.joinpath(*(f"d{self.draw.randrange(3)}" for _ in range(depth)))
        parent.mkdir(parents=True, exist_ok=True)
        path = parent / f"f{self.draw.randrange(1000)}"
        if path.exists() or path.is_symlink():
            return
        if self.draw.random() < 0.15:
            self.number += 1
            path.symlink_to(f"to/{self.number}")
        else:
            path.write_bytes(self.text(self.draw.randrange(60)))
            path.chmod(self.draw.choice([0o644, 0o755]))

    def change(self) -> None:
        """Edit, move, remove or re-mode one of the files."""
        path = self.draw.choice(self.files())
        what = self.draw.randrange(5)
        if what == 0:
            path.unlink()
        elif what == 1:
            path.rename(self.folder / f"moved{self.draw.randrange(10**6)}")
        elif path.is_symlink() or what == 2:
            path.unlink()
            path.write_bytes(self.text(3))
        elif what == 3:
            path.chmod(path.stat().st_mode ^ 0o111)
        else:
            lines = path.read_bytes().split(b"\n")
            at = self.draw.randrange(len(lines) + 1)
            lines[at : at + self.draw.randrange(4)] = [self.text(self.draw.randrange(3))]
            path.write_bytes(b"\n".join(lines))


def git(source: GitSet, *words: str) -> bytes:
    """Run git for its bytes, with none of the person's settings."""
    done = subprocess.run(["git", *words], cwd=source.path, capture_output=True, check=True)
    return done.stdout


def leaf_bytes(leaf: Leaf | None, reader: PygitReader) -> bytes:
    return reader.blob(leaf.oid) if leaf else b""


def numstat(changes: tuple[Change, ...], reader: PygitReader) -> bytes:
    """Write changes as ``git diff --numstat -z`` does."""
    told = b""
    for change in changes:
        old, new = leaf_bytes(change.old, reader), leaf_bytes(change.new, reader)
        if is_binary(old) or is_binary(new):
            told += b"-\t-\t"
        else:
            counts = count_lines(old, new)
            told += f"{counts.added}\t{counts.removed}\t".encode()
        if change.kind is ChangeKind.RENAMED and change.old:
            told += b"\0%s\0" % change.old.path
        told += change.path + b"\0"
    return told


@pytest.mark.spec("diff-paths")
@pytest.mark.spec("diff-renames")
@pytest.mark.spec("diff-lines")
def test_paths_renames_and_counts_are_those_of_git(
    source: GitSet, rounds: Callable[[int, int], int]
) -> None:
    for seed in range(rounds(6, 150)):
        author = Author(source.path / "files", seed)
        for _ in range(30):
            author.write()
        old = source.commit({})
        for _ in range(12):
            author.change()
            author.write()
        new = source.commit({})
        reader = PygitReader(source.git_dir)
        trees = [source.oid(f"{commit.hex}:files") for commit in (old, new)]

        changes = compare_trees((trees[0], reader), (trees[1], reader))

        wanted = ["--no-ext-diff", "--no-textconv", "-M100%", "-z", "--numstat"]
        expected = git(source, "diff", *wanted, trees[0].hex, trees[1].hex)
        assert numstat(changes, reader) == expected, seed


@pytest.mark.spec("diff-lines")
def test_patches_apply_with_git(
    source: GitSet, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    author = Author(source.path, 7)
    for number in range(rounds(15, 300)):
        old = author.text(author.draw.randrange(40)).replace(b"\0", b"").replace(b"\xff", b"")
        lines = old.split(b"\n")
        author.draw.shuffle(lines)
        new = b"\n".join(lines[author.draw.randrange(len(lines)) :])
        if old == new:
            continue
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "file").write_bytes(old)

        patch = ["--- a/file", "+++ b/file", *patch_lines(old, new)]

        subprocess.run(
            ["git", "apply", "--unidiff-zero", "-"],
            cwd=folder,
            input="".join(f"{line}\n" for line in patch).encode(),
            check=True,
        )
        assert (folder / "file").read_bytes() == new


def test_a_working_directory_has_the_tree_that_git_would_commit(
    source: GitSet, runner: GitRunner, tmp_path: Path
) -> None:
    author = Author(source.path, 3)
    for _ in range(40):
        author.write()
    (source.path / ".gitignore").write_text("*.o\n")
    (source.path / "ignored.o").write_text("o")
    (source.path / "empty").mkdir()
    (source.path / "a").mkdir()
    (source.path / "a" / "x").write_text("x")
    (source.path / "a.b").write_text("sorts between")

    files = WorkingTree(source.path, runner, algorithm="sha1")

    source.commit({})
    assert files.root == source.oid("HEAD^{tree}")
    assert files.size(object_id("blob", b"x", "sha1")) == 1
    assert files.blob(object_id("blob", b"x", "sha1")) == b"x"
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.mark.spec("diff-commits")
@pytest.mark.parametrize("offers_filters", [True, False])
def test_commits_that_touched_a_directory_are_those_of_the_full_history(
    source: GitSet, url: SourceUrl, runner: GitRunner, tmp_path: Path, *, offers_filters: bool
) -> None:
    source.git("config", "uploadpack.allowFilter", str(offers_filters).lower())
    old, new = tangled(source)
    history = SourceHistory(tmp_path / "history", url, runner, timeout_s=60)

    for one, other in ((old, new), (new, old)):
        found = list(touching(history, history.between(one, other), ["pkgs/a"]))

        log = ["log", "--full-history", "--format=%H", f"{one.hex}..{other.hex}", "--", "pkgs/a"]
        expected = git(source, *log).decode().split()
        assert sorted(note.oid.hex for note in found) == sorted(expected)
        offline = SourceHistory(tmp_path / "history", url, runner, timeout_s=60, offline=True)
        assert list(touching(offline, offline.between(one, other), ["pkgs/a"])) == found


def tangled(source: GitSet) -> tuple[ObjectId, ObjectId]:
    """Make a history with branches, merges, a merge that edits, and a directory that goes."""
    source.commit({"pkgs/a/f": "1", "pkgs/b/f": "1"})
    source.git("branch", "side")
    source.commit({"pkgs/b/f": "2"})
    source.commit({"pkgs/a/f": "2"})
    source.git("branch", "fork")
    old = source.commit({"README": "more"})
    source.git("checkout", "-q", "side")
    source.commit({"pkgs/a/g": "new"})
    source.commit({"pkgs/c/f": "1"})
    source.git("checkout", "-q", "fork")
    source.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    source.git("rm", "-q", "-r", "pkgs/a")
    source.commit({})
    source.commit({"pkgs/a/f": "back"})
    source.git("merge", "-q", "--no-ff", "--no-commit", "-s", "ours", old.hex)
    return old, source.commit({"pkgs/a/f": "edited while merging"})
