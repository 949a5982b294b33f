"""The stream of ``export``: lines of JSON and the bytes of files, with a digest at its end.

Source: atom-spec/store-stream.md; vectors in fixtures/store/stream.eka.
"""

from __future__ import annotations

import json

from eka.checking import TYPE_CHECKING, cast
from eka.hashing import new_hasher
from eka.store.database import is_storable
from eka.store.nodes import DirNode, FileNode, LinkNode, Node, NodePath
from eka.store.stream_errors import BrokenStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import IO

SCHEMA = "eka.export/1"
MAX_LINE_BYTES = 4 << 20
MAX_NODES = 10_000_000
MAX_FILE_BYTES = 1 << 40
_CHUNK_BYTES = 1 << 20
# Every byte but these is written as it is; bytes that are not ASCII are written as %XX.
_SAFE = "/ !\"#$&'()*+,:;<=>?@[\\]^`{|}"


def encoded(value: Mapping[str, object]) -> bytes:
    """Return a line of the stream."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"


def node_chunks(nodes: Iterable[Node]) -> Iterator[bytes]:
    """Yield the nodes of a tree as they are in the stream."""
    for node in nodes:
        name = quoted(node.path)
        match node:
            case DirNode():
                yield encoded({"node": "directory", "name": name})
            case LinkNode(_, target):
                yield encoded({"node": "link", "name": name, "target": quoted((target,))})
            case FileNode(_, executable, chunks):
                yield from _file_chunks(name, executable=executable, data=chunks)
    yield encoded({"node": "end"})


def _file_chunks(name: str, *, executable: bool, data: Iterable[bytes]) -> Iterator[bytes]:
    # The size of a file is not known before it was read: it comes in pieces, the last one empty.
    yield encoded({"node": "file", "name": name, "executable": executable})
    for chunk in data:
        if chunk:
            yield encoded({"bytes": len(chunk)})
            yield chunk
    yield encoded({"bytes": 0})


def quoted(path: NodePath) -> str:
    """Return names, joined by slashes, as text; what is not printable ASCII as ``%XX``."""
    from urllib.parse import quote_from_bytes  # noqa: PLC0415 - costs start-up time

    return quote_from_bytes(b"/".join(path), safe=_SAFE)


class StreamReader:
    """Reads a stream from its beginning to its end; what is in it is not believed."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._hasher = new_hasher()
        self._last = b""  # the last line, hashed when the next bytes are read
        self._nodes = 0

    def line(self) -> Fields:
        """Return the next line."""
        raw = self._source.readline(MAX_LINE_BYTES + 1)
        if not raw.endswith(b"\n"):
            raise BrokenStream(
                "a line is too long" if len(raw) > MAX_LINE_BYTES else "it ends too early"
            )
        self._hasher.update(self._last)
        self._last = raw
        return Fields(raw)

    def nodes(self) -> Iterator[Node]:
        """Yield the nodes of one tree; the bytes of each are read before the next."""
        while True:
            value = self.line()
            self._nodes += 1
            if self._nodes > MAX_NODES:
                raise BrokenStream(f"it holds more than {MAX_NODES} files and directories")
            kind = value.text("node")
            if kind == "end":
                value.end()
                return
            path = _path(value.text("name"))
            if kind == "directory":
                value.end()
                yield DirNode(path)
            elif kind == "link":
                target = _unquoted(value.text("target"))
                value.end()
                yield LinkNode(path, target)
            elif kind == "file":
                chunks = self._chunks()
                executable = value.flag("executable")
                value.end()
                yield FileNode(path, executable, chunks)
                for _ in chunks:  # what nobody took
                    pass
            else:
                raise BrokenStream("a node is of no kind that is known")

    def finish(self, last: Fields) -> str:
        """Check the line that was read last against all before it; return the digest.

        Raises:
            BrokenStream: It is another digest, or more follows.
        """
        expected, found = last.text("digest"), self._hasher.digest().hex()
        last.end()
        if expected != found:
            raise BrokenStream(f"expected digest {expected[:64]}, found {found}")
        if self._source.read(1):
            raise BrokenStream("something follows its end")
        return found

    def _chunks(self) -> Iterator[bytes]:
        total = 0
        while True:
            value = self.line()
            left = value.number("bytes")
            value.end()
            total += left
            if total > MAX_FILE_BYTES:
                raise BrokenStream(f"a file is larger than {MAX_FILE_BYTES} bytes")
            if not left:
                return
            self._hasher.update(self._last)
            self._last = b""
            while left:
                data = self._source.read(min(left, _CHUNK_BYTES))
                if not data:
                    raise BrokenStream("it ends in the middle of a file")
                self._hasher.update(data)
                left -= len(data)
                yield data


class Fields:
    """The fields of one line; each is taken once, and none may be left."""

    def __init__(self, raw: bytes) -> None:
        self.size_bytes = len(raw)
        try:
            value = cast("object", json.loads(raw))
        except (ValueError, RecursionError) as error:
            raise BrokenStream(f"a line is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise BrokenStream("a line is not a JSON object")
        self._value = cast("dict[str, object]", value)

    def holds(self, name: str) -> bool:
        """Tell whether a field is there."""
        return name in self._value

    def text(self, name: str) -> str:
        """Take a text."""
        value = self._value.pop(name, None)
        if not isinstance(value, str):
            raise BrokenStream(f"the field {name} is not a text")
        _check_text(value)
        return value

    def flag(self, name: str) -> bool:
        """Take true or false."""
        value = self._value.pop(name, None)
        if not isinstance(value, bool):
            raise BrokenStream(f"the field {name} is neither true nor false")
        return value

    def number(self, name: str) -> int:
        """Take a number that is not negative."""
        value = self._value.pop(name, None)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise BrokenStream(f"the field {name} is not a number")
        return value

    def texts(self, name: str) -> list[str]:
        """Take an array of texts."""
        value = self._value.pop(name, None)
        if isinstance(value, list):
            found = cast("list[object]", value)
            texts = [each for each in found if isinstance(each, str)]
            if len(texts) == len(found):
                for each in texts:
                    _check_text(each)
                return texts
        raise BrokenStream(f"the field {name} is not an array of texts")

    def end(self) -> None:
        """Refuse what was not taken."""
        if self._value:
            raise BrokenStream(f"there is no field {min(self._value)[:100]!r}")


def _check_text(text: str) -> None:
    if not is_storable(text):
        raise BrokenStream("a text holds half of a surrogate pair")


def _path(name: str) -> NodePath:
    raw = _unquoted(name)
    return tuple(raw.split(b"/")) if raw else ()


def _unquoted(text: str) -> bytes:
    from urllib.parse import unquote_to_bytes  # noqa: PLC0415 - costs start-up time

    raw = unquote_to_bytes(text)
    if quoted((raw,)) != text:
        raise BrokenStream("a name is not written in the one way it can be written")
    return raw
