"""Where a publish goes, and what the remote must hold already."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from eka.atom import Aliases
from eka.errors import EkaError
from eka.git import (
    AtomStatus,
    NoRemote,
    PushRefused,
    SourceNotOnRemote,
    SourceNotPushed,
    UnknownRemote,
    choose_remote,
)
from eka.git.remotes import parse_git_url
from tests.fakes.monorepo import SET, Monorepo, list_refs, pushed_set, run

if TYPE_CHECKING:
    from pathlib import Path


def bare(root: Path, name: str) -> Path:
    """Return a new empty repository to publish to."""
    run(root, "init", "-q", "--bare", "-b", "main", name)
    return root / name


@pytest.mark.spec("publish-remote")
def test_without_a_remote_only_an_explicit_wish_publishes_here(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    mono.git("remote", "remove", "origin")

    with pytest.raises(NoRemote):
        mono.publish()
    report = mono.publish(remote=".")

    assert report.remote is None
    assert len(report.new) == 2
    assert set(report.refs) == set(mono.refs())
    assert len(mono.refs()) == 4
    assert mono.publish(remote=".").new == ()


@pytest.mark.spec("publish-immutable", "publish-remote")
def test_a_repository_that_is_its_own_registry_is_as_strict(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.publish(remote=".")
    before = mono.refs()
    mono.write("pkgs/alpha/README", "changed\n")
    mono.commit()

    with pytest.raises(EkaError) as caught:
        mono.publish(remote=".")

    assert (caught.value.code, caught.value.exit_status) == ("version-conflict", 6)
    assert mono.refs() == before


CHOICES: list[tuple[dict[str, str], str | None, str | None, str | None]] = [
    ({}, None, None, "origin"),
    ({"branch.main.remote": "up"}, None, None, "up"),
    ({"branch.main.remote": "up", "remote.pushDefault": "fork"}, None, None, "fork"),
    ({"branch.main.pushRemote": "up", "remote.pushDefault": "fork"}, None, None, "up"),
    ({"branch.main.remote": "."}, None, None, "origin"),
    ({"branch.main.pushRemote": "up"}, None, "fork", "fork"),
    ({"branch.main.pushRemote": "up"}, "origin", "fork", "origin"),
    ({}, ".", "fork", None),
]


@pytest.mark.spec("publish-remote")
@pytest.mark.parametrize(("settings", "argument", "configured", "expected"), CHOICES)
def test_the_remote_is_chosen_in_a_fixed_order(
    tmp_path: Path,
    settings: dict[str, str],
    argument: str | None,
    configured: str | None,
    expected: str | None,
) -> None:
    mono = pushed_set(tmp_path)
    for name in ("up", "fork"):
        mono.git("remote", "add", name, f"https://{name}.example/set.git")
    for key, value in settings.items():
        mono.git("config", key, value)

    remote = choose_remote(
        mono.repository, argument=argument, configured=configured, aliases=Aliases()
    )

    assert (None if remote is None else remote.name) == expected


@pytest.mark.spec("publish-remote")
def test_the_only_remote_is_taken_whatever_its_name(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    mono.git("remote", "rename", "origin", "central")

    assert mono.publish().remote == mono.server.as_uri()


def test_the_set_manifest_names_the_remote(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    second = bare(tmp_path, "second.git")
    mono.git("remote", "add", "second", str(second))
    mono.write("ekala.toml", f'{SET}remote = "second"\n')
    mono.commit()
    mono.git("push", "-q", "second", "main")

    mono.publish()

    assert "refs/atoms/alpha/1.0.0" in list_refs(second)
    assert mono.server_refs() == {}


def test_a_misspelt_remote_gets_a_suggestion(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)

    with pytest.raises(UnknownRemote) as caught:
        mono.publish(remote="orgin")

    assert caught.value.suggestion == "origin"


@pytest.mark.parametrize(
    "url", ["ext::sh -c touch% canary", "--upload-pack=touch canary", "ftp://x/y"]
)
def test_a_remote_that_is_no_repository_address_is_refused(tmp_path: Path, url: str) -> None:
    mono = pushed_set(tmp_path)
    mono.git("config", "remote.origin.url", url)

    with pytest.raises(EkaError) as caught:
        mono.publish()

    assert caught.value.code == "invalid-uri"
    assert not list(tmp_path.rglob("canary"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("git@host.example:owner/set.git", "ssh://git@host.example/owner/set.git"),
        ("work:owner/set.git", "ssh://work/owner/set.git"),
        ("user@[::1]:set", "ssh://user@[::1]/set"),
        ("https://host.example/set", "https://host.example/set"),
        ("../set.git", "file:///base/set.git"),
        ("/srv/set.git", "file:///srv/set.git"),
        ("./a:b", "file:///base/dir/a:b"),
    ],
)
def test_urls_of_git_configuration_are_understood_as_git_does(text: str, expected: str) -> None:
    assert unquote(parse_git_url(text, "/base/dir").text) == expected


@pytest.mark.spec("publish-source")
def test_a_source_that_is_not_on_the_remote_is_not_uploaded(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.atom("beta")
    head = mono.commit()
    before = mono.server_refs()

    with pytest.raises(SourceNotOnRemote) as caught:
        mono.publish()

    assert caught.value.commits == (head,)
    assert mono.server_refs() == before
    assert mono.refs() == {}


@pytest.mark.spec("publish-source")
def test_the_source_is_pushed_on_demand(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.git("branch", "-q", "-m", "work")
    mono.git("config", "branch.work.remote", "origin")
    mono.git("config", "branch.work.merge", "refs/heads/main")
    mono.atom("beta")
    head = mono.commit()

    planned = mono.publish(push_source=True, dry_run=True)
    assert run(mono.server, "rev-parse", "main").strip() != head
    report = mono.publish(push_source=True)

    assert planned.source_pushed == report.source_pushed == "refs/heads/main"
    assert run(mono.server, "rev-parse", "main").strip() == head
    assert len(report.new) == 2


@pytest.mark.spec("publish-source")
def test_the_source_is_pushed_forward_only(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    other = mono.clone()
    other.write("theirs", "")
    theirs = other.commit()
    other.push()
    mono.write("ours", "")
    mono.commit()

    with pytest.raises(SourceNotPushed) as caught:
        mono.publish(push_source=True)

    assert caught.value.exit_status == 6
    assert run(mono.server, "rev-parse", "main").strip() == theirs
    assert mono.server_refs() == {}


@pytest.mark.spec("publish-source")
@pytest.mark.parametrize("obstacle", ["detached", "hook", "aside"])
def test_a_source_that_cannot_be_pushed_by_branch_is_told(tmp_path: Path, obstacle: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.write("new", "")
    mono.commit()
    options: dict[str, object] = {"push_source": True}
    expected = "source-not-pushed"
    if obstacle == "detached":
        mono.git("checkout", "-q", "--detach")
    elif obstacle == "hook":
        mono.write(".git/hooks/pre-push", "#!/bin/sh\n")
        (mono.path / ".git/hooks/pre-push").chmod(0o755)
    else:
        mono.git("checkout", "-q", "-b", "aside", "HEAD~1")
        options["revision"] = "main"
        expected = "source-not-on-remote"

    with pytest.raises(EkaError) as caught:
        mono.publish(**options)

    assert caught.value.code == expected
    assert mono.server_refs() == {}


@pytest.mark.spec("publish-source")
def test_a_source_below_newer_history_of_others_is_found(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    other = mono.clone()
    mono.atom("beta")
    mono.commit()
    mono.git("push", "-q", "origin", "HEAD:refs/heads/topic")
    other.git("fetch", "-q", "origin", "topic")
    other.git("merge", "-q", "FETCH_HEAD")
    other.write("theirs", "")
    other.commit()
    other.push()
    other.git("push", "-q", "origin", ":topic")
    mono.git("update-ref", "-d", "refs/remotes/origin/topic")

    report = mono.publish()

    assert len(report.new) == 2


@pytest.mark.spec("publish-no-origin")
def test_without_origins_a_remote_without_the_source_is_published_to(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.write("later", "")
    mono.commit()
    elsewhere = bare(tmp_path, "elsewhere.git")

    report = mono.publish(remote=str(elsewhere), no_origin=True)

    assert set(list_refs(elsewhere)) == {"refs/atoms/alpha/1.0.0", "refs/ekala/init"}
    assert run(elsewhere, "rev-list", "--count", "--all").strip() == "2"
    assert run(elsewhere, "fsck", "--strict") == ""
    assert report.new[0].origin == report.commit


@pytest.mark.spec("publish-same-commit")
def test_mirrors_agree_on_ids_though_published_from_different_commits(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    first = mono.publish()
    mono.atom("beta")
    mono.commit()
    mono.push()
    mirror = bare(tmp_path, "mirror.git")
    mono.git("push", "-q", str(mirror), "main")

    second = mono.publish(remote=str(mirror))

    assert [atom.status for atom in second.atoms] == [AtomStatus.NEW, AtomStatus.NEW]
    assert second.atoms[0].commit == first.atoms[0].commit
    assert list_refs(mirror)["refs/atoms/alpha/1.0.0"] == first.atoms[0].commit.hex
    assert f"refs/ekala/origins/{first.commit.hex}" in list_refs(mirror)


@pytest.mark.spec("publish-immutable")
def test_a_version_that_is_published_here_cannot_differ_elsewhere(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.publish()
    mono.write("pkgs/alpha/README", "changed\n")
    mono.commit()
    mirror = bare(tmp_path, "mirror.git")
    mono.git("push", "-q", str(mirror), "main")

    with pytest.raises(EkaError) as caught:
        mono.publish(remote=str(mirror))

    assert caught.value.code == "version-conflict"
    assert list_refs(mirror) == {}


@pytest.mark.spec("publish-atomic")
def test_a_server_that_declines_one_ref_gets_none(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    hook = mono.server / "hooks" / "update"
    hook.write_text(
        '#!/bin/sh\ncase $1 in *beta*) echo "not you: \x1b[31m$1" >&2; exit 1;; esac\n'
    )
    hook.chmod(0o755)

    with pytest.raises(PushRefused) as caught:
        mono.publish()

    assert mono.server_refs() == {}
    assert mono.refs() == {}
    assert "hook declined" in caught.value.why
    assert "\x1b" not in str(caught.value)


@pytest.mark.spec("publish-immutable", "ref-immutable")
@pytest.mark.parametrize("how", ["fast-forward", "force", "delete-and-create"])
def test_a_remote_that_moved_a_version_is_noticed(tmp_path: Path, how: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    published = mono.publish().atoms[0]
    ref, commit = published.ref, published.commit.hex
    if how == "fast-forward":  # git itself lets this pass
        moved = mono.git("commit-tree", "-p", commit, "-m", "x", published.tree.hex).strip()
        mono.git("push", "-q", "origin", f"{moved}:{ref}")
    else:  # a sound atom commit, of another content
        evil = Monorepo(tmp_path, name="evil")
        evil.git("pull", "-q", "origin", "main")
        evil.write("pkgs/alpha/README", "evil\n")
        evil.commit()
        moved = evil.publish(remote=".").atoms[0].commit.hex
        if how == "delete-and-create":
            evil.git("push", "-q", "origin", f":{ref}")
        evil.git("push", "-q", "--force", "origin", f"{moved}:{ref}")

    with pytest.raises(EkaError) as caught:
        mono.publish()

    assert (caught.value.code, caught.value.exit_status) == ("version-conflict", 6)
    assert (mono.refs()[ref], mono.server_refs()[ref]) == (commit, moved)


@pytest.mark.spec("publish-race")
def test_an_answer_that_is_lost_after_the_work_was_done_is_no_failure(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    hook = mono.server / "hooks" / "reference-transaction"
    hook.write_text('#!/bin/sh\n[ "$1" = committed ] && kill -9 $PPID\nexit 0\n')
    hook.chmod(0o755)

    report = mono.publish()

    assert [atom.status for atom in report.atoms] == [AtomStatus.NEW] * 2
    assert set(report.refs) == set(mono.server_refs())
    assert mono.refs() == mono.server_refs()


def test_a_connection_that_breaks_before_the_work_is_done_is_a_failure(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    hook = mono.server / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)

    with pytest.raises(EkaError) as caught:
        mono.publish()

    assert caught.value.exit_status == 4
    assert mono.server_refs() == {}
    assert mono.refs() == {}


@pytest.mark.parametrize("name", ["with space", "per%20cent", "é中", 'quo"te', "back\\slash"])
def test_repositories_may_lie_below_any_directory(tmp_path: Path, name: str) -> None:
    mono = pushed_set(tmp_path / name, "alpha")

    first = mono.publish()
    mono.commit("Later")
    mono.git("update-ref", "-d", "refs/atoms/alpha/1.0.0")
    mono.push()

    assert len(first.new) == 1
    assert mono.publish().new == ()
    assert mono.refs().items() <= mono.server_refs().items()
