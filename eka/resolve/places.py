"""What the nodes of a search stand for: an atom in one bucket, or a choice between buckets."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.resolve.facts import Glue, Unmet
from eka.resolve.incompatibility import ABSENT
from eka.resolve.listing import Listing
from eka.resolve.model import Unavailable
from eka.resolve.unmet import why_unmet

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from eka.atom import Version
    from eka.resolve.catalog import Aim, Atom, Line, Needs
    from eka.resolve.engine import Engine
    from eka.resolve.model import ResolveKey, Strategy

NOTHING = Listing(())


class Target:
    """Where a requirement points: a node, and the states of it that fill the requirement."""

    __slots__ = ("allowed", "node")

    def __init__(self, node: int, allowed: int) -> None:
        self.node = node
        self.allowed = allowed


class Candidates:
    """The versions of an atom as one search sees them, and the nodes that stand for them."""

    __slots__ = ("atom", "choices", "key", "known", "nodes", "preferred")

    def __init__(self, atom: Atom, known: Listing, preferred: int) -> None:
        self.atom = atom
        self.key = atom.key
        self.known = known
        self.preferred = preferred  # the bits of the versions to keep
        self.nodes: dict[int, int] = {}  # by where a bucket begins
        self.choices: dict[int, Target] = {}  # by mask


class Place:
    """What a node stands for.

    Bit *i + 1* of its state is version ``low + i`` of its atom or, where there are ``options``,
    the *i*-th of these: a requirement over several buckets is met in one of them. ``told`` holds
    the bits whose edges are in the engine.
    """

    __slots__ = ("atom", "low", "options", "preferred", "told")

    def __init__(
        self, atom: Candidates, preferred: int, low: int, options: Sequence[Target] = ()
    ) -> None:
        self.atom = atom
        self.preferred = preferred
        self.low = low
        self.options = options
        self.told = 0

    def version(self, bit: int) -> Version:
        """Return the version that a state bit stands for."""
        return self.atom.known.versions[self.low + bit.bit_length() - 2]

    def needs(self, bit: int) -> Needs | Unavailable | None:
        """Return what the version of a state bit needs, if that is known."""
        return self.atom.atom.needs.get(self.version(bit).text)


class Places:
    """Makes the nodes of a search as requirements come to point to them."""

    def __init__(
        self,
        engine: Engine,
        preferred: Mapping[ResolveKey, Collection[Version]],
        strategy: Strategy,
        single: Collection[ResolveKey],
    ) -> None:
        self._engine = engine
        self._preferred = preferred
        self.is_highest_first = strategy == "highest"
        self._single = frozenset(single)
        self._all: list[Place] = []
        self._candidates: dict[Atom, Candidates] = {}
        self._targets: dict[Aim, Target | Unmet] = {}

    def __getitem__(self, node: int) -> Place:
        return self._all[node]

    def target(self, line: Line) -> Target | Unmet:
        """Return where a line points, or why it (or one of the same words) points nowhere.

        Its atom must be listed.
        """
        target = self._targets.get(line.aim)
        if target is None:
            target = self._targets[line.aim] = self._find(line)
        return target

    def choose(self, candidates: int, preferred: int) -> int:
        """Return the bit to try first: a preferred one, then as the strategy says."""
        if preferred:
            candidates = candidates & preferred or candidates
        if self.is_highest_first:
            return 1 << (candidates.bit_length() - 1)
        return candidates & -candidates

    def kept(self, atom: Atom) -> int:
        """Return the bits, in the listing of an atom, of the versions to keep."""
        candidates = self._candidates.get(atom) or self._look_at(atom)
        return candidates.preferred

    def others(self, node: int) -> list[int]:
        """Return the nodes of the other buckets of the atom a node stands for."""
        place = self._all[node]
        known = place.atom.known
        return [
            self._node(place.atom, each.low, each.high)
            for each in known.slices(known.every)
            if each.low != place.low
        ]

    def coverage(self, node: int, mask: int) -> int:
        """Return the bits, in the listing of its atom, of the versions in a mask of ``node``."""
        place = self._all[node]
        if not place.options:
            return (mask >> 1) << place.low
        covered = 0
        for at, option in enumerate(place.options):
            if mask >> (at + 1) & 1:
                covered |= self.coverage(option.node, option.allowed)
        return covered

    def filler(self, target: Target) -> int:
        """Return the node whose selected version fills a requirement.

        Where several do, it is the one the strategy names: it depends on what is selected, not
        on how the search went.
        """
        options = self._all[target.node].options
        if not options:
            return target.node
        state = self._engine.state
        fillers = [each.node for each in options if not state[each.node] & ~each.allowed]
        return fillers[-1 if self.is_highest_first else 0]

    def _look_at(self, atom: Atom) -> Candidates:
        known = atom.listing if isinstance(atom.listing, Listing) else NOTHING
        if self._single and atom.key in self._single:
            known = known.confined()
        kept = self._preferred.get(atom.key) if self._preferred else None
        found = self._candidates[atom] = Candidates(atom, known, known.bits(kept) if kept else 0)
        return found

    def _node(self, atom: Candidates, low: int, high: int) -> int:
        """Return the node of the bucket that ends before version ``high``."""
        node = atom.nodes.get(low)
        if node is None:
            preferred = atom.preferred and (atom.preferred >> low & (1 << (high - low)) - 1) << 1
            node = atom.nodes[low] = self._add(Place(atom, preferred, low), high - low)
        return node

    def _add(self, place: Place, width: int) -> int:
        self._all.append(place)
        # A choice between buckets says what else is needed, so it is made early.
        return self._engine.add_node((2 << width) - 1, goes_first=bool(place.options))

    def _find(self, line: Line) -> Target | Unmet:
        atom = line.aim.atom
        if isinstance(atom.listing, Unavailable):
            return Unmet(line.wanted, atom.listing.reason, "unlisted")
        candidates = self._candidates.get(atom) or self._look_at(atom)
        mask = candidates.known.mask(line.aim.requirement)
        if not mask:
            return Unmet(line.wanted, *why_unmet(candidates.known.versions, line.aim.requirement))
        slices = candidates.known.slices(mask)
        if len(slices) == 1:
            low, high, states = slices[0]
            return Target(self._node(candidates, low, high), states)
        choice = candidates.choices.get(mask)
        if choice is None:
            options = [Target(self._node(candidates, *each[:2]), each.states) for each in slices]
            choice = candidates.choices[mask] = self._glue(candidates, options)
        return choice

    def _glue(self, atom: Candidates, options: Sequence[Target]) -> Target:
        preferred = 0
        for at, option in enumerate(options):
            if self._all[option.node].preferred & option.allowed:
                preferred |= 2 << at
        node = self._add(Place(atom, preferred, 0, options), len(options))
        for at, option in enumerate(options):
            self._engine.add_edge(node, 2 << at, option.node, option.allowed, Glue())
        full = self._engine.trail.full[node]
        self._all[node].told = full
        return Target(node, full & ~ABSENT)
