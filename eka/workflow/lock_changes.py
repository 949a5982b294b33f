"""What differs between two locks, atom by atom."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.atom import Lock


@dataclass(frozen=True, slots=True)
class Change:
    """A difference between the previous lock and the new one."""

    label: str
    before: str | None  # version
    after: str | None
    set: str = field(default="")


def describe(changes: tuple[Change, ...]) -> str:
    """Return changes in one line, such as ``added zlib 1.3.1, lua 5.4.4 -> 5.4.6``."""
    return ", ".join(_described(change) for change in changes)


def _described(change: Change) -> str:
    if change.before is None:
        return f"added {change.label} {change.after}"
    if change.after is None:
        return f"dropped {change.label} {change.before}"
    return f"{change.label} {change.before} -> {change.after}"


def diff_locks(before: Lock | None, after: Lock) -> tuple[Change, ...]:
    """Return what changes for each atom, sorted by label."""
    old = _by_atom(before)
    new = _by_atom(after)
    changes: list[Change] = []
    for name in sorted(old.keys() | new.keys()):
        gone, come = (
            old.get(name, set()) - new.get(name, set()),
            new.get(name, set()) - old.get(name, set()),
        )
        if not gone and not come:
            continue
        changes.append(Change(name[1], _join(gone), _join(come), name[0]))
    return tuple(changes)


def _by_atom(lock: Lock | None) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for atom in lock.atoms if lock else ():
        name = (atom.key.genesis.hex, atom.key.label.text)
        found.setdefault(name, set()).add(atom.key.version.text)
    return found


def _join(versions: set[str]) -> str | None:
    return " ".join(sorted(versions)) or None
