"""Statuses as real repositories hold them: written under a lease, beside versions that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.atom import Label, Version
from eka.errors import EkaError
from eka.git import (
    Deprecation,
    StatusReport,
    StatusRequest,
    StatusWriter,
    VersionStatus,
    combined,
)
from eka.git.local_refs import LocalRefs
from eka.git.registries import RemoteRegistry
from tests.fakes.monorepo import Monorepo, no_pause, pushed_set, run
from tests.servers.git_http import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from eka.atom import ObjectId
    from eka.git.push_report import PushReport

ALPHA = (Label("alpha"), Version.parse("1.0.0"))
BETA = (Label("beta"), Version.parse("1.0.0"))
REF = "refs/ekala/status/alpha/1.0.0"
YANKED = VersionStatus("it loses data")


def yank(before: VersionStatus | None) -> VersionStatus | None:
    """Say that a version is yanked, keeping what else is said."""
    return VersionStatus("it loses data", before.deprecated if before else None)


def deprecate(before: VersionStatus | None) -> VersionStatus | None:
    """Say that a version is deprecated, keeping what else is said."""
    return VersionStatus(before.yanked if before else None, Deprecation("too old", Label("beta")))


def unyank(before: VersionStatus | None) -> VersionStatus | None:
    """Take back that a version is yanked."""
    return combined(None, before.deprecated if before else None)


def say(
    mono: Monorepo,
    edit: Callable[[VersionStatus | None], VersionStatus | None],
    *keys: tuple[Label, Version],
    remote: str | None = None,
    dry_run: bool = False,
) -> StatusReport:
    """Change the status of some versions."""
    request = StatusRequest(versions=keys or (ALPHA,), edit=edit, remote=remote, dry_run=dry_run)
    return StatusWriter(mono.repository, pause=no_pause).write(request)


def published(root: Path) -> Monorepo:
    """Return a monorepo that has published alpha and beta."""
    mono = pushed_set(root)
    mono.publish()
    return mono


def document(where: Path, ref: str = REF) -> bytes:
    """Return what a status ref of a repository leads to."""
    return run(where, "cat-file", "blob", ref).encode()


@pytest.mark.spec("status-ref")
def test_a_status_stands_at_the_remote_and_here_and_no_version_changes(tmp_path: Path) -> None:
    mono = published(tmp_path)
    before = mono.server_refs()

    report = say(mono, yank)

    assert [(each.before, each.after) for each in report.changes] == [(None, YANKED)]
    assert document(mono.server) == document(mono.path) == YANKED.encode()
    after = mono.server_refs()
    assert {ref: oid for ref, oid in after.items() if ref != REF} == before


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    mono = published(tmp_path)
    before = mono.server_refs(), mono.refs(), mono.files()

    report = say(mono, yank, dry_run=True)

    assert report.changes[0].is_change
    assert (mono.server_refs(), mono.refs(), mono.files()) == before


@pytest.mark.spec("status-lease")
def test_yanked_and_deprecated_stand_side_by_side_and_go_one_by_one(tmp_path: Path) -> None:
    mono = published(tmp_path)

    say(mono, yank)
    both = say(mono, deprecate).changes[0].after
    one = say(mono, unyank).changes[0].after
    rest = say(mono, lambda _: None).changes[0].after

    assert both == VersionStatus("it loses data", Deprecation("too old", Label("beta")))
    assert one == VersionStatus(None, Deprecation("too old", Label("beta")))
    assert rest is None
    assert REF not in mono.server_refs()
    assert REF not in mono.refs()


def test_saying_the_same_again_writes_nothing(tmp_path: Path) -> None:
    mono = published(tmp_path)
    say(mono, yank)
    before = mono.server_refs()

    report = say(mono, yank)

    assert not report.changes[0].is_change
    assert mono.server_refs() == before


def test_several_versions_get_their_status_together(tmp_path: Path) -> None:
    mono = published(tmp_path)

    say(mono, yank, ALPHA, BETA)

    refs = mono.server_refs()
    assert refs[REF] == refs["refs/ekala/status/beta/1.0.0"]


@pytest.mark.spec("status-published")
def test_what_is_not_published_gets_no_status_and_neither_do_the_others(tmp_path: Path) -> None:
    mono = published(tmp_path)
    before = mono.server_refs()

    with pytest.raises(EkaError) as caught:
        say(mono, yank, ALPHA, (ALPHA[0], Version.parse("2.0.0")))

    assert caught.value.code == "version-not-published"
    assert mono.server_refs() == before


@pytest.mark.spec("status-published")
def test_the_repository_itself_may_be_the_remote(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    mono.publish(remote=".")

    say(mono, yank, remote=".")

    assert document(mono.path) == YANKED.encode()
    assert mono.server_refs() == {}


@pytest.mark.spec("status-unreadable")
def test_a_document_that_cannot_be_read_is_replaced(tmp_path: Path) -> None:
    mono = published(tmp_path)
    head = run(mono.server, "rev-parse", "main").strip()
    run(mono.server, "update-ref", REF, head)

    report = say(mono, yank)

    assert report.changes[0].before is not None
    assert report.changes[0].before.is_unreadable
    assert document(mono.server) == YANKED.encode()


@pytest.mark.spec("status-lease")
def test_a_status_that_changes_meanwhile_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mono = published(tmp_path / "one")
    say(mono, yank)
    other = mono.clone("other")
    update, tries = RemoteRegistry.update, iter([True])

    def late(
        registry: RemoteRegistry, changes: Mapping[str, tuple[ObjectId | None, ObjectId | None]]
    ) -> PushReport:
        if next(tries, False):
            say(other, deprecate)
        return update(registry, changes)

    monkeypatch.setattr(RemoteRegistry, "update", late)

    report = say(mono, unyank)

    assert report.changes[0].after == VersionStatus(None, Deprecation("too old", Label("beta")))
    assert document(mono.server) == document(mono.path)


def test_a_hook_that_refuses_is_told(tmp_path: Path) -> None:
    mono = published(tmp_path)
    hook = mono.server / "hooks/update"
    hook.write_text("#!/bin/sh\necho not today >&2\nexit 1\n")
    hook.chmod(0o755)

    with pytest.raises(EkaError) as caught:
        say(mono, yank)

    assert caught.value.code == "push-refused"
    assert REF not in mono.server_refs()
    assert REF not in mono.refs()


def test_statuses_go_over_http(tmp_path: Path) -> None:
    mono = published(tmp_path)
    run(mono.server, "config", "http.receivepack", "true")

    with serve(tmp_path) as server:
        url = f"{server.url}/server.git"
        say(mono, yank, remote=url)
        first = document(mono.server)
        say(mono.clone("fresh"), deprecate, remote=url)
        second = document(mono.server)
        say(mono, unyank, remote=url)

    assert first == YANKED.encode()
    assert second == VersionStatus("it loses data", Deprecation("too old", Label("beta"))).encode()
    assert (
        document(mono.server)
        == VersionStatus(None, Deprecation("too old", Label("beta"))).encode()
    )


def test_what_was_not_recorded_here_is_recorded_by_saying_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mono = published(tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LocalRefs, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            say(mono, yank)
    half = REF in mono.server_refs(), REF in mono.refs()
    report = say(mono, yank)

    assert half == (True, False)
    assert not report.changes[0].is_change
    assert document(mono.path) == YANKED.encode()
