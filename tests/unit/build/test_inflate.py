from __future__ import annotations

import bz2
import gzip
import importlib
import io
import lzma
from functools import cache
from typing import TYPE_CHECKING

import pytest

from eka.build.errors import ArchiveTooLarge, BrokenArchive, UnsupportedArchive
from eka.build.inflate import Budget, Inflated

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = bytes(range(256)) * 5000


def inflate(data: bytes, *, limit: int = 1 << 30, step: int = 70_001) -> bytes:
    reader = Inflated(io.BytesIO(data), "a", Budget(limit))
    parts: list[bytes] = []
    while part := reader.read(step):
        assert len(part) <= step
        parts.append(part)
    return b"".join(parts)


def lzma_alone(data: bytes) -> bytes:
    return lzma.compress(data, format=lzma.FORMAT_ALONE)


COMPRESSORS: list[Callable[[bytes], bytes]] = [
    gzip.compress,
    bz2.compress,
    lzma.compress,
    lzma_alone,
    bytes,
]


@cache
def packed(compress: Callable[[bytes], bytes]) -> bytes:
    """Return ``PLAIN`` compressed; what repeats itself takes bzip2 long."""
    return compress(PLAIN)


@pytest.mark.parametrize("compress", COMPRESSORS)
def test_the_kind_is_found_by_content(compress: Callable[[bytes], bytes]) -> None:
    assert inflate(packed(compress)) == PLAIN


@pytest.mark.parametrize("compress", COMPRESSORS[:3])
@pytest.mark.parametrize("padding", [0, 10, 300_000])
def test_members_one_after_another_are_one_stream(
    compress: Callable[[bytes], bytes], padding: int
) -> None:
    data = packed(compress) + compress(b"more") + b"\0" * padding

    assert inflate(data) == PLAIN + b"more"


@pytest.mark.parametrize("compress", COMPRESSORS[:3])
def test_a_stream_that_ends_too_early_is_broken(compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BrokenArchive):
        inflate(packed(compress)[:-10])


@pytest.mark.parametrize("compress", COMPRESSORS[:3])
def test_garbage_after_the_magic_is_broken(compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BrokenArchive):
        inflate(packed(compress)[:8] + b"\xff" * 100)


@pytest.mark.parametrize("compress", COMPRESSORS)
@pytest.mark.spec("unpack-limits")
def test_a_bomb_stops_at_the_limit(compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ArchiveTooLarge) as caught:
        inflate(compress(b"\0" * 5_000_000), limit=1_000_000)

    assert caught.value.limit == 1_000_000


@pytest.mark.spec("unpack-limits")
def test_a_header_that_asks_for_gigabytes_of_memory_is_refused() -> None:
    dictionary_bytes = 0x8000_0000
    data = b"]" + dictionary_bytes.to_bytes(4, "little") + b"\xff" * 8 + b"\0" * 100

    with pytest.raises(BrokenArchive):
        inflate(data)


def test_zstd_without_a_library_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_module(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", no_module)

    with pytest.raises(UnsupportedArchive) as caught:
        inflate(b"\x28\xb5\x2f\xfd" + b"\0" * 20)

    assert "zstd" in caught.value.why


def test_nothing_is_nothing() -> None:
    assert inflate(b"") == b""
