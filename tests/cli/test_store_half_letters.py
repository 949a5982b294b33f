"""Text that no file of UTF-8 can hold: from JSON, from streams, from the command line."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from eka.hashing import digest
from eka.store import Store
from eka.store_cli.console import Console
from eka.store_cli.conversation import Channel, session
from eka.store_cli.main import dispatch
from eka.store_cli.place import Place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HALF = "\ud800"  # of a pair
BYTE = "\udcff"  # what a byte that is not UTF-8 becomes
PATH = "0" * 32 + "-thing"


def stream(*lines: Mapping[str, object]) -> bytes:
    """Return a stream of export with a digest that is right."""
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return body + json.dumps({"digest": digest(body).hex()}).encode() + b"\n"


def ran(store: Path, *words: str, stdin: bytes = b"") -> tuple[int, str]:
    """Run a command; return its status and the code of its error."""
    out = io.StringIO()
    console = Console(io.BytesIO(stdin), out, io.StringIO())
    status = dispatch(["--store", str(store), "--json", *words], {}, console)
    return status, json.loads(out.getvalue().splitlines()[-1]).get("error", {}).get("code", "")


@pytest.mark.parametrize(
    "node",
    [
        {"node": "file", "name": HALF, "executable": False},
        {"node": "link", "name": "", "target": HALF},
        {"node": HALF, "name": ""},
    ],
)
def test_a_stream_with_half_a_letter_is_broken(tmp_path: Path, node: dict[str, object]) -> None:
    path = {"path": PATH, "kind": "file", "content": "", "size_bytes": 1}
    lines = stream(
        {"schema": "eka.export/1", "roots": [PATH]},
        {**path, "references": [], "signatures": []},
        node,
        {"bytes": 0},
        {"node": "end"},
    )

    assert ran(tmp_path, "import", "-", stdin=lines) == (5, "broken-stream")


@pytest.mark.parametrize("words", ["reduce", "log"])
def test_a_name_that_is_not_text_is_the_name_of_nothing(tmp_path: Path, words: str) -> None:
    with Store.open(tmp_path, durable=False) as store:
        store.runs.begin("0" * 64, "thing", "run", has_log=False)

    status, code = ran(tmp_path, words, f"{BYTE}abcdef")

    assert (status, code) == (3, {"reduce": "not-reduced", "log": "log-not-found"}[words])


@pytest.mark.spec("protocol-request")
@pytest.mark.parametrize(
    ("operation", "arguments", "code"),
    [
        ("reduce", {"name": HALF}, "invalid-request"),
        ("ls", {"place": f"{PATH}/{HALF}"}, "invalid-request"),
        ("path-info", {"paths": [HALF]}, "invalid-request"),
        ("ls", {"place": f"{PATH}/{BYTE}"}, "path-not-found"),
    ],
)
def test_a_request_with_half_a_letter_is_refused(
    tmp_path: Path, operation: str, arguments: dict[str, object], code: str
) -> None:
    line = json.dumps({"id": 1, "op": operation, "arguments": arguments}).encode() + b"\n"
    told: list[Mapping[str, object]] = []

    session(Channel(io.BytesIO(line), told.append, may_change=True), Place(tmp_path, {}))

    (answer,) = told
    assert json.loads(json.dumps(answer))["error"]["code"] == code
