"""The genesis of a set: chosen once, recorded, from then on only checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import Genesis, ObjectId
from eka.errors import EkaError
from eka.git import (
    AmbiguousGenesis,
    GenesisConflict,
    HistoryExists,
    InitRequest,
    InvalidGenesis,
    ShallowClone,
    SourceNotOnRemote,
    check_genesis,
    find_roots,
    first_commit,
    init_set,
    recorded_genesis,
)
from tests.fakes.monorepo import SET, Monorepo, list_refs, pushed_set, run

if TYPE_CHECKING:
    from pathlib import Path

INIT = "refs/ekala/init"


def root_of(mono: Monorepo, revision: str = "HEAD") -> str:
    """Return the only root of a history."""
    (root,) = mono.git("rev-list", "--max-parents=0", revision).split()
    return root


def merge_unrelated(mono: Monorepo, *, date: str) -> str:
    """Merge a history of its own into HEAD, dated as wished; return its root."""
    when = {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    tree = mono.git("write-tree").strip()
    other = mono.git("commit-tree", "-m", "Another beginning", tree, env=when).strip()
    mono.git("merge", "-q", "--allow-unrelated-histories", "-m", "Merge", other)
    return other


@pytest.mark.spec("genesis-choice", "genesis-record")
def test_the_only_first_commit_is_the_genesis(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    mono.commit("Later")

    report = init_set(mono.repository, InitRequest())

    assert report.genesis == ObjectId(root_of(mono))
    assert (report.is_new, report.is_pushed) == (True, False)
    assert mono.refs() == {INIT: root_of(mono)}
    assert mono.server_refs() == {}
    assert init_set(mono.repository, InitRequest()).is_new is False


@pytest.mark.spec("genesis-record")
def test_the_remote_can_learn_the_genesis_at_once(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)

    report = init_set(mono.repository, InitRequest(push=True))

    assert report.is_pushed
    assert mono.server_refs() == {INIT: root_of(mono)}
    again = init_set(mono.clone().repository, InitRequest(push=True))
    assert (again.genesis, again.is_new, again.is_pushed) == (report.genesis, True, False)


def test_a_dry_run_records_nothing(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)

    report = init_set(mono.repository, InitRequest(push=True, dry_run=True))

    assert report.genesis == ObjectId(root_of(mono))
    assert (mono.refs(), mono.server_refs()) == ({}, {})


def test_a_genesis_is_not_pushed_where_its_history_is_not(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    run(tmp_path, "init", "-q", "--bare", "empty.git")

    with pytest.raises(SourceNotOnRemote):
        init_set(mono.repository, InitRequest(push=True, remote=str(tmp_path / "empty.git")))

    assert list_refs(tmp_path / "empty.git") == {}


def test_without_a_commit_there_is_no_genesis_yet(tmp_path: Path) -> None:
    mono = Monorepo(tmp_path)

    report = init_set(mono.repository, InitRequest())

    assert (report.genesis, report.roots) == (None, ())
    assert mono.refs() == {}


def test_a_first_commit_can_be_made_of_some_files_alone(tmp_path: Path) -> None:
    mono = Monorepo(tmp_path)
    mono.write("ekala.toml", SET)
    mono.write("staged", "x")
    mono.git("add", "staged")
    mono.git("config", "user.name", "Ann")
    mono.git("config", "user.email", "ann@example.org")

    commit = first_commit(mono.repository, {"ekala.toml": SET.encode()}, "Start a set")

    assert mono.git("rev-parse", "main").strip() == commit.hex
    assert mono.git("ls-tree", "-r", "--name-only", "HEAD").split() == ["ekala.toml"]
    assert mono.git("status", "--porcelain").splitlines() == ["A  staged"]
    assert init_set(mono.repository, InitRequest()).genesis == commit
    with pytest.raises(HistoryExists):
        first_commit(mono.repository, {}, "Again")


@pytest.mark.spec("genesis-choice")
def test_s06_of_several_first_commits_a_person_chooses(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    root = root_of(mono)
    old = merge_unrelated(mono, date="2001-01-01T00:00:00Z")
    mono.push()

    asked = init_set(mono.repository, InitRequest())
    with pytest.raises(AmbiguousGenesis) as caught:
        mono.publish()

    assert asked.genesis is None
    assert [each.oid.hex for each in asked.roots] == [old, root]
    assert caught.value.roots == (old, root)
    assert mono.refs() == {}
    chosen = init_set(mono.repository, InitRequest(genesis=ObjectId(root)))
    assert chosen.genesis == ObjectId(root)
    assert mono.publish().genesis == ObjectId(root)


def test_a_publish_can_carry_the_choice(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    old = merge_unrelated(mono, date="2001-01-01T00:00:00Z")
    mono.push()

    assert mono.publish(genesis=ObjectId(old)).genesis == ObjectId(old)
    assert mono.server_refs()[INIT] == old


@pytest.mark.spec("genesis-check")
def test_s06_merging_an_older_history_changes_nothing(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    before = mono.publish().genesis
    merge_unrelated(mono, date="1990-01-01T00:00:00Z")
    mono.atom("beta")
    mono.commit()
    mono.push()

    after = mono.clone().publish()

    assert after.genesis == before
    assert len(after.new) == 1


@pytest.mark.spec("genesis-record")
def test_a_clone_learns_the_genesis_from_the_remote(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    root = root_of(mono)
    merge_unrelated(mono, date="2001-01-01T00:00:00Z")
    mono.push()
    mono.publish(genesis=ObjectId(root))
    clone = mono.clone()
    assert recorded_genesis(clone.repository) is None

    report = clone.publish()

    assert report.genesis == ObjectId(root)
    assert recorded_genesis(clone.repository) == ObjectId(root)


@pytest.mark.spec("ref-layout-old")
def test_the_tag_of_the_oldest_sets_tells_the_genesis(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    root = root_of(mono)
    merge_unrelated(mono, date="2001-01-01T00:00:00Z")
    mono.push()
    run(mono.server, "update-ref", "refs/tags/ekala/root/v1", root)

    assert mono.publish().genesis == ObjectId(root)


@pytest.mark.spec("genesis-record")
def test_records_that_differ_are_an_error(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    mono.publish()
    other = merge_unrelated(mono, date="2001-01-01T00:00:00Z")
    mono.push()
    mono.git("update-ref", INIT, other)
    before = mono.server_refs()

    for action in (mono.publish, lambda: init_set(mono.repository, InitRequest())):
        with pytest.raises(GenesisConflict) as caught:
            action()
        assert caught.value.exit_status == 6
        assert caught.value.expected == before[INIT]
    with pytest.raises(GenesisConflict):
        mono.clone().publish(genesis=ObjectId(other))
    assert mono.server_refs() == before


@pytest.mark.spec("genesis-check")
@pytest.mark.parametrize("kind", ["later", "unrelated", "tree", "absent"])
def test_s06_a_record_that_begins_no_history_is_refused(tmp_path: Path, kind: str) -> None:
    mono = pushed_set(tmp_path)
    later = mono.commit("Later")
    mono.push()
    tree = mono.git("rev-parse", "HEAD^{tree}").strip()
    wrong = {
        "later": later,
        "unrelated": mono.git("commit-tree", "-m", "Elsewhere", tree).strip(),
        "tree": tree,
        "absent": "12" * 20,
    }[kind]

    with pytest.raises(InvalidGenesis):
        check_genesis(mono.repository, Genesis(ObjectId(wrong)), ObjectId(later))
    if kind != "absent":
        run(mono.server, "fetch", "-q", str(mono.path), wrong)
        run(mono.server, "update-ref", INIT, wrong)
        with pytest.raises(InvalidGenesis):
            mono.publish()
    assert mono.refs() == {}


@pytest.mark.spec("genesis-shallow")
def test_s06_a_shallow_clone_is_refused_with_the_way_out(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    mono.commit("Later")
    mono.push()
    shallow = mono.clone("shallow", "--depth=1")

    for action in (shallow.publish, lambda: init_set(shallow.repository, InitRequest())):
        with pytest.raises(ShallowClone) as caught:
            action()
        assert "fetch-depth: 0" in caught.value.fix
    shallow.git("fetch", "-q", "--unshallow")
    assert shallow.publish().genesis == ObjectId(root_of(mono))


@pytest.mark.spec("genesis-no-substitutes")
@pytest.mark.parametrize("trick", ["replace", "grafts"])
def test_s06_replaced_and_grafted_history_does_not_count(tmp_path: Path, trick: str) -> None:
    mono = pushed_set(tmp_path)
    root = root_of(mono)
    head = mono.commit("Later")
    mono.push()
    if trick == "replace":
        orphan = mono.git("commit-tree", "-m", "Looks first", "HEAD^{tree}").strip()
        mono.git("replace", head, orphan)
    else:
        mono.write(".git/info/grafts", f"{head}\n")
    assert mono.git("rev-list", "--max-parents=0", "HEAD").split() != [root]

    roots = find_roots(mono.repository, ObjectId(head))
    report = mono.publish()

    assert [each.oid.hex for each in roots] == [root]
    assert report.genesis == ObjectId(root)
    with pytest.raises(EkaError) as caught:
        check_genesis(mono.repository, Genesis(ObjectId(head)), ObjectId(head))
    assert caught.value.code == "invalid-genesis"


def test_first_commits_of_one_second_are_ordered_by_id(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    same = mono.git("log", "-1", "--format=%cI", root_of(mono)).strip()
    merge_unrelated(mono, date=same)

    roots = find_roots(mono.repository, ObjectId(mono.git("rev-parse", "HEAD").strip()))

    assert roots[0].committed_s == roots[1].committed_s
    assert roots[0].oid < roots[1].oid
