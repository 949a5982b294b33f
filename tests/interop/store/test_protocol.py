"""The store protocol between processes: one schema on three ways, and who may ask for what."""

from __future__ import annotations

import base64
import json
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.store import Store
from tests.fakes.store_program import StoreProgram, script_plan
from tests.fakes.store_server import (
    connected,
    line,
    listening,
    over_socket,
    over_stdio,
    post,
)
from tests.store_nodes import SAMPLE, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.fakes.store_server import Conversation

    Way = Callable[[Path], AbstractContextManager[Conversation]]

WAYS = pytest.mark.parametrize("way", [over_stdio, over_socket])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "s"


@pytest.fixture
def sample(root: Path, tmp_path: Path) -> str:
    write(SAMPLE, tmp_path / "source")
    with Store.open(root) as store:
        path = store.add_path("sample", tmp_path / "source")
        store.add_root(tmp_path / "kept", path)
    return path.text


@WAYS
@pytest.mark.spec("protocol-hello")
def test_a_server_says_first_what_it_can_do(way: Way, root: Path) -> None:
    with way(root) as talk:
        names = [each["op"] for each in talk.hello["operations"]]

    assert talk.hello["protocol"] == "eka-store/1"
    assert {"info", "closure", "realise", "gc"} <= set(names)
    assert "serve" not in names


@WAYS
@pytest.mark.spec("protocol-answer")
def test_an_answer_is_what_the_command_prints(
    way: Way, root: Path, sample: str, tmp_path: Path
) -> None:
    printed = StoreProgram(tmp_path)("ls", sample, "-R", "--json").document

    with way(root) as talk:
        (answer,) = talk.ask("ls", place=sample, recursive=True)
        (gone,) = talk.ask("closure", paths=["0" * 32 + "-x"])
        bytes_, end = talk.ask("cat", place=f"{sample}/lib/a.c")

    assert answer == {"id": "ls", "answer": printed, "exit_status": 0}
    assert (gone["error"]["code"], gone["error"]["exit_status"]) == ("path-not-found", 3)
    assert base64.b64decode(bytes_["event"]["base64"]) == b"int a;\n"
    assert end["answer"]["size_bytes"] == 7


@WAYS
@pytest.mark.spec("protocol-lines")
def test_a_line_that_is_no_request_does_not_end_the_conversation(way: Way, root: Path) -> None:
    with way(root) as talk:
        talk.writing.write(b"nonsense\n\n[1]\n")
        talk.send({"id": 5, "op": "dance"})
        bad = [talk.receive() for _ in range(3)]
        (good,) = talk.ask("info")

    assert [each["id"] for each in bad] == [None, None, 5]
    assert {each["error"]["code"] for each in bad} == {"invalid-request"}
    assert good["answer"]["paths"] == 0


@WAYS
@pytest.mark.spec("protocol-lines")
def test_after_a_line_without_end_the_connection_is_closed(way: Way, root: Path) -> None:
    with way(root) as talk:
        talk.writing.write(b"x" * (1 << 20) + b"y\n")
        talk.writing.flush()
        told, after = talk.receive(), talk.receive()

    assert told["error"]["code"] == "invalid-request"
    assert after is None


@WAYS
@pytest.mark.spec("protocol-input")
def test_input_comes_with_a_request_or_after_it(way: Way, root: Path) -> None:
    data = script_plan(root, "echo hello; touch $out")
    half = len(data) // 2
    first, second = (base64.b64encode(each).decode() for each in (data[:half], data[half:]))

    with way(root) as talk:
        talk.send({"id": 1, "op": "realise", "arguments": {"plan": "-"}, "streams": True})
        talk.send({"id": 1, "input": first}, {"id": 1, "input": second, "end": True})
        streamed = talk.rest()
        whole = {"input": base64.b64encode(data).decode()}
        talk.send({"id": 2, "op": "realise", "arguments": {"plan": "-"}, **whole})
        again = talk.rest()

    assert "action-log" in [each["event"]["event"] for each in streamed[:-1]]
    assert again[-1]["answer"]["outputs"] == streamed[-1]["answer"]["outputs"]


