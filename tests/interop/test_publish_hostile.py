"""A repository whose configuration its user never wrote: nothing it names may run."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from eka.errors import EkaError
from eka.git import InitRequest, init_set
from tests.fakes.monorepo import SET, Monorepo, list_refs, pushed_set, run
from tests.servers.git_http import serve

if TYPE_CHECKING:
    from pathlib import Path

HOOKS = (
    "applypatch-msg",
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-update",
    "pre-auto-gc",
    "pre-commit",
    "push-to-checkout",
    "reference-transaction",
    "sendemail-validate",
    "update",
)


def trap(mono: Monorepo, canary: Path) -> None:
    """Let everything git can be configured to run touch the canary."""
    program = mono.root / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch {canary}\nexec cat\n")
    program.chmod(0o755)
    hooks = mono.root / "hooks"
    hooks.mkdir()
    for name in HOOKS:
        (hooks / name).symlink_to(program)
        (mono.path / ".git/hooks" / name).symlink_to(program)
    settings = {
        "core.sshCommand": str(program),
        "core.fsmonitor": str(program),
        "core.hooksPath": str(hooks),
        "core.askPass": str(program),
        "core.pager": str(program),
        "core.editor": str(program),
        "core.gitProxy": str(program),
        "core.alternateRefsCommand": str(program),
        "credential.helper": f"!{program}",
        "diff.external": str(program),
        "diff.evil.textconv": str(program),
        "filter.evil.clean": str(program),
        "filter.evil.smudge": str(program),
        "filter.evil.process": str(program),
        "filter.evil.required": "true",
        "filter.a=b.clean": str(program),
        "gpg.program": str(program),
        "commit.gpgSign": "true",
        "push.gpgSign": "true",
        "log.showSignature": "true",
        "merge.evil.driver": str(program),
        "remote.origin.receivepack": str(program),
        "remote.origin.uploadpack": str(program),
        "uploadpack.packObjectsHook": str(program),
        "sequence.editor": str(program),
        "interactive.diffFilter": str(program),
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "alias.ls-tree": f"!{program}",
        "alias.push": f"!{program}",
    }
    for key, value in settings.items():
        mono.git("config", key, value)
    attributes = "*.plain filter=a=b\n* filter=evil diff=evil merge=evil\n"
    (mono.path / ".git/info/attributes").write_text(attributes)


@pytest.mark.spec("publish-configuration")
def test_s20_nothing_the_repository_names_is_run(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    mono.write("pkgs/alpha/x.plain", "x")
    mono.commit()
    mono.push()
    canary = tmp_path / "canary"
    trap(mono, canary)
    # Its time stamp no longer fits: `git status` has to look inside.
    mono.write("pkgs/alpha/x.plain", "y")
    mono.write("pkgs/alpha/README", "ALPHA\n")

    with pytest.raises(EkaError) as caught:
        mono.publish()
    report = mono.publish(allow_dirty=True)
    init_set(mono.repository, InitRequest(push=True))

    assert caught.value.code == "dirty-atoms"
    assert len(report.new) == 2
    assert set(report.left_out) == {"pkgs/alpha/README", "pkgs/alpha/x.plain"}
    assert not canary.exists()
    assert mono.refs() == mono.server_refs()
    subprocess.run(["git", "status"], cwd=mono.path, capture_output=True, check=False)
    assert canary.exists()  # the trap works: plain git falls into it


@pytest.mark.spec("publish-configuration")
def test_s20_pushing_the_source_runs_nothing_either(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.commit("Later")
    canary = tmp_path / "canary"
    trap(mono, canary)

    mono.publish(push_source=True)

    assert not canary.exists()


@pytest.mark.spec("publish-configuration")
def test_s20_the_repository_decides_no_way_to_the_server(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    with serve(tmp_path) as server:
        run(mono.server, "config", "http.receivepack", "true")
        mono.git("remote", "set-url", "origin", f"{server.url}/server.git")
        mono.git("config", "http.proxy", "http://127.0.0.1:9")
        mono.git("config", f"http.{server.url}/.proxy", "http://127.0.0.1:9")
        mono.git("config", "http.cookieFile", str(tmp_path / "cookies"))

        report = mono.publish()

    assert len(report.new) == 1


@pytest.mark.parametrize(
    "setting",
    [
        ("url.ext::sh -c touch% canary.insteadOf", "https://host.invalid/"),
        ("remote.origin.pushurl", "ext::sh -c touch% canary"),
        ("remote.origin.pushurl", "-oProxyCommand=touch canary"),
        ("remote.origin.vcs", "sh"),
    ],
)
def test_s20_a_url_of_the_repository_starts_no_helper(
    tmp_path: Path, setting: tuple[str, str]
) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.git("remote", "set-url", "origin", "https://host.invalid/set.git")
    mono.git("config", *setting)
    mono.git("config", "protocol.ext.allow", "always")

    with pytest.raises(EkaError):
        mono.publish()

    assert not list(tmp_path.rglob("canary"))
    assert mono.refs() == {}


def test_s20_a_submodule_with_a_configuration_of_its_own_runs_nothing(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    inner = Monorepo(tmp_path / "inner")
    inner.write("x", "")
    inner.commit()
    run(
        mono.path,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        str(inner.path),
        "sub",
    )
    mono.commit()
    mono.push()
    canary = tmp_path / "canary"
    run(mono.path / "sub", "config", "core.fsmonitor", f"touch {canary}; false")

    mono.publish()

    assert not canary.exists()


def test_s20_missing_objects_of_a_partial_clone_are_told_not_fetched(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    run(mono.server, "config", "uploadpack.allowFilter", "true")
    mono.write("pkgs/alpha/old", "only in the first commit of the two")
    mono.commit()
    mono.push()
    mono.git("rm", "-q", "pkgs/alpha/old")
    mono.commit()
    mono.push()
    partial = mono.clone("partial", "--filter=blob:none")
    canary = tmp_path / "canary"
    partial.git("config", "remote.origin.uploadpack", f"touch {canary}; git-upload-pack")

    with pytest.raises(EkaError) as caught:
        partial.publish(revision="HEAD~1")

    assert caught.value.code == "object-unavailable"
    assert not canary.exists()
    assert len(partial.publish().new) == 1


def test_the_environment_does_not_move_the_repository(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path / "a", "alpha")
    other = pushed_set(tmp_path / "b", "beta")
    mono.env |= {
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "objects"),
        "GIT_NAMESPACE": "elsewhere",
        "GIT_SSH_COMMAND": "false",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": str(tmp_path),
    }

    mono.publish()

    assert "refs/atoms/alpha/1.0.0" in list_refs(mono.server)
    assert (other.refs(), other.server_refs()) == ({}, {})


def test_a_set_manifest_that_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path)
    mono.write("ekala.toml", SET + "oops\n")
    mono.commit()
    mono.push()

    with pytest.raises(EkaError) as caught:
        mono.publish()

    assert caught.value.code == "invalid-toml"
    assert caught.value.span is not None
    assert caught.value.span.line == 3
