"""All that was answered so far: the versions of atoms and the needs of versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.resolve.listing import Listing
from eka.resolve.model import Need, Unavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from eka.atom import Version
    from eka.resolve.facts import Unmet
    from eka.resolve.model import Answer, Dependencies, Request, ResolveKey, Strategy, Wanted


NOTHING = Listing((), single=False)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a requirement points: a node, and the states of it that fill the requirement."""

    node: int
    allowed: int


class Atom:
    """One atom: its versions, what each needs, and the nodes that stand for it."""

    __slots__ = (
        "choices",
        "kept",
        "key",
        "known",
        "listing",
        "looked_at",
        "needs",
        "nodes",
        "preferred",
        "targets",
    )

    def __init__(self, key: ResolveKey, kept: Collection[Version]) -> None:
        self.key = key
        self.kept = kept  # the versions of a former lock
        self.listing: Listing | Unavailable | None = None
        self.known = NOTHING  # the listing, where there is one
        self.preferred = 0  # the bits of ``kept``
        self.needs: dict[Version, Needs | Unavailable] = {}
        self.looked_at: set[str] = set()  # requirements
        self.targets: dict[str, Target | Unmet] = {}  # by requirement
        self.nodes: dict[int, int] = {}  # by bucket index
        self.choices: dict[int, Target] = {}  # by mask


@dataclass(frozen=True, slots=True)
class Line:
    """A requirement line, and the atom it speaks of."""

    wanted: Wanted
    atom: Atom


@dataclass(frozen=True, slots=True)
class Needs:
    """What one version needs."""

    lines: tuple[Line, ...]
    single: bool


class Catalog:
    """Keeps answers, chooses candidates, and knows what will probably be asked next."""

    def __init__(
        self,
        preferred: Mapping[ResolveKey, Collection[Version]],
        strategy: Strategy,
        single: Collection[ResolveKey],
    ) -> None:
        self.size = 0
        self._atoms: dict[ResolveKey, Atom] = {}
        self._preferred = preferred
        self._highest = strategy == "highest"
        self._single = frozenset(single)
        self._ahead: list[Line] = []  # whose best candidate nobody has asked for yet

    def accept(self, answer: Answer) -> None:
        """Keep what is new in an answer; what is known already is never replaced."""
        for key, versions in answer.versions.items():
            atom = self._atom(key)
            if atom.listing is None:
                self.size += 1
                self._list(atom, versions)
        for (key, version), dependencies in answer.dependencies.items():
            needs = self._atom(key).needs
            if version not in needs:
                self.size += 1
                needs[version] = self._understand(dependencies)

    def lines(self, wanted: Iterable[Wanted]) -> tuple[Line, ...]:
        """Connect requirement lines with their atoms, and note them for looking ahead."""
        lines = tuple(Line(each, self._atom(each.key)) for each in wanted)
        for line in lines:
            text = line.wanted.requirement.text
            if text not in line.atom.looked_at:
                line.atom.looked_at.add(text)
                self._ahead.append(line)
        return lines

    def ahead(self) -> Need:
        """Return what the noted lines ask for; each is asked for once."""
        keys: dict[ResolveKey, None] = {}
        requests: dict[Request, None] = {}
        waiting: list[Line] = []
        for line in self._ahead:
            atom = line.atom
            if atom.listing is None:
                keys[atom.key] = None
                waiting.append(line)
            elif isinstance(atom.listing, Listing):
                mask = atom.listing.mask(line.wanted.requirement)
                version = atom.listing.at(self.choose(mask, atom.preferred)) if mask else None
                if version and version not in atom.needs:
                    requests[atom.key, version] = None
        self._ahead = waiting
        return Need(tuple(keys), tuple(requests))

    def choose(self, candidates: int, preferred: int) -> int:
        """Return the bit to try first: a preferred one, then as the strategy says."""
        candidates = candidates & preferred or candidates
        if self._highest:
            return 1 << (candidates.bit_length() - 1)
        return candidates & -candidates

    def rank(self, candidates: Sequence[int]) -> int:
        """Return the one of ``candidates``, ascending, that the strategy names."""
        return candidates[-1 if self._highest else 0]

    def _atom(self, key: ResolveKey) -> Atom:
        atom = self._atoms.get(key)
        if atom is None:
            atom = self._atoms[key] = Atom(key, self._preferred.get(key, ()))
        return atom

    def _list(self, atom: Atom, versions: Sequence[Version] | Unavailable) -> None:
        if isinstance(versions, Unavailable):
            atom.listing = versions
            return
        atom.listing = atom.known = Listing(versions, single=atom.key in self._single)
        atom.preferred = atom.known.bits(atom.kept)

    def _understand(self, dependencies: Dependencies | Unavailable) -> Needs | Unavailable:
        if isinstance(dependencies, Unavailable):
            return dependencies
        return Needs(self.lines(dependencies.wanted), dependencies.single)
