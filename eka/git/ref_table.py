"""The refs of a listing, kept as they came: an object id is made when somebody asks for it.

A listing may hold a million refs, and whoever asked for it wants some of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from operator import lt
from typing import TYPE_CHECKING

from eka.atom import ObjectId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class RefTable(Mapping[str, ObjectId]):
    """Object ids by name; names are put in, never taken out.

    Servers list refs in order. As long as they do, two lists are enough, and no name can come
    twice; else the names are looked up, and put in order when somebody asks for that.
    """

    def __init__(self, refs: Mapping[str, ObjectId] | None = None) -> None:
        self._names: list[str] = []
        self._ids: list[str] = []  # hexadecimal
        self._by_name: dict[str, str] = {}  # all of them, once one came out of order
        for name, oid in (refs or {}).items():
            self.put([name], [oid.hex])

    def put(self, names: list[str], ids: list[str]) -> str | None:
        """Add refs; return a name that was there with another id, None when there is none.

        Args:
            names: In the order they were listed.
            ids: In hexadecimal digits, and checked.
        """
        if not self._by_name:
            is_behind = not self._names or not names or self._names[-1] < names[0]
            if is_behind and all(map(lt, names, names[1:])):
                self._names += names
                self._ids += ids
                return None
            self._by_name = dict(zip(self._names, self._ids, strict=True))
        known = self._by_name
        for name, oid in zip(names, ids, strict=True):
            if known.setdefault(name, oid) != oid:
                return name
        return None

    def in_order(self) -> tuple[Sequence[str], Sequence[str]]:
        """Return all names, sorted, and their ids in hexadecimal digits."""
        if len(self._by_name) > len(self._names):
            self._names = sorted(self._by_name)
            self._ids = [self._by_name[name] for name in self._names]
        return self._names, self._ids

    def _found(self, name: object) -> str | None:
        if not isinstance(name, str):
            return None
        if self._by_name:
            return self._by_name.get(name)
        at = bisect_left(self._names, name)
        return self._ids[at] if self._names[at : at + 1] == [name] else None

    def __getitem__(self, name: str) -> ObjectId:
        if (found := self._found(name)) is None:
            raise KeyError(name)
        return ObjectId.checked(found)

    def __contains__(self, name: object) -> bool:
        return self._found(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name or self._names)

    def __len__(self) -> int:
        return len(self._by_name or self._names)

    def __repr__(self) -> str:
        return f"RefTable({dict(self)!r})"
