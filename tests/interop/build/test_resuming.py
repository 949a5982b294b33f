"""Downloads that break off and go on, from servers good and bad at that."""

from __future__ import annotations

import hashlib
import io
import socket
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eka.build import FetchFailed, FetchMismatch, HttpDownloader, Patience, Pinned
from tests.fakes.web_server import WebServer, reply, web_server
from tests.servers.ranged import RangedServer, ranged_server

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = bytes(range(256)) * 1000
SIZE = len(BODY)
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def server() -> Iterator[RangedServer]:
    with ranged_server(BODY) as server:
        yield server


@pytest.fixture
def other() -> Iterator[RangedServer]:
    with ranged_server(BODY) as server:
        yield server


@pytest.fixture
def web() -> Iterator[WebServer]:
    with web_server() as server:
        yield server


class Download:
    """One download: what it came to, and how long it waited."""

    def __init__(self, *urls: str, there: bytes = b"", attempts: int = 3) -> None:
        self.pauses: list[float] = []
        self.into = io.BytesIO(there)
        patience = Patience(attempts=attempts, first_pause_s=0.5, silence_s=5.0)
        downloader = HttpDownloader({}, patience=patience, sleep=self.pauses.append)
        pinned = Pinned("file", urls, SIZE, SHA256)
        try:
            downloader.download(pinned, self.into, lambda _url, _received: None)
        except (FetchFailed, FetchMismatch) as error:
            self.error: FetchFailed | FetchMismatch | None = error
        else:
            self.error = None
        self.body = self.into.getvalue()


@pytest.mark.spec("fetch-resume")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cuts=st.lists(st.integers(0, SIZE // 2), max_size=8),
    there=st.integers(0, SIZE),
    tag=st.sampled_from(["", '"v1"', 'W/"v1"']),
)
def test_wherever_answers_break_off_no_byte_is_asked_for_twice(
    cuts: list[int], there: int, tag: str
) -> None:
    with ranged_server(BODY) as server:
        server.cuts, server.tag = iter(cuts), tag

        done = Download(server.url, there=BODY[:there], attempts=len(cuts) + 2)

        assert (done.error, done.body) == (None, BODY)
        assert server.sent_bytes == SIZE - there
        assert [start for start, _ in server.sent] == [start for start, _ in server.asked]


@pytest.mark.spec("fetch-resume")
def test_the_next_server_goes_on_where_one_fell_silent_for_good(
    server: RangedServer, other: RangedServer
) -> None:
    server.cuts = iter([100_000, 0, 0, 0])

    done = Download(server.url, other.url)

    assert done.body == BODY
    assert other.sent == [(100_000, SIZE)]


@pytest.mark.spec("fetch-resume")
def test_a_strong_tag_makes_sure_that_it_is_the_same_file(server: RangedServer) -> None:
    server.body, server.tag, server.cuts = BODY[::-1], '"old"', iter([100_000])

    def replace() -> None:
        if server.asked:
            server.body, server.tag = BODY, '"new"'

    server.prepare = replace

    done = Download(server.url)

    assert done.body == BODY
    assert server.asked == [(0, ""), (100_000, '"old"')]


@pytest.mark.spec("fetch-parts")
def test_no_server_is_blamed_for_a_file_that_was_replaced_on_the_way(
    server: RangedServer, other: RangedServer
) -> None:
    server.body, server.cuts = BODY[::-1], iter([100_000, 0, 0])

    done = Download(server.url, other.url)

    assert (done.error, done.body) == (None, BODY)
    assert other.sent == [(100_000, SIZE), (0, SIZE)]


def behave(server: RangedServer, *, lies: bool, knows: bool, wrong: bool, cut: int | None) -> None:
    """Let the next answer be as it is told."""
    server.said = (lambda _start, size: f"bytes 0-{size - 1}/{size}") if lies else None
    server.knows_parts = knows
    server.body = BODY[::-1] if wrong else BODY
    server.cuts = iter([] if cut is None else [cut])


@pytest.mark.spec("fetch-pinned")
@pytest.mark.spec("fetch-parts")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    manners=st.lists(
        st.tuples(*[st.booleans()] * 3, st.none() | st.integers(0, SIZE - 1)), max_size=8
    ),
    there=st.binary(max_size=10) | st.integers(0, SIZE).map(lambda end: BODY[:end]),
)
def test_however_servers_behave_only_the_right_bytes_are_taken(
    manners: list[tuple[bool, bool, bool, int | None]], there: bytes
) -> None:
    with ranged_server(BODY) as server:
        turns = iter(manners)

        def prepare() -> None:
            lies, knows, wrong, cut = next(turns, (False, True, False, None))
            behave(server, lies=lies, knows=knows, wrong=wrong, cut=cut)

        server.prepare = prepare

        done = Download(server.url, there=there, attempts=20)

        if isinstance(done.error, FetchMismatch):  # of one whole answer that was wrong
            assert any(wrong and cut is None for _, _, wrong, cut in manners)
            assert done.body == b""
        else:
            assert (done.error, done.body) == (None, BODY)


