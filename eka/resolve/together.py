"""Facts that are told in one sentence: what the versions of one atom need of another."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.resolve.core import Budget, is_told, refute
from eka.resolve.facts import Unmet, Unusable
from eka.resolve.incompatibility import NOBODY, Edge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.resolve.core import Core

ALIKE: dict[str, str] = {
    "yanked": "they are yanked",
    "young": "they are too young for the cooldown",
}
"""Causes that several versions may have in common, each with a reason of its own."""

_WORK = 50_000
_MOST_JOINED = 12
"""Of a larger group all facts are put together or none."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What one sentence says; its ``parts`` say it more exactly, each for some versions."""

    edge: Edge
    parts: tuple[Edge, ...]

    @property
    def is_told(self) -> bool:
        """Whether it says something of the world."""
        return is_told(self.edge)


def told_together(core: Core) -> list[Told]:
    """Return the edges of ``core``, put together as far as they still cannot all be met.

    Ten versions that each require another version of one atom are one sentence, where it does
    not matter which of them requires which.
    """
    groups: dict[tuple[object, ...], list[Told]] = {}
    for edge in core.edges:
        groups.setdefault(_theme(edge) or (id(edge),), []).append(Told(edge, (edge,)))
    attempt = _Attempt(list(groups.values()), core.full, Budget(_WORK))
    if not attempt.takes([[_joined(group)] for group in attempt.groups]):
        for at, group in enumerate(attempt.groups):
            if len(group) > 1:
                attempt.join(at)
    return [told for group in attempt.groups for told in group]


class _Attempt:
    """Groups of facts of one theme each, told together as far as possible."""

    def __init__(self, groups: list[list[Told]], full: Sequence[int], budget: Budget) -> None:
        self.groups = groups
        self._full = full
        self._budget = budget

    def takes(self, groups: list[list[Told]]) -> bool:
        """Take over other groups if they still cannot all be met."""
        edges = [told.edge for group in groups for told in group]
        if refute(edges, self._full, self._budget) is None:
            return False
        self.groups = groups
        return True

    def join(self, at: int) -> None:
        """Put the facts of one group together: all of them, or one after the other."""
        if self._takes_group(at, [_joined(self.groups[at])]):
            return
        first = 0
        while first < len(self.groups[at]) <= _MOST_JOINED:
            other = first + 1
            while other < len(self.groups[at]):
                group = self.groups[at]
                joined = _joined([group[first], group[other]])
                fewer = [*group[:first], joined, *group[first + 1 : other], *group[other + 1 :]]
                other += 0 if self._takes_group(at, fewer) else 1
            first += 1

    def _takes_group(self, at: int, group: list[Told]) -> bool:
        return self.takes([*self.groups[:at], group, *self.groups[at + 1 :]])


def _theme(edge: Edge) -> tuple[object, ...]:
    """Return what edges have in common that one sentence can tell; () for one that stays alone."""
    if edge.dependant == NOBODY or not is_told(edge):
        return ()
    fact = next(iter(edge.facts.values()))
    about: object = None
    if isinstance(fact, Unmet):
        about = fact.wanted.key
    elif isinstance(fact, Unusable):
        about = fact.cause if fact.cause in ALIKE else fact.reason
    return edge.dependant, edge.dependency, type(fact).__name__, about


def _joined(group: Sequence[Told]) -> Told:
    """Return facts as one: weaker than they are together."""
    first = group[0].edge
    if len(group) == 1:
        return group[0]
    edge = Edge(first.dependant, first.dependency, 0, first.full)
    for told in group:
        edge.allowed |= told.edge.allowed
        edge.mask |= told.edge.mask
        edge.facts.update(told.edge.facts)
    return Told(edge, tuple(part for told in group for part in told.parts))
