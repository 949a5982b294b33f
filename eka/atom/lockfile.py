"""Reads and writes ``atom.lock``, version 2: canonical bytes, the whole closure, no clock."""

from __future__ import annotations

import re
from functools import cache, partial
from itertools import zip_longest

from eka.atom.content import ContentHash
from eka.atom.identity import AtomId
from eka.atom.label import Label
from eka.atom.lock_check import check_lock
from eka.atom.lock_errors import InvalidLock, LockNotCanonical, LockTooNew, LockTooOld
from eka.atom.lock_fast import read_fast
from eka.atom.lock_model import (
    AtomKey,
    Lock,
    LockedAtom,
    LockedDirect,
    LockedFile,
    LockedSet,
    LockedTree,
)
from eka.atom.lock_text import LOCK_VERSION, lock_text
from eka.atom.oid import Genesis, ObjectId
from eka.atom.toml import MAX_LOCK_BYTES, InvalidToml, read_toml
from eka.atom.version import Version
from eka.checking import TYPE_CHECKING, TypeVar
from eka.errors import EkaError, Span

if TYPE_CHECKING:
    from collections.abc import Callable

    from eka.atom.toml import TomlDocument, TomlValue

LOCK_NAME = "atom.lock"
Value = TypeVar("Value")
_CONFLICT = re.compile(rb"^(?:<<<<<<< |>>>>>>> )", re.MULTILINE)


def encode_lock(lock: Lock) -> bytes:
    """Return the one legal file for ``lock``; the order of its tuples does not matter.

    Raises:
        EkaError: the lock breaks a rule, as `parse_lock` would report it.

    Source: atom-spec/lockfile.md [lock-canonical].
    """
    check_lock(lock, LOCK_NAME)
    return lock_text(lock).encode()


def lock_version(data: bytes, file: str) -> int:
    """Return the version of a lock of any version.

    Raises:
        InvalidToml: it is not TOML.
        InvalidLock: it does not say its version.
    """
    return _version(_document(data, file))


def parse_lock(data: bytes, file: str) -> Lock:
    """Return the lock in ``data``, which must be exactly what `encode_lock` writes.

    Raises:
        InvalidToml: it is not TOML.
        InvalidLock: a field is missing, unknown or invalid.
        LockTooNew, LockTooOld: it is of another version.
        LockContradiction: the subclass that names the broken rule.
        CredentialsInUrl: an address holds a user or password.
        LockNotCanonical: eka would write other bytes.

    Source: atom-spec/lockfile.md; vectors in fixtures/lockfile.
    """
    if (known := _read_fast(data, file)) is not None:
        return known
    document = _document(data, file)
    version = _version(document)
    if version > LOCK_VERSION:
        raise LockTooNew(file, version, LOCK_VERSION)
    if version < LOCK_VERSION:
        raise LockTooOld(file)
    lock = _lock(document)
    check_lock(lock, file)
    expected = lock_text(lock)
    if expected != document.text:
        raise _not_canonical(file, expected, document.text)
    return lock


def _read_fast(data: bytes, file: str) -> Lock | None:
    """Return a lock that is in its legal form; None where TOML must be read to say what it is."""
    if len(data) > MAX_LOCK_BYTES:
        return None
    try:
        text = data.decode()
        lock = read_fast(text, partial(_read_direct, file))
    except (UnicodeDecodeError, InvalidToml):
        return None
    if lock is None:
        return None
    check_lock(lock, file)
    return lock if lock_text(lock) == text else None


def _read_direct(file: str, text: str) -> tuple[LockedDirect, ...]:
    document = read_toml(text.encode(), file, max_bytes=MAX_LOCK_BYTES)
    entry = _Entry(document.file, dict(document.data))
    found = tuple(_direct(each, AtomKey.parse) for each in entry.entries("direct"))
    entry.finish()
    return found


def _document(data: bytes, file: str) -> TomlDocument:
    try:
        return read_toml(data, file, max_bytes=MAX_LOCK_BYTES)
    except InvalidToml as error:
        if _CONFLICT.search(data):
            error.why = "it holds the marks of a merge conflict"
        error.fix = "take either side of the file, then run eka lock"
        raise


def _version(document: TomlDocument) -> int:
    version = document.data.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InvalidLock(document.file, "it does not say its version as a positive integer")
    return version


def _not_canonical(file: str, expected: str, found: str) -> LockNotCanonical:
    pairs = enumerate(zip_longest(expected.split("\n"), found.split("\n")), start=1)
    number, wanted, given = next((n, want, got) for n, (want, got) in pairs if want != got)
    span = Span(file, number, 1, max(1, len(given or "")), given or "")
    return LockNotCanonical(file, span, expected=wanted, found=given)