@pytest.mark.spec("fetch-parts")
def test_wrong_bytes_of_an_earlier_run_are_not_the_server_s_fault(server: RangedServer) -> None:
    done = Download(server.url, there=b"x" * 1000)

    assert (done.error, done.body) == (None, BODY)
    assert server.sent == [(1000, SIZE), (0, SIZE)]


@pytest.mark.spec("fetch-parts")
@pytest.mark.parametrize("there", [b"x" * SIZE, b"x" * (SIZE + 1), BODY + b"x"])
def test_what_is_as_long_as_the_file_and_wrong_is_thrown_away(
    server: RangedServer, there: bytes
) -> None:
    done = Download(server.url, there=there)

    assert (done.error, done.body) == (None, BODY)
    assert server.sent == [(0, SIZE)]


@pytest.mark.spec("fetch-parts")
def test_a_server_with_another_file_is_blamed_once_it_sent_all_of_it(server: RangedServer) -> None:
    server.body, server.cuts = BODY[::-1], iter([100_000])

    done = Download(server.url)

    assert isinstance(done.error, FetchMismatch)
    assert done.error.url == server.url
    assert server.sent == [(0, 100_000), (100_000, SIZE), (0, SIZE)]
    assert done.body == b""


@pytest.mark.spec("fetch-parts")
def test_after_parts_that_do_not_fit_only_whole_answers_count(server: RangedServer) -> None:
    server.cuts = iter([SIZE, 100_000])

    done = Download(server.url, there=b"x" * 1000)

    assert done.body == BODY
    assert server.sent == [(1000, SIZE), (0, 100_000), (0, SIZE)]


@pytest.mark.spec("fetch-unfinished")
def test_a_file_that_is_there_whole_is_not_asked_for(server: RangedServer) -> None:
    done = Download(server.url, there=BODY)

    assert (done.error, done.body) == (None, BODY)
    assert server.asked == []


@pytest.mark.spec("fetch-resume")
def test_a_server_that_does_not_know_parts_starts_over(server: RangedServer) -> None:
    server.knows_parts, server.cuts = False, iter([100_000, 50_000, 150_000])

    done = Download(server.url)

    assert done.body == BODY
    assert [start for start, _ in server.sent] == [0, 0, 0, 0]


@pytest.mark.spec("fetch-resume")
@pytest.mark.parametrize(
    "said",
    [
        "bytes 0-{last}/{size}",
        "bytes {after}-{last}/{size}",
        "bytes {start}-{size}/{more}",
        "bytes {start}-{last}/{more}",
        "bytes {last}-{start}/{size}",
        "bytes */{size}",
        "lines 1-2/3",
        "bytes {start}-99999999999999999999999/*",
    ],
)
def test_who_lies_about_the_part_is_asked_for_all(server: RangedServer, said: str) -> None:
    server.cuts = iter([100_000])
    server.said = lambda start, size: said.format(
        start=start, after=start + 1, last=size - 1, size=size, more=size + 1
    )

    done = Download(server.url)

    assert (done.error, done.body) == (None, BODY)
    assert server.asked[1:] == [(100_000, ""), (0, "")]
    assert done.pauses == [0.5]


@pytest.mark.spec("fetch-resume")
@pytest.mark.parametrize("total", ["*", str(SIZE)])
def test_less_than_was_asked_for_is_taken_too(web: WebServer, total: str) -> None:
    def part(start: int, end: int) -> bytes:
        told = f"Content-Range: bytes {start}-{end - 1}/{total}"
        return reply("206 Partial Content", BODY[start:end], told)

    cut = reply("200 OK", BODY[:1000], length=SIZE)
    url = web.serve("/f", cut, part(1000, 60_000), part(60_000, 200_000), part(200_000, SIZE))

    done = Download(url)

    assert (done.error, done.body) == (None, BODY)
    assert web.asked() == ["/f"] * 4


