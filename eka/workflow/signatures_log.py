"""When a signature was first found good on this machine; only ever appended to.

A signature names no time that could be trusted. That it was good on a day is a fact of ours, and
stays one: a key that expires later does not undo it.

Source: atom-spec/signature.md [trust-time].
"""

from __future__ import annotations

from contextlib import suppress

from eka.checking import TYPE_CHECKING
from eka.workflow.line_file import LineFile, decode, encode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from eka.atom import ObjectId

SCHEMA = "eka.good-signatures/1"
_GOOD = "good"
_FEW = 16  # searched for one by one; of more every line is looked at


class GoodSignatures:
    """The log; nothing is lost but early dates when it cannot be written."""

    def __init__(self, path: Path) -> None:
        self._file = LineFile(path)

    def since(self, tags: Collection[ObjectId]) -> Mapping[ObjectId, int]:
        """Return when each of ``tags`` was first found good, in seconds since the epoch."""
        starts = [f'{{"{_GOOD}":"']
        if len(tags) <= _FEW:
            starts = [f'{{"{_GOOD}":"{tag.hex}"' for tag in tags]
        wanted = {tag.hex: tag for tag in tags}
        found: dict[ObjectId, int] = {}
        for line in self._file.lines([start.encode() for start in starts]):
            fact = decode(line)
            tag, when_s = wanted.get(str(fact.get(_GOOD))), fact.get("at")
            if tag is not None and type(when_s) is int:
                found.setdefault(tag, when_s)
        return found

    def record(self, tags: Collection[ObjectId], now_s: int) -> None:
        """Record that signatures are good now; those on record keep their date."""
        if not tags:
            return
        with suppress(OSError), self._file.locked() as file:
            if not file.size_bytes:
                file.append([encode({"schema": SCHEMA})])
            file.append([encode({_GOOD: tag.hex, "at": now_s}) for tag in sorted(tags)])
