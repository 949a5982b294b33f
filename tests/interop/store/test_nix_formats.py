"""Real Nix is the judge of how its formats are written."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING

import pytest

from eka.store import read_tree
from eka.store.nix.base32 import decode, encode
from eka.store.nix.nar import nar_chunks, nar_digest
from eka.store.nix.nar_read import read_nar
from eka.store.nix.path import content_path, fixed_path
from eka.store.write import write_tree
from tests.fakes.nix import Nix
from tests.store_nodes import SAMPLE, shape_of, write

if TYPE_CHECKING:
    from pathlib import Path

    from tests.store_nodes import Shape

SHAPES: dict[str, Shape] = {
    "tree": SAMPLE,
    "file": b"just a file",
    "empty": b"",
    "program": ("x", b"#!/bin/sh\n"),
    "link": ("l", b"somewhere/else"),
    "nothing": {},
    "order": {b"a-": b"1", b"a": {b"b": b"2"}, b"a.": b"", b"a0": b"3", b"B": ("l", b"/")},
    "sizes": {b"%d" % size: b"x" * size for size in (0, 1, 7, 8, 9, 65536)},
    "large": {b"large": bytes(3_000_000), b"next": b"small"},
    "deep": {b"d": {b"d": {b"d": {b"d": {}}}}, b"e": {b"f": ("x", b"")}},
}
TREES = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)


@pytest.fixture
def nix(tmp_path: Path) -> Nix:
    return Nix(tmp_path / "nix")


@pytest.mark.spec("nix-base32")
def test_base32_is_that_of_nix(nix: Nix) -> None:
    digests = [hashlib.sha256(bytes([number])).hexdigest() for number in range(20)]

    theirs = nix.alone("nix-hash", "--type", "sha256", "--to-base32", *digests).stdout.decode()

    assert [encode(bytes.fromhex(each)) for each in digests] == theirs.split()
    assert [decode(each, 32).hex() for each in theirs.split()] == digests


@TREES
@pytest.mark.spec("nix-nar")
def test_a_nar_is_what_nix_writes(nix: Nix, tmp_path: Path, shape: Shape) -> None:
    write(shape, tmp_path / "tree")

    theirs = nix.alone("nix-store", "--dump", tmp_path / "tree").stdout

    assert b"".join(nar_chunks(read_tree(tmp_path / "tree"))) == theirs


@TREES
def test_nix_restores_what_is_written_and_the_other_way_round(
    nix: Nix, tmp_path: Path, shape: Shape
) -> None:
    write(shape, tmp_path / "tree")
    (tmp_path / "nar").write_bytes(b"".join(nar_chunks(read_tree(tmp_path / "tree"))))

    restored = nix.alone("sh", "-c", f"nix-store --restore {tmp_path}/theirs <{tmp_path}/nar")
    write_tree(tmp_path / "ours", read_nar([(tmp_path / "nar").read_bytes()]))

    assert restored.returncode == 0
    assert shape_of(read_tree(tmp_path / "theirs")) == shape_of(read_tree(tmp_path / "tree"))
    assert shape_of(read_tree(tmp_path / "ours")) == shape_of(read_tree(tmp_path / "tree"))


@pytest.mark.spec("nix-path-content")
def test_a_tree_gets_the_path_that_nix_gives_it(nix: Nix, tmp_path: Path) -> None:
    for name, shape in SHAPES.items():
        write(shape, tmp_path / name)

    theirs = nix.says("nix-store", "--add", *(tmp_path / name for name in SHAPES)).split()
    hashes = nix.says("nix-store", "-q", "--hash", *theirs).split()
    sizes = nix.says("nix-store", "-q", "--size", *theirs).split()

    digests = [nar_digest(read_tree(tmp_path / name)) for name in SHAPES]
    ours = [
        content_path(name, each.sha256).text for name, each in zip(SHAPES, digests, strict=True)
    ]
    assert ours == theirs
    assert [f"sha256:{encode(each.sha256)}" for each in digests] == hashes
    assert [str(each.size_bytes) for each in digests] == sizes


@pytest.mark.spec("nix-path-content")
def test_a_file_of_known_hash_gets_the_path_that_nix_gives_it(nix: Nix, tmp_path: Path) -> None:
    source = tmp_path / "v1.0.tar.gz"
    source.write_bytes(b"an archive")

    flat = nix.says("nix-store", "--add-fixed", "sha256", source)
    recursive = nix.says("nix-store", "--recursive", "--add-fixed", "sha256", source)

    sha256 = hashlib.sha256(b"an archive").digest()
    assert fixed_path(source.name, sha256).text == flat
    nar = nar_digest(read_tree(source))
    assert fixed_path(source.name, nar.sha256, recursive=True).text == recursive


def test_the_environment_of_nix_is_a_directory_of_its_own(nix: Nix, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")

    path = nix.says("nix-store", "--add", tmp_path / "x")

    assert nix.physical(path).is_file()
    assert not os.path.lexists(path)
    assert json.loads(nix.says("nix", "path-info", "--json", path))[0]["path"] == path
