"""Source commits are reached: filtered where the server can, fully elsewhere."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from eka.atom import Aliases, Genesis, ObjectId, SourceUrl, parse_source_url
from eka.git import (
    GitRunner,
    Lineage,
    NetworkFailed,
    ObjectMissing,
    ObjectsUnavailable,
    SourceNotFound,
)
from eka.git.history import SourceHistory
from tests.servers.git_http import Behaviour, serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_set import GitSet

NO_ALIASES = Aliases()
MISSING = ObjectId("1" * 40)


def history(tmp_path: Path, url: SourceUrl, runner: GitRunner) -> SourceHistory:
    return SourceHistory(tmp_path / "history", url, runner, timeout_s=60)


@pytest.fixture
def commits(source: GitSet) -> list[ObjectId]:
    """Ten source commits, each with one file changed."""
    return [source.commit({f"pkgs/p{n % 3}/file": "x" * 2000 + str(n)}) for n in range(10)]


@pytest.mark.parametrize("offers_filters", [True, False])
def test_ancestry_and_trees_are_reached_whatever_the_server_can(
    source: GitSet,
    url: SourceUrl,
    runner: GitRunner,
    tmp_path: Path,
    commits: list[ObjectId],
    *,
    offers_filters: bool,
) -> None:
    source.git("config", "uploadpack.allowFilter", str(offers_filters).lower())
    reached = history(tmp_path, url, runner)

    reader = reached.reader(commits[-1])

    assert reader.commit(commits[0])
    found = reader.find(source.oid("HEAD^{tree}"), "pkgs/p0")
    assert found is not None
    assert found.oid == source.oid("HEAD:pkgs/p0")
    assert reached.lineage(commits[-1], source.genesis) is Lineage.ANCESTOR


def test_where_the_server_filters_no_file_is_fetched(
    source: GitSet, runner: GitRunner, tmp_path: Path, commits: list[ObjectId]
) -> None:
    source.git("config", "uploadpack.allowFilter", "true")
    blob = source.oid("HEAD:pkgs/p0/file")

    with serve(source.path.parent) as server:
        url = parse_source_url(f"{server.url}/set", NO_ALIASES)
        reader = history(tmp_path, url, runner).reader(commits[-1])

    with pytest.raises(ObjectMissing):
        reader.blob(blob)
    with pytest.raises(ObjectMissing):
        reader.tree(source.oid(f"{commits[0].hex}^{{tree}}"))


def test_a_later_commit_costs_only_what_is_new(
    source: GitSet, runner: GitRunner, tmp_path: Path, commits: list[ObjectId]
) -> None:
    source.git("config", "uploadpack.allowFilter", "true")

    with serve(source.path.parent) as server:
        url = parse_source_url(f"{server.url}/set", NO_ALIASES)
        history(tmp_path, url, runner).reader(commits[-2])
        server.log.clear()
        again = history(tmp_path, url, runner)
        again.reader(commits[-2])
        unasked = len(server.log)
        again.reader(commits[-1])

    assert unasked == 0
    assert b"have " + commits[-2].hex.encode() in bytes(server.log[1].request)
    assert again.lineage(commits[-1], source.genesis) is Lineage.ANCESTOR


@pytest.mark.parametrize("offers_filters", [True, False])
def test_many_source_commits_are_reached_in_two_requests(
    source: GitSet,
    runner: GitRunner,
    tmp_path: Path,
    commits: list[ObjectId],
    *,
    offers_filters: bool,
) -> None:
    source.git("config", "uploadpack.allowFilter", str(offers_filters).lower())
    unrelated = ObjectId(source.git("commit-tree", "-m", "x", "HEAD^{tree}"))

    with serve(source.path.parent) as server:
        url = parse_source_url(f"{server.url}/set", NO_ALIASES)
        reached = history(tmp_path, url, runner)
        reached.prepare([*commits, unrelated])
        asked = sum(exchange.method == "POST" for exchange in server.log)
        lineages = [reached.lineage(commit, source.genesis) for commit in commits]
        stranger = reached.lineage(unrelated, source.genesis)
        found = [
            reached.trees(commit).at(source.oid(f"{commit.hex}^{{tree}}"), "pkgs/p0")
            for commit in commits
        ]
        assert sum(exchange.method == "POST" for exchange in server.log) == asked

    assert asked == (2 if offers_filters else 1)
    assert lineages == [Lineage.ANCESTOR] * len(commits)
    assert stranger is Lineage.STRANGER
    assert found == [source.oid(f"{commit.hex}:pkgs/p0") for commit in commits]


def test_source_commits_that_are_gone_do_not_keep_the_others_away(
    source: GitSet, url: SourceUrl, runner: GitRunner, tmp_path: Path, commits: list[ObjectId]
) -> None:
    gone = [ObjectId(f"{number:040x}") for number in range(1, 4)]
    reached = history(tmp_path, url, runner)

    reached.prepare([gone[0], *commits, *gone[1:]])

    assert reached.lineage(commits[3], source.genesis) is Lineage.ANCESTOR
    with pytest.raises(ObjectsUnavailable):
        reached.reader(gone[0])


def test_a_source_without_any_source_commit_is_soon_left_alone(
    source: GitSet, runner: GitRunner, tmp_path: Path
) -> None:
    gone = [ObjectId(f"{number:040x}") for number in range(1, 60)]

    with serve(source.path.parent) as server:
        url = parse_source_url(f"{server.url}/set", NO_ALIASES)
        reached = history(tmp_path, url, runner)
        reached.prepare(gone)
        for origin in gone:
            for ask in (reached.reader, reached.trees):
                with pytest.raises(ObjectsUnavailable):
                    ask(origin)
        asked = sum(exchange.method == "POST" for exchange in server.log)

    assert asked <= 16


def test_a_source_that_does_not_answer_is_asked_once(
    source: GitSet, runner: GitRunner, tmp_path: Path, commits: list[ObjectId]
) -> None:
    with serve(source.path.parent, Behaviour(failures=[500] * 99)) as server:
        url = parse_source_url(f"{server.url}/set", NO_ALIASES)
        reached = history(tmp_path, url, runner)
        for commit in commits:
            with pytest.raises(NetworkFailed):
                reached.lineage(commit, source.genesis)
        asked = len(server.log)

    assert asked <= 2


def test_hundreds_of_source_commits_stay_reached(
    source: GitSet, url: SourceUrl, runner: GitRunner, tmp_path: Path
) -> None:
    stream = "".join(
        f"commit refs/heads/main\ncommitter A <a@example.org> {n} +0000\ndata 1\nx\n"
        + (f"from {source.genesis.hex}\n" if not n else "")
        + f"M 644 inline file\ndata {len(str(n))}\n{n}\n"
        for n in range(120)
    )
    source.git("fast-import", "--quiet", "--force", stdin=stream.encode())
    commits = [ObjectId(line) for line in source.git("rev-list", "main").split()]

    history(tmp_path, url, runner).prepare(commits)
    source.path.rename(source.path.with_name("away"))
    again = history(tmp_path, url, runner)
    again.prepare(commits)

    assert {again.lineage(commit, source.genesis) for commit in commits} == {Lineage.ANCESTOR}


def test_an_old_server_gives_everything(
    source: GitSet, runner: GitRunner, tmp_path: Path, commits: list[ObjectId]
) -> None:
    source.git("update-ref", f"refs/ekala/origins/{commits[4].hex}", commits[4].hex)

    with serve(source.path.parent, Behaviour(speaks_v2=False)) as server:
        url = parse_source_url(f"{server.url}/set", NO_ALIASES)
        reached = history(tmp_path, url, runner)
        assert reached.lineage(commits[4], source.genesis) is Lineage.ANCESTOR
        with pytest.raises(ObjectsUnavailable):
            reached.reader(MISSING)


def test_another_root_is_a_stranger(
    source: GitSet, url: SourceUrl, runner: GitRunner, tmp_path: Path
) -> None:
    unrelated = ObjectId(source.git("commit-tree", "-m", "x", "HEAD^{tree}"))
    child = ObjectId(source.git("commit-tree", "-m", "x", "-p", unrelated.hex, "HEAD^{tree}"))
    reached = history(tmp_path, url, runner)

    assert reached.lineage(child, source.genesis) is Lineage.STRANGER
    assert reached.lineage(child, Genesis(unrelated)) is Lineage.ANCESTOR
    assert reached.lineage(source.genesis, Genesis(unrelated)) is Lineage.STRANGER
    assert reached.lineage(child, Genesis(MISSING)) is Lineage.STRANGER


@pytest.mark.spec("level-ancestry")
def test_a_commit_with_parents_is_no_genesis(
    url: SourceUrl, runner: GitRunner, tmp_path: Path, commits: list[ObjectId]
) -> None:
    reached = history(tmp_path, url, runner)

    assert reached.lineage(commits[-1], Genesis(commits[3])) is Lineage.NOT_A_ROOT


@pytest.mark.spec("ancestry-raw")
def test_the_boundary_of_a_shallow_source_is_no_root(
    source: GitSet, runner: GitRunner, tmp_path: Path, commits: list[ObjectId]
) -> None:
    shallow = tmp_path / "shallow"
    command = ["git", "clone", "-q", "--depth=3", f"file://{source.path}", str(shallow)]
    subprocess.run(command, check=True)
    url = SourceUrl("file", None, str(shallow))
    reached = history(tmp_path, url, runner)

    assert reached.lineage(commits[-1], source.genesis) is Lineage.SHALLOW
    assert reached.lineage(commits[-1], Genesis(commits[-3])) is Lineage.NOT_A_ROOT


@pytest.mark.spec("ancestry-raw")
def test_replaced_parents_do_not_count(
    source: GitSet, url: SourceUrl, runner: GitRunner, tmp_path: Path, commits: list[ObjectId]
) -> None:
    stranger = ObjectId(source.git("commit-tree", "-m", "x", "HEAD^{tree}"))
    source.git("update-ref", "refs/heads/stranger", stranger.hex)
    source.git("replace", "--graft", commits[0].hex, stranger.hex)
    reached = history(tmp_path, url, runner)

    assert reached.lineage(commits[-1], source.genesis) is Lineage.ANCESTOR
    assert reached.lineage(commits[-1], Genesis(stranger)) is Lineage.STRANGER


@pytest.mark.spec("ancestry-raw")
def test_a_source_that_hides_parents_by_a_graft_proves_nothing(
    source: GitSet, url: SourceUrl, runner: GitRunner, tmp_path: Path, commits: list[ObjectId]
) -> None:
    stranger = ObjectId(source.git("commit-tree", "-m", "x", "HEAD^{tree}"))
    grafts = source.git_dir / "info" / "grafts"
    grafts.write_text(f"{commits[4].hex} {stranger.hex}\n")

    grafted = history(tmp_path, url, runner)

    assert grafted.lineage(commits[-1], source.genesis) is Lineage.SHALLOW
    assert grafted.lineage(commits[-1], Genesis(stranger)) is Lineage.SHALLOW
    grafts.unlink()
    assert history(tmp_path, url, runner).lineage(commits[-1], source.genesis) is Lineage.ANCESTOR


def test_a_source_that_is_gone_is_not_found(runner: GitRunner, tmp_path: Path) -> None:
    url = SourceUrl("file", None, str(tmp_path / "gone"))

    with pytest.raises(SourceNotFound):
        history(tmp_path, url, runner).reader(MISSING)


def test_two_addresses_with_other_passwords_share_one_history(
    runner: GitRunner, tmp_path: Path
) -> None:
    one = SourceUrl("https", "example.org", "/set", "me", "s3cret")
    two = SourceUrl("https", "example.org", "/set")

    assert history(tmp_path, one, runner).git_dir == history(tmp_path, two, runner).git_dir


def test_a_damaged_history_is_made_anew(
    source: GitSet, url: SourceUrl, runner: GitRunner, tmp_path: Path, commits: list[ObjectId]
) -> None:
    git_dir = history(tmp_path, url, runner).git_dir
    history(tmp_path, url, runner).reader(commits[-1])
    for path in (git_dir / "objects" / "pack").iterdir():
        path.chmod(0o600)
        path.write_bytes(path.read_bytes()[:100])

    again = history(tmp_path, url, runner)

    assert again.lineage(commits[-1], source.genesis) is Lineage.ANCESTOR
