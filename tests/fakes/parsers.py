"""Every parser of foreign text, real documents of it, and the law for what it accepts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.atom import (
    Aliases,
    AtomCommit,
    Genesis,
    Label,
    ObjectId,
    Requirement,
    Tag,
    Version,
    encode_lock,
    parse_atom_uri,
    parse_lock,
    parse_manifest,
    parse_manifest_v1,
    parse_set_manifest,
    parse_source_url,
    requirements_digest,
)
from eka.atom.lock_v1 import read_lock_v1
from eka.git.pack_reader import LeftToGit, read_pack
from eka.git.pktline import FLUSH, packet
from eka.git.protocol_fetch import FetchConversation, Wish
from eka.git.protocol_listing import LsRefsConversation
from tests.vectors import FIXTURES, load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eka.atom import SourceUrl

_TOML = [
    b"[",
    b"]",
    b"[[",
    b"]]",
    b"{",
    b"}",
    b".",
    b",",
    b"=",
    b" = ",
    b"\n",
    b'"',
    b"'",
    b'"""',
    b"'''",
    b"#",
    b"\\",
    b"\\u0041",
    b"\\U0010ffff",
    b"true",
    b"false",
    b"nan",
    b"-inf",
    b"0xff",
    b"0b1",
    b"1_0",
    b"1.5",
    b"1979-05-27T07:32:00Z",
    b"07:32:00",
    b"[]",
    b"{}",
    b'""',
    b"[[atom]]\n",
    b"[[set]]\n",
    b"[package]\n",
    b"[package.sets]\n",
    b"[deps.from.core]\n",
    b"[deps.direct.url]\n",
    b"[build]\n",
    b"version = 2\n",
    b'"1.0.0"',
    b'"^1"',
    b'"::"',
    b'"https://a.example/b"',
    b"own = true\n",
    b'label = "a"\n',
]
_TEXT = [
    b"^",
    b"~",
    b"=",
    b">",
    b">=",
    b"<",
    b"<=",
    b"*",
    b"x",
    b"X",
    b",",
    b", ",
    b" ",
    b".",
    b"-",
    b"+",
    b"0",
    b"1",
    b"1.2",
    b"1.2.3",
    b"-rc.1",
    b"-0",
    b"v",
    b"||",
    b"::",
    b":",
    b"@",
    b"/",
    b"//",
    b"://",
    b"..",
    b"%",
    b"%0a",
    b"%2d",
    b"?",
    b"#",
    b"[",
    b"]",
    b"[::1]",
    b"~/",
    b"_",
    b"git",
    b"ssh",
    b"https",
    b"file",
    b"ext",
    b"localhost",
    b"a.example",
    b"1.2.3.4",
    b"user",
    b"pw",
    b".git",
    b".lock",
    b"\\",
    b"gh",
    b"22",
    b"65536",
]
_WIRE = [
    b"0000",
    b"0001",
    b"0002",
    b"0003",
    b"0004",
    b"0005a",
    b"ffff",
    b"fff0",
    b"-001",
    b"PACK",
    b"ERR ",
    b"ERR x",
    packet(b"packfile\n"),
    packet(b"\x01"),
    packet(b"\x02x"),
    packet(b"\x03x"),
    packet(b"version 2\n"),
    packet(b"version 1\n"),
    packet(b"shallow-info\n"),
    packet(b"fetch=filter\n"),
    b"\x00",
    b"\n",
    b"refs/",
    b"^{}",
    b"1" * 40,
    b"refs/atoms/a/1.0.0",
    b" peeled:",
    b"symref-target:",
    b"unborn ",
    b"\x78\x9c",
    b"capabilities^{}",
]
_OID = "1" * 40
_OLD_MANIFEST = b"""
[atom]
id = "old-atom"
version = "0.1.0"
description = "of the first format"
"""


@dataclass(frozen=True, slots=True)
class Parser:
    """A parser: real documents, what they are made of, and a run of it that checks its law."""

    documents: Sequence[bytes]
    tokens: Sequence[bytes]
    run: Callable[[bytes], None]
    """Parses; raises EkaError for what is refused, and AssertionError for a broken law."""


def _files(pattern: str) -> list[bytes]:
    found = [path.read_bytes() for path in sorted(FIXTURES.glob(pattern))]
    return sorted(found, key=len, reverse=True)


def _lock(data: bytes) -> None:
    assert encode_lock(parse_lock(data, "atom.lock")) == data


def _manifest(data: bytes) -> None:
    found = parse_manifest(data, "atom.toml")
    requirements_digest(found)
    # A comment at the end changes nothing that a manifest says.
    again = parse_manifest(data + b"\n#", "atom.toml")
    assert again.package.label == found.package.label
    assert requirements_digest(again) == requirements_digest(found)


def _set_manifest(data: bytes) -> None:
    found = parse_set_manifest(data, "ekala.toml")
    assert parse_set_manifest(data + b"\n#", "ekala.toml").packages == found.packages


def _old_lock(data: bytes) -> None:
    read_lock_v1(data, "atom.lock")


def _old_manifest(data: bytes) -> None:
    parse_manifest_v1(data, "x.atom")


def _typed(data: bytes) -> str:
    return data.decode(errors="replace")


def _same(one: SourceUrl, other: SourceUrl) -> bool:
    # A password is kept as it was typed, and given to git percent-encoded.
    return one.absolute("/here").text == other.absolute("/here").text


