"""The searches of an update: the newest versions, no change for nothing, one atom at a time."""

from __future__ import annotations

from dataclasses import replace

from eka.checking import TYPE_CHECKING
from eka.resolve import (
    Dependencies,
    DependencyCycle,
    Solution,
    Unavailable,
    Unsatisfiable,
)
from eka.values import dataclass
from eka.workflow.limits import HELD, Holds, LimitedProvider, Limits
from eka.workflow.stays import Reason, Stay, told
from eka.workflow.update_errors import PreciseUnused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.atom import Version
    from eka.resolve import Request, ResolveKey
    from eka.workflow.chooser import Run, Versions

_LET_MOVE = "let what it needs move too: --recursive, or name a version that fits with the rest"
_OTHER_VERSION = "name a version that all of these accept, or change the requirements"


@dataclass(frozen=True, slots=True)
class UpdateSearch:
    """One way to choose anew: what may not be chosen, and what is chosen where it fits."""

    run: Run
    limits: Limits
    preferred: Versions
    loose: frozenset[ResolveKey] = frozenset()  # not named; they change where that helps

    def solved(self, present: Versions, holds: Holds | None = None) -> Solution:
        """Return the newest versions; ``present`` is what is known to work."""
        self.run.keep(self.limits.held)  # what is yanked and may change has to
        try:
            return self.choose(holds)
        except Unsatisfiable:
            # Perhaps nothing else would do than a version that was yanked: then it stays.
            self.run.keep(present)
            return self.choose(holds)

    def choose(self, holds: Holds | None) -> Solution:
        """Return a solution, in which lines lead to what they are held to."""
        provider = LimitedProvider(self.run.provider, self.limits, holds)
        root = holds.lines(self.run.wanted) if holds else None
        return self.run.solve(provider, self.preferred, root)

    def settled(self, solution: Solution, named: Iterable[ResolveKey]) -> Solution:
        """Return a solution with the same versions of what is named, and no change for nothing.

        It is what comes out when this solution is locked, and locked again.
        """
        found = versions_of(solution)
        chosen = {key: found[key] for key in named if key in found}
        limits = replace(self.limits, exact={**self.limits.exact, **chosen})
        provider = LimitedProvider(self.run.provider, limits)
        return self.run.solve(provider, found)

    def precise(self, base: Solution, exact: Versions) -> Solution:
        """Return a solution with exactly these versions; the first of each must be used."""
        self.run.keep(self.limits.held)
        try:
            self.choose(None)  # where nothing fits, this tells of lines as they are written
        except Unsatisfiable as error:
            is_held = any(leaf.reason.startswith(HELD) for leaf in error.explanation.leaves)
            error.fix = _LET_MOVE if is_held else _OTHER_VERSION
            raise
        solution = self.settled(self.choose(Holds(base, self.limits.held)), exact)
        for key, (version, *_) in exact.items():
            if (key, version) not in solution.edges:
                lines = [told(line) for line in _lines(self.run, solution).get(key, ())]
                raise PreciseUnused(key[1].text, version.text, lines)
        return solution

    def raised(
        self, solution: Solution, named: Iterable[ResolveKey]
    ) -> tuple[Solution, tuple[Stay, ...]]:
        """Let every named atom go as far as it can alone; return also what keeps others back."""
        keys = set(named)
        while True:
            lines, stays = _lines(self.run, solution), list[Stay]()
            for request in [each for each in sorted(solution.edges) if each[0] in keys]:
                tried = self._tried(solution, request, lines.get(request[0], ()))
                if isinstance(tried, Solution):
                    solution = tried  # some atom is newer now, so this comes to an end
                    break
                stays += [tried] if tried else []
            else:
                return solution, tuple(stays)

    def _tried(
        self, solution: Solution, request: Request, written: Iterable[Reason]
    ) -> Solution | Stay | None:
        """Return a solution with a newer version, or why there is none; None: it is the newest."""
        key, version = request
        there = versions_of(solution)[key]
        newer = [
            each
            for each in _newer(self.run, request)
            if each not in there and self.limits.refusal((key, each)) is None
        ]
        lines = [each for each in written if _accepts(each, version)]
        fitting = [each for each in newer if all(_accepts(line, each) for line in lines)]
        if fitting:
            return self._best(solution, request, fitting)
        if newer:
            against = tuple(line for line in lines if not _accepts(line, newer[0]))
            return Stay(key, version, newer[0], against)
        return None

    def _best(
        self, solution: Solution, request: Request, fitting: Sequence[Version]
    ) -> Solution | Stay | None:
        """Return a solution with the first version that works, all else the same, or why not."""
        first: Stay | None = None
        for newer in fitting:
            trial, others = self._trial(solution, request, newer)
            reasons = trial.unmet((request[0], newer))
            if not reasons:
                found = trial.raised_to(solution, request, newer, others)
                return found if isinstance(found, Solution) else first or found
            first = first or Stay(*request, newer, reasons)
        return first

    def _trial(
        self, solution: Solution, request: Request, newer: Version
    ) -> tuple[UpdateSearch, Versions]:
        """Return a search for a newer version of one atom, and what is selected beside it."""
        others = versions_of(solution, without=request)
        fixed = {key: has for key, has in others.items() if key not in {request[0], *self.loose}}
        limits = replace(
            self.limits,
            held=merged(self.limits.held, fixed),
            exact={request[0]: (newer, *others.get(request[0], ()))},
        )
        return UpdateSearch(self.run, limits, merged(self.preferred, others)), fixed

    def unmet(self, request: Request) -> tuple[Reason, ...]:
        """Return the lines of a version that cannot be met, whatever else is chosen.

        That needs no search, and is why most versions cannot be had.
        """
        needs = self.run.provider.dependencies([request])[request]
        found: list[Reason] = []
        for line in needs.wanted if isinstance(needs, Dependencies) else ():
            listed = [
                (line.key, each)
                for each in listed_of(self.run, line.key)
                if line.requirement.matches(each)
            ]
            if not any(self.limits.refusal(each) is None for each in listed):
                found.append(Reason(request, line, self.limits.held.get(line.key, ())))
        return tuple(found)

    def raised_to(
        self, solution: Solution, request: Request, newer: Version, fixed: Versions
    ) -> Solution | Stay | None:
        """Return a solution with a newer version, or why there is none.

        None: the versions of other buckets do without it.
        """
        key, version = request
        holds = Holds(solution, fixed)
        try:
            better = self.choose(holds)
        except Unsatisfiable as error:
            return Stay(key, version, newer, _reasons(error, holds, fixed))
        except DependencyCycle as error:
            steps = zip(error.path, map(holds.original, error.lines), strict=False)
            return Stay(key, version, newer, tuple(Reason(*step) for step in steps))
        return self.settled(better, [key]) if (key, newer) in better.edges else None


