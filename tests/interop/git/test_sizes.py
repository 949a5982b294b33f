"""Small answers that unfold to huge files: refused before they take memory or disk."""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from typing import TYPE_CHECKING

import pytest

from eka.atom import Aliases, ObjectId, object_id, parse_source_url
from eka.git import ObjectCache, RefusedObjects
from tests.servers.git_http import serve
from tests.servers.hostile import ADVERTISEMENT, pack_answer, serve_socket

if TYPE_CHECKING:
    from tests.fakes.git_set import GitSet

GIB = 1024**3
COPIED_BYTES = 0xFFFFFF
BLOB, OFS_DELTA = 3, 6


def number(value: int) -> bytes:
    """A size as a delta has it."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def entry(kind: int, size: int) -> bytes:
    """The beginning of an entry of a pack."""
    out = bytearray([kind << 4 | size & 0x0F])
    size >>= 4
    while size:
        out[-1] |= 0x80
        out.append(size & 0x7F)
        size >>= 7
    return bytes(out)


def unfolding_pack(result_bytes: int) -> bytes:
    """A pack of a file, and of a delta that repeats it again and again."""
    base = bytes(COPIED_BYTES)
    copy = b"\xf0" + COPIED_BYTES.to_bytes(3, "little")
    delta = number(len(base)) + number(result_bytes) + copy * (result_bytes // COPIED_BYTES)
    first = entry(BLOB, len(base)) + zlib.compress(base, 9)
    back = len(first)
    offset = bytearray([back & 0x7F])
    while back := back >> 7:
        back -= 1
        offset.insert(0, back & 0x7F | 0x80)
    second = entry(OFS_DELTA, len(delta)) + bytes(offset) + zlib.compress(delta, 9)
    body = struct.pack(">4sII", b"PACK", 2, 2) + first + second
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


@pytest.mark.spec("fetch-bounded")
def test_a_delta_that_unfolds_to_gigabytes_is_refused_before_it_takes_memory(
    cache: ObjectCache,
) -> None:
    pack = unfolding_pack(64 * GIB // COPIED_BYTES * COPIED_BYTES)
    assert len(pack) < 100_000
    wanted = object_id("blob", bytes(COPIED_BYTES), "sha1")

    with serve_socket(ADVERTISEMENT, pack_answer(pack)) as base:
        url = parse_source_url(base, Aliases())
        with pytest.raises(RefusedObjects) as caught:
            cache.ensure(url, [wanted])

    assert caught.value.exit_status == 5
    assert "over limit" in caught.value.why
    assert cache.has([wanted]) == frozenset()


@pytest.mark.spec("fetch-bounded")
def test_a_server_that_can_is_asked_to_leave_out_what_no_atom_may_hold(
    source: GitSet, cache: ObjectCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eka.git.cache._NO_LARGE_FILE", "blob:limit=100000")
    source.git("config", "uploadpack.allowFilter", "true")
    (source.path / "pkgs").mkdir()
    (source.path / "pkgs" / "noise").write_bytes(os.urandom(300_000))
    large = source.write("commit", source.atom("zlib", "1.0.0", "pkgs", {}).encode())
    small = source.publish("lua", "1.0.0")

    with serve(source.path.parent) as server:
        url = parse_source_url(f"{server.url}/set", Aliases())
        with pytest.raises(RefusedObjects) as caught:
            cache.ensure(url, [large])
        cache.ensure(url, [small])

    assert "larger than" in caught.value.why
    assert server.sent_bytes() < 10_000
    assert cache.has([large, small]) == {small}


def test_any_file_that_an_atom_may_hold_is_asked_for(source: GitSet, cache: ObjectCache) -> None:
    source.git("config", "uploadpack.allowFilter", "true")
    rev = source.publish("zlib", "1.0.0")

    with serve(source.path.parent) as server:
        cache.ensure(parse_source_url(f"{server.url}/set", Aliases()), [rev])
        (request,) = [bytes(x.request) for x in server.log if x.method == "POST"]

    assert b"filter blob:limit=%d\n" % (512 * 1024**2 + 1) in request
    assert isinstance(rev, ObjectId)
