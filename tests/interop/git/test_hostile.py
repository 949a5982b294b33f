"""Servers, URLs and repositories that want to do harm do none."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from eka.atom import Aliases, InvalidUri, Label, ObjectId, SourceUrl, Version, parse_source_url
from eka.errors import EkaError
from eka.git import (
    GitRunner,
    MalformedAnswer,
    NetworkFailed,
    ObjectCache,
    OutputTooLarge,
    ServerRefused,
    TimedOut,
    Transport,
    VersionIndex,
)
from eka.git.history import SourceHistory
from tests.servers.git_http import serve
from tests.servers.hostile import (
    ADVERTISEMENT,
    FLUSH,
    listing,
    packet,
    serve_http,
    serve_socket,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fakes.git_set import GitSet

NO_ALIASES = Aliases()
ONE = b"1" * 40
MISSING = ObjectId("2" * 40)
ZLIB = Label("zlib")
HOSTILE_LINES = [
    ONE + b" refs/atoms/zlib/1.0.0",
    ONE + b" refs/atoms/zlib/\x1b]0;owned\x07",
    ONE + b" refs/atoms/zlib/\x1b[2J1.0.1",
    ONE + b" ../../hooks/post-checkout",
    ONE + b" refs/atoms/../../hooks/update",
    ONE + b" -Oups",
    ONE + b" refs/atoms/zlib/-Oups",
    ONE + b" refs/atoms/zlib/" + "\u202e2.0.0".encode(),
    ONE + b" refs/atoms/zlib/\xff\xfe",
    ONE + b" refs/atoms/zlib/" + b"9" * 3000 + b".0.0",
    ONE + b" refs/atoms/other/1.0.0",
    ONE + b" refs/atoms/zlib/not-a-version",
]


def parsed(text: str) -> SourceUrl:
    return parse_source_url(text, NO_ALIASES)


@pytest.mark.spec("list-names", "list-refilter")
@pytest.mark.parametrize("way", ["git", "http"])
def test_s12_of_a_hostile_listing_only_the_honest_version_is_left(
    way: str, transport: Transport
) -> None:
    answer = listing(HOSTILE_LINES)
    served = (
        serve_socket(ADVERTISEMENT, answer) if way == "git" else serve_http(ADVERTISEMENT, answer)
    )

    with served as base:
        found = VersionIndex(transport).versions(parsed(base), [ZLIB])

    assert dict(found) == {ZLIB: {Version.parse("1.0.0"): ObjectId(ONE.decode())}}
    assert found.dropped == 9


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [b""],
        [b"HTTP/1.1 200 OK\r\n\r\n"],
        [b"zzzz"],
        [b"\0" * 64],
        [ADVERTISEMENT[:-4]],
        [ADVERTISEMENT],
        [ADVERTISEMENT, b""],
        [ADVERTISEMENT, listing(HOSTILE_LINES)[:-4]],
        [ADVERTISEMENT, b"fff1"],
        [
            ADVERTISEMENT,
            listing([ONE + b" refs/atoms/zlib/1.0.0", b"2" * 40 + b" refs/atoms/zlib/1.0.0"]),
        ],
        [ADVERTISEMENT, listing([b"x" * 40 + b" refs/atoms/zlib/1.0.0"])],
        [packet(b"version 2\n") + FLUSH],
    ],
)
@pytest.mark.spec("list-whole", "list-once")
def test_s12_answers_that_are_none_are_errors(answers: list[bytes], transport: Transport) -> None:
    with serve_socket(*answers) as base, pytest.raises(MalformedAnswer) as caught:
        VersionIndex(transport).versions(parsed(base), [ZLIB])

    assert (caught.value.exit_status, caught.value.where) == (4, base)


def test_s18_what_a_server_says_cannot_steer_the_terminal(transport: Transport) -> None:
    refusal = packet(b"ERR \x1b]0;owned\x07\x1b[31mgo away \xe2\x80\xae")

    with serve_socket(refusal) as base, pytest.raises(ServerRefused) as caught:
        transport.ls_refs(parsed(base), ["refs/"])

    assert str(caught.value).isprintable()
    assert "go away" in caught.value.message


@pytest.mark.spec("list-caps")
def test_s12_s15_an_endless_listing_is_cut_off(runner: GitRunner) -> None:
    lines = [ONE + b" refs/atoms/zlib/1.0.%d" % number for number in range(3000)]
    small = Transport(runner, max_bytes=50_000)

    for served in (
        serve_socket(ADVERTISEMENT, listing(lines)),
        serve_http(ADVERTISEMENT, listing(lines)),
    ):
        with served as base, pytest.raises(OutputTooLarge) as caught:
            small.ls_refs(parsed(base), ["refs/"])
        assert caught.value.limit_bytes == 50_000


def test_a_server_that_says_nothing_more_is_given_up(runner: GitRunner) -> None:
    impatient = Transport(runner, timeout_s=0.5)

    with (
        serve_socket(ADVERTISEMENT, b"00", stalls=True) as base,
        pytest.raises(TimedOut) as caught,
    ):
        impatient.ls_refs(parsed(base), ["refs/"])

    assert caught.value.exit_status == 4


@pytest.mark.spec("source-schemes")
def test_s14_a_redirection_to_a_local_file_is_not_followed(
    source: GitSet, transport: Transport
) -> None:
    source.publish("zlib", "1.0.0")

    with (
        serve_http(b"", b"", location=f"file://{source.path}#") as base,
        pytest.raises(NetworkFailed),
    ):
        transport.ls_refs(parsed(base), ["refs/"])


CANARY_TEXTS = [
    "ext::sh -c 'touch {canary}'",
    "ext::touch% {canary}",
    "fd::7",
    "--upload-pack=touch {canary}",
    "-u touch {canary}",
    "--upload-pack=touch${{IFS}}{canary};",
    "ssh://-oProxyCommand=touch {canary}/x",
    "ssh://-oProxyCommand=touch${{IFS}}{canary}/x",
    "ssh://host/-oProxyCommand=touch{canary}",
    "ssh://-oProxyCommand=touch%20{canary}@host/x",
    "-oProxyCommand=touch {canary}:x",
    "file://$(touch {canary})",
    "file:///$(touch${{IFS}}{canary})",
    "/`touch {canary}`",
    "./;touch {canary}",
    "git://host:$(touch {canary})/x",
    "https://host/$(touch {canary})",
    "http::touch {canary}",
    "transport::touch {canary}",
    "ssh://host/';touch {canary};'",
    "ssh://host/$(touch${{IFS}}{canary})",
    "ssh://host/x;touch${{IFS}}{canary}",
    "ssh://host/`touch${{IFS}}{canary}`",
    "ssh://host/~$(touch${{IFS}}{canary})/x",
]


def operations(runner: GitRunner, directory: Path) -> list[Callable[[SourceUrl], object]]:
    """Everything of the reading half that takes a URL."""
    transport = Transport(runner, timeout_s=20)
    cache = ObjectCache(directory / "objects.git", runner, timeout_s=20)

    def history(url: SourceUrl) -> object:
        return SourceHistory(directory / "history", url, runner, timeout_s=20).reader(MISSING)

    return [
        lambda url: transport.ls_refs(url, ["refs/"]),
        VersionIndex(transport).genesis,
        lambda url: cache.ensure(url, [MISSING]),
        history,
    ]


@pytest.mark.spec("source-schemes")
@pytest.mark.parametrize("text", CANARY_TEXTS)
def test_s13_no_url_runs_a_program(text: str, runner: GitRunner, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    # An ssh that runs here what a server would run there would prove nothing: it only answers no.
    env = {**runner.env, "GIT_SSH_COMMAND": "ssh -F /dev/null -o ConnectTimeout=1"}
    runner = GitRunner("git", env, runner.home)
    url: SourceUrl | None = None

    with suppress(InvalidUri, EkaError):
        url = parsed(text.format(canary=canary)).absolute(str(tmp_path))
    if url is not None:
        for operation in operations(runner, tmp_path / "own"):
            with pytest.raises(EkaError):
                operation(url)

    assert not canary.exists()


@pytest.mark.spec("source-schemes")
@pytest.mark.parametrize(
    "path", ["/x';touch${IFS}CANARY;'", "/$(touch${IFS}CANARY)", "/`touch${IFS}CANARY`"]
)
def test_s13_a_path_reaches_the_far_shell_as_one_word(
    path: str, runner: GitRunner, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    ssh = tmp_path / "ssh"
    ssh.write_text('#!/bin/sh\nfor command; do :; done\nexec sh -c "$command"\n')
    ssh.chmod(0o755)
    runner = GitRunner("git", {**os.environ, "GIT_SSH_COMMAND": str(ssh)}, runner.home)
    url = SourceUrl("ssh", "host", path.replace("CANARY", str(canary)))

    for operation in operations(runner, tmp_path / "own"):
        with pytest.raises(EkaError):
            operation(url)

    assert not canary.exists()


def hostile_checkout(path: Path, canary: Path, elsewhere: str) -> None:
    """A working tree whose configuration and hooks run programs and move URLs."""
    touch = f"touch {canary}"
    subprocess.run(["git", "init", "-q", str(path)], check=True)
    hook = path / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{touch}\n")
    hook.chmod(0o755)
    included = path / "included"
    included.write_text(f"[core]\n\tsshCommand = {touch}\n")
    (path / ".git" / "config").write_text(
        f"""
        [core]
            repositoryformatversion = 0
            sshCommand = {touch};
            fsmonitor = {touch}
            hooksPath = {hook.parent}
            gitProxy = {touch}
            askPass = {touch}
            alternateRefsCommand = {touch}
            pager = {touch}
            editor = {touch}
        [credential]
            helper = !{touch}
        [alias]
            ls-remote = !{touch}
            fetch = !{touch}
        [url "{elsewhere}"]
            insteadOf = http://
            insteadOf = file://
        [protocol "ext"]
            allow = always
        [uploadpack]
            packObjectsHook = {touch}
        [include]
            path = {included}
        [includeIf "gitdir:/"]
            path = {included}
        [http]
            proxy = http://127.0.0.1:1
        """
    )


@pytest.mark.spec("source-settings")
def test_s20_the_configuration_of_a_checkout_one_stands_in_is_not_read(
    source: GitSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rev = source.publish("zlib", "1.0.0")
    canary, checkout = tmp_path / "canary", tmp_path / "checkout"
    hostile_checkout(checkout, canary, "ext::touch% " + str(canary) + " ")
    # The worst case: even eka's own directory lies inside of it.
    home = checkout / "cache" / "home"
    home.mkdir(parents=True)
    monkeypatch.chdir(checkout)
    runner = GitRunner("git", dict(os.environ), home)

    with serve(source.path.parent) as server:
        for base in (server.url, f"file://{source.path.parent}"):
            url = parsed(f"{base}/set")
            index = VersionIndex(Transport(runner, timeout_s=30))
            cache = ObjectCache(checkout / "cache" / "objects.git", runner, timeout_s=30)
            cache.discard()
            assert index.genesis(url) == source.genesis
            assert index.versions(url, [ZLIB])[ZLIB] == {Version.parse("1.0.0"): rev}
            cache.ensure(url, [rev])
            history = SourceHistory(checkout / "cache" / "history", url, runner)
            assert history.reader(source.oid("HEAD")).commit(source.oid("HEAD"))

    assert not canary.exists()


@pytest.mark.spec("source-settings", "source-ownership")
def test_s20_the_configuration_of_a_local_source_runs_nothing(
    source: GitSet, runner: GitRunner, tmp_path: Path
) -> None:
    rev = source.publish("zlib", "1.0.0")
    canary, origin = tmp_path / "canary", source.oid("HEAD")
    hostile_checkout(source.path, canary, "ext::touch% " + str(canary) + " ")
    url = SourceUrl("file", None, str(source.path))

    transport = Transport(runner, timeout_s=30)
    cache = ObjectCache(tmp_path / "own" / "objects.git", runner, timeout_s=30)
    cache.ensure(url, [rev])
    SourceHistory(tmp_path / "own" / "history", url, runner, timeout_s=30).reader(origin)
    with suppress(EkaError):
        cache.ensure(url, [MISSING])

    assert VersionIndex(transport).versions(url, [ZLIB])[ZLIB]
    assert not canary.exists()


@pytest.mark.spec("source-ownership")
def test_s20_serving_a_partial_clone_fetches_nothing_from_elsewhere(
    source: GitSet, runner: GitRunner, tmp_path: Path
) -> None:
    rev = source.publish("zlib", "1.0.0")
    canary = tmp_path / "canary"
    blob = source.oid(f"{rev.hex}:main.c")
    (source.git_dir / "objects" / blob.hex[:2] / blob.hex[2:]).unlink()
    source.git("config", "core.repositoryFormatVersion", "1")
    source.git("config", "extensions.partialClone", "evil")
    source.git("config", "remote.evil.promisor", "true")
    source.git("config", "remote.evil.url", str(source.path))
    source.git("config", "remote.evil.uploadpack", f"touch {canary};")

    with pytest.raises(EkaError):
        ObjectCache(tmp_path / "objects.git", runner, timeout_s=30).ensure(
            SourceUrl("file", None, str(source.path)), [rev]
        )

    assert not canary.exists()