@pytest.mark.spec("fetch-resume")
def test_a_part_that_is_longer_than_it_says_starts_over(web: WebServer) -> None:
    cut = reply("200 OK", BODY[:1000], length=SIZE)
    long = reply("206 Partial", BODY[1000:] + b"x", f"Content-Range: bytes 1000-{SIZE - 1}/{SIZE}")
    url = web.serve("/f", cut, long, reply("200 OK", BODY))

    done = Download(url)

    assert (done.error, done.body) == (None, BODY)


@pytest.mark.spec("fetch-resume")
def test_a_part_nobody_can_send_starts_over(web: WebServer) -> None:
    cut = reply("200 OK", BODY[:1000], length=SIZE)
    url = web.serve("/f", cut, reply("416 Range Not Satisfiable"), reply("200 OK", BODY))

    done = Download(url)

    assert (done.error, done.body) == (None, BODY)
    assert [headers.get("Range") for _, headers in web.requests] == [None, "bytes=1000-", None]


@pytest.mark.spec("fetch-retry")
def test_patience_lasts_as_long_as_something_new_comes(server: RangedServer) -> None:
    server.cuts = iter([20_000] * 12)

    done = Download(server.url, attempts=2)

    assert done.body == BODY
    assert set(done.pauses) == {0.5}


@pytest.mark.spec("fetch-retry")
def test_crumbs_end_the_patience_in_the_end(server: RangedServer) -> None:
    server.cuts = iter([1] * 1000)

    done = Download(server.url)

    assert isinstance(done.error, FetchFailed)
    assert len(server.asked) == 100
    assert done.body == BODY[:100]
    assert "goes on after the 100 bytes" in done.error.fix


@pytest.mark.spec("fetch-pause")
@pytest.mark.parametrize("status", ["429 Too Many", "503 Busy"])
def test_a_server_is_left_alone_for_as_long_as_it_asks(web: WebServer, status: str) -> None:
    busy = reply(status, b"", "Retry-After: 7")

    done = Download(web.serve("/f", busy, reply("200 OK", BODY)))

    assert done.body == BODY
    assert sum(done.pauses) == 7


@pytest.mark.spec("fetch-pause")
def test_a_server_that_asks_for_too_long_is_not_asked_again(web: WebServer) -> None:
    busy = web.serve("/busy", reply("503 Busy", b"", "Retry-After: 3600"))

    done = Download(busy, web.serve("/f", reply("200 OK", BODY)))

    assert done.body == BODY
    assert web.asked() == ["/busy", "/f"]
    assert done.pauses == []


def test_the_size_a_whole_answer_says_costs_nothing_that_is_there(
    web: WebServer, server: RangedServer
) -> None:
    server.cuts = iter([100_000, 0, 0, 0])
    wrong = web.serve("/wrong", reply("200 OK", b"page not found"))

    done = Download(server.url, wrong, server.url)

    assert done.body == BODY
    assert server.sent[-1] == (100_000, SIZE)


class Refusing(io.BytesIO):
    """A file on a disk that is full."""

    def write(self, data: object, /) -> int:
        del data
        raise OSError(28, "No space left on device")


@pytest.mark.spec("fetch-retry")
def test_a_full_disk_is_not_taken_for_a_bad_server(server: RangedServer) -> None:
    pinned = Pinned("file", (server.url,), SIZE, SHA256)

    with pytest.raises(OSError, match="No space left"):
        HttpDownloader({}).download(pinned, Refusing(), lambda _url, _received: None)

    assert len(server.asked) == 1


class Enough(Exception):
    """Somebody does not want to wait any longer."""


@pytest.mark.spec("build-interrupt")
def test_who_has_enough_is_heard_while_a_server_is_silent() -> None:
    def progress(_url: str, received: int) -> None:
        told.append(received)
        if len(told) > 3:
            raise Enough

    told: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/f"
        downloader = HttpDownloader({}, patience=Patience(silence_s=10_000))

        with pytest.raises(Enough):
            downloader.download(Pinned("f", (url,), 1, SHA256), io.BytesIO(), progress)

    assert told == [0, 0, 0, 0]
