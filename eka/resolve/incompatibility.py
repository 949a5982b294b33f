"""Facts that cannot all be true at once, over nodes and bits.

A *node* stands for one atom in one bucket. Its state is an integer: bit 0 says "not selected",
bit *i + 1* "version *i* is selected". A *term* (node, mask) says that the state of the node lies
in the mask; an incompatibility is a set of terms that no solution makes true together.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Final

    from eka.resolve.facts import Fact

ABSENT: Final = 1
"""The bit that says a node is not selected."""

NOBODY: Final = -1
"""In the place of a dependant: the root. In the place of a dependency: nothing would do."""


class Edge:
    """A dependant in ``mask`` needs a dependency in ``allowed``: what the facts of the world say.

    Versions with the same need share one edge; its mask grows as more of them become known.
    ``facts`` holds what the edge was made from, per version bit (0 for the root). Where nothing
    would do, ``allowed`` only tells one reason from another.
    """

    __slots__ = ("allowed", "dependant", "dependency", "facts", "full", "mask")

    def __init__(self, dependant: int, dependency: int, allowed: int, full: int) -> None:
        self.dependant = dependant
        self.mask = 0
        self.dependency = dependency
        self.allowed = allowed
        self.full = full
        self.facts: dict[int, Fact] = {}

    @property
    def terms(self) -> dict[int, int]:
        """The incompatible terms: the dependant as it is, its dependency otherwise."""
        terms: dict[int, int] = {}
        if self.dependant != NOBODY:
            terms[self.dependant] = self.mask
        if self.dependency != NOBODY:
            terms[self.dependency] = self.full & ~self.allowed
        return terms


class Learned:
    """An incompatibility that follows from two others; the first two terms are watched."""

    __slots__ = ("masks", "nodes", "parents", "terms")

    def __init__(
        self, terms: dict[int, int], parents: tuple[Incompatibility, Incompatibility]
    ) -> None:
        self.terms = terms
        self.parents = parents
        self.nodes: list[int] = []
        self.masks: list[int] = []

    def watch(self, first: int, second: int) -> None:
        """Put the two watched nodes in front."""
        self.nodes = [first, second]
        self.nodes += [node for node in self.terms if node not in (first, second)]
        self.masks = [self.terms[node] for node in self.nodes]


Incompatibility = Edge | Learned


class Contradiction(Exception):
    """No assignment satisfies all edges; ``proof`` derives the empty incompatibility."""

    def __init__(self, proof: Incompatibility) -> None:
        super().__init__()
        self.proof = proof


def merge(one: Incompatibility, other: Incompatibility, node: int, full: int) -> dict[int, int]:
    """Return the terms that follow from two incompatibilities by resolving on ``node``."""
    terms = dict(one.terms)
    for each, mask in other.terms.items():
        if each == node:
            union = terms[node] | mask
            if union == full:
                del terms[node]
            else:
                terms[node] = union
        else:
            terms[each] = terms.get(each, mask) & mask
    return terms
