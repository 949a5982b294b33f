"""Which versions ``eka update`` chooses: newer ones of what is named, the same of all else.

Pure: it works with whatever answers the solver. First the lock is brought up to date with the
manifest, as ``eka lock`` does; what comes of that is what stays.

Source: atom-spec/changes.md [change-update-others] and after.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from eka.atom import Label
from eka.resolve import (
    Dependencies,
    DependencyCycle,
    Solution,
    Unavailable,
    Unsatisfiable,
    bucket_of,
)
from eka.values import dataclass
from eka.workflow.limits import HELD, Holds, LimitedProvider, Limits, Reach
from eka.workflow.locked_names import DELIMITER, AtomNotLocked
from eka.workflow.stays import Reason, Stay, told
from eka.workflow.suggest import similar_label
from eka.workflow.update_errors import PreciseAmbiguous, PreciseNotListed, PreciseUnused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.atom import Version
    from eka.resolve import Request, ResolveKey
    from eka.workflow.chooser import Run, Versions

_MOST_NEAR = 3
_LET_MOVE = "let what it needs move too: --recursive, or name a version that fits with the rest"
_OTHER_VERSION = "name a version that all of these accept, or change the requirements"


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateWish:
    """What is to be updated, and how far."""

    names: tuple[str, ...] = ()  # none: everything
    precise: Version | None = None
    reach: Reach | None = None
    recursive: bool = False
    is_partial: bool = False  # True: names may mean atoms of other projects of a set


class UpdateChoice:
    """Implements `eka.workflow.chooser.Chooser`; after a run it says what stayed, and why."""

    def __init__(self, wish: UpdateWish, where: str) -> None:
        """Prepare a choice; ``where`` is the lock, for errors."""
        self._wish = wish
        self._where = where
        self.stays: tuple[Stay, ...] = ()
        self.asks_more = False  # the manifest alone is solved first

    def choose(self, run: Run) -> Solution:
        """Return the solution to be locked.

        Raises:
            AtomNotLocked: a name means nothing that the project needs.
            PreciseNotListed, PreciseAmbiguous: there is no such version, or no one atom.
            Unsatisfiable: nothing fits; with ``precise`` it may be that version.
        """
        wish = self._wish
        self.stays = ()
        if not wish.names and wish.reach is None:
            return _Search(run, Limits(), {}).solved(run.preferred)
        run.keep(run.preferred)
        base = run.solve(run.provider, run.preferred)
        self.asks_more = True
        named = self._named(run, base)
        free = _needed(base, named) if wish.recursive else named
        locked = _kept(versions_of(base), run.preferred)
        held = {key: versions for key, versions in locked.items() if key not in free}
        near = {key: versions for key, versions in locked.items() if key in free}
        rest = {key: versions for key, versions in run.preferred.items() if key not in free}
        if wish.precise is not None:
            exact = self._exact(run, base, named, wish.precise)
            return _Search(run, Limits(held, exact=exact), rest).precise(base, exact)
        search = _Search(run, Limits(held, near, wish.reach), rest, frozenset(free - named))
        try:
            solution = search.solved(versions_of(base), Holds(base, held))
        except DependencyCycle:
            if not wish.names:
                raise
            solution = base  # one by one then, as far as there is no circle
        if not wish.names:
            return solution
        solution = search.settled(solution, free)
        solution, self.stays = search.raised(solution, named)
        return solution

    def _named(self, run: Run, base: Solution) -> set[ResolveKey]:
        """Return the atoms that are to be updated."""
        keys = {key for key, _ in base.edges}
        sets = {
            line.set_name: each.key[0] for line, each in zip(run.lines, run.wanted, strict=True)
        }
        found: set[ResolveKey] = set() if self._wish.names else keys
        for name in self._wish.names:
            set_name, delimiter, typed = name.rpartition(DELIMITER)
            label = Label.typed(typed)
            meant = {key for key in keys if key[1] == label}
            if delimiter:
                meant = {key for key in meant if key[0] == sets.get(set_name)}
            if not meant and not self._wish.is_partial:
                near = similar_label(label.text, (key[1].text for key in keys))
                raise AtomNotLocked(name, self._where, near=[near] if near else [])
            found |= meant
        if self._wish.precise is not None and len(found) > 1:
            names = {genesis: f"{title}{DELIMITER}" for title, genesis in sets.items()}
            titles = [f"{names.get(key[0], '')}{key[1].text}" for key in sorted(found)]
            raise PreciseAmbiguous(", ".join(self._wish.names), titles)
        return found

    def _exact(
        self, run: Run, base: Solution, named: Iterable[ResolveKey], version: Version
    ) -> dict[ResolveKey, tuple[Version, ...]]:
        """Return the version asked for, and those of other buckets that stay beside it."""
        exact: dict[ResolveKey, tuple[Version, ...]] = {}
        for key in named:
            listed = sorted(_listed(run, key), reverse=True)
            if version not in listed:
                known = [each.text for each in listed[:_MOST_NEAR]]
                raise PreciseNotListed(key[1].text, version.text, known)
            exact[key] = (version, *_beside(versions_of(base)[key], version))
        return exact


@dataclass(frozen=True, slots=True)
class _Search:
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
            return self._with(solution, request, fitting[0])
        if newer:
            against = tuple(line for line in lines if not _accepts(line, newer[0]))
            return Stay(key, version, newer[0], against)
        return None

    def _with(
        self, solution: Solution, request: Request, newer: Version
    ) -> Solution | Stay | None:
        """Return a solution with a newer version of one atom and all else the same, or why not."""
        key, version = request
        others = versions_of(solution, without=request)
        fixed = {each: others[each] for each in others if each not in self.loose and each != key}
        limits = replace(
            self.limits,
            held=_merged(self.limits.held, fixed),
            exact={key: (newer, *others.get(key, ()))},
        )
        trial = _Search(self.run, limits, _merged(self.preferred, others))
        holds = Holds(solution, fixed)
        try:
            better = trial.choose(holds)
        except Unsatisfiable as error:
            return Stay(key, version, newer, _reasons(error, holds, fixed))
        except DependencyCycle as error:
            steps = zip(error.path, map(holds.original, error.lines), strict=False)
            return Stay(key, version, newer, tuple(Reason(*step) for step in steps))
        # Versions of other buckets may do without it.
        return trial.settled(better, [key]) if (key, newer) in better.edges else None


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
    newer = sorted((each for each in _listed(run, key) if each > version), reverse=True)
    stable = [each for each in newer if version.is_prerelease or not each.is_prerelease]
    return [each for each in stable if run.refusal((key, each)) is None]


def versions_of(solution: Solution, *, without: Request | None = None) -> Versions:
    """Return the versions in a solution by atom, ascending."""
    found: dict[ResolveKey, tuple[Version, ...]] = {}
    for key, version in sorted(solution.edges):
        if (key, version) != without:
            found[key] = (*found.get(key, ()), version)
    return found


def _merged(one: Versions, other: Versions) -> Versions:
    """Return the versions of both, atom by atom."""
    return {
        key: tuple(sorted({*one.get(key, ()), *other.get(key, ())})) for key in {**one, **other}
    }


def _kept(versions: Versions, locked: Versions) -> Versions:
    """Return those of ``versions`` that were locked."""
    both = {
        key: tuple(each for each in has if each in locked.get(key, ()))
        for key, has in versions.items()
    }
    return {key: has for key, has in both.items() if has}


def _needed(solution: Solution, keys: Iterable[ResolveKey]) -> set[ResolveKey]:
    """Return atoms and all that their selected versions need."""
    wanted = set(keys)
    waiting = [request for request in solution.edges if request[0] in wanted]
    seen: set[Request] = set()
    while waiting:
        request = waiting.pop()
        if request not in seen:
            seen.add(request)
            waiting += solution.edges[request]
    return {key for key, _ in seen}


def _listed(run: Run, key: ResolveKey) -> Sequence[Version]:
    listed = run.provider.versions([key])[key]
    return () if isinstance(listed, Unavailable) else listed


def _beside(locked: Sequence[Version], version: Version) -> tuple[Version, ...]:
    """Return locked versions of an atom that stay when ``version`` comes.

    It takes the place of the one in its bucket, or of the only one there is.
    """
    others = tuple(each for each in locked if bucket_of(each) != bucket_of(version))
    return () if len(locked) == 1 else others
