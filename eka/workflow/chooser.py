"""Who decides which solution of a resolution becomes the lock; by default nobody does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eka.atom import Version
    from eka.resolve import Provider, ResolveKey, Solution, Wanted

Versions: TypeAlias = "Mapping[ResolveKey, tuple[Version, ...]]"


class Solve(Protocol):
    """Solves a project; may be called again and again."""

    def __call__(
        self, provider: Provider, preferred: Versions, more: Sequence[Wanted] = ()
    ) -> Solution:
        """Return a solution; ``more`` are lines beside those of the manifest."""
        ...


@dataclass(frozen=True, slots=True)
class Run:
    """One resolution, as a chooser sees it."""

    wanted: tuple[Wanted, ...]  # the lines of the manifest
    preferred: Versions  # those of the previous lock
    provider: Provider
    solve: Solve
    keep: Callable[[Versions], None]  # let only these stay though they are yanked


class Chooser(Protocol):
    """Chooses the versions of a lock by other rules than "the previous ones stay"."""

    def choose(self, run: Run) -> Solution:
        """Return what is to be locked; called again when something of it proves unusable."""
        ...
