"""Publishes that need several pushes, and remotes that hold strange things."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from eka.errors import EkaError
from eka.git import (
    InitRequest,
    NotARepository,
    PublishRequest,
    PublishStage,
    VersionConflict,
    init_set,
)
from eka.git.registries import MAX_REFS_PER_PUSH
from tests.fakes.monorepo import SET, Monorepo, pushed_set, run

if TYPE_CHECKING:
    from pathlib import Path

LABELS = tuple(f"a{number}" for number in range(8))


def leave_to_git(mono: Monorepo) -> None:
    """Let the person have a setting that only git itself interprets."""
    file = mono.root / "gitconfig"
    file.write_text('[protocol "file"]\n\tallow = user\n')
    mono.env["GIT_CONFIG_GLOBAL"] = str(file)


@pytest.mark.spec("publish-atomic")
@pytest.mark.parametrize("commit_format", ["2", "pre1"])
def test_several_pushes_bring_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, commit_format: str
) -> None:
    monkeypatch.setitem(MAX_REFS_PER_PUSH, "file", 3)
    mono = pushed_set(tmp_path, *LABELS)
    leave_to_git(mono)
    mono.write("ekala.toml", f'{SET}format = "{commit_format}"\n')
    mono.commit()
    mono.push()

    report = mono.publish()

    assert len(report.new) == len(LABELS)
    assert set(report.refs) == set(mono.server_refs())
    assert mono.refs() == mono.server_refs()


@pytest.mark.spec("publish-atomic")
def test_what_came_through_before_a_conflict_stays_and_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MAX_REFS_PER_PUSH, "file", 4)
    mono = pushed_set(tmp_path, *LABELS)
    leave_to_git(mono)
    last = f"refs/atoms/{LABELS[-1]}/1.0.0"
    foreign = mono.git("commit-tree", "-m", "x", "HEAD^{tree}").strip()

    def intrude(stage: PublishStage, _: int) -> None:
        if stage is PublishStage.PUSHING:
            mono.git("push", "-q", "origin", f"{foreign}:{last}")

    with pytest.raises(VersionConflict):
        mono.publisher(progress=intrude).publish(PublishRequest())

    published = {name for name in mono.server_refs() if name.startswith("refs/atoms/")}
    assert last in published
    assert 2 < len(published) < len(LABELS)
    assert set(mono.refs()) == set(mono.server_refs()) - {last}
    run(mono.server, "update-ref", "-d", last)
    assert len(mono.publish().new) == len(LABELS) - len(published) + 1


@pytest.mark.spec("publish-immutable")
@pytest.mark.parametrize("kind", ["blob", "tree", "tag", "history"])
def test_a_version_that_leads_to_something_else_is_a_conflict(tmp_path: Path, kind: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.git("tag", "-a", "-m", "x", "annotated")
    mono.commit("Later")
    mono.push()
    source = {
        "blob": "HEAD:ekala.toml",
        "tree": "HEAD:pkgs/alpha",
        "tag": "annotated",
        "history": "HEAD",
    }[kind]
    oid = mono.git("rev-parse", source).strip()
    mono.git("push", "-q", "origin", f"{oid}:refs/atoms/alpha/1.0.0")

    for publisher in (mono, mono.clone()):
        with pytest.raises(VersionConflict):
            publisher.publish()

    assert mono.server_refs() == {"refs/atoms/alpha/1.0.0": oid}


@pytest.mark.spec("ref-version-grammar")
def test_refs_that_name_no_version_do_not_matter(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    for name in ("alpha/latest", "alpha/_specs/1.0.0", "Other/1.0", "alpha/1.0.0-x.lock.1/y"):
        mono.git("push", "-q", "origin", f"HEAD:refs/atoms/{name}")

    report = mono.publish()

    assert len(report.new) == 1


def test_a_ref_in_the_place_of_a_label_is_told(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.git("push", "-q", "origin", "HEAD:refs/atoms/alpha")

    with pytest.raises(EkaError) as caught:
        mono.publish()

    assert caught.value.code == "push-refused"
    assert mono.refs() == {}


@pytest.mark.spec("genesis-record")
def test_two_first_publishers_agree_on_the_genesis(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    other = mono.clone("other")

    first = init_set(mono.repository, InitRequest(push=True))
    second = init_set(other.repository, InitRequest(push=True))

    assert first.genesis == second.genesis
    assert (first.is_pushed, second.is_pushed) == (True, False)


@pytest.mark.parametrize("name", [b"line\nend", b"\xff"])
def test_a_repository_at_a_path_that_is_no_text_is_published_here_or_refused(
    tmp_path: Path, name: bytes
) -> None:
    mono = pushed_set(tmp_path / "sound", "alpha")
    odd = tmp_path / os.fsdecode(name)
    mono.path.rename(odd)
    mono.path = odd
    mono.git("remote", "set-url", "origin", str(mono.server))

    if b"\n" in name:
        with pytest.raises(NotARepository):
            mono.publish()
    else:
        assert len(mono.publish().new) == 1
