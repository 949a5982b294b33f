"""The search for one version per atom and bucket, as a generator that asks and is told.

The result depends on the facts alone: not on the order or the size of the answers, and not on
what was answered without being needed.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, raise_problems
from eka.resolve.ahead import Ahead
from eka.resolve.catalog import Catalog, Needs, unlisted
from eka.resolve.engine import Engine
from eka.resolve.errors import NoMatchingVersion, NoSuchPackage
from eka.resolve.facts import Alone, Fact, Unmet, Unusable
from eka.resolve.incompatibility import ABSENT, NOBODY, Contradiction
from eka.resolve.listing import Listing
from eka.resolve.model import Need, Unavailable
from eka.resolve.places import Places, Target
from eka.resolve.selection import selection

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence

    from eka.atom import Version
    from eka.resolve.catalog import Line
    from eka.resolve.model import Answer, Request, ResolveKey, Solution, Strategy, Wanted

    Asking = Generator[Need, Answer, None]

FIRST_MISS = 4
"""So many versions of an atom are asked for when one is missing; the next time, all."""


def solve(
    root: Sequence[Wanted],
    *,
    preferred: Mapping[ResolveKey, Collection[Version]] | None = None,
    strategy: Strategy = "highest",
    single: Collection[ResolveKey] = (),
    catalog: Catalog | None = None,
) -> Generator[Need, Answer, Solution]:
    """Choose versions for ``root`` and everything it needs.

    Args:
        root: The requirement lines of the project.
        preferred: Versions to keep where they still fit: those of the former lock.
        strategy: ``highest`` or ``minimal``: which of the fitting versions to take.
        single: Atoms of which the project allows one version only, whatever its bucket.
        catalog: What earlier searches were told; what this one is told is added.

    Yields:
        What must be known to go on; send an `Answer`, or let `drive` do it.

    Raises:
        NoSuchPackage, NoMatchingVersion: a line of ``root`` cannot be met by itself.
        Unsatisfiable: the lines cannot be met together; its report says why.
        DependencyCycle: selected versions depend on each other.

    Source: atom-spec/resolution.md.
    """
    engine = Engine()
    places = Places(engine, preferred or {}, strategy, single)
    search = _Search(catalog or Catalog(), engine, places)
    try:
        return (yield from search.run(root))
    except Contradiction as end:
        from eka.resolve.explain import explain  # noqa: PLC0415 - most searches find something

        raise explain(end.proof, places, engine) from None


def attempt(
    root: Sequence[Wanted],
    *,
    preferred: Mapping[ResolveKey, Collection[Version]],
    strategy: Strategy,
    single: Collection[ResolveKey],
    catalog: Catalog,
    effort: int,
) -> Generator[Need, Answer, tuple[Solution | None, int]]:
    """Find out as `solve` does whether there is a solution, without saying why not.

    Returns:
        A solution, None where there is none or ``effort`` decisions did not find it; and how
        many decisions were made.
    """
    engine = Engine()
    search = _Search(catalog, engine, Places(engine, preferred, strategy, single), effort)
    try:
        found = yield from search.run(root)
    except (Contradiction, EkaError, _Spent):
        return None, search.decisions
    return found, search.decisions


class _Spent(Exception):
    """A search made as many decisions as it was allowed to."""


class _Search:
    """One run of the solver."""

    def __init__(
        self, catalog: Catalog, engine: Engine, places: Places, effort: int | None = None
    ) -> None:
        self.decisions = 0
        self._effort = effort
        self._catalog = catalog
        self._engine = engine
        self._places = places
        self._ahead = Ahead(places)
        self._has_walked = False
        self._lines: tuple[Line, ...] = ()  # of the project
        self._reasons: dict[object, int] = {}
        self._missed: set[int] = set()

    def run(self, root: Sequence[Wanted]) -> Generator[Need, Answer, Solution]:
        """Decide until nothing is left to decide."""
        engine, places = self._engine, self._places
        self._lines = self._catalog.lines(root)
        if unlisted(self._lines):
            yield from self._list(self._lines)
        self._start()
        while (node := engine.pick()) is not None:
            place = places[node]
            bit = places.choose(engine.state[node], place.preferred)
            if not place.told & bit:
                needs = place.needs(bit)
                if not isinstance(needs, Needs) or not needs.is_listed:
                    needs = yield from self._learn(node, bit)
                self._tell(node, bit, needs)
            if engine.admits(node, bit):
                engine.decide(node, bit)
            self.decisions += 1
            if self.decisions == self._effort:
                raise _Spent
        return selection(self._lines, places, engine)

    def _start(self) -> None:
        met: list[tuple[Target, Fact]] = []
        problems: list[EkaError] = []
        for line in self._lines:
            target = self._places.target(line)
            if isinstance(target, Unmet):
                problems.append(_root_problem(line, target))
            else:
                met.append((target, line))
        raise_problems(problems)
        for target, fact in met:
            self._engine.require(target.node, target.allowed, fact)

    def _learn(self, node: int, bit: int) -> Generator[Need, Answer, Needs | Unavailable]:
        """Return what a version needs; which versions there are of that is then known as well."""
        place = self._places[node]
        while (needs := place.needs(bit)) is None:
            if self._has_walked:
                yield from self._ask(self._need(node, bit))
            else:
                yield from self._walk()
        if isinstance(needs, Needs):
            yield from self._list(needs.lines)
            needs.is_listed = True
        return needs

    def _walk(self) -> Asking:
        """Ask for the best candidate of every line there is, breadth first, all at once."""
        self._has_walked = True
        self._ahead.note(self._lines)
        while (need := self._ahead.need()) != Need():
            known = self._catalog.size
            self._accept((yield need))
            if self._catalog.size == known:
                return

    def _list(self, lines: Sequence[Line]) -> Asking:
        """Make sure that the versions of all atoms in ``lines`` are known."""
        if unlisted(lines) and not self._has_walked:
            yield from self._walk()
        while missing := unlisted(lines):
            need = self._ahead.need()
            versions = dict.fromkeys((*(atom.key for atom in missing), *need.versions))
            yield from self._ask(Need(tuple(versions), need.dependencies))

    def _ask(self, need: Need) -> Asking:
        known = self._catalog.size
        self._accept((yield need))
        if self._catalog.size == known:
            raise RuntimeError(f"an answer held nothing new to {need}")

    def _accept(self, answer: Answer) -> None:
        for needs in self._catalog.accept(answer):
            self._ahead.note(needs.lines)

    def _need(self, node: int, bit: int) -> Need:
        """Return a need of one version: of an atom that fails again and again, of all."""
        count = self._engine.state[node].bit_count() if node in self._missed else FIRST_MISS
        self._missed.add(node)
        requests = dict.fromkeys(self._candidates(node, bit, count))
        ahead = self._ahead.need()
        requests.update(dict.fromkeys(ahead.dependencies))
        for other in self._engine.undecided():
            first = self._places.choose(self._engine.state[other], self._places[other].preferred)
            requests.update(dict.fromkeys(self._candidates(other, first, 1)))
        return Need(ahead.versions, tuple(requests))

    def _candidates(self, node: int, bit: int, count: int) -> Sequence[Request]:
        """Return the next versions of a node to try, beginning with ``bit``."""
        place = self._places[node]
        found: list[Request] = []
        state = self._engine.state[node]
        while bit and len(found) < count and not place.options:
            if place.needs(bit) is None:
                found.append((place.atom.key, place.version(bit)))
            state &= ~bit
            bit = self._places.choose(state, place.preferred) if state else 0
        return found

    def _tell(self, node: int, bit: int, needs: Needs | Unavailable) -> None:
        """Tell the engine what one version needs."""
        self._places[node].told |= bit
        if isinstance(needs, Unavailable):
            self._forbid(node, bit, Unusable(needs.reason, needs.cause), needs)
            return
        for line in needs.lines:
            self._connect(node, bit, line)
        if needs.single:  # then no version of another bucket may stand beside it
            for other in self._places.others(node):
                self._engine.add_edge(node, bit, other, ABSENT, Alone())

    def _connect(self, node: int, bit: int, line: Line) -> None:
        target = self._places.target(line)
        if isinstance(target, Unmet):
            self._forbid(node, bit, Unmet(line.wanted, target.why, target.cause), line.aim)
        elif target.node != node:
            self._engine.add_edge(node, bit, target.node, target.allowed, line)
        elif not bit & target.allowed:
            self._forbid(node, bit, line, line.aim)
        # A version that fills its own need is a cycle of one, if it is selected.

    def _forbid(self, node: int, bit: int, fact: Fact, reason: object) -> None:
        number = self._reasons.setdefault(reason, len(self._reasons))
        self._engine.add_edge(node, bit, NOBODY, number, fact)


def _root_problem(line: Line, unmet: Unmet) -> EkaError:
    listing = line.aim.atom.listing
    if isinstance(listing, Listing) and listing.versions:
        stable = [each for each in listing.versions if not each.prerelease]
        newest = (stable or listing.versions)[-1]
        return NoMatchingVersion(line.wanted, unmet.why, newest.text, unmet.cause)
    return NoSuchPackage(line.wanted, unmet.why)
