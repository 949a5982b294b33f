"""Laws of the exchange with Nix that hold for every tree and every cut of a stream."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eka.build.nix_cache import DirectoryCache
from eka.build.nix_import import NixImport
from eka.build.nix_trust import NixTrust
from eka.errors import EkaError
from eka.store import Store, StorePath
from eka.store.nix.base32 import decode, encode
from eka.store.nix.modulo import NarModulo
from eka.store.nix.nar import NarTee, nar_chunks, nar_digest
from eka.store.nix.nar_read import read_nar
from eka.store.nix.narinfo import NarInfo
from eka.store.nix.translate import EKA_PREFIX, NIX_PREFIX, Translator
from eka.store.nix_view.export import NixExport
from tests.fakes.nix import silent
from tests.store_nodes import nodes, shape_of

if TYPE_CHECKING:
    from tests.store_nodes import Shape

NAMES = st.binary(min_size=1, max_size=20).filter(
    lambda name: name not in {b".", b".."} and not set(name) & {0, ord("/")}
)
LEAVES: st.SearchStrategy[Shape] = st.one_of(
    st.binary(max_size=300),
    st.tuples(st.just("x"), st.binary(max_size=50)),
    st.tuples(st.just("l"), st.binary(min_size=1, max_size=60).filter(lambda to: 0 not in to)),
)
TREES: st.SearchStrategy[Shape] = st.recursive(
    LEAVES,
    lambda inner: st.dictionaries(NAMES, inner, max_size=5).map(
        lambda found: {name: found[name] for name in sorted(found)}
    ),
    max_leaves=12,
)
OWN, OTHER = b"q" * 32, b"0" * 32
PIECES = st.lists(
    st.sampled_from([EKA_PREFIX, NIX_PREFIX, OWN, OTHER, b"/eka", b"/", b"q", b"\0", b"-x "]),
    max_size=30,
)
CUTS = st.lists(st.integers(1, 60), max_size=12)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces: list[bytes] = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


@given(st.binary(max_size=40))
@pytest.mark.spec("nix-base32")
def test_base32_is_read_back(raw: bytes) -> None:
    assert decode(encode(raw), len(raw)) == raw


@given(TREES, CUTS)
@pytest.mark.spec("nix-nar")
def test_every_tree_is_read_back_however_its_nar_is_cut(shape: Shape, sizes: list[int]) -> None:
    nar = b"".join(nar_chunks(nodes(shape)))
    tee = NarTee()

    assert shape_of(read_nar(cut(nar, sizes))) == shape
    assert shape_of(tee.watch(nodes(shape))) == shape
    assert tee.digest == nar_digest(nodes(shape))


@given(TREES, st.data())
@pytest.mark.spec("nix-nar-strict")
def test_a_changed_nar_is_refused_or_is_another_tree(shape: Shape, data: st.DataObject) -> None:
    nar = bytearray(b"".join(nar_chunks(nodes(shape))))
    at = data.draw(st.integers(0, len(nar) - 1))
    nar[at] ^= data.draw(st.integers(1, 255))

    try:
        found = shape_of(read_nar([bytes(nar)]))
    except EkaError:
        return

    assert b"".join(nar_chunks(nodes(found))) == nar


@given(st.binary(max_size=400))
@pytest.mark.spec("nix-narinfo")
def test_no_bytes_are_too_strange_for_a_description(data: bytes) -> None:
    try:
        found = NarInfo.parse(data, "here")
    except EkaError:
        return

    assert NarInfo.parse(found.text.encode(), "here") == found


@given(PIECES, CUTS)
@pytest.mark.spec("nix-translate")
def test_a_stream_is_translated_however_it_is_cut(pieces: list[bytes], sizes: list[int]) -> None:
    data = b"".join(pieces)
    forth = Translator(EKA_PREFIX, NIX_PREFIX, {OWN: b"z" * 32})
    back = Translator(NIX_PREFIX, EKA_PREFIX, {b"z" * 32: OWN})
    places: list[int] = []

    found = b"".join(forth.stream(cut(data, sizes), places))

    assert found == data.replace(EKA_PREFIX + OWN, NIX_PREFIX + b"z" * 32)
    assert [found[place : place + 32] for place in places] == [b"z" * 32] * len(places)
    assert b"".join(back.stream(cut(found, sizes))) == data


@given(PIECES, CUTS)
@pytest.mark.spec("nix-path-content")
def test_mentions_are_hashed_as_zeros_however_a_stream_is_cut(
    pieces: list[bytes], sizes: list[int]
) -> None:
    data = b"".join(pieces)
    once, in_pieces = NarModulo(OWN.decode()), NarModulo(OWN.decode())

    passed = b"".join(in_pieces.watch(cut(data, sizes)))
    for _ in once.watch([data]):
        pass

    assert passed == data
    assert in_pieces.sha256() == once.sha256()


@settings(max_examples=settings().max_examples // 4)  # each makes two stores
@given(TREES, TREES, st.lists(st.sampled_from(["own", "other", "text"]), max_size=5))
@pytest.mark.spec("nix-lower")
@pytest.mark.spec("nix-import")
def test_every_closure_goes_to_a_cache_and_comes_back(
    first: Shape, second: Shape, mentions: list[str]
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        with Store.open(home / "here", durable=False) as here:
            path = output(here, first, second, mentions)
            export = NixExport(here, home / "cache", key=None, compression="none")
            sent = export.write([path], silent)
        with Store.open(home / "there", durable=False) as there:
            files = DirectoryCache(home / "cache")
            wanted = [sent[-1].info.path]
            got = NixImport(there, files, NixTrust()).fetch(wanted, silent)
            faults = there.verify()

    assert {each.nix: each.path for each in got} == {each.info.path: each.path for each in sent}
    assert faults == []


def output(store: Store, first: Shape, second: Shape, mentions: list[str]) -> StorePath:
    """Make an output that mentions itself and another path."""
    other = store.add_tree("other", nodes(first))
    own = StorePath("v" * 32, "own")
    texts = {"own": own.text, "other": other.text, "text": "/eka/store/nothing /nix/store/x"}
    built = store.staging("own") / "own"
    built.mkdir()
    (built / "tree").mkdir()
    (built / "mentions").write_text(" ".join(texts[each] for each in mentions))
    store_tree = store.add_tree("tree", nodes(second))
    (built / "link").symlink_to(f"{store_tree.text}/x")
    return store.register_output("own", built, placeholder=own, candidates=[other, store_tree])