class _Entry:
    """One table of a lock; each field is taken once, by its type."""

    def __init__(self, where: str, data: TomlValue) -> None:
        if not isinstance(data, dict):
            raise InvalidLock(where, "expected a table")
        self._where = where
        self._data = dict(data)

    def fault(self, key: str, why: str) -> InvalidLock:
        return InvalidLock(self._where, f"`{key}` {why}")

    def has(self, key: str) -> bool:
        return key in self._data

    def optional_text(self, key: str) -> str | None:
        value = self._data.pop(key, None)
        if value is not None and not isinstance(value, str):
            raise self.fault(key, "is not a string")
        return value

    def text(self, key: str) -> str:
        value = self.optional_text(key)
        if value is None:
            raise self.fault(key, "is missing")
        return value

    def optional(self, key: str, make: Callable[[str], Value]) -> Value | None:
        text = self.optional_text(key)
        return None if text is None else self._made(key, make, text)

    def value(self, key: str, make: Callable[[str], Value]) -> Value:
        return self._made(key, make, self.text(key))

    def array(self, key: str) -> list[TomlValue]:
        value = self._data.pop(key, None)
        if not isinstance(value, list):
            raise self.fault(key, "is missing" if value is None else "is not an array")
        return value

    def values(self, key: str, make: Callable[[str], Value]) -> tuple[Value, ...]:
        texts = self.array(key)
        return tuple(self._made(key, make, text) for text in texts)

    def optional_values(self, key: str) -> tuple[str, ...]:
        return self.values(key, str) if self.has(key) else ()

    def entries(self, key: str) -> list[_Entry]:
        if not self.has(key):
            return []
        return [_Entry(f"{self._where}, [[{key}]] {n}", item) for n, item in self._numbered(key)]

    def number(self, key: str) -> int:
        value = self._data.pop(key, None)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.fault(key, "is missing or not an integer")
        return value

    def flag(self, key: str) -> bool:
        value = self._data.pop(key, None)
        if value not in (None, True):
            raise self.fault(key, "is there but not `true`")
        return value is True

    def finish(self) -> None:
        for key in self._data:
            raise self.fault(key, "is a field this version does not know")

    def _numbered(self, key: str) -> list[tuple[int, TomlValue]]:
        return list(enumerate(self.array(key), start=1))

    def _made(self, key: str, make: Callable[[str], Value], text: TomlValue) -> Value:
        if not isinstance(text, str):
            raise self.fault(key, "holds something that is not a string")
        try:
            return make(text)
        except EkaError as error:
            raise self.fault(key, f"is invalid: {error.where} {error.why}") from error


def _lock(document: TomlDocument) -> Lock:
    entry = _Entry(document.file, dict(document.data))
    entry.number("version")
    parse_key = cache(AtomKey.parse)  # most keys stand in a lock several times
    lock = Lock(
        requirements=entry.text("requirements"),
        requires=entry.values("requires", parse_key),
        sets=tuple(_set(each) for each in entry.entries("set")),
        atoms=tuple(_atom(each, parse_key) for each in entry.entries("atom")),
        direct=tuple(_direct(each, parse_key) for each in entry.entries("direct")),
    )
    entry.finish()
    return lock


def _genesis(text: str) -> Genesis:
    return Genesis(ObjectId(text))


def _set(entry: _Entry) -> LockedSet:
    genesis, own = entry.value("genesis", _genesis), entry.flag("own")
    urls = () if own else entry.values("urls", str)
    accepted = entry.optional_values("accepted")
    entry.finish()
    return LockedSet(genesis, urls, own, accepted)


def _atom(entry: _Entry, parse_key: Callable[[str], AtomKey]) -> LockedAtom:
    genesis, label = entry.value("set", _genesis), entry.value("label", Label)
    atom = LockedAtom(
        key=AtomKey(genesis, label, entry.value("version", Version.parse)),
        id=entry.value("id", AtomId),
        tree=entry.optional("tree", ObjectId),
        content=entry.optional("blake3", ContentHash),
        rev=entry.optional("rev", ObjectId),
        requires=entry.values("requires", parse_key),
        patched=entry.flag("patched"),
    )
    entry.finish()
    return atom


def _direct(entry: _Entry, parse_key: Callable[[str], AtomKey]) -> LockedDirect:
    direct = LockedDirect(
        owner=entry.optional("owner", parse_key),
        kind=entry.text("kind"),
        name=entry.text("name"),
        system=entry.optional_text("system") or "",
        declared=entry.text("declared"),
        lock_sha256=entry.optional_text("lock_sha256") or "",
        files=tuple(_file(each) for each in entry.entries("files")),
        tree=_tree(entry) if entry.has("url") else None,
    )
    entry.finish()
    return direct


def _tree(entry: _Entry) -> LockedTree:
    return LockedTree(
        url=entry.text("url"),
        rev=entry.value("rev", ObjectId),
        tree=entry.value("tree", ObjectId),
        content=entry.value("blake3", ContentHash),
        ref=entry.optional_text("ref") or "",
        path=entry.optional_text("path") or "",
    )


def _file(entry: _Entry) -> LockedFile:
    locked = LockedFile(
        url=entry.text("url"),
        path=entry.optional_text("path") or "",
        suite=entry.optional_text("suite") or "",
        size=entry.number("size"),
        sha256=entry.text("sha256"),
        name=entry.optional_text("name") or "",
        version=entry.optional_text("version") or "",
        mirrors=entry.optional_values("mirrors"),
        integrity=entry.optional_text("integrity") or "",
    )
    entry.finish()
    return locked