def _reasons(error: Unsatisfiable, holds: Holds, fixed: Versions) -> tuple[Reason, ...]:
    """Return the lines of a proof that a fixed version does not meet; if none, those of atoms."""
    leaves = [
        Reason(leaf.owner, holds.original(leaf.wanted))
        for leaf in error.explanation.leaves
        if leaf.wanted is not None
    ]
    found: list[Reason] = []
    for each in leaves:
        versions = fixed.get(each.wanted.key, ())
        if versions and not any(_accepts(each, version) for version in versions):
            found.append(replace(each, held=versions))
    return tuple(found or [each for each in leaves if each.owner is not None] or leaves)


def _lines(run: Run, solution: Solution) -> dict[ResolveKey, list[Reason]]:
    """Return the lines of a project, and of what is selected, by the atom they require."""
    found: dict[ResolveKey, list[Reason]] = {}
    for each in run.wanted:
        found.setdefault(each.key, []).append(Reason(None, each))
    requests = sorted(solution.edges)
    needs = run.provider.dependencies(requests)
    for request in requests:
        known = needs[request]
        for each in known.wanted if isinstance(known, Dependencies) else ():
            found.setdefault(each.key, []).append(Reason(request, each))
    return found


def _accepts(reason: Reason, version: Version) -> bool:
    return reason.wanted.requirement.matches(version)


def _newer(run: Run, request: Request) -> list[Version]:
    """Return the versions of an atom that are newer and can be used, the newest first."""
    key, version = request
    newer = sorted((each for each in listed_of(run, key) if each > version), reverse=True)
    stable = [each for each in newer if version.is_prerelease or not each.is_prerelease]
    return [each for each in stable if run.refusal((key, each)) is None]


def versions_of(solution: Solution, *, without: Request | None = None) -> Versions:
    """Return the versions in a solution by atom, ascending."""
    found: dict[ResolveKey, tuple[Version, ...]] = {}
    for key, version in sorted(solution.edges):
        if (key, version) != without:
            found[key] = (*found.get(key, ()), version)
    return found


def merged(one: Versions, other: Versions) -> Versions:
    """Return the versions of both, atom by atom."""
    return {
        key: tuple(sorted({*one.get(key, ()), *other.get(key, ())})) for key in {**one, **other}
    }


def listed_of(run: Run, key: ResolveKey) -> Sequence[Version]:
    """Return the versions of an atom, none where it cannot be listed."""
    listed = run.provider.versions([key])[key]
    return () if isinstance(listed, Unavailable) else listed
