"""One HTTP connection: client certificates, silence, and servers that hang up."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from eka.atom import SourceUrl
from eka.git import NetworkFailed, TimedOut
from eka.git.http_client import HttpClient, Request
from eka.git.http_rules import HttpRules, OnlyGitKnows
from tests.servers.authority import authority

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
ASK = Request(method="GET", target="/", headers={})


@contextmanager
def listening(
    serve: Callable[[socket.socket], None], tls: ssl.SSLContext | None = None
) -> Generator[int]:
    """Serve each connection, one after another; yields the port."""

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
                with connection:
                    serve(
                        connection
                        if tls is None
                        else tls.wrap_socket(connection, server_side=True)
                    )
            except OSError:
                if listener.fileno() < 0:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def answering(times: int, seen: list[bytes]) -> Callable[[socket.socket], None]:
    """Return what answers so many requests of a connection, then hangs up."""

    def serve(connection: socket.socket) -> None:
        for _ in range(times):
            data = connection.recv(65536)
            if not data:
                return
            seen.append(data)
            connection.sendall(ANSWER)
        if isinstance(connection, ssl.SSLSocket):
            connection.close()

    return serve


def client(
    port: int, scheme: str = "http", *, timeout_s: float = 20, rules: HttpRules | None = None
) -> HttpClient:
    """Return a client of a server on this machine."""
    url = SourceUrl(scheme, "127.0.0.1", "/set", port=port)
    return HttpClient(url, rules or HttpRules(), None, timeout_s)


def whole(found: HttpClient, request: Request = ASK) -> bytes:
    """Send a request and return the body of the answer."""
    answer = found.send(request)
    body = b""
    while data := answer.read():
        body += data
    return body


@pytest.mark.spec("push-http-rules")
def test_a_server_that_wants_a_certificate_gets_the_person_s(tmp_path: Path) -> None:
    tls = authority(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.certificate, tls.key)
    context.load_verify_locations(tls.ca_file)
    context.verify_mode = ssl.CERT_REQUIRED
    with listening(answering(1, []), context) as port:
        trusting = HttpRules(ca_file=str(tls.ca_file))
        showing = HttpRules(
            ca_file=str(tls.ca_file), cert_file=str(tls.certificate), key_file=str(tls.key)
        )
        with (
            client(port, "https", rules=trusting) as bare,
            pytest.raises(NetworkFailed),
        ):
            whole(bare)

        with client(port, "https", rules=showing) as known:
            assert whole(known) == b"hi"


@pytest.mark.spec("push-left-to-git")
def test_a_key_with_a_password_is_left_to_git(tmp_path: Path) -> None:
    tls = authority(tmp_path)
    locked = tmp_path / "locked.key"
    words = ["openssl", "pkey", "-in", str(tls.key), "-aes256", "-passout", "pass:x"]
    subprocess.run([*words, "-out", str(locked)], check=True, capture_output=True)
    rules = HttpRules(cert_file=str(tls.certificate), key_file=str(locked))

    with client(1, "https", rules=rules) as found, pytest.raises(OnlyGitKnows):
        found.send(ASK)


def test_a_silent_server_is_not_waited_for_for_ever() -> None:
    with (
        listening(_wait) as port,
        client(port, timeout_s=0.2) as found,
        pytest.raises(TimedOut),
    ):
        found.send(ASK)


def _wait(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def test_a_connection_serves_several_requests() -> None:
    seen: list[bytes] = []
    with listening(answering(2, seen)) as port, client(port) as found:
        assert [whole(found), whole(found)] == [b"hi", b"hi"]

    assert len(seen) == 2


def test_a_question_is_asked_again_when_the_server_had_hung_up() -> None:
    seen: list[bytes] = []
    with listening(answering(1, seen)) as port, client(port) as found:
        assert [whole(found), whole(found)] == [b"hi", b"hi"]

    assert len(seen) == 2


@pytest.mark.spec("push-report")
def test_what_may_have_been_done_already_is_not_sent_twice() -> None:
    seen: list[bytes] = []
    order = Request(method="POST", target="/", headers={"Content-Length": "1"}, body=b"x")
    with listening(answering(1, seen)) as port, client(port) as found:
        assert whole(found) == b"hi"

        with pytest.raises(NetworkFailed):
            found.send(order)

    assert len(seen) == 1


@pytest.mark.parametrize(
    "answer",
    [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 500],
)
def test_what_is_no_http_is_told(answer: bytes) -> None:
    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with listening(serve) as port, client(port) as found, pytest.raises(NetworkFailed):
        found.send(ASK)
