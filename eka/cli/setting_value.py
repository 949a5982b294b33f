"""One setting as a layer has it."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.errors import Span


@dataclass(frozen=True, slots=True)
class Value:
    """One setting as it was written, and who wrote it."""

    raw: object
    origin: str
    span: Span | None = None
