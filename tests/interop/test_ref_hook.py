"""The server hook against pushes by plain git, over a path and over smart HTTP, and by hand."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from eka.errors import EkaError
from eka.git import GitRunner, HookState, RefHook, WorkRepository
from eka.git.ref_hook import HOOK, NEXT_NAME
from tests.fakes.monorepo import Monorepo, list_refs, pushed_set, run
from tests.servers.git_http import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VERSION = "refs/atoms/alpha/1.0.0"
ZERO = "0" * 40
KEPT = (
    VERSION,
    "refs/eka/atoms/alpha/1.0.0",
    "refs/eka/meta/alpha/1.0.0/manifest",
    "refs/ekala/init",
    "refs/ekala/origins/{head}",
    "refs/ekala/sigs/alpha/1.0.0/" + "a" * 64,
    "refs/tags/ekala/root/v1",
    "refs/atoms/alpha/_specs/1.0.0",
)
FREE = ("refs/ekala/status/alpha/1.0.0", "refs/heads/topic", "refs/tags/v1")


def hook_of(mono: Monorepo) -> RefHook:
    """Return the hook of the server's repository."""
    home = mono.root / "home"
    home.mkdir(exist_ok=True)
    return RefHook(WorkRepository.open(mono.server, GitRunner("git", mono.env, home)))


@pytest.fixture(params=["file", "http"])
def mono(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Monorepo]:
    """A pushed set whose server has the hook, reached both ways."""
    made = pushed_set(tmp_path, "alpha")
    hook_of(made).install()
    if request.param == "file":
        yield made
        return
    run(made.server, "config", "http.receivepack", "true")
    with serve(tmp_path) as server:
        made.git("remote", "set-url", "origin", f"{server.url}/server.git")
        yield made


def push(mono: Monorepo, *words: str) -> subprocess.CompletedProcess[str]:
    """Push with plain git."""
    command = ["git", "push", "-q", *words]
    return subprocess.run(command, cwd=mono.path, capture_output=True, text=True, check=False)


def names(mono: Monorepo, patterns: tuple[str, ...]) -> list[str]:
    """Return ref names, with the id of the first commit filled in."""
    head = mono.git("rev-parse", "HEAD").strip()
    return [each.format(head=head) for each in patterns]


def every_ref(mono: Monorepo) -> str:
    return run(mono.server, "for-each-ref")


@pytest.mark.spec("ref-hook")
def test_eka_publishes_through_the_hook(mono: Monorepo) -> None:
    first = mono.publish()
    mono.atom("alpha", "1.1.0")
    mono.commit()
    mono.push()
    second = mono.publish()

    assert (len(first.new), len(second.new)) == (1, 1)
    assert set(mono.server_refs()) >= {VERSION, "refs/atoms/alpha/1.1.0", "refs/ekala/init"}


@pytest.mark.spec("ref-hook", "ref-immutable")
def test_what_is_published_survives_every_push_of_plain_git(mono: Monorepo) -> None:
    kept = names(mono, KEPT)
    created = push(mono, "origin", *(f"HEAD:{name}" for name in kept))
    mono.commit("A child")
    mono.push()
    before = every_ref(mono)

    refused = [
        push(mono, *words)
        for name in kept
        for words in (
            ("origin", f"HEAD:{name}"),
            ("--force", "origin", f"HEAD:{name}"),
            ("origin", f":{name}"),
        )
    ]

    assert created.returncode == 0, created.stderr
    assert all(each.returncode != 0 for each in refused)
    assert "is published and never changes" in refused[1].stderr
    assert "is published and is never deleted" in refused[2].stderr
    assert every_ref(mono) == before


@pytest.mark.spec("ref-hook")
def test_other_refs_change_as_they_always_could(mono: Monorepo) -> None:
    for name in FREE:
        push(mono, "origin", f"HEAD:{name}")
    mono.commit("A child")

    done = [push(mono, "--force", "origin", f"HEAD:{name}").returncode for name in FREE]
    gone = [push(mono, "origin", f":{name}").returncode for name in FREE]

    assert (done, gone) == ([0, 0, 0], [0, 0, 0])


