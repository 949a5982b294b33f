"""The order in which contradicting facts are told, so that each can be checked as it is read.

A reader follows what a search does that never guesses: the project requires something, which
requires something else, until no version is left of some atom. Every fact is told once. Only
where facts do not follow from each other like that are versions ruled out first, each group of
them with a conclusion.
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.resolve.incompatibility import ABSENT, NOBODY
from eka.resolve.together import Told, told_together

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.resolve.core import Core

MAX_FACTS = 60
"""More facts are not put in order: they are listed as they are."""

_MAX_DEPTH = 2
"""So deep may cases lie in cases; what needs more is listed."""


@dataclass(frozen=True, slots=True)
class RuledOut:
    """A conclusion: the states of ``node`` in ``mask`` are impossible (NOBODY: everything is).

    Nothing would be left of ``clash``; ``demands`` are all that is wanted of it, where that alone
    is the reason.
    """

    node: int
    mask: int
    clash: int
    demands: tuple[Told, ...]


Step = Told | RuledOut


def tell(core: Core) -> tuple[list[Step], bool]:
    """Return the facts of ``core`` in the order to tell them, and whether they were ordered."""
    facts = told_together(core)
    plain = [fact for fact in facts if fact.is_told]
    if len(plain) > MAX_FACTS:
        return [*plain], False
    derivation = _Teller(facts).derive(_World.over(core.full), 0)
    if derivation is None:
        return [*plain], False
    steps = list(dict.fromkeys(_Order(derivation.links).steps()))
    end = RuledOut(NOBODY, 0, derivation.clash, derivation.demands)
    return [*(step for step in steps if isinstance(step, RuledOut) or step.is_told), end], True


@dataclass(frozen=True, slots=True)
class _Link:
    """One step of a derivation: ``node`` is narrowed, because of what is known of ``inputs``."""

    node: int
    inputs: frozenset[int]
    fact: Told | None = None
    case: tuple[_Derivation, RuledOut] | None = None
    is_aside: bool = False  # versions are ruled out that perhaps nobody needs

    @property
    def dependency(self) -> int:
        """What the versions that are ruled out need in vain; NOBODY where none are."""
        edge = self.fact.edge if self.fact else None
        return edge.dependency if edge and edge.dependant == self.node else NOBODY


@dataclass(frozen=True, slots=True)
class _Derivation:
    """Why nothing is left of ``clash``."""

    links: tuple[_Link, ...]
    clash: int
    demands: tuple[Told, ...]

    @property
    def cost(self) -> int:
        """How many facts it tells."""
        return sum(1 for link in self.links if link.fact and link.fact.is_told)


class _World:
    """What is still possible for each node, and how that became known."""

    def __init__(self, states: list[int], latest: int) -> None:
        self.states = states
        self.latest = latest  # the node that was narrowed last
        self.links: list[_Link] = []
        self._demands: dict[int, tuple[Told, ...]] = {}
        self._struck: set[int] = set()  # nodes of which versions were ruled out for their needs

    @classmethod
    def over(cls, full: Sequence[int]) -> _World:
        """Return the world of which nothing is known."""
        return cls(list(full), NOBODY)

    def supposing(self, node: int, part: int) -> _World:
        """Return the same world, where ``node`` is in ``part``."""
        other = _World(list(self.states), node)
        other.states[node] = part
        other._demands, other._struck = dict(self._demands), {*self._struck, node}
        return other

    def effect(self, fact: Told) -> tuple[int, int] | None:
        """Return which node a fact narrows, and to what; None where it says nothing new."""
        edge = fact.edge
        mine = edge.mask if edge.dependant == NOBODY else self.states[edge.dependant]
        if edge.dependency == NOBODY:
            return (edge.dependant, mine & ~edge.mask) if mine & edge.mask else None
        theirs = self.states[edge.dependency]
        if not mine & ~edge.mask:
            return (edge.dependency, theirs & edge.allowed) if theirs & ~edge.allowed else None
        if mine & edge.mask and not theirs & edge.allowed:
            return edge.dependant, mine & ~edge.mask
        return None

    def narrow(self, fact: Told, node: int, states: int) -> None:
        """Take over what a fact says of a node."""
        edge = fact.edge
        other = edge.dependant if node == edge.dependency else edge.dependency
        is_aside = node != edge.dependency and bool(self.states[node] & ABSENT)
        self.states[node] = states
        self.latest = node
        inputs = frozenset({node, other} - {NOBODY})
        self.links.append(_Link(node, inputs, fact, is_aside=is_aside))
        if node != edge.dependency or (not fact.is_told and other in self._struck):
            self._struck.add(node)
        more = (fact,) if fact.is_told else self._demands.get(other, ())
        self._demands[node] = self._demands.get(node, ()) + more

    def conclude(self, derivation: _Derivation, end: RuledOut) -> None:
        """Take over that a case is impossible."""
        touched = frozenset[int]().union(*(link.inputs for link in derivation.links))
        self.states[end.node] &= ~end.mask
        self._struck.add(end.node)
        self.links.append(_Link(end.node, touched | {end.node}, case=(derivation, end)))

    def ended(self, clash: int) -> _Derivation:
        """Return how it became known that nothing is left of ``clash``, and no more than that."""
        needed = {clash}
        links: list[_Link] = []
        for link in reversed(self.links):
            if link.node in needed:
                needed |= link.inputs
                links.append(link)
        demands = () if clash in self._struck else self._demands.get(clash, ())
        return _Derivation(tuple(reversed(links)), clash, demands)


class _Teller:
    """Derives that nothing fits."""

    def __init__(self, facts: Sequence[Told]) -> None:
        self._facts = facts
        self._leads_on = {fact.edge.dependant for fact in facts}

    def derive(self, world: _World, depth: int) -> _Derivation | None:
        """Return how a world comes to nothing; None where that leads too deep."""
        while (clash := self._follow(world)) is None:
            case = self._easy_case(world) or self._hard_case(world, depth)
            if case is None:
                return None
            world.conclude(*case)  # something is left: a case is one of several
        return world.ended(clash)

    def _follow(self, world: _World) -> int | None:
        """Narrow nodes until one has nothing left, which is returned, or nothing follows."""
        while True:
            found: list[tuple[tuple[int, ...], int, int, int]] = []
            for at, fact in enumerate(self._facts):
                effect = world.effect(fact)
                if effect is not None:
                    found.append((self._rank(world, fact, *effect), at, *effect))
            if not found:
                return None
            _, at, node, states = min(found)
            world.narrow(self._facts[at], node, states)
            if not states:
                return node

    def _rank(self, world: _World, fact: Told, node: int, states: int) -> tuple[int, ...]:
        """Return what puts a fact behind others: a thread is followed to its end.

        What the project needs comes before what it cannot have, lines of its own when nothing
        else follows, and what is out of reach last.
        """
        edge = fact.edge
        if not fact.is_told:
            kind = 0
        elif edge.dependant == NOBODY:
            kind = 3
        elif node == edge.dependency:
            kind = 1
        elif world.states[node] & ABSENT:
            kind = 5
        else:
            kind = 2 if edge.dependency == NOBODY else 4
        is_apart = world.latest not in (edge.dependant, edge.dependency)
        return bool(kind and states), kind, is_apart, node not in self._leads_on

    def _easy_case(self, world: _World) -> tuple[_Derivation, RuledOut] | None:
        """Return a case that is impossible without further cases, the shortest to tell."""
        found: list[tuple[_Derivation, RuledOut]] = []
        for node, part in self._cases(world):
            supposed = world.supposing(node, part)
            clash = self._follow(supposed)
            if clash is not None:
                found.append(_closed(supposed.ended(clash), node, part))
        return min(
            found,
            key=lambda each: (world.states[each[1].node] & ABSENT, each[0].cost),
            default=None,
        )

    def _hard_case(self, world: _World, depth: int) -> tuple[_Derivation, RuledOut] | None:
        """Return a case of an atom that is needed, which takes further cases."""
        needed = [(node, part) for node, part in self._cases(world) if not world.states[node] & 1]
        counts = {node: sum(1 for each, _ in needed if each == node) for node, _ in needed}
        if not needed or depth == _MAX_DEPTH:
            return None
        node, part = min(needed, key=lambda each: counts[each[0]])
        derivation = self.derive(world.supposing(node, part), depth + 1)
        return None if derivation is None else _closed(derivation, node, part)

    def _cases(self, world: _World) -> Iterator[tuple[int, int]]:
        """Yield the versions of each node that all facts treat alike; a choice left open only."""
        for node, states in enumerate(world.states):
            parts = [states & ~ABSENT]
            for fact in self._facts:
                edge = fact.edge
                cut = edge.mask if edge.dependant == node else -1
                cut &= edge.allowed if edge.dependency == node else -1
                if cut != -1:
                    parts = [piece for part in parts for piece in (part & cut, part & ~cut)]
                    parts = [part for part in parts if part]
            if states & ABSENT or len(parts) > 1:
                yield from ((node, part) for part in parts if part)


def _closed(derivation: _Derivation, node: int, part: int) -> tuple[_Derivation, RuledOut]:
    return derivation, RuledOut(node, part, derivation.clash, derivation.demands)


class _Order:
    """Puts links in the order they are read in.

    What follows comes after what it follows from. Only for versions that are ruled out since
    something is missing further down, the way there is told from above.
    """

    def __init__(self, links: Sequence[_Link]) -> None:
        self._links = links
        self._seen: set[int] = set()

    def steps(self) -> Iterator[Step]:
        """Yield facts and conclusions."""
        for at, link in enumerate(self._links):
            if not link.is_aside:
                yield from self._told(at)
        for at in range(len(self._links)):
            yield from self._told(at)

    def _told(self, start: int) -> Iterator[Step]:
        waiting = [start]
        while waiting:
            at = waiting.pop()
            if at in self._seen:
                continue
            self._seen.add(at)
            link = self._links[at]
            if link.case is not None:
                derivation, end = link.case
                yield from _Order(derivation.links).steps()
                yield end
            if link.fact is not None:
                yield link.fact
            if link.dependency != NOBODY:
                waiting += [
                    each
                    for each in range(at - 1, -1, -1)
                    if self._links[each].is_aside and self._links[each].node == link.dependency
                ]
