"""What differs between two locks in sources that are not atoms.

Source: atom-spec/workflow.md [changes-direct].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.resolve import bucket_of
from eka.values import dataclass
from eka.workflow.lock_changes import MOST_DESCRIBED

if TYPE_CHECKING:
    from eka.atom import Lock, LockedDirect

ADDED, REMOVED, PINNED_ANEW = "added", "removed", "pinned anew"
_REV_DIGITS = 12

_Name = tuple[str, str, str, str, str, str]  # owner: set, label, bucket; kind, name, system


@dataclass(frozen=True, slots=True)
class DirectChange:
    """A direct source that differs.

    Attributes:
        owner: Label of the atom that needs it; empty: the project itself.
        kind: Of the source.
        name: Of the source.
        system: For which; empty: for all.
        what: `ADDED`, `REMOVED` or `PINNED_ANEW`.
        before: Version of its package, or beginning of its commit, before; empty: none is told.
        after: The same now.
    """

    owner: str
    kind: str
    name: str
    system: str
    what: str
    before: str = ""
    after: str = ""


def diff_direct(before: Lock | None, after: Lock | None) -> tuple[DirectChange, ...]:
    """Return what changes for each direct source, by owner, kind, name and system.

    A source whose owner has another version of the same bucket now is the same source.
    """
    old, new = _by_name(before), _by_name(after)
    changes: list[DirectChange] = []
    for name in sorted(old.keys() | new.keys()):
        was, now = old.get(name), new.get(name)
        if was and now and (was.files, was.tree) == (now.files, now.tree):
            continue
        what = PINNED_ANEW if was and now else ADDED if now else REMOVED
        _, owner, _, kind, label, system = name
        changes.append(DirectChange(owner, kind, label, system, what, _state(was), _state(now)))
    return tuple(changes)


def describe_direct(changes: tuple[DirectChange, ...]) -> str:
    """Return changes in one line, such as ``deb libc6 is pinned anew``."""
    told = [f"{each.kind} {each.name} is {each.what}" for each in changes[:MOST_DESCRIBED]]
    more = len(changes) - len(told)
    return ", ".join(told) + (f" and {more} more" if more else "")


def _by_name(lock: Lock | None) -> dict[_Name, LockedDirect]:
    found: dict[_Name, LockedDirect] = {}
    for pin in lock.direct if lock else ():
        key, rest = pin.owner, (pin.kind, pin.name, pin.system)
        if key is None:
            found["", "", "", *rest] = pin
        else:
            found[key.genesis.hex, key.label.text, bucket_of(key.version), *rest] = pin
    return found


def _state(pin: LockedDirect | None) -> str:
    """Return what to tell of a pin: the version of its only package, or its commit."""
    if pin is None:
        return ""
    if pin.tree is not None:
        return pin.tree.rev.hex[:_REV_DIGITS]
    versions = {file.version for file in pin.files}
    return versions.pop() if len(versions) == 1 else ""
