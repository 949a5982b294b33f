"""What changed in a lock, as JSON and as lines for people."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.text import cyan, dim, green, red, yellow
from eka.workflow.direct_changes import ADDED, REMOVED
from eka.workflow.lock_changes import Direction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.cli.reply import Json
    from eka.cli.text import Line, Piece
    from eka.workflow.direct_changes import DirectChange
    from eka.workflow.lock_changes import Change

FEW = 3  # atoms of one set that moved are named one by one
SHOWN = 200
_STYLES = {
    Direction.ADDED: green,
    Direction.REMOVED: red,
    Direction.UPGRADED: green,
    Direction.DOWNGRADED: yellow,
    Direction.REBUILT: yellow,
    Direction.REPUBLISHED: cyan,
    Direction.MOVED: yellow,
}


def changes_document(changes: Sequence[Change]) -> list[Json]:
    """Return the changes of a lock as JSON."""
    return [
        {
            "label": each.label,
            "set": each.set,
            "before": each.before,
            "after": each.after,
            "direction": each.direction.value,
            "source": _both(each.source_before, each.source_after),
            "signers": _both(
                None if each.signers_before is None else list(each.signers_before),
                None if each.signers_after is None else list(each.signers_after),
            ),
        }
        for each in changes
    ]


def change_lines(changes: Sequence[Change]) -> list[Line]:
    """Return the changes of a lock as lines, such as ``Upgraded zlib 1.2.0 -> 1.3.1``."""
    counts: dict[tuple[str | None, str | None], int] = {}
    for each in changes:
        if each.direction is Direction.MOVED:
            place = each.source_before, each.source_after
            counts[place] = counts.get(place, 0) + 1
    named = [
        each
        for each in changes
        if each.direction is not Direction.MOVED
        or counts[each.source_before, each.source_after] <= FEW
    ]
    lines = [line for each in named[:SHOWN] for line in _lines(each)]
    if len(named) > SHOWN:
        lines.append(dim(f"  and {len(named) - SHOWN} more: --json names them all"))
    for (before, after), count in sorted(counts.items(), key=str):
        if count > FEW:
            verb = _verb(Direction.MOVED)
            lines.append(("  ", verb, f" {count} atoms", dim(f" from {before} to {after}")))
    return lines


def _lines(change: Change) -> list[Line]:
    versions = [each for each in (change.before, change.after) if each is not None]
    moved = f" from {change.source_before} to {change.source_after}"
    lines: list[Line] = [
        (
            "  ",
            _verb(change.direction),
            f" {change.label} {' -> '.join(dict.fromkeys(versions))}",
            dim(moved if change.source_after else ""),
        )
    ]
    if change.signers_before is not None and change.signers_after is not None:
        now, was = _carried(change.signers_after), _carried(change.signers_before)
        lines.append(("      ", yellow(f"carries {now}, before {was}")))
    return lines


def _carried(keys: Sequence[str]) -> str:
    # Whether they are good is not said: that is checked where a rule asks for it.
    return f"signatures of {', '.join(keys)}" if keys else "no signature"


def _verb(direction: Direction) -> Piece:
    return _STYLES[direction](direction.value.capitalize())


def _both(before: Json, after: Json) -> Json:
    return None if before is None or after is None else {"before": before, "after": after}


def direct_document(changes: Sequence[DirectChange]) -> list[Json]:
    """Return the changes of direct sources as JSON."""
    return [
        {
            "owner": each.owner or None,
            "kind": each.kind,
            "name": each.name,
            "system": each.system or None,
            "change": each.what,
            "before": each.before or None,
            "after": each.after or None,
        }
        for each in changes
    ]


def direct_lines(changes: Sequence[DirectChange]) -> list[Line]:
    """Return the changes of direct sources as lines, such as ``Pinned anew deb libc6``."""
    lines: list[Line] = []
    for each in changes:
        style = {ADDED: green, REMOVED: red}.get(each.what, yellow)
        versions = " -> ".join(text for text in (each.before, each.after) if text)
        notes = [each.system, f"of {each.owner}" if each.owner else ""]
        note = " ".join(text for text in notes if text)
        lines.append(
            (
                "  ",
                style(each.what.capitalize()),
                f" {each.kind} {each.name} {versions}".rstrip(),
                dim(f" ({note})" if note else ""),
            )
        )
    return lines
