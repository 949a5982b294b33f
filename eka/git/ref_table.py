"""The refs of a listing, kept as they came: an object id is made when somebody asks for it.

A listing may hold a million refs, and whoever asked for it wants some of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from eka.atom import ObjectId
from eka.checking import TYPE_CHECKING
from eka.git.ref_lines import LENGTH_DIGITS, PlainLines
from eka.hashing import digest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class RefTable(Mapping[str, ObjectId]):
    """Object ids by name; names are put in, never taken out.

    Servers list refs in order. As long as they do, two lists are enough, and no name can come
    twice; else the names are looked up, and put in order when somebody asks for that.
    """

    def __init__(self, refs: Mapping[str, ObjectId] | None = None) -> None:
        self._names: list[str] = []
        self._heads: list[str] = []  # see PlainLines
        self._by_name: dict[str, str] = {}  # all of them, once one came out of order
        for name, oid in (refs or {}).items():
            self.put(one_line(name, oid))

    def put(self, lines: PlainLines) -> str | None:
        """Add refs; return a name that was there with another id, None when there is none."""
        names, heads = lines.names, lines.heads
        if not self._by_name:
            if lines.is_ascending and (not self._names or self._names[-1] < names[0]):
                self._names += names
                self._heads += heads
                return None
            self._by_name = dict(zip(self._names, self._heads, strict=True))
        known = self._by_name
        for name, head in zip(names, heads, strict=True):
            if known.setdefault(name, head)[LENGTH_DIGITS:] != head[LENGTH_DIGITS:]:
                return name
        return None

    def in_order(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return all names, sorted, and what `id_of` takes, for each."""
        if len(self._by_name) > len(self._names):
            self._names = sorted(self._by_name)
            self._heads = [self._by_name[name] for name in self._names]
        return self._names, self._heads

    def fingerprint(self) -> str:
        """Return a digest of all names and ids."""
        names, heads = self.in_order()
        return digest("\n".join([*names, *heads]).encode(errors="surrogateescape")).hex()

    def _found(self, name: object) -> str | None:
        if not isinstance(name, str):
            return None
        if self._by_name:
            return self._by_name.get(name)
        at = bisect_left(self._names, name)
        return self._heads[at] if self._names[at : at + 1] == [name] else None

    def __getitem__(self, name: str) -> ObjectId:
        if (found := self._found(name)) is None:
            raise KeyError(name)
        return id_of(found)

    def __contains__(self, name: object) -> bool:
        return self._found(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name or self._names)

    def __len__(self) -> int:
        return len(self._by_name or self._names)

    def __repr__(self) -> str:
        return f"RefTable({dict(self)!r})"


def one_line(name: str, oid: ObjectId) -> PlainLines:
    """Return a listed ref as one of many."""
    return PlainLines([name], ["0" * LENGTH_DIGITS + oid.hex], is_ascending=True)


def id_of(head: str) -> ObjectId:
    """Return the object id at the end of a line's head."""
    return ObjectId.checked(head[LENGTH_DIGITS:])
