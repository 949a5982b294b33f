"""Which symlinks an atom may hold: those that lead, step by step, to a place inside it.

A target is followed the way a kernel does, through the other symlinks of the tree: read as mere
text, ``a/../x`` looks harmless even where ``a`` is a link to a shallower directory.

Source: atom-spec/tree-policy.md [tree-link-inside].
"""

from __future__ import annotations

import re

from eka.atom.name_policy import shown
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.atom.name_policy import Fault

MAX_HOPS = 40  # as Linux: a longer chain is a loop, which leads nowhere
# Over all links of a tree; honest trees need a few steps per link.
MAX_STEPS = 2_000_000
_DRIVE = re.compile(rb"[A-Za-z]:")

Parts = tuple[bytes, ...]


class LinkWalk:
    """Collects the symlinks of a tree, then names those that leave it."""

    def __init__(self) -> None:
        self._targets: dict[Parts, bytes] = {}
        self._routes: dict[Parts, Parts] = {}
        self._steps = 0

    def add(self, path: bytes, target: bytes) -> None:
        """Remember the symlink at ``path``."""
        parts = tuple(path.split(b"/"))
        self._targets[parts] = target
        # The last step first, as the walk takes steps from the end of its list.
        self._routes[parts] = tuple(
            step for step in reversed(target.split(b"/")) if step not in {b"", b"."}
        )

    def faults(self) -> Iterator[tuple[bytes, Fault]]:
        """Yield path and fault of each symlink that an atom may not hold."""
        for parts, target in self._targets.items():
            if fault := _target_fault(target) or self._route_fault(parts):
                yield b"/".join(parts), fault

    def _route_fault(self, parts: Parts) -> Fault | None:
        place = list(parts[:-1])
        ahead = list(self._routes[parts])
        hops = 0
        while ahead:
            self._steps += 1
            if self._steps > MAX_STEPS:
                return "the tree's symlinks take too many steps to follow", "simplify its symlinks"
            step = ahead.pop()
            if step == b"..":
                if not place:
                    return _escape(self._targets[parts])
                place.pop()
                continue
            place.append(step)
            through = tuple(place)
            if through not in self._routes:
                continue
            hops += 1
            if hops > MAX_HOPS or self._targets[through].startswith(b"/"):
                return None  # a loop leads nowhere; an absolute link is told at its own path
            place.pop()
            ahead.extend(self._routes[through])
            self._steps += len(self._routes[through])
        return None


def _target_fault(target: bytes) -> Fault | None:
    if not target or b"\0" in target:
        return "the symlink's target is empty or holds NUL", "make the link anew with `ln -s`"
    if target.startswith(b"/") or _DRIVE.match(target):
        why = f"the symlink points to the absolute place {shown(target)}"
        return why, "point it to a relative path inside the atom, or copy the file in its place"
    if b"\\" in target:
        why = "the symlink's target holds a backslash, which separates directories elsewhere"
        return why, "write the target with `/`, and rename what it points to"
    return None


def _escape(target: bytes) -> Fault:
    why = f"the symlink leads out of the atom, to {shown(target)}"
    fix = (
        "an atom holds only its own directory: copy the file in place of the link, "
        "or move it into the atom and link to it from outside"
    )
    return why, fix
