"""Listing refs through every way to a real git server."""

from __future__ import annotations

import os
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.atom import Aliases, Label, ObjectId, SourceUrl, Version, parse_source_url
from eka.git import (
    AccessDenied,
    GitFailed,
    GitRunner,
    NetworkFailed,
    SourceNotFound,
    Transport,
    UnsafeOwnership,
    VersionIndex,
)
from tests.servers.git_daemon import serve_daemon
from tests.servers.git_http import Behaviour, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from contextlib import AbstractContextManager

    from tests.fakes.git_set import GitSet

NO_ALIASES = Aliases()
PREFIX = "refs/atoms/zlib/"


def parsed(text: str) -> SourceUrl:
    return parse_source_url(text, NO_ALIASES)


@contextmanager
def by_file(root: Path) -> Generator[str]:
    yield f"file://{root}"


@contextmanager
def by_http(root: Path) -> Generator[str]:
    with serve(root) as server:
        yield server.url


WAYS: dict[str, Callable[[Path], AbstractContextManager[str]]] = {
    "file": by_file,
    "http": by_http,
    "git": serve_daemon,
}


@pytest.fixture
def published(source: GitSet) -> dict[str, ObjectId]:
    """Two versions of zlib, one of lua; returns what a listing of zlib must say."""
    source.publish("lua", "5.4.6")
    return {
        f"{PREFIX}{version}": source.publish("zlib", version) for version in ("1.2.0", "1.3.1")
    }


@pytest.mark.spec("list-by-prefix", "source-schemes")
@pytest.mark.parametrize("way", WAYS)
def test_a_listing_holds_what_stands_below_the_prefix(
    way: str, source: GitSet, published: dict[str, ObjectId], transport: Transport
) -> None:
    with WAYS[way](source.path.parent) as base:
        listed = transport.ls_refs(parsed(f"{base}/set"), [PREFIX])

    assert dict(listed.refs) == published
    assert (listed.protocol, listed.dropped) == (2, 0)


@pytest.mark.spec("list-by-prefix")
@pytest.mark.parametrize("way", WAYS)
def test_hundreds_of_prefixes_are_asked_for_over_one_connection(
    way: str, source: GitSet, published: dict[str, ObjectId], transport: Transport
) -> None:
    prefixes = [f"refs/atoms/none{number}/" for number in range(600)] + [PREFIX]

    with WAYS[way](source.path.parent) as base:
        listed = transport.ls_refs(parsed(f"{base}/set"), prefixes)

    assert dict(listed.refs) == published


@pytest.mark.spec("list-whole")
@pytest.mark.parametrize("way", WAYS)
def test_a_repository_without_such_refs_lists_none(
    way: str, source: GitSet, transport: Transport
) -> None:
    with WAYS[way](source.path.parent) as base:
        listed = transport.ls_refs(parsed(f"{base}/set"), [PREFIX])

    assert listed.refs == {}


@pytest.mark.parametrize("way", WAYS)
def test_where_no_repository_is_the_error_says_so(
    way: str, source: GitSet, transport: Transport
) -> None:
    with WAYS[way](source.path.parent) as base:
        url = parsed(f"{base}/nothing")
        with pytest.raises(SourceNotFound) as caught:
            transport.ls_refs(url, [PREFIX])

    assert (caught.value.exit_status, caught.value.where) == (3, url.public)


@pytest.mark.spec("version-query")
def test_a_version_query_transfers_neither_objects_nor_refs_of_other_labels(
    source: GitSet, published: dict[str, ObjectId], transport: Transport
) -> None:
    for number in range(50):
        source.git("update-ref", f"refs/atoms/other{number}/1.0.0", "HEAD")
    zlib = Label("zlib")

    with serve(source.path.parent) as server:
        found = VersionIndex(transport).versions(parsed(f"{server.url}/set"), [zlib])

    said = b"".join(bytes(exchange.response) for exchange in server.log)
    assert found[zlib] == {
        Version.parse(name.removeprefix(PREFIX)): oid for name, oid in published.items()
    }
    assert found.genesis == source.genesis
    assert [exchange.path for exchange in server.log] == [
        "/set/info/refs?service=git-upload-pack",
        "/set/git-upload-pack",
    ]
    assert b"command=fetch" not in bytes(server.log[1].request)
    assert b"PACK" not in said
    assert b"other" not in said
    assert b"lua" not in said
    assert b"refs/heads" not in said
    assert server.sent_bytes() < 600
    assert found.received_bytes < 600


@pytest.mark.spec("list-old")
def test_an_old_http_server_is_filtered_at_home(
    source: GitSet, published: dict[str, ObjectId], transport: Transport
) -> None:
    with serve(source.path.parent, Behaviour(speaks_v2=False)) as server:
        listed = transport.ls_refs(parsed(f"{server.url}/set"), [PREFIX])

    assert dict(listed.refs) == published
    assert listed.protocol == 0


