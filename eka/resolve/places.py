"""What the nodes of a search stand for: an atom in one bucket, or a choice between buckets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.resolve.catalog import Target
from eka.resolve.facts import Glue, Unmet
from eka.resolve.incompatibility import ABSENT
from eka.resolve.model import Unavailable

if TYPE_CHECKING:
    from eka.atom import Version
    from eka.resolve.catalog import Atom, Line
    from eka.resolve.engine import Engine
    from eka.resolve.listing import Listing


@dataclass(frozen=True, slots=True)
class Place:
    """What a node stands for.

    Bit *i + 1* of its state is version ``low + i`` of its atom or, where there are ``options``,
    the *i*-th of these: a requirement over several buckets is met in one of them.
    """

    atom: Atom
    preferred: int
    low: int = 0
    bucket: int = 0
    options: tuple[Target, ...] = ()

    def version(self, bit: int) -> Version:
        """Return the version that a state bit stands for."""
        return self.atom.known.versions[self.low + bit.bit_length() - 2]


class Places:
    """Makes the nodes of a search as requirements come to point to them."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._all: list[Place] = []

    def __getitem__(self, node: int) -> Place:
        return self._all[node]

    def target(self, line: Line) -> Target | Unmet:
        """Return where a line points, or why it points nowhere; its atom must be listed."""
        text = line.wanted.requirement.text
        target = line.atom.targets.get(text)
        if target is None:
            target = line.atom.targets[text] = self._find(line)
        return target

    def bucket(self, atom: Atom, index: int) -> int:
        """Return the node of one bucket of an atom."""
        node = atom.nodes.get(index)
        if node is None:
            low, high = atom.known.starts[index], atom.known.starts[index + 1]
            preferred = (atom.preferred >> low & (1 << (high - low)) - 1) << 1
            node = atom.nodes[index] = self._add(Place(atom, preferred, low, index), high - low)
        return node

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

    def fillers(self, target: Target) -> list[int]:
        """Return the nodes, ascending by bucket, whose selected versions fill a requirement."""
        state, options = self._engine.state, self._all[target.node].options
        return [
            option.node
            for option in options or (target,)
            if not state[option.node] & ~option.allowed
        ]

    def _add(self, place: Place, width: int) -> int:
        self._all.append(place)
        # A choice between buckets says what else is needed, so it is made early.
        return self._engine.add_node((2 << width) - 1, goes_first=bool(place.options))

    def _find(self, line: Line) -> Target | Unmet:
        listing = line.atom.listing
        if isinstance(listing, Unavailable):
            return Unmet(line.wanted, listing.reason)
        mask = line.atom.known.mask(line.wanted.requirement)
        if not mask:
            return Unmet(line.wanted, _why_unmet(line.atom.known))
        return self._choice(line.atom, mask)

    def _choice(self, atom: Atom, mask: int) -> Target:
        options: list[Target] = []
        for index in atom.known.touched(mask):
            low, high = atom.known.starts[index], atom.known.starts[index + 1]
            allowed = (mask >> low & (1 << (high - low)) - 1) << 1
            options.append(Target(self.bucket(atom, index), allowed))
        if len(options) == 1:
            return options[0]
        choice = atom.choices.get(mask)
        if choice is None:
            choice = atom.choices[mask] = self._glue(atom, tuple(options))
        return choice

    def _glue(self, atom: Atom, options: tuple[Target, ...]) -> Target:
        preferred = 0
        for at, option in enumerate(options):
            if self._all[option.node].preferred & option.allowed:
                preferred |= 2 << at
        node = self._add(Place(atom, preferred, options=options), len(options))
        for at, option in enumerate(options):
            self._engine.add_edge(node, 2 << at, option.node, option.allowed, Glue())
        return Target(node, self._engine.trail.full[node] & ~ABSENT)


def _why_unmet(listing: Listing) -> str:
    if not listing.versions:
        return "no version is published"
    newest = listing.versions[-1]
    stable = [version for version in listing.versions if not version.prerelease]
    if newest.prerelease and stable:
        return f"no version matches, the newest are {stable[-1].text} and {newest.text}"
    return f"no version matches, the newest is {newest.text}"
