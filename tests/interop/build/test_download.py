from __future__ import annotations

import hashlib
import io
import socket
import time
from typing import TYPE_CHECKING

import pytest

from eka.build import FetchFailed, FetchMismatch, HttpDownloader, Patience, Pinned
from eka.store import FetchAction, FetchProgress, Outcome, Store
from tests.fakes.sandbox import BrokenSandbox
from tests.fakes.web_server import WebServer, reply, unsized, web_server
from tests.fakes.workbench import Workbench

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = bytes(range(256)) * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()
GOOD = reply("200 OK", BODY)


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


class Download:
    """One download, its pauses and its result."""

    def __init__(self, *urls: str, body: bytes = BODY, **env: str) -> None:
        self.pauses: list[float] = []
        self.into = io.BytesIO()
        self.seen: list[int] = []
        patience = Patience(attempts=3, first_pause_s=0.5, silence_s=2.0)
        downloader = HttpDownloader(env, patience=patience, sleep=self.pauses.append)
        file = Pinned("file", urls, len(body), hashlib.sha256(body).hexdigest())
        downloader.download(file, self.into, lambda _, received: self.seen.append(received))

    @property
    def body(self) -> bytes:
        return self.into.getvalue()


@pytest.mark.spec("fetch-pinned")
def test_the_pinned_bytes_arrive(server: WebServer) -> None:
    done = Download(server.serve("/f", GOOD))

    assert done.body == BODY
    assert done.seen[-1] == len(BODY)


def test_a_body_without_a_length_is_read_to_its_end(server: WebServer) -> None:
    assert Download(server.serve("/f", unsized(BODY))).body == BODY


def test_nothing_can_be_pinned_too(server: WebServer) -> None:
    assert Download(server.serve("/f", reply("200 OK")), body=b"").body == b""


@pytest.mark.spec("fetch-retry")
@pytest.mark.parametrize(
    "bad",
    [
        reply("500 Broken"),
        reply("503 Busy", b"later"),
        reply("429 Too Many"),
        reply("200 OK", BODY[:1000], length=len(BODY)),
        unsized(BODY[:-1]),
        b"",
        b"not http at all\r\n\r\n",
    ],
)
def test_a_passing_fault_is_tried_again_after_longer_and_longer_pauses(
    server: WebServer, bad: bytes
) -> None:
    done = Download(server.serve("/f", bad, bad, GOOD))

    assert done.body == BODY
    assert done.pauses == [0.5, 1.0]


@pytest.mark.spec("fetch-retry")
def test_a_lasting_fault_ends_the_patience(server: WebServer) -> None:
    url = server.serve("/f", reply("500 Broken"))

    with pytest.raises(FetchFailed) as caught:
        Download(url)

    assert caught.value.exit_status == 4
    assert caught.value.attempts == ((url, "HTTP 500 Broken"),)
    assert not caught.value.gone
    assert server.asked() == ["/f"] * 3


@pytest.mark.spec("fetch-retry")
def test_a_silent_server_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/f"
        patience = Patience(attempts=1, silence_s=0.2)
        start = time.monotonic()

        with pytest.raises(FetchFailed):
            HttpDownloader({}, patience=patience).download(
                Pinned("f", (url,), 1, SHA256), io.BytesIO(), lambda _url, _received: None
            )

    assert time.monotonic() - start < 5


@pytest.mark.spec("fetch-retry")
def test_a_server_that_drips_is_given_up(server: WebServer) -> None:
    patience = Patience(attempts=1, slowest_bytes_s=1 << 40, grace_s=0.0)

    with pytest.raises(FetchFailed) as caught:
        HttpDownloader({}, patience=patience).download(
            Pinned("f", (server.serve("/f", GOOD),), len(BODY), SHA256),
            io.BytesIO(),
            lambda _url, _received: None,
        )

    assert "bytes came in" in caught.value.attempts[0][1]


@pytest.mark.spec("fetch-order")
def test_the_next_url_is_asked_when_one_has_not_the_file(server: WebServer) -> None:
    wrong = server.serve("/wrong", reply("200 OK", b"x" * len(BODY)))

    done = Download(server.url("/absent"), wrong, server.serve("/f", GOOD), server.url("/never"))

    assert done.body == BODY
    assert server.asked() == ["/absent", "/wrong", "/f"]


@pytest.mark.spec("fetch-gone")
def test_a_file_gone_from_all_mirrors_is_told_apart(server: WebServer) -> None:
    with pytest.raises(FetchFailed) as caught:
        Download(server.url("/a"), server.serve("/b", reply("410 Gone")))

    assert caught.value.gone
    assert "--refresh" in caught.value.fix
    assert server.asked() == ["/a", "/b"]


@pytest.mark.spec("fetch-gone")
def test_one_mirror_that_is_only_down_means_not_gone(server: WebServer) -> None:
    with pytest.raises(FetchFailed) as caught:
        Download(server.url("/a"), server.serve("/b", reply("500 Broken")))

    assert not caught.value.gone


