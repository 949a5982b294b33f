"""Publishing over smart HTTP, with the credentials git finds."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from eka.git import AccessDenied
from tests.fakes.monorepo import pushed_set, run
from tests.servers.git_http import Behaviour, serve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.monorepo import Monorepo


def http_set(mono: Monorepo, url: str) -> None:
    """Let the monorepo's remote be reached over HTTP."""
    run(mono.server, "config", "http.receivepack", "true")
    mono.git("remote", "set-url", "origin", f"{url}/server.git")


@pytest.mark.spec("publish-create-only", "publish-atomic")
def test_a_set_is_published_over_smart_http(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    with serve(tmp_path) as server:
        http_set(mono, server.url)

        report = mono.publish()
        again = mono.clone().publish(remote=f"{server.url}/server.git")

        assert report.remote == f"{server.url}/server.git"
    assert (len(report.new), len(again.new)) == (2, 0)
    assert len(mono.server_refs()) == 4
    assert run(mono.server, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("publish-configuration")
@pytest.mark.parametrize("way", ["url", "helper", "header"])
def test_credentials_are_found_where_git_finds_them(tmp_path: Path, way: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    behaviour = Behaviour(credentials=("ann", "s3cret"))
    with serve(tmp_path, behaviour) as server:
        http_set(mono, server.url)
        if way == "url":
            url = server.url.replace("://", "://ann:s3cret@")
            mono.git("remote", "set-url", "origin", f"{url}/server.git")
        elif way == "helper":
            (tmp_path / "gitconfig").write_text(
                '[credential]\n\thelper = "!f() { echo username=ann; echo password=s3cret; }; f"\n'
            )
            mono.env["GIT_CONFIG_GLOBAL"] = str(tmp_path / "gitconfig")
        else:
            token = base64.b64encode(b"ann:s3cret").decode()
            key = f"http.{server.url}/.extraHeader"
            mono.git("config", key, f"Authorization: Basic {token}")

        report = mono.publish()

    assert len(report.new) == 1
    assert "s3cret" not in repr(report)


@pytest.mark.spec("publish-configuration")
def test_a_credential_helper_of_the_repository_is_not_run(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    canary = tmp_path / "canary"
    with serve(tmp_path, Behaviour(credentials=("ann", "s3cret"))) as server:
        http_set(mono, server.url)
        mono.git("config", "credential.helper", f"!touch {canary}")

        with pytest.raises(AccessDenied):
            mono.publish()

    assert not canary.exists()
    assert mono.refs() == {}
