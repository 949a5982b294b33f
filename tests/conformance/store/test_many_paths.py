"""What takes over many paths must not look at each of them for each of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from eka.store import BrokenStream, Store, StorePath, export_stream, import_stream
from eka.store.references import Candidates, ReferenceScanner
from tests.store_nodes import nodes

if TYPE_CHECKING:
    from pathlib import Path


def test_the_paths_of_a_stream_are_gathered_once_for_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "from", durable=False) as store:
        paths = [store.add_tree("t", nodes(bytes([number]))) for number in range(5)]
        stream = b"".join(export_stream(store, paths))
    given: list[object] = []

    def scanner(own: StorePath, candidates: Candidates) -> ReferenceScanner:
        given.append(candidates)
        return ReferenceScanner(own, candidates)

    monkeypatch.setattr("eka.store.exchange.ReferenceScanner", scanner)
    with Store.open(tmp_path / "to", durable=False) as store:
        import_stream(store, io.BytesIO(stream))

    assert len(given) == len(paths)
    assert len({id(each) for each in given}) == 1


def test_what_scanners_share_may_grow() -> None:
    own, other = StorePath("0" * 32, "own"), StorePath("1" * 32, "other")
    shared = Candidates()
    shared.add(own)
    scanner = ReferenceScanner(own, shared)

    shared.add(other)
    positions: list[int] = []
    seen = b"".join(scanner.blank([f"{own.text} {other.text}".encode()], positions))

    assert (scanner.found, positions) == ((other,), [11])
    assert seen == f"/eka/store/{'0' * 32}-own {other.text}".encode()


@pytest.mark.spec("stream-capped")
def test_what_has_to_be_held_until_the_end_has_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(tmp_path / "from", durable=False) as store:
        paths = [store.add_tree("t", nodes(bytes([number]))) for number in range(5)]
        stream = b"".join(export_stream(store, paths))
    monkeypatch.setattr("eka.store.exchange.MAX_HELD_BYTES", 500)

    with Store.open(tmp_path / "to", durable=False) as store:
        with pytest.raises(BrokenStream) as caught:
            import_stream(store, io.BytesIO(stream))

        assert "500 bytes" in caught.value.why
        assert store.info().paths == 0