@pytest.mark.spec("ref-hook")
@pytest.mark.parametrize("atomic", [(), ("--atomic",)])
def test_a_deletion_and_a_creation_in_one_push_change_nothing(
    mono: Monorepo, atomic: tuple[str, ...]
) -> None:
    mono.publish()
    mono.commit("A child")
    before = every_ref(mono)

    both = push(mono, *atomic, "origin", f":{VERSION}", f"HEAD:{VERSION}")
    nested = push(mono, *atomic, "origin", f":{VERSION}", f"HEAD:{VERSION}/nested")
    mirror = push(mono, "--prune", "--force", "origin", "refs/none/*:refs/atoms/*")

    assert 0 not in (both.returncode, nested.returncode)
    assert mirror.returncode != 0
    assert every_ref(mono) == before


def raw_push(mono: Monorepo, old: str, new: str, name: str) -> str:
    """Send one command to receive-pack by hand, with an empty pack; return its report."""
    line = f"{old} {new} {name}\0report-status".encode()
    message = b"%04x" % (len(line) + 4) + line + b"0000"
    if new != ZERO:  # an empty pack: the object is there
        body = b"PACK" + (2).to_bytes(4, "big") + (0).to_bytes(4, "big")
        import hashlib  # noqa: PLC0415 - needed here alone

        message += body + hashlib.sha1(body, usedforsecurity=False).digest()
    done = subprocess.run(
        ["git", "receive-pack", "--stateless-rpc", str(mono.server)],
        input=message,
        capture_output=True,
        check=False,
    )
    return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")


@pytest.mark.spec("ref-hook")
@pytest.mark.parametrize("old", [ZERO, "1" * 40, "real"])
@pytest.mark.parametrize("new", [ZERO, "head"])
def test_a_client_that_lies_about_the_old_value_changes_nothing(
    tmp_path: Path, old: str, new: str
) -> None:
    mono = pushed_set(tmp_path, "alpha")
    hook_of(mono).install()
    mono.publish()
    before = every_ref(mono)
    real, head = list_refs(mono.server)[VERSION], mono.git("rev-parse", "HEAD").strip()

    report = raw_push(
        mono, real if old == "real" else old, head if new == "head" else new, VERSION
    )

    assert f"ng {VERSION}" in report, report
    assert every_ref(mono) == before


