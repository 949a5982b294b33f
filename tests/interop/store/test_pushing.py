"""Pushing over HTTP to a store that takes it, and what it does not take."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from eka.build.cache_web import WebFiles, WebSink
from eka.build.timed_response import TimedResponse
from eka.hashing import digest
from eka.store import Reduction, Store, StorePath
from eka.store.cache.documents import (
    PLAIN,
    ROOT,
    CacheEntry,
    encode_entry,
    encode_files,
    info_name,
)
from eka.store.cache.errors import CacheFalse, CacheRefuses, CacheUnreachable, CacheUnwritable
from eka.store.cache.push import push
from tests.fakes.caches import KEY, RESOLVED
from tests.fakes.store_server import listening
from tests.servers.nix_cache import served
from tests.servers.raw_answer import answering
from tests.store_nodes import SAMPLE, nodes

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

ACTION = "a" * 64


@contextmanager
def taking(root: Path, *words: str) -> Generator[str, None, None]:
    """Serve a store that trusts the key of the tests; its address."""
    with Store.open(root, durable=False) as store:
        store.trust(KEY.public, RESOLVED)
    with listening(root, "--http", "127.0.0.1:0", *words) as address:
        yield address.removesuffix("/v1")


def tower(store: Store, height: int = 12) -> StorePath:
    """Add paths that mention each other, and what led to the last."""
    top = store.add_tree("floor-0", nodes(SAMPLE))
    for number in range(1, height):
        shape = {b"to": top.text.encode(), b"data": bytes(50_000)}
        top = store.add_tree(f"floor-{number}", nodes(shape), references=[top])
    store.record(Reduction("resolved", f"{ACTION}!out", top.base, evidence="bubblewrap"))
    store.sign_reduction(store.reduce("resolved", f"{ACTION}!out")[0], KEY)
    return top


@pytest.fixture
def here(tmp_path: Path) -> Generator[Store, None, None]:
    with Store.open(tmp_path / "here", durable=False) as store:
        yield store


@pytest.mark.spec("cache-push")
@pytest.mark.spec("cache-lacks")
def test_a_store_takes_what_is_pushed_and_only_what_it_lacks(here: Store, tmp_path: Path) -> None:
    top = tower(here)

    with taking(tmp_path / "there", "--writable") as address, here.lease([top]):
        first = push(here, WebSink(address, {}), [top])
        again = push(here, WebSink(address, {}), [top])

    assert (len(first.pushed), first.known, first.reductions, first.ignored) == (12, 0, 1, 0)
    assert (len(again.pushed), again.known, again.size_bytes) == (0, 12, 0)
    with Store.open(tmp_path / "there", durable=False) as there:
        assert there.closure([top]) == here.closure([top])
        assert there.verify() == []
        (fact,) = there.counted("resolved", f"{ACTION}!out")
        assert (fact.refined, fact.by) == (top.base, KEY.name)


@pytest.mark.spec("cache-push")
def test_what_a_stranger_asserts_is_left_out(here: Store, tmp_path: Path) -> None:
    top = tower(here, 2)

    with (
        listening(tmp_path / "there", "--http", "127.0.0.1:0", "--writable") as address,
        here.lease([top]),
    ):
        done = push(here, WebSink(address.removesuffix("/v1"), {}), [top])

    assert (done.reductions, done.ignored) == (0, 1)


@pytest.mark.spec("cache-push")
@pytest.mark.spec("protocol-http-who")
def test_a_server_that_is_not_writable_takes_nothing(here: Store, tmp_path: Path) -> None:
    top = tower(here, 2)

    with taking(tmp_path / "there") as address, here.lease([top]):
        with pytest.raises(CacheUnwritable):
            push(here, WebSink(address, {}), [top])
        with pytest.raises(CacheRefuses):
            WebSink(address, {}).add(here, here.path_info(top), [])

    with Store.open(tmp_path / "there", durable=False) as there:
        assert there.info().paths == 0


def test_a_plain_web_server_takes_nothing(here: Store, tmp_path: Path) -> None:
    top = tower(here, 2)
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / ROOT).write_text(
        '{"batch":false,"push":true,"schema":"eka.cache/1","store":"/eka/store"}\n'
    )

    with served(cache) as address, pytest.raises(CacheUnwritable):
        push(here, WebSink(address, {}), [top])


def sent(address: str, name: str, body: bytes, **headers: str) -> tuple[int, str]:
    """Push something by hand; return the status and the code of the error."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request("POST", f"/push/{name}", body, headers)
    answer = connection.getresponse()
    value = json.loads(answer.read())
    connection.close()
    return answer.status, value.get("error", {}).get("code", "")


