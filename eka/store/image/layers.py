"""Which paths share a layer: what many need changes seldom, and gets a layer of its own.

Source: atom-spec/image.md [image-layers], [image-cap].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TypeAlias

    from eka.store.path import StorePath

    References: TypeAlias = Mapping[StorePath, Sequence[StorePath]]


def popularity(references: References) -> dict[StorePath, int]:
    """Return for each path of a closure how many others need it, directly or not.

    Args:
        references: What each path of the closure refers to; it may refer to itself.
    """
    order = _needed_last(references)
    numbers = {path: 1 << number for number, path in enumerate(order)}
    needed_by = dict.fromkeys(order, 0)  # sets of paths, as bits
    again = True
    while again:
        again = False
        for number, path in enumerate(order):
            mine = needed_by[path] | numbers[path]
            for below in references[path]:
                if mine | needed_by[below] != needed_by[below]:
                    needed_by[below] |= mine
                    # Only where paths name each other was this one passed already.
                    again = again or numbers[below] < 1 << number
    return {path: (bits & ~numbers[path]).bit_count() for path, bits in needed_by.items()}


def split(references: References, most: int) -> list[list[StorePath]]:
    """Return the paths of each layer, the first layer first; no layer is empty.

    Args:
        references: What each path of the closure refers to.
        most: Layers there may be, at least 1; all that is left shares the last.
    """
    count = popularity(references)
    order = sorted(count, key=lambda path: (-count[path], path.base))
    if len(order) <= most:
        return [[path] for path in order]
    alone, shared = order[: most - 1], order[most - 1 :]
    return [*([path] for path in alone), sorted(shared)]


def _needed_last(references: References) -> list[StorePath]:
    """Return the paths so that each comes before what it refers to, where that is possible."""
    done: dict[StorePath, None] = {}
    begun: set[StorePath] = set()
    for start in sorted(references):
        pending = [start]
        while pending:
            path = pending[-1]
            below = [] if path in begun else [*references[path]]
            begun.add(path)
            fresh = [each for each in below if each not in begun]
            if fresh:
                pending.extend(fresh)
            else:
                done[pending.pop()] = None
    return [*reversed(done)]