@WAYS
@pytest.mark.spec("protocol-input")
def test_input_that_nobody_reads_is_skipped(way: Way, root: Path) -> None:
    more = {"id": 1, "input": base64.b64encode(b"x" * 1000).decode()}

    with way(root) as talk:
        talk.send({"id": 1, "op": "info", "streams": True}, *[more] * 5, {"id": 1, "end": True})
        told = talk.rest()
        talk.send({"id": 1, "op": "realise", "arguments": {"plan": "-"}, "streams": True})
        talk.send({"id": 2, "input": ""})
        stray = talk.rest()
        after = talk.ask("info")

    assert told[-1]["answer"]["schema"] == "eka-store.info/1"
    assert stray[-1]["error"]["code"] == "invalid-request"
    assert after[-1]["answer"] == told[-1]["answer"]


@WAYS
@pytest.mark.spec("protocol-session")
def test_what_a_session_adds_is_kept_until_it_ends(way: Way, root: Path, tmp_path: Path) -> None:
    write(SAMPLE, tmp_path / "source")
    other = StoreProgram(tmp_path)

    with way(root) as talk:
        (added,) = talk.ask("add", source=str(tmp_path / "source"))
        during = other("gc", "--json").document["deleted"]

    assert during == []
    assert added["answer"]["path"].endswith("-source")


@pytest.mark.spec("protocol-session")
def test_what_a_session_added_is_garbage_after_it(root: Path, tmp_path: Path) -> None:
    write(SAMPLE, tmp_path / "source")

    with over_stdio(root) as talk:
        (added,) = talk.ask("add", source=str(tmp_path / "source"))

    deleted = StoreProgram(tmp_path)("gc", "--json").document["deleted"]
    assert deleted == [added["answer"]["path"]]


@pytest.mark.spec("protocol-socket")
def test_a_socket_is_its_owners_alone_and_serves_many(root: Path, tmp_path: Path) -> None:
    with listening(root, "--socket", str(tmp_path / "sock")) as path:
        mode = stat.S_IMODE(Path(path).lstat().st_mode)
        with connected(path) as one, connected(path) as two:
            answers = [talk.ask("info")[-1]["answer"]["paths"] for talk in (one, two, one)]

    assert mode == 0o600
    assert answers == [0, 0, 0]


@pytest.mark.spec("protocol-socket")
def test_only_a_socket_that_nobody_listens_on_is_replaced(root: Path, tmp_path: Path) -> None:
    program = StoreProgram(tmp_path)
    (tmp_path / "file").write_text("mine")
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "left"))

    with listening(root, "--socket", str(tmp_path / "left")) as path:
        with connected(path) as talk:
            served = talk.ask("info")[-1]
        taken = program("serve", "--socket", path, "--json")
        talk_again = connected(path)
        with talk_again as talk:
            still = talk.ask("info")[-1]
    refused = program("serve", "--socket", tmp_path / "file", "--json")

    assert served["exit_status"] == still["exit_status"] == 0
    assert taken.document["error"]["code"] == refused.document["error"]["code"] == "cannot-serve"
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.spec("protocol-socket")
def test_one_connection_too_many_is_told_and_closed(root: Path, tmp_path: Path) -> None:
    with listening(root, "--socket", str(tmp_path / "sock")) as path:
        held = [connected(path) for _ in range(64)]
        for each in held:
            each.__enter__()
        with socket.socket(socket.AF_UNIX) as late:
            late.connect(path)
            told = json.loads(late.makefile("rb").readline())
        for each in held:
            each.__exit__(None, None, None)

    assert told["error"]["code"] == "too-many-connections"


@pytest.mark.spec("protocol-http")
def test_http_carries_the_same_messages(root: Path, sample: str, tmp_path: Path) -> None:
    printed = StoreProgram(tmp_path)("closure", sample, "--json").document
    body = line("closure", paths=[sample]) + line("cat", place=f"{sample}/lib/a.c")

    with listening(root, "--http", "127.0.0.1:0") as address:
        hello = post(address, b"", method="GET")
        status, messages = post(address, body + b"nonsense")

    assert hello[0] == status == 200
    assert hello[1][0]["protocol"] == "eka-store/1"
    assert messages[0] == {"id": "closure", "answer": printed, "exit_status": 0}
    assert [sorted(each) for each in messages[1:]] == [
        ["event", "id"], ["answer", "exit_status", "id"], ["error", "id"],
    ]  # fmt: skip