def false_pushes(here: Store) -> dict[str, tuple[str, bytes]]:
    """Return what no store may take, by what is wrong with it."""
    path = here.add_tree("file", nodes(b"content"))
    info = here.path_info(path)
    data = b"".join((
        b'{"executable":false,"name":"","node":"file"}\n{"bytes":7}\ncontent{"bytes":0}\n',
        b'{"node":"end"}\n',
    ))  # fmt: skip

    def entry(path: StorePath, body: bytes, *references: StorePath) -> bytes:
        told = CacheEntry(
            path, info.kind, info.content, info.size_bytes, references, (),
            digest(body).hex(), len(body), PLAIN,
        )  # fmt: skip
        return encode_entry(told) + body

    other = StorePath("0" * 32, "file")
    return {
        "another path": (info_name(other), entry(other, data)),
        "a name of another": (info_name(other), entry(other, data)),
        "other bytes": (info_name(path), entry(path, data.replace(b"content", b"CONTENT"))),
        "cut": (info_name(path), entry(path, data)[:-1]),
        "too long": (info_name(path), entry(path, data) + b"{}\n"),
        "a missing reference": (info_name(path), entry(path, data, other)),
        "no document": (info_name(path), b"\n"),
        "no name": ("info/../../etc/passwd", entry(path, data)),
        "a file that is not here": (f"file/{ACTION}.json", encode_files(ACTION, [other])),
    }


@pytest.mark.spec("cache-push")
@pytest.mark.spec("cache-checked")
def test_nothing_that_is_false_is_taken(here: Store, tmp_path: Path) -> None:
    with taking(tmp_path / "there", "--writable") as address:
        answers = {
            wrong: sent(address, name, body) for wrong, (name, body) in false_pushes(here).items()
        }

    assert {status for status, _ in answers.values()} == {400}
    assert {code for _, code in answers.values()} == {
        "cache-false", "missing-references", "path-not-found",
    }  # fmt: skip
    with Store.open(tmp_path / "there", durable=False) as there:
        assert there.info().paths == 0
        assert there.verify() == []


@pytest.mark.spec("cache-push")
def test_a_file_must_have_the_hash_that_is_told(here: Store, tmp_path: Path) -> None:
    path = here.add_tree("file", nodes(b"content"))
    with taking(tmp_path / "there", "--writable") as address, here.lease([path]):
        push(here, WebSink(address, {}), [path])

        with pytest.raises(CacheRefuses):
            WebSink(address, {}).add_file(ACTION, path)


@pytest.mark.spec("protocol-http-who")
def test_no_page_in_a_browser_can_push(here: Store, tmp_path: Path) -> None:
    name, body = false_pushes(here)["cut"]

    with taking(tmp_path / "there", "--writable") as address:
        status, code = sent(address, name, body, Origin="http://evil.example")
        other = sent(address, name, body, Host="evil.example")

    assert (status, code) == (403, "operation-refused")
    assert other == (403, "operation-refused")


@pytest.mark.spec("cache-http")
def test_a_connection_is_used_again(here: Store, tmp_path: Path) -> None:
    here.close()
    with taking(tmp_path / "here") as address:
        parts = urlsplit(address)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        sockets: set[int] = set()
        for _ in range(3):
            connection.request("GET", f"/{ROOT}")
            sockets.add(id(connection.sock))
            assert connection.getresponse().read().endswith(b"\n")
        connection.close()

    assert len(sockets) == 1


@pytest.mark.spec("cache-batch")
def test_a_question_for_too_much_is_refused(tmp_path: Path) -> None:
    with taking(tmp_path / "there") as address:
        files = WebFiles(address, {})
        names = [f"info/{number:032}.json" for number in range(1001)]
        with pytest.raises(CacheUnreachable):
            files.documents(names, 1000, batch=True)
        assert files.documents([ROOT, "info/x.json", "../../x"], 1000, batch=True).keys() == {ROOT}


ANSWERS = {
    "nothing": b"",
    "no http": b"hello\r\n\r\n",
    "an error": b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n",
    "a cut body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
    "another place": b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
    "endless heads": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000,
}


@pytest.mark.parametrize("wrong", ANSWERS)
@pytest.mark.spec("cache-degrades")
def test_a_server_that_answers_nonsense_counts_as_down(wrong: str) -> None:
    with answering(ANSWERS[wrong]) as address, pytest.raises(CacheUnreachable):
        WebFiles(address, {}).documents([ROOT], 1000, batch=False)


def test_an_answer_to_another_question_is_false() -> None:
    body = b'{"name":"info/y.json","document":""}\n'
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    with answering(head + body) as address, pytest.raises(CacheFalse):
        WebFiles(address, {}).documents(["info/x.json", "info/z.json"], 1000, batch=True)


@pytest.mark.spec("cache-degrades")
def test_a_server_that_is_silent_counts_as_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eka.build.cache_connections.SILENCE_S", 0.2)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        files = WebFiles(f"http://127.0.0.1:{silent.getsockname()[1]}", {})

        with pytest.raises(CacheUnreachable):
            files.documents([ROOT], 1000, batch=False)


@pytest.mark.spec("cache-degrades")
def test_a_server_that_answers_byte_by_byte_counts_as_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TimedResponse, "head_s", 0.2)
    endless = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100

    with answering(endless, pause_s=0.02) as address, pytest.raises(CacheUnreachable) as raised:
        WebFiles(address, {}).documents([ROOT], 1000, batch=False)

    assert "did not come in time" in raised.value.why


@pytest.mark.spec("cache-degrades")
def test_a_server_whose_body_comes_byte_by_byte_counts_as_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("eka.build.cache_connections.GRACE_S", 0.1)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"

    with answering(head + bytes(1000), pause_s=0.005) as address:
        files = WebFiles(address, {})
        with pytest.raises(CacheUnreachable) as raised:
            files.documents([ROOT], 1000, batch=False)

    assert "bytes came in" in raised.value.why
