"""Who decides which solution of a resolution becomes the lock; by default nobody does."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING, Protocol
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    from eka.atom import Dependency, Version
    from eka.resolve import Provider, Request, ResolveKey, Solution, Unavailable, Wanted

Versions: TypeAlias = "Mapping[ResolveKey, tuple[Version, ...]]"


class Solve(Protocol):
    """Solves a project; may be called again and again."""

    def __call__(
        self, provider: Provider, preferred: Versions, root: Sequence[Wanted] | None = None
    ) -> Solution:
        """Return a solution that keeps what is ``preferred`` where it fits.

        ``root`` stands for the lines of the manifest; None: they themselves.
        """
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """One resolution, as a chooser sees it."""

    lines: tuple[Dependency, ...]  # of the manifest
    wanted: tuple[Wanted, ...]  # the same to the solver
    preferred: Versions  # those of the previous lock
    provider: Provider
    solve: Solve
    keep: Callable[[Versions], None]  # let only these stay though they are yanked
    refusal: Callable[[Request], Unavailable | None]  # why a version may not be chosen


class Chooser(Protocol):
    """Chooses the versions of a lock by other rules than "the previous ones stay"."""

    @property
    def asks_more(self) -> bool:
        """Whether what failed asked for more than the manifest does."""
        ...

    def choose(self, run: Run) -> Solution:
        """Return what is to be locked; called again when something of it proves unusable."""
        ...
