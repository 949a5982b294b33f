"""Which versions ``eka update`` chooses: newer ones of what is named, the same of all else.

Pure: it works with whatever answers the solver. First the lock is brought up to date with the
manifest, as ``eka lock`` does; what comes of that is what stays.

Source: atom-spec/changes.md [change-update-others] and after.
"""

from __future__ import annotations

from eka.atom import Label
from eka.checking import TYPE_CHECKING
from eka.resolve import DependencyCycle, bucket_of
from eka.values import dataclass
from eka.workflow.limits import Holds, Limits, Reach
from eka.workflow.locked_names import DELIMITER, AtomNotLocked
from eka.workflow.suggest import similar_label
from eka.workflow.update_errors import PreciseAmbiguous, PreciseNotListed
from eka.workflow.update_search import UpdateSearch, listed_of, versions_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from eka.atom import Version
    from eka.resolve import Request, ResolveKey, Solution
    from eka.workflow.chooser import Run, Versions
    from eka.workflow.stays import Stay

_MOST_NEAR = 3


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
        self.stays, self.asks_more = (), False
        if not wish.names and wish.reach is None:
            return UpdateSearch(run, Limits(), {}).solved(run.preferred)
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
            return UpdateSearch(run, Limits(held, exact=exact), rest).precise(base, exact)
        search = UpdateSearch(run, Limits(held, near, wish.reach), rest, frozenset(free - named))
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
            listed = sorted(listed_of(run, key), reverse=True)
            if version not in listed:
                known = [each.text for each in listed[:_MOST_NEAR]]
                raise PreciseNotListed(key[1].text, version.text, known)
            exact[key] = (version, *_beside(versions_of(base)[key], version))
        return exact


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


def _beside(locked: Sequence[Version], version: Version) -> tuple[Version, ...]:
    """Return locked versions of an atom that stay when ``version`` comes.

    It takes the place of the one in its bucket, or of the only one there is.
    """
    others = tuple(each for each in locked if bucket_of(each) != bucket_of(version))
    return () if len(locked) == 1 else others
