"""The documents of a binary cache: lines of JSON, read as if an enemy had written them.

Source: atom-spec/store-cache.md; vectors in fixtures/store/cache.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.lazy import pattern
from eka.store.cache.errors import CacheFalse, NotACache
from eka.store.errors import InvalidStorePath
from eka.store.nix.errors import InvalidNixText
from eka.store.nix.keys import NixSignature
from eka.store.path import LOGICAL_ROOT, NodeKind, StorePath
from eka.store.reduction import Reduction, ReductionKind
from eka.store.stream import MAX_FILE_BYTES, Fields, encoded
from eka.store.stream_errors import BrokenStream
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import TypeVar

    T = TypeVar("T")

SCHEMA = "eka.cache/1"
ROOT = "eka-cache.json"
GZIP, PLAIN = "gzip", "plain"
MAX_ROOT_BYTES = 1 << 14
MAX_DOCUMENT_BYTES = 1 << 22
MAX_REFERENCES = 10_000
MAX_SIGNATURES = 100
MAX_REDUCTIONS = 1_000
MAX_FILES = 100  # of one SHA-256
_DIGEST = pattern(r"[0-9a-f]{64}")
_OUTPUT = pattern(r"[A-Za-z0-9._+-]{1,200}")


@dataclass(frozen=True, slots=True)
class CacheRoot:
    """What a cache says of itself."""

    answers_batches: bool = False  # it answers for many documents at once
    takes_paths: bool = False  # paths may be pushed to it over HTTP


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """What a cache says of one path."""

    path: StorePath
    kind: str
    content: str  # 64 hex digits
    size_bytes: int
    references: tuple[StorePath, ...]
    signatures: tuple[NixSignature, ...]
    object: str  # BLAKE3 of the object that holds its nodes, 64 hex digits
    object_bytes: int
    encoding: str


@dataclass(frozen=True, slots=True)
class SignedReduction:
    """What somebody asserts, with the signature."""

    reduction: Reduction
    signature: NixSignature


def info_name(path: StorePath) -> str:
    """Return the name of the document about a path."""
    return f"info/{path.digest32}.json"


def object_name(digest: str) -> str:
    """Return the name of an object."""
    return f"object/{digest}"


def reductions_name(resolved: str) -> str:
    """Return the name of the document about a resolved action."""
    return f"resolved/{resolved}.json"


def files_name(sha256: str) -> str:
    """Return the name of the document about files with a SHA-256."""
    return f"file/{sha256}.json"


def encode_root(root: CacheRoot) -> bytes:
    """Return the bytes of the root document."""
    return encoded(
        {
            "schema": SCHEMA,
            "store": LOGICAL_ROOT,
            "batch": root.answers_batches,
            "push": root.takes_paths,
        }
    )


def parse_root(data: bytes, where: str) -> CacheRoot:
    """Read the root document; raises `NotACache`."""
    try:
        fields = Fields(data)
        schema, store = fields.text("schema"), fields.text("store")
        if schema != SCHEMA:
            raise NotACache(where, f"it is of the kind {schema[:80]!r}, not {SCHEMA}")
        if store != LOGICAL_ROOT:
            raise NotACache(where, f"its paths lie in {store[:80]!r}, not in {LOGICAL_ROOT}")
        root = CacheRoot(fields.flag("batch"), fields.flag("push"))
        fields.end()
    except BrokenStream as error:
        raise NotACache(where, error.why) from error
    return root


def encode_entry(entry: CacheEntry) -> bytes:
    """Return the bytes of the document about a path."""
    return encoded(
        {
            "schema": "eka.cache-info/1",
            "path": entry.path.base,
            "kind": entry.kind,
            "content": entry.content,
            "size_bytes": entry.size_bytes,
            "references": [each.base for each in entry.references],
            "signatures": [each.text for each in entry.signatures],
            "object": entry.object,
            "object_bytes": entry.object_bytes,
            "encoding": entry.encoding,
        }
    )


def parse_entry(data: bytes, where: str, path: StorePath) -> CacheEntry:
    """Read the document about a path; raises `CacheFalse`."""

    def read(fields: Fields) -> CacheEntry:
        _expect(fields.text("schema") == "eka.cache-info/1", "it is of another kind")
        _expect(fields.text("path") == path.base, "it is about another path")
        return CacheEntry(
            path,
            NodeKind(fields.text("kind")).value,
            _digest(fields.text("content")),
            _size(fields.number("size_bytes")),
            tuple(sorted(_all(fields.texts("references"), StorePath.parse, MAX_REFERENCES))),
            tuple(_all(fields.texts("signatures"), NixSignature.parse, MAX_SIGNATURES)),
            _digest(fields.text("object")),
            _size(fields.number("object_bytes")),
            _encoding(fields.text("encoding")),
        )

    lines = _checked(where, info_name(path), data, 1)
    return _read(where, info_name(path), lines[0], read)


def encode_reductions(resolved: str, facts: Iterable[SignedReduction]) -> bytes:
    """Return the bytes of the document about a resolved action, the same for the same facts."""
    lines = {
        encoded(
            {
                "output": each.reduction.name.partition("!")[2],
                "path": each.reduction.refined,
                "by": each.reduction.by,
                "evidence": each.reduction.evidence,
                "signature": each.signature.text,
            }
        )
        for each in facts
    }
    head = encoded({"schema": "eka.cache-resolved/1", "resolved": resolved})
    return head + b"".join(sorted(lines))


def parse_reductions(data: bytes, where: str, resolved: str) -> list[SignedReduction]:
    """Read the document about a resolved action; no signature is checked. Raises `CacheFalse`."""

    def read_head(fields: Fields) -> None:
        _expect(fields.text("schema") == "eka.cache-resolved/1", "it is of another kind")
        _expect(fields.text("resolved") == resolved, "it is about another action")

    def read(fields: Fields) -> SignedReduction:
        output = fields.text("output")
        _expect(_OUTPUT.fullmatch(output) is not None, "a name is not one of an output")
        signature = NixSignature.parse(fields.text("signature"))
        by = fields.text("by")
        _expect(by == signature.key_name, "a signature is not by who asserts it")
        refined = StorePath.parse(fields.text("path")).base
        evidence = fields.text("evidence")
        evidence.encode()  # refuses half of a surrogate pair
        name = f"{resolved}!{output}"
        fact = Reduction(ReductionKind.RESOLVED.value, name, refined, by, evidence)
        return SignedReduction(fact, signature)

    name = reductions_name(resolved)
    head, *lines = _checked(where, name, data, MAX_REDUCTIONS + 1)
    _read(where, name, head, read_head)
    return [_read(where, name, line, read) for line in lines]


def encode_files(sha256: str, paths: Iterable[StorePath]) -> bytes:
    """Return the bytes of the document about files with a SHA-256."""
    bases = sorted({path.base for path in paths})
    return encoded({"schema": "eka.cache-file/1", "sha256": sha256, "paths": bases})


def parse_files(data: bytes, where: str, sha256: str) -> list[StorePath]:
    """Read which paths are said to be files with a SHA-256; raises `CacheFalse`."""

    def read(fields: Fields) -> list[StorePath]:
        _expect(fields.text("schema") == "eka.cache-file/1", "it is of another kind")
        _expect(fields.text("sha256") == sha256, "it is about another file")
        return _all(fields.texts("paths"), StorePath.parse, MAX_FILES)

    lines = _checked(where, files_name(sha256), data, 1)
    return _read(where, files_name(sha256), lines[0], read)


class _Wrong(Exception):
    """Something in a document is not as it must be."""


def _checked(where: str, name: str, data: bytes, most: int) -> list[bytes]:
    """Return the lines of a document; raises `CacheFalse`."""
    lines = data.split(b"\n")
    if len(data) > MAX_DOCUMENT_BYTES or lines.pop() != b"" or not 1 <= len(lines) <= most:
        raise CacheFalse(where, name, "it was cut, or is longer than it may be")
    return lines


def _read(where: str, name: str, line: bytes, read: Callable[[Fields], T]) -> T:
    try:
        fields = Fields(line)
        found = read(fields)
        fields.end()
    except (BrokenStream, InvalidStorePath, InvalidNixText) as error:
        raise CacheFalse(where, name, error.why or error.what) from error
    except (_Wrong, ValueError) as error:
        raise CacheFalse(where, name, str(error)) from error
    return found


def _expect(is_so: bool, why: str) -> None:  # noqa: FBT001 - a condition is all it is about
    if not is_so:
        raise _Wrong(why)


def _all(texts: list[str], parse: Callable[[str], T], most: int) -> list[T]:
    _expect(len(texts) <= most, f"it lists more than {most} things")
    _expect(len(set(texts)) == len(texts), "it lists something twice")
    return [parse(text) for text in texts]


def _digest(text: str) -> str:
    _expect(_DIGEST.fullmatch(text) is not None, "a digest is not 64 hexadecimal digits")
    return text


def _size(number: int) -> int:
    _expect(number <= MAX_FILE_BYTES, f"a size is more than {MAX_FILE_BYTES} bytes")
    return number


def _encoding(text: str) -> str:
    _expect(text in {GZIP, PLAIN}, "an encoding is not known")
    return text
