"""Directories of single commits, fetched from real servers over every transport."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from eka.atom import Aliases, ObjectId, content_hash, parse_source_url
from eka.errors import EkaError
from eka.git import (
    DirectoryMissing,
    GitRunner,
    ObjectsUnavailable,
    SourceDirectories,
    UnexpectedObject,
    UnsupportedObjectFormat,
)
from tests.servers.git_http import serve
from tests.servers.ssh import serve_ssh
from tests.story import git

if TYPE_CHECKING:
    from pathlib import Path

NOISE_BYTES = 400_000
ABSENT = ObjectId("12" * 20)


class Upstream:
    """A repository with a history of large files that nobody has asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def made(cls, path: Path) -> Upstream:
        """Make it."""
        self = cls(path)
        git(path.parent, "init", "-q", "-b", "main", str(path))
        git(path, "config", "uploadpack.allowFilter", "true")
        for number in range(3):
            (path / "noise").write_bytes(os.urandom(NOISE_BYTES))
            self.commit(f"noise {number}")
        (path / "noise").unlink()
        for name, text in (("lib/a/f", "f"), ("lib/a/deep/g", "g"), ("top", "t")):
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
        (path / "large").mkdir()
        (path / "large" / "file").write_bytes(os.urandom(NOISE_BYTES))
        (path / "lib" / "a" / "link").symlink_to("f")
        self.commit("the one")
        git(path, "tag", "-a", "v1", "-m", "one")
        return self

    @property
    def rev(self) -> ObjectId:
        return self.id("HEAD")

    def commit(self, message: str) -> ObjectId:
        git(self.path, "add", "-A")
        git(self.path, "commit", "-q", "-m", message)
        return self.id("HEAD")

    def id(self, name: str) -> ObjectId:
        return ObjectId(git(self.path, "rev-parse", name))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Upstream:
    return Upstream.made(tmp_path_factory.mktemp("template") / "up")


@pytest.fixture
def upstream(template: Upstream, tmp_path: Path) -> Upstream:
    path = tmp_path / "served" / "up"
    shutil.copytree(template.path, path, symlinks=True)
    return Upstream(path)


@pytest.fixture
def directories(tmp_path: Path, runner: GitRunner) -> SourceDirectories:
    return SourceDirectories(tmp_path / "cache" / "directories.git", runner, timeout_s=60)


def fetch(directories: SourceDirectories, url: str, rev: ObjectId, path: str = "") -> ObjectId:
    return directories.fetch(parse_source_url(url, Aliases({})), rev, path)


def files(directories: SourceDirectories, tree: ObjectId) -> set[bytes]:
    """Return the names in a tree, after hashing all that lies below it."""
    reader = directories.reader()
    content_hash(tree, reader)
    return {entry.name for entry in reader.tree(tree)}


@pytest.mark.spec("git-pin")
@pytest.mark.parametrize("path", ["", "lib", "lib/a", "lib/a/deep"])
def test_a_directory_is_fetched_whole(
    upstream: Upstream, directories: SourceDirectories, path: str
) -> None:
    tree = fetch(directories, f"file://{upstream.path}", upstream.rev, path)

    assert tree == upstream.id(f"HEAD:{path}")
    here = {each.name.encode() for each in (upstream.path / path).iterdir()}
    assert files(directories, tree) == here - {b".git"}
    assert directories.has(tree)