@pytest.mark.spec("protocol-http-who")
def test_over_http_nothing_is_changed_unless_asked_for(root: Path, sample: str) -> None:
    changing = [
        line("gc"), line("verify", repair=True), line("add", source="/etc/hostname"),
        line("roots", link="x", remove=True), line("realise", plan="-"),
    ]  # fmt: skip

    with listening(root, "--http", "127.0.0.1:0") as address:
        listed = post(address, b"", method="GET")[1][0]["operations"]
        refused = post(address, b"".join(changing))[1]
        told = post(address, line("verify", paths=[sample]))[1]
    with listening(root, "--http", "localhost:0", "--writable") as address:
        allowed = post(address, line("gc", dry_run=True))[1]

    assert [each["error"]["code"] for each in refused] == ["operation-refused"] * 5
    assert not {"gc", "add", "roots", "realise"} & {each["op"] for each in listed}
    assert told[0]["answer"]["faults"] == []
    assert allowed[0]["answer"]["dry_run"] is True


@pytest.mark.spec("protocol-http-who")
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example:80"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Length": "x"}, 411),
    ],
)
def test_a_page_in_a_browser_gets_nowhere(
    root: Path, headers: dict[str, str], status: int
) -> None:
    with listening(root, "--http", "127.0.0.1:0") as address:
        found, (message,) = post(address, line("info"), **headers)
        elsewhere = post(address.replace("/v1", "/v2"), line("info"))[0]

    assert (found, elsewhere) == (status, 404)
    assert message["error"]["code"] in {"operation-refused", "invalid-request"}


@pytest.mark.spec("protocol-http-who")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--http", "0.0.0.0:0"], "cannot-serve"),
        (["--http", "0.0.0.0:0", "--public", "--writable"], "cannot-serve"),
        (["--http", "127.0.0.1"], "store-usage"),
        (["--http", "127.0.0.1:99999"], "store-usage"),
        (["--http", "example.org:80"], "store-usage"),
        (["--stdio", "--socket", "x"], "store-usage"),
        ([], "store-usage"),
    ],
)
def test_a_server_listens_where_it_is_safe(tmp_path: Path, words: list[str], code: str) -> None:
    ran = StoreProgram(tmp_path)("serve", *words, "--json")

    assert ran.document["error"]["code"] == code


@pytest.mark.spec("protocol-input")
def test_a_path_travels_from_server_to_server(root: Path, sample: str, tmp_path: Path) -> None:
    with over_stdio(root) as here, over_stdio(tmp_path / "other") as there:
        *chunks, _ = here.ask("export", paths=[sample])
        there.send({"id": 1, "op": "import", "arguments": {"file": "-"}, "streams": True})
        there.send(*({"id": 1, "input": each["event"]["base64"]} for each in chunks))
        there.send({"id": 1, "end": True})
        (taken,) = there.rest()
        (listed,) = there.ask("closure", paths=[sample])

    assert taken["answer"]["added"] == [sample]
    assert listed["answer"]["paths"] == [sample]


@pytest.mark.spec("protocol-session")
def test_a_client_that_goes_away_harms_nobody(root: Path, sample: str, tmp_path: Path) -> None:
    with listening(root, "--socket", str(tmp_path / "sock")) as path:
        for _ in range(3):
            with connected(path) as gone:
                gone.send({"id": 1, "op": "import", "arguments": {"file": "-"}, "streams": True})
                export = {"op": "export", "arguments": {"paths": [sample]}}
                gone.send(*({"id": number, **export} for number in range(9)))
        with connected(path) as talk:
            (answer,) = talk.ask("closure", paths=[sample])

    assert answer["answer"]["paths"] == [sample]
    assert list((root / "tmp").glob("*/*/import")) == []
