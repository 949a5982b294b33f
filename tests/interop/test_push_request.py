"""Our own push request, against real servers and servers that lie."""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from eka.atom import ObjectId, SourceUrl
from eka.errors import EkaError, Exit
from eka.git import (
    AccessDenied,
    GitRunner,
    NetworkFailed,
    PublishRequest,
    PublishStage,
    SourceNotFound,
)
from eka.git.http_session import HttpSession
from eka.git.receive_pack import AtomicPushUnsupported
from eka.git.receive_pack_client import ReceivePackClient
from eka.git.registries import MAX_REFS_PER_PUSH
from tests.fakes.monorepo import Monorepo, pushed_set, run
from tests.servers import hostile
from tests.servers.apache import Site, serve, serve_proxy
from tests.servers.authority import authority
from tests.servers.git_http import serve as serve_here
from tests.servers.ssh import serve_ssh

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from eka.git.http_client import Answer
    from tests.servers.apache import Request
    from tests.servers.git_http import GitServer

USER, SECRET = "ann", "s3cret"
BASIC = "Basic YW5uOnMzY3JldA=="
HELPER = """#!/bin/sh
echo "$1" >> {log}
cat >> {log}
test "$1" = get && printf 'username=ann\\npassword=%s\\n' {password}
exit 0
"""


def silent(_: int, __: int) -> None:
    """Listen to nothing."""


def configure(mono: Monorepo, *pairs: tuple[str, str]) -> None:
    """Write the person's own git configuration."""
    file = mono.root / "gitconfig"
    mono.env["GIT_CONFIG_GLOBAL"] = str(file)
    for key, value in pairs:
        run(mono.root, "config", "--file", str(file), "--add", key, value)


def remote(mono: Monorepo, base: str) -> str:
    """Let the monorepo's remote be below ``base``; return its URL."""
    run(mono.server, "config", "http.receivepack", "true")
    url = f"{base}/server.git"
    mono.git("remote", "set-url", "origin", url)
    return url


def client_of(mono: Monorepo, url: SourceUrl) -> ReceivePackClient:
    """Return a client that pushes to ``url`` with the person's settings."""
    return ReceivePackClient(GitRunner("git", mono.env, mono.root), url, "sha1", silent)


def helper(mono: Monorepo, password: str = SECRET) -> Path:
    """Give the person a credential helper; return where it notes what it is told."""
    program, log = mono.root / "helper", mono.root / "helper.log"
    program.write_text(HELPER.format(log=log, password=password))
    program.chmod(0o755)
    configure(mono, ("credential.helper", str(program)))
    return log


def pushes(requests: Sequence[Request]) -> list[Request]:
    """Return the requests of pushes."""
    return [each for each in requests if "receive-pack" in each.path]


