"""A binary cache on a web server: read from any, pushed to one that takes paths.

Source: atom-spec/store-cache.md [cache-http], [cache-push].
"""

from __future__ import annotations

import json
from contextlib import contextmanager

from eka.build.cache_connections import Body, Connections
from eka.checking import TYPE_CHECKING, cast
from eka.store.cache.documents import (
    PLAIN,
    CacheEntry,
    encode_entry,
    encode_files,
    encode_reductions,
    files_name,
    info_name,
    reductions_name,
)
from eka.store.cache.errors import CacheFalse, CacheRefuses, CacheUnreachable, CacheUnwritable
from eka.store.cache.lanes import LANES, Lanes
from eka.store.cache.objects import Made, object_chunks, plain_object
from eka.store.cache.reading import Cache
from eka.text import discreet

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from eka.build.cache_connections import Answer
    from eka.store import PathInfo, Store, StorePath
    from eka.store.cache.documents import SignedReduction
    from eka.store.nix.keys import NixSignature

DOCUMENTS = "documents"  # where many are asked for at once
PUSH = "push"
LINES = "application/x-ndjson"
BYTES = "application/octet-stream"
_OK, _ABSENT = 200, frozenset({404, 410})
_NOT_HERE = frozenset({403, 404, 405, 501})
_MAX_ERROR_BYTES = 1 << 16


class WebFiles:
    """The documents and objects of a cache on a web server.

    Args:
        url: http or https, without user and password.
        env: Where the proxy settings are read from.

    Raises:
        CacheUnreachable: The URL or the proxy settings cannot be used.
    """

    def __init__(self, url: str, env: Mapping[str, str]) -> None:
        self.where = discreet(url.rstrip("/"))
        try:
            self._connections = Connections(url, env)
        except ValueError as error:
            raise CacheUnreachable(self.where, str(error)) from error

    def documents(
        self, names: Sequence[str], limit_bytes: int, *, batch: bool
    ) -> dict[str, bytes]:
        """See `CacheFiles`."""
        if batch and len(names) > 1:
            return self._batch(names, limit_bytes)
        found: dict[str, bytes] = {}
        if len(names) == 1:
            found[names[0]] = self._one(names[0], limit_bytes) or b""
            return {name: data for name, data in found.items() if data}

        def ask(name: str) -> bytes | None:
            return self._one(name, limit_bytes)

        with Lanes(ask, LANES) as lanes:
            for name in names:
                lanes.submit(name)
            for name, result in lanes.results():
                if isinstance(result, BaseException):
                    raise result
                if result is not None:
                    found[name] = result
        return found

    def content(self, name: str) -> Iterator[bytes]:
        """See `CacheFiles`."""
        with self._asked("GET", name) as answer:
            if answer.status in _ABSENT:
                raise CacheFalse(self.where, name, "it is not there")
            self._check(name, answer)
            yield from answer.chunks

    @contextmanager
    def asked(
        self, method: str, name: str, body: Body | None = None
    ) -> Generator[Answer, None, None]:
        """Ask for something, whatever the answer is; raises `CacheUnreachable`."""
        with self._asked(method, name, body) as answer:
            yield answer

    def close(self) -> None:
        """Close the connections; the next question makes new ones."""
        self._connections.close()

    def _one(self, name: str, limit_bytes: int) -> bytes | None:
        with self._asked("GET", name) as answer:
            if answer.status in _ABSENT:
                return None
            self._check(name, answer)
            return read_some(answer.chunks, limit_bytes + 1)

    def _batch(self, names: Sequence[str], limit_bytes: int) -> dict[str, bytes]:
        question = json.dumps({"names": list(names)}).encode() + b"\n"
        body = Body(lambda: (question,), len(question), LINES)
        wanted, found = set(names), dict[str, bytes]()
        most = len(names) * 2 * (limit_bytes + 1000)
        with self._asked("POST", DOCUMENTS, body) as answer:
            self._check(DOCUMENTS, answer)
            for line in _lines(answer.chunks, 2 * limit_bytes + 1000, most):
                name, text = _document(line)
                if name not in wanted:
                    raise CacheFalse(self.where, DOCUMENTS, "it answers what was not asked")
                wanted.remove(name)
                found[name] = text.encode()
        return found

    def _check(self, name: str, answer: Answer) -> None:
        if answer.status != _OK:
            why = f"HTTP {answer.status} {answer.reason}"
            raise CacheUnreachable(f"{self.where}/{name}", why)

    @contextmanager
    def _asked(
        self, method: str, name: str, body: Body | None = None
    ) -> Generator[Answer, None, None]:
        try:
            with self._connections.ask(method, name, body) as answer:
                yield answer
        except _BadAnswer as error:
            raise CacheFalse(self.where, name, str(error)) from error
        except self._connections.errors as error:
            why = f"{type(error).__name__}: {error}"
            raise CacheUnreachable(f"{self.where}/{name}", why) from error