@pytest.mark.spec("list-old")
def test_an_old_server_behind_ssh_is_filtered_at_home(
    source: GitSet, published: dict[str, ObjectId], tmp_path: Path, home: Path
) -> None:
    ssh = fake_ssh(tmp_path, "unset GIT_PROTOCOL")
    runner = GitRunner("git", {**os.environ, "GIT_SSH_COMMAND": str(ssh)}, home)

    listed = Transport(runner).ls_refs(parsed(f"ssh://host{source.path}"), [PREFIX])

    assert dict(listed.refs) == published
    assert listed.protocol == 0


def fake_ssh(directory: Path, before: str = "") -> Path:
    """A program that takes ssh's arguments, notes them, and runs the command here."""
    program = directory / "ssh"
    program.write_text(
        f"""#!/bin/sh
        printf '%s\\n' "$@" >>'{directory}/ssh.log'
        {before}
        for command; do :; done
        exec sh -c "$command"
        """
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def test_ssh_is_the_persons_ssh(
    source: GitSet, published: dict[str, ObjectId], tmp_path: Path, home: Path
) -> None:
    ssh = fake_ssh(tmp_path)
    runner = GitRunner("git", {**os.environ, "GIT_SSH_COMMAND": f"{ssh} -i 'my key'"}, home)

    listed = Transport(runner).ls_refs(parsed(f"ssh://me@host:2222{source.path}"), [PREFIX])

    assert (dict(listed.refs), listed.protocol) == (published, 2)
    assert (tmp_path / "ssh.log").read_text().splitlines() == [
        "-i",
        "my key",
        "-o",
        "SendEnv=GIT_PROTOCOL",
        "-o",
        "BatchMode=yes",
        "-p",
        "2222",
        "me@host",
        f"git-upload-pack {source.path}",
    ]


@pytest.mark.spec("source-settings")
def test_the_ssh_command_of_the_persons_configuration_is_used(
    source: GitSet, published: dict[str, ObjectId], tmp_path: Path, home: Path
) -> None:
    ssh = fake_ssh(tmp_path)
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\tsshCommand = {ssh}\n")
    runner = GitRunner("git", {**os.environ, "GIT_CONFIG_GLOBAL": str(config)}, home)

    listed = Transport(runner).ls_refs(parsed(f"ssh://host{source.path}"), [PREFIX])

    assert dict(listed.refs) == published


@pytest.mark.spec("source-settings")
def test_urls_are_rewritten_as_the_person_wants(
    source: GitSet, published: dict[str, ObjectId], tmp_path: Path, home: Path
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(
        f'[url "file://{source.path.parent}/"]\n\tinsteadOf = https://example.org/\n'
    )
    runner = GitRunner("git", {**os.environ, "GIT_CONFIG_GLOBAL": str(config)}, home)

    listed = Transport(runner).ls_refs(parsed("https://example.org/set"), [PREFIX])

    assert dict(listed.refs) == published


@pytest.mark.spec("source-settings")
def test_a_directory_is_rewritten_too_though_its_server_starts_early(
    source: GitSet, published: dict[str, ObjectId], tmp_path: Path, home: Path
) -> None:
    other = tmp_path / "other"
    subprocess.run(["git", "init", "-q", "--bare", other], check=True)
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "file://{source.path}"]\n\tinsteadOf = file://{other}\n')
    runner = GitRunner("git", {**os.environ, "GIT_CONFIG_GLOBAL": str(config)}, home)
    transport = Transport(runner)

    first = transport.ls_refs(parsed(f"file://{other}"), [PREFIX])
    again = transport.ls_refs(parsed(f"file://{other}"), [PREFIX])

    assert dict(first.refs) == dict(again.refs) == published


def test_settings_that_cannot_be_read_are_an_error_and_leave_no_server(
    source: GitSet, tmp_path: Path, home: Path
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[broken\n")
    runner = GitRunner("git", {**os.environ, "GIT_CONFIG_GLOBAL": str(config)}, home)
    before = children()

    with pytest.raises(GitFailed):
        Transport(runner).ls_refs(parsed(f"file://{source.path}"), [PREFIX])

    assert children() <= before


def children() -> set[str]:
    """Return the ids of this process's children, those that ended and were not waited for too."""
    lists = Path("/proc/self/task").glob("*/children")
    return {number for each in lists for number in each.read_text().split()}


def test_an_ssh_program_that_only_git_knows_is_left_to_git(
    source: GitSet, published: dict[str, ObjectId], tmp_path: Path, home: Path
) -> None:
    program = fake_ssh(tmp_path).rename(tmp_path / "tortoise")
    env = {**os.environ, "GIT_SSH": str(program), "GIT_SSH_VARIANT": "simple"}

    listed = Transport(GitRunner("git", env, home)).ls_refs(
        parsed(f"ssh://host{source.path}"), [PREFIX]
    )

    assert (dict(listed.refs), listed.protocol) == (published, 0)


def test_credentials_in_a_url_are_used_and_never_shown(
    source: GitSet, published: dict[str, ObjectId], transport: Transport
) -> None:
    with serve(source.path.parent, Behaviour(credentials=("me", "s3cret"))) as server:
        host = server.url.removeprefix("http://")
        listed = transport.ls_refs(parsed(f"http://me:s3cret@{host}/set"), [PREFIX])
        with pytest.raises(AccessDenied) as caught:
            transport.ls_refs(parsed(f"http://me:wr0ng@{host}/set"), [PREFIX])

    assert dict(listed.refs) == published
    assert caught.value.exit_status == 4
    assert "wr0ng" not in f"{caught.value}{caught.value.fix}"


def test_the_persons_credential_helper_is_asked(
    source: GitSet, published: dict[str, ObjectId], tmp_path: Path, home: Path
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(
        '[credential]\n\thelper = "!f() { echo username=me; echo password=s3cret; }; f"\n'
    )
    runner = GitRunner("git", {**os.environ, "GIT_CONFIG_GLOBAL": str(config)}, home)

    with serve(source.path.parent, Behaviour(credentials=("me", "s3cret"))) as server:
        listed = Transport(runner).ls_refs(parsed(f"{server.url}/set"), [PREFIX])

    assert dict(listed.refs) == published


def test_a_source_that_wants_credentials_does_not_make_eka_wait_for_them(
    source: GitSet, transport: Transport
) -> None:
    with (
        serve(source.path.parent, Behaviour(credentials=("me", "s3cret"))) as server,
        pytest.raises(AccessDenied) as caught,
    ):
        transport.ls_refs(parsed(f"{server.url}/set"), [PREFIX])

    assert "git ls-remote" in caught.value.fix


@pytest.mark.parametrize("failures", [[503], [500]])
def test_a_server_in_trouble_is_a_network_failure(
    source: GitSet, transport: Transport, failures: list[int]
) -> None:
    with (
        serve(source.path.parent, Behaviour(failures=failures)) as server,
        pytest.raises(NetworkFailed) as caught,
    ):
        transport.ls_refs(parsed(f"{server.url}/set"), [PREFIX])

    assert caught.value.exit_status == 4


@pytest.mark.spec("list-whole")
@pytest.mark.usefixtures("published")
def test_an_http_answer_that_breaks_off_is_an_error_wherever_it_does(
    source: GitSet, transport: Transport
) -> None:
    with serve(source.path.parent) as server:
        url = parsed(f"{server.url}/set")
        transport.ls_refs(url, [PREFIX])
        longest = max(exchange.sent_bytes for exchange in server.log)
        for length in range(0, longest, 16):
            server.behaviour.cut_after_bytes = length
            with pytest.raises(NetworkFailed):
                transport.ls_refs(url, [PREFIX])


@pytest.mark.parametrize("scheme", ["http", "git"])
def test_a_closed_port_is_a_network_failure(scheme: str, transport: Transport) -> None:
    with pytest.raises(NetworkFailed) as caught:
        transport.ls_refs(parsed(f"{scheme}://127.0.0.1:1/set"), [PREFIX])

    assert caught.value.where == f"{scheme}://127.0.0.1:1/set"


def test_a_relative_path_is_refused(transport: Transport) -> None:
    with pytest.raises(SourceNotFound):
        transport.ls_refs(SourceUrl("file", None, "./set"), [PREFIX])


@pytest.mark.spec("source-ownership")
def test_the_repository_of_another_user_is_served_only_if_the_person_trusts_it(
    source: GitSet, published: dict[str, ObjectId], tmp_path: Path, home: Path
) -> None:
    # git's own way to pretend, since only root can give files away.
    git = tmp_path / "git"
    git.write_text('#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git "$@"\n')
    git.chmod(0o755)
    config = tmp_path / "gitconfig"
    config.write_text("")
    env = {**os.environ, "GIT_CONFIG_GLOBAL": str(config)}
    url = SourceUrl("file", None, str(source.path))

    with pytest.raises(UnsafeOwnership) as caught:
        Transport(GitRunner(str(git), env, home)).ls_refs(url, [PREFIX])
    config.write_text(f"[safe]\n\tdirectory = {caught.value.path}\n")
    listed = Transport(GitRunner(str(git), env, home)).ls_refs(url, [PREFIX])

    assert caught.value.fix.endswith(f"safe.directory {caught.value.path}`")
    assert dict(listed.refs) == published


@pytest.mark.spec("genesis-query")
def test_the_genesis_of_an_older_set_is_read_from_its_tag(
    source: GitSet, url: SourceUrl, transport: Transport
) -> None:
    source.git("update-ref", "-d", "refs/ekala/init")
    source.git("tag", "-a", "-m", "root", "ekala/root/v1", source.genesis.hex)

    assert VersionIndex(transport).genesis(url) == source.genesis


def test_a_sha256_repository_is_listed(tmp_path: Path, transport: Transport) -> None:
    path = tmp_path / "long.git"
    script = """
        git init -q --bare --object-format=sha256 "$0" && cd "$0" &&
        git update-ref "$1" "$(git commit-tree -m x "$(git mktree </dev/null)")"
    """
    subprocess.run(["sh", "-c", script, str(path), f"{PREFIX}1.0.0"], check=True)

    listed = transport.ls_refs(SourceUrl("file", None, str(path)), [PREFIX])

    assert [oid.algorithm for oid in listed.refs.values()] == ["sha256"]
