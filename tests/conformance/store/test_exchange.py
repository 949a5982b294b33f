"""Paths as one stream: what goes out comes in, and what was changed does not."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eka.errors import EkaError
from eka.hashing import digest
from eka.store import (
    DirNode,
    FileNode,
    LinkNode,
    Reduction,
    ReductionKind,
    Store,
    StorePath,
    export_stream,
    import_stream,
    read_tree,
)
from eka.store.nix.keys import NixSecretKey
from tests.store_nodes import SAMPLE, nodes, shape_of, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Change = Callable[[list[bytes]], list[bytes]]

VECTOR = Path(__file__).resolve().parents[3] / "fixtures" / "store" / "stream.eka"
KEY = NixSecretKey.make("builder-1", b"k" * 32)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "here", durable=False) as opened:
        yield opened


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "there", durable=False) as opened:
        yield opened


def tower(store: Store) -> tuple[StorePath, StorePath, StorePath]:
    """Add a tree, an output that mentions it and itself, and a path that refers to both."""
    low = store.add_tree("low", nodes(SAMPLE))
    built = store.staging("middle")
    placeholder = StorePath("0" * 32, "middle")
    write({b"f": f"{low.text} {placeholder.text}".encode()}, built / "middle")
    middle = store.register_output(
        "middle", built / "middle", placeholder=placeholder, candidates=[low]
    )
    link = LinkNode((b"to",), middle.text.encode())
    high = store.add_tree("high", [DirNode(()), link], references=[low, middle])
    return low, middle, high


def stream(store: Store, *roots: StorePath) -> bytes:
    return b"".join(export_stream(store, roots))


def forged(data: bytes, change: Change) -> bytes:
    """Return a stream with its lines changed, and a digest that fits."""
    body = b"".join(change(data.splitlines(keepends=True)[:-1]))
    return body + json.dumps({"digest": digest(body).hex()}).encode() + b"\n"


def replaced(old: bytes, new: bytes) -> Change:
    def change(lines: list[bytes]) -> list[bytes]:
        assert any(old in line for line in lines)
        return [line.replace(old, new) for line in lines]

    return change


def cut(lines: list[bytes]) -> list[bytes]:
    return lines[:-3]


def doubled(lines: list[bytes]) -> list[bytes]:
    return [*lines, *lines[1:]]


def emptied(lines: list[bytes]) -> list[bytes]:
    return lines[:0]


def begun_with(first: bytes) -> Change:
    def change(lines: list[bytes]) -> list[bytes]:
        return [first, *lines]

    return change


@pytest.mark.spec("stream-nodes")
@pytest.mark.spec("stream-lines")
def test_a_closure_comes_over_whole(store: Store, there: Store) -> None:
    low, middle, high = tower(store)

    first = import_stream(there, io.BytesIO(stream(store, high)))
    again = import_stream(there, io.BytesIO(stream(store, high)))

    assert first.added == [low, middle, high]
    assert (again.added, again.kept) == ([], 3)
    assert there.verify() == []
    assert there.closure([high]) == store.closure([high])
    assert [there.path_info(each).references for each in (low, middle, high)] == [
        store.path_info(each).references for each in (low, middle, high)
    ]
    assert shape_of(read_tree(there.physical(low))) == shape_of(nodes(SAMPLE))


@pytest.mark.spec("stream-lines")
def test_a_stream_is_the_same_from_every_store(store: Store, there: Store) -> None:
    _, _, high = tower(store)
    data = stream(store, high)

    import_stream(there, io.BytesIO(data))

    assert stream(there, high) == data


@pytest.mark.spec("stream-lines")
def test_a_stream_is_the_vector(store: Store) -> None:
    low = store.add_tree("low", nodes(SAMPLE))
    link = LinkNode((b"to",), low.text.encode() + b"/caf\xe9 100%")
    high = store.add_tree("high", [DirNode(()), link], references=[low])
    store.sign_path(store.path_info(low), KEY)

    assert stream(store, high) == VECTOR.read_bytes()


@pytest.mark.spec("stream-checked")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        (replaced(b"int a;", b"int b;"), "false-path"),
        (replaced(b"-low", b"-owl"), "false-path"),
        (replaced(b'"executable":true', b'"executable":false'), "false-path"),
        (replaced(b'"name":"lib/a.c"', b'"name":"lib/b.c"'), "false-path"),
        (replaced(b'"name":"lib/a.c"', b'"name":"../a.c"'), "unsafe-tree"),
        (replaced(b'"name":"lib/a.c"', b'"name":"lib/a"'), "unsafe-tree"),
        (replaced(b'"name":"lib/a.c"', b'"name":"lib/%61.c"'), "broken-stream"),
        (replaced(b'"name":"lib/a.c"', b'"name":"nowhere/a.c"'), "unsafe-tree"),
        (replaced(b'"size_bytes":', b'"size_bytes":9'), "false-path"),
        (replaced(b'"node":"link"', b'"node":"fifo"'), "broken-stream"),
        (replaced(b'"bytes":7', b'"bytes":-7'), "broken-stream"),
        (replaced(b'"bytes":7', b'"bytes":99999999999999'), "broken-stream"),
        (replaced(b'"signatures":[]', b'"signatures":["x"]'), "broken-stream"),
        (replaced(b'"schema":"eka.export/1"', b'"schema":"eka.export/2"'), "broken-stream"),
        (replaced(b'{"node":"end"}', b'{"node":"end","more":1}'), "broken-stream"),
        (replaced(b'"roots":["', b'"roots":["0'), "broken-stream"),
        (cut, "broken-stream"),
        (doubled, "broken-stream"),
        (begun_with(b"[" * 100_000 + b"\n"), "broken-stream"),
        (begun_with(b"x" * (5 << 20) + b"\n"), "broken-stream"),
        (emptied, "broken-stream"),
    ],
)  # fmt: skip
def test_a_stream_that_was_changed_adds_nothing(
    store: Store, there: Store, change: Change, code: str
) -> None:
    data = forged(stream(store, tower(store)[2]), change)

    with pytest.raises(EkaError) as caught:
        import_stream(there, io.BytesIO(data))

    assert caught.value.code == code
    assert there.info().paths == 0
    assert there.verify() == []


@pytest.mark.spec("stream-checked")
def test_every_byte_of_a_stream_counts(
    store: Store, there: Store, rounds: Callable[[int, int], int]
) -> None:
    data = stream(store, store.add_tree("x", nodes({b"a": b"1", b"b": ("l", b"a")})))

    for at in range(0, len(data), rounds(11, 1)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        for broken in (changed, data[:at]):
            with pytest.raises(EkaError):
                import_stream(there, io.BytesIO(broken))

    with pytest.raises(EkaError):
        import_stream(there, io.BytesIO(data + b"\n"))
    assert there.info().paths == 0


@pytest.mark.spec("stream-checked")
def test_what_a_path_mentions_must_be_declared(store: Store, there: Store) -> None:
    low, middle, _ = tower(store)
    info = store.path_info(middle)
    assert info.references == (low,)
    hidden = replaced(f'"references":["{low.base}"]'.encode(), b'"references":[]')

    data = forged(stream(store, low, middle), hidden)
    with pytest.raises(EkaError) as caught:
        import_stream(there, io.BytesIO(data))

    assert caught.value.code == "undeclared-references"
    assert there.info().paths == 0


def test_a_dry_run_checks_and_keeps_nothing(store: Store, there: Store) -> None:
    low, middle, high = tower(store)

    told = import_stream(there, io.BytesIO(stream(store, high)), dry_run=True)

    assert told.added == [low, middle, high]
    assert there.info().paths == 0


def signed(store: Store) -> tuple[StorePath, bytes]:
    """Return a path with signatures of it and of what leads to it, and its stream."""
    low = store.add_tree("low", nodes(SAMPLE))
    fact = Reduction(ReductionKind.ATOM, "low@1.0.0", low.base, evidence="lock")
    store.record(fact)
    store.sign_reduction(fact, KEY)
    store.sign_path(store.path_info(low), KEY)
    return low, stream(store, low)


@pytest.mark.spec("stream-trust")
@pytest.mark.spec("reduction-signed")
def test_what_trusted_keys_say_comes_along(store: Store, there: Store) -> None:
    low, data = signed(store)
    there.trust(KEY.public, [ReductionKind.ATOM])

    done = import_stream(there, io.BytesIO(data))
    (fact,) = there.reduce(ReductionKind.ATOM, "low@1.0.0")

    assert (done.reductions, done.ignored) == (1, 0)
    assert (fact.by, fact.refined, fact.evidence) == ("builder-1", low.base, "lock")
    assert there.is_trusted(fact)
    assert [each.key_name for each in there.signatures(there.path_info(low))] == ["builder-1"]


@pytest.mark.spec("stream-trust")
@pytest.mark.parametrize("kinds", [None, [ReductionKind.FETCH]])
def test_what_others_say_is_left_out(
    store: Store, there: Store, kinds: list[ReductionKind] | None
) -> None:
    low, data = signed(store)
    if kinds is not None:
        there.trust(KEY.public, kinds)

    done = import_stream(there, io.BytesIO(data))

    assert (done.reductions, done.ignored) == (0, 1)
    assert there.has(low)
    assert there.reduce(ReductionKind.ATOM, "low@1.0.0") == []


@pytest.mark.spec("stream-trust")
@pytest.mark.parametrize(
    ("old", "new"), [(b"low@1.0.0", b"low@9.9.9"), (b'"evidence":"lock"', b'"evidence":"none"')]
)
def test_a_forged_signature_stops_everything(
    store: Store, there: Store, old: bytes, new: bytes
) -> None:
    _, data = signed(store)
    there.trust(KEY.public, list(ReductionKind))

    with pytest.raises(EkaError) as caught:
        import_stream(there, io.BytesIO(forged(data, replaced(old, new))))

    assert caught.value.code == "bad-signature"
    assert there.info().paths == 0


@pytest.mark.spec("stream-capped")
def test_a_stream_without_end_is_refused(
    store: Store, there: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    low, middle, high = tower(store)
    data = stream(store, high)
    many = [FileNode((str(n).encode(),), executable=False, chunks=()) for n in range(50)]
    wide = stream(store, store.add_tree("wide", [DirNode(()), *many]))

    monkeypatch.setattr("eka.store.exchange.MAX_PATHS", 2)
    with pytest.raises(EkaError) as paths:
        import_stream(there, io.BytesIO(data))
    monkeypatch.setattr("eka.store.stream.MAX_NODES", 40)
    with pytest.raises(EkaError) as tree:
        import_stream(there, io.BytesIO(wide))

    assert paths.value.code == tree.value.code == "broken-stream"
    assert not any(there.has(each) for each in (low, middle, high))
