"""What only type checkers look at, of `typing`, without loading that: two milliseconds.

Type checkers see the real things; a running program sees what costs nothing and does nothing.
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers go by the name
if TYPE_CHECKING:
    from typing import NewType, Protocol, TypeVar, cast
else:
    Protocol = object

    def NewType(_name: str, _kind: object) -> object:  # noqa: N802 - as typing's
        """Return what returns what it is given."""
        return lambda value: value

    def TypeVar(_name: str, **_options: object) -> None:  # noqa: N802 - as typing's
        """Return nothing: it only stands in annotations."""

    def cast(_kind: object, value: object) -> object:
        """Return ``value``."""
        return value


__all__ = ["TYPE_CHECKING", "NewType", "Protocol", "TypeVar", "cast"]
