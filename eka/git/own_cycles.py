"""Finds atoms of one set that need each other in a circle; pure.

Source: atom-spec/publishing.md [publish-own-cycle].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from eka.atom import Label


def find_cycles(
    needs: Mapping[Label, Sequence[Label]], starts: Iterable[Label]
) -> Iterator[tuple[Label, ...]]:
    """Yield circles that the ``starts`` lead into, at least one of each knot.

    Args:
        needs: What each atom needs; labels that are no key need nothing.
        starts: Where to begin.

    Returns:
        The labels of each circle in order, the first one again at the end. O(atoms + needs).
    """
    done: set[Label] = set()
    for start in starts:
        path: dict[Label, Iterator[Label]] = {}
        if start not in done:
            path[start] = iter(needs.get(start, ()))
        while path:
            label, rest = next(reversed(path.items()))
            following = next(rest, None)
            if following is None:
                done.add(label)
                del path[label]
            elif following in path:
                circle = list(path)
                yield (*circle[circle.index(following) :], following)
            elif following not in done:
                path[following] = iter(needs.get(following, ()))