@pytest.mark.spec("fetch-pinned")
@pytest.mark.parametrize(
    "other",
    [
        reply("200 OK", BODY[:-1]),
        reply("200 OK", BODY + b"x"),
        reply("200 OK", BODY[::-1]),
        unsized(BODY + b"x"),
        unsized(BODY[::-1]),
    ],
)
def test_other_bytes_are_a_mismatch(server: WebServer, other: bytes) -> None:
    url = server.serve("/f", other)

    with pytest.raises(FetchMismatch) as caught:
        Download(url)

    assert caught.value.exit_status == 102
    assert caught.value.url == url
    assert server.asked() == ["/f"]


@pytest.mark.spec("fetch-pinned")
def test_an_endless_body_is_cut_at_the_pinned_size(server: WebServer) -> None:
    with pytest.raises(FetchMismatch):
        Download(server.serve("/f", unsized(b"\0" * 50_000_000)), body=b"x" * 1000)


@pytest.mark.spec("fetch-schemes")
def test_a_redirect_is_followed_within_http(server: WebServer) -> None:
    server.serve("/f", GOOD)
    url = server.serve("/moved", reply("302 Found", b"", "Location: /f"))

    assert Download(url).body == BODY


@pytest.mark.spec("fetch-schemes")
@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://127.0.0.1/f", "http://user:secret@127.0.0.1/f"]
)
def test_a_redirect_elsewhere_is_refused(server: WebServer, target: str) -> None:
    url = server.serve("/moved", reply("302 Found", b"", f"Location: {target}"))

    with pytest.raises(FetchFailed):
        Download(url)


@pytest.mark.spec("fetch-schemes")
def test_redirects_in_a_circle_end(server: WebServer) -> None:
    url = server.serve("/moved", reply("302 Found", b"", "Location: /moved"))

    with pytest.raises(FetchFailed):
        Download(url)

    assert len(server.asked()) <= 15


@pytest.mark.spec("fetch-schemes")
@pytest.mark.parametrize("url", ["file:///etc/passwd", "http://me:secret@127.0.0.1/f"])
def test_a_url_that_must_not_be_asked_is_not(url: str) -> None:
    with pytest.raises(FetchFailed) as caught:
        Download(url)

    assert "secret" not in f"{caught.value.__dict__}"


@pytest.mark.spec("fetch-proxy")
def test_a_proxy_of_the_environment_is_used(server: WebServer) -> None:
    server.serve("http://files.example/f?q=1", GOOD)
    proxy = server.url("/").replace("//", "//me:se%20cret@")

    done = Download("http://files.example/f?q=1", http_proxy=proxy)

    (target, headers) = server.requests[0]
    assert done.body == BODY
    assert target == "http://files.example/f?q=1"
    assert headers["Host"] == "files.example"
    assert headers["Proxy-Authorization"] == "Basic bWU6c2UgY3JldA=="


def test_a_host_that_does_not_exist_is_a_network_failure() -> None:
    with pytest.raises(FetchFailed) as caught:
        Download("http://no-such-host.invalid/f")

    assert caught.value.code == "fetch-failed"


def fetch(url: str) -> FetchAction:
    return FetchAction(name="f.deb", urls=(url,), size=len(BODY), sha256=SHA256)


@pytest.mark.spec("fetch-pinned")
def test_a_fetched_file_is_in_the_store_once(server: WebServer, store: Store) -> None:
    bench = Workbench(store, sandbox=BrokenSandbox())
    url = server.serve("/f", GOOD)

    first = bench.realise(fetch(url))
    progress = [event for event in bench.events if isinstance(event, FetchProgress)]
    again = bench.realise(fetch(url + "-moved"))

    assert store.physical(first).read_bytes() == BODY
    assert store.physical(first).stat().st_mode & 0o777 == 0o444
    assert again == first
    assert server.asked() == ["/f"]
    assert bench.outcomes() == [("f.deb", Outcome.BUILT), ("f.deb", Outcome.CACHED)]
    assert not progress


@pytest.mark.spec("reduction-kinds")
def test_a_fetched_file_is_found_by_its_declared_hash(server: WebServer, store: Store) -> None:
    bench = Workbench(store, sandbox=BrokenSandbox())
    url = server.serve("/f", GOOD)
    other = FetchAction(name="g.deb", urls=(url,), size=len(BODY), sha256=SHA256, executable=True)

    paths = {bench.realise(fetch(url)), bench.realise(other)}
    chain = store.chain(f"sha256:{SHA256}")

    assert set(chain.content) == paths
    assert {step.reduction.evidence for step in chain.steps} == {url}
    assert store.nondeterminism() == []


@pytest.mark.spec("fetch-pinned")
def test_nothing_of_a_wrong_file_is_in_the_store(server: WebServer, store: Store) -> None:
    bench = Workbench(store, sandbox=BrokenSandbox())

    with pytest.raises(FetchMismatch):
        bench.realise(fetch(server.serve("/f", reply("200 OK", BODY[::-1]))))

    assert store.info().paths == 0
    assert list(store.physical_root.iterdir()) == []


def test_progress_of_a_large_file_is_reported(server: WebServer, store: Store) -> None:
    body = BODY * 20
    action = FetchAction(
        name="large",
        urls=(server.serve("/f", reply("200 OK", body)),),
        size=len(body),
        sha256=hashlib.sha256(body).hexdigest(),
    )
    bench = Workbench(store, sandbox=BrokenSandbox())

    bench.realise(action)

    seen = [event.received_bytes for event in bench.events if isinstance(event, FetchProgress)]
    assert len(seen) == 4
    assert seen == sorted(seen)