@pytest.mark.spec("publish-atomic", "push-create", "push-pack")
def test_one_request_of_our_own_creates_all_refs(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta", "gamma")
    with serve_here(tmp_path) as server:
        remote(mono, server.url)

        report = mono.publish()

        asked = [each for each in server.log if "receive-pack" in each.path]
    assert [each.method for each in asked] == ["GET", "POST"]
    assert b"agent=eka/1" in asked[1].request
    assert asked[1].request.count(b"0" * 40 + b" ") == len(report.refs) == 5
    assert mono.server_refs().keys() == set(report.refs)
    assert run(mono.server, "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("push-first-packet")
def test_the_refs_a_server_advertises_stay_there(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    head = mono.git("rev-parse", "HEAD").strip()
    lines = "".join(f"{head} refs/x/{'x' * 60}-{n:06}\n" for n in range(150_000))
    (mono.server / "packed-refs").write_text(f"# pack-refs with: sorted \n{lines}")
    with serve(tmp_path) as server:
        remote(mono, server.url)

        mono.publish()

        first, second = pushes(server.requests())
    assert (first.method, second.method) == ("GET", "POST")
    assert first.status == second.status == 200
    assert first.sent_bytes < len(lines) / 2


@pytest.mark.spec("push-http-rules")
@pytest.mark.parametrize("way", ["setting", "variable", "unverified"])
def test_the_person_decides_whom_to_trust(tmp_path: Path, way: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    tls = authority(tmp_path / "tls")
    with serve(tmp_path, Site(tls=tls)) as server:
        remote(mono, server.url)
        if way == "setting":
            configure(mono, (f"http.{server.url}/.sslCAInfo", str(tls.ca_file)))
        elif way == "variable":
            mono.env["GIT_SSL_CAINFO"] = str(tls.ca_file)
        else:
            configure(mono, ("http.sslVerify", "false"))

        report = mono.publish()

        assert [each.method for each in pushes(server.requests())] == ["GET", "POST"]
    assert len(report.new) == 1


@pytest.mark.spec("push-left-to-git")
def test_a_server_nobody_trusts_gets_nothing(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    tls, other = authority(tmp_path / "tls"), authority(tmp_path / "other")
    with serve(tmp_path, Site(tls=tls)) as server:
        url = remote(mono, server.url)
        configure(mono, ("http.sslCAInfo", str(other.ca_file)))
        client = client_of(mono, parsed(url))

        report = client.push({"refs/atoms/x/1.0.0": ObjectId("1" * 40)}, [])

        assert pushes(server.requests()) == []
    assert report is None
    assert not client.is_possible


def parsed(url: str) -> SourceUrl:
    """Return the address of a test server."""
    scheme, _, rest = url.partition("://")
    place, _, path = rest.partition("/")
    host, _, port = place.partition(":")
    return SourceUrl(scheme, host, f"/{path}", port=int(port))


@pytest.mark.spec("push-http-rules")
@pytest.mark.parametrize("way", ["setting", "variable", "password"])
def test_pushes_go_through_the_person_s_proxy(tmp_path: Path, way: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    login = (USER, SECRET) if way == "password" else None
    with serve(tmp_path) as server, serve_proxy(login) as proxy:
        remote(mono, server.url)
        if way == "variable":
            mono.env["http_proxy"] = proxy.url
        elif way == "setting":
            configure(mono, ("http.proxy", proxy.url))
        else:
            secret = proxy.url.replace("://", f"://{USER}:{SECRET}@")
            configure(mono, ("http.proxy", secret))

        mono.publish()

        seen = pushes(proxy.requests())
        assert [each.method for each in seen] == ["GET", "POST"]
        assert all(each.status == 200 for each in seen)
        assert {each.proxy_authorization for each in seen} == {BASIC if login else "-"}
        assert {each.proxy_authorization for each in server.requests()} == {"-"}


@pytest.mark.spec("push-http-rules")
def test_tls_goes_through_a_tunnel(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    tls = authority(tmp_path / "tls")
    with serve(tmp_path, Site(tls=tls)) as server, serve_proxy((USER, SECRET)) as proxy:
        remote(mono, server.url)
        secret = proxy.url.replace("://", f"://{USER}:{SECRET}@")
        configure(mono, ("http.sslCAInfo", str(tls.ca_file)), ("http.proxy", secret))

        mono.publish()

        tunnels = [each for each in proxy.requests() if each.method == "CONNECT"]
        assert [each.method for each in pushes(server.requests())] == ["GET", "POST"]
    assert tunnels
    assert tunnels[-1].status == 200


@pytest.mark.spec("push-credentials")
def test_a_helper_is_asked_when_the_server_asks_and_told_what_came_of_it(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    with serve(tmp_path, Site(credentials=(USER, SECRET))) as server:
        remote(mono, server.url)
        log = helper(mono)

        mono.publish()

        seen = pushes(server.requests())
    assert [(each.method, each.status) for each in seen] == [
        ("GET", 401),
        ("GET", 200),
        ("POST", 200),
    ]
    assert [each.authorization for each in seen] == ["-", BASIC, BASIC]
    told = log.read_text()
    assert told.count("\nstore\n") >= 1
    assert "erase" not in told
    assert f"host=127.0.0.1:{server.port}" in told


@pytest.mark.spec("push-credentials")
def test_a_password_that_is_wrong_is_forgotten(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    with serve(tmp_path, Site(credentials=(USER, SECRET))) as server:
        url = remote(mono, server.url)
        log = helper(mono, "wrong")
        client = client_of(mono, parsed(url))

        with pytest.raises(AccessDenied) as caught:
            client.push({"refs/atoms/x/1.0.0": ObjectId("1" * 40)}, [])

    assert "erase" in log.read_text()
    assert "wrong" not in str(caught.value)


@pytest.mark.spec("push-credentials")
def test_curl_s_own_file_of_passwords_counts(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    home = tmp_path / "person"
    home.mkdir()
    (home / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password {SECRET}\n")
    (home / ".netrc").chmod(stat.S_IRUSR)
    mono.env["HOME"] = str(home)
    with serve(tmp_path, Site(credentials=(USER, SECRET))) as server:
        remote(mono, server.url)

        mono.publish()

        assert pushes(server.requests())[-1].authorization == BASIC


@pytest.mark.spec("push-redirect")
def test_the_push_goes_where_the_first_request_was_sent(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    with serve(tmp_path) as target:
        site = Site(redirects={"/old": target.url})
        with serve(tmp_path, site) as server:
            remote(mono, f"{server.url}/old")

            mono.publish()

            assert [each.status for each in pushes(server.requests())] == [302]
            assert [each.method for each in pushes(target.requests())] == ["GET", "POST"]


@pytest.mark.spec("push-redirect")
@pytest.mark.parametrize("way", ["url", "helper", "header"])
def test_another_server_gets_no_credentials(tmp_path: Path, way: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    with serve(tmp_path) as thief:
        site = Site(credentials=(USER, SECRET), redirects={"/old": thief.url})
        with serve(tmp_path, site) as server:
            base = f"{server.url}/old"
            if way == "url":
                base = base.replace("://", f"://{USER}:{SECRET}@")
            elif way == "helper":
                helper(mono)
            else:
                configure(mono, ("http.extraHeader", f"Authorization: {BASIC}"))
            url = f"{base}/server.git"
            runner = GitRunner("git", mono.env, tmp_path)
            client = ReceivePackClient(runner, with_login(url), "sha1", silent)

            report = client.push({"refs/atoms/x/1.0.0": head(mono)}, [])

        seen = pushes(thief.requests())
    assert report is not None
    assert [each.method for each in seen] == ["GET", "POST"]
    assert {each.authorization for each in seen} == {"-"}


def head(mono: Monorepo) -> ObjectId:
    """Return the commit that is checked out."""
    return ObjectId(mono.git("rev-parse", "HEAD").strip())


def with_login(url: str) -> SourceUrl:
    """Return an address that may name a user and a password."""
    login, at, rest = url.removeprefix("http://").rpartition("@")
    found = parsed(f"http://{rest}")
    user, _, password = login.partition(":")
    return SourceUrl(
        found.scheme,
        found.host,
        found.path,
        user if at else None,
        password if at else None,
        found.port,
    )


@pytest.mark.spec("push-redirect")
@pytest.mark.parametrize("why", ["forbidden", "downgrade"])
def test_a_redirect_that_is_not_followed_is_told(tmp_path: Path, why: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    tls = authority(tmp_path / "tls")
    with serve(tmp_path) as target:
        is_secure = why == "downgrade"
        site = Site(tls=tls if is_secure else None, redirects={"/old": target.url})
        with serve(tmp_path, site) as server:
            configure(mono, ("http.sslCAInfo", str(tls.ca_file)))
            if not is_secure:
                configure(mono, ("http.followRedirects", "false"))
            runner = GitRunner("git", mono.env, tmp_path)
            url = parsed(f"{server.url}/old/server.git")
            client = ReceivePackClient(runner, url, "sha1", silent)

            with pytest.raises(NetworkFailed):
                client.push({"refs/atoms/x/1.0.0": head(mono)}, [])

        assert pushes(target.requests()) == []


@pytest.mark.spec("push-first-packet")
def test_a_set_is_published_over_ssh_in_one_request(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    calls = tmp_path / "calls"
    with serve_ssh(tmp_path) as server:
        mono.git("remote", "set-url", "origin", f"{server.url}/server.git")
        program = tmp_path / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "$@" >> {calls}\nexec {server.command} "$@"\n')
        program.chmod(0o755)
        mono.env["GIT_SSH_COMMAND"] = str(program)

        report = mono.publish()

    assert len(report.new) == 2
    assert calls.read_text().count("git-receive-pack") == 1
    assert len(mono.server_refs()) == 4


@pytest.mark.spec("push-http-rules")
def test_a_push_goes_to_where_pushes_are_rewritten_to(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    with serve(tmp_path) as reading, serve(tmp_path) as writing:
        url = remote(mono, reading.url)
        configure(mono, (f"url.{writing.url}/.pushInsteadOf", f"{reading.url}/"))

        mono.publish(remote=url)

        assert pushes(reading.requests()) == []
        assert len(pushes(writing.requests())) == 2


@pytest.mark.spec("push-left-to-git")
def test_what_only_git_can_do_is_left_to_git(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MAX_REFS_PER_PUSH, "http", 3)
    mono = pushed_set(tmp_path, "alpha", "beta", "gamma")
    (tmp_path / "cookies").write_text("")
    with serve_here(tmp_path) as server:
        remote(mono, server.url)
        configure(mono, ("http.cookieFile", str(tmp_path / "cookies")))

        report = mono.publish()

        agents = [each.request for each in server.log if each.path.endswith("/git-receive-pack")]
    assert len(report.new) == 3
    assert len(agents) >= 2
    assert not any(b"agent=eka/1" in each for each in agents)


@pytest.mark.spec("push-left-to-git")
@pytest.mark.parametrize(
    "header", ["no colon", "Bad Name: 1", "X-Odd: \u00e9", "User-Agent: twice", "X-Two: a\\nb"]
)
def test_headers_that_only_curl_understands_are_left_to_git(tmp_path: Path, header: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    file = tmp_path / "gitconfig"
    file.write_text(f'[http]\n\textraHeader = "{header}"\n')
    mono.env["GIT_CONFIG_GLOBAL"] = str(file)
    client = client_of(mono, SourceUrl("http", "127.0.0.1", "/set", port=1))

    report = client.push({"refs/atoms/x/1.0.0": head(mono)}, [])

    assert report is None


@pytest.mark.spec("push-create")
def test_a_path_may_be_written_in_any_letters(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    with serve_here(tmp_path) as server:
        run(mono.server, "config", "http.receivepack", "true")
        (tmp_path / "s\u00e9t").symlink_to(mono.server)
        place = parsed(f"{server.url}/s\u00e9t")

        with pytest.raises(SourceNotFound):  # the test's server does not decode paths
            client_of(mono, place).push({"refs/atoms/x/1.0.0": head(mono)}, [])

        assert server.log[-1].path.startswith("/s%C3%A9t/info/refs")


@pytest.mark.spec("push-server-rules")
@pytest.mark.parametrize("way", ["file", "http"])
@pytest.mark.parametrize("hook", ["pre-receive", "update"])
def test_the_hooks_of_the_server_decide(tmp_path: Path, way: str, hook: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    program = mono.server / "hooks" / hook
    program.parent.mkdir(exist_ok=True)
    program.write_text('#!/bin/sh\nprintf "not \\033[31mtoday\\n" >&2\nexit 1\n')
    program.chmod(0o755)
    with serve(tmp_path) as server:
        if way == "http":
            remote(mono, server.url)

        with pytest.raises(EkaError) as caught:
            mono.publish()

    assert caught.value.code == "push-refused"
    assert "declined" in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert mono.server_refs() == mono.refs() == {}


@pytest.mark.spec("push-server-rules")
@pytest.mark.parametrize("name", ["receive", "transfer"])
def test_refs_the_server_hides_stay_out_of_reach(tmp_path: Path, name: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    run(mono.server, "config", f"{name}.hideRefs", "refs/atoms")

    with pytest.raises(EkaError) as caught:
        mono.publish()

    assert caught.value.code == "push-refused"
    # Git takes the refs that are not hidden, in spite of `atomic`: those of the set, no version.
    assert not any(name.startswith("refs/atoms/") for name in mono.server_refs())
    assert mono.refs() == {}


@pytest.mark.spec("push-no-atomic")
@pytest.mark.parametrize("way", ["file", "http"])
def test_a_server_without_atomic_pushes_gets_no_set(tmp_path: Path, way: str) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    run(mono.server, "config", "receive.advertiseAtomic", "false")
    with serve(tmp_path) as server:
        if way == "http":
            remote(mono, server.url)

        with pytest.raises(AtomicPushUnsupported) as caught:
            mono.publish()

    assert caught.value.count == 4
    assert mono.server_refs() == mono.refs() == {}


@pytest.mark.spec("push-pack")
@pytest.mark.parametrize("way", ["file", "http"])
def test_where_the_server_lacks_trees_git_finds_out_which(tmp_path: Path, way: str) -> None:
    mono = pushed_set(tmp_path, "alpha")
    mono.write("pkgs/alpha/more", "unknown there\n")
    mono.git("add", ".")
    tree = mono.git("write-tree").strip()
    body = f"tree {tree}\nauthor  <> 0 +0000\ncommitter  <> 0 +0000\n\nx".encode()
    mono.write("body", body)
    commit = ObjectId(mono.git("hash-object", "-t", "commit", "-w", "body").strip())
    with serve(tmp_path) as server:
        url = parsed(remote(mono, server.url))
        place = SourceUrl("file", None, str(mono.server)) if way == "file" else url
        client = client_of(mono, place)

        report = client.push({"refs/atoms/x/1.0.0": commit}, [("commit", body)])

    assert report is None
    assert mono.server_refs() == {}


ATOMIC = hostile.packet(b"1" * 40 + b" refs/heads/x\0report-status atomic side-band-64k\n")
HEAD = hostile.packet(b"# service=git-receive-pack\n") + hostile.FLUSH


@pytest.mark.spec("push-report")
@pytest.mark.parametrize(
    ("advertisement", "answer"),
    [
        (b"", b""),
        (b"<html>hello</html>", b""),
        (HEAD + hostile.packet(b"ERR go \x1b[31maway"), b""),
        (HEAD + b"ffff" + b"x" * 70_000, b""),
        (HEAD + ATOMIC, b""),
        (HEAD + ATOMIC, b"\xff" * 100),
        (HEAD + ATOMIC, hostile.packet(b"\x03\x1b[31mno")),
        (HEAD + ATOMIC, hostile.packet(b"\x02working") * 9),
    ],
)
def test_a_server_that_talks_nonsense_is_told(
    tmp_path: Path, advertisement: bytes, answer: bytes
) -> None:
    mono = pushed_set(tmp_path, "alpha")
    runner = GitRunner("git", mono.env, tmp_path)
    with hostile.serve_http(advertisement, answer, service="git-receive-pack") as url:
        client = ReceivePackClient(runner, parsed(url), "sha1", silent)
        refs = {"refs/atoms/x/1.0.0": head(mono), "refs/atoms/y/1.0.0": head(mono)}

        with pytest.raises(EkaError) as caught:
            client.push(refs, [])

    assert "\x1b" not in str(caught.value)
    assert caught.value.code in {"malformed-answer", "network-failed"}


@pytest.mark.parametrize("way", ["file", "ssh"])
def test_a_place_without_repository_is_told(tmp_path: Path, way: str) -> None:
    (tmp_path / "nothing").mkdir()
    with serve_ssh(tmp_path) as server:
        env = {**os.environ, "GIT_SSH_COMMAND": server.command}
        runner = GitRunner("git", env, tmp_path)
        place = SourceUrl("file", None, str(tmp_path / "nothing"))
        if way == "ssh":
            path = f"{tmp_path}/nothing"
            place = SourceUrl("ssh", "127.0.0.1", path, "git", None, server.port)
        client = ReceivePackClient(runner, place, "sha1", silent)

        with pytest.raises(SourceNotFound):
            client.push({"refs/atoms/x/1.0.0": ObjectId("1" * 40)}, [])


def _note(sent: list[tuple[int, int]], done: int, total: int) -> None:
    sent.append((done, total))


def test_bytes_are_counted_as_they_go_out(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    runner = GitRunner("git", mono.env, tmp_path)
    with serve(tmp_path) as server:
        places = [parsed(remote(mono, server.url)), SourceUrl("file", None, str(mono.server))]
        for number, place in enumerate(places):
            sent = list[tuple[int, int]]()
            noted = partial(_note, sent)
            client = ReceivePackClient(runner, place, "sha1", noted)
            objects = [("blob", os.urandom(100_000)) for _ in range(3)]

            client.push({f"refs/atoms/x{number}/1.0.0": head(mono)}, objects)

            assert len(sent) > 3
            assert sent == sorted(sent)
            assert sent[-1][0] == sent[-1][1] > 300_000


@pytest.mark.spec("push-report", "publish-race")
def test_an_answer_that_is_lost_on_its_way_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    posted = HttpSession.post

    def lost(session: HttpSession, *what: Any) -> Answer:  # noqa: ANN401 - passed on as it is
        answer = posted(session, *what)
        while answer.read():
            pass
        raise NetworkFailed(SourceUrl("http", "host", "/set"), "reset by peer")

    monkeypatch.setattr(HttpSession, "post", lost)
    with serve(tmp_path) as server:
        remote(mono, server.url)

        report = mono.publish()

        assert len(pushes(server.requests())) == 2
    assert len(report.new) == 2
    assert set(report.refs) == set(mono.server_refs())
    assert mono.refs() == mono.server_refs()


@pytest.mark.spec("push-report")
def test_a_server_that_hangs_up_while_it_is_sent_to_leaves_nothing(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    with serve_here(tmp_path) as server:
        remote(mono, server.url)
        cut = mono.publisher(progress=lambda stage, _: _cut(server, stage))

        with pytest.raises(EkaError) as caught:
            cut.publish(PublishRequest())

        server.behaviour.cut_after_bytes = None
        assert caught.value.exit_status == Exit.NETWORK
        assert mono.refs() == mono.server_refs() == {}
        assert len(mono.publish().new) == 2


def _cut(server: GitServer, stage: PublishStage) -> None:
    """Let answers end early from the push on."""
    if stage is PublishStage.PUSHING:
        server.behaviour.cut_after_bytes = 40
