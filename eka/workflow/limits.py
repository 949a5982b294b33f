"""How far the versions of a lock may go when some of it is chosen anew.

Source: atom-spec/changes.md [change-update-others], [change-update-reach], [change-precise].
"""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

from eka.atom import Requirement
from eka.checking import TYPE_CHECKING
from eka.errors import Span
from eka.resolve import Unavailable, bucket_of
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import Version
    from eka.resolve import Dependencies, Provider, Request, ResolveKey, Solution, Wanted
    from eka.workflow.chooser import Versions

MAX_COMPARATORS = 32  # of a requirement
LOCK = "atom.lock"
HELD = f"{LOCK} holds it"
_ANY = frozenset("*xX")


class Reach(StrEnum):
    """Which numbers of a version may change; those before them stay."""

    MINOR = "minor"
    PATCH = "patch"

    def kept(self, version: Version) -> tuple[int, ...]:
        """Return the numbers that stay."""
        return (version.major, version.minor)[: 1 if self is Reach.MINOR else 2]


@dataclass(frozen=True, slots=True)
class Limits:
    """Which versions may not be chosen, because of a lock and of what a person asked for.

    Attributes:
        held: Locked versions that stay: no other one of their buckets may be chosen.
        near: Locked versions from which ``reach`` is measured.
        reach: How far they may go; None: as far as they like.
        exact: Atoms of which these versions alone may be chosen.
    """

    held: Versions = field(default_factory=dict["ResolveKey", "tuple[Version, ...]"])
    near: Versions = field(default_factory=dict["ResolveKey", "tuple[Version, ...]"])
    reach: Reach | None = None
    exact: Versions = field(default_factory=dict["ResolveKey", "tuple[Version, ...]"])

    def refusal(self, request: Request) -> Unavailable | None:
        """Return why a version may not be chosen, None when it may."""
        key, version = request
        exact = self.exact.get(key)
        if exact is not None and version not in exact:
            return Unavailable(f"only {_listed(exact)} was asked for")
        held = self.held.get(key, ())
        if version not in held:
            beside = [each for each in held if bucket_of(each) == bucket_of(version)]
            if beside:
                return Unavailable(f"{HELD} at {_listed(beside)}")
        return self._too_far(key, version)

    def _too_far(self, key: ResolveKey, version: Version) -> Unavailable | None:
        near, reach = self.near.get(key, ()), self.reach
        if reach is None or not near:
            return None
        if any(reach.kept(each) == reach.kept(version) for each in near):
            return None
        return Unavailable(f"--{reach.value} keeps it near {_listed(near)}")


class Holds:
    """Lets the lines of a solution lead to what they lead to, whatever else they accept.

    Without that an atom could leave its bucket for another one because of a line like ``>=1``.
    """

    def __init__(self, solution: Solution, held: Versions) -> None:
        """Hold what ``solution`` has of the atoms in ``held``, for all that it has of them."""
        self._held = held
        self._selected: dict[ResolveKey, list[Version]] = {}
        for key, version in solution.edges:
            self._selected.setdefault(key, []).append(version)
        self._originals: dict[Wanted, Wanted] = {}

    def original(self, wanted: Wanted) -> Wanted:
        """Return a line as its author wrote it."""
        return self._originals.get(wanted, wanted)

    def has(self, request: Request) -> bool:
        """Whether the lines of a version are held."""
        key, version = request
        return version in self._held.get(key, ())

    def lines(self, lines: Sequence[Wanted]) -> tuple[Wanted, ...]:
        """Return lines that accept what they lead to, and nothing else."""
        return tuple(map(self._line, lines))

    def _line(self, wanted: Wanted) -> Wanted:
        selected = self._selected.get(wanted.key, ())
        filler = max((each for each in selected if wanted.requirement.matches(each)), default=None)
        if filler is None or not self.has((wanted.key, filler)):
            return wanted
        text = wanted.requirement.text.strip(" ")
        pin = f"={filler.text}"
        is_short = text.count(",") + 2 < MAX_COMPARATORS and text not in _ANY
        both = Requirement(f"{text}, {pin}" if is_short else pin)
        held = replace(wanted, requirement=both, origin=_place(wanted))
        self._originals[held] = wanted
        return held


class LimitedProvider:
    """Implements `eka.resolve.Provider`: another one, with limits."""

    def __init__(self, inner: Provider, limits: Limits, holds: Holds | None = None) -> None:
        self._inner = inner
        self._limits = limits
        self._holds = holds

    def versions(
        self, keys: Sequence[ResolveKey]
    ) -> Mapping[ResolveKey, Sequence[Version] | Unavailable]:
        """Return every version there is: explanations must not hide any."""
        return self._inner.versions(keys)

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        """Return what versions need, and why others may not be chosen."""
        found: dict[Request, Dependencies | Unavailable] = {}
        allowed: list[Request] = []
        for request in requests:
            refusal = self._limits.refusal(request)
            if refusal is None:
                allowed.append(request)
            else:
                found[request] = refusal
        for request, needs in self._inner.dependencies(allowed).items():
            found[request] = self._held(request, needs)
        return found

    def _held(
        self, request: Request, needs: Dependencies | Unavailable
    ) -> Dependencies | Unavailable:
        if self._holds is None or isinstance(needs, Unavailable) or not self._holds.has(request):
            return needs
        return replace(needs, wanted=self._holds.lines(needs.wanted))


def _place(wanted: Wanted) -> str:
    """Return where a held line is written: in the lock, and before that in a manifest."""
    origin = wanted.origin
    return f"{LOCK}, {origin.file}:{origin.line}" if isinstance(origin, Span) else LOCK


def _listed(versions: Sequence[Version]) -> str:
    return " and ".join(each.text for each in sorted(versions))
