"""The trees of working directories: asked for together they are what they are one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.git import GitRunner
from eka.store import FileNode
from eka.workflow.snapshot import Snapshots, snapshot
from tests.story import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from eka.store import Node

FILES = (
    "a/atom.toml", "a/deep/x", "a/ignored.o", "a-b/y", "a0/z", "a/inner/atom.toml",
    "[a]/odd", "-c/dash", "d e/\u00e9", "new/untracked", "outside",
)  # fmt: skip


class Counting(GitRunner):
    """Real git, and how often it was started."""

    count = 0

    def run(self, args: Sequence[str], **options: object) -> bytes:
        type(self).count += 1
        return super().run(args, **options)  # type: ignore[arg-type] # passed on as they are


@pytest.fixture
def top(tmp_path: Path) -> Path:
    top = tmp_path / "top"
    git(tmp_path, "init", "-q", str(top))
    for name in FILES:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(name)
    (top / ".gitignore").write_text("*.o\n")
    (top / "a/result").symlink_to("nowhere")
    git(
        top,
        "add",
        "--",
        *(name for name in FILES if not name.startswith("new/") and ".o" not in name),
    )
    (top / "a/deep/gone").write_text("")
    git(top, "add", "a/deep/gone")
    (top / "a/deep/gone").unlink()
    git(top, "init", "-q", str(top / "own"))
    (top / "own/file").write_text("of another repository")
    return top


def seen(nodes: Iterable[Node]) -> list[object]:
    return [
        (node.path, node.executable, b"".join(node.chunks)) if isinstance(node, FileNode) else node
        for node in nodes
    ]


@pytest.mark.spec("compose-own-tree")
def test_several_directories_are_listed_at_once_and_each_tree_is_its_own(
    top: Path, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "far").mkdir()
    (tmp_path / "far/file").write_text("elsewhere")
    runner = Counting("git", {"PATH": "/usr/bin:/bin"}, tmp_path / "home")
    names = ("a", "a-b", "a0", "a/inner", "[a]", "-c", "d e", "new")
    inside = [top / name for name in names]
    odd = [top / "own", tmp_path / "far"]

    together = Snapshots(runner, top, [*inside, *odd])
    found = {each: seen(together.of(each)) for each in inside}
    started = Counting.count
    found |= {each: seen(together.of(each)) for each in odd}

    assert started == 1
    assert found == {each: seen(snapshot(each, runner)) for each in (*inside, *odd)}
    assert [node[0] for node in found[top / "a-b"][1:]] == [(b"y",)]  # type: ignore[index]
    assert len(found[top / "own"]) == 2


def test_where_there_is_no_git_every_file_is_taken(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    runner = GitRunner("git", {"PATH": "/usr/bin:/bin"}, tmp_path / "home")
    for name in ("a/x", "b/y"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(name)

    together = Snapshots(runner, tmp_path, [tmp_path / "a", tmp_path / "b"])

    assert seen(together.of(tmp_path / "a")) == seen(snapshot(tmp_path / "a", runner))
    assert len(list(together.of(tmp_path / "b"))) == 2