def _uri(data: bytes) -> None:
    found = parse_atom_uri(_typed(data), Aliases())
    text = found.source.text if found.source else ""
    if found.source is not None:
        again = parse_atom_uri(text, Aliases({})).source
        assert again is not None
        assert _same(again, found.source)
    if found.label is not None:
        text += f"::{found.label.text}" if text else found.label.text
        text += f"@{found.requirement.text}" if found.requirement else ""
        whole = parse_atom_uri(text, Aliases({}))
        assert (whole.label, whole.requirement) == (found.label, found.requirement)


def _source(data: bytes) -> None:
    found = parse_source_url(_typed(data), Aliases())
    again = parse_source_url(found.text, Aliases({}))
    assert _same(again, found)
    assert not parse_source_url(found.public, Aliases({})).has_credentials


def _requirement(data: bytes) -> None:
    found = Requirement.parse(_typed(data))
    assert Requirement.parse(found.text).comparators == found.comparators
    found.matches(Version.parse("1.2.3-rc.1"))


def _version(data: bytes) -> None:
    text = _typed(data)
    found = Version.parse(text)
    assert found.text == text
    assert Version.parse(found.text).key == found.key


def _label(data: bytes) -> None:
    found = Label.typed(_typed(data))
    assert Label(found.text) == found
    assert Label.typed(found.text) == found


def _tag(data: bytes) -> None:
    found = Tag.typed(_typed(data))
    assert Tag(found.text) == found


def _commit(data: bytes) -> None:
    AtomCommit.decode(data)


def _listing(data: bytes) -> None:
    LsRefsConversation([["refs/atoms/"]]).receive(data)


def _fetch(data: bytes) -> None:
    conversation = FetchConversation(Wish(wants=[ObjectId(_OID)]), is_stateless=True)
    conversation.receive(data)
    conversation.take_pack()


def _pack(data: bytes) -> None:
    try:
        found = read_pack(data)
    except LeftToGit:
        return
    assert all(len(body) < 1 << 20 for _, body in found.values())


def _listing_answer() -> bytes:
    said = packet(b"version 2\n") + packet(b"ls-refs=unborn\n") + packet(b"fetch=shallow filter\n")
    said += packet(b"object-format=sha1\n") + FLUSH
    names = [f"{_OID} refs/atoms/a{n}/1.{n}.0-rc.1\n".encode() for n in range(6)]
    return said + b"".join(map(packet, names)) + FLUSH


def _fetch_answer() -> bytes:
    said = packet(b"version 2\n") + packet(b"ls-refs\n") + packet(b"fetch=filter\n") + FLUSH
    said += packet(b"shallow-info\n") + packet(f"shallow {_OID}\n".encode()) + b"0001"
    return (
        said
        + packet(b"packfile\n")
        + packet(b"\x01PACK")
        + packet(b"\x02half\n")
        + FLUSH
        + b"0002"
    )


def _packs() -> list[bytes]:
    from eka.git.pack import build_pack  # noqa: PLC0415 - one parser needs it

    bodies = [b"label = %d\n" % n * 9 for n in range(5)]
    return [build_pack([("blob", body) for body in bodies], "sha1"), build_pack([], "sha1")]


def _commits() -> list[bytes]:
    head = f"tree {_OID}\nauthor  <> 0 +0000\ncommitter  <> 0 +0000\norigin {_OID}\npath a/b\n"
    head += f"manifest {_OID}\nblake3 {'a' * 64}\nformat 2\n\npublish(a): 1.0.0-rc.1"
    return [head.encode(), head.replace("format 2\n", "").encode()]


def _texts(*values: object) -> list[bytes]:
    return [str(value).encode() for value in values]


def parsers() -> dict[str, Parser]:
    """Return every parser by its name."""
    genesis = Genesis(ObjectId(_OID)).hex
    requirements = [each["requirement"] for each in load("requirement/matches.json")]
    uris = [each["input"] for each in load("uri/valid.json")]
    sources = [uri.rpartition("::")[0] or uri for uri in uris]
    toml = [*_TOML, genesis.encode(), json.dumps("a" * 64).encode()]
    commit_tokens = [
        b"\n",
        b" ",
        b"tree ",
        b"path ",
        b"format 2\n",
        b"..",
        b"/",
        b"\n\n",
        b"publish(",
        b"): ",
    ]
    return {
        "lock": Parser(_files("lockfile/golden/*.toml"), toml, _lock),
        "manifest": Parser(_files("manifest/golden/*.toml"), toml, _manifest),
        "set manifest": Parser(_files("set-manifest/golden/*.toml"), toml, _set_manifest),
        "lock of version 1": Parser(_files("lockfile/v1/golden/*.toml"), toml, _old_lock),
        "old manifest": Parser([_OLD_MANIFEST], toml, _old_manifest),
        "uri": Parser(_texts(*uris), _TEXT, _uri),
        "source": Parser(_texts(*sources), _TEXT, _source),
        "requirement": Parser(_texts(*requirements), _TEXT, _requirement),
        "version": Parser(_texts(*load("version/versions.json")["ordered"]), _TEXT, _version),
        "label": Parser(_texts("my-atom", "Änderung_1", "中文-ａｂ", "x" * 128), _TEXT, _label),
        "tag": Parser(_texts("core", "a.b:c", "中文:x"), _TEXT, _tag),
        "commit": Parser(_commits(), commit_tokens, _commit),
        "listing": Parser([_listing_answer()], _WIRE, _listing),
        "fetch": Parser([_fetch_answer()], _WIRE, _fetch),
        "pack": Parser(_packs(), _WIRE, _pack),
    }
