"""Whatever is sent, a request is understood or refused, and a stream is whole or refused."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eka.errors import EkaError
from eka.store import Store, import_stream
from eka.store.stream import StreamReader as Reader
from eka.store.stream import encoded, node_chunks, quoted
from eka.store_cli.errors import InvalidRequest
from eka.store_cli.requests import fields, operations, parse_request
from tests.store_nodes import SAMPLE, nodes, shape_of

if TYPE_CHECKING:
    from pathlib import Path

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from(sorted({f.name for op in operations() for f in fields(op)}))
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "id": VALUES,
        "op": st.sampled_from(operations()) | VALUES,
        "arguments": st.dictionaries(NAMES, VALUES, max_size=3) | VALUES,
        "input": VALUES,
        "streams": VALUES,
    },
)
LINES = [
    encoded({"schema": "eka.export/1", "roots": []}),
    encoded({"node": "directory", "name": ""}),
    encoded({"node": "file", "name": "a", "executable": True}),
    encoded({"bytes": 1}) + b"x",
    encoded({"bytes": 0}),
    encoded({"node": "end"}),
    encoded({"path": "0" * 32 + "-x", "kind": "file", "content": "", "size_bytes": 0,
             "references": [], "signatures": []}),
    encoded({"digest": "0" * 64}),
]  # fmt: skip


@given(value=REQUESTS)
def test_any_object_is_a_request_or_refused(value: dict[str, object]) -> None:
    with suppress(InvalidRequest):
        found = parse_request(json.dumps(value).encode())

        assert found.operation == value["op"]
        assert found.identity == value["id"]


@given(raw=st.binary(max_size=200))
def test_any_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequest):
        parse_request(raw)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store") / "s"


@settings(max_examples=60)
@given(lines=st.lists(st.sampled_from(LINES) | st.binary(max_size=40), max_size=8))
def test_any_lines_are_no_stream(store: Path, lines: list[bytes]) -> None:
    with Store.open(store, durable=False) as opened:
        with pytest.raises(EkaError) as caught:
            import_stream(opened, io.BytesIO(b"".join(lines)))

        assert caught.value.exit_status == 5
        assert opened.info().paths == 0


@given(names=st.lists(st.binary(min_size=1, max_size=12), max_size=3))
def test_every_name_is_written_in_one_way(names: list[bytes]) -> None:
    text = quoted(tuple(names))

    assert text.isascii()
    assert text.isprintable()
    assert json.loads(encoded({"name": text}))["name"] == text


def test_nodes_come_back_as_they_went() -> None:
    stream = io.BytesIO(b"".join(node_chunks(nodes(SAMPLE))))

    assert shape_of(Reader(stream).nodes()) == shape_of(nodes(SAMPLE))
