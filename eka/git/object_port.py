"""The port through which git objects of any kind are read."""

from __future__ import annotations

from eka.atom import TreeReader
from eka.checking import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from eka.atom import ObjectId


class ObjectReader(TreeReader, Protocol):
    """Port: reads objects of any kind by id."""

    def read(self, oid: ObjectId) -> tuple[str, bytes]:
        """Return kind and body of an object."""
        ...

    def commit(self, oid: ObjectId) -> bytes:
        """Return the body of a commit."""
        ...