@pytest.mark.spec("git-pin")
@pytest.mark.parametrize("path", ["", "lib/a/deep"])
def test_neither_history_nor_other_directories_come_over_http(
    upstream: Upstream, directories: SourceDirectories, path: str
) -> None:
    with serve(upstream.path.parent) as server:
        tree = fetch(directories, f"{server.url}/up/.git", upstream.rev, path)
        methods = [exchange.method for exchange in server.log]
        sent = server.sent_bytes()

    assert directories.has(tree)
    assert sent < (NOISE_BYTES // 10 if path else 2 * NOISE_BYTES)
    assert not directories.reader().has(upstream.id("HEAD~1"))
    assert methods.count("GET") == 1


@pytest.mark.spec("git-pin")
def test_servers_without_filters_send_no_history_either(
    upstream: Upstream, directories: SourceDirectories
) -> None:
    git(upstream.path, "config", "uploadpack.allowFilter", "false")
    with serve(upstream.path.parent) as server:
        tree = fetch(directories, f"{server.url}/up/.git", upstream.rev, "lib/a")
        sent = server.sent_bytes()

    assert files(directories, tree) == {b"f", b"deep", b"link"}
    assert sent < 2 * NOISE_BYTES
    assert not directories.reader().has(upstream.id("HEAD~1"))


@pytest.mark.spec("git-pin")
@pytest.mark.parametrize("path", ["", "lib/a"])
def test_servers_of_an_older_protocol_give_what_a_ref_names(
    upstream: Upstream, directories: SourceDirectories, path: str
) -> None:
    with serve(upstream.path.parent) as server:
        server.behaviour.speaks_v2 = False
        tree = fetch(directories, f"{server.url}/up/.git", upstream.rev, path)

    assert tree == upstream.id(f"HEAD:{path}")
    assert directories.has(tree)


@pytest.mark.spec("git-pin")
def test_a_directory_comes_over_ssh(upstream: Upstream, tmp_path: Path, home: Path) -> None:
    with serve_ssh(upstream.path.parent) as server:
        runner = GitRunner("git", {**os.environ, "GIT_SSH_COMMAND": server.command}, home)
        directories = SourceDirectories(tmp_path / "d.git", runner, timeout_s=60)
        tree = fetch(directories, f"{server.url}/up", upstream.rev, "lib/a")

    assert files(directories, tree) == {b"f", b"deep", b"link"}


@pytest.mark.spec("git-pin")
def test_what_is_here_is_not_asked_for_again(
    upstream: Upstream, directories: SourceDirectories, runner: GitRunner
) -> None:
    url, rev = f"file://{upstream.path}", upstream.rev
    tree = fetch(directories, url, rev, "lib")
    shutil.rmtree(upstream.path)

    again = fetch(directories, url, rev, "lib")

    assert again == tree
    assert SourceDirectories(directories.git_dir, runner).has(tree)


def test_a_commit_that_is_not_there_is_unavailable(
    upstream: Upstream, directories: SourceDirectories
) -> None:
    with pytest.raises(ObjectsUnavailable) as caught:
        fetch(directories, f"file://{upstream.path}", ABSENT)

    assert "eka lock --refresh" in caught.value.fix


@pytest.mark.parametrize("path", ["none", "top", "lib/none/deeper", "lib/a/link"])
def test_a_directory_that_is_not_there_is_missing(
    upstream: Upstream, directories: SourceDirectories, path: str
) -> None:
    with pytest.raises(DirectoryMissing) as caught:
        fetch(directories, f"file://{upstream.path}", upstream.rev, path)

    assert caught.value.path == path


def test_the_id_of_a_tag_or_tree_is_no_commit(
    upstream: Upstream, directories: SourceDirectories
) -> None:
    for name in ("v1", "HEAD:lib"):
        with pytest.raises(UnexpectedObject):
            fetch(directories, f"file://{upstream.path}", upstream.id(name))


def test_another_hash_function_is_not_supported(directories: SourceDirectories) -> None:
    with pytest.raises(UnsupportedObjectFormat):
        fetch(directories, "https://example.org/x", ObjectId("12" * 32))


def test_a_damaged_repository_of_ours_is_made_anew(
    upstream: Upstream, directories: SourceDirectories
) -> None:
    url = f"file://{upstream.path}"
    fetch(directories, url, upstream.rev, "lib")
    for pack in (directories.git_dir / "objects" / "pack").iterdir():
        pack.unlink()

    tree = fetch(directories, url, upstream.rev, "lib/a")

    assert files(directories, tree) == {b"f", b"deep", b"link"}


def test_a_place_that_cannot_be_written_is_said(
    upstream: Upstream, tmp_path: Path, runner: GitRunner
) -> None:
    (tmp_path / "file").write_text("")
    directories = SourceDirectories(tmp_path / "file" / "d.git", runner)

    with pytest.raises(EkaError) as caught:
        fetch(directories, f"file://{upstream.path}", upstream.rev)

    assert caught.value.code == "cache-unusable"


def test_a_source_that_lost_a_file_of_the_directory_cannot_give_it(
    upstream: Upstream, directories: SourceDirectories
) -> None:
    lost, tree = upstream.id("HEAD:lib/a/f").hex, upstream.id("HEAD:lib")
    (upstream.path / ".git" / "objects" / lost[:2] / lost[2:]).unlink()

    with pytest.raises(EkaError):
        fetch(directories, f"file://{upstream.path}", upstream.rev, "lib")

    assert not directories.has(tree)
    assert directories.has(
        fetch(directories, f"file://{upstream.path}", upstream.rev, "lib/a/deep")
    )
