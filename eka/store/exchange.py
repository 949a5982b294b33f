"""Paths as one stream, and back: all of a stream is checked before any of it is kept.

Source: atom-spec/store-stream.md.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from eka.checking import TYPE_CHECKING
from eka.hashing import new_hasher
from eka.store.errors import InvalidStorePath, PathNotFound, refusals
from eka.store.facts import Staged
from eka.store.nix.errors import InvalidNixText
from eka.store.nix.keys import NixSignature
from eka.store.path import StorePath
from eka.store.read import read_tree
from eka.store.reduction import LOCAL, Reduction
from eka.store.reduction_errors import NotTrusted
from eka.store.references import Candidates, ReferenceScanner
from eka.store.scan import scan_tree
from eka.store.stream import SCHEMA, StreamReader, encoded, node_chunks
from eka.store.stream_errors import BrokenStream, FalsePath, UndeclaredReferences
from eka.store.write import write_tree

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path
    from typing import IO

    from eka.store.store import Store
    from eka.store.stream import Fields

MAX_PATHS = 100_000
MAX_REDUCTIONS = 1_000_000
MAX_HELD_BYTES = 512 << 20  # of the lines of paths and reductions: they are held until the end


@dataclass(slots=True)
class Imported:
    """What came of a stream.

    Attributes:
        roots: What was asked to be exported.
        added: Paths that are new here.
        kept: How many were here already.
        reductions: How many reductions were taken over.
        ignored: How many were not, as nobody trusts who asserts them.
    """

    roots: tuple[StorePath, ...]
    added: list[StorePath] = field(default_factory=list["StorePath"])
    kept: int = 0
    reductions: int = 0
    ignored: int = 0


def export_order(store: Store, roots: Sequence[StorePath]) -> list[StorePath]:
    """Return paths and all they need, each after what it refers to."""
    found: dict[StorePath, None] = {}
    pending = [(path, False) for path in reversed(roots)]
    while pending:
        path, is_ready = pending.pop()
        if path in found:
            continue
        if is_ready:
            found[path] = None
            continue
        pending.append((path, True))
        pending.extend((each, False) for each in store.path_info(path).references if each != path)
    return list(found)


def export_stream(store: Store, roots: Sequence[StorePath]) -> Iterator[bytes]:
    """Yield the stream of paths and all they need, with the signed reductions that lead to them.

    The caller keeps the paths from garbage collection.
    """
    hasher = new_hasher()
    for chunk in _body(store, roots):
        hasher.update(chunk)
        yield chunk
    yield encoded({"digest": hasher.digest().hex()})


def import_stream(store: Store, source: IO[bytes], *, dry_run: bool = False) -> Imported:
    """Take over all paths of a stream, or none.

    Args:
        store: Where they go; what it has already is read, but not written again.
        source: The stream.
        dry_run: Check everything, keep nothing.

    Raises:
        BrokenStream: It was cut, changed, or is something else.
        FalsePath: What it calls a path has other content.
        UndeclaredReferences, MissingReferences, UnsafeTree, BadSignature.
    """
    reader = StreamReader(source)
    first = reader.line()
    if not first.holds("schema") or first.text("schema") != SCHEMA:
        raise BrokenStream(f"it does not begin with {SCHEMA}")
    imported = Imported(tuple(_parsed(each) for each in first.texts("roots")))
    first.end()
    with _staging(store) as place:
        taking = _Taking(store, reader, imported, place)
        with taking.leases:
            reader.finish(taking.everything())
            if not dry_run:
                store.register_all(taking.staged, taking.record)
    return imported


def _body(store: Store, roots: Sequence[StorePath]) -> Iterator[bytes]:
    yield encoded({"schema": SCHEMA, "roots": [path.base for path in roots]})
    order = export_order(store, roots)
    for path in order:
        info = store.path_info(path)
        yield encoded(
            {
                "path": path.base,
                "kind": info.kind,
                "content": info.content,
                "size_bytes": info.size_bytes,
                "references": [each.base for each in info.references],
                "signatures": [each.text for each in store.signatures(info)],
            }
        )
        yield from node_chunks(read_tree(store.physical(path)))
    yield from _facts(store, order)


def _facts(store: Store, paths: Sequence[StorePath]) -> Iterator[bytes]:
    told: set[Reduction] = set()
    for path in paths:
        for step in store.origins(path):
            fact = step.reduction
            if fact.by == LOCAL or fact in told:
                continue
            told.add(fact)
            for signature in store.signatures(fact):
                yield encoded(
                    {
                        "reduction": fact.kind,
                        "name": fact.name,
                        "refined": fact.refined,
                        "by": fact.by,
                        "evidence": fact.evidence,
                        "signature": signature.text,
                    }
                )


@contextmanager
def _staging(store: Store) -> Generator[Path, None, None]:
    place = store.staging("import")
    try:
        yield place
    finally:
        store.discard(place)


class _Taking:
    """A stream on its way into the store."""

    def __init__(
        self, store: Store, reader: StreamReader, imported: Imported, place: Path
    ) -> None:
        self._store, self._reader, self._imported, self._place = store, reader, imported, place
        self._seen: dict[StorePath, None] = {}
        self._candidates = Candidates()  # what was seen, for all scanners
        self.staged: list[Staged] = []
        self.leases = ExitStack()  # of what is here already
        self._facts: list[tuple[Reduction, NixSignature]] = []
        self._signatures: list[tuple[StorePath, NixSignature]] = []

    def everything(self) -> Fields:
        """Take paths and reductions; return the line after them."""
        held_bytes = 0
        while (line := self._reader.line()).holds("path"):
            held_bytes = _counted(held_bytes, line)
            self._path(line)
        while line.holds("reduction"):
            held_bytes = _counted(held_bytes, line)
            self._fact(line)
            line = self._reader.line()
        missing = [path.text for path in self._imported.roots if path not in self._seen]
        if missing:
            raise BrokenStream("it does not hold what it was made for", missing[0])
        return line

    def record(self) -> None:
        """Record what was signed, as far as it is trusted; raises `BadSignature`."""
        for path, signature in self._signatures:
            self._store.record_path_signature(self._store.path_info(path), signature)
        for fact, signature in self._facts:
            try:
                self._store.record_signed(fact, signature)
            except NotTrusted:
                self._imported.ignored += 1
            else:
                self._imported.reductions += 1

    def _path(self, line: Fields) -> None:
        path = _parsed(line.text("path"))
        if path in self._seen or len(self._seen) >= MAX_PATHS:
            raise BrokenStream(f"a path comes twice, or there are more than {MAX_PATHS}")
        kind, content = line.text("kind"), line.text("content")
        size_bytes = line.number("size_bytes")
        references = tuple(sorted({_parsed(each) for each in line.texts("references")}))
        signatures = [_signature(each) for each in line.texts("signatures")]
        line.end()
        unknown = [each for each in references if each not in self._seen and each != path]
        if unknown:
            raise BrokenStream(
                f"it refers to {unknown[0].text}, which is not before it", path.text
            )
        place = self._place / str(len(self._seen)) / path.base
        place.parent.mkdir()
        with refusals(self._store.root):  # or it would look as if the stream could not be read
            written = write_tree(place, self._reader.nodes())
        told = kind, content, size_bytes
        if (written.kind.value, written.content.hex(), written.size_bytes) != told:
            found = f"{written.kind} {written.content.hex()} of {written.size_bytes} bytes"
            raise FalsePath(path.text, f"expected {kind} {content[:64]}, found {found}")
        self._check(path, place, references)
        self._seen[path] = None
        self._candidates.add(path)
        self._keep(Staged(path, place, written, references))
        self._signatures += ((path, each) for each in signatures)

    def _check(self, path: StorePath, place: Path, references: tuple[StorePath, ...]) -> None:
        scanner = ReferenceScanner(path, self._candidates)
        found = scan_tree(place, scanner).path(path.name)
        if found != path:
            raise FalsePath(path.text, f"its content belongs at {found.text}")
        undeclared = [each.text for each in scanner.found if each not in references]
        if undeclared:
            raise UndeclaredReferences(path.text, undeclared)

    def _keep(self, staged: Staged) -> None:
        try:
            self.leases.enter_context(self._store.lease([staged.path]))
        except PathNotFound:
            self._imported.added.append(staged.path)
            self.staged.append(staged)
        else:
            self._imported.kept += 1
            self._store.discard(staged.place)

    def _fact(self, line: Fields) -> None:
        if len(self._facts) >= MAX_REDUCTIONS:
            raise BrokenStream(f"it holds more than {MAX_REDUCTIONS} reductions")
        fact = Reduction(
            line.text("reduction"),
            line.text("name"),
            line.text("refined"),
            line.text("by"),
            line.text("evidence"),
        )
        signature = _signature(line.text("signature"))
        line.end()
        self._facts.append((fact, signature))


def _counted(held_bytes: int, line: Fields) -> int:
    total = held_bytes + line.size_bytes
    if total > MAX_HELD_BYTES:
        raise BrokenStream(f"it tells more than {MAX_HELD_BYTES} bytes of paths and reductions")
    return total


def _parsed(text: str) -> StorePath:
    try:
        return StorePath.parse(text)
    except InvalidStorePath as error:
        raise BrokenStream(f"{text[:200]!r} is not a store path") from error


def _signature(text: str) -> NixSignature:
    try:
        return NixSignature.parse(text)
    except InvalidNixText as error:
        raise BrokenStream(f"a signature is not one: {error.why}") from error