class WebSink:
    """A store that takes what is pushed to it over HTTP: ``eka-store serve --writable``."""

    def __init__(self, url: str, env: Mapping[str, str]) -> None:
        self._files = WebFiles(url, env)
        self._cache = Cache(self._files)
        self.where = self._files.where

    def open(self, *, may_make: bool) -> None:
        """See `CacheSink`."""
        del may_make
        if not self._cache.root().takes_paths:
            raise CacheUnwritable(self.where, "it is only read from")

    def known(self, paths: Sequence[StorePath]) -> set[StorePath]:
        """See `CacheSink`."""
        return set(self._cache.entries(paths))

    def add(self, store: Store, info: PathInfo, signatures: Sequence[NixSignature]) -> int:
        """See `CacheSink`."""
        path = info.path
        told = plain_object(store, path)
        entry = CacheEntry(
            path,
            info.kind,
            info.content,
            info.size_bytes,
            info.references,
            tuple(signatures),
            told.digest,
            told.size_bytes,
            PLAIN,
        )
        head = encode_entry(entry)

        def chunks() -> Iterator[bytes]:
            yield head
            yield from object_chunks(store, path, PLAIN, Made())

        body = Body(chunks, len(head) + told.size_bytes, BYTES)
        self._push(info_name(path), body, path.text)
        return told.size_bytes

    def add_reductions(self, resolved: str, facts: Sequence[SignedReduction]) -> int:
        """See `CacheSink`."""
        data = encode_reductions(resolved, facts)
        answer = self._push(reductions_name(resolved), _whole(data), resolved)
        taken = answer.get("taken")
        return min(taken, len(facts)) if isinstance(taken, int) else 0

    def add_file(self, sha256: str, path: StorePath) -> None:
        """See `CacheSink`."""
        data = encode_files(sha256, [path])
        self._push(files_name(sha256), _whole(data), f"sha256:{sha256}")

    def finish(self) -> None:
        """See `CacheSink`: the server waits for the medium when a connection ends."""
        self._files.close()

    def _push(self, name: str, body: Body, subject: str) -> dict[str, object]:
        with self._files.asked("POST", f"{PUSH}/{name}", body) as answer:
            value = _object(read_some(answer.chunks, _MAX_ERROR_BYTES))
            if answer.status == _OK:
                return value
            told = value.get("error")
            if isinstance(told, dict):
                error = cast("dict[str, object]", told)
                parts = (str(error.get("what", "")), str(error.get("why", "")))
                raise CacheRefuses(self.where, subject, ": ".join(filter(None, parts))[:2000])
            why = f"HTTP {answer.status} {answer.reason}"
            if answer.status in _NOT_HERE:
                raise CacheUnwritable(self.where, why)
            raise CacheUnreachable(self.where, why)


class _BadAnswer(Exception):
    """An answer is not of the form it must have."""


def read_some(chunks: Iterator[bytes], limit_bytes: int) -> bytes:
    """Return the beginning of a body."""
    found, size_bytes = list[bytes](), 0
    for chunk in chunks:
        found.append(chunk[: limit_bytes - size_bytes])
        size_bytes += len(found[-1])
        if size_bytes >= limit_bytes:
            break
    return b"".join(found)


def _whole(data: bytes) -> Body:
    return Body(lambda: (data,), len(data), LINES)


def _lines(chunks: Iterator[bytes], limit_bytes: int, most_bytes: int) -> Iterator[bytes]:
    left, received = b"", 0
    for chunk in chunks:
        received += len(chunk)
        *lines, left = (left + chunk).split(b"\n")
        yield from lines
        if len(left) > limit_bytes or received > most_bytes:
            raise _BadAnswer("a line is longer than it may be, or there are too many")
    if left:
        raise _BadAnswer("it ends in the middle of a line")


def _document(line: bytes) -> tuple[str, str]:
    value = _object(line)
    name, text = value.get("name"), value.get("document")
    if not isinstance(name, str) or not isinstance(text, str):
        raise _BadAnswer("a line is not a document with its name")
    return name, text


def _object(data: bytes) -> dict[str, object]:
    try:
        value = cast("object", json.loads(data))
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}