def test_git_itself_deletes_for_a_client_that_lies(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.publish()

    report = raw_push(mono, ZERO, ZERO, VERSION)

    assert f"ok {VERSION}" in report  # what the hook is there for
    assert VERSION not in mono.server_refs()


def test_a_hook_of_somebody_else_is_kept_or_chained(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    foreign = mono.server / "hooks/update"
    foreign.write_text("#!/bin/sh\ncase $1 in */topic) echo my own rule >&2; exit 1;; esac\n")
    foreign.chmod(0o755)
    text = foreign.read_text()

    with pytest.raises(EkaError) as refused:
        hook_of(mono).install()
    left = foreign.read_text()
    report = hook_of(mono).install(chain=True)
    mono.publish()
    theirs = push(mono, "origin", "HEAD:refs/heads/topic")
    ours = push(mono, "--force", "origin", f"HEAD:{VERSION}")
    hook_of(mono).uninstall()

    assert (refused.value.code, left) == ("foreign-hook", text)
    assert (report.before, report.after, report.chained) == (
        HookState.FOREIGN,
        HookState.CURRENT,
        True,
    )
    assert "my own rule" in theirs.stderr
    assert "never changes" in ours.stderr
    assert foreign.read_text() == text
    assert not (mono.server / "hooks" / NEXT_NAME).exists()


def test_a_second_foreign_hook_is_not_lost_either(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    hooks = mono.server / "hooks"
    (hooks / NEXT_NAME).write_text("kept before\n")
    (hooks / "update").write_text("another\n")

    with pytest.raises(EkaError) as caught:
        hook_of(mono).install(chain=True)

    assert caught.value.code == "foreign-hook"
    assert (hooks / NEXT_NAME).read_text() == "kept before\n"
    assert (hooks / "update").read_text() == "another\n"


def test_an_install_that_was_killed_half_way_is_completed(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    hooks = mono.server / "hooks"
    (hooks / "update").write_text("theirs\n")
    (hooks / NEXT_NAME).hardlink_to(hooks / "update")

    report = hook_of(mono).install(chain=True)

    assert report.after is HookState.CURRENT
    assert (hooks / NEXT_NAME).read_text() == "theirs\n"
    assert (hooks / "update").read_text() == HOOK


def test_states_of_the_hook_are_told_apart(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    path = mono.server / "hooks/update"

    absent = hook_of(mono).look().after
    tried = hook_of(mono).install(dry_run=True).after
    still = path.exists()
    hook_of(mono).install()
    current = hook_of(mono).look().after
    path.chmod(0o644)
    powerless = hook_of(mono).look().after
    path.write_text(HOOK.replace("never changes", "changed never"))
    outdated = hook_of(mono).look().after
    renewed = hook_of(mono).install().before
    path.unlink()
    path.symlink_to("/bin/true")
    foreign = hook_of(mono).look().after

    assert (absent, tried, still) == (HookState.ABSENT, HookState.CURRENT, False)
    assert (current, powerless) == (HookState.CURRENT, HookState.OUTDATED)
    assert (outdated, renewed) == (HookState.OUTDATED, HookState.OUTDATED)
    assert foreign is HookState.FOREIGN


def test_hooks_that_others_may_use_are_left_alone(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    shared = tmp_path / "shared-hooks"
    shared.mkdir()
    run(mono.server, "config", "core.hooksPath", str(shared))

    with pytest.raises(EkaError) as caught:
        hook_of(mono).install()

    assert caught.value.code == "hooks-elsewhere"
    assert list(shared.iterdir()) == []


@pytest.mark.spec("ref-hook")
@pytest.mark.parametrize("setting", ["", "my-hooks", "absolute"])
def test_a_repository_with_files_is_protected_wherever_its_hooks_lie(
    tmp_path: Path, setting: str
) -> None:
    mono, other = pushed_set(tmp_path / "one", "alpha"), Monorepo(tmp_path / "two")
    if setting:
        place = mono.path / ".git/mine"
        mono.git("config", "core.hooksPath", str(place) if setting == "absolute" else setting)
    mono.publish(remote=".")
    RefHook(mono.repository).install()
    before = mono.refs()
    other.commit("Elsewhere")

    pushed = push(other, "--force", str(mono.path), f"HEAD:{VERSION}")
    fresh = push(other, str(mono.path), "HEAD:refs/atoms/alpha/9.0.0")

    assert (pushed.returncode, fresh.returncode) == (1, 0)
    assert {name: oid for name, oid in mono.refs().items() if "9.0.0" not in name} == before


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_the_hook_is_plain_shell(tmp_path: Path, shell: str) -> None:
    script = tmp_path / "update"
    script.write_text(HOOK)

    def status(*words: str) -> int:
        command = [shell, str(script), *words]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert status(VERSION, ZERO, "1" * 40) == 0
    assert status(VERSION, ZERO, "1" * 64) == 0
    assert status(VERSION, "1" * 40, "2" * 40) == 1
    assert status(VERSION, "1" * 40, ZERO) == 1
    assert status("refs/heads/main", "1" * 40, ZERO) == 0
    assert status("refs/atoms/a b$(touch x)/1.0.0", "1" * 40, ZERO) == 1
    assert not (tmp_path / "x").exists()
