"""Publishing, judged by real git: what is written, what counts as published, what stays away."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from eka.atom import AtomCommit, CommitFormat, ObjectId
from eka.errors import Problems
from eka.git import AtomStatus, VersionConflict
from tests.fakes.monorepo import SET, Monorepo, list_refs, pushed_set, run

if TYPE_CHECKING:
    from pathlib import Path


def body(path: Path, oid: str) -> bytes:
    """Return the raw body of a commit."""
    return run(path, "cat-file", "commit", oid).encode()


@pytest.mark.spec("ref-version", "ref-init", "ref-origins", "publish-local-last")
def test_a_publish_leaves_one_ref_per_version_and_few_for_the_set(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta", "gamma")
    head = mono.git("rev-parse", "HEAD").strip()

    report = mono.publish()

    assert set(mono.server_refs()) == {
        "refs/atoms/alpha/1.0.0",
        "refs/atoms/beta/1.0.0",
        "refs/atoms/gamma/1.0.0",
        "refs/ekala/init",
        f"refs/ekala/origins/{head}",
    }
    assert mono.refs() == mono.server_refs()
    assert set(report.refs) == set(mono.server_refs())
    assert [atom.status for atom in report.atoms] == [AtomStatus.NEW] * 3
    assert report.remote == mono.server.as_uri()


@pytest.mark.spec("commit-bytes", "publish-tree-policy")
def test_real_git_finds_nothing_wrong_with_what_is_published(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    run(mono.server, "config", "receive.fsckObjects", "true")

    report = mono.publish()

    for path in (mono.path, mono.server):
        assert run(path, "fsck", "--strict", "--full", "--no-dangling") == ""
    for atom in report.atoms:
        commit = AtomCommit.decode(body(mono.server, atom.commit.hex))
        tree = run(mono.path, "rev-parse", f"HEAD:{atom.path}").strip()
        assert (commit.tree.hex, commit.path) == (tree, atom.path)
        assert commit.id() == atom.commit


@pytest.mark.spec("publish-unchanged")
def test_publishing_again_changes_nothing(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    mono.publish()
    before = (mono.server_refs(), mono.files())

    report = mono.publish()

    assert (mono.server_refs(), mono.files()) == before
    assert [atom.status for atom in report.atoms] == [AtomStatus.UNCHANGED] * 2
    assert report.refs == ()


@pytest.mark.spec("publish-unchanged")
def test_an_unchanged_atom_of_a_later_commit_is_not_new(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    first = mono.publish()
    mono.atom("beta", "1.1.0")
    mono.commit()
    mono.push()

    second = mono.clone().publish()

    alpha, beta = second.atoms
    assert (alpha.status, beta.status) == (AtomStatus.UNCHANGED, AtomStatus.NEW)
    assert (alpha.origin, alpha.commit) == (first.commit, first.atoms[0].commit)
    assert beta.origin == second.commit


@pytest.mark.spec("publish-immutable", "publish-all-problems", "publish-atomic")
def test_another_content_under_a_published_version_leaves_nothing_behind(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta", "gamma")
    mono.publish("alpha", "beta")
    for label in ("alpha", "beta"):
        mono.write(f"pkgs/{label}/README", "changed\n")
    mono.commit()
    mono.push()
    before = (mono.server_refs(), mono.refs(), mono.files())

    with pytest.raises(Problems) as caught:
        mono.publish()

    assert [problem.code for problem in caught.value.problems] == ["version-conflict"] * 2
    assert caught.value.worst == 6
    assert (mono.server_refs(), mono.refs(), mono.files()) == before


@pytest.mark.spec("publish-immutable")
def test_a_conflict_is_found_without_any_local_record(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    published = mono.publish().atoms[0]
    mono.write("pkgs/alpha/README", "changed\n")
    mono.commit()
    mono.push()

    with pytest.raises(VersionConflict) as caught:
        mono.clone().publish()

    assert caught.value.exit_status == 6
    assert caught.value.found == published.tree.hex
    assert caught.value.version == "1.0.0"


ENVIRONMENTS: list[tuple[dict[str, str], int, list[tuple[str, str]]]] = [
    ({"TZ": "Asia/Kathmandu", "LANG": "de_DE.ISO-8859-1", "LC_ALL": "tr_TR.UTF-8"}, 0o022, []),
    (
        {
            "GIT_AUTHOR_NAME": "Ünsal",
            "GIT_AUTHOR_DATE": "@1 +0500",
            "GIT_COMMITTER_DATE": "@9 +0000",
        },
        0o077,
        [
            ("core.autocrlf", "true"),
            ("i18n.commitEncoding", "ISO-8859-1"),
            ("commit.gpgSign", "true"),
            ("user.name", "Somebody Else"),
            ("core.compression", "0"),
            ("pack.indexVersion", "1"),
            ("push.gpgSign", "if-asked"),
            ("push.followTags", "true"),
            ("push.default", "nothing"),
        ],
    ),
]


@pytest.mark.spec("commit-bytes", "commit-no-person")
@pytest.mark.parametrize(("env", "umask", "settings"), ENVIRONMENTS)
def test_every_environment_gives_the_same_ids(
    tmp_path: Path, env: dict[str, str], umask: int, settings: list[tuple[str, str]]
) -> None:
    mono = pushed_set(tmp_path, "alpha", "über")
    expected = mono.publish(remote=".").atoms
    other = mono.clone("other")
    other.env |= env
    for key, value in settings:
        other.git("config", key, value)
    old = os.umask(umask)
    try:
        found = other.publish().atoms
    finally:
        os.umask(old)

    assert [(a.label, a.commit) for a in found] == [(a.label, a.commit) for a in expected]


@pytest.mark.spec("discover-commit")
def test_another_revision_can_be_published(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    old = mono.git("rev-parse", "HEAD").strip()
    mono.atom("alpha", "2.0.0")
    mono.commit()
    mono.push()
    mono.write("pkgs/alpha/atom.toml", "not committed, and no TOML")

    report = mono.publish(revision="HEAD~1")

    assert report.commit == ObjectId(old)
    assert report.left_out == ()
    assert "refs/atoms/alpha/1.0.0" in mono.server_refs()


def test_an_atom_may_be_the_whole_repository(tmp_path: Path) -> None:
    mono = Monorepo(tmp_path)
    mono.write("ekala.toml", '[set]\npackages = ["."]\n')
    mono.atom("whole", path=".")
    mono.commit()
    mono.push()

    (atom,) = mono.publish().atoms

    assert atom.path == "."
    assert atom.tree.hex == mono.git("rev-parse", "HEAD^{tree}").strip()


def test_one_label_of_many_can_be_published(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")

    report = mono.publish("beta")

    assert [atom.label.text for atom in report.atoms] == ["beta"]
    assert "refs/atoms/alpha/1.0.0" not in mono.server_refs()


def test_a_dry_run_tells_everything_and_writes_nothing(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    before = (mono.server_refs(), mono.files())

    planned = mono.publish(dry_run=True)

    assert (mono.server_refs(), mono.files()) == before
    assert not (mono.path / ".git" / "eka.lock").exists()
    done = mono.publish()
    assert (planned.atoms, planned.refs) == (done.atoms, done.refs)
    assert (planned.dry_run, done.dry_run) == (True, False)


@pytest.mark.spec("ref-layout-eka", "ref-layouts-agree", "commit-format-pre1")
@pytest.mark.parametrize("commit_format", [CommitFormat.PRE1, CommitFormat.PRE1_0])
def test_a_set_can_be_published_in_a_format_of_the_wild(
    tmp_path: Path, commit_format: CommitFormat
) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.write("ekala.toml", f'{SET}format = "{commit_format}"\n')
    head = mono.commit()
    mono.push()

    (atom,) = mono.publish().atoms

    refs = mono.server_refs()
    assert set(refs) == {
        "refs/ekala/init",
        "refs/eka/atoms/alpha/1.0.0",
        "refs/eka/meta/alpha/1.0.0/manifest",
        "refs/eka/meta/alpha/1.0.0/origin",
    }
    assert refs["refs/eka/meta/alpha/1.0.0/origin"] == head
    blob = mono.git("rev-parse", "HEAD:pkgs/alpha/atom.toml").strip()
    assert refs["refs/eka/meta/alpha/1.0.0/manifest"] == blob
    commit = AtomCommit.decode(body(mono.server, atom.commit.hex))
    assert (commit.format, commit.manifest) == (commit_format, None)
    assert mono.publish().new == ()
    assert run(mono.server, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("ref-layouts-agree")
def test_a_version_of_another_layout_is_published(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.write("ekala.toml", f'{SET}format = "pre1"\n')
    mono.commit()
    mono.push()
    mono.publish()
    mono.write("ekala.toml", SET)
    mono.commit()
    mono.push()

    (atom,) = mono.publish().atoms

    assert (atom.status, atom.ref) == (AtomStatus.UNCHANGED, "refs/eka/atoms/alpha/1.0.0")


def test_repositories_named_by_sha256_are_published(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta", algorithm="sha256")
    first = mono.publish()
    mono.atom("beta", "2.0.0")
    mono.commit()
    mono.push()

    second = mono.clone().publish()

    assert {len(oid) for oid in mono.server_refs().values()} == {64}
    assert [atom.status.value for atom in second.atoms] == ["unchanged", "new"]
    assert second.atoms[0].commit == first.atoms[0].commit
    assert run(mono.server, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("publish-create-only")
def test_more_atoms_than_leases_on_one_command_line_are_as_safe(tmp_path: Path) -> None:
    count = 300
    mono = pushed_set(tmp_path, *(f"a{number}" for number in range(count)))
    report = mono.publish()
    assert len(report.new) == count
    names = sorted(mono.server_refs())

    # A version nobody has here is taken meanwhile by a commit that would be a fast-forward.
    for name in names:
        if name.startswith("refs/atoms/"):
            mono.git("update-ref", "-d", name)
    last = f"refs/atoms/a{count - 1}/1.0.0"
    child = mono.git("commit-tree", "-p", "HEAD", "-m", "x", "HEAD^{tree}").strip()
    mono.git("push", "-q", "--force", "origin", f"{child}:{last}")

    with pytest.raises(VersionConflict):
        mono.publish()

    assert list_refs(mono.server)[last] == child


@pytest.mark.parametrize("kind", ["worktree", "subdirectory", "bare"])
def test_a_set_is_published_from_wherever_its_repository_is(tmp_path: Path, kind: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    if kind == "worktree":
        mono.git("worktree", "add", "-q", str(tmp_path / "linked"))
        mono.path = tmp_path / "linked"
    elif kind == "subdirectory":
        mono.path = mono.path / "pkgs" / "alpha"
    else:
        run(tmp_path, "clone", "-q", "--bare", mono.server.as_uri(), "bare.git")
        mono.path = tmp_path / "bare.git"

    report = mono.publish()

    assert len(report.new) == 1
    assert mono.refs() == mono.server_refs()
