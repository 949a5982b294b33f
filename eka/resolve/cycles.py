"""Selected versions must not need each other: something has to be built first."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def find_cycle(roots: Sequence[int], edges: Mapping[int, Sequence[int]]) -> list[int]:
    """Return the first cycle that a walk from ``roots`` meets, its first node repeated, or []."""
    done: set[int] = set()
    for root in roots:
        if cycle := _cycle_from(root, edges, done):
            return cycle
    return []


def _cycle_from(root: int, edges: Mapping[int, Sequence[int]], done: set[int]) -> list[int]:
    """Walk depth first, without recursion: chains may be longer than the stack is deep."""
    path: list[int] = []
    places: dict[int, int] = {}
    walks: list[Iterator[int]] = [iter((root,))]
    while walks:
        following = next(walks[-1], None)
        if following is None:
            walks.pop()
            if path:
                left = path.pop()
                del places[left]
                done.add(left)
        elif following in places:
            return [*path[places[following] :], following]
        elif following not in done:
            places[following] = len(path)
            path.append(following)
            walks.append(iter(edges[following]))
    return []
